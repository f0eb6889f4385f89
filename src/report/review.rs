//! What the outputs made for review share: counts, titles, what became of a branch, edits by reason.
//!
//! Knows: [`Plan`], [`Written`]. Must not know: Markdown, HTML, SARIF.

use std::collections::BTreeSet;

use crate::finding::Level;
use crate::plan::{self, Plan, RolloutStep, Task, Verdict};
use crate::text::{Edit, Place, RepoPath, Source};

use super::summary::{self, FileChange};
use super::{Outcome, Run, Written};

/// Streams listed per query and side; the JSON output has them all.
pub(super) const MOST_STREAMS: usize = 8;
/// Most branches that are named for one kind of conflict.
const MOST_BRANCHES: usize = 3;

/// `1 file`, `2 files`.
pub(super) fn number(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The first twelve digits of a commit id.
pub(super) fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// How much there is of what.
pub(super) struct Counts {
    pub(super) files: usize,
    pub(super) queries: usize,
    pub(super) review: usize,
    pub(super) notes: usize,
}

impl Counts {
    pub(super) fn of(plan: &Plan) -> Self {
        let paths: BTreeSet<_> = summary::files(plan).iter().map(|file| file.path).collect();
        Self {
            files: paths.len(),
            queries: plan.queries.iter().filter(|query| query.before != query.after).count(),
            review: summary::count(plan, Level::Review),
            notes: summary::count(plan, Level::Note),
        }
    }

    /// `14 files to change, 23 queries to rewrite, …`, without what there is none of.
    pub(super) fn sentence(&self) -> String {
        let parts = [
            (self.files, "file to change", "files to change"),
            (self.queries, "query to rewrite", "queries to rewrite"),
            (self.review, "place left for you to decide", "places left for you to decide"),
            (self.notes, "note", "notes"),
        ];
        let said = parts.iter().filter(|(count, ..)| *count > 0).map(|(count, one, many)| number(*count, one, many));
        said.collect::<Vec<_>>().join(", ")
    }
}

/// A verdict in words for people.
pub(super) fn verdict(plan: &Plan) -> &'static str {
    match (plan.task, plan.verdict) {
        (Task::Move, Verdict::Ready) => "syslog → Docker socket",
        (Task::Move, Verdict::NothingToDo) => "nothing to do, it does not log to syslog any more",
        (Task::Prune, Verdict::Ready) => "what nothing needs any more goes",
        (Task::Prune, Verdict::NothingToDo) => "nothing to do, moves left nothing behind",
        (_, Verdict::Blocked) => "blocked, nothing was written for it",
    }
}

/// The branch that holds a plan, and the plan's own commits on it.
pub(super) fn branch_of(run: Run<'_>, plan: usize) -> Option<(&Written, &[String])> {
    let written = run.branches.iter().find(|written| written.plans.contains(&plan) && !written.branch.is_empty())?;
    let steps = |index: &usize| run.plans.get(*index).map_or(0, |plan| plan.steps.len());
    let before: usize = written.plans.iter().take_while(|index| **index != plan).map(steps).sum();
    let commits = written.commits.get(before..).unwrap_or_default();
    Some((written, commits.get(..steps(&plan)).unwrap_or(commits)))
}

/// The commits of a plan: short id, title.
pub(super) fn commits(run: Run<'_>, plan: usize) -> Vec<(&str, &str)> {
    let ids = branch_of(run, plan).map_or(&[][..], |(_, ids)| ids);
    let steps = run.plans.get(plan).map_or(&[][..], |plan| &plan.steps);
    ids.iter().zip(steps).map(|(id, step)| (short(id), step.title.as_str())).collect()
}

/// The run in one line.
pub(super) fn title(run: Run<'_>) -> String {
    match run.plans {
        [] if run.branches.iter().any(|one| one.held) => {
            "Nothing to do: what logs to syslog is on a branch already".to_owned()
        }
        [] => "Nothing to do: no service logs to syslog".to_owned(),
        [plan] => format!("{}: {}", plan.subject(), verdict(plan)),
        plans => {
            let count = |verdict: Verdict| plans.iter().filter(|plan| plan.verdict == verdict).count();
            let parts = [
                (count(Verdict::Ready), "to move"),
                (count(Verdict::Blocked), "blocked"),
                (count(Verdict::NothingToDo), "with nothing to do"),
            ];
            let said = parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
            format!("{}: {}", number(plans.len(), "service", "services"), said.collect::<Vec<_>>().join(", "))
        }
    }
}

/// What is said once of all branches: the commit they start from, changes that are not on them, notes.
pub(super) struct Around<'a> {
    /// Branches that have a name.
    pub(super) named: Vec<&'a Written>,
    /// Whether this was a dry run.
    pub(super) dry_run: bool,
    /// The commit all start from; empty in a run without plans.
    pub(super) base: &'a str,
    /// Files with uncommitted changes. Sorted.
    pub(super) differing: BTreeSet<&'a RepoPath>,
    /// Each once, in the order of the branches.
    pub(super) notes: Vec<&'a str>,
}

