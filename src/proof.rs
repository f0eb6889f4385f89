//! Is this selector's rewrite right? Decided on the streams, not on the text (DESIGN 4.3).
//!
//! Knows: streams before and after a move, matchers and their meaning in Loki. Must not know: files, queries, how a
//! rewrite is proposed or shown. A rewrite is right when the new selector selects afterwards exactly the streams that
//! carry on what the old selector selects today.

mod bits;
mod condition;
mod matcher;
mod ready;
mod show;
mod shown;
mod side;
mod touched;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::topology::{Stream, Streams};

pub use condition::Condition;
pub use matcher::{Matcher, Op, Value};
pub use show::{condition as written, matcher as comparison, quoted, stream};

use shown::Shown;
use side::{Selected, Side};
use touched::Touched;

/// What the streams say about a rewrite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The new selector selects afterwards exactly the image of what the old one selects today.
    Right {
        /// Whether the old selector selects anything today.
        any: bool,
    },
    /// It does not.
    Wrong {
        /// Streams it should select afterwards and does not.
        missing: Vec<Arc<str>>,
        /// Streams it selects afterwards and should not.
        extra: Vec<Arc<str>>,
    },
    /// The repository does not tell enough.
    Unknown {
        /// What is not known, as a sentence part.
        why: String,
    },
}

impl Verdict {
    /// Whether the rewrite may be written.
    pub fn is_right(&self) -> bool {
        matches!(self, Self::Right { .. })
    }
}

/// Whether the copies count that the Docker socket delivers already of what moves (dual logging: the same lines as the
/// listener's stream). They count where a query is left as it is: it selects them today. They do not count where it
/// names the job: that means the service, whichever way its lines come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "said above")]
pub enum Copies {
    Count,
    Ignored,
}

/// Streams of today and streams afterwards, as text.
pub type Sides = (shown::Texts, shown::Texts);

/// The streams of one move, ready to be asked many times.
pub struct Proof<'s> {
    streams: &'s Streams,
    before: Side<'s>,
    after: Side<'s>,
    later: Side<'s>,
    /// The streams of today and those afterwards, as text.
    shown: (Shown, Shown),
    touched: Touched,
}

impl<'s> Proof<'s> {
    /// Makes the streams ready.
    pub fn new(streams: &'s Streams) -> Self {
        let of = |list: &'s [Stream]| (Side::new(streams, list.iter()), Shown::of(list));
        let ((before, today), (after, then)) = rayon::join(|| of(&streams.before), || of(&streams.after));
        let later = Side::new(streams, streams.later.iter().map(|later| &later.stream));
        let touched = Touched::of(streams, &before, &after);
        Self { streams, before, after, later, shown: (today, then), touched }
    }

    /// Compares what `old` selects before the move with what `new` selects after it.
    ///
    /// A matcher whose value only Grafana knows ([`Value::Variable`]) may stand in both, unchanged: it narrows both
    /// sides alike as long as the move leaves its label alone on every stream concerned.
    pub fn check(&self, old: &Condition, new: &Condition, copies: Copies) -> Verdict {
        self.compare(old, new, copies).unwrap_or_else(|why| Verdict::Unknown { why })
    }

    fn compare(&self, old: &Condition, new: &Condition, copies: Copies) -> Result<Verdict, String> {
        let open = old.variables();
        if open != new.variables() {
            return Err("a matcher whose value Grafana fills in is not the same before and after".into());
        }
        let before = self.today(old, copies)?;
        let after = self.after(new)?;
        for matcher in open {
            self.unmoved(&before, &matcher.label)?;
        }
        let shown = &self.shown.1;
        let expected = shown.ranks(before.iter().flat_map(|&index| self.image(index)));
        let found = shown.ranks(after);
        let missing = shown.differing(&expected, &found);
        let extra = shown.differing(&found, &expected);
        if missing.is_empty() && extra.is_empty() {
            return Ok(Verdict::Right { any: !before.is_empty() });
        }
        Ok(Verdict::Wrong { missing, extra })
    }

