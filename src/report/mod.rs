//! Every output, rendered from the one plan: terminal text, JSON, Markdown, SARIF, HTML, error messages.
//!
//! Knows: [`Plan`], [`Written`], how people and tools read. Must not know: git types, the file system, the
//! environment; nothing here prints or writes. What two outputs share (order, grouping, exit code, how a place is
//! named) stands once, in [`summary`].

mod acceptable;
mod base;
mod diff;
mod excerpt;
pub mod explain;
mod html;
mod human;
mod json;
mod markdown;
mod overview;
#[cfg(test)]
mod pages;
mod review;
#[cfg(test)]
mod sample;
mod sarif;
mod snippet;
pub mod status;
mod style;
pub mod summary;
#[cfg(test)]
mod tests;
mod told;
pub mod verify;

use serde::Serialize;

use crate::error::{Error, Kind};
use crate::finding::Finding;
use crate::plain;
use crate::plan::Plan;
use crate::text::RepoPath;

/// One run: what every report is about.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// What was decided, one plan per service, in the order they were made. Each stands on the ones before it on its
    /// branch.
    pub plans: &'a [Plan],
    /// The branches they went to. A run that wrote none has one without a name.
    pub branches: &'a [Written],
    /// Whether the run was asked for as one for several services, even if it came to one or none.
    pub batch: bool,
}

impl<'a> Run<'a> {
    /// A run for one service.
    pub fn one(plan: &'a Plan, written: &'a Written) -> Self {
        Self { plans: std::slice::from_ref(plan), branches: std::slice::from_ref(written), batch: false }
    }

    /// The plan and its branch, when the run came to one service.
    pub fn only(self) -> Option<(&'a Plan, &'a Written)> {
        match (self.plans, self.branches) {
            ([plan], [written]) => Some((plan, written)),
            _ => None,
        }
    }
}

/// What publishing did, as plain facts.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// The plans whose commits the branch holds, by index in [`Run::plans`], in the order of the commits.
    pub plans: Vec<usize>,
    /// Name of the branch, without `refs/heads/`; empty when there is none.
    pub branch: String,
    /// Commit ids in hexadecimal, one per step of its plans, in the same order.
    pub commits: Vec<String>,
    /// The unified diff from the base to the last commit, as git prints it; empty where the output has none.
    pub patch: Vec<u8>,
    /// Files of its plans that differ from the base in the working tree or the index. Sorted.
    pub differing: Vec<RepoPath>,
    /// Whether the branch name was withheld on request.
    pub dry_run: bool,
    /// What became of the branch; `None` when there is none.
    pub outcome: Option<Outcome>,
    /// Other branches of the run that cannot be merged after this one, each with the files in conflict.
    pub conflicts: Vec<(String, Vec<String>)>,
    /// What else is worth saying about the repository and the branch, one sentence each.
    pub notes: Vec<String>,
    /// Whether some of the notes name services that were left out, because a branch holds them already.
    pub held: bool,
}

/// What became of the branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is new.
    Created,
    /// It pointed at this commit (hexadecimal) before.
    Replaced(String),
    /// An earlier run wrote these very commits; nothing was written now.
    AlreadyThere,
    /// It was withheld, as asked.
    DryRun,
    /// It is there and cannot be replaced, as the text says; it was left as it is.
    Frozen(String),
}

impl Written {
    /// Whether an earlier run wrote this very branch, so that this one had nothing to do.
    pub fn already_there(&self) -> bool {
        self.outcome == Some(Outcome::AlreadyThere) && !self.dry_run
    }
}

/// How a text for people is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Columns of the terminal. Prose is wrapped there, code never.
    pub width: usize,
    /// Whether to use ANSI colours. Nothing is said by colour alone.
    pub colour: bool,
}

/// How much of a run a person is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// Each place, query and reason instead of the page that fits a screen.
    pub verbose: bool,
    /// What the branches change, behind the rest.
    pub diff: bool,
}

/// The run for a person at a terminal. Control characters of the repository are made visible.
pub fn human(run: Run<'_>, look: &Look, detail: Detail) -> String {
    human::render(run, *look, detail)
}

/// A question with the findings it is about, as the page letters it.
pub struct Offer<'a> {
    /// What the page calls it.
    pub letter: String,
    /// What is asked.
    pub ask: &'a str,
    /// Its places in the order of the page, each once for each text.
    pub findings: Vec<&'a Finding>,
}

/// All there is to decide, as the page has it.
pub fn offers(run: Run<'_>) -> Vec<Offer<'_>> {
    let asked = overview::questions(run).into_iter().enumerate();
    asked
        .map(|(index, one)| Offer {
            letter: overview::letter(index),
            ask: one.ask,
            findings: one.about.iter().map(|decision| decision.finding).collect(),
        })
        .collect()
}

/// The names of the branches, one in a line.
pub fn branches(run: Run<'_>) -> String {
    let named = run.branches.iter().filter(|written| !written.branch.is_empty());
    named.map(|written| visible(&written.branch) + "\n").collect()
}

/// The run for a tool: one JSON object and a line end. Keys and their meaning: `docs/json-output.md`.
pub fn json(run: Run<'_>) -> String {
    json::render(run)
}

/// The run as the body of a pull request, at most as long as GitHub takes it.
pub fn markdown(run: Run<'_>) -> String {
    markdown::render(run)
}

/// The findings of the run as a SARIF 2.1.0 log. `origin` is the address of the repository, where it is known.
pub fn sarif(run: Run<'_>, origin: Option<&str>) -> String {
    sarif::render(run, origin)
}

/// The run as one page for a browser: no script, nothing that is fetched.
pub fn html(run: Run<'_>) -> String {
    html::render(run)
}

/// A value as JSON, with a line end. What would act on a terminal or cannot be seen is escaped: the value is the same.
fn to_json(value: &impl Serialize) -> String {
    // Strings, numbers and lists only: there is nothing serde_json could refuse.
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    let mut out = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if plain::acts(c) {
            out.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    out + "\n"
}

/// Text from the repository as a terminal may show it: in one line, control characters made visible.
pub fn visible(text: &str) -> String {
    plain::line(text).into_owned()
}

/// An error that ended the run, with what to do about it.
pub fn error(error: &Error, look: &Look) -> String {
    let mut page = style::Page::new(*look);
    let word = if matches!(error.kind, Kind::Internal | Kind::Panic) { "internal error" } else { "error" };
    page.labelled(style::BAD, word, &error.message);
    for hint in &error.hints {
        page.labelled(style::STRONG, "hint", hint);
    }
    match error.kind {
        Kind::Internal => {
            page.labelled(style::STRONG, "hint", "nothing was written; this is a bug in migrate, please report it");
        }
        Kind::Panic => {
            page.labelled(style::STRONG, "hint", "this is a bug in migrate, please report it");
            page.labelled(style::STRONG, "hint", "the branch is there whole or not at all; all else is untouched");
        }
        Kind::User | Kind::Usage | Kind::Late => {}
    }
    page.finish()
}
