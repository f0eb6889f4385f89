//! What a mapping with a query is: decided by what it stands in.
//!
//! Knows: the keys around a query in dashboards, alerts and rule files. Must not know: what is done with it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::document::Document;
use super::{Evidence, SiteKind, Written};
use crate::syntax::DEEPEST;
use crate::syntax::tree::{NodeId, Ref};

/// A query's place.
pub(super) struct Found<'t, 'a> {
    pub(super) kind: SiteKind,
    /// The panel, rule, annotation or variable.
    pub(super) holder: Ref<'t, 'a>,
    pub(super) evidence: Evidence,
    /// The node that says most about the datasource.
    pub(super) datasource: Option<Ref<'t, 'a>>,
}

/// What the queries of one list have in common: rules in one `groups:` list, or in one list, are of one language, and
/// so are targets that inherit their datasource.
pub(super) struct Sets<'c> {
    known: HashMap<NodeId, usize>,
    count: &'c mut usize,
    targets: HashMap<NodeId, Arc<BTreeMap<Written, usize>>>,
}

impl<'c> Sets<'c> {
    pub(super) fn new(count: &'c mut usize) -> Self {
        Self { known: HashMap::new(), count, targets: HashMap::new() }
    }

    /// The datasources that the targets in `list` state, and how many of them state each.
    fn beside(&mut self, document: &Document<'_>, list: Ref<'_, '_>) -> Arc<BTreeMap<Written, usize>> {
        let stated = || {
            let mut stated = BTreeMap::new();
            for item in list.items() {
                *stated.entry(written(document, item.target().get("datasource"))).or_default() += 1;
            }
            Arc::new(stated)
        };
        Arc::clone(self.targets.entry(list.id()).or_insert_with(stated))
    }

    fn of(&mut self, list: Ref<'_, '_>) -> usize {
        *self.known.entry(list.id()).or_insert_with(|| {
            *self.count += 1;
            *self.count
        })
    }
}

/// What the mapping `node`, which has an `expr`, is; `None` when it is no query site.
pub(super) fn of<'t, 'a>(document: &Document<'_>, node: Ref<'t, 'a>, sets: &mut Sets<'_>) -> Option<Found<'t, 'a>> {
    if is_rule(node) {
        return Some(rule(node, sets));
    }
    if let Some((item, rule)) = alert(node) {
        let uid = item.get("datasourceUid").or_else(|| item.get("datasourceUID"));
        let evidence = Evidence::Alert {
            uid: uid.filter(|uid| !document.templated(uid.span())).and_then(Ref::str).map(String::from),
            model: written(document, node.get("datasource")),
        };
        return Some(Found { kind: SiteKind::AlertQuery, holder: rule, evidence, datasource: uid });
    }
    if let Some(item) = annotation(node) {
        let datasource = item.get("datasource").or_else(|| node.get("datasource"));
        let evidence = plugin(document, node).unwrap_or_else(|| Evidence::Own(written(document, datasource)));
        return Some(Found { kind: SiteKind::Annotation, holder: item, evidence, datasource });
    }
    if let Some(evidence) = plugin(document, node) {
        let holder = climb(node).find(|at| at.get("title").is_some()).unwrap_or(node);
        let datasource = node.parent().and_then(|query| query.get("datasource"));
        return Some(Found { kind: SiteKind::Panel, holder, evidence, datasource });
    }
    target(document, node, sets)
}

/// A target of a panel of the classic schemas.
fn target<'t, 'a>(document: &Document<'_>, node: Ref<'t, 'a>, sets: &mut Sets<'_>) -> Option<Found<'t, 'a>> {
    let list = node.parent().filter(|list| list.is_sequence())?;
    let (key, _) = list.own_entry()?;
    if key.str() != Some("targets") {
        return None;
    }
    let panel = list.parent()?;
    let own = node.get("datasource").filter(|value| !value.is_null());
    let evidence = Evidence::Target {
        target: written(document, node.get("datasource")),
        panel: written(document, panel.get("datasource")),
        beside: sets.beside(document, list),
        schema: climb(panel).find_map(|at| at.get_str("schemaVersion")).and_then(|text| text.parse().ok()),
    };
    let datasource = own.or_else(|| panel.get("datasource"));
    Some(Found { kind: SiteKind::Panel, holder: panel, evidence, datasource })
}

