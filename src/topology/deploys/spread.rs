//! From files of tasks to tasks as plays run them: each include gives its tasks hosts, variables, loops and conditions.
//!
//! Knows: how an include finds its file, and that the same role may run several times with other variables. Must not
//! know: what a task does, or any variable of a host.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::ops::Bound;
use std::rc::Rc;
use std::sync::Arc;

use minijinja::Value;

use super::roles::{RoleFiles, folder_of};
use super::{Around, Body, Include, Layer, Own, Task, TaskFile};
use crate::snapshot::Snapshot;
use crate::text::Source;
use crate::topology::values::{self, Frame, is_template};

/// How deep includes may nest.
const DEEPEST: usize = 20;
/// How many roles one may depend on, directly or not.
const MOST_ROLES: usize = 40;
/// How many tasks the includes of a repository may make.
const MOST_TASKS: usize = 200_000;
/// How many of them one playbook may make of includes whose name hangs on a variable: each may mean every role.
const MOST_GUESSED: usize = 10_000;

/// All tasks, once for each way they are run, and the files of variables they ask for. Those that nobody is seen to run
/// come once, without hosts.
pub(super) fn tasks(files: &BTreeMap<&str, &TaskFile>, snapshot: &Snapshot) -> (Arc<[Arc<Task>]>, Vec<Arc<Source>>) {
    let mut spread = Spread {
        files,
        roles: RoleFiles::new(snapshot),
        tails: tails(files),
        ready: HashMap::new(),
        seen: BTreeSet::new(),
        ways: HashSet::new(),
        guesses: VecDeque::new(),
        out: Vec::new(),
    };
    let plays = |(path, file): &(&&str, &&TaskFile)| file.is_playbook && !is_scenario(path);
    for (path, _) in files.iter().filter(plays) {
        spread.playbook(path);
    }
    let nobody = Arc::new(Around::default());
    for (path, file) in files {
        if spread.seen.contains(path) || (file.is_playbook && is_scenario(path)) {
            continue;
        }
        let ready = spread.ready(path, file);
        spread.run(&ready.tasks, &nobody);
    }
    (spread.out.into(), spread.roles.read())
}

/// Whether a playbook is one of Molecule or of another test: it deploys to nobody's hosts.
fn is_scenario(path: &str) -> bool {
    path.split('/').rev().skip(1).any(|folder| matches!(folder, "molecule" | "tests" | ".github"))
}

/// A file of tasks with what it asks of other files.
struct Ready<'f> {
    tasks: Vec<Arc<Body>>,
    includes: Vec<Meant<'f>>,
}

/// An include and the files it may mean.
struct Meant<'f> {
    own: Own,
    targets: Vec<Target<'f>>,
}

struct Target<'f> {
    path: &'f str,
    /// That the name of the include, which has a template in it, is seen to be this one.
    guess: Option<Arc<Layer>>,
    /// Defaults and variables of the role.
    role: Vec<Arc<Layer>>,
}

/// What tells two ways to run the same file apart; layers by where they lie in memory.
type Way<'f> = (&'f str, Vec<String>, Vec<*const Layer>, Vec<String>, Vec<(String, String)>);

/// An include whose name is not known, to be followed once all others are: the file it stands in and its number there, what
/// stands around that file, and the files that are open.
type Guess<'f> = (Rc<Ready<'f>>, usize, Arc<Around>, Vec<&'f str>);

struct Spread<'f> {
    files: &'f BTreeMap<&'f str, &'f TaskFile>,
    roles: RoleFiles<'f>,
    /// Files by the last three parts of their paths.
    tails: HashMap<&'f str, Vec<&'f str>>,
    ready: HashMap<&'f str, Rc<Ready<'f>>>,
    seen: BTreeSet<&'f str>,
    /// The ways in which the playbook at hand runs files.
    ways: HashSet<Way<'f>>,
    guesses: VecDeque<Guess<'f>>,
    out: Vec<Arc<Task>>,
}

impl<'f> Spread<'f> {
    fn playbook(&mut self, path: &'f str) {
        self.ways.clear();
        let around = Around { playbook: Some(path.to_owned()), ..Around::default() };
        self.file(path, &Arc::new(around), &[]);
        let most = self.out.len() + MOST_GUESSED;
        while let Some((file, number, around, open)) = self.guesses.pop_front() {
            let Some(include) = file.includes.get(number) else { continue };
            for target in include.targets.iter().filter(|target| !open.contains(&target.path)) {
                if self.out.len() < most
                    && let Some(around) = around.inside(include, target)
                {
                    self.file(target.path, &Arc::new(around), &open);
                }
            }
        }
    }

