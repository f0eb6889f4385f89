//! Files that could not be read, as far as this move could need them.
//!
//! Knows: which paths look like something a move touches, and which findings of the readers concern it. Must not know:
//! formats. What cannot matter is counted, not listed (DESIGN 6: a finding is something to act on).

use memchr::memmem;

use super::{Move, Request};
use crate::finding::{Finding, Level};
use crate::snapshot::{EntryKind, Skip};
use crate::text::{RepoPath, Source};
use crate::topology::Topology;

/// How many files of one kind are reported one by one.
const MOST: usize = 5;

/// Everything to say about files that were not read.
pub(super) fn findings(topology: &Topology, moved: &Move) -> Vec<Finding> {
    let names = Names::of(topology, moved);
    let mut out = troubles(topology, &names);
    out.extend(skipped(topology, &names));
    out.extend(encodings(topology, &names));
    out.extend(apart(topology));
    out
}

/// What the move goes by.
struct Names<'m> {
    moved: &'m Move,
    /// Jobs, project, service as typed.
    words: Vec<&'m str>,
    /// The host and its groups: whose variables count.
    owners: Vec<&'m str>,
}

impl<'m> Names<'m> {
    fn of(topology: &'m Topology, moved: &'m Move) -> Self {
        let mut words: Vec<&str> = moved.jobs.iter().map(String::as_str).collect();
        words.extend([moved.project.as_str(), moved.service.as_str()]);
        let short = moved.host.split('.').next().unwrap_or(&moved.host);
        let mut owners = vec![moved.host.as_str(), short, "all"];
        if let Some(host) = topology.inventory.get(&moved.host) {
            owners.extend(host.groups.iter().map(String::as_str));
        }
        Self { moved, words, owners }
    }

    /// The first of the names that stands in the file.
    fn named_in(&self, source: &Source) -> Option<&'m str> {
        self.words.iter().find(|word| memmem::find(source.bytes(), word.as_bytes()).is_some()).copied()
    }

    /// Whether a path is one of variables of the host.
    fn is_own_variables(&self, path: &RepoPath) -> bool {
        let mut behind = path.segments().skip_while(|part| !matches!(*part, "host_vars" | "group_vars")).skip(1);
        behind.next().is_some_and(|part| {
            let stem = ["yml", "yaml", "json"].iter().find_map(|suffix| part.strip_suffix(suffix)?.strip_suffix('.'));
            self.owners.contains(&stem.unwrap_or(part))
        })
    }

    /// Whether a path looks like something a move changes: variables of the host, a Compose file, an Alloy
    /// configuration, a dashboard or rules.
    fn looks_concerned(&self, path: &RepoPath) -> bool {
        let name = path.name();
        let stem = name.strip_suffix(".j2").unwrap_or(name);
        let yaml = stem.ends_with(".yml") || stem.ends_with(".yaml");
        let named = |parts: &[&str]| path.segments().any(|part| parts.iter().any(|word| part.contains(word)));
        self.is_own_variables(path)
            || stem.ends_with(".alloy")
            || stem.ends_with(".river")
            || (yaml && (stem.contains("compose") || named(&["rules", "alert"])))
            || (stem.ends_with(".json") && named(&["dashboard", "grafana"]))
    }
}

/// Files of the host that cannot be read, as facts that may well be what blocks a move.
pub(super) fn behind(topology: &Topology, request: &Request) -> Vec<Finding> {
    let Ok(host) = topology.inventory.find(&request.host) else { return Vec::new() };
    let of_host = |segment: &str| segment == host.short() || segment.starts_with(&host.name);
    let concerns = |finding: &&Finding| {
        let at = finding.at.as_ref().filter(|_| finding.rule.ends_with("/unreadable"));
        at.is_some_and(|at| at.source.path.segments().any(of_host))
    };
    let blocks = |finding: &Finding| Finding { level: Level::Blocked, ..finding.clone() };
    topology.findings.iter().filter(concerns).map(blocks).collect()
}

