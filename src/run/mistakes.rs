//! Names that are typed where they do not belong: what was meant by them, going by the hosts and services there are.
//!
//! Knows: [`Topology`], what was typed. Must not know: options (`cli::mistakes`).

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::cli::{self, Migrate, mistakes};
use crate::error::{Error, Kind};
use crate::shell;
use crate::topology::runs::Host;
use crate::topology::{Topology, moves};

/// How many commands are proposed.
const MOST: usize = 5;
/// How much a name must be like another to be taken for it.
const ALIKE: f64 = 0.85;

/// The error for a line that names no host. Without a repository, only the words tell.
pub(super) fn no_host(topology: Option<&Topology>, typed: &[String]) -> Error {
    let names = Names::of(topology, typed);
    if let (Some(topology), [host, ..]) = (topology, names.hosts.as_slice()) {
        return match names.services.as_slice() {
            [] => which_service(topology, host),
            services => Error::usage(format!("`{host}` is a host: it is given with --host"))
                .hint(format!("type: {}", line(services, host))),
        };
    }
    let services: Vec<&str> = names.services.iter().map(String::as_str).collect();
    if let Some(topology) = topology {
        let found = with_all(topology, &services);
        if !found.is_empty() {
            let which = if found.len() == 1 { "one host has" } else { "several hosts have" };
            let error = Error::usage(format!("no host is named; {which} {}", services.join(", ")));
            let type_it = |host: &String| format!("type: {}", line(&names.services, host));
            return found.iter().take(MOST).fold(error, |error, host| error.hint(type_it(host)));
        }
    }
    if let Some(meant) = typed.first().and_then(|word| mistakes::meant(word)) {
        let what = if topology.is_some() { "neither a command nor a service here" } else { "no command" };
        return Error::usage(format!("`{}` is {what}", typed[0])).hint(format!("type: {meant}"));
    }
    let Some(topology) = topology else {
        return Error::usage("no host is named").hint("type: migrate SERVICE --host HOST");
    };
    let error = Error::usage(format!("no host is named, and none has {}", services.join(", ")));
    let near = alike(topology, services.first().copied().unwrap_or_default());
    let near = near.iter().take(MOST).fold(error, |error, (service, host)| {
        error.hint(format!("did you mean: {}", line(std::slice::from_ref(service), host)))
    });
    near.hint("`migrate status` lists every service of every host")
}

/// The error for a host without a service.
pub(super) fn which_service(topology: &Topology, host: &str) -> Error {
    let error = Error::usage("no service is named");
    let Ok(index) = moves::host(topology, host) else { return error.hint("type: migrate SERVICE --host HOST") };
    let host = &topology.hosts[index];
    let names = moves::services(topology, host).into_iter().filter(|one| moves::is_on_syslog(topology, host, one));
    let names: Vec<String> = names.map(|one| one.name).collect();
    let short = moves::short_host(topology, &host.name);
    if names.is_empty() {
        return error.hint(format!("on {} nothing logs to syslog; `migrate status` lists every host", host.name));
    }
    error
        .hint(format!("on {} these log to syslog: {}", host.name, names.join(", ")))
        .hint(format!("one of them: {}", line(&names[..1], &short)))
        .hint(format!("all of them: migrate --all {}", shell::option("--host", &short).join(" ")))
}

/// The error of a run, with what was meant where names stand in each other's place.
pub(super) fn lead_on(topology: &Topology, asked: &Migrate, error: Error) -> Error {
    let Some(typed_host) = asked.host.as_deref().filter(|_| error.kind == Kind::User) else { return error };
    let names = Names::of(Some(topology), &asked.services);
    let is_host = moves::host(topology, typed_host).is_ok();
    if !is_host && let Some(host) = names.hosts.first() {
        let services: Vec<String> = names.services.iter().cloned().chain([typed_host.to_owned()]).collect();
        return Error { hints: Vec::new(), ..error }
            .hint(format!("`{host}` is a host; type: {}", line(&services, host)));
    }
    if !is_host && typed_host.contains(',') {
        return Error { hints: Vec::new(), ..error }.hint("one host at a time, or every host: migrate --all");
    }
    if is_host && names.services != asked.services && !names.services.is_empty() {
        return error.hint(format!("type: {}", line(&names.services, typed_host)));
    }
    if let Some(word) = cli::misplaced(asked.services.iter().map(String::as_str)) {
        return error.hint(mistakes::type_it_first(word));
    }
    let Some((word, meant)) = asked.services.iter().find_map(|word| Some((word, mistakes::meant(word)?))) else {
        return error;
    };
    // What was typed beside the word stands where its command wants it.
    let is_plain = |name: &str| name.bytes().all(|c| c.is_ascii_alphanumeric() || b"._-".contains(&c));
    let service = asked.services.iter().find(|other| *other != word).filter(|other| is_plain(other));
    let host = Some(typed_host).filter(|host| is_plain(host));
    let meant = meant.replace("HOST", host.unwrap_or("HOST")).replace("SERVICE", service.map_or("SERVICE", |one| one));
    error.hint(format!("if a command was meant, type: {meant}"))
}

/// `migrate kairos --host puck`.
fn line(services: &[String], host: &str) -> String {
    let mut words = vec!["migrate".to_owned()];
    words.extend(services.iter().cloned());
    words.extend(shell::option("--host", host));
    shell::command(&words)
}

/// What was typed, taken apart: `kairos@puck`, `puck/kairos`, `kairos,angelia`.
struct Names {
    hosts: Vec<String>,
    services: Vec<String>,
}

impl Names {
    fn of(topology: Option<&Topology>, typed: &[String]) -> Self {
        let mut out = Self { hosts: Vec::new(), services: Vec::new() };
        let parts = typed.iter().flat_map(|word| word.split(['@', '/', ':', ',']));
        for part in parts.filter(|part| !part.is_empty() && !["on", "to", "from", "host"].contains(part)) {
            let host = topology.and_then(|topology| {
                let is_service = topology.hosts.iter().any(|host| moves::find(host, part).is_some());
                moves::host(topology, part).ok().filter(|_| !is_service)
            });
            match (topology, host) {
                (Some(topology), Some(index)) => {
                    out.hosts.push(moves::short_host(topology, &topology.hosts[index].name));
                }
                _ => out.services.push(part.to_owned()),
            }
        }
        out
    }
}

/// The short names of the hosts that have all of these services.
fn with_all(topology: &Topology, services: &[&str]) -> Vec<String> {
    let has = |host: &&Arc<Host>| {
        let names: BTreeSet<String> = moves::services(topology, host).into_iter().map(|one| one.name).collect();
        services.iter().all(|service| names.contains(*service) || moves::find(host, service).is_some())
    };
    if services.is_empty() {
        return Vec::new();
    }
    topology.hosts.iter().filter(has).map(|host| moves::short_host(topology, &host.name)).collect()
}

/// Services with a name like this one, the most alike first, each with its host.
fn alike(topology: &Topology, asked: &str) -> Vec<(String, String)> {
    let all = topology.hosts.iter().flat_map(|host| {
        let short = moves::short_host(topology, &host.name);
        moves::services(topology, host).into_iter().map(move |one| (one.name, short.clone()))
    });
    let mut near: Vec<(f64, (String, String))> =
        all.map(|one| (strsim::jaro_winkler(&one.0, asked), one)).filter(|(likeness, _)| *likeness > ALIKE).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    near.into_iter().map(|(_, one)| one).collect()
}
