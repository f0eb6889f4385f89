//! The last stations of a run that writes: branches, then what is said of them.
//!
//! Knows: what goes to which stream, and that nothing is written before all of it can be. Must not know: what was planned.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal};

use super::{caught, look, pager, print};
use crate::cli::{Format, Output};
use crate::error::{Error, Kind, Result};
use crate::plan::Plan;
use crate::repo::{self, Ahead, NewBranch, OutFile, PublishOptions, Repo};
use crate::report::{self, Detail, Run, Written};

/// What there is to a run besides its plans.
#[derive(Default)]
pub(super) struct Around {
    /// Whether it was asked for as one for several services.
    pub(super) batch: bool,
    /// What was not planned because branches hold it already: a sentence, and the branches.
    pub(super) left_out: Vec<(String, Vec<String>)>,
    /// What else is worth saying, one sentence each.
    pub(super) notes: Vec<String>,
    /// Commits in the making.
    pub(super) ahead: Option<Ahead>,
}

/// Writes the plans to the branches that are wanted, each with its plans by index, and reports. Returns the exit code.
pub(super) fn finish(
    repo: &Repo,
    plans: &[Plan],
    wanted: Vec<(String, Vec<usize>)>,
    around: Around,
    asked: &Output,
) -> Result<u8> {
    // Before anything is written: a report that cannot be is found out now.
    let page = asked.report.as_deref().map(|path| repo.out_file(path)).transpose()?;
    let mut branches = publish(repo, plans, wanted, asked, around.ahead)?;
    if let Some(first) = branches.first_mut() {
        first.notes.extend(around.notes);
    }
    let told = beside(repo, &mut branches, around.left_out);
    told.map_err(|error| late(&branches, error))?;
    let run = Run { plans, branches: &branches, batch: around.batch };
    // From here on the branches are there: whatever fails, even by a fault of this program, must not say otherwise.
    caught(|| say(repo, run, asked, page)).map_err(|error| late(&branches, error))?;
    Ok(report::summary::exit_code(run))
}

/// Prints the report and writes the page.
fn say(repo: &Repo, run: Run<'_>, asked: &Output, page: Option<OutFile>) -> Result<()> {
    let text = match asked.format {
        _ if asked.quiet => report::branches(run),
        Format::Human => {
            let detail = Detail { verbose: asked.verbose, diff: asked.diff };
            report::human(run, &look(asked.color, io::stdout().is_terminal()), detail)
        }
        Format::Json => report::json(run),
        Format::Markdown => report::markdown(run),
        Format::Sarif => report::sarif(run, repo.origin().as_deref()),
    };
    let paged = !asked.no_pager && !asked.quiet && asked.format == Format::Human;
    if !(paged && pager::show(&text)) {
        print(&text)?;
    }
    if let Some(page) = page {
        page.write(&report::html(run))?;
    }
    Ok(())
}

/// The error, if the run wrote a branch as one that says so.
fn late(branches: &[Written], error: Error) -> Error {
    use report::Outcome::{Created, Replaced};
    let wrote = |one: &&Written| matches!(one.outcome, Some(Created | Replaced(_)));
    let names: Vec<&str> = branches.iter().filter(wrote).map(|one| one.branch.as_str()).collect();
    if names.is_empty() {
        return error;
    }
    let message = format!("written: {}; but then: {}", names.join(", "), error.message);
    let again = "the same command with --dry-run shows the report again; all else is done";
    Error { kind: Kind::Late, message, ..error }.hint(again)
}

/// Notes what was left out, and which branches that hold it do not merge with those that were written.
fn beside(repo: &Repo, branches: &mut [Written], left_out: Vec<(String, Vec<String>)>) -> Result<()> {
    let held: BTreeSet<&String> = left_out.iter().flat_map(|(_, branches)| branches).collect();
    for written in branches.iter_mut().filter(|written| is_there(written)) {
        for &other in &held {
            let paths = repo.conflicts_with(written.commits.last().map_or("", String::as_str), other)?;
            if !paths.is_empty() {
                written.conflicts.push((other.clone(), paths));
                written
                    .notes
                    .push(format!("merge {other} first, then run this again with --replace: it goes on from there"));
            }
        }
    }
    if let Some(first) = branches.first_mut() {
        first.held = !left_out.is_empty();
        first.notes.splice(0..0, left_out.into_iter().map(|(sentence, _)| sentence));
    }
    Ok(())
}

/// Whether the branch is there now, by this run or by an earlier one.
fn is_there(written: &Written) -> bool {
    use report::Outcome::{AlreadyThere, Created, Replaced};
    matches!(written.outcome, Some(Created | Replaced(_) | AlreadyThere))
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
            held: false,
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
