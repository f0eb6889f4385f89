//! A difference with everything that is needed to see why; the short part last, where it is seen.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::files::{self, DASHBOARD, RULES};
use super::lines::START;
use super::trial::{Difference, Task, Trial};
use super::world::Files;

/// The files without those that only hold queries.
pub(super) fn shown(files: &Files) -> String {
    let mut out = String::new();
    for (path, text) in files.iter().filter(|(path, _)| ![DASHBOARD, RULES].contains(&path.as_str())) {
        let _ = write!(out, "--- {path}\n{text}");
    }
    out
}

/// The difference as text. `first` is the query it was found with.
pub(super) fn difference(task: &Task<'_>, trial: &Trial, one: &Difference, first: &str) -> String {
    let (bridge, history) = (task.request.bridge, task.request.keep_history);
    let mut out = shown(&trial.files);
    for (name, set) in ["before", "after"].iter().zip(&trial.stores) {
        let _ = writeln!(out, "--- streams {name}");
        for stream in set {
            let _ = writeln!(out, "{}  {} lines", labels(&stream.labels), stream.entries.len());
        }
    }
    for (name, answer) in [("old", &one.old), ("new", &one.new)] {
        let _ = writeln!(out, "--- {name} result {}", answer.error);
        for row in answer.rows.iter().flatten() {
            let points =
                row.points.iter().map(|point| format!("{:>5} ms {}", (point.at - START) / 1_000_000, point.value));
            let _ = writeln!(out, "{}\n    {}", labels(&row.labels), points.collect::<Vec<_>>().join("\n    "));
        }
    }
    let _ = writeln!(out, "--- first seen with\n{first}");
    for finding in files::findings(&trial.plan, &one.site) {
        let _ = writeln!(out, "--- {} {}: {}", finding.level.word(), finding.rule, finding.message);
    }
    let (service, host) = (&task.request.service, &task.request.host);
    let _ = writeln!(out, "--- {service} on {host}, bridge {bridge:?}, keep history {history}");
    if let Some(moved) = &trial.plan.moved {
        let (jobs, project) = (&moved.jobs, &moved.project);
        let _ = writeln!(out, "    {jobs:?} of {:?} becomes {project}; besides {:?}", moved.components, moved.siblings);
    }
    let _ = writeln!(out, "--- {} {:?} {}:{}", one.kind, one.site.kind, one.site.path, one.site.lines.0);
    let after = if one.site.before == one.site.after { "(the same)" } else { &one.site.after };
    let _ = write!(out, "- {}\n+ {after}", one.site.before);
    out
}

fn labels(labels: &BTreeMap<String, String>) -> String {
    let parts = labels.iter().map(|(name, value)| format!("{name}={value:?}"));
    format!("{{{}}}", parts.collect::<Vec<_>>().join(", "))
}
