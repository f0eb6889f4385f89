//! JSON text to a [`Tree`], strictly by RFC 8259.
//!
//! Knows: the grammar and where each value stands. Must not know: what a document is for. Duplicate keys are kept,
//! numbers stay as they are written, a BOM is skipped. Own code rather than a crate: the readers we found build values
//! (numbers rounded, duplicates lost), recurse, or read comments and trailing commas.

use std::borrow::Cow;

use super::SyntaxError;
use super::tree::{Kind, Node, NodeId, Style, Tree};
use crate::text::{Span, json_escape};

#[cfg(test)]
mod tests;

/// How deep a JSON text may nest. Reading does not recurse; the bound keeps what walks the tree safe.
const DEEPEST: usize = super::DEEPEST;

/// About how much text one value or key takes in a dashboard with its indentation.
const BYTES_PER_NODE: usize = 12;

/// Reads one JSON text. Keys are scalar nodes of style [`Style::Json`].
///
/// A `\u` escape that is half of a surrogate pair is decoded as U+FFFD: such a text is legal JSON.
///
/// # Errors
/// The first byte that is not JSON, or the bracket that nests deeper than [`super::DEEPEST`].
pub fn read(text: &str) -> Result<Tree<'_>, SyntaxError> {
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        at: 0,
        tree: Tree::with_room(text.len() / BYTES_PER_NODE),
        open: Vec::new(),
    };
    if text.starts_with('\u{feff}') {
        reader.at = 3;
    }
    reader.run()?;
    Ok(reader.tree)
}

/// A collection whose end has not been seen.
struct Open {
    id: NodeId,
    items: Items,
}

/// What it holds so far.
enum Items {
    List(Vec<NodeId>),
    Map(Vec<(NodeId, NodeId)>, NodeId),
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    tree: Tree<'a>,
    open: Vec<Open>,
}

impl<'a> Reader<'a> {
    fn run(&mut self) -> Result<(), SyntaxError> {
        loop {
            self.blanks();
            if let Some(id) = self.value()?
                && !self.close(id)?
            {
                break;
            }
        }
        self.blanks();
        if self.at == self.bytes.len() { Ok(()) } else { Err(self.unexpected("the end of the text")) }
    }

    /// Reads a scalar or an empty collection and returns it, or opens a collection up to its first value.
    fn value(&mut self) -> Result<Option<NodeId>, SyntaxError> {
        match self.peek() {
            Some(b'"') => self.string().map(Some),
            Some(b'{') => {
                let id = self.begin(Kind::Mapping(Vec::new()))?;
                if self.take(b'}') {
                    return Ok(Some(self.end(id)));
                }
                let key = self.key(id)?;
                self.open.push(Open { id, items: Items::Map(Vec::new(), key) });
                Ok(None)
            }
            Some(b'[') => {
                let id = self.begin(Kind::Sequence(Vec::new()))?;
                if self.take(b']') {
                    return Ok(Some(self.end(id)));
                }
                self.open.push(Open { id, items: Items::List(Vec::new()) });
                Ok(None)
            }
            Some(b'-' | b'0'..=b'9') => self.number().map(Some),
            _ => self.word().map(Some),
        }
    }

    /// Puts a finished value where it belongs, and closes what ends with it. `false` when it was the root.
    fn close(&mut self, mut done: NodeId) -> Result<bool, SyntaxError> {
        loop {
            let Some(mut open) = self.open.pop() else {
                self.tree.push_root(done);
                return Ok(false);
            };
            self.blanks();
            match &mut open.items {
                Items::List(items) => {
                    items.push(done);
                    if self.take(b',') {
                        self.open.push(open);
                        return Ok(true);
                    }
                    if !self.take(b']') {
                        return Err(self.unexpected("`,` or `]`"));
                    }
                }
                Items::Map(entries, key) => {
                    entries.push((*key, done));
                    if self.take(b',') {
                        self.blanks();
                        *key = self.key(open.id)?;
                        self.open.push(open);
                        return Ok(true);
                    }
                    if !self.take(b'}') {
                        return Err(self.unexpected("`,` or `}`"));
                    }
                }
            }
            self.tree.node_mut(open.id).kind = match open.items {
                Items::List(items) => Kind::Sequence(items),
                Items::Map(entries, _) => Kind::Mapping(entries),
            };
            done = self.end(open.id);
        }
    }

