//! `migrate accept`: what can be typed.
//!
//! Knows: names, defaults and the help. Must not know: what is proposed.

use clap::Args;

use super::{Migrate, Output};

const AFTER_HELP: &str = "\
What can be accepted:
  the name of a place (y1dk2)     its proposed text, unless that is shown only
  the letter of a question (b)    all such texts of its places, as the page letters them
  --safe                          all texts that say what is so after the move and that only people read

They go onto the branch as a commit of their own, which --replace keeps. With --all, name them by --accept.

Examples:
  migrate accept kairos --host puck --safe
  migrate accept kairos --host puck b y1dk2
  migrate accept kairos --host puck --interactive
  migrate kairos --host puck --accept safe      the same with the move itself";

/// Which proposed texts go onto which branch.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(
    after_help = AFTER_HELP,
    override_usage = "migrate accept <SERVICE>... --host <HOST> <ID>...|--safe|--interactive [OPTIONS]\n       migrate accept --all [--host <HOST>] --safe|--interactive|--accept <ID> [OPTIONS]"
)]
pub struct Accept {
    /// Take every text that is safe
    #[arg(long)]
    pub safe: bool,

    /// Ask about each question, with the keys of `git add -p`
    #[arg(short, long, conflicts_with = "safe")]
    pub interactive: bool,

    /// The move, as it was typed; behind its services, what is taken of it.
    #[command(flatten)]
    pub migrate: Migrate,

    /// What is written.
    #[command(flatten)]
    pub output: Output,
}
