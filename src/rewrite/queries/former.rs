//! What may have moved before this move, and what its job may have been called.
//!
//! Knows: how people call jobs: as the project, as the component, or as both; what an earlier move of the same run took. Must not know: who moved it. A query that an
//! earlier move left asks for that job to this day: a rewrite that forgets it would take the last trace of it away.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::streams::Before;

/// Names of jobs that no stream has, each with the streams afterwards that may have come in its place.
#[derive(Default)]
pub(super) struct Formers(OnceLock<BTreeMap<String, Vec<usize>>>);

impl Before<'_> {
    /// The names of jobs that no stream has, with what may have come in their place.
    pub(super) fn former_jobs(&self) -> &BTreeMap<String, Vec<usize>> {
        self.formers.0.get_or_init(|| self.formers())
    }

    /// What those of these jobs are called now that moved before.
    pub(super) fn former_projects(&self, names: &[&str]) -> BTreeSet<&str> {
        let streams = names.iter().filter_map(|name| self.former_jobs().get(*name)).flatten();
        streams.filter_map(|&to| self.proof.value_after(to, "service")).filter(|name| !name.is_empty()).collect()
    }

    fn formers(&self) -> BTreeMap<String, Vec<usize>> {
        let streams = &self.moved.streams;
        let known = 0..streams.before.len();
        let jobs: BTreeSet<&str> = known.clone().filter_map(|index| self.proof.value_today(index, "job")).collect();
        let moving: BTreeSet<usize> =
            known.flat_map(|index| self.proof.image(index).filter(move |&to| self.changed(index, to))).collect();
        // Where the socket is read already, what is to move has its new streams.
        let later: BTreeSet<_> = streams.later.iter().map(|later| &later.stream.labels).collect();
        let mut found: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (to, stream) in streams.after.iter().enumerate() {
            let value = |label: &str| self.proof.value_after(to, label).filter(|value| !value.is_empty());
            // A project moves as a whole: what else there is of this one was never on syslog.
            let Some(project) = value("service").filter(|project| *project != self.moved.project) else { continue };
            if stream.labels.contains_key("job") || moving.contains(&to) || later.contains(&stream.labels) {
                continue;
            }
            let mut names = vec![project.to_owned()];
            names.extend(self.moved.former.get(project).into_iter().flatten().cloned());
            if let Some(component) = value("component") {
                names.extend([
                    component.to_owned(),
                    format!("{project}-{component}"),
                    format!("{project}_{component}"),
                ]);
            }
            names.extend(names.clone().iter().flat_map(|name| [name.replace('-', "_"), name.replace('_', "-")]));
            names.sort_unstable();
            names.dedup();
            for name in names.into_iter().filter(|name| !jobs.contains(name.as_str())) {
                found.entry(name).or_default().push(to);
            }
        }
        found
    }
}
