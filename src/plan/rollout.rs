//! The rollout: what to deploy, in the order that loses no line.
//!
//! Knows: which playbook writes which file. Must not know: edits in detail, git.
//! The order: the Docker-socket block if it is new, then the service, then what queries its lines, then Alloy without the
//! listener. A container must be off the listener before the listener goes, and an alert must not wait for either.

use std::collections::BTreeMap;

use super::{Move, Part, Plan, RolloutStep};
use crate::proof;
use crate::shell;
use crate::text::{Edits, RepoPath};
use crate::topology::runs::{Assigned, Host};
use crate::topology::{Label, Topology};

/// The steps for one service.
pub(super) fn steps(
    topology: &Topology,
    moved: &Move,
    edits: &BTreeMap<RepoPath, Edits>,
    new_blocks: bool,
) -> Vec<RolloutStep> {
    let host = &topology.hosts[moved.host_index];
    let deployment = &host.deployments[moved.deployment];
    let listener = moved.going.first().or(moved.staying.first()).and_then(|&index| host.listeners.get(index));
    let alloy = listener.map(|listener| listener.at.source.path.clone());
    let config = |path: &RepoPath| {
        host.configs.iter().find(|one| topology.alloy.get(one.config).is_some_and(|config| config.source.path == *path))
    };
    let alloy_command = alloy
        .as_ref()
        .and_then(|path| config(path)?.playbook.clone().or_else(|| topology.playbook_for(path, host)))
        .map(|book| command(topology, &book, &host.name));
    let mut out = Vec::new();
    let mut step = |part, text: String, command: Option<String>| out.push(RolloutStep { part, text, command });
    if new_blocks {
        step(
            Part::Blocks,
            format!(
                "From the first commit of the branch, deploy Alloy on {}: it starts to read the Docker socket",
                host.name
            ),
            alloy_command.clone(),
        );
    }
    let how = match &deployment.kept {
        None => "its containers are made anew and leave the syslog driver, while the listener is still there",
        Some(_) => {
            "then make its containers anew by hand, since the task leaves them as they are; `docker inspect -f \
             '{{.HostConfig.LogConfig.Type}}'` says json-file of each before you go on"
        }
    };
    step(
        Part::Service,
        format!("Deploy {}: {how}", moved.service),
        deployment.playbook.as_ref().map(|book| command(topology, book, &host.name)),
    );
    step(Part::Look, format!("Look for new lines in Grafana: {}", new_selector(host, moved)), None);
    for line in query_commands(topology, &deployment.file.path, edits) {
        step(
            Part::Queries,
            "Deploy the dashboards and alert rules that changed; until then they look at labels that get no new lines"
                .to_owned(),
            Some(line),
        );
    }
    if alloy.is_some_and(|path| edits.contains_key(&path)) {
        step(
            Part::Alloy,
            format!("Deploy Alloy on {}: the listener goes, nothing sends to it any more", host.name),
            alloy_command,
        );
    }
    out
}

/// The steps after pruning a host: only what reads lines or takes them in has to be deployed.
pub(super) fn pruned(topology: &Topology, host: &Host, edits: &BTreeMap<RepoPath, Edits>) -> Vec<RolloutStep> {
    let mut out: Vec<RolloutStep> = Vec::new();
    for path in edits.keys() {
        let is_config =
            |config: &&Assigned| topology.alloy.get(config.config).is_some_and(|config| config.source.path == *path);
        let step = match host.configs.iter().find(is_config) {
            Some(config) => {
                let book = config.playbook.clone().or_else(|| topology.playbook_for(path, host));
                let text = format!("Deploy Alloy on {}", host.name);
                RolloutStep { part: Part::Alloy, text, command: book.map(|book| command(topology, &book, &host.name)) }
            }
            None => match topology.deployed_by(path) {
                Some((book, limit)) => {
                    let text = "Deploy the dashboards and alert rules that changed".to_owned();
                    RolloutStep { part: Part::Queries, text, command: Some(command(topology, &book, &limit)) }
                }
                None => continue,
            },
        };
        if !out.contains(&step) {
            out.push(step);
        }
    }
    out.sort_by_key(|step| step.part);
    out
}

/// The rollout of several services at once, in the order that loses no line of any: what one deployment does for all of
/// them is done once.
pub fn together<'p>(plans: impl IntoIterator<Item = &'p Plan>) -> Vec<RolloutStep> {
    let mut out: Vec<RolloutStep> = Vec::new();
    for step in plans.into_iter().flat_map(|plan| &plan.rollout) {
        if !out.contains(step) {
            out.push(step.clone());
        }
    }
    out.sort_by_key(|step| step.part);
    out
}

/// What selects the moved lines and nothing else: `service`, and the host where streams carry it.
fn new_selector(on: &Host, moved: &Move) -> String {
    let host = Label::Known(moved.host.clone());
    let listeners = || moved.going.iter().chain(&moved.staying).filter_map(|&index| on.listeners.get(index));
    let mut streams = listeners().flat_map(|listener| moved.images_of(listener));
    let named = streams.all(|stream| stream.labels.get("hostname") == Some(&host));
    let host = if named { format!(", hostname={}", proof::quoted(&moved.host)) } else { String::new() };
    format!("{{service={}{host}}}", proof::quoted(&moved.project))
}

/// The commands that deploy what was edited besides the Compose file and the Alloy configurations.
fn query_commands(topology: &Topology, compose: &RepoPath, edits: &BTreeMap<RepoPath, Edits>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let is_alloy = |path: &RepoPath| topology.alloy.iter().any(|config| config.source.path == *path);
    for path in edits.keys().filter(|path| *path != compose && !is_alloy(path)) {
        let line = topology.deployed_by(path).map(|(book, host)| command(topology, &book, &host));
        out.extend(line.filter(|line| !out.contains(line)));
    }
    out
}

/// The command line, as typed in the folder of `ansible.cfg`.
fn command(topology: &Topology, playbook: &str, limit: &str) -> String {
    let root = topology.ansible_root();
    let book = playbook.strip_prefix(&root).unwrap_or(playbook).trim_start_matches('/');
    let mut words = vec!["ansible-playbook".to_owned(), shell::path(book).into_owned()];
    if !limit.is_empty() {
        words.extend(shell::option("--limit", limit));
    }
    shell::command(&words)
}
