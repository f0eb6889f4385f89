//! The change of one file for people: in hunks, with the changed words of a line marked; and as unified text.
//!
//! Knows: bytes before and after. Must not know: edits, rules. No tool should apply this; the patch for tools comes
//! from git.

use similar::{ChangeTag, DiffOp, InlineChange, TextDiff};

use super::plain;
use super::style::{FAINT, NEW, NEW_WORD, OLD, OLD_WORD, Page, STRONG};

/// Lines of context around a change, as git.
const CONTEXT: usize = 3;
/// Words are compared only in blocks of at most this many lines; beyond, marking words helps nobody.
const MOST_LINES: usize = 200;
/// In a line longer than this, unchanged stretches are cut.
const LONG_LINE: usize = 1000;
/// What stays of an unchanged stretch on each side, in characters.
const KEPT: usize = 120;

/// The change of one file.
pub(super) struct Change {
    /// Stretches of changed lines with what stands around them.
    pub(super) hunks: Vec<Hunk>,
    /// Whether every line ends in CRLF, so that no single one need say so.
    pub(super) crlf: bool,
}

/// Lines that follow one another.
pub(super) struct Hunk {
    /// `@@ -1,3 +1,3 @@`
    pub(super) header: String,
    /// Those that go before those that come.
    pub(super) lines: Vec<Line>,
}

/// One line, safe to show.
pub(super) struct Line {
    /// Whether it stays, goes or comes.
    pub(super) tag: ChangeTag,
    /// 1-based number before the change.
    pub(super) old: Option<usize>,
    /// 1-based number after it.
    pub(super) new: Option<usize>,
    /// The text without its line end, in parts; the marked ones are what changed.
    pub(super) parts: Vec<(bool, String)>,
    /// Whether it ends in CRLF, in a file where not all lines do.
    pub(super) cr: bool,
    /// Whether it ends without a line end.
    pub(super) unended: bool,
}

impl Change {
    /// The change from `before` to `after`.
    pub(super) fn of(before: &[u8], after: &[u8]) -> Self {
        let (old, new) = (lines(before), lines(after));
        let diff = TextDiff::from_slices(&old, &new);
        let crlf = old.iter().chain(&new).all(|line| line.ends_with(b"\r\n")) && !new.is_empty();
        let hunk = |group: &Vec<DiffOp>| Hunk {
            header: similar::udiff::UnifiedHunkHeader::new(group).to_string(),
            lines: group.iter().flat_map(|op| op_lines(&diff, op, crlf)).collect(),
        };
        Self { hunks: diff.grouped_ops(CONTEXT).iter().map(hunk).collect(), crlf }
    }
}

fn op_lines(diff: &TextDiff<'_, '_, [u8]>, op: &DiffOp, crlf: bool) -> Vec<Line> {
    if op.old_range().len() + op.new_range().len() > MOST_LINES {
        let line = |change: similar::Change<&[u8]>| {
            Line::new(change.tag(), (change.old_index(), change.new_index()), &[(false, change.value())], crlf)
        };
        return diff.iter_changes(op).map(line).collect();
    }
    let line = |change: InlineChange<'_, [u8]>| {
        Line::new(change.tag(), (change.old_index(), change.new_index()), change.values(), crlf)
    };
    // No deadline: the same plan gives the same text on a slow machine.
    diff.iter_inline_changes_deadline(op, None).map(line).collect()
}

impl Line {
    fn new(tag: ChangeTag, at: (Option<usize>, Option<usize>), parts: &[(bool, &[u8])], crlf: bool) -> Self {
        let long = parts.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() > LONG_LINE;
        let whole: Vec<u8> = parts.iter().flat_map(|(_, bytes)| bytes.iter().copied()).collect();
        let end = whole.strip_suffix(b"\n").map_or(whole.len(), <[u8]>::len);
        let end = if whole[..end].ends_with(b"\r") && end < whole.len() { end - 1 } else { end };
        let mut done = 0;
        let shown = parts.iter().map(|&(changed, bytes)| {
            let shown = &bytes[..bytes.len().min(end.saturating_sub(done))];
            done += bytes.len();
            let text = plain::bytes(shown);
            (changed, if long && !changed { cut(&text) } else { text })
        });
        Self {
            tag,
            old: at.0.map(|index| index + 1),
            new: at.1.map(|index| index + 1),
            parts: shown.filter(|(_, text)| !text.is_empty()).collect(),
            cr: whole.ends_with(b"\r\n") && !crlf,
            unended: !whole.ends_with(b"\n"),
        }
    }
}

/// Adds the diff of `path`; `before` is `None` for a new file.
pub(super) fn render(page: &mut Page, path: &str, before: Option<&[u8]>, after: &[u8]) {
    let change = Change::of(before.unwrap_or_default(), after);
    let from = if before.is_some() { format!("--- a/{path}") } else { "--- /dev/null".to_owned() };
    let from = page.paint(STRONG, &from);
    let to = page.paint(STRONG, &format!("+++ b/{path}"));
    let ends = page.paint(FAINT, if change.crlf { "  (CRLF line ends)" } else { "" });
    page.raw(&format!("{from}\n{to}{ends}\n"));
    for hunk in &change.hunks {
        let header = page.paint(FAINT, &hunk.header);
        page.raw(&format!("{header}\n"));
        for one in &hunk.lines {
            let text = unified(page, one);
            page.raw(&text);
        }
    }
}

