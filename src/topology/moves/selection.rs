//! What the user asked for, as requests: one service on one host each.
//!
//! Knows: which services of a host are still on syslog, and by what name each is asked for. Must not know: whether one
//! can move.

use std::collections::BTreeSet;

use wildmatch::WildMatch;

use super::{AlertLabels, Bridge, Request, names, short_host};
use super::{Service, is_on_syslog, services};
use crate::error::Error;
use crate::topology::Topology;
use crate::topology::runs::Host;

/// Which services of which hosts, and how queries go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Host as typed; `None`: every host.
    pub host: Option<String>,
    /// Which of its services.
    pub services: Services,
    /// See [`Request::bridge`].
    pub bridge: Bridge,
    /// See [`Request::alert_labels`].
    pub alert_labels: AlertLabels,
    /// See [`Request::keep_history`].
    pub keep_history: bool,
    /// See [`Request::project`].
    pub project: Option<String>,
    /// See [`Request::strict`].
    pub strict: bool,
}

/// Services, by name or all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Services {
    /// These, as typed.
    Named(Vec<String>),
    /// Every one that is on syslog: that matches one of `only`, if there are any, and none of `except`. In both, `*`
    /// stands for any characters and `?` for one.
    All {
        /// What to take.
        only: Vec<String>,
        /// What to leave.
        except: Vec<String>,
    },
}

impl Default for Services {
    fn default() -> Self {
        Self::All { only: Vec::new(), except: Vec::new() }
    }
}

impl Selection {
    /// Whether it may come to more than one service.
    pub fn is_batch(&self) -> bool {
        !matches!(&self.services, Services::Named(names) if names.len() == 1)
    }

    /// The requests this comes to: hosts in inventory order, the services of each by name, each once.
    ///
    /// # Errors
    /// An unknown host, or a pattern that no service on syslog matches.
    pub fn requests(&self, topology: &Topology) -> Result<Vec<Request>, Error> {
        let hosts = match &self.host {
            Some(asked) => vec![names::host(topology, asked)?],
            None => (0..topology.hosts.len()).collect(),
        };
        let mut matched = BTreeSet::new();
        let mut list = Vec::new();
        for &index in &hosts {
            let host = &topology.hosts[index];
            let as_typed = self.host.clone().unwrap_or_else(|| short_host(topology, &host.name));
            let mut services = match &self.services {
                Services::Named(names) => names.clone(),
                Services::All { only, except } => chosen(topology, host, only, except, &mut matched),
            };
            services.sort();
            services.dedup();
            list.extend(services.into_iter().map(|service| self.request(service, as_typed.clone())));
        }
        self.all_matched(topology, &hosts, &matched)?;
        Ok(list)
    }

    fn request(&self, service: String, host: String) -> Request {
        let Self { bridge, alert_labels, keep_history, strict, .. } = *self;
        Request { service, host, bridge, alert_labels, keep_history, project: self.project.clone(), strict }
    }

    /// A pattern that matches nothing is a slip of the pen, and what it was to keep out would be in.
    fn all_matched(&self, topology: &Topology, hosts: &[usize], matched: &BTreeSet<&str>) -> Result<(), Error> {
        let Services::All { only, except } = &self.services else { return Ok(()) };
        let lists = [("--only", only), ("--except", except)];
        let mut all = lists.into_iter().flat_map(|(option, list)| list.iter().map(move |pattern| (option, pattern)));
        let Some((option, pattern)) = all.find(|(_, pattern)| !matched.contains(pattern.as_str())) else {
            return Ok(());
        };
        let there: BTreeSet<String> =
            hosts.iter().flat_map(|&index| on_syslog(topology, &topology.hosts[index])).map(|one| one.name).collect();
        let there: Vec<String> = there.into_iter().collect();
        let place = self.host.as_deref().unwrap_or("any host");
        let error = Error::user(format!("`{option} {pattern}` matches no service on syslog on {place}"));
        Err(match there.as_slice() {
            [] => error.hint("none of its services logs to syslog"),
            _ => error.hint(format!("on syslog: {}", there.join(", "))),
        })
    }
}

/// Names of the services on syslog that the patterns choose. What matched is added to `matched`.
fn chosen<'p>(
    topology: &Topology,
    host: &Host,
    only: &'p [String],
    except: &'p [String],
    matched: &mut BTreeSet<&'p str>,
) -> Vec<String> {
    let mut list = Vec::new();
    for service in on_syslog(topology, host) {
        let all = service.deployment.map_or_else(|| vec![service.name.clone()], |index| host.names_of(index));
        let mut meets = |patterns: &'p [String]| {
            let met = |pattern: &&'p String| all.iter().any(|name| WildMatch::new(pattern).matches(name));
            let met: Vec<&str> = patterns.iter().filter(met).map(String::as_str).collect();
            matched.extend(&met);
            !met.is_empty()
        };
        let (wanted, unwanted) = (meets(only) || only.is_empty(), meets(except));
        if wanted && !unwanted {
            list.push(service.name);
        }
    }
    list
}

/// The services of a host that are on syslog, or may be.
fn on_syslog<'h>(topology: &'h Topology, host: &'h Host) -> impl Iterator<Item = Service> + use<'h> {
    services(topology, host).into_iter().filter(|service| is_on_syslog(topology, host, service))
}
