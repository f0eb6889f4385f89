//! Does a rewritten query answer the same? Decided by evaluating both (DESIGN 4.3).
//!
//! Knows: streams before and after a move, two texts of a query, what may differ where its answer is used. Must not know: how a
//! text was made, files, or what is said about it. A text is right when it answers afterwards what the old one answers
//! today, in every world: worlds are finite, so this says *checked*, not *proven*.

mod asks;
mod assign;
mod compare;
mod fill;
mod judge;
mod lines;
mod run;
mod sample;
mod scene;
mod senders;
mod text;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::topology::loki::DISCOVERED;
use crate::topology::{Derives, Label, Labels, Streams, WHOSE};

pub use compare::{Contract, Names};
pub use judge::Memory;

use asks::Asks;
use senders::{Role, Sender, Told};
use world::{Naming, Ready};

/// What is asked about two texts of a query.
pub struct Pair<'a> {
    /// As it is today.
    pub old: &'a str,
    /// As it would be.
    pub new: &'a str,
    /// What may differ.
    pub contract: Contract,
    /// What a variable of the dashboard may be, by its name; `None` for one that nobody knows.
    pub values: &'a dyn Fn(&str) -> Option<Values>,
    /// What is chosen after the move where this value of a variable was: name, value. `None`: nobody can choose it any more.
    pub after: &'a dyn Fn(&str, &str) -> Option<String>,
    /// Whether it has to answer on old lines under old labels, too.
    pub keeps_history: bool,
    /// How closely to look.
    pub look: Look,
}

/// How closely two texts are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// In a few small worlds, which refute most of what is wrong: another look has to follow.
    Glance,
    /// In every world.
    Whole,
    /// In every world, and whose lines make the difference is found out.
    Explain,
}

/// What a variable of a dashboard may be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// All values, where they are known; else those of the label it is compared with.
    pub list: Option<Vec<String>>,
    /// What stands for all of them; none: they do, one beside the other.
    pub all: Option<String>,
    /// Whether people may type anything.
    pub is_free: bool,
}

/// What was found out about two texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They answer the same in every world.
    Holds {
        /// What labels are called.
        names: Names,
        /// Whether an answer was seen to hang on what moves. If not, no line could be made that passes.
        seen: bool,
    },
    /// They do not.
    Refuted {
        /// Where and how, as a sentence part.
        why: String,
    },
    /// That cannot be evaluated: what, as a sentence part.
    Unable {
        /// The construct.
        what: String,
    },
}

/// The worlds of one move.
pub struct Worlds {
    senders: Vec<Sender>,
    /// For each way that Loki may derive `service_name`: the senders whose labels are known.
    namings: Vec<(Naming, Vec<Ready>)>,
    /// Jobs of streams of today.
    jobs: BTreeSet<String>,
    /// Those of them that move.
    moving: BTreeSet<String>,
    /// Jobs that moved before, with the labels of what came in their place.
    formers: BTreeMap<String, Vec<Told>>,
    changing: BTreeSet<String>,
    hosts: BTreeSet<String>,
}

impl Worlds {
    /// The worlds of a move. `formers`: jobs that no stream has, each with the streams afterwards that may have come in
    /// its place, by index in [`Streams::after`].
    pub fn new(streams: &Streams, formers: &BTreeMap<String, Vec<usize>>) -> Self {
        let senders = senders::of(streams);
        let list = match &streams.names {
            Derives::From(list, _) => vec![Some(list.clone())],
            Derives::Never(_) => vec![None],
            Derives::Unknown => vec![None, Some(DISCOVERED.map(String::from).to_vec())],
        };
        let namings = list.into_iter().map(|naming| (naming.clone(), world::ready(&senders, &naming))).collect();
        let job = |told: &Told| match told.get("job") {
            Some(Label::Known(job)) => Some(job.clone()),
            _ => None,
        };
        let jobs = streams.before.iter().filter_map(|stream| job(&stream.labels)).collect();
        let moving = senders.iter().filter(|one| one.role == Role::Moves).filter_map(|one| job(one.before.as_ref()?));
        let moving = moving.collect();
        let of = |list: &Vec<usize>| {
            list.iter().filter_map(|&index| Some(Arc::clone(&streams.after.get(index)?.labels))).collect()
        };
        let formers = formers.iter().map(|(name, list)| (name.clone(), of(list))).collect();
        let changing = world::changing(&senders);
        let hosts = streams.hosts.iter().cloned().collect();
        Self { senders, namings, jobs, moving, formers, changing, hosts }
    }

