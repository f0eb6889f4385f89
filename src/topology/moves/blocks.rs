//! What stops a move, each with the first fact and the way out.
//!
//! Knows: the shapes of issue and survey that must not be moved blindly (real-world V8, A7 to A11, C3, C25, D). Must not
//! know: edits.

use std::collections::BTreeSet;

use super::Request;
use super::{Resolved, assumed, names};
use crate::finding::{Finding, Level};
use crate::snapshot::EntryKind;
use crate::text::Place;
use crate::topology::Topology;
use crate::topology::alloy::{Does, Outlets, Pipe};
use crate::topology::compose::{self, Driver};
use crate::topology::flow::Plumbing;
use crate::topology::runs::{Host, Link, Listener, SocketRules};
use crate::topology::streams::Leaving;

/// Everything that stops this project, worst first. Empty: it can move.
pub(super) fn of(topology: &Topology, host_index: usize, deployment: usize, request: &Request) -> Vec<Finding> {
    let host = &topology.hosts[host_index];
    let mut out = Vec::new();
    out.extend(super::collector::obstacles(topology, host, deployment));
    out.extend(linked(topology, host, deployment));
    out.extend(containers(host, deployment));
    if let Err(finding) = assumed::project(&host.deployments[deployment], request) {
        out.push(*finding);
    }
    out.extend(listeners(topology, host, deployment));
    out.extend(shared_template(topology, (host_index, deployment)));
    out.extend(waiting(topology, host, deployment));
    if host.configs.is_empty() {
        out.insert(0, no_config(topology, host));
    }
    out
}

/// A file that no task is seen to write, beside a symbolic link of Compose: the tasks may well mean the link (X6).
fn linked(topology: &Topology, host: &Host, deployment: usize) -> Option<Finding> {
    let facts = host.deployments[deployment].written_by.is_none().then(|| &host.deployments[deployment])?;
    let link = topology.snapshot.entries.iter().find(|entry| {
        let beside = entry.kind == EntryKind::Symlink && entry.path.folder() == facts.file.path.folder();
        beside && entry.path.name().contains("compose")
    })?;
    let at = Place::new(&facts.file, facts.file.line_at(0));
    Some(blocked("compose/linked", &[("link", link.path.as_str())], Some(at)))
}

pub(super) fn blocked(id: &'static str, values: &[(&str, &str)], at: Option<Place>) -> Finding {
    Finding::told(Level::Blocked, id, values, at)
}

/// No file is the Alloy configuration of the host; it may stand inside a task or a variable (A12).
pub(super) fn no_config(topology: &Topology, host: &Host) -> Finding {
    let values = [("host", host.name.as_str())];
    let holds = |text: &str| text.contains("loki.source.");
    let task = topology.deploys.tasks.iter().find_map(|task| {
        let arg = task.args.iter().find(|arg| holds(&arg.text))?;
        topology.runs_on(task, host).then(|| task.place(arg))
    });
    let variable = || {
        let mut definitions = topology.inventory.get(&host.name)?.definitions();
        definitions.find(|one| holds(one.entry.text())).map(|one| one.value_at.clone())
    };
    match task.or_else(variable) {
        Some(at) => blocked("alloy/inline", &values, Some(first_line(&at))),
        None => blocked("alloy/no-config", &values, None),
    }
}

/// The line a place starts in: a whole file inside a task is too long to show.
pub(super) fn first_line(at: &Place) -> Place {
    Place::new(&at.source, at.source.line_at(at.span.start()))
}

/// The Docker-socket block of the host does not give this project the labels the move relies on.
pub(super) fn socket(topology: &Topology, leaving: Leaving<'_>, why: &str) -> Finding {
    let (host, project) = (&topology.hosts[leaving.host], leaving.project.unwrap_or_default());
    let found = host.socket(&topology.alloy);
    let drops = found.and_then(|(config, socket)| {
        let rules = SocketRules::of(socket, &Plumbing::of(topology, host)).ok()?;
        let services = &host.deployments[leaving.deployment].compose.services;
        let (index, rule) = services.iter().find_map(|service| rules.dropped_by(project, service))?;
        Some((config.place(*socket.rules_at.get(index)?), rule.action == "keep"))
    });
    if let Some((at, keeps)) = drops {
        let id = if keeps { "alloy/socket-keeps" } else { "alloy/socket-drops" };
        return blocked(id, &[("project", project), ("host", &host.name)], Some(at));
    }
    let at = found.map(|(config, socket)| config.place(socket.at));
    blocked("alloy/socket-labels", &[("why", why), ("host", &host.name)], at)
}

