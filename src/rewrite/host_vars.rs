//! Host variables: the port variable of a listener goes once nothing names it.
//!
//! Knows: which variables an address hangs on, where they are defined and who else names them. Must not know: Compose
//! or Alloy. Sources: real-world V3 to V9.

use std::collections::BTreeMap;
use std::sync::Arc;

use memchr::memmem::Finder;

use super::lines::{apart, flow_item, others, owner};
use super::{alloy, compose, edit, place};
use crate::finding::{Finding, Level};
use crate::rewrite::Outcome;
use crate::syntax::jinja;
use crate::text::{Edit, Owner, Place, RepoPath, Span, Style, lines};
use crate::topology::hosts::{Definition, Reader, Use};
use crate::topology::runs::Host;
use crate::topology::{Move, Topology, moves};

/// Removes the definitions that nothing names any more.
pub fn rewrite(topology: &Topology, moved: &Move) -> Outcome {
    let host = &topology.hosts[moved.host_index];
    let mut gone: BTreeMap<RepoPath, Vec<Span>> = BTreeMap::new();
    // Where there are none, the move is blocked by the finding that `compose` makes of it.
    let compose_edits = compose::edits(topology, moved).unwrap_or_default();
    let path = &host.deployments[moved.deployment].file.path;
    let mut edits: Vec<(RepoPath, Edit)> = compose_edits.into_iter().map(|edit| (path.clone(), edit)).collect();
    edits.extend(alloy::rewrite(topology, moved).edits);
    for (path, edit) in &edits {
        gone.entry(path.clone()).or_default().push(edit.span);
    }
    let mut names = addresses(topology, moved, &edits);
    for name in moved.going.iter().flat_map(|&index| &host.listeners[index].variables) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let mut out = Outcome::default();
    let mut going = Vec::new();
    for name in &names {
        match written_again(topology, &edits, name) {
            Some(at) => {
                out.findings.push(Finding::told(
                    Level::Note,
                    "host_vars/variable-kept",
                    &[("variable", name)],
                    Some(at),
                ));
            }
            None => going.extend(variable(topology, (&host.name, true), name, &mut gone, &mut out)),
        }
    }
    let owner = owner(Style::Hash, host, moved).called(names.iter().map(String::as_str));
    remove(topology, "host_vars/variable-removed", &going, &|_| owner.clone(), &mut out);
    out
}

/// Removes the ports of syslog listeners, going by their names, that nothing names any more: what earlier moves left.
pub(super) fn left_behind(topology: &Topology, host: &Host) -> Outcome {
    let mut gone = BTreeMap::new();
    let mut out = Outcome::default();
    let mut going = Vec::new();
    for name in topology.variables_of(host).into_iter().filter(|name| moves::is_port(name)) {
        let mut one = Outcome::default();
        let removed = variable(topology, (&host.name, false), &name, &mut gone, &mut one);
        // One that stays is no leftover: nothing to tell.
        if !removed.is_empty() {
            out.findings.append(&mut one.findings);
        }
        going.extend(removed);
    }
    let owner = |name: &str| {
        let service = name.split("_syslog").next().unwrap_or(name);
        Owner::new(Style::Hash).called([service, name]).beside(others(host))
    };
    remove(topology, "host_vars/variable-unread", &going, &owner, &mut out);
    out
}

