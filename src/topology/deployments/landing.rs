//! Where files lie on a host, and which of them a command of Compose takes.
//!
//! Knows: the names Compose looks for. Must not know: what is in a file, or how a project is called.

use std::collections::HashMap;

use super::written::{Up, Written};

/// File names Compose looks for, best first, and the overrides it adds.
pub(super) const DEFAULT: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];
const OVERRIDE: [&str; 4] =
    ["compose.override.yaml", "compose.override.yml", "docker-compose.override.yaml", "docker-compose.override.yml"];

/// Where files lie on a host, by index.
pub(super) struct Landing<'w> {
    /// By path, the first one there.
    pub(super) at: HashMap<&'w str, usize>,
    /// By folder, the first one in it.
    first_in: HashMap<&'w str, usize>,
}

impl<'w> Landing<'w> {
    pub(super) fn of<'t: 'w>(files: impl IntoIterator<Item = &'w Written<'t>>) -> Self {
        let (mut at, mut first_in) = (HashMap::new(), HashMap::new());
        for (index, one) in files.into_iter().enumerate() {
            at.entry(one.dest.as_deref().unwrap_or_default()).or_insert(index);
            first_in.entry(folder_of(one).unwrap_or_default()).or_insert(index);
        }
        Self { at, first_in }
    }

    /// The files of the project that `up` brings up, in the order they are merged.
    pub(super) fn brought_up(&self, up: &Up<'_>) -> Vec<usize> {
        let found: Vec<usize> =
            up.files.iter().flatten().filter_map(|path| self.at.get(path.as_str())).copied().collect();
        if !found.is_empty() {
            return found;
        }
        let Some(folder) = up.directory.as_deref() else { return Vec::new() };
        let at = |name: &&str| self.at.get(format!("{folder}/{name}").as_str()).copied();
        match DEFAULT.iter().find_map(at) {
            Some(base) => std::iter::once(base).chain(OVERRIDE.iter().find_map(at)).collect(),
            // Under another name the file is found by something that is not seen here; it still is what is in the folder.
            None => self.first_in.get(folder).copied().into_iter().collect(),
        }
    }
}

/// The folder a file lies in, where that is known.
pub(super) fn folder_of<'w>(one: &'w Written<'_>) -> Option<&'w str> {
    one.dest.as_deref().and_then(|dest| dest.rsplit_once('/')).map(|(folder, _)| folder)
}
