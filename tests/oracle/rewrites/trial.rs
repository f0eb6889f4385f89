//! One world with its queries: planned, put to the engine before and after, judged.
//!
//! Knows: how a plan is run, what a note excuses. Must not know: how worlds and queries are made.

use std::sync::Arc;

use migrate::finding::Level;
use migrate::plan::{self, Plan, Request};
use migrate::proof::Matcher;
use migrate::snapshot::{Entry, EntryKind, Snapshot};
use migrate::syntax::logql::{self, Use};
use migrate::text::{RepoPath, Source};

use crate::judge::{Answer, Ask, Judge, Query, Stream};
use crate::random::Random;
use crate::work::Report;

use super::compare::{Outcome, Renamed};
use super::files::{self, Kind, Site, Wanted};
use super::lines::{self, SECOND, START};
use super::world::{Files, World};

/// What is asked of a world.
#[derive(Clone)]
pub(super) struct Task<'w> {
    pub(super) world: &'w World,
    pub(super) request: Request,
    /// Whether its Loki derives `service_name`.
    pub(super) service_name: bool,
    /// Chooses the lines.
    pub(super) seed: u64,
}

/// A query that does not return what it returned.
pub(super) struct Difference {
    pub(super) site: Site,
    /// What kind, as the counts call it.
    pub(super) kind: &'static str,
    /// What was returned, and should be again.
    pub(super) old: Answer,
    pub(super) new: Answer,
}

/// What came of it, besides the counts.
pub(super) struct Trial {
    pub(super) files: Files,
    pub(super) plan: Plan,
    /// Before, after, and before with shadows.
    pub(super) stores: [Vec<Stream>; 3],
    pub(super) differences: Vec<Difference>,
}

/// Plans, asks and judges.
///
/// # Errors
/// There is no plan, and why; the files.
pub(super) fn run(
    judge: &mut Judge,
    task: &Task<'_>,
    wanted: &[Wanted],
    report: &mut Report,
) -> Result<Option<Trial>, (String, Files)> {
    let mut files = task.world.files.clone();
    let mut sites = files::write(&mut files, wanted);
    let plan = match plan::plan(&snapshot(&files), &task.request) {
        Ok(plan) => plan,
        Err(error) => return Err((error.message, files)),
    };
    let Some(moved) = &plan.moved else {
        let why = plan.findings.first().map_or("nothing to do", |finding| finding.rule);
        report.add(&format!("repositories without a move: {why}"), 1);
        return Ok(None);
    };
    files::read_back(&plan, &mut sites);
    let mut random = Random::new(task.seed, "lines", 0);
    let sets = lines::sets(&mut random, moved, task.world.style, task.service_name);
    let stores = [sets.before, sets.after, sets.shadowed];
    let renamed = Renamed::new(&moved.project, &moved.jobs);
    sites.retain(|site| is_settled(&plan, site, task.service_name, report));
    let (old, new) = (moved.jobs.first().map_or("", String::as_str), moved.project.as_str());
    let questions = |site: &Site| {
        [(0, &site.before, old), (1, &site.after, new), (2, &site.before, old), (0, &site.after, old)]
            .map(|(set, text, name)| question(set, text, name))
    };
    let questions: Vec<Query> = sites.iter().flat_map(questions).collect();
    let answers: Vec<Answer> = judge.ask(&Ask::Query { sets: &stores, queries: &questions });
    let mut differences = Vec::new();
    for (site, answers) in sites.into_iter().zip(answers.chunks(4)) {
        let [old, new, shadowed, today] = answers else { continue };
        // Whether an absence meets a line that cannot be parsed is chance.
        let by_chance = site.before.contains("absent_over_time") && new.error.starts_with("pipeline error");
        if !old.error.is_empty() || by_chance {
            report.add("the engine refuses the query", 1);
            continue;
        }
        let judged = judged(&plan, &renamed, &site, [old, new, shadowed], report);
        if let Some(kind) = judged {
            differences.push(Difference { site, kind, old: old.clone(), new: new.clone() });
        } else if let Some(kind) = history(&plan, &renamed, &site, [old, today], report) {
            differences.push(Difference { site, kind, old: old.clone(), new: today.clone() });
        }
    }
    Ok(Some(Trial { files, plan, stores, differences }))
}

fn picks_inside(text: &str) -> bool {
    ["topk", "bottomk"].iter().any(|word| text.find(word).is_some_and(|at| !text[..at].trim().is_empty()))
}

/// Counts the query by what became of it; whether there is something to compare.
fn is_settled(plan: &Plan, site: &Site, service_name: bool, report: &mut Report) -> bool {
    let jobs = plan.moved.as_ref().map_or(&[][..], |moved| &moved.jobs);
    let review = files::findings(plan, site).any(|finding| finding.level != Level::Note);
    let on_variable = || files::findings_on_variables(plan).any(|finding| finding.level != Level::Note);
    let review = review || site.before.contains("$job") && on_variable();
    let (rewritten, named) = (site.before != site.after, names(&site.before, jobs, service_name));
    let what = match (rewritten, review, named) {
        (true, true, _) => "queries rewritten with a review finding",
        (true, false, _) => "queries rewritten",
        (false, true, _) => "queries left with a review finding",
        (false, false, true) => "queries left that ask for the job",
        (false, false, false) => "queries left that do not",
    };
    report.add(what, 1);
    rewritten || named && !review
}

