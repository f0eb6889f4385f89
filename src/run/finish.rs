//! The last stations of a run that writes: branches, then what is said of them.
//!
//! Knows: what goes to which stream, and that nothing is written before all of it can be. Must not know: what was planned.

use std::io::{self, IsTerminal};

use super::{look, print};
use crate::cli::{Format, Output};
use crate::error::Result;
use crate::plan::Plan;
use crate::repo::{self, Ahead, NewBranch, OutFile, PublishOptions, Repo};
use crate::report::{self, Run, Written};

/// Writes the plans to the branches that are wanted, each with its plans by index, and reports. Their commits may be built
/// `ahead`. Returns the exit code.
pub(super) fn finish(
    repo: &Repo,
    plans: &[Plan],
    wanted: Vec<(String, Vec<usize>)>,
    batch: bool,
    asked: &Output,
    ahead: Option<Ahead>,
) -> Result<u8> {
    // Before anything is written: a report that cannot be is found out now.
    let page = asked.report.as_deref().map(OutFile::prepare).transpose()?;
    let branches = publish(repo, plans, wanted, asked, ahead)?;
    let run = Run { plans, branches: &branches, batch };
    let text = match asked.format {
        Format::Human => report::human(run, &look(asked.color, io::stdout().is_terminal())),
        Format::Json => report::json(run),
        Format::Markdown => report::markdown(run),
        Format::Sarif => report::sarif(run, repo.origin().as_deref()),
    };
    print(&text)?;
    if let Some(page) = page {
        page.write(&report::html(run))?;
    }
    Ok(report::summary::exit_code(run))
}

/// The branches of a run and what they were to hold; one without a name when there is nothing to write.
fn publish(
    repo: &Repo,
    plans: &[Plan],
    wanted: Vec<(String, Vec<usize>)>,
    asked: &Output,
    ahead: Option<Ahead>,
) -> Result<Vec<Written>> {
    if wanted.is_empty() {
        let notes = repo.notes().to_vec();
        return Ok(vec![Written { dry_run: asked.dry_run, notes, ..Written::default() }]);
    }
    let new: Vec<NewBranch<'_>> = wanted
        .iter()
        .map(|(name, indices)| NewBranch {
            name: name.clone(),
            steps: indices.iter().flat_map(|&index| &plans[index].steps).map(AsRef::as_ref).collect(),
        })
        .collect();
    let base = plans.first().map_or("", |plan| &plan.base);
    let options =
        PublishOptions { replace: asked.replace, dry_run: asked.dry_run, patch: asked.format == Format::Json };
    let published = match ahead {
        Some(ahead) => repo.publish_ahead(ahead, base, &new, options)?,
        None => repo.publish(base, &new, options)?,
    };
    let mut written: Vec<Written> = Vec::with_capacity(published.len());
    for (one, (_, indices)) in published.into_iter().zip(wanted) {
        written.push(Written {
            plans: indices,
            branch: one.branch,
            commits: one.commits,
            patch: one.patch,
            differing: one.differs.iter().map(|path| path.as_str().into()).collect(),
            dry_run: asked.dry_run,
            outcome: Some(outcome(one.outcome)),
            conflicts: one.conflicts.into_iter().map(|conflict| (conflict.branch, conflict.paths)).collect(),
            notes: one.notes,
        });
    }
    if let Some(first) = written.first_mut() {
        first.notes.splice(0..0, repo.notes().iter().cloned());
    }
    Ok(written)
}

fn outcome(published: repo::Outcome) -> report::Outcome {
    match published {
        repo::Outcome::Created => report::Outcome::Created,
        repo::Outcome::Replaced(old) => report::Outcome::Replaced(old),
        repo::Outcome::AlreadyThere => report::Outcome::AlreadyThere,
        repo::Outcome::DryRun => report::Outcome::DryRun,
        repo::Outcome::Frozen(why) => report::Outcome::Frozen(why),
    }
}
