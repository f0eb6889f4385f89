//! What texts were evaluated to on one host: the same templates are rendered again for each service of a batch.
//!
//! Knows: that an evaluation hangs on its text and on the variables it asks for, the host's and those that stand around
//! them. Must not know: how a text is evaluated. Whatever asks beyond the host itself is not kept.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::Value;
use rustc_hash::FxHashMap;

use super::{Content, Frame, Resolved, Unresolved, World};

/// What came of an evaluation.
pub(super) struct Evaluated {
    pub(super) result: Result<Resolved, Unresolved>,
    /// The names of all variables it asked this host for, there or not; `None` when it asked for something else as well.
    pub(super) asked: Option<Vec<String>>,
}

/// A variable, and what stood above and below the host's own of that name.
type Asked = (String, Option<Value>, Option<Content>);

/// One evaluation that is kept.
#[derive(Clone, Debug)]
struct Entry {
    /// The variables it asked for. What it did not ask for makes no difference: thousands of tasks have the same text among
    /// other variables.
    asked: Arc<[Asked]>,
    result: Arc<Result<Resolved, Unresolved>>,
}

/// Evaluations by text.
#[derive(Debug, Default)]
pub struct Memo {
    kept: Mutex<FxHashMap<Arc<str>, Vec<Entry>>>,
    /// Whether an evaluation asked beyond the host.
    beyond: AtomicBool,
}

impl Memo {
    /// The result of `find` for this text within `frame`, found once.
    pub(super) fn of(
        &self,
        text: &str,
        (world, frame): (&World, &Frame),
        find: impl FnOnce() -> Evaluated,
    ) -> Result<Resolved, Unresolved> {
        let around = |name: &str| match frame.above(name) {
            Some(above) => (Some(above), None),
            None => (None, frame.below(world, name)),
        };
        let is_same = |(name, above, below): &Asked| around(name) == (above.as_ref(), below.as_ref());
        let same = |entry: &&Entry| entry.asked.iter().all(is_same);
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let known =
            kept().get(text).and_then(|entries| entries.iter().find(same)).map(|entry| Arc::clone(&entry.result));
        if let Some(known) = known {
            return (*known).clone();
        }
        let Evaluated { result, asked } = find();
        if asked.is_none() {
            self.beyond.store(true, Ordering::Relaxed);
        }
        if let Some(asked) = asked {
            let asked = asked.into_iter().map(|name| {
                let (above, below) = around(&name);
                let (above, below) = (above.cloned(), below.cloned());
                (name, above, below)
            });
            let entry = Entry { asked: asked.collect(), result: Arc::new(result.clone()) };
            kept().entry(text.into()).or_default().push(entry);
        }
        result
    }

    /// Whether everything that was evaluated hangs on this host alone.
    pub fn is_whole(&self) -> bool {
        !self.beyond.load(Ordering::Relaxed)
    }

    /// What is still right when these variables have another value, or came, or went.
    #[must_use]
    pub fn without(&self, changed: &dyn Fn(&str) -> bool) -> Self {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let right = |entry: &&Entry| !entry.asked.iter().any(|(name, ..)| changed(name));
        let still = kept.iter().filter_map(|(text, entries)| {
            let entries: Vec<Entry> = entries.iter().filter(right).cloned().collect();
            (!entries.is_empty()).then(|| (Arc::clone(text), entries))
        });
        Self { kept: Mutex::new(still.collect()), beyond: AtomicBool::new(false) }
    }
}
