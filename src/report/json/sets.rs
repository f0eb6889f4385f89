//! The streams of a batch, each told once: its services are about the same few hundred.
//!
//! Knows: which lists of streams are the same. Must not know: who selects them, or any key name.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

/// The streams that a query selects: by name, or as a number in the table of a batch.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Selected<'a> {
    Listed(&'a [Arc<str>]),
    Set(usize),
}

/// Streams and sets of them, by number.
#[derive(Default)]
pub(super) struct Sets<'a> {
    /// Each stream once, in the order they are met.
    pub(super) streams: Vec<&'a str>,
    /// Each set once, as numbers in `streams`.
    pub(super) all: Vec<Vec<usize>>,
    numbers: HashMap<&'a str, usize>,
    known: HashMap<Vec<usize>, usize>,
    /// Lists that were met, by where they lie in memory: most queries share theirs with many others.
    met: HashMap<*const [Arc<str>], usize>,
}

impl<'a> Sets<'a> {
    /// The set of these streams.
    pub(super) fn of(&mut self, list: &'a [Arc<str>]) -> Selected<'a> {
        let place = std::ptr::from_ref(list);
        if let Some(&set) = self.met.get(&place) {
            return Selected::Set(set);
        }
        let numbers: Vec<usize> = list.iter().map(|stream| self.number(stream)).collect();
        let next = self.all.len();
        let set = *self.known.entry(numbers.clone()).or_insert(next);
        if set == next {
            self.all.push(numbers);
        }
        // All empty lists may lie in one place, and are one set.
        self.met.insert(place, set);
        Selected::Set(set)
    }

    fn number(&mut self, stream: &'a str) -> usize {
        let next = self.streams.len();
        let number = *self.numbers.entry(stream).or_insert(next);
        if number == next {
            self.streams.push(stream);
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stream_and_each_set_is_told_once() {
        let list = |names: &[&str]| -> Vec<Arc<str>> { names.iter().map(|&name| name.into()).collect() };
        let (both, again, other, none) = (list(&["a", "b"]), list(&["a", "b"]), list(&["b", "c"]), list(&[]));
        let mut sets = Sets::default();
        let number = |selected: Selected<'_>| serde_json::to_string(&selected).unwrap();
        let found: Vec<String> =
            [&both, &again, &other, &both, &none].into_iter().map(|list| number(sets.of(list))).collect();
        assert_eq!(found, ["0", "0", "1", "0", "2"]);
        assert_eq!(sets.streams, ["a", "b", "c"]);
        assert_eq!(sets.all, [vec![0, 1], vec![1, 2], vec![]]);
        assert_eq!(number(Selected::Listed(&other)), r#"["b","c"]"#);
    }
}
