//! One query: which bytes of it change with the move, and what about it a person has to decide.
//!
//! Knows: which parts of a query are looked at, in which order. Must not know: files, dashboards or rules. Spans are of
//! the decoded query.
//!
//! What is known of each log query inside it stands in its `Log`: first the selector (`selector`), then the label filters
//! behind it (`filters`). From all of them together follows what their label `job` is called afterwards (`Called`, decided
//! by `result`); only then are the uses of a label looked at (`uses`, `stages`, with what comes to their place: `place`)
//! and what has to stand around a range aggregation (`wrap`).

mod filters;
mod guard;
mod lost;
mod place;
mod result;
mod selector;
mod stages;
mod uses;
mod wrap;

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::patterns;
use crate::proof::{Condition, Matcher, Op, Sides, Value};
use crate::syntax::logql::{FilterOp, LogId, MatchOp, Mention, Query, Quote, Text};
use crate::text::Span;

pub(super) use result::keeps;
pub(super) use selector::{placed, write};
pub(super) use wrap::{NEW, adds_up, gathered};

use super::fate::Asked;
use super::ids::{self, Id};
use super::streams::{Before, Called, Flow};
use super::variables::Variables;
use crate::rewrite::How;

/// What a query stands in, as far as it decides.
pub(super) struct Around<'a> {
    /// Variables of the dashboard.
    pub(super) variables: &'a Variables,
    /// Whether the result is recorded as a metric: its labels are a contract with those who read it.
    pub(super) records: bool,
    /// The label whose values are asked for: only a selector may stand there, nothing behind it (`label_values`).
    pub(super) values_of: Option<&'a str>,
}

/// A label of a query's result that has another name afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rename {
    /// The label today.
    pub(super) old: &'static str,
    /// The label afterwards; several where each series has one of them.
    pub(super) new: Vec<&'static str>,
}

/// A replacement in the decoded query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) span: Span,
    pub(super) new: String,
    pub(super) id: Id,
    /// What the sentence calls `{labels}` or `{label}`.
    pub(super) labels: String,
}

/// Something to say about a query: what a person has to decide, or what is worth knowing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Remark {
    pub(super) id: Id,
    /// `{why}` or `{label}` of the sentence.
    pub(super) why: String,
}

/// What a query needs.
#[derive(Clone, Debug, Default)]
pub(super) struct Analysis {
    /// All changes: certain ones, and with `doubts` the closest there is.
    pub(super) changes: Vec<Change>,
    /// Not empty: nothing of the query may be edited.
    pub(super) doubts: Vec<Remark>,
    /// Whether a comparison is left for which no text is right: then the changes are no whole.
    pub(super) open: bool,
    /// Worth knowing.
    pub(super) notes: Vec<Remark>,
    /// Which candidate its selectors took; the first that is not a plain swap speaks for all.
    pub(super) how: Option<How>,
    /// Labels of the result that have another name afterwards, because streams that move have them today.
    pub(super) renames: Vec<Rename>,
    /// Labels of the result that streams which move have today and lose.
    pub(super) lost: Vec<String>,
    /// Streams selected today and afterwards, rendered.
    pub(super) streams: Sides,
}

impl Analysis {
    /// Whether the move concerns the query at all.
    pub(super) fn concerned(&self) -> bool {
        !self.changes.is_empty() || !self.doubts.is_empty()
    }

    /// What labels of the result are called afterwards. Where it is left because other streams are in it, or may be, those
    /// keep the old name.
    pub(super) fn renamed(&self) -> Vec<Rename> {
        let others =
            [ids::HOST_WIDE, ids::ANY_JOB, ids::NO_JOB, ids::VARIABLE, ids::MIXED, ids::MORE_NAMES, ids::WRONG];
        let keeps_some = self.doubts.iter().any(|doubt| others.contains(&doubt.id));
        let with_old = |one: &Rename| {
            let new = one.new.iter().copied().filter(|new| *new != one.old);
            Rename { old: one.old, new: std::iter::once(one.old).chain(new).collect() }
        };
        self.renames.iter().map(|one| if keeps_some { with_old(one) } else { one.clone() }).collect()
    }

