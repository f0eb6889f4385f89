//! What goes together with a block or an attribute: its lines and the comments that belong to it.
//!
//! Knows: comments of a [`Config`], lines. Must not know: which block goes, or why.

use super::{Config, read};
use crate::text::{Span, lines};

/// The bytes to remove when the block or attribute at `node` goes (real-world V9, A5): see [`lines::whole_lines`].
///
/// Comments directly above belong to the node, in any style and over any number of lines, unless they are
/// commented-out code; so does a comment behind it. `text` is the file as it stands, of the same length as the text
/// `config` was read from: what a mask blanked out there (a Jinja statement) is not blank here.
pub fn removal(config: &Config<'_>, text: &str, node: Span) -> Span {
    if text.len() != config.text().len() {
        return node;
    }
    let whole = with_trailing_comments(config, text, with_comments_above(config, text, node));
    lines::own_lines(text, whole, |_| false).unwrap_or(node)
}

fn with_comments_above(config: &Config<'_>, text: &str, node: Span) -> Span {
    let mut start = node.start();
    let before = config.comments().partition_point(|comment| comment.end() <= start);
    let Some(indent) = indent_before(text, start) else { return node };
    for comment in config.comments()[..before].iter().rev() {
        let gap = Span::new(comment.end(), start).of(text);
        let directly_above = is_blank(gap) && gap.matches('\n').count() == 1;
        if !directly_above || indent_before(text, comment.start()) != Some(indent) || is_code(comment.of(text)) {
            break;
        }
        start = comment.start();
    }
    Span::new(start, node.end())
}

fn with_trailing_comments(config: &Config<'_>, text: &str, node: Span) -> Span {
    let mut end = node.end();
    let behind = config.comments().partition_point(|comment| comment.start() < end);
    for comment in &config.comments()[behind..] {
        let gap = Span::new(end, comment.start()).of(text);
        if !is_blank(gap) || gap.contains('\n') {
            break;
        }
        end = comment.end();
    }
    Span::new(node.start(), end)
}

/// The blanks between the start of the line and `offset`; `None` if something else stands there.
fn indent_before(text: &str, offset: usize) -> Option<&str> {
    let before = text.get(..offset)?;
    let line = memchr::memrchr(b'\n', before.as_bytes()).map_or(0, |at| at + 1);
    let indent = before[line..].trim_start_matches('\u{feff}');
    is_blank(indent).then_some(indent)
}

fn is_blank(gap: &str) -> bool {
    gap.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}

/// Whether a comment is a configuration, or one line of one, that somebody switched off: that stays (real-world A5).
/// Doubtful cases count as code, since a comment too many is better than one too few.
fn is_code(comment: &str) -> bool {
    let content = match comment.strip_prefix("/*") {
        Some(rest) => rest.strip_suffix("*/").unwrap_or(rest),
        None => comment.trim_start_matches('/'),
    };
    let content = content.trim();
    if content.ends_with('{') || (!content.is_empty() && content.trim_matches(['}', ']', ')', ',', ' ']).is_empty()) {
        return true;
    }
    read(content.trim_end_matches(','))
        .is_ok_and(|config| config.all_blocks().next().is_some() || config.all_attributes().next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text without the block called `name` at any depth.
    fn without(text: &str, name: &str) -> String {
        without_in(text, text, name)
    }

    fn without_in(masked: &str, text: &str, name: &str) -> String {
        let config = read(masked).unwrap();
        let block = config.components(name).next().unwrap();
        let gone = removal(&config, text, block.span());
        format!("{}{}", &text[..gone.start()], &text[gone.end()..])
    }

    #[test]
    fn takes_a_listener_with_its_comments() {
        let text =
            "s {\n  x {\n  }\n\n  // kairos\n  /* and\n     more */\n  l {\n    a = 1\n  } // end\n\n  y {\n  }\n}\n";
        assert_eq!(without(text, "l"), "s {\n  x {\n  }\n\n  y {\n  }\n}\n");
        let crlf = text.replace('\n', "\r\n");
        assert_eq!(without(&crlf, "l"), "s {\r\n  x {\r\n  }\r\n\r\n  y {\r\n  }\r\n}\r\n");
    }

    #[test]
    fn leaves_commented_out_blocks_and_comments_of_others() {
        let off = "s {\n\t// l {\n\t//   address = \"x\"\n\t// }\n";
        assert_eq!(without(&format!("{off}\t// ours\n\tl {{\n\t}}\n}}\n"), "l"), format!("{off}}}\n"));
        let block = "s {\n\t/* l {\n\t   a = 1\n\t} */\n";
        assert_eq!(without(&format!("{block}\tl {{\n\t}}\n}}\n"), "l"), format!("{block}}}\n"));
        assert_eq!(without("a = 1 // of a\nl {\n}\n", "l"), "a = 1 // of a\n");
        assert_eq!(without("// heading\n\nl {\n}\nm {\n}\n", "l"), "// heading\n\nm {\n}\n");
    }

    #[test]
    fn takes_only_the_node_on_a_shared_line() {
        assert_eq!(without("// c\ns { l { a = 1 } }\n", "l"), "// c\ns {  }\n");
        assert_eq!(without("/* x */ l {\n}\n", "l"), "/* x */ \n");
    }

    #[test]
    fn sees_what_a_mask_blanked_out() {
        let text = "l {\n} {% endif %}\nm {\n}\n";
        let masked = "l {\n}            \nm {\n}\n";
        assert_eq!(without_in(masked, text, "l"), " {% endif %}\nm {\n}\n");
    }
}
