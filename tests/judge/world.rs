//! What Loki holds before a move and after it, out of the infrastructure itself.
//!
//! Knows: the labels that listeners and the rules of the Docker socket give, how Loki derives `service_name`, that Docker
//! keeps a copy of what goes to syslog. Must not know: the program under test, queries.

use std::collections::{BTreeMap, BTreeSet};

use migrate::logql_eval::{Labels, Stream};

use super::infra::{Driver, Host, Infra, Journal, Project};
use super::lines::Lines;

/// The labels Loki names a service by, in order, as far as anything here sets them.
const NAMED_BY: &[&str] = &["service", "container", "component", "job"];

/// Projects that moved: host and project, by index.
pub(crate) type Moved = BTreeSet<(usize, usize)>;

/// What may be in Loki and stands in no repository.
#[derive(Clone, Debug)]
pub(crate) struct Unknown {
    /// Whether it derives `service_name`.
    pub(crate) service_name: bool,
    /// Streams of nobody's: `job` and `hostname`.
    pub(crate) ghosts: Vec<(String, String)>,
}

/// A stream that holds lines of what moves once more, beside the one that holds them first.
#[derive(Clone, Debug)]
pub(crate) struct Copy {
    pub(crate) labels: Labels,
    pub(crate) first: Labels,
}

/// What Loki holds.
#[derive(Clone, Debug)]
pub(crate) struct World {
    /// Before, without the copies of what moves.
    pub(crate) before: Vec<Stream>,
    /// The same without what comes with the Docker socket, where the move brings that.
    pub(crate) base: Vec<Stream>,
    /// Before, with them; the same where there are none.
    pub(crate) doubled: Vec<Stream>,
    pub(crate) copies: Vec<Copy>,
    pub(crate) after: Vec<Stream>,
    /// After, had the streams that move kept their old labels beside their new ones.
    pub(crate) both: Vec<Stream>,
}

/// Streams with equal labels are one stream.
#[derive(Default)]
struct Store(BTreeMap<Labels, BTreeMap<i64, String>>);

impl Store {
    fn add(&mut self, labels: &Labels, lines: &[(i64, String)]) {
        self.0.entry(labels.clone()).or_default().extend(lines.iter().cloned());
    }

    fn streams(self) -> Vec<Stream> {
        self.0.into_iter().map(|(labels, lines)| Stream { labels, lines: lines.into_iter().collect() }).collect()
    }
}

#[derive(Default)]
struct Build {
    before: Store,
    base: Store,
    doubled: Store,
    after: Store,
    both: Store,
    copies: Vec<Copy>,
}

impl Build {
    fn stays(&mut self, labels: &Labels, lines: &[(i64, String)]) {
        self.base.add(labels, lines);
        self.comes(labels, lines);
    }

    fn comes(&mut self, labels: &Labels, lines: &[(i64, String)]) {
        for store in [&mut self.before, &mut self.doubled, &mut self.after, &mut self.both] {
            store.add(labels, lines);
        }
    }

    fn moves(&mut self, listener: &Labels, socket: &Labels, copied: bool, lines: &[(i64, String)]) {
        self.before.add(listener, lines);
        self.base.add(listener, lines);
        self.doubled.add(listener, lines);
        if copied {
            self.doubled.add(socket, lines);
            self.copies.push(Copy { labels: socket.clone(), first: listener.clone() });
        }
        self.after.add(socket, lines);
        let mut all = socket.clone();
        for (name, value) in listener.iter().filter(|(name, _)| !socket.has(name)) {
            all.set(name, value);
        }
        self.both.add(&all, lines);
    }
}

