//! Stages that a listener shares with the Docker-socket source: they go on working for the moved streams.
//!
//! Knows: which stages cannot tell the old stream from the new one, and selectors of `stage.match` (label-surface 5.3,
//! trap 25). Must not know: listeners or blocks beyond where they forward to. A selector is edited when the streams say
//! that it selects afterwards exactly what becomes of the streams it selects today; what cannot be shown blocks the move.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::finding::{Finding, Level};
use crate::proof::{self, Condition, Copies, Matcher, Op, Proof, Verdict};
use crate::rewrite::{How, Outcome, QueryChange, by_service, edit};
use crate::rule;
use crate::syntax::alloy::selector::{self, Selector};
use crate::text::{Encoding, Place, Span, View};
use crate::topology::alloy::{Config, Does, Pipe, Stage, Text, Touches};
use crate::topology::flow::Plumbing;
use crate::topology::runs::{Host, Link};
use crate::topology::streams::Leaving;
use crate::topology::{Move, Stream, Streams, Topology, WHOSE};

/// What becomes of one selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It selects what it should already.
    Stays,
    /// These bytes of its text become that.
    Becomes {
        /// Bytes to replace; empty for an insertion.
        span: Span,
        /// What stands there afterwards.
        new: String,
        /// Streams it selects today.
        before: Vec<Arc<str>>,
        /// Streams it selects afterwards.
        after: Vec<Arc<str>>,
    },
    /// It cannot be rewritten with certainty; why.
    Unsure(String),
}

/// Edits of selectors, and a finding that blocks for each stage that cannot be shown to go on working.
pub(super) fn rewrite(topology: &Topology, moved: &Move, out: &mut Outcome) {
    let host = &topology.hosts[moved.host_index];
    let plumbing = Plumbing::of(topology, host);
    let services: BTreeSet<usize> = leaving(host, moved.deployment);
    let leaving = Leaving {
        host: moved.host_index,
        deployment: moved.deployment,
        services: &services,
        project: Some(&moved.project),
    };
    let mut seen = BTreeSet::new();
    for &index in moved.going.iter().chain(&moved.staying) {
        for pipe in plumbing.reach(&host.listeners[index].fact.to).unwrap_or_default() {
            let Does::Process(stages) = &pipe.does else { continue };
            let home = host.configs.iter().filter_map(|one| topology.alloy.get(one.config));
            let Some(config) = home.into_iter().find(|config| config.pipes.iter().any(|one| one.id == pipe.id)) else {
                continue;
            };
            if !seen.insert(pipe.id.as_str()) {
                continue;
            }
            match Streams::entering(topology, leaving, &pipe.id) {
                Ok(streams) => Walk { config, pipe, streams: &streams, moved, out }.stages(stages),
                Err(why) => out.findings.push(blocked(config.place(pipe.at), &format!("into `{}`: {why}", pipe.id))),
            }
        }
    }
}

fn leaving(host: &Host, deployment: usize) -> BTreeSet<usize> {
    let links = host.links[deployment].iter().enumerate();
    links.filter(|(_, link)| matches!(link, Link::Listener(_))).map(|(service, _)| service).collect()
}

fn blocked(at: Place, what: &str) -> Finding {
    Finding::told(Level::Blocked, "alloy/own-pipeline", &[("what", what)], Some(at))
}

struct Walk<'a> {
    config: &'a Config,
    pipe: &'a Pipe,
    streams: &'a Streams,
    moved: &'a Move,
    out: &'a mut Outcome,
}

impl Walk<'_> {
    fn stages(&mut self, stages: &[Stage]) {
        for stage in stages {
            match &stage.touches {
                Touches::Match { selector: Some(text), .. } => {
                    if self.selector(text) {
                        self.stages(&stage.inner);
                    }
                }
                Touches::Nothing if !tells_apart(stage) => {}
                _ => {
                    let what = format!("through `{}`, which may treat the moved lines in another way", stage.name);
                    self.out.findings.push(blocked(self.config.place(stage.at), &what));
                }
            }
        }
    }

    /// Settles one selector. Whether lines that move may get behind it.
    fn selector(&mut self, text: &Text) -> bool {
        let place = self.config.place(Span::new(text.at.start() + 1, text.at.end() - 1));
        match rewrite_selector(&text.raw, self.streams, self.moved) {
            Fate::Stays => {}
            Fate::Becomes { span, new, before, after } => self.edit(text, place, span, &new, (before, after)),
            Fate::Unsure(why) => {
                let what = format!("through a `stage.match` whose selector cannot be rewritten with certainty ({why})");
                self.out.findings.push(blocked(place, &what));
            }
        }
        let Ok(selector) = selector::read(&text.raw) else { return false };
        let moving = moving(self.streams);
        !Proof::new(&moving).possible(&Condition::all(&matchers(&selector))).0.is_empty()
    }

    fn edit(&mut self, text: &Text, place: Place, span: Span, new: &str, streams: (Vec<Arc<str>>, Vec<Arc<str>>)) {
        let source = Arc::clone(&self.config.source);
        let raw = source.slice(text.at).starts_with('`');
        let view = View::scalar(&source, text.at, if raw { Encoding::Backtick } else { Encoding::Go }, &[]);
        let labels = format!("service=\"{}\"", self.moved.project);
        let why =
            edit("alloy/selector", span, String::new(), &[("labels", &labels)], self.moved.listeners.first().cloned())
                .why;
        match view.edit(span, new, why) {
            Ok(edit) => {
                let mut after = text.raw.clone();
                after.replace_range(span.range(), new);
                self.out.edits.push((source.path.clone(), edit));
                self.out.queries.push(QueryChange {
                    at: place,
                    context: rule::text("alloy/selector-of", &[("component", &self.pipe.id)]).trim_end().to_owned(),
                    before: text.raw.clone(),
                    after,
                    how: Some(if new.starts_with(',') { How::Append } else { How::Swap }),
                    streams_before: streams.0.into(),
                    streams_after: streams.1.into(),
                });
            }
            Err(_) => self
                .out
                .findings
                .push(blocked(place, "through a `stage.match` whose selector cannot be written in place")),
        }
    }
}

