//! A stream, a matcher, a condition and a label value as text, as a person would type them in Loki.
//!
//! Knows: the order labels are shown in, how label filters are joined. Must not know: why they are shown.

use super::condition::Condition;
use super::matcher::Matcher;
use crate::topology::{Label, Stream, compose};

/// Labels that say whose lines they are come first; the rest follows by name.
const FIRST: [&str; 4] = ["job", "service", "component", "container"];

/// `{job="kairos", hostname="puck.incus"}`; a label whose value is not known is shown as `name=?`.
pub fn stream(stream: &Stream) -> String {
    let first = FIRST.iter().filter_map(|name| stream.labels.get_key_value(*name));
    let rest = stream.labels.iter().filter(|(name, _)| !FIRST.contains(&name.as_str()));
    let pairs: Vec<String> = first
        .chain(rest)
        .map(|(name, label)| match label {
            Label::Known(value) => format!("{name}={}", quoted(value)),
            Label::Symbol(_) | Label::Unknown => format!("{name}=?"),
        })
        .collect();
    format!("{{{}}}", pairs.join(", "))
}

/// What gives a value that is not known: `constants.hostname` on puck.incus.
pub(super) fn symbol(name: &str) -> String {
    compose::readable(name)
}

/// The text as a double-quoted `LogQL` string.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// `job="kairos"`, with the value quoted by `quote`.
pub fn matcher(one: &Matcher, quote: impl Fn(&str) -> String) -> String {
    format!("{}{}{}", one.label, one.op.sign(), quote(one.value.text()))
}

/// The condition as a label filter: `job="angelia" or (service="kairos" and component="web")`. Each list inside
/// another stands in parentheses. What is open is left out.
pub fn condition(condition: &Condition, quote: &impl Fn(&str) -> String) -> String {
    let (list, word) = match condition {
        Condition::Is(one) => return matcher(one, quote),
        Condition::Open => return String::new(),
        Condition::All(list) => (list, " and "),
        Condition::Any(list) => (list, " or "),
    };
    let part = |one: &Condition| {
        let text = self::condition(one, quote);
        let several = matches!(one, Condition::All(list) | Condition::Any(list) if list.len() > 1);
        if several && list.len() > 1 { format!("({text})") } else { text }
    };
    list.iter().map(part).collect::<Vec<_>>().join(word)
}
