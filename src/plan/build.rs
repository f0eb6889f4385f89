//! Makes the plan: resolve the request, run the rewrites, order the commits, assert the invariants.
//!
//! Knows: which rewrite belongs to which commit. Must not know: how a rewrite works, or git.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::{Outcome, Plan, Request, Step, Task, Verdict, invariants, message, rollout, unread};
use crate::error::{Error, Result};
use crate::finding::{self, Finding, Level};
use crate::rewrite;
use crate::snapshot::Snapshot;
use crate::text::{Edit, Edits, RepoPath, Span};
use crate::topology::{Move, Resolved, Topology, moves};

/// The plan for one service on one host.
///
/// # Errors
/// When the host or service is unknown, or an invariant does not hold (an internal error that names the file).
pub fn plan(snapshot: &Snapshot, request: &Request) -> Result<Plan> {
    plan_on(&Topology::of(snapshot), request)
}

/// The same, in a repository whose topology is known already.
///
/// # Errors
/// As [`plan`].
pub fn plan_on(base: &Topology, request: &Request) -> Result<Plan> {
    step_from(base, request, &BTreeMap::new()).map(|(plan, _)| plan)
}

/// The plan, and the topology once its commits are there; `None` when it has none. `former`: what earlier plans of
/// the same run moved, with its jobs.
pub(super) fn step_from(
    base: &Topology,
    request: &Request,
    former: &BTreeMap<String, BTreeSet<String>>,
) -> Result<(Plan, Option<Topology>)> {
    let snapshot = &base.snapshot;
    let none = |verdict, findings| Ok((without_branch(snapshot, request, verdict, findings), None));
    let (moved, notes) = match moves::resolve(base, request)? {
        Resolved::Done(left) => return none(Verdict::NothingToDo, left),
        Resolved::Blocked(why) => {
            // A file of the host that cannot be read comes first: what is missing may stand in it.
            let mut all = unread::behind(base, request);
            all.extend(why);
            return none(Verdict::Blocked, all);
        }
        Resolved::Move(moved, notes) => (*moved, notes),
    };
    let mut builder = Builder { request, snapshot, findings: notes, steps: Vec::new() };
    let (topology, moved) = match builder.blocks(base, moved)? {
        Ok(ready) => ready,
        Err(blocked) => return none(Verdict::Blocked, blocked),
    };
    let topology = topology.as_ref().unwrap_or(base);
    builder.service(topology, Move { former: former.clone(), ..moved })
}

pub(super) fn without_branch(
    snapshot: &Snapshot,
    request: &Request,
    verdict: Verdict,
    mut findings: Vec<Finding>,
) -> Plan {
    // Facts that block keep their order: the first is the one to look at first.
    findings.sort_by_key(|finding| finding.level);
    let mut said = BTreeSet::new();
    findings.retain(|finding| {
        let at = finding.at.as_ref().map(|at| (at.source.path.clone(), at.span));
        said.insert((finding.message.clone(), at))
    });
    finding::name(&mut findings);
    Plan {
        task: Task::Move,
        request: request.clone(),
        verdict,
        base: snapshot.base.clone(),
        moved: None,
        steps: Vec::new(),
        findings,
        queries: Vec::new(),
        rollout: Vec::new(),
    }
}

struct Builder<'a> {
    request: &'a Request,
    snapshot: &'a Snapshot,
    findings: Vec<Finding>,
    steps: Vec<Arc<Step>>,
}

/// A topology that was read again after a first commit, and the move seen in it; or what blocks it.
type Ready = std::result::Result<(Option<Topology>, Move), Vec<Finding>>;

