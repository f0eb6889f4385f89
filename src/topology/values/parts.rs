//! Values of variables, part by part: what cannot be told of a list or dict leaves the rest of it.
//!
//! Knows: templates inside lists and dicts, marks. Must not know: which variable it is, or who asks.

use std::borrow::Cow;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::ValueKind;

use super::run::{DEEPEST_NEST, Run, render};
use super::shape::{DEEPEST_VALUE, has_template, items, printed};
use super::{Hidden, Reason, Unresolved};
use crate::syntax::jinja::{self, Delims};
use crate::topology::compose::unresolved;

/// Renders every template string in `value`.
pub(super) fn deep(run: &Arc<Run>, host: &str, value: &Value, depth: usize) -> Result<Value, Unresolved> {
    if depth > DEEPEST_VALUE || run.notes().nest + depth > DEEPEST_NEST {
        return Err(Unresolved::new(host, Reason::TooMuch, "is nested too deep"));
    }
    if !has_template(value, depth) {
        return Ok(value.clone());
    }
    match value.kind() {
        ValueKind::String => {
            run.notes().nest += depth;
            let rendered = render(run, host, &literal_backslashes(value.as_str().unwrap_or_default()));
            run.notes().nest -= depth;
            rendered
        }
        ValueKind::Seq => {
            items(value).map(|item| part(run, host, &item, depth + 1)).collect::<Result<Vec<_>, _>>().map(Value::from)
        }
        ValueKind::Map => {
            let pairs = items(value).map(|key| {
                let item = value.get_item(&key).unwrap_or_default();
                part(run, host, &item, depth + 1).map(|item| (key, item))
            });
            pairs.collect::<Result<Vec<(Value, Value)>, _>>().map(Value::from_pairs)
        }
        _ => Ok(value.clone()),
    }
}

/// The same of something inside a list or dict: what cannot be told there leaves the rest as it is.
fn part(run: &Arc<Run>, host: &str, value: &Value, depth: usize) -> Result<Value, Unresolved> {
    let found = deep(run, host, value, depth);
    match (&found, value.as_str()) {
        (Err(failure), Some(text)) if !matches!(failure.reason, Reason::TooMuch | Reason::Cycle | Reason::Syntax) => {
            run.notes().failure = None;
            Ok(Hidden::marked(marked(run, host, text)))
        }
        _ => found,
    }
}

/// A text in which what cannot be told is marked, each expression by itself.
fn marked(run: &Arc<Run>, host: &str, text: &str) -> String {
    let Ok(mask) = jinja::mask(text, &Delims::default()) else { return unresolved(text) };
    if mask.tags().iter().any(|tag| tag.kind != jinja::TagKind::Expression) {
        return unresolved(text);
    }
    let mut out = text.to_owned();
    for tag in mask.tags().iter().rev() {
        let value = render(run, host, &literal_backslashes(tag.span.of(text)));
        let value = value.and_then(|value| printed(&value).map_err(|_| Unresolved::new("", Reason::Opaque, "")));
        run.notes().failure = None;
        out.replace_range(tag.span.range(), &value.unwrap_or_else(|_| unresolved(tag.inner.of(text))));
    }
    out
}

/// In a variable, unlike in a template file, a backslash in a Jinja string stands for itself: `regex_replace(…, '\\1')`.
fn literal_backslashes(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(open) = rest.find("{{").into_iter().chain(rest.find("{%")).min() {
        let (before, tag) = rest.split_at(open);
        let close = if tag.starts_with("{{") { "}}" } else { "%}" };
        let end = tag.find(close).unwrap_or(tag.len());
        let (inside, after) = tag.split_at(end);
        out.push_str(before);
        out.push_str(&inside.replace('\\', "\\\\"));
        rest = after;
    }
    out.push_str(rest);
    Cow::Owned(out)
}
