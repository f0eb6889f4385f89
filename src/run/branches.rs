//! Which branch each plan of a run goes to.
//!
//! Knows: names of hosts and services, what the user asked for. Must not know: git, edits.

use crate::error::{Error, Result};
use crate::plan::{Plan, Verdict};
use crate::repo::branch_name;

/// Names of branches, each with its plans by index, in the order of the plans. Plans without commits are on none.
///
/// `migrate/<host>` for the services of a host; `migrate/<host>/<service>` for each where they are to be separate.
/// `named` is the name the user wants instead.
///
/// # Errors
/// A name git does not allow, or one name for several branches.
pub(super) fn of(plans: &[Plan], separate: bool, named: Option<&str>) -> Result<Vec<(String, Vec<usize>)>> {
    let mut list: Vec<(String, Vec<usize>)> = Vec::new();
    let mut last = None;
    for (index, plan) in plans.iter().enumerate().filter(|(_, plan)| plan.verdict == Verdict::Ready) {
        // One branch for one move, whichever of its names the host was called by.
        let host = plan.moved.as_ref().map_or(&plan.request.host, |moved| &moved.short_host);
        let service = separate.then_some(plan.request.service.as_str());
        if let Some((_, indices)) = list.last_mut().filter(|_| last == Some((host, service))) {
            indices.push(index);
        } else {
            let name = named.map_or_else(|| branch_name(host, service), |name| Ok(name.to_owned()))?;
            list.push((name, vec![index]));
        }
        last = Some((host, service));
    }
    if let (Some(name), true) = (named, list.len() > 1) {
        return Err(Error::usage(format!("`--branch {name}` is one name for {} branches", list.len()))
            .hint("leave it out, or ask for one host and without --separate"));
    }
    Ok(list)
}
