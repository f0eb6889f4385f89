//! Pipeline stages.

use super::super::ast::{Extraction, Format, FormatSource, LineOp, LineText, List, LogId, Pick, Stage, StageKind};
use super::super::check;
use super::super::keyword::Keyword;
use super::super::lex::Kind;
use super::filter::compares;
use super::part::check_regex;
use super::{Parsed, Parser};
use crate::syntax::SyntaxError;
use crate::text::Span;

impl<'a> Parser<'a> {
    /// Whether a stage starts here.
    pub(super) fn is_stage(&self) -> bool {
        self.is(Keyword::Pipe) || self.line_op().is_some() || self.token.kind == Kind::Placeholder
    }

    fn line_op(&self) -> Option<LineOp> {
        let Kind::Keyword(keyword) = self.token.kind else { return None };
        Some(match keyword {
            Keyword::PipeExact => LineOp::Contains,
            Keyword::NotEqual => LineOp::NotContains,
            Keyword::PipeMatch => LineOp::Regex,
            Keyword::NotRegex => LineOp::NotRegex,
            Keyword::PipePattern => LineOp::Pattern,
            Keyword::NotPattern => LineOp::NotPattern,
            _ => return None,
        })
    }

    /// All stages that follow; where `unwrap` is, if it is there. After it only label filters may come.
    pub(super) fn stages(&mut self, log: LogId) -> Parsed<Option<Span>> {
        let mut unwraps = None;
        while self.is_stage() {
            let start = self.token.span.start();
            let kind = if let Some(op) = self.line_op() {
                if unwraps.is_some() {
                    return self.unexpected("a label filter after `unwrap`");
                }
                self.line_filter(op)?
            } else if self.token.kind == Kind::Placeholder {
                self.advance()?;
                StageKind::Placeholder
            } else {
                self.advance()?;
                self.piped(unwraps.is_some())?
            };
            let span = Span::new(start, self.last_end);
            if matches!(kind, StageKind::Unwrap { .. }) {
                unwraps = Some(span);
            }
            self.query.stages.push(Stage { span, log, kind });
        }
        Ok(unwraps)
    }

    fn line_filter(&mut self, op: LineOp) -> Parsed<StageKind<'a>> {
        self.advance()?;
        let start = self.query.line_texts.len();
        loop {
            let text = if self.eat(Keyword::Ip)?.is_some() {
                self.expect(Keyword::OpenParen, "`(`")?;
                let text = self.string()?;
                self.expect(Keyword::CloseParen, "`)`")?;
                LineText { text, ip: true }
            } else {
                LineText { text: self.string()?, ip: false }
            };
            self.query.line_texts.push(text);
            if self.eat(Keyword::Or)?.is_none() {
                break;
            }
        }
        Ok(StageKind::LineFilter { op, texts: List::new(start, self.query.line_texts.len()) })
    }

    /// What follows a `|`.
    fn piped(&mut self, after_unwrap: bool) -> Parsed<StageKind<'a>> {
        let Kind::Keyword(keyword) = self.token.kind else { return self.piped_filter() };
        if after_unwrap && keyword != Keyword::OpenParen {
            return self.unexpected("a label filter after `unwrap`");
        }
        if keyword == Keyword::OpenParen {
            return self.piped_filter();
        }
        let stage = self.advance()?;
        Ok(match keyword {
            Keyword::Json => StageKind::Json(self.extractions()?),
            Keyword::Logfmt => {
                while self.token.kind == Kind::Flag {
                    self.advance()?;
                }
                StageKind::Logfmt(self.extractions()?)
            }
            Keyword::Regexp => {
                let text = self.string()?;
                if !check::is_regexp_parser(&text) {
                    return Err(SyntaxError::new(text.span, "invalid expression, or no named group in it"));
                }
                StageKind::Regexp(text)
            }
            Keyword::Pattern => {
                let text = self.string()?;
                if !check::is_pattern_parser(&text) {
                    return Err(SyntaxError::new(text.span, "a pattern needs captures, each once and apart"));
                }
                StageKind::Pattern(text)
            }
            Keyword::Unpack => StageKind::Unpack,
            Keyword::Decolorize => StageKind::Decolorize,
            Keyword::LineFormat => StageKind::LineFormat(self.string()?),
            Keyword::LabelFormat => StageKind::LabelFormat(self.formats()?),
            Keyword::Keep => StageKind::Keep(self.picks()?),
            Keyword::Drop => StageKind::Drop(self.picks()?),
            Keyword::Unwrap => self.unwrap()?,
            _ => return Err(SyntaxError::new(stage.span, "expected a pipeline stage after `|`")),
        })
    }

    fn piped_filter(&mut self) -> Parsed<StageKind<'a>> {
        let alone = self.token.kind == Kind::Placeholder
            && !self.next_is(|kind| {
                compares(kind) || matches!(kind, Kind::Keyword(Keyword::Or | Keyword::And | Keyword::Comma))
            });
        if alone {
            self.advance()?;
            return Ok(StageKind::Placeholder);
        }
        Ok(StageKind::LabelFilter(self.filter()?))
    }

    fn unwrap(&mut self) -> Parsed<StageKind<'a>> {
        if !self.is(Keyword::Conversion) {
            return Ok(StageKind::Unwrap { name: self.name()?, conversion: None });
        }
        let conversion = Some(self.advance()?.span);
        self.expect(Keyword::OpenParen, "`(`")?;
        let name = self.name()?;
        self.expect(Keyword::CloseParen, "`)`")?;
        Ok(StageKind::Unwrap { name, conversion })
    }

    fn extractions(&mut self) -> Parsed<List> {
        let start = self.query.extractions.len();
        if self.is_name() {
            loop {
                let name = self.name()?;
                let expression = if self.eat(Keyword::Equal)?.is_some() { Some(self.string()?) } else { None };
                self.query.extractions.push(Extraction { name, expression });
                if self.eat(Keyword::Comma)?.is_none() {
                    break;
                }
            }
        }
        Ok(List::new(start, self.query.extractions.len()))
    }

    fn formats(&mut self) -> Parsed<List> {
        let start = self.query.formats.len();
        loop {
            let destination = self.name()?;
            self.expect(Keyword::Equal, "`=`")?;
            let source = match self.token.kind {
                Kind::Name | Kind::Placeholder => FormatSource::Label(self.name()?),
                _ => FormatSource::Template(self.string()?),
            };
            self.query.formats.push(Format { destination, source });
            if self.eat(Keyword::Comma)?.is_none() {
                break;
            }
        }
        Ok(List::new(start, self.query.formats.len()))
    }

    fn picks(&mut self) -> Parsed<List> {
        let start = self.query.picks.len();
        loop {
            let name = self.name()?;
            let condition = match self.match_op() {
                Some(op) => {
                    self.advance()?;
                    let text = self.string()?;
                    check_regex(op, &text)?;
                    Some((op, text))
                }
                None => None,
            };
            let span = Span::new(name.span.start(), self.last_end);
            self.query.picks.push(Pick { span, name, condition });
            if self.eat(Keyword::Comma)?.is_none() {
                break;
            }
        }
        Ok(List::new(start, self.query.picks.len()))
    }
}
