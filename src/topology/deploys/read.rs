//! Reads one playbook or task file.
//!
//! Knows: the keys of plays, blocks and tasks. Must not know: other files.

use std::sync::Arc;

use super::{Arg, Body, Include, Layer, Own, Role, TaskFile, loops};
use crate::finding::{Finding, Level};
use crate::syntax::tree::Ref;
use crate::syntax::yaml;
use crate::text::{Place, Source, Span};
use crate::topology::hosts::value_of;

/// Keys of a task that are no module name (the directives of Ansible's `Task` and `Block`).
const DIRECTIVES: &[&str] = &[
    "action",
    "always",
    "any_errors_fatal",
    "args",
    "async",
    "become",
    "become_exe",
    "become_flags",
    "become_method",
    "become_user",
    "block",
    "changed_when",
    "check_mode",
    "collections",
    "connection",
    "debugger",
    "delay",
    "delegate_facts",
    "delegate_to",
    "diff",
    "environment",
    "failed_when",
    "ignore_errors",
    "ignore_unreachable",
    "listen",
    "local_action",
    "loop",
    "loop_control",
    "module_defaults",
    "name",
    "no_log",
    "notify",
    "poll",
    "port",
    "register",
    "remote_user",
    "rescue",
    "retries",
    "run_once",
    "tags",
    "throttle",
    "timeout",
    "until",
    "vars",
    "when",
];

/// Reads the file; `None` when it is no list of plays or tasks.
pub(super) fn file(source: &Arc<Source>) -> Result<Option<TaskFile>, Box<Finding>> {
    let Some(text) = source.text() else { return Ok(None) };
    let tree = match yaml::read(text) {
        Ok(tree) => tree,
        Err(_) if !looks_like_tasks(text) => return Ok(None),
        Err(error) => {
            let message = format!("this playbook could not be read: {}", error.message);
            return Err(Box::new(
                Finding::new(Level::Note, "deploys/unreadable", message).at(Place::new(source, error.span)),
            ));
        }
    };
    let mut reader = Reader { source, out: TaskFile::default() };
    let mut seen = false;
    if is_meta(source) {
        let roles = tree.root().and_then(|root| root.target().get("dependencies"));
        reader.roles(roles, &Own::default());
        return Ok(Some(reader.out));
    }
    for root in tree.roots().filter(|root| root.is_sequence()) {
        seen = true;
        let mut scope = Own::default();
        for item in root.items().map(Ref::target).filter(|item| item.is_mapping()) {
            if item.get("hosts").is_some() || item.get("import_playbook").is_some() {
                reader.play(item);
            } else {
                reader.task(item, &scope, 0);
                reader.later(item, &mut scope);
            }
        }
    }
    Ok(seen.then_some(reader.out))
}

/// Whether the file says which roles a role depends on.
pub(super) fn is_meta(source: &Source) -> bool {
    let path = source.path.as_str();
    path.ends_with("/meta/main.yml") || path.ends_with("/meta/main.yaml")
}

/// A file that is broken *and* no playbook is somebody else's to complain about.
fn looks_like_tasks(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("- hosts:") || line.starts_with("  hosts:") || line.starts_with("- name:"))
}

struct Reader<'s> {
    source: &'s Arc<Source>,
    out: TaskFile,
}

