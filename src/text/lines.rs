//! Whole lines: what to remove so that no torn line, orphaned comment or doubled blank line stays behind.
//!
//! Knows: lines, indentation, line ends (LF and CRLF). Must not know: any format; what a comment looks like is asked.

use super::{Owner, Span};

/// The bytes to remove when the node at `node` goes (real-world V9, A5).
///
/// From the start of its first line to the end of its last, line end included, with a comment behind it on that line
/// and the comments above it that are its own (see [`Owner`]). Where blank lines (or a border of the file)
/// stand on both sides, one of them goes too. When the last line of a file without final line end goes, the line end
/// before it goes instead, so the file still has none. A byte order mark stays.
///
/// If anything else stands on these lines, the answer is `node` itself.
pub fn whole_lines(text: &str, node: Span, owner: &Owner) -> Span {
    own_lines(text, node, owner).unwrap_or(node)
}

/// Exactly the lines of a node, last line end included, without anything around them; `None` when the node shares them
/// with something else.
pub fn bare_lines(text: &str, node: Span) -> Option<Span> {
    let start = line_start(text, node.start());
    let end = if text.get(..node.end())?.ends_with('\n') { node.end() } else { next_line(text, node.end()) };
    let around = [text.get(start..node.start())?, text.get(node.end()..end)?];
    around.iter().all(|part| is_blank(part)).then(|| Span::new(start, end))
}

/// Start of the line after the one that holds `offset`; the end of the text when there is none.
pub fn next_line(text: &str, offset: usize) -> usize {
    let offset = offset.min(text.len());
    memchr::memchr(b'\n', &text.as_bytes()[offset..]).map_or(text.len(), |at| offset + at + 1)
}

