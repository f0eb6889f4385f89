//! What each file says on its own, kept beside the very file it was read from.
//!
//! Knows: that a fact read from one file alone is still right as long as the file is the same object. Must not know:
//! what is read. Whatever links files with each other (hosts, ports, streams) is never kept here: it is worked out anew
//! for each snapshot, so that reading a result again checks the links and not a memory of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use crate::snapshot::Snapshot;
use crate::text::{RepoPath, Source};

/// One fact for each file of a snapshot, or the knowledge that the file has none.
#[derive(Clone, Debug)]
pub struct PerFile<T> {
    files: BTreeMap<RepoPath, (Arc<Source>, Option<Arc<T>>)>,
}

impl<T> Default for PerFile<T> {
    fn default() -> Self {
        Self { files: BTreeMap::new() }
    }
}

impl<T: Send + Sync> PerFile<T> {
    /// The facts of all files of `snapshot`. `read` has to be a pure function of the file it is given; it is not asked
    /// about files that `known` holds as the same object.
    pub fn of(snapshot: &Snapshot, known: &Self, read: impl Fn(&Arc<Source>) -> Option<T> + Sync) -> Self {
        let sources: Vec<&Arc<Source>> = snapshot.sources().collect();
        let facts: Vec<Option<Arc<T>>> = sources
            .par_iter()
            .map(|source| match known.files.get(&source.path) {
                Some((same, fact)) if Arc::ptr_eq(same, source) => fact.clone(),
                _ => read(source).map(Arc::new),
            })
            .collect();
        let pairs = sources.into_iter().zip(facts);
        Self { files: pairs.map(|(source, fact)| (source.path.clone(), (Arc::clone(source), fact))).collect() }
    }

    /// The facts, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&RepoPath, &Arc<T>)> {
        self.files.iter().filter_map(|(path, (_, fact))| Some((path, fact.as_ref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn source(path: &str, text: &str) -> Arc<Source> {
        Arc::new(Source::new(path, 0o100_644, Vec::new(), text.as_bytes().to_vec()))
    }

    #[test]
    fn only_a_file_that_is_another_object_is_read_again() {
        let count = AtomicUsize::new(0);
        let read = |source: &Arc<Source>| {
            count.fetch_add(1, Ordering::Relaxed);
            source.text().filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let mut snapshot = Snapshot::default();
        for (path, text) in [("a", "1"), ("b", ""), ("c", "3")] {
            snapshot.add(source(path, text));
        }
        let first = PerFile::of(&snapshot, &PerFile::default(), read);
        assert_eq!(count.swap(0, Ordering::Relaxed), 3);
        snapshot.add(source("c", "4"));
        snapshot.add(source("d", "5"));
        let second = PerFile::of(&snapshot, &first, read);
        assert_eq!(count.load(Ordering::Relaxed), 2);
        let facts: Vec<(&str, &str)> = second.iter().map(|(path, fact)| (path.as_str(), fact.as_str())).collect();
        assert_eq!(facts, [("a", "1"), ("c", "4"), ("d", "5")]);
    }
}
