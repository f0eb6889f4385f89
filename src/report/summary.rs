//! What all outputs share: the order and grouping of things, the exit code, how a place is named.
//!
//! Knows: [`Plan`]. Must not know: terminals, JSON, colours.

use std::collections::BTreeMap;

use crate::finding::{Finding, Level};
use crate::plan::{Plan, QueryChange, Step, Verdict};
use crate::text::{Edits, Place, Position, RepoPath, Source};
use crate::topology::Move;

use super::{Outcome, Run, Written};

/// `path:line:column`, 1-based, columns in characters.
pub fn place(place: &Place) -> String {
    let at = start(place);
    format!("{}:{}:{}", place.source.path, at.line, at.column)
}

/// What says the name of the project.
pub fn project_from(moved: &Move) -> String {
    if moved.project_given { "--project".to_owned() } else { place(&moved.project_at) }
}

/// Where a place starts.
pub fn start(place: &Place) -> Position {
    place.source.position(place.span.start())
}

/// One past the last character of a place.
pub fn end(place: &Place) -> Position {
    place.source.position(place.span.end())
}

/// The exit code: 0 done or nothing to do, 3 written and something is left to look at, 4 blocked and nothing written.
pub fn exit_code(run: Run<'_>) -> u8 {
    let codes: Vec<u8> = run
        .plans
        .iter()
        .enumerate()
        .map(|(index, plan)| {
            let on = run.branches.iter().find(|written| written.plans.contains(&index));
            code_of(plan, on)
        })
        .collect();
    let is_ready = run.plans.iter().any(|plan| plan.verdict == Verdict::Ready);
    match codes.iter().max() {
        // A blocked service beside others is one more thing to look at.
        Some(4) if is_ready => 3,
        Some(&code) => code,
        None => 0,
    }
}

/// The exit code of one service alone, with the branch it went to, if any.
pub fn code_of(plan: &Plan, written: Option<&Written>) -> u8 {
    let frozen = || written.is_some_and(|written| matches!(written.outcome, Some(Outcome::Frozen(_))));
    match plan.verdict {
        Verdict::Ready if written.is_some_and(Written::already_there) => 0,
        Verdict::Blocked => 4,
        Verdict::Ready if plan.has(Level::Review) || frozen() => 3,
        Verdict::Ready | Verdict::NothingToDo => 0,
    }
}

/// The word for a verdict in every output.
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ready => "ready",
        Verdict::NothingToDo => "nothing-to-do",
        Verdict::Blocked => "blocked",
    }
}

/// The word for what became of the branch.
pub fn outcome(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Created => "created",
        Outcome::Replaced(_) => "replaced",
        Outcome::AlreadyThere => "already-there",
        Outcome::DryRun => "dry-run",
        Outcome::Frozen(_) => "frozen",
    }
}

/// Findings worst first; within a level in the order of the plan.
pub fn findings(plan: &Plan) -> Vec<&Finding> {
    let mut list: Vec<_> = plan.findings.iter().collect();
    list.sort_by_key(|finding| finding.level);
    list
}

/// [`findings`] of one level, those that say the same about several places together, in the order of the first.
/// Legends shown with their query are left out.
pub fn grouped<'a>(plan: &'a Plan, level: Level, legends: &Legends<'a>) -> Vec<Vec<&'a Finding>> {
    let mut at: BTreeMap<(&str, &str, Option<&str>), usize> = BTreeMap::new();
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    for finding in findings(plan).into_iter().filter(|one| one.level == level && !legends.hold(one)) {
        let said = (finding.rule, finding.message.as_str(), finding.hint.as_deref());
        let group = *at.entry(said).or_insert(groups.len());
        match groups.get_mut(group) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups
}

/// Findings about the legend of a query that was left, told with the finding about that query.
#[derive(Default)]
pub struct Legends<'a> {
    /// Query and legend.
    pairs: Vec<(&'a Finding, &'a Finding)>,
}

impl<'a> Legends<'a> {
    /// A legend belongs to the finding on the nearest place above it in its file, if that is a few lines away.
    pub fn of_plan(plan: &'a Plan) -> Self {
        const NEAR: usize = 6;
        let is_legend = |finding: &Finding| finding.rule.ends_with("/legend-left");
        let legends: Vec<(&Finding, &Place)> = plan
            .findings
            .iter()
            .filter(|one| is_legend(one) && one.proposed.is_some())
            .filter_map(|one| Some((one, one.at.as_ref()?)))
            .collect();
        // Lines are counted from the start of a file: once for each place, and only where there is a legend.
        let mut beside: BTreeMap<&str, Vec<(usize, &Finding)>> =
            legends.iter().map(|(_, at)| (at.source.path.as_str(), Vec::new())).collect();
        for one in plan.findings.iter().filter(|one| !is_legend(one)) {
            let Some(at) = &one.at else { continue };
            if let Some(list) = beside.get_mut(at.source.path.as_str()) {
                list.push((start(at).line, one));
            }
        }
        let pairs = legends.into_iter().filter_map(|(legend, at)| {
            let line = start(at).line;
            let above = beside.get(at.source.path.as_str())?.iter().filter(|(_, one)| one.level == legend.level);
            let near = above.filter(|(start, _)| *start < line && line - start <= NEAR);
            near.max_by_key(|(start, _)| *start).map(|(_, query)| (*query, legend))
        });
        Self { pairs: pairs.collect() }
    }

