//! What other services will be called once they have moved, too.
//!
//! Knows: containers that stay on a listener for now, and the labels the Docker socket would give them. Must not know:
//! queries. A query that is rewritten today has to be right then as well: a later move does not look at it again, since
//! it no longer names a job.

use super::Topology;
use super::alloy::Socket;
use super::compose::Service;
use super::flow::{self, Plumbing};
use super::relabel::Labels;
use super::runs::{Host, Link, SocketRules};
use super::streams::{Label, Leaving, Stream, Streams};

/// A stream that is to come.
#[derive(Clone, Debug)]
pub struct Later {
    /// As it will be.
    pub stream: Stream,
    /// The streams of today whose lines it will carry, by index in [`Streams::before`].
    pub of: Vec<usize>,
}

/// The streams to come when everything but `leaving` moves as well. A host that has something to move will read the
/// Docker socket, and with it every other container there.
pub(super) fn of(topology: &Topology, leaving: Leaving<'_>, streams: &Streams) -> Vec<Later> {
    let mut out = Vec::new();
    for (number, host) in topology.hosts.iter().enumerate() {
        let links = || host.links.iter().flatten();
        let Some(first) = links().find_map(listener) else { continue };
        let socket = host.socket(&topology.alloy).map(|(_, socket)| Collected::of(topology, host, socket));
        for (index, links) in host.links.iter().enumerate() {
            let goes = |service: &usize| {
                leaving.host == number && leaving.deployment == index && leaving.services.contains(service)
            };
            for (service, link) in links.iter().enumerate().filter(|(service, _)| !goes(service)) {
                let facts = &host.deployments[index];
                let project = facts.name_on(&host.name);
                let (service, from) = (&facts.compose.services[service], listener(link));
                if from.is_none() && (socket.is_some() || !service.driver.is_read_from_socket()) {
                    continue;
                }
                let labels = match &socket {
                    Some(socket) => socket.labels(&project, service),
                    None => by_listener(host, from.unwrap_or(first), &project, service),
                };
                let Some(labels) = labels else { continue };
                let at = host.listeners[from.unwrap_or(first)].at.clone();
                let of = from.map_or_else(Vec::new, |_| streams.before_at(&at));
                out.push(Later { stream: Stream::new(labels, Some(at)), of });
            }
        }
    }
    out
}

fn listener(link: &Link) -> Option<usize> {
    match link {
        Link::Listener(index) => Some(*index),
        _ => None,
    }
}

/// The Docker-socket block of a host.
struct Collected<'t> {
    socket: &'t Socket,
    plumbing: Plumbing<'t>,
    /// `None`: they cannot be evaluated.
    rules: Option<SocketRules>,
}

impl<'t> Collected<'t> {
    fn of(topology: &'t Topology, host: &Host, socket: &'t Socket) -> Self {
        let plumbing = Plumbing::of(topology, host);
        Self { socket, rules: SocketRules::of(socket, &plumbing).ok(), plumbing }
    }

    /// The labels of a container, as the block says.
    fn labels(&self, project: &str, service: &Service) -> Option<Labels> {
        let labels = self.rules.as_ref()?.labels(project, service, true).ok()??;
        flow::merged(self.plumbing.arrive(&self.socket.to, &labels))
    }
}

/// Before those blocks are there: with the labels a listener sets.
fn by_listener(host: &Host, listener: usize, project: &str, service: &Service) -> Option<Labels> {
    let mut labels = host.listeners[listener].labels.clone()?;
    labels.remove("job");
    labels.insert("service".to_owned(), Label::of(project.to_owned()));
    labels.insert("component".to_owned(), Label::of(service.name.clone()));
    labels.insert("container".to_owned(), Label::Unknown);
    Some(labels)
}
