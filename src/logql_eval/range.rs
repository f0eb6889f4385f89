//! Range aggregations: from lines to samples, from samples to one value for each window.
//!
//! Knows: which labels a sample keeps, windows and offsets, what `absent_over_time` says. Must not know: what stands around
//! the aggregation, but for a `sum` that already groups its samples.

use std::collections::BTreeMap;

use super::answer::{Failure, Sample, Stream};
use super::hints::Hints;
use super::labels::{ERROR, Entry, Grouping, KEPT_ERROR, Labels};
use super::number::{self, SECOND};
use super::pipeline::Pipeline;
use super::series::{self, Point};
use crate::syntax::logql::{self, ExprId, ExprKind, Function, Log, MatchOp, Query};

/// The samples of a range aggregation, by series, in order of time.
#[derive(Debug)]
pub(super) struct Range {
    function: Function,
    parameter: f64,
    unwrapped: bool,
    /// Nanoseconds.
    length: f64,
    offset: f64,
    series: BTreeMap<Labels, Vec<Point>>,
    /// What `absent_over_time` says where there is nothing.
    absent: Labels,
}

impl Range {
    /// Reads the samples of the aggregation `id`.
    pub(super) fn of(query: &Query<'_>, id: ExprId, store: &[Stream]) -> Result<Self, Failure> {
        let ExprKind::RangeAggregation { function, log, grouping } = &query.expr(id).kind else {
            return Err(Failure::Unsupported("this construct in the place of a range"));
        };
        let log = query.log(*log);
        let pipeline = Pipeline::of(query, log, !matches!(function, Function::BytesOverTime | Function::BytesRate))?;
        let grouping = match grouping {
            Some(grouping) => grouped(query, *grouping),
            None if *function == Function::AbsentOverTime => Grouping::Nothing,
            None => pushed_down(query, id, *function),
        };
        let mut range = Self {
            function: *function,
            parameter: query.parameter(id).map_or(0.0, |span| number::literal(span.of(query.text()))),
            unwrapped: pipeline.unwrap.is_some(),
            length: duration(query, log.range)?,
            offset: log.offset.map_or(Ok(0.0), |span| offset(span.of(query.text())))?,
            series: BTreeMap::new(),
            absent: absent_labels(query, log),
        };
        range.read(&pipeline, &grouping, store)?;
        Ok(range)
    }

    fn read(&mut self, pipeline: &Pipeline, grouping: &Grouping, store: &[Stream]) -> Result<(), Failure> {
        let unwrap = pipeline.unwrap.as_ref();
        let label = unwrap.map(|unwrap| unwrap.label.as_str());
        let kept = match (label, grouping) {
            (Some(label), Grouping::All) => Grouping::Without(vec![label.to_owned()]),
            (Some(label), Grouping::Without(names)) => {
                Grouping::Without(names.iter().cloned().chain([label.to_owned()]).collect())
            }
            _ => grouping.clone(),
        };
        let behind = unwrap.map_or(&[][..], |unwrap| unwrap.filters.as_slice());
        let mut needs = Vec::new();
        for stage in behind {
            needs.extend(stage.needs());
        }
        let hints = Hints::of_metric(&pipeline.stages, &kept, &needs, label);
        for stream in pipeline.of_store(store) {
            for (at, line) in &stream.lines {
                let at = at * 1_000_000;
                let mut entry = Entry::new(&stream.labels);
                let Some(line) = pipeline.run(&hints, at, line, &mut entry) else { continue };
                let value = match unwrap {
                    None if matches!(self.function, Function::BytesOverTime | Function::BytesRate) => line.len() as f64,
                    None => 1.0,
                    Some(unwrap) => {
                        let text = entry.get(&unwrap.label).unwrap_or("").to_owned();
                        if text.is_empty() {
                            continue;
                        }
                        let value = converted(&unwrap.conversion, &text)?;
                        if value.is_none() {
                            entry.fail("SampleExtractionErr", &text);
                        }
                        let passes = behind
                            .iter()
                            .all(|stage| stage.run(behind, &hints, at, line.clone(), &mut entry).is_some());
                        if !passes {
                            continue;
                        }
                        value.unwrap_or(0.0)
                    }
                };
                self.series.entry(entry.grouped(&kept)).or_default().push((at, value));
            }
        }
        for points in self.series.values_mut() {
            points.sort_by_key(|(at, _)| *at);
        }
        Ok(())
    }

