//! Words of the Alloy language with their bytes (label-surface 5.1).
//!
//! Knows: what a word is, where a statement ends (terminators are put in at line ends, as in Go), comments. Must not
//! know: the grammar.

use std::sync::LazyLock;

use memchr::{memchr, memmem};
use regex::Regex;

use crate::syntax::SyntaxError;
use crate::text::Span;

/// An error on its way out; boxed, so that results stay small on the way through the parser.
#[derive(Debug)]
pub(super) struct Failure(pub(super) Box<SyntaxError>);

pub(super) type Result<T> = std::result::Result<T, Failure>;

/// Kind of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// End of the text.
    End,
    /// End of a statement: a line end (or the end of the text) after a word that can end one.
    Terminator,
    Ident,
    Bool,
    Null,
    Number,
    /// `"…"` without a backslash, or `` `…` ``.
    String,
    /// `"…"` with at least one escape.
    EscapedString,
    Assign,
    /// `!`, the only operator that is never binary.
    Not,
    /// `-`, unary or binary.
    Minus,
    /// Any other binary operator.
    Operator,
    LeftCurly,
    RightCurly,
    LeftParen,
    RightParen,
    LeftBracket,
    RightBracket,
    Comma,
    Dot,
}

impl Token {
    /// As named in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::End => "the end of the file",
            Self::Terminator => "the end of the line",
            Self::Ident => "an identifier",
            Self::Bool => "`true` or `false`",
            Self::Null => "`null`",
            Self::Number => "a number",
            Self::String | Self::EscapedString => "a string",
            Self::Assign => "`=`",
            Self::Not => "`!`",
            Self::Minus => "`-`",
            Self::Operator => "an operator",
            Self::LeftCurly => "`{`",
            Self::RightCurly => "`}`",
            Self::LeftParen => "`(`",
            Self::RightParen => "`)`",
            Self::LeftBracket => "`[`",
            Self::RightBracket => "`]`",
            Self::Comma => "`,`",
            Self::Dot => "`.`",
        }
    }

    /// Whether a line end after this word ends the statement.
    fn ends_statement(self) -> bool {
        matches!(
            self,
            Self::Ident
                | Self::Bool
                | Self::Null
                | Self::Number
                | Self::String
                | Self::EscapedString
                | Self::RightCurly
                | Self::RightParen
                | Self::RightBracket
        )
    }
}

/// One word and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lexeme {
    pub(super) token: Token,
    pub(super) span: Span,
}

/// Splits a text into words; collects comments on the way.
pub(super) struct Lexer<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    /// Whether the next line end is a terminator.
    terminate: bool,
    /// Comments so far, in order, delimiters included, line end (and a `\r` before it) not.
    pub(super) comments: Vec<Span>,
}

impl<'t> Lexer<'t> {
    /// A lexer at the start of `text`, behind a byte order mark.
    ///
    /// # Errors
    /// A NUL or a second byte order mark, which Alloy allows nowhere, or a text whose offsets do not fit [`Span`].
    pub(super) fn new(text: &'t str) -> Result<Self> {
        let bytes = text.as_bytes();
        if u32::try_from(bytes.len()).is_err() {
            return Err(error(Span::at(0), "the text is larger than 4 GiB"));
        }
        if let Some(at) = memchr(0, bytes) {
            return Err(error(Span::new(at, at + 1), "a NUL byte is not allowed"));
        }
        let bom = "\u{feff}";
        let at = if text.starts_with(bom) { bom.len() } else { 0 };
        if let Some(more) = memmem::find(&bytes[at..], bom.as_bytes()) {
            let place = Span::new(at + more, at + more + bom.len());
            return Err(error(place, "a byte order mark is only allowed at the start"));
        }
        Ok(Self { text, bytes, at, terminate: false, comments: Vec::new() })
    }

    /// The next word; [`Token::End`] again and again at the end.
    pub(super) fn next(&mut self) -> Result<Lexeme> {
        loop {
            let Some(byte) = self.skip_blanks() else { return Ok(self.end()) };
            let start = self.at;
            if byte == b'/' && matches!(self.bytes.get(start + 1), Some(b'/' | b'*')) {
                if self.terminate && self.line_ends_after_comments() {
                    self.terminate = false;
                    return Ok(Lexeme { token: Token::Terminator, span: Span::at(start) });
                }
                self.comment()?;
                self.terminate = false;
                continue;
            }
            let token = self.word(byte)?;
            self.terminate = token.ends_statement();
            return Ok(Lexeme { token, span: Span::new(start, self.at) });
        }
    }