    /// Runs a file and what it includes. A file that is open is not entered again.
    fn file(&mut self, path: &'f str, around: &Arc<Around>, open: &[&'f str]) {
        let Some(file) = self.files.get(path) else { return };
        self.seen.insert(path);
        if self.out.len() >= MOST_TASKS || !self.ways.insert(around.way(path)) {
            return;
        }
        let ready = self.ready(path, file);
        self.run(&ready.tasks, around);
        if open.len() >= DEEPEST {
            return;
        }
        let open = [open, &[path]].concat();
        for (number, include) in ready.includes.iter().enumerate() {
            match include.targets.as_slice() {
                [] => {}
                [Target { guess: Some(_), .. }, ..] => {
                    self.guesses.push_back((Rc::clone(&ready), number, Arc::clone(around), open.clone()));
                }
                targets => {
                    for target in targets.iter().filter(|target| !open.contains(&target.path)) {
                        if let Some(around) = around.inside(include, target) {
                            self.file(target.path, &Arc::new(around), &open);
                        }
                    }
                }
            }
        }
    }

    fn run(&mut self, tasks: &[Arc<Body>], around: &Arc<Around>) {
        let one = |body| Arc::new(Task { body: Arc::clone(body), around: Arc::clone(around) });
        self.out.extend(tasks.iter().map(one));
    }

    /// The file with its variables read and its includes found, worked out once.
    fn ready(&mut self, path: &'f str, file: &'f TaskFile) -> Rc<Ready<'f>> {
        if let Some(ready) = self.ready.get(path) {
            return Rc::clone(ready);
        }
        let mut tasks = Vec::with_capacity(file.tasks.len());
        for body in &file.tasks {
            tasks.push(self.body(body));
        }
        let mut includes = Vec::with_capacity(file.includes.len());
        for include in &file.includes {
            let targets = self.targets(include);
            includes.push(Meant { own: self.own(&include.own), targets });
        }
        let ready = Rc::new(Ready { tasks, includes });
        self.ready.insert(path, Rc::clone(&ready));
        ready
    }

    fn body(&mut self, body: &Arc<Body>) -> Arc<Body> {
        if !body.own.layers.iter().any(|layer| layer.is_file()) {
            return Arc::clone(body);
        }
        let Body { at, module, args, own } = &**body;
        Arc::new(Body { at: at.clone(), module: module.clone(), args: args.clone(), own: self.own(own) })
    }

    /// The same, files of variables read.
    fn own(&mut self, own: &Own) -> Own {
        let mut layers = Vec::with_capacity(own.layers.len());
        for layer in &own.layers {
            match &**layer {
                Layer::File(paths) => layers.extend_from_slice(&self.roles.vars_of(paths)),
                Layer::Roles(roles) => {
                    let roles: Vec<&str> = roles.iter().filter_map(|paths| self.found(paths)).collect();
                    layers.push(self.roles.shared_defaults(&roles));
                }
                _ => layers.push(Arc::clone(layer)),
            }
        }
        let hosts = own.hosts.iter().map(|pattern| filled(pattern, &layers)).collect();
        Own { hosts, layers, ..own.clone() }
    }

    /// The files an include means. A name with a template in it may mean several.
    fn targets(&mut self, include: &Include) -> Vec<Target<'f>> {
        let found = match self.found(&include.targets) {
            Some(path) => vec![(path, None)],
            None => self.guessed(&include.targets),
        };
        let mut out = Vec::with_capacity(found.len());
        for (path, guess) in found {
            let mut role = Vec::new();
            if let Some(files) = &include.role {
                self.depends_on(path, &mut Vec::new(), &mut role);
                role.extend(self.roles.layers(path, files));
            }
            out.push(Target { path, guess, role });
        }
        out
    }

    /// The variables of the roles that a role depends on: it sees them below its own.
    fn depends_on(&mut self, path: &'f str, open: &mut Vec<&'f str>, out: &mut Vec<Arc<Layer>>) {
        open.push(path);
        let meta = folder_of(path).and_then(|folder| {
            ["yml", "yaml"].iter().find_map(|suffix| self.files.get(format!("{folder}/meta/main.{suffix}").as_str()))
        });
        for include in meta.filter(|_| open.len() < MOST_ROLES).into_iter().flat_map(|meta| &meta.includes) {
            if let (Some(path), Some(files)) = (self.found(&include.targets), &include.role)
                && path.contains("/tasks/")
                && !open.contains(&path)
            {
                self.depends_on(path, open, out);
                out.extend(self.roles.layers(path, files));
            }
        }
    }

    /// The file that is meant, where that is known.
    fn found(&self, targets: &[String]) -> Option<&'f str> {
        if let Some((path, _)) = targets.iter().find_map(|path| self.files.get_key_value(path.as_str())) {
            return Some(path);
        }
        // A role that lies in no folder of roles that is looked at: the only one of that name.
        let (_, tail) = targets.last()?.split_once("roles/")?;
        let tails = [tail.to_owned(), tail.replace(".yaml", ".yml")];
        let mut found: Vec<&str> = Vec::new();
        for tail in &tails {
            let same = self.tails.get(last_parts(tail)).into_iter().flatten();
            found.extend(same.filter(|path| path.strip_suffix(tail.as_str()).is_some_and(|head| head.ends_with('/'))));
        }
        found.sort_unstable();
        found.dedup();
        match found.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// The files that a path with a template in it may mean, each under the condition that the template gives its name.
    fn guessed(&self, targets: &[String]) -> Vec<(&'f str, Option<Arc<Layer>>)> {
        let mut found: Vec<(&str, Option<Arc<Layer>>)> = Vec::new();
        let mut known = BTreeSet::new();
        for (before, expression, after) in targets.iter().filter_map(|path| template_in(path)) {
            let below = self.files.range::<str, _>((Bound::Included(before), Bound::Unbounded)).map(|(path, _)| *path);
            for path in below.take_while(|path| path.starts_with(before)) {
                let name = path.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
                if let Some(name) = name.filter(|name| !name.contains(['/', '\''])).filter(|_| known.insert(path)) {
                    found.push((path, Some(Arc::new(Layer::Is(expression.to_owned(), name.to_owned())))));
                }
            }
        }
        found
    }
}

