//! Columns of tables for labels that a moved stream has and its old one had not.
//!
//! Knows: which labels come with a move. Must not know: how a panel shows them.

use crate::finding::{Finding, Level};
use crate::rewrite::queries::ids;
use crate::rewrite::queries::query::Analysis;
use crate::topology::sites::{Site, SiteKind};

use super::Work;

/// Labels of a moved stream beside the one that stands in the place of `job`.
const BESIDE: [&str; 2] = ["component", "container"];

impl Work<'_, '_> {
    /// Columns that a table of labels gets with a rewritten query.
    pub(super) fn columns(&mut self, site: &Site, analysis: &Analysis) {
        let columns = self.holder_of(site).and_then(|holder| holder.columns.as_ref());
        let Some(columns) = columns.filter(|_| site.kind == SiteKind::Panel) else { return };
        let new = BESIDE.into_iter().filter(|label| analysis.fresh.iter().any(|fresh| fresh == label));
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
}
