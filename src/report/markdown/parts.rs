//! The parts of one service: what moves, findings, files, queries, rollout, notes.
//!
//! Knows: which table and which list a part is. Must not know: how long the whole is.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::finding::{Finding, Level};
use crate::plan::{Move, Plan, QueryChange, RolloutStep};

use super::super::Run;
use super::super::excerpt::{Excerpt, clipped};
use super::super::overview;
use super::super::review::{self, MOST_STREAMS, number};
use super::super::summary::{self, Legends};
use super::super::told::Shared;
use super::budget::Section;
use super::text::{In, code, fence, prose};

/// What moves, as a table of names and values.
pub(super) fn moved(moved: &Move, commits: &[(&str, &str)]) -> String {
    let list = |names: &[String]| names.iter().map(|name| code(name, In::Cell)).collect::<Vec<_>>().join(", ");
    let labels = moved
        .components
        .iter()
        .map(|component| code(&format!("service=\"{}\", component=\"{component}\"", moved.project), In::Cell));
    let jobs: Vec<_> = moved.jobs.iter().map(|job| code(&format!("job=\"{job}\""), In::Cell)).collect();
    let listeners: Vec<_> = moved.listeners.iter().map(|at| code(&summary::place(at), In::Cell)).collect();
    let mut rows = vec![
        ("Listener", listeners.join("<br>")),
        (
            "Compose project",
            format!("{}, from {}", code(&moved.project, In::Cell), code(&summary::project_from(moved), In::Cell)),
        ),
        ("Components", list(&moved.components)),
    ];
    if !moved.siblings.is_empty() {
        rows.push(("Not moved", format!("{} (same project, not on these listeners)", list(&moved.siblings))));
    }
    rows.push(("Labels before", jobs.join(", ")));
    rows.push(("Labels after", labels.collect::<Vec<_>>().join("<br>")));
    if !commits.is_empty() {
        let commits = commits.iter().map(|(id, title)| format!("{} {}", code(id, In::Cell), prose(title, In::Cell)));
        rows.push(("Commits", commits.collect::<Vec<_>>().join("<br>")));
    }
    let mut out = "| What moves | |\n|---|---|\n".to_owned();
    for (name, value) in rows {
        let _ = writeln!(out, "| {name} | {value} |");
    }
    out.push('\n');
    out
}

/// The findings of one level, less those that are told for several services at once.
pub(super) fn findings(plan: &Plan, level: Level, rank: u8, title: &str, shared: &Shared<'_>) -> Option<Section> {
    let mut items = Vec::new();
    for mut list in summary::grouped(plan, level, &Legends::default()) {
        list.retain(|finding| !shared.holds(finding));
        group(&mut items, &list, "");
    }
    let head = format!("### {title}\n\n");
    (!items.is_empty()).then(|| Section { rank, head, items, tail: "\n".into(), what: ("place", "places") })
}

/// What is to be decided, each question with its places; their texts follow below. What a finding asks in its own words is
/// there alone.
pub(super) fn questions(run: Run<'_>) -> Option<Section> {
    let item = |asked: &overview::Asked<'_>| {
        let places = overview::places(asked);
        let also = if asked.every_move { ", left by every move" } else { "" };
        let names: Vec<String> = places.iter().map(|one| code(&one.named(), In::Line)).collect();
        let count = number(places.len(), "place", "places");
        format!("1. {} {count}{also}: {}\n", prose(asked.ask, In::Line), names.join(", "))
    };
    let is_own = |asked: &overview::Asked<'_>| asked.about.iter().all(|one| one.finding.message == asked.ask);
    let items: Vec<String> = overview::questions(run).iter().filter(|one| !is_own(one)).map(item).collect();
    let head = "### Questions\n\n".to_owned();
    (!items.is_empty()).then(|| Section { rank: 2, head, items, tail: "\n".into(), what: ("question", "questions") })
}

