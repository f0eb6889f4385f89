//! Every place of a file that names the label `job` outside of a query: beside a value, in a list of labels, in a template.
//!
//! Knows: how people write `job` beside a value, in any quoting. Must not know: any file format, or which job moves. One
//! pass over the bytes of a file; what it finds is a fact of the file alone.

mod alerts;
mod selects;

use std::sync::Arc;

use memchr::memmem;

use crate::text::{Source, Span};

pub use alerts::Reader;

/// Longest stretch after `job` in which its value has to begin: operator, quotes and their escapes.
pub const REACH: usize = 48;

/// A place that sets `job` beside a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mention {
    /// From `job` to the end of the value.
    pub span: Span,
    /// The label name `job` in it.
    pub label: Span,
    /// The value.
    pub value: Span,
    /// The value with what is cut off at its end: alternatives are looked for in all of it.
    whole: Span,
    /// Whether there is but one word.
    alone: bool,
}

/// A list that names the label `job` itself, whoever's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// Labels two alerts must share (`equal`).
    Shared,
    /// Labels Loki demands of queries (`required_labels`) or of streams (`enforced_labels`).
    Demanded,
}

/// What one file names.
#[derive(Clone, Debug, Default)]
pub struct Named {
    mentions: Vec<Mention>,
    /// The values they set it to, sorted.
    values: Vec<Box<str>>,
    /// Where lists name the label.
    pub lists: Vec<(Span, List)>,
    /// Where templates of notifications, which serve the alerts of all services, read it.
    pub templates: Vec<Span>,
    /// Where something reads it of alerts, in file order: the templates, routes, groupings, silences.
    pub alerts: Vec<Reader>,
    /// Selectors of logs whose `job` is filled in when they are asked, from the label on.
    pub filled: Vec<Span>,
    /// Links that give a variable of a dashboard a value: the name and the value.
    pub links: Vec<(Span, Span)>,
    /// Whether it asks for metrics by the component of Alloy they are of.
    pub asks_by_component: bool,
}

/// What a file names; `None` when it is no text, or nothing.
pub fn of(source: &Arc<Source>) -> Option<Named> {
    let text = source.text().filter(|text| !text.starts_with("$ANSIBLE_VAULT"))?;
    let mentions: Vec<Mention> = all(text).collect();
    let mut values: Vec<Box<str>> = mentions.iter().flat_map(|one| one.values(text)).map(Box::from).collect();
    values.sort_unstable();
    values.dedup();
    let templates = templates(source, text);
    let named = Named {
        mentions,
        values,
        lists: lists(text),
        alerts: alerts::readers(source.path.name(), text, &templates),
        templates,
        filled: selects::filled(text),
        links: selects::links(text),
        asks_by_component: memmem::find(text.as_bytes(), b"component_id").is_some(),
    };
    let is_empty = named.mentions.is_empty() && named.lists.is_empty() && named.templates.is_empty();
    let is_empty = is_empty && named.filled.is_empty() && named.links.is_empty() && named.alerts.is_empty();
    (!is_empty || named.asks_by_component).then_some(named)
}

impl Named {
    /// The places of `text`, of which these are the facts, that set `job` to one of these values, in text order.
    pub fn naming<'n>(&'n self, text: &'n str, jobs: &'n [String]) -> impl Iterator<Item = Mention> + 'n {
        let is_named = |job: &String| self.values.binary_search_by(|value| (**value).cmp(job.as_str())).is_ok();
        let mentions = if jobs.iter().any(is_named) { self.mentions.as_slice() } else { &[] };
        mentions.iter().filter(move |one| one.names(text, jobs)).copied()
    }
}

/// All places of `text` that set `job` beside one of these values: `job="kairos"`, `job=~"kairos|angelia"`,
/// `job: kairos`, `[job, =, kairos]`, `job\u003d…`, `job%3D%22kairos`, in any quoting. In text order.
pub fn find(text: &str, jobs: &[String]) -> Vec<Mention> {
    if !jobs.iter().any(|job| memmem::find(text.as_bytes(), job.as_bytes()).is_some()) {
        return Vec::new();
    }
    all(text).filter(|one| one.names(text, jobs)).collect()
}

/// Whether a place of `text` sets `job` to a value that is wanted there; asked with the value and the place of `job`.
pub fn sets_job_to(text: &str, wanted: impl Fn(&str, usize) -> bool) -> bool {
    all(text).any(|one| one.values(text).any(|value| wanted(value, one.label.start())))
}

/// All places that set `job`, whatever the value.
fn all(text: &str) -> impl Iterator<Item = Mention> {
    memmem::find_iter(text.as_bytes(), b"job").filter_map(|at| mention(text, at))
}

