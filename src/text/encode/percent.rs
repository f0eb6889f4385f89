//! Percent encoding of URLs.
//!
//! Own code: the crates decode to values and do not say which bytes a character came from.

use std::fmt::Write as _;

use super::json::hex;
use super::{Decoded, Span};

/// Decodes `inner`; what is no UTF-8 once decoded stands for itself.
pub(super) fn decode(out: &mut Decoded<'_>, inner: Span, plus: bool) {
    let bytes = &out.below.as_bytes()[..inner.end()];
    let (mut at, mut done) = (inner.start(), inner.start());
    while at < inner.end() {
        if let Some(end) = out.opaque_at(at, inner.end()) {
            at = end;
            continue;
        }
        let found = match bytes[at] {
            b'%' => character(bytes, at),
            b'+' if plus => Some((' ', 1)),
            _ => None,
        };
        match found {
            Some((meant, length)) => {
                out.copy(done, at);
                out.character(at, at + length, meant);
                at += length;
                done = at;
            }
            None => at += 1,
        }
    }
    out.copy(done, inner.end());
}

/// The character written by one to four `%XX` at `at`, and the bytes they take.
fn character(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    let mut found = [0; 4];
    for count in 1..=4 {
        let from = at + 3 * (count - 1);
        if bytes.get(from) != Some(&b'%') {
            return None;
        }
        found[count - 1] = u8::try_from(hex(bytes, from + 1, 2)?).ok()?;
        if let Ok(text) = std::str::from_utf8(&found[..count]) {
            return text.chars().next().map(|meant| (meant, 3 * count));
        }
    }
    None
}

/// `new` percent-encoded. Signs that `written` leaves bare are left bare, and blanks are written as there.
pub(super) fn encode(new: &str, written: &str, plus: bool) -> String {
    let lower = lower(written);
    let mut out = String::with_capacity(new.len() * 2);
    for c in new.chars() {
        let unreserved = c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
        let special = matches!(c, '%' | '&' | '+' | '#' | ' ');
        if unreserved || (!special && !c.is_control() && written.contains(c)) {
            out.push(c);
        } else if c == ' ' && written.contains(' ') {
            out.push(' ');
        } else if c == ' ' && plus && written.contains('+') {
            out.push('+');
        } else {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                let _ = if lower { write!(out, "%{byte:02x}") } else { write!(out, "%{byte:02X}") };
            }
        }
    }
    out
}

/// Whether `written` has codes with small letters and none with capitals.
fn lower(written: &str) -> bool {
    let codes = memchr::memchr_iter(b'%', written.as_bytes()).filter_map(|at| written.as_bytes().get(at + 1..at + 3));
    let letters = codes.flatten().filter(|byte| byte.is_ascii_alphabetic());
    let (small, large): (Vec<&u8>, Vec<&u8>) = letters.partition(|byte| byte.is_ascii_lowercase());
    !small.is_empty() && large.is_empty()
}
