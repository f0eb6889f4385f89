//! What migrations left behind on a host and nothing needs: ports of listeners that are gone, sources without listeners.
//!
//! Knows: which rewrites look for leftovers. Must not know: git, or which migration left them.

use super::{Outcome, alloy, host_vars};
use crate::topology::Topology;
use crate::topology::runs::Host;

/// Edits for everything on `host` that nothing needs any more.
pub fn rewrite(topology: &Topology, host: &Host) -> Outcome {
    let mut all = Outcome::default();
    for outcome in [host_vars::left_behind(topology, host), alloy::idle(topology, host)] {
        all.edits.extend(outcome.edits);
        all.findings.extend(outcome.findings);
        all.queries.extend(outcome.queries);
    }
    all
}
