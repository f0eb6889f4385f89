//! The label `job` of an alert, which its rule sets once its query has none: where something reads it.
//!
//! Knows: which jobs the series of a rule have today, who reads the label, what says the same afterwards. Must not know:
//! how a rule is written, or how routes are found.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::finding::{Finding, Level};
use crate::proof::{Condition, Copies};
use crate::rewrite::queries::follow::alert::Whose;
use crate::rewrite::queries::ids;
use crate::rewrite::queries::query::Rename;
use crate::rewrite::queries::streams::Before;
use crate::rewrite::queries::written::matcher_of;
use crate::syntax::logql;
use crate::text::{Edit, Place, Source, Span, Why};
use crate::topology::AlertLabels;
use crate::topology::named::Reader;
use crate::topology::sites::{Holder, OwnJob, SiteKind};

use super::rules::{Labels, labels};
use super::{Sited, State, Work, all_renames};

/// Who reads the label `job` of alerts.
#[derive(Clone, Debug, Default)]
pub(in crate::rewrite::queries) struct Readers<'r> {
    pub(in crate::rewrite::queries) how: AlertLabels,
    /// Those of the repository, each with its file.
    pub(in crate::rewrite::queries) all: Vec<(&'r Arc<Source>, &'r Reader)>,
}

impl Readers<'_> {
    /// Whether alerts of one of these jobs keep it; `None` where it cannot be told which they are.
    pub(in crate::rewrite::queries) fn keep<'j>(&self, jobs: Option<impl IntoIterator<Item = &'j str>>) -> bool {
        match (self.how, jobs) {
            (AlertLabels::Keep, _) => true,
            (AlertLabels::Follow, _) => false,
            (AlertLabels::Auto, None) => !self.all.is_empty(),
            (AlertLabels::Auto, Some(jobs)) => {
                jobs.into_iter().any(|job| self.all.iter().any(|(_, reader)| reader.tells(job)))
            }
        }
    }

    /// The first that reads one of these.
    fn first(&self, jobs: Option<&BTreeSet<&str>>) -> Option<Place> {
        let tells = |reader: &Reader| jobs.is_none_or(|jobs| jobs.iter().any(|job| reader.tells(job)));
        self.all.iter().find(|(_, reader)| tells(reader)).map(|(source, reader)| Place::new(source, reader.span))
    }
}

/// The label that a rule sets again.
pub(super) struct Kept {
    value: String,
    /// The text that sets it, with its place in the file; `None` where that is left for a person.
    edit: Option<(usize, String)>,
    /// Whether all alerts of the rule have this value.
    one: bool,
    /// Who reads it, where that is known.
    reader: Option<Place>,
}

impl Kept {
    /// The job of all alerts of the rule.
    pub(super) fn job(&self) -> Option<&str> {
        (self.one && self.edit.is_some()).then_some(self.value.as_str())
    }
}

impl<'w> Work<'w, '_> {
    /// The label `job` of the alerts of a rule, where they lose it and somebody reads it.
    pub(super) fn kept(&self, holder: &Holder, mine: &[Sited<'w, '_>]) -> Option<Kept> {
        if holder.record || holder.own_job == OwnJob::Set {
            return None;
        }
        let (renames, sure) = match labels(holder, mine, &Whose::Alert) {
            Labels::Known(list) => (list, true),
            Labels::Open => (all_renames(mine), false),
            Labels::Dropped => return None,
        };
        let rename = renames.iter().find(|rename| rename.old == "job")?;
        let selected = Selected::of(mine, rename, self.before)?;
        if !self.readers.keep(selected.jobs.as_ref().map(|jobs| jobs.iter().copied())) {
            return None;
        }
        let (value, says_it) = selected.value(rename, self.before, holder.flow.is_none());
        let edit = match &holder.own_job {
            OwnJob::At(slot) if sure && says_it => slot.text(&value).map(|new| (slot.at, new)),
            _ => None,
        };
        let reader = self.readers.first(selected.jobs.as_ref());
        Some(Kept { value, edit, one: selected.one().is_some(), reader })
    }

    /// Has the rule set the label, or a person.
    pub(super) fn put_back(&mut self, kept: Kept, mine: &[Sited<'w, '_>], kind: SiteKind) {
        let id = if kept.edit.is_some() { ids::OWN_JOB } else { ids::OWN_JOB_LEFT };
        let message = id.say(kind, &[]);
        if let Some((at, new)) = kept.edit {
            let why = Why { rule: id.of(kind), message, fact: kept.reader };
            self.outcome.edits.push((self.file.source.path.clone(), Edit { span: Span::at(at), new, why }));
        } else if let Some(first) = mine.iter().find(|one| *one.state != State::Untouched) {
            let finding = Finding::new(Level::Review, id.of(kind), message).at(self.place(first.site));
            self.outcome.findings.push(finding.showing(format!("job: {}", kept.value)));
        }
    }
}

/// What the queries of a rule select.
struct Selected<'m> {
    /// The jobs of the streams today.
    jobs: Option<BTreeSet<&'m str>>,
}

impl<'m> Selected<'m> {
    /// `None` where no query can be read.
    fn of(mine: &[Sited<'_, '_>], rename: &Rename, before: &'m Before<'_>) -> Option<Self> {
        let mut all = Vec::new();
        for one in mine.iter().filter(|one| *one.state != State::Untouched) {
            let Ok(query) = logql::read(one.site.query.of(one.site.view.text())) else { continue };
            let matchers = |selector| query.matchers(selector).iter().map(matcher_of).collect::<Vec<_>>();
            all.extend(query.selectors().map(|(_, selector)| Condition::all(&matchers(selector))));
        }
        let condition = (!all.is_empty()).then_some(Condition::Any(all))?;
        let today = before.proof.today(&condition, Copies::Ignored).ok();
        let jobs =
            today.and_then(|list| list.into_iter().map(|index| before.proof.value_today(index, "job")).collect());
        let mut jobs: Option<BTreeSet<&str>> = jobs;
        // Behind the selector there are filters: what is left is called `service` only where all of it moves.
        if let (Some(jobs), ["service"]) = (&mut jobs, &*rename.new) {
            jobs.retain(|job| before.moved.jobs.iter().any(|moved| moved == job));
        }
        Some(Self { jobs: jobs.filter(|jobs| !jobs.is_empty()) })
    }

    /// The only job.
    fn one(&self) -> Option<&'m str> {
        self.jobs.as_ref().filter(|jobs| jobs.len() == 1)?.first().copied()
    }

    /// The value of the label, and whether each alert has it today.
    fn value(&self, rename: &Rename, before: &Before<'_>, ruler: bool) -> (String, bool) {
        if let Some(job) = self.one() {
            return (job.to_owned(), true);
        }
        // Grafana takes what begins with `$` in a file for a variable of its environment.
        let labels = if ruler { "$labels" } else { ".Labels" };
        let text = match rename.new.as_slice() {
            [one] => format!("{{{{ {labels}.{one} }}}}"),
            list => {
                let [first, .., last] = list else { return ("…".to_owned(), false) };
                let (with, other) = (format!("{{{{ with {labels}.{first} }}}}"), format!("{{{{ {labels}.{last} }}}}"));
                format!("{with}{{{{ . }}}}{{{{ else }}}}{other}{{{{ end }}}}")
            }
        };
        (text, before.same_name() && rename.new.len() <= 2)
    }
}
