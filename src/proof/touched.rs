//! The streams that a move touches: all others go on as they are, whatever is asked of them.
//!
//! Knows: which stream becomes which. Must not know: conditions.

use std::collections::BTreeSet;

use super::side::{DERIVED, Side};
use crate::topology::Streams;

/// Streams by index.
pub(super) struct Touched {
    /// Those of today that do not go on as one stream with the same labels, or not alone, and copies of what moves.
    pub(super) before: Vec<usize>,
    /// Those that no untouched one becomes.
    pub(super) after: Vec<usize>,
}

impl Touched {
    pub(super) fn of(streams: &Streams, before: &Side<'_>, after: &Side<'_>) -> Self {
        let mut comers = vec![0_usize; streams.after.len()];
        for to in streams.image.iter().flatten() {
            if let Some(count) = comers.get_mut(*to) {
                *count += 1;
            }
        }
        let goes_on = |index: usize| match streams.image.get(index).map(Vec::as_slice) {
            Some(&[to]) if comers.get(to) == Some(&1) && !streams.copies.contains(&index) => {
                let labels = streams.before.get(index).map(|stream| &stream.labels);
                let same = labels == streams.after.get(to).map(|stream| &stream.labels)
                    && before.value(index, DERIVED) == after.value(to, DERIVED);
                same.then_some(to)
            }
            _ => None,
        };
        let images: Vec<Option<usize>> = (0..streams.before.len()).map(goes_on).collect();
        let untouched: BTreeSet<usize> = images.iter().flatten().copied().collect();
        Self {
            before: (0..images.len()).filter(|&index| images[index].is_none()).collect(),
            after: (0..streams.after.len()).filter(|to| !untouched.contains(to)).collect(),
        }
    }
}
