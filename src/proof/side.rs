//! The streams on one side of a move, and which of them satisfy a condition.
//!
//! Knows: label values, `service_name` as Loki derives it. Must not know: the other side, or how a condition is asked of
//! many streams at once (`ready`).

use std::cell::OnceCell;
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::condition::Condition;
use super::matcher::Test;
use super::ready::{Asked, Ready, Split};
use crate::topology::{Label, Stream, Streams};

/// The label Loki 3 derives from the others when a line is pushed (label-surface 1.5 U1).
pub(super) const DERIVED: &str = "service_name";

/// Streams with an index of their labels.
pub(super) struct Side<'s> {
    streams: Vec<&'s Stream>,
    columns: FxHashMap<&'s str, Column<'s>>,
    /// What was selected so far: one query asks the same several times, and so do many dashboards.
    selected: Mutex<FxHashMap<Condition, Selected>>,
}

/// The values of one label on all streams. Few values stand on many streams, so that a matcher is asked once for each.
pub(super) struct Column<'s> {
    /// For each stream, its value by index.
    pub(super) of: Vec<usize>,
    /// Each value once: first [`ABSENT`], then [`UNCLEAR`].
    pub(super) values: Vec<Option<&'s str>>,
    /// For each value but [`ABSENT`], its streams.
    pub(super) having: Vec<Vec<usize>>,
    pub(super) numbers: FxHashMap<&'s str, usize>,
}

/// The value of a label that is absent or empty.
pub(super) const ABSENT: usize = 0;
/// The value that is not known.
pub(super) const UNCLEAR: usize = 1;

/// Streams that satisfy a condition or may do so; an error where that can be said of none.
pub(super) type Selected = Arc<Result<Found, String>>;

/// Streams by index, sorted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// All of them.
    pub(super) all: Vec<usize>,
    /// Those of which it cannot be told, and why.
    pub(super) unclear: Vec<(usize, String)>,
}

/// Whether a stream is selected.
enum Answer {
    Yes,
    No,
    /// Why it cannot be told.
    Unknown(String),
}

/// A condition to be asked of one stream after the other.
pub(super) struct Asking<'c, 's> {
    side: &'c Side<'s>,
    ready: Result<Ready<'c, 's>, String>,
}

impl Asking<'_, '_> {
    /// Whether it can be told of every stream, as far as the matchers state what they compare with.
    pub(super) fn is_sure(&self) -> bool {
        self.ready.as_ref().is_ok_and(Ready::is_sure)
    }

    /// Whether one stream satisfies the condition.
    ///
    /// # Errors
    /// What is not known.
    pub(super) fn of(&self, index: usize) -> Result<bool, String> {
        match self.side.answer(self.ready.as_ref().map_err(Clone::clone)?, index) {
            Answer::Yes => Ok(true),
            Answer::No => Ok(false),
            Answer::Unknown(why) => Err(why),
        }
    }
}

impl<'s> Column<'s> {
    fn of(streams: usize) -> Self {
        let values = vec![Some(""), None];
        let having = vec![Vec::new(); values.len()];
        Self { of: vec![ABSENT; streams], values, having, numbers: FxHashMap::from_iter([("", ABSENT)]) }
    }

    fn set(&mut self, stream: usize, value: Option<&'s str>) {
        let number = value.map_or(UNCLEAR, |value| {
            *self.numbers.entry(value).or_insert_with(|| {
                self.values.push(Some(value));
                self.having.push(Vec::new());
                self.values.len() - 1
            })
        });
        self.of[stream] = number;
        if number != ABSENT {
            self.having[number].push(stream);
        }
    }
}

impl<'s> Side<'s> {
    pub(super) fn new(all: &'s Streams, streams: impl Iterator<Item = &'s Stream>) -> Self {
        let streams: Vec<&Stream> = streams.collect();
        let mut columns: FxHashMap<&str, Column<'_>> = FxHashMap::default();
        for (index, stream) in streams.iter().enumerate() {
            let labels = stream.labels.iter().filter(|(name, _)| *name != DERIVED);
            let own = labels.map(|(name, label)| (name.as_str(), known(label)));
            for (name, value) in own.chain([(DERIVED, all.service_name(stream))]) {
                columns.entry(name).or_insert_with(|| Column::of(streams.len())).set(index, value);
            }
        }
        Self { streams, columns, selected: Mutex::default() }
    }

