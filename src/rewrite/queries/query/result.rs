//! What a query returns: the labels of its series before and after.
//!
//! Knows: aggregations and what passes through them. Must not know: how anything is rewritten.

use super::{Analysis, Flow, Rename, Work, ids};
use crate::proof;
use crate::syntax::logql::{ExprId, ExprKind, Function, Grouping, LogId, StageKind};

impl Work<'_, '_, '_> {
    pub(super) fn notes(&mut self) {
        let query = self.query;
        for (id, _) in query.logs().filter(|(id, _)| self.logs.get(id).is_some_and(|log| log.rewritten)) {
            let mut metric = false;
            let mut absent = false;
            let mut gathered = false;
            for expr in query.above(id) {
                match &query.expr(expr).kind {
                    ExprKind::RangeAggregation { function, grouping, .. } => {
                        metric = true;
                        absent |= *function == Function::AbsentOverTime;
                        gathered |= grouping.is_some_and(|grouping| !grouping.without);
                    }
                    ExprKind::VectorAggregation { function, grouping, .. } => {
                        use Function::{ApproxTopk, Bottomk, Sort, SortDesc, Topk};
                        let keeps = [Topk, Bottomk, ApproxTopk, Sort, SortDesc].contains(function);
                        gathered |=
                            !keeps && grouping.is_none_or(|grouping| !grouping.without || self.ungrouped(&grouping));
                    }
                    _ => {}
                }
            }
            if absent {
                self.result.notes.push(ids::ABSENT);
            } else if metric && !gathered {
                self.result.notes.push(ids::FANS_OUT);
            }
        }
        self.result.notes.dedup();
    }

    /// Whether a `without` takes away what the moved streams are told apart by.
    fn ungrouped(&self, grouping: &Grouping) -> bool {
        self.query.names(grouping.labels).iter().any(|name| matches!(name.text, "job" | "container"))
    }

    pub(super) fn finish(mut self) -> Analysis {
        self.result.changes.sort_by_key(|change| (change.span.start(), change.span.end()));
        let mut done = 0;
        self.result.changes.retain(|change| {
            let keep = change.span.start() >= done;
            done = done.max(change.span.end());
            keep
        });
        if self.carries(self.query.root()) {
            self.result.renames.push(Rename { old: "job", new: vec!["service"] });
        }
        let streams = &self.before.moved.streams;
        let mut sides = (Vec::new(), Vec::new());
        for log in self.logs.values() {
            for (side, list, matchers) in
                [(&mut sides.0, &streams.before, &log.old), (&mut sides.1, &streams.after, &log.new)]
            {
                if self.result.changes.is_empty() && self.result.doubts.is_empty() {
                    continue;
                }
                let found = proof::selected(list, matchers).unwrap_or_default();
                side.extend(found.into_iter().filter_map(|index| list.get(index)).map(proof::stream));
            }
        }
        for side in [&mut sides.0, &mut sides.1] {
            side.sort();
            side.dedup();
        }
        self.result.streams = sides;
        self.result
    }

    /// Whether the result of an expression has the label `job` of streams that move. Nesting is bounded by the reader.
    fn carries(&self, id: ExprId) -> bool {
        match &self.query.expr(id).kind {
            ExprKind::Log(log) | ExprKind::Variants { log, .. } => self.kept(*log),
            ExprKind::RangeAggregation { log, grouping, .. } => {
                self.kept(*log) && grouping.is_none_or(|grouping| self.passes(&grouping))
            }
            ExprKind::VectorAggregation { function, operand, grouping } => {
                use Function::{ApproxTopk, Bottomk, Sort, SortDesc, Topk};
                let keeps = [Topk, Bottomk, ApproxTopk, Sort, SortDesc].contains(function);
                self.carries(*operand) && (keeps || grouping.is_some_and(|grouping| self.passes(&grouping)))
            }
            ExprKind::Binary { left, right, .. } => self.carries(*left) || self.carries(*right),
            ExprKind::LabelReplace { operand, texts } => texts[0].value != "job" && self.carries(*operand),
            ExprKind::Vector | ExprKind::Number | ExprKind::Placeholder => false,
        }
    }

    fn kept(&self, log: LogId) -> bool {
        let made = self.query.stages(self.query.log(log)).iter().any(|stage| {
            matches!(&stage.kind, StageKind::LabelFormat(list)
                if self.query.formats(*list).iter().any(|item| item.destination.text == "job"))
        });
        !made && self.logs.get(&log).is_some_and(|log| log.flow != Flow::Still)
    }

    fn passes(&self, grouping: &Grouping) -> bool {
        self.query.names(grouping.labels).iter().any(|name| name.text == "job") != grouping.without
    }
}
