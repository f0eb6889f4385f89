//! Reads a commit as far as it matters.
//!
//! Knows: that what is read may tell of more that matters. Must not know: what matters (see `select`).

use std::collections::BTreeSet;

use crate::error::{Error, Result};
use crate::repo::{Load, Repo};
use crate::select::{self, Names, Needles};
use crate::snapshot::{Skip, Snapshot};
use crate::text::RepoPath;
use crate::topology::Topology;

/// How often files may tell of names that make other files matter. Datasources and Compose files under odd names do;
/// nothing they bring in does so again.
const MOST_GOES: usize = 4;

/// Reads what can matter in two goes: first what says where things run, then whatever may name what moves. What is
/// found in the second may tell of more names; then the rest is looked at once more. `names` says what is looked
/// for, going by what is known so far.
pub(super) fn read(repo: &Repo, base: Option<&str>, names: &dyn Fn(&Topology) -> Result<Names>) -> Result<Topology> {
    let mut snapshot = repo.snapshot(base)?;
    repo.load(&mut snapshot, &select::infrastructure)?;
    if snapshot.sources().next().is_none()
        && let Some(missing) = missing(&snapshot)
    {
        return Err(Error::user("none of the files that say what runs where is in this clone").hint(missing));
    }
    let mut topology = Topology::of(&snapshot);
    let mut looked_for: Option<Needles> = None;
    for _ in 0..MOST_GOES {
        // What is wrong with it is told once everything is read.
        let needles = Needles::of(&topology, names(&topology).unwrap_or_default());
        if looked_for.as_ref().is_some_and(|before| needles.is_covered_by(before)) {
            break;
        }
        let seen: BTreeSet<RepoPath> = match looked_for {
            None => BTreeSet::new(),
            Some(_) => snapshot
                .sources()
                .map(|one| &one.path)
                .chain(snapshot.skipped.iter().map(|one| &one.0))
                .cloned()
                .collect(),
        };
        let (text, json) = (|bytes: &[u8]| needles.matter(bytes), |bytes: &[u8]| needles.matter_in_json(bytes));
        repo.load(&mut snapshot, &|path| {
            if !select::others(path) || seen.contains(path) {
                Load::No
            } else {
                Load::If(if select::is_json(path) { &json } else { &text })
            }
        })?;
        topology = topology.again(&snapshot);
        looked_for = Some(needles);
    }
    Ok(topology)
}

/// What to do about files that are not in this clone, if there are any: whatever was not found may stand in them.
pub(super) fn missing(snapshot: &Snapshot) -> Option<String> {
    let count = snapshot.skipped.iter().filter(|(_, skip)| matches!(skip, Skip::Unreadable(_))).count();
    (count > 0).then(|| {
        format!(
            "{count} files of the commit are not in this clone; if it is a partial one, `git fetch --refetch --no-filter` \
             brings them"
        )
    })
}
