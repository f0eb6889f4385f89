//! The Docker daemon of a host: which logging driver a container gets that names none.
//!
//! Knows: where the daemon's settings stand (`daemon.json`, its unit, variables that a role of others prints), and how
//! they are written. Must not know: Compose, Alloy, or what moves.

use std::sync::{Arc, LazyLock};

use minijinja::Value;
use regex::Regex;

use super::compose::is_unresolved;
use super::deployments::written::{Done, Written};
use super::deploys::{Layer, Seen, Task};
use super::hosts::Layer as Precedence;
use super::scope::Scope;
use crate::snapshot::Snapshot;
use crate::syntax::yaml;
use crate::text::{Place, Source};

/// One place that sets the driver, or may.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The driver; `None` when it cannot be told.
    pub driver: Option<String>,
    /// `syslog-address` of its options.
    pub address: Option<String>,
    /// Where it stands.
    pub at: Place,
}

/// What the repository says of the daemon of one host.
#[derive(Clone, Debug, Default)]
pub struct Daemon {
    settings: Vec<Setting>,
    /// Whether it is told when to begin a new log file.
    rotates: bool,
}

/// Drivers whose logs the Docker socket gives back from files of its own, and from nowhere else.
fn is_file(driver: &str) -> bool {
    matches!(driver, "json-file" | "local")
}

impl Daemon {
    /// A setting that makes the driver another than `json-file` or `local`, or may. Where several places set it, what
    /// any of them says counts.
    pub fn other(&self) -> Option<&Setting> {
        self.settings.iter().find(|one| !one.driver.as_deref().is_some_and(is_file))
    }

    /// Whether log files are rotated for a container that names no driver.
    pub fn rotates(&self) -> bool {
        self.rotates || self.settings.iter().any(|one| one.driver.as_deref() == Some("local"))
    }

    /// A setting by which containers without a driver of their own are not read from the Docker socket.
    pub fn unread(&self) -> Option<&Setting> {
        self.settings.iter().find(|one| one.driver.as_deref().is_some_and(|it| !is_file(it) && it != "journald"))
    }

    /// Where the driver is set to syslog.
    pub fn syslog(&self) -> Option<&Setting> {
        self.settings.iter().find(|one| one.driver.as_deref() == Some("syslog"))
    }

    fn add(&mut self, text: Result<&str, ()>, at: &Place) {
        let said = text.map_or(Said { driver: Named::Unclear, ..Said::default() }, read);
        let driver = match said.driver {
            Named::Not => None,
            Named::As(driver) => Some(Some(driver)),
            Named::Unclear => Some(None),
        };
        self.settings.extend(driver.map(|driver| Setting { driver, address: said.address, at: at.clone() }));
        self.rotates |= said.rotates;
    }
}

/// What is said of the daemon on the host of `scope`.
pub(super) fn of(scope: &Scope<'_>, tasks: &Tasks, done: &Done<'_>, snapshot: &Snapshot) -> Daemon {
    let mut daemon = Daemon::default();
    let mut whole = false;
    let mut seen: Vec<*const Task> = Vec::new();
    for one in &done.written {
        let Some(kind) = kind_of(one) else { continue };
        seen.push(one.task);
        whole |= kind == Kind::Json;
        let rendered = one.scope.render(&one.file, one.is_template);
        daemon.add(rendered.as_ref().map(|it| it.text.as_str()).map_err(|_| ()), &place_in(&one.file));
    }
    for task in &tasks.concerned {
        if seen.contains(&Arc::as_ptr(task)) {
            continue;
        }
        for scope in scope.instances(task, snapshot).iter().filter(|scope| !scope.is_false(task.when())) {
            whole |= by_task(scope, task, &mut daemon);
        }
    }
    if !whole {
        by_variables(scope, &tasks.variables, &mut daemon);
    }
    daemon
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Json,
    Flags,
}

/// What a path on a host is to the daemon: its `daemon.json`, or a file that gives it flags.
fn kind(path: &str) -> Option<Kind> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let defaults = ["/default/docker", "/sysconfig/docker", "/conf.d/docker"];
    let flags = path.contains("docker.service") || defaults.iter().any(|end| path.ends_with(end));
    match name {
        "daemon.json" => Some(Kind::Json),
        _ if flags => Some(Kind::Flags),
        _ => None,
    }
}

fn kind_of(one: &Written<'_>) -> Option<Kind> {
    let dest = one.dest.as_deref().or_else(|| one.task.text(&["dest", "path"]))?;
    let name = one.file.path.name();
    // A folder that is there takes the file in under its own name.
    let inside = dest.trim_end_matches('/') == "/etc/docker" && name.trim_end_matches(".j2") == "daemon.json";
    if inside { Some(Kind::Json) } else { kind(dest) }
}

/// Where a file says which driver it is, or its start.
fn place_in(file: &Arc<Source>) -> Place {
    let at = file.text().and_then(|text| text.find("log-driver")).unwrap_or(0);
    Place::new(file, file.line_at(at))
}

