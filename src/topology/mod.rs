//! What the repository says runs where.
//!
//! Knows: hosts and variables, listeners, Docker-socket blocks, Compose projects, datasources, query sites, streams;
//! every fact with the place it came from. Must not know: git, the file system, a clock, printing, or how to change
//! anything.

pub mod alloy;
pub mod commands;
pub mod compose;
pub mod daemon;
pub mod datasources;
pub mod deployments;
pub mod deploys;
pub mod files;
pub mod flow;
mod holding;
pub mod hosts;
mod interest;
pub mod later;
pub mod loki;
pub mod moves;
pub mod named;
pub mod per_file;
mod plays;
pub mod queries;
pub mod relabel;
pub mod runs;
pub mod scope;
pub mod sites;
pub mod streams;
pub mod values;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use crate::finding::{Finding, Level};
use crate::snapshot::Snapshot;
use crate::text::{RepoPath, Source};

use alloy::Config;
use deploys::{Deploys, Task};
use holding::Holding;
use hosts::{Definition, Inventory, Reader};
use interest::Interest;
use per_file::PerFile;
use plays::Plays;

#[cfg(test)]
pub(crate) use compose::{CLOSE, ON, OPEN};
pub use loki::{Derives, Loki};
pub use moves::{AlertLabels, Bridge, Move, Request, Resolved, Selection, Services};
pub use relabel::Labels;
pub use scope::Scope;
pub use streams::{Label, NEW, Stream, Streams, WHOSE, is_another_host, may_be};

/// What runs where, and every fact with its place.
#[derive(Debug)]
pub struct Topology {
    /// The files it was read from.
    pub snapshot: Snapshot,
    /// Hosts and variables.
    pub inventory: Inventory,
    /// Tasks of all playbooks.
    pub deploys: Deploys,
    /// Alloy configurations, by path.
    pub alloy: Vec<Config>,
    /// What runs on each host, in inventory order.
    pub hosts: Vec<Arc<runs::Host>>,
    /// Query sites, datasources and who reads which rules.
    pub queries: queries::QueryFacts,
    /// Places that name the label `job` outside of queries.
    pub named: PerFile<named::Named>,
    /// The Loki server the lines end in.
    pub loki: Loki,
    /// What could not be read.
    pub findings: Vec<Finding>,
    configs: PerFile<Result<Config, Box<Finding>>>,
    /// Files that may be of Compose.
    composes: PerFile<deployments::Speaks>,
    plays: Arc<Plays>,
    holding: Holding,
    /// By path of its file, once somebody asks: projects with containers that are or may be on syslog, by host and project.
    on_syslog: OnceLock<HashMap<RepoPath, Vec<(usize, usize)>>>,
}

impl Topology {
    /// Reads the files of a commit. Never fails: what cannot be read is a finding.
    pub fn of(snapshot: &Snapshot) -> Self {
        Self::read(snapshot, None)
    }

    /// The topology of another snapshot: of the same commit with more files read, or after edits. What a file says on
    /// its own is taken over where the file is the same object; links between files are worked out anew wherever one of
    /// the files they hang on is another. A Compose file that only its port tied to a host stays on it.
    #[must_use]
    pub fn again(&self, snapshot: &Snapshot) -> Self {
        Self::read(snapshot, Some(self))
    }

    fn read(snapshot: &Snapshot, before: Option<&Self>) -> Self {
        let same_paths = before.is_some_and(|before| before.snapshot.has_paths_of(snapshot));
        let ((inventory, (deploys, more)), (queries, (named, composes))) = rayon::join(
            || {
                let inventory =
                    Inventory::again(snapshot, before.map_or(&Inventory::default(), |before| &before.inventory));
                let known = Deploys::default();
                (inventory, Deploys::of(snapshot, before.map_or(&known, |before| &before.deploys), same_paths))
            },
            || {
                let known = queries::QueryFacts::default();
                let queries = queries::QueryFacts::of(snapshot, before.map_or(&known, |before| &before.queries));
                let none = PerFile::default();
                let named = PerFile::of(snapshot, before.map_or(&none, |before| &before.named), named::of);
                let none = PerFile::default();
                let composes = before.map_or(&none, |before| &before.composes);
                (queries, (named, PerFile::of(snapshot, composes, deployments::speaks)))
            },
        );
        let mut findings = inventory.findings().to_vec();
        findings.extend(more);
        let none = PerFile::default();
        let configs = PerFile::of(snapshot, before.map_or(&none, |before| &before.configs), |source| {
            alloy::may_be_config(source).then(|| alloy::read(source))
        });
        let mut alloy = Vec::new();
        for (_, config) in configs.iter() {
            match &**config {
                Ok(config) => alloy.push(config.clone()),
                Err(finding) => findings.push((**finding).clone()),
            }
        }
        let snapshot = snapshot.clone();
        let of_interest = composes.iter().map(|(file, _)| &file.path).chain(alloy.iter().map(|one| &one.source.path));
        let plays = Plays::again(&inventory, &deploys, Interest::of(of_interest), before);
        let (hosts, loki) = (Vec::new(), Loki::default());
        let holding = before.map(|before| before.holding.again()).unwrap_or_default();
        let mut topology = Self {
            snapshot,
            inventory,
            deploys,
            alloy,
            hosts,
            queries,
            named,
            loki,
            findings,
            configs,
            composes,
            plays,
            holding,
            on_syslog: OnceLock::new(),
        };
        topology.hosts = runs::hosts(&topology, before);
        let none = Loki::default();
        let known = before.map_or(&none, |before| &before.loki);
        let (loki, readers) = rayon::join(|| Loki::of(&topology, known), || queries::readers(&topology));
        topology.loki = loki;
        topology.queries.read_by(readers, before.map(|before| &before.queries));
        topology
    }

