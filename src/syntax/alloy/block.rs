//! Blocks and attributes of a configuration: names, labels, bodies, and the way from one to the next.
//!
//! Knows: the flat lists of [`Config`]. Must not know: what a block does.

use std::borrow::Cow;

use super::expr::dotted;
use super::{AttributeNode, BlockNode, Config, Expr, NONE};
use crate::text::Span;

/// One block: `a.b.c "label" { … }`.
#[derive(Clone, Copy, Debug)]
pub struct Block<'c, 't> {
    pub(super) config: &'c Config<'t>,
    pub(super) id: u32,
}

/// The blocks `from..to` that lie in no other block of that range.
pub(super) fn siblings<'c, 't>(config: &'c Config<'t>, from: u32, to: u32) -> impl Iterator<Item = Block<'c, 't>> {
    let first = (from < to).then_some(Block { config, id: from });
    std::iter::successors(first, move |before| {
        let id = before.node().blocks_end;
        (id < to).then_some(Block { config, id })
    })
}

impl<'c, 't> Block<'c, 't> {
    fn node(self) -> &'c BlockNode {
        &self.config.blocks[self.id as usize]
    }

    /// The full name without label: `loki.source.syslog`.
    pub fn name(self) -> Cow<'t, str> {
        dotted(self.node().name.of(self.config.text), self.node().spaced)
    }

    /// Whether this is the full name.
    pub fn is(self, name: &str) -> bool {
        self.name() == name
    }

    /// The bytes of the name.
    pub fn name_span(self) -> Span {
        self.node().name
    }

    /// The label without quotes; `Some("")` when an empty one is written.
    pub fn label(self) -> Option<&'t str> {
        // A label is an identifier or empty, so what stands between the quotes is its value.
        self.node().label.and_then(|span| span.of(self.config.text).strip_prefix('"')?.strip_suffix('"'))
    }

    /// The bytes of the label with its quotes.
    pub fn label_span(self) -> Option<Span> {
        self.node().label
    }

    /// Name and label as a reference writes them: `loki.process.kairos`; the name alone without label.
    pub fn id(self) -> String {
        match self.label() {
            Some(label) if !label.is_empty() => format!("{}.{label}", self.name()),
            _ => self.name().into_owned(),
        }
    }

    /// From the name to the closing brace.
    pub fn span(self) -> Span {
        self.node().span
    }

    /// What stands between the braces.
    pub fn body_span(self) -> Span {
        self.node().body
    }

    /// The block around this one.
    pub fn parent(self) -> Option<Self> {
        at(self.config, self.node().parent)
    }

    /// The blocks directly inside, in order.
    pub fn children(self) -> impl Iterator<Item = Self> {
        siblings(self.config, self.id + 1, self.node().blocks_end)
    }

    /// The blocks of this name directly inside, in order.
    pub fn blocks(self, name: &str) -> impl Iterator<Item = Self> {
        self.children().filter(move |block| block.is(name))
    }

    /// The attributes directly inside, in order.
    pub fn attributes(self) -> impl Iterator<Item = Attribute<'c, 't>> {
        let node = self.node();
        let inside = (node.attributes_start..node.attributes_end).map(move |id| Attribute { config: self.config, id });
        inside.filter(move |attribute| attribute.node().parent == self.id)
    }

    /// The attribute of this name directly inside. Alloy refuses a second one later; here the first is given.
    pub fn attr(self, name: &str) -> Option<Attribute<'c, 't>> {
        self.attributes().find(|attribute| attribute.name() == name)
    }

    /// Every dotted reference inside, at any depth, in order.
    pub fn references(self) -> impl Iterator<Item = super::Reference<'c, 't>> {
        let node = self.node();
        let inside = (node.attributes_start..node.attributes_end).map(move |id| Attribute { config: self.config, id });
        inside.flat_map(|attribute| attribute.value().references())
    }
}

fn at<'c, 't>(config: &'c Config<'t>, id: u32) -> Option<Block<'c, 't>> {
    (id != NONE).then_some(Block { config, id })
}

/// One attribute: `name = value`.
#[derive(Clone, Copy, Debug)]
pub struct Attribute<'c, 't> {
    pub(super) config: &'c Config<'t>,
    pub(super) id: u32,
}

impl<'c, 't> Attribute<'c, 't> {
    fn node(self) -> &'c AttributeNode {
        &self.config.attributes[self.id as usize]
    }

    /// The name.
    pub fn name(self) -> &'t str {
        self.node().name.of(self.config.text)
    }

    /// The bytes of the name.
    pub fn name_span(self) -> Span {
        self.node().name
    }

    /// From the name to the end of the value.
    pub fn span(self) -> Span {
        self.node().span
    }

    /// The value.
    pub fn value(self) -> Expr<'c, 't> {
        Expr { config: self.config, id: self.node().value, attribute: self.id }
    }

    /// The block this stands in; `None` at the top of the file.
    pub fn block(self) -> Option<Block<'c, 't>> {
        at(self.config, self.node().parent)
    }
}
