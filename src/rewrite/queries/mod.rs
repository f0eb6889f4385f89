//! Queries of dashboards and alert rules that select a moved service by its `job`.
//!
//! Knows: sites with their datasources, and which of them is rewritten, reported or left alone. Must not know: how a
//! site is found (`topology::sites`), what a selector selects (`proof`). A query is edited only when Loki is proven to
//! read it and all of it can be rewritten with certainty; otherwise it is left and reported with a proposed text.

mod bridges;
mod candidates;
mod checked;
mod file;
mod follow;
mod former;
mod ids;
mod kept;
mod lost;
mod query;
mod streams;
mod texts;
mod variables;
mod written;

use std::sync::Arc;

use rayon::prelude::*;

use crate::finding::{Finding, Level};
use crate::proof::Proof;
use crate::rewrite::mentions::Others;
use crate::rewrite::{How, Outcome, QueryChange, loki, mentions};
use crate::syntax::logql;
use crate::text::{Place, Source};
use crate::topology::named::{Named, Reader};
use crate::topology::queries::QueryFacts;
use crate::topology::runs::{Host, Link};
use crate::topology::sites::language::Language;
use crate::topology::sites::{SiteKind, Variable};
use crate::topology::{AlertLabels, Move, Streams, Topology};

use file::Readers;
use query::Analysis;

/// Edits and findings for every query of the repository, and findings for whatever else names the moved job.
pub fn rewrite(topology: &Topology, moved: &Move) -> Outcome {
    let facts = &topology.queries;
    let beside = (&*components(topology, moved), &others(&topology.hosts[moved.host_index], moved));
    let named: Vec<_> = topology.named.iter().collect();
    let mentions = |(source, named): &(&Arc<Source>, &Arc<Named>)| mentions_in(source, named, topology, beside, moved);
    let readers = readers(&named, topology, moved);
    let ((mut outcome, alerts), mentioned) = rayon::join(
        || sites(facts, moved, &|| topology.holding(&["receiver:"]), &readers),
        || named.par_iter().map(mentions).collect::<Vec<_>>(),
    );
    let is_written = |finding: &Finding| finding.at.as_ref().is_some_and(|at| outcome.writes(at));
    let mentioned: Vec<Finding> = mentioned.into_iter().flatten().filter(|finding| !is_written(finding)).collect();
    let kept = readers.keep(Some(moved.jobs.iter().map(String::as_str)));
    let asked = |one: &Finding| match one.rule {
        "mentions/route" => alerts.concerned && !kept,
        "mentions/equal" | "mentions/template" => !kept,
        _ => !kept || !mentions::is_reader(one, &named),
    };
    outcome.findings.extend(mentioned.into_iter().filter(asked));
    let variables = kept_variables(facts, &outcome);
    outcome.findings.extend(named.iter().flat_map(|(source, named)| mentions::links(source, named, &variables, moved)));
    let of = |source: &Source| {
        let at = named.binary_search_by(|(one, _)| one.path.cmp(&source.path)).ok()?;
        named.get(at).map(|(_, named)| &***named)
    };
    let edited = outcome.edits.iter().map(|(path, _)| path.as_str()).collect();
    let generated = mentions::generated(&edited, &topology.snapshot);
    outcome.findings.extend(generated);
    outcome.findings.extend(mentions::told(topology.snapshot.sources(), of, beside.1, moved));
    if alerts.anew {
        let id = if alerts.put_back { ids::ANEW_WITH_JOB } else { ids::ANEW };
        outcome.findings.push(Finding::told(Level::Note, id.of(SiteKind::Rule), &[], None));
    }
    outcome
}

/// How far a move reaches alerts on logs.
#[derive(Clone, Copy, Default)]
struct Alerts {
    /// A rule is concerned: where none is, no route on a job is.
    concerned: bool,
    /// One that alerts was rewritten.
    anew: bool,
    /// One sets `job` again.
    put_back: bool,
}

/// Who reads the label `job` of alerts, as far as it counts: not the queries of rules, and no history.
fn readers<'t>(named: &[(&'t Arc<Source>, &'t Arc<Named>)], topology: &Topology, moved: &Move) -> Readers<'t> {
    let mut all = Vec::new();
    if moved.alert_labels == AlertLabels::Auto {
        for (source, named) in
            named.iter().filter(|(source, named)| !named.alerts.is_empty() && !mentions::history(source))
        {
            let handled = topology.queries.files.get(&source.path).map(|file| file.handled()).unwrap_or_default();
            let free = |one: &&Reader| !handled.iter().any(|span| span.overlaps(one.span));
            all.extend(named.alerts.iter().filter(free).map(|one| (*source, one)));
        }
    }
    Readers { how: moved.alert_labels, all }
}

