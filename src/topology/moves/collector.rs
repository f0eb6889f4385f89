//! What of the collection on a host would lose, double or refuse the lines of a move.
//!
//! Knows: tasks that leave containers as they are, and Docker-socket sources whose lines do not arrive as the listener's
//! did. Must not know: edits.

use std::collections::BTreeSet;

use super::Move;
use super::blocks::{blocked, first_line, service_place};
use crate::finding::{Finding, Level};
use crate::text::Place;
use crate::topology::alloy::{Config, Does, Socket, Stage, Touches};
use crate::topology::compose::Service;
use crate::topology::deploys::{Layer, Task};
use crate::topology::flow::{self, Plumbing, hits};
use crate::topology::relabel::Labels;
use crate::topology::runs::{Host, SocketRules, Which, engine};
use crate::topology::{Topology, files};

/// Stages that throw lines away, or send them where nobody asks for them.
const LOSING: [&str; 4] = ["stage.drop", "stage.limit", "stage.sampling", "stage.tenant"];
/// Stages that make another line of one, or of several, or give it another time.
const CHANGING: [&str; 7] = [
    "stage.decolorize",
    "stage.multiline",
    "stage.output",
    "stage.pack",
    "stage.replace",
    "stage.timestamp",
    "stage.truncate",
];

/// What must be settled before this project can move.
pub(super) fn obstacles(topology: &Topology, host: &Host, deployment: usize) -> Vec<Finding> {
    let facts = &host.deployments[deployment];
    let mut out = Vec::new();
    if let Some(at) = &facts.stack {
        out.push(blocked("compose/swarm", &[], Some(first_line(at))));
    }
    let Some((one, (config, socket))) = host.first_socket().and_then(|one| Some((one, one.of(&topology.alloy)?)))
    else {
        out.extend(new_blocks(topology, host));
        return out;
    };
    let at = || Some(config.place(socket.at));
    if let Some(condition) = &one.unsure {
        out.push(blocked("alloy/socket-unsure", &[("condition", condition), ("host", &host.name)], at()));
    }
    let own = facts.engine.as_deref().map_or(Which::Own, engine);
    match (&one.engine, &own) {
        (Which::Other(engine), _) if *engine != facts.engine.as_deref().unwrap_or_default() => {
            out.push(blocked(
                "alloy/other-engine",
                &[("engine", engine), ("service", &facts.file.path.to_string())],
                at(),
            ));
        }
        (Which::Own, Which::Other(engine)) => {
            out.push(blocked("alloy/engine-of-project", &[("engine", engine)], at()));
        }
        _ => {}
    }
    out
}

/// What stands against new Docker-socket blocks: a module that may read the socket already, and other hosts that would
/// get the blocks, too.
fn new_blocks(topology: &Topology, host: &Host) -> Vec<Finding> {
    let mut out = Vec::new();
    for config in configs(topology, host) {
        for (component, at) in &config.modules {
            out.push(blocked("alloy/module", &[("component", component)], Some(config.place(*at))));
        }
    }
    let Some(config) = configs(topology, host).find(|config| !config.listeners.is_empty()) else { return out };
    let has = |other: &&std::sync::Arc<Host>| {
        other.name != host.name && configs(topology, other).any(|one| one.source.path == config.source.path)
    };
    let others: Vec<&str> = topology.hosts.iter().filter(has).map(|other| other.name.as_str()).collect();
    if !others.is_empty() {
        let at = config.listeners.first().map(|listener| config.place(listener.at));
        out.push(blocked("alloy/shared-config", &[("hosts", &others.join(", "))], at));
    }
    out
}

fn configs<'t>(topology: &'t Topology, host: &Host) -> impl Iterator<Item = &'t Config> {
    host.configs.iter().filter_map(|one| topology.alloy.get(one.config))
}

