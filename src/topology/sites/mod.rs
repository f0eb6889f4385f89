//! Query sites: every place in a dashboard or rule file that holds a query, and what hangs on it.
//!
//! Knows: the shapes of Grafana dashboards of any age, provisioned alerts and rule files (label-surface 2 and 3), as
//! trees. Must not know: what a query means, which job moves, or how anything is changed. Reading one file is a pure
//! function of that file; what needs the rest of the repository (is it Loki?) is decided in [`language`].

mod document;
pub mod language;
mod names;
mod place;
#[cfg(test)]
mod tests;
mod walk;

use std::sync::Arc;

use crate::finding::Finding;
use crate::text::{Source, Span, View};

pub use document::{Document, can_hold_queries, documents};
pub use names::Names;

/// What kind of place a query stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SiteKind {
    /// A target of a panel.
    Panel,
    /// An annotation query of a dashboard.
    Annotation,
    /// A query variable of a dashboard.
    Variable,
    /// The key of an ad hoc filter of a dashboard; applies to every query of its datasource.
    AdHoc,
    /// A query of a Grafana-managed alert rule.
    AlertQuery,
    /// The expression of an alerting or recording rule of Loki's ruler or of Prometheus.
    Rule,
}

impl SiteKind {
    /// Whether it belongs to a dashboard.
    pub fn on_dashboard(self) -> bool {
        !matches!(self, Self::AlertQuery | Self::Rule)
    }
}

/// A datasource reference as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Written {
    /// No key.
    #[default]
    Absent,
    /// `null`.
    Null,
    /// A name, as old dashboards write it, or a variable.
    Name(String),
    /// `{type, uid}`.
    Object {
        /// `uid`, or `name` in the newest schema.
        uid: Option<String>,
        /// `type`.
        kind: Option<String>,
    },
    /// A template fills it in.
    Template,
}

/// What a file says about the datasource of one site. Enough to decide with the repository's datasources at hand.
#[derive(Clone, Debug)]
pub enum Evidence {
    /// A target in a panel (label-surface 2.2, 2 to 7).
    Target {
        /// At the target.
        target: Written,
        /// At the panel.
        panel: Written,
        /// At the other targets of the panel.
        others: Vec<Written>,
        /// `schemaVersion` of the dashboard.
        schema: Option<u32>,
    },
    /// A query of the newest dashboard schema, which names the plugin (label-surface 2.2, 1).
    Plugin {
        /// `group`, or `kind` in its first version.
        plugin: Option<String>,
        /// The datasource beside it.
        datasource: Written,
    },
    /// An annotation, a variable: a reference of its own, or the default.
    Own(Written),
    /// `datasourceUid` of a Grafana-managed alert query, and what its model says.
    Alert {
        /// Beside the model.
        uid: Option<String>,
        /// In the model.
        model: Written,
    },
    /// Nothing in a rule file says it; rules of one set (one `groups:` list) are of one language.
    RuleSet(usize),
}

/// One query in a file.
#[derive(Clone, Debug)]
pub struct Site {
    /// The scalar that holds the query, decoded, with the way back to its bytes.
    pub view: View,
    /// The query in the decoded text; all of it but for `label_values(…)` variables.
    pub query: Span,
    /// What kind of place.
    pub kind: SiteKind,
    /// Panel, rule or dashboard it belongs to: index into [`FileSites::holders`].
    pub holder: usize,
    /// `refId` of a target.
    pub ref_id: Option<String>,
    /// What decides the language.
    pub evidence: Evidence,
    /// Where the file says most about the datasource.
    pub datasource_at: Option<Span>,
    /// `legendFormat`, `titleFormat` and other legends of this one query.
    pub legends: Vec<View>,
    /// Lists of labels: `tagKeys` of an annotation, the result label of a variable.
    pub keys: Vec<View>,
    /// Copies of the query kept for display (`definition`).
    pub copies: Vec<View>,
    /// Whether a template fills in a part of the query.
    pub template: bool,
}

/// A panel, rule or dashboard: what its sites have in common.
#[derive(Clone, Debug, Default)]
pub struct Holder {
    /// For people: `panel "Errors"`, `rule "KairosErrors"`.
    pub name: String,
    /// Annotations and labels of an alert rule: templates over the labels of its queries.
    pub texts: Vec<View>,
    /// Places of a panel that name the label `job` outside its targets: transformations, overrides, display names.
    pub named: Vec<View>,
    /// Whether it is a recording rule: its labels are a contract with those who read the metric.
    pub record: bool,
}

/// What one file holds.
#[derive(Clone, Debug)]
pub struct FileSites {
    /// The file.
    pub source: Arc<Source>,
    /// Its queries, in file order within each document.
    pub sites: Vec<Site>,
    /// What they belong to.
    pub holders: Vec<Holder>,
    /// Names of datasource variables and inputs.
    pub names: Names,
    /// Documents that cannot be read.
    pub findings: Vec<Finding>,
}

/// All query sites of a file; none for a file that is neither JSON nor YAML. What cannot be read is a finding, with
/// the level [`crate::finding::Level::Note`]: whoever knows what moves decides whether it matters.
pub fn read(source: &Arc<Source>) -> FileSites {
    read_beside(source, &mut |_| ())
}

/// The same; `also` sees every document that could be read, so that nothing has to be parsed twice.
pub fn read_beside(source: &Arc<Source>, also: &mut dyn FnMut(&Document<'_>)) -> FileSites {
    let mut file = FileSites {
        source: Arc::clone(source),
        sites: Vec::new(),
        holders: Vec::new(),
        names: Names::default(),
        findings: Vec::new(),
    };
    let mut sets = 0;
    documents(source, &mut |document| match document {
        Ok(document) => {
            also(&document);
            walk::collect(&document, &mut file, &mut sets);
        }
        Err(finding) => file.findings.push(finding),
    });
    file
}

impl FileSites {
    /// The bytes of the file that its sites answer for, sorted: queries with what hangs on them.
    pub fn handled(&self) -> Vec<Span> {
        let whole = |view: &View| view.raw(Span::new(0, view.text().len()));
        let mut spans: Vec<Span> = self
            .sites
            .iter()
            .flat_map(|site| std::iter::once(&site.view).chain(&site.legends).chain(&site.keys).chain(&site.copies))
            .chain(self.holders.iter().flat_map(|holder| holder.texts.iter().chain(&holder.named)))
            .map(whole)
            .collect();
        spans.sort_unstable();
        spans
    }
}
