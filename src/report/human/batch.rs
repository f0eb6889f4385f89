//! Several services in one run: what became of each, then what is left for a person, the rollout and the branches.
//!
//! Knows: what a reviewer of many moves wants first. Must not know: the details of one move; the other outputs and a run for
//! one service have them.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, Level};
use crate::plan::{self, Plan, Verdict};

use super::super::Run;
use super::super::review::{self, number};
use super::super::style::{BAD, Page, STRONG};
use super::super::{summary, told};
use super::{branch, one_line, rollout, titles};

/// Kinds of findings that are listed, and services named with one; the other outputs have them all.
const MOST_KINDS: usize = 40;
const MOST_NAMES: usize = 4;

/// A run for several services, or for none.
pub(super) fn render(page: &mut Page, run: Run<'_>) {
    page.heading(&review::title(run));
    let of = |verdict: Verdict| run.plans.iter().filter(move |plan| plan.verdict == verdict);
    if of(Verdict::Ready).next().is_some() {
        page.heading("To move, in the order of the commits");
        of(Verdict::Ready).for_each(|plan| moved(page, plan));
    }
    if of(Verdict::Blocked).next().is_some() {
        page.heading("Blocked, nothing of it was written");
        of(Verdict::Blocked).for_each(|plan| blocked(page, plan));
    }
    if of(Verdict::NothingToDo).next().is_some() {
        page.heading("Nothing to do");
        of(Verdict::NothingToDo).for_each(|plan| {
            page.prose("  ", "    ", &plan.subject());
            plan.findings.iter().for_each(|finding| one_line(page, finding));
        });
    }
    review(page, run);
    for written in run.branches {
        let plans = || written.plans.iter().filter_map(|&index| run.plans.get(index));
        rollout(page, &plan::together(plans()));
        let titles: Vec<&str> = plans().flat_map(titles).collect();
        let base = plans().next().map_or("", |plan| plan.base.as_str());
        branch::render(page, base, &titles, written);
        if written.branch.is_empty() {
            branch::notes(page, written);
        }
    }
}

fn moved(page: &mut Page, plan: &Plan) {
    let name = page.paint(STRONG, &plan.subject());
    page.prose(&format!("  {name}: "), "    ", &review::Counts::of(plan).sentence());
    if let Some(moved) = &plan.moved {
        let jobs: Vec<String> = moved.jobs.iter().map(|job| format!("job=\"{job}\"")).collect();
        let labels = format!(
            "{} → service=\"{}\", component {}",
            if jobs.is_empty() { "no job".to_owned() } else { jobs.join(", ") },
            moved.project,
            moved.components.join(", ")
        );
        page.prose("    ", "    ", &labels);
    }
}

fn blocked(page: &mut Page, plan: &Plan) {
    let name = page.paint(STRONG, &plan.subject());
    let mut findings = plan.findings.iter().filter(|finding| finding.level == Level::Blocked);
    let Some(first) = findings.next() else { return };
    let at = first.at.as_ref().map(|at| format!("{}: ", summary::place(at))).unwrap_or_default();
    let more = match findings.count() {
        0 => String::new(),
        more => format!(" (and {})", number(more, "other thing in the way", "other things in the way")),
    };
    let word = page.paint(BAD, "blocked");
    page.prose(&format!("  {name}: {word}: "), "    ", &format!("{at}{}{more}", first.message));
    if let Some(hint) = &first.hint {
        page.prose(&format!("    {}: ", page.paint(STRONG, "hint")), "      ", hint);
    }
}

/// What the moves leave for a person. Many leave the same place: it is told once, with the services that leave it.
fn review(page: &mut Page, run: Run<'_>) {
    let kinds = Kind::of(run);
    if kinds.is_empty() {
        return;
    }
    page.heading("For you to decide: left as it is");
    for kind in kinds.iter().take(MOST_KINDS) {
        let places = if kind.places.len() > 1 { format!("{} places, ", kind.places.len()) } else { String::new() };
        let also = match kind.services.len().checked_sub(MOST_NAMES) {
            Some(more) if more > 0 => format!(" and {more} more"),
            _ => String::new(),
        };
        let names: Vec<&str> = kind.services.iter().take(MOST_NAMES).copied().collect();
        let message = format!("{} ({places}{}{also})", kind.finding.message, names.join(", "));
        one_line(page, &Finding { message, ..kind.finding.clone() });
        let told = kind.finding.at.as_ref().map(summary::place);
        let more: Vec<&str> =
            kind.places.iter().filter(|one| Some(*one) != told.as_ref()).map(String::as_str).collect();
        if !more.is_empty() {
            page.prose("    and ", "    ", &more.join(", "));
        }
    }
    page.gap();
    let more = match kinds.len().checked_sub(MOST_KINDS) {
        Some(more) if more > 0 => format!("{} not listed here; ", number(more, "more kind is", "more kinds are")),
        _ => String::new(),
    };
    page.prose("", "", &format!("{more}--report FILE.html and --format json have every place with its proposed text."));
}

/// Findings that say the same, with their places in the base.
struct Kind<'a> {
    finding: Finding,
    places: BTreeSet<String>,
    services: BTreeSet<&'a str>,
}

impl<'a> Kind<'a> {
    fn of(run: Run<'a>) -> Vec<Self> {
        let mut kinds: Vec<Self> = Vec::new();
        let mut known: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for told in told::all(run).into_iter().filter(|told| told.finding.level == Level::Review) {
            let at = told.place.filter(|_| told.own).map(|place| place.place);
            let index = *known.entry((told.finding.rule, &told.finding.message)).or_insert(kinds.len());
            if index == kinds.len() {
                let finding = Finding { at: at.clone(), ..told.finding.clone() };
                kinds.push(Self { finding, places: BTreeSet::new(), services: BTreeSet::new() });
            }
            kinds[index].places.extend(at.as_ref().map(summary::place));
            let ready = told.by.iter().filter(|(plan, _)| plan.verdict == Verdict::Ready);
            kinds[index].services.extend(ready.map(|(plan, _)| plan.request.service.as_str()));
        }
        kinds.retain(|kind| !kind.services.is_empty());
        kinds
    }
}
