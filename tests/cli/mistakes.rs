//! Lines that people type wrong, and the next step each is told.

use crate::support::{Scratch, migrate};

/// What is typed behind `migrate`, and what is said of it.
const LINES: &[(&str, &str)] = &[
    ("", "`migrate status` shows what can move"),
    // No host, or one in another place.
    ("kairos", "type: migrate kairos --host puck"),
    ("gitea_mcp", "type: migrate gitea_mcp --host miranda"),
    ("kairos angelia", "type: migrate kairos angelia --host puck"),
    ("kairos,angelia", "type: migrate kairos angelia --host puck"),
    ("puck kairos", "type: migrate kairos --host puck"),
    ("kairos puck", "type: migrate kairos --host puck"),
    ("kairos puck.incus", "type: migrate kairos --host puck"),
    ("kairos on puck", "type: migrate kairos --host puck"),
    ("kairos@puck", "type: migrate kairos --host puck"),
    ("puck/kairos", "type: migrate kairos --host puck"),
    ("puck:kairos", "type: migrate kairos --host puck"),
    ("--host kairos puck", "type: migrate kairos --host puck"),
    ("puck kairos --host puck", "type: migrate kairos --host puck"),
    ("kairos,angelia --host puck", "type: migrate kairos angelia --host puck"),
    ("searxng", "type: migrate searxng --host rosalind"),
    ("kairo", "did you mean: migrate kairos --host puck"),
    ("zzzz", "`migrate status` lists every service"),
    ("kairo --host puck", "on puck.incus: kairos"),
    ("kairos --host puk", "similar name: puck.incus"),
    ("kairos --host puck,miranda", "one host at a time, or every host: migrate --all"),
    ("kairos --host miranda", "`kairos` runs on puck.incus"),
    ("kairos -h puck", "type `--host puck`"),
    ("-h puck", "type `--host puck`"),
    ("kairos -H puck", "type `--host HOST`"),
    ("kairos --hots puck", "a similar argument exists: '--host'"),
    // No service.
    ("--host puck", "all of them: migrate --all --host puck"),
    ("puck", "these log to syslog: angelia, jupyterlab, kairos, spelunker"),
    ("all --host puck", "type: migrate --all --host puck"),
    ("all", "type: migrate --all --host HOST"),
    // Words that are no command here.
    ("staus", "type: migrate status"),
    ("ls", "type: migrate status"),
    ("list --host puck", "type: migrate status"),
    ("show", "type: migrate status"),
    ("version", "type: migrate --version"),
    ("init", "type: migrate demo"),
    ("demmo", "type: migrate demo"),
    ("undo kairos", "type: git branch -D migrate/HOST/SERVICE"),
    ("rollback kairos --host puck", "type: git branch -D migrate/puck/kairos"),
    ("plan kairos --host puck", "type: migrate kairos --host puck --dry-run"),
    ("run kairos --host puck", "type: migrate kairos --host puck"),
    ("cleanup", "type: migrate prune --host HOST"),
    ("-C . status", "type it first: migrate status"),
    ("--host puck status", "type it first: migrate status"),
    // Options that there are not.
    ("kairos --host puck --json", "type `--format json`"),
    ("status --json", "type `--format json`"),
    ("kairos --host puck -f", "type `--replace`"),
    ("kairos --host puck --force", "type `--replace`"),
    ("kairos --host puck -n", "type `--dry-run`"),
    ("kairos --host puck --yes", "no question is asked"),
    ("kairos --host puck --loki http://127.0.0.1:3100", "migrate verify SERVICE --host HOST --loki URL"),
    ("status puck", "type: migrate status --host puck"),
    ("prune puck", "type: migrate prune --host puck"),
    ("kairos --host puck -q -v", "cannot be used with"),
];

#[test]
fn each_is_told_the_next_step_and_changes_nothing() {
    let scratch = Scratch::demo();
    let before = scratch.state();
    for (line, said) in LINES {
        let words: Vec<&str> = line.split_whitespace().collect();
        let run = scratch.migrate(&words);
        assert!(matches!(run.code, 1 | 2), "migrate {line}: {} {}", run.code, run.out);
        run.fails(run.code, &[said]);
    }
    assert_eq!(scratch.state(), before);
}

#[test]
fn outside_of_a_repository_the_words_alone_tell() {
    let scratch = Scratch::bare_folder();
    for (line, said) in [("kairos", "type: migrate SERVICE --host HOST"), ("ls", "type: migrate status")] {
        migrate(&scratch.root, &[line]).fails(2, &[said]);
    }
}

#[test]
fn help_asked_for_by_a_word_is_help() {
    let scratch = Scratch::bare_folder();
    assert_eq!(migrate(&scratch.root, &["help"]).out, migrate(&scratch.root, &["--help"]).out);
    assert_eq!(migrate(&scratch.root, &["help", "verify"]).out, migrate(&scratch.root, &["verify", "--help"]).out);
}