fn mention(text: &str, at: usize) -> Option<Mention> {
    let bytes = text.as_bytes();
    if !begins(bytes, at) {
        return None;
    }
    let start = skip(bytes, at + 3)?;
    // The value: a list of alternatives, or one word.
    let mut end = start;
    while end < bytes.len() && end - start < 512 && (is_value(bytes[end]) || alternative(bytes, end)) {
        end += 1;
    }
    let whole = text.get(start..end).filter(|value| !value.is_empty())?;
    let value = start + whole.trim_end_matches(['.', '|', ')']).len();
    Some(Mention {
        span: Span::new(at, value),
        label: Span::new(at, at + 3),
        value: Span::new(start, value),
        whole: Span::new(start, end),
        alone: !whole.contains(['|', '(', ')', '.', ',', '%']),
    })
}

/// Whether the name at `at` is no end of a longer one; what an escape ends with is no part of it.
fn begins(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).map(|at| bytes[at]);
    let percent = at >= 3 && bytes[at - 3] == b'%';
    let escaped = at >= 2 && bytes[at - 2] == b'\\' && matches!(before, Some(b'n' | b't'));
    !before.is_some_and(is_word) || percent || escaped
}

impl Mention {
    /// Whether another label and value may take the place of these without anything around them: a matcher of a selector of
    /// logs that asks for one value, where nothing beside it reads the label and nothing tells of how things were.
    pub fn stands_alone(&self, text: &str) -> bool {
        let between = text.get(self.label.end()..self.value.start()).unwrap_or_default();
        let at = self.label.start();
        let start = text[..at].rfind('\n').map_or(0, |line| line + 1);
        let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
        self.alone
            && selects::asks(between)
            && selects::in_selector(text, at)
            && !selects::read_beside(&text[start..end])
            && !selects::tells_of_before(text, at)
    }

    /// Whether one of the alternatives is one of these.
    fn names(&self, text: &str, jobs: &[String]) -> bool {
        self.values(text).any(|value| jobs.iter().any(|job| job == value))
    }

    /// The value where it is one word, else whatever may be one of several.
    fn values<'t>(&self, text: &'t str) -> impl Iterator<Item = &'t str> + use<'t> {
        let value = self.whole.of(text);
        let several = if self.alone { "" } else { value };
        let parts = several.split(['|', '(', ')']).map(|part| part.trim_end_matches(['.', ',']));
        let parts = parts.flat_map(|part| std::iter::once(part).chain(part.strip_suffix("%7C")));
        let all = self.alone.then_some(value).into_iter().chain(parts).chain(several.split("%7C"));
        all.filter(|value| !value.is_empty())
    }
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

/// Whether a byte is part of a word, as people call services.
pub fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-' || byte == b'.' || byte >= 0x80
}

fn is_value(byte: u8) -> bool {
    is_word(byte) || byte == b'|' || byte == b'(' || byte == b')'
}

fn alternative(bytes: &[u8], at: usize) -> bool {
    let tail = |at: usize| bytes.get(at..at + 3).is_some_and(|code| code.eq_ignore_ascii_case(b"%7C"));
    tail(at) || at >= 1 && tail(at - 1) || at >= 2 && tail(at - 2)
}

/// Lists that name the label `job` itself, whoever's: labels two alerts must share (`equal`), labels Loki demands of
/// queries (`required_labels`) or of streams (`enforced_labels`). One line, or the dashed lines below the key.
fn lists(text: &str) -> Vec<(Span, List)> {
    let keys = [("equal:", List::Shared), ("required_labels:", List::Demanded), ("enforced_labels:", List::Demanded)];
    let mut found = Vec::new();
    for (key, list) in keys {
        for at in memmem::find_iter(text.as_bytes(), key.as_bytes()) {
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
                found.extend(words.filter(whole).map(|at| (Span::new(at, at + 3), list)));
                from += line.len();
            }
        }
    }
    found.sort_unstable_by_key(|(span, _)| *span);
    found
}

/// Templates of notifications, which serve the alerts of all services: where they read `job`.
fn templates(source: &Source, text: &str) -> Vec<Span> {
    let bytes = text.as_bytes();
    let receives = |word: &&str| memmem::find(bytes, word.as_bytes()).is_some();
    let notifies = source.path.name().ends_with(".tmpl") || ["receivers:", "define \""].iter().any(receives);
    memmem::find_iter(bytes, b"Labels.job")
        .filter(|at| notifies || ["Common", "Group"].iter().any(|word| text[..*at].ends_with(word)))
        .map(|at| Span::new(at + "Labels.".len(), at + "Labels.job".len()))
        .filter(|span| !bytes.get(span.end()).copied().is_some_and(is_word))
        .collect()
}
