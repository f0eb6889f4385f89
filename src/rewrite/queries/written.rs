//! Matchers and comparisons as they stand in a query, and how others are written in their place.
//!
//! Knows: places of names, signs and values, how commas and quotes go. Must not know: which text is right.

use super::candidates::New;
use super::ids::{self, Id};
use super::query::Change;
use crate::proof::{self, Condition, Matcher, Op, Value};
use crate::syntax::logql::{self, FilterOp, Query, Quote, Selector, Text};
use crate::text::Span;

/// A comparison with a text; one that a variable or a template fills in is no known value.
pub(super) fn matcher(label: &str, op: Op, value: &Text<'_>) -> Matcher {
    let template = value.value.contains("{{") || value.value.contains("{%");
    let text = value.value.clone().into_owned();
    let value = if value.placeholder || template { Value::Variable(text) } else { Value::Known(text) };
    Matcher { label: label.to_owned(), op, value }
}

/// A matcher of a selector.
pub(super) fn matcher_of(one: &logql::Matcher<'_>) -> Matcher {
    matcher(one.name.text, one.op.into(), &one.value)
}

/// The operator of a label filter, where it compares texts.
pub(super) fn compared(op: FilterOp) -> Option<Op> {
    match op {
        FilterOp::Equal => Some(Op::Equal),
        FilterOp::NotEqual => Some(Op::NotEqual),
        FilterOp::Regex => Some(Op::Match),
        FilterOp::NotRegex => Some(Op::NotMatch),
        FilterOp::Greater | FilterOp::GreaterEqual | FilterOp::Less | FilterOp::LessEqual => None,
    }
}

/// A text in quotes: in backticks where it was.
pub(super) fn quoted(text: &str, quote: Quote) -> String {
    if quote == Quote::Backtick && !text.contains('`') { format!("`{text}`") } else { proof::quoted(text) }
}

/// What puts `new` into the place of the matcher `old` of a selector, and behind that: the label filter.
pub(super) fn placed(
    query: &Query<'_>,
    selector: &Selector,
    index: usize,
    (old, new): (&Matcher, &New),
    id: Id,
) -> Vec<Change> {
    let written = query.matchers(selector);
    let this = &written[index];
    let mut changes = if new.matchers.is_empty() {
        let span = alone(written, index, &[index]);
        vec![Change { span, new: String::new(), id, labels: String::new() }]
    } else {
        replaced(query, (this.name.span, this.op_span, &this.value), old, &new.matchers, id)
    };
    if let Some(filter) = &new.filter {
        let id = if id == ids::APPENDED { id } else { ids::UNION };
        changes.push(filter_behind(query, selector, filter, this.value.quote, id));
    }
    changes
}

/// A label filter right behind a selector.
fn filter_behind(query: &Query<'_>, selector: &Selector, filter: &Condition, quote: Quote, id: Id) -> Change {
    let text = proof::written(filter, &|text: &str| quoted(text, quote));
    // A range stands apart from the filter, as people write it.
    let range = query.text()[selector.span.end()..].starts_with('[');
    let new = format!(" | {text}{}", if range { " " } else { "" });
    Change { span: Span::at(selector.span.end()), new, id, labels: text }
}

/// One comparison, at the places of its name, sign and value, replaced by others.
fn replaced(
    query: &Query<'_>,
    (name, sign, value): (Span, Span, &Text<'_>),
    old: &Matcher,
    new: &[Matcher],
    id: Id,
) -> Vec<Change> {
    let Some((first, more)) = new.split_first() else { return Vec::new() };
    let added = if first == old { more } else { new };
    let labels = added.iter().map(|one| write(one, Quote::Double)).collect::<Vec<_>>().join(", ");
    let mut parts = Vec::new();
    if first.label != old.label {
        parts.push((name, first.label.clone()));
    }
    if first.op != old.op {
        parts.push((sign, first.op.sign().to_owned()));
    }
    let quote = if value.quote == Quote::Bare && first.value != old.value { Quote::Double } else { value.quote };
    let text = |one: &Matcher| quoted(one.value.text(), quote);
    let rest = more.iter().fold(String::new(), |rest, one| rest + ", " + &write(one, quote));
    // A value written with escapes is written plainly where the matcher changes.
    let plain = value.placeholder || value.span.of(query.text()) == text(old);
    if first.value != old.value || first != old && !plain {
        parts.push((value.span, text(first) + &rest));
    } else if !rest.is_empty() {
        parts.push((Span::at(value.span.end()), rest));
    }
    parts.into_iter().map(|(span, new)| Change { span, new, id, labels: labels.clone() }).collect()
}

/// A matcher with the comma that goes with it, where all of `gone` go.
pub(super) fn alone(written: &[logql::Matcher<'_>], index: usize, gone: &[usize]) -> Span {
    let this = written[index].span;
    let stays_before = (0..index).any(|other| !gone.contains(&other));
    match (index.checked_sub(1).and_then(|left| written.get(left)), written.get(index + 1)) {
        (Some(left), _) if stays_before => Span::new(left.span.end(), this.end()),
        (_, Some(right)) => Span::new(this.start(), right.span.start()),
        _ => this,
    }
}

/// A matcher as it is written.
pub(super) fn write(one: &Matcher, quote: Quote) -> String {
    proof::comparison(one, |text| quoted(text, quote))
}