/// Whether a task may be about the daemon's settings, going by its words.
fn concerns(task: &Task) -> bool {
    let to = task.text(&["dest", "path", "name"]).unwrap_or_default();
    // No settings of the daemon are called so, and most files that are belong to Compose.
    let is_yaml = [".yml", ".yaml"].iter().any(|end| to.ends_with(end));
    let by_path = !is_yaml && (to.contains("docker") || to.contains("daemon"));
    let line = || task.text(&["", "cmd"]).unwrap_or_default();
    match task.module.as_str() {
        "command" | "shell" | "raw" => {
            let line = line();
            let settings = ["daemon.json", "dockerd", "docker.service", "/etc/default/docker"];
            line.contains("log-driver") && settings.iter().any(|word| line.contains(word))
        }
        "template" | "copy" | "lineinfile" | "blockinfile" | "replace" | "ini_file" | "json_patch" => by_path,
        _ => false,
    }
}

/// Arguments that say where and how, never what is written.
const AROUND: [&str; 10] =
    ["path", "dest", "name", "regexp", "regex", "search_string", "insertafter", "insertbefore", "mode", "marker"];

/// What a task itself writes into the settings; whether it is a whole `daemon.json`.
fn by_task(scope: &Scope<'_>, task: &Task, daemon: &mut Daemon) -> bool {
    if task.text(&["state"]) == Some("absent") {
        return false;
    }
    let writes = matches!(task.module.as_str(), "template" | "copy");
    let runs = matches!(task.module.as_str(), "command" | "shell" | "raw");
    let to = task.text(&["dest", "path", "name"]).unwrap_or_default();
    let Some(kind) = kind(&scope.resolve(to).unwrap_or_else(|| to.to_owned())).or(runs.then_some(Kind::Flags)) else {
        return false;
    };
    let said = task.args.iter().filter(|arg| !AROUND.contains(&arg.name.as_str()));
    if writes && task.arg("src").is_some() {
        // Its source is not among the files that were read.
        daemon.add(Err(()), &task.at);
    } else if said.clone().any(|arg| arg.name.starts_with("content.")) {
        // A dict in the place of a text is written as JSON.
        let pairs = said.filter_map(|arg| Some((arg.name.strip_prefix("content.")?.rsplit('.').next()?, arg)));
        let line = |(name, arg): (&str, &super::deploys::Arg)| {
            let value = scope.resolve(&arg.text).unwrap_or_else(|| super::compose::unresolved(&arg.text));
            format!("{name}: {value}\n")
        };
        daemon.add(Ok(&pairs.map(line).collect::<String>()), &task.at);
    } else {
        let all: Option<Vec<String>> = said.map(|arg| scope.resolve(&arg.text)).collect();
        daemon.add(all.map(|all| all.join("\n")).as_deref().ok_or(()), &task.at);
    }
    writes && kind == Kind::Json
}

/// Variables that a role which is not in the repository prints into the settings.
fn by_variables(scope: &Scope<'_>, variables: &[(String, Value, Place)], daemon: &mut Daemon) {
    let own = scope.host().definitions().filter(|one| one.layer != Precedence::RoleDefaults && of_docker(&one.name));
    for one in own {
        let Some(in_force) = scope.host().definition(&one.name).filter(|it| Arc::ptr_eq(it, one)) else { continue };
        by_variable(scope, &one.name, in_force.entry.text(), &in_force.entry, daemon);
    }
    for (name, value, at) in variables {
        let scope = scope.clone().with(&[(name.clone(), value.clone())]);
        by_variable(&scope, name, &value.to_string(), at, daemon);
    }
}

fn of_docker(variable: &str) -> bool {
    variable.contains("docker")
}

/// What is to be looked at among the tasks of a host.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    /// Those that may be about the daemon's settings, going by their words.
    concerned: Vec<Arc<Task>>,
    /// Variables around them that may be, each once, with a task that has it.
    variables: Vec<(String, Value, Place)>,
}

impl Tasks {
    pub(super) fn of(tasks: &[Arc<Task>]) -> Self {
        let mut out = Self::default();
        let mut seen = Seen::default();
        for task in tasks {
            out.concerned.extend(concerns(task).then(|| Arc::clone(task)));
            for layer in task.more_layers(&mut seen) {
                if let Layer::Var(name, value) = layer
                    && of_docker(name)
                {
                    out.variables.push((name.clone(), value.clone(), task.at.clone()));
                }
            }
        }
        out
    }
}

fn by_variable(scope: &Scope<'_>, name: &str, written: &str, at: &Place, daemon: &mut Daemon) {
    let is_driver = name.ends_with("log_driver");
    if !is_driver && !written.contains("log-driver") {
        return;
    }
    let value = scope.filled(&Value::from(format!("{{{{ {name} }}}}"))).map(|value| value.to_string());
    let text = value.map(|value| if is_driver { format!("log-driver: {value}") } else { value });
    daemon.add(text.as_deref().ok_or(()), at);
}

