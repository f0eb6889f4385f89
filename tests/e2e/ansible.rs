//! What Ansible renders: the repository's own playbooks, inventory and variables, by ansible-core's own modules.
//!
//! A playbook of the repository installs packages, starts services and writes below `/`. So each is run in a reduced form
//! beside the original, made mechanically: `template`, `copy`, `file` and `stat` stay as they are, but write below a folder
//! for each host; a task that starts a Compose project writes down which folder and name it starts; all others go, and with
//! them `become`, owners, modes and handlers. Hosts, conditions, loops, variables and sources of the files are the original's.
//!
//! Must not know: what becomes of the files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;
use serde_yaml::{Mapping, Value};

use super::parts::Parts;
use super::process::{Result, run};

/// What of a task does not touch the machine and stays.
const KEPT: &[&str] = &["name", "when", "loop", "loop_control", "with_fileglob", "register", "delegate_to"];

/// Of the files that are written, those that a part of this test reads; the others are left out.
const READ: &[&str] = &["docker-compose.yml", "/.env", "item.dest", "daemon.json", "alloy_config", "/etc/loki/"];
/// Folders that packages would have made.
const THERE: &[&str] = &["etc/alloy", "etc/docker", "etc/loki/rules/fake", STARTED];
/// Where it stands which projects were started.
const STARTED: &str = "started";

/// A checkout of the repository, and a folder that holds one machine for each host.
pub(crate) struct Controller {
    playbook: PathBuf,
    checkout: PathBuf,
    machines: PathBuf,
    /// Variables that differ on this machine, such as the address of Loki.
    extra: Json,
}

/// A Compose project as a playbook starts it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Project {
    /// The folder with the rendered file.
    pub(crate) source: PathBuf,
    /// The name the playbook gives, else Compose takes that of the folder.
    pub(crate) name: Option<String>,
}

