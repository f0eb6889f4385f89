//! What is asked, what the store holds, and what comes back.
//!
//! Knows: the shapes of Loki's answers. Must not know: how they are worked out.

use super::labels::Labels;

/// A stream of the store.
#[derive(Clone, Debug, PartialEq)]
pub struct Stream {
    /// Its labels.
    pub labels: Labels,
    /// Its lines, each with its time in milliseconds, in order of time.
    pub lines: Vec<(i64, String)>,
}

/// When a query is asked about, and how much of the answer is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Over a time, or at one.
    pub kind: Kind,
    /// First moment, in milliseconds.
    pub start: i64,
    /// Last moment, in milliseconds; an instant query is asked at this one.
    pub end: i64,
    /// Milliseconds between two points of a range query.
    pub step: i64,
    /// Most lines of a log query.
    pub limit: usize,
    /// Whether a log query begins with its oldest lines.
    pub forward: bool,
}

/// Over a time, or at one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `/query_range`
    Range,
    /// `/query`
    Instant,
}

/// What a query answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Lines, by stream.
    Streams(Vec<Stream>),
    /// Points in time, by series.
    Matrix(Vec<Series>),
    /// One point for each series.
    Vector(Vec<Sample>),
    /// One number.
    Scalar(f64),
}

/// A series with its points.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its labels.
    pub labels: Labels,
    /// Its points: time in milliseconds, value.
    pub points: Vec<(i64, f64)>,
}

/// One series at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Its labels.
    pub labels: Labels,
    /// Its value.
    pub value: f64,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Loki does not take the query: what it cannot read.
    Parse(String),
    /// Lines with an error reach a metric: the first of them (`JSONParserErr`).
    Pipeline(String),
    /// Both sides of an operator have several series for one match.
    ManyToMany,
    /// One side has several series for one match, and nothing says that it may.
    ManyToOne,
    /// `group_left` makes two series with equal labels.
    GroupingNotUnique,
    /// Another error of the engine.
    Other(String),
    /// This construct is not supported here; Loki would answer.
    Unsupported(&'static str),
}
