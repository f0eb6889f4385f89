//! One definition of a variable, and the reading of a mapping of variables into definitions.
//!
//! Knows: YAML's scalar rules as Ansible has them (YAML 1.1) and the places of keys and values. Must not know: which
//! of two definitions is in force.

use std::collections::HashSet;
use std::sync::Arc;

use minijinja::Value;

use crate::finding::{Finding, Level};
use crate::syntax::tree::{Kind, Ref, Style};
use crate::text::{Place, Source, Span};
use crate::topology::values::{Content, Hidden};

use super::scalar;

/// Whom a definition is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// Every host that a role runs on; the role's name.
    Role(String),
    /// The hosts of a group.
    Group(String),
    /// One host.
    Host(String),
}

/// Where a definition stands in Ansible's order. The later beats the earlier; within one layer of groups the deeper,
/// then `ansible_group_priority`, then the name decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// `roles/*/defaults/main.*`.
    RoleDefaults,
    /// `vars` of the group `all` in the inventory.
    InventoryAll,
    /// `vars` of another group in the inventory.
    InventoryGroup,
    /// `group_vars/all*` beside the inventory.
    GroupVarsAll,
    /// `group_vars/all*` beside a playbook.
    PlayGroupVarsAll,
    /// `group_vars/<group>*` beside the inventory.
    GroupVars,
    /// `group_vars/<group>*` beside a playbook.
    PlayGroupVars,
    /// Variables of a host in the inventory.
    InventoryHost,
    /// `host_vars/<host>*` beside the inventory.
    HostVars,
    /// `host_vars/<host>*` beside a playbook.
    PlayHostVars,
}

/// One definition of one variable.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The variable.
    pub name: String,
    /// Whom it is for.
    pub owner: Owner,
    /// Where it stands in the order.
    pub layer: Layer,
    /// The whole entry. A YAML entry on lines of its own reaches from the start of its first line to the end of its
    /// last, line end and trailing comment included; any other from the key to the end of the value.
    pub entry: Place,
    /// Whether the entry has its lines to itself, so that they can be removed as they are.
    pub own_lines: bool,
    /// The value as written.
    pub value_at: Place,
    /// The value.
    pub content: Content,
}

/// A definition before it is known whom it is for.
pub(super) struct Written {
    pub(super) name: String,
    pub(super) entry: Place,
    pub(super) own_lines: bool,
    pub(super) value_at: Place,
    pub(super) content: Content,
}

impl Written {
    pub(super) fn for_owner(self, owner: &Owner, layer: Layer) -> Arc<Definition> {
        let Self { name, entry, own_lines, value_at, content } = self;
        Arc::new(Definition { name, owner: owner.clone(), layer, entry, own_lines, value_at, content })
    }
}

/// How deep values are followed.
const DEEPEST_VALUE: usize = 64;
/// Values one file may unfold to through aliases.
const MOST_VALUES: usize = 200_000;

/// The variables of a mapping in file order; of a key that is there twice, each, so that the last wins.
pub(super) fn entries(source: &Arc<Source>, mapping: Ref<'_, '_>, findings: &mut Vec<Finding>) -> Vec<Written> {
    let mut budget = MOST_VALUES;
    let mut out = Vec::new();
    // What `<<` brings in stands below the explicit keys, the first mapping above the others.
    let merged: Vec<_> = mapping.layers().skip(1).collect();
    for (key, value) in merged.into_iter().rev().flat_map(Ref::entries) {
        if key.str().is_some_and(|name| name != "<<") {
            out.push(entry(source, key, value, &mut budget));
        }
    }
    let mut seen = HashSet::new();
    for (key, value) in mapping.entries() {
        let Some(name) = key.str() else { continue };
        if name == "<<" {
            continue;
        }
        let at = Place::new(source, key.span());
        if !seen.insert(name) {
            let message = format!("`{name}` is there twice in this mapping; Ansible takes the last");
            findings.push(Finding::new(Level::Note, "host-vars/duplicate-key", message).at(at));
        }
        out.push(entry(source, key, value, &mut budget));
    }
    out
}

