//! What reads a label that the lines of a query lose: legends, texts of alert rules, routes, values of a variable.
//!
//! Knows: which labels the result of a query loses. Must not know: which labels a move takes, or how a query is written.

use std::sync::Arc;

use crate::finding::{Finding, Level};
use crate::rewrite::queries::follow::rendered;
use crate::rewrite::queries::ids;
use crate::rewrite::queries::query::{Analysis, Remark};
use crate::rewrite::queries::variables::filled_from;
use crate::syntax::go_template;
use crate::text::{Span, View};
use crate::topology::sites::language::Language;
use crate::topology::sites::{Site, SiteKind};

use super::Work;

impl Work<'_, '_> {
    /// A recorded metric keeps its labels, and an alert those it is routed by: else a person has to look.
    pub(super) fn lost_by_result(&self, site: &Site, records: bool, analysis: &mut Arc<Analysis>) {
        if analysis.lost.is_empty() || site.kind != SiteKind::Rule {
            return;
        }
        let texts = self.holder_of(site).map_or(&[][..], |holder| &holder.texts);
        let own = |label: &str| texts.iter().any(|text| text.label.as_deref() == Some(label));
        let routed = |label: &str| !own(label) && self.before.routed.contains(label);
        let lost = analysis.lost.iter().filter(|label| records || routed(label));
        let id = if records { ids::LOST_READ } else { ids::LOST_ROUTED };
        let doubts: Vec<Remark> = lost.map(|label| Remark { id, why: label.clone() }).collect();
        if !doubts.is_empty() {
            Arc::make_mut(analysis).left.extend(doubts);
        }
    }

    /// Legends and texts that read what a query loses which is rewritten itself.
    pub(super) fn lost_beside(&mut self, site: &Site, analysis: &Analysis) {
        let holder = self.holder_of(site).filter(|_| site.kind == SiteKind::Rule);
        let texts = holder.into_iter().flat_map(|holder| &holder.texts).map(|text| &text.view);
        for view in site.legends.iter().chain(texts) {
            for label in analysis.lost.iter().filter(|label| reads(view, label)) {
                self.loses(site.kind, view, label);
            }
        }
    }

    /// A variable that is filled with the values of a label which lines lose.
    pub(super) fn lost_values(&mut self, site: &Site, language: &Language) {
        let label = filled_from(site);
        if site.kind == SiteKind::Variable && self.before.lost.contains(label) && !matches!(language, Language::NotLoki)
        {
            let view = site.keys.first().unwrap_or(&site.view);
            self.loses(site.kind, view, label);
        }
    }

    fn loses(&mut self, kind: SiteKind, view: &View, label: &str) {
        let message = ids::LOST_READ.say(kind, &[("label", label)]);
        let at = self.at(view, Span::new(0, view.text().len()));
        self.outcome.findings.push(Finding::new(Level::Review, ids::LOST_READ.of(kind), message).at(at));
    }
}

/// Whether a template reads a label; one that cannot be read, whether it names it.
fn reads(view: &View, label: &str) -> bool {
    let text = rendered(view);
    text.contains(label)
        && go_template::fields(&text).map_or(true, |fields| fields.iter().any(|field| field.name == label))
}
