//! Filters: on the line, and on labels.
//!
//! Knows: what passes. Must not know: where in a pipeline a filter stands.

use std::sync::Arc;

use super::answer::Failure;
use super::ip::Wanted;
use super::labels::Entry;
use super::number;
use super::pattern::Pattern;
use super::regex;
use super::simplify::{Shortcut, shortcut};
use crate::syntax::logql::{
    self, Filter, FilterId, FilterKind, FilterOp, FilterValue, LineOp, LineText, MatchOp, Query,
};

/// What a text is asked.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Equals(String),
    Contains(String),
    Short(Shortcut),
    Regex(Arc<::regex::Regex>),
    Pattern(Arc<Pattern>),
    Ip(Wanted),
}

impl Test {
    fn holds(&self, text: &str) -> bool {
        match self {
            Self::Equals(wanted) => text == wanted,
            Self::Contains(wanted) => text.contains(wanted.as_str()),
            Self::Short(shortcut) => shortcut.holds(text),
            Self::Regex(regex) => regex.is_match(text),
            Self::Pattern(pattern) => pattern.finds(text),
            Self::Ip(wanted) => wanted.finds(text),
        }
    }

    /// A regular expression, or what Loki takes for it. `label`: it has to match the whole value.
    fn regex(pattern: &str, label: bool) -> Result<Self, Failure> {
        if !logql::is_regex(pattern) {
            return Err(Failure::Parse(format!("invalid regular expression {pattern}")));
        }
        let unnamed = pattern.replace("(?P<", "(?<");
        let unnamed = unnamed.split("(?<").enumerate().map(|(at, part)| {
            let inner = if at == 0 { None } else { part.split_once('>') };
            inner.map_or_else(|| part.to_owned(), |(_, inner)| format!("({inner}"))
        });
        let pattern_only: String = unnamed.collect();
        let compiled = regex::compiled(&if label { format!("^(?:{pattern_only})$") } else { pattern_only })?;
        Ok(shortcut(pattern, label).map_or(Self::Regex(compiled), Self::Short))
    }
}

/// `|= "a" or "b"`.
#[derive(Clone, Debug)]
pub(super) struct LineFilter {
    tests: Vec<Test>,
    negative: bool,
}

impl LineFilter {
    pub(super) fn of(op: LineOp, texts: &[LineText<'_>]) -> Result<Self, Failure> {
        let negative = matches!(op, LineOp::NotContains | LineOp::NotRegex | LineOp::NotPattern);
        let contains = matches!(op, LineOp::Contains | LineOp::NotContains);
        // An address beside a text is asked for as a text, unless everything is refused: Loki's own way.
        let first_ip = texts.first().is_some_and(|text| text.ip);
        let mut tests = Vec::new();
        for (at, text) in texts.iter().enumerate() {
            let value: &str = &text.text.value;
            if text.ip && !contains {
                return Err(Failure::Parse("ip: invalid operation".to_owned()));
            }
            let wanted = if text.ip { Some(address(value)?) } else { None };
            let alone = texts.len() == 1 || negative;
            tests.push(match (op, wanted) {
                (_, Some(wanted)) if alone => Test::Ip(wanted),
                (_, Some(_)) if !first_ip && at + 1 < texts.len() => continue,
                (LineOp::Contains | LineOp::NotContains, _) => Test::Contains(value.to_owned()),
                (LineOp::Regex | LineOp::NotRegex, _) => Test::regex(value, false)?,
                (LineOp::Pattern | LineOp::NotPattern, _) => {
                    let pattern = Pattern::read(value);
                    if pattern.has_names() || pattern.has_neighbours() {
                        return Err(Failure::Parse(format!("named captures are not allowed: {value}")));
                    }
                    Test::Pattern(Arc::new(pattern))
                }
            });
        }
        Ok(Self { tests, negative })
    }

    pub(super) fn passes(&self, line: &str) -> bool {
        self.tests.iter().any(|test| test.holds(line)) != self.negative
    }
}

fn address(text: &str) -> Result<Wanted, Failure> {
    Wanted::read(text).ok_or_else(|| Failure::Parse(format!("ip: invalid pattern: {text}")))
}

/// What a label filter compares a value with.
#[derive(Clone, Debug)]
enum Compared {
    Text(Test),
    Number(f64),
    Duration(f64),
    Bytes(f64),
    Ip(Wanted),
}

/// A label filter.
#[derive(Clone, Debug)]
pub(super) enum LabelFilter {
    Compare { name: String, op: FilterOp, with: Box<CompareWith> },
    All(Box<LabelFilter>, Box<LabelFilter>),
    Any(Box<LabelFilter>, Box<LabelFilter>),
}

/// What a comparison is made with.
#[derive(Clone, Debug)]
pub(super) struct CompareWith(Compared);

/// How deep filters may nest.
const DEEPEST: usize = 200;

impl LabelFilter {
    pub(super) fn of(query: &Query<'_>, id: FilterId) -> Result<Self, Failure> {
        Self::nested(query, query.filter(id), 0)
    }

