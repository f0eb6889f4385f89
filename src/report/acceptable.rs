//! What of a run can be taken as it is proposed, and the command that takes it.
//!
//! Knows: [`Run`], how the command line that a run came from reads. Must not know: any output.

use std::collections::BTreeSet;

use crate::plan::{self, Holds, Plan, Task, Verdict};
use crate::shell;
use crate::topology::moves::options;

use super::Run;

/// How many places have a text that is safe and goes onto a branch of the run.
pub(super) fn safe(run: Run<'_>) -> usize {
    let ids = run.branches.iter().flat_map(|written| plan::safe(run.plans, &written.plans));
    ids.collect::<BTreeSet<_>>().len()
}

/// The command that takes what is safe: onto the branch, or with the branch where there is none yet.
pub(super) fn command(run: Run<'_>) -> Option<String> {
    let moves = |plan: &&Plan| plan.task == Task::Move && plan.verdict == Verdict::Ready;
    let plans: Vec<&Plan> = run.plans.iter().filter(moves).collect();
    let first = plans.first()?;
    let hosts: BTreeSet<&str> =
        plans.iter().filter_map(|plan| Some(plan.moved.as_ref()?.short_host.as_str())).collect();
    let services: Vec<&str> = plans.iter().map(|plan| plan.request.service.as_str()).collect();
    let branches: Vec<&str> = run.branches.iter().map(|one| one.branch.as_str()).collect();
    let is_all = |branch: &&str| hosts.iter().any(|host| **branch == plan::branch_name(host, Holds::All));
    let all = run.batch && (hosts.len() > 1 || branches.iter().any(is_all));
    let is_there = !run.branches.iter().any(|one| one.dry_run);
    let mut words = vec!["migrate".to_owned()];
    words.extend(is_there.then(|| "accept".to_owned()));
    words.extend(if all { vec!["--all".to_owned()] } else { services.iter().map(|one| (*one).to_owned()).collect() });
    if let [host] = hosts.iter().collect::<Vec<_>>()[..] {
        words.extend(shell::option("--host", host));
        let usual = plan::branch_name(host, if all { Holds::All } else { Holds::Services(&services) });
        if let [branch] = branches[..]
            && branch != usual
        {
            words.extend(shell::option("--branch", branch));
        }
    }
    words.extend((branches.len() > hosts.len()).then(|| "--separate".to_owned()));
    words.extend(options::of_request(&first.request).split_whitespace().map(str::to_owned));
    words.extend(if is_there { vec!["--safe"] } else { vec!["--accept", "safe"] }.into_iter().map(str::to_owned));
    Some(shell::command(&words))
}
