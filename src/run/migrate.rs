//! `migrate SERVICE… --host HOST`, `migrate --all`: plans moves and writes them as branches.
//!
//! Knows: the order of the stations. Must not know: how any station works.

use super::branches;
use super::finish::finish;
use super::progress::Progress;
use super::read::read;
use crate::cli::{self, Migrate, Output};
use crate::error::Result;
use crate::plan::{self, Batch, Plan, Request};
use crate::repo::Repo;
use crate::select::names;
use crate::topology::{Bridge, Selection, Services};

/// Plans, writes and reports.
pub(super) fn run(asked: &Migrate, output: &Output) -> Result<u8> {
    let repo = Repo::open(Some(&asked.repo))?;
    let selection = selection(asked);
    let topology =
        read(&repo, asked.base.as_deref(), &|topology| selection.requests(topology).map(|all| names(topology, &all)))?;
    let requests = selection.requests(&topology)?;
    let how = Batch { separate: asked.separate, limit: asked.limit.map(|limit| limit as usize), strict: !asked.all };
    let mut progress = Progress::new(requests.len());
    // The commits of several services are built while the next ones are planned.
    let ahead = (requests.len() > 1).then(|| repo.ahead(&topology.snapshot.base)).transpose()?;
    let mut told = |plan: &Plan| {
        progress.told(plan);
        if let Some(ahead) = &ahead {
            let Request { host, service, .. } = &plan.request;
            ahead.add(&if how.separate { format!("{host} {service}") } else { host.clone() }, &plan.steps);
        }
    };
    let plans = plan::batch(&topology, &requests, how, &mut told).map_err(|error| {
        match cli::misplaced(asked.services.iter().map(String::as_str)) {
            Some(word) => error.hint(format!("to run the command `{word}`, type it first: migrate {word} …")),
            None => error,
        }
    })?;
    progress.finish();
    let single = asked.separate || !selection.is_batch();
    let wanted = branches::of(&plans, single, output.branch.as_deref())?;
    let code = finish(&repo, &plans, wanted, selection.is_batch(), output, ahead)?;
    // The process ends here: the system takes the memory back faster than we could.
    std::mem::forget((plans, topology));
    Ok(code)
}

fn selection(asked: &Migrate) -> Selection {
    let services = if asked.all {
        Services::All { only: asked.only.clone(), except: asked.except.clone() }
    } else {
        Services::Named(asked.services.clone())
    };
    let (bridge, keep_history, strict) = (bridge(asked.bridge), asked.keep_history, asked.strict);
    Selection { host: asked.host.clone(), services, bridge, keep_history, project: asked.project.clone(), strict }
}

fn bridge(typed: cli::Bridge) -> Bridge {
    match typed {
        cli::Bridge::Auto => Bridge::Auto,
        cli::Bridge::ServiceName => Bridge::ServiceName,
        cli::Bridge::Filter => Bridge::Filter,
        cli::Bridge::Review => Bridge::Review,
    }
}
