//! The stages of a pipeline, ready to run.
//!
//! Knows: what each stage needs, and what it does to a line and its labels. Must not know: in which order Loki runs them.

use std::sync::Arc;

use super::answer::Failure;
use super::fields::{self, Parser};
use super::hints::Hints;
use super::labels::{ERROR, ERROR_DETAILS, Entry, Origin};
use super::pattern::Pattern;
use super::regex;
use super::template::Template;
use super::text_filter::{LabelFilter, LineFilter, Matcher};
use crate::syntax::logql::{self, FormatSource, List, Query, StageKind};

/// One step of a pipeline.
#[derive(Debug)]
pub(super) enum Stage {
    Line(LineFilter),
    Json,
    JsonPaths(Vec<(String, fields::Path)>),
    Logfmt { strict: bool, keep_empty: bool },
    LogfmtNamed { wanted: Vec<(String, String)>, strict: bool },
    Regexp(Arc<::regex::Regex>),
    Pattern(Pattern),
    Unpack,
    Filter(LabelFilter),
    LineFormat(Template),
    LabelFormat(Vec<(String, Source)>),
    Decolorize,
    Keep(Vec<Pick>),
    Drop(Vec<Pick>),
}

/// What `label_format` sets a label to.
#[derive(Debug)]
pub(super) enum Source {
    /// The value of another label, which goes.
    Rename(String),
    Template(Template),
}

/// One item of `keep` or `drop`.
#[derive(Debug)]
pub(super) struct Pick {
    name: String,
    condition: Option<Matcher>,
}

impl Pick {
    fn takes(&self, name: &str, value: &str) -> bool {
        self.name == name && self.condition.as_ref().is_none_or(|condition| condition.takes(value))
    }
}

impl Stage {
    /// Makes a stage ready; `None` for `unwrap`, which is none of the pipeline's.
    pub(super) fn of(query: &Query<'_>, stage: &logql::Stage<'_>) -> Result<Option<Self>, Failure> {
        let broken = |what: &str| Failure::Parse(format!("invalid {what}"));
        Ok(Some(match &stage.kind {
            StageKind::LineFilter { op, texts } => Self::Line(LineFilter::of(*op, query.line_texts(*texts))?),
            StageKind::Json(list) if list.is_empty() => Self::Json,
            StageKind::Json(list) => {
                let wanted = named(query, *list);
                let paths = wanted.into_iter().map(|(name, path)| {
                    let path = fields::path(&path).ok_or_else(|| broken("path"))?;
                    Ok((name, path))
                });
                Self::JsonPaths(paths.collect::<Result<_, Failure>>()?)
            }
            StageKind::Logfmt(list) => {
                let text = stage.span.of(query.text());
                let strict = text.contains("--strict");
                let wanted = named(query, *list);
                if !wanted.iter().all(|(_, key)| fields::is_key(key)) {
                    return Err(broken("key"));
                }
                if wanted.is_empty() {
                    Self::Logfmt { strict, keep_empty: text.contains("--keep-empty") }
                } else {
                    Self::LogfmtNamed { wanted, strict }
                }
            }
            StageKind::Regexp(text) => Self::Regexp(regex::compiled(&text.value)?),
            StageKind::Pattern(text) => Self::Pattern(Pattern::read(&text.value)),
            StageKind::Unpack => Self::Unpack,
            StageKind::LabelFilter(id) => Self::Filter(LabelFilter::of(query, *id)?),
            StageKind::LineFormat(text) => Self::LineFormat(Template::read(&text.value)?),
            StageKind::LabelFormat(list) => Self::LabelFormat(formats(query, *list)?),
            StageKind::Decolorize => Self::Decolorize,
            StageKind::Keep(list) => Self::Keep(picks(query, *list)?),
            StageKind::Drop(list) => Self::Drop(picks(query, *list)?),
            StageKind::Unwrap { .. } => return Ok(None),
            StageKind::Placeholder => return Err(Failure::Unsupported("a variable in the place of a stage")),
        }))
    }

