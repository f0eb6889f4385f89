//! Label filters that bridged a time in which some services had moved and others had not, once all have.
//!
//! Knows: how a bridge looks (`{hostname="puck"} | job="angelia" or service="kairos"`), and when the selector can ask the
//! same. Must not know: who wrote it, or files.

use std::collections::BTreeSet;

use crate::proof::{Condition, Matcher, Op, Proof};
use crate::rewrite::queries::ids;
use crate::rewrite::queries::query::Change;
use crate::rewrite::queries::written::{compared, matcher, matcher_of, write};
use crate::syntax::logql::{FilterId, FilterKind, FilterValue, Query, Quote, Selector, Stage, StageKind};
use crate::text::Span;

/// Matchers that ask in the selector what `filter` asks behind it, and select the same afterwards; `None` while a job is
/// asked for, or where there are none.
pub(super) fn matchers(selector: &Condition, filter: &Condition, proof: &Proof<'_>) -> Option<Vec<Matcher>> {
    let (mut services, mut components) = (BTreeSet::new(), BTreeSet::new());
    for one in alternatives(filter) {
        let asked = one.matchers();
        let names = |label: &str| {
            asked.iter().filter(|one| one.label == label).map(|one| one.value.text().to_owned()).collect::<Vec<_>>()
        };
        let plain = asked.iter().all(|one| one.op == Op::Equal && one.value.known().is_some());
        let (service, component) = (names("service"), names("component"));
        if !plain || service.len() != 1 || asked.len() != 1 + component.len() {
            return None;
        }
        services.extend(service);
        components.extend(component);
    }
    let list = |label: &str, names: &BTreeSet<String>| {
        Matcher::one_of(label, &names.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let service = list("service", &services);
    let mut candidates = vec![vec![service.clone()]];
    if !components.is_empty() {
        candidates.push(vec![service, list("component", &components)]);
    }
    let old = selector.and(filter.clone());
    candidates.into_iter().find(|list| proof.same_after(&old, &selector.and(Condition::all(list))))
}

/// The alternatives of a filter: one, where it has none.
fn alternatives(filter: &Condition) -> Vec<&Condition> {
    match filter {
        Condition::Any(list) => list.iter().flat_map(alternatives).collect(),
        Condition::All(list) if list.len() == 1 => list.iter().flat_map(alternatives).collect(),
        one => vec![one],
    }
}

/// The changes that write the `new` matchers into a selector in the place of the stage right behind it.
pub(super) fn taken_down(query: &Query<'_>, selector: &Selector, stage: &Stage<'_>, new: &[Matcher]) -> Vec<Change> {
    let quote = query.matchers(selector).first().map_or(Quote::Double, |one| one.value.quote);
    let labels = new.iter().map(|one| write(one, quote)).collect::<Vec<_>>().join(", ");
    let comma = if selector.insertion > selector.span.start() + 1 { ", " } else { "" };
    // A range stands apart from a filter, and close to a selector.
    let apart = query.text()[stage.span.end()..].starts_with(" [");
    let end = stage.span.end() + usize::from(apart);
    let change = |span, new| Change { span, new, id: ids::BRIDGE_GONE, labels: labels.clone() };
    vec![
        change(Span::at(selector.insertion), format!("{comma}{labels}")),
        change(Span::new(selector.span.end(), end), String::new()),
    ]
}

/// The changes that take down every bridge of a query that asks for jobs no stream has: somebody moved them without it.
pub(super) fn needless(query: &Query<'_>, proof: &Proof<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    for (_, log) in query.logs() {
        let Some(selector) = log.selector.filter(|selector| !selector.placeholder) else { continue };
        let Some(stage) = query.stages(log).first() else { continue };
        let StageKind::LabelFilter(root) = stage.kind else { continue };
        let asked: Vec<Matcher> = query.matchers(&selector).iter().map(matcher_of).collect();
        let asked = Condition::all(&asked);
        let Some(filter) = condition(query, root) else { continue };
        let all = alternatives(&filter);
        let names_job = |one: &Condition| one.matchers().iter().any(|one| one.label == "job");
        let dead = |one: &Condition| {
            names_job(one) && proof.after(&asked.and(one.clone())).is_ok_and(|found| found.is_empty())
        };
        let (gone, stay): (Vec<&Condition>, Vec<&Condition>) = all.into_iter().partition(|one| dead(one));
        if gone.is_empty() || stay.is_empty() || !gone.iter().all(|one| is_replaced(one, &stay)) {
            continue;
        }
        let rest = Condition::Any(stay.into_iter().cloned().collect());
        if let Some(list) = matchers(&asked, &rest, proof) {
            changes.extend(taken_down(query, &selector, stage, &list));
        }
    }
    changes
}

/// Whether an alternative that asks for a job stands beside one that asks for the same under a new label. Where none does,
/// it is the last trace of lines that somebody wants, and goes on to be it.
fn is_replaced(one: &Condition, others: &[&Condition]) -> bool {
    let called = |one: &Matcher| one.value.known().map(|name| name.replace('_', "-"));
    let jobs = one.matchers().into_iter().filter(|one| one.label == "job");
    let new = |label: &str| matches!(label, "service" | "component" | "service_name");
    let stands = |job: Option<String>| {
        let names = others.iter().flat_map(|one| one.matchers()).filter(|one| new(&one.label));
        job.is_some() && names.into_iter().any(|one| called(one) == job)
    };
    jobs.into_iter().all(|one| one.op == Op::Equal && stands(called(one)))
}

/// What a filter of comparisons with texts asks; `None` for any other. Its depth is bounded by the reader.
pub(super) fn condition(query: &Query<'_>, id: FilterId) -> Option<Condition> {
    match &query.filter(id).kind {
        FilterKind::Join { or, left, right } => {
            let list = vec![condition(query, *left)?, condition(query, *right)?];
            Some(if *or { Condition::Any(list) } else { Condition::All(list) })
        }
        FilterKind::Compare { name, op, value: FilterValue::Text(text), .. } => {
            Some(Condition::Is(matcher(name.text, compared(*op)?, text)))
        }
        FilterKind::Compare { .. } | FilterKind::Placeholder => None,
    }
}
