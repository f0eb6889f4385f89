//! The report for a tool: one JSON object with a versioned schema, described in `docs/json-output.md`.
//!
//! Knows: key names and their order. Must not know: terminals. Every key is always there; what does not apply is
//! `null` or empty.

mod sets;

use std::sync::Arc;

use serde::Serialize;

use crate::finding::{Finding, Trust};
use crate::plan::{self, How, Move, Plan, QueryChange, Step};
use crate::questions::{self, Question};
use crate::text::{Edit, Place, Source};

use super::review;
use super::summary::{self, FileChange};
use super::{Outcome, Run, Written, to_json};
use sets::{Selected, Sets};

/// Grows with every change that is not just a new key.
const SCHEMA: &str = "migrate/2";
const BATCH: &str = "migrate-batch/3";

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    verdict: &'static str,
    exit_code: u8,
    dry_run: bool,
    request: Request<'a>,
    base: &'a str,
    branch: Option<&'a str>,
    outcome: Option<&'static str>,
    replaced: Option<&'a str>,
    notes: &'a [String],
    commits: Vec<Commit<'a>>,
    #[serde(rename = "move")]
    moved: Option<Moved<'a>>,
    files: Vec<File<'a>>,
    queries: Vec<Query<'a>>,
    questions: Vec<Asked<'a>>,
    findings: Vec<Found<'a>>,
    rollout: Vec<RolloutStep>,
    patch: String,
}

#[derive(Serialize)]
struct Asked<'a> {
    ask: &'a str,
    every_move: bool,
    findings: Vec<&'a str>,
}

#[derive(Serialize)]
struct Request<'a> {
    service: &'a str,
    host: &'a str,
}

#[derive(Serialize)]
struct Commit<'a> {
    id: Option<&'a str>,
    title: &'a str,
    body: &'a str,
    accepted: &'a [String],
}

#[derive(Serialize)]
struct Moved<'a> {
    host: &'a str,
    service: &'a str,
    project: &'a str,
    project_at: At<'a>,
    components: &'a [String],
    siblings: &'a [String],
    jobs: &'a [String],
    listeners: Vec<At<'a>>,
}

#[derive(Serialize)]
struct File<'a> {
    path: &'a str,
    commit: usize,
    created: bool,
    differs: bool,
    edits: Vec<Change<'a>>,
}

#[derive(Serialize)]
struct Change<'a> {
    path: &'a str,
    line: usize,
    column: usize,
    before: &'a str,
    after: &'a str,
    reason: &'a str,
    rule: &'a str,
    fact: Option<At<'a>>,
}

#[derive(Serialize)]
pub(super) struct At<'a> {
    path: &'a str,
    line: usize,
    column: usize,
}

#[derive(Serialize)]
struct Query<'a> {
    path: &'a str,
    line: usize,
    column: usize,
    context: &'a str,
    before: &'a str,
    after: &'a str,
    how: Option<&'static str>,
    streams_before: Selected<'a>,
    streams_after: Selected<'a>,
}

#[derive(Serialize)]
pub(super) struct Found<'a> {
    id: &'a str,
    level: &'static str,
    rule: &'a str,
    path: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    end_line: Option<usize>,
    end_column: Option<usize>,
    text: Option<&'a str>,
    message: &'a str,
    proposed: Option<&'a str>,
    proposal: Option<&'static str>,
    hint: Option<&'a str>,
}

#[derive(Serialize)]
struct RolloutStep {
    text: String,
    command: Option<String>,
}

/// Several services: what is said of each alone, and the branches they share.
#[derive(Serialize)]
struct Batch<'a> {
    schema: &'static str,
    exit_code: u8,
    dry_run: bool,
    base: &'a str,
    branches: Vec<Branch<'a>>,
    streams: Vec<&'a str>,
    stream_sets: Vec<Vec<usize>>,
    services: Vec<Report<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct Branch<'a> {
    name: &'a str,
    outcome: Option<&'static str>,
    replaced: Option<&'a str>,
    services: Vec<&'a str>,
    commits: &'a [String],
    conflicts: Vec<Conflict<'a>>,
    rollout: Vec<RolloutStep>,
    patch: String,
}

