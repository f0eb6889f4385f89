//! A server that this test started: its log is a file, and it is ended by its own pid when it is dropped, in every case.
//!
//! Knows: how a process is started, watched and ended, and how long to wait for something. Must not know: which server it is.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A failure in words.
pub(crate) type Result<T> = std::result::Result<T, String>;

/// How often something that is waited for is looked at.
pub(crate) const LOOK: Duration = Duration::from_millis(200);
/// How long a server may take to end before it is killed.
pub(crate) const END: Duration = Duration::from_secs(20);

/// A running server.
pub(crate) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts it; what it prints goes to `<name>.log` in `folder`.
    pub(crate) fn start(name: &str, folder: &Path, command: &mut Command) -> Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let open = || File::options().create(true).append(true).open(&log);
        let out = open().map_err(|error| format!("{}: {error}", log.display()))?;
        let err = open().map_err(|error| format!("{}: {error}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .spawn()
            .map_err(|error| format!("cannot start {name}: {error}"))?;
        Ok(Self { name: name.to_owned(), child, log })
    }

    /// Everything it has printed.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Waits until `ready` gives something; the end of the server ends the waiting.
    pub(crate) fn until<T>(
        &mut self,
        what: &str,
        limit: Duration,
        mut ready: impl FnMut() -> Result<Option<T>>,
    ) -> Result<T> {
        let (name, child) = (&self.name, &mut self.child);
        let seen = until(what, limit, || match child.try_wait() {
            Ok(Some(status)) => Err(format!("{name} ended ({status})")),
            _ => ready(),
        });
        seen.map_err(|why| format!("{why}\n{}", self.tail()))
    }

    /// The end of its log, for a message.
    pub(crate) fn tail(&self) -> String {
        let log = self.log();
        let lines: Vec<String> = log.lines().map(|line| line.chars().take(400).collect()).collect();
        format!(
            "--- the last lines of {} ---\n{}",
            self.log.display(),
            lines[lines.len().saturating_sub(12)..].join("\n")
        )
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Ok(pid) = i32::try_from(self.child.id())
            && matches!(self.child.try_wait(), Ok(None))
        {
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
            let ended = until("", END, || Ok(matches!(self.child.try_wait(), Ok(Some(_))).then_some(())));
            if ended.is_err() {
                let _ = self.child.kill();
            }
        }
        let _ = self.child.wait();
    }
}

/// Looks again and again until `ready` gives something, at most as long as `limit`.
pub(crate) fn until<T>(what: &str, limit: Duration, mut ready: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(seen) = ready()? {
            return Ok(seen);
        }
        if start.elapsed() > limit {
            return Err(format!("waited {} s for {what}, in vain", limit.as_secs()));
        }
        thread::sleep(LOOK);
    }
}

/// Runs a program to its end; a failure holds what it printed.
pub(crate) fn run(command: &mut Command) -> Result<Output> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("cannot run {program}: {error}"))?;
    if output.status.success() {
        return Ok(output);
    }
    let arguments: Vec<_> = command.get_args().map(|one| one.to_string_lossy().into_owned()).collect();
    Err(format!(
        "{program} {} ended with {}\n{}{}",
        arguments.join(" "),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    ))
}

/// The standard output of a program that succeeds.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    run(command).map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
}
