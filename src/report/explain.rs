//! One place or one rule in full.
//!
//! Knows: what a person asks of a single finding. Must not know: how findings are made.

use crate::finding::{Finding, Level};
use crate::plain;
use crate::plan::Plan;
use crate::rule::{self, questions};
use crate::shell;

use super::review::number;
use super::style::{Page, STRONG};
use super::told::{self, Told};
use super::{Look, Run, human, summary};

/// Places of a rule that are listed.
const MOST: usize = 20;

/// What is called `id`: its text, why it was left, what is proposed, what to do; `None` where nothing is called so.
pub fn place(id: &str, run: Run<'_>, look: &Look) -> Option<String> {
    let all = told::all(run);
    let told = all.iter().find(|told| told.by.iter().any(|(_, finding)| finding.id == id))?;
    let mut page = Page::new(*look);
    let at = told.place.as_ref().filter(|_| told.own).map(|one| one.place.clone());
    let finding = Finding { at: at.clone(), ..told.finding.clone() };
    human::finding(&mut page, &finding);
    page.gap();
    // In other words, perhaps: the place is the same.
    let says_so = |plan: &&Plan| plan.findings.iter().any(|one| one.id == id);
    let moves: Vec<String> = run.plans.iter().filter(says_so).map(Plan::subject).collect();
    part(&mut page, "said of", &moves.join(", "));
    if let Some((_, ask)) = questions::question(finding.rule).filter(|_| finding.level == Level::Review) {
        part(&mut page, "asks", ask);
        let same: Vec<&str> =
            all.iter().filter(|other| is_beside(told, other)).map(|one| one.finding.id.as_str()).collect();
        if !same.is_empty() {
            part(&mut page, "settled by the same answer", &same.join(", "));
        }
    }
    if let Some(what) = rule::what(finding.rule) {
        part(&mut page, "why this is looked at", what);
    }
    part(&mut page, "what to do", &to_do(&finding, told));
    Some(page.finish())
}

/// Whether one answer settles both, and a move leaves both.
fn is_beside(told: &Told<'_>, other: &Told<'_>) -> bool {
    let rank = |one: &Told<'_>| questions::question(one.finding.rule).map(|(rank, _)| rank);
    let plans = |one: &Told<'_>| one.by.iter().map(|(plan, _)| std::ptr::from_ref::<Plan>(plan)).collect::<Vec<_>>();
    other.finding.level == Level::Review
        && other.finding.id != told.finding.id
        && rank(other) == rank(told)
        && plans(other).iter().any(|plan| plans(told).contains(plan))
}

fn to_do(finding: &Finding, told: &Told<'_>) -> String {
    let branch = told.by.iter().find_map(|(plan, _)| {
        let moved = plan.moved.as_ref()?;
        Some(format!("migrate/{}/{}", moved.short_host, plan.request.service))
    });
    match (finding.level, &finding.at, branch) {
        (Level::Note, ..) => "nothing now; it is worth knowing".to_owned(),
        (Level::Blocked, ..) => "clear it on the base, commit, and run the move again".to_owned(),
        (Level::Review, Some(at), Some(branch)) => {
            let take = told.by.iter().find_map(|(plan, _)| {
                let words = ["migrate", "accept", &plan.request.service, "--host", &plan.moved.as_ref()?.short_host];
                Some(format!("take the text with `{} {}`, or ", shell::command(&words), finding.id))
            });
            let take = take.filter(|_| finding.can_be_taken());
            format!(
                "{}write what is right there, in {} on the branch (`git switch {branch}`) or before it on the base, and commit it",
                take.unwrap_or_default(),
                summary::place(at)
            )
        }
        (Level::Review, ..) => "look at it before the branch is merged".to_owned(),
    }
}

/// A rule: its sentence, what to do, and its places in this run.
pub fn rule(id: &str, run: Run<'_>, look: &Look) -> String {
    let mut page = Page::new(*look);
    page.heading(id);
    page.prose("", "", rule::sentence(id).unwrap_or_default());
    page.gap();
    if let Some(hint) = rule::hint_text(id) {
        part(&mut page, "what to do", hint);
    }
    if let Some((_, ask)) = questions::question(id) {
        part(&mut page, "asks", ask);
    }
    if questions::leaves_in_every_move(id) {
        part(
            &mut page,
            "whose",
            "the repository's: every move leaves these places, and settled once, they are settled for all",
        );
    }
    if let Some(what) = rule::what(id) {
        part(&mut page, "why this is looked at", what);
    }
    let here: Vec<Told<'_>> = told::all(run).into_iter().filter(|told| told.finding.rule == id).collect();
    if here.is_empty() {
        part(&mut page, "places", "none here");
        return page.finish();
    }
    page.heading(&format!("{} here", number(here.len(), "place", "places")));
    for told in here.iter().take(MOST) {
        let at = told.place.as_ref().filter(|_| told.own).map(|one| format!(" {}", summary::place(&one.place)));
        let name = page.paint(STRONG, &told.finding.id);
        page.prose(&format!("  {name}"), "    ", &at.unwrap_or_default());
    }
    if here.len() > MOST {
        page.prose("  ", "  ", &format!("and {} more", here.len() - MOST));
    }
    page.finish()
}

fn part(page: &mut Page, name: &str, text: &str) {
    let label = page.paint(STRONG, name);
    page.prose(&format!("{label}: "), "  ", &plain::line(text));
}
