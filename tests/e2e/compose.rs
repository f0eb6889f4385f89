//! Compose projects, started by Docker Compose from the rendered files.
//!
//! The file is the repository's, rendered by Ansible; where logs go, the names of services, containers and project, labels
//! and the restart policy stay as they are. What cannot be here is taken out of each service ([`GONE`]) or put in its place:
//!
//! * `image` → the one image there is; there is no registry.
//! * `command`, `entrypoint`, `environment`, `user` → the program that prints known lines (`lines.rs`).
//! * `volumes` → the folder with that program, and the folder where it writes down what it printed.
//! * `network_mode` → `none`: the engine has no bridge, and nothing here needs a network but the daemon's log drivers.
//! * `depends_on` conditions ask for health checks, which go; the order they give does not matter here.
//!
//! Must not know: what the lines say, what is done with them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_yaml::{Mapping, Value};

use super::ansible::Project;
use super::engine::{Engine, IMAGE};
use super::lines;
use super::parts::Parts;
use super::process::{Result, run};

/// What of a service goes, because it needs what is not here: ports of this machine, networks, health checks of the real
/// program, devices and privileges, files and secrets of the real host.
const GONE: &[&str] = &[
    "build",
    "cap_add",
    "configs",
    "depends_on",
    "devices",
    "env_file",
    "expose",
    "extra_hosts",
    "healthcheck",
    "links",
    "networks",
    "ports",
    "privileged",
    "secrets",
    "shm_size",
    "sysctls",
    "tmpfs",
    "ulimits",
    "working_dir",
];
/// What goes from the top of the file, because no service names it any more.
const GONE_ABOVE: &[&str] = &["configs", "networks", "secrets", "volumes"];

/// Docker Compose, for one host.
pub(crate) struct Compose {
    program: PathBuf,
    address: String,
    /// Where the adapted files are written, each in a folder that is called like the original's.
    folder: PathBuf,
    /// The lines to print.
    say: PathBuf,
    /// What was printed.
    tally: PathBuf,
}

impl Compose {
    pub(crate) fn new(parts: &Parts, engine: &Engine, folder: &Path, say: &Path, tally: &Path) -> Result<Self> {
        Ok(Self {
            program: parts.path("compose")?.to_owned(),
            address: engine.address(),
            folder: folder.to_owned(),
            say: say.to_owned(),
            tally: tally.to_owned(),
        })
    }

    /// Starts a project, or brings it up to date with its file.
    ///
    /// # Errors
    /// The file is none, or Compose ends with an error: its words are in the message.
    pub(crate) fn up(&self, project: &Project) -> Result<()> {
        let from = project.source.join("docker-compose.yml");
        let text = fs::read_to_string(&from).map_err(|error| format!("{}: {error}", from.display()))?;
        let adapted = self.adapt(&text).map_err(|why| format!("{}: {why}", from.display()))?;
        let folder = self.folder.join(project.folder());
        let to = folder.join("docker-compose.yml");
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(&to, adapted))
            .map_err(|error| format!("{}: {error}", to.display()))?;
        let mut command = Command::new(&self.program);
        command.current_dir(&folder).env("DOCKER_HOST", &self.address);
        if let Some(name) = &project.name {
            command.args(["--project-name", name]);
        }
        run(command.args(["up", "--detach", "--remove-orphans"])).map(drop)
    }

    fn adapt(&self, text: &str) -> Result<String> {
        let mut file: Value = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
        file.apply_merge().map_err(|error| error.to_string())?;
        let file = file.as_mapping_mut().ok_or("not a mapping")?;
        for key in GONE_ABOVE {
            file.remove(key);
        }
        let services = file.get_mut("services").and_then(Value::as_mapping_mut).ok_or("no services")?;
        for (_, service) in services.iter_mut() {
            self.adapt_service(service.as_mapping_mut().ok_or("a service that is no mapping")?);
        }
        serde_yaml::to_string(file).map_err(|error| error.to_string())
    }

    fn adapt_service(&self, service: &mut Mapping) {
        for key in GONE {
            service.remove(key);
        }
        let pattern = lines::pattern(service.get("image").and_then(Value::as_str).unwrap_or_default());
        let mount = |from: &Path, to: &str| Value::String(format!("{}:{to}", from.display()));
        let set: [(&str, Value); 7] = [
            ("image", IMAGE.into()),
            ("entrypoint", Value::Sequence(vec!["/bin/sh".into(), "/say/program".into()])),
            ("command", Value::Sequence(vec![pattern.into()])),
            ("environment", Value::Mapping([("EVERY".into(), lines::EVERY.to_string().into())].into_iter().collect())),
            ("network_mode", "none".into()),
            ("user", "0".into()),
            ("volumes", Value::Sequence(vec![mount(&self.say, "/say:ro"), mount(&self.tally, "/tally")])),
        ];
        for (key, value) in set {
            service.insert(key.into(), value);
        }
    }
}

/// Holds a rendered file, as it is, against Compose's own reader.
pub(crate) fn check(parts: &Parts, project: &Project) -> Result<()> {
    let mut command = Command::new(parts.path("compose")?);
    command.current_dir(&project.source);
    if let Some(name) = &project.name {
        command.args(["--project-name", name]);
    }
    run(command.args(["config", "--quiet"])).map(drop)
}
