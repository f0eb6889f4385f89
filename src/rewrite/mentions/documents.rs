//! Documents that say of a service that its logs come by syslog, without naming its job: a row of a table, a sentence.
//!
//! Knows: how prose is laid out (paragraphs, rows, items, fences). Must not know: what could stand there instead.

use std::sync::Arc;

use crate::finding::{Finding, Level};
use crate::rule;
use crate::text::{Place, Source, Span};
use crate::topology::Move;

/// Words of a sentence that tells how far something is.
const TELLS: [&str; 16] = [
    "syslog",
    "listener",
    "listeners",
    "left",
    "still",
    "until",
    "moved",
    "move",
    "moves",
    "migrated",
    "migration",
    "socket",
    "driver",
    "remaining",
    "remain",
    "yet",
];

/// Whether a file is prose.
pub(super) fn is_one(source: &Source) -> bool {
    [".md", ".rst", ".adoc", ".txt"].iter().any(|suffix| source.path.name().ends_with(suffix))
}

/// Findings for the rows and sentences that name the service and its host, in a document about syslog; `named` are the
/// places somebody else answers for. A row that names one of `settled`, which are not on syslog, lists what runs there.
pub(super) fn rewrite(source: &Arc<Source>, named: &[Span], settled: &[&str], moved: &Move) -> Vec<Finding> {
    let Some(text) = source.text() else { return Vec::new() };
    let lower = text.to_lowercase();
    // Offsets of the one are offsets of the other.
    if lower.len() != text.len() || !lower.contains("syslog") && !lower.contains("listener") {
        return Vec::new();
    }
    let services: Vec<String> =
        [&moved.service, &moved.project].into_iter().chain(&moved.jobs).map(|name| name.to_lowercase()).collect();
    let host = moved.short_host.to_lowercase();
    let is_free = |span: Span| !named.iter().any(|one| one.overlaps(span));
    let found = blocks(&lower).into_iter().filter(|(block, _)| is_free(*block)).filter_map(|(block, head)| {
        let says = |list: &[&str], part: Span| words(&lower, part).any(|word| list.contains(&word.of(&lower)));
        let service = words(&lower, block).find(|word| services.iter().any(|name| name == word.of(&lower)))?;
        let lists_all = !head.is_empty() && says(settled, block);
        (says(&[&host], block) && !lists_all && (says(&TELLS, block) || says(&TELLS, head))).then_some(service)
    });
    let message = rule::say("mentions/told", &[("host", &moved.short_host)]);
    found
        .map(|span| Finding::new(Level::Review, "mentions/told", message.clone()).at(Place::new(source, span)))
        .collect()
}

/// Words of a stretch of text.
fn words(text: &str, block: Span) -> impl Iterator<Item = Span> + '_ {
    let mut from = block.start();
    block.of(text).split(|c: char| !c.is_alphanumeric() && c != '-' && c != '_').map(move |word| {
        let start = from;
        from += word.len();
        from += text[from..].chars().next().map_or(0, char::len_utf8);
        Span::new(start, start + word.len())
    })
}

/// Paragraphs, rows and items, without what stands between fences; beside a row what its table begins with.
fn blocks(text: &str) -> Vec<(Span, Span)> {
    let mut found: Vec<(Span, Span)> = Vec::new();
    let (mut at, mut fenced, mut open, mut head) = (0, false, false, None);
    for line in text.split_inclusive('\n') {
        let (start, inner) = (at, line.trim());
        at += line.len();
        let fence = inner.starts_with("```") || inner.starts_with("~~~");
        fenced ^= fence;
        if fence || fenced || inner.is_empty() || inner.starts_with('#') {
            (open, head) = (false, None);
            continue;
        }
        let row = inner.starts_with('|');
        let starts = row || inner.starts_with(['-', '*', '+']) || inner.starts_with(|c: char| c.is_ascii_digit());
        let head = if row { *head.get_or_insert(Span::new(start, at)) } else { Span::at(start) };
        match found.last_mut().filter(|_| open && !starts) {
            Some((last, _)) => *last = Span::new(last.start(), at),
            None => found.push((Span::new(start, at), head)),
        }
        open = !row;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_items_and_paragraphs_are_apart_and_fences_are_left_out() {
        let text = "# kairos\n\none\ntwo\n\n| a |\n| b |\n- c\n  d\n- e\n```\nf\n```\ng\n";
        let found: Vec<&str> = blocks(text).into_iter().map(|(block, _)| block.of(text)).collect();
        assert_eq!(found, ["one\ntwo\n", "| a |\n", "| b |\n", "- c\n  d\n", "- e\n", "g\n"]);
        let words: Vec<&str> = words("ä b-c, d", Span::new(0, 9)).map(|word| word.of("ä b-c, d")).collect();
        assert_eq!(words, ["ä", "b-c", "", "d"]);
    }
}
