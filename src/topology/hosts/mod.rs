//! Hosts and their variables: who they are, which definition is in force, and where each stands.
//!
//! Knows: inventories, `group_vars`, `host_vars`, role defaults and Ansible's order among them. Must not know: plays
//! and their `vars`, listeners, projects, or how anything is changed.

mod definition;
mod graph;
mod ini;
mod layout;
mod load;
mod pattern;
mod readers;
mod scalar;
mod sources;
mod yaml_inventory;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::finding::Finding;
use crate::snapshot::Snapshot;
use crate::text::RepoPath;
use crate::topology::values::{self, Frame, Resolved, Unresolved, World};

pub(super) use definition::value_of;
pub use definition::{Definition, Layer, Owner};
pub use pattern::HostNotFound;
pub use readers::{Reader, Use, readers_of};

/// A file of variables that counts for a host and cannot be read: it may define anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpaqueFile {
    /// The file.
    pub path: RepoPath,
    /// Why: "is encrypted", "is no readable YAML" …
    pub why: String,
}

/// One Ansible host.
#[derive(Clone, Debug)]
pub struct Host {
    /// `inventory_hostname`.
    pub name: String,
    /// Its groups, lowest precedence first, without `all`.
    pub groups: Vec<String>,
    /// Files that count for it and cannot be read.
    pub opaque_files: Vec<OpaqueFile>,
    /// The defaults of roles: thousands, the same for every host.
    defaults: Arc<[Arc<Definition>]>,
    /// What stands above them.
    own: Vec<Arc<Definition>>,
    world: Arc<World>,
}

impl Host {
    /// `inventory_hostname_short`: the name up to its first dot.
    pub fn short(&self) -> &str {
        self.name.split('.').next().unwrap_or(&self.name)
    }

    /// Every definition that counts for it, lowest precedence first.
    pub fn definitions(&self) -> impl DoubleEndedIterator<Item = &Arc<Definition>> {
        self.defaults.iter().chain(&self.own)
    }

    /// How many definitions in front it has in common with `other`, which has the very same there.
    pub fn in_common(&self, other: &Self) -> usize {
        if Arc::ptr_eq(&self.defaults, &other.defaults) { self.defaults.len() } else { 0 }
    }

    /// The definition of `name` in force.
    pub fn definition(&self, name: &str) -> Option<&Arc<Definition>> {
        self.definitions_of(name).next_back()
    }

    /// Every definition of `name` that counts for this host, lowest precedence first.
    pub fn definitions_of(&self, name: &str) -> impl DoubleEndedIterator<Item = &Arc<Definition>> {
        self.definitions().filter(move |definition| definition.name == name)
    }

    /// Its variables in force: the same object as long as none of them is another.
    pub fn scope(&self) -> Option<&Arc<values::Scope>> {
        self.world.hosts.get(&self.name)
    }

    /// Whether a definition that is not in [`Host::definitions`] may exist.
    pub fn may_hide_variables(&self) -> bool {
        !self.opaque_files.is_empty()
    }

    /// Evaluates a text with Jinja in it over this host's variables within `frame`.
    ///
    /// # Errors
    /// The first thing that stands in the way; never an empty text for something undefined.
    pub fn resolve(&self, template: &str, frame: &Arc<Frame>) -> Result<Resolved, Unresolved> {
        values::evaluate(&self.world, &self.name, template, frame)
    }
}

/// All hosts of a repository.
#[derive(Debug, Default)]
pub struct Inventory {
    hosts: BTreeMap<String, Host>,
    worlds: Vec<Arc<World>>,
    findings: Vec<Finding>,
    defaults: Defaults,
    /// Files of variables, to be taken over where they are still the same.
    read: load::VarsFiles,
    layout: Arc<layout::Layout>,
}

/// The defaults of all roles.
#[derive(Clone, Debug, Default)]
struct Defaults {
    list: Arc<[Arc<Definition>]>,
    /// The one in force of each name.
    by_name: Arc<values::Defaults>,
}

impl Defaults {
    /// Whether both are one object.
    fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.list, &other.list)
    }

    /// These definitions; the same object as `known` where they are the very same.
    fn of(list: &[Arc<Definition>], known: &Self) -> Self {
        let mut pairs = list.iter().zip(known.list.iter());
        if list.len() == known.list.len() && pairs.all(|(one, other)| Arc::ptr_eq(one, other)) {
            return known.clone();
        }
        Self { list: list.into(), by_name: Arc::new(load::by_name(list)) }
    }
}