/// Where a service of the Compose file stands, as near as its name can be found.
pub(super) fn service_place(host: &Host, deployment: usize, service: usize) -> Place {
    let facts = &host.deployments[deployment];
    let name = &facts.compose.services[service].name;
    let text = facts.file.text().unwrap_or_default();
    let at = text.find(&format!("\n  {name}:")).map_or(0, |at| at + 1);
    Place::new(&facts.file, facts.file.line_at(at))
}

fn containers(host: &Host, deployment: usize) -> Vec<Finding> {
    let facts = &host.deployments[deployment];
    let mut out: Vec<Finding> =
        facts.trouble.iter().map(|finding| Finding { level: Level::Blocked, ..(**finding).clone() }).collect();
    for (index, link) in host.links[deployment].iter().enumerate() {
        let service = &facts.compose.services[index];
        let at = || Some(service_place(host, deployment, index));
        match link {
            _ if *link != Link::None && service.driver == Driver::Default && service.extends_file.is_none() => {
                let daemon = host.daemon.syslog().map(|daemon| daemon.at.clone());
                let values = [("service", service.name.as_str()), ("driver", "syslog")];
                out.push(blocked("compose/daemon-default", &values, daemon));
            }
            Link::Unknown(_) if service.driver == Driver::Default => {
                out.push(blocked("compose/extends-elsewhere", &[("component", &service.name)], at()));
            }
            Link::Nowhere(why) => {
                out.push(blocked("compose/no-listener", &[("component", &service.name), ("why", why)], at()));
            }
            Link::Unknown(text) => {
                let text = text.replace([compose::OPEN, compose::CLOSE], "`");
                out.push(blocked("compose/address-unknown", &[("component", &service.name), ("text", &text)], at()));
            }
            Link::Listener(_) => {
                if service.extends_file.is_some() {
                    out.push(blocked("compose/extends-elsewhere", &[("component", &service.name)], at()));
                }
            }
            Link::None => {}
        }
    }
    if facts.compose.includes {
        out.push(blocked("compose/includes", &[], Some(Place::new(&facts.file, facts.file.line_at(0)))));
    }
    let names_known = facts.compose.services.iter().all(|service| !compose::is_unresolved(&service.name));
    let has_siblings = host.links[deployment].contains(&Link::None);
    if !names_known && has_siblings {
        out.push(blocked("compose/components-unknown", &[], Some(Place::new(&facts.file, facts.file.line_at(0)))));
    }
    out
}

fn listeners(topology: &Topology, host: &Host, deployment: usize) -> Vec<Finding> {
    let mut out = Vec::new();
    let mut seen = Vec::new();
    for link in &host.links[deployment] {
        let Link::Listener(index) = *link else { continue };
        if seen.contains(&index) {
            continue;
        }
        seen.push(index);
        let listener = &host.listeners[index];
        let at = |span| Some(Place::new(&listener.at.source, span));
        if let Some(relabel) = listener.fact.relabel.as_ref().filter(|_| listener.fact.set_by_rules().is_none()) {
            out.push(blocked("alloy/own-rules", &[("what", &relabel.path)], at(relabel.at)));
        }
        match &listener.fact.feeds {
            None => out.push(blocked("alloy/computed-feed", &[], at(listener.fact.component_at))),
            Some(feeds) if !shares_pipeline(topology, host, listener) => {
                for feed in feeds.iter().filter(|feed| !feed.path.starts_with("loki.write.")) {
                    out.push(blocked("alloy/own-pipeline", &[("what", &format!("into `{}`", feed.path))], at(feed.at)));
                }
            }
            Some(_) => {}
        }
        if let Some(tag) = listener.fact.in_loop {
            out.push(blocked("alloy/in-loop", &[], at(tag)));
        }
        let has_unknown_job = || listener.job().is_none() && listener.labels.iter().any(|one| one.contains_key("job"));
        if listener.labels.is_none() || has_unknown_job() {
            out.push(blocked("alloy/labels-computed", &[], at(listener.fact.at)));
        }
        let others: Vec<&str> = topology
            .hosts
            .iter()
            .filter(|other| other.name != host.name)
            .filter(|other| {
                other
                    .listeners
                    .iter()
                    .any(|one| one.at.source.path == listener.at.source.path && one.at.span == listener.at.span)
            })
            .map(|other| other.name.as_str())
            .collect();
        if !others.is_empty() {
            out.push(blocked("alloy/shared-config", &[("hosts", &others.join(", "))], at(listener.fact.at)));
        }
    }
    out
}

