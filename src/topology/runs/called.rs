//! What the projects of a host are called: every name that one goes by, and which projects go by a name.
//!
//! Knows: names of projects, jobs of listeners, folders and files. Must not know: what is asked for by a name.

use std::collections::HashMap;

use super::{Host, Link};
use crate::text::Source;
use crate::topology::deployments;

/// Ways to come by a name, the surest first: the project, a job, a folder or file.
const TIERS: u8 = 3;

/// Which projects of a host go by a name.
#[derive(Clone, Debug, Default)]
pub(in crate::topology) struct Called {
    /// By the [`loose`] form of their names: the tier of the name, the project, the name itself.
    by_name: HashMap<String, Vec<(u8, u32, Box<str>)>>,
}

impl Called {
    fn of(host: &Host) -> Self {
        let mut called = Self::default();
        for index in 0..host.deployments.len() {
            for (tier, name) in names(host, index) {
                let known = called.by_name.entry(loose(&name)).or_default();
                known.push((tier, index as u32, name.into_boxed_str()));
            }
        }
        called
    }

    /// The projects that `asked` means, by index: those of the surest name, as it is written if any is, else loosely.
    fn find(&self, asked: &str) -> Vec<usize> {
        let Some(all) = self.by_name.get(&loose(asked)) else { return Vec::new() };
        for exact in [true, false] {
            for tier in 0..TIERS {
                let goes = |one: &&(u8, u32, Box<str>)| one.0 == tier && (!exact || *one.2 == *asked);
                let mut found: Vec<usize> = all.iter().filter(goes).map(|one| one.1 as usize).collect();
                found.dedup();
                if !found.is_empty() {
                    return found;
                }
            }
        }
        Vec::new()
    }
}

impl Host {
    /// The projects that `asked` means, by index: none, one, or several that no name tells apart.
    pub(in crate::topology) fn called(&self, asked: &str) -> Vec<usize> {
        self.called.get_or_init(|| Called::of(self)).find(asked)
    }

    /// Every name a project goes by, the surest first.
    pub(in crate::topology) fn names_of(&self, index: usize) -> Vec<String> {
        names(self, index).into_iter().map(|(_, name)| name).collect()
    }
}

/// Names a project goes by, each with its tier, the surest first.
fn names(host: &Host, index: usize) -> Vec<(u8, String)> {
    let deployment = &host.deployments[index];
    let project = deployment.project.as_ref().map(|project| project.name.clone()).ok();
    let jobs = host.links[index].iter().filter_map(|link| match link {
        Link::Listener(listener) => host.listeners[*listener].job().map(str::to_owned),
        _ => None,
    });
    let folder = deployment.directory.as_deref().and_then(|folder| folder.rsplit('/').next()).map(str::to_owned);
    let paths = path_names(&deployment.file).into_iter().chain(folder);
    let tiers = project.map(|name| (0, name)).into_iter().chain(jobs.map(|name| (1, name)));
    tiers.chain(paths.map(|name| (2, name))).collect()
}

/// The nearest folder of a Compose file that is not [`deployments::GENERIC`], and the name of the file where it is its own.
pub(in crate::topology) fn path_names(file: &Source) -> Vec<String> {
    let folder = file.path.folder().rsplit('/').find(|part| !deployments::GENERIC.contains(part) && !part.is_empty());
    let stem = file.path.name().split('.').next().unwrap_or_default();
    let stem = Some(stem).filter(|stem| !matches!(*stem, "compose" | "docker-compose" | "stack" | ""));
    stem.or(folder).into_iter().chain(folder).map(str::to_owned).collect()
}

/// `-`, `_`, `.` and case do not tell names apart when nothing matches exactly.
pub(in crate::topology) fn loose(name: &str) -> String {
    name.to_lowercase().replace(['_', '.', ' '], "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surest_name_counts_and_as_it_is_written_before_loosely() {
        let mut called = Called::default();
        let names = [(0, "kairos"), (2, "Kairos"), (1, "angelia_mcp"), (2, "kairos"), (2, "shared"), (2, "shared")];
        for (index, (tier, name)) in names.into_iter().enumerate() {
            called.by_name.entry(loose(name)).or_default().push((tier, index as u32, name.into()));
        }
        for (asked, found) in [
            ("kairos", &[0][..]),
            ("Kairos", &[1]),
            ("KAIROS", &[0]),
            ("angelia-mcp", &[2]),
            ("shared", &[4, 5]),
            ("kair", &[]),
        ] {
            assert_eq!(called.find(asked), found, "{asked}");
        }
    }
}
