//! What a query still needs of a line, so that parsers stop early: Loki's answers hang on it.
//!
//! Knows: which labels filters, templates and groupings name; that filters on one label are tried inside the parser.
//! Must not know: how a line is parsed.

use super::labels::{ERROR, Entry, Grouping};
use super::stage::Stage;
use super::text_filter::LabelFilter;

/// What a parser has to do with one more field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Go on.
    Go,
    /// All that is needed is there.
    Enough,
    /// A filter behind the parser refuses the line.
    Refused,
}

/// What is needed of each line.
#[derive(Debug, Default)]
pub(super) struct Hints {
    /// These labels; everything where there are none.
    required: Vec<String>,
    /// Nothing at all: parsers do not run.
    nothing: bool,
    /// Whether filters are tried inside parsers.
    early: bool,
}

impl Hints {
    /// For lines as they are shown.
    pub(super) fn of_log() -> Self {
        Self { early: true, ..Self::default() }
    }

    /// For samples that are grouped like this; `more`: labels that filters behind `unwrap` ask for; `unwrapped`: the label whose value is the sample.
    pub(super) fn of_metric(stages: &[Stage], grouping: &Grouping, more: &[String], unwrapped: Option<&str>) -> Self {
        let mut required: Vec<String> = Vec::new();
        let groups: &[String] = match grouping {
            Grouping::By(names) | Grouping::Without(names) => names,
            Grouping::All | Grouping::Nothing => &[],
        };
        let named = stages.iter().flat_map(Stage::needs).chain(more.iter().chain(groups).cloned());
        for name in named.chain(unwrapped.map(str::to_owned)) {
            let bare = name.strip_suffix("_extracted").map(str::to_owned);
            required.push(name);
            required.extend(bare);
        }
        required.sort_unstable();
        required.dedup();
        match grouping {
            Grouping::Nothing if required.is_empty() => Self { nothing: true, ..Self::default() },
            Grouping::Nothing => Self { required, nothing: false, early: true },
            Grouping::By(_) => Self { required, nothing: false, early: false },
            _ => Self::of_log(),
        }
    }

    /// Whether lines with an error count as any other: the query asks for errors by name.
    pub(super) fn keep_errors(&self) -> bool {
        self.required.iter().any(|name| name == ERROR)
    }

    /// Whether a parser has nothing to do.
    pub(super) fn nothing(&self, entry: &Entry<'_>) -> bool {
        self.nothing || self.enough(entry)
    }

    /// Whether a field of this name is needed still.
    pub(super) fn wants(&self, entry: &Entry<'_>, name: &str) -> bool {
        !entry.extracted.iter().any(|own| own == name)
            && (self.required.is_empty() || self.required.iter().any(|own| own == name))
    }

    /// Whether a field that begins like this may be needed.
    pub(super) fn wants_prefix(&self, prefix: &str) -> bool {
        self.required.is_empty() || self.required.iter().any(|own| own.starts_with(prefix))
    }

    fn enough(&self, entry: &Entry<'_>) -> bool {
        !self.required.is_empty() && self.required.iter().all(|name| entry.extracted.contains(name))
    }

    /// What to do once `name` was made.
    pub(super) fn made(&self, stages: &[Stage], entry: &mut Entry<'_>, name: &str) -> Next {
        entry.extracted.push(name.to_owned());
        if self.enough(entry) { Next::Enough } else { self.tried(stages, entry, name) }
    }

    /// Whether the first filter on this label alone lets the line pass.
    pub(super) fn tried(&self, stages: &[Stage], entry: &mut Entry<'_>, name: &str) -> Next {
        let filter = stages.iter().find_map(|stage| match stage {
            Stage::Filter(filter) => filter.alone().filter(|own| *own == name).map(|_| filter),
            _ => None,
        });
        match filter.filter(|_| self.early) {
            Some(filter) if !LabelFilter::passes(filter, entry) => Next::Refused,
            _ => Next::Go,
        }
    }
}
