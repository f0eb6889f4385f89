//! The request, resolved by evidence: which containers leave which listeners, or why they cannot.
//!
//! Knows: how a name the user typed meets projects, jobs and folders; what blocks a move. Must not know: edits.

mod assumed;
mod blocks;
mod collector;
mod doubtful;
mod names;
pub mod options;
mod selection;
mod services;

use std::collections::{BTreeMap, BTreeSet};

use super::loki::{DISCOVERED, Derives};
use super::runs::{Host, Link};
use super::streams::{Leaving, Streams};
use super::{Topology, compose, later};
use crate::error::Error;
use crate::finding::{Finding, Level};
use crate::text::Place;

pub use doubtful::{is_on_syslog, is_unread};
pub use options::AlertLabels;
pub use selection::{Selection, Services};
pub use services::{Service, find, is_collected, services};

/// One service on one host, as the user asked for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Service name as typed.
    pub service: String,
    /// Host name as typed.
    pub host: String,
    /// How a query goes on that selects what moves beside what stays.
    pub bridge: Bridge,
    /// What becomes of the label `job` of an alert whose query loses it.
    pub alert_labels: AlertLabels,
    /// Whether rewritten queries still select what was stored under the old labels.
    pub keep_history: bool,
    /// What the Compose project is called, where the user says so.
    pub project: Option<String>,
    /// Whether a plan that takes anything for granted is refused.
    pub strict: bool,
}

/// How a query goes on that selects streams with `job` and streams without (label-surface 1.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bridge {
    /// By `service_name` where Loki is known to derive it, else by a label filter.
    #[default]
    Auto,
    /// By `service_name`, which the user says Loki derives.
    ServiceName,
    /// By a label filter behind a selector both have in common.
    Filter,
    /// Not at all: it is left for review.
    Review,
}

/// One service on one host, resolved by evidence: what exactly moves.
#[derive(Clone, Debug)]
pub struct Move {
    /// Service name as typed.
    pub service: String,
    /// Inventory name of the host (`puck.incus`).
    pub host: String,
    /// The shortest name that means only this host (`puck`).
    pub short_host: String,
    /// Compose project name in effect on the host: the `service` label afterwards.
    pub project: String,
    /// What decided the project name.
    pub project_at: Place,
    /// Compose services that leave the syslog driver: the `component` labels afterwards. Sorted.
    pub components: Vec<String>,
    /// Containers of the project that were not on these listeners. Sorted. Not empty: `service` alone selects too much.
    pub siblings: Vec<String>,
    /// `job` values of the listeners concerned. Sorted.
    pub jobs: Vec<String>,
    /// The listener blocks concerned, in file order.
    pub listeners: Vec<Place>,
    /// Streams of the whole repository, before and after.
    pub streams: Streams,
    /// As asked.
    pub bridge: Bridge,
    /// As asked.
    pub alert_labels: AlertLabels,
    /// As asked.
    pub keep_history: bool,
    /// Whether the user said what the project is called.
    pub project_given: bool,
    /// Projects that earlier moves of the same run moved, with the jobs that they had.
    pub former: BTreeMap<String, BTreeSet<String>>,
    /// Index of the host in [`Topology::hosts`].
    pub host_index: usize,
    /// Index of the project in [`Host::deployments`].
    pub deployment: usize,
    /// Listeners nobody sends to afterwards, by index in [`Host::listeners`].
    pub going: Vec<usize>,
    /// Listeners that keep another sender, by index.
    pub staying: Vec<usize>,
}

impl Move {
    /// The streams that carry the lines of a listener from the move on.
    pub fn images_of<'m>(&'m self, listener: &super::runs::Listener) -> impl Iterator<Item = &'m super::Stream> {
        let streams = &self.streams;
        let images = streams.before_at(&listener.at).into_iter().flat_map(|index| &streams.image[index]);
        images.map(|&to| &streams.after[to])
    }
}

/// What a request comes to.
#[derive(Clone, Debug)]
pub enum Resolved {
    /// This moves. With notes.
    Move(Box<Move>, Vec<Finding>),
    /// It has moved already; its leftovers.
    Done(Vec<Finding>),
    /// It cannot move; the first finding says why.
    Blocked(Vec<Finding>),
}

/// Resolves a request.
///
/// # Errors
/// When the host or the service is unknown or ambiguous; the near names are in the hints.
pub fn resolve(topology: &Topology, request: &Request) -> Result<Resolved, Error> {
    resolved(topology, request, true)
}

/// The same without any streams, which is most of the work: for whoever wants to know what the move is called by. What
/// only its streams would block is no obstacle.
///
/// # Errors
/// As [`resolve`].
pub fn outline(topology: &Topology, request: &Request) -> Result<Resolved, Error> {
    resolved(topology, request, false)
}

