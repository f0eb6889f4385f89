//! Queries of the whole repository: sites, datasources, and who reads which rule file.
//!
//! Knows: provisioning files, server configurations of Loki and Prometheus, tasks that deploy rule files. Must not
//! know: what a query means or how one is changed.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::Topology;
use super::datasources::{self, Datasource, Datasources};
use super::deploys::{Task, join};
use super::interest::Interest;
use super::per_file::PerFile;
use super::sites::language::{RuleReaders, Servers};
use super::sites::{self, Document, FileSites, SiteKind};
use crate::snapshot::Snapshot;
use crate::text::{Place, RepoPath, Source};

/// What the repository says about queries.
#[derive(Clone, Debug, Default)]
pub struct QueryFacts {
    /// Files with query sites, or with findings why they could not be read; by path.
    pub files: BTreeMap<RepoPath, Arc<FileSites>>,
    /// Who answers them.
    pub servers: Arc<Servers>,
    pub(crate) read: PerFile<FileFacts>,
}

/// What one file says.
#[derive(Clone, Debug)]
pub(crate) struct FileFacts {
    sites: Option<Arc<FileSites>>,
    datasources: Vec<Datasource>,
    paths: Paths,
}

/// Folders and files that a server reads its rules from, as its configuration writes them.
#[derive(Clone, Debug, Default)]
struct Paths {
    loki: Vec<(String, Place)>,
    prometheus: Vec<(String, Place)>,
}

impl QueryFacts {
    /// What the files of a commit say. Who reads a rule file is not known yet. What `known` says of a file that is
    /// still the same is taken over.
    pub fn of(snapshot: &Snapshot, known: &Self) -> Self {
        let mut facts = Self { read: PerFile::of(snapshot, &known.read, file), ..Self::default() };
        let with_sites =
            facts.read.iter().filter_map(|(source, file)| Some((source.path.clone(), file.sites.clone()?)));
        // By path already: collecting is faster than inserting.
        facts.files = with_sites.collect();
        let list = facts.read.iter().flat_map(|(_, file)| &file.datasources).cloned().collect();
        facts.servers = Arc::new(Servers { datasources: Datasources::new(list), ..Servers::default() });
        facts
    }

    /// The same, now that it is known who reads which rule files. Servers that are what `known` says they are stay the
    /// same object.
    pub(super) fn read_by(&mut self, readers: RuleReaders, known: Option<&Self>) {
        let datasources = self.servers.datasources.clone();
        let servers = Servers { datasources, readers };
        let same = known.filter(|known| known.servers.same(&servers));
        self.servers = same.map_or_else(|| Arc::new(servers), |known| Arc::clone(&known.servers));
    }

