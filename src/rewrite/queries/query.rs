//! One query: which bytes of it change with the move, and what about it a person has to decide.
//!
//! Knows: what is said of a query. Must not know: files, dashboards or rules. Spans are of the decoded query.

use super::ids::Id;
use super::variables::Variables;
use crate::proof::Sides;
use crate::rewrite::How;
use crate::text::Span;

/// Labels that moved streams have where their old ones had `job`.
pub(super) const NEW: [&str; 3] = ["service", "component", "container"];

/// What a query stands in, as far as it decides.
pub(super) struct Around<'a> {
    /// Variables of the dashboard.
    pub(super) variables: &'a Variables,
    /// Whether the result is recorded as a metric: its labels are a contract with those who read it.
    pub(super) records: bool,
    /// The label whose values are asked for: only a selector may stand there, nothing behind it (`label_values`).
    pub(super) values_of: Option<&'a str>,
}

/// A label of a query's result that has another name afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rename {
    /// The label today.
    pub(super) old: &'static str,
    /// The label afterwards; several where each series has one of them.
    pub(super) new: Vec<&'static str>,
}

/// A replacement in the decoded query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) span: Span,
    pub(super) new: String,
    pub(super) id: Id,
    /// What the sentence calls `{labels}` or `{label}`.
    pub(super) labels: String,
}

/// Something to say about a query: what a person has to decide, or what is worth knowing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Remark {
    pub(super) id: Id,
    /// `{why}` or `{label}` of the sentence.
    pub(super) why: String,
}

/// What a query needs.
#[derive(Clone, Debug, Default)]
pub(super) struct Analysis {
    /// What changes.
    pub(super) changes: Vec<Change>,
    /// Why it is left for a person, with all of its text; empty where it is not.
    pub(super) left: Vec<Remark>,
    /// Worth knowing.
    pub(super) notes: Vec<Remark>,
    /// What its selectors became; the first that is not a plain swap speaks for all.
    pub(super) how: Option<How>,
    /// Labels of the result that have another name afterwards, because streams that move have them today.
    pub(super) renames: Vec<Rename>,
    /// Labels of the result that streams which move have today and lose.
    pub(super) lost: Vec<String>,
    /// Labels of the result that come with the move.
    pub(super) fresh: Vec<String>,
    /// Streams selected today and afterwards, rendered.
    pub(super) streams: Sides,
}

impl Analysis {
    /// One that is left for a person.
    pub(super) fn left(id: Id, why: impl Into<String>) -> Self {
        Self { left: vec![Remark { id, why: why.into() }], ..Self::default() }
    }

    /// Whether the move concerns the query at all.
    pub(super) fn concerned(&self) -> bool {
        !self.changes.is_empty() || !self.left.is_empty()
    }

    /// What labels of the result are called afterwards; of one that is left, what `job` may be called.
    pub(super) fn renamed(&self) -> Vec<Rename> {
        if self.left.is_empty() {
            return self.renames.clone();
        }
        vec![Rename { old: "job", new: vec!["job", "service"] }]
    }

    /// Puts the changes into the order of the text.
    pub(super) fn sort(&mut self) {
        self.changes.sort_by_key(|change| (change.span.start(), change.span.end()));
    }

    /// Makes one of two changes that put something into the same place.
    pub(super) fn join(&mut self) {
        self.changes.dedup_by(|next, first| {
            let same = first.span.is_empty() && next.span == first.span;
            if same {
                first.new = format!("{} {}", first.new.trim_end(), next.new.trim_start());
            }
            same
        });
    }

    /// The query with all changes.
    pub(super) fn after(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 32);
        let mut done = 0;
        for change in &self.changes {
            out.push_str(text.get(done..change.span.start()).unwrap_or(""));
            out.push_str(&change.new);
            done = change.span.end();
        }
        out.push_str(text.get(done..).unwrap_or(""));
        out
    }
}

/// The name in `$x`, `${x}`, `${x:fmt}`, `[[x]]` when that is all of the text.
pub(super) fn reference(text: &str) -> Option<&str> {
    let inner = match text.strip_prefix('$') {
        Some(rest) => rest.strip_prefix('{').map_or(Some(rest), |rest| rest.strip_suffix('}'))?,
        None => text.strip_prefix("[[")?.strip_suffix("]]")?,
    };
    let name = inner.split(':').next().unwrap_or(inner);
    name.chars().all(|c| c.is_alphanumeric() || c == '_').then_some(name)
}
