//! Asks a Loki server, after a deployment, whether a move did what was planned.
//!
//! ```text
//! Plan ──► Expected ──┐
//!         (expected)  ├──► ladder ──► Verified ──► report
//! Loki ◄──► client ───┘   (ask, queries)
//! ```
//!
//! Knows: the questions, in the order in which one presupposes the one before, and what to do about a "no". Must not
//! know: git, the environment, the clock, how anything is shown. Only [`client`] knows HTTP; the time comes in as a value;
//! everything else is a function of what was answered.
//!
//! Nothing is ever written to Loki: every request is a GET.

pub mod ask;
pub mod client;
pub mod expected;
pub mod ladder;
pub mod queries;
#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};

use crate::error::Error;

/// A question about a deployment. Ordered: the first is asked first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// Is Loki there?
    Loki,
    /// Does each planned stream exist, with the planned labels?
    NewStreams,
    /// Do they carry lines that are young?
    NewLines,
    /// Do the old streams get no line any more?
    OldStreams,
    /// Does each rewritten query still return something, where the old one did?
    Queries,
    /// Has the service no stream but the planned ones?
    Unplanned,
}

impl Question {
    /// Every question, in order.
    pub const ALL: [Self; 6] =
        [Self::Loki, Self::NewStreams, Self::NewLines, Self::OldStreams, Self::Queries, Self::Unplanned];

    /// The word for it in output for tools.
    pub fn word(self) -> &'static str {
        match self {
            Self::Loki => "loki",
            Self::NewStreams => "new-streams",
            Self::NewLines => "new-lines",
            Self::OldStreams => "old-streams",
            Self::Queries => "queries",
            Self::Unplanned => "unplanned",
        }
    }

    /// The question for people. Each is put so that "yes" is good.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Loki => "Is Loki there?",
            Self::NewStreams => "Are the new streams there, with the planned labels?",
            Self::NewLines => "Do they carry young lines?",
            Self::OldStreams => "Are the old streams silent?",
            Self::Queries => "Do the rewritten queries still return something?",
            Self::Unplanned => "Are all streams of the service planned?",
        }
    }
}

/// What came of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// As planned.
    Yes,
    /// Not as planned.
    No,
    /// It cannot be answered; the text says why.
    Open,
}

impl Answer {
    /// The word used in every output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Open => "open",
        }
    }
}

/// A question with its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rung {
    /// The question.
    pub question: Question,
    /// The answer.
    pub answer: Answer,
    /// The answer in one sentence; first letter small, no full stop.
    pub said: String,
    /// What it rests on, one stream or query each.
    pub details: Vec<String>,
    /// What to do. Empty when the answer is yes.
    pub advice: String,
}

impl Rung {
    fn yes(question: Question, said: impl Into<String>) -> Self {
        Self { question, answer: Answer::Yes, said: said.into(), details: Vec::new(), advice: String::new() }
    }

    fn no(question: Question, said: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { answer: Answer::No, advice: advice.into(), ..Self::yes(question, said) }
    }

    fn open(question: Question, said: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { answer: Answer::Open, ..Self::no(question, said, advice) }
    }

    fn with(self, details: Vec<String>) -> Self {
        Self { details, ..self }
    }
}

/// Where the deployment stands, all answers together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Every answer is yes.
    AsPlanned,
    /// The old streams still get lines: it is not rolled out, or not all of it.
    NotYet,
    /// Something is there to look at.
    Look,
}

impl Standing {
    /// All answers together.
    pub fn of(rungs: &[Rung]) -> Self {
        let no = |question| rungs.iter().any(|rung| rung.question == question && rung.answer == Answer::No);
        if no(Question::OldStreams) {
            Self::NotYet
        } else if rungs.iter().all(|rung| rung.answer == Answer::Yes) {
            Self::AsPlanned
        } else {
            Self::Look
        }
    }

    /// The word used in output for tools.
    pub fn word(self) -> &'static str {
        match self {
            Self::AsPlanned => "as-planned",
            Self::NotYet => "not-yet",
            Self::Look => "look",
        }
    }

    /// As elsewhere: 0 nothing to do, 3 something to look at.
    pub fn exit_code(self) -> u8 {
        if self == Self::AsPlanned { 0 } else { 3 }
    }
}

/// Everything that was asked and answered.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The service, as typed.
    pub service: String,
    /// Inventory name of the host.
    pub host: String,
    /// The commit the plan was made from, hexadecimal.
    pub base: String,
    /// The commit that moves the service, when it is part of the commit that was looked at.
    pub moved_by: Option<String>,
    /// The address of Loki.
    pub loki: String,
    /// When it was asked.
    pub at: Timestamp,
    /// How far back "before" was looked for.
    pub since: SignedDuration,
    /// Lines younger than this are young.
    pub fresh: SignedDuration,
    /// The answers, in the order of the questions. A question that a "no" before it makes idle is not asked.
    pub rungs: Vec<Rung>,
    /// What else is worth knowing, one sentence each.
    pub notes: Vec<String>,
}

impl Verified {
    /// Where the deployment stands.
    pub fn standing(&self) -> Standing {
        Standing::of(&self.rungs)
    }
}

/// Loki gave no answer that could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What was asked of whom, and what came; first letter small, no full stop.
    pub message: String,
    /// What to do.
    pub hint: String,
    /// Whether it may pass by itself, so that asking again makes sense.
    pub passing: bool,
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::user(failure.message).hint(failure.hint)
    }
}
