//! Repositories made at random, as the judge of rewrites has them, and what may be asked about there.
//!
//! Knows: which jobs, projects and hosts there are. Must not know: what a move does to them.

use super::infra::{Files, Host, Infra};
use super::random::Random;

/// A repository and what it has.
pub(super) struct World {
    pub(super) files: Files,
    /// `job` values of all streams.
    pub(super) jobs: Vec<String>,
    /// Names of all projects.
    pub(super) projects: Vec<String>,
    pub(super) hosts: Vec<String>,
}

impl World {
    pub(super) fn new(random: &mut Random) -> Self {
        let infra = Infra::new(random);
        let each = |names: &mut dyn Iterator<Item = String>| {
            let mut all: Vec<String> = names.collect();
            all.sort();
            all.dedup();
            all
        };
        Self {
            files: infra.files(),
            jobs: each(&mut infra.jobs().into_iter().map(|(job, _)| job)),
            projects: each(&mut infra.hosts.iter().flat_map(|host| &host.projects).map(|one| one.name.clone())),
            hosts: infra.hosts.iter().map(Host::full).collect(),
        }
    }
}
