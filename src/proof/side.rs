//! The streams on one side of a move, and which of them satisfy a condition.
//!
//! Knows: label values, `service_name` as Loki derives it. Must not know: the other side, or how a condition is asked of
//! many streams at once (`ready`).

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::{FxHashMap, FxHashSet};

use super::condition::Condition;
use super::matcher::{Matcher, Test};
use super::ready::{Asked, Ready, Split};
use super::worlds::{Names, Open, World};
use crate::topology::{Label, Stream, Streams};

/// The label Loki 3 derives from the others when a line is pushed (label-surface 1.5 U1).
pub(super) const DERIVED: &str = "service_name";

/// Streams with an index of their labels.
pub(super) struct Side<'s> {
    streams: Vec<&'s Stream>,
    columns: FxHashMap<&'s str, Column<'s>>,
    /// What unknown values are not.
    names: Arc<Names<'s>>,
    /// Streams that a move touches: an unknown value may be another one afterwards, unless it has a name.
    touched: FxHashSet<usize>,
    /// What was selected so far: one query asks the same several times, and so do many dashboards.
    selected: Mutex<FxHashMap<Condition, Selected>>,
}

/// The value of a label on a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Seen<'s> {
    /// This; `""` when it is absent.
    Known(&'s str),
    /// One that goes by this name.
    Symbol(&'s str),
    /// Nobody knows.
    Unclear,
}

/// The values of one label on all streams. Few values stand on many streams, so that a matcher is asked once for each.
pub(super) struct Column<'s> {
    /// For each stream, its value by index.
    pub(super) of: Vec<usize>,
    /// Each value once: first [`ABSENT`], then [`UNCLEAR`].
    pub(super) values: Vec<Seen<'s>>,
    /// Those that are not known, of which there are streams.
    pub(super) unknown: Vec<usize>,
    /// For each value but [`ABSENT`], its streams.
    pub(super) having: Vec<Vec<usize>>,
    pub(super) numbers: FxHashMap<Seen<'s>, usize>,
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
        let values = vec![Seen::Known(""), Seen::Unclear];
        let having = vec![Vec::new(); values.len()];
        let numbers = FxHashMap::from_iter([(values[ABSENT], ABSENT), (values[UNCLEAR], UNCLEAR)]);
        Self { of: vec![ABSENT; streams], values, unknown: Vec::new(), having, numbers }
    }

    fn set(&mut self, stream: usize, value: Seen<'s>) {
        let number = *self.numbers.entry(value).or_insert_with(|| {
            self.values.push(value);
            self.having.push(Vec::new());
            self.values.len() - 1
        });
        self.of[stream] = number;
        if !matches!(value, Seen::Known(_)) && self.having[number].is_empty() {
            self.unknown.push(number);
        }
        if number != ABSENT {
            self.having[number].push(stream);
        }
    }
}

impl<'s> Side<'s> {
    pub(super) fn new(all: &'s Streams, names: &Arc<Names<'s>>, streams: impl Iterator<Item = &'s Stream>) -> Self {
        let streams: Vec<&Stream> = streams.collect();
        let names = Arc::clone(names);
        let mut columns: FxHashMap<&str, Column<'_>> = FxHashMap::default();
        for (index, stream) in streams.iter().enumerate() {
            let labels = stream.labels.iter().filter(|(name, _)| *name != DERIVED);
            let own = labels.map(|(name, label)| (name.as_str(), seen(label)));
            let derived = all.service_name(stream).map_or(Seen::Known(""), seen);
            for (name, value) in own.chain([(DERIVED, derived)]) {
                columns.entry(name).or_insert_with(|| Column::of(streams.len())).set(index, value);
            }
        }
        Self { streams, columns, names, touched: FxHashSet::default(), selected: Mutex::default() }
    }

    /// Says which streams a move touches.
    pub(super) fn touch(&mut self, touched: &[usize]) {
        self.touched = touched.iter().copied().collect();
    }

    /// Whether nothing can be told of a value of this stream that nothing names.
    pub(super) fn is_touched(&self, index: usize) -> bool {
        self.touched.contains(&index)
    }

