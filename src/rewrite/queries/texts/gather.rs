//! What is put around a range aggregation: one series stays one, and labels that are lost are put back.
//!
//! Knows: which aggregations add up over the components of a service. Must not know: names, selectors, and what is right.

use std::collections::{BTreeMap, BTreeSet};

use super::super::ids;
use super::super::query::{Change, Remark};
use super::super::streams::Before;
use super::Choice;
use crate::patterns;
use crate::proof;
use crate::syntax::logql::{ExprId, ExprKind, Function, LogId, Query, StageKind, Use};
use crate::text::Span;

/// Labels that moved streams have beside the project.
const APART: &str = "component, container";
const WHOLE: &str = "service, component, container";

impl Before<'_> {
    /// What may be put around the range aggregations that read one of `reached`: nothing; then what takes the components
    /// together; then what puts `job`, and whatever else is lost, back.
    pub(super) fn gathers(&self, query: &Query<'_>, reached: &[LogId]) -> Vec<Choice> {
        // What leaves labels out means to tell the services apart, not what they consist of.
        let mut list: Vec<Choice> = without(query).into_iter().collect();
        list.push(Choice::default());
        let ranges: Vec<(ExprId, Function, LogId)> = query
            .exprs()
            .filter_map(|(id, expr)| match expr.kind {
                ExprKind::RangeAggregation { function, log, .. } => Some((id, function, log)),
                _ => None,
            })
            .filter(|(_, function, log)| reached.contains(log) && *function != Function::AbsentOverTime)
            .collect();
        if ranges.is_empty() {
            return list;
        }
        let apart: Vec<_> = ranges
            .iter()
            .copied()
            .filter(|range| !(by_labels(query, range.0) && gathered(query, range.0, range.1)))
            .collect();
        let around =
            |ranges: &[(ExprId, Function, LogId)], open: &dyn Fn(Function) -> String, close: &str, id: ids::Id| {
                let mut choice = Choice { notes: vec![Remark { id, why: String::new() }], ..Choice::default() };
                for (expr, function, _) in ranges {
                    let span = query.expr(*expr).span;
                    choice.changes.push(change(Span::at(span.start()), &open(*function), id));
                    choice.changes.push(change(Span::at(span.end()), close, id));
                }
                choice
            };
        let outer = |function: Function| if adds_up(function) { "sum" } else { "max" };
        if !apart.is_empty() {
            list.push(dropped(query, &apart));
            list.push(around(&apart, &|function| format!("{} without ({APART}) (", outer(function)), ")", ids::MERGED));
        }
        for lost in self.put_back(query) {
            let head = "label_replace(".repeat(lost.len());
            let tail = format!(", {})", lost.join("), "));
            list.push(around(&ranges, &|_| head.clone(), &tail, ids::PUT_BACK));
            let open = |function| format!("{} without ({WHOLE}) ({head}", outer(function));
            list.push(around(&ranges, &open, &format!("{tail})"), ids::PUT_BACK));
            list.push(dropped(query, &ranges).and(&around(&ranges, &|_| head.clone(), &tail, ids::PUT_BACK)));
        }
        list
    }

    /// The arguments of `label_replace` that put labels back where there is the moved service: those that a query names
    /// behind its selectors, then all that are lost.
    fn put_back(&self, query: &Query<'_>) -> Vec<Vec<String>> {
        let project = patterns::escaped(&self.moved.project);
        let uses = query.uses().into_iter().filter(|one| one.usage != Use::SelectorMatcher).map(|one| one.name);
        let uses: BTreeSet<String> = uses.collect();
        let mut values: BTreeMap<&str, BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
        for index in (0..self.moved.streams.before.len()).filter(|&index| self.moves(index) && !self.is_copy(index)) {
            for label in std::iter::once("job").chain(self.lost.iter().copied()) {
                let Some(old) = self.proof.value_today(index, label).filter(|old| !old.is_empty()) else { continue };
                let components = self.proof.image(index).filter_map(|to| self.proof.value_after(to, "component"));
                values.entry(label).or_default().entry(old).or_default().extend(components);
            }
        }
        let arguments = |is_asked: &dyn Fn(&str) -> bool| {
            let mut list: Vec<String> = Vec::new();
            for (label, all) in values.iter().filter(|(label, _)| is_asked(label)) {
                for (old, components) in all {
                    let names = || components.iter().map(|one| patterns::escaped(one)).collect::<Vec<_>>().join("|");
                    let single = all.len() == 1;
                    let (source, pattern) = if single { ("service", project.clone()) } else { ("component", names()) };
                    list.push([label, *old, source, &pattern].map(proof::quoted).join(", "));
                }
            }
            list
        };
        let mut all = vec![arguments(&|label| uses.contains(label)), arguments(&|_| true)];
        all.dedup();
        all.retain(|list| !list.is_empty());
        all
    }
}

