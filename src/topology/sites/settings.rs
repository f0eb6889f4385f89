//! Settings of a panel that name a label which a move may rename: transformations, overrides, display names, sort orders.
//!
//! Knows: which keys of a panel hold names of fields (label-surface 2.3). Must not know: what becomes of a name.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use memchr::memmem;

use super::document::{Document, documents};
use super::{Holder, Setting, SettingRole};
use crate::syntax::DEEPEST;
use crate::syntax::tree::{NodeId, Ref};
use crate::text::{Source, Span, View};

/// Mappings whose keys are names of fields.
const NAMING_KEYS: &[&str] = &["excludeByName", "indexByName", "includeByName", "renameByName", "fields"];
/// Keys whose value, or the items of whose list, are names of fields.
const NAMING_VALUES: &[&str] = &[
    "keepLabels",
    "fieldName",
    "names",
    "byField",
    "field",
    "fields",
    "join",
    "columnField",
    "rowField",
    "valueField",
    "xField",
    "source",
    "targetField",
    "lookupField",
    "left",
    "right",
    "path",
    "displayedFields",
];
/// Keys whose value is the name of a field the panel makes.
const MADE: &[&str] = &["alias", "renameByName", "renamePattern", "newFieldName"];
/// How a setting reads the label of a series or the field of a row.
const READS: &[&str] = &["__field.labels", "__data.fields"];
/// Labels that have another name after a move: the job, and fields of the line that are called like a new label.
const LABELS: &[&str] = &["job", "service", "component", "container"];

/// The panels of a document with what they are set to.
pub(super) fn collect(document: &Document<'_>, holders: &HashMap<NodeId, usize>, list: &mut [Holder]) {
    let bytes = document.text().as_bytes();
    let labels = LABELS.iter().filter(|label| memmem::find(bytes, label.as_bytes()).is_some());
    let labels: Vec<&'static str> = labels.copied().collect();
    let mut keys = HashMap::new();
    for node in document.tree.iter().filter(|_| !labels.is_empty()) {
        let Some(text) = node.str() else { continue };
        for &label in labels.iter().filter(|label| text.contains(**label)) {
            let names = names(text, label);
            if names.is_empty() {
                continue;
            }
            let Some(index) = panel_around(holders, node) else { continue };
            let (Some(view), Some(holder)) = (document.view(node), list.get_mut(index)) else { continue };
            let beside = siblings(node, &mut keys);
            holder.settings.extend(names.into_iter().map(|(span, whole)| Setting {
                label,
                span,
                role: if whole { role(node, text, label) } else { read_role(node) },
                view: View::clone(&view),
                beside: Arc::clone(&beside),
            }));
        }
    }
}

/// Where a text names the label, and whether that is all of the text.
fn names(text: &str, label: &str) -> Vec<(Span, bool)> {
    if text == label {
        return vec![(Span::new(0, label.len()), true)];
    }
    let mut found: Vec<(Span, bool)> = Vec::new();
    for read in READS {
        for (at, _) in text.match_indices(read) {
            let rest = &text[at + read.len()..];
            let open = rest.len() - rest.trim_start_matches(['.', '[', '"', '\'']).len();
            let start = at + read.len() + open;
            let ends =
                text[start..].strip_prefix(label).is_some_and(|rest| rest.starts_with(['}', ':', '"', '\'', ']']));
            if open > 0 && ends {
                found.push((Span::new(start, start + label.len()), false));
            }
        }
    }
    // Server-side SQL over other queries.
    let sql = text.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("select"));
    // The name of a whole series, `{job="kairos", level="error"}`, or a pattern.
    let word = |at: usize| {
        let letter = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        !text[..at].ends_with(letter) && !text[at + label.len()..].starts_with(letter)
    };
    let series = text.starts_with('{') && text.ends_with('}') && text.contains('=');
    let pattern = text.starts_with('/') && text.ends_with('/') && text.len() > 1;
    if series || pattern || sql {
        let first = text.match_indices(label).map(|(at, _)| at).find(|at| word(*at));
        found.extend(first.map(|at| (Span::new(at, at + label.len()), true)));
    }
    found
}

fn read_role(node: Ref<'_, '_>) -> SettingRole {
    let url = node.own_entry().is_some_and(|(key, _)| matches!(key.str(), Some("url" | "body")));
    if url { SettingRole::Value } else { SettingRole::Name }
}

