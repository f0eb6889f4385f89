//! The whole lines around a place, as much of them as helps a reviewer.
//!
//! Knows: places, how long is too long. Must not know: plans, any output.

use crate::text::Place;

use super::plain;
use super::review::number;

/// Lines of an excerpt at most.
const MOST_LINES: usize = 12;
/// In a longer line, what is far from the place is cut.
const LONG_LINE: usize = 300;
/// Characters kept of a long line before and after the place.
const AROUND: usize = 80;
/// Of a text that is longer than this, only the beginning is shown.
const LONG_TEXT: usize = 2000;

/// Whole lines around a place in three parts, safe to show. What is far from the place is cut, and said to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// What stands before the place in its first line.
    pub(super) head: String,
    /// The place itself.
    pub(super) text: String,
    /// What stands behind it in its last line.
    pub(super) tail: String,
}

impl Excerpt {
    pub(super) fn of(place: &Place) -> Self {
        let bytes = place.source.bytes();
        let (start, end) = (place.span.start().min(bytes.len()), place.span.end().min(bytes.len()));
        let first = place.source.line_at(start).start().min(start);
        // A span that ends behind a line end does not show the next line.
        let end = if end > start && bytes[end - 1] == b'\n' { end - 1 } else { end };
        let end = if end > start && bytes[end - 1] == b'\r' { end - 1 } else { end };
        let last = place.source.line_at(end).end().max(end);
        let (head, tail) = (shown(&bytes[first..start]), shown(&bytes[end..last]));
        let long = head.chars().count() + tail.chars().count() > LONG_LINE;
        Self {
            head: if long { last_characters(&head) } else { head },
            text: clipped(&shown(&bytes[start..end])),
            tail: if long { first_characters(&tail) } else { tail },
        }
    }

    /// The lines as they are.
    pub(super) fn before(&self) -> String {
        format!("{}{}{}", self.head, self.text, self.tail)
    }

    /// The lines with another text in the place; `None` when nothing is left of them.
    pub(super) fn after(&self, proposed: &str) -> Option<String> {
        let after = format!("{}{}{}", self.head, clipped(&plain::text(proposed)), self.tail);
        (!after.trim().is_empty()).then_some(after)
    }
}

fn shown(bytes: &[u8]) -> String {
    plain::bytes(bytes).replace("␍\n", "\n")
}

/// At most [`MOST_LINES`] lines and [`LONG_TEXT`] characters of a safe text, with a word on what is left out.
pub(super) fn clipped(text: &str) -> String {
    let count = text.lines().count();
    let text = if count > MOST_LINES {
        let kept: Vec<_> = text.lines().take(MOST_LINES).collect();
        format!("{}\n… {}", kept.join("\n"), number(count - MOST_LINES, "more line", "more lines"))
    } else {
        text.to_owned()
    };
    let length = text.chars().count();
    if length <= LONG_TEXT {
        return text;
    }
    let kept: String = text.chars().take(LONG_TEXT).collect();
    format!("{kept}… {} more characters", length - LONG_TEXT)
}

fn first_characters(text: &str) -> String {
    let count = text.chars().count();
    if count <= AROUND { text.to_owned() } else { text.chars().take(AROUND).chain(['…']).collect() }
}

fn last_characters(text: &str) -> String {
    let count = text.chars().count();
    if count <= AROUND {
        text.to_owned()
    } else {
        std::iter::once('…').chain(text.chars().skip(count - AROUND)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::file;
    use super::*;
    use crate::text::Span;

    fn excerpt(bytes: &[u8], start: usize, end: usize) -> Excerpt {
        Excerpt::of(&Place::new(&file("f", bytes), Span::new(start, end)))
    }

    #[test]
    fn an_excerpt_is_whole_lines_without_line_ends() {
        let one = excerpt(b"a: 1\r\n  b: job\r\nc: 3\r\n", 11, 14);
        assert_eq!((one.before(), one.after("service")), ("  b: job".into(), Some("  b: service".into())));
        let lines = excerpt(b"a: 1\nb: 2\nc: 3\n", 3, 10);
        assert_eq!(lines.before(), "a: 1\nb: 2");
        assert_eq!(excerpt(b"a\nb\n", 2, 4).after(""), None);
        assert_eq!(excerpt(b"", 0, 0).before(), "");
    }

    #[test]
    fn a_long_line_shows_the_place_and_what_is_near() {
        let line = format!("{}job{}", "é".repeat(5000), "y".repeat(5000));
        let one = excerpt(line.as_bytes(), 10_000, 10_003);
        assert_eq!(one.text, "job");
        assert_eq!((one.head.chars().count(), one.tail.chars().count()), (81, 81));
        assert!(one.head.starts_with('…') && one.tail.ends_with('…'));
    }

    #[test]
    fn a_long_place_says_what_is_left_out() {
        let many = "k: v\n".repeat(20);
        assert!(excerpt(many.as_bytes(), 0, many.len()).before().ends_with("k: v\n… 8 more lines"));
        assert!(clipped(&"x".repeat(2001)).ends_with("x… 1 more characters"));
    }

    #[test]
    fn any_bytes_can_be_shown() {
        assert_eq!(excerpt(b"a\xff\x1b[2Jb\n", 1, 2).before(), "a\\xff␛[2Jb");
        assert_eq!(excerpt(b"\xf0\x9f", 1, 9).before(), "\\xf0\\x9f");
    }
}
