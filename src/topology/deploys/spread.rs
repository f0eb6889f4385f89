//! From files of tasks to tasks as plays run them: each include gives its tasks hosts, variables, loops and conditions.
//!
//! Knows: how an include finds its file, and that the same role may run several times with other variables. Must not
//! know: what a task does, or any value.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Include, Layer, Task, TaskFile};
use crate::snapshot::Snapshot;
use crate::syntax::tree::Ref;
use crate::syntax::yaml;
use crate::text::Source;
use crate::topology::hosts::value_of;

/// How deep includes may nest.
const DEEPEST: usize = 12;
/// How many tasks the includes of a repository may make.
const MOST_TASKS: usize = 200_000;

/// What an include hands down.
#[derive(Clone, Default)]
struct Context {
    hosts: Vec<String>,
    layers: Vec<Layer>,
    environment: Vec<(String, String)>,
    when: Vec<String>,
    playbook: Option<String>,
}

impl Context {
    /// Whether nothing is handed down: the tasks of a playbook are its own.
    fn is_plain(&self) -> bool {
        self.hosts.is_empty() && self.layers.is_empty() && self.environment.is_empty() && self.when.is_empty()
    }
}

/// All tasks, once for each way they are run, and the files of variables they ask for. Those that nobody is seen to run
/// come once, without hosts.
pub(super) fn tasks(files: &BTreeMap<&str, &TaskFile>, snapshot: &Snapshot) -> (Arc<[Arc<Task>]>, Vec<Arc<Source>>) {
    let mut spread = Spread { files, snapshot, vars: BTreeMap::new(), seen: BTreeSet::new(), out: Vec::new() };
    for (path, file) in files.iter().filter(|(_, file)| file.is_playbook) {
        let context = Context { playbook: Some((*path).to_owned()), ..Context::default() };
        spread.file(path, file, &context, 0);
    }
    for (path, file) in files {
        if !spread.seen.contains(path) {
            spread.file(path, file, &Context::default(), DEEPEST);
        }
    }
    let vars = spread.vars.keys().filter_map(|path| snapshot.get(path)).cloned().collect();
    (spread.out.into(), vars)
}

struct Spread<'f> {
    files: &'f BTreeMap<&'f str, &'f TaskFile>,
    snapshot: &'f Snapshot,
    /// Variables of the files that were asked for, by path.
    vars: BTreeMap<String, Vec<Layer>>,
    seen: BTreeSet<&'f str>,
    out: Vec<Arc<Task>>,
}

impl<'f> Spread<'f> {
    fn file(&mut self, path: &'f str, file: &'f TaskFile, context: &Context, depth: usize) {
        self.seen.insert(path);
        for task in &file.tasks {
            if self.out.len() >= MOST_TASKS {
                return;
            }
            if context.is_plain() && task.layers.iter().all(|layer| !matches!(layer, Layer::File(_))) {
                self.out.push(Arc::clone(task));
                continue;
            }
            let mut task = Task::clone(task);
            task.layers = self.layers(&context.layers, &task.layers);
            task.environment = [context.environment.as_slice(), &task.environment].concat();
            task.when = [context.when.as_slice(), &task.when].concat();
            if task.hosts.is_empty() {
                task.hosts.clone_from(&context.hosts);
            }
            if let Some(playbook) = &context.playbook {
                task.playbook.clone_from(playbook);
                let folder = playbook.rsplit_once('/').map_or("", |(folder, _)| folder);
                folder.clone_into(&mut task.playbook_dir);
            }
            self.out.push(Arc::new(task));
        }
        if depth >= DEEPEST {
            return;
        }
        for include in &file.includes {
            for (path, condition) in self.targets(include) {
                let Some((path, file)) = self.files.get_key_value(path.as_str()) else { continue };
                let mut next = Context {
                    hosts: if include.hosts.is_empty() { context.hosts.clone() } else { include.hosts.clone() },
                    layers: self.layers(&context.layers, &include.layers),
                    environment: [context.environment.as_slice(), &include.environment].concat(),
                    when: [context.when.as_slice(), &include.when].concat(),
                    playbook: context.playbook.clone(),
                };
                next.when.extend(condition);
                self.file(path, file, &next, depth + 1);
            }
        }
    }

    /// Outer and inner layers, files of variables read.
    fn layers(&mut self, outer: &[Layer], inner: &[Layer]) -> Vec<Layer> {
        let mut out = outer.to_vec();
        for layer in inner {
            match layer {
                Layer::File(paths) => out.extend(self.vars_of(paths)),
                layer => out.push(layer.clone()),
            }
        }
        out
    }

    fn vars_of(&mut self, paths: &[String]) -> Vec<Layer> {
        let Some(source) = paths.iter().find_map(|path| self.snapshot.get(path)) else { return Vec::new() };
        let read = || {
            let tree = yaml::read(source.text()?).ok()?;
            let root = tree.root()?.target();
            let one = |(key, value): (Ref<'_, '_>, Ref<'_, '_>)| {
                Some(Layer::Var(key.str()?.to_owned(), value_of(source, value)))
            };
            Some(root.entries().filter_map(one).collect())
        };
        self.vars.entry(source.path.as_str().to_owned()).or_insert_with(|| read().unwrap_or_default()).clone()
    }

    /// The files an include means. A name with a template in it may mean several, each under the condition that the
    /// template gives its name.
    fn targets(&self, include: &Include) -> Vec<(String, Option<String>)> {
        if let Some(path) = include.targets.iter().find(|path| self.files.contains_key(path.as_str())) {
            return vec![(path.clone(), None)];
        }
        let templated: Vec<_> = include.targets.iter().filter_map(|path| template_in(path)).collect();
        let mut found: Vec<(String, Option<String>)> = Vec::new();
        for (before, expression, after) in templated {
            for path in self.files.keys() {
                let name = path.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
                let known = || found.iter().any(|(have, _)| have == path);
                if let Some(name) = name.filter(|name| !name.contains(['/', '\'']) && !known()) {
                    found.push(((*path).to_owned(), Some(format!("({expression}) == '{name}'"))));
                }
            }
        }
        if !found.is_empty() {
            return found;
        }
        // A role that lies in no folder of roles that is looked at: the only one of that name.
        let Some((_, tail)) = include.targets.last().and_then(|path| path.split_once("roles/")) else {
            return Vec::new();
        };
        let tails = [tail.to_owned(), tail.replace(".yaml", ".yml")];
        let mut found = self.files.keys().filter(|path| tails.iter().any(|tail| path.ends_with(&format!("/{tail}"))));
        match (found.next(), found.next()) {
            (Some(only), None) => vec![((*only).to_owned(), None)],
            _ => Vec::new(),
        }
    }
}

/// Text before, inside and behind the only expression of a path.
fn template_in(path: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = path.split_once("{{")?;
    let (inside, after) = rest.split_once("}}")?;
    (!after.contains("{{")).then_some((before, inside.trim(), after))
}
