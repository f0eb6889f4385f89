//! Every other place that names a moved job: documentation, scripts, routes, server settings, links, prose.
//!
//! Knows: what is said of each such place, and what could stand there. Must not know: any file format, or how the places
//! are found (`topology::named`). Nothing here is ever edited; each place is a review finding (label-surface 3, 4, 8).

mod documents;

use std::collections::BTreeSet;
use std::sync::Arc;

use memchr::memmem;

use crate::finding::{Finding, Level, is_document};
use crate::rule;
use crate::snapshot::Snapshot;
use crate::text::{Place, Source, Span};
use crate::topology::named::{List, Mention, Named, REACH, is_word};
use crate::topology::{Label, Move};

pub use crate::topology::named::find;
pub use documents::Others;

/// Most findings for one file; what is beyond is counted in the last one.
const MOST: usize = 20;

/// What is said about a place in a file of this kind.
fn sentence(source: &Source, line: &str, set: &str) -> &'static str {
    let path = source.path.as_str();
    if line.contains("%7B") || line.contains("/explore") {
        "mentions/link"
    } else if path.contains("alertmanager") || line.contains("matchers") || set.contains(',') {
        "mentions/route"
    } else if line.contains("selector") {
        "mentions/setting"
    } else if is_document(source) {
        "mentions/documentation"
    } else {
        "mentions/other"
    }
}

/// History says what was, and stays: change logs, decision records, incident notes (real-world T2).
pub(super) fn history(source: &Source) -> bool {
    let name = source.path.name().to_ascii_lowercase();
    name.starts_with("changelog")
        || name.starts_with("history")
        || name.starts_with("news")
        || source.path.segments().rev().skip(1).any(|folder| {
            matches!(folder.to_ascii_lowercase().as_str(), "adr" | "adrs" | "decisions" | "incidents" | "postmortems")
        })
}

/// Findings for the places of one file, which names this, that name a moved job. `handled` gives the spans of the file
/// somebody else answers for, sorted by start: queries that were looked at, blocks that go. `components` are those of
/// Alloy that go, `others` the services beside it.
pub fn rewrite(
    (source, named): (&Arc<Source>, &Named),
    handled: &dyn Fn() -> Vec<Span>,
    (components, others): (&[&str], &Others),
    moved: &Move,
) -> Vec<Finding> {
    let Some(text) = source.text() else { return Vec::new() };
    let mut all: Vec<Mention> = named.naming(text, &moved.jobs).collect();
    let apart = named.templates.iter().map(|span| (*span, "mentions/template"));
    let apart: Vec<(Span, &str)> = apart.chain(metrics(text, named, components)).collect();
    if all.is_empty() && apart.is_empty() && named.lists.is_empty() && named.filled.is_empty() || history(source) {
        return Vec::new();
    }
    let handled = handled();
    let is_free = |span: Span| !handled.iter().any(|one| span.overlaps(*one));
    all.retain(|one| is_free(one.span));
    let mut findings = mentioned(source, text, &all, others, moved);
    let free = named.lists.iter().filter(|(span, _)| is_free(*span)).map(|(span, list)| match list {
        List::Shared => (*span, "mentions/equal"),
        List::Demanded => (*span, "mentions/demanded"),
    });
    let filled = named.filled.iter().filter(|span| is_free(**span)).map(|span| (*span, "mentions/filled-in"));
    findings.extend(free.chain(apart).chain(filled).map(|(span, id)| {
        let message = rule::say(id, &[("project", &moved.project)]);
        Finding::new(Level::Review, id, message).at(Place::new(source, span))
    }));
    findings
}

/// Findings for places that set a moved job.
fn mentioned(source: &Arc<Source>, text: &str, all: &[Mention], others: &Others, moved: &Move) -> Vec<Finding> {
    let more = all.len().saturating_sub(MOST);
    let mut findings: Vec<Finding> = all
        .iter()
        .take(MOST)
        .map(|one| {
            let line = source.slice(source.line_at(one.span.start()));
            let between = Span::new(one.label.end(), one.value.start()).of(text);
            let id = sentence(source, line, between);
            let message = rule::say(id, &[("project", &moved.project)]);
            let close = closing(text, one);
            let span = Span::new(one.span.start(), one.span.end() + close.len());
            let finding = Finding::new(Level::Review, id, message).at(Place::new(source, span));
            // Alerts of Prometheus go on to need a route on `job`.
            if id == "mentions/route" || !is_swapped(text, one, moved) {
                return documents::proposing(finding, source, documents::row(source, one.span, others, moved));
            }
            finding.fixing(format!("service{between}{}{close}", moved.project))
        })
        .collect();
    if more > 0
        && let Some(last) = findings.last_mut()
    {
        last.hint = Some(rule::say("mentions/more", &[("count", &more.to_string())]));
    }
    findings
}

