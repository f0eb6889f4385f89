//! The repository: reads one commit, writes branches.
//!
//! Knows: git. Must not know: any file format, what a migration is, how anything is shown. This is the only module
//! that names `git2` and the only one that writes; what it writes is objects and, last, branches,
//! and beside the repository the report, where one is asked for.
//!
//! * [`Repo::open`] finds the repository from any folder inside it.
//! * [`Repo::snapshot`] lists a commit, [`Repo::load`] reads the files of it that can matter.
//! * [`Repo::publish`] turns the steps of plans into commits, checks them, and only then makes the branches.
//! * [`Repo::ahead`] builds those commits in memory while further plans are made.
//! * [`OutFile`] is a file for the user, written whole or not at all.
//! * [`Repo::branches`] lists the moves that branches hold already.
//! * [`Repo::kept`] says what of a branch is kept when it is made anew.
//! * [`Repo::moved_by`] finds the commit that moved a service.
//! * [`Repo::patch`] is the change between two commits, in git's own format.
//!
//! Not here: no checkout, no index or working-tree write, no network, no hook and no filter. `GIT_DIR` and
//! the other variables that redirect git are not read. `core.fsync` is not heeded, only the older `core.fsyncObjectFiles`:
//! what was written in the last seconds may be lost with the power, as with git's own defaults.

mod ahead;
mod beside;
mod branch;
mod branches;
mod build;
mod conflicts;
mod create;
mod fault;
mod identity;
mod missing;
mod moved;
mod names;
mod open;
mod origin;
mod patch;
mod publish;
mod read;
mod signals;
mod tree;
mod unfinished;
mod untouched;

pub use ahead::Ahead;
pub use beside::OutFile;
pub use branch::{Kept, branch_name, check_branch_name};
pub use create::create;
pub use moved::MovedBy;
pub use open::Repo;
pub use publish::{Conflict, NewBranch, Outcome, PublishOptions, Published};
pub use read::Load;
pub use signals::watch;

/// Size in bytes above which a file is not parsed. Larger ones are only searched.
pub const LARGEST_FILE: u64 = 16 << 20;

/// Size in bytes above which a file is not even searched: git can only hand out a packed file whole.
pub const LARGEST_SEARCHED: u64 = 256 << 20;
