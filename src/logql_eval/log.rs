//! Log queries: lines as they are shown.
//!
//! Knows: which lines of which time are answered, and in which order. Must not know: metrics.

use std::collections::BTreeMap;

use super::answer::{Answer, Asked, Kind, Stream};
use super::hints::Hints;
use super::labels::{Entry, Labels};
use super::pipeline::Pipeline;

/// How far back an instant log query looks, in milliseconds.
const LOOKBACK: i64 = 30_000;

/// A line as it is shown: its time in milliseconds, its labels, its text.
pub(super) type Line = (i64, Labels, String);

/// The lines of a stream that pass, of whatever time.
pub(super) fn read(pipeline: &Pipeline, hints: &Hints, stream: &Stream) -> Vec<Line> {
    if !pipeline.takes(stream) {
        return Vec::new();
    }
    let shown = |(at, line): &(i64, String)| {
        let mut entry = Entry::new(&stream.labels);
        let line = pipeline.run(hints, *at * 1_000_000, line, &mut entry)?;
        Some((*at, entry.labels(), line))
    };
    stream.lines.iter().filter_map(shown).collect()
}

/// The answer that these lines give, in order of their streams.
pub(super) fn answer<'l>(lines: impl Iterator<Item = &'l Line>, asked: &Asked) -> Answer {
    let start = if asked.kind == Kind::Instant { asked.end - LOOKBACK } else { asked.start };
    let inside = |at: i64| (start <= at && at < asked.end) || (start == asked.end && at == start);
    let mut found: Vec<&Line> = lines.filter(|line| inside(line.0)).collect();
    if asked.forward {
        found.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
    } else {
        found.reverse();
        found.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    }
    found.truncate(asked.limit);
    let mut streams: BTreeMap<&Labels, Vec<(i64, String)>> = BTreeMap::new();
    for (at, labels, line) in found {
        streams.entry(labels).or_default().push((*at, line.clone()));
    }
    let stream = |(labels, lines): (&Labels, _)| Stream { labels: labels.clone(), lines };
    Answer::Streams(streams.into_iter().map(stream).collect())
}
