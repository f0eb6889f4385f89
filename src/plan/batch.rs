//! Plans for several services, each on the result of the ones before it.
//!
//! Knows: which plan another stands on. Must not know: how one plan is made, or what becomes of it.

use std::collections::{BTreeMap, BTreeSet};

use super::build::{step_from, without_branch};
use super::{Plan, Request, Verdict};
use crate::error::{Error, Kind, Result};
use crate::finding::{Finding, Level};
use crate::topology::Topology;

/// How several services are planned.
#[derive(Clone, Copy, Debug, Default)]
pub struct Batch {
    /// Each stands on the base alone, as for a branch of its own.
    pub separate: bool,
    /// Move at most this many.
    pub limit: Option<usize>,
    /// A name that is no service, or several, ends the run. Else such a one is blocked, and the others go on.
    pub strict: bool,
}

/// One plan per request, up to the limit. Each stands on those before it on the same host, so that their commits can
/// follow each other on one branch; what is blocked leaves no trace and stands behind what moves. `told` hears of each
/// plan that is made, and ends the run by an error. Requests for one host stand together.
///
/// # Errors
/// As [`super::plan`], and what `told` says.
pub fn batch(
    base: &Topology,
    requests: &[Request],
    how: Batch,
    told: &mut dyn FnMut(&Plan) -> Result<()>,
) -> Result<Vec<Plan>> {
    let mut room = how.limit.unwrap_or(usize::MAX);
    let mut plans = Vec::with_capacity(requests.len());
    for group in requests.chunk_by(|one, next| one.host == next.host) {
        let mut run = Run { base, latest: None, former: BTreeMap::new(), how, room, plans: Vec::new(), told };
        run.group(group)?;
        room = run.room;
        plans.append(&mut run.plans);
    }
    Ok(plans)
}

/// The plans of one host.
struct Run<'r> {
    base: &'r Topology,
    /// What the repository says after the last plan that moved something.
    latest: Option<Topology>,
    /// The projects that the plans before moved, with their jobs: a query that one of them left asks for those to this day.
    former: BTreeMap<String, BTreeSet<String>>,
    how: Batch,
    room: usize,
    plans: Vec<Plan>,
    told: &'r mut dyn FnMut(&Plan) -> Result<()>,
}

impl Run<'_> {
    /// Plans in the order of the requests. What is blocked may be free once others have moved, so it is tried again
    /// until a round moves nothing.
    fn group(&mut self, requests: &[Request]) -> Result<()> {
        let mut blocked: Vec<Plan> = Vec::new();
        for request in requests {
            blocked.extend(self.one(request, true)?);
        }
        let mut moved = !self.how.separate;
        while std::mem::take(&mut moved) {
            for plan in std::mem::take(&mut blocked) {
                let before = self.plans.len();
                blocked.extend(self.one(&plan.request, false)?);
                moved |= self.plans.len() > before;
            }
        }
        self.plans.append(&mut blocked);
        Ok(())
    }

    /// Plans one service, if there is room. A plan that is blocked is handed back.
    fn one(&mut self, request: &Request, first: bool) -> Result<Option<Plan>> {
        if self.room == 0 {
            return Ok(None);
        }
        let on = self.latest.as_ref().filter(|_| !self.how.separate).unwrap_or(self.base);
        let (plan, after) = match step_from(on, request, &self.former) {
            Err(error) if error.kind == Kind::User && !self.how.strict => (unclear(self.base, request, &error), None),
            other => other?,
        };
        let is_blocked = plan.verdict == Verdict::Blocked;
        if first || !is_blocked {
            (self.told)(&plan)?;
        }
        if is_blocked {
            return Ok(Some(plan));
        }
        self.room -= usize::from(plan.verdict == Verdict::Ready);
        if let Some(moved) = plan.moved.as_ref().filter(|_| !self.how.separate) {
            self.former.entry(moved.project.clone()).or_default().extend(moved.jobs.iter().cloned());
        }
        self.plans.push(plan);
        if after.is_some() {
            // Taking the old one apart takes a while, and nobody waits for it.
            let old = std::mem::replace(&mut self.latest, after);
            rayon::spawn(move || drop(old));
        }
        Ok(None)
    }
}

/// The plan for a name that means nothing, or more than one thing.
fn unclear(base: &Topology, request: &Request, error: &Error) -> Plan {
    let mut finding = Finding::told(Level::Blocked, "compose/ambiguous", &[("why", &error.message)], None);
    finding.hint = Some(error.hints.join("; ")).filter(|hints| !hints.is_empty());
    without_branch(&base.snapshot, request, Verdict::Blocked, vec![finding])
}