/// Findings of the readers: those that concern this move, and a count of the rest.
fn troubles(topology: &Topology, names: &Names<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    let mut others: Vec<&str> = Vec::new();
    for finding in &topology.findings {
        let Some(at) = &finding.at else {
            if finding.level != Level::Note {
                out.push(finding.clone());
            }
            continue;
        };
        let path = &at.source.path;
        let (kind, what) = finding.rule.split_once('/').unwrap_or_default();
        let concerns = match kind {
            // Variables of other hosts cannot change what this one does.
            "host-vars" => names.is_own_variables(path),
            "hosts" => what == "unreadable" || finding.message.contains(&names.moved.host),
            _ => names.named_in(&at.source).is_some(),
        };
        if concerns {
            out.push(finding.clone());
        } else if what == "unreadable" && !others.contains(&path.as_str()) {
            others.push(path.as_str());
        }
    }
    if !others.is_empty() {
        let service = names.moved.service.as_str();
        let values = [("count", others.len().to_string()), ("paths", listed(&others)), ("service", service.into())];
        out.push(note("unread/others", &values));
    }
    out
}

/// Files that were to be read and were not.
fn skipped(topology: &Topology, names: &Names<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    let mut pointers = Vec::new();
    for (path, skip) in &topology.snapshot.skipped {
        let own = names.is_own_variables(path);
        let concerned = names.looks_concerned(path);
        let (id, extra) = match skip {
            // The name of the service was searched for and found.
            Skip::TooLarge { bytes, searched } if *searched || concerned => ("unread/large", size(*bytes)),
            Skip::Binary if concerned => ("unread/binary", String::new()),
            Skip::Unreadable(why) if concerned => ("unread/missing", why.clone()),
            Skip::LfsPointer | Skip::AnnexPointer if concerned => {
                pointers.push(path.as_str());
                continue;
            }
            Skip::PathNotUtf8 | Skip::PathTooLong | Skip::PathOdd if concerned => {
                ("unread/missing", "its path is not usable".into())
            }
            _ => continue,
        };
        let (host, service) = (names.moved.host.as_str(), names.moved.service.as_str());
        let values = [("path", path.as_str()), ("service", service), ("host", host), ("size", &extra), ("why", &extra)];
        let id = if own { "unread/own-variables" } else { id };
        out.push(Finding::told(Level::Review, id, &values, None));
    }
    if pointers.len() > MOST {
        let values = [("count", pointers.len().to_string()), ("paths", listed(&pointers))];
        let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
        out.push(Finding::told(Level::Review, "unread/several", &values, None));
    } else {
        out.extend(pointers.iter().map(|path| Finding::told(Level::Review, "unread/pointer", &[("path", path)], None)));
    }
    out
}

/// Files in another encoding that name what moves.
fn encodings(topology: &Topology, names: &Names<'_>) -> Vec<Finding> {
    let odd = topology.snapshot.sources().filter(|source| source.text().is_none());
    odd.filter_map(|source| {
        let name = names.named_in(source)?;
        let values = [("path", source.path.as_str()), ("name", name)];
        Some(Finding::told(Level::Review, "unread/encoding", &values, None))
    })
    .collect()
}

/// Links and submodules where something could lie that a move changes.
fn apart(topology: &Topology) -> Vec<Finding> {
    let mut out = Vec::new();
    let of = |kind: EntryKind| topology.snapshot.entries.iter().filter(move |entry| entry.kind == kind);
    let links: Vec<&str> = of(EntryKind::Symlink).map(|entry| entry.path.as_str()).collect();
    let submodules: Vec<&str> = of(EntryKind::Submodule).map(|entry| entry.path.as_str()).collect();
    for (id, paths) in [("unread/links", links), ("unread/submodules", submodules)] {
        if !paths.is_empty() {
            out.push(note(id, &[("paths", listed(&paths))]));
        }
    }
    out
}

fn note(id: &'static str, values: &[(&str, String)]) -> Finding {
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Finding::told(Level::Note, id, &values, None)
}

/// The first few paths, and how many more there are.
fn listed(paths: &[&str]) -> String {
    let shown = paths.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
    match paths.len().checked_sub(MOST) {
        Some(more) if more > 0 => format!("{shown} and {more} more"),
        _ => shown,
    }
}

fn size(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1 << 20))
}
