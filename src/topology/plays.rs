//! Which hosts the plays select, and with them the tasks that run on each.
//!
//! Knows: patterns of hosts. Must not know: what a task does.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::deploys::{Body, Deploys, Task};
use super::hosts::Inventory;
use super::interest::{Interest, Named};
use super::{Topology, daemon};

/// Which hosts the plays select. A few patterns stand in front of many tasks.
#[derive(Debug, Default)]
pub(super) struct Plays {
    /// By pattern, the names of its hosts.
    pub(super) hosts: HashMap<String, BTreeSet<String>>,
    /// The tasks that run on each host. Hosts that the same patterns select share them.
    tasks: HashMap<String, Arc<Tasks>>,
    interest: Interest,
    /// Whether a pattern hangs on variables of hosts.
    is_templated: bool,
}

/// The tasks that run on a host, in their order.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    pub(super) all: Vec<Arc<Task>>,
    /// Those among them that are of interest.
    pub(super) deploy: Vec<Arc<Task>>,
    /// What they say of the Docker daemon.
    pub(super) daemon: daemon::Tasks,
}

impl Plays {
    /// Those of `before`, where they hang on nothing else than it did.
    pub(super) fn again(
        inventory: &Inventory,
        deploys: &Deploys,
        interest: Interest,
        before: Option<&Topology>,
    ) -> Arc<Self> {
        let same = |before: &&Topology| {
            !before.plays.is_templated
                && Arc::ptr_eq(&before.deploys.tasks, &deploys.tasks)
                && before.plays.interest == interest
                && before.inventory.same_hosts(inventory)
        };
        match before.filter(same) {
            Some(before) => Arc::clone(&before.plays),
            None => Arc::new(Self::of(inventory, deploys, interest)),
        }
    }

    /// Whether the `hosts:` of a play selects a host.
    pub(super) fn selects(&self, pattern: &str, host: &str) -> bool {
        self.hosts.get(pattern).is_some_and(|hosts| hosts.contains(host))
    }

    /// The tasks that run on a host; nothing when no play selects it.
    pub(super) fn on(&self, host: &str) -> Option<&Tasks> {
        self.tasks.get(host).map(AsRef::as_ref)
    }

    fn of(inventory: &Inventory, deploys: &Deploys, interest: Interest) -> Self {
        let mut plays = Self::default();
        let mut patterns: BTreeMap<&String, usize> = BTreeMap::new();
        for pattern in deploys.tasks.iter().flat_map(|task| task.hosts()) {
            let number = patterns.len();
            patterns.entry(pattern).or_insert(number);
        }
        // For each host the patterns that select it.
        let mut selected: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for (pattern, number) in &patterns {
            let hosts = Self::select(inventory, pattern);
            for host in &hosts {
                selected.entry(host.clone()).or_default().insert(*number);
            }
            plays.is_templated |= pattern.contains("hostvars");
            plays.hosts.insert((*pattern).clone(), hosts);
        }
        let mut by_pattern: Vec<Vec<usize>> = vec![Vec::new(); patterns.len()];
        for (index, task) in deploys.tasks.iter().enumerate() {
            for number in task.hosts().iter().filter_map(|pattern| patterns.get(pattern)) {
                by_pattern[*number].push(index);
            }
        }
        let named = Named::of(deploys.tasks.iter().map(AsRef::as_ref));
        let mut of_interest: HashMap<*const Body, bool> = HashMap::new();
        let mut is_of_interest =
            |task: &Body| *of_interest.entry(std::ptr::from_ref(task)).or_insert_with(|| interest.has(task, &named));
        let mut shared: HashMap<BTreeSet<usize>, Arc<Tasks>> = HashMap::new();
        for (host, numbers) in selected {
            let tasks = shared.entry(numbers).or_insert_with_key(|numbers| {
                let mut all: Vec<usize> = numbers.iter().flat_map(|number| &by_pattern[*number]).copied().collect();
                all.sort_unstable();
                all.dedup();
                let all: Vec<_> = all.into_iter().filter_map(|index| deploys.tasks.get(index)).cloned().collect();
                let deploy = all.iter().filter(|task| is_of_interest(task)).map(Arc::clone).collect();
                Arc::new(Tasks { daemon: daemon::Tasks::of(&all), deploy, all })
            });
            plays.tasks.insert(host, Arc::clone(tasks));
        }
        Self { interest, ..plays }
    }

    fn select(inventory: &Inventory, pattern: &str) -> BTreeSet<String> {
        let hosts = inventory.hosts_of(pattern).unwrap_or_else(|| inventory.hosts_filled(pattern));
        hosts.into_iter().map(|host| host.name.clone()).collect()
    }
}
