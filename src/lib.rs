//! `migrate` moves Docker Compose services off the syslog logging driver and onto Docker-socket collection, and
//! writes the result as a git branch for a person to review.
//!
//! ```text
//! git commit ──► Snapshot ──► Topology ──► Plan ──► new tree + commit(s) ──► branch
//!               (repo)       (topology)   (plan)        (repo)
//!                                           └──► report: terminal, JSON, Markdown, SARIF, HTML
//! ```
//!
//! The stations, in the order a run passes them ([`run`] is the list of calls):
//!
//! * [`cli`] — what can be typed; its doc comments are the help.
//! * [`repo`] — the only part that names git, and the only one that writes. [`select`] says which files can matter.
//! * [`snapshot`] — the files of one commit.
//! * [`topology`] — what runs where, each fact with its place: hosts, listeners, projects, query sites, streams.
//! * [`rewrite`] — one module per artefact: topology and move in, edits and findings out. [`proof`] checks a selector
//!   against the streams before and after.
//! * [`plan`] — runs the rewrites, orders commits and rollout, asserts the invariants.
//! * [`questions`] — what a person must decide: findings that one answer settles.
//! * [`report`] — every output, rendered from the one plan.
//! * [`status`] — where every service stands, from the plan of each and the branches there are.
//! * [`verify`] — what a Loki server says of a move that was rolled out; the only part that names a network.
//!
//! What they are made of:
//!
//! * [`text`] — bytes of a file and changes to them; knows no format.
//! * [`syntax`] — readers that say where things are; knows `text` only.
//! * [`plain`] — text that a terminal may show. [`shell`] — commands that a person may copy.
//! * [`logql_eval`] — what a query answers on lines that are known; held to recorded answers of Loki.
//! * [`prove`] — whether two texts of a query answer the same, one before a move and one after it: both are evaluated.
//! * [`patterns`] — regular expressions, each compiled once.
//! * [`rule`] — the sentences and texts of `rewrites/`. [`finding`] — what the user is told; [`error`] — what ends a run.
//! * [`man`] — the man pages, from the definitions of [`cli`].
//! * [`demo`] — the example infrastructure of `example/`, embedded.
//!
//! Not here: no code prints a format back, no code between `Snapshot` and `Plan` does I/O, nothing edits a file
//! except by [`text::Edits`].

pub mod cli;
pub mod demo;
pub mod error;
pub mod finding;
pub mod logql_eval;
pub mod man;
pub mod patterns;
pub mod plain;
pub mod plan;
pub mod proof;
pub mod prove;
pub mod questions;
pub mod repo;
pub mod report;
pub mod rewrite;
pub mod rule;
pub mod run;
pub mod select;
pub mod shell;
pub mod snapshot;
pub mod status;
pub mod syntax;
pub mod text;
pub mod topology;
pub mod verify;
