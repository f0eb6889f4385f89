//! Reading a Go template.
//!
//! Knows: its grammar. Must not know: what it yields.

use std::collections::BTreeMap;

use super::super::answer::Failure;
use super::value::Value;
use super::{Command, Node, Pipe, Template, Word, call};

/// How deep blocks and parentheses may nest.
const DEEPEST: usize = 60;

/// A piece of a template.
enum Piece<'a> {
    Text(&'a str),
    /// The inside of `{{ … }}`.
    Action(&'a str),
}

/// Reads a template.
pub(super) fn read(text: &str) -> Result<Template, Failure> {
    let broken = || Failure::Parse(format!("invalid template {text}"));
    let pieces = pieces(text).ok_or_else(broken)?;
    let mut reader = Reader { pieces: pieces.into_iter(), defined: BTreeMap::new(), depth: 0 };
    let (nodes, end) = reader.block(0).ok_or_else(broken)?;
    if end != End::Text {
        return Err(broken());
    }
    Ok(Template { nodes, defined: reader.defined })
}

/// Cuts a template into text and actions; blanks beside a `-` are gone.
fn pieces(text: &str) -> Option<Vec<Piece<'_>>> {
    let mut out = Vec::new();
    let mut rest = text;
    let mut trim = false;
    loop {
        let open = rest.find("{{");
        let mut plain = rest.get(..open.unwrap_or(rest.len()))?;
        if trim {
            plain = plain.trim_start_matches([' ', '\t', '\r', '\n']);
        }
        let Some(open) = open else {
            out.push(Piece::Text(plain));
            return Some(out);
        };
        let mut inner = rest.get(open + 2..)?;
        if let Some(tail) = inner.strip_prefix('-').filter(|tail| tail.starts_with([' ', '\t', '\r', '\n'])) {
            plain = plain.trim_end_matches([' ', '\t', '\r', '\n']);
            inner = tail;
        }
        out.push(Piece::Text(plain));
        let end = close(inner)?;
        let mut action = inner.get(..end)?;
        rest = inner.get(end + 2..)?;
        trim = action.ends_with(" -") || action.ends_with("\t-") || action.ends_with("\n-");
        if trim {
            action = action.get(..action.len() - 1)?;
        }
        let comment = action.trim();
        if comment.starts_with("/*") {
            comment.ends_with("*/").then_some(())?;
            continue;
        }
        out.push(Piece::Action(action));
    }
}

/// Where the `}}` is that ends an action; not one inside a string or comment.
fn close(text: &str) -> Option<usize> {
    if text.trim_start().starts_with("/*") {
        let end = text.find("*/")? + 2;
        return text.get(end..)?.find("}}").map(|at| end + at);
    }
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'}' if bytes.get(at + 1) == Some(&b'}') => return Some(at),
            quote @ (b'"' | b'`' | b'\'') => at += string_end(text.get(at..)?, quote)?,
            _ => at += 1,
        }
    }
    None
}

/// How long the string is that `text` begins with.
fn string_end(text: &str, quote: u8) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' if quote != b'`' => at += 2,
            b'\n' if quote != b'`' => return None,
            _ if byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
    None
}

/// What ended a block.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    /// The end of the template.
    Text,
    Block,
    /// `{{else}}`, with what stands behind the word.
    Else(String),
}

struct Reader<'a> {
    pieces: std::vec::IntoIter<Piece<'a>>,
    defined: BTreeMap<String, Vec<Node>>,
    depth: usize,
}

impl Reader<'_> {
    /// Nodes up to `{{end}}`, `{{else}}` or the end; `loops`: how many loops are open.
    fn block(&mut self, loops: usize) -> Option<(Vec<Node>, End)> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.next() {
            let action = match piece {
                Piece::Text("") => continue,
                Piece::Text(text) => {
                    nodes.push(Node::Text(text.to_owned()));
                    continue;
                }
                Piece::Action(action) => action.trim(),
            };
            let (word, rest) = first_word(action);
            let end = match word {
                "end" if rest.is_empty() => Some(End::Block),
                "else" => Some(End::Else(rest.to_owned())),
                _ => None,
            };
            if let Some(end) = end {
                self.depth -= 1;
                return Some((nodes, end));
            }
            self.action(word, rest, action, loops, &mut nodes)?;
        }
        self.depth -= 1;
        Some((nodes, End::Text))
    }

    fn action(&mut self, word: &str, rest: &str, all: &str, loops: usize, nodes: &mut Vec<Node>) -> Option<()> {
        match word {
            "if" | "with" | "range" => {
                let node = self.branches(word, rest, loops)?;
                nodes.push(node);
            }
            "define" | "block" => {
                let (name, tail) = name(rest)?;
                let (inner, end) = self.block(0)?;
                (end == End::Block).then_some(())?;
                if word == "block" {
                    nodes.push(Node::Call { name: name.clone(), with: Some(pipe(tail)?) });
                }
                self.defined.insert(name, inner);
            }
            "template" => {
                let (name, tail) = name(rest)?;
                let with = if tail.trim().is_empty() { None } else { Some(pipe(tail)?) };
                nodes.push(Node::Call { name, with });
            }
            "break" if rest.is_empty() => {
                (loops > 0).then_some(())?;
                nodes.push(Node::Break);
            }
            "continue" if rest.is_empty() => {
                (loops > 0).then_some(())?;
                nodes.push(Node::Continue);
            }
            _ => nodes.push(Node::Print(pipe(all)?)),
        }
        Some(())
    }

    fn branches(&mut self, word: &str, on: &str, loops: usize) -> Option<Node> {
        let on = pipe(on)?;
        let inner = loops + usize::from(word == "range");
        let (then, mut end) = self.block(inner)?;
        let mut otherwise = Vec::new();
        if let End::Else(tail) = end {
            let (next, rest) = first_word(&tail);
            if tail.is_empty() {
                (otherwise, end) = self.block(loops)?;
            } else if next == word && next != "range" {
                otherwise = vec![self.branches(word, rest, loops)?];
                end = End::Block;
            } else {
                return None;
            }
        }
        (end == End::Block).then_some(())?;
        Some(match word {
            "if" => Node::If { on, then, otherwise },
            "with" => Node::With { on, then, otherwise },
            _ => Node::Range { on, then, otherwise },
        })
    }
}

