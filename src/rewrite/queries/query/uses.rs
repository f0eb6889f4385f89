//! Uses of a label behind the selector: groupings, matchings, formats, templates, parsed fields.
//!
//! Knows: which use follows the move and which a person has to decide (label-surface 1.4, 1.7). Must not know: how
//! selectors and label filters are rewritten.

use super::{Flow, Id, Work, ids};
use crate::syntax::logql::{ExprId, ExprKind, LogId, Mention, Owner, StageKind, Use};

impl Work<'_, '_, '_> {
    pub(super) fn mention(&mut self, mention: &Mention) {
        let flow = self.flow(mention.owner);
        match mention.name.as_str() {
            "job" if flow != Flow::Still && !self.made(mention) => self.job(mention, flow),
            "job_extracted" if flow != Flow::Still && mention.usage != Use::Extraction => {
                self.doubt(ids::EXTRACTED, "");
                self.rename(mention, "job", ids::EXTRACTED);
            }
            label @ ("service" | "component" | "container") if flow == Flow::Moved && self.parsed(mention) => {
                let output = [Use::Extraction, Use::SelectorMatcher, Use::LabelFormatDestination];
                if !output.contains(&mention.usage) && mention.usage != Use::LabelReplaceDestination {
                    self.doubt(ids::COLLISION, label);
                    self.rename(mention, &format!("{label}_extracted"), ids::COLLISION);
                }
            }
            _ => {}
        }
    }

    /// One use of `job` outside selectors and label filters, where streams that move come by.
    fn job(&mut self, mention: &Mention, flow: Flow) {
        match mention.usage {
            Use::Grouping => self.grouping(mention, flow),
            Use::Matching => {
                self.doubt(ids::MATCHING, "");
                self.rename(mention, "service", ids::MATCHING);
            }
            Use::LabelReplaceSource | Use::LabelFormatSource => {
                if flow != Flow::Moved || !self.before.same_name() {
                    self.doubt(ids::TEMPLATE_LABEL, "");
                }
                self.rename(mention, "service", ids::SOURCE);
            }
            Use::Template => {
                self.doubt(ids::TEMPLATE_LABEL, "");
                self.rename(mention, "service", ids::TEMPLATE_LABEL);
            }
            Use::Keep | Use::Drop => {
                self.doubt(ids::PICK, "");
                let drop = mention.usage == Use::Drop;
                self.rename(mention, if drop { "service, component, container" } else { "service" }, ids::PICK);
            }
            Use::Unwrap => self.doubt(ids::UNWRAP, ""),
            Use::SelectorMatcher
            | Use::LabelFilter
            | Use::Extraction
            | Use::LabelFormatDestination
            | Use::LabelReplaceDestination => {}
        }
    }

    fn grouping(&mut self, mention: &Mention, flow: Flow) {
        let Owner::Expr(id) = mention.owner else { return };
        let (ExprKind::RangeAggregation { grouping: Some(grouping), .. }
        | ExprKind::VectorAggregation { grouping: Some(grouping), .. }) = &self.query.expr(id).kind
        else {
            return;
        };
        let taken = self.query.names(grouping.labels).iter().any(|name| name.text == "service");
        // A grouping by both tells old and new streams apart as it is.
        if taken {
            return;
        }
        let id = match (flow, grouping.without) {
            (Flow::Moved, false) => ids::GROUPING,
            (Flow::Moved, true) => ids::WITHOUT,
            _ => ids::HOST_WIDE,
        };
        if id == ids::HOST_WIDE {
            self.doubt(id, "");
        }
        let new = match (flow, grouping.without) {
            (Flow::Moved, false) => "service",
            (Flow::Moved, true) => "service, component, container",
            (_, false) => "job, service",
            (_, true) => "job, service, component, container",
        };
        self.change(mention.span, new, id);
    }

    /// Writes another name in the place of this one.
    fn rename(&mut self, mention: &Mention, new: &str, id: Id) {
        match mention.within {
            None => self.change(mention.span, new, id),
            Some(within) => {
                // A name in a string: only where the string holds it as it is written.
                let written = mention.span.of(self.query.text());
                if within.len() + 2 == written.len() || written.starts_with('`') {
                    let span = within.shifted(mention.span.start() + 1);
                    if span.of(self.query.text()) == mention.name {
                        self.change(span, new, id);
                    }
                } else if !written.contains('\\') {
                    self.change(within.shifted(mention.span.start() + 1), new, id);
                }
            }
        }
    }

    /// The streams that come by at this part of the query.
    fn flow(&self, owner: Owner) -> Flow {
        let logs = match owner {
            Owner::Log(id) => vec![id],
            Owner::Expr(id) => self.query.feeding(id),
        };
        let flows = logs.iter().filter_map(|id| self.logs.get(id)).map(|log| log.flow);
        flows.reduce(Flow::join).unwrap_or(Flow::Still)
    }

    /// Whether the `job` at this place is one the query itself has made.
    fn made(&self, mention: &Mention) -> bool {
        let makes = |log: LogId, until: usize| {
            self.query.stages(self.query.log(log)).iter().filter(|stage| stage.span.end() <= until).any(|stage| {
                matches!(&stage.kind, StageKind::LabelFormat(list)
                    if self.query.formats(*list).iter().any(|item| item.destination.text == "job"))
            })
        };
        match mention.owner {
            Owner::Log(log) => makes(log, mention.span.start()),
            Owner::Expr(owner) => {
                self.query.feeding(owner).into_iter().any(|log| makes(log, usize::MAX) || self.replaced(log, owner))
            }
        }
    }

    /// Whether a `label_replace` between the log query and the expression writes `job`.
    fn replaced(&self, log: LogId, owner: ExprId) -> bool {
        self.query.above(log).take_while(|&id| id != owner).any(
            |id| matches!(&self.query.expr(id).kind, ExprKind::LabelReplace { texts, .. } if texts[0].value == "job"),
        )
    }

    /// Whether a parser has run over the line before this place.
    fn parsed(&self, mention: &Mention) -> bool {
        let parses = |log: LogId, until: usize| {
            self.query.stages(self.query.log(log)).iter().any(|stage| {
                stage.span.start() < until
                    && matches!(
                        stage.kind,
                        StageKind::Json(_)
                            | StageKind::Logfmt(_)
                            | StageKind::Regexp(_)
                            | StageKind::Pattern(_)
                            | StageKind::Unpack
                    )
            })
        };
        match mention.owner {
            Owner::Log(log) => parses(log, mention.span.start()),
            Owner::Expr(id) => self.query.feeding(id).into_iter().any(|log| parses(log, usize::MAX)),
        }
    }

    pub(super) fn variants(&mut self) {
        let query = self.query;
        for (_, expr) in query.exprs() {
            if let ExprKind::Variants { log, .. } = expr.kind
                && self.flow(Owner::Log(log)) != Flow::Still
            {
                self.doubt(ids::VARIANTS, "");
            }
        }
    }
}