    /// One value for each series at `at` (nanoseconds).
    pub(super) fn at(&self, at: i64) -> Result<Vec<Sample>, Failure> {
        let end = at - self.offset as i64;
        let start = end - self.length as i64;
        let mut out = Vec::new();
        for (labels, points) in &self.series {
            let first = points.partition_point(|(at, _)| *at <= start);
            let last = points.partition_point(|(at, _)| *at <= end);
            let window = points.get(first..last).unwrap_or(&[]);
            if window.is_empty() {
                continue;
            }
            if labels.has(ERROR) && !labels.has(KEPT_ERROR) {
                return Err(Failure::Pipeline(labels.get(ERROR).to_owned()));
            }
            let seconds = series::seconds(self.length);
            let value = series::over_time(self.function, self.parameter, self.unwrapped, window, seconds);
            out.push(Sample { labels: labels.clone(), value });
        }
        if self.function == Function::AbsentOverTime {
            let absent = Sample { labels: self.absent.clone(), value: 1.0 };
            return Ok(if out.is_empty() { vec![absent] } else { Vec::new() });
        }
        Ok(out)
    }
}

/// `by (…)` or `without (…)` as names.
pub(super) fn grouped(query: &Query<'_>, grouping: logql::Grouping) -> Grouping {
    let names: Vec<String> = query.names(grouping.labels).iter().map(|name| name.text.to_owned()).collect();
    match (grouping.without, names.is_empty()) {
        (false, true) => Grouping::Nothing,
        (true, true) => Grouping::All,
        (false, false) => Grouping::By(names),
        (true, false) => Grouping::Without(names),
    }
}

/// The grouping of a `sum` around the aggregation: for some functions it holds for each line already.
fn pushed_down(query: &Query<'_>, id: ExprId, function: Function) -> Grouping {
    use Function as F;
    let added = matches!(function, F::BytesOverTime | F::BytesRate | F::SumOverTime | F::Rate | F::CountOverTime);
    let parent = query.expr(id).parent.filter(|_| added).map(|parent| &query.expr(parent).kind);
    match parent {
        Some(ExprKind::VectorAggregation { function: F::Sum, grouping, .. }) => {
            grouping.map_or(Grouping::Nothing, |grouping| grouped(query, grouping))
        }
        _ => Grouping::All,
    }
}

pub(super) fn duration(query: &Query<'_>, span: Option<crate::text::Span>) -> Result<f64, Failure> {
    let text = span.map_or("", |span| span.of(query.text()));
    let inner = text.trim_start_matches('[').trim_end_matches(']').trim();
    number::long_duration(inner).ok_or(Failure::Unsupported("a variable in the place of a range"))
}

pub(super) fn offset(text: &str) -> Result<f64, Failure> {
    let text = text.trim_start_matches("offset").trim();
    number::long_duration(text).ok_or(Failure::Unsupported("a variable in the place of an offset"))
}

fn converted(conversion: &str, text: &str) -> Result<Option<f64>, Failure> {
    match conversion {
        "" => Ok(number::float(text)),
        "bytes" => Ok(number::bytes(text)),
        "duration" | "duration_seconds" => Ok(number::duration(text).map(|value| value / SECOND)),
        _ => Err(Failure::Unsupported("this conversion of `unwrap`")),
    }
}

/// The labels that equalities of the selector name once.
fn absent_labels(query: &Query<'_>, log: &Log) -> Labels {
    let Some(selector) = &log.selector else { return Labels::default() };
    let matchers = query.matchers(selector);
    let once = |name: &str| matchers.iter().filter(|matcher| matcher.name.text == name).count() == 1;
    let equal = matchers.iter().filter(|matcher| matcher.op == MatchOp::Equal && !matcher.value.value.is_empty());
    equal
        .filter(|matcher| once(matcher.name.text))
        .map(|matcher| (matcher.name.text, matcher.value.value.clone().into_owned()))
        .collect()
}
