//! The findings of all plans, each once, and each as a result.
//!
//! Knows: which finding is another one said again, and where one stands that names no place. Must not know: the frame of
//! the log.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::finding::Finding;
use crate::plan::Plan;
use crate::text::{Place, RepoPath};

use super::super::base::{self, BasePlace};
use super::super::{Run, summary};
use super::{fingerprint, level, message, region};

/// A finding and what it is about.
pub(super) struct Told<'a> {
    pub(super) finding: &'a Finding,
    /// In the base. `None` when no file of the base is concerned.
    pub(super) place: Option<BasePlace>,
    /// Whether the finding names this place itself; else it is about the service, and stands where that is seen.
    pub(super) own: bool,
    /// Service and host of each plan that says so.
    pub(super) services: Vec<(&'a str, &'a str)>,
}

/// Every finding, worst first in each plan. What several plans say of one place is one.
pub(super) fn all(run: Run<'_>) -> Vec<Told<'_>> {
    let mut at: BTreeMap<Key<'_>, usize> = BTreeMap::new();
    let mut out: Vec<Told<'_>> = Vec::new();
    for (index, plan) in run.plans.iter().enumerate() {
        let service = (plan.request.service.as_str(), plan.request.host.as_str());
        for finding in summary::findings(plan) {
            let own = finding.at.as_ref().and_then(|place| base::of(run, index, place));
            let is_own = own.is_some();
            let place = own.or_else(|| base::of(run, index, stand_in(plan, finding)?));
            let found = *at.entry(key(finding, place.as_ref())).or_insert(out.len());
            match out.get_mut(found) {
                Some(have) => have.services.push(service),
                None => out.push(Told { finding, place, own: is_own, services: vec![service] }),
            }
        }
    }
    out
}

type Key<'a> = (&'a str, &'a str, Option<&'a str>, Option<(RepoPath, usize, usize)>);

fn key<'a>(finding: &'a Finding, place: Option<&BasePlace>) -> Key<'a> {
    let place = place.map(|one| &one.place);
    let at = place.map(|place| (place.source.path.clone(), place.span.start(), place.span.end()));
    (finding.rule, &finding.message, finding.proposed.as_deref(), at)
}

/// Where a finding stands that names no place: at the listener that goes, or beside the next finding that names one.
fn stand_in<'a>(plan: &'a Plan, finding: &Finding) -> Option<&'a Place> {
    let listener = plan.moved.as_ref().and_then(|moved| moved.listeners.first());
    let other = || plan.findings.iter().filter(|one| one.level == finding.level).find_map(|one| one.at.as_ref());
    listener.or_else(other).or_else(|| plan.findings.iter().find_map(|one| one.at.as_ref()))
}

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
    let (hash, word) = (seen.line_hash(place), fingerprint::of(&[finding.rule, path, place.text(), &finding.message]));
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
        },
    });
    if let Some(proposed) = finding.proposed.as_ref().filter(|_| *exact && told.own && place.source.text().is_some()) {
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
    let list = told.services.iter().map(|(service, host)| json!({ "service": service, "host": host }));
    json!({ "services": list.collect::<Vec<_>>() })
}
