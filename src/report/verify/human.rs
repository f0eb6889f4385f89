//! `migrate verify` for a person: one line for each question, what the answer rests on, what to do.
//!
//! Knows: the order in which it is read. Must not know: what is asked of Loki.

use anstyle::Style;

use crate::report::Look;
use crate::report::review::short;
use crate::report::style::{BAD, FAINT, LOOK, NEW, Page, STRONG};
use crate::verify::{Answer, Rung, Standing, Verified};

/// See [`super::human()`].
pub(super) fn render(verified: &Verified, look: Look) -> String {
    let mut page = Page::new(look);
    page.heading(&format!("{} on {}: {}", verified.service, verified.host, standing(verified.standing())));
    let at = jiff::Timestamp::from_second(verified.at.as_second()).unwrap_or(verified.at);
    page.prose("", "", &format!("asked {} at {at}", verified.loki));
    let planned = match &verified.moved_by {
        Some(commit) => {
            format!("planned as at commit {}, before commit {} moved it", short(&verified.base), short(commit))
        }
        None => format!("planned as at commit {}", short(&verified.base)),
    };
    page.prose("", "", &planned);
    for rung in &verified.rungs {
        self::rung(&mut page, rung);
    }
    if !verified.notes.is_empty() {
        page.gap();
        for note in &verified.notes {
            page.labelled(STRONG, "note", note);
        }
    }
    page.finish()
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::AsPlanned => "moved, and everything is as planned",
        Standing::NotYet => "not yet: lines still come by syslog",
        Standing::Look => "there is something to look at",
    }
}

fn rung(page: &mut Page, rung: &Rung) {
    page.gap();
    let answer = page.paint(colour(rung.answer), &format!("{:<4}", rung.answer.word()));
    let question = page.paint(STRONG, rung.question.sentence());
    page.raw(&format!("{answer}  {question}\n"));
    page.prose("      ", "      ", &rung.said);
    for detail in &rung.details {
        page.code("        ", FAINT, detail);
    }
    if !rung.advice.is_empty() {
        page.prose("      → ", "        ", &rung.advice);
    }
}

fn colour(answer: Answer) -> Style {
    match answer {
        Answer::Yes => NEW,
        Answer::No => BAD,
        Answer::Open => LOOK,
    }
}
