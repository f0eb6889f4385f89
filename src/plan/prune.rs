//! The plan that takes out what migrations left behind on a host.
//!
//! Knows: that such a plan is one commit and moves nothing. Must not know: what is left behind.

use std::sync::Arc;

use super::build::{collect, sorted, without_branch};
use super::{Outcome, Plan, Request, Step, Task, Verdict, invariants, message, rollout};
use crate::error::{Error, Result};
use crate::rewrite;
use crate::topology::{Topology, moves};

/// Plans to prune the host of `request`, whose service is not looked at.
///
/// # Errors
/// The host is unknown, or an invariant does not hold (an internal error that names the file).
pub fn prune(topology: &Topology, request: &Request) -> Result<Plan> {
    let index = moves::host(topology, &request.host)?;
    let host = &topology.hosts[index];
    let found = rewrite::prune::rewrite(topology, host);
    let request = Request { host: host.name.clone(), ..request.clone() };
    let empty = |verdict, findings| Plan {
        task: Task::Prune,
        ..without_branch(&topology.snapshot, &request, verdict, findings)
    };
    if found.edits.is_empty() {
        return Ok(empty(Verdict::NothingToDo, found.findings));
    }
    let Outcome { edits, findings, queries } = found;
    let edits = collect(edits)?;
    let after = invariants::check_prune(topology, &edits, &queries)?;
    let again = rewrite::prune::rewrite(&after, &after.hosts[index]);
    if let Some((path, edit)) = again.edits.first() {
        return Err(Error::internal(format!("{path}: once pruned, {} would be pruned again", edit.why.message)));
    }
    let rollout = rollout::pruned(topology, host, &edits);
    let short = moves::short_host(topology, &host.name);
    let (title, body) = message::prune(&short, &host.name, &edits, &topology.snapshot.base);
    let steps = vec![Arc::new(Step { title, body, before: topology.snapshot.clone(), edits, accepted: Vec::new() })];
    Ok(Plan { steps, queries, rollout, findings: sorted(findings), ..empty(Verdict::Ready, Vec::new()) })
}
