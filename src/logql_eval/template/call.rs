//! The functions of a template.
//!
//! Knows: what each is given and yields. Must not know: how a template is written.

use super::super::number;
use super::value::Value;
use super::{format, text};

/// Names of all functions.
const KNOWN: &[&str] = &[
    "__line__",
    "__timestamp__",
    "Replace",
    "ToLower",
    "ToUpper",
    "Trim",
    "TrimLeft",
    "TrimPrefix",
    "TrimRight",
    "TrimSpace",
    "TrimSuffix",
    "add",
    "addf",
    "alignLeft",
    "alignRight",
    "and",
    "b64dec",
    "b64enc",
    "bytes",
    "call",
    "ceil",
    "contains",
    "count",
    "date",
    "default",
    "div",
    "divf",
    "duration",
    "duration_seconds",
    "eq",
    "float64",
    "floor",
    "fromJson",
    "ge",
    "gt",
    "hasPrefix",
    "hasSuffix",
    "html",
    "indent",
    "index",
    "int",
    "js",
    "le",
    "len",
    "lower",
    "lt",
    "max",
    "maxf",
    "min",
    "minf",
    "mod",
    "mul",
    "mulf",
    "ne",
    "nindent",
    "not",
    "now",
    "or",
    "print",
    "printf",
    "println",
    "regexReplaceAll",
    "regexReplaceAllLiteral",
    "repeat",
    "replace",
    "round",
    "slice",
    "sub",
    "subf",
    "substr",
    "title",
    "toDate",
    "toDateInZone",
    "trim",
    "trimAll",
    "trimPrefix",
    "trimSuffix",
    "trunc",
    "unixEpoch",
    "unixEpochMillis",
    "unixEpochNanos",
    "unixToTime",
    "upper",
    "urldecode",
    "urlencode",
    "urlquery",
];

/// Whether there is a function of this name.
pub(super) fn is_known(name: &str) -> bool {
    KNOWN.contains(&name)
}

/// What a function yields; `at` and `line`: time and text of the line in hand.
pub(super) fn call(name: &str, given: &[Value], at: i64, line: &str) -> Result<Value, ()> {
    match name {
        "__line__" => Ok(Value::Text(line.to_owned())),
        "__timestamp__" => Ok(Value::Time(at)),
        "and" | "or" => given.last().cloned().ok_or(()),
        "not" => one(given).map(|value| Value::Bool(!value.truth())),
        "eq" | "ne" | "lt" | "le" | "gt" | "ge" => compared(name, given).map(Value::Bool),
        "len" => length(one(given)?).map(Value::Int),
        "index" | "slice" => part(name, given),
        "print" | "println" | "printf" => format::print(name, given).map(Value::Text),
        "default" => match given {
            [fallback, value] => Ok(if value.truth() { value.clone() } else { fallback.clone() }),
            [fallback] => Ok(fallback.clone()),
            _ => Err(()),
        },
        "fromJson" => {
            let value = serde_json::from_str(text_of(given, 0, 1)?).unwrap_or(serde_json::Value::Null);
            Ok(of_json(value))
        }
        "call" | "now" => Err(()),
        _ => numeric(name, given).or_else(|| times(name, given)).unwrap_or_else(|| text::call(name, given)),
    }
}

fn one(given: &[Value]) -> Result<&Value, ()> {
    match given {
        [value] => Ok(value),
        _ => Err(()),
    }
}

/// The text at `at` of exactly `count` arguments.
pub(super) fn text_of(given: &[Value], at: usize, count: usize) -> Result<&str, ()> {
    if given.len() != count {
        return Err(());
    }
    given.get(at).ok_or(())?.text()
}

fn compared(name: &str, given: &[Value]) -> Result<bool, ()> {
    use std::cmp::Ordering;
    let (first, others) = given.split_first().ok_or(())?;
    let order = |left: &Value, right: &Value| match (left, right) {
        (Value::Text(left), Value::Text(right)) => Ok(Some(left.cmp(right))),
        (Value::Int(left) | Value::Long(left), Value::Int(right) | Value::Long(right)) => Ok(Some(left.cmp(right))),
        (Value::Float(left), Value::Float(right)) => Ok(left.partial_cmp(right)),
        (Value::Bool(left), Value::Bool(right)) => Ok(Some(left.cmp(right))),
        (Value::Nil, Value::Nil) => Ok(Some(Ordering::Equal)),
        _ => Err(()),
    };
    if others.is_empty() || (name != "eq" && others.len() > 1) {
        return Err(());
    }
    for other in others {
        let order = order(first, other)?;
        let holds = match name {
            "eq" => order == Some(Ordering::Equal),
            "ne" => order != Some(Ordering::Equal),
            "lt" => order == Some(Ordering::Less),
            "le" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            "gt" => order == Some(Ordering::Greater),
            _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        };
        if holds || name != "eq" {
            return Ok(holds);
        }
    }
    Ok(false)
}

fn length(value: &Value) -> Result<i64, ()> {
    let length = match value {
        Value::Text(text) => text.len(),
        Value::List(list) => list.len(),
        Value::Map(map) | Value::Labels(map) => map.len(),
        _ => return Err(()),
    };
    i64::try_from(length).map_err(|_| ())
}

