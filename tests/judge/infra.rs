//! Infrastructures made at random: hosts, projects, listeners, other log sources, and the repository that describes them.
//!
//! Knows: how such repositories are written. Must not know: what a move does to them, or what their streams are.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::alloy;
use crate::random::Random;

/// Files by path.
pub(crate) type Files = BTreeMap<String, String>;

const HOSTS: &[&str] = &["puck", "rosalind", "miranda"];
const PROJECTS: &[&str] = &["kairos", "angelia", "athena", "gitea-mcp", "spelunker"];
const COMPONENTS: &[&str] = &["web", "worker", "db", "beat"];

/// How one container logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Driver {
    /// To the listener of this index; with or without the local copy that `docker logs` reads.
    Syslog { listener: usize, cached: bool },
    /// To a file of Docker's.
    Default,
}

#[derive(Clone, Debug)]
pub(crate) struct Project {
    /// The Compose project name.
    pub(crate) name: String,
    /// Where it is written: the folder it is deployed to, or `name:` in the file.
    by_folder: bool,
    pub(crate) components: Vec<(&'static str, Driver)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Listener {
    pub(crate) name: String,
    pub(crate) job: String,
    /// A label that only the listener sets.
    pub(crate) tier: Option<&'static str>,
}

#[derive(Clone, Debug)]
pub(crate) struct Host {
    pub(crate) short: &'static str,
    pub(crate) projects: Vec<Project>,
    pub(crate) listeners: Vec<Listener>,
    /// Whether Alloy reads the Docker socket already.
    pub(crate) socket: bool,
    /// Whether those blocks set `container`.
    pub(crate) container: bool,
    /// Whether every stream of the host has `environment`.
    pub(crate) environment: bool,
    /// Job of a log file, if one is read.
    pub(crate) file_job: Option<&'static str>,
    pub(crate) journal: Journal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Journal {
    None,
    Plain,
    Rules,
}

/// What the repository says about Loki.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loki {
    /// Version 3 with what it does of its own accord.
    Three,
    /// Version 3 that is told to derive no `service_name`.
    ThreeWithout,
    /// Before `service_name`.
    Two,
    /// Nothing.
    Unknown,
}

/// Hosts, and what the repository says about Loki.
#[derive(Clone, Debug)]
pub(crate) struct Infra {
    pub(crate) hosts: Vec<Host>,
    pub(crate) loki: Loki,
}

impl Infra {
    pub(crate) fn new(random: &mut Random) -> Self {
        let count = 1 + random.below(3);
        let hosts: Vec<Host> = HOSTS[..count].iter().map(|short| host(random, short)).collect();
        let loki = match random.below(10) {
            0..5 => Loki::Three,
            5 => Loki::ThreeWithout,
            6 | 7 => Loki::Two,
            _ => Loki::Unknown,
        };
        Self { hosts, loki }
    }

    /// What can move: host and project, by index.
    pub(crate) fn on_syslog(&self) -> Vec<(usize, usize)> {
        let of = |(at, host): (usize, &Host)| {
            let projects = host.projects.iter().enumerate().filter(|(_, project)| project.on_syslog());
            projects.map(|(index, _)| (at, index)).collect::<Vec<_>>()
        };
        self.hosts.iter().enumerate().flat_map(of).collect()
    }

    /// Every `job` there is, with the project that it names the containers of, if any.
    pub(crate) fn jobs(&self) -> BTreeSet<(String, Option<String>)> {
        let mut jobs = BTreeSet::new();
        for host in &self.hosts {
            for project in &host.projects {
                jobs.extend(project.jobs(host).map(|job| (job.to_owned(), Some(project.name.clone()))));
            }
            jobs.extend(host.file_job.map(|job| (job.to_owned(), None)));
            jobs.extend((host.journal != Journal::None).then(|| ("systemd".to_owned(), None)));
            jobs.extend((host.journal == Journal::Rules).then(|| ("pallas".to_owned(), None)));
        }
        jobs
    }

    pub(crate) fn files(&self) -> Files {
        let mut files = Files::new();
        let mut inventory = String::from("all:\n  hosts:\n");
        for host in &self.hosts {
            let _ = writeln!(inventory, "    {}:", host.full());
            let mut variables = String::from("deployment_environment: prod\n");
            for (at, listener) in host.listeners.iter().enumerate() {
                let _ = writeln!(variables, "{}_syslog_port: {}", listener.name, 51_400 + at);
            }
            files.insert(format!("ansible/inventory/host_vars/{}.yml", host.full()), variables);
            files.insert(format!("ansible/alloy/{}/config.alloy.j2", host.short), alloy::config(host));
            for project in &host.projects {
                deploy(host, project, &mut files);
            }
        }
        files.insert("ansible/inventory/hosts.yml".into(), inventory);
        files.insert("ansible/grafana/datasources.yml".into(), DATASOURCES.into());
        loki(&self.hosts[0], self.loki, &mut files);
        files
    }
}

impl Host {
    pub(crate) fn full(&self) -> String {
        format!("{}.incus", self.short)
    }
}

impl Project {
    pub(crate) fn on_syslog(&self) -> bool {
        self.components.iter().any(|(_, driver)| *driver != Driver::Default)
    }

