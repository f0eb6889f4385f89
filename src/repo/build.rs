//! Builds the commits of a plan and checks that they are what the plan says (invariant 4).
//!
//! Knows: blobs, trees, commits. Must not know: branches. Where the objects go, to memory or to disk, is a matter of
//! the handle it is given.

use std::collections::BTreeSet;
use std::path::Path;

use git2::build::TreeUpdateBuilder;
use git2::{Commit, DiffOptions, FileMode, Oid, Repository, Signature, Tree};

use super::branch::BASE_TRAILER;
use super::fault::fault;
use super::read::checked;
use crate::error::{Error, Result};
use crate::plan::Step;
use crate::text::{Edits, RepoPath};

/// Writes the commits of `steps` on top of `base`, in order, and returns their ids. No branch is touched.
///
/// # Errors
/// Objects that cannot be read or written; an internal error when a commit does not change exactly the paths of its
/// step, changes a mode, or when the plan was made from other bytes than the commit holds.
pub(super) fn commits(git: &Repository, base: &Commit<'_>, who: &Signature<'_>, steps: &[&Step]) -> Result<Vec<Oid>> {
    let mut parent = base.clone();
    let mut ids = Vec::with_capacity(steps.len());
    for step in steps {
        let old = parent.tree().map_err(|error| fault("read the tree of a commit", &error))?;
        let new = tree(git, &old, step)?;
        check(git, &old, &new, step)?;
        let message = message(step, base.id())?;
        let id = git
            .commit(None, who, who, &message, &new, &[&parent])
            .map_err(|error| fault("write a commit to the object store", &error))?;
        parent = git.find_commit(id).map_err(|error| fault("read the new commit", &error))?;
        ids.push(id);
    }
    Ok(ids)
}

fn tree<'repo>(git: &'repo Repository, old: &Tree<'_>, step: &Step) -> Result<Tree<'repo>> {
    let mut builder = TreeUpdateBuilder::new();
    for (path, edits) in edited(step) {
        let entry = old.get_path(Path::new(path.as_str())).map_err(|_| stray(path, "is not in the commit"))?;
        let mode = match entry.filemode_raw() {
            0o100_644 => FileMode::Blob,
            0o100_755 => FileMode::BlobExecutable,
            mode => {
                return Err(Error::user(format!("{path} has the file mode {mode:o}, which git no longer writes"))
                    .hint("stage and commit the file once with a current git, then run again"));
            }
        };
        let bytes = checked(git, entry.id(), path.as_str())?;
        let read = step.before.get(path.as_str()).ok_or_else(|| stray(path, "was never read"))?;
        if read.bytes() != bytes {
            return Err(stray(path, "is not what the plan was made from"));
        }
        let after = edits.apply(&bytes);
        if after == bytes {
            return Err(stray(path, "is edited to what it is already"));
        }
        let id = git.blob(&after).map_err(|error| fault("write a file to the object store", &error))?;
        builder.upsert(path.as_str(), id, mode);
    }
    let id = builder.create_updated(git, old).map_err(|error| fault("write a tree to the object store", &error))?;
    git.find_tree(id).map_err(|error| fault("read the new tree", &error))
}

/// Invariant 4: the changed paths are the step's, and their modes are kept.
fn check(git: &Repository, old: &Tree<'_>, new: &Tree<'_>, step: &Step) -> Result<()> {
    let mut options = DiffOptions::new();
    options.include_typechange(true).ignore_submodules(false).skip_binary_check(true);
    let diff = git
        .diff_tree_to_tree(Some(old), Some(new), Some(&mut options))
        .map_err(|error| fault("compare the new tree with the old one", &error))?;
    let mut changed = BTreeSet::new();
    for delta in diff.deltas() {
        let (from, to) = (delta.old_file(), delta.new_file());
        let path = String::from_utf8_lossy(to.path_bytes().unwrap_or_default()).into_owned();
        if from.path_bytes() != to.path_bytes() || from.mode() != to.mode() {
            return Err(stray(&RepoPath::from(path.as_str()), "would change its name or mode"));
        }
        changed.insert(path);
    }
    let planned: BTreeSet<String> = edited(step).map(|(path, _)| path.as_str().to_owned()).collect();
    if let Some(path) = changed.symmetric_difference(&planned).next() {
        let what = if planned.contains(path) { "would not change as planned" } else { "would change unplanned" };
        return Err(stray(&RepoPath::from(path.as_str()), what));
    }
    Ok(())
}

fn edited(step: &Step) -> impl Iterator<Item = (&RepoPath, &Edits)> {
    step.edits.iter().filter(|(_, edits)| !edits.is_empty())
}

fn stray(path: &RepoPath, what: &str) -> Error {
    Error::internal(format!("{path} {what}; nothing was written"))
}

/// The commit message. The base is named in a trailer, here if the plan did not: without it, a later `--replace`
/// could not tell that the commit is ours.
fn message(step: &Step, base: Oid) -> Result<String> {
    let mut text = format!("{}\n\n{}", step.title.trim(), step.body.trim_end());
    let named = |text: &str| {
        let trailers = git2::message_trailers_strs(text).ok();
        trailers.is_some_and(|trailers| trailers.iter().any(|(key, _)| key == BASE_TRAILER))
    };
    if !named(&text) {
        let trailers = git2::message_trailers_strs(&text).is_ok_and(|trailers| trailers.len() > 0);
        text.push_str(if trailers { "\n" } else { "\n\n" });
        text.extend([BASE_TRAILER, ": ", base.to_string().as_str()]);
    }
    git2::message_prettify(text, None).map_err(|error| fault("write the commit message", &error))
}
