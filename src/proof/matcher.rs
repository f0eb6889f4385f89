//! One matcher of a selector and what it says about a stream.
//!
//! Knows: the four matcher types, that a missing label equals `""`, that `=~` is anchored at both ends
//! (label-surface 1.2), which regular expressions mean the same here and in Loki. Must not know: where a matcher is
//! written.

use std::borrow::Cow;

use regex::Regex;

use crate::topology::{Label, Stream};

/// The label Loki 3 derives from the others when a line is pushed; no producer states it (label-surface 1.5 U1).
pub(super) const DERIVED: &str = "service_name";

/// How a matcher compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Match,
    /// `!~`
    NotMatch,
}

impl Op {
    /// As it is written.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Match => "=~",
            Self::NotMatch => "!~",
        }
    }
}

/// What a matcher compares with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// This text, decoded.
    Known(String),
    /// A text that holds a variable; as written.
    Variable(String),
}

impl Value {
    /// The text, when the query states it.
    pub fn known(&self) -> Option<&str> {
        match self {
            Self::Known(text) => Some(text),
            Self::Variable(_) => None,
        }
    }
}

/// `label op value`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Matcher {
    /// Name of the label.
    pub label: String,
    /// How it compares.
    pub op: Op,
    /// With what.
    pub value: Value,
}

impl Matcher {
    /// A matcher with a known value.
    pub fn new(label: &str, op: Op, value: &str) -> Self {
        Self { label: label.to_owned(), op, value: Value::Known(value.to_owned()) }
    }

    /// Whether a label with this value (`""`: absent) satisfies it. `None` when that cannot be told: the value holds
    /// a variable, or the regular expression is not one that is read the same way here and in Loki.
    pub fn accepts(&self, value: &str) -> Option<bool> {
        self.value.known()?;
        Test::new(self).ok()?.value(value)
    }
}

/// Whether a stream is selected.
pub(super) enum Answer {
    Yes,
    No,
    /// Why it cannot be told.
    Unknown(String),
}

/// A matcher made ready to be asked many times.
pub(super) struct Test<'m> {
    matcher: &'m Matcher,
    wanted: Cow<'m, str>,
    regex: Option<Regex>,
}

impl<'m> Test<'m> {
    /// Compiles the matcher, whose value must be known.
    pub(super) fn new(matcher: &'m Matcher) -> Result<Self, String> {
        let wanted = matcher.value.known().unwrap_or_default();
        let regex = match matcher.op {
            Op::Equal | Op::NotEqual => None,
            Op::Match | Op::NotMatch => Some(compile(wanted)?),
        };
        Ok(Self { matcher, wanted: Cow::Borrowed(wanted), regex })
    }

    /// Whether `stream` satisfies it.
    pub(super) fn on(&self, stream: &Stream) -> Answer {
        let name = self.matcher.label.as_str();
        let value = match stream.labels.get(name) {
            Some(Label::Known(value)) => value.as_str(),
            Some(Label::Unknown) => return unknown(name, stream),
            None if name == DERIVED => return unknown(name, stream),
            None => "",
        };
        match self.value(value) {
            Some(true) => Answer::Yes,
            Some(false) => Answer::No,
            None => Answer::Unknown(format!("`{}` may treat `{value}` in another way in Loki", self.wanted)),
        }
    }

    fn value(&self, value: &str) -> Option<bool> {
        let hit = match &self.regex {
            None => value == self.wanted,
            Some(_) if !value.is_ascii() && ascii_classes(&self.wanted) => return None,
            Some(regex) => regex.is_match(value),
        };
        Some(match self.matcher.op {
            Op::Equal | Op::Match => hit,
            Op::NotEqual | Op::NotMatch => !hit,
        })
    }
}

fn unknown(label: &str, stream: &Stream) -> Answer {
    let by = stream.at.as_ref().map(|at| {
        let line = at.source.position(at.span.start()).line;
        format!(" shipped by {}:{line}", at.source.path)
    });
    let by = by.unwrap_or_default();
    Answer::Unknown(format!("a stream{by} has a label `{label}` whose value the repository does not tell"))
}

/// Compiles `pattern` anchored at both ends.
fn compile(pattern: &str) -> Result<Regex, String> {
    let refused = || format!("the regular expression `{pattern}` cannot be checked");
    if reads_differently(pattern) {
        return Err(refused());
    }
    Regex::new(&format!("^(?:{pattern})$")).map_err(|_| refused())
}

/// Syntax that both engines accept with another meaning: set operations and nested classes (literal in Go),
/// `{,n}` (literal in Go), verbose mode and CRLF mode (refused in Go).
fn reads_differently(pattern: &str) -> bool {
    let flags = pattern.match_indices("(?").any(|(at, _)| {
        pattern[at + 2..].chars().take_while(|c| c.is_ascii_alphabetic() || *c == '-').any(|c| "xRu".contains(c))
    });
    let mut class = false;
    let mut nested = false;
    let mut previous = '\0';
    for c in pattern.chars() {
        match c {
            _ if previous == '\\' => {
                previous = '\0';
                continue;
            }
            '[' if class => nested = true,
            '[' => class = true,
            ']' if !matches!(previous, '[' | '^') => class = false,
            '&' | '~' | '-' if class && previous == c => nested = true,
            _ => {}
        }
        previous = c;
    }
    flags || nested || pattern.contains("{,")
}

/// `\w`, `\d`, `\s`, `\b` and case folding know only ASCII in Go.
fn ascii_classes(pattern: &str) -> bool {
    pattern.contains("(?")
        || ["\\w", "\\W", "\\d", "\\D", "\\s", "\\S", "\\b", "\\B"].iter().any(|class| pattern.contains(class))
}