    /// Whether `condition` is seen at a glance to select afterwards what carries on what it selects today, the copies
    /// counted or not: it does so of the streams the move touches, and the others are what they were. What cannot be told
    /// at a glance is for [`Proof::check`].
    pub fn plainly_stays(&self, condition: &Condition) -> bool {
        let (before, after) = (self.before.asking(condition), self.after.asking(condition));
        if !before.is_sure() || !after.is_sure() || !condition.variables().is_empty() {
            return false;
        }
        let selected = |index: &usize| before.of(*index) == Ok(true);
        let there: Vec<usize> = self.touched.before.iter().copied().filter(selected).collect();
        let expected = |counts: &dyn Fn(&usize) -> bool| -> BTreeSet<usize> {
            there.iter().filter(|index| counts(index)).flat_map(|&index| self.image(index)).collect()
        };
        let found = self.touched.after.iter().copied().filter(|&to| after.of(to) == Ok(true)).collect();
        expected(&|_| true) == found && expected(&|index| !self.streams.copies.contains(index)) == found
    }

    /// Tells of the streams of today, one by one, whether they satisfy `condition`; `None` where that cannot be told of
    /// every one. A matcher whose value Grafana fills in is satisfied by any.
    pub fn one_by_one<'c>(&'c self, condition: &'c Condition) -> Option<impl Fn(usize) -> bool + 'c> {
        let asking = self.before.asking(condition);
        asking.is_sure().then_some(move |index| asking.of(index) == Ok(true))
    }