/// What a person has to look at, and what is worth knowing, of the collection of what moves.
pub(super) fn notes(topology: &Topology, host: &Host, moved: &Move) -> Vec<Finding> {
    let facts = &host.deployments[moved.deployment];
    let mut out = Vec::new();
    let mut tell = |level, id, values: &[(&str, &str)], at| out.push(Finding::told(level, id, values, Some(at)));
    if let Some(at) = &facts.kept {
        tell(Level::Review, "compose/kept", &[("service", &moved.service)], first_line(at));
    }
    let alloy = in_a_container(host);
    if let Some(at) = &alloy {
        tell(Level::Review, "alloy/socket-not-mounted", &[], at.clone());
    }
    let Some((one, (config, socket))) = host.first_socket().and_then(|one| Some((one, one.of(&topology.alloy)?)))
    else {
        if alloy.is_none() && !may_read(topology, host) {
            let at = configs(topology, host).find_map(|one| Some(one.place(one.listeners.first()?.component_at)));
            out.push(Finding::told(
                Level::Review,
                "alloy/socket-permission",
                &[("host", &host.name)],
                at.as_ref().map(first_line),
            ));
        }
        return out;
    };
    for config in configs(topology, host) {
        for (component, at) in &config.modules {
            tell(Level::Review, "alloy/module-beside", &[("component", component)], config.place(*at));
        }
    }
    if let Which::Unclear(engine) = &one.engine {
        tell(Level::Review, "alloy/engine-unclear", &[("engine", engine)], config.place(socket.at));
    }
    out.extend(lines(topology, host, moved, (config, socket)));
    out
}

/// What happens to the lines on their way from the socket to Loki, that did not happen on the way from the listener.
fn lines(topology: &Topology, host: &Host, moved: &Move, (config, socket): (&Config, &Socket)) -> Vec<Finding> {
    let plumbing = Plumbing::of(topology, host);
    let mut out = Vec::new();
    let concerned: Vec<_> = moved.going.iter().chain(&moved.staying).map(|&index| &host.listeners[index]).collect();
    let reached = |to| plumbing.reach(to).unwrap_or_default();
    let old: Vec<_> = concerned.iter().flat_map(|listener| reached(&listener.fact.to)).collect();
    let new = reached(&socket.to);
    let ends = |pipes: &[&crate::topology::alloy::Pipe]| -> BTreeSet<String> {
        pipes.iter().filter(|pipe| matches!(pipe.does, Does::Write(_))).map(|pipe| pipe.id.clone()).collect()
    };
    let (before, after) = (ends(&old), ends(&new));
    if !before.is_subset(&after) && !after.is_empty() {
        let names = |ends: BTreeSet<String>| ends.into_iter().collect::<Vec<_>>().join(", ");
        let (before, after) = (names(before), names(after));
        let values = [("old", before.as_str()), ("new", after.as_str())];
        out.push(Finding::told(Level::Review, "alloy/other-receiver", &values, Some(config.place(socket.at))));
    }
    let Ok(rules) = SocketRules::of(socket, &plumbing) else { return out };
    let labels: Vec<Labels> =
        services(host, moved).filter_map(|it| rules.labels(&moved.project, it, false).ok()?).collect();
    for pipe in new.iter().filter(|pipe| !old.iter().any(|one| one.id == pipe.id)) {
        let Does::Process(stages) = &pipe.does else { continue };
        let mut passed = Vec::new();
        for labels in &labels {
            pass(stages, labels, &plumbing, &mut passed, 0);
        }
        let home = configs(topology, host).find(|config| config.pipes.iter().any(|one| one.id == pipe.id));
        for (names, level, id) in
            [(&LOSING[..], Level::Review, "alloy/stages-lose"), (&CHANGING[..], Level::Note, "alloy/stages-change")]
        {
            let found: Vec<&Stage> = passed.iter().copied().filter(|stage| is_of(stage, names)).collect();
            let list: BTreeSet<String> = found.iter().map(|stage| format!("`{}`", stage.name)).collect();
            let at = home.zip(found.first()).map(|(config, stage)| first_line(&config.place(stage.at)));
            if at.is_some() {
                let list: Vec<String> = list.into_iter().collect();
                out.push(Finding::told(level, id, &[("stages", &list.join(", "))], at));
            }
        }
    }
    let any = rules.with_any_label();
    let arrive = |rules: &SocketRules, service: &Service| {
        let left = rules.labels(&moved.project, service, false).ok()??;
        let names = flow::merged(plumbing.arrive(&socket.to, &left))?.into_keys();
        Some(names.collect::<BTreeSet<_>>())
    };
    if services(host, moved).any(|service| arrive(&any, service) != arrive(&rules, service)) {
        out.push(Finding::told(Level::Review, "alloy/labelmap", &[], Some(config.place(socket.at))));
    }
    out
}