#[derive(Serialize)]
struct Conflict<'a> {
    branch: &'a str,
    paths: &'a [String],
}

/// See [`super::json()`].
pub(super) fn render(run: Run<'_>) -> String {
    match run.only().filter(|_| !run.batch) {
        Some((plan, written)) => {
            let patch = String::from_utf8_lossy(&written.patch).into_owned();
            to_json(&Report {
                patch,
                ..report(plan, Some(written), (&written.commits, &written.notes), &mut Selected::Listed)
            })
        }
        None => to_json(&batch(run)),
    }
}

fn batch(run: Run<'_>) -> Batch<'_> {
    let first = run.branches.first();
    let mut sets = Sets::default();
    let services = services(run, &mut |list| sets.of(list));
    Batch {
        schema: BATCH,
        exit_code: summary::exit_code(run),
        dry_run: first.is_some_and(|written| written.dry_run),
        base: run.plans.first().map_or("", |plan| &plan.base),
        branches: run
            .branches
            .iter()
            .filter(|written| !written.branch.is_empty())
            .map(|one| branch(run, one))
            .collect(),
        streams: sets.streams,
        stream_sets: sets.all,
        services,
        notes: first.map_or(&[], |written| &written.notes),
    }
}

fn branch<'a>(run: Run<'a>, written: &'a Written) -> Branch<'a> {
    let plans = || written.plans.iter().filter_map(|&index| run.plans.get(index));
    Branch {
        name: &written.branch,
        outcome: written.outcome.as_ref().map(summary::outcome),
        replaced: replaced(written.outcome.as_ref()),
        services: plans().map(|plan| plan.request.service.as_str()).collect(),
        commits: &written.commits,
        conflicts: written.conflicts.iter().map(|(branch, paths)| Conflict { branch, paths }).collect(),
        rollout: plan::together(plans()).iter().map(rollout).collect(),
        patch: String::from_utf8_lossy(&written.patch).into_owned(),
    }
}

/// What is said of each service alone. The patch is that of the branch.
fn services<'a>(run: Run<'a>, selected: Select<'_, 'a>) -> Vec<Report<'a>> {
    let one = |(index, plan)| {
        let alone = match review::branch_of(run, index) {
            Some((written, commits)) => report(plan, Some(written), (commits, &[]), selected),
            None => report(plan, None, (&[], &[]), selected),
        };
        Report { schema: BATCH, ..alone }
    };
    run.plans.iter().enumerate().map(one).collect()
}

/// How the streams that a query selects are told.
type Select<'s, 'a> = &'s mut dyn FnMut(&'a [Arc<str>]) -> Selected<'a>;

fn report<'a>(
    plan: &'a Plan,
    written: Option<&'a Written>,
    (commits, notes): (&'a [String], &'a [String]),
    selected: Select<'_, 'a>,
) -> Report<'a> {
    let outcome = written.and_then(|written| written.outcome.as_ref());
    Report {
        schema: SCHEMA,
        verdict: summary::verdict(plan.verdict),
        exit_code: summary::code_of(plan, written),
        dry_run: written.is_some_and(|written| written.dry_run),
        request: Request { service: &plan.request.service, host: &plan.request.host },
        base: &plan.base,
        branch: written.map(|written| written.branch.as_str()).filter(|name| !name.is_empty()),
        outcome: outcome.map(summary::outcome),
        replaced: replaced(outcome),
        notes,
        commits: plan.steps.iter().enumerate().map(|(index, step)| commit(step, commits.get(index))).collect(),
        moved: plan.moved.as_ref().map(moved),
        files: summary::files(plan).iter().map(|change| file(change, written)).collect(),
        queries: summary::queries(plan).into_iter().map(|one| query(one, selected)).collect(),
        questions: questions::of_plan(&plan.findings, plan.moved.as_ref()).into_iter().map(asked).collect(),
        findings: summary::findings(plan).into_iter().map(found).collect(),
        rollout: plan.rollout.iter().map(rollout).collect(),
        patch: String::new(),
    }
}