    /// The value of a label, `""` when it is absent; `None` when it is not known.
    pub(super) fn value(&self, index: usize, name: &str) -> Option<&'s str> {
        self.columns.get(name).map_or(Some(""), |column| column.values[column.of[index]])
    }

    /// The streams that satisfy the condition or may do so. An error is a regular expression that cannot be read.
    pub(super) fn select(&self, condition: &Condition) -> Selected {
        let known = self.selected.lock().unwrap_or_else(PoisonError::into_inner).get(condition).cloned();
        known.unwrap_or_else(|| {
            let found = Arc::new(self.selected(condition));
            let mut selected = self.selected.lock().unwrap_or_else(PoisonError::into_inner);
            selected.insert(condition.clone(), Arc::clone(&found));
            found
        })
    }

    fn selected(&self, condition: &Condition) -> Result<Found, String> {
        let ready = self.ready(condition)?;
        let Split { yes, no } = ready.split(self.streams.len());
        let mut decided = yes;
        decided.add(&no);
        let reason = |index: usize| match self.answer(&ready, index) {
            Answer::Unknown(why) => Some((index, why)),
            Answer::Yes | Answer::No => None,
        };
        let unclear = decided.others().numbers().into_iter().filter_map(reason).collect();
        Ok(Found { all: no.others().numbers(), unclear })
    }

    /// The condition, to be asked of single streams.
    pub(super) fn asking<'c>(&'c self, condition: &'c Condition) -> Asking<'c, 's> {
        Asking { side: self, ready: self.ready(condition) }
    }

    fn ready<'c>(&'c self, condition: &'c Condition) -> Result<Ready<'c, 's>, String> {
        let list = |list: &'c [Condition]| list.iter().map(|one| self.ready(one)).collect::<Result<Vec<_>, _>>();
        Ok(match condition {
            Condition::Is(matcher) if matcher.value.known().is_none() => Ready::Open,
            Condition::Is(matcher) => {
                let column = self.columns.get(matcher.label.as_str());
                let told = vec![OnceCell::new(); column.map_or(1, |column| column.values.len())];
                Ready::Is(Asked { matcher, test: Test::new(matcher)?, column, told })
            }
            Condition::All(all) => Ready::All(list(all)?),
            Condition::Any(any) => Ready::Any(list(any)?),
            Condition::Open => Ready::Open,
        })
    }

    /// Conditions nest as deep as label filters do, which the reader of queries bounds.
    fn answer(&self, ready: &Ready<'_, '_>, index: usize) -> Answer {
        let (list, decides) = match ready {
            Ready::Open => return Answer::Yes,
            Ready::Is(asked) => return self.asked(asked, index),
            Ready::All(list) => (list, false),
            Ready::Any(list) => (list, true),
        };
        let mut unknown = None;
        for one in list {
            match (self.answer(one, index), decides) {
                (Answer::Yes, true) => return Answer::Yes,
                (Answer::No, false) => return Answer::No,
                (Answer::Yes, false) | (Answer::No, true) => {}
                (Answer::Unknown(why), _) => unknown = Some(why),
            }
        }
        match unknown {
            Some(why) => Answer::Unknown(why),
            None if decides => Answer::No,
            None => Answer::Yes,
        }
    }

    fn asked(&self, asked: &Asked<'_, '_>, index: usize) -> Answer {
        let number = asked.column.map_or(ABSENT, |column| column.of[index]);
        let value = asked.column.map_or(Some(""), |column| column.values[number]);
        let Some(value) = value else { return Answer::Unknown(self.unclear_label(&asked.matcher.label, index)) };
        match asked.of(number, value) {
            Some(true) => Answer::Yes,
            Some(false) => Answer::No,
            None => {
                let pattern = asked.matcher.value.known().unwrap_or_default();
                Answer::Unknown(format!("`{pattern}` may treat `{value}` in another way in Loki"))
            }
        }
    }

    fn unclear_label(&self, label: &str, index: usize) -> String {
        let by = self.streams[index].at.as_ref().map(|at| {
            let line = at.source.position(at.span.start()).line;
            format!(" shipped by {}:{line}", at.source.path)
        });
        let by = by.unwrap_or_default();
        format!("a stream{by} has a label `{label}` whose value the repository does not tell")
    }
}

fn known(label: &Label) -> Option<&str> {
    match label {
        Label::Known(value) => Some(value),
        Label::Unknown => None,
    }
}
