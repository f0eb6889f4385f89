//! Where every service of every host stands, and what to do next.
//!
//! Knows: the [`Topology`] of a commit, the branches that hold moves, and what a [`Plan`] says of each service. Must not
//! know: git, the terminal, how anything is shown. The state of a service is decided here and nowhere else.

mod next;
mod touch;
mod unread;

use rayon::prelude::*;

use crate::error::{Error, Kind};
use crate::finding::{Finding, Level};
use crate::plan::{self, Plan, Request, Verdict};
use crate::text::{Place, RepoPath};
use crate::topology::runs::Host;
use crate::topology::{Derives, Topology, moves};

pub use next::{Next, Step};
pub use touch::Touch;
pub use unread::Unread;

/// What the repository's local branches hold besides the commit that is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Branches {
    /// Every local branch, sorted.
    pub names: Vec<String>,
    /// The moves on them, by branch, the newest commit first.
    pub held: Vec<Held>,
}

/// One commit of this program on a branch, not reachable from the commit that is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The branch, without `refs/heads/`.
    pub branch: String,
    /// The commit, hexadecimal.
    pub commit: String,
    /// `Migrated-Host`.
    pub host: String,
    /// `Migrated-Service`.
    pub service: String,
    /// `Migrate-Base`, hexadecimal.
    pub base: String,
    /// The first commit on the branch that is not this program's, or was changed since, with what gives it away.
    pub foreign: Option<String>,
}

/// Where a service stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It logs to syslog and could move, but not by the plain command: [`Row::findings`] says what it waits for.
    Syslog,
    /// It logs to syslog and would move as it is.
    Ready,
    /// It logs to syslog and a fact of the repository stands in the way.
    Blocked,
    /// It logs to syslog, and a branch that is not merged moves it.
    OnBranch,
    /// Its containers are read from the Docker socket.
    Migrated,
    /// The same, and something named after it is left.
    Leftovers,
}

impl State {
    /// Every state, in the order they are counted.
    pub const ALL: [Self; 6] =
        [Self::Ready, Self::Syslog, Self::Blocked, Self::OnBranch, Self::Leftovers, Self::Migrated];

    /// The word used in every output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Syslog => "syslog",
            Self::Ready => "ready",
            Self::Blocked => "blocked",
            Self::OnBranch => "on-branch",
            Self::Migrated => "migrated",
            Self::Leftovers => "leftovers",
        }
    }
}

/// One service on one host.
#[derive(Clone, Debug)]
pub struct Row {
    /// Inventory name of the host.
    pub host: String,
    /// The shortest name that means only this host.
    pub short_host: String,
    /// The name the service is asked for by.
    pub service: String,
    /// Its Compose project, where that is known.
    pub project: Option<String>,
    /// Where it stands.
    pub state: State,
    /// What its move from this commit would touch; `None` when there is none.
    pub touch: Option<Touch>,
    /// What it waits for, what blocks it (the first fact first), what is left of it.
    pub findings: Vec<Finding>,
    /// The branches that move it, one entry each.
    pub branches: Vec<Held>,
}

/// What holds for a whole host.
#[derive(Clone, Debug)]
pub struct HostFacts {
    /// Inventory name.
    pub name: String,
    /// The shortest name that means only this host.
    pub short: String,
    /// Its Alloy configurations.
    pub configs: Vec<RepoPath>,
    /// Where it reads the Docker socket. Where it does not, the first move brings the blocks.
    pub socket: Option<Place>,
    /// Listeners for syslog on it.
    pub listeners: usize,
}

/// Everything there is to say about a commit.
#[derive(Clone, Debug)]
pub struct Status {
    /// The commit, hexadecimal.
    pub base: String,
    /// The hosts that were asked for, in inventory order.
    pub hosts: Vec<HostFacts>,
    /// Whether Loki gives each stream a `service_name`.
    pub loki: Derives,
    /// Host by host, the services of each by name.
    pub rows: Vec<Row>,
    /// What could not be read and may hide something.
    pub unread: Vec<Unread>,
    /// What to do next, the best first.
    pub next: Vec<Next>,
}

impl Status {
    /// How many services are in this state.
    pub fn count(&self, state: State) -> usize {
        self.rows.iter().filter(|row| row.state == state).count()
    }
}

