//! `migrate completions` and `migrate man`: what can be typed.
//!
//! Knows: names, defaults and the help. Must not know: shells, the format of a man page.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

const COMPLETIONS_HELP: &str = "\
The script asks migrate itself, so services and hosts complete from the repository you are in.
It asks the `migrate` that is found on the PATH.

Examples:
  source <(migrate completions bash)                    in ~/.bashrc
  source <(migrate completions zsh)                     in ~/.zshrc, behind compinit
  migrate completions fish | source                     in ~/.config/fish/config.fish
  eval (migrate completions elvish | slurp)             in ~/.config/elvish/rc.elv
  migrate completions powershell | Out-String | iex     in $PROFILE";

const MAN_HELP: &str = "\
Examples:
  migrate man | man -l -                            read the page of migrate itself
  migrate man --out ~/.local/share/man/man1         install a page for each command";

/// For which shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Args)]
#[command(after_help = COMPLETIONS_HELP)]
pub struct Completions {
    /// Write the script for this shell
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: Shell,
}

/// Where the man pages go.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(after_help = MAN_HELP)]
pub struct Man {
    /// Write a page for each command to this folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}
