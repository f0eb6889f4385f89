//! The sites of one file: edits and findings for each query and for what hangs on it.
//!
//! Knows: sites, languages, analyses. Must not know: constructs of `LogQL`.

mod beside;
mod columns;
mod links;
mod lost;
mod panels;
mod put_back;
mod rules;
mod texts;
mod write;

use std::sync::Arc;

use crate::finding::{Finding, Level};
use crate::rewrite::Outcome;
use crate::rewrite::mentions;
use crate::text::{Place, Span, View};
use crate::topology::queries::QueryFacts;
use crate::topology::sites::language::{Doubt, Language};
use crate::topology::sites::{FileSites, Holder, Site, SiteKind};

use super::Alerts;
use super::ids::{self, Id};
use super::query::{Analysis, Around, Remark, Rename};
use super::streams::Before;
use super::variables::{Variables, reads_job, values_of};

pub(super) use beside::switched;
pub(super) use put_back::Readers;
pub(super) use write::edits;

/// What became of one site; what hangs on it follows.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// The move does not concern it.
    Untouched,
    /// Rewritten.
    Rewritten {
        /// Labels of its result that have another name now.
        renames: Vec<Rename>,
    },
    /// Left for a person; labels of its result that will have another name.
    Left(Vec<Rename>),
}

impl State {
    fn renames(&self) -> &[Rename] {
        match self {
            Self::Untouched => &[],
            Self::Rewritten { renames } | Self::Left(renames) => renames,
        }
    }
}

/// Adds what the sites of `file` need to `outcome`.
pub(super) fn rewrite(
    file: &FileSites,
    facts: &QueryFacts,
    before: &Before<'_>,
    readers: &Readers<'_>,
    outcome: &mut Outcome,
) -> Alerts {
    let judged = file.judged(&facts.servers);
    // Nothing hangs on a file none of whose queries is concerned: a variable follows only where a use of it does.
    let mut concerned = judged.concerned(file, before.jobs());
    concerned.extend(before.asking_for_lost(file, facts));
    concerned.sort_unstable();
    if concerned.is_empty() && file.findings.is_empty() && file.apart.is_empty() {
        return Alerts::default();
    }
    let languages = &judged.languages;
    let variables = Variables::of(file, languages, before);
    let mut work = Work { file, before, readers, variables: &variables, languages, outcome };
    for finding in &file.findings {
        work.unread(finding);
    }
    let mut states = vec![State::Untouched; file.sites.len()];
    // What links and texts ask for may hang on the result of the queries beside them.
    let (behind, first): (Vec<usize>, Vec<usize>) =
        concerned.iter().partition(|&&index| file.sites.get(index).is_some_and(|site| site.kind.is_link()));
    for index in first.into_iter().chain(behind) {
        let filled_in = work.filled_in(index, &states);
        states[index] = filled_in.unwrap_or_else(|| work.site(index));
    }
    let mut touched = vec![false; file.holders.len()];
    for (site, _) in file.sites.iter().zip(&states).filter(|(_, state)| **state != State::Untouched) {
        if let Some(touched) = touched.get_mut(site.holder).filter(|_| !site.kind.is_link()) {
            *touched = true;
        }
    }
    if touched.contains(&true) {
        for (index, holder) in file.holders.iter().enumerate() {
            // A panel that shows the results of another one has its labels.
            let shown =
                holder.shows.as_ref().and_then(|id| file.holders.iter().position(|one| one.id.as_ref() == Some(id)));
            let index = shown.unwrap_or(index);
            if touched[index] {
                work.holder(index, holder, &states);
            }
        }
    }
    work.written_values();
    work.named_values(&states);
    work.all_values(&states);
    work.apart(&states);
    work.alerts(&states)
}

struct Work<'w, 'm> {
    file: &'w FileSites,
    before: &'w Before<'m>,
    readers: &'w Readers<'w>,
    variables: &'w Variables,
    languages: &'w [Language],
    outcome: &'w mut Outcome,
}

