//! Log sources that are neither syslog listeners nor the Docker socket.
//!
//! Knows: which labels each kind of source sets, and the targets of file sources. Must not know: hosts or values of
//! variables.

use super::read::Reader;
use super::{LabelMap, Outlets, Text, around};
use crate::syntax::alloy::{Attribute, Block, Expr, Kind};
use crate::text::Span;
use crate::topology::relabel::Rule;

/// Another source of log lines: the journal, files, anything.
#[derive(Clone, Debug)]
pub struct Other {
    /// The block.
    pub at: Span,
    /// `loki.source.journal.systemd_logs`.
    pub component: String,
    /// What it reads, each with its labels.
    pub targets: Vec<Target>,
    /// Whether each line carries the path of its file as `filename`.
    pub files: bool,
    /// The rules that `relabel_rules` names; an error says why they cannot be told.
    pub relabel: Result<Vec<Rule>, String>,
    /// Where it forwards to.
    pub to: Outlets,
    /// Conditions of the Jinja arms it stands in.
    pub when: Vec<String>,
}

/// Something a source reads.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its labels, hidden ones (`__path__`) too.
    pub labels: LabelMap,
    /// Rules between it and the source, in order; an error says why they cannot be told.
    pub rules: Result<Vec<Rule>, String>,
    /// Whether it brings labels that the configuration does not name.
    pub brings_more: bool,
}

/// How many components a target may come through.
const DEEPEST: usize = 16;

impl Reader<'_> {
    /// The component, if it is such a source.
    pub(super) fn other(&self, block: Block<'_, '_>) -> Option<Other> {
        let name = block.name();
        let kind = name.strip_prefix("loki.source.").filter(|kind| !matches!(*kind, "syslog" | "docker"))?;
        let own = self.labels(block.attr("labels").map(Attribute::value));
        let files = kind == "file";
        let targets = match kind {
            "file" => match block.attr("targets").map(Attribute::value) {
                Some(list) => self.targets(list, DEEPEST),
                None => vec![unknown(block.span())],
            },
            // They set a `job` of their own accord, which their labels overwrite.
            "journal" | "gelf" => {
                vec![Target { labels: with_job(own, block), rules: Ok(Vec::new()), brings_more: false }]
            }
            "heroku" | "cloudflare" => vec![Target { labels: own, rules: Ok(Vec::new()), brings_more: false }],
            _ => vec![Target { labels: own, rules: Ok(Vec::new()), brings_more: true }],
        };
        Some(Other {
            at: block.span(),
            component: block.id(),
            targets,
            files,
            relabel: self.own_rules(block),
            to: self.outlets(block),
            when: around::conditions(self.text, self.mask, block.span().start()),
        })
    }

    /// The targets of an expression: a list, what another component exports, or several of those in one.
    fn targets(&self, expr: Expr<'_, '_>, depth: usize) -> Vec<Target> {
        let nobody_knows = || vec![unknown(expr.span())];
        if depth == 0 {
            return nobody_knows();
        }
        if let Some(path) = expr.path() {
            let (component, export) = path.rsplit_once('.').unwrap_or((&path, ""));
            let Some(block) = self.config.blocks().find(|one| one.id() == component) else { return nobody_knows() };
            let name = block.name();
            let source = match (name.as_ref(), export) {
                ("local.file_match", "targets") => block.attr("path_targets"),
                ("discovery.relabel", "output") => block.attr("targets"),
                _ => None,
            };
            let Some(source) = source else { return nobody_knows() };
            let mut found = self.targets(source.value(), depth - 1);
            if export == "output" {
                for target in &mut found {
                    let more = self.rules(block);
                    target.rules = target.rules.clone().and_then(|rules| Ok([rules, more?].concat()));
                }
            }
            return found;
        }
        match expr.kind() {
            // One more list in a template's arm or loop is a target like the others, as often as it may be there.
            Kind::Array => expr.items().flat_map(|item| self.targets(item, depth - 1)).collect(),
            Kind::Object => {
                vec![Target { labels: self.labels(Some(expr)), rules: Ok(Vec::new()), brings_more: false }]
            }
            Kind::Call => {
                let mut parts = expr.children();
                match parts.next().and_then(Expr::path).as_deref() {
                    Some("concat" | "array.concat") => parts.flat_map(|part| self.targets(part, depth - 1)).collect(),
                    _ => nobody_knows(),
                }
            }
            _ => nobody_knows(),
        }
    }
}

fn unknown(at: Span) -> Target {
    Target { labels: LabelMap::Computed(at), rules: Ok(Vec::new()), brings_more: true }
}

fn with_job(labels: LabelMap, block: Block<'_, '_>) -> LabelMap {
    match labels {
        LabelMap::Known(mut list) if !list.iter().any(|(name, _)| name == "job") => {
            list.insert(0, ("job".to_owned(), Text { raw: block.id(), at: block.name_span() }));
            LabelMap::Known(list)
        }
        other => other,
    }
}
