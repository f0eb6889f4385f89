//! Parsers: labels made from the text of a line.
//!
//! Knows: how each parser names what it finds, and what collides with a label of the stream. Must not know: what the labels are
//! needed for.

mod json;
mod logfmt;

pub(crate) use json::Step;
pub(super) use json::{Path, json, json_paths, path, unpack};
pub(super) use logfmt::{is_key, logfmt, logfmt_named};

use super::hints::{Hints, Next};
use super::labels::{ERROR, Entry, KEPT_ERROR, Origin};
use super::pattern::Pattern;
use super::stage::Stage;

/// What a parser works with.
pub(super) struct Parser<'p, 'e, 'b> {
    pub(super) hints: &'p Hints,
    pub(super) stages: &'p [Stage],
    pub(super) entry: &'e mut Entry<'b>,
}

impl Parser<'_, '_, '_> {
    /// Makes a label of a field, if it is needed and not there yet.
    fn field(&mut self, name: &str, value: &str) -> Next {
        let mut name = name.to_owned();
        if self.entry.stream_has(&name) {
            name.push_str("_extracted");
        }
        if name.is_empty() || !self.hints.wants(self.entry, &name) || self.entry.is_set(&name) {
            return Next::Go;
        }
        self.entry.set(Origin::Line, &name, value);
        self.hints.made(self.stages, self.entry, &name)
    }

    /// Marks the line with an error; whether it passes the filters that ask for one.
    fn fail(&mut self, error: &'static str, details: &str) -> bool {
        self.entry.fail(error, details);
        if self.hints.keep_errors() {
            self.entry.set(Origin::Line, KEPT_ERROR, "true");
        }
        self.hints.tried(self.stages, self.entry, ERROR) != Next::Refused
    }

    /// `| regexp`: each named group; whether the line passes.
    pub(super) fn regexp(&mut self, regex: &::regex::Regex, line: &str) -> bool {
        if self.hints.nothing(self.entry) {
            return true;
        }
        let Some(found) = regex.captures(line) else { return true };
        for name in regex.capture_names().flatten() {
            let value = found.name(name).map_or("", |found| found.as_str());
            match self.field(&sanitized(name, true), value) {
                Next::Go => {}
                Next::Enough => return true,
                Next::Refused => return false,
            }
        }
        true
    }

    /// `| pattern`: each named capture; whether the line passes.
    pub(super) fn pattern(&mut self, pattern: &Pattern, line: &str) -> bool {
        if self.hints.nothing(self.entry) {
            return true;
        }
        for (name, value) in pattern.captures(line) {
            match self.field(name, value) {
                Next::Go => {}
                Next::Enough => return true,
                Next::Refused => return false,
            }
        }
        true
    }
}

/// A name of a field as a label: what a label cannot hold becomes `_`.
pub(super) fn sanitized(name: &str, first: bool) -> String {
    let name = name.trim();
    let mut out = String::with_capacity(name.len() + 1);
    if first && name.starts_with(|c: char| c.is_ascii_digit()) {
        out.push('_');
    }
    out.extend(name.chars().map(|c| if c == '_' || c.is_ascii_alphanumeric() { c } else { '_' }));
    out
}
