//! The paths of the commit as folders, and Ansible's rules which files of a folder count.
//!
//! Knows: names and suffixes. Must not know: what is in a file.

use std::collections::BTreeMap;

use crate::snapshot::{EntryKind, Snapshot};

/// Suffixes of variable files, in the order Ansible tries them.
const SUFFIXES: [&str; 4] = ["", ".yml", ".yaml", ".json"];
/// Folders whose inventories no deployment uses.
const APART: [&str; 11] = [
    "molecule",
    "tests",
    "test",
    "examples",
    "example",
    "archive",
    "archived",
    ".github",
    "templates",
    "files",
    "node_modules",
];

/// All paths, sorted, to ask about folders.
pub(super) struct Layout<'s> {
    paths: BTreeMap<&'s str, EntryKind>,
}

/// Files that count for one name, and files Ansible never looks at because of them.
#[derive(Default)]
pub(super) struct Chosen {
    pub(super) files: Vec<String>,
    pub(super) shadowed: Vec<String>,
}

impl<'s> Layout<'s> {
    /// The paths of `snapshot`, those of files that were only added included.
    pub(super) fn of(snapshot: &'s Snapshot) -> Self {
        let mut paths: BTreeMap<_, _> =
            snapshot.sources().map(|source| (source.path.as_str(), EntryKind::File)).collect();
        paths.extend(snapshot.entries.iter().map(|entry| (entry.path.as_str(), entry.kind)));
        Self { paths }
    }

    /// Every path that is a file or a link, sorted.
    pub(super) fn files(&self) -> impl Iterator<Item = &'s str> {
        self.paths.iter().filter(|(_, kind)| **kind != EntryKind::Submodule).map(|(path, _)| *path)
    }

    /// Whether a file or link is there.
    pub(super) fn is_file(&self, path: &str) -> bool {
        self.paths.get(path).is_some_and(|kind| *kind != EntryKind::Submodule)
    }

    /// Whether there is a file somewhere below.
    pub(super) fn is_folder(&self, path: &str) -> bool {
        let prefix = format!("{path}/");
        let from = (std::ops::Bound::Included(prefix.as_str()), std::ops::Bound::Unbounded);
        path.is_empty() || self.paths.range::<str, _>(from).next().is_some_and(|(next, _)| next.starts_with(&prefix))
    }

    /// Paths below a folder, sorted.
    pub(super) fn below(&self, folder: &str) -> Vec<&'s str> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let from = (std::ops::Bound::Included(prefix.as_str()), std::ops::Bound::Unbounded);
        self.paths.range::<str, _>(from).map(|(path, _)| *path).take_while(|path| path.starts_with(&prefix)).collect()
    }

    /// Names directly in a folder with whether each is a folder, sorted as Ansible sorts them.
    pub(super) fn list(&self, folder: &str) -> Vec<(String, bool)> {
        let skip = if folder.is_empty() { 0 } else { folder.len() + 1 };
        let mut out: Vec<(String, bool)> = Vec::new();
        for path in self.below(folder) {
            let rest = path.get(skip..).unwrap_or_default();
            let (name, is_folder) = rest.split_once('/').map_or((rest, false), |(name, _)| (name, true));
            if out.last().is_none_or(|(last, _)| last != name) {
                out.push((name.to_owned(), is_folder));
            }
        }
        out.sort();
        out.dedup();
        out
    }

    /// The variable files of `folder`/`name`: the first that exists of no suffix, `.yml`, `.yaml`, `.json`.
    pub(super) fn vars_files(&self, folder: &str, name: &str) -> Chosen {
        let mut chosen = Chosen::default();
        let mut found = false;
        for suffix in SUFFIXES {
            let path = format!("{}{suffix}", join(folder, name));
            let (file, is_folder) = (self.is_file(&path), self.is_folder(&path));
            if !file && !is_folder {
                continue;
            }
            let into = if found { &mut chosen.shadowed } else { &mut chosen.files };
            if file {
                into.push(path);
            } else {
                self.folder_files(&path, 0, into);
            }
            found = true;
        }
        chosen
    }

    /// Every file of a folder of variables that Ansible reads, sorted; folders without a suffix are entered.
    fn folder_files(&self, folder: &str, depth: usize, out: &mut Vec<String>) {
        for (name, is_folder) in self.list(folder) {
            if name.starts_with('.') || name.ends_with('~') || depth > 16 {
                continue;
            }
            let suffix = suffix(&name);
            let path = join(folder, &name);
            if is_folder && suffix.is_empty() {
                self.folder_files(&path, depth + 1, out);
            } else if !is_folder && SUFFIXES.contains(&suffix) {
                out.push(path);
            }
        }
    }
}

/// `folder/name`, or the name at the root.
pub(super) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// The folder of a path, empty at the root.
pub(super) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Python's `splitext`: from the last dot that has something other than dots before it.
pub(super) fn suffix(name: &str) -> &str {
    match name.rfind('.') {
        Some(at) if !name[..at].trim_start_matches('.').is_empty() => &name[at..],
        _ => "",
    }
}

/// Whether a path lies in a folder that no deployment uses.
pub(super) fn is_apart(path: &str) -> bool {
    folder_of(path).split('/').any(|segment| APART.contains(&segment))
}
