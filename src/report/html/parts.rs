//! What moves, the changed files, the rewritten queries, the rollout.
//!
//! Knows: which part of a plan stands where. Must not know: colours, sizes.

use std::sync::Arc;

use crate::plan::{Move, Plan, QueryChange, RolloutStep};

use super::super::Run;
use super::super::excerpt::clipped;
use super::super::review::{self, MOST_STREAMS, number};
use super::super::summary::{self, FileChange};
use super::markup::Markup;
use super::{Spot, diff, route};

/// What moves, in words and as a picture.
pub(super) fn moves(out: &mut Markup, spot: Spot, run: Run<'_>, plan: &Plan, moved: &Move) {
    spot.section(out, "-moves", "What moves", 0);
    let list = |out: &mut Markup, texts: &[String]| {
        for (index, text) in texts.iter().enumerate() {
            out.raw(if index > 0 { "<br>" } else { "" }).code(text);
        }
    };
    out.raw("<dl class=\"facts\">\n<dt>Listener<dd>");
    list(out, &moved.listeners.iter().map(summary::place).collect::<Vec<_>>());
    out.raw("\n<dt>Project<dd>").code(&moved.project).raw(", from ").code(&summary::project_from(moved));
    out.raw("\n<dt>Components<dd>");
    list(out, &[moved.components.join(", ")]);
    if !moved.siblings.is_empty() {
        out.raw("\n<dt>Not moved<dd>").code(&moved.siblings.join(", ")).raw(" (same project, not on these listeners)");
    }
    out.raw("\n<dt>Labels before<dd>");
    list(out, &moved.jobs.iter().map(|job| format!("job=\"{job}\"")).collect::<Vec<_>>());
    out.raw("\n<dt>Labels after<dd>");
    let labels = moved.components.iter().map(|one| format!("service=\"{}\", component=\"{one}\"", moved.project));
    list(out, &labels.collect::<Vec<_>>());
    for (index, (id, title)) in review::commits(run, spot.id).iter().enumerate() {
        out.raw(if index == 0 { "\n<dt>Commits<dd>" } else { "<br>" }).code(id).raw(" ").text(title);
    }
    out.raw("\n</dl>\n");
    route::pictures(out, spot.id, plan, moved);
    out.raw("</section>\n");
}

/// The changed files in the order of rollout, each with its reasons and its change.
pub(super) fn files(out: &mut Markup, spot: Spot, plan: &Plan) {
    let changes = summary::files(plan);
    let results = summary::results(plan);
    if changes.is_empty() {
        return;
    }
    spot.section(out, "-files", "Files, in the order of rollout", results.len());
    for result in &results {
        out.raw("<details class=\"file\" open><summary>");
        spot.heading(out, result.path.as_str());
        if result.before.is_none() {
            out.raw(" <span class=\"badge\">new file</span>");
        }
        out.raw("</summary>\n<ul class=\"reasons\">\n");
        for change in changes.iter().filter(|change| change.path == result.path) {
            reasons(out, plan, change);
        }
        out.raw("</ul>\n");
        diff::table(out, result.path.as_str(), result.before.unwrap_or_default(), &result.after);
        out.raw("</details>\n");
    }
    out.raw("</section>\n");
}

fn reasons(out: &mut Markup, plan: &Plan, change: &FileChange<'_>) {
    for reason in review::reasons(change) {
        out.raw("<li><b>").text(&review::lines(&reason.lines)).raw("</b> ");
        if plan.steps.len() > 1 {
            out.raw("(commit ").number(change.step + 1).raw(") ");
        }
        out.prose(reason.message);
        if let Some(fact) = reason.fact {
            out.raw(" <span class=\"dim\">(see ").code(&summary::place(fact)).raw(")</span>");
        }
        out.raw("</li>\n");
    }
}

/// The rewritten queries, those that select the same streams together.
pub(super) fn queries(out: &mut Markup, spot: Spot, plan: &Plan) {
    let groups = summary::rewritten(plan);
    if groups.is_empty() {
        return;
    }
    spot.section(out, "-queries", "Rewritten queries", groups.iter().map(Vec::len).sum());
    for group in groups {
        let Some(first) = group.first() else { continue };
        out.raw("<article class=\"queries\">\n");
        spot.heading(out, &format!("{} on these streams", number(group.len(), "query", "queries")));
        out.raw("\n<div class=\"streams\">\n");
        if first.streams_before == first.streams_after {
            streams(out, "Before and after the move", &first.streams_before);
        } else {
            streams(out, "Before the move", &first.streams_before);
            streams(out, "After the move", &first.streams_after);
        }
        out.raw("</div>\n");
        for query in group {
            one_query(out, query);
        }
        out.raw("</article>\n");
    }
    out.raw("</section>\n");
}

fn streams(out: &mut Markup, when: &'static str, list: &[Arc<str>]) {
    out.raw("<div><p>").raw(when).raw(", ").text(&number(list.len(), "stream", "streams")).raw("</p>\n<ul>\n");
    for one in list.iter().take(MOST_STREAMS) {
        out.raw("<li>").code(one).raw("</li>\n");
    }
    if let Some(more @ 1..) = list.len().checked_sub(MOST_STREAMS) {
        out.raw("<li>and ").number(more).raw(" more, all in <code>--format json</code></li>\n");
    }
    out.raw("</ul></div>\n");
}

fn one_query(out: &mut Markup, query: &QueryChange) {
    out.raw("<p class=\"at\">").text(&summary::place(&query.at)).raw(" <span>").prose(&query.context);
    if let Some(how) = query.how {
        out.raw(": ").prose(how.phrase());
    }
    out.raw("</span></p>\n");
    diff::pair(out, &clipped(&query.before), Some(&clipped(&query.after)));
}

/// What to do, in order.
pub(super) fn rollout(out: &mut Markup, spot: Spot, plan: &Plan) {
    if plan.rollout.is_empty() {
        return;
    }
    spot.section(out, "-rollout", "Rollout, in the order that loses no line", 0);
    steps(out, &plan.rollout);
    out.raw("</section>\n");
}

/// The same for all services of a branch.
pub(super) fn rollout_of(out: &mut Markup, branch: &str, rollout: &[RolloutStep]) {
    if rollout.is_empty() {
        return;
    }
    out.raw("<details class=\"service\"><summary><h2>Rollout of ").text(branch);
    out.raw("</h2> <span class=\"dim\">").text(&number(rollout.len(), "step", "steps"));
    out.raw(", in the order that loses no line</span></summary>\n");
    steps(out, rollout);
    out.raw("</details>\n");
}

fn steps(out: &mut Markup, rollout: &[RolloutStep]) {
    out.raw("<ol class=\"rollout\">\n");
    for step in rollout {
        out.raw("<li>").prose(&step.text);
        if let Some(command) = &step.command {
            out.raw("\n<pre><code>").text(command).raw("</code></pre>");
        }
        out.raw("</li>\n");
    }
    out.raw("</ol>\n");
}
