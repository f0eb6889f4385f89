//! The plan: for each file a set of edits, for each open question a finding. Pure; same input, same plan.
//!
//! Knows: the rewrites, the order of commits and of the rollout, the invariants. Must not know: git objects, the
//! file system, how anything is shown.

mod accept;
mod batch;
mod branch;
mod build;
mod invariants;
mod message;
mod prune;
mod rollout;
mod unread;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::finding::{Finding, Level};
use crate::snapshot::Snapshot;
use crate::text::{Edits, RepoPath};

pub use crate::rewrite::{How, Outcome, QueryChange};
pub use crate::topology::{Move, Request};
pub use accept::{accept, safe};
pub use batch::{Batch, batch};
pub use branch::{Holds, branch_name};
pub use build::{plan, plan_on};
pub use prune::prune;
pub use rollout::together;

/// One commit of the branch.
#[derive(Clone, Debug)]
pub struct Step {
    /// First line of the commit message.
    pub title: String,
    /// The rest of the commit message, trailers included.
    pub body: String,
    /// The files before this commit.
    pub before: Snapshot,
    /// Edits by file, over the bytes in `before`.
    pub edits: BTreeMap<RepoPath, Edits>,
    /// The names of the findings whose texts it takes; empty for a commit of the move.
    pub accepted: Vec<String>,
}

/// One thing to do when the branch is rolled out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolloutStep {
    /// Which part of the rollout it is.
    pub part: Part,
    /// What and why, one sentence.
    pub text: String,
    /// The command, when the repository tells it.
    pub command: Option<String>,
}

/// Parts of a rollout, in the order that loses no line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Alloy starts to read the Docker socket.
    Blocks,
    /// The containers leave syslog.
    Service,
    /// A look whether the new lines come.
    Look,
    /// What queries the lines.
    Queries,
    /// The listeners go.
    Alloy,
}

/// What a plan is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Task {
    /// A service moves.
    #[default]
    Move,
    /// What earlier moves left behind goes.
    Prune,
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There is a branch to write.
    Ready,
    /// The service has moved already.
    NothingToDo,
    /// At least one finding is blocked; nothing may be written.
    Blocked,
}

/// Everything that is decided about a request. Every output is rendered from it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What it is for.
    pub task: Task,
    /// What was asked. [`Task::Prune`] names no service.
    pub request: Request,
    /// How it went.
    pub verdict: Verdict,
    /// Commit the plan was made from, hexadecimal.
    pub base: String,
    /// What moves; `None` when blocked before that was known, or when there is nothing to do.
    pub moved: Option<Move>,
    /// Commits in order. Empty unless [`Verdict::Ready`].
    pub steps: Vec<Arc<Step>>,
    /// Findings, worst first, then by path and place.
    pub findings: Vec<Finding>,
    /// Query sites that name the moved job.
    pub queries: Vec<QueryChange>,
    /// What to do, in the order that loses no line.
    pub rollout: Vec<RolloutStep>,
}

impl Plan {
    /// What it is about, in a few words: `kairos on puck.incus`. The host by its inventory name where that is known.
    pub fn subject(&self) -> String {
        let host = self.moved.as_ref().map_or(&self.request.host, |moved| &moved.host);
        match self.task {
            Task::Move => format!("{} on {host}", self.request.service),
            Task::Prune => format!("leftovers on {host}"),
        }
    }

    /// Whether any finding has this level.
    pub fn has(&self, level: Level) -> bool {
        self.findings.iter().any(|finding| finding.level == level)
    }
}
