//! What the streams of a move hold: lines for every container, under the labels of before and of after.
//!
//! Knows: streams, shadows, how Loki names a service. Must not know: queries.

use std::collections::{BTreeMap, BTreeSet};

use migrate::plan::Move;
use migrate::topology::{Label, Stream as Known};

use crate::judge::{Entry, Stream};
use crate::random::Random;

use super::world::{STYLES, Style};

/// When the first line comes, in nanoseconds; all come within a minute.
pub(super) const START: i64 = 1_700_000_000_000_000_000;
pub(super) const SECOND: i64 = 1_000_000_000;

/// The labels Loki names a service by, in order, as far as anything here sets them.
const NAMED_BY: &[&str] = &["service", "container", "component", "job"];

/// What Loki holds.
pub(super) struct Sets {
    /// Before, without the shadows of the containers that move.
    pub(super) before: Vec<Stream>,
    pub(super) after: Vec<Stream>,
    /// Before, with those shadows, which count only where the stream they double is not selected.
    pub(super) shadowed: Vec<Stream>,
    /// After, had the streams that move kept their `job` beside their new labels; with their shadows.
    pub(super) kept: Vec<Stream>,
}

/// The streams before and after.
pub(super) fn sets(random: &mut Random, moved: &Move, style: Style, service_name: bool) -> Sets {
    let streams = &moved.streams;
    let mut count = 0;
    let lines: Vec<Vec<Entry>> = streams.after.iter().map(|_| lines(random, style, &mut count)).collect();
    let named: Vec<Labels> =
        streams.after.iter().enumerate().map(|(index, stream)| concrete(stream, index, service_name)).collect();
    let (mut before, mut shadowed) = (Store::default(), Store::default());
    let shadows = shadows(moved);
    let old: Vec<Labels> = streams
        .before
        .iter()
        .enumerate()
        .map(|(index, stream)| {
            let same = streams.image[index].iter().find(|&&to| streams.after[to].labels == stream.labels);
            same.map_or_else(|| concrete(stream, named.len() + index, service_name), |&to| named[to].clone())
        })
        .collect();
    for (index, labels) in old.iter().enumerate() {
        let image = &streams.image[index];
        let lines = || image.iter().flat_map(|&to| &lines[to]);
        if !shadows.contains(&index) {
            before.add(labels, lines(), Vec::new());
            shadowed.add(labels, lines(), Vec::new());
            continue;
        }
        let doubled = (0..old.len())
            .filter(|other| !shadows.contains(other) && streams.image[*other].iter().any(|to| image.contains(to)));
        shadowed.add(labels, lines(), doubled.map(|other| old[other].clone()).collect());
    }
    let (mut after, mut kept) = (Store::default(), Store::default());
    for (to, (labels, lines)) in named.iter().zip(&lines).enumerate() {
        after.add(labels, lines, Vec::new());
        let mut from = old.iter().enumerate().filter(|(index, _)| streams.image[*index].contains(&to));
        let job = from.find_map(|(_, labels)| labels.get("job"));
        let mut labels = labels.clone();
        labels.extend(job.map(|job| ("job".to_owned(), job.clone())));
        kept.add(&labels, lines, Vec::new());
        if job.is_some() && shadows.iter().any(|&index| streams.image[index].contains(&to)) {
            kept.add(&named[to], lines, vec![labels]);
        }
    }
    Sets { before: before.streams(), after: after.streams(), shadowed: shadowed.streams(), kept: kept.streams() }
}

/// Streams that exist before the move under their labels of afterwards: Docker keeps a copy of what a container sends
/// to syslog, and the socket is read already. They hold the lines of a stream with `job` once more.
fn shadows(moved: &Move) -> BTreeSet<usize> {
    let streams = &moved.streams;
    let renames = |index: usize| {
        let image = streams.image[index].iter();
        image.filter(move |&&to| streams.after[to].labels != streams.before[index].labels)
    };
    let renamed: BTreeSet<usize> = (0..streams.before.len()).flat_map(renames).copied().collect();
    let is_shadow =
        |index: &usize| streams.image[*index].iter().any(|to| renamed.contains(to)) && renames(*index).next().is_none();
    (0..streams.before.len()).filter(is_shadow).collect()
}

