//! The name of a Compose project, by the precedence of the Compose specification (label-surface 7.3).
//!
//! Knows: flags, environment, `.env`, `name:` and folders. Must not know: what is in the project.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Project;
use super::written::{Up, Written};
use crate::finding::{Finding, Level};
use crate::text::{Place, Source, Span};
use crate::topology::compose::{self, Compose};
use crate::topology::scope::Scope;

/// Where the Compose file of a project lies.
pub(super) struct Landed<'l> {
    pub(super) file: &'l Arc<Source>,
    /// The task that writes it to the host, if one is seen to.
    pub(super) written: Option<&'l Place>,
    /// Its folder, where it can be that the project is called like it.
    pub(super) folder: Option<&'l str>,
}

/// The name that all of `ups` give to the project; without any, its own `name:`, and without that the one it has when it
/// is brought up in its folder by whatever is not seen here.
pub(super) fn name(
    ups: &[&Up<'_>],
    env: &BTreeMap<String, String>,
    compose: &Compose,
    landed: &Landed<'_>,
) -> Result<Project, Box<Finding>> {
    let own = compose.name.as_deref().map(|name| compose::interpolate(name, &|name| env.get(name).cloned()));
    let mut names = Vec::new();
    for up in ups {
        names.push(name_by(&up.scope, up, env, own.as_deref())?);
    }
    names.sort_by(|a, b| a.name.cmp(&b.name));
    names.dedup_by(|a, b| a.name == b.name);
    match names.as_slice() {
        [only] => Ok(only.clone()),
        [first, second, ..] => Err(not_computable(
            &second.at,
            &format!("this task brings the project up as `{}`, another one as `{}`", second.name, first.name),
        )),
        [] => unseen(env, own, landed),
    }
}

/// The name of a project that no task is seen to bring up.
fn unseen(env: &BTreeMap<String, String>, own: Option<String>, landed: &Landed<'_>) -> Result<Project, Box<Finding>> {
    let file = landed.file;
    let is_silent = own.is_none();
    let from_env = env.get("COMPOSE_PROJECT_NAME").filter(|name| !name.is_empty()).cloned();
    if let Some(name) = from_env.or(own).filter(|name| !compose::is_unresolved(name)) {
        let name = compose::normalise(&name);
        return Ok(Project { name, at: Place::new(file, name_span(file)), is_assumed: false });
    }
    let at = landed.written.cloned().unwrap_or_else(|| Place::new(file, file.line_at(0)));
    let folder = landed.folder.filter(|_| is_silent).and_then(by_folder);
    let why = "no task is seen to bring this project up, the file has no `name:`, and its folder does not tell";
    let name = folder.ok_or_else(|| not_computable(&at, why))?;
    Ok(Project { name, at, is_assumed: true })
}

/// The name of a project that is brought up in this folder; `None` where that is not known.
fn by_folder(folder: &str) -> Option<String> {
    let last = folder.rsplit('/').next().unwrap_or(folder);
    let name = if compose::is_unresolved(last) { String::new() } else { compose::normalise(last) };
    Some(name).filter(|name| !name.is_empty())
}

/// The variables of a `.env` that a task writes.
pub(super) fn environment(one: &Written<'_>) -> BTreeMap<String, String> {
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
    own: Option<&str>,
) -> Result<Project, Box<Finding>> {
    let at = up.task.at.clone();
    let unresolved = |text: &str| not_computable(&at, &format!("`{text}` cannot be resolved for this host"));
    let exact = |text: &str| {
        let name = scope.resolve(text).ok_or_else(|| unresolved(text))?;
        Ok(Project { name, at: at.clone(), is_assumed: false })
    };
    let variable =
        up.task.environment().find(|(name, _)| name == "COMPOSE_PROJECT_NAME").map(|(_, value)| value.as_str());
    if let Some(text) = up.command.project.as_deref().or(up.command.environment.as_deref()).or(variable) {
        return exact(text);
    }
    if let Some(name) = env.get("COMPOSE_PROJECT_NAME").filter(|name| !name.is_empty()) {
        return exact(name);
    }
    if let Some(name) = own {
        if compose::is_unresolved(name) {
            return Err(unresolved(&compose::readable(name)));
        }
        return Ok(Project { name: compose::normalise(name), at, is_assumed: false });
    }
    // A folder that is only changed into does not count beside a file that is named.
    let file = up.files.as_ref().and_then(|files| files.first()).filter(|_| up.command.directory.is_none());
    let folder = file.and_then(|file| file.rsplit_once('/')).map(|(folder, _)| folder).or(up.directory.as_deref());
    let text = || up.command.directory.clone().unwrap_or_else(|| compose::readable(folder.unwrap_or("project_src")));
    let name = folder.and_then(by_folder).ok_or_else(|| unresolved(&text()))?;
    Ok(Project { name, at, is_assumed: false })
}

pub(super) fn not_computable(at: &Place, why: &str) -> Box<Finding> {
    Box::new(Finding::told(Level::Blocked, "compose/project-unknown", &[("why", why)], Some(at.clone())))
}
