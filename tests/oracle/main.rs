//! Holds the reader of Alloy configurations against Alloy's own parser.
//!
//! ```text
//! cargo test --test oracle                           20,000 configurations
//! cargo test --test oracle -- --seed 7 --only 31     one piece of work again
//! ```
//!
//! It needs Go: the judge of `judge/` is built once and kept outside the checkout. Without it nothing is compared and
//! the run fails. `cargo test` by itself does not run this.

// What fails here fails the run: a reason to panic with. It talks to whoever started it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

mod judge;
#[allow(dead_code, reason = "tests/order has the rest")]
mod random;
mod readers;
mod shrink;
mod work;

use std::process::ExitCode;

use work::Work;

/// Configurations that are compared.
const CONFIGS: usize = 20_000;
const SEED: u64 = 20_260_101;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
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
    println!("seed {}", work.seed);
    println!("not judged: LogQL and rewritten queries; Loki, which could, is not built here");
    let report = readers::run(&work, CONFIGS);
    if report.print(work.seed) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