impl Inventory {
    /// Reads inventories and variable files of `snapshot`.
    pub fn of(snapshot: &Snapshot) -> Self {
        Self::again(snapshot, &Self::default())
    }

    /// The same; what `known` says of a file that is still the same object is taken over.
    pub fn again(snapshot: &Snapshot, known: &Self) -> Self {
        let found = load::load(snapshot, false, known);
        if found.hosts.is_empty() { load::load(snapshot, true, known) } else { found }
    }

    /// Every host, by name.
    pub fn hosts(&self) -> impl ExactSizeIterator<Item = &Host> {
        self.hosts.values()
    }

    /// The defaults that a file sees which no task is seen to write: those of its own role, and below them those of all.
    pub fn defaults_beside(&self, path: &RepoPath) -> Vec<Arc<values::Defaults>> {
        let mut out = vec![Arc::clone(&self.defaults.by_name)];
        if let Some(role) = ["/templates/", "/files/"].iter().find_map(|kind| path.as_str().split_once(kind)) {
            let folder = format!("{}/defaults/", role.0);
            let own = self.defaults.list.iter().filter(|one| one.entry.source.path.as_str().starts_with(&folder));
            out.push(Arc::new(own.map(|one| (one.name.clone(), one.content.clone())).collect()));
        }
        out
    }

    /// Every definition of a variable for some group or host, each once, by its place.
    pub fn definitions_of(&self, name: &str) -> Vec<&Arc<Definition>> {
        let own = self.hosts.values().flat_map(|host| &host.own);
        let mut all: Vec<_> = own.filter(|definition| definition.name == name).collect();
        let at = |one: &&Arc<Definition>| (one.entry.source.path.clone(), one.entry.span.start());
        all.sort_by_key(at);
        all.dedup_by_key(|one| at(&&**one));
        all
    }

    /// The host of exactly this name.
    pub fn get(&self, name: &str) -> Option<&Host> {
        self.hosts.get(name)
    }

    /// What was odd in the files: duplicate keys, shadowed and unreadable files, hosts in no inventory.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The host the user means: exactly this name, else the one whose name begins with it up to a dot.
    ///
    /// # Errors
    /// [`HostNotFound`] with the hosts it may have been.
    pub fn find(&self, asked: &str) -> Result<&Host, HostNotFound> {
        pattern::find(&self.hosts, asked)
    }

    /// Whether both have the same hosts in the same groups, and the same defaults of roles.
    pub fn same_hosts(&self, other: &Self) -> bool {
        let named = |(one, other): (&Host, &Host)| one.name == other.name && one.groups == other.groups;
        let groups = |(one, other): (&Arc<World>, &Arc<World>)| one.groups == other.groups;
        self.defaults.same(&other.defaults)
            && self.worlds.len() == other.worlds.len()
            && self.worlds.iter().zip(&other.worlds).all(groups)
            && self.hosts.len() == other.hosts.len()
            && self.hosts.values().zip(other.hosts.values()).all(named)
    }

    /// The hosts of a play's `hosts:` with a template in it, in name order. There is no host yet when Ansible fills it in:
    /// it knows groups and the variables of all hosts, but no host's own.
    pub fn hosts_filled(&self, pattern: &str) -> Vec<&Host> {
        let frame = Arc::new(Frame { above: Vec::new(), below: Some(Vec::new()) });
        let names = self.worlds.iter().filter_map(|world| {
            let found = values::evaluate(world, "", pattern, &frame).ok()?;
            // A list of names is as good as a pattern.
            let listed = found.value.try_iter().ok().filter(|_| found.value.as_str().is_none());
            let text =
                listed.map_or(found.text, |names| names.map(|name| name.to_string()).collect::<Vec<_>>().join(","));
            pattern::select(std::slice::from_ref(world), &text)
        });
        let names: BTreeSet<String> = names.flatten().collect();
        names.iter().filter_map(|name| self.hosts.get(name)).collect()
    }

    /// The hosts of a play's `hosts:`, in name order; nothing when it is a template.
    pub fn hosts_of(&self, pattern: &str) -> Option<Vec<&Host>> {
        let names = pattern::select(&self.worlds, pattern)?;
        Some(names.iter().filter_map(|name| self.hosts.get(name)).collect())
    }
}

#[cfg(test)]
mod tests;
