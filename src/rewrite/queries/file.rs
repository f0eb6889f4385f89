//! The sites of one file: edits and findings for each query and for what hangs on it.
//!
//! Knows: sites, languages, analyses. Must not know: constructs of `LogQL`.

use crate::finding::{Finding, Level};
use crate::rewrite::mentions;
use crate::rewrite::{Outcome, QueryChange};
use crate::syntax::logql;
use crate::text::{Edit, Place, Span, View, Why};
use crate::topology::queries::QueryFacts;
use crate::topology::sites::language::{self, Doubt, Language};
use crate::topology::sites::{FileSites, Site, SiteKind};

use super::follow;
use super::ids::{self, Id};
use super::query::{self, Analysis, Around, Rename};
use super::streams::Before;
use super::variables::Variables;

/// What became of one site; what hangs on it follows.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// The move does not concern it.
    Untouched,
    /// Rewritten; labels of its result that have another name now.
    Rewritten(Vec<Rename>),
    /// Left for a person; labels of its result that will have another name.
    Left(Vec<Rename>),
}

/// Adds what the sites of `file` need to `outcome`.
pub(super) fn rewrite(file: &FileSites, facts: &QueryFacts, before: &Before<'_>, outcome: &mut Outcome) {
    let mut work = Work { file, before, outcome };
    for finding in &file.findings {
        work.unread(finding);
    }
    let languages = language::decide(file, &facts.datasources, &facts.readers);
    let states: Vec<State> =
        file.sites.iter().zip(&languages).map(|(site, language)| work.site(site, language)).collect();
    work.holders(&states, &languages);
}

struct Work<'w, 'm> {
    file: &'w FileSites,
    before: &'w Before<'m>,
    outcome: &'w mut Outcome,
}

impl Work<'_, '_> {
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

    fn site(&mut self, site: &Site, language: &Language) -> State {
        let text = site.query.of(site.view.text());
        if matches!(language, Language::NotLoki) || !matters(text, site) {
            return State::Untouched;
        }
        if site.kind == SiteKind::AdHoc {
            return self.ad_hoc(site);
        }
        let result_is_job = site.kind == SiteKind::Variable && reads_job(site);
        if result_is_job {
            self.variable_values(site);
        }
        if text.trim().is_empty() {
            return State::Untouched;
        }
        let query = match logql::read(text) {
            Ok(query) => query,
            Err(error) => return self.unreadable(site, text, &error.to_string(), language),
        };
        let records = site.kind == SiteKind::Rule && self.holder_records(site);
        let around =
            Around { variables: &Variables::default(), records, selector_only: site.kind == SiteKind::Variable };
        let mut analysis = query::analyse(&query, self.before, &around);
        if !analysis.concerned() {
            return State::Untouched;
        }
        if records && !analysis.renames.is_empty() {
            analysis.doubts.push(query::Remark { id: ids::RECORD, why: String::new() });
        }
        let renames = analysis.renames.clone();
        let fact = match language {
            Language::Loki(place) => place.clone(),
            Language::Unproven(doubt) => {
                let why = said(*doubt).say(site.kind, &[]);
                self.leave(site, &analysis, ids::UNPROVEN, &ids::UNPROVEN.say(site.kind, &[("why", &why)]));
                return State::Left(renames);
            }
            Language::NotLoki => return State::Untouched,
        };
        if let Some(first) = analysis.doubts.first() {
            let message = self.reasons(site, &analysis);
            self.leave(site, &analysis, first.id, &message);
            return State::Left(renames);
        }
        match edits(site, &analysis, &fact) {
            Ok(edits) => {
                self.write(site, &analysis, edits, &fact);
                State::Rewritten(renames)
            }
            Err(why) => {
                let message = ids::NOT_ENCODABLE.say(site.kind, &[("why", &why)]);
                self.leave(site, &analysis, ids::NOT_ENCODABLE, &message);
                State::Left(renames)
            }
        }
    }

    fn holder_records(&self, site: &Site) -> bool {
        self.file.holders.get(site.holder).is_some_and(|holder| holder.record)
    }

    fn write(&mut self, site: &Site, analysis: &Analysis, edits: Vec<Edit>, fact: &Place) {
        let path = &self.file.source.path;
        self.outcome.edits.extend(edits.into_iter().map(|edit| (path.clone(), edit)));
        let project = self.before.moved.project.clone();
        for note in &analysis.notes {
            let message = note.id.say(site.kind, &[("project", &project), ("label", &note.why)]);
            self.outcome.findings.push(Finding::new(Level::Note, note.id.of(site.kind), message).at(self.place(site)));
        }
        if !analysis.renames.is_empty() {
            self.legends(site, fact);
        }
        let after = analysis.after(site.query.of(site.view.text()));
        self.report(site, analysis, after);
    }

