//! Rewritten queries beside the old ones: in Loki's own engine, the old query on the streams before the move and the new
//! one on the streams after it give the same.
//!
//! Knows: how a plan is run, which query of a file became which. Must not know: how a query is rewritten.

mod ask;
mod collector;
mod compare;
mod lines;
mod world;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use migrate::finding::{Finding, Level};
use migrate::plan::{self, Plan, Request};
use migrate::snapshot::{Entry, EntryKind, Snapshot};
use migrate::syntax::logql;
use migrate::text::{RepoPath, Source};
use migrate::topology::moves::Bridge;
use serde_json::{Value, json};

use crate::judge::{Answer, Ask, Judge, Query, Stream};
use crate::random::Random;
use crate::work::{Report, Work};
use compare::{Outcome, Renamed};
use lines::{SECOND, START};
use world::{Files, Loki, World};

const DASHBOARD: &str = "ansible/grafana/dashboards/logs.json";
const RULES: &str = "ansible/loki/rules/logs.yml";
/// Queries of one world.
const PANELS: usize = 36;
const ALERTS: usize = 10;

/// Where a query stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Panel,
    Alert,
    Record,
}

/// A query of the world and what became of it.
struct Site {
    kind: Kind,
    path: &'static str,
    /// 1-based lines of its file that belong to it.
    lines: (usize, usize),
    before: String,
    after: String,
}

/// Compares `wanted` rewritten queries.
pub(crate) fn run(work: &Work, wanted: usize) -> Report {
    work.batches("rewrites", wanted, |judge, number, report| {
        let mut random = Random::new(work.seed, "rewrites", number);
        piece(judge, &mut random, report);
    })
}

fn piece(judge: &mut Judge, random: &mut Random, report: &mut Report) {
    let mut world = World::new(random);
    let mut sites = write(random, &mut world);
    report.add("repositories", 1);
    let snapshot = snapshot(&world.files);
    let request = request(random, &world);
    let plan = match plan::plan(&snapshot, &request) {
        Ok(plan) => plan,
        Err(error) => {
            report.add("different, no plan", 1);
            return report.fail(&format!("no plan: {error:?}\n{}", shown(&world.files)));
        }
    };
    let Some(moved) = &plan.moved else {
        let why = plan.findings.first().map_or("nothing to do", |finding| finding.rule);
        return report.add(&format!("repositories without a move: {why}"), 1);
    };
    read_back(&plan, &mut sites);
    // Where the repository does not tell which Loki it is, either must do; what the user says counts.
    let service_name = match world.loki {
        Loki::Three => true,
        Loki::ThreeWithout | Loki::Two => false,
        Loki::Unknown => request.bridge == Bridge::ServiceName || random.percent(50),
    };
    let sets = lines::sets(random, moved, world.style, service_name);
    let renamed = Renamed::new(&moved.project, &moved.jobs);
    let asked: Vec<&Site> = sites.iter().filter(|site| is_settled(&plan, site, service_name, report)).collect();
    let (old_name, new_name) = (moved.jobs.first().map_or("", String::as_str), moved.project.as_str());
    let questions = |site: &&Site| {
        [
            (0, &site.before, old_name),
            (1, &site.after, new_name),
            (2, &site.before, old_name),
            (0, &site.after, old_name),
        ]
        .map(|(set, text, name)| question(set, text, name))
    };
    let questions: Vec<Query> = asked.iter().flat_map(questions).collect();
    let stores = [sets.before, sets.after, sets.shadowed];
    let answers: Vec<Answer> = judge.ask(&Ask::Query { sets: &stores, queries: &questions });
    for (site, answers) in asked.iter().zip(answers.chunks(4)) {
        let [old, new, shadowed, today] = answers else { continue };
        if judged(&plan, &renamed, site, [old, new, shadowed], report) != Outcome::Same {
            report.fail(&explain(&world, &plan, site, service_name, &stores, [old, new]));
        }
        if request.keep_history && site.before != site.after && old.error.is_empty() {
            report.add("history compared", 1);
            if !matches!(renamed.compare(old, today, false), Outcome::Same | Outcome::OtherLabels) {
                report.add("different, history", 1);
                report.fail(&explain(&world, &plan, site, service_name, &stores, [old, today]));
            }
        }
    }
}

/// What the user types.
fn request(random: &mut Random, world: &World) -> Request {
    let may_say = matches!(world.loki, Loki::Three | Loki::Unknown);
    let bridge = match random.below(20) {
        0 | 1 => Bridge::Filter,
        2 | 3 => Bridge::Review,
        4..7 if may_say => Bridge::ServiceName,
        _ => Bridge::Auto,
    };
    let (service, host) = (world.service.clone(), world.host.clone());
    Request { service, host, bridge, keep_history: random.percent(20) }
}

