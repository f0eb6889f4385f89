//! Metric queries: the tree of an expression, moment by moment.
//!
//! Knows: which moments are asked about, and what an answer over them looks like. Must not know: what an aggregation or
//! operator does.

use std::collections::BTreeMap;

use super::answer::{Answer, Asked, Failure, Kind, Sample, Series};
use super::binary::{self, Group, Matching};
use super::labels::{Grouping, Labels};
use super::number;
use super::range::{Points, Range, grouped};
use super::vector;
use crate::syntax::logql::{self, BinaryOp, ExprId, ExprKind, Query};

/// What an expression yields at one moment.
enum Value {
    Number(f64),
    Vector(Vec<Sample>),
}

/// The range aggregations of a query, ready.
pub(super) fn ranges(query: &Query<'_>) -> Result<BTreeMap<ExprId, Range>, Failure> {
    let mut ranges = BTreeMap::new();
    for (id, expr) in query.exprs() {
        match expr.kind {
            ExprKind::RangeAggregation { .. } => {
                ranges.insert(id, Range::of(query, id)?);
            }
            ExprKind::Variants { .. } => return Err(Failure::Other("variants are not enabled".to_owned())),
            _ => {}
        }
    }
    Ok(ranges)
}

/// What a query answers whose range aggregations have these samples.
pub(super) fn answer(
    query: &Query<'_>,
    ranges: &BTreeMap<ExprId, Range>,
    samples: &BTreeMap<ExprId, Points<'_>>,
    asked: &Asked,
) -> Result<Answer, Failure> {
    let run = Run { query, ranges, samples };
    if asked.kind == Kind::Instant {
        return Ok(match run.at(query.root(), asked.end)? {
            Value::Number(value) => Answer::Scalar(value),
            Value::Vector(samples) => Answer::Vector(samples),
        });
    }
    let mut series: BTreeMap<Labels, Vec<(i64, f64)>> = BTreeMap::new();
    let mut at = asked.start;
    while at <= asked.end {
        let samples = match run.at(query.root(), at)? {
            Value::Number(value) => vec![Sample { labels: Labels::default(), value }],
            Value::Vector(samples) => samples,
        };
        for sample in samples {
            series.entry(sample.labels).or_default().push((at, sample.value));
        }
        at += asked.step.max(1);
    }
    Ok(Answer::Matrix(series.into_iter().map(|(labels, points)| Series { labels, points }).collect()))
}

struct Run<'q, 'a> {
    query: &'q Query<'a>,
    ranges: &'q BTreeMap<ExprId, Range>,
    samples: &'q BTreeMap<ExprId, Points<'q>>,
}

impl Run<'_, '_> {
    /// What an expression yields at `at` (milliseconds). The reader bounds how deep expressions nest.
    fn at(&self, id: ExprId, at: i64) -> Result<Value, Failure> {
        let query = self.query;
        let expr = query.expr(id);
        Ok(match &expr.kind {
            ExprKind::RangeAggregation { .. } => {
                let both = self.ranges.get(&id).zip(self.samples.get(&id));
                let (range, samples) = both.ok_or(Failure::Unsupported("this range"))?;
                Value::Vector(range.at(samples, at * 1_000_000)?)
            }
            ExprKind::VectorAggregation { function, operand, grouping } => {
                let samples = self.vector(*operand, at)?;
                let grouping = grouping.map_or(Grouping::Nothing, |grouping| grouped(query, grouping));
                let count = query.parameter(id).map_or(0.0, |span| number::literal(span.of(query.text())));
                Value::Vector(vector::aggregate(*function, &grouping, count as usize, samples)?)
            }
            ExprKind::LabelReplace { operand, texts } => {
                Value::Vector(vector::label_replace(texts, self.vector(*operand, at)?)?)
            }
            ExprKind::Binary { op, matching, left, right } => {
                let matching = matching.as_deref().map_or_else(Matching::default, |own| of_query(query, own));
                Self::binary(*op, &matching, self.at(*left, at)?, self.at(*right, at)?)?
            }
            ExprKind::Number => Value::Number(number::literal(expr.span.of(query.text()))),
            ExprKind::Vector => {
                let text = expr.span.of(query.text());
                let inner = text.split_once('(').map_or("", |(_, inner)| inner.trim_end_matches(')'));
                Value::Vector(vec![Sample { labels: Labels::default(), value: number::literal(inner) }])
            }
            ExprKind::Log(_) => return Err(Failure::Unsupported("a log query inside a metric")),
            ExprKind::Variants { .. } => return Err(Failure::Unsupported("variants")),
            ExprKind::Placeholder => return Err(Failure::Unsupported("a variable in the place of a query")),
        })
    }

    fn vector(&self, id: ExprId, at: i64) -> Result<Vec<Sample>, Failure> {
        match self.at(id, at)? {
            Value::Vector(samples) => Ok(samples),
            Value::Number(_) => Err(Failure::Other("a number where series are wanted".to_owned())),
        }
    }

    fn binary(op: BinaryOp, matching: &Matching, left: Value, right: Value) -> Result<Value, Failure> {
        let bool = matching.returns_bool;
        Ok(match (left, right) {
            (Value::Number(left), Value::Number(right)) => Value::Number(binary::numbers(op, left, right)),
            (Value::Vector(samples), Value::Number(number)) => Value::Vector(
                samples.into_iter().filter_map(|one| binary::with_number(op, bool, one, number, true)).collect(),
            ),
            (Value::Number(number), Value::Vector(samples)) => Value::Vector(
                samples.into_iter().filter_map(|one| binary::with_number(op, bool, one, number, false)).collect(),
            ),
            (Value::Vector(left), Value::Vector(right)) => Value::Vector(binary::vectors(op, matching, left, right)?),
        })
    }
}

fn of_query(query: &Query<'_>, matching: &logql::Matching) -> Matching {
    let names = |list| query.names(list).iter().map(|name| name.text.to_owned()).collect();
    Matching {
        returns_bool: matching.returns_bool,
        on: matching.labels.is_some_and(|labels| labels.first),
        labels: matching.labels.map_or_else(Vec::new, |labels| names(labels.labels)),
        group: matching.group.map(|group| Group { left: group.first, labels: names(group.labels) }),
    }
}
