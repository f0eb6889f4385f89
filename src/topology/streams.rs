//! Log streams: the sets of labels that Loki stores lines under, before and after a move.
//!
//! Knows: label sets and which old stream becomes which new ones. Must not know: queries (see `proof`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use super::Topology;
use super::alloy::Outlets;
use super::compose::{self, Driver};
use super::flow::{self, Plumbing};
use super::later::Later;
use super::loki::{Derives, NONE_FOUND};
use super::relabel::{ANY, Labels};
use super::runs::{Host, SocketRules};
use crate::text::Place;

/// Labels that say whose lines a stream has, before a move and after it.
pub const WHOSE: [&str; 5] = ["job", "service", "component", "container", "service_name"];
/// Those of them that moved streams have and their old ones had not.
pub const NEW: [&str; 4] = ["service", "component", "container", "service_name"];

/// The value of a stream label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// Exactly this.
    Known(String),
    /// A value that the repository does not tell, named after what gives it ([`compose::unresolved`] parts): what has the
    /// same name has the same value, before a move and after it.
    Symbol(String),
    /// Present or not, with a value that nothing tells, or with many.
    Unknown,
}

static UNKNOWN: Label = Label::Unknown;
static NO_NAME: LazyLock<Label> = LazyLock::new(|| Label::Known(NONE_FOUND.to_owned()));

impl Label {
    /// With this value, as far as it is known.
    pub fn of(text: String) -> Self {
        if compose::is_unresolved(&text) { Self::Symbol(text) } else { Self::Known(text) }
    }
}

/// Whether the parts of a symbol that are known fit a value.
pub fn may_be(symbol: &str, value: &str) -> bool {
    let start = symbol.split(compose::OPEN).next().unwrap_or_default();
    let end = symbol.rsplit(compose::CLOSE).next().unwrap_or_default();
    value.len() >= start.len() + end.len() && value.starts_with(start) && value.ends_with(end)
}

/// Whether a symbol is what a host calls itself, and another one than this: then it is not called so.
pub fn is_another_host(symbol: &str, host: &str) -> bool {
    let Some((what, rest)) = symbol.split_once(compose::ON) else { return false };
    let own = rest.split(compose::CLOSE).next().unwrap_or_default();
    let says_which = ["host", "fqdn", "node"].iter().any(|word| what.to_lowercase().contains(word));
    says_which && own != host && own.split('.').next() != Some(host)
}

/// One stream, or one family of streams that differ only in labels that are [`Label::Unknown`].
#[derive(Clone, Debug)]
pub struct Stream {
    /// Labels by name. A label that is absent here is absent from the stream, which in `LogQL` equals `""`.
    pub labels: Arc<Labels>,
    /// The block that ships it.
    pub at: Option<Place>,
}

impl Stream {
    /// With these labels, of the block at `at`.
    pub fn new(labels: Labels, at: Option<Place>) -> Self {
        Self { labels: Arc::new(labels), at }
    }
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
    /// Streams of `before`, by index, that other containers have on the host of the move from the Docker socket.
    pub beside: BTreeSet<usize>,
    /// Those of them that are there only since the move brings the socket.
    pub brought: BTreeSet<usize>,
    /// How Loki gives a stream its `service_name`.
    pub names: Derives,
    /// Streams to come, when other services move as well.
    pub later: Vec<Later>,
    /// What the hosts are called: their inventory names and the short ones.
    pub hosts: Vec<String>,
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
    /// What its project is called, where that is not as it was found out.
    pub project: Option<&'a str>,
}

/// Whether the `service` of these labels is the project, as every rewritten query relies on (real-world A15).
fn is_of(labels: &BTreeMap<String, Label>, project: &str) -> bool {
    labels.get("service") == Some(&Label::Known(project.to_owned()))
}

/// Why it is not.
fn lost(labels: &BTreeMap<String, Label>) -> &'static str {
    match labels.get("service") {
        Some(Label::Unknown) => "what its lines pass on their way may set `service` to anything",
        _ => "its rules set no `service` that is the Compose project",
    }
}

impl Streams {
    /// The streams before and after `leaving`. A listener that keeps another sender keeps its stream.
    ///
    /// # Errors
    /// When the labels of a new stream cannot be computed; the text says why.
    pub fn of(topology: &Topology, leaving: Leaving<'_>) -> Result<Self, String> {
        let mut build = Build { out: Self::default(), until: None };
        for (index, host) in topology.hosts.iter().enumerate() {
            if index == leaving.host {
                build.host(topology, host, Some(leaving))?;
            } else {
                build.still(topology, host);
            }
        }
        let names = topology.inventory.hosts().flat_map(|host| [host.name.as_str(), host.short()]);
        Ok(Self { hosts: names.map(str::to_owned).collect(), ..build.finish() })
    }

