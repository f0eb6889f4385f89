//! `migrate` moves one Docker Compose service off the syslog logging driver and onto Docker-socket collection, and
//! writes the result as a git branch for a person to review.

pub mod cli;
pub mod error;
pub mod finding;
pub mod plan;
pub mod proof;
pub mod repo;
pub mod report;
pub mod rewrite;
pub mod rule;
pub mod select;
pub mod snapshot;
pub mod syntax;
pub mod text;
pub mod topology;
