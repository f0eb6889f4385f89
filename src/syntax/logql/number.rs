//! Durations, amounts of bytes and numbers as Loki accepts them.
//!
//! Knows: which spellings are valid. Must not know: where they stand. No value is kept; only the verdict matters here.

/// Largest duration, in nanoseconds.
const LONGEST: u64 = i64::MAX as u64;

/// Prometheus' durations: units from large to small, each once, whole numbers.
const UNITS: [(&[u8], u64); 7] = [
    (b"y", 365 * 86_400 * SECOND),
    (b"w", 7 * 86_400 * SECOND),
    (b"d", 86_400 * SECOND),
    (b"h", 3_600 * SECOND),
    (b"m", 60 * SECOND),
    (b"s", SECOND),
    (b"ms", 1_000_000),
];

const SECOND: u64 = 1_000_000_000;

/// Whether `text` may stand in `[…]`.
pub(super) fn is_range(text: &str) -> bool {
    if text == "0" {
        return true;
    }
    let mut rest = text.as_bytes();
    let mut next_unit = 0;
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let Some((value, tail)) = whole(rest) else { return false };
        let unit = tail.iter().take_while(|byte| !byte.is_ascii_digit()).count();
        let (unit, tail) = tail.split_at(unit);
        let Some(at) = UNITS.iter().position(|(name, _)| *name == unit) else { return false };
        if at < next_unit {
            return false;
        }
        next_unit = at + 1;
        let Some(sum) = value.checked_mul(UNITS[at].1).and_then(|nanos| total.checked_add(nanos)) else { return false };
        total = sum;
        if total > LONGEST {
            return false;
        }
        rest = tail;
    }
    !text.is_empty()
}

/// Whether `text` is a duration where one is compared or used as offset: Prometheus' or Go's form.
pub(super) fn is_duration(text: &str) -> bool {
    is_range(text) || is_go_duration(text.as_bytes())
}

/// `-1.5h30m`: sign, then decimal numbers each with a unit.
fn is_go_duration(text: &[u8]) -> bool {
    let (negative, mut rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if rest == b"0" {
        return true;
    }
    let mut total: u64 = 0;
    let mut any = false;
    while !rest.is_empty() {
        let Some((nanos, tail)) = go_part(rest) else { return false };
        let Some(sum) = total.checked_add(nanos).filter(|&sum| sum <= LONGEST + 1) else { return false };
        total = sum;
        rest = tail;
        any = true;
    }
    any && (negative || total <= LONGEST)
}

fn go_part(text: &[u8]) -> Option<(u64, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (value, tail) = if digits == 0 { (0, text) } else { whole(text)? };
    let (fraction, tail) = match tail {
        [b'.', tail @ ..] => {
            let digits = tail.iter().take_while(|byte| byte.is_ascii_digit()).count();
            tail.split_at(digits)
        }
        _ => (&[][..], tail),
    };
    if digits == 0 && fraction.is_empty() {
        return None;
    }
    let end = tail.iter().take_while(|byte| **byte != b'.' && !byte.is_ascii_digit()).count();
    let (unit, tail) = tail.split_at(end);
    let unit = match unit {
        b"ns" => 1,
        b"us" | [0xc2, 0xb5, b's'] | [0xce, 0xbc, b's'] => 1_000,
        b"ms" => 1_000_000,
        b"s" => SECOND,
        b"m" => 60 * SECOND,
        b"h" => 3_600 * SECOND,
        _ => return None,
    };
    let nanos = value.checked_mul(unit).filter(|&nanos| nanos <= LONGEST + 1)?;
    // A fraction never adds a whole unit, so it matters only at the very edge of the range.
    let more = fraction
        .iter()
        .zip(1_i32..)
        .fold(0.0, |sum, (digit, place)| sum + f64::from(digit - b'0') * 10_f64.powi(-place));
    #[expect(clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "at most one unit, never negative")]
    let nanos = nanos.checked_add((more * unit as f64) as u64).filter(|&nanos| nanos <= LONGEST + 1)?;
    Some((nanos, tail))
}

/// The whole number at the start of `text`, and what follows.
fn whole(text: &[u8]) -> Option<(u64, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, tail) = text.split_at(digits);
    let value = std::str::from_utf8(number).ok()?.parse().ok()?;
    Some((value, tail))
}

/// Whether `text` is an amount of bytes, such as `5KB`, `1.5MiB`, `7k`.
pub(super) fn is_bytes(text: &str) -> bool {
    let digits = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim().to_ascii_lowercase();
    let known = matches!(
        unit.as_str(),
        "b" | "kib"
            | "kb"
            | "ki"
            | "k"
            | "mib"
            | "mb"
            | "mi"
            | "m"
            | "gib"
            | "gb"
            | "gi"
            | "g"
            | "tib"
            | "tb"
            | "ti"
            | "t"
            | "pib"
            | "pb"
            | "pi"
            | "p"
            | "eib"
            | "eb"
            | "ei"
            | "e"
            | ""
    );
    let power = match (unit.bytes().next(), unit.contains('i')) {
        (Some(b'k'), binary) => (1, binary),
        (Some(b'm'), binary) => (2, binary),
        (Some(b'g'), binary) => (3, binary),
        (Some(b't'), binary) => (4, binary),
        (Some(b'p'), binary) => (5, binary),
        (Some(b'e'), binary) => (6, binary),
        (_, binary) => (0, binary),
    };
    let factor: f64 = if power.1 { 1024_f64.powi(power.0) } else { 1000_f64.powi(power.0) };
    known && number.parse::<f64>().is_ok_and(|number| number * factor < 18_446_744_073_709_551_615.0)
}

/// Whether a number as the lexer takes it is one for Loki: decimal or hexadecimal floating point, not out of range.
pub(super) fn is_float(text: &str) -> bool {
    if text.contains('_') {
        return is_float(&text.replace('_', ""));
    }
    let hexadecimal = text.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("0x"));
    if hexadecimal {
        // The lexer has checked the form; without an exponent it is an integer, which is not accepted.
        return text.contains(['p', 'P']);
    }
    text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// Whether a number is a count for `topk`: decimal digits, above zero.
pub(super) fn is_count(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<i64>().is_ok_and(|count| count > 0)
}
