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
use super::stage::Stage;
use crate::syntax::logql::{self, ExprId, ExprKind, Function, Log, MatchOp, Query};

/// A range aggregation, ready.
#[derive(Debug)]
pub(super) struct Range {
    function: Function,
    parameter: f64,
    /// Nanoseconds.
    length: f64,
    offset: f64,
    pipeline: Pipeline,
    hints: Hints,
    /// What its series are told apart by.
    kept: Grouping,
    /// What `absent_over_time` says where there is nothing.
    absent: Labels,
}

/// What a range aggregation reads out of one stream: its samples by series.
pub(super) type Read = Result<BTreeMap<Labels, Vec<Point>>, Failure>;

/// Samples by series, in order of time.
pub(super) type Points<'p> = BTreeMap<&'p Labels, Vec<Point>>;

impl Range {
    /// Makes the aggregation `id` ready.
    pub(super) fn of(query: &Query<'_>, id: ExprId) -> Result<Self, Failure> {
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
        let label = pipeline.unwrap.as_ref().map(|unwrap| unwrap.label.as_str());
        let kept = match (label, grouping) {
            (Some(label), Grouping::All) => Grouping::Without(vec![label.to_owned()]),
            (Some(label), Grouping::Without(mut names)) => {
                names.push(label.to_owned());
                Grouping::Without(names)
            }
            (_, grouping) => grouping,
        };
        let behind = pipeline.unwrap.iter().flat_map(|unwrap| &unwrap.filters);
        let needs: Vec<String> = behind.flat_map(Stage::needs).collect();
        Ok(Self {
            function: *function,
            parameter: query.parameter(id).map_or(0.0, |span| number::literal(span.of(query.text()))),
            length: duration(query, log.range)?,
            offset: log.offset.map_or(Ok(0.0), |span| offset(span.of(query.text())))?,
            hints: Hints::of_metric(&pipeline.stages, &kept, &needs, label),
            pipeline,
            kept,
            absent: absent_labels(query, log),
        })
    }

    /// The samples of one stream.
    pub(super) fn read(&self, stream: &Stream) -> Read {
        let mut series: BTreeMap<Labels, Vec<Point>> = BTreeMap::new();
        if !self.pipeline.takes(stream) {
            return Ok(series);
        }
        for (at, line) in &stream.lines {
            let at = at * 1_000_000;
            let mut entry = Entry::new(&stream.labels);
            if let Some(value) = self.sample(at, line, &mut entry)? {
                series.entry(entry.grouped(&self.kept)).or_default().push((at, value));
            }
        }
        Ok(series)
    }

    /// The sample of a line, where it has one.
    fn sample(&self, at: i64, line: &str, entry: &mut Entry<'_>) -> Result<Option<f64>, Failure> {
        let hints = &self.hints;
        let Some(line) = self.pipeline.run(hints, at, line, entry) else { return Ok(None) };
        let Some(unwrap) = &self.pipeline.unwrap else {
            let counts_bytes = matches!(self.function, Function::BytesOverTime | Function::BytesRate);
            return Ok(Some(if counts_bytes { line.len() as f64 } else { 1.0 }));
        };
        let text = entry.get(&unwrap.label).unwrap_or("").to_owned();
        if text.is_empty() {
            return Ok(None);
        }
        let value = converted(&unwrap.conversion, &text)?;
        if value.is_none() {
            entry.fail("SampleExtractionErr", &text);
        }
        let behind = unwrap.filters.as_slice();
        let passes = behind.iter().all(|stage| stage.run(behind, hints, at, line.clone(), entry).is_some());
        Ok(passes.then_some(value.unwrap_or(0.0)))
    }

    /// The samples of several streams.
    pub(super) fn together<'r>(reads: impl Iterator<Item = &'r Read>) -> Result<Points<'r>, Failure> {
        let mut all = Points::new();
        for read in reads {
            for (labels, points) in read.as_ref().map_err(Clone::clone)? {
                all.entry(labels).or_default().extend(points);
            }
        }
        for points in all.values_mut() {
            points.sort_by_key(|(at, _)| *at);
        }
        Ok(all)
    }

    /// One value for each series at `at` (nanoseconds).
    pub(super) fn at(&self, samples: &Points<'_>, at: i64) -> Result<Vec<Sample>, Failure> {
        let end = at - self.offset as i64;
        let start = end - self.length as i64;
        let mut out = Vec::new();
        for (labels, points) in samples {
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
            let value =
                series::over_time(self.function, self.parameter, self.pipeline.unwrap.is_some(), window, seconds);
            out.push(Sample { labels: (*labels).clone(), value });
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
