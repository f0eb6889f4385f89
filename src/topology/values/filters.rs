//! The Ansible filters and Python methods that host variables are commonly written with.
//!
//! Knows: what each does in Ansible, for values as they occur in inventories. Must not know: variables. A filter that
//! is not here or in the engine makes a text unresolved, and so does a value a filter was not made for.

use std::collections::HashMap;

use minijinja::value::{Kwargs, ValueKind, from_args};
use minijinja::{Environment, Error, ErrorKind, State, Value};
use regex::Regex;

use super::growth::{made, too_much, weigh};
use super::shape::printed;

/// Adds or replaces the filters that differ from the engine's own.
pub(super) fn add_to(engine: &mut Environment<'static>) {
    engine.add_filter("int", int);
    engine.add_filter("bool", truth);
    engine.add_filter("string", |value: Value| match value.kind() {
        ValueKind::Plain => Err(unfit("`string` of a value that cannot be read")),
        _ => printed(&value),
    });
    engine.add_filter("basename", |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned());
    engine.add_filter("dirname", dirname);
    engine.add_filter("regex_replace", regex_replace);
    engine.add_filter("regex_search", regex_search);
    engine.add_filter("ternary", ternary);
    engine.add_filter("mandatory", mandatory);
    engine.add_filter("combine", combine);
    engine.add_filter("dict2items", dict2items);
    engine.add_filter("to_json", to_json);
    engine.add_filter("to_nice_json", to_nice_json);
    engine.add_test("match", |state: &mut State<'_, '_>, text: &str, find: &str| {
        pattern(state, &format!("^(?:{find})"), none(), text).map(|it| it.is_match(text))
    });
    engine.add_test("search", |state: &mut State<'_, '_>, text: &str, find: &str| {
        pattern(state, find, none(), text).map(|it| it.is_match(text))
    });
    engine.set_unknown_method_callback(method);
}

/// No options.
fn none() -> Kwargs {
    std::iter::empty::<(String, Value)>().collect()
}

fn unfit(what: &str) -> Error {
    Error::new(ErrorKind::InvalidOperation, what.to_owned())
}

/// Jinja's `int`: what is no number becomes the default, 0.
fn int(value: &Value, default: Option<i64>) -> Result<i64, Error> {
    let default = default.unwrap_or(0);
    match value.kind() {
        ValueKind::Undefined => Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::Bool => Ok(i64::from(value.is_true())),
        ValueKind::Number => match value.as_i64() {
            Some(number) => Ok(number),
            None => f64::try_from(value.clone()).ok().and_then(whole).ok_or_else(|| unfit("number out of range")),
        },
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default().trim();
            Ok(text.replace('_', "").parse().ok().or_else(|| text.parse().ok().and_then(whole)).unwrap_or(default))
        }
        ValueKind::Plain => Err(unfit("`int` of a value that cannot be read")),
        _ => Ok(default),
    }
}

fn whole(number: f64) -> Option<i64> {
    format!("{:.0}", number.trunc()).parse().ok()
}

/// Ansible's `bool`.
fn truth(value: &Value) -> Result<bool, Error> {
    match value.kind() {
        ValueKind::Undefined => Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::Bool => Ok(value.is_true()),
        ValueKind::Number => Ok(value.as_i64() == Some(1)),
        ValueKind::String => Ok(matches!(
            value.as_str().unwrap_or_default().trim().to_lowercase().as_str(),
            "yes" | "on" | "1" | "true" | "t" | "y"
        )),
        ValueKind::None => Ok(false),
        _ => Err(unfit("`bool` of a list or dict")),
    }
}

fn dirname(path: &str) -> String {
    match path.rsplit_once('/') {
        Some((head, _)) if head.trim_end_matches('/').is_empty() => format!("{head}/"),
        Some((head, _)) => head.trim_end_matches('/').to_owned(),
        None => String::new(),
    }
}

/// Steps that reading a pattern costs; a large one takes milliseconds.
const PATTERN_STEPS: u64 = 2_000;
/// Bytes of a text that a pattern is looked for in.
const LONGEST_SEARCHED: usize = 64 * 1024;
/// Bytes that one filter may make.
const LONGEST_MADE: usize = 256 * 1024;

/// Patterns that a template has used so far.
#[derive(Default)]
struct Patterns(HashMap<String, Regex>);

