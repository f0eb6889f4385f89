//! One world with its queries: planned, put to the engine before and after, judged.
//!
//! Knows: how a plan is run, what a note excuses. Must not know: how worlds and queries are made.

use std::sync::Arc;

use migrate::finding::Level;
use migrate::plan::{self, Move, Plan, Request};
use migrate::proof::{Matcher, Op};
use migrate::snapshot::{Entry, EntryKind, Snapshot};
use migrate::syntax::logql::{self, Use};
use migrate::text::{RepoPath, Source};
use migrate::topology::Label;

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
    /// Before, after, before with shadows, and after with `job` as well.
    pub(super) stores: [Vec<Stream>; 4],
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
    let stores = [sets.before, sets.after, sets.shadowed, sets.kept];
    let renamed = Renamed::new(&moved.project, &moved.jobs);
    sites.retain(|site| is_settled(&plan, site, task.service_name, report));
    let names = (moved.jobs.first().map_or("", String::as_str), moved.project.as_str());
    let questions: Vec<Query> = sites.iter().flat_map(|site| questions(site, names)).collect();
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
        let mut again = |texts: &[(usize, String)]| -> Vec<Answer> {
            let queries: Vec<Query> = texts.iter().map(|(set, text)| question(*set, text, names.0)).collect();
            judge.ask(&Ask::Query { sets: &stores, queries: &queries })
        };
        let judged = judged(&plan, &renamed, &site, [old, new, shadowed], &mut again, report);
        if let Some(kind) = judged {
            differences.push(Difference { site, kind, old: old.clone(), new: new.clone() });
        } else if let Some(kind) = history(&plan, &renamed, &site, [old, today], &mut again, report) {
            differences.push(Difference { site, kind, old: old.clone(), new: today.clone() });
        }
    }
    Ok(Some(Trial { files, plan, stores, differences }))
}

/// The old query before the move, the new one after it, the old one beside shadows, the new one before the move. A
/// variable holds the name of the service where its matcher has been rewritten for that.
fn questions(site: &Site, (job, project): (&str, &str)) -> [Query; 4] {
    let follows = ["=", "=~"].iter().any(|sign| site.after.contains(&format!("service_name{sign}\"$job\"")));
    let new = if follows { project } else { job };
    [(0, &site.before, job), (1, &site.after, new), (2, &site.before, job), (0, &site.after, job)]
        .map(|(set, text, name)| question(set, text, name))
}

/// Counts the query by what became of it; whether there is something to compare.
fn is_settled(plan: &Plan, site: &Site, service_name: bool, report: &mut Report) -> bool {
    let review = files::findings(plan, site).any(|finding| finding.level != Level::Note);
    let on_variable = || files::findings_on_variables(plan).any(|finding| finding.level != Level::Note);
    let review = review || site.before.contains("$job") && on_variable();
    let (rewritten, named) = (site.before != site.after, names(plan, &site.before, service_name));
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

/// Whether a selector asks for a job that moves, or leaves it out: by a matcher that tells it from others or from none, on
/// `job` or on the label that Loki derives from it, beside others that a stream which moves satisfies.
fn tells_apart(moved: &Move, query: &logql::Query<'_>, service_name: bool) -> bool {
    selects(moved, query, &|one| {
        (one.name.text == "job" || service_name && is_name(one))
            && (one.value.placeholder || tells(one.op.into(), &one.value.value, &moved.jobs))
    })
}

/// Whether a selector asks for such a job, and does not leave it out.
fn asks_for(moved: &Move, query: &logql::Query<'_>) -> bool {
    selects(moved, query, &|one| {
        let matcher = Matcher::new("job", one.op.into(), &one.value.value);
        let takes = |job: &String| matcher.accepts(job) == Some(true) && matcher.accepts("\u{1}") == Some(false);
        is_name(one) && (one.value.placeholder || moved.jobs.iter().any(takes))
    })
}

fn is_name(one: &logql::Matcher<'_>) -> bool {
    ["job", "service_name"].contains(&one.name.text)
}

/// Whether a selector has such a matcher, beside others that a stream which moves satisfies.
fn selects(moved: &Move, query: &logql::Query<'_>, asks: &dyn Fn(&logql::Matcher<'_>) -> bool) -> bool {
    let streams = &moved.streams;
    let moves = |index: &usize| {
        let labels = |&to: &usize| streams.after[to].labels != streams.before[*index].labels;
        streams.image[*index].iter().any(labels)
    };
    let fits = |index: usize, one: &logql::Matcher<'_>| {
        let value = match streams.before[index].labels.get(one.name.text) {
            Some(Label::Unknown) => return true,
            Some(Label::Known(value)) => value.as_str(),
            None => "",
        };
        let matcher = Matcher::new(one.name.text, one.op.into(), &one.value.value);
        one.value.placeholder || matcher.accepts(value) != Some(false)
    };
    query.selectors().any(|(_, selector)| {
        let matchers = query.matchers(selector);
        let others = |index| matchers.iter().filter(|one| !is_name(one)).all(|one| fits(index, one));
        matchers.iter().any(asks) && (0..streams.before.len()).filter(moves).any(others)
    })
}

