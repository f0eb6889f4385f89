//! How the decision about one query becomes edits and findings, with its legends.
//!
//! Knows: sites, changes, sentences. Must not know: why a query changes.

use crate::finding::{Finding, Level};
use crate::rewrite::QueryChange;
use crate::rewrite::queries::follow::{self, Follower};
use crate::rewrite::queries::ids::{self, Id};
use crate::rewrite::queries::query::{Analysis, Change, Rename};
use crate::text::{Edit, Place, Span, View, Why};
use crate::topology::sites::{Site, SiteKind};

use super::Work;

/// The edits of one query and of its copies; an error when one cannot be written in place.
pub(in crate::rewrite::queries) fn edits(site: &Site, analysis: &Analysis, fact: &Place) -> Result<Vec<Edit>, String> {
    let edit = |change: &Change, view: &View, shift: usize| {
        let message = change.id.say(site.kind, &[("labels", &change.labels), ("label", &change.labels)]);
        let why = Why { rule: change.id.of(site.kind), message, fact: Some(fact.clone()) };
        view.edit(change.span.shifted(shift), &change.new, why).map_err(|error| error.reason)
    };
    let mut edits = Vec::new();
    for change in &analysis.changes {
        edits.push(edit(change, &site.view, site.query.start())?);
    }
    for copy in site.copies.iter().filter(|copy| copy.text() == site.view.text()) {
        for change in &analysis.changes {
            let change = Change { id: ids::COPY, ..change.clone() };
            edits.push(edit(&change, copy, site.query.start())?);
        }
    }
    Ok(edits)
}

/// Names as a sentence has them: `` `job` or `service` ``.
pub(super) fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
}

impl Work<'_, '_> {
    pub(super) fn write(&mut self, site: &Site, analysis: &Analysis, edits: Vec<Edit>, fact: &Place) {
        let path = &self.file.source.path;
        self.outcome.edits.extend(edits.into_iter().map(|edit| (path.clone(), edit)));
        let project = self.before.moved.project.clone();
        if site.kind.is_link() && site.kind != SiteKind::RuleText {
            let note = Finding::new(Level::Note, ids::LINK.of(site.kind), ids::LINK.say(site.kind, &[]));
            self.outcome.findings.push(note.at(self.place(site)));
        }
        for note in analysis.notes.iter().filter(|_| !site.kind.is_link()) {
            let message = note.id.say(site.kind, &[("project", &project), ("label", &note.why)]);
            self.outcome.findings.push(Finding::new(Level::Note, note.id.of(site.kind), message).at(self.place(site)));
        }
        for rename in &analysis.renames {
            self.legends(site, rename, Some(fact), false);
        }
        let after = analysis.after(site.query.of(site.view.text()));
        self.report(site, analysis, after);
    }

    /// Legends and keys follow a query whose result has another label; findings where it was left (no `fact`), without
    /// a text where its query has none (`open`).
    fn legends(&mut self, site: &Site, rename: &Rename, fact: Option<&Place>, open: bool) {
        let list = std::slice::from_ref(rename);
        // Loki prints nothing for a label a series does not have; an annotation prints the name of the label.
        let prints_nothing = site.kind != SiteKind::Annotation;
        let legends = site.legends.iter().map(|view| (view, follow::in_legend(view, list, prints_nothing)));
        let annotated = site.keys.iter().filter(|_| site.kind == SiteKind::Annotation);
        let keys = annotated.map(|view| (view, follow::in_keys(view.text(), list)));
        let found: Vec<(&View, Vec<Follower>)> = legends.chain(keys).collect();
        for (view, followers) in found {
            for follower in followers {
                let follower = if fact.is_some() { follower } else { follower.with_action(view) };
                // What a legend may read is known with the text of its query.
                let follower = Follower { new: follower.new.filter(|_| !open), ..follower };
                self.follow(site.kind, view, &follower, rename, (ids::LEGEND, ids::LEGEND_LEFT), fact);
            }
        }
    }

