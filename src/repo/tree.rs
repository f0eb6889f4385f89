//! Lists the paths of a commit.
//!
//! Knows: tree objects. Must not know: what files hold. Walks with a stack of its own, so depth costs no call stack.

use git2::{ObjectType, Oid, Repository, Tree};

use super::fault::fault;
use crate::error::{Error, Result};
use crate::snapshot::{Blob, Entry, EntryKind, Skip};
use crate::text::RepoPath;

/// More paths than this and the tree is not believed: a handful of objects can name billions.
const MOST_PATHS: usize = 4_000_000;
/// Longest path in bytes (`PATH_MAX` of Linux): what is longer cannot be checked out.
const LONGEST_PATH: usize = 4096;

/// What a tree holds.
#[derive(Default)]
pub(super) struct Listing {
    /// Every path that is UTF-8, sorted.
    pub(super) entries: Vec<Entry>,
    /// The regular files among them, sorted.
    pub(super) blobs: Vec<Blob>,
    /// Paths that cannot be said as text.
    pub(super) skipped: Vec<(RepoPath, Skip)>,
}

/// Lists `tree` and everything below it.
pub(super) fn list(git: &Repository, tree: &Tree<'_>) -> Result<Listing> {
    let mut listing = Listing::default();
    let mut todo: Vec<(Vec<u8>, Oid)> = vec![(Vec::new(), tree.id())];
    let mut seen = 0;
    while let Some((folder, id)) = todo.pop() {
        let tree = git.find_tree(id).map_err(|error| {
            fault(&format!("read the folder `{}` of the commit", String::from_utf8_lossy(&folder)), &error)
        })?;
        for entry in &tree {
            seen += 1;
            if seen > MOST_PATHS {
                return Err(Error::user(format!("the commit has more than {MOST_PATHS} paths")));
            }
            let mut path = folder.clone();
            path.extend_from_slice(entry.name_bytes());
            let name = entry.name_bytes();
            if name.contains(&b'/') || matches!(name, b"" | b"." | b".." | b".git") {
                listing.skipped.push((lossy(&path), Skip::PathOdd));
            } else if path.len() > LONGEST_PATH {
                listing.skipped.push((lossy(&path), Skip::PathTooLong));
            } else if entry.kind() == Some(ObjectType::Tree) {
                path.push(b'/');
                todo.push((path, entry.id()));
            } else {
                listing.add(path, entry.filemode_raw().cast_unsigned(), entry.id());
            }
        }
    }
    listing.entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    listing.blobs.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(listing)
}

impl Listing {
    fn add(&mut self, path: Vec<u8>, mode: u32, id: Oid) {
        let path = match String::from_utf8(path) {
            Ok(path) => RepoPath::from(path.as_str()),
            Err(odd) => {
                self.skipped.push((lossy(odd.as_bytes()), Skip::PathNotUtf8));
                return;
            }
        };
        // The type bits of the mode, as in `S_IFMT`.
        let kind = match mode & 0o170_000 {
            0o120_000 => EntryKind::Symlink,
            0o160_000 => EntryKind::Submodule,
            _ => EntryKind::File,
        };
        if kind == EntryKind::File {
            self.blobs.push(Blob { path: path.clone(), mode, id: id.as_bytes().to_vec() });
        }
        self.entries.push(Entry { path, kind });
    }
}

fn lossy(path: &[u8]) -> RepoPath {
    RepoPath::from(String::from_utf8_lossy(path).as_ref())
}
