//! One query: which bytes of it change with the move, and what about it a person has to decide.
//!
//! Knows: every construct of `LogQL` that names a label (label-surface 1.3, 1.4, 1.7). Must not know: files, dashboards
//! or rules. Spans are of the decoded query.

mod result;
mod uses;

use std::collections::HashMap;

use crate::proof::{self, Matcher, Op, Value};
use crate::syntax::logql::{
    FilterId, FilterKind, FilterOp, FilterValue, LogId, MatchOp, Query, Quote, Selector, StageKind, Text,
};
use crate::text::Span;

use super::ids::{self, Id};
use super::variables::Variables;
use super::streams::{Before, Fate, Flow, with};

/// A replacement in the decoded query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) span: Span,
    pub(super) new: String,
    pub(super) id: Id,
    /// What the sentence calls `{labels}`.
    pub(super) labels: String,
}

/// Something a person has to decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Doubt {
    pub(super) id: Id,
    /// `{why}` or `{label}` of the sentence.
    pub(super) why: String,
}

/// What a query stands in, as far as it decides.
pub(super) struct Around<'a> {
    /// Variables of the dashboard.
    pub(super) variables: &'a Variables,
    /// Whether the result is recorded as a metric: its labels are a contract with those who read it.
    pub(super) records: bool,
}

/// A label of a query's result that has another name afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rename {
    /// The label today.
    pub(super) old: &'static str,
    /// The label afterwards; several where each series has one of them.
    pub(super) new: Vec<&'static str>,
}

/// What a query needs.
#[derive(Clone, Debug, Default)]
pub(super) struct Analysis {
    /// All changes: certain ones, and with `doubts` the closest there is.
    pub(super) changes: Vec<Change>,
    /// Not empty: nothing of the query may be edited.
    pub(super) doubts: Vec<Doubt>,
    /// Worth knowing.
    pub(super) notes: Vec<Id>,
    /// Labels of the result that have another name afterwards, because streams that move have them today.
    pub(super) renames: Vec<Rename>,
    /// Streams selected today and afterwards, rendered.
    pub(super) streams: (Vec<String>, Vec<String>),
}

impl Analysis {
    /// Whether the move concerns the query at all.
    pub(super) fn concerned(&self) -> bool {
        !self.changes.is_empty() || !self.doubts.is_empty()
    }

    /// The query with all changes.
    pub(super) fn after(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 32);
        let mut done = 0;
        for change in &self.changes {
            out.push_str(text.get(done..change.span.start()).unwrap_or(""));
            out.push_str(&change.new);
            done = change.span.end();
        }
        out.push_str(text.get(done..).unwrap_or(""));
        out
    }
}

/// What is known about one log query inside the query.
struct Log {
    old: Vec<Matcher>,
    new: Vec<Matcher>,
    flow: Flow,
    /// Whether its selector or a filter of it is rewritten.
    rewritten: bool,
}

/// Works out what `query` needs under this move.
pub(super) fn analyse(query: &Query<'_>, before: &Before<'_>, around: &Around<'_>) -> Analysis {
    let mut work = Work { query, before, around, logs: HashMap::new(), result: Analysis::default() };
    for (id, log) in query.logs() {
        let state = match &log.selector {
            Some(selector) => work.selector(selector),
            None => Log { old: Vec::new(), new: Vec::new(), flow: Flow::Still, rewritten: false },
        };
        work.logs.insert(id, state);
        work.filters(id);
    }
    for mention in query.uses() {
        work.mention(&mention);
    }
    work.variants();
    work.notes();
    work.finish()
}

struct Work<'q, 'a, 'm> {
    query: &'q Query<'a>,
    before: &'q Before<'m>,
    around: &'q Around<'q>,
    logs: HashMap<LogId, Log>,
    result: Analysis,
}

