//! The actions of a Go template, each with its words.
//!
//! Knows: what stands between `{{` and `}}`. Must not know: labels.

use super::{Action, Kind};
use crate::syntax::SyntaxError;
use crate::text::Span;

/// One `{{ … }}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// All of it, braces included.
    pub span: Span,
    /// Its words in order, without the `-` that trims.
    pub words: Vec<Word>,
}

/// One word of an action: a name, a chain of fields, a string, a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// Its bytes, quotes included.
    pub span: Span,
    /// Whether it is a quoted string.
    pub text: bool,
}

impl Word {
    /// A string without its quotes.
    pub fn inner(self) -> Span {
        if self.text { Span::new(self.span.start() + 1, self.span.end().saturating_sub(1)) } else { self.span }
    }
}

/// Every action of `text`, in order.
///
/// # Errors
/// An action, comment or string that is not closed, and where it starts.
pub fn actions(text: &str) -> Result<Vec<Tag>, SyntaxError> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = text.get(at..).and_then(|rest| rest.find("{{")) {
        let start = at + open;
        let mut action = Action { text, start, at: start + 2, tokens: Vec::new() };
        action.read()?;
        at = action.at;
        let mut words: Vec<Word> =
            action.tokens.iter().map(|token| Word { span: token.span, text: token.kind == Kind::Text }).collect();
        words.pop_if(|last| last.span.of(text) == "-");
        found.push(Tag { span: Span::new(start, at), words });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_cut_into_words() {
        let text = r#"a {{- if eq $labels.job "a }} b" -}} x {{/* no }} {{ end }}"#;
        assert!(actions(text).is_err());
        let text = r#"a {{- if eq (index $labels "job") "a }} b" -}} x {{ end }}"#;
        let found = actions(text).unwrap();
        let words = |tag: &Tag| tag.words.iter().map(|word| word.inner().of(text).to_owned()).collect::<Vec<_>>();
        assert_eq!(words(&found[0]), ["if", "eq", "(", "index", "$labels", "job", ")", "a }} b"]);
        assert_eq!(found[1].span.of(text), "{{ end }}");
        assert_eq!(words(&found[1]), ["end"]);
    }
}
