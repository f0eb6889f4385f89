//! What the user is told about a place the program did not, or not only, edit. The one finding type.

mod id;
mod trust;

use crate::rule;
use crate::text::Place;

pub use id::{hash, name};
pub use trust::{Ground, Trust, is_document};

/// How much a finding matters. Ordered: the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The service is not migrated; nothing of it is written.
    Blocked,
    /// This site was left as it was; a person has to decide.
    Review,
    /// Worth knowing, nothing to do now.
    Note,
}

impl Level {
    /// The word used in every output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Review => "decide",
            Self::Note => "note",
        }
    }
}

/// One thing the user is told.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Its short name, the same in every output and the next run; empty until a plan holds it.
    pub id: String,
    /// How much it matters.
    pub level: Level,
    /// Rule id `<artefact>/<sentence>`, as in `rewrites/<artefact>/rule.yaml`.
    pub rule: &'static str,
    /// Where, if it is about a place in a file.
    pub at: Option<Place>,
    /// What was found and why it was left, one or two sentences.
    pub message: String,
    /// The text proposed in place of the text at `at`, when there is one.
    pub proposed: Option<String>,
    /// What is known of that text; [`Finding::trust`] says what follows from it.
    pub ground: Ground,
    /// What the user can do about it.
    pub hint: Option<String>,
}

impl Finding {
    /// A finding without place, proposal or hint.
    pub fn new(level: Level, rule: &'static str, message: impl Into<String>) -> Self {
        Self {
            id: String::new(),
            level,
            rule,
            at: None,
            message: message.into(),
            proposed: None,
            ground: Ground::default(),
            hint: None,
        }
    }

    /// A finding whose sentence and hint stand in the rule file (`crate::rule`), with `values` filled in.
    pub fn told(level: Level, rule: &'static str, values: &[(&str, &str)], at: Option<Place>) -> Self {
        Self { at, hint: rule::hint(rule, values), ..Self::new(level, rule, rule::say(rule, values)) }
    }

    /// Whether it says what the plan takes for granted.
    pub fn is_assumption(&self) -> bool {
        self.rule.starts_with("assumed/")
    }

    /// The same, about this place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.at = Some(place);
        self
    }

    /// The same, with a text that could stand there instead, as it would be written.
    #[must_use]
    pub fn proposing(self, text: impl Into<String>) -> Self {
        Self { proposed: Some(text.into()), ground: Ground::Fits, ..self }
    }

    /// The same, with a text that says there after the move what is said before it.
    #[must_use]
    pub fn fixing(self, text: impl Into<String>) -> Self {
        Self { ground: Ground::Same, ..self.proposing(text) }
    }

    /// The same, with a text that says what to write and cannot stand there itself.
    #[must_use]
    pub fn showing(self, text: impl Into<String>) -> Self {
        Self { ground: Ground::Sketch, ..self.proposing(text) }
    }

    /// The same, with a way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