/// A Python pattern as a Rust one, read once for each template; what only Python has is an error.
fn pattern(state: &mut State<'_, '_>, text: &str, options: Kwargs, searched: &str) -> Result<Regex, Error> {
    let flag = |name| options.get::<Option<bool>>(name).map(|set| set.unwrap_or(false));
    let (any_case, lines) = (flag("ignorecase")?, flag("multiline")?);
    options.assert_all_used()?;
    drop(options);
    if searched.len() > LONGEST_SEARCHED {
        return Err(too_much());
    }
    state.consume_fuel((searched.len() / 16) as u64)?;
    let key = format!("{any_case} {lines} {text}");
    if let Some(known) = state.get_or_insert_extension(Patterns::default()).0.get(&key) {
        return Ok(known.clone());
    }
    state.consume_fuel(PATTERN_STEPS)?;
    let read = regex::RegexBuilder::new(text)
        .case_insensitive(any_case)
        .multi_line(lines)
        .size_limit(1 << 18)
        .build()
        .map_err(|_| unfit("a regular expression that cannot be read"))?;
    state.get_or_insert_extension(Patterns::default()).0.insert(key, read.clone());
    Ok(read)
}

fn regex_replace(
    state: &mut State<'_, '_>,
    text: &str,
    find: &str,
    replace: Option<&str>,
    options: Kwargs,
) -> Result<String, Error> {
    let regex = pattern(state, find, options, text)?;
    let replace = replacement(replace.unwrap_or_default())?;
    let groups = replace.matches("${").count();
    let (mut out, mut done) = (String::new(), 0);
    for found in regex.captures_iter(text) {
        let Some(whole) = found.get(0) else { continue };
        out.push_str(&text[done..whole.start()]);
        done = whole.end();
        if out.len() + replace.len() + groups * whole.len() > LONGEST_MADE {
            return Err(too_much());
        }
        found.expand(&replace, &mut out);
    }
    out.push_str(&text[done..]);
    Ok(out)
}

/// `\1` and `\g<name>` as `${1}` and `${name}`.
fn replacement(python: &str) -> Result<String, Error> {
    let mut out = String::new();
    let mut rest = python.chars().peekable();
    while let Some(at) = rest.next() {
        match at {
            '$' => out.push_str("$$"),
            '\\' => match rest.next() {
                Some('g') if rest.next() == Some('<') => {
                    let name: String = rest.by_ref().take_while(|&next| next != '>').collect();
                    out.extend(["${", name.as_str(), "}"]);
                }
                Some(digit) if digit.is_ascii_digit() => out.extend(['$', '{', digit, '}']),
                Some('\\') => out.push('\\'),
                _ => return Err(unfit("a replacement that cannot be read")),
            },
            plain => out.push(plain),
        }
    }
    Ok(out)
}

fn regex_search(state: &mut State<'_, '_>, text: &str, find: &str, options: Kwargs) -> Result<Value, Error> {
    let regex = pattern(state, find, options, text)?;
    Ok(regex.find(text).map_or(Value::from(()), |found| Value::from(found.as_str())))
}

fn ternary(value: &Value, yes: Value, no: Value, null: Option<Value>) -> Result<Value, Error> {
    match (value.kind(), null) {
        (ValueKind::Undefined, _) => Err(Error::from(ErrorKind::UndefinedError)),
        (ValueKind::None, Some(null)) => Ok(null),
        _ => Ok(if value.is_true() { yes } else { no }),
    }
}

fn mandatory(value: Value) -> Result<Value, Error> {
    if value.is_undefined() { Err(Error::from(ErrorKind::UndefinedError)) } else { Ok(value) }
}

fn combine(state: &mut State<'_, '_>, first: &Value, second: &Value) -> Result<Value, Error> {
    if first.kind() != ValueKind::Map || second.kind() != ValueKind::Map {
        return Err(unfit("`combine` of something that is no dict"));
    }
    let pairs = |value: &Value| -> Result<Vec<(Value, Value)>, Error> {
        value.try_iter()?.map(|key| value.get_item(&key).map(|item| (key, item))).collect()
    };
    made(state, Value::from_pairs(pairs(first)?.into_iter().chain(pairs(second)?)))
}

