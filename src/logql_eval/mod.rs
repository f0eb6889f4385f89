//! What a `LogQL` query answers on streams that are known line by line.
//!
//! Knows: matchers, stages, ranges, aggregations and operators as Loki's engine runs them, its order of effects included
//! (a filter inside a parser, a line filter that moves to the front). Must not know: where streams or queries come
//! from, or what moves where.
//!
//! [`evaluate`] takes a query that was read and the lines of a store; what comes back is what Loki answers, but for these:
//! `__error_details__` is left out of all labels; labels that a server adds on its way in (`service_name`,
//! `detected_level`) are there only where the store has them; of series that are equal for `topk`, the first by labels stays.
//! Limits: what is not supported is an [`Failure::Unsupported`] that names the construct, never a guess.

#![expect(clippy::cast_precision_loss, clippy::cast_sign_loss, clippy::float_cmp, reason = "numbers are f64 for Loki")]

mod answer;
mod binary;
mod fields;
mod hints;
mod ip;
mod labels;
mod log;
mod metric;
mod number;
mod pattern;
mod pipeline;
pub(crate) mod probe;
mod range;
mod ready;
mod regex;
mod select;
mod series;
mod simplify;
mod stage;
mod template;
mod text_filter;
mod vector;

#[cfg(test)]
mod tests;

pub use answer::{Answer, Asked, Failure, Kind, Sample, Series, Stream};
pub use labels::Labels;
pub use ready::{Part, Ready};
pub use select::{Selection, window};

use crate::syntax::logql::Query;

/// What `query` answers on `store`.
///
/// # Errors
/// What Loki answers with an error, by its class, and what is not supported.
pub fn evaluate(query: &Query<'_>, store: &[Stream], asked: &Asked) -> Result<Answer, Failure> {
    let ready = Ready::of(query)?;
    let parts: Vec<Part> = store.iter().map(|stream| ready.read(stream)).collect();
    ready.answer(&parts.iter().collect::<Vec<_>>(), asked)
}
