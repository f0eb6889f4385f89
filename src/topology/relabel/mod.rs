//! Relabel rules, evaluated as Alloy does: all of them, top-down, a later match overwrites (label-surface 5.2).
//!
//! Knows: `rule` blocks and label sets with unknown values. Must not know: which component the rules stand in.

use std::collections::BTreeMap;

use regex::Regex;
use regex_automata::{Anchored, Input, hybrid};

use super::{Label, compose};
use crate::patterns::compiled;

mod results;
#[cfg(test)]
mod tests;
mod words;

pub use results::{ANY, results};
pub(super) use words::anchored;

/// Labels by name.
pub type Labels = BTreeMap<String, Label>;

/// One `rule` block. Defaults are Prometheus's: separator `;`, regex `(.*)`, replacement `$1`, action `replace`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `source_labels`.
    pub source_labels: Vec<String>,
    /// `separator`.
    pub separator: String,
    /// `regex`, anchored at both ends when it is used.
    pub regex: String,
    /// `target_label`.
    pub target_label: String,
    /// `replacement`.
    pub replacement: String,
    /// `action`.
    pub action: String,
}

impl Default for Rule {
    fn default() -> Self {
        Self {
            source_labels: Vec::new(),
            separator: ";".into(),
            regex: "(.*)".into(),
            target_label: String::new(),
            replacement: "$1".into(),
            action: "replace".into(),
        }
    }
}

/// Why a set of rules cannot be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotEvaluable(pub String);

/// Runs `rules` over `labels`. `Ok(None)`: the target is dropped. Where an unknown value decides whether it is, it
/// `may_stay` or not.
///
/// # Errors
/// When it may not, or a regex or action is one that this program cannot evaluate.
pub fn apply(rules: &[Rule], mut labels: Labels, may_stay: bool) -> Result<Option<Labels>, NotEvaluable> {
    for rule in rules {
        let regex = compiled(&anchored(&rule.regex))
            .ok_or_else(|| NotEvaluable(format!("the regular expression `{}` cannot be evaluated here", rule.regex)))?;
        let input = joined(rule, &labels).for_regex(&regex);
        match rule.action.as_str() {
            "replace" => replace(rule, &regex, &input, &mut labels),
            "keep" | "drop" => {
                let matches = match &input {
                    Joined::Known(text) => regex.is_match(text),
                    Joined::Prefix(prefix) if cannot_match(&rule.regex, prefix) => false,
                    Joined::Prefix(_) if may_stay => continue,
                    Joined::Prefix(_) => {
                        return Err(NotEvaluable(format!(
                            "`{}` depends on {}",
                            rule.action,
                            rule.source_labels.join(", ")
                        )));
                    }
                };
                if matches != (rule.action == "keep") {
                    return Ok(None);
                }
            }
            "labelmap" => {
                let mapped: Vec<_> = labels
                    .iter()
                    .filter_map(|(name, value)| Some((expand(&regex, name, &rule.replacement)?, value.clone())))
                    .collect();
                labels.extend(mapped);
            }
            "labeldrop" => labels.retain(|name, _| !regex.is_match(name)),
            "labelkeep" => labels.retain(|name, _| regex.is_match(name)),
            "lowercase" | "uppercase" => {
                let value = match input {
                    Joined::Known(text) if rule.action == "lowercase" => made(text.to_lowercase()),
                    Joined::Known(text) => made(text.to_uppercase()),
                    Joined::Prefix(_) => Label::Unknown,
                };
                set(&mut labels, &rule.target_label, value);
            }
            other => return Err(NotEvaluable(format!("the relabel action `{other}` cannot be evaluated here"))),
        }
    }
    Ok(Some(labels))
}

/// Whether a text with [marks](compose::unresolved) in it matches; `None` where that hangs on what they stand for. They
/// stand for none of the words that somebody names.
fn hit(regex: &Regex, text: &str) -> Option<bool> {
    let marked = regex.is_match(text);
    if !compose::is_unresolved(text) {
        return Some(marked);
    }
    let same = |word: &str| {
        let fill =
            |part: &str| part.split_once(compose::CLOSE).map_or(part.to_owned(), |(_, rest)| format!("{word}{rest}"));
        let plain: String = text.split(compose::OPEN).map(fill).collect();
        regex.is_match(&plain) == marked
    };
    ["qx", "7", "q-x.7"].into_iter().all(same).then_some(marked)
}

/// A value that a rule made; a mark that it cut in two stands for nothing.
fn made(value: String) -> Label {
    let count = |mark: char| value.matches(mark).count();
    if count(compose::OPEN) == count(compose::CLOSE) { Label::of(value) } else { Label::Unknown }
}

/// The joined source labels.
enum Joined {
    Known(String),
    /// Only this much is known to stand at the start.
    Prefix(String),
}

impl Joined {
    /// The same, as far as a regular expression can tell.
    fn for_regex(self, regex: &Regex) -> Self {
        match self {
            Self::Known(text) if hit(regex, &text).is_none() => {
                Self::Prefix(text.split(compose::OPEN).next().unwrap_or_default().to_owned())
            }
            other => other,
        }
    }
}

fn joined(rule: &Rule, labels: &Labels) -> Joined {
    let mut text = String::new();
    for (index, name) in rule.source_labels.iter().enumerate() {
        if index > 0 {
            text.push_str(&rule.separator);
        }
        match labels.get(name) {
            None => {}
            Some(Label::Known(value) | Label::Symbol(value)) => text.push_str(value),
            Some(Label::Unknown) => return Joined::Prefix(text),
        }
    }
    Joined::Known(text)
}

fn replace(rule: &Rule, regex: &Regex, input: &Joined, labels: &mut Labels) {
    match input {
        Joined::Known(text) => {
            if let Some(value) = expand(regex, text, &rule.replacement)
                && let Some(target) = expand(regex, text, &rule.target_label)
            {
                set(labels, &target, made(value));
            }
        }
        Joined::Prefix(prefix) if cannot_match(&rule.regex, prefix) => {}
        Joined::Prefix(_) => set(labels, &rule.target_label, Label::Unknown),
    }
}

/// An empty value removes the label.
fn set(labels: &mut Labels, name: &str, value: Label) {
    if value == Label::Known(String::new()) {
        labels.remove(name);
    } else {
        labels.insert(name.to_owned(), value);
    }
}

/// The replacement with `$1`, `${1}` and `${name}` filled in, or `None` when the text does not match.
fn expand(regex: &Regex, text: &str, replacement: &str) -> Option<String> {
    let captures = regex.captures(text)?;
    let mut out = String::new();
    captures.expand(replacement, &mut out);
    Some(out)
}

/// Whether no text that starts with `prefix` matches the anchored `pattern`. `false` when that cannot be told.
fn cannot_match(pattern: &str, prefix: &str) -> bool {
    // Nothing is known of the text.
    if prefix.is_empty() {
        return false;
    }
    let Ok(dfa) = hybrid::dfa::DFA::new(&format!("(?s:{pattern})$")) else { return false };
    let mut cache = dfa.create_cache();
    let Ok(mut state) = dfa.start_state_forward(&mut cache, &Input::new("").anchored(Anchored::Yes)) else {
        return false;
    };
    for &byte in prefix.as_bytes() {
        let Ok(next) = dfa.next_state(&mut cache, state, byte) else { return false };
        if next.is_dead() {
            return true;
        }
        state = next;
    }
    false
}
