//! Is this selector's rewrite right? Decided on the streams, not on the text (DESIGN 4.3).
//!
//! Knows: streams before and after a move, matchers and their meaning in Loki. Must not know: files, queries, how a
//! rewrite is proposed or shown. A rewrite is right when the new selector selects afterwards exactly the streams that
//! carry on what the old selector selects today.

mod matcher;
mod show;

use std::collections::{BTreeMap, BTreeSet};

use crate::topology::{Label, Stream, Streams};

pub use matcher::{Matcher, Op, Value};
pub use show::{quoted, stream};

use matcher::{Answer, Test};

/// What the streams say about a rewrite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The new selector selects afterwards exactly the image of what the old one selects today.
    Right {
        /// Streams the old selector selects before the move, rendered and sorted.
        before: Vec<String>,
        /// Streams the new selector selects after the move, rendered and sorted.
        after: Vec<String>,
    },
    /// It does not.
    Wrong {
        /// Streams it should select afterwards and does not.
        missing: Vec<String>,
        /// Streams it selects afterwards and should not.
        extra: Vec<String>,
    },
    /// The repository does not tell enough.
    Unknown {
        /// What is not known, as a sentence part.
        why: String,
    },
}

impl Verdict {
    /// Whether the rewrite may be written.
    pub fn is_right(&self) -> bool {
        matches!(self, Self::Right { .. })
    }
}

/// Compares what `old` selects before the move with what `new` selects after it.
///
/// A matcher whose value only Grafana knows ([`Value::Variable`]) may stand in both selectors, unchanged: it narrows
/// both sides alike as long as the move leaves its label alone on every stream concerned.
pub fn check(streams: &Streams, old: &[Matcher], new: &[Matcher]) -> Verdict {
    match compare(streams, old, new) {
        Ok(verdict) => verdict,
        Err(why) => Verdict::Unknown { why },
    }
}

/// Indices of the streams that `selector` selects; matchers with a variable are taken as true.
///
/// # Errors
/// What is not known, as a sentence part.
pub fn selected(streams: &[Stream], selector: &[Matcher]) -> Result<Vec<usize>, String> {
    let known: Vec<&Matcher> = selector.iter().filter(|matcher| matcher.value.known().is_some()).collect();
    select(streams, &known)
}

/// Indices of the streams that `selector` selects, each with whether that is certain; matchers with a variable are
/// taken as true. An unreadable regular expression makes every stream uncertain.
pub fn possible(streams: &[Stream], selector: &[Matcher]) -> Vec<(usize, bool)> {
    let known = selector.iter().filter(|matcher| matcher.value.known().is_some());
    let Ok(tests) = known.map(Test::new).collect::<Result<Vec<_>, _>>() else {
        return (0..streams.len()).map(|index| (index, false)).collect();
    };
    let answers = streams.iter().enumerate().map(|(index, stream)| (index, all(&tests, stream)));
    answers
        .filter_map(|(index, answer)| match answer {
            Answer::Yes => Some((index, true)),
            Answer::Unknown(_) => Some((index, false)),
            Answer::No => None,
        })
        .collect()
}

fn compare(streams: &Streams, old: &[Matcher], new: &[Matcher]) -> Result<Verdict, String> {
    let (old, old_open) = split(old);
    let (new, new_open) = split(new);
    if old_open != new_open {
        return Err("a matcher whose value Grafana fills in is not the same before and after".into());
    }
    let before = select(&streams.before, &old)?;
    let after = select(&streams.after, &new)?;
    for matcher in &old_open {
        unmoved(streams, &before, &matcher.label)?;
    }
    let mut expected = BTreeSet::new();
    for &index in &before {
        expected.extend(streams.image.get(index).into_iter().flatten().copied());
    }
    let expected = keyed(&streams.after, expected);
    let found = keyed(&streams.after, after);
    let missing: Vec<String> = differing(&expected, &found);
    let extra: Vec<String> = differing(&found, &expected);
    if missing.is_empty() && extra.is_empty() {
        let before = keyed(&streams.before, before).into_values().collect();
        let mut after: Vec<String> = found.into_values().collect();
        after.dedup();
        return Ok(Verdict::Right { before, after });
    }
    Ok(Verdict::Wrong { missing, extra })
}

/// Matchers that can be evaluated, and those that wait for Grafana (sorted).
fn split(selector: &[Matcher]) -> (Vec<&Matcher>, Vec<&Matcher>) {
    let (known, mut open): (Vec<_>, Vec<_>) = selector.iter().partition(|matcher| matcher.value.known().is_some());
    open.sort();
    open.dedup();
    (known, open)
}

/// Indices of the streams that satisfy every matcher.
fn select(streams: &[Stream], matchers: &[&Matcher]) -> Result<Vec<usize>, String> {
    let tests = matchers.iter().map(|matcher| Test::new(matcher)).collect::<Result<Vec<_>, _>>()?;
    let mut found = Vec::new();
    for (index, stream) in streams.iter().enumerate() {
        match all(&tests, stream) {
            Answer::Yes => found.push(index),
            Answer::No => {}
            Answer::Unknown(why) => return Err(why),
        }
    }
    Ok(found)
}

/// One matcher that says no decides, even where another cannot be evaluated.
fn all(tests: &[Test<'_>], stream: &Stream) -> Answer {
    let mut result = Answer::Yes;
    for test in tests {
        match test.on(stream) {
            Answer::No => return Answer::No,
            Answer::Yes => {}
            unknown @ Answer::Unknown(_) => result = unknown,
        }
    }
    result
}

/// Holds that `label` has the same known value on each of these streams and on what becomes of them.
fn unmoved(streams: &Streams, before: &[usize], label: &str) -> Result<(), String> {
    for &index in before {
        let old = streams.before[index].labels.get(label);
        for &to in streams.image.get(index).into_iter().flatten() {
            let new = streams.after.get(to).and_then(|stream| stream.labels.get(label));
            let derived = label == matcher::DERIVED && old.is_none();
            if old != new || old == Some(&Label::Unknown) || derived {
                return Err(format!("the label `{label}` may have another value after the move"));
            }
        }
    }
    Ok(())
}

/// Rendered streams by identity. Equal known labels are one stream; a family with unknown labels is only itself.
type Keyed = BTreeMap<(String, Option<usize>), String>;

fn keyed(streams: &[Stream], indices: impl IntoIterator<Item = usize>) -> Keyed {
    indices
        .into_iter()
        .filter_map(|index| streams.get(index).map(|stream| (index, stream)))
        .map(|(index, stream)| {
            let family = stream.labels.values().any(|label| *label == Label::Unknown);
            let text = show::stream(stream);
            ((text.clone(), family.then_some(index)), text)
        })
        .collect()
}

fn differing(have: &Keyed, other: &Keyed) -> Vec<String> {
    let mut list: Vec<String> =
        have.iter().filter(|(key, _)| !other.contains_key(*key)).map(|(_, text)| text.clone()).collect();
    list.dedup();
    list
}

#[cfg(test)]
mod tests;
