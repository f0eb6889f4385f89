//! The streams of one move, and which of them a query asks for.
//!
//! Knows: streams before and after one move. Must not know: how a query is written, or what replaces it.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use crate::patterns;
use crate::proof::{Condition, Copies, Matcher, Proof};
use crate::prove::Worlds;
use crate::topology::Move;
use crate::topology::sites::Asks;

use super::former::Formers;
use super::kept::Kept;

/// Which streams reach a point of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// None that moves.
    Still,
    /// Only streams that move, with all their lines.
    Moved,
    /// Both, or streams that move in part: their listener keeps another sender.
    Mixed,
    /// It cannot be told.
    Unknown,
}

/// The streams of one move, and which of them it changes.
pub(super) struct Before<'m> {
    pub(super) moved: &'m Move,
    pub(super) proof: Proof<'m>,
    /// Labels that what moves loses, `job` aside.
    pub(super) lost: BTreeSet<&'m str>,
    /// Those of them that alerts are routed by.
    pub(super) routed: BTreeSet<&'m str>,
    /// What was found out about queries so far.
    pub(super) kept: Kept,
    /// For each stream of today: whether its labels change.
    changes: Vec<bool>,
    /// Those whose labels do, sorted.
    moving: Vec<usize>,
    pub(super) formers: Formers,
    /// The worlds in which texts are evaluated.
    pub(super) worlds: OnceLock<Worlds>,
    /// The jobs of what moves, and of all streams that it takes from or brings to; `None` when one is not known.
    touched: Option<BTreeSet<&'m str>>,
}

impl<'m> Before<'m> {
    pub(super) fn new(moved: &'m Move) -> Self {
        let proof = Proof::new(&moved.streams);
        let mut before = Self {
            moved,
            proof,
            lost: BTreeSet::new(),
            routed: BTreeSet::new(),
            kept: Kept::default(),
            changes: Vec::new(),
            moving: Vec::new(),
            formers: Formers::default(),
            worlds: OnceLock::new(),
            touched: None,
        };
        let changes = |index: usize| before.proof.image(index).any(|to| before.changed(index, to));
        before.changes = (0..moved.streams.before.len()).map(changes).collect();
        before.moving = (0..before.changes.len()).filter(|&index| before.changes[index]).collect();
        before.touched = before.touched();
        before.lost = before.find_lost();
        before
    }

    /// The jobs that queries name which this move can concern. A stream that is not among them goes on as it is, and
    /// nothing else comes to it.
    fn touched(&self) -> Option<BTreeSet<&'m str>> {
        let mut jobs: BTreeSet<&str> = self.moved.jobs.iter().map(String::as_str).collect();
        let mut goes_on = BTreeSet::new();
        for index in 0..self.changes.len() {
            let mut image = self.proof.image(index).peekable();
            if self.changes[index] || self.is_copy(index) || image.peek().is_none() {
                jobs.insert(self.proof.value_today(index, "job")?);
            } else {
                goes_on.extend(image);
            }
        }
        for to in (0..self.moved.streams.after.len()).filter(|to| !goes_on.contains(to)) {
            jobs.insert(self.proof.value_after(to, "job")?);
        }
        // What moves may come to a stream that is there already.
        for index in (0..self.changes.len()).filter(|&index| self.changes[index] || self.is_copy(index)) {
            for to in self.proof.image(index) {
                jobs.insert(self.proof.value_after(to, "job")?);
            }
        }
        Some(jobs)
    }

    /// Whether a query that asks for this can be concerned.
    pub(super) fn concerns(&self, asks: &Asks) -> bool {
        match (asks, &self.touched) {
            (Asks::Nothing, _) => false,
            (Asks::Jobs(names), Some(touched)) => names.iter().any(|name| touched.contains(name.as_str())),
            _ => true,
        }
    }

    /// The jobs it can concern; `None` when one is not known.
    pub(super) fn jobs(&self) -> Option<&BTreeSet<&'m str>> {
        self.touched.as_ref()
    }

    /// Whether a stream of today goes on with other labels as this one.
    pub(super) fn changed(&self, index: usize, to: usize) -> bool {
        let (old, new) = (self.moved.streams.before.get(index), self.moved.streams.after.get(to));
        old.map(|stream| &stream.labels) != new.map(|stream| &stream.labels)
    }

    /// Which streams satisfy `condition`.
    pub(super) fn flow(&self, condition: &Condition) -> Flow {
        if let Some(selects) = self.proof.one_by_one(condition) {
            return self.plain_flow(&selects);
        }
        let (possible, sure) = self.proof.possible(condition);
        match self.plain_flow(&|index| possible.binary_search(&index).is_ok()) {
            Flow::Still => Flow::Still,
            flow if sure => flow,
            _ => Flow::Unknown,
        }
    }

    /// The same of the streams that are selected: the first that stays where it is decides.
    fn plain_flow(&self, selects: &dyn Fn(usize) -> bool) -> Flow {
        let mut moving = self.moving.iter().copied().filter(|&index| !self.is_copy(index) && selects(index)).peekable();
        let Some(&first) = moving.peek() else { return Flow::Still };
        // Whoever wants to see what is stored, too, has old streams beside the new ones.
        let leaves = |index: usize| self.proof.image(index).all(|to| self.changed(index, to));
        let stays = |index: usize| !self.moves(index) && !self.is_copy(index) && selects(index);
        // Streams of one host stand together: what is selected beside the first is near it, if anywhere.
        let mut near_first = (first..self.changes.len()).chain(0..first);
        let all = !self.moved.keep_history && moving.all(leaves) && !near_first.any(stays);
        if all { Flow::Moved } else { Flow::Mixed }
    }

    /// Whether a stream of today doubles what moves.
    pub(super) fn is_copy(&self, index: usize) -> bool {
        self.moved.streams.copies.contains(&index)
    }

    pub(super) fn moves(&self, index: usize) -> bool {
        self.changes.get(index).copied().unwrap_or(false)
    }

    /// The streams of today that satisfy `condition`, copies of what moves aside; none when that cannot be told.
    pub(super) fn today(&self, condition: &Condition) -> Vec<usize> {
        self.proof.today(condition, Copies::Ignored).unwrap_or_default()
    }

    /// The new streams that those of today become that satisfy `condition`.
    pub(super) fn moving_image(&self, condition: &Condition) -> BTreeSet<usize> {
        let new = |index| self.proof.image(index).filter(move |&to| self.changed(index, to));
        self.today(condition).into_iter().flat_map(new).collect()
    }

    /// Whether the matcher names a moved job: it tells that value from a value nobody has.
    pub(super) fn names(&self, matcher: &Matcher) -> bool {
        self.moved.jobs.iter().any(|job| matcher.accepts(job) != matcher.accepts(patterns::NOBODY))
    }

    /// Whether the project is called what the job was called, so that names stay.
    pub(super) fn same_name(&self) -> bool {
        self.moved.jobs.iter().all(|job| *job == self.moved.project)
    }

    /// Whether Loki is known to give every stream a `service_name`.
    pub(super) fn has_names(&self) -> bool {
        self.moved.streams.names.is_proven()
    }

    /// Whether `service_name` is called as `job` was, and is there for sure.
    pub(super) fn names_serve(&self) -> bool {
        self.same_name() && self.has_names()
    }
}
