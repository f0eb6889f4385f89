//! What a shell asks while a line is typed: the services and hosts of the repository.
//!
//! Knows: the words typed so far, which files say where things run. Must not know: shells. The script of a shell calls
//! the program with [`VARIABLE`] set. It answers from the files that say what runs where and from nothing else, writes
//! nothing, and is silent about whatever goes wrong: a half-typed line is no place for an error.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgMatches, ValueHint};
use clap_complete::engine::{
    ArgValueCandidates, ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter,
};
use clap_complete::env::Shells;
use clap_complete::{CompleteEnv, Shell};

use super::caught;
use crate::cli;
use crate::error::{Error, Result};
use crate::repo::Repo;
use crate::select;
use crate::topology::{Topology, moves};

/// Set by the script of a shell. Not clap's own `COMPLETE`, which someone may have set for another purpose.
const VARIABLE: &str = "MIGRATE_COMPLETE";

/// Answers a shell; `None` when none asks.
pub(super) fn answer() -> Option<ExitCode> {
    std::env::var_os(VARIABLE).filter(|shell| !shell.is_empty())?;
    let folder = std::env::current_dir().ok();
    let answered = caught(|| {
        let env = CompleteEnv::with_factory(command).var(VARIABLE);
        env.try_complete(std::env::args_os(), folder.as_deref()).map_err(|error| Error::usage(error.to_string()))
    });
    match answered {
        Ok(true) => Some(ExitCode::SUCCESS),
        Ok(false) => None,
        Err(_) => Some(ExitCode::from(2)),
    }
}

/// The script of a shell.
pub(super) fn script(shell: Shell) -> Result<String> {
    let unknown = || Error::internal(format!("there is no completion script for {shell}"));
    let shells = Shells::builtins();
    let completer = shells.completer(&shell.to_string()).ok_or_else(unknown)?;
    let mut script = Vec::new();
    completer
        .write_registration(VARIABLE, "migrate", "migrate", "migrate", &mut script)
        .map_err(|error| Error::internal(format!("the completion script for {shell} cannot be made: {error}")))?;
    String::from_utf8(script).map_err(|_| unknown())
}

/// The command line, with what its arguments can be in the repository at hand.
fn command() -> clap::Command {
    let command = cli::command().mut_arg("services", |arg| arg.add(ArgValueCandidates::new(services)));
    let hosts = |command: clap::Command| command.mut_arg("host", |arg| arg.add(ArgValueCandidates::new(hosts)));
    let both = |command| hosts(command).mut_arg("service", |arg| arg.add(ArgValueCandidates::new(services)));
    let move_of =
        |command: clap::Command| hosts(command).mut_arg("services", |arg| arg.add(ArgValueCandidates::new(services)));
    let command =
        hosts(command).mut_subcommand("accept", move_of).mut_subcommand("status", hosts).mut_subcommand("prune", hosts);
    with_paths(command.mut_subcommand("verify", both)).mut_subcommands(with_paths)
}

/// The arguments that are paths, completed by [`paths`].
fn with_paths(command: clap::Command) -> clap::Command {
    command.mut_args(|arg| match arg.get_value_hint() {
        ValueHint::AnyPath => arg.add(ArgValueCompleter::new(paths)),
        _ => arg,
    })
}

/// What stands on the line so far.
#[derive(Default)]
struct Line {
    host: Option<String>,
    services: Vec<String>,
    repo: PathBuf,
    base: Option<String>,
}

impl Line {
    /// Read by the same definition as a whole line, whatever is missing yet.
    fn typed() -> Self {
        let words = std::env::args_os().skip_while(|word| word != "--").skip(1);
        let Ok(all) = cli::command().ignore_errors(true).try_get_matches_from(words) else { return Self::default() };
        let matches = all.subcommand().map_or(&all, |(_, inner)| inner);
        let one = |name: &str| text(matches, name).into_iter().next();
        let repo = matches.try_get_one::<PathBuf>("repo").ok().flatten().cloned();
        Self {
            host: one("host"),
            services: ["services", "service"].into_iter().flat_map(|name| text(matches, name)).collect(),
            repo: repo.unwrap_or_else(|| PathBuf::from(".")),
            base: one("base"),
        }
    }