type Labels = BTreeMap<String, String>;

/// Streams with equal labels are one stream.
#[derive(Default)]
struct Store(BTreeMap<Labels, (BTreeMap<i64, String>, Vec<Labels>)>);

impl Store {
    fn add<'l>(&mut self, labels: &Labels, lines: impl IntoIterator<Item = &'l Entry>, doubles: Vec<Labels>) {
        let (all, doubled) = self.0.entry(labels.clone()).or_default();
        all.extend(lines.into_iter().map(|entry| (entry.at, entry.line.clone())));
        doubled.extend(doubles);
    }

    fn streams(self) -> Vec<Stream> {
        let index: BTreeMap<Labels, usize> = self.0.keys().cloned().zip(0..).collect();
        let streams = self.0.into_iter().map(|(labels, (lines, doubles))| Stream {
            labels,
            entries: lines.into_iter().map(|(at, line)| Entry { at, line }).collect(),
            doubles: doubles.iter().filter_map(|labels| index.get(labels).copied()).collect(),
        });
        streams.collect()
    }
}

/// The labels with a value for each that the repository does not tell, and the one Loki derives.
fn concrete(stream: &Known, index: usize, service_name: bool) -> Labels {
    let text = |name: &str| match stream.labels.get(name) {
        Some(Label::Known(value)) => value.clone(),
        _ => format!("unknown{index}"),
    };
    let value = |name: &str, label: &Label| match label {
        Label::Known(value) => value.clone(),
        Label::Unknown if name == "container" => format!("{}-{}-1", text("service"), text("component")),
        Label::Unknown => format!("unknown{index}"),
    };
    let mut labels: Labels = stream.labels.iter().map(|(name, label)| (name.clone(), value(name, label))).collect();
    if service_name && !labels.contains_key("service_name") {
        let name = NAMED_BY.iter().find_map(|name| labels.get(*name).filter(|value| !value.is_empty()));
        let name = name.cloned().unwrap_or_else(|| "unknown_service".to_owned());
        labels.insert("service_name".to_owned(), name);
    }
    labels
}

/// Values of fields begin like this, so that a result tells a field from a stream label of the same name.
pub(super) const FIELD: &str = "fld-";

fn lines(random: &mut Random, usual: Style, count: &mut i64) -> Vec<Entry> {
    let style = if random.percent(80) { usual } else { *random.pick(STYLES) };
    let clashing: Vec<&str> =
        ["job", "service", "component", "container"].into_iter().filter(|_| random.percent(20)).collect();
    (0..3 + random.below(9))
        .map(|_| {
            *count += 1;
            let at = START + (*count * 7_919 % 60_000) * (SECOND / 1_000) + *count;
            let level = random.word(&["info", "error", "warn", "debug"]);
            let message = random.word(&["request done", "request failed: timeout", "job started", "cache error"]);
            let mut fields = vec![
                ("id", format!("n{count}")),
                ("level", level.to_owned()),
                ("msg", message.to_owned()),
                ("status", random.word(&["200", "404", "500"]).to_owned()),
                ("took", format!("{}.{}", random.below(3), random.below(1000))),
                ("dur", format!("{}ms", 1 + random.below(900))),
                ("size", format!("{}KB", 1 + random.below(90))),
            ];
            fields.extend(clashing.iter().map(|name| (*name, format!("{FIELD}{name}{}", random.below(2)))));
            Entry { at, line: line(style, &fields) }
        })
        .collect()
}

fn line(style: Style, fields: &[(&str, String)]) -> String {
    let join = |parts: Vec<String>, by: &str| parts.join(by);
    match style {
        Style::Json => {
            let text = |value: &String| serde_json::to_string(value).unwrap_or_default();
            format!(
                "{{{}}}",
                join(fields.iter().map(|(name, value)| format!("\"{name}\":{}", text(value))).collect(), ",")
            )
        }
        Style::Logfmt => join(fields.iter().map(|(name, value)| format!("{name}={value:?}")).collect(), " "),
        Style::Plain => join(fields.iter().map(|(_, value)| value.clone()).collect(), " "),
    }
}
