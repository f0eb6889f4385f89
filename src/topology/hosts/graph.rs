//! Groups, their children and hosts, as one set of inventory sources defines them.
//!
//! Knows: how Ansible nests and orders groups. Must not know: file formats, variable files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::definition::Definition;

/// A group of one inventory.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub(super) children: Vec<String>,
    pub(super) hosts: Vec<String>,
    pub(super) vars: Vec<Arc<Definition>>,
    pub(super) priority: i64,
    pub(super) depth: usize,
}

/// All groups and hosts of one inventory.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) groups: BTreeMap<String, Group>,
    pub(super) hosts: BTreeMap<String, Vec<Arc<Definition>>>,
}

impl Graph {
    /// The group, made if it is new.
    pub(super) fn group(&mut self, name: &str) -> &mut Group {
        self.groups.entry(name.to_owned()).or_default()
    }

    /// Puts `host` into `group`.
    pub(super) fn add_host(&mut self, group: &str, host: &str) {
        self.hosts.entry(host.to_owned()).or_default();
        let hosts = &mut self.group(group).hosts;
        if !hosts.iter().any(|have| have == host) {
            hosts.push(host.to_owned());
        }
    }

    /// Puts `child` below `group`.
    pub(super) fn add_child(&mut self, group: &str, child: &str) {
        self.group(child);
        let children = &mut self.group(group).children;
        if group != child && !children.iter().any(|have| have == child) {
            children.push(child.to_owned());
        }
    }

    /// Hangs loose groups below `all`, loose hosts into `ungrouped`, and sets the depths: the longest way from `all`.
    pub(super) fn finish(&mut self) {
        self.group("all");
        self.group("ungrouped");
        self.settle_hosts();
        let below: BTreeSet<String> = self.descendants("all").into_iter().collect();
        // Only groups nobody holds are hung below `all`, then those of loops among the rest.
        let held: BTreeSet<String> = self.groups.values().flat_map(|group| group.children.iter().cloned()).collect();
        let names: Vec<String> = self.groups.keys().cloned().collect();
        for name in names.iter().filter(|name| !below.contains(*name) && !held.contains(*name)) {
            self.add_child("all", name);
        }
        let below: BTreeSet<String> = self.descendants("all").into_iter().collect();
        for name in names.iter().filter(|name| !below.contains(*name)) {
            self.add_child("all", name);
        }
        self.set_depths();
    }

    /// A host is in `ungrouped` exactly when no group but `all` has it.
    fn settle_hosts(&mut self) {
        let grouped: BTreeSet<String> = self
            .groups
            .iter()
            .filter(|(name, _)| *name != "all" && *name != "ungrouped")
            .flat_map(|(_, group)| group.hosts.iter().cloned())
            .collect();
        let loose: Vec<String> = self.hosts.keys().filter(|host| !grouped.contains(*host)).cloned().collect();
        self.group("ungrouped").hosts.retain(|host| !grouped.contains(host));
        for host in loose {
            self.add_host("ungrouped", &host);
        }
    }

    /// Longest way from `all`, in rounds; a loop of groups stops after as many rounds as there are groups.
    fn set_depths(&mut self) {
        for _ in 0..=self.groups.len().min(1_000) {
            let mut deeper: Vec<(String, usize)> = Vec::new();
            for group in self.groups.values() {
                let depth = group.depth + 1;
                let low =
                    group.children.iter().filter(|child| self.groups.get(*child).is_some_and(|g| g.depth < depth));
                deeper.extend(low.map(|child| (child.clone(), depth)));
            }
            if deeper.is_empty() {
                return;
            }
            for (name, depth) in deeper {
                let group = self.group(&name);
                group.depth = group.depth.max(depth);
            }
        }
    }

    /// The group and all below it, each once.
    pub(super) fn descendants(&self, name: &str) -> Vec<String> {
        let mut seen = BTreeSet::from([name.to_owned()]);
        let mut out = vec![name.to_owned()];
        let mut at = 0;
        while let Some(next) = out.get(at).cloned() {
            at += 1;
            for child in self.groups.get(&next).map_or(&[][..], |group| &group.children) {
                if seen.insert(child.clone()) {
                    out.push(child.clone());
                }
            }
        }
        out
    }

    /// Hosts of the group and of all below it.
    pub(super) fn members(&self, name: &str) -> Vec<String> {
        let mut seen = BTreeSet::new();
        self.descendants(name)
            .iter()
            .filter_map(|group| self.groups.get(group))
            .flat_map(|group| group.hosts.iter())
            .filter(|host| seen.insert((*host).clone()))
            .cloned()
            .collect()
    }

    /// For every host the groups it is in, lowest precedence first, without `all`.
    pub(super) fn groups_of_hosts(&self) -> BTreeMap<String, Vec<String>> {
        let mut out: BTreeMap<String, Vec<&String>> =
            self.hosts.keys().map(|host| (host.clone(), Vec::new())).collect();
        for name in self.groups.keys().filter(|name| *name != "all") {
            for host in self.members(name) {
                out.entry(host).or_default().push(name);
            }
        }
        let rank = |name: &String| self.groups.get(name).map_or((0, 0), |group| (group.depth, group.priority));
        out.into_iter()
            .map(|(host, mut groups)| {
                groups.sort_by(|a, b| (rank(a), *a).cmp(&(rank(b), *b)));
                (host, groups.into_iter().cloned().collect())
            })
            .collect()
    }
}
