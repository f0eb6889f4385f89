//! The end of every report: the branch, what to type next, what else is worth saying.
//!
//! Knows: [`Written`]. Must not know: plans.

use super::super::style::{FAINT, INFO, LOOK, Page, STRONG};
use super::super::{Outcome, Written, quoted};
use super::number;

/// Most branches that are named for one kind of conflict.
const MOST: usize = 3;

/// The branch, with the titles of its commits in order; nothing when there is none.
pub(super) fn render(page: &mut Page, base: &str, titles: &[&str], written: &Written) {
    if written.branch.is_empty() {
        return;
    }
    let (name, from) = (&written.branch, short(base));
    page.heading(&match &written.outcome {
        Some(Outcome::AlreadyThere) => format!("Branch {name}, from {from}, is there already"),
        Some(Outcome::Frozen(_)) => format!("Branch {name} was left as it is"),
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
    let tip = written.commits.last().map_or("", |id| short(id));
    let (look, take) = if written.dry_run && written.outcome != Some(Outcome::AlreadyThere) {
        (format!("git diff {}...{tip}", short(base)), None)
    } else {
        let name = quoted(&written.branch);
        (format!("git diff {}...{name}", short(base)), Some(format!("git switch {name}")))
    };
    page.gap();
    page.code("  to review:  ", STRONG, &look);
    if let Some(take) = take {
        page.code("  to take:    ", STRONG, &take);
    }
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
    conflicts(page, written);
    notes(page, written);
}

/// Branches that do not merge after this one, those with the same files together.
fn conflicts(page: &mut Page, written: &Written) {
    let mut groups: Vec<(&[String], Vec<&str>)> = Vec::new();
    for (branch, paths) in &written.conflicts {
        match groups.iter_mut().find(|(same, _)| *same == paths.as_slice()) {
            Some((_, branches)) => branches.push(branch),
            None => groups.push((paths, vec![branch])),
        }
    }
    for (paths, branches) in groups {
        let named = if branches.len() > MOST {
            number(branches.len(), "other branch", "other branches")
        } else {
            branches.join(", ")
        };
        page.gap();
        page.labelled(
            LOOK,
            "note",
            &format!("merged after {named}, this branch has a conflict in {}", paths.join(", ")),
        );
    }
}

/// What else is worth saying.
pub(super) fn notes(page: &mut Page, written: &Written) {
    for note in &written.notes {
        page.gap();
        page.labelled(INFO, "note", note);
    }
}

/// The first twelve digits of a commit id.
pub(in crate::report) fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}
