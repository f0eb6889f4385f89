//! Docker-socket sources as they are on one host: whether they are there, which engine they read, and the labels they give.
//!
//! Knows: conditions around blocks, `host`, relabel rules. Must not know: what moves.

use super::super::alloy::{self, Config};
use super::super::deployments::written::Done;
use super::super::flow::Plumbing;
use super::super::relabel::{self, Labels, Rule};
use super::super::{Label, Scope, Topology, compose};
use super::Assigned;

/// A Docker-socket source that is there on a host, or may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// Index in [`Topology::alloy`].
    config: usize,
    /// Index in [`Config::sockets`].
    socket: usize,
    /// The condition on which it hangs and that cannot be told.
    pub unsure: Option<String>,
    /// The engine it reads.
    pub engine: Which,
}

/// Which engine a source reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// The host's own, by its usual socket, or by an address of the host.
    Own,
    /// The socket of another one.
    Other(String),
    /// It cannot be told.
    Unclear(String),
}

impl InForce {
    /// The source and its configuration.
    pub fn of<'a>(&self, configs: &'a [Config]) -> Option<(&'a Config, &'a alloy::Socket)> {
        let config = configs.get(self.config)?;
        Some((config, config.sockets.get(self.socket)?))
    }
}

/// The sources of `configs` on the host of `scope`: without those in an arm of a template that is not in force here.
pub(super) fn of(topology: &Topology, configs: &[Assigned], scope: &Scope<'_>, done: &Done<'_>) -> Vec<InForce> {
    let mut out = Vec::new();
    for assigned in configs {
        let Some(config) = topology.alloy.get(assigned.config) else { continue };
        let scope = assigned.by.and_then(|by| done.written.get(by)).map_or(scope, |by| &by.scope);
        for (index, socket) in config.sockets.iter().enumerate().filter(|(_, one)| !scope.is_false(&one.when)) {
            let unsure = socket.when.iter().find(|one| !scope.is_false(&[format!("not ({one})")])).cloned();
            let engine = which(socket, scope);
            out.push(InForce { config: assigned.config, socket: index, unsure, engine });
        }
    }
    out
}

fn which(socket: &alloy::Socket, scope: &Scope<'_>) -> Which {
    let engine = |text: &Option<alloy::Text>| {
        let Some(text) = text else { return Which::Unclear("a computed address".to_owned()) };
        scope.resolve(&text.raw).map_or_else(|| Which::Unclear(text.raw.clone()), |text| engine(&text))
    };
    let mut all: Vec<Which> = socket.engines.iter().map(engine).filter(|one| *one != Which::Own).collect();
    all.sort_by_key(|one| matches!(one, Which::Unclear(_)));
    all.into_iter().next().unwrap_or(Which::Own)
}

/// Which engine an address means.
pub fn engine(address: &str) -> Which {
    match address.split_once("://") {
        Some(("unix", "/var/run/docker.sock" | "/run/docker.sock")) => Which::Own,
        Some(("unix", _)) => Which::Other(address.to_owned()),
        Some(("tcp" | "http" | "https", rest)) if rest.starts_with("127.") || rest.starts_with("localhost") => {
            Which::Own
        }
        _ => Which::Unclear(address.to_owned()),
    }
}

/// A Docker-socket block on one host: its rules with their templates filled in.
#[derive(Clone, Debug)]
pub struct SocketRules {
    discovery: Vec<Rule>,
    own: Vec<Rule>,
    labels: Labels,
    /// What a rule may read of any container beside what is known.
    hidden: Labels,
}

impl SocketRules {
    /// Those of `socket`.
    ///
    /// # Errors
    /// When the block's rules, or its own labels, cannot be evaluated.
    pub fn of(socket: &alloy::Socket, plumbing: &Plumbing<'_>) -> Result<Self, String> {
        let discovery = plumbing.filled(socket.rules.as_ref().map_err(Clone::clone)?);
        let own = plumbing.filled(socket.relabel.as_ref().map_err(Clone::clone)?);
        if matches!(socket.labels, alloy::LabelMap::Computed(_)) {
            return Err("the labels of the Docker-socket block cannot be computed".into());
        }
        // Whatever else a rule reads of the container may be there.
        let read = discovery.iter().chain(&own).flat_map(|rule| &rule.source_labels);
        let hidden = read.filter(|name| name.starts_with("__")).map(|name| (name.clone(), Label::Unknown)).collect();
        Ok(Self { discovery, own, labels: plumbing.labels(&socket.labels), hidden })
    }

    /// The labels of a container's lines as they leave the block; `None` when its rules drop the container. Where it cannot
    /// be told whether they do, it may stay or not.
    ///
    /// # Errors
    /// When it may not, or a rule cannot be evaluated.
    pub fn labels(&self, project: &str, service: &compose::Service, may_stay: bool) -> Result<Option<Labels>, String> {
        let meta = self.meta(project, service);
        let Some(mut labels) = relabel::apply(&self.discovery, meta, may_stay).map_err(|error| error.0)? else {
            return Ok(None);
        };
        labels.extend(self.labels.clone());
        let Some(mut labels) = relabel::apply(&self.own, labels, may_stay).map_err(|error| error.0)? else {
            return Ok(None);
        };
        labels.retain(|name, _| !name.starts_with("__"));
        Ok(Some(labels))
    }

    /// Which rule is known to drop this container, with its place among those between discovery and source and those of
    /// the source, in this order.
    pub fn dropped_by(&self, project: &str, service: &compose::Service) -> Option<(usize, &Rule)> {
        let meta = self.meta(project, service);
        let first = |rules: &[Rule], labels: &Labels| {
            let drops = |count: &usize| matches!(relabel::apply(&rules[..*count], labels.clone(), true), Ok(None));
            (1..=rules.len()).find(drops).map(|count| count - 1)
        };
        if let Some(index) = first(&self.discovery, &meta) {
            return Some((index, self.discovery.get(index)?));
        }
        let mut labels = relabel::apply(&self.discovery, meta, true).ok()??;
        labels.extend(self.labels.clone());
        let index = first(&self.own, &labels)?;
        Some((self.discovery.len() + index, self.own.get(index)?))
    }

    /// What rules may read of a container.
    fn meta(&self, project: &str, service: &compose::Service) -> Labels {
        let name = service.container_name.as_ref().filter(|name| !compose::is_unresolved(name));
        let name = name.map(|name| format!("/{name}"));
        let known = [
            ("__meta_docker_container_label_com_docker_compose_project", Label::of(project.to_owned())),
            ("__meta_docker_container_label_com_docker_compose_service", Label::of(service.name.clone())),
            ("__meta_docker_container_name", name.map_or(Label::Unknown, Label::Known)),
        ];
        let mut meta = self.hidden.clone();
        meta.extend(known.map(|(name, value)| (name.to_owned(), value)));
        meta
    }

    /// The same for a container with one more label, which is any of those that nobody writes down.
    #[must_use]
    pub fn with_any_label(&self) -> Self {
        let mut more = self.clone();
        let name = "__meta_docker_container_label_com_docker_compose_version";
        more.hidden.insert(name.to_owned(), Label::Unknown);
        more
    }
}