    /// Every query of the files that `wanted` asks for, with the path of its file.
    pub fn texts_of(&self, wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = (&str, &str)> {
        let files = self.files.iter().filter(move |(path, _)| wanted(path.as_str()));
        files.flat_map(|(path, file)| {
            file.sites.iter().map(move |site| (path.as_str(), site.query.of(site.view.text())))
        })
    }
}

/// Who reads the rule files of the repository: a task writes them below the `directory` of Loki's ruler, or to a path
/// in Prometheus' `rule_files`, on a host where both texts resolve to the same.
pub(super) fn readers(topology: &Topology) -> RuleReaders {
    let files = || topology.queries.read.iter().map(|(_, file)| &file.paths);
    let loki: Vec<&(String, Place)> = files().flat_map(|paths| &paths.loki).collect();
    let prometheus: Vec<&(String, Place)> = files().flat_map(|paths| &paths.prometheus).collect();
    let mut readers = RuleReaders::default();
    if loki.is_empty() && prometheus.is_empty() {
        return readers;
    }
    let holds_rules = |file: &FileSites| file.sites.iter().any(|site| site.kind == SiteKind::Rule);
    let rules = topology.queries.files.iter().filter(|(_, file)| holds_rules(file));
    let rules = Interest::of(rules.map(|(path, _)| path));
    let may_write = |task: &&Arc<Task>| {
        let writes = matches!(task.module.as_str(), "template" | "copy" | "synchronize");
        writes && task.text(&["src"]).is_some_and(|src| rules.may_be(src))
    };
    // Hosts on which the same tasks run share them.
    let mut known: HashMap<*const Arc<Task>, Vec<&Arc<Task>>> = HashMap::new();
    for host in &topology.hosts {
        let tasks = topology.tasks_on(&host.name);
        let tasks = known.entry(tasks.as_ptr()).or_insert_with(|| tasks.iter().filter(may_write).collect());
        let Some(scope) = topology.scope(host).filter(|_| !tasks.is_empty()) else { continue };
        let resolve = |list: &[&(String, Place)]| -> Vec<(String, Place)> {
            list.iter().filter_map(|(text, at)| Some((scope.resolve(text)?, at.clone()))).collect()
        };
        let (loki, prometheus) = (resolve(&loki), resolve(&prometheus));
        for task in tasks.iter() {
            let (Some(src), Some(dest)) = (task.text(&["src"]), task.text(&["dest"])) else { continue };
            let Some(dest) = scope.resolve(dest) else { continue };
            let is_loki = loki.iter().any(|(folder, _)| below(&dest, folder));
            let is_prometheus = prometheus.iter().any(|(pattern, _)| matches_glob(&dest, pattern));
            let Some(src) = scope.resolve(src).filter(|_| is_loki || is_prometheus) else { continue };
            for path in sources_of(task, &src, &topology.snapshot) {
                let fact = (path, task.at.clone());
                if is_loki {
                    readers.loki.push(fact);
                } else if is_prometheus {
                    readers.prometheus.push(fact);
                }
            }
        }
    }
    readers
}

/// What a file says about queries; nothing when it cannot say anything, going by the words in it.
fn file(source: &Arc<Source>) -> Option<FileFacts> {
    let has = |word: &str| memchr::memmem::find(source.bytes(), word.as_bytes()).is_some();
    let is_server = has("ruler") || has("rule_files");
    let mut facts = FileFacts { sites: None, datasources: Vec::new(), paths: Paths::default() };
    if sites::can_hold_queries(source) {
        let file = sites::read_beside(source, &mut |document| {
            facts
                .datasources
                .extend(datasources::read(source, &document.tree, &|node| document.templated(node.span())));
            if is_server {
                server(source, document, &mut facts.paths);
            }
        });
        let says = !file.sites.is_empty() || !file.findings.is_empty() || !file.apart.is_empty();
        facts.sites = says.then(|| Arc::new(file));
    } else if is_server {
        sites::documents(source, &mut |document| {
            if let Ok(document) = document {
                server(source, &document, &mut facts.paths);
            }
        });
    } else {
        return None;
    }
    Some(facts)
}

/// Takes up the rule paths of a server configuration.
fn server(source: &Arc<Source>, document: &Document<'_>, paths: &mut Paths) {
    // As written, templates included: the text is resolved for each host.
    let text = |node| document.view(node).map(|view| (view.text().to_owned(), Place::new(source, document.raw(node))));
    for root in document.tree.roots() {
        let ruler = root.path(&["ruler", "storage", "local", "directory"]);
        let common = root.path(&["common", "storage", "filesystem", "rules_directory"]);
        paths.loki.extend(ruler.or(common).and_then(text));
        let files = root.get("rule_files").into_iter().flat_map(crate::syntax::tree::Ref::items);
        paths.prometheus.extend(files.filter_map(text));
    }
}

/// Files and folders of the repository that `src` of a task can be.
fn sources_of(task: &Task, src: &str, snapshot: &Snapshot) -> Vec<String> {
    let folder = task.folder();
    let role = folder.strip_suffix("/tasks").unwrap_or(folder);
    let bases = [role, folder, task.playbook_dir()];
    let near = bases.iter().flat_map(|base| ["", "files", "templates"].map(|kind| join(&join(base, kind), src)));
    let mut found: Vec<String> = near
        .map(|path| path.trim_end_matches('/').to_owned())
        .filter(|path| {
            let inside = format!("{path}/");
            snapshot.has(path) || snapshot.entries.iter().any(|entry| entry.path.as_str().starts_with(&inside))
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

fn below(path: &str, folder: &str) -> bool {
    let folder = folder.trim_end_matches('/');
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a path, or a file below it, can match a pattern of `rule_files`: `*` stands for a part of a name.
fn matches_glob(path: &str, pattern: &str) -> bool {
    if let Some(folder) = path.strip_suffix('/') {
        return pattern.starts_with(&format!("{folder}/"));
    }
    match pattern.split_once('*') {
        None => path == pattern,
        Some((head, tail)) => {
            let tail = tail.rsplit('*').next().unwrap_or(tail);
            path.len() >= head.len() + tail.len() && path.starts_with(head) && path.ends_with(tail)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_rule_files() {
        assert!(matches_glob("/etc/prometheus/rules/kairos.yml", "/etc/prometheus/rules/*.yml"));
        assert!(matches_glob("/etc/prometheus/rules/", "/etc/prometheus/rules/*.yml"));
        assert!(!matches_glob("/etc/loki/rules/kairos.yml", "/etc/prometheus/rules/*.yml"));
        assert!(below("/loki/rules/fake/a.yml", "/loki/rules/") && !below("/loki/rules2/a.yml", "/loki/rules"));
    }
}
