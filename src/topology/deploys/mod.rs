//! What the playbooks do: which task, on which hosts, with which arguments.
//!
//! Knows: plays, roles, tasks, blocks and includes of Ansible. Must not know: Compose, Alloy or what a task means for
//! logging (see `projects`). A playbook that cannot be read is a finding, never the end.

mod loops;
mod read;
mod roles;
mod spread;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

pub use loops::{Loop, Over};
pub(super) use read::join;

use minijinja::Value;

use super::per_file::PerFile;
use super::values::Defaults;
use crate::finding::Finding;
use crate::snapshot::Snapshot;
use crate::text::{Place, Source, Span};

/// One argument of a task: a scalar, decoded, Jinja left as it stands. Lists give one per item.
#[derive(Clone, Debug)]
pub struct Arg {
    /// Argument name; nested ones are joined by a dot (`build.context`). Empty for a free-form command line.
    pub name: String,
    /// The text.
    pub text: String,
    /// Where the value stands in the playbook.
    pub span: Span,
}

/// One task as a play runs it: what is written of it, and what stands around it. Both are shared, since the same file of
/// tasks runs in many places.
#[derive(Clone, Debug)]
pub struct Task {
    body: Arc<Body>,
    around: Arc<Around>,
}

/// One task, as written.
#[derive(Debug)]
pub struct Body {
    /// The whole task.
    pub at: Place,
    /// Module name without its collection (`docker_compose_v2`, `template`).
    pub module: String,
    /// Arguments in order.
    pub args: Vec<Arg>,
    /// What the file it stands in says around it, and what it says itself.
    own: Own,
}

/// What a file says around a task or an include, outermost first.
#[derive(Clone, Debug, Default)]
struct Own {
    /// The `hosts:` of the play; empty in a file without plays.
    hosts: Vec<String>,
    layers: Vec<Arc<Layer>>,
    environment: Vec<(String, String)>,
    when: Vec<String>,
}

/// What a play and its includes hand down to all tasks of a file.
#[derive(Debug, Default)]
pub struct Around {
    own: Own,
    /// The playbook whose play it is; nothing where nobody is seen to run the file.
    playbook: Option<String>,
}

/// What was looked at around tasks, by where it lies in memory.
#[derive(Debug, Default)]
pub struct Seen {
    arounds: HashSet<*const Around>,
    layers: HashSet<*const Layer>,
}

impl std::ops::Deref for Task {
    type Target = Body;

    fn deref(&self) -> &Body {
        &self.body
    }
}

impl Task {
    /// `hosts:` patterns of the plays that run it. Empty: nobody is seen to run it.
    pub fn hosts(&self) -> &[String] {
        if self.body.own.hosts.is_empty() { &self.around.own.hosts } else { &self.body.own.hosts }
    }

    /// Variables and loops of the play, its includes, its blocks and the task, outermost first.
    pub fn layers(&self) -> impl Iterator<Item = &Layer> {
        self.around.own.layers.iter().chain(&self.body.own.layers).map(AsRef::as_ref)
    }

    /// The same without those that were `seen` around other tasks; the rest is seen now.
    pub fn more_layers<'t>(&'t self, seen: &mut Seen) -> Vec<&'t Layer> {
        // All tasks of a file have the same around them.
        let is_new = seen.arounds.insert(Arc::as_ptr(&self.around));
        let around = if is_new { self.around.own.layers.as_slice() } else { &[] };
        let new = around.iter().chain(&self.body.own.layers).filter(|layer| seen.layers.insert(Arc::as_ptr(layer)));
        new.map(AsRef::as_ref).collect()
    }

    /// `environment:` of the task or its play.
    pub fn environment(&self) -> impl Iterator<Item = &(String, String)> {
        self.around.own.environment.iter().chain(&self.body.own.environment)
    }

    /// Conditions in front of it: its own `when`, those of its blocks, and the opposite of each `end_host` before it.
    pub fn when(&self) -> impl Iterator<Item = &String> {
        self.around.own.when.iter().chain(&self.body.own.when)
    }

    /// The playbook whose play runs it; its own file where nobody is seen to.
    pub fn playbook(&self) -> &str {
        self.around.playbook.as_deref().unwrap_or(self.body.at.source.path.as_str())
    }

    /// Folder of the playbook, relative to the repository (`playbook_dir`).
    pub fn playbook_dir(&self) -> &str {
        self.playbook().rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

impl Body {
    /// The first argument of this name.
    pub fn arg(&self, name: &str) -> Option<&Arg> {
        self.args.iter().find(|arg| arg.name == name)
    }

    /// The text of the first argument of one of these names.
    pub fn text(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.arg(name)).map(|arg| arg.text.as_str())
    }

    /// Where an argument stands.
    pub fn place(&self, arg: &Arg) -> Place {
        Place::new(&self.at.source, arg.span)
    }

    /// The folder of the file the task stands in.
    pub fn folder(&self) -> &str {
        self.at.source.path.folder()
    }
}

