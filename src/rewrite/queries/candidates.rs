//! What may stand in the place of a matcher on `job`, in the order it is tried.
//!
//! Knows: swap, append, `service_name`, label filter (label-surface 1.3, 1.5). Must not know: which of them is right;
//! that is for the proof.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::patterns;
use crate::proof::{Condition, Matcher, Op};
use crate::topology::WHOSE;

use super::streams::Before;
use crate::rewrite::How;

/// Most values a label may have to be the common ground.
const MOST: usize = 4;

/// What stands in the place of a matcher in a selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct New {
    pub(super) how: How,
    /// In its place; none: it goes.
    pub(super) matchers: Vec<Matcher>,
    /// Right behind the selector.
    pub(super) filter: Option<Condition>,
}

impl Before<'_> {
    /// The matcher stays and `service!="P"` joins it; where the project has other containers, a label filter that
    /// leaves out the components that move.
    pub(super) fn appended(&self, one: &Matcher, others: &[Matcher]) -> Vec<New> {
        let left_out = Condition::all(&with(others, &[one.flipped()]));
        let new = |service: Vec<Matcher>| match negated(&service) {
            Condition::Is(negative) => {
                Some(New { how: How::Append, matchers: vec![one.clone(), negative], filter: None })
            }
            filter => Some(New { how: How::Append, matchers: vec![one.clone()], filter: Some(spelled(&filter)?) }),
        };
        self.services(&left_out).into_iter().filter_map(new).collect()
    }

    /// `service="P"`, then with the components, as the streams say into which those of `old` turn.
    pub(super) fn services(&self, old: &Condition) -> Vec<Vec<Matcher>> {
        let image = self.moving_image(old);
        let values = |label: &str| -> Option<BTreeSet<&str>> {
            image.iter().map(|&to| self.proof.value_after(to, label).filter(|value| !value.is_empty())).collect()
        };
        let projects: Vec<&str> = values("service").into_iter().flatten().collect();
        let [project] = projects[..] else { return Vec::new() };
        let service = Matcher::new("service", Op::Equal, project);
        let mut list = Vec::new();
        if self.moved.siblings.len() <= self.moved.components.len() {
            list.push(self.without_siblings(vec![service.clone()]));
        }
        if let Some(components) = values("component").filter(|components| !components.is_empty()) {
            let components: Vec<&str> = components.into_iter().collect();
            list.push(vec![service, Matcher::one_of("component", &components)]);
        }
        // The project may be, or come to be, on another host, too.
        let moving: Vec<usize> = self.today(old).into_iter().filter(|&index| self.moves(index)).collect();
        if let Some(ground) = self.ground(&[], &moving) {
            let there = list.iter().map(|service| with(service, std::slice::from_ref(&ground)));
            list.extend(there.collect::<Vec<_>>());
        }
        list
    }

    /// These matchers, and what leaves out the containers of the project that were not on the listener: one that is added
    /// later is in view.
    pub(super) fn without_siblings(&self, mut these: Vec<Matcher>) -> Vec<Matcher> {
        these.extend(self.siblings_out());
        these
    }

    /// What leaves those containers out, where there are any.
    pub(super) fn siblings_out(&self) -> Option<Matcher> {
        let siblings: Vec<&str> = self.moved.siblings.iter().map(String::as_str).collect();
        (!siblings.is_empty()).then(|| Matcher::one_of("component", &siblings).flipped())
    }

    /// The same question asked of `service_name`.
    pub(super) fn name(&self, one: &Matcher) -> Option<Matcher> {
        const NAME: &str = "service_name";
        if self.same_name() || one.value.known().is_none() {
            return Some(Matcher { label: NAME.to_owned(), ..one.clone() });
        }
        let mut values = Vec::new();
        for name in one.names()? {
            let moves = self.moved.jobs.iter().any(|job| job == name);
            if !moves || self.moved.keep_history {
                values.push(name);
            }
            if moves {
                values.push(&self.moved.project);
            }
        }
        values.dedup();
        let mut name = Matcher::one_of(NAME, &values);
        if one.is_negative() {
            name = name.flipped();
        }
        Some(name)
    }

    /// Names in a list of alternatives (`kairos|angelia`) that are no job that moves, and branches of a pattern
    /// (`kai.*|ange.*`) that no such job fits. Such a job may have moved before, be written in another repository or come one
    /// day: the streams known here do not speak for it.
    pub(super) fn more_names<'a>(&self, one: &'a Matcher) -> Vec<Cow<'a, str>> {
        let Some(value) = one.value.known().filter(|_| one.op == Op::Match) else { return Vec::new() };
        let names = one.names().map(|names| names.into_iter().map(Cow::Borrowed).collect());
        let branches = || patterns::branches(value).map(|list| list.into_iter().map(Cow::Owned).collect());
        // What cannot be taken apart may name anything.
        let Some(mut all): Option<Vec<Cow<'_, str>>> = names.or_else(branches) else { return vec![value.into()] };
        all.retain(|branch| {
            let branch = Matcher::new("job", Op::Match, branch);
            !self.moved.jobs.iter().any(|job| branch.accepts(job) == Some(true))
        });
        all
    }

    /// What is left of a comparison when the moved jobs are taken out of it, and the whole of it.
    pub(super) fn rests(&self, one: &Matcher) -> Vec<Matcher> {
        let more = self.more_names(one);
        let mut list = Vec::new();
        if !more.is_empty() && !self.moved.keep_history && one.names().is_some() {
            list.push(Matcher::one_of("job", &more.iter().map(|name| &**name).collect::<Vec<_>>()));
        }
        list.push(one.clone());
        list
    }

    /// The label that all of these streams have and go on to have, and that selects the fewest streams, with those that are
    /// to come.
    pub(super) fn ground(&self, others: &[Matcher], today: &[usize]) -> Option<Matcher> {
        let mut common: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let first = today.first().and_then(|&index| self.moved.streams.before.get(index))?;
        let labels = first.labels.keys().map(String::as_str);
        // What says whose lines they are is no common ground of a service and another.
        for label in labels.filter(|label| !WHOSE.contains(label)) {
            let before = today.iter().map(|&index| self.proof.value_today(index, label));
            let after =
                today.iter().flat_map(|&index| self.proof.image(index)).map(|to| self.proof.value_after(to, label));
            let values: Option<BTreeSet<&str>> =
                before.chain(after).map(|value| value.filter(|v| !v.is_empty())).collect();
            if let Some(values) = values.filter(|values| values.len() <= MOST) {
                common.insert(label, values);
            }
        }
        let candidates = common.into_iter().map(|(label, values)| {
            let values: Vec<&str> = values.into_iter().collect();
            let matcher = Matcher::one_of(label, &values);
            let selected = self.proof.in_the_end(&Condition::all(&with(others, std::slice::from_ref(&matcher))));
            (selected.unwrap_or(usize::MAX), values.len(), matcher)
        });
        candidates.min().map(|(_, _, matcher)| matcher)
    }
}

