//! Go's number literals, as the scanner under Loki's lexer takes them.
//!
//! Knows: where a number ends and whether it is well formed. Must not know: units, or whether Loki can use it.

/// The end of the number that starts at `start`. `adjacent`: no blank or comment stands in front, which for Loki
/// decides whether `0b` starts a binary number.
///
/// # Errors
/// What is wrong with it.
pub(super) fn scan(bytes: &[u8], start: usize, adjacent: bool) -> Result<usize, &'static str> {
    let mut scan = Scan { bytes, at: start, digit: false, separator: false, invalid: false };
    let mut base = 10;
    let mut prefix = 0_u8;
    let mut float = scan.peek() == Some(b'.');
    if !float {
        if scan.peek() == Some(b'0') {
            scan.at += 1;
            match scan.peek().map(|byte| byte | 0x20) {
                Some(b'x') => (base, prefix) = (16, b'x'),
                Some(b'o') => (base, prefix) = (8, b'o'),
                Some(b'b') if adjacent => (base, prefix) = (2, b'b'),
                Some(b'b') => return Err("number without digits"),
                _ => {
                    (base, prefix) = (8, b'0');
                    scan.digit = true;
                }
            }
            if prefix != b'0' {
                scan.at += 1;
            }
        }
        scan.digits(base);
        float = scan.peek() == Some(b'.');
    }
    if float {
        scan.at += 1;
        if matches!(prefix, b'o' | b'b') {
            return Err("a number of this base has no fraction");
        }
        scan.digits(base);
    }
    if !scan.digit {
        return Err("number without digits");
    }
    let exponent = scan.peek().map(|byte| byte | 0x20).filter(|byte| matches!(byte, b'e' | b'p'));
    if let Some(sign) = exponent {
        if (sign == b'e' && !matches!(prefix, 0 | b'0')) || (sign == b'p' && prefix != b'x') {
            return Err("this exponent does not fit the base of the number");
        }
        scan.at += 1;
        float = true;
        if matches!(scan.peek(), Some(b'+' | b'-')) {
            scan.at += 1;
        }
        scan.digit = false;
        scan.digits(10);
        if !scan.digit {
            return Err("exponent without digits");
        }
    } else if prefix == b'x' && float {
        return Err("a hexadecimal fraction needs an exponent");
    }
    if !float && scan.invalid {
        return Err("digit out of the base of the number");
    }
    if scan.separator && !separators_fit(bytes.get(start..scan.at).unwrap_or(&[])) {
        return Err("'_' must stand between digits");
    }
    Ok(scan.at)
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    digit: bool,
    separator: bool,
    /// A digit not below the base was seen.
    invalid: bool,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn digits(&mut self, base: u32) {
        while let Some(byte) = self.peek() {
            if byte == b'_' {
                self.separator = true;
            } else if let Some(digit) = char::from(byte).to_digit(base.max(10)) {
                self.digit = true;
                self.invalid |= digit >= base;
            } else {
                return;
            }
            self.at += 1;
        }
    }
}

fn separators_fit(number: &[u8]) -> bool {
    let prefix =
        number.first() == Some(&b'0') && number.get(1).is_some_and(|byte| matches!(byte | 0x20, b'x' | b'o' | b'b'));
    let hexadecimal = prefix && number.get(1).is_some_and(|byte| byte | 0x20 == b'x');
    // The kind of the byte before: a digit (a prefix counts), '_', or something else.
    let mut before = if prefix { b'0' } else { b'.' };
    for &byte in number.get(if prefix { 2 } else { 0 }..).unwrap_or(&[]) {
        let kind = match byte {
            b'_' => b'_',
            byte if byte.is_ascii_digit() || (hexadecimal && byte.is_ascii_hexdigit()) => b'0',
            _ => b'.',
        };
        if (kind == b'_' && before != b'0') || (kind == b'.' && before == b'_') {
            return false;
        }
        before = kind;
    }
    before != b'_'
}
