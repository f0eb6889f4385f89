//! Single parts of a query, asked about one text.
//!
//! Knows: what a filter says of a line or a value, how numbers and places in a line are written. Must not know: who asks; it is
//! for those who make lines up that a part lets through or holds back.

use std::sync::Arc;

use super::fields;
use super::labels::{Entry, Labels};
use super::number;
use super::pattern::Pattern;
use super::regex;
use super::text_filter::{LabelFilter, LineFilter};
use crate::syntax::logql::{FilterId, LineOp, LineText, Query};

pub(crate) use super::fields::Step;
pub(crate) use super::pattern::Part;

/// A line filter.
#[derive(Debug)]
pub(crate) struct LineProbe(LineFilter);

impl LineProbe {
    /// `None` where Loki would not run it.
    pub(crate) fn of(op: LineOp, texts: &[LineText<'_>]) -> Option<Self> {
        LineFilter::of(op, texts).ok().map(Self)
    }

    /// Whether it lets a line through.
    pub(crate) fn passes(&self, line: &str) -> bool {
        self.0.passes(line)
    }
}

/// A label filter that is one comparison.
#[derive(Debug)]
pub(crate) struct LabelProbe(LabelFilter);

impl LabelProbe {
    /// `None` where Loki would not run it.
    pub(crate) fn of(query: &Query<'_>, id: FilterId) -> Option<Self> {
        LabelFilter::of(query, id).ok().map(Self)
    }

    /// Whether it lets a line through whose label has this value, or none; `None` where they cannot be compared.
    pub(crate) fn passes(&self, value: Option<&str>) -> Option<bool> {
        let name = self.0.alone().unwrap_or_default();
        let labels: Labels = value.map(|value| (name, value)).into_iter().collect();
        let mut entry = Entry::new(&labels);
        let passes = self.0.passes(&mut entry);
        entry.error.is_none().then_some(passes)
    }
}

/// A regular expression as Go means it; `None` where it is none.
pub(crate) fn regex(pattern: &str) -> Option<Arc<::regex::Regex>> {
    regex::compiled(pattern).ok()
}

/// The parts of a pattern of `| pattern` or `|>`.
pub(crate) fn pattern(text: &str) -> Vec<Part> {
    Pattern::read(text).parts()
}

/// The place an expression of `| json` names.
pub(crate) fn path(text: &str) -> Option<Vec<Step>> {
    fields::path(text)
}

/// A number of a query.
pub(crate) fn literal(text: &str) -> f64 {
    number::literal(text)
}

/// A duration of a query, in nanoseconds.
pub(crate) fn long_duration(text: &str) -> Option<f64> {
    number::long_duration(text)
}

/// An amount of bytes.
pub(crate) fn bytes(text: &str) -> Option<f64> {
    number::bytes(text)
}

/// Whether `unwrap` makes a number of a value; `conversion`: the name of the conversion, or nothing.
pub(crate) fn unwraps(conversion: &str, value: &str) -> bool {
    match conversion {
        "" => number::float(value).is_some(),
        "bytes" => number::bytes(value).is_some(),
        _ => number::duration(value).is_some(),
    }
}
