//! Holds what this program decides against the servers' own code: Loki's parser and engine, Alloy's parser.
//!
//! ```text
//! cargo test --test oracle                     the short form
//! cargo test --test oracle -- --long           100,000 queries, 20,000 configurations, 20,000 rewrites
//! cargo test --test oracle -- --table          a whole repository, beside `sed`
//! cargo test --test oracle -- --seed 7 --part LogQL --only 31     one piece of work again
//! ```
//!
//! It needs Go: the judge of `judge/` is built once and kept outside the checkout. Without it nothing is compared and
//! the run fails. `cargo test` by itself does not run this.

// What fails here fails the run: a reason to panic with. It talks to whoever started it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

#[path = "../../benches/generate.rs"]
#[allow(dead_code, reason = "the benchmark uses the rest")]
mod generate;
mod judge;
mod random;
mod readers;
mod rewrites;
mod shrink;
mod work;

use std::process::ExitCode;

use work::Work;

/// How much of each is compared.
struct Amounts {
    queries: usize,
    configs: usize,
    rewrites: usize,
}

const SHORT: Amounts = Amounts { queries: 20_000, configs: 4_000, rewrites: 1_000 };
const LONG: Amounts = Amounts { queries: 100_000, configs: 20_000, rewrites: 20_000 };
const SEED: u64 = 20_260_101;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|one| one == name);
    let value = |name: &str| arguments.iter().position(|one| one == name).and_then(|at| arguments.get(at + 1));
    let number = |name: &str| value(name).map(|text| text.parse().unwrap_or_else(|_| panic!("{name} needs a number")));
    let judge = match judge::build() {
        Ok(judge) => judge,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::FAILURE;
        }
    };
    let work = Work {
        judge,
        seed: number("--seed").unwrap_or(SEED),
        only: number("--only"),
        show: number("--show").map_or(8, |show| show as usize),
    };
    if has("--table") {
        rewrites::table::print(&work.judge, work.seed);
        return ExitCode::SUCCESS;
    }
    let amounts = if has("--long") { LONG } else { SHORT };
    let part = value("--part").map(String::as_str);
    let wants = |name: &str| part.is_none_or(|part| part == name);
    println!("seed {}", work.seed);
    let mut reports = Vec::new();
    if wants("LogQL") || wants("Alloy") {
        let (queries, configs) =
            (if wants("LogQL") { amounts.queries } else { 0 }, if wants("Alloy") { amounts.configs } else { 0 });
        reports.extend(readers::run(&work, queries, configs));
    }
    if wants("rewrites") {
        reports.push(rewrites::run(&work, amounts.rewrites));
    }
    let bad = reports.iter().filter(|report| !report.print(work.seed)).count();
    if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
