//! JSON's escapes.

use std::fmt::Write as _;

/// The character a JSON escape at `at` (a backslash) stands for and its length in bytes; `None` when it is none. Half
/// of a surrogate pair stands for U+FFFD.
pub fn json_escape(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    let found = match bytes.get(at + 1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let high = hex(bytes, at + 2, 4)?;
            let low = match high {
                0xd800..0xdc00 if bytes.get(at + 6..at + 8) == Some(b"\\u") => hex(bytes, at + 8, 4),
                _ => None,
            };
            if let Some(low @ 0xdc00..0xe000) = low {
                let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                return Some((char::from_u32(code).unwrap_or('\u{fffd}'), 12));
            }
            return Some((char::from_u32(high).unwrap_or('\u{fffd}'), 6));
        }
        _ => return None,
    };
    Some((found, 2))
}

/// The number that `count` hexadecimal digits at `at` write.
pub(super) fn hex(bytes: &[u8], at: usize, count: usize) -> Option<u32> {
    let digits = bytes.get(at..at + count)?;
    digits.iter().try_fold(0_u32, |sum, &digit| Some(sum << 4 | char::from(digit).to_digit(16)?))
}

/// `new` with JSON's escapes. Signs that `written` spells as `\u0022`, `\u003c` … are spelled so here too.
pub(super) fn escape(new: &str, written: &str) -> String {
    let spelled = |code: &str| {
        let found = memchr::memmem::find_iter(written.as_bytes(), "\\u00");
        found.into_iter().any(|at| written.get(at + 4..at + 6).is_some_and(|digits| digits.eq_ignore_ascii_case(code)))
    };
    let mut out = String::with_capacity(new.len() + 8);
    for c in new.chars() {
        match c {
            '"' if spelled("22") && !written.contains("\\\"") => out.push_str("\\u0022"),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '<' if spelled("3c") => out.push_str("\\u003c"),
            '>' if spelled("3e") => out.push_str("\\u003e"),
            '&' if spelled("26") => out.push_str("\\u0026"),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}
