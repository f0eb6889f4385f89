//! One blob of the commit under migration.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use super::Span;

/// Path of a file inside the repository: `/`-separated, relative, UTF-8. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoPath(Arc<str>);

impl RepoPath {
    /// The path as written in the tree.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Last segment.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// Folder the file lies in, without a trailing `/`; empty at the root.
    pub fn folder(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Segments from the root to the file name.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }
}

impl From<&str> for RepoPath {
    fn from(path: &str) -> Self {
        Self(path.into())
    }
}

impl Borrow<str> for RepoPath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a byte stands, for people: both numbers 1-based, the column counted in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// 1-based line.
    pub line: usize,
    /// 1-based column, in characters.
    pub column: usize,
}

/// One regular file of the commit: path, git mode, blob id and the bytes exactly as stored.
pub struct Source {
    /// Where it lies.
    pub path: RepoPath,
    /// Git file mode (`0o100644` or `0o100755`); kept as it is when the file is rewritten.
    pub mode: u32,
    /// Hash of the blob (SHA-1 or SHA-256 bytes, as git gives them).
    pub id: Vec<u8>,
    content: Content,
}

/// The bytes of a file. What was checked once to be text need not be checked again at each look.
enum Content {
    Text(String),
    Other(Vec<u8>),
}

impl Source {
    /// A file with these bytes.
    pub fn new(path: impl Into<RepoPath>, mode: u32, id: Vec<u8>, bytes: Vec<u8>) -> Self {
        let content = String::from_utf8(bytes).map_or_else(|error| Content::Other(error.into_bytes()), Content::Text);
        Self { path: path.into(), mode, id, content }
    }

    /// The stored bytes.
    pub fn bytes(&self) -> &[u8] {
        match &self.content {
            Content::Text(text) => text.as_bytes(),
            Content::Other(bytes) => bytes,
        }
    }

    /// The bytes as text (a BOM is part of it), or `None` when they are not UTF-8; such a file is never edited.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            Content::Other(_) => None,
        }
    }

    /// The text of `span`; empty when it does not fit or is not UTF-8.
    pub fn slice(&self, span: Span) -> &str {
        match &self.content {
            Content::Text(text) => text.get(span.range()).unwrap_or(""),
            Content::Other(bytes) => {
                bytes.get(span.range()).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or("")
            }
        }
    }

    /// Line and column of a byte offset. Takes time linear in the offset: for reports, not for loops.
    pub fn position(&self, offset: usize) -> Position {
        let before = &self.bytes()[..offset.min(self.bytes().len())];
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        let column = String::from_utf8_lossy(&before[line_start..]).chars().count() + 1;
        Position { line, column }
    }

    /// The whole line that holds `offset`, without its line end.
    pub fn line_at(&self, offset: usize) -> Span {
        let bytes = self.bytes();
        let offset = offset.min(bytes.len());
        let start = memchr::memrchr(b'\n', &bytes[..offset]).map_or(0, |at| at + 1);
        let end = memchr::memchr(b'\n', &bytes[offset..]).map_or(bytes.len(), |at| offset + at);
        let end = if end > start && bytes[end - 1] == b'\r' { end - 1 } else { end };
        Span::new(start, end)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.path, self.bytes().len())
    }
}
