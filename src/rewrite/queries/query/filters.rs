//! Label filters: comparisons with `job` behind a selector (label-surface 1.4, first row).
//!
//! Knows: which labels a filter sees at its place, how filters are joined. Must not know: which candidate is right.

use super::{Log, Work, compared, ids, matcher, quoted};
use crate::proof::{self, Condition, Copies, Matcher, Op};
use crate::rewrite::How;
use crate::rewrite::queries::bridges;
use crate::rewrite::queries::fate::{Asked, Fate};
use crate::rewrite::queries::streams::Flow;
use crate::syntax::logql::{
    ExprKind, Filter, FilterId, FilterKind, FilterValue, FormatSource, LogId, Quote, Stage, StageKind, Text,
};
use crate::text::Span;
use crate::topology::NEW;

/// What the stages before a filter have done.
#[derive(Default)]
struct Passed<'a> {
    /// Labels the query itself has set.
    made: Vec<&'a str>,
    /// Whether a parser has run.
    parsed: bool,
    /// Whether one may have made a label of a field `job`.
    job_field: bool,
}

/// A comparison of a label filter with its places.
struct Written<'q, 'a> {
    whole: Span,
    name: Span,
    sign: Span,
    /// Whether it is all of its stage.
    alone: bool,
    one: Matcher,
    value: &'q Text<'a>,
}

