//! A stream and a label value as text, as a person would type them in Loki.
//!
//! Knows: the order labels are shown in. Must not know: why they are shown.

use crate::topology::{Label, Stream};

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
            Label::Unknown => format!("{name}=?"),
        })
        .collect();
    format!("{{{}}}", pairs.join(", "))
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
