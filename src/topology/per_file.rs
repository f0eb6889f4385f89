//! What each file says on its own, kept beside the very file it was read from.
//!
//! Knows: that a fact read from one file alone is still right as long as the file is the same object. Must not know:
//! what is read. Whatever links files with each other (hosts, ports, streams) is never kept here: it is worked out anew
//! for each snapshot, so that reading a result again checks the links and not a memory of them.

use std::sync::Arc;

use rayon::prelude::*;

use crate::snapshot::Snapshot;
use crate::text::Source;

/// One fact for each file of a snapshot, or the knowledge that the file has none; by path.
#[derive(Clone, Debug)]
pub struct PerFile<T> {
    files: Vec<(Arc<Source>, Option<Arc<T>>)>,
}

impl<T> Default for PerFile<T> {
    fn default() -> Self {
        Self { files: Vec::new() }
    }
}

impl<T: Send + Sync> PerFile<T> {
    /// The facts of all files of `snapshot`. `read` has to be a pure function of the file it is given; it is not asked
    /// about files that `known` holds as the same object.
    pub fn of(snapshot: &Snapshot, known: &Self, read: impl Fn(&Arc<Source>) -> Option<T> + Sync) -> Self {
        let mut known = known.files.iter().peekable();
        let mut missing = Vec::new();
        let mut files: Vec<(Arc<Source>, Option<Arc<T>>)> = Vec::new();
        for source in snapshot.sources() {
            // Both are sorted by path; most files are the same object, which is seen without a look at the path.
            let same = |other: &Arc<Source>| Arc::ptr_eq(other, source);
            while known.next_if(|(other, _)| !same(other) && other.path < source.path).is_some() {}
            let fact = known.next_if(|(other, _)| same(other)).map(|(_, fact)| fact.clone());
            if fact.is_none() {
                missing.push(files.len());
            }
            files.push((Arc::clone(source), fact.flatten()));
        }
        let facts: Vec<Option<Arc<T>>> = missing.par_iter().map(|&at| read(&files[at].0).map(Arc::new)).collect();
        for (at, fact) in missing.into_iter().zip(facts) {
            files[at].1 = fact;
        }
        Self { files }
    }

    /// The facts, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<Source>, &Arc<T>)> {
        self.files.iter().filter_map(|(source, fact)| Some((source, fact.as_ref()?)))
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
        let facts: Vec<(&str, &str)> =
            second.iter().map(|(source, fact)| (source.path.as_str(), fact.as_str())).collect();
        assert_eq!(facts, [("a", "1"), ("c", "4"), ("d", "5")]);
    }
}
