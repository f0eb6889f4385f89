//! Jinja masked out of a template, so that what is left can be read as the language it prints.
//!
//! Knows: tags, blocks and where they stand. Must not know: what an expression is worth, or what language the rest is
//! in. The masked text has the same length, so an offset in it is an offset in the file.

use super::SyntaxError;
use crate::text::Span;

mod block;
mod delims;
mod tag;
#[cfg(test)]
mod tests;

pub use block::{Arm, Block, Cut};
pub use delims::Delims;
pub use tag::{Tag, TagKind};

/// What each byte of an expression is masked with: a letter, so that a masked word is one word.
pub const FILLER: u8 = b'Q';

/// A template with its tags masked.
#[derive(Clone, Debug)]
pub struct Mask {
    text: String,
    tags: Vec<Tag>,
    keywords: Vec<Box<str>>,
    blocks: Vec<Block>,
}

/// Masks a template: expressions become [`FILLER`], statements, comments and the `#jinja2:` line become blanks (line
/// breaks stay), what lies between `raw` and `endraw` stays as it is.
///
/// # Errors
/// A tag without end, a block without end, or an end or `else` without its block; the span is the culprit's.
pub fn mask(text: &str, delims: &Delims) -> Result<Mask, SyntaxError> {
    let bom = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let (delims, header) = delims.with_header(&text[bom..]);
    let header = header.map(|header| header.shifted(bom));
    let mut tags = tag::scan(text, &delims, header.map_or(0, Span::end))?;
    if let Some(span) = header {
        let none = Span::at(span.start());
        tags.insert(0, Tag { span, kind: TagKind::Comment, keyword: none, inner: none, assigns: false });
    }
    let blocks = block::pair(text, &tags)?;
    let keywords = tags.iter().map(|tag| tag.keyword.of(text).into()).collect();
    Ok(Mask { text: masked(text, &tags), tags, keywords, blocks })
}

/// A file that is no template: nothing is masked.
pub fn mask_none(text: &str) -> Mask {
    Mask { text: text.to_owned(), tags: Vec::new(), keywords: Vec::new(), blocks: Vec::new() }
}

/// Masks a text whose braces may be Jinja or something else's: when they are no Jinja, nothing is masked (real-world C8).
pub fn mask_or_plain(text: &str) -> Mask {
    mask(text, &Delims::default()).unwrap_or_else(|_| mask_none(text))
}

fn masked(text: &str, tags: &[Tag]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for tag in tags {
        out.push_str(&text[done..tag.span.start()]);
        if tag.kind == TagKind::Expression {
            out.extend(std::iter::repeat_n(char::from(FILLER), tag.span.len()));
        } else {
            out.extend(
                tag.span.of(text).bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { byte.into() } else { ' ' }),
            );
        }
        done = tag.span.end();
    }
    out.push_str(&text[done..]);
    out
}

impl Mask {
    /// The masked text, as long as the original.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All tags in file order.
    pub fn tags(&self) -> &[Tag] {
        &self.tags
    }

    /// First word of the statement with this index in [`Mask::tags`]; empty for an expression or a comment.
    pub fn keyword(&self, tag: usize) -> &str {
        self.keywords.get(tag).map_or("", |word| word)
    }

    /// All blocks, by the place of their first tag. [`Block::parent`] makes them a tree.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The spans of all tags, in file order: what a decoder must leave as it stands.
    pub fn opaque(&self) -> Vec<Span> {
        self.tags.iter().map(|tag| tag.span).collect()
    }

    /// The tags that share a byte with `span`.
    pub fn tags_in(&self, span: Span) -> &[Tag] {
        &self.tags[self.range(span)]
    }

    fn range(&self, span: Span) -> std::ops::Range<usize> {
        let first = self.tags.partition_point(|tag| tag.span.end() <= span.start());
        let last = self.tags.partition_point(|tag| tag.span.start() < span.end());
        first..last.max(first)
    }
}
