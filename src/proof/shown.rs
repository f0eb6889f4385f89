//! The streams of one side as text, each rendered once, and which of them are one and the same.
//!
//! Knows: that equal known labels are one stream, and a family with unknown labels is only itself. Must not know: what
//! selects them.

use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::show;
use crate::topology::{Label, Stream};

/// Streams as text.
pub(super) type Texts = Arc<[Arc<str>]>;

/// The streams of one side, rendered.
pub(super) struct Shown {
    /// For each stream its place among all by text; the same for those that are one.
    ranks: Vec<usize>,
    /// A text for each rank.
    by_rank: Vec<Arc<str>>,
    /// What was shown so far: many queries select the same.
    sets: Mutex<FxHashMap<Vec<usize>, Texts>>,
}

impl Shown {
    pub(super) fn of(streams: &[Stream]) -> Self {
        let texts: Vec<Arc<str>> = streams.iter().map(|stream| show::stream(stream).into()).collect();
        let family = |index: usize| streams[index].labels.values().any(|label| *label == Label::Unknown);
        // What is not known is shown alike; by name it may be one or not.
        let named = |index: usize| streams[index].labels.values().any(|label| matches!(label, Label::Symbol(_)));
        let own = |index: usize| (family(index).then_some(index), named(index).then_some(&streams[index].labels));
        let mut sorted: Vec<(&Arc<str>, _, usize)> =
            texts.iter().enumerate().map(|(index, text)| (text, own(index), index)).collect();
        sorted.sort_unstable();
        let mut ranks = vec![0; texts.len()];
        let mut by_rank = Vec::new();
        for same in sorted.chunk_by(|one, next| (one.0, one.1) == (next.0, next.1)) {
            for (.., index) in same {
                ranks[*index] = by_rank.len();
            }
            by_rank.extend(same.first().map(|(text, ..)| Arc::clone(text)));
        }
        Self { ranks, by_rank, sets: Mutex::default() }
    }

    /// The texts of these streams, sorted, each once; the same object for the same streams.
    pub(super) fn texts(&self, indices: impl IntoIterator<Item = usize>) -> Texts {
        let ranks = self.ranks(indices);
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = sets.get(&ranks) {
            return Arc::clone(known);
        }
        let mut texts: Vec<Arc<str>> = ranks.iter().map(|rank| Arc::clone(&self.by_rank[*rank])).collect();
        texts.dedup();
        let texts: Texts = texts.into();
        sets.insert(ranks, Arc::clone(&texts));
        texts
    }

    /// These streams by rank, each once.
    pub(super) fn ranks(&self, indices: impl IntoIterator<Item = usize>) -> Vec<usize> {
        let mut ranks: Vec<usize> = indices.into_iter().filter_map(|index| self.ranks.get(index).copied()).collect();
        ranks.sort_unstable();
        ranks.dedup();
        ranks
    }

    /// The texts of those that are not among the others, each once.
    pub(super) fn differing(&self, have: &[usize], others: &[usize]) -> Vec<Arc<str>> {
        let apart = have.iter().filter(|rank| others.binary_search(rank).is_err());
        let mut list: Vec<Arc<str>> = apart.map(|rank| Arc::clone(&self.by_rank[*rank])).collect();
        list.dedup();
        list
    }
}