impl Reader<'_> {
    fn play(&mut self, play: Ref<'_, '_>) {
        let folder = self.source.path.folder();
        let Some(hosts) = play.get("hosts") else { return };
        self.out.is_playbook = true;
        let mut scope = Own {
            hosts: vec![texts(hosts).join(":")],
            layers: self.vars(play),
            environment: play.get("environment").map(pairs).unwrap_or_default(),
            when: Vec::new(),
        };
        for file in play.get("vars_files").map(texts).unwrap_or_default() {
            scope.layers.push(Arc::new(Layer::File(vec![join(folder, &file)])));
        }
        let names = play.get("roles").into_iter().flat_map(Ref::items).filter_map(|role| role_name(role.target()));
        let roles = names.map(|name| role_targets(folder, name, "tasks", "main"));
        scope.layers.push(Arc::new(Layer::Roles(roles.collect())));
        self.section(play, "pre_tasks", &mut scope);
        self.roles(play.get("roles"), &scope);
        for section in ["tasks", "post_tasks", "handlers"] {
            self.section(play, section, &mut scope);
        }
    }

    /// A role of a play as a task, as `include_role` is one: what is given to a role of others is seen there alone.
    fn runs_role(&mut self, role: Ref<'_, '_>, name: &str, own: Own) {
        let args = vec![Arg { name: "name".to_owned(), text: name.to_owned(), span: role.span() }];
        let at = Place::new(self.source, role.span());
        self.out.tasks.push(Arc::new(Body { at, module: "include_role".to_owned(), args, own }));
    }

    /// The roles of a play, or those that a role depends on.
    fn roles(&mut self, roles: Option<Ref<'_, '_>>, scope: &Own) {
        for role in roles.into_iter().flat_map(Ref::items).map(Ref::target) {
            let mut scope = scope.clone();
            // Anything beside the name is a variable for the role, unless it is a keyword.
            for (key, value) in role.entries() {
                if let Some(key) = key.str().filter(|key| !is_directive(key) && *key != "role") {
                    scope.layers.push(self.var(key, value));
                }
            }
            scope.layers.extend(self.vars(role));
            scope.when.extend(role.get("when").map(texts).unwrap_or_default());
            if let Some(name) = role_name(role) {
                self.role(name, "main", &Role::default(), &scope);
                self.runs_role(role, name, scope);
            }
        }
    }

    fn section(&mut self, play: Ref<'_, '_>, name: &str, scope: &mut Own) {
        for task in play.get(name).into_iter().flat_map(Ref::items).map(Ref::target) {
            self.task(task, scope, 0);
            self.later(task, scope);
        }
    }

    /// `vars:` of a play, block, include or task.
    fn vars(&self, node: Ref<'_, '_>) -> Vec<Arc<Layer>> {
        let entries = node.get("vars").into_iter().flat_map(Ref::entries);
        entries.filter_map(|(key, value)| Some(self.var(key.str()?, value))).collect()
    }

    fn var(&self, name: &str, value: Ref<'_, '_>) -> Arc<Layer> {
        Arc::new(Layer::Var(name.to_owned(), value_of(self.source, value)))
    }

    fn include(&mut self, targets: Vec<String>, role: Option<Role>, scope: &Own) {
        self.out.includes.push(Include { targets, role, own: scope.clone() });
    }

    /// A role runs the roles it depends on, its tasks and, where something notifies them, its handlers.
    fn role(&mut self, name: &str, from: &str, role: &Role, scope: &Own) {
        let folder = self.source.path.folder().to_owned();
        for (kind, file) in [("meta", "main"), ("tasks", from), ("handlers", "main")] {
            self.include(role_targets(&folder, name, kind, file), Some(role.clone()), scope);
        }
    }

    fn task(&mut self, task: Ref<'_, '_>, outer: &Own, depth: usize) {
        if !task.is_mapping() || depth > 16 {
            return;
        }
        let mut scope = outer.clone();
        scope.layers.extend(loops::of(task, self.source).map(|one| Arc::new(Layer::Loop(one))));
        scope.layers.extend(self.vars(task));
        scope.environment.extend(task.get("environment").map(pairs).unwrap_or_default());
        scope.when.extend(task.get("when").map(texts).unwrap_or_default());
        for section in ["block", "rescue", "always"] {
            let mut scope = scope.clone();
            for inner in task.get(section).into_iter().flat_map(Ref::items).map(Ref::target) {
                self.task(inner, &scope, depth + 1);
                self.later(inner, &mut scope);
            }
        }
        let Some((key, value)) = task.entries().find(|(key, _)| key.str().is_some_and(|key| !is_directive(key))) else {
            return;
        };
        let module = key.str().and_then(|name| name.rsplit('.').next()).unwrap_or_default().to_owned();
        let mut args = Vec::new();
        flatten(value.target(), String::new(), &mut args, 0);
        if let Some(more) = task.get("args") {
            flatten(more, String::new(), &mut args, 0);
        }
        self.follow(&module, &args, &scope);
        self.out.tasks.push(Arc::new(Body { at: Place::new(self.source, task.span()), module, args, own: scope }));
    }

    fn follow(&mut self, module: &str, args: &[Arg], scope: &Own) {
        let folder = self.source.path.folder();
        let text =
            |names: &[&str]| args.iter().find(|arg| names.contains(&arg.name.as_str())).map(|arg| arg.text.as_str());
        match module {
            "include_tasks" | "import_tasks" | "include" => {
                if let Some(file) = text(&["file", ""]) {
                    let file = file.split_whitespace().next().filter(|_| !file.contains("{{")).unwrap_or(file);
                    let file = file.strip_prefix("{{ playbook_dir }}/").unwrap_or(file);
                    self.include(vec![join(folder, file), join(&join(folder, "tasks"), file)], None, scope);
                }
            }
            "include_role" | "import_role" => {
                if let Some(name) = text(&["name"]) {
                    let file = |key| {
                        text(&[key]).map_or("main", |file| file.trim_end_matches(".yml").trim_end_matches(".yaml"))
                    };
                    let role = Role { defaults: file("defaults_from").to_owned(), vars: file("vars_from").to_owned() };
                    self.role(name, file("tasks_from"), &role, scope);
                }
            }
            _ => {}
        }
    }

    fn share(&self, role: Ref<'_, '_>, scope: &mut Own) {
        if let Some(name) = role.get_str("name") {
            let paths = role_targets(self.source.path.folder(), name, "tasks", "main");
            scope.layers.push(Arc::new(Layer::Roles(vec![paths])));
        }
    }

    /// What a task means for the ones after it: facts it sets, variables it reads, and hosts it ends.
    fn later(&self, task: Ref<'_, '_>, scope: &mut Own) {
        let when = task.get("when").map(texts).unwrap_or_default();
        for (key, value) in task.entries() {
            let value = value.target();
            match key.str().and_then(|name| name.rsplit('.').next()) {
                Some("set_fact") if when.is_empty() => {
                    let facts = value.entries().filter(|(key, _)| key.str().is_some_and(|name| name != "cacheable"));
                    scope.layers.extend(facts.filter_map(|(key, value)| Some(self.var(key.str()?, value))));
                }
                Some("include_vars") if when.is_empty() => {
                    let folder = self.source.path.folder();
                    if let Some(file) = value.str().or_else(|| value.get_str("file")) {
                        let role = folder.strip_suffix("/tasks").unwrap_or(folder);
                        let bases = [join(role, "vars"), role.to_owned(), folder.to_owned()];
                        let paths = bases.iter().map(|base| join(base, file)).collect();
                        scope.layers.push(Arc::new(Layer::File(paths)));
                    }
                }
                // Its defaults are everybody's from here on.
                Some("import_role") => self.share(value, scope),
                Some("include_role") if value.get_str("public").is_some_and(is_true) => self.share(value, scope),
                Some("meta") if matches!(value.str(), Some("end_host" | "end_play")) && !when.is_empty() => {
                    scope.when.push(format!("not (({}))", when.join(") and (")));
                }
                _ => {}
            }
        }
    }
}

