//! What is put around a range aggregation: one series stays one, and a recorded metric keeps its `job`.
//!
//! Knows: which aggregations add up over the components of a service, label-surface 1.5 U7. Must not know: how labels
//! are named in the rest of the query.

use std::collections::BTreeSet;

use super::result::keeps;
use super::{Flow, Log, Work, ids};
use crate::patterns;
use crate::proof::{self, Condition, Op};
use crate::rewrite::How;
use crate::syntax::logql::{BinaryOp, ExprId, ExprKind, Function, Grouping, LogId, Query, Stage, StageKind, Use};
use crate::text::Span;

/// Labels that moved streams have and their old ones did not.
pub(in crate::rewrite::queries) const NEW: [&str; 3] = ["service", "component", "container"];

/// Labels that say whose lines they are.
const OWN: [&str; 3] = ["job", "service", "service_name"];

/// A range aggregation.
#[derive(Clone, Copy)]
struct Range {
    id: ExprId,
    function: Function,
    log: LogId,
    grouping: Option<Grouping>,
}

impl<'m> Work<'_, '_, 'm> {
    pub(super) fn wraps(&mut self) {
        let query = self.query;
        for (id, expr) in query.exprs() {
            match &expr.kind {
                ExprKind::RangeAggregation { function, log, grouping } => {
                    self.wrap(Range { id, function: *function, log: *log, grouping: *grouping });
                    self.without(id, *grouping);
                }
                ExprKind::VectorAggregation { grouping, .. } => self.without(id, *grouping),
                _ => {}
            }
        }
    }

    fn wrap(&mut self, range: Range) {
        let Some(log) = self.logs.get(&range.log) else { return };
        if range.function == Function::AbsentOverTime {
            return self.absent(range);
        }
        // What selects over the whole host shows each stream by itself, as it did.
        let wide = log.how.is_none() && (log.flow != Flow::Moved || self.result.changes.is_empty());
        if !matches!(log.flow, Flow::Moved | Flow::Mixed) || wide {
            return;
        }
        let apart = log.called.as_ref().is_some_and(|called| !called.together);
        if apart && !self.gathered_by_labels(&range) {
            return self.doubt(ids::FANS_OUT, "");
        }
        let splits = self.before.splits(&log.old);
        let mut fans_out = splits && range.grouping.is_none() && !gathered(self.query, range.id, range.function);
        let restores = self.restores && self.kept(range.log);
        if fans_out && self.before.parts(&log.old) {
            return self.doubt(ids::FANS_OUT, "");
        }
        // A stream that stays and one that moves may be told apart by what is dropped here.
        let drops = |stage: &Stage<'_>| matches!(stage.kind, StageKind::Drop(_));
        if self.stays_beside(log) && self.query.stages(self.query.log(range.log)).iter().any(drops) {
            return self.doubt(ids::FANS_OUT, "");
        }
        if (fans_out || restores) && log.flow == Flow::Mixed && self.blurred(range.log) {
            return self.doubt(ids::COLLISION, "component");
        }
        if fans_out && !adds_up(range.function) && !groups_itself(range.function) {
            if !self.joins_lines(range.log) {
                return self.doubt(ids::FANS_OUT, "");
            }
            fans_out = false;
        }
        if restores {
            return self.restore(&range, fans_out);
        }
        if !fans_out {
            return;
        }
        let span = self.query.expr(range.id).span;
        let grouping = self.old_labels(range.log);
        if adds_up(range.function) {
            self.change(Span::at(span.start()), format!("sum {grouping} ("), ids::MERGED);
            self.change(Span::at(span.end()), ")", ids::MERGED);
        } else {
            self.change(Span::at(span.end()), format!(" {grouping}"), ids::MERGED);
        }
        self.note(ids::MERGED, "");
    }

    /// Takes away what tells the components apart before anything reads the line, for what neither adds up nor takes a
    /// grouping of its own (`rate_counter`). Not where the query or a stream of today has such a label, or a stage is not
    /// known.
    fn joins_lines(&mut self, id: LogId) -> bool {
        let Some(log) = self.logs.get(&id).filter(|log| log.flow == Flow::Moved && !log.filtered) else { return false };
        let stages = self.query.stages(self.query.log(id));
        let own = self.before.labels(&log.old);
        let reads = |label: &&str| {
            let named = |name: &str| name.strip_suffix("_extracted").unwrap_or(name) == *label;
            own.contains(label) || self.uses.iter().any(|one| one.usage != Use::SelectorMatcher && named(&one.name))
        };
        let unknown = stages.iter().any(|stage| matches!(stage.kind, StageKind::Placeholder));
        let first = stages.iter().find(|stage| !matches!(stage.kind, StageKind::LineFilter { .. }));
        let Some(first) = first.filter(|_| !unknown && !NEW[1..].iter().any(reads)) else { return false };
        self.change(Span::at(first.span.start()), format!("| drop {} ", NEW[1..].join(", ")), ids::MERGED);
        self.note(ids::MERGED, "");
        true
    }

