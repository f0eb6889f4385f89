//! The page that answers by default: it fits a screen, has one form for one service and for many, and ends with what to type.
//!
//! Knows: what a person has to know before a branch is merged, and in which order. Must not know: how questions are made
//! (`questions`), widths and colours (`style`).

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::finding::{Finding, Level};
use crate::plain;
use crate::plan::{Part, Plan, RolloutStep, Task, Verdict};
use crate::shell;
use crate::text::RepoPath;

use super::super::overview::{self, Alerts, Asked};
use super::super::review::{self, Around, number, short};
use super::super::style::{BAD, LOOK, Page, STRONG};
use super::super::{Outcome, Run, Written, acceptable, summary};
use super::branch;

/// Questions, assumptions, files that were not read and steps of one kind that are shown; `-v` has them all.
const MOST_QUESTIONS: usize = 6;
const MOST_LINES: usize = 3;
const MOST_NAMES: usize = 8;
const MOST_BRANCHES: usize = 8;
/// Columns of the names before each part.
const NAMES: usize = 11;

/// See the head of this file.
pub(super) fn render(page: &mut Page, run: Run<'_>) {
    title(page, run);
    page.gap();
    changes(page, run);
    stopped(page, run);
    questions(page, run);
    effects(page, run);
    rollout(page, run);
    branches(page, run);
}

fn ready(run: Run<'_>) -> impl Iterator<Item = &Plan> {
    run.plans.iter().filter(|plan| plan.verdict == Verdict::Ready)
}

/// What moves, and that nothing is deployed.
fn title(page: &mut Page, run: Run<'_>) {
    let plans: Vec<&Plan> = ready(run).collect();
    let written = match run.branches {
        list if list.iter().any(|one| one.dry_run) => "Dry run: nothing is written",
        [one] if one.already_there() => "An earlier run wrote its branch",
        [_] => "Its branch is written",
        _ => "Their branches are written",
    };
    let subject = match plans.as_slice() {
        [one] => one.subject(),
        several => {
            let hosts: BTreeSet<&str> =
                several.iter().filter_map(|plan| Some(plan.moved.as_ref()?.host.as_str())).collect();
            let on = match hosts.first() {
                Some(host) if hosts.len() == 1 => (*host).to_owned(),
                _ => number(hosts.len(), "host", "hosts"),
            };
            let names: Vec<&str> = several.iter().map(|plan| plan.request.service.as_str()).collect();
            format!("{} on {on}", few(&names))
        }
    };
    let moves = match plans.as_slice() {
        [one] if one.task == Task::Prune => review::verdict(one),
        _ => "syslog → Docker socket",
    };
    page.heading(&format!("{subject}: {moves}"));
    page.prose("", "", &format!("{written}; nothing is deployed yet."));
}

/// `  name       text`, further lines below the text.
fn part(page: &mut Page, name: &str, text: &str) {
    let label = page.paint(STRONG, name);
    let blank = " ".repeat(NAMES.saturating_sub(name.chars().count()).max(1));
    page.prose(&format!("  {label}{blank}"), &" ".repeat(NAMES + 2), text);
}

/// Files by kind, and queries.
fn changes(page: &mut Page, run: Run<'_>) {
    let kinds = overview::files(run);
    let all: usize = kinds.iter().map(|(_, paths)| paths.len()).sum();
    for (index, ((one, many), paths)) in kinds.iter().enumerate() {
        let label = if index == 0 { number(all, "file", "files") } else { String::new() };
        let names = told_apart(paths);
        let first = format!("{}: ", number(names.len(), one, many));
        let room = page.room().saturating_sub(NAMES + 2 + first.len());
        part(page, &label, &format!("{first}{}", tail(&fitting(&names, room), room)));
    }
    let rewritten: usize = ready(run).map(|plan| review::Counts::of(plan).queries).sum();
    if rewritten > 0 {
        let how = "rewritten; checked to answer after the move as before it";
        part(page, &number(rewritten, "query", "queries"), how);
    }
    let accepted: Vec<usize> = ready(run).flat_map(|plan| &plan.steps).map(|step| step.accepted.len()).collect();
    let commits = accepted.iter().filter(|texts| **texts > 0).count();
    if commits > 0 {
        let texts = number(accepted.iter().sum(), "proposed text", "proposed texts");
        part(page, "accepted", &format!("{texts}, in {} behind the move", number(commits, "commit", "commits")));
    }
}

/// What of the proposed texts can be taken as it is, and how.
fn acceptable(page: &mut Page, run: Run<'_>) {
    let (safe @ 1.., Some(command)) = (acceptable::safe(run), acceptable::command(run)) else { return };
    let label = page.paint(STRONG, "safe");
    let texts = number(safe, "proposed text", "proposed texts");
    page.code(&format!("  {label}       {texts}: "), STRONG, &command);
}

