//! What sends lines: the containers and other sources behind the streams of a move, before it and after it.
//!
//! Knows: streams as the repository tells them, and which becomes which. Must not know: queries.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::topology::{Labels, Stream, Streams};

/// Labels as the repository tells them.
pub(super) type Told = Arc<Labels>;

/// What a sender does in a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Its lines leave one stream for another.
    Moves,
    /// Its lines stay where they are.
    Stays,
    /// Docker keeps a second copy of what moves (dual logging).
    Copy,
    /// Nobody collected it before.
    Gained,
    /// It comes with the Docker socket, which the move brings: what Docker keeps of other services.
    Comes,
    /// It moved before; a query may ask for it by the job it had.
    Former,
    /// A job that a query names and the repository does not know.
    Named,
}

/// One source of lines.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    /// Its labels today; `None`: it is not collected.
    pub(super) before: Option<Told>,
    /// Its labels after the move.
    pub(super) after: Option<Told>,
    /// Its labels once everything else has moved, too, where they are others.
    pub(super) later: Option<Told>,
    pub(super) role: Role,
}

/// Every sender of a move.
pub(super) fn of(streams: &Streams) -> Vec<Sender> {
    let labels = |list: &[Stream], index: usize| list.get(index).map(|one| Arc::clone(&one.labels));
    let mut senders = Vec::new();
    let mut reached = BTreeSet::new();
    for index in 0..streams.before.len() {
        let before = labels(&streams.before, index);
        let image = streams.image.get(index).map_or(&[][..], Vec::as_slice);
        let is_copy = streams.copies.contains(&index);
        if !is_copy {
            reached.extend(image.iter().copied());
        }
        for after in image.iter().map(|&to| labels(&streams.after, to)) {
            let (before, role) = match (is_copy, before == after) {
                (true, _) => (before.clone(), Role::Copy),
                (_, true) if streams.brought.contains(&index) => (None, Role::Comes),
                (_, true) => (before.clone(), Role::Stays),
                (_, false) => (before.clone(), Role::Moves),
            };
            senders.push(Sender { before, after, later: None, role });
        }
    }
    for index in (0..streams.after.len()).filter(|index| !reached.contains(index)) {
        senders.push(Sender { before: None, after: labels(&streams.after, index), later: None, role: Role::Gained });
    }
    for later in &streams.later {
        let of: Vec<Option<Told>> = later.of.iter().map(|&index| labels(&streams.before, index)).collect();
        let comes = Some(Arc::clone(&later.stream.labels));
        let is_it = |one: &&Sender| one.role == Role::Stays && of.contains(&one.before);
        // One stream may come to be several.
        let more: Vec<Sender> = senders
            .iter()
            .filter(|one| is_it(one) && one.later.is_some())
            .map(|one| Sender { later: comes.clone(), ..one.clone() })
            .collect();
        let mut lines = !more.is_empty();
        for sender in senders.iter_mut().filter(|one| one.later.is_none() && is_it(&&**one)) {
            sender.later.clone_from(&comes);
            lines = true;
        }
        senders.extend(more);
        if !lines {
            senders.push(Sender { before: None, after: None, later: comes, role: Role::Gained });
        }
    }
    senders
}
