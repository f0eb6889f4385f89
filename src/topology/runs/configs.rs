//! Which Alloy configuration serves which host.
//!
//! Knows: the tasks that write configurations, and the paths they lie under where no task tells. Must not know: what is
//! in them. `alloy-logging`: `<folder>/<hostname_short>/config.alloy.j2` if it exists, else the default one folder up.

use std::collections::BTreeSet;

use super::super::Topology;
use super::super::alloy::Config;
use crate::topology::deployments::written::Written;
use crate::topology::{deployments, hosts};

/// A configuration of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned {
    /// Index in [`Topology::alloy`].
    pub config: usize,
    /// Index of what writes it among what the tasks write, if one does.
    pub(super) by: Option<usize>,
    /// The playbook that writes it, where one is seen to.
    pub playbook: Option<String>,
}

/// The configurations of `host`: those that its tasks are seen to write; else those under a folder or name of its own,
/// else those of one of its groups, else those that a task may deploy to it, else a default beside the folders of other
/// hosts. What tasks are seen to write to other hosts (`told`) is no default.
pub(super) fn assign(
    topology: &Topology,
    host: &hosts::Host,
    written: &[Written<'_>],
    told: &BTreeSet<usize>,
) -> Vec<Assigned> {
    let seen = seen(topology, host, written);
    if !seen.is_empty() {
        return seen;
    }
    let all = || topology.alloy.iter().enumerate();
    let pick = |wanted: &dyn Fn(&Config) -> bool| -> Vec<Assigned> {
        all()
            .filter(|(_, config)| wanted(config))
            .map(|(config, _)| Assigned { config, by: None, playbook: None })
            .collect()
    };
    let own = pick(&|config| names_any(config, &[&host.name, host.short()]));
    if !own.is_empty() {
        return own;
    }
    let names: Vec<&str> = topology.inventory.hosts().flat_map(|other| [other.name.as_str(), other.short()]).collect();
    let foreign = |config: &Config| names_any(config, &names);
    let groups: Vec<&str> = host.groups.iter().map(String::as_str).filter(|group| *group != "all").collect();
    let group = pick(&|config| !foreign(config) && names_any(config, &groups));
    if !group.is_empty() {
        return group;
    }
    let deployed = pick(&|config| !foreign(config) && is_deployed(topology, host, config));
    if !deployed.is_empty() {
        return deployed;
    }
    // The default lies in the folder above those of the hosts that have their own.
    let folders: Vec<&str> = all()
        .filter(|(_, config)| foreign(config))
        .filter_map(|(_, config)| config.source.path.folder().rsplit_once('/').map(|(above, _)| above))
        .collect();
    let mut default = pick(&|config| folders.contains(&config.source.path.folder()) && !foreign(config));
    if default.is_empty() && topology.alloy.len() == 1 {
        default = pick(&|config| !foreign(config));
    }
    default.retain(|one| !told.contains(&one.config));
    default
}

/// The configurations among what tasks are seen to write to a host, by index.
pub(super) fn told(topology: &Topology, written: &[Written<'_>]) -> BTreeSet<usize> {
    written.iter().filter_map(|one| index_of(topology, one)).collect()
}

/// The configuration a task writes, if it is one.
fn index_of(topology: &Topology, one: &Written<'_>) -> Option<usize> {
    topology.alloy.iter().position(|config| config.source.path == one.file.path)
}

/// The configurations that tasks are seen to write. Of several for the same path only one is in force, which hangs on a
/// condition that only Ansible knows: the one under the host's own name, else none of another host's.
fn seen(topology: &Topology, host: &hosts::Host, written: &[Written<'_>]) -> Vec<Assigned> {
    let found: Vec<(usize, usize)> =
        written.iter().enumerate().filter_map(|(by, one)| Some((by, index_of(topology, one)?))).collect();
    let own = |config: usize| names_any(&topology.alloy[config], &[&host.name, host.short()]);
    let mut out: Vec<Assigned> = Vec::new();
    for &(by, config) in &found {
        let dest = &written[by].dest;
        let rivals = || found.iter().filter(|(other, _)| written[*other].dest == *dest && dest.is_some());
        let outdone = !own(config) && rivals().any(|&(_, other)| own(other));
        if !outdone && !out.iter().any(|have| have.config == config) {
            out.push(Assigned { config, by: Some(by), playbook: Some(written[by].task.playbook().to_owned()) });
        }
    }
    out
}

/// Whether a folder of the path, or the file name up to a dot, is one of `names`.
fn names_any(config: &Config, names: &[&str]) -> bool {
    let path = &config.source.path;
    path.segments().any(|segment| {
        names.iter().any(|name| {
            segment == *name
                || segment.strip_prefix(name).is_some_and(|rest| rest.starts_with('.') && segment == path.name())
        })
    })
}

fn is_deployed(topology: &Topology, host: &hosts::Host, config: &Config) -> bool {
    topology
        .deploys
        .tasks
        .iter()
        .any(|task| deployments::could_write(task, &config.source.path) && topology.runs_on_host(task, &host.name))
}