/// What several services leave.
pub(super) fn shared(shared: &Shared<'_>) -> Option<Section> {
    let mut items = Vec::new();
    for (list, services) in &shared.groups {
        let names: Vec<_> = services.iter().map(|name| code(name, In::Line)).collect();
        group(&mut items, list, &format!(", left by {}", names.join(", ")));
    }
    let head = "### To decide: left as it is by several services\n\n".to_owned();
    (!items.is_empty()).then(|| Section { rank: 3, head, items, tail: "\n".into(), what: ("place", "places") })
}

/// Findings that say the same. What is to be looked at has a box to tick, one for each place.
fn group(items: &mut Vec<String>, list: &[&Finding], also: &str) {
    let Some(first) = list.first() else { return };
    let said = format!("{} ({}){also}", prose(&first.message, In::Line), code(first.rule, In::Line));
    let start = items.len();
    match list {
        [one] => items.push(format!("- {}{said}{}\n", tick(one.level), about(one))),
        several => {
            items.extend(several.iter().map(|one| format!("- {}{}", tick(one.level), about(one).trim_start())));
            items[start].insert_str(0, &format!("\n{said}\n\n"));
            if let Some(last) = items.last_mut() {
                last.push('\n');
            }
        }
    }
    if let (Some(hint), Some(last)) = (&first.hint, items.last_mut()) {
        let indent = if list.len() == 1 { "  " } else { "" };
        let _ = writeln!(last, "{indent}What to do: {}\n", prose(hint, In::Line));
    }
}

fn tick(level: Level) -> &'static str {
    if level == Level::Review { "[ ] " } else { "" }
}

/// Place, line and proposal of a finding, as the rest of a list item.
fn about(finding: &Finding) -> String {
    let Some(place) = &finding.at else { return "\n".to_owned() };
    let excerpt = Excerpt::of(place);
    let at = code(&summary::place(place), In::Line);
    let before = excerpt.before();
    let block = match &finding.proposed {
        None if before.trim().is_empty() => String::new(),
        None => fence("", &before, "  "),
        Some(proposed) => {
            let after = excerpt.after(proposed).unwrap_or_default();
            let sign = |sign: &str, text: &str| text.lines().fold(String::new(), |out, line| out + sign + line + "\n");
            fence("diff", &(sign("- ", &before) + &sign("+ ", &after)), "  ")
        }
    };
    // A blank line before the block keeps it a block in every renderer; it belongs to the item by its indent.
    let id = if finding.id.is_empty() { String::new() } else { format!(" {}", code(&finding.id, In::Line)) };
    let proposes = finding.trust().map(|trust| format!(", proposed ({}):", trust.phrase())).unwrap_or_default();
    format!("\n  {at}{id}{proposes}\n{}{block}", if block.is_empty() { "" } else { "\n" })
}

/// The changed files with what and why, in the order of rollout.
pub(super) fn files(plan: &Plan) -> Option<Section> {
    let several = plan.steps.len() > 1;
    let row = |file: &summary::FileChange<'_>| {
        let why: Vec<_> = review::reasons(file)
            .iter()
            .map(|one| {
                let fact = one.fact.map(|fact| format!(" (see {})", code(&summary::place(fact), In::Cell)));
                format!("{}: {}{}", review::lines(&one.lines), prose(one.message, In::Cell), fact.unwrap_or_default())
            })
            .collect();
        let new = if file.before.is_none() { " (new)" } else { "" };
        let commit = if several { format!("| {} ", file.step + 1) } else { String::new() };
        format!("{commit}| {}{new} | {} |\n", code(file.path.as_str(), In::Cell), why.join("<br>"))
    };
    let items: Vec<_> = summary::files(plan).iter().map(row).collect();
    let columns = if several {
        "| Commit | File | What and why |\n|--:|---|---|\n"
    } else {
        "| File | What and why |\n|---|---|\n"
    };
    let head = format!("### Files\n\n{columns}");
    (!items.is_empty()).then(|| Section { rank: 5, head, items, tail: "\n".into(), what: ("file", "files") })
}

