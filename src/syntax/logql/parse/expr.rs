//! Expressions: aggregations, binary operations, literals.

use super::super::ast::{BinaryOp, Expr, ExprId, ExprKind, Function, List, Matching, MatchingLabels};
use super::super::keyword::Keyword;
use super::super::lex::Kind;
use super::super::{check, number};
use super::{Parsed, Parser};
use crate::syntax::{DEEPEST, SyntaxError};
use crate::text::Span;

/// How deep expressions may nest. Each level takes several calls, so this is less than [`DEEPEST`] calls deep.
const DEEPEST_EXPRESSION: usize = DEEPEST / 4;

/// An expression, and whether Loki has folded it into a number already.
#[derive(Clone, Copy)]
pub(super) struct Operand {
    id: ExprId,
    folded: bool,
}

type Operator = (BinaryOp, Span, Option<Box<Matching>>);

impl<'a> Parser<'a> {
    /// A whole expression.
    pub(super) fn root(&mut self) -> Parsed<ExprId> {
        self.expr().map(|operand| operand.id)
    }

    fn expr(&mut self) -> Parsed<Operand> {
        self.depth += 1;
        if self.depth > DEEPEST_EXPRESSION {
            return Err(SyntaxError::new(self.token.span, "nested too deep"));
        }
        let first = self.primary()?;
        let result = if binary_op(self.token.kind).is_some() { self.operations(first)? } else { first };
        self.depth -= 1;
        Ok(result)
    }

    /// `first op next op next …`, by precedence, with stacks of its own.
    fn operations(&mut self, first: Operand) -> Parsed<Operand> {
        let mut operands = vec![first];
        let mut operators: Vec<Operator> = Vec::new();
        while let Some(op) = binary_op(self.token.kind) {
            self.joins()?;
            let span = self.advance()?.span;
            let matching = self.matching()?;
            while operators.last().is_some_and(|(last, ..)| reduces(*last, op)) {
                self.apply(&mut operands, &mut operators)?;
            }
            operators.push((op, span, matching));
            let next = self.primary()?;
            operands.push(next);
        }
        while !operators.is_empty() {
            self.apply(&mut operands, &mut operators)?;
        }
        Ok(operands.pop().unwrap_or(first))
    }

    fn apply(&mut self, operands: &mut Vec<Operand>, operators: &mut Vec<Operator>) -> Parsed<()> {
        let (Some(right), Some(left), Some((op, op_span, matching))) =
            (operands.pop(), operands.pop(), operators.pop())
        else {
            return Ok(());
        };
        for side in [left, right] {
            if matches!(self.kind(side.id), ExprKind::Log(_)) {
                self.invalid(op_span, "log queries cannot be combined by an operator")?;
            }
        }
        if matches!(op, BinaryOp::Or | BinaryOp::And | BinaryOp::Unless) && (left.folded || right.folded) {
            self.invalid(op_span, "a number cannot stand beside `or`, `and` or `unless`")?;
        }
        let span = self.query.exprs[left.id.0 as usize].span.join(self.query.exprs[right.id.0 as usize].span);
        let id = self.push(span, ExprKind::Binary { op, matching, left: left.id, right: right.id });
        self.set_parent(left.id, id);
        self.set_parent(right.id, id);
        operands.push(Operand { id, folded: left.folded && right.folded });
        Ok(())
    }

