//! What two texts answer in one world, of whichever senders count.
//!
//! Knows: that what a text makes of the lines of one sender is the same beside any others, and so worked out once. Must not know: which
//! senders count when, or what follows from an answer.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::compare::{Answered, Contract};
use super::judge::Stop;
use super::run::{Run, Side};
use super::world::{Actor, Times, When};
use crate::logql_eval::{Answer, Asked, Failure, Kind, Labels, Part, Sample, Selection, Stream};
use crate::syntax::logql::{ExprKind, Query};
use crate::topology::NEW;

/// Which of two texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Which {
    Old,
    New,
}

/// The senders of one world.
pub(super) struct Scene<'s> {
    pub(super) actors: &'s [Actor],
    run: &'s Run<'s>,
    parts: RefCell<FxHashMap<(Which, usize, When), Rc<Part>>>,
}

impl<'s> Scene<'s> {
    pub(super) fn new(run: &'s Run<'s>, actors: &'s [Actor]) -> Self {
        Self { actors, run, parts: RefCell::default() }
    }

    /// What a text answers of the senders that count, at one time.
    pub(super) fn ask(
        &self,
        which: Which,
        when: When,
        counts: impl Fn(usize, &Actor) -> bool,
    ) -> Result<Answered, Stop> {
        self.ask_each(which, |at, one| counts(at, one).then_some(when))
    }

    /// What a text answers of each sender at a time of its own; where there is none, it does not count.
    ///
    /// An error of Loki is an answer.
    pub(super) fn ask_each(
        &self,
        which: Which,
        when: impl Fn(usize, &Actor) -> Option<When>,
    ) -> Result<Answered, Stop> {
        let side = self.run.side(which);
        let there = |(at, one): (usize, &'s Actor)| {
            let when = when(at, one)?;
            Some((at, when, &**one.labels(when)?, one))
        };
        let there = self.actors.iter().enumerate().filter_map(there);
        // Of a label that the move brings there are more values: of the same streams.
        if let Contract::Values(today, then) = &self.run.pair.contract
            && (today != then || !NEW.contains(&then.as_str()))
        {
            let label = if which == Which::Old { today } else { then };
            return Ok(Ok(values(side.query, there.map(|(_, _, labels, _)| labels), label)?));
        }
        let ready = match &side.ready {
            Ok(ready) => ready,
            Err(Failure::Unsupported(what)) => return Err(unable(what)),
            Err(failure) => return Ok(Err(failure.clone())),
        };
        let part = |(at, when, labels, one): (usize, When, &Labels, &Actor)| {
            let read = || Rc::new(ready.read(&Stream { labels: labels.clone(), lines: one.lines.clone() }));
            Rc::clone(self.parts.borrow_mut().entry((which, at, when)).or_insert_with(read))
        };
        let parts: Vec<Rc<Part>> = there.map(part).collect();
        let parts: Vec<&Part> = parts.iter().map(|part| &**part).collect();
        match ready.answer(&parts, &asked(side, self.run.times)) {
            Err(Failure::Unsupported(what)) => Err(unable(what)),
            answer => Ok(answer),
        }
    }
}

fn unable(what: &str) -> Stop {
    Stop::Unable(format!("{what} cannot be evaluated"))
}

fn asked(side: &Side<'_>, times: &Times) -> Asked {
    let Times { end, step, .. } = *times;
    let lines = matches!(side.query.expr(side.query.root()).kind, ExprKind::Log(_));
    let (start, end) = if lines { (0, end + 1) } else { (end - 2 * step, end) };
    Asked { kind: Kind::Range, start, end, step, limit: usize::MAX, forward: false }
}

/// The values of a label of the streams that any selector takes, as series.
fn values<'l>(query: &Query<'_>, streams: impl Iterator<Item = &'l Labels>, label: &str) -> Result<Answer, Stop> {
    let selections = query.selectors().map(|(_, selector)| Selection::of(query, selector));
    let selections = selections.collect::<Result<Vec<_>, _>>()?;
    let taken = streams.filter(|labels| selections.iter().any(|one| one.takes(labels)));
    let found: BTreeSet<&str> = taken.map(|labels| labels.get(label)).filter(|value| !value.is_empty()).collect();
    let one = |value: &str| Sample { labels: [("value", value)].into_iter().collect(), value: 1.0 };
    Ok(Answer::Vector(found.into_iter().map(one).collect()))
}
