//! Several services in one run: what became of each, then what is left for a person, the rollout and the branches.
//!
//! Knows: what a reviewer of many moves wants first. Must not know: the details of one move; the other outputs and a run for
//! one service have them.

use crate::finding::Level;
use crate::plan::{self, Plan, Verdict};

use super::super::Run;
use super::super::review::{self, number};
use super::super::style::{BAD, Page, STRONG};
use super::super::summary;
use super::{branch, decisions, one_line, rollout, titles};

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
    decisions(page, run);
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