    /// Puts the changes into the order of the text.
    pub(super) fn sort(&mut self) {
        self.changes.sort_by_key(|change| (change.span.start(), change.span.end()));
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
    /// What its selector and label filters ask today.
    old: Condition,
    /// And afterwards.
    new: Condition,
    flow: Flow,
    /// What its selector asks today.
    entered: Condition,
    /// What comes to its first stage.
    entering: Flow,
    /// How its selector or a filter of it was rewritten.
    how: Option<How>,
    /// Whether a label filter was put behind its selector.
    filtered: bool,
    /// Whether it selects new streams of what moves and none of the old ones.
    gains: bool,
    /// What its label `job` is called afterwards; `None` when that cannot be said.
    called: Option<Called>,
}

/// Works out what `query` needs under this move.
pub(super) fn analyse(query: &Query<'_>, before: &Before<'_>, around: &Around<'_>) -> Analysis {
    let analysis = analysed(query, before, around);
    // Who asks for `service_name` has a Loki that sets it; from which labels it takes it is not known.
    let named = before.if_named.filter(|_| analysis.doubts.is_empty() && asks_for_name(query));
    let Some(mut assumed) = named.map(|named| analysed(query, named, around)) else { return analysis };
    if assumed.doubts.is_empty() && assumed.changes == analysis.changes {
        return analysis;
    }
    let why = "it is not known from which labels Loki takes `service_name`".to_owned();
    assumed.doubts.insert(0, Remark { id: ids::UNCHECKED, why });
    assumed
}

/// Whether a selector asks for a `service_name`.
fn asks_for_name(query: &Query<'_>) -> bool {
    let mut all = query.selectors().flat_map(|(_, selector)| query.matchers(selector));
    all.any(|one| one.name.text == "service_name" && matches!(one.op, MatchOp::Equal | MatchOp::Regex))
}

fn analysed(query: &Query<'_>, before: &Before<'_>, around: &Around<'_>) -> Analysis {
    let mut work = Work {
        query,
        before,
        around,
        uses: Rc::default(),
        logs: BTreeMap::new(),
        result: Analysis::default(),
        restores: false,
    };
    for (id, log) in query.logs() {
        let state = match &log.selector {
            Some(selector) => work.selector(selector),
            None => Log {
                old: Condition::Open,
                new: Condition::Open,
                flow: Flow::Still,
                entered: Condition::Open,
                entering: Flow::Still,
                how: None,
                filtered: false,
                gains: false,
                called: None,
            },
        };
        work.logs.insert(id, state);
        work.filters(id);
    }
    if work.logs.values().any(|log| log.entering != Flow::Still) {
        work.uses = query.uses().into();
        work.call();
        work.restores = around.records && work.carries_job();
        for mention in work.uses.clone().iter() {
            work.mention(mention);
            work.lost_mention(mention);
        }
        work.variants();
        work.stages();
        work.matching();
        work.wraps();
        work.recorded();
    }
    work.parsers();
    work.host_wide();
    work.finish()
}

struct Work<'q, 'a, 'm> {
    query: &'q Query<'a>,
    before: &'q Before<'m>,
    around: &'q Around<'q>,
    /// Every use of a label, where streams that move come by.
    uses: Rc<[Mention]>,
    logs: BTreeMap<LogId, Log>,
    result: Analysis,
    /// The result keeps the label `job`: it is put back where lines become samples (label-surface 1.5 U7).
    restores: bool,
}

