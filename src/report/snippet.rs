//! The text in question with a caret under it.
//!
//! Knows: places, widths. Must not know: plans or findings. Shows the lines as they are, with what cannot be seen made
//! visible, and says so where a line or a long stretch of lines is cut.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use anstyle::Style;

use super::{Look, plain, summary};
use crate::text::Place;

/// A span of more lines than this is shown by its first line.
const MOST_LINES: usize = 6;
/// At most this many bytes around the place are looked at: one-line files can be huge.
const MOST_BYTES: usize = 2000;
/// A narrower terminal shows no more of a line than this.
const NARROWEST: usize = 40;

/// The lines of `place` with `path:line:column` above and the span underlined, ending in a line end.
pub(super) fn render(place: &Place, underline: Style, look: Look) -> String {
    let at = summary::start(place);
    let (text, span, label) = window(place);
    let group = Group::with_level(Level::ERROR)
        .element(Snippet::source(text).line_start(at.line).annotation(AnnotationKind::Primary.span(span).label(label)));
    let renderer = if look.colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.error(if look.colour { underline } else { Style::new() });
    let lines = renderer.term_width(look.width.max(NARROWEST)).decor_style(DecorStyle::Ascii).render(&[group]);
    // The crate counts columns in the text it is given; a cut or escaped line would be counted wrongly.
    let gutter = " ".repeat(at.line.to_string().len());
    format!("{gutter}--> {}\n{lines}\n", plain::line(&summary::place(place)))
}

/// The whole lines around a place as safe text, the span in it, and a word where the place goes on beyond it.
fn window(place: &Place) -> (String, std::ops::Range<usize>, Option<String>) {
    let bytes = place.source.bytes();
    let (start, end) = (place.span.start().min(bytes.len()), place.span.end().min(bytes.len()));
    let lines = memchr::memchr_iter(b'\n', &bytes[start..end]).count();
    let (end, label) = if lines >= MOST_LINES {
        let last = place.source.position(end);
        (place.source.line_at(start).end().max(start), Some(format!("from here to line {}", last.line)))
    } else if end - start > MOST_BYTES {
        let cut = boundary(bytes, start + MOST_BYTES).min(end);
        (cut, Some(format!("and {} bytes more", end - cut)))
    } else {
        (end, None)
    };
    let line_start = place.source.line_at(start).start();
    let near = start.saturating_sub(MOST_BYTES);
    let from = if near > line_start { boundary(bytes, near).min(start) } else { line_start };
    // The last byte of the span decides the last line: a span that ends behind a line end does not show the next line.
    let line_end = place.source.line_at(if end > start { end - 1 } else { end }).end().max(end);
    let to = if end + MOST_BYTES < line_end { boundary(bytes, end + MOST_BYTES) } else { line_end };
    let head = plain::bytes(&bytes[from..start]);
    let inner = plain::bytes(strip_crlf(&bytes[start..end])).replace("␍\n", "\n");
    let tail = plain::bytes(&bytes[end..to]);
    let span = head.len()..head.len() + inner.len();
    (head + &inner + &tail, span, label)
}

/// The first offset from `at` on where a character starts; `at` itself in bytes that are not UTF-8.
fn boundary(bytes: &[u8], at: usize) -> usize {
    (at..bytes.len()).take(4).find(|&at| bytes[at] & 0xc0 != 0x80).unwrap_or(at)
}

