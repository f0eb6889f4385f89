//! Grafana variables of one dashboard whose values may be jobs (label-surface 2.4).
//!
//! Knows: which variables keep naming the same services when their uses read `service_name` in the place of `job`.
//! Must not know: streams, or how a query is rewritten.

use std::collections::BTreeSet;

/// Variables of one file.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables {
    follow: BTreeSet<String>,
}

impl Variables {
    /// Whether a matcher on `job` with this variable as its value may become one on `service_name`, as far as the
    /// dashboard is concerned: every value stays the name of the same service, and no use of it asks for a job.
    pub(super) fn follows(&self, name: &str) -> bool {
        self.follow.contains(name)
    }
}