    pub(crate) fn jobs<'a>(&'a self, host: &'a Host) -> impl Iterator<Item = &'a str> {
        self.components.iter().filter_map(|(_, driver)| match driver {
            Driver::Syslog { listener, .. } => Some(host.listeners[*listener].job.as_str()),
            Driver::Default => None,
        })
    }
}

fn host(random: &mut Random, short: &'static str) -> Host {
    let mut host = Host {
        short,
        projects: Vec::new(),
        listeners: Vec::new(),
        socket: random.percent(65),
        container: random.percent(60),
        environment: random.percent(50),
        file_job: random.percent(40).then(|| random.word(&["nginx", "haproxy", "kairos-access"])),
        journal: *random.pick(&[Journal::None, Journal::Plain, Journal::Plain, Journal::Rules]),
    };
    let mut names = PROJECTS.to_vec();
    random.shuffle(&mut names);
    let count = 1 + random.below(3);
    for name in &names[..count] {
        // Every host has something to move.
        let sure = host.projects.is_empty();
        let project = project(random, &mut host, name, sure);
        host.projects.push(project);
    }
    host
}

fn project(random: &mut Random, host: &mut Host, name: &str, sure: bool) -> Project {
    let mut components = COMPONENTS.to_vec();
    random.shuffle(&mut components);
    let count = 1 + random.below(3);
    let job = match random.below(10) {
        0..7 => name.to_owned(),
        7 => format!("{name}-logs"),
        8 => name.replace('-', "_"),
        _ => format!("app_{}", name.replace('-', "")),
    };
    // One listener for all, one for each with a job of its own, one for each with the same job, another project's.
    let style = random.below(10);
    let cached = random.percent(75);
    let tier = random.percent(12).then(|| random.word(&["public", "private"]));
    let mut own: Option<usize> = None;
    let mut list = Vec::new();
    for (at, component) in components[..count].iter().enumerate() {
        if !(random.percent(75) || sure && at == 0) {
            list.push((*component, Driver::Default));
            continue;
        }
        let shared = (style == 9 && !host.listeners.is_empty()).then(|| random.below(host.listeners.len()));
        let listener = match (shared, own) {
            (Some(shared), _) => shared,
            (None, Some(own)) if style < 6 => own,
            _ => {
                let job = if (6..8).contains(&style) { format!("{job}-{component}") } else { job.clone() };
                host.listeners.push(Listener { name: format!("{}_{at}", name.replace('-', "_")), job, tier });
                host.listeners.len() - 1
            }
        };
        own = Some(listener);
        list.push((*component, Driver::Syslog { listener, cached }));
    }
    Project { name: name.to_owned(), by_folder: random.percent(70), components: list }
}

const DATASOURCES: &str = "apiVersion: 1\ndatasources:\n  - name: Loki\n    type: loki\n    uid: loki\n    \
     url: http://127.0.0.1:3100\n  - name: Prometheus\n    type: prometheus\n    uid: prometheus\n    \
     url: http://127.0.0.1:9090\n    isDefault: true\n";

fn deploy(host: &Host, project: &Project, files: &mut Files) {
    let folder = format!("ansible/{}-{}", project.name, host.short);
    let target = if project.by_folder { project.name.as_str() } else { "stack" };
    let mut compose = String::new();
    if !project.by_folder {
        let _ = writeln!(compose, "name: {}", project.name);
    }
    compose.push_str("services:\n");
    for (component, driver) in &project.components {
        let _ = writeln!(compose, "  {component}:\n    image: registry.example.org/{component}:1");
        if let Driver::Syslog { listener, cached } = driver {
            let port = &host.listeners[*listener].name;
            let _ = write!(
                compose,
                "    logging:\n      driver: syslog\n      options:\n        syslog-address: \
                 \"tcp://127.0.0.1:{{{{ {port}_syslog_port }}}}\"\n"
            );
            if !cached {
                compose.push_str("        cache-disabled: \"true\"\n");
            }
        }
    }
    files.insert(format!("{folder}/docker-compose.yml.j2"), compose);
    files.insert(
        format!("{folder}/deploy.yml"),
        format!(
            "- hosts: {}\n  tasks:\n    - name: Write the Compose file\n      ansible.builtin.template:\n        \
             src: docker-compose.yml.j2\n        dest: /srv/{folder}/{target}/docker-compose.yml\n    \
             - name: Start the project\n      community.docker.docker_compose_v2:\n        \
             project_src: /srv/{folder}/{target}\n",
            host.full()
        ),
    );
}

fn loki(host: &Host, loki: Loki, files: &mut Files) {
    let limits = if loki == Loki::ThreeWithout { "limits_config:\n  discover_service_name: []\n" } else { "" };
    files.insert(
        "ansible/loki/loki.yml".into(),
        format!("{limits}ruler:\n  storage:\n    type: local\n    local:\n      directory: /etc/loki/rules\n"),
    );
    let mut tasks = format!(
        "- hosts: {}\n  tasks:\n    - name: Write the rules of the Loki ruler\n      ansible.builtin.copy:\n        \
         src: rules/\n        dest: /etc/loki/rules/fake/\n    - name: Write the configuration of Loki\n      \
         ansible.builtin.copy:\n        src: loki.yml\n        dest: /etc/loki/loki.yml\n",
        host.full()
    );
    let tag = match loki {
        Loki::Three | Loki::ThreeWithout => "3.4.2",
        Loki::Two => "2.9.4",
        Loki::Unknown => "",
    };
    if !tag.is_empty() {
        tasks.push_str(
            "    - name: Write the Compose file\n      ansible.builtin.template:\n        src: docker-compose.yml.j2\n        \
             dest: /srv/loki/docker-compose.yml\n    - name: Start Loki\n      community.docker.docker_compose_v2:\n        \
             project_src: /srv/loki\n",
        );
        let compose = format!("services:\n  loki:\n    image: grafana/loki:{tag}\n");
        files.insert("ansible/loki/docker-compose.yml.j2".into(), compose);
    }
    files.insert("ansible/loki/deploy.yml".into(), tasks);
}