impl World {
    /// The streams before and after `moved`, with lines made anew.
    pub(crate) fn new(infra: &Infra, moved: &Moved, unknown: &Unknown, lines: &mut Lines<'_>) -> Self {
        let mut build = Build::default();
        let named = |labels: Labels| if unknown.service_name { with_name(labels) } else { labels };
        for (at, host) in infra.hosts.iter().enumerate() {
            // Where the move itself adds the blocks, they come first, and what they bring is no affair of a query that is left
            // alone; one that is rewritten may leave it out.
            let added = !host.socket && moved.iter().any(|(one, _)| *one == at);
            for (index, project) in host.projects.iter().enumerate() {
                for (component, driver) in &project.components {
                    let lines = lines.some();
                    let socket = (host.socket || added).then(|| named(of_socket(host, project, component, added)));
                    match (driver, socket) {
                        (Driver::Default, None) => {}
                        (Driver::Default, Some(socket)) if added => build.comes(&socket, &lines),
                        (Driver::Default, Some(socket)) => build.stays(&socket, &lines),
                        (Driver::Syslog { listener, cached }, socket) => {
                            let listener = named(of_listener(host, *listener));
                            match socket {
                                Some(socket) if moved.contains(&(at, index)) => {
                                    build.moves(&listener, &socket, *cached, &lines);
                                }
                                socket => {
                                    build.stays(&listener, &lines);
                                    match socket.filter(|_| *cached) {
                                        Some(socket) if added => build.comes(&socket, &lines),
                                        Some(socket) => build.stays(&socket, &lines),
                                        None => {}
                                    }
                                }
                            }
                        }
                    }
                }
            }
            for labels in others(host) {
                build.stays(&named(labels), &lines.some());
            }
        }
        for (job, hostname) in &unknown.ghosts {
            build.stays(&named([("job", job), ("hostname", hostname)].into_iter().collect()), &lines.some());
        }
        Self {
            before: build.before.streams(),
            base: build.base.streams(),
            doubled: build.doubled.streams(),
            copies: build.copies,
            after: build.after.streams(),
            both: build.both.streams(),
        }
    }

    /// Before, with those copies only whose first stream `takes` leaves out.
    pub(crate) fn undoubled(&self, takes: impl Fn(&Labels) -> bool) -> Vec<Stream> {
        let doubles = |labels: &Labels| {
            let mut copies = self.copies.iter().filter(|copy| copy.labels == *labels).peekable();
            copies.peek().is_some() && copies.any(|copy| takes(&copy.first))
        };
        self.doubled.iter().filter(|stream| !doubles(&stream.labels)).cloned().collect()
    }
}

fn of_host(host: &Host) -> Labels {
    let mut labels: Labels = [("hostname", host.full())].into_iter().collect();
    if host.environment {
        labels.set("environment", "prod");
    }
    labels
}

fn of_listener(host: &Host, listener: usize) -> Labels {
    let listener = &host.listeners[listener];
    let mut labels = of_host(host);
    labels.set("job", &listener.job);
    if let Some(tier) = listener.tier {
        labels.set("tier", tier);
    }
    labels
}

/// `added`: the blocks are those of the move, which take over what all listeners of the host have.
fn of_socket(host: &Host, project: &Project, component: &str, added: bool) -> Labels {
    let mut labels = of_host(host);
    labels.set("service", &project.name);
    labels.set("component", component);
    if host.container || added {
        labels.set("container", &format!("{}-{component}-1", project.name));
    }
    let first = host.listeners.first().and_then(|listener| listener.tier);
    if let Some(tier) = first
        && added
        && host.listeners.len() > 1
        && host.listeners.iter().all(|listener| listener.tier == first)
    {
        labels.set("tier", tier);
    }
    labels
}

/// Streams that no container sends.
fn others(host: &Host) -> Vec<Labels> {
    let mut out = Vec::new();
    if let Some(job) = host.file_job {
        let hostname = host.full();
        out.push([("job", job), ("hostname", &hostname), ("filename", "/var/log/access.log")].into_iter().collect());
    }
    let journal = |job: &str| {
        let mut labels = of_host(host);
        labels.set("job", job);
        labels
    };
    out.extend((host.journal != Journal::None).then(|| journal("systemd")));
    out.extend((host.journal == Journal::Rules).then(|| journal("pallas")));
    out
}

fn with_name(mut labels: Labels) -> Labels {
    let name = NAMED_BY.iter().map(|name| labels.get(name)).find(|value| !value.is_empty());
    let name = name.unwrap_or("unknown_service").to_owned();
    labels.set("service_name", &name);
    labels
}
