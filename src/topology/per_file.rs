//! What each file says on its own, kept beside the very file it was read from.
//!
//! Knows: that a fact read from one file alone is still right as long as the file is the same object. Must not know:
//! what is read. Whatever links files with each other (hosts, ports, streams) is never kept here: it is worked out anew
//! for each snapshot wherever a file it hangs on is another (`runs::same`), so that reading a result again checks the
//! links and not a memory of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use crate::snapshot::{Snapshot, Sources};
use crate::text::{RepoPath, Source};

/// A fact and the file that says it.
type Said<T> = (Arc<Source>, Arc<T>);

/// One fact for each file of a snapshot, or the knowledge that the file has none; by path.
#[derive(Debug)]
pub struct PerFile<T> {
    files: Arc<Sources>,
    facts: Arc<BTreeMap<RepoPath, Said<T>>>,
}

impl<T> Default for PerFile<T> {
    fn default() -> Self {
        Self { files: Arc::default(), facts: Arc::default() }
    }
}

impl<T> Clone for PerFile<T> {
    fn clone(&self) -> Self {
        Self { files: Arc::clone(&self.files), facts: Arc::clone(&self.facts) }
    }
}

impl<T: Send + Sync> PerFile<T> {
    /// The facts of all files of `snapshot`. `read` has to be a pure function of the file it is given; it is not asked
    /// about files that `known` holds as the same object.
    pub fn of(snapshot: &Snapshot, known: &Self, read: impl Fn(&Arc<Source>) -> Option<T> + Sync) -> Self {
        let files = snapshot.files();
        let (other, gone) = differing(&known.files, files);
        let read: Vec<Option<Said<T>>> =
            other.par_iter().map(|source| read(source).map(|fact| (Arc::clone(source), Arc::new(fact)))).collect();
        let mut facts = Arc::clone(&known.facts);
        for path in gone.into_iter().filter(|path| known.facts.contains_key(*path)) {
            Arc::make_mut(&mut facts).remove(path);
        }
        for (source, said) in other.into_iter().zip(read) {
            match said {
                Some(said) => drop(Arc::make_mut(&mut facts).insert(source.path.clone(), said)),
                None if known.facts.contains_key(&source.path) => drop(Arc::make_mut(&mut facts).remove(&source.path)),
                None => {}
            }
        }
        Self { files: Arc::clone(files), facts }
    }

    /// The facts, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<Source>, &Arc<T>)> {
        self.facts.values().map(|(source, fact)| (source, fact))
    }

    /// Whether both are the same facts of the same files.
    pub fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.facts, &other.facts)
    }
}

/// The files that are not the same object in `known`, and the paths that are no longer there.
fn differing<'s>(known: &'s Sources, files: &'s Sources) -> (Vec<&'s Arc<Source>>, Vec<&'s RepoPath>) {
    let (mut other, mut gone) = (Vec::new(), Vec::new());
    let mut known = known.iter().peekable();
    for (path, source) in files {
        // Both are sorted by path; most files are the same object, which is seen without a look at the path.
        let same = |known: &&Arc<Source>| Arc::ptr_eq(known, source);
        while let Some((odd, _)) = known.next_if(|(have, known)| !same(known) && *have < path) {
            gone.push(odd);
        }
        if known.next_if(|(_, known)| same(known)).is_none() {
            known.next_if(|(have, _)| *have == path);
            other.push(source);
        }
    }
    gone.extend(known.map(|(path, _)| path));
    (other, gone)
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