    /// Goes to the next byte that is not blank; a line end counts as blank unless it ends a statement.
    fn skip_blanks(&mut self) -> Option<u8> {
        let mut at = self.at;
        let found = loop {
            match self.bytes.get(at) {
                Some(b' ' | b'\t' | b'\r') => at += 1,
                Some(b'\n') if !self.terminate => at += 1,
                found => break found.copied(),
            }
        };
        self.at = at;
        found
    }

    fn end(&mut self) -> Lexeme {
        let token = if self.terminate { Token::Terminator } else { Token::End };
        self.terminate = false;
        Lexeme { token, span: Span::at(self.at) }
    }

    fn word(&mut self, byte: u8) -> Result<Token> {
        if IDENT[usize::from(byte)] && !byte.is_ascii_digit() {
            return Ok(self.identifier());
        }
        let next = self.bytes.get(self.at + 1).copied();
        if byte.is_ascii_digit() || (byte == b'.' && next.is_some_and(|next| next.is_ascii_digit())) {
            return self.number();
        }
        let (token, len) = match (byte, next) {
            (b'"', _) => return self.quoted(),
            (b'`', _) => return self.raw(),
            (b'\n', _) => (Token::Terminator, 1),
            (b'=' | b'!' | b'<' | b'>', Some(b'=')) | (b'|', Some(b'|')) | (b'&', Some(b'&')) => (Token::Operator, 2),
            (b'+' | b'*' | b'/' | b'%' | b'^' | b'<' | b'>', _) => (Token::Operator, 1),
            (b'=', _) => (Token::Assign, 1),
            (b'!', _) => (Token::Not, 1),
            (b'-', _) => (Token::Minus, 1),
            (b'{', _) => (Token::LeftCurly, 1),
            (b'}', _) => (Token::RightCurly, 1),
            (b'(', _) => (Token::LeftParen, 1),
            (b')', _) => (Token::RightParen, 1),
            (b'[', _) => (Token::LeftBracket, 1),
            (b']', _) => (Token::RightBracket, 1),
            (b',', _) => (Token::Comma, 1),
            (b'.', _) => (Token::Dot, 1),
            _ => return self.unusual(),
        };
        self.at += len;
        Ok(token)
    }

    /// A character outside ASCII that may start an identifier, or one that starts nothing.
    fn unusual(&mut self) -> Result<Token> {
        let Some(found) = self.text.get(self.at..).and_then(|rest| rest.chars().next()) else {
            return Err(error(Span::at(self.at), "an unexpected byte"));
        };
        if is_letter(found) {
            return Ok(self.identifier());
        }
        let span = Span::new(self.at, self.at + found.len_utf8());
        Err(match found {
            '\'' => error(span, "single quotes do not make a string; use double quotes"),
            '#' => error(span, "`#` does not start a comment; use `//`"),
            '|' | '&' => error(span, format!("`{found}` alone is no operator; use `{found}{found}`")),
            _ => error(span, format!("unexpected character `{}`", found.escape_debug())),
        })
    }

