//! Makes the names of branches point at their commits, all of them or none.
//!
//! Knows: locks, what stood under a name before. Must not know: what the commits hold. git renames one lock after the other,
//! so what fails half-way is taken back, and what cannot be is said.

use std::thread::sleep;
use std::time::Duration;

use git2::{ErrorCode, Oid, Repository, Transaction};

use super::branch::{Existing, full};
use super::fault::fault;
use super::publish::Built;
use crate::error::{Error, Kind, Result};

/// How often a held lock is tried again, and how long between. Another run holds one for milliseconds.
const TRIES: usize = 25;
const PAUSE: Duration = Duration::from_millis(20);

/// Makes every branch point at its tip, if each still is as it was found; else none of them. One that points there already,
/// because an equal run was faster, is noted as such.
///
/// # Errors
/// A held lock, a branch that was changed, names that cannot be written. Of [`Kind::Late`] where some are written all the
/// same.
pub(super) fn point(git: &Repository, built: &mut [Built<'_>]) -> Result<()> {
    let mut transaction = git.transaction().map_err(|error| fault("begin to write branches", &error))?;
    for one in built.iter_mut() {
        let branch = &one.new.name;
        let failed = |error: git2::Error| fault(&format!("write the branch {branch}"), &error);
        lock(&mut transaction, &full(branch)).map_err(failed)?;
        // Looked at again under the lock: someone may have been faster.
        let now = at(git, branch).map_err(failed)?;
        let expected = if let Existing::Ours(old) = one.existing { Some(old) } else { None };
        if now == Some(one.tip) {
            one.existing = Existing::Same;
        } else if now != expected {
            return Err(Error::user(format!("the branch {branch} was changed by someone else just now"))
                .hint("look at it and run again"));
        }
    }
    for one in built.iter().filter(|one| one.existing != Existing::Same) {
        let failed = |error: git2::Error| fault(&format!("write the branch {}", one.new.name), &error);
        // git does not allow line ends in a reflog message; a title that has one is cut there.
        let title = one.new.steps.last().and_then(|step| step.title.lines().next()).unwrap_or_default();
        let message = format!("migrate: {}", title.replace('\0', ""));
        transaction.set_target(&full(&one.new.name), one.tip, None, &message).map_err(failed)?;
    }
    let written = transaction.commit().map_err(|error| fault("write the branches", &error));
    // By here all locks are gone, also those of names that were not written.
    written.map_err(|error| take_back(git, built, error))
}

/// Puts every name back to what it was, after `error`; says which ones are written where that fails, too.
pub(super) fn take_back(git: &Repository, built: &[Built<'_>], error: Error) -> Error {
    let ours = || built.iter().filter(|one| one.existing != Existing::Same);
    let left: Vec<&str> = ours().filter(|one| put_back(git, one).is_err()).map(|one| one.new.name.as_str()).collect();
    if left.is_empty() {
        return error;
    }
    let others: Vec<&str> = ours().map(|one| one.new.name.as_str()).filter(|name| !left.contains(name)).collect();
    let mut message =
        format!("{}; this is written all the same and could not be taken back: {}", error.message, left.join(", "));
    if !others.is_empty() {
        message.extend(["; this is not: ", &others.join(", ")]);
    }
    Error { kind: Kind::Late, message, hints: Vec::new() }
        .hint("look at the branches with `git branch --list -v 'migrate/*'`; the same command with --replace writes all of them")
}

/// Puts a name back, if it points at the new commit.
fn put_back(git: &Repository, one: &Built<'_>) -> std::result::Result<(), git2::Error> {
    if at(git, &one.new.name)? != Some(one.tip) {
        return Ok(());
    }
    let name = full(&one.new.name);
    match one.existing {
        Existing::Ours(old) => git.reference_matching(&name, old, true, one.tip, "migrate: taken back").map(|_| ()),
        Existing::Free | Existing::Same => git.find_reference(&name)?.delete(),
    }
}

/// What a branch points at; `None` when there is none.
fn at(git: &Repository, branch: &str) -> std::result::Result<Option<Oid>, git2::Error> {
    match git.refname_to_id(&full(branch)) {
        Ok(id) => Ok(Some(id)),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error),
    }
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
