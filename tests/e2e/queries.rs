//! Whether each query of the repository gives after a move what it gave before.
//!
//! The query as it was, over a window before the move, beside the query as it is on the branch, over a window as long after
//! it. Containers print the same in each slot, and both windows are whole slots; so the lines are the same but for their mark,
//! and numbers are the same. Ranges such as `[5m]` become the window, in both; Grafana's variables become fixed values.
//! Compared are lines and series with all labels, but that `job` may have become `service`, with what belongs to it.
//!
//! Must not know: how a query was rewritten.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value as Json;

use super::lines::{EVERY, SECOND, unmarked};
use super::loki::{Answer, Loki};
use super::process::Result;
use super::report::services;
use super::store::Labels;

/// Seconds of a window: two slots.
pub(crate) const WINDOW: i64 = 2 * EVERY;

static RANGE: LazyLock<Regex> = LazyLock::new(|| expression(r"\[\s*(?:[0-9]+[a-z]+|\$__[a-z_]+|\$\{[a-z_:]+\})\s*\]"));
static VARIABLE: LazyLock<Regex> = LazyLock::new(|| expression(r"\$(?:\{\w+(?::\w+)?\}|[A-Za-z]\w*)"));

fn expression(text: &str) -> Regex {
    Regex::new(text).unwrap_or_else(|error| panic!("{error}"))
}

/// A query before and after the moves of a run.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) at: String,
    pub(crate) before: String,
    pub(crate) after: String,
    /// It was left for the reader, with a proposal or without.
    pub(crate) review: bool,
    /// It leaves the moved service out, where it let the copies from the Docker socket through before: the report says so.
    pub(crate) copies: bool,
}

/// The queries that a run names. Where several services move, a query that two of them change is one change.
pub(crate) fn changes(report: &Json) -> Vec<Change> {
    let services = services(report);
    let mut all: Vec<(String, Change)> = Vec::new();
    for service in &services {
        let found = |level: &str, rule: &str, query: &Json| {
            let same = |finding: &&Json| finding["path"] == query["path"] && finding["line"] == query["line"];
            let findings = service["findings"].as_array().into_iter().flatten().filter(same);
            findings
                .into_iter()
                .any(|one| one["level"] == level && one["rule"].as_str().is_some_and(|id| id.ends_with(rule)))
        };
        let mut open: Vec<usize> = (0..all.len()).collect();
        for query in service["queries"].as_array().into_iter().flatten() {
            let text = |key: &str| query[key].as_str().unwrap_or_default().to_owned();
            let (path, before, after) = (text("path"), text("before"), text("after"));
            let at = format!("{path}:{} {}", query["line"], text("context"));
            let known = open.iter().position(|index| all[*index].0 == path && all[*index].1.after == before);
            let index = known.map_or(all.len(), |known| open.remove(known));
            if known.is_none() {
                all.push((path, Change { at, before, after: String::new(), review: false, copies: false }));
            }
            let change = &mut all[index].1;
            change.after = after;
            change.review |= found("decide", "", query);
            change.copies |= found("note", "/copies", query);
        }
    }
    all.into_iter().map(|(_, change)| change).collect()
}

/// A query as it can be asked: Jinja, ranges and variables with fixed values.
fn filled(text: &str) -> String {
    let text = text.replace("{{ deployment_environment }}", "ouranos");
    let text = RANGE.replace_all(&text, format!("[{WINDOW}s]"));
    VARIABLE.replace_all(&text, ".+").into_owned()
}

/// What moved, in the words of the streams.
pub(crate) struct Moved {
    pub(crate) host: String,
    /// Project (the new `service`) → job.
    pub(crate) jobs: HashMap<String, String>,
    /// Container → who it is.
    pub(crate) who: HashMap<String, String>,
    /// Host, project and component of who printed to the listener before.
    pub(crate) components: Vec<String>,
}

/// An answer without what may differ.
pub(crate) type Plain = BTreeMap<(Labels, String), f64>;