impl<'a> Around<'a> {
    pub(super) fn of(run: Run<'a>) -> Self {
        let mut said = BTreeSet::new();
        let notes = run.branches.iter().flat_map(|one| &one.notes).map(String::as_str);
        Self {
            named: run.branches.iter().filter(|one| !one.branch.is_empty()).collect(),
            dry_run: run.branches.iter().any(|one| one.dry_run),
            base: run.plans.first().map_or("", |plan| &plan.base),
            differing: run.branches.iter().flat_map(|one| &one.differing).collect(),
            notes: notes.filter(|note| said.insert(*note)).collect(),
        }
    }
}

/// What became of a branch.
pub(super) struct Became<'a> {
    /// A sentence, or how it begins; empty when there is nothing to say.
    pub(super) said: &'static str,
    /// The commit that ends the sentence, if one does.
    pub(super) commit: Option<&'a str>,
    /// More sentences.
    pub(super) why: &'a str,
}

impl<'a> Became<'a> {
    pub(super) fn of(written: &'a Written) -> Self {
        let (said, commit, why) = match &written.outcome {
            Some(Outcome::AlreadyThere) => ("It was there already, written by an earlier run.", None, ""),
            Some(Outcome::Replaced(old)) if written.commits.contains(old) => ("It goes on from", Some(short(old)), ""),
            Some(Outcome::Replaced(old)) => ("It takes the place of", Some(short(old)), ""),
            Some(Outcome::Frozen(why)) => ("It was left as it is:", None, why.as_str()),
            _ if written.dry_run => ("This was a dry run: it was not created.", None, ""),
            _ => ("", None, ""),
        };
        Self { said, commit, why }
    }
}

/// Branches that do not merge after this one: how each kind of conflict is told.
pub(super) fn conflicts(written: &Written) -> Vec<String> {
    let mut groups: Vec<(&[String], Vec<&str>)> = Vec::new();
    for (branch, paths) in &written.conflicts {
        match groups.iter_mut().find(|(same, _)| *same == paths.as_slice()) {
            Some((_, branches)) => branches.push(branch),
            None => groups.push((paths, vec![branch])),
        }
    }
    let told = |(paths, branches): (&[String], Vec<&str>)| {
        let named = if branches.len() > MOST_BRANCHES {
            number(branches.len(), "other branch", "other branches")
        } else {
            branches.join(", ")
        };
        format!("merged after {named}, this branch has a conflict in {}", paths.join(", "))
    };
    groups.into_iter().map(told).collect()
}

/// What there is to do for each branch of a batch: one rollout for all services on it.
pub(super) fn rollouts(run: Run<'_>) -> Vec<(&Written, Vec<RolloutStep>)> {
    let plans = |written: &Written| written.plans.iter().filter_map(|&index| run.plans.get(index)).collect::<Vec<_>>();
    let named = run.branches.iter().filter(|written| !written.plans.is_empty());
    named.map(|written| (written, plan::together(plans(written)))).collect()
}

/// Edits of one file that are made for the same reason.
pub(super) struct Reason<'a> {
    /// 1-based lines, in file order.
    pub(super) lines: Vec<usize>,
    /// One sentence, no full stop.
    pub(super) message: &'a str,
    /// The fact that decided, where it stands in another file and no reason before names it.
    pub(super) fact: Option<&'a Place>,
}

/// The edits of a file by reason, in the order of the first.
pub(super) fn reasons<'a>(file: &FileChange<'a>) -> Vec<Reason<'a>> {
    let mut out: Vec<Reason<'_>> = Vec::new();
    let mut told = BTreeSet::new();
    for edit in file.edits {
        let line = file.before.map_or(1, |source| first_line(source, edit));
        match out.iter_mut().find(|one| one.message == edit.why.message) {
            Some(one) if one.lines.contains(&line) => {}
            Some(one) => one.lines.push(line),
            None => {
                let fact = edit.why.fact.as_ref().filter(|fact| fact.source.path != *file.path);
                let fact = fact.filter(|fact| told.insert(summary::place(fact)));
                out.push(Reason { lines: vec![line], message: &edit.why.message, fact });
            }
        }
    }
    out
}

/// 1-based line of the first byte of an edit that is not a line end: deleting from the end of one line on is about
/// the next one.
fn first_line(source: &Source, edit: &Edit) -> usize {
    let text = source.slice(edit.span);
    let blank = text.len() - text.trim_start_matches(['\r', '\n']).len();
    source.position(edit.span.start() + if blank < text.len() { blank } else { 0 }).line
}

/// `line 3`, `lines 3, 7`.
pub(super) fn lines(lines: &[usize]) -> String {
    let numbers: Vec<_> = lines.iter().map(ToString::to_string).collect();
    format!("{} {}", if lines.len() == 1 { "line" } else { "lines" }, numbers.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_plan_finds_its_own_commits_on_its_branch() {
        let (plan, written) = sample::full();
        let plans = [plan.clone(), plan];
        let commits: Vec<String> = ["1", "2", "3", "4"].map(str::to_owned).into();
        let branches = [Written { plans: vec![0, 1], commits, ..written }];
        let run = Run { plans: &plans, branches: &branches, batch: true };
        assert_eq!(branch_of(run, 1).unwrap().1, ["3", "4"]);
        assert!(branch_of(run, 2).is_none());
    }
}
