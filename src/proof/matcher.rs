//! One matcher of a selector and what it says about a stream.
//!
//! Knows: the four matcher types, that a missing label equals `""`, that `=~` is anchored at both ends
//! (label-surface 1.2), which regular expressions mean the same here and in Loki. Must not know: where a matcher is
//! written.

use std::sync::Arc;

use regex::Regex;

use crate::patterns;

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
    /// The text, as meant or, with a variable in it, as written.
    pub fn text(&self) -> &str {
        match self {
            Self::Known(text) | Self::Variable(text) => text,
        }
    }

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

    /// `label="a"`, or `label=~"a|b"` for several values.
    pub fn one_of(label: &str, values: &[&str]) -> Self {
        match values {
            [one] => Self::new(label, Op::Equal, one),
            many => {
                let escaped: Vec<String> = many.iter().map(|one| patterns::escaped(one)).collect();
                Self::new(label, Op::Match, &escaped.join("|"))
            }
        }
    }

    /// Whether it leaves something out rather than asking for it: `!=`, `!~`.
    pub fn is_negative(&self) -> bool {
        matches!(self.op, Op::NotEqual | Op::NotMatch)
    }

    /// The opposite question.
    #[must_use]
    pub fn flipped(&self) -> Self {
        let op = match self.op {
            Op::Equal => Op::NotEqual,
            Op::NotEqual => Op::Equal,
            Op::Match => Op::NotMatch,
            Op::NotMatch => Op::Match,
        };
        Self { op, ..self.clone() }
    }

    /// The names of a list of alternatives (`kairos|angelia`), or the one name of an equality. `None` for a pattern,
    /// and where a variable fills in the value.
    pub fn names(&self) -> Option<Vec<&str>> {
        let value = self.value.known()?;
        match self.op {
            Op::Equal | Op::NotEqual => Some(vec![value]),
            Op::Match | Op::NotMatch => patterns::alternatives(value),
        }
    }

    /// Whether a label with this value (`""`: absent) satisfies it. `None` when that cannot be told: the value holds
    /// a variable, or the regular expression is not one that is read the same way here and in Loki.
    pub fn accepts(&self, value: &str) -> Option<bool> {
        self.value.known()?;
        Test::new(self).ok()?.value(value)
    }
}

/// A matcher made ready to be asked many times.
pub(super) struct Test<'m> {
    matcher: &'m Matcher,
    wanted: Wanted<'m>,
}

enum Wanted<'m> {
    /// One of these, as they stand.
    OneOf(Vec<&'m str>),
    Pattern(&'m str, Arc<Regex>),
}

impl<'m> Test<'m> {
    /// Compiles the matcher, whose value must be known.
    pub(super) fn new(matcher: &'m Matcher) -> Result<Self, String> {
        let value = matcher.value.known().unwrap_or_default();
        let wanted = match matcher.names() {
            Some(names) => Wanted::OneOf(names),
            None => Wanted::Pattern(value, compile(value)?),
        };
        Ok(Self { matcher, wanted })
    }

    /// Whether a label with this value satisfies it; `None` when Loki may treat the value in another way.
    pub(super) fn value(&self, value: &str) -> Option<bool> {
        let hit = match &self.wanted {
            Wanted::OneOf(names) => names.contains(&value),
            Wanted::Pattern(pattern, _) if !value.is_ascii() && ascii_classes(pattern) => return None,
            Wanted::Pattern(_, regex) => regex.is_match(value),
        };
        Some(hit != self.matcher.is_negative())
    }

    /// The values it names, where that is all it does: of each of them it says the same, of any other the opposite.
    pub(super) fn names(&self) -> Option<&[&'m str]> {
        match &self.wanted {
            Wanted::OneOf(names) => Some(names),
            Wanted::Pattern(..) => None,
        }
    }

    /// Whether it can be told of every value.
    pub(super) fn is_sure(&self) -> bool {
        match &self.wanted {
            Wanted::OneOf(_) => true,
            Wanted::Pattern(pattern, _) => !ascii_classes(pattern),
        }
    }
}

/// Compiles `pattern` anchored at both ends.
fn compile(pattern: &str) -> Result<Arc<Regex>, String> {
    let refused = || format!("the regular expression `{pattern}` cannot be checked");
    if reads_differently(pattern) {
        return Err(refused());
    }
    patterns::compiled(&format!("^(?:{pattern})$")).ok_or_else(refused)
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