/// One line of the diff, with its sign, the line end, and git's remark where the file ends without one.
fn unified(page: &Page, line: &Line) -> String {
    let (sign, plain_style, word) = match line.tag {
        ChangeTag::Equal => (" ", None, None),
        ChangeTag::Delete => ("-", Some(OLD), Some(OLD_WORD)),
        ChangeTag::Insert => ("+", Some(NEW), Some(NEW_WORD)),
    };
    let painted = |style: Option<anstyle::Style>, text: &str| match style {
        Some(style) => page.paint(style, text),
        None => text.to_owned(),
    };
    let mut out = painted(plain_style, sign);
    for (changed, text) in &line.parts {
        out.push_str(&painted(if *changed { word } else { plain_style }, text));
    }
    if line.cr {
        out.push_str(&page.paint(FAINT, "␍"));
    }
    out.push('\n');
    if line.unended {
        out.push_str(&page.paint(FAINT, "\\ No newline at end of file"));
        out.push('\n');
    }
    out
}

/// The two ends of a long unchanged stretch, and how much lies between.
fn cut(text: &str) -> String {
    let count = text.chars().count();
    if count <= 3 * KEPT {
        return text.to_owned();
    }
    let head: String = text.chars().take(KEPT).collect();
    let tail: String = text.chars().skip(count - KEPT).collect();
    format!("{head} … {} characters … {tail}", count - 2 * KEPT)
}

/// Lines as git sees them: up to and with each `\n`; a lone CR ends nothing.
fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|&byte| byte == b'\n').collect()
}

#[cfg(test)]
mod tests {
    use super::super::Look;
    use super::*;

    fn shown(before: &[u8], after: &[u8], colour: bool) -> String {
        let mut page = Page::new(Look { width: 80, colour });
        render(&mut page, "f", Some(before), after);
        page.finish()
    }

    #[test]
    fn a_lone_cr_is_no_line_end_and_mixed_line_ends_are_shown() {
        assert_eq!(
            shown(b"a\rb\nc\r\nd\n", b"a\rb\nc\nd\n", false),
            "--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n a␍b\n-c␍\n+c\n d\n"
        );
    }

    #[test]
    fn crlf_is_said_once_when_it_is_everywhere() {
        assert_eq!(
            shown(b"a\r\nb\r\n", b"a\r\nB\r\n", false),
            "--- a/f\n+++ b/f  (CRLF line ends)\n@@ -1,2 +1,2 @@\n a\n-b\n+B\n"
        );
    }

    #[test]
    fn a_missing_last_line_end_is_remarked_on_each_side() {
        assert_eq!(
            shown(b"a\nb", b"a\nc", false),
            "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n"
        );
        assert_eq!(
            shown(b"a\nb", b"a\nb\n", false),
            "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n"
        );
    }

    #[test]
    fn a_new_file_comes_from_nowhere() {
        let mut page = Page::new(Look { width: 80, colour: false });
        render(&mut page, "f", None, b"a\n");
        assert_eq!(page.finish(), "--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+a\n");
    }

    #[test]
    fn changed_words_are_marked() {
        let text = shown(b"x {job=\"kairos\"} y z\n", b"x {service=\"kairos\"} y z\n", true);
        assert!(text.contains("\u{1b}[7m\u{1b}[31mjob\u{1b}[0m"), "{text:?}");
        assert!(text.contains("\u{1b}[7m\u{1b}[32mservice\u{1b}[0m"), "{text:?}");
        assert!(text.contains("\u{1b}[31m=\"kairos\"} y z\u{1b}[0m"), "{text:?}");
    }

    #[test]
    fn a_huge_line_is_cut_only_where_nothing_changed() {
        let (pad, old, new) = ("é ".repeat(2000), "job=\"kairos\"", "service=\"kairos\"");
        let text = shown(format!("{pad}{old}{pad}\n").as_bytes(), format!("{pad}{new}{pad}\n").as_bytes(), false);
        assert!(text.contains("é  … 3760 characters … é "), "{text}");
        assert!(text.contains("-é é") && text.contains(old) && text.contains(new), "{text}");
        assert!(text.len() < 4000, "{}", text.len());
    }

    #[test]
    fn repository_text_cannot_steer_the_terminal() {
        assert!(!shown(b"a\x1b[2Jb\xff\n", b"\x1b]0;x\x07\n", false).contains(['\u{1b}', '\u{7}']));
    }

    /// The text after the diff `shown` is applied to `before`, by the rules of a unified diff.
    fn applied(before: &str, shown: &str) -> String {
        let old: Vec<&str> = before.split_inclusive('\n').collect();
        let (mut out, mut next) = (String::new(), 0);
        let mut ended = true;
        for line in shown.lines().skip(2) {
            if let Some(header) = line.strip_prefix("@@ -") {
                let (range, _) = header.split_once(' ').unwrap();
                let (start, len) = range.split_once(',').unwrap_or((range, "1"));
                let start = start.parse::<usize>().unwrap() - usize::from(len != "0");
                out.extend(old[next..start].iter().copied());
                next = start;
                continue;
            }
            match line.split_at(1) {
                ("\\", _) if ended => assert_eq!(out.pop(), Some('\n')),
                ("\\", _) => {}
                ("-", text) => {
                    assert_eq!(old[next].trim_end_matches('\n'), text);
                    (next, ended) = (next + 1, false);
                }
                (sign, text) => {
                    if sign == " " {
                        assert_eq!(old[next].trim_end_matches('\n'), text);
                        next += 1;
                    }
                    out.push_str(text);
                    out.push('\n');
                    ended = true;
                }
            }
        }
        out.extend(old[next..].iter().copied());
        out
    }

    proptest::proptest! {
        #[test]
        fn the_diff_says_the_whole_change(before in "([ab]{0,2}\n){0,24}[ab]?", after in "([ab]{0,2}\n){0,24}[ab]?") {
            let text = shown(before.as_bytes(), after.as_bytes(), false);
            proptest::prop_assert_eq!(applied(&before, &text), after, "{}", text);
        }
    }
}
