//! What the repository says about its Loki server: whether it derives `service_name` from other labels, and from which.
//!
//! Knows: evidence of a version, `discover_service_name`, how Loki derives the label when a line is pushed
//! (label-surface 1.5 U1). Must not know: queries, streams of this repository, or what a move needs. What is not proven
//! is [`Derives::Unknown`]; a likely version is not good enough to rewrite a query by.

mod config;
mod version;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::per_file::PerFile;
use super::{Label, Topology};
use crate::text::Place;

pub use config::{Config, Setting, read};

/// Labels that Loki 3 looks through for a `service_name`, the first that is not empty wins: the default of
/// `limits_config.discover_service_name` in 3.7. Loki 3.0 has the same list in the same order without [`NEWER`].
pub const DISCOVERED: [&str; 13] = [
    "service",
    "app",
    "application",
    "app_name",
    "name",
    "app_kubernetes_io_name",
    "container",
    "container_name",
    "k8s_container_name",
    "component",
    "workload",
    "job",
    "k8s_job_name",
];

/// Labels of [`DISCOVERED`] that not every Loki 3 looks at. Where one of them would decide, the answer hangs on the
/// minor version and is [`Label::Unknown`].
pub const NEWER: [&str; 3] = ["app_name", "k8s_container_name", "k8s_job_name"];

/// The label that is derived.
pub const SERVICE_NAME: &str = "service_name";

/// What it is where none of the labels is there.
pub(super) const NONE_FOUND: &str = "unknown_service";

/// Whether Loki adds `service_name` to each stream.
#[derive(Clone, Debug, Default)]
pub enum Derives {
    /// Proven: Loki 3 or newer with this list of labels, and the place that says so; no place when it is the user who
    /// says it.
    From(Vec<String>, Option<Place>),
    /// Proven not: older than 3, or switched off; the place that says so.
    Never(Place),
    /// The repository does not tell.
    #[default]
    Unknown,
}

/// The Loki of a repository. Several that disagree are as good as none.
#[derive(Clone, Debug, Default)]
pub struct Loki {
    /// Where `service_name` comes from.
    pub derives: Derives,
    read: PerFile<Said>,
}

/// What one file says.
#[derive(Clone, Debug)]
struct Said {
    config: Option<Config>,
    /// Whether it gives the setting on a command line.
    sets_flag: bool,
}

impl Derives {
    /// The `service_name` of a stream that is pushed with `labels`; `None` when it has none.
    ///
    /// A list of the repository's own counts as written; of the default list, labels that only some versions look at
    /// ([`NEWER`]) make the answer unknown where they would decide it.
    pub fn service_name(&self, labels: &BTreeMap<String, Label>) -> Option<Label> {
        let list = match self {
            _ if labels.contains_key(SERVICE_NAME) => return labels.get(SERVICE_NAME).cloned(),
            Self::Never(_) => return None,
            Self::Unknown => return Some(Label::Unknown),
            Self::From(list, _) => list,
        };
        let default = list.iter().map(String::as_str).eq(DISCOVERED);
        // Each bit of `without` leaves out one of the labels that a version may not look at.
        let first = |without: usize| {
            let looks_at = |name: &str| {
                let newer = NEWER.iter().position(|newer| *newer == name);
                !default || newer.is_none_or(|bit| without >> bit & 1 == 0)
            };
            let mut found = list.iter().filter(|name| looks_at(name)).filter_map(|name| labels.get(name));
            let empty = Label::Known(String::new());
            found.find(|label| **label != empty).cloned().unwrap_or_else(|| Label::Known(NONE_FOUND.to_owned()))
        };
        let answer = first(0);
        let same = (1..1 << NEWER.len()).all(|without| first(without) == answer);
        Some(if same { answer } else { Label::Unknown })
    }

    /// Whether it is proven that Loki derives the label.
    pub fn is_proven(&self) -> bool {
        matches!(self, Self::From(..))
    }
}

impl Loki {
    /// What the files and tasks of a topology say, whose hosts are known already. What `known` says of a file that is
    /// still the same is taken over.
    pub(super) fn of(topology: &Topology, known: &Self) -> Self {
        let read = PerFile::of(&topology.snapshot, &known.read, |source| {
            let said = Said { config: read(source), sets_flag: config::sets_flag(source) };
            (said.config.is_some() || said.sets_flag).then_some(said)
        });
        let configs: Vec<Config> = read.iter().filter_map(|(_, said)| said.config.clone()).collect();
        let versions = version::evidence(topology);
        let flag = read.iter().any(|(_, said)| said.sets_flag);
        let derives = if flag { Derives::Unknown } else { derive(&versions, &configs) };
        Self { derives, read }
    }
}

/// Versions and configurations, together. A configuration that only Loki 3 can read proves the version, too: Loki
/// refuses a key it does not know.
fn derive(versions: &[version::Evidence], configs: &[Config]) -> Derives {
    let new = |one: &version::Evidence| one.major.is_some_and(|major| major >= 3);
    let old = |one: &version::Evidence| one.major.is_some_and(|major| major < 3);
    let needs_new = configs.iter().all(|config| config.needs_three) && !configs.is_empty();
    if !versions.is_empty() && versions.iter().all(old) {
        return match versions.first().filter(|_| !configs.iter().any(|config| config.needs_three)) {
            Some(first) => Derives::Never(first.at.clone()),
            None => Derives::Unknown,
        };
    }
    let mut settings = configs.iter().map(|config| &config.setting);
    let Some(setting) = settings.next().filter(|first| settings.all(|other| other.same(first))) else {
        return Derives::Unknown;
    };
    if let Setting::List(list, at) = setting
        && list.is_empty()
    {
        return Derives::Never(at.clone());
    }
    let proven = !versions.is_empty() && versions.iter().all(new);
    if !proven && (!needs_new || versions.iter().any(old)) {
        return Derives::Unknown;
    }
    let by_version = || versions.iter().find(|one| new(one)).map(|one| one.at.clone());
    match setting {
        Setting::Default => {
            let by_key = || configs.iter().find(|config| config.needs_three).map(|config| config.at.clone());
            match by_version().or_else(by_key) {
                Some(at) => Derives::From(DISCOVERED.map(str::to_owned).to_vec(), Some(at)),
                None => Derives::Unknown,
            }
        }
        Setting::List(list, at) => Derives::From(list.clone(), Some(at.clone())),
        Setting::Unknown => Derives::Unknown,
    }
}