    /// Legends and keys follow a rewritten query whose result carried `job`.
    fn legends(&mut self, site: &Site, fact: &Place) {
        let legends = site.legends.iter().map(|view| (view, follow::in_legend(view.text())));
        let keys = site.keys.iter().map(|view| (view, follow::in_keys(view.text())));
        for (view, spans) in legends.chain(keys) {
            for span in spans {
                self.rename(site.kind, view, span, ids::LEGEND, ids::LEGEND_LEFT, fact);
            }
        }
    }

    /// `job` becomes `service` in a text; a finding where that cannot be written.
    fn rename(&mut self, kind: SiteKind, view: &View, span: Span, done: Id, left: Id, fact: &Place) {
        let why = Why { rule: done.of(kind), message: done.say(kind, &[]), fact: Some(fact.clone()) };
        match view.edit(span, "service", why) {
            Ok(edit) => self.outcome.edits.push((self.file.source.path.clone(), edit)),
            Err(_) => self.follower_left(kind, view, span, left),
        }
    }

    fn follower_left(&mut self, kind: SiteKind, view: &View, span: Span, id: Id) {
        let place = Place::new(&self.file.source, view.raw(span));
        let finding = Finding::new(Level::Review, id.of(kind), id.say(kind, &[])).at(place).proposing("service");
        self.outcome.findings.push(finding);
    }

    fn reasons(&self, site: &Site, analysis: &Analysis) -> String {
        let project = self.before.moved.project.as_str();
        let said: Vec<String> = analysis
            .doubts
            .iter()
            .map(|doubt| doubt.id.say(site.kind, &[("why", &doubt.why), ("label", &doubt.why), ("project", project)]))
            .collect();
        said.join("; ")
    }

    /// Reports a site that stays as it is.
    fn leave(&mut self, site: &Site, analysis: &Analysis, id: Id, message: &str) {
        let before = site.query.of(site.view.text());
        let after = analysis.after(before);
        self.review(site, id, message, (after != before).then_some(after.as_str()));
        self.report(site, &Analysis { changes: Vec::new(), ..analysis.clone() }, before.to_owned());
        if !analysis.renames.is_empty() {
            for legend in &site.legends {
                for span in follow::in_legend(legend.text()) {
                    self.follower_left(site.kind, legend, span, ids::LEGEND_LEFT);
                }
            }
        }
    }

    /// A finding about the whole query; `proposed` is decoded text, said as it would stand in the file.
    fn review(&mut self, site: &Site, id: Id, message: &str, proposed: Option<&str>) {
        let mut finding = Finding::new(Level::Review, id.of(site.kind), message).at(self.place(site));
        if let Some(proposed) = proposed {
            let why = Why { rule: id.of(site.kind), message: String::new(), fact: None };
            finding = match site.view.edit(site.query, proposed, why) {
                Ok(edit) => finding.at(Place::new(&self.file.source, edit.span)).proposing(edit.new),
                Err(_) => finding.proposing(proposed),
            };
        }
        self.outcome.findings.push(finding);
    }

    fn report(&mut self, site: &Site, analysis: &Analysis, after: String) {
        let (before_streams, after_streams) = analysis.streams.clone();
        self.outcome.queries.push(QueryChange {
            at: self.place(site),
            context: self.file.holders.get(site.holder).map(|holder| holder.name.clone()).unwrap_or_default(),
            before: site.query.of(site.view.text()).to_owned(),
            how: analysis.how.filter(|_| !analysis.changes.is_empty()),
            after,
            streams_before: before_streams,
            streams_after: after_streams,
        });
    }

    fn place(&self, site: &Site) -> Place {
        Place::new(&self.file.source, site.view.raw(site.query))
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
        State::Left(job())
    }

    fn ad_hoc(&mut self, site: &Site) -> State {
        let proposed = self.before.same_name().then_some("service_name");
        self.review(site, ids::AD_HOC, &ids::AD_HOC.say(site.kind, &[]), proposed);
        State::Left(Vec::new())
    }

