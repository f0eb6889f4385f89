//! What an Alloy configuration does with logs: syslog listeners, Docker-socket blocks, other log sources.
//!
//! Knows: the components of label-surface 5.2 and how they refer to each other. Must not know: which host the
//! configuration is for; every text here is as written, Jinja included.

mod around;
mod others;
mod pipes;
mod read;

use std::sync::Arc;

use super::relabel::Rule;
use crate::text::{Place, Source, Span};

pub use others::{Other, Target};
pub use pipes::{Does, Outlets, Pipe, Stage, Touches};
pub use read::{may_be_config, read};

/// A string of the configuration as written, Jinja left as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Decoded, without quotes.
    pub raw: String,
    /// The literal, quotes included.
    pub at: Span,
}

/// Where a component sends lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// Dotted path (`loki.write.default.receiver`).
    pub path: String,
    /// Where it is written.
    pub at: Span,
}

/// The labels a component sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LabelMap {
    /// Name and value, in order.
    Known(Vec<(String, Text)>),
    /// Computed by a loop or an expression (real-world A8).
    Computed(Span),
}

/// One `listener` block of a `loki.source.syslog`.
#[derive(Clone, Debug)]
pub struct Listener {
    /// The `listener` block.
    pub at: Span,
    /// The component it stands in.
    pub component_at: Span,
    /// `loki.source.syslog.kairos_logs`.
    pub component: String,
    /// How many listeners the component has.
    pub of: usize,
    /// `address`.
    pub address: Option<Text>,
    /// `protocol`; `tcp` when it is not written.
    pub protocol: String,
    /// `labels`.
    pub labels: LabelMap,
    /// `forward_to` of the component; `None` when it is computed.
    pub feeds: Option<Vec<Feed>>,
    /// Where the component forwards to.
    pub to: Outlets,
    /// `relabel_rules` of the component.
    pub relabel: Option<Feed>,
    /// Those rules; an error says why they cannot be told.
    pub rules: Result<Vec<Rule>, String>,
    /// The Jinja loop around it.
    pub in_loop: Option<Span>,
    /// Conditions of the Jinja arms it stands in.
    pub when: Vec<String>,
    /// What the only loop around it runs over, where it is an ordinary one.
    pub repeats: Option<Repeats>,
}

impl Listener {
    /// The labels that its `relabel_rules` set, when that is all they do: they drop no line and touch no label by which
    /// streams are told apart before and after a move. `None` when they do more, or cannot be told.
    pub fn set_by_rules(&self) -> Option<Vec<&str>> {
        let set = |rule: &Rule| {
            let sets = matches!(rule.action.as_str(), "replace" | "lowercase" | "uppercase");
            sets && !rule.target_label.contains(['{', '$'])
        };
        let rules = self.rules.as_ref().ok().filter(|rules| rules.iter().all(set))?;
        let labels: Vec<&str> = rules.iter().map(|rule| rule.target_label.as_str()).collect();
        let told = ["job", "service", "component", "container"];
        (!labels.iter().any(|label| told.contains(label))).then_some(labels)
    }
}

/// `{% for names in over %}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeats {
    /// Names of an item.
    pub names: Vec<String>,
    /// The expression.
    pub over: String,
}

/// One `loki.source.docker` with what feeds it.
#[derive(Clone, Debug)]
pub struct Socket {
    /// The `loki.source.docker` block.
    pub at: Span,
    /// Relabel rules between discovery and source, in order.
    pub rules: Result<Vec<Rule>, String>,
    /// Where each of them stands, and then each of [`Self::relabel`].
    pub rules_at: Vec<Span>,
    /// `labels` of the source.
    pub labels: LabelMap,
    /// `forward_to`; `None` when it is computed.
    pub feeds: Option<Vec<Feed>>,
    /// The rules that `relabel_rules` of the source names; an error says why they cannot be told.
    pub relabel: Result<Vec<Rule>, String>,
    /// Where it forwards to.
    pub to: Outlets,
    /// Conditions of the Jinja arms in which it, and what feeds it, stand.
    pub when: Vec<String>,
    /// The engines that it and what feeds it name as `host`; `None` for one that is computed.
    pub engines: Vec<Option<Text>>,
}

/// One configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file.
    pub source: Arc<Source>,
    /// Syslog listeners, in file order.
    pub listeners: Vec<Listener>,
    /// Docker-socket sources.
    pub sockets: Vec<Socket>,
    /// Other log sources.
    pub others: Vec<Other>,
    /// What lines pass through on their way to Loki.
    pub pipes: Vec<Pipe>,
    /// Units, identifiers and job names that journal rules name: native services.
    pub natives: Vec<Text>,
    /// Names of all components (`discovery.docker.containers`), to avoid a clash.
    pub components: Vec<String>,
    /// Components of modules (`import.…`, `declare`) that are given a receiver, by name and place: nobody knows what they
    /// read.
    pub modules: Vec<(String, Span)>,
    /// Syslog sources without a listener, by name and place: they receive nothing.
    pub idle: Vec<(String, Span)>,
}

impl Config {
    /// A place in this configuration.
    pub fn place(&self, span: Span) -> Place {
        Place::new(&self.source, span)
    }

    /// The selectors of every `stage.match`, in no order.
    pub fn selectors(&self) -> Vec<&Text> {
        let mut out = Vec::new();
        let mut work: Vec<&Stage> = Vec::new();
        for pipe in &self.pipes {
            if let Does::Process(stages) = &pipe.does {
                work.extend(stages);
            }
        }
        while let Some(stage) = work.pop() {
            if let Touches::Match { selector: Some(text), .. } = &stage.touches {
                out.push(text);
            }
            work.extend(&stage.inner);
        }
        out
    }
}
