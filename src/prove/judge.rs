//! The verdict on two texts: every world is made, both are evaluated in it, and the answers compared.
//!
//! Knows: which worlds there are, and in which order they are tried. Must not know: how a text was made.

use std::cell::LazyCell;
use std::collections::BTreeMap;

use super::asks::Asks;
use super::assign::GONE;
use super::compare::{self, Answered, Names, Own};
use super::fill::{self, Stands};
use super::run::{Run, Side};
use super::sample::Rng;
use super::senders::{Role, Sender, Told};
use super::world::{self, Actor, Loud};
use super::{Look, Pair, Verdict, Worlds, lines, text};
use crate::logql_eval::Failure;
use crate::syntax::logql::{self, ExprKind, Query, Use};
use crate::topology::WHOSE;

/// Lines that are made for a pair of queries.
const POOL: usize = 64;

/// Why the rest need not be tried.
pub(super) enum Stop {
    Refuted(String),
    Unable(String),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Unable(compare::class(&failure))
    }
}

/// What has been seen so far.
#[derive(Default)]
pub(super) struct Found {
    pub(super) names: Names,
    pub(super) seen: bool,
    /// The world in which the last text was refuted, and what the old one answers there.
    pub(super) refuting: Option<(Vec<Actor>, Answered)>,
}

/// Worlds in which texts for one query were refuted: most of the others are refuted there as well.
#[derive(Default)]
pub struct Memory(Vec<Remembered>);

struct Remembered {
    values: Values,
    /// Whether it is about the texts without what is compared around them.
    bare: bool,
    actors: Vec<Actor>,
    before: Answered,
}

/// What stands for each placeholder, before the move and after it.
type Values = BTreeMap<String, (String, String)>;

impl Worlds {
    /// Whether the new text answers after the move what the old one answers before it.
    pub fn judge(&self, pair: &Pair<'_>) -> Verdict {
        self.judge_like(pair, &mut Memory::default())
    }

    /// The same for one of several texts of the same query.
    pub fn judge_like(&self, pair: &Pair<'_>, memory: &mut Memory) -> Verdict {
        match self.judged(pair, memory) {
            Ok(found) => Verdict::Holds { names: found.names, seen: found.seen },
            Err(Stop::Refuted(why)) => Verdict::Refuted { why },
            Err(Stop::Unable(what)) => Verdict::Unable { what },
        }
    }

    fn judged(&self, pair: &Pair<'_>, memory: &mut Memory) -> Result<Found, Stop> {
        let read = |text| logql::read(text);
        let old = read(pair.old).map_err(|error| Stop::Unable(error.to_string()))?;
        let new = read(pair.new).map_err(|error| Stop::Refuted(format!("Loki would not read it: {error}")))?;
        if old.exprs().any(|(_, expr)| matches!(expr.kind, ExprKind::Variants { .. })) {
            return Err(Stop::Unable("`variants`, which Loki does not answer unless it is told to".to_owned()));
        }
        let placeholders = fill::placeholders(&old).and_then(|mut all| {
            for (written, stands) in fill::placeholders(&new)? {
                // What cannot be several values in the old text is none in the new one.
                let single = all.contains_key(&written);
                let as_before = |one| match one {
                    Stands::Value(label, _) if single => Stands::Value(label, false),
                    one => one,
                };
                all.entry(written).or_default().extend(stands.into_iter().map(as_before));
            }
            Ok(all)
        });
        let placeholders = placeholders.map_err(|what| Stop::Unable(what.to_owned()))?;
        let mut found = Found::default();
        for known in memory.0.iter().rev() {
            self.filled(pair, &known.values, &mut |run, bare| {
                let is_refuted = bare == known.bare && run.is_refuted(&known.actors, &known.before);
                if is_refuted { Err(Stop::Refuted(String::new())) } else { Ok(()) }
            })?;
        }
        for (number, values) in self.assignments(&placeholders, pair).into_iter().enumerate() {
            let mut is_bare = false;
            let answer = self.filled(pair, &values, &mut |run, bare| {
                is_bare = bare;
                self.all(run, number as u64 + 1, &mut found)
            });
            let answer = answer.map_err(|stop| because(stop, &values, pair));
            // What another name asks for is there in no other text.
            let renames = values.values().any(|(old, new)| old != new);
            if let Some((actors, before)) = found.refuting.take().filter(|_| !renames) {
                memory.0.push(Remembered { values, bare: is_bare, actors, before });
            }
            answer?;
        }
        Ok(found)
    }

