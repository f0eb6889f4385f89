//! What the tasks of one host write to it, and which Compose projects they bring up.
//!
//! Knows: the modules that copy files and those that run Compose. Must not know: what is in a file.

use std::sync::Arc;

use crate::snapshot::Snapshot;
use crate::text::Source;
use crate::topology::commands::{self, ComposeCommand};
use crate::topology::compose::is_unresolved;
use crate::topology::deploys::{Body, Task, join};
use crate::topology::files;
use crate::topology::scope::Scope;

/// One file a task writes to the host.
pub(in crate::topology) struct Written<'t> {
    pub(in crate::topology) task: &'t Task,
    pub(in crate::topology) scope: Scope<'t>,
    pub(in crate::topology) file: Arc<Source>,
    /// Path on the host, parts that do not resolve [marked](Scope::marked); `None` when it cannot be told at all.
    pub(in crate::topology) dest: Option<String>,
    /// Whether templates in it are filled in.
    pub(in crate::topology) is_template: bool,
}

/// One task that brings a project up.
pub(super) struct Up<'t> {
    pub(super) task: &'t Task,
    pub(super) scope: Scope<'t>,
    pub(super) command: ComposeCommand,
    /// Folder on the host, without a slash at its end; parts that do not resolve are marked.
    pub(super) directory: Option<String>,
    /// Compose files on the host, by path, as the folder; `None` when one of them cannot be told at all.
    pub(super) files: Option<Vec<String>>,
}

impl Up<'_> {
    /// The engine it talks to, where it names one; as written where that does not resolve.
    pub(super) fn engine(&self) -> Option<String> {
        let variable = || self.task.environment().find(|(name, _)| name == "DOCKER_HOST").map(|(_, value)| value);
        let text = self.command.engine.as_ref().or_else(variable)?;
        Some(self.scope.resolve(text).unwrap_or_else(|| text.clone()))
    }
}

/// Everything the tasks do to one host that matters here.
#[derive(Default)]
pub(in crate::topology) struct Done<'t> {
    pub(in crate::topology) written: Vec<Written<'t>>,
    pub(super) ups: Vec<Up<'t>>,
}

/// What `tasks` do on the host of `scope`.
pub(in crate::topology) fn of<'t>(scope: &Scope<'t>, tasks: &'t [Arc<Task>], snapshot: &Snapshot) -> Done<'t> {
    let mut done = Done::default();
    for task in tasks {
        let writes = matches!(task.module.as_str(), "template" | "copy" | "synchronize");
        if !writes && !brings_up(task) {
            continue;
        }
        for scope in scope.instances(task, snapshot) {
            if scope.is_false(task.when()) {
                continue;
            }
            if writes {
                self::writes(&scope, task, snapshot, &mut done.written);
            } else if matches!(task.module.as_str(), "command" | "shell" | "raw") {
                done.ups.extend(command_up(scope, task));
            } else {
                done.ups.extend(module_up(scope, task));
            }
        }
    }
    done
}

/// A `template`, `copy` or `synchronize` whose source lies in the repository: a file, or every file of a folder.
fn writes<'t>(scope: &Scope<'t>, task: &'t Task, snapshot: &Snapshot, out: &mut Vec<Written<'t>>) {
    let Some(text) = task.text(&["src"]) else { return };
    let Some(src) = scope.resolve(text).or_else(|| looked_up(scope, task, text, snapshot)) else { return };
    let is_template = task.module == "template";
    let dest = task.text(&["dest", "path"]).and_then(|dest| scope.marked(dest));
    let mut add = |file: Arc<Source>, dest: Option<String>| {
        let dest = dest.map(|dest| absolute(&dest));
        out.push(Written { task, scope: scope.clone(), file, dest, is_template });
    };
    let name = src.trim_end_matches('/').rsplit('/').next().unwrap_or(&src).to_owned();
    if let Some(file) = files::source(task, &src, snapshot) {
        let dest = dest.map(|dest| if is_folder(&dest, &name) { under(&dest, &name) } else { dest });
        return add(file, dest);
    }
    if is_template {
        return;
    }
    for (path, file) in files::below(task, &src, snapshot) {
        // With a slash at the end it is what is in the folder that is copied, without one the folder itself.
        let path = if src.ends_with('/') { path } else { format!("{name}/{path}") };
        let dest = dest.as_deref().map(|dest| under(dest, &path));
        add(file, dest);
    }
}

