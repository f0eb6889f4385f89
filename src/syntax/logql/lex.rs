//! The tokens of `LogQL`, one at a time (label-surface 1.1).
//!
//! Knows: Loki's scanner, which is Go's with `LogQL`'s words, down to its oddities; and Grafana's placeholders. Must
//! not know: which token may follow which. Tokens are read only when asked for, so that what an odd text costs stays
//! linear: the first token out of place ends the reading.

use std::sync::LazyLock;

use ::regex::Regex;

use super::keyword::{self, Keyword, Word};
use super::{number, string};
use crate::syntax::SyntaxError;
use crate::text::Span;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    End,
    Keyword(Keyword),
    /// A name, or a sign without a meaning, which Loki takes for one.
    Name,
    /// A string; whether it is a raw one (in backticks).
    Text {
        raw: bool,
    },
    Number,
    Duration,
    Bytes,
    /// `[…]`.
    Range,
    /// `--strict`, `--keep-empty`.
    Flag,
    /// A Grafana placeholder, with the word characters around it.
    Placeholder,
}

/// A token with its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

/// Reads tokens of `text` from `at` on.
#[derive(Clone)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    placeholders: bool,
}

type Lexed<T> = Result<T, SyntaxError>;

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str, placeholders: bool) -> Self {
        let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self { text, bytes: text.as_bytes(), at, placeholders }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn character(&self) -> Option<char> {
        self.text.get(self.at..).and_then(|rest| rest.chars().next())
    }

    fn error<T>(&self, start: usize, message: &str) -> Lexed<T> {
        Err(SyntaxError::new(Span::new(start, self.at.max(start)), message))
    }

    /// The next token.
    pub(super) fn next(&mut self) -> Lexed<Token> {
        let adjacent = self.skip()?;
        let start = self.at;
        let kind = self.token(adjacent)?;
        Ok(Token { kind, span: Span::new(start, self.at) })
    }

    /// Skips blanks and comments; whether there were none.
    fn skip(&mut self) -> Lexed<bool> {
        let before = self.at;
        let mut scan_start = self.at;
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                b'#' => {
                    self.skip_line();
                    // Loki starts a new scan after such a comment, line end included.
                    self.at = (self.at + 1).min(self.bytes.len());
                    scan_start = self.at;
                }
                b'/' if self.byte(1) == Some(b'/') => self.skip_line(),
                b'/' if self.byte(1) == Some(b'*') => {
                    let body = self.at + 2;
                    let end = self.bytes.get(body..).and_then(|rest| memchr::memmem::find(rest, b"*/"));
                    match end {
                        Some(end) => self.at = body + end + 2,
                        None => return self.error(before, "comment not closed"),
                    }
                }
                _ => break,
            }
        }
        Ok(self.at == scan_start)
    }

    fn skip_line(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or(&[]);
        self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    }

    fn token(&mut self, adjacent: bool) -> Lexed<Kind> {
        let Some(first) = self.peek() else { return Ok(Kind::End) };
        if self.placeholders && matches!(first, b'$' | b'[') && self.placeholder_here() > 0 {
            self.glue();
            return Ok(Kind::Placeholder);
        }
        match first {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => Ok(self.word()),
            b'0'..=b'9' => self.number(adjacent),
            b'.' if self.byte(1).is_some_and(|byte| byte.is_ascii_digit()) => self.number(adjacent),
            b'"' => self.double_quoted(),
            b'`' => self.raw(),
            b'\'' => self.rune(),
            b'[' => self.range(),
            b'-' => Ok(self.minus()),
            _ => match keyword::sign(first, self.byte(1)) {
                Some((keyword, length)) => {
                    self.at += length;
                    Ok(Kind::Keyword(keyword))
                }
                None => self.other(),
            },
        }
    }

    /// A placeholder at this place; a range that starts with one (`[[[x]]]`) is none.
    fn placeholder_here(&self) -> usize {
        string::placeholder(self.bytes.get(self.at..).unwrap_or(&[]))
    }

    /// Goes on over placeholders and the word characters between them.
    fn glue(&mut self) {
        while let Some(byte) = self.peek() {
            let step = match byte {
                b'$' | b'[' => self.placeholder_here(),
                _ => usize::from(byte == b'_' || byte.is_ascii_alphanumeric()),
            };
            if step == 0 {
                return;
            }
            self.at += step;
        }
    }

    fn word(&mut self) -> Kind {
        let start = self.at;
        self.word_end();
        if self.placeholders && matches!(self.peek(), Some(b'$' | b'[')) && self.placeholder_here() > 0 {
            self.glue();
            return Kind::Placeholder;
        }
        match keyword::word(self.text.get(start..self.at).unwrap_or("")) {
            Word::Always(keyword) => Kind::Keyword(keyword),
            Word::Called(keyword) if self.is_call() => Kind::Keyword(keyword),
            Word::Called(_) | Word::Name => Kind::Name,
        }
    }

    fn word_end(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or(&[]);
        self.at += rest.iter().take_while(|byte| **byte == b'_' || byte.is_ascii_alphanumeric()).count();
        while let Some(byte) = self.peek() {
            if byte == b'_' || byte.is_ascii_alphanumeric() {
                self.at += 1;
            } else if byte.is_ascii() {
                return;
            } else {
                match self.character() {
                    Some(c) if is_letter(c) || is_digit(c) => self.at += c.len_utf8(),
                    _ => return,
                }
            }
        }
    }

    /// Whether `(`, `by (` or `without (` comes next. Comments in between hide it, as they do for Loki.
    fn is_call(&self) -> bool {
        if self.peek() == Some(b'(') {
            return true;
        }
        let rest = self.text.get(self.at..).unwrap_or("").trim_start();
        if rest.starts_with('(') {
            return true;
        }
        ["by", "without"].iter().any(|word| {
            let letters: usize = rest.chars().take(word.len()).map(char::len_utf8).sum();
            rest.get(..letters).is_some_and(|found| {
                matches!(keyword::word(found), Word::Always(Keyword::By | Keyword::Without))
                    && rest.get(letters..).is_some_and(|rest| rest.trim_start().starts_with('('))
            })
        })
    }

    fn double_quoted(&mut self) -> Lexed<Kind> {
        let start = self.at;
        self.at += 1;
        while let Some(offset) = memchr::memchr3(b'"', b'\\', b'\n', self.bytes.get(self.at..).unwrap_or(&[])) {
            self.at += offset;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Kind::Text { raw: false });
                }
                Some(b'\\') => self.at = (self.at + 2).min(self.bytes.len()),
                _ => return self.error(start, "string not closed"),
            }
        }
        self.at = self.bytes.len();
        self.error(start, "string not closed")
    }

    fn raw(&mut self) -> Lexed<Kind> {
        let start = self.at;
        self.at += 1;
        let rest = self.bytes.get(self.at..).unwrap_or(&[]);
        let Some(end) = memchr::memchr(b'`', rest) else {
            self.at = self.bytes.len();
            return self.error(start, "string not closed");
        };
        self.at += end + 1;
        Ok(Kind::Text { raw: true })
    }

    /// `'x'` is a character to Go's scanner, which Loki then takes for a name; longer ones are an error.
    fn rune(&mut self) -> Lexed<Kind> {
        let start = self.at;
        self.at += 1;
        match self.character() {
            Some('\\') => {
                let rest = self.text.get(self.at..).unwrap_or("");
                let length = match rest.as_bytes().get(1) {
                    Some(b'x' | b'0'..=b'7') => 4,
                    Some(b'u') => 6,
                    Some(b'U') => 10,
                    _ => 2,
                };
                let escaped = rest.get(..length).unwrap_or("");
                if escaped != "\\'" && (escaped == "\\\"" || !is_scanned_escape(escaped)) {
                    return self.error(start, "a string is written in double quotes or backticks");
                }
                self.at += length;
            }
            Some(c) if c != '\'' && c != '\n' => self.at += c.len_utf8(),
            _ => return self.error(start, "a string is written in double quotes or backticks"),
        }
        if self.peek() == Some(b'\'') {
            self.at += 1;
            return Ok(Kind::Name);
        }
        self.error(start, "a string is written in double quotes or backticks")
    }

    fn range(&mut self) -> Lexed<Kind> {
        let start = self.at;
        self.at += 1;
        let mut holds = false;
        while let Some(byte) = self.peek() {
            if self.placeholders && matches!(byte, b'$' | b'[') {
                let length = self.placeholder_here();
                if length > 0 {
                    holds = true;
                    self.at += length;
                    continue;
                }
            }
            self.at += 1;
            if byte == b']' {
                let inner = self.text.get(start + 1..self.at - 1).unwrap_or("");
                if holds || number::is_range(inner) {
                    return Ok(Kind::Range);
                }
                return self.error(start, "not a duration");
            }
        }
        self.error(start, "missing ']' after the duration")
    }

    fn minus(&mut self) -> Kind {
        let start = self.at;
        self.at += 1;
        if self.peek() == Some(b'-') {
            let rest = self.text.get(start..).unwrap_or("");
            for flag in ["--strict", "--keep-empty"] {
                let longer = |rest: &str| {
                    rest.chars().next().is_some_and(|c| c == '-' || c.is_ascii_alphabetic() || is_letter(c))
                };
                if rest.strip_prefix(flag).is_some_and(|rest| !longer(rest)) {
                    self.at = start + flag.len();
                    return Kind::Flag;
                }
            }
        }
        if self.unit(start, is_duration_char, number::is_duration) {
            return Kind::Duration;
        }
        Kind::Keyword(Keyword::Sub)
    }

    /// Takes the characters that `may` follow, if together with what was read since `start` they are `valid`.
    fn unit(&mut self, start: usize, may: fn(char) -> bool, valid: fn(&str) -> bool) -> bool {
        let rest = self.text.get(self.at..).unwrap_or("");
        let length = rest.find(|c| !may(c)).unwrap_or(rest.len());
        let end = self.at + length;
        let taken = length > 0 && self.text.get(start..end).is_some_and(valid);
        if taken {
            self.at = end;
        }
        taken
    }

    fn number(&mut self, adjacent: bool) -> Lexed<Kind> {
        let start = self.at;
        self.at = match super::number_scan::scan(self.bytes, start, adjacent) {
            Ok(end) => end,
            Err(message) => {
                self.at += 1;
                return self.error(start, message);
            }
        };
        if self.placeholders && self.placeholder_here() > 0 {
            self.glue();
            return Ok(Kind::Placeholder);
        }
        if self.unit(start, is_duration_char, number::is_duration) {
            return Ok(Kind::Duration);
        }
        if self.unit(start, is_bytes_char, number::is_bytes) {
            return Ok(Kind::Bytes);
        }
        Ok(Kind::Number)
    }

    /// A letter outside ASCII starts a name; any other character is taken for one.
    fn other(&mut self) -> Lexed<Kind> {
        let start = self.at;
        match self.character() {
            Some(c) if is_letter(c) => Ok(self.word()),
            Some('\0') | None => self.error(start, "invalid character"),
            Some(c) => {
                self.at += c.len_utf8();
                Ok(Kind::Name)
            }
        }
    }
}

