//! One module per artefact: topology and move in, edits and findings out.
//!
//! Knows: what has to change together when a service moves. Must not know: git, the file system, how anything is
//! shown. Every rewrite has the shape [`Rewrite`] and stands in [`ALL`].

pub mod alloy;
pub mod compose;
pub mod host_vars;
mod lines;
pub mod loki;
pub mod mentions;
pub mod prune;
pub mod queries;

use std::sync::Arc;

use crate::finding::Finding;
use crate::proof::{Matcher, Op};
use crate::rule;
use crate::syntax::logql::MatchOp;
use crate::text::{Edit, Place, RepoPath, Source, Span, Why};
use crate::topology::{Move, Topology};

impl From<MatchOp> for Op {
    fn from(written: MatchOp) -> Self {
        match written {
            MatchOp::Equal => Self::Equal,
            MatchOp::NotEqual => Self::NotEqual,
            MatchOp::Regex => Self::Match,
            MatchOp::NotRegex => Self::NotMatch,
        }
    }
}

/// What selects the containers that move, the shortest first: `service="P"` where the project has no others, then with
/// their components.
fn by_service(moved: &Move) -> Vec<Vec<Matcher>> {
    let service = Matcher::new("service", Op::Equal, &moved.project);
    let component = Matcher::one_of("component", &moved.components.iter().map(String::as_str).collect::<Vec<_>>());
    let both = vec![service.clone(), component];
    if moved.siblings.is_empty() { vec![vec![service], both] } else { vec![both] }
}

/// Which candidate a selector took, in the order they are tried (DESIGN 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The matcher makes place for one on `service`.
    Swap,
    /// It stays, and what moves is left out beside it.
    Append,
    /// It asks for `service_name`.
    Name,
    /// A label filter asks for what stays and for what moves.
    Filter,
}

impl How {
    /// One word for tools.
    pub fn word(self) -> &'static str {
        match self {
            Self::Swap => "swap",
            Self::Append => "append",
            Self::Name => "service_name",
            Self::Filter => "filter",
        }
    }

    /// A few words for people.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Swap => "`job` makes place for `service`",
            Self::Append => "left out by `service` as well",
            Self::Name => "selected by `service_name`",
            Self::Filter => "selected by a label filter",
        }
    }
}

/// A query site that was looked at and named the moved job: its text before and after.
#[derive(Clone, Debug)]
pub struct QueryChange {
    /// The query in its file (the bytes that hold it, quotes not included).
    pub at: Place,
    /// What it is part of, for people: `panel "Errors"`, `rule "KairosErrors"`.
    pub context: String,
    /// Decoded query today.
    pub before: String,
    /// Decoded query afterwards; equal to `before` when it was left alone.
    pub after: String,
    /// How its selector was rewritten; `None` when the selector stays.
    pub how: Option<How>,
    /// Streams the old query selects before the move, each as `{a="b", …}`.
    pub streams_before: Arc<[Arc<str>]>,
    /// Streams the new query selects after the move.
    pub streams_after: Arc<[Arc<str>]>,
}

/// What a rewrite returns: edits and findings come back together, so one odd file never hides the others.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Edits with the file they belong to.
    pub edits: Vec<(RepoPath, Edit)>,
    /// What the user is told.
    pub findings: Vec<Finding>,
    /// Query sites with their text before and after.
    pub queries: Vec<QueryChange>,
}

impl Outcome {
    /// Whether an edit touches this place.
    pub fn writes(&self, at: &Place) -> bool {
        self.edits.iter().any(|(path, edit)| *path == at.source.path && edit.span.overlaps(at.span))
    }
}

/// The one shape of a rewrite. What it changes and what it leaves come back together.
pub type Rewrite = fn(&Topology, &Move) -> Outcome;

/// Every rewrite of a move, in the order they are explained.
pub const ALL: &[(&str, Rewrite)] = &[
    ("compose", compose::rewrite),
    ("alloy", alloy::rewrite),
    ("host_vars", host_vars::rewrite),
    ("queries", queries::rewrite),
    ("loki", loki::rewrite),
];

/// An edit with its reason from the rule file.
fn edit(id: &'static str, span: Span, new: String, values: &[(&str, &str)], fact: Option<Place>) -> Edit {
    Edit { span, new, why: Why { rule: id, message: rule::say(id, values), fact } }
}

/// A place in a source.
fn place(source: &Arc<Source>, span: Span) -> Place {
    Place::new(source, span)
}
