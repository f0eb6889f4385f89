//! Unquoted scalars: YAML 1.1 as Ansible's loader reads it, and Python literals as its INI inventory reads them.
//!
//! Knows: spellings of numbers, booleans and null. Must not know: nodes, files, templates.

use minijinja::Value;

/// A plain YAML scalar: `51_401` is an integer, `yes` a boolean, `017` octal, `1:30` sexagesimal.
pub(super) fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::from(()),
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Value::from(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => return Value::from(false),
        _ => {}
    }
    integer(text).map(Value::from).or_else(|| float(text).map(Value::from)).unwrap_or_else(|| Value::from(text))
}

fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    if !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let bare = digits.replace('_', "");
    let value = if bare.contains(':') {
        sexagesimal(&bare)?
    } else if let Some(hex) = bare.strip_prefix("0x") {
        i64::from_str_radix(hex, 16).ok()?
    } else if let Some(binary) = bare.strip_prefix("0b") {
        i64::from_str_radix(binary, 2).ok()?
    } else if bare.len() > 1 && bare.starts_with('0') {
        i64::from_str_radix(&bare, 8).ok()?
    } else {
        bare.parse().ok()?
    };
    Some(sign * value)
}

/// `[1-9][0-9_]*(:[0-5]?[0-9])+`
fn sexagesimal(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let first = parts.next().filter(|first| !first.starts_with('0'))?;
    parts.try_fold(first.parse::<i64>().ok()?, |sum, part| {
        let short = (1..=2).contains(&part.len());
        let value: i64 = part.parse().ok().filter(|&value| short && value < 60)?;
        sum.checked_mul(60)?.checked_add(value)
    })
}

fn float(text: &str) -> Option<f64> {
    let known = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-' | b'+' | b'e' | b'E'));
    let digit = text.bytes().any(|b| b.is_ascii_digit());
    // PyYAML wants the point, and a sign in the exponent.
    let exponent = text.find(['e', 'E']).is_none_or(|at| text[at + 1..].starts_with(['+', '-']));
    (known && digit && exponent && text.contains('.')).then(|| text.replace('_', "").parse().ok())?
}

/// A value of an INI inventory: a Python literal where it is one, else the text as it stands.
pub(super) fn python(text: &str) -> Value {
    let literal = without_comment(text).trim();
    match literal {
        "True" => return Value::from(true),
        "False" => return Value::from(false),
        "None" => return Value::from(()),
        _ => {}
    }
    if let Some(number) = number(literal) {
        return number;
    }
    for quote in ['\'', '"'] {
        let inner = literal.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        if let Some(inner) = inner.filter(|inner| !inner.contains([quote, '\\'])) {
            return Value::from(inner);
        }
    }
    let collection = literal.starts_with(['[', '{', '(']);
    collection.then(|| crate::topology::values::literal(literal)).flatten().unwrap_or_else(|| Value::from(text))
}

fn number(literal: &str) -> Option<Value> {
    let bare = literal.strip_prefix(['-', '+']).unwrap_or(literal);
    let plain = bare.starts_with(|first: char| first.is_ascii_digit());
    let underscored = bare.starts_with('_') || bare.ends_with('_') || bare.contains("__");
    if !plain || underscored || bare.contains(':') {
        return None;
    }
    if bare.bytes().all(|b| b.is_ascii_digit() || b == b'_') {
        let zeros = bare.len() > 1 && bare.starts_with('0') && bare.bytes().any(|b| !matches!(b, b'0' | b'_'));
        return if zeros { None } else { literal.replace('_', "").parse::<i64>().ok().map(Value::from) };
    }
    if bare.starts_with("0x") || bare.starts_with("0b") {
        return integer(literal).map(Value::from);
    }
    let float = bare.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'-' | b'+' | b'_'));
    float.then(|| literal.replace('_', "").parse::<f64>().ok().map(Value::from)).flatten()
}

/// The text before a `#` that stands outside quotes.
fn without_comment(text: &str) -> &str {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match quote {
            Some(open) if byte == open => quote = None,
            None if byte == b'#' => return &text[..at],
            None if byte == b'\'' || byte == b'"' => quote = Some(byte),
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_numbers_are_read_as_yaml_1_1() {
        for (text, number) in [("51401", 51401), ("51_401", 51401), ("0x10", 16), ("010", 8), ("-3", -3), ("1:30", 90)]
        {
            assert_eq!(plain(text), Value::from(number), "{text}");
        }
        for text in ["1.2.3", "51401 ", "0o17", "abc", "1e5", "127.0.0.1", "12:99", "_1", "08", "é"] {
            assert_eq!(plain(text), Value::from(text), "{text}");
        }
        assert_eq!(plain("1.5"), Value::from(1.5));
        assert_eq!(plain("on"), Value::from(true));
        assert!(plain("~").is_none());
    }

    #[test]
    fn ini_values_are_python_literals_or_text() {
        assert_eq!(python("51401"), Value::from(51401));
        assert_eq!(python("51_401 # kairos"), Value::from(51401));
        assert_eq!(python("051401"), Value::from("051401"));
        assert_eq!(python("'51401'"), Value::from("51401"));
        assert_eq!(python("true"), Value::from("true"));
        assert_eq!(python("True"), Value::from(true));
        assert_eq!(python("a # b"), Value::from("a # b"));
        assert_eq!(python("[1, 'a']"), Value::from(vec![Value::from(1), Value::from("a")]));
        assert_eq!(python("[web]"), Value::from("[web]"));
        assert_eq!(python("{{ base + 1 }}"), Value::from("{{ base + 1 }}"));
    }
}
