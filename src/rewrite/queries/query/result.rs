//! What a query returns: what its labels are called before and after.
//!
//! Knows: aggregations and what passes through them. Must not know: how anything is rewritten.

use std::collections::BTreeSet;

use super::{Analysis, Flow, Log, Rename, Work, ids};
use crate::proof::Condition;
use crate::rewrite::How;
use crate::syntax::logql::{BinaryOp, ExprId, ExprKind, Function, Grouping, LogId, Owner, Use};

/// What `job` is called on the series of an expression afterwards; empty where they do not carry it.
type Carried = BTreeSet<Vec<&'static str>>;

impl Work<'_, '_, '_> {
    /// Decides what `job` is called afterwards: one name for the whole query where there is one.
    pub(super) fn call(&mut self) {
        let before = self.before;
        let moving = || self.logs.values().filter(|log| log.flow != Flow::Still);
        let plain = moving().all(|log| log.flow == Flow::Moved && matches!(log.how, None | Some(How::Swap)));
        let bridged = moving().all(|log| log.flow == Flow::Moved || log.how.is_some());
        let spoken = self.uses.iter().any(|one| one.name == "service_name" && one.usage != Use::SelectorMatcher);
        let named = bridged && !spoken && moving().all(|log| before.derived(&log.old).is_some());
        // What goes on in part under its old labels, and was left as it is, has no one name.
        if !plain && !named && moving().all(|log| log.flow != Flow::Moved && log.how.is_none()) {
            return;
        }
        // Two jobs that become one service are told apart no longer, also where they are read side by side.
        let mut conditions: Vec<Condition> = moving().map(|log| log.old.clone()).collect();
        let all = if conditions.len() == 1 { conditions.remove(0) } else { Condition::Any(conditions) };
        let (by_service, by_name, by_either) = (before.service(&all), before.derived(&all), before.either(&all));
        let (plain, named) = (plain && by_service.is_some(), named && by_name.is_some());
        let merged = by_service.is_none() && by_either.is_none();
        for log in self.logs.values_mut().filter(|log| log.flow != Flow::Still) {
            if merged && by_name.is_none() {
                continue;
            }
            log.called = match log.flow {
                _ if plain => before.service(&log.old),
                _ if named => before.derived(&log.old),
                Flow::Moved if !matches!(log.how, Some(How::Name | How::Filter)) => before.service(&log.old),
                Flow::Moved | Flow::Mixed if log.how.is_some() => before.either(&log.old),
                _ => None,
            };
        }
    }

    pub(super) fn finish(mut self) -> Analysis {
        self.result.sort();
        let mut done = 0;
        // A proposal is the closest there is; what is to be written has to fit together, or the plan refuses it.
        let proposed = !self.result.doubts.is_empty();
        self.result.changes.retain(|change| {
            let keep = !proposed || change.span.start() >= done;
            done = done.max(change.span.end());
            keep
        });
        if self.result.concerned() {
            self.renames();
            self.rendered();
            self.result.lost = self.loses_of_result();
        }
        self.result
    }

    fn renames(&mut self) {
        let root = self.query.root();
        let mut new: Vec<&'static str> = self.carried(root).into_iter().flatten().collect();
        // As a person reads them: what stays first.
        new.sort_by_key(|name| (*name != "job", *name));
        new.dedup();
        if !new.is_empty() && new != ["job"] {
            self.result.renames.push(Rename { old: "job", new });
        }
        let fields = [
            ("service", "service_extracted"),
            ("component", "component_extracted"),
            ("container", "container_extracted"),
            ("job_extracted", "job"),
        ];
        for (old, new) in fields {
            if self.field(root, old) {
                self.result.renames.push(Rename { old, new: vec![new] });
            }
        }
    }

    /// Renders the streams that are selected today and afterwards.
    fn rendered(&mut self) {
        self.result.streams = self.before.proof.shown(self.logs.values().map(|log| (&log.old, &log.new)));
    }

    /// Whether the result has the label `job` of streams that move.
    pub(super) fn carries_job(&self) -> bool {
        let names = self.carried(self.query.root());
        names.iter().any(|names| names[..] != ["job"])
    }

    /// Operands that are matched label by label have to call their labels alike (label-surface 1.4).
    pub(super) fn matching(&mut self) {
        let query = self.query;
        for (_, expr) in query.exprs() {
            let ExprKind::Binary { op, matching, left, right } = &expr.kind else { continue };
            let labels = matching.as_ref().and_then(|matching| matching.labels);
            let on = labels.is_some_and(|labels| labels.first);
            let names_job =
                labels.is_some_and(|labels| query.names(labels.labels).iter().any(|name| name.text == "job"));
            if self.restores || on && !names_job {
                continue;
            }
            let beside = self.keeps_beside(*left) || self.keeps_beside(*right);
            // What one side has beside the project, the other has not.
            let moves = |id: &ExprId| self.flow(Owner::Expr(*id)) != Flow::Still;
            let apart = moves(left) && moves(right) && self.spreads(*left) != self.spreads(*right);
            let meets = self.comes_to_meet(*left, *right) || self.comes_to_meet(*right, *left);
            if *op == BinaryOp::Or {
                if beside || meets || !on && names_job && apart {
                    self.doubt(ids::MATCHING, "");
                }
                continue;
            }
            let spreads = !on && apart || beside;
            let by_both = self.told_by_both(*left) || self.told_by_both(*right);
            let (left, right) = (self.carried(*left), self.carried(*right));
            // A label that is matched on has one name, which both sides must have; who groups by both has `service`, too.
            let service: Carried = [vec!["service"]].into();
            let fits = left == right || by_both && (left == service || right == service);
            let both = !left.is_empty() && !right.is_empty();
            if spreads || meets || both && (if names_job { !fits } else { left != right || left.len() > 1 }) {
                self.doubt(ids::MATCHING, "");
            }
        }
    }

    /// Whether a label comes in the place of `job` on one side alone, and series of the other have one that may be equal.
    fn comes_to_meet(&self, id: ExprId, other: ExprId) -> bool {
        let carried = self.carried(id);
        let mut names = carried.iter().flatten().filter(|name| **name != "job");
        self.carried(other).is_empty() && names.any(|name| self.hands_on(other, name) && self.share(id, other, name))
    }

    /// Whether streams of both sides have the same value of a label afterwards, or that cannot be told.
    fn share(&self, id: ExprId, other: ExprId, label: &str) -> bool {
        let proof = &self.before.proof;
        let values = |id: ExprId| -> Option<BTreeSet<&str>> {
            let logs = self.query.feeding(id).into_iter().filter_map(|log| self.logs.get(&log));
            let streams = logs.map(|log| proof.after(&log.new).ok()).collect::<Option<Vec<_>>>()?;
            streams.concat().into_iter().map(|to| proof.value_after(to, label)).collect()
        };
        let made = self.query.feeding(other).into_iter().any(|log| {
            let owner = self.query.expr(other).parent.unwrap_or(other);
            self.replaced_by(log, owner, label)
        });
        let (Some(own), Some(others), false) = (values(id), values(other), made) else { return true };
        own.iter().any(|value| !value.is_empty() && others.contains(value))
    }

    /// Whether the series of an expression have a label, as far as groupings tell.
    fn hands_on(&self, id: ExprId, label: &str) -> bool {
        match &self.query.expr(id).kind {
            ExprKind::RangeAggregation { log, grouping, .. } => {
                !self.keeps(*log) && self.passes(grouping.as_ref(), label, true)
            }
            ExprKind::VectorAggregation { function, operand, grouping } => {
                (keeps(*function) || self.passes(grouping.as_ref(), label, false)) && self.hands_on(*operand, label)
            }
            ExprKind::Binary { .. } => self.handed_on(id).into_iter().any(|operand| self.hands_on(operand, label)),
            ExprKind::LabelReplace { operand, texts } => texts[0].value == label || self.hands_on(*operand, label),
            _ => false,
        }
    }

    /// Whether an expression groups by `job` and by `service`.
    fn told_by_both(&self, id: ExprId) -> bool {
        match &self.query.expr(id).kind {
            ExprKind::RangeAggregation { grouping: Some(grouping), .. }
            | ExprKind::VectorAggregation { grouping: Some(grouping), .. } => self.groups_by_both(grouping),
            _ => false,
        }
    }

    /// Whether a `label_replace` in an expression writes `job` where a label of the stream was: its new one stays. Or it
    /// writes that new one, which is lost.
    fn keeps_beside(&self, id: ExprId) -> bool {
        let written = matches!(&self.query.expr(id).kind, ExprKind::LabelReplace { operand, texts }
            if self.flow(Owner::Expr(*operand)) != Flow::Still
                && self.carried(*operand).iter().any(|names| texts[0].value == "job" || names.contains(&&*texts[0].value)));
        written || self.query.operands(id).into_iter().any(|operand| self.keeps_beside(operand))
    }

    /// Whether the series of an expression carry what moved streams have beside their project.
    fn spreads(&self, id: ExprId) -> bool {
        let without_job = |grouping: &Grouping| {
            grouping.without && !self.query.names(grouping.labels).iter().any(|name| name.text == "job")
        };
        match &self.query.expr(id).kind {
            ExprKind::RangeAggregation { log: id, grouping, .. } => self.logs.get(id).is_some_and(|log| {
                // Where there are several, they are put together.
                let own = log.flow != Flow::Still && !self.before.splits(&log.old);
                own && grouping.as_ref().is_none_or(without_job) && !self.nameless(*id)
            }),
            ExprKind::VectorAggregation { function, operand, grouping } => {
                (keeps(*function) || grouping.as_ref().is_some_and(without_job)) && self.spreads(*operand)
            }
            ExprKind::Binary { .. } => self.handed_on(id).into_iter().any(|operand| self.spreads(operand)),
            _ => self.query.operands(id).into_iter().any(|operand| self.spreads(operand)),
        }
    }

    /// A recorded metric goes on without its `job` where the selector of what moves is left as it is.
    pub(super) fn recorded(&mut self) {
        let loses = |log: &Log| log.flow != Flow::Still && log.how.is_none();
        if self.restores && self.result.doubts.is_empty() && self.logs.values().any(loses) {
            self.doubt(ids::RECORD, "");
        }
    }

    /// What `job` is called on the series of an expression. Nesting is bounded by the reader.
    pub(super) fn carried(&self, id: ExprId) -> Carried {
        match &self.query.expr(id).kind {
            // Told apart by both already: what reads one of them reads the other as well.
            ExprKind::RangeAggregation { grouping: Some(grouping), .. }
            | ExprKind::VectorAggregation { grouping: Some(grouping), .. }
                if self.groups_by_both(grouping) && !self.reads_fields(id) =>
            {
                [vec!["job"]].into()
            }
            ExprKind::Log(log) | ExprKind::Variants { log, .. } => self.of_log(*log),
            ExprKind::RangeAggregation { log, grouping, .. } if self.passes(grouping.as_ref(), "job", true) => {
                self.of_log(*log)
            }
            ExprKind::VectorAggregation { function, operand, grouping }
                if keeps(*function) || self.passes(grouping.as_ref(), "job", false) =>
            {
                self.carried(*operand)
            }
            ExprKind::Binary { .. } => self.handed_on(id).into_iter().flat_map(|one| self.carried(one)).collect(),
            ExprKind::LabelReplace { operand, texts } if texts[0].value != "job" => self.carried(*operand),
            _ => Carried::new(),
        }
    }

    /// The operands whose labels a binary operation may hand on (`resultMetric` in Loki's `pkg/logql/evaluator.go`).
    fn handed_on(&self, id: ExprId) -> Vec<ExprId> {
        let ExprKind::Binary { op, matching, left, right } = &self.query.expr(id).kind else { return Vec::new() };
        let number = |id: &ExprId| matches!(self.query.expr(*id).kind, ExprKind::Number);
        let groups = matching.as_ref().is_some_and(|matching| matching.group.is_some());
        match op {
            BinaryOp::And | BinaryOp::Unless => vec![*left],
            BinaryOp::Or => vec![*left, *right],
            _ if groups || number(left) || number(right) => vec![*left, *right],
            _ => vec![*left],
        }
    }

    /// Whether labels made from the line come to an expression.
    fn reads_fields(&self, id: ExprId) -> bool {
        self.query.feeding(id).into_iter().any(|log| self.parses(log, usize::MAX))
    }

    fn of_log(&self, id: LogId) -> Carried {
        let Some(log) = self.logs.get(&id).filter(|_| self.kept(id)) else { return Carried::new() };
        match &log.called {
            // What is not certain is left with a doubt; its legend would read `service`.
            None if log.flow != Flow::Still => [vec!["service"]].into(),
            Some(called) if !self.restores => [called.names.clone()].into(),
            _ => [vec!["job"]].into(),
        }
    }

    /// Whether the series of an expression carry a field of the line whose name changes with the move.
    fn field(&self, id: ExprId, name: &str) -> bool {
        match &self.query.expr(id).kind {
            ExprKind::Log(log) => self.makes(*log, name),
            ExprKind::RangeAggregation { log, grouping, .. } => {
                self.passes(grouping.as_ref(), name, true) && self.makes(*log, name)
            }
            ExprKind::VectorAggregation { function, operand, grouping } => {
                (keeps(*function) || self.passes(grouping.as_ref(), name, false)) && self.field(*operand, name)
            }
            ExprKind::Binary { left, right, .. } => self.field(*left, name) || self.field(*right, name),
            ExprKind::LabelReplace { operand, .. } => self.field(*operand, name),
            _ => false,
        }
    }

    fn makes(&self, id: LogId, name: &str) -> bool {
        let Some(log) = self.logs.get(&id).filter(|log| log.flow == Flow::Moved) else { return false };
        let taken = if name == "job_extracted" { "job" } else { name };
        self.parses(id, usize::MAX) && (taken == "job" || self.before.takes(&log.old, taken))
    }

    /// Whether a label passes a grouping; `none`: whether it passes where there is none.
    pub(super) fn passes(&self, grouping: Option<&Grouping>, name: &str, none: bool) -> bool {
        let Some(grouping) = grouping else { return none };
        self.query.names(grouping.labels).iter().any(|label| label.text == name) != grouping.without
    }
}

/// Whether an aggregation keeps all labels of the series it picks.
pub(in crate::rewrite::queries) fn keeps(function: Function) -> bool {
    use Function::{ApproxTopk, Bottomk, Sort, SortDesc, Topk};
    matches!(function, Topk | Bottomk | ApproxTopk | Sort | SortDesc)
}