fn strip_crlf(bytes: &[u8]) -> &[u8] {
    bytes.strip_suffix(b"\r\n").or_else(|| bytes.strip_suffix(b"\n")).unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::sample::file;
    use super::*;
    use crate::text::Span;

    fn shown(bytes: &[u8], start: usize, end: usize, width: usize) -> String {
        let place = Place::new(&file("f", bytes), Span::new(start, end));
        render(&place, Style::new(), Look { width, colour: false })
    }

    #[test]
    fn a_tab_moves_the_caret_with_the_text() {
        assert_eq!(shown(b"\tjob: x\n", 6, 7, 80), " --> f:1:7\n  |\n1 |     job: x\n  |          ^\n");
    }

    #[test]
    fn the_line_end_of_crlf_is_not_shown_and_never_underlined() {
        assert_eq!(shown(b"a\r\nbc\r\nd\r\n", 3, 7, 80), " --> f:2:1\n  |\n2 | bc\n  | ^^\n");
        assert_eq!(shown(b"a\r\nbc\r\nd\r\n", 4, 4, 80), " --> f:2:2\n  |\n2 | bc\n  |  ^\n");
    }

    #[test]
    fn the_end_of_the_file_can_be_pointed_at() {
        assert_eq!(shown(b"", 0, 0, 80), " --> f:1:1\n  |\n1 |\n  | ^\n");
        assert_eq!(shown(b"ab", 2, 2, 80), " --> f:1:3\n  |\n1 | ab\n  |   ^\n");
        assert_eq!(shown(b"ab\n", 3, 3, 80), " --> f:2:1\n  |\n2 |\n  | ^\n");
    }

    #[test]
    fn what_cannot_be_seen_is_shown_and_underlined() {
        assert_eq!(shown(b"a\xff\x1bb\n", 1, 3, 80), " --> f:1:2\n  |\n1 | a\\xff␛b\n  |  ^^^^^\n");
    }

    #[test]
    fn bytes_that_are_no_character_are_not_skipped() {
        assert_eq!(shown(b"\x80\x80\n", 0, 0, 80), " --> f:1:1\n  |\n1 | \\x80\\x80\n  | ^\n");
    }

    #[test]
    fn wide_characters_take_two_columns_of_underline() {
        let text = "日本 x";
        assert_eq!(shown(text.as_bytes(), 0, 6, 80), " --> f:1:1\n  |\n1 | 日本 x\n  | ^^^^\n");
        assert_eq!(shown(text.as_bytes(), 7, 8, 80), " --> f:1:4\n  |\n1 | 日本 x\n  |      ^\n");
    }

    #[test]
    fn a_long_line_shows_the_place_and_keeps_its_column() {
        let line = format!("{}job{}", "é".repeat(100_000), "y".repeat(100_000));
        let text = shown(line.as_bytes(), 200_000, 200_003, 60);
        assert!(text.starts_with(" --> f:1:100001\n"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
        let mut lines = text.lines().skip(2);
        let (code, caret) = (lines.next().unwrap(), lines.next().unwrap());
        assert!(code.contains("job"), "{text}");
        let column = |line: &str, word| line[..line.find(word).unwrap()].chars().count();
        assert_eq!(column(code, "job"), column(caret, "^^^"), "{text}");
    }

    #[test]
    fn several_lines_are_shown_and_many_are_named() {
        let few = shown(b"a: 1\nb: 2\nc: 3\n", 0, 9, 80);
        assert!(few.contains("a: 1") && few.contains("b: 2") && !few.contains("c: 3"), "{few}");
        let many = shown("k: v\n".repeat(20).as_bytes(), 5, 100, 80);
        assert_eq!(many, " --> f:2:1\n  |\n2 | k: v\n  | ^^^^ from here to line 21\n");
    }

    proptest::proptest! {
        /// Any bytes, any place, even one that cuts a character or lies behind the end.
        #[test]
        fn any_place_can_be_shown(
            parts in proptest::collection::vec(
                proptest::prelude::prop_oneof![
                    proptest::prelude::Just(b"\r\n".to_vec()),
                    proptest::prelude::Just(b"\n".to_vec()),
                    proptest::prelude::Just(b"\t".to_vec()),
                    proptest::prelude::Just("e\u{301}👩\u{200d}🚀\u{202e}".as_bytes().to_vec()),
                    proptest::collection::vec(proptest::prelude::any::<u8>(), 0..6),
                    proptest::collection::vec(b'a'..b'c', 0..90),
                ],
                0..30,
            ),
            start in 0_usize..600,
            len in 0_usize..600,
            width in 0_usize..200,
        ) {
            let bytes: Vec<u8> = parts.concat();
            let text = shown(&bytes, start, start + len, width);
            proptest::prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{:?}", text);
            proptest::prop_assert!(text.contains('^'), "{:?}", text);
        }
    }
}
