//! Asks a query before a move and another one after it, and says whether they answer the same.
//!
//! Knows: the evaluator, variables of dashboards, which of today's answers count where lines are there twice. Must not
//! know: how a query was rewritten, or why.

use migrate::logql_eval::{Asked, Failure, Kind as Over, Stream, evaluate};
use migrate::syntax::logql::{self, ExprKind};

use super::compare::{self, Contract, Difference, Outcome, Renamed};
use super::lines::START;
use super::world::World;

/// A value of a variable: before a move, and what is chosen in its place afterwards.
pub(crate) type Value = (String, String);

/// The values that variables can take.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values {
    pub(crate) job: Vec<Value>,
    pub(crate) which: Vec<Value>,
}

/// What was found out about a pair of queries.
#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    /// They answer the same; whether there was anything to answer.
    Same { any: bool },
    /// They do not.
    Other(Box<Differs>),
    /// The old one is refused, or not supported by the evaluator.
    Skipped,
}

/// Two answers that differ.
#[derive(Clone, Debug)]
pub(crate) struct Differs {
    pub(crate) what: Difference,
    pub(crate) old: Outcome,
    pub(crate) new: Outcome,
}

impl Differs {
    /// Whether the answers are the same but for a label.
    pub(crate) fn but_for(&self, label: &str, contract: Contract, renamed: &Renamed) -> bool {
        let without = |outcome: &Outcome| outcome.clone().map(|answer| compare::without(answer, label));
        compare::difference(contract, renamed, &without(&self.old), &without(&self.new)).is_none()
    }
}

/// A label that listeners set and the socket does not: a finding about the listener says that it is lost.
pub(crate) const TIER: &str = "tier";

/// A world to ask.
pub(crate) struct Judge<'w> {
    pub(crate) world: &'w World,
    pub(crate) renamed: &'w Renamed,
    pub(crate) values: &'w Values,
}

/// What the evaluator answers; `None` where it does not support the query.
fn answer(text: &str, store: &[Stream]) -> Option<Outcome> {
    let query = match logql::read_strict(text) {
        Ok(query) => query,
        Err(error) => return Some(Err(error.to_string())),
    };
    let is_log = matches!(query.expr(query.root()).kind, ExprKind::Log(_));
    let (start, end) = if is_log { (0, 200_000) } else { (20_000, 140_000) };
    let (start, end) = (START + start, START + end);
    let asked = Asked { kind: Over::Range, start, end, step: 40_000, limit: usize::MAX, forward: true };
    match evaluate(&query, store, &asked) {
        Ok(answer) => Some(Ok(answer)),
        Err(Failure::Unsupported(_)) => None,
        Err(failure) => Some(Err(format!("{failure:?}"))),
    }
}

/// With a value for each variable.
fn filled(text: &str, job: &str) -> String {
    text.replace("$job", job).replace("$which", job).replace("$hostname", ".+").replace("[$__auto]", "[1m]")
}

