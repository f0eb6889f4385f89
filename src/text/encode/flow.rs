//! YAML scalars in the flow of a line: plain and quoted, folded where they break.

use std::fmt::Write as _;

use super::json::hex;
use super::{Decoded, Encoding, NotEncodable, Span};

/// Decodes what stands in `inner`, quotes excluded.
pub(super) fn decode(out: &mut Decoded<'_>, encoding: Encoding, inner: Span) {
    let bytes = &out.below.as_bytes()[..inner.end()];
    // `done` is the end of what has been taken over; between it and `at` stand blanks that a line break would drop.
    let (mut done, mut at) = (inner.start(), inner.start());
    while let Some(&byte) = bytes.get(at) {
        if let Some(end) = out.opaque_at(at, inner.end()) {
            out.copy(done, end);
            (done, at) = (end, end);
            continue;
        }
        match byte {
            b' ' | b'\t' => at += 1,
            b'\n' | b'\r' => {
                let (next, breaks) = skip_breaks(bytes, at);
                out.unit(done, next, &folded(breaks));
                (done, at) = (next, next);
            }
            b'\'' if encoding == Encoding::SingleQuoted && bytes.get(at + 1) == Some(&b'\'') => {
                out.copy(done, at);
                out.unit(at, at + 2, "'");
                (done, at) = (at + 2, at + 2);
            }
            b'\\' if encoding == Encoding::DoubleQuoted => {
                out.copy(done, at);
                done = at;
                at = escaped(out, bytes, at);
                done = done.max(at);
            }
            _ => {
                out.copy(done, at + 1);
                // Only whole characters can be taken over.
                let end = (at + 1..=inner.end()).find(|&end| out.below.is_char_boundary(end)).unwrap_or(inner.end());
                if end > at + 1 {
                    out.copy(done, end);
                }
                (done, at) = (end, end);
            }
        }
    }
    out.copy(done, inner.end());
}

/// One blank for one line break, else one break fewer.
fn folded(breaks: usize) -> String {
    if breaks == 1 { " ".to_owned() } else { "\n".repeat(breaks.saturating_sub(1)) }
}

/// The first byte after `at` that is neither line break nor blank, and the number of line breaks before it.
fn skip_breaks(bytes: &[u8], mut at: usize) -> (usize, usize) {
    let mut breaks = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\n' => breaks += 1,
            b'\r' if bytes.get(at + 1) != Some(&b'\n') => breaks += 1,
            b'\r' | b' ' | b'\t' => {}
            _ => break,
        }
        at += 1;
    }
    (at, breaks)
}

/// Takes the escape at `at` and returns its end. A backslash at the end of a line joins it with the next.
fn escaped(out: &mut Decoded<'_>, bytes: &[u8], at: usize) -> usize {
    if let Some(b'\n' | b'\r') = bytes.get(at + 1) {
        let (next, breaks) = skip_breaks(bytes, at + 1);
        out.unit(at, next, &"\n".repeat(breaks.saturating_sub(1)));
        return next;
    }
    if let Some((meant, length)) = escape_at(bytes, at) {
        out.character(at, at + length, meant);
        return at + length;
    }
    out.copy(at, at + 1);
    at + 1
}

/// The character an escape of a double-quoted scalar stands for (YAML 1.2, 5.7) and its length in bytes.
fn escape_at(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    let found = match bytes.get(at + 1)? {
        b'0' => '\0',
        b'a' => '\u{7}',
        b'b' => '\u{8}',
        b't' | b'\t' => '\t',
        b'n' => '\n',
        b'v' => '\u{b}',
        b'f' => '\u{c}',
        b'r' => '\r',
        b'e' => '\u{1b}',
        b' ' => ' ',
        b'"' => '"',
        b'/' => '/',
        b'\\' => '\\',
        b'N' => '\u{85}',
        b'_' => '\u{a0}',
        b'L' => '\u{2028}',
        b'P' => '\u{2029}',
        b'x' => return Some((char::from_u32(hex(bytes, at + 2, 2)?)?, 4)),
        // As in JSON, two halves of a surrogate pair are one character.
        b'u' => return super::json_escape(bytes, at),
        b'U' => return Some((char::from_u32(hex(bytes, at + 2, 8)?)?, 10)),
        _ => return None,
    };
    Some((found, 2))
}

/// `new` with the escapes of a double-quoted scalar.
pub(super) fn escape(new: &str) -> String {
    let mut out = String::with_capacity(new.len() + 8);
    for c in new.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// Whether `written` is a plain scalar that means a string if `before` did.
pub(super) fn plain_holds(written: &str, before: &str, flow: bool) -> Result<(), NotEncodable> {
    let refuse = |reason: &str| Err(NotEncodable { reason: reason.to_owned() });
    let blank_after = |sign: char| {
        written.match_indices(sign).any(|(at, _)| written[at + 1..].chars().next().is_none_or(char::is_whitespace))
    };
    if blank_after(':') {
        return refuse("a plain scalar cannot hold `: `");
    }
    if written.match_indices('#').any(|(at, _)| written[..at].ends_with(char::is_whitespace)) {
        return refuse("a plain scalar cannot hold ` #`");
    }
    if written.is_empty() || written != written.trim() {
        return refuse("a plain scalar cannot be empty, or start or end with a blank");
    }
    let bare = |c: char| ",[]{}".contains(c);
    let mut signs = written.chars();
    let first = signs.next().unwrap_or(' ');
    let second = signs.next().unwrap_or(' ');
    let spaced = second.is_whitespace() || (flow && bare(second));
    if "&*!|>'\"%@`#,[]{}".contains(first) || ("-?:".contains(first) && spaced) {
        return refuse("a plain scalar cannot start so");
    }
    if ["---", "..."].iter().any(|mark| written.starts_with(mark)) {
        return refuse("a plain scalar cannot start so");
    }
    if flow && (written.contains(bare) || written.contains(":,")) {
        return refuse("a plain scalar inside brackets cannot hold commas or brackets");
    }
    if !is_other_type(before) && is_other_type(written) {
        return refuse("without quotes this would no longer be a string");
    }
    Ok(())
}

/// Whether YAML 1.1 or 1.2 reads this plain scalar as something else than a string.
fn is_other_type(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let words = [
        "", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", ".nan", ".inf", "-.inf", "+.inf", "<<",
        "=",
    ];
    let number = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
        && text.contains(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_hexdigit() || "+-._:xobXOBTZ".contains(c));
    words.contains(&lower.as_str()) || number
}
