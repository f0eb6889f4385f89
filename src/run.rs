//! One run: from the command line to the exit code.
//!
//! Knows: the order of the stations and what goes to which stream. Must not know: how any station works.

mod complete;
mod man;
mod status;

use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Write};
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::Mutex;

use crate::branches;
use crate::cli::{self, Color, Command, Format, Migrate};
use crate::demo;
use crate::error::{Error, Kind, Result};
use crate::plan::{self, Batch, Plan, Request};
use crate::progress::Progress;
use crate::repo::{self, Load, NewBranch, OutFile, PublishOptions, Repo};
use crate::report::{self, Look, Run, Written};
use crate::select::{self, Needles};
use crate::text::RepoPath;
use crate::topology::{Bridge, Selection, Services, Topology};

/// How often files may tell of names that make other files matter. Datasources and Compose files under odd names do;
/// nothing they bring in does so again.
const MOST_GOES: usize = 4;

/// Runs the program on the arguments of the process.
pub fn main() -> ExitCode {
    if let Some(code) = complete::answer() {
        return code;
    }
    let command = match Command::parse(std::env::args_os()) {
        Ok(command) => command,
        Err(error) => {
            let code = error.exit_code();
            let _ = error.print();
            return ExitCode::from(u8::try_from(code).unwrap_or(2));
        }
    };
    let outcome = caught(|| match &command {
        Command::Migrate(asked) => migrate(asked),
        Command::Status(asked) => status::run(asked),
        Command::Completions(asked) => complete::script(asked.shell).and_then(|text| print(&text)).map(|()| 0),
        Command::Man(asked) => man::run(asked).and_then(|text| print(&text)).map(|()| 0),
        Command::Demo(dir) => demo::write(dir).and_then(|text| print(&text).map(|()| 0)),
    });
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let look = look(Color::Auto, io::stderr().is_terminal());
            let _ = io::stderr().write_all(report::error(&error, &look).as_bytes());
            ExitCode::from(if error.kind == Kind::Usage { 2 } else { 1 })
        }
    }
}

/// Runs `work`; a panic in it, on whatever thread, becomes an error that says where.
fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    static WHERE: Mutex<Option<String>> = Mutex::new(None);
    panic::set_hook(Box::new(|info| {
        if let Ok(mut place) = WHERE.lock() {
            place.get_or_insert_with(|| info.to_string());
        }
    }));
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let place = WHERE.lock().ok().and_then(|place| place.clone()).unwrap_or_default();
        Err(Error { kind: Kind::Panic, message: place, hints: Vec::new() })
    })
}

fn migrate(asked: &Migrate) -> Result<u8> {
    let repo = Repo::open(Some(&asked.repo))?;
    let selection = selection(asked);
    let topology = read(&repo, asked.base.as_deref(), &|topology| selection.requests(topology))?;
    let requests = selection.requests(&topology)?;
    let how = Batch { separate: asked.separate, limit: asked.limit.map(|limit| limit as usize), strict: !asked.all };
    let mut progress = Progress::new(requests.len());
    let plans = plan::batch(&topology, &requests, how, &mut |plan| progress.told(plan))?;
    progress.finish();
    // Before anything is written: a report that cannot be is found out now.
    let page = asked.report.as_deref().map(OutFile::prepare).transpose()?;
    let branches = publish(&repo, &topology.snapshot.base, &plans, &selection, asked)?;
    let run = Run { plans: &plans, branches: &branches, batch: selection.is_batch() };
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
    let code = report::summary::exit_code(run);
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
    let bridge = bridge(asked.bridge);
    Selection { host: asked.host.clone(), services, bridge, keep_history: asked.keep_history }
}

/// Reads what can matter in two goes: first what says where things run, then whatever may name what moves. What is
/// found in the second may tell of more names; then the rest is looked at once more. `asked` says what may move, going by
/// what is known so far.
fn read(repo: &Repo, base: Option<&str>, asked: &dyn Fn(&Topology) -> Result<Vec<Request>>) -> Result<Topology> {
    let mut snapshot = repo.snapshot(base)?;
    repo.load(&mut snapshot, &select::infrastructure)?;
    let mut topology = Topology::of(&snapshot);
    let mut looked_for: Option<Needles> = None;
    for _ in 0..MOST_GOES {
        // What is wrong with it is told once everything is read.
        let needles = Needles::of(&topology, &asked(&topology).unwrap_or_default());
        if looked_for.as_ref().is_some_and(|before| needles.is_covered_by(before)) {
            break;
        }
        let seen: BTreeSet<RepoPath> = match looked_for {
            None => BTreeSet::new(),
            Some(_) => snapshot
                .sources()
                .map(|one| &one.path)
                .chain(snapshot.skipped.iter().map(|one| &one.0))
                .cloned()
                .collect(),
        };
        let (text, json) = (|bytes: &[u8]| needles.matter(bytes), |bytes: &[u8]| needles.matter_in_json(bytes));
        repo.load(&mut snapshot, &|path| {
            if !select::others(path) || seen.contains(path) {
                Load::No
            } else {
                Load::If(if select::is_json(path) { &json } else { &text })
            }
        })?;
        topology = topology.again(&snapshot);
        looked_for = Some(needles);
    }
    Ok(topology)
}

/// The branches of a run and what they were to hold; one without a name when there is nothing to write.
fn publish(repo: &Repo, base: &str, plans: &[Plan], selection: &Selection, asked: &Migrate) -> Result<Vec<Written>> {
    let wanted = branches::of(plans, selection, asked.separate, asked.branch.as_deref())?;
    if wanted.is_empty() {
        let notes = repo.notes().to_vec();
        return Ok(vec![Written { dry_run: asked.dry_run, notes, ..Written::default() }]);
    }
    let new: Vec<NewBranch<'_>> = wanted
        .iter()
        .map(|(name, indices)| NewBranch {
            name: name.clone(),
            steps: indices.iter().flat_map(|&index| &plans[index].steps).collect(),
        })
        .collect();
    let published = repo.publish(base, &new, PublishOptions { replace: asked.replace, dry_run: asked.dry_run })?;
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

fn bridge(typed: cli::Bridge) -> Bridge {
    match typed {
        cli::Bridge::Auto => Bridge::Auto,
        cli::Bridge::ServiceName => Bridge::ServiceName,
        cli::Bridge::Filter => Bridge::Filter,
        cli::Bridge::Review => Bridge::Review,
    }
}

fn look(color: Color, terminal: bool) -> Look {
    let colour = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    };
    let width = terminal.then(terminal_width).flatten().unwrap_or(100);
    Look { width, colour }
}

/// Columns of the terminal. `COLUMNS` goes first: who sets it for a program means it.
fn terminal_width() -> Option<usize> {
    let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    told.or_else(|| terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)))
}

/// Prints to standard output; a reader that went away is no error.
fn print(text: &str) -> Result<()> {
    match io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::user(format!("cannot write the report: {error}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_that_says_where() {
        let error = caught::<()>(|| {
            let list: Vec<u8> = Vec::new();
            let _ = list[list.len()];
            Ok(())
        })
        .unwrap_err();
        let _ = panic::take_hook();
        assert_eq!(error.kind, Kind::Panic);
        assert!(error.message.contains("src/run.rs") && error.message.contains("out of bounds"), "{error}");
        let shown = report::error(&error, &Look { width: 80, colour: false });
        assert!(shown.starts_with("internal error: ") && shown.contains("please report it"), "{shown}");
    }
}
