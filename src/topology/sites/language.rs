//! Is a query's datasource Loki? Proven, disproven, or open (label-surface 2.2, 3).
//!
//! Knows: the order in which Grafana resolves a datasource, what tells a Loki rule file from a Prometheus one. Must
//! not know: which job moves. Text alone proves nothing about one query: `{job="x"}` is read by both languages.

mod texts;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::names::variable;
use super::{Evidence, FileSites, Site, SiteKind, Written};
use crate::syntax::logql;
use crate::text::{Place, Span};
use crate::topology::datasources::{Datasource, Datasources, Lookup};

/// How many different datasources beside a target are looked at.
const MOST_STATED: usize = 64;

/// What is known about the language of one query.
#[derive(Clone, Debug)]
pub enum Language {
    /// It is asked of Loki; this place says so.
    Loki(Place),
    /// It is not.
    NotLoki,
    /// Neither is proven.
    Unproven(Doubt),
}

/// Why a datasource is not proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Doubt {
    /// The default datasource is not provisioned here, or not clearly.
    Default,
    /// A uid or name that no provisioned datasource has, without a type.
    Unknown,
    /// Provisioned twice with different types, or with a type a template gives.
    Unclear,
    /// A variable or input that the dashboard does not declare.
    Variable,
    /// A template fills in the reference.
    Template,
    /// The targets of a panel without a datasource disagree, so the order decides.
    Order,
    /// The panel says another datasource than the target, or the model than the alert query.
    Disagree,
    /// A Prometheus datasource whose address looks like Loki's.
    Address,
    /// A link names no datasource, so Explore takes the one used last.
    Pane,
    /// Nothing says which server reads the rule file.
    RuleFile,
    /// The rule file holds expressions of both languages.
    BothLanguages,
    /// In a text of a rule that does not ask Loki, or not Loki alone.
    Text,
}

/// Who reads which rule files: files and folders of the repository, each with the fact that says so.
#[derive(Clone, Debug, Default)]
pub struct RuleReaders {
    /// Read by Loki's ruler: deployed below its `directory`.
    pub loki: Vec<(String, Place)>,
    /// Read by Prometheus: deployed to a path in `rule_files`.
    pub prometheus: Vec<(String, Place)>,
}

impl RuleReaders {
    fn reader<'r>(list: &'r [(String, Place)], path: &str) -> Option<&'r Place> {
        let below = |folder: &str| {
            path.strip_prefix(folder.trim_end_matches('/')).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        list.iter().find(|(folder, _)| below(folder)).map(|(_, place)| place)
    }
}

/// Who answers the queries of the repository.
#[derive(Clone, Debug, Default)]
pub struct Servers {
    /// Provisioned datasources.
    pub datasources: Datasources,
    /// Who reads which rule files.
    pub readers: RuleReaders,
}

impl Servers {
    /// Whether both say the same, by the very same files.
    pub fn same(&self, other: &Self) -> bool {
        let place = |one: &Place, other: &Place| Arc::ptr_eq(&one.source, &other.source) && one.span == other.span;
        let alike = |one: &Datasource, other: &Datasource| {
            let said = |source: &Datasource| {
                let Datasource { name, uid, kind, url, default, at: _ } = source.clone();
                (name, uid, kind, url, default)
            };
            said(one) == said(other) && place(&one.at, &other.at)
        };
        let read = |one: &[(String, Place)], other: &[(String, Place)]| {
            let mut pairs = one.iter().zip(other);
            one.len() == other.len() && pairs.all(|(one, other)| one.0 == other.0 && place(&one.1, &other.1))
        };
        self.datasources.iter().len() == other.datasources.iter().len()
            && self.datasources.iter().zip(&other.datasources).all(|(one, other)| alike(one, other))
            && read(&self.readers.loki, &other.readers.loki)
            && read(&self.readers.prometheus, &other.readers.prometheus)
    }
}

/// Decides for every site of a file, in the order of [`FileSites::sites`].
pub fn decide(file: &FileSites, servers: &Servers) -> Vec<Language> {
    let Servers { datasources, readers } = servers;
    let judge = Judge { file, datasources };
    let tells = judge.tells();
    // Most panels of a dashboard say the same, and that they do not ask Loki.
    let mut not_loki: Option<&Evidence> = None;
    let mut languages = Vec::with_capacity(file.sites.len());
    for site in &file.sites {
        languages.push(match &site.evidence {
            Evidence::RuleSet(set) => judge.rule(*set, readers, &tells),
            Evidence::Text => Language::NotLoki,
            evidence if not_loki == Some(evidence) => Language::NotLoki,
            evidence => {
                let language = judge.site(site);
                not_loki = matches!(language, Language::NotLoki).then_some(evidence).or(not_loki);
                language
            }
        });
    }
    judge.texts(&mut languages);
    languages
}

struct Judge<'j> {
    file: &'j FileSites,
    datasources: &'j Datasources,
}

/// What the expressions of one rule set tell: each server refuses a file with an expression it cannot read.
#[derive(Default)]
struct Tell {
    set: usize,
    only_logql: Option<Place>,
    not_logql: bool,
}

