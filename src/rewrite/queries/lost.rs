//! Labels that lines lose when their service moves, `job` aside: the listener sets them, and the Docker socket does not.
//!
//! Knows: which labels these are, which comparisons ask for them, and what asks for the same lines afterwards. Must not
//! know: how a query is written.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::proof::Matcher;
use crate::text::Source;
use crate::topology::WHOSE;
use crate::topology::queries::QueryFacts;
use crate::topology::sites::FileSites;
use crate::topology::sites::language::Language;

use super::streams::Before;

impl<'m> Before<'m> {
    /// The labels that streams which move lose, or have with another value afterwards.
    pub(super) fn find_lost(&self) -> BTreeSet<&'m str> {
        let moving = (0..self.moved.streams.before.len()).filter(|&index| self.moves(index) && !self.is_copy(index));
        let labels = |index: usize| self.moved.streams.before[index].labels.keys().map(move |label| (index, label));
        let lost = moving.flat_map(labels).filter(|(index, label)| self.lost_by(*index, label).next().is_some());
        lost.map(|(_, label)| label.as_str()).filter(|label| !WHOSE.contains(label)).collect()
    }

    /// Takes note of the lost labels that files which route alerts name.
    pub(super) fn route(&mut self, routes: &dyn Fn() -> Vec<Arc<Source>>) {
        let files = if self.lost.is_empty() { Vec::new() } else { routes() };
        let is_word = |c: char| !c.is_alphanumeric() && c != '_';
        let names = |label: &str| {
            files.iter().filter_map(|file| file.text()).any(|text| text.split(is_word).any(|word| word == label))
        };
        self.routed = self.lost.iter().copied().filter(|label| names(label)).collect();
    }

    /// The values of a label today and afterwards, for each new stream of a stream of today that does not have it so.
    fn lost_by(&self, index: usize, label: &str) -> impl Iterator<Item = (Option<&'m str>, &'m str)> {
        let old = self.proof.value_today(index, label);
        let new = self.proof.image(index).filter(move |&to| self.changed(index, to));
        let lost = new.filter_map(move |to| match (old, self.proof.value_after(to, label)?) {
            (Some(""), _) => None,
            (None, new) => new.is_empty().then_some((None, new)),
            (Some(old), new) => (old != new).then_some((Some(old), new)),
        });
        lost.collect::<Vec<_>>().into_iter()
    }

    /// Queries of a file that name a lost label and nothing else that a move changes, by index.
    pub(super) fn asking_for_lost(&self, file: &FileSites, facts: &QueryFacts) -> Vec<usize> {
        if self.lost.is_empty() {
            return Vec::new();
        }
        let judged = file.judged(&facts.servers);
        let names = |(at, language): (usize, &Language)| {
            let site = file.sites.get(at)?;
            let asks = !matches!(language, Language::NotLoki)
                && judged.open.binary_search(&at).is_err()
                && self.names_lost(site.query.of(site.view.text()));
            asks.then_some(at)
        };
        judged.languages.iter().enumerate().filter_map(names).collect()
    }

    /// Whether what moves loses the label that is compared.
    pub(super) fn loses_label(&self, one: &Matcher) -> bool {
        one.label == "job" || self.lost.contains(one.label.as_str())
    }

    /// Whether a text may name a lost label.
    pub(super) fn names_lost(&self, text: &str) -> bool {
        self.lost.iter().any(|label| text.contains(label))
    }
}