/// What a setting that names the label as a whole does.
fn role(node: Ref<'_, '_>, text: &str, label: &str) -> SettingRole {
    if text != label {
        return SettingRole::Pattern;
    }
    let Some(parent) = node.parent() else { return SettingRole::Pattern };
    let key_of = |at: Ref<'_, '_>| at.own_entry().and_then(|(key, _)| key.str()).unwrap_or("").to_owned();
    if node.is_key() {
        let naming = NAMING_KEYS.contains(&key_of(parent).as_str());
        return if naming { SettingRole::Name } else { SettingRole::Pattern };
    }
    let list = if parent.is_sequence() { parent } else { node };
    let around = list.parent().map(key_of).unwrap_or_default();
    let key = key_of(list);
    let id = parent.get_str("id").unwrap_or("");
    match key.as_str() {
        "valueLabel" => SettingRole::Value,
        _ if MADE.contains(&key.as_str()) || around == "renameByName" => SettingRole::Made,
        "value" if id == "displayName" => SettingRole::Made,
        "displayName" => {
            let sorts = parent.parent().is_some_and(|list| list.is_sequence() && key_of(list) == "sortBy");
            if sorts { SettingRole::Name } else { SettingRole::Made }
        }
        "options" if id == "byName" => SettingRole::Name,
        key if NAMING_VALUES.contains(&key) => SettingRole::Name,
        _ => SettingRole::Pattern,
    }
}

/// Keys of the mapping whose key `node` is; `known` are those of mappings that were asked before.
fn siblings(node: Ref<'_, '_>, known: &mut HashMap<NodeId, Arc<HashSet<String>>>) -> Arc<HashSet<String>> {
    let Some(parent) = node.parent().filter(|_| node.is_key()) else { return Arc::default() };
    let names = || parent.entries().filter_map(|(key, _)| key.str()).map(String::from);
    Arc::clone(known.entry(parent.id()).or_insert_with(|| Arc::new(names().collect())))
}

/// The panel whose field settings or transformations `node` is a part of.
fn panel_around(holders: &HashMap<NodeId, usize>, node: Ref<'_, '_>) -> Option<usize> {
    let mut at = node;
    let (mut settings, mut expression) = (false, false);
    for _ in 0..DEEPEST {
        let parent = at.parent()?;
        match at.pair().and_then(|(key, _)| key.str()) {
            // A server-side expression over other queries may name a label.
            Some("expression") if at.str().is_some() => expression = true,
            Some("targets" | "queries") if expression => {}
            Some("targets" | "queries" | "panels" | "templating" | "annotations") => return None,
            Some(
                "transformations" | "fieldConfig" | "options" | "vizConfig" | "seriesOverrides" | "styles" | "links",
            ) => settings = true,
            _ => {}
        }
        if let Some(&index) = holders.get(&parent.id()) {
            return (settings || expression).then_some(index);
        }
        at = parent;
    }
    None
}

/// Where the panels of a file name one of these values: value mappings, overrides of a series, values of a
/// transformation. Reads the file again, as hardly any move asks for it.
pub fn values(source: &Arc<Source>, names: &[String]) -> Vec<View> {
    const AROUND: &[&str] = &["mappings", "matcher", "transformations", "seriesOverrides"];
    let mut found = Vec::new();
    documents(source, &mut |document| {
        let Ok(document) = document else { return };
        for node in
            document.tree.iter().filter(|node| node.str().is_some_and(|text| names.iter().any(|name| name == text)))
        {
            let above = std::iter::successors(Some(node), |at| at.parent()).take(DEEPEST);
            let named =
                above.filter_map(Ref::own_entry).any(|(key, _)| key.str().is_some_and(|key| AROUND.contains(&key)));
            found.extend(document.view(node).filter(|_| named));
        }
    });
    found
}

/// How many queries a panel has, server-side expressions not counted.
pub(super) fn targets(panel: Ref<'_, '_>) -> usize {
    let list = panel.get("targets").or_else(|| panel.path(&["data", "spec", "queries"]));
    list.into_iter().flat_map(Ref::items).map(Ref::target).filter(|target| !is_expression(*target)).count()
}