impl Judge<'_> {
    fn site(&self, site: &Site) -> Language {
        let at = site.datasource_at.unwrap_or_else(|| site.view.raw(site.query));
        match &site.evidence {
            Evidence::Plugin { plugin, datasource } => match plugin.as_deref() {
                Some(plugin) if !plugin.is_empty() => self.plugin(plugin, at),
                _ => self.reference(datasource, at),
            },
            Evidence::Target { target, panel, beside, schema } => self.target(target, panel, beside, *schema, at),
            Evidence::Own(written) => match written {
                Written::Object { uid: None, kind: None } => self.default(),
                written => self.reference(written, at),
            },
            Evidence::Alert { uid, model } => self.alert(uid.as_deref(), model, at),
            Evidence::Explore { query, pane } => self.explore(query, pane, at),
            Evidence::RuleSet(_) | Evidence::Text => Language::Unproven(Doubt::RuleFile),
        }
    }

    /// Explore asks the datasource of the pane, and leaves out queries that name another one.
    fn explore(&self, query: &Written, pane: &Written, at: Span) -> Language {
        let says = |written: &Written| {
            !matches!(written, Written::Absent | Written::Null | Written::Object { uid: None, kind: None })
        };
        match (says(query), says(pane) && !is_mixed(pane)) {
            (false, false) => Language::Unproven(Doubt::Pane),
            (true, false) => self.reference(query, at),
            (false, true) => self.reference(pane, at),
            (true, true) => match (self.reference(query, at), self.reference(pane, at)) {
                (found @ Language::Loki(_), Language::Loki(_)) => found,
                (Language::NotLoki, Language::NotLoki) => Language::NotLoki,
                _ => Language::Unproven(Doubt::Disagree),
            },
        }
    }

    fn target(
        &self,
        target: &Written,
        panel: &Written,
        beside: &BTreeMap<Written, usize>,
        schema: Option<u32>,
        at: Span,
    ) -> Language {
        match target {
            Written::Object { uid: None, kind: Some(kind) } => {
                if kind == "__expr__" {
                    return Language::NotLoki;
                }
                let inherited = self.inherited(target, panel, beside, at);
                // From schema 36 on the type stands, if the panel does not say otherwise; below, the panel decides.
                match (&inherited, schema.is_some_and(|schema| schema >= 36)) {
                    (_, false) => inherited,
                    (Language::Loki(_), true) if kind == "loki" => inherited,
                    (Language::NotLoki, true) if kind != "loki" => inherited,
                    _ => Language::Unproven(Doubt::Disagree),
                }
            }
            Written::Absent | Written::Null | Written::Object { uid: None, kind: None } => {
                self.inherited(target, panel, beside, at)
            }
            written => self.reference(written, at),
        }
    }

    /// What a target without a datasource of its own gets (label-surface 2.2, 3, 5 and 6).
    fn inherited(&self, target: &Written, panel: &Written, beside: &BTreeMap<Written, usize>, at: Span) -> Language {
        match panel {
            written if is_mixed(written) => self.default(),
            Written::Absent | Written::Null | Written::Object { uid: None, kind: None } => {
                let default = self.default();
                let same = |other: &Written| match (self.reference(other, at), &default) {
                    (Language::Loki(_), Language::Loki(_)) | (Language::NotLoki, Language::NotLoki) => true,
                    // Server-side expressions do not count.
                    (Language::NotLoki, _) => is_expression(other),
                    _ => false,
                };
                let others = beside.iter().filter(|&(stated, &count)| stated != target || count > 1);
                let mut said = others.map(|(stated, _)| stated).filter(|other| !is_silent(other));
                let few = beside.len() <= MOST_STATED;
                if few && said.all(same) { default } else { Language::Unproven(Doubt::Order) }
            }
            written => self.reference(written, at),
        }
    }

    /// A reference that states something.
    fn reference(&self, written: &Written, at: Span) -> Language {
        match written {
            Written::Template => Language::Unproven(Doubt::Template),
            Written::Absent | Written::Null => self.default(),
            Written::Name(name) if name == "default" => self.default(),
            Written::Name(name) => match self.special(name, at) {
                Some(language) => language,
                None => match self.datasources.by_name(name) {
                    Lookup::Missing => self.provisioned(self.datasources.by_uid(name), None, at),
                    found => self.provisioned(found, None, at),
                },
            },
            Written::Object { uid: Some(uid), kind } => match self.special(uid, at) {
                Some(language) => language,
                None => self.provisioned(self.datasources.by_uid(uid), kind.as_deref(), at),
            },
            Written::Object { uid: None, kind: Some(kind) } if kind != "loki" => Language::NotLoki,
            Written::Object { uid: None, .. } => Language::Unproven(Doubt::Unknown),
        }
    }

    /// Names that stand for no datasource of the repository: built-in ones and variables.
    fn special(&self, name: &str, at: Span) -> Option<Language> {
        if matches!(name, "-- Dashboard --" | "-- Grafana --" | "grafana" | "__expr__" | "-100") {
            return Some(Language::NotLoki);
        }
        if name == "-- Mixed --" {
            return Some(self.default());
        }
        if let Some(name) = variable(name) {
            return Some(match self.file.names.plugin(name) {
                Some(plugin) => self.plugin(plugin, at),
                None => Language::Unproven(Doubt::Variable),
            });
        }
        name.contains("${").then_some(Language::Unproven(Doubt::Variable))
    }

    fn provisioned(&self, lookup: Lookup<'_>, kind: Option<&str>, at: Span) -> Language {
        match (lookup, kind) {
            (Lookup::Found(datasource), _) => language_of(datasource),
            (Lookup::Unclear(_), _) => Language::Unproven(Doubt::Unclear),
            (Lookup::Missing, Some(kind)) => self.plugin(kind, at),
            (Lookup::Missing, None) => Language::Unproven(Doubt::Unknown),
        }
    }

    fn plugin(&self, plugin: &str, at: Span) -> Language {
        if plugin == "loki" { Language::Loki(Place::new(&self.file.source, at)) } else { Language::NotLoki }
    }

    fn default(&self) -> Language {
        match self.datasources.by_default() {
            Lookup::Found(datasource) => language_of(datasource),
            Lookup::Missing | Lookup::Unclear(_) => Language::Unproven(Doubt::Default),
        }
    }

    fn alert(&self, uid: Option<&str>, model: &Written, at: Span) -> Language {
        let Some(uid) = uid else { return Language::Unproven(Doubt::Template) };
        let (model_uid, model_kind) = match model {
            Written::Object { uid, kind } => (uid.as_deref(), kind.as_deref()),
            _ => (None, None),
        };
        if model_uid.is_some_and(|model| model != uid) {
            return Language::Unproven(Doubt::Disagree);
        }
        match self.special(uid, at) {
            Some(language) => language,
            None => self.provisioned(self.datasources.by_uid(uid), model_kind, at),
        }
    }

    fn rule(&self, set: usize, readers: &RuleReaders, tells: &[Tell]) -> Language {
        let path = self.file.source.path.as_str();
        let loki = RuleReaders::reader(&readers.loki, path);
        match (loki, RuleReaders::reader(&readers.prometheus, path)) {
            (Some(place), None) => return Language::Loki(place.clone()),
            (None, Some(_)) => return Language::NotLoki,
            (Some(_), Some(_)) | (None, None) => {}
        }
        match tells.iter().find(|tell| tell.set == set) {
            Some(Tell { only_logql: Some(place), not_logql: false, .. }) => Language::Loki(place.clone()),
            Some(Tell { only_logql: None, not_logql: true, .. }) => Language::NotLoki,
            Some(Tell { only_logql: Some(_), not_logql: true, .. }) => Language::Unproven(Doubt::BothLanguages),
            _ => Language::Unproven(Doubt::RuleFile),
        }
    }

    fn tells(&self) -> Vec<Tell> {
        let mut tells: Vec<Tell> = Vec::new();
        for site in self.file.sites.iter().filter(|site| site.kind == SiteKind::Rule && !site.template) {
            let Evidence::RuleSet(set) = site.evidence else { continue };
            if tells.last().is_none_or(|tell| tell.set != set) {
                tells.push(Tell { set, ..Tell::default() });
            }
            let Some(tell) = tells.last_mut() else { continue };
            match logql::read(site.view.text()) {
                Ok(query) => {
                    if tell.only_logql.is_none() && has_pipeline(&query) {
                        tell.only_logql = Some(Place::new(&self.file.source, site.view.raw(site.query)));
                    }
                }
                Err(_) => tell.not_logql = true,
            }
        }
        tells
    }
}

