//! The command line: what can be typed. The doc comments here are the help texts.
//!
//! Knows: names, defaults and the help. Must not know: what a run does, the terminal, the repository.

pub mod accept;
pub mod explain;
mod how;
pub mod mistakes;
mod output;
mod project;
pub mod prune;
pub mod status;
#[cfg(test)]
mod tests;
pub mod tools;
pub mod verify;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, CommandFactory, Parser, Subcommand, value_parser};

pub use how::{AlertLabels, Bridge};
pub use output::{Color, Format, Output};

const AFTER_HELP: &str = "\
Examples:
  migrate status                          see where every service stands
  migrate kairos --host puck              write the branch migrate/puck/kairos
  migrate kairos --host puck --dry-run    show the same, write no branch
  migrate accept kairos --host puck --safe  take the proposed texts that are safe
  migrate --all --host puck               write the branch migrate/puck/all, one commit per service
  migrate demo                            write an example repository to try it on
  migrate --host puck -- demo             migrate a service that is called `demo`

Exit codes:
  0  done, or nothing to do
  1  failed, nothing written
  2  wrong command line
  3  written, with places to decide
  4  blocked, nothing written";

const NOTHING_TYPED: &str = "\
<SERVICE> and --host <HOST> are needed, or --all

  tip: `migrate status` shows what can move, and what to type for it";

const DEMO_HELP: &str = "\
Examples:
  migrate demo                     write it to the new folder migrate-demo
  migrate --host <HOST> -- demo    migrate a service that is called `demo`";

/// Move Docker Compose services from the syslog driver to Docker-socket collection, as a git branch to review
#[derive(Debug, Parser)]
#[command(
    name = "migrate",
    version,
    after_help = AFTER_HELP,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    override_usage = "migrate <SERVICE>... --host <HOST> [OPTIONS]\n       migrate --all [--host <HOST>] [OPTIONS]\n       migrate status [--host <HOST>]\n       migrate prune --host <HOST>\n       migrate accept <SERVICE>... --host <HOST> <ID>...|--safe\n       migrate explain <ID|RULE>\n       migrate verify <SERVICE> --host <HOST> --loki <URL>\n       migrate demo [DIR]",
    subcommand_help_heading = "Other commands",
    disable_help_subcommand = true,
    max_term_width = 100
)]
struct Typed {
    #[command(flatten)]
    migrate: Option<Migrate>,
    #[command(flatten)]
    output: Output,
    #[command(subcommand)]
    other: Option<Other>,
}

#[derive(Debug, Subcommand)]
enum Other {
    /// Show where every service of every host stands, and what to type next
    Status(status::Status),
    /// Take proposed texts onto the branch of a move, as a commit of their own
    Accept(Box<accept::Accept>),
    /// Take out what migrations left behind on a host and nothing needs, as a branch
    Prune(prune::Prune),
    /// Explain one place that a report names, or a rule
    Explain(explain::Explain),
    /// Ask Loki whether a move that was rolled out did what was planned
    Verify(verify::Verify),
    /// Write an example infrastructure repository to try migrate on
    #[command(after_help = DEMO_HELP)]
    Demo {
        /// Write it to this new folder
        #[arg(value_name = "DIR", default_value = "migrate-demo")]
        dir: PathBuf,
    },
    /// Write a shell script that completes services, hosts and options
    Completions(tools::Completions),
    /// Write the man page, or one for each command
    Man(tools::Man),
}