    /// Both texts with these values, asked without what is compared around them first: a threshold that no world reaches
    /// hides what stands before it.
    fn filled(
        &self,
        pair: &Pair<'_>,
        values: &Values,
        ask: &mut dyn FnMut(&Run<'_>, bool) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let filled = |text: &str, new: bool| {
            let values = values
                .iter()
                .map(|(written, (old, after))| (written.as_str(), if new { after.clone() } else { old.clone() }));
            fill::filled(text, &values.collect())
        };
        let (old, new) = (&filled(pair.old, false), &filled(pair.new, true));
        let (old, new) = match (logql::read(old), logql::read(new)) {
            (Ok(old), Ok(new)) => (old, new),
            // With such values Loki takes neither.
            (Err(old), Err(new)) if [&old, &new].iter().all(|one| one.message == logql::ASKS_NOTHING) => return Ok(()),
            (Err(error), _) => return Err(Stop::Unable(error.to_string())),
            (_, Err(error)) => return Err(Stop::Refuted(format!("Loki would not read it: {error}"))),
        };
        let times = text::times(&old, &new);
        let asked =
            old.uses().into_iter().filter(|one| one.usage != Use::SelectorMatcher).map(|one| one.name).collect();
        let run = Run {
            old: Side::of(&old),
            new: Side::of(&new),
            pair,
            own: Own { names: &self.changing, asked: &asked },
            times: &times,
            stays: pair.old == pair.new && !pair.contract.changes_label(),
            names_job: self.names_moving(&old),
            chosen: pair.old.contains("job") && logql::read(pair.old).is_ok_and(|old| fill::is_chosen(&old, "job")),
        };
        if let (Some(old), Some(new)) = (text::bare(&old), text::bare(&new))
            && let (Ok(old), Ok(new)) = (logql::read(&old), logql::read(&new))
        {
            ask(&Run { old: Side::of(&old), new: Side::of(&new), ..run }, true)?;
        }
        ask(&run, false)
    }

    /// Whether a query tells the job of what moves from a job that nobody has.
    fn names_moving(&self, query: &Query<'_>) -> bool {
        let Ok(asks) = Asks::of(query, query) else { return true };
        asks.tells(&self.moving)
    }

    /// Every world of two texts.
    fn all(&self, run: &Run<'_>, seed: u64, found: &mut Found) -> Result<(), Stop> {
        let asks = Asks::of(run.old.query, run.new.query)?;
        // A list of names is that of the streams there are; what is nobody's stands beside them and says so.
        let lists = run.pair.contract.changes_label();
        let mut named = Vec::new();
        if !lists {
            let formers = self.formers.keys().filter(|_| !run.chosen);
            named = self.named(&asks.jobs(&self.jobs, formers), &asks.services);
            named.extend(self.formers_like(&asks));
            named.extend(self.stranger());
        }
        let texts = [run.old.query, run.new.query];
        let pool = lines::of(&texts, &WHOSE, POOL, seed);
        let has = |told: &Option<Told>, name: &str| told.as_ref().is_some_and(|told| told.contains_key(name));
        let is_label = |name: &str| {
            self.senders.iter().any(|one| has(&one.before, name) || has(&one.after, name)) || asks.selects(name)
        };
        let metadata = lines::metadata(&texts, &is_label, &mut Rng::new(seed));
        let clean = LazyCell::new(|| lines::clean(&texts, &WHOSE, POOL, seed));
        let replaced = |one: &Sender| {
            matches!(one.role, Role::Stays | Role::Gained)
                && named.iter().any(|other| other.role == Role::Former && other.after == one.after)
        };
        for (naming, ready) in &self.namings {
            let senders = || {
                let base = self.senders.iter().zip(ready).filter(|(one, _)| !replaced(one));
                base.map(|(one, ready)| (one, ready.as_ref())).chain(named.iter().map(|one| (one, None)))
            };
            for known in world::symbols(senders().map(|(one, _)| one), &asks, &self.hosts) {
                let mut rng = Rng::new(seed);
                if lists {
                    let mut actors = world::all(senders(), naming, known.as_ref(), &asks);
                    for one in &mut actors {
                        one.lines = vec![(run.times.end, String::new())];
                    }
                    run.world(&actors, Loud::Moving, found)?;
                    continue;
                }
                let mut actors = world::with_metadata(world::cast(senders(), naming, known.as_ref(), &asks), &metadata);
                for loud in louds(run.pair.look) {
                    world::speak(&mut actors, &pool, run.times, loud, &mut rng);
                    if run.world(&actors, loud, found)? {
                        world::speak(&mut actors, &clean, run.times, loud, &mut rng);
                        run.world(&actors, loud, found)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// The worlds that are looked at: most texts that are wrong are refuted by few lines.
fn louds(look: Look) -> impl Iterator<Item = Loud> {
    let all = [Loud::Nobody, Loud::Moving, Loud::Others, Loud::Turns];
    all.into_iter().take(if look == Look::Glance { 1 } else { all.len() })
}

/// The same, with the values of variables with which a text is refuted.
fn because(stop: Stop, values: &Values, pair: &Pair<'_>) -> Stop {
    let Stop::Refuted(why) = stop else { return stop };
    let is_chosen = |written: &str| fill::name(written).and_then(|name| (pair.values)(name)).is_some();
    let chosen = || values.iter().filter(|(written, _)| is_chosen(written));
    let gone = chosen().find(|(_, (old, new))| *new == format!("{GONE}{old}"));
    if let Some((written, (old, _))) = gone {
        return Stop::Refuted(format!("nobody can choose `{old}` for `{written}` any more"));
    }
    let all: Vec<String> = chosen().map(|(written, (old, _))| format!("`{written}` = `{old}`")).collect();
    if all.is_empty() || pair.look != Look::Explain {
        return Stop::Refuted(why);
    }
    Stop::Refuted(format!("for {}, {why}", all.join(" and ")))
}

impl Found {
    pub(super) fn take(&mut self, names: Names) {
        for (label, to) in names.renames {
            self.names.renames.entry(label).or_default().extend(to);
        }
        self.names.new.extend(names.new);
        self.names.lost.extend(names.lost);
    }
}
