//! Settings of the Loki server that select streams by `job`, or demand the label (label-surface 4, trap 23).
//!
//! Knows: retention and policies by stream, labels that are demanded of streams and queries, blocked queries. Must not
//! know: which server reads the file. An entry for the old streams is kept, for their lines are there until they expire;
//! one for the new streams is put behind it, with the same settings, where the streams say that it selects exactly
//! those.

mod lists;

use std::sync::Arc;

use memchr::memmem;

use super::mentions;
use super::{Outcome, edit, place};
use crate::finding::{Finding, Level};
use crate::proof;
use crate::syntax::jinja::{self, Mask};
use crate::syntax::tree::{Ref, Tree};
use crate::syntax::yaml;
use crate::text::{Edit, RepoPath, Source, Span};
use crate::topology::{Label, Move, Stream, Topology};

use lists::{Added, Moving};

/// Keys that are looked for, and what stands in each file that has one.
const KEYS: [&str; 5] =
    ["retention_stream", "policy_stream_mapping", "enforced_labels", "required_labels", "blocked_queries"];

/// Edits and findings for the settings of the repository.
pub fn rewrite(topology: &Topology, moved: &Move) -> Outcome {
    let mut out = Outcome::default();
    for source in &topology.holding(&KEYS) {
        read(source, &mut |text, mask, tree| {
            for found in settings(tree) {
                settle(&File { source, text, mask }, &found, moved, &mut out);
            }
        });
    }
    out
}

/// The bytes of a file that this rewrite answers for: selectors, patterns and demanded labels.
pub(super) fn handled(source: &Arc<Source>) -> Vec<Span> {
    let mut out = Vec::new();
    read(source, &mut |_, _, tree| {
        for found in settings(tree) {
            let (list, key) = match found {
                Setting::Streams(list) => (list, "selector"),
                Setting::Blocked(list) => (list, "pattern"),
                Setting::Demand(list, _) => {
                    out.push(list.span());
                    continue;
                }
            };
            out.extend(list.items().filter_map(|entry| Some(entry.target().get(key)?.span())));
        }
    });
    out
}

/// The selectors of all lists by stream, as written, each with its file.
pub(crate) fn selectors(topology: &Topology) -> Vec<(RepoPath, String)> {
    let mut out = Vec::new();
    for source in &topology.holding(&KEYS) {
        read(source, &mut |text, _, tree| {
            for found in settings(tree) {
                let Setting::Streams(list) = found else { continue };
                let selectors = list.items().filter_map(|entry| entry.target().get("selector"));
                out.extend(selectors.map(|selector| (source.path.clone(), selector.span().of(text).to_owned())));
            }
        });
    }
    out
}

/// The selector that an edit of this rewrite adds, as written.
pub(crate) fn added(edit: &Edit) -> Option<String> {
    if edit.why.rule != "loki/entry-added" {
        return None;
    }
    let text = edit.new.strip_prefix(", ").unwrap_or(&edit.new);
    let mask = jinja::mask_or_plain(text);
    let tree = yaml::read(mask.text()).ok()?;
    let root = tree.root()?;
    let entry = root.items().next().unwrap_or(root);
    Some(entry.get("selector")?.span().of(text).to_owned())
}

struct File<'a> {
    source: &'a Arc<Source>,
    text: &'a str,
    mask: &'a Mask,
}

