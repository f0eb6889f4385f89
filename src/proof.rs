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
mod worlds;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::text::Place;
use crate::topology::{Label, Stream, Streams};

pub use condition::Condition;
pub use matcher::{Matcher, Op, Value};
pub use show::{condition as written, matcher as comparison, quoted, stream};

use shown::Shown;
use side::{Found, Seen, Side};
use touched::Touched;
use worlds::{Names, Open, World};

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
        let names = Arc::new(Names::of(streams));
        let of = |list: &'s [Stream]| (Side::new(streams, &names, list.iter()), Shown::of(list));
        let ((mut before, today), (mut after, then)) = rayon::join(|| of(&streams.before), || of(&streams.after));
        let later = Side::new(streams, &names, streams.later.iter().map(|later| &later.stream));
        let touched = Touched::of(streams, &before, &after);
        before.touch(&touched.before);
        after.touch(&touched.after);
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
            self.unmoved(&before, &matcher.label, false)?;
        }
        let unknown = self.unknown(&[old, new]);
        if unknown.is_empty() {
            return Ok(self.judged(&before, &after));
        }
        // Where the values are as it asks, it selects the most.
        let into = |index: &usize| self.image(*index).any(|to| after.binary_search(&to).is_ok());
        let come = self.touched.before.iter().copied().filter(into);
        let concerned: BTreeSet<usize> = before.iter().copied().chain(come).collect();
        let concerned: Vec<usize> = concerned.into_iter().collect();
        for test in &unknown {
            self.unmoved(&concerned, &test.label, true)?;
        }
        let verdict = self.judged(&before, &after);
        for world in World::all(&unknown)? {
            let before = self.counted(certain(&self.before.select_in(old, &world))?, copies);
            let after = certain(&self.after.select_in(new, &world))?;
            if self.judged(&before, &after).is_right() != verdict.is_right() {
                let why = unknown
                    .iter()
                    .find_map(|test| self.before.unclear(&test.label).or(self.after.unclear(&test.label)));
                return Err(why.unwrap_or_default());
            }
        }
        Ok(verdict)
    }

    /// What the streams `before` and `after` that are selected say.
    fn judged(&self, before: &[usize], after: &[usize]) -> Verdict {
        let shown = &self.shown.1;
        let expected = shown.ranks(before.iter().flat_map(|&index| self.image(index)));
        let found = shown.ranks(after.iter().copied());
        let missing = shown.differing(&expected, &found);
        let extra = shown.differing(&found, &expected);
        if missing.is_empty() && extra.is_empty() {
            return Verdict::Right { any: !before.is_empty() };
        }
        Verdict::Wrong { missing, extra }
    }

    /// The tests in these conditions whose answer is not known for some stream.
    fn unknown(&self, conditions: &[&Condition]) -> BTreeSet<Open> {
        let sides = [&self.before, &self.after, &self.later];
        sides.into_iter().flat_map(|side| conditions.iter().flat_map(|one| side.open(one))).collect()
    }

    /// Whether something holds in every world that these conditions tell apart.
    fn always(&self, conditions: &[&Condition], holds: impl Fn(&World) -> bool) -> bool {
        World::all(&self.unknown(conditions)).is_ok_and(|worlds| worlds.iter().all(holds))
    }

    /// Tells of the streams of today, one by one, whether they satisfy `condition`; `None` where that cannot be told of
    /// every one. A matcher whose value Grafana fills in is satisfied by any.
    pub fn one_by_one<'c>(&'c self, condition: &'c Condition) -> Option<impl Fn(usize) -> bool + 'c> {
        let asking = self.before.asking(condition, &World::default());
        asking.is_sure().then_some(move |index| asking.of(index) == Ok(true))
    }

    /// Whether both select the same streams after the move, and the same of those to come.
    pub fn same_after(&self, one: &Condition, other: &Condition) -> bool {
        self.always(&[one, other], |world| {
            let after = |condition| certain(&self.after.select_in(condition, world));
            let then = |condition| self.later.select_in(condition, world);
            matches!((after(one), after(other)), (Ok(one), Ok(other)) if one == other)
                && matches!((then(one), then(other)), (Ok(one), Ok(other)) if one == other)
        })
    }

    /// The streams that `condition` selects today, by index.
    ///
    /// # Errors
    /// What is not known, as a sentence part.
    pub fn today(&self, condition: &Condition, copies: Copies) -> Result<Vec<usize>, String> {
        Ok(self.counted(certain(&self.before.select(condition))?, copies))
    }

    /// These streams of today, without copies where those do not count.
    fn counted(&self, mut found: Vec<usize>, copies: Copies) -> Vec<usize> {
        if copies == Copies::Ignored && !self.streams.copies.is_empty() {
            found.retain(|index| !self.streams.copies.contains(index));
        }
        found
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

    /// What was taken for granted so far of labels whose values are not known: that none is one of the known ones. Each
    /// label with the streams it is about, in words, and the block that ships the first.
    pub fn taken(&self) -> Vec<(String, String, Option<Place>)> {
        let mut by_label: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
        for (label, symbol) in self.before.names().taken() {
            by_label.entry(label).or_default().push(symbol);
        }
        // Loki takes it from the other.
        if by_label.contains_key("service") {
            by_label.remove(side::DERIVED);
        }
        let told = |(label, symbols): (String, Vec<Option<String>>)| {
            let first = symbols.iter().flatten().next();
            let is_it = |stream: &&Stream| match (stream.labels.get(&label), first) {
                (Some(Label::Symbol(name)), Some(first)) => name == first,
                (Some(Label::Unknown), None) => true,
                _ => false,
            };
            let at = self.streams.before.iter().chain(&self.streams.after).find(is_it).and_then(|one| one.at.clone());
            let what = first.map_or_else(|| "what this block ships".to_owned(), |first| show::symbol(first));
            let more = symbols.len() - 1;
            (label, if more > 0 { format!("{what} and of {more} more") } else { what }, at)
        };
        by_label.into_iter().map(told).collect()
    }

    /// Holds that `label` has the same value on each of these streams and on what becomes of them, or one that is `settled`
    /// before and after. What a move does not touch stays as it is.
    fn unmoved(&self, before: &[usize], label: &str, settled: bool) -> Result<(), String> {
        let is_known = |seen| settled && matches!(seen, Seen::Known(_));
        let moves = |&index: &usize| {
            let old = self.before.seen(index, label);
            let same = |new| old == new && old != Seen::Unclear || is_known(old) && is_known(new);
            self.before.is_touched(index) && !self.image(index).all(|to| same(self.after.seen(to, label)))
        };
        if before.iter().any(moves) {
            return Err(format!("the label `{label}` may have another value after the move"));
        }
        Ok(())
    }
}

fn certain(found: &Result<Found, String>) -> Result<Vec<usize>, String> {
    let found = found.as_ref().map_err(Clone::clone)?;
    found.unclear.first().map_or_else(|| Ok(found.all.clone()), |(_, why)| Err(why.clone()))
}

#[cfg(test)]
mod tests;
