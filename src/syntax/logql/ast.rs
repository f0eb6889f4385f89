//! What a `LogQL` query consists of, with the place of every part.
//!
//! Knows: expressions, log queries, stages, matchers and names as flat lists inside one [`Query`](super::Query).
//! Must not know: how they are read, or what any label means. Parts refer to each other by index, so neither walking
//! nor dropping a query recurses.

use std::borrow::Cow;

use crate::text::Span;

pub use super::stage::{
    Extraction, Filter, FilterKind, FilterOp, FilterValue, Format, FormatSource, LineOp, LineText, Pick, Stage,
    StageKind,
};

/// Index of an [`Expr`] in its query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExprId(pub(super) u32);

/// Index of a [`Log`] in its query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogId(pub(super) u32);

/// Index of a [`Filter`] in its query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilterId(pub(super) u32);

/// Neighbouring parts of one kind; the accessors of [`Query`](super::Query) resolve it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct List {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl List {
    pub(super) const fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    /// How many parts there are.
    pub const fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    pub(super) fn of<T>(self, all: &[T]) -> &[T] {
        all.get(self.start as usize..self.end as usize).unwrap_or(&[])
    }
}

/// A label name as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'a> {
    /// The name; case matters.
    pub text: &'a str,
    /// Its bytes.
    pub span: Span,
    /// Whether it is, or contains, a Grafana placeholder.
    pub placeholder: bool,
}

/// How a string is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quote {
    /// `"…"` with Go's escapes.
    Double,
    /// `` `…` ``, no escapes.
    Backtick,
    /// Nothing: a Grafana placeholder stands where a string belongs.
    Bare,
}

/// A string as written and as meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text<'a> {
    /// Its bytes, quotes included.
    pub span: Span,
    /// Decoded. Bytes that are no UTF-8 (`"\xff"`) become U+FFFD; a bare placeholder stands for itself.
    pub value: Cow<'a, str>,
    /// How it is written.
    pub quote: Quote,
    /// Whether Grafana replaces something in it before Loki sees it.
    pub placeholder: bool,
    pub(super) exact: bool,
}

impl Text<'_> {
    /// Whether `value` is exactly what Loki sees: `false` when escapes make bytes that are no UTF-8.
    pub fn is_exact(&self) -> bool {
        self.exact
    }
}

/// How a label value is compared with a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`, anchored at both ends
    Regex,
    /// `!~`, anchored at both ends
    NotRegex,
}

/// `label op "value"` in a selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matcher<'a> {
    /// From the name to the closing quote.
    pub span: Span,
    /// The label.
    pub name: Name<'a>,
    /// The comparison.
    pub op: MatchOp,
    /// The bytes of the comparison operator.
    pub op_span: Span,
    /// What it is compared with.
    pub value: Text<'a>,
}

/// `{…}`.
#[derive(Clone, Copy, Debug)]
pub struct Selector {
    /// Its bytes, braces included.
    pub span: Span,
    /// Its matchers, in order.
    pub matchers: List,
    /// Offset after its last matcher (after `{` when there is none): where one more, led by `, `, goes.
    pub insertion: usize,
    /// Whether something Grafana fills in stands in the place of a whole matcher (`{$filter}`).
    pub placeholder: bool,
}

/// A selector with its pipeline: a log query, or what a range aggregation reads.
#[derive(Clone, Copy, Debug)]
pub struct Log {
    /// From the selector to the last stage, range and offset; parentheses around the whole not included.
    pub span: Span,
    /// The selector; `None` when a placeholder stands in its place (`$query | json`).
    pub selector: Option<Selector>,
    /// Pipeline stages, in order; `unwrap` and the filters after it included.
    pub stages: List,
    /// `[5m]`, brackets included.
    pub range: Option<Span>,
    /// `offset 5m`.
    pub offset: Option<Span>,
    /// The expression it is the whole of, or is aggregated by.
    pub parent: ExprId,
}

/// One expression.
#[derive(Clone, Debug)]
pub struct Expr<'a> {
    /// Its bytes; parentheses around the whole not included.
    pub span: Span,
    /// The expression it is an operand of.
    pub parent: Option<ExprId>,
    /// What it computes.
    pub kind: ExprKind<'a>,
}

/// What an expression computes.
#[derive(Clone, Debug)]
pub enum ExprKind<'a> {
    /// Log lines.
    Log(LogId),
    /// `rate({…}[5m])`, `quantile_over_time(0.9, {…}[5m]) by (a)`.
    RangeAggregation {
        /// The function.
        function: Function,
        /// What it reads.
        log: LogId,
        /// `by` or `without`.
        grouping: Option<Grouping>,
    },
    /// `sum by (a) (…)`, `topk(5, …)`.
    VectorAggregation {
        /// The function.
        function: Function,
        /// What is aggregated.
        operand: ExprId,
        /// `by` or `without`.
        grouping: Option<Grouping>,
    },
    /// `left op right`.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// `bool`, `on`, `ignoring`, `group_left`, `group_right`.
        matching: Option<Box<Matching>>,
        /// Left operand.
        left: ExprId,
        /// Right operand.
        right: ExprId,
    },
    /// `label_replace(operand, "destination", "replacement", "source", "regex")`.
    LabelReplace {
        /// The first argument.
        operand: ExprId,
        /// The other four, in the order they are written: destination, replacement, source, regex.
        texts: Box<[Text<'a>; 4]>,
    },
    /// `variants(…, …) of ({…}[5m])`.
    Variants {
        /// The aggregations.
        operands: Vec<ExprId>,
        /// What they read together.
        log: LogId,
    },
    /// `vector(1)`.
    Vector,
    /// A number, with its sign.
    Number,
    /// A Grafana placeholder in the place of an expression.
    Placeholder,
}

/// `by (…)` or `without (…)`.
#[derive(Clone, Copy, Debug)]
pub struct Grouping {
    /// From the keyword to the closing parenthesis.
    pub span: Span,
    /// The keyword.
    pub keyword: Span,
    /// Whether it is `without`.
    pub without: bool,
    /// The labels.
    pub labels: List,
}

/// How the two sides of a binary operation are matched.
#[derive(Clone, Copy, Debug)]
pub struct Matching {
    /// All modifiers.
    pub span: Span,
    /// Whether `bool` is there.
    pub returns_bool: bool,
    /// `on (…)` or `ignoring (…)`.
    pub labels: Option<MatchingLabels>,
    /// `group_left (…)` or `group_right (…)`.
    pub group: Option<MatchingLabels>,
}

/// One modifier of a binary operation with its labels.
#[derive(Clone, Copy, Debug)]
pub struct MatchingLabels {
    /// The keyword.
    pub keyword: Span,
    /// Whether it is `on` (not `ignoring`), or `group_left` (not `group_right`).
    pub first: bool,
    /// The labels.
    pub labels: List,
}

/// A binary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the operators under their usual names")]
pub enum BinaryOp {
    Or,
    And,
    Unless,
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
}

/// An aggregation; [`Function::Placeholder`] is one whose name Grafana fills in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the functions under their own names")]
pub enum Function {
    CountOverTime,
    Rate,
    RateCounter,
    BytesOverTime,
    BytesRate,
    AvgOverTime,
    SumOverTime,
    MinOverTime,
    MaxOverTime,
    StdvarOverTime,
    StddevOverTime,
    QuantileOverTime,
    FirstOverTime,
    LastOverTime,
    AbsentOverTime,
    Sum,
    Avg,
    Max,
    Min,
    Count,
    Stddev,
    Stdvar,
    Bottomk,
    Topk,
    ApproxTopk,
    Sort,
    SortDesc,
    Placeholder,
}