/// The projects of a host beside the one that moves.
fn others(host: &Host, moved: &Move) -> Others {
    let mut others = Others::default();
    let beside = host.deployments.iter().zip(&host.links).enumerate().filter(|(index, _)| *index != moved.deployment);
    for (_, (deployment, links)) in beside {
        let Ok(project) = &deployment.project else { continue };
        let is_off = links.iter().all(|link| *link == Link::None);
        let list = if is_off { &mut others.settled } else { &mut others.staying };
        list.push(project.name.to_lowercase());
    }
    others
}

/// Variables of dashboards that go on to have the values of `job`.
fn kept_variables<'f>(facts: &'f QueryFacts, outcome: &Outcome) -> Vec<&'f str> {
    let left = |finding: &&Finding| finding.rule == ids::VARIABLE_VALUES.dashboards;
    let files =
        outcome.findings.iter().filter(left).filter_map(|finding| facts.files.get(&finding.at.as_ref()?.source.path));
    let from_job = files.flat_map(|file| {
        let reads = |one: &&Variable| one.site.and_then(|site| file.sites.get(site)).is_some_and(variables::reads_job);
        file.variables.iter().filter(reads)
    });
    from_job.map(|variable| variable.name.as_str()).collect()
}

fn mentions_in(
    source: &Arc<Source>,
    named: &Named,
    topology: &Topology,
    beside: (&[&str], &Others),
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
    mentions::rewrite((source, named), &handled, beside, moved)
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
    sites(facts, moved, &Vec::new, &Readers { how: moved.alert_labels, all: Vec::new() }).0
}

/// The same, with the files that route alerts, and who reads `job` of them.
fn sites(
    facts: &QueryFacts,
    moved: &Move,
    routes: &dyn Fn() -> Vec<Arc<Source>>,
    readers: &Readers<'_>,
) -> (Outcome, Alerts) {
    let mut before = streams::Before::new(moved);
    before.route(routes);
    let files: Vec<_> = facts.files.values().collect();
    let parts = files.par_iter().map(|file| {
        let mut outcome = Outcome::default();
        let alerts = file::rewrite(file, facts, &before, readers, &mut outcome);
        (outcome, alerts)
    });
    let (mut outcome, mut alerts) = (Outcome::default(), Alerts::default());
    for (part, reached) in parts.collect::<Vec<_>>() {
        outcome.edits.extend(part.edits);
        outcome.findings.extend(part.findings);
        outcome.queries.extend(part.queries);
        alerts.concerned |= reached.concerned;
        alerts.anew |= reached.anew;
        alerts.put_back |= reached.put_back;
    }
    if !outcome.queries.is_empty() {
        let taken = before.proof.taken().into_iter();
        outcome.findings.extend(taken.map(|(label, what, at)| {
            let values = [("label", label.as_str()), ("what", what.as_str())];
            Finding::told(Level::Note, "assumed/other-value", &values, at)
        }));
    }
    (outcome, alerts)
}

/// Edits that take down every bridge nobody needs any more, and the queries they are in.
pub fn prune(topology: &Topology) -> Outcome {
    let mut outcome = Outcome::default();
    let streams = Streams::still(topology);
    let proof = Proof::new(&streams);
    let facts = &topology.queries;
    for file in facts.files.values() {
        let judged = file.judged(&facts.servers);
        for (site, language) in file.sites.iter().zip(&judged.languages) {
            let (Language::Loki(fact), text) = (language, site.query.of(site.view.text())) else { continue };
            let Some(changes) = logql::read(text).ok().map(|query| bridges::needless(&query, &proof)) else { continue };
            let analysis = Analysis { changes, how: Some(How::Swap), ..Analysis::default() };
            // What cannot be written in place stays: it is right as it is.
            let Some(edits) = file::edits(site, &analysis, fact).ok().filter(|edits| !edits.is_empty()) else {
                continue;
            };
            outcome.edits.extend(edits.into_iter().map(|edit| (file.source.path.clone(), edit)));
            outcome.queries.push(QueryChange {
                at: Place::new(&file.source, site.view.raw(site.query)),
                context: file.holders.get(site.holder).map(|holder| holder.name.clone()).unwrap_or_default(),
                before: text.to_owned(),
                after: analysis.after(text),
                how: analysis.how,
                streams_before: Arc::from([]),
                streams_after: Arc::from([]),
            });
        }
    }
    outcome
}

#[cfg(test)]
mod tests;
