//! The way of a line from its source to Loki on one host, as far as its labels go.
//!
//! Knows: what each component of Alloy does with labels, and in which order. Must not know: which containers write
//! lines, or what a move changes. Where it is not known which way a line takes, it takes all of them: a label set that
//! can be is never missed.

use std::collections::{BTreeMap, BTreeSet};

use super::alloy::{Config, Does, LabelMap, Other, Outlets, Pipe, Stage, Target, Touches};
use super::relabel::{ANY, Labels, Rule, results};
use super::runs::Host;
use super::{Label, Scope, Topology, compose};
use crate::syntax::alloy::selector;

/// How many label sets of one source are followed.
const MOST: usize = 512;
/// How many components a line may pass.
const DEEPEST: usize = 32;

/// The components of one host.
pub struct Plumbing<'t> {
    scope: Option<Scope<'t>>,
    pipes: BTreeMap<&'t str, &'t Pipe>,
}

/// Labels of any name and value.
pub fn anything() -> Labels {
    Labels::from([(ANY.to_owned(), Label::Unknown), ("job".to_owned(), Label::Unknown)])
}

impl<'t> Plumbing<'t> {
    /// Those of `host`: of all its configurations, which are one module.
    pub fn of(topology: &'t Topology, host: &Host) -> Self {
        let configs = host.configs.iter().filter_map(|one| topology.alloy.get(one.config));
        Self { scope: topology.scope(host), pipes: configs.flat_map(pipes).collect() }
    }

