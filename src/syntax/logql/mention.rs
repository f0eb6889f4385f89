//! Every place of a query that names a label.
//!
//! Knows: which part of a query uses a name for what (label-surface 1.4). Must not know: which label is looked for.

use super::ast::{ExprId, ExprKind, FilterId, FilterKind, FormatSource, Grouping, LogId, Name, Stage, StageKind, Text};
use super::{Query, check, regex};
use crate::syntax::go_template::{self, FieldKind};
use crate::text::Span;

/// What a label name is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Use {
    /// `{job="x"}`
    SelectorMatcher,
    /// `| job="x"`
    LabelFilter,
    /// `by (job)`, `without (job)`
    Grouping,
    /// `on (job)`, `ignoring (job)`, `group_left (job)`, `group_right (job)`
    Matching,
    /// The fourth argument of `label_replace`
    LabelReplaceSource,
    /// The second argument of `label_replace`
    LabelReplaceDestination,
    /// `label_format x=job`
    LabelFormatSource,
    /// `label_format job=x`
    LabelFormatDestination,
    /// `keep job`
    Keep,
    /// `drop job`
    Drop,
    /// A label that a parser makes from the line
    Extraction,
    /// `unwrap job`
    Unwrap,
    /// A field of the template of `line_format` or `label_format`
    Template,
}

/// Which part of the query a name belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A selector or a stage of this log query.
    Log(LogId),
    /// This expression.
    Expr(ExprId),
}

/// One use of a label name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// The label.
    pub name: String,
    /// What it is used for.
    pub usage: Use,
    /// Its bytes in the query. Where the name stands in a string (`label_replace`, templates, `regexp`, `pattern`)
    /// these are the bytes of the whole string.
    pub span: Span,
    /// Where the name stands in the decoded string, for a name in a string.
    pub within: Option<Span>,
    /// The part of the query it belongs to.
    pub owner: Owner,
}

impl Query<'_> {
    /// Every use of `label`, in text order.
    pub fn mentions<'q>(&'q self, label: &'q str) -> impl Iterator<Item = Mention> + 'q {
        self.uses().into_iter().filter(move |mention| mention.name == label)
    }

    /// Every use of every label, in text order. A template that cannot be read mentions nothing; see
    /// [`go_template::fields`] for the error.
    pub fn uses(&self) -> Vec<Mention> {
        let mut uses = Uses { query: self, found: Vec::new() };
        for (id, log) in self.logs() {
            if let Some(selector) = &log.selector {
                for matcher in self.matchers(selector) {
                    uses.name(&matcher.name, Use::SelectorMatcher, Owner::Log(id));
                }
            }
            for stage in self.stages(log) {
                uses.stage(stage, Owner::Log(id));
            }
        }
        for (id, _) in self.exprs() {
            uses.expr(id);
        }
        uses.found.sort_by_key(|mention| (mention.span, mention.within));
        uses.found
    }
}

struct Uses<'q, 'a> {
    query: &'q Query<'a>,
    found: Vec<Mention>,
}

impl Uses<'_, '_> {
    fn name(&mut self, name: &Name<'_>, usage: Use, owner: Owner) {
        self.found.push(Mention { name: name.text.to_owned(), usage, span: name.span, within: None, owner });
    }

    fn in_text(&mut self, text: &Text<'_>, within: Span, usage: Use, owner: Owner) {
        let name = within.of(&text.value).to_owned();
        self.found.push(Mention { name, usage, span: text.span, within: Some(within), owner });
    }

    fn template(&mut self, text: &Text<'_>, owner: Owner) {
        for field in go_template::fields(&text.value).unwrap_or_default() {
            if matches!(field.kind, FieldKind::Dot | FieldKind::Index) {
                self.in_text(text, field.span, Use::Template, owner);
            }
        }
    }

    fn stage(&mut self, stage: &Stage<'_>, owner: Owner) {
        let query = self.query;
        match &stage.kind {
            StageKind::Json(list) | StageKind::Logfmt(list) => {
                for item in query.extractions(*list) {
                    self.name(&item.name, Use::Extraction, owner);
                }
            }
            StageKind::Regexp(text) => {
                for (start, end) in regex::facts(&text.value).unwrap_or_default().names {
                    self.in_text(text, Span::new(start, end), Use::Extraction, owner);
                }
            }
            StageKind::Pattern(text) => {
                for (start, end) in check::captures(&text.value) {
                    self.in_text(text, Span::new(start + 1, end - 1), Use::Extraction, owner);
                }
            }
            StageKind::LabelFilter(root) => self.filter(*root, owner),
            StageKind::LineFormat(text) => self.template(text, owner),
            StageKind::LabelFormat(list) => {
                for item in query.formats(*list) {
                    self.name(&item.destination, Use::LabelFormatDestination, owner);
                    match &item.source {
                        FormatSource::Label(name) => self.name(name, Use::LabelFormatSource, owner),
                        FormatSource::Template(text) => self.template(text, owner),
                    }
                }
            }
            StageKind::Keep(list) | StageKind::Drop(list) => {
                let usage = if matches!(stage.kind, StageKind::Keep(_)) { Use::Keep } else { Use::Drop };
                for item in query.picks(*list) {
                    self.name(&item.name, usage, owner);
                }
            }
            StageKind::Unwrap { name, .. } => self.name(name, Use::Unwrap, owner),
            StageKind::LineFilter { .. } | StageKind::Unpack | StageKind::Decolorize | StageKind::Placeholder => {}
        }
    }

    fn filter(&mut self, root: FilterId, owner: Owner) {
        let query = self.query;
        for filter in query.leaves(root) {
            if let FilterKind::Compare { name, .. } = &filter.kind {
                self.name(name, Use::LabelFilter, owner);
            }
        }
    }

    fn expr(&mut self, id: ExprId) {
        let query = self.query;
        let owner = Owner::Expr(id);
        match &query.expr(id).kind {
            ExprKind::RangeAggregation { grouping: Some(Grouping { labels, .. }), .. }
            | ExprKind::VectorAggregation { grouping: Some(Grouping { labels, .. }), .. } => {
                for name in query.names(*labels) {
                    self.name(name, Use::Grouping, owner);
                }
            }
            ExprKind::Binary { matching: Some(matching), .. } => {
                for part in [matching.labels, matching.group].into_iter().flatten() {
                    for name in query.names(part.labels) {
                        self.name(name, Use::Matching, owner);
                    }
                }
            }
            ExprKind::LabelReplace { texts, .. } => {
                let [destination, _, source, _] = &**texts;
                for (text, usage) in [(destination, Use::LabelReplaceDestination), (source, Use::LabelReplaceSource)] {
                    self.in_text(text, Span::new(0, text.value.len()), usage, owner);
                }
            }
            _ => {}
        }
    }
}
