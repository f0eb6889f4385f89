//! Every other place that names a moved job: documentation, scripts, routes, server settings, links, prose.
//!
//! Knows: how people write `job` beside a value, in any quoting. Must not know: any file format. Nothing here is ever
//! edited; each place is a review finding (label-surface 3, 4, 8). One pass over the bytes of a file.

use std::sync::Arc;

use memchr::memmem;

use crate::finding::{Finding, Level};
use crate::rule;
use crate::text::{Place, Source, Span};
use crate::topology::Move;

/// Longest stretch after `job` in which its value has to begin: operator, quotes and their escapes.
const REACH: usize = 48;

/// Most findings for one file; what is beyond is counted in the last one.
const MOST: usize = 20;

/// A place that names a moved job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// From `job` to the end of the value.
    pub span: Span,
    /// The label name `job` in it.
    pub label: Span,
    /// The value.
    pub value: Span,
}

/// All places of `text` that set `job` beside one of these values: `job="kairos"`, `job=~"kairos|angelia"`,
/// `job: kairos`, `[job, =, kairos]`, `job\u003d…`, `job%3D%22kairos`, in any quoting. In text order.
pub fn find(text: &str, jobs: &[String]) -> Vec<Mention> {
    let bytes = text.as_bytes();
    if !jobs.iter().any(|job| memmem::find(bytes, job.as_bytes()).is_some()) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for at in memmem::find_iter(bytes, b"job") {
        if let Some(mention) = mention(text, at, jobs) {
            found.push(mention);
        }
    }
    found
}

fn mention(text: &str, at: usize, jobs: &[String]) -> Option<Mention> {
    let bytes = text.as_bytes();
    let before = at.checked_sub(1).map(|at| bytes[at]);
    let percent = at >= 3 && bytes[at - 3] == b'%';
    let escaped = at >= 2 && bytes[at - 2] == b'\\' && matches!(before, Some(b'n' | b't'));
    if before.is_some_and(is_word) && !percent && !escaped {
        return None;
    }
    let start = skip(bytes, at + 3)?;
    // The value: a list of alternatives, or one word.
    let mut end = start;
    while end < bytes.len() && end - start < 512 && (is_value(bytes[end]) || alternative(bytes, end)) {
        end += 1;
    }
    let value = text.get(start..end)?;
    let named = value.split(['|', '(', ')']).any(|part| {
        let part = part.trim_end_matches(['.', ',']);
        jobs.iter().any(|job| part == job || part.strip_suffix("%7C").is_some_and(|part| part == job))
    }) || value.split("%7C").any(|part| jobs.iter().any(|job| part == job));
    let value = value.trim_end_matches(['.', '|', ')']);
    named.then(|| Mention {
        span: Span::new(at, start + value.len()),
        label: Span::new(at, at + 3),
        value: Span::new(start, start + value.len()),
    })
}

/// Steps over what may stand between `job` and its value; there has to be an operator.
fn skip(bytes: &[u8], from: usize) -> Option<usize> {
    const CODES: [&[u8]; 16] = [
        b"%5C", b"%5c", b"%22", b"%27", b"%60", b"%20", b"%28", b"&quot;", b"\\u0022", b"\\u0027", b"\\u0060",
        b"&#34;", b"value", b"\\n", b"%2C", b"%2c",
    ];
    const OPERATORS: [&[u8]; 11] =
        [b"%3D", b"%3d", b"%21", b"%7E", b"%7e", b"%3A", b"%3a", b"\\u003d", b"\\u003D", b"\\u0021", b"\\u007e"];
    let mut at = from;
    let mut operator = false;
    while at < bytes.len() && at - from < REACH {
        let rest = &bytes[at..];
        if let Some(code) = OPERATORS.iter().find(|code| rest.starts_with(code)) {
            operator = true;
            at += code.len();
            continue;
        }
        // `value:` of a structured matcher; a job may be called `value…`, so the colon counts.
        if let Some(code) = CODES.iter().find(|code| rest.starts_with(code)) {
            if *code == b"value" && !rest[5..].iter().take(3).any(|byte| *byte == b':') {
                break;
            }
            at += code.len();
            continue;
        }
        match rest[0] {
            b'=' | b'!' | b'~' | b':' => operator = true,
            b' ' | b'\t' | b'"' | b'\'' | b'`' | b'\\' | b',' | b'(' | b'[' => {}
            _ => break,
        }
        at += 1;
    }
    operator.then_some(at)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-' || byte == b'.' || byte >= 0x80
}

