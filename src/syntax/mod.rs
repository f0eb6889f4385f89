//! Readers: where things are in a text.
//!
//! Knows: the grammars of Jinja, YAML, JSON, Alloy, `LogQL`, Go templates and URLs, and byte offsets. Must not know:
//! what any of it means for a migration. Nothing here prints a format back, panics on input, recurses without a
//! bound or takes more than linear time.

pub mod alloy;
pub mod go_template;
pub mod jinja;
pub mod json;
pub mod logql;
pub mod tree;
pub mod yaml;

use crate::text::Span;

/// Why a text cannot be read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Bytes of the text that was read.
    pub span: Span,
    /// What was expected or found, one sentence part without full stop.
    pub message: String,
}

impl SyntaxError {
    /// An error at `span`.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into() }
    }
}

impl std::fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at byte {}", self.message, self.span.start())
    }
}

impl std::error::Error for SyntaxError {}

/// How deep any reader follows nesting before it gives up with a [`SyntaxError`].
pub const DEEPEST: usize = 512;
