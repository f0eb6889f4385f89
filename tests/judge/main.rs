//! Rewritten queries beside the old ones, on lines made at random: the old query before a move and the new one after it
//! answer the same, by the program's own evaluator (which `src/logql_eval/tests.rs` holds to recorded answers of Loki).
//!
//! ```text
//! cargo test --test judge                                       the short form
//! MIGRATE_JUDGE=1000000 cargo test --release --test judge       as many rewritten queries
//! MIGRATE_JUDGE_SEED=7 MIGRATE_JUDGE_ONLY=31 …                  one infrastructure again; `31..40` for several
//! MIGRATE_JUDGE_SHOW=dashboards/mixed MIGRATE_JUDGE_ONLY=0..200 …   what was left by this rule, and what was proposed
//! MIGRATE_JUDGE_SHOW=table …                                    how many of each kind; `counts` does without proposals
//! MIGRATE_JUDGE_SHOW="wrong: Panel" …                           the cases of a kind, made small, by a part of its name
//! ```
//!
//! What is shown goes to standard output, captured or not; such a run does not fail.

// What fails here fails the test: a reason to panic with. It talks to whoever started it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod alloy;
mod ask;
mod compare;
mod files;
mod infra;
mod judge;
mod lines;
#[path = "../oracle/random.rs"]
mod random;
mod report;
mod round;
#[path = "../oracle/shrink.rs"]
mod shrink;
mod trial;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use report::Report;

/// Rewritten queries that a plain run compares: some two minutes of one processor.
const USUAL: usize = 1000;
/// What is known to be wrong or unsaid, and how often in a plain run. Another one may show more of each, but no other kind.
const KNOWN: &[(&str, usize)] = &[
    ("silent: Panel: other lines or numbers", 3),
    ("silent: Record: other labels", 6),
    ("silent: by labels that come: Alert: fans out", 1),
    ("silent: by labels that come: Panel: fans out", 4),
    ("silent: by labels that come: Panel: other labels", 6),
    ("silent: by labels that come: Panel: other lines or numbers", 2),
    ("silent: by labels that come: Record: other lines or numbers", 1),
    ("wrong: Panel: other lines or numbers", 6),
    ("wrong: by labels that come: Panel: other lines or numbers", 1),
];
const SEED: u64 = 20_260_101;
/// Infrastructures between two looks at how many were compared: a run is the same on any number of processors.
const CHUNK: u64 = 4;

/// What the environment asks for.
struct Asked {
    seed: u64,
    wanted: usize,
    only: Option<Range<u64>>,
    show: Option<String>,
}

fn asked() -> Asked {
    let text = |name: &str| std::env::var(name).ok();
    let number = |text: &str| text.parse::<u64>().unwrap_or_else(|_| panic!("`{text}` is no number"));
    let only = text("MIGRATE_JUDGE_ONLY").map(|text| match text.split_once("..") {
        Some((first, last)) => number(first)..number(last),
        None => number(&text)..number(&text) + 1,
    });
    Asked {
        seed: text("MIGRATE_JUDGE_SEED").map_or(SEED, |text| number(&text)),
        wanted: text("MIGRATE_JUDGE").map_or(USUAL, |text| usize::try_from(number(&text)).unwrap()),
        only,
        show: text("MIGRATE_JUDGE_SHOW"),
    }
}

#[test]
fn rewritten_queries_answer_what_they_answered() {
    let asked = asked();
    let mut report = Report::new(asked.seed, asked.show.clone());
    let mut next = asked.only.as_ref().map_or(0, |only| only.start);
    let last = asked.only.as_ref().map_or(u64::MAX, |only| only.end);
    while next < last && (asked.only.is_some() || report.compared() < asked.wanted) {
        let end = last.min(next + CHUNK);
        for part in chunk(&asked, next..end) {
            report.take(part);
        }
        next = end;
    }
    if asked.show.is_some() {
        return report.print();
    }
    let usual = asked.only.is_none() && asked.seed == SEED && asked.wanted == USUAL;
    let known: BTreeMap<&str, usize> = KNOWN.iter().copied().collect();
    let failures = report.failures();
    let kinds: BTreeSet<&str> = failures.keys().chain(known.keys()).copied().collect();
    let mut told = String::new();
    for kind in kinds {
        let (count, before) = (failures.get(kind).copied().unwrap_or(0), known.get(kind).copied().unwrap_or(0));
        if count == before || !usual && known.contains_key(kind) {
            continue;
        }
        let _ = writeln!(told, "\n=== {kind}: {count}, and {before} are known");
        for number in report.places(kind).iter().take(1) {
            let again = round::run(asked.seed, *number, Some(kind));
            for case in again.cases(kind) {
                let _ = writeln!(told, "\n{case}");
            }
        }
    }
    assert!(told.is_empty(), "{told}");
}

/// The reports of these infrastructures, in order.
fn chunk(asked: &Asked, numbers: Range<u64>) -> Vec<Report> {
    let next = AtomicU64::new(numbers.start);
    let done = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= numbers.end {
                        break;
                    }
                    let report = round::run(asked.seed, number, asked.show.as_deref());
                    done.lock().unwrap().push((number, report));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, report)| report).collect()
}
