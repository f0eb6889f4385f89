//! What becomes of a query: its text is evaluated before the move and after it, and so is each that may take its place.
//!
//! Knows: which question to ask of the worlds for the place a query stands in. Must not know: how a text was made.

use super::ids;
use super::query::{Analysis, Around, NEW, Rename, reference};
use super::streams::Before;
use super::written::matcher_of;
use crate::proof::{Condition, Matcher, Sides, Value};
use crate::prove::{Contract, Look, Memory, Names, Pair, Values, Verdict, Worlds};
use crate::rewrite::How;
use crate::syntax::logql::{self, Query};
use crate::topology::{Bridge, WHOSE};

/// Most log queries in one query that are evaluated: nobody wrote more.
const MOST_PARTS: usize = 48;

impl Before<'_> {
    /// What becomes of a query: nothing where it answers the same, else a text that does, else it is left and why.
    pub(super) fn decided(&self, query: &Query<'_>, around: &Around<'_>) -> Analysis {
        let text = query.text();
        if query.logs().count() > MOST_PARTS {
            let names = query
                .selectors()
                .any(|(_, one)| query.matchers(one).iter().any(|one| self.loses_label(&matcher_of(one))));
            return if names {
                Analysis::left(ids::UNCHECKED, "it has more parts than are evaluated")
            } else {
                Analysis::default()
            };
        }
        match self.verdict(text, text, around) {
            Verdict::Holds { seen: true, .. } => Analysis::default(),
            Verdict::Holds { seen: false, .. } => self
                .another(query, around, false)
                .unwrap_or_else(|| Analysis::left(ids::UNCHECKED, "no line could be made that its stages let through")),
            Verdict::Unable { what } => Analysis::left(ids::UNCHECKED, what),
            Verdict::Refuted { .. } if asks_already(query) => Analysis::default(),
            Verdict::Refuted { why } if around.variables.is_crowded() => Analysis::left(ids::DIFFERS, why),
            Verdict::Refuted { why } => match self.another(query, around, true) {
                Some(found)
                    if self.moved.bridge == Bridge::Review && matches!(found.how, Some(How::Name | How::Filter)) =>
                {
                    Analysis { changes: found.changes, ..Analysis::left(ids::MIXED, "") }
                }
                Some(found) => found,
                // What fills a variable is looked at as a whole.
                None if around.values_of == Some("job") => Analysis::default(),
                None => Analysis::left(ids::DIFFERS, why),
            },
        }
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
        analysis.lost = names.lost.iter().filter(|label| self.lost.contains(label.as_str())).cloned().collect();
        analysis.fresh = names.new.iter().cloned().collect();
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

    /// Whether the user lets a selector ask for what has moved and what has not in any way that is right.
    pub(super) fn may_bridge(&self) -> bool {
        matches!(self.moved.bridge, Bridge::Auto | Bridge::ServiceName)
    }

    /// Whether `new` answers after the move what `old` answers before it, where a query stands.
    pub(super) fn verdict(&self, old: &str, new: &str, around: &Around<'_>) -> Verdict {
        self.verdict_with(contract(around), (old, new), around, (Look::Explain, &mut Memory::default()))
    }

    /// The same of one of several texts, looked at this closely.
    pub(super) fn holds(
        &self,
        old: &str,
        new: &str,
        around: &Around<'_>,
        (look, memory): (Look, &mut Memory),
    ) -> Verdict {
        self.verdict_with(contract(around), (old, new), around, (look, memory))
    }

    /// Whether `new` lists by the second label after the move what `old` lists by the first one before it.
    pub(super) fn lists(&self, old: &str, new: &str, labels: [&str; 2], around: &Around<'_>) -> bool {
        let contract = Contract::Values(labels[0].to_owned(), labels[1].to_owned());
        let judged = self.verdict_with(contract, (old, new), around, (Look::Whole, &mut Memory::default()));
        matches!(judged, Verdict::Holds { seen: true, .. })
    }

    fn verdict_with(
        &self,
        contract: Contract,
        (old, new): (&str, &str),
        around: &Around<'_>,
        (look, memory): (Look, &mut Memory),
    ) -> Verdict {
        let offered = around.variables.offered();
        let lists = around.variables.lists();
        let values = |name: &str| {
            let one = offered.get(name)?;
            Some(Values { list: lists.get(name).cloned().or_else(|| one.values.list.clone()), ..one.values.clone() })
        };
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
        worlds.judge_like(&Pair { old, new, contract, values: &values, after: &after, keeps_history, look }, memory)
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

/// Whether every selector asks for labels that come with the move: it has been made ready for it.
fn asks_already(query: &Query<'_>) -> bool {
    let is_new = |one: Matcher| NEW.contains(&one.label.as_str()) && one.accepts("") == Some(false);
    let mut all = query.selectors().peekable();
    all.peek().is_some() && all.all(|(_, one)| query.matchers(one).iter().map(matcher_of).any(is_new))
}

/// The matcher with all values of its variable in its place, where they are known.
pub(super) fn with_values(one: Matcher, around: &Around<'_>) -> Matcher {
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
