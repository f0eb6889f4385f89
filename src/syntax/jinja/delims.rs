//! The marks that set Jinja apart from the text around it.

use crate::text::Span;

/// Marks of a template: Jinja's own, or what a task or the first line of the file sets (real-world X3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delims {
    /// `{%` and `%}`.
    pub block: (String, String),
    /// `{{` and `}}`.
    pub variable: (String, String),
    /// `{#` and `#}`.
    pub comment: (String, String),
}

impl Default for Delims {
    fn default() -> Self {
        let pair = |open: &str, close: &str| (open.to_owned(), close.to_owned());
        Self { block: pair("{%", "%}"), variable: pair("{{", "}}"), comment: pair("{#", "#}") }
    }
}

impl Delims {
    /// Sets one mark by Ansible's name for it (`variable_start_string` …). `false` when it is another setting or empty.
    pub fn set(&mut self, name: &str, value: &str) -> bool {
        let mark = match name {
            "block_start_string" => &mut self.block.0,
            "block_end_string" => &mut self.block.1,
            "variable_start_string" => &mut self.variable.0,
            "variable_end_string" => &mut self.variable.1,
            "comment_start_string" => &mut self.comment.0,
            "comment_end_string" => &mut self.comment.1,
            _ => return false,
        };
        if value.is_empty() {
            return false;
        }
        value.clone_into(mark);
        true
    }

    /// These marks changed by the file's very first line, `#jinja2: key: value, …`, and that line without its end.
    pub fn with_header(&self, text: &str) -> (Self, Option<Span>) {
        let mut delims = self.clone();
        let Some(rest) = text.strip_prefix("#jinja2:") else { return (delims, None) };
        let line = rest.lines().next().unwrap_or("");
        for (name, value) in settings(line) {
            delims.set(name, value);
        }
        (delims, Some(Span::new(0, text.len() - rest.len() + line.len())))
    }
}

/// `key: value` pairs between commas; a quoted value may hold commas.
fn settings(line: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some((name, value)) = rest.split_once(':') {
        let value = value.trim_start();
        let (value, next) = match value.chars().next() {
            Some(quote @ ('\'' | '"')) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
            _ => value.find(',').map_or((value, ""), |at| value.split_at(at)),
        };
        found.push((name.trim(), value.trim_end()));
        rest = next.trim_start().trim_start_matches(',');
    }
    found
}
