//! The commit that moved a service, in the history of another.
//!
//! Knows: the trailers of the commits this program writes, first parents. Must not know: what a move is.

use git2::Sort;

use super::Repo;
use super::branches::trailers;
use super::fault::fault;
use crate::error::Result;

/// A commit that moves a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedBy {
    /// The commit, hexadecimal.
    pub commit: String,
    /// The commit before it, hexadecimal: the service has not moved there.
    pub before: String,
    /// `Migrated-Service`, as it was typed then.
    pub service: String,
    /// `Migrate-Options`, as they were typed then; empty without any.
    pub options: String,
}

impl Repo {
    /// The newest commit in the history of `rev` (default `HEAD`) that says it moves a service on `host`, its inventory
    /// name, that `is_meant`. A squashed or picked commit that kept its trailers counts: what matters is the commit before.
    ///
    /// # Errors
    /// No such commit `rev`, or the history cannot be read.
    pub fn moved_by(&self, rev: Option<&str>, host: &str, is_meant: &dyn Fn(&str) -> bool) -> Result<Option<MovedBy>> {
        let failed = |error: git2::Error| fault("read the history", &error);
        let start = self.commit(rev)?.id();
        let mut walk = self.git.revwalk().map_err(failed)?;
        walk.set_sorting(Sort::TIME).map_err(failed)?;
        walk.push(start).map_err(failed)?;
        for id in walk {
            // A shallow clone ends somewhere; what lies behind is not known.
            let Ok(commit) = id.and_then(|id| self.git.find_commit(id)) else { break };
            let Some(found) = trailers(&commit).filter(|one| one.host == host && is_meant(&one.service)) else {
                continue;
            };
            if let Ok(before) = commit.parent_id(0) {
                let (commit, before) = (commit.id().to_string(), before.to_string());
                return Ok(Some(MovedBy { commit, before, service: found.service, options: found.options }));
            }
        }
        Ok(None)
    }
}