/// The rewritten queries, each with the letter of the streams it selects, and the streams below.
pub(super) fn queries(plan: &Plan) -> Vec<Section> {
    let groups = summary::rewritten(plan);
    if groups.is_empty() {
        return Vec::new();
    }
    let head = "### Rewritten queries\n\n| Where | Query before, after | Streams |\n|---|---|---|\n".to_owned();
    let rows = groups.iter().enumerate();
    let items = rows.flat_map(|(at, group)| group.iter().map(move |query| row(query, &letter(at)))).collect();
    let table = Section { rank: 4, head, items, tail: "\n".into(), what: ("query", "queries") };
    let items =
        groups.iter().enumerate().filter_map(|(at, group)| Some(streams(&letter(at), group.first()?))).collect();
    let streams = Section {
        rank: 6,
        head: "<details><summary>The streams these queries select, before and after</summary>\n\n".into(),
        items,
        tail: "\n</details>\n\n".into(),
        what: ("group of streams", "groups of streams"),
    };
    vec![table, streams]
}

fn row(query: &QueryChange, letter: &str) -> String {
    let how = query.how.map(|how| format!(": {}", prose(how.phrase(), In::Cell))).unwrap_or_default();
    let counts = format!("{letter}: {} → {}", query.streams_before.len(), query.streams_after.len());
    let place = code(&summary::place(&query.at), In::Cell);
    let context = prose(&query.context, In::Cell);
    let shown = |text: &str| {
        let text = clipped(text);
        text.lines().map(|line| code(line, In::Cell)).collect::<Vec<_>>().join("<br>")
    };
    format!("| {place}<br>{context}{how} | {}<br>→ {} | {counts} |\n", shown(&query.before), shown(&query.after))
}

fn streams(letter: &str, query: &QueryChange) -> String {
    let mut out = String::new();
    let mut side = |when: &str, list: &[Arc<str>]| {
        let _ = writeln!(out, "{letter}, {when}: {}", number(list.len(), "stream", "streams"));
        for one in list.iter().take(MOST_STREAMS) {
            let _ = writeln!(out, "  {one}");
        }
        if let Some(more @ 1..) = list.len().checked_sub(MOST_STREAMS) {
            let _ = writeln!(out, "  and {more} more");
        }
    };
    if query.streams_before == query.streams_after {
        side("before and after the move", &query.streams_before);
    } else {
        side("before the move", &query.streams_before);
        side("after the move", &query.streams_after);
    }
    fence("", &out, "")
}

/// `A` to `Z`, `AA`, …
fn letter(at: usize) -> String {
    let last = char::from(b'A' + (at % 26) as u8);
    if at < 26 { last.to_string() } else { format!("{}{last}", letter(at / 26 - 1)) }
}

/// What to do, in order.
pub(super) fn rollout(title: &str, steps: &[RolloutStep]) -> Option<Section> {
    let items: Vec<_> = steps
        .iter()
        .enumerate()
        .map(|(index, step)| {
            let number = index + 1;
            let indent = " ".repeat(number.to_string().len() + 2);
            let command = step.command.as_ref().map(|command| format!("\n{}", fence("sh", command, &indent)));
            format!("{number}. {}\n{}", prose(&step.text, In::Line), command.unwrap_or_default())
        })
        .collect();
    let head = format!("### {title}, in the order that loses no line\n\n");
    (!items.is_empty()).then(|| Section { rank: 2, head, items, tail: "\n".into(), what: ("step", "steps") })
}

/// What is worth knowing, folded.
pub(super) fn notes(plan: &Plan) -> Option<Section> {
    let count = number(summary::count(plan, Level::Note), "note", "notes");
    let section = findings(plan, Level::Note, 7, "", &Shared::default())?;
    Some(Section {
        head: format!("<details><summary>{count}</summary>\n\n"),
        tail: "\n</details>\n\n".into(),
        what: ("note", "notes"),
        ..section
    })
}
