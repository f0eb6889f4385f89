//! The names that places a move concerns may be found by.
//!
//! Knows: services, jobs, variables and components of moves. Must not know: files, or what is done with a name.

use rayon::prelude::*;

use crate::topology::alloy::LabelMap;
use crate::topology::moves::{self, Request, Resolved};
use crate::topology::{Move, Topology};

/// What places that some moves concern may be found by.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Values that `job` may have: services, projects, jobs.
    pub values: Vec<String>,
    /// Variables of listeners.
    pub variables: Vec<String>,
    /// Components of Alloy, by the last part of their names.
    pub components: Vec<String>,
    /// Labels of listeners that the Docker socket does not give alike, `job` aside: queries may ask for them.
    pub labels: Vec<String>,
}

/// What places that these moves concern may be found by.
pub fn names(topology: &Topology, requests: &[Request]) -> Names {
    let of = |request: &Request| match moves::outline(topology, request) {
        Ok(Resolved::Move(moved, _)) => Names::of(topology, request, &moved),
        _ => Names { values: vec![request.service.clone()], ..Names::default() },
    };
    let parts: Vec<Names> = requests.par_iter().map(of).collect();
    let mut names = Names::default();
    for part in parts {
        names.values.extend(part.values);
        names.variables.extend(part.variables);
        names.components.extend(part.components);
        names.labels.extend(part.labels);
    }
    // Hosts by the hundred run the same services.
    for list in [&mut names.values, &mut names.variables, &mut names.components, &mut names.labels] {
        list.sort_unstable();
        list.dedup();
    }
    names
}

impl Names {
    fn of(topology: &Topology, request: &Request, moved: &Move) -> Self {
        let mut values = vec![request.service.clone(), moved.project.clone()];
        values.extend(moved.jobs.iter().cloned());
        let (mut variables, mut components, mut labels) = (Vec::new(), Vec::new(), Vec::new());
        let host = topology.hosts.get(moved.host_index);
        for index in moved.going.iter().chain(&moved.staying) {
            let Some(listener) = host.and_then(|host| host.listeners.get(*index)) else { continue };
            variables.extend(listener.variables.iter().cloned());
            components.extend(listener.fact.component.rsplit('.').next().map(str::to_owned));
            let socket = host.and_then(|host| host.socket(&topology.alloy)).map(|(_, socket)| &socket.labels);
            labels.extend(lost(&listener.fact.labels, socket));
        }
        Self { values, variables, components, labels }
    }

    pub(super) fn lists(&self) -> [&[String]; 4] {
        [&self.values, &self.variables, &self.components, &self.labels]
    }
}

/// The labels of a listener that the Docker socket does not set to the same text.
fn lost(of: &LabelMap, socket: Option<&LabelMap>) -> Vec<String> {
    let LabelMap::Known(all) = of else { return Vec::new() };
    let kept = |name: &str, raw: &str| matches!(socket, Some(LabelMap::Known(list)) if list.iter().any(|(other, text)| other == name && text.raw == raw));
    all.iter().filter(|(name, text)| name != "job" && !kept(name, &text.raw)).map(|(name, _)| name.clone()).collect()
}