/// The requests that [`of`] will look at: every service of the host asked for, or of all.
///
/// # Errors
/// When the host is unknown or ambiguous.
pub fn requests(topology: &Topology, host: Option<&str>) -> Result<Vec<Request>, Error> {
    let mut list = Vec::new();
    for index in hosts(topology, host)? {
        let host = &topology.hosts[index];
        list.extend(moves::services(topology, host).into_iter().map(|service| request(host, service.name)));
    }
    Ok(list)
}

/// Looks at every service of the host asked for, or of all.
///
/// # Errors
/// When the host is unknown or ambiguous.
pub fn of(topology: &Topology, host: Option<&str>, branches: &Branches) -> Result<Status, Error> {
    let hosts = hosts(topology, host)?;
    let services: Vec<(&Host, moves::Service)> = hosts
        .iter()
        .map(|&index| &topology.hosts[index])
        .flat_map(|host| moves::services(topology, host).into_iter().map(move |service| (host, service)))
        .collect();
    let rows: Vec<Row> =
        services.par_iter().filter_map(|(host, service)| row(topology, host, service, branches)).collect();
    let hosts: Vec<HostFacts> = hosts.into_iter().map(|index| facts(topology, &topology.hosts[index])).collect();
    let next = next::of(&topology.snapshot.base, &hosts, &rows);
    Ok(Status {
        base: topology.snapshot.base.clone(),
        hosts,
        loki: topology.loki.derives.clone(),
        rows,
        unread: unread::of(topology),
        next,
    })
}

fn hosts(topology: &Topology, asked: Option<&str>) -> Result<Vec<usize>, Error> {
    match asked {
        Some(host) => Ok(vec![moves::host(topology, host)?]),
        None => Ok((0..topology.hosts.len()).collect()),
    }
}

/// By the full name of the host: a short one can be that of two.
fn request(host: &Host, service: String) -> Request {
    Request { service, host: host.name.clone(), ..Request::default() }
}

fn facts(topology: &Topology, host: &Host) -> HostFacts {
    let configs = host.configs.iter().filter_map(|one| topology.alloy.get(one.config));
    HostFacts {
        name: host.name.clone(),
        short: moves::short_host(topology, &host.name),
        configs: configs.map(|config| config.source.path.clone()).collect(),
        socket: host.socket(&topology.alloy).map(|(config, socket)| config.place(socket.at)),
        listeners: host.listeners.len(),
    }
}

/// One service; `None` when it is neither on syslog nor read from the Docker socket.
fn row(topology: &Topology, host: &Host, service: &moves::Service, branches: &Branches) -> Option<Row> {
    let short_host = moves::short_host(topology, &host.name);
    let held = held(topology, host, service, branches);
    let project = service.deployment.and_then(|index| host.deployments[index].project.as_ref().ok());
    let (state, touch, findings) = match plan::plan_on(topology, &request(host, service.name.clone())) {
        // As a batch says it: no name tells it from another.
        Err(error) if error.kind == Kind::User => (State::Blocked, None, vec![unclear(&error)]),
        Err(error) => (State::Syslog, None, vec![broken(&error)]),
        Ok(plan) => match plan.verdict {
            Verdict::Ready => ready(topology, &plan, &short_host, branches),
            Verdict::Blocked if is_on_neither(&plan) => return None,
            Verdict::Blocked => (State::Blocked, None, plan.findings),
            Verdict::NothingToDo => moved(topology, host, service, plan)?,
        },
    };
    let on_syslog = matches!(state, State::Syslog | State::Ready | State::Blocked);
    Some(Row {
        host: host.name.clone(),
        short_host,
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
fn held(topology: &Topology, host: &Host, service: &moves::Service, branches: &Branches) -> Vec<Held> {
    let is_it = |one: &&Held| {
        one.host == host.name
            && (one.service == service.name
                || service.deployment.is_some_and(|index| moves::find(topology, host, &one.service) == Some(index)))
    };
    let mut list: Vec<Held> = branches.held.iter().filter(is_it).cloned().collect();
    list.dedup_by(|one, before| one.branch == before.branch);
    list
}

/// A branch that keeps `migrate SERVICE --host HOST` from making its own.
fn in_the_way(service: &str, short_host: &str, branches: &Branches) -> Option<Finding> {
    let wanted = format!("migrate/{short_host}/{service}");
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
