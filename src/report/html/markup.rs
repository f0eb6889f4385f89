//! Markup under construction. Nothing but literals of this program gets in unescaped.
//!
//! Knows: how HTML and SVG escape text. Must not know: plans, layout.

use std::collections::HashSet;

use super::super::plain;

/// A piece of HTML or SVG, and the names that link to places in it.
#[derive(Default)]
pub(super) struct Markup(String, HashSet<String>);

impl Markup {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Markup of this program: a literal, so nothing from a repository can be in it.
    pub(super) fn raw(&mut self, literal: &'static str) -> &mut Self {
        self.0.push_str(literal);
        self
    }

    /// Any text. It shows as it is, in an attribute as well; what cannot be seen or acts on a terminal is made visible.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        for c in plain::text(text).chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c => self.0.push(c),
            }
        }
        self
    }

    /// ` id="d-NAME"` for the first place that is called so: an element is found by what a report calls it.
    pub(super) fn anchor(&mut self, name: &str) -> &mut Self {
        if !name.is_empty() && self.1.insert(name.to_owned()) {
            self.raw(" id=\"d-").text(name).raw("\"");
        }
        self
    }

    /// A number.
    pub(super) fn number(&mut self, number: usize) -> &mut Self {
        self.0.push_str(&number.to_string());
        self
    }

    /// Code in a line of text.
    pub(super) fn code(&mut self, text: &str) -> &mut Self {
        self.raw("<code>").text(text).raw("</code>")
    }

    /// A sentence; what stands between backticks is code.
    pub(super) fn prose(&mut self, text: &str) -> &mut Self {
        let parts: Vec<&str> = text.split('`').collect();
        if parts.len().is_multiple_of(2) {
            return self.text(text);
        }
        for (index, part) in parts.iter().enumerate() {
            if index % 2 == 1 {
                self.code(part);
            } else {
                self.text(part);
            }
        }
        self
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(write: impl FnOnce(&mut Markup)) -> String {
        let mut out = Markup::new();
        write(&mut out);
        out.finish()
    }

    #[test]
    fn text_is_data() {
        let text = "</style><script>alert('1')</script> & \"x\" \u{1b}[2J\u{202e}evil";
        let want =
            "&lt;/style&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;x&quot; ␛[2J\\u{202e}evil";
        assert_eq!(
            shown(|out| {
                out.text(text);
            }),
            want
        );
    }

    #[test]
    fn a_sentence_shows_its_code() {
        assert_eq!(
            shown(|out| {
                out.prose("`a<b` is `c`.");
            }),
            "<code>a&lt;b</code> is <code>c</code>."
        );
        assert_eq!(
            shown(|out| {
                out.prose("one ` only");
            }),
            "one ` only"
        );
    }
}