/// What to migrate, and how.
#[expect(clippy::struct_excessive_bools, reason = "a flag is on or off")]
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Migrate {
    /// Migrate these Compose services, one commit each
    #[arg(value_name = "SERVICE", value_parser = NonEmptyStringValueParser::new(), conflicts_with_all = ["all", "only", "except", "limit"])]
    pub services: Vec<String>,

    /// Migrate them on this inventory host, by full or short name
    #[arg(long, value_name = "HOST", value_parser = NonEmptyStringValueParser::new())]
    pub host: Option<String>,

    /// Migrate every service on syslog that can move, of the host or of every host
    #[arg(long)]
    pub all: bool,

    /// Of all, take these only; `*` and `?` stand for any characters
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new(), requires = "all", conflicts_with = "services", value_delimiter = ',')]
    pub only: Vec<String>,

    /// Of all, leave these out
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new(), requires = "all", conflicts_with = "services", value_delimiter = ',')]
    pub except: Vec<String>,

    /// Of all, migrate the first N that can move
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..), requires = "all", conflicts_with = "services")]
    pub limit: Option<u32>,

    /// Write one branch per service, each from the same commit
    #[arg(long)]
    pub separate: bool,

    /// Use the repository that holds this folder
    #[arg(short = 'C', long = "repo", value_name = "DIR", default_value = ".", hide_default_value = true)]
    pub repo: PathBuf,

    /// Start from this commit, branch or tag [default: HEAD]
    #[arg(long, value_name = "REV", value_parser = NonEmptyStringValueParser::new())]
    pub base: Option<String>,

    /// Select what moves beside what stays by service-name, filter or review [default: auto]
    #[arg(long, value_name = "HOW", value_enum, hide_possible_values = true, default_value_t = Bridge::Auto, hide_default_value = true)]
    pub bridge: Bridge,

    /// Have alerts keep `job`, or follow their queries, which lose it [default: auto]
    #[arg(long, value_name = "HOW", value_enum, hide_possible_values = true, default_value_t = AlertLabels::Auto, hide_default_value = true)]
    pub alert_labels: AlertLabels,

    /// Have rewritten queries still find what was stored under `job`
    #[arg(long)]
    pub keep_history: bool,

    /// Take this as the name of the service's Compose project
    #[arg(long, value_name = "NAME", value_parser = project::name, conflicts_with = "all")]
    pub project: Option<String>,

    /// Take proposed texts, too: `safe`, names of places, letters of questions
    #[arg(long, value_name = "safe|ID", value_parser = NonEmptyStringValueParser::new(), value_delimiter = ',')]
    pub accept: Vec<String>,

    /// Refuse a plan that takes something for granted
    #[arg(long)]
    pub strict: bool,
}

/// What a command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Migrate one service.
    Migrate(Migrate, Output),
    /// Say where every service stands.
    Status(status::Status),
    /// Take proposed texts onto the branch of a move.
    Accept(Box<accept::Accept>),
    /// Take out what is left over on a host.
    Prune(prune::Prune),
    /// Explain a place or a rule.
    Explain(explain::Explain),
    /// Ask Loki about a move that was rolled out.
    Verify(verify::Verify),
    /// Write the example repository to this folder.
    Demo(PathBuf),
    /// Write the completion script of a shell.
    Completions(tools::Completions),
    /// Write the man pages.
    Man(tools::Man),
}

impl Command {
    /// Reads a command line, program name first.
    ///
    /// # Errors
    /// clap's own, which also carries `--help` and `--version`: print it and exit with its code (0 or 2).
    pub fn parse<I, T>(args: I) -> Result<Self, clap::Error>
    where
        I: IntoIterator<Item = T>,
        T: Into<OsString> + Clone,
    {
        let words = mistakes::without_help(args.into_iter().map(Into::into).collect());
        let typed = Typed::try_parse_from(&words).map_err(|error| mistakes::told(error, &words))?;
        match (typed.other, typed.migrate) {
            (Some(Other::Status(status)), _) => Ok(Self::Status(status)),
            (Some(Other::Accept(asked)), _) => Ok(Self::Accept(asked)),
            (Some(Other::Prune(prune)), _) => Ok(Self::Prune(prune)),
            (Some(Other::Explain(asked)), _) => Ok(Self::Explain(asked)),
            (Some(Other::Verify(asked)), _) => Ok(Self::Verify(asked)),
            (Some(Other::Demo { dir }), _) => Ok(Self::Demo(dir)),
            (Some(Other::Completions(asked)), _) => Ok(Self::Completions(asked)),
            (Some(Other::Man(asked)), _) => Ok(Self::Man(asked)),
            (None, Some(migrate)) if migrate.project.is_some() && migrate.services.len() > 1 => {
                Err(project::of_several(Typed::command()))
            }
            (None, Some(Migrate { services, host: None, all: false, .. })) if services.is_empty() => Err(missing()),
            (None, Some(migrate)) => Ok(Self::Migrate(migrate, typed.output)),
            (None, None) => Err(missing()),
        }
    }
}

/// The whole definition: what completions and man pages are made of.
pub fn command() -> clap::Command {
    Typed::command()
}

/// The words that name a command: a service of such a name is migrated as `migrate --host HOST -- NAME`.
pub fn commands() -> Vec<String> {
    command().get_subcommands().map(|command| command.get_name().to_owned()).collect()
}

/// The first of these words that names a command, though it stands behind an option and so names a service.
pub fn misplaced<'w>(words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let commands = commands();
    words.into_iter().find(|word| commands.iter().any(|command| command == word))
}

/// The error for an empty command line.
fn missing() -> clap::Error {
    Typed::command().error(clap::error::ErrorKind::MissingRequiredArgument, NOTHING_TYPED)
}
