//! A condition made ready to be asked of the streams of one side: of one, or of all at once.
//!
//! Knows: that few values stand on many streams, so that a matcher is asked once for each; that one matcher that says no
//! decides. Must not know: where streams come from, or why it is asked.

use std::cell::OnceCell;

use super::bits::Bits;
use super::matcher::{Matcher, Test};
use super::side::{ABSENT, Column, Seen, Side, UNCLEAR};

/// A condition made ready to be asked many times.
pub(super) enum Ready<'c, 's> {
    Is(Asked<'c, 's>),
    All(Vec<Ready<'c, 's>>),
    Any(Vec<Ready<'c, 's>>),
    Open,
}

/// A matcher and the column of its label.
pub(super) struct Asked<'c, 's> {
    pub(super) matcher: &'c Matcher,
    pub(super) test: Test<'c>,
    /// `None`: no stream has the label.
    pub(super) column: Option<&'c Column<'s>>,
    /// For each value, what the test says of it, once it was asked; `None`: Loki may see it otherwise.
    pub(super) told: Vec<OnceCell<Option<bool>>>,
    /// What it says of a value that is not known.
    pub(super) unknown: bool,
    pub(super) side: &'c Side<'s>,
}

/// All streams by answer; of those in neither it cannot be told.
pub(super) struct Split {
    pub(super) yes: Bits,
    pub(super) no: Bits,
}

impl Split {
    fn all(is_yes: bool, streams: usize) -> Self {
        let (one, other) = (Bits::all(streams), Bits::none(streams));
        if is_yes { Self { yes: one, no: other } } else { Self { yes: other, no: one } }
    }
}

impl Ready<'_, '_> {
    /// Whether it can be told of every stream of the side, and none of it is left to Grafana.
    pub(super) fn is_sure(&self) -> bool {
        match self {
            Self::Open => true,
            Self::Is(asked) => {
                let clear = |column: &Column<'_>| column.having[UNCLEAR].iter().all(|&one| !asked.side.is_touched(one));
                asked.test.is_sure() && asked.column.is_none_or(clear) && !asked.is_open()
            }
            Self::All(list) | Self::Any(list) => list.iter().all(Self::is_sure),
        }
    }

    pub(super) fn split(&self, streams: usize) -> Split {
        let (list, decides) = match self {
            Self::Open => return Split::all(true, streams),
            Self::Is(asked) => return asked.split(streams),
            Self::All(list) => (list, false),
            Self::Any(list) => (list, true),
        };
        let mut all = Split::all(!decides, streams);
        for one in list {
            let Split { yes, no } = one.split(streams);
            if decides {
                all.yes.add(&yes);
                all.no.keep(&no);
            } else {
                all.yes.keep(&yes);
                all.no.add(&no);
            }
        }
        all
    }
}

impl Asked<'_, '_> {
    fn split(&self, streams: usize) -> Split {
        let absent = self.of(ABSENT);
        let mut split = match absent {
            Some(is_yes) => Split::all(is_yes, streams),
            None => Split { yes: Bits::none(streams), no: Bits::none(streams) },
        };
        let Some(column) = self.column else { return split };
        let mut put = |number: usize, told: Option<bool>| {
            for &stream in &column.having[number] {
                split.yes.set(stream, told == Some(true));
                split.no.set(stream, told == Some(false));
            }
        };
        match self.test.names().filter(|values| !values.contains(&"")) {
            // Few values are named: of the others it says what it says of none.
            Some(values) => {
                let numbers = values.iter().filter_map(|value| column.numbers.get(&Seen::Known(value)));
                numbers.chain(&column.unknown).for_each(|&number| put(number, self.of(number)));
            }
            None => {
                for number in UNCLEAR..column.values.len() {
                    let told = self.of(number);
                    if told != absent {
                        put(number, told);
                    }
                }
            }
        }
        for &stream in column.having[UNCLEAR].iter().filter(|&&stream| self.side.is_touched(stream)) {
            split.yes.set(stream, false);
            split.no.set(stream, false);
        }
        split
    }

    /// What the test says of a value, by number; `None` where Loki may see it otherwise.
    pub(super) fn of(&self, number: usize) -> Option<bool> {
        let value = self.column.map_or(Seen::Known(""), |column| column.values[number]);
        *self.told[number].get_or_init(|| match value {
            Seen::Known(value) => self.test.value(value),
            other => Some(self.settled(other).map_or(self.unknown, |hit| hit != self.matcher.is_negative())),
        })
    }

    /// Whether it is open what it says of some stream.
    pub(super) fn is_open(&self) -> bool {
        let unknown = self.column.into_iter().flat_map(|column| column.unknown.iter().map(|&one| column.values[one]));
        unknown.into_iter().any(|value| self.settled(value).is_none())
    }

    /// Whether an unknown value is one of those the test asks for; `None` where it may be or not. What has a name is there.
    fn settled(&self, value: Seen<'_>) -> Option<bool> {
        let symbol = match value {
            Seen::Symbol(name) => Some(name),
            Seen::Known(_) | Seen::Unclear => None,
        };
        match (self.test.names(), symbol) {
            (Some([""]), Some(_)) => Some(false),
            (Some(names), _) => self.side.names().are_others(&self.matcher.label, symbol, names).then_some(false),
            (None, Some(_)) if matches!(self.matcher.value.text(), ".+" | ".*") => Some(true),
            (None, _) => None,
        }
    }
}