    /// A variable filled from the values of `job` (label-surface 2.4).
    fn variable_values(&mut self, site: &Site) {
        let proposed = self.before.same_name().then_some("service_name");
        let (view, span) = match site.keys.first() {
            Some(label) => (label, Span::new(0, label.text().len())),
            None => (&site.view, result_label(site.view.text())),
        };
        let mut finding =
            Finding::new(Level::Review, ids::VARIABLE_VALUES.of(site.kind), ids::VARIABLE_VALUES.say(site.kind, &[]))
                .at(Place::new(&self.file.source, view.raw(span)));
        if let Some(proposed) = proposed {
            finding = finding.proposing(proposed);
        }
        self.outcome.findings.push(finding);
    }

    /// Texts of alert rules and settings of panels, once all their queries are decided.
    fn holders(&mut self, states: &[State], languages: &[Language]) {
        let file = self.file;
        for (index, holder) in file.holders.iter().enumerate() {
            let mine = || file.sites.iter().zip(states).zip(languages).filter(|((site, _), _)| site.holder == index);
            let Some(((first, _), language)) = mine().find(|((_, state), _)| **state != State::Untouched) else {
                continue;
            };
            let kind = first.kind;
            let fact = match language {
                Language::Loki(place) => place.clone(),
                _ => self.place(first),
            };
            // Every query of the rule moved, so nothing else can give its texts a `job`.
            let all = mine().all(|((_, state), _)| matches!(state, State::Rewritten(_)));
            let any = mine().any(|((_, state), _)| {
                matches!(state, State::Rewritten(renames) | State::Left(renames) if !renames.is_empty())
            });
            for text in holder.texts.iter().filter(|_| any) {
                for span in follow::in_alert(text.text()) {
                    if all {
                        self.rename(kind, text, span, ids::TEXT, ids::TEXT_LEFT, &fact);
                    } else {
                        self.follower_left(kind, text, span, ids::TEXT_LEFT);
                    }
                }
            }
            for view in holder.named.iter().filter(|_| any) {
                let at = view.text().rfind("job").unwrap_or(0);
                self.follower_left(kind, view, Span::new(at, at + 3), ids::NAMED);
            }
        }
    }
}

/// What cannot be read may carry `job`.
fn job() -> Vec<Rename> {
    vec![Rename { old: "job", new: vec!["service"] }]
}

/// The edits of one query and of its copies; an error when one cannot be written in place.
fn edits(site: &Site, analysis: &Analysis, fact: &Place) -> Result<Vec<Edit>, String> {
    let edit = |change: &query::Change, view: &View, shift: usize| {
        let message = change.id.say(site.kind, &[("labels", &change.labels)]);
        let why = Why { rule: change.id.of(site.kind), message, fact: Some(fact.clone()) };
        view.edit(change.span.shifted(shift), &change.new, why).map_err(|error| error.reason)
    };
    let mut edits = Vec::new();
    for change in &analysis.changes {
        edits.push(edit(change, &site.view, site.query.start())?);
    }
    for copy in site.copies.iter().filter(|copy| copy.text() == site.view.text()) {
        for change in &analysis.changes {
            let change = query::Change { id: ids::COPY, ..change.clone() };
            edits.push(edit(&change, copy, site.query.start())?);
        }
    }
    Ok(edits)
}

/// Whether a query can be concerned: it names `job`, or is a variable or filter on it.
fn matters(text: &str, site: &Site) -> bool {
    text.contains("job") || matches!(site.kind, SiteKind::Variable | SiteKind::AdHoc) || {
        // A field of the line that collides with a new label.
        ["service", "component", "container"].iter().any(|label| text.contains(label))
    }
}

/// Whether the values of this variable are those of `job`.
fn reads_job(site: &Site) -> bool {
    match site.keys.first() {
        Some(label) => label.text() == "job",
        None => result_label(site.view.text()).of(site.view.text()) == "job",
    }
}

/// The label in `label_values(label)` and `label_values({…}, label)`.
fn result_label(text: &str) -> Span {
    let none = Span::at(0);
    let Some(open) = text.find("label_values(") else { return none };
    let start = open + "label_values(".len();
    let Some(end) = text.rfind(')').filter(|end| *end >= start) else { return none };
    let from = text[start..end].rfind(',').map_or(start, |comma| start + comma + 1);
    let inner = &text[from..end];
    let lead = inner.len() - inner.trim_start().len();
    Span::new(from + lead, from + lead + inner.trim().len())
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
        Doubt::RuleFile => ids::DOUBT_RULE_FILE,
        Doubt::BothLanguages => ids::DOUBT_BOTH_LANGUAGES,
    }
}
