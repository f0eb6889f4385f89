//! Builds the commits of a plan and checks that they are what the plan says (invariant 4).
//!
//! Knows: blobs, trees, commits. Must not know: branches. Where the objects go, to memory or to disk, is a matter of
//! the handle it is given.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use git2::build::TreeUpdateBuilder;
use git2::{Commit, FileMode, ObjectType, Oid, Repository, Signature, Tree};

use super::branch::{BASE_TRAILER, TRAILERS};
use super::fault::fault;
use super::read::checked;
use crate::error::{Error, Result};
use crate::plan::Step;
use crate::text::{Edits, RepoPath, Source};

/// Writes the commits of `steps` on top of `base`, in order. No branch is touched. Commits that are `there` already are taken as
/// they are, whoever made them.
///
/// # Errors
/// As [`Commits::add`].
pub(super) fn commits(
    git: &Repository,
    base: &Commit<'_>,
    who: &Signature<'_>,
    (steps, there): (&[&Step], &[Oid]),
) -> Result<Commits> {
    let mut commits = Commits::default();
    for (index, step) in steps.iter().enumerate() {
        commits.add(git, base, (who, there.get(index)), step)?;
    }
    Ok(commits)
}

/// Commits that stand on each other.
#[derive(Default)]
pub(super) struct Commits {
    /// From the base up.
    pub(super) ids: Vec<Oid>,
    /// The files they change.
    pub(super) written: Written,
}

impl Commits {
    /// Writes the commit of `step` on top of the others, or on `base`; takes the one that is there if it is the same but for
    /// the person.
    ///
    /// # Errors
    /// Objects that cannot be read or written; an internal error when a commit does not change exactly the paths of its
    /// step, changes a mode, or when the plan was made from other bytes than the commit holds.
    pub(super) fn add(
        &mut self,
        git: &Repository,
        base: &Commit<'_>,
        (who, there): (&Signature<'_>, Option<&Oid>),
        step: &Step,
    ) -> Result<()> {
        let parent = match self.ids.last() {
            Some(id) => git.find_commit(*id).map_err(|error| fault("read the new commit", &error))?,
            None => base.clone(),
        };
        let old = parent.tree().map_err(|error| fault("read the tree of a commit", &error))?;
        let new = tree(git, &old, step, &mut self.written)?;
        check(git, &old, &new, step)?;
        let message = message(step, base.id())?;
        let same = |one: &Commit<'_>| {
            one.tree_id() == new.id()
                && one.parent_id(0).ok() == Some(parent.id())
                && one.message().ok() == Some(&message)
        };
        if let Some(there) = there.and_then(|id| git.find_commit(*id).ok()).filter(same) {
            self.ids.push(there.id());
            return Ok(());
        }
        let id = git
            .commit(None, who, who, &message, &new, &[&parent])
            .map_err(|error| fault("write a commit to the object store", &error))?;
        self.ids.push(id);
        Ok(())
    }
}

/// What was written so far, by path: the next commit edits it further.
pub(super) type Written = BTreeMap<RepoPath, Changed>;

/// A file before the first commit that edits it, and after the last.
pub(super) struct Changed {
    pub(super) mode: i32,
    pub(super) before: (Oid, Arc<Source>),
    pub(super) after: (Oid, Vec<u8>),
}

fn tree<'repo>(git: &'repo Repository, old: &Tree<'_>, step: &Step, written: &mut Written) -> Result<Tree<'repo>> {
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
        let read = step.before.get(path.as_str()).ok_or_else(|| stray(path, "was never read"))?;
        let before = read.bytes();
        if !is_blob(entry.id(), before, written.get(path.as_str()))? {
            // Either the object is damaged, which this tells, or something else was read.
            checked(git, entry.id(), path.as_str())?;
            return Err(stray(path, "is not what the plan was made from"));
        }
        let after = edits.apply(before);
        if after == before {
            return Err(stray(path, "is edited to what it is already"));
        }
        let id = git.blob(&after).map_err(|error| fault("write a file to the object store", &error))?;
        builder.upsert(path.as_str(), id, mode);
        let mode = entry.filemode_raw();
        let first = || Changed { mode, before: (entry.id(), Arc::clone(read)), after: (id, Vec::new()) };
        written.entry(path.clone()).or_insert_with(first).after = (id, after);
    }
    let id = builder.create_updated(git, old).map_err(|error| fault("write a tree to the object store", &error))?;
    git.find_tree(id).map_err(|error| fault("read the new tree", &error))
}

/// Whether `bytes` are what the blob `id` holds. One that an earlier commit wrote needs no hashing.
fn is_blob(id: Oid, bytes: &[u8], written: Option<&Changed>) -> Result<bool> {
    if let Some((_, known)) = written.map(|written| &written.after).filter(|(written, _)| *written == id) {
        return Ok(known == bytes);
    }
    Oid::hash_object(ObjectType::Blob, bytes).map(|hash| hash == id).map_err(|error| fault("hash a file", &error))
}