    pub(super) fn seen(&self, index: usize, name: &str) -> Seen<'s> {
        self.columns.get(name).map_or(Seen::Known(""), |column| column.values[column.of[index]])
    }

    /// The value of a label, `""` when it is absent; `None` when it is not known.
    pub(super) fn value(&self, index: usize, name: &str) -> Option<&'s str> {
        match self.seen(index, name) {
            Seen::Known(value) => Some(value),
            Seen::Symbol(_) | Seen::Unclear => None,
        }
    }

    /// The tests in a condition whose answer is not known for some stream, and the same wherever a value is the same.
    pub(super) fn open(&self, condition: &Condition) -> BTreeSet<Open> {
        let known = condition.matchers().into_iter().filter(|matcher| matcher.value.known().is_some());
        let world = World::default();
        let is_open = |matcher: &&Matcher| self.asked(matcher, &world).is_ok_and(|asked| asked.is_open());
        known.filter(is_open).map(Open::of).collect()
    }

    /// The streams that satisfy the condition or may do so. An error is a regular expression that cannot be read.
    pub(super) fn select(&self, condition: &Condition) -> Selected {
        let known = self.selected.lock().unwrap_or_else(PoisonError::into_inner).get(condition).cloned();
        known.unwrap_or_else(|| {
            let found = Arc::new(self.select_in(condition, &World::default()));
            let mut selected = self.selected.lock().unwrap_or_else(PoisonError::into_inner);
            selected.insert(condition.clone(), Arc::clone(&found));
            found
        })
    }

    /// The same in one of several worlds.
    pub(super) fn select_in(&self, condition: &Condition, world: &World) -> Result<Found, String> {
        let ready = self.ready(condition, world)?;
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
    pub(super) fn asking<'c>(&'c self, condition: &'c Condition, world: &World) -> Asking<'c, 's> {
        Asking { side: self, ready: self.ready(condition, world) }
    }

    fn asked<'c>(&'c self, matcher: &'c Matcher, world: &World) -> Result<Asked<'c, 's>, String> {
        let column = self.columns.get(matcher.label.as_str());
        let told = vec![OnceCell::new(); column.map_or(1, |column| column.values.len())];
        let unknown = world.satisfies(matcher);
        Ok(Asked { matcher, test: Test::new(matcher)?, column, told, unknown, side: self })
    }

    /// What unknown values are not.
    pub(super) fn names(&self) -> &Names<'s> {
        &self.names
    }

    fn ready<'c>(&'c self, condition: &'c Condition, world: &World) -> Result<Ready<'c, 's>, String> {
        let list = |list: &'c [Condition]| list.iter().map(|one| self.ready(one, world)).collect::<Result<Vec<_>, _>>();
        Ok(match condition {
            Condition::Is(matcher) if matcher.value.known().is_none() => Ready::Open,
            Condition::Is(matcher) => Ready::Is(self.asked(matcher, world)?),
            Condition::All(all) => Ready::All(list(all)?),
            Condition::Any(any) => Ready::Any(list(any)?),
            Condition::Open => Ready::Open,
        })
    }

    /// Conditions nest as deep as label filters do, which the reader of queries bounds.
    fn answer(&self, ready: &Ready<'_, '_>, index: usize) -> Answer {
        let (list, decides) = match ready {
            Ready::Open => return Answer::Yes,
            Ready::Is(asked) => return self.answered(asked, index),
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

    fn answered(&self, asked: &Asked<'_, '_>, index: usize) -> Answer {
        let number = asked.column.map_or(ABSENT, |column| column.of[index]);
        if number == UNCLEAR && self.is_touched(index) {
            return Answer::Unknown(self.unclear_label(&asked.matcher.label, index));
        }
        match asked.of(number) {
            Some(true) => Answer::Yes,
            Some(false) => Answer::No,
            None => {
                let pattern = asked.matcher.value.known().unwrap_or_default();
                let value = self.value(index, &asked.matcher.label).unwrap_or_default();
                Answer::Unknown(format!("`{pattern}` may treat `{value}` in another way in Loki"))
            }
        }
    }

    /// That the value of a label is not known, of the first stream where it is so.
    pub(super) fn unclear(&self, label: &str) -> Option<String> {
        let column = self.columns.get(label)?;
        let index = column.of.iter().position(|&number| !matches!(column.values[number], Seen::Known(_)))?;
        Some(self.unclear_label(label, index))
    }

    fn unclear_label(&self, label: &str, index: usize) -> String {
        let by = self.streams[index].at.as_ref().map(|at| format!(" shipped by {}", at.line())).unwrap_or_default();
        format!("a stream{by} has a label `{label}` whose value the repository does not tell")
    }
}

fn seen(label: &Label) -> Seen<'_> {
    match label {
        Label::Known(value) => Seen::Known(value),
        Label::Symbol(name) => Seen::Symbol(name),
        Label::Unknown => Seen::Unclear,
    }
}