    /// The senders in whose place others stand for these jobs that a query names: those that moved before, and those
    /// that the repository does not know.
    ///
    /// Of those of `services`, which the query asks for already, nothing else is asked for.
    fn named(&self, jobs: &BTreeSet<String>, services: &BTreeSet<String>) -> Vec<Sender> {
        let mut senders: Vec<Sender> = Vec::new();
        let mut open: Vec<&String> = jobs.iter().filter(|job| !self.jobs.contains(*job)).collect();
        // It had one job: the plainest that is asked for.
        open.sort_by_key(|job| job.len());
        for job in open {
            match self.formers.get(job) {
                Some(list) => {
                    for after in list {
                        let asked = matches!(after.get("service"), Some(Label::Known(one)) if services.contains(one));
                        if !asked
                            && senders.iter().all(|one| one.role != Role::Former || one.after.as_ref() != Some(after))
                        {
                            senders.push(former(after, job));
                        }
                    }
                }
                None => senders.extend(self.unknown(job)),
            }
        }
        senders
    }

    /// What moved before may have had the labels that are asked for and that what moves loses, too.
    fn formers_like(&self, asks: &Asks) -> Vec<Sender> {
        let is_lost = |name: &str| self.changing.contains(name) && !WHOSE.contains(&name) && asks.names(name);
        let moves = self.senders.iter().filter(|one| one.role == Role::Moves).filter_map(|one| one.before.as_ref());
        let lost: Labels = moves
            .flat_map(|told| told.iter().filter(|(name, _)| is_lost(name)))
            .map(|(name, label)| (name.clone(), label.clone()))
            .collect();
        let mut found: Vec<Sender> = Vec::new();
        for (job, after) in self
            .formers
            .iter()
            .filter(|_| !lost.is_empty())
            .flat_map(|(job, list)| list.iter().map(move |after| (job, after)))
        {
            if found.iter().all(|one| one.after.as_ref() != Some(after)) {
                let mut one = former(after, job);
                let before = one.before.as_deref().cloned().unwrap_or_default();
                one.before = Some(Arc::new(before.into_iter().chain(lost.clone()).collect()));
                found.push(one);
            }
        }
        found
    }

    /// What is beside what moves, and of which nothing says whose it is: another may ship lines that the repository knows
    /// nothing of.
    fn stranger(&self) -> Option<Sender> {
        let moves = self.senders.iter().find(|one| one.role == Role::Moves)?;
        let mut labels = Labels::clone(moves.before.as_ref()?);
        labels.retain(|name, _| !WHOSE.contains(&name.as_str()) && !self.changing.contains(name));
        let labels = Some(Arc::new(labels));
        Some(Sender { before: labels.clone(), after: labels, later: None, role: Role::Named })
    }

    /// A job nobody knows: where what moves is, and elsewhere.
    fn unknown(&self, job: &str) -> Vec<Sender> {
        let Some(before) = self.senders.iter().find(|one| one.role == Role::Moves).and_then(|one| one.before.clone())
        else {
            return Vec::new();
        };
        let with = |other: bool| {
            let mut labels = Labels::clone(&before);
            for (name, label) in &mut labels {
                if name == "job" {
                    *label = Label::Known(job.to_owned());
                } else if other {
                    *label = Label::Known(format!("other-{name}"));
                }
            }
            let labels = Some(Arc::new(labels));
            Sender { before: labels.clone(), after: labels, later: None, role: Role::Named }
        };
        vec![with(false), with(true)]
    }
}

/// What moved before: under the labels of a listener, and under those it has now.
fn former(after: &Told, job: &str) -> Sender {
    let mut labels = Labels::clone(after);
    labels.retain(|name, _| !WHOSE.contains(&name.as_str()));
    labels.insert("job".to_owned(), Label::Known(job.to_owned()));
    Sender { before: Some(Arc::new(labels)), after: Some(Arc::clone(after)), later: None, role: Role::Former }
}

#[cfg(test)]
mod tests;
