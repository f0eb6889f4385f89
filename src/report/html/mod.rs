//! The run as one page for a browser: it works without network and without scripts, on a phone, in the dark, on paper.
//!
//! Knows: the frame of the page and the order of its parts. Must not know: how a part looks (`style.css`), how text is
//! made harmless (`markup`).

mod diff;
mod drawing;
mod findings;
mod markup;
mod parts;
mod route;

use crate::finding::Level;
use crate::plan::{Plan, Verdict};

use super::review::{self, Around, Became, Counts, number, short};
use super::told::Shared;
use super::{Run, Written, summary};
use markup::Markup;

const STYLE: &str = include_str!("style.css");
/// What the page may load: this very style and nothing else. A test says the right value when the style has changed.
const STYLE_HASH: &str = "rKmEwmqTIizzwJGqicV01Ou/07yoePhdxAxtt+neUMs=";

/// See [`super::html()`].
pub(super) fn render(run: Run<'_>) -> String {
    let mut out = Markup::new();
    head(&mut out, &review::title(run));
    out.raw("<header>\n<h1>").text(&review::title(run)).raw("</h1>\n");
    branches(&mut out, run);
    if let [plan] = run.plans {
        out.raw("<p>").text(&Counts::of(plan).sentence()).raw("</p>\n");
    }
    out.raw("</header>\n");
    match run.plans {
        [plan] => {
            contents(&mut out, plan);
            out.raw("<main id=\"main\">\n");
            findings::questions(&mut out, run);
            service(&mut out, Spot { id: 0, alone: true }, run, plan, &Shared::default());
        }
        plans => {
            index(&mut out, plans);
            out.raw("<main id=\"main\">\n");
            let shared = Shared::of(run);
            for (written, steps) in review::rollouts(run) {
                parts::rollout_of(&mut out, &written.branch, &steps);
            }
            findings::questions(&mut out, run);
            findings::shared(&mut out, &shared);
            for (number, plan) in plans.iter().enumerate() {
                folded(&mut out, run, number, plan, &shared);
            }
        }
    }
    out.raw("</main>\n<footer><p>Written by migrate ").text(env!("CARGO_PKG_VERSION"));
    if let Some(plan) = run.plans.first() {
        out.raw(" from commit ").code(&plan.base);
    }
    out.raw(".</p></footer>\n</body>\n</html>\n");
    out.finish()
}

fn head(out: &mut Markup, title: &str) {
    out.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-");
    out.raw(STYLE_HASH).raw("'; base-uri 'none'; form-action 'none'\">\n");
    out.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.raw("<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"color-scheme\" content=\"light dark\">\n");
    out.raw("<title>").text(title).raw("</title>\n<style>").raw(STYLE).raw("</style>\n</head>\n<body>\n");
    out.raw("<a class=\"skip\" href=\"#main\">Skip the contents</a>\n");
}

/// The branches, and what is not part of them.
fn branches(out: &mut Markup, run: Run<'_>) {
    let around = Around::of(run);
    match around.named.as_slice() {
        [] => {}
        [written] => branch(out, written, around.base),
        several => {
            out.raw("<p>").number(several.len()).raw(" branches, each from ").code(short(around.base));
            out.raw(if around.dry_run { ". <strong>A dry run: none was created.</strong></p>\n" } else { ".</p>\n" });
        }
    }
    if !around.differing.is_empty() {
        out.raw("<p>Your uncommitted changes in these files are untouched and not part of it:</p>\n<ul>\n");
        for path in around.differing {
            out.raw("<li>").code(path.as_str()).raw("</li>\n");
        }
        out.raw("</ul>\n");
    }
    for note in around.notes {
        out.raw("<p class=\"dim\">").prose(note).raw("</p>\n");
    }
}

/// One branch and what became of it.
fn branch(out: &mut Markup, written: &Written, base: &str) {
    out.raw("<p>Branch ").code(&written.branch).raw(", ");
    out.text(&number(written.commits.len(), "commit", "commits")).raw(" from ").code(short(base)).raw(".");
    let became = Became::of(written);
    if !became.said.is_empty() {
        out.raw(" <strong>").raw(became.said).raw("</strong>");
    }
    if let Some(commit) = became.commit {
        out.raw(" ").code(commit).raw(".");
    }
    if !became.why.is_empty() {
        out.raw(" ").prose(became.why);
    }
    out.raw("</p>\n");
    for conflict in review::conflicts(written) {
        out.raw("<p><strong>Conflict:</strong> ").text(&conflict).raw(".</p>\n");
    }
}

/// The parts of a page about one service.
fn contents(out: &mut Markup, plan: &Plan) {
    let counts = Counts::of(plan);
    out.raw("<nav aria-label=\"Contents\"><ul class=\"contents\">\n");
    if plan.moved.is_some() {
        out.raw("<li><a href=\"#s0-moves\">What moves</a></li>\n");
    }
    if plan.has(Level::Blocked) {
        out.raw("<li><a href=\"#s0-blocked\">What stands in the way</a></li>\n");
    }
    let parts: [(usize, &'static str, &'static str); 4] = [
        (counts.review, "#s0-review", "To decide"),
        (counts.files, "#s0-files", "Files"),
        (counts.queries, "#s0-queries", "Queries"),
        (plan.rollout.len(), "#s0-rollout", "Rollout"),
    ];
    for (count, link, name) in parts.into_iter().chain([(counts.notes, "#s0-notes", "Notes")]) {
        if count > 0 {
            out.raw("<li><a href=\"").raw(link).raw("\">").raw(name).raw("</a> <span class=\"count\">");
            out.number(count).raw("</span></li>\n");
        }
    }
    out.raw("</ul></nav>\n");
}

