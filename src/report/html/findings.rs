//! Findings: what stands in the way, what is left for review, what is worth knowing.
//!
//! Knows: that the same said of many places is said once. Must not know: the rest of the page.

use crate::finding::{Finding, Level};
use crate::plan::Plan;

use super::super::review::Excerpt;
use super::super::summary::{self, Legends};
use super::markup::Markup;
use super::{Spot, diff};

/// The findings of one level, if there are any.
pub(super) fn section(out: &mut Markup, spot: Spot, plan: &Plan, level: Level) {
    let groups = summary::grouped(plan, level, &Legends::default());
    if groups.is_empty() {
        return;
    }
    let count = summary::count(plan, level);
    match level {
        Level::Blocked => spot.section(out, "-blocked", "What stands in the way", count),
        Level::Review => spot.section(out, "-review", "To review: left as it is", count),
        Level::Note => spot.section(out, "-notes", "Worth knowing", count),
    }
    for group in groups {
        one(out, &group, level);
    }
    out.raw("</section>\n");
}

/// Findings that say the same: the sentence once, each place with its proposal, the way out once.
fn one(out: &mut Markup, group: &[&Finding], level: Level) {
    let Some(first) = group.first() else { return };
    out.raw(match level {
        Level::Blocked => "<article class=\"finding blocked\"><p><span class=\"badge blocked\">blocked</span> ",
        Level::Review => "<article class=\"finding review\"><p><span class=\"badge review\">review</span> ",
        Level::Note => "<article class=\"finding note\"><p><span class=\"badge note\">note</span> ",
    });
    out.prose(&first.message).raw(" <span class=\"rule\">").text(first.rule).raw("</span></p>\n");
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
    out.raw("<p class=\"at\">").text(&summary::place(at));
    if let Some(proposed) = &finding.proposed {
        let delete = proposed.is_empty();
        out.raw(if delete { " <span>proposed: delete it</span></p>\n" } else { " <span>proposed:</span></p>\n" });
        diff::pair(out, &excerpt.before(), excerpt.after(proposed).as_deref());
        return;
    }
    out.raw("</p>\n");
    if !excerpt.before().trim().is_empty() {
        out.raw("<div class=\"pair\"><code class=\"t\">").text(&excerpt.head).raw("<mark>").text(&excerpt.text);
        out.raw("</mark>").text(&excerpt.tail).raw("</code></div>\n");
    }
}
