//! Values of Alloy string literals.
//!
//! Knows: Go's escapes and raw strings. Must not know: where strings stand.

use std::borrow::Cow;

/// How a string is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quote {
    /// `"…"` with Go's escapes, on one line.
    Double,
    /// `` `…` `` without escapes, over any number of lines.
    Raw,
}

/// What one escape stands for.
pub(super) enum Escaped {
    Char(char),
    /// `\x` and octal escapes name bytes, which need not be UTF-8 by themselves.
    Byte(u8),
}

/// Reads the escape at the start of `bytes` (the backslash first): its meaning and its length in bytes.
/// `\'` is an error in Alloy, as it is in a Go string.
pub(super) fn escape(bytes: &[u8]) -> Result<(Escaped, usize), ()> {
    let (digits_at, count, base) = match bytes.get(1) {
        Some(b'a') => return Ok((Escaped::Char('\x07'), 2)),
        Some(b'b') => return Ok((Escaped::Char('\x08'), 2)),
        Some(b'f') => return Ok((Escaped::Char('\x0c'), 2)),
        Some(b'n') => return Ok((Escaped::Char('\n'), 2)),
        Some(b'r') => return Ok((Escaped::Char('\r'), 2)),
        Some(b't') => return Ok((Escaped::Char('\t'), 2)),
        Some(b'v') => return Ok((Escaped::Char('\x0b'), 2)),
        Some(b'\\') => return Ok((Escaped::Char('\\'), 2)),
        Some(b'"') => return Ok((Escaped::Char('"'), 2)),
        Some(b'0'..=b'7') => (1, 3, 8),
        Some(b'x') => (2, 2, 16),
        Some(b'u') => (2, 4, 16),
        Some(b'U') => (2, 8, 16),
        _ => return Err(()),
    };
    let end = digits_at + count;
    let value = bytes.get(digits_at..end).ok_or(())?.iter().try_fold(0_u32, |value, &byte| {
        let digit = char::from(byte).to_digit(base)?;
        value.checked_mul(base)?.checked_add(digit)
    });
    let value = value.ok_or(())?;
    let escaped = if count < 4 {
        Escaped::Byte(u8::try_from(value).map_err(|_| ())?)
    } else {
        Escaped::Char(char::from_u32(value).ok_or(())?)
    };
    Ok((escaped, end))
}

/// The value of a literal, given with its quotes; `None` when its bytes are not UTF-8 (or it is no literal).
pub(super) fn decode(literal: &str) -> Option<Cow<'_, str>> {
    if let Some(inner) = literal.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')) {
        // As in Go, a raw string does not keep carriage returns: CRLF in the file is a plain line end in the value.
        return Some(if inner.contains('\r') { inner.replace('\r', "").into() } else { inner.into() });
    }
    let inner = literal.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(inner.into());
    }
    let mut rest = inner.as_bytes();
    let mut value = Vec::with_capacity(rest.len());
    while let Some(at) = memchr::memchr(b'\\', rest) {
        value.extend_from_slice(&rest[..at]);
        let (escaped, len) = escape(&rest[at..]).ok()?;
        match escaped {
            Escaped::Char(each) => value.extend_from_slice(each.encode_utf8(&mut [0; 4]).as_bytes()),
            Escaped::Byte(byte) => value.push(byte),
        }
        rest = rest.get(at + len..)?;
    }
    value.extend_from_slice(rest);
    String::from_utf8(value).ok().map(Cow::Owned)
}
