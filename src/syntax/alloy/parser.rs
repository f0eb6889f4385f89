//! The grammar of Alloy: from words to the flat lists of a [`Config`].
//!
//! Knows: statements and expressions (label-surface 5.1). Must not know: names of components or what they mean.
//! The first error ends the reading; Alloy refuses the same texts (it goes on only to list more errors).

use super::lexer::{Failure, Lexeme, Lexer, Result, Token, error, is_identifier};
use super::{AttributeNode, BlockNode, Config, ExprNode, Kind, NONE};
use crate::syntax::DEEPEST;
use crate::text::Span;

/// Reads `text` into a [`Config`].
pub(super) fn parse(text: &str) -> Result<Config<'_>> {
    let mut lexer = Lexer::new(text)?;
    let now = lexer.next()?;
    // Sized after common files: a statement has some 30 bytes.
    let config = Config {
        text,
        blocks: Vec::with_capacity(text.len() / 128),
        attributes: Vec::with_capacity(text.len() / 48),
        exprs: Vec::with_capacity(text.len() / 24),
        comments: Vec::new(),
    };
    let mut parser = Parser { lexer, now, end: 0, config, depth: 0 };
    parser.file()?;
    let Parser { lexer, mut config, .. } = parser;
    config.comments = lexer.comments;
    Ok(config)
}

struct Parser<'t> {
    lexer: Lexer<'t>,
    /// The word to read next.
    now: Lexeme,
    /// End of the word before it.
    end: usize,
    config: Config<'t>,
    /// How many expressions are open around this place.
    depth: usize,
}

