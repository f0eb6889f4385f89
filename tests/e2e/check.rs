//! What is rendered, held against the readers of those it is made for: Alloy's parser and Compose, and Alloy itself and the rule
//! loader of Loki where a person has them.
//!
//! Must not know: what runs.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use serde_yaml::Value;

use super::alloy;
use super::compose;
use super::process::{Result, until};
use super::world::{LOKI_HOST, World};

/// How often each was asked, and took what it was given.
#[derive(Default)]
pub(crate) struct Checked {
    pub(crate) parsed: usize,
    pub(crate) alloy: usize,
    pub(crate) compose: usize,
    pub(crate) rules: usize,
}

/// The Alloy configuration of a host, as it is rendered now.
pub(crate) fn alloy(world: &mut World, host: &str) -> Result<()> {
    let rendered = world.controller.machine(host).join("etc/alloy/config.alloy");
    let text = fs::read_to_string(&rendered).map_err(|error| format!("{}: {error}", rendered.display()))?;
    let refused = world.judge.ask(&[text]).remove(0).error;
    if !refused.is_empty() {
        return Err(format!("{}: Alloy's parser says {refused}", rendered.display()));
    }
    world.checked.parsed += 1;
    if world.parts.has("alloy") {
        alloy::validate(&world.parts, &rendered)?;
        world.checked.alloy += 1;
    }
    Ok(())
}

/// Everything that is rendered for a host.
pub(crate) fn host(world: &mut World, host: &str) -> Result<()> {
    if world.controller.machine(host).join("etc/alloy/config.alloy").exists() {
        alloy(world, host)?;
    }
    for project in world.controller.projects(host)? {
        compose::check(&world.parts, &project)?;
        world.checked.compose += 1;
    }
    Ok(())
}

/// The ruler of a Loki, where there is one, has loaded every rule of every file, and evaluates each without an error.
pub(crate) fn rules(world: &mut World) -> Result<()> {
    let Some(loki) = world.store.loki() else { return Ok(()) };
    let folder = world.controller.machine(LOKI_HOST).join("etc/loki/rules/fake");
    let wrong = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut wanted = BTreeSet::new();
    for entry in fs::read_dir(&folder).map_err(wrong)? {
        let path = entry.map_err(wrong)?.path();
        let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let text = fs::read_to_string(&path).map_err(wrong)?;
        let groups: Value = serde_yaml::from_str(&text).map_err(|error| format!("{file}: {error}"))?;
        let list = |value: &Value, key: &str| value.get(key).and_then(Value::as_sequence).cloned().unwrap_or_default();
        for group in list(&groups, "groups") {
            for rule in list(&group, "rules") {
                let text = |of: &Value, key: &str| of.get(key).and_then(Value::as_str).map(str::to_owned);
                let name = text(&rule, "alert").or_else(|| text(&rule, "record"));
                wanted.insert([file.clone(), text(&group, "name").unwrap_or_default(), name.unwrap_or_default()]);
            }
        }
    }
    let mut seen = BTreeSet::new();
    let loaded = until("the ruler to load every rule", Duration::from_secs(60), || {
        let rules = loki.rules()?;
        if let Some(bad) = rules.iter().find(|rule| !rule[3].is_empty()) {
            return Err(format!("the ruler cannot evaluate {bad:?}"));
        }
        seen = rules.into_iter().map(|[file, group, name, _]| [file, group, name]).collect();
        Ok((seen == wanted).then_some(()))
    });
    loaded.map_err(|why| format!("{why}: in the files {wanted:?}, loaded {seen:?}"))?;
    world.checked.rules += wanted.len();
    Ok(())
}