fn asked<'a>(question: Question<'a, &'a Finding>) -> Asked<'a> {
    let findings = question.about.into_iter().map(|one| one.id.as_str()).collect();
    Asked { ask: question.ask, every_move: question.every_move, findings }
}

fn replaced(outcome: Option<&Outcome>) -> Option<&str> {
    match outcome {
        Some(Outcome::Replaced(id)) => Some(id),
        _ => None,
    }
}

fn rollout(step: &plan::RolloutStep) -> RolloutStep {
    RolloutStep { text: step.text.clone(), command: step.command.clone() }
}

fn commit<'a>(step: &'a Step, id: Option<&'a String>) -> Commit<'a> {
    Commit { id: id.map(String::as_str), title: &step.title, body: &step.body, accepted: &step.accepted }
}

fn moved(moved: &Move) -> Moved<'_> {
    Moved {
        host: &moved.host,
        service: &moved.service,
        project: &moved.project,
        project_at: at(&moved.project_at),
        components: &moved.components,
        siblings: &moved.siblings,
        jobs: &moved.jobs,
        listeners: moved.listeners.iter().map(at).collect(),
    }
}

pub(super) fn at(place: &Place) -> At<'_> {
    let start = summary::start(place);
    At { path: place.source.path.as_str(), line: start.line, column: start.column }
}

fn file<'a>(change: &FileChange<'a>, written: Option<&Written>) -> File<'a> {
    File {
        path: change.path.as_str(),
        commit: change.step + 1,
        created: change.before.is_none(),
        differs: written.is_some_and(|written| written.differing.contains(change.path)),
        edits: change.edits.iter().map(|edit| self::change(change, edit)).collect(),
    }
}

fn change<'a>(file: &FileChange<'a>, edit: &'a Edit) -> Change<'a> {
    let (line, column) = file.before.map_or((1, 1), |source| position(source, edit));
    Change {
        path: file.path.as_str(),
        line,
        column,
        before: file.before.map_or("", |source| source.slice(edit.span)),
        after: &edit.new,
        reason: &edit.why.message,
        rule: edit.why.rule,
        fact: edit.why.fact.as_ref().map(at),
    }
}

fn position(source: &Source, edit: &Edit) -> (usize, usize) {
    let start = source.position(edit.span.start());
    (start.line, start.column)
}

fn query<'a>(query: &'a QueryChange, selected: Select<'_, 'a>) -> Query<'a> {
    let start = summary::start(&query.at);
    Query {
        path: query.at.source.path.as_str(),
        line: start.line,
        column: start.column,
        context: &query.context,
        before: &query.before,
        after: &query.after,
        how: query.how.map(How::word),
        streams_before: selected(&query.streams_before),
        streams_after: selected(&query.streams_after),
    }
}

pub(super) fn found(finding: &Finding) -> Found<'_> {
    let place = finding.at.as_ref();
    let start = place.map(summary::start);
    let end = place.map(summary::end);
    Found {
        id: &finding.id,
        level: finding.level.word(),
        rule: finding.rule,
        path: place.map(|place| place.source.path.as_str()),
        line: start.map(|at| at.line),
        column: start.map(|at| at.column),
        end_line: end.map(|at| at.line),
        end_column: end.map(|at| at.column),
        text: place.map(Place::text),
        message: &finding.message,
        proposed: finding.proposed.as_deref(),
        proposal: finding.trust().map(Trust::word),
        hint: finding.hint.as_deref(),
    }
}
