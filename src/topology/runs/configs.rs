//! Which Alloy configuration serves which host.
//!
//! Knows: the tasks that write configurations, and the paths they lie under where no task tells. Must not know: what is
//! in them. `alloy-logging`: `<folder>/<hostname_short>/config.alloy.j2` if it exists, else the default one folder up.

use std::collections::{BTreeSet, HashSet};
use std::sync::OnceLock;

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

/// What all hosts have in common where configurations are assigned.
pub(super) struct Common {
    /// Those that tasks are seen to write to some host, by index.
    told: BTreeSet<usize>,
    /// For each configuration whether a part of its path is the name of a host.
    foreign: Vec<bool>,
    /// For each the `hosts:` of the plays with a task that may deploy it, once that is asked for.
    deployed: Vec<OnceLock<BTreeSet<String>>>,
}

impl Common {
    pub(super) fn of(topology: &Topology, told: BTreeSet<usize>) -> Self {
        let hosts = topology.inventory.hosts();
        let names: HashSet<&str> = hosts.flat_map(|host| [host.name.as_str(), host.short()]).collect();
        let foreign = topology.alloy.iter().map(|config| names_any(config, |name| names.contains(name))).collect();
        let deployed = topology.alloy.iter().map(|_| OnceLock::new()).collect();
        Self { told, foreign, deployed }
    }

    /// Whether a play of `host` has a task that may deploy a configuration, going by the names in it.
    fn is_deployed(&self, topology: &Topology, host: &hosts::Host, config: usize) -> bool {
        let patterns = self.deployed[config].get_or_init(|| {
            let path = &topology.alloy[config].source.path;
            let tasks = topology.deploys.tasks.iter().filter(|task| deployments::could_write(task, path));
            tasks.flat_map(|task| task.hosts()).cloned().collect()
        });
        patterns.iter().any(|pattern| topology.plays.selects(pattern, &host.name))
    }
}

/// The configurations of `host`: those that its tasks are seen to write; else those under a folder or name of its own,
/// else those of one of its groups, else those that a task may deploy to it, else a default beside the folders of other
/// hosts. What tasks are seen to write to other hosts is no default.
pub(super) fn assign(
    topology: &Topology,
    host: &hosts::Host,
    written: &[Written<'_>],
    common: &Common,
) -> Vec<Assigned> {
    let seen = seen(topology, host, written);
    if !seen.is_empty() {
        return seen;
    }
    let all = || topology.alloy.iter().enumerate();
    let pick = |wanted: &dyn Fn(usize, &Config) -> bool| -> Vec<Assigned> {
        all()
            .filter(|(index, config)| wanted(*index, config))
            .map(|(config, _)| Assigned { config, by: None, playbook: None })
            .collect()
    };
    let own = pick(&|_, config| names_any(config, |name| name == host.name || name == host.short()));
    if !own.is_empty() {
        return own;
    }
    let foreign = |index: usize| common.foreign[index];
    let is_group = |name: &str| name != "all" && host.groups.iter().any(|group| group == name);
    let group = pick(&|index, config| !foreign(index) && names_any(config, is_group));
    if !group.is_empty() {
        return group;
    }
    let deployed = pick(&|index, _| !foreign(index) && common.is_deployed(topology, host, index));
    if !deployed.is_empty() {
        return deployed;
    }
    // The default lies in the folder above those of the hosts that have their own.
    let folders: Vec<&str> = all()
        .filter(|(index, _)| foreign(*index))
        .filter_map(|(_, config)| config.source.path.folder().rsplit_once('/').map(|(above, _)| above))
        .collect();
    let mut default = pick(&|index, config| folders.contains(&config.source.path.folder()) && !foreign(index));
    if default.is_empty() && topology.alloy.len() == 1 {
        default = pick(&|index, _| !foreign(index));
    }
    default.retain(|one| !common.told.contains(&one.config));
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
    let is_host = |name: &str| name == host.name || name == host.short();
    let own = |config: usize| names_any(&topology.alloy[config], is_host);
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

/// Whether `is` holds for a folder of the path, or for the file name up to a dot.
fn names_any(config: &Config, is: impl Fn(&str) -> bool) -> bool {
    let path = &config.source.path;
    let name = path.name();
    path.segments().any(&is) || name.match_indices('.').any(|(at, _)| is(&name[..at]))
}
