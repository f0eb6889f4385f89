//! Changes to one file: replacements of spans of its original bytes.

use std::fmt;
use std::sync::Arc;

use super::{Source, Span};

/// A stretch of a file of the commit: what a fact, an edit or a finding points at.
#[derive(Clone)]
pub struct Place {
    /// The file.
    pub source: Arc<Source>,
    /// The bytes in it.
    pub span: Span,
}

impl Place {
    /// The bytes `span` of `source`.
    pub fn new(source: &Arc<Source>, span: Span) -> Self {
        Self { source: Arc::clone(source), span }
    }

    /// `path:line`, 1-based.
    pub fn line(&self) -> String {
        format!("{}:{}", self.source.path, self.source.position(self.span.start()).line)
    }

    /// The text pointed at.
    pub fn text(&self) -> &str {
        self.source.slice(self.span)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.source.position(self.span.start());
        write!(f, "{}:{}:{}", self.source.path, at.line, at.column)
    }
}

/// Why an edit is made: the rule, a sentence for the reviewer, and the fact that decided.
#[derive(Clone, Debug)]
pub struct Why {
    /// Rule id `<artefact>/<sentence>`, as in `rewrites/<artefact>/rule.yaml`.
    pub rule: &'static str,
    /// One sentence, no full stop.
    pub message: String,
    /// Where the fact stands that decided this edit.
    pub fact: Option<Place>,
}

/// One replacement: the bytes of `span` of the original become `new`.
#[derive(Clone, Debug)]
pub struct Edit {
    /// Bytes of the original file; empty for an insertion.
    pub span: Span,
    /// What stands there afterwards; empty for a deletion.
    pub new: String,
    /// The reason, shown beside the change.
    pub why: Why,
}

/// Two edits want the same bytes. A bug in a rule, never settled silently.
#[derive(Debug)]
pub struct Clash {
    /// The edit that was there.
    pub first: Edit,
    /// The edit that was refused.
    pub second: Edit,
}

/// All edits of one file: sorted by place and pairwise disjoint, by construction.
#[derive(Clone, Debug, Default)]
pub struct Edits {
    list: Vec<Edit>,
}

impl Edits {
    /// No edits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an edit. The same edit twice (same span, same text) is one edit; two insertions at one place, or an
    /// insertion inside or at the border of nothing else, keep their order only if the texts are equal.
    ///
    /// # Errors
    /// [`Clash`] when another edit covers one of the same bytes, or inserts another text at the same place.
    pub fn insert(&mut self, edit: Edit) -> Result<(), Box<Clash>> {
        let at = self
            .list
            .partition_point(|have| (have.span.start(), have.span.end()) < (edit.span.start(), edit.span.end()));
        if let Some(have) = self.list.get(at).filter(|have| have.span == edit.span && have.new == edit.new) {
            let _ = have;
            return Ok(());
        }
        let clash = [at.checked_sub(1).and_then(|left| self.list.get(left)), self.list.get(at)]
            .into_iter()
            .flatten()
            .find(|have| {
                have.span.overlaps(edit.span)
                    || have.span == edit.span
                    || inside(have.span, edit.span)
                    || inside(edit.span, have.span)
            });
        if let Some(first) = clash {
            return Err(Box::new(Clash { first: first.clone(), second: edit }));
        }
        self.list.insert(at, edit);
        Ok(())
    }

