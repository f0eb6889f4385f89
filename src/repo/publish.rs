//! Writes plans as branches: objects first, the names last.
//!
//! Knows: the order that makes a failure harmless. Must not know: what the edits mean.

use std::thread::sleep;
use std::time::Duration;

use git2::{Commit, DiffOptions, ErrorCode, Oid, Repository, Signature, Transaction};

use super::ahead::{Ahead, Prepared};
use super::branch::{Existing, check_branch_name, full};
use super::fault::fault;
use super::untouched::Untouched;
use super::{Repo, build, conflicts, patch};
use crate::error::{Error, Result};
use crate::plan::Step;

/// How often a held lock is tried again, and how long between: git's own limit is a tenth of a second, too.
const TRIES: usize = 5;
const PAUSE: Duration = Duration::from_millis(20);

/// How to publish.
#[derive(Clone, Copy, Debug, Default)]
pub struct PublishOptions {
    /// Whether a branch of ours may be replaced.
    pub replace: bool,
    /// Do everything but keep it in memory: nothing is written to the repository.
    pub dry_run: bool,
    /// Whether the changes are wanted as a patch.
    pub patch: bool,
}

/// A branch to make.
#[derive(Clone, Debug)]
pub struct NewBranch<'a> {
    /// Its name, without `refs/heads/`.
    pub name: String,
    /// Its commits, in order.
    pub steps: Vec<&'a Step>,
}

/// What became of the branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is new.
    Created,
    /// It was ours and points somewhere else now; the commit it pointed at before, hexadecimal.
    Replaced(String),
    /// It was there already, with the very same commits: nothing was written.
    AlreadyThere,
    /// Nothing was written, as asked.
    DryRun,
    /// It is there and cannot be replaced, as the text says; it was left as it is, and the other branches of the run
    /// were written.
    Frozen(String),
}

/// A published branch.
#[derive(Clone, Debug)]
pub struct Published {
    /// The branch, without `refs/heads/`.
    pub branch: String,
    /// What became of it.
    pub outcome: Outcome,
    /// The commits from the base up, hexadecimal.
    pub commits: Vec<String>,
    /// All changes of the branch in git's patch format, if that is wanted; `git apply` takes it.
    pub patch: Vec<u8>,
    /// Edited files that differ from the base commit in the index or the working tree, sorted. They were not touched.
    pub differs: Vec<String>,
    /// Other branches of this run that cannot be merged after this one without a conflict.
    pub conflicts: Vec<Conflict>,
    /// What else the user should know, one sentence each.
    pub notes: Vec<String>,
}

/// Where a branch and another change the same lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The other branch.
    pub branch: String,
    /// The files, sorted.
    pub paths: Vec<String>,
}

/// A branch whose commits are built.
struct Built<'a> {
    new: &'a NewBranch<'a>,
    ids: Vec<Oid>,
    tip: Oid,
    existing: Existing,
}

