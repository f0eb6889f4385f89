//! The order of migrations does not matter (DESIGN section 5, invariant 7): every service of a repository moved one by
//! one, in two orders, or those of a host all at once, ends in the same Compose, `host_vars` and Alloy bytes, and every query that no move left for
//! review selects the same streams.
//!
//! `MIGRATE_ORDERS=1000 cargo test --test order` runs as many repositories; a failure names its number, and
//! `MIGRATE_ORDER=17` runs that one alone.

// What fails here fails the test: a reason to panic with.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

#[path = "../judge/alloy.rs"]
mod alloy;
#[allow(dead_code, reason = "the judge of rewrites has the rest")]
#[path = "../judge/infra.rs"]
mod infra;
#[path = "../oracle/random.rs"]
mod random;
mod select;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use migrate::finding::Level;
use migrate::plan::{self, Batch, Plan, Request, Verdict};
use migrate::snapshot::{Entry, EntryKind, Snapshot};
use migrate::text::{Edits, RepoPath, Source};
use migrate::topology::{Selection, Topology};
use random::Random;
use world::World;

/// Repositories of a plain run.
const USUAL: u64 = 16;
const SEED: u64 = 20_260_202;
const DASHBOARD: &str = "ansible/grafana/dashboards/logs.json";

#[test]
fn services_moved_in_any_order_end_in_the_same() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let numbers = match number("MIGRATE_ORDER") {
        Some(one) => one..one + 1,
        None => 0..number("MIGRATE_ORDERS").unwrap_or(USUAL),
    };
    let mut moved = 0;
    for number in numbers {
        let mut random = Random::new(SEED, "order", number);
        let mut world = World::new(&mut random);
        world.files.insert(DASHBOARD.into(), dashboard(&mut random, &world));
        moved += compare(&mut random, &world, number);
    }
    assert!(moved > 0, "nothing could move in any of the repositories");
}

/// Moves everything in two orders and compares what is left; how many services moved.
fn compare(random: &mut Random, world: &World, number: u64) -> usize {
    let start = snapshot(&world.files);
    let hosts = world.hosts.iter();
    let mut order: Vec<(&str, &str)> =
        hosts.flat_map(|host| world.projects.iter().map(|project| (project.as_str(), host.as_str()))).collect();
    random.shuffle(&mut order);
    let one = run(&start, &order);
    random.shuffle(&mut order);
    let two = run(&start, &order);
    assert_eq!(one.moved, two.moved, "repository {number}: other services move in the other order");
    let texts = |end: &Snapshot| -> BTreeMap<String, String> {
        let files = end.sources().filter(|source| source.path.as_str() != DASHBOARD);
        files.map(|source| (source.path.to_string(), source.text().unwrap().to_owned())).collect()
    };
    assert_eq!(texts(&one.end), texts(&two.end), "repository {number}");
    let (first, second) = (select::all(&one.end, DASHBOARD), select::all(&two.end, DASHBOARD));
    for (at, ((_, streams), (_, others))) in first.iter().zip(&second).enumerate() {
        // What was left for a person on the way is a person's to carry on.
        if one.reviewed.contains(&at) || two.reviewed.contains(&at) {
            continue;
        }
        let told = || format!("{}\n\n{}", one.told(at), two.told(at));
        assert_eq!(streams, others, "repository {number}\n{}", told());
    }
    assert_eq!(first.len(), second.len());
    at_once(world, &start, number);
    one.moved.len()
}

/// The services of each host as one batch end in what they end in one by one, in name order: commit by commit the same
/// files, and queries that select the same. Their texts may be plainer, as a batch knows what its jobs were called.
fn at_once(world: &World, start: &Snapshot, number: u64) {
    for host in &world.hosts {
        let topology = Topology::of(start);
        let selection = Selection { host: Some(host.clone()), ..Selection::default() };
        let requests = selection.requests(&topology).expect("a host of the repository");
        let plans = plan::batch(&topology, &requests, Batch::default(), &mut |_| Ok(())).expect("plans");
        let mut end = start.clone();
        let mut reviewed = BTreeSet::new();
        for plan in plans.iter().filter(|plan| plan.verdict == Verdict::Ready) {
            let alone = plan::plan(&end, &plan.request).expect("a plan");
            let edits = |plan: &Plan| plan.steps.iter().map(|step| others(&step.edits)).collect::<Vec<_>>();
            assert_eq!(edits(plan), edits(&alone), "repository {number}: {}", plan.subject());
            let last = plan.steps.last().expect("ready, and no step");
            let before = select::queries(&end, DASHBOARD);
            end = last.before.edited(&last.edits);
            let alone = alone.steps.last().expect("ready, and no step");
            let alone = alone.before.edited(&alone.edits);
            let (together, alone) = (select::all(&end, DASHBOARD), select::all(&alone, DASHBOARD));
            for (at, ((text, streams), (other, others))) in together.iter().zip(&alone).enumerate() {
                // What an earlier move of the batch left for a person is left by this one, or carried on by it alone.
                if !reviewed.contains(&at) {
                    let told = || format!("repository {number}: {}\n{text}\n{other}", plan.subject());
                    assert_eq!(streams, others, "{}", told());
                }
            }
            reviewed.extend(left(plan, &before));
        }
        let left = selection.requests(&Topology::of(&end)).expect("a host of the repository");
        let blocked = plans.iter().filter(|plan| plan.verdict == Verdict::Blocked).count();
        assert_eq!(left.len(), blocked, "repository {number}: left on syslog on {host}");
    }
}