/// Whether a comparison tells one of these values from others or from none.
fn tells(op: Op, value: &str, names: &[String]) -> bool {
    let matcher = Matcher::new("job", op, value);
    let told = |name: &String| ["", "\u{1}"].iter().any(|other| matcher.accepts(name) != matcher.accepts(other));
    names.iter().any(told)
}

/// Whether the query asks for a job that moves: by a matcher, or by what it does with the label. Who selects by the new
/// labels already asks for the new streams.
fn names(plan: &Plan, text: &str, service_name: bool) -> bool {
    let (Ok(query), Some(moved)) = (logql::read(text), &plan.moved) else { return true };
    let uses = query.uses();
    let mut used = uses.iter().filter(|mention| mention.name == "job").filter(|mention| match mention.usage {
        Use::SelectorMatcher | Use::LabelReplaceDestination | Use::LabelFormatDestination | Use::Extraction => false,
        Use::LabelFilter => moved.jobs.iter().any(|job| text.contains(job.as_str())),
        _ => true,
    });
    let project = std::slice::from_ref(&moved.project);
    let mut matchers = query.selectors().flat_map(|(_, one)| query.matchers(one));
    let new_already = matchers.any(|one| match one.name.text {
        "service" => true,
        "service_name" => tells(one.op.into(), &one.value.value, project),
        _ => false,
    });
    tells_apart(moved, &query, service_name) || !new_already && used.next().is_some()
}

/// Counts how the results compare; the kind of difference, if there is one that no note tells of. `again` asks more.
fn judged(
    plan: &Plan,
    renamed: &Renamed,
    site: &Site,
    answers: [&Answer; 3],
    again: &mut dyn FnMut(&[(usize, String)]) -> Vec<Answer>,
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
    let mut same = |pairs: [(usize, String); 2]| {
        let answers = again(&pairs);
        renamed.compare(&answers[0], &answers[1], exact) == Outcome::Same
    };
    let said = match outcome {
        Outcome::Same => return None,
        Outcome::OtherLabels if !old.metric => "same lines, other labels",
        _ if ties(site, 1, &mut same) => "ties of a topk",
        // The label `job` that the query itself writes stays; the service stands beside it now.
        _ if holds("label_replace(") && renamed.compare(old, new, true) == Outcome::Same => {
            "a label that label_replace writes"
        }
        Outcome::OtherLabels if note("/absent") => "other labels of an absence, as a note says",
        _ if note("/fans-out") => "fans out, as a note says",
        _ if renamed.changes_length() && holds("bytes_") && holds("line_format") => "bytes of a name in the line",
        // What selects over a whole host shows what is there, as it comes: other streams, and labels that the query
        // groups by. Only what it does with `job` is the move's affair, and that has made no difference.
        _ if !rewritten
            && plan
                .moved
                .as_ref()
                .is_some_and(|moved| logql::read(&site.before).is_ok_and(|query| !asks_for(moved, &query)))
            && [&site.before, &all(&site.before)]
                .into_iter()
                .any(|text| same([(3, text.clone()), (1, text.clone())])) =>
        {
            "a whole host, with or without the label"
        }
        Outcome::FansOut => "different: fans out and nothing says so",
        _ if rewritten => "different: rewritten",
        _ => "different: left alone",
    };
    report.add(said, 1);
    said.starts_with("different").then_some(said)
}

/// Whether all that differs is which of equal series a `topk` picks: the queries give the same when it picks all of them,
/// and when it tells the greatest of each group.
fn ties(site: &Site, set: usize, same: &mut dyn FnMut([(usize, String); 2]) -> bool) -> bool {
    let most = |text: &str| text.replace("bottomk", "min").replace("topk", "max").replace("(2,", "(");
    ["topk", "bottomk"].iter().any(|word| site.before.contains(word))
        && same([(0, all(&site.before)), (set, all(&site.after))])
        && same([(0, most(&site.before)), (set, most(&site.after))])
}

/// With every `topk` picking all there is.
fn all(text: &str) -> String {
    text.replace("(2,", "(1000,")
}

/// Where history is to be kept, the new query returns on the old streams what the old one does.
fn history(
    plan: &Plan,
    renamed: &Renamed,
    site: &Site,
    [old, today]: [&Answer; 2],
    again: &mut dyn FnMut(&[(usize, String)]) -> Vec<Answer>,
    report: &mut Report,
) -> Option<&'static str> {
    if !plan.request.keep_history || site.before == site.after {
        return None;
    }
    report.add("history compared", 1);
    let is_same = |old: &Answer, today: &Answer| {
        matches!(renamed.compare(old, today, false), Outcome::Same | Outcome::OtherLabels)
    };
    let mut same = |pairs: [(usize, String); 2]| {
        let answers = again(&pairs);
        is_same(&answers[0], &answers[1])
    };
    let kind = "different: history";
    (!is_same(old, today) && !ties(site, 0, &mut same)).then(|| {
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
