//! `| json` and `| unpack`: the fields of a line that is a JSON object.
//!
//! Knows: how a tolerant reader goes through it (what was read before an error stays, numbers are not checked, what
//! follows the object is not looked at). Must not know: what the labels are needed for.

use super::super::hints::Next;
use super::super::labels::Origin;
use super::{Parser, sanitized};

/// The error of a line that is no JSON object.
const BROKEN: &str = "JSONParserErr";

/// How deep objects may nest.
const DEEPEST: usize = 128;

/// Why reading ended before its end.
enum Stop {
    Broken(&'static str),
    Enough,
    Refused,
}

/// What a reader misses in a broken object. Loki tells these apart, so lines that miss the same count together.
const OBJECT: &str = "no end of an object";
const ARRAY: &str = "no end of an array";
const TEXT: &str = "no end of a text";
const UNKNOWN: &str = "no value";

/// A value as it stands in the line.
#[derive(Clone, Copy, Debug)]
enum Value<'a> {
    /// Between the quotes, escapes as written.
    Text(&'a str),
    /// A number or a truth value.
    Plain(&'a str),
    Null,
    Object(&'a str),
    Array(&'a str),
}

/// `| json`; whether the line passes.
pub(in super::super) fn json(parser: &mut Parser<'_, '_, '_>, line: &str) -> bool {
    if parser.hints.nothing(parser.entry) {
        return true;
    }
    match object(parser, line, "", 0) {
        Ok(()) | Err(Stop::Enough) => true,
        Err(Stop::Refused) => false,
        Err(Stop::Broken(missing)) => parser.fail(BROKEN, missing),
    }
}

fn object(parser: &mut Parser<'_, '_, '_>, text: &str, prefix: &str, depth: usize) -> Result<(), Stop> {
    each(text, &mut |key, value| {
        let name = if prefix.is_empty() { sanitized(key, true) } else { format!("{prefix}_{}", sanitized(key, false)) };
        let value = match value {
            Value::Text(text) => readable(unescaped(text).unwrap_or_default()),
            Value::Plain(text) => text.to_owned(),
            Value::Object(text) if depth < DEEPEST && parser.hints.wants_prefix(&name) => {
                return object(parser, text, &name, depth + 1);
            }
            Value::Null | Value::Object(_) | Value::Array(_) => return Ok(()),
        };
        match parser.field(&name, &value) {
            Next::Go => Ok(()),
            Next::Enough => Err(Stop::Enough),
            Next::Refused => Err(Stop::Refused),
        }
    })
}

/// Goes through the fields of the object `text` begins with.
fn each<'a>(text: &'a str, visit: &mut dyn FnMut(&str, Value<'a>) -> Result<(), Stop>) -> Result<(), Stop> {
    let mut rest = text.trim_start().strip_prefix('{').ok_or(Stop::Broken(OBJECT))?.trim_start();
    if rest.starts_with('}') {
        return Ok(());
    }
    loop {
        let (key, tail) = string(rest).ok_or(Stop::Broken(OBJECT))?;
        let key = unescaped(key).ok_or(Stop::Broken(OBJECT))?;
        let tail = tail.trim_start().strip_prefix(':').ok_or(Stop::Broken(OBJECT))?.trim_start();
        let (value, tail) = value(tail).ok_or(Stop::Broken(match tail.bytes().next() {
            Some(b'"') => TEXT,
            Some(b'[') => ARRAY,
            Some(b'{') => OBJECT,
            _ => UNKNOWN,
        }))?;
        visit(&key, value)?;
        let tail = tail.trim_start();
        if tail.is_empty() {
            return Err(Stop::Broken(ARRAY));
        }
        if tail.starts_with('}') {
            return Ok(());
        }
        rest = tail.strip_prefix(',').ok_or(Stop::Broken(OBJECT))?.trim_start();
        if rest.starts_with('}') {
            return Ok(());
        }
    }
}

/// The string `text` begins with, without its quotes, and what follows.
fn string(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('"')?;
    let mut escaped = false;
    for (at, byte) in inner.bytes().enumerate() {
        if byte == b'"' && !escaped {
            return Some((inner.get(..at)?, inner.get(at + 1..)?));
        }
        escaped = byte == b'\\' && !escaped;
    }
    None
}

/// The value `text` begins with, and what follows.
fn value(text: &str) -> Option<(Value<'_>, &str)> {
    match text.bytes().next()? {
        b'"' => string(text).map(|(inner, tail)| (Value::Text(inner), tail)),
        b'{' => block(text, b'{', b'}').map(|(inner, tail)| (Value::Object(inner), tail)),
        b'[' => block(text, b'[', b']').map(|(inner, tail)| (Value::Array(inner), tail)),
        first => {
            let end =
                text.find(|c: char| c.is_ascii_whitespace() || matches!(c, ',' | '}' | ']')).unwrap_or(text.len());
            let (word, tail) = text.split_at(end);
            match word {
                "null" => Some((Value::Null, tail)),
                "true" | "false" => Some((Value::Plain(word), tail)),
                _ if first == b'-' || first.is_ascii_digit() => Some((Value::Plain(word), tail)),
                _ => None,
            }
        }
    }
}

/// Up to the sign that closes what `text` begins with; only this kind of bracket is counted.
fn block(text: &str, open: u8, close: u8) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(&byte) = text.as_bytes().get(at) {
        if byte == b'"' {
            let (inner, _) = string(text.get(at..)?)?;
            at += inner.len() + 2;
            continue;
        }
        at += 1;
        if byte == open {
            depth += 1;
        } else if byte == close {
            depth -= 1;
            if depth == 0 {
                return Some(text.split_at(at));
            }
        }
    }
    None
}

/// The text of a string; `None` where an escape is none.
fn unescaped(inner: &str) -> Option<String> {
    if !inner.contains('\\') {
        return Some(inner.to_owned());
    }
    let quoted: String = format!("\"{inner}\"").replace('\n', "\\n").replace('\t', "\\t").replace('\r', "\\r");
    serde_json::from_str(&quoted).ok()
}

/// A text that holds a replacement character counts as empty.
fn readable(text: String) -> String {
    if text.contains(char::REPLACEMENT_CHARACTER) { String::new() } else { text }
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A field.
    Field(String),
    /// An item of a list, counted from 0.
    Item(usize),
}

/// Where a value stands: `request.headers["x-id"]`, `servers[0]`.
pub(in super::super) type Path = Vec<Step>;

/// Reads a path; `None` where it is none.
pub(in super::super) fn path(text: &str) -> Option<Path> {
    let mut steps = Vec::new();
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let inner = inner.trim_start();
            if inner.starts_with('"') {
                let (name, tail) = string(inner)?;
                steps.push(Step::Field(unescaped(name)?));
                rest = tail.trim_start().strip_prefix(']')?;
            } else {
                let (number, tail) = inner.split_once(']')?;
                steps.push(Step::Item(number.trim().parse().ok()?));
                rest = tail;
            }
            rest = match rest.strip_prefix('.') {
                Some("") => return None,
                Some(tail) => tail,
                None => rest,
            };
            continue;
        }
        let end = rest.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(rest.len());
        let (name, tail) = rest.split_at(end);
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        steps.push(Step::Field(name.to_owned()));
        rest = match tail.chars().next() {
            None | Some('[') => tail,
            Some('.') => tail.get(1..).filter(|tail| !tail.is_empty())?,
            Some(_) => return None,
        };
    }
    Some(steps)
}

/// `| json a="b.c"`; whether the line passes.
pub(in super::super) fn json_paths(parser: &mut Parser<'_, '_, '_>, line: &str, wanted: &[(String, Path)]) -> bool {
    if line.is_empty() || parser.hints.nothing(parser.entry) {
        return true;
    }
    if !line.starts_with(['{', '[', '"']) {
        parser.fail(BROKEN, "");
        return true;
    }
    let mut missing = false;
    for (name, steps) in wanted {
        let found = at(line, steps, true);
        if let Found::Broken = found {
            parser.fail(BROKEN, "");
        }
        let Found::Value(value) = found else {
            missing = true;
            continue;
        };
        let text = match value {
            Value::Null => String::new(),
            Value::Text(text) => unescaped(text).unwrap_or_default(),
            Value::Plain(text) | Value::Object(text) | Value::Array(text) => text.to_owned(),
        };
        let mut name = name.clone();
        if parser.entry.stream_has(&name) {
            name.push_str("_extracted");
        }
        parser.entry.set(Origin::Line, &name, &text);
    }
    for (name, _) in wanted.iter().filter(|_| missing) {
        if parser.entry.find(name).is_none() {
            parser.entry.set(Origin::Line, name, "");
        }
    }
    true
}

/// What stands at a path.
enum Found<'a> {
    Value(Value<'a>),
    /// Something that is no value.
    Broken,
    Missing,
}

/// The value at a path of what `text` begins with. What is broken elsewhere is passed over; at the `top`, objects that follow
/// each other count as one.
fn at<'a>(text: &'a str, steps: &[Step], top: bool) -> Found<'a> {
    let text = text.trim_start();
    let Some((step, others)) = steps.split_first() else {
        return value(text).map_or(Found::Broken, |(value, _)| Found::Value(value));
    };
    match step {
        Step::Field(wanted) => {
            let Some(mut rest) = text.strip_prefix('{') else { return Found::Missing };
            loop {
                let between = |c: char| c == ',' || c.is_ascii_whitespace() || (top && matches!(c, '{' | '}'));
                rest = rest.trim_start_matches(between);
                let Some((key, tail)) = string(rest) else { return Found::Missing };
                let Some(tail) = tail.trim_start().strip_prefix(':').map(str::trim_start) else {
                    return Found::Missing;
                };
                if unescaped(key).is_some_and(|key| key == *wanted) {
                    return at(tail, others, false);
                }
                rest = match value(tail) {
                    Some((_, tail)) => tail,
                    None => tail.find(',').and_then(|at| tail.get(at..)).unwrap_or(""),
                };
            }
        }
        Step::Item(index) => {
            let Some(mut rest) = text.strip_prefix('[') else { return Found::Missing };
            for _ in 0..*index {
                let next = value(rest.trim_start()).and_then(|(_, tail)| tail.trim_start().strip_prefix(','));
                let Some(tail) = next else { return Found::Missing };
                rest = tail;
            }
            if rest.trim_start().starts_with(']') { Found::Missing } else { at(rest, others, false) }
        }
    }
}

/// `| unpack`: the line that was packed, where it was; `None` where a filter refuses it.
pub(in super::super) fn unpack(parser: &mut Parser<'_, '_, '_>, line: &str) -> Option<String> {
    if line.is_empty() || parser.hints.nothing(parser.entry) {
        return Some(line.to_owned());
    }
    if !line.starts_with('{') {
        return parser.fail(BROKEN, UNKNOWN).then(|| line.to_owned());
    }
    let mut packed = None;
    let mut found = Vec::new();
    let read = each(line, &mut |key, value| {
        if let Value::Text(text) = value {
            let text = unescaped(text).unwrap_or_default();
            if key == "_entry" {
                packed = Some(text);
            } else {
                found.push((key.to_owned(), text));
            }
        }
        Ok(())
    });
    if let Err(Stop::Broken(missing)) = read {
        return parser.fail(BROKEN, missing).then(|| line.to_owned());
    }
    let Some(packed) = packed else { return Some(line.to_owned()) };
    for (name, value) in found {
        match parser.field(&sanitized(&name, true), &value) {
            Next::Go => {}
            Next::Enough => break,
            Next::Refused => return None,
        }
    }
    Some(packed)
}
