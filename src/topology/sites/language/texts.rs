//! The language of queries in the texts of rules.
//!
//! Knows: what tells a query of Loki by itself, and that people ask of a rule's own server in its texts. Must not know: how
//! a text is read.

use super::{Doubt, Judge, Language, has_pipeline};
use crate::syntax::logql;
use crate::text::Place;
use crate::topology::sites::SiteKind;

impl Judge<'_> {
    /// A query in a text of a rule is of Loki where it could be of nothing else, or where the rule asks Loki.
    pub(super) fn texts(&self, languages: &mut [Language]) {
        let mut asked: Vec<Option<Language>> = vec![None; self.file.holders.len()];
        for (site, language) in self.file.sites.iter().zip(languages) {
            let Some(rule) = asked.get_mut(site.holder) else { continue };
            match (site.kind, &rule) {
                (SiteKind::RuleText, _) => {
                    let own = logql::read(site.view.text()).is_ok_and(|query| has_pipeline(&query));
                    *language = match rule {
                        _ if own => Language::Loki(Place::new(&self.file.source, site.view.raw(site.query))),
                        Some(Language::NotLoki) | None => Language::Unproven(Doubt::Text),
                        Some(rule) => rule.clone(),
                    };
                }
                (SiteKind::Rule | SiteKind::AlertQuery, None) => *rule = Some(language.clone()),
                (SiteKind::Rule | SiteKind::AlertQuery, Some(other))
                    if std::mem::discriminant(other) != std::mem::discriminant(language) =>
                {
                    *rule = Some(Language::Unproven(Doubt::Text));
                }
                _ => {}
            }
        }
    }
}
