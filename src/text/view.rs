//! Text inside text: a decoded view of a stretch of a file, with the way back to its bytes.
//!
//! A `LogQL` query in a JSON string in a YAML block scalar is three views, each on top of the one before. Edits are
//! said in the decoded text of the innermost view and come out as edits of the file, written in the style of every
//! layer between. Knows: layers. Must not know: what any layer means.

use std::sync::Arc;

use super::encode::{self, Around, Encoding, Piece};
use super::{Edit, Source, Span, Why};

/// A replacement that cannot be written in the style of the place it would go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotEncodable {
    /// What stands in the way, as a sentence part: "a plain scalar cannot hold `: `".
    pub reason: String,
}

impl NotEncodable {
    fn new(reason: &str) -> Self {
        Self { reason: reason.to_owned() }
    }
}

impl std::fmt::Display for NotEncodable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for NotEncodable {}

/// Decoded text with its map to the bytes of a file. Cheap to clone.
#[derive(Clone, Debug)]
pub struct View(Arc<Layer>);

/// What a view is written in.
#[derive(Debug)]
enum Below {
    File(Arc<Source>),
    View(View),
}

#[derive(Debug)]
struct Layer {
    below: Below,
    encoding: Encoding,
    /// The written form in the text below, quotes and header included.
    span: Span,
    /// One past the last byte below that the text depends on.
    reach: usize,
    /// Where an empty text would be written.
    start: usize,
    text: String,
    pieces: Vec<Piece>,
    /// Stretches of the text below (template tags) that stand for themselves.
    opaque: Vec<Span>,
}

impl View {
    /// The text written in `span` (quotes or block header included) in the style of `encoding`. `opaque` are the
    /// spans of template tags of the file, in order: they stand for themselves and no edit cuts them.
    pub fn scalar(source: &Arc<Source>, span: Span, encoding: Encoding, opaque: &[Span]) -> Self {
        Self::read(Below::File(Arc::clone(source)), span, encoding, near(opaque, span))
    }

    /// The text written in `span` of this view's text, quotes included.
    #[must_use]
    pub fn inner(&self, span: Span, encoding: Encoding) -> Self {
        let opaque = near(&self.opaque(), span);
        Self::read(Below::View(self.clone()), span, encoding, opaque)
    }

    /// The JSON string in `span` of this view's text, quotes included.
    #[must_use]
    pub fn json_string(&self, span: Span) -> Self {
        self.inner(span, Encoding::Json)
    }

    /// A span that is not written in that style is taken as it stands.
    fn read(below: Below, span: Span, encoding: Encoding, opaque: Vec<Span>) -> Self {
        let text = below.text();
        let (encoding, decoded) = match encode::decode(encoding, text, span, &opaque) {
            Some(decoded) => (encoding, Some(decoded)),
            None => (Encoding::Verbatim, encode::decode(Encoding::Verbatim, text, span, &opaque)),
        };
        let (text, pieces, start, reach) =
            decoded.map_or_else(Default::default, |found| (found.text, found.pieces, found.start, found.reach));
        Self(Arc::new(Layer { below, encoding, span, reach, start, text, pieces, opaque }))
    }

    /// The decoded text.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// How it is written.
    pub fn encoding(&self) -> Encoding {
        self.0.encoding
    }

    /// The file it comes from.
    pub fn source(&self) -> &Arc<Source> {
        let mut view = self;
        loop {
            match &view.0.below {
                Below::File(source) => return source,
                Below::View(below) => view = below,
            }
        }
    }

    /// The template tags in the decoded text.
    pub fn opaque(&self) -> Vec<Span> {
        self.0.opaque.iter().filter_map(|tag| self.0.find(*tag)).collect()
    }

    /// The bytes of the file that `span` of the decoded text was read from. A border inside an escape or a folded
    /// line break moves out of it.
    pub fn raw(&self, span: Span) -> Span {
        let (mut view, mut span) = (self, span);
        loop {
            span = view.0.below_of(span).0;
            match &view.0.below {
                Below::File(_) => return span,
                Below::View(below) => view = below,
            }
        }
    }

