//! A condition made ready to be asked of the streams of one side: of one, or of all at once.
//!
//! Knows: that few values stand on many streams, so that a matcher is asked once for each; that one matcher that says no
//! decides. Must not know: where streams come from, or why it is asked.

use std::cell::OnceCell;

use super::bits::Bits;
use super::matcher::{Matcher, Test};
use super::side::{ABSENT, Column, UNCLEAR};

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
                asked.test.is_sure() && asked.column.is_none_or(|column| column.having[UNCLEAR].is_empty())
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
        let absent = self.of(ABSENT, "");
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
        put(UNCLEAR, None);
        match self.test.names().filter(|values| !values.contains(&"")) {
            // Few values are named: of the others it says what it says of none.
            Some(values) => {
                let numbers = values.iter().filter_map(|value| column.numbers.get(value));
                numbers.for_each(|&number| put(number, absent.map(|told| !told)));
            }
            None => {
                for (number, value) in column.values.iter().enumerate().skip(UNCLEAR + 1) {
                    let told = value.and_then(|value| self.of(number, value));
                    if told != absent {
                        put(number, told);
                    }
                }
            }
        }
        split
    }

    /// What the test says of a value; `None` where Loki may see it otherwise.
    pub(super) fn of(&self, number: usize, value: &str) -> Option<bool> {
        *self.told[number].get_or_init(|| self.test.value(value))
    }
}
