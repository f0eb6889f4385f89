//! Guards: matchers that let in what has moved beside what has not, and need only the index.
//!
//! Knows: how guards look, and how they make place for the plain text. Must not know: which text is right.

use std::collections::BTreeSet;

use super::super::bridges;
use super::super::candidates::{New, selects, service_or_none};
use super::super::ids;
use super::super::query::Change;
use super::super::streams::Before;
use super::super::written::{alone, write};
use super::Choice;
use super::selector::{NAME, has_either};
use crate::patterns;
use crate::proof::{Matcher, Op, Value};
use crate::rewrite::How;
use crate::syntax::logql::{Query, Quote, Selector, StageKind};
use crate::text::Span;

impl Before<'_> {
    /// A guard that an earlier move wrote, `service=~"|a"`, with what moves now.
    pub(super) fn let_in_beside(&self, one: &Matcher) -> Option<New> {
        let matchers = self.without_siblings(vec![service_or_none(self.with_guarded(one)?)]);
        Some(New { how: How::Name, matchers, filter: None })
    }

    /// The services that a guard lets in, and what moves now; `None` where it is none.
    fn with_guarded<'s>(&'s self, one: &'s Matcher) -> Option<BTreeSet<&'s str>> {
        let services =
            one.value.known().filter(|_| one.label == "service" && one.op == Op::Match)?.strip_prefix('|')?;
        let mut all: BTreeSet<&str> = patterns::alternatives(services)?.into_iter().collect();
        all.insert(&self.moved.project);
        Some(all)
    }

    /// Guards make place for the plain text once all they let in has moved.
    pub(super) fn unguarded(&self, query: &Query<'_>, selector: &Selector, all: &[Matcher]) -> Option<Choice> {
        let written = query.matchers(selector);
        let (at, services) = all.iter().enumerate().find_map(|(at, one)| Some((at, self.with_guarded(one)?)))?;
        let is_job = |one: &Matcher| one.label == "job" && one.value.text().ends_with('|');
        let goes = |(at, one): (usize, &Matcher)| (is_job(one) || one.label == NAME).then_some(at);
        let gone: Vec<usize> = all.iter().enumerate().filter_map(goes).collect();
        let has_component = all.iter().any(|one| one.label == "component");
        let mut new = vec![Matcher::one_of("service", &Vec::from_iter(services))];
        new.extend(self.siblings_out().filter(|_| !has_component));
        let labels = new.iter().map(|one| write(one, written[at].value.quote)).collect::<Vec<_>>().join(", ");
        let change = |span: Span, new: &str, id| Change { span, new: new.to_owned(), id, labels: labels.clone() };
        let mut changes = vec![change(written[at].span, &labels, ids::SELECTOR)];
        changes.extend(gone.iter().map(|index| change(alone(written, *index, &gone), "", ids::BRIDGE_GONE)));
        // So does the filter that goes with them.
        let log = query
            .logs()
            .map(|(_, log)| log)
            .find(|log| log.selector.as_ref().is_some_and(|one| one.span == selector.span))?;
        if let Some(stage) = query.stages(log).first()
            && let StageKind::LabelFilter(root) = stage.kind
            && bridges::condition(query, root) == Some(has_either())
        {
            let apart = query.text()[stage.span.end()..].starts_with(" [");
            let end = stage.span.end() + usize::from(apart);
            changes.push(change(Span::new(selector.span.end(), end), "", ids::BRIDGE_GONE));
        }
        Some(Choice { changes, notes: Vec::new(), how: Some(How::Swap) })
    }

    /// Matchers that need only the index: the value or none, the services that have moved or none, and a name.
    /// `named`: the matcher with all values of its variable, where they are known.
    pub(super) fn guard_lists(&self, one: &Matcher, others: &[Matcher], named: &Matcher) -> Vec<Vec<Matcher>> {
        let names = named.names().unwrap_or_default();
        let mut services: BTreeSet<&str> = self.former_projects(&names);
        services.insert(&self.moved.project);
        let beside: Vec<&str> = self.beside().into_iter().collect();
        let moved = service_or_none(services.iter().copied());
        services.extend(&beside);
        let both = service_or_none(services);
        let value = match (&one.value, one.op) {
            (Value::Known(text), Op::Equal) => patterns::escaped(text),
            (value, _) => value.text().to_owned(),
        };
        let like = |label: &str, text: String| Matcher {
            label: label.to_owned(),
            op: Op::Match,
            value: match one.value {
                Value::Known(_) => Value::Known(text),
                Value::Variable(_) => Value::Variable(text),
            },
        };
        let kept = like(&one.label, format!("{value}|"));
        let selects = selects(others);
        let any = one.accepts(patterns::NOBODY) == Some(true) && one.label == "job";
        let is_chosen = matches!(one.value, Value::Variable(_)) && one.label == "job";
        let name = if one.label == "job" { self.name(one) } else { None };
        let mut list = Vec::new();
        if let Some(name) = &name {
            if one.value.known().is_none() {
                list.push(vec![name.clone(), moved.clone()]);
            }
            list.push(vec![kept.clone(), moved.clone(), name.clone()]);
            if !beside.is_empty() {
                list.push(vec![kept.clone(), both.clone(), name.clone()]);
                let name = like(NAME, format!("{}|{}", name.value.text(), beside.join("|")));
                list.push(vec![kept.clone(), both.clone(), name]);
            }
            if is_chosen {
                // What stands for all values, `.+`, takes in those that have no name.
                let named = Matcher::new(NAME, Op::NotEqual, "unknown_service");
                list.extend(list.clone().into_iter().map(|guards| [guards, vec![named.clone()]].concat()));
            }
        }
        if is_chosen && name.is_some() && selects {
            list.push(vec![kept.clone(), moved.clone(), like("service", format!("{value}|"))]);
        }
        let common = self.common(one, others);
        for ground in [None, common.or_else(|| self.everywhere())] {
            if ground.is_none() && !selects {
                continue;
            }
            let kept = (!any).then(|| kept.clone());
            let with = |services: &Matcher| -> Vec<Matcher> {
                kept.clone().into_iter().chain([services.clone()]).chain(ground.clone()).collect()
            };
            list.push(with(&moved));
            if !beside.is_empty() {
                list.push(with(&both));
            }
        }
        list.into_iter().map(|guards| self.without_siblings(guards)).collect()
    }

    /// A selector that is right, without other services that come to it.
    pub(super) fn shut(&self, selector: &Selector) -> Choice {
        let mut services = self.beside();
        services.insert(&self.moved.project);
        let guards = self.without_siblings(vec![service_or_none(services)]);
        let all: Vec<String> = guards.iter().map(|one| write(one, Quote::Double)).collect();
        let new = format!(", {}", all.join(", "));
        let changes =
            vec![Change { span: Span::at(selector.insertion), new, id: ids::GUARDED, labels: all.join(", ") }];
        Choice { changes, notes: Vec::new(), how: Some(How::Name) }
    }

    /// Services of streams that have a `job` beside it.
    fn beside(&self) -> BTreeSet<&str> {
        let has_job = |to: &usize| self.proof.value_after(*to, "job").is_some_and(|job| !job.is_empty());
        let all = (0..self.moved.streams.after.len()).filter(has_job);
        all.filter_map(|to| self.proof.value_after(to, "service")).filter(|service| !service.is_empty()).collect()
    }
}
