//! Query sites: every place in a dashboard or rule file that holds a query, and what hangs on it.
//!
//! Knows: the shapes of Grafana dashboards of any age, provisioned alerts and rule files (label-surface 2 and 3), as
//! trees. Must not know: what a query means, which job moves, or how anything is changed. Reading one file is a pure
//! function of that file; what needs the rest of the repository (is it Loki?) is decided in [`language`].

pub mod alerts;
mod asks;
mod columns;
mod document;
mod judged;
pub mod language;
mod links;
mod names;
mod own_job;
mod place;
mod prose;
mod provisioned;
mod settings;
#[cfg(test)]
mod tests;
mod uses;
mod variables;
mod walk;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use crate::finding::Finding;
use crate::syntax::SyntaxError;
use crate::text::{Source, Span, View};

pub use asks::Asks;
pub use document::{Document, can_hold_queries, documents};
pub use judged::Judged;
pub use names::{Names, variable};
pub use own_job::{OwnJob, Slot};
pub use settings::values;
pub use uses::{Used, Uses};
pub use variables::{Value, Variable, VariableKind};

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
    /// A query in a link of a dashboard.
    Link,
    /// A query in a link of an alert rule.
    RuleLink,
    /// A query in a text of an alert rule: an annotation, a label.
    RuleText,
    /// A query of one provisioned datasource to another.
    Asked,
    /// The name `job` in what a provisioned datasource asks of another: the tag of a span, a field.
    Tag,
}

impl SiteKind {
    /// Whether it belongs to a dashboard.
    pub fn on_dashboard(self) -> bool {
        !matches!(self, Self::AlertQuery | Self::Rule | Self::RuleLink | Self::RuleText)
    }

    /// Whether it is a query in a link or a text: nothing hangs on its result.
    pub fn is_link(self) -> bool {
        matches!(self, Self::Link | Self::RuleLink | Self::RuleText | Self::Asked | Self::Tag)
    }
}

/// A datasource reference as it is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// A target in a panel (label-surface 2.2, 2 to 7).
    Target {
        /// At the target.
        target: Written,
        /// At the panel.
        panel: Written,
        /// What the targets of the panel state, this one and the others, and how many of them: one list for all.
        beside: Arc<BTreeMap<Written, usize>>,
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
    /// In a link to Explore.
    Explore {
        /// At the query.
        query: Written,
        /// At the pane.
        pane: Written,
    },
    /// Nothing in a rule file says it; rules of one set (one `groups:` list) are of one language.
    RuleSet(usize),
    /// In a text of a rule: what the rule asks, or the query itself.
    Text,
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
    /// Operator and value of an ad hoc filter.
    pub filter: Option<(String, String)>,
    /// Whether a template fills in a part of the query.
    pub template: bool,
    /// What can concern it, once that was asked for.
    asks: OnceLock<Result<Asks, SyntaxError>>,
}

/// A link that stands for a query without holding it.
#[derive(Clone, Debug)]
pub struct Apart {
    /// The URL.
    pub view: View,
    /// What it is about, in the decoded text.
    pub span: Span,
    /// What it is.
    pub kind: ApartKind,
}

/// What kind of link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApartKind {
    /// `/goto/…`: what it leads to is known to the server alone.
    ShortLink,
    /// A value in the URL of Logs Drilldown, with the label it is one of.
    Drilldown {
        /// `service` there stands for `service_name`.
        label: String,
    },
}

/// A panel, rule or dashboard: what its sites have in common.
#[derive(Clone, Debug)]
pub struct Holder {
    /// For people: `panel "Errors"`, `rule "KairosErrors"`.
    pub name: String,
    /// Its bytes.
    pub at: Span,
    /// Annotations and labels of an alert rule: templates over the labels of its queries.
    pub texts: Vec<RuleText>,
    /// What an alert rule says of the label `job` of its alerts.
    pub own_job: OwnJob,
    /// How the parts of a Grafana-managed rule feed each other.
    pub flow: Option<alerts::Flow>,
    /// Places of a panel that name such a label outside its targets: transformations, overrides, display names.
    pub settings: Vec<Setting>,
    /// What a table of labels is made of, where a panel is one.
    pub columns: Option<Columns>,
    /// How many queries a panel has, server-side expressions not counted.
    pub targets: usize,
    /// `id` of a panel.
    pub id: Option<String>,
    /// `id` of the panel whose results a panel shows again.
    pub shows: Option<String>,
    /// Whether it is a recording rule: its labels are a contract with those who read the metric.
    pub record: bool,
}

/// An annotation or a label of an alert rule.
#[derive(Clone, Debug)]
pub struct RuleText {
    /// Name of the label it is the value of; an annotation has none.
    pub label: Option<String>,
    /// The bytes of its key.
    pub key: Span,
    /// Its value.
    pub view: View,
}

/// A table with a column for each label of its lines or series.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// Labels that have no column.
    pub hidden: Vec<String>,
}

/// A place in the settings of a panel that names a label which a move gives another name.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The label.
    pub label: &'static str,
    /// The scalar.
    pub view: View,
    /// The name in the decoded text.
    pub span: Span,
    /// What the name does there.
    pub role: SettingRole,
    /// The keys of the mapping it is a key of.
    pub beside: Arc<HashSet<String>>,
}

/// What a name in the settings of a panel does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingRole {
    /// It names the field or label.
    Name,
    /// It names the field or label, and the value goes elsewhere: into a link, into names of fields.
    Value,
    /// It is the name of a field the panel itself makes.
    Made,
    /// It is a pattern, the name of a whole series, or a setting nobody knows.
    Pattern,
}

/// What one file holds.
#[derive(Debug)]
pub struct FileSites {
    /// The file.
    pub source: Arc<Source>,
    /// Its queries, in file order within each document.
    pub sites: Vec<Site>,
    /// What they belong to.
    pub holders: Vec<Holder>,
    /// Links that stand for a query.
    pub apart: Vec<Apart>,
    /// Variables of its dashboards.
    pub variables: Vec<Variable>,
    /// Names of variables that a panel or row is repeated by.
    pub repeats: Vec<String>,
    /// Names of datasource variables and inputs.
    pub names: Names,
    /// Documents that cannot be read.
    pub findings: Vec<Finding>,
    uses: OnceLock<HashMap<String, Uses>>,
    judged: judged::Latest,
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
        apart: Vec::new(),
        variables: Vec::new(),
        repeats: Vec::new(),
        names: Names::default(),
        findings: Vec::new(),
        uses: OnceLock::new(),
        judged: judged::Latest::default(),
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
            .chain(
                self.holders
                    .iter()
                    .flat_map(|holder| &holder.settings)
                    .filter(|one| one.label == "job")
                    .map(|one| &one.view),
            )
            // A label a rule sets itself is no business of its queries; an annotation is prose.
            .chain(
                self.holders
                    .iter()
                    .flat_map(|holder| &holder.texts)
                    .filter(|text| text.label.is_some())
                    .map(|text| &text.view),
            )
            .map(whole)
            .collect();
        spans.sort_unstable();
        spans
    }
}