    /// The legends told with this finding.
    pub fn of(&self, finding: &Finding) -> impl Iterator<Item = &'a Finding> {
        self.pairs.iter().filter(move |(query, _)| std::ptr::eq(*query, finding)).map(|(_, legend)| *legend)
    }

    pub(super) fn hold(&self, finding: &Finding) -> bool {
        self.pairs.iter().any(|(_, legend)| std::ptr::eq(*legend, finding))
    }
}

/// How many findings have this level.
pub fn count(plan: &Plan, level: Level) -> usize {
    plan.findings.iter().filter(|finding| finding.level == level).count()
}

/// The query sites by path and place.
pub fn queries(plan: &Plan) -> Vec<&QueryChange> {
    let mut list: Vec<_> = plan.queries.iter().collect();
    list.sort_by_cached_key(|query| (query.at.source.path.clone(), query.at.span));
    list
}

/// The rewritten queries: those that select the same streams before and after together, in the order of the first.
pub fn rewritten(plan: &Plan) -> Vec<Vec<&QueryChange>> {
    let mut groups: Vec<Vec<&QueryChange>> = Vec::new();
    for query in queries(plan).into_iter().filter(|query| query.before != query.after) {
        let same =
            |one: &QueryChange| one.streams_before == query.streams_before && one.streams_after == query.streams_after;
        match groups.iter_mut().find(|group| group.first().is_some_and(|first| same(first))) {
            Some(group) => group.push(query),
            None => groups.push(vec![query]),
        }
    }
    groups
}

/// The edits of one file in one commit.
pub struct FileChange<'a> {
    /// Index of the commit, 0-based.
    pub step: usize,
    /// The file.
    pub path: &'a RepoPath,
    /// The file before this commit; `None` when the commit creates it.
    pub before: Option<&'a Source>,
    /// What changes.
    pub edits: &'a Edits,
}

/// Artefacts in the order they are rolled out, by the first part of the rule id: what collects, what logs, then what
/// reads.
const ARTEFACTS: [&str; 7] = ["alloy-socket", "compose", "alloy", "host-vars", "dashboards", "alerts", "loki"];

/// The changed files in the order of rollout: by commit, then by artefact, then by path.
pub fn files(plan: &Plan) -> Vec<FileChange<'_>> {
    let mut list = Vec::new();
    for (step, commit) in plan.steps.iter().enumerate() {
        let mut files: Vec<_> = commit
            .edits
            .iter()
            .map(|(path, edits)| FileChange { step, path, before: original(commit, path), edits })
            .collect();
        files.sort_by_key(|file| rank(file.edits));
        list.extend(files);
    }
    list
}

fn original<'a>(step: &'a Step, path: &RepoPath) -> Option<&'a Source> {
    // A file that a step creates may be there as an empty source, so that edits have something to speak of.
    step.before
        .get(path.as_str())
        .map(AsRef::as_ref)
        .filter(|source| !source.bytes().is_empty() || step.before.has(path.as_str()))
}

/// Where the artefact of these edits stands in [`ARTEFACTS`].
pub(super) fn rank(edits: &Edits) -> usize {
    let artefact = |rule: &str| {
        let artefact = rule.split('/').next().unwrap_or(rule).replace('_', "-");
        ARTEFACTS.iter().position(|&known| known == artefact).unwrap_or(ARTEFACTS.len())
    };
    edits.iter().map(|edit| artefact(edit.why.rule)).min().unwrap_or(ARTEFACTS.len())
}

/// A file from the base to the end of the branch.
pub struct FileResult<'a> {
    /// The file.
    pub path: &'a RepoPath,
    /// Its bytes in the base; `None` when the branch creates it.
    pub before: Option<&'a [u8]>,
    /// Its bytes at the end of the branch.
    pub after: Vec<u8>,
}

/// Every changed file once, in the order of [`files`], from its first state to its last.
pub fn results(plan: &Plan) -> Vec<FileResult<'_>> {
    let mut seen: BTreeMap<&RepoPath, usize> = BTreeMap::new();
    let mut list: Vec<FileResult<'_>> = Vec::new();
    for file in files(plan) {
        let before = file.before.map(Source::bytes);
        let fits = file.edits.iter().all(|edit| edit.span.end() <= before.unwrap_or_default().len());
        let after = if fits { file.edits.apply(before.unwrap_or_default()) } else { continue };
        if let Some(&at) = seen.get(file.path) {
            list[at].after = after;
        } else {
            seen.insert(file.path, list.len());
            list.push(FileResult { path: file.path, before, after });
        }
    }
    list
}
