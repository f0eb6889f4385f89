//! Branch names and the branches that are there already.
//!
//! Knows: what git allows as a name, when a branch is ours. Must not know: how commits are made.

use git2::{BranchType, Commit, ErrorCode, Oid, Reference, Repository};

use super::Repo;
use super::fault::fault;
use crate::error::{Error, Result};
use crate::plan::{self, Holds};
use crate::shell;

/// The trailer that names the commit a plan was made from. Every commit of ours carries it.
pub(super) const BASE_TRAILER: &str = "Migrate-Base";
/// Every trailer of ours.
pub(super) const TRAILERS: [&str; 5] =
    ["Migrated-Service", "Migrated-Host", OPTIONS_TRAILER, ACCEPTED_TRAILER, BASE_TRAILER];
/// The trailer with the options that a service was moved with.
const OPTIONS_TRAILER: &str = "Migrate-Options";
/// The trailer that names the findings whose texts a person accepted, between blanks.
const ACCEPTED_TRAILER: &str = "Migrate-Accepted";
/// No plan has this many steps: a longer chain is not ours.
const MOST_COMMITS: usize = 10_000;

/// The branch a plan goes to: see [`plan::branch_name`].
///
/// # Errors
/// A name git does not allow in a branch, or one with a `/`, which would name another branch.
pub fn branch_name(host: &str, holds: Holds<'_>) -> Result<String> {
    let services = if let Holds::Services(list) = holds { list } else { &[] };
    for (what, part) in [("host", &host)].into_iter().chain(services.iter().map(|part| ("service", part))) {
        if part.is_empty() || part.contains('/') {
            return Err(Error::user(format!(
                "the {what} name `{}` cannot be part of a branch name",
                part.escape_debug()
            ))
            .hint("it must not be empty or contain `/`; choose a branch with --branch NAME"));
        }
    }
    let name = plan::branch_name(host, holds);
    check_branch_name(&name)?;
    Ok(name)
}

/// Whether git allows a branch of this name.
///
/// # Errors
/// It does not; the error says what git forbids.
pub fn check_branch_name(name: &str) -> Result<()> {
    // A NUL never reaches git's own check: it cannot be passed.
    let valid = !name.contains('\0')
        && !name.starts_with('-')
        && name != "HEAD"
        && git2::Branch::name_is_valid(name).unwrap_or(false);
    if valid {
        return Ok(());
    }
    Err(Error::user(format!("git does not allow a branch named `{}`", name.escape_debug()))
        .hint("a branch name has no blanks, no control characters, none of ~ ^ : ? * [ \\, no `..`, `//` or `@{`")
        .hint(
            "no part of it begins with `.` or ends with `.lock`, and it does not begin with `-` or end with `/` or `.`",
        )
        .hint("choose a branch with --branch NAME"))
}

/// The full name of a branch.
pub(super) fn full(branch: &str) -> String {
    format!("refs/heads/{branch}")
}

/// What stands under the name of the branch today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Existing {
    /// Nothing.
    Free,
    /// The very commit that would be written.
    Same,
    /// A branch of ours that may be replaced; its commit.
    Ours(Oid),
}

impl Repo {
    /// Whether a branch from `base` (hexadecimal) may be made under this name, as far as that can be told before its commits
    /// are known.
    ///
    /// # Errors
    /// As [`Repo::publish`] will say.
    pub fn may_be_made(&self, branch: &str, base: &str, replace: bool) -> Result<()> {
        check_branch_name(branch)?;
        let base = Oid::from_str(base).map_err(|error| fault("read the id of the base commit", &error))?;
        self.existing(&self.handle()?, branch, base, &[], replace).map(|_| ())
    }