/// Whether a stage may treat the old and the new stream in two ways: it reads one of the labels in which they differ, or
/// hands all labels on.
fn tells_apart(stage: &Stage) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut words = stage.texts.iter().flat_map(|text| text.raw.split(|c| !is_word(c)));
    stage.name == "stage.metrics" || words.any(|word| WHOSE.contains(&word))
}

/// What becomes of the selector of a `stage.match`, going by the streams that enter its component. The candidates, in
/// order: as it is; the matcher on `job` becomes one on `service` (with `component` where the project has other
/// containers); `service!="P"` behind a matcher that leaves the job out.
pub(crate) fn rewrite_selector(text: &str, streams: &Streams, moved: &Move) -> Fate {
    let unsure = |why: &str| Fate::Unsure(why.to_owned());
    let Ok(selector) = selector::read(text) else { return unsure("it cannot be read") };
    let old = matchers(&selector);
    // Filled in, it may be another.
    if text.contains("{{") || text.contains("{%") {
        return unsure("a template fills in a part of it");
    }
    // What becomes of the streams that move decides whether it can stay: no other stream changes.
    let moving = moving(streams);
    let same = Condition::all(&old);
    if Proof::new(&moving).check(&same, &same, Copies::Count).is_right() {
        return Fate::Stays;
    }
    let on_job: Vec<usize> = (0..old.len()).filter(|&index| old[index].label == "job").collect();
    let [index] = on_job[..] else { return unsure("it does not name the job in exactly one place") };
    let at = selector.matchers[index].span;
    // In the order of their names, whichever moves first.
    let before = |one: &&selector::Matcher| one.name == "service" && one.op == "!=" && one.value < moved.project;
    let behind = selector.matchers[index + 1..].iter().take_while(before).last().map_or(at, |last| last.span);
    let proof = Proof::new(streams);
    let mut why = String::new();
    for (span, new, added) in candidates(&old[index], (at, behind.end()), moved) {
        let mut next = old.clone();
        if span.is_empty() {
            next.extend(added);
        } else {
            next.splice(index..=index, added);
        }
        let next = Condition::all(&next);
        match proof.check(&same, &next, Copies::Count) {
            Verdict::Right { .. } => {
                let shown = |found: Result<Vec<usize>, String>, list: &[Stream]| {
                    found.unwrap_or_default().into_iter().map(|index| proof::stream(&list[index]).into()).collect()
                };
                let before = shown(proof.today(&same, Copies::Ignored), &streams.before);
                let after = shown(proof.after(&next), &streams.after);
                return Fate::Becomes { span, new, before, after };
            }
            Verdict::Unknown { why: unknown } => why = unknown,
            Verdict::Wrong { missing, extra } => {
                let first = missing.first().map(|one| format!("it would miss {one}"));
                why = first.or_else(|| extra.first().map(|one| format!("it would take in {one}"))).unwrap_or_default();
            }
        }
    }
    Fate::Unsure(if why.is_empty() { "no matcher on `service` alone says the same".to_owned() } else { why })
}

/// Replacements of one matcher on `job`: what is replaced, by what, and the matchers that stand for it.
fn candidates(matcher: &Matcher, (at, behind): (Span, usize), moved: &Move) -> Vec<(Span, String, Vec<Matcher>)> {
    let written =
        |list: &[Matcher]| list.iter().map(|one| proof::comparison(one, proof::quoted)).collect::<Vec<_>>().join(", ");
    if matcher.is_negative() {
        let added = vec![Matcher::new("service", Op::NotEqual, &moved.project)];
        return vec![(Span::at(behind), format!(", {}", written(&added)), added)];
    }
    // Another name in a list may be a job that moved before, or comes one day.
    let foreign = |name: &&str| !moved.jobs.iter().any(|job| job == name);
    if matcher.op == Op::Match && matcher.names().unwrap_or_default().iter().any(foreign) {
        return Vec::new();
    }
    by_service(moved).into_iter().map(|list| (at, written(&list), list)).collect()
}

fn matchers(selector: &Selector) -> Vec<Matcher> {
    let op = |sign: &str| match sign {
        "=" => Op::Equal,
        "!=" => Op::NotEqual,
        "=~" => Op::Match,
        _ => Op::NotMatch,
    };
    selector.matchers.iter().map(|one| Matcher::new(&one.name, op(one.op), &one.value)).collect()
}

/// The streams that change, and what becomes of them.
fn moving(streams: &Streams) -> Streams {
    let mut out = Streams { after: streams.after.clone(), names: streams.names.clone(), ..Streams::default() };
    for (stream, image) in streams.before.iter().zip(&streams.image) {
        let changes = image.iter().any(|&to| streams.after[to].labels != stream.labels);
        if changes {
            out.before.push(stream.clone());
            out.image.push(image.clone());
        }
    }
    let kept: BTreeSet<usize> = out.image.iter().flatten().copied().collect();
    let number = |to: &usize| kept.iter().position(|one| one == to);
    for image in &mut out.image {
        *image = image.iter().filter_map(number).collect();
    }
    out.after = kept.iter().map(|&to| streams.after[to].clone()).collect();
    out
}

#[cfg(test)]
mod tests;
