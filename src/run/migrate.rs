//! `migrate SERVICE… --host HOST`, `migrate --all`: plans moves and writes them as branches.
//!
//! Knows: the order of the stations. Must not know: how any station works.

use super::accept::Wanted;
use super::branches::Naming;
use super::finish::{Around, finish};
use super::mistakes;
use super::progress::Progress;
use super::read::{missing, read};
use crate::cli::{self, Migrate, Output};
use crate::error::{Error, Kind, Result};
use crate::plan::{self, Batch, Holds, Plan, Request};
use crate::repo::{Ahead, Repo, branch_name, check_branch_name};
use crate::select::{Names, names};
use crate::status;
use crate::topology::moves::options;
use crate::topology::{AlertLabels, Bridge, Selection, Services, Topology, moves};

/// Plans, writes and reports.
pub(super) fn run(asked: &Migrate, output: &Output) -> Result<u8> {
    with(asked, output, &Wanted::of(asked))
}

/// The same, with the proposed texts that are wanted.
pub(super) fn with(line: &Migrate, output: &Output, wanted: &Wanted) -> Result<u8> {
    output.branch.as_deref().map_or(Ok(()), check_branch_name)?;
    if !line.all && (line.host.is_none() || line.services.is_empty()) {
        return Err(incomplete(line));
    }
    let repo = Repo::open(Some(&line.repo))?;
    let topology = read(&repo, line.base.as_deref(), &|topology| {
        selection(&wanted.split(topology, line).0).requests(topology).map(|all| names(topology, &all))
    })?;
    let (asked, words) = &wanted.split(&topology, line);
    let selection = selection(asked);
    let without_files = |error: Error| match missing(&topology.snapshot) {
        Some(missing) if error.kind == Kind::User => error.hint(missing),
        _ => error,
    };
    let lead_on = |error: Error| mistakes::lead_on(&topology, asked, without_files(error));
    let requests = selection.requests(&topology).map_err(lead_on)?;
    let typed: Vec<&str> = requests.iter().map(|request| request.service.as_str()).collect();
    // What cannot be part of a name is no reason not to move the others.
    let fits = |service: &&&str| branch_name("host", Holds::Services(&[service])).is_ok();
    let fitting: Vec<&str> = typed.iter().filter(fits).copied().collect();
    let typed = if fitting.is_empty() { typed } else { fitting };
    let naming =
        Naming { named: output.branch.as_deref(), separate: asked.separate, services: (!asked.all).then_some(&typed) };
    let branch = requests.iter().find_map(|request| naming.of_request(&topology, request).ok());
    let options = requests.first().map(options::of_request).unwrap_or_default();
    let base = wanted.base((&repo, &topology), (asked, words), branch.as_deref(), &options)?;
    if let Some(base) = base.filter(|base| *base != topology.snapshot.base) {
        return with(&Migrate { base: Some(base), ..line.clone() }, output, wanted);
    }
    let (requests, left_out) = without_held(&repo, &topology, naming, &requests)?;
    let (mut plans, ahead) = planned((&repo, &topology), (asked, output), naming, &requests).map_err(lead_on)?;
    let branches = naming.of(&plans)?;
    let notes = wanted.take(&repo, &mut plans, &branches, (asked, words))?;
    let around = Around { batch: selection.is_batch(), left_out, notes, ahead };
    let code = finish(&repo, &plans, branches, around, output)?;
    // The process ends here: the system takes the memory back faster than we could.
    std::mem::forget((plans, topology));
    Ok(code)
}