    /// The labels it reads: a grouping that names others only has to let parsers make these, too.
    pub(super) fn needs(&self) -> Vec<String> {
        match self {
            Self::Filter(filter) => filter.names(),
            Self::LineFormat(template) => template.fields(),
            Self::LabelFormat(formats) => formats
                .iter()
                .flat_map(|(_, source)| match source {
                    Source::Rename(name) => vec![name.clone()],
                    Source::Template(template) => template.fields(),
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Runs it: the line it leaves, `None` where it holds the line back.
    pub(super) fn run(
        &self,
        all: &[Self],
        hints: &Hints,
        at: i64,
        line: String,
        entry: &mut Entry<'_>,
    ) -> Option<String> {
        let passes = match self {
            Self::Line(filter) => filter.passes(&line),
            Self::Filter(filter) => filter.passes(entry),
            Self::LineFormat(template) => return Some(template.line(at, &line, entry)),
            Self::LabelFormat(formats) => {
                format_labels(formats, at, &line, entry);
                true
            }
            Self::Decolorize => return Some(decolorized(&line)),
            Self::Keep(picks) => {
                keep(picks, entry);
                true
            }
            Self::Drop(picks) => {
                drop_labels(picks, entry);
                true
            }
            _ => {
                let mut parser = Parser { hints, stages: all, entry };
                match self {
                    Self::Json => fields::json(&mut parser, &line),
                    Self::JsonPaths(wanted) => fields::json_paths(&mut parser, &line, wanted),
                    Self::Logfmt { strict, keep_empty } => fields::logfmt(&mut parser, &line, *strict, *keep_empty),
                    Self::LogfmtNamed { wanted, strict } => fields::logfmt_named(&mut parser, &line, wanted, *strict),
                    Self::Regexp(regex) => parser.regexp(regex, &line),
                    Self::Pattern(pattern) => parser.pattern(pattern, &line),
                    _ => return fields::unpack(&mut parser, &line),
                }
            }
        };
        passes.then_some(line)
    }
}

/// The items of `json` or `logfmt`: label, and where it comes from.
fn named(query: &Query<'_>, list: List) -> Vec<(String, String)> {
    let items = query.extractions(list).iter();
    items
        .map(|item| {
            let name = item.name.text.to_owned();
            let from = item.expression.as_ref().map_or_else(|| name.clone(), |text| text.value.clone().into_owned());
            (name, from)
        })
        .collect()
}

fn formats(query: &Query<'_>, list: List) -> Result<Vec<(String, Source)>, Failure> {
    let mut out: Vec<(String, Source)> = Vec::new();
    for item in query.formats(list) {
        let name = item.destination.text.to_owned();
        if name == ERROR || out.iter().any(|(own, _)| *own == name) {
            return Err(Failure::Parse(format!("{name} cannot be formatted, or not twice")));
        }
        let source = match &item.source {
            FormatSource::Label(label) => Source::Rename(label.text.to_owned()),
            FormatSource::Template(text) => Source::Template(Template::read(&text.value)?),
        };
        out.push((name, source));
    }
    Ok(out)
}

fn picks(query: &Query<'_>, list: List) -> Result<Vec<Pick>, Failure> {
    let items = query.picks(list).iter();
    items
        .map(|item| {
            let name = item.name.text.to_owned();
            let condition = match &item.condition {
                Some((op, text)) => Some(Matcher::of(&name, *op, &text.value)?),
                None => None,
            };
            Ok(Pick { name, condition })
        })
        .collect()
}

fn format_labels(formats: &[(String, Source)], at: i64, line: &str, entry: &mut Entry<'_>) {
    // Templates see the labels as they are when the first of them is reached.
    let mut seen = None;
    for (name, source) in formats {
        match source {
            Source::Rename(from) => {
                let Some((value, origin)) = entry.find(from).map(|(value, origin)| (value.to_owned(), origin)) else {
                    continue;
                };
                entry.set(origin, name, &value);
                entry.remove(from);
            }
            Source::Template(template) => {
                let labels = seen.get_or_insert_with(|| entry.labels());
                match template.text(at, line, labels) {
                    Ok(text) => entry.set(Origin::Line, name, &text),
                    Err(()) => entry.fail("TemplateFormatErr", ""),
                }
            }
        }
    }
}

fn keep(picks: &[Pick], entry: &mut Entry<'_>) {
    let labels = entry.labels();
    for (name, value) in labels.iter().filter(|(name, _)| !matches!(*name, ERROR | ERROR_DETAILS)) {
        if !picks.iter().any(|pick| pick.takes(name, value)) {
            entry.remove(name);
        }
    }
}

fn drop_labels(picks: &[Pick], entry: &mut Entry<'_>) {
    for pick in picks {
        let value = if pick.name == ERROR_DETAILS { entry.details() } else { entry.get(&pick.name).unwrap_or("") };
        let value = value.to_owned();
        if !pick.takes(&pick.name, &value) {
            continue;
        }
        entry.remove(&pick.name);
    }
}

/// The line without the escapes that colour a terminal.
fn decolorized(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("\u{1b}[") {
        let tail = rest.get(at + 2..).unwrap_or("");
        let codes = tail.find(|c: char| !(c.is_ascii_digit() || c == ';')).unwrap_or(tail.len());
        let behind = tail.get(codes..).unwrap_or("");
        if let Some(behind) = behind.strip_prefix(['m', 'K', 'J', 'H']) {
            out.push_str(rest.get(..at).unwrap_or(""));
            rest = behind;
        } else {
            out.push_str(rest.get(..at + 2).unwrap_or(""));
            rest = tail;
        }
    }
    out.push_str(rest);
    out
}
