//! Errors that end the run: a kind (which decides the exit code), what happened, and what to do.
//!
//! Knows: exit codes. Must not know: how an error is shown. Library errors become this one at the border where they
//! occur; findings (`finding`) are for everything that does not end the run.

use std::fmt;

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The request or the repository is not as it must be; the user can mend it. Exit code 1.
    User,
    /// The command line itself is wrong. Exit code 2.
    Usage,
    /// A broken invariant of this program. Exit code 1, with a request to report it.
    Internal,
    /// It went wrong after a branch was written, which the message names. Exit code 3.
    Late,
    /// This program gave up half-way (a panic). As `Internal`, but it may have been after the branch was written.
    Panic,
}

impl Kind {
    /// The exit code of a run that ends so.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Usage => 2,
            Self::Late => 3,
            Self::User | Self::Internal | Self::Panic => 1,
        }
    }
}

/// A failure with what to do about it.
#[derive(Debug)]
pub struct Error {
    /// What kind.
    pub kind: Kind,
    /// What was tried and why it failed; first letter small, no full stop.
    pub message: String,
    /// What the user can do, one line each.
    pub hints: Vec<String>,
}

impl Error {
    /// Something the user can mend.
    pub fn user(message: impl Into<String>) -> Self {
        Self { kind: Kind::User, message: message.into(), hints: Vec::new() }
    }

    /// A wrong command line.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { kind: Kind::Usage, message: message.into(), hints: Vec::new() }
    }

    /// Something that went wrong once a branch was written.
    pub fn late(message: impl Into<String>) -> Self {
        Self { kind: Kind::Late, message: message.into(), hints: Vec::new() }
    }

    /// A broken invariant.
    pub fn internal(message: impl Into<String>) -> Self {
        Self { kind: Kind::Internal, message: message.into(), hints: Vec::new() }
    }

    /// The same, with one more thing to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// Shorthand for results that end the run on failure.
pub type Result<T> = std::result::Result<T, Error>;
