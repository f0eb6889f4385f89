//! How queries and alerts go on: the values of `--bridge` and `--alert-labels`.
//!
//! Knows: the words. Must not know: what they come to.

use clap::ValueEnum;

/// How a query goes on that selects what moves and what stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Bridge {
    /// By `service_name` where Loki is known to derive it, else by a label filter
    Auto,
    /// By `service_name`, which this Loki derives
    ServiceName,
    /// By a label filter
    Filter,
    /// Not at all
    Review,
}

/// What becomes of the label `job` of alerts on lines that lose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AlertLabels {
    /// The rule puts it back where a route, inhibition, silence or template of the repository reads it
    Auto,
    /// The rule puts it back
    Keep,
    /// The alert goes without it
    Follow,
}
