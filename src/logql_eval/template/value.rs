//! Values of a template, and how they read as text, number or truth.
//!
//! Knows: Go's conversions as its template functions make them. Must not know: which function asks.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::number;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Nil,
    Text(String),
    Int(i64),
    /// What arithmetic yields, which functions that want an `int` refuse.
    Long(i64),
    Float(f64),
    Bool(bool),
    List(Vec<Value>),
    Map(BTreeMap<String, Value>),
    /// The labels themselves: a label that is not there reads as empty text.
    Labels(BTreeMap<String, Value>),
    /// A time in nanoseconds.
    Time(i64),
}

impl Value {
    /// Its fields, one after the other.
    pub(super) fn chain(self, names: &[String]) -> Result<Self, ()> {
        names.iter().try_fold(self, |value, name| value.field(name))
    }

    /// A field of it.
    pub(super) fn field(self, name: &str) -> Result<Self, ()> {
        match self {
            Self::Labels(mut map) => Ok(map.remove(name).unwrap_or_else(|| Self::Text(String::new()))),
            Self::Map(mut map) => Ok(map.remove(name).unwrap_or(Self::Nil)),
            _ => Err(()),
        }
    }

    /// Whether `if` takes it as true.
    pub(super) fn truth(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Text(text) => !text.is_empty(),
            Self::Int(number) | Self::Long(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Bool(truth) => *truth,
            Self::List(list) => !list.is_empty(),
            Self::Map(map) | Self::Labels(map) => !map.is_empty(),
            Self::Time(_) => true,
        }
    }

    /// As `{{ value }}` prints it.
    pub(super) fn printed(&self) -> String {
        match self {
            Self::Nil => "<no value>".to_owned(),
            other => other.plain(),
        }
    }

    /// As `%v` prints it.
    pub(super) fn plain(&self) -> String {
        match self {
            Self::Nil => "<nil>".to_owned(),
            Self::Text(text) => text.clone(),
            Self::Int(number) | Self::Long(number) => number.to_string(),
            Self::Float(number) => number::shortest(*number),
            Self::Bool(truth) => truth.to_string(),
            Self::List(list) => {
                format!("[{}]", list.iter().map(Self::plain).collect::<Vec<_>>().join(" "))
            }
            Self::Map(map) | Self::Labels(map) => {
                let mut out = "map[".to_owned();
                for (at, (name, value)) in map.iter().enumerate() {
                    let _ = write!(out, "{}{name}:{}", if at > 0 { " " } else { "" }, value.plain());
                }
                out.push(']');
                out
            }
            Self::Time(at) => super::format::date(*at, "2006-01-02 15:04:05.999999999 -0700 MST"),
        }
    }

    /// As text, for a function that takes one.
    pub(super) fn text(&self) -> Result<&str, ()> {
        match self {
            Self::Text(text) => Ok(text),
            _ => Err(()),
        }
    }

    /// As a whole number, for a function that takes an `int` and converts nothing.
    pub(super) fn int(&self) -> Result<i64, ()> {
        match self {
            Self::Int(number) => Ok(*number),
            _ => Err(()),
        }
    }

    /// As a whole number, from anything: what cannot be read is 0.
    pub(super) fn to_int(&self) -> i64 {
        match self {
            Self::Int(number) | Self::Long(number) | Self::Time(number) => *number,
            Self::Float(number) => *number as i64,
            Self::Bool(truth) => i64::from(*truth),
            Self::Text(text) => whole(text),
            _ => 0,
        }
    }

    /// As a number, from anything: what cannot be read is 0.
    pub(super) fn to_float(&self) -> f64 {
        match self {
            Self::Float(number) => *number,
            Self::Text(text) => number::float(text).unwrap_or(0.0),
            other => other.to_int() as f64,
        }
    }
}

/// A whole number of a text: a fraction is cut off; octal and hexadecimal are read.
fn whole(text: &str) -> i64 {
    let text = match text.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|byte| byte.is_ascii_digit()) => whole,
        _ => text,
    };
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let parsed = if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        i64::from_str_radix(hex, 16)
    } else if digits.len() > 1 && digits.starts_with('0') {
        digits.trim_start_matches('0').parse()
    } else {
        digits.parse()
    };
    parsed.map_or(0, |number: i64| number * sign)
}