    /// Whether each stream of `context` satisfies `old` exactly when what becomes of it satisfies `new`: stricter than
    /// [`Proof::check`], and so good for one comparison inside a larger label filter.
    ///
    /// # Errors
    /// What is not known, as a sentence part.
    pub fn agree(&self, context: &Condition, old: &Condition, new: &Condition, copies: Copies) -> Result<bool, String> {
        let (before, after) = (self.before.asking(old), self.after.asking(new));
        for index in self.today(context, copies)? {
            let wanted = before.of(index)?;
            for to in self.image(index) {
                if after.of(to)? != wanted {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Whether `new` is right as well once other services have moved: it takes in none of their new streams whose lines
    /// `old` does not select today, nor, where it is to leave out only what moves now (`leaves_out`), does it leave any
    /// out. What it names by its job is looked at again when that moves.
    pub fn lasts(&self, old: &Condition, new: &Condition, leaves_out: bool) -> bool {
        let then = self.later.select(new);
        let (Ok(today), Ok(then)) = (self.today(old, Copies::Ignored), &*then) else { return false };
        // What nobody reads yet would have come in by the old query as it comes.
        let asking = self.later.asking(old);
        let asks = |index: usize| asking.of(index) == Ok(true);
        self.streams.later.iter().enumerate().all(|(index, later)| {
            let wanted = later.of.iter().any(|of| today.contains(of)) || later.of.is_empty() && asks(index);
            self.settles(new, &later.of, wanted, then.all.binary_search(&index).is_ok(), leaves_out)
        })
    }

    /// The same for one comparison inside a larger label filter.
    pub fn lasts_here(&self, context: &Condition, old: &Condition, new: &Condition, leaves_out: bool) -> bool {
        let there = self.later.select(context);
        let Ok(there) = &*there else { return false };
        let (old_later, new_later, old_today) =
            (self.later.asking(old), self.later.asking(new), self.before.asking(old));
        there.all.iter().all(|&index| {
            let of = &self.streams.later[index].of;
            let new_one = of.is_empty() && old_later.of(index) == Ok(true);
            let wanted = new_one || of.iter().any(|&of| old_today.of(of) == Ok(true));
            let then = new_later.of(index);
            then.is_ok_and(|then| self.settles(new, of, wanted, then, leaves_out))
        })
    }

    fn settles(&self, new: &Condition, of: &[usize], wanted: bool, then: bool, leaves_out: bool) -> bool {
        let named = || {
            let jobs = of.iter().filter_map(|&of| self.before.value(of, "job"));
            let asked = new.matchers().into_iter().filter(|one| one.label == "job").collect::<Vec<_>>();
            !of.is_empty()
                && jobs.into_iter().all(|job| asked.iter().any(|one| one.accepts(job) != one.accepts("\u{1}")))
        };
        if then { wanted || named() } else { !(wanted && leaves_out) || named() }
    }

    /// Whether both select the same streams of today, the copies of what moves aside: what is stored already stays in
    /// sight.
    pub fn same_today(&self, old: &Condition, new: &Condition) -> bool {
        let today = |condition| self.today(condition, Copies::Ignored);
        matches!((today(old), today(new)), (Ok(old), Ok(new)) if old == new)
    }

    /// Whether both select the same streams after the move, and the same of those to come.
    pub fn same_after(&self, one: &Condition, other: &Condition) -> bool {
        let then = |condition| self.later.select(condition);
        matches!((self.after(one), self.after(other)), (Ok(one), Ok(other)) if one == other)
            && matches!((&*then(one), &*then(other)), (Ok(one), Ok(other)) if one == other)
    }

    /// The streams that `condition` selects today, by index.
    ///
    /// # Errors
    /// What is not known, as a sentence part.
    pub fn today(&self, condition: &Condition, copies: Copies) -> Result<Vec<usize>, String> {
        let mut found = certain(&self.before.select(condition))?;
        if copies == Copies::Ignored && !self.streams.copies.is_empty() {
            found.retain(|index| !self.streams.copies.contains(index));
        }
        Ok(found)
    }

    /// The streams that `condition` selects after the move, by index.
    ///
    /// # Errors
    /// What is not known, as a sentence part.
    pub fn after(&self, condition: &Condition) -> Result<Vec<usize>, String> {
        certain(&self.after.select(condition))
    }

    /// How many streams `condition` selects after the move, with those to come when other services move as well.
    ///
    /// # Errors
    /// What is not known, as a sentence part.
    pub fn in_the_end(&self, condition: &Condition) -> Result<usize, String> {
        let later = self.later.select(condition);
        Ok(self.after(condition)?.len() + later.as_ref().as_ref().map_err(Clone::clone)?.all.len())
    }

    /// The streams of today that `condition` may select, copies of what moves aside, and whether that is certain of all.
    /// An unreadable regular expression makes every stream uncertain.
    pub fn possible(&self, condition: &Condition) -> (Vec<usize>, bool) {
        let is_copy = |index: &usize| self.streams.copies.contains(index);
        let (mut all, sure) = match &*self.before.select(condition) {
            Ok(found) => (found.all.clone(), found.unclear.iter().all(|(index, _)| is_copy(index))),
            Err(_) => ((0..self.streams.before.len()).collect(), self.streams.before.is_empty()),
        };
        if !self.streams.copies.is_empty() {
            all.retain(|index| !is_copy(index));
        }
        (all, sure)
    }

    /// The streams that any `old` of these selects today and any `new` afterwards, copies of what moves aside, as text:
    /// sorted, each once.
    pub fn shown<'c>(&self, pairs: impl Iterator<Item = (&'c Condition, &'c Condition)>) -> Sides {
        let (mut today, mut then) = (Vec::new(), Vec::new());
        for (old, new) in pairs {
            today.extend(self.today(old, Copies::Ignored).unwrap_or_default());
            then.extend(self.after(new).unwrap_or_default());
        }
        (self.shown.0.texts(today), self.shown.1.texts(then))
    }

    /// What becomes of a stream of today.
    pub fn image(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        self.streams.image.get(index).into_iter().flatten().copied().filter(|&to| to < self.streams.after.len())
    }

    /// The value of a label of a stream of today; `""` when absent, `None` when not known.
    pub fn value_today(&self, index: usize, label: &str) -> Option<&'s str> {
        self.before.value(index, label)
    }

    /// The value of a label of a stream after the move.
    pub fn value_after(&self, index: usize, label: &str) -> Option<&'s str> {
        self.after.value(index, label)
    }

    /// Holds that `label` has the same known value on each of these streams and on what becomes of them.
    fn unmoved(&self, before: &[usize], label: &str) -> Result<(), String> {
        let moves = |&index: &usize| {
            let old = self.before.value(index, label);
            old.is_none() || self.image(index).any(|to| self.after.value(to, label) != old)
        };
        if before.iter().any(moves) {
            return Err(format!("the label `{label}` may have another value after the move"));
        }
        Ok(())
    }
}

fn certain(found: &Selected) -> Result<Vec<usize>, String> {
    let found = found.as_ref().as_ref().map_err(Clone::clone)?;
    found.unclear.first().map_or_else(|| Ok(found.all.clone()), |(_, why)| Err(why.clone()))
}

#[cfg(test)]
mod tests;