/// `alert:` or `record:` beside `expr:` (label-surface 3; also rules kept as data in variables, real-world R5).
fn is_rule(node: Ref<'_, '_>) -> bool {
    ["alert", "record"].iter().any(|key| node.get_str(key).is_some()) && node.parent().is_some_and(Ref::is_sequence)
}

fn rule<'t, 'a>(node: Ref<'t, 'a>, sets: &mut Sets<'_>) -> Found<'t, 'a> {
    let list = node.parent().unwrap_or(node);
    let named = |at: Ref<'t, 'a>, key: &str| at.own_entry().is_some_and(|(name, _)| name.str() == Some(key));
    let groups = list.parent().and_then(Ref::parent).filter(|groups| groups.is_sequence() && named(*groups, "groups"));
    let set = groups.filter(|_| named(list, "rules")).unwrap_or(list);
    let evidence = Evidence::RuleSet(sets.of(set));
    Found { kind: SiteKind::Rule, holder: node, evidence, datasource: None }
}

/// The query item and the rule of a Grafana-managed alert whose model is `node`.
fn alert<'t, 'a>(node: Ref<'t, 'a>) -> Option<(Ref<'t, 'a>, Ref<'t, 'a>)> {
    let (key, _) = node.own_entry()?;
    let item = node.parent()?;
    if key.str() != Some("model") || item.get("datasourceUid").or_else(|| item.get("datasourceUID")).is_none() {
        return None;
    }
    // `data: [item]` of file provisioning, `expressions: {A: item}` of the resource form.
    let rule = item.parent().and_then(Ref::parent)?;
    Some((item, rule))
}

/// `refId` of the query in `node`: in it, beside it, or the key it stands under.
pub(super) fn ref_id<'t>(node: Ref<'t, '_>) -> Option<&'t str> {
    let Some((item, _)) = alert(node) else { return node.get_str("refId") };
    item.get_str("refId").or_else(|| node.get_str("refId")).or_else(|| item.own_entry().and_then(|(key, _)| key.str()))
}

/// The annotation that `node`, or whose `target` `node`, is.
pub(super) fn annotation<'t, 'a>(node: Ref<'t, 'a>) -> Option<Ref<'t, 'a>> {
    let inner = |key: &str| node.own_entry().is_some_and(|(name, _)| name.str() == Some(key));
    if inner("spec") && plugin_mapping(node).is_some() {
        return climb(node).take(4).find(|at| at.get_str("kind") == Some("AnnotationQuery"));
    }
    let item = if inner("target") { node.parent()? } else { node };
    let list = item.parent().filter(|list| list.is_sequence())?;
    let (key, _) = list.own_entry()?;
    let around = list.parent()?.own_entry()?.0;
    (key.str() == Some("list") && around.str() == Some("annotations")).then_some(item)
}

/// The mapping that names the plugin of a query of the newest schemas: `{kind, group, datasource, spec: node}`.
fn plugin_mapping<'t, 'a>(node: Ref<'t, 'a>) -> Option<Ref<'t, 'a>> {
    let (key, _) = node.own_entry()?;
    let query = node.parent()?;
    (key.str() == Some("spec") && query.get_str("kind").is_some_and(|kind| !kind.is_empty())).then_some(query)
}

fn plugin(document: &Document<'_>, node: Ref<'_, '_>) -> Option<Evidence> {
    let query = plugin_mapping(node)?;
    let kind = query.get_str("kind");
    let (plugin, datasource) = if kind == Some("DataQuery") {
        (query.get_str("group"), query.get("datasource"))
    } else {
        (kind, query.parent().and_then(|around| around.get("datasource")))
    };
    Some(Evidence::Plugin { plugin: plugin.map(String::from), datasource: written(document, datasource) })
}

