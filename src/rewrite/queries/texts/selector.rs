//! What a selector may become.
//!
//! Knows: a matcher on a label that what moves loses, and what may stand in its place. Must not know: which is right.

use std::collections::BTreeSet;

use super::super::candidates::{New, selects, spelled};
use super::super::checked::with_values;
use super::super::ids;
use super::super::query::{Around, Change};
use super::super::streams::Before;
use super::super::written::{alone, matcher_of, placed};
use super::Choice;
use crate::proof::{Condition, Matcher, Op};
use crate::rewrite::How;
use crate::syntax::logql::{Query, Selector};
use crate::topology::{Bridge, Label, WHOSE};

/// The label that Loki derives.
pub(super) const NAME: &str = "service_name";

impl Before<'_> {
    /// What a selector may become, plainest first.
    pub(super) fn selectors(&self, query: &Query<'_>, selector: &Selector, around: &Around<'_>) -> Vec<Choice> {
        let written = query.matchers(selector);
        let all: Vec<Matcher> = written.iter().map(matcher_of).collect();
        let mut found = Vec::new();
        let placed = |index: usize, new: &New| {
            let changes = placed_in(query, selector, index, new);
            Choice { changes, notes: Vec::new(), how: Some(new.how) }
        };
        found.extend(self.unguarded(query, selector, &all));
        for (index, one) in all.iter().enumerate() {
            found.extend(self.let_in_beside(one).map(|new| placed(index, &new)));
            if !self.loses_label(one) {
                continue;
            }
            let mut others = all.clone();
            others.remove(index);
            // Who has no such label is taken in, and so is what loses it.
            if one.accepts("").unwrap_or(one.is_negative()) {
                let out = self.appended(one, &others);
                found.extend(out.iter().map(|new| placed(index, new)));
            }
            // Whatever `job` there is, is asked for.
            let any = one.op == Op::NotEqual && one.value.text().is_empty();
            if one.is_negative() && !any {
                found.extend(
                    self.name(one)
                        .filter(|_| self.moved.bridge != Bridge::Filter)
                        .map(|name| placed(index, &New { how: How::Name, matchers: vec![name], filter: None })),
                );
                continue;
            }
            let fits = |new: &New| around.values_of.is_none() || new.filter.is_none() && !self.reads_copies(new);
            found.extend(
                self.in_place(one, &others, around).iter().filter(|new| fits(new)).map(|new| placed(index, new)),
            );
            // Others of which what moves loses the label go with it.
            let is_lost =
                |one: &Matcher| one.value.known().is_some() && one.accepts("") == Some(false) && self.loses_label(one);
            let goes = |at: &usize| *at != index && is_lost(&all[*at]);
            let gone: Vec<usize> = (0..all.len()).filter(goes).collect();
            if gone.is_empty() {
                continue;
            }
            let stay = |(at, one): (usize, &Matcher)| (at != index && !gone.contains(&at)).then(|| one.clone());
            let others: Vec<Matcher> = all.iter().enumerate().filter_map(stay).collect();
            for new in self.in_place(one, &others, around).iter().filter(|new| new.how == How::Swap) {
                let mut choice = placed(index, new);
                choice.changes.extend(gone.iter().map(|at| Change {
                    span: alone(written, *at, &gone),
                    new: String::new(),
                    id: ids::LOST,
                    labels: String::new(),
                }));
                found.push(choice);
            }
        }
        found
    }

    /// In a list, copies that Docker keeps say nothing new; who asks for a variable does not read them.
    fn reads_copies(&self, new: &New) -> bool {
        let by_name = |one: &Matcher| one.label == NAME && one.value.known().is_none();
        new.matchers.first().is_some_and(by_name) && new.matchers.len() == 1 + self.siblings_out().iter().len()
    }

    fn in_place(&self, one: &Matcher, others: &[Matcher], around: &Around<'_>) -> Vec<New> {
        let moved = self.moved;
        let old = Condition::all(&[others, std::slice::from_ref(one)].concat());
        let mut services = self.services(&old);
        if services.is_empty() {
            services.push(self.without_siblings(vec![Matcher::new("service", Op::Equal, &moved.project)]));
        }
        let plain = |how: How, matchers: Vec<Matcher>| New { how, matchers, filter: None };
        let mut list = Vec::new();
        // Who asks for a variable wants to choose.
        let is_known = one.value.known().is_some();
        if !moved.keep_history && is_known {
            list.extend(services.iter().map(|service| plain(How::Swap, service.clone())));
            list.extend(self.union(one).map(|union| plain(How::Swap, self.without_siblings(vec![union]))));
        }
        if moved.bridge != Bridge::Filter {
            let name = if one.label == "job" { self.name(one) } else { None };
            list.extend(name.map(|name| plain(How::Name, vec![name])));
            let guards = self.guard_lists(one, others, &with_values(one.clone(), around));
            let told = has_either();
            let open = |guards: &&Vec<Matcher>| guards.iter().all(|guard| guard.label != NAME);
            let told = guards.iter().filter(open).map(|matchers| New {
                how: How::Filter,
                matchers: matchers.clone(),
                filter: Some(told.clone()),
            });
            list.extend(
                guards.iter().map(|matchers| plain(How::Name, matchers.clone())).chain(told.collect::<Vec<_>>()),
            );
        }
        if moved.bridge != Bridge::ServiceName {
            let selects = selects(others);
            let ground = if selects { Some(Vec::new()) } else { self.common(one, others).map(|one| vec![one]) };
            let rests = self.rests(one);
            let pairs = rests.iter().flat_map(|rest| services.iter().map(move |service| (rest, service)));
            for (rest, service) in pairs.filter(|_| ground.is_some()) {
                let union = Condition::Any(vec![Condition::Is(rest.clone()), Condition::all(service)]);
                // Loki does not anchor every pattern of a label filter.
                let Some(filter) = spelled(&union) else { continue };
                list.push(New { how: How::Filter, matchers: ground.clone().unwrap_or_default(), filter: Some(filter) });
            }
        }
        list
    }

    /// All that a comparison names, where all of it has moved: `service=~"a|b"`.
    fn union(&self, one: &Matcher) -> Option<Matcher> {
        let names = one.names()?;
        let mut projects = BTreeSet::new();
        for name in &names {
            if self.moved.jobs.iter().any(|job| job == name) {
                projects.insert(self.moved.project.as_str());
            } else {
                let former = self.former_projects(&[name]);
                if former.is_empty() {
                    return None;
                }
                projects.extend(former);
            }
        }
        (projects.len() > 1).then(|| Matcher::one_of("service", &Vec::from_iter(projects)))
    }

    /// What all that a comparison selects has in common, before and after; where that is not known, the label of the host.
    pub(super) fn common(&self, one: &Matcher, others: &[Matcher]) -> Option<Matcher> {
        let old = Condition::all(&[others, std::slice::from_ref(one)].concat());
        let today = self.today(&old);
        let knows = !today.is_empty()
            && one.names().is_some_and(|names| {
                let jobs: BTreeSet<&str> =
                    today.iter().filter_map(|&index| self.proof.value_today(index, "job")).collect();
                one.label != "job" || names.iter().all(|name| jobs.contains(name))
            });
        knows.then(|| self.ground(others, &today)).flatten()
    }

    /// A label that every stream has, before and after: the one that tells most of them apart, which is that of the host
    /// wherever there is one.
    pub(super) fn everywhere(&self) -> Option<Matcher> {
        let all = || self.moved.streams.before.iter().chain(&self.moved.streams.after);
        let has = |label: &str| {
            all().all(|stream| match stream.labels.get(label) {
                Some(Label::Known(value)) => !value.is_empty(),
                Some(Label::Symbol(_)) => true,
                Some(Label::Unknown) | None => false,
            })
        };
        let values = |label: &str| all().filter_map(|stream| stream.labels.get(label)).collect::<BTreeSet<_>>().len();
        let names = all().next()?.labels.keys().map(String::as_str);
        let label = names.filter(|label| !WHOSE.contains(label) && has(label)).max_by_key(|label| values(label))?;
        Some(Matcher::new(label, Op::Match, ".+"))
    }
}

/// Who has neither `job` nor `service` is not asked for.
pub(super) fn has_either() -> Condition {
    Condition::Any(["job", "service"].map(|label| Condition::Is(Matcher::new(label, Op::NotEqual, ""))).into())
}

/// The changes that put `new` into the place of a matcher.
fn placed_in(query: &Query<'_>, selector: &Selector, index: usize, new: &New) -> Vec<Change> {
    let id = match new.how {
        How::Swap => ids::SELECTOR,
        How::Append => ids::APPENDED,
        How::Name if new.matchers.len() == 1 => ids::DERIVED,
        How::Name => ids::GUARDED,
        How::Filter => ids::GROUND,
    };
    placed(query, selector, index, (&matcher_of(&query.matchers(selector)[index]), new), id)
}