    /// The component of this name.
    pub fn pipe(&self, id: &str) -> Option<&'t Pipe> {
        self.pipes.get(id).copied()
    }

    /// The label sets that arrive in Loki of a line that leaves its source with `labels`; none when it is dropped.
    pub fn arrive(&self, to: &Outlets, labels: &Labels) -> Vec<Labels> {
        self.follow(to, labels, None)
    }

    /// The label sets that such a line has where it enters `component`.
    pub fn enter(&self, to: &Outlets, labels: &Labels, component: &str) -> Vec<Labels> {
        self.follow(to, labels, Some(component))
    }

    /// The components that lines pass behind `to`; `None` when one of them is not known.
    pub fn reach(&self, to: &Outlets) -> Option<Vec<&'t Pipe>> {
        let mut found: Vec<&Pipe> = Vec::new();
        let mut work: Vec<&Outlets> = vec![to];
        while let Some(outlets) = work.pop() {
            if outlets.open {
                return None;
            }
            for id in &outlets.to {
                let pipe = self.pipe(id)?;
                if !found.iter().any(|have| have.id == pipe.id) {
                    found.push(pipe);
                    work.push(&pipe.to);
                }
            }
        }
        Some(found)
    }

    fn follow(&self, to: &Outlets, labels: &Labels, until: Option<&str>) -> Vec<Labels> {
        let mut out: BTreeSet<Labels> = BTreeSet::new();
        let mut seen: BTreeSet<(String, Labels)> = BTreeSet::new();
        let mut work: Vec<(String, Labels)> = Vec::new();
        let push = |outlets: &Outlets, labels: &Labels, out: &mut BTreeSet<Labels>, work: &mut Vec<_>| {
            work.extend(outlets.to.iter().map(|id| (id.clone(), labels.clone())));
            if outlets.open {
                out.insert(anything());
            }
        };
        push(to, labels, &mut out, &mut work);
        while let Some((id, labels)) = work.pop() {
            if seen.len() > MOST * DEEPEST || out.len() > MOST {
                return vec![anything()];
            }
            if !seen.insert((id.clone(), labels.clone())) {
                continue;
            }
            if until == Some(id.as_str()) {
                out.insert(labels);
                continue;
            }
            let Some(pipe) = self.pipe(&id) else {
                out.insert(anything());
                continue;
            };
            match &pipe.does {
                Does::Write(external) if until.is_none() => drop(out.insert(self.written(external, labels))),
                Does::Write(_) | Does::Print => {}
                Does::Unknown => drop(out.insert(anything())),
                Does::Relabel(rules) => {
                    // A source keeps its hidden labels to itself.
                    for labels in self.by_rules(rules, &labels, false) {
                        push(&pipe.to, &labels, &mut out, &mut work);
                    }
                }
                Does::Process(stages) => {
                    for labels in self.processed(stages, vec![labels]) {
                        push(&pipe.to, &labels, &mut out, &mut work);
                    }
                }
            }
        }
        out.into_iter().collect()
    }

    /// A label the line has already wins over an external one.
    fn written(&self, external: &LabelMap, mut labels: Labels) -> Labels {
        let more = labels.contains_key(ANY);
        for (name, value) in self.labels(external) {
            labels.entry(name).or_insert(if more { Label::Unknown } else { value });
        }
        labels.retain(|name, value| !name.starts_with("__") && *value != Label::Known(String::new()));
        labels
    }

    /// A map of labels with its values on this host.
    pub fn labels(&self, map: &LabelMap) -> Labels {
        let LabelMap::Known(list) = map else { return anything() };
        let value = |text: &str| {
            let plain = !text.contains("{{") && !text.contains("{%") && !compose::is_unresolved(text);
            let named = || self.scope.as_ref()?.named(text);
            if plain { Label::Known(text.to_owned()) } else { named().map_or(Label::Unknown, Label::of) }
        };
        list.iter().map(|(name, text)| (name.clone(), value(&text.raw))).collect()
    }

    /// What the relabel rules of a source can make of its labels, hidden ones included, which are gone afterwards.
    pub fn relabelled(&self, rules: &Result<Vec<Rule>, String>, labels: &Labels) -> Vec<Labels> {
        self.by_rules(rules, labels, true)
    }

    fn by_rules(&self, rules: &Result<Vec<Rule>, String>, labels: &Labels, hidden: bool) -> Vec<Labels> {
        match rules {
            Ok(rules) => results(&self.filled(rules), labels, hidden),
            Err(_) => vec![anything()],
        }
    }

    /// The rules with their templates filled in. One that cannot be is made a rule that nobody can read.
    pub fn filled(&self, rules: &[Rule]) -> Vec<Rule> {
        let fill = |text: &str, broken: &str| {
            let resolved = || self.scope.as_ref()?.resolve(text);
            if text.contains("{{") { resolved().unwrap_or_else(|| broken.to_owned()) } else { text.to_owned() }
        };
        let one = |rule: &Rule| {
            let mut new = rule.clone();
            new.source_labels = rule.source_labels.iter().map(|name| fill(name, "__unknown")).collect();
            new.regex = fill(&rule.regex, "(");
            new.target_label = fill(&rule.target_label, "$");
            new.action = fill(&rule.action, "unknown");
            new.separator = fill(&rule.separator, ";");
            new.replacement = self.replacement(&rule.replacement);
            // What stands in the place of an unknown part must not look like a known one.
            let lost =
                |old: &str| old.contains("{{") && self.scope.as_ref().and_then(|scope| scope.resolve(old)).is_none();
            if lost(&rule.separator) || rule.source_labels.iter().any(|name| lost(name)) {
                new.regex = String::from("(");
            }
            new
        };
        rules.iter().map(one).collect()
    }

    /// A replacement, in which marks stand for what is not known.
    fn replacement(&self, text: &str) -> String {
        let plain = !text.contains("{{") && !compose::is_unresolved(text);
        let named = || self.scope.as_ref()?.named(text);
        let nobody_knows = || compose::unresolved(text);
        if plain { text.to_owned() } else { named().unwrap_or_else(nobody_knows) }
    }

    /// The label sets that leave the sources of `other`.
    pub fn leaves(&self, other: &Other) -> Vec<Labels> {
        let mut out = BTreeSet::new();
        for target in &other.targets {
            for labels in self.target(other, target) {
                out.extend(self.relabelled(&other.relabel, &labels));
            }
        }
        out.into_iter().collect()
    }

    /// Whether the conditions around a block are known to fail on this host.
    pub fn is_off(&self, when: &[String]) -> bool {
        self.scope.as_ref().is_some_and(|scope| scope.is_false(when))
    }

    fn target(&self, other: &Other, target: &Target) -> Vec<Labels> {
        let mut labels = self.labels(&target.labels);
        if target.brings_more {
            labels.insert(ANY.to_owned(), Label::Unknown);
            labels.entry("job".to_owned()).or_insert(Label::Unknown);
        }
        if !other.files {
            return vec![labels];
        }
        let path = match labels.get("__path__") {
            Some(Label::Known(path)) if !path.contains(['*', '?', '[', '{', '\\']) => Label::Known(path.clone()),
            _ => Label::Unknown,
        };
        labels.insert("__path__".to_owned(), path.clone());
        let mut sets = match &target.rules {
            Ok(rules) if rules.is_empty() => vec![labels],
            rules => self.relabelled(rules, &labels),
        };
        for labels in &mut sets {
            labels.insert("filename".to_owned(), path.clone());
        }
        sets
    }

    /// What stages make of label sets, in order.
    fn processed(&self, stages: &[Stage], sets: Vec<Labels>) -> Vec<Labels> {
        let mut sets: BTreeSet<Labels> = sets.into_iter().collect();
        for stage in stages {
            let mut next = BTreeSet::new();
            for labels in sets {
                if stage.perhaps {
                    next.insert(labels.clone());
                }
                next.extend(self.staged(stage, labels));
            }
            if next.len() > MOST {
                return vec![anything()];
            }
            sets = next;
        }
        sets.into_iter().collect()
    }

    fn staged(&self, stage: &Stage, mut labels: Labels) -> Vec<Labels> {
        match &stage.touches {
            Touches::Nothing => {}
            Touches::Set(map) => labels.extend(self.labels(map)),
            Touches::Write(names) => labels.extend(names.iter().map(|name| (name.clone(), Label::Unknown))),
            Touches::Remove(names) => labels.retain(|name, _| !names.contains(name)),
            Touches::Keep(names) => {
                if labels.remove(ANY).is_some() {
                    let more = names.iter().map(|name| (name.clone(), Label::Unknown));
                    labels = more.chain(labels).collect();
                }
                labels.retain(|name, _| names.contains(name));
            }
            Touches::Any => return vec![anything()],
            Touches::Match { selector, drop } => {
                let selector = selector.as_ref().and_then(|text| self.filled_selector(&text.raw));
                let hit = selector.as_ref().and_then(|selector| hits(selector, &labels));
                let inside = if *drop { Vec::new() } else { self.processed(&stage.inner, vec![labels.clone()]) };
                return match hit {
                    Some(false) => vec![labels],
                    Some(true) => inside,
                    None => [inside, vec![labels]].concat(),
                };
            }
        }
        vec![labels]
    }

    /// A selector as it is on this host.
    pub fn filled_selector(&self, text: &str) -> Option<selector::Selector> {
        let filled = if text.contains("{{") || text.contains("{%") {
            self.scope.as_ref()?.resolve(text)?
        } else {
            text.to_owned()
        };
        selector::read(&filled).ok()
    }
}

