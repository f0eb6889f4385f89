//! The small parts: names, strings, lists of names, matchers, selectors, groupings.

use std::borrow::Cow;

use super::super::ast::{Grouping, List, MatchOp, Matcher, Name, Quote, Selector, Text};
use super::super::keyword::Keyword;
use super::super::lex::Kind;
use super::super::{ASKS_NOTHING, check, string};
use super::{Parsed, Parser};
use crate::syntax::SyntaxError;
use crate::text::Span;

impl<'a> Parser<'a> {
    /// A label name.
    pub(super) fn name(&mut self) -> Parsed<Name<'a>> {
        if !self.is_name() {
            return self.unexpected("a label name");
        }
        let token = self.advance()?;
        let placeholder = token.kind == Kind::Placeholder;
        Ok(Name { text: self.text(token.span), span: token.span, placeholder })
    }

    pub(super) fn is_name(&self) -> bool {
        matches!(self.token.kind, Kind::Name | Kind::Placeholder)
    }

    /// A string, or a placeholder in its place.
    pub(super) fn string(&mut self) -> Parsed<Text<'a>> {
        let span = self.token.span;
        let written = self.text(span);
        let inner = || written.get(1..written.len() - 1).unwrap_or("");
        let text = match self.token.kind {
            Kind::Text { raw: true } => Text {
                span,
                value: Cow::Borrowed(inner()),
                quote: Quote::Backtick,
                placeholder: self.has_placeholder(inner()),
                exact: true,
            },
            Kind::Text { raw: false } => {
                let (value, exact) = string::decode(inner()).map_err(|at| {
                    let start = span.start() + 1 + at;
                    let length = written.get(at + 1..).and_then(|rest| rest.chars().nth(1)).map_or(0, char::len_utf8);
                    SyntaxError::new(Span::new(start, start + 1 + length), "invalid escape in a string")
                })?;
                let placeholder = self.has_placeholder(&value);
                Text { span, value, quote: Quote::Double, placeholder, exact }
            }
            Kind::Placeholder => {
                Text { span, value: Cow::Borrowed(written), quote: Quote::Bare, placeholder: true, exact: true }
            }
            _ => return self.unexpected("a string"),
        };
        self.advance()?;
        Ok(text)
    }

    /// `(a, b)`, from the opening parenthesis on; `()` too.
    pub(super) fn names(&mut self) -> Parsed<List> {
        self.expect(Keyword::OpenParen, "`(`")?;
        let start = self.query.names.len();
        if self.eat(Keyword::CloseParen)?.is_none() {
            loop {
                let name = self.name()?;
                self.query.names.push(name);
                if self.eat(Keyword::Comma)?.is_none() {
                    break;
                }
            }
            self.expect(Keyword::CloseParen, "`,` or `)`")?;
        }
        Ok(List::new(start, self.query.names.len()))
    }

    pub(super) fn is_grouping(&self) -> bool {
        self.is(Keyword::By) || self.is(Keyword::Without)
    }

    /// `by (…)` or `without (…)`, if it is there.
    pub(super) fn grouping(&mut self) -> Parsed<Option<Grouping>> {
        if !self.is_grouping() {
            return Ok(None);
        }
        let without = self.is(Keyword::Without);
        let keyword = self.advance()?.span;
        let labels = self.names()?;
        Ok(Some(Grouping { span: Span::new(keyword.start(), self.last_end), keyword, without, labels }))
    }

    pub(super) fn match_op(&self) -> Option<MatchOp> {
        match self.token.kind {
            Kind::Keyword(Keyword::Equal) => Some(MatchOp::Equal),
            Kind::Keyword(Keyword::NotEqual) => Some(MatchOp::NotEqual),
            Kind::Keyword(Keyword::Regex) => Some(MatchOp::Regex),
            Kind::Keyword(Keyword::NotRegex) => Some(MatchOp::NotRegex),
            _ => None,
        }
    }

    /// `{…}`.
    pub(super) fn selector(&mut self) -> Parsed<Selector> {
        let open = self.expect(Keyword::OpenBrace, "`{`")?;
        let start = self.query.matchers.len();
        let mut placeholder = false;
        let mut insertion = open.span.end();
        if self.is(Keyword::CloseBrace) {
            // Read by Loki, then refused because nothing is selected.
        } else {
            loop {
                placeholder |= self.selector_item()?;
                insertion = self.last_end;
                if self.eat(Keyword::Comma)?.is_none() {
                    break;
                }
            }
        }
        let close = self.expect(Keyword::CloseBrace, "`,` or `}`")?;
        let matchers = List::new(start, self.query.matchers.len());
        let span = open.span.join(close.span);
        let selective = placeholder || matchers.of(&self.query.matchers).iter().any(check::excludes_empty);
        if !selective {
            self.invalid(span, ASKS_NOTHING)?;
        }
        Ok(Selector { span, matchers, insertion, placeholder })
    }

    /// A matcher; `true` for a placeholder in its place.
    fn selector_item(&mut self) -> Parsed<bool> {
        let name = self.name()?;
        let Some(op) = self.match_op() else {
            if name.placeholder && (self.is(Keyword::Comma) || self.is(Keyword::CloseBrace)) {
                return Ok(true);
            }
            return self.unexpected("`=`, `!=`, `=~` or `!~`");
        };
        let op_span = self.advance()?.span;
        let value = self.string()?;
        check_regex(op, &value)?;
        let span = name.span.join(value.span);
        self.query.matchers.push(Matcher { span, name, op, op_span, value });
        Ok(false)
    }
}

/// Refuses a regular expression that Loki would refuse while reading.
pub(super) fn check_regex(op: MatchOp, text: &Text<'_>) -> Parsed<()> {
    if matches!(op, MatchOp::Regex | MatchOp::NotRegex) && !check::is_regex(text) {
        return Err(SyntaxError::new(text.span, "invalid regular expression"));
    }
    Ok(())
}
