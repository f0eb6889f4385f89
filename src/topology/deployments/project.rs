//! The name of a Compose project, by the precedence of the Compose specification (label-surface 7.3).
//!
//! Knows: flags, environment, `.env`, `name:` and folders. Must not know: what is in the project.

use std::collections::BTreeMap;

use super::Project;
use super::written::{Up, Written};
use crate::finding::{Finding, Level};
use crate::text::{Place, Source, Span};
use crate::topology::compose::{self, Compose};
use crate::topology::scope::Scope;

/// The name that all of `ups` give to the project; without any, its own `name:`.
pub(super) fn name(
    ups: &[&Up<'_>],
    env: &BTreeMap<String, String>,
    compose: &Compose,
    file: &std::sync::Arc<Source>,
    written: Option<&Place>,
) -> Result<Project, Box<Finding>> {
    let mut names = Vec::new();
    for up in ups {
        names.push(name_by(&up.scope, up, env, compose)?);
    }
    names.sort_by(|a, b| a.name.cmp(&b.name));
    names.dedup_by(|a, b| a.name == b.name);
    match names.as_slice() {
        [only] => Ok(only.clone()),
        [first, second, ..] => Err(not_computable(
            &second.at,
            &format!("this task brings the project up as `{}`, another one as `{}`", second.name, first.name),
        )),
        [] => match &compose.name {
            Some(name) if !compose::is_unresolved(name) => {
                Ok(Project { name: compose::normalise(name), at: Place::new(file, name_span(file)) })
            }
            _ => Err(not_computable(
                written.unwrap_or(&Place::new(file, file.line_at(0))),
                "no task is seen to bring this project up, and the file has no `name:`; its folder alone does not tell",
            )),
        },
    }
}

/// The variables of the `.env` that a task writes beside the Compose file.
pub(super) fn environment(directory: Option<&str>, all: &[Written<'_>]) -> BTreeMap<String, String> {
    let Some(directory) = directory else { return BTreeMap::new() };
    let path = format!("{directory}/.env");
    let Some(one) = all.iter().find(|one| one.dest.as_deref() == Some(path.as_str())) else { return BTreeMap::new() };
    let Ok(rendered) = one.scope.render(&one.file, one.is_template) else { return BTreeMap::new() };
    rendered
        .text
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.strip_prefix("export ").unwrap_or(line).split_once('='))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().trim_matches(['"', '\'']).to_owned()))
        .collect()
}

/// Where `name:` stands in the file, or its start.
fn name_span(file: &Source) -> Span {
    let text = file.text().unwrap_or_default();
    let at = if text.starts_with("name:") { Some(0) } else { text.find("\nname:").map(|at| at + 1) };
    at.map_or(Span::at(0), |at| file.line_at(at))
}

fn name_by(
    scope: &Scope<'_>,
    up: &Up<'_>,
    env: &BTreeMap<String, String>,
    compose: &Compose,
) -> Result<Project, Box<Finding>> {
    let at = up.task.at.clone();
    let unresolved = |text: &str| not_computable(&at, &format!("`{text}` cannot be resolved for this host"));
    let exact = |text: &str| {
        let name = scope.resolve(text).ok_or_else(|| unresolved(text))?;
        Ok(Project { name, at: at.clone() })
    };
    let variable =
        up.task.environment.iter().find(|(name, _)| name == "COMPOSE_PROJECT_NAME").map(|(_, value)| value.as_str());
    if let Some(text) = up.command.project.as_deref().or(up.command.environment.as_deref()).or(variable) {
        return exact(text);
    }
    if let Some(name) = env.get("COMPOSE_PROJECT_NAME").filter(|name| !name.is_empty()) {
        return exact(name);
    }
    if let Some(name) = &compose.name {
        if compose::is_unresolved(name) {
            return Err(unresolved(name));
        }
        return Ok(Project { name: compose::normalise(name), at });
    }
    let file = up.files.as_ref().and_then(|files| files.first());
    let folder = match (&up.directory, file) {
        (Some(folder), _) => folder.clone(),
        (None, Some(file)) => file.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned()),
        (None, None) => String::new(),
    };
    let name = compose::normalise(folder.trim_end_matches('/').rsplit('/').next().unwrap_or_default());
    if name.is_empty() { Err(unresolved("project_src")) } else { Ok(Project { name, at }) }
}

pub(super) fn not_computable(at: &Place, why: &str) -> Box<Finding> {
    Box::new(Finding::told(Level::Blocked, "compose/project-unknown", &[("why", why)], Some(at.clone())))
}