/// Whether the query has a pipeline stage, which `PromQL` does not know.
fn has_pipeline(query: &logql::Query<'_>) -> bool {
    query
        .logs()
        .any(|(_, log)| query.stages(log).iter().any(|stage| !matches!(stage.kind, logql::StageKind::Placeholder)))
}

fn language_of(datasource: &Datasource) -> Language {
    match datasource.kind.as_deref() {
        Some("loki") => Language::Loki(datasource.at.clone()),
        Some("prometheus") if datasource.url.as_deref().is_some_and(loki_address) => Language::Unproven(Doubt::Address),
        Some(_) => Language::NotLoki,
        None => Language::Unproven(Doubt::Unclear),
    }
}

/// Loki answers PromQL-shaped requests below `/loki`; some give that to a Prometheus datasource (2.2, 10).
fn loki_address(url: &str) -> bool {
    url.trim_end_matches('/').ends_with("/loki") || url.contains(":3100")
}

/// Whether a reference states nothing.
fn is_silent(written: &Written) -> bool {
    matches!(written, Written::Absent | Written::Null)
}

fn is_mixed(written: &Written) -> bool {
    match written {
        Written::Name(name) => name == "-- Mixed --",
        Written::Object { uid: Some(uid), .. } => uid == "-- Mixed --",
        _ => false,
    }
}

fn is_expression(written: &Written) -> bool {
    match written {
        Written::Name(name) => name == "__expr__",
        Written::Object { uid, kind } => uid.as_deref() == Some("__expr__") || kind.as_deref() == Some("__expr__"),
        _ => false,
    }
}
