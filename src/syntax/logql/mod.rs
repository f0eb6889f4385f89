//! `LogQL`: every part of a query with its place.
//!
//! Knows: the whole language as Loki 3.7 reads it, and Grafana's placeholders in it (label-surface 1). Must not know:
//! which label moves where, nor whether a text really is `LogQL` (much of it reads as `PromQL`, too).
//!
//! [`read`] takes a query as it stands in a dashboard or rule, placeholders and all; [`read_strict`] takes exactly
//! what Loki takes. Both cut a text into parts that point at their bytes; nothing is printed back.
//!
//! Limits: expressions nest at most 128 deep, label filters and parentheses 512. A placeholder in the place of an operator or of a
//! keyword other than a function's name is not understood, nor is Jinja outside strings. `\p{…}` in the pattern of
//! `label_replace` takes the names it takes everywhere; Loki takes some more there.

mod ast;
mod check;
mod keyword;
mod lex;
mod mention;
mod number;
mod number_scan;
mod parse;
mod property;
mod query;
mod regex;
mod stage;
mod string;
#[cfg(test)]
mod tests;

pub use ast::{
    BinaryOp, Expr, ExprId, ExprKind, Extraction, Filter, FilterId, FilterKind, FilterOp, FilterValue, Format,
    FormatSource, Function, Grouping, LineOp, LineText, List, Log, LogId, MatchOp, Matcher, Matching, MatchingLabels,
    Name, Pick, Quote, Selector, Stage, StageKind, Text,
};
/// What is wrong with a selector in which no matcher demands anything.
pub const ASKS_NOTHING: &str = "a selector needs a matcher that does not match the empty value";

pub use mention::{Mention, Owner, Use};
pub use query::Query;
pub use string::{decoded, placeholders, quote, unquoted, within};

use crate::syntax::SyntaxError;

/// Reads a query as it stands in a dashboard or rule: Grafana's placeholders (`$x`, `${x:fmt}`, `[[x]]`) may stand
/// for a query, a name, a value, a number, a range, a matcher, a stage or the name of an aggregation.
///
/// # Errors
/// Where the text stops being a query, and what was expected there.
pub fn read(text: &str) -> Result<Query<'_>, SyntaxError> {
    parse::read(text, true)
}

/// Whether Go takes `pattern` as a regular expression.
pub fn is_regex(pattern: &str) -> bool {
    regex::facts(pattern).is_some()
}

/// Reads a query exactly as Loki does.
///
/// # Errors
/// Where the text stops being a query Loki accepts, and what was expected there.
pub fn read_strict(text: &str) -> Result<Query<'_>, SyntaxError> {
    parse::read(text, false)
}