    fn identifier(&mut self) -> Token {
        let start = self.at;
        loop {
            let rest = &self.bytes[self.at..];
            self.at += rest.iter().position(|&byte| !IDENT[usize::from(byte)]).unwrap_or(rest.len());
            match self.bytes.get(self.at) {
                Some(byte) if !byte.is_ascii() => {}
                _ => break,
            }
            match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
                Some(next) if is_letter(next) || is_digit(next) => self.at += next.len_utf8(),
                _ => break,
            }
        }
        keyword(&self.bytes[start..self.at])
    }

    fn number(&mut self) -> Result<Token> {
        let start = self.at;
        self.digits();
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits();
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return Err(error(Span::new(start, self.at), "the exponent has no digits"));
            }
        }
        Ok(Token::Number)
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        self.at - start
    }

    fn quoted(&mut self) -> Result<Token> {
        let start = self.at;
        self.at += 1;
        let mut token = Token::String;
        loop {
            // Most strings are short: a search by vectors would take longer to start than to find their end.
            let rest = &self.bytes[self.at..];
            let special = rest.iter().position(|&byte| matches!(byte, b'"' | b'\\' | b'\n'));
            match special.map(|skip| (self.at + skip, self.bytes[self.at + skip])) {
                Some((at, b'"')) => {
                    self.at = at + 1;
                    return Ok(token);
                }
                Some((at, b'\\')) => {
                    token = Token::EscapedString;
                    let Ok((_, len)) = super::strings::escape(&self.bytes[at..]) else {
                        return Err(error(self.character_after(at), "unknown escape in a string"));
                    };
                    self.at = at + len;
                }
                _ => return Err(error(Span::new(start, start + 1), "the string is not closed on its line")),
            }
        }
    }

    /// The backslash at `at` and the character behind it.
    fn character_after(&self, at: usize) -> Span {
        let next = self.text.get(at + 1..).and_then(|rest| rest.chars().next());
        Span::new(at, at + 1 + next.map_or(0, char::len_utf8))
    }

    fn raw(&mut self) -> Result<Token> {
        let start = self.at;
        let Some(len) = memchr(b'`', &self.bytes[start + 1..]) else {
            return Err(error(Span::new(start, start + 1), "the raw string is not closed"));
        };
        self.at = start + 1 + len + 1;
        Ok(Token::String)
    }

    fn comment(&mut self) -> Result<()> {
        let start = self.at;
        if self.bytes.get(start + 1) == Some(&b'/') {
            self.at = memchr(b'\n', &self.bytes[start..]).map_or(self.bytes.len(), |len| start + len);
            let end = if self.bytes[self.at - 1] == b'\r' { self.at - 1 } else { self.at };
            self.comments.push(Span::new(start, end));
            return Ok(());
        }
        let Some(end) = block_comment_end(self.bytes, start) else {
            return Err(error(Span::new(start, start + 2), "the comment is not closed"));
        };
        self.at = end;
        self.comments.push(Span::new(start, end));
        Ok(())
    }

    /// Whether nothing but comments follows up to a line end; a block comment that spans lines counts as one.
    /// Called at most once for each word, so reading stays linear.
    fn line_ends_after_comments(&self) -> bool {
        let mut at = self.at;
        loop {
            match (self.bytes.get(at), self.bytes.get(at + 1)) {
                (None | Some(b'\n'), _) | (Some(b'/'), Some(b'/')) => return true,
                (Some(b' ' | b'\t' | b'\r'), _) => at += 1,
                (Some(b'/'), Some(b'*')) => {
                    let Some(end) = block_comment_end(self.bytes, at) else { return true };
                    if memchr(b'\n', &self.bytes[at..end]).is_some() {
                        return true;
                    }
                    at = end;
                }
                _ => return false,
            }
        }
    }
}

fn block_comment_end(bytes: &[u8], start: usize) -> Option<usize> {
    memmem::find(&bytes[start + 2..], b"*/").map(|len| start + 2 + len + 2)
}

/// An error at `span`.
pub(super) fn error(span: Span, message: impl Into<String>) -> Failure {
    Failure(Box::new(SyntaxError::new(span, message)))
}

fn keyword(word: &[u8]) -> Token {
    match word {
        b"true" | b"false" => Token::Bool,
        b"null" => Token::Null,
        _ => Token::Ident,
    }
}

/// Whether `word` is one identifier and no keyword: what a block label has to be (label-surface 5.1).
pub(super) fn is_identifier(word: &str) -> bool {
    let ascii =
        word.bytes().all(|byte| IDENT[usize::from(byte)]) && !word.starts_with(|each: char| each.is_ascii_digit());
    if ascii && !word.is_empty() {
        return keyword(word.as_bytes()) == Token::Ident;
    }
    word.chars().next().is_some_and(is_letter)
        && word.chars().all(|each| is_letter(each) || is_digit(each))
        && keyword(word.as_bytes()) == Token::Ident
}

/// ASCII bytes of identifiers; digits only behind the first.
const IDENT: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_';
        byte += 1;
    }
    table
};

fn is_letter(each: char) -> bool {
    each.is_ascii_alphabetic() || each == '_' || (!each.is_ascii() && matches_class(&LETTER, each))
}

fn is_digit(each: char) -> bool {
    each.is_ascii_digit() || (!each.is_ascii() && matches_class(&DIGIT, each))
}

// Alloy asks for the general categories L and Nd; the standard library's `is_alphabetic` and `is_numeric` are wider.
static LETTER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\p{L}$").ok());
static DIGIT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\p{Nd}$").ok());

fn matches_class(class: &LazyLock<Option<Regex>>, each: char) -> bool {
    class.as_ref().is_some_and(|class| class.is_match(each.encode_utf8(&mut [0; 4])))
}
