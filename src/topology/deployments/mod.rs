//! Which Compose project runs on which host, under which name, with which containers.
//!
//! Knows: how a task that writes a file, a task that brings a project up, an `.env` and Compose files add up to one
//! project on one host. Must not know: Alloy, ports, or what moves.

mod landing;
mod project;
pub(in crate::topology) mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::compose::{self, Compose};
use super::deploys::{Task, join};
use super::scope::Scope;
use crate::finding::{Finding, Level};
use crate::syntax::jinja::{self, Delims};
use crate::text::{Place, Source, Span};
use landing::{DEFAULT, Landing, folder_of};
use written::{Done, Up, Written};

/// The name of a Compose project and what decided it.
#[derive(Clone, Debug)]
pub struct Project {
    /// The name, as Compose uses it.
    pub name: String,
    /// The fact that decided.
    pub at: Place,
    /// Whether nothing names it and no task is seen to bring it up, so that only its folder speaks for the name.
    pub is_assumed: bool,
}

/// One Compose project on one host.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// The file that sets logging: the template, or the plain file. Where none does, the first.
    pub file: Arc<Source>,
    /// All files of the project, in the order they are merged.
    pub files: Vec<Arc<Source>>,
    /// The task that writes it to the host, if one does.
    pub written_by: Option<Place>,
    /// The playbook of that task, for the rollout.
    pub playbook: Option<String>,
    /// Its folder on the host.
    pub directory: Option<String>,
    /// The project name, or why it cannot be computed.
    pub project: Result<Project, Box<Finding>>,
    /// What the files say on this host.
    pub compose: Compose,
    /// Names that could not be resolved while rendering it.
    pub unresolved: Vec<String>,
    /// Whether templates in the file are filled in when it is written.
    pub is_template: bool,
    /// Variables of the task that writes it, above those of the host.
    pub vars: Vec<(String, minijinja::Value)>,
    /// The first task of those that start it, when none of them makes a container anew.
    pub kept: Option<Place>,
    /// The task that deploys it as a stack of a swarm.
    pub stack: Option<Place>,
    /// The engine its tasks name (`unix:///run/user/1000/docker.sock`), as far as it is known.
    pub engine: Option<String>,
    /// The files cannot be read on this host at all, or not as one project.
    pub trouble: Option<Box<Finding>>,
}

impl Deployment {
    /// What the project is called on this host; where that is not known, a mark of its own.
    pub fn name_on(&self, host: &str) -> String {
        let lies = self.directory.as_ref().map(|folder| format!(" in {}", compose::readable(folder)));
        let what = format!("the project of {}{}", self.file.path, lies.unwrap_or_default());
        let unknown = || format!("{}{what}{}{host}{}", compose::OPEN, compose::ON, compose::CLOSE);
        self.project.as_ref().map_or_else(|_| unknown(), |project| project.name.clone())
    }
}

