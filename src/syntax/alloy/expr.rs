//! Expressions of a configuration: literals, references, arrays, objects; calls and operators as opaque nodes.
//!
//! Knows: the flat lists of [`Config`]. Must not know: how to compute a value.

use std::borrow::Cow;

use super::lexer::{Lexer, Token};
use super::strings::{Quote, decode};
use super::{Attribute, Config, ExprNode, NONE};
use crate::text::Span;

/// What an expression is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `"…"` or `` `…` ``.
    String,
    /// `5`, `.5`, `1e3`; a sign makes it an operation.
    Number,
    /// `true` or `false`.
    Bool,
    /// `null`.
    Null,
    /// An identifier, or several joined by dots: `loki.write.default.receiver`.
    Reference,
    /// `[ … ]`; children: the items.
    Array,
    /// `{ … }`; children: the fields.
    Object,
    /// `key = value` in an object; child: the value.
    Field,
    /// `f(…)`; children: the function, then the arguments.
    Call,
    /// `a[b]`; children: both.
    Index,
    /// `x.name` where `x` is no reference; child: `x`.
    Access,
    /// `( … )`; child: what stands inside.
    Paren,
    /// Operators with their operands as children, in order; a chain of binary operators is one flat node.
    Operation,
}

/// One expression.
#[derive(Clone, Copy, Debug)]
pub struct Expr<'c, 't> {
    pub(super) config: &'c Config<'t>,
    pub(super) id: u32,
    pub(super) attribute: u32,
}

impl<'c, 't> Expr<'c, 't> {
    fn node(self) -> &'c ExprNode {
        &self.config.exprs[self.id as usize]
    }

    fn with(self, id: u32) -> Option<Self> {
        (id != NONE).then_some(Self { id, ..self })
    }

    /// What it is.
    pub fn kind(self) -> Kind {
        self.node().kind
    }

    /// Its bytes, quotes and brackets included.
    pub fn span(self) -> Span {
        self.node().span
    }

    /// As written.
    pub fn text(self) -> &'t str {
        self.span().of(self.config.text)
    }

    /// The attribute it is (part of) the value of.
    pub fn attribute(self) -> Attribute<'c, 't> {
        Attribute { config: self.config, id: self.attribute }
    }

    /// The value of a string literal; `None` for anything else, and for a string whose escapes are not UTF-8.
    pub fn as_str(self) -> Option<Cow<'t, str>> {
        if self.kind() == Kind::String { decode(self.text()) } else { None }
    }

    /// How a string literal is written.
    pub fn quote(self) -> Option<Quote> {
        (self.kind() == Kind::String).then(|| if self.text().starts_with('`') { Quote::Raw } else { Quote::Double })
    }

    /// The bytes between the quotes of a string literal.
    pub fn content_span(self) -> Option<Span> {
        let span = self.span();
        (self.kind() == Kind::String).then(|| Span::new(span.start() + 1, span.end() - 1))
    }

    /// The value of `true` or `false`.
    pub fn as_bool(self) -> Option<bool> {
        (self.kind() == Kind::Bool).then(|| self.text() == "true")
    }

    /// The path of a reference, without blanks or comments: `loki.write.default.receiver`.
    pub fn path(self) -> Option<Cow<'t, str>> {
        (self.kind() == Kind::Reference).then(|| dotted(self.text(), self.node().extra != 0))
    }

    /// What it is made of, in order (see [`Kind`]).
    pub fn children(self) -> impl Iterator<Item = Self> {
        std::iter::successors(self.with(self.node().first), |before| before.with(before.node().next))
    }

    /// The items of an array; nothing for another kind.
    pub fn items(self) -> impl Iterator<Item = Self> {
        let array = self.kind() == Kind::Array;
        self.children().filter(move |_| array)
    }

    /// The fields of an object, in order; nothing for another kind.
    pub fn fields(self) -> impl Iterator<Item = Field<'c, 't>> {
        self.children().filter_map(|child| {
            let value = (child.kind() == Kind::Field).then(|| child.children().next())??;
            let key = Span::new(child.span().start(), child.node().extra as usize);
            Some(Field { key, span: child.span(), value })
        })
    }

    /// The last field with this key, which is the one that counts in Alloy.
    pub fn field(self, key: &str) -> Option<Field<'c, 't>> {
        self.fields().filter(|field| field.key() == key).last()
    }

    /// Every dotted reference in it, itself included, in order.
    pub fn references(self) -> impl Iterator<Item = Reference<'c, 't>> {
        // Walked with a list of what is still to come, not by recursion.
        let mut todo = vec![self];
        std::iter::from_fn(move || {
            loop {
                let expr = todo.pop()?;
                if let Some(path) = expr.path() {
                    return Some(Reference { path, expr });
                }
                let from = todo.len();
                todo.extend(expr.children());
                todo[from..].reverse();
            }
        })
    }
}

/// One `key = value` of an object.
#[derive(Clone, Copy, Debug)]
pub struct Field<'c, 't> {
    key: Span,
    span: Span,
    value: Expr<'c, 't>,
}

impl<'c, 't> Field<'c, 't> {
    /// The key without quotes. Alloy takes what stands between the quotes as it is, escapes included.
    pub fn key(self) -> &'t str {
        let key = self.key.of(self.value.config.text);
        if self.quoted() { key.get(1..key.len() - 1).unwrap_or("") } else { key }
    }

    /// The bytes of the key, with its quotes.
    pub fn key_span(self) -> Span {
        self.key
    }

    /// Whether the key stands in quotes.
    pub fn quoted(self) -> bool {
        self.key.of(self.value.config.text).starts_with(['"', '`'])
    }

    /// From the key to the end of the value; the comma is not part of it.
    pub fn span(self) -> Span {
        self.span
    }

    /// The value.
    pub fn value(self) -> Expr<'c, 't> {
        self.value
    }
}

/// A dotted name in an expression.
#[derive(Clone, Debug)]
pub struct Reference<'c, 't> {
    /// `loki.process.kairos.receiver`, without blanks or comments.
    pub path: Cow<'t, str>,
    /// Where it stands.
    pub expr: Expr<'c, 't>,
}

impl Reference<'_, '_> {
    /// Whether it names `component` (`loki.process.kairos`) or something it exports.
    pub fn is_to(&self, component: &str) -> bool {
        self.path.strip_prefix(component).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

/// A dotted name as one word: read once more when blanks or comments stand around its dots.
pub(super) fn dotted(written: &str, spaced: bool) -> Cow<'_, str> {
    if !spaced {
        return written.into();
    }
    let mut path = String::new();
    if let Ok(mut lexer) = Lexer::new(written) {
        while let Ok(word) = lexer.next() {
            match word.token {
                Token::Ident | Token::Dot => path.push_str(word.span.of(written)),
                Token::End => break,
                _ => {}
            }
        }
    }
    path.into()
}
