//! What was found out about the streams of one move, kept by the condition that selects them.
//!
//! Knows: that many queries ask for the same streams. Must not know: what is asked about them.

use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::streams::{Called, Flow};
use crate::proof::Condition;

/// Answers by condition: many queries ask for the same streams.
pub(super) struct Answers<T>(Mutex<FxHashMap<Condition, T>>);

impl<T> Default for Answers<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Answers<T> {
    pub(super) fn of(&self, condition: &Condition, find: impl FnOnce() -> T) -> T {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(condition).cloned();
        known.unwrap_or_else(|| {
            let found = find();
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(condition.clone(), found.clone());
            found
        })
    }
}

/// What was found out about the streams of a condition so far, by question.
#[derive(Default)]
pub(super) struct Told {
    pub(super) flow: Answers<Flow>,
    pub(super) parts: Answers<bool>,
    pub(super) service: Answers<Option<Called>>,
    pub(super) derived: Answers<Option<Called>>,
    pub(super) either: Answers<Option<Called>>,
    pub(super) both_tell: Answers<bool>,
    pub(super) name_tells: Answers<bool>,
}
