//! The wrong order: Alloy first, then the containers. It shows what the printed order prevents.
//!
//! On a host of its own, and when all else has been counted: what is lost here must not be missed elsewhere.

use std::path::Path;
use std::time::Duration;

use super::lines::{EVERY, SECOND, Tally, now, slot_end};
use super::moves::Figures;
use super::process::{Result, until};
use super::report::Run;
use super::world::World;

const HOST: &str = "miranda.incus";
const SERVICE: &str = "argos";

/// Deploys the last step of the rollout first.
pub(crate) fn show(world: &mut World, repository: &Path, figures: &mut Figures) -> Result<()> {
    world.host(HOST)?;
    let old = format!("{{job=\"{SERVICE}\", hostname=\"{HOST}\"}}");
    until("lines by the listener", Duration::from_secs(30), || {
        Ok((!world.store.lines(&old, world.since, now())?.is_empty()).then_some(()))
    })?;
    let report = super::migrate(repository, &[SERVICE, "--host", HOST, "--branch", "wrong-order"])?;
    let run = Run::read(&report)?;
    world.controller.take(run.commits.last().ok_or("the branch has no commits")?)?;

    world.deploy("alloy/deploy.yml", HOST)?;
    let gone = now();
    let printed = printed(world)?;
    let end = slot_end(gone + 2 * EVERY * SECOND);
    until("two slots", Duration::from_secs(30), || Ok((now() >= end).then_some(())))?;
    let lost = self::printed(world)? - printed;
    let came = world.store.lines(&old, gone, end)?;
    if lost == 0 || !came.is_empty() {
        return Err(format!("without a listener {} of {lost} lines came as {old}: {:?}", came.len(), came.first()));
    }
    figures.add(
        format!("{SERVICE} on {HOST}, Alloy first: lines printed in two slots, of them under the old labels"),
        format!("{lost}, 0"),
    );

    let refused = world
        .known(HOST)?
        .engine
        .restart(SERVICE)
        .err()
        .ok_or_else(|| format!("{SERVICE} starts although nothing listens to its logging driver"))?;
    let wanted = ["failed to initialize logging driver", "connection refused"];
    if let Some(word) = wanted.iter().find(|word| !refused.contains(**word)) {
        return Err(format!("{SERVICE} does not start again, but not for the reason `{word}`: {refused}"));
    }
    let running = |world: &mut World| -> Result<bool> {
        let containers = world.known(HOST)?.engine.containers()?;
        Ok(containers.iter().any(|one| one.project == SERVICE && one.component == SERVICE && one.running))
    };
    if running(world)? {
        return Err(format!("{SERVICE} runs although its logging driver could not be made"));
    }
    let said = refused.lines().find(|line| line.contains(wanted[0])).unwrap_or_default().to_owned();
    figures.add(format!("{SERVICE} on {HOST}, Alloy first, then a restart"), format!("stays down: {}", said.trim()));

    world.deploy(&format!("{SERVICE}/deploy.yml"), HOST)?;
    if !running(world)? {
        return Err(format!("{SERVICE} does not run after its own deployment"));
    }
    Ok(())
}

/// How many lines the containers of the service have printed.
fn printed(world: &World) -> Result<usize> {
    let of_service =
        |id: &String| world.seen.get(id).is_some_and(|seen| seen.host == HOST && seen.container.project == SERVICE);
    let tally = Tally::read(&world.tallies())?;
    Ok(tally.0.iter().filter(|(id, _)| of_service(id)).map(|(_, lines)| lines.len()).sum())
}
