//! The moves that local branches hold and a commit does not.
//!
//! Knows: the trailers of the commits this program writes. Must not know: whether a branch is wanted, or what a move is.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use git2::{BranchType, Commit, ErrorCode, Oid, Repository, Sort};

use super::Repo;
use super::branch::{BASE_TRAILER, foreign};
use super::fault::fault;
use crate::error::Result;
use crate::status::{Branches, Held};

/// What a commit of ours says of itself.
pub(super) struct Trailers {
    commit: String,
    pub(super) host: String,
    pub(super) service: String,
    base: String,
    pub(super) options: String,
}

impl Repo {
    /// Every local branch, and the moves on them that `base` (hexadecimal) does not contain. Branches of remotes are
    /// not looked at: what they hold is somebody's who pushed it.
    ///
    /// # Errors
    /// The branches or their commits cannot be read.
    pub fn branches(&self, base: &str) -> Result<Branches> {
        let failed = |error: git2::Error| fault("read the branches", &error);
        let git = self.handle()?;
        let mut tips: BTreeMap<String, Oid> = BTreeMap::new();
        for branch in git.branches(Some(BranchType::Local)).map_err(failed)? {
            let (branch, _) = branch.map_err(failed)?;
            let name = String::from_utf8_lossy(branch.name_bytes().map_err(failed)?).into_owned();
            // A symbolic name is another name of a branch that is listed itself.
            // One whose commit is not in this clone holds nothing that could be told.
            if let Some(tip) = branch.get().target().filter(|tip| git.find_commit(*tip).is_ok()) {
                tips.insert(name, tip);
            }
        }
        let found = match walk(&git, &tips, base) {
            Err(error) if error.code() == ErrorCode::NotFound => each_alone(&git, &tips, base),
            other => other.map_err(failed)?,
        };
        let mut held = Vec::new();
        for ((branch, tip), commits) in tips.iter().zip(found) {
            if commits.is_empty() {
                continue;
            }
            // A clone may lack the commit that the branch was made from; that is no reason to say nothing.
            let foreign = match foreign(&git, *tip) {
                Ok(found) => found.map(|(commit, why)| format!("{commit} {why}")),
                Err(error) => Some(format!("its commits cannot be checked: {error}")),
            };
            held.extend(commits.into_iter().map(|one| Held {
                branch: branch.clone(),
                commit: one.commit.clone(),
                host: one.host.clone(),
                service: one.service.clone(),
                base: one.base.clone(),
                options: one.options.clone(),
                foreign: foreign.clone(),
            }));
        }
        Ok(Branches { names: tips.into_keys().collect(), held })
    }
}

/// As [`walk`], in a repository that lacks commits: a branch that leads to such a one holds nothing that could be told.
fn each_alone(git: &Repository, tips: &BTreeMap<String, Oid>, base: &str) -> Vec<Vec<Rc<Trailers>>> {
    let alone = |(name, tip): (&String, &Oid)| walk(git, &BTreeMap::from([(name.clone(), *tip)]), base);
    tips.iter().map(|one| alone(one).ok().and_then(|mut found| found.pop()).unwrap_or_default()).collect()
}

/// For each branch the commits of ours on it, newest first. Every commit outside of `base` is looked at once, however
/// many branches hold it: children come first and hand down which branches they are on.
fn walk(
    git: &Repository,
    tips: &BTreeMap<String, Oid>,
    base: &str,
) -> std::result::Result<Vec<Vec<Rc<Trailers>>>, git2::Error> {
    let mut found: Vec<Vec<Rc<Trailers>>> = tips.iter().map(|_| Vec::new()).collect();
    let mut on: BTreeMap<Oid, BTreeSet<usize>> = BTreeMap::new();
    let mut revwalk = git.revwalk()?;
    revwalk.set_sorting(Sort::TOPOLOGICAL)?;
    revwalk.hide(Oid::from_str(base)?)?;
    for (index, tip) in tips.values().enumerate() {
        revwalk.push(*tip)?;
        on.entry(*tip).or_default().insert(index);
    }
    for id in revwalk {
        let commit = git.find_commit(id?)?;
        let branches = on.remove(&commit.id()).unwrap_or_default();
        if let Some(trailers) = trailers(&commit).map(Rc::new) {
            for &branch in &branches {
                found[branch].push(Rc::clone(&trailers));
            }
        }
        for parent in commit.parent_ids() {
            on.entry(parent).or_default().extend(&branches);
        }
    }
    Ok(found)
}

/// The trailers of a commit that moves a service; a commit that only brings the blocks of a host names none.
pub(super) fn trailers(commit: &Commit<'_>) -> Option<Trailers> {
    let message = commit.message().ok()?;
    // Reading trailers costs more than reading commits, and nearly all have none of ours.
    memchr::memmem::find(message.as_bytes(), BASE_TRAILER.as_bytes())?;
    let all = git2::message_trailers_strs(message).ok()?;
    let value = |wanted: &str| all.iter().find(|(key, _)| *key == wanted).map(|(_, value)| value.to_owned());
    Some(Trailers {
        commit: commit.id().to_string(),
        host: value("Migrated-Host")?,
        service: value("Migrated-Service")?,
        base: value(BASE_TRAILER)?,
        options: value("Migrate-Options").unwrap_or_default(),
    })
}
