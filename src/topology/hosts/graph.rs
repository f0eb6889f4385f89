//! Groups, their children and hosts, as one set of inventory sources defines them.
//!
//! Knows: how Ansible nests and orders groups. Must not know: file formats, variable files.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
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
    /// Hosts and variables that ranges stood for so far.
    unfolded: usize,
}

/// How many hosts, with the variables written beside them, the ranges of one inventory may stand for.
const MOST_UNFOLDED: usize = 50_000;

impl Graph {
    /// The group, made if it is new.
    pub(super) fn group(&mut self, name: &str) -> &mut Group {
        self.groups.entry(name.to_owned()).or_default()
    }

    /// Whether a range for so many hosts, each with so many variables, is followed beside those before it.
    pub(super) fn may_unfold(&mut self, hosts: usize, variables: usize) -> bool {
        let more = if hosts > 1 { hosts.saturating_mul(variables + 1) } else { 0 };
        let all = self.unfolded.saturating_add(more);
        let few = all <= MOST_UNFOLDED;
        if few {
            self.unfolded = all;
        }
        few
    }

    /// Puts `host` into `group`.
    pub(super) fn add_host(&mut self, group: &str, host: &str) {
        self.hosts.entry(host.to_owned()).or_default();
        self.group(group).hosts.push(host.to_owned());
    }

    /// Puts `child` below `group`.
    pub(super) fn add_child(&mut self, group: &str, child: &str) {
        self.group(child);
        if group != child {
            self.group(group).children.push(child.to_owned());
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
        for group in self.groups.values_mut() {
            let (mut children, mut hosts) = (HashSet::new(), HashSet::new());
            group.children.retain(|child| children.insert(child.clone()));
            group.hosts.retain(|host| hosts.insert(host.clone()));
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

    /// Longest way from `all`. In a loop of groups, the first that is met counts as the top.
    fn set_depths(&mut self) {
        let mut parents: BTreeMap<String, usize> = self.groups.keys().map(|name| (name.clone(), 0)).collect();
        for child in self.groups.values().flat_map(|group| &group.children) {
            *parents.entry(child.clone()).or_default() += 1;
        }
        let mut next: Vec<String> =
            parents.iter().filter(|(_, count)| **count == 0).map(|(name, _)| name.clone()).collect();
        loop {
            let Some(name) = next.pop().or_else(|| parents.keys().next().cloned()) else { return };
            if parents.remove(&name).is_none() {
                continue;
            }
            let (depth, children) =
                self.groups.get(&name).map_or((0, Vec::new()), |group| (group.depth, group.children.clone()));
            for child in children {
                if let Some(open) = parents.get_mut(&child) {
                    *open -= 1;
                    if *open == 0 {
                        next.push(child.clone());
                    }
                    let group = self.group(&child);
                    group.depth = group.depth.max(depth + 1);
                }
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

    /// Which host is in which group, through the groups below it too; `None` when that is too much to be told.
    pub(super) fn memberships(&self) -> Option<Memberships> {
        let names: Vec<&String> = self.groups.keys().collect();
        let ids: HashMap<&String, usize> = names.iter().enumerate().map(|(id, name)| (*name, id)).collect();
        let groups: Vec<&Group> = self.groups.values().collect();
        let children: Vec<Vec<usize>> = groups
            .iter()
            .map(|group| group.children.iter().filter_map(|child| ids.get(child).copied()).collect())
            .collect();
        let mut out = Memberships::default();
        let mut of_hosts: BTreeMap<&String, Vec<usize>> = self.hosts.keys().map(|host| (host, Vec::new())).collect();
        let (mut entered, mut steps, mut count) = (vec![usize::MAX; names.len()], 0_usize, 0_usize);
        for top in 0..names.len() {
            let (mut below, mut at) = (vec![top], 0);
            entered[top] = top;
            let (mut seen, mut members) = (HashSet::new(), Vec::new());
            while let Some(&id) = below.get(at) {
                at += 1;
                steps += 1 + children[id].len() + groups[id].hosts.len();
                if steps > MOST_STEPS || count > MOST_MEMBERSHIPS {
                    return None;
                }
                for &child in &children[id] {
                    if entered[child] != top {
                        entered[child] = top;
                        below.push(child);
                    }
                }
                for host in groups[id].hosts.iter().filter(|host| seen.insert(*host)) {
                    count += 1;
                    members.push(host.clone());
                    if names[top] != "all" {
                        of_hosts.entry(host).or_default().push(top);
                    }
                }
            }
            out.members.insert(names[top].clone(), members);
        }
        for (host, mut ids) in of_hosts {
            ids.sort_by_key(|&id| (groups[id].depth, groups[id].priority, id));
            out.groups.insert(host.clone(), ids.into_iter().map(|id| names[id].clone()).collect());
        }
        Some(out)
    }
}

/// Which host is in which group.
#[derive(Debug, Default)]
pub(super) struct Memberships {
    /// For every host the groups it is in, lowest precedence first, without `all`.
    pub(super) groups: BTreeMap<String, Vec<String>>,
    /// For every group its hosts and those of all below it.
    pub(super) members: BTreeMap<String, Vec<String>>,
}

/// Pairs of a host and a group that one inventory may make.
const MOST_MEMBERSHIPS: usize = 1_000_000;
/// Ways from group to group, and from group to host, that are gone for them.
const MOST_STEPS: usize = 20_000_000;