/// The quote behind the value that the one before it asks for; empty when there is none.
fn closing<'t>(text: &'t str, one: &Mention) -> &'t str {
    const QUOTES: [&str; 11] =
        ["%5C%22", "%5c%22", r#"\\\""#, r#"\""#, "\\u0022", "&quot;", "%22", "%60", "\"", "'", "`"];
    let before = text.get(one.label.end()..one.value.start()).unwrap_or_default();
    let quote = QUOTES.into_iter().find(|quote| before.ends_with(quote)).unwrap_or_default();
    let behind = text.get(one.span.end()..).unwrap_or_default();
    if behind.starts_with(quote) { behind.get(..quote.len()).unwrap_or_default() } else { "" }
}

/// Metrics of a component that goes: they go with it, and `absent` on them fires.
fn metrics(text: &str, named: &Named, components: &[&str]) -> Vec<(Span, &'static str)> {
    if !named.asks_by_component {
        return Vec::new();
    }
    let bytes = text.as_bytes();
    let named = |component: &&str| {
        let length = component.len();
        memmem::find_iter(bytes, component.as_bytes()).map(|at| Span::new(at, at + length)).collect::<Vec<_>>()
    };
    let asked = |span: &Span| {
        let before = &bytes[span.start().saturating_sub(REACH)..span.start()];
        let ends = !bytes.get(span.end()).copied().is_some_and(|byte| is_word(byte) && byte != b'.');
        ends && memmem::find(before, b"component_id").is_some()
    };
    components.iter().flat_map(named).filter(asked).map(|span| (span, "mentions/component")).collect()
}

/// Whether `service` and the project in the place of this select the same lines.
fn is_swapped(text: &str, one: &Mention, moved: &Move) -> bool {
    let job = Label::Known(one.value.of(text).to_owned());
    let stays = moved.streams.after.iter().any(|stream| stream.labels.get("job") == Some(&job));
    moved.siblings.is_empty() && !stays && one.stands_alone(text)
}

/// Findings for links that give a variable of a dashboard, which had the values of `job`, the job that moves. `variables`
/// are those that keep them.
pub fn links(source: &Arc<Source>, named: &Named, variables: &[&str], moved: &Move) -> Vec<Finding> {
    let Some(text) = source.text().filter(|_| !history(source)) else { return Vec::new() };
    let leads = |(name, value): &&(Span, Span)| {
        variables.contains(&name.of(text)) && moved.jobs.iter().any(|job| job == value.of(text))
    };
    let message = |name: &str| rule::say("mentions/variable", &[("variable", name)]);
    let found = named.links.iter().filter(leads).take(MOST);
    found
        .map(|(name, value)| {
            let place = Place::new(source, name.join(*value));
            Finding::new(Level::Review, "mentions/variable", message(name.of(text))).at(place)
        })
        .collect()
}

/// Whether a finding is about a place that reads the label of alerts; `named` is sorted by path.
pub(super) fn is_reader(finding: &Finding, named: &[(&Arc<Source>, &Arc<Named>)]) -> bool {
    let Some(at) = &finding.at else { return false };
    let file = named.binary_search_by(|(source, _)| source.path.cmp(&at.source.path)).ok();
    file.is_some_and(|file| named[file].1.alerts.iter().any(|reader| reader.span.overlaps(at.span)))
}

/// Findings for files that were edited and that another one makes, going by their names: `kairos.json` of `kairos.jsonnet`.
pub fn generated(edited: &BTreeSet<&str>, snapshot: &Snapshot) -> Vec<Finding> {
    const MAKE: [&str; 5] = [".jsonnet", ".libsonnet", ".cue", ".dashboard.py", ".dashboard.ts"];
    let stem = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        name.strip_suffix(".j2").unwrap_or(name).rsplit_once('.').map(|(stem, _)| stem.to_owned())
    };
    let made: Vec<(Option<String>, &str)> = edited.iter().map(|path| (stem(path), *path)).collect();
    let mut found = Vec::new();
    for entry in snapshot.entries.iter() {
        let Some(own) = MAKE.iter().find_map(|suffix| entry.path.name().strip_suffix(suffix)) else { continue };
        for (_, path) in made.iter().filter(|(stem, _)| stem.as_deref() == Some(own)) {
            let message = rule::say("mentions/generated", &[("path", path), ("source", entry.path.as_str())]);
            let mut finding = Finding::new(Level::Review, "mentions/generated", message);
            finding.at = snapshot.get(entry.path.as_str()).map(|source| Place::new(source, source.line_at(0)));
            found.push(finding);
        }
    }
    found
}

/// Findings for documents that say of the service that it is on syslog, without naming its job.
pub fn told<'s>(
    sources: impl Iterator<Item = &'s Arc<Source>>,
    named: impl Fn(&Source) -> Option<&'s Named>,
    others: &Others,
    moved: &Move,
) -> Vec<Finding> {
    let documents = sources.filter(|source| is_document(source) && !history(source));
    let in_one = |source: &'s Arc<Source>| {
        let text = source.text().unwrap_or_default();
        let mentions = named(source).into_iter().flat_map(|named| named.naming(text, &moved.jobs));
        let known: Vec<Span> = mentions.map(|one| one.span).collect();
        documents::rewrite(source, &known, others, moved)
    };
    documents.flat_map(in_one).collect()
}

#[cfg(test)]
mod tests;
