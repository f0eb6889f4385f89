//! The printed rollout, carried out step by step.
//!
//! A step is either a playbook to run, or a look at new lines. A step that is neither is a failure: then the test would no
//! longer do what a reader of the report does.

use std::time::Duration;

use serde_json::Value as Json;

use super::lines::{SECOND, now};
use super::process::{Result, until};
use super::world::World;

/// How long new lines may take: The collector looks for new containers twice a minute.
const NEW_LINES: Duration = Duration::from_secs(90);

/// What a step asks for.
#[derive(Debug, PartialEq)]
enum Step<'a> {
    /// `ansible-playbook PLAYBOOK --limit HOST`, with the branch at its first commit or at its last.
    Deploy { playbook: &'a str, host: &'a str, first: bool },
    /// Look for lines that this selector takes in.
    Look(&'a str),
}

impl<'a> Step<'a> {
    fn read(text: &'a str, command: Option<&'a str>) -> Option<Self> {
        match command {
            Some(command) => {
                let (playbook, host) = command.strip_prefix("ansible-playbook ")?.split_once(" --limit ")?;
                Some(Self::Deploy { playbook, host, first: text.starts_with("From the first commit of the branch, ") })
            }
            None => text.strip_prefix("Look for new lines in Grafana: ").map(Self::Look),
        }
    }
}

/// Carries out the steps, in their order, from the commits of the branch (oldest first). Gives back when each playbook had
/// run, in nanoseconds.
pub(crate) fn carry_out(world: &mut World, steps: &Json, commits: &[String]) -> Result<Vec<(String, i64)>> {
    let steps = steps.as_array().filter(|steps| !steps.is_empty()).ok_or("the report has no rollout")?;
    let (first, last) = commits.first().zip(commits.last()).ok_or("the branch has no commits")?;
    let mut done = Vec::new();
    let mut deployed = now();
    for (number, step) in steps.iter().enumerate() {
        let text = step["text"].as_str().unwrap_or_default();
        println!("   {}. {text}", number + 1);
        let failed = |why: String| format!("step {} of the rollout ({text}): {why}", number + 1);
        match Step::read(text, step["command"].as_str()) {
            Some(Step::Deploy { playbook, host, first: early }) => {
                world.controller.take(if early { first } else { last }).map_err(failed)?;
                deployed = now();
                world.deploy(playbook, host).map_err(failed)?;
                done.push((playbook.to_owned(), now()));
            }
            Some(Step::Look(selector)) => {
                let seen = until("new lines", NEW_LINES, || {
                    Ok(Some(world.store.lines(selector, deployed, now() + SECOND)?).filter(|lines| !lines.is_empty()))
                });
                seen.map_err(failed)?;
            }
            None => return Err(failed(format!("this test does not know how to do that: {:?}", step["command"]))),
        }
    }
    Ok(done)
}