/// Counts the query by what became of it; whether there is something to compare.
fn is_settled(plan: &Plan, site: &Site, service_name: bool, report: &mut Report) -> bool {
    let on_variable = || {
        let head = Site { lines: (1, FIRST_PANEL - 1), before: String::new(), after: String::new(), ..*site };
        site.before.contains("$job") && findings(plan, &head).any(|finding| finding.level != Level::Note)
    };
    let review = findings(plan, site).any(|finding| finding.level != Level::Note) || on_variable();
    let (rewritten, named) = (site.before != site.after, names(&site.before, service_name));
    let what = match (rewritten, review, named) {
        (true, true, _) => "queries rewritten with a review finding",
        (true, false, _) => "queries rewritten",
        (false, true, _) => "queries left with a review finding",
        (false, false, true) => "queries left that name a job",
        (false, false, false) => "queries left that name no job",
    };
    report.add(what, 1);
    rewritten || named && !review
}

/// Whether the query asks for a job: by the label, by the one that Loki derives from it, or by what it does with it.
fn names(text: &str, service_name: bool) -> bool {
    let Ok(query) = logql::read(text) else { return true };
    let is_one = |name: &str| name == "job" || service_name && name == "service_name";
    let matchers = || query.selectors().flat_map(|(_, one)| query.matchers(one));
    let narrows = matchers().any(|one| is_one(one.name.text) && one.value.value != ".*");
    let new_already = matchers().any(|one| one.name.text == "service");
    narrows || !new_already && query.uses().iter().any(|mention| is_one(&mention.name))
}

/// Counts how the results compare. What a note says about the query is no difference.
fn judged(plan: &Plan, renamed: &Renamed, site: &Site, answers: [&Answer; 3], report: &mut Report) -> Outcome {
    let [old, new, shadowed] = answers;
    if !old.error.is_empty() {
        report.add("the engine refuses the old query", 1);
        return Outcome::Same;
    }
    let empty = |answer: &Answer| answer.rows.as_ref().is_none_or(Vec::is_empty);
    let what = match (site.before != site.after, empty(old) && empty(new)) {
        (_, true) => "compared, but both return nothing",
        (true, false) => "compared",
        (false, false) => "compared, of those left",
    };
    report.add(what, 1);
    let exact = site.kind == Kind::Record && !site.before.contains("service");
    let outcome = [old, shadowed].map(|old| renamed.compare(old, new, exact));
    let [first, second] = outcome;
    let outcome = if second == Outcome::Same { second } else { first };
    let note = |rule: &str| findings(plan, site).any(|one| one.rule.ends_with(rule));
    let said = match outcome {
        Outcome::Same => return Outcome::Same,
        Outcome::OtherLabels if !old.metric => "same lines, other labels",
        Outcome::OtherLabels if site.before.contains("topk") || site.before.contains("bottomk") => "ties of a topk",
        Outcome::OtherLabels if note("/absent") => "other labels of an absence, as a note says",
        _ if note("/fans-out") => "fans out, as a note says",
        _ => {
            let left = site.before == site.after;
            report.add(if left { "different, left alone" } else { "different, rewritten" }, 1);
            if outcome == Outcome::FansOut {
                report.add("different, because it fans out and nothing says so", 1);
            }
            return Outcome::Different;
        }
    };
    report.add(said, 1);
    Outcome::Same
}

/// `name` is what a dashboard's variable for the service holds.
fn question(set: usize, text: &str, name: &str) -> Query {
    let text = text.replace("$job", name).replace("$hostname", ".+").replace("[$__auto]", "[1m]");
    let is_log = text.trim_start().starts_with('{');
    let (start, end) = if is_log { (0, 200) } else { (20, 140) };
    let step = if is_log { 0 } else { 30 * SECOND };
    Query { set, text, start: START + start * SECOND, end: START + end * SECOND, step }
}

/// Writes queries into the world's dashboard and rules.
fn write(random: &mut Random, world: &mut World) -> Vec<Site> {
    let mut sites = Vec::new();
    let mut panels = String::new();
    for at in 0..PANELS {
        let before = ask::query(random, world);
        let panel = json!({
            "type": "timeseries",
            "title": format!("q{at}"),
            "datasource": {"type": "loki", "uid": "loki"},
            "targets": [{"refId": "A", "expr": before, "legendFormat": random.word(&["{{job}}", "{{hostname}}", ""])}],
        });
        let _ = write!(panels, "{}{panel}", if at > 0 { ",\n" } else { "" });
        let lines = (FIRST_PANEL + at, FIRST_PANEL + at);
        sites.push(Site { kind: Kind::Panel, path: DASHBOARD, lines, after: before.clone(), before });
    }
    world.files.insert(DASHBOARD.into(), format!("{DASHBOARD_HEAD}{panels}\n  ]\n}}\n"));
    let mut rules = String::from("groups:\n  - name: logs\n    rules:\n");
    for at in 0..ALERTS {
        let before = ask::metric(random, world);
        let kind = if random.percent(30) { Kind::Record } else { Kind::Alert };
        let first = rules.lines().count() + 1;
        let name = if kind == Kind::Record { format!("record: logs:q{at}") } else { format!("alert: Q{at}") };
        let expression = match random.below(3) {
            0 => format!("{}", json!(before)),
            1 => format!("'{}'", before.replace('\'', "''")),
            _ => format!("|-\n          {before}"),
        };
        let _ = writeln!(rules, "      - {name}\n        expr: {expression}");
        let lines = (first, rules.lines().count());
        sites.push(Site { kind, path: RULES, lines, after: before.clone(), before });
    }
    world.files.insert(RULES.into(), rules);
    sites
}