    /// The streams of today, which stay as they are: what is asked when nothing moves.
    pub fn still(topology: &Topology) -> Self {
        let mut build = Build { out: Self::default(), until: None };
        for host in &topology.hosts {
            build.still(topology, host);
        }
        Self { names: topology.loki.derives.clone(), ..build.finish() }
    }

    /// The streams that enter one component of the host, before and after `leaving`. What the Docker socket says of the
    /// leaving containers is not counted before: those lines are there a second time.
    ///
    /// # Errors
    /// As [`Streams::of`].
    pub fn entering(topology: &Topology, leaving: Leaving<'_>, component: &str) -> Result<Self, String> {
        let mut build = Build { out: Self::default(), until: Some(component) };
        build.host(topology, &topology.hosts[leaving.host], Some(leaving))?;
        Ok(build.finish())
    }

    /// The `service_name` of a stream; `None` when it has none.
    pub fn service_name<'s>(&self, stream: &'s Stream) -> Option<&'s Label> {
        let name = self.names.service_name(&stream.labels)?;
        // It is the value of one of the labels, or the word for none.
        let other = || if name == Label::Unknown { &UNKNOWN } else { &*NO_NAME };
        Some(stream.labels.values().find(|label| **label == name).unwrap_or_else(other))
    }

    /// The streams of today that the block at `at` ships.
    pub fn before_at(&self, at: &Place) -> Vec<usize> {
        let same = |stream: &Stream| {
            stream.at.as_ref().is_some_and(|one| one.span == at.span && one.source.path == at.source.path)
        };
        (0..self.before.len()).filter(|&index| same(&self.before[index])).collect()
    }
}

/// Streams being put together.
struct Build<'c> {
    out: Streams,
    /// The component where they are looked at; Loki, when there is none.
    until: Option<&'c str>,
}

