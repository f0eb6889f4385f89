//! Recorded answers: reading them, and comparing them with ours.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::super::labels::ERROR_DETAILS;
use super::super::{Answer, Failure, Labels, Stream};

/// Series by their labels, each with its points by time and value.
type Points = BTreeMap<Labels, Vec<(i64, f64)>>;

/// One of the recorded files.
pub(super) fn file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/loki").join(name)).unwrap()
}

/// The labels without what says more of an error, which is worded otherwise here.
fn bare(labels: &Labels) -> Labels {
    let mut labels = labels.clone();
    labels.remove(ERROR_DETAILS);
    labels
}

fn labels(value: &Value) -> Labels {
    let pairs = value.as_object().unwrap().iter();
    bare(&pairs.map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect())
}

/// Streams of a world or an answer; `lines`: the key of their lines. None where there are none.
pub(super) fn streams(value: &Value, lines: &str) -> Vec<Stream> {
    let line = |line: &Value| (line[0].as_i64().unwrap(), line[1].as_str().unwrap().to_owned());
    let of = |one: &Value| one[lines].as_array().unwrap().iter().map(line).collect();
    let streams = value.as_array().map_or(&[][..], Vec::as_slice).iter();
    streams.map(|one| Stream { labels: labels(&one["labels"]), lines: of(one) }).collect()
}

fn number(value: &Value) -> f64 {
    match value.as_str().unwrap() {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        text => text.parse().unwrap(),
    }
}

/// Equal but for what comes of adding in another order.
fn near(left: f64, right: f64) -> bool {
    let close = (left - right).abs() <= 1e-9 * left.abs().max(right.abs()).max(1e-3);
    left == right || (left.is_nan() && right.is_nan()) || close
}

fn class(failure: &Failure) -> String {
    match failure {
        Failure::Parse(_) => "parse".to_owned(),
        Failure::Pipeline(error) => format!("pipeline:{error}"),
        Failure::ManyToMany => "many-to-many".to_owned(),
        Failure::ManyToOne => "many-to-one".to_owned(),
        Failure::GroupingNotUnique => "grouping-not-unique".to_owned(),
        Failure::Other(_) => "other".to_owned(),
        Failure::Unsupported(what) => format!("unsupported: {what}"),
    }
}

/// Series with equal labels have their points together: Loki answers such.
fn points(series: impl Iterator<Item = (Labels, Vec<(i64, f64)>)>) -> Points {
    let mut out = Points::new();
    for (labels, points) in series {
        out.entry(bare(&labels)).or_default().extend(points);
    }
    for points in out.values_mut() {
        points.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    }
    out
}

fn points_of_ours(answer: &Answer) -> Points {
    match answer {
        Answer::Matrix(all) => points(all.iter().map(|one| (one.labels.clone(), one.points.clone()))),
        Answer::Vector(all) => points(all.iter().map(|one| (one.labels.clone(), vec![(0, one.value)]))),
        Answer::Scalar(value) => points(std::iter::once((Labels::default(), vec![(0, *value)]))),
        Answer::Streams(_) => Points::new(),
    }
}

fn points_of_theirs(answer: &Value) -> Points {
    let point = |value: &Value| (value[0].as_i64().unwrap(), number(&value[1]));
    if let Some(all) = answer["matrix"].as_array() {
        let values = |one: &Value| one["values"].as_array().unwrap().iter().map(point).collect();
        return points(all.iter().map(|one| (labels(&one["labels"]), values(one))));
    }
    if let Some(all) = answer["vector"].as_array() {
        return points(all.iter().map(|one| (labels(&one["labels"]), vec![(0, number(&one["value"][1]))])));
    }
    points(answer["scalar"].as_array().map(|one| (Labels::default(), vec![(0, number(&one[1]))])).into_iter())
}

fn lines(streams: &[Stream]) -> BTreeMap<Labels, Vec<(i64, String)>> {
    let mut out: BTreeMap<Labels, Vec<(i64, String)>> = BTreeMap::new();
    for stream in streams {
        out.entry(bare(&stream.labels)).or_default().extend(stream.lines.iter().cloned());
    }
    for lines in out.values_mut() {
        lines.sort();
    }
    out
}

/// Whether an answer is the recorded one.
pub(super) fn same(ours: &Result<Answer, Failure>, theirs: &Value) -> bool {
    let kind = |answer: &Answer| match answer {
        Answer::Streams(_) => "streams",
        Answer::Matrix(_) => "matrix",
        Answer::Vector(_) => "vector",
        Answer::Scalar(_) => "scalar",
    };
    match ours {
        Err(failure) => theirs["class"].as_str() == Some(class(failure).as_str()),
        Ok(answer) if theirs.get(kind(answer)).is_none() => false,
        Ok(Answer::Streams(ours)) => lines(ours) == lines(&streams(&theirs["streams"], "entries")),
        Ok(answer) => {
            let (ours, theirs) = (points_of_ours(answer), points_of_theirs(theirs));
            let equal = |a: &[(i64, f64)], b: &[(i64, f64)]| {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && near(a.1, b.1))
            };
            ours.len() == theirs.len() && ours.iter().zip(&theirs).all(|(a, b)| a.0 == b.0 && equal(a.1, b.1))
        }
    }
}

fn facts(streams: &[Stream], points: &Points) -> Vec<String> {
    let lines = lines(streams);
    let lines = lines.iter().flat_map(|(labels, all)| all.iter().map(move |line| format!("{line:?} {labels:?}")));
    let points = points.iter().flat_map(|(labels, all)| all.iter().map(move |point| format!("{point:?} {labels:?}")));
    lines.chain(points).collect()
}

/// An answer in single facts, to show where two differ.
pub(super) fn facts_of_ours(ours: &Result<Answer, Failure>) -> Vec<String> {
    match ours {
        Ok(Answer::Streams(streams)) => facts(streams, &Points::new()),
        Ok(answer) => facts(&[], &points_of_ours(answer)),
        Err(failure) => vec![format!("{failure:?}")],
    }
}

/// The same of a recorded answer.
pub(super) fn facts_of_theirs(theirs: &Value) -> Vec<String> {
    match theirs["class"].as_str() {
        Some(class) => vec![format!("{class}: {}", theirs["error"])],
        None => facts(&streams(&theirs["streams"], "entries"), &points_of_theirs(theirs)),
    }
}
