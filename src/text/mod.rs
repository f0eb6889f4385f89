//! Bytes of one file and changes to them.
//!
//! Knows: spans, sources, edits, decoded views. Must not know: any format, any meaning, git, the file system.
//! A file is only ever changed by [`Edits`]: replacements of spans of the *original* bytes, so whatever no edit
//! names (indentation, comments, quotes, CRLF, BOM, a missing last newline) survives because nobody touches it.

mod comments;
mod edit;
mod encode;
pub mod lines;
mod source;
mod span;
mod view;

pub use comments::{Owner, Style};
pub use edit::{Clash, Edit, Edits, Place, Why};
pub use encode::{Encoding, json_escape};
pub use source::{Position, RepoPath, Source};
pub use span::Span;
pub use view::{NotEncodable, View};