fn part(name: &str, given: &[Value]) -> Result<Value, ()> {
    let (first, others) = given.split_first().ok_or(())?;
    if name == "index" {
        return others.iter().try_fold(first.clone(), |value, key| match (value, key) {
            (value @ (Value::Map(_) | Value::Labels(_)), Value::Text(name)) => value.field(name),
            (Value::List(list), Value::Int(at)) => {
                usize::try_from(*at).ok().and_then(|at| list.get(at).cloned()).ok_or(())
            }
            (Value::Text(text), Value::Int(at)) => {
                let byte = usize::try_from(*at).ok().and_then(|at| text.as_bytes().get(at).copied()).ok_or(())?;
                Ok(Value::Int(i64::from(byte)))
            }
            _ => Err(()),
        });
    }
    let at = |index: usize| match others.get(index) {
        Some(value) => usize::try_from(value.int()?).map(Some).map_err(|_| ()),
        None => Ok(None),
    };
    let text = first.text()?;
    let (start, end) = (at(0)?.unwrap_or(0), at(1)?.unwrap_or(text.len()));
    text.get(start..end).map(|part| Value::Text(part.to_owned())).ok_or(())
}

fn of_json(value: serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::Nil,
        serde_json::Value::Bool(truth) => Value::Bool(truth),
        serde_json::Value::Number(number) => Value::Float(number.as_f64().unwrap_or(0.0)),
        serde_json::Value::String(text) => Value::Text(text),
        serde_json::Value::Array(list) => Value::List(list.into_iter().map(of_json).collect()),
        serde_json::Value::Object(map) => {
            Value::Map(map.into_iter().map(|(name, value)| (name, of_json(value))).collect())
        }
    }
}

/// Functions on numbers, which take anything that reads as one.
fn numeric(name: &str, given: &[Value]) -> Option<Result<Value, ()>> {
    let ints = || given.iter().map(Value::to_int);
    let floats = || given.iter().map(Value::to_float);
    let int = |value: Option<i64>| Some(value.map(Value::Long).ok_or(()));
    let float = |value: Option<f64>| Some(value.map(Value::Float).ok_or(()));
    let pair = |run: fn(i64, i64) -> Option<i64>| match given {
        [left, right] => int(run(left.to_int(), right.to_int())),
        _ => Some(Err(())),
    };
    match name {
        "add" => int(Some(ints().fold(0, i64::wrapping_add))),
        "mul" => int(ints().reduce(i64::wrapping_mul)),
        "sub" => pair(i64::checked_sub),
        "div" => pair(i64::checked_div),
        "mod" => pair(i64::checked_rem),
        "max" => int(ints().max()),
        "min" => int(ints().min()),
        "addf" => float(Some(floats().sum())),
        "mulf" => float(floats().reduce(|left, right| left * right)),
        "subf" => float(floats().reduce(|left, right| left - right)),
        "divf" => float(floats().reduce(|left, right| left / right)),
        "maxf" => float(floats().reduce(f64::max)),
        "minf" => float(floats().reduce(f64::min)),
        "int" => Some(one(given).map(|value| Value::Int(value.to_int()))),
        "float64" => Some(one(given).map(|value| Value::Float(value.to_float()))),
        "ceil" => Some(one(given).map(|value| Value::Float(value.to_float().ceil()))),
        "floor" => Some(one(given).map(|value| Value::Float(value.to_float().floor()))),
        "round" => match given {
            [value, places, ..] => {
                let factor = 10_f64.powi(i32::try_from(places.int().ok()?).ok()?);
                Some(Ok(Value::Float((value.to_float() * factor).round() / factor)))
            }
            _ => Some(Err(())),
        },
        _ => None,
    }
}

/// Functions on times, durations and amounts of bytes.
fn times(name: &str, given: &[Value]) -> Option<Result<Value, ()>> {
    let time = || match given {
        [Value::Time(at)] => Ok(*at),
        _ => Err(()),
    };
    Some(match name {
        "unixEpoch" => time().map(|at| Value::Text((at.div_euclid(1_000_000_000)).to_string())),
        "unixEpochMillis" => time().map(|at| Value::Text((at.div_euclid(1_000_000)).to_string())),
        "unixEpochNanos" => time().map(|at| Value::Text(at.to_string())),
        "date" => match given {
            [Value::Text(layout), Value::Time(at)] => Ok(Value::Text(format::date(*at, layout))),
            _ => Err(()),
        },
        "toDate" => match given {
            [Value::Text(layout), Value::Text(text)] => format::read_date(layout, text).map(Value::Time),
            _ => Err(()),
        },
        "toDateInZone" => match given {
            [Value::Text(layout), Value::Text(zone), Value::Text(text)] if zone == "UTC" => {
                format::read_date(layout, text).map(Value::Time)
            }
            _ => Err(()),
        },
        "unixToTime" => text_of(given, 0, 1).and_then(|text| {
            let number: i64 = text.parse().map_err(|_| ())?;
            let factor = match text.len() {
                5 => 86_400_000_000_000,
                10 => 1_000_000_000,
                13 => 1_000_000,
                16 => 1_000,
                19 => 1,
                _ => return Err(()),
            };
            Ok(Value::Time(number * factor))
        }),
        "bytes" => text_of(given, 0, 1).and_then(|text| number::bytes(text).map(Value::Float).ok_or(())),
        "duration" | "duration_seconds" => text_of(given, 0, 1)
            .and_then(|text| number::duration(text).map(|value| Value::Float(value / number::SECOND)).ok_or(())),
        _ => return None,
    })
}