impl Builder<'_> {
    /// On a host that does not read the Docker socket, the blocks come first, in a commit of their own.
    fn blocks(&mut self, base: &Topology, moved: Move) -> Result<Ready> {
        let outcome = rewrite::alloy::add_blocks(base, &moved);
        if outcome.edits.is_empty() {
            return Ok(Ok((None, moved)));
        }
        self.findings.extend(outcome.findings);
        let edits = collect(outcome.edits)?;
        let after = self.snapshot.edited(&edits);
        let topology = base.again(&after);
        invariants::check_blocks(base, &topology, &moved)?;
        let (title, body) = message::blocks(&moved, &self.snapshot.base);
        self.steps.push(Arc::new(Step { title, body, before: self.snapshot.clone(), edits, accepted: Vec::new() }));
        self.findings.push(Finding::told(Level::Note, "alloy/backfill", &[("host", &moved.host)], None));
        match moves::resolve(&topology, self.request)? {
            Resolved::Move(mut moved, _) => {
                moved.streams.brought = std::mem::take(&mut moved.streams.beside);
                Ok(Ok((Some(topology), *moved)))
            }
            Resolved::Blocked(why) => Ok(Err(why)),
            Resolved::Done(_) => Err(Error::internal("adding the Docker-socket blocks moved the service")),
        }
    }

    fn service(mut self, topology: &Topology, moved: Move) -> Result<(Plan, Option<Topology>)> {
        let mut all = Outcome::default();
        let outcomes: Vec<Outcome> = rewrite::ALL.par_iter().map(|(_, rewrite)| rewrite(topology, &moved)).collect();
        for outcome in outcomes {
            all.edits.extend(outcome.edits);
            all.findings.extend(outcome.findings);
            all.queries.extend(outcome.queries);
        }
        self.findings.append(&mut all.findings);
        self.findings.extend(self.notes(&moved));
        if self.request.strict {
            let assumed = self.findings.iter_mut().filter(|finding| finding.is_assumption());
            assumed.for_each(|finding| finding.level = Level::Blocked);
        }
        if self.findings.iter().any(|finding| finding.level == Level::Blocked) {
            self.findings.retain(|finding| finding.level == Level::Blocked);
            return Ok((without_branch(self.snapshot, self.request, Verdict::Blocked, self.findings), None));
        }
        let edits = collect(all.edits)?;
        let before = topology.snapshot.clone();
        let new_blocks = !self.steps.is_empty();
        let (after, (rollout, findings)) = rayon::join(
            || invariants::check(topology, &moved, &edits, &all.queries, self.request),
            || {
                let rollout = rollout::steps(topology, &moved, &edits, new_blocks);
                self.findings.extend(unread::findings(topology, &moved));
                (rollout, sorted(std::mem::take(&mut self.findings)))
            },
        );
        let after = after?;
        let (title, body) = message::service(&moved, &edits, &rollout, &findings, &self.snapshot.base);
        self.steps.push(Arc::new(Step { title, body, before, edits, accepted: Vec::new() }));
        let plan = Plan {
            task: Task::Move,
            request: self.request.clone(),
            verdict: Verdict::Ready,
            base: self.snapshot.base.clone(),
            moved: Some(moved),
            steps: self.steps,
            findings,
            queries: all.queries,
            rollout,
        };
        Ok((plan, Some(after)))
    }
}

impl Builder<'_> {
    /// What is worth knowing about any move.
    fn notes(&self, moved: &Move) -> Vec<Finding> {
        let values = [("host", moved.host.as_str()), ("service", moved.service.as_str())];
        let mut notes = vec![Finding::told(Level::Note, "alloy/history", &values, None)];
        // Two old streams with one image: the same lines under two sets of labels.
        let images: BTreeSet<&usize> = moved.streams.image.iter().flatten().collect();
        if self.steps.is_empty() && images.len() < moved.streams.before.len() {
            notes.push(Finding::told(Level::Note, "alloy/logged-twice", &values, None));
        }
        notes
    }
}

/// Edits by file. Two rules that want the same bytes are a bug, never settled silently.
pub(super) fn collect(edits: Vec<(RepoPath, Edit)>) -> Result<BTreeMap<RepoPath, Edits>> {
    let mut out: BTreeMap<RepoPath, Edits> = BTreeMap::new();
    for (path, edit) in edits {
        out.entry(path.clone()).or_default().insert(edit).map_err(|clash| {
            let (first, second) = (&clash.first, &clash.second);
            Error::internal(format!(
                "{path}: {} ({:?}) and {} ({:?}) want the same bytes",
                first.why.rule, first.span, second.why.rule, second.span
            ))
        })?;
    }
    Ok(out)
}

/// Worst first, then by path and place; the same finding twice is one.
pub(super) fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|one, other| (one.level, said(one)).cmp(&(other.level, said(other))));
    // What is said at one level is not said again at a lower one.
    let mut heard = HashSet::new();
    let mut first = findings.iter().map(|finding| heard.insert(said(finding))).collect::<Vec<_>>().into_iter();
    findings.retain(|_| first.next().unwrap_or(true));
    finding::name(&mut findings);
    findings
}

/// What a finding says, and where.
fn said(finding: &Finding) -> (Option<(&str, Span)>, &'static str, &str) {
    let at = finding.at.as_ref().map(|at| (at.source.path.as_str(), at.span));
    (at, finding.rule, &finding.message)
}
