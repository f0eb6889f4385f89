//! Every form of `migrate status`, rendered from the one [`Status`].
//!
//! Knows: [`Status`], how a command line is written for a shell. Must not know: how a state is decided.

mod human;
mod json;
mod markdown;
mod table;
#[cfg(test)]
mod tests;

use super::review::{number, short};
use super::{Look, summary};
use crate::finding::Finding;
use crate::shell;
use crate::status::{Next, Row, State, Status, Step};
use crate::topology::Derives;

/// What was typed, as far as the commands that are proposed must say it again.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// The folder given with `-C`.
    pub repo: Option<&'a str>,
    /// The commit given with `--base`.
    pub base: Option<&'a str>,
    /// Words that name a command of the program, so that a service of that name has to be told apart.
    pub commands: &'a [String],
}

/// For a person at a terminal, or a pipe: one line for each service.
pub fn human(status: &Status, asked: Asked<'_>, look: &Look) -> String {
    human::render(status, asked, *look)
}

/// One JSON object and a line end. Keys and their meaning: `docs/status-json.md`.
pub fn json(status: &Status, asked: Asked<'_>) -> String {
    json::render(status, asked)
}

/// Markdown, for an issue or a wiki.
pub fn markdown(status: &Status, asked: Asked<'_>) -> String {
    markdown::render(status, asked)
}

impl Asked<'_> {
    /// The command line of a step, as a POSIX shell takes it.
    fn command(self, base: &str, step: &Step) -> String {
        let mut words = vec!["migrate".to_owned()];
        let mut last = Vec::new();
        match step {
            Step::Demo => return "migrate demo".to_owned(),
            Step::Review { branch } => {
                let repo = self.repo.into_iter().flat_map(|repo| ["-C".to_owned(), repo.to_owned()]);
                let diff = ["diff".to_owned(), format!("{}...{branch}", short(base))];
                return shell::command(&["git".to_owned()].into_iter().chain(repo).chain(diff).collect::<Vec<_>>());
            }
            Step::Prune { .. } => words.push("prune".to_owned()),
            Step::All { .. } => words.push("--all".to_owned()),
            Step::Migrate { service, .. } if service.starts_with('-') || self.commands.contains(service) => {
                last.extend(["--".to_owned(), service.clone()]);
            }
            Step::Migrate { service, .. } => words.push(service.clone()),
        }
        if let Step::Migrate { host, .. } | Step::All { host, .. } | Step::Prune { host } = step {
            words.extend(shell::option("--host", host));
        }
        if let Step::Migrate { replace: true, .. } = step {
            words.push("--replace".to_owned());
        }
        words.extend(self.repo.into_iter().flat_map(|repo| ["-C".to_owned(), repo.to_owned()]));
        words.extend(self.base.into_iter().flat_map(|base| shell::option("--base", base)));
        words.extend(last);
        shell::command(&words)
    }

    /// The command of one thing to do next.
    fn next(self, status: &Status, next: &Next) -> Option<String> {
        next.step.as_ref().map(|step| self.command(&status.base, step))
    }
}

/// `22 services on 8 hosts: 16 ready, 3 blocked, 3 leftovers`.
fn totals(status: &Status) -> String {
    let services = number(status.rows.len(), "service", "services");
    let mut hosts: Vec<&str> = status.rows.iter().map(|row| row.host.as_str()).collect();
    hosts.dedup();
    let parts: Vec<String> = State::ALL
        .into_iter()
        .map(|state| (status.count(state), state.word()))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    format!("{services} on {}: {}", number(hosts.len(), "host", "hosts"), parts.join(", "))
}

/// Whether Loki derives `service_name`, one sentence, without the place.
fn loki(derives: &Derives) -> &'static str {
    match derives {
        Derives::From(..) => "Loki gives each stream a `service_name`",
        Derives::Never(_) => "Loki does not give streams a `service_name`",
        Derives::Unknown => {
            "the repository does not tell which Loki it is, so queries over several services are \
             rewritten with a label filter; if it is Loki 3, --bridge service-name makes them plainer"
        }
    }
}

/// Services whose first finding has the same way out.
struct WayOut<'a> {
    hint: Option<&'a str>,
    services: Vec<(&'a Row, &'a Finding)>,
}

/// The first finding of each service in one of these states, what has the same way out together.
fn ways_out<'a>(status: &'a Status, states: &[State]) -> Vec<WayOut<'a>> {
    let rows = status.rows.iter().filter(|row| states.contains(&row.state));
    let mut list: Vec<WayOut<'_>> = Vec::new();
    for (row, finding) in rows.filter_map(|row| Some((row, row.findings.first()?))) {
        let hint = finding.hint.as_deref();
        match list.iter_mut().find(|have| have.hint == hint) {
            Some(have) => have.services.push((row, finding)),
            None => list.push(WayOut { hint, services: vec![(row, finding)] }),
        }
    }
    list
}

/// A finding as one sentence: place, then message.
fn sentence(finding: &Finding) -> String {
    let place = finding.at.as_ref().map(|at| format!("{}: ", summary::place(at)));
    format!("{}{}", place.unwrap_or_default(), finding.message)
}

/// What is worth saying of a row beside its numbers; empty when there is nothing.
fn remark(row: &Row) -> String {
    match row.state {
        State::OnBranch => {
            let names: Vec<&str> = row.branches.iter().map(|held| held.branch.as_str()).collect();
            names.join(", ")
        }
        State::Ready if row.touch.is_some_and(|touch| touch.brings_blocks) => "brings the Docker-socket blocks".into(),
        State::Syslog | State::Blocked | State::Leftovers => row.findings.first().map(sentence).unwrap_or_default(),
        State::Ready | State::Migrated => String::new(),
    }
}