fn read(source: &Arc<Source>, take: &mut dyn FnMut(&str, &Mask, &Tree<'_>)) {
    let name = source.path.name();
    let stem = name.strip_suffix(".j2").unwrap_or(name);
    let yaml = stem.ends_with(".yml") || stem.ends_with(".yaml");
    if !yaml || !KEYS.iter().any(|key| memmem::find(source.bytes(), key.as_bytes()).is_some()) {
        return;
    }
    let Some(text) = source.text().filter(|text| !text.starts_with("$ANSIBLE_VAULT")) else { return };
    let mask = if stem == name { jinja::mask_none(text) } else { jinja::mask_or_plain(text) };
    if let Ok(tree) = yaml::read(mask.text()) {
        take(text, &mask, &tree);
    }
}

/// One setting of interest.
#[derive(Clone, Copy)]
enum Setting<'t, 'a> {
    /// A list of entries with a `selector` each.
    Streams(Ref<'t, 'a>),
    /// A list of labels that streams (`true`) or queries must have.
    Demand(Ref<'t, 'a>, bool),
    /// A list of entries with a `pattern` each.
    Blocked(Ref<'t, 'a>),
}

/// The settings of a document: below `limits_config` or a tenant, at the top or in the values of a chart.
fn settings<'t, 'a>(tree: &'t Tree<'a>) -> Vec<Setting<'t, 'a>> {
    let mut out = Vec::new();
    for (key, value) in tree.iter().flat_map(Ref::entries) {
        // What an alias stands for is met where it is written.
        let under = || value.entries().map(|(_, list)| list).filter(|list| list.is_sequence());
        match key.str() {
            Some("retention_stream") if value.is_sequence() => out.push(Setting::Streams(value)),
            Some("policy_stream_mapping") => out.extend(under().map(Setting::Streams)),
            // Other programs have keys of these names, too.
            Some("enforced_labels" | "policy_enforced_labels" | "required_labels" | "blocked_queries")
                if !value.parent().is_some_and(is_limits) => {}
            Some("enforced_labels") if value.is_sequence() => out.push(Setting::Demand(value, true)),
            Some("policy_enforced_labels") => out.extend(under().map(|list| Setting::Demand(list, true))),
            Some("required_labels") if value.is_sequence() => out.push(Setting::Demand(value, false)),
            Some("blocked_queries") if value.is_sequence() => out.push(Setting::Blocked(value)),
            _ => {}
        }
    }
    out
}

/// Whether a mapping holds the limits of Loki, or of one of its tenants.
fn is_limits(mapping: Ref<'_, '_>) -> bool {
    let is = |node: Ref<'_, '_>, name| node.own_entry().is_some_and(|(key, _)| key.str() == Some(name));
    is(mapping, "limits_config") || mapping.parent().is_some_and(|above| is(above, "overrides"))
}

fn settle(file: &File<'_>, setting: &Setting<'_, '_>, moved: &Move, out: &mut Outcome) {
    match setting {
        Setting::Streams(list) => streams(file, *list, moved, out),
        Setting::Demand(list, of_streams) => demand(file, *list, *of_streams, moved, out),
        Setting::Blocked(list) => blocked_queries(file, *list, moved, out),
    }
}

/// Entries for the moved streams, behind those for the old ones.
fn streams(file: &File<'_>, list: Ref<'_, '_>, moved: &Move, out: &mut Outcome) {
    let moving = Moving::of(moved);
    let entries = lists::entries(file, list);
    let mut added = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let at = || Some(place(file.source, entry.selector_at));
        let values = [("project", moved.project.as_str())];
        let review = |id, proposed: String| Finding::told(Level::Review, id, &values, at()).showing(proposed);
        match lists::second(file, entry, &entries, &moving, moved) {
            Added::Nothing => {}
            Added::Unsure(proposed) => out.findings.push(review("loki/unsure", proposed)),
            Added::Entry { selector, at: offset, new } => {
                let why = moved.listeners.first().cloned();
                let edit = edit("loki/entry-added", Span::at(offset), new.clone(), &[("selector", &selector)], why);
                if lists::holds(file, &edit, list, index, &selector) {
                    out.findings.push(Finding::told(Level::Note, "loki/entry-kept", &values, at()));
                    out.edits.push((file.source.path.clone(), edit));
                    added.push(index);
                } else {
                    out.findings.push(review("loki/unsure", new));
                }
            }
        }
    }
    if let Some(entry) = lists::decides_otherwise(&entries, &added, &moving) {
        let values = [("project", moved.project.as_str())];
        let at = place(file.source, entry.selector_at);
        out.findings.push(Finding::told(Level::Review, "loki/other-entry", &values, Some(at)));
    }
}

/// Labels that Loki demands; the moved streams have no `job`, unless the Docker-socket block sets one.
fn demand(file: &File<'_>, list: Ref<'_, '_>, of_streams: bool, moved: &Move, out: &mut Outcome) {
    let new = Moving::of(moved).after;
    let has_job = |stream: &&Stream| matches!(stream.labels.get("job"), Some(Label::Known(_)));
    if new.iter().all(|stream| has_job(&stream)) && !new.is_empty() {
        return;
    }
    let id = if of_streams { "loki/enforced" } else { "loki/required" };
    for label in list.items().filter(|label| label.target().str() == Some("job")) {
        let at = place(file.source, label.span());
        out.findings.push(Finding::told(Level::Blocked, id, &[("project", &moved.project)], Some(at)));
    }
}

fn blocked_queries(file: &File<'_>, list: Ref<'_, '_>, moved: &Move, out: &mut Outcome) {
    for entry in list.items().map(Ref::target) {
        let Some(pattern) = entry.get("pattern") else { continue };
        let Some(text) = pattern.str() else { continue };
        let found = mentions::find(text, &moved.jobs);
        let Some(first) = found.first() else { continue };
        let mut proposed = text.to_owned();
        proposed.replace_range(first.value.range(), &moved.project);
        proposed.replace_range(first.label.range(), "service");
        let at = Some(place(file.source, pattern.span()));
        let values = [("labels", format!("service={}", proof::quoted(&moved.project)))];
        let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
        out.findings.push(Finding::told(Level::Review, "loki/blocked-query", &values, at).showing(proposed));
    }
}

#[cfg(test)]
mod tests {
    use crate::rule;

    #[test]
    fn every_sentence_is_there() {
        for id in ["entry-added", "entry-kept", "unsure", "other-entry", "enforced", "required", "blocked-query"] {
            let id = format!("loki/{id}");
            assert_ne!(rule::say(&id, &[]), id);
        }
    }
}
