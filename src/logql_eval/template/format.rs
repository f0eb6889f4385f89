//! `printf`, and dates in Go's layouts.
//!
//! Knows: the verbs and the reference time. Must not know: how a template is written.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::super::number;
use super::value::Value;

/// `print`, `println` and `printf`.
pub(super) fn print(name: &str, given: &[Value]) -> Result<String, ()> {
    if name == "printf" {
        let (layout, others) = given.split_first().ok_or(())?;
        return Ok(formatted(layout.text()?, others));
    }
    let mut out = String::new();
    for (at, value) in given.iter().enumerate() {
        // `print` puts a blank between two values of which none is a text.
        let text = |value: &Value| matches!(value, Value::Text(_));
        let blank = at > 0 && (name == "println" || !(text(value) || given.get(at - 1).is_some_and(text)));
        out.push_str(if blank { " " } else { "" });
        out.push_str(&value.plain());
    }
    out.push_str(if name == "println" { "\n" } else { "" });
    Ok(out)
}

fn formatted(layout: &str, given: &[Value]) -> String {
    let mut out = String::new();
    let mut given = given.iter();
    let mut rest = layout;
    while let Some(at) = rest.find('%') {
        out.push_str(rest.get(..at).unwrap_or(""));
        rest = rest.get(at + 1..).unwrap_or("");
        let flags = rest.len() - rest.trim_start_matches(['-', '+', '0', '#', ' ']).len();
        let (flags, tail) = rest.split_at(flags);
        let digits = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
        let (width, tail) = tail.split_at(digits);
        let (precision, tail) = match tail.strip_prefix('.') {
            Some(tail) => {
                let digits = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
                (Some(tail.get(..digits).unwrap_or("").parse::<usize>().unwrap_or(0)), tail.get(digits..).unwrap_or(""))
            }
            None => (None, tail),
        };
        let Some(verb) = tail.chars().next() else {
            out.push_str("%!(NOVERB)");
            return out;
        };
        rest = tail.get(verb.len_utf8()..).unwrap_or("");
        if verb == '%' {
            out.push('%');
            continue;
        }
        let Some(value) = given.next() else {
            let _ = write!(out, "%!{verb}(MISSING)");
            continue;
        };
        let text = verbed(verb, value, precision.map(|precision| precision.min(100)), flags.contains('+'));
        out.push_str(&padded(&text, flags, width.parse::<usize>().unwrap_or(0).min(10_000)));
    }
    out.push_str(rest);
    let extra: Vec<String> = given.map(|value| format!("{}={}", kind(value), value.plain())).collect();
    if !extra.is_empty() {
        let _ = write!(out, "%!(EXTRA {})", extra.join(", "));
    }
    out
}

fn padded(text: &str, flags: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    if flags.contains('-') {
        return format!("{text}{}", " ".repeat(missing));
    }
    if flags.contains('0') {
        let (sign, digits) = if text.starts_with(['-', '+']) { text.split_at(1) } else { ("", text) };
        return format!("{sign}{}{digits}", "0".repeat(missing));
    }
    format!("{}{text}", " ".repeat(missing))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Nil => "<nil>",
        Value::Text(_) => "string",
        Value::Int(_) => "int",
        Value::Long(_) => "int64",
        Value::Float(_) => "float64",
        Value::Bool(_) => "bool",
        Value::List(_) => "[]interface {}",
        Value::Map(_) => "map[string]interface {}",
        Value::Labels(_) => "map[string]string",
        Value::Time(_) => "time.Time",
    }
}

fn verbed(verb: char, value: &Value, precision: Option<usize>, plus: bool) -> String {
    let sign = |negative: bool| if plus && !negative { "+" } else { "" };
    let cut = |text: String| match precision {
        Some(most) => text.chars().take(most).collect(),
        None => text,
    };
    match (verb, value) {
        ('v', value) => value.plain(),
        ('s', Value::Text(text)) => cut(text.clone()),
        ('q', Value::Text(text)) => serde_json::to_string(text).unwrap_or_default(),
        ('x', Value::Text(text)) => text.bytes().fold(String::new(), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        }),
        ('d', Value::Int(number) | Value::Long(number)) => format!("{}{number}", sign(*number < 0)),
        ('x', Value::Int(number) | Value::Long(number)) => format!("{number:x}"),
        ('X', Value::Int(number) | Value::Long(number)) => format!("{number:X}"),
        ('o', Value::Int(number) | Value::Long(number)) => format!("{number:o}"),
        ('b', Value::Int(number) | Value::Long(number)) => format!("{number:b}"),
        ('c', Value::Int(number) | Value::Long(number)) => {
            u32::try_from(*number).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER).to_string()
        }
        ('f' | 'F', Value::Float(number)) => format!("{}{number:.*}", sign(*number < 0.0), precision.unwrap_or(6)),
        ('g', Value::Float(number)) => format!("{}{}", sign(*number < 0.0), number::shortest(*number)),
        ('t', Value::Bool(truth)) => truth.to_string(),
        (verb, Value::Nil) => format!("%!{verb}(<nil>)"),
        (verb, value) => format!("%!{verb}({}={})", kind(value), value.plain()),
    }
}

