//! A condition on streams: what a selector and the label filters behind it ask together.
//!
//! Knows: and, or, matchers. Must not know: how it is written, or what a stream is.

use super::matcher::{Matcher, Value};

/// What a stream has to satisfy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Condition {
    /// This matcher.
    Is(Matcher),
    /// All of these; nothing to satisfy when there are none.
    All(Vec<Condition>),
    /// At least one of these.
    Any(Vec<Condition>),
    /// Something about the line or its fields: taken as true, and the same before and after.
    Open,
}

impl Condition {
    /// What a selector asks.
    pub fn all(matchers: &[Matcher]) -> Self {
        Self::All(matchers.iter().cloned().map(Self::Is).collect())
    }

    /// This and `more`.
    #[must_use]
    pub fn and(&self, more: Self) -> Self {
        match self {
            Self::All(list) => Self::All(list.iter().cloned().chain([more]).collect()),
            one => Self::All(vec![one.clone(), more]),
        }
    }

    /// Whether a part of it is about the line.
    pub fn is_open(&self) -> bool {
        match self {
            Self::Open => true,
            Self::Is(matcher) => matcher.value.known().is_none(),
            Self::All(list) | Self::Any(list) => list.iter().any(Self::is_open),
        }
    }

    /// Its matchers, in no order.
    pub fn matchers(&self) -> Vec<&Matcher> {
        let mut found = Vec::new();
        let mut open = vec![self];
        while let Some(next) = open.pop() {
            match next {
                Self::Is(matcher) => found.push(matcher),
                Self::Open => {}
                Self::All(list) | Self::Any(list) => open.extend(list),
            }
        }
        found
    }

    /// Its matchers whose value Grafana fills in, sorted, each once.
    pub(super) fn variables(&self) -> Vec<&Matcher> {
        let mut found = self.matchers();
        found.retain(|matcher| matches!(matcher.value, Value::Variable(_)));
        found.sort();
        found.dedup();
        found
    }
}
