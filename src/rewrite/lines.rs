//! Whole lines to take out, Jinja blocks included.
//!
//! Knows: lines, comments above them, and Jinja blocks around them. Must not know: any language.

use crate::syntax::jinja::{Cut, Mask};
use crate::text::{Span, lines};

/// The whole lines of `span` with the comments that belong to it, and the Jinja block that holds nothing else
/// (DESIGN 4.1, real-world C1).
///
/// # Errors
/// The tag that would be cut, or the first one of the block that would be.
pub(super) fn removable(text: &str, mask: &Mask, span: Span, is_comment: fn(&str) -> bool) -> Result<Span, Span> {
    let mut span = lines::whole_lines(text, span, is_comment);
    if let Some(block) = mask.wrapping(span) {
        span = lines::whole_lines(text, block.span, is_comment);
    }
    match mask.cuts(span) {
        None => Ok(span),
        Some(Cut::Tag(tag)) => Err(mask.tags()[tag].span),
        Some(Cut::Block(block)) => {
            let block = &mask.blocks()[block];
            Err(block.tags().next().map_or(block.span, |tag| mask.tags()[tag].span))
        }
    }
}

/// The block in whose two arms `a` and `b` stand, one in each; `None` when they do not (real-world C2).
pub(super) fn two_arms(mask: &Mask, a: Span, b: Span) -> Option<Span> {
    let (a, b) = (mask.arms_at(a.start()), mask.arms_at(b.start()));
    let (a, b) = (a.last()?, b.last()?);
    let block = &mask.blocks()[a.block];
    (a.block == b.block && a.body != b.body && block.bodies.len() == 2).then_some(block.span)
}

/// An item of a list or mapping in brackets, with one comma and the blanks that go with it; whole lines where it has
/// them to itself (real-world C17, V1).
pub(super) fn flow_item(text: &str, item: Span, is_comment: fn(&str) -> bool) -> Span {
    let after = &text[item.end()..];
    let rest = after.trim_start_matches([' ', '\t']);
    if let Some(behind) = rest.strip_prefix(',') {
        let with_comma = Span::new(item.start(), text.len() - behind.len());
        let trimmed = behind.trim_start_matches([' ', '\t']);
        return lines::own_lines(text, with_comma, is_comment)
            .unwrap_or_else(|| Span::new(item.start(), text.len() - trimmed.len()));
    }
    let before = text[..item.start()].trim_end();
    match before.strip_suffix(',') {
        Some(kept) => Span::new(kept.len(), item.end()),
        None => item,
    }
}
