//! The streams on one side of a move, and which of them satisfy a condition.
//!
//! Knows: label values, `service_name` as Loki derives it, that one matcher that says no decides. Must not know: the
//! other side. Equalities are looked up, so that a query costs what it selects and not what there is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::condition::Condition;
use super::matcher::Test;
use crate::topology::{Label, Stream, Streams};

/// The label Loki 3 derives from the others when a line is pushed (label-surface 1.5 U1).
const DERIVED: &str = "service_name";

/// Streams with an index of their labels.
pub(super) struct Side<'s> {
    streams: Vec<&'s Stream>,
    derived: Vec<Option<&'s str>>,
    /// Streams by label and value.
    having: HashMap<(&'s str, &'s str), Vec<usize>>,
    /// Streams by a label whose value is not known.
    unclear: HashMap<&'s str, Vec<usize>>,
    /// What was selected so far: one query asks the same several times, and so do many dashboards.
    selected: Mutex<HashMap<Condition, Selected>>,
}

/// Streams that satisfy a condition or may do so, each with why it cannot be told; an error where nothing can.
pub(super) type Selected = Arc<Result<Vec<(usize, Option<String>)>, String>>;

/// Whether a stream is selected.
pub(super) enum Answer {
    Yes,
    No,
    /// Why it cannot be told.
    Unknown(String),
}

/// A condition made ready to be asked many times.
enum Ready<'c> {
    Is(Test<'c>),
    All(Vec<Ready<'c>>),
    Any(Vec<Ready<'c>>),
    Open,
}

impl<'s> Side<'s> {
    pub(super) fn new(all: &'s Streams, streams: impl Iterator<Item = &'s Stream>) -> Self {
        let streams: Vec<&Stream> = streams.collect();
        let derived: Vec<Option<&str>> = streams.iter().map(|stream| all.service_name(stream)).collect();
        let mut having: HashMap<_, Vec<usize>> = HashMap::new();
        let mut unclear: HashMap<_, Vec<usize>> = HashMap::new();
        for (index, stream) in streams.iter().enumerate() {
            let labels = stream.labels.iter().filter(|(name, _)| *name != DERIVED);
            let own = labels.map(|(name, label)| (name.as_str(), known(label)));
            for (name, value) in own.chain([(DERIVED, derived[index])]) {
                match value {
                    Some(value) => having.entry((name, value)).or_default().push(index),
                    None => unclear.entry(name).or_default().push(index),
                }
            }
        }
        Self { streams, derived, having, unclear, selected: Mutex::default() }
    }

    /// The value of a label, `""` when it is absent; `None` when it is not known.
    pub(super) fn value(&self, index: usize, name: &str) -> Option<&'s str> {
        if name == DERIVED {
            return self.derived[index];
        }
        self.streams[index].labels.get(name).map_or(Some(""), known)
    }

    /// Each stream that satisfies the condition or may do so, in order, with why it cannot be told. An
    /// error is a regular expression that cannot be read.
    pub(super) fn select(&self, condition: &Condition) -> Selected {
        let known = self.selected.lock().unwrap_or_else(PoisonError::into_inner).get(condition).cloned();
        known.unwrap_or_else(|| {
            let found = Arc::new(self.selected(condition));
            let mut selected = self.selected.lock().unwrap_or_else(PoisonError::into_inner);
            selected.insert(condition.clone(), Arc::clone(&found));
            found
        })
    }

    fn selected(&self, condition: &Condition) -> Result<Vec<(usize, Option<String>)>, String> {
        let ready = Ready::new(condition)?;
        let mut found = Vec::new();
        let mut ask = |index: usize| match self.answer(&ready, index) {
            Answer::Yes => found.push((index, None)),
            Answer::Unknown(why) => found.push((index, Some(why))),
            Answer::No => {}
        };
        match self.narrowest(&ready) {
            Some(indices) => indices.into_iter().for_each(&mut ask),
            None => (0..self.streams.len()).for_each(&mut ask),
        }
        Ok(found)
    }

    /// The fewest streams that one of the matchers leaves.
    fn narrowest(&self, ready: &Ready<'_>) -> Option<Vec<usize>> {
        let Ready::All(list) = ready else { return None };
        let tests = list.iter().filter_map(|one| match one {
            Ready::Is(test) => Some((test.matcher.label.as_str(), test.asks_for()?)),
            _ => None,
        });
        let lists = tests.filter(|(_, values)| !values.contains(&"")).map(|(label, values)| {
            let having = values.iter().filter_map(|value| self.having.get(&(label, *value)));
            having.chain(self.unclear.get(label)).collect::<Vec<_>>()
        });
        let fewest = lists.min_by_key(|lists| lists.iter().map(|list| list.len()).sum::<usize>())?;
        let mut indices: Vec<usize> = fewest.into_iter().flatten().copied().collect();
        indices.sort_unstable();
        indices.dedup();
        Some(indices)
    }

    /// Whether one stream satisfies the condition.
    ///
    /// # Errors
    /// What is not known.
    pub(super) fn satisfies(&self, index: usize, condition: &Condition) -> Result<bool, String> {
        match self.answer(&Ready::new(condition)?, index) {
            Answer::Yes => Ok(true),
            Answer::No => Ok(false),
            Answer::Unknown(why) => Err(why),
        }
    }

    /// Conditions nest as deep as label filters do, which the reader of queries bounds.
    fn answer(&self, ready: &Ready<'_>, index: usize) -> Answer {
        let (list, decides) = match ready {
            Ready::Open => return Answer::Yes,
            Ready::Is(test) => return self.test(test, index),
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

    fn test(&self, test: &Test<'_>, index: usize) -> Answer {
        let name = test.matcher.label.as_str();
        let Some(value) = self.value(index, name) else { return Answer::Unknown(self.unclear_label(name, index)) };
        match test.value(value) {
            Some(true) => Answer::Yes,
            Some(false) => Answer::No,
            None => {
                let pattern = test.matcher.value.known().unwrap_or_default();
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

impl<'c> Ready<'c> {
    fn new(condition: &'c Condition) -> Result<Self, String> {
        let list = |list: &'c [Condition]| list.iter().map(Self::new).collect::<Result<Vec<_>, _>>();
        Ok(match condition {
            Condition::Is(matcher) if matcher.value.known().is_none() => Self::Open,
            Condition::Is(matcher) => Self::Is(Test::new(matcher)?),
            Condition::All(all) => Self::All(list(all)?),
            Condition::Any(any) => Self::Any(list(any)?),
            Condition::Open => Self::Open,
        })
    }
}

fn known(label: &Label) -> Option<&str> {
    match label {
        Label::Known(value) => Some(value),
        Label::Unknown => None,
    }
}