fn is_value(byte: u8) -> bool {
    is_word(byte) || byte == b'|' || byte == b'(' || byte == b')'
}

fn alternative(bytes: &[u8], at: usize) -> bool {
    let tail = |at: usize| bytes.get(at..at + 3).is_some_and(|code| code.eq_ignore_ascii_case(b"%7C"));
    tail(at) || at >= 1 && tail(at - 1) || at >= 2 && tail(at - 2)
}

/// What is said about a place in a file of this kind.
fn sentence(source: &Source, line: &str) -> &'static str {
    let path = source.path.as_str();
    let name = source.path.name();
    if line.contains("%7B") || line.contains("/explore") {
        "mentions/link"
    } else if path.contains("alertmanager") || line.contains("matchers") || line.contains("object_matchers") {
        "mentions/route"
    } else if line.contains("selector") {
        "mentions/setting"
    } else if [".md", ".rst", ".adoc", ".txt"].iter().any(|suffix| name.ends_with(suffix)) {
        "mentions/documentation"
    } else {
        "mentions/other"
    }
}

/// History says what was, and stays: change logs, decision records, incident notes (real-world T2).
fn history(source: &Source) -> bool {
    let name = source.path.name().to_ascii_lowercase();
    name.starts_with("changelog")
        || name.starts_with("history")
        || name.starts_with("news")
        || source.path.segments().rev().skip(1).any(|folder| {
            matches!(folder.to_ascii_lowercase().as_str(), "adr" | "adrs" | "decisions" | "incidents" | "postmortems")
        })
}

/// Findings for the places of one file that name a moved job. `handled` are spans of the file somebody else answers
/// for, sorted by start: queries that were looked at, blocks that go. `components` are those of Alloy that go.
pub fn rewrite(source: &Arc<Source>, handled: &[Span], components: &[&str], moved: &Move) -> Vec<Finding> {
    let Some(text) = source.text().filter(|text| !text.starts_with("$ANSIBLE_VAULT")) else { return Vec::new() };
    if history(source) {
        return Vec::new();
    }
    let all: Vec<Mention> =
        find(text, &moved.jobs).into_iter().filter(|one| !handled.iter().any(|span| span.overlaps(one.span))).collect();
    let more = all.len().saturating_sub(MOST);
    let mut findings: Vec<Finding> = all
        .iter()
        .take(MOST)
        .map(|one| {
            let line = source.slice(source.line_at(one.span.start()));
            let id = sentence(source, line);
            let message = rule::say(id, &[("project", &moved.project)]);
            let close = closing(text, one);
            let proposed = proposed(text, one, moved) + close;
            let span = Span::new(one.span.start(), one.span.end() + close.len());
            Finding::new(Level::Review, id, message).at(Place::new(source, span)).proposing(proposed)
        })
        .collect();
    if more > 0
        && let Some(last) = findings.last_mut()
    {
        last.hint = Some(rule::say("mentions/more", &[("count", &more.to_string())]));
    }
    let free = lists(text).into_iter().filter(|(found, _)| !handled.iter().any(|span| span.overlaps(*found)));
    let apart = free.chain(templates(source, text)).chain(metrics(text, components));
    findings.extend(apart.map(|(span, id)| {
        let message = rule::say(id, &[("project", &moved.project)]);
        Finding::new(Level::Review, id, message).at(Place::new(source, span))
    }));
    findings
}

