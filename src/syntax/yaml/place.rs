//! Where a YAML value is written when the parser's event only says where its content is.

use crate::text::Span;

/// The span of a block scalar from its `|` or `>` to the end of its last line that is not blank, line end excluded.
/// `content` is where its text stands, `after` the end of what was read before.
pub(super) fn block_scalar(text: &str, after: usize, content: Span) -> Span {
    let before = text.get(after..content.start()).unwrap_or("").trim_end_matches([' ', '\t', '\r', '\n']);
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let header =
        before[line..].match_indices(['|', '>']).map(|(at, _)| line + at).find(|&at| is_header(&before[at + 1..]));
    // A scalar without any line is given with its header.
    let Some(header) = header else {
        return Span::new(content.start(), content.start() + content.of(text).trim_end().len());
    };
    let end = content.of(text).trim_end_matches([' ', '\t', '\r', '\n']).len();
    let end = if end == 0 { after + before.len() } else { content.start() + end };
    Span::new(after + header, end)
}

/// Whether `rest` can stand between the `|` and the end of its line: indicators, blanks, a comment.
fn is_header(rest: &str) -> bool {
    let rest = rest.trim_start_matches(|c: char| c == '+' || c == '-' || c.is_ascii_digit());
    let comment = rest.trim_start_matches([' ', '\t']);
    comment.is_empty() || (comment.len() < rest.len() && comment.starts_with('#'))
}

/// The dash of the first item of a block sequence that is the value of a key: the parser gives the item's start when
/// the sequence has the indent of its key. `after` is the end of the key, `given` the parser's start.
pub(super) fn first_dash(text: &str, after: usize, given: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = after;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'-' => return at.min(given),
            b' ' | b'\t' | b'\r' | b'\n' | b':' | b'?' => at += 1,
            b'#' => at += memchr::memchr(b'\n', &bytes[at..]).unwrap_or(bytes.len() - at),
            b'&' | b'!' => {
                at += memchr::memchr3(b' ', b'\n', b'\t', &bytes[at..]).unwrap_or(bytes.len() - at);
            }
            _ => break,
        }
    }
    given
}