    /// Looks at what stands in the way of a branch from `base` with the commits `ids`; empty: they are not known yet. A branch
    /// that more commits are put on is not replaced.
    ///
    /// # Errors
    /// The name is taken by another branch, or by a branch that may not be replaced.
    pub(super) fn existing(
        &self,
        git: &Repository,
        branch: &str,
        base: Oid,
        ids: &[Oid],
        replace: bool,
    ) -> Result<Existing> {
        let reference = match git.find_reference(&full(branch)) {
            Ok(reference) => reference,
            Err(error) if error.code() == ErrorCode::NotFound => {
                return self.clash(git, branch, base)?.map_or(Ok(Existing::Free), Err);
            }
            // A folder stands where the file of the branch would be.
            Err(error) => {
                let clash = self.clash(git, branch, base)?;
                return Err(clash.unwrap_or_else(|| fault("look up the branch", &error)));
            }
        };
        let exists = |why: &str| Error::user(format!("the branch {branch} exists already{why}"));
        let Some(at) = reference.target() else {
            return Err(exists(" and is a symbolic reference").hint("choose another branch with --branch NAME"));
        };
        if ids.last() == Some(&at) {
            return Ok(Existing::Same);
        }
        let grows = ids.contains(&at);
        if let Some((commit, why)) = foreign(git, at)?.filter(|_| !grows) {
            return Err(exists(&format!(", and {commit} on it {why}"))
                .hint("a branch that somebody else worked on is never replaced")
                .hint("choose another branch with --branch NAME, or delete this one yourself"));
        }
        let from = git.find_commit(at).ok().and_then(|commit| base_of(&commit));
        if ids.is_empty() && from == Some(base) {
            // It may well be the very branch that is to be made.
            return Ok(Existing::Same);
        }
        if !replace && !grows {
            let moved = from.filter(|&from| from != base && git.graph_descendant_of(base, from).unwrap_or(false));
            let error = match moved {
                Some(from) => exists(&format!(", made from the earlier commit {}", shortened(&from.to_string()))),
                None => exists(" and holds something else"),
            };
            let error = if self.is_merged(git, branch, base)? { error.hint(merged(branch)) } else { error };
            return Err(error
                .hint("every commit on it was made by this program: --replace makes it anew")
                .hint("or choose another branch with --branch NAME"));
        }
        if let Some(place) = self.checked_out(git, &reference)? {
            return Err(exists(&format!(" and is checked out {place}"))
                .hint("switch to another branch there first, or choose another with --branch NAME"));
        }
        Ok(Existing::Ours(at))
    }

    /// Where the branch is checked out, if anywhere.
    fn checked_out(&self, git: &Repository, branch: &Reference<'_>) -> Result<Option<String>> {
        let at = |repository: &Repository| {
            let head = repository.find_reference("HEAD").ok();
            head.is_some_and(|head| head.symbolic_target_bytes() == Some(branch.name_bytes()))
        };
        if at(&self.git) {
            return Ok(Some("here".to_owned()));
        }
        if at(git) {
            return Ok(Some("in the main working tree".to_owned()));
        }
        let names = git.worktrees().map_err(|error| fault("list the working trees", &error))?;
        for name in names.iter().filter_map(|name| name.ok().flatten()) {
            let Ok(worktree) = git.find_worktree(name) else { continue };
            // A working tree whose folder is gone still keeps its HEAD, and git still counts it.
            let gone = || std::fs::read(git.path().join("worktrees").join(name).join("HEAD"));
            let there = match Repository::open_from_worktree(&worktree) {
                Ok(repository) => at(&repository),
                Err(_) => gone().is_ok_and(|head| {
                    head.strip_prefix(b"ref: ").is_some_and(|target| target.trim_ascii() == branch.name_bytes())
                }),
            };
            if there {
                return Ok(Some(format!("in the working tree `{name}`")));
            }
        }
        Ok(None)
    }

    /// Another branch whose name makes this one impossible: `migrate/puck` against `migrate/puck/kairos`.
    fn clash(&self, git: &Repository, branch: &str, base: Oid) -> Result<Option<Error>> {
        let taken = |other: &str| {
            let error = Error::user(format!("the branch {branch} cannot be made because the branch {other} exists"))
                .hint("git cannot have a branch inside the name of another");
            let hint = if self.is_merged(git, other, base)? {
                merged(other)
            } else {
                "merge it first and delete it, or choose another name with --branch NAME".to_owned()
            };
            Ok(Some(error.hint(hint)))
        };
        for (at, _) in branch.match_indices('/') {
            if git.find_branch(&branch[..at], BranchType::Local).is_ok() {
                return taken(&branch[..at]);
            }
        }
        let inside = format!("{}/", full(branch));
        // Not by glob: a host or branch name may hold the characters that a glob gives a meaning to.
        let references = git.references().map_err(|error| fault("list the branches", &error))?;
        for reference in references.flatten() {
            if let Some(name) = reference.name().ok().filter(|name| name.starts_with(&inside)) {
                return taken(name.strip_prefix("refs/heads/").unwrap_or(name));
            }
        }
        Ok(None)
    }

    /// Whether `git branch -d` takes the branch away: `base` holds all of it, `HEAD` does, and it is checked out nowhere.
    fn is_merged(&self, git: &Repository, branch: &str, base: Oid) -> Result<bool> {
        let Ok(reference) = git.find_reference(&full(branch)) else { return Ok(false) };
        let Some(at) = reference.target() else { return Ok(false) };
        let holds = |by: Oid| by == at || git.graph_descendant_of(by, at).unwrap_or(false);
        let head = self.git.refname_to_id("HEAD");
        Ok(holds(base) && head.is_ok_and(holds) && self.checked_out(git, &reference)?.is_none())
    }
}