fn entry(source: &Arc<Source>, key: Ref<'_, '_>, value: Ref<'_, '_>, budget: &mut usize) -> Written {
    let (span, own_lines) = whole(source, key, value);
    Written {
        name: key.str().unwrap_or_default().to_owned(),
        entry: Place::new(source, span),
        own_lines,
        value_at: Place::new(source, value.span()),
        content: Content::of(convert(source, value, 0, budget)),
    }
}

/// The bytes of an entry, and whether they are whole lines.
fn whole(source: &Source, key: Ref<'_, '_>, value: Ref<'_, '_>) -> (Span, bool) {
    let bytes = source.bytes();
    let start = [key.node().anchor, key.node().tag].into_iter().flatten().fold(key.span(), Span::join).start();
    let end = value.span().end().max(key.span().end()).min(bytes.len());
    let short = Span::new(start, end);
    let flow = key.parent().is_some_and(|parent| parent.node().style == Style::Flow);
    let line = source.line_at(start);
    // A byte order mark is no part of the first entry.
    let mark = if line.start() == 0 && bytes.starts_with("\u{feff}".as_bytes()) { 3 } else { 0 };
    let line = Span::new(line.start() + mark, line.end());
    let indented = bytes.get(line.start()..start).is_some_and(|before| before.iter().all(|&b| b == b' '));
    if flow || !indented {
        return (short, false);
    }
    if end > start && bytes.get(end - 1) == Some(&b'\n') {
        return (Span::new(line.start(), end), true);
    }
    let end = memchr::memchr(b'\n', bytes.get(end..).unwrap_or_default()).map_or(bytes.len(), |at| end + at + 1);
    (Span::new(line.start(), end), true)
}

/// A node of a playbook as a value, as Ansible's loader reads it.
pub(in crate::topology) fn value_of(source: &Source, node: Ref<'_, '_>) -> Value {
    let mut budget = MOST_VALUES;
    convert(source, node, 0, &mut budget)
}

/// A node as a value; what cannot be read becomes [`Hidden`].
fn convert(source: &Source, node: Ref<'_, '_>, depth: usize, budget: &mut usize) -> Value {
    let node = node.target();
    if depth > DEEPEST_VALUE || *budget == 0 {
        return Hidden::value();
    }
    *budget -= 1;
    let tag = node.node().tag.map(|tag| source.slice(tag).trim());
    match &node.node().kind {
        Kind::Scalar(text) => match (tag, node.node().style) {
            (None | Some("!"), Style::Plain | Style::Absent) if tag.is_none() => scalar::plain(text),
            (None | Some("!" | "!!str"), _) => Value::from(text.as_ref()),
            (Some("!!int" | "!!bool" | "!!float" | "!!null"), _) => scalar::plain(text),
            _ => Hidden::value(),
        },
        _ if tag.is_some_and(|tag| !matches!(tag, "!!map" | "!!seq")) => Hidden::value(),
        Kind::Sequence(_) => {
            Value::from(node.items().map(|item| convert(source, item, depth + 1, budget)).collect::<Vec<_>>())
        }
        Kind::Mapping(_) => Value::from_pairs(pairs(source, node, depth, budget)),
        Kind::Alias(_) => Hidden::value(),
    }
}

fn pairs(source: &Source, node: Ref<'_, '_>, depth: usize, budget: &mut usize) -> Vec<(Value, Value)> {
    let mut out = Vec::new();
    let layers: Vec<_> = node.layers().collect();
    *budget = budget.saturating_sub(layers.len());
    for (key, value) in layers.into_iter().rev().flat_map(Ref::entries) {
        let key = key.target();
        if key.str() == Some("<<") {
            continue;
        }
        let name = match key.node().style {
            Style::Plain => key.str().map(scalar::plain),
            _ => key.str().map(Value::from),
        };
        if let Some(name) = name {
            out.push((name, convert(source, value, depth + 1, budget)));
        }
    }
    out
}
