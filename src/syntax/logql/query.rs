//! A query that was read: its parts, and how they hang together.
//!
//! Knows: lists of parts and the links between them. Must not know: tokens or grammar.

use super::ast::{
    Expr, ExprId, ExprKind, Extraction, Filter, FilterId, FilterKind, Format, Grouping, LineText, List, Log, LogId,
    Matcher, Name, Pick, Selector, Stage,
};
use crate::text::Span;

/// A query that was read. Spans are of the text it was read from.
#[derive(Debug)]
pub struct Query<'a> {
    pub(super) text: &'a str,
    pub(super) root: ExprId,
    pub(super) exprs: Vec<Expr<'a>>,
    pub(super) logs: Vec<Log>,
    pub(super) matchers: Vec<Matcher<'a>>,
    pub(super) stages: Vec<Stage<'a>>,
    pub(super) names: Vec<Name<'a>>,
    pub(super) line_texts: Vec<LineText<'a>>,
    pub(super) extractions: Vec<Extraction<'a>>,
    pub(super) formats: Vec<Format<'a>>,
    pub(super) picks: Vec<Pick<'a>>,
    pub(super) filters: Vec<Filter<'a>>,
    pub(super) parameters: Vec<(ExprId, Span)>,
}

impl<'a> Query<'a> {
    pub(super) fn empty(text: &'a str) -> Self {
        Self {
            text,
            root: ExprId(0),
            exprs: Vec::new(),
            logs: Vec::new(),
            matchers: Vec::new(),
            stages: Vec::new(),
            names: Vec::new(),
            line_texts: Vec::new(),
            extractions: Vec::new(),
            formats: Vec::new(),
            picks: Vec::new(),
            filters: Vec::new(),
            parameters: Vec::new(),
        }
    }

    /// The text that was read.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The outermost expression.
    pub fn root(&self) -> ExprId {
        self.root
    }

    /// An expression. Ids are only good for the query they come from.
    pub fn expr(&self, id: ExprId) -> &Expr<'a> {
        &self.exprs[id.0 as usize]
    }

    /// The number in front of what is aggregated (`topk(5, …)`, `quantile_over_time(0.9, …)`), where there is one.
    pub fn parameter(&self, id: ExprId) -> Option<Span> {
        self.parameters.iter().find(|(own, _)| *own == id).map(|(_, span)| *span)
    }

    /// A log query.
    pub fn log(&self, id: LogId) -> &Log {
        &self.logs[id.0 as usize]
    }

    /// A label filter.
    pub fn filter(&self, id: FilterId) -> &Filter<'a> {
        &self.filters[id.0 as usize]
    }

    /// Every expression, operands before what they are operands of.
    pub fn exprs(&self) -> impl Iterator<Item = (ExprId, &Expr<'a>)> {
        self.exprs.iter().zip(0..).map(|(expr, id)| (ExprId(id), expr))
    }

    /// Every log query, in text order.
    pub fn logs(&self) -> impl Iterator<Item = (LogId, &Log)> {
        self.logs.iter().zip(0..).map(|(log, id)| (LogId(id), log))
    }

    /// Every selector, in text order, with the log query it heads.
    pub fn selectors(&self) -> impl Iterator<Item = (LogId, &Selector)> {
        self.logs().filter_map(|(id, log)| Some((id, log.selector.as_ref()?)))
    }

    /// The matchers of a selector, in order.
    pub fn matchers(&self, selector: &Selector) -> &[Matcher<'a>] {
        selector.matchers.of(&self.matchers)
    }

    /// The stages of a log query, in order.
    pub fn stages(&self, log: &Log) -> &[Stage<'a>] {
        log.stages.of(&self.stages)
    }

    /// The names of a grouping or matching, in order.
    pub fn names(&self, list: List) -> &[Name<'a>] {
        list.of(&self.names)
    }

    /// The `by` or `without` of an aggregation.
    pub fn grouping(&self, id: ExprId) -> Option<Grouping> {
        match self.expr(id).kind {
            ExprKind::RangeAggregation { grouping, .. } | ExprKind::VectorAggregation { grouping, .. } => grouping,
            _ => None,
        }
    }

    /// The filters that a label filter joins: comparisons and placeholders, the last first.
    pub fn leaves(&self, root: FilterId) -> impl Iterator<Item = &Filter<'a>> {
        let mut open = vec![root];
        std::iter::from_fn(move || {
            loop {
                let filter = self.filter(open.pop()?);
                match &filter.kind {
                    FilterKind::Join { left, right, .. } => open.extend([*left, *right]),
                    FilterKind::Compare { .. } | FilterKind::Placeholder => return Some(filter),
                }
            }
        })
    }

    /// The alternatives of a line filter, in order.
    pub fn line_texts(&self, list: List) -> &[LineText<'a>] {
        list.of(&self.line_texts)
    }

    /// The items of `json` or `logfmt`, in order.
    pub fn extractions(&self, list: List) -> &[Extraction<'a>] {
        list.of(&self.extractions)
    }

    /// The items of `label_format`, in order.
    pub fn formats(&self, list: List) -> &[Format<'a>] {
        list.of(&self.formats)
    }

    /// The items of `keep` or `drop`, in order.
    pub fn picks(&self, list: List) -> &[Pick<'a>] {
        list.of(&self.picks)
    }

    /// The operands of an expression, in order.
    pub fn operands(&self, id: ExprId) -> Vec<ExprId> {
        match &self.expr(id).kind {
            ExprKind::VectorAggregation { operand, .. } | ExprKind::LabelReplace { operand, .. } => vec![*operand],
            ExprKind::Binary { left, right, .. } => vec![*left, *right],
            ExprKind::Variants { operands, .. } => operands.clone(),
            ExprKind::Log(_)
            | ExprKind::RangeAggregation { .. }
            | ExprKind::Vector
            | ExprKind::Number
            | ExprKind::Placeholder => Vec::new(),
        }
    }

    /// The log query an expression reads itself, if it is one that does.
    pub fn own_log(&self, id: ExprId) -> Option<LogId> {
        match self.expr(id).kind {
            ExprKind::Log(log) | ExprKind::RangeAggregation { log, .. } | ExprKind::Variants { log, .. } => Some(log),
            _ => None,
        }
    }

    /// The log query and then the expressions around it, innermost first: what its labels pass through.
    pub fn above(&self, log: LogId) -> impl Iterator<Item = ExprId> + '_ {
        std::iter::successors(Some(self.log(log).parent), |&id| self.expr(id).parent)
    }

    /// Whether an expression reads lines.
    pub fn reads_lines(&self, id: ExprId) -> bool {
        !self.feeding(id).is_empty()
    }

    /// The log queries whose result feeds an expression, in text order.
    pub fn feeding(&self, id: ExprId) -> Vec<LogId> {
        let mut found = Vec::new();
        let mut open = vec![id];
        while let Some(next) = open.pop() {
            found.extend(self.own_log(next));
            open.extend(self.operands(next));
        }
        found.sort_unstable();
        found
    }
}
