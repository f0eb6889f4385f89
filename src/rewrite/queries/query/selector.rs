//! Selectors: the comparison with `job` in `{…}`, and what is written in its place.
//!
//! Knows: matchers with their places, how commas go. Must not know: which candidate is right.

use super::wrap::NEW;
use super::{Change, Log, Work, ids, matcher_of, quoted};
use crate::proof::{self, Condition, Copies, Matcher, Verdict};
use crate::rewrite::How;
use crate::rewrite::queries::fate::{Asked, Fate, New, with};
use crate::rewrite::queries::ids::Id;
use crate::rewrite::queries::streams::Flow;
use crate::syntax::logql::{self, Query, Quote, Selector, Text};
use crate::text::Span;

impl Work<'_, '_, '_> {
    pub(super) fn selector(&mut self, selector: &Selector) -> Log {
        let written = self.query.matchers(selector);
        let old = self.settled_matchers(written);
        let condition = Condition::all(&old);
        let flow = self.before.flow(&condition);
        let mut log = Log {
            old: condition.clone(),
            new: condition.clone(),
            flow,
            entered: condition.clone(),
            entering: flow,
            how: None,
            filtered: false,
            gains: false,
            called: None,
        };
        if self.lost_selector(selector, &old, &mut log) {
            return log;
        }
        if flow != Flow::Still && self.guarded(selector, &mut log) {
            return log;
        }
        let mut reviewed = None;
        let named = ["job", "service_name"];
        for index in (0..old.len()).filter(|&index| named.contains(&old[index].label.as_str())) {
            let mut others = old.clone();
            let one = others.remove(index);
            match self.before.fate(&one, &others, self.asked(&written[index].value)) {
                // It selects the same lines, and under other labels.
                Fate::Stays if one.label == "service_name" && !one.is_negative() && self.before.names(&one) => {
                    log.how = Some(How::Name);
                }
                Fate::Stays => {}
                Fate::Becomes(new) => {
                    self.becomes(selector, index, &one, &new);
                    self.took(new.how, &one.label);
                    log.new = Condition::all(&with(&others, &new.matchers));
                    log.new = new.filter.iter().fold(log.new, |all, filter| all.and(filter.clone()));
                    log.how = Some(new.how);
                    log.filtered = new.filter.is_some();
                    return log;
                }
                Fate::Review { id, why, proposed } => {
                    reviewed = reviewed.or(Some((index, id, why, proposed)));
                }
            }
        }
        if reviewed.is_none() {
            self.asks_already(&old, &mut log);
            self.lets_in(selector, &old, &mut log);
        }
        if let Some((index, id, why, proposed)) = reviewed {
            self.doubt(id, &why);
            match proposed {
                Some(proposed) => self.change(written[index].span, proposed, id),
                None => self.result.open = true,
            }
        }
        log
    }

    /// The matchers, with a value for each variable whose values all fare alike.
    fn settled_matchers(&self, written: &[logql::Matcher<'_>]) -> Vec<Matcher> {
        let mut all: Vec<Matcher> = written.iter().map(matcher_of).collect();
        for index in 0..all.len() {
            let mut others = all.clone();
            let one = others.remove(index);
            let stays = |one: &Matcher| self.before.fate(one, &others, Asked::default()) == Fate::Stays;
            all[index] = self.settled_value(one, &written[index].value, stays);
        }
        all
    }

    /// Who asks for the new labels already may lose what had none of them, or gain what has them now; so may who asks
    /// for no `job`. Also where copies are there today, as another part of the query may leave those out.
    fn asks_already(&mut self, old: &[Matcher], log: &mut Log) {
        let new = old.iter().find(|one| NEW.contains(&one.label.as_str()));
        let speaks = new.is_some() || old.iter().any(|one| one.label == "service_name");
        let absent = old.iter().any(|one| one.label == "job" && one.accepts("") != Some(false));
        if !speaks && !absent || self.before.proof.plainly_stays(&log.old) {
            return;
        }
        let stays = |copies| self.before.proof.check(&log.old, &log.old, copies);
        if speaks && matches!(stays(Copies::Count), Verdict::Wrong { missing, .. } if !missing.is_empty()) {
            match new {
                Some(new) => self.doubt(ids::COLLISION, &new.label),
                None => self.doubt(ids::NAME_MOVES, ""),
            }
        }
        log.gains = log.flow == Flow::Still && matches!(stays(Copies::Ignored), Verdict::Wrong { .. });
    }

    fn becomes(&mut self, selector: &Selector, index: usize, one: &Matcher, new: &New) {
        if selector.placeholder {
            self.doubt(ids::UNCHECKED, "a variable stands for a whole matcher");
        }
        let id = match new.how {
            How::Swap => ids::SELECTOR,
            How::Append => ids::APPENDED,
            How::Name => ids::DERIVED,
            How::Filter => ids::GROUND,
        };
        self.result.changes.extend(placed(self.query, selector, index, (one, new), id));
        if new.how == How::Swap && one.names().is_none() {
            self.note(ids::PATTERN, "");
        }
        let kept = Condition::all(std::slice::from_ref(one));
        let seen = self.before.proof.today(&kept, Copies::Count);
        if new.how == How::Append && seen.is_ok_and(|seen| seen.iter().any(|index| self.before.is_copy(*index))) {
            self.note(ids::COPIES, "");
        }
    }

    /// Puts a label filter right behind a selector.
    pub(super) fn filter_behind(&mut self, selector: &Selector, filter: &Condition, quote: Quote, id: Id) {
        self.result.changes.push(filter_behind(self.query, selector, filter, quote, id));
    }

    /// Replaces one comparison by others, touching as little of it as possible.
    pub(super) fn replace(&mut self, name: Span, sign: Span, value: &Text<'_>, old: &Matcher, new: &[Matcher], id: Id) {
        self.result.changes.extend(replaced(self.query, (name, sign, value), old, new, id));
    }
}

/// What puts `new` into the place of the matcher `old` of a selector, and behind that: the label filter.
pub(in crate::rewrite::queries) fn placed(
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

pub(in crate::rewrite::queries) fn write(one: &Matcher, quote: Quote) -> String {
    proof::comparison(one, |text| quoted(text, quote))
}
