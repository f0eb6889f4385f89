//! A Docker Engine of one host: its own daemon, socket, data and processes, with the example's own `daemon.json`.
//!
//! Knows: how the daemon starts, its one image, and what it says of its containers. Must not know: Compose, logs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value as Json;

use super::parts::Parts;
use super::process::{Process, Result, read, run};

/// The one image: a busybox. There is no registry to pull from.
pub(crate) const IMAGE: &str = "migrate-e2e:1";

/// A running engine.
pub(crate) struct Engine {
    process: Process,
    socket: PathBuf,
}

/// What the engine says of a container.
#[derive(Clone, Debug)]
pub(crate) struct Container {
    /// First twelve digits of its id, which is also its hostname.
    pub(crate) id: String,
    pub(crate) driver: String,
    pub(crate) project: String,
    pub(crate) component: String,
    pub(crate) running: bool,
}

impl Engine {
    /// Starts the daemon below `folder` and gives it the image.
    ///
    /// `live-restore` is taken out of the example's options: with it, containers would outlive this test.
    pub(crate) fn start(parts: &Parts, host: &str, folder: &Path, options: &Path) -> Result<Self> {
        let text = fs::read_to_string(options).map_err(|error| format!("{}: {error}", options.display()))?;
        let mut options: Json = serde_json::from_str(&text).map_err(|error| format!("daemon.json: {error}: {text}"))?;
        options.as_object_mut().map(|all| all.remove("live-restore"));
        let file = folder.join("daemon.json");
        fs::write(&file, options.to_string()).map_err(|error| format!("{}: {error}", file.display()))?;
        let socket = folder.join("docker.sock");
        let mut command = Command::new(parts.path("dockerd")?);
        command
            .arg("--config-file")
            .arg(&file)
            .arg("--data-root")
            .arg(folder.join("data"))
            .arg("--exec-root")
            .arg(folder.join("exec"))
            .arg("--pidfile")
            .arg(folder.join("docker.pid"))
            .arg("--host")
            .arg(format!("unix://{}", socket.display()))
            .args(["--iptables=false", "--bridge=none", "--storage-driver=vfs", "--log-level=warn"]);
        let process = Process::start(&format!("dockerd-{host}"), folder, &mut command)?;
        let mut engine = Self { process, socket };
        let ask = engine.ask();
        engine.process.until("the Docker Engine to answer", Duration::from_secs(60), || {
            Ok(Command::new("docker")
                .args(&ask)
                .arg("version")
                .output()
                .is_ok_and(|out| out.status.success())
                .then_some(()))
        })?;
        engine.image(folder)?;
        Ok(engine)
    }

    fn ask(&self) -> Vec<String> {
        vec!["--host".to_owned(), self.address()]
    }

    /// The address of its socket.
    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    fn docker(&self, arguments: &[&str]) -> Result<String> {
        read(Command::new("docker").args(self.ask()).args(arguments))
            .map_err(|why| format!("{why}\n{}", self.process.tail()))
    }

    /// Makes the image of a static busybox under the names of its applets that the containers use.
    fn image(&self, folder: &Path) -> Result<()> {
        let root = folder.join("image");
        let make = |why: std::io::Error| format!("{}: {why}", root.display());
        fs::create_dir_all(root.join("bin")).map_err(make)?;
        fs::copy("/bin/busybox", root.join("bin/busybox")).map_err(make)?;
        for applet in ["sh", "date", "usleep"] {
            std::os::unix::fs::symlink("busybox", root.join("bin").join(applet)).map_err(make)?;
        }
        let tar = folder.join("image.tar");
        run(Command::new("tar").arg("-C").arg(&root).arg("-cf").arg(&tar).arg("."))?;
        self.docker(&["import", &tar.to_string_lossy(), IMAGE]).map(drop)
    }

    /// The end of its log, for a message.
    pub(crate) fn tail(&self) -> String {
        self.process.tail()
    }

    /// Every container there is.
    pub(crate) fn containers(&self) -> Result<Vec<Container>> {
        let ids = self.docker(&["ps", "--all", "--quiet"])?;
        let ids: Vec<&str> = ids.split_whitespace().collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let said = self.docker(&[&["inspect"], ids.as_slice()].concat())?;
        let all: Vec<Json> = serde_json::from_str(&said).map_err(|error| format!("docker inspect: {error}"))?;
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        Ok(all
            .iter()
            .map(|one| {
                let label = |name: &str| text(&one["Config"]["Labels"][format!("com.docker.compose.{name}")]);
                Container {
                    id: text(&one["Id"]).chars().take(12).collect(),
                    driver: text(&one["HostConfig"]["LogConfig"]["Type"]),
                    project: label("project"),
                    component: label("service"),
                    running: one["State"]["Running"].as_bool().unwrap_or_default(),
                }
            })
            .collect())
    }

    /// Ends the container of a component the hard way and starts it again, as after a crash.
    pub(crate) fn restart(&self, container: &str) -> Result<String> {
        self.docker(&["restart", "--time", "5", container])
    }
}
