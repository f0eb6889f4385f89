//! How far a batch is: one line that changes on a terminal, a line per service elsewhere. All on standard error.
//!
//! Knows: terminals. Must not know: what a plan holds beyond its name and how it went.

use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};

use crate::plan::{Plan, Verdict};
use crate::report::visible;

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
