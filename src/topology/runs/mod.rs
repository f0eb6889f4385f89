//! What runs on each host: its listeners with their ports, its Docker-socket block, its projects, and which container
//! sends to which listener.
//!
//! Knows: how the facts of Alloy, Compose and Ansible meet on one host, by port. Must not know: what a user wants moved.

mod called;
mod configs;
mod listeners;
mod same;
mod sockets;
mod undeployed;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use super::alloy::{self, Config};
use super::compose::{self, Address, Driver};
use super::daemon::{self, Daemon};
use super::deployments::Deployment;
use super::deployments::written::Done;
use super::{Label, Streams, Topology};
use crate::text::Place;

pub(super) use called::{loose, path_names};
pub use configs::Assigned;
use configs::{Common, assign};
use listeners::resolve;
use same::Inputs;
pub use sockets::{InForce, SocketRules, Which, engine};

/// A listener as it is on one host.
#[derive(Clone, Debug)]
pub struct Listener {
    /// As written.
    pub fact: alloy::Listener,
    /// The `listener` block.
    pub at: Place,
    /// The component around it.
    pub component_at: Place,
    /// Port it binds; `None` when it cannot be told.
    pub port: Option<u16>,
    /// `tcp` or `udp`.
    pub protocol: String,
    /// Labels of its stream; `None` when they are computed.
    pub labels: Option<BTreeMap<String, Label>>,
    /// Variables its address hangs on, in the order they are looked up.
    pub variables: Vec<String>,
}

impl Listener {
    /// The `job` it sets, when it is known.
    pub fn job(&self) -> Option<&str> {
        match self.labels.as_ref()?.get("job") {
            Some(Label::Known(job)) => Some(job),
            _ => None,
        }
    }
}

/// What a container's logging has to do with the listeners of its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// Not on syslog.
    None,
    /// Sends to this listener, by index in [`Host::listeners`].
    Listener(usize),
    /// On syslog, but no listener of this host takes it; the text says why.
    Nowhere(String),
    /// The driver or address depends on something that could not be resolved.
    Unknown(String),
}

/// One host.
#[derive(Clone, Debug)]
pub struct Host {
    /// Inventory name.
    pub name: String,
    /// Its Alloy configurations: own, or the default.
    pub configs: Vec<Assigned>,
    /// All listeners of those configurations.
    pub listeners: Vec<Listener>,
    /// Docker-socket sources of those configurations that are, or may be, there on this host.
    pub sockets: Vec<InForce>,
    /// Compose projects on it.
    pub deployments: Vec<Deployment>,
    /// For each deployment, for each of its services: where its log goes.
    pub links: Vec<Vec<Link>>,
    /// Its Docker daemon.
    pub daemon: Daemon,
    from: Inputs,
    /// Its streams where nothing moves, once they are asked for; their images are among them.
    pub(super) still: OnceLock<Streams>,
    /// Which projects go by which names, once somebody asks for one.
    called: OnceLock<called::Called>,
}

impl Host {
    /// The Docker-socket source and the configuration it stands in: the first that reads the host's own engine, else the
    /// first.
    pub fn socket<'a>(&self, configs: &'a [Config]) -> Option<(&'a Config, &'a alloy::Socket)> {
        self.first_socket()?.of(configs)
    }

    /// The same as it is on this host.
    pub fn first_socket(&self) -> Option<&InForce> {
        self.sockets.iter().find(|one| one.engine == Which::Own).or(self.sockets.first())
    }

    /// All others.
    pub fn more_sockets(&self) -> impl Iterator<Item = &InForce> {
        let first = self.first_socket();
        self.sockets.iter().filter(move |one| Some(*one) != first)
    }

    /// Where the daemon is told to send the lines of every container without a driver of its own to listener `index`, or
    /// to one that may be it.
    pub fn fed_by_daemon(&self, index: usize) -> Option<&Place> {
        let daemon = self.daemon.syslog()?;
        match link(&Driver::Syslog(daemon.address.clone()), &self.listeners, &self.name) {
            Link::Listener(fed) if fed != index => None,
            Link::Listener(_) | Link::Unknown(_) => Some(&daemon.at),
            Link::None | Link::Nowhere(_) => None,
        }
    }

    /// Every container that sends to listener `index`: deployment and service by index.
    pub fn senders(&self, index: usize) -> Vec<(usize, usize)> {
        let mut out = Vec::new();
        for (deployment, links) in self.links.iter().enumerate() {
            for (service, link) in links.iter().enumerate() {
                if *link == Link::Listener(index) {
                    out.push((deployment, service));
                }
            }
        }
        out
    }
}

/// Where the log of a service goes. One that extends a service of another file, and has no `logging` of its own, takes
/// the driver of that file, which is not looked at (real-world C20). Where the daemon's default is syslog, a container
/// that names no driver, or no address, takes the daemon's (real-world D1).
fn link_of(service: &compose::Service, host: &Host) -> Link {
    match (&service.extends_file, &service.driver, host.daemon.syslog()) {
        (Some(file), Driver::Default, _) => Link::Unknown(file.clone()),
        (_, Driver::Default | Driver::Syslog(None), Some(daemon)) => {
            link(&Driver::Syslog(daemon.address.clone()), &host.listeners, &host.name)
        }
        (_, driver, _) => link(driver, &host.listeners, &host.name),
    }
}

