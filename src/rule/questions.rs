//! What one answer settles: which rules ask the same, in which words, and which leave the same place in every move.
//!
//! Knows: the shape of `rewrites/questions.yaml`. Must not know: findings. The file is part of the program, so a broken one is
//! caught by the tests and never by a user.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

const FILE: &str = include_str!("../../rewrites/questions.yaml");

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    questions: Vec<Question>,
    every_move: Vec<String>,
    beside: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    ask: String,
    rules: Vec<String>,
}

static READ: LazyLock<File> = LazyLock::new(|| serde_yaml::from_str(FILE).unwrap_or_default());

static BY_RULE: LazyLock<HashMap<&str, (usize, &str)>> = LazyLock::new(|| {
    let of = |(at, one): (usize, &'static Question)| {
        one.rules.iter().map(move |rule| (rule.as_str(), (at, one.ask.as_str())))
    };
    READ.questions.iter().enumerate().flat_map(of).collect()
});

/// What is asked about a place that this rule left, and which question of all that is; `None` where only the rule's own
/// sentence asks.
pub fn question(rule: &str) -> Option<(usize, &'static str)> {
    BY_RULE.get(rule).copied()
}

/// Whether this rule leaves the same place in every move.
pub fn leaves_in_every_move(rule: &str) -> bool {
    READ.every_move.iter().any(|one| one == rule)
}

/// Whether this rule is about something that hangs on the query above it.
pub fn is_beside(rule: &str) -> bool {
    READ.beside.iter().any(|one| one == rule)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::rule;

    #[test]
    fn the_file_names_rules_that_there_are_and_each_in_one_question() {
        let file: File = serde_yaml::from_str(FILE).unwrap();
        let mut seen = HashSet::new();
        for name in file.questions.iter().flat_map(|one| &one.rules) {
            assert!(seen.insert(name), "{name} is in two questions");
        }
        for name in file.questions.iter().flat_map(|one| &one.rules).chain(&file.every_move).chain(&file.beside) {
            assert!(rule::sentence(name).is_some(), "there is no rule {name}");
        }
        assert!(file.questions.iter().all(|one| one.ask.ends_with('?')));
    }
}
