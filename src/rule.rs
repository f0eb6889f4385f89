//! The rule files of `rewrites/`: the sentences edits and findings are explained with, and the texts that are inserted.
//!
//! Knows: the shape of `rewrites/<artefact>/rule.yaml`. Must not know: what any rule does. The files are part of the
//! program, so a broken one is caught by the tests and never by a user.

pub mod questions;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// Every `rule.yaml`, embedded.
const FILES: &[(&str, &str)] = &[
    ("alerts", include_str!("../rewrites/alerts/rule.yaml")),
    ("alloy", include_str!("../rewrites/alloy/rule.yaml")),
    ("assumed", include_str!("../rewrites/assumed/rule.yaml")),
    ("compose", include_str!("../rewrites/compose/rule.yaml")),
    ("dashboards", include_str!("../rewrites/dashboards/rule.yaml")),
    ("host_vars", include_str!("../rewrites/host_vars/rule.yaml")),
    ("loki", include_str!("../rewrites/loki/rule.yaml")),
    ("mentions", include_str!("../rewrites/mentions/rule.yaml")),
    ("unread", include_str!("../rewrites/unread/rule.yaml")),
];

/// One artefact's `rule.yaml`. Unknown keys are errors.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Name of the folder: `dashboards`.
    pub artefact: String,
    /// What is rewritten there and why, for a reader of the file.
    pub what: String,
    /// Sentence by name; `{placeholder}` is filled in by [`say`].
    pub sentences: BTreeMap<String, String>,
    /// What the user can do about a finding, by the name of its sentence.
    #[serde(default)]
    pub hints: BTreeMap<String, String>,
    /// Texts that are written into the user's files, by name.
    #[serde(default)]
    pub texts: BTreeMap<String, String>,
}

static RULES: LazyLock<BTreeMap<&str, Rule>> =
    LazyLock::new(|| FILES.iter().filter_map(|(name, text)| Some((*name, serde_yaml::from_str(text).ok()?))).collect());

fn find<'r>(id: &str, part: impl Fn(&'r Rule) -> &'r BTreeMap<String, String>) -> Option<&'r String> {
    let (artefact, name) = id.split_once('/')?;
    part(RULES.get(artefact)?).get(name)
}

/// The sentence `id` (`<artefact>/<name>`) with its placeholders filled in. A sentence that does not exist is said as
/// its id, so that a finding is never lost.
pub fn say(id: &str, values: &[(&str, &str)]) -> String {
    find(id, |rule| &rule.sentences).map_or_else(|| id.to_owned(), |sentence| fill(sentence, values))
}

/// What the user can do about a finding of this id, with its placeholders filled in.
pub fn hint(id: &str, values: &[(&str, &str)]) -> Option<String> {
    find(id, |rule| &rule.hints).map(|hint| fill(hint, values))
}

/// Every id there is.
pub fn ids() -> impl Iterator<Item = String> {
    let of = |(artefact, rule): (&&str, &'static Rule)| {
        let artefact = (*artefact).to_owned();
        rule.sentences.keys().map(move |name| format!("{artefact}/{name}"))
    };
    RULES.iter().flat_map(of)
}

/// The sentence `id` as it stands in the rule file, placeholders included.
pub fn sentence(id: &str) -> Option<&'static str> {
    find(id, |rule| &rule.sentences).map(String::as_str)
}

/// The hint of `id` as it stands in the rule file, placeholders included.
pub fn hint_text(id: &str) -> Option<&'static str> {
    find(id, |rule| &rule.hints).map(String::as_str)
}

/// What is done with the artefact that `id` is about.
pub fn what(id: &str) -> Option<&'static str> {
    RULES.get(id.split_once('/')?.0).map(|rule| rule.what.as_str())
}

/// A text to insert, with its placeholders filled in; empty when there is none of that id.
pub fn text(id: &str, values: &[(&str, &str)]) -> String {
    find(id, |rule| &rule.texts).map_or_else(String::new, |text| fill(text, values))
}

/// Replaces each `{name}` that has a value; one pass, so a value that holds braces stays as it is.
fn fill(sentence: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(sentence.len() + 64);
    let mut rest = sentence;
    while let Some(open) = rest.find('{') {
        let (head, tail) = rest.split_at(open);
        out.push_str(head);
        let name = tail[1..].split('}').next().unwrap_or("");
        match values.iter().find(|(key, _)| *key == name) {
            Some((_, value)) if tail.len() > name.len() + 1 => {
                out.push_str(value);
                rest = &tail[name.len() + 2..];
            }
            _ => {
                out.push('{');
                rest = &tail[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_rule_file_reads() {
        for (name, text) in FILES {
            let rule: Rule =
                serde_yaml::from_str(text).unwrap_or_else(|error| panic!("rewrites/{name}/rule.yaml: {error}"));
            assert_eq!(rule.artefact, *name);
            for hint in rule.hints.keys() {
                assert!(rule.sentences.contains_key(hint), "rewrites/{name}/rule.yaml: hint `{hint}` has no sentence");
            }
        }
    }

    #[test]
    fn an_unknown_key_is_an_error() {
        assert!(serde_yaml::from_str::<Rule>("artefact: x\nwhat: y\nsentences: {}\nmore: 1\n").is_err());
    }

    #[test]
    fn fills_in_what_has_a_value_and_leaves_other_braces() {
        let said = fill("`{old}` becomes `{new}` in {{name}} {old", &[("old", "{new}"), ("new", "b"), ("name", "n")]);
        assert_eq!(said, "`{new}` becomes `b` in {n} {old");
    }
}