/// The first place of a character at `offset` or before it; the end of the text where there is none.
pub fn floor(text: &str, offset: usize) -> usize {
    (0..=offset.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// The blanks at the start of the line that holds `offset`.
pub fn indent(text: &str, offset: usize) -> &str {
    let start = line_start(text, offset.min(text.len()));
    indent_of(text.get(start..).unwrap_or_default())
}

/// The line end a text uses, by its first line.
pub fn eol(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// As [`whole_lines`], but `None` when the node shares its lines with something else.
pub fn own_lines(text: &str, node: Span, owner: &Owner) -> Option<Span> {
    let (before, after) = (text.get(..node.start())?, text.get(node.end()..)?);
    let first = line_start(text, before.len());
    let indent = &before[first..];
    // A node that ends with a line end (a YAML block scalar) holds its last line whole.
    let finished = !node.is_empty() && text[..node.end()].ends_with('\n');
    let rest = if finished { "" } else { &after[..memchr::memchr(b'\n', after.as_bytes()).unwrap_or(after.len())] };
    if !is_blank(indent) || !(is_blank(rest) || owner.style().is_comment(trim(rest))) {
        return None;
    }
    let end = if finished { node.end() } else { (node.end() + rest.len() + 1).min(text.len()) };
    Some(close_gap(text, owner.extent(text, Span::new(first, end))))
}

/// The bytes of `lines`, which are whole lines, with one more blank line where both neighbours are blank, and with
/// the line end before them in place of the one that is missing behind them.
fn close_gap(text: &str, lines: Span) -> Span {
    let (mut start, mut end) = (lines.start(), lines.end());
    let above = line_before(text, start);
    let above_is_blank = above.is_none_or(|above| is_blank(&text[above..start]));
    let unfinished = end == text.len() && !text.ends_with('\n');
    if end == text.len() {
        if let Some(above) = above.filter(|_| above_is_blank) {
            start = above;
        }
        if unfinished && line_before(text, start).is_some() {
            start -= if text[..start].ends_with("\r\n") { 2 } else { 1 };
        }
    } else if above_is_blank {
        let below = memchr::memchr(b'\n', &text.as_bytes()[end..]).map_or(text.len(), |len| end + len + 1);
        if is_blank(&text[end..below]) {
            end = below;
        }
    }
    Span::new(start, end)
}

/// Start of the line that holds `offset`; behind a byte order mark in the first one.
fn line_start(text: &str, offset: usize) -> usize {
    match memchr::memrchr(b'\n', &text.as_bytes()[..offset]) {
        Some(at) => at + 1,
        None if text.starts_with('\u{feff}') => '\u{feff}'.len_utf8().min(offset),
        None => 0,
    }
}

/// Start of the line above the one that starts at `start`.
pub(super) fn line_before(text: &str, start: usize) -> Option<usize> {
    let end = start.checked_sub(1).filter(|&end| text.as_bytes()[end] == b'\n')?;
    Some(line_start(text, end))
}

pub(super) fn is_blank(line: &str) -> bool {
    trim(line).is_empty()
}

pub(super) fn trim(line: &str) -> &str {
    line.trim_matches([' ', '\t', '\r', '\n'])
}

pub(super) fn indent_of(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Style;
    use proptest::prelude::*;

    /// Removes the node marked by `«…»`, which are taken out of the text first.
    fn removed(marked: &str) -> String {
        let start = marked.find('«').unwrap();
        let end = marked.find('»').unwrap() - '«'.len_utf8();
        let text = marked.replace(['«', '»'], "");
        let span = whole_lines(&text, Span::new(start, end), &Owner::new(Style::Hash));
        format!("{}{}", &text[..span.start()], &text[span.end()..])
    }

    #[test]
    fn takes_the_line_with_its_indentation_and_its_trailing_comment() {
        assert_eq!(removed("a: 1\n  «b: 2»  # two\nc: 3\n"), "a: 1\nc: 3\n");
        assert_eq!(removed("a: 1\n  «b:\n    - 2»\t\nc: 3\n"), "a: 1\nc: 3\n");
        assert_eq!(removed("a: 1\r\n«b: 2»\r\nc: 3\r\n"), "a: 1\r\nc: 3\r\n");
        assert_eq!(removed("a: 1\n«b: |\n  2\n»c: 3\n"), "a: 1\nc: 3\n");
    }

    #[test]
    fn takes_comments_directly_above_at_the_same_indentation() {
        assert_eq!(removed("a: 1\n# one\n# two\n«b: 2»\n"), "a: 1\n");
        assert_eq!(removed("# far\n\n# near\n«b: 2»\n\nc: 3\n"), "# far\n\nc: 3\n");
        assert_eq!(removed("a:\n# outer\n  # inner\n  «b: 2»\nc: 3\n"), "a:\n# outer\nc: 3\n");
        assert_eq!(removed("a: 1 # of a\n«b: 2»\n"), "a: 1 # of a\n");
        assert_eq!(removed("a: 1\r\n# one\r\n«b: 2»\r\n"), "a: 1\r\n");
    }

    #[test]
    fn leaves_one_blank_line_of_two() {
        assert_eq!(removed("a: 1\n\n«b: 2»\n\nc: 3\n"), "a: 1\n\nc: 3\n");
        assert_eq!(removed("a: 1\n\n«b: 2»\nc: 3\n"), "a: 1\n\nc: 3\n");
        assert_eq!(removed("a: 1\n«b: 2»\n\nc: 3\n"), "a: 1\n\nc: 3\n");
        assert_eq!(removed("a: 1\r\n \r\n«b: 2»\r\n\r\nc: 3\r\n"), "a: 1\r\n \r\nc: 3\r\n");
        assert_eq!(removed("a: 1\n\n\n«b: 2»\n\n\nc: 3\n"), "a: 1\n\n\n\nc: 3\n");
    }

    #[test]
    fn treats_the_borders_of_the_file_as_blank() {
        assert_eq!(removed("«a: 1»\n\nb: 2\n"), "b: 2\n");
        assert_eq!(removed("a: 1\n\n«b: 2»\n"), "a: 1\n");
        assert_eq!(removed("«a: 1»\n"), "");
        assert_eq!(removed("«a: 1»"), "");
        assert_eq!(removed("\u{feff}«a: 1»\nb: 2\n"), "\u{feff}b: 2\n");
    }

    #[test]
    fn keeps_a_missing_last_line_end_missing() {
        assert_eq!(removed("a: 1\n«b: 2»"), "a: 1");
        assert_eq!(removed("a: 1\r\n«b: 2» # two"), "a: 1");
        assert_eq!(removed("a: 1\n\n«b: 2»"), "a: 1");
        assert_eq!(removed("«a: 1»\nb: 2"), "b: 2");
    }

    #[test]
    fn takes_only_the_node_when_something_else_stands_there() {
        assert_eq!(removed("{ «a: 1», b: 2 }\n"), "{ , b: 2 }\n");
        assert_eq!(removed("# c\n«a: 1», b: 2\n"), "# c\n, b: 2\n");
        assert_eq!(removed("x «a: 1»\n"), "x \n");
    }

    proptest! {
        #[test]
        fn holds_the_node_and_ends_on_characters(text in "[ ab#\r\n\tä\u{feff}]{0,40}", a in 0usize..60, b in 0usize..60) {
            let span = whole_lines(&text, Span::new(a.min(b), a.max(b)), &Owner::new(Style::Hash).called(["a"]));
            prop_assert!(span.contains(Span::new(a.min(b), a.max(b))) );
            if text.get(a.min(b)..a.max(b)).is_some() {
                prop_assert!(text.get(span.range()).is_some());
            }
        }
    }
}
