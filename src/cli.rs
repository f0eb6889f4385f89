//! The command line: what can be typed. The doc comments here are the help texts.
//!
//! Knows: names, defaults and the help. Must not know: what a run does, the terminal, the repository.

mod how;
mod project;
pub mod prune;
pub mod status;
pub mod tools;
pub mod verify;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum, value_parser};

pub use how::{AlertLabels, Bridge};

const AFTER_HELP: &str = "\
Examples:
  migrate status                          see where every service stands
  migrate kairos --host puck              write the branch migrate/puck/kairos
  migrate kairos --host puck --dry-run    show the same, write no branch
  migrate --all --host puck               write the branch migrate/puck/all, one commit per service
  migrate demo                            write an example repository to try it on
  migrate --host puck -- demo             migrate a service that is called `demo`

Exit codes:
  0  done, or nothing to do
  1  failed, nothing written
  2  wrong command line
  3  written, with findings to review
  4  blocked, nothing written";

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
    override_usage = "migrate <SERVICE>... --host <HOST> [OPTIONS]\n       migrate --all [--host <HOST>] [OPTIONS]\n       migrate status [--host <HOST>]\n       migrate prune --host <HOST>\n       migrate verify <SERVICE> --host <HOST> --loki <URL>\n       migrate demo [DIR]",
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
    /// Take out what migrations left behind on a host and nothing needs, as a branch
    Prune(prune::Prune),
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
    #[arg(value_name = "SERVICE", value_parser = NonEmptyStringValueParser::new(), required_unless_present = "all", conflicts_with_all = ["all", "only", "except", "limit"])]
    pub services: Vec<String>,

    /// Migrate them on this inventory host, by full or short name
    #[arg(long, value_name = "HOST", value_parser = NonEmptyStringValueParser::new(), required_unless_present = "all")]
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

    /// Refuse a plan that takes something for granted
    #[arg(long)]
    pub strict: bool,
}

/// The branch and the report of a run.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Output {
    /// Name the branch [default: migrate/HOST/SERVICE, migrate/HOST/all for --all]
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub branch: Option<String>,

    /// Replace the branch, if every commit on it was written by migrate
    #[arg(long)]
    pub replace: bool,

    /// Do everything but create the branch
    #[arg(long)]
    pub dry_run: bool,

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

