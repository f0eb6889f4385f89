//! Completions in shells that a plain machine lacks, and the man pages as their judge reads them. Not part of plain
//! `cargo test`; `tests/cli/complete.rs` has bash.

#![cfg(test)]

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A command that finds the program, and nothing of the machine's settings. A program that is missing fails the test.
fn run(folder: &Path, program: &str, arguments: &[&str]) -> Output {
    let own = Path::new(env!("CARGO_BIN_EXE_migrate")).parent().unwrap();
    let path = format!("{}:{}", own.display(), std::env::var("PATH").unwrap());
    let output = Command::new(program)
        .current_dir(folder)
        .args(arguments)
        .env_clear()
        .env("PATH", path)
        .env("HOME", folder)
        .env("TERM", "dumb")
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .output();
    output.unwrap_or_else(|error| panic!("{program}: {error}; install zsh, fish and mandoc, for example by apt-get"))
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn demo() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    text(&run(folder.path(), "migrate", &["demo", "infra"]));
    folder
}

#[test]
fn fish_completes_from_the_repository() {
    let folder = demo();
    let ask = |line: &str| {
        let script = format!("migrate completions fish | source; complete -C '{line}'");
        let answer = text(&run(&folder.path().join("infra"), "fish", &["--no-config", "-c", &script]));
        answer.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(ask("migrate kai"), ["kairos\ton syslog"]);
    assert_eq!(ask("migrate kairos --host pu"), ["puck\thas it on syslog"]);
    assert_eq!(ask("migrate status --host ros"), ["rosalind\thas services on syslog"]);
}

/// A real zsh on a terminal of its own: TAB is pressed, and the line is read back.
#[test]
fn zsh_completes_from_the_repository() {
    let folder = demo();
    let script = r"
        zmodload zsh/zpty
        zpty inner zsh -f -i
        zpty -w inner 'PS1=; autoload -U compinit; compinit -u -D; source <(migrate completions zsh); echo re''ady'
        zpty -r -m inner out '*ready*'
        zpty -n -w inner $'migrate kai\t'
        zpty -r -m inner out '*migrate kairos*'
        zpty -n -w inner $'--host pu\t'
        zpty -r -m inner out '*--host puck*'
        zpty -d inner
        echo both
    ";
    let output = run(&folder.path().join("infra"), "timeout", &["60", "zsh", "-f", "-c", script]);
    assert_eq!(text(&output).trim(), "both");
}

#[test]
fn mandoc_finds_nothing_wrong_with_the_pages() {
    let folder = tempfile::tempdir().unwrap();
    text(&run(folder.path(), "migrate", &["man", "--out", "man1"]));
    let mut pages = Vec::new();
    for entry in std::fs::read_dir(folder.path().join("man1")).unwrap() {
        let path = entry.unwrap().path();
        let lint = run(folder.path(), "mandoc", &["-Tlint", "-Werror", path.to_str().unwrap()]);
        assert!(lint.status.success(), "{}", String::from_utf8_lossy(&lint.stdout));
        let shown = text(&run(folder.path(), "mandoc", &["-Tascii", path.to_str().unwrap()]));
        // Overstruck for bold: each letter, a backspace and the letter again.
        let mut plain = String::new();
        for c in shown.chars() {
            if c == '\u{8}' {
                plain.pop();
            } else {
                plain.push(c);
            }
        }
        for heading in ["NAME", "SYNOPSIS", "EXIT STATUS", "EXAMPLES", "SEE ALSO"] {
            assert!(plain.lines().any(|line| line == heading), "{}: no {heading}: {plain}", path.display());
        }
        assert!(plain.contains("migrate 0."), "{plain}");
        pages.push(path.file_stem().unwrap().to_str().unwrap().to_owned());
    }
    pages.sort();
    let commands = ["accept", "completions", "demo", "explain", "man", "prune", "status", "verify"];
    assert_eq!(pages[0], "migrate");
    assert_eq!(pages[1..], commands.map(|command| format!("migrate-{command}")));
}