fn dict2items(state: &mut State<'_, '_>, value: &Value) -> Result<Value, Error> {
    if value.kind() != ValueKind::Map {
        return Err(unfit("`dict2items` of something that is no dict"));
    }
    let item = |key: Value| {
        let held = value.get_item(&key)?;
        Ok(Value::from_pairs([("key", key), ("value", held)]))
    };
    made(state, Value::from(value.try_iter()?.map(item).collect::<Result<Vec<_>, Error>>()?))
}

/// One line of JSON, with the blanks Python puts after `,` and `:`.
fn to_json(state: &mut State<'_, '_>, value: &Value) -> Result<String, Error> {
    struct Spaced;
    impl serde_json::ser::Formatter for Spaced {
        fn begin_array_value<W: ?Sized + std::io::Write>(&mut self, out: &mut W, first: bool) -> std::io::Result<()> {
            if first { Ok(()) } else { out.write_all(b", ") }
        }
        fn begin_object_key<W: ?Sized + std::io::Write>(&mut self, out: &mut W, first: bool) -> std::io::Result<()> {
            if first { Ok(()) } else { out.write_all(b", ") }
        }
        fn begin_object_value<W: ?Sized + std::io::Write>(&mut self, out: &mut W) -> std::io::Result<()> {
            out.write_all(b": ")
        }
    }
    weigh(state, value)?;
    let mut out = Vec::new();
    let value = mandatory(value.clone())?;
    serde::Serialize::serialize(&value, &mut serde_json::Serializer::with_formatter(&mut out, Spaced))
        .map_err(|_| unfit("a value JSON cannot hold"))?;
    String::from_utf8(out).map_err(|_| unfit("a value JSON cannot hold"))
}

/// Several lines of JSON, with its keys sorted.
fn to_nice_json(state: &mut State<'_, '_>, value: &Value, options: Kwargs) -> Result<String, Error> {
    weigh(state, value)?;
    let indent: Option<usize> = options.get("indent")?;
    let unsorted = options.get::<Option<bool>>("sort_keys")? == Some(false);
    options.assert_all_used()?;
    drop(options);
    let unfit = |_| unfit("a value JSON cannot hold");
    let mut tree = serde_json::to_value(mandatory(value.clone())?).map_err(unfit)?;
    if !unsorted {
        tree.sort_all_objects();
    }
    let step = " ".repeat(indent.unwrap_or(4).min(16));
    let format = serde_json::ser::PrettyFormatter::with_indent(step.as_bytes());
    let mut out = Vec::new();
    serde::Serialize::serialize(&tree, &mut serde_json::Serializer::with_formatter(&mut out, format)).map_err(unfit)?;
    String::from_utf8(out).map_err(|_| self::unfit("a value JSON cannot hold"))
}

/// The Python methods of strings and dicts that templates use.
fn method(state: &mut State<'_, '_>, value: &Value, name: &str, args: &[Value]) -> Result<Value, Error> {
    match (value.kind(), name) {
        (ValueKind::String, "lower" | "upper" | "replace" | "split") => with_filter(state, name, value, args),
        (ValueKind::String, "strip") => with_filter(state, "trim", value, args),
        (ValueKind::String, "startswith" | "endswith") => {
            let (affix,): (&str,) = from_args(args)?;
            let text = value.as_str().unwrap_or_default();
            Ok(Value::from(if name == "startswith" { text.starts_with(affix) } else { text.ends_with(affix) }))
        }
        (ValueKind::Map, "items") if args.is_empty() => with_filter(state, "items", value, args),
        (ValueKind::Map, "keys") if args.is_empty() => Ok(Value::from(value.try_iter()?.collect::<Vec<_>>())),
        (ValueKind::Map, "values") if args.is_empty() => {
            let values = value.try_iter()?.map(|key| value.get_item(&key)).collect::<Result<Vec<_>, _>>()?;
            Ok(Value::from(values))
        }
        (ValueKind::Map, "get") => {
            let (key, default): (Value, Option<Value>) = from_args(args)?;
            let found = value.get_item(&key)?;
            Ok(if found.is_undefined() { default.unwrap_or_else(|| Value::from(())) } else { found })
        }
        _ => Err(Error::from(ErrorKind::UnknownMethod)),
    }
}

fn with_filter(state: &mut State<'_, '_>, name: &str, value: &Value, args: &[Value]) -> Result<Value, Error> {
    let mut all = vec![value.clone()];
    all.extend_from_slice(args);
    state.apply_filter(name, &all)
}
