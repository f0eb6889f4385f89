//! Queries in the texts of alert rules whose job a label of the alert fills in: `{job="{{ $labels.job }}"}`.
//!
//! Knows: that such a query is, once filled in, one for each job. Must not know: how a query is rewritten.

use std::sync::Arc;

use crate::rewrite::How;
use crate::rewrite::queries::follow::alert::{self, Read};
use crate::rewrite::queries::ids;
use crate::rewrite::queries::query::{self, Analysis, Around, Change};
use crate::syntax::logql;
use crate::text::{Span, View};
use crate::topology::sites::SiteKind;
use crate::topology::sites::language::Language;

use super::rules::{Labels, labels};
use super::{Sited, State, Work, all_renames};

impl<'w> Work<'w, '_> {
    /// What becomes of a query in a text that asks for the job of the alert; `None` where it does not, or where not every
    /// job the alert can have has the same label in its place.
    pub(super) fn filled_in(&mut self, index: usize, states: &[State]) -> Option<State> {
        let site = self.file.sites.get(index).filter(|site| site.kind == SiteKind::RuleText)?;
        let text = site.query.of(site.view.text());
        if !text.contains("{{") {
            return None;
        }
        let Some(Language::Loki(fact)) = self.languages.get(index) else { return None };
        let holder = self.holder_of(site)?;
        let mine = self.sited(site.holder, states);
        let renames = all_renames(&mine);
        let (read, name) = alert::in_alert(&site.view, &renames).into_iter().find_map(|read| {
            let (tag, _) = read.alone?;
            Some((asked_by(text, tag)?, read)).map(|(name, read)| (read, name))
        })?;
        let Labels::Known(list) = labels(holder, &mine, &read.whose) else { return None };
        let follows = list.iter().any(|rename| rename.old == read.label && rename.new[..] == ["service"]);
        let streams = self.asked_of_each(text, &read, name).filter(|_| follows && read.label == "job")?;
        let change = |span: Span| Change { span, new: "service".into(), id: ids::SELECTOR, labels: "service".into() };
        let changes = vec![change(name), change(read.span)];
        let analysis = Analysis { changes, how: Some(How::Swap), streams, ..Analysis::default() };
        let edits = super::edits(site, &analysis, fact).ok()?;
        self.write(site, &analysis, edits, fact);
        Some(State::Rewritten { renames: Vec::new() })
    }

    /// The streams of the query for each job that moves, where `service` in the place of `job` is all that it needs.
    fn asked_of_each(&self, text: &str, read: &Read, name: Span) -> Option<crate::proof::Sides> {
        let (tag, _) = read.alone?;
        let around = Around { variables: self.variables, records: false, selector_only: false };
        let filled = |label: &str, value: &str| {
            let (head, middle) = (Span::new(0, name.start()), Span::new(name.end(), tag.start()));
            // What fills it in is a name, as a pattern, too.
            let middle = middle.of(text).replace("=~", "=");
            [head.of(text), label, &middle, value, &text[tag.end()..]].concat()
        };
        let mut streams = None;
        for job in &self.before.moved.jobs {
            let asked = filled("job", job);
            let analysis = query::analyse(&logql::read(&asked).ok()?, self.before, &around);
            let right =
                analysis.doubts.is_empty() && analysis.after(&asked) == filled("service", &self.before.moved.project);
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