/// All Compose projects that `done` puts on a host.
pub(in crate::topology) fn of(done: &Done<'_>) -> Vec<Deployment> {
    let mut seen = BTreeSet::new();
    let files: Vec<&Written<'_>> = done
        .written
        .iter()
        .filter(|one| may_be_compose(&one.file))
        .filter(|one| seen.insert((one.file.path.as_str(), one.dest.as_deref())))
        .collect();
    let landing = Landing::of(files.iter().copied());
    let all = Landing::of(&done.written);
    let mut groups: Vec<(Vec<usize>, Vec<&Up<'_>>)> = Vec::new();
    // The group that each file is in.
    let mut group_of: Vec<Option<usize>> = vec![None; files.len()];
    for up in &done.ups {
        let members = landing.brought_up(up);
        if members.is_empty() {
            continue;
        }
        // A file that is part of two projects makes them one here: neither can move without the other.
        let mut same: Vec<usize> = members.iter().filter_map(|&file| group_of[file]).collect();
        same.sort_unstable();
        same.dedup();
        let mut group = (members, vec![up]);
        for at in same {
            let (have, more) = std::mem::take(&mut groups[at]);
            group.0.extend(have.into_iter().filter(|file| !group.0.contains(file)).collect::<Vec<_>>());
            group.1.extend(more);
        }
        for &file in &group.0 {
            group_of[file] = Some(groups.len());
        }
        groups.push(group);
    }
    groups.extend((0..files.len()).filter(|&file| group_of[file].is_none()).map(|file| (vec![file], Vec::new())));
    let mut out: Vec<Deployment> = groups
        .iter()
        .filter_map(|(members, ups)| {
            let members: Vec<&Written<'_>> = members.iter().map(|&file| files[file]).collect();
            deployment(&members, ups, done, &all)
        })
        .collect();
    // By a file that stays first whatever is edited, so that a project keeps its place.
    let key = |one: &Deployment| (one.files.first().map(|file| file.path.clone()), one.directory.clone());
    out.sort_by_key(key);
    out
}

/// Whether a file may be one of Compose, going by its name and a word in it.
pub(in crate::topology) fn may_be_compose(file: &Source) -> bool {
    let name = file.path.name().trim_end_matches(".j2");
    let yaml = name.ends_with(".yml") || name.ends_with(".yaml") || name != file.path.name();
    yaml && memchr::memmem::find(file.bytes(), b"services:").is_some()
}

/// A word in a file that may be one of Compose.
#[derive(Debug)]
pub(in crate::topology) struct Speaks {
    pub(in crate::topology) of_syslog: bool,
}

/// What a file says that [may be one of Compose](may_be_compose).
pub(in crate::topology) fn speaks(file: &Arc<Source>) -> Option<Speaks> {
    let of_syslog = || memchr::memmem::find(file.bytes(), b"syslog").is_some();
    may_be_compose(file).then(|| Speaks { of_syslog: of_syslog() })
}

/// The files that `up` names. A single one whose path is not known can only be the one that is there.
fn named<'u>(up: &'u Up<'_>) -> &'u [String] {
    match up.files.as_deref().unwrap_or_default() {
        [only] if compose::is_unresolved(only) => &[],
        all => all,
    }
}

/// A file that a task names and nothing in the repository writes may set logging, too (real-world C19).
fn missing(first: &Written<'_>, ups: &[&Up<'_>], all: &Landing<'_>) -> Option<Box<Finding>> {
    let mut named = ups.iter().flat_map(|up| named(up));
    let path = named.find(|path| !all.at.contains_key(path.as_str()))?;
    Some(unreadable(&first.file, &format!("it is merged with `{path}`, which the repository does not write")))
}

/// Whether a file lies beside those of a project that is not its own, as one that is extended does: then the folder is
/// that project's.
fn lies_beside(one: &Written<'_>, done: &Done<'_>, all: &Landing<'_>) -> bool {
    let folder = folder_of(one);
    let is_default = |name: &str| DEFAULT.contains(&name);
    let other = |name: &&str| all.at.contains_key(format!("{}/{name}", folder.unwrap_or_default()).as_str());
    done.ups.iter().any(|up| up.directory.as_deref() == folder)
        || !one.dest.as_deref().and_then(|dest| dest.rsplit('/').next()).is_some_and(is_default)
            && DEFAULT.iter().any(other)
}

