//! Every query and every configuration of the cases and of the example repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use migrate::snapshot::{Entry, EntryKind, Snapshot};
use migrate::text::{RepoPath, Source};
use migrate::topology::Topology;

/// Texts that people could have written.
pub(super) struct Corpus {
    pub(super) queries: Vec<String>,
    pub(super) configs: Vec<String>,
}

impl Corpus {
    pub(super) fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files: Vec<PathBuf> = ["example", "rewrites"].iter().flat_map(|top| walk(&root.join(top))).collect();
        files.sort();
        let shown = |path: &PathBuf| path.strip_prefix(root).map(|path| path.display().to_string()).unwrap_or_default();
        let entry = |path| Entry { path: RepoPath::from(shown(path).as_str()), kind: EntryKind::File };
        let mut snapshot = Snapshot::new("0".repeat(40), files.iter().map(entry).collect());
        let mut configs = Vec::new();
        for path in &files {
            let Ok(bytes) = fs::read(path) else { continue };
            if let Ok(text) = std::str::from_utf8(&bytes)
                && shown(path).contains(".alloy")
            {
                configs.push(text.to_owned());
                configs.push(plain(text));
            }
            snapshot.add(Arc::new(Source::new(shown(path).as_str(), 0o100_644, Vec::new(), bytes)));
        }
        let topology = Topology::of(&snapshot);
        let mut queries: Vec<String> = topology.queries().into_iter().map(|(_, text)| text.to_owned()).collect();
        for list in [&mut queries, &mut configs] {
            list.sort();
            list.dedup();
        }
        assert!(queries.len() > 100 && configs.len() > 20, "the cases and the example are not where they were");
        Self { queries, configs }
    }
}

/// A template without the lines of its statements; expressions in strings are no trouble.
fn plain(text: &str) -> String {
    text.lines().filter(|line| !line.contains("{%")).fold(String::new(), |text, line| text + line + "\n")
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    paths.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
