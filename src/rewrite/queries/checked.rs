//! The verdict on what was worked out about a query: its text is evaluated before the move and after it.
//!
//! Knows: which question to ask of the worlds for the place a query stands in. Must not know: how a text was made.

use super::ids;
use super::query::{Analysis, Around, Change, Remark, Rename, matcher_of, reference};
use super::streams::Before;
use crate::proof::{Condition, Matcher, Sides, Value};
use crate::prove::{Contract, Memory, Names, Pair, Verdict, Worlds};
use crate::rewrite::How;
use crate::syntax::logql::{self, Query};
use crate::topology::loki::DISCOVERED;
use crate::topology::{Bridge, Derives, Move, Streams, WHOSE};

impl Before<'_> {
    /// The analysis with a text that is right, as far as worlds tell, or without one.
    pub(super) fn checked(&self, query: &Query<'_>, around: &Around<'_>, analysis: Analysis) -> Analysis {
        let analysis = self.judged(query, around, analysis);
        if analysis.doubts.is_empty() || self.moved.bridge == Bridge::Review || around.variables.is_crowded() {
            return analysis;
        }
        let Some(found) = self.another(query, around) else { return analysis };
        let forgets = analysis.changes.iter().any(|change| change.id == ids::LOST) && found.how == Some(How::Swap);
        if forgets && self.lost_before(&analysis) {
            return analysis;
        }
        Analysis { lost: analysis.lost, ..found }
    }

    fn judged(&self, query: &Query<'_>, around: &Around<'_>, mut analysis: Analysis) -> Analysis {
        if !analysis.concerned() {
            return analysis;
        }
        let text = query.text();
        let in_doubt = !analysis.doubts.is_empty();
        let stays = in_doubt.then(|| self.verdict(text, text, around));
        if matches!(stays, Some(Verdict::Holds { seen: true, .. })) {
            return Analysis::default();
        }
        // Only what is in doubt has no text.
        if analysis.open {
            let is_chosen = analysis.doubts.iter().any(|doubt| doubt.id == ids::VARIABLE);
            if let Some(Verdict::Refuted { why }) = stays.filter(|_| is_chosen) {
                analysis.doubts.push(Remark { id: ids::WRONG, why });
            }
            return analysis;
        }
        let new = analysis.after(text);
        match self.verdict(text, &new, around) {
            Verdict::Holds { seen: true, names } if in_doubt && self.may_bridge() && !self.lost_before(&analysis) => {
                analysis.doubts.clear();
                analysis.changes.iter_mut().for_each(written);
                self.take_names(query, &new, around, &names, &mut analysis);
            }
            Verdict::Refuted { why } => {
                analysis.doubts.push(Remark { id: ids::WRONG, why });
                analysis.open = true;
            }
            Verdict::Holds { .. } | Verdict::Unable { .. } => {}
        }
        analysis
    }

    /// What labels are called, and which streams are selected.
    pub(super) fn take_names(
        &self,
        query: &Query<'_>,
        new: &str,
        around: &Around<'_>,
        names: &Names,
        analysis: &mut Analysis,
    ) {
        analysis.streams = self.shown(query, new, around);
        analysis.renames = renames(names);
    }

    /// The streams that the selectors of both texts take, with all values of a variable where they are known.
    fn shown(&self, old: &Query<'_>, new: &str, around: &Around<'_>) -> Sides {
        let all = |query: &Query<'_>| {
            let of = |(_, selector)| {
                let matchers = query.matchers(selector).iter().map(|one| with_values(matcher_of(one), around));
                Condition::all(&matchers.collect::<Vec<_>>())
            };
            query.selectors().map(of).collect::<Vec<Condition>>()
        };
        let after = logql::read(new).map(|new| all(&new)).unwrap_or_default();
        let old = all(old);
        self.proof.shown(old.iter().zip(&after))
    }

    /// Whether a query asks by a label that the listener alone set, and what moved before may have lost it, too: who asks for
    /// less then forgets it.
    fn lost_before(&self, analysis: &Analysis) -> bool {
        let lost = |doubt: &Remark| [ids::LOST, ids::LOST_LEFT_OUT].contains(&doubt.id);
        analysis.doubts.iter().any(lost) && !self.former_jobs().is_empty()
    }

    /// Whether the user lets a selector ask for what has moved and what has not in any way that is right.
    pub(super) fn may_bridge(&self) -> bool {
        matches!(self.moved.bridge, Bridge::Auto | Bridge::ServiceName)
    }

    /// Whether `new` answers after the move what `old` answers before it, where a query stands.
    pub(super) fn verdict(&self, old: &str, new: &str, around: &Around<'_>) -> Verdict {
        self.verdict_with(contract(around), (old, new), around, (true, &mut Memory::default()))
    }

    /// The same of one of several texts; where it does not, without whose lines make the difference.
    pub(super) fn holds(&self, old: &str, new: &str, around: &Around<'_>, memory: &mut Memory) -> Verdict {
        self.verdict_with(contract(around), (old, new), around, (false, memory))
    }

    /// Whether `new` lists by the second label after the move what `old` lists by the first one before it.
    pub(super) fn lists(&self, old: &str, new: &str, labels: [&str; 2], around: &Around<'_>) -> bool {
        let contract = Contract::Values(labels[0].to_owned(), labels[1].to_owned());
        let judged = self.verdict_with(contract, (old, new), around, (false, &mut Memory::default()));
        matches!(judged, Verdict::Holds { seen: true, .. })
    }

    fn verdict_with(
        &self,
        contract: Contract,
        (old, new): (&str, &str),
        around: &Around<'_>,
        (explains, memory): (bool, &mut Memory),
    ) -> Verdict {
        let offered = around.variables.offered();
        let values = |name: &str| offered.get(name).map(|one| one.values.clone());
        let after = |name: &str, value: &str| {
            let moves = self.moved.jobs.iter().any(|job| job == value);
            match offered.get(name) {
                Some(_) if moves && around.variables.follows(name) => Some(self.moved.project.clone()),
                Some(one) if moves && one.from_job => None,
                _ => Some(value.to_owned()),
            }
        };
        let keeps_history = self.moved.keep_history;
        let worlds = self.worlds.get_or_init(|| Worlds::new(&self.moved.streams, self.former_jobs()));
        worlds.judge_like(&Pair { old, new, contract, values: &values, after: &after, keeps_history, explains }, memory)
    }
}

