//! The selector of a `stage.match`: an older and smaller language than `LogQL` (label-surface 5.3).
//!
//! Knows: `{label op "value", …}` with line filters behind it, double-quoted strings only, and that nothing has to match.
//! Must not know: labels, or what a selector is for.

use super::SyntaxError;
use crate::text::Span;

/// A selector that was read. Spans are of the text it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// From `{` to `}`.
    pub braces: Span,
    /// The matchers, in order.
    pub matchers: Vec<Matcher>,
    /// Whether line filters stand behind it.
    pub filters: bool,
}

/// `label op "value"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matcher {
    /// The whole matcher.
    pub span: Span,
    /// Its label.
    pub name: String,
    /// `=`, `!=`, `=~` or `!~`.
    pub op: &'static str,
    /// The value, decoded.
    pub value: String,
}

/// Reads a selector.
///
/// # Errors
/// The place where it is none.
pub fn read(text: &str) -> Result<Selector, SyntaxError> {
    let mut reader = Reader { text, at: 0 };
    let start = reader.expect("{")?;
    let mut matchers = Vec::new();
    let end = loop {
        if let Some(end) = reader.take("}").filter(|_| matchers.is_empty()) {
            break end;
        }
        matchers.push(reader.matcher()?);
        if let Some(end) = reader.take("}") {
            break end;
        }
        reader.expect(",")?;
    };
    let mut filters = false;
    while !reader.rest().is_empty() {
        if ["|=", "|~", "!=", "!~"].into_iter().find_map(|sign| reader.take(sign)).is_none() {
            return Err(reader.wrong("a line filter"));
        }
        reader.string()?;
        filters = true;
    }
    Ok(Selector { braces: start.join(end), matchers, filters })
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    /// What is left, without blanks in front.
    fn rest(&mut self) -> &'t str {
        let rest = self.text[self.at..].trim_start();
        self.at = self.text.len() - rest.len();
        rest
    }

    fn take(&mut self, sign: &str) -> Option<Span> {
        let found = self.rest().starts_with(sign);
        let span = Span::new(self.at, self.at + sign.len());
        found.then(|| {
            self.at = span.end();
            span
        })
    }

    fn expect(&mut self, sign: &str) -> Result<Span, SyntaxError> {
        self.take(sign).ok_or_else(|| self.wrong(&format!("`{sign}`")))
    }

    fn wrong(&self, wanted: &str) -> SyntaxError {
        SyntaxError::new(Span::at(self.at), format!("expected {wanted}"))
    }

    fn matcher(&mut self) -> Result<Matcher, SyntaxError> {
        let rest = self.rest();
        let start = self.at;
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        if length == 0 || rest.starts_with(|c: char| c.is_numeric()) {
            return Err(self.wrong("a label"));
        }
        self.at += length;
        let op = ["=~", "!~", "!=", "="].into_iter().find(|sign| self.take(sign).is_some());
        let op = op.ok_or_else(|| self.wrong("`=`, `!=`, `=~` or `!~`"))?;
        let value = self.string()?;
        Ok(Matcher { span: Span::new(start, self.at), name: rest[..length].to_owned(), op, value })
    }

    fn string(&mut self) -> Result<String, SyntaxError> {
        let rest = self.rest();
        let mut escaped = false;
        let closing = rest.char_indices().skip(1).find(|&(_, c)| {
            let end = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            end
        });
        let closing = closing.filter(|_| rest.starts_with('"')).map(|(at, _)| at);
        let literal = closing.and_then(|at| rest.get(..=at)).ok_or_else(|| self.wrong("a string in double quotes"))?;
        let value = unquote(literal).ok_or_else(|| self.wrong("a string in double quotes"))?;
        self.at += literal.len();
        Ok(value)
    }
}

/// The value of a string in double quotes, read as the language around it reads one.
fn unquote(literal: &str) -> Option<String> {
    let attribute = format!("v = {literal}\n");
    let config = super::read(&attribute).ok()?;
    let value = config.attributes().next()?.value();
    value.as_str().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_of_the_older_language() {
        let read = |text| read(text).map(|selector| (selector.matchers.len(), selector.filters)).ok();
        for (text, expected) in [
            (r#"{job="kairos"}"#, Some((1, false))),
            (r#"{ job != "kairos" , app=~"a|b" }"#, Some((2, false))),
            (r#"{job!="kairos"} |= "x" !~ "y\"z""#, Some((1, true))),
            ("{}", Some((0, false))),
            (r#"{job="a",}"#, None),
            ("{job=`a`}", None),
            (r#"{job="a"} | json"#, None),
            (r#"{job="a"} or {job="b"}"#, None),
            (r#"{job="\d"}"#, None),
            (r#"job="a""#, None),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn matchers_have_their_places_and_values() {
        let text = r#"{a="x\n", job!~"b|c"} |= "q""#;
        let found = read(text).unwrap();
        let parts: Vec<_> = found.matchers.iter().map(|one| (one.span.of(text), one.op, one.value.as_str())).collect();
        assert_eq!(parts, [("a=\"x\\n\"", "=", "x\n"), ("job!~\"b|c\"", "!~", "b|c")]);
        assert_eq!(found.braces.of(text), r#"{a="x\n", job!~"b|c"}"#);
    }
}
