//! `migrate status`: what can be typed.
//!
//! Knows: names, defaults and the help. Must not know: what a state is.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};

use super::Color;

const AFTER_HELP: &str = "\
States:
  ready      logs to syslog and moves as it is
  syslog     logs to syslog and waits for something that is said below the table
  blocked    logs to syslog; a fact of the repository stands in the way
  on-branch  a local branch that is not merged moves it
  leftovers  has moved; a variable or listener of it is left
  migrated   is read from the Docker socket

Examples:
  migrate status                          every service of every host
  migrate status --host puck              those of one host
  migrate status | grep ' ready '         one line for each service, for other tools
  migrate status --format markdown        a table for an issue

Exit codes:
  0  looked, whatever was found
  1  failed
  2  wrong command line";

/// What `migrate status` looks at, and how it shows it.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Status {
    /// Look at this inventory host only, by full or short name
    #[arg(long, value_name = "HOST", value_parser = NonEmptyStringValueParser::new())]
    pub host: Option<String>,

    /// Use the repository that holds this folder
    #[arg(short = 'C', long = "repo", value_name = "DIR")]
    pub repo: Option<PathBuf>,

    /// Look at this commit, branch or tag [default: HEAD]
    #[arg(long, value_name = "REV", value_parser = NonEmptyStringValueParser::new())]
    pub base: Option<String>,

    /// Choose the form of the answer
    #[arg(long, value_name = "human|json|markdown", value_enum, hide_possible_values = true, default_value_t = Format::Human)]
    pub format: Format,

    /// Choose when to use colours
    #[arg(long, value_name = "auto|always|never", value_enum, hide_possible_values = true, default_value_t = Color::Auto)]
    pub color: Color,
}

/// The form of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for people, one line for each service
    Human,
    /// One JSON object for tools
    Json,
    /// Markdown
    Markdown,
}
