//! What a plan says Loki should hold once it is rolled out.
//!
//! Knows: [`Plan`], [`Move`]. Must not know: Loki's interface, or what it answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::queries::{Pair, Skipped, pairs};
use crate::plan::Plan;
use crate::proof;
use crate::text::Place;
use crate::topology::relabel::ANY;
use crate::topology::{Label, Move, Stream, Streams, Topology};

/// Labels of a planned stream.
pub type Planned = Arc<BTreeMap<String, Label>>;

/// A stream of today that carries what moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Old {
    /// Its labels.
    pub labels: Planned,
    /// Whether others go on sending to it, so that it does not fall silent.
    pub stays: bool,
}

/// What should be there.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// The `service` label afterwards.
    pub project: String,
    /// `job` values before.
    pub jobs: Vec<String>,
    /// Streams that carried what moves.
    pub old: Vec<Old>,
    /// Streams that carry it afterwards. Empty when the plan is not known.
    pub new: Vec<Planned>,
    /// Every stream of the repository afterwards.
    pub all: Vec<Planned>,
    /// The queries that are rewritten and can be asked, each once.
    pub queries: Vec<Pair>,
    /// The ones that cannot.
    pub skipped: Skipped,
}

impl Expected {
    /// From a plan that moves something; `None` from any other.
    pub fn of(topology: &Topology, plan: &Plan) -> Option<Self> {
        let moved = plan.moved.as_ref()?;
        let (old, new) = streams(moved);
        let in_alloy = |at: &Place| topology.alloy.iter().any(|config| config.source.path == at.source.path);
        let asked = plan.queries.iter().filter(|query| query.before != query.after && !in_alloy(&query.at));
        let (queries, skipped) = pairs(asked);
        Some(Self {
            project: moved.project.clone(),
            jobs: moved.jobs.clone(),
            old,
            new,
            all: moved.streams.after.iter().map(|stream| stream.labels.clone()).collect(),
            queries,
            skipped,
        })
    }

    /// From names alone, where the plan is not known.
    pub fn by_name(project: &str, job: &str) -> Self {
        let labels = Arc::new(BTreeMap::from([("job".to_owned(), Label::Known(job.to_owned()))]));
        Self {
            project: project.to_owned(),
            jobs: vec![job.to_owned()],
            old: vec![Old { labels, stays: false }],
            ..Self::default()
        }
    }

    /// The same, seen from a later commit: others may have moved since.
    #[must_use]
    pub fn since(mut self, today: &Topology) -> Self {
        self.all.extend(Streams::still(today).before.into_iter().map(|stream| stream.labels));
        self
    }

    /// Whether it is known which streams are planned.
    pub fn is_planned(&self) -> bool {
        !self.new.is_empty()
    }
}

/// The streams of the listeners that are left, and what they become.
fn streams(moved: &Move) -> (Vec<Old>, Vec<Planned>) {
    let all = &moved.streams;
    let is_left = |stream: &Stream| {
        let same =
            |at: &Place| moved.listeners.iter().any(|one| one.span == at.span && one.source.path == at.source.path);
        stream.at.as_ref().is_some_and(same)
    };
    let (mut old, mut new): (Vec<Old>, Vec<Planned>) = (Vec::new(), Vec::new());
    for (stream, images) in all.before.iter().zip(&all.image).filter(|(stream, _)| is_left(stream)) {
        let images: Vec<&Planned> = images.iter().map(|&index| &all.after[index].labels).collect();
        let stays = images.contains(&&stream.labels);
        if images.iter().all(|image| **image == stream.labels) || old.iter().any(|one| one.labels == stream.labels) {
            continue;
        }
        old.push(Old { labels: stream.labels.clone(), stays });
        for image in images.into_iter().filter(|image| **image != stream.labels) {
            if !new.contains(image) {
                new.push(image.clone());
            }
        }
    }
    new.sort();
    (old, new)
}

/// A selector of the labels that are known.
pub fn selector(labels: &Planned) -> String {
    let known = labels.iter().filter_map(|(name, label)| match label {
        Label::Known(value) if name != ANY => Some(format!("{name}={}", proof::quoted(value))),
        _ => None,
    });
    format!("{{{}}}", known.collect::<Vec<_>>().join(", "))
}

/// As a person reads it.
pub fn shown(labels: &Planned) -> String {
    proof::stream(&Stream { labels: labels.clone(), at: None })
}

/// The same, of the labels of a stream that is there.
pub fn shown_real(labels: &BTreeMap<String, String>) -> String {
    let known = labels.iter().map(|(name, value)| (name.clone(), Label::Known(value.clone())));
    shown(&Arc::new(known.collect()))
}

/// Whether a stream that is there is the planned one. What Loki adds by itself may be there as well.
pub fn is_planned(planned: &Planned, real: &BTreeMap<String, String>) -> bool {
    let holds = |(name, label): (&String, &Label)| match label {
        Label::Known(value) => real.get(name).map_or("", String::as_str) == value,
        Label::Symbol(_) | Label::Unknown => true,
    };
    let by_loki = |name: &str| name == "service_name" || name.starts_with("__");
    planned.iter().filter(|(name, _)| *name != ANY).all(holds)
        && (planned.contains_key(ANY) || real.keys().all(|name| planned.contains_key(name) || by_loki(name)))
}