impl Repo {
    /// Writes the steps of each branch as commits on `base` (hexadecimal) and makes the branches.
    ///
    /// All commits are first built in memory and checked there (invariant 4); only then are the same objects
    /// written, and last, in one transaction, the branches. A failure or a kill before that leaves at most objects
    /// that nothing refers to, which `git gc` removes. Neither `HEAD`, nor the index, nor the working tree is written.
    ///
    /// The same steps on the same base by the same person give the same commits, for their time is the base's.
    ///
    /// # Errors
    /// A branch name git forbids, a branch in the way (where several are to be replaced, one that cannot be is left
    /// instead), a held lock, an object store that cannot be written; an
    /// internal error when the plan does not fit the commit. Then no branch is made.
    pub fn publish(&self, base: &str, branches: &[NewBranch<'_>], options: PublishOptions) -> Result<Vec<Published>> {
        self.publish_prepared(Prepared::none(self.memory()?), base, branches, options)
    }

    /// The same with commits that were built already.
    ///
    /// # Errors
    /// As [`Repo::publish`].
    pub fn publish_ahead(
        &self,
        ahead: Ahead,
        base: &str,
        branches: &[NewBranch<'_>],
        options: PublishOptions,
    ) -> Result<Vec<Published>> {
        self.publish_prepared(ahead.prepared()?, base, branches, options)
    }

    fn publish_prepared(
        &self,
        mut prepared: Prepared,
        base: &str,
        branches: &[NewBranch<'_>],
        options: PublishOptions,
    ) -> Result<Vec<Published>> {
        for branch in branches {
            check_branch_name(&branch.name)?;
            if branch.steps.is_empty() {
                return Err(Error::internal("a plan without commits cannot be published"));
            }
        }
        let untouched = Untouched::of(&self.git);
        let ready: Vec<_> = branches.iter().map(|branch| prepared.take(&branch.steps)).collect();
        let memory = prepared.memory;
        let base_id = Oid::from_str(base).map_err(|error| fault("read the id of the base commit", &error))?;
        let from = memory.find_commit(base_id).map_err(|error| fault("read the base commit", &error))?;
        let (who, unknown) = self.identity(&from)?;
        let (mut all, mut built) = (Vec::new(), Vec::new());
        for (branch, ready) in branches.iter().zip(ready) {
            let commits = ready.unwrap_or_else(|| build::commits(&memory, &from, &who, &branch.steps))?;
            let tip = *commits.ids.last().unwrap_or(&base_id);
            let mut published = self.unpublished(&from, branch, &commits.ids);
            if options.patch {
                let whole = || patch::patch(&memory, from.id(), tip);
                published.patch = patch::of_files(&commits.written).unwrap_or_else(whole)?;
            }
            let ids = commits.ids;
            match self.existing(&memory, &branch.name, base_id, Some(tip), options.replace) {
                Err(error) if options.dry_run => {
                    published.notes.push(format!("without --dry-run this would fail: {error}"));
                }
                Err(error) if options.replace && branches.len() > 1 => {
                    published.outcome = Outcome::Frozen(error.message);
                }
                Err(error) => return Err(error),
                Ok(Existing::Same) => published.outcome = Outcome::AlreadyThere,
                Ok(existing) => built.push(Built { new: branch, ids, tip, existing }),
            }
            all.push(published);
        }
        conflicts::find(&memory, branches, &mut all)?;
        if !options.dry_run {
            self.write(base_id, &who, &built)?;
            for one in &built {
                for published in all.iter_mut().filter(|published| published.branch == one.new.name) {
                    published.outcome = match one.existing {
                        Existing::Ours(old) => Outcome::Replaced(old.to_string()),
                        Existing::Free | Existing::Same => Outcome::Created,
                    };
                }
            }
        }
        if let Some(first) = all.first_mut() {
            let by = format!("git knows no name and e-mail of yours; the commits are by {who}");
            first.notes.extend(unknown.then_some(by));
            first.notes.extend(untouched.changed());
        }
        Ok(all)
    }

    /// What there is to say of a branch with these commits before it is written.
    fn unpublished(&self, from: &Commit<'_>, branch: &NewBranch<'_>, ids: &[Oid]) -> Published {
        let mut published = Published {
            branch: branch.name.clone(),
            outcome: Outcome::DryRun,
            commits: ids.iter().map(Oid::to_string).collect(),
            patch: Vec::new(),
            differs: Vec::new(),
            conflicts: Vec::new(),
            notes: Vec::new(),
        };
        match self.differing(from, &branch.steps) {
            Ok(paths) => published.differs = paths,
            Err(error) => {
                published.notes.push(format!("the working tree could not be looked at: {}", error.message()));
            }
        }
        published
    }

    /// Writes the objects of what was built, then the names.
    fn write(&self, base: Oid, who: &Signature<'_>, built: &[Built<'_>]) -> Result<()> {
        if built.is_empty() {
            return Ok(());
        }
        let disk = self.handle()?;
        let from = disk.find_commit(base).map_err(|error| fault("read the base commit", &error))?;
        for one in built {
            if build::commits(&disk, &from, who, &one.new.steps)?.ids != one.ids {
                return Err(Error::internal("the same plan gave two different commits; no branch was written"));
            }
        }
        point(&disk, built)
    }

    /// The files that `steps` edit and that differ from `base` in the index or the working tree.
    fn differing(&self, base: &Commit<'_>, steps: &[&Step]) -> std::result::Result<Vec<String>, git2::Error> {
        if self.git.is_bare() {
            return Ok(Vec::new());
        }
        let mut options = DiffOptions::new();
        options.disable_pathspec_match(true).include_typechange(true);
        for path in steps.iter().flat_map(|step| step.edits.keys()) {
            options.pathspec(path.as_str());
        }
        let tree = self.git.find_commit(base.id())?.tree()?;
        let index = self.git.index()?;
        let staged = self.git.diff_tree_to_index(Some(&tree), Some(&index), Some(&mut options))?;
        let unstaged = self.git.diff_index_to_workdir(Some(&index), Some(&mut options))?;
        let mut paths: Vec<String> = staged
            .deltas()
            .chain(unstaged.deltas())
            .filter_map(|delta| delta.new_file().path_bytes().or(delta.old_file().path_bytes()))
            .map(|path| String::from_utf8_lossy(path).into_owned())
            .collect();
        paths.sort_unstable();
        paths.dedup();
        Ok(paths)
    }
}

/// Makes every branch point at its tip, if each still is as it was found; else none of them.
fn point(git: &Repository, built: &[Built<'_>]) -> Result<()> {
    let mut transaction = git.transaction().map_err(|error| fault("begin to write branches", &error))?;
    for one in built {
        let branch = &one.new.name;
        let failed = |error: git2::Error| fault(&format!("write the branch {branch}"), &error);
        lock(&mut transaction, &full(branch)).map_err(failed)?;
        // Looked at again under the lock: someone may have been faster.
        let now = match git.refname_to_id(&full(branch)) {
            Ok(id) => Some(id),
            Err(error) if error.code() == ErrorCode::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        let expected = if let Existing::Ours(old) = one.existing { Some(old) } else { None };
        if now != expected {
            return Err(Error::user(format!("the branch {branch} was changed by someone else just now"))
                .hint("look at it and run again"));
        }
    }
    for one in built {
        let failed = |error: git2::Error| fault(&format!("write the branch {}", one.new.name), &error);
        // git does not allow line ends in a reflog message; a title that has one is cut there.
        let title = one.new.steps.last().and_then(|step| step.title.lines().next()).unwrap_or_default();
        let message = format!("migrate: {}", title.replace('\0', ""));
        transaction.set_target(&full(&one.new.name), one.tip, None, &message).map_err(failed)?;
    }
    transaction.commit().map_err(|error| fault("write the branches", &error))
}

/// Takes the lock of a reference. One that is held is tried again a few times.
fn lock(transaction: &mut Transaction<'_>, name: &str) -> std::result::Result<(), git2::Error> {
    let mut tries = 1;
    while let Err(error) = transaction.lock_ref(name) {
        if error.code() != ErrorCode::Locked || tries == TRIES {
            return Err(error);
        }
        tries += 1;
        sleep(PAUSE);
    }
    Ok(())
}
