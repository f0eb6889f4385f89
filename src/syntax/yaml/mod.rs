//! YAML text to a [`Tree`].
//!
//! Knows: where each value, anchor, tag, alias and comment stands. Must not know: what a document is for, nor Jinja
//! (a template is masked before, see `jinja`). The grammar is the `granit-parser` crate's; this module turns its
//! events into nodes whose spans hold exactly what is written for a value.

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};

use super::tree::{Kind, Node, NodeId, Style, Tree};
use super::{DEEPEST, SyntaxError};
use crate::text::Span;

mod place;
#[cfg(test)]
mod tests;

/// Comments between two nodes that may be held back while the parser looks for what follows them.
const MOST_COMMENTS: usize = 100_000;

/// Reads all documents of a stream. Spans are bytes of `text`; CRLF and a BOM are as in the file.
///
/// Aliases resolve to the latest earlier anchor of that name in the same document.
///
/// # Errors
/// Text that is not YAML, an alias to nothing, or text that nests deeper than [`DEEPEST`].
pub fn read(text: &str) -> Result<Tree<'_>, SyntaxError> {
    let options = granit_parser::options! {
        emit_anchor_events: true,
        emit_unresolved_aliases: true,
        block_scalar_eof_without_line_feed: true,
        flow_nesting_limit: DEEPEST,
        block_nesting_limit: DEEPEST,
        max_buffered_comment_events: MOST_COMMENTS,
    };
    let mut reader = Reader { text, tree: Tree::new(), open: Vec::new(), anchors: HashMap::new(), last: None, end: 0 };
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, span) = next.map_err(|error| {
            let at = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
            SyntaxError::new(Span::at(at), error.info())
        })?;
        let tag = span.tag_span().and_then(|tag| tag.byte_range()).map(Span::from);
        let span = span.byte_range().map_or(Span::at(reader.end), Span::from);
        reader.event(event, span, tag)?;
    }
    Ok(reader.tree)
}

/// A collection whose end has not been seen.
struct Open {
    id: NodeId,
    children: Vec<NodeId>,
    mapping: bool,
    /// Whether its start is a bracket.
    bracketed: bool,
}

struct Reader<'a> {
    text: &'a str,
    tree: Tree<'a>,
    open: Vec<Open>,
    /// Node of each anchor, by the parser's number for it.
    anchors: HashMap<usize, NodeId>,
    /// The node of the last event, which an anchor event belongs to.
    last: Option<NodeId>,
    /// End of the last thing that was read.
    end: usize,
}

