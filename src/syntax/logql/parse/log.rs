//! Log queries and log ranges: a selector, its pipeline, `[5m]` and `offset`.

use super::super::ast::{ExprId, List, Log, LogId, StageKind};
use super::super::keyword::Keyword;
use super::super::lex::Kind;
use super::{Parsed, Parser};
use crate::syntax::{DEEPEST, SyntaxError};
use crate::text::Span;

/// The parent of a log query until the expression around it is known.
const UNKNOWN: ExprId = ExprId(u32::MAX);

impl Parser<'_> {
    /// Whether a log query starts here: a selector, or a placeholder followed by what only a log query has.
    pub(super) fn is_log(&self) -> bool {
        self.is(Keyword::OpenBrace)
            || (self.token.kind == Kind::Placeholder
                && self.next_is(|kind| {
                    use Keyword as K;
                    matches!(
                        kind,
                        Kind::Range
                            | Kind::Keyword(
                                K::Pipe | K::PipeExact | K::PipeMatch | K::PipePattern | K::NotRegex | K::NotPattern
                            )
                    )
                }))
    }

    /// A selector with its pipeline, without range.
    pub(super) fn log_query(&mut self) -> Parsed<LogId> {
        let (id, unwraps) = self.log_head()?;
        if let Some(span) = unwraps {
            return Err(SyntaxError::new(span, "`unwrap` belongs in a range aggregation"));
        }
        Ok(id)
    }

    /// Selector and pipeline; the span of its `unwrap`, if there is one.
    fn log_head(&mut self) -> Parsed<(LogId, Option<Span>)> {
        let start = self.token.span.start();
        let selector = if self.is(Keyword::OpenBrace) {
            Some(self.selector()?)
        } else {
            // A placeholder; `is_log` has seen to that, or the caller wants a log query and nothing else.
            if self.token.kind != Kind::Placeholder {
                return self.unexpected("`{`");
            }
            self.advance()?;
            None
        };
        let id = LogId(self.query.logs.len() as u32);
        let stages = List::new(self.query.stages.len(), self.query.stages.len());
        let span = Span::new(start, self.last_end);
        self.query.logs.push(Log { span, selector, stages, range: None, offset: None, parent: UNKNOWN });
        let unwraps = self.stages(id)?;
        self.close(id);
        Ok((id, unwraps))
    }

    /// Takes the stages read since into the log query.
    fn close(&mut self, id: LogId) {
        let end = self.query.stages.len() as u32;
        let last_end = self.last_end;
        if let Some(log) = self.query.logs.get_mut(id.0 as usize) {
            log.stages.end = end;
            log.span = Span::new(log.span.start(), last_end.max(log.span.end()));
        }
    }

    /// What a range aggregation reads: a log query with a range, parentheses and all; whether it has an `unwrap`.
    pub(super) fn log_range(&mut self) -> Parsed<(LogId, bool)> {
        let mut open = 0;
        while self.eat(Keyword::OpenParen)?.is_some() {
            open += 1;
            if open > DEEPEST {
                return Err(SyntaxError::new(self.token.span, "nested too deep"));
            }
        }
        let (id, mut unwraps) = self.log_head()?;
        let stages = self.query.stages.len() - self.query.logs[id.0 as usize].stages.start as usize;
        let enclosed = open > 0 && self.eat(Keyword::CloseParen)?.is_some();
        open -= usize::from(enclosed);
        if self.token.kind != Kind::Range {
            return self.unexpected("a range such as `[5m]`");
        }
        let range = self.advance()?.span;
        let offset = self.offset()?;
        // After the range: a pipeline, if there is none yet; only `unwrap` when the selector stands in parentheses.
        if stages == 0 && self.is_stage() {
            let first = self.query.stages.len();
            unwraps = self.stages(id)?;
            let bare = matches!(self.query.stages.get(first).map(|stage| &stage.kind), Some(StageKind::Unwrap { .. }));
            if enclosed && !bare {
                return Err(SyntaxError::new(range, "a pipeline after the range needs a selector without parentheses"));
            }
        }
        if let Some(log) = self.query.logs.get_mut(id.0 as usize) {
            log.range = Some(range);
            log.offset = offset;
        }
        self.close(id);
        for _ in 0..open {
            self.expect(Keyword::CloseParen, "`)`")?;
        }
        Ok((id, unwraps.is_some()))
    }

    fn offset(&mut self) -> Parsed<Option<Span>> {
        let Some(keyword) = self.eat(Keyword::Offset)? else { return Ok(None) };
        let sign = if self.placeholders { self.eat(Keyword::Sub)? } else { None };
        match self.token.kind {
            Kind::Duration if sign.is_none() => {}
            Kind::Placeholder => {}
            _ => return self.unexpected("a duration"),
        }
        let value = self.advance()?;
        Ok(Some(keyword.span.join(value.span)))
    }

    /// Says which expression a log query belongs to.
    pub(super) fn own(&mut self, log: LogId, parent: ExprId) {
        if let Some(log) = self.query.logs.get_mut(log.0 as usize) {
            log.parent = parent;
        }
    }
}