/// The quote behind the value that the one before it asks for; empty when there is none.
fn closing<'t>(text: &'t str, one: &Mention) -> &'t str {
    const QUOTES: [&str; 11] =
        ["%5C%22", "%5c%22", r#"\\\""#, r#"\""#, "\\u0022", "&quot;", "%22", "%60", "\"", "'", "`"];
    let before = text.get(one.label.end()..one.value.start()).unwrap_or_default();
    let quote = QUOTES.into_iter().find(|quote| before.ends_with(quote)).unwrap_or_default();
    let behind = text.get(one.span.end()..).unwrap_or_default();
    if behind.starts_with(quote) { behind.get(..quote.len()).unwrap_or_default() } else { "" }
}

/// Lists that name the label `job` itself, whoever's: labels two alerts must share (`equal`), labels Loki demands of
/// queries (`required_labels`) or of streams (`enforced_labels`). One line, or the dashed lines below the key.
fn lists(text: &str) -> Vec<(Span, &'static str)> {
    let keys = [
        ("equal:", "mentions/equal"),
        ("required_labels:", "mentions/demanded"),
        ("enforced_labels:", "mentions/demanded"),
    ];
    let mut found = Vec::new();
    for (key, id) in keys {
        for (at, _) in text.match_indices(key) {
            let start = at + key.len();
            let lines = text[start..].split_inclusive('\n').enumerate();
            let mut from = start;
            let mut inline = false;
            for (number, line) in lines.take(16) {
                if number > 0 && (inline || !line.trim_start().starts_with('-')) {
                    break;
                }
                inline |= number == 0 && !line.trim().is_empty();
                let words = line.match_indices("job").map(|(offset, _)| from + offset);
                let bytes = text.as_bytes();
                let whole = |at: &usize| !is_word(bytes[at - 1]) && !bytes.get(at + 3).copied().is_some_and(is_word);
                found.extend(words.filter(whole).map(|at| (Span::new(at, at + 3), id)));
                from += line.len();
            }
        }
    }
    found.sort_unstable_by_key(|(span, _)| *span);
    found
}

/// Templates of notifications, which serve the alerts of all services: where they read `job`.
fn templates(source: &Source, text: &str) -> Vec<(Span, &'static str)> {
    let notifies = source.path.name().ends_with(".tmpl");
    let bytes = text.as_bytes();
    memmem::find_iter(bytes, b"Labels.job")
        .filter(|at| notifies || ["Common", "Group"].iter().any(|word| text[..*at].ends_with(word)))
        .map(|at| Span::new(at + "Labels.".len(), at + "Labels.job".len()))
        .filter(|span| !bytes.get(span.end()).copied().is_some_and(is_word))
        .map(|span| (span, "mentions/template"))
        .collect()
}

/// Metrics of a component that goes: they go with it, and `absent` on them fires.
fn metrics(text: &str, components: &[&str]) -> Vec<(Span, &'static str)> {
    let bytes = text.as_bytes();
    if memmem::find(bytes, b"component_id").is_none() {
        return Vec::new();
    }
    let named = |component: &&str| {
        let length = component.len();
        memmem::find_iter(bytes, component.as_bytes()).map(|at| Span::new(at, at + length)).collect::<Vec<_>>()
    };
    let asked = |span: &Span| {
        let before = &bytes[span.start().saturating_sub(REACH)..span.start()];
        let ends = !bytes.get(span.end()).copied().is_some_and(|byte| is_word(byte) && byte != b'.');
        ends && memmem::find(before, b"component_id").is_some()
    };
    components.iter().flat_map(named).filter(asked).map(|span| (span, "mentions/component")).collect()
}

/// The same text with `service` and the project; a list of several values with `service_name`.
fn proposed(text: &str, one: &Mention, moved: &Move) -> String {
    let value = one.value.of(text);
    let several = value.contains('|') || value.contains("%7C");
    let label = if several { "service_name" } else { "service" };
    let between = Span::new(one.label.end(), one.value.start()).of(text);
    let value = if several { value } else { &moved.project };
    format!("{label}{between}{value}")
}

#[cfg(test)]
mod tests;
