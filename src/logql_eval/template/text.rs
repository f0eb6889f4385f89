//! The functions of a template that take and yield texts.
//!
//! Knows: what each is given and yields. Must not know: how a template is written.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::super::regex;
use super::value::Value;

/// What `urlencode` leaves as it is.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A function on texts; with one argument, two, three or four.
pub(super) fn call(name: &str, given: &[Value]) -> Result<Value, ()> {
    let result = match given {
        [one] => Some(Value::Text(of_one(name, one.text()?)?)),
        [first, second] => of_two(name, first, second)?,
        [first, second, third] => of_three(name, first, second, third)?,
        [text, from, to, most] if name == "Replace" => {
            let (text, from, to) = (text.text()?, from.text()?, to.text()?);
            Some(Value::Text(match usize::try_from(most.int()?) {
                Ok(most) => text.replacen(from, to, most),
                Err(_) => text.replace(from, to),
            }))
        }
        _ => None,
    };
    result.ok_or(())
}

fn of_one(name: &str, text: &str) -> Result<String, ()> {
    Ok(match name {
        "ToLower" | "lower" => text.to_lowercase(),
        "ToUpper" | "upper" => text.to_uppercase(),
        "title" => titled(text),
        "trim" | "TrimSpace" => text.trim().to_owned(),
        "urlencode" | "urlquery" => utf8_percent_encode(text, QUERY).to_string().replace("%20", "+"),
        "urldecode" => percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned(),
        "b64enc" => BASE64_STANDARD.encode(text),
        "b64dec" => String::from_utf8_lossy(&BASE64_STANDARD.decode(text).map_err(|_| ())?).into_owned(),
        "html" => text
            .replace('&', "&amp;")
            .replace('\'', "&#39;")
            .replace('"', "&#34;")
            .replace('<', "&lt;")
            .replace('>', "&gt;"),
        "js" => text
            .replace('\\', "\\\\")
            .replace('\'', "\\'")
            .replace('"', "\\\"")
            .replace('<', "\\u003C")
            .replace('>', "\\u003E"),
        _ => return Err(()),
    })
}

fn of_two(name: &str, first: &Value, second: &Value) -> Result<Option<Value>, ()> {
    // Those with a number in front.
    if let Value::Int(number) = first {
        let text = second.text()?;
        let pad = |most: i64| usize::try_from((*number).min(most)).map_err(|_| ());
        return Ok(Some(Value::Text(match name {
            "repeat" => text.repeat(pad(10_000)?),
            "trunc" => truncated(*number, text)?,
            "indent" | "nindent" => {
                let pad = " ".repeat(pad(1000)?);
                let start = if name == "nindent" { "\n" } else { "" };
                format!("{start}{pad}{}", text.replace('\n', &format!("\n{pad}")))
            }
            "alignLeft" | "alignRight" => aligned(name == "alignLeft", pad(10_000)?, text),
            _ => return Err(()),
        })));
    }
    let (first, second) = (first.text()?, second.text()?);
    let set = |text: &str| text.chars().collect::<Vec<char>>();
    Ok(Some(Value::Text(match name {
        "contains" => return Ok(Some(Value::Bool(second.contains(first)))),
        "hasPrefix" => return Ok(Some(Value::Bool(second.starts_with(first)))),
        "hasSuffix" => return Ok(Some(Value::Bool(second.ends_with(first)))),
        "count" => {
            let found = regex::compiled(first).map_err(|_| ())?.find_iter(second).count();
            return Ok(i64::try_from(found).ok().map(Value::Int));
        }
        "Trim" => first.trim_matches(set(second).as_slice()).to_owned(),
        "trimAll" => second.trim_matches(set(first).as_slice()).to_owned(),
        "TrimLeft" => first.trim_start_matches(set(second).as_slice()).to_owned(),
        "TrimRight" => first.trim_end_matches(set(second).as_slice()).to_owned(),
        "TrimPrefix" => first.strip_prefix(second).unwrap_or(first).to_owned(),
        "TrimSuffix" => first.strip_suffix(second).unwrap_or(first).to_owned(),
        "trimPrefix" => second.strip_prefix(first).unwrap_or(second).to_owned(),
        "trimSuffix" => second.strip_suffix(first).unwrap_or(second).to_owned(),
        _ => return Ok(None),
    })))
}

fn of_three(name: &str, first: &Value, second: &Value, third: &Value) -> Result<Option<Value>, ()> {
    Ok(Some(Value::Text(match name {
        "replace" => third.text()?.replace(first.text()?, second.text()?),
        "substr" => substring(first.int()?, second.int()?, third.text()?)?,
        "regexReplaceAll" => {
            let by = third.text()?;
            let regex = regex::compiled(first.text()?).map_err(|_| ())?;
            let replaced = regex.replace_all(second.text()?, |found: &::regex::Captures<'_>| regex::expand(by, found));
            replaced.into_owned()
        }
        "regexReplaceAllLiteral" => {
            let regex = regex::compiled(first.text()?).map_err(|_| ())?;
            regex.replace_all(second.text()?, ::regex::NoExpand(third.text()?)).into_owned()
        }
        _ => return Ok(None),
    })))
}

/// Each word with a capital.
fn titled(text: &str) -> String {
    let mut start = true;
    text.chars()
        .flat_map(|c| {
            let first = std::mem::replace(&mut start, !(c.is_alphanumeric() || c == '_' || c == '\''));
            if first { c.to_uppercase().collect::<Vec<_>>() } else { vec![c] }
        })
        .collect()
}

/// The first bytes, or the last where the number is below zero.
fn truncated(count: i64, text: &str) -> Result<String, ()> {
    let length = i64::try_from(text.len()).map_err(|_| ())?;
    let range = if count < 0 && length + count > 0 {
        usize::try_from(length + count).map_err(|_| ())?..text.len()
    } else if count >= 0 && length > count {
        0..usize::try_from(count).map_err(|_| ())?
    } else {
        0..text.len()
    };
    Ok(String::from_utf8_lossy(text.as_bytes().get(range).unwrap_or(&[])).into_owned())
}

fn substring(start: i64, end: i64, text: &str) -> Result<String, ()> {
    let length = i64::try_from(text.len()).map_err(|_| ())?;
    let (start, end) = if start < 0 {
        (0, end)
    } else if end < 0 || end > length {
        (start, length)
    } else {
        (start, end)
    };
    let range = usize::try_from(start).map_err(|_| ())?..usize::try_from(end).map_err(|_| ())?;
    text.as_bytes().get(range).map(|part| String::from_utf8_lossy(part).into_owned()).ok_or(())
}

fn aligned(left: bool, width: usize, text: &str) -> String {
    let length = text.chars().count();
    let pad = " ".repeat(width.saturating_sub(length));
    match (left, length > width) {
        (true, true) => text.chars().take(width).collect(),
        (false, true) => text.chars().skip(length - width).collect(),
        (true, false) => format!("{text}{pad}"),
        (false, false) => format!("{pad}{text}"),
    }
}
