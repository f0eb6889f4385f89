//! The whole pipeline with its real parts: Docker Engine, Compose and Ansible, `VictoriaLogs` or a person's own Loki, Alloy's parser
//! or a person's own Alloy.
//!
//! ```text
//! .ci/real-parts                installs and builds what is missing (root, Debian, Go, PyPI)
//! cargo test --test e2e         runs the story below, alone on 127.0.0.1 and in a folder of its own
//! cargo test --test e2e -- titania wrong     these chapters of it alone
//! MIGRATE_LOKI=/usr/bin/loki MIGRATE_ALLOY=/usr/bin/alloy cargo test --test e2e     with these servers as well
//! ```
//!
//! Loki is under the AGPL and Alloy links packages of it, so this project builds neither. Without them the run says in a line
//! what nobody judged.
//!
//! `cargo test` by itself leaves it out. Without root or with a part missing it fails and says which; it never passes by
//! skipping. Its figures in `docs/figures.md` are what it prints at its end.

// It talks to whoever started it.
#![allow(clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod alloy;
mod ansible;
mod answers;
mod check;
mod collector;
mod compose;
mod engine;
mod http;
#[path = "../oracle/judge.rs"]
#[allow(dead_code, clippy::expect_used, reason = "the oracle's, which also compares what was read")]
mod judge;
mod lines;
mod loki;
mod moves;
mod others;
mod parts;
mod pipeline;
mod process;
mod queries;
mod report;
mod rest;
mod rollout;
mod standin;
mod store;
mod verify;
mod victoria;
mod world;
mod wrong;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use check::Checked;
use moves::Figures;
use parts::Parts;
use process::{Result, read};
use serde_json::Value as Json;
use world::World;

/// A host that reads the Docker socket already, so its lines are there twice until the move.
const PUCK: &str = "puck.incus";
/// A host without the blocks that read it: the first commit of its branch brings them. A project is not called like its
/// folder, and a container of it keeps to another driver.
const TITANIA: &str = "titania.incus";

/// What can be asked for alone.
const CHAPTERS: &[&str] = &["puck", "titania", "wrong", "others"];

fn main() -> ExitCode {
    let begun = Instant::now();
    let mut figures = Figures::default();
    let only: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = only.iter().find(|name| !CHAPTERS.contains(&name.as_str())) {
        eprintln!("{unknown} is no part of this test; there are {}", CHAPTERS.join(", "));
        return ExitCode::FAILURE;
    }
    match Parts::find().and_then(|parts| story(parts, &only, &mut figures)) {
        Ok(unjudged) => {
            if !only.is_empty() {
                println!("\nonly {}; the rest was left out on request", only.join(", "));
            }
            println!("\n{figures}\n{unjudged}all of it in {} s", begun.elapsed().as_secs());
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("\nfailed after {} s: {why}", begun.elapsed().as_secs());
            ExitCode::FAILURE
        }
    }
}

/// What happens, in its order. Gives what nobody judged.
fn story(parts: Parts, only: &[String], figures: &mut Figures) -> Result<String> {
    let unjudged = parts.unjudged();
    println!("{}\n{unjudged}", parts.versions());
    let folder = tempfile::Builder::new().prefix("migrate-e2e-").tempdir().map_err(|error| error.to_string())?;
    let repository = demo(folder.path())?;
    chapter("every playbook for every host, and the store");
    let mut world = World::start(parts, folder.path(), &repository)?;
    pipeline(&mut world, &repository, only, figures).map_err(|why| format!("{why}\n\n{}", world.tails()))?;
    Ok(unjudged)
}

fn pipeline(world: &mut World, repository: &Path, only: &[String], figures: &mut Figures) -> Result<()> {
    check::rules(world)?;
    for host in world.controller.hosts()? {
        check::host(world, &host)?;
    }
    let wanted = |name: &str| only.is_empty() || only.iter().any(|one| one == name);
    if wanted("puck") {
        chapter("puck: engine, collector, every project");
        world.host(PUCK)?;
        chapter("kairos moves on puck");
        moves::carry_out(world, repository, PUCK, &["kairos", "--host", "puck"], figures)?;
        chapter("the rest of puck moves as one batch");
        moves::carry_out(world, repository, PUCK, &["--all", "--host", "puck"], figures)?;
    }
    if wanted("titania") {
        chapter("titania: engine, collector, every project");
        world.host(TITANIA)?;
        chapter("titania moves as one batch");
        moves::carry_out(world, repository, TITANIA, &["--all", "--host", "titania"], figures)?;
    }
    if wanted("wrong") {
        chapter("the wrong order, on a host of its own");
        wrong::show(world, repository, figures)?;
    }
    if wanted("others") {
        chapter("the hosts that have not moved, rendered");
        others::check(world, repository, figures)?;
    }
    let Checked { parsed, alloy, compose, rules } = &world.checked;
    figures.add("Alloy configurations that Alloy's parser takes", parsed.to_string());
    figures.add("Compose files that pass `docker compose config`", compose.to_string());
    if world.parts.has("alloy") {
        figures.add("Alloy configurations that pass `alloy validate`", alloy.to_string());
    }
    if world.parts.has("loki") {
        figures.add("rules loaded by Loki's ruler, over all restarts", rules.to_string());
    }
    Ok(())
}

fn chapter(title: &str) {
    println!("\n== {title}");
}

/// The program under test, on the repository; the report as JSON.
fn migrate(repository: &Path, arguments: &[&str]) -> Result<Json> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_migrate"));
    let output = command.current_dir(repository).args(arguments).args(["--format", "json"]).output();
    let output = output.map_err(|error| format!("migrate: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.code() {
        Some(0 | 3) => serde_json::from_str(&said).map_err(|error| format!("migrate {}: {error}", arguments.join(" "))),
        _ => Err(format!(
            "migrate {} ended with {}\n{}",
            arguments.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stderr)
        )),
    }
}

/// The example, as `migrate demo` writes it.
fn demo(folder: &Path) -> Result<PathBuf> {
    read(Command::new(env!("CARGO_BIN_EXE_migrate")).current_dir(folder).args(["demo", "infra"]))?;
    Ok(folder.join("infra"))
}
