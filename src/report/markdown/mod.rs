//! The run as the body of a pull request, as GitHub, GitLab and Gitea show it.
//!
//! Knows: the order in which a reviewer wants to read, how long a body may be. Must not know: how text is made harmless
//! (`text`) or cut (`budget`).

mod budget;
mod parts;
pub(super) mod text;

use std::fmt::Write as _;

use crate::finding::Level;
use crate::plan::{Plan, Verdict};

use super::review::{self, Around, Became, Counts, number, short};
use super::told::Shared;
use super::{Run, Written, summary};
use budget::Section;
use text::{In, code, prose};

/// GitHub takes no body of more characters than this; in bytes it is at most as many.
const LONGEST: usize = 65_536;

/// See [`super::markdown()`].
pub(super) fn render(run: Run<'_>) -> String {
    let mut sections = Vec::new();
    if run.plans.len() != 1 {
        sections.push(overview(run));
    }
    sections.push(branches(run));
    if run.plans.len() != 1 {
        for (written, steps) in review::rollouts(run) {
            sections.extend(parts::rollout(&format!("Rollout of {}", code(&written.branch, In::Line)), &steps));
        }
    }
    sections.extend(parts::questions(run));
    let shared = Shared::of(run);
    sections.extend(parts::shared(&shared));
    for (index, plan) in run.plans.iter().enumerate() {
        one(run, index, plan, &shared, &mut sections);
    }
    let notice = format!(
        "> **This text is cut.** A body has at most {LONGEST} characters. `--report FILE.html` and `--format json` have \
         everything.\n\n"
    );
    budget::fit(&sections, LONGEST, &notice)
}

/// Every service with its verdict, when there are several.
fn overview(run: Run<'_>) -> Section {
    let mut head = format!("## {}\n\n", prose(&review::title(run), In::Line));
    if !run.plans.is_empty() {
        head.push_str(
            "| Service | Host | Verdict | Files | Queries | To decide | Notes |\n|---|---|---|--:|--:|--:|--:|\n",
        );
    }
    let row = |plan: &Plan| {
        let counts = Counts::of(plan);
        let host = plan.moved.as_ref().map_or(&plan.request.host, |moved| &moved.host);
        format!(
            "| {} | {} | {} | {} | {} | {} | {} |\n",
            code(&plan.request.service, In::Cell),
            code(host, In::Cell),
            summary::verdict(plan.verdict),
            counts.files,
            counts.queries,
            counts.review,
            counts.notes
        )
    };
    let items = run.plans.iter().map(row).collect();
    Section { rank: 0, head, items, tail: "\n".into(), what: ("service", "services") }
}

/// The branches, and what is not part of them.
fn branches(run: Run<'_>) -> Section {
    let around = Around::of(run);
    let mut out = String::new();
    match around.named.as_slice() {
        [] => {}
        [written] => {
            out.push_str(&branch(written, around.base));
        }
        several => {
            let dry = if around.dry_run { " A dry run: none was created." } else { "" };
            let base = code(short(around.base), In::Line);
            let _ = writeln!(out, "{} branches, each from {base}.{dry}\n", several.len());
        }
    }
    if !around.differing.is_empty() {
        out.push_str("Uncommitted changes in these files are not part of it:\n\n");
        for path in around.differing {
            let _ = writeln!(out, "- {}", code(path.as_str(), In::Line));
        }
        out.push('\n');
    }
    for note in around.notes {
        let _ = writeln!(out, "{}\n", prose(note, In::Line));
    }
    Section::whole(out)
}

/// One branch and what became of it.
fn branch(written: &Written, base: &str) -> String {
    let commits = number(written.commits.len(), "commit", "commits");
    let mut out =
        format!("Branch {}, {commits} from {}.", code(&written.branch, In::Line), code(short(base), In::Line));
    let became = Became::of(written);
    if !became.said.is_empty() {
        out.extend([" ", became.said]);
    }
    if let Some(commit) = became.commit {
        out.extend([" ", &code(commit, In::Line), "."]);
    }
    if !became.why.is_empty() {
        out.extend([" ", &prose(became.why, In::Line)]);
    }
    for conflict in review::conflicts(written) {
        let _ = write!(out, "\n\n**Conflict:** {}.", prose(&conflict, In::Line));
    }
    out.push_str("\n\n");
    out
}

fn one(run: Run<'_>, index: usize, plan: &Plan, shared: &Shared<'_>, sections: &mut Vec<Section>) {
    let mut head = format!("## {}: {}\n\n", prose(&plan.subject(), In::Line), review::verdict(plan));
    let counts = Counts::of(plan).sentence();
    if !counts.is_empty() {
        let _ = writeln!(head, "{}{counts}.\n", if plan.verdict == Verdict::Ready { "" } else { "Findings: " });
    }
    if let (Some((written, _)), true) = (review::branch_of(run, index), run.branches.len() > 1) {
        head.push_str(&branch(written, &plan.base));
    }
    if let Some(moved) = &plan.moved {
        head.push_str(&parts::moved(moved, &review::commits(run, index)));
    }
    if let also @ 1.. = shared.of_plan(plan) {
        let _ = writeln!(head, "{} to decide: above, left by several services.\n", number(also, "place", "places"));
    }
    sections.push(Section { rank: 1, ..Section::whole(head) });
    sections.extend(parts::findings(plan, Level::Blocked, 1, "What stands in the way", shared));
    sections.extend(parts::findings(plan, Level::Review, 3, "To decide: left as it is", shared));
    sections.extend(parts::files(plan));
    sections.extend(parts::queries(plan));
    if run.plans.len() == 1 {
        sections.extend(parts::rollout("Rollout", &plan.rollout));
    }
    sections.extend(parts::notes(plan));
}

#[cfg(test)]
mod tests;
