//! What a document says of several services at once: a list that names them, a table with a row for each. What becomes of it
//! once one of them has moved.
//!
//! Knows: how rows and lists are laid out. Must not know: findings, which documents are looked at. Texts are in lower case.

use super::words;
use crate::text::Span;

/// What may stand between the names of a list and the marks around them.
const MARKS: [char; 3] = ['`', '*', '_'];
/// Numbers that may count what is listed.
const COUNTS: [&str; 11] = ["both", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"];

/// Services of the host beside the one that moves, in lower case.
#[derive(Debug, Default)]
pub struct Others {
    /// Those that are not on syslog.
    pub settled: Vec<String>,
    /// Those that stay on it.
    pub staying: Vec<String>,
}

/// A text that may take the place of what a document says.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Said {
    /// What goes.
    pub(in super::super) span: Span,
    /// What takes its place.
    pub(in super::super) new: String,
    /// Whether what is left is right as it stands.
    pub(in super::super) right: bool,
}

/// The row of a table of listeners that is about this service of the host alone, with its line end. `at` stands in it.
pub(in super::super) fn row(text: &str, at: Span, names: &[String], host: &str, others: &Others) -> Option<Said> {
    let start = text[..at.start()].rfind('\n').map_or(0, |line| line + 1);
    let end = text[start..].find('\n').map_or(text.len(), |length| start + length + 1);
    let (line, head) = (Span::new(start, end), head(text, start)?);
    let says = |name: &str, part: Span| words(text, part).any(|word| word.of(text) == name);
    let is_list = |cell: Span| [",", " and ", "+", "/"].iter().any(|mark| cell.of(text).contains(mark));
    let one = words(text, line).filter(|word| names.iter().any(|name| name == word.of(text)));
    let one: Vec<Span> = one.map(|word| cell(text, word)).collect();
    let several = others.settled.iter().chain(&others.staying).any(|name| says(name, line))
        || one.iter().any(|cell| is_list(*cell));
    (!one.is_empty() && says(host, line) && !several && (on_syslog(head) || on_syslog(heading(text, start))))
        .then(|| Said { span: line, new: String::new(), right: false })
}

/// The list that `word` is a part of, without it; in a block (a row, an item, a paragraph) that is about this host.
pub(super) fn without(text: &str, block: Span, word: Span, others: &Others) -> Option<Said> {
    let head = head(text, block.start());
    let items = head.and_then(|_| whole_cell(text, word)).or_else(|| {
        let is_one = |one: Span| others.staying.iter().any(|name| name == one.of(text));
        run(text, block, word, &is_one)
    })?;
    let items: Vec<Span> = items.iter().map(|one| marked(text, *one)).collect();
    let (index, end) = (items.iter().position(|one| one.contains(word))?, items.len() - 1);
    // Who is named beside one that has moved is not named for being on syslog.
    let beside = run(text, block, word, &|_| true).unwrap_or_default();
    if end == 0 || beside.iter().any(|one| others.settled.iter().any(|name| name == one.of(text))) {
        return None;
    }
    let gap = |right: usize| Span::new(items[right - 1].end(), items[right].start()).of(text);
    let (span, new) = match index {
        0 => (Span::new(items[0].start(), items[1].start()), String::new()),
        // `a, b and c` without `c` is `a and b`.
        _ if index == end && end > 1 && gap(end) != gap(end - 1) => {
            let new = format!("{}{}", gap(end), items[end - 1].of(text));
            (Span::new(items[end - 2].end(), items[end].end()), new)
        }
        _ => (Span::new(items[index - 1].end(), items[index].end()), String::new()),
    };
    let about = on_syslog(block.of(text)) || head.is_some_and(on_syslog) || on_syslog(heading(text, block.start()));
    let is_count = |one: &str| COUNTS.contains(&one) || !one.is_empty() && one.bytes().all(|c| c.is_ascii_digit());
    let counted = words(text, block).any(|one| is_count(one.of(text)));
    // A sentence about one service is not worded like one about two.
    Some(Said { span, new, right: about && !counted && (head.is_some() || items.len() > 2) })
}

/// The words around this one that stand in a list with it and are such.
fn run(text: &str, block: Span, word: Span, is_one: &dyn Fn(Span) -> bool) -> Option<Vec<Span>> {
    let all: Vec<Span> = words(text, block).filter(|one| !matches!(one.of(text), "" | "and")).collect();
    let at = all.iter().position(|one| *one == word)?;
    let (mut first, mut last) = (at, at);
    while first > 0 && are_joined(text, all[first - 1], all[first]) && is_one(all[first - 1]) {
        first -= 1;
    }
    while last + 1 < all.len() && are_joined(text, all[last], all[last + 1]) && is_one(all[last + 1]) {
        last += 1;
    }
    Some(all[first..=last].to_vec())
}

/// The list that a cell of a table begins with: whoever is named in it is meant as this one is.
fn whole_cell(text: &str, word: Span) -> Option<Vec<Span>> {
    let cell = cell(text, word);
    let list = run(text, cell, word, &|_| true)?;
    let before = Span::new(cell.start(), list[0].start()).of(text);
    before.trim_start().trim_start_matches(MARKS).is_empty().then_some(list)
}

/// The cell of a row around a word.
fn cell(text: &str, word: Span) -> Span {
    let line = text[..word.start()].rfind(['|', '\n']).map_or(0, |at| at + 1);
    let end = text[word.end()..].find(['|', '\n']).map_or(text.len(), |length| word.end() + length);
    Span::new(line, end)
}

