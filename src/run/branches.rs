//! Which branch each plan of a run goes to.
//!
//! Knows: names of hosts and services, what the user asked for. Must not know: git, edits.

use crate::error::{Error, Result};
use crate::plan::{Holds, Plan, Request, Verdict};
use crate::repo::branch_name;
use crate::topology::{Topology, moves};

/// What decides the name of a branch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Naming<'a> {
    /// The name the user wants instead.
    pub(super) named: Option<&'a str>,
    /// Whether each service has a branch of its own.
    pub(super) separate: bool,
    /// The services that were asked for by name, in the order of their commits; `None` for all of a host.
    pub(super) services: Option<&'a [&'a str]>,
}

impl Naming<'_> {
    /// The branch for a service of a host, which is given by its short name.
    ///
    /// # Errors
    /// A name git does not allow.
    pub(super) fn branch(self, host: &str, service: &str) -> Result<String> {
        if let Some(name) = self.named {
            return Ok(name.to_owned());
        }
        match self.services {
            _ if self.separate => branch_name(host, Holds::Services(&[service])),
            Some(services) => branch_name(host, Holds::Services(services)),
            None => branch_name(host, Holds::All),
        }
    }

    /// The branch for what is asked, before it is planned.
    ///
    /// # Errors
    /// An unknown host, or a name git does not allow.
    pub(super) fn of_request(self, topology: &Topology, request: &Request) -> Result<String> {
        let host = &topology.hosts[moves::host(topology, &request.host)?];
        self.branch(&moves::short_host(topology, &host.name), &request.service)
    }

    /// Names of branches, each with its plans by index, in the order of the plans. Plans without commits are on none.
    ///
    /// # Errors
    /// A name git does not allow, or one name for several branches.
    pub(super) fn of(self, plans: &[Plan]) -> Result<Vec<(String, Vec<usize>)>> {
        let mut list: Vec<(String, Vec<usize>)> = Vec::new();
        let mut last = None;
        for (index, plan) in plans.iter().enumerate().filter(|(_, plan)| plan.verdict == Verdict::Ready) {
            // One branch for one move, whichever of its names the host was called by.
            let host = plan.moved.as_ref().map_or(&plan.request.host, |moved| &moved.short_host);
            let service = plan.request.service.as_str();
            let one = (host, self.separate.then_some(service));
            if let Some((_, indices)) = list.last_mut().filter(|_| last == Some(one)) {
                indices.push(index);
            } else {
                list.push((self.branch(host, service)?, vec![index]));
            }
            last = Some(one);
        }
        if let (Some(name), true) = (self.named, list.len() > 1) {
            return Err(Error::usage(format!("`--branch {name}` is one name for {} branches", list.len()))
                .hint("leave it out, or ask for one host and without --separate"));
        }
        Ok(list)
    }
}
