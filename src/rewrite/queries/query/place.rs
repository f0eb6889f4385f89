//! What comes to a place of a query: which streams, with which labels, and what the query has made of them by then.
//!
//! Knows: stages and aggregations that take labels away, set them or read them from the line. Must not know: what follows
//! from it for a use of a label (`uses`) or for the result (`result`).

use super::result::keeps;
use super::{Flow, Log, Work};
use crate::proof::Condition;
use crate::rewrite::queries::streams::Called;
use crate::syntax::logql::{ExprId, ExprKind, FormatSource, Grouping, LogId, Mention, Owner, StageKind, Text, Use};

/// In which of the log queries that come to a place the query makes a label itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    Nowhere,
    Partly,
    Everywhere,
}

impl Work<'_, '_, '_> {
    pub(super) fn feeding(&self, owner: Owner) -> Vec<LogId> {
        match owner {
            Owner::Log(id) => vec![id],
            Owner::Expr(id) => self.query.feeding(id),
        }
    }

    /// What the selectors and label filters below an expression ask today.
    pub(super) fn feeds(&self, id: ExprId) -> Condition {
        let logs = self.query.feeding(id).into_iter().filter_map(|log| self.logs.get(&log));
        Condition::Any(logs.map(|log| log.old.clone()).collect())
    }

    /// The streams that come by at this part of the query; at a stage, before any label filter.
    pub(super) fn flow(&self, owner: Owner) -> Flow {
        if let Owner::Log(id) = owner {
            return self.logs.get(&id).map_or(Flow::Still, |log| match log.flow {
                Flow::Still => log.entering,
                flow => flow,
            });
        }
        let flows = self.feeding(owner).into_iter().filter_map(|id| self.logs.get(&id)).map(|log| log.flow);
        flows.reduce(Flow::join).unwrap_or(Flow::Still)
    }

    /// What `job` is called at this part of the query: the same for all log queries that come to it.
    pub(super) fn called(&self, owner: Owner) -> Option<Called> {
        let ids = self.feeding(owner);
        let logs = ids.iter().filter_map(|id| self.logs.get(id));
        let mut all = logs.filter(|log| log.flow != Flow::Still).map(|log| log.called.clone());
        let first = all.next()??;
        let called = all.try_fold(first, |first, next| {
            let next = next.filter(|next| next.names == first.names)?;
            Some(Called { same: first.same && next.same, ..first })
        })?;
        // What stays goes on to have its `job`.
        let agrees = |log: &Log| match called.names[..] {
            ["service_name"] => self.before.derived(&log.old).is_some_and(|name| name.same),
            ["job", ..] => self.before.either(&log.old).is_some(),
            _ => false,
        };
        let mut still = ids.iter().filter(|id| self.kept(**id)).filter_map(|id| self.logs.get(id));
        still.all(|log| log.flow != Flow::Still || agrees(log)).then_some(called)
    }

    /// Whether the selectors say whose lines they mean; over a whole host, new labels are as welcome as new streams.
    pub(super) fn pinned(&self, owner: Owner) -> bool {
        let logs = self.feeding(owner).into_iter().filter_map(|id| self.logs.get(&id));
        logs.filter(|log| log.entering != Flow::Still).any(|log| log.flow == Flow::Moved || log.how.is_some())
    }

    /// Whether the query returns lines, not what is counted of them.
    pub(super) fn shows_lines(&self) -> bool {
        matches!(self.query.expr(self.query.root()).kind, ExprKind::Log(_))
    }

    pub(super) fn groups_by_both(&self, grouping: &Grouping) -> bool {
        let has = |label: &str| self.query.names(grouping.labels).iter().any(|name| name.text == label);
        !grouping.without && has("job") && has("service")
    }

    /// Whether the mention reads a name that is free today and a label of the moved streams afterwards.
    pub(super) fn collides(&self, mention: &Mention, label: &str) -> bool {
        let names_it =
            matches!(mention.usage, Use::SelectorMatcher | Use::LabelFormatDestination | Use::LabelReplaceDestination);
        let free = |log: LogId| {
            let log = self.logs.get(&log).filter(|log| log.entering != Flow::Still);
            log.is_some_and(|log| self.before.takes(&log.entered, label))
        };
        !names_it && self.feeding(mention.owner).into_iter().any(free) && self.made(mention) != Made::Everywhere
    }

    /// Whether `job` is put back before this place, so that it may be read here as ever: that is done where a selector is
    /// rewritten.
    pub(super) fn restored(&self, mention: &Mention) -> bool {
        let Owner::Expr(id) = mention.owner else { return false };
        let mut logs = self.query.feeding(id).into_iter().filter_map(|log| self.logs.get(&log));
        self.restores
            && !matches!(self.query.expr(id).kind, ExprKind::RangeAggregation { .. })
            && logs.all(|log| log.entering == Flow::Still || log.how.is_some())
    }

    /// Where the label at this place is one the query itself has made.
    pub(super) fn made(&self, mention: &Mention) -> Made {
        let makes = |log: LogId, until: usize| {
            self.query.stages(self.query.log(log)).iter().filter(|stage| stage.span.end() <= until).any(|stage| {
                matches!(&stage.kind, StageKind::LabelFormat(list)
                    if self.query.formats(*list).iter().any(|item| item.destination.text == mention.name))
            })
        };
        let logs = self.feeding(mention.owner).into_iter().map(|log| match mention.owner {
            Owner::Log(_) => makes(log, mention.span.start()),
            Owner::Expr(owner) => makes(log, usize::MAX) || self.replaced_by(log, owner, &mention.name),
        });
        let (made, other): (Vec<bool>, Vec<bool>) = logs.partition(|made| *made);
        match (made.is_empty(), other.is_empty()) {
            (true, _) => Made::Nowhere,
            (false, true) => Made::Everywhere,
            (false, false) => Made::Partly,
        }
    }

    /// Whether a `label_replace` between the log query and the expression writes the label.
    pub(super) fn replaced_by(&self, log: LogId, owner: ExprId, label: &str) -> bool {
        let writes = |texts: &[Text<'_>; 4]| texts[0].value == label;
        self.query
            .above(log)
            .take_while(|&id| id != owner)
            .any(|id| matches!(&self.query.expr(id).kind, ExprKind::LabelReplace { texts, .. } if writes(texts)))
    }

    /// Whether a parser has run over the line before this place.
    pub(super) fn parsed(&self, owner: Owner, mention: &Mention) -> bool {
        let until = if matches!(owner, Owner::Log(_)) { mention.span.start() } else { usize::MAX };
        self.feeding(owner).into_iter().any(|log| self.parses(log, until))
    }

    /// Whether a stage of a log query that starts before `until` makes labels from the line.
    pub(super) fn parses(&self, log: LogId, until: usize) -> bool {
        let stages = self.query.stages(self.query.log(log));
        stages.iter().filter(|stage| stage.span.start() < until).any(|stage| stage.kind.parses())
    }

    /// Whether a stage keeps some labels only.
    pub(super) fn keeps(&self, id: LogId) -> bool {
        self.keeps_before(id, usize::MAX)
    }

    /// Whether a stage that starts before `until` keeps some labels only.
    pub(super) fn keeps_before(&self, id: LogId, until: usize) -> bool {
        let mut stages = self.query.stages(self.query.log(id)).iter();
        stages.any(|stage| stage.span.start() < until && matches!(stage.kind, StageKind::Keep(_)))
    }

    /// Whether the streams of a log query still have their `job` behind its last stage.
    pub(super) fn kept(&self, id: LogId) -> bool {
        let query = self.query;
        let made = query.stages(query.log(id)).iter().any(|stage| {
            matches!(&stage.kind, StageKind::LabelFormat(list)
                if query.formats(*list).iter().any(|item| item.destination.text == "job"))
        });
        !made && !self.lost(id, usize::MAX) && query.log(id).selector.is_some()
    }

    /// Whether a stage takes the labels away that say whose lines they are: `drop job` drops the new ones as well.
    pub(super) fn nameless(&self, id: LogId) -> bool {
        let query = self.query;
        let drops = query.stages(query.log(id)).iter().any(|stage| match &stage.kind {
            StageKind::Drop(list) => {
                query.picks(*list).iter().any(|pick| pick.name.text == "job" && pick.condition.is_none())
            }
            _ => false,
        });
        drops || self.keeps(id)
    }

    /// Whether a stage that ends before `until` takes `job` away.
    pub(super) fn lost(&self, id: LogId, until: usize) -> bool {
        let query = self.query;
        let stages = query.stages(query.log(id)).iter().filter(|stage| stage.span.end() <= until);
        let mut gone = stages.map(|stage| match &stage.kind {
            StageKind::LabelFormat(list) => query
                .formats(*list)
                .iter()
                .any(|item| matches!(&item.source, FormatSource::Label(source) if source.text == "job")),
            StageKind::Keep(list) => !query.picks(*list).iter().any(|pick| pick.name.text == "job"),
            StageKind::Drop(list) => {
                query.picks(*list).iter().any(|pick| pick.name.text == "job" && pick.condition.is_none())
            }
            _ => false,
        });
        gone.any(|gone| gone)
    }

    /// Whether the series that come to an expression have the label `job` of a stream.
    pub(super) fn brings_job(&self, id: ExprId) -> bool {
        match self.query.own_log(id) {
            Some(log) => self.kept(log),
            None => self.query.operands(id).into_iter().any(|operand| !self.carried(operand).is_empty()),
        }
    }

    /// Whether a field `job` of the line comes to what an expression reads.
    pub(super) fn brings_field(&self, id: ExprId) -> bool {
        match self.query.own_log(id) {
            Some(log) => self.parses(log, usize::MAX),
            None => self.query.operands(id).into_iter().any(|operand| self.job_field(operand)),
        }
    }

    /// Whether a field `job` of the line comes to the operand of a `label_replace`.
    pub(super) fn overwrites(&self, mention: &Mention) -> bool {
        matches!(mention.owner, Owner::Expr(id) if self.brings_field(id))
    }

    /// Whether the series of an expression carry a field `job` of the line, under that name or another.
    pub(super) fn job_field(&self, id: ExprId) -> bool {
        let passes = |grouping: Option<&Grouping>, none: bool| {
            ["job", "job_extracted"].iter().any(|name| self.passes(grouping, name, none))
        };
        match &self.query.expr(id).kind {
            ExprKind::RangeAggregation { log, grouping, .. } => {
                let moves = self.logs.get(log).is_some_and(|log| log.flow != Flow::Still);
                moves && passes(grouping.as_ref(), true) && self.parses(*log, usize::MAX)
            }
            ExprKind::VectorAggregation { function, operand, grouping } => {
                (keeps(*function) || passes(grouping.as_ref(), false)) && self.job_field(*operand)
            }
            _ => self.query.operands(id).into_iter().any(|operand| self.job_field(operand)),
        }
    }
}
