//! The way of the log lines of one service, before and after, as two pictures.
//!
//! Knows: container, listener or Docker socket, Loki, what queries it. Must not know: how boxes are drawn.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{Move, Plan};
use crate::proof;
use crate::topology::Stream;

use super::super::review::number;
use super::super::summary;
use super::drawing::{Kind, Node, draw};
use super::markup::Markup;

/// Streams and files named in a picture; the others are counted.
const MOST: usize = 6;

/// Both pictures. `id` is the number of the plan on the page.
pub(super) fn pictures(out: &mut Markup, id: usize, plan: &Plan, moved: &Move) {
    let (before, after) = streams(moved);
    let queries = queries(plan);
    out.raw("<div class=\"routes\">\n");
    let sides = [("b", "Before", true, &before), ("a", "After", false, &after)];
    for (side, word, is_before, streams) in sides {
        let nodes = if is_before { today(moved, streams, &queries) } else { then(moved, streams, &queries) };
        out.raw("<figure><figcaption>").raw(word).raw("</figcaption>\n");
        let title = format!("The way of the log lines of {} {} the move", moved.service, word.to_lowercase());
        draw(out, (id, side), &title, &described(moved, is_before, streams, &queries), &nodes);
        out.raw("</figure>\n");
    }
    out.raw("</div>\n");
}

/// The streams of what moves, before and after.
fn streams(moved: &Move) -> (Vec<String>, Vec<String>) {
    let of = |stream: &Stream| proof::stream(stream);
    let is_ours = |stream: &Stream| {
        stream.at.as_ref().is_some_and(|at| {
            moved.listeners.iter().any(|one| one.span == at.span && one.source.path == at.source.path)
        })
    };
    let all = &moved.streams;
    let ours: Vec<usize> = (0..all.before.len()).filter(|&index| is_ours(&all.before[index])).collect();
    let images: BTreeSet<usize> = ours.iter().filter_map(|&index| all.image.get(index)).flatten().copied().collect();
    let before: BTreeSet<String> = ours.iter().map(|&index| of(&all.before[index])).collect();
    let after: BTreeSet<String> = images.iter().filter_map(|&index| all.after.get(index)).map(of).collect();
    if before.is_empty() || after.is_empty() {
        let labels = |component: &String| format!("{{service=\"{}\", component=\"{component}\"}}", moved.project);
        let jobs = moved.jobs.iter().map(|job| format!("{{job=\"{job}\"}}"));
        return (jobs.collect(), moved.components.iter().map(labels).collect());
    }
    (before.into_iter().collect(), after.into_iter().collect())
}

/// Files with rewritten queries, each with how many.
fn queries(plan: &Plan) -> BTreeMap<String, usize> {
    let mut out = BTreeMap::new();
    for query in plan.queries.iter().filter(|query| query.before != query.after) {
        *out.entry(query.at.source.path.name().to_owned()).or_default() += 1;
    }
    out
}

fn today(moved: &Move, streams: &[String], queries: &BTreeMap<String, usize>) -> Vec<Node> {
    let listeners = moved.listeners.iter().map(place).collect();
    let going = moved.staying.is_empty();
    let title = if going { "Alloy, syslog listener: goes" } else { "Alloy, syslog listener: stays for others" };
    let kind = if going { Kind::Goes } else { Kind::Stays };
    let mut inner = containers(moved);
    inner.push(Node::Arrow("syslog driver".into()));
    inner.push(Node::Box { title: title.into(), lines: listeners, kind });
    if !moved.streams.copies.is_empty() {
        // Beside the way that goes, not on it.
        inner.push(Node::Gap);
        inner.push(Node::Box {
            title: "Alloy, Docker socket: the same lines again".into(),
            lines: vec!["this host reads it already, so Loki has".into(), "them under the new labels as well".into()],
            kind: Kind::Stays,
        });
    }
    let mut out = vec![Node::Frame(moved.host.clone(), inner)];
    out.extend(reading(streams, Kind::Goes, queries));
    out
}

fn then(moved: &Move, streams: &[String], queries: &BTreeMap<String, usize>) -> Vec<Node> {
    let mut inner = containers(moved);
    inner.push(Node::Arrow("Docker's own log files".into()));
    inner.push(Node::Box {
        title: "Alloy, Docker socket".into(),
        lines: vec!["/var/run/docker.sock".into()],
        kind: if moved.streams.copies.is_empty() { Kind::Comes } else { Kind::Stays },
    });
    let mut out = vec![Node::Frame(moved.host.clone(), inner)];
    out.extend(reading(streams, Kind::Comes, queries));
    out
}

fn containers(moved: &Move) -> Vec<Node> {
    let mut lines = vec![moved.components.join(", ")];
    if !moved.siblings.is_empty() {
        lines.push(format!("not moved: {}", moved.siblings.join(", ")));
    }
    let title =
        format!("{}, project {}", if moved.components.len() == 1 { "Container" } else { "Containers" }, moved.project);
    vec![Node::Box { title, lines, kind: Kind::Stays }]
}

fn reading(streams: &[String], kind: Kind, queries: &BTreeMap<String, usize>) -> Vec<Node> {
    let mut lines: Vec<String> = streams.iter().take(MOST).cloned().collect();
    if let Some(more @ 1..) = streams.len().checked_sub(MOST) {
        lines.push(format!("and {more} more"));
    }
    let title = format!("Loki, {}", number(streams.len(), "stream", "streams"));
    let mut out = vec![Node::Arrow("pushed".into()), Node::Box { title, lines, kind }];
    if !queries.is_empty() {
        let count: usize = queries.values().sum();
        let mut lines: Vec<String> =
            queries.iter().take(MOST).map(|(name, count)| format!("{name}: {count}")).collect();
        if let Some(more @ 1..) = queries.len().checked_sub(MOST) {
            lines.push(format!("and {}", number(more, "more file", "more files")));
        }
        out.push(Node::Arrow("queried by".into()));
        let title = format!("Dashboards and rules, {}", number(count, "rewritten query", "rewritten queries"));
        out.push(Node::Box { title, lines, kind: Kind::Stays });
    }
    out
}

fn place(at: &crate::text::Place) -> String {
    summary::place(at)
}

/// The picture in words.
fn described(moved: &Move, is_before: bool, streams: &[String], queries: &BTreeMap<String, usize>) -> String {
    let listeners = moved.listeners.iter().map(place).collect::<Vec<_>>().join(" and ");
    let way = if is_before {
        format!("log through Docker's syslog driver to the listener at {listeners}")
    } else {
        "log to Docker's own files, which Alloy reads through the Docker socket".to_owned()
    };
    let queried = match queries.len() {
        0 => String::new(),
        files => format!(" Queries in {} ask for them.", number(files, "file", "files")),
    };
    format!(
        "On {} the containers {} of the project {} {way}. Alloy pushes the lines to Loki as {}.{queried}",
        moved.host,
        moved.components.join(", "),
        moved.project,
        streams.join(" and ")
    )
}
