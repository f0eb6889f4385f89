//! Label filters: comparisons joined by `and`, `or`, a comma or nothing.

use super::super::ast::{Filter, FilterId, FilterKind, FilterOp, FilterValue, MatchOp, Text};
use super::super::keyword::Keyword;
use super::super::lex::Kind;
use super::part::check_regex;
use super::{Parsed, Parser};
use crate::syntax::{DEEPEST, SyntaxError};
use crate::text::Span;

/// How two filters are joined. A comma and nothing have no precedence of their own: Loki's grammar leaves them to
/// the parser generator, which then takes the right side first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Join {
    Or,
    And,
    Loose,
    /// An opening parenthesis.
    Open,
}

impl<'a> Parser<'a> {
    /// A whole label filter. Works with stacks of its own, so that nesting costs no call stack.
    pub(super) fn filter(&mut self) -> Parsed<FilterId> {
        let mut sides: Vec<FilterId> = Vec::new();
        let mut joins: Vec<Join> = Vec::new();
        let mut depth = 0;
        loop {
            while self.eat(Keyword::OpenParen)?.is_some() {
                joins.push(Join::Open);
                depth += 1;
                if depth > DEEPEST {
                    return Err(SyntaxError::new(self.token.span, "nested too deep"));
                }
            }
            let side = self.comparison()?;
            if joins.is_empty() && self.filter_join().is_none() {
                return Ok(side);
            }
            sides.push(side);
            while depth > 0 && self.eat(Keyword::CloseParen)?.is_some() {
                depth -= 1;
                while let Some(join) = joins.pop().filter(|join| *join != Join::Open) {
                    self.join(&mut sides, join);
                }
            }
            let Some(next) = self.filter_join() else { break };
            self.joins()?;
            if !matches!(self.token.kind, Kind::Name | Kind::Placeholder) && !self.is(Keyword::OpenParen) {
                self.advance()?;
            }
            while let Some(&last) = joins.last() {
                let reduces = matches!((last, next), (Join::Or, Join::Or) | (Join::And, Join::And | Join::Or));
                if !reduces {
                    break;
                }
                joins.pop();
                self.join(&mut sides, last);
            }
            joins.push(next);
        }
        if depth > 0 {
            return self.unexpected("`)`");
        }
        while let Some(join) = joins.pop() {
            self.join(&mut sides, join);
        }
        match sides.pop() {
            Some(root) => Ok(root),
            None => self.unexpected("a label filter"),
        }
    }

    /// What joins the next comparison to the ones before, if one follows.
    fn filter_join(&self) -> Option<Join> {
        match self.token.kind {
            Kind::Keyword(Keyword::Or) => Some(Join::Or),
            Kind::Keyword(Keyword::And) => Some(Join::And),
            Kind::Keyword(Keyword::Comma | Keyword::OpenParen) | Kind::Name => Some(Join::Loose),
            Kind::Placeholder if self.next_is(compares) => Some(Join::Loose),
            _ => None,
        }
    }

    fn join(&mut self, sides: &mut Vec<FilterId>, join: Join) {
        let (Some(right), Some(left)) = (sides.pop(), sides.pop()) else { return };
        let span = self.query.filters[left.0 as usize].span.join(self.query.filters[right.0 as usize].span);
        let id = self.push_filter(span, FilterKind::Join { or: join == Join::Or, left, right });
        for side in [left, right] {
            self.query.filters[side.0 as usize].parent = Some(id);
        }
        sides.push(id);
    }

    fn push_filter(&mut self, span: Span, kind: FilterKind<'a>) -> FilterId {
        let id = FilterId(self.query.filters.len() as u32);
        self.query.filters.push(Filter { span, parent: None, kind });
        id
    }

    fn comparison(&mut self) -> Parsed<FilterId> {
        let name = self.name()?;
        let Some(op) = self.filter_op() else {
            if name.placeholder {
                return Ok(self.push_filter(name.span, FilterKind::Placeholder));
            }
            return self.unexpected("a comparison");
        };
        let equality = self.match_op();
        let op_span = self.advance()?.span;
        let value = self.filter_value(op, equality)?;
        let span = Span::new(name.span.start(), self.last_end);
        Ok(self.push_filter(span, FilterKind::Compare { name, op, op_span, value }))
    }

    fn filter_op(&self) -> Option<FilterOp> {
        let Kind::Keyword(keyword) = self.token.kind else { return None };
        Some(match keyword {
            Keyword::Equal | Keyword::CmpEqual => FilterOp::Equal,
            Keyword::NotEqual => FilterOp::NotEqual,
            Keyword::Regex => FilterOp::Regex,
            Keyword::NotRegex => FilterOp::NotRegex,
            Keyword::Greater => FilterOp::Greater,
            Keyword::GreaterEqual => FilterOp::GreaterEqual,
            Keyword::Less => FilterOp::Less,
            Keyword::LessEqual => FilterOp::LessEqual,
            _ => return None,
        })
    }

    /// `equality`: the operator as one for strings; `==` is none.
    fn filter_value(&mut self, op: FilterOp, equality: Option<MatchOp>) -> Parsed<FilterValue<'a>> {
        let number = !matches!(op, FilterOp::Regex | FilterOp::NotRegex);
        match self.token.kind {
            Kind::Text { .. } | Kind::Placeholder if equality.is_some() => {
                let text = self.string()?;
                if let Some(op) = equality {
                    check_regex(op, &text)?;
                }
                Ok(FilterValue::Text(text))
            }
            Kind::Keyword(Keyword::Ip) if matches!(equality, Some(MatchOp::Equal | MatchOp::NotEqual)) => {
                self.ip().map(FilterValue::Ip)
            }
            Kind::Duration if number => Ok(FilterValue::Duration(self.advance()?.span)),
            Kind::Bytes if number => Ok(FilterValue::Bytes(self.advance()?.span)),
            Kind::Number | Kind::Placeholder if number => Ok(FilterValue::Number(self.advance()?.span)),
            Kind::Keyword(Keyword::Add | Keyword::Sub) if number => {
                let sign = self.advance()?;
                if !matches!(self.token.kind, Kind::Number | Kind::Placeholder) {
                    return self.unexpected("a number");
                }
                let number = self.advance()?;
                Ok(FilterValue::Number(sign.span.join(number.span)))
            }
            _ => self.unexpected("a value to compare with"),
        }
    }

    fn ip(&mut self) -> Parsed<Text<'a>> {
        self.advance()?;
        self.expect(Keyword::OpenParen, "`(`")?;
        let text = self.string()?;
        self.expect(Keyword::CloseParen, "`)`")?;
        Ok(text)
    }
}

/// Whether a comparison goes on like this after its label.
pub(super) fn compares(kind: Kind) -> bool {
    use Keyword as K;
    matches!(
        kind,
        Kind::Keyword(
            K::Equal
                | K::NotEqual
                | K::Regex
                | K::NotRegex
                | K::CmpEqual
                | K::Greater
                | K::GreaterEqual
                | K::Less
                | K::LessEqual
        )
    )
}
