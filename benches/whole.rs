//! A whole migration against what a user would type instead: `git grep` for one word, on the same repository.
//!
//! ```text
//! cargo bench                               generate the repositories once, then measure
//! cargo bench -- --data DIR --runs 9        elsewhere, more often
//! cargo bench -- --generate                 generate only
//! cargo bench -- --batch                    only one service beside all of a host
//! ```
//!
//! Both commands run by turns, so that whatever else the machine does hits both. Each run is started by a small
//! process of its own, which asks the system for the processor time and the largest memory of its one child.

// Measuring is printing; what is counted here stays far below 2^52.
#![allow(clippy::print_stdout, clippy::cast_precision_loss)]

mod generate;

use std::hint::black_box;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use generate::Layout;
use migrate::repo::{Load, Repo};
use migrate::rewrite::queries;
use migrate::select::{self, Names, Needles};
use migrate::snapshot::Snapshot;
use migrate::syntax::{alloy, logql};
use migrate::topology::{Request, Resolved, Topology, moves};
use nix::sys::resource::{UsageWho, getrusage};

/// What one run took.
#[derive(Clone, Copy)]
struct Cost {
    /// Seconds on the clock.
    wall: f64,
    /// Seconds of processor time, user and system.
    cpu: f64,
    /// Largest resident memory, MB.
    memory: f64,
}

/// One of the commands that are compared.
struct Contender {
    name: &'static str,
    command: Vec<String>,
    costs: Vec<Cost>,
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("measure") => return measure(&arguments[1..]),
        Some("load") => return load(Path::new(&arguments[1])),
        _ => {}
    }
    let value = |name: &str| arguments.iter().position(|one| one == name).and_then(|at| arguments.get(at + 1));
    let default = || Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench-data");
    let data = value("--data").map_or_else(default, PathBuf::from);
    let (folder, batch) = (data.join("infra-4"), data.join("batch-1"));
    let runs = value("--runs").and_then(|runs| runs.parse().ok()).unwrap_or(5_usize).max(1);
    let asked = |name: &str| arguments.iter().any(|one| one == name);
    if !asked("--batch") {
        println!("repository: {}", folder.display());
        generate::repository(&folder, Layout::Spread)?;
    }
    println!("repository of the batch: {}", batch.display());
    generate::repository(&batch, Layout::Batch)?;
    if asked("--generate") {
        return Ok(());
    }
    if !asked("--batch") {
        compare(&folder, runs)?;
    }
    together(&batch, runs)
}

fn compare(folder: &Path, runs: usize) -> io::Result<()> {
    let own = std::env::current_exe()?.display().to_string();
    let folder = folder.display().to_string();
    check(&folder)?;
    let words = |line: &[&str]| line.iter().map(ToString::to_string).collect();
    let migrate = ["-C", &folder, "kairos", "--host", "puck", "--dry-run"];
    let mut contenders = [
        ("git grep -c kairos HEAD", words(&["git", "-C", &folder, "grep", "-c", "kairos", "HEAD"])),
        ("migrate kairos --host puck --dry-run", words(&[&[env!("CARGO_BIN_EXE_migrate")], &migrate[..]].concat())),
        ("  of which listing and reading", words(&[&own, "load", &folder])),
    ]
    .map(|(name, command)| Contender { name, command, costs: Vec::new() });
    by_turns(&own, &mut contenders, runs)?;
    ratio("migrate / git grep", &contenders[1], &contenders[0]);
    deciding(Path::new(&folder), runs, medians(&contenders[2].costs).0)?;
    readers()
}