impl<'w> Work<'w, '_> {
    fn unread(&mut self, finding: &Finding) {
        let Some(at) = &finding.at else { return };
        let text = at.source.text().unwrap_or("");
        let jobs = &self.before.moved.jobs;
        let named = !mentions::find(text, jobs).is_empty();
        let kind = if text.contains("alert:") || text.contains("groups:") { SiteKind::Rule } else { SiteKind::Panel };
        let level = if named { Level::Review } else { Level::Note };
        let message = ids::UNREAD_FILE.say(kind, &[("why", &finding.message)]);
        self.outcome.findings.push(Finding::new(level, ids::UNREAD_FILE.of(kind), message).at(at.clone()));
    }

    fn site(&mut self, index: usize) -> State {
        let (Some(site), Some(language)) = (self.file.sites.get(index), self.languages.get(index)) else {
            return State::Untouched;
        };
        let text = site.query.of(site.view.text());
        if site.kind == SiteKind::AdHoc {
            return self.ad_hoc(site, language);
        }
        if site.kind == SiteKind::Tag {
            return self.tag(site, language);
        }
        if site.kind == SiteKind::Variable && reads_job(site) {
            self.variable_values(index, site, language);
        }
        if let Some(selector) = self.variables.switched(index) {
            if selector != text {
                self.report(site, &Analysis::default(), selector.to_owned());
            }
            return State::Rewritten { renames: Vec::new() };
        }
        self.lost_values(site, language);
        if text.trim().is_empty() {
            return State::Untouched;
        }
        let records = self.holder_of(site).is_some_and(|holder| holder.record) && !site.kind.is_link();
        let around = Around { variables: self.variables, records, values_of: values_of(site) };
        let mut analysis = match self.before.analysis(site, &around) {
            Ok(analysis) => analysis,
            Err(error) => return self.unreadable(site, text, &error.to_string(), language),
        };
        if !analysis.concerned() {
            return State::Untouched;
        }
        if records && !analysis.renames.is_empty() {
            Arc::make_mut(&mut analysis).left.push(Remark { id: ids::RECORD, why: String::new() });
        }
        self.lost_by_result(site, records, &mut analysis);
        self.decide(site, language, &analysis)
    }

    /// Edits a query that the move concerns, or leaves it for a person.
    fn decide(&mut self, site: &Site, language: &Language, analysis: &Analysis) -> State {
        let renames = analysis.renamed();
        let fact = match language {
            Language::Loki(place) => place.clone(),
            Language::Unproven(doubt) => {
                let why = said(*doubt).say(site.kind, &[]);
                self.leave(site, analysis, ids::UNPROVEN, &ids::UNPROVEN.say(site.kind, &[("why", &why)]));
                return State::Left(renames);
            }
            Language::NotLoki => return State::Untouched,
        };
        if let Some(first) = analysis.left.first() {
            let message = self.reasons(site, analysis);
            self.leave(site, analysis, first.id, &message);
            return State::Left(renames);
        }
        match edits(site, analysis, &fact) {
            Ok(edits) => {
                self.write(site, analysis, edits, &fact);
                self.lost_beside(site, analysis);
                self.columns(site, analysis);
                State::Rewritten { renames }
            }
            Err(why) => {
                let message = ids::NOT_ENCODABLE.say(site.kind, &[("why", &why)]);
                self.leave(site, analysis, ids::NOT_ENCODABLE, &message);
                State::Left(renames)
            }
        }
    }

    fn unreadable(&mut self, site: &Site, text: &str, why: &str, language: &Language) -> State {
        if mentions::find(text, &self.before.moved.jobs).is_empty() {
            return State::Untouched;
        }
        // Without proof that it is LogQL, a text LogQL cannot read is most likely none.
        if matches!(language, Language::Unproven(_)) && !site.template && metric_name(text) {
            return State::Untouched;
        }
        let message = ids::UNREADABLE.say(site.kind, &[("why", why)]);
        self.review(site, ids::UNREADABLE, &message, None);
        self.report(site, &Analysis::default(), text.to_owned());
        // What cannot be read may carry `job`.
        State::Left(vec![Rename { old: "job", new: vec!["service"] }])
    }

    /// What hangs on all queries of a panel or rule, once they are decided: `index` is the one whose queries they are.
    fn holder(&mut self, index: usize, holder: &'w Holder, states: &[State]) {
        let mine = self.sited(index, states);
        let Some(first) = mine.iter().find(|one| *one.state != State::Untouched) else { return };
        let fact = match first.language {
            Language::Loki(place) => place.clone(),
            _ => self.place(first.site),
        };
        self.rule(holder, &mine, first.site.kind, &fact);
        let targets = self.file.holders.get(index).map_or(0, |one| one.targets);
        self.settings(holder, &mine, targets, first.site.kind, &fact);
    }

    /// How far the rules of the file are reached, or may be.
    fn alerts(&self, states: &[State]) -> Alerts {
        let mut alerts = Alerts {
            concerned: self.outcome.findings.iter().any(|finding| finding.rule == ids::UNREAD_FILE.alerts),
            anew: false,
            put_back: self.outcome.edits.iter().any(|(_, edit)| edit.why.rule == ids::OWN_JOB.alerts),
        };
        for (site, state) in self.file.sites.iter().zip(states) {
            if matches!(site.kind, SiteKind::Rule | SiteKind::AlertQuery) {
                alerts.concerned |= *state != State::Untouched;
                let records = self.holder_of(site).is_some_and(|holder| holder.record);
                alerts.anew |= !records && matches!(state, State::Rewritten { .. });
            }
        }
        alerts
    }

    fn holder_of(&self, site: &Site) -> Option<&'w Holder> {
        self.file.holders.get(site.holder)
    }

    fn place(&self, site: &Site) -> Place {
        self.at(&site.view, site.query)
    }

    /// A stretch of a decoded text in its file.
    fn at(&self, view: &View, span: Span) -> Place {
        Place::new(&self.file.source, view.raw(span))
    }
}