impl Build<'_> {
    fn host(&mut self, topology: &Topology, host: &Host, moved: Option<Leaving<'_>>) -> Result<(), String> {
        let plumbing = Plumbing::of(topology, host);
        let new = self.sockets(topology, host, &plumbing, moved)?;
        self.listeners(host, &plumbing, moved, &new);
        self.others(topology, host, &plumbing);
        self.more_sockets(topology, host, &plumbing);
        Ok(())
    }

    /// The label sets a line arrives with.
    fn arrive(&self, plumbing: &Plumbing<'_>, to: &Outlets, labels: &Labels) -> Vec<Labels> {
        match self.until {
            None => plumbing.arrive(to, labels),
            Some(component) => plumbing.enter(to, labels, component),
        }
    }

    /// The streams of a host on which nothing moves, worked out once.
    fn still(&mut self, topology: &Topology, host: &Host) {
        let still = host.still.get_or_init(|| {
            let mut build = Build { out: Streams::default(), until: None };
            // Only what moves can have labels that must be known and are not.
            let _ = build.host(topology, host, None);
            build.out
        });
        let first = self.out.after.len();
        self.out.before.extend_from_slice(&still.before);
        self.out.after.extend_from_slice(&still.after);
        self.out.image.extend(still.image.iter().map(|image| image.iter().map(|to| first + to).collect()));
    }

    fn keep(&mut self, stream: Stream) -> usize {
        let out = &mut self.out;
        out.after.push(stream.clone());
        out.image.push(vec![out.after.len() - 1]);
        out.before.push(stream);
        out.after.len() - 1
    }

    /// Docker-socket streams of a host. Returns, for each moving service, its stream afterwards.
    fn sockets(
        &mut self,
        topology: &Topology,
        host: &Host,
        plumbing: &Plumbing<'_>,
        moved: Option<Leaving<'_>>,
    ) -> Result<BTreeMap<usize, usize>, String> {
        let mut new = BTreeMap::new();
        let Some((config, socket)) = host.socket(&topology.alloy) else {
            return if moved.is_some() { Err("the host does not read the Docker socket".into()) } else { Ok(new) };
        };
        let rules = SocketRules::of(socket, plumbing);
        for (index, deployment) in host.deployments.iter().enumerate() {
            for (number, service) in deployment.compose.services.iter().enumerate() {
                let leaves = |leaving: &Leaving<'_>| leaving.deployment == index && leaving.services.contains(&number);
                let moving = moved.as_ref().is_some_and(leaves);
                let given = moved.filter(|leaving| leaving.deployment == index).and_then(|leaving| leaving.project);
                let project = given.map_or_else(|| deployment.name_on(&host.name), str::to_owned);
                let left =
                    rules.as_ref().map_err(Clone::clone).and_then(|rules| rules.labels(&project, service, !moving));
                let labels = match left {
                    Err(problem) if moving => return Err(problem),
                    Err(_) => Some(unknown()),
                    Ok(labels) => labels,
                };
                let labels = labels.and_then(|labels| flow::merged(self.arrive(plumbing, &socket.to, &labels)));
                let labels = match labels {
                    None if moving && self.until.is_none() => {
                        return Err("the block drops the containers of this project".into());
                    }
                    None => continue,
                    Some(labels) if moving && !is_of(&labels, &project) => return Err(lost(&labels).into()),
                    Some(labels) => labels,
                };
                let stream = Stream::new(labels, Some(config.place(socket.at)));
                let read_before = !(matches!(service.driver, Driver::Syslog(_)) && service.cache_disabled);
                let at = if read_before && !(moving && self.until.is_some()) {
                    let index = self.out.before.len();
                    if moving {
                        self.out.copies.insert(index);
                    } else if moved.is_some() {
                        self.out.beside.insert(index);
                    }
                    self.keep(stream)
                } else if moving {
                    self.out.after.push(stream);
                    self.out.after.len() - 1
                } else {
                    continue;
                };
                if moving {
                    new.insert(number, at);
                }
            }
        }
        Ok(new)
    }

    /// What further Docker-socket sources of the host read: every container once more, whatever moves.
    fn more_sockets(&mut self, topology: &Topology, host: &Host, plumbing: &Plumbing<'_>) {
        for (config, socket) in host.more_sockets().filter_map(|one| one.of(&topology.alloy)) {
            let rules = SocketRules::of(socket, plumbing);
            for deployment in &host.deployments {
                let project = deployment.name_on(&host.name);
                for service in &deployment.compose.services {
                    let left =
                        rules.as_ref().map_err(Clone::clone).and_then(|rules| rules.labels(&project, service, true));
                    let left = left.unwrap_or_else(|_| Some(unknown()));
                    let arrived = left.map(|labels| self.arrive(plumbing, &socket.to, &labels)).unwrap_or_default();
                    if let Some(labels) = flow::merged(arrived) {
                        self.keep(Stream::new(labels, Some(config.place(socket.at))));
                    }
                }
            }
        }
    }

    fn listeners(
        &mut self,
        host: &Host,
        plumbing: &Plumbing<'_>,
        moved: Option<Leaving<'_>>,
        new: &BTreeMap<usize, usize>,
    ) {
        for (index, listener) in host.listeners.iter().enumerate() {
            let labels = listener.labels.clone().unwrap_or_else(flow::anything);
            let left = plumbing.relabelled(&listener.fact.rules, &labels);
            let arrived = left.into_iter().flat_map(|labels| self.arrive(plumbing, &listener.fact.to, &labels));
            let Some(labels) = flow::merged(arrived.collect()) else { continue };
            let stream = Stream::new(labels, Some(listener.at.clone()));
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
                self.out.after.push(stream.clone());
                image.push(self.out.after.len() - 1);
            }
            self.out.before.push(stream);
            self.out.image.push(image);
        }
    }

    fn others(&mut self, topology: &Topology, host: &Host, plumbing: &Plumbing<'_>) {
        for assigned in &host.configs {
            let Some(config) = topology.alloy.get(assigned.config) else { continue };
            for other in config.others.iter().filter(|other| !plumbing.is_off(&other.when)) {
                let left = plumbing.leaves(other).into_iter();
                let sets: BTreeSet<Labels> =
                    left.flat_map(|labels| self.arrive(plumbing, &other.to, &labels)).collect();
                for labels in sets {
                    self.keep(Stream::new(labels, Some(config.place(other.at))));
                }
            }
        }
    }

    /// Streams that may have labels of any name may have each that some stream has.
    fn finish(mut self) -> Streams {
        let all = || self.out.before.iter().chain(&self.out.after);
        let names: BTreeSet<String> = all().flat_map(|stream| stream.labels.keys()).cloned().collect();
        for stream in self.out.before.iter_mut().chain(&mut self.out.after) {
            if stream.labels.contains_key(ANY) {
                let labels = Arc::make_mut(&mut stream.labels);
                labels.remove(ANY);
                for name in names.iter().filter(|name| *name != ANY) {
                    labels.entry(name.clone()).or_insert(Label::Unknown);
                }
            }
        }
        self.out
    }
}

/// What is known of the labels of a container when the block cannot be evaluated.
fn unknown() -> Labels {
    ["service", "component", "container", "job"].map(|name| (name.to_owned(), Label::Unknown)).into()
}
