//! Every service of a host that can be asked for by name: the ones on syslog, and the ones that are off it.
//!
//! Knows: which name asks for which Compose project, listener or task. Must not know: whether one can move.

use std::collections::BTreeSet;

use super::is_public;
use crate::topology::Topology;
use crate::topology::compose::Driver;
use crate::topology::flow::Plumbing;
use crate::topology::runs::{Host, Link, SocketRules, loose};

/// A service of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The name it is asked for by.
    pub name: String,
    /// Its project, by index in [`Host::deployments`]; `None` for a listener or task without a Compose project.
    pub deployment: Option<usize>,
}

/// The services of a host, by name: each Compose project, each listener that nothing is seen to send to, and each task
/// that starts a container on syslog itself.
pub fn services(topology: &Topology, host: &Host) -> Vec<Service> {
    let mut list: Vec<Service> = Vec::new();
    let mut known: BTreeSet<String> = BTreeSet::new();
    for index in 0..host.deployments.len() {
        let all = host.names_of(index);
        // One that no name tells from another is asked for by the first; the request then says why that is not enough.
        if let Some(name) = all.iter().find(|name| find(host, name) == Some(index)).or(all.first()) {
            list.push(Service { name: name.clone(), deployment: Some(index) });
        }
        known.extend(all.iter().map(|name| loose(name)));
    }
    let jobs = (0..host.listeners.len())
        .filter(|&index| host.senders(index).is_empty() && !is_public(host, index))
        .filter_map(|index| host.listeners[index].job());
    let tasks = topology.deploys.on_syslog.iter().filter(|task| topology.runs_on(task, host));
    let containers = tasks.filter_map(|task| task.text(&["name"])).filter(|name| !name.contains("{{"));
    for name in jobs.chain(containers) {
        if known.insert(loose(name)) {
            list.push(Service { name: name.to_owned(), deployment: None });
        }
    }
    list.sort_by(|a, b| a.name.cmp(&b.name));
    list
}

/// The project of a host that `name` asks for, by index; `None` when it asks for none, or for several.
pub fn find(host: &Host, name: &str) -> Option<usize> {
    match host.called(name).as_slice() {
        [only] => Some(*only),
        _ => None,
    }
}

/// Whether any container of a project is read from the Docker socket of its host: it has a driver that Docker reads
/// back, and no rule of the block drops it. Rules that cannot be evaluated are taken to keep it.
pub fn is_collected(topology: &Topology, host: &Host, deployment: usize) -> bool {
    let Some((_, socket)) = host.socket(&topology.alloy) else { return false };
    let facts = &host.deployments[deployment];
    let project = facts.name_on(&host.name);
    let rules = SocketRules::of(socket, &Plumbing::of(topology, host));
    facts.compose.services.iter().zip(&host.links[deployment]).any(|(service, link)| {
        let on_unread = service.driver == Driver::Default && host.daemon.unread().is_some();
        *link == Link::None
            && service.driver.is_read_from_socket()
            && !on_unread
            && !matches!(
                rules.as_ref().map_err(Clone::clone).and_then(|rules| rules.labels(&project, service, true)),
                Ok(None)
            )
    })
}
