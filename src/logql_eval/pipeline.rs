//! A pipeline in the order in which Loki runs it.
//!
//! Knows: that line filters move to the front until a label filter, a `line_format` or an `unpack` stops them, and that a
//! `line_format` nobody reads is left out of a metric. Must not know: what a stage does.

use super::answer::{Failure, Stream};
use super::hints::Hints;
use super::labels::Entry;
use super::select::Selection;
use super::stage::Stage;
use crate::syntax::logql::{Log, Query, StageKind};

/// A selector and the stages behind it.
#[derive(Debug)]
pub(super) struct Pipeline {
    selector: Selection,
    pub(super) stages: Vec<Stage>,
    /// Label filters behind `unwrap`, and the label that is unwrapped with its conversion.
    pub(super) unwrap: Option<Unwrap>,
}

/// `| unwrap duration(label)` and the filters behind it.
#[derive(Debug)]
pub(super) struct Unwrap {
    pub(super) label: String,
    pub(super) conversion: String,
    pub(super) filters: Vec<Stage>,
}

impl Pipeline {
    /// Makes a pipeline ready. `metric`: what it yields is counted, and no `line_format` that nobody reads is run.
    pub(super) fn of(query: &Query<'_>, log: &Log, metric: bool) -> Result<Self, Failure> {
        let Some(selector) = &log.selector else {
            return Err(Failure::Unsupported("a variable in the place of a selector"));
        };
        let selector = Selection::of(query, selector)?;
        let mut stages = Vec::new();
        let mut unwrap: Option<Unwrap> = None;
        let all = query.stages(log);
        for (index, stage) in all.iter().enumerate() {
            if let StageKind::Unwrap { name, conversion } = &stage.kind {
                let conversion = conversion.map_or("", |span| span.of(query.text())).to_owned();
                unwrap = Some(Unwrap { label: name.text.to_owned(), conversion, filters: Vec::new() });
                continue;
            }
            if metric && matches!(stage.kind, StageKind::LineFormat(_)) && !is_read(&all[index..]) {
                continue;
            }
            let Some(ready) = Stage::of(query, stage)? else { continue };
            match &mut unwrap {
                Some(unwrap) => unwrap.filters.push(ready),
                None => stages.push(ready),
            }
        }
        Ok(Self { selector, stages: reordered(stages), unwrap })
    }

    /// Whether its selector takes a stream.
    pub(super) fn takes(&self, stream: &Stream) -> bool {
        self.selector.takes(&stream.labels)
    }

    /// Sends one line through: what it reads then, `None` where it is held back.
    pub(super) fn run(&self, hints: &Hints, at: i64, line: &str, entry: &mut Entry<'_>) -> Option<String> {
        let all = &self.stages;
        all.iter().try_fold(line.to_owned(), |line, stage| stage.run(all, hints, at, line, entry))
    }
}

/// Whether something behind reads the text of the line.
fn is_read(stages: &[crate::syntax::logql::Stage<'_>]) -> bool {
    stages.iter().any(|stage| matches!(stage.kind, StageKind::LineFilter { .. }) || stage.kind.parses())
}

fn reordered(stages: Vec<Stage>) -> Vec<Stage> {
    let mut out = Vec::with_capacity(stages.len());
    let mut filters = Vec::new();
    let mut others = Vec::new();
    for stage in stages {
        let stops = matches!(stage, Stage::Filter(_) | Stage::LineFormat(_) | Stage::Unpack);
        match stage {
            Stage::Line(_) => filters.push(stage),
            _ => others.push(stage),
        }
        if stops {
            out.append(&mut filters);
            out.append(&mut others);
        }
    }
    out.append(&mut filters);
    out.append(&mut others);
    out
}
