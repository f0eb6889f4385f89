//! `migrate explain`: what can be typed.
//!
//! Knows: names, defaults and the help. Must not know: what is explained.

use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::Color;

const AFTER_HELP: &str = "\
Examples:
  migrate explain sx0v2                  one place, by the name that a report calls it
  migrate explain mentions/route         a rule: its sentence, what to do, and its places here";

/// What is to be explained.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Explain {
    /// Explain this place, or this rule
    #[arg(value_name = "ID|RULE", value_parser = NonEmptyStringValueParser::new())]
    pub what: String,

    /// Look at the moves of this inventory host only, by full or short name
    #[arg(long, value_name = "HOST", value_parser = NonEmptyStringValueParser::new())]
    pub host: Option<String>,

    /// Use the repository that holds this folder
    #[arg(short = 'C', long = "repo", value_name = "DIR")]
    pub repo: Option<PathBuf>,

    /// Look at this commit, branch or tag [default: HEAD]
    #[arg(long, value_name = "REV", value_parser = NonEmptyStringValueParser::new())]
    pub base: Option<String>,

    /// Choose when to use colours
    #[arg(long, value_name = "auto|always|never", value_enum, hide_possible_values = true, default_value_t = Color::Auto)]
    pub color: Color,
}
