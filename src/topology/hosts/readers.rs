//! Who names a variable: every place in the repository where it occurs as a whole word.
//!
//! Knows: words, Jinja tags, comments and keys, roughly. Must not know: what the files are for.

use std::sync::Arc;

use memchr::memmem;

use crate::syntax::jinja::{self, Delims, TagKind};
use crate::text::{Place, Source, Span};

use super::layout::suffix;

/// What an occurrence of a variable's name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Use {
    /// A key or an assignment: here the variable gets a value (inventory, `vars:`, `set_fact`).
    Definition,
    /// In `{{ … }}` or `{% … %}`.
    Expression,
    /// On the line or in the list of a keyword that takes a bare expression: `when:`, `until:`, `that:`, `loop:` …
    Condition,
    /// In a comment.
    Comment,
    /// Anywhere else: prose, a script, a quoted name.
    Text,
}

/// One occurrence of a variable's name.
#[derive(Clone, Debug)]
pub struct Reader {
    /// The name itself.
    pub at: Place,
    /// What it is there.
    pub kind: Use,
}

/// Every place in the text files among `sources` where `name` stands as a whole word, in their order. Definitions are
/// among them; telling a definition from a use looks at the line, not at the meaning of the file.
pub fn readers_of<'s>(sources: impl IntoIterator<Item = &'s Arc<Source>>, name: &str) -> Vec<Reader> {
    let mut out = Vec::new();
    if name.is_empty() {
        return out;
    }
    let finder = memmem::Finder::new(name.as_bytes());
    for source in sources {
        let bytes = source.bytes();
        let mut words = finder.find_iter(bytes).filter(|&at| is_word(bytes, at, name.len())).peekable();
        if words.peek().is_none() {
            continue;
        }
        let Some(text) = source.text() else { continue };
        let tags = jinja::mask(text, &Delims::default()).ok();
        for at in words {
            let span = Span::new(at, at + name.len());
            let kind = kind(source, text, tags.as_ref(), span);
            out.push(Reader { at: Place::new(source, span), kind });
        }
    }
    out
}

fn is_word(bytes: &[u8], at: usize, len: usize) -> bool {
    let inside = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    !inside(at.checked_sub(1).and_then(|before| bytes.get(before))) && !inside(bytes.get(at + len))
}

fn kind(source: &Arc<Source>, text: &str, tags: Option<&jinja::Mask>, span: Span) -> Use {
    let line = source.line_at(span.start());
    let before = text.get(line.start()..span.start()).unwrap_or_default();
    let after = text.get(span.end()..line.end()).unwrap_or_default();
    let tag = tags.and_then(|tags| tags.tags_in(span).first());
    // A line that is commented out is no use, whatever it holds; what Jinja still renders there is seen by its tag.
    let commented = is_comment(before);
    match tag.map(|tag| tag.kind) {
        Some(TagKind::Comment) => return Use::Comment,
        Some(_) if commented && !is_template(source) => return Use::Comment,
        Some(_) => return Use::Expression,
        None if commented => return Use::Comment,
        None => {}
    }
    if tags.is_none() && before.rfind("{{").max(before.rfind("{%")) > before.rfind("}}").max(before.rfind("%}")) {
        return Use::Expression;
    }
    if is_key(before, after) {
        return Use::Definition;
    }
    if is_condition(text, line, before) { Use::Condition } else { Use::Text }
}

/// Whether Ansible renders the file as a whole, comments included.
fn is_template(source: &Source) -> bool {
    suffix(source.path.name()) == ".j2" || source.path.segments().any(|part| part == "templates")
}

fn is_comment(before: &str) -> bool {
    let start = before.trim_start();
    start.starts_with(['#', ';']) || start.starts_with("//") || start.starts_with("<!--") || before.contains(" #")
}

/// `name:`, `"name":`, `- name:`, `{name:`, `name=` at the start of a line or after a blank.
fn is_key(before: &str, after: &str) -> bool {
    let after = after.strip_prefix(['"', '\'']).unwrap_or(after).trim_start();
    let bare = before.strip_suffix(['"', '\'']).unwrap_or(before);
    let opened = bare.trim_end();
    let first = opened.is_empty() || opened.ends_with(['{', ',', '-', '?']);
    if after.starts_with(':') {
        return first;
    }
    after.starts_with('=') && !after.starts_with("==") && (opened.is_empty() || bare.ends_with([' ', '\t', ',', '(']))
}

const BARE: [&str; 11] = [
    "when",
    "until",
    "that",
    "failed_when",
    "changed_when",
    "loop",
    "with_items",
    "with_dict",
    "var",
    "assert",
    "break_when",
];

/// Whether the line, or the key its list hangs on, takes a bare expression.
fn is_condition(text: &str, line: Span, before: &str) -> bool {
    let key = |line: &str| {
        let line = line.trim_start().trim_start_matches("- ").trim_start();
        line.split_once(':').is_some_and(|(key, _)| BARE.contains(&key.trim()))
    };
    if key(before) {
        return true;
    }
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut own = indent(before);
    let mut above = text.get(..line.start()).unwrap_or_default().lines().rev().filter(|line| !line.trim().is_empty());
    let item = before.trim_start().starts_with("- ");
    for line in above.by_ref().take(40) {
        let sibling = line.trim_start().starts_with("- ");
        if indent(line) < own || (item && indent(line) == own && !sibling) {
            if key(line) {
                return true;
            }
            if !sibling {
                return false;
            }
            own = indent(line);
        }
    }
    false
}
