//! Which branches cannot be merged one after the other.
//!
//! Knows: how git merges. Must not know: what the branches change.

use std::collections::BTreeSet;

use git2::{Commit, Oid, Repository};

use super::Repo;
use super::branch::full;
use super::fault::fault;
use super::publish::{Conflict, NewBranch, Published};
use crate::error::Result;
use crate::text::RepoPath;

/// Merges every two branches that edit a file in common, in the memory of `git`, and notes on both where that fails.
pub(super) fn find(git: &Repository, branches: &[NewBranch<'_>], published: &mut [Published]) -> Result<()> {
    let edited: Vec<BTreeSet<&RepoPath>> =
        branches.iter().map(|branch| branch.steps.iter().flat_map(|step| step.edits.keys()).collect()).collect();
    let mut tips = Vec::with_capacity(published.len());
    for one in published.iter() {
        tips.push(tip(git, one)?);
    }
    for first in 0..branches.len() {
        for second in first + 1..branches.len() {
            if edited[first].is_disjoint(&edited[second]) {
                continue;
            }
            let paths = merge(git, &tips[first], &tips[second])?;
            if paths.is_empty() {
                continue;
            }
            for (one, other) in [(first, second), (second, first)] {
                let branch = published[other].branch.clone();
                published[one].conflicts.push(Conflict { branch, paths: paths.clone() });
            }
        }
    }
    Ok(())
}

impl Repo {
    /// The files that a merge of a commit (hexadecimal) and a branch that is there leaves in conflict, sorted.
    ///
    /// # Errors
    /// One of the two cannot be read.
    pub fn conflicts_with(&self, commit: &str, branch: &str) -> Result<Vec<String>> {
        let git = self.memory()?;
        let failed = |error: git2::Error| fault(&format!("read the branch {branch}"), &error);
        let one = Oid::from_str(commit).and_then(|id| git.find_commit(id)).map_err(failed)?;
        let other = git.refname_to_id(&full(branch)).and_then(|id| git.find_commit(id)).map_err(failed)?;
        merge(&git, &one, &other)
    }
}

fn tip<'git>(git: &'git Repository, published: &Published) -> Result<Commit<'git>> {
    let id = published.commits.last().map_or("", String::as_str);
    let id = Oid::from_str(id).map_err(|error| fault("read the id of a new commit", &error))?;
    git.find_commit(id).map_err(|error| fault("read a new commit", &error))
}

/// The files that a merge of the two leaves in conflict, sorted.
fn merge(git: &Repository, one: &Commit<'_>, other: &Commit<'_>) -> Result<Vec<String>> {
    let failed = |error: git2::Error| fault("merge two branches to see whether they fit", &error);
    let index = git.merge_commits(one, other, None).map_err(failed)?;
    let mut paths = BTreeSet::new();
    for conflict in index.conflicts().map_err(failed)? {
        let conflict = conflict.map_err(failed)?;
        let entry = conflict.our.or(conflict.their).or(conflict.ancestor);
        paths.extend(entry.map(|entry| String::from_utf8_lossy(&entry.path).into_owned()));
    }
    Ok(paths.into_iter().collect())
}
