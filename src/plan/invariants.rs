//! The invariants of a plan, asserted in the shipped program (DESIGN section 5, 1 to 3).
//!
//! Knows: what must be true of any plan. Must not know: how a rewrite works. A failure is a bug of this program: the run
//! stops with an internal error that names the file, and nothing is written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Move, QueryChange, Request};
use crate::error::{Error, Kind, Result};
use crate::rewrite::loki;
use crate::text::{Edits, Place, RepoPath};
use crate::topology::compose::Driver;
use crate::topology::runs::Link;
use crate::topology::{Resolved, Topology, moves};

/// Facts of a topology as lines without positions, each with how often it is there.
type Facts = BTreeMap<String, isize>;

/// Asserts invariants 1 to 3 for the commit that moves the service. Returns what the repository says after it.
pub(super) fn check(
    before: &Topology,
    moved: &Move,
    edits: &BTreeMap<RepoPath, Edits>,
    queries: &[QueryChange],
    request: &Request,
) -> Result<Topology> {
    undo(before, edits)?;
    let after = before.again(&before.snapshot.edited(edits));
    let apart = Apart::of(before, &after);
    let (mut intended, found) =
        rayon::join(|| facts(before, Some(moved), &apart), || facts(&after, Some(moved), &apart));
    for &index in &moved.going {
        take(&mut intended, &listener_fact(before, moved.host_index, index));
    }
    rewritten(&mut intended, queries);
    for (path, edit) in edits.iter().flat_map(|(path, edits)| edits.iter().map(move |edit| (path, edit))) {
        if let Some(selector) = loki::added(edit) {
            *intended.entry(setting_fact(path.as_str(), &selector)).or_default() += 1;
        }
    }
    same(&intended, &found)?;
    variables(before, &after, edits)?;
    let again = match moves::resolve(&after, request) {
        // It went by the name of its job, which is gone.
        Err(error) if error.kind == Kind::User && is_off(before, &after, moved) => return Ok(after),
        again => again?,
    };
    match again {
        Resolved::Done(_) => Ok(after),
        Resolved::Move(..) => Err(Error::internal(format!("after the move, {} would move again", request.service))),
        Resolved::Blocked(why) => {
            let why = why.first().map(|finding| finding.message.clone()).unwrap_or_default();
            Err(Error::internal(format!("after the move, {} would be blocked: {why}", request.service)))
        }
    }
}

/// Whether the project is on the host and none of its containers is on syslog.
fn is_off(before: &Topology, after: &Topology, moved: &Move) -> bool {
    let file = &before.hosts[moved.host_index].deployments[moved.deployment].file.path;
    let host = &after.hosts[moved.host_index];
    let mut found = host.deployments.iter().zip(&host.links).filter(|(one, _)| one.file.path == *file).peekable();
    found.peek().is_some() && found.all(|(_, links)| links.iter().all(|link| *link == Link::None))
}

/// Asserts that the commit with the Docker-socket blocks changes nothing but that the host reads the socket now.
pub(super) fn check_blocks(before: &Topology, after: &Topology, moved: &Move) -> Result<()> {
    let apart = Apart::of(before, after);
    same(&facts(before, None, &apart), &facts(after, None, &apart))?;
    variables(before, after, &BTreeMap::new())?;
    let host = &after.hosts[moved.host_index];
    match host.socket(&after.alloy) {
        Some((_, socket)) if socket.rules.is_ok() => Ok(()),
        _ => Err(Error::internal(format!("the Docker-socket blocks added for {} cannot be read back", host.name))),
    }
}

/// Asserts that a commit which prunes changes nothing but these queries and the definitions it takes out. Returns what the
/// repository says after it.
pub(super) fn check_prune(
    before: &Topology,
    edits: &BTreeMap<RepoPath, Edits>,
    queries: &[QueryChange],
) -> Result<Topology> {
    undo(before, edits)?;
    let after = before.again(&before.snapshot.edited(edits));
    let apart = Apart::of(before, &after);
    let mut intended = facts(before, None, &apart);
    rewritten(&mut intended, queries);
    same(&intended, &facts(&after, None, &apart))?;
    variables(before, &after, edits)?;
    Ok(after)
}

/// What the queries are to be.
fn rewritten(intended: &mut Facts, queries: &[QueryChange]) {
    for change in queries.iter().filter(|change| change.before != change.after) {
        take(intended, &site_fact(change.at.source.path.as_str(), &change.before));
        *intended.entry(site_fact(change.at.source.path.as_str(), &change.after)).or_default() += 1;
    }
}

/// Invariant 1: undoing the edits gives back the original bytes.
fn undo(topology: &Topology, edits: &BTreeMap<RepoPath, Edits>) -> Result<()> {
    for (path, edits) in edits {
        let Some(source) = topology.snapshot.get(path.as_str()) else {
            return Err(Error::internal(format!("{path}: edited, but not part of the commit")));
        };
        let mut bytes = edits.apply(source.bytes());
        if std::str::from_utf8(&bytes).is_err() {
            return Err(Error::internal(format!("{path}: an edit cuts a character in two")));
        }
        for (span, old) in edits.invert(source.bytes()).into_iter().rev() {
            bytes.splice(span.range(), old);
        }
        if bytes != source.bytes() {
            return Err(Error::internal(format!("{path}: undoing the edits does not give back the file")));
        }
    }
    Ok(())
}