/// What may differ where a query stands.
fn contract(around: &Around<'_>) -> Contract {
    match around.values_of {
        Some(label) => Contract::Values(label.to_owned(), label.to_owned()),
        None if around.records => Contract::Record,
        None => Contract::Series,
    }
}

fn with_values(one: Matcher, around: &Around<'_>) -> Matcher {
    let name = match &one.value {
        Value::Variable(text) if !one.is_negative() => reference(text.trim_end_matches('|')),
        _ => None,
    };
    let Some(list) = name.and_then(|name| around.variables.lists().get(name)) else { return one };
    let mut all: Vec<&str> = list.iter().map(String::as_str).collect();
    if one.value.text().ends_with('|') {
        all.push("");
    }
    Matcher::one_of(&one.label, &all)
}

/// What was the closest text is written: it says what it does, not why it was in doubt.
fn written(change: &mut Change) {
    let id = match change.id {
        ids::NO_JOB | ids::NEGATION => ids::APPENDED,
        ids::HOST_WIDE => ids::GROUPING,
        ids::UNCHECKED | ids::NAME_MOVES | ids::NOTHING => ids::SELECTOR,
        ids::VARIABLE | ids::MIXED | ids::MORE_NAMES | ids::MOVED_BEFORE | ids::ANY_JOB | ids::HISTORY => {
            if change.new.contains("service_name") { ids::DERIVED } else { ids::SELECTOR }
        }
        other => other,
    };
    if id != change.id {
        change.id = id;
        change.labels.clone_from(&change.new);
    }
}

/// What labels of the result are called, as they follow.
fn renames(names: &Names) -> Vec<Rename> {
    let extracted = ["job_extracted", "service_extracted", "component_extracted", "container_extracted"];
    let of = |name: &str| WHOSE.into_iter().chain(extracted).find(|one| *one == name);
    let mut found = Vec::new();
    for (label, to) in &names.renames {
        let Some(old) = of(label) else { continue };
        let mut new: Vec<&'static str> = to.iter().filter_map(|one| of(one)).collect();
        // As a person reads them: what stays first.
        new.sort_by_key(|name| (*name != old, *name));
        if new != [old] {
            found.push(Rename { old, new });
        }
    }
    found
}

/// The move where Loki derives `service_name` as it comes, when the repository does not tell.
pub(super) fn assuming_names(moved: &Move) -> Option<Move> {
    let names = || Derives::From(DISCOVERED.map(String::from).to_vec(), None);
    matches!(moved.streams.names, Derives::Unknown)
        .then(|| Move { streams: Streams { names: names(), ..moved.streams.clone() }, ..moved.clone() })
}
