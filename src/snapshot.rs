//! The files of one commit, as far as they can matter.
//!
//! Knows: paths, blobs that were read, what the tree holds besides regular files. Must not know: git, the working
//! tree, any format. `repo` fills it; everything after it is a pure function of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::text::{Edits, RepoPath, Source};

/// What a path of the commit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A symbolic link; never followed, never written through.
    Symlink,
    /// A submodule; not entered.
    Submodule,
}

/// One path of the commit.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where it lies.
    pub path: RepoPath,
    /// What it is.
    pub kind: EntryKind,
}

/// A regular file as the tree names it: what is needed to read it later.
#[derive(Clone, Debug)]
pub struct Blob {
    /// Where it lies.
    pub path: RepoPath,
    /// Git file mode as stored in the tree.
    pub mode: u32,
    /// Hash of the blob, as bytes.
    pub id: Vec<u8>,
}

/// Why a file that could matter was not read. Each of these becomes a finding: nothing is skipped silently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Skip {
    /// The path is not UTF-8; it is listed with `�` in the place of the odd bytes. Nothing is known of its content.
    PathNotUtf8,
    /// The path is longer than any file system takes (4096 bytes).
    PathTooLong,
    /// A part of the path is a name that git does not check out: it holds a `/`, or is empty, `.`, `..` or `.git`.
    PathOdd,
    /// Larger than `repo::LARGEST_FILE`, with a content that the filter lets through, or than
    /// `repo::LARGEST_SEARCHED`, with a content that was not looked at.
    TooLarge {
        /// Its size.
        bytes: u64,
        /// Whether the filter saw the content.
        searched: bool,
    },
    /// A NUL among its first 8000 bytes, git's own rule for a binary file, and a content that the filter lets through.
    Binary,
    /// A Git LFS pointer: the content is not in the repository.
    LfsPointer,
    /// A git-annex pointer: the content is not in the repository.
    AnnexPointer,
    /// The object database has no such blob (a partial clone), or it cannot be read; git's words.
    Unreadable(String),
}

/// Files that were read, by path.
pub type Sources = BTreeMap<RepoPath, Arc<Source>>;

/// The commit under migration: every path, and the bytes of the files that can matter.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Hash of the commit in hexadecimal.
    pub base: String,
    /// Every path of the commit, sorted.
    pub entries: Arc<[Entry]>,
    /// Files that could matter and were not read, with the reason; sorted by path once the files are loaded.
    pub skipped: Vec<(RepoPath, Skip)>,
    blobs: Arc<[Blob]>,
    sources: Arc<Sources>,
    /// Paths of files that were added and are none of the commit.
    unlisted: Vec<RepoPath>,
    /// Another object whenever a file is added at a new path.
    paths: Arc<()>,
}

impl Snapshot {
    /// The commit `base` with these paths and no file read yet.
    pub fn new(base: String, entries: Vec<Entry>) -> Self {
        Self { base, entries: entries.into(), ..Self::default() }
    }

    /// The same commit, with what the tree says of its regular files.
    #[must_use]
    pub fn with_blobs(mut self, blobs: Vec<Blob>) -> Self {
        self.blobs = blobs.into();
        self
    }

    /// The regular files of the commit, read or not, sorted by path.
    pub fn blobs(&self) -> &Arc<[Blob]> {
        &self.blobs
    }

    /// Adds a file that was read.
    pub fn add(&mut self, source: Arc<Source>) {
        if !self.has(source.path.as_str()) {
            self.unlisted.push(source.path.clone());
        }
        if Arc::make_mut(&mut self.sources).insert(source.path.clone(), source).is_none() {
            self.paths = Arc::new(());
        }
    }

    /// Whether this very file is still there, not one that an edit put in its place.
    pub fn holds(&self, file: &Arc<Source>) -> bool {
        self.get(file.path.as_str()).is_some_and(|one| Arc::ptr_eq(one, file))
    }

    /// Whether `other` is known to have files at the very same paths: one of the two is the other after edits.
    pub fn has_paths_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.paths, &other.paths) && Arc::ptr_eq(&self.entries, &other.entries)
    }

    /// Every path of the commit and of files that were only added, sorted.
    pub fn listed(&self) -> Arc<[Entry]> {
        if self.unlisted.is_empty() {
            return Arc::clone(&self.entries);
        }
        let added = self.unlisted.iter().filter(|path| !self.has(path.as_str()));
        let mut all = self.entries.to_vec();
        all.extend(added.map(|path| Entry { path: path.clone(), kind: EntryKind::File }));
        all.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        all.dedup_by(|one, other| one.path == other.path);
        all.into()
    }

    /// The files that were read, by path; the same object as long as none is added or edited.
    pub fn files(&self) -> &Arc<Sources> {
        &self.sources
    }

    /// The files that were read, by path.
    pub fn sources(&self) -> impl Iterator<Item = &Arc<Source>> {
        self.sources.values()
    }

    /// The files that were read, by path, from `path` on.
    pub fn sources_from(&self, path: &str) -> impl Iterator<Item = &Arc<Source>> {
        let from = (std::ops::Bound::Included(path), std::ops::Bound::Unbounded);
        self.sources.range::<str, _>(from).map(|(_, source)| source)
    }

    /// The file at `path`, if it was read.
    pub fn get(&self, path: &str) -> Option<&Arc<Source>> {
        self.sources.get(path)
    }

    /// Whether the commit has `path`, read or not.
    pub fn has(&self, path: &str) -> bool {
        self.entries.binary_search_by(|entry| entry.path.as_str().cmp(path)).is_ok()
    }

    /// The snapshot after these edits: what a reader of the new commit would find.
    #[must_use]
    pub fn edited(&self, edits: &BTreeMap<RepoPath, Edits>) -> Self {
        let mut after = self.clone();
        for (path, edits) in edits {
            if let Some(old) = self.get(path.as_str()) {
                after.add(Arc::new(Source::new(path.as_str(), old.mode, Vec::new(), edits.apply(old.bytes()))));
            }
        }
        after
    }
}