fn take(facts: &mut Facts, line: &str) {
    *facts.entry(line.to_owned()).or_default() -= 1;
}

fn same(intended: &Facts, found: &Facts) -> Result<()> {
    let count = |facts: &Facts, line: &str| facts.get(line).copied().unwrap_or(0);
    for line in intended.keys().chain(found.keys()) {
        let (want, have) = (count(intended, line), count(found, line));
        if want != have {
            return Err(Error::internal(format!(
                "read again, the result is not what was intended: `{line}` is there {have} times, not {want}"
            )));
        }
    }
    Ok(())
}

/// What is not one object in both topologies: hosts, and files with queries. What is one object was read from the same
/// bytes, so comparing it would compare each container and each query with itself.
struct Apart<'t> {
    hosts: BTreeSet<usize>,
    files: BTreeSet<&'t str>,
}

impl<'t> Apart<'t> {
    fn of(before: &'t Topology, after: &'t Topology) -> Self {
        let most = before.hosts.len().max(after.hosts.len());
        let is_one = |at: &usize| {
            before.hosts.get(*at).zip(after.hosts.get(*at)).is_some_and(|(one, other)| Arc::ptr_eq(one, other))
        };
        let hosts = (0..most).filter(|at| !is_one(at)).collect();
        let mut apart = BTreeSet::new();
        // Both are sorted by path.
        let mut others = after.queries.files.iter().peekable();
        for (path, file) in &before.queries.files {
            while let Some((odd, _)) = others.next_if(|(other, _)| *other < path) {
                apart.insert(odd.as_str());
            }
            if !others.next_if(|(other, _)| *other == path).is_some_and(|(_, other)| Arc::ptr_eq(file, other)) {
                apart.insert(path.as_str());
            }
        }
        apart.extend(others.map(|(path, _)| path.as_str()));
        Self { hosts, files: apart }
    }
}

fn facts(topology: &Topology, moved: Option<&Move>, apart: &Apart<'_>) -> Facts {
    let mut out = Facts::new();
    let mut add = |line: String| *out.entry(line).or_default() += 1;
    for (number, host) in topology.hosts.iter().enumerate().filter(|(number, _)| apart.hosts.contains(number)) {
        for index in 0..host.listeners.len() {
            add(listener_fact(topology, number, index));
        }
        for (index, deployment) in host.deployments.iter().enumerate() {
            let project = deployment.project.as_ref().map_or("?", |project| project.name.as_str());
            let path = deployment.files.first().map_or(&deployment.file.path, |file| &file.path);
            for service in &deployment.compose.services {
                let moves = moved.is_some_and(|moved| {
                    moved.host_index == number && moved.deployment == index && moved.components.contains(&service.name)
                });
                let driver = match &service.driver {
                    driver if moves && driver.is_read_from_socket() => "moves".to_owned(),
                    Driver::Syslog(_) if moves => "moves".to_owned(),
                    driver => format!("{driver:?}"),
                };
                add(format!("container {} {} {project} {} {driver}", host.name, path, service.name));
            }
        }
    }
    for (path, query) in topology.queries.texts_of(|path| apart.files.contains(path)) {
        add(site_fact(path, query));
    }
    for (path, selector) in loki::selectors(topology) {
        add(setting_fact(path.as_str(), &selector));
    }
    for config in &topology.alloy {
        for selector in config.selectors() {
            add(site_fact(config.source.path.as_str(), &selector.raw));
        }
    }
    out
}

fn listener_fact(topology: &Topology, host: usize, index: usize) -> String {
    let host = &topology.hosts[host];
    let listener = &host.listeners[index];
    format!(
        "listener {} {} {}/{:?} {:?}",
        host.name, listener.fact.component, listener.protocol, listener.port, listener.labels
    )
}

fn site_fact(path: &str, query: &str) -> String {
    format!("query {path} {query}")
}

fn setting_fact(path: &str, selector: &str) -> String {
    format!("setting {path} {selector}")
}

/// Asserts that each host has the definitions of variables it had, in the same order, without those an edit takes out.
fn variables(before: &Topology, after: &Topology, edits: &BTreeMap<RepoPath, Edits>) -> Result<()> {
    let mut hosts = after.inventory.hosts();
    for host in before.inventory.hosts() {
        let again = hosts.next().filter(|again| again.name == host.name);
        // What is the same object on both sides was read from files without an edit.
        let common = again.map_or(0, |again| host.in_common(again));
        let intended = host.definitions().skip(common).filter(|one| !covered(edits, &one.entry));
        let intended = intended.map(|one| one.name.as_str());
        let found = again.into_iter().flat_map(|again| again.definitions().skip(common)).map(|one| one.name.as_str());
        if again.is_none() || !intended.eq(found) {
            return Err(Error::internal(format!(
                "read again, {} does not have the variables that were intended",
                host.name
            )));
        }
    }
    match hosts.next() {
        Some(host) => Err(Error::internal(format!("read again, there is a new host: {}", host.name))),
        None => Ok(()),
    }
}

/// Whether an edit takes a whole place out.
fn covered(edits: &BTreeMap<RepoPath, Edits>, place: &Place) -> bool {
    edits.get(&place.source.path).is_some_and(|edits| {
        let text = place.text();
        let key = place.span.start() + (text.len() - text.trim_start().len());
        edits.iter().any(|edit| edit.span.covers(key) && edit.new.is_empty())
    })
}
