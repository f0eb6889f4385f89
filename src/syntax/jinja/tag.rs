//! Tags of a template, one after the other.

use super::{Delims, SyntaxError};
use crate::text::Span;

/// What a tag is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagKind {
    /// `{{ … }}`: prints.
    Expression,
    /// `{% … %}`.
    Statement,
    /// `{# … #}`, and the `#jinja2:` line.
    Comment,
}

/// One tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// From its first to its last mark.
    pub span: Span,
    /// What it is.
    pub kind: TagKind,
    /// First word of a statement (`if`, `endfor`, `set` …); empty for the others.
    pub keyword: Span,
    /// What stands between the marks, without `-` or `+` and blanks around it.
    pub inner: Span,
    /// Whether a statement holds a `=` outside strings and brackets: `set x = 1`, not the block form `set x`.
    pub assigns: bool,
}

/// All tags of `text` from `start` on. What lies between `raw` and `endraw` is text; both are tags.
pub(super) fn scan(text: &str, delims: &Delims, start: usize) -> Result<Vec<Tag>, SyntaxError> {
    let scanner = Scanner::new(text, delims);
    let mut tags = Vec::new();
    let mut at = start;
    while let Some((open, kind)) = scanner.next_open(at) {
        let tag = scanner.tag(open, kind)?;
        at = tag.span.end();
        let raw = tag.keyword.of(text) == "raw";
        let open = tag.span;
        tags.push(tag);
        if raw {
            let end = scanner.endraw(at).ok_or_else(|| SyntaxError::new(open, "`raw` without `endraw`"))?;
            at = end.span.end();
            tags.push(end);
        }
    }
    Ok(tags)
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    /// The three pairs of marks, longest opening mark first, as Jinja tries them.
    marks: [(&'a str, &'a str, TagKind); 3],
    first: [u8; 3],
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str, delims: &'a Delims) -> Self {
        let mut marks = [
            (&*delims.comment.0, &*delims.comment.1, TagKind::Comment),
            (&*delims.block.0, &*delims.block.1, TagKind::Statement),
            (&*delims.variable.0, &*delims.variable.1, TagKind::Expression),
        ];
        marks.sort_by_key(|mark| std::cmp::Reverse(mark.0.len()));
        let first = marks.map(|mark| mark.0.bytes().next().unwrap_or(0));
        Self { text, bytes: text.as_bytes(), marks, first }
    }

    fn next_open(&self, mut at: usize) -> Option<(usize, TagKind)> {
        let [a, b, c] = self.first;
        loop {
            at += memchr::memchr3(a, b, c, self.bytes.get(at..)?)?;
            let rest = &self.bytes[at..];
            let mark = self.marks.iter().find(|mark| !mark.0.is_empty() && rest.starts_with(mark.0.as_bytes()));
            if let Some(mark) = mark {
                return Some((at, mark.2));
            }
            at += 1;
        }
    }

    fn tag(&self, open: usize, kind: TagKind) -> Result<Tag, SyntaxError> {
        let (start, close) = self.marks.iter().find(|mark| mark.2 == kind).map_or(("", ""), |mark| (mark.0, mark.1));
        let from = open + start.len();
        let (end, assigns) = if kind == TagKind::Comment {
            (memchr::memmem::find(&self.bytes[from..], close.as_bytes()).map(|at| from + at), false)
        } else {
            self.close(from, close.as_bytes())
        };
        let end = end.ok_or_else(|| SyntaxError::new(Span::new(open, from), format!("`{start}` without `{close}`")))?;
        Ok(self.made(kind, Span::new(open, end + close.len()), Span::new(from, end), assigns))
    }

    fn made(&self, kind: TagKind, span: Span, between: Span, assigns: bool) -> Tag {
        let text = between.of(self.text);
        let left = text.trim_start_matches(['-', '+']).len();
        let left = if text.len() - left > 1 { text.len() - 1 } else { left };
        let text = &text[text.len() - left..];
        let skipped = between.len() - text.len();
        let text = text.strip_suffix(['-', '+']).unwrap_or(text);
        let body = text.trim_start();
        let start = between.start() + skipped + (text.len() - body.len());
        let body = body.trim_end();
        let word = body.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(body.len());
        let word = if kind == TagKind::Statement { word } else { 0 };
        let inner = Span::new(start, start + body.len());
        Tag { span, kind, keyword: Span::new(start, start + word), inner, assigns }
    }

    /// Where the closing mark stands, outside strings and brackets, and whether a `=` stands there too.
    fn close(&self, from: usize, close: &[u8]) -> (Option<usize>, bool) {
        let (mut at, mut depth, mut assigns) = (from, 0_usize, false);
        while let Some(&byte) = self.bytes.get(at) {
            if depth == 0 && self.bytes[at..].starts_with(close) {
                return (Some(at), assigns);
            }
            match byte {
                b'"' | b'\'' => match self.string(at) {
                    Some(end) => at = end,
                    None => return (None, assigns),
                },
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                b'=' if depth == 0 => {
                    let beside = [self.bytes.get(at.wrapping_sub(1)), self.bytes.get(at + 1)];
                    assigns |= !matches!(beside[0], Some(b'=' | b'!' | b'<' | b'>')) && beside[1] != Some(&b'=');
                }
                _ => {}
            }
            at += 1;
        }
        (None, assigns)
    }

    /// The closing quote of the string that opens at `at`.
    fn string(&self, at: usize) -> Option<usize> {
        let quote = self.bytes[at];
        let mut end = at + 1;
        loop {
            end += memchr::memchr2(quote, b'\\', self.bytes.get(end..)?)?;
            if self.bytes[end] == quote {
                return Some(end);
            }
            end += 2;
        }
    }

    /// The `endraw` tag after `at`.
    fn endraw(&self, at: usize) -> Option<Tag> {
        let (open, close, kind) = *self.marks.iter().find(|mark| mark.2 == TagKind::Statement)?;
        for start in memchr::memmem::find_iter(self.bytes.get(at..)?, open.as_bytes()).map(|found| at + found) {
            let from = start + open.len();
            let rest = &self.text[from..];
            let word = rest.strip_prefix(['-', '+']).unwrap_or(rest).trim_start();
            let Some(after) = word.strip_prefix("endraw") else { continue };
            let end = after.trim_start();
            let end = end.strip_prefix(['-', '+']).filter(|end| end.starts_with(close)).unwrap_or(end);
            if end.starts_with(close) {
                let end = self.text.len() - end.len();
                return Some(self.made(kind, Span::new(start, end + close.len()), Span::new(from, end), false));
            }
        }
        None
    }
}
