//! Generates the infrastructure repository that the benchmark runs on: 12,000 files, 341 MB, 40 hosts, 300 services,
//! 5,000 dashboards, about a fifth of whose bytes can matter to a migration. The same bytes every time.
//!
//! Or, of the same size, one whose first host has 50 services, all of them on syslog ([`Layout::Batch`]).
//!
//! Knows: what such repositories look like. Must not know: the program that is measured.

#[path = "generate/content.rs"]
mod content;
#[path = "generate/queries.rs"]
mod queries;

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};

const HOSTS: usize = 40;
const SERVICES: usize = 300;
const DASHBOARDS: usize = 5000;
const FILES: usize = 12_000;
/// Services of the first host in [`Layout::Batch`].
pub(crate) const TOGETHER: usize = 50;

/// `SplitMix64`: enough for variety, a few lines, the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len() as u64) as usize]
    }
}

/// Which services are on which host, and how they log.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// As many on every host, six in ten on syslog.
    Spread,
    /// [`TOGETHER`] on the first host, all on syslog; the others as before.
    Batch,
}

impl Layout {
    fn service(self, at: usize, random: &mut Random) -> Service {
        let name = if at == 0 { "kairos".into() } else { word(at * 13 + 1100) };
        let drawn = at == 0 || random.below(10) < 6;
        let (host, syslog) = match self {
            Self::Spread => (at % HOSTS, drawn),
            Self::Batch if at < TOGETHER => (0, true),
            Self::Batch => (1 + at % (HOSTS - 1), drawn),
        };
        Service { name, host, port: 51_400 + at, syslog }
    }
}

struct Service {
    name: String,
    host: usize,
    port: usize,
    syslog: bool,
}

/// Makes the repository in `folder` unless a complete one is there.
///
/// # Errors
/// The folder cannot be written, or git fails.
pub(crate) fn repository(folder: &Path, layout: Layout) -> io::Result<()> {
    let marker = folder.join(".git/complete");
    if marker.exists() {
        return Ok(());
    }
    let begun = folder.join(".git/incomplete");
    if begun.exists() {
        std::fs::remove_dir_all(folder)?;
    } else if folder.exists() {
        // Never clear away what this program did not make.
        return Err(io::Error::other(format!("{} exists and was not generated here", folder.display())));
    }
    std::fs::create_dir_all(folder)?;
    git(folder, &["init", "-q", "-b", "main"])?;
    std::fs::write(&begun, b"")?;
    let mut import =
        Command::new("git").current_dir(folder).args(["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn()?;
    let pipe = import.stdin.take().ok_or_else(|| io::Error::other("no pipe to git"))?;
    let mut out = BufWriter::with_capacity(1 << 20, pipe);
    let message = "Infrastructure\n";
    let who = "Benchmark <benchmark@localhost> 1700000000 +0000";
    write!(out, "commit refs/heads/main\ncommitter {who}\ndata {}\n{message}", message.len())?;
    files(layout, &mut |path, text| write!(out, "M 100644 inline {path}\ndata {}\n{text}\n", text.len()))?;
    out.flush()?;
    drop(out);
    if !import.wait()?.success() {
        return Err(io::Error::other("git fast-import failed"));
    }
    git(folder, &["repack", "-qad"])?;
    git(folder, &["reset", "-q", "--hard"])?;
    std::fs::rename(begun, marker)
}

fn git(folder: &Path, arguments: &[&str]) -> io::Result<()> {
    let done = Command::new("git").current_dir(folder).args(arguments).status()?;
    if done.success() { Ok(()) } else { Err(io::Error::other(format!("git {arguments:?} failed"))) }
}

/// Where files go, and how many went.
struct Out<'a> {
    write: &'a mut dyn FnMut(&str, &str) -> io::Result<()>,
    count: usize,
}

impl Out<'_> {
    fn file(&mut self, path: &str, text: &str) -> io::Result<()> {
        self.count += 1;
        (self.write)(path, text)
    }
}

/// Hands out every file, [`FILES`] in all, each with its path.
///
/// # Errors
/// What `write` returns.
pub(crate) fn files(layout: Layout, write: &mut dyn FnMut(&str, &str) -> io::Result<()>) -> io::Result<()> {
    let mut out = Out { write, count: 0 };
    let mut random = Random(20);
    let hosts: Vec<String> = (0..HOSTS).map(|at| if at == 0 { "puck".into() } else { word(at * 7 + 3) }).collect();
    let services: Vec<Service> = (0..SERVICES).map(|at| layout.service(at, &mut random)).collect();
    for (at, host) in hosts.iter().enumerate() {
        let here: Vec<&Service> = services.iter().filter(|service| service.host == at).collect();
        out.file(&format!("ansible/host_vars/{host}.incus.yml"), &content::host_vars(&here))?;
        out.file(&format!("ansible/alloy/{host}/config.alloy.j2"), &content::alloy(&here, at % 2 == 0))?;
    }
    content::shared(&hosts, &mut |path, text| out.file(path, text))?;
    content::loki(&services, &hosts[1], &mut |path, text| out.file(path, text))?;
    for service in &services {
        content::service(service, &hosts[service.host], &mut random, &mut |path, text| out.file(path, text))?;
    }
    for number in 0..DASHBOARDS {
        let text = content::dashboard(&mut random, number, &services);
        out.file(&format!("ansible/grafana/dashboards/team-{:02}/board-{number:04}.json", number % 24), &text)?;
    }
    let mut number = 0;
    while out.count < FILES {
        out.file(&format!("docs/notes/{:02}/note-{number:04}.md", number % 50), &content::note(&mut random, number))?;
        number += 1;
    }
    Ok(())
}

/// Text for the readers: `LogQL` queries as dashboards and rules have them, and one large Alloy configuration.
pub(crate) fn samples() -> (Vec<String>, String) {
    let mut random = Random(7);
    let services: Vec<Service> = (0..SERVICES)
        .map(|at| Service { name: word(at * 13 + 1100), host: 0, port: 51_400 + at, syslog: true })
        .collect();
    let here: Vec<&Service> = services.iter().collect();
    (queries::samples(&mut random, 4000), content::alloy(&here, true))
}

/// A pronounceable word of its own for each number.
fn word(number: usize) -> String {
    const SYLLABLES: [&str; 20] = [
        "ba", "ce", "di", "fo", "gu", "ha", "ke", "li", "mo", "nu", "pa", "re", "si", "to", "vu", "za", "ri", "lo",
        "na", "te",
    ];
    [number / 400 % 20, number / 20 % 20, number % 20].iter().map(|at| SYLLABLES[*at]).collect()
}