    /// Writes what follows a renamed label; a finding where that cannot be written, or nothing may be (no `fact`).
    pub(super) fn follow(
        &mut self,
        kind: SiteKind,
        view: &View,
        follower: &Follower,
        rename: &Rename,
        (done, left): (Id, Id),
        fact: Option<&Place>,
    ) {
        let values = [("old", rename.old), ("new", &*listed(&rename.new))];
        if let (Some(fact), Some(new)) = (fact, &follower.new) {
            let why = Why { rule: done.of(kind), message: done.say(kind, &values), fact: Some(fact.clone()) };
            if let Ok(edit) = view.edit(follower.span, new, why) {
                return self.outcome.edits.push((self.file.source.path.clone(), edit));
            }
        }
        self.left(kind, view, follower, rename, left);
    }

    /// A place that follows a renamed label and is left for a person.
    pub(super) fn left(&mut self, kind: SiteKind, view: &View, follower: &Follower, rename: &Rename, id: Id) {
        let values = [("old", rename.old), ("new", &*listed(&rename.new))];
        let finding = Finding::new(Level::Review, id.of(kind), id.say(kind, &values));
        self.found(finding, view, follower.span, follower.new.as_deref());
    }

    pub(super) fn reasons(&self, site: &Site, analysis: &Analysis) -> String {
        let project = self.before.moved.project.as_str();
        let said: Vec<String> = analysis
            .left
            .iter()
            .map(|doubt| doubt.id.say(site.kind, &[("why", &doubt.why), ("label", &doubt.why), ("project", project)]))
            .collect();
        said.join("; ")
    }

    /// Reports a site that stays as it is.
    pub(super) fn leave(&mut self, site: &Site, analysis: &Analysis, id: Id, message: &str) {
        let before = site.query.of(site.view.text());
        let after = analysis.after(before);
        self.review(site, id, message, (after != before).then_some(after.as_str()));
        self.report(site, &Analysis { changes: Vec::new(), ..analysis.clone() }, before.to_owned());
        for rename in &analysis.renamed() {
            self.legends(site, rename, None, !analysis.left.is_empty());
        }
    }

    /// A finding about the whole query.
    pub(super) fn review(&mut self, site: &Site, id: Id, message: &str, proposed: Option<&str>) {
        self.found(Finding::new(Level::Review, id.of(site.kind), message), &site.view, site.query, proposed);
    }

    pub(super) fn report(&mut self, site: &Site, analysis: &Analysis, after: String) {
        let (before_streams, after_streams) = analysis.streams.clone();
        self.outcome.queries.push(QueryChange {
            at: self.place(site),
            context: self.holder_of(site).map(|holder| holder.name.clone()).unwrap_or_default(),
            before: site.query.of(site.view.text()).to_owned(),
            how: analysis.how.filter(|_| !analysis.changes.is_empty()),
            after,
            streams_before: before_streams,
            streams_after: after_streams,
        });
    }

    /// A review finding about a stretch of a text.
    pub(super) fn say(
        &mut self,
        level: Level,
        id: Id,
        kind: SiteKind,
        view: &View,
        span: Span,
        proposed: Option<&str>,
    ) {
        let project = &self.before.moved.project;
        let message = id.say(kind, &[("project", project)]);
        self.found(Finding::new(level, id.of(kind), message), view, span, proposed);
    }

    /// A finding about a stretch of a text; `proposed` is decoded text, said as it would stand in the file.
    fn found(&mut self, finding: Finding, view: &View, span: Span, proposed: Option<&str>) {
        let finding = finding.at(self.at(view, span));
        let why = Why { rule: finding.rule, message: String::new(), fact: None };
        self.outcome.findings.push(match proposed.map(|new| (new, view.edit(span, new, why))) {
            None => finding,
            Some((_, Ok(edit))) => finding.at(Place::new(&self.file.source, edit.span)).proposing(edit.new),
            Some((new, Err(_))) => finding.showing(new),
        });
    }
}
