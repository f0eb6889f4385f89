//! Queries in texts and links whose job a label fills in: of the alert, `{job="{{ $labels.job }}"}`, or of the series that
//! was clicked on, `{job="${__field.labels.job}"}`.
//!
//! Knows: that such a query is, once filled in, one for each job. Must not know: how a query is rewritten.

use std::sync::Arc;

use crate::proof::Sides;
use crate::rewrite::How;
use crate::rewrite::queries::follow::alert::{self, Read, Whose};
use crate::rewrite::queries::ids;
use crate::rewrite::queries::query::{Analysis, Around, Change};
use crate::syntax::logql;
use crate::text::{Place, Span, View};
use crate::topology::sites::language::Language;
use crate::topology::sites::{Site, SiteKind};

use super::panels::rename_of_all;
use super::rules::{Labels, labels};
use super::{Sited, State, Work, all_renames};

/// A comparison with `job` whose value is filled in.
struct Filled {
    /// The name of the label that is compared.
    name: Span,
    /// All that stands for the value.
    tag: Span,
    /// The name of the label in it.
    span: Span,
}

impl<'w> Work<'w, '_> {
    /// What becomes of a query in a text or a link that asks for the job of the alert, or of the series clicked on; `None`
    /// where it does not, or where the answer does not hang on that.
    pub(super) fn filled_in(&mut self, index: usize, states: &[State]) -> Option<State> {
        let site = self.file.sites.get(index).filter(|site| site.kind.is_link())?;
        let text = site.query.of(site.view.text());
        let Some(Language::Loki(fact)) = self.languages.get(index) else { return None };
        let mine = self.sited(site.holder, states);
        let change =
            |span: Span, new: &str| Change { span, new: new.to_owned(), id: ids::SELECTOR, labels: new.to_owned() };
        if site.kind == SiteKind::Link {
            let read = of_field(text)?;
            let renames = all_renames(&mine);
            let rename = renames.iter().find(|rename| rename.old == "job")?;
            let all = self.holder_of(site).is_some_and(|holder| holder.targets == mine.len());
            let follows = rename_of_all(&mine, "job") == Some("service") && all;
            if let Some(streams) = self.asked_of_each(text, &read).filter(|_| follows) {
                return self.fill_in(site, &read, streams, fact);
            }
            // The series have `job` no longer, or not all of them.
            let changes = match rename.new.as_slice() {
                [one] => vec![change(read.name, one), change(read.span, one)],
                _ => Vec::new(),
            };
            let analysis = Analysis { changes, ..Analysis::default() };
            self.leave(site, &analysis, ids::VARIABLE, &ids::VARIABLE.say(site.kind, &[]));
            return Some(State::Left(Vec::new()));
        }
        let holder = self.holder_of(site).filter(|_| site.kind == SiteKind::RuleText && text.contains("{{"))?;
        let reads = alert::in_alert(&site.view, &all_renames(&mine)).into_iter().filter(|read| read.label == "job");
        let follows = |whose: &Whose| match labels(holder, &mine, whose) {
            Labels::Known(list) => list.iter().any(|rename| rename.old == "job" && rename.new[..] == ["service"]),
            Labels::Open | Labels::Dropped => false,
        };
        let filled = |read: Read| {
            let (tag, _) = read.alone?;
            Some(Filled { name: asked_by(text, tag)?, tag, span: read.span })
        };
        let read = reads.filter(|read| follows(&read.whose)).find_map(filled)?;
        let streams = self.asked_of_each(text, &read)?;
        self.fill_in(site, &read, streams, fact)
    }

    /// `service` in the place of `job`, in the matcher and in what fills it in.
    fn fill_in(&mut self, site: &Site, read: &Filled, streams: Sides, fact: &Place) -> Option<State> {
        let change = |span: Span| Change { span, new: "service".into(), id: ids::SELECTOR, labels: "service".into() };
        let changes = vec![change(read.name), change(read.span)];
        let analysis = Analysis { changes, how: Some(How::Swap), streams, ..Analysis::default() };
        let edits = super::edits(site, &analysis, fact).ok()?;
        self.write(site, &analysis, edits, fact);
        Some(State::Rewritten { renames: Vec::new() })
    }

    /// The streams of the query for each job that moves, where `service` in the place of `job` is all that it needs.
    fn asked_of_each(&self, text: &str, read: &Filled) -> Option<Sides> {
        let &Filled { name, tag, .. } = read;
        let around = Around { variables: self.variables, records: false, values_of: None };
        let filled = |label: &str, value: &str| {
            let (head, middle) = (Span::new(0, name.start()), Span::new(name.end(), tag.start()));
            // What fills it in is a name, as a pattern, too.
            let middle = middle.of(text).replace("=~", "=");
            [head.of(text), label, &middle, value, &text[tag.end()..]].concat()
        };
        let mut streams = None;
        for job in &self.before.moved.jobs {
            let asked = filled("job", job);
            let analysis = self.before.decided(&logql::read(&asked).ok()?, &around);
            let right =
                analysis.left.is_empty() && analysis.after(&asked) == filled("service", &self.before.moved.project);
            streams = streams.or(Some(analysis.streams)).filter(|_| right);
            streams.as_ref()?;
        }
        streams
    }

    /// Whether a stretch of a text has been written already.
    pub(super) fn is_written(&self, view: &View, span: Span) -> bool {
        let raw = view.raw(span);
        let path = &self.file.source.path;
        self.outcome.edits.iter().any(|(of, edit)| of == path && edit.span.overlaps(raw))
    }

    /// Whether somebody is asked about a stretch of a text already.
    pub(super) fn is_asked(&self, view: &View, span: Span) -> bool {
        let raw = view.raw(span);
        let places = self.outcome.findings.iter().filter_map(|finding| finding.at.as_ref());
        places.filter(|at| Arc::ptr_eq(&at.source, &self.file.source)).any(|at| at.span.contains(raw))
    }

    /// The queries of a holder with what became of them.
    pub(super) fn sited<'s>(&self, holder: usize, states: &'s [State]) -> Vec<Sited<'w, 's>>
    where
        'w: 's,
    {
        let all = self.file.sites.iter().zip(states).zip(self.languages);
        let mine = all.filter(|((site, _), _)| site.holder == holder && !site.kind.is_link());
        mine.map(|((site, state), language)| Sited { site, state, language }).collect()
    }
}

