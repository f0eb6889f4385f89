//! Numbers, durations and amounts of bytes, as Go reads them and writes them.
//!
//! Knows: Go's spellings. Must not know: where a number stands.

/// Nanoseconds in a second.
pub(super) const SECOND: f64 = 1e9;

/// A floating-point number: decimal, hexadecimal with an exponent, `inf` and `nan` in any case.
pub(super) fn float(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.len() > 1 && digits.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("0x")) {
        let value = hexadecimal(digits.get(2..)?)?;
        return Some(if text.starts_with('-') { -value } else { value });
    }
    if digits.contains('_') {
        // An underscore may stand between two digits.
        let between = digits.split('_').all(|part| !part.is_empty() && !part.starts_with('.') && !part.ends_with('.'));
        return if between { float(&text.replace('_', "")) } else { None };
    }
    let valid = digits.bytes().next().is_some_and(|byte| byte.is_ascii_digit() || byte == b'.');
    let word = ["inf", "infinity", "nan"].iter().any(|word| digits.eq_ignore_ascii_case(word));
    if !valid && !word {
        return None;
    }
    text.parse::<f64>().ok().filter(|value| value.is_finite() || word)
}

/// What follows `0x`: digits, a dot, `p` and an exponent.
fn hexadecimal(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once(['p', 'P'])?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0.0;
    for digit in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let places = i32::try_from(fraction.len()).ok()?;
    Some(value * 2_f64.powi(exponent - 4 * places))
}

/// A number of the query itself: underscores may stand in it; what cannot be read counts as 0.
pub(super) fn literal(text: &str) -> f64 {
    let plain: String = text.chars().filter(|c| *c != '_' && !c.is_whitespace()).collect();
    float(&plain).unwrap_or(0.0)
}

/// A duration in nanoseconds, as `time.ParseDuration` reads it: `-1.5h30m`; days are none.
pub(super) fn duration(text: &str) -> Option<f64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0.0);
    }
    let mut total = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| c != '.' && !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(end);
        if !number.bytes().any(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let value: f64 = number.parse().ok()?;
        let end = tail.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        total += value * unit_of(unit)?;
        rest = tail;
    }
    Some(sign * total.round())
}

fn unit_of(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1.0,
        "us" | "µs" | "μs" => 1e3,
        "ms" => 1e6,
        "s" => SECOND,
        "m" => 60.0 * SECOND,
        "h" => 3600.0 * SECOND,
        _ => return None,
    })
}

/// A duration of the query itself, in nanoseconds: also with days, weeks and years.
pub(super) fn long_duration(text: &str) -> Option<f64> {
    if let Some(value) = duration(text) {
        return Some(value);
    }
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let value: f64 = rest.get(..end)?.parse().ok()?;
        let tail = rest.get(end..)?;
        let end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let factor = match tail.get(..end)? {
            "y" => 365.0 * 86_400.0 * SECOND,
            "w" => 7.0 * 86_400.0 * SECOND,
            "d" => 86_400.0 * SECOND,
            unit => unit_of(unit)?,
        };
        total += value * factor;
        rest = tail.get(end..)?;
    }
    Some(total)
}

/// An amount of bytes: `1.5MiB` counts by 1024, `10KB` by 1000.
pub(super) fn bytes(text: &str) -> Option<f64> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ',')).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: f64 = number.replace(',', "").parse().ok()?;
    let unit = unit.trim().to_lowercase();
    let (prefix, base) = match unit.strip_suffix("ib").or_else(|| unit.strip_suffix('i')) {
        Some(prefix) if !prefix.is_empty() => (prefix, 1024.0),
        _ => (unit.strip_suffix('b').unwrap_or(&unit), 1000.0_f64),
    };
    let power = ["", "k", "m", "g", "t", "p", "e"].iter().position(|known| *known == prefix)?;
    Some((number * base.powi(i32::try_from(power).ok()?)).trunc())
}

/// A number as Go's `%g` and `%v` write it, with the fewest digits that read back the same.
pub(super) fn shortest(value: f64) -> String {
    exponent_form(value, 6).unwrap_or_else(|| plain(value))
}

/// The exponent form where Go takes it: below 1e-4, and from `most` digits on.
fn exponent_form(value: f64, most: i32) -> Option<String> {
    if value == 0.0 || !value.is_finite() {
        return None;
    }
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    if (-4..most).contains(&exponent) {
        return None;
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    Some(format!("{mantissa}e{sign}{:02}", exponent.abs()))
}

fn plain(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else {
        format!("{value}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_go() {
        assert_eq!(duration("1.5h30m"), Some(2.0 * 3600.0 * SECOND));
        assert_eq!(duration("-250us"), Some(-250_000.0));
        for text in ["", "1", "1d", "s", "1.s.", "h1"] {
            assert_eq!(duration(text), None, "{text}");
        }
        assert_eq!(long_duration("1d12h"), Some(36.0 * 3600.0 * SECOND));
    }

    #[test]
    fn bytes_count_by_their_unit() {
        assert_eq!(bytes("1.5MiB"), Some(1_572_864.0));
        assert_eq!(bytes("10KB"), Some(10_000.0));
        assert_eq!(bytes("512"), Some(512.0));
        assert_eq!(bytes("big"), None);
    }

    #[test]
    fn numbers_read_as_in_go() {
        assert_eq!(float("0x1p4"), Some(16.0));
        assert_eq!(float("1e3"), Some(1000.0));
        assert_eq!(float("0x190"), None);
        assert_eq!(float("1_0"), Some(10.0));
        assert_eq!(float("1_"), None);
        assert_eq!(shortest(1_572_864.0), "1.572864e+06");
        assert_eq!(shortest(250.5), "250.5");
    }
}
