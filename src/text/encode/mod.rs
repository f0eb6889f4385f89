//! How text is written inside other text: one module per quoting style.
//!
//! Knows: escapes, quotes, folding and indentation. Must not know: where such text stands or what it means. Decoding
//! never fails: what is no escape is taken as it stands, for the readers have judged the text before. Encoding only
//! proposes; `View` decodes the result again and refuses what does not come out as meant.

use super::{NotEncodable, Span};

mod block;
mod flow;
mod go;
mod json;
mod percent;
#[cfg(test)]
mod tests;

pub use json::json_escape;

/// How a view's text is written in the text below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Byte for byte.
    Verbatim,
    /// YAML plain scalar.
    Plain {
        /// Whether it stands in `[…]` or `{…}`, where it may not hold commas and brackets.
        flow: bool,
    },
    /// YAML `'…'`.
    SingleQuoted,
    /// YAML `"…"`.
    DoubleQuoted,
    /// YAML `|` with its header.
    Literal {
        /// Columns of its indent; found from its first line if not given.
        indent: Option<usize>,
    },
    /// YAML `>` with its header.
    Folded {
        /// Columns of its indent; found from its first line if not given.
        indent: Option<usize>,
    },
    /// JSON `"…"`.
    Json,
    /// `"…"` with Go's escapes: a string of `LogQL`, Alloy or a Go template.
    Go,
    /// `` `…` ``: such a string without escapes.
    Backtick,
    /// `%7B` and the like, in a URL.
    Percent {
        /// Whether `+` is a blank, as in a query string.
        plus: bool,
    },
}

/// A stretch of decoded text and the stretch it was read from. Pieces are sorted by both and cover the decoded text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Bytes of the decoded text; never empty.
    pub(super) text: Span,
    /// Bytes of the text below.
    pub(super) from: Span,
    /// Whether the two are the same bytes; else the piece (an escape, a line break) is one and cannot be cut.
    pub(super) same: bool,
}

/// A decoded text with its pieces, while it is read.
pub(super) struct Decoded<'a> {
    below: &'a str,
    pub(super) text: String,
    pub(super) pieces: Vec<Piece>,
    /// First byte after the opening quote: where an empty text would be written.
    pub(super) start: usize,
    /// One past the last byte that was looked at.
    pub(super) reach: usize,
    opaque: &'a [Span],
}

impl Decoded<'_> {
    /// Takes over the bytes `start..end` as they stand.
    fn copy(&mut self, start: usize, end: usize) {
        let Some(found) = self.below.get(start..end).filter(|found| !found.is_empty()) else { return };
        let at = self.text.len();
        self.text.push_str(found);
        if let Some(last) = self.pieces.last_mut().filter(|last| last.same && last.from.end() == start) {
            last.text = Span::new(last.text.start(), self.text.len());
            last.from = Span::new(last.from.start(), end);
        } else {
            self.pieces.push(Piece { text: Span::new(at, self.text.len()), from: Span::new(start, end), same: true });
        }
    }

    /// What stands in `start..end` means `text`.
    fn unit(&mut self, start: usize, end: usize, text: &str) {
        if text.is_empty() {
            return;
        }
        let at = self.text.len();
        self.text.push_str(text);
        self.pieces.push(Piece { text: Span::new(at, self.text.len()), from: Span::new(start, end), same: false });
    }

    fn character(&mut self, start: usize, end: usize, found: char) {
        self.unit(start, end, found.encode_utf8(&mut [0; 4]));
    }

    /// The end of the opaque stretch that covers `at`, cut to `end`.
    fn opaque_at(&self, at: usize, end: usize) -> Option<usize> {
        let next = self.opaque.partition_point(|span| span.end() <= at);
        self.opaque.get(next).filter(|span| span.covers(at)).map(|span| span.end().min(end))
    }
}

