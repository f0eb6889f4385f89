//! `| logfmt`: `key=value key="quoted value" flag`.
//!
//! Knows: what the reader takes and where it stumbles. Must not know: what the labels are needed for.

use super::super::hints::Next;
use super::super::labels::Origin;
use super::{Parser, sanitized};

/// The error of a line that `--strict` cannot read.
const ERROR: &str = "LogfmtParserErr";

/// `| logfmt`; whether the line passes.
pub(in super::super) fn logfmt(parser: &mut Parser<'_, '_, '_>, line: &str, strict: bool, keep_empty: bool) -> bool {
    if parser.hints.nothing(parser.entry) {
        return true;
    }
    for pair in (Pairs { rest: line }) {
        let Some((key, value)) = pair else {
            if strict {
                return parser.fail(ERROR, line);
            }
            continue;
        };
        if value.is_empty() && !keep_empty {
            continue;
        }
        match parser.field(&sanitized(key, true), &value) {
            Next::Go => {}
            Next::Enough => return true,
            Next::Refused => return false,
        }
    }
    true
}

/// Whether a key can be asked for by this text.
pub(in super::super) fn is_key(text: &str) -> bool {
    let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let word = |c: char| c == '_' || c.is_alphanumeric();
    quoted.is_some() || (!text.is_empty() && text.chars().all(word) && !text.starts_with(|c: char| c.is_ascii_digit()))
}

/// `| logfmt a="b", c`; `wanted`: labels and the keys they come from.
pub(in super::super) fn logfmt_named(
    parser: &mut Parser<'_, '_, '_>,
    line: &str,
    wanted: &[(String, String)],
    strict: bool,
) -> bool {
    if parser.hints.nothing(parser.entry) {
        return true;
    }
    // Each label is there from the start, empty: so what is needed counts as found at the first key that is.
    for (name, _) in wanted {
        if !parser.entry.stream_has(name) {
            parser.entry.set(Origin::Line, name, "");
            parser.entry.extracted.push(name.clone());
        }
    }
    for pair in (Pairs { rest: line }) {
        let Some((key, value)) = pair else {
            if strict {
                return parser.fail(ERROR, line);
            }
            continue;
        };
        let key = sanitized(key, false);
        // A key is read where a label of its own name is wanted, or the query needs it: not for the label it becomes.
        let own = wanted.iter().any(|(name, _)| *name == key);
        if !own && !parser.hints.wants(parser.entry, &key) {
            continue;
        }
        if own && !parser.entry.stream_has(&key) {
            parser.entry.set(Origin::Line, &key, &value);
        }
        for (name, _) in wanted.iter().filter(|(_, from)| *from == key) {
            let mut name = name.clone();
            if parser.entry.stream_has(&name) {
                name.push_str("_extracted");
            }
            parser.entry.set(Origin::Line, &name, &value);
            if parser.hints.made(parser.stages, parser.entry, &name) == Next::Enough {
                return true;
            }
        }
    }
    true
}

/// The pairs of a line in order; `None` for one that cannot be read, which is skipped up to the next blank.
struct Pairs<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Option<(&'a str, String)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.rest = self.rest.trim_start_matches(|c: char| c <= ' ');
        if self.rest.is_empty() {
            return None;
        }
        let end = self.rest.find(|c: char| c <= ' ' || c == '=' || c == '"').unwrap_or(self.rest.len());
        let (key, tail) = self.rest.split_at(end);
        if tail.starts_with('"') || (tail.starts_with('=') && key.is_empty()) {
            self.skip();
            return Some(None);
        }
        let Some(value) = tail.strip_prefix('=') else {
            self.rest = tail;
            return Some(Some((key, String::new())));
        };
        if value.starts_with('"') {
            return Some(self.quoted(key, value));
        }
        let end = value.find(|c: char| c <= ' ').unwrap_or(value.len());
        let (text, tail) = value.split_at(end);
        self.rest = tail;
        if text.contains(['=', '"']) {
            return Some(None);
        }
        Some(Some((key, readable(text))))
    }
}

impl<'a> Pairs<'a> {
    fn skip(&mut self) {
        let end = self.rest.find(|c: char| c <= ' ').unwrap_or(self.rest.len());
        self.rest = self.rest.get(end..).unwrap_or("");
    }

    fn quoted(&mut self, key: &'a str, value: &'a str) -> Option<(&'a str, String)> {
        let mut escaped = false;
        let end = value.char_indices().skip(1).find_map(|(at, c)| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends.then_some(at)
        });
        let Some(end) = end else {
            self.rest = "";
            return None;
        };
        self.rest = value.get(end + 1..).unwrap_or("");
        let text: String = serde_json::from_str(value.get(..=end)?).ok()?;
        Some((key, readable(&text)))
    }
}

/// A text that holds a replacement character counts as empty.
fn readable(text: &str) -> String {
    if text.contains(char::REPLACEMENT_CHARACTER) { String::new() } else { text.to_owned() }
}
