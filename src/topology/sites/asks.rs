//! Which moves a query can be concerned by, going by its text alone.
//!
//! Knows: the labels a move changes, and selectors that name jobs one by one. Must not know: streams, or which job moves.
//! Most queries of a repository are about one service: whoever moves another can pass them over.

use crate::patterns;
use crate::syntax::SyntaxError;
use crate::syntax::logql::{self, MatchOp};

use super::{Site, SiteKind};
use crate::topology::NEW;

/// What can concern a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asks {
    /// No move at all: it names no label that a move changes.
    Nothing,
    /// A move of one of these jobs, or one that gives them streams: each selector asks for `job` by name, and for no
    /// label that a stream has only after a move.
    Jobs(Vec<String>),
    /// Any move.
    Any,
}

impl Asks {
    /// What `query` asks for.
    pub fn of(query: &logql::Query<'_>) -> Self {
        let mut jobs = Vec::new();
        for (_, log) in query.logs() {
            let Some(selector) = log.selector.as_ref().filter(|selector| !selector.placeholder) else {
                return Self::Any;
            };
            let before = jobs.len();
            for one in query.matchers(selector) {
                if NEW.contains(&one.name.text) {
                    return Self::Any;
                }
                if one.name.text == "job" {
                    let Some(names) = names(one) else { return Self::Any };
                    jobs.extend(names);
                }
            }
            if jobs.len() == before {
                return Self::Any;
            }
        }
        Self::Jobs(jobs)
    }
}

/// The jobs that a comparison asks for by name.
fn names(one: &logql::Matcher<'_>) -> Option<Vec<String>> {
    let value = &*one.value.value;
    if one.value.placeholder || value.is_empty() || value.contains("{{") || value.contains("{%") {
        return None;
    }
    match one.op {
        MatchOp::Equal => Some(vec![value.to_owned()]),
        MatchOp::Regex => Some(patterns::alternatives(value)?.into_iter().map(str::to_owned).collect()),
        MatchOp::NotEqual | MatchOp::NotRegex => None,
    }
}

impl Site {
    /// What is known of the moves that concern it, or why it is no `LogQL`; `None` while nobody has read it as such.
    pub fn asks(&self) -> Option<Result<&Asks, &SyntaxError>> {
        self.asks.get().map(Result::as_ref)
    }

    /// The same, now that somebody has.
    ///
    /// # Errors
    /// It is no `LogQL`.
    pub fn asks_as(&self, read: &Result<logql::Query<'_>, SyntaxError>) -> Result<&Asks, &SyntaxError> {
        self.asks.get_or_init(|| read.as_ref().map(Asks::of).map_err(Clone::clone)).as_ref()
    }

    /// Whether a move can concern it: it names `job`, or is a variable or filter on it.
    pub fn matters(&self) -> bool {
        let text = self.query.of(self.view.text());
        let matters = || {
            text.contains("job")
                || self.kind == SiteKind::Variable
                || self.kind != SiteKind::AdHoc && {
                    // A field of the line that collides with a new label.
                    NEW[..3].iter().any(|label| text.contains(label))
                }
        };
        match self.asks() {
            Some(asks) => asks != Ok(&Asks::Nothing),
            None if matters() => true,
            None => {
                self.asks.get_or_init(|| Ok(Asks::Nothing));
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_query_asks_for() {
        let asks = |text: &str| Asks::of(&logql::read(text).unwrap());
        let jobs = |names: &[&str]| Asks::Jobs(names.iter().map(|&name| name.to_owned()).collect());
        assert_eq!(asks(r#"{job="a", hostname=~"$host"} | json | service="x""#), jobs(&["a"]));
        assert_eq!(asks(r#"rate({job=~"a|b"}[5m]) / rate({job="c", level!="x"}[5m])"#), jobs(&["a", "b", "c"]));
        for text in [
            r#"{job="$job"}"#,
            r#"{job=~"a.*"}"#,
            r#"{job="", hostname="a"}"#,
            r#"{job!="a", hostname="a"}"#,
            r#"{job="a", job!="b"}"#,
            r#"{job="a", service="b"}"#,
            r#"{job="a", service_name="b"}"#,
            r#"{hostname="a"}"#,
            r#"{job="{{ x }}"}"#,
            r#"rate({job="a"}[5m]) / rate({hostname="b"}[5m])"#,
            "$logs | json",
        ] {
            assert_eq!(asks(text), Asks::Any, "{text}");
        }
    }
}
