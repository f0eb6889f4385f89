//! `migrate verify` for a tool: one JSON object with a versioned schema, described in `docs/verify-json.md`.
//!
//! Knows: key names and their order. Must not know: terminals. Every key is always there; what does not apply is `null`
//! or empty.

use serde::Serialize;

use crate::report::to_json;
use crate::verify::{Rung, Verified};

/// Grows with every change that is not just a new key.
const SCHEMA: &str = "migrate-verify/1";

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    service: &'a str,
    host: &'a str,
    base: &'a str,
    moved_by: Option<&'a str>,
    loki: &'a str,
    asked_at: String,
    since_seconds: i64,
    fresh_seconds: i64,
    standing: &'static str,
    exit_code: u8,
    questions: Vec<Question<'a>>,
    notes: &'a [String],
}

// The names of fields are the keys.
#[allow(clippy::struct_field_names)]
#[derive(Serialize)]
struct Question<'a> {
    question: &'static str,
    text: &'static str,
    answer: &'static str,
    said: &'a str,
    details: &'a [String],
    advice: Option<&'a str>,
}

/// See [`super::json()`].
pub(super) fn render(verified: &Verified) -> String {
    let report = Report {
        schema: SCHEMA,
        service: &verified.service,
        host: &verified.host,
        base: &verified.base,
        moved_by: verified.moved_by.as_deref(),
        loki: &verified.loki,
        asked_at: verified.at.to_string(),
        since_seconds: verified.since.as_secs(),
        fresh_seconds: verified.fresh.as_secs(),
        standing: verified.standing().word(),
        exit_code: verified.standing().exit_code(),
        questions: verified.rungs.iter().map(question).collect(),
        notes: &verified.notes,
    };
    to_json(&report)
}

fn question(rung: &Rung) -> Question<'_> {
    Question {
        question: rung.question.word(),
        text: rung.question.sentence(),
        answer: rung.answer.word(),
        said: &rung.said,
        details: &rung.details,
        advice: Some(rung.advice.as_str()).filter(|advice| !advice.is_empty()),
    }
}
