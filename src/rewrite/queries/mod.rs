//! Queries of dashboards and alert rules that select a moved service by its `job`.
//!
//! Knows: sites with their datasources, and which of them is rewritten, reported or left alone. Must not know: how a
//! site is found (`topology::sites`), what a selector selects (`proof`). A query is edited only when Loki is proven to
//! read it and all of it can be rewritten with certainty; otherwise it is left and reported with a proposed text.

mod candidates;
mod fate;
mod file;
mod follow;
mod ids;
mod kept;
mod query;
mod streams;
mod variables;

use std::sync::Arc;

use rayon::prelude::*;

use crate::finding::{Finding, Level};
use crate::rewrite::Outcome;
use crate::rewrite::{loki, mentions};
use crate::text::Source;
use crate::topology::named::Named;
use crate::topology::queries::QueryFacts;
use crate::topology::sites::SiteKind;
use crate::topology::{Move, Topology};

/// Edits and findings for every query of the repository, and findings for whatever else names the moved job.
pub fn rewrite(topology: &Topology, moved: &Move) -> Outcome {
    let facts = &topology.queries;
    let mut outcome = rewrite_sites(facts, moved);
    let components = components(topology, moved);
    let named: Vec<_> = topology.named.iter().collect();
    let mentioned: Vec<_> =
        named.par_iter().map(|(source, named)| mentions_in(source, named, topology, &components, moved)).collect();
    outcome.findings.extend(mentioned.into_iter().flatten());
    if outcome.edits.iter().any(|(_, edit)| edit.why.rule.starts_with("alerts/")) {
        outcome.findings.push(Finding::told(Level::Note, ids::ANEW.of(SiteKind::Rule), &[], None));
    }
    outcome
}

fn mentions_in(
    source: &Arc<Source>,
    named: &Named,
    topology: &Topology,
    components: &[&str],
    moved: &Move,
) -> Vec<Finding> {
    if topology.alloy.binary_search_by(|config| config.source.path.cmp(&source.path)).is_ok() {
        return Vec::new();
    }
    let handled = || {
        let file = topology.queries.files.get(&source.path);
        let mut handled = file.map(|file| file.handled()).unwrap_or_default();
        handled.extend(moved.listeners.iter().filter(|at| at.source.path == source.path).map(|at| at.span));
        handled.extend(loki::handled(source));
        handled.sort_unstable();
        handled
    };
    mentions::rewrite((source, named), &handled, components, moved)
}

/// Components of Alloy all of whose listeners go.
fn components<'t>(topology: &'t Topology, moved: &Move) -> Vec<&'t str> {
    let Some(host) = topology.hosts.get(moved.host_index) else { return Vec::new() };
    let name = |index: usize| host.listeners.get(index).map(|listener| listener.fact.component.as_str());
    let all_go = |component: &&str| {
        (0..host.listeners.len()).all(|at| name(at) != Some(*component) || moved.going.contains(&at))
    };
    let mut found: Vec<&str> = moved.going.iter().filter_map(|&index| name(index)).filter(all_go).collect();
    found.dedup();
    found
}

/// Edits and findings for every query site that this move concerns.
pub fn rewrite_sites(facts: &QueryFacts, moved: &Move) -> Outcome {
    let assumed = streams::assuming_names(moved);
    let named = assumed.as_ref().map(streams::Before::new);
    let before = streams::Before::new(moved).or_named(named.as_ref());
    let files: Vec<_> = facts.files.values().collect();
    let parts = files.par_iter().map(|file| {
        let mut outcome = Outcome::default();
        file::rewrite(file, facts, &before, &mut outcome);
        outcome
    });
    let mut outcome = Outcome::default();
    for part in parts.collect::<Vec<_>>() {
        outcome.edits.extend(part.edits);
        outcome.findings.extend(part.findings);
        outcome.queries.extend(part.queries);
    }
    outcome
}

#[cfg(test)]
mod tests;
