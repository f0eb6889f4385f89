//! YAML inventories: groups with `hosts`, `children` and `vars`.
//!
//! Knows: the shape of Ansible's YAML inventory. Must not know: how YAML is read or what the variables are for.

use std::sync::Arc;

use crate::finding::{Finding, Level};
use crate::syntax::tree::Ref;
use crate::text::{Place, Source};
use crate::topology::values::Content;

use super::definition::{self, Layer, Owner};
use super::graph::Graph;
use super::ini;

/// How deep groups may stand in groups.
const DEEPEST_GROUP: usize = 64;

/// Reads the groups of `root` into `graph`. Says whether it is an inventory at all.
pub(super) fn read(source: &Arc<Source>, root: Ref<'_, '_>, graph: &mut Graph, findings: &mut Vec<Finding>) -> bool {
    let root = root.target();
    let plausible = root.is_mapping()
        && root.entry("plugin").is_none()
        && root.entries().all(|(name, group)| {
            let group = group.target();
            let parts = |(key, _): (Ref<'_, '_>, _)| matches!(key.str(), Some("hosts" | "children" | "vars"));
            name.str().is_some() && (group.is_null() || group.is_mapping() && group.entries().all(parts))
        });
    if !plausible {
        return false;
    }
    for (name, group) in root.entries() {
        if let Some(name) = name.str() {
            read_group(source, name, group.target(), graph, findings, 0);
        }
    }
    true
}

fn read_group(
    source: &Arc<Source>,
    name: &str,
    group: Ref<'_, '_>,
    graph: &mut Graph,
    findings: &mut Vec<Finding>,
    depth: usize,
) {
    graph.group(name);
    if depth > DEEPEST_GROUP {
        let message = "groups are nested too deep to follow";
        findings.push(Finding::new(Level::Review, "hosts/unreadable", message).at(Place::new(source, group.span())));
        return;
    }
    if let Some(vars) = group.get("vars") {
        let layer = if name == "all" { Layer::InventoryAll } else { Layer::InventoryGroup };
        let owner = Owner::Group(name.to_owned());
        for entry in definition::entries(source, vars, findings) {
            if entry.name == "ansible_group_priority" {
                let priority = match &entry.content {
                    Content::Plain(value) => value.as_i64().or_else(|| value.as_str()?.parse().ok()),
                    Content::Template(_) | Content::Opaque => None,
                };
                graph.group(name).priority = priority.unwrap_or(1);
            } else {
                graph.group(name).vars.push(entry.for_owner(&owner, layer));
            }
        }
    }
    if let Some(children) = group.get("children") {
        if let Some(child) = children.str().filter(|_| !children.is_null()) {
            graph.add_child(name, child);
        }
        for (child, inner) in children.entries() {
            let Some(child) = child.str() else { continue };
            read_group(source, child, inner.target(), graph, findings, depth + 1);
            graph.add_child(name, child);
        }
    }
    if let Some(hosts) = group.get("hosts") {
        read_hosts(source, name, hosts, graph, findings);
    }
}

fn read_hosts(source: &Arc<Source>, group: &str, hosts: Ref<'_, '_>, graph: &mut Graph, findings: &mut Vec<Finding>) {
    if let Some(host) = hosts.str().filter(|_| !hosts.is_null()) {
        graph.add_host(group, host);
    }
    for (pattern, vars) in hosts.entries() {
        let names = pattern.str().and_then(|pattern| ini::expand(ini::without_port(pattern)));
        let Some(names) = names else {
            let at = Place::new(source, pattern.span());
            findings.push(Finding::new(Level::Note, "hosts/unreadable", "this host pattern cannot be read").at(at));
            continue;
        };
        if !graph.may_unfold(names.len(), vars.target().entries().len()) {
            let message = "its ranges stand for more hosts and variables than are followed";
            let at = Place::new(source, pattern.span());
            findings.push(Finding::new(Level::Note, "hosts/unreadable", message).at(at));
            continue;
        }
        for name in names {
            graph.add_host(group, &name);
            let owner = Owner::Host(name.clone());
            let mut again = Vec::new();
            let entries = definition::entries(source, vars.target(), &mut again);
            let list = graph.hosts.entry(name).or_default();
            list.extend(entries.into_iter().map(|entry| entry.for_owner(&owner, Layer::InventoryHost)));
            findings.extend(again);
        }
    }
}
