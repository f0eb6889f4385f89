//! The stages of a pipeline, with the place of every part.
//!
//! Knows: what each stage holds. Must not know: how it is read, or what any label means.

use super::ast::{FilterId, List, LogId, MatchOp, Name, Text};
use crate::text::Span;

/// One step of a pipeline.
#[derive(Clone, Debug)]
pub struct Stage<'a> {
    /// Its bytes, leading operator included.
    pub span: Span,
    /// The log query it belongs to.
    pub log: LogId,
    /// What it does.
    pub kind: StageKind<'a>,
}

/// What a stage does.
#[derive(Clone, Debug)]
pub enum StageKind<'a> {
    /// `|= "a" or "b"`, `|~ ip("…")` and so on: looks at the line, not at labels.
    LineFilter {
        /// The comparison.
        op: LineOp,
        /// Its alternatives, in order.
        texts: List,
    },
    /// `| json a="b", c`.
    Json(List),
    /// `| logfmt --strict --keep-empty a="b", c`.
    Logfmt(List),
    /// `| regexp "(?P<name>…)"`.
    Regexp(Text<'a>),
    /// `| pattern "<name> …"`.
    Pattern(Text<'a>),
    /// `| unpack`.
    Unpack,
    /// `| label = "value" and …`.
    LabelFilter(FilterId),
    /// `| line_format "template"`.
    LineFormat(Text<'a>),
    /// `| label_format a=b, c="template"`.
    LabelFormat(List),
    /// `| decolorize`.
    Decolorize,
    /// `| keep a, b="c"`.
    Keep(List),
    /// `| drop a, b="c"`.
    Drop(List),
    /// `| unwrap label` or `| unwrap duration(label)`.
    Unwrap {
        /// The label whose value becomes the sample.
        name: Name<'a>,
        /// `bytes`, `duration` or `duration_seconds`, if there is a conversion.
        conversion: Option<Span>,
    },
    /// A Grafana placeholder in the place of a stage.
    Placeholder,
}

impl StageKind<'_> {
    /// Whether it makes labels from the line.
    pub fn parses(&self) -> bool {
        matches!(self, Self::Json(_) | Self::Logfmt(_) | Self::Regexp(_) | Self::Pattern(_) | Self::Unpack)
    }
}

/// How a line filter looks at the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LineOp {
    /// `|=`
    Contains,
    /// `!=`
    NotContains,
    /// `|~`
    Regex,
    /// `!~`
    NotRegex,
    /// `|>`
    Pattern,
    /// `!>`
    NotPattern,
}

/// One alternative of a line filter.
#[derive(Clone, Debug)]
pub struct LineText<'a> {
    /// The text looked for.
    pub text: Text<'a>,
    /// Whether it is written `ip("…")`.
    pub ip: bool,
}

/// One item of `json` or `logfmt`: a label that is made from the line.
#[derive(Clone, Debug)]
pub struct Extraction<'a> {
    /// The label that is made.
    pub name: Name<'a>,
    /// Where in the line it comes from, if that is said.
    pub expression: Option<Text<'a>>,
}

/// One item of `label_format`.
#[derive(Clone, Debug)]
pub struct Format<'a> {
    /// The label that is set.
    pub destination: Name<'a>,
    /// What it is set to.
    pub source: FormatSource<'a>,
}

/// The right-hand side of a `label_format` item.
#[derive(Clone, Debug)]
pub enum FormatSource<'a> {
    /// Another label, which is renamed.
    Label(Name<'a>),
    /// A Go template; see [`go_template`](crate::syntax::go_template).
    Template(Text<'a>),
}

/// One item of `keep` or `drop`.
#[derive(Clone, Debug)]
pub struct Pick<'a> {
    /// From the name to the closing quote.
    pub span: Span,
    /// The label.
    pub name: Name<'a>,
    /// The value it must have for the item to apply, if that is said.
    pub condition: Option<(MatchOp, Text<'a>)>,
}

/// A label filter: a comparison, or two filters joined.
#[derive(Clone, Debug)]
pub struct Filter<'a> {
    /// Its bytes; parentheses around the whole not included.
    pub span: Span,
    /// The filter it is a side of.
    pub parent: Option<FilterId>,
    /// What it asks.
    pub kind: FilterKind<'a>,
}

/// What a label filter asks.
#[derive(Clone, Debug)]
pub enum FilterKind<'a> {
    /// `label op value`.
    Compare {
        /// The label.
        name: Name<'a>,
        /// The comparison.
        op: FilterOp,
        /// The bytes of the comparison operator.
        op_span: Span,
        /// What it is compared with.
        value: FilterValue<'a>,
    },
    /// Two filters joined.
    Join {
        /// `or`; otherwise `and`, a comma or nothing, which all mean the same.
        or: bool,
        /// Left side.
        left: FilterId,
        /// Right side.
        right: FilterId,
    },
    /// A Grafana placeholder in the place of a comparison.
    Placeholder,
}

/// How a label filter compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FilterOp {
    /// `=` or `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Regex,
    /// `!~`
    NotRegex,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
}

/// What a label filter compares with.
#[derive(Clone, Debug)]
pub enum FilterValue<'a> {
    /// A string.
    Text(Text<'a>),
    /// `ip("…")`.
    Ip(Text<'a>),
    /// A number, with its sign.
    Number(Span),
    /// A duration.
    Duration(Span),
    /// An amount of bytes.
    Bytes(Span),
}