    fn nested(query: &Query<'_>, filter: &Filter<'_>, depth: usize) -> Result<Self, Failure> {
        if depth > DEEPEST {
            return Err(Failure::Unsupported("label filters nested this deep"));
        }
        match &filter.kind {
            FilterKind::Join { or, left, right } => {
                let left = Box::new(Self::nested(query, query.filter(*left), depth + 1)?);
                let right = Box::new(Self::nested(query, query.filter(*right), depth + 1)?);
                Ok(if *or { Self::Any(left, right) } else { Self::All(left, right) })
            }
            FilterKind::Compare { name, op, value, .. } => {
                let with = Box::new(CompareWith(compared(query, *op, value)?));
                Ok(Self::Compare { name: name.text.to_owned(), op: *op, with })
            }
            FilterKind::Placeholder => Err(Failure::Unsupported("a variable in the place of a label filter")),
        }
    }

    /// The label, where one comparison alone is made.
    pub(super) fn alone(&self) -> Option<&str> {
        match self {
            Self::Compare { name, .. } => Some(name),
            Self::All(..) | Self::Any(..) => None,
        }
    }

    /// The labels that are compared.
    pub(super) fn names(&self) -> Vec<String> {
        match self {
            Self::Compare { name, .. } => vec![name.clone()],
            Self::All(left, right) | Self::Any(left, right) => [left.names(), right.names()].concat(),
        }
    }

    /// Whether the line passes; a value that cannot be compared marks it with an error instead of holding it back.
    pub(super) fn passes(&self, entry: &mut Entry<'_>) -> bool {
        match self {
            Self::All(left, right) => {
                let (left, right) = (left.passes(entry), right.passes(entry));
                left && right
            }
            Self::Any(left, right) => left.passes(entry) || right.passes(entry),
            Self::Compare { name, op, with } => with.0.passes(entry, name, *op),
        }
    }
}

fn compared(query: &Query<'_>, op: FilterOp, value: &FilterValue<'_>) -> Result<Compared, Failure> {
    let regex = matches!(op, FilterOp::Regex | FilterOp::NotRegex);
    Ok(match value {
        FilterValue::Text(text) if text.placeholder => return Err(Failure::Unsupported("a variable")),
        FilterValue::Text(text) if regex => Compared::Text(Test::regex(&text.value, true)?),
        FilterValue::Text(text) => Compared::Text(Test::Equals(text.value.clone().into_owned())),
        FilterValue::Ip(text) => Compared::Ip(address(&text.value)?),
        FilterValue::Number(span) => Compared::Number(number::literal(span.of(query.text()))),
        FilterValue::Duration(span) => {
            Compared::Duration(number::long_duration(span.of(query.text())).unwrap_or_default())
        }
        FilterValue::Bytes(span) => Compared::Bytes(number::bytes(span.of(query.text())).unwrap_or_default()),
    })
}

impl Compared {
    fn passes(&self, entry: &mut Entry<'_>, name: &str, op: FilterOp) -> bool {
        let negative = matches!(op, FilterOp::NotEqual | FilterOp::NotRegex);
        if let Self::Text(test) = self {
            // What holds of anything holds of a label that is not there.
            let value = entry.get(name).unwrap_or("");
            return test.holds(value) != negative;
        }
        let Some(value) = entry.get(name) else { return false };
        let (read, wanted) = match self {
            Self::Ip(wanted) => return wanted.finds(value) != negative,
            Self::Number(wanted) => (number::float(value), *wanted),
            Self::Duration(wanted) => (number::duration(value), *wanted),
            Self::Bytes(wanted) => (number::bytes(value), *wanted),
            Self::Text(_) => return true,
        };
        let Some(value) = read else {
            let value = value.to_owned();
            entry.fail("LabelFilterErr", &value);
            return true;
        };
        match op {
            FilterOp::Equal | FilterOp::Regex => value == wanted,
            FilterOp::NotEqual | FilterOp::NotRegex => value != wanted,
            FilterOp::Greater => value > wanted,
            FilterOp::GreaterEqual => value >= wanted,
            FilterOp::Less => value < wanted,
            FilterOp::LessEqual => value <= wanted,
        }
    }
}

/// A condition on one label of a stream: a matcher of a selector, or of `keep` and `drop`.
#[derive(Clone, Debug)]
pub(super) struct Matcher {
    /// The label.
    pub(super) name: String,
    test: Test,
    negative: bool,
}

impl Matcher {
    pub(super) fn of(name: &str, op: MatchOp, value: &str) -> Result<Self, Failure> {
        let test = match op {
            MatchOp::Equal | MatchOp::NotEqual => Test::Equals(value.to_owned()),
            MatchOp::Regex | MatchOp::NotRegex => Test::Regex(regex::whole(value)?),
        };
        Ok(Self { name: name.to_owned(), test, negative: matches!(op, MatchOp::NotEqual | MatchOp::NotRegex) })
    }

    pub(super) fn takes(&self, value: &str) -> bool {
        self.test.holds(value) != self.negative
    }
}
