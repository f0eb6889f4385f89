//! Labels that a moved stream has and its old one had not: columns of tables, and series that a grouping tells apart.
//!
//! Knows: which labels come with a move, and which of them the result of a query has. Must not know: how a panel shows it.

use std::sync::Arc;

use crate::finding::{Finding, Level};
use crate::rewrite::queries::ids;
use crate::rewrite::queries::query::{Analysis, keeps};
use crate::syntax::logql::{self, ExprId, ExprKind, Grouping, Query, StageKind};
use crate::topology::Label;
use crate::topology::sites::{Site, SiteKind};

use super::Work;

/// Labels of a moved stream beside the one that stands in the place of `job`.
const BESIDE: [&str; 2] = ["component", "container"];

impl Work<'_, '_> {
    /// Columns that a table of labels gets with a rewritten query.
    pub(super) fn columns(&mut self, site: &Site, analysis: &Analysis) {
        let Some(columns) = self.holder_of(site).and_then(|holder| holder.columns.as_ref()) else { return };
        let after = analysis.after(site.query.of(site.view.text()));
        let Some(query) = logql::read(&after).ok().filter(|_| site.kind == SiteKind::Panel) else { return };
        let new = BESIDE.into_iter().filter(|label| self.brings(label) && carries(&query, query.root(), label));
        // What hides a field of that name follows the field.
        let follows = |label: &str| analysis.renames.iter().any(|rename| rename.old == label);
        let hides = |label: &str| columns.hidden.iter().any(|hidden| hidden == label) && !follows(label);
        let new: Vec<&str> = new.filter(|label| !hides(label)).collect();
        if new.is_empty() {
            return;
        }
        let labels = new.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(" and ");
        let message = ids::COLUMNS.say(site.kind, &[("labels", &labels), ("list", &new.join(", "))]);
        self.outcome.findings.push(Finding::new(Level::Note, ids::COLUMNS.of(site.kind), message).at(self.place(site)));
    }

    /// Whether streams of what moves have a label afterwards that none of today has.
    fn brings(&self, label: &str) -> bool {
        let moved = self.before.moved;
        let is_job = |job: &Label| matches!(job, Label::Known(job) if moved.jobs.contains(job));
        let mut old = moved.streams.before.iter().filter(|one| one.labels.get("job").is_some_and(is_job));
        let project = Label::Known(moved.project.clone());
        let mut new = moved.streams.after.iter().filter(|one| one.labels.get("service") == Some(&project));
        new.any(|one| one.labels.contains_key(label)) && !old.any(|one| one.labels.contains_key(label))
    }
}

/// A grouping by a new label where no stage makes a label of the line: none collides, it was empty and has values
/// afterwards.
pub(super) fn filled(text: &str, analysis: &mut Arc<Analysis>) {
    use StageKind::{Json, LabelFormat, Logfmt, Pattern, Placeholder, Regexp, Unpack};
    if !analysis.doubts.iter().any(|doubt| doubt.id == ids::COLLISION) {
        return;
    }
    let Ok(query) = logql::read(text) else { return };
    let makes = |stage: &logql::Stage<'_>| {
        matches!(stage.kind, Json(_) | LabelFormat(_) | Logfmt(_) | Pattern(_) | Placeholder | Regexp(_) | Unpack)
    };
    if query.logs().any(|(_, log)| query.stages(log).iter().any(makes)) {
        return;
    }
    let groupings = query.exprs().filter_map(|(_, expr)| match &expr.kind {
        ExprKind::RangeAggregation { grouping, .. } | ExprKind::VectorAggregation { grouping, .. } => *grouping,
        _ => None,
    });
    let by: Vec<Grouping> = groupings.filter(|grouping| !grouping.without).collect();
    let has = |grouping: &Grouping, label: &str| query.names(grouping.labels).iter().any(|name| name.text == label);
    let doubts = Arc::make_mut(analysis).doubts.iter_mut().filter(|doubt| doubt.id == ids::COLLISION);
    let filled = doubts.filter(|doubt| by.iter().any(|grouping| has(grouping, &doubt.why)));
    filled.for_each(|doubt| doubt.id = ids::FILLED);
}

/// Whether lines or series of an expression have a label of their stream. Nesting is bounded by the reader.
fn carries(query: &Query<'_>, id: ExprId, label: &str) -> bool {
    let named = |grouping: &Grouping| query.names(grouping.labels).iter().any(|name| name.text == label);
    let passes = |grouping: &Option<Grouping>| grouping.as_ref().map(|grouping| named(grouping) != grouping.without);
    match &query.expr(id).kind {
        ExprKind::Log(log) | ExprKind::Variants { log, .. } => !takes_away(query, *log, label),
        ExprKind::RangeAggregation { log, grouping, .. } => {
            passes(grouping).unwrap_or(true) && !takes_away(query, *log, label)
        }
        ExprKind::VectorAggregation { function, operand, grouping } => {
            (keeps(*function) || passes(grouping).unwrap_or(false)) && carries(query, *operand, label)
        }
        _ => query.operands(id).into_iter().any(|operand| carries(query, operand, label)),
    }
}

/// Whether a stage of a log query drops a label, or keeps others alone.
fn takes_away(query: &Query<'_>, log: logql::LogId, label: &str) -> bool {
    let names = |list| query.picks(list).iter().any(|pick| pick.name.text == label);
    query.stages(query.log(log)).iter().any(|stage| match stage.kind {
        StageKind::Drop(list) => names(list),
        StageKind::Keep(list) => !names(list),
        _ => false,
    })
}
