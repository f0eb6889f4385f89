//! From the files of a commit to hosts: which files count for which host, in Ansible's order.
//!
//! Knows: the order of sources, groups and folders. Must not know: grammars of inventories, evaluation of values.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::finding::{Finding, Level};
use crate::snapshot::Snapshot;
use crate::syntax;
use crate::syntax::tree::Ref;
use crate::text::{Place, RepoPath, Source, Span};
use crate::topology::values::{Content, Scope, World};

use super::definition::{self, Definition, Layer, Owner};
use super::graph::Graph;
use super::layout::{Layout, folder_of, is_apart, join, suffix};
use super::sources::{self, Set};
use super::{Defaults, Host, Inventory, OpaqueFile, ini, yaml_inventory};

/// What some files define for one owner in one layer.
#[derive(Clone, Debug, Default)]
struct Loaded {
    definitions: Vec<Arc<Definition>>,
    opaque: Vec<OpaqueFile>,
}

impl Loaded {
    fn add(&mut self, other: &Self) {
        self.definitions.extend(other.definitions.iter().cloned());
        self.opaque.extend(other.opaque.iter().cloned());
    }
}

/// What one file of variables says for one owner: a fact of that file alone.
#[derive(Debug)]
pub(super) struct VarsFile {
    source: Arc<Source>,
    loaded: Loaded,
    findings: Vec<Finding>,
}

/// Files of variables by path, owner and layer.
pub(super) type VarsFiles = HashMap<(String, Owner, Layer), Arc<VarsFile>>;

struct Loader<'s> {
    snapshot: &'s Snapshot,
    /// What was read before.
    known: &'s Inventory,
    read: VarsFiles,
    layout: Arc<Layout>,
    /// Folders with `group_vars` or `host_vars` that stand beside no inventory, the outer first.
    play_folders: Vec<String>,
    /// The defaults of roles, the same for every host.
    defaults: Loaded,
    findings: Vec<Finding>,
    files: BTreeMap<(String, String, Layer), Loaded>,
}

/// Reads everything. With `apart`, also what lies under tests, examples and archives.
pub(super) fn load(snapshot: &Snapshot, apart: bool, known: &Inventory) -> Inventory {
    let layout = Layout::of(snapshot, &known.layout);
    let mut sets = sources::find(snapshot, &layout, apart);
    let vars_folders = vars_folders(&layout, apart);
    let beside: BTreeSet<&String> = sets.iter().flat_map(|set| &set.folders).collect();
    let play_folders = vars_folders.iter().filter(|folder| !beside.contains(folder)).cloned().collect();
    if sets.is_empty() {
        sets.push(Set::default());
    }
    let mut loader = Loader {
        snapshot,
        known,
        read: VarsFiles::new(),
        layout,
        play_folders,
        defaults: Loaded::default(),
        findings: Vec::new(),
        files: BTreeMap::new(),
    };
    loader.defaults = loader.role_defaults(apart);
    let defaults = Defaults::of(&loader.defaults.definitions, &known.defaults);
    let mut out = Inventory { defaults, ..Inventory::default() };
    let mut graphs: Vec<Graph> = sets.iter().map(|set| loader.graph(set)).collect();
    loader.add_unlisted(&sets, &mut graphs);
    for (set, mut graph) in sets.iter().zip(graphs) {
        graph.finish();
        loader.assemble(set, &graph, &mut out);
    }
    out.findings = loader.findings;
    out.read = loader.read;
    out.layout = loader.layout;
    out
}

/// Folders that hold a `group_vars` or `host_vars`, the outer first.
fn vars_folders(layout: &Layout, apart: bool) -> Vec<String> {
    let mut found = BTreeSet::new();
    for path in layout.telling().filter(|path| apart || !is_apart(path)) {
        let parts: Vec<&str> = path.split('/').collect();
        let at = parts.iter().position(|part| matches!(*part, "group_vars" | "host_vars"));
        if let Some(at) = at.filter(|&at| at + 1 < parts.len() && !parts[..at].contains(&"roles")) {
            found.insert((at, parts[..at].join("/")));
        }
    }
    found.into_iter().map(|(_, folder)| folder).collect()
}

/// The definition in force of each name: the last.
pub(super) fn by_name(definitions: &[Arc<Definition>]) -> BTreeMap<String, Content> {
    definitions.iter().map(|definition| (definition.name.clone(), definition.content.clone())).collect()
}

