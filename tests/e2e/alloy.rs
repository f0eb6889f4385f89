//! Alloy of one host, with the configuration that Ansible rendered for it.
//!
//! The address of Loki comes in as the variable it is in the repository. In the rendered text one thing differs: the path of
//! the Docker socket is that of the host's own engine.
//!
//! Must not know: what a configuration is about.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::http::{agent, free_port, get};
use super::parts::Parts;
use super::process::{Process, Result, run};

/// Where a real host has its Docker socket.
pub(crate) const SOCKET: &str = "unix:///var/run/docker.sock";

/// A running Alloy.
pub(crate) struct Alloy {
    process: Process,
    config: PathBuf,
    rendered: PathBuf,
    socket: String,
    port: u16,
    agent: ureq::Agent,
}

impl Alloy {
    /// Starts it with `rendered`, or with an empty configuration where there is none.
    pub(crate) fn start(parts: &Parts, host: &str, rendered: &Path, folder: &Path, socket: &str) -> Result<Self> {
        let config = folder.join("config.alloy");
        write(rendered, &config, socket)?;
        let port = free_port()?;
        let mut command = Command::new(parts.path("alloy")?);
        command
            .args(["run", "--disable-reporting"])
            .arg(format!("--storage.path={}", folder.join("alloy").display()))
            .arg(format!("--server.http.listen-addr=127.0.0.1:{port}"))
            .arg(&config)
            .current_dir(folder);
        let process = Process::start(&format!("alloy-{host}"), folder, &mut command)?;
        let (rendered, socket) = (rendered.to_owned(), socket.to_owned());
        let mut alloy = Self { process, config, rendered, socket, port, agent: agent() };
        alloy.ready()?;
        Ok(alloy)
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn ready(&mut self) -> Result<()> {
        let (url, agent) = (self.url("/-/ready"), self.agent.clone());
        self.process.until("Alloy to be ready", Duration::from_secs(60), || {
            Ok(get(&agent, &url, &[]).is_ok_and(|(status, _)| status == 200).then_some(()))
        })
    }

    /// Reads the rendered configuration anew, as `systemctl reload alloy` does.
    pub(crate) fn reload(&mut self) -> Result<()> {
        write(&self.rendered, &self.config, &self.socket)?;
        let (status, body) = get(&self.agent, &self.url("/-/reload"), &[])?;
        if status == 200 {
            return Ok(());
        }
        Err(format!("Alloy does not take the configuration ({status}): {body}\n{}", self.process.tail()))
    }

    /// The end of its log, for a message.
    pub(crate) fn tail(&self) -> String {
        self.process.tail()
    }
}

fn write(rendered: &Path, config: &Path, socket: &str) -> Result<()> {
    let text = fs::read_to_string(rendered).map_err(|error| format!("{}: {error}", rendered.display()))?;
    fs::write(config, text.replace(SOCKET, socket)).map_err(|error| format!("{}: {error}", config.display()))
}

/// Holds a rendered configuration, as it is, against Alloy's own check.
pub(crate) fn validate(parts: &Parts, rendered: &Path) -> Result<()> {
    run(Command::new(parts.path("alloy")?).arg("validate").arg(rendered)).map(drop)
}
