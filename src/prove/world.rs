//! One world: the senders a pair of queries can tell apart, each with labels that are known and lines of its own.
//!
//! Knows: how what is not known is filled in, which senders are alike to both queries. Must not know: what is concluded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::asks::Asks;
use super::sample::Rng;
use super::senders::{Role, Sender, Told};
use crate::logql_eval::Labels;
use crate::topology::{Label, WHOSE, is_another_host, may_be};

/// Most senders of a kind that both queries treat alike.
const ALIKE: usize = 2;
/// Most senders of a world.
const MOST: usize = 40;
/// Most values of symbols that are tried.
const SYMBOLS: usize = 6;
/// Lines of one sender.
const LINES: usize = 7;

/// One sender in a world.
#[derive(Clone, Debug)]
pub(super) struct Actor {
    pub(super) before: Option<Arc<Labels>>,
    pub(super) after: Option<Arc<Labels>>,
    pub(super) later: Option<Arc<Labels>>,
    pub(super) role: Role,
    pub(super) lines: Vec<(i64, String)>,
}

/// From which labels Loki takes `service_name`; none: it does not.
pub(super) type Naming = Option<Vec<String>>;

/// What a symbol is in one world; and which of the streams of a family is meant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice<'a> {
    /// The one symbol that has a value somebody asks for.
    pub(super) known: Option<&'a Known>,
    /// Number of the stream in its family: absent, another value, then the values that are asked for.
    pub(super) member: usize,
}

/// Labels with a value for what is not known. `asks` holds what queries ask of each label.
pub(super) fn concrete(told: &Told, naming: &Naming, choice: Choice<'_>, asks: &Asks) -> Labels {
    let mut labels = Labels::default();
    for (name, label) in told.iter() {
        match label {
            Label::Known(text) if text.is_empty() => {}
            Label::Known(text) => labels.set(name, text),
            Label::Symbol(symbol) => labels.set(name, &symbolic(symbol, choice.known)),
            Label::Unknown => {
                if let Some(mut value) = member(name, choice.member, asks) {
                    // Each container of a project has a name of its own.
                    if let Some(Label::Known(component)) = told.get("component").filter(|_| name == "container") {
                        value = format!("{value}-{component}");
                    }
                    labels.set(name, &value);
                }
            }
        }
    }
    if let Some(list) = naming.as_ref().filter(|_| !labels.has("service_name")) {
        let first = list.iter().map(|name| labels.get(name)).find(|value| !value.is_empty());
        let name = first.unwrap_or("unknown_service").to_owned();
        labels.set("service_name", &name);
    }
    labels
}

/// Whether every value is known.
pub(super) fn is_known(told: &Told) -> bool {
    told.values().all(|label| matches!(label, Label::Known(_)))
}

/// A symbol and its value.
pub(super) type Known = (String, String);

/// The value of a symbol: none that anybody asks for, unless it is `known`.
pub(super) fn symbolic(symbol: &str, known: Option<&Known>) -> String {
    if let Some((_, value)) = known.filter(|(own, _)| own == symbol) {
        return value.clone();
    }
    let letters = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    format!("some-{}", symbol.chars().map(letters).collect::<String>())
}

/// Labels whose unknown values are taken to be none of the known ones.
fn is_taken(label: &str) -> bool {
    label != "job" && WHOSE.contains(&label)
}

fn member(label: &str, member: usize, asks: &Asks) -> Option<String> {
    match member {
        0 => None,
        1 => Some(format!("some-{label}")),
        _ if is_taken(label) => Some(format!("some-{label}-{member}")),
        _ => asks.values(label).iter().nth(member - 2).cloned().or_else(|| Some(format!("some-{label}"))),
    }
}

/// How many members of a family of streams are needed to see what queries ask of it.
fn members(told: &Told, asks: &Asks) -> std::ops::Range<usize> {
    let unknown = told.iter().filter(|(_, label)| **label == Label::Unknown);
    let asked: usize = unknown.map(|(name, _)| asks.values(name).len()).max().unwrap_or(0);
    0..2 + asked.min(3)
}