impl Project {
    /// What Compose calls it.
    pub(crate) fn folder(&self) -> String {
        self.source.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

impl Controller {
    pub(crate) fn new(parts: &Parts, checkout: &Path, machines: &Path, extra: Json) -> Result<Self> {
        Ok(Self {
            playbook: parts.path("ansible")?.to_owned(),
            checkout: checkout.to_owned(),
            machines: machines.to_owned(),
            extra,
        })
    }

    /// The files of one host.
    pub(crate) fn machine(&self, host: &str) -> PathBuf {
        self.machines.join(host)
    }

    /// Puts the checkout at a revision.
    pub(crate) fn take(&self, revision: &str) -> Result<()> {
        let git = |arguments: &[&str]| run(Command::new("git").current_dir(&self.checkout).args(arguments)).map(drop);
        git(&["fetch", "--quiet", "--prune"])?;
        git(&["checkout", "--quiet", "--detach", revision])
    }

    /// Every playbook that the repository's `site.yml` imports, in its order.
    pub(crate) fn all(&self) -> Result<Vec<String>> {
        let site = self.checkout.join("ansible/site.yml");
        let imports: Vec<Mapping> = parse(&site)?;
        Ok(imports.iter().filter_map(|one| one.get("import_playbook")?.as_str().map(str::to_owned)).collect())
    }

    /// Every host of the inventory, by name.
    pub(crate) fn hosts(&self) -> Result<Vec<String>> {
        let inventory = self.checkout.join("ansible/inventory/hosts.yml");
        let text = fs::read_to_string(&inventory).map_err(|error| format!("{}: {error}", inventory.display()))?;
        let groups: Value = serde_yaml::from_str(&text).map_err(|error| format!("{}: {error}", inventory.display()))?;
        let mut out = Vec::new();
        collect(&groups, &mut out);
        out.sort();
        out.dedup();
        Ok(out)
    }

    /// Runs playbooks, each in its reduced form, on these hosts.
    pub(crate) fn play(&self, playbooks: &[String], hosts: &[String]) -> Result<()> {
        for path in hosts.iter().flat_map(|host| THERE.iter().map(|folder| self.machine(host).join(folder))) {
            fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        let mut command = Command::new(&self.playbook);
        command.current_dir(self.checkout.join("ansible"));
        for name in playbooks {
            let original = self.checkout.join("ansible").join(name);
            let reduced = original.with_extension("e2e.yml");
            let plays =
                parse::<Mapping>(&original)?.iter().map(|play| self.reduce(play)).collect::<Result<Vec<_>>>()?;
            let text = serde_yaml::to_string(&plays).map_err(|error| format!("{}: {error}", original.display()))?;
            fs::write(&reduced, text).map_err(|error| format!("{}: {error}", reduced.display()))?;
            command.arg(&reduced);
        }
        command.args(["--limit", &hosts.join(","), "--forks", "4", "--extra-vars", &self.extra.to_string()]);
        let home = self.machines.join("ansible");
        run(command
            .env("ANSIBLE_HOME", &home)
            .env("ANSIBLE_PIPELINING", "true")
            .env("ANSIBLE_REMOTE_TEMP", home.join("tmp")))
        .map(drop)
    }

    /// The projects that playbooks started on a host so far, by name.
    pub(crate) fn projects(&self, host: &str) -> Result<Vec<Project>> {
        let folder = self.machine(host).join(STARTED);
        let Ok(entries) = fs::read_dir(&folder) else { return Ok(Vec::new()) };
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
        paths.sort();
        paths.iter().map(|path| self.project(host, path)).collect()
    }

    fn project(&self, host: &str, told: &Path) -> Result<Project> {
        let text = fs::read_to_string(told).map_err(|error| format!("{}: {error}", told.display()))?;
        let said: Json = serde_json::from_str(&text).map_err(|error| format!("{}: {error}: {text}", told.display()))?;
        let source = said["source"].as_str().unwrap_or_default().trim_start_matches('/');
        let name = said["name"].as_str().filter(|name| !name.is_empty()).map(str::to_owned);
        Ok(Project { source: self.machine(host).join(source), name })
    }

    /// The project that a playbook starts on a host, if it starts one there.
    pub(crate) fn started_by(&self, playbook: &str, host: &str) -> Result<Option<Project>> {
        let told = self.machine(host).join(STARTED).join(marker(playbook));
        if told.exists() { self.project(host, &told).map(Some) } else { Ok(None) }
    }

    fn reduce(&self, play: &Mapping) -> Result<Mapping> {
        let mut out = Mapping::new();
        for key in ["hosts", "vars"] {
            if let Some(value) = play.get(key) {
                out.insert(key.into(), value.clone());
            }
        }
        out.insert("gather_facts".into(), false.into());
        out.insert("connection".into(), "local".into());
        let mut tasks = Vec::new();
        for key in ["tasks", "handlers"] {
            for task in flat(play.get(key).and_then(Value::as_sequence)) {
                self.task(task, &mut tasks)?;
            }
        }
        out.insert("tasks".into(), Value::Sequence(tasks));
        Ok(out)
    }

    fn task(&self, task: &Mapping, out: &mut Vec<Value>) -> Result<()> {
        let mut kept: Mapping = task
            .iter()
            .filter(|(key, _)| key.as_str().is_some_and(|key| KEPT.contains(&key)))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        for (key, value) in task {
            let module = key.as_str().unwrap_or_default();
            let arguments = arguments(value);
            let take = |name: &str| arguments.get(name).cloned().unwrap_or(Value::Null);
            let below = |name: &str| match take(name) {
                Value::String(text) => {
                    Ok(Value::String(format!("{}/{{{{ inventory_hostname }}}}{text}", self.machines.display())))
                }
                _ => Err(format!("a task `{module}` without `{name}`")),
            };
            let changed = match module.rsplit('.').next().unwrap_or_default() {
                "template" | "copy"
                    if READ.iter().any(|part| arguments.get("dest").is_some_and(|to| names(to, part))) =>
                {
                    mapping([("src", take("src")), ("dest", below("dest")?)])
                }
                "file" if arguments.get("state").is_some_and(|state| names(state, "directory")) => {
                    mapping([("path", below("path")?), ("state", "directory".into())])
                }
                "stat" => mapping([("path", take("path"))]),
                "docker_compose_v2" => {
                    let said = mapping([("source", take("project_src")), ("name", take("project_name"))]);
                    let to = format!(
                        "{}/{{{{ inventory_hostname }}}}/{STARTED}/{{{{ playbook_dir | basename }}}}",
                        self.machines.display()
                    );
                    kept.insert(
                        "ansible.builtin.copy".into(),
                        mapping([("content", "{{ said | to_json }}".into()), ("dest", to.into())]),
                    );
                    kept.insert("vars".into(), mapping([("said", said)]));
                    out.push(Value::Mapping(kept));
                    return Ok(());
                }
                _ => continue,
            };
            kept.insert(key.clone(), changed);
            out.push(Value::Mapping(kept));
            return Ok(());
        }
        Ok(())
    }
}

/// Name of the file that says what a playbook started: its folder.
fn marker(playbook: &str) -> &str {
    playbook.rsplit('/').nth(1).unwrap_or(playbook)
}

/// Tasks, with those of blocks in their place.
fn flat(tasks: Option<&Vec<Value>>) -> Vec<&Mapping> {
    let mut out = Vec::new();
    for task in tasks.into_iter().flatten().filter_map(Value::as_mapping) {
        match task.get("block").and_then(Value::as_sequence) {
            Some(inner) => out.extend(flat(Some(inner))),
            None => out.push(task),
        }
    }
    out
}

/// The names below every `hosts` of an inventory.
fn collect(groups: &Value, out: &mut Vec<String>) {
    for (key, value) in groups.as_mapping().into_iter().flatten() {
        match value.as_mapping() {
            Some(hosts) if key == "hosts" => out.extend(hosts.keys().filter_map(Value::as_str).map(str::to_owned)),
            _ => collect(value, out),
        }
    }
}

/// A module's arguments, also from the form `src=a dest=b`.
fn arguments(value: &Value) -> Mapping {
    match value {
        Value::Mapping(all) => all.clone(),
        Value::String(text) => {
            let pairs = text.split_whitespace().filter_map(|word| word.split_once('='));
            pairs.map(|(key, value)| (key.into(), value.into())).collect()
        }
        _ => Mapping::new(),
    }
}

/// Whether a text holds a word.
fn names(value: &Value, word: &str) -> bool {
    value.as_str().is_some_and(|text| text.contains(word))
}

fn mapping<const N: usize>(pairs: [(&str, Value); N]) -> Value {
    let set = pairs.into_iter().filter(|(_, value)| !value.is_null());
    Value::Mapping(set.map(|(key, value)| (key.into(), value)).collect())
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_yaml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}
