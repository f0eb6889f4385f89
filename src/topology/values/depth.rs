//! How deep the parser and the compiler of the engine would recurse into a template.
//!
//! Knows: the tokens of the engine, and which of them nest or chain. Must not know: values. Both recurse once for each
//! operator of a chain, each bracket and each block, and a stack that overflows ends the whole program.

use minijinja::machinery::{Token, Tokenizer};
use minijinja::syntax::SyntaxConfig;

/// The most that one expression, with the blocks around it, may weigh.
const DEEPEST: usize = 512;
/// A bracket takes the parser through all its levels of precedence.
const BRACKET: usize = 8;
/// A block is parsed inside the one around it, an `elif` inside the arm before it.
const BLOCK: usize = 4;
/// Sums of lists nest, and are unfolded (by the compiler, too) where they nest deeper than 32.
const SUM: usize = 16;

/// What stands between two brackets.
#[derive(Default)]
struct Level {
    /// Weight of the operators since the last comma.
    chain: usize,
    /// The deepest bracket since then.
    deep: usize,
    /// The most of both, of any part between commas.
    most: usize,
}

impl Level {
    fn next(&mut self) {
        self.most = self.weight();
        (self.chain, self.deep) = (0, 0);
    }

    fn weight(&self) -> usize {
        self.most.max(self.chain + self.deep)
    }
}

/// The statement that is being read.
#[derive(Clone, Copy, PartialEq)]
enum Word {
    /// Its first word comes next.
    First,
    /// `set`: a block, unless a `=` follows.
    Set,
    /// Another, or an expression.
    Other,
}

/// Whether a template, or with `alone` an expression, nests and chains little enough. Takes time linear in the text.
pub(super) fn fits(text: &str, alone: bool, syntax: SyntaxConfig) -> bool {
    let mut tokens = Tokenizer::new(text, "", alone, syntax);
    let mut reading = Reading { levels: vec![Level::default()], blocks: Vec::new(), word: Word::Other };
    // What comes after a token that cannot be read is not read by the parser either.
    while let Ok(Some((token, _))) = tokens.next_token() {
        if !reading.token(&token) {
            return false;
        }
    }
    reading.expression_ends()
}

struct Reading {
    levels: Vec<Level>,
    /// Arms of each open block.
    blocks: Vec<usize>,
    word: Word,
}

impl Reading {
    /// `false` when it gets too deep.
    fn token(&mut self, token: &Token<'_>) -> bool {
        match token {
            Token::VariableStart | Token::BlockStart => {
                self.word = if matches!(token, Token::BlockStart) { Word::First } else { Word::Other };
                return self.expression_ends();
            }
            Token::VariableEnd | Token::BlockEnd => {
                if self.word == Word::Set {
                    self.blocks.push(1);
                }
                return self.expression_ends();
            }
            Token::Ident(word) if self.word == Word::First => self.statement(word),
            Token::Ident("if" | "else" | "or" | "and" | "not" | "in" | "is") => self.operator(1),
            Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => {
                self.operator(1);
                self.levels.push(Level::default());
            }
            Token::ParenClose | Token::BracketClose | Token::BraceClose => self.close(),
            Token::Comma | Token::Colon => {
                if let Some(level) = self.levels.last_mut() {
                    level.next();
                }
            }
            Token::Assign if self.levels.len() == 1 => self.word = Word::Other,
            Token::Plus => self.operator(SUM),
            Token::Ident(_)
            | Token::Str(_)
            | Token::String(_)
            | Token::Int(_)
            | Token::Int128(_)
            | Token::Float(_)
            | Token::TemplateData(_) => {}
            _ => self.operator(1),
        }
        self.levels.len() * BRACKET <= DEEPEST
    }

    fn statement(&mut self, word: &str) {
        self.word = if word == "set" { Word::Set } else { Word::Other };
        match word {
            "for" | "if" | "with" | "autoescape" | "filter" | "macro" | "call" => self.blocks.push(1),
            "elif" => {
                if let Some(arms) = self.blocks.last_mut() {
                    *arms += 1;
                }
            }
            _ if word.starts_with("end") => {
                self.blocks.pop();
            }
            _ => {}
        }
    }

    fn operator(&mut self, weight: usize) {
        if let Some(level) = self.levels.last_mut() {
            level.chain += weight;
        }
    }

    fn close(&mut self) {
        if self.levels.len() > 1
            && let Some(inner) = self.levels.pop()
            && let Some(outer) = self.levels.last_mut()
        {
            outer.deep = outer.deep.max(inner.weight() + BRACKET);
        }
    }

    /// Weighs the expression with the blocks around it, and makes ready for the next.
    fn expression_ends(&mut self) -> bool {
        while self.levels.len() > 1 {
            self.close();
        }
        let expression = std::mem::take(&mut self.levels[0]).weight();
        expression + self.blocks.iter().sum::<usize>() * BLOCK <= DEEPEST
    }
}
