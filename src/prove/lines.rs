//! Lines that the stages of a query tell apart.
//!
//! Knows: what a query looks for in a line, and how a line is made that it lets through, holds back or cannot read. Must not
//! know: streams, times, or what moves where.
//!
//! [`of`] gives all kinds of lines; [`clean`] only those that make no error, since one error fails a whole metric.

mod making;
mod metadata;
mod shape;
mod text;
mod values;
mod write;

#[cfg(test)]
mod tests;

pub(super) use metadata::metadata;

use super::sample::{Rng, matching};
use crate::syntax::logql::{FilterKind, FilterOp, FilterValue, LogId, MatchOp, Query, StageKind, Use};
use making::{Making, Put};
use shape::{Format, Goal, Reader, Shape, Tree};

/// Shapes at most: log queries whose stages differ.
const SHAPES: usize = 16;
/// One of so many lines has a twin.
const TWINS: usize = 4;

/// `count` lines for queries that are asked about the same streams. `names`: labels that a move adds or takes; fields of some
/// lines are called like them. Of each five lines of a log query three pass all its filters, one fails one filter, one
/// fails one or cannot be read as the query means to.
pub(super) fn of(queries: &[&Query<'_>], names: &[&str], count: usize, seed: u64) -> Vec<String> {
    made(queries, names, count, seed, false)
}

/// The same without those that a parser cannot read, or whose values are none that the query can compare or unwrap.
pub(super) fn clean(queries: &[&Query<'_>], names: &[&str], count: usize, seed: u64) -> Vec<String> {
    made(queries, names, count, seed, true)
}

fn made(queries: &[&Query<'_>], names: &[&str], count: usize, seed: u64, clean: bool) -> Vec<String> {
    let mut rng = Rng::new(seed);
    let shapes = shapes(queries, names, &mut rng);
    if shapes.is_empty() {
        return (0..count).map(|number| format!("line {number}")).collect();
    }
    let mut lines = Vec::with_capacity(count);
    for number in 0..count {
        let shape = &shapes[turned(number, shapes.len())];
        let role = shape.role(number / shapes.len(), clean, &mut rng);
        // Some lines come twice: series come together that differ in a field called like a label, and in no other.
        let twin = (number % TWINS == 0).then(|| rng.clone());
        lines.push(shape.line(role, number, None, &mut rng));
        let other = shape.collisions.get(number / TWINS % shape.collisions.len().max(1)).copied();
        lines.extend(twin.filter(|_| other.is_some()).map(|mut rng| shape.line(role, number, other, &mut rng)));
    }
    lines.truncate(count);
    lines
}

/// The place of a line among `kinds` that take turns. Each round begins one later, so that lines which are dealt out to
/// streams in turn bring every kind to every stream.
fn turned(number: usize, kinds: usize) -> usize {
    (number + number / kinds) % kinds
}

/// What each log query has to offer, once for each list of stages.
fn shapes(queries: &[&Query<'_>], names: &[&str], rng: &mut Rng) -> Vec<Shape> {
    let mut used: Vec<(String, Use)> = Vec::new();
    let mut stream: Vec<(String, String)> = Vec::new();
    for query in queries {
        for mention in query.uses() {
            let set = matches!(
                mention.usage,
                Use::SelectorMatcher | Use::LabelReplaceDestination | Use::LabelFormatDestination | Use::LabelFilter
            );
            if !set && !mention.name.starts_with("__") && !used.iter().any(|(name, _)| *name == mention.name) {
                used.push((mention.name, mention.usage));
            }
        }
        for (_, selector) in query.selectors() {
            for matcher in query.matchers(selector).iter().filter(|matcher| !matcher.value.placeholder) {
                let text = &*matcher.value.value;
                let value = match matcher.op {
                    MatchOp::Equal | MatchOp::NotEqual => Some(text.to_owned()),
                    MatchOp::Regex | MatchOp::NotRegex => matching(text, rng),
                };
                stream.push((matcher.name.text.to_owned(), value.unwrap_or_default()));
            }
        }
        stream.extend(compared(query, names, rng));
    }
    let mut seen: Vec<&str> = Vec::new();
    let mut out = Vec::new();
    for query in queries {
        for (id, log) in query.logs() {
            let stages = stages(query, id);
            if !seen.contains(&stages) && out.len() < SHAPES {
                seen.push(stages);
                out.push(Reader::new(query, log, rng).finish(&used, names, &stream));
            }
        }
    }
    out
}

/// Those of `names` that label filters compare, each with a value that fits: a parser asks a filter that stands before it,
/// too.
fn compared(query: &Query<'_>, names: &[&str], rng: &mut Rng) -> Vec<(String, String)> {
    let stages: Vec<_> = query.logs().flat_map(|(_, log)| query.stages(log)).collect();
    let roots = stages.into_iter().rev().filter_map(|stage| match stage.kind {
        StageKind::LabelFilter(root) => Some(root),
        _ => None,
    });
    let mut found = Vec::new();
    for filter in roots.flat_map(|root| query.leaves(root)) {
        let FilterKind::Compare { name, op, value: FilterValue::Text(text), .. } = &filter.kind else { continue };
        if text.placeholder || !names.contains(&name.text) {
            continue;
        }
        let pattern = matches!(op, FilterOp::Regex | FilterOp::NotRegex);
        let value = if pattern { matching(&text.value, rng) } else { Some(text.value.clone().into_owned()) };
        found.extend(value.map(|value| (name.text.to_owned(), value)));
    }
    found
}

/// The text of the stages of a log query.
fn stages<'q>(query: &'q Query<'_>, id: LogId) -> &'q str {
    let all = query.stages(query.log(id));
    let (Some(first), Some(last)) = (all.first(), all.last()) else { return "" };
    query.text().get(first.span.start()..last.span.end()).unwrap_or_default()
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// It passes everything.
    Passes,
    /// This goal holds it back.
    Fails(usize),
    /// Its end is missing.
    Cut,
    /// A value is none that can be compared or unwrapped.
    Odd,
    /// It is in another format.
    Other,
    /// It is words only.
    Words,
    /// Nothing is in it.
    Empty,
}

impl Shape {
    /// What becomes of the line with this number.
    fn role(&self, number: usize, clean: bool, rng: &mut Rng) -> Role {
        let goals = self.goals.len();
        // What a pattern does not match is no error.
        let matched = self.layers.iter().flat_map(|layer| &layer.formats).all(Format::is_matched);
        let unmatched = matched && self.layers.iter().any(|layer| !layer.formats.is_empty());
        let fails = |goal: usize| match self.goals.get(goal % goals.max(1)) {
            None if unmatched => Role::Words,
            None => Role::Passes,
            Some(Goal::Labels(_)) if unmatched && (number / 5) % 3 == 1 => Role::Words,
            Some(_) => Role::Fails(goal % goals),
        };
        let even = (number / 5).is_multiple_of(2);
        match turned(number, 5) {
            2 => fails(number / 5),
            4 if clean && unmatched && even => Role::Words,
            4 if clean || !even => fails(rng.below(goals)),
            4 => match (number / 10) % 5 {
                0 => Role::Cut,
                1 => Role::Odd,
                2 => Role::Other,
                3 => Role::Words,
                _ => Role::Empty,
            },
            _ => Role::Passes,
        }
    }

    /// `other`: a field that is there where it would not be, or the other way round.
    fn line(&self, role: Role, number: usize, other: Option<usize>, rng: &mut Rng) -> String {
        if role == Role::Empty {
            return String::new();
        }
        let mut first = None;
        for put in [Put::First, Put::Last, Put::Behind, Put::Before, Put::Alone] {
            let mut values = self.values(role, number, rng);
            if let Some(index) = other {
                let value = values[index].is_none().then(|| self.fields[index].value(0, 0, false, &mut rng.clone()));
                values[index] = value.flatten();
            }
            let (line, right) = Making { shape: self, role, put, values, number }.line(rng);
            if right {
                return line;
            }
            first.get_or_insert(line);
        }
        first.unwrap_or_default()
    }

    /// A value for each field that the line has.
    fn values(&self, role: Role, number: usize, rng: &mut Rng) -> Vec<Option<&str>> {
        let (mut wanted, mut care) = (0, 0);
        for (index, goal) in self.goals.iter().enumerate() {
            if let Goal::Labels(tree) = goal {
                tree.want(role != Role::Fails(index), &mut wanted, &mut care, rng);
            }
        }
        let mut out = Vec::with_capacity(self.fields.len());
        for (index, field) in self.fields.iter().enumerate() {
            let usual = match (self.collisions.contains(&index), turned(number, 3)) {
                (false, _) => field.usual,
                (true, 1) => 40,
                (true, _) => 0,
            };
            let there = rng.chance(usual);
            out.push(if there { field.value(wanted, care, role == Role::Odd, rng) } else { None });
        }
        out
    }
}

impl Tree {
    /// Marks what comparisons have to say so that all of it passes, or does not.
    fn want(&self, passes: bool, wanted: &mut u64, care: &mut u64, rng: &mut Rng) {
        match self {
            Self::Free => {}
            Self::Leaf(bit) => {
                *care |= bit;
                *wanted |= if passes { *bit } else { 0 };
            }
            Self::Join { or, sides } => {
                let [left, right] = &**sides;
                let first = rng.chance(50) && !matches!(left, Self::Free);
                let both = passes != *or;
                if both || first || matches!(right, Self::Free) {
                    left.want(passes, wanted, care, rng);
                }
                if both || !(first || matches!(right, Self::Free)) {
                    right.want(passes, wanted, care, rng);
                }
            }
        }
    }
}