/// The values that are asked for, one by one, that a symbol may have: none of the known ones where it says whose lines they are,
/// nor what another of the `hosts` is called. Those of what moves come first.
pub(super) fn symbols<'s>(
    senders: impl Iterator<Item = &'s Sender>,
    asks: &Asks,
    hosts: &BTreeSet<String>,
) -> Vec<Option<Known>> {
    let (moving, others): (Vec<&Sender>, Vec<&Sender>) = senders.partition(|one| one.role == Role::Moves);
    let labels = moving.into_iter().chain(others).flat_map(|one| [&one.before, &one.after, &one.later]).flatten();
    let mut found: Vec<Option<Known>> = vec![None];
    for (name, label) in labels.flat_map(|told| told.iter()).filter(|(name, _)| !is_taken(name)) {
        let Label::Symbol(symbol) = label else { continue };
        let is_open =
            |value: &&String| may_be(symbol, value) && !(hosts.contains(*value) && is_another_host(symbol, value));
        for value in asks.values(name).iter().filter(is_open) {
            let known = Some((symbol.clone(), value.clone()));
            if found.len() <= SYMBOLS && !found.contains(&known) {
                found.push(known);
            }
        }
    }
    found
}

/// The senders that matter to both queries of `asks`, with their labels.
pub(super) fn cast<'s>(
    senders: impl Iterator<Item = (&'s Sender, Option<&'s Actor>)>,
    naming: &Naming,
    known: Option<&Known>,
    asks: &Asks,
) -> Vec<Actor> {
    let mut alike: BTreeMap<(u8, Vec<bool>), Vec<Vec<String>>> = BTreeMap::new();
    let mut actors: Vec<Actor> = Vec::new();
    let senders: Vec<_> = senders.collect();
    let moving = senders.iter().filter(|(sender, _)| sender.role == Role::Moves);
    let values = |(sender, _): &(&Sender, _)| asks.in_view(&acting(sender, naming, Choice { known, member: 1 }, asks));
    let moving: BTreeSet<String> = moving.flat_map(values).filter(|value| !value.is_empty()).collect();
    let mut add = |actor: Actor| {
        let Some(mut signature) = asks.signature(&actor) else { return };
        // Of those that are alike, the ones that the labels in view tell apart say more.
        let values = asks.in_view(&actor);
        signature.extend(values.iter().map(|value| moving.contains(value)));
        let have = alike.entry((actor.role as u8, signature)).or_default();
        let is_new = !have.contains(&values);
        let most = if is_new || matches!(actor.role, Role::Moves | Role::Copy) { 2 * ALIKE } else { ALIKE };
        if have.len() < most && actors.len() < MOST {
            have.push(values);
            actors.push(actor);
        }
    };
    for (sender, ready) in senders {
        acted(sender, ready, naming, known, asks, &mut add);
    }
    actors
}

/// All senders, whatever queries ask: who lists values wants to see each of them.
pub(super) fn all<'s>(
    senders: impl Iterator<Item = (&'s Sender, Option<&'s Actor>)>,
    naming: &Naming,
    known: Option<&Known>,
    asks: &Asks,
) -> Vec<Actor> {
    let mut actors = Vec::new();
    for (sender, ready) in senders {
        acted(sender, ready, naming, known, asks, &mut |actor| actors.push(actor));
    }
    actors
}

/// What a sender is in a world: `ready`, or each of its family that queries can tell apart.
fn acted(
    sender: &Sender,
    ready: Option<&Actor>,
    naming: &Naming,
    known: Option<&Known>,
    asks: &Asks,
    add: &mut dyn FnMut(Actor),
) {
    if let Some(actor) = ready {
        return add(actor.clone());
    }
    let family = |told: &Option<Told>| told.as_ref().map_or(0..1, |told| members(told, asks));
    let is_family = [&sender.before, &sender.after]
        .into_iter()
        .flatten()
        .any(|told| told.values().any(|label| *label == Label::Unknown));
    let numbers = match (is_family, sender.role) {
        (false, _) => 0..1,
        // What moves has all of its labels.
        (true, Role::Moves | Role::Copy) => 1..2,
        (true, _) => 0..family(&sender.before).end.max(family(&sender.after).end),
    };
    for member in numbers {
        add(acting(sender, naming, Choice { known, member }, asks));
    }
}

/// The same senders, each as several whose lines have these labels beside those of their stream.
pub(super) fn with_metadata(actors: Vec<Actor>, metadata: &[Vec<(String, String)>]) -> Vec<Actor> {
    if metadata.is_empty() {
        return actors;
    }
    let more = |labels: &Option<Arc<Labels>>, list: &[(String, String)]| {
        let labels = labels.as_ref()?;
        let mut labels = Labels::clone(labels);
        for (name, value) in list {
            labels.set(name, value);
        }
        Some(Arc::new(labels))
    };
    let of = |actor: &Actor, list: &Vec<(String, String)>| Actor {
        before: more(&actor.before, list),
        after: more(&actor.after, list),
        later: more(&actor.later, list),
        ..actor.clone()
    };
    actors.iter().flat_map(|actor| metadata.iter().map(move |list| of(actor, list))).collect()
}

/// A sender whose labels are all known, with `service_name`.
pub(super) type Ready = Option<Actor>;

