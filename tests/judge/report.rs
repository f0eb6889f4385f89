//! What came of many infrastructures: counts by kind, and the cases that are to be seen.
//!
//! Knows: how counts are added up and printed. Must not know: what they count.

use std::collections::BTreeMap;
use std::io::Write as _;

/// Infrastructures of one kind that are kept in mind.
const KEPT: usize = 5;

/// Counts and cases.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) seed: u64,
    show: Option<String>,
    pub(crate) counts: BTreeMap<String, usize>,
    cases: Vec<(String, String)>,
    /// Infrastructures in which a kind was seen, the first of them.
    places: BTreeMap<String, Vec<u64>>,
}

impl Report {
    pub(crate) fn new(seed: u64, show: Option<String>) -> Self {
        Self { seed, show, ..Self::default() }
    }

    pub(crate) fn add(&mut self, what: &str) {
        *self.counts.entry(what.to_owned()).or_default() += 1;
    }

    pub(crate) fn count(&self, what: &str) -> usize {
        self.counts.get(what).copied().unwrap_or_default()
    }

    /// Notes where a kind was seen.
    pub(crate) fn at(&mut self, kind: &str, number: u64) {
        let places = self.places.entry(kind.to_owned()).or_default();
        if places.len() < KEPT && !places.contains(&number) {
            places.push(number);
        }
    }

    /// Infrastructures in which this kind was seen, the first of them.
    pub(crate) fn places(&self, kind: &str) -> &[u64] {
        self.places.get(kind).map_or(&[], Vec::as_slice)
    }

    /// What should not be, with how often it is.
    pub(crate) fn failures(&self) -> BTreeMap<&str, usize> {
        let bad = |what: &str| what.starts_with("wrong: ") || what.starts_with("silent: ");
        self.counts.iter().filter(|(what, _)| bad(what)).map(|(what, count)| (what.as_str(), *count)).collect()
    }

    /// What was kept of a kind.
    pub(crate) fn cases(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.cases.iter().filter(move |(one, _)| one == kind).map(|(_, case)| case.as_str())
    }

    /// Rewritten queries that were compared and had something to answer.
    pub(crate) fn compared(&self) -> usize {
        self.count("rewritten, and compared")
    }

    /// Whether what is left for a person is asked for.
    pub(crate) fn asks_what_is_left(&self) -> bool {
        let plain = |show: &str| ["counts", "wrong", "silent", "told"].iter().any(|word| show.starts_with(word));
        self.show.as_deref().is_some_and(|show| !plain(show))
    }

    /// Whether cases of this kind are asked for.
    pub(crate) fn wants(&self, kind: &str) -> bool {
        self.show.as_deref().is_some_and(|show| show != "table" && show != "counts" && kind.contains(show))
    }

    /// Keeps a case.
    pub(crate) fn keep(&mut self, kind: &str, case: String) {
        self.cases.push((kind.to_owned(), case));
    }

    pub(crate) fn take(&mut self, other: Self) {
        for (what, count) in other.counts {
            *self.counts.entry(what).or_default() += count;
        }
        self.cases.extend(other.cases);
        for (kind, numbers) in other.places {
            for number in numbers {
                self.at(&kind, number);
            }
        }
    }

    /// What is asked for.
    pub(crate) fn print(&self) {
        let mut out = std::io::stdout().lock();
        for (kind, case) in &self.cases {
            let _ = writeln!(out, "=== {kind}\n{case}\n");
        }
        let _ = writeln!(out, "seed {}", self.seed);
        for (what, count) in &self.counts {
            let places: Vec<String> = self.places(what).iter().map(u64::to_string).collect();
            let places = if places.is_empty() { String::new() } else { format!("  (in {})", places.join(", ")) };
            let _ = writeln!(out, "  {count:>8}  {what}{places}");
        }
    }
}