/// Whether what stands between two words makes them parts of one list.
fn are_joined(text: &str, left: Span, right: Span) -> bool {
    let between = Span::new(left.end(), right.start()).of(text);
    matches!(between.trim_matches(|c: char| c.is_whitespace() || MARKS.contains(&c)), "," | "and")
}

/// A word with the marks around it.
fn marked(text: &str, word: Span) -> Span {
    let before = &text[..word.start()];
    let marks = before.len() - before.trim_end_matches(MARKS).len();
    let (opening, rest) = (&before[before.len() - marks..], &text[word.end()..]);
    let closes = rest.starts_with(opening) && !rest[marks..].starts_with(MARKS);
    if closes { Span::new(word.start() - marks, word.end() + marks) } else { word }
}

/// The first row of the table that a row which begins at `start` is in; `None` for that row and for what is no row.
fn head(text: &str, start: usize) -> Option<&str> {
    let is_row = |line: &&str| line.trim_start().starts_with('|');
    let line = text[start..].lines().next().filter(is_row);
    let above = text[..start].lines().rev().take_while(is_row).last();
    above.filter(|_| line.is_some_and(|line| line.chars().any(char::is_alphanumeric)))
}

/// The heading above.
fn heading(text: &str, start: usize) -> &str {
    text[..start].lines().rev().find(|line| line.starts_with('#')).unwrap_or_default()
}

fn on_syslog(text: &str) -> bool {
    text.contains("syslog") || text.contains("listener")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn others() -> Others {
        Others { settled: vec!["athena".into()], staying: ["angelia", "spelunker"].map(String::from).into() }
    }

    /// The text without kairos, and whether that is right as it stands.
    fn list(text: &str) -> Option<(String, bool)> {
        let at = text.rfind("kairos").unwrap();
        let start = text[..at].rfind("\n\n").map_or(0, |end| end + 2);
        let start = if text[start..].starts_with('|') { text[..at].rfind('\n').unwrap() + 1 } else { start };
        let said = without(text, Span::new(start, text.len()), Span::new(at, at + 6), &others())?;
        Some((format!("{}{}{}", &text[..said.span.start()], said.new, &text[said.span.end()..]), said.right))
    }

    #[test]
    fn a_list_loses_the_name() {
        let right = |text: &str| Some((text.to_owned(), true));
        let table = "| host | on syslog |\n|---|---|\n";
        for (before, after) in [
            ("| puck | angelia, kairos, spelunker *(yet)* |\n", "| puck | angelia, spelunker *(yet)* |\n"),
            ("| puck | `angelia`, `kairos` |\n", "| puck | `angelia` |\n"),
            ("| puck | **kairos**, angelia |\n", "| puck | angelia |\n"),
            ("| puck | unknown, kairos |\n", "| puck | unknown |\n"),
        ] {
            assert_eq!(list(&format!("{table}{before}")), right(&format!("{table}{after}")));
        }
        for (before, after) in [
            ("syslog: kairos, angelia and spelunker.", "syslog: angelia and spelunker."),
            ("syslog: angelia, kairos and spelunker.", "syslog: angelia and spelunker."),
            ("syslog: angelia, spelunker and kairos.", "syslog: angelia and spelunker."),
            ("syslog (angelia, spelunker, kairos) is next", "syslog (angelia, spelunker) is next"),
            ("# listeners\n\nangelia,\nkairos, spelunker", "# listeners\n\nangelia, spelunker"),
        ] {
            assert_eq!(list(before), right(after));
        }
    }

    #[test]
    fn what_may_read_wrong_is_to_be_checked_and_what_is_no_list_has_no_text() {
        for (before, after) in [
            ("angelia and kairos log to syslog", "angelia log to syslog"),
            ("three on syslog: angelia, kairos, spelunker", "three on syslog: angelia, spelunker"),
            ("syslog 514: angelia, kairos, spelunker", "syslog 514: angelia, spelunker"),
            ("| a | angelia, kairos |\n", "| a | angelia |\n"),
        ] {
            let text = format!("| host | x |\n{before}");
            let (text, after) = if before.starts_with('|') {
                (&*text, format!("| host | x |\n{after}"))
            } else {
                (before, after.into())
            };
            assert_eq!(list(text), Some((after, false)));
        }
        for text in ["kairos on syslog", "syslog: athena, kairos, angelia", "syslog of kairos, oberon and others"] {
            assert_eq!(list(text), None, "{text}");
        }
    }

    #[test]
    fn a_row_of_its_own_goes_whole() {
        let row = |text: &str| {
            let at = text.find("kairos").unwrap();
            row(text, Span::new(at, at + 6), &["kairos".into()], "puck", &others())
                .map(|said| said.span.of(text).to_owned())
        };
        let table = "| host | listener |\n|---|---|\n| puck | angelia |\n";
        for line in ["| puck.incus | kairos | 51431 |\n", "| puck | `job=\"kairos\"` |"] {
            assert_eq!(row(&format!("{table}{line}")).as_deref(), Some(line));
        }
        for line in [
            "| oberon | kairos |\n",
            "| puck | kairos, angelia |\n",
            "| puck | unknown and kairos |\n",
            "kairos on puck\n",
        ] {
            assert_eq!(row(&format!("{table}{line}")), None);
        }
        assert_eq!(row("| puck | kairos listener |\n|---|---|\n"), None);
        assert_eq!(row("# Hosts\n\n| host | service |\n|---|---|\n| puck | kairos |\n"), None);
    }
}
