//! What the user typed, against what the repository has.
//!
//! Knows: names of hosts, projects, jobs and folders. Must not know: whether what they name can move.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::error::Error;
use crate::finding::{Finding, Level};
use crate::text::{Place, Source};
use crate::topology::deploys::Task;
use crate::topology::runs::{Host, loose, path_names};
use crate::topology::{Topology, deployments};

/// What a service name means on a host.
pub(super) enum Found {
    /// This project, by index.
    Deployment(usize),
    /// Something that is no Compose project.
    Blocked(Box<Finding>),
    /// A Compose file that is off syslog and that no task deploys.
    Undeployed(Box<Finding>),
}

/// The index of the host the user means.
pub(super) fn host(topology: &Topology, asked: &str) -> Result<usize, Error> {
    match topology.inventory.find(asked) {
        Ok(host) => topology
            .hosts
            .binary_search_by(|have| have.name.cmp(&host.name))
            .map_err(|_| Error::internal(format!("host {} has no facts", host.name))),
        Err(missing) if !missing.ambiguous.is_empty() => {
            Err(Error::user(format!("`--host {asked}` could be any of {}", missing.ambiguous.join(", ")))
                .hint("type the full name"))
        }
        Err(missing) => {
            let error = Error::user(format!("no host `{asked}` in any inventory or host_vars of this commit"));
            Err(if missing.near.is_empty() {
                error.hint("is this the repository with the Ansible inventory? Give it with -C")
            } else {
                error.hint(format!("hosts with a similar name: {}", missing.near.join(", ")))
            })
        }
    }
}

/// The project the user means.
pub(super) fn deployment(topology: &Topology, host: &Host, asked: &str) -> Result<Found, Error> {
    match host.called(asked).as_slice() {
        [] => not_a_project(topology, host, asked),
        [only] => Ok(Found::Deployment(*only)),
        several => Err(ambiguous(host, asked, several)),
    }
}

fn ambiguous(host: &Host, asked: &str, found: &[usize]) -> Error {
    let mut error = Error::user(format!("`{asked}` names several Compose projects on {}", host.name));
    for &index in found {
        let names: BTreeSet<String> = host.names_of(index).into_iter().collect();
        let names: Vec<String> = names.into_iter().collect();
        error = error.hint(format!("{}: {}", host.deployments[index].file.path, names.join(", ")));
    }
    error
}

/// Nothing on the host is a Compose project of that name: say what is.
fn not_a_project(topology: &Topology, host: &Host, asked: &str) -> Result<Found, Error> {
    let blocked = |id, at| {
        let values = [("service", asked), ("host", host.name.as_str())];
        Ok(Found::Blocked(Box::new(Finding::told(Level::Blocked, id, &values, at))))
    };
    if let Some(found) = inside_a_task(topology, host, asked) {
        return Ok(Found::Blocked(Box::new(found)));
    }
    if let Some(found) = undeployed(topology, host, asked) {
        return Ok(Found::Undeployed(Box::new(found)));
    }
    if let Some(listener) = host.listeners.iter().find(|listener| {
        let label = loose(listener.fact.component.rsplit('.').next().unwrap_or_default());
        let label = label.trim_end_matches("-logs").trim_end_matches("-log").trim_end_matches("-syslog");
        label == loose(asked) || listener.job().is_some_and(|job| loose(job) == loose(asked))
    }) {
        if let Some(task) = topology.deploys.on_syslog.iter().find(|task| topology.runs_on(task, host)) {
            return blocked("compose/driver-by-task", Some(task.at.clone()));
        }
        return blocked("compose/no-sender", Some(listener.at.clone()));
    }
    for assigned in &host.configs {
        let Some(config) = topology.alloy.get(assigned.config) else { continue };
        let named = |text: &str| loose(text.trim_end_matches(".service").trim_end_matches("\\\\")) == loose(asked);
        if let Some(unit) =
            config.natives.iter().find(|unit| unit.raw.split('|').any(|one| named(&one.replace("\\\\.service", ""))))
        {
            return blocked("compose/native", Some(config.place(unit.at)));
        }
    }
    if let Some(task) = topology.deploys.unit_tasks(asked).find(|task| topology.runs_on(task, host)) {
        return blocked("compose/native", Some(task.at.clone()));
    }
    let in_its_folder = |task: &&Arc<Task>| task.folder().split('/').any(|part| loose(part) == loose(asked));
    if let Some(task) = topology.deploys.tasks.iter().filter(in_its_folder).find(|task| topology.runs_on(task, host)) {
        return blocked("compose/no-project", Some(task.at.clone()));
    }
    Err(unknown(topology, host, asked))
}

