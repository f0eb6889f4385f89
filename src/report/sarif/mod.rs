//! The findings of a run as SARIF 2.1.0, with their fixes; positions are those of the base commit.
//!
//! Knows: the standard, and what GitHub's code scanning asks for beyond it. Must not know: how a place is counted
//! (`region`) or recognised again (`fingerprint`). What these keys mean to a user: `docs/sarif.md`.

mod fingerprint;
mod region;
mod results;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::finding::Level;
use crate::plan::{Plan, Task};
use crate::rule;

use super::told::{self, Told};
use super::{Run, plain, summary, to_json};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// What GitHub shows of a rule's description.
const LONGEST: usize = 1024;

/// See [`super::sarif()`].
pub(super) fn render(run: Run<'_>, origin: Option<&str>) -> String {
    let told = told::all(run);
    let rules = rules(&told);
    let index = |id: &str| rules.iter().position(|rule| rule["id"] == id);
    let (placed, loose): (Vec<_>, Vec<_>) = told.iter().partition(|one| one.place.is_some());
    let mut seen = results::Seen::default();
    let results: Vec<Value> =
        placed.iter().map(|one| results::result(one, index(one.finding.rule), &mut seen)).collect();
    let notifications: Vec<Value> =
        loose.iter().map(|one| results::notification(one, index(one.finding.rule))).collect();
    let mut out = json!({
        "tool": { "driver": {
            "name": "migrate",
            "version": env!("CARGO_PKG_VERSION"),
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "rules": rules,
        } },
        "automationDetails": { "id": identity(run) },
        "invocations": [{
            "executionSuccessful": true,
            "exitCode": summary::exit_code(run),
            "toolExecutionNotifications": notifications,
        }],
        "originalUriBaseIds": {
            region::ROOT: { "description": { "text": "The root of the repository" } },
        },
        "columnKind": "unicodeCodePoints",
        "results": results,
    });
    let base = run.plans.first().map(|plan| plan.base.as_str()).unwrap_or_default();
    out["properties"] = json!({
        "base": base,
        "branches": run.branches.iter().map(|one| one.branch.as_str()).filter(|name| !name.is_empty()).collect::<Vec<_>>(),
    });
    if let Some(uri) = origin {
        let root = json!({ "uriBaseId": region::ROOT });
        out["versionControlProvenance"] = json!([{ "repositoryUri": uri, "revisionId": base, "mappedTo": root }]);
    }
    let log = json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [out] });
    to_json(&log)
}

/// The category that GitHub keeps results apart by, with the slash that ends it.
fn identity(run: Run<'_>) -> String {
    let host = |plan: &Plan| match &plan.moved {
        Some(moved) => moved.short_host.clone(),
        None => plan.request.host.split('.').next().unwrap_or_default().to_owned(),
    };
    let hosts: BTreeSet<String> = run.plans.iter().map(host).collect();
    let mut parts = vec!["migrate".to_owned()];
    if let Some(host) = hosts.first().filter(|_| hosts.len() == 1) {
        parts.push(host.clone());
        if let [plan] = run.plans {
            parts.push(match plan.task {
                Task::Move => plan.request.service.clone(),
                Task::Prune => "prune".to_owned(),
            });
        }
    }
    let parts: Vec<_> = parts.iter().map(|part| plain::line(part).replace('/', "_")).collect();
    format!("{}/", parts.join("/"))
}

/// The rules that said something, by id.
fn rules(told: &[Told<'_>]) -> Vec<Value> {
    let ids: BTreeSet<&str> = told.iter().map(|one| one.finding.rule).collect();
    ids.into_iter().map(|id| rule_of(id, told)).collect()
}

fn rule_of(id: &str, told: &[Told<'_>]) -> Value {
    let sentence = rule::sentence(id).unwrap_or(id);
    let what = rule::what(id).unwrap_or(sentence);
    let worst = told.iter().filter(|one| one.finding.rule == id).map(|one| one.finding.level).min();
    let hint = rule::hint_text(id);
    let help = hint.map_or_else(|| what.to_owned(), |hint| format!("{what}\n\nWhat to do: {hint}"));
    json!({
        "id": id,
        "shortDescription": { "text": message(sentence, LONGEST) },
        "fullDescription": { "text": message(&format!("{sentence}. {what}"), LONGEST) },
        "defaultConfiguration": { "level": level(worst.unwrap_or(Level::Note)) },
        "help": { "text": message(&help, usize::MAX) },
        "properties": { "tags": [id.split('/').next().unwrap_or(id)] },
    })
}

/// The word for a level.
fn level(level: Level) -> &'static str {
    match level {
        Level::Blocked => "error",
        Level::Review => "warning",
        Level::Note => "note",
    }
}

/// A text that people read: visible, of at most `longest` characters, and with nothing in it that SARIF takes for a
/// placeholder (`{0}`) or a link (`[a](b)`).
fn message(text: &str, longest: usize) -> String {
    let text = plain::text(text).replace('{', "{{").replace('}', "}}").replace("](", "] (");
    if text.chars().count() <= longest {
        return text;
    }
    text.chars().take(longest - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests;