/// `{{ lookup('first_found', names) }}`.
fn looked_up(scope: &Scope<'_>, task: &Task, text: &str, snapshot: &Snapshot) -> Option<String> {
    let (_, rest) = text.split_once("first_found")?;
    let (_, rest) = rest.split_once(',')?;
    let (names, _) = rest.rsplit_once(')')?;
    let names = names.rsplit_once(", errors").map_or(names, |(names, _)| names);
    scope.first_found(&minijinja::Value::from(format!("{{{{ {} }}}}", names.trim())), task, snapshot)
}

fn under(folder: &str, name: &str) -> String {
    format!("{}/{name}", folder.trim_end_matches('/'))
}

/// Whether a destination is the folder to put `name` in: it ends in a slash, or only the source has a suffix.
fn is_folder(dest: &str, name: &str) -> bool {
    let last = dest.rsplit('/').next().unwrap_or(dest);
    last.is_empty() || (!last.contains('.') && (name.ends_with(".yml") || name.ends_with(".yaml")))
}

fn module_up<'t>(scope: Scope<'t>, task: &'t Task) -> Option<Up<'t>> {
    if matches!(task.text(&["state"]), Some("absent" | "stopped")) {
        return None;
    }
    let is_stack = task.module == "docker_stack";
    let is =
        |name: &str, value: &str| task.text(&[name]).and_then(|text| scope.resolve(text)).as_deref() == Some(value);
    let command = ComposeCommand {
        project: task.text(&[if is_stack { "name" } else { "project_name" }]).map(str::to_owned),
        files: named_files(task),
        directory: task.text(&["project_src"]).map(str::to_owned),
        engine: task.text(&["docker_host"]).map(str::to_owned),
        keeps: task.module == "docker_compose_v2_run" || is("recreate", "never") || is("state", "restarted"),
        is_stack,
        ..ComposeCommand::default()
    };
    let directory = command.directory.as_deref().and_then(|text| scope.marked(text));
    Some(up(scope, task, command, directory))
}

/// Whether a task brings a project up, or may, going by its module and its command line.
pub(in crate::topology) fn brings_up(task: &Body) -> bool {
    match task.module.as_str() {
        "docker_compose_v2" | "docker_compose" | "docker_compose_v2_run" | "docker_stack" => true,
        "command" | "shell" | "raw" => command(task).is_some(),
        _ => false,
    }
}

/// The files that a task gives to Compose by name, as written.
pub(in crate::topology) fn named_files(task: &Body) -> Vec<String> {
    match task.module.as_str() {
        "command" | "shell" | "raw" => command(task).map(|command| command.files).unwrap_or_default(),
        _ if brings_up(task) => {
            let named = task.args.iter().filter(|arg| matches!(arg.name.as_str(), "files" | "compose"));
            named.map(|arg| arg.text.clone()).collect()
        }
        _ => Vec::new(),
    }
}

/// What the command line of a task brings up.
fn command(task: &Body) -> Option<ComposeCommand> {
    let argv: Vec<&str> = task.args.iter().filter(|arg| arg.name == "argv").map(|arg| arg.text.as_str()).collect();
    let line = if argv.is_empty() { task.text(&["cmd", ""])?.to_owned() } else { argv.join(" ") };
    commands::read(&line)
}

fn command_up<'t>(scope: Scope<'t>, task: &'t Task) -> Option<Up<'t>> {
    let command = command(task)?;
    let folder = command.directory.as_deref().or(command.folder.as_deref()).or_else(|| task.text(&["chdir"]));
    let directory = folder.and_then(|folder| scope.marked(folder));
    Some(up(scope, task, command, directory))
}

fn up<'t>(scope: Scope<'t>, task: &'t Task, command: ComposeCommand, directory: Option<String>) -> Up<'t> {
    let directory = directory.map(|folder| absolute(&folder));
    let files = command.files.iter().map(|file| {
        let file = scope.marked(file)?;
        let folder = directory.as_deref().unwrap_or("/");
        // A folder that is not known is taken to be a whole path, as the ones people keep in variables are.
        let whole = file.starts_with('/') || file.split('/').next().is_some_and(is_unresolved);
        Some(if whole { absolute(&file) } else { absolute(&format!("{folder}/{file}")) })
    });
    let files = files.collect();
    Up { task, scope, command, directory, files }
}

/// The path as one from the root, without `.`, `..` and slashes that say nothing.
fn absolute(path: &str) -> String {
    format!("/{}", join("", path))
}
