//! Which tasks can matter to what runs on a host, going by the names in them.
//!
//! Knows: the paths of Compose files and Alloy configurations, and which modules write files or bring projects up. Must not
//! know: hosts, values. A task that is ruled out here is never evaluated, on no host; one that may matter always is.

use std::collections::BTreeSet;

use super::deployments::written::{brings_up, named_files};
use super::deploys::{Body, Task};
use crate::text::RepoPath;

/// Names that stand in the source of every task that matters, or behind its last template.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Interest {
    /// Every part of the paths of files of interest.
    parts: BTreeSet<String>,
}

impl Interest {
    /// In a repository where the files of interest have these paths.
    pub(super) fn of<'p>(paths: impl Iterator<Item = &'p RepoPath>) -> Self {
        Self { parts: paths.flat_map(RepoPath::segments).map(str::to_owned).collect() }
    }

    /// Whether the source of a task may be a file of interest, or a folder with one.
    pub(super) fn may_be(&self, src: &str) -> bool {
        ends_in(src, |name, whole| is_part(&self.parts, name, whole))
    }

    /// Whether a task may write a file of interest, settings of Docker or of Compose, or bring a project up. `named` are the
    /// files that tasks give to Compose by name.
    pub(super) fn has(&self, task: &Body, named: &Named) -> bool {
        match task.module.as_str() {
            "template" | "copy" | "synchronize" => {
                let Some(src) = task.text(&["src"]) else { return false };
                let dest = task.text(&["dest", "path"]).unwrap_or_default();
                let settings = ["docker", "daemon", "env"];
                settings.iter().any(|word| src.contains(word) || dest.contains(word))
                    || self.may_be(src)
                    || named.has(src, dest)
            }
            _ => brings_up(task),
        }
    }
}

/// The files that tasks give to Compose by name: `-f`, `files:`.
#[derive(Debug, Default)]
pub(super) struct Named {
    names: BTreeSet<String>,
    /// One of them is not known.
    any: bool,
}

impl Named {
    pub(super) fn of<'t>(tasks: impl Iterator<Item = &'t Task>) -> Self {
        let mut named = Self::default();
        for task in tasks {
            for text in named_files(task) {
                named.any |= ends_in(&text, |name, whole| {
                    named.names.extend(whole.then(|| name.to_owned()));
                    !whole
                });
            }
        }
        named
    }

    fn has(&self, src: &str, dest: &str) -> bool {
        let same = |text: &str| {
            ends_in(text.strip_suffix(".j2").unwrap_or(text), |name, whole| {
                let yaml = [".yml", ".yaml"].iter().any(|suffix| name.ends_with(suffix));
                is_part(&self.names, name, whole) || (self.any && yaml)
            })
        };
        same(src) || same(dest)
    }
}

fn is_part(parts: &BTreeSet<String>, name: &str, whole: bool) -> bool {
    if whole { parts.contains(name) } else { parts.iter().any(|part| part.ends_with(name)) }
}

/// Whether `is` holds for the last name of a path, which may be the end of one only: what stands behind a template. A path
/// that ends in a template may be any.
fn ends_in(path: &str, mut is: impl FnMut(&str, bool) -> bool) -> bool {
    let tail = path.rsplit(['}', '\n']).next().unwrap_or(path).trim_end_matches('/');
    let (name, whole) =
        tail.rsplit_once('/').map_or((tail, tail.len() == path.trim_end_matches('/').len()), |(_, name)| (name, true));
    matches!(name, "" | "." | "..") || is(name, whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_known_by_its_end() {
        let paths = [RepoPath::from("roles/a/templates/compose.yml.j2"), RepoPath::from("stacks/b.yml")];
        let interest = Interest::of(paths.iter());
        let may = |src: &str| interest.may_be(src);
        for src in [
            "compose.yml.j2",
            "x/{{ y }}/compose.yml.j2",
            "{{ y }}.yml.j2",
            "{{ y }}",
            "{{ y }}/",
            "stacks/",
            ".",
            "stacks",
        ] {
            assert!(may(src), "{src}");
        }
        for src in ["nginx.conf.j2", "compose.yml", "{{ y }}.conf", "{{ y }}/b", "x/{{ y }}pose.conf"] {
            assert!(!may(src), "{src}");
        }
    }
}