impl<'q, 'a> Work<'q, 'a, '_> {
    /// Label filters see stream labels: each comparison with `job` is checked on the streams that come to it, and what
    /// every line has to pass narrows them.
    pub(super) fn filters(&mut self, id: LogId) {
        let query = self.query;
        let mut passed = Passed::default();
        for stage in query.stages(query.log(id)) {
            if let StageKind::LabelFilter(root) = &stage.kind
                && self.logs.get(&id).is_some_and(|log| log.flow != Flow::Still)
            {
                let (old, mut new) = self.filter(id, *root, &passed);
                self.settled(id, *root, (&old, &new), &passed);
                self.bridge(id, stage, &old, &mut new);
                let Some(log) = self.logs.get_mut(&id) else { continue };
                log.old = log.old.and(old);
                log.new = log.new.and(new);
                log.flow = self.before.flow(&log.old);
            }
            passed.note(query, stage);
        }
    }

    /// A filter right behind its selector that asks for services and jobs is a bridge. When its last job becomes a service,
    /// it goes, and the selector asks.
    fn bridge(&mut self, id: LogId, stage: &Stage<'_>, old: &Condition, new: &mut Condition) {
        if !old.matchers().iter().any(|one| one.label == "service") {
            return;
        }
        let (query, log) = (self.query, self.query.log(id));
        let Some(selector) = log.selector.as_ref().filter(|selector| !selector.placeholder) else { return };
        let is_first = query.stages(log).first().is_some_and(|first| first.span == stage.span);
        let rewritten = self.result.changes.iter().any(|change| stage.span.contains(change.span));
        let left = !self.result.doubts.is_empty() || self.before.moved.keep_history;
        let Some(state) = self.logs.get(&id).filter(|_| is_first && rewritten && !left) else { return };
        if let Some(list) = bridges::matchers(&state.new, new, &self.before.proof) {
            self.result.changes.retain(|change| !stage.span.contains(change.span));
            self.result.changes.extend(bridges::taken_down(query, selector, stage, &list));
            *new = Condition::all(&list);
        }
    }

    /// What a filter asks today and afterwards. Its depth is bounded by the reader.
    fn filter(&mut self, log: LogId, id: FilterId, passed: &Passed<'_>) -> (Condition, Condition) {
        let query = self.query;
        let filter = query.filter(id);
        match &filter.kind {
            FilterKind::Placeholder => (Condition::Open, Condition::Open),
            FilterKind::Join { or, left, right } => {
                let (left, right) = (self.filter(log, *left, passed), self.filter(log, *right, passed));
                let join = |list| if *or { Condition::Any(list) } else { Condition::All(list) };
                (join(vec![left.0, right.0]), join(vec![left.1, right.1]))
            }
            FilterKind::Compare { name, op, op_span, value } => {
                if passed.made.contains(&name.text) {
                    return (Condition::Open, Condition::Open);
                }
                let (Some(op), FilterValue::Text(text)) = (compared(*op), value) else {
                    if name.text == "job" {
                        self.doubt(ids::COMPARISON, "");
                    }
                    return (Condition::Open, Condition::Open);
                };
                let one = matcher(name.text, op, text);
                let one = self.settled_value(one, text, |one| {
                    let Some(state) = self.logs.get(&log) else { return false };
                    !self.unanchored(log, one) && self.before.leaf(one, &state.old, Asked::default()) == Fate::Stays
                });
                if self.unanchored(log, &one) {
                    self.doubt(ids::UNCHECKED, "in a label filter, Loki takes a part of the value for the whole");
                    return (Condition::Open, Condition::Open);
                }
                let lost = self.lost_comparison(log, &one, filter.span, filter.parent.is_none());
                if let Some(new) = lost.filter(|_| !passed.parsed) {
                    return (Condition::Is(one), new);
                }
                if name.text != "job" {
                    let told = self.on_all(log, name.text) || NEW.contains(&name.text) && !passed.parsed;
                    let same = if told { Condition::Is(one) } else { Condition::Open };
                    return (same.clone(), same);
                }
                let written = Written {
                    whole: filter.span,
                    name: name.span,
                    sign: *op_span,
                    alone: filter.parent.is_none(),
                    one,
                    value: text,
                };
                self.comparison(log, &written, passed)
            }
        }
    }

    /// A comparison with a label that only the moved streams have, and have only afterwards, has to leave the filter as
    /// a whole to let the same lines through; that of an earlier move does.
    fn settled(&mut self, id: LogId, root: FilterId, (old, new): (&Condition, &Condition), passed: &Passed<'_>) {
        let asked = self.comparisons(root);
        let asks = |one: &Matcher| NEW.contains(&one.label.as_str()) && !passed.made.contains(&one.label.as_str());
        let Some(one) = asked.iter().find(|one| asks(one)).filter(|_| !passed.parsed) else { return };
        let Some(log) = self.logs.get(&id) else { return };
        let proof = &self.before.proof;
        let same = |old: &Condition, new: &Condition| proof.agree(&log.old, old, new, Copies::Ignored) == Ok(true);
        let leaf = |one: &Matcher| same(&Condition::Is(one.clone()), &Condition::Is(one.clone()));
        let whole = !old.is_open() && same(old, new);
        if !whole && !asked.iter().filter(|one| asks(one)).all(leaf) {
            let label = one.label.clone();
            self.doubt(ids::COLLISION, &label);
        }
    }

    /// Whether streams come by that Loki lets through a label filter though the whole value does not fit: it looks for
    /// the words of some regular expressions anywhere in the value.
    fn unanchored(&self, log: LogId, one: &Matcher) -> bool {
        let Some(log) = self.logs.get(&log).filter(|_| one.label != "service_name") else { return false };
        let proof = &self.before.proof;
        proof.possible(&log.old).0.into_iter().any(|index| {
            let after = proof.image(index).map(|to| proof.value_after(to, &one.label));
            let mut values = after.chain([proof.value_today(index, &one.label)]).flatten();
            values.any(|value| one.is_found_in(value))
        })
    }

    /// The comparisons of a filter with a text.
    pub(super) fn comparisons(&self, root: FilterId) -> Vec<Matcher> {
        let asked = |filter: &Filter<'_>| match &filter.kind {
            FilterKind::Compare { name, op, value: FilterValue::Text(text), .. } => {
                compared(*op).map(|op| matcher(name.text, op, text))
            }
            _ => None,
        };
        self.query.leaves(root).filter_map(asked).collect()
    }

    /// Whether all streams of a log query have the label, today and after, and the move leaves it alone.
    pub(super) fn on_all(&self, log: LogId, label: &str) -> bool {
        let Some(log) = self.logs.get(&log) else { return false };
        let proof = &self.before.proof;
        let same = |index: usize| {
            let old = proof.value_today(index, label).filter(|value| !value.is_empty());
            old.is_some() && proof.image(index).all(|to| proof.value_after(to, label) == old)
        };
        label != "service_name" && proof.today(&log.old, Copies::Ignored).is_ok_and(|list| list.into_iter().all(same))
    }

    fn comparison(&mut self, log: LogId, written: &Written<'q, 'a>, passed: &Passed<'_>) -> (Condition, Condition) {
        let is = Condition::Is(written.one.clone());
        let Some(state) = self.logs.get(&log) else { return (Condition::Open, Condition::Open) };
        let context = state.old.clone();
        match self.before.leaf(&written.one, &context, self.asked(written.value)) {
            Fate::Stays if passed.job_field => self.hidden(log, written, &context),
            Fate::Stays => (is.clone(), is),
            Fate::Becomes((how, new)) => {
                self.replaced(written, &new);
                if how != How::Append || self.result.how.is_none() {
                    self.took(how, "job");
                }
                if passed.parsed {
                    self.note(ids::PARSED, "");
                }
                if let Some(Log { how: taken, .. }) = self.logs.get_mut(&log) {
                    *taken = taken.filter(|taken| *taken != How::Swap).or(Some(how));
                }
                (is, new)
            }
            Fate::Review { id, why, proposed } => {
                self.doubt(id, &why);
                match proposed {
                    Some(proposed) => {
                        let text = if proposed.contains(", ") { format!("({proposed})") } else { proposed };
                        self.change(written.whole, text, id);
                    }
                    None => self.result.open = true,
                }
                (is.clone(), is)
            }
        }
    }

    /// A comparison that the label answers, though the field of that name may be meant: without a label the field would
    /// answer. Where all streams move, their `service` hides a field in the same way, and answers the same.
    fn hidden(&mut self, log: LogId, written: &Written<'q, 'a>, context: &Condition) -> (Condition, Condition) {
        let is = Condition::Is(written.one.clone());
        let other = Matcher { label: "service".into(), ..written.one.clone() };
        let proof = &self.before.proof;
        let anchored = !self.unanchored(log, &other);
        let new = Condition::Is(other);
        if anchored
            && self.before.flow(context) == Flow::Moved
            && proof.agree(context, &is, &new, Copies::Ignored) == Ok(true)
            && proof.lasts_here(context, &is, &new, written.one.is_negative())
        {
            self.replaced(written, &new);
            self.note(ids::PARSED, "");
            return (is, new);
        }
        self.doubt(ids::EXTRACTED, "");
        (is.clone(), is)
    }

    fn replaced(&mut self, written: &Written<'q, 'a>, new: &Condition) {
        // One comparison for one: the places of name, sign and value are kept.
        let single = match new {
            Condition::Is(one) => Some(one),
            Condition::All(list) => match list.as_slice() {
                [Condition::Is(one)] => Some(one),
                _ => None,
            },
            _ => None,
        };
        if let Some(one) = single.filter(|one| one.op == written.one.op || written.one.op == Op::Match) {
            let one = std::slice::from_ref(one);
            return self.replace(written.name, written.sign, written.value, &written.one, one, ids::FILTER);
        }
        let quote = if written.value.quote == Quote::Bare { Quote::Double } else { written.value.quote };
        let text = proof::written(new, &|text: &str| quoted(text, quote));
        let labels = text.clone();
        let text = if written.alone { text } else { format!("({text})") };
        self.result.changes.push(super::Change { span: written.whole, new: text, id: ids::FILTER, labels });
    }

    /// A label filter that was put before a parser, where lines are counted.
    pub(super) fn parsers(&mut self) {
        let query = self.query;
        for (_, expr) in query.exprs() {
            let ExprKind::RangeAggregation { log: id, .. } = expr.kind else { continue };
            if self.logs.get(&id).is_some_and(|log| log.filtered) && self.parses_for_nothing(id) {
                self.doubt(ids::PARSER, "");
            }
        }
    }

    /// Whether a parser runs and nothing behind it leaves out the lines it cannot read. Loki skips a parser whose labels
    /// nobody asks for, and a label filter before it asks.
    fn parses_for_nothing(&self, id: LogId) -> bool {
        let stages = self.query.stages(self.query.log(id));
        let parser =
            |stage: &Stage<'_>| matches!(stage.kind, StageKind::Json(_) | StageKind::Logfmt(_) | StageKind::Unpack);
        let behind = stages.iter().skip_while(|stage| !parser(stage));
        stages.iter().any(parser) && !behind.into_iter().any(|stage| matches!(stage.kind, StageKind::LabelFilter(_)))
    }
}

impl<'a> Passed<'a> {
    fn note(&mut self, query: &'a crate::syntax::logql::Query<'_>, stage: &Stage<'_>) {
        match &stage.kind {
            StageKind::LabelFormat(list) => {
                for item in query.formats(*list) {
                    self.made.push(item.destination.text);
                    if let FormatSource::Label(name) = &item.source {
                        self.made.push(name.text);
                    }
                }
            }
            StageKind::Json(keys) | StageKind::Logfmt(keys) => {
                let keys = query.extractions(*keys);
                self.parses(keys.is_empty() || keys.iter().any(|key| key.name.text == "job"));
            }
            StageKind::Regexp(text) | StageKind::Pattern(text) => self.parses(text.value.contains("job")),
            StageKind::Unpack => self.parses(true),
            _ => {}
        }
    }

    fn parses(&mut self, job_field: bool) {
        self.parsed = true;
        self.job_field |= job_field;
    }
}