const DASHBOARD_HEAD: &str = r#"{
  "title": "Logs", "schemaVersion": 39,
  "templating": {"list": [
    {"name": "hostname", "type": "query", "datasource": {"type": "loki", "uid": "loki"}, "query": "label_values(hostname)"},
    {"name": "job", "type": "query", "datasource": {"type": "loki", "uid": "loki"}, "query": "label_values(job)"}
  ]},
  "panels": [
"#;
const FIRST_PANEL: usize = 8;

/// Takes every query out of the files as they are after the plan.
fn read_back(plan: &Plan, sites: &mut [Site]) {
    let Some(last) = plan.steps.last() else { return };
    let after = last.before.edited(&last.edits);
    let text =
        |path: &str| after.get(path).and_then(|source| source.text().map(str::to_owned)).expect("it was written");
    let board: Value = serde_json::from_str(&text(DASHBOARD)).expect("a dashboard stays JSON");
    let rules: serde_yaml::Value = serde_yaml::from_str(&text(RULES)).expect("rules stay YAML");
    let panels = (0..PANELS).map(|at| board["panels"][at]["targets"][0]["expr"].as_str());
    let alerts = (0..ALERTS).map(|at| rules["groups"][0]["rules"][at]["expr"].as_str());
    for (site, after) in sites.iter_mut().zip(panels.chain(alerts)) {
        after.expect("every query is still there").clone_into(&mut site.after);
    }
}

/// What the plan says about the lines of a site.
fn findings<'p>(plan: &'p Plan, site: &Site) -> impl Iterator<Item = &'p Finding> {
    let (path, (first, last)) = (site.path, site.lines);
    plan.findings.iter().filter(move |finding| {
        finding.at.as_ref().is_some_and(|at| {
            at.source.path.as_str() == path && (first..=last).contains(&at.source.position(at.span.start()).line)
        })
    })
}

fn snapshot(files: &Files) -> Snapshot {
    let entry = |path: &String| Entry { path: RepoPath::from(path.as_str()), kind: EntryKind::File };
    let mut out = Snapshot::new("0".repeat(40), files.keys().map(entry).collect());
    for (path, text) in files {
        out.add(Arc::new(Source::new(path.as_str(), 0o100_644, Vec::new(), text.clone().into_bytes())));
    }
    out
}

fn shown(files: &Files) -> String {
    files.iter().filter(|(path, _)| ![DASHBOARD, RULES].contains(&path.as_str())).fold(
        String::new(),
        |mut out, (path, text)| {
            let _ = write!(out, "--- {path}\n{text}");
            out
        },
    )
}

/// Everything about one difference; the short part last, where it is seen.
fn explain(
    world: &World,
    plan: &Plan,
    site: &Site,
    service_name: bool,
    sets: &[Vec<Stream>; 3],
    answers: [&Answer; 2],
) -> String {
    let mut out = String::new();
    let (bridge, history) = (plan.request.bridge, plan.request.keep_history);
    let _ = writeln!(out, "{} on {}, bridge {bridge:?}, keep history {history}", world.service, world.host);
    out.push_str(&shown(&world.files));
    for (name, set) in ["before", "after"].iter().zip(sets) {
        let _ =
            writeln!(out, "--- streams {name} (service_name {})", if service_name { "derived" } else { "not derived" });
        for stream in set {
            let _ = writeln!(out, "{}  {} lines", labels(&stream.labels), stream.entries.len());
        }
    }
    for (name, answer) in ["old", "new"].iter().zip(answers) {
        let _ = writeln!(out, "--- {name} result {}", answer.error);
        for row in answer.rows.iter().flatten() {
            let points = row.points.iter().map(|point| format!("{}s {}", (point.at - START) / SECOND, point.value));
            let _ = writeln!(out, "{}\n    {}", labels(&row.labels), points.collect::<Vec<_>>().join("\n    "));
        }
    }
    for finding in findings(plan, site) {
        let _ = writeln!(out, "--- {} {}: {}", finding.level.word(), finding.rule, finding.message);
    }
    let moved = plan.moved.as_ref();
    let what = moved.map(|moved| format!("{:?} of {:?} becomes {}", moved.jobs, moved.components, moved.project));
    let _ = writeln!(out, "--- {}; besides: {:?}", what.unwrap_or_default(), moved.map(|moved| &moved.siblings));
    let _ = writeln!(out, "{:?} {}:{}", site.kind, site.path, site.lines.0);
    let _ = write!(out, "- {}\n+ {}", site.before, if site.before == site.after { "(the same)" } else { &site.after });
    out
}

fn labels(labels: &BTreeMap<String, String>) -> String {
    let parts = labels.iter().map(|(name, value)| format!("{name}={value:?}"));
    format!("{{{}}}", parts.collect::<Vec<_>>().join(", "))
}
