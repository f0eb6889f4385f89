//! Where a place of a later commit stands in the commit that the run started from.
//!
//! Knows: the commits of a branch and their edits. Must not know: what a place is about, any output.

use std::sync::Arc;

use crate::plan::Step;
use crate::text::{Edits, Place, Source, Span};

use super::Run;

/// A place of the base.
#[derive(Clone, Debug)]
pub(super) struct BasePlace {
    /// The bytes of the base. Where the text was written by a commit, what that commit took out for it.
    pub(super) place: Place,
    /// Whether the text there is the one that was meant.
    pub(super) exact: bool,
}

/// The place in the base of what stands behind some of these [`steps`]; `None` when the file is not there yet.
pub(super) fn of(steps: &[&Step], place: &Place) -> Option<BasePlace> {
    let path = place.source.path.as_str();
    let Some(first) = steps.first() else { return Some(BasePlace { place: place.clone(), exact: true }) };
    let base = first.before.get(path).filter(|_| first.before.has(path))?;
    // The first state of the file that is the one spoken of: the fewer edits lie between, the better.
    let spoken = |step: &Step| step.before.get(path).is_some_and(|one| same(one, &place.source));
    let upto = steps.iter().position(|step| spoken(step)).unwrap_or(steps.len());
    let mut out = BasePlace { place: place.clone(), exact: true };
    for step in steps[..upto].iter().rev() {
        if let (Some(edits), Some(before)) = (step.edits.get(path), step.before.get(path)) {
            let (span, exact) = unmapped(edits, before, out.place.span);
            out = BasePlace { place: Place::new(before, span), exact: out.exact && exact };
        }
    }
    (out.place.span.end() <= base.bytes().len())
        .then(|| BasePlace { place: Place::new(base, out.place.span), exact: out.exact })
}

fn same(one: &Arc<Source>, other: &Arc<Source>) -> bool {
    Arc::ptr_eq(one, other) || one.bytes() == other.bytes()
}

/// The commits up to and with those of this plan, oldest first. A plan without commits stands on those of its host that
/// were made before it, unless each service has a branch of its own.
pub(super) fn steps(run: Run<'_>, plan: usize) -> Vec<&Step> {
    let host = |index: &usize| run.plans.get(*index).map(|plan| &plan.request.host);
    let mine = run.branches.iter().find(|written| written.plans.contains(&plan));
    let mut beside = run.branches.iter().filter(|one| one.plans.iter().any(|other| host(other) == host(&plan)));
    let before: Vec<usize> = match (mine, beside.next(), beside.next()) {
        (Some(written), ..) => written.plans.iter().copied().take_while(|one| *one != plan).chain([plan]).collect(),
        (None, Some(only), None) => only.plans.iter().copied().filter(|one| *one < plan).collect(),
        _ => Vec::new(),
    };
    before.iter().filter_map(|&index| run.plans.get(index)).flat_map(|plan| &plan.steps).map(AsRef::as_ref).collect()
}

/// The span in the file before `edits` of a span in the file after them, and whether it holds the same text there.
fn unmapped(edits: &Edits, before: &Source, span: Span) -> (Span, bool) {
    let (mut start, mut end, mut same) = (span.start(), span.end(), true);
    for (edit, (new, _)) in edits.iter().zip(edits.invert(before.bytes())) {
        let by = edit.span.len().cast_signed() - new.len().cast_signed();
        if new.start() < span.start() && span.start() < new.end() {
            start = edit.span.start();
        } else if new.end() <= span.start() {
            start = start.saturating_add_signed(by);
        }
        if new.start() < span.end() && span.end() < new.end() {
            end = edit.span.end();
        } else if new.start() < span.end() {
            end = end.saturating_add_signed(by);
        }
        // What was taken out between two bytes of the text is missing in it as well.
        let inside = new.is_empty() && span.start() < new.start() && new.start() < span.end();
        same &= !new.overlaps(span) && !inside;
    }
    (Span::new(start, end), same)
}

#[cfg(test)]
mod tests {
    use super::super::sample::file;
    use super::*;
    use crate::text::{Edit, Why};

    /// `alpha BETA gamma`: `beta` replaced, ` delta` deleted behind `gamma`, `> ` inserted in front.
    fn back(text: &str) -> (String, bool) {
        let before = file("f", b"alpha beta gamma delta");
        let mut edits = Edits::new();
        for (start, end, new) in [(0, 0, "> "), (6, 10, "BETTER"), (16, 22, "")] {
            let why = Why { rule: "a/b", message: String::new(), fact: None };
            edits.insert(Edit { span: Span::new(start, end), new: new.into(), why }).unwrap();
        }
        let after = String::from_utf8(edits.apply(before.bytes())).unwrap();
        assert_eq!(after, "> alpha BETTER gamma");
        let at = after.find(text).unwrap();
        let (span, same) = unmapped(&edits, &before, Span::new(at, at + text.len()));
        (before.slice(span).to_owned(), same)
    }

    #[test]
    fn a_text_that_was_there_is_found_and_one_that_was_written_is_what_it_replaced() {
        assert_eq!(back("alpha"), ("alpha".into(), true));
        assert_eq!(back("gamma"), ("gamma".into(), true));
        assert_eq!(back("BETTER"), ("beta".into(), false));
        assert_eq!(back("ETT"), ("beta".into(), false));
        assert_eq!(back("alpha BE"), ("alpha beta".into(), false));
        assert_eq!(back("TER gam"), ("beta gam".into(), false));
        assert_eq!(back(">"), (String::new(), false));
        assert_eq!(back("a BETTER g"), ("a beta g".into(), false));
    }
}
