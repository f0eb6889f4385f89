//! Strings: decoding, encoding, and the Grafana placeholders in them.
//!
//! Knows: Go's escapes as Loki reads them, Grafana's `$x`, `${x}`, `[[x]]`. Must not know: what a string is for.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::ast::Quote;
use crate::text::Span;

/// Writes `value` as a string in this style; `None` when that cannot be done: a backtick string cannot hold a
/// backtick, and nothing is written without quotes.
pub fn quote(value: &str, style: Quote) -> Option<String> {
    match style {
        Quote::Bare => None,
        Quote::Backtick => (!value.contains(['`', '\0'])).then(|| format!("`{value}`")),
        Quote::Double => {
            let mut out = String::with_capacity(value.len() + 2);
            out.push('"');
            for c in value.chars() {
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
            out.push('"');
            Some(out)
        }
    }
}

/// The text between double quotes, decoded as Go does; `None` where an escape is none.
pub fn unquoted(inner: &str) -> Option<String> {
    decode(inner).ok().map(|(text, _)| text.into_owned())
}

/// A string with its quotes, decoded; `None` where it is none.
pub fn decoded(written: &str) -> Option<Cow<'_, str>> {
    let inner = written.get(1..written.len().checked_sub(1)?)?;
    if written.starts_with('`') { Some(Cow::Borrowed(inner)) } else { Some(decode(inner).ok()?.0) }
}

/// Where a stretch of a decoded string stands in the string as it is written, quotes included; `None` where it is not written
/// plainly there.
pub fn within(written: &str, decoded: Span) -> Option<Span> {
    if written.starts_with('`') {
        return Some(decoded.shifted(1));
    }
    let bytes = written.as_bytes();
    let (mut at, mut out, mut start) = (1, Vec::new(), None);
    while at + 1 < bytes.len() && out.len() < decoded.end() {
        if out.len() == decoded.start() {
            start = Some(at);
        }
        if bytes[at] == b'\\' {
            at = escape(bytes, at, &mut out)?;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    let span = Span::new(start?, at);
    (span.len() == decoded.len() && out.len() == decoded.end()).then_some(span)
}

/// The text between double quotes, decoded, and whether it is exact; the offset of the first bad escape otherwise.
pub(super) fn decode(inner: &str) -> Result<(Cow<'_, str>, bool), usize> {
    let Some(first) = memchr::memchr(b'\\', inner.as_bytes()) else { return Ok((Cow::Borrowed(inner), true)) };
    let bytes = inner.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    out.extend_from_slice(&bytes[..first]);
    let mut at = first;
    while let Some(&byte) = bytes.get(at) {
        if byte != b'\\' {
            let end = memchr::memchr(b'\\', &bytes[at..]).map_or(bytes.len(), |next| at + next);
            out.extend_from_slice(&bytes[at..end]);
            at = end;
            continue;
        }
        at = escape(bytes, at, &mut out).ok_or(at)?;
    }
    Ok(match String::from_utf8(out) {
        Ok(text) => (Cow::Owned(text), true),
        Err(bad) => (Cow::Owned(String::from_utf8_lossy(bad.as_bytes()).into_owned()), false),
    })
}

/// Decodes the escape at `at`, and says where it ends.
fn escape(bytes: &[u8], at: usize, out: &mut Vec<u8>) -> Option<usize> {
    let simple = match *bytes.get(at + 1)? {
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        b'\\' => b'\\',
        b'"' => b'"',
        b'x' => return numeric(bytes, at + 2, 2, 16, true, out),
        b'u' => return numeric(bytes, at + 2, 4, 16, false, out),
        b'U' => return numeric(bytes, at + 2, 8, 16, false, out),
        b'0'..=b'7' => return numeric(bytes, at + 1, 3, 8, true, out),
        _ => return None,
    };
    out.push(simple);
    Some(at + 2)
}

fn numeric(bytes: &[u8], at: usize, digits: usize, radix: u32, byte: bool, out: &mut Vec<u8>) -> Option<usize> {
    let mut value: u32 = 0;
    for digit in bytes.get(at..at + digits)? {
        value = value.wrapping_mul(radix).wrapping_add(char::from(*digit).to_digit(radix)?);
    }
    if byte {
        out.push(u8::try_from(value).ok()?);
    } else if value >= 0x8000_0000 {
        // Loki keeps code points in a signed number: these come out as their last byte.
        out.push(value as u8);
    } else if value > 0x10_ffff {
        return None;
    } else {
        let c = char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER);
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
    Some(at + digits)
}

/// Length in bytes of the Grafana placeholder at the start of `text`, 0 when there is none. `$1` is none: it is a
/// reference to a group of a regular expression.
pub(super) fn placeholder(text: &[u8]) -> usize {
    match text {
        [b'$', b'{', rest @ ..] => braced(rest, b'}').map_or(0, |len| 2 + len),
        [b'$', first, ..] if first.is_ascii_alphabetic() || *first == b'_' => 1 + name(&text[1..]),
        [b'[', b'[', rest @ ..] => match braced(rest, b']') {
            Some(len) if rest.get(len) == Some(&b']') => 3 + len,
            _ => 0,
        },
        _ => 0,
    }
}

/// `name`, `name:format` or `name.field:format` up to and with the closing sign.
fn braced(text: &[u8], close: u8) -> Option<usize> {
    let head = name(text);
    if head == 0 {
        return None;
    }
    let mut at = head;
    while let Some(&byte) = text.get(at) {
        if byte == close {
            return Some(at + 1);
        }
        let starts = at == head && !matches!(byte, b'.' | b':');
        if starts || matches!(byte, b'\n' | b'"' | b'`' | b'{' | b'[' | b'$') {
            return None;
        }
        at += 1;
    }
    None
}

fn name(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count()
}

/// Every placeholder in a text, in order: `$x`, `${x:fmt}`, `[[x]]`.
pub fn placeholders(text: &str) -> impl Iterator<Item = Span> + '_ {
    let bytes = text.as_bytes();
    let mut done = 0;
    memchr::memchr2_iter(b'$', b'[', bytes).filter_map(move |at| {
        let length = if at < done { 0 } else { placeholder(bytes.get(at..).unwrap_or(&[])) };
        done = done.max(at + length);
        (length > 0).then(|| Span::new(at, at + length))
    })
}

/// Whether there is a placeholder anywhere in `text`.
pub(super) fn has_placeholder(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr2_iter(b'$', b'[', bytes).any(|at| placeholder(&bytes[at..]) > 0)
}
