//! How far a proposed text can be taken as it is.
//!
//! Knows: what was known where the text was made, and who reads the place. Must not know: how a text is made or shown. This is
//! the one place that decides.

use super::Finding;
use crate::text::{Place, Source};

/// How far a proposed text can be taken as it is. Ordered: the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trust {
    /// It says what is so after the move, and nothing but people reads it.
    Safe,
    /// It can stand there; whether it is meant is for a person to say.
    ToCheck,
    /// It says what to write and cannot stand there itself.
    ShownOnly,
}

impl Trust {
    /// One word for tools.
    pub fn word(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::ToCheck => "to-check",
            Self::ShownOnly => "shown-only",
        }
    }

    /// The same for people.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::ToCheck => "to check",
            Self::ShownOnly => "shown only",
        }
    }
}

/// What is known of a text where it is proposed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ground {
    /// It says after the move what the text there says before it.
    Same,
    /// It fits in, byte for byte, as it would be written there.
    Fits,
    /// It stands for an entry beside, or is not in the notation of the file.
    #[default]
    Sketch,
}

impl Finding {
    /// How far the proposed text can be taken; `None` without one.
    pub fn trust(&self) -> Option<Trust> {
        let at = self.proposed.as_ref().map(|_| self.at.as_ref())?;
        Some(match (self.ground, at) {
            (Ground::Sketch, _) | (_, None) => Trust::ShownOnly,
            (Ground::Same, Some(at)) if is_prose(at) => Trust::Safe,
            (Ground::Same | Ground::Fits, Some(_)) => Trust::ToCheck,
        })
    }

    /// Whether there is a text that can stand in the place.
    pub fn can_be_taken(&self) -> bool {
        self.trust().is_some_and(|trust| trust != Trust::ShownOnly)
    }
}

/// Whether a file is prose.
pub fn is_document(source: &Source) -> bool {
    [".md", ".rst", ".adoc", ".txt"].iter().any(|suffix| source.path.name().ends_with(suffix))
}

/// Whether only people read a place: in a document, in a comment.
fn is_prose(at: &Place) -> bool {
    let line = at.source.line_at(at.span.start());
    let is_comment = |text: &str| ["#", "//", "{#"].iter().any(|mark| text.trim_start().starts_with(mark));
    is_document(&at.source) || line.contains(at.span) && (is_comment(at.source.slice(line)) || is_comment(at.text()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::finding::Level;
    use crate::text::Span;

    fn at(path: &str, text: &str) -> Finding {
        let source = Arc::new(Source::new(path, 0o100_644, Vec::new(), text.into()));
        let start = text.find('x').unwrap();
        Finding::new(Level::Review, "a/b", "m").at(Place::new(&source, Span::new(start, start + 1)))
    }

    #[test]
    fn only_what_says_the_same_to_people_is_safe() {
        for (path, text, trust) in [
            ("a.md", "x", Trust::Safe),
            ("a.sh", "  # x\n", Trust::Safe),
            ("a.yml.j2", "a\n{# x #}\n", Trust::Safe),
            ("a.sh", "x # y\n", Trust::ToCheck),
            ("a.json", "\"x\"\n", Trust::ToCheck),
        ] {
            assert_eq!(at(path, text).fixing("y").trust(), Some(trust), "{path}: {text}");
            assert_eq!(at(path, text).proposing("y").trust(), Some(Trust::ToCheck), "{path}: {text}");
            assert_eq!(at(path, text).showing("y").trust(), Some(Trust::ShownOnly), "{path}: {text}");
            assert_eq!(at(path, text).trust(), None);
        }
        assert_eq!(Finding::new(Level::Review, "a/b", "m").fixing("y").trust(), Some(Trust::ShownOnly));
    }
}