fn change(span: Span, new: &str, id: ids::Id) -> Change {
    Change { span, new: new.to_owned(), id, labels: String::new() }
}

/// Whether what stands around an expression names the labels it leaves.
fn by_labels(query: &Query<'_>, id: ExprId) -> bool {
    query.expr(id).parent.and_then(|parent| query.grouping(parent)).is_none_or(|grouping| !grouping.without)
}

/// Every `without` leaves out what tells the components apart, too.
fn without(query: &Query<'_>) -> Option<Choice> {
    let mut choice = Choice::default();
    for (_, expr) in query.exprs() {
        let (ExprKind::RangeAggregation { grouping, .. } | ExprKind::VectorAggregation { grouping, .. }) = expr.kind
        else {
            continue;
        };
        let Some(grouping) = grouping.filter(|grouping| grouping.without) else { continue };
        let names = query.names(grouping.labels);
        if names.iter().any(|name| name.text == "job") {
            continue;
        }
        let more: Vec<&str> = ["component", "container"]
            .into_iter()
            .filter(|label| names.iter().all(|name| name.text != *label))
            .collect();
        let (at, lead) = names.last().map_or((grouping.span.end() - 1, ""), |last| (last.span.end(), ", "));
        if !more.is_empty() {
            choice.changes.push(change(Span::at(at), &format!("{lead}{}", more.join(", ")), ids::WITHOUT));
        }
    }
    (!choice.changes.is_empty()).then_some(choice)
}

/// What tells the components apart goes before anything reads the line.
fn dropped(query: &Query<'_>, ranges: &[(ExprId, Function, LogId)]) -> Choice {
    let mut choice = Choice { notes: vec![Remark { id: ids::MERGED, why: String::new() }], ..Choice::default() };
    for (_, _, log) in ranges {
        let log = query.log(*log);
        let stages = query.stages(log);
        let leads = |kind: &StageKind<'_>| matches!(kind, StageKind::LineFilter { .. } | StageKind::LabelFilter(_));
        let first = stages.iter().find(|stage| !leads(&stage.kind));
        choice.changes.push(match (first, log.range) {
            (Some(first), _) => change(Span::at(first.span.start()), &format!("| drop {APART} "), ids::MERGED),
            (None, Some(range)) => {
                let apart = query.text()[..range.start()].ends_with(' ');
                let lead = if apart { "" } else { " " };
                change(Span::at(range.start()), &format!("{lead}| drop {APART} "), ids::MERGED)
            }
            (None, None) => change(Span::at(log.span.end()), &format!(" | drop {APART}"), ids::MERGED),
        });
    }
    choice
}

/// Whether what stands around a range aggregation makes of the components what it made of the one stream.
fn gathered(query: &Query<'_>, id: ExprId, own: Function) -> bool {
    let parent = query.expr(id).parent.map(|parent| &query.expr(parent).kind);
    let Some(ExprKind::VectorAggregation { function, .. }) = parent else { return false };
    match function {
        Function::Sum => adds_up(own),
        Function::Max => own == Function::MaxOverTime,
        Function::Min => own == Function::MinOverTime,
        _ => false,
    }
}

/// Whether the values of the components add up to that of the service.
fn adds_up(function: Function) -> bool {
    use Function::{BytesOverTime, BytesRate, CountOverTime, Rate, SumOverTime};
    matches!(function, Rate | CountOverTime | BytesRate | BytesOverTime | SumOverTime)
}
