//! Findings: what stands in the way, what is left for a person to decide, what is worth knowing.
//!
//! Knows: that the same said of many places is said once. Must not know: the rest of the page.

use crate::finding::{Finding, Level};
use crate::plan::Plan;

use super::super::Run;
use super::super::excerpt::Excerpt;
use super::super::overview;
use super::super::review::number;
use super::super::summary::{self, Legends};
use super::super::told::Shared;
use super::markup::Markup;
use super::{Spot, diff};

/// The findings of one level, if there are any, less those that are told for several services at once.
pub(super) fn section(out: &mut Markup, spot: Spot, plan: &Plan, level: Level, shared: &Shared<'_>) {
    let mut groups = summary::grouped(plan, level, &Legends::default());
    for list in &mut groups {
        list.retain(|finding| !shared.holds(finding));
    }
    let count = groups.iter().map(Vec::len).sum();
    if count == 0 {
        return;
    }
    match level {
        Level::Blocked => spot.section(out, "-blocked", "What stands in the way", count),
        Level::Review => spot.section(out, "-review", "To decide: left as it is", count),
        Level::Note => spot.section(out, "-notes", "Worth knowing", count),
    }
    for group in groups {
        one(out, &group, &[]);
    }
    out.raw("</section>\n");
}

/// What is to be decided, each question with links to its places.
pub(super) fn questions(out: &mut Markup, run: Run<'_>) {
    let all = overview::questions(run);
    if all.is_empty() {
        return;
    }
    out.raw("<section>\n<h2>Questions</h2>\n<ol type=\"a\">\n");
    for asked in &all {
        let places = overview::places(asked);
        out.raw("<li>").prose(asked.ask).raw(" <span class=\"dim\">").text(&number(places.len(), "place", "places"));
        out.raw(if asked.every_move { ", left by every move</span>" } else { "</span>" });
        for one in places {
            if one.finding.at.is_some() && !one.finding.id.is_empty() {
                out.raw(" <a href=\"#d-").text(&one.finding.id).raw("\">").text(&one.named()).raw("</a>");
            } else {
                out.raw(" ").text(&one.named());
            }
        }
        out.raw("</li>\n");
    }
    out.raw("</ol>\n</section>\n");
}

/// What several services leave.
pub(super) fn shared(out: &mut Markup, shared: &Shared<'_>) {
    if shared.groups.is_empty() {
        return;
    }
    out.raw("<details class=\"service\"><summary><h2>To decide: left as it is by several services</h2> ");
    out.raw("<span class=\"dim\">").text(&number(shared.places(), "place", "places")).raw("</span></summary>\n");
    for (list, services) in &shared.groups {
        one(out, list, services);
    }
    out.raw("</details>\n");
}

/// Findings that say the same: the sentence once, each place with its proposal, the way out once.
fn one(out: &mut Markup, group: &[&Finding], services: &[&str]) {
    let Some(first) = group.first() else { return };
    out.raw(match first.level {
        Level::Blocked => "<article class=\"finding blocked\"><p><span class=\"badge blocked\">blocked</span> ",
        Level::Review => "<article class=\"finding review\"><p><span class=\"badge review\">decide</span> ",
        Level::Note => "<article class=\"finding note\"><p><span class=\"badge note\">note</span> ",
    });
    out.prose(&first.message).raw(" <span class=\"rule\">").text(first.rule).raw("</span></p>\n");
    if !services.is_empty() {
        out.raw("<p class=\"dim\">Left by ").text(&services.join(", ")).raw(".</p>\n");
    }
    for finding in group {
        place(out, finding);
    }
    if let Some(hint) = &first.hint {
        out.raw("<p class=\"hint\"><strong>What to do:</strong> ").prose(hint).raw("</p>\n");
    }
    out.raw("</article>\n");
}

fn place(out: &mut Markup, finding: &Finding) {
    let Some(at) = &finding.at else { return };
    let excerpt = Excerpt::of(at);
    out.raw("<p class=\"at\"").anchor(&finding.id).raw(">").text(&summary::place(at));
    out.raw(" <span class=\"rule\">").text(&finding.id).raw("</span>");
    if let (Some(proposed), Some(trust)) = (&finding.proposed, finding.trust()) {
        let delete = if proposed.is_empty() { " delete it" } else { "" };
        out.raw(" <span>proposed (").text(trust.phrase()).raw("):").raw(delete).raw("</span></p>\n");
        diff::pair(out, &excerpt.before(), excerpt.after(proposed).as_deref());
        return;
    }
    out.raw("</p>\n");
    if !excerpt.before().trim().is_empty() {
        out.raw("<div class=\"pair\"><code class=\"t\">").text(&excerpt.head).raw("<mark>").text(&excerpt.text);
        out.raw("</mark>").text(&excerpt.tail).raw("</code></div>\n");
    }
}