/// A site of one holder with what became of it.
struct Sited<'w, 's> {
    site: &'w Site,
    state: &'s State,
    language: &'w Language,
}

/// Labels that have another name in the result of any of these, each once.
fn all_renames(list: &[Sited<'_, '_>]) -> Vec<Rename> {
    let mut all: Vec<Rename> = Vec::new();
    for rename in list.iter().flat_map(|one| one.state.renames()) {
        if !all.iter().any(|have| have.old == rename.old) {
            all.push(rename.clone());
        }
    }
    all
}

/// A name before a brace is a metric, which `LogQL` does not have (label-surface 1.1).
fn metric_name(text: &str) -> bool {
    text.match_indices('{').any(|(at, _)| {
        text[..at].trim_end().chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    })
}

fn said(doubt: Doubt) -> Id {
    match doubt {
        Doubt::Default => ids::DOUBT_DEFAULT,
        Doubt::Unknown => ids::DOUBT_UNKNOWN,
        Doubt::Unclear => ids::DOUBT_UNCLEAR,
        Doubt::Variable => ids::DOUBT_VARIABLE,
        Doubt::Template => ids::DOUBT_TEMPLATE,
        Doubt::Order => ids::DOUBT_ORDER,
        Doubt::Disagree => ids::DOUBT_DISAGREE,
        Doubt::Address => ids::DOUBT_ADDRESS,
        Doubt::Pane => ids::DOUBT_PANE,
        Doubt::RuleFile => ids::DOUBT_RULE_FILE,
        Doubt::BothLanguages => ids::DOUBT_BOTH_LANGUAGES,
        Doubt::Text => ids::DOUBT_TEXT,
    }
}
