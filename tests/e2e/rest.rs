//! Every other query of the repository: what a move does not touch gives what it gave before, or the report says so.
//!
//! Must not know: what the report says of the queries that it does touch.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use migrate::snapshot::{Entry, EntryKind, Snapshot};
use migrate::text::{RepoPath, Source};
use migrate::topology::Topology;
use serde_json::Value as Json;

use super::loki::{Answer, Loki};
use super::process::{Result, read};
use super::queries::{Change, Moved, ask_one, equal};
use super::report::services;

/// A query with what it gave before.
pub(crate) struct Rest(Vec<(String, String, Answer)>);

/// What came of them.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) same: usize,
    /// Of those, with a result.
    pub(crate) shown: usize,
    /// Lines came twice before, by the listener and by the Docker socket, and come once now. The report says so of the host.
    pub(crate) once: usize,
    /// They give something else, and a finding speaks of the place.
    pub(crate) said: usize,
    pub(crate) unsaid: Vec<String>,
}

impl Rest {
    /// Asks every query of Loki in the working tree that is not among `changes`. Whether it is one of Loki's, Loki says.
    pub(crate) fn ask(loki: &Loki, repository: &Path, changes: &[Change], end: i64, since: i64) -> Result<Self> {
        let listed = read(Command::new("git").current_dir(repository).args(["ls-files", "-z"]))?;
        let paths: Vec<&str> = listed.split('\0').filter(|path| !path.is_empty()).collect();
        let entry = |path: &&str| Entry { path: RepoPath::from(*path), kind: EntryKind::File };
        let mut snapshot = Snapshot::new("0".repeat(40), paths.iter().map(entry).collect());
        for path in &paths {
            let bytes = fs::read(repository.join(path)).map_err(|error| format!("{path}: {error}"))?;
            snapshot.add(Arc::new(Source::new(*path, 0o100_644, Vec::new(), bytes)));
        }
        let topology = Topology::of(&snapshot);
        let texts: BTreeSet<(String, String)> =
            topology.queries().into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
        let touched = |path: &str, text: &str| {
            changes
                .iter()
                .any(|change| change.at.starts_with(&format!("{path}:")) && change.before.trim() == text.trim())
        };
        let mut out = Vec::new();
        for (path, text) in texts {
            if touched(&path, &text) {
                continue;
            }
            match ask_one(loki, &text, end, since) {
                Ok(answer) => out.push((path, text, answer)),
                Err(why) if why.contains("parse error") => {}
                Err(why) => return Err(format!("{path}: {why}")),
            }
        }
        Ok(Self(out))
    }

    /// Asks them again.
    pub(crate) fn compare(&self, loki: &Loki, report: &Json, moved: &Moved, end: i64, since: i64) -> Result<Kept> {
        let mut out = Kept::default();
        for (path, text, before) in &self.0 {
            let after = ask_one(loki, text, end, since)?;
            let (old, new) = (moved.plain(before, |_| false), moved.plain(&after, |_| false));
            if equal(&old, &new) {
                out.same += 1;
                out.shown += usize::from(!old.is_empty());
            } else if has(report, "alloy/logged-twice")
                && equal(&moved.plain(before, |labels| moved.by_listener(labels)), &new)
            {
                out.once += 1;
            } else if said(report, path, text) {
                out.said += 1;
            } else {
                out.unsaid.push(format!("{path}\n    {text}\n    {} rows before, {} after", old.len(), new.len()));
            }
        }
        Ok(out)
    }
}

fn findings(report: &Json) -> Vec<Json> {
    services(report).iter().flat_map(|service| service["findings"].as_array().cloned().unwrap_or_default()).collect()
}

fn has(report: &Json, rule: &str) -> bool {
    findings(report).iter().any(|finding| finding["rule"] == rule)
}

/// Whether a finding speaks of a part of this query.
fn said(report: &Json, path: &str, text: &str) -> bool {
    let findings = findings(report);
    let mut here = findings.iter().filter(|one| one["path"] == path).filter_map(|finding| finding["text"].as_str());
    here.any(|part| !part.is_empty() && (text.contains(&unescaped(part)) || unescaped(part).contains(text)))
}

/// The text of a finding is as in the file; in JSON, quotes are escaped there.
fn unescaped(part: &str) -> String {
    part.replace("\\\"", "\"").replace("\\\\", "\\")
}
