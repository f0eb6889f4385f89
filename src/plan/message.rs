//! Commit messages: summary, rollout and trailers.
//!
//! Knows: what a reviewer needs in `git log`. Must not know: git.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::{Move, RolloutStep};
use crate::finding::Finding;
use crate::text::{Edits, Place, RepoPath};
use crate::topology::moves::options::{self, Options};

/// Title and body of the commit that adds the Docker-socket blocks.
pub(super) fn blocks(moved: &Move, base: &str) -> (String, String) {
    let short = &moved.short_host;
    let title = format!("alloy: read the Docker socket on {short}");
    let body = format!(
        "Containers on {} that log to Docker's own files are collected from the socket\n\
         from here on, labelled by Compose project and service. Deploy this commit\n\
         before {} leaves its syslog listener.\n\n\
         Migrated-Host: {}\nMigrate-Base: {base}\n",
        moved.host, moved.service, moved.host
    );
    (title, body)
}

/// Title and body of the commit that moves the service.
pub(super) fn service(
    moved: &Move,
    edits: &BTreeMap<RepoPath, Edits>,
    rollout: &[RolloutStep],
    findings: &[Finding],
    base: &str,
) -> (String, String) {
    let short = &moved.short_host;
    let title = format!("{}: move from syslog to the Docker socket on {short}", moved.service);
    let mut body = String::new();
    let _ = writeln!(body, "{} is logged as {{service=\"{}\"}} from here on.", old_labels(moved), moved.project);
    let _ = writeln!(body, "Containers: {}", moved.components.join(", "));
    body.push_str("\nWhat changes:\n");
    changes(&mut body, edits);
    assumptions(&mut body, findings);
    body.push_str("\nRollout, in this order:\n");
    for (index, step) in rollout.iter().enumerate() {
        let _ = writeln!(body, "{}. {}", index + 1, step.text);
        if let Some(command) = &step.command {
            let _ = writeln!(body, "       {command}");
        }
    }
    let _ = writeln!(body, "\nMigrated-Service: {}\nMigrated-Host: {}", moved.service, moved.host);
    let project = moved.project_given.then(|| moved.project.clone());
    let options = Options { bridge: moved.bridge, keep_history: moved.keep_history, project };
    let options = options::typed(&options);
    if !options.is_empty() {
        let _ = writeln!(body, "Migrate-Options: {options}");
    }
    let _ = writeln!(body, "Migrate-Base: {base}");
    (title, body)
}

/// What the plan takes for granted, for whoever finds that it is not so.
fn assumptions(body: &mut String, findings: &[Finding]) {
    let mut all = findings.iter().filter(|finding| finding.is_assumption()).peekable();
    if all.peek().is_some() {
        body.push_str("\nNot told by the repository:\n");
    }
    for finding in all {
        let place = |at: &Place| format!(" ({}:{})", at.source.path, at.source.position(at.span.start()).line);
        let _ = writeln!(body, "- {}{}", finding.message, finding.at.as_ref().map(place).unwrap_or_default());
    }
}

/// Title and body of the commit that prunes a host.
pub(super) fn prune(short: &str, host: &str, edits: &BTreeMap<RepoPath, Edits>, base: &str) -> (String, String) {
    let mut body = String::from("Nothing in the repository needs these any more:\n");
    changes(&mut body, edits);
    let _ = write!(body, "\nMigrated-Host: {host}\nMigrate-Base: {base}\n");
    (format!("{short}: prune what migrations left behind"), body)
}

/// Each file with the reasons of its edits, each once.
fn changes(body: &mut String, edits: &BTreeMap<RepoPath, Edits>) {
    for (path, edits) in edits {
        let mut reasons: Vec<&str> = edits.iter().map(|edit| edit.why.message.as_str()).collect();
        let mut seen = BTreeSet::new();
        reasons.retain(|reason| seen.insert(*reason));
        let _ = writeln!(body, "- {path}");
        for reason in reasons {
            let _ = writeln!(body, "    {reason}");
        }
    }
}

fn old_labels(moved: &Move) -> String {
    match moved.jobs.as_slice() {
        [] => "What its listener shipped without a job".to_owned(),
        jobs => jobs.iter().map(|job| format!("{{job=\"{job}\"}}")).collect::<Vec<_>>().join(" and "),
    }
}