fn resolved(topology: &Topology, request: &Request, with_streams: bool) -> Result<Resolved, Error> {
    let host_index = names::host(topology, &request.host)?;
    let host = &topology.hosts[host_index];
    let deployment = match names::deployment(topology, host, &request.service)? {
        names::Found::Deployment(index) => index,
        names::Found::Blocked(finding) => return Ok(Resolved::Blocked(vec![*finding])),
        names::Found::Undeployed(finding) => return Ok(Resolved::Done(vec![*finding])),
    };
    let links = &host.links[deployment];
    if links.iter().all(|link| *link == Link::None) {
        return Ok(blocks::not_on_syslog(topology, host, deployment, request));
    }
    let blocked = blocks::of(topology, host_index, deployment, request);
    if !blocked.is_empty() {
        return Ok(Resolved::Blocked(blocked));
    }
    Ok(build(topology, (host_index, deployment), request, with_streams))
}

fn build(
    topology: &Topology,
    (host_index, deployment): (usize, usize),
    request: &Request,
    with_streams: bool,
) -> Resolved {
    let host = &topology.hosts[host_index];
    let facts = &host.deployments[deployment];
    let leaving: BTreeSet<usize> = (0..host.links[deployment].len())
        .filter(|&service| matches!(host.links[deployment][service], Link::Listener(_)))
        .collect();
    let project = match assumed::project(facts, request) {
        Ok(project) => project,
        Err(finding) => return Resolved::Blocked(vec![*finding]),
    };
    let (going, staying) = listeners(host, deployment, &leaving);
    let name = |index: &usize| facts.compose.services[*index].name.clone();
    let mut components: Vec<String> = leaving.iter().map(name).collect();
    components.sort();
    let all = 0..facts.compose.services.len();
    let mut siblings: Vec<String> = all.filter(|index| !leaving.contains(index)).map(|index| name(&index)).collect();
    siblings.sort();
    let concerned = || going.iter().chain(&staying).map(|&index| &host.listeners[index]);
    let jobs: BTreeSet<&str> = concerned().filter_map(|listener| listener.job()).collect();
    let streams = if with_streams && host.socket(&topology.alloy).is_some() {
        let leaving = Leaving { host: host_index, deployment, services: &leaving, project: Some(&project.name) };
        match Streams::of(topology, leaving) {
            Ok(streams) => {
                let later = later::of(topology, leaving, &streams);
                Streams { names: service_names(topology, request), later, ..streams }
            }
            Err(why) => return Resolved::Blocked(vec![blocks::socket(topology, leaving, &why)]),
        }
    } else {
        Streams::default()
    };
    let moved = Move {
        service: request.service.clone(),
        host: host.name.clone(),
        short_host: short_host(topology, &host.name),
        project: project.name.clone(),
        project_at: project.at.clone(),
        components,
        siblings,
        jobs: jobs.into_iter().map(str::to_owned).collect(),
        listeners: concerned().map(|listener| listener.at.clone()).collect(),
        streams,
        bridge: request.bridge,
        alert_labels: request.alert_labels,
        keep_history: request.keep_history,
        project_given: request.project.is_some(),
        former: BTreeMap::new(),
        host_index,
        deployment,
        going,
        staying,
    };
    let mut notes = notes(topology, host, &moved);
    notes.extend(assumed::notes(facts, &project, host));
    Resolved::Move(Box::new(moved), notes)
}

/// How Loki gives streams their `service_name`, as far as the repository or the user says.
fn service_names(topology: &Topology, request: &Request) -> Derives {
    let told = &topology.loki.derives;
    if request.bridge == Bridge::ServiceName && !told.is_proven() {
        return Derives::From(DISCOVERED.map(str::to_owned).to_vec(), None);
    }
    told.clone()
}

/// The index of the host the user means.
///
/// # Errors
/// No such host, or several; the near names are in the hints.
pub fn host(topology: &Topology, asked: &str) -> Result<usize, Error> {
    names::host(topology, asked)
}

/// What may be left over on a host, by name: the ports of syslog listeners, going by their names.
///
/// # Errors
/// As [`host`].
pub fn leftover_names(topology: &Topology, asked: &str) -> Result<Vec<String>, Error> {
    let host = &topology.hosts[host(topology, asked)?];
    Ok(topology.variables_of(host).into_iter().filter(|name| is_port(name)).collect())
}

/// Whether a variable is the port of a syslog listener, going by its name.
pub fn is_port(variable: &str) -> bool {
    variable.ends_with("_syslog_port")
}

/// The name up to its first dot, unless that could be another host, too.
pub fn short_host(topology: &Topology, host: &str) -> String {
    let short = host.split('.').next().unwrap_or(host);
    if topology.inventory.find(short).is_ok_and(|found| found.name == host) {
        short.to_owned()
    } else {
        host.to_owned()
    }
}

/// Listeners the containers leave: those that lose their last sender, and those that keep one.
fn listeners(host: &Host, deployment: usize, leaving: &BTreeSet<usize>) -> (Vec<usize>, Vec<usize>) {
    let used: BTreeSet<usize> = leaving
        .iter()
        .filter_map(|&service| match host.links[deployment][service] {
            Link::Listener(index) => Some(index),
            _ => None,
        })
        .collect();
    let (mut going, staying): (Vec<usize>, Vec<usize>) = used.into_iter().partition(|&index| {
        let others =
            host.senders(index).into_iter().any(|(other, service)| other != deployment || !leaving.contains(&service));
        !others && !is_public(host, index) && host.fed_by_daemon(index).is_none()
    });
    going.extend(twins(host, &going));
    going.sort_unstable();
    (going, staying)
}