/// What a command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Migrate one service.
    Migrate(Migrate, Output),
    /// Say where every service stands.
    Status(status::Status),
    /// Take out what is left over on a host.
    Prune(prune::Prune),
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
        let words: Vec<OsString> = args.into_iter().map(Into::into).collect();
        let typed = Typed::try_parse_from(&words).map_err(|error| with_command(error, &words))?;
        match (typed.other, typed.migrate) {
            (Some(Other::Status(status)), _) => Ok(Self::Status(status)),
            (Some(Other::Prune(prune)), _) => Ok(Self::Prune(prune)),
            (Some(Other::Verify(asked)), _) => Ok(Self::Verify(asked)),
            (Some(Other::Demo { dir }), _) => Ok(Self::Demo(dir)),
            (Some(Other::Completions(asked)), _) => Ok(Self::Completions(asked)),
            (Some(Other::Man(asked)), _) => Ok(Self::Man(asked)),
            (None, Some(migrate)) if migrate.project.is_some() && migrate.services.len() > 1 => {
                Err(project::of_several(Typed::command()))
            }
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

/// The error, with what to do when a command was typed behind an option.
fn with_command(mut error: clap::Error, words: &[OsString]) -> clap::Error {
    let typed = words.iter().skip(2).filter_map(|word| word.to_str());
    if let (clap::error::ErrorKind::MissingRequiredArgument, Some(word)) = (error.kind(), misplaced(typed)) {
        let tip =
            clap::builder::StyledStr::from(format!("to run the command `{word}`, type it first: migrate {word} …"));
        let tips = clap::error::ContextValue::StyledStrs(vec![tip]);
        error.insert(clap::error::ContextKind::Suggested, tips);
    }
    error
}

/// The error for an empty command line.
fn missing() -> clap::Error {
    Typed::command()
        .error(clap::error::ErrorKind::MissingRequiredArgument, "<SERVICE> and --host <HOST> are needed, or --all")
}

#[cfg(test)]
mod tests {
    use clap::error::ErrorKind;

    use super::*;

    fn parse(line: &str) -> Result<Command, clap::Error> {
        Command::parse(line.split(' '))
    }

    fn both(line: &str) -> (Migrate, Output) {
        match parse(line) {
            Ok(Command::Migrate(migrate, output)) => (migrate, output),
            other => panic!("{other:?}"),
        }
    }

    fn migrate(line: &str) -> Migrate {
        both(line).0
    }

    #[test]
    fn definition_holds() {
        Typed::command().debug_assert();
    }

    #[test]
    fn the_words_of_the_contract_work_as_typed() {
        let want = Migrate {
            services: vec!["kairos".into()],
            host: Some("puck".into()),
            all: false,
            only: Vec::new(),
            except: Vec::new(),
            limit: None,
            separate: false,
            repo: ".".into(),
            base: None,
            bridge: Bridge::Auto,
            alert_labels: AlertLabels::Auto,
            keep_history: false,
            project: None,
            strict: false,
        };
        let (format, color) = (Format::Human, Color::Auto);
        let output = Output { branch: None, replace: false, dry_run: false, format, report: None, color };
        assert_eq!(both("migrate kairos --host puck"), (want.clone(), output));
        assert_eq!(migrate("migrate --host puck kairos"), want);
        assert_eq!(migrate("migrate --host=puck -- kairos"), want);
    }

    #[test]
    fn options() {
        let (all, out) = both(
            "migrate kairos --host puck -C sub --base v1 --branch b --replace --dry-run --format json --color never",
        );
        assert_eq!((all.repo, all.base, out.branch), ("sub".into(), Some("v1".into()), Some("b".into())));
        assert_eq!((out.replace, out.dry_run, out.format, out.color), (true, true, Format::Json, Color::Never));
        let bridged = migrate("migrate kairos --host puck --bridge service-name --keep-history");
        assert_eq!((bridged.bridge, bridged.keep_history), (Bridge::ServiceName, true));
        let kept = migrate("migrate kairos --host puck --alert-labels keep");
        assert_eq!(kept.alert_labels, AlertLabels::Keep);
        let page = both("migrate kairos --host puck --format sarif --report a/b.html").1;
        assert_eq!((page.format, page.report), (Format::Sarif, Some("a/b.html".into())));
        assert_eq!(both("migrate kairos --host puck --format markdown").1.format, Format::Markdown);
    }

    #[test]
    fn several_services() {
        assert_eq!(migrate("migrate a b --host c").services, ["a", "b"]);
        let all = migrate("migrate --all --host puck --only k*,g* --except gaeta --except kairos --limit 3 --separate");
        assert_eq!((all.only, all.except), (vec!["k*".into(), "g*".into()], vec!["gaeta".into(), "kairos".to_owned()]));
        assert_eq!((all.all, all.limit, all.separate), (true, Some(3), true));
        assert_eq!(migrate("migrate --all").host, None);
    }

    #[test]
    fn demo_is_a_command_and_can_still_be_a_service() {
        assert_eq!(parse("migrate demo").unwrap(), Command::Demo("migrate-demo".into()));
        assert_eq!(parse("migrate demo x/y").unwrap(), Command::Demo("x/y".into()));
        assert_eq!(migrate("migrate --host puck -- demo").services, ["demo"]);
        assert_eq!(migrate("migrate --host puck demo").services, ["demo"]);
        assert_eq!(migrate("migrate demonstration --host puck").services, ["demonstration"]);
    }

    #[test]
    fn wrong_lines_are_usage_errors() {
        for line in [
            "migrate",
            "migrate kairos",
            "migrate --host puck",
            "migrate demo --host puck",
            "migrate kairos --all --host puck",
            "migrate kairos --host puck --only k*",
            "migrate kairos --host puck --limit 1",
            "migrate --all --limit 0",
        ] {
            let error = parse(line).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line}: {error}");
        }
        assert_eq!(Command::parse(["migrate", "", "--host", "x"]).unwrap_err().exit_code(), 2);
    }

    #[test]
    fn a_command_behind_an_option_is_a_service_and_the_error_says_what_to_type() {
        let error = parse("migrate -C sub status").unwrap_err().to_string();
        assert!(error.contains("to run the command `status`, type it first: migrate status …"), "{error}");
        assert!(!parse("migrate kairos").unwrap_err().to_string().contains("type it first"));
    }

    #[test]
    fn help_is_short_and_says_how() {
        let error = parse("migrate --help").unwrap_err();
        assert_eq!((error.kind(), error.exit_code()), (ErrorKind::DisplayHelp, 0));
        // A fixed width: clap would take that of the terminal the tests run in.
        let help = Typed::command().term_width(100).render_help().to_string();
        snapbox::assert_data_eq!(help, snapbox::file!["../tests/report/help.txt"].raw());
    }
}
