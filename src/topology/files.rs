//! Files of the repository as a task of Ansible finds them: by name, by folder, by pattern.
//!
//! Knows: where Ansible looks for a template or a file. Must not know: what is in them, or variables.

use std::sync::Arc;

use super::deploys::{Task, join};
use crate::snapshot::Snapshot;
use crate::text::Source;

/// Folders Ansible looks in for the sources of a task, best first: beside the tasks, in the role's `templates` or
/// `files`, beside the playbook. The last is the root: an absolute path on the controller ends in a path of the
/// repository, whatever the checkout is called.
fn bases(task: &Task) -> impl Iterator<Item = String> {
    let folder = task.folder();
    let role = folder.strip_suffix("/tasks").or_else(|| folder.strip_suffix("/handlers"));
    let kind = if task.module == "template" { "templates" } else { "files" };
    let around = role.into_iter().chain([folder, task.playbook_dir()]);
    around.flat_map(move |base| [join(base, kind), base.to_owned()]).chain([String::new()])
}

/// The file that `src` of a task means.
pub fn source(task: &Task, src: &str, snapshot: &Snapshot) -> Option<Arc<Source>> {
    bases(task).find_map(|base| snapshot.get(&join(&base, src)).cloned())
}

/// The files below the folder that `src` of a task means, with their paths from there on.
pub fn below(task: &Task, src: &str, snapshot: &Snapshot) -> Vec<(String, Arc<Source>)> {
    for base in bases(task) {
        let folder = format!("{}/", join(&base, src));
        let from = snapshot.sources_from(&folder).take_while(|source| source.path.as_str().starts_with(&folder));
        let found: Vec<_> = from
            .map(|source| (source.path.as_str()[folder.len()..].to_owned(), Arc::clone(source)))
            .take(MOST_FILES)
            .collect();
        if !found.is_empty() && folder != "/" {
            return found;
        }
    }
    Vec::new()
}

/// The files that a pattern of a task means, by path. Only the last part of a pattern may hold `*` and `?`.
pub fn matching(task: &Task, pattern: &str, snapshot: &Snapshot) -> Vec<String> {
    let (folder, name) = pattern.rsplit_once('/').unwrap_or(("", pattern));
    for base in bases(task) {
        let folder = join(&base, folder);
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let found: Vec<String> = snapshot
            .sources_from(&prefix)
            .take_while(|source| source.path.as_str().starts_with(&prefix))
            .filter(|source| source.path.folder() == folder && is_match(name, source.path.name()))
            .map(|source| source.path.as_str().to_owned())
            .take(MOST_FILES)
            .collect();
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// How many files of one task are looked at.
const MOST_FILES: usize = 2_000;

/// Whether a name fits a pattern of the shell: `*` is any text, `?` one character.
fn is_match(pattern: &str, name: &str) -> bool {
    let pattern = regex::escape(pattern).replace("\\*", ".*").replace("\\?", ".");
    regex::Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|pattern| pattern.is_match(name))
}

#[cfg(test)]
mod tests {
    use super::is_match;

    #[test]
    fn patterns_of_the_shell() {
        assert!(is_match("*.yml", "compose.yml") && is_match("a?c.*", "abc.j2") && is_match("*", "x"));
        assert!(!is_match("*.yml", "compose.yaml") && !is_match("a.c", "abc"));
    }
}
