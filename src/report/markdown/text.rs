//! Text from anywhere as Markdown that shows it and does nothing else.
//!
//! Knows: what GitHub, GitLab and Gitea read as markup, references, mentions or links. Must not know: plans.
//!
//! Code spans and fences are the safe ground: all three show what is in them as it is. So code stands in them with more
//! backticks than it holds itself, and a word of prose that could mean anything does, too. In the cell of a table a
//! code span cannot hold a pipe in a way that all of them agree on; there it is a `<code>` element whose punctuation is
//! written as character references. So is what holds a backslash or a backtick.

use std::fmt::Write as _;

use super::super::plain;

/// Where a text stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum In {
    /// In a line of its own, or an item of a list.
    Line,
    /// In a cell of a table.
    Cell,
}

/// `text` as code, in one line.
pub(in crate::report) fn code(text: &str, place: In) -> String {
    let text = plain::line(text);
    if text.is_empty() {
        return "(empty)".to_owned();
    }
    match place {
        In::Cell if text.contains(['|', '\\', '`']) => element(&text),
        In::Line | In::Cell => span(&text),
    }
}

fn span(text: &str) -> String {
    let fence = "`".repeat(longest_run(text) + 1);
    // One blank on each side is not shown, so text that begins or ends in a backtick or blanks is kept apart by it.
    let apart = text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']);
    let pad = if apart && !text.trim_matches(' ').is_empty() { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

fn element(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    out.push_str("<code>");
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            // An address would be made a link of; no part of it stands in a text of its own this way.
            '@' => out.push_str("<span>&#64;</span>"),
            '.' if ends_in_www(&out) => out.push_str("&#46;"),
            ':' if rest.peek() != Some(&'/') => out.push(c),
            '\t' => out.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '|' | '~' | ':' | '$' | '#' | '^' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push_str("</code>");
    out
}

fn ends_in_www(text: &str) -> bool {
    text.len() >= 3 && text.as_bytes()[text.len() - 3..].eq_ignore_ascii_case(b"www")
}

/// A sentence, in one line. What stands between backticks is code.
pub(in crate::report) fn prose(text: &str, place: In) -> String {
    let text = plain::text(text);
    let parts: Vec<&str> = text.split('`').collect();
    let mut out = String::with_capacity(text.len() + 16);
    if parts.len().is_multiple_of(2) {
        // A backtick without a partner is one of the characters that are no words.
        words(&mut out, &text, true, place);
        return out;
    }
    let mut apart = true;
    for (index, part) in parts.iter().enumerate() {
        if index % 2 == 1 {
            push(&mut out, &code(part, place), apart);
            apart = false;
        } else {
            apart |= part.starts_with(char::is_whitespace);
            words(&mut out, part, apart, place);
            apart = part.is_empty() && apart || part.ends_with(char::is_whitespace);
        }
    }
    out
}

/// The words of `text`, the first of them behind a blank if it stands apart from what is there.
fn words(out: &mut String, text: &str, apart: bool, place: In) {
    for (index, one) in text.split_whitespace().enumerate() {
        let word = word(one, place, out.is_empty());
        push(out, &word, apart || index > 0);
    }
}

fn push(out: &mut String, word: &str, apart: bool) {
    // Two code spans that touch would be one.
    if !out.is_empty() && (apart || (out.ends_with('`') && word.starts_with('`'))) {
        out.push(' ');
    }
    out.push_str(word);
}

/// A word of prose; as code when it could be read as anything but a word.
fn word(word: &str, place: In, first: bool) -> String {
    let core = word.trim_start_matches('(');
    let ends = |c: char| ",.;".contains(c) || (c == ':' && !core.starts_with(':')) || (c == ')' && !core.contains('('));
    let core = core.trim_end_matches(ends);
    if core.is_empty() || (is_plain(core) && !(first && opens_block(word))) {
        return if core.is_empty() && !is_plain(word) { code(word, place) } else { word.to_owned() };
    }
    let at = word.find(core).unwrap_or(0);
    format!("{}{}{}", &word[..at], code(core, place), &word[at + core.len()..])
}

fn is_plain(word: &str) -> bool {
    let safe = |c: char| c.is_alphanumeric() || ",.;:?'’\"()-–—→/=+".contains(c);
    word.chars().all(safe)
        && !word.contains("//")
        && !word.to_ascii_lowercase().contains("www.")
        && word.matches(':').count() < 2
        && !is_commit(word)
        && !is_ticket(word)
}

/// Seven hexadecimal digits and more are made a link to a commit.
fn is_commit(word: &str) -> bool {
    word.split(|c: char| !c.is_alphanumeric())
        .any(|part| part.len() >= 7 && part.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// `GH-12`, `ABC-12`: made a link to an issue.
fn is_ticket(word: &str) -> bool {
    word.split(|c: char| !c.is_alphanumeric() && c != '-').any(|part| {
        part.rsplit_once('-').is_some_and(|(key, number)| {
            !key.is_empty() && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        })
    })
}

/// Whether a line that starts with this word would be a heading, a list or a rule.
fn opens_block(word: &str) -> bool {
    let number = word.trim_end_matches(['.', ')']);
    word.chars().all(|c| "-+=".contains(c))
        || (number.len() < word.len() && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A fenced block, each line behind `indent`. `text` may hold anything.
pub(super) fn fence(info: &str, text: &str, indent: &str) -> String {
    let text = plain::text(text).replace("␍\n", "\n");
    let ticks = "`".repeat(longest_run(&text).max(2) + 1);
    let mut out = format!("{indent}{ticks}{info}\n");
    for line in text.lines() {
        out.push_str(indent);
        out.push_str(line);
        out.push('\n');
    }
    let _ = writeln!(out, "{indent}{ticks}");
    out
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_spans_hold_anything() {
        assert_eq!(code("a|b", In::Line), "`a|b`");
        assert_eq!(code("a`b``c", In::Line), "```a`b``c```");
        assert_eq!(code("`a`", In::Line), "`` `a` ``");
        assert_eq!(code(" ", In::Line), "` `");
        assert_eq!(code("a\nb\u{1b}\u{202e}", In::Line), "`a␊b␛\\u{202e}`");
        assert_eq!(code("", In::Line), "(empty)");
    }

    #[test]
    fn code_in_a_cell_holds_no_pipe_and_no_markup() {
        assert_eq!(code("{job=~\"a|b\"}", In::Cell), "<code>{job=~\"a&#124;b\"}</code>".replace("=~", "=&#126;"));
        assert_eq!(code("</code><script>", In::Cell), "`</code><script>`");
        assert_eq!(code("</code>|<script>", In::Cell), "<code>&#60;/code&#62;&#124;&#60;script&#62;</code>");
        assert_eq!(code("`*_[$\\", In::Cell), "<code>&#96;&#42;&#95;&#91;&#36;&#92;</code>");
        assert_eq!(code("|a@b.c", In::Cell), "<code>&#124;a<span>&#64;</span>b.c</code>");
        assert_eq!(code("|http://www.x", In::Cell), "<code>&#124;http&#58;//www&#46;x</code>");
    }

    #[test]
    fn words_that_could_mean_something_are_code() {
        for word in [
            "@rosalind",
            "#12",
            "GH-12",
            "ABC-1",
            "!3",
            "~label",
            "$x$",
            "<b>",
            "&amp",
            "*a*",
            "_a_",
            "[a](b)",
            "a|b",
            "http://x.y",
            "www.x.y",
            ":smile:",
            "1234567",
            "deadbeef",
            "a\\b",
            "a@b.c",
            "<!--",
            "owner/repo#1",
            "{{x}}",
        ] {
            assert_eq!(prose(&format!("see {word}, please"), In::Line), format!("see `{word}`, please"));
        }
        for word in
            ["puck.incus", "30", "don't", "(see", "and/or", "syslog:", "naïve", "日本", "Docker-socket", "51431"]
        {
            assert_eq!(prose(&format!("see {word} please"), In::Line), format!("see {word} please"));
        }
    }

    #[test]
    fn backticks_of_a_sentence_are_kept_and_odd_ones_are_shown() {
        assert_eq!(prose("`job` is gone (`a`), so `b`: `c`.", In::Line), "`job` is gone (`a`), so `b`: `c`.");
        assert_eq!(prose("`a``b`", In::Line), "`a` `b`");
        assert_eq!(prose("one ` only", In::Line), "one `` ` `` only");
        assert_eq!(prose("`a|b` x", In::Cell), "<code>a&#124;b</code> x");
    }

    #[test]
    fn a_sentence_opens_no_block() {
        assert_eq!(prose("1. one", In::Line), "`1`. one");
        assert_eq!(prose("- one\n# two", In::Line), "`-` one `#` two");
        assert_eq!(prose("    one", In::Line), "one");
    }

    #[test]
    fn a_fence_is_longer_than_any_in_it() {
        assert_eq!(fence("sh", "a\r\n```\n", "  "), "  ````sh\n  a\n  ```\n  ````\n");
    }
}
