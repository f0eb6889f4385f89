//! Values for what Grafana or a template fills into a query before Loki sees it.
//!
//! Knows: where a placeholder may stand in a query, and what may stand in its place there. Must not know: dashboards.

use std::collections::{BTreeMap, BTreeSet};

use crate::syntax::logql::{self, ExprKind, FilterKind, FilterValue, Function, Query, StageKind, Text};
use crate::text::Span;

/// What kind of thing a placeholder stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stands {
    /// A value of this label; whether a regular expression may stand there.
    Value(String, bool),
    /// The name of a label.
    Name,
    /// A stretch of time.
    Duration,
    /// A number.
    Number,
    /// A text that is looked for.
    Needle,
    /// Part of a template: it stays.
    Template,
}

/// Every placeholder of a query as it is written, with what it stands for in all places.
///
/// # Errors
/// One stands where nothing can be put in its place: what that is, as a sentence part.
pub(super) fn placeholders(query: &Query<'_>) -> Result<BTreeMap<String, BTreeSet<Stands>>, &'static str> {
    let parts = parts(query)?;
    let text = query.text();
    let mut found: BTreeMap<String, BTreeSet<Stands>> = BTreeMap::new();
    for (span, stands) in &parts {
        let inner = span.of(text);
        if let Stands::Value(..) = stands {
            for tag in tags(inner) {
                found.entry(tag.of(inner).to_owned()).or_default().insert(stands.clone());
            }
        }
    }
    for at in logql::placeholders(text) {
        if tags(text).iter().any(|tag| tag.contains(at)) && !parts.iter().any(|(span, _)| span.contains(at)) {
            continue;
        }
        let holds = |(span, _): &&(Span, Stands)| span.contains(at);
        let Some((_, stands)) = parts.iter().find(holds) else { return Err("what a variable fills in") };
        if *stands != Stands::Template {
            found.entry(at.of(text).to_owned()).or_default().insert(stands.clone());
        }
    }
    Ok(found)
}

/// Whether a placeholder stands wherever a query compares this label with a pattern, and does so at all.
pub(super) fn is_chosen(query: &Query<'_>, label: &str) -> bool {
    let selectors = query.logs().filter_map(|(_, log)| log.selector.as_ref());
    let matchers = selectors.flat_map(|selector| query.matchers(selector));
    let mut all = matchers.filter(|one| one.name.text == label).map(|one| one.value.placeholder).peekable();
    let filters = query.logs().flat_map(|(_, log)| query.stages(log)).any(|stage| match &stage.kind {
        StageKind::LabelFilter(root) => {
            query.leaves(*root).any(|leaf| matches!(&leaf.kind, FilterKind::Compare { name, .. } if name.text == label))
        }
        _ => false,
    });
    !filters && all.peek().is_some() && all.all(|placeholder| placeholder)
}

/// Tags of a template, `{{ … }}`.
fn tags(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text.get(at..).and_then(|rest| rest.find("{{")).map(|start| at + start) {
        let Some(length) = text.get(start..).and_then(|rest| rest.find("}}")) else { break };
        found.push(Span::new(start, start + length + 2));
        at = start + length + 2;
    }
    found
}

/// The parts of a query in which a placeholder may stand.
fn parts(query: &Query<'_>) -> Result<Vec<(Span, Stands)>, &'static str> {
    let mut parts = Vec::new();
    for (_, log) in query.logs() {
        let selector = log.selector.as_ref().ok_or("a variable in the place of a selector")?;
        if selector.placeholder {
            return Err("a variable in the place of a matcher");
        }
        for one in query.matchers(selector) {
            let pattern = matches!(one.op, logql::MatchOp::Regex | logql::MatchOp::NotRegex);
            parts.push((one.value.span, Stands::Value(one.name.text.to_owned(), pattern)));
        }
        parts.extend([log.range, log.offset].into_iter().flatten().map(|span| (span, Stands::Duration)));
        for stage in query.stages(log) {
            stage_parts(query, &stage.kind, &mut parts)?;
        }
    }
    for (id, expr) in query.exprs() {
        match &expr.kind {
            ExprKind::RangeAggregation { function, grouping, .. }
            | ExprKind::VectorAggregation { function, grouping, .. } => {
                if *function == Function::Placeholder {
                    return Err("a variable in the place of a function");
                }
                parts.extend(grouping.map(|grouping| (grouping.span, Stands::Name)));
                parts.extend(query.parameter(id).map(|span| (span, Stands::Number)));
            }
            ExprKind::Binary { matching: Some(matching), .. } => parts.push((matching.span, Stands::Name)),
            ExprKind::Number => parts.push((expr.span, Stands::Number)),
            ExprKind::Placeholder => {
                let number = expr.parent.is_some_and(|up| {
                    matches!(&query.expr(up).kind, ExprKind::Binary { left, right, .. }
                        if [left, right].iter().any(|side| **side != id && query.reads_lines(**side)))
                });
                if !number {
                    return Err("a variable in the place of a query");
                }
                parts.push((expr.span, Stands::Number));
            }
            _ => {}
        }
    }
    Ok(parts)
}

fn stage_parts(query: &Query<'_>, kind: &StageKind<'_>, parts: &mut Vec<(Span, Stands)>) -> Result<(), &'static str> {
    let needle = |text: &Text<'_>| (text.span, Stands::Needle);
    match kind {
        StageKind::LineFilter { texts, .. } => {
            parts.extend(query.line_texts(*texts).iter().map(|one| needle(&one.text)));
        }
        StageKind::Regexp(text) | StageKind::Pattern(text) => parts.push(needle(text)),
        StageKind::LineFormat(text) => parts.push((text.span, Stands::Template)),
        StageKind::LabelFormat(list) => {
            for one in query.formats(*list) {
                if let logql::FormatSource::Template(text) = &one.source {
                    parts.push((text.span, Stands::Template));
                }
            }
        }
        StageKind::LabelFilter(root) => {
            for filter in query.leaves(*root) {
                let FilterKind::Compare { name, op, value, .. } = &filter.kind else {
                    return Err("a variable in the place of a label filter");
                };
                parts.push(match value {
                    FilterValue::Text(text) => {
                        let pattern = matches!(op, logql::FilterOp::Regex | logql::FilterOp::NotRegex);
                        (text.span, Stands::Value(name.text.to_owned(), pattern))
                    }
                    FilterValue::Ip(text) => (text.span, Stands::Needle),
                    FilterValue::Number(span) | FilterValue::Bytes(span) => (*span, Stands::Number),
                    FilterValue::Duration(span) => (*span, Stands::Duration),
                });
            }
        }
        StageKind::Placeholder => return Err("a variable in the place of a stage"),
        _ => {}
    }
    Ok(())
}

/// The name of the variable in a placeholder whose value it is; `None` for a tag of a template, and for what is shown for a
/// value.
pub(super) fn name(written: &str) -> Option<&str> {
    let inner = written.trim_start_matches(['$', '{', '[']);
    let end = inner.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(inner.len());
    (!written.starts_with("{{") && !written.contains(":text")).then(|| inner.get(..end)).flatten()
}

/// The text with a value in the place of each placeholder.
pub(super) fn filled(text: &str, values: &BTreeMap<&str, String>) -> String {
    let mut places: Vec<(Span, &str)> = Vec::new();
    let tags = tags(text);
    for at in logql::placeholders(text).chain(tags) {
        if let Some(value) = values.get(at.of(text)) {
            places.push((at, value));
        }
    }
    places.sort_unstable();
    let mut out = String::with_capacity(text.len() + 32);
    let mut done = 0;
    for (at, value) in places {
        if at.start() < done {
            continue;
        }
        out.push_str(text.get(done..at.start()).unwrap_or(""));
        out.push_str(value);
        done = at.end();
    }
    out.push_str(text.get(done..).unwrap_or(""));
    out
}
