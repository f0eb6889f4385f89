//! Hosts that do not run here: what their branches render is held against the real readers, before and after.

use std::path::Path;

use serde_json::Value as Json;

use super::check;
use super::moves::Figures;
use super::process::Result;
use super::world::{LOKI_HOST, World};

/// Plans every other host and checks each of its states.
pub(crate) fn check(world: &mut World, repository: &Path, figures: &mut Figures) -> Result<()> {
    let report = super::migrate(repository, &["--all"])?;
    let branches = report["branches"].as_array().cloned().unwrap_or_default();
    let mut names = Vec::new();
    for branch in &branches {
        let name = branch["name"].as_str().unwrap_or_default();
        one(world, branch).map_err(|why| format!("{name}: {why}"))?;
        names.push(name.to_owned());
    }
    figures.add("branches of hosts that do not run here, rendered and checked", names.join(", "));
    Ok(())
}

fn one(world: &mut World, branch: &Json) -> Result<()> {
    let commits: Vec<&str> = branch["commits"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    let steps = branch["rollout"].as_array().into_iter().flatten().filter_map(|step| step["command"].as_str());
    let deployed: Vec<(&str, &str)> =
        steps.filter_map(|command| command.strip_prefix("ansible-playbook ")?.split_once(" --limit ")).collect();
    for commit in [commits.first(), commits.last()].into_iter().flatten() {
        world.controller.take(commit)?;
        let hosts: std::collections::BTreeSet<&str> = deployed.iter().map(|(_, host)| *host).collect();
        for host in hosts {
            if host == LOKI_HOST {
                world.deploy("pplg/deploy.yml", LOKI_HOST)?;
                continue;
            }
            let mut playbooks: Vec<String> =
                deployed.iter().filter(|(_, at)| *at == host).map(|(playbook, _)| (*playbook).to_owned()).collect();
            playbooks.sort();
            playbooks.dedup();
            world.controller.play(&playbooks, &[host.to_owned()])?;
            check::host(world, host)?;
        }
    }
    Ok(())
}
