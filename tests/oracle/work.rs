//! Numbered pieces of work, dealt to as many judges as there are processors, and what came of them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::judge::Judge;

/// What all parts of a run share.
pub(crate) struct Work {
    /// The built judge.
    pub(crate) judge: PathBuf,
    /// Everything random follows from it.
    pub(crate) seed: u64,
    /// Only this piece of work.
    pub(crate) only: Option<u64>,
    /// Failures of each part that are shown; the others are only counted.
    pub(crate) show: usize,
}

/// What came of one part.
#[derive(Default)]
pub(crate) struct Report {
    name: String,
    counts: BTreeMap<String, usize>,
    failures: Vec<String>,
    show: usize,
    number: u64,
}

impl Report {
    pub(crate) fn add(&mut self, what: &str, count: usize) {
        *self.counts.entry(what.to_owned()).or_default() += count;
    }

    pub(crate) fn count(&self, what: &str) -> usize {
        self.counts.get(what).copied().unwrap_or_default()
    }

    /// A difference, with the whole input.
    pub(crate) fn fail(&mut self, text: &str) {
        self.add("DIFFERENT", 1);
        if self.failures.len() < self.show {
            self.failures.push(format!("{}\n{text}", self.number));
        }
    }

    /// Prints it; whether all is well.
    pub(crate) fn print(&self, seed: u64) -> bool {
        for failure in &self.failures {
            println!("\n=== --seed {seed} --only {failure}");
        }
        println!("\n{}", self.name);
        for (what, count) in &self.counts {
            println!("  {what:<44} {count:>8}");
        }
        self.count("DIFFERENT") == 0
    }

    fn take(&mut self, other: Self) {
        for (what, count) in other.counts {
            *self.counts.entry(what).or_default() += count;
        }
        let room = self.show.saturating_sub(self.failures.len());
        self.failures.extend(other.failures.into_iter().take(room));
    }
}

impl Work {
    /// Does pieces of `work`, numbered from 0, until `wanted` are counted as compared.
    pub(crate) fn batches(
        &self,
        name: &str,
        wanted: usize,
        work: impl Fn(&mut Judge, u64, &mut Report) + Sync,
    ) -> Report {
        let total = Mutex::new(Report { name: name.to_owned(), show: self.show, ..Report::default() });
        let next = AtomicU64::new(self.only.unwrap_or(0));
        let last = self.only.unwrap_or(u64::MAX);
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let done = || total.lock().unwrap_or_else(PoisonError::into_inner).count("compared") >= wanted;
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    let mut judge = Judge::start(&self.judge);
                    while !done() {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number > last {
                            break;
                        }
                        let shown = total.lock().unwrap_or_else(PoisonError::into_inner).failures.len();
                        let show = self.show.saturating_sub(shown);
                        let mut report = Report { show, number, ..Report::default() };
                        work(&mut judge, number, &mut report);
                        total.lock().unwrap_or_else(PoisonError::into_inner).take(report);
                    }
                });
            }
        });
        total.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