    /// The edits, in file order.
    pub fn iter(&self) -> std::slice::Iter<'_, Edit> {
        self.list.iter()
    }

    /// Whether there is nothing to change.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Number of edits.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// The bytes after all edits.
    pub fn apply(&self, original: &[u8]) -> Vec<u8> {
        let grown: usize = self.list.iter().map(|edit| edit.new.len()).sum();
        let mut out = Vec::with_capacity(original.len() + grown);
        let mut done = 0;
        for edit in &self.list {
            out.extend_from_slice(&original[done..edit.span.start()]);
            out.extend_from_slice(edit.new.as_bytes());
            done = edit.span.end();
        }
        out.extend_from_slice(&original[done..]);
        out
    }

    /// The edits that lead from the result of [`Edits::apply`] back to `original` (invariant 1).
    pub fn invert(&self, original: &[u8]) -> Vec<(Span, Vec<u8>)> {
        let mut shift: isize = 0;
        let mut back = Vec::with_capacity(self.list.len());
        for edit in &self.list {
            let start = edit.span.start().saturating_add_signed(shift);
            back.push((Span::new(start, start + edit.new.len()), original[edit.span.range()].to_vec()));
            shift += edit.new.len().cast_signed() - edit.span.len().cast_signed();
        }
        back
    }

    /// Where these bytes of the original stand in the result; `None` when an edit touches them.
    pub fn carry(&self, span: Span) -> Option<Span> {
        let touches = |edit: &Edit| edit.span.overlaps(span) || inside(span, edit.span);
        let start = self.map(span.start()).filter(|_| !self.list.iter().any(touches))?;
        Some(Span::new(start, start + span.len()))
    }

    /// Where a byte of the original stands in the result; `None` when an edit removed it.
    pub fn map(&self, offset: usize) -> Option<usize> {
        let mut shift: isize = 0;
        for edit in &self.list {
            if edit.span.start() > offset {
                break;
            }
            if edit.span.covers(offset) {
                return None;
            }
            shift += edit.new.len().cast_signed() - edit.span.len().cast_signed();
        }
        Some(offset.saturating_add_signed(shift))
    }
}

/// Whether the empty span `point` lies strictly inside `span`.
fn inside(span: Span, point: Span) -> bool {
    point.is_empty() && span.start() < point.start() && point.start() < span.end()
}

impl<'a> IntoIterator for &'a Edits {
    type Item = &'a Edit;
    type IntoIter = std::slice::Iter<'a, Edit>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(start: usize, end: usize, new: &str) -> Edit {
        Edit {
            span: Span::new(start, end),
            new: new.into(),
            why: Why { rule: "test/test", message: String::new(), fact: None },
        }
    }

    #[test]
    fn applies_in_file_order_whatever_the_order_of_insertion() {
        let mut edits = Edits::new();
        edits.insert(edit(6, 11, "moon")).unwrap();
        edits.insert(edit(0, 0, "> ")).unwrap();
        edits.insert(edit(11, 11, "!")).unwrap();
        assert_eq!(edits.apply(b"hello world\n"), b"> hello moon!\n");
        assert_eq!(edits.map(5), Some(7));
        assert_eq!(edits.map(6), None);
        assert_eq!(edits.map(11), Some(13));
        assert_eq!((edits.carry(Span::new(0, 6)), edits.carry(Span::new(5, 7))), (Some(Span::new(2, 8)), None));
    }

    #[test]
    fn refuses_two_edits_on_one_byte_and_merges_twins() {
        let mut edits = Edits::new();
        edits.insert(edit(2, 6, "x")).unwrap();
        edits.insert(edit(2, 6, "x")).unwrap();
        assert_eq!(edits.len(), 1);
        for (start, end) in [(2, 6), (5, 9), (0, 3), (3, 4), (4, 4), (0, 9)] {
            assert!(edits.insert(edit(start, end, "y")).is_err(), "{start}..{end}");
        }
        edits.insert(edit(6, 7, "z")).unwrap();
        edits.insert(edit(2, 2, "w")).unwrap();
        assert_eq!(edits.len(), 3);
    }

    #[test]
    fn inverse_gives_back_the_original() {
        let original = b"alpha beta gamma";
        let mut edits = Edits::new();
        edits.insert(edit(0, 5, "")).unwrap();
        edits.insert(edit(6, 6, "new ")).unwrap();
        edits.insert(edit(11, 16, "delta-epsilon")).unwrap();
        let mut result = edits.apply(original);
        for (span, old) in edits.invert(original).into_iter().rev() {
            result.splice(span.range(), old);
        }
        assert_eq!(result, original);
    }
}
