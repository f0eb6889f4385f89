//! Fields written into a line.
//!
//! Knows: JSON, logfmt. Must not know: which values a field has, or why.

use std::fmt::Write as _;

/// One step to a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key<'a> {
    Name(&'a str),
    Item(usize),
}

/// A field: the way to it, and its value.
pub(super) type Item<'a> = (Vec<Key<'a>>, &'a str);

/// A JSON object. `bare`: numbers and truth values stand without quotes.
pub(super) fn json(out: &mut String, items: &[Item<'_>], bare: bool) {
    let views: Vec<(&[Key<'_>], &str)> = items.iter().map(|(path, value)| (path.as_slice(), *value)).collect();
    value(out, &views, bare, 0);
}

/// How deep a path is followed.
const DEEPEST: usize = 32;

/// What stands where some paths lead; where one ends, that one.
fn value(out: &mut String, items: &[(&[Key<'_>], &str)], bare: bool, depth: usize) {
    let whole = items.iter().find(|(path, _)| path.is_empty() || depth > DEEPEST);
    match (whole, items.first().and_then(|(path, _)| path.first())) {
        (Some((_, text)), _) => scalar(out, text, bare),
        (None, Some(Key::Item(_))) => {
            let index = |path: &[Key<'_>]| match path.first() {
                Some(Key::Item(index)) => Some((*index).min(DEEPEST)),
                _ => None,
            };
            let last = items.iter().filter_map(|(path, _)| index(path)).max().unwrap_or(0);
            for at in 0..=last {
                out.push(if at == 0 { '[' } else { ',' });
                let inner: Vec<_> = items.iter().filter(|(path, _)| index(path) == Some(at)).map(tail).collect();
                if inner.is_empty() { out.push_str("null") } else { value(out, &inner, bare, depth + 1) }
            }
            out.push(']');
        }
        (None, _) => {
            out.push('{');
            let mut first = true;
            for (at, (path, _)) in items.iter().enumerate() {
                let Some(Key::Name(name)) = path.first() else { continue };
                let same = |(path, _): &&(&[Key<'_>], &str)| path.first() == Some(&Key::Name(name));
                if items.iter().take(at).any(|item| same(&item)) {
                    continue;
                }
                out.push_str(if first { "" } else { "," });
                first = false;
                quoted(out, name);
                out.push(':');
                let inner: Vec<_> = items.iter().filter(same).map(tail).collect();
                value(out, &inner, bare, depth + 1);
            }
            out.push('}');
        }
    }
}

fn tail<'p, 'k, 'v>((path, value): &(&'p [Key<'k>], &'v str)) -> (&'p [Key<'k>], &'v str) {
    (path.get(1..).unwrap_or_default(), *value)
}

fn scalar(out: &mut String, text: &str, bare: bool) {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let number = digits.parse::<f64>().is_ok_and(f64::is_finite)
        && digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.ends_with(|c: char| c.is_ascii_digit())
        && (digits == "0" || digits.starts_with("0.") || !digits.starts_with('0'));
    if bare && (number || text == "true" || text == "false") {
        out.push_str(text);
    } else {
        quoted(out, text);
    }
}

fn quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// `key=value key="two words"`.
pub(super) fn logfmt(out: &mut String, items: &[Item<'_>]) {
    for (path, value) in items {
        if !out.is_empty() {
            out.push(' ');
        }
        for (at, key) in path.iter().enumerate() {
            out.push_str(if at == 0 { "" } else { "_" });
            let _ = match key {
                Key::Name(name) => write!(out, "{name}"),
                Key::Item(index) => write!(out, "{index}"),
            };
        }
        out.push('=');
        if value.contains(|c: char| c <= ' ' || matches!(c, '"' | '=' | '\\')) {
            quoted(out, value);
        } else {
            out.push_str(value);
        }
    }
}