/// The plans, and their commits in the making where there are several.
fn planned(
    (repo, topology): (&Repo, &Topology),
    (asked, output): (&Migrate, &Output),
    naming: Naming<'_>,
    requests: &[Request],
) -> Result<(Vec<Plan>, Option<Ahead>)> {
    let how = Batch { separate: asked.separate, limit: asked.limit.map(|limit| limit as usize), strict: !asked.all };
    let mut progress = Progress::new(requests.len());
    // The commits of several services are built while the next ones are planned.
    let ahead = (requests.len() > 1).then(|| repo.ahead(&topology.snapshot.base)).transpose()?;
    // Where one of several branches may be left as it is, what is in the way is told in the end.
    let lenient = output.dry_run || (output.replace && (asked.separate || asked.host.is_none()));
    let mut checked = String::new();
    let mut told = |plan: &Plan| {
        progress.told(plan);
        if let Some(ahead) = &ahead {
            let Request { host, service, .. } = &plan.request;
            ahead.add(&if how.separate { format!("{host} {service}") } else { host.clone() }, &plan.steps);
        }
        let Some(moved) = plan.moved.as_ref().filter(|_| !lenient) else { return Ok(()) };
        // There is something to write: what keeps it from being written is told before the rest is planned.
        let branch = naming.branch(&moved.short_host, &plan.request.service)?;
        if branch != checked {
            repo.may_be_made(&branch, &plan.base, output.replace)?;
            checked = branch;
        }
        Ok(())
    };
    let plans = plan::batch(topology, requests, how, &mut told)?;
    progress.finish();
    Ok((plans, ahead))
}

/// What is missing in a line without a host or without a service, and what to type, going by what the repository has.
fn incomplete(asked: &Migrate) -> Error {
    if let (None, Some(word)) = (&asked.host, cli::misplaced(asked.services.iter().map(String::as_str))) {
        return Error::usage("no host is named").hint(cli::mistakes::type_it_first(word));
    }
    let repo = Repo::open(Some(&asked.repo));
    let topology = repo.and_then(|repo| read(&repo, asked.base.as_deref(), &|_| Ok(Names::default()))).ok();
    match (&asked.host, &topology) {
        (None, topology) => mistakes::no_host(topology.as_ref(), &asked.services),
        (Some(host), Some(topology)) => mistakes::which_service(topology, host),
        (Some(_), None) => Error::usage("no service is named").hint("type: migrate SERVICE --host HOST"),
    }
}

/// A sentence on each service, and the branches that hold it.
type LeftOut = Vec<(String, Vec<String>)>;

/// Of all services, those that no branch holds already, and a sentence on each of the others. A branch that the run would
/// make itself is no such branch.
fn without_held(
    repo: &Repo,
    topology: &Topology,
    naming: Naming<'_>,
    requests: &[Request],
) -> Result<(Vec<Request>, LeftOut)> {
    if naming.services.is_some() {
        return Ok((requests.to_vec(), Vec::new()));
    }
    let branches = repo.branches(&topology.snapshot.base)?;
    let (mut list, mut left_out) = (Vec::new(), Vec::new());
    for request in requests {
        let host = &topology.hosts[moves::host(topology, &request.host)?];
        let held = status::branches_with(host, &request.service, &branches);
        let own = naming.of_request(topology, request);
        // A name that git does not allow matters once there is something to write.
        if held.is_empty() || own.is_ok_and(|own| held.contains(&own)) {
            list.push(request.clone());
        } else {
            let Request { service, host, .. } = request;
            let branches = held.join(" and on ");
            left_out
                .push((format!("{service} on {host} was left out: it is on {branches}, which is not merged"), held));
        }
    }
    Ok((list, left_out))
}

fn selection(asked: &Migrate) -> Selection {
    let services = if asked.all {
        Services::All { only: asked.only.clone(), except: asked.except.clone() }
    } else {
        Services::Named(asked.services.clone())
    };
    let (bridge, alert_labels) = (bridge(asked.bridge), alert_labels(asked.alert_labels));
    let Migrate { host, keep_history, project, strict, .. } = asked.clone();
    Selection { host, services, bridge, alert_labels, keep_history, project, strict }
}

fn bridge(typed: cli::Bridge) -> Bridge {
    match typed {
        cli::Bridge::Auto => Bridge::Auto,
        cli::Bridge::ServiceName => Bridge::ServiceName,
        cli::Bridge::Filter => Bridge::Filter,
        cli::Bridge::Review => Bridge::Review,
    }
}

fn alert_labels(typed: cli::AlertLabels) -> AlertLabels {
    match typed {
        cli::AlertLabels::Auto => AlertLabels::Auto,
        cli::AlertLabels::Keep => AlertLabels::Keep,
        cli::AlertLabels::Follow => AlertLabels::Follow,
    }
}