/// A branch that this program made and nobody touched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The commit it was made from, hexadecimal.
    pub base: String,
    /// `Migrate-Options` of its first commit that has some; empty without any.
    pub options: String,
    /// The names of the findings whose texts were accepted, for each commit that holds some, oldest first.
    pub accepted: Vec<Vec<String>>,
}

impl Repo {
    /// What is kept of a branch when it is made anew; `None` where there is none, or one that is not ours alone.
    ///
    /// # Errors
    /// The branch or its commits cannot be read.
    pub fn kept(&self, branch: &str) -> Result<Option<Kept>> {
        let git = self.handle()?;
        let Some((base, chain)) = untouched_chain(&git, branch)? else { return Ok(None) };
        let (mut options, mut accepted) = (None, Vec::new());
        for commit in chain.iter().filter_map(|&id| git.find_commit(id).ok()) {
            options = options.or_else(|| trailer(&commit, OPTIONS_TRAILER));
            let ids = trailer(&commit, ACCEPTED_TRAILER);
            accepted.extend(ids.map(|ids| ids.split_whitespace().map(str::to_owned).collect()));
        }
        Ok(Some(Kept { base: base.to_string(), options: options.unwrap_or_default(), accepted }))
    }
}

/// The base of a branch of ours that nobody touched, and its commits from there up.
pub(super) fn untouched_chain(git: &Repository, branch: &str) -> Result<Option<(Oid, Vec<Oid>)>> {
    let Ok(mut at) = git.refname_to_id(&full(branch)) else { return Ok(None) };
    let find = |id: Oid| git.find_commit(id).map_err(|error| fault("read a commit of the branch", &error));
    let Some(base) = base_of(&find(at)?) else { return Ok(None) };
    // A clone may lack the commit it was made from.
    if !matches!(foreign(git, at), Ok(None)) {
        return Ok(None);
    }
    let mut chain = Vec::new();
    while at != base {
        chain.push(at);
        at = find(at)?.parent_id(0).map_err(|error| fault("read a commit of the branch", &error))?;
    }
    chain.reverse();
    Ok(Some((base, chain)))
}

/// What to do about a branch that is merged.
fn merged(branch: &str) -> String {
    format!("it is merged: delete it with `{}`", shell::command(&["git", "branch", "-d", branch]))
}

/// The first commit from `tip` down that is not ours and untouched, with what gives it away; `None` when all are.
///
/// Ours and untouched: one parent; a `Migrate-Base` trailer, the same on all; author and committer the same person at
/// the time of the base's committer. Amending or rebasing sets another committer time, so an edited commit is seen.
/// The chain ends at the commit that the trailer names.
pub(super) fn foreign(git: &Repository, tip: Oid) -> Result<Option<(String, &'static str)>> {
    let find = |id: Oid| git.find_commit(id).map_err(|error| fault("read a commit of the branch", &error));
    let mut commit = find(tip)?;
    let Some(base) = base_of(&commit) else {
        return Ok(Some((short(&commit), "was not made by this program")));
    };
    let time = find(base)?.committer().when();
    for _ in 0..MOST_COMMITS {
        if commit.id() == base {
            return Ok(None);
        }
        if base_of(&commit) != Some(base) || commit.parent_count() != 1 {
            return Ok(Some((short(&commit), "was not made by this program")));
        }
        if !untouched(&commit, time) {
            return Ok(Some((short(&commit), "was changed after this program made it")));
        }
        commit = find(commit.parent_id(0).map_err(|error| fault("read a commit of the branch", &error))?)?;
    }
    Ok(Some((short(&commit), "was not made by this program")))
}

/// Whether author and committer are one person, at `time`.
fn untouched(commit: &Commit<'_>, time: git2::Time) -> bool {
    let (author, committer) = (commit.author(), commit.committer());
    let same_time = |when: git2::Time| when == time && when.offset_minutes() == time.offset_minutes();
    author.name_bytes() == committer.name_bytes()
        && author.email_bytes() == committer.email_bytes()
        && same_time(author.when())
        && same_time(committer.when())
}

/// The commit that the message says the plan was made from.
fn base_of(commit: &Commit<'_>) -> Option<Oid> {
    trailer(commit, BASE_TRAILER).and_then(|value| Oid::from_str(&value).ok())
}

fn trailer(commit: &Commit<'_>, key: &str) -> Option<String> {
    let trailers = git2::message_trailers_strs(commit.message().ok()?).ok()?;
    trailers.iter().find(|(have, _)| *have == key).map(|(_, value)| value.to_owned())
}

fn short(commit: &Commit<'_>) -> String {
    format!("commit {}", shortened(&commit.id().to_string()))
}

/// The first ten digits of a commit id.
fn shortened(id: &str) -> &str {
    id.get(..10).unwrap_or(id)
}