/// The edits of all files but the dashboard.
fn others(edits: &BTreeMap<RepoPath, Edits>) -> String {
    let others: Vec<_> = edits.iter().filter(|(path, _)| path.as_str() != DASHBOARD).collect();
    format!("{others:?}")
}

struct Run {
    end: Snapshot,
    /// What moved, sorted.
    moved: Vec<(String, String)>,
    /// Each move with the queries after it.
    steps: Vec<(String, Vec<String>)>,
    /// Queries, by index, that a move left for review.
    reviewed: BTreeSet<usize>,
}

impl Run {
    /// What became of one query, move by move.
    fn told(&self, at: usize) -> String {
        let lines = self.steps.iter().map(|(step, queries)| format!("{step:28} {}", queries[at]));
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// Moves each in turn, until none can move any more.
fn run(start: &Snapshot, order: &[(&str, &str)]) -> Run {
    let mut end = start.clone();
    let mut moved = Vec::new();
    let mut reviewed = BTreeSet::new();
    let mut steps = vec![("as it was".to_owned(), select::queries(&end, DASHBOARD))];
    loop {
        let before = moved.len();
        for (service, host) in order {
            let request = Request { service: (*service).into(), host: (*host).into(), ..Request::default() };
            // Not every project runs on every host.
            let Ok(plan) = plan::plan(&end, &request) else { continue };
            if plan.verdict == Verdict::Ready {
                let last = plan.steps.last().expect("ready, and no step");
                reviewed.extend(left(&plan, &select::queries(&end, DASHBOARD)));
                end = last.before.edited(&last.edits);
                moved.push(((*service).to_owned(), (*host).to_owned()));
                steps.push((format!("{service} on {host}"), select::queries(&end, DASHBOARD)));
            }
        }
        if moved.len() == before {
            moved.sort();
            return Run { end, moved, steps, reviewed };
        }
    }
}

/// The queries of the dashboard that a plan leaves for review.
fn left(plan: &Plan, queries: &[String]) -> Vec<usize> {
    let reviews = plan.findings.iter().filter(|finding| finding.level == Level::Review);
    let places = reviews.filter_map(|finding| finding.at.as_ref()).filter(|at| at.source.path.as_str() == DASHBOARD);
    let texts: Vec<String> =
        places.map(|at| serde_json::from_str(&format!("\"{}\"", at.text())).expect("a query in a string")).collect();
    (0..queries.len()).filter(|&at| texts.contains(&queries[at])).collect()
}

fn snapshot(files: &infra::Files) -> Snapshot {
    let entry = |path: &String| Entry { path: RepoPath::from(path.as_str()), kind: EntryKind::File };
    let mut out = Snapshot::new("0".repeat(40), files.keys().map(entry).collect());
    for (path, text) in files {
        out.add(Arc::new(Source::new(path.as_str(), 0o100_644, Vec::new(), text.clone().into_bytes())));
    }
    out
}

/// Queries on one job, several, all but one, and whole hosts.
fn dashboard(random: &mut Random, world: &World) -> String {
    let jobs: Vec<&str> = world.jobs.iter().map(String::as_str).collect();
    let mut targets = Vec::new();
    for _ in 0..24 {
        let (a, b, c) = (*random.pick(&jobs), *random.pick(&jobs), *random.pick(&jobs));
        let host = random.pick(&world.hosts).as_str();
        let query = match random.below(12) {
            0 => format!("{{job=\"{a}\"}} |= \"error\""),
            1 => format!("{{job=\"{a}\", hostname=\"{host}\"}}"),
            2 => format!("{{job=~\"{a}|{b}\"}}"),
            3 => format!("sum by (job) (rate({{job=~\"{a}|{b}|{c}\"}}[5m]))"),
            4 => format!("{{hostname=\"{host}\", job!=\"{a}\"}}"),
            5 => format!("{{hostname=\"{host}\", job!~\"{a}|{b}\"}}"),
            6 => format!("{{hostname=\"{host}\"}} | job=\"{a}\" or job=\"{b}\""),
            7 => format!("{{hostname=~\".+\"}} | job!=\"{a}\""),
            8 => format!("{{job=~\"{}.*\"}}", &a[..3]),
            9 => format!("sum(count_over_time({{job=~\"{a}|{b}\", hostname=\"{host}\"}}[1m])) by (job)"),
            10 => format!("{{hostname=\"{host}\"}} | job=~\"{a}|{b}\" | json | level=\"error\""),
            _ => format!("rate({{hostname=\"{host}\"}}[1m])"),
        };
        targets.push(serde_json::json!({"expr": query}));
    }
    let panel = serde_json::json!({"datasource": {"type": "loki", "uid": "loki"}, "targets": targets});
    serde_json::json!({"schemaVersion": 39, "panels": [panel]}).to_string()
}
