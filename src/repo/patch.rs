//! The change between two commits, in git's own patch format.
//!
//! Knows: git's diff. Must not know: how a diff is shown to people (see `report`).

use git2::{DiffFormat, DiffLine, DiffOptions, Oid, Patch, Repository};
use rayon::prelude::*;

use super::Repo;
use super::build::{Changed, Written};
use super::fault::fault;
use crate::error::Result;

impl Repo {
    /// The patch from commit `base` to commit `tip` (hexadecimal). Bytes, for the files need not be UTF-8;
    /// `git apply` takes it from any folder of the repository. The user's diff settings have no say.
    ///
    /// # Errors
    /// No such commits in the repository.
    pub fn patch(&self, base: &str, tip: &str) -> Result<Vec<u8>> {
        let id = |hex: &str| Oid::from_str(hex).map_err(|error| fault("read a commit id", &error));
        patch(&self.git, id(base)?, id(tip)?)
    }
}

/// The patch from `base` to `tip`, both in the object store of `git`.
pub(super) fn patch(git: &Repository, base: Oid, tip: Oid) -> Result<Vec<u8>> {
    make(git, base, tip).map_err(|error| fault("make the patch", &error))
}

fn make(git: &Repository, base: Oid, tip: Oid) -> std::result::Result<Vec<u8>, git2::Error> {
    let (old, new) = (git.find_commit(base)?.tree()?, git.find_commit(tip)?.tree()?);
    let mut options = options();
    let mut diff = git.diff_tree_to_tree(Some(&old), Some(&new), Some(&mut options))?;
    // Attributes such as `*.json -diff` would hide text that a person has to review.
    let text = |id: Oid| git.find_blob(id).map_or(true, |blob| !blob.content().contains(&0));
    if diff.deltas().all(|delta| text(delta.old_file().id()) && text(delta.new_file().id())) {
        diff = git.diff_tree_to_tree(Some(&old), Some(&new), Some(options.force_text(true)))?;
    }
    let mut patch = Vec::new();
    diff.print(DiffFormat::Patch, |_, _, line| add(&mut patch, &line))?;
    Ok(patch)
}

fn options() -> DiffOptions {
    let mut options = DiffOptions::new();
    options.context_lines(3).interhunk_lines(0).show_binary(true).id_abbrev(40);
    // Set here, or `diff.noprefix` and `diff.mnemonicPrefix` of the user would decide.
    options.old_prefix("a").new_prefix("b");
    options
}

fn add(patch: &mut Vec<u8>, line: &DiffLine<'_>) -> bool {
    // The other origins (headers, "no newline at end of file", binary) bring their own first column.
    if let '+' | '-' | ' ' = line.origin() {
        patch.push(line.origin() as u8);
    }
    patch.extend_from_slice(line.content());
    true
}

/// The same patch from the bytes at hand, on all cores: nothing is read a second time. `None` where it takes git to say how:
/// binary files, and paths that it would quote.
pub(super) fn of_files(files: &Written) -> Option<Result<Vec<u8>>> {
    let is_plain = |path: &str| path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+@".contains(&byte));
    let is_text = |bytes: &[u8]| memchr::memchr(0, bytes).is_none();
    if !files
        .iter()
        .all(|(path, file)| is_plain(path.as_str()) && is_text(file.before.1.bytes()) && is_text(&file.after.1))
    {
        return None;
    }
    let files: Vec<(&str, &Changed)> = files.iter().map(|(path, file)| (path.as_str(), file)).collect();
    let parts: std::result::Result<Vec<Vec<u8>>, git2::Error> =
        files.par_iter().map(|(path, file)| of_file(path, file)).collect();
    Some(parts.map(|parts| parts.concat()).map_err(|error| fault("make the patch", &error)))
}

fn of_file(path: &str, file: &Changed) -> std::result::Result<Vec<u8>, git2::Error> {
    let ((old, before), (new, after)) = (&file.before, &file.after);
    if old == new {
        return Ok(Vec::new());
    }
    let mut patch =
        format!("diff --git a/{path} b/{path}\nindex {old}..{new} {:o}\n--- a/{path}\n+++ b/{path}\n", file.mode)
            .into_bytes();
    let mut hunks = Patch::from_buffers(before.bytes(), None, after, None, Some(options().force_text(true)))?;
    hunks.print(&mut |_, _, line| line.origin() == 'F' || add(&mut patch, &line))?;
    Ok(patch)
}
