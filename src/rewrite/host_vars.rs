//! Host variables: the port variable of a listener goes once nothing names it.
//!
//! Knows: which variables an address hangs on, where they are defined and who else names them. Must not know: Compose
//! or Alloy. Sources: real-world V3 to V9.

use std::collections::BTreeMap;

use memchr::memmem::Finder;

use super::{alloy, compose, edit, lines::flow_item, place};
use crate::finding::{Finding, Level};
use crate::rewrite::Outcome;
use crate::syntax::jinja;
use crate::text::{Edit, Place, RepoPath, Span, lines};
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
    for name in names {
        match written_again(topology, &edits, &name) {
            Some(at) => {
                out.findings.push(Finding::told(
                    Level::Note,
                    "host_vars/variable-kept",
                    &[("variable", &name)],
                    Some(at),
                ));
            }
            None => variable(topology, &host.name, &name, ("host_vars/variable-removed", &mut gone), &mut out),
        }
    }
    out
}

/// Removes the ports of syslog listeners, going by their names, that nothing names any more: what earlier moves left.
pub(super) fn left_behind(topology: &Topology, host: &Host) -> Outcome {
    let mut gone = BTreeMap::new();
    let mut out = Outcome::default();
    for name in topology.variables_of(host).into_iter().filter(|name| moves::is_port(name)) {
        let mut one = Outcome::default();
        variable(topology, &host.name, &name, ("host_vars/variable-unread", &mut gone), &mut one);
        // One that stays is no leftover: nothing to tell.
        if !one.edits.is_empty() {
            out.edits.append(&mut one.edits);
            out.findings.append(&mut one.findings);
        }
    }
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

/// What goes so far: the sentence it goes with, and the places.
type Gone<'a> = (&'static str, &'a mut BTreeMap<RepoPath, Vec<Span>>);

/// One variable. Variables come in the order an address looks them up, so a chain goes link by link (V3).
fn variable(topology: &Topology, host: &str, name: &str, (id, gone): Gone<'_>, out: &mut Outcome) {
    let definitions = topology.definitions(host, name);
    if definitions.is_empty() {
        out.findings.push(Finding::told(Level::Note, "host_vars/variable-opaque", &[("variable", name)], None));
        return;
    }
    let is_gone = |at: &Place| {
        gone.get(&at.source.path).is_some_and(|spans| spans.iter().any(|span| span.contains(at.span)))
            || definitions.iter().any(|one| one.entry.source.path == at.source.path && one.entry.span.contains(at.span))
    };
    if let Some(at) = built_name(topology, name).filter(|at| !is_gone(at)) {
        out.findings.push(Finding::told(Level::Note, "host_vars/variable-built", &[("variable", name)], Some(at)));
        return;
    }
    let readers: Vec<Reader> = topology.readers_of(name).into_iter().filter(|reader| !is_gone(&reader.at)).collect();
    let (names_it, mentions): (Vec<_>, Vec<_>) = readers.into_iter().partition(is_use);
    if let Some(reader) = names_it.first() {
        let found =
            Finding::told(Level::Note, "host_vars/variable-kept", &[("variable", name)], Some(reader.at.clone()));
        out.findings.push(found);
        return;
    }
    for reader in mentions {
        out.findings.push(Finding::told(
            Level::Note,
            "host_vars/variable-mentioned",
            &[("variable", name)],
            Some(reader.at),
        ));
    }
    for definition in definitions {
        remove(&definition, (id, gone), out);
    }
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

fn remove(definition: &Definition, (id, gone): Gone<'_>, out: &mut Outcome) {
    let source = &definition.entry.source;
    let values = [("variable", definition.name.as_str())];
    let Some(text) = source.text().filter(|_| definition.own_lines || is_json(definition)) else {
        let at = Some(definition.entry.clone());
        out.findings.push(Finding::told(Level::Review, "host_vars/variable-inline", &values, at));
        return;
    };
    let span =
        if is_json(definition) { flow_item(text, definition.entry.span, |_| false) } else { whole(text, definition) };
    gone.entry(source.path.clone()).or_default().push(span);
    let fact = Some(place(source, definition.value_at.span));
    out.edits.push((source.path.clone(), edit(id, span, String::new(), &values, fact)));
}

fn is_json(definition: &Definition) -> bool {
    definition.entry.source.path.name().ends_with(".json")
}

/// The lines of a definition. A comment above goes with it, unless it heads a group of which a member stays (V9): it
/// opens a paragraph, the next line is another key, and it does not speak of this one.
fn whole(text: &str, definition: &Definition) -> Span {
    let is_comment = |line: &str| line.starts_with('#');
    let entry = definition.entry.span.of(text);
    let blanks = entry.len() - entry.trim_start().len();
    let start = definition.entry.span.start() + blanks;
    let key = Span::new(start, start + entry.trim().len());
    let with = lines::whole_lines(text, key, is_comment);
    let comment = Span::new(with.start(), start).of(text).to_lowercase();
    let service = definition.name.split("_syslog").next().unwrap_or(&definition.name).to_lowercase();
    let speaks = comment.contains(&service) || comment.contains(&service.replace('_', "-"));
    let above = text[..with.start()].trim_end_matches(['\n', '\r', '\u{feff}']);
    let opens_group =
        above.is_empty() || above.ends_with("---") || text[above.len()..with.start()].matches('\n').count() > 1;
    let next = text.get(with.end()..).and_then(|rest| rest.lines().next()).unwrap_or_default().trim();
    let heads_group = !next.is_empty() && !is_comment(next);
    if opens_group && heads_group && !speaks { lines::below_comments(text, key, is_comment) } else { with }
}
