//! Who the commits are by, and when.
//!
//! Knows: the user's git identity. Must not know: the clock; the time of a commit is the time of its base, so that
//! the same input gives the same commit.

use git2::{Commit, Signature};

use super::Repo;
use super::fault::fault;
use crate::error::Result;

/// Stands in when git knows no name or e-mail, as on a fresh machine: the branch is to be reviewed either way.
const NOBODY: (&str, &str) = ("migrate", "migrate@localhost");

impl Repo {
    /// Author and committer of every commit: git's committer identity (`GIT_COMMITTER_NAME` and `…_EMAIL`, else
    /// `user.name` and `user.email`) at the committer time of `base`. The flag says that git knew none.
    pub(super) fn identity(&self, base: &Commit<'_>) -> Result<(Signature<'static>, bool)> {
        let time = base.committer().when();
        let known = self.git.committer_from_env().or_else(|_| self.git.signature()).ok();
        let known = known.as_ref().and_then(|one| Some((one.name().ok()?, one.email().ok()?)));
        let known = known.filter(|(name, mail)| !name.trim().is_empty() && !mail.trim().is_empty());
        let (name, mail) = known.unwrap_or(NOBODY);
        let signature = Signature::new(name, mail, &time).map_err(|error| fault("use the git identity", &error))?;
        Ok((signature, known.is_none()))
    }
}
