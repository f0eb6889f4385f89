//! Two texts in one world: what each answers, and where they differ.
//!
//! Knows: the stores of a world and what is compared in them. Must not know: how worlds are made.

use std::collections::BTreeSet;

use super::Pair;
use super::compare::{self, Answered, Contract, Difference, Names, Own};
use super::judge::{Found, Stop};
use super::senders::Role;
use super::world::{self, Actor, Loud, Times, When};
use crate::logql_eval::{self, Answer, Asked, Failure, Kind, Labels, Stream};
use crate::syntax::logql::{ExprKind, Query};
use crate::topology::NEW;

/// Senders of which each is silent once.
const MOST_SILENT: usize = 8;

/// Two texts in which nothing is left to fill in.
pub(super) struct Run<'q> {
    pub(super) old: &'q Query<'q>,
    pub(super) new: &'q Query<'q>,
    pub(super) pair: &'q Pair<'q>,
    pub(super) own: Own<'q>,
    pub(super) times: &'q Times,
    pub(super) stays: bool,
    /// Whether people choose all jobs that the old text asks for: what stands for all of them takes in what can be chosen, no
    /// job of the past.
    pub(super) chosen: bool,
    /// Whether the old text names the job of what moves: it means the service, whichever way its lines come.
    pub(super) names_job: bool,
}

impl Run<'_> {
    /// Compares the answers in one world; where what moves is loud, also when some are silent or have moved later. Whether
    /// the old query fails in it, as a broken line makes it.
    pub(super) fn world(&self, actors: &[Actor], loud: Loud, found: &mut Found) -> Result<bool, Stop> {
        let (before, after) = self.all(actors, found)?;
        if loud == Loud::Moving {
            self.silent(actors, found)?;
            // What moves later changes such a list again.
            if !self.stays && !self.pair.contract.changes_label() {
                self.later(actors, &before, &after)?;
            }
        }
        Ok(matches!(before, Err(Failure::Pipeline(_))))
    }

    fn all(&self, actors: &[Actor], found: &mut Found) -> Result<(Answered, Answered), Stop> {
        let counts = |_: usize, one: &Actor| self.counts(one);
        let (before, after) = self.both(actors, counts)?;
        match self.same(&before, &after) {
            Ok(names) => found.take(names),
            Err(_) if self.stays && self.doubled(actors, |_| true, &after)? => found.seen |= is_full(&after),
            Err(difference) => {
                let counted = actors.iter().filter(|one| self.counts(one)).cloned().collect();
                found.refuting = Some((counted, before));
                return Err(self.refuted(actors, &difference));
            }
        }
        found.seen |= is_full(&before);
        if self.pair.keeps_history {
            let stored = self.ask(self.new, &world::store(actors, When::Before, counts))?;
            let old = |difference: Difference| Stop::Refuted(format!("of lines of the time before, {}", difference.0));
            self.same(&before, &stored).map_err(old)?;
        }
        Ok((before, after))
    }

    /// What each text answers on its side of the move, of the senders that count.
    fn both(&self, actors: &[Actor], counts: impl Fn(usize, &Actor) -> bool) -> Result<(Answered, Answered), Stop> {
        let before = self.ask(self.old, &world::store(actors, When::Before, &counts))?;
        Ok((before, self.ask(self.new, &world::store(actors, When::After, &counts))?))
    }

    /// Whether a sender counts: a copy is what moves once more. What comes with the socket comes to a query that is left
    /// alone as well, and is said of it elsewhere; what moved before is not what this move changes about it.
    fn counts(&self, one: &Actor) -> bool {
        one.role != Role::Copy && !(self.stays && matches!(one.role, Role::Comes | Role::Former))
    }

    /// What moves is silent; then all else is.
    fn silent(&self, actors: &[Actor], found: &mut Found) -> Result<(), Stop> {
        let moves = |one: &Actor| matches!(one.role, Role::Moves | Role::Former);
        for (moving, what) in [(false, "it"), (true, "all else")] {
            let counts = |_: usize, one: &Actor| self.counts(one) && moves(one) == moving;
            let (before, after) = self.both(actors, counts)?;
            if let Err(difference) = self.same(&before, &after)
                && !(moving && self.stays && self.doubled(actors, moves, &after)?)
            {
                return Err(Stop::Refuted(format!("while {what} is silent, {}", difference.0)));
            }
            // An absence is only seen then.
            found.seen |= !moving && is_full(&before);
        }
        if self.stays { Ok(()) } else { self.one_silent(actors) }
    }

    /// Each of the others is silent by itself: numbers of series may be the same by chance.
    fn one_silent(&self, actors: &[Actor]) -> Result<(), Stop> {
        let others = (0..actors.len()).filter(|at| actors[*at].role != Role::Moves && self.counts(&actors[*at]));
        for silent in others.take(MOST_SILENT) {
            let counts = |at: usize, one: &Actor| at != silent && self.counts(one);
            let (before, after) = self.both(actors, counts)?;
            let differs = |difference: Difference| format!("while one other is silent, {}", difference.0);
            self.same(&before, &after).map_err(|difference| Stop::Refuted(differs(difference)))?;
        }
        Ok(())
    }

    /// A query that is left alone may be right because it selects what Docker keeps of what moves.
    fn doubled(&self, actors: &[Actor], of: impl Fn(&Actor) -> bool, after: &Answered) -> Result<bool, Stop> {
        let counts = |_: usize, one: &Actor| one.role == Role::Copy || self.counts(one) && of(one);
        let before = self.ask(self.old, &world::store(actors, When::Before, counts))?;
        Ok(!self.names_job && actors.iter().any(|one| one.role == Role::Copy) && self.same(&before, after).is_ok())
    }

    /// Whether the new text is right as well once other services have moved: what the old one does not answer about may
    /// not come in.
    fn later(&self, actors: &[Actor], before: &Answered, after: &Answered) -> Result<(), Stop> {
        let counts = |one: &Actor| self.counts(one);
        let then = self.ask(self.new, &world::store(actors, When::Later, |_, one| counts(one)))?;
        if then == *after {
            return Ok(());
        }
        for (index, actor) in actors.iter().enumerate().filter(|(_, one)| one.later.is_some()) {
            let without = world::store(actors, When::Before, |at, one| counts(one) && at != index);
            let mut come = actors.to_vec();
            if let Some(one) = come.get_mut(index) {
                one.before = one.later.clone();
            }
            // It is there today, or would be by the old query as it comes.
            let without = self.ask(self.old, &without)?;
            let wanted = without != *before
                || self.ask(self.old, &world::store(&come, When::Before, |_, one| counts(one)))? != without;
            let mut moved = actors.to_vec();
            if let Some(one) = moved.get_mut(index) {
                one.after = one.later.clone();
            }
            let then = self.ask(self.new, &world::store(&moved, When::After, |_, one| counts(one)))?;
            if !wanted && then != *after {
                let labels = actor.later.as_ref().map(|labels| shown(labels)).unwrap_or_default();
                return Err(Stop::Refuted(format!("once {labels} is there, it would take that in")));
            }
        }
        Ok(())
    }

    /// Says which lines make the difference, where it is those of one sender.
    fn refuted(&self, actors: &[Actor], difference: &Difference) -> Stop {
        if !self.pair.explains {
            return Stop::Refuted(difference.0.clone());
        }
        let holds = |without: usize| {
            let counts = |at: usize, one: &Actor| self.counts(one) && at != without;
            self.both(actors, counts).is_ok_and(|(before, after)| self.same(&before, &after).is_ok())
        };
        let guilty = actors.iter().enumerate().filter(|(_, one)| one.role != Role::Moves).find(|(at, _)| holds(*at));
        let text = match guilty.and_then(|(_, one)| one.before.as_ref().or(one.after.as_ref())) {
            Some(labels) => format!("where {} has lines, {}", shown(labels), difference.0),
            None => difference.0.clone(),
        };
        Stop::Refuted(text)
    }

    fn same(&self, old: &Answered, new: &Answered) -> Result<Names, Difference> {
        compare::same(old, new, &self.pair.contract, &self.own)
    }

    /// Whether the new text is refuted where an older one was that had to answer `before`.
    pub(super) fn is_refuted(&self, actors: &[Actor], before: &Answered) -> bool {
        let after = self.ask(self.new, &world::store(actors, When::After, |_, one| self.counts(one)));
        after.is_ok_and(|after| self.same(before, &after).is_err())
    }

    /// What a query answers; an error of Loki is an answer.
    fn ask(&self, query: &Query<'_>, store: &[Stream]) -> Result<Answered, Stop> {
        // Of a label that the move brings there are more values: of the same streams.
        if let Contract::Values(today, then) = &self.pair.contract
            && (today != then || !NEW.contains(&then.as_str()))
        {
            let label = if std::ptr::eq(query, self.old) { today } else { then };
            return Ok(Ok(values(query, store, label)?));
        }
        let Times { end, step, .. } = *self.times;
        let lines = matches!(query.expr(query.root()).kind, ExprKind::Log(_));
        let asked = if lines {
            Asked { kind: Kind::Range, start: 0, end: end + 1, step, limit: usize::MAX, forward: false }
        } else {
            Asked { kind: Kind::Range, start: end - 2 * step, end, step, limit: usize::MAX, forward: false }
        };
        match logql_eval::evaluate(query, store, &asked) {
            Err(Failure::Unsupported(what)) => Err(Stop::Unable(format!("{what} cannot be evaluated"))),
            answer => Ok(answer),
        }
    }
}

