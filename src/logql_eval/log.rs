//! Log queries: lines as they are shown.
//!
//! Knows: which lines of which time are answered, and in which order. Must not know: metrics.

use std::collections::BTreeMap;

use super::answer::{Answer, Asked, Failure, Kind, Stream};
use super::hints::Hints;
use super::labels::{Entry, Labels};
use super::pipeline::Pipeline;
use crate::syntax::logql::{LogId, Query};

/// How far back an instant log query looks, in milliseconds.
const LOOKBACK: i64 = 30_000;

pub(super) fn evaluate(query: &Query<'_>, id: LogId, store: &[Stream], asked: &Asked) -> Result<Answer, Failure> {
    let pipeline = Pipeline::of(query, query.log(id), false)?;
    let hints = Hints::of_log();
    let start = if asked.kind == Kind::Instant { asked.end - LOOKBACK } else { asked.start };
    let mut found: Vec<(i64, Labels, String)> = Vec::new();
    for stream in pipeline.of_store(store) {
        let inside = |at: i64| (start <= at && at < asked.end) || (start == asked.end && at == start);
        for (at, line) in stream.lines.iter().filter(|(at, _)| inside(*at)) {
            let mut entry = Entry::new(&stream.labels);
            if let Some(line) = pipeline.run(&hints, *at * 1_000_000, line, &mut entry) {
                found.push((*at, entry.labels(), line));
            }
        }
    }
    if asked.forward {
        found.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
    } else {
        found.reverse();
        found.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    }
    found.truncate(asked.limit);
    let mut streams: BTreeMap<Labels, Vec<(i64, String)>> = BTreeMap::new();
    for (at, labels, line) in found {
        streams.entry(labels).or_default().push((at, line));
    }
    Ok(Answer::Streams(streams.into_iter().map(|(labels, lines)| Stream { labels, lines }).collect()))
}
