//! What migrations left behind and nothing needs: ports of listeners that are gone and sources without listeners on a
//! host, and bridges in any query.
//!
//! Knows: which rewrites look for leftovers. Must not know: git, or which migration left them.

use super::{Outcome, alloy, host_vars, queries};
use crate::topology::Topology;
use crate::topology::runs::Host;

/// Edits for everything on `host`, and in the queries of the repository, that nothing needs any more.
pub fn rewrite(topology: &Topology, host: &Host) -> Outcome {
    let mut all = Outcome::default();
    let found = [host_vars::left_behind(topology, host), alloy::idle(topology, host), queries::prune(topology)];
    for outcome in found {
        all.edits.extend(outcome.edits);
        all.findings.extend(outcome.findings);
        all.queries.extend(outcome.queries);
    }
    all
}