/// The names of files, with as much of their folders as tells them apart.
fn told_apart<'p>(paths: &BTreeSet<&'p RepoPath>) -> Vec<&'p str> {
    let of = |name: fn(&RepoPath) -> &str| paths.iter().map(|path| name(path)).collect::<Vec<_>>();
    let names = of(RepoPath::name);
    let is_clear = paths.len() > 1 && names.iter().collect::<BTreeSet<_>>().len() == names.len();
    if is_clear { names } else { of(RepoPath::as_str) }
}

/// As many of the last folders of a path as there is room for; anything else as it is.
fn tail(path: &str, room: usize) -> Cow<'_, str> {
    let fits = |from: &usize| path[*from..].chars().count() < room;
    match path.match_indices('/').map(|(at, _)| at).find(fits) {
        Some(at) if path.chars().count() > room && !path.contains(' ') => format!("…{}", &path[at..]).into(),
        _ => path.into(),
    }
}

/// The first of these names.
fn few(names: &[&str]) -> String {
    match names.len().checked_sub(MOST_NAMES) {
        Some(more) if more > 1 => format!("{} and {more} more", names[..MOST_NAMES].join(", ")),
        _ => names.join(", "),
    }
}

/// As many names as there is room for in one line, at least one.
fn fitting(names: &[&str], room: usize) -> String {
    let said = |count: usize| match names.len() - count {
        0 => names.join(", "),
        more => format!("{} and {more} more", names[..count].join(", ")),
    };
    let fits = |count: &usize| *count <= 1 || said(*count).chars().count() <= room;
    (0..=names.len()).rev().find(fits).map(said).unwrap_or_default()
}

/// What of a batch is not on a branch.
fn stopped(page: &mut Page, run: Run<'_>) {
    let of = |verdict: Verdict| run.plans.iter().filter(move |plan| plan.verdict == verdict);
    for plan in of(Verdict::Blocked) {
        let Some(first) = plan.findings.iter().find(|one| one.level == Level::Blocked) else { continue };
        let at = first.at.as_ref().map(|at| format!("{}: ", summary::place(at))).unwrap_or_default();
        let name = page.paint(BAD, "blocked");
        let blank = " ".repeat(NAMES - "blocked".len());
        let said = format!("{}: {at}{}", plan.subject(), first.message);
        page.prose(&format!("  {name}{blank}"), &" ".repeat(NAMES + 2), &said);
    }
    let idle: Vec<&str> = of(Verdict::NothingToDo).map(|plan| plan.request.service.as_str()).collect();
    if !idle.is_empty() {
        part(page, "not moved", &format!("nothing to do for {}", few(&idle)));
    }
}

fn questions(page: &mut Page, run: Run<'_>) {
    let asked = overview::questions(run);
    if asked.is_empty() {
        return;
    }
    let places: usize = asked.iter().map(|one| overview::places(one).len()).sum();
    page.heading(&format!(
        "To decide: {}, {}, left as they are (migrate explain ID)",
        number(asked.len(), "question", "questions"),
        number(places, "place", "places")
    ));
    for (index, one) in asked.iter().take(MOST_QUESTIONS).enumerate() {
        question(page, one, &overview::letter(index));
    }
    if let Some(more) = asked.get(MOST_QUESTIONS..).filter(|more| !more.is_empty()) {
        let places = more.iter().map(|one| overview::places(one).len()).sum();
        let (questions, places) = (number(more.len(), "question", "questions"), number(places, "place", "places"));
        page.prose("  ", "  ", &format!("and {questions} more about {places}: -v has all"));
    }
}

fn question(page: &mut Page, asked: &Asked<'_>, letter: &str) {
    let label = page.paint(LOOK, letter);
    page.prose(&format!("  {label}  "), "     ", asked.ask);
    let places = overview::places(asked);
    let also = if asked.every_move { ", left by every move" } else { "" };
    let first = format!("{}{also}: ", number(places.len(), "place", "places"));
    let names: Vec<String> = places.iter().map(|one| one.named()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let room = page.room().saturating_sub(5 + first.len());
    page.prose("     ", "     ", &format!("{first}{}", fitting(&names, room)));
}

/// What can be taken, what is otherwise afterwards, what is taken for granted, what nobody looked at.
fn effects(page: &mut Page, run: Run<'_>) {
    page.gap();
    acceptable(page, run);
    let Alerts { anew, left, same } = overview::alerts(run);
    let kinds = [(left, "need your answer"), (anew, "fire anew once"), (same, "go on as they are")];
    let told = kinds.iter().filter(|(names, _)| !names.is_empty()).map(|(names, how)| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        format!("{how}: {}", few(&names))
    });
    let told: Vec<String> = told.collect();
    if !told.is_empty() {
        part(page, "alerts", &told.join("; "));
    }
    let said = |wanted: fn(&Finding) -> bool| {
        let all = ready(run).flat_map(|plan| &plan.findings).filter(|one| wanted(one));
        all.map(|one| one.message.as_str()).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    };
    listed(page, "assumed", &said(Finding::is_assumption));
    let unread = said(|one| one.rule.starts_with("unread/") || one.rule.ends_with("/unread-file"));
    let mut not_seen = vec![overview::NOT_LOOKED_AT];
    not_seen.extend(unread);
    listed(page, "not seen", &not_seen);
}

