//! One blob of the commit under migration.

use std::borrow::Borrow;
use std::fmt;
use std::sync::{Arc, OnceLock};

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
    marks: OnceLock<Vec<Mark>>,
}

/// How many bytes lie between two marks.
const MARKED: usize = 256;

/// How far a byte of a file lies behind its start: whole lines, and characters of its own line.
#[derive(Clone, Copy, Default)]
struct Mark {
    lines: u32,
    characters: u32,
}

impl Mark {
    /// The mark of the byte behind `bytes`, the first of which has this one.
    fn behind(self, bytes: &[u8]) -> Self {
        bytes.iter().fold(self, |mark, byte| match byte {
            b'\n' => Self { lines: mark.lines + 1, characters: 0 },
            // A byte in the middle of a character.
            0x80..=0xbf => mark,
            _ => Self { characters: mark.characters + 1, ..mark },
        })
    }
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
        Self { path: path.into(), mode, id, content, marks: OnceLock::new() }
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

    /// Line and column of a byte offset. The first time takes time linear in the file, each later one next to none, however
    /// long its line. Bytes that are not UTF-8 count as characters of their own only where one could start.
    pub fn position(&self, offset: usize) -> Position {
        let bytes = self.bytes();
        let before = &bytes[..offset.min(bytes.len())];
        let marks = self.marks.get_or_init(|| {
            let next = |mark: &mut Mark, bytes: &[u8]| Some(std::mem::replace(mark, mark.behind(bytes)));
            bytes.chunks(MARKED).chain([&[][..]]).scan(Mark::default(), next).collect()
        });
        let nearest = before.len() / MARKED;
        let mark = marks[nearest].behind(&before[nearest * MARKED..]);
        Position { line: mark.lines as usize + 1, column: mark.characters as usize + 1 }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn source(text: &str) -> Source {
        Source::new("a", 0o100_644, Vec::new(), text.as_bytes().to_vec())
    }

    #[test]
    fn columns_are_characters() {
        let source = source("\u{feff}a\r\né\tx\n");
        let at = |offset| (source.position(offset).line, source.position(offset).column);
        // The mark, `a`, CR and LF; the two bytes of `é`, a tab, `x`, LF; the end and what lies behind it.
        assert_eq!([0, 3, 4, 5].map(at), [(1, 1), (1, 2), (1, 3), (1, 4)]);
        assert_eq!([6, 7, 8, 9, 10].map(at), [(2, 1), (2, 2), (2, 2), (2, 3), (2, 4)]);
        assert_eq!([11, 99].map(at), [(3, 1), (3, 1)]);
    }

    #[test]
    fn a_place_on_a_long_line_is_counted_from_near_by() {
        let source = source(&"x".repeat(1_000_000));
        assert_eq!(source.position(999_999), Position { line: 1, column: 1_000_000 });
        let marks = source.marks.get().unwrap();
        assert!(marks.windows(2).all(|two| two[1].characters - two[0].characters <= MARKED as u32));
    }

    proptest! {
        #[test]
        fn marks_make_no_difference(text in "[a\né\u{1f600}]{0,900}", at in 0usize..3000) {
            let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
            let before = &text[..at];
            let line = before.rsplit('\n').next().unwrap();
            let want = Position { line: before.matches('\n').count() + 1, column: line.chars().count() + 1 };
            prop_assert_eq!(source(&text).position(before.len()), want);
        }
    }
}
