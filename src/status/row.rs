//! Where one service stands.
//!
//! Knows: what its plan says, which branches hold it or are in its way. Must not know: other services, how a plan is
//! made.

use super::{Branches, Held, Row, State, Touch};
use crate::error::{Error, Kind};
use crate::finding::{self, Finding, Level};
use crate::plan::{self, Holds, Plan, Verdict};
use crate::topology::runs::Host;
use crate::topology::{Topology, moves};

/// One service; `None` when it is neither on syslog nor read from the Docker socket.
pub(super) fn of(topology: &Topology, host: &Host, service: &moves::Service, branches: &Branches) -> Option<Row> {
    let short_host = || moves::short_host(topology, &host.name);
    let held = held(host, &service.name, service.deployment, branches);
    let project = service.deployment.and_then(|index| host.deployments[index].project.as_ref().ok());
    let (state, touch, mut findings) = match plan::plan_on(topology, &super::request(host, service.name.clone())) {
        // What is not on syslog has nothing in its way.
        Ok(Plan { verdict: Verdict::Blocked, .. }) if moves::is_unread(topology, host, service) => return None,
        Err(error) if error.kind == Kind::User && !moves::is_on_syslog(topology, host, service) => {
            service.deployment.filter(|index| moves::is_collected(topology, host, *index))?;
            (State::Migrated, None, Vec::new())
        }
        // As a batch says it: no name tells it from another.
        Err(error) if error.kind == Kind::User => (State::Blocked, None, vec![unclear(&error)]),
        Err(error) => (State::Syslog, None, vec![broken(&error)]),
        Ok(plan) => match plan.verdict {
            Verdict::Ready => ready(topology, &plan, &short_host(), branches),
            Verdict::Blocked if is_on_neither(&plan) => return None,
            Verdict::Blocked => (State::Blocked, None, plan.findings),
            Verdict::NothingToDo => moved(topology, host, service, plan)?,
        },
    };
    finding::name(&mut findings);
    let on_syslog = matches!(state, State::Syslog | State::Ready | State::Blocked);
    Some(Row {
        host: host.name.clone(),
        short_host: short_host(),
        service: service.name.clone(),
        project: project.map(|project| project.name.clone()),
        state: if on_syslog && !held.is_empty() { State::OnBranch } else { state },
        touch,
        findings,
        branches: held,
    })
}

type Stands = (State, Option<Touch>, Vec<Finding>);

fn ready(topology: &Topology, plan: &Plan, short_host: &str, branches: &Branches) -> Stands {
    let touch = Some(Touch::of(topology, plan));
    match in_the_way(&plan.request.service, short_host, branches) {
        Some(taken) => (State::Syslog, touch, vec![taken]),
        None => (State::Ready, touch, Vec::new()),
    }
}

/// A service that is off syslog; `None` when nothing reads its log from the Docker socket either.
fn moved(topology: &Topology, host: &Host, service: &moves::Service, plan: Plan) -> Option<Stands> {
    if service.deployment.is_some_and(|index| !moves::is_collected(topology, host, index)) {
        return None;
    }
    let state = if plan.findings.is_empty() { State::Migrated } else { State::Leftovers };
    Some((state, None, plan.findings))
}

/// Whether the one thing that blocks is that there is nothing to move: no syslog, no Docker socket.
fn is_on_neither(plan: &Plan) -> bool {
    plan.findings.iter().all(|finding| finding.rule == "compose/not-on-syslog")
}

/// The moves of this service on branches, one for each branch.
pub(super) fn held(host: &Host, service: &str, deployment: Option<usize>, branches: &Branches) -> Vec<Held> {
    let is_it = |one: &&Held| {
        one.host == host.name
            && (one.service == service
                || deployment.is_some_and(|index| moves::find(host, &one.service) == Some(index)))
    };
    let mut list: Vec<Held> = branches.held.iter().filter(is_it).cloned().collect();
    list.dedup_by(|one, before| one.branch == before.branch);
    list
}

/// A branch that keeps `migrate SERVICE --host HOST` from making its own.
fn in_the_way(service: &str, short_host: &str, branches: &Branches) -> Option<Finding> {
    let wanted = plan::branch_name(short_host, Holds::Services(&[service]));
    let clashes = |name: &&String| {
        let inside = |long: &str, short: &str| long.strip_prefix(short).is_some_and(|rest| rest.starts_with('/'));
        **name == wanted || inside(&wanted, name) || inside(name, &wanted)
    };
    let taken = branches.names.iter().find(clashes)?;
    let message = format!("the branch `{wanted}` cannot be made because the branch `{taken}` exists");
    let hint = "delete that branch if it is merged or not needed, or name another with --branch NAME";
    Some(Finding::new(Level::Review, "status/branch-taken", message).hint(hint))
}

/// No name asks for this service alone.
fn unclear(error: &Error) -> Finding {
    let finding = Finding::told(Level::Blocked, "compose/ambiguous", &[("why", &error.message)], None);
    if error.hints.is_empty() { finding } else { finding.hint(error.hints.join("; ")) }
}

/// An invariant does not hold for this one service: no reason to say nothing of the others.
fn broken(error: &Error) -> Finding {
    let message = format!("internal error: {}", error.message);
    Finding::new(Level::Review, "status/broken", message).hint("this is a bug in migrate, please report it")
}