fn services<'h>(host: &'h Host, moved: &'h Move) -> impl Iterator<Item = &'h Service> {
    let services = host.deployments[moved.deployment].compose.services.iter();
    services.filter(|service| moved.components.contains(&service.name))
}

/// Whether a stage is of these kinds; a `stage.match` that drops lines is of those that lose.
fn is_of(stage: &Stage, names: &[&str]) -> bool {
    let drops = matches!(stage.touches, Touches::Match { drop: true, .. });
    names.contains(&stage.name.as_str()) || (drops && names.contains(&"stage.drop"))
}

/// The stages that lines with these labels may pass.
fn pass<'s>(stages: &'s [Stage], labels: &Labels, plumbing: &Plumbing<'_>, out: &mut Vec<&'s Stage>, depth: usize) {
    for stage in stages.iter().filter(|_| depth < 16) {
        if let Touches::Match { selector, .. } = &stage.touches {
            let selector = selector.as_ref().and_then(|text| plumbing.filled_selector(&text.raw));
            if selector.is_some_and(|selector| hits(&selector, labels) == Some(false)) {
                continue;
            }
        }
        if !out.iter().any(|one| one.at == stage.at) {
            out.push(stage);
        }
        pass(&stage.inner, labels, plumbing, out, depth + 1);
    }
}

/// The Compose service that is Alloy itself and has no socket of Docker to read.
fn in_a_container(host: &Host) -> Option<Place> {
    let is_alloy = |service: &Service| service.image.as_deref().is_some_and(|image| image.contains("grafana/alloy"));
    host.deployments.iter().enumerate().find_map(|(index, deployment)| {
        let service = deployment.compose.services.iter().position(|one| is_alloy(one) && !one.has_socket)?;
        let at = service_place(host, index, service);
        // Another way to the engine is an address of its own.
        (!host.sockets.iter().any(|one| matches!(one.engine, Which::Unclear(_)))).then_some(at)
    })
}

/// Whether something in the repository lets Alloy read the Docker socket of a host: a group, or another user.
fn may_read(topology: &Topology, host: &Host) -> bool {
    let by_name = |name: &str, text: &str| {
        name.contains("alloy") && ((name.contains("group") && text.contains("docker")) || text.trim().ends_with("root"))
    };
    let by_variable = || {
        let variables = topology.inventory.get(&host.name);
        variables.is_some_and(|host| host.definitions().any(|one| by_name(&one.name, one.value_at.text())))
    };
    let by_task = |task: &Task| {
        let has = |words: &[&str]| task.args.iter().any(|arg| words.iter().any(|word| arg.text.contains(word)));
        let layer = |layer: &Layer| matches!(layer, Layer::Var(name, value) if by_name(name, &value.to_string()));
        let given = || {
            let file = task.text(&["src"]).and_then(|src| files::source(task, src, &topology.snapshot));
            let text = file.as_ref().and_then(|file| file.text()).unwrap_or_default();
            ["SupplementaryGroups", "User=root"].iter().any(|word| text.contains(word) || has(&[*word]))
        };
        let by_module = match task.module.as_str() {
            "user" => task.args.iter().any(|arg| arg.name == "groups" && arg.text.contains("docker")),
            "command" | "shell" | "raw" => {
                has(&["usermod", "gpasswd", "adduser", "addgroup", "setfacl"]) && has(&["docker"])
            }
            "acl" => has(&["docker.sock"]),
            _ => has(&["alloy"]) && given(),
        };
        by_module || task.layers().any(layer)
    };
    by_variable() || topology.tasks_on(&host.name).iter().any(|task| by_task(task))
}
