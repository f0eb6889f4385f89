//! Every label set that relabel rules can make of labels of which some are not known.
//!
//! Knows: rules, and hidden labels (`__journal__systemd_unit`) whose values the repository does not tell. Must not know:
//! where the rules stand. Each rule that reads something unknown either matches or does not; what that says about the
//! unknown text is kept, so that rules on the same label with other words exclude each other and a catch-all at the end
//! overwrites all before it. The answer holds every label set that can be, and as few others as can be told.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use super::words::{Words, anchored, matching};
use super::{Labels, Rule, expand, hit, made};
use crate::patterns::compiled;
use crate::topology::Label;

/// Stands for labels of any name: what writes it writes to labels whose names are not known.
pub const ANY: &str = "*";

/// Past this many label sets, a rule's target counts as unknown instead.
const MOST: usize = 256;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Known(String),
    /// Some text, perhaps none, that goes by this number.
    Some(usize),
}

/// What was found out about the text of some labels, joined: whether it matches a pattern.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Fact {
    text: Vec<Value>,
    pattern: String,
    matches: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    labels: BTreeMap<String, Value>,
    facts: BTreeSet<Fact>,
    any: bool,
}

/// The label sets that `rules` can make of `labels`, sorted; none when every target is dropped. With `hidden`, a label
/// that starts with `__` and is not among `labels` may be there or not. Hidden labels are left out of the answer.
pub fn results(rules: &[Rule], labels: &Labels, hidden: bool) -> Vec<Labels> {
    let mut run = Run { next: 0 };
    let mut first = State::default();
    for (name, label) in labels.iter().filter(|(name, _)| *name != ANY) {
        let value = match label {
            Label::Known(text) | Label::Symbol(text) => Value::Known(text.clone()),
            Label::Unknown => run.fresh(),
        };
        first.labels.insert(name.clone(), value);
    }
    first.any = labels.contains_key(ANY);
    let read = rules.iter().flat_map(|rule| &rule.source_labels);
    for name in read.filter(|name| (hidden && name.starts_with("__")) || first.any) {
        if !first.labels.contains_key(name) {
            first.labels.insert(name.clone(), run.fresh());
        }
    }
    let mut states = vec![first];
    for rule in rules {
        let mut next = BTreeSet::new();
        for state in &states {
            next.extend(run.step(rule, state));
        }
        states = if next.len() > MOST {
            let states: BTreeSet<State> = states.into_iter().map(|state| run.vague(rule, state)).collect();
            states.into_iter().collect()
        } else {
            next.into_iter().collect()
        };
    }
    let sets: BTreeSet<Labels> = states.into_iter().map(State::visible).collect();
    sets.into_iter().collect()
}

impl State {
    /// The text of the source labels, known parts joined.
    fn joined(&self, rule: &Rule) -> Vec<Value> {
        let mut out: Vec<Value> = Vec::new();
        let mut push = |value: Value| match (out.last_mut(), value) {
            (Some(Value::Known(text)), Value::Known(more)) => text.push_str(&more),
            (_, value) => out.push(value),
        };
        for (index, name) in rule.source_labels.iter().enumerate() {
            if index > 0 {
                push(Value::Known(rule.separator.clone()));
            }
            push(self.labels.get(name).cloned().unwrap_or(Value::Known(String::new())));
        }
        out.retain(|value| *value != Value::Known(String::new()));
        out
    }

    /// An empty value removes the label.
    fn set(&mut self, name: &str, value: Value) {
        if value == Value::Known(String::new()) {
            self.labels.remove(name);
        } else {
            self.labels.insert(name.to_owned(), value);
        }
    }

