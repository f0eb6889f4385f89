//! Whether a service is on syslog, or may be: what cannot be read stands in the way of nothing unless it may name the driver.
//!
//! Knows: what has to stand in a file, or in one that it names, for its containers to be on syslog. Must not know: what a
//! move needs.

use memchr::memmem;

use super::Service;
use crate::text::Source;
use crate::topology::Topology;
use crate::topology::compose::Driver;
use crate::topology::deployments::Deployment;
use crate::topology::runs::{Host, Link};

/// Whether a service logs to syslog, or may: a listener or task without a project counts.
pub fn is_on_syslog(topology: &Topology, host: &Host, service: &Service) -> bool {
    let Some(index) = service.deployment else { return true };
    let (facts, links) = (&host.deployments[index], &host.links[index]);
    let sends = |link: &Link| matches!(link, Link::Listener(_) | Link::Nowhere(_));
    links.iter().any(sends) || (is_doubtful(facts, links) && may_be(topology, host, facts))
}

/// Whether not all of a service can be read, and what cannot be is nothing that puts it on syslog.
pub fn is_unread(topology: &Topology, host: &Host, service: &Service) -> bool {
    let is = |index: usize| is_doubtful(&host.deployments[index], &host.links[index]);
    service.deployment.is_some_and(is) && !is_on_syslog(topology, host, service)
}

fn is_doubtful(facts: &Deployment, links: &[Link]) -> bool {
    facts.trouble.is_some() || links.iter().any(|link| matches!(link, Link::Unknown(_)))
}

/// Whether a project of which something is not known may be on syslog: its files say the word, or name a file that does;
/// or they leave the driver to something that is not seen, in a repository that names this driver somewhere.
fn may_be(topology: &Topology, host: &Host, facts: &Deployment) -> bool {
    let services = &facts.compose.services;
    let by_daemon =
        host.daemon.other().is_some_and(|one| one.driver.as_deref().is_none_or(|driver| driver == "syslog"));
    if by_daemon || services.iter().any(|service| matches!(service.driver, Driver::Syslog(_))) {
        return true;
    }
    let speaking = topology.holding(&["syslog"]);
    let speaks = |file: &Source| {
        speaking.iter().any(|one| one.path == file.path || has(file, one.path.name().trim_end_matches(".j2")))
    };
    if facts.files.iter().any(|file| speaks(file)) {
        return true;
    }
    let left_open = |file: &Source| ["logging", "log_driver", "log-driver"].iter().any(|word| has(file, word));
    let elsewhere = |file: &str| {
        let name = file.rsplit('/').next().unwrap_or(file);
        !topology.snapshot.sources().any(|one| one.path.name().trim_end_matches(".j2") == name)
    };
    let is_open = facts.files.iter().any(|file| left_open(file))
        || services.iter().any(|service| {
            matches!(service.driver, Driver::Unknown(_)) || service.extends_file.as_deref().is_some_and(elsewhere)
        });
    is_open && speaking.iter().any(|file| names_driver(file))
}

fn has(file: &Source, word: &str) -> bool {
    memmem::find(file.bytes(), word.as_bytes()).is_some()
}

/// Whether a file may name the driver: on a line about one, or as the whole of a value.
fn names_driver(file: &Source) -> bool {
    let is_value = |line: &str| {
        let value = line.rsplit([':', '=']).next().unwrap_or(line).trim_start_matches("- ");
        value.trim_matches([' ', '\t', '"', '\'', ',', '}', ']', '-']) == "syslog"
    };
    let lines = file.text().unwrap_or_default().lines().filter(|line| line.contains("syslog"));
    lines.into_iter().any(|line| line.contains("driver") || line.contains("syslog-address") || is_value(line))
}