/// The first few of these.
fn listed(page: &mut Page, name: &str, list: &[&str]) {
    for (index, text) in list.iter().take(MOST_LINES).enumerate() {
        part(page, if index == 0 { name } else { "" }, text);
    }
    if list.len() > MOST_LINES {
        part(page, "", &format!("and {} more: -v has all", list.len() - MOST_LINES));
    }
}

/// The rollout in one line for each step.
fn rollout(page: &mut Page, run: Run<'_>) {
    let all = review::rollouts(run);
    let [(_, steps)] = all.as_slice() else {
        if !all.is_empty() {
            page.gap();
            part(page, "rollout", "branch by branch, each in the order that -v shows");
        }
        return;
    };
    if steps.is_empty() {
        return;
    }
    page.heading("Rollout, once it is merged, in this order");
    let mut number = 1;
    for alike in steps.chunk_by(|one, next| one.part == next.part) {
        let shown = if alike.len() == MOST_LINES + 1 { alike.len() } else { alike.len().min(MOST_LINES) };
        if alike[0].part == Part::Look && alike.len() > 1 {
            let text = "Look for new lines of each in Grafana: -v has the selectors";
            page.prose(&format!("{number:>3}–{}. ", number + alike.len() - 1), "     ", text);
            number += alike.len();
            continue;
        }
        for (index, one) in alike.iter().take(shown).enumerate() {
            step(page, number + index, one);
        }
        if alike.len() > shown {
            page.prose("     ", "     ", &format!("and {} more of these: -v has all", alike.len() - shown));
        }
        number += alike.len();
    }
}

/// One step, in one line where there is room for it.
fn step(page: &mut Page, number: usize, step: &RolloutStep) {
    let first = format!("{number:>3}. ");
    let Some(command) = &step.command else {
        page.prose(&first, "     ", &step.text);
        return;
    };
    let (what, how) = overview::step(step);
    if first.len() + what.chars().count() + 2 + command.chars().count() <= page.look.width {
        page.code(&format!("{first}{}: ", plain::line(&what)), STRONG, command);
    } else {
        page.prose(&first, "     ", &format!("{what}:"));
        page.code("     ", STRONG, command);
    }
    if let Some(how) = how {
        page.prose("     ", "     ", how);
    }
}

/// The branches, with what is to be known of each, and what to type.
fn branches(page: &mut Page, run: Run<'_>) {
    let around = Around::of(run);
    run.branches.iter().for_each(|written| branch::notes(page, written));
    match around.named.as_slice() {
        [] => {}
        [one] => only(page, one, around.base),
        several => {
            if several.iter().any(|written| !written.conflicts.is_empty()) {
                page.gap();
                let told = "merged one after the other, some of these have conflicts: -v says which, and where";
                page.labelled(LOOK, "note", told);
            }
            page.heading(&format!("{} branches from {}", several.len(), short(around.base)));
            for written in several.iter().take(MOST_BRANCHES) {
                if let Some(Outcome::Frozen(why)) = &written.outcome {
                    page.prose("  ", "  ", &format!("Branch {} was left as it is: {why}", written.branch));
                } else {
                    page.code("  ", STRONG, &branch::commands(around.base, written).0);
                }
            }
            if several.len() > MOST_BRANCHES {
                page.code("  ", STRONG, &shell::command(&["git", "branch", "--list", "migrate/*"]));
            }
        }
    }
    let again = if around.dry_run { "; without --dry-run: written" } else { "" };
    page.prose("  ", "  ", &format!("-v: places, queries, reasons; --diff: the patch{again}"));
}

/// The only branch.
fn only(page: &mut Page, written: &Written, base: &str) {
    branch::beside(page, written);
    let commits = number(written.commits.len(), "commit", "commits");
    let what = match &written.outcome {
        Some(Outcome::Frozen(_)) => " was left as it is".to_owned(),
        Some(Outcome::Replaced(old)) if written.commits.contains(old) => format!(", {commits}, behind {}", short(old)),
        Some(Outcome::Replaced(old)) => format!(", {commits}, in place of {}", short(old)),
        Some(Outcome::AlreadyThere) => format!(", {commits}, there already"),
        _ if written.dry_run => format!(", {commits}, not created"),
        _ => format!(", {commits} from {}", short(base)),
    };
    page.heading(&format!("Branch {}{what}", written.branch));
    if let Some(Outcome::Frozen(why)) = &written.outcome {
        page.prose("  ", "  ", why);
        return;
    }
    let (look, take) = branch::commands(base, written);
    page.code("  ", STRONG, &look);
    if let Some(take) = take {
        page.code("  ", STRONG, &take);
    }
}