/// Decodes what is written in `span` of `below`, quotes and header included. `opaque` (sorted) is taken as it stands.
/// `None` when it is not written in this style.
pub(super) fn decode<'a>(encoding: Encoding, below: &'a str, span: Span, opaque: &'a [Span]) -> Option<Decoded<'a>> {
    let written = below.get(span.range())?;
    let quoted = |quote: char| {
        let inner = written.len() >= 2 && written.starts_with(quote) && written.ends_with(quote);
        inner.then(|| Span::new(span.start() + 1, span.end() - 1))
    };
    let inner = match encoding {
        Encoding::SingleQuoted => quoted('\'')?,
        Encoding::DoubleQuoted | Encoding::Json | Encoding::Go => quoted('"')?,
        Encoding::Backtick => quoted('`')?,
        _ => span,
    };
    let (start, reach) = (inner.start(), span.end());
    let mut out = Decoded { below, text: String::new(), pieces: Vec::new(), start, reach, opaque };
    match encoding {
        Encoding::Verbatim | Encoding::Backtick => out.copy(inner.start(), inner.end()),
        Encoding::Plain { .. } | Encoding::SingleQuoted | Encoding::DoubleQuoted => {
            flow::decode(&mut out, encoding, inner);
        }
        Encoding::Literal { indent } => block::decode(&mut out, span, indent, false)?,
        Encoding::Folded { indent } => block::decode(&mut out, span, indent, true)?,
        Encoding::Json => escapes(&mut out, inner, json_escape),
        Encoding::Go => escapes(&mut out, inner, go::escape),
        Encoding::Percent { plus } => percent::decode(&mut out, inner, plus),
    }
    Some(out)
}

/// Finds the character that the backslash at an offset starts, and its length in bytes.
type Escape = fn(&[u8], usize) -> Option<(char, usize)>;

/// Decodes backslash escapes; what `escape` does not know stands for itself.
fn escapes(out: &mut Decoded<'_>, inner: Span, escape: Escape) {
    let bytes = &out.below.as_bytes()[..inner.end()];
    let mut at = inner.start();
    let mut done = at;
    while let Some(found) = memchr::memchr(b'\\', &bytes[at..]).map(|found| at + found) {
        if let Some(end) = out.opaque_at(found, inner.end()) {
            at = end;
        } else if let Some((meant, length)) = escape(bytes, found) {
            out.copy(done, found);
            out.character(found, found + length, meant);
            at = found + length;
            done = at;
        } else {
            at = found + 1;
        }
    }
    out.copy(done, inner.end());
}

/// Where a replacement goes: what its surroundings are written like.
pub(super) struct Around<'a> {
    /// What is written now, quotes and header included.
    pub(super) written: &'a str,
    /// The decoded text.
    pub(super) text: &'a str,
    /// The blanks a new line of a block scalar starts with.
    pub(super) indent: &'a str,
}

/// `new` as it would be written there.
pub(super) fn encode(encoding: Encoding, new: &str, around: &Around<'_>) -> Result<String, NotEncodable> {
    let refuse = |reason: &str| Err(NotEncodable { reason: reason.to_owned() });
    match encoding {
        Encoding::Plain { .. } | Encoding::SingleQuoted if new.contains(char::is_control) => {
            refuse("this scalar cannot hold line breaks or control characters")
        }
        Encoding::SingleQuoted => Ok(new.replace('\'', "''")),
        Encoding::DoubleQuoted => Ok(flow::escape(new)),
        Encoding::Literal { .. } if new.contains(|c: char| c.is_control() && c != '\n' && c != '\t') => {
            refuse("a block scalar cannot hold control characters")
        }
        Encoding::Literal { .. } => {
            let end = if around.written.contains("\r\n") { "\r\n" } else { "\n" };
            Ok(new.replace('\n', &format!("{end}{}", around.indent)))
        }
        Encoding::Folded { .. } if new.contains(char::is_control) => {
            refuse("a folded scalar cannot take line breaks or control characters")
        }
        Encoding::Json => Ok(json::escape(new, around.written)),
        Encoding::Go => Ok(go::quote(new)),
        Encoding::Backtick if new.contains('`') => refuse("a string in backticks cannot hold a backtick"),
        Encoding::Percent { plus } => Ok(percent::encode(new, around.written, plus)),
        Encoding::Verbatim | Encoding::Plain { .. } | Encoding::Folded { .. } | Encoding::Backtick => {
            Ok(new.to_owned())
        }
    }
}

/// Whether `text`, now written as `written`, is still one value of this style: what decoding alone cannot tell.
pub(super) fn holds(encoding: Encoding, written: &str, around: &Around<'_>) -> Result<(), NotEncodable> {
    match encoding {
        Encoding::Plain { flow } => flow::plain_holds(written, around.text, flow),
        Encoding::SingleQuoted
            if written.get(1..written.len().saturating_sub(1)).unwrap_or("'").replace("''", "").contains('\'') =>
        {
            Err(NotEncodable { reason: "a quote would end the scalar".to_owned() })
        }
        Encoding::Literal { .. } | Encoding::Folded { .. } => block::holds(written, around.written),
        _ => Ok(()),
    }
}