/// The variables in force on a host; the same object as that of `known` where nothing on it is another.
fn scope(name: &str, groups: &[String], definitions: &[Arc<Definition>], known: Option<&Host>) -> Arc<Scope> {
    let mut group_names = groups.to_vec();
    group_names.sort();
    if let Some((host, scope)) = known.and_then(|known| Some((known, known.world.hosts.get(name)?))) {
        let mut pairs = host.own.iter().zip(definitions);
        let same = host.own.len() == definitions.len() && pairs.all(|(have, one)| is_same(have, one));
        if same && scope.group_names == group_names {
            return Arc::clone(scope);
        }
    }
    Arc::new(Scope { name: name.to_owned(), group_names, vars: by_name(definitions), ..Scope::default() })
}

/// Whether two definitions are one, also where their file, an inventory, was read again.
fn is_same(one: &Arc<Definition>, other: &Arc<Definition>) -> bool {
    let place = |one: &Definition| (Arc::as_ptr(&one.entry.source), one.entry.span);
    Arc::ptr_eq(one, other)
        || place(one) == place(other)
            && one.owner == other.owner
            && one.name == other.name
            && one.content == other.content
}

impl VarsFile {
    fn read(source: &Arc<Source>, owner: &Owner, layer: Layer) -> Self {
        let mut file = Self { source: Arc::clone(source), loaded: Loaded::default(), findings: Vec::new() };
        let path = &source.path;
        let Some(text) = source.text() else {
            let message = "the variables in this file are not known: it is not UTF-8".to_owned();
            return file.opaque("is no UTF-8 text", Some((Level::Review, message, Span::at(0))));
        };
        if text.trim_start_matches('\u{feff}').starts_with("$ANSIBLE_VAULT") {
            return file.opaque("is encrypted", None);
        }
        let json = suffix(path.as_str()) == ".json" || text.trim_start().starts_with('{');
        let read = match if json { syntax::json::read(text).ok() } else { None } {
            Some(tree) => Ok(tree),
            None => syntax::yaml::read(text),
        };
        match read {
            Ok(tree) => {
                let Some(root) = tree.root().map(Ref::target).filter(|root| !root.is_null()) else { return file };
                if !root.is_mapping() {
                    let message = format!("{path} is no mapping of variables");
                    return file.opaque("is no mapping of variables", Some((Level::Note, message, root.span())));
                }
                let entries = definition::entries(source, root, &mut file.findings);
                file.loaded.definitions.extend(entries.into_iter().map(|entry| entry.for_owner(owner, layer)));
                file
            }
            Err(error) => {
                let message = format!("the variables in this file are not known: {}", error.message);
                file.opaque("is no readable YAML", Some((Level::Review, message, error.span)))
            }
        }
    }

    /// A file that may define anything, and what is told about it.
    fn opaque(mut self, why: &str, told: Option<(Level, String, Span)>) -> Self {
        self.loaded.opaque.push(OpaqueFile { path: self.source.path.clone(), why: why.to_owned() });
        self.findings.extend(told.map(|(level, message, span)| {
            Finding::new(level, "host-vars/unreadable", message).at(Place::new(&self.source, span))
        }));
        self
    }
}

