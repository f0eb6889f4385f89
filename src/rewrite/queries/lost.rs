//! Labels that lines lose when their service moves, `job` aside: the listener sets them, and the Docker socket does not.
//!
//! Knows: which labels these are, which comparisons ask for them, and what asks for the same lines afterwards. Must not
//! know: how a query is written.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::proof::{self, Condition, Copies, Matcher};
use crate::rewrite::How;
use crate::text::Source;
use crate::topology::WHOSE;
use crate::topology::queries::QueryFacts;
use crate::topology::sites::FileSites;
use crate::topology::sites::language::Language;

use super::candidates::{negated, selects, spelled};
use super::fate::{New, with};
use super::streams::{Before, Flow};

impl<'m> Before<'m> {
    /// The labels that streams which move lose, or have with another value afterwards.
    pub(super) fn find_lost(&self) -> BTreeSet<&'m str> {
        let moving = (0..self.moved.streams.before.len()).filter(|&index| self.moves(index) && !self.is_copy(index));
        let labels = |index: usize| self.moved.streams.before[index].labels.keys().map(move |label| (index, label));
        let lost = moving.flat_map(labels).filter(|(index, label)| self.lost_by(*index, label).next().is_some());
        lost.map(|(_, label)| label.as_str()).filter(|label| !WHOSE.contains(label)).collect()
    }

    /// Takes note of the lost labels that files which route alerts name.
    pub(super) fn route(&mut self, routes: &dyn Fn() -> Vec<Arc<Source>>) {
        let files = if self.lost.is_empty() { Vec::new() } else { routes() };
        let is_word = |c: char| !c.is_alphanumeric() && c != '_';
        let names = |label: &str| {
            files.iter().filter_map(|file| file.text()).any(|text| text.split(is_word).any(|word| word == label))
        };
        self.routed = self.lost.iter().copied().filter(|label| names(label)).collect();
    }

    /// The values of a label today and afterwards, for each new stream of a stream of today that does not have it so.
    fn lost_by(&self, index: usize, label: &str) -> impl Iterator<Item = (Option<&'m str>, &'m str)> {
        let old = self.proof.value_today(index, label);
        let new = self.proof.image(index).filter(move |&to| self.changed(index, to));
        let lost = new.filter_map(move |to| match (old, self.proof.value_after(to, label)?) {
            (Some(""), _) => None,
            (None, new) => new.is_empty().then_some((None, new)),
            (Some(old), new) => (old != new).then_some((Some(old), new)),
        });
        lost.collect::<Vec<_>>().into_iter()
    }

    /// Whether streams that satisfy `condition` lose this label.
    pub(super) fn loses(&self, condition: &Condition, label: &str) -> bool {
        self.lost.contains(label) && self.losing(condition).any(|index| self.lost_by(index, label).next().is_some())
    }

    fn losing(&self, condition: &Condition) -> impl Iterator<Item = usize> {
        self.proof.possible(condition).0.into_iter().filter(|&index| self.moves(index))
    }

    /// Whether `one` takes a stream of `condition` for another afterwards, for the label that the stream loses.
    pub(super) fn bites(&self, condition: &Condition, one: &Matcher) -> bool {
        let differs = |(old, new): (Option<&str>, &str)| match (one.value.known(), old) {
            (None, _) => true,
            (Some(_), None) => one.accepts(new) != Some(true),
            (Some(_), Some(old)) => one.accepts(old) != one.accepts(new),
        };
        self.lost.contains(one.label.as_str())
            && self.losing(condition).any(|index| self.lost_by(index, &one.label).any(differs))
    }

    /// Why comparisons with these labels are no longer right, as a part of a sentence.
    pub(super) fn lost_why(&self, labels: &[&str]) -> String {
        let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
        let service = proof::quoted(&self.moved.project);
        format!("{}, which they lose: afterwards they have `service={service}`", labels.join(" and "))
    }

    /// What a selector can be when its matchers at `gone` select what moves no longer: all of its matchers.
    pub(super) fn instead(&self, all: &[Matcher], gone: &[usize], selector_only: bool) -> Option<New> {
        let old = Condition::all(all);
        let part = |go: bool| -> Vec<Matcher> {
            let these = all.iter().enumerate().filter(|(index, _)| gone.contains(index) == go);
            these.map(|(_, one)| one.clone()).collect()
        };
        let (lost, rest) = (part(true), part(false));
        let services = self.services(&old);
        let swap = |service: &Vec<Matcher>| New { how: How::Swap, matchers: with(service, &rest), filter: None };
        let mut list: Vec<New> = services.iter().map(swap).collect();
        let selects = selects(&rest);
        let ground = if selects { None } else { self.ground(&rest, &self.today(&old)) };
        let matchers = with(ground.as_slice(), &rest);
        for service in services.iter().filter(|_| !selector_only && (selects || ground.is_some())) {
            let filter = spelled(&Condition::Any(vec![Condition::all(&lost), Condition::all(service)]));
            list.extend(filter.map(|filter| New {
                how: How::Filter,
                matchers: matchers.clone(),
                filter: Some(filter),
            }));
        }
        list.into_iter().find(|new| {
            let then = new.filter.iter().fold(Condition::all(&new.matchers), |all, filter| all.and(filter.clone()));
            self.serves(&old, &then)
        })
    }

    fn serves(&self, old: &Condition, new: &Condition) -> bool {
        self.proof.check(old, new, Copies::Ignored).is_right()
            && self.proof.lasts(old, new, false)
            && (!self.moved.keep_history || self.proof.same_today(old, new))
    }

    /// The matcher of `all` that leaves out lines which it takes in once they have lost its label, and what leaves them out
    /// then.
    pub(super) fn let_in(&self, all: &[Matcher]) -> Option<(usize, Option<New>)> {
        let index = (0..all.len()).find(|&index| {
            let mut out = all.to_vec();
            out[index] = all[index].flipped();
            self.lost.contains(all[index].label.as_str()) && self.bites(&Condition::all(&out), &all[index])
        })?;
        let old = Condition::all(all);
        let verdict = self.proof.check(&old, &old, Copies::Ignored);
        if !matches!(verdict, proof::Verdict::Wrong { extra, .. } if !extra.is_empty()) {
            return None;
        }
        let mut others = all.to_vec();
        let one = others.remove(index);
        let new = self.appended(&one, &others).into_iter().find(|new| {
            let then = Condition::all(&with(&others, &new.matchers));
            let then = new.filter.iter().fold(then, |all, filter| all.and(filter.clone()));
            self.proof.check(&old, &then, Copies::Ignored).is_right()
        });
        let new = new.map(|new| New { matchers: with(&others, &new.matchers), ..new });
        Some((index, new))
    }

    /// What a comparison in a label filter can be that streams of `context` come to.
    pub(super) fn lost_leaf(&self, one: &Matcher, context: &Condition) -> Option<Condition> {
        let is = Condition::Is(one.clone());
        let asked = if one.is_negative() { one.flipped() } else { one.clone() };
        let old = context.and(Condition::Is(asked));
        let all_move = self.flow(&old) == Flow::Moved;
        let mut list = Vec::new();
        for service in self.services(&old) {
            if one.is_negative() {
                list.push(Condition::All(vec![is.clone(), negated(&service)]));
            } else {
                list.extend(all_move.then(|| Condition::all(&service)));
                list.push(Condition::Any(vec![is.clone(), Condition::all(&service)]));
            }
        }
        let right = |new: &Condition| {
            self.proof.agree(context, &is, new, Copies::Ignored) == Ok(true)
                && self.proof.lasts_here(context, &is, new, one.is_negative())
        };
        list.iter().filter_map(spelled).find(right)
    }

    /// Queries of a file that name a lost label and nothing else that a move changes, by index.
    pub(super) fn asking_for_lost(&self, file: &FileSites, facts: &QueryFacts) -> Vec<usize> {
        if self.lost.is_empty() {
            return Vec::new();
        }
        let judged = file.judged(&facts.servers);
        let names = |(at, language): (usize, &Language)| {
            let site = file.sites.get(at)?;
            let asks = !matches!(language, Language::NotLoki)
                && judged.open.binary_search(&at).is_err()
                && self.names_lost(site.query.of(site.view.text()));
            asks.then_some(at)
        };
        judged.languages.iter().enumerate().filter_map(names).collect()
    }

    /// Whether a text may name a lost label.
    pub(super) fn names_lost(&self, text: &str) -> bool {
        self.lost.iter().any(|label| text.contains(label))
    }
}