impl Moved {
    /// Labels with one name for `job`, `service` and `service_name`.
    fn plain_labels(&self, labels: &Labels) -> Labels {
        let mut out: Labels = labels.iter().map(|(name, value)| (name.clone(), unmarked(value, &self.who))).collect();
        let given = [out.remove("service"), out.remove("job"), out.remove("service_name")];
        let who = given.into_iter().flatten().next().map(|value| self.jobs.get(&value).cloned().unwrap_or(value));
        if let Some(who) = who {
            if self.jobs.values().any(|job| *job == who) && labels.contains_key("container") {
                out.remove("component");
                out.remove("container");
            }
            out.insert("job or service".to_owned(), who);
        }
        if let Some(field) = out.remove("component_extracted") {
            out.insert("component".to_owned(), field);
        }
        out
    }

    /// Whether these labels are those that the Docker socket gives to what moves.
    fn by_socket(&self, labels: &Labels) -> bool {
        let of = |name: &str| labels.get(name).map_or("", String::as_str);
        self.components.contains(&format!("{}/{}/{}", of("hostname"), of("service"), of("component")))
    }

    /// Whether these labels are those that the listener gave to it.
    pub(crate) fn by_listener(&self, labels: &Labels) -> bool {
        let job = labels.get("job").filter(|_| labels.get("hostname") == Some(&self.host));
        job.is_some_and(|job| self.jobs.values().any(|moved| moved == job))
    }

    /// Lines count how often they are there; series that are told apart only by the container are added up.
    pub(crate) fn plain(&self, answer: &Answer, leave_out: impl Fn(&Labels) -> bool) -> Plain {
        let mut out = Plain::new();
        match answer {
            Answer::Lines(lines) => {
                for entry in lines {
                    if !leave_out(&entry.labels) {
                        let line = unmarked(&entry.line, &self.who);
                        *out.entry((self.plain_labels(&entry.labels), line)).or_default() += 1.0;
                    }
                }
            }
            Answer::Series(series) => {
                for (labels, value) in series {
                    *out.entry((self.plain_labels(labels), String::new())).or_default() += value;
                }
            }
        }
        out
    }
}

/// What was compared.
#[derive(Default)]
pub(crate) struct Compared {
    pub(crate) same: usize,
    pub(crate) reviews: usize,
    /// One text for each query that gives something else, or nothing at all.
    pub(crate) different: Vec<String>,
}

/// The answer to a query over the window that ends at `end`.
pub(crate) fn ask_one(loki: &Loki, text: &str, end: i64, since: i64) -> Result<Answer> {
    // A query for missing lines is asked where there are none.
    let end = if text.contains("absent_over_time") { since - 3600 * SECOND } else { end };
    loki.query(&filled(text), end - WINDOW * SECOND, end)
}

/// Holds the answers after the move beside those before it.
pub(crate) fn compare(changes: &[Change], before: &[Answer], after: &[Answer], moved: &Moved) -> Compared {
    let mut out = Compared::default();
    for ((change, old), new) in changes.iter().zip(before).zip(after) {
        if change.review {
            out.reviews += 1;
            continue;
        }
        let (old, new) =
            (moved.plain(old, |labels| change.copies && moved.by_socket(labels)), moved.plain(new, |_| false));
        if !old.is_empty() && equal(&old, &new) {
            out.same += 1;
        } else {
            out.different.push(told(change, &old, &new));
        }
    }
    out
}

/// The same rows with the same numbers.
pub(crate) fn equal(old: &Plain, new: &Plain) -> bool {
    old.len() == new.len()
        && old.iter().zip(new).all(|((a, x), (b, y))| a == b && (x - y).abs() <= 1e-9 * x.abs().max(1.0))
}

fn told(change: &Change, old: &Plain, new: &Plain) -> String {
    let only = |one: &Plain, other: &Plain| {
        let rows = one.iter().filter(|(key, value)| other.get(*key).is_none_or(|there| (*value - there).abs() > 1e-9));
        rows.take(6)
            .map(|((labels, line), value)| format!("      {value} {labels:?} {line}"))
            .collect::<Vec<_>>()
            .join("\n")
    };
    format!(
        "{}\n    - {}\n    + {}\n    before {} rows, of them not after:\n{}\n    after {} rows, of them not before:\n{}",
        change.at,
        change.before,
        change.after,
        old.len(),
        only(old, new),
        new.len(),
        only(new, old)
    )
}
