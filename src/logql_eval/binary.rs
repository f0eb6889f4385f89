//! Operators between numbers and series.
//!
//! Knows: arithmetic, comparison, sets, and how the series of two sides are matched. Must not know: where series come from.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::{Failure, Sample};
use super::labels::Labels;
use super::vector::filled;
use crate::syntax::logql::BinaryOp;

/// How two sides are matched.
#[derive(Clone, Debug, Default)]
pub(super) struct Matching {
    /// Whether a comparison yields 0 and 1 instead of holding back.
    pub(super) returns_bool: bool,
    /// `on` these labels; otherwise ignoring them.
    pub(super) on: bool,
    pub(super) labels: Vec<String>,
    pub(super) group: Option<Group>,
}

/// `group_left (…)` or `group_right (…)`.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) left: bool,
    /// Labels taken over from the side that has one.
    pub(super) labels: Vec<String>,
}

impl Matching {
    /// What is compared of a series.
    fn of(&self, labels: &Labels) -> Labels {
        let mut labels = filled(labels);
        labels.retain(|name| self.labels.iter().any(|own| own == name) == self.on);
        labels
    }

    /// The labels of a result: those of the many, or of the left side.
    fn result(&self, many: &Labels, one: &Labels) -> Labels {
        let mut labels = filled(many);
        match &self.group {
            None => labels.retain(|name| self.labels.iter().any(|own| own == name) == self.on),
            Some(group) => {
                for name in &group.labels {
                    match one.get(name) {
                        "" => labels.remove(name),
                        value => labels.set(name, value),
                    }
                }
            }
        }
        labels
    }
}

/// Whether the operator compares.
pub(super) fn compares(op: BinaryOp) -> bool {
    use BinaryOp as B;
    matches!(op, B::Equal | B::NotEqual | B::Greater | B::GreaterEqual | B::Less | B::LessEqual)
}

/// What an operator makes of two numbers; a comparison yields 0 or 1.
pub(super) fn numbers(op: BinaryOp, left: f64, right: f64) -> f64 {
    use BinaryOp as B;
    let truth = |holds: bool| if holds { 1.0 } else { 0.0 };
    match op {
        B::Add => left + right,
        B::Sub => left - right,
        B::Mul => left * right,
        B::Div | B::Mod if right == 0.0 => f64::NAN,
        B::Div => left / right,
        B::Mod => left % right,
        B::Pow => left.powf(right),
        B::Equal => truth(left == right),
        B::NotEqual => truth(left != right),
        B::Greater => truth(left > right),
        B::GreaterEqual => truth(left >= right),
        B::Less => truth(left < right),
        B::LessEqual => truth(left <= right),
        B::Or | B::And | B::Unless => f64::NAN,
    }
}

/// A series beside a number; `series_left`: on which side it stands.
pub(super) fn with_number(op: BinaryOp, returns_bool: bool, sample: Sample, number: f64, left: bool) -> Option<Sample> {
    let value = if left { numbers(op, sample.value, number) } else { numbers(op, number, sample.value) };
    if compares(op) && !returns_bool {
        return (value == 1.0).then_some(sample);
    }
    Some(Sample { value, ..sample })
}

/// Two sides of series.
pub(super) fn vectors(
    op: BinaryOp,
    matching: &Matching,
    left: Vec<Sample>,
    right: Vec<Sample>,
) -> Result<Vec<Sample>, Failure> {
    use BinaryOp as B;
    let keys = |samples: &[Sample]| samples.iter().map(|sample| matching.of(&sample.labels)).collect::<BTreeSet<_>>();
    match op {
        B::And => {
            let keys = keys(&right);
            Ok(left.into_iter().filter(|sample| keys.contains(&matching.of(&sample.labels))).collect())
        }
        B::Unless => {
            let keys = keys(&right);
            Ok(left.into_iter().filter(|sample| !keys.contains(&matching.of(&sample.labels))).collect())
        }
        B::Or => {
            let keys = keys(&left);
            let more = right.into_iter().filter(|sample| !keys.contains(&matching.of(&sample.labels)));
            Ok(left.into_iter().chain(more.collect::<Vec<_>>()).collect())
        }
        _ => matched(op, matching, left, right),
    }
}

fn matched(op: BinaryOp, matching: &Matching, left: Vec<Sample>, right: Vec<Sample>) -> Result<Vec<Sample>, Failure> {
    // The side that may have many for one; the left one unless `group_right` says otherwise.
    let swapped = matching.group.as_ref().is_some_and(|group| !group.left);
    let (many, one) = if swapped { (right, left) } else { (left, right) };
    let mut ones: BTreeMap<Labels, Sample> = BTreeMap::new();
    for sample in one {
        if ones.insert(matching.of(&sample.labels), sample).is_some() {
            return Err(Failure::ManyToMany);
        }
    }
    let mut matched: BTreeSet<(Labels, Option<Labels>)> = BTreeSet::new();
    let mut out = Vec::new();
    for sample in many {
        let key = matching.of(&sample.labels);
        let Some(other) = ones.get(&key) else { continue };
        let labels = matching.result(&sample.labels, &other.labels);
        let unique = matching.group.as_ref().map(|_| labels.clone());
        let grouped = unique.is_some();
        if !matched.insert((key, unique)) {
            return Err(if grouped { Failure::GroupingNotUnique } else { Failure::ManyToOne });
        }
        let (left, right) = if swapped { (other.value, sample.value) } else { (sample.value, other.value) };
        let value = numbers(op, left, right);
        let shown = compares(op) && !matching.returns_bool;
        if !shown {
            out.push(Sample { labels, value });
        } else if value == 1.0 {
            out.push(Sample { labels, value: left });
        }
    }
    Ok(out)
}
