//! The streams of one side as text, each rendered once, and which of them are one and the same.
//!
//! Knows: that equal known labels are one stream, and a family with unknown labels is only itself. Must not know: what
//! selects them.

use std::sync::Arc;

use super::show;
use crate::topology::{Label, Stream};

/// The streams of one side, rendered.
pub(super) struct Shown {
    texts: Vec<Arc<str>>,
    /// For each stream its place among all by text; the same for those that are one.
    ranks: Vec<usize>,
    /// A text for each rank.
    by_rank: Vec<Arc<str>>,
}

impl Shown {
    pub(super) fn of(streams: &[Stream]) -> Self {
        let texts: Vec<Arc<str>> = streams.iter().map(|stream| show::stream(stream).into()).collect();
        let family = |index: usize| streams[index].labels.values().any(|label| *label == Label::Unknown);
        let mut sorted: Vec<(&Arc<str>, Option<usize>, usize)> =
            texts.iter().enumerate().map(|(index, text)| (text, family(index).then_some(index), index)).collect();
        sorted.sort_unstable();
        let mut ranks = vec![0; texts.len()];
        let mut by_rank = Vec::new();
        for same in sorted.chunk_by(|one, next| (one.0, one.1) == (next.0, next.1)) {
            for (.., index) in same {
                ranks[*index] = by_rank.len();
            }
            by_rank.extend(same.first().map(|(text, ..)| Arc::clone(text)));
        }
        Self { texts, ranks, by_rank }
    }

    /// The texts of these streams, in their order.
    pub(super) fn texts(&self, indices: Vec<usize>) -> Vec<Arc<str>> {
        indices.into_iter().filter_map(|index| self.texts.get(index).cloned()).collect()
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