impl Work<'_, '_, '_> {
    fn doubt(&mut self, id: Id, why: &str) {
        let doubt = Doubt { id, why: why.to_owned() };
        if !self.result.doubts.contains(&doubt) {
            self.result.doubts.push(doubt);
        }
    }

    fn change(&mut self, span: Span, new: impl Into<String>, id: Id) {
        self.result.changes.push(Change { span, new: new.into(), id, labels: String::new() });
    }

    fn selector(&mut self, selector: &Selector) -> Log {
        let matchers = self.query.matchers(selector);
        let old: Vec<Matcher> = matchers.iter().map(|one| matcher(one.name.text, op(one.op), &one.value)).collect();
        let flow = self.before.flow(&old);
        let on_job: Vec<usize> = (0..old.len()).filter(|&index| old[index].label == "job").collect();
        let mut log = Log { new: old.clone(), flow, rewritten: false, old };
        let [index] = on_job[..] else {
            if on_job.len() > 1 && !proof::check(&self.before.moved.streams, &log.old, &log.old).is_right() {
                self.doubt(ids::UNCHECKED, "several matchers on `job` in one selector");
            }
            return log;
        };
        let written = &matchers[index];
        let mut others = log.old.clone();
        let one = others.remove(index);
        match self.before.fate(&one, &others, &others) {
            Fate::Stays => {}
            Fate::Becomes(new) => {
                if selector.placeholder {
                    self.doubt(ids::UNCHECKED, "a variable stands for a whole matcher");
                }
                self.replace(written.name.span, written.op_span, &written.value, &one, &new, ids::SELECTOR);
                log.new = with(&others, &new);
                log.rewritten = true;
            }
            Fate::Review { id, why, proposed } => {
                self.doubt(id, &why);
                if let Some(proposed) = proposed {
                    self.change(written.span, proposed, id);
                }
            }
        }
        log
    }

    /// Replaces one comparison by one or two, touching as little of it as possible.
    fn replace(&mut self, name: Span, sign: Span, value: &Text<'_>, old: &Matcher, new: &[Matcher], id: Id) {
        let Some((first, more)) = new.split_first() else { return };
        let labels = new.iter().map(|one| write(one, Quote::Double)).collect::<Vec<_>>().join(", ");
        let mut parts = vec![(name, first.label.clone())];
        if first.op != old.op {
            parts.push((sign, first.op.sign().to_owned()));
        }
        let text = |one: &Matcher| quoted(one.value.known().unwrap_or_default(), value.quote);
        let rest = more.iter().fold(String::new(), |rest, one| rest + ", " + &write(one, value.quote));
        // A value written with escapes is written plainly.
        if first.value != old.value || value.span.of(self.query.text()) != text(old) {
            parts.push((value.span, text(first) + &rest));
        } else if !rest.is_empty() {
            parts.push((Span::at(value.span.end()), rest));
        }
        for (span, new) in parts {
            self.result.changes.push(Change { span, new, id, labels: labels.clone() });
        }
    }

    /// Label filters on `job` see stream labels: each comparison is checked like a matcher beside the selector.
    fn filters(&mut self, id: LogId) {
        let query = self.query;
        let mut made = false;
        for stage in query.stages(query.log(id)) {
            match &stage.kind {
                StageKind::LabelFormat(list) => {
                    made |= query.formats(*list).iter().any(|item| item.destination.text == "job");
                }
                StageKind::LabelFilter(root) if !made => self.filter(id, *root),
                _ => {}
            }
        }
    }

    fn filter(&mut self, log: LogId, root: FilterId) {
        let mut open = vec![(root, true)];
        while let Some((id, sure)) = open.pop() {
            match &self.query.filter(id).kind {
                FilterKind::Join { or, left, right } => {
                    open.extend([(*right, sure && !or), (*left, sure && !or)]);
                }
                FilterKind::Compare { name, op, op_span, value } if name.text == "job" => {
                    let (name, op_span) = (name.span, *op_span);
                    let span = self.query.filter(id).span;
                    let parts = match (compared(*op), value) {
                        (Some(op), FilterValue::Text(text)) => Some((op, text)),
                        _ => None,
                    };
                    self.comparison(log, span, name, op_span, parts, sure);
                }
                FilterKind::Compare { .. } | FilterKind::Placeholder => {}
            }
        }
    }

    fn comparison(
        &mut self,
        log: LogId,
        span: Span,
        name: Span,
        sign: Span,
        parts: Option<(Op, &Text<'_>)>,
        sure: bool,
    ) {
        let Some(state) = self.logs.get(&log) else { return };
        let (old, new, flow) = (state.old.clone(), state.new.clone(), state.flow);
        let Some((op, value)) = parts else {
            if flow != Flow::Still {
                self.doubt(ids::COMPARISON, "");
            }
            return;
        };
        let one = matcher("job", op, value);
        match self.before.fate(&one, &old, &new) {
            Fate::Stays => self.narrow(log, sure, &one, std::slice::from_ref(&one), false),
            Fate::Becomes(list) => {
                let both = list.len() > 1;
                if both {
                    self.change(Span::at(span.start()), "(", ids::FILTER);
                }
                self.replace(name, sign, value, &one, &list, ids::FILTER);
                if both {
                    self.change(Span::at(span.end()), ")", ids::FILTER);
                }
                self.narrow(log, sure, &one, &list, true);
            }
            Fate::Review { id, why, proposed } => {
                self.doubt(id, &why);
                if let Some(proposed) = proposed {
                    let text = if proposed.contains(", ") { format!("({proposed})") } else { proposed };
                    self.change(span, text, id);
                }
            }
        }
    }

    /// A filter that every line has to pass narrows the streams like a matcher.
    fn narrow(&mut self, log: LogId, sure: bool, old: &Matcher, new: &[Matcher], rewritten: bool) {
        let Some(state) = self.logs.get_mut(&log) else { return };
        state.rewritten |= rewritten;
        if sure {
            state.old.push(old.clone());
            state.new.extend_from_slice(new);
            state.flow = self.before.flow(&state.old);
        }
    }
}

fn matcher(label: &str, op: Op, value: &Text<'_>) -> Matcher {
    let template = value.value.contains("{{") || value.value.contains("{%");
    let text = value.value.clone().into_owned();
    let value = if value.placeholder || template { Value::Variable(text) } else { Value::Known(text) };
    Matcher { label: label.to_owned(), op, value }
}

fn op(op: MatchOp) -> Op {
    match op {
        MatchOp::Equal => Op::Equal,
        MatchOp::NotEqual => Op::NotEqual,
        MatchOp::Regex => Op::Match,
        MatchOp::NotRegex => Op::NotMatch,
    }
}

fn compared(op: FilterOp) -> Option<Op> {
    match op {
        FilterOp::Equal => Some(Op::Equal),
        FilterOp::NotEqual => Some(Op::NotEqual),
        FilterOp::Regex => Some(Op::Match),
        FilterOp::NotRegex => Some(Op::NotMatch),
        FilterOp::Greater | FilterOp::GreaterEqual | FilterOp::Less | FilterOp::LessEqual => None,
    }
}

fn quoted(text: &str, quote: Quote) -> String {
    if quote == Quote::Backtick && !text.contains('`') { format!("`{text}`") } else { proof::quoted(text) }
}

fn write(matcher: &Matcher, quote: Quote) -> String {
    format!("{}{}{}", matcher.label, matcher.op.sign(), quoted(matcher.value.known().unwrap_or_default(), quote))
}