fn is_scanned_escape(escape: &str) -> bool {
    let digits = |radix| escape.chars().skip(2).all(|digit| digit.is_digit(radix));
    match escape.as_bytes().get(1) {
        Some(b'a' | b'b' | b'f' | b'n' | b'r' | b't' | b'v' | b'\\') => escape.len() == 2,
        Some(b'x') => escape.len() == 4 && digits(16),
        Some(b'u') => escape.len() == 6 && digits(16),
        Some(b'U') => escape.len() == 10 && digits(16),
        Some(b'0'..=b'7') => escape.len() == 4 && digits(8),
        _ => false,
    }
}

fn is_duration_char(c: char) -> bool {
    matches!(c, 'n' | 'u' | 'µ' | 'm' | 's' | 'h' | 'd' | 'w' | 'y' | '.') || c.is_numeric()
}

fn is_bytes_char(c: char) -> bool {
    matches!(c, 'B' | 'i' | 'k' | 'K' | 'M' | 'G' | 'T' | 'P' | '.') || c.is_numeric()
}

/// A letter as Go counts them; the standard library's `is_alphabetic` also takes marks.
fn is_letter(c: char) -> bool {
    #[expect(clippy::expect_used, reason = "a constant pattern")]
    static LETTER: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\p{L}").expect("valid"));
    if c.is_ascii() { c.is_ascii_alphabetic() } else { LETTER.is_match(c.encode_utf8(&mut [0; 4])) }
}

fn is_digit(c: char) -> bool {
    #[expect(clippy::expect_used, reason = "a constant pattern")]
    static DIGIT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\p{Nd}").expect("valid"));
    if c.is_ascii() { c.is_ascii_digit() } else { DIGIT.is_match(c.encode_utf8(&mut [0; 4])) }
}
