//! Names of the operations that git can be in the middle of.

use git2::RepositoryState as State;

/// "a merge", "a rebase" …, or `None` when nothing is under way.
pub(super) fn operation(state: State) -> Option<&'static str> {
    match state {
        State::Clean => None,
        State::Merge => Some("a merge"),
        State::Revert | State::RevertSequence => Some("a revert"),
        State::CherryPick | State::CherryPickSequence => Some("a cherry-pick"),
        State::Bisect => Some("a bisect"),
        State::Rebase | State::RebaseInteractive | State::RebaseMerge => Some("a rebase"),
        State::ApplyMailbox => Some("an apply of mailed patches"),
        State::ApplyMailboxOrRebase => Some("a rebase or an apply of mailed patches"),
    }
}
