//! `migrate verify` against a small Loki that plays what can happen. What is expected follows from what it is told to hold.

mod fake;
mod login;
mod tls;
mod wrong;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Run, Scratch, command, run};
use fake::{Fake, Store};

const WEB: &[(&str, &str)] = &[
    ("service", "kairos"),
    ("component", "web"),
    ("container", "kairos-web-1"),
    ("environment", "ouranos"),
    ("hostname", "puck.incus"),
    ("service_name", "kairos"),
];
const WORKER: &[(&str, &str)] = &[
    ("service", "kairos"),
    ("component", "worker"),
    ("container", "kairos-worker-1"),
    ("environment", "ouranos"),
    ("hostname", "puck.incus"),
];
const OLD: &[(&str, &str)] = &[("job", "kairos"), ("environment", "ouranos"), ("hostname", "puck.incus")];

/// An hour after the rollout: the old stream ends where the new ones begin.
fn well() -> Store {
    let streams =
        vec![(OLD.to_vec(), vec![3600, 3700, 5000]), (WEB.to_vec(), vec![10, 3500]), (WORKER.to_vec(), vec![20, 3500])];
    Store { streams, ..Store::default() }
}

fn verify(scratch: &Scratch, url: &str, options: &[&str]) -> Run {
    let arguments = [&["verify", "kairos", "--host", "puck", "--loki", url], options].concat();
    run(command(env!("CARGO_BIN_EXE_migrate"), &scratch.root).args(arguments))
}

/// The answers of a store, as JSON, and the exit code.
fn ask(scratch: &Scratch, store: Store, options: &[&str]) -> (i32, Value) {
    let fake = Fake::new(move |asked| store.answer(asked));
    let run = verify(scratch, &fake.url, &[&["--format", "json"], options].concat());
    assert_eq!(run.err, "");
    for asked in fake.asked() {
        assert_eq!(asked.method, "GET");
    }
    let json = run.json();
    assert_eq!(json["exit_code"], run.code);
    (run.code, json)
}

/// `loki=yes …`: question and answer of each rung.
fn answers(json: &Value) -> String {
    let all = json["questions"].as_array().unwrap().iter();
    let word = |one: &Value, key: &str| one[key].as_str().unwrap().to_owned();
    all.map(|one| format!("{}={}", word(one, "question"), word(one, "answer"))).collect::<Vec<_>>().join(" ")
}

fn rung<'v>(json: &'v Value, question: &str) -> &'v Value {
    json["questions"].as_array().unwrap().iter().find(|one| one["question"] == question).unwrap()
}

fn details(json: &Value, question: &str) -> Vec<String> {
    let all = rung(json, question)["details"].as_array().unwrap().iter();
    all.map(|one| one.as_str().unwrap().to_owned()).collect()
}

const ALL_YES: &str = "loki=yes new-streams=yes new-lines=yes old-streams=yes queries=yes unplanned=yes";

#[test]
fn all_is_well_before_and_after_the_merge() {
    let scratch = Scratch::demo();
    let state = scratch.state();
    let (code, json) = ask(&scratch, well(), &[]);
    assert_eq!((code, answers(&json).as_str(), json["standing"].as_str()), (0, ALL_YES, Some("as-planned")), "{json}");
    assert_eq!((json["host"].as_str(), json["moved_by"].is_null()), (Some("puck.incus"), true));
    assert_eq!(rung(&json, "loki")["said"], "Loki 3.7.8 is ready");
    let web = r#"{service="kairos", component="web", container="kairos-web-1", environment="ouranos", hostname="puck.incus", service_name="kairos"}"#;
    assert_eq!(details(&json, "new-streams")[0], web);
    assert_eq!(scratch.state(), state);

    // The same facts come out once the branch is merged, from the commit before the one that moves it.
    let base = scratch.git(&["rev-parse", "main"]);
    assert_eq!(scratch.kairos(&[]).code, 3);
    scratch.git(&["merge", "-q", "--no-ff", "-m", "merge", "migrate/puck/kairos"]);
    scratch.write("README.md", "more");
    scratch.commit("more");
    let (code, merged) = ask(&scratch, well(), &[]);
    assert_eq!((code, answers(&merged).as_str()), (0, ALL_YES), "{merged}");
    assert_eq!(merged["base"], base.as_str());
    assert_eq!(merged["moved_by"], scratch.git(&["rev-parse", "migrate/puck/kairos"]).as_str());
    let said = |json: &Value, question| rung(json, question)["details"].clone();
    assert_eq!(said(&json, "new-streams"), said(&merged, "new-streams"));
    // So they do from the branch itself, and from a squashed commit that kept the trailers.
    assert_eq!(answers(&ask(&scratch, well(), &["--base", "migrate/puck/kairos"]).1), ALL_YES);
    scratch.git(&["checkout", "-q", "-b", "squash", &base]);
    scratch.git(&["merge", "-q", "--squash", "migrate/puck/kairos"]);
    scratch.git(&["commit", "-q", "-C", "migrate/puck/kairos"]);
    assert_eq!(answers(&ask(&scratch, well(), &[]).1), ALL_YES);
}

