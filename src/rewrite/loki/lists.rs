//! Lists of settings by stream: which entry needs a second one, and how it is written.
//!
//! Knows: entries with a `selector`, the streams that move, how a list is written in YAML. Must not know: what the
//! settings are for, beyond that the highest `priority` wins and of equal ones the shortest `period`.

use std::collections::BTreeSet;

use super::File;
use crate::proof::{self, Condition, Copies, Matcher, Proof};
use crate::rewrite::by_service;
use crate::syntax::jinja::{self, TagKind};
use crate::syntax::logql;
use crate::syntax::tree::{Ref, Style};
use crate::syntax::yaml;
use crate::text::{Edit, Edits, Span, Why, lines};
use crate::topology::{Move, Stream, Streams};

/// The streams that move, and what becomes of them.
pub(super) struct Moving {
    /// Old streams that move, and everything there is afterwards.
    streams: Streams,
    /// What becomes of them.
    pub(super) after: Vec<Stream>,
}

impl Moving {
    pub(super) fn of(moved: &Move) -> Self {
        let all = &moved.streams;
        let mut streams = Streams { after: all.after.clone(), names: all.names.clone(), ..Streams::default() };
        let mut new = BTreeSet::new();
        for (stream, image) in all.before.iter().zip(&all.image) {
            if image.iter().any(|&to| all.after[to].labels != stream.labels) {
                streams.before.push(stream.clone());
                // One that stays behind for another sender is no new stream.
                let image: Vec<usize> =
                    image.iter().copied().filter(|&to| all.after[to].labels != stream.labels).collect();
                new.extend(image.iter().copied());
                streams.image.push(image);
            }
        }
        let after = new.into_iter().map(|to| all.after[to].clone()).collect();
        Self { streams, after }
    }

    /// Whether a selector takes all of these, none (`Some`), or nobody knows.
    fn takes(streams: &[Stream], matchers: &[Matcher]) -> Option<bool> {
        let all = Streams { before: streams.to_vec(), ..Streams::default() };
        let (found, sure) = Proof::new(&all).possible(&Condition::all(matchers));
        match found.len() {
            0 => Some(false),
            all if all == streams.len() && sure => Some(true),
            _ => None,
        }
    }
}

/// One entry of a list.
pub(super) struct Entry {
    /// The item.
    span: Span,
    /// Whether it stands in brackets with its neighbours.
    flow: bool,
    /// Its selector as written, and decoded; `None` when a template fills in a part.
    pub(super) selector_at: Span,
    selector: Option<String>,
    /// Matchers with the bytes of the decoded selector; `None` when it cannot be read.
    matchers: Option<Vec<(Span, Matcher)>>,
    quote: Style,
    /// Whether it holds what must not be there twice, or hangs on a template's statement.
    odd: bool,
    /// `priority` and `period` as written.
    settings: (String, String),
}

pub(super) fn entries(file: &File<'_>, list: Ref<'_, '_>) -> Vec<Entry> {
    let flow = list.node().style == Style::Flow;
    list.items().filter_map(|item| entry(file, item, flow)).collect()
}

fn entry(file: &File<'_>, item: Ref<'_, '_>, flow: bool) -> Option<Entry> {
    let selector = item.get("selector").filter(|_| item.is_mapping())?;
    let own = item.entry("selector").is_some_and(|(_, value)| value.id() == selector.id());
    let templated = |span: Span| !file.mask.tags_in(span).is_empty();
    let text = selector.str().filter(|_| !templated(selector.span())).map(str::to_owned);
    let anchors =
        item.tree().iter().any(|node| node.node().anchor.is_some_and(|anchor| item.span().covers(anchor.start())));
    let statement = file.mask.tags_in(item.span()).iter().any(|tag| tag.kind == TagKind::Statement);
    let setting = |key| item.get_str(key).unwrap_or_default().to_owned();
    Some(Entry {
        span: item.span(),
        flow,
        selector_at: selector.span(),
        matchers: text.as_deref().and_then(matchers),
        selector: text,
        quote: selector.node().style,
        odd: anchors || statement || !own || item.node().anchor.is_some(),
        settings: (setting("priority"), setting("period")),
    })
}

fn matchers(selector: &str) -> Option<Vec<(Span, Matcher)>> {
    let query = logql::read(selector).ok()?;
    let mut selectors = query.selectors();
    let (id, selector) = selectors.next().filter(|_| selectors.next().is_none())?;
    let one = |matcher: &logql::Matcher<'_>| {
        let known = matcher.value.is_exact() && !matcher.value.placeholder;
        known.then(|| (matcher.span, Matcher::new(matcher.name.text, matcher.op.into(), &matcher.value.value)))
    };
    let plain = query.stages(query.log(id)).is_empty();
    query.matchers(selector).iter().map(one).collect::<Option<Vec<_>>>().filter(|_| plain)
}

