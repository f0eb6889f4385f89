//! Reader of Alloy configurations: blocks, attributes, expressions and comments with their bytes.
//!
//! Knows: the language (label-surface 5.1), as Alloy's own parser reads it; what that refuses is refused here. Must
//! not know: what a component does. Jinja is masked before (see `syntax`), with all offsets kept.

mod block;
mod expr;
mod lexer;
mod parser;
pub mod selector;
mod strings;
#[cfg(test)]
mod tests;

pub use block::{Attribute, Block};
pub use expr::{Expr, Field, Kind, Reference};
pub use strings::Quote;

use super::SyntaxError;
use crate::text::Span;

/// Reads a whole configuration.
///
/// # Errors
/// The first place where the text is no Alloy configuration, or is nested deeper than [`super::DEEPEST`].
pub fn read(text: &str) -> Result<Config<'_>, SyntaxError> {
    parser::parse(text).map_err(|failure| *failure.0)
}

/// No node.
const NONE: u32 = u32::MAX;

/// A configuration that was read. Nodes lie in flat lists, in the order of the file, so dropping it recurses nowhere.
#[derive(Debug)]
pub struct Config<'t> {
    text: &'t str,
    blocks: Vec<BlockNode>,
    attributes: Vec<AttributeNode>,
    exprs: Vec<ExprNode>,
    comments: Vec<Span>,
}

#[derive(Debug)]
struct BlockNode {
    name: Span,
    /// Blanks or comments stand around the dots of the name.
    spaced: bool,
    label: Option<Span>,
    span: Span,
    body: Span,
    parent: u32,
    /// One past the last block inside, at any depth.
    blocks_end: u32,
    /// The attributes inside, at any depth.
    attributes_start: u32,
    attributes_end: u32,
}

#[derive(Debug)]
struct AttributeNode {
    name: Span,
    span: Span,
    value: u32,
    parent: u32,
}

#[derive(Debug)]
struct ExprNode {
    span: Span,
    /// First child.
    first: u32,
    /// Next child of the same parent.
    next: u32,
    /// Field: end of the key. Reference: 1 when blanks or comments stand around its dots.
    extra: u32,
    kind: Kind,
}

impl<'t> Config<'t> {
    /// The text that was read.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// The blocks at the top of the file, in order.
    pub fn blocks(&self) -> impl Iterator<Item = Block<'_, 't>> {
        block::siblings(self, 0, self.blocks.len() as u32)
    }

    /// Every block at any depth, in order of their first bytes.
    pub fn all_blocks(&self) -> impl Iterator<Item = Block<'_, 't>> {
        (0..self.blocks.len() as u32).map(|id| Block { config: self, id })
    }

    /// The attributes at the top of the file, in order.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'_, 't>> {
        self.all_attributes().filter(|attribute| attribute.block().is_none())
    }

    /// Every attribute at any depth, in order.
    pub fn all_attributes(&self) -> impl Iterator<Item = Attribute<'_, 't>> {
        (0..self.attributes.len() as u32).map(|id| Attribute { config: self, id })
    }

    /// Every comment with its delimiters, in order. The line end behind `//` (a `\r` before it too) is not part of it.
    pub fn comments(&self) -> &[Span] {
        &self.comments
    }

    /// Every block with this full name, as `loki.source.syslog`, in order, those inside `declare` too.
    pub fn components<'c>(&'c self, name: &'c str) -> impl Iterator<Item = Block<'c, 't>> {
        self.all_blocks().filter(move |block| block.is(name))
    }

    /// Every dotted reference of the file, in order.
    pub fn references(&self) -> impl Iterator<Item = Reference<'_, 't>> {
        self.all_attributes().flat_map(|attribute| attribute.value().references())
    }

    /// Every reference to `component` (as `loki.process.kairos`, see [`Block::id`]) or to what it exports.
    pub fn references_to<'c>(&'c self, component: &'c str) -> impl Iterator<Item = Reference<'c, 't>> {
        self.references().filter(move |reference| reference.is_to(component))
    }
}
