//! Log streams: the sets of labels that Loki stores lines under, before and after a move.
//!
//! Knows: label sets and which old stream becomes which new ones. Must not know: queries (see `proof`).

use std::collections::{BTreeMap, BTreeSet};

use super::Topology;
use super::compose::Driver;
use super::later::Later;
use super::loki::{Derives, NONE_FOUND};
use super::runs::{self, Host};
use crate::text::Place;

/// The value of a stream label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// Exactly this.
    Known(String),
    /// Present or not, with a value the repository does not tell. A check that depends on it fails.
    Unknown,
}

/// One stream, or one family of streams that differ only in labels that are [`Label::Unknown`].
#[derive(Clone, Debug)]
pub struct Stream {
    /// Labels by name. A label that is absent here is absent from the stream, which in `LogQL` equals `""`.
    pub labels: BTreeMap<String, Label>,
    /// The block that ships it.
    pub at: Option<Place>,
}

/// All streams the repository produces, before and after one move.
#[derive(Clone, Debug, Default)]
pub struct Streams {
    /// Today.
    pub before: Vec<Stream>,
    /// Once the move is deployed.
    pub after: Vec<Stream>,
    /// For each stream of `before`, by index: the streams of `after` that carry its lines from then on.
    pub image: Vec<Vec<usize>>,
    /// Streams of `before`, by index, that carry what moves a second time: the Docker socket is read on its host, and
    /// Docker keeps a copy of what goes to syslog (dual logging, label-surface 5.4).
    pub copies: BTreeSet<usize>,
    /// How Loki gives a stream its `service_name`.
    pub names: Derives,
    /// Streams to come, when other services move as well.
    pub later: Vec<Later>,
}

/// Which containers of one project leave which listeners: what a move does to streams.
#[derive(Clone, Copy, Debug)]
pub struct Leaving<'a> {
    /// Index of the host in [`Topology::hosts`].
    pub host: usize,
    /// Index of the deployment on it.
    pub deployment: usize,
    /// Indices of its services that leave syslog.
    pub services: &'a BTreeSet<usize>,
}

/// Whether the `service` of these labels is the project, as every rewritten query relies on (real-world A15).
fn is_of(labels: &BTreeMap<String, Label>, project: &str) -> bool {
    labels.get("service") == Some(&Label::Known(project.to_owned()))
}

impl Streams {
    /// The streams before and after `leaving`. A listener that keeps another sender keeps its stream.
    ///
    /// # Errors
    /// When the labels of a new stream cannot be computed; the text says why.
    pub fn of(topology: &Topology, leaving: Leaving<'_>) -> Result<Self, String> {
        let mut out = Self::default();
        for (index, host) in topology.hosts.iter().enumerate() {
            let moved = (index == leaving.host).then_some(leaving);
            let new = out.sockets(topology, host, moved)?;
            out.listeners(host, moved, &new);
            out.others(topology, host);
        }
        Ok(out)
    }