/// Whether a place that reads a label of the alert is, in a text, what a matcher compares `job` with: alone it would
/// fill in what no stream has.
pub(super) fn fills_in(view: &View, read: &Read) -> bool {
    let text = view.text();
    let start = read.action.start();
    let before = text[..start].trim_end_matches(['"', '`', '\\']);
    let operator = before.trim_end_matches([' ', '=', '~', '!']);
    before.len() < start && operator.len() < before.len() && ends_with_job(operator)
}

/// A comparison with the job of the series or row that a link belongs to: `${__field.labels.job}`.
fn of_field(text: &str) -> Option<Filled> {
    ["${__field.labels.", "${__data.fields."].into_iter().find_map(|open| {
        let start = text.find(open)?;
        let span = Span::new(start + open.len(), start + open.len() + "job".len());
        let rest = text.get(span.start()..)?.strip_prefix("job")?;
        let end = span.end() + rest.find('}')? + 1;
        let tag = Span::new(start, end);
        rest.starts_with(['}', ':']).then(|| Some(Filled { name: asked_by(text, tag)?, tag, span }))?
    })
}

/// The name of the label `job` that a selector compares with exactly what stands at `tag`.
fn asked_by(text: &str, tag: Span) -> Option<Span> {
    let query = logql::read(text).ok()?;
    let mut all = query.selectors().flat_map(|(_, selector)| query.matchers(selector));
    let is_asked = |value: Span| value.start() + 1 == tag.start() && value.end() == tag.end() + 1;
    all.find(|one| one.name.text == "job" && is_asked(one.value.span)).map(|one| one.name.span)
}

fn ends_with_job(text: &str) -> bool {
    text.strip_suffix("job")
        .is_some_and(|before| !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.'))
}
