//! What other services will be called once they have moved, too.
//!
//! Knows: containers that stay on a listener for now, and the labels the Docker socket would give them. Must not know:
//! queries. A query that is rewritten today has to be right then as well: a later move does not look at it again, since
//! it no longer names a job.

use std::collections::BTreeMap;

use super::runs::{self, Host, Link};
use super::streams::{Label, Leaving, Stream};
use super::{Topology, streams::Streams};

/// A stream that is to come.
#[derive(Clone, Debug)]
pub struct Later {
    /// As it will be.
    pub stream: Stream,
    /// The streams of today whose lines it will carry, by index in [`Streams::before`].
    pub of: Vec<usize>,
}

/// The streams to come when everything but `leaving` moves as well.
pub(super) fn of(topology: &Topology, leaving: Leaving<'_>, streams: &Streams) -> Vec<Later> {
    let mut out = Vec::new();
    for (number, host) in topology.hosts.iter().enumerate() {
        for (index, links) in host.links.iter().enumerate() {
            let goes = |service: &usize| {
                leaving.host == number && leaving.deployment == index && leaving.services.contains(service)
            };
            for (service, link) in links.iter().enumerate().filter(|(service, _)| !goes(service)) {
                let Link::Listener(listener) = link else { continue };
                let Some(labels) = labels(topology, host, index, service, *listener) else { continue };
                let at = &host.listeners[*listener].at;
                let same = |stream: &Stream| {
                    stream.at.as_ref().is_some_and(|one| one.span == at.span && one.source.path == at.source.path)
                };
                let of = (0..streams.before.len()).filter(|&index| same(&streams.before[index])).collect();
                out.push(Later { stream: Stream { labels, at: Some(at.clone()) }, of });
            }
        }
    }
    out
}

/// As the Docker-socket blocks of the host say, or, before they are there, with the labels the listener sets.
fn labels(
    topology: &Topology,
    host: &Host,
    deployment: usize,
    service: usize,
    listener: usize,
) -> Option<BTreeMap<String, Label>> {
    let facts = &host.deployments[deployment];
    let (Ok(project), service) = (&facts.project, &facts.compose.services[service]) else { return None };
    if let Some((_, socket)) = host.socket(&topology.alloy) {
        let statics = topology.labels_on(host, &socket.labels)?;
        return runs::socket_labels(socket, &statics, &project.name, service).ok()?;
    }
    let mut labels = host.listeners[listener].labels.clone()?;
    labels.remove("job");
    labels.insert("service".to_owned(), Label::Known(project.name.clone()));
    labels.insert("component".to_owned(), Label::Known(service.name.clone()));
    labels.insert("container".to_owned(), Label::Unknown);
    Some(labels)
}