/// Finds the listener a container sends to: same port, same protocol, an address of this host.
pub fn link(driver: &Driver, listeners: &[Listener], host: &str) -> Link {
    let address = match driver {
        Driver::Default | Driver::Other(_) => return Link::None,
        Driver::Unknown(text) => return Link::Unknown(text.clone()),
        Driver::Syslog(address) => compose::address(address.as_deref()),
    };
    match address {
        Address::Socket => Link::Nowhere("it writes to the local syslog socket, which ends in the journal".into()),
        Address::Tls => Link::Nowhere("it sends over TLS to another service".into()),
        Address::Unknown(text) => Link::Unknown(text),
        Address::Port { host: target, .. } if !is_local(&target, host) => {
            Link::Nowhere(format!("it sends to `{target}`, another machine"))
        }
        Address::Port { protocol, port, .. } => listeners
            .iter()
            .position(|listener| listener.port == Some(port) && listener.protocol == protocol)
            .map_or_else(|| Link::Nowhere(untaken(protocol, port, listeners)), Link::Listener),
    }
}

fn untaken(protocol: &str, port: u16, listeners: &[Listener]) -> String {
    let none = format!("no listener of this host takes {protocol} on port {port}");
    match listeners.iter().find(|listener| listener.port.is_none()) {
        Some(listener) => {
            format!("{none}; the address of the one at {} cannot be computed", listener.at.line())
        }
        None => none,
    }
}

/// Whether an address in a container's logging driver means the host itself: the daemon dials it, not the container.
fn is_local(target: &str, host: &str) -> bool {
    let short = host.split('.').next().unwrap_or(host);
    target.is_empty()
        || target.starts_with("127.")
        || matches!(target, "localhost" | "::1" | "0.0.0.0" | "::")
        || target.eq_ignore_ascii_case(host)
        || target.eq_ignore_ascii_case(short)
}

/// What runs on every host of the inventory. A host of which everything is what it was `before` is the same object. A
/// Compose file that no task writes stays on the host it was seen to run on.
pub fn hosts(topology: &Topology, before: Option<&Topology>) -> Vec<Arc<Host>> {
    let frame = before.filter(|before| same::frame(before, topology));
    let mut parts = parts(topology, frame);
    let told = told(&parts);
    if frame.is_some_and(|before| same::told(before) != told) {
        parts = self::parts(topology, None);
    }
    let common = Common::of(topology, told);
    let whole = |part: &Part<'_>| match part {
        Part::Known(host) => Arc::clone(host),
        Part::Done(host, done, from) => Arc::new(of(topology, host, done, from, &common)),
    };
    let mut hosts: Vec<Arc<Host>> = parts.par_iter().map(whole).collect();
    for (index, deployment) in undeployed::find(topology, &hosts, before.map_or(&[], |before| &before.hosts)) {
        let Some(host) = hosts.get_mut(index).map(Arc::make_mut) else { continue };
        host.deployments.push(deployment);
        host.links = links(host);
        (host.still, host.called) = (OnceLock::new(), OnceLock::new());
    }
    hosts
}

/// A host that is what it was, or what the tasks do to it.
enum Part<'t> {
    Known(Arc<Host>),
    Done(&'t super::hosts::Host, Done<'t>, Inputs),
}

fn parts<'t>(topology: &'t Topology, frame: Option<&Topology>) -> Vec<Part<'t>> {
    let listed: Vec<_> = topology.inventory.hosts().collect();
    let part = |(index, &host): (usize, &&'t super::hosts::Host)| {
        let known = frame.and_then(|before| same::host(before, topology, (index, host)));
        known.map_or_else(
            || {
                let tasks = topology.plays.on(&host.name).map_or(&[][..], |tasks| &tasks.deploy);
                let done = super::deployments::written::of(&super::Scope::new(host), tasks, &topology.snapshot);
                let from = Inputs::of(topology, host, &done.written);
                Part::Done(host, done, from)
            },
            Part::Known,
        )
    };
    listed.par_iter().enumerate().map(part).collect()
}

/// The configurations that tasks are seen to write to some host, by index.
fn told(parts: &[Part<'_>]) -> BTreeSet<usize> {
    parts.iter().flat_map(|part| &part.from().configs).copied().collect()
}

impl Part<'_> {
    fn from(&self) -> &Inputs {
        match self {
            Self::Known(host) => &host.from,
            Self::Done(_, _, from) => from,
        }
    }
}

fn links(host: &Host) -> Vec<Vec<Link>> {
    let of =
        |deployment: &Deployment| deployment.compose.services.iter().map(|service| link_of(service, host)).collect();
    host.deployments.iter().map(of).collect()
}

fn of(topology: &Topology, host: &super::hosts::Host, done: &Done<'_>, from: &Inputs, common: &Common) -> Host {
    let scope = super::Scope::new(host);
    let configs = assign(topology, host, &done.written, common);
    let listeners = configs
        .iter()
        .filter_map(|assigned| Some((topology.alloy.get(assigned.config)?, assigned.by)))
        .flat_map(|(config, by)| resolve(config, by.and_then(|by| done.written.get(by)).map_or(&scope, |by| &by.scope)))
        .collect();
    let sockets = sockets::of(topology, &configs, &scope, done);
    let deployments = super::deployments::of(done);
    let daemon = topology
        .plays
        .on(&host.name)
        .map_or_else(Daemon::default, |tasks| daemon::of(&scope, &tasks.daemon, done, &topology.snapshot));
    let (links, still, called, from) = (Vec::new(), OnceLock::new(), OnceLock::new(), from.clone());
    let name = host.name.clone();
    let mut host = Host { name, configs, listeners, sockets, deployments, links, daemon, from, still, called };
    host.links = self::links(&host);
    host
}
