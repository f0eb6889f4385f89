//! What matchers say of values that are not known: every way it can be.
//!
//! Knows: that one value passes a test or does not, before a move and after it alike; which values it is taken not to have.
//! Must not know: streams, or where a value comes from.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashSet;

use super::matcher::{Matcher, Op};
use super::side::DERIVED;
use crate::topology::{Label, Streams, is_another_host, may_be};

/// How many tests may be open at once.
const MOST: usize = 4;

/// Labels that a rewrite asks for and a query before it did not: an unknown value of theirs is taken to be none that is
/// known. One of `job` may be any that a query asks for.
const WHOSE: [&str; 3] = ["service", "component", "service_name"];

/// A test of a label, whichever way it is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Open {
    pub(super) label: String,
    value: String,
    is_pattern: bool,
}

impl Open {
    pub(super) fn of(matcher: &Matcher) -> Self {
        let is_pattern = matches!(matcher.op, Op::Match | Op::NotMatch);
        Self { label: matcher.label.clone(), value: matcher.value.text().to_owned(), is_pattern }
    }
}

/// Which tests unknown values pass. All that it does not name go the way the matcher asks for.
#[derive(Clone, Debug, Default)]
pub(super) struct World(Vec<(Open, bool)>);

impl World {
    /// Every way these tests can go.
    ///
    /// # Errors
    /// There are too many.
    pub(super) fn all(open: &BTreeSet<Open>) -> Result<Vec<Self>, String> {
        if open.len() > MOST {
            return Err("too many labels in it have values that the repository does not tell".into());
        }
        let goes = |way: usize| open.iter().enumerate().map(move |(at, one)| (one.clone(), way >> at & 1 == 1));
        Ok((0..1 << open.len()).map(|way| Self(goes(way).collect())).collect())
    }

    /// Whether an unknown value satisfies the matcher.
    pub(super) fn satisfies(&self, matcher: &Matcher) -> bool {
        let open = Open::of(matcher);
        self.0.iter().find(|(one, _)| *one == open).is_none_or(|(_, passes)| *passes != matcher.is_negative())
    }
}

/// Names that an unknown value is taken not to be.
pub(super) struct Names<'s> {
    whose: FxHashSet<&'s str>,
    hosts: FxHashSet<&'s str>,
    /// Labels and names of values, where that decided.
    taken: Mutex<BTreeSet<(String, Option<String>)>>,
}

impl<'s> Names<'s> {
    pub(super) fn of(streams: &'s Streams) -> Self {
        let later = streams.later.iter().map(|later| &later.stream);
        let all = streams.before.iter().chain(&streams.after).chain(later);
        let whose = all.flat_map(|stream| WHOSE.iter().filter_map(|name| stream.labels.get(*name)));
        let whose = whose.filter_map(|label| match label {
            Label::Known(text) => Some(text.as_str()),
            Label::Symbol(_) | Label::Unknown => None,
        });
        Self {
            whose: whose.collect(),
            hosts: streams.hosts.iter().map(String::as_str).collect(),
            taken: Mutex::default(),
        }
    }

    /// Whether a value that is not known, by its name if it has one, is none of these.
    pub(super) fn are_others(&self, label: &str, symbol: Option<&str>, names: &[&str]) -> bool {
        let mut open = names.iter().filter(|name| symbol.is_none_or(|symbol| may_be(symbol, name))).peekable();
        if open.peek().is_none() {
            return true;
        }
        // Whether Loki derives a name at all may not be known; then nothing is known of any.
        let is_whose = WHOSE.contains(&label) && (symbol.is_some() || label != DERIVED);
        let is_other = |name: &&str| {
            is_whose && self.whose.contains(name)
                || symbol.is_some_and(|symbol| self.hosts.contains(name) && is_another_host(symbol, name))
        };
        let all = open.all(is_other);
        if all {
            let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            taken.insert((label.to_owned(), symbol.map(str::to_owned)));
        }
        all
    }

    /// The labels, and the values by their names if they have one, that were taken to be none of the known ones.
    pub(super) fn taken(&self) -> BTreeSet<(String, Option<String>)> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests;
