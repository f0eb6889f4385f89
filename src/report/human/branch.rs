//! The end of every report: the branch, what to type next, what else is worth saying.
//!
//! Knows: [`Written`]. Must not know: plans.

use super::super::review::{self, short};
use super::super::style::{FAINT, INFO, LOOK, Page, STRONG};
use super::super::{Outcome, Written};
use crate::shell;

/// The branch, with the titles of its commits in order; nothing when there is none.
pub(super) fn render(page: &mut Page, base: &str, titles: &[&str], written: &Written) {
    if written.branch.is_empty() {
        return;
    }
    let (name, from) = (&written.branch, short(base));
    page.heading(&match &written.outcome {
        Some(Outcome::AlreadyThere) => format!("Branch {name}, from {from}, is there already"),
        Some(Outcome::Frozen(_)) => format!("Branch {name} was left as it is"),
        Some(Outcome::Replaced(old)) if written.commits.contains(old) => {
            format!("Branch {name}, from {from}, goes on from {}", short(old))
        }
        Some(Outcome::Replaced(old)) => format!("Branch {name}, from {from}, in place of {}", short(old)),
        _ if written.dry_run => format!("Dry run: branch {name} was not created"),
        _ => format!("Branch {name}, from {from}"),
    });
    if let Some(Outcome::Frozen(why)) = &written.outcome {
        page.prose("  ", "  ", why);
        return;
    }
    for (id, title) in written.commits.iter().zip(titles) {
        let id = page.paint(FAINT, short(id));
        page.prose(&format!("  {id} "), "    ", title);
    }
    let (look, take) = commands(base, written);
    page.gap();
    page.code("  to review:  ", STRONG, &look);
    if let Some(take) = take {
        page.code("  to take:    ", STRONG, &take);
    }
    beside(page, written);
    notes(page, written);
}

/// What shows the branch and, where it is there, what switches to it.
pub(super) fn commands(base: &str, written: &Written) -> (String, Option<String>) {
    if written.dry_run && written.outcome != Some(Outcome::AlreadyThere) {
        return (diff(base, written.commits.last().map_or("", |id| short(id))), None);
    }
    (diff(base, &written.branch), Some(shell::command(&["git", "switch", &written.branch])))
}

/// Files that differ from it in the working tree, and branches that do not merge after it.
pub(super) fn beside(page: &mut Page, written: &Written) {
    if !written.differing.is_empty() {
        page.gap();
        page.labelled(
            LOOK,
            "note",
            "your uncommitted changes in these files are untouched and not part of the branch:",
        );
        for path in &written.differing {
            page.code("  ", STRONG, path.as_str());
        }
    }
    for conflict in review::conflicts(written) {
        page.gap();
        page.labelled(LOOK, "note", &conflict);
    }
}

/// The command that shows what a branch or commit changes.
fn diff(base: &str, other: &str) -> String {
    shell::command(&["git", "diff", &format!("{}...{other}", short(base))])
}

/// What else is worth saying.
pub(super) fn notes(page: &mut Page, written: &Written) {
    for note in &written.notes {
        page.gap();
        page.labelled(INFO, "note", note);
    }
}
