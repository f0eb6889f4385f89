//! Makes a new repository out of the files in a folder.
//!
//! Knows: `git init`, `git add`, `git commit`. Must not know: what the files are. Only for `migrate demo`; nothing else
//! here writes an index or `HEAD`.

use std::path::Path;

use git2::{ConfigLevel, IndexAddOption, Repository, RepositoryInitOptions, Signature, Time};

use super::fault::fault;
use crate::error::Result;

/// 2026-01-01T00:00:00Z: a fixed time, so that the commit is the same wherever it is made.
const THEN: i64 = 1_767_225_600;

/// Initialises `dir` with the branch `main` and one commit of everything in it.
///
/// # Errors
/// The folder is a repository already, or cannot be written.
pub fn create(dir: &Path, message: &str) -> Result<()> {
    let tried = |what: &'static str| move |error: git2::Error| fault(what, &error);
    let mut options = RepositoryInitOptions::new();
    options.initial_head("main").no_reinit(true).external_template(false);
    let git = Repository::init_opts(dir, &options).map_err(tried("make a git repository"))?;
    // A file with CRLF is to stay one, whatever the machine is set to.
    let local = git.config().and_then(|config| config.open_level(ConfigLevel::Local));
    local.and_then(|mut local| local.set_bool("core.autocrlf", false)).map_err(tried("configure the repository"))?;
    let mut index = git.index().map_err(tried("open the index"))?;
    index.add_all(["*"], IndexAddOption::FORCE, None).map_err(tried("add the files"))?;
    index.write().map_err(tried("write the index"))?;
    let tree = index.write_tree().and_then(|id| git.find_tree(id)).map_err(tried("write the tree"))?;
    let who =
        Signature::new("migrate demo", "demo@localhost", &Time::new(THEN, 0)).map_err(tried("sign the commit"))?;
    git.commit(Some("HEAD"), &who, &who, message, &tree, &[]).map_err(tried("write the commit"))?;
    Ok(())
}
