//! Where every service of every host stands, and what to do next.
//!
//! Knows: the [`Topology`] of a commit, the branches that hold moves, and what a [plan](crate::plan::Plan) says of each service. Must not
//! know: git, the terminal, how anything is shown. The state of a service is decided here and nowhere else.

mod next;
mod row;
mod touch;
mod unread;

use rayon::prelude::*;

use crate::error::Error;
use crate::finding::Finding;
use crate::plan::Request;
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
    /// `Migrate-Options`, as they were typed; empty without any.
    pub options: String,
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
    let services = services(topology, &hosts(topology, host)?);
    Ok(services.into_iter().map(|(host, service)| request(host, service.name)).collect())
}

/// Looks at every service of the host asked for, or of all.
///
/// # Errors
/// When the host is unknown or ambiguous.
pub fn of(topology: &Topology, host: Option<&str>, branches: &Branches) -> Result<Status, Error> {
    let hosts = hosts(topology, host)?;
    let services = services(topology, &hosts);
    let rows: Vec<Row> =
        services.par_iter().filter_map(|(host, service)| row::of(topology, host, service, branches)).collect();
    let hosts: Vec<HostFacts> = hosts.into_iter().map(|index| facts(topology, &topology.hosts[index])).collect();
    let next = next::of(&topology.snapshot.base, &hosts, &rows);
    Ok(Status {
        base: topology.snapshot.base.clone(),
        hosts,
        loki: topology.loki.derives.clone(),
        rows,
        unread: unread::of(topology, &services),
        next,
    })
}

/// The branches that hold a move of this service, as its host has it and `branches` say, by name.
pub fn branches_with(host: &Host, service: &str, branches: &Branches) -> Vec<String> {
    let deployment = moves::find(host, service);
    row::held(host, service, deployment, branches).into_iter().map(|held| held.branch).collect()
}

fn hosts(topology: &Topology, asked: Option<&str>) -> Result<Vec<usize>, Error> {
    match asked {
        Some(host) => Ok(vec![moves::host(topology, host)?]),
        None => Ok((0..topology.hosts.len()).collect()),
    }
}

/// Every service of these hosts, in their order.
fn services<'t>(topology: &'t Topology, hosts: &[usize]) -> Vec<(&'t Host, moves::Service)> {
    let of = |index: &usize| {
        let host = &*topology.hosts[*index];
        moves::services(topology, host).into_iter().map(move |service| (host, service)).collect::<Vec<_>>()
    };
    hosts.par_iter().flat_map_iter(of).collect()
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