    fn kind(&self, id: ExprId) -> &ExprKind<'a> {
        &self.query.exprs[id.0 as usize].kind
    }

    fn push(&mut self, span: Span, kind: ExprKind<'a>) -> ExprId {
        let id = ExprId(self.query.exprs.len() as u32);
        self.query.exprs.push(Expr { span, parent: None, kind });
        id
    }

    /// `bool on (…) group_left (…)`.
    fn matching(&mut self) -> Parsed<Option<Box<Matching>>> {
        let start = self.token.span.start();
        let returns_bool = self.eat(Keyword::Bool)?.is_some();
        let labels = self.modifier(Keyword::On, Keyword::Ignoring, false)?;
        let group = if labels.is_some() { self.modifier(Keyword::GroupLeft, Keyword::GroupRight, true)? } else { None };
        if !returns_bool && labels.is_none() {
            return Ok(None);
        }
        let span = Span::new(start, self.last_end);
        Ok(Some(Box::new(Matching { span, returns_bool, labels, group })))
    }

    fn modifier(&mut self, first: Keyword, second: Keyword, bare: bool) -> Parsed<Option<MatchingLabels>> {
        let is_first = self.is(first);
        if !is_first && !self.is(second) {
            return Ok(None);
        }
        let keyword = self.advance()?.span;
        let labels = if bare && !self.is(Keyword::OpenParen) { List::new(0, 0) } else { self.names()? };
        Ok(Some(MatchingLabels { keyword, first: is_first, labels }))
    }

    /// One operand of a binary operation.
    fn primary(&mut self) -> Parsed<Operand> {
        if self.is_log() {
            let log = self.log_query()?;
            let id = self.push(self.query.logs[log.0 as usize].span, ExprKind::Log(log));
            self.own(log, id);
            return Ok(Operand { id, folded: false });
        }
        let id = match self.token.kind {
            Kind::Keyword(Keyword::OpenParen) => return self.parenthesis(),
            Kind::Number | Kind::Keyword(Keyword::Add | Keyword::Sub) => return self.literal(),
            Kind::Keyword(Keyword::Function(function)) => self.aggregation(function)?,
            Kind::Keyword(Keyword::LabelReplace) => self.label_replace()?,
            Kind::Keyword(Keyword::Vector) => self.vector()?,
            Kind::Keyword(Keyword::Variants) => self.variants()?,
            Kind::Placeholder => self.placeholder()?,
            _ => return self.unexpected("a query"),
        };
        Ok(Operand { id, folded: false })
    }

    fn parenthesis(&mut self) -> Parsed<Operand> {
        self.advance()?;
        let inner = self.expr()?;
        if matches!(self.kind(inner.id), ExprKind::Variants { .. }) {
            return self.unexpected("an operator after `variants`");
        }
        self.expect(Keyword::CloseParen, "`)`")?;
        Ok(inner)
    }

    fn literal(&mut self) -> Parsed<Operand> {
        let start = self.token.span.start();
        if self.token.kind != Kind::Number {
            self.advance()?;
        }
        let folded = self.token.kind == Kind::Number;
        if !folded && self.token.kind != Kind::Placeholder {
            return self.unexpected("a number");
        }
        let token = self.advance()?;
        if folded && !number::is_float(self.text(token.span)) {
            self.invalid(token.span, "not a number Loki can use")?;
        }
        let kind = if folded { ExprKind::Number } else { ExprKind::Placeholder };
        let id = self.push(Span::new(start, token.span.end()), kind);
        Ok(Operand { id, folded })
    }

    /// An expression that yields numbers.
    fn metric(&mut self) -> Parsed<ExprId> {
        let start = self.token.span;
        let inner = self.expr()?;
        match self.kind(inner.id) {
            ExprKind::Log(_) | ExprKind::Variants { .. } => {
                Err(SyntaxError::new(start, "expected a metric query, found a log query"))
            }
            _ => Ok(inner.id),
        }
    }

    fn aggregation(&mut self, function: Function) -> Parsed<ExprId> {
        let keyword = self.advance()?;
        let before = if reads_logs(function) { None } else { self.grouping()? };
        self.expect(Keyword::OpenParen, "`(`")?;
        let parameter = self.parameter()?;
        let logs = reads_logs(function) || (function == Function::Placeholder && self.log_ahead());
        let (log, operand) = if logs { (Some(self.log_range()?), None) } else { (None, Some(self.metric()?)) };
        self.expect(Keyword::CloseParen, "`)`")?;
        let grouping = if before.is_some() { before } else { self.grouping()? };
        let span = Span::new(keyword.span.start(), self.last_end);
        let checked = match log {
            _ if function == Function::Placeholder => Ok(()),
            Some((_, unwraps)) => {
                let parameter = self.judged(parameter, number::is_float);
                check::range_aggregation(function, parameter, grouping.is_some(), unwraps)
            }
            None => {
                let parameter = self.judged(parameter, number::is_count);
                check::vector_aggregation(function, parameter, grouping.as_ref())
            }
        };
        if let Err(message) = checked {
            self.invalid(span, message)?;
        }
        let id = match (log, operand) {
            (Some((log, _)), _) => {
                let id = self.push(span, ExprKind::RangeAggregation { function, log, grouping });
                self.own(log, id);
                id
            }
            (_, Some(operand)) => {
                let id = self.push(span, ExprKind::VectorAggregation { function, operand, grouping });
                self.set_parent(operand, id);
                id
            }
            _ => return self.unexpected("an operand"),
        };
        self.query.parameters.extend(parameter.map(|(_, span)| (id, span)));
        Ok(id)
    }

    /// `5,` in front of what is aggregated.
    fn parameter(&mut self) -> Parsed<Option<(Kind, Span)>> {
        let may = matches!(self.token.kind, Kind::Number | Kind::Placeholder);
        if !may || !self.next_is(|kind| kind == Kind::Keyword(Keyword::Comma)) {
            return Ok(None);
        }
        let token = self.advance()?;
        self.advance()?;
        Ok(Some((token.kind, token.span)))
    }

    /// Whether a parameter is valid; of a placeholder nobody knows, so it is.
    fn judged(&self, parameter: Option<(Kind, Span)>, valid: fn(&str) -> bool) -> Option<bool> {
        parameter.map(|(kind, span)| kind == Kind::Placeholder || valid(self.text(span)))
    }

    /// Whether, after parentheses, a selector comes next.
    fn log_ahead(&self) -> bool {
        let mut lexer = self.lexer.clone();
        let mut kind = self.token.kind;
        for _ in 0..DEEPEST_EXPRESSION {
            match kind {
                Kind::Keyword(Keyword::OpenParen) => match lexer.next() {
                    Ok(token) => kind = token.kind,
                    Err(_) => return false,
                },
                Kind::Keyword(Keyword::OpenBrace) => return true,
                _ => break,
            }
        }
        self.is_log()
    }

    fn label_replace(&mut self) -> Parsed<ExprId> {
        let keyword = self.advance()?;
        self.expect(Keyword::OpenParen, "`(`")?;
        let operand = self.metric()?;
        let mut next = || {
            self.expect(Keyword::Comma, "`,`")?;
            self.string()
        };
        let texts = Box::new([next()?, next()?, next()?, next()?]);
        self.expect(Keyword::CloseParen, "`)`")?;
        let regex = &texts[3];
        if !check::is_grouped_regex(regex) {
            self.invalid(regex.span, "invalid regular expression")?;
        }
        let span = Span::new(keyword.span.start(), self.last_end);
        let id = self.push(span, ExprKind::LabelReplace { operand, texts });
        self.set_parent(operand, id);
        Ok(id)
    }

    fn vector(&mut self) -> Parsed<ExprId> {
        let keyword = self.advance()?;
        self.expect(Keyword::OpenParen, "`(`")?;
        if !matches!(self.token.kind, Kind::Number | Kind::Placeholder) {
            return self.unexpected("a number");
        }
        let value = self.advance()?;
        if value.kind == Kind::Number && !number::is_float(self.text(value.span)) {
            self.invalid(value.span, "not a number Loki can use")?;
        }
        self.expect(Keyword::CloseParen, "`)`")?;
        Ok(self.push(Span::new(keyword.span.start(), self.last_end), ExprKind::Vector))
    }

    fn variants(&mut self) -> Parsed<ExprId> {
        let keyword = self.advance()?;
        self.expect(Keyword::OpenParen, "`(`")?;
        let outer = std::mem::replace(&mut self.unchecked, true);
        let mut operands = vec![self.metric()?];
        while self.eat(Keyword::Comma)?.is_some() {
            operands.push(self.metric()?);
        }
        self.unchecked = outer;
        self.expect(Keyword::CloseParen, "`,` or `)`")?;
        self.expect(Keyword::Of, "`of`")?;
        self.expect(Keyword::OpenParen, "`(`")?;
        let (log, _) = self.log_range()?;
        self.expect(Keyword::CloseParen, "`)`")?;
        let span = Span::new(keyword.span.start(), self.last_end);
        let id = self.push(span, ExprKind::Variants { operands: operands.clone(), log });
        for operand in operands {
            self.set_parent(operand, id);
        }
        self.own(log, id);
        Ok(id)
    }

    /// A placeholder in the place of an expression, or of the name of an aggregation.
    fn placeholder(&mut self) -> Parsed<ExprId> {
        let called =
            self.next_is(|kind| matches!(kind, Kind::Keyword(Keyword::OpenParen | Keyword::By | Keyword::Without)));
        if called {
            return self.aggregation(Function::Placeholder);
        }
        let token = self.advance()?;
        Ok(self.push(token.span, ExprKind::Placeholder))
    }
}

