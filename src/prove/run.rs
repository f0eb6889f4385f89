//! Two texts in one world: what each answers, and where they differ.
//!
//! Knows: the stores of a world and what is compared in them. Must not know: how worlds are made.

use super::compare::{self, Answered, Difference, Names, Own};
use super::judge::{Found, Stop};
use super::scene::{Scene, Which};
use super::senders::Role;
use super::world::{Actor, Loud, Times, When};
use super::{Look, Pair};
use crate::logql_eval::{Answer, Failure, Labels, Ready};
use crate::syntax::logql::Query;

/// A text in which nothing is left to fill in.
pub(super) struct Side<'q> {
    pub(super) query: &'q Query<'q>,
    pub(super) ready: Result<Ready<'q, 'q>, Failure>,
}

impl<'q> Side<'q> {
    pub(super) fn of(query: &'q Query<'q>) -> Self {
        Self { query, ready: Ready::of(query) }
    }
}

/// Senders of which each is silent once.
const MOST_SILENT: usize = 8;

/// Two texts in which nothing is left to fill in.
pub(super) struct Run<'q> {
    pub(super) old: Side<'q>,
    pub(super) new: Side<'q>,
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
    pub(super) fn side(&self, which: Which) -> &Side<'_> {
        match which {
            Which::Old => &self.old,
            Which::New => &self.new,
        }
    }

    /// Compares the answers in one world; where what moves is loud, also when some are silent or have moved later. Whether
    /// the old query fails in it, as a broken line makes it.
    pub(super) fn world(&self, actors: &[Actor], loud: Loud, found: &mut Found) -> Result<bool, Stop> {
        let scene = Scene::new(self, actors);
        let (before, after) = self.all(&scene, found)?;
        if loud == Loud::Moving {
            self.silent(&scene, found)?;
            // What moves later changes such a list again.
            if !self.stays && !self.pair.contract.changes_label() {
                self.later(&scene, &before, &after)?;
            }
        }
        Ok(matches!(before, Err(Failure::Pipeline(_))))
    }

    fn all(&self, scene: &Scene<'_>, found: &mut Found) -> Result<(Answered, Answered), Stop> {
        let counts = |_: usize, one: &Actor| self.counts(one);
        let (before, after) = both(scene, counts)?;
        match self.same(&before, &after) {
            Ok(names) => found.take(names),
            Err(_) if self.stays && self.doubled(scene, |_| true, &after)? => found.seen |= is_full(&after),
            Err(difference) => {
                let counted = scene.actors.iter().filter(|one| self.counts(one)).cloned().collect();
                found.refuting = Some((counted, before));
                return Err(self.refuted(scene, &difference));
            }
        }
        found.seen |= is_full(&before);
        if self.pair.keeps_history {
            let stored = scene.ask(Which::New, When::Before, counts)?;
            let old = |difference: Difference| Stop::Refuted(format!("of lines of the time before, {}", difference.0));
            self.same(&before, &stored).map_err(old)?;
        }
        Ok((before, after))
    }

    /// Whether a sender counts: a copy is what moves once more. What comes with the socket comes to a query that is left
    /// alone as well, and is said of it elsewhere; what moved before is not what this move changes about it.
    fn counts(&self, one: &Actor) -> bool {
        one.role != Role::Copy && !(self.stays && matches!(one.role, Role::Comes | Role::Former))
    }

    /// What moves is silent; then all else is.
    fn silent(&self, scene: &Scene<'_>, found: &mut Found) -> Result<(), Stop> {
        let moves = |one: &Actor| matches!(one.role, Role::Moves | Role::Former);
        for (moving, what) in [(false, "it"), (true, "all else")] {
            let counts = |_: usize, one: &Actor| self.counts(one) && moves(one) == moving;
            let (before, after) = both(scene, counts)?;
            if let Err(difference) = self.same(&before, &after)
                && !(moving && self.stays && self.doubled(scene, moves, &after)?)
            {
                return Err(Stop::Refuted(format!("while {what} is silent, {}", difference.0)));
            }
            // An absence is only seen then.
            found.seen |= !moving && is_full(&before);
        }
        if self.stays { Ok(()) } else { self.one_silent(scene) }
    }

    /// Each of the others is silent by itself: numbers of series may be the same by chance.
    fn one_silent(&self, scene: &Scene<'_>) -> Result<(), Stop> {
        let all = scene.actors;
        let others = (0..all.len()).filter(|at| all[*at].role != Role::Moves && self.counts(&all[*at]));
        for silent in others.take(MOST_SILENT) {
            let counts = |at: usize, one: &Actor| at != silent && self.counts(one);
            let (before, after) = both(scene, counts)?;
            let differs = |difference: Difference| format!("while one other is silent, {}", difference.0);
            self.same(&before, &after).map_err(|difference| Stop::Refuted(differs(difference)))?;
        }
        Ok(())
    }

    /// A query that is left alone may be right because it selects what Docker keeps of what moves.
    fn doubled(&self, scene: &Scene<'_>, of: impl Fn(&Actor) -> bool, after: &Answered) -> Result<bool, Stop> {
        let counts = |_: usize, one: &Actor| one.role == Role::Copy || self.counts(one) && of(one);
        let before = scene.ask(Which::Old, When::Before, counts)?;
        let is_there = scene.actors.iter().any(|one| one.role == Role::Copy);
        Ok(!self.names_job && is_there && self.same(&before, after).is_ok())
    }

    /// Whether the new text is right as well once other services have moved: what the old one does not answer about may
    /// not come in.
    fn later(&self, scene: &Scene<'_>, before: &Answered, after: &Answered) -> Result<(), Stop> {
        let counts = |_: usize, one: &Actor| self.counts(one);
        if scene.ask(Which::New, When::Later, counts)? == *after {
            return Ok(());
        }
        for (index, actor) in scene.actors.iter().enumerate().filter(|(_, one)| one.later.is_some()) {
            // All as they are at one time, this one as it comes to be.
            let come = |all: When| {
                move |at: usize, one: &Actor| self.counts(one).then_some(if at == index { When::Later } else { all })
            };
            // It is there today, or would be by the old query as it comes.
            let without = scene.ask(Which::Old, When::Before, |at, one| at != index && self.counts(one))?;
            let wanted = without != *before || scene.ask_each(Which::Old, come(When::Before))? != without;
            if !wanted && scene.ask_each(Which::New, come(When::After))? != *after {
                let labels = actor.later.as_ref().map(|labels| shown(labels)).unwrap_or_default();
                return Err(Stop::Refuted(format!("once {labels} is there, it would take that in")));
            }
        }
        Ok(())
    }

    /// Says which lines make the difference, where it is those of one sender.
    fn refuted(&self, scene: &Scene<'_>, difference: &Difference) -> Stop {
        if self.pair.look != Look::Explain {
            return Stop::Refuted(difference.0.clone());
        }
        let holds = |without: usize| {
            let counts = |at: usize, one: &Actor| self.counts(one) && at != without;
            both(scene, counts).is_ok_and(|(before, after)| self.same(&before, &after).is_ok())
        };
        let others = scene.actors.iter().enumerate().filter(|(_, one)| one.role != Role::Moves);
        let guilty = others.map(|(at, one)| (holds(at), one)).find(|(holds, _)| *holds);
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
        let after = Scene::new(self, actors).ask(Which::New, When::After, |_, one| self.counts(one));
        after.is_ok_and(|after| self.same(before, &after).is_err())
    }
}

/// What each text answers on its side of the move, of the senders that count.
fn both(scene: &Scene<'_>, counts: impl Fn(usize, &Actor) -> bool) -> Result<(Answered, Answered), Stop> {
    let before = scene.ask(Which::Old, When::Before, &counts)?;
    Ok((before, scene.ask(Which::New, When::After, &counts)?))
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
