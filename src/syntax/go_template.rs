//! Go templates: where they name labels.
//!
//! Knows: the lexical form of Go's `text/template` actions and the shapes in which Loki (`line_format`), Grafana
//! (legends) and alerts (annotations) name a label. Must not know: what a template yields; blocks (`if`, `range`,
//! `with`) are not followed, so `.job` inside `with` counts as a label all the same.

mod actions;

use crate::syntax::SyntaxError;
use crate::text::Span;

pub use actions::{Tag, Word, actions};

/// How a template names a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldKind {
    /// `.job`, `$.job`
    Dot,
    /// `index . "job"`
    Index,
    /// `$labels.job`, `.Labels.job`, `$values.A.Labels.job`, `.CommonLabels.job`, `.GroupLabels.job`
    Labels,
    /// `index $labels "job"`, `index .Labels "job"`
    LabelsIndex,
    /// `{{job}}`: a Grafana legend. In any other template a function without arguments.
    Legend,
}

/// One label named by a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The bytes of the name alone: no dot, no quotes.
    pub span: Span,
    /// The name, as written.
    pub name: String,
    /// How it is named.
    pub kind: FieldKind,
}

/// Every label named in `text`, in order.
///
/// # Errors
/// An action, comment or string that is not closed, and where it starts.
pub fn fields(text: &str) -> Result<Vec<Field>, SyntaxError> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = text.get(at..).and_then(|rest| rest.find("{{")) {
        let mut action = Action { text, start: at + open, at: at + open + 2, tokens: Vec::new() };
        action.read()?;
        at = action.at;
        action.fields(&mut found);
    }
    Ok(found)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// `.a.b` or `.`, or what follows a closing parenthesis.
    Chain { after_paren: bool },
    /// `$x`, `$x.a.b`, `$`.
    Variable,
    /// A word.
    Word,
    /// A quoted string.
    Text,
    /// A sign or a number.
    Other,
}

#[derive(Clone, Copy, Debug)]
struct Token {
    kind: Kind,
    span: Span,
}

/// One `{{ … }}`.
struct Action<'a> {
    text: &'a str,
    start: usize,
    at: usize,
    tokens: Vec<Token>,
}

impl Action<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn error<T>(&self, message: &str) -> Result<T, SyntaxError> {
        Err(SyntaxError::new(Span::new(self.start, self.text.len()), message))
    }

    /// Reads to the closing braces.
    fn read(&mut self) -> Result<(), SyntaxError> {
        if let Some(rest) = self.rest().strip_prefix('-').filter(|rest| rest.starts_with([' ', '\t', '\r', '\n'])) {
            self.at = self.text.len() - rest.len();
        }
        let body = self.rest().trim_start();
        if let Some(comment) = body.strip_prefix("/*") {
            let Some(end) = comment.find("*/") else { return self.error("comment not closed") };
            self.at = self.text.len() - comment.len() + end + 2;
        }
        loop {
            let rest = self.rest();
            let Some(first) = rest.chars().next() else { return self.error("`{{` not closed") };
            if rest.starts_with("}}") {
                self.at += 2;
                return Ok(());
            }
            let start = self.at;
            let kind = match first {
                '"' | '`' | '\'' => {
                    self.string(first)?;
                    Some(Kind::Text)
                }
                '.' => {
                    let before = self.tokens.last().filter(|token| token.span.end() == start);
                    let after_paren = before.is_some_and(|token| token.span.of(self.text) == ")");
                    self.chain();
                    Some(Kind::Chain { after_paren })
                }
                '$' => {
                    self.at += 1;
                    self.word();
                    self.chain();
                    Some(Kind::Variable)
                }
                c if c.is_numeric() => {
                    self.word();
                    self.chain();
                    Some(Kind::Other)
                }
                c if is_word(c) => {
                    self.word();
                    Some(Kind::Word)
                }
                c => {
                    self.at += c.len_utf8();
                    (!c.is_whitespace()).then_some(Kind::Other)
                }
            };
            self.tokens.extend(kind.map(|kind| Token { kind, span: Span::new(start, self.at) }));
        }
    }

    fn string(&mut self, quote: char) -> Result<(), SyntaxError> {
        self.at += 1;
        while let Some(c) = self.rest().chars().next() {
            self.at += c.len_utf8();
            if c == quote {
                return Ok(());
            }
            if quote != '`' && c == '\\' {
                self.at += self.rest().chars().next().map_or(0, char::len_utf8);
            } else if quote != '`' && c == '\n' {
                break;
            }
        }
        self.error("string in a template not closed")
    }

    fn word(&mut self) {
        let rest = self.rest();
        self.at += rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    }

    /// `.a.b`, as far as it goes; a dot alone, too.
    fn chain(&mut self) {
        while self.rest().starts_with('.') {
            self.at += 1;
            self.word();
        }
    }

    fn fields(&self, found: &mut Vec<Field>) {
        if let Some(word) = self.legend() {
            self.push(found, word, FieldKind::Legend);
        }
        for (at, token) in self.tokens.iter().enumerate() {
            match token.kind {
                Kind::Chain { .. } | Kind::Variable if !self.is_indexed(at) => self.of_chain(found, *token),
                Kind::Word if token.span.of(self.text) == "index" => self.of_index(found, at),
                _ => {}
            }
        }
    }

    /// The word that is all there is in this action.
    fn legend(&self) -> Option<Span> {
        let tokens = self.tokens.as_slice();
        let tokens = match tokens {
            [rest @ .., last] if last.span.of(self.text) == "-" => rest,
            all => all,
        };
        match tokens {
            [Token { kind: Kind::Word, span }]
                if !matches!(span.of(self.text), "end" | "else" | "break" | "continue" | "nil" | "true" | "false") =>
            {
                Some(*span)
            }
            _ => None,
        }
    }

    fn push(&self, found: &mut Vec<Field>, span: Span, kind: FieldKind) {
        found.push(Field { span, name: span.of(self.text).to_owned(), kind });
    }

    fn of_chain(&self, found: &mut Vec<Field>, token: Token) {
        let mut parts = Parts { text: self.text, span: token.span, at: token.span.start() };
        let mut previous = match token.kind {
            Kind::Variable => parts.next(),
            _ => None,
        };
        let root = match previous {
            None => !matches!(token.kind, Kind::Chain { after_paren: true }),
            Some(head) => head.of(self.text) == "$",
        };
        let mut first = None;
        for part in parts {
            if previous.is_some_and(|span| is_labels(span.of(self.text))) {
                return self.push(found, part, FieldKind::Labels);
            }
            first = first.or(Some(part));
            previous = Some(part);
        }
        if let Some(first) = first.filter(|_| root) {
            self.push(found, first, FieldKind::Dot);
        }
    }

    /// Whether the token is what `index` looks into; a map of labels is then no label itself.
    fn is_indexed(&self, at: usize) -> bool {
        let Some([index, operand]) = at.checked_sub(1).and_then(|before| self.tokens.get(before..=at)) else {
            return false;
        };
        let last = operand.span.of(self.text).rsplit('.').next().unwrap_or("");
        index.span.of(self.text) == "index" && is_labels(last)
    }

    /// `index operand "name"`, with `index` at `at`.
    fn of_index(&self, found: &mut Vec<Field>, at: usize) {
        let Some([operand, name, ..]) = self.tokens.get(at + 1..) else { return };
        let operand_text = operand.span.of(self.text);
        let last = operand_text.rsplit('.').next().unwrap_or("");
        let kind = match operand_text {
            "." | "$" => FieldKind::Index,
            _ if is_labels(last) => FieldKind::LabelsIndex,
            _ => return,
        };
        let span = Span::new(name.span.start() + 1, name.span.end().saturating_sub(1));
        if name.kind == Kind::Text && !span.is_empty() {
            self.push(found, span, kind);
        }
    }
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// Whether what follows `name` in a chain is a label.
fn is_labels(name: &str) -> bool {
    matches!(name, "$labels" | "Labels" | "CommonLabels" | "GroupLabels")
}