    /// The files that hold any of these texts, by path.
    pub fn holding(&self, texts: &[&str]) -> Vec<Arc<Source>> {
        self.holding.of(&self.snapshot, texts)
    }

    /// Every place where `name` stands as a whole word, in path order.
    pub fn readers_of(&self, name: &str) -> Vec<Reader> {
        // Ports of listeners have a tail in common, so that one look at the files serves all of them.
        hosts::readers_of(&self.holding(&[tail(name)]), name)
    }

    /// The projects of a file with containers that are or may be on syslog: host and project by index, in their order.
    fn on_syslog(&self, file: &RepoPath) -> &[(usize, usize)] {
        let all = self.on_syslog.get_or_init(|| {
            let mut all: HashMap<RepoPath, Vec<(usize, usize)>> = HashMap::new();
            for (number, host) in self.hosts.iter().enumerate() {
                for (index, (one, links)) in host.deployments.iter().zip(&host.links).enumerate() {
                    if links.iter().any(|link| *link != runs::Link::None) {
                        all.entry(one.file.path.clone()).or_default().push((number, index));
                    }
                }
            }
            all
        });
        all.get(file).map_or(&[], Vec::as_slice)
    }

    /// The eyes of a host.
    pub fn scope(&self, host: &runs::Host) -> Option<Scope<'_>> {
        self.inventory.get(&host.name).map(Scope::new)
    }

    /// Whether a play that runs `task` has `host` among its hosts.
    pub fn runs_on(&self, task: &Task, host: &runs::Host) -> bool {
        self.runs_on_host(task, &host.name)
    }

    /// All tasks that run on a host, in their order.
    fn tasks_on(&self, host: &str) -> &[Arc<Task>] {
        self.plays.on(host).map_or(&[], |tasks| tasks.all.as_slice())
    }

    fn runs_on_host(&self, task: &Task, host: &str) -> bool {
        task.hosts().iter().any(|pattern| self.plays.selects(pattern, host))
    }

    /// Folder of the `ansible.cfg`, or of the playbooks; empty at the root.
    pub fn ansible_root(&self) -> String {
        let config = self.snapshot.entries.iter().find(|entry| entry.path.name() == "ansible.cfg");
        config.map_or_else(String::new, |entry| entry.path.folder().to_owned())
    }

    /// The playbook that writes the file at `path` to `host`.
    pub fn playbook_for(&self, path: &RepoPath, host: &runs::Host) -> Option<String> {
        let writes = |task: &&Arc<Task>| deployments::could_write(task, path);
        let mut tasks = self.deploys.tasks.iter().filter(writes);
        tasks.find(|task| self.runs_on(task, host)).map(|task| task.playbook().to_owned())
    }

    /// The playbook that deploys the file at `path`, and the host it runs on when it is one.
    pub fn deployed_by(&self, path: &RepoPath) -> Option<(String, String)> {
        let task =
            self.deploys.tasks.iter().find(|task| deployments::could_write(task, path) && !task.hosts().is_empty())?;
        let hosts: Vec<_> =
            task.hosts().iter().filter_map(|pattern| self.inventory.hosts_of(pattern)).flatten().collect();
        let limit = match hosts.as_slice() {
            [only] => only.name.clone(),
            _ => String::new(),
        };
        Some((task.playbook().to_owned(), limit))
    }

    /// Every definition of a variable that counts for a host, lowest precedence first.
    pub fn definitions(&self, host: &str, name: &str) -> Vec<Arc<Definition>> {
        self.inventory.get(host).map_or_else(Vec::new, |host| host.definitions_of(name).map(Arc::clone).collect())
    }

    /// The names of all variables of a host.
    pub fn variables_of(&self, host: &runs::Host) -> BTreeSet<String> {
        let host = self.inventory.get(&host.name);
        host.into_iter().flat_map(hosts::Host::definitions).map(|definition| definition.name.clone()).collect()
    }

    /// All query texts that were found, with the file each stands in.
    pub fn queries(&self) -> Vec<(&str, &str)> {
        self.queries.texts_of(|_| true).collect()
    }

    /// Port variables that a service which has moved left behind: named after it, and nothing names them.
    pub fn leftover_variables(&self, host: &runs::Host, services: &[&str]) -> Vec<Finding> {
        let names: BTreeSet<String> =
            services.iter().map(|name| format!("{}_syslog_port", name.replace(['-', '.'], "_"))).collect();
        let mut out = Vec::new();
        for name in names {
            for definition in self.definitions(&host.name, &name) {
                let named = self.readers_of(&name).into_iter().any(|reader| {
                    reader.kind != hosts::Use::Comment && reader.at.source.path != definition.entry.source.path
                });
                if !named {
                    let service = services.first().copied().unwrap_or_default();
                    let values = [("variable", name.as_str()), ("service", service)];
                    let at = Some(definition.entry.clone());
                    out.push(Finding::told(Level::Note, "host_vars/leftover", &values, at));
                }
            }
        }
        out
    }
}

/// The end of a variable's name that others share: `_syslog_port`; all of it where it is one word.
pub fn tail(name: &str) -> &str {
    name.find('_').and_then(|at| name.get(at..)).unwrap_or(name)
}

#[cfg(test)]
mod tests;