/// Queries that were asked.
fn queries(fake: &Fake) -> Vec<String> {
    let asked = fake.asked().into_iter().filter(|asked| asked.path.ends_with("query_range"));
    asked.map(|asked| asked.parameters["query"].clone()).collect()
}

#[test]
fn a_branch_written_with_options_is_asked_for_as_it_is() {
    let scratch = Scratch::demo();
    let asks_for_both = || {
        let store = well();
        let fake = Fake::new(move |asked| store.answer(asked));
        let run = verify(&scratch, &fake.url, &[]);
        let both = queries(&fake).iter().any(|query| query.contains(r#"{service_name="kairos""#));
        (both, run.out.contains("which this version does not know"))
    };
    assert_eq!(asks_for_both(), (false, false));
    assert_eq!(scratch.kairos(&["--keep-history"]).code, 3);
    assert_eq!(asks_for_both(), (true, false));
    let message = scratch.git(&["log", "-1", "--format=%B", "migrate/puck/kairos"]);
    assert!(message.contains("\nMigrate-Options: --keep-history\n"), "{message}");
    scratch.git(&["merge", "-q", "--no-ff", "-m", "merge", "migrate/puck/kairos"]);
    assert_eq!(asks_for_both(), (true, false));

    // Of a later version, which can do more.
    scratch.git(&["reset", "-q", "--hard", "migrate/puck/kairos"]);
    let later = message.replace("--keep-history", "--keep-history=7d");
    scratch.git(&["commit", "-q", "--amend", "-m", &later]);
    assert_eq!(asks_for_both(), (false, true));
}

#[test]
fn not_rolled_out_yet() {
    // Both streams get the same lines where Docker keeps a copy of what goes to syslog; else there is only the old one.
    let scratch = Scratch::demo();
    let mut store = well();
    store.streams[0].1 = vec![11, 3600];
    let (code, json) = ask(&scratch, store.clone(), &[]);
    let want = "loki=yes new-streams=yes new-lines=yes old-streams=no queries=open unplanned=yes";
    assert_eq!((code, answers(&json).as_str(), json["standing"].as_str()), (3, want, Some("not-yet")));
    store.streams.truncate(1);
    let (code, json) = ask(&scratch, store.clone(), &[]);
    let want = "loki=yes new-streams=no new-lines=no old-streams=no queries=open unplanned=yes";
    assert_eq!((code, answers(&json).as_str(), json["standing"].as_str()), (3, want, Some("not-yet")));
    let fake = Fake::new(move |asked| store.answer(asked));
    let human = verify(&scratch, &fake.url, &[]);
    assert!(human.out.starts_with("kairos on puck.incus: not yet: lines still come by syslog\n"), "{}", human.out);
}

#[test]
fn a_line_that_is_clearly_younger_on_the_new_side_is_enough() {
    // Two minutes after the rollout the last old line is young, but the new streams have gone on for more than a minute.
    let scratch = Scratch::demo();
    let mut store = well();
    store.streams[0].1 = vec![120, 4000];
    assert_eq!(answers(&ask(&scratch, store.clone(), &[]).1), ALL_YES);
    store.streams[0].1 = vec![69, 4000];
    assert!(answers(&ask(&scratch, store, &[]).1).contains("old-streams=no"));
}

#[test]
fn a_new_stream_is_missing_or_stale_or_has_another_label() {
    let scratch = Scratch::demo();
    let mut store = well();
    store.streams.pop();
    let (code, json) = ask(&scratch, store, &[]);
    let want = "loki=yes new-streams=no new-lines=no old-streams=yes queries=yes unplanned=yes";
    assert_eq!((code, answers(&json).as_str(), json["standing"].as_str()), (3, want, Some("look")));
    assert_eq!(details(&json, "new-streams").len(), 1);
    assert!(details(&json, "new-streams")[0].contains(r#"component="worker""#), "{json}");

    let mut store = well();
    store.streams[2].1 = vec![400];
    let (code, json) = ask(&scratch, store.clone(), &[]);
    assert_eq!((code, answers(&json).as_str()), (3, ALL_YES.replace("new-lines=yes", "new-lines=no").as_str()));
    assert_eq!(rung(&json, "new-lines")["said"], "1 of 2 streams without a line younger than 5m");
    assert_eq!(ask(&scratch, store, &["--fresh", "10m"]).0, 0);

    let mut store = well();
    store.streams[1].0[3] = ("environment", "test");
    let (_, json) = ask(&scratch, store, &[]);
    assert!(answers(&json).contains("new-streams=no") && answers(&json).ends_with("unplanned=no"), "{json}");
}

#[test]
fn queries_are_not_asked_before_there_are_new_lines() {
    let mut store = well();
    store.streams.truncate(1);
    let scratch = Scratch::demo();
    let fake = Fake::new(move |asked| store.answer(asked));
    let json = verify(&scratch, &fake.url, &["--format", "json"]).json();
    let want = "loki=yes new-streams=no new-lines=no old-streams=yes queries=open unplanned=yes";
    assert_eq!(answers(&json), want);
    // Two new streams and one old.
    assert_eq!(fake.asked().iter().filter(|asked| asked.path.ends_with("query_range")).count(), 3);
}

#[test]
fn a_stream_nobody_planned() {
    let scratch = Scratch::demo();
    let mut store = well();
    let mut odd = WEB.to_vec();
    odd[1] = ("component", "sidecar");
    store.streams.push((odd, vec![30]));
    let mut more = WEB.to_vec();
    more.push(("pod", "x"));
    store.streams.push((more, vec![30]));
    let (code, json) = ask(&scratch, store, &[]);
    assert_eq!((code, answers(&json).as_str()), (3, ALL_YES.replace("unplanned=yes", "unplanned=no").as_str()));
    let named = details(&json, "unplanned");
    assert_eq!(named.len(), 2);
    assert!(named[0].contains("sidecar") && named[1].contains(r#"pod="x""#), "{named:?}");
}

#[test]
fn the_same_project_on_another_host_is_planned_once_it_has_moved_there() {
    // searxng runs on miranda and on rosalind, and neither host reads the Docker socket yet.
    let on = |host, own: &[(&'static str, &'static str)]| {
        let mut labels = own.to_vec();
        labels.extend([("environment", "ouranos"), ("hostname", host)]);
        labels
    };
    let new = |component| [("service", "searxng"), ("component", component), ("container", "c")];
    let streams = vec![
        (on("miranda.incus", &[("job", "searxng")]), vec![3600]),
        (on("miranda.incus", &new("searxng")), vec![10]),
        (on("rosalind.incus", &new("web")), vec![10]),
    ];
    let store = Store { streams, ..Store::default() };
    let scratch = Scratch::demo();
    let fake = Fake::new(move |asked| store.answer(asked));
    let arguments = ["verify", "searxng", "--host", "miranda", "--loki", &fake.url, "--format", "json"];
    let odd = ALL_YES.replace("unplanned=yes", "unplanned=no");
    // The branch brings the blocks in a commit of their own, which is where the plan is made from afterwards.
    for (host, want) in [("miranda", odd.as_str()), ("rosalind", ALL_YES)] {
        assert_eq!(answers(&scratch.migrate(&arguments).json()), odd);
        assert_eq!(scratch.migrate(&["searxng", "--host", host]).code, 3);
        scratch.git(&["merge", "-q", &format!("migrate/{host}/searxng")]);
        assert_eq!(answers(&scratch.migrate(&arguments).json()), want, "{host}");
    }
    let moved = scratch.git(&["rev-parse", "migrate/miranda/searxng^"]);
    assert_eq!(scratch.migrate(&arguments).json()["base"], moved.as_str());
}

#[test]
fn a_query_that_was_full_is_empty() {
    let scratch = Scratch::demo();
    // The word for what moved is asked for in vain; the same query found something before.
    let store = Store { empty: vec![r#"{service="kairos"} |= "import failed""#], ..well() };
    let (code, json) = ask(&scratch, store, &[]);
    assert_eq!((code, answers(&json).as_str()), (3, ALL_YES.replace("queries=yes", "queries=no").as_str()));
    let named = details(&json, "queries");
    assert_eq!(named.len(), 1);
    assert!(named[0].starts_with("nothing now: rule \"Kairos import failed\" in ansible/"), "{named:?}");

    // What was empty before may be empty now.
    let store = Store { empty: vec!["import failed"], ..well() };
    assert_eq!(ask(&scratch, store, &[]).0, 0);
    let store = Store { refused: vec![r#"{service="kairos"} |= "import failed""#], ..well() };
    let (_, json) = ask(&scratch, store, &[]);
    assert!(details(&json, "queries")[0].starts_with("Loki refuses it (`parse error : too clever`): "), "{json}");

    // Nothing to compare with.
    let mut store = well();
    store.streams.remove(0);
    let (code, json) = ask(&scratch, store, &[]);
    assert_eq!((code, answers(&json).as_str()), (3, ALL_YES.replace("queries=yes", "queries=open").as_str()));
}

#[test]
fn each_query_is_asked_once_and_within_limits() {
    let scratch = Scratch::demo();
    let store = well();
    let fake = Fake::new(move |asked| store.answer(asked));
    assert_eq!(verify(&scratch, &fake.url, &[]).code, 0);
    let mut seen: Vec<(String, String)> = Vec::new();
    let number = |asked: &fake::Asked, name: &str| asked.parameters[name].parse::<u128>().unwrap();
    for asked in fake.asked().into_iter().filter(|asked| asked.path.ends_with("query_range")) {
        let key = (asked.parameters["query"].clone(), asked.parameters["end"].clone());
        assert!(!seen.contains(&key), "{key:?}");
        assert!(!key.0.contains("$__") && !key.0.contains("{{ deployment"), "{key:?}");
        assert_eq!((asked.parameters["limit"].as_str(), asked.parameters["direction"].as_str()), ("1", "backward"));
        let step: u128 = asked.parameters["step"].trim_end_matches('s').parse().unwrap();
        assert!((number(&asked, "end") - number(&asked, "start")) / (step * 1_000_000_000) <= 21, "{key:?}");
        seen.push(key);
    }
    assert!(seen.iter().all(|(query, _)| !query.contains("absent_over_time")), "{seen:?}");
    assert!(seen.iter().any(|(query, _)| query.contains(r#"event="job.done" [5m]"#)), "{seen:?}");
}

#[test]
fn moved_by_hand_is_asked_by_name() {
    let scratch = Scratch::demo();
    scratch.kairos(&[]);
    scratch.git(&["merge", "-q", "--squash", "migrate/puck/kairos"]);
    scratch.git(&["commit", "-q", "-m", "moved by hand"]);
    // As long as the branch is there, it tells what was planned.
    let (code, json) = ask(&scratch, well(), &[]);
    assert_eq!((code, answers(&json).as_str()), (0, ALL_YES), "{json}");
    assert_eq!(json["moved_by"], scratch.git(&["rev-parse", "migrate/puck/kairos"]).as_str());
    scratch.git(&["branch", "-D", "migrate/puck/kairos"]);
    let (code, json) = ask(&scratch, well(), &[]);
    let want = "loki=yes new-streams=open new-lines=yes old-streams=yes queries=open unplanned=open";
    assert_eq!((code, answers(&json).as_str()), (3, want));
    assert!(json["notes"][0].as_str().unwrap().contains("the plan is not known"), "{json}");
    assert_eq!(answers(&ask(&scratch, well(), &["--base", "HEAD^"]).1), ALL_YES);
}

#[test]
fn it_waits_until_all_is_well() {
    let scratch = Scratch::demo();
    // The second time it is asked, the service has been deployed.
    let rounds = AtomicUsize::new(0);
    let fake = Fake::new(move |asked| {
        let round = rounds.fetch_add(usize::from(asked.path == "/ready"), Ordering::SeqCst);
        let mut store = well();
        if round < 2 {
            store.streams.truncate(1);
        }
        store.answer(asked)
    });
    let start = Instant::now();
    let run = verify(&scratch, &fake.url, &["--wait", "5m"]);
    assert_eq!(run.code, 0, "{}", run.out);
    assert!(run.err.starts_with("waiting: 3 of 6 answers are yes; Are the new streams there"), "{}", run.err);
    assert_eq!((run.err.lines().count(), fake.asked().iter().filter(|asked| asked.path == "/ready").count()), (1, 2));
    assert!(start.elapsed() < Duration::from_secs(60));

    // Time is over: the last answers stand.
    let run = verify(&scratch, &Fake::new(|asked| Store::default().answer(asked)).url, &["--wait", "2s"]);
    assert_eq!(run.code, 3);
    assert!(run.err.starts_with("waiting: "), "{}", run.err);
}
