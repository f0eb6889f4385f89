//! Lines that are typed wrong, and what was meant by them, as far as the line itself tells.
//!
//! Knows: words and options people know from other tools. Must not know: which services and hosts there are (`run::mistakes`).

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::commands;

/// Words that are no command here, and the command line for what they mean elsewhere.
const WORDS: &[(&[&str], &str)] = &[
    (&["help"], "migrate --help"),
    (&["version"], "migrate --version"),
    (&["ls", "list", "show", "services", "hosts", "info"], "migrate status"),
    (&["init", "example", "tutorial", "try"], "migrate demo"),
    (&["all"], "migrate --all --host HOST"),
    (&["plan", "check", "test", "preview", "dry-run"], "migrate SERVICE --host HOST --dry-run"),
    (&["diff", "patch"], "migrate SERVICE --host HOST --diff"),
    (&["move", "migrate", "run", "start", "apply", "deploy", "rollout"], "migrate SERVICE --host HOST"),
    (&["take", "fix", "yes"], "migrate accept SERVICE --host HOST --safe"),
    (&["undo", "rollback", "revert", "abort", "reset", "delete"], "git branch -D migrate/HOST/SERVICE"),
    (&["clean", "cleanup", "gc"], "migrate prune --host HOST"),
    (&["completion", "complete"], "migrate completions SHELL"),
    (&["manual"], "migrate man"),
];

/// Options that there are not, and what to type in their place.
const OPTIONS: &[(&[&str], &str)] = &[
    (&["--json", "-j"], "`--format json`"),
    (&["--markdown", "--md"], "`--format markdown`"),
    (&["--sarif"], "`--format sarif`"),
    (&["--html", "-o", "--out", "--output"], "`--report FILE.html` for a page, `> FILE` for the text"),
    (&["-f", "--force", "--overwrite"], "`--replace`"),
    (&["-n", "--dryrun", "--check", "--plan", "--noop"], "`--dry-run`"),
    (&["-H", "--hosts", "--hostname", "--on", "--limit-host"], "`--host HOST`"),
    (&["-s", "--service", "--services"], "the name alone: migrate SERVICE --host HOST"),
    (&["-a"], "`--all`"),
    (&["-b"], "`--branch NAME`"),
    (&["-d", "-p", "--patch"], "`--diff`"),
    (&["-y", "--yes"], "nothing: no question is asked, and nothing but a branch is written"),
    (&["--loki", "--url"], "migrate verify SERVICE --host HOST --loki URL"),
    (&["--status", "--list"], "migrate status"),
    (&["--undo", "--delete"], "git branch -D migrate/HOST/SERVICE"),
];

/// How much a word must be like a command to be taken for it.
const ALIKE: f64 = 0.85;

/// The command line that a word means which is neither a command nor a service.
pub fn meant(word: &str) -> Option<String> {
    let word = word.to_lowercase();
    let known = WORDS.iter().find(|(words, _)| words.contains(&word.as_str())).map(|(_, line)| (*line).to_owned());
    let near = || {
        let likeness = |command: &String| strsim::jaro_winkler(command, &word);
        let best = commands().into_iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
        (likeness(&best) > ALIKE).then(|| format!("migrate {best}"))
    };
    known.or_else(near)
}

/// The line as clap is to read it: `help` in front asks for help.
pub(super) fn without_help(words: Vec<OsString>) -> Vec<OsString> {
    if words.get(1).is_none_or(|word| word != "help") || words.iter().any(|word| word == "--host") {
        return words;
    }
    let [name, _, rest @ ..] = words.as_slice() else { return words };
    let of_a_command = rest.first().filter(|word| commands().iter().any(|command| *word == command.as_str()));
    std::iter::once(name).chain(of_a_command).cloned().chain([OsString::from("--help")]).collect()
}

/// The error with what to type instead, where the line tells.
pub(super) fn told(mut error: clap::Error, words: &[OsString]) -> clap::Error {
    let words: Vec<&str> = words.iter().filter_map(|word| word.to_str()).collect();
    let tip = match error.kind() {
        ErrorKind::DisplayHelp => {
            let Some(host) = host_behind_h(&words) else { return error };
            let text =
                format!("`-h` shows help and takes no name\n\n  tip: if `{host}` is a host, type `--host {host}`");
            return super::command().error(ErrorKind::UnknownArgument, text);
        }
        ErrorKind::UnknownArgument => {
            let Some(ContextValue::String(unknown)) = error.get(ContextKind::InvalidArg) else { return error };
            unknown_argument(unknown, &words)
        }
        _ => None,
    };
    if let Some(tip) = tip {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(tip)]));
    }
    error
}

/// What to do about a command that stands behind an option.
pub fn type_it_first(word: &str) -> String {
    format!("to run the command `{word}`, type it first: migrate {word} …")
}

fn unknown_argument(unknown: &str, words: &[&str]) -> Option<String> {
    let option = unknown.split('=').next().unwrap_or(unknown);
    if let Some((_, instead)) = OPTIONS.iter().find(|(options, _)| options.contains(&option)) {
        return Some(format!("type {instead}"));
    }
    let command = words.get(1).filter(|word| matches!(**word, "status" | "prune"))?;
    (!unknown.starts_with('-')).then(|| format!("if `{unknown}` is a host, type: migrate {command} --host {unknown}"))
}

/// What stands behind `-h` as if it were the value of an option.
fn host_behind_h<'w>(words: &[&'w str]) -> Option<&'w str> {
    let at = words.iter().position(|word| *word == "-h")?;
    let is_command = |word: &&&str| commands().iter().any(|command| command == **word);
    words.get(at + 1).filter(|word| !word.starts_with('-') && !is_command(word)).copied()
}
