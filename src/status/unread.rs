//! What could not be read, as far as it may hide something.
//!
//! Knows: the findings of the readers and the files that were passed over. Must not know: what a move needs; a
//! migration tells of each whether it matters to it.

use crate::snapshot::Skip;
use crate::text::{Place, RepoPath};
use crate::topology::runs::Host;
use crate::topology::{Topology, moves};

/// One thing that could not be read.
#[derive(Clone, Debug)]
pub struct Unread {
    /// The file; `None` when it is about several.
    pub path: Option<RepoPath>,
    /// The place in it, if it was read that far.
    pub at: Option<Place>,
    /// What stands in the way.
    pub why: String,
}

/// Everything that could not be read: files first that say what runs where, then dashboards and rules, then Compose files
/// that stand in the way of nothing, then files of which nothing is known.
pub(super) fn of(topology: &Topology, services: &[(&Host, moves::Service)]) -> Vec<Unread> {
    let files = topology.queries.files.values().flat_map(|file| &file.findings);
    let facts = topology.findings.iter().filter(|finding| is_about_reading(finding.rule));
    let mut list: Vec<Unread> = facts
        .chain(files)
        .map(|finding| Unread {
            path: finding.at.as_ref().map(|at| at.source.path.clone()),
            at: finding.at.clone(),
            why: finding.message.clone(),
        })
        .collect();
    for (host, service) in services.iter().filter(|(host, service)| moves::is_unread(topology, host, service)) {
        let Some(facts) = service.deployment.and_then(|index| host.deployments.get(index)) else { continue };
        let path = Some(facts.file.path.clone());
        if let Some(trouble) = facts.trouble.as_ref().filter(|_| !list.iter().any(|one| one.path == path)) {
            let why = format!("{}; no word of syslog stands in it", trouble.message);
            list.push(Unread { path, at: trouble.at.clone(), why });
        }
    }
    let skipped = topology.snapshot.skipped.iter();
    list.extend(
        skipped.filter_map(|(path, skip)| Some(Unread { path: Some(path.clone()), at: None, why: why(skip)? })),
    );
    list
}

/// Whether a finding of a reader says that something was not read; the others are oddities of files that were.
fn is_about_reading(rule: &str) -> bool {
    rule.ends_with("/unreadable") || matches!(rule, "hosts/unreadable-line" | "hosts/script" | "hosts/plugin")
}

/// What is said about a file that was passed over. A binary one is no text that a person could look through.
fn why(skip: &Skip) -> Option<String> {
    Some(match skip {
        Skip::Binary => return None,
        Skip::PathNotUtf8 => "its path is not UTF-8".to_owned(),
        Skip::PathOdd => "a part of its path is a name that git does not check out".to_owned(),
        Skip::PathTooLong => "its path is too long".to_owned(),
        Skip::TooLarge { bytes, .. } => format!("it is too large to be parsed ({} MB)", bytes.div_ceil(1 << 20)),
        Skip::LfsPointer => "its content is in Git LFS, not in the repository".to_owned(),
        Skip::AnnexPointer => "its content is in git-annex, not in the repository".to_owned(),
        Skip::Unreadable(why) => format!("its content is not in this clone: {why}"),
    })
}
