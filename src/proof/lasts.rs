//! Whether a rewrite is right for good: once other services have moved, too.
//!
//! Knows: the streams that are to come. Must not know: when they do.

use super::worlds::World;
use super::{Condition, Copies, Proof, certain};

impl Proof<'_> {
    /// Whether `new` is right as well once other services have moved: it takes in none of their new streams whose lines
    /// `old` does not select today, nor, where it is to leave out only what moves now (`leaves_out`), does it leave any
    /// out. What it names by its job is looked at again when that moves.
    pub fn lasts(&self, old: &Condition, new: &Condition, leaves_out: bool) -> bool {
        self.always(&[old, new], |world| self.lasts_in(world, old, new, leaves_out))
    }

    fn lasts_in(&self, world: &World, old: &Condition, new: &Condition, leaves_out: bool) -> bool {
        let (today, then) = (certain(&self.before.select_in(old, world)), self.later.select_in(new, world));
        let (Ok(today), Ok(then)) = (today.map(|today| self.counted(today, Copies::Ignored)), then) else {
            return false;
        };
        // What nobody reads yet would have come in by the old query as it comes.
        let asking = self.later.asking(old, world);
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
        self.always(&[old, new], |world| self.lasts_among(&there.all, world, old, new, leaves_out))
    }

    fn lasts_among(&self, there: &[usize], world: &World, old: &Condition, new: &Condition, leaves_out: bool) -> bool {
        let (old_later, new_later, old_today) =
            (self.later.asking(old, world), self.later.asking(new, world), self.before.asking(old, world));
        there.iter().all(|&index| {
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
}
