//! The man pages, one for each command, from the definitions of the command line.
//!
//! Knows: the sections of a man page, and the blocks that a help text ends with (`Examples:`, `Exit codes:`). Must not
//! know: what any option does. Nothing that is said of an option or an exit code is said here again.

use std::io::Write as _;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::error::{Error, Result};

/// One page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Name of the file: `migrate-status.1`.
    pub file: String,
    /// The page.
    pub roff: String,
}

/// What the program reads and writes.
const FILES: [(&str, &str); 5] = [
    (
        "ansible.cfg, inventories, host_vars, group_vars, playbooks, Compose and Alloy files, dashboards, rule files",
        "Read from one commit of the repository, never from the working tree. None of them is changed: the branch holds \
         the changed ones.",
    ),
    (
        "refs/heads/migrate/HOST/SERVICE",
        "The branch of one service. The name is made last; it and those below are all that is written.",
    ),
    (
        "refs/heads/migrate/HOST/SERVICE+SERVICE, refs/heads/migrate/HOST/all",
        "The branch of several services of one host.",
    ),
    ("refs/heads/migrate/HOST/prune", "The branch of migrate prune."),
    ("migrate-demo", "Where migrate demo writes its example, unless it is told another folder."),
];

/// Variables that are looked at.
const ENVIRONMENT: [(&str, &str); 3] = [
    ("NO_COLOR", "When it is set and not empty, no colours are used unless --color asks for them."),
    (
        "PAGER",
        "What shows a report that is longer than the screen: less where it is not set, nothing where it is empty or cat.",
    ),
    ("COLUMNS", "The width of the terminal, where it is not the one the system tells."),
];

/// Every page: that of the program first, then one for each other command.
///
/// # Errors
/// None in practice: a page is put together in memory.
pub fn pages(command: &Command) -> Result<Vec<Page>> {
    // Building gives the other commands their full names.
    let mut built = command.clone().subcommand_help_heading("COMMANDS");
    built.build();
    let others = built.get_subcommands().cloned().collect::<Vec<_>>();
    let version = built.get_version().unwrap_or_default().to_owned();
    let all: Vec<Command> = std::iter::once(built).chain(others).collect();
    let names: Vec<String> = all.iter().map(name).collect();
    all.into_iter().map(|one| page(one, &names, &version)).collect()
}

/// `migrate-status`.
fn name(command: &Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}

fn page(command: Command, names: &[String], version: &str) -> Result<Page> {
    let name = name(&command);
    let is_main = names.first() == Some(&name);
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let mut out = Vec::new();
    let man = Man::new(command);
    let mut sections = || {
        // Written out, because an empty argument would be dropped: a page has no date, so that it is the same each time.
        writeln!(out, ".TH {} 1 \"\" \"migrate {version}\" \"User Commands\"", name.to_uppercase())?;
        man.render_name_section(&mut out)?;
        man.render_synopsis_section(&mut out)?;
        man.render_description_section(&mut out)?;
        man.render_options_section(&mut out)?;
        if is_main {
            man.render_subcommands_section(&mut out)?;
        }
        rest(&help, &name, names).to_writer(&mut out)
    };
    sections().map_err(|error| Error::internal(format!("the man page of {name} cannot be made: {error}")))?;
    Ok(Page { file: format!("{name}.1"), roff: String::from_utf8_lossy(&out).into_owned() })
}

/// What stands behind the options.
fn rest(help: &str, name: &str, names: &[String]) -> Roff {
    let mut roff = Roff::new();
    let blocks = blocks(help);
    for block in &blocks {
        block.render(&mut roff);
    }
    if !blocks.iter().any(|block| block.title == "EXIT STATUS") {
        section(&mut roff, "EXIT STATUS", &[("0", "Done."), ("1", "Failed."), ("2", "Wrong command line.")]);
    }
    if names.first().is_some_and(|first| first == name) {
        section(&mut roff, "FILES", &FILES);
        section(&mut roff, "ENVIRONMENT", &ENVIRONMENT);
    }
    see_also(&mut roff, name, names);
    roff
}

fn section(roff: &mut Roff, title: &str, rows: &[(&str, &str)]) {
    roff.control("SH", [title]);
    for (tag, text) in rows {
        roff.control("TP", []).text([bold(*tag)]).text([roman(*text)]);
    }
}

fn see_also(roff: &mut Roff, name: &str, names: &[String]) {
    roff.control("SH", ["SEE ALSO"]);
    let others = names.iter().filter(|other| *other != name).map(String::as_str);
    let mut line = Vec::new();
    for (page, part) in others.map(|other| (other, "(1)")).chain([("git-branch", "(1)"), ("git-diff", "(1)")]) {
        if !line.is_empty() {
            line.push(roman(", "));
        }
        line.extend([bold(page), roman(part)]);
    }
    roff.text(line);
}

/// A block at the end of a help text: a heading with a colon, and lines below it; or prose without a heading.
struct Block<'h> {
    title: &'static str,
    lines: Vec<&'h str>,
}

/// Headings of help texts as man pages call them.
const TITLES: [(&str, &str); 5] = [
    ("Examples:", "EXAMPLES"),
    ("Exit codes:", "EXIT STATUS"),
    ("States:", "STATES"),
    ("Questions:", "QUESTIONS"),
    ("Environment:", "ENVIRONMENT"),
];

fn blocks(help: &str) -> Vec<Block<'_>> {
    let mut list: Vec<Block<'_>> = Vec::new();
    for part in help.split("\n\n").filter(|part| !part.is_empty()) {
        let (first, rest) = part.split_once('\n').unwrap_or((part, ""));
        match TITLES.iter().find(|(heading, _)| *heading == first) {
            Some((_, title)) => list.push(Block { title, lines: rest.lines().collect() }),
            None => list.push(Block { title: "NOTES", lines: part.lines().collect() }),
        }
    }
    // As man pages have them: what comes out, then how it is used.
    list.sort_by_key(|block| block.title == "EXAMPLES");
    list.sort_by_key(|block| block.title == "NOTES");
    list
}

impl Block<'_> {
    fn render(&self, roff: &mut Roff) {
        roff.control("SH", [self.title]);
        for line in &self.lines {
            match line.trim().split_once("  ") {
                Some((left, right)) => {
                    roff.control("TP", []).text([bold(left)]).text([roman(right.trim())]);
                }
                None => {
                    roff.text([roman(line.trim())]);
                }
            }
        }
    }
}
