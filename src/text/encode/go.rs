//! Strings of Go and the languages with its lexer (label-surface 1.1).

use std::fmt::Write as _;

use super::json::hex;

/// The character an escape at `at` stands for and its length in bytes; `None` when it is none, or a single byte that
/// is no character.
pub(super) fn escape(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    let found = match bytes.get(at + 1)? {
        b'a' => '\u{7}',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'v' => '\u{b}',
        b'\\' => '\\',
        b'"' => '"',
        b'\'' => '\'',
        b'x' => return Some((ascii(hex(bytes, at + 2, 2)?)?, 4)),
        b'u' => return Some((char::from_u32(hex(bytes, at + 2, 4)?)?, 6)),
        b'U' => return Some((char::from_u32(hex(bytes, at + 2, 8)?)?, 10)),
        b'0'..=b'7' => {
            let digits = bytes.get(at + 1..at + 4)?;
            let code = digits.iter().try_fold(0, |sum, &digit| Some(sum * 8 + char::from(digit).to_digit(8)?))?;
            return Some((ascii(code)?, 4));
        }
        _ => return None,
    };
    Some((found, 2))
}

fn ascii(code: u32) -> Option<char> {
    char::from_u32(code).filter(char::is_ascii)
}

/// `new` with Go's escapes for a string in double quotes.
pub(super) fn quote(new: &str) -> String {
    let mut out = String::with_capacity(new.len() + 8);
    for c in new.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}