fn only(matchers: &[(Span, Matcher)]) -> Vec<Matcher> {
    matchers.iter().map(|(_, matcher)| matcher.clone()).collect()
}

/// What one entry needs.
pub(super) enum Added {
    Nothing,
    /// A second entry with this selector, written so, at this place of the file.
    Entry {
        selector: String,
        at: usize,
        new: String,
    },
    /// Perhaps one, which could look like this.
    Unsure(String),
}

/// The second entry for one that selects what moves and not what becomes of it.
pub(super) fn second(file: &File<'_>, entry: &Entry, all: &[Entry], moving: &Moving, moved: &Move) -> Added {
    let names_it = || {
        let text = entry.selector_at.of(file.text);
        moved.jobs.iter().any(|job| text.contains(job.as_str())) || text.contains("{{")
    };
    let (Some(old), Some(text)) = (&entry.matchers, &entry.selector) else {
        return if names_it() && entry.selector_at.of(file.text).contains("job") {
            Added::Unsure(format!("{{service={}}}", proof::quoted(&moved.project)))
        } else {
            Added::Nothing
        };
    };
    let before = Moving::takes(&moving.streams.before, &only(old));
    let after = Moving::takes(&moving.after, &only(old));
    if before == Some(false) || moving.streams.before.is_empty() || (before == Some(true) && after == Some(true)) {
        return Added::Nothing;
    }
    let Some(selector) = candidate(old, text, moving, moved) else {
        // Its `job`, or another label of the listener that what moves has no longer.
        let lost = |one: &Matcher| {
            let takes = |streams: &[Stream]| Moving::takes(streams, std::slice::from_ref(one));
            takes(&moving.streams.before) != Some(false) && takes(&moving.after) == Some(false)
        };
        let names = old.iter().any(|(_, matcher)| matcher.label == "job" || lost(matcher));
        let proposed = format!("{{service={}}}", proof::quoted(&moved.project));
        return if names { Added::Unsure(proposed) } else { Added::Nothing };
    };
    // Somebody has been here before.
    let prepared = all.iter().any(|other| {
        let same = other.settings == entry.settings && other.span != entry.span;
        let selects = |matchers| Moving::takes(&moving.after, &only(matchers)) == Some(true);
        same && other.matchers.as_ref().is_some_and(|matchers| selects(matchers))
    });
    if prepared {
        return Added::Nothing;
    }
    match written(file, entry, &selector) {
        Some((at, new)) => Added::Entry { selector, at, new },
        None => Added::Unsure(selector),
    }
}

/// The selector with `service="P"` (and the components) in the place of its matcher on `job`, where it selects exactly
/// what becomes of the streams that the old one selects among those that move.
fn candidate(old: &[(Span, Matcher)], text: &str, moving: &Moving, moved: &Move) -> Option<String> {
    let mut on_job = old.iter().enumerate().filter(|(_, (_, matcher))| matcher.label == "job");
    let (index, (span, _)) = on_job.next().filter(|_| on_job.next().is_none())?;
    by_service(moved).into_iter().find_map(|list| {
        let mut new = only(old);
        new.splice(index..=index, list.clone());
        let (before, after) = (Condition::all(&only(old)), Condition::all(&new));
        let verdict = Proof::new(&moving.streams).check(&before, &after, Copies::Count);
        verdict.is_right().then(|| {
            let one = |one: &Matcher| proof::comparison(one, proof::quoted);
            let mut out = text.to_owned();
            out.replace_range(span.range(), &list.iter().map(one).collect::<Vec<_>>().join(", "));
            out
        })
    })
}