/// Invariant 4: the changed paths are the step's, and their modes are kept.
fn check(git: &Repository, old: &Tree<'_>, new: &Tree<'_>, step: &Step) -> Result<()> {
    let mut changed = BTreeSet::new();
    compare(git, old, new, &mut changed)?;
    let planned: BTreeSet<String> = edited(step).map(|(path, _)| path.as_str().to_owned()).collect();
    if let Some(path) = changed.symmetric_difference(&planned).next() {
        let what = if planned.contains(path) { "would not change as planned" } else { "would change unplanned" };
        return Err(stray(&RepoPath::from(path.as_str()), what));
    }
    Ok(())
}

/// Adds the paths of the files that differ between two trees. Folders that are the same object are not entered.
fn compare(git: &Repository, old: &Tree<'_>, new: &Tree<'_>, changed: &mut BTreeSet<String>) -> Result<()> {
    let find = |id: Oid| git.find_tree(id).map_err(|error| fault("compare the new tree with the old one", &error));
    let mut todo = vec![(String::new(), old.id(), new.id())];
    while let Some((folder, old, new)) = todo.pop() {
        let (old, new) = (find(old)?, find(new)?);
        // Both are in the same order, unless something was added or is gone.
        let (mut before, mut after) = (old.iter(), new.iter());
        loop {
            let (from, to) = match (before.next(), after.next()) {
                (None, None) => break,
                (Some(from), Some(to)) if from.name_bytes() == to.name_bytes() => (from, to),
                (Some(odd), _) | (None, Some(odd)) => {
                    return Err(stray(&below(&folder, odd.name_bytes()), "would change its name or mode"));
                }
            };
            if from.id() == to.id() && from.filemode_raw() == to.filemode_raw() {
                continue;
            }
            let path = below(&folder, to.name_bytes());
            if from.filemode_raw() != to.filemode_raw() {
                return Err(stray(&path, "would change its name or mode"));
            }
            if to.kind() == Some(ObjectType::Tree) {
                todo.push((format!("{path}/"), from.id(), to.id()));
            } else {
                changed.insert(path.as_str().to_owned());
            }
        }
    }
    Ok(())
}

/// Whether an object that these commits, from the base up, bring is not there.
pub(super) fn is_lacking(git: &Repository, ids: &[Oid]) -> bool {
    let look = || -> std::result::Result<bool, git2::Error> {
        let odb = git.odb()?;
        for id in ids {
            let commit = git.find_commit(*id)?;
            let mut todo = vec![(Some(commit.parent(0)?.tree()?), commit.tree()?)];
            while let Some((old, new)) = todo.pop() {
                for entry in &new {
                    let before = old.as_ref().and_then(|old| old.get_name_bytes(entry.name_bytes()));
                    if before.as_ref().is_some_and(|before| before.id() == entry.id()) {
                        continue;
                    }
                    if entry.kind() == Some(ObjectType::Tree) {
                        let before = before.and_then(|before| git.find_tree(before.id()).ok());
                        todo.push((before, git.find_tree(entry.id())?));
                    } else if !odb.exists(entry.id()) {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    };
    look().unwrap_or(true)
}

fn below(folder: &str, name: &[u8]) -> RepoPath {
    RepoPath::from(format!("{folder}{}", String::from_utf8_lossy(name)).as_str())
}

fn edited(step: &Step) -> impl Iterator<Item = (&RepoPath, &Edits)> {
    step.edits.iter().filter(|(_, edits)| !edits.is_empty())
}

fn stray(path: &RepoPath, what: &str) -> Error {
    Error::internal(format!("{path} {what}; nothing was written"))
}

/// The commit message. The base is named in a trailer, here if the plan did not: without it, a later `--replace`
/// could not tell that the commit is ours. What the trailers say is read back as it will be later: it must be the last
/// paragraph, line by line, each once, and nothing else in the message may look like one of ours.
fn message(step: &Step, base: Oid) -> Result<String> {
    let base = format!("{BASE_TRAILER}: {base}");
    let mut text = format!("{}\n\n{}", step.title.trim(), step.body.trim_end());
    let ours = |line: &&str| TRAILERS.iter().any(|key| line.starts_with(key));
    if !text.lines().any(|line| line == base) {
        let trailers = text.lines().next_back().is_some_and(|line| ours(&line));
        text.extend([if trailers { "\n" } else { "\n\n" }, &base]);
    }
    let text = git2::message_prettify(text, None).map_err(|error| fault("write the commit message", &error))?;
    let meant: Vec<&str> = text.trim_end().rsplit("\n\n").next().unwrap_or_default().lines().collect();
    let read = git2::message_trailers_strs(&text).map_err(|error| fault("read the commit message back", &error))?;
    let read: Vec<String> = read.iter().map(|(key, value)| format!("{key}: {value}")).collect();
    let once = |key: &&str| meant.iter().filter(|line| line.starts_with(*key)).count() <= 1;
    let is_meant = read == meant && text.lines().filter(ours).eq(meant.iter().copied());
    if !(is_meant && TRAILERS.iter().all(once) && meant.contains(&base.as_str())) {
        let title = step.title.lines().next().unwrap_or_default();
        return Err(Error::internal(format!(
            "the trailers of the commit `{title}` would not be read as they are meant"
        )));
    }
    Ok(text)
}
