//! Commit messages: summary, rollout and trailers.
//!
//! Knows: what a reviewer needs in `git log`. Must not know: git. What comes from the repository stands in one line, with
//! its control characters made visible: no label and no path can end the message early or write a trailer.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use textwrap::{Options as Wrap, WordSplitter};

use super::{Move, RolloutStep};
use crate::finding::Finding;
use crate::plain::line;
use crate::proof;
use crate::questions;
use crate::text::{Edits, Place, RepoPath};
use crate::topology::moves::options::{self, Options};

/// Columns of a line, as `git log` shows it indented on a terminal of 80.
const WIDTH: usize = 72;

/// Title and body of the commit that adds the Docker-socket blocks.
pub(super) fn blocks(moved: &Move, base: &str) -> (String, String) {
    let title = format!("alloy: read the Docker socket on {}", line(&moved.short_host));
    let host = line(&moved.host);
    let body = format!(
        "Containers on {} that log to Docker's own files are collected from the socket\n\
         from here on, labelled by Compose project and service. Deploy this commit\n\
         before {} leaves its syslog listener.\n\n\
         Migrated-Host: {host}\nMigrate-Base: {base}\n",
        host,
        line(&moved.service)
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
    let (named, short) = (line(&moved.service), line(&moved.short_host));
    let title = format!("{named}: move from syslog to the Docker socket on {short}");
    let mut body = String::new();
    let labels = format!("{} is logged as {{service={}}}", old_labels(moved), proof::quoted(&moved.project));
    wrapped(&mut body, "", "  ", &format!("{labels} from here on."));
    wrapped(&mut body, "", "  ", &format!("Containers: {}", moved.components.join(", ")));
    body.push_str("\nWhat changes:\n");
    changes(&mut body, edits);
    assumptions(&mut body, findings);
    left(&mut body, findings, moved);
    body.push_str("\nRollout, in this order:\n");
    for (index, step) in rollout.iter().enumerate() {
        wrapped(&mut body, &format!("{}. ", index + 1), "   ", &step.text);
        if let Some(command) = &step.command {
            let _ = writeln!(body, "       {}", line(command));
        }
    }
    let _ = writeln!(body, "\nMigrated-Service: {named}\nMigrated-Host: {}", line(&moved.host));
    let project = moved.project_given.then(|| moved.project.clone());
    let &Move { bridge, alert_labels, keep_history, .. } = moved;
    let options = options::typed(&Options { bridge, alert_labels, keep_history, project });
    if !options.is_empty() {
        let _ = writeln!(body, "Migrate-Options: {}", line(&options));
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
        let place = finding.at.as_ref().map(|at| format!(" ({})", at.line()));
        wrapped(body, "- ", "  ", &format!("{}{}", finding.message, place.unwrap_or_default()));
    }
}

/// What is left for a person, by question.
fn left(body: &mut String, findings: &[Finding], moved: &Move) {
    let questions = questions::of_plan(findings, Some(moved));
    if !questions.is_empty() {
        body.push_str("\nLeft to decide:\n");
    }
    for question in questions {
        wrapped(body, "- ", "  ", question.ask);
        let places: Vec<String> = question.about.iter().filter_map(|one| one.at.as_ref()).map(Place::line).collect();
        wrapped(body, "    ", "    ", &places.join(", "));
    }
}

/// A text in lines of at most [`WIDTH`] columns where its words allow it. Only `first` may be empty: what goes on below is set
/// in, so that no word of it begins a trailer.
fn wrapped(body: &mut String, first: &str, rest: &str, text: &str) {
    let text = line(text);
    let wrap = Wrap::new(WIDTH).initial_indent(first).subsequent_indent(rest);
    for one in textwrap::wrap(&text, wrap.break_words(false).word_splitter(WordSplitter::NoHyphenation)) {
        let _ = writeln!(body, "{}", one.trim_end());
    }
}

/// Title and body of the commit with texts that a person accepted, by name; `whose` is the service, or the host of several.
pub(super) fn accepted(whose: &str, edits: &BTreeMap<RepoPath, Edits>, ids: &[String], base: &str) -> (String, String) {
    let mut body = String::from("Texts that were proposed where the move leaves a place as it is:\n");
    changes(&mut body, edits);
    let _ = write!(body, "\nMigrate-Accepted: {}\nMigrate-Base: {base}\n", ids.join(" "));
    let texts = if ids.len() == 1 { "1 proposed text".to_owned() } else { format!("{} proposed texts", ids.len()) };
    (format!("{}: accept {texts}", line(whose)), body)
}

/// Title and body of the commit that prunes a host.
pub(super) fn prune(short: &str, host: &str, edits: &BTreeMap<RepoPath, Edits>, base: &str) -> (String, String) {
    let mut body = String::from("Nothing in the repository needs these any more:\n");
    changes(&mut body, edits);
    let _ = write!(body, "\nMigrated-Host: {}\nMigrate-Base: {base}\n", line(host));
    (format!("{}: prune what migrations left behind", line(short)), body)
}

/// Each reason of the edits once, with the files it is for.
fn changes(body: &mut String, edits: &BTreeMap<RepoPath, Edits>) {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for (path, edits) in edits {
        for edit in edits {
            let reason = edit.why.message.as_str();
            match reasons.iter_mut().find(|(one, _)| *one == reason) {
                Some((_, paths)) if paths.last() == Some(&path.as_str()) => {}
                Some((_, paths)) => paths.push(path.as_str()),
                None => reasons.push((reason, vec![path.as_str()])),
            }
        }
    }
    for (reason, paths) in reasons {
        wrapped(body, "- ", "  ", reason);
        wrapped(body, "    ", "    ", &paths.join(", "));
    }
}

fn old_labels(moved: &Move) -> String {
    match moved.jobs.as_slice() {
        [] => "What its listener shipped without a job".to_owned(),
        jobs => jobs.iter().map(|job| format!("{{job={}}}", proof::quoted(job))).collect::<Vec<_>>().join(" and "),
    }
}
