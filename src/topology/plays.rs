//! Which hosts the plays select, and with them the tasks that run on each.
//!
//! Knows: patterns of hosts. Must not know: what a task does.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::Topology;
use super::deploys::{Deploys, Task};
use super::hosts::Inventory;

/// Which hosts the plays select. A few patterns stand in front of many tasks.
#[derive(Debug, Default)]
pub(super) struct Plays {
    /// By pattern, the names of its hosts.
    pub(super) hosts: HashMap<String, BTreeSet<String>>,
    /// The tasks that run on each host, in their order.
    pub(super) tasks: HashMap<String, Vec<Arc<Task>>>,
    /// Whether a pattern hangs on variables of hosts.
    is_templated: bool,
}

impl Plays {
    /// Those of `before`, where they hang on nothing else than it did.
    pub(super) fn again(inventory: &Inventory, deploys: &Deploys, before: Option<&Topology>) -> Arc<Self> {
        let same = |before: &&Topology| {
            !before.plays.is_templated
                && Arc::ptr_eq(&before.deploys.tasks, &deploys.tasks)
                && before.inventory.same_hosts(inventory)
        };
        before.filter(same).map_or_else(|| Arc::new(Self::of(inventory, deploys)), |before| Arc::clone(&before.plays))
    }

    fn of(inventory: &Inventory, deploys: &Deploys) -> Self {
        let mut plays = Self::default();
        for pattern in deploys.tasks.iter().flat_map(|task| task.hosts()) {
            if !plays.hosts.contains_key(pattern) {
                plays.hosts.insert(pattern.clone(), Self::select(inventory, pattern));
                plays.is_templated |= pattern.contains("hostvars");
            }
        }
        for task in &*deploys.tasks {
            let hosts: BTreeSet<&String> =
                task.hosts().iter().filter_map(|pattern| plays.hosts.get(pattern)).flatten().collect();
            for host in hosts {
                plays.tasks.entry(host.clone()).or_default().push(Arc::clone(task));
            }
        }
        plays
    }

    fn select(inventory: &Inventory, pattern: &str) -> BTreeSet<String> {
        let hosts = inventory.hosts_of(pattern).unwrap_or_else(|| inventory.hosts_filled(pattern));
        hosts.into_iter().map(|host| host.name.clone()).collect()
    }
}
