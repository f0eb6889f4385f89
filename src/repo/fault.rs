//! Turns git's failures into ours, with what to do about them.
//!
//! Knows: which failures a user can mend. Must not know: what was being done; the caller says it.

use git2::{ErrorClass, ErrorCode};

use crate::error::Error;

/// The error for "cannot `what`", with git's own words and, for the failures that have a known way out, a hint.
pub(super) fn fault(what: &str, cause: &git2::Error) -> Error {
    let words = cause.message().trim();
    let error = Error::user(format!("cannot {what}: {words}"));
    match hint(cause) {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

fn hint(cause: &git2::Error) -> Option<String> {
    let words = cause.message();
    let has = |part: &str| words.contains(part);
    let hint = if cause.code() == ErrorCode::Locked || has("failed to lock file") || has(".lock'") {
        "another git process holds the lock; wait for it to finish, or remove the named `.lock` file if none is running"
    } else if has("No space left") {
        "free some space and run again; no branch was written"
    } else if has("Read-only file system") || has("Permission denied") {
        "the object store and the refs of the repository must be writable; no branch was written"
    } else if cause.code() == ErrorCode::Owner {
        "the folder belongs to someone else; if you trust it: git config --global --add safe.directory <folder>"
    } else if has("objectformat") || has("object format") || has("sha256") {
        "repositories with SHA-256 objects are not supported; only SHA-1 ones can be read"
    } else if has("extensions.partialclone") {
        "this is a partial clone, which cannot be read; clone again without `--filter`"
    } else if has("unsupported extension") || has("unsupported repository version") {
        "the repository uses a git format extension that this program cannot read"
    } else if cause.class() == ErrorClass::Odb && cause.code() == ErrorCode::NotFound {
        "an object is missing from the repository; `git fsck` says more"
    } else if has("hash mismatch") || has("corrupt") {
        "the repository is damaged; `git fsck` says more"
    } else {
        return None;
    };
    Some(hint.to_owned())
}
