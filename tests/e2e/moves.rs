//! One run of `migrate`, rolled out as it says, and what has to be true then.
//!
//! Knows: the questions. Must not know: how a part is started.

use core::fmt;
use core::ops::RangeInclusive;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::lines::{EVERY, SECOND, Tally, now, slot_end};
use super::loki::Answer;
use super::process::{Result, run, until};
use super::queries::{self, Change};
use super::report::Run;
use super::rest::Rest;
use super::rollout;
use super::verify;
use super::world::World;

/// How long lines may take to reach Loki: Alloy looks for new containers twice a minute, and sends once a second.
const ARRIVE: Duration = Duration::from_secs(90);

/// What was checked, for the end of the run and the README.
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
    let changes = queries::changes(&report);
    let before = ask(world, &changes, |change| &change.before, window)?;
    let rest = Rest::ask(world, repository, &changes, window)?;
    for service in &planned.services {
        verify::before(world, repository, service, host)?;
    }
    let done = rollout::carry_out(world, &planned.rollout, &planned.commits)?;
    let window = settled(world)?;
    let after = ask(world, &changes, |change| &change.after, window)?;

    let told = format!("{} on {host}", planned.services.join(", "));
    figures.add(format!("{told}: lines printed, each found as often as planned"), complete(world)?.to_string());
    planned.silent(world, host, &done)?;
    figures.add(
        format!("{told}: new streams, with the planned labels"),
        planned.planned(world, host, window)?.to_string(),
    );
    let moved = planned.moved(world, host);
    let kept = rest.compare(world, &report, &moved, window)?;
    figures.add(
        format!("{told}: all other queries"),
        format!(
            "{} give the same ({} of them nothing, before and after); in {} lines are there once that were there twice, {} \
             give something else, and the report says so of both",
            kept.same,
            kept.same - kept.shown,
            kept.once,
            kept.said
        ),
    );
    if !kept.unsaid.is_empty() {
        return Err(format!("{} other queries change unsaid\n{}", kept.unsaid.len(), kept.unsaid.join("\n")));
    }
    let compared = queries::compare(&changes, &before, &after, &moved);
    let all = compared.same + compared.different.len();
    figures.add(
        format!("{told}: queries that give the same after the move"),
        format!("{} of {all}, {} left for the reader", compared.same, compared.reviews),
    );
    for service in &planned.services {
        verify::after(world, repository, service, host)?;
    }
    figures.add(format!("{told}: `migrate verify`"), "not yet before, as planned after");
    if !compared.different.is_empty() {
        return Err(format!(
            "{} queries give something else\n{}",
            compared.different.len(),
            compared.different.join("\n")
        ));
    }
    let git = |arguments: &[&str]| run(Command::new("git").current_dir(repository).args(arguments)).map(drop);
    git(&["merge", "--quiet", "--ff-only", &planned.branch])?;
    git(&["branch", "--quiet", "--delete", &planned.branch])
}

fn ask<'a>(
    world: &World,
    changes: &'a [Change],
    which: impl Fn(&'a Change) -> &'a String,
    end: i64,
) -> Result<Vec<Answer>> {
    changes.iter().map(|change| queries::ask_one(&world.loki, which(change), end, world.since)).collect()
}

/// Waits for three whole slots from now, a window and one before it, and until all that was printed has arrived. Gives the end
/// of the last.
fn settled(world: &World) -> Result<i64> {
    let end = slot_end(now() + 3 * EVERY * SECOND);
    until("three slots", Duration::from_secs(60), || Ok((now() >= end).then_some(())))?;
    let tally = Tally::read(&world.tallies())?;
    let wanted: usize = tally.0.iter().map(|(container, lines)| lines.len() * copies(world, container).start()).sum();
    let wanted = u32::try_from(wanted).map_err(|error| error.to_string())?;
    let seconds = (end - world.since) / SECOND + 60;
    let text =
        format!("sum(count_over_time({{environment=\"ouranos\"}} |~ \"[0-9a-f]{{12}}:[0-9]{{7}}\" [{seconds}s]))");
    let arrived = until("all lines to arrive", ARRIVE, || match world.loki.query(&text, end, end)? {
        Answer::Series(series) => Ok(series.first().filter(|(_, count)| *count >= f64::from(wanted)).map(drop)),
        Answer::Lines(_) => Err("a count is not a list of lines".to_owned()),
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

/// Holds every printed line beside what is in Loki. Gives how many were printed.
fn complete(world: &World) -> Result<usize> {
    let end = slot_end(now());
    until("the end of the slot", Duration::from_secs(10), || Ok((now() >= end).then_some(())))?;
    let tally = Tally::read(&world.tallies())?;
    let look = || -> Result<Vec<String>> {
        let found = world.loki.lines("{environment=\"ouranos\"}", world.since - SECOND, end + 3600 * SECOND)?;
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
        "{} of {} printed lines are not in Loki as often as they should be\n{}\n{}",
        wrong.len(),
        tally.count(),
        named.collect::<Vec<_>>().join("\n"),
        wrong[..wrong.len().min(20)].join("\n")
    ))
}