/// Listeners for the other protocol on a port that goes, with the same labels and without a sender (real-world A2).
fn twins(host: &Host, going: &[usize]) -> Vec<usize> {
    let is_twin = |index: usize, of: usize| {
        let (twin, listener) = (&host.listeners[index], &host.listeners[of]);
        twin.port.is_some()
            && twin.port == listener.port
            && twin.protocol != listener.protocol
            && twin.labels.is_some()
            && twin.labels == listener.labels
            && twin.at.source.path == listener.at.source.path
    };
    (0..host.listeners.len())
        .filter(|index| !going.contains(index) && host.senders(*index).is_empty() && !is_public(host, *index))
        .filter(|index| host.fed_by_daemon(*index).is_none())
        .filter(|&index| going.iter().any(|&of| is_twin(index, of)))
        .collect()
}

/// A listener that other machines are known to send to: open to the network on a port that syslog senders use by
/// custom (real-world A4).
pub(crate) fn is_public(host: &Host, index: usize) -> bool {
    let listener = &host.listeners[index];
    let custom = matches!(listener.port, Some(514 | 601 | 1514 | 6514));
    custom && is_open(host, index)
}

/// Whether a listener binds more than the loopback interface.
pub(crate) fn is_open(host: &Host, index: usize) -> bool {
    let Some(address) = &host.listeners[index].fact.address else { return true };
    let bound = compose::host_and_port(&address.raw).map_or_else(|| address.raw.clone(), |(bound, _)| bound);
    let bound = bound.split(':').next().unwrap_or_default();
    !(bound.starts_with("127.") || bound == "localhost" || address.raw.starts_with("[::1]"))
}

/// Listeners on the same port for the other protocol that nothing sends to: what belongs to the service and is left
/// (real-world A2).
fn twins_left(host: &Host, moved: &Move) -> Vec<Finding> {
    let concerned: Vec<usize> = moved.going.iter().chain(&moved.staying).copied().collect();
    let ports: Vec<u16> = moved.going.iter().filter_map(|&index| host.listeners[index].port).collect();
    let is_twin = |index: &usize| {
        let listener = &host.listeners[*index];
        !concerned.contains(index)
            && listener.port.is_some_and(|port| ports.contains(&port))
            && host.senders(*index).is_empty()
    };
    (0..host.listeners.len())
        .filter(is_twin)
        .map(|index| {
            let listener = &host.listeners[index];
            let port = listener.port.map(|port| port.to_string()).unwrap_or_default();
            let values = [("port", port.as_str()), ("protocol", listener.protocol.as_str())];
            Finding::told(Level::Review, "alloy/twin", &values, Some(listener.at.clone()))
        })
        .collect()
}

fn notes(topology: &Topology, host: &Host, moved: &Move) -> Vec<Finding> {
    let mut notes = collector::notes(topology, host, moved);
    for &index in moved.going.iter().chain(&moved.staying) {
        let listener = &host.listeners[index];
        let port = listener.port.map(|port| port.to_string()).unwrap_or_default();
        if host.senders(index).is_empty() {
            let values = [("port", port.as_str()), ("protocol", listener.protocol.as_str())];
            notes.push(Finding::told(Level::Note, "alloy/twin-removed", &values, Some(listener.at.clone())));
        }
        if is_public(host, index) {
            notes.push(Finding::told(
                Level::Review,
                "alloy/listener-public",
                &[("port", &port)],
                Some(listener.at.clone()),
            ));
        } else if is_open(host, index) {
            notes.push(Finding::told(
                Level::Note,
                "alloy/listener-open",
                &[("port", &port)],
                Some(listener.at.clone()),
            ));
        }
        if let Some(at) = host.fed_by_daemon(index) {
            let at = Some(at.clone());
            notes.push(Finding::told(Level::Review, "alloy/listener-of-daemon", &[("port", &port)], at));
        }
        if listener.job().is_none() {
            notes.push(Finding::told(Level::Note, "alloy/no-job", &[], Some(listener.at.clone())));
        }
    }
    notes.extend(twins_left(host, moved));
    for &index in &moved.staying {
        let others: Vec<String> = host
            .senders(index)
            .into_iter()
            .filter(|(deployment, _)| *deployment != moved.deployment)
            .map(|(deployment, service)| host.deployments[deployment].compose.services[service].name.clone())
            .collect();
        if !others.is_empty() {
            let port = host.listeners[index].port.map(|port| port.to_string()).unwrap_or_default();
            notes.push(Finding::told(
                Level::Note,
                "alloy/listener-kept",
                &[("port", &port), ("others", &others.join(", "))],
                Some(host.listeners[index].at.clone()),
            ));
        }
    }
    notes
}