fn first_word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    (word, rest.trim())
}

/// A quoted name, and what follows.
fn name(text: &str) -> Option<(String, &str)> {
    let quote = text.bytes().next().filter(|byte| matches!(byte, b'"' | b'`'))?;
    let end = string_end(text, quote)?;
    Some((text.get(1..end - 1)?.to_owned(), text.get(end..)?))
}

/// Reads a pipeline.
fn pipe(text: &str) -> Option<Pipe> {
    let mut lexer = Words { rest: text.trim(), depth: 0 };
    let pipe = lexer.pipe()?;
    lexer.rest.is_empty().then_some(pipe)
}

struct Words<'a> {
    rest: &'a str,
    depth: usize,
}

impl Words<'_> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn pipe(&mut self) -> Option<Pipe> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let mut pipe = Pipe { variables: self.declared(), commands: Vec::new() };
        loop {
            let mut words = Vec::new();
            loop {
                self.blanks();
                if self.rest.is_empty() || self.rest.starts_with(['|', ')']) {
                    break;
                }
                words.push(self.word()?);
                if !self.rest.is_empty()
                    && !self.rest.starts_with(|c: char| c.is_whitespace() || matches!(c, '|' | ')' | '('))
                {
                    return None;
                }
            }
            if words.is_empty() {
                return None;
            }
            pipe.commands.push(Command { words });
            if !self.rest.starts_with('|') {
                break;
            }
            self.rest = self.rest.get(1..)?;
        }
        self.depth -= 1;
        Some(pipe)
    }

    /// `$x :=`, `$i, $e :=`.
    fn declared(&mut self) -> Vec<String> {
        self.blanks();
        let Some((head, tail)) = self.rest.split_once(":=") else { return Vec::new() };
        let names: Vec<&str> = head.split(',').map(str::trim).collect();
        let variable = |name: &&str| {
            name.strip_prefix('$').is_some_and(|rest| rest.chars().all(|c| c == '_' || c.is_alphanumeric()))
        };
        if !names.iter().all(variable) {
            return Vec::new();
        }
        self.rest = tail;
        names.into_iter().map(str::to_owned).collect()
    }

    fn word(&mut self) -> Option<Word> {
        let first = self.rest.chars().next()?;
        match first {
            '(' => {
                self.rest = self.rest.get(1..)?;
                let inner = self.pipe()?;
                self.rest = self.rest.strip_prefix(')')?;
                let names = self.names();
                Some(Word::Inner(Box::new(inner), names))
            }
            '"' | '`' | '\'' => self.string(first),
            '.' if self.rest.get(1..).is_some_and(|rest| rest.starts_with(|c: char| c == '_' || c.is_alphabetic())) => {
                Some(Word::Field(self.names()))
            }
            '.' if !self.rest.get(1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) => {
                self.rest = self.rest.get(1..)?;
                Some(Word::Dot)
            }
            '$' => {
                let end = self.rest.char_indices().skip(1).find(|(_, c)| *c != '_' && !c.is_alphanumeric());
                let end = end.map_or(self.rest.len(), |(at, _)| at);
                let name = self.rest.get(..end)?.to_owned();
                self.rest = self.rest.get(end..)?;
                Some(Word::Variable(name, self.names()))
            }
            c if c.is_ascii_digit() || matches!(c, '.' | '+' | '-') => self.number(),
            c if c == '_' || c.is_alphabetic() => {
                let end = self.rest.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(self.rest.len());
                let (word, rest) = self.rest.split_at(end);
                self.rest = rest;
                match word {
                    "true" | "false" => Some(Word::Literal(Value::Bool(word == "true"))),
                    "nil" => Some(Word::Nil),
                    _ => call::is_known(word).then(|| Word::Function(word.to_owned())),
                }
            }
            _ => None,
        }
    }

    /// `.a.b`
    fn names(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        while let Some(tail) = self.rest.strip_prefix('.') {
            let end = tail.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(tail.len());
            let (name, rest) = tail.split_at(end);
            if name.is_empty() {
                break;
            }
            names.push(name.to_owned());
            self.rest = rest;
        }
        names
    }

    fn string(&mut self, quote: char) -> Option<Word> {
        let end = string_end(self.rest, quote as u8)?;
        let inner = self.rest.get(1..end - 1)?;
        self.rest = self.rest.get(end..)?;
        let text = match quote {
            '`' => inner.to_owned(),
            _ => crate::syntax::logql::unquoted(inner)?,
        };
        if quote == '\'' {
            let mut chars = text.chars();
            return Some(Word::Literal(Value::Int(i64::from(u32::from(chars.next()?)))));
        }
        Some(Word::Literal(Value::Text(text)))
    }

    fn number(&mut self) -> Option<Word> {
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '+' | '-' | '_')));
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        if let Ok(number) = word.parse::<i64>() {
            return Some(Word::Literal(Value::Int(number)));
        }
        super::super::number::float(word).map(|number| Word::Literal(Value::Float(number)))
    }
}