/// The pieces of a layout, the longer ones first.
const PIECES: &[&str] = &[
    "January", "Monday", "2006", "-07:00", "Z07:00", "-0700", "Z0700", "Jan", "Mon", "MST", "_2", "01", "02", "03",
    "04", "05", "06", "15", "PM", "pm", "1", "2", "3", "4", "5",
];

/// A time in nanoseconds, written in UTC as the layout says.
pub(super) fn date(at: i64, layout: &str) -> String {
    let Ok(time) = Timestamp::from_nanosecond(i128::from(at)).map(|time| Offset::UTC.to_datetime(time)) else {
        return String::new();
    };
    let mut out = String::new();
    let mut rest = layout;
    while let Some(c) = rest.chars().next() {
        if let Some((text, length)) = fraction(rest, &time) {
            out.push_str(&text);
            rest = rest.get(length..).unwrap_or("");
            continue;
        }
        if let Some(piece) = PIECES.iter().find(|piece| rest.starts_with(**piece)) {
            out.push_str(&written(piece, &time));
            rest = rest.get(piece.len()..).unwrap_or("");
            continue;
        }
        out.push(c);
        rest = rest.get(c.len_utf8()..).unwrap_or("");
    }
    out
}

/// `.000` or `.999`: a fraction of a second.
fn fraction(layout: &str, time: &DateTime) -> Option<(String, usize)> {
    let sign = layout.chars().next().filter(|c| matches!(c, '.' | ','))?;
    let digits = layout.get(1..)?;
    let first = digits.chars().next().filter(|c| matches!(c, '0' | '9'))?;
    let count = digits.chars().take_while(|c| *c == first).count();
    if count > 9 || digits.get(count..).is_some_and(|tail| tail.starts_with(|c: char| c.is_ascii_digit())) {
        return None;
    }
    let all = format!("{:09}", time.subsec_nanosecond());
    let shown = all.get(..count)?;
    let shown = if first == '9' { shown.trim_end_matches('0') } else { shown };
    let text = if shown.is_empty() { String::new() } else { format!("{sign}{shown}") };
    Some((text, count + 1))
}

fn written(piece: &str, time: &DateTime) -> String {
    let half = match time.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    let named = |layout: &str| time.strftime(layout).to_string();
    match piece {
        "January" => named("%B"),
        "Jan" => named("%b"),
        "Monday" => named("%A"),
        "Mon" => named("%a"),
        "2006" => format!("{:04}", time.year()),
        "06" => format!("{:02}", time.year() % 100),
        "01" => format!("{:02}", time.month()),
        "1" => time.month().to_string(),
        "02" => format!("{:02}", time.day()),
        "2" => time.day().to_string(),
        "_2" => format!("{:2}", time.day()),
        "15" => format!("{:02}", time.hour()),
        "03" => format!("{half:02}"),
        "3" => half.to_string(),
        "04" => format!("{:02}", time.minute()),
        "4" => time.minute().to_string(),
        "05" => format!("{:02}", time.second()),
        "5" => time.second().to_string(),
        "PM" => if time.hour() < 12 { "AM" } else { "PM" }.to_owned(),
        "pm" => if time.hour() < 12 { "am" } else { "pm" }.to_owned(),
        "MST" => "UTC".to_owned(),
        "-07:00" => "+00:00".to_owned(),
        "-0700" => "+0000".to_owned(),
        _ => "Z".to_owned(),
    }
}

/// Reads a date of digits, in UTC.
pub(super) fn read_date(layout: &str, text: &str) -> Result<i64, ()> {
    let layout = layout
        .replace("2006", "%Y")
        .replace("01", "%m")
        .replace("02", "%d")
        .replace("15", "%H")
        .replace("04", "%M")
        .replace("05", "%S");
    let parsed = jiff::fmt::strtime::parse(layout, text).map_err(|_| ())?;
    let date = parsed.to_date().map_err(|_| ())?;
    let time = parsed.to_time().unwrap_or_default();
    let at = Offset::UTC.to_timestamp(date.to_datetime(time)).map_err(|_| ())?;
    i64::try_from(at.as_nanosecond()).map_err(|_| ())
}