fn reads_logs(function: Function) -> bool {
    use Function as F;
    matches!(
        function,
        F::CountOverTime
            | F::Rate
            | F::RateCounter
            | F::BytesOverTime
            | F::BytesRate
            | F::AvgOverTime
            | F::SumOverTime
            | F::MinOverTime
            | F::MaxOverTime
            | F::StdvarOverTime
            | F::StddevOverTime
            | F::QuantileOverTime
            | F::FirstOverTime
            | F::LastOverTime
            | F::AbsentOverTime
    )
}

/// Whether an operation with `last` is complete when `next` comes.
fn reduces(last: BinaryOp, next: BinaryOp) -> bool {
    let (last_level, next_level) = (level(last), level(next));
    last_level > next_level || (last_level == next_level && last != BinaryOp::Pow)
}

fn level(op: BinaryOp) -> u8 {
    use BinaryOp as B;
    match op {
        B::Or => 1,
        B::And | B::Unless => 2,
        B::Equal | B::NotEqual | B::Greater | B::GreaterEqual | B::Less | B::LessEqual => 3,
        B::Add | B::Sub => 4,
        B::Mul | B::Div | B::Mod => 5,
        B::Pow => 6,
    }
}

fn binary_op(kind: Kind) -> Option<BinaryOp> {
    use BinaryOp as B;
    let Kind::Keyword(keyword) = kind else { return None };
    Some(match keyword {
        Keyword::Or => B::Or,
        Keyword::And => B::And,
        Keyword::Unless => B::Unless,
        Keyword::CmpEqual => B::Equal,
        Keyword::NotEqual => B::NotEqual,
        Keyword::Greater => B::Greater,
        Keyword::GreaterEqual => B::GreaterEqual,
        Keyword::Less => B::Less,
        Keyword::LessEqual => B::LessEqual,
        Keyword::Add => B::Add,
        Keyword::Sub => B::Sub,
        Keyword::Mul => B::Mul,
        Keyword::Div => B::Div,
        Keyword::Mod => B::Mod,
        Keyword::Pow => B::Pow,
        _ => return None,
    })
}