/// Whether something is answered.
fn is_full(answer: &Answered) -> bool {
    match answer {
        Ok(Answer::Streams(list)) => !list.is_empty(),
        Ok(Answer::Matrix(list)) => !list.is_empty(),
        Ok(Answer::Vector(list)) => !list.is_empty(),
        Ok(Answer::Scalar(_)) | Err(_) => false,
    }
}

/// Labels as they are written.
fn shown(labels: &Labels) -> String {
    let pairs = labels.iter().filter(|(name, _)| *name != "service_name");
    format!("`{{{}}}`", pairs.map(|(name, value)| format!("{name}=\"{value}\"")).collect::<Vec<_>>().join(", "))
}

/// The values of a label of the streams that any selector takes, as series.
fn values(query: &Query<'_>, store: &[Stream], label: &str) -> Answered {
    let mut found = BTreeSet::new();
    for (_, selector) in query.selectors() {
        let selection = logql_eval::Selection::of(query, selector)?;
        found.extend(
            store.iter().filter(|one| selection.takes(&one.labels)).map(|one| one.labels.get(label).to_owned()),
        );
    }
    let one = |value: String| logql_eval::Sample { labels: [("value", value)].into_iter().collect(), value: 1.0 };
    Ok(Answer::Vector(found.into_iter().filter(|value| !value.is_empty()).map(one).collect()))
}
