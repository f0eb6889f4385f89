//! Both forms of one answer. The expected texts under `tests/report` were read before they were kept.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use snapbox::{assert_data_eq, file};

use super::{human, json};
use crate::report::Look;
use crate::verify::{Answer, Question, Rung, Verified};

fn rung(question: Question, answer: Answer, said: &str, details: &[&str], advice: &str) -> Rung {
    let details = details.iter().map(|detail| (*detail).to_owned()).collect();
    Rung { question, answer, said: said.into(), details, advice: advice.into() }
}

fn full() -> Verified {
    Verified {
        service: "kairos".into(),
        host: "puck.incus".into(),
        base: "0".repeat(40),
        moved_by: Some("1".repeat(40)),
        loki: "https://loki.example.org".into(),
        at: Timestamp::from_millisecond(1_767_323_045_678).unwrap(),
        since: SignedDuration::from_hours(24),
        fresh: SignedDuration::from_mins(5),
        rungs: vec![
            rung(Question::Loki, Answer::Yes, "Loki 3.7.8 is ready", &[], ""),
            rung(
                Question::NewStreams,
                Answer::No,
                "1 of 2 planned streams not there in the last 24h",
                &["missing: {service=\"a\u{1b}[2J\"}"],
                "deploy it",
            ),
            rung(
                Question::Queries,
                Answer::Open,
                "nothing to compare with",
                &[],
                "a longer --since looks further back",
            ),
        ],
        notes: vec!["the plan is not known".into()],
    }
}

#[test]
fn for_people() {
    for (width, name) in [(100, "wide"), (60, "narrow")] {
        let shown = human(&full(), &Look { width, colour: false });
        let path = format!("{}/tests/report/verify-{name}.txt", env!("CARGO_MANIFEST_DIR"));
        assert_data_eq!(shown, snapbox::Data::read_from(path.as_ref(), None).raw());
    }
    let coloured = human(&full(), &Look { width: 60, colour: true });
    assert!(coloured.contains("\u{1b}[1m\u{1b}[31mno") && !coloured.contains("\u{1b}[2J"), "{coloured}");
}

#[test]
fn for_tools() {
    assert_data_eq!(json(&full()), file!["../../../tests/report/verify.json"].raw());
}

/// Every key path of a JSON value, list items as `[]`.
fn keys(value: &serde_json::Value, at: &str, into: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(map) => {
            for (key, value) in map {
                let at = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                into.insert(at.clone());
                keys(value, &at, into);
            }
        }
        serde_json::Value::Array(list) => list.iter().for_each(|value| keys(value, &format!("{at}[]"), into)),
        _ => {}
    }
}

#[test]
fn the_json_page_describes_every_key_and_every_question_and_no_other() {
    let page = include_str!("../../../docs/verify-json.md");
    let mut emitted = BTreeSet::new();
    keys(&serde_json::from_str(&json(&full())).unwrap(), "", &mut emitted);
    let described = |open: &str, close: char| -> BTreeSet<String> {
        let names = page.lines().filter_map(|line| line.strip_prefix(open)?.split_once(close));
        names.map(|(key, _)| key.to_owned()).collect()
    };
    assert_eq!(described("| `\"", '"'), Question::ALL.map(|question| question.word().to_owned()).into());
    let described: BTreeSet<String> = described("| `", '`').into_iter().filter(|key| !key.starts_with('"')).collect();
    assert_eq!(emitted, described);
}
