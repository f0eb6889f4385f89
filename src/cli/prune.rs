//! `migrate prune`: what can be typed.

use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::Output;

const AFTER_HELP: &str = "\
What goes:
  variables named *_syslog_port that nothing in the repository names
  syslog sources of Alloy without a listener
  label filters, in any query, that ask for a job no stream has any more beside services, where the selector
  can ask for the services

Examples:
  migrate prune --host puck              write the branch migrate/puck/prune
  migrate prune --host puck --dry-run    show the same, write no branch";

/// Which host to prune.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Prune {
    /// Prune this inventory host, by full or short name
    #[arg(long, value_name = "HOST", value_parser = NonEmptyStringValueParser::new())]
    pub host: String,

    /// Use the repository that holds this folder
    #[arg(short = 'C', long = "repo", value_name = "DIR", default_value = ".", hide_default_value = true)]
    pub repo: PathBuf,

    /// Start from this commit, branch or tag [default: HEAD]
    #[arg(long, value_name = "REV", value_parser = NonEmptyStringValueParser::new())]
    pub base: Option<String>,

    /// What is written.
    #[command(flatten)]
    pub output: Output,
}
