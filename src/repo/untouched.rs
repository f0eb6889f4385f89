//! Whether `HEAD` and the index are as they were (invariant 5).
//!
//! Knows: where git keeps them. Must not know: what was published.

use std::fs;
use std::path::PathBuf;

use git2::Repository;

/// `HEAD` and the index as they were at one moment.
pub(super) struct Untouched {
    files: Vec<(PathBuf, Option<Vec<u8>>)>,
}

impl Untouched {
    /// Takes both down.
    pub(super) fn of(git: &Repository) -> Self {
        let files = ["HEAD", "index"].map(|name| git.path().join(name));
        Self { files: files.into_iter().map(|path| (path.clone(), fs::read(path).ok())).collect() }
    }

    /// A sentence, if one of them is no longer the same. This program writes neither, so somebody else did.
    pub(super) fn changed(&self) -> Option<String> {
        let changed: Vec<String> = self
            .files
            .iter()
            .filter(|(path, bytes)| fs::read(path).ok() != *bytes)
            .filter_map(|(path, _)| Some(path.file_name()?.to_string_lossy().into_owned()))
            .collect();
        (!changed.is_empty()).then(|| {
            format!(
                "{} changed while migrate ran; it writes neither HEAD nor the index, so something else did",
                changed.join(" and ")
            )
        })
    }
}