fn deployment(members: &[&Written<'_>], ups: &[&Up<'_>], done: &Done<'_>, all: &Landing<'_>) -> Option<Deployment> {
    let first = members.first()?;
    let makers: Vec<&Up<'_>> = ups.iter().copied().filter(|up| !up.command.keeps).collect();
    let ups = if makers.is_empty() { ups } else { &makers };
    let directory = folder_of(first).map(str::to_owned);
    let env = directory.as_ref().and_then(|folder| all.at.get(format!("{folder}/.env").as_str()));
    let env = env.map(|&one| project::environment(&done.written[one])).unwrap_or_default();
    let mut parts = Vec::new();
    let mut trouble = missing(first, ups, all);
    let mut unresolved = Vec::new();
    for one in members {
        match read(&one.scope, &one.file, one.is_template) {
            Ok(Some((compose, missing))) => {
                parts.push((Arc::clone(&one.file), compose));
                unresolved.extend(missing);
            }
            Ok(None) => {}
            Err(problem) => trouble = Some(problem),
        }
    }
    if parts.is_empty() && trouble.is_none() {
        return None;
    }
    let mut merged = merge(parts, &first.file);
    for service in &mut merged.compose.services {
        if let compose::Driver::Syslog(Some(address)) = &mut service.driver {
            *address = compose::interpolate(address, &|name| env.get(name).cloned());
        }
    }
    let trouble = trouble.or(merged.trouble);
    let by = members.iter().find(|one| one.file.path == merged.file.path).unwrap_or(first);
    let project = match (&trouble, unseen(members, ups)) {
        (Some(trouble), _) => Err(trouble.clone()),
        (None, Some(unseen)) => Err(unseen),
        (None, None) => {
            let landed = project::Landed {
                file: &merged.file,
                written: Some(&by.task.at),
                folder: directory.as_deref().filter(|_| ups.is_empty() && !lies_beside(first, done, all)),
            };
            project::name(ups, &env, &merged.compose, &landed)
        }
    };
    Some(Deployment {
        file: merged.file,
        files: members.iter().map(|one| Arc::clone(&one.file)).collect(),
        written_by: Some(by.task.at.clone()),
        playbook: Some(by.task.playbook().to_owned()),
        directory,
        project,
        compose: merged.compose,
        unresolved,
        is_template: by.is_template,
        vars: by.scope.extra().to_vec(),
        kept: ups.first().filter(|up| up.command.keeps).map(|up| up.task.at.clone()),
        stack: ups.iter().find(|up| up.command.is_stack).map(|up| up.task.at.clone()),
        engine: ups.iter().find_map(|up| up.engine()),
        trouble,
    })
}

/// A file that is merged into the project and that no task is seen to write: it may set any driver.
fn unseen(members: &[&Written<'_>], ups: &[&Up<'_>]) -> Option<Box<Finding>> {
    ups.iter().find_map(|up| {
        let seen = |path: &str| members.iter().any(|one| one.dest.as_deref() == Some(path));
        let path = match &up.files {
            Some(_) => named(up).iter().find(|path| !seen(path))?,
            // A name among several that does not resolve may be any file.
            None => up.command.files.get(1)?,
        };
        Some(project::not_computable(&up.task.at, &format!("`{path}` is part of it and is not seen here")))
    })
}

/// Folders that say what is in them, and not for whom.
pub(in crate::topology) const GENERIC: [&str; 8] =
    ["templates", "files", "compose", "stacks", "docker", "tasks", "services", "ansible"];

/// Whether a folder may be named after what runs from it.
fn says_for_whom(folder: &str) -> bool {
    let last = folder.rsplit('/').next().unwrap_or(folder);
    !last.is_empty() && !GENERIC.contains(&last)
}

/// Whether a file that no task is seen to write is one to be filled in, going by its name.
pub(in crate::topology) fn is_template(file: &Source) -> bool {
    file.path.name().ends_with(".j2")
}

/// A Compose file that no task is seen to write to a host, as it would be there; `None` when it is no Compose file. It may
/// be called after `folder`, where it lies in the repository.
pub(in crate::topology) fn undeployed(
    scope: &Scope<'_>,
    file: &Arc<Source>,
    folder: Option<&str>,
) -> Option<Deployment> {
    let is_template = is_template(file);
    let (compose, unresolved) = read(scope, file, is_template).ok()??;
    let landed = project::Landed { file, written: None, folder: folder.filter(|folder| says_for_whom(folder)) };
    Some(Deployment {
        project: project::name(&[], &BTreeMap::new(), &compose, &landed),
        file: Arc::clone(file),
        files: vec![Arc::clone(file)],
        written_by: None,
        playbook: None,
        directory: None,
        compose,
        unresolved,
        is_template,
        vars: Vec::new(),
        kept: None,
        stack: None,
        engine: None,
        trouble: None,
    })
}

/// Reads one file as it is on the host; `None` when it is no Compose file.
fn read(
    scope: &Scope<'_>,
    file: &Arc<Source>,
    is_template: bool,
) -> Result<Option<(Compose, Vec<String>)>, Box<Finding>> {
    let rendered = scope.render(file, is_template).map_err(|problem| unreadable(file, &problem))?;
    let found = compose::read_text(&rendered.text);
    let found = found.map_err(|problem| unreadable(file, &format!("rendered for this host, {problem}")))?;
    Ok(found.map(|compose| (compose, rendered.unresolved)))
}