/// The names of a chain; the first of a variable's is the variable itself.
struct Parts<'a> {
    text: &'a str,
    span: Span,
    at: usize,
}

impl Iterator for Parts<'_> {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        loop {
            if self.at >= self.span.end() {
                return None;
            }
            let rest = Span::new(self.at, self.span.end()).of(self.text);
            let length = rest.find('.').unwrap_or(rest.len());
            let part = Span::new(self.at, self.at + length);
            self.at += length + 1;
            if !part.is_empty() {
                return Some(part);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, FieldKind)> {
        let fields = fields(text).unwrap();
        for field in &fields {
            assert_eq!(field.span.of(text), field.name);
        }
        fields.into_iter().map(|field| (field.name, field.kind)).collect()
    }

    fn one(text: &str, name: &str, kind: FieldKind) {
        assert_eq!(found(text), [(name.to_owned(), kind)], "{text}");
    }

    #[test]
    fn every_shape_names_its_label() {
        one("{{.job}}", "job", FieldKind::Dot);
        one("a {{- .job | ToUpper -}} b", "job", FieldKind::Dot);
        one("{{ $.job }}", "job", FieldKind::Dot);
        one(r#"{{ if eq .job "kairos" }}x{{ end }}"#, "job", FieldKind::Dot);
        one(r#"{{ index . "job" }}"#, "job", FieldKind::Index);
        one("{{ index $labels `job` }}", "job", FieldKind::LabelsIndex);
        one("{{ $labels.job }}", "job", FieldKind::Labels);
        one("{{ $values.A.Labels.job }}", "job", FieldKind::Labels);
        one(r#"{{ (index $values "A").Labels.job }}"#, "job", FieldKind::Labels);
        one("{{job}}", "job", FieldKind::Legend);
        one("{{ job }} on", "job", FieldKind::Legend);
    }

    #[test]
    fn labels_of_alerts_are_told_from_fields() {
        assert_eq!(
            found("{{ .Labels.job }} {{ .CommonLabels.team }} {{ .Value }}"),
            [
                ("job".to_owned(), FieldKind::Labels),
                ("team".to_owned(), FieldKind::Labels),
                ("Value".to_owned(), FieldKind::Dot),
            ]
        );
        one(r#"{{ index .Labels "job" }}"#, "job", FieldKind::LabelsIndex);
    }

    #[test]
    fn what_names_no_label_is_left_out() {
        for text in
            ["job", "{ .job }", "{{/* .job */}}", r#"{{ ".job" }}"#, "{{ $x.job }}", "{{ end }}", "{{ printf 1.5 }}"]
        {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn what_is_not_closed_is_an_error() {
        assert_eq!(fields("ab {{ .job }").unwrap_err().span, Span::new(3, 12));
        assert!(fields("{{ \"x }}").is_err());
        assert!(fields("{{/* x }}").is_err());
    }
}