/// The name of a role in a list of roles.
fn role_name<'t>(role: Ref<'t, '_>) -> Option<&'t str> {
    role.str().or_else(|| role.get_str("role")).or_else(|| role.get_str("name"))
}

fn is_true(text: &str) -> bool {
    matches!(text.to_lowercase().as_str(), "true" | "yes" | "on" | "1")
}

fn is_directive(key: &str) -> bool {
    DIRECTIVES.binary_search(&key).is_ok() || key.starts_with("with_")
}

/// Where a file of a role may lie: beside the playbook, one folder up, or beside the role that names it. The last one
/// is a path from the folder of roles on, for roles that lie elsewhere.
fn role_targets(folder: &str, role: &str, kind: &str, file: &str) -> Vec<String> {
    let role = if role.contains(['/', '{']) { role } else { role.rsplit('.').next().unwrap_or(role) };
    let mut bases = vec![join(folder, "roles"), join(&join(folder, ".."), "roles"), "roles".to_owned()];
    if let Some(at) = folder.rfind("roles/") {
        bases.insert(0, folder[..at + 5].to_owned());
    }
    if role.contains('/') {
        bases.push(folder.to_owned());
    }
    bases
        .into_iter()
        .flat_map(|base| ["yml", "yaml"].map(|suffix| join(&base, &format!("{role}/{kind}/{file}.{suffix}"))))
        .collect()
}

/// Joins and tidies a repository path: `.` and `..` are worked off.
pub(in crate::topology) fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = if path.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.retain(|part| !part.is_empty() && *part != ".");
    parts.join("/")
}

/// A scalar, or the scalars of a list.
fn texts(node: Ref<'_, '_>) -> Vec<String> {
    node.str().map_or_else(
        || node.items().filter_map(|item| item.target().str()).map(str::to_owned).collect(),
        |text| vec![text.to_owned()],
    )
}

/// The scalar pairs of a mapping.
fn pairs(node: Ref<'_, '_>) -> Vec<(String, String)> {
    node.entries().filter_map(|(key, value)| Some((key.str()?.to_owned(), value.target().str()?.to_owned()))).collect()
}

fn flatten(node: Ref<'_, '_>, name: String, out: &mut Vec<Arg>, depth: usize) {
    if depth > 8 {
        return;
    }
    if let Some(text) = node.str() {
        if name.is_empty() {
            free_form(text, node.span(), out);
        } else {
            out.push(Arg { name, text: text.to_owned(), span: node.span() });
        }
        return;
    }
    for item in node.items() {
        flatten(item.target(), name.clone(), out, depth + 1);
    }
    for (key, value) in node.entries() {
        let key = key.str().unwrap_or_default();
        let name = if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
        flatten(value.target(), name, out, depth + 1);
    }
}

/// `template: src=a dest=b` and `command: docker compose up`: the first becomes arguments, both keep the whole line.
fn free_form(text: &str, span: Span, out: &mut Vec<Arg>) {
    out.push(Arg { name: String::new(), text: text.to_owned(), span });
    for word in text.split_whitespace() {
        if let Some((name, value)) = word.split_once('=')
            && !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        {
            let value = value.trim_matches(['"', '\'']);
            out.push(Arg { name: name.to_owned(), text: value.to_owned(), span });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DIRECTIVES, join};

    #[test]
    fn directives_are_sorted_for_the_search() {
        assert!(DIRECTIVES.is_sorted());
    }

    #[test]
    fn joins_paths_as_a_controller_would() {
        assert_eq!(join("ansible/kairos", "docker-compose.yml.j2"), "ansible/kairos/docker-compose.yml.j2");
        assert_eq!(join("ansible/kairos", "../alloy/./x"), "ansible/alloy/x");
        assert_eq!(join("", "a//b"), "a/b");
        assert_eq!(join("a", "../../../b"), "b");
    }
}