    /// Opens a collection at its bracket and skips what blanks follow.
    fn begin(&mut self, kind: Kind<'a>) -> Result<NodeId, SyntaxError> {
        if self.open.len() >= DEEPEST {
            return Err(SyntaxError::new(Span::new(self.at, self.at + 1), format!("nests deeper than {DEEPEST}")));
        }
        let id = self.push(kind, Style::Flow, self.at, self.at + 1);
        self.at += 1;
        self.blanks();
        Ok(id)
    }

    fn end(&mut self, id: NodeId) -> NodeId {
        let node = self.tree.node_mut(id);
        node.span = Span::new(node.span.start(), self.at);
        id
    }

    /// A key and its colon. Its parent is not on the stack yet when it is the first one.
    fn key(&mut self, parent: NodeId) -> Result<NodeId, SyntaxError> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("a key in double quotes"));
        }
        let id = self.string()?;
        self.tree.node_mut(id).parent = Some(parent);
        self.blanks();
        if self.take(b':') { Ok(id) } else { Err(self.unexpected("`:`")) }
    }

    fn string(&mut self) -> Result<NodeId, SyntaxError> {
        let start = self.at;
        let mut at = start + 1;
        let mut escaped = false;
        loop {
            match self.bytes.get(at) {
                Some(b' '..=b'!' | b'#'..=b'[' | b']'..) => at += 1,
                Some(b'"') => break,
                Some(b'\\') => {
                    let length = json_escape(self.bytes, at)
                        .map(|(_, length)| length)
                        .ok_or_else(|| SyntaxError::new(Span::new(at, at + 1), "unknown escape"))?;
                    escaped = true;
                    at += length;
                }
                Some(0..0x20) => return Err(SyntaxError::new(Span::new(at, at + 1), "control character in a string")),
                None => return Err(SyntaxError::new(Span::new(start, start + 1), "string without end")),
            }
        }
        let inner = Span::new(start + 1, at);
        let value = if escaped { Cow::Owned(decode(inner.of(self.text))) } else { Cow::Borrowed(inner.of(self.text)) };
        self.at = at + 1;
        Ok(self.push(Kind::Scalar(value), Style::Json, start, at + 1))
    }

    fn number(&mut self) -> Result<NodeId, SyntaxError> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(self.plain(start))
    }

    fn digits(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(self.unexpected("a digit")) }
    }

    fn word(&mut self) -> Result<NodeId, SyntaxError> {
        let start = self.at;
        for word in ["true", "false", "null"] {
            if self.bytes[start..].starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(self.plain(start));
            }
        }
        Err(self.unexpected("a value"))
    }

    fn plain(&mut self, start: usize) -> NodeId {
        let span = Span::new(start, self.at);
        self.push(Kind::Scalar(Cow::Borrowed(span.of(self.text))), Style::Plain, start, self.at)
    }

    fn push(&mut self, kind: Kind<'a>, style: Style, start: usize, end: usize) -> NodeId {
        let parent = self.open.last().map(|open| open.id);
        self.tree.push(Node { kind, style, span: Span::new(start, end), anchor: None, tag: None, parent })
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn unexpected(&self, wanted: &str) -> SyntaxError {
        let found = self.text.get(self.at..).and_then(|rest| rest.chars().next());
        let length = found.map_or(0, char::len_utf8);
        let message = match found {
            Some(found) => format!("expected {wanted}, found `{}`", found.escape_debug()),
            None => format!("expected {wanted}, found the end of the text"),
        };
        SyntaxError::new(Span::new(self.at, self.at + length), message)
    }
}

/// The text of a string whose escapes have been checked.
fn decode(inner: &str) -> String {
    let mut out = String::with_capacity(inner.len());
    let mut done = 0;
    while let Some(at) = memchr::memchr(b'\\', &inner.as_bytes()[done..]).map(|at| done + at) {
        out.push_str(&inner[done..at]);
        let Some((found, length)) = json_escape(inner.as_bytes(), at) else { break };
        out.push(found);
        done = at + length;
    }
    out.push_str(&inner[done..]);
    out
}