    /// The edit of the file that replaces `span` of the decoded text by `new`, in the style of every layer.
    ///
    /// What both have in common at their ends is left alone if `new` cannot be written otherwise.
    ///
    /// # Errors
    /// When `new` cannot be written in this style without touching anything around it, or `span` cuts an escape, a
    /// folded line break or a template tag.
    pub fn edit(&self, span: Span, new: &str, why: Why) -> Result<Edit, NotEncodable> {
        let written = self.write(span, new).or_else(|first| {
            let (span, new) = shortened(&self.0.text, span, new);
            self.write(span, new).map_err(|_| first)
        });
        written.map(|(span, new)| Edit { span, new, why })
    }

    fn write(&self, span: Span, new: &str) -> Result<(Span, String), NotEncodable> {
        let (mut view, mut span, mut new) = (self, span, new.to_owned());
        loop {
            (span, new) = view.0.write(span, &new)?;
            match &view.0.below {
                Below::File(_) => return Ok((span, new)),
                Below::View(below) => view = below,
            }
        }
    }
}

impl Below {
    fn text(&self) -> &str {
        match self {
            Self::File(source) => source.text().unwrap_or(""),
            Self::View(view) => view.text(),
        }
    }
}

impl Layer {
    /// The bytes below of `span`, and whether both borders are exact.
    fn below_of(&self, span: Span) -> (Span, bool) {
        let (start, left) = self.start_of(span.start());
        let (end, right) = if span.is_empty() { (start, left) } else { self.end_of(span.end()) };
        (Span::new(start, end), left && right)
    }

    fn start_of(&self, offset: usize) -> (usize, bool) {
        let next = self.pieces.partition_point(|piece| piece.text.end() <= offset);
        match self.pieces.get(next) {
            Some(piece) if piece.same => (piece.from.start() + offset.saturating_sub(piece.text.start()), true),
            Some(piece) => (piece.from.start(), offset == piece.text.start()),
            None => (self.pieces.last().map_or(self.start, |piece| piece.from.end()), true),
        }
    }

    fn end_of(&self, offset: usize) -> (usize, bool) {
        let next = self.pieces.partition_point(|piece| piece.text.end() < offset);
        match self.pieces.get(next) {
            Some(piece) if piece.same => (piece.from.start() + offset.saturating_sub(piece.text.start()), true),
            Some(piece) => (piece.from.end(), offset == piece.text.end()),
            None => (self.pieces.last().map_or(self.start, |piece| piece.from.end()), true),
        }
    }

    /// Where a stretch of the text below stands in the decoded text, if it was taken over as it stands.
    fn find(&self, below: Span) -> Option<Span> {
        let next = self.pieces.partition_point(|piece| piece.from.end() <= below.start());
        let piece = self.pieces.get(next).filter(|piece| piece.same && piece.from.overlaps(below))?;
        let start = below.start().max(piece.from.start()) - piece.from.start() + piece.text.start();
        let end = below.end().min(piece.from.end()) - piece.from.start() + piece.text.start();
        Some(Span::new(start, end))
    }

    /// The replacement in the text below that makes `span` of the decoded text `new`.
    fn write(&self, span: Span, new: &str) -> Result<(Span, String), NotEncodable> {
        if self.text.get(span.range()).is_none() {
            return Err(NotEncodable::new("this is no stretch of the text"));
        }
        let (target, exact) = self.below_of(span);
        if !exact {
            return Err(NotEncodable::new("this would cut an escape or a folded line break in two"));
        }
        let cuts = |tag: &Span| tag.overlaps(target) && !target.contains(*tag) || tag_holds(*tag, target);
        if self.opaque.iter().any(cuts) {
            return Err(NotEncodable::new("this would change a part of a template tag"));
        }
        if self.text.is_empty() && matches!(self.encoding, Encoding::Plain { .. }) {
            return Err(NotEncodable::new("there is no value here to change"));
        }
        let indent = self.indent_at(target.start());
        let below = self.below.text();
        let around = Around { written: self.span.of(below), text: &self.text, indent: &indent };
        let new_below = encode::encode(self.encoding, new, &around)?;
        if self.encoding != Encoding::Verbatim {
            self.check(span, new, target, &new_below, &around)?;
        }
        Ok((target, new_below))
    }

