//! One run of `migrate`, rolled out as it says, and what has to be true then.
//!
//! Knows: the questions. Must not know: how a part is started.

use core::fmt;
use core::ops::RangeInclusive;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::answers::Asked;
use super::lines::{EVERY, MARK, SECOND, Tally, now, slot_end};
use super::process::{Result, run, until};
use super::report::Run;
use super::rollout;
use super::world::World;

/// How long lines may take to reach the store: the collector looks for new containers twice a minute, and sends once a second.
const ARRIVE: Duration = Duration::from_secs(90);

/// What was checked, for the end of the run and `docs/figures.md`.
#[derive(Default)]
pub(crate) struct Figures {
    pub(crate) rows: Vec<(String, String)>,
}

impl Figures {
    pub(crate) fn add(&mut self, what: impl Into<String>, seen: impl Into<String>) {
        let row = (what.into(), seen.into());
        println!("   {}: {}", row.0, row.1);
        self.rows.push(row);
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| what | seen |\n|---|---|")?;
        self.rows.iter().try_for_each(|(what, seen)| writeln!(f, "| {what} | {seen} |"))
    }
}

/// Asks, migrates, rolls out, asks again. The branch is merged at the end.
pub(crate) fn carry_out(
    world: &mut World,
    repository: &Path,
    host: &str,
    arguments: &[&str],
    figures: &mut Figures,
) -> Result<()> {
    let window = settled(world)?;
    let report = super::migrate(repository, arguments)?;
    let planned = Run::read(&report)?;
    let since = world.since;
    let asked =
        world.store.loki().map(|loki| Asked::before(loki, repository, &report, host, window, since)).transpose()?;
    let done = rollout::carry_out(world, &planned.rollout, &planned.commits)?;
    let window = settled(world)?;

    let told = format!("{} on {host}", planned.services.join(", "));
    figures.add(format!("{told}: lines printed, each found as often as planned"), complete(world)?.to_string());
    planned.silent(world, host, &done)?;
    figures.add(
        format!("{told}: new streams, with the planned labels"),
        planned.planned(world, host, window)?.to_string(),
    );
    if let (Some(loki), Some(asked)) = (world.store.loki(), asked) {
        asked.after(loki, repository, &planned.moved(world, host), window, since, figures)?;
    }
    let git = |arguments: &[&str]| run(Command::new("git").current_dir(repository).args(arguments)).map(drop);
    git(&["merge", "--quiet", "--ff-only", &planned.branch])?;
    git(&["branch", "--quiet", "--delete", &planned.branch])
}

/// Waits for three whole slots from now, a window and one before it, and until all that was printed has arrived. Gives the end
/// of the last.
fn settled(world: &World) -> Result<i64> {
    let end = slot_end(now() + 3 * EVERY * SECOND);
    until("three slots", Duration::from_secs(60), || Ok((now() >= end).then_some(())))?;
    let tally = Tally::read(&world.tallies())?;
    let wanted: usize = tally.0.iter().map(|(container, lines)| lines.len() * copies(world, container).start()).sum();
    let arrived = until("all lines to arrive", ARRIVE, || {
        let count = world.store.count("{environment=\"ouranos\"}", MARK, world.since - 60 * SECOND, end)?;
        Ok((count >= wanted).then_some(()))
    });
    match arrived {
        Ok(()) => Ok(end),
        // The whole comparison says which lines.
        Err(why) => Err(complete(world).err().unwrap_or(why)),
    }
}

fn copies(world: &World, container: &str) -> RangeInclusive<usize> {
    world.seen.get(container).map_or(0..=0, super::world::Seen::copies)
}

/// Holds every printed line beside what is in the store. Gives how many were printed.
fn complete(world: &World) -> Result<usize> {
    let end = slot_end(now());
    until("the end of the slot", Duration::from_secs(10), || Ok((now() >= end).then_some(())))?;
    let tally = Tally::read(&world.tallies())?;
    let look = || -> Result<Vec<String>> {
        let found = world.store.lines("{environment=\"ouranos\"}", world.since - SECOND, end + 3600 * SECOND)?;
        Ok(tally.missing(&found, |container| copies(world, container)))
    };
    let mut wrong = look()?;
    if !wrong.is_empty() {
        // The last second may still be on its way.
        until("the last lines", Duration::from_secs(5), || Ok((now() >= end + 5 * SECOND).then_some(())))?;
        wrong = look()?;
    }
    if wrong.is_empty() {
        return Ok(tally.count());
    }
    let mut by_container: BTreeMap<&str, usize> = BTreeMap::new();
    for one in &wrong {
        *by_container.entry(one.get(..12).unwrap_or_default()).or_default() += 1;
    }
    let who = world.who();
    let named = by_container.iter().map(|(id, count)| {
        format!("    {count} of {} ({:?}, {:?} copies)", tally.0[*id].len(), who.get(*id), copies(world, id))
    });
    Err(format!(
        "{} of {} printed lines are not in the store as often as they should be\n{}\n{}",
        wrong.len(),
        tally.count(),
        named.collect::<Vec<_>>().join("\n"),
        wrong[..wrong.len().min(20)].join("\n")
    ))
}
