//! Where the lines go: a person's own Loki where there is one, else `VictoriaLogs`, which takes Loki's push protocol.
//!
//! Both tell which streams there are and which lines came. What a `LogQL` query gives only Loki tells.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::loki::Loki;
use super::parts::Parts;
use super::process::Result;
use super::victoria::Victoria;

/// Label names and values.
pub(crate) type Labels = BTreeMap<String, String>;

/// One line with the labels it was returned with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    /// Nanoseconds.
    pub(crate) at: i64,
    pub(crate) labels: Labels,
    pub(crate) line: String,
}

/// The running store.
pub(crate) enum Store {
    Loki(Loki),
    Victoria(Victoria),
}

impl Store {
    /// Starts it on a port. `machine` holds the rendered configuration and rules of Loki.
    pub(crate) fn start(parts: &Parts, machine: &Path, folder: &Path, port: u16) -> Result<Self> {
        if parts.has("loki") {
            let mut loki = Loki::new(parts, machine, folder, port)?;
            loki.restart()?;
            Ok(Self::Loki(loki))
        } else {
            Victoria::start(parts, folder, port).map(Self::Victoria)
        }
    }

    /// Path of the address to push to.
    pub(crate) fn push(parts: &Parts) -> &'static str {
        if parts.has("loki") { "/loki/api/v1/push" } else { "/insert/loki/api/v1/push" }
    }

    /// The store, where it answers `LogQL`.
    pub(crate) fn loki(&self) -> Option<&Loki> {
        match self {
            Self::Loki(loki) => Some(loki),
            Self::Victoria(_) => None,
        }
    }

    /// What the handler of a changed configuration or rule file does.
    pub(crate) fn restart(&mut self) -> Result<()> {
        match self {
            Self::Loki(loki) => loki.restart(),
            Self::Victoria(_) => Ok(()),
        }
    }

    /// Every line of a selector from `from` until just before `to` in nanoseconds, each once.
    pub(crate) fn lines(&self, selector: &str, from: i64, to: i64) -> Result<Vec<Entry>> {
        match self {
            Self::Loki(loki) => loki.lines(selector, from, to),
            Self::Victoria(victoria) => victoria.lines(selector, from, to),
        }
    }

    /// How many lines of a selector match a regular expression, from `from` until `to` in nanoseconds.
    pub(crate) fn count(&self, selector: &str, pattern: &str, from: i64, to: i64) -> Result<usize> {
        match self {
            Self::Loki(loki) => loki.count(selector, pattern, from, to),
            Self::Victoria(victoria) => victoria.count(selector, pattern, from, to),
        }
    }

    /// The label sets of the streams that a selector takes in. Loki's own `service_name` is left out.
    pub(crate) fn streams(&self, selector: &str, from: i64, to: i64) -> Result<BTreeSet<Labels>> {
        let mut streams = match self {
            Self::Loki(loki) => loki.streams(selector, from, to)?,
            Self::Victoria(victoria) => victoria.streams(selector, from, to)?,
        };
        streams = streams
            .into_iter()
            .map(|mut labels| {
                labels.remove("service_name");
                labels
            })
            .collect();
        Ok(streams)
    }

    /// The end of its log, for a message.
    pub(crate) fn tail(&self) -> String {
        match self {
            Self::Loki(loki) => loki.tail(),
            Self::Victoria(victoria) => victoria.tail(),
        }
    }
}