    /// The `service_name` of a stream, `""` when it has none; `None` when it is not known.
    pub fn service_name<'s>(&self, stream: &'s Stream) -> Option<&'s str> {
        let name = match self.names.service_name(&stream.labels) {
            None => return Some(""),
            Some(Label::Unknown) => return None,
            Some(Label::Known(name)) => name,
        };
        // It is the value of one of the labels, or the word for none.
        let mut own = stream.labels.values().filter_map(|label| match label {
            Label::Known(value) => Some(value.as_str()),
            Label::Unknown => None,
        });
        own.find(|value| *value == name).or(Some(NONE_FOUND))
    }

    /// The streams of today that the block at `at` ships.
    pub(super) fn before_at(&self, at: &Place) -> Vec<usize> {
        let same = |stream: &Stream| {
            stream.at.as_ref().is_some_and(|one| one.span == at.span && one.source.path == at.source.path)
        };
        (0..self.before.len()).filter(|&index| same(&self.before[index])).collect()
    }

    fn keep(&mut self, stream: Stream) -> usize {
        self.after.push(stream.clone());
        self.image.push(vec![self.after.len() - 1]);
        self.before.push(stream);
        self.after.len() - 1
    }

    /// Docker-socket streams of a host. Returns, for each moving service, its stream afterwards.
    fn sockets(
        &mut self,
        topology: &Topology,
        host: &Host,
        moved: Option<Leaving<'_>>,
    ) -> Result<BTreeMap<usize, usize>, String> {
        let mut new = BTreeMap::new();
        let Some((config, socket)) = host.socket(&topology.alloy) else {
            return if moved.is_some() { Err("the host does not read the Docker socket".into()) } else { Ok(new) };
        };
        let statics = topology.labels_on(host, &socket.labels);
        for (index, deployment) in host.deployments.iter().enumerate() {
            for (number, service) in deployment.compose.services.iter().enumerate() {
                let moving = moved.filter(|leaving| leaving.deployment == index && leaving.services.contains(&number));
                let unknown = || -> BTreeMap<String, Label> {
                    ["service", "component", "container", "job"].map(|name| (name.to_owned(), Label::Unknown)).into()
                };
                let labels = match (&deployment.project, &statics) {
                    (Ok(project), Some(statics)) => {
                        match runs::socket_labels(socket, statics, &project.name, service) {
                            Ok(None) if moving.is_some() => {
                                return Err("the block drops the containers of this project".into());
                            }
                            Ok(None) => continue,
                            Ok(Some(labels)) if moving.is_some() && !is_of(&labels, &project.name) => {
                                return Err("its rules set no `service` that is the Compose project".into());
                            }
                            Ok(Some(labels)) => labels,
                            Err(problem) if moving.is_some() => return Err(problem),
                            Err(_) => unknown(),
                        }
                    }
                    _ if moving.is_some() => {
                        return Err("the labels of the Docker-socket block cannot be computed".into());
                    }
                    _ => unknown(),
                };
                let stream = Stream { labels, at: Some(config.place(socket.at)) };
                let read_before = !(matches!(service.driver, Driver::Syslog(_)) && service.cache_disabled);
                let at = if read_before {
                    if moving.is_some() {
                        self.copies.insert(self.before.len());
                    }
                    self.keep(stream)
                } else if moving.is_some() {
                    self.after.push(stream);
                    self.after.len() - 1
                } else {
                    continue;
                };
                if moving.is_some() {
                    new.insert(number, at);
                }
            }
        }
        Ok(new)
    }

    fn listeners(&mut self, host: &Host, moved: Option<Leaving<'_>>, new: &BTreeMap<usize, usize>) {
        for (index, listener) in host.listeners.iter().enumerate() {
            let labels = listener.labels.clone().unwrap_or_else(|| [("job".to_owned(), Label::Unknown)].into());
            let stream = Stream { labels, at: Some(listener.at.clone()) };
            let Some(leaving) = moved else {
                self.keep(stream);
                continue;
            };
            let senders = host.senders(index);
            let (leave, stay): (Vec<_>, Vec<_>) = senders.into_iter().partition(|(deployment, service)| {
                *deployment == leaving.deployment && leaving.services.contains(service)
            });
            if leave.is_empty() {
                self.keep(stream);
                continue;
            }
            let mut image: Vec<usize> = leave.iter().filter_map(|(_, service)| new.get(service).copied()).collect();
            if !stay.is_empty() {
                self.after.push(stream.clone());
                image.push(self.after.len() - 1);
            }
            self.before.push(stream);
            self.image.push(image);
        }
    }

    fn others(&mut self, topology: &Topology, host: &Host) {
        for assigned in &host.configs {
            let Some(config) = topology.alloy.get(assigned.config) else { continue };
            for other in &config.others {
                let mut labels = BTreeMap::new();
                if let Some(job) = &other.default_job {
                    labels.insert("job".to_owned(), Label::Known(job.clone()));
                }
                match topology.labels_on(host, &other.labels) {
                    Some(set) => labels.extend(set),
                    None => drop(labels.insert("job".to_owned(), Label::Unknown)),
                }
                for labels in family(labels, &other.writes) {
                    self.keep(Stream { labels, at: Some(config.place(other.at)) });
                }
            }
        }
    }
}

/// Every label set that relabel rules can make of `labels`: each rule may or may not have matched. Past a few hundred
/// combinations the labels in question count as unknown instead.
fn family(labels: BTreeMap<String, Label>, writes: &[(String, Option<Vec<String>>)]) -> Vec<BTreeMap<String, Label>> {
    const MOST: usize = 256;
    let mut out = vec![labels];
    for (name, values) in writes {
        let Some(values) = values.as_ref().filter(|values| out.len() * (values.len() + 1) <= MOST) else {
            for labels in &mut out {
                labels.insert(name.clone(), Label::Unknown);
            }
            continue;
        };
        let written: Vec<_> = values
            .iter()
            .flat_map(|value| out.iter().map(move |labels| (labels, value)))
            .map(|(labels, value)| {
                let mut labels = labels.clone();
                labels.insert(name.clone(), Label::Known(value.clone()));
                labels
            })
            .collect();
        out.extend(written);
    }
    out
}
