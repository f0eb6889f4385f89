//! Which files hold a text: the same few are asked for again and again, by each service of a batch.
//!
//! Knows: that whether a file holds a text is a fact of that file alone. Must not know: what a text is looked for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use memchr::memmem::Finder;

use super::per_file::PerFile;
use crate::snapshot::Snapshot;
use crate::text::Source;

/// The files that hold a text.
type Files = Arc<PerFile<()>>;

/// What was found so far, by text.
#[derive(Debug, Default)]
pub(super) struct Holding {
    found: Mutex<HashMap<String, Files>>,
    /// Of the snapshot before this one.
    known: HashMap<String, Files>,
}

impl Holding {
    /// What is known already of another snapshot, many of whose files are the same.
    pub(super) fn again(&self) -> Self {
        let mut known = self.known.clone();
        known.extend(self.found.lock().unwrap_or_else(PoisonError::into_inner).clone());
        Self { found: Mutex::default(), known }
    }

    /// The files of `snapshot`, always the same one, that hold any of `texts`, by path.
    pub(super) fn of(&self, snapshot: &Snapshot, texts: &[&str]) -> Vec<Arc<Source>> {
        let key = texts.join("\n");
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let files = found.unwrap_or_else(|| {
            let finders: Vec<Finder<'_>> = texts.iter().map(|text| Finder::new(text.as_bytes())).collect();
            let holds = |source: &Arc<Source>| finders.iter().any(|finder| finder.find(source.bytes()).is_some());
            let none = Files::default();
            let known = self.known.get(&key).unwrap_or(&none);
            let files = Arc::new(PerFile::of(snapshot, known, |source| holds(source).then_some(())));
            self.found.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&files));
            files
        });
        files.iter().map(|(source, _)| Arc::clone(source)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edited_file_is_looked_at_again() {
        let source = |path: &str, text: &str| Arc::new(Source::new(path, 0o100_644, Vec::new(), text.into()));
        let mut snapshot = Snapshot::default();
        for (path, text) in [("a", "x_port"), ("b", "y"), ("c", "z_port")] {
            snapshot.add(source(path, text));
        }
        let paths = |holding: &Holding, snapshot: &Snapshot, texts: &[&str]| -> Vec<String> {
            holding.of(snapshot, texts).iter().map(|file| file.path.to_string()).collect()
        };
        let first = Holding::default();
        for _ in 0..2 {
            assert_eq!(paths(&first, &snapshot, &["_port"]), ["a", "c"]);
            assert_eq!(paths(&first, &snapshot, &["y", "z"]), ["b", "c"]);
        }
        snapshot.add(source("a", "x"));
        snapshot.add(source("b", "y_port"));
        let second = first.again();
        assert_eq!(paths(&second, &snapshot, &["_port"]), ["b", "c"]);
        assert_eq!(paths(&second.again(), &snapshot, &["_port"]), ["b", "c"]);
    }
}
