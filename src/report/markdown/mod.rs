//! The run as the body of a pull request, as GitHub, GitLab and Gitea show it.
//!
//! Knows: the order in which a reviewer wants to read, how long a body may be. Must not know: how text is made harmless
//! (`text`) or cut (`budget`).

mod budget;
mod parts;
mod text;

use std::fmt::Write as _;

use crate::finding::Level;
use crate::plan::{Plan, Verdict};

use super::review::{self, Counts, number, short};
use super::{Outcome, Run, Written, summary};
use budget::Section;
use text::{In, code, prose};

/// GitHub takes no body of more characters than this; in bytes it is at most as many.
const LONGEST: usize = 65_536;

/// See [`super::markdown()`].
pub(super) fn render(run: Run<'_>) -> String {
    let mut sections = Vec::new();
    if let [_] = run.plans {
        sections.push(Section::whole(String::new()));
    } else {
        sections.push(overview(run));
    }
    for written in run.branches {
        branch(run, written, &mut sections);
    }
    for (index, plan) in run.plans.iter().enumerate() {
        one(run, index, plan, &mut sections);
    }
    let notice = format!(
        "> **This text is cut.** A body has at most {LONGEST} characters. `--report FILE.html` and `--format json` have \
         everything.\n\n"
    );
    budget::fit(&sections, LONGEST, &notice)
}

/// Every service with its verdict, when there are several.
fn overview(run: Run<'_>) -> Section {
    let mut head = format!("## {}\n\n", number(run.plans.len(), "service", "services"));
    if !run.plans.is_empty() {
        head.push_str(
            "| Service | Host | Verdict | Files | Queries | To review | Notes |\n|---|---|---|--:|--:|--:|--:|\n",
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

/// What there is to say of a branch: what became of it, and what is not part of it.
fn branch(run: Run<'_>, written: &Written, sections: &mut Vec<Section>) {
    let mut out = String::new();
    if !written.branch.is_empty() {
        let base = written.plans.first().and_then(|&index| run.plans.get(index)).map_or("", |plan| short(&plan.base));
        let name = code(&written.branch, In::Line);
        let from = if base.is_empty() { String::new() } else { format!(", from {}", code(base, In::Line)) };
        let became = match &written.outcome {
            Some(Outcome::AlreadyThere) => " It was there already, written by an earlier run.".to_owned(),
            Some(Outcome::Replaced(old)) => format!(" It takes the place of {}.", code(short(old), In::Line)),
            _ if written.dry_run => " This was a dry run: it was not created.".to_owned(),
            _ => String::new(),
        };
        let commits = number(written.commits.len(), "commit", "commits");
        let _ = writeln!(out, "Branch {name}{from}: {commits}.{became}\n");
    }
    if !written.differing.is_empty() {
        out.push_str("Uncommitted changes in these files are not part of the branch:\n\n");
        for path in &written.differing {
            let _ = writeln!(out, "- {}", code(path.as_str(), In::Line));
        }
        out.push('\n');
    }
    for note in &written.notes {
        let _ = writeln!(out, "{}\n", prose(note, In::Line));
    }
    if !out.is_empty() {
        sections.push(Section::whole(out));
    }
}

fn one(run: Run<'_>, index: usize, plan: &Plan, sections: &mut Vec<Section>) {
    let mut head = format!("## {}: {}\n\n", prose(&review::subject(plan), In::Line), review::verdict(plan));
    let counts = Counts::of(plan).sentence();
    if !counts.is_empty() {
        let _ = writeln!(head, "{}{counts}.\n", if plan.verdict == Verdict::Ready { "" } else { "Findings: " });
    }
    if let (Some((written, _)), true) = (review::branch_of(run, index), run.branches.len() > 1) {
        let _ = writeln!(head, "On branch {}.\n", code(&written.branch, In::Line));
    }
    if let Some(moved) = &plan.moved {
        head.push_str(&parts::moved(moved));
    }
    sections.push(Section { rank: 1, ..Section::whole(head) });
    sections.extend(parts::findings(plan, Level::Blocked, 1, "What stands in the way"));
    sections.extend(parts::findings(plan, Level::Review, 3, "To review: left as it is"));
    sections.extend(parts::files(plan));
    sections.extend(parts::queries(plan));
    sections.extend(parts::rollout(&plan.rollout));
    sections.extend(parts::notes(plan));
}

#[cfg(test)]
mod tests;