/// The condition as a label filter may ask it: name by name. Loki does not anchor every list of a filter (`web|worker`
/// also takes `web-2`), so one that is not plainly a list of names cannot stand there: `None`.
pub(super) fn spelled(condition: &Condition) -> Option<Condition> {
    let each = |list: &[Condition]| list.iter().map(spelled).collect::<Option<Vec<_>>>();
    Some(match condition {
        Condition::Is(one) if matches!(one.op, Op::Match | Op::NotMatch) => {
            let op = if one.is_negative() { Op::NotEqual } else { Op::Equal };
            let mut list: Vec<Condition> =
                one.names()?.into_iter().map(|name| Condition::Is(Matcher::new(&one.label, op, name))).collect();
            match list.len() {
                1 => list.remove(0),
                _ if one.is_negative() => Condition::All(list),
                _ => Condition::Any(list),
            }
        }
        Condition::All(list) => Condition::All(each(list)?),
        Condition::Any(list) => Condition::Any(each(list)?.into_iter().flat_map(alternatives).collect()),
        other => other.clone(),
    })
}

/// Alternatives inside alternatives are alternatives.
fn alternatives(condition: Condition) -> Vec<Condition> {
    match condition {
        Condition::Any(list) => list,
        other => vec![other],
    }
}

/// One of these services or none, `service=~"|a|b"`: what has moved beside what has not.
pub(super) fn service_or_none<'s>(services: impl IntoIterator<Item = &'s str>) -> Matcher {
    let services: Vec<&str> = services.into_iter().collect();
    Matcher::new("service", Op::Match, &format!("|{}", services.join("|")))
}

/// Whether one of these matchers demands something, so that a selector can do without others.
pub(super) fn selects(these: &[Matcher]) -> bool {
    these.iter().any(|one| one.accepts("") == Some(false))
}

/// What is not all of this: `service!="P"`, or `service!="P" or component!="C"`.
pub(super) fn negated(all: &[Matcher]) -> Condition {
    let mut list: Vec<Condition> = all.iter().map(|one| Condition::Is(one.flipped())).collect();
    if list.len() == 1 { list.remove(0) } else { Condition::Any(list) }
}

pub(super) fn with(these: &[Matcher], more: &[Matcher]) -> Vec<Matcher> {
    [these, more].concat()
}