    fn topology(&self) -> Option<Topology> {
        let folder = if self.repo.as_os_str().is_empty() { Path::new(".") } else { &self.repo };
        let repo = Repo::open(Some(folder)).ok()?;
        let mut snapshot = repo.snapshot(self.base.as_deref()).ok()?;
        repo.load(&mut snapshot, &select::infrastructure).ok()?;
        Some(Topology::of(&snapshot))
    }
}

fn text(matches: &ArgMatches, name: &str) -> Vec<String> {
    matches.try_get_many::<String>(name).ok().flatten().into_iter().flatten().cloned().collect()
}

/// Services of the host on the line, or of all; those on syslog first.
fn services() -> Vec<CompletionCandidate> {
    let line = Line::typed();
    let Some(topology) = line.topology() else { return Vec::new() };
    let host = line.host.as_deref().and_then(|host| moves::host(&topology, host).ok());
    let mut list: Vec<(bool, String)> = Vec::new();
    for (_, host) in topology.hosts.iter().enumerate().filter(|(at, _)| host.is_none_or(|one| one == *at)) {
        for service in moves::services(&topology, host) {
            let off = !moves::is_on_syslog(&topology, host, &service);
            match list.iter_mut().find(|(_, name)| *name == service.name) {
                Some((have, _)) => *have = *have && off,
                None => list.push((off, service.name)),
            }
        }
    }
    list.sort();
    candidates(list.into_iter().map(|(off, name)| (name, if off { "not on syslog" } else { "on syslog" })))
}

/// Hosts by the shortest name that means only one, those with a service on syslog first; of the service on the line,
/// when there is one.
fn hosts() -> Vec<CompletionCandidate> {
    let line = Line::typed();
    let Some(topology) = line.topology() else { return Vec::new() };
    let mut list: Vec<(bool, String)> = Vec::new();
    for host in &topology.hosts {
        let wanted = |service: &moves::Service| {
            line.services.is_empty()
                || line.services.contains(&service.name)
                || line
                    .services
                    .iter()
                    .any(|name| service.deployment.is_some_and(|at| moves::find(host, name) == Some(at)))
        };
        let services = moves::services(&topology, host);
        let on_syslog =
            services.iter().filter(|service| wanted(service)).any(|one| moves::is_on_syslog(&topology, host, one));
        list.push((!on_syslog, moves::short_host(&topology, &host.name)));
    }
    list.sort();
    let what = if line.services.is_empty() { "has services on syslog" } else { "has it on syslog" };
    candidates(list.into_iter().map(|(off, name)| (name, if off { "" } else { what })))
}

/// Files and folders, as a shell that completes them itself would.
fn paths(typed: &OsStr) -> Vec<CompletionCandidate> {
    let all = PathCompleter::any().complete(typed);
    all.into_iter().filter(|one| one.get_value().to_str().is_some_and(is_typable)).collect()
}

/// Whether a name means itself on a command line of every shell. Scripts put in what they are told as it stands, so a name
/// such as `a$(b)` would run `b`.
fn is_typable(name: &str) -> bool {
    !name.starts_with('-') && name.chars().all(|c| c.is_alphanumeric() || "._-+:/".contains(c))
}

/// In the order given, which shells keep.
fn candidates(list: impl Iterator<Item = (String, &'static str)>) -> Vec<CompletionCandidate> {
    let typable = list.filter(|(name, _)| is_typable(name));
    let candidate = |(at, (name, help)): (usize, (String, &'static str))| {
        let help = Some(help).filter(|help| !help.is_empty());
        CompletionCandidate::new(name).help(help.map(Into::into)).display_order(Some(at))
    };
    typable.enumerate().map(candidate).collect()
}
