//! The paths of the commit as folders, and Ansible's rules which files of a folder count.
//!
//! Knows: names and suffixes. Must not know: what is in a file.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustc_hash::FxHashMap;

use super::sources;
use crate::snapshot::{Entry, EntryKind, Snapshot};

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

/// All paths, sorted, to ask about folders. They stay the same over a whole run, and so do the answers.
#[derive(Debug, Default)]
pub(super) struct Layout {
    entries: Arc<[Entry]>,
    /// The paths that say something about inventories, by index.
    telling: OnceLock<Vec<usize>>,
    chosen: Mutex<FxHashMap<String, Arc<Chosen>>>,
}

/// Files that count for one name, and files Ansible never looks at because of them.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    pub(super) files: Vec<String>,
    pub(super) shadowed: Vec<String>,
}

impl Layout {
    /// The paths of `snapshot`, those of files that were only added included; `known`, when it has the same.
    pub(super) fn of(snapshot: &Snapshot, known: &Arc<Self>) -> Arc<Self> {
        let entries = snapshot.listed();
        if Arc::ptr_eq(&known.entries, &entries) {
            return Arc::clone(known);
        }
        Arc::new(Self { entries, ..Self::default() })
    }

    /// The files among them whose path has to do with inventories, variables or roles; the rest need not be looked at.
    pub(super) fn telling(&self) -> impl Iterator<Item = &str> {
        let tells =
            |path: &str| path.contains("_vars/") || path.contains("/defaults/main") || sources::may_be_inventory(path);
        let telling = self.telling.get_or_init(|| {
            let all = self.entries.iter().enumerate().filter(|(_, entry)| entry.kind != EntryKind::Submodule);
            all.filter(|(_, entry)| tells(entry.path.as_str())).map(|(at, _)| at).collect()
        });
        telling.iter().filter_map(|&at| self.entries.get(at)).map(|entry| entry.path.as_str())
    }

    /// The paths from `path` on.
    fn from(&self, path: &str) -> impl Iterator<Item = &Entry> {
        let at = self.entries.partition_point(|entry| entry.path.as_str() < path);
        self.entries.get(at..).unwrap_or_default().iter()
    }

    /// Whether a file or link is there.
    pub(super) fn is_file(&self, path: &str) -> bool {
        let found = self.from(path).next();
        found.is_some_and(|entry| entry.path.as_str() == path && entry.kind != EntryKind::Submodule)
    }

    /// Whether there is a file somewhere below.
    pub(super) fn is_folder(&self, path: &str) -> bool {
        let prefix = format!("{path}/");
        path.is_empty() || self.from(&prefix).next().is_some_and(|next| next.path.as_str().starts_with(&prefix))
    }

    /// Paths below a folder, sorted.
    pub(super) fn below(&self, folder: &str) -> Vec<&str> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let paths = self.from(&prefix).map(|entry| entry.path.as_str());
        paths.take_while(|path| path.starts_with(&prefix)).collect()
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
    pub(super) fn vars_files(&self, folder: &str, name: &str) -> Arc<Chosen> {
        let id = join(folder, name);
        let mut known = self.chosen.lock().unwrap_or_else(PoisonError::into_inner);
        let chosen = known.entry(id).or_insert_with_key(|id| Arc::new(self.choose(id)));
        Arc::clone(chosen)
    }

    fn choose(&self, id: &str) -> Chosen {
        let mut chosen = Chosen::default();
        let mut found = false;
        for suffix in SUFFIXES {
            let path = format!("{id}{suffix}");
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