    /// The labels of an absence are those its selector asks for with `=`, whatever lines there are and come through.
    fn absent(&mut self, range: Range) {
        let Some(log) = self.logs.get(&range.log) else { return };
        if log.entering == Flow::Still || log.how.is_none() {
            return;
        }
        let (mut read, mut matched) = (false, false);
        for above in self.query.above(range.log).skip(1) {
            match self.query.expr(above).kind {
                ExprKind::Binary { op, left, right, .. } => {
                    let number = |id: ExprId| matches!(self.query.expr(id).kind, ExprKind::Number);
                    read |= !number(left) && !number(right);
                    matched |= op != BinaryOp::Or && self.query.feeding(above).len() > 1;
                }
                ExprKind::VectorAggregation { .. } | ExprKind::LabelReplace { .. } => read = true,
                _ => {}
            }
        }
        // One label more or less than that which says whose lines they are.
        let asked = |condition: &Condition| -> BTreeSet<String> {
            let equal = condition.matchers().into_iter().filter(|one| one.op == Op::Equal);
            equal.map(|one| if OWN.contains(&one.label.as_str()) { "job".into() } else { one.label.clone() }).collect()
        };
        let others = log.how == Some(How::Filter) || log.flow != log.entering || asked(&log.old) != asked(&log.new);
        if self.around.records || read && others || matched {
            return self.doubt(ids::ABSENT, "");
        }
        self.note(ids::ABSENT, "");
    }

