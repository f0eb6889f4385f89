//! Which streams reach a point of a query, and what their label `job` is called afterwards.
//!
//! Knows: streams before and after one move. Must not know: how a query is written, or what replaces it (`fate`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use crate::proof::{Condition, Copies, Matcher, Proof};
use crate::prove::Worlds;
use crate::topology::sites::Asks;
use crate::topology::{Derives, Label, Move};

use super::former::Formers;
use super::kept::Kept;
use super::told::Told;

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

impl Flow {
    pub(super) fn join(self, other: Self) -> Self {
        if self == other {
            self
        } else if self == Self::Unknown || other == Self::Unknown {
            Self::Unknown
        } else {
            Self::Mixed
        }
    }
}

/// The streams of one move, and which of them it changes.
pub(super) struct Before<'m> {
    pub(super) moved: &'m Move,
    pub(super) proof: Proof<'m>,
    /// Where the repository does not tell if Loki derives `service_name`: the same, if it does as it comes.
    pub(super) if_named: Option<&'m Self>,
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
    /// Streams of today that Loki keeps as one with some that move, which are among them.
    together: Vec<Vec<usize>>,
    told: Told,
    pub(super) formers: Formers,
    /// The worlds in which texts are evaluated.
    pub(super) worlds: OnceLock<Worlds>,
    /// The jobs of what moves, and of all streams that it takes from or brings to; `None` when one is not known.
    touched: Option<BTreeSet<&'m str>>,
}

/// Before the move, or after it.
#[derive(Clone, Copy)]
enum Side {
    Today,
    After,
}

/// What the label `job` of some streams is called afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Called {
    /// One name, or two of which each stream has one.
    pub(super) names: Vec<&'static str>,
    /// Whether every value stays what it was.
    pub(super) same: bool,
    /// Whether all streams of a value have the same one of several names: then they stay together in a grouping.
    pub(super) together: bool,
}

