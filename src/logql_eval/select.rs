//! Selectors by themselves, and the stretch of time a query looks at.
//!
//! Knows: which streams a selector takes, how long a range is. Must not know: lines.

use super::answer::Failure;
use super::labels::Labels;
use super::range;
use super::text_filter::Matcher;
use crate::syntax::logql::{self, Log, MatchOp, Query, Selector};

/// The matchers of a selector, made ready.
#[derive(Debug)]
pub struct Selection(Vec<Matcher>);

impl Selection {
    /// The matchers of `selector`.
    ///
    /// # Errors
    /// A regular expression that Loki does not take, and a variable.
    pub fn of(query: &Query<'_>, selector: &Selector) -> Result<Self, Failure> {
        if selector.placeholder {
            return Err(Failure::Unsupported("a variable in the place of a matcher"));
        }
        let ready = |one: &logql::Matcher<'_>| {
            if one.value.placeholder {
                return Err(Failure::Unsupported("a variable"));
            }
            Matcher::of(one.name.text, one.op, &one.value.value)
        };
        Ok(Self(query.matchers(selector).iter().map(ready).collect::<Result<_, _>>()?))
    }

    /// One matcher.
    ///
    /// # Errors
    /// As [`Selection::of`].
    pub fn one(label: &str, op: MatchOp, value: &str) -> Result<Self, Failure> {
        Ok(Self(vec![Matcher::of(label, op, value)?]))
    }

    /// Whether it takes a stream with these labels.
    pub fn takes(&self, labels: &Labels) -> bool {
        self.0.iter().all(|one| one.takes(labels.get(&one.name)))
    }
}

/// How long the range of a log query is and how far back it ends, in milliseconds; `None` where it has none.
pub fn window(query: &Query<'_>, log: &Log) -> Option<(i64, i64)> {
    log.range?;
    let length = range::duration(query, log.range).ok()?;
    let offset = log.offset.map_or(Ok(0.0), |span| range::offset(span.of(query.text()))).ok()?;
    Some(((length / 1e6) as i64, (offset / 1e6) as i64))
}
