//! Makes text from a repository safe to show: nothing in it can steer a terminal or hide.
//!
//! Knows: which characters act or are invisible. Must not know: colours, layout.

use std::borrow::Cow;

/// `text` with every character that acts on a terminal or cannot be seen replaced by a visible stand-in: C0 controls
/// by their pictures (`␛`), other controls, marks of direction and zero-width blanks by `\u{…}`. Tab and `\n` stay.
pub fn text(text: &str) -> Cow<'_, str> {
    if text.chars().any(acts) {
        let mut out = String::with_capacity(text.len() + 16);
        text.chars().for_each(|c| push(&mut out, c));
        Cow::Owned(out)
    } else {
        Cow::Borrowed(text)
    }
}

/// As [`text`], for bytes: what is not UTF-8 is shown as `\xNN`.
pub fn bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|c| push(&mut out, c));
        out.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    out
}

/// As [`text`], in one line: line ends are shown as well.
pub fn line(line: &str) -> Cow<'_, str> {
    match text(line) {
        shown if shown.contains('\n') => Cow::Owned(shown.replace('\n', "␊")),
        shown => shown,
    }
}

fn push(out: &mut String, c: char) {
    match c {
        _ if !acts(c) => out.push(c),
        '\u{7f}' => out.push('␡'),
        '\0'..'\u{20}' => out.extend(char::from_u32(0x2400 + u32::from(c))),
        _ => out.extend(c.escape_unicode()),
    }
}

/// Whether `c` must not reach a terminal as it is. The zero-width joiner stays: emoji are built with it.
pub fn acts(c: char) -> bool {
    match c {
        '\t' | '\n' => false,
        // Zero-width blanks, marks of direction, soft hyphen, byte order mark.
        '\u{200b}' | '\u{200c}' | '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{ad}' | '\u{feff}'
        // Line and paragraph separators, bidirectional overrides, invisible operators, tags.
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' => true,
        _ => c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(text("a\tb\nc"), "a\tb\nc");
        assert_eq!(text("\u{1b}[2J\r\u{7f}\u{9b}31m"), "␛[2J␍␡\\u{9b}31m");
        assert_eq!(text("a\u{202e}b\u{200b}c\u{feff}"), "a\\u{202e}b\\u{200b}c\\u{feff}");
        assert_eq!(text("👩\u{200d}🚀 é"), "👩\u{200d}🚀 é");
        assert_eq!(bytes(b"ok \xff\xfe\x1b"), "ok \\xff\\xfe␛");
        assert_eq!(line("a\nb"), "a␊b");
    }
}
