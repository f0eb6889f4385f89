//! What a run that writes leaves behind and says: the options that its commands share.
//!
//! Knows: names, defaults and the help. Must not know: what a report holds.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};

/// The branch and the report of a run.
#[expect(clippy::struct_excessive_bools, reason = "a flag is on or off")]
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Output {
    /// Name the branch [default: migrate/HOST/ and SERVICE, `all` or `prune`]
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub branch: Option<String>,

    /// Replace the branch, if every commit on it was written by migrate
    #[arg(long)]
    pub replace: bool,

    /// Do everything but create the branch
    #[arg(long)]
    pub dry_run: bool,

    /// Say each place, query and reason, not only what fits a screen
    #[arg(short, long)]
    pub verbose: bool,

    /// Show what the branch changes, as a patch
    #[arg(long)]
    pub diff: bool,

    /// Print the name of the branch and nothing else
    #[arg(short, long, conflicts_with_all = ["verbose", "diff", "format"])]
    pub quiet: bool,

    /// Do not show a long report in a pager
    #[arg(long)]
    pub no_pager: bool,

    /// Choose the form of the report: human, json, markdown or sarif
    #[arg(long, value_name = "FORM", value_enum, hide_possible_values = true, default_value_t = Format::Human)]
    pub format: Format,

    /// Write a page for reviewers as well, one HTML file
    #[arg(long, value_name = "FILE.html")]
    pub report: Option<PathBuf>,

    /// Choose when to use colours
    #[arg(long, value_name = "auto|always|never", value_enum, hide_possible_values = true, default_value_t = Color::Auto)]
    pub color: Color,
}

/// The form of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for people
    Human,
    /// One JSON object for tools
    Json,
    /// The body of a pull request
    Markdown,
    /// The findings with their fixes, for code scanning
    Sarif,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal that wants them
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