impl Work<'_, '_, '_> {
    fn doubt(&mut self, id: Id, why: &str) {
        let doubt = Remark { id, why: why.to_owned() };
        if !self.result.doubts.contains(&doubt) {
            self.result.doubts.push(doubt);
        }
    }

    fn note(&mut self, id: Id, why: &str) {
        let note = Remark { id, why: why.to_owned() };
        if !self.result.notes.contains(&note) {
            self.result.notes.push(note);
        }
    }

    fn change(&mut self, span: Span, new: impl Into<String>, id: Id) {
        self.change_of(span, new, id, "");
    }

    /// The same, with what the sentence calls `{labels}`.
    fn change_of(&mut self, span: Span, new: impl Into<String>, id: Id, labels: &str) {
        self.result.changes.push(Change { span, new: new.into(), id, labels: labels.to_owned() });
    }

    /// A comparison with this label was rewritten in this way.
    fn took(&mut self, how: How, label: &str) {
        match self.result.how {
            None | Some(How::Swap) => self.result.how = Some(how),
            Some(_) => {}
        }
        if matches!(how, How::Name | How::Filter) && label == "job" {
            self.note(ids::BRIDGED, "");
        }
    }

    /// What may be done where this value stands: a variable in the place of all of it may follow to `service_name`.
    fn asked(&self, value: &Text<'_>) -> Asked<'_> {
        let follows =
            value.placeholder && reference(&value.value).is_some_and(|name| self.around.variables.follows(name));
        Asked { follows, values: self.values(value), selector_only: self.around.values_of.is_some() }
    }

    /// All values of the variable in the place of this one.
    fn values(&self, value: &Text<'_>) -> Option<&[String]> {
        let name = reference(&value.value).filter(|_| value.placeholder && !value.value.contains(":text"))?;
        self.around.variables.lists().get(name).map(Vec::as_slice)
    }

    /// A comparison with a variable that cannot hold what moves, as the comparison with all its values: each choice of
    /// them goes on as it is. `stays` says that of one.
    fn settled_value(&self, one: Matcher, value: &Text<'_>, stays: impl Fn(&Matcher) -> bool) -> Matcher {
        let Some(values) = self.values(value).filter(|_| one.label == "job") else { return one };
        let is_pattern = matches!(one.op, Op::Match | Op::NotMatch);
        let escaped = values.iter().filter(|_| is_pattern).map(|value| patterns::escaped(value));
        let mut texts: Vec<String> = values.iter().cloned().chain(escaped).collect();
        texts.sort_unstable();
        texts.dedup();
        let each: Vec<Matcher> = texts.iter().map(|text| Matcher::new("job", one.op, text)).collect();
        let jobs = &self.before.moved.jobs;
        let is_free = |each: &Matcher| jobs.iter().all(|job| each.accepts(job) == Some(one.is_negative()));
        let all = if is_pattern {
            Matcher::new("job", one.op, &texts.join("|"))
        } else {
            let all = Matcher::one_of("job", &texts.iter().map(String::as_str).collect::<Vec<_>>());
            if one.is_negative() { all.flipped() } else { all }
        };
        // Who asks for fewer of them gets a part of the same streams; who leaves out fewer gets others.
        let right = each.iter().all(is_free) && stays(&all) && (!one.is_negative() || each.iter().all(stays));
        if right { all } else { one }
    }
}

/// The name in `$x`, `${x}`, `${x:fmt}`, `[[x]]` when that is all of the text.
pub(super) fn reference(text: &str) -> Option<&str> {
    let inner = match text.strip_prefix('$') {
        Some(rest) => rest.strip_prefix('{').map_or(Some(rest), |rest| rest.strip_suffix('}'))?,
        None => text.strip_prefix("[[")?.strip_suffix("]]")?,
    };
    let name = inner.split(':').next().unwrap_or(inner);
    name.chars().all(|c| c.is_alphanumeric() || c == '_').then_some(name)
}

pub(super) fn matcher(label: &str, op: Op, value: &Text<'_>) -> Matcher {
    let template = value.value.contains("{{") || value.value.contains("{%");
    let text = value.value.clone().into_owned();
    let value = if value.placeholder || template { Value::Variable(text) } else { Value::Known(text) };
    Matcher { label: label.to_owned(), op, value }
}

/// A matcher of a selector.
pub(super) fn matcher_of(one: &crate::syntax::logql::Matcher<'_>) -> Matcher {
    matcher(one.name.text, one.op.into(), &one.value)
}

pub(super) fn compared(op: FilterOp) -> Option<Op> {
    match op {
        FilterOp::Equal => Some(Op::Equal),
        FilterOp::NotEqual => Some(Op::NotEqual),
        FilterOp::Regex => Some(Op::Match),
        FilterOp::NotRegex => Some(Op::NotMatch),
        FilterOp::Greater | FilterOp::GreaterEqual | FilterOp::Less | FilterOp::LessEqual => None,
    }
}

pub(super) fn quoted(text: &str, quote: Quote) -> String {
    if quote == Quote::Backtick && !text.contains('`') { format!("`{text}`") } else { crate::proof::quoted(text) }
}
