//! How far a batch or a wait is: one line that changes on a terminal, plain lines elsewhere. All on standard error.
//!
//! Knows: terminals. Must not know: what a plan holds beyond its name and how it went, or what
//! an answer rests on.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::plan::{Plan, Verdict};
use crate::report::visible;
use crate::verify::{Answer, Rung};

/// The progress of one run.
#[derive(Debug)]
pub(super) struct Progress {
    all: usize,
    done: usize,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// For a run that makes at most `all` plans. One plan needs no progress.
    pub(super) fn new(all: usize) -> Self {
        let bar = (all > 1 && io::stderr().is_terminal()).then(|| {
            let style = ProgressStyle::with_template("{pos}/{len} {bar:24} {wide_msg}");
            ProgressBar::new(all as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { all, done: 0, bar }
    }

    /// One more plan is made.
    pub(super) fn told(&mut self, plan: &Plan) {
        self.done += 1;
        let name = visible(&format!("{} on {}", plan.request.service, plan.request.host));
        if let Some(bar) = &self.bar {
            bar.set_message(name);
            bar.inc(1);
        } else if self.all > 1 {
            let word = match plan.verdict {
                Verdict::Ready => "planned",
                Verdict::NothingToDo => "nothing to do",
                Verdict::Blocked => "blocked",
            };
            // Nobody may be listening any more; the run goes on.
            let _ = writeln!(io::stderr(), "{}/{} {name}: {word}", self.done, self.all);
        }
    }

    /// Clears the line.
    pub(super) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

/// How far a wait is: one line that changes on a terminal, a line for each change elsewhere. All on standard error.
#[derive(Debug)]
pub(super) struct Waiting {
    wanted: bool,
    said: String,
    bar: Option<ProgressBar>,
}

impl Waiting {
    /// Says nothing unless it is `wanted`.
    pub(super) fn new(wanted: bool) -> Self {
        let bar = (wanted && io::stderr().is_terminal()).then(|| {
            let style = ProgressStyle::with_template("{spinner} {wide_msg}");
            let bar = ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.set_message("asking Loki");
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self { wanted, said: String::new(), bar }
    }

    /// Some answers are not yes.
    pub(super) fn told_answers(&mut self, rungs: &[Rung], left: Duration) {
        let (yes, no): (Vec<&Rung>, Vec<&Rung>) = rungs.iter().partition(|rung| rung.answer == Answer::Yes);
        let open = no.first().map(|rung| format!("; {} {}", rung.question.sentence(), rung.said)).unwrap_or_default();
        self.told(&format!("{} of {} answers are yes{open}", yes.len(), rungs.len()), left);
    }

    /// Something else is waited for.
    pub(super) fn told(&mut self, what: &str, left: Duration) {
        let what = visible(what);
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{}s left: {what}", left.as_secs()));
        } else if self.wanted && self.said != what {
            // Nobody may be listening any more; the wait goes on.
            let _ = writeln!(io::stderr(), "waiting: {what}");
            self.said = what;
        }
    }

    /// Clears the line.
    pub(super) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
