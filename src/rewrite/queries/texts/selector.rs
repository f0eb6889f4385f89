//! What a selector may become, and the label filters behind it.
//!
//! Knows: a matcher on a label that what moves loses, and what may stand in its place. Must not know: which is right.

use std::collections::BTreeSet;

use super::super::candidates::{negated, selects, service_or_none, spelled};
use super::super::fate::New;
use super::super::ids;
use super::super::query::{Around, Change, compared, matcher, matcher_of, placed, quoted, reference, write};
use super::super::streams::Before;
use super::Choice;
use crate::patterns;
use crate::proof::{self, Condition, Matcher, Op, Value};
use crate::rewrite::How;
use crate::syntax::logql::{FilterKind, FilterValue, Log, Query, Quote, Selector, StageKind};
use crate::text::Span;
use crate::topology::{Bridge, Label, WHOSE};

const NAME: &str = "service_name";

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
        for (index, one) in all.iter().enumerate() {
            found.extend(self.let_in_beside(one).map(|new| placed(index, &new)));
            // Whatever `job` there is, is asked for.
            let any = one.op == Op::NotEqual && one.value.text().is_empty();
            if !(one.label == "job" || self.lost.contains(one.label.as_str())) || one.is_negative() && !any {
                continue;
            }
            let mut others = all.clone();
            others.remove(index);
            for new in self.in_place(one, &others, around) {
                // In a list, copies that Docker keeps say nothing new; who asks for a variable does not read them.
                let reads_copies = new.matchers.first().is_some_and(|one| {
                    one.label == NAME
                        && matches!(one.value, Value::Variable(_))
                        && new.matchers.len() == 1 + self.siblings_out().iter().len()
                });
                if around.values_of.is_some() && (new.filter.is_some() || reads_copies) {
                    continue;
                }
                found.push(placed(index, &new));
            }
        }
        found
    }

    /// A guard that an earlier move wrote, `service=~"|a"`, with what moves now.
    fn let_in_beside(&self, one: &Matcher) -> Option<New> {
        let services =
            one.value.known().filter(|_| one.label == "service" && one.op == Op::Match)?.strip_prefix('|')?;
        let mut all: BTreeSet<&str> = patterns::alternatives(services)?.into_iter().collect();
        all.insert(&self.moved.project);
        let matchers = self.without_siblings(vec![service_or_none(all)]);
        Some(New { how: How::Name, matchers, filter: None })
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
        if !moved.keep_history {
            list.extend(services.iter().map(|service| plain(How::Swap, service.clone())));
            list.extend(self.union(one).map(|union| plain(How::Swap, self.without_siblings(vec![union]))));
        }
        if self.may_bridge() {
            let guards = self.guard_lists(one, others, around);
            // Who has neither label is not asked for.
            let told = Condition::Any(
                ["job", "service"].map(|label| Condition::Is(Matcher::new(label, Op::NotEqual, ""))).into(),
            );
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
        if matches!(moved.bridge, Bridge::Auto | Bridge::Filter) {
            let selects = selects(others);
            let ground = if selects { Some(Vec::new()) } else { self.common(one, others).map(|one| vec![one]) };
            for service in services.iter().filter(|_| ground.is_some()) {
                let union = Condition::Any(vec![Condition::Is(one.clone()), Condition::all(service)]);
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

    /// Matchers that need only the index: the value or none, the services that have moved or none, and a name.
    fn guard_lists(&self, one: &Matcher, others: &[Matcher], around: &Around<'_>) -> Vec<Vec<Matcher>> {
        let names = one.names().unwrap_or_default();
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
        let any = one.accepts("\u{1}") == Some(true) && one.label == "job";
        let is_chosen = matches!(one.value, Value::Variable(_)) && one.label == "job";
        let name = if one.label == "job" { self.name(one).or_else(|| chosen(one, around)) } else { None };
        let mut list = Vec::new();
        if let Some(name) = &name {
            list.push(vec![name.clone()]);
            list.push(vec![name.clone(), moved.clone()]);
            list.push(vec![kept.clone(), moved.clone(), name.clone()]);
            if !beside.is_empty() {
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

    /// What all that a comparison selects has in common, before and after; where that is not known, the label of the host.
    fn common(&self, one: &Matcher, others: &[Matcher]) -> Option<Matcher> {
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
    fn everywhere(&self) -> Option<Matcher> {
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

    /// What the comparisons with `job` in the label filters of a log query may become.
    pub(super) fn filters_in(&self, query: &Query<'_>, log: &Log) -> Vec<Choice> {
        let mut leaves = Vec::new();
        for stage in query.stages(log) {
            let StageKind::LabelFilter(root) = stage.kind else { continue };
            leaves.extend(query.leaves(root).filter_map(|filter| match &filter.kind {
                FilterKind::Compare { name, op, value: FilterValue::Text(text), .. } if name.text == "job" => {
                    Some((filter.span, filter.parent.is_none(), compared(*op)?, text))
                }
                _ => None,
            }));
        }
        let mut list = vec![Choice::default()];
        if leaves.is_empty() {
            return list;
        }
        let service = self.without_siblings(vec![Matcher::new("service", Op::Equal, &self.moved.project)]);
        for kind in 0..3 {
            let mut changes = Vec::new();
            for (span, whole, op, text) in &leaves {
                let one = matcher("job", *op, text);
                let quote = if text.quote == Quote::Bare { Quote::Double } else { text.quote };
                let new = match (kind, one.is_negative()) {
                    (0, _) if !self.names(&one) => Condition::Is(Matcher { label: "service".to_owned(), ..one }),
                    (0, false) => Condition::all(&service),
                    (1, false) => Condition::Any(vec![Condition::Is(one), Condition::all(&service)]),
                    (0 | 1, true) => Condition::All(vec![Condition::Is(one), negated(&service)]),
                    _ => Condition::Is(Matcher { label: NAME.to_owned(), ..one }),
                };
                let text = proof::written(&new, &|text: &str| quoted(text, quote));
                let single = *whole || matches!(new, Condition::Is(_));
                let new = if single { text.clone() } else { format!("({text})") };
                changes.push(Change { span: *span, new, id: ids::FILTER, labels: text });
            }
            let how = if kind == 0 { How::Swap } else { How::Filter };
            list.push(Choice { changes, notes: Vec::new(), how: Some(how) });
        }
        list
    }
}

/// The comparison with a variable that follows: it holds names of services.
fn chosen(one: &Matcher, around: &Around<'_>) -> Option<Matcher> {
    let Value::Variable(text) = &one.value else { return None };
    let follows = reference(text).is_some_and(|name| around.variables.follows(name));
    follows.then(|| Matcher { label: NAME.to_owned(), ..one.clone() })
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