/// Whether the query asks for a job that moves: by a matcher that tells it from others or from none, on `job` or on the
/// label that Loki derives from it, or by what it does with the label.
fn names(text: &str, jobs: &[String], service_name: bool) -> bool {
    let Ok(query) = logql::read(text) else { return true };
    let is_one = |name: &str| name == "job" || service_name && name == "service_name";
    let matchers = || query.selectors().flat_map(|(_, one)| query.matchers(one));
    let tells = |one: &logql::Matcher<'_>| {
        let matcher = Matcher::new("job", one.op.into(), &one.value.value);
        let moved = |job: &String| ["", "\u{1}"].iter().any(|other| matcher.accepts(job) != matcher.accepts(other));
        one.value.placeholder || jobs.iter().any(moved)
    };
    let uses = query.uses();
    let mut used = uses.iter().filter(|mention| mention.name == "job").filter(|mention| match mention.usage {
        Use::SelectorMatcher | Use::LabelReplaceDestination | Use::LabelFormatDestination | Use::Extraction => false,
        Use::LabelFilter => jobs.iter().any(|job| text.contains(job.as_str())),
        _ => true,
    });
    let new_already = matchers().any(|one| one.name.text == "service");
    matchers().any(|one| is_one(one.name.text) && tells(one)) || !new_already && used.next().is_some()
}

/// Counts how the results compare; the kind of difference, if there is one that no note tells of.
fn judged(
    plan: &Plan,
    renamed: &Renamed,
    site: &Site,
    answers: [&Answer; 3],
    report: &mut Report,
) -> Option<&'static str> {
    let [old, new, shadowed] = answers;
    let empty = |answer: &Answer| answer.rows.as_ref().is_none_or(Vec::is_empty);
    let rewritten = site.before != site.after;
    let what = match (rewritten, empty(old) && empty(new)) {
        (_, true) => "compared, but both return nothing",
        (true, false) => "compared",
        (false, false) => "compared, of those left",
    };
    report.add(what, 1);
    let exact = site.kind == Kind::Record && !site.before.contains("service");
    let [first, second] = [old, shadowed].map(|old| renamed.compare(old, new, exact));
    let outcome = if second == Outcome::Same { second } else { first };
    let note = |rule: &str| files::findings(plan, site).any(|one| one.rule.ends_with(rule));
    let holds = |word: &str| site.before.contains(word);
    let said = match outcome {
        Outcome::Same => return None,
        Outcome::OtherLabels if !old.metric => "same lines, other labels",
        Outcome::OtherLabels if holds("topk") || holds("bottomk") => "ties of a topk",
        // Which of two equal series is picked shows in what stands around the pick.
        _ if picks_inside(&site.before) => "ties of a topk inside another aggregation",
        // The label that the query itself writes stays; the service stands beside it now.
        Outcome::OtherLabels if holds("label_replace(") => "a label that label_replace writes",
        Outcome::OtherLabels if note("/absent") => "other labels of an absence, as a note says",
        _ if note("/fans-out") => "fans out, as a note says",
        _ if renamed.changes_length() && holds("bytes_") && holds("line_format") => "bytes of a name in the line",
        Outcome::FansOut => "different: fans out and nothing says so",
        _ if rewritten => "different: rewritten",
        _ => "different: left alone",
    };
    report.add(said, 1);
    said.starts_with("different").then_some(said)
}

/// Where history is to be kept, the new query returns on the old streams what the old one does.
fn history(
    plan: &Plan,
    renamed: &Renamed,
    site: &Site,
    [old, today]: [&Answer; 2],
    report: &mut Report,
) -> Option<&'static str> {
    if !plan.request.keep_history || site.before == site.after {
        return None;
    }
    report.add("history compared", 1);
    let same = matches!(renamed.compare(old, today, false), Outcome::Same | Outcome::OtherLabels);
    let kind = "different: history";
    (!same).then(|| {
        report.add(kind, 1);
        kind
    })
}

/// `name` is what a dashboard's variable for the service holds.
pub(super) fn question(set: usize, text: &str, name: &str) -> Query {
    let text = text.replace("$job", name).replace("$hostname", ".+").replace("[$__auto]", "[1m]");
    let is_log = text.trim_start().starts_with('{');
    let (start, end) = if is_log { (0, 200) } else { (20, 140) };
    let step = if is_log { 0 } else { 30 * SECOND };
    Query { set, text, start: START + start * SECOND, end: START + end * SECOND, step }
}

pub(super) fn snapshot(files: &Files) -> Snapshot {
    let entry = |path: &String| Entry { path: RepoPath::from(path.as_str()), kind: EntryKind::File };
    let mut out = Snapshot::new("0".repeat(40), files.keys().map(entry).collect());
    for (path, text) in files {
        out.add(Arc::new(Source::new(path.as_str(), 0o100_644, Vec::new(), text.clone().into_bytes())));
    }
    out
}