/// Every service of a batch with its verdict.
fn index(out: &mut Markup, plans: &[Plan]) {
    if plans.is_empty() {
        return;
    }
    out.raw("<nav aria-label=\"Services\"><table class=\"index\">\n<thead><tr><th scope=\"col\">Service");
    out.raw("<th scope=\"col\">Host<th scope=\"col\">Verdict<th scope=\"col\">Files<th scope=\"col\">Queries");
    out.raw("<th scope=\"col\">To decide<th scope=\"col\">Notes</thead>\n<tbody>\n");
    for (number, plan) in plans.iter().enumerate() {
        let counts = Counts::of(plan);
        let host = plan.moved.as_ref().map_or(&plan.request.host, |moved| &moved.host);
        out.raw("<tr><th scope=\"row\"><a href=\"#s").number(number).raw("\">").text(&plan.request.service);
        out.raw("</a><td>").text(host).raw("<td>");
        verdict(out, plan);
        // The names of the columns again, for where the table has none.
        let numbers: [(&'static str, usize); 4] = [
            ("files", counts.files),
            ("queries", counts.queries),
            ("to decide", counts.review),
            ("notes", counts.notes),
        ];
        for (name, count) in numbers {
            out.raw("<td class=\"num\" data-of=\"").raw(name).raw("\">").number(count);
        }
        out.raw("\n");
    }
    out.raw("</table></nav>\n");
}

fn verdict(out: &mut Markup, plan: &Plan) {
    out.raw(match plan.verdict {
        Verdict::Ready => "<span class=\"badge ready\">",
        Verdict::NothingToDo => "<span class=\"badge\">",
        Verdict::Blocked => "<span class=\"badge blocked\">",
    });
    out.text(summary::verdict(plan.verdict)).raw("</span>");
}

/// One service of a batch.
fn folded(out: &mut Markup, run: Run<'_>, number: usize, plan: &Plan, shared: &Shared<'_>) {
    out.raw("<details class=\"service\"><summary><h2>").text(&plan.subject()).raw("</h2> ");
    verdict(out, plan);
    out.raw(" <span class=\"dim\">").text(&Counts::of(plan).sentence()).raw("</span></summary>\n");
    // The link of the index leads into the folded part, which makes a browser unfold it.
    out.raw("<div id=\"s").number(number).raw("\">\n");
    if let (Some((written, _)), true) = (review::branch_of(run, number), run.branches.len() > 1) {
        branch(out, written, &plan.base);
    }
    service(out, Spot { id: number, alone: false }, run, plan, shared);
    out.raw("</div></details>\n");
}

fn service(out: &mut Markup, spot: Spot, run: Run<'_>, plan: &Plan, shared: &Shared<'_>) {
    if let also @ 1.. = shared.of_plan(plan) {
        out.raw("<p>").text(&number(also, "place", "places")).raw(" to decide: above, left by several services.</p>\n");
    }
    if let Some(moved) = &plan.moved {
        parts::moves(out, spot, run, plan, moved);
    }
    findings::section(out, spot, plan, Level::Blocked, shared);
    findings::section(out, spot, plan, Level::Review, shared);
    parts::files(out, spot, plan);
    parts::queries(out, spot, plan);
    if spot.alone {
        parts::rollout(out, spot, plan);
    }
    findings::section(out, spot, plan, Level::Note, shared);
}

/// Where on the page the parts of a service stand.
#[derive(Clone, Copy)]
struct Spot {
    /// Number of the plan.
    id: usize,
    /// Whether it is the only one, so that its parts are the parts of the page.
    alone: bool,
}

impl Spot {
    /// Opens a section with its heading. `name` is its place on the page.
    fn section(self, out: &mut Markup, name: &'static str, heading: &'static str, count: usize) {
        out.raw("<section aria-labelledby=\"s").number(self.id).raw(name).raw("\">\n");
        out.raw(if self.alone { "<h2" } else { "<h3" });
        out.raw(" class=\"part\" id=\"s").number(self.id).raw(name).raw("\">").raw(heading);
        if count > 0 {
            out.raw(" <span class=\"count\">").number(count).raw("</span>");
        }
        out.raw(if self.alone { "</h2>\n" } else { "</h3>\n" });
    }

    /// A heading inside of a section.
    fn heading(self, out: &mut Markup, text: &str) {
        out.raw(if self.alone { "<h3 class=\"sub\">" } else { "<h4 class=\"sub\">" });
        out.text(text).raw(if self.alone { "</h3>" } else { "</h4>" });
    }
}

#[cfg(test)]
mod tests;
