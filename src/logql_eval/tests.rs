//! The recorded answers of Loki's engine, recomputed (`tests/loki/README.md`).

mod recorded;

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Answer, Asked, Failure, Kind, Stream, evaluate};
use crate::syntax::logql;
use recorded::{facts_of_ours, facts_of_theirs, file, same, streams};

/// What is answered with [`Failure::Unsupported`], by the id of its case: no other may be.
const UNSUPPORTED: [&str; 1] = ["keep_drop-049"];

/// What is asked in a recorded case.
fn asked(case: &Value) -> Asked {
    let number = |key: &str| case[key].as_i64().unwrap_or(0);
    Asked {
        kind: if case["type"] == "instant" { Kind::Instant } else { Kind::Range },
        start: number("start_ms"),
        end: number("end_ms"),
        step: number("step_ms"),
        limit: usize::try_from(number("limit")).unwrap(),
        forward: case["direction"] == "forward",
    }
}

fn answer(query: &str, store: &[Stream], asked: &Asked) -> Result<Answer, Failure> {
    let read = logql::read_strict(query).map_err(|error| Failure::Parse(error.to_string()))?;
    evaluate(&read, store, asked)
}

#[test]
fn recorded_answers_are_recomputed() {
    let worlds: BTreeMap<String, Value> = serde_json::from_str(&file("worlds.json")).unwrap();
    let worlds: BTreeMap<String, Vec<Stream>> =
        worlds.into_iter().map(|(name, world)| (name, streams(&world, "lines"))).collect();
    let mut wrong = Vec::new();
    let mut unsupported = Vec::new();
    let mut count = 0;
    for line in file("answers.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        count += 1;
        let inline = streams(&case["streams"], "lines");
        let store = case["world"].as_str().map_or(&inline, |world| &worlds[world]);
        let query = case["query"].as_str().unwrap();
        let ours = answer(query, store, &asked(&case));
        if let Err(Failure::Unsupported(_)) = ours {
            unsupported.push(case["id"].as_str().unwrap().to_owned());
        } else if !same(&ours, &case["answer"]) {
            let (ours, theirs) = (facts_of_ours(&ours), facts_of_theirs(&case["answer"]));
            let only = |these: &[String], others: &[String]| {
                these.iter().filter(|one| !others.contains(one)).take(3).cloned().collect::<Vec<_>>().join("\n    ")
            };
            let (here, there) = (only(&ours, &theirs), only(&theirs, &ours));
            wrong.push(format!("{} {query}\n  here:\n    {here}\n  recorded:\n    {there}", case["id"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {count} differ, such as\n{}", wrong.len(), wrong[..wrong.len().min(8)].join("\n"));
    assert_eq!(unsupported, UNSUPPORTED);
    assert_eq!(count, 5072);
}

#[test]
fn the_reader_takes_what_loki_takes() {
    let mut count = 0;
    for line in file("verdicts.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let query = case["query"].as_str().unwrap();
        count += 1;
        assert_eq!(logql::read_strict(query).is_ok(), case["ok"] == true, "{query}: {}", case["error"]);
    }
    assert_eq!(count, 20_000);
}

#[test]
fn what_grafana_fills_in_is_not_guessed() {
    let store = [Stream { labels: [("job", "a")].into_iter().collect(), lines: vec![(1, "x".to_owned())] }];
    let asked = Asked { kind: Kind::Range, start: 0, end: 10, step: 5, limit: 10, forward: true };
    for query in [
        "{job=\"$job\"}",
        "{$filter}",
        "$query",
        "{job=\"a\"} | $stage",
        "{job=\"a\"} | logfmt | a=\"$a\"",
        "count_over_time({job=\"a\"}[$__interval])",
        "sum(rate({job=\"a\"}[5m])) > $limit",
    ] {
        let read = logql::read(query).unwrap();
        assert!(matches!(evaluate(&read, &store, &asked), Err(Failure::Unsupported(_))), "{query}");
    }
}