impl Parser<'_> {
    fn advance(&mut self) -> Result<()> {
        self.end = self.now.span.end();
        self.now = self.lexer.next()?;
        Ok(())
    }

    fn expect(&mut self, token: Token) -> Result<Span> {
        let span = self.now.span;
        if self.now.token != token {
            return Err(self.expected(token.name()));
        }
        self.advance()?;
        Ok(span)
    }

    fn expected(&self, what: &str) -> Failure {
        error(self.now.span, format!("expected {what}, found {}", self.now.token.name()))
    }

    /// `Body = [ Statement { Terminator Statement } ]`. A loop, not a recursion: `open` is the block whose body is being
    /// read.
    fn file(&mut self) -> Result<()> {
        let mut open = NONE;
        let mut depth = 0;
        loop {
            match self.now.token {
                Token::End if open == NONE => return Ok(()),
                Token::RightCurly if open != NONE => {
                    open = self.close(open)?;
                    depth -= 1;
                    self.statement_end(open)?;
                }
                Token::Ident => {
                    if let Some(block) = self.statement(open)? {
                        open = block;
                        depth += 1;
                        if depth > DEEPEST {
                            return Err(too_deep(self.now.span));
                        }
                    } else {
                        self.statement_end(open)?;
                    }
                }
                Token::End => return Err(self.expected("`}`")),
                _ => return Err(self.expected("a block or an attribute")),
            }
        }
    }

    /// A statement ends with its line, or in front of what ends the body.
    fn statement_end(&mut self, open: u32) -> Result<()> {
        match self.now.token {
            Token::Terminator => self.advance(),
            Token::RightCurly if open != NONE => Ok(()),
            Token::End if open == NONE => Ok(()),
            _ => Err(self.expected("the end of the line")),
        }
    }

    /// Closes `open`; gives the block around it.
    fn close(&mut self, open: u32) -> Result<u32> {
        let brace = self.now.span;
        self.advance()?;
        let blocks_end = self.config.blocks.len() as u32;
        let attributes_end = self.config.attributes.len() as u32;
        let block = &mut self.config.blocks[open as usize];
        block.span = Span::new(block.span.start(), brace.end());
        block.body = Span::new(block.body.start(), brace.start());
        block.blocks_end = blocks_end;
        block.attributes_end = attributes_end;
        Ok(block.parent)
    }

    /// `Statement = Attribute | Block`. For a block only what stands before its body; its index is given back.
    fn statement(&mut self, parent: u32) -> Result<Option<u32>> {
        let first = self.expect(Token::Ident)?;
        let mut name = first;
        let mut spaced = false;
        while self.now.token == Token::Dot {
            self.advance()?;
            let part = self.expect(Token::Ident)?;
            spaced |= part.start() != name.end() + 1;
            name = name.join(part);
        }
        let label = self.label()?;
        match self.now.token {
            Token::Assign if name != first => Err(error(name, "an attribute's name holds no `.`")),
            Token::Assign => {
                if let Some(label) = label {
                    return Err(error(label, "an attribute has no label"));
                }
                self.advance()?;
                let value = self.expression()?;
                let span = name.join(self.config.exprs[value as usize].span);
                self.config.attributes.push(AttributeNode { name, span, value, parent });
                Ok(None)
            }
            Token::LeftCurly => {
                let body = self.now.span.end();
                self.advance()?;
                let id = self.config.blocks.len() as u32;
                self.config.blocks.push(BlockNode {
                    name,
                    spaced,
                    label,
                    span: name,
                    body: Span::at(body),
                    parent,
                    blocks_end: id + 1,
                    attributes_start: self.config.attributes.len() as u32,
                    attributes_end: self.config.attributes.len() as u32,
                });
                Ok(Some(id))
            }
            _ => Err(self.expected("`=` or `{`")),
        }
    }

    /// The label of a block with its quotes, if one stands here.
    fn label(&mut self) -> Result<Option<Span>> {
        if matches!(self.now.token, Token::Assign | Token::LeftCurly) {
            return Ok(None);
        }
        let span = self.now.span;
        match self.now.token {
            Token::String | Token::EscapedString => {}
            _ => return Err(self.expected("`=`, `{` or a label")),
        }
        let written = span.of(self.config.text);
        let Some(label) = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
            return Err(error(span, "a label stands in double quotes"));
        };
        if !label.is_empty() && !is_identifier(label) {
            return Err(error(span, "a label is an identifier: letters, digits and `_`, no keyword"));
        }
        self.advance()?;
        Ok(Some(span))
    }

    /// `Expression = Unary { operator Unary }`. Precedence does not matter to anyone here, so a chain is one flat node.
    fn expression(&mut self) -> Result<u32> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(too_deep(self.now.span));
        }
        let first = self.unary()?;
        let mut found = first;
        if matches!(self.now.token, Token::Operator | Token::Minus) {
            let mut last = first;
            while matches!(self.now.token, Token::Operator | Token::Minus) {
                self.advance()?;
                let operand = self.unary()?;
                self.link(last, operand);
                last = operand;
            }
            found = self.wrap(Kind::Operation, first, self.start_of(first));
        }
        self.depth -= 1;
        Ok(found)
    }

    /// `Unary = { "!" | "-" } Operand`.
    fn unary(&mut self) -> Result<u32> {
        let start = self.now.span.start();
        if !matches!(self.now.token, Token::Not | Token::Minus) {
            return self.operand();
        }
        while matches!(self.now.token, Token::Not | Token::Minus) {
            self.advance()?;
        }
        let operand = self.operand()?;
        Ok(self.wrap(Kind::Operation, operand, start))
    }

    /// `Operand = Primary { "." identifier | "[" Expression "]" | "(" List ")" }`.
    fn operand(&mut self) -> Result<u32> {
        let mut found = self.primary()?;
        loop {
            match self.now.token {
                Token::Dot => {
                    self.advance()?;
                    let name = self.expect(Token::Ident)?;
                    found = self.access(found, name);
                }
                Token::LeftBracket => {
                    self.advance()?;
                    let index = self.expression()?;
                    self.expect(Token::RightBracket)?;
                    self.link(found, index);
                    found = self.wrap(Kind::Index, found, self.start_of(found));
                }
                Token::LeftParen => {
                    self.advance()?;
                    let arguments = self.list(Token::RightParen)?;
                    self.link(found, arguments);
                    found = self.wrap(Kind::Call, found, self.start_of(found));
                }
                Token::String | Token::EscapedString | Token::LeftCurly => {
                    return Err(error(self.now.span, "a block is no value"));
                }
                _ => return Ok(found),
            }
        }
    }

    /// `base.name`: a dotted reference grows, anything else gets a node around it.
    fn access(&mut self, base: u32, name: Span) -> u32 {
        if self.config.exprs[base as usize].kind != Kind::Reference {
            return self.wrap(Kind::Access, base, self.start_of(base));
        }
        let node = &mut self.config.exprs[base as usize];
        if name.start() != node.span.end() + 1 {
            node.extra = 1;
        }
        node.span = node.span.join(name);
        base
    }

    fn primary(&mut self) -> Result<u32> {
        let start = self.now.span.start();
        match self.now.token {
            Token::Ident => self.leaf(Kind::Reference),
            Token::String | Token::EscapedString => self.leaf(Kind::String),
            Token::Number => self.leaf(Kind::Number),
            Token::Bool => self.leaf(Kind::Bool),
            Token::Null => self.leaf(Kind::Null),
            Token::LeftParen => {
                self.advance()?;
                let inner = self.expression()?;
                self.expect(Token::RightParen)?;
                Ok(self.wrap(Kind::Paren, inner, start))
            }
            Token::LeftBracket => {
                self.advance()?;
                let first = self.list(Token::RightBracket)?;
                Ok(self.wrap(Kind::Array, first, start))
            }
            Token::LeftCurly => {
                self.advance()?;
                let first = self.fields()?;
                Ok(self.wrap(Kind::Object, first, start))
            }
            _ => Err(self.expected("a value")),
        }
    }

    /// `List = [ Expression { "," Expression } [ "," ] ]` and the closing word; gives the first item.
    fn list(&mut self, until: Token) -> Result<u32> {
        let (mut first, mut last) = (NONE, NONE);
        while self.now.token != until {
            let item = self.expression()?;
            if last == NONE {
                first = item;
            } else {
                self.link(last, item);
            }
            last = item;
            self.comma(until)?;
        }
        self.advance()?;
        Ok(first)
    }

    /// `[ Field { "," Field } [ "," ] ] "}"` with `Field = ( string | identifier ) "=" Expression`.
    fn fields(&mut self) -> Result<u32> {
        let (mut first, mut last) = (NONE, NONE);
        while self.now.token != Token::RightCurly {
            let key = self.now.span;
            if !matches!(self.now.token, Token::Ident | Token::String | Token::EscapedString) {
                return Err(self.expected("a key"));
            }
            self.advance()?;
            self.expect(Token::Assign)?;
            let value = self.expression()?;
            let field = self.wrap(Kind::Field, value, key.start());
            self.config.exprs[field as usize].extra = key.end() as u32;
            if last == NONE {
                first = field;
            } else {
                self.link(last, field);
            }
            last = field;
            self.comma(Token::RightCurly)?;
        }
        self.advance()?;
        Ok(first)
    }

    fn comma(&mut self, until: Token) -> Result<()> {
        match self.now.token {
            Token::Comma => self.advance(),
            token if token == until => Ok(()),
            Token::Terminator => Err(error(self.now.span, "a `,` is needed before the end of the line")),
            _ => Err(self.expected("`,`")),
        }
    }

    fn leaf(&mut self, kind: Kind) -> Result<u32> {
        let span = self.now.span;
        self.advance()?;
        self.config.exprs.push(ExprNode { span, first: NONE, next: NONE, extra: 0, kind });
        Ok(self.config.exprs.len() as u32 - 1)
    }

    /// A node over the chain of children that starts with `first`, from `start` to the last word read.
    fn wrap(&mut self, kind: Kind, first: u32, start: usize) -> u32 {
        let span = Span::new(start, self.end);
        self.config.exprs.push(ExprNode { span, first, next: NONE, extra: 0, kind });
        self.config.exprs.len() as u32 - 1
    }

    fn link(&mut self, before: u32, next: u32) {
        self.config.exprs[before as usize].next = next;
    }

    fn start_of(&self, expr: u32) -> usize {
        self.config.exprs[expr as usize].span.start()
    }
}

fn too_deep(span: Span) -> Failure {
    error(span, format!("nested more than {DEEPEST} deep"))
}
