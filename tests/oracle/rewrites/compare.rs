//! Two results of the engine, brought to one form: the old query on the old streams, the new one on the new streams.
//!
//! Knows: which labels a move renames. Must not know: queries or how they are rewritten.

use std::collections::{BTreeMap, BTreeSet};

use crate::judge::{Answer, Row};

use super::lines::FIELD;

/// The names a move exchanges.
pub(super) struct Renamed {
    /// The project and the jobs that become it, longest first.
    names: Vec<String>,
}

/// What stands in the place of every name of the service that moves.
const MOVED: &str = "\u{2040}";

/// Labels and what was measured under them.
type Canonical = Vec<(BTreeMap<String, String>, Vec<(i64, String)>)>;

/// How two results compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Same,
    /// The same lines or numbers, under labels that differ in more than the names the move exchanges.
    OtherLabels,
    /// Several series where there was one; their sums are the same.
    FansOut,
    Different,
}

impl Renamed {
    pub(super) fn new(project: &str, jobs: &[String]) -> Self {
        let mut names: Vec<String> = jobs.iter().cloned().chain([project.to_owned()]).collect();
        names.sort_by_key(|name| (std::cmp::Reverse(name.len()), name.clone()));
        names.dedup();
        Self { names }
    }

    /// Whether a name in a line makes the line longer or shorter.
    pub(super) fn changes_length(&self) -> bool {
        self.names.len() > 1
    }

    /// The text with every name of the service in one form.
    fn one_name(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, name| text.replace(name.as_str(), MOVED))
    }

    /// Labels without their way of saying which service it is: `job`, `service` and `service_name` together say it once.
    /// `component` and `container` come with the new way. A field keeps its name, whether or not a stream label of the
    /// same name makes it `…_extracted`.
    fn labels(&self, row: &Row, exact: bool) -> BTreeMap<String, String> {
        let mut out = BTreeMap::new();
        let mut services = BTreeSet::new();
        // An empty label is none.
        for (name, value) in row.labels.iter().filter(|(_, value)| !value.is_empty()) {
            let field = value.contains(FIELD);
            match name.as_str() {
                _ if field => {
                    out.insert(format!("field {}", name.trim_end_matches("_extracted")), self.one_name(value));
                }
                "component" | "container" => {}
                "service" | "service_name" if exact => {}
                "job" | "service" | "service_name" if !exact => {
                    services.insert(self.one_name(value));
                }
                _ => {
                    let value = if exact { value.clone() } else { self.one_name(value) };
                    out.insert(name.clone(), value);
                }
            }
        }
        if !services.is_empty() {
            let services: Vec<String> = services.into_iter().collect();
            out.insert("service".to_owned(), services.join(" "));
        }
        out
    }

    /// `exact`: what is stored as another metric keeps its `job`.
    fn canonical(&self, answer: &Answer, exact: bool) -> Canonical {
        let mut out: BTreeMap<_, Vec<(i64, String)>> = BTreeMap::new();
        for row in answer.rows.iter().flatten() {
            let labels = self.labels(row, exact);
            let points = row.points.iter().map(|point| (point.at, self.one_name(&point.value)));
            out.entry(labels).or_default().extend(points);
        }
        // In which order the engine adds up series that have come to the same labels is chance.
        out.values_mut().for_each(|points| points.sort());
        out.into_iter().collect()
    }

    pub(super) fn compare(&self, old: &Answer, new: &Answer, exact: bool) -> Outcome {
        if old.metric != new.metric || old.error.is_empty() != new.error.is_empty() {
            return Outcome::Different;
        }
        let metric = old.metric;
        let (old, new) = (self.canonical(old, exact), self.canonical(new, exact));
        let points = |form: &Canonical| {
            let mut points: Vec<_> = form.iter().flat_map(|(_, points)| points.clone()).collect();
            points.sort();
            points
        };
        if old == new {
            Outcome::Same
        } else if points(&old) == points(&new) {
            Outcome::OtherLabels
        } else if metric && summed(&old) == summed(&new) {
            Outcome::FansOut
        } else {
            Outcome::Different
        }
    }
}

/// Series that have the same labels but for those that come with the move, as one.
fn summed(form: &Canonical) -> BTreeMap<(&BTreeMap<String, String>, i64), String> {
    let mut sums: BTreeMap<_, f64> = BTreeMap::new();
    for (labels, points) in form {
        for (at, value) in points {
            *sums.entry((labels, *at)).or_default() += value.parse().unwrap_or(f64::NAN);
        }
    }
    sums.into_iter().map(|(key, sum)| (key, format!("{sum:.6e}"))).collect()
}
