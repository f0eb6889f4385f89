//! Variables and ad hoc filters: what feeds the queries of a dashboard from beside them.
//!
//! Knows: which variables may name services where they named jobs. Must not know: how their uses are rewritten.

use crate::finding::Level;
use crate::rewrite::queries::ids;
use crate::rewrite::queries::query::Analysis;
use crate::rewrite::queries::streams::Flow;
use crate::rewrite::queries::variables::{arguments, in_list, name_serves, result_label, selects};
use crate::text::{Edit, Place, Span, View, Why};
use crate::topology::sites::language::Language;
use crate::topology::sites::{Site, SiteKind};

use super::{State, Work};

impl Work<'_, '_> {
    /// A filter on `job` that every Loki query of the dashboard gets (label-surface 2.3).
    pub(super) fn ad_hoc(&mut self, site: &Site, language: &Language) -> State {
        let Some((operator, value)) = &site.filter else {
            self.say(
                Level::Review,
                ids::GROUP_BY,
                site.kind,
                &site.view,
                site.query,
                self.before.names_serve().then_some("service_name"),
            );
            return State::Left(Vec::new());
        };
        let serves = self.before.moved.jobs.contains(value) && name_serves(self.before, value);
        if let (Language::Loki(fact), true, "=") = (language, serves, operator.as_str()) {
            let why = Why {
                rule: ids::AD_HOC_NAME.of(site.kind),
                message: ids::AD_HOC_NAME.say(site.kind, &[]),
                fact: Some(fact.clone()),
            };
            if let Ok(edit) = site.view.edit(site.query, "service_name", why) {
                self.outcome.edits.push((self.file.source.path.clone(), edit));
                self.say(Level::Note, ids::AD_HOC_NAME, site.kind, &site.view, site.query, None);
                self.report(site, &Analysis::default(), "service_name".to_owned());
                return State::Rewritten { renames: Vec::new() };
            }
        }
        let message = ids::AD_HOC.say(site.kind, &[]);
        self.review(site, ids::AD_HOC, &message, self.before.names_serve().then_some("service_name"));
        State::Left(Vec::new())
    }

    /// A variable filled from the values of `job` (label-surface 2.4).
    pub(super) fn variable_values(&mut self, index: usize, site: &Site, language: &Language) {
        let (view, span) = label_of(site);
        if let Some(selector) = self.variables.switched(index)
            && let Language::Loki(fact) = language
            && let Some(edits) = switched(site, fact, selector)
        {
            self.outcome.edits.extend(edits.into_iter().map(|edit| (self.file.source.path.clone(), edit)));
            return self.say(Level::Note, ids::VARIABLE_NAMES, site.kind, view, span, None);
        }
        // The values of streams that stay where they are stay, too.
        if selects(site).is_some_and(|streams| self.before.flow(&streams) == Flow::Still) {
            return;
        }
        let proposed = self.before.names_serve().then_some("service_name");
        self.say(Level::Review, ids::VARIABLE_VALUES, site.kind, view, span, proposed);
    }

    /// Values that stand in the dashboard, when the moved service has another name.
    pub(super) fn written_values(&mut self) {
        let (file, moved) = (self.file, self.before.moved);
        let followed = file.variables.iter().filter(|one| self.variables.follows(&one.name));
        for value in followed.flat_map(|one| &one.values).filter(|_| !self.before.same_name()) {
            let text = value.view.text();
            let places = if value.list {
                in_list(text, &moved.jobs, &moved.project)
            } else if moved.jobs.iter().any(|job| job == text) {
                vec![(Span::new(0, text.len()), moved.project.clone())]
            } else {
                Vec::new()
            };
            for (span, new) in places {
                let (rule, message) =
                    (ids::VALUES.dashboards, ids::VALUES.say(SiteKind::Variable, &[("project", &moved.project)]));
                match value.view.edit(span, &new, Why { rule, message, fact: None }) {
                    Ok(edit) => self.outcome.edits.push((file.source.path.clone(), edit)),
                    Err(_) => self.say(Level::Review, ids::VALUES, SiteKind::Variable, &value.view, span, Some(&new)),
                }
            }
        }
    }

    /// What stands for all values of a variable whose uses were left.
    pub(super) fn all_values(&mut self, states: &[State]) {
        let file = self.file;
        for variable in &file.variables {
            let Some(view) = &variable.all_value else { continue };
            let mut as_job = file.uses_of(&variable.name).sites.iter().filter(|used| used.as_job);
            if as_job.any(|used| matches!(states.get(used.site), Some(State::Left(_)))) {
                let all = Span::new(0, view.text().len());
                self.say(Level::Review, ids::ALL_VALUE, SiteKind::Variable, view, all, None);
            }
        }
    }
}

/// `service_name` in the place of `job`, in the query of a variable and in its copy; with `selector`, of those streams.
/// `None` where that has no place.
pub(in crate::rewrite::queries) fn switched(site: &Site, fact: &Place, selector: &str) -> Option<Vec<Edit>> {
    let write = |view: &View, span: Span, id: ids::Id, new: &str| {
        let why = Why { rule: id.of(site.kind), message: id.say(site.kind, &[]), fact: Some(fact.clone()) };
        view.edit(span, new, why).ok()
    };
    let both = |view: &View, id: ids::Id| {
        let text = view.text();
        if selector.is_empty() {
            write(view, result_label(text), id, "service_name")
        } else {
            write(view, arguments(text)?, id, &format!("{selector}, service_name"))
        }
    };
    let mut edits = Vec::new();
    match site.keys.first() {
        None => edits.push(both(&site.view, ids::VARIABLE_NAMES)?),
        Some(label) => {
            edits.push(write(label, Span::new(0, label.text().len()), ids::VARIABLE_NAMES, "service_name")?);
            let asked = site.query.of(site.view.text());
            if !selector.is_empty() && asked != selector {
                // An object without a selector names nothing but the label.
                let is_label = asked.is_empty() && !site.view.text().is_empty();
                edits.push(write(&site.view, site.query, ids::VARIABLE_NAMES, selector).filter(|_| !is_label)?);
            }
        }
    }
    for copy in &site.copies {
        if result_label(copy.text()).of(copy.text()) == "job" {
            edits.push(both(copy, ids::COPY)?);
        }
    }
    Some(edits)
}

/// The label whose values a variable has, where it is written.
fn label_of(site: &Site) -> (&View, Span) {
    match site.keys.first() {
        Some(label) => (label, Span::new(0, label.text().len())),
        None => (&site.view, result_label(site.view.text())),
    }
}