    /// Jobs of the streams that move and satisfy `condition`.
    pub(super) fn moving_jobs(&self, condition: &Condition) -> Vec<&'m str> {
        let moving = self.before.today(condition).into_iter().filter(|&index| self.before.moves(index));
        let mut jobs: Vec<&str> =
            moving.map(|index| self.before.proof.value_today(index, "job").unwrap_or_default()).collect();
        jobs.sort_unstable();
        jobs.dedup();
        jobs
    }

    /// Puts `job` back as it was, and takes away what the moved streams have beside it.
    fn restore(&mut self, range: &Range, fans_out: bool) {
        let Some(log) = self.logs.get(&range.log) else { return };
        let [job] = self.moving_jobs(&log.old)[..] else { return self.doubt(ids::RECORD, "") };
        // `job` is put back where there is a `service`.
        let grouped = range.grouping.is_some_and(|grouping| !grouping.without);
        let there = log.called.as_ref().is_some_and(|called| called.names.contains(&"service"));
        if (grouped || self.keeps(range.log)) && !there {
            return self.doubt(ids::RECORD, "");
        }
        // Streams that stay may have a `service` of their own.
        let mut stay = self.before.today(&log.old).into_iter().filter(|&index| !self.before.moves(index));
        let any = stay.all(|index| self.before.proof.value_today(index, "service") == Some(""));
        let project = patterns::escaped(&self.before.moved.project);
        let of = if any { ".+".to_owned() } else { project };
        let by = matches!(
            self.query.expr(range.id).parent.map(|parent| &self.query.expr(parent).kind),
            Some(ExprKind::VectorAggregation { function, grouping, .. })
                if !keeps(*function) && grouping.is_none_or(|grouping| !grouping.without)
        );
        let own = if fans_out && groups_itself(range.function) {
            format!(" without ({})", self.fresh(range.log, 1).join(", "))
        } else {
            String::new()
        };
        let (job, of) = (proof::quoted(job), proof::quoted(&of));
        let (mut head, mut tail) = ("label_replace(".to_owned(), format!("{own}, \"job\", {job}, \"service\", {of})"));
        if !by || fans_out {
            let outer = if adds_up(range.function) { "sum" } else { "max" };
            let grouping = self.grouping_by(range.log, &["job"]);
            let grouping = grouping.unwrap_or_else(|| format!("without ({})", self.fresh(range.log, 0).join(", ")));
            head = format!("{outer} {grouping} ({head}");
            tail.push(')');
        }
        let span = self.query.expr(range.id).span;
        self.change(Span::at(span.start()), head, ids::RESTORED);
        self.change(Span::at(span.end()), tail, ids::RESTORED);
        self.note(ids::RESTORED, "");
    }

    /// A part of the query over a whole host tells its streams apart as they are called: beside a part that is rewritten,
    /// it does not give what it gave before.
    pub(super) fn host_wide(&mut self) {
        let query = self.query;
        if !self.logs.values().any(|log| log.how.is_some()) {
            return;
        }
        if self.logs.values().any(|log| log.gains) {
            self.doubt(ids::GAINS, "");
        }
        for (id, expr) in query.exprs() {
            let ExprKind::RangeAggregation { function, log, grouping } = expr.kind else { continue };
            let wide = self.logs.get(&log).is_some_and(|log| {
                log.how.is_none() && log.flow == Flow::Mixed && function != Function::AbsentOverTime
            });
            let range = Range { id, function, log, grouping };
            if wide && grouping.is_none_or(|grouping| grouping.without) && !self.gathered_by_labels(&range) {
                self.doubt(ids::FANS_OUT, "");
            }
        }
    }

    /// Whether a sum stands directly around a range aggregation, by labels the move leaves alone.
    fn gathered_by_labels(&self, range: &Range) -> bool {
        let parent = self.query.expr(range.id).parent.map(|parent| &self.query.expr(parent).kind);
        let names = self.logs.get(&range.log).is_none_or(|log| self.before.name_tells(&log.old));
        let new = |grouping: &Grouping| {
            let moves = |name: &str| NEW.contains(&name) || name == "service_name" && !names;
            self.query.names(grouping.labels).iter().any(|name| moves(name.text))
        };
        let by = matches!(parent, Some(ExprKind::VectorAggregation { grouping, .. })
            if grouping.is_none_or(|grouping| !grouping.without && !new(&grouping)));
        by && gathered(self.query, range.id, range.function)
    }

    /// Whether streams that stay may have a label that only the moved ones are to lose.
    pub(super) fn blurred(&self, id: LogId) -> bool {
        let Some(log) = self.logs.get(&id) else { return true };
        let has = |index: usize, label: &str| self.before.proof.value_today(index, label) != Some("");
        let mut stay = self.before.today(&log.old).into_iter().filter(|&index| !self.before.moves(index));
        self.parses(id, usize::MAX) || stay.any(|index| NEW[1..].iter().any(|label| has(index, label)))
    }

    /// Whether streams of one job both stay and move.
    fn stays_beside(&self, log: &Log) -> bool {
        log.flow == Flow::Mixed && !self.before.each_by_one(&log.old)
    }

    /// A grouping that leaves the series as they were told apart before.
    fn old_labels(&self, id: LogId) -> String {
        let called = self.logs.get(&id).and_then(|log| log.called.as_ref());
        let by = called.and_then(|called| self.grouping_by(id, &called.names));
        by.unwrap_or_else(|| format!("without ({})", self.fresh(id, 1).join(", ")))
    }

    /// Whether two operands with lines of their own are matched somewhere.
    fn operands_differ(&self) -> bool {
        self.query.logs().count() > 1
    }

    /// Labels that lines have beside the project once they have moved; behind a parser only those that are really set,
    /// as a field of the line may be called like the others. The first `skip` of them are left out.
    pub(super) fn fresh(&self, id: LogId, skip: usize) -> Vec<&'static str> {
        self.fresh_of(&[id], skip)
    }

    /// The same for several log queries that come together: behind the parser of one, all are told apart by its fields.
    pub(super) fn fresh_of(&self, ids: &[LogId], skip: usize) -> Vec<&'static str> {
        let logs = || ids.iter().filter_map(|id| self.logs.get(id));
        let set = |label: &&str| logs().any(|log| self.before.takes(&log.old, label));
        let parses = ids.iter().any(|id| self.parses(*id, usize::MAX));
        NEW.into_iter().skip(skip).filter(|label| !parses || set(label)).collect()
    }

    /// A grouping by the labels of the old streams, with these in the place of `job`; `None` when there may be others.
    fn grouping_by(&self, id: LogId, called: &[&str]) -> Option<String> {
        let log = self.logs.get(&id)?;
        let stages = self.query.stages(self.query.log(id));
        let other_labels = self.parses(id, usize::MAX)
            || stages.iter().any(|stage| {
                use StageKind::{Drop, Keep, LabelFormat, Placeholder};
                matches!(stage.kind, LabelFormat(_) | Keep(_) | Drop(_) | Placeholder)
            });
        let matched = self.query.above(id).any(|above| matches!(self.query.expr(above).kind, ExprKind::Binary { .. }));
        let mut above = self.query.above(id).filter_map(|above| self.query.grouping(above));
        if above.any(|grouping| self.groups_by_both(&grouping)) {
            return None;
        }
        if log.flow != Flow::Moved || other_labels || matched && !self.restores && self.operands_differ() {
            return None;
        }
        let own = self.before.labels(&log.old);
        let mut labels: Vec<&str> = own.into_iter().filter(|label| *label != "job").chain(called.to_vec()).collect();
        // A grouping that leaves out some labels keeps it, and there it may be all that names the service.
        let mut above = self.query.above(id).filter_map(|above| self.query.grouping(above));
        let keeps = above.any(|grouping| grouping.without);
        let spoken =
            || keeps || self.uses.iter().any(|one| one.name == "service_name" && one.usage != Use::SelectorMatcher);
        if self.before.has_names() || self.before.may_have_names() && (self.restores || spoken()) {
            labels.push("service_name");
        }
        labels.sort_unstable();
        labels.dedup();
        Some(format!("by ({})", labels.join(", ")))
    }

    /// A `without` that does not name `job` keeps the components apart, unless it names them.
    fn without(&mut self, id: ExprId, grouping: Option<Grouping>) {
        let Some(grouping) = grouping.filter(|grouping| grouping.without) else { return };
        let names = self.query.names(grouping.labels);
        let fans_out = |id: &LogId| {
            self.logs.get(id).is_some_and(|log| {
                matches!(log.flow, Flow::Moved | Flow::Mixed) && log.how.is_some() && self.before.splits(&log.old)
            })
        };
        let all = self.query.feeding(id);
        let feeding: Vec<LogId> = all.iter().copied().filter(fans_out).collect();
        let has = |label: &str| names.iter().any(|name| name.text == label);
        let mut logs = all.iter().filter_map(|id| self.logs.get(id)).filter(|log| log.how.is_some());
        if names.iter().any(|name| name.text != "job" && !NEW.contains(&name.text))
            && logs.any(|log| self.stays_beside(log))
        {
            self.doubt(ids::FANS_OUT, "");
        }
        // Where it names `job`, that has been seen to, unless the label had been given away before.
        let seen = has("job") && (self.brings_job(id) || all.iter().any(|log| self.nameless(*log)));
        if feeding.is_empty() || self.restores || seen {
            return;
        }
        if feeding.iter().filter_map(|id| self.logs.get(id)).any(|log| self.before.parts(&log.old)) {
            self.doubt(ids::FANS_OUT, "");
        }
        let mixed = |id: &LogId| self.logs.get(id).is_some_and(|log| log.flow == Flow::Mixed) && self.blurred(*id);
        if feeding.iter().any(mixed) || feeding.len() != all.len() {
            self.doubt(ids::COLLISION, "component");
        }
        let mut fresh: Vec<&str> = NEW[1..].to_vec();
        // A field of that name is called otherwise afterwards, so what names it names the label no longer.
        let parsed = all.iter().any(|log| self.parses(*log, usize::MAX));
        let named = |label: &str| has(label) && !parsed;
        let set = self.fresh_of(&feeding, 1);
        fresh.retain(|label| !named(label) && set.contains(label));
        if fresh.is_empty() {
            return;
        }
        let (at, new) = match names.last() {
            Some(last) => (last.span.end(), format!(", {}", fresh.join(", "))),
            None => (grouping.span.end() - 1, fresh.join(", ")),
        };
        self.change(Span::at(at), new, ids::WITHOUT);
    }
}

/// Whether what stands around a range aggregation makes of the components what it made of the one stream.
pub(in crate::rewrite::queries) fn gathered(query: &Query<'_>, id: ExprId, own: Function) -> bool {
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
pub(in crate::rewrite::queries) fn adds_up(function: Function) -> bool {
    use Function::{BytesOverTime, BytesRate, CountOverTime, Rate, SumOverTime};
    matches!(function, Rate | CountOverTime | BytesRate | BytesOverTime | SumOverTime)
}

/// Whether Loki lets the aggregation have a grouping of its own, which joins the lines before anything is computed.
fn groups_itself(function: Function) -> bool {
    use Function::{
        AvgOverTime, FirstOverTime, LastOverTime, MaxOverTime, MinOverTime, QuantileOverTime, StddevOverTime,
        StdvarOverTime,
    };
    matches!(
        function,
        AvgOverTime
            | FirstOverTime
            | LastOverTime
            | MaxOverTime
            | MinOverTime
            | QuantileOverTime
            | StddevOverTime
            | StdvarOverTime
    )
}
