//! What to do next, from where the services stand.
//!
//! Knows: the order in which a person wants to go on. Must not know: how a command line is written.

use std::collections::BTreeMap;

use super::{HostFacts, Row, State};
use crate::plan::{Holds, branch_name};

/// How many branches or hosts are named one by one.
const MOST: usize = 3;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// What and why, one sentence without a full stop.
    pub text: String,
    /// What to type for it, if there is a command.
    pub step: Option<Step>,
}

/// A command, not written out yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Migrate one service on one host.
    Migrate {
        /// The service.
        service: String,
        /// The host.
        host: String,
        /// Whether its branch is made anew.
        replace: bool,
    },
    /// Migrate all services of a host that can move.
    All {
        /// The host.
        host: String,
    },
    /// Take out what is left over on a host.
    Prune {
        /// The host.
        host: String,
    },
    /// Look at a branch.
    Review {
        /// The branch.
        branch: String,
    },
    /// Write the example repository.
    Demo,
}

/// What to do next, the best first.
pub(super) fn of(base: &str, hosts: &[HostFacts], rows: &[Row]) -> Vec<Next> {
    if hosts.is_empty() {
        let text = "give the repository that holds the Ansible inventory with -C DIR, or try an example first";
        return vec![Next { text: text.to_owned(), step: Some(Step::Demo) }];
    }
    let mut list = Vec::new();
    list.extend(smallest(rows));
    list.extend(whole_hosts(rows));
    list.extend(branches(base, rows));
    list.extend(pruned(rows));
    if list.is_empty() {
        list.push(rest(rows));
    }
    list
}

fn smallest(rows: &[Row]) -> Option<Next> {
    let ready = rows.iter().filter(|row| row.state == State::Ready);
    let sized = ready.filter_map(|row| Some((row.touch?, row)));
    let (touch, row) = sized.min_by_key(|(touch, _)| (touch.size(), touch.brings_blocks))?;
    let blocks = if touch.brings_blocks { ", and brings the Docker-socket blocks" } else { "" };
    Some(Next {
        text: format!(
            "the smallest move: {}, {} places left for you to decide{blocks}",
            edits(touch.edits),
            touch.to_decide()
        ),
        step: Some(Step::Migrate { service: row.service.clone(), host: row.short_host.clone(), replace: false }),
    })
}

fn edits(count: usize) -> String {
    format!("{count} {}", if count == 1 { "edit" } else { "edits" })
}

/// Hosts on which several services are ready, those with the most first.
fn whole_hosts(rows: &[Row]) -> Vec<Next> {
    let mut ready: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.state == State::Ready) {
        *ready.entry(&row.short_host).or_default() += 1;
    }
    let mut several: Vec<(&str, usize)> = ready.into_iter().filter(|(_, count)| *count > 1).collect();
    several.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let next = |(host, count): &(&str, usize)| Next {
        text: format!("all {count} that are ready on {host}, one commit each on one branch"),
        step: Some(Step::All { host: (*host).to_owned() }),
    };
    several.iter().take(MOST).map(next).collect()
}

/// Branches that wait for a person, each once.
fn branches(base: &str, rows: &[Row]) -> Vec<Next> {
    let mut list: Vec<Next> = Vec::new();
    for row in rows.iter().filter(|row| row.state == State::OnBranch) {
        let Some(held) = row.branches.first() else { continue };
        let own =
            held.foreign.is_none() && held.branch == branch_name(&row.short_host, Holds::Services(&[&row.service]));
        let next = if held.base != base && own && row.touch.is_some() {
            Next {
                text: format!("make {} anew: it was made from another commit than this one", held.branch),
                step: Some(Step::Migrate { service: row.service.clone(), host: row.short_host.clone(), replace: true }),
            }
        } else {
            Next {
                text: format!("review {} and merge it", held.branch),
                step: Some(Step::Review { branch: held.branch.clone() }),
            }
        };
        if !list.contains(&next) {
            list.push(next);
        }
    }
    list.truncate(MOST);
    list
}

/// Hosts with variables that moves left behind.
fn pruned(rows: &[Row]) -> Vec<Next> {
    let left = |row: &&Row| row.findings.iter().any(|finding| finding.rule == "host_vars/leftover");
    let mut hosts: Vec<&str> = rows
        .iter()
        .filter(|row| row.state == State::Leftovers)
        .filter(left)
        .map(|row| row.short_host.as_str())
        .collect();
    hosts.dedup();
    let next = |host: &&str| Next {
        text: format!("take out what moves left behind on {host}"),
        step: Some(Step::Prune { host: (*host).to_owned() }),
    };
    hosts.iter().take(MOST).map(next).collect()
}

/// When there is nothing to type.
fn rest(rows: &[Row]) -> Next {
    let any = |state: State| rows.iter().any(|row| row.state == state);
    let text = if any(State::Syslog) {
        "clear what the services wait for; then look again"
    } else if any(State::Blocked) {
        "clear what stands in the way, each with its way out; then look again"
    } else if any(State::Leftovers) {
        "all services have moved; what is left over can be deleted"
    } else if rows.is_empty() {
        "nothing to migrate: no container here logs to syslog, and none is read from the Docker socket"
    } else {
        "nothing: all services have moved"
    };
    Next { text: text.to_owned(), step: None }
}