impl Around {
    /// What stands around `target` of an include; nothing where it is known not to be meant, since the same expression is
    /// seen to be another name already and nothing gave it another value since.
    fn inside(&self, include: &Meant<'_>, target: &Target<'_>) -> Option<Self> {
        let outer = &self.own;
        let mut layers = [outer.layers.as_slice(), &include.own.layers].concat();
        if let Some(Layer::Is(expression, _)) = target.guess.as_deref() {
            let gives = |name: &str| expression.contains(name);
            let decides = |layer: &Arc<Layer>| match &**layer {
                Layer::Is(one, _) if one == expression => Some(true),
                Layer::Var(name, _) if gives(name) => Some(false),
                Layer::Loop(one) if gives(&one.var) => Some(false),
                _ => None,
            };
            if layers.iter().rev().find_map(decides) == Some(true) {
                return None;
            }
        }
        layers.extend(target.guess.iter().cloned());
        layers.extend_from_slice(&target.role);
        let hosts = if include.own.hosts.is_empty() { &outer.hosts } else { &include.own.hosts };
        let own = Own {
            hosts: hosts.clone(),
            layers,
            environment: [outer.environment.as_slice(), &include.own.environment].concat(),
            when: [outer.when.as_slice(), &include.own.when].concat(),
        };
        Some(Self { own, playbook: self.playbook.clone() })
    }

    fn way<'f>(&self, path: &'f str) -> Way<'f> {
        let Own { hosts, layers, environment, when } = &self.own;
        (path, hosts.clone(), layers.iter().map(Arc::as_ptr).collect(), when.clone(), environment.clone())
    }
}

/// The `hosts:` of a play. Ansible fills it in before there is a host: the play's own variables count, which are those
/// before the defaults of its roles. What asks for groups is left as it is.
fn filled(pattern: &str, layers: &[Arc<Layer>]) -> String {
    if !is_template(pattern) || pattern.contains("groups") || pattern.contains("hostvars") {
        return pattern.to_owned();
    }
    let of_play = layers.iter().take_while(|layer| !matches!(***layer, Layer::Defaults(_)));
    let vars = of_play.filter_map(|layer| match &**layer {
        Layer::Var(name, value) => Some((name.clone(), value.clone())),
        _ => None,
    });
    // Of two the last counts.
    let mut above: Vec<(String, Value)> = vars.collect();
    above.reverse();
    let frame = Arc::new(Frame { above, below: Some(Vec::new()) });
    values::evaluate(&Arc::default(), "", pattern, &frame).map_or_else(|_| pattern.to_owned(), |found| found.text)
}

/// Text before, inside and behind the only expression of a path.
fn template_in(path: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = path.split_once("{{")?;
    let (inside, after) = rest.split_once("}}")?;
    (!after.contains("{{")).then_some((before, inside.trim(), after))
}

/// The last three parts of a path: role, kind and file.
fn last_parts(path: &str) -> &str {
    path.rmatch_indices('/').nth(2).map_or(path, |(at, _)| &path[at + 1..])
}

fn tails<'f>(files: &BTreeMap<&'f str, &'f TaskFile>) -> HashMap<&'f str, Vec<&'f str>> {
    let mut tails: HashMap<&str, Vec<&str>> = HashMap::new();
    for path in files.keys() {
        tails.entry(last_parts(path)).or_default().push(path);
    }
    tails
}