/// The same for all senders whose labels are known.
pub(super) fn ready(senders: &[Sender], naming: &Naming) -> Vec<Ready> {
    let asks = Asks::default();
    let known = |told: &Option<Told>| told.as_ref().is_none_or(is_known);
    let of = |sender: &Sender| {
        let all = [&sender.before, &sender.after, &sender.later].into_iter().all(known);
        all.then(|| acting(sender, naming, Choice { known: None, member: 0 }, &asks))
    };
    senders.iter().map(of).collect()
}

pub(super) fn acting(sender: &Sender, naming: &Naming, choice: Choice<'_>, asks: &Asks) -> Actor {
    let of = |told: &Option<Told>| told.as_ref().map(|told| Arc::new(concrete(told, naming, choice, asks)));
    let (before, after, later) = (of(&sender.before), of(&sender.after), of(&sender.later));
    Actor { before, after, later, role: sender.role, lines: Vec::new() }
}

/// Windows that lines have to lie in: how long each is and how far back it ends, in milliseconds.
pub(super) struct Times {
    pub(super) windows: Vec<(i64, i64)>,
    pub(super) end: i64,
    pub(super) step: i64,
}

impl Times {
    /// A moment; in the earlier or later half where that is asked for.
    fn pick(&self, half: Option<bool>, rng: &mut Rng) -> i64 {
        let (length, offset) = rng.pick(&self.windows).copied().unwrap_or((300_000, 0));
        // Most lie in the window of a moment that is asked about, some before all of them.
        let reach = length + 2 * self.step + length / 8;
        let reach = u32::try_from(reach.clamp(1, i64::from(u32::MAX))).unwrap_or(u32::MAX);
        let back = i64::try_from(rng.below(reach as usize)).unwrap_or_default();
        let reach = i64::from(reach);
        let back = half.map_or(back, |early| if early { reach / 2 + back / 2 } else { back / 2 });
        self.end - offset - back
    }
}

/// Who has the most to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loud {
    /// Nobody: few lines are read soon, and most texts that are wrong are refuted by few.
    Nobody,
    /// What moves.
    Moving,
    /// All others.
    Others,
    /// What moves first, then all others.
    Turns,
}

/// Gives each sender lines out of `pool`.
pub(super) fn speak(actors: &mut [Actor], pool: &[String], times: &Times, loud: Loud, rng: &mut Rng) {
    for (number, actor) in actors.iter_mut().enumerate() {
        let moves = matches!(actor.role, Role::Moves | Role::Former);
        let all = match loud {
            Loud::Nobody => false,
            Loud::Turns => true,
            Loud::Moving => moves,
            Loud::Others => !moves,
        };
        let half = (loud == Loud::Turns).then_some(moves);
        // What moves says all there is to say, each of several another time and not quite as much.
        let count = if all { pool.len().saturating_sub(number % 5) } else { LINES + rng.below(4) + number % 3 };
        actor.lines = (0..count)
            .filter_map(|at| {
                let line = if all { pool.get(at) } else { rng.pick(pool) }?;
                Some((times.pick(half, rng), line.clone()))
            })
            .collect();
        actor.lines.sort();
    }
    // Docker keeps the lines that go to syslog.
    let copied = |copy: &Actor| {
        let of = |one: &&Actor| one.role == Role::Moves && one.after == copy.after;
        actors.iter().find(of).map(|one| one.lines.clone())
    };
    let lines: Vec<_> = actors.iter().map(|one| if one.role == Role::Copy { copied(one) } else { None }).collect();
    for (actor, lines) in actors.iter_mut().zip(lines) {
        actor.lines = lines.unwrap_or_else(|| std::mem::take(&mut actor.lines));
    }
}

/// When a store is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum When {
    Before,
    After,
    /// Once everything else has moved.
    Later,
}

impl Actor {
    /// The labels its lines have; `None` while it has none.
    pub(super) fn labels(&self, when: When) -> Option<&Arc<Labels>> {
        match when {
            When::Before => self.before.as_ref(),
            When::Later if self.role == Role::Comes => None,
            When::Later if self.later.is_some() => self.later.as_ref(),
            When::After | When::Later => self.after.as_ref(),
        }
    }
}

/// Labels that what moves has on one side only, or with another value.
pub(super) fn changing(senders: &[Sender]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for sender in senders.iter().filter(|one| one.role == Role::Moves) {
        if let (Some(before), Some(after)) = (&sender.before, &sender.after) {
            let names = before.keys().chain(after.keys());
            found.extend(names.filter(|name| before.get(*name) != after.get(*name)).cloned());
        }
    }
    found
}