/// Variables of this host that what goes hangs on and that hold the port of a listener that goes, alone or at the end
/// of an address.
fn addresses(topology: &Topology, moved: &Move, edits: &[(RepoPath, Edit)]) -> Vec<String> {
    let host = &topology.hosts[moved.host_index];
    let ports: Vec<String> =
        moved.going.iter().filter_map(|&index| host.listeners[index].port).map(|port| port.to_string()).collect();
    let Some(scope) = topology.scope(host) else { return Vec::new() };
    let variables = topology.inventory.get(&host.name);
    let known = |word: &str| variables.is_some_and(|host| host.definition(word).is_some());
    let mut out: Vec<String> = Vec::new();
    for (path, edit) in edits {
        let Some(text) = topology.snapshot.get(path.as_str()).and_then(|source| source.text()) else { continue };
        let mask = jinja::mask_or_plain(text);
        for tag in mask.tags_in(edit.span) {
            for word in words(tag.span.of(text)) {
                if !known(word) || out.iter().any(|name| name == word) {
                    continue;
                }
                let value = scope.resolve(&format!("{{{{ {word} }}}}")).unwrap_or_default();
                let port = value.rsplit(':').next().unwrap_or_default();
                if ports.iter().any(|one| one == port) {
                    out.push(word.to_owned());
                }
            }
        }
    }
    out
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// The edit that writes a text which names the variable: an anchor that moves takes it along.
fn written_again(topology: &Topology, edits: &[(RepoPath, Edit)], name: &str) -> Option<Place> {
    let (path, edit) = edits.iter().find(|(_, edit)| words(&edit.new).any(|word| word == name))?;
    Some(place(topology.snapshot.get(path.as_str())?, edit.span))
}

/// What goes so far.
type Gone = BTreeMap<RepoPath, Vec<Span>>;

/// The definitions of one variable that go, on `host` and, if `everywhere`, on others. What another host says of itself
/// under the same name asks for nothing; it goes with the last that did, in whatever order services move. Variables come
/// in the order an address looks them up, so a chain goes link by link (V3).
fn variable(
    topology: &Topology,
    (host, everywhere): (&str, bool),
    name: &str,
    gone: &mut Gone,
    out: &mut Outcome,
) -> Vec<Arc<Definition>> {
    let is_in =
        |one: &Definition, at: &Place| one.entry.source.path == at.source.path && one.entry.span.contains(at.span);
    let mut definitions = topology.definitions(host, name);
    let others = topology.inventory.definitions_of(name);
    if everywhere && !definitions.is_empty() {
        let is_new = |one: &&&Arc<Definition>| !definitions.iter().any(|have| is_in(have, &one.entry));
        let new: Vec<_> = others.iter().filter(is_new).filter(|one| can_go(one)).map(|one| Arc::clone(one)).collect();
        definitions.extend(new);
    }
    if definitions.is_empty() {
        out.findings.push(Finding::told(Level::Note, "host_vars/variable-opaque", &[("variable", name)], None));
        return Vec::new();
    }
    let is_gone = |at: &Place| {
        gone.get(&at.source.path).is_some_and(|spans| spans.iter().any(|span| span.contains(at.span)))
            || definitions.iter().any(|one| is_in(one, at))
    };
    if let Some(at) = built_name(topology, name).filter(|at| !is_gone(at)) {
        out.findings.push(Finding::told(Level::Note, "host_vars/variable-built", &[("variable", name)], Some(at)));
        return Vec::new();
    }
    let is_others = |reader: &Reader| reader.kind == Use::Definition && others.iter().any(|one| is_in(one, &reader.at));
    let is_left = |reader: &Reader| !is_gone(&reader.at) && !is_others(reader);
    let readers: Vec<Reader> = topology.readers_of(name).into_iter().filter(is_left).collect();
    let (names_it, mentions): (Vec<_>, Vec<_>) = readers.into_iter().partition(is_use);
    if let Some(reader) = names_it.first() {
        let found =
            Finding::told(Level::Note, "host_vars/variable-kept", &[("variable", name)], Some(reader.at.clone()));
        out.findings.push(found);
        return Vec::new();
    }
    for reader in mentions {
        out.findings.push(Finding::told(
            Level::Note,
            "host_vars/variable-mentioned",
            &[("variable", name)],
            Some(reader.at),
        ));
    }
    let (goes, stays): (Vec<_>, Vec<_>) = definitions.into_iter().partition(|one| can_go(one));
    for definition in stays {
        let at = Some(definition.entry.clone());
        out.findings.push(Finding::told(Level::Review, "host_vars/variable-inline", &[("variable", name)], at));
    }
    for definition in &goes {
        gone.entry(definition.entry.source.path.clone()).or_default().push(definition.entry.span);
    }
    goes
}

/// Whether a definition can be taken out with nothing else.
fn can_go(one: &Definition) -> bool {
    one.entry.source.text().is_some() && (one.own_lines || is_json(one))
}

/// A place that puts variable names together from parts and may mean this one: `vars[service ~ '_syslog_port']`.
fn built_name(topology: &Topology, name: &str) -> Option<Place> {
    let tail = &name[name.find('_')?..];
    let quoted = ['\'', '"'].map(|quote| Finder::new(&format!("{quote}{tail}{quote}")).into_owned());
    topology.holding(&[tail]).iter().find_map(|source| {
        let at = quoted.iter().find_map(|finder| finder.find(source.bytes()))?;
        source.text().map(|_| place(source, Span::new(at, at + tail.len() + 2)))
    })
}

/// Whether an occurrence keeps the variable alive. Prose and comments do not.
fn is_use(reader: &Reader) -> bool {
    let prose = matches!(reader.at.source.path.name().rsplit('.').next(), Some("md" | "rst" | "txt" | "adoc"));
    match reader.kind {
        Use::Comment => false,
        Use::Definition | Use::Expression | Use::Condition | Use::Text => !prose,
    }
}

/// Takes definitions out, each with the comments of what `owner` says it is of.
fn remove(
    topology: &Topology,
    id: &'static str,
    going: &[Arc<Definition>],
    owner: &dyn Fn(&str) -> Owner,
    out: &mut Outcome,
) {
    for definition in going {
        let source = &definition.entry.source;
        let Some(text) = source.text() else { continue };
        let beside = going.iter().filter(|one| one.entry.source.path == source.path);
        let beside: Vec<Span> = beside.map(|one| key_on(text, one)).collect();
        let span = if is_json(definition) {
            flow_item(text, definition.entry.span, &Owner::new(Style::None))
        } else {
            lines::whole_lines(text, key_on(text, definition), &owner(&definition.name).with(&beside))
        };
        let values = [("variable", definition.name.as_str())];
        let fact = Some(place(source, definition.value_at.span));
        out.edits.push((source.path.clone(), edit(id, span, String::new(), &values, fact)));
    }
    apart(topology, &mut out.edits);
}

fn is_json(definition: &Definition) -> bool {
    definition.entry.source.path.name().ends_with(".json")
}

/// A definition from its key on.
fn key_on(text: &str, definition: &Definition) -> Span {
    let entry = definition.entry.span.of(text);
    let start = definition.entry.span.start() + (entry.len() - entry.trim_start().len());
    Span::new(start, start + entry.trim().len())
}