    /// The texts `text` can be, going by the facts about it.
    fn words(&self, text: &[Value], more: Option<(&str, bool)>) -> Words {
        let shape: String = text
            .iter()
            .map(|part| match part {
                Value::Known(known) => regex::escape(known),
                Value::Some(_) => ".*".to_owned(),
            })
            .collect();
        let about = self.facts.iter().filter(|fact| fact.text == text);
        let all = about.map(|fact| (fact.pattern.as_str(), fact.matches)).chain(more);
        let (yes, no): (Vec<_>, Vec<_>) = all.chain([(shape.as_str(), true)]).partition(|(_, matches)| *matches);
        let patterns = |list: Vec<(&str, bool)>| list.into_iter().map(|(pattern, _)| pattern.to_owned()).collect();
        let (yes, no): (Vec<String>, Vec<String>) = (patterns(yes), patterns(no));
        let yes: Vec<&str> = yes.iter().map(String::as_str).collect();
        matching(&yes, &no.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The same where the unknown text `number` is `word`.
    fn with(mut self, number: usize, word: &str) -> Self {
        let is = Value::Some(number);
        for value in self.labels.values_mut().filter(|value| **value == is) {
            *value = Value::Known(word.to_owned());
        }
        self.labels.retain(|_, value| *value != Value::Known(String::new()));
        self.facts.retain(|fact| !fact.text.contains(&is));
        self
    }

    /// The labels that leave, with what is known of them.
    fn visible(self) -> Labels {
        let mut out = Labels::new();
        for (name, value) in self.labels.iter().filter(|(name, _)| !name.starts_with("__")) {
            let label = match value {
                Value::Known(text) => made(text.clone()),
                Value::Some(_) => match self.words(std::slice::from_ref(value), None) {
                    Words::These(words) if words.len() == 1 => Label::Known(words[0].clone()),
                    _ => Label::Unknown,
                },
            };
            if label != Label::Known(String::new()) {
                out.insert(name.clone(), label);
            }
        }
        if self.any {
            out.insert(ANY.to_owned(), Label::Unknown);
        }
        out
    }
}

struct Run {
    next: usize,
}

impl Run {
    fn fresh(&mut self) -> Value {
        self.next += 1;
        Value::Some(self.next)
    }

    /// What one rule can make of one state.
    fn step(&mut self, rule: &Rule, state: &State) -> Vec<State> {
        let Some(regex) = compiled(&anchored(&rule.regex)) else { return vec![self.vague(rule, state.clone())] };
        let text = state.joined(rule);
        match rule.action.as_str() {
            "replace" => self.replace(rule, &regex, state, &text),
            action @ ("keep" | "drop") => {
                let wanted = action == "keep";
                Self::split(rule, &regex, state, &text)
                    .into_iter()
                    .filter(|(hit, _)| *hit == wanted)
                    .map(|(_, one)| one)
                    .collect()
            }
            "keepequal" | "dropequal" => {
                let target = state.labels.get(&rule.target_label).cloned().unwrap_or(Value::Known(String::new()));
                let known = |values: &[Value]| match values {
                    [] => Some(String::new()),
                    [Value::Known(text)] => Some(text.clone()),
                    _ => None,
                };
                let equal = known(&text).zip(known(&[target])).map(|(one, two)| one == two);
                let stays = equal.is_none_or(|equal| equal == (rule.action == "keepequal"));
                stays.then(|| state.clone()).into_iter().collect()
            }
            "labelmap" => vec![Self::map(rule, &regex, state.clone())],
            action @ ("labeldrop" | "labelkeep") => {
                let mut state = state.clone();
                state.labels.retain(|name, _| regex.is_match(name) == (action == "labelkeep"));
                vec![state]
            }
            "lowercase" | "uppercase" => {
                let mut state = state.clone();
                let value = match text.as_slice() {
                    [] => Value::Known(String::new()),
                    [Value::Known(text)] if rule.action == "lowercase" => Value::Known(text.to_lowercase()),
                    [Value::Known(text)] => Value::Known(text.to_uppercase()),
                    _ => self.fresh(),
                };
                state.set(&rule.target_label, value);
                vec![state]
            }
            _ => vec![self.vague(rule, state.clone())],
        }
    }

    /// The state where the rule matches and the one where it does not, as far as both can be.
    fn split(rule: &Rule, regex: &Regex, state: &State, text: &[Value]) -> Vec<(bool, State)> {
        let known = match text {
            [] => Some(""),
            [Value::Known(text)] => Some(text.as_str()),
            _ => None,
        };
        if let Some(known) = known {
            let told = hit(regex, known).map_or_else(|| vec![true, false], |hit| vec![hit]);
            return told.into_iter().map(|hit| (hit, state.clone())).collect();
        }
        let mut out = Vec::new();
        for matches in [true, false] {
            match state.words(text, Some((&rule.regex, matches))) {
                Words::These(words) if words.is_empty() => {}
                // Few words, and they are what decides: one state for each keeps the rest exact.
                Words::These(words) if matches && matters(rule, state, text) => {
                    out.extend(words.into_iter().map(|word| (true, state.clone().is(text, rule, &word))));
                }
                _ => {
                    let mut state = state.clone();
                    state.facts.insert(Fact { text: text.to_vec(), pattern: rule.regex.clone(), matches });
                    out.push((matches, state));
                }
            }
        }
        out
    }

    fn replace(&mut self, rule: &Rule, regex: &Regex, state: &State, text: &[Value]) -> Vec<State> {
        let mut out = Vec::new();
        for (hit, mut state) in Self::split(rule, regex, state, text) {
            if !hit {
                out.push(state);
                continue;
            }
            let now = state.joined(rule);
            let word = match now.as_slice() {
                [] => Some(String::new()),
                [Value::Known(text)] => Some(text.clone()),
                _ => match state.words(text, Some((&rule.regex, true))) {
                    Words::These(words) if words.len() == 1 => words.into_iter().next(),
                    _ => None,
                },
            };
            let fixed = |text: &str| !text.contains('$');
            match word {
                Some(word) => {
                    let parts = expand(regex, &word, &rule.replacement).zip(expand(regex, &word, &rule.target_label));
                    match parts {
                        Some((value, target)) => state.set(&target, Value::Known(value)),
                        None => state = self.vague(rule, state),
                    }
                }
                None if !fixed(&rule.target_label) => state = self.vague(rule, state),
                None if fixed(&rule.replacement) => {
                    state.set(&rule.target_label, Value::Known(rule.replacement.clone()));
                }
                None => {
                    let whole = matches!(rule.regex.as_str(), "(.*)" | "(.+)");
                    let copy = whole && matches!(rule.replacement.as_str(), "$1" | "${1}");
                    let value = match now.as_slice() {
                        [only] if copy => only.clone(),
                        _ => self.fresh(),
                    };
                    state.set(&rule.target_label, value);
                }
            }
            out.push(state);
        }
        out
    }

    /// `labelmap`: a pattern that takes hidden names in may take in names nobody has listed.
    fn map(rule: &Rule, regex: &Regex, mut state: State) -> State {
        let mapped: Vec<(String, Value)> = state
            .labels
            .iter()
            .filter_map(|(name, value)| Some((expand(regex, name, &rule.replacement)?, value.clone())))
            .collect();
        for (name, value) in mapped {
            state.set(&name, value);
        }
        let hidden = matching(&[&rule.regex, "__.*"], &[]);
        let listed = |words: &[String]| words.iter().all(|word| state.labels.contains_key(word));
        if !matches!(&hidden, Words::These(words) if listed(words)) {
            state.any = true;
        }
        state
    }

    /// The state behind a rule that is not followed: its target may be anything.
    fn vague(&mut self, rule: &Rule, mut state: State) -> State {
        match rule.action.as_str() {
            "keep" | "drop" | "keepequal" | "dropequal" => {}
            "replace" | "lowercase" | "uppercase" | "hashmod" if !rule.target_label.contains('$') => {
                let value = self.fresh();
                state.labels.insert(rule.target_label.clone(), value);
            }
            _ => {
                state.any = true;
                for value in state.labels.values_mut() {
                    *value = self.fresh();
                }
            }
        }
        state
    }
}

impl State {
    /// The same where the rule was found to match because the text is `word`.
    fn is(mut self, text: &[Value], rule: &Rule, word: &str) -> Self {
        if let [Value::Some(number)] = text {
            return self.with(*number, word);
        }
        for pattern in [regex::escape(word), rule.regex.clone()] {
            self.facts.insert(Fact { text: text.to_vec(), pattern, matches: true });
        }
        self
    }
}

/// Whether it makes a difference which of its words the text is: the rule writes a part of it, or a label that leaves
/// carries it.
fn matters(rule: &Rule, state: &State, text: &[Value]) -> bool {
    let writes = rule.action == "replace" && (rule.replacement.contains('$') || rule.target_label.contains('$'));
    writes || state.labels.iter().any(|(name, value)| !name.starts_with("__") && text.contains(value))
}