    /// Decodes what would stand there and compares it with what is meant.
    fn check(
        &self,
        span: Span,
        new: &str,
        target: Span,
        new_below: &str,
        around: &Around<'_>,
    ) -> Result<(), NotEncodable> {
        let below = self.below.text();
        let base = self.span.start();
        let window = Span::new(base, self.reach.max(self.span.end()));
        if !window.contains(target) {
            return Err(NotEncodable::new("there is no place for it"));
        }
        let (left, right) = (Span::new(base, target.start()), Span::new(target.end(), window.end()));
        let written = [left.of(below), new_below, right.of(below)].concat();
        if window.of(below).ends_with('\n') && !written.ends_with('\n') {
            return Err(NotEncodable::new("the line break at its end must stay"));
        }
        let moved = |at: usize| at - base - if at >= target.end() { target.len() } else { 0 };
        let grown = |at: usize| moved(at) + if at >= target.end() { new_below.len() } else { 0 };
        let kept = self.opaque.iter().filter(|tag| tag.start() >= base && !tag.overlaps(target));
        let opaque: Vec<Span> = kept.map(|tag| Span::new(grown(tag.start()), grown(tag.end()))).collect();
        let end = if self.span.end() >= target.end() { grown(self.span.end()) } else { self.span.len() };
        let value = Span::new(0, end);
        encode::holds(self.encoding, value.of(&written), around)?;
        let meant = [&self.text[..span.start()], new, &self.text[span.end()..]].concat();
        match encode::decode(self.encoding, &written, value, &opaque) {
            Some(found) if found.text == meant => Ok(()),
            _ => Err(NotEncodable::new("written in this style it would read differently")),
        }
    }

    /// The blanks at the start of the line of the text below that holds `at`, as wide as the block's indent.
    fn indent_at(&self, at: usize) -> String {
        let (Encoding::Literal { indent } | Encoding::Folded { indent }) = self.encoding else { return String::new() };
        let before = self.below.text().get(..at).unwrap_or("");
        let line = &before[before.rfind('\n').map_or(0, |found| found + 1)..];
        let width = line.len() - line.trim_start_matches(' ').len();
        let first = self.pieces.first().map_or(at, |piece| piece.from.start());
        let start = before.get(..first.min(at)).and_then(|text| text.rfind('\n')).map_or(0, |found| found + 1);
        let column = first.saturating_sub(start);
        " ".repeat(indent.unwrap_or(if column == 0 { width } else { column }))
    }
}

/// Whether an insertion at `point` lies inside `tag`.
fn tag_holds(tag: Span, target: Span) -> bool {
    tag.start() < target.start() && target.end() < tag.end()
}

/// The spans that share a byte with `span` or lie behind it by no more than its last line: those that matter to it.
fn near(opaque: &[Span], span: Span) -> Vec<Span> {
    let first = opaque.partition_point(|tag| tag.end() <= span.start());
    let last = opaque.partition_point(|tag| tag.start() < span.end());
    opaque.get(first..last.max(first)).unwrap_or(&[]).to_vec()
}

/// `span` and `new` without what they have in common at both ends.
fn shortened<'a>(text: &str, span: Span, new: &'a str) -> (Span, &'a str) {
    let old = span.of(text);
    let left: usize = old.chars().zip(new.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    let (old, rest) = (&old[left..], &new[left..]);
    let right: usize =
        old.chars().rev().zip(rest.chars().rev()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    (Span::new(span.start() + left, span.end() - right), &rest[..rest.len() - right])
}
