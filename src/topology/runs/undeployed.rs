//! Compose files that no task writes to a host: where they run is told by their folder, or by the port they send to.
//!
//! Knows: paths that name a host, and ports of listeners. Must not know: playbooks.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::Topology;
use super::super::deployments::{self, Deployment};
use super::{Host, Link, link};
use crate::text::{RepoPath, Source};

/// Each such file with the host it runs on, by index. A file that nothing ties to a host is not there, unless it was seen
/// to run on one `before` an edit.
pub(super) fn find(topology: &Topology, hosts: &[Arc<Host>], before: &[Arc<Host>]) -> Vec<(usize, Deployment)> {
    let assumed: Vec<(&str, &RepoPath)> = before
        .iter()
        .flat_map(|host| {
            let files = host.deployments.iter().filter(|deployment| deployment.written_by.is_none());
            files.map(|deployment| (host.name.as_str(), &deployment.file.path))
        })
        .collect();
    let deployed: BTreeSet<&RepoPath> = hosts
        .iter()
        .flat_map(|host| &host.deployments)
        .flat_map(|deployment| &deployment.files)
        .map(|file| &file.path)
        .collect();
    let mut out = Vec::new();
    for (file, speaks) in topology.composes.iter() {
        let is_assumed = |host: &Arc<Host>| assumed.contains(&(host.name.as_str(), &file.path));
        if deployed.contains(&file.path) || is_apart(file) {
            continue;
        }
        if !speaks.of_syslog && !hosts.iter().any(is_assumed) {
            continue;
        }
        // What is no template says the same on every host.
        let defaults = topology.inventory.defaults_beside(&file.path);
        let mut plain: Option<Option<Deployment>> = None;
        let named: Vec<usize> = (0..hosts.len()).filter(|&host| names(file.path.folder(), &hosts[host])).collect();
        // It is called after a folder that is not called after a host.
        let folder = Some(file.path.folder()).filter(|folder| {
            let last = folder.rsplit('/').next().unwrap_or(folder);
            !hosts.iter().any(|host| names(last, host))
        });
        for (index, host) in hosts.iter().enumerate() {
            if !named.is_empty() && !named.contains(&index) {
                continue;
            }
            // Nothing it says could tie it to this host.
            if named.is_empty() && host.listeners.is_empty() && !is_assumed(host) {
                continue;
            }
            let Some(scope) = topology.scope(host).map(|scope| scope.above(&defaults)) else { continue };
            let found = if deployments::is_template(file) {
                deployments::undeployed(&scope, file, folder)
            } else {
                plain.get_or_insert_with(|| deployments::undeployed(&scope, file, folder)).clone()
            };
            let Some(deployment) = found else { continue };
            let sends = deployment
                .compose
                .services
                .iter()
                .any(|service| matches!(link(&service.driver, &host.listeners, &host.name), Link::Listener(_)));
            if sends || !named.is_empty() || is_assumed(host) {
                out.push((index, deployment));
            }
        }
    }
    out
}

/// Whether a folder of the path is the host.
fn names(folder: &str, host: &Host) -> bool {
    let short = host.name.split('.').next().unwrap_or(&host.name);
    folder.split('/').any(|part| part == host.name || part == short)
}

/// Folders that nobody deploys (real-world X5).
fn is_apart(file: &Source) -> bool {
    file.path.folder().split('/').any(|part| {
        matches!(part, "molecule" | "tests" | "test" | "examples" | "example" | "archive" | "archived" | ".github")
    })
}
