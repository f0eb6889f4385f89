//! `migrate status` for a tool: one JSON object with a versioned schema, described in `docs/status-json.md`.
//!
//! Knows: key names and their order. Must not know: terminals. Every key is always there; what does not apply is
//! `null` or empty.

use serde::Serialize;

use super::Asked;
use crate::report::json::{At, Found, at, found};
use crate::report::{summary, to_json};
use crate::status::{Held, HostFacts, Row, State, Status, Touch, Unread};
use crate::text::RepoPath;
use crate::topology::Derives;

/// Grows with every change that is not just a new key.
const SCHEMA: &str = "migrate-status/2";

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    base: &'a str,
    counts: Counts,
    services: Vec<Service<'a>>,
    hosts: Vec<Host<'a>>,
    loki: Loki<'a>,
    unread: Vec<NotRead<'a>>,
    next: Vec<Next<'a>>,
}

#[derive(Serialize)]
struct Counts {
    ready: usize,
    syslog: usize,
    blocked: usize,
    #[serde(rename = "on-branch")]
    on_branch: usize,
    leftovers: usize,
    migrated: usize,
}

// The names of fields are the keys.
#[allow(clippy::struct_field_names)]
#[derive(Serialize)]
struct Service<'a> {
    host: &'a str,
    short_host: &'a str,
    service: &'a str,
    project: Option<&'a str>,
    state: &'static str,
    touches: Option<Touches>,
    branches: Vec<Branch<'a>>,
    findings: Vec<Found<'a>>,
}

#[derive(Serialize)]
struct Touches {
    edits: usize,
    files: usize,
    queries: usize,
    review: usize,
    every_move: usize,
    dashboards: usize,
    alerts: usize,
    other: usize,
    brings_blocks: bool,
}

#[derive(Serialize)]
struct Branch<'a> {
    name: &'a str,
    commit: &'a str,
    base: &'a str,
    foreign: Option<&'a str>,
}

#[allow(clippy::struct_field_names)]
#[derive(Serialize)]
struct Host<'a> {
    host: &'a str,
    short_host: &'a str,
    reads_socket: bool,
    socket_at: Option<At<'a>>,
    alloy: Vec<&'a str>,
    listeners: usize,
}

#[derive(Serialize)]
struct Loki<'a> {
    derives_service_name: Option<bool>,
    at: Option<At<'a>>,
}

#[derive(Serialize)]
struct NotRead<'a> {
    path: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    why: &'a str,
}

#[derive(Serialize)]
struct Next<'a> {
    text: &'a str,
    command: Option<String>,
}

/// See [`super::json()`].
pub(super) fn render(status: &Status, asked: Asked<'_>) -> String {
    let report = Report {
        schema: SCHEMA,
        base: &status.base,
        counts: counts(status),
        services: status.rows.iter().map(service).collect(),
        hosts: status.hosts.iter().map(host).collect(),
        loki: loki(&status.loki),
        unread: status.unread.iter().map(not_read).collect(),
        next: status.next.iter().map(|next| Next { text: &next.text, command: asked.next(status, next) }).collect(),
    };
    to_json(&report)
}

fn counts(status: &Status) -> Counts {
    Counts {
        ready: status.count(State::Ready),
        syslog: status.count(State::Syslog),
        blocked: status.count(State::Blocked),
        on_branch: status.count(State::OnBranch),
        leftovers: status.count(State::Leftovers),
        migrated: status.count(State::Migrated),
    }
}

fn service(row: &Row) -> Service<'_> {
    Service {
        host: &row.host,
        short_host: &row.short_host,
        service: &row.service,
        project: row.project.as_deref(),
        state: row.state.word(),
        touches: row.touch.map(touches),
        branches: row.branches.iter().map(branch).collect(),
        findings: row.findings.iter().map(found).collect(),
    }
}

fn touches(touch: Touch) -> Touches {
    Touches {
        edits: touch.edits,
        files: touch.files,
        queries: touch.queries,
        review: touch.review,
        every_move: touch.every_move,
        dashboards: touch.dashboards,
        alerts: touch.alerts,
        other: touch.others,
        brings_blocks: touch.brings_blocks,
    }
}

fn branch(held: &Held) -> Branch<'_> {
    Branch { name: &held.branch, commit: &held.commit, base: &held.base, foreign: held.foreign.as_deref() }
}

fn host(facts: &HostFacts) -> Host<'_> {
    Host {
        host: &facts.name,
        short_host: &facts.short,
        reads_socket: facts.socket.is_some(),
        socket_at: facts.socket.as_ref().map(at),
        alloy: facts.configs.iter().map(RepoPath::as_str).collect(),
        listeners: facts.listeners,
    }
}

fn loki(derives: &Derives) -> Loki<'_> {
    match derives {
        Derives::From(_, place) => Loki { derives_service_name: Some(true), at: place.as_ref().map(at) },
        Derives::Never(place) => Loki { derives_service_name: Some(false), at: Some(at(place)) },
        Derives::Unknown => Loki { derives_service_name: None, at: None },
    }
}

fn not_read(unread: &Unread) -> NotRead<'_> {
    let start = unread.at.as_ref().map(summary::start);
    NotRead {
        path: unread.path.as_ref().map(RepoPath::as_str),
        line: start.map(|at| at.line),
        column: start.map(|at| at.column),
        why: &unread.why,
    }
}