fn unreadable(file: &Arc<Source>, problem: &str) -> Box<Finding> {
    // Where the template itself is broken, that is the place; what it renders to has other lines than the file.
    let broken = file.text().and_then(|text| jinja::mask(text, &Delims::default()).err());
    let at = Place::new(file, broken.map_or(Span::at(0), |error| error.span));
    Box::new(Finding::told(Level::Review, "compose/unreadable", &[("problem", problem)], Some(at)))
}

/// Several files as one project.
struct Merged {
    file: Arc<Source>,
    compose: Compose,
    trouble: Option<Box<Finding>>,
}

/// Merges Compose files. Only one of them may set logging: with two, what wins is left to a person (C18 to C20).
fn merge(parts: Vec<(Arc<Source>, Compose)>, first: &Arc<Source>) -> Merged {
    let logs = |compose: &Compose| compose.services.iter().any(|service| service.has_logging);
    let setting: Vec<usize> = (0..parts.len()).filter(|&part| logs(&parts[part].1)).collect();
    let trouble = match setting.as_slice() {
        [one, other, ..] => {
            let (one, other) = (&parts[*one].0, &parts[*other].0);
            let values = [("first", one.path.as_str()), ("second", other.path.as_str())];
            let at = Place::new(other, other.line_at(0));
            Some(Box::new(Finding::told(Level::Blocked, "compose/merged", &values, Some(at))))
        }
        _ => None,
    };
    let home = setting.first().copied().unwrap_or(0);
    let file = parts.get(home).map_or_else(|| Arc::clone(first), |(file, _)| Arc::clone(file));
    let mut compose = parts.get(home).map(|(_, compose)| compose.clone()).unwrap_or_default();
    for (_, other) in parts.into_iter().enumerate().filter(|(at, _)| *at != home).map(|(_, part)| part) {
        compose.name = other.name.or(compose.name);
        compose.includes |= other.includes;
        for service in other.services {
            match compose.services.iter_mut().find(|have| have.name == service.name) {
                Some(have) => have.container_name = have.container_name.take().or(service.container_name),
                None => compose.services.push(service),
            }
        }
    }
    Merged { file, compose, trouble }
}

/// Whether the last name of a source stands in a path at all. Most tasks and paths have nothing in common, and this tells
/// without putting paths together.
fn could_be_below(src: &str, path: &str, name: &str) -> bool {
    let last = src.trim_end_matches('/').rsplit(['/', '}']).next().unwrap_or_default();
    matches!(last, "" | "." | "..") || path.contains(last) || src.contains(name)
}

/// Whether a task, going by the names in it, may write the repository file at `path` to a host.
pub(super) fn could_write(task: &Task, path: &crate::text::RepoPath) -> bool {
    if !matches!(task.module.as_str(), "template" | "copy" | "synchronize" | "fileglob" | "assemble") {
        return false;
    }
    let Some(src) = task.text(&["src"]) else { return false };
    if !could_be_below(src, path.as_str(), path.name()) {
        return false;
    }
    // The part of the source behind its last expression is what the repository can be asked about.
    let tail = src.rsplit("}}").next().unwrap_or(src).trim_start_matches('/');
    let folder = tail.trim_end_matches('/');
    let near = |base: &str| {
        let whole = join(base, src);
        path.as_str() == whole || (!folder.is_empty() && path.as_str().starts_with(&format!("{}/", join(base, folder))))
    };
    let role = task.folder().strip_suffix("/tasks").unwrap_or(task.folder());
    let bases = [
        task.folder().to_owned(),
        role.to_owned(),
        join(role, "templates"),
        join(role, "files"),
        task.playbook_dir().to_owned(),
    ];
    if bases.iter().any(|base| near(base)) {
        return true;
    }
    let below = bases.iter().any(|base| !base.is_empty() && path.as_str().starts_with(&format!("{base}/")));
    below && src.contains("{{") && src.contains(path.name())
}
