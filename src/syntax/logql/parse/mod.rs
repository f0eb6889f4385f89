//! The grammar of `LogQL`: tokens in, a filled [`Query`] out.
//!
//! Knows: Loki's grammar (its precedences, and which checks it makes while reading) and where a Grafana placeholder
//! may stand. Must not know: what a query means for a migration.

mod expr;
mod filter;
mod log;
mod part;
mod stage;

use super::ast::ExprId;
use super::keyword::Keyword;
use super::lex::{Kind, Lexer, Token};
use super::{Query, string};
use crate::syntax::{DEEPEST, SyntaxError};
use crate::text::Span;

type Parsed<T> = Result<T, SyntaxError>;

/// Longest query Loki accepts, in bytes.
const LONGEST: usize = 131_072;

/// Reads `text`; with `placeholders`, Grafana's are allowed and Loki's limit on the length does not hold.
pub(super) fn read(text: &str, placeholders: bool) -> Parsed<Query<'_>> {
    if let Some(at) = memchr::memchr(0, text.as_bytes()) {
        return Err(SyntaxError::new(Span::new(at, at + 1), "invalid character NUL"));
    }
    if !placeholders && text.len() >= LONGEST {
        return Err(SyntaxError::new(Span::new(LONGEST, text.len()), "query longer than 128 KiB"));
    }
    if u32::try_from(text.len()).is_err() {
        return Err(SyntaxError::new(Span::at(0), "query longer than 4 GiB"));
    }
    let mut lexer = Lexer::new(text, placeholders);
    let token = lexer.next()?;
    let mut parser = Parser {
        lexer,
        token,
        last_end: 0,
        placeholders,
        unchecked: false,
        depth: 0,
        joined: 0,
        query: Query::empty(text),
    };
    let root = parser.root()?;
    if parser.token.kind != Kind::End {
        return parser.unexpected("the end of the query");
    }
    let mut query = parser.query;
    query.root = root;
    Ok(query)
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    /// The token that comes next.
    token: Token,
    /// Where the token before it ends.
    last_end: usize,
    placeholders: bool,
    /// Inside `variants(…)`, whose operands Loki does not check beyond their grammar.
    unchecked: bool,
    depth: usize,
    /// Operations and joins of filters so far.
    joined: usize,
    query: Query<'a>,
}

impl<'a> Parser<'a> {
    fn text(&self, span: Span) -> &'a str {
        span.of(self.query.text)
    }

    /// Takes the token.
    fn advance(&mut self) -> Parsed<Token> {
        let token = self.token;
        self.last_end = token.span.end();
        self.token = self.lexer.next()?;
        Ok(token)
    }

    fn is(&self, keyword: Keyword) -> bool {
        self.token.kind == Kind::Keyword(keyword)
    }

    /// Takes the token if it is this keyword.
    fn eat(&mut self, keyword: Keyword) -> Parsed<Option<Token>> {
        if self.is(keyword) { self.advance().map(Some) } else { Ok(None) }
    }

    fn expect(&mut self, keyword: Keyword, what: &str) -> Parsed<Token> {
        if self.is(keyword) { self.advance() } else { self.unexpected(what) }
    }

    fn unexpected<T>(&self, wanted: &str) -> Parsed<T> {
        let found = match self.token.kind {
            Kind::End => "the end of the query".to_owned(),
            _ => format!("`{}`", self.text(self.token.span)),
        };
        Err(SyntaxError::new(self.token.span, format!("expected {wanted}, found {found}")))
    }

    /// Counts an operation or a join of two filters: each stands in the one before, so that many nest as deep.
    fn joins(&mut self) -> Parsed<()> {
        self.joined += 1;
        if self.joined > DEEPEST {
            return Err(SyntaxError::new(self.token.span, "more operators than are followed"));
        }
        Ok(())
    }

    /// A query that Loki reads but does not accept.
    fn invalid(&self, span: Span, message: &str) -> Parsed<()> {
        if self.unchecked { Ok(()) } else { Err(SyntaxError::new(span, message)) }
    }

    /// Whether the token after this one, read and given back, is of this kind.
    fn next_is(&self, wanted: impl Fn(Kind) -> bool) -> bool {
        self.lexer.clone().next().is_ok_and(|token| wanted(token.kind))
    }

    fn has_placeholder(&self, text: &str) -> bool {
        self.placeholders && string::has_placeholder(text)
    }

    fn set_parent(&mut self, child: ExprId, parent: ExprId) {
        if let Some(child) = self.query.exprs.get_mut(child.0 as usize) {
            child.parent = Some(parent);
        }
    }
}