/// All tasks of the repository, with the hosts that run them.
#[derive(Clone, Debug, Default)]
pub struct Deploys {
    /// Every task found.
    pub tasks: Arc<[Arc<Task>]>,
    /// Those that start a container with the syslog driver themselves.
    pub on_syslog: Arc<[Arc<Task>]>,
    read: PerFile<Result<TaskFile, Box<Finding>>>,
    /// Files of variables that were asked for.
    vars: Vec<Arc<Source>>,
}

/// What stands around a task and gives names a value.
#[derive(Clone, Debug)]
pub enum Layer {
    /// A variable of a play, role, block, include or task; templates in it are not filled in.
    Var(String, Value),
    /// A loop.
    Loop(Loop),
    /// The expression is seen to be this text, or the task is not run.
    Is(String, String),
    /// Defaults of roles, below every variable of the host.
    Defaults(Arc<Defaults>),
    /// A file of variables, by the paths it may have; never in a [`Task`].
    File(Vec<String>),
    /// Roles whose defaults everything sees from here on, each by the paths its tasks may have; never in a [`Task`].
    Roles(Vec<Vec<String>>),
}

impl Layer {
    /// Whether other files have to be read for it.
    fn is_file(&self) -> bool {
        matches!(self, Self::File(_) | Self::Roles(_))
    }
}

/// A file of tasks before it is known who runs it.
#[derive(Debug, Default)]
struct TaskFile {
    /// Whether there are plays in it.
    is_playbook: bool,
    tasks: Vec<Arc<Body>>,
    includes: Vec<Include>,
}

/// `roles:`, `include_tasks:`, `include_role:`: who else runs under these hosts.
#[derive(Debug)]
struct Include {
    /// Repository paths the include may mean, best first.
    targets: Vec<String>,
    /// The files of its variables, where it is a role.
    role: Option<Role>,
    own: Own,
}

/// Which files of variables come with a role, by their names in its folders.
#[derive(Clone, Debug)]
struct Role {
    defaults: String,
    vars: String,
}

impl Default for Role {
    fn default() -> Self {
        Self { defaults: "main".to_owned(), vars: "main".to_owned() }
    }
}

impl Deploys {
    /// Reads every playbook and task file among the files of the snapshot. What `known` says of a file that is still
    /// the same is taken over; who runs it is worked out anew, unless every file it hangs on is the same, and so are the
    /// paths of all files.
    pub fn of(snapshot: &Snapshot, known: &Self, same_paths: bool) -> (Self, Vec<Finding>) {
        let read = PerFile::of(snapshot, &known.read, |source| {
            if may_hold_tasks(source) { read::file(source).transpose() } else { None }
        });
        let mut files: BTreeMap<&str, &TaskFile> = BTreeMap::new();
        let mut findings = Vec::new();
        for (source, file) in read.iter() {
            match &**file {
                Ok(file) => drop(files.insert(source.path.as_str(), file)),
                Err(finding) => findings.push((**finding).clone()),
            }
        }
        let same_vars = || known.vars.iter().all(|source| snapshot.holds(source));
        if same_paths && read.same(&known.read) && same_vars() {
            return (Self { read, ..known.clone() }, findings);
        }
        let (tasks, vars) = spread::tasks(&files, snapshot);
        let on_syslog = tasks.iter().filter(|task| task.is_on_syslog()).cloned().collect();
        (Self { tasks, on_syslog, read, vars }, findings)
    }
}

/// One of these stands in every file of tasks that matters here.
const WORDS: [&[u8]; 10] = [
    b"template:",
    b"copy:",
    b"compose",
    b"docker",
    b"wait_for",
    b"include_",
    b"import_",
    b"roles:",
    b"systemd",
    b"grafana/loki",
];

/// A YAML file whose bytes could hold a task that matters here. Words, not paths: playbooks lie anywhere.
fn may_hold_tasks(source: &Arc<Source>) -> bool {
    let name = source.path.name();
    if !(name.ends_with(".yml") || name.ends_with(".yaml")) {
        return false;
    }
    let bytes = source.bytes();
    if read::is_meta(source) {
        return memchr::memmem::find(bytes, b"dependencies:").is_some();
    }
    let is_list = || bytes.starts_with(b"- ") || memchr::memmem::find(bytes, b"\n- ").is_some();
    let is_indented = || memchr::memmem::find(bytes, b"hosts:").is_some();
    WORDS.iter().any(|word| memchr::memmem::find(bytes, word).is_some()) && (is_list() || is_indented())
}

impl Body {
    /// Whether it starts a container with the syslog driver itself (real-world D2, D4).
    fn is_on_syslog(&self) -> bool {
        let by_command = |line: &str| line.contains("--log-driver=syslog") || line.contains("--log-driver syslog");
        self.text(&["log_driver"]) == Some("syslog") || self.text(&["", "cmd"]).is_some_and(by_command)
    }
}

impl Deploys {
    /// Tasks that run a systemd unit of this name.
    pub fn unit_tasks<'d>(&'d self, name: &'d str) -> impl Iterator<Item = &'d Task> {
        self.tasks.iter().map(AsRef::as_ref).filter(move |task: &&Task| {
            matches!(task.module.as_str(), "systemd" | "systemd_service" | "service")
                && task.text(&["name"]).is_some_and(|unit| unit.split('.').next() == Some(name))
        })
    }
}
