//! What the label filters behind a selector may become.
//!
//! Knows: a comparison with a label that what moves loses, and what may stand in its place. Must not know: which is right.

use super::super::bridges;
use super::super::candidates::{negated, spelled};
use super::super::ids;
use super::super::query::{Analysis, Change};
use super::super::streams::Before;
use super::super::written::{compared, matcher, matcher_of, quoted};
use super::Choice;
use super::selector::NAME;
use crate::proof::{self, Condition, Matcher, Op};
use crate::rewrite::How;
use crate::syntax::logql::{self, FilterKind, FilterValue, Log, Query, Quote, StageKind};

impl Before<'_> {
    /// What the comparisons with `job` in the label filters of a log query may become.
    pub(super) fn filters_in(&self, query: &Query<'_>, log: &Log) -> Vec<Choice> {
        let mut leaves = Vec::new();
        for stage in query.stages(log) {
            let StageKind::LabelFilter(root) = stage.kind else { continue };
            leaves.extend(query.leaves(root).filter_map(|filter| match &filter.kind {
                FilterKind::Compare { name, op, value: FilterValue::Text(text), .. } => {
                    let is_asked = name.text == "job" || self.lost.contains(name.text);
                    is_asked.then_some((
                        filter.span,
                        filter.parent.is_none(),
                        matcher(name.text, compared(*op)?, text),
                        text,
                    ))
                }
                _ => None,
            }));
        }
        let mut list = vec![Choice::default()];
        if leaves.is_empty() {
            return list;
        }
        let service = self.without_siblings(vec![Matcher::new("service", Op::Equal, &self.moved.project)]);
        for kind in [Filtered::Swapped, Filtered::Either, Filtered::Service, Filtered::Name] {
            let mut changes = Vec::new();
            for (span, whole, one, text) in &leaves {
                let quote = if text.quote == Quote::Bare { Quote::Double } else { text.quote };
                let Some(new) = self.filtered(kind, one, &service) else { continue };
                let text = proof::written(&new, &|text: &str| quoted(text, quote));
                let single = *whole || new.matchers().len() == 1;
                let new = if single { text.clone() } else { format!("({text})") };
                changes.push(Change { span: *span, new, id: ids::FILTER, labels: text });
            }
            let how = match kind {
                Filtered::Swapped | Filtered::Service => How::Swap,
                Filtered::Either | Filtered::Name => How::Filter,
            };
            if !changes.is_empty() {
                let choice = Choice { changes, notes: Vec::new(), how: Some(how) };
                list.extend(self.bridge_gone(query, log, &choice));
                list.push(choice);
            }
        }
        list
    }

    /// What a comparison with `job` in a label filter becomes; `None` where it stays.
    fn filtered(&self, kind: Filtered, one: &Matcher, service: &[Matcher]) -> Option<Condition> {
        let is = |label: &str| Condition::Is(Matcher { label: label.to_owned(), ..one.clone() });
        let is_job = one.label == "job";
        match kind {
            Filtered::Service => return is_job.then(|| is("service")),
            Filtered::Name => return is_job.then(|| is(NAME)),
            Filtered::Swapped | Filtered::Either if is_job && !self.names(one) => return None,
            Filtered::Swapped | Filtered::Either => {}
        }
        if one.is_negative() {
            return Some(Condition::All(vec![Condition::Is(one.clone()), negated(service)]));
        }
        let rest = match kind {
            Filtered::Swapped if !is_job => return Some(Condition::all(service)),
            Filtered::Swapped if self.more_names(one).is_empty() => return Some(Condition::all(service)),
            Filtered::Swapped => self.rests(one).swap_remove(0),
            _ => one.clone(),
        };
        spelled(&Condition::Any(vec![Condition::Is(rest), Condition::all(service)]))
    }

    /// A filter right behind its selector that asks for services and jobs is a bridge. When its last job becomes a service,
    /// it goes, and the selector asks.
    fn bridge_gone(&self, query: &Query<'_>, log: &Log, choice: &Choice) -> Option<Choice> {
        let (selector, stage) = (log.selector.as_ref()?, query.stages(log).first()?);
        let StageKind::LabelFilter(old) = stage.kind else { return None };
        if !bridges::condition(query, old)?.matchers().iter().any(|one| one.label == "service") {
            return None;
        }
        if self.moved.keep_history {
            return None;
        }
        let mut then = Analysis { changes: choice.changes.clone(), ..Analysis::default() };
        then.sort();
        let text = then.after(query.text());
        let text = logql::read(&text).ok()?;
        let at = query.logs().position(|(_, one)| one.span == log.span)?;
        let (_, after) = text.logs().nth(at)?;
        let StageKind::LabelFilter(root) = text.stages(after).first()?.kind else { return None };
        let asked: Vec<Matcher> = query.matchers(selector).iter().map(matcher_of).collect();
        let list = bridges::matchers(&Condition::all(&asked), &bridges::condition(&text, root)?, &self.proof)?;
        let mut changes: Vec<Change> =
            choice.changes.iter().filter(|change| !stage.span.contains(change.span)).cloned().collect();
        changes.extend(bridges::taken_down(query, selector, stage, &list));
        Some(Choice { changes, ..choice.clone() })
    }
}

/// How comparisons with `job` in label filters go on.
#[derive(Clone, Copy)]
enum Filtered {
    /// What moves is called by its service, all else as it is.
    Swapped,
    /// What moves is called by its job or its service.
    Either,
    /// All is called by its service.
    Service,
    /// All is called by its `service_name`.
    Name,
}