/// Whether a selector takes every line with these labels, or none; `None` when that cannot be told.
pub(super) fn hits(selector: &selector::Selector, labels: &Labels) -> Option<bool> {
    let mut sure = !selector.filters;
    for matcher in &selector.matchers {
        let value = match labels.get(&matcher.name) {
            Some(Label::Known(value)) => Some(value.as_str()),
            Some(Label::Symbol(_) | Label::Unknown) => None,
            None if labels.contains_key(ANY) => None,
            None => Some(""),
        };
        let wanted = matches!(matcher.op, "=" | "=~");
        let hit = value.and_then(|value| match matcher.op {
            "=" | "!=" => Some(value == matcher.value),
            _ => Some(regex::Regex::new(&format!("^(?:{})$", matcher.value)).ok()?.is_match(value)),
        });
        match hit {
            Some(hit) if hit != wanted => return Some(false),
            Some(_) => {}
            None => sure = false,
        }
    }
    sure.then_some(true)
}

/// Several label sets of one line as one: a label they do not agree on is unknown.
pub fn merged(sets: Vec<Labels>) -> Option<Labels> {
    let mut sets = sets.into_iter();
    let mut out = sets.next()?;
    for other in sets {
        for name in other.keys() {
            if !out.contains_key(name) {
                out.insert(name.clone(), Label::Unknown);
            }
        }
        for (name, value) in &mut out {
            if other.get(name) != Some(value) {
                *value = Label::Unknown;
            }
        }
    }
    Some(out)
}

fn pipes(config: &Config) -> impl Iterator<Item = (&str, &Pipe)> {
    config.pipes.iter().map(|pipe| (pipe.id.as_str(), pipe))
}

#[cfg(test)]
mod tests;
