//! Writes plans as branches: objects first, the names last.
//!
//! Knows: the order that makes a failure harmless. Must not know: what the edits mean.

use git2::{Commit, DiffOptions, Oid, Signature};

use super::ahead::{Ahead, Prepared};
use super::branch::{Existing, check_branch_name, full, untouched_chain};
use super::fault::fault;
use super::untouched::Untouched;
use super::{Repo, build, conflicts, names, patch, signals};
use crate::error::{Error, Result};
use crate::plan::Step;

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
pub(super) struct Built<'a> {
    pub(super) new: &'a NewBranch<'a>,
    ids: Vec<Oid>,
    /// The commits that are on it.
    there: Vec<Oid>,
    pub(super) tip: Oid,
    pub(super) existing: Existing,
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
        let (mut all, mut built): (Vec<Published>, Vec<Built<'_>>) = (Vec::new(), Vec::new());
        for (branch, ready) in branches.iter().zip(ready) {
            let there = untouched_chain(&memory, &branch.name)?.map(|(_, chain)| chain).unwrap_or_default();
            let ready = ready.filter(|_| there.is_empty());
            let commits = ready.unwrap_or_else(|| build::commits(&memory, &from, &who, (&branch.steps, &there)))?;
            let tip = *commits.ids.last().unwrap_or(&base_id);
            let mut published = self.unpublished(&from, branch, &commits.ids);
            if options.patch {
                let whole = || patch::patch(&memory, from.id(), tip);
                published.patch = patch::of_files(&commits.written).unwrap_or_else(whole)?;
            }
            let ids = commits.ids;
            match self.existing(&memory, &branch.name, base_id, &ids, options.replace) {
                Err(error) if options.dry_run => {
                    published.notes.push(format!("without --dry-run this would fail: {error}"));
                }
                Err(error) if options.replace && branches.len() > 1 => {
                    published.outcome = Outcome::Frozen(error.message);
                }
                Err(error) => return Err(error),
                Ok(Existing::Same) => published.outcome = Outcome::AlreadyThere,
                Ok(existing) => built.push(Built { new: branch, ids, there, tip, existing }),
            }
            all.push(published);
        }
        conflicts::find(&memory, branches, &mut all)?;
        if !options.dry_run {
            self.write(base_id, &who, &mut built)?;
            self.settle(&built, &mut all);
        }
        if let Some(first) = all.first_mut() {
            let by = format!("git knows no name and e-mail of yours; the commits are by {who}");
            first.notes.extend(unknown.then_some(by));
            first.notes.extend(untouched.changed());
        }
        Ok(all)
    }

    /// Notes what became of each branch that was to be written.
    fn settle(&self, built: &[Built<'_>], all: &mut [Published]) {
        for one in built {
            for published in all.iter_mut().filter(|published| published.branch == one.new.name) {
                published.outcome = match one.existing {
                    Existing::Ours(old) => Outcome::Replaced(old.to_string()),
                    Existing::Same => Outcome::AlreadyThere,
                    Existing::Free => Outcome::Created,
                };
                published.notes.extend(self.unshared(&published.branch));
            }
        }
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
    fn write(&self, base: Oid, who: &Signature<'_>, built: &mut [Built<'_>]) -> Result<()> {
        if built.is_empty() {
            return Ok(());
        }
        self.write_objects(base, who, built)?;
        let _signals_wait = signals::hold();
        names::point(&self.handle()?, built)?;
        // Whoever removes what nothing refers to may have been at work until the names were there, and no longer.
        let lacking = || -> Result<bool> {
            let git = self.handle()?;
            Ok(built.iter().any(|one| build::is_lacking(&git, &one.ids)))
        };
        let mended = lacking().and_then(|is| if is { self.write_objects(base, who, built) } else { Ok(()) });
        mended.map_err(|error| names::take_back(&self.git, built, error))
    }

    fn write_objects(&self, base: Oid, who: &Signature<'_>, built: &[Built<'_>]) -> Result<()> {
        let disk = self.handle()?;
        let from = disk.find_commit(base).map_err(|error| fault("read the base commit", &error))?;
        for one in built {
            if build::commits(&disk, &from, who, (&one.new.steps, &one.there))?.ids != one.ids {
                return Err(Error::internal("the same plan gave two different commits; no branch was written"));
            }
        }
        Ok(())
    }

    /// A sentence, where git is told that others may write to the repository and they may not to what is new.
    #[cfg(unix)]
    fn unshared(&self, branch: &str) -> Option<String> {
        use std::os::unix::fs::PermissionsExt;
        let value = self.git.config().and_then(|config| config.get_string("core.sharedRepository")).ok()?;
        let folder = self.common.join(full(branch)).parent()?.metadata().ok()?;
        let is_shared = !matches!(value.to_ascii_lowercase().as_str(), "" | "0" | "false" | "umask");
        (is_shared && folder.permissions().mode() & 0o020 == 0).then(|| {
            "the repository is shared (core.sharedRepository), but what was written now has the rights that your umask leaves: \
             `umask 002` before the run lets the group write there, too"
                .to_owned()
        })
    }

    #[cfg(not(unix))]
    fn unshared(&self, _: &str) -> Option<String> {
        None
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