fn is_expression(target: Ref<'_, '_>) -> bool {
    let says = |value: Option<Ref<'_, '_>>| {
        let value = value?;
        [value.str(), value.get_str("uid"), value.get_str("type"), value.get_str("name")]
            .into_iter()
            .flatten()
            .find(|text| *text == "__expr__")
            .map(|_| ())
    };
    let query = target.path(&["spec", "query"]);
    let plugin = query.and_then(|query| query.get_str("group").or_else(|| query.get_str("kind")));
    says(target.get("datasource")).is_some() || plugin == Some("__expr__")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::sites;

    /// Role and place of every setting of a panel with these settings.
    fn roles(settings: &str) -> Vec<(SettingRole, String)> {
        let text = format!("{{\"panels\": [{{\"targets\": [{{\"expr\": \"x\"}}], {settings}}}]}}");
        let source = Arc::new(Source::new("d.json", 0o100_644, Vec::new(), text.into_bytes()));
        let file = sites::read(&source);
        assert!(file.findings.is_empty(), "{:?}", file.findings);
        let shown = |one: &Setting| (one.role, one.view.text().to_owned());
        file.holders[0].settings.iter().map(shown).collect()
    }

    #[track_caller]
    fn one(settings: &str, role: SettingRole) {
        let found = roles(settings);
        assert_eq!(found.iter().map(|(role, _)| *role).collect::<Vec<_>>(), [role], "{settings}: {found:?}");
    }

    #[test]
    fn names_of_fields() {
        use SettingRole::{Made, Name, Pattern, Value};
        for key in ["excludeByName", "indexByName", "includeByName", "renameByName"] {
            one(&format!(r#""transformations": [{{"id": "organize", "options": {{"{key}": {{"job": 1}}}}}}]"#), Name);
        }
        one(r#""transformations": [{"id": "labelsToFields", "options": {"keepLabels": ["job"]}}]"#, Name);
        one(r#""transformations": [{"id": "labelsToFields", "options": {"valueLabel": "job"}}]"#, Value);
        one(
            r#""transformations": [{"id": "groupBy", "options": {"fields": {"job": {"operation": "groupby"}}}}]"#,
            Name,
        );
        one(r#""transformations": [{"id": "filterByValue", "options": {"filters": [{"fieldName": "job"}]}}]"#, Name);
        one(r#""transformations": [{"id": "filterFieldsByName", "options": {"include": {"names": ["job"]}}}]"#, Name);
        one(r#""transformations": [{"id": "joinByLabels", "options": {"join": ["job"]}}]"#, Name);
        one(r#""transformations": [{"id": "joinByField", "options": {"byField": "job"}}]"#, Name);
        one(r#""transformations": [{"id": "sortBy", "options": {"sort": [{"field": "job"}]}}]"#, Name);
        one(r#""transformations": [{"id": "renameByRegex", "options": {"regex": "/job/"}}]"#, Pattern);
        one(r#""transformations": [{"id": "organize", "options": {"renameByName": {"x": "job"}}}]"#, Made);
        one(r#""fieldConfig": {"overrides": [{"matcher": {"id": "byName", "options": "job"}}]}"#, Name);
        one(r#""fieldConfig": {"overrides": [{"matcher": {"id": "byNames", "options": {"names": ["job"]}}}]}"#, Name);
        one(r#""fieldConfig": {"overrides": [{"matcher": {"id": "byRegexp", "options": "job"}}]}"#, Pattern);
        one(
            r#""fieldConfig": {"overrides": [{"matcher": {"id": "byName", "options": "{job=\"a\", l=\"b\"}"}}]}"#,
            Pattern,
        );
        one(r#""fieldConfig": {"defaults": {"displayName": "${__field.labels.job}"}}"#, Name);
        one(r#""fieldConfig": {"defaults": {"displayName": "${__field.labels[\"job\"]:raw}"}}"#, Name);
        one(r#""fieldConfig": {"defaults": {"displayName": "job"}}"#, Made);
        one(r#""fieldConfig": {"defaults": {"links": [{"url": "/d/x?var-job=${__data.fields.job}"}]}}"#, Value);
        one(r#""links": [{"url": "/d/x?var-job=${__data.fields.job}"}]"#, Value);
        one(r#""options": {"sortBy": [{"displayName": "job", "desc": true}]}"#, Name);
        one(r#""options": {"footer": {"fields": ["job"]}}"#, Name);
        one(r#""options": {"xField": "job"}"#, Name);
        one(r#""options": {"displayedFields": ["job"]}"#, Name);
        one(r#""fieldConfig": {"defaults": {"displayName": "${__field.labels.component}"}}"#, Name);
    }

    #[test]
    fn settings_of_one_mapping_have_the_keys_beside_them_once() {
        let keys: Vec<String> = (0..200).map(|at| format!("\"job\": {at}, \"k{at}\": 1,")).collect();
        let options = format!("{{\"renameByName\": {{{} \"service\": 1}}}}", keys.concat());
        let text = format!(
            "{{\"panels\": [{{\"targets\": [{{\"expr\": \"x\"}}], \"transformations\": [{{\"options\": {options}}}]}}]}}"
        );
        let file = sites::read(&Arc::new(Source::new("d.json", 0o100_644, Vec::new(), text.into_bytes())));
        let settings = &file.holders[0].settings;
        assert_eq!((settings.len(), settings[0].beside.len()), (201, 202));
        assert!(settings.iter().all(|one| Arc::ptr_eq(&one.beside, &settings[0].beside)));
    }

    #[test]
    fn what_names_no_field_is_left_out() {
        assert!(
            roles(r#""title": "job", "repeat": "job", "options": {"content": "{job} and job=x", "text": "jobs"}"#)
                .is_empty()
        );
        assert!(roles(r#""links": [{"url": "/d/x?var-job=${job}"}], "options": {"x": "/jobs/"}"#).is_empty());
    }
}