impl<'m> Before<'m> {
    pub(super) fn new(moved: &'m Move) -> Self {
        let proof = Proof::new(&moved.streams);
        let mut before = Self {
            moved,
            proof,
            if_named: None,
            lost: BTreeSet::new(),
            routed: BTreeSet::new(),
            kept: Kept::default(),
            changes: Vec::new(),
            moving: Vec::new(),
            together: Vec::new(),
            told: Told::default(),
            formers: Formers::default(),
            worlds: OnceLock::new(),
            touched: None,
        };
        let changes = |index: usize| before.proof.image(index).any(|to| before.changed(index, to));
        before.changes = (0..moved.streams.before.len()).map(changes).collect();
        before.moving = (0..before.changes.len()).filter(|&index| before.changes[index]).collect();
        before.together = before.together();
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

    /// With what holds if Loki derives `service_name`.
    pub(super) fn or_named(self, if_named: Option<&'m Self>) -> Self {
        Self { if_named, ..self }
    }

    /// Whether a stream of today goes on with other labels as this one.
    pub(super) fn changed(&self, index: usize, to: usize) -> bool {
        let (old, new) = (self.moved.streams.before.get(index), self.moved.streams.after.get(to));
        old.map(|stream| &stream.labels) != new.map(|stream| &stream.labels)
    }

    /// Which streams satisfy `condition`.
    pub(super) fn flow(&self, condition: &Condition) -> Flow {
        self.told.flow.of(condition, || self.find_flow(condition))
    }

    fn find_flow(&self, condition: &Condition) -> Flow {
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

    /// Streams with the same labels as one that moves, by labels: Loki keeps them as one.
    fn together(&self) -> Vec<Vec<usize>> {
        let stream = |index: usize| self.moved.streams.before.get(index).map(|stream| &stream.labels);
        let is_family =
            |index: usize| stream(index).is_some_and(|labels| labels.values().any(|label| *label == Label::Unknown));
        let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for &index in &self.moving {
            groups.entry((stream(index), is_family(index).then_some(index))).or_default();
        }
        for index in 0..self.changes.len() {
            let family = (!groups.is_empty() && is_family(index)).then_some(index);
            if let Some(group) = groups.get_mut(&(stream(index), family)) {
                group.push(index);
            }
        }
        groups.into_values().collect()
    }

    /// What becomes of the streams of today that satisfy `condition` and move, those that are one together.
    fn fates(&self, condition: &Condition) -> Vec<BTreeSet<usize>> {
        let today = self.today(condition);
        let of = |group: &Vec<usize>| {
            let there = group.iter().copied().filter(|index| today.binary_search(index).is_ok());
            let there: Vec<usize> = there.collect();
            let moves = there.iter().any(|&index| self.moves(index));
            moves.then(|| there.into_iter().flat_map(|index| self.proof.image(index)).collect())
        };
        self.together.iter().filter_map(of).collect()
    }

    /// Whether one stream of today goes on in part under its old labels: its listener keeps another sender, or another
    /// listener sets the same labels.
    pub(super) fn parts(&self, condition: &Condition) -> bool {
        let has_job = |to: &usize| self.proof.value_after(*to, "job") != Some("");
        let parts = |image: &BTreeSet<usize>| image.iter().any(has_job) && !image.iter().all(has_job);
        self.told.parts.of(condition, || self.fates(condition).iter().any(parts))
    }

    /// Whether one stream of today goes on as several: one for each component.
    pub(super) fn splits(&self, condition: &Condition) -> bool {
        self.fates(condition).iter().any(|image| image.len() > 1)
    }

    /// Whether the matcher names a moved job: it tells that value from a value nobody has.
    pub(super) fn names(&self, matcher: &Matcher) -> bool {
        self.moved.jobs.iter().any(|job| matcher.accepts(job) != matcher.accepts("\u{1}"))
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

    /// Whether streams may have a `service_name`.
    pub(super) fn may_have_names(&self) -> bool {
        !matches!(self.moved.streams.names, Derives::Never(_))
    }

    /// Whether `service_name` goes on to tell these streams from each other exactly as it does today. Where it is not
    /// known if they have one: whether it would.
    pub(super) fn name_tells(&self, condition: &Condition) -> bool {
        let this = self.if_named.unwrap_or(self);
        !self.may_have_names()
            || this.told.name_tells.of(condition, || {
                this.one_to_one(condition, |side, index| match side {
                    Side::Today => this.proof.token_today(index, "service_name"),
                    Side::After => this.proof.token_after(index, "service_name"),
                })
            })
    }

    /// Whether `job` and `service` together go on to tell these streams from each other exactly as they do today.
    pub(super) fn both_tell(&self, condition: &Condition) -> bool {
        let read = |side: Side, index: usize| {
            let value = |label: &str| match side {
                Side::Today => self.proof.token_today(index, label),
                Side::After => self.proof.token_after(index, label),
            };
            Some((value("job")?, value("service")?))
        };
        self.told.both_tell.of(condition, || self.one_to_one(condition, read))
    }

    /// Whether what is read of each of these streams and of what becomes of it is one to one.
    fn one_to_one<T: Ord + Copy>(&self, condition: &Condition, read: impl Fn(Side, usize) -> Option<T>) -> bool {
        let Ok(today) = self.proof.today(condition, Copies::Ignored) else { return false };
        let (mut forth, mut back) = (BTreeMap::new(), BTreeMap::new());
        today.into_iter().all(|index| {
            let Some(old) = read(Side::Today, index) else { return false };
            self.proof.image(index).all(|to| {
                let Some(new) = read(Side::After, to) else { return false };
                *forth.entry(old).or_insert(new) == new && *back.entry(new).or_insert(old) == old
            })
        })
    }

    /// The labels the streams of today have that satisfy `condition`.
    pub(super) fn labels(&self, condition: &Condition) -> BTreeSet<&'m str> {
        let list = self.today(condition).into_iter().filter_map(|index| self.moved.streams.before.get(index));
        list.flat_map(|stream| stream.labels.keys()).map(String::as_str).collect()
    }

    /// Whether streams of today that move have no such label and have one afterwards.
    pub(super) fn takes(&self, condition: &Condition, label: &str) -> bool {
        let free = |index: &usize| self.moves(*index) && self.proof.value_today(*index, label) == Some("");
        let mut image = self.today(condition).into_iter().filter(free).flat_map(|index| self.proof.image(index));
        image.any(|to| self.proof.value_after(to, label) != Some(""))
    }

    /// `job` becomes `service` on all of these streams, which all move.
    pub(super) fn service(&self, condition: &Condition) -> Option<Called> {
        let name = |to| self.proof.value_after(to, "service");
        self.told.service.of(condition, || self.called(condition, vec!["service"], name))
    }

    /// `service_name` tells all of these streams apart as `job` did.
    pub(super) fn derived(&self, condition: &Condition) -> Option<Called> {
        let name = |to| self.proof.value_after(to, "service_name");
        let find = || self.has_names().then(|| self.called(condition, vec!["service_name"], name)).flatten();
        self.told.derived.of(condition, find)
    }

    /// Each of these streams has either `job` as before or `service` in its place.
    pub(super) fn either(&self, condition: &Condition) -> Option<Called> {
        self.told.either.of(condition, || self.find_either(condition))
    }

    fn find_either(&self, condition: &Condition) -> Option<Called> {
        if self.parts(condition) {
            return None;
        }
        let name = |to| match (self.proof.value_after(to, "job")?, self.proof.value_after(to, "service")?) {
            (job, "") => Some(job),
            ("", service) => Some(service),
            _ => None,
        };
        let called = self.called(condition, vec!["job", "service"], name)?;
        Some(Called { together: self.each_by_one(condition), ..called })
    }

    /// Whether the streams of each job all keep it or all lose it.
    pub(super) fn each_by_one(&self, condition: &Condition) -> bool {
        let mut kinds: BTreeMap<&str, bool> = BTreeMap::new();
        self.today(condition).into_iter().all(|index| {
            let Some(job) = self.proof.value_today(index, "job") else { return false };
            self.proof.image(index).all(|to| {
                let kept = self.proof.value_after(to, "job") != Some("");
                *kinds.entry(job).or_insert(kept) == kept
            })
        })
    }

    /// Whether `name` tells streams apart exactly as their `job` did.
    fn called<'a>(
        &'a self,
        condition: &Condition,
        names: Vec<&'static str>,
        name: impl Fn(usize) -> Option<&'a str>,
    ) -> Option<Called> {
        let today = self.proof.today(condition, Copies::Ignored).ok()?;
        let mut forth = BTreeMap::new();
        let mut back = BTreeMap::new();
        for index in today {
            let job = self.proof.value_today(index, "job")?;
            for to in self.proof.image(index) {
                let new = name(to)?;
                let one_to_one = *forth.entry(job).or_insert(new) == new && *back.entry(new).or_insert(job) == job;
                if !one_to_one || job.is_empty() != new.is_empty() {
                    return None;
                }
            }
        }
        Some(Called { names, same: forth.iter().all(|(old, new)| old == new), together: true })
    }
}
