//! Both forms of one answer. The expected texts under `tests/report` were read before they were kept.

use jiff::{SignedDuration, Timestamp};
use snapbox::{assert_data_eq, file};

use super::{human, json};
use crate::report::Look;
use crate::report::pages::{described_keys, described_values, keys};
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

#[test]
fn the_json_page_describes_every_key_and_every_question_and_no_other() {
    let page = include_str!("../../../docs/verify-json.md");
    assert_eq!(described_values(page), Question::ALL.map(|question| question.word().to_owned()).into());
    assert_eq!(keys(&json(&full())), described_keys(page));
}
