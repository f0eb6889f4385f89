//! House rules that no compiler holds: the walls between modules, the size of files, a first line that says what a file
//! knows. A rule that is broken names the file and the line.

#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};

/// Lines of one file at most.
const LONGEST_FILE: usize = 400;
/// Lines of one function at most, from `fn` to its closing brace.
const LONGEST_FUNCTION: usize = 60;

/// What none of the modules behind [`WALLS`] may name: git, files, the environment, the clock, printing.
const OUTSIDE: &[&str] = &["git2", "std::fs", "std::env", "std::time", "Timestamp::now", "println!"];

/// Module (folder or file below `src/`), and which other modules must not be named in it.
const WALLS: &[(&str, &[&str])] = &[
    ("text", &["syntax", "topology", "rewrite", "plan", "repo", "report"]),
    ("syntax", &["logql_eval", "topology", "rewrite", "plan", "repo", "report"]),
    ("logql_eval", &["snapshot", "topology", "proof", "rewrite", "plan", "repo", "report"]),
    ("prove", &["snapshot", "proof", "rewrite", "plan", "repo", "report"]),
    ("snapshot", &["repo"]),
    ("topology", &["plan", "rewrite", "repo", "report"]),
    ("proof", &["plan", "rewrite", "repo", "report"]),
    ("rewrite", &["plan", "repo", "report"]),
    ("plan", &["repo", "report"]),
    ("status", &["repo", "report"]),
    ("report", &["repo"]),
    ("verify", &["repo", "report"]),
];

/// What talks to a network, and the one file that may name it.
const NETWORK: &[&str] = &["ureq", "std::net"];
const CLIENT: &str = "src/verify/client.rs";

fn sources() -> Vec<PathBuf> {
    let mut out = Vec::new();
    let mut work = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = work.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                work.push(path);
            } else if path.extension().is_some_and(|suffix| suffix == "rs") {
                out.push(path);
            }
        }
    }
    out.sort();
    out
}

fn shown(path: &Path) -> String {
    path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display().to_string()
}

fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests")
        || path.ends_with("tests.rs")
        || path.ends_with("sample.rs")
}

fn fail(broken: &[String]) {
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn modules_stay_behind_their_walls() {
    let mut broken = Vec::new();
    for path in sources().into_iter().filter(|path| !is_test(path)) {
        let name = shown(&path);
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for (module, above) in WALLS {
            if !(name.starts_with(&format!("src/{module}/")) || name == format!("src/{module}.rs")) {
                continue;
            }
            let mut banned: Vec<String> = above.iter().map(|other| format!("crate::{other}")).collect();
            banned.extend(OUTSIDE.iter().map(|word| (*word).to_owned()));
            for (number, line) in code.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
                for word in banned.iter().filter(|word| names(line, word)) {
                    broken.push(format!("{name}:{}: `{module}` must not name `{word}`", number + 1));
                }
            }
        }
    }
    fail(&broken);
}

#[test]
fn one_file_talks_to_a_network() {
    let mut broken = Vec::new();
    for path in sources().into_iter().filter(|path| shown(path) != CLIENT) {
        for (number, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            for word in NETWORK.iter().filter(|word| names(line, word)) {
                broken.push(format!("{}:{}: only {CLIENT} may name `{word}`", shown(&path), number + 1));
            }
        }
    }
    fail(&broken);
}

/// Whether a line holds a word that does not go on: `crate::report` does not name `crate::repo`.
fn names(line: &str, word: &str) -> bool {
    let goes_on = |rest: &str| rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| !goes_on(&line[at + word.len()..]))
}

#[test]
fn every_file_says_what_it_knows() {
    let broken: Vec<String> = sources()
        .into_iter()
        .filter(|path| !is_test(path))
        .filter(|path| !fs::read_to_string(path).unwrap().starts_with("//! "))
        .map(|path| format!("{}: starts without `//!`", shown(&path)))
        .collect();
    fail(&broken);
}

#[test]
fn files_and_functions_stay_short() {
    let mut broken = Vec::new();
    for path in sources() {
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        if lines.len() > LONGEST_FILE {
            broken.push(format!("{}: {} lines, {LONGEST_FILE} at most", shown(&path), lines.len()));
        }
        let functions = lines.iter().enumerate().filter(|(_, line)| !is_test(&path) && is_function(line));
        for (start, line) in functions {
            let indent = line.len() - line.trim_start().len();
            let closing = format!("{}}}", " ".repeat(indent));
            let length = lines[start..].iter().take_while(|line| **line != closing).count();
            if length > LONGEST_FUNCTION && !lines[start].trim_end().ends_with('}') {
                broken.push(format!(
                    "{}:{}: a function of {length} lines, {LONGEST_FUNCTION} at most",
                    shown(&path),
                    start + 1
                ));
            }
        }
    }
    fail(&broken);
}

/// Whether a line opens a function with a body.
fn is_function(line: &str) -> bool {
    let code = line.trim_start();
    let code = ["pub(super) ", "pub(crate) ", "pub "].iter().find_map(|word| code.strip_prefix(word)).unwrap_or(code);
    let code = code.strip_prefix("const ").unwrap_or(code);
    code.starts_with("fn ") && !code.ends_with(';')
}

#[test]
fn nothing_is_left_for_later() {
    let mut broken = Vec::new();
    for path in sources() {
        for (number, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            for word in ["todo!(", "unimplemented!(", "dbg!(", "TODO", "FIXME", "#[ignore"] {
                if line.contains(word) {
                    broken.push(format!("{}:{}: `{word}`", shown(&path), number + 1));
                }
            }
        }
    }
    fail(&broken);
}

/// Servers under the AGPL, and one that links packages of them: nothing is built from their modules.
#[test]
fn nothing_is_built_from_modules_under_the_agpl() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut broken = Vec::new();
    for name in ["tests/oracle/judge/go.mod", "tests/oracle/judge/go.sum", "tests/e2e/parts.txt", ".ci/real-parts"] {
        let text = fs::read_to_string(root.join(name)).unwrap();
        for (number, line) in text.lines().enumerate() {
            let line = line.replace("github.com/grafana/alloy/syntax", "");
            for module in ["loki", "grafana", "tempo", "mimir", "alloy"].map(|one| format!("github.com/grafana/{one}"))
            {
                if names(&line, &module) {
                    broken.push(format!("{name}:{}: names `{module}`", number + 1));
                }
            }
        }
    }
    fail(&broken);
}
