//! Documents that say of a service that its logs come by syslog, without naming its job: a row of a table, a sentence.
//!
//! Knows: how prose is laid out (paragraphs, rows, items, fences). Must not know: what could stand there instead (`list`).

mod list;

use std::sync::Arc;

use crate::finding::{Finding, Level, is_document};
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

pub use list::Others;
pub(super) use list::Said;

/// Findings for the rows and sentences that name the service and its host, in a document about syslog; `named` are the
/// places somebody else answers for. A row that names a service which is not on syslog lists what runs there.
pub(super) fn rewrite(source: &Arc<Source>, named: &[Span], others: &Others, moved: &Move) -> Vec<Finding> {
    let Some(lower) = lower(source).filter(|lower| lower.contains("syslog") || lower.contains("listener")) else {
        return Vec::new();
    };
    let services = names(moved);
    let host = moved.short_host.to_lowercase();
    let is_free = |span: Span| !named.iter().any(|one| one.overlaps(span));
    let found = blocks(&lower).into_iter().filter(|(block, _)| is_free(*block)).filter_map(|(block, head)| {
        let says = |is: &dyn Fn(&str) -> bool, part: Span| words(&lower, part).any(|word| is(word.of(&lower)));
        let tells = |word: &str| TELLS.contains(&word);
        let service = words(&lower, block).find(|word| services.iter().any(|name| name == word.of(&lower)))?;
        let lists_all = !head.is_empty() && says(&|word| others.settled.iter().any(|name| name == word), block);
        let is_told = says(&|word| word == host, block) && !lists_all && (says(&tells, block) || says(&tells, head));
        is_told.then_some((service, block))
    });
    let message = rule::say("mentions/told", &[("host", &moved.short_host)]);
    let finding = |(service, block)| {
        let finding = Finding::new(Level::Review, "mentions/told", message.clone()).at(Place::new(source, service));
        let said = list::without(&lower, block, service, others)
            .or_else(|| list::row(&lower, service, &services, &host, others));
        proposing(finding, source, said)
    };
    found.map(finding).collect()
}

/// The finding, about what is said and with what could be said instead.
pub(super) fn proposing(finding: Finding, source: &Arc<Source>, said: Option<Said>) -> Finding {
    let Some(Said { span, new, right }) = said else { return finding };
    let finding = finding.at(Place::new(source, span));
    if right { finding.fixing(new) } else { finding.proposing(new) }
}

/// The row of a document that a place is in, if it is about a listener that goes and about nothing else.
pub(super) fn row(source: &Source, at: Span, others: &Others, moved: &Move) -> Option<Said> {
    let lower = lower(source).filter(|_| is_document(source))?;
    list::row(&lower, at, &names(moved), &moved.short_host.to_lowercase(), others)
}

/// The text in lower case, where offsets of the one are offsets of the other.
fn lower(source: &Source) -> Option<String> {
    let text = source.text()?;
    Some(text.to_lowercase()).filter(|lower| lower.len() == text.len())
}

/// What the service may be called, in lower case.
fn names(moved: &Move) -> Vec<String> {
    [&moved.service, &moved.project].into_iter().chain(&moved.jobs).map(|name| name.to_lowercase()).collect()
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
