//! Finds the repository and the commit to start from.
//!
//! Knows: what stands in the way of planning from `HEAD`. Must not know: files, branches to write.

use std::path::{Path, PathBuf};

use git2::{Commit, ErrorCode, Repository, RepositoryOpenFlags};

use super::fault::fault;
use super::unfinished;
use crate::error::{Error, Result};

/// An open repository. Not shared between threads; readers open handles of their own.
pub struct Repo {
    pub(super) git: Repository,
    /// Folder with objects and branches; the same for all linked worktrees.
    pub(super) common: PathBuf,
    notes: Vec<String>,
}

impl Repo {
    /// Opens the repository that `dir` (default: the current folder) lies in. Bare repositories and linked worktrees
    /// are fine: only objects and branches are needed.
    ///
    /// # Errors
    /// No repository there, one of a format that cannot be read, or one that belongs to another user.
    pub fn open(dir: Option<&Path>) -> Result<Self> {
        let dir = dir.unwrap_or_else(|| Path::new("."));
        if !dir.exists() {
            return Err(Error::user(format!("there is no folder {}", dir.display())));
        }
        let none: [&Path; 0] = [];
        let git =
            Repository::open_ext(dir, RepositoryOpenFlags::empty(), none).map_err(|error| match error.code() {
                ErrorCode::NotFound => Error::user(format!("{} is not inside a git repository", name(dir)))
                    .hint("run it inside a clone of the infrastructure repository, or name one with --repo DIR")
                    .hint("to try it on an example first: migrate demo"),
                _ => fault(&format!("open the git repository at {}", name(dir)), &error),
            })?;
        let common = git.commondir().to_path_buf();
        let mut notes = Vec::new();
        if git.is_bare() {
            notes.push("the repository is bare: there is no working tree to compare the edited files with".to_owned());
        }
        if let Some(operation) = unfinished::operation(git.state()) {
            notes.push(format!("{operation} is in progress here; it is neither read nor changed"));
        }
        Ok(Self { git, common, notes })
    }

    /// Whether the repository has no working tree.
    pub fn is_bare(&self) -> bool {
        self.git.is_bare()
    }

    /// What is worth saying about the repository: bare, in the middle of a merge. One sentence each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The commit that `rev` names, by default `HEAD`.
    ///
    /// A merge, rebase or the like in progress is refused unless `rev` is given: `HEAD` then is not what the branch
    /// will be, so the plan would be made for a state that nobody deploys. Naming the commit, even as `HEAD`, says
    /// that it is meant.
    pub(super) fn commit(&self, rev: Option<&str>) -> Result<Commit<'_>> {
        let Some(rev) = rev else { return self.head() };
        let object = self.git.revparse_single(rev).map_err(|error| match error.code() {
            ErrorCode::NotFound | ErrorCode::InvalidSpec => {
                Error::user(format!("there is no commit `{rev}`")).hint("--base takes a branch, a tag or a commit hash")
            }
            ErrorCode::Ambiguous => Error::user(format!("`{rev}` names several objects")).hint("give more digits"),
            _ => fault(&format!("find the commit `{rev}`"), &error),
        })?;
        object.peel_to_commit().map_err(|_| {
            Error::user(format!("`{rev}` is not a commit")).hint("--base takes a branch, a tag or a commit hash")
        })
    }

    fn head(&self) -> Result<Commit<'_>> {
        if let Some(operation) = unfinished::operation(self.git.state()) {
            return Err(Error::user(format!("{operation} is in progress in this repository"))
                .hint("finish or abort it first (`git status` says how)")
                .hint("or say which commit to start from, for example --base HEAD"));
        }
        let head = self.git.head().map_err(|error| match error.code() {
            ErrorCode::UnbornBranch | ErrorCode::NotFound => self.unborn(),
            _ => fault("read HEAD", &error),
        })?;
        head.peel_to_commit().map_err(|error| fault("read the commit of HEAD", &error))
    }

    fn unborn(&self) -> Error {
        // Not git's own `is_empty`: that one also asks for the default branch name.
        if self.git.references().is_ok_and(|mut references| references.next().is_none()) {
            return Error::user("the repository is empty: it has no commit yet")
                .hint("commit the infrastructure first; the plan is made from a commit");
        }
        let branch = self.git.find_reference("HEAD").ok();
        let branch = branch.as_ref().and_then(|head| head.symbolic_target().ok().flatten()).unwrap_or("HEAD");
        let branch = branch.strip_prefix("refs/heads/").unwrap_or(branch);
        Error::user(format!("HEAD is at the branch `{branch}`, which has no commit yet"))
            .hint("switch to a branch with commits, or name one with --base")
    }
}

fn name(dir: &Path) -> String {
    if dir == Path::new(".") { "this folder".to_owned() } else { dir.display().to_string() }
}