/// Whether the Docker-socket source forwards to the very same `loki.process` as the listener, so that its stages take
/// the moved lines in, too. What the stages do with them is looked at when they are rewritten (trap 25).
fn shares_pipeline(topology: &Topology, host: &Host, listener: &Listener) -> bool {
    let Some((_, socket)) = host.socket(&topology.alloy) else { return false };
    let plumbing = Plumbing::of(topology, host);
    let pipes = plumbing.reach(&listener.fact.to).unwrap_or_default();
    let sorted = |outlets: &Outlets| outlets.to.iter().cloned().collect::<BTreeSet<_>>();
    let plain = |pipe: &&Pipe| matches!(pipe.does, Does::Write(_) | Does::Process(_));
    !pipes.is_empty() && pipes.iter().all(plain) && !socket.to.open && sorted(&socket.to) == sorted(&listener.fact.to)
}

/// The same template puts containers on syslog in other places, and an edit would move those too (C25).
fn shared_template(topology: &Topology, own: (usize, usize)) -> Option<Finding> {
    let file = &topology.hosts[own.0].deployments[own.1].file;
    let others = topology.on_syslog(&file.path).iter().filter(|other| **other != own);
    let mut others: Vec<String> = others
        .map(|&(number, index)| {
            let host = &topology.hosts[number];
            let project =
                || host.deployments[index].project.as_ref().map_or("another project", |one| one.name.as_str());
            if number == own.0 { format!("{} (as {})", host.name, project()) } else { host.name.clone() }
        })
        .collect();
    others.dedup();
    others.first()?;
    let values = [("hosts", others.join(", ")), ("path", file.path.as_str().to_owned())];
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let at = file.text().and_then(|text| text.find("syslog")).unwrap_or(0);
    Some(blocked("compose/shared-template", &values, Some(Place::new(file, file.line_at(at)))))
}

/// A task that waits for the listener before it starts the containers would hang for ever (V8).
fn waiting(topology: &Topology, host: &Host, deployment: usize) -> Option<Finding> {
    let ports: Vec<u16> = host.links[deployment]
        .iter()
        .filter_map(|link| match link {
            Link::Listener(index) => host.listeners[*index].port,
            _ => None,
        })
        .collect();
    topology.deploys.tasks.iter().filter(|task| task.module == "wait_for" && topology.runs_on(task, host)).find_map(
        |task| {
            let arg = task.arg("port")?;
            let scopes = topology.scope(host)?.instances(task, &topology.snapshot);
            let waited = |scope: crate::topology::Scope<'_>| {
                let port = scope.resolve(&arg.text)?.parse().ok()?;
                (ports.contains(&port) && !scope.is_false(task.when())).then_some(port)
            };
            let port = scopes.into_iter().find_map(waited)?;
            Some(blocked("compose/wait-for", &[("port", &port.to_string())], Some(task.place(arg))))
        },
    )
}

/// No container of the project is on syslog: it has moved, or its driver comes from elsewhere.
pub(super) fn not_on_syslog(topology: &Topology, host: &Host, deployment: usize, request: &Request) -> Resolved {
    let facts = &host.deployments[deployment];
    if let Some(trouble) = &facts.trouble {
        return Resolved::Blocked(vec![Finding { level: Level::Blocked, ..(**trouble).clone() }]);
    }
    let project = facts.project.as_ref().map_or(request.service.as_str(), |project| project.name.as_str());
    let own: Vec<usize> = (0..host.listeners.len())
        .filter(|&index| host.senders(index).is_empty() && host.fed_by_daemon(index).is_none())
        .filter(|&index| {
            host.listeners[index]
                .job()
                .is_some_and(|job| names::same(job, project) || names::same(job, &request.service))
        })
        .collect();
    let drivers = || facts.compose.services.iter().map(|service| &service.driver);
    let on_default = drivers().len() > 0 && drivers().all(|driver| *driver == Driver::Default);
    if let Some(daemon) = host.daemon.unread().filter(|_| on_default) {
        let driver = daemon.driver.as_deref().unwrap_or_default();
        let values = [("service", project), ("driver", driver)];
        return Resolved::Blocked(vec![blocked("compose/daemon-default", &values, Some(daemon.at.clone()))]);
    }
    if host.socket(&topology.alloy).is_none() {
        let at = Some(Place::new(&facts.file, facts.file.line_at(0)));
        return Resolved::Blocked(vec![blocked(
            "compose/not-on-syslog",
            &[("service", project), ("host", &host.name)],
            at,
        )]);
    }
    let mut left: Vec<Finding> = own
        .into_iter()
        .map(|index| {
            let listener = &host.listeners[index];
            let port = listener.port.map(|port| port.to_string()).unwrap_or_default();
            let values = [("service", project), ("port", port.as_str())];
            Finding::told(Level::Note, "alloy/leftover", &values, Some(listener.at.clone()))
        })
        .collect();
    left.extend(topology.leftover_variables(host, &[project, &request.service]));
    Resolved::Done(left)
}