impl Loader<'_> {
    fn note(&mut self, level: Level, rule: &'static str, message: String, at: Option<Place>) {
        let finding = Finding::new(level, rule, message);
        self.findings.push(match at {
            Some(place) => finding.at(place),
            None => finding,
        });
    }

    fn role_defaults(&mut self, apart: bool) -> Loaded {
        let mut roles = BTreeSet::new();
        for path in self.layout.telling().filter(|path| apart || !is_apart(path)) {
            if let Some((role, _)) = path.split_once("/defaults/main")
                && folder_of(role).split('/').any(|part| part == "roles")
            {
                roles.insert((role.rsplit('/').next().unwrap_or(role).to_owned(), role.to_owned()));
            }
        }
        let mut out = Loaded::default();
        for (name, role) in roles {
            out.add(&self.vars(&join(&role, "defaults"), "main", &Owner::Role(name), Layer::RoleDefaults));
        }
        out
    }

    /// The inventory files of a set, read.
    fn graph(&mut self, set: &Set) -> Graph {
        let mut graph = Graph::default();
        for path in &set.files {
            let Some(source) = self.snapshot.get(path) else { continue };
            let Some(text) = source.text() else {
                let message = format!("the inventory {path} is no text; hosts in it are not known");
                self.note(Level::Review, "hosts/unreadable", message, None);
                continue;
            };
            let source = Arc::clone(source);
            if text.starts_with("#!") {
                let message = format!("{path} is a program; the hosts it would list are not known");
                self.note(Level::Note, "hosts/script", message, Some(Place::new(&source, Span::new(0, 2))));
                continue;
            }
            self.inventory_file(&source, text, &mut graph);
        }
        graph
    }

    fn inventory_file(&mut self, source: &Arc<Source>, text: &str, graph: &mut Graph) {
        let suffix = suffix(source.path.name());
        let yaml = matches!(suffix, "" | ".yml" | ".yaml" | ".json");
        if yaml {
            match syntax::yaml::read(text) {
                Ok(tree) => {
                    let root = tree.root();
                    if root.is_some_and(|root| yaml_inventory::read(source, root, graph, &mut self.findings)) {
                        return;
                    }
                    if suffix.is_empty() && root.is_none_or(|root| !root.target().is_mapping()) {
                        return ini::read(source, text, graph, &mut self.findings);
                    }
                    if root.is_some_and(|root| root.target().entry("plugin").is_some()) {
                        let message = "this inventory asks a plugin; the hosts it would list are not known".to_owned();
                        self.note(Level::Note, "hosts/plugin", message, Some(Place::new(source, Span::at(0))));
                    }
                    return;
                }
                Err(_) if suffix.is_empty() => {}
                Err(error) => {
                    let message = format!("the inventory cannot be read: {}", error.message);
                    return self.note(Level::Review, "hosts/unreadable", message, Some(Place::new(source, error.span)));
                }
            }
        } else if !matches!(suffix, ".ini" | ".cfg" | ".inventory") && !text.contains('[') {
            return;
        }
        ini::read(source, text, graph, &mut self.findings);
    }

    /// Hosts that have a `host_vars` entry and stand in no inventory.
    fn add_unlisted(&mut self, sets: &[Set], graphs: &mut [Graph]) {
        let mut folders: Vec<(usize, String)> = Vec::new();
        for (at, set) in sets.iter().enumerate() {
            folders.extend(set.folders.iter().map(|folder| (at, folder.clone())));
        }
        folders.extend(self.play_folders.iter().map(|folder| (0, folder.clone())));
        for (at, folder) in folders {
            let folder = join(&folder, "host_vars");
            for (entry, is_folder) in self.layout.list(&folder) {
                if entry.starts_with('.') || entry.ends_with('~') {
                    continue;
                }
                let end = suffix(&entry);
                let bare = matches!(end, ".yml" | ".yaml" | ".json");
                let name = if bare { &entry[..entry.len() - end.len()] } else { entry.as_str() };
                let known = graphs.iter().any(|graph| graph.hosts.contains_key(name));
                if known || matches!(name, "all" | "README") || matches!(end, ".md" | ".bak" | ".txt" | ".j2") {
                    continue;
                }
                let Some(graph) = graphs.get_mut(at) else { continue };
                graph.add_host("ungrouped", name);
                let path = join(&folder, &entry);
                let path =
                    if is_folder { self.layout.below(&path).first().map(ToString::to_string) } else { Some(path) };
                let place = path.and_then(|path| self.snapshot.get(&path)).map(|file| Place::new(file, Span::at(0)));
                let message = format!("the host {name} has variables and stands in no inventory that can be read");
                self.note(Level::Note, "hosts/unlisted", message, place);
            }
        }
    }

    /// The variables of `folder`/`name`*, read once.
    fn vars(&mut self, folder: &str, name: &str, owner: &Owner, layer: Layer) -> Loaded {
        let id = (folder.to_owned(), name.to_owned(), layer);
        if let Some(done) = self.files.get(&id) {
            return done.clone();
        }
        let chosen = self.layout.vars_files(folder, name);
        let mut out = Loaded::default();
        for path in &chosen.files {
            self.vars_file(path, owner, layer, &mut out);
        }
        for path in &chosen.shadowed {
            let place = self.snapshot.get(path).map(|source| Place::new(source, Span::at(0)));
            let instead = chosen.files.first().map_or("another", |file| file.as_str());
            let message = format!("Ansible never reads {path}: {instead} comes first");
            self.note(Level::Note, "host-vars/shadowed", message, place);
        }
        self.files.insert(id, out.clone());
        out
    }

    fn vars_file(&mut self, path: &str, owner: &Owner, layer: Layer, out: &mut Loaded) {
        let Some(source) = self.snapshot.get(path) else {
            let why = "was not read (a link, too large, or not in the commit)".to_owned();
            return out.opaque.push(OpaqueFile { path: RepoPath::from(path), why });
        };
        let id = (path.to_owned(), owner.clone(), layer);
        let known = self.known.read.get(&id).filter(|known| Arc::ptr_eq(&known.source, source));
        let file = known.map_or_else(|| Arc::new(VarsFile::read(source, owner, layer)), Arc::clone);
        out.add(&file.loaded);
        self.findings.extend(file.findings.iter().cloned());
        self.read.insert(id, file);
    }

    /// The hosts of one set, with everything that counts for them.
    fn assemble(&mut self, set: &Set, graph: &Graph, out: &mut Inventory) {
        let Some(memberships) = graph.memberships() else {
            let place = set.files.first().and_then(|path| self.snapshot.get(path));
            let message =
                "the hosts of this inventory are not known: it puts too many hosts into too many groups".to_owned();
            let place = place.map(|file| Place::new(file, Span::at(0)));
            return self.note(Level::Review, "hosts/unreadable", message, place);
        };
        let mut built = Vec::new();
        let mut world = World::default();
        for (name, groups) in memberships.groups {
            let all = self.collect(set, graph, &name, &groups);
            let known = self.known.hosts.get(&name).filter(|_| out.defaults.same(&self.known.defaults));
            world.hosts.insert(name.clone(), scope(&name, &groups, &all.definitions, known));
            built.push((name, groups, all));
        }
        world.defaults = Arc::clone(&out.defaults.by_name);
        world.groups = memberships.members;
        let known = out.worlds.first().or(self.known.worlds.first());
        world.memo = known.map(|world| Arc::clone(&world.memo)).unwrap_or_default();
        let world = Arc::new(world);
        for (name, groups, all) in built {
            let Loaded { definitions, opaque } = all;
            if out.hosts.contains_key(&name) {
                let message = format!("the host {name} stands in several inventories; the first is taken");
                self.note(Level::Note, "hosts/several-inventories", message, None);
                continue;
            }
            let (defaults, world) = (Arc::clone(&out.defaults.list), Arc::clone(&world));
            let host = Host { name: name.clone(), groups, defaults, own: definitions, opaque_files: opaque, world };
            out.hosts.insert(name, host);
        }
        out.worlds.push(world);
    }

    /// Everything that counts for one host beside the defaults of roles, lowest precedence first.
    fn collect(&mut self, set: &Set, graph: &Graph, host: &str, groups: &[String]) -> Loaded {
        let play_folders = self.play_folders.clone();
        let all = ["all".to_owned()];
        let mut out = Loaded { opaque: self.defaults.opaque.clone(), ..Loaded::default() };
        for group in all.iter().chain(groups) {
            out.definitions.extend(graph.groups.get(group).into_iter().flat_map(|group| group.vars.iter().cloned()));
        }
        let steps = [
            (&set.folders, &all[..], Layer::GroupVarsAll),
            (&play_folders, &all[..], Layer::PlayGroupVarsAll),
            (&set.folders, groups, Layer::GroupVars),
            (&play_folders, groups, Layer::PlayGroupVars),
        ];
        for (folders, groups, layer) in steps {
            for folder in folders {
                for group in groups {
                    let owner = Owner::Group(group.clone());
                    out.add(&self.vars(&join(folder, "group_vars"), group, &owner, layer));
                }
            }
        }
        out.definitions.extend(graph.hosts.get(host).into_iter().flatten().cloned());
        for (folders, layer) in [(&set.folders, Layer::HostVars), (&play_folders, Layer::PlayHostVars)] {
            for folder in folders {
                out.add(&self.vars(&join(folder, "host_vars"), host, &Owner::Host(host.to_owned()), layer));
            }
        }
        out
    }
}
