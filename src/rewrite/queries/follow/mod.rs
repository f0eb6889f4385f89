//! What hangs on a query: legends, lists of labels, texts of alert rules. Where in them a label of the query's result is
//! read, and what stands there when the label has another name.
//!
//! Knows: how Grafana legends and Prometheus-style templates name a label. Must not know: queries or files.

pub(super) mod alert;

use std::borrow::Cow;

use super::query::Rename;
use crate::text::{Span, View};

/// Places of one text that are followed one by one: each edit is checked against all of the text. One with more of them was
/// written by no person, and is left to one as a whole, at the first.
const MOST_PLACES: usize = 500;

/// A place that reads a label, and what stands there afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Follower {
    pub(super) span: Span,
    /// `None` where no text in its place says the same.
    pub(super) new: Option<String>,
}

impl Follower {
    fn new(span: Span, new: impl Into<String>) -> Self {
        Self { span, new: Some(new.into()) }
    }

    fn open(span: Span) -> Self {
        Self { span, new: None }
    }

    /// What is put behind an action, with the action: a place of its own to show.
    pub(super) fn with_action(self, view: &View) -> Self {
        let before = view.text().get(..self.span.start()).filter(|_| self.span.is_empty() && view.opaque().is_empty());
        let Some((start, new)) = before.and_then(|text| text.rfind("{{")).zip(self.new.as_ref()) else { return self };
        let span = Span::new(start, self.span.end());
        let new = format!("{}{new}", span.of(view.text()));
        Self { span, new: Some(new) }
    }
}

/// The text of a view as it is once its template is rendered, in the same places: tags that print braces are braces,
/// other tags are filled with letters.
pub(super) fn rendered(view: &View) -> Cow<'_, str> {
    let text = view.text();
    let opaque = view.opaque();
    if opaque.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for tag in opaque {
        out.push_str(text.get(done..tag.start()).unwrap_or(""));
        let printed = printed(tag.of(text));
        let fill = tag.len().saturating_sub(2);
        match printed {
            Some("{{") => out.extend(std::iter::repeat_n(" ", fill).chain(["{{"])),
            Some("}}") => out.extend(["}}"].into_iter().chain(std::iter::repeat_n(" ", fill))),
            _ => out.extend(std::iter::repeat_n("Q", tag.len())),
        }
        done = tag.end();
    }
    out.push_str(text.get(done..).unwrap_or(""));
    Cow::Owned(out)
}

/// The literal that a tag `{{ '…' }}` prints.
fn printed(tag: &str) -> Option<&str> {
    let inner = tag.strip_prefix("{{")?.strip_suffix("}}")?.trim_matches(['-', ' ']);
    let quote = |sign: char| inner.strip_prefix(sign).and_then(|inner| inner.strip_suffix(sign));
    quote('\'').or_else(|| quote('"'))
}

/// Places of a legend (`{{job}}`, `{{ job }}`) that read a renamed label. Where a series has one of several labels, one
/// place for each stands side by side, as long as an absent label prints nothing (`absent_is_empty`).
pub(super) fn in_legend(view: &View, renames: &[Rename], absent_is_empty: bool) -> Vec<Follower> {
    let text = rendered(view);
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = text.get(at..).and_then(|rest| rest.find("{{")) {
        let start = at + open + 2;
        let Some(length) = text[start..].find("}}") else { break };
        let inner = &text[start..start + length];
        at = start + length + 2;
        let Some(rename) = renames.iter().find(|rename| rename.old == inner.trim()) else { continue };
        let lead = inner.len() - inner.trim_start().len();
        let name = Span::new(start + lead, start + lead + rename.old.len());
        match rename.new.as_slice() {
            [] => {}
            [one] => found.push(Follower::new(name, *one)),
            [first, more @ ..] if absent_is_empty => {
                if *first != rename.old {
                    found.push(Follower::new(name, *first));
                }
                let (whole, end) = around(view, Span::new(start - 2, at));
                let again = |new: &&str| {
                    let (left, right) = (Span::new(whole, name.start()), Span::new(name.end(), end));
                    [left.of(view.text()), *new, right.of(view.text())].concat()
                };
                found.push(Follower::new(Span::at(end), more.iter().map(again).collect::<String>()));
            }
            _ => found.push(Follower::open(name)),
        }
    }
    found.extend(swallowed(view, renames));
    found.sort_by_key(|one| one.span);
    if found.len() > MOST_PLACES {
        found.truncate(1);
        found[0].new = None;
    }
    found
}

/// An action with all of the tags that print its braces.
fn around(view: &View, action: Span) -> (usize, usize) {
    let opaque = view.opaque();
    let tag = |at: usize| opaque.iter().find(|tag| tag.covers(at));
    let start = tag(action.start()).map_or(action.start(), |tag| tag.start());
    let end = tag(action.end() - 1).map_or(action.end(), |tag| tag.end());
    (start, end)
}

/// Tags that print a whole action, `{{ '{{job}}' }}`: no edit can reach into them.
fn swallowed(view: &View, renames: &[Rename]) -> Vec<Follower> {
    let reads = |tag: &Span| {
        let text = printed(tag.of(view.text())).filter(|text| text.contains("{{") && text.len() > 4);
        text.is_some_and(|text| {
            let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
            words.any(|word| renames.iter().any(|rename| rename.old == word))
        })
    };
    view.opaque().into_iter().filter(reads).map(Follower::open).collect()
}

/// Renamed labels in a list of keys, `job,env`.
pub(super) fn in_keys(text: &str, renames: &[Rename]) -> Vec<Follower> {
    let mut start = 0;
    let mut found = Vec::new();
    for part in text.split(',') {
        if let Some(rename) = renames.iter().find(|rename| rename.old == part.trim()) {
            let lead = part.len() - part.trim_start().len();
            let span = Span::new(start + lead, start + lead + rename.old.len());
            found.push(Follower::new(span, rename.new.join(",")));
        }
        start += part.len() + 1;
    }
    found
}

#[cfg(test)]
mod tests;
