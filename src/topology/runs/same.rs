//! Which hosts are what they were before an edit: everything they were worked out from is the same object.
//!
//! Knows: what a host is worked out from. Must not know: how. Whatever this does not see to be the same is worked out anew.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::super::deployments::written::Written;
use super::super::{Topology, hosts, values};
use super::{Host, configs};
use crate::text::Source;

/// What one host was worked out from, beside what all have in common.
#[derive(Clone, Debug)]
pub(super) struct Inputs {
    scope: Option<Arc<values::Scope>>,
    /// Every file that its tasks are seen to write.
    files: Vec<Arc<Source>>,
    /// The Alloy configurations among them, by index.
    pub(super) configs: BTreeSet<usize>,
}

impl Inputs {
    pub(super) fn of(topology: &Topology, host: &hosts::Host, written: &[Written<'_>]) -> Self {
        let mut files: Vec<Arc<Source>> = written.iter().map(|one| Arc::clone(&one.file)).collect();
        files.dedup_by(|one, other| Arc::ptr_eq(one, other));
        Self { scope: host.scope().cloned(), files, configs: configs::told(topology, written) }
    }
}

/// Whether what all hosts have in common is the same: the paths of files, the plays (and with them the tasks, the hosts and
/// their groups), the paths of configurations.
pub(super) fn frame(before: &Topology, topology: &Topology) -> bool {
    let mut configs = before.alloy.iter().zip(&topology.alloy);
    before.snapshot.has_paths_of(&topology.snapshot)
        && Arc::ptr_eq(&before.plays, &topology.plays)
        && before.alloy.len() == topology.alloy.len()
        && configs.all(|(had, has)| had.source.path == has.source.path)
}

/// The configurations that tasks were seen to write to some host, by index.
pub(super) fn told(before: &Topology) -> BTreeSet<usize> {
    before.hosts.iter().flat_map(|host| &host.from.configs).copied().collect()
}

/// The host at `index`, when it is what it was; the [`frame`] is the same.
pub(super) fn host(before: &Topology, topology: &Topology, (index, host): (usize, &hosts::Host)) -> Option<Arc<Host>> {
    let known = before.hosts.get(index).filter(|known| known.name == host.name)?;
    let (had, has) = (known.from.scope.as_ref()?, host.scope()?);
    let config =
        |topology: &Topology, index: usize| topology.alloy.get(index).map(|config| Arc::as_ptr(&config.source));
    let same = Arc::ptr_eq(had, has)
        && !has.beyond.load(Ordering::Relaxed)
        && known.from.files.iter().all(|file| topology.snapshot.holds(file))
        && known.deployments.iter().all(|deployment| deployment.written_by.is_some())
        && known.configs.iter().all(|one| config(before, one.config) == config(topology, one.config));
    same.then(|| Arc::clone(known))
}