/// Whether a text names a driver.
#[derive(Debug, Default, PartialEq, Eq)]
enum Named {
    #[default]
    Not,
    As(String),
    /// It may, and any.
    Unclear,
}

/// What a text of settings says.
#[derive(Default)]
struct Said {
    driver: Named,
    address: Option<String>,
    rotates: bool,
}

static DRIVER: LazyLock<Option<Regex>> = LazyLock::new(|| pattern("log-driver"));
static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| pattern("syslog-address"));

/// A name and its value, as JSON, YAML, Python and a command line write them.
fn pattern(name: &str) -> Option<Regex> {
    Regex::new(&format!(r#"{name}\\?["']?[\s:=,]+\\?["']?([^\s"',}}\\]*)"#)).ok()
}

/// Reads JSON, YAML, a unit or a command line.
fn read(text: &str) -> Said {
    let plain: String =
        text.lines().filter(|line| !line.trim_start().starts_with(['#', ';'])).flat_map(|line| [line, "\n"]).collect();
    let found = |regex: &LazyLock<Option<Regex>>| -> Vec<String> {
        let all = regex.iter().flat_map(|regex| regex.captures_iter(&plain));
        all.filter_map(|found| Some(found.get(1)?.as_str().to_owned())).collect()
    };
    let drivers = found(&DRIVER);
    let driver = match drivers.iter().find(|one| !is_file(one)).or(drivers.first()) {
        Some(driver) if driver.is_empty() || is_unresolved(driver) => Named::Unclear,
        Some(driver) => Named::As(driver.clone()),
        None if is_unresolved(&plain) && !has_known_keys(&plain) => Named::Unclear,
        None => Named::Not,
    };
    let address = found(&ADDRESS).into_iter().next();
    Said { driver, address, rotates: plain.contains("max-size") }
}

/// Whether it is a mapping of which every key is known.
fn has_known_keys(text: &str) -> bool {
    yaml::read(text).is_ok_and(|tree| {
        tree.root().is_some_and(|root| {
            let known = |key: Option<&str>| key.is_some_and(|key| !is_unresolved(key));
            root.is_mapping() && root.entries().all(|(key, _)| known(key.str()))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::compose::unresolved;
    use super::*;

    fn driver(text: &str) -> Named {
        read(text).driver
    }

    #[test]
    fn the_driver_is_read_as_it_is_written() {
        for text in [
            "{\"log-driver\": \"journald\"}",
            "{\n\t\"log-opts\": {},\n\t\"log-driver\" :\"journald\"\n}",
            "{'log-driver': 'journald', 'x': True}",
            "log-driver: journald\n",
            "[Service]\nExecStart=\nExecStart=/usr/bin/dockerd -H fd:// --log-driver=journald --log-opt tag=x\n",
            "DOCKER_OPTS=\"--log-driver journald\"",
            "{\"exec\": [\"--log-driver\", \"journald\"]}",
        ] {
            assert_eq!(driver(text), Named::As("journald".into()), "{text}");
        }
    }

    #[test]
    fn what_sets_no_driver_says_nothing() {
        for text in ["{}", "", "{\"live-restore\": true}", "# DOCKER_OPTS=\"--log-driver=none\"\n", "[Service]\n"] {
            assert_eq!(driver(text), Named::Not, "{text}");
        }
    }

    #[test]
    fn what_is_not_known_may_be_anything_only_where_it_may_be_the_driver() {
        let x = unresolved("x");
        assert_eq!(driver(&format!("{{\"log-driver\": \"{x}\"}}")), Named::Unclear);
        assert_eq!(driver(&x), Named::Unclear);
        assert_eq!(driver(&format!("{{\"a\": 1, {x}}}")), Named::Unclear);
        assert_eq!(driver(&format!("{{\"data-root\": \"{x}\"}}")), Named::Not);
        assert_eq!(
            driver(&format!("{{\"data-root\": \"{x}\", \"log-driver\": \"local\"}}")),
            Named::As("local".into())
        );
    }

    #[test]
    fn options_are_found_in_every_form() {
        let json = read("{\"log-driver\": \"syslog\", \"log-opts\": {\"syslog-address\": \"tcp://127.0.0.1:51401\"}}");
        assert_eq!(json.address.as_deref(), Some("tcp://127.0.0.1:51401"));
        assert!(!json.rotates);
        let flags =
            read("ExecStart=/usr/bin/dockerd --log-opt max-size=10m --log-opt syslog-address=udp://10.0.0.1:514");
        assert_eq!(flags.address.as_deref(), Some("udp://10.0.0.1:514"));
        assert!(flags.rotates);
    }

    #[test]
    fn paths_of_the_daemon() {
        assert!(kind("/etc/docker/daemon.json") == Some(Kind::Json));
        assert!(kind("/etc/systemd/system/docker.service.d/log.conf") == Some(Kind::Flags));
        assert!(kind("/etc/default/docker") == Some(Kind::Flags));
        assert!(kind("/srv/docker/compose.yml").is_none() && kind("/srv/docker").is_none());
    }
}
