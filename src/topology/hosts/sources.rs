//! Which files are inventories, and which of them Ansible uses together.
//!
//! Knows: `ansible.cfg` and the names people give to inventories. Must not know: what is in an inventory.

use std::collections::BTreeSet;

use crate::snapshot::Snapshot;

use super::layout::{Layout, folder_of, is_apart, join, suffix};

/// Names an inventory file has when nothing points at it.
const NAMES: [&str; 9] = [
    "inventory",
    "hosts",
    "hosts.ini",
    "hosts.yml",
    "hosts.yaml",
    "inventory.ini",
    "inventory.yml",
    "inventory.yaml",
    "inventory.json",
];
/// Folders that are inventories, or hold one per environment.
const FOLDERS: [&str; 3] = ["inventory", "inventories", "environments"];
/// Suffixes Ansible passes over in an inventory folder.
const IGNORED: [&str; 11] = [".pyc", ".pyo", ".swp", ".bak", ".rpm", ".md", ".txt", ".rst", ".orig", ".cfg", ".retry"];

/// Inventories that Ansible reads together.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Set {
    /// The folders beside which `group_vars` and `host_vars` count, in order.
    pub(super) folders: Vec<String>,
    /// Every inventory file, in order.
    pub(super) files: Vec<String>,
}

/// All sets, those an `ansible.cfg` names first. With `apart`, also those of tests, examples and archives.
pub(super) fn find(snapshot: &Snapshot, layout: &Layout, apart: bool) -> Vec<Set> {
    let mut sets = Vec::new();
    let mut taken = BTreeSet::new();
    let wanted = |path: &str| apart || !is_apart(path);
    for path in layout.telling().filter(|path| is_config(path) && wanted(path)) {
        let text = snapshot.get(path).and_then(|source| source.text()).unwrap_or_default();
        let mut set = Set::default();
        for entry in configured(text) {
            if let Some(entry) = within(folder_of(path), &entry) {
                set.add(layout, &entry);
            }
        }
        keep(set, &mut sets, &mut taken);
    }
    for path in layout.telling().filter(|path| wanted(path) && !in_roles(path)) {
        let (folder, name) = (folder_of(path), path.rsplit('/').next().unwrap_or(path));
        let folder_name = folder.rsplit('/').next().unwrap_or(folder);
        if taken.contains(path) || path.split('/').any(|part| part == "group_vars" || part == "host_vars") {
            continue;
        }
        let mut set = Set::default();
        if FOLDERS[..2].contains(&folder_name) && !ignored(name) {
            // Files directly in it make it one inventory; its subfolders are inventories of their own.
            set.folders.push(folder.to_owned());
            let files = layout.list(folder).into_iter().filter(|(name, is_folder)| !is_folder && !ignored(name));
            set.files.extend(files.map(|(name, _)| join(folder, &name)));
        } else if NAMES.contains(&name) {
            set.add(layout, path);
        }
        keep(set, &mut sets, &mut taken);
    }
    sets
}

/// Whether a path may be an inventory or say where one is, going by its last two names.
pub(super) fn may_be_inventory(path: &str) -> bool {
    let (folder, name) = (folder_of(path), path.rsplit('/').next().unwrap_or(path));
    let folder_name = folder.rsplit('/').next().unwrap_or(folder);
    FOLDERS[..2].contains(&folder_name) || NAMES.contains(&name) || is_config(path)
}

fn is_config(path: &str) -> bool {
    path.rsplit('/').next() == Some("ansible.cfg")
}

fn keep(mut set: Set, sets: &mut Vec<Set>, taken: &mut BTreeSet<String>) {
    set.files.retain(|file| !taken.contains(file));
    if !set.files.is_empty() {
        taken.extend(set.files.iter().cloned());
        sets.push(set);
    }
}

impl Set {
    /// Adds a file, or a folder with all inventories below it.
    fn add(&mut self, layout: &Layout, path: &str) {
        let (folder, files) = if layout.is_file(path) {
            (folder_of(path).to_owned(), vec![path.to_owned()])
        } else {
            let mut files = Vec::new();
            collect(layout, path, 0, &mut files);
            (path.to_owned(), files)
        };
        if !files.is_empty() {
            self.folders.push(folder);
            self.files.extend(files);
        }
    }
}

fn collect(layout: &Layout, folder: &str, depth: usize, out: &mut Vec<String>) {
    for (name, is_folder) in layout.list(folder) {
        let path = join(folder, &name);
        if ignored(&name) || depth > 16 {
            continue;
        }
        if is_folder {
            collect(layout, &path, depth + 1, out);
        } else {
            out.push(path);
        }
    }
}

fn ignored(name: &str) -> bool {
    name.starts_with('.')
        || name.ends_with('~')
        || matches!(name, "host_vars" | "group_vars" | "vars_plugins")
        || IGNORED.contains(&suffix(name))
}

fn in_roles(path: &str) -> bool {
    folder_of(path).split('/').any(|part| part == "roles")
}

/// The entries of `inventory =` in `[defaults]`.
fn configured(text: &str) -> Vec<String> {
    let mut defaults = false;
    let mut found = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with('[') {
            defaults = line.starts_with("[defaults]");
        } else if let Some((key, value)) = line.split_once(['=', ':'])
            && defaults
            && matches!(key.trim(), "inventory" | "hostfile")
        {
            let value = value.split(" ;").next().unwrap_or(value);
            found = value.split(',').map(|entry| entry.trim().to_owned()).filter(|entry| !entry.is_empty()).collect();
        }
    }
    found
}

/// A path written in `folder`, as a path of the repository; nothing when it leads out of it.
fn within(folder: &str, written: &str) -> Option<String> {
    let written = written.strip_prefix("{{CWD}}/").unwrap_or(written);
    if written.starts_with(['/', '~', '$', '{']) {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in written.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}
