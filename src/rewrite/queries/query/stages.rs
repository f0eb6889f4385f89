//! Stages that change labels or print them: `keep`, `drop`, `label_format`, templates.
//!
//! Knows: what each leaves of a label, and what cannot be told of it (label-surface 1.4). Must not know: selectors.

use super::{Flow, Work, ids};
use crate::proof::Matcher;
use crate::rewrite::queries::streams::Called;
use crate::syntax::go_template;
use crate::syntax::logql::{FormatSource, LogId, MatchOp, Mention, Owner, StageKind, Text, Use};
use crate::text::Span;

impl Work<'_, '_, '_> {
    /// What cannot be told of a stage: a template that cannot be read may name the label in any way, and a label that
    /// takes the place of another does so only where it is there.
    pub(super) fn stages(&mut self) {
        let query = self.query;
        for (id, log) in query.logs() {
            if self.flow(Owner::Log(id)) == Flow::Still {
                continue;
            }
            for stage in query.stages(log) {
                match &stage.kind {
                    StageKind::LineFormat(text) => self.template(text),
                    StageKind::LabelFormat(list) => {
                        for item in query.formats(*list) {
                            match &item.source {
                                FormatSource::Template(text) => self.template(text),
                                FormatSource::Label(source) => {
                                    let sure = self.on_all(id, source.text);
                                    if !sure && self.reads_on(id, stage.span.end(), item.destination.text) {
                                        self.doubt(ids::TEMPLATE_LABEL, "");
                                    }
                                }
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    /// Whether it matters behind this stage if a label still is the one of the stream. A filter that takes the moved
    /// job for what is absent does not tell.
    fn reads_on(&self, id: LogId, from: usize, label: &str) -> bool {
        if !["job", "service", "component", "container"].contains(&label) {
            return false;
        }
        if !self.shows_lines() {
            return true;
        }
        let filters = self.query.stages(self.query.log(id)).iter().filter_map(|stage| match stage.kind {
            StageKind::LabelFilter(root) if stage.span.start() >= from => Some(root),
            _ => None,
        });
        let told = filters.flat_map(|root| self.comparisons(root)).filter(|one| one.label == label);
        let blind =
            |one: &Matcher| label == "job" && !self.before.names(one) && one.accepts("\u{1}") == one.accepts("");
        let later = self.uses.iter().filter(|one| one.name == label && one.span.start() >= from);
        let others = later.filter(|one| one.usage != Use::LabelFilter).count();
        others > 0 || !told.into_iter().all(|one| blind(&one))
    }

    fn template(&mut self, text: &Text<'_>) {
        if text.value.contains("job") && go_template::fields(&text.value).is_err() {
            self.doubt(ids::TEMPLATE_LABEL, "");
        }
    }

    /// `keep job`, `drop job`, `keep job="M"`.
    pub(super) fn pick(&mut self, mention: &Mention, called: Option<&Called>) {
        let Owner::Log(log) = mention.owner else { return };
        let query = self.query;
        let lists = query.stages(query.log(log)).iter().filter_map(|stage| match &stage.kind {
            StageKind::Keep(list) | StageKind::Drop(list) => Some(*list),
            _ => None,
        });
        let pick = lists.flat_map(|list| query.picks(list)).find(|pick| pick.name.span == mention.span);
        let Some(pick) = pick else { return };
        // A filter behind it would look for labels that are gone.
        let asked = self.asks_for_job(log, mention.span.end());
        if mention.usage == Use::Drop {
            self.note_or_doubt(called.is_some() && pick.condition.is_none() && !asked, ids::PICK);
            let moved = self.flow(mention.owner) == Flow::Moved;
            if !moved && self.parses(log, usize::MAX) {
                self.doubt(ids::COLLISION, "service");
            }
            let job = if moved { None } else { Some("job") };
            let mut all: Vec<&str> = job.into_iter().chain(self.fresh(log, 0)).collect();
            if self.keeps_before(log, mention.span.start()) {
                // What a `keep` before it kept in the place of `job`.
                let kept = called.into_iter().flat_map(|called| called.names.iter());
                let more: Vec<&str> = kept.copied().filter(|name| !all.contains(name)).collect();
                all.extend(more);
            }
            return self.rename(mention, &all.join(", "), ids::PICK);
        }
        let new = called.map_or_else(|| "service".to_owned(), |called| called.names.join(", "));
        // A field `job` of the line, which the label hid, would be kept as well.
        if called.is_some_and(|called| called.names.len() > 1) && self.parses(log, mention.span.start()) {
            self.doubt(ids::EXTRACTED, "");
        }
        // A condition on the job holds for the project.
        let value = pick.condition.as_ref().map(|(op, value)| {
            let job = self.before.moved.jobs.iter().any(|job| *job == value.value) && *op == MatchOp::Equal;
            (job && self.flow(mention.owner) == Flow::Moved, value)
        });
        self.note_or_doubt(called.is_some() && !asked && value.is_none_or(|(holds, _)| holds), ids::PICK);
        self.rename(mention, &new, ids::PICK);
        if let Some((true, value)) = value
            && value.value != self.before.moved.project
        {
            self.change(value.span, super::quoted(&self.before.moved.project, value.quote), ids::PICK);
        }
    }

    /// A template may compare the label with the name of the job whose lines come by: the literals become the project.
    /// False when the name stands there in another way, and when the label is compared with the name of the project, which
    /// no line has today.
    pub(super) fn literals(&mut self, mention: &Mention) -> bool {
        let Owner::Log(log) = mention.owner else { return false };
        let jobs = self.logs.get(&log).map(|log| self.moving_jobs(&log.old)).unwrap_or_default();
        let written = mention.span.of(self.query.text());
        let quote = if written.starts_with('`') { "\"" } else { "\\\"" };
        let project = self.before.moved.project.clone();
        let mut certain = jobs.contains(&project.as_str()) || !written.contains(&format!("{quote}{project}{quote}"));
        let mut found = Vec::new();
        for job in jobs {
            for (at, _) in written.match_indices(job) {
                let (head, tail) = (&written[..at], &written[at + job.len()..]);
                let inside = head.rfind("{{") > head.rfind("}}");
                certain &= inside && head.ends_with(quote) && tail.starts_with(quote);
                found.push(Span::new(at, at + job.len()).shifted(mention.span.start()));
            }
        }
        if certain {
            for span in found {
                self.change(span, project.as_str(), ids::TEMPLATE_LABEL);
            }
        }
        certain
    }

    /// Whether a filter from this place on asks for the job.
    pub(super) fn asks_for_job(&self, id: LogId, from: usize) -> bool {
        let stages = self.query.stages(self.query.log(id)).iter().filter(|stage| stage.span.start() >= from);
        let roots = stages.filter_map(|stage| match stage.kind {
            StageKind::LabelFilter(root) => Some(root),
            _ => None,
        });
        roots.flat_map(|root| self.comparisons(root)).any(|one| one.label == "job")
    }
}