impl Judge<'_> {
    /// Whether `new` after the move answers what `old` answers before it.
    pub(crate) fn compare(&self, contract: Contract, old: &str, new: &str) -> Verdict {
        self.each(old, |(before, after)| {
            let (old, new) = (filled(old, before), filled(new, after));
            let verdict = self.pair(contract, &old, &new);
            match verdict {
                Verdict::Other(_) if self.is_tie(contract, &old, &new) => Verdict::Same { any: true },
                verdict => verdict,
            }
        })
    }

    /// Whether `new` answers on the lines of before what `old` answers on them, whatever labels they come under.
    pub(crate) fn history(&self, contract: Contract, old: &str, new: &str) -> Verdict {
        self.each(old, |(before, after)| {
            let ask = |old: &str, new: &str| {
                let (Some(old), Some(new)) = (answer(old, &self.world.base), answer(new, &self.world.base)) else {
                    return Verdict::Skipped;
                };
                self.verdict(contract, &old, &new)
            };
            let (old, new) = (filled(old, before), filled(new, after));
            match ask(&old, &new) {
                Verdict::Other(differs) if differs.what > Difference::FansOut => Verdict::Same { any: true },
                Verdict::Other(_) if !matches!(ask(&all(&old), &all(&new)), Verdict::Other(_)) => {
                    Verdict::Same { any: true }
                }
                verdict => verdict,
            }
        })
    }

    /// Whether all that makes `new` answer otherwise than `old` are the labels that come with the move, not those that go:
    /// both answer the same where they come and none goes.
    pub(crate) fn only_gains(&self, contract: Contract, old: &str, new: &str) -> bool {
        let same = |make: &dyn Fn(&str) -> String| {
            let verdict = self.each(old, |(before, after)| {
                let old = answer(&make(&filled(old, before)), &self.world.both);
                let new = answer(&make(&filled(new, after)), &self.world.after);
                let (Some(old), Some(new)) = (old, new) else { return Verdict::Skipped };
                self.verdict(contract, &old, &new)
            });
            match verdict {
                Verdict::Other(differs) => differs.but_for(TIER, contract, self.renamed),
                _ => true,
            }
        };
        same(&str::to_owned) || same(&all)
    }

    /// The first verdict that is not the same, for any value of the variable. Not both stand in one query.
    fn each(&self, text: &str, mut verdict: impl FnMut((&str, &str)) -> Verdict) -> Verdict {
        let values = match text {
            text if text.contains("$job") => &self.values.job,
            text if text.contains("$which") => &self.values.which,
            _ => return verdict(("", "")),
        };
        let mut any = false;
        for (before, after) in values {
            match verdict((before, after)) {
                Verdict::Same { any: one } => any |= one,
                other => return other,
            }
        }
        Verdict::Same { any }
    }

    /// Lines that are there twice today count once, twice, or twice only where a query takes them by their copy alone:
    /// a query may mean any of these.
    fn pair(&self, contract: Contract, old: &str, new: &str) -> Verdict {
        let Some(new) = answer(new, &self.world.after) else { return Verdict::Skipped };
        let mut first = None;
        let twice = !self.world.copies.is_empty();
        let today = [Some(&self.world.before), Some(&self.world.doubled).filter(|_| twice), Some(&self.world.base)];
        for store in today.into_iter().flatten() {
            let Some(old) = answer(old, store) else { return Verdict::Skipped };
            match self.verdict(contract, &old, &new) {
                Verdict::Other(differs) => first = first.or(Some(differs)),
                verdict => return verdict,
            }
        }
        if twice && let Some(Verdict::Same { any }) = self.undoubled(contract, old, &new) {
            return Verdict::Same { any };
        }
        first.map_or(Verdict::Skipped, Verdict::Other)
    }

    fn undoubled(&self, contract: Contract, old: &str, new: &Outcome) -> Option<Verdict> {
        let query = logql::read(old).ok()?;
        let selectors: Vec<&str> = query.selectors().map(|(_, one)| one.span.of(old)).collect();
        let store = self.world.undoubled(|labels| {
            let one = [Stream { labels: labels.clone(), lines: vec![(START, String::new())] }];
            let takes = |selector: &&str| answer(selector, &one).is_some_and(|found| !compare::is_empty(&found));
            selectors.iter().any(takes)
        });
        Some(self.verdict(contract, &answer(old, &store)?, new))
    }

    fn verdict(&self, contract: Contract, old: &Outcome, new: &Outcome) -> Verdict {
        if old.is_err() {
            return Verdict::Skipped;
        }
        match compare::difference(contract, self.renamed, old, new) {
            None => Verdict::Same { any: !compare::is_empty(old) || !compare::is_empty(new) },
            Some(what) => Verdict::Other(Box::new(Differs { what, old: old.clone(), new: new.clone() })),
        }
    }

    /// Whether all that differs is which of equal series a `topk` picks: the queries answer the same when it picks all of
    /// them, and when it tells the greatest of each group.
    fn is_tie(&self, contract: Contract, old: &str, new: &str) -> bool {
        let most = |text: &str| text.replace("bottomk", "min").replace("topk", "max").replace("(2,", "(");
        let same =
            |make: &dyn Fn(&str) -> String| !matches!(self.pair(contract, &make(old), &make(new)), Verdict::Other(_));
        ["topk", "bottomk"].iter().any(|word| old.contains(word)) && same(&all) && same(&most)
    }
}

/// With every `topk` picking all there is.
fn all(text: &str) -> String {
    text.replace("(2,", "(1000,")
}
