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

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::Value;

use crate::finding::Finding;
use crate::snapshot::Snapshot;
use crate::text::RepoPath;
use crate::topology::values::{self, Resolved, Unresolved, World};

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
    /// Every definition that counts for it, lowest precedence first.
    pub definitions: Vec<Arc<Definition>>,
    /// Files that count for it and cannot be read.
    pub opaque_files: Vec<OpaqueFile>,
    world: Arc<World>,
}

impl Host {
    /// `inventory_hostname_short`: the name up to its first dot.
    pub fn short(&self) -> &str {
        self.name.split('.').next().unwrap_or(&self.name)
    }

    /// The definition of `name` in force.
    pub fn definition(&self, name: &str) -> Option<&Arc<Definition>> {
        self.definitions_of(name).next_back()
    }

    /// Every definition of `name` that counts for this host, lowest precedence first.
    pub fn definitions_of(&self, name: &str) -> impl DoubleEndedIterator<Item = &Arc<Definition>> {
        self.definitions.iter().filter(move |definition| definition.name == name)
    }

    /// Whether a definition that is not in [`Host::definitions`] may exist.
    pub fn may_hide_variables(&self) -> bool {
        !self.opaque_files.is_empty()
    }

    /// Evaluates a text with Jinja in it over this host's variables; `extra` stands above them.
    ///
    /// # Errors
    /// The first thing that stands in the way; never an empty text for something undefined.
    pub fn resolve(&self, template: &str, extra: &[(&str, Value)]) -> Result<Resolved, Unresolved> {
        values::evaluate(&self.world, &self.name, template, extra)
    }
}

/// All hosts of a repository.
#[derive(Debug, Default)]
pub struct Inventory {
    hosts: BTreeMap<String, Host>,
    worlds: Vec<Arc<World>>,
    findings: Vec<Finding>,
}

impl Inventory {
    /// Reads inventories and variable files of `snapshot`.
    pub fn of(snapshot: &Snapshot) -> Self {
        let found = load::load(snapshot, false);
        if found.hosts.is_empty() { load::load(snapshot, true) } else { found }
    }

    /// Every host, by name.
    pub fn hosts(&self) -> impl ExactSizeIterator<Item = &Host> {
        self.hosts.values()
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

    /// The hosts of a play's `hosts:`, in name order; nothing when it is a template.
    pub fn hosts_of(&self, pattern: &str) -> Option<Vec<&Host>> {
        let names = pattern::select(&self.worlds, pattern)?;
        Some(names.iter().filter_map(|name| self.hosts.get(name)).collect())
    }
}

#[cfg(test)]
mod tests;
