//! Alloy configurations: the listener goes; where a host does not read the Docker socket yet, the blocks come.
//!
//! Knows: where listeners stand and what the Docker-socket blocks look like. Must not know: which service it is for
//! beyond the [`Move`]. Sources: label-surface 5.3, real-world A1 to A5, A13.

mod selectors;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::lines::{apart, owner, removable};
use super::{edit, place};
use crate::finding::{Finding, Level};
use crate::rewrite::Outcome;
use crate::rule;
use crate::syntax::jinja;
use crate::text::{Owner, Source, Span, Style, lines};
use crate::topology::alloy::{Config, LabelMap, Text};
use crate::topology::runs::{Host, Listener};
use crate::topology::{Move, Topology};

/// Removes the listeners nobody sends to any more.
pub fn rewrite(topology: &Topology, moved: &Move) -> Outcome {
    let host = &topology.hosts[moved.host_index];
    let mut out = Outcome::default();
    let mut components: BTreeMap<(String, usize), Vec<&Listener>> = BTreeMap::new();
    for &index in &moved.going {
        let listener = &host.listeners[index];
        let key = (listener.at.source.path.to_string(), listener.fact.component_at.start());
        components.entry(key).or_default().push(listener);
    }
    let fact = Some(place(&host.deployments[moved.deployment].file, Span::at(0)));
    let mut removals: Vec<(&Arc<Source>, Span, &'static str, String)> = Vec::new();
    for listeners in components.values() {
        let Some(first) = listeners.first() else { continue };
        let port = ports(listeners);
        if listeners.len() == first.fact.of {
            removals.push((&first.at.source, first.fact.component_at, "alloy/component-removed", port));
        } else {
            let each = |one: &&'_ Listener| one.fact.at;
            let spans = listeners.iter().map(each);
            removals.extend(spans.map(|at| (&first.at.source, at, "alloy/listener-removed", port.clone())));
        }
    }
    let ports: Vec<String> =
        moved.going.iter().filter_map(|&index| host.listeners[index].port).map(|port| port.to_string()).collect();
    let owner = owner(Style::Slashes, host, moved).called(ports.iter().map(String::as_str));
    for (source, at, id, port) in &removals {
        let going: Vec<Span> = removals.iter().filter(|one| one.0.path == source.path).map(|one| one.1).collect();
        let values = [("host", host.name.as_str()), ("port", port.as_str())];
        remove(&mut out, source, (*at, &owner.clone().with(&going)), id, &values, fact.as_ref());
    }
    apart(topology, &mut out.edits);
    lost_labels(host, moved, &mut out);
    selectors::rewrite(topology, moved, &mut out);
    out
}

/// Removes the syslog sources of the host's configurations that have no listener any more.
pub(super) fn idle(topology: &Topology, host: &Host) -> Outcome {
    let mut out = Outcome::default();
    for config in host.configs.iter().filter_map(|one| topology.alloy.get(one.config)) {
        for (component, at) in &config.idle {
            let values = [("component", component.as_str())];
            let going: Vec<Span> = config.idle.iter().map(|(_, at)| *at).collect();
            let owner = Owner::new(Style::Slashes).called(component.rsplit('.').next()).with(&going);
            remove(&mut out, &config.source, (*at, &owner), "alloy/idle-removed", &values, None);
        }
    }
    apart(topology, &mut out.edits);
    out
}

fn ports(listeners: &[&Listener]) -> String {
    let ports: Vec<String> =
        listeners.iter().filter_map(|listener| listener.port).map(|port| port.to_string()).collect();
    ports.join(", ")
}

fn remove(
    out: &mut Outcome,
    source: &Arc<Source>,
    (span, owner): (Span, &Owner),
    id: &'static str,
    values: &[(&str, &str)],
    fact: Option<&crate::text::Place>,
) {
    let Some(text) = source.text() else { return };
    let mask = jinja::mask_or_plain(text);
    match removable(text, &mask, span, owner) {
        Ok(span) => out.edits.push((source.path.clone(), edit(id, span, String::new(), values, fact.cloned()))),
        Err(tag) => {
            let tag_text = tag.of(text).trim();
            out.findings.push(Finding::told(
                Level::Blocked,
                "alloy/cut-jinja",
                &[("tag", tag_text)],
                Some(place(source, tag)),
            ));
        }
    }
}

/// Labels the listener set besides those every stream of the host has: queries that use them find nothing afterwards.
fn lost_labels(host: &Host, moved: &Move, out: &mut Outcome) {
    for &index in moved.going.iter().chain(&moved.staying) {
        let listener = &host.listeners[index];
        let LabelMap::Known(labels) = &listener.fact.labels else { continue };
        let made = listener.fact.set_by_rules().unwrap_or_default().into_iter().filter(|name| !name.starts_with("__"));
        let named = |name: &&str| !labels.iter().any(|(other, _)| other == name);
        let all = labels.iter().map(|(name, _)| name.as_str()).chain(made.filter(named));
        let lost: Vec<String> = all
            .filter(|name| !matches!(*name, "job" | "service" | "component" | "container"))
            .filter(|name| moved.images_of(listener).any(|stream| !stream.labels.contains_key(*name)))
            .map(|name| format!("`{name}`"))
            .collect();
        if !lost.is_empty() {
            let at = Some(listener.at.clone());
            out.findings.push(Finding::told(Level::Review, "alloy/labels-lost", &[("labels", &lost.join(", "))], at));
        }
    }
}

/// Adds the Docker-socket blocks to a host that does not have them; nothing when it has.
pub fn add_blocks(topology: &Topology, moved: &Move) -> Outcome {
    let host = &topology.hosts[moved.host_index];
    let mut out = Outcome::default();
    if host.socket(&topology.alloy).is_some() {
        return out;
    }
    let Some(config) =
        host.configs.iter().filter_map(|one| topology.alloy.get(one.config)).find(|one| !one.listeners.is_empty())
    else {
        return out;
    };
    let Some(text) = config.source.text() else { return out };
    let Some(last) = config.listeners.last() else { return out };
    // Behind any block of the template that holds the listener on some hosts only.
    let mask = jinja::mask_or_plain(text);
    let arm = mask.arms_at(last.component_at.end()).first().map(|arm| mask.blocks()[arm.block].span.end());
    let at = lines::next_line(text, arm.unwrap_or(last.component_at.end()));
    let eol = lines::eol(text);
    let body = blocks(config, &receivers(host, moved)).replace('\n', eol);
    let new =
        if text[..at].ends_with('\n') { format!("{eol}{body}") } else { format!("{eol}{eol}{}", body.trim_end()) };
    let values = [("host", host.name.as_str()), ("service", moved.service.as_str())];
    let fact = Some(config.place(last.at));
    out.edits.push((config.source.path.clone(), edit("alloy/blocks-added", Span::at(at), new, &values, fact)));
    out
}

/// Where the listeners that lose a sender feed their lines: the Docker-socket block must feed the same (real-world A7).
fn receivers(host: &Host, moved: &Move) -> String {
    let mut paths: Vec<&str> = Vec::new();
    for &index in moved.going.iter().chain(&moved.staying) {
        for feed in host.listeners[index].fact.feeds.iter().flatten() {
            if !paths.contains(&feed.path.as_str()) {
                paths.push(&feed.path);
            }
        }
    }
    paths.join(", ")
}

/// The blocks, in the indentation of the file, with the labels that the host's listeners share.
fn blocks(config: &Config, receiver: &str) -> String {
    let text = config.source.text().unwrap_or_default();
    let shared = shared_labels(config);
    let width = shared.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let labels: Vec<String> =
        shared.iter().map(|(name, value)| format!("    {name:width$} = {},", value.at.of(text))).collect();
    let labels = labels.join("\n");
    let name = ["containers", "docker_containers", "compose_containers"]
        .into_iter()
        .find(|name| !config.components.iter().any(|have| have.ends_with(&format!(".{name}"))))
        .unwrap_or("docker_socket_containers");
    let mut blocks =
        rule::text("alloy/socket-blocks", &[("labels", labels.as_str()), ("receiver", receiver), ("name", name)]);
    if labels.is_empty() {
        blocks = blocks.replace("  labels     = {\n\n  }\n", "");
    }
    match config.listeners.last().map_or("", |listener| lines::indent(text, listener.at.start())) {
        "" | "  " => blocks,
        unit => blocks.lines().map(|line| reindent(line, unit) + "\n").collect(),
    }
}

/// Labels with the same text in every listener of the file, the `job` aside: they say where, not what.
fn shared_labels(config: &Config) -> Vec<(String, Text)> {
    let mut maps = config.listeners.iter().filter_map(|listener| match &listener.labels {
        LabelMap::Known(labels) => Some(labels),
        LabelMap::Computed(_) => None,
    });
    let Some(first) = maps.next() else { return Vec::new() };
    let mut shared: Vec<(String, Text)> = first
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "job" | "service" | "component" | "container"))
        .cloned()
        .collect();
    for labels in maps {
        shared.retain(|(name, value)| labels.iter().any(|(other, text)| other == name && text.raw == value.raw));
    }
    if config.listeners.len() == 1 {
        shared.retain(|(name, _)| matches!(name.as_str(), "hostname" | "host" | "instance" | "environment" | "env"));
    }
    shared
}

/// A line of the embedded text, written with two blanks a step, in another indentation.
fn reindent(line: &str, unit: &str) -> String {
    let body = line.trim_start_matches(' ');
    format!("{}{body}", unit.repeat((line.len() - body.len()) / 2))
}
