//! The hosts of this test, each with an engine and a collector of its own, the one store, and the deploying of a playbook to them.
//!
//! Knows: what belongs to a host and which containers there were. Must not know: what is migrated, what is asked of the store.

use core::ops::RangeInclusive;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::ansible::Controller;
use super::check::{self, Checked};
use super::collector::Collector;
use super::compose::{self, Compose};
use super::engine::{Container, Engine};
use super::http::free_port;
use super::judge::{self, Judge};
use super::lines;
use super::parts::Parts;
use super::process::Result;
use super::store::Store;

/// The host that Loki runs on in the example.
pub(crate) const LOKI_HOST: &str = "prospero.incus";

/// A host: its parts end in this order.
pub(crate) struct Host {
    pub(crate) collector: Collector,
    pub(crate) compose: Compose,
    pub(crate) engine: Engine,
    tally: PathBuf,
}

/// A container that there was.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) host: String,
    pub(crate) container: Container,
    /// Whether the collector read the Docker socket while it was there.
    pub(crate) by_socket: bool,
    /// Whether it was there before.
    late: bool,
}

impl Seen {
    /// How many times each of its lines has to be in the store. Where the collector began to read the socket when the container was there
    /// already, it reads what Docker still keeps, and may not come to the end before the container goes: no line is lost,
    /// as the listener had it, but not each is there twice.
    pub(crate) fn copies(&self) -> RangeInclusive<usize> {
        let by_listener = usize::from(self.container.driver == "syslog");
        let most = by_listener + usize::from(self.by_socket);
        (if self.late && by_listener > 0 { by_listener } else { most })..=most
    }
}

/// Everything that runs.
pub(crate) struct World {
    pub(crate) hosts: BTreeMap<String, Host>,
    pub(crate) store: Store,
    /// Alloy's own parser.
    pub(crate) judge: Judge,
    pub(crate) controller: Controller,
    pub(crate) parts: Parts,
    pub(crate) seen: HashMap<String, Seen>,
    pub(crate) checked: Checked,
    folder: PathBuf,
    /// When it began, in nanoseconds.
    pub(crate) since: i64,
}

impl World {
    /// Clones the repository for the controller, renders every playbook for every host, and starts the store. `folder` is a new one.
    pub(crate) fn start(parts: Parts, folder: &Path, repository: &Path) -> Result<Self> {
        let checkout = folder.join("controller");
        let mut clone = std::process::Command::new("git");
        super::process::run(clone.args(["clone", "--quiet"]).arg(repository).arg(&checkout))?;
        let judge = Judge::start(&judge::build()?);
        let port = free_port()?;
        // Nothing listens where metrics and alerts would go: port 9 of this machine.
        let extra = json!({
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "loki_port": port,
            "loki_url": format!("http://127.0.0.1:{port}{}", Store::push(&parts)),
            "prometheus_write_url": "http://127.0.0.1:9/api/v1/write",
            "prometheus_port": 9,
            "alertmanager_port": 9,
        });
        let controller = Controller::new(&parts, &checkout, &folder.join("machines"), extra)?;
        controller.play(&controller.all()?, &controller.hosts()?)?;
        let store = Store::start(&parts, &controller.machine(LOKI_HOST), &folder.join("store"), port)?;
        lines::write(&folder.join("say"))?;
        let (hosts, seen) = (BTreeMap::new(), HashMap::new());
        let (checked, folder) = (Checked::default(), folder.to_owned());
        Ok(Self { hosts, store, judge, controller, parts, seen, checked, folder, since: lines::now() })
    }

    /// Brings up a host as the example's `site.yml` does: engine, collector, then every project that runs there.
    pub(crate) fn host(&mut self, host: &str) -> Result<()> {
        let short = host.split('.').next().unwrap_or(host);
        let folder = self.folder.join(short);
        let tally = folder.join("tally");
        fs::create_dir_all(&tally).map_err(|error| format!("{}: {error}", tally.display()))?;
        let machine = self.controller.machine(host);
        let engine = Engine::start(&self.parts, short, &folder, &machine.join("etc/docker/daemon.json"))?;
        let config = machine.join("etc/alloy/config.alloy");
        let collector = Collector::start(&self.parts, short, &config, &folder, &engine.address())?;
        let compose = Compose::new(&self.parts, &engine, &folder.join("projects"), &self.folder.join("say"), &tally)?;
        for project in self.controller.projects(host)? {
            compose.up(&project)?;
        }
        self.hosts.insert(host.to_owned(), Host { collector, compose, engine, tally });
        self.look(host)
    }

    /// Runs a playbook for a host and does what its handlers do.
    pub(crate) fn deploy(&mut self, playbook: &str, host: &str) -> Result<()> {
        self.controller.play(&[playbook.to_owned()], &[host.to_owned()])?;
        match playbook {
            "pplg/deploy.yml" if host == LOKI_HOST => {
                self.store.restart()?;
                return check::rules(self);
            }
            "alloy/deploy.yml" => {
                check::alloy(self, host)?;
                self.known(host)?.collector.reload()?;
            }
            _ => {
                let project = self.controller.started_by(playbook, host)?;
                let project = project
                    .ok_or_else(|| format!("{playbook} starts nothing on {host}: this test does not know it"))?;
                compose::check(&self.parts, &project)?;
                self.checked.compose += 1;
                self.known(host)?.compose.up(&project)?;
            }
        }
        self.look(host)
    }

    /// A host by its name.
    pub(crate) fn known(&mut self, host: &str) -> Result<&mut Host> {
        self.hosts.get_mut(host).ok_or_else(|| format!("{host} does not run here"))
    }

    /// Remembers the containers there are, and whether the collector reads the socket now.
    pub(crate) fn look(&mut self, host: &str) -> Result<()> {
        let config = self.controller.machine(host).join("etc/alloy/config.alloy");
        let reads = fs::read_to_string(&config).map_err(|error| format!("{}: {error}", config.display()))?;
        let reads = reads.contains("loki.source.docker ");
        for container in self.known(host)?.engine.containers()? {
            let id = container.id.clone();
            let seen = Seen { host: host.to_owned(), container, by_socket: reads, late: false };
            let seen = self.seen.entry(id).or_insert(seen);
            seen.late |= reads && !seen.by_socket;
            seen.by_socket |= reads;
        }
        Ok(())
    }

    /// Who printed a line, by container: host, project and component.
    pub(crate) fn who(&self) -> HashMap<String, String> {
        let name = |seen: &Seen| format!("{}/{}/{}", seen.host, seen.container.project, seen.container.component);
        self.seen.iter().map(|(id, seen)| (id.clone(), name(seen))).collect()
    }

    /// The folders with what was printed.
    pub(crate) fn tallies(&self) -> Vec<PathBuf> {
        self.hosts.values().map(|host| host.tally.clone()).collect()
    }

    /// The end of every server's log, for a message.
    pub(crate) fn tails(&self) -> String {
        let hosts = self.hosts.values().flat_map(|host| [host.collector.tail(), host.engine.tail()]);
        hosts.chain([self.store.tail()]).collect::<Vec<_>>().join("\n")
    }
}