/// A task that starts the container itself, or in which its Compose file stands (real-world D2, D3).
fn inside_a_task(topology: &Topology, host: &Host, asked: &str) -> Option<Finding> {
    let find = |task: &Arc<Task>| {
        let named = ["project_name", "name", "container_name", "project_src", "dest", "path"];
        let is_named =
            task.args.iter().filter(|arg| named.contains(&arg.name.as_str())).any(|arg| {
                arg.text.split('/').any(|part| loose(part.split('.').next().unwrap_or(part)) == loose(asked))
            });
        let driver = task.args.iter().find_map(|arg| {
            let by_module = arg.name.ends_with("log_driver") && arg.text == "syslog";
            let inline = (arg.name.ends_with("logging.driver") && arg.text == "syslog")
                || (matches!(arg.name.as_str(), "content" | "definition") && arg.text.contains("syslog-address"));
            match (by_module, inline) {
                (true, _) => Some(("compose/driver-by-task", arg)),
                (_, true) => Some(("compose/inline", arg)),
                _ => None,
            }
        });
        let (id, arg) = driver.filter(|_| is_named)?;
        topology.runs_on(task, host).then(|| (id, task.place(arg)))
    };
    let (id, at) = topology.deploys.tasks.iter().find_map(find)?;
    Some(Finding::told(Level::Blocked, id, &[("service", asked)], Some(super::blocks::first_line(&at))))
}

/// A Compose file that goes by the name, is off syslog, and that no task is seen to deploy: what a move leaves where
/// nothing but the port tied the file to the host.
fn undeployed(topology: &Topology, host: &Host, asked: &str) -> Option<Finding> {
    let deployed = |file: &Source| {
        let mut all = topology.hosts.iter().flat_map(|host| &host.deployments).flat_map(|one| &one.files);
        all.any(|one| one.path == file.path)
    };
    let foreign = |file: &Source| {
        let others = topology.hosts.iter().filter(|other| other.name != host.name);
        others.clone().any(|other| {
            let short = other.name.split('.').next().unwrap_or(&other.name);
            file.path.folder().split('/').any(|part| part == other.name || part == short)
        })
    };
    let file = topology.snapshot.sources().find(|file| {
        deployments::may_be_compose(file)
            && path_names(file).iter().any(|name| loose(name) == loose(asked))
            && memchr::memmem::find(file.bytes(), b"syslog").is_none()
            && !deployed(file)
            && !foreign(file)
    })?;
    let values = [("path", file.path.as_str()), ("service", asked)];
    Some(Finding::told(Level::Note, "compose/undeployed", &values, Some(Place::new(file, file.line_at(0)))))
}

fn unknown(topology: &Topology, host: &Host, asked: &str) -> Error {
    let all: BTreeSet<String> =
        (0..host.deployments.len()).filter_map(|index| host.names_of(index).into_iter().next()).collect();
    let mut near: Vec<&String> = all.iter().filter(|name| strsim::jaro_winkler(name, asked) > 0.7).collect();
    if near.is_empty() {
        near = all.iter().collect();
    }
    let mut error = Error::user(format!(
        "no service `{asked}` on {}: no Compose project, listener or unit goes by that name",
        host.name
    ));
    if !near.is_empty() {
        let near: Vec<&str> = near.into_iter().map(String::as_str).collect();
        error = error.hint(format!("on {}: {}", host.name, near.join(", ")));
    }
    let elsewhere: Vec<&str> = topology
        .hosts
        .iter()
        .filter(|other| other.name != host.name)
        .filter(|other| {
            (0..other.deployments.len()).any(|index| other.names_of(index).iter().any(|name| name == asked))
        })
        .map(|other| other.name.as_str())
        .collect();
    if !elsewhere.is_empty() {
        error = error.hint(format!("`{asked}` runs on {}", elsewhere.join(", ")));
    }
    error
}

/// Whether two names are the same but for `-`, `_`, `.` and case.
pub(super) fn same(a: &str, b: &str) -> bool {
    loose(a) == loose(b)
}
