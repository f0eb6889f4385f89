//! Each finding as a result of the log.
//!
//! Knows: what a result holds. Must not know: the frame of the log.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::finding::{self, Finding, Trust};
use crate::plan::{Plan, Task};
use crate::text::{Place, RepoPath};

use super::super::base::BasePlace;
use super::super::summary;
use super::super::told::Told;
use super::{fingerprint, level, message, region};

/// What has been written so far: the hashes of files, and how often a fingerprint was used.
#[derive(Default)]
pub(super) struct Seen {
    lines: BTreeMap<RepoPath, Vec<String>>,
    used: BTreeMap<(String, String), usize>,
}

impl Seen {
    /// GitHub's hash of the line a place starts in.
    fn line_hash(&mut self, place: &Place) -> String {
        let source = &place.source;
        let hashes = self
            .lines
            .entry(source.path.clone())
            .or_insert_with(|| fingerprint::lines(&String::from_utf8_lossy(source.bytes())));
        // The hash takes a lone CR for a line end, this program does not; such a file gets the hash of a line near by.
        let line = summary::start(place).line.min(hashes.len().max(1));
        hashes.get(line - 1).cloned().unwrap_or_default()
    }

    /// `word` again for the first finding that has it, with a number for each further one.
    fn once(&mut self, scope: &str, word: String) -> String {
        let count = self.used.entry((scope.to_owned(), word.clone())).or_insert(0);
        *count += 1;
        if *count == 1 { word } else { format!("{word}-{count}") }
    }
}

/// One finding at its place.
pub(super) fn result(told: &Told<'_>, rule: Option<usize>, seen: &mut Seen) -> Value {
    let finding = told.finding;
    let Some(BasePlace { place, exact }) = &told.place else { return Value::Null };
    let mut location = json!({ "physicalLocation": region::physical(place) });
    if !told.own {
        location["message"] = json!({ "text": "The finding is about the whole service, not about this place." });
    } else if !exact {
        location["message"] = json!({ "text": "An earlier commit of the branch writes the text that this is about." });
    }
    let path = place.source.path.as_str();
    let parts = [finding.rule, path, place.text(), &finding.message].map(str::as_bytes);
    let (hash, word) = (seen.line_hash(place), format!("{:016x}", finding::hash(parts)));
    let scope = format!("{} {path}", finding.rule);
    let mut out = json!({
        "ruleId": finding.rule,
        "ruleIndex": rule,
        "level": level(finding.level),
        "message": { "text": said(finding) },
        "locations": [location],
        "partialFingerprints": {
            "primaryLocationLineHash": seen.once(&scope, hash),
            "migrateFinding/v1": seen.once(&scope, word),
            "migrateId/v1": finding.id,
        },
    });
    if let Some(proposed) =
        finding.proposed.as_ref().filter(|_| finding.trust() == Some(Trust::Safe) && *exact && told.own)
    {
        let mut replacement = json!({ "deletedRegion": region::region(place) });
        if !proposed.is_empty() {
            replacement["insertedContent"] = json!({ "text": proposed });
        }
        out["fixes"] = json!([{
            "description": { "text": "The proposed text" },
            "artifactChanges": [{
                "artifactLocation": region::artifact(&place.source),
                "replacements": [replacement],
            }],
        }]);
    }
    out["properties"] = services(told);
    out
}

/// One finding that no file of the base is concerned by.
pub(super) fn notification(told: &Told<'_>, rule: Option<usize>) -> Value {
    json!({
        "level": level(told.finding.level),
        "message": { "text": said(told.finding) },
        "associatedRule": { "id": told.finding.rule, "index": rule },
        "properties": services(told),
    })
}

fn said(finding: &Finding) -> String {
    let hint = finding.hint.as_ref().map(|hint| format!(" What to do: {hint}.")).unwrap_or_default();
    let dot = if finding.message.ends_with(['.', '?', '!']) { "" } else { "." };
    message(&format!("{}{dot}{hint}", finding.message), usize::MAX)
}

fn services(told: &Told<'_>) -> Value {
    let service = |plan: &Plan| (plan.task == Task::Move).then(|| plan.request.service.clone());
    let one = |plan: &Plan| json!({ "service": service(plan), "host": plan.request.host });
    json!({ "services": told.by.iter().map(|(plan, _)| one(plan)).collect::<Vec<_>>() })
}