impl<'a> Reader<'a> {
    fn event(&mut self, event: Event<'a>, span: Span, tag: Option<Span>) -> Result<(), SyntaxError> {
        match event {
            Event::Scalar(value, style, ..) => {
                self.scalar(value, style, span, tag);
                Ok(())
            }
            Event::Alias(number) => {
                let target = self.anchors.get(&number).copied();
                let nothing = || SyntaxError::new(span, "an alias to nothing");
                self.leaf(Kind::Alias(target.ok_or_else(nothing)?), Style::Plain, span, None);
                Ok(())
            }
            Event::UnresolvedAlias(name) => {
                Err(SyntaxError::new(span, format!("`*{name}` is an alias to nothing: no `&{name}` comes before it")))
            }
            Event::Anchor(number, _) => {
                if let Some(id) = self.last {
                    self.tree.node_mut(id).anchor = Some(span);
                    self.anchors.insert(number, id);
                }
                Ok(())
            }
            Event::SequenceStart(style, ..) => self.start(Kind::Sequence(Vec::new()), style, span, tag),
            Event::MappingStart(style, ..) => self.start(Kind::Mapping(Vec::new()), style, span, tag),
            Event::SequenceEnd | Event::MappingEnd => {
                self.finish(span);
                Ok(())
            }
            Event::Comment(..) => {
                self.tree.push_comment(span);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn scalar(&mut self, value: Cow<'a, str>, style: ScalarStyle, span: Span, tag: Option<Span>) {
        let (style, span) = match style {
            ScalarStyle::Plain if span.is_empty() => {
                // The parser puts a missing value at the colon, it would be written after it.
                let value = self.open.last().is_some_and(|open| open.mapping && open.children.len() % 2 == 1);
                let colon = value && self.text.as_bytes().get(span.start()) == Some(&b':');
                let span = Span::at(span.start() + usize::from(colon));
                self.leaf(Kind::Scalar(Cow::Borrowed("")), Style::Absent, span, tag);
                return;
            }
            ScalarStyle::Plain => (Style::Plain, span),
            ScalarStyle::SingleQuoted => (Style::SingleQuoted, span),
            ScalarStyle::DoubleQuoted => (Style::DoubleQuoted, span),
            ScalarStyle::Literal => (Style::Literal, place::block_scalar(self.text, self.end, span)),
            ScalarStyle::Folded => (Style::Folded, place::block_scalar(self.text, self.end, span)),
        };
        self.leaf(Kind::Scalar(value), style, span, tag);
    }

    fn leaf(&mut self, kind: Kind<'a>, style: Style, span: Span, tag: Option<Span>) {
        let id = self.push(kind, style, span, tag);
        self.end = self.end.max(span.end());
        self.done(id);
    }

    fn start(
        &mut self,
        kind: Kind<'a>,
        style: StructureStyle,
        span: Span,
        tag: Option<Span>,
    ) -> Result<(), SyntaxError> {
        if self.open.len() >= DEEPEST {
            return Err(SyntaxError::new(span, format!("nests deeper than {DEEPEST}")));
        }
        let bracketed = !span.is_empty();
        let mapping = matches!(kind, Kind::Mapping(_));
        let in_mapping = self.open.last().is_some_and(|open| open.mapping);
        let start = if !mapping && !bracketed && in_mapping {
            place::first_dash(self.text, self.end, span.start())
        } else {
            span.start()
        };
        let style = if style == StructureStyle::Flow { Style::Flow } else { Style::Block };
        let id = self.push(kind, style, Span::new(start, span.end()), tag);
        self.open.push(Open { id, children: Vec::new(), mapping, bracketed });
        Ok(())
    }

    /// Closes the innermost collection; `span` is its closing bracket, or empty.
    fn finish(&mut self, span: Span) {
        let Some(open) = self.open.pop() else { return };
        let start = self.tree.at(open.id).span().start();
        let span = if open.bracketed {
            self.end = self.end.max(span.end());
            Span::new(start, span.end())
        } else {
            let ends = |id: &NodeId| self.tree.at(*id).span().end();
            Span::new(self.start_of(open.children.first()).min(start), open.children.last().map_or(start, ends))
        };
        let node = self.tree.node_mut(open.id);
        node.span = span;
        node.kind = if open.mapping {
            Kind::Mapping(open.children.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
        } else {
            Kind::Sequence(open.children)
        };
        self.done(open.id);
    }

    /// Where a node starts with its anchor and tag.
    fn start_of(&self, id: Option<&NodeId>) -> usize {
        let Some(&id) = id else { return usize::MAX };
        let node = self.tree.at(id).node();
        [node.anchor, node.tag].into_iter().flatten().fold(node.span.start(), |first, at| first.min(at.start()))
    }

    /// Puts a finished node where it belongs.
    fn done(&mut self, id: NodeId) {
        match self.open.last_mut() {
            Some(open) => open.children.push(id),
            None => self.tree.push_root(id),
        }
    }

    fn push(&mut self, kind: Kind<'a>, style: Style, span: Span, tag: Option<Span>) -> NodeId {
        let parent = self.open.last().map(|open| open.id);
        let id = self.tree.push(Node { kind, style, span, anchor: None, tag, parent });
        self.last = Some(id);
        id
    }
}