/// One service of a host beside all fifty, each a commit of its own that stands on those before it.
fn together(folder: &Path, runs: usize) -> io::Result<()> {
    let own = std::env::current_exe()?.display().to_string();
    let folder = folder.display().to_string();
    check_batch(&folder)?;
    let of = |arguments: &[&str]| {
        [&[env!("CARGO_BIN_EXE_migrate")], arguments].concat().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let mut contenders = [
        ("migrate kairos --host puck --dry-run", of(&["-C", &folder, "kairos", "--host", "puck", "--dry-run"])),
        ("migrate --all --host puck --dry-run", of(&["-C", &folder, "--all", "--host", "puck", "--dry-run"])),
        ("migrate status --host puck", of(&["status", "-C", &folder, "--host", "puck"])),
    ]
    .map(|(name, command)| Contender { name, command, costs: Vec::new() });
    println!("\none service, all {} services of a host", generate::TOGETHER);
    by_turns(&own, &mut contenders, runs)?;
    ratio("all / one", &contenders[1], &contenders[0]);
    ratio("status / one", &contenders[2], &contenders[0]);
    Ok(())
}

/// Runs the commands by turns and prints what each took.
fn by_turns(own: &str, contenders: &mut [Contender], runs: usize) -> io::Result<()> {
    // The first round only warms the disk cache.
    for round in 0..=runs {
        for contender in &mut *contenders {
            let cost = run(own, &contender.command)?;
            if round > 0 {
                contender.costs.push(cost);
            }
        }
    }
    println!("\nmedian of {runs} runs by turns{:>24} {:>8} {:>8}", "wall s", "cpu s", "peak MB");
    for Contender { name, costs, .. } in contenders {
        let (wall, cpu, memory) = medians(costs);
        println!("{name:<44} {wall:>8.3} {cpu:>8.3} {memory:>8.0}");
    }
    Ok(())
}

/// Prints how much more the one takes than the other.
fn ratio(name: &str, one: &Contender, other: &Contender) {
    let (one, other) = (medians(&one.costs), medians(&other.costs));
    let (wall, cpu, memory) = (one.0 / other.0, one.1 / other.1, one.2 / other.2);
    println!("{name:<44} {wall:>8.2} {cpu:>8.2} {memory:>8.2}");
}

/// What each query of the repository becomes, checked against the streams, beside the time of reading it all.
fn deciding(folder: &Path, runs: usize, reading: f64) -> io::Result<()> {
    let snapshot = read(folder)?;
    let topology = Topology::of(&snapshot);
    let request = Request { service: "kairos".into(), host: "puck".into(), ..Request::default() };
    let resolved = moves::resolve(&topology, &request).map_err(|error| io::Error::other(error.to_string()))?;
    let Resolved::Move(moved, _) = resolved else { return Err(io::Error::other("the service cannot move")) };
    let mut times: Vec<f64> = (0..runs)
        .map(|_| {
            // What was found out stays with the files, so each run needs its own.
            let fresh = Topology::of(&snapshot);
            let start = Instant::now();
            black_box(queries::rewrite_sites(&fresh.queries, &moved));
            start.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let (took, all) = (times[times.len() / 2], topology.queries().len());
    println!("\n{:<44} {:>8} {:>8}", "deciding all queries", "wall s", "/ reading");
    println!("{:<44} {took:>8.3} {:>8.2}", format!("{all} queries"), took / reading);
    Ok(())
}

/// The readers on one core, in MB of their input for each second.
fn readers() -> io::Result<()> {
    let (queries, config) = generate::samples();
    let refused = |what: &str, why: String| io::Error::other(format!("the generated {what} cannot be read: {why}"));
    for query in &queries {
        logql::read(query).map_err(|error| refused("query", format!("{error}: {query}")))?;
    }
    alloy::read(&config).map_err(|error| refused("configuration", error.to_string()))?;
    let size: usize = queries.iter().map(String::len).sum();
    println!("\n{:<44} {:>8}", "on one core", "MB/s");
    let speed = throughput(size, &|| queries.iter().for_each(|query| drop(black_box(logql::read(query)))));
    println!("{:<44} {speed:>8.0}", format!("LogQL: {} queries, {} kB", queries.len(), size / 1000));
    let speed = throughput(config.len(), &|| drop(black_box(alloy::read(&config))));
    println!("{:<44} {speed:>8.0}", format!("Alloy: one configuration, {} kB", config.len() / 1000));
    Ok(())
}

/// The median over rounds of a tenth of a second.
fn throughput(bytes: usize, work: &dyn Fn()) -> f64 {
    let mut speeds = Vec::new();
    for _ in 0..12 {
        let (start, mut times) = (Instant::now(), 0);
        while start.elapsed().as_millis() < 100 {
            work();
            times += 1;
        }
        speeds.push(bytes as f64 * f64::from(times) / start.elapsed().as_secs_f64() / 1e6);
    }
    speeds.sort_by(f64::total_cmp);
    speeds[speeds.len() / 2]
}

/// Before anything is measured: the program does on this repository what a user would want of it. kairos has one
/// template, one listener and one variable on puck, twenty dashboards with four panels each that query Loki in every shape of
/// `generate/queries.rs`, and a rule file; what is left for review is not counted.
fn check(folder: &str) -> io::Result<()> {
    let command = ["-C", folder, "kairos", "--host", "puck", "--dry-run", "--format", "json"];
    let output = Command::new(env!("CARGO_BIN_EXE_migrate")).args(command).stderr(Stdio::inherit()).output()?;
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).map_err(io::Error::other)?;
    let count = |key: &str| report[key].as_array().map_or(0, Vec::len);
    let changed = |query: &&serde_json::Value| query["before"] != query["after"];
    let rewritten = report["queries"].as_array().into_iter().flatten().filter(changed).count();
    if report["verdict"] == "ready" && count("files") == 27 && rewritten == 107 {
        return Ok(());
    }
    let (verdict, files) = (&report["verdict"], count("files"));
    Err(io::Error::other(format!("verdict {verdict}, {files} files and {rewritten} queries; not ready, 27 and 107")))
}

/// The same for the batch: every service of the host can move.
fn check_batch(folder: &str) -> io::Result<()> {
    let command = ["status", "-C", folder, "--host", "puck", "--format", "json"];
    let output = Command::new(env!("CARGO_BIN_EXE_migrate")).args(command).stderr(Stdio::inherit()).output()?;
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).map_err(io::Error::other)?;
    let ready = &report["counts"]["ready"];
    if *ready == generate::TOGETHER {
        return Ok(());
    }
    Err(io::Error::other(format!("{ready} services are ready, not {}", generate::TOGETHER)))
}

fn medians(costs: &[Cost]) -> (f64, f64, f64) {
    let median = |of: fn(&Cost) -> f64| {
        let mut values: Vec<f64> = costs.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    (median(|cost| cost.wall), median(|cost| cost.cpu), median(|cost| cost.memory))
}

/// Runs `command` through a measuring process.
fn run(own: &str, command: &[String]) -> io::Result<Cost> {
    let output = Command::new(own).arg("measure").args(command).stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    match numbers[..] {
        [wall, cpu, memory] if output.status.success() => Ok(Cost { wall, cpu, memory }),
        _ => Err(io::Error::other(format!("{command:?} failed"))),
    }
}

/// The measuring process: one child, then what the system says of it.
fn measure(command: &[String]) -> io::Result<()> {
    let start = Instant::now();
    let output = Command::new(&command[0]).args(&command[1..]).stdout(Stdio::null()).stderr(Stdio::piped()).output()?;
    let wall = start.elapsed().as_secs_f64();
    // 3 is "written, with review findings".
    if !matches!(output.status.code(), Some(0 | 3)) {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(format!("{command:?}: {}\n{said}", output.status)));
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    // Linux counts in KiB, the BSDs (and their relatives) in bytes.
    let unit = if cfg!(target_os = "linux") { 1024.0 } else { 1.0 };
    let memory = usage.max_rss() as f64 * unit / 1e6;
    println!("{wall} {} {memory}", seconds(usage.user_time()) + seconds(usage.system_time()));
    Ok(())
}

/// Lists the commit and reads what can matter, as the program does.
fn load(folder: &Path) -> io::Result<()> {
    let snapshot = read(folder)?;
    let bytes: usize = snapshot.sources().map(|source| source.bytes().len()).sum();
    println!("{} of {} files, {bytes} bytes", snapshot.sources().count(), snapshot.entries.len());
    Ok(())
}

fn read(folder: &Path) -> io::Result<Snapshot> {
    let loki = ["loki", "Loki"].map(str::to_owned).to_vec();
    let names = Names {
        values: vec!["kairos".to_owned()],
        variables: vec!["kairos_syslog_port".to_owned()],
        ..Names::default()
    };
    let needles = Needles::new(names, loki, false);
    let (text, json) = (|bytes: &[u8]| needles.matter(bytes), |bytes: &[u8]| needles.matter_in_json(bytes));
    let others = |path: &str| {
        if select::others(path) { Load::If(if select::is_json(path) { &json } else { &text }) } else { Load::No }
    };
    let repo = Repo::open(Some(folder)).map_err(io::Error::other)?;
    let mut snapshot = repo.snapshot(None).map_err(io::Error::other)?;
    repo.load(&mut snapshot, &select::infrastructure).map_err(io::Error::other)?;
    repo.load(&mut snapshot, &others).map_err(io::Error::other)?;
    Ok(snapshot)
}
