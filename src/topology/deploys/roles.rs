//! The variables that come with a role: its defaults, which count in it alone, and its `vars`.
//!
//! Knows: where they lie beside a role's tasks, and in which order those of other roles stand below them. Must not know:
//! who runs a role.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{Layer, Role};
use crate::snapshot::Snapshot;
use crate::syntax::tree::Ref;
use crate::syntax::yaml;
use crate::text::Source;
use crate::topology::hosts::value_of;
use crate::topology::values::{Content, Defaults};

/// Suffixes of a file of variables.
const SUFFIXES: [&str; 4] = [".yml", ".yaml", ".json", ""];

/// The variables of roles, each file read once.
pub(super) struct RoleFiles<'f> {
    snapshot: &'f Snapshot,
    /// By path.
    files: BTreeMap<String, Arc<[Arc<Layer>]>>,
    /// By the folder of the role and the name of the file.
    defaults: HashMap<(String, String), Option<Arc<Layer>>>,
    /// By the paths of all roles of a play.
    shared: HashMap<Vec<String>, Arc<Layer>>,
}

impl<'f> RoleFiles<'f> {
    pub(super) fn new(snapshot: &'f Snapshot) -> Self {
        Self { snapshot, files: BTreeMap::new(), defaults: HashMap::new(), shared: HashMap::new() }
    }

    /// Every file that was asked for.
    pub(super) fn read(&self) -> Vec<Arc<Source>> {
        self.files.keys().filter_map(|path| self.snapshot.get(path)).cloned().collect()
    }

    /// What stands around the tasks of a role that begins at `path`, beside what stands around the role.
    pub(super) fn layers(&mut self, path: &str, role: &Role) -> Vec<Arc<Layer>> {
        let Some(folder) = folder_of(path) else { return Vec::new() };
        let mut layers: Vec<Arc<Layer>> = self.defaults(folder, &role.defaults).into_iter().collect();
        for file in self.beside(folder, "vars", &role.vars) {
            layers.extend_from_slice(&self.file(&file));
        }
        layers
    }

    /// The defaults of these roles, by the paths of their tasks, as everything in a play sees them that lists the roles: the
    /// last that gives a name a default wins.
    pub(super) fn shared_defaults(&mut self, roles: &[&str]) -> Arc<Layer> {
        let paths = roles.iter().map(|path| (*path).to_owned()).collect();
        if let Some(known) = self.shared.get(&paths) {
            return Arc::clone(known);
        }
        let mut all = Defaults::default();
        for folder in roles.iter().filter_map(|path| folder_of(path)) {
            if let Some(Layer::Defaults(defaults)) = self.defaults(folder, "main").as_deref() {
                all.extend(defaults.iter().map(|(name, content)| (name.clone(), content.clone())));
            }
        }
        let layer = Arc::new(Layer::Defaults(Arc::new(all)));
        self.shared.insert(paths, Arc::clone(&layer));
        layer
    }

    fn defaults(&mut self, folder: &str, name: &str) -> Option<Arc<Layer>> {
        let id = (folder.to_owned(), name.to_owned());
        if let Some(known) = self.defaults.get(&id) {
            return known.clone();
        }
        let mut all = Defaults::default();
        for file in self.beside(folder, "defaults", name) {
            for layer in &*self.file(&file) {
                if let Layer::Var(name, value) = &**layer {
                    all.insert(name.clone(), Content::of(value.clone()));
                }
            }
        }
        let layer = (!all.is_empty()).then(|| Arc::new(Layer::Defaults(Arc::new(all))));
        self.defaults.insert(id, layer.clone());
        layer
    }

    /// The files of variables of one kind and name: one file, or all below a folder.
    fn beside(&self, folder: &str, kind: &str, name: &str) -> Vec<Arc<Source>> {
        let path = format!("{folder}/{kind}/{name}");
        if let Some(file) = SUFFIXES.iter().find_map(|suffix| self.snapshot.get(&format!("{path}{suffix}"))) {
            return vec![Arc::clone(file)];
        }
        let inside = format!("{path}/");
        let below = self.snapshot.sources_from(&inside).take_while(|file| file.path.as_str().starts_with(&inside));
        below.cloned().collect()
    }

    /// The variables of the first of these files that is there.
    pub(super) fn vars_of(&mut self, paths: &[String]) -> Arc<[Arc<Layer>]> {
        match paths.iter().find_map(|path| self.snapshot.get(path)).cloned() {
            Some(source) => self.file(&source),
            None => Arc::default(),
        }
    }

    fn file(&mut self, source: &Source) -> Arc<[Arc<Layer>]> {
        let read = || {
            let tree = yaml::read(source.text()?).ok()?;
            let root = tree.root()?.target();
            let one = |(key, value): (Ref<'_, '_>, Ref<'_, '_>)| {
                Some(Arc::new(Layer::Var(key.str()?.to_owned(), value_of(source, value))))
            };
            Some(root.entries().filter_map(one).collect())
        };
        let known = self.files.entry(source.path.as_str().to_owned());
        Arc::clone(known.or_insert_with(|| read().unwrap_or_default()))
    }
}

/// The folder of a role, by the path of a file of its tasks.
pub(super) fn folder_of(path: &str) -> Option<&str> {
    let at = ["/tasks/", "/handlers/", "/meta/"].iter().filter_map(|kind| path.rfind(kind)).max()?;
    path.get(..at)
}