/// A query variable of a dashboard.
pub(super) fn of_variable<'t, 'a>(document: &Document<'_>, node: Ref<'t, 'a>) -> Option<Found<'t, 'a>> {
    let resource = || climb(node).take(6).any(|at| at.get_str("kind") == Some("QueryVariable"));
    if node.get("__legacyStringValue").is_some() || node.get("label").is_some() && resource() {
        let evidence = plugin(document, node)?;
        let holder = climb(node).take(6).find(|at| at.get("name").is_some())?;
        let datasource = node.parent().and_then(|query| query.get("datasource"));
        return Some(Found { kind: SiteKind::Variable, holder, evidence, datasource });
    }
    if node.get_str("type") != Some("query") || !in_templating(node) {
        return None;
    }
    let datasource = node.get("datasource");
    let evidence = Evidence::Own(written(document, datasource));
    Some(Found { kind: SiteKind::Variable, holder: node, evidence, datasource })
}

/// The resource whose `spec` is an ad hoc or group-by variable.
fn resource<'t, 'a>(spec: Ref<'t, 'a>) -> Option<Ref<'t, 'a>> {
    let around = spec.parent()?;
    matches!(around.get_str("kind"), Some("AdhocVariable" | "GroupByVariable")).then_some(around)
}

/// The panel or dashboard that a link, or a setting with a link, stands in.
pub(super) fn around_link<'t, 'a>(node: Ref<'t, 'a>) -> Ref<'t, 'a> {
    let keys = ["targets", "panels", "rows", "gridPos", "schemaVersion", "data"];
    climb(node).skip(1).find(|at| keys.iter().any(|key| at.get(key).is_some())).unwrap_or(node)
}

/// The ad hoc variable that the filter `node` belongs to.
pub(super) fn of_ad_hoc<'t, 'a>(document: &Document<'_>, node: Ref<'t, 'a>) -> Option<Found<'t, 'a>> {
    let of_kind = |at: &Ref<'_, '_>| {
        matches!(at.get_str("type"), Some("adhoc" | "groupby")) && in_templating(*at)
            || at.own_entry().is_some_and(|(key, _)| key.str() == Some("spec")) && resource(*at).is_some()
    };
    let holder = climb(node).take(4).find(of_kind)?;
    if let Some(around) = resource(holder) {
        let datasource = around.get("datasource").or_else(|| holder.get("datasource"));
        let plugin = around.get_str("group").map(String::from);
        let evidence = Evidence::Plugin { plugin, datasource: written(document, datasource) };
        return Some(Found { kind: SiteKind::AdHoc, holder, evidence, datasource });
    }
    let datasource = holder.get("datasource");
    let evidence = Evidence::Own(written(document, datasource));
    Some(Found { kind: SiteKind::AdHoc, holder, evidence, datasource })
}

pub(super) fn in_templating(node: Ref<'_, '_>) -> bool {
    let list = node.parent().filter(|list| list.is_sequence()).and_then(Ref::own_entry);
    list.is_some_and(|(key, _)| key.str() == Some("list"))
        && node
            .parent()
            .and_then(Ref::parent)
            .and_then(Ref::own_entry)
            .is_some_and(|(key, _)| key.str() == Some("templating"))
}

/// A datasource reference as it is written.
fn written(document: &Document<'_>, value: Option<Ref<'_, '_>>) -> Written {
    let Some(value) = value else { return Written::Absent };
    if document.templated(value.span()) {
        return Written::Template;
    }
    if value.is_null() {
        return Written::Null;
    }
    if let Some(name) = value.str() {
        return Written::Name(name.to_owned());
    }
    let text = |key: &str| {
        value
            .get(key)
            .filter(|text| !text.is_null())
            .and_then(Ref::str)
            .filter(|text| !text.is_empty())
            .map(String::from)
    };
    Written::Object { uid: text("uid").or_else(|| text("name")), kind: text("type") }
}

/// `node` and what it stands in, outwards.
fn climb<'t, 'a>(node: Ref<'t, 'a>) -> impl Iterator<Item = Ref<'t, 'a>> {
    std::iter::successors(Some(node), |at| at.parent()).take(DEEPEST)
}