/// The text of a second entry like `entry` with another selector, and where it goes; `None` when that is not certain.
fn written(file: &File<'_>, entry: &Entry, selector: &str) -> Option<(usize, String)> {
    if entry.odd {
        return None;
    }
    let quoted = match entry.quote {
        Style::SingleQuoted => format!("'{}'", selector.replace('\'', "''")),
        Style::DoubleQuoted => format!("\"{}\"", selector.replace('\\', "\\\\").replace('"', "\\\"")),
        _ => return None,
    };
    let copy = |from: usize, to: usize| {
        let head = &file.text[from..entry.selector_at.start()];
        format!("{head}{quoted}{}", &file.text[entry.selector_at.end()..to])
    };
    if entry.flow {
        return Some((entry.span.end(), format!(", {}", copy(entry.span.start(), entry.span.end()))));
    }
    // From the dash to the end of the last line.
    let dash = file.text[..entry.span.start()].trim_end().strip_suffix('-')?.len();
    let start = dash - lines::indent(file.text, dash).len();
    let alone =
        file.text[..start].is_empty() || file.text[..start].ends_with('\n') || file.text[..start] == *"\u{feff}";
    let end = lines::next_line(file.text, entry.span.end());
    let rest = file.text[entry.span.end()..end].trim();
    if !alone
        || !(rest.is_empty() || rest.starts_with('#'))
        || !file.mask.tags_in(Span::new(start, end)).iter().all(|tag| tag.kind == TagKind::Expression)
    {
        return None;
    }
    let lines = copy(start, end);
    // The last line of a file may have no end.
    let new = if lines.ends_with('\n') { lines } else { format!("{}{lines}", lines::eol(file.text)) };
    Some((end, new))
}

/// Whether the file, with `edit`, is read as the same list with one more entry behind number `index`.
pub(super) fn holds(file: &File<'_>, edit: &Edit, list: Ref<'_, '_>, index: usize, selector: &str) -> bool {
    let mut edits = Edits::new();
    let why = Why { rule: edit.why.rule, message: String::new(), fact: None };
    if edits.insert(Edit { span: edit.span, new: edit.new.clone(), why }).is_err() {
        return false;
    }
    let Ok(text) = String::from_utf8(edits.apply(file.source.bytes())) else { return false };
    let text = text.strip_prefix('\u{feff}').filter(|_| !file.text.starts_with('\u{feff}')).unwrap_or(&text);
    let mask =
        if file.source.path.name().ends_with(".j2") { jinja::mask_or_plain(text) } else { jinja::mask_none(text) };
    let Ok(tree) = yaml::read(mask.text()) else { return false };
    let Some(again) = tree.iter().find(|node| node.span().start() == list.span().start() && node.is_sequence()) else {
        return false;
    };
    let keys = |list: Ref<'_, '_>, wanted: &dyn Fn(&str) -> bool| -> Vec<Vec<(String, String)>> {
        let pair = |(key, value): (Ref<'_, '_>, Ref<'_, '_>)| {
            let key = key.str().unwrap_or_default().to_owned();
            wanted(&key).then(|| (key, value.target().str().unwrap_or_default().to_owned()))
        };
        list.items().map(|item| item.entries().filter_map(pair).collect()).collect()
    };
    let entry_of = |number: usize| {
        list.items().enumerate().filter(|(_, item)| item.get("selector").is_some()).nth(number).map(|(at, _)| at)
    };
    let Some(at) = entry_of(index) else { return false };
    let mut expected = keys(list, &|_| true);
    let Some(mut copy) = expected.get(at).cloned() else { return false };
    for (_, value) in copy.iter_mut().filter(|(key, _)| key == "selector") {
        selector.clone_into(value);
    }
    expected.insert(at + 1, copy);
    keys(again, &|_| true) == expected
}

/// An entry that decides about the moved streams in another way than was decided about the old ones. `added` are
/// numbers of entries that get a second one.
pub(super) fn decides_otherwise<'e>(entries: &'e [Entry], added: &[usize], moving: &Moving) -> Option<&'e Entry> {
    if moving.after.is_empty() || moving.streams.before.is_empty() {
        return None;
    }
    let rank = |entry: &Entry| entry.settings.0.parse::<u64>().unwrap_or(0);
    // Those of the highest priority; which of them wins hangs on their periods.
    let deciding = |streams: &[Stream], more: bool| -> Vec<&'e Entry> {
        let takes = |(number, entry): &(usize, &Entry)| {
            let own = |matchers| Moving::takes(streams, &only(matchers)) != Some(false);
            entry.matchers.as_ref().is_some_and(|matchers| own(matchers)) || (more && added.contains(number))
        };
        let all: Vec<&Entry> = entries.iter().enumerate().filter(takes).map(|(_, entry)| entry).collect();
        let top = all.iter().map(|entry| rank(entry)).max();
        all.into_iter().filter(|entry| Some(rank(entry)) == top).collect()
    };
    let settings = |list: &[&'e Entry]| list.iter().map(|entry| &entry.settings).collect::<BTreeSet<_>>();
    let (old, new) = (deciding(&moving.streams.before, false), deciding(&moving.after, true));
    let same = settings(&old) == settings(&new);
    new.into_iter().find(|entry| !same && !old.iter().any(|other| other.settings == entry.settings))
}
