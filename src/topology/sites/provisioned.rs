//! What a provisioned datasource asks of another one: logs of a trace, correlations, fields derived from a label.
//!
//! Knows: `jsonData` of Tempo, Jaeger, Zipkin and Loki, `correlations` (label-surface 8). Must not know: which
//! datasources exist, or what a query means.

use super::{Evidence, Written};
use crate::syntax::tree::Ref;

/// A place that asks for logs.
pub(super) struct Asks<'t, 'a> {
    /// The scalar: a query, or the name `job`.
    pub(super) scalar: Ref<'t, 'a>,
    /// What it is.
    pub(super) what: What<'t, 'a>,
    pub(super) evidence: Evidence,
}

/// What kind of place.
pub(super) enum What<'t, 'a> {
    /// A query.
    Query,
    /// The tag of a span, and the label it is looked for in, if that is said.
    Tag(Option<Ref<'t, 'a>>),
    /// A name that nothing can stand beside.
    Name,
}

/// Keys without which a file provisions nothing of the kind.
pub(super) const WORDS: &[&str] = &["tracesToLogs", "correlations", "derivedFields"];

/// What the mapping `node` asks of other datasources.
pub(super) fn of<'t, 'a>(node: Ref<'t, 'a>) -> Vec<Asks<'t, 'a>> {
    let mut found = Vec::new();
    for key in ["tracesToLogsV2", "tracesToLogs"] {
        if let Some(traces) = node.get(key) {
            self::traces(traces, &mut found);
        }
    }
    for one in node.get("correlations").into_iter().flat_map(Ref::items).map(Ref::target) {
        let target = asked(one, "targetUID");
        let Some(config) = one.get("config") else { continue };
        let expr = config.path(&["target", "expr"]).filter(|expr| expr.str().is_some());
        found.extend(expr.map(|scalar| Asks { scalar, what: What::Query, evidence: target.clone() }));
        // The field is one of the datasource the correlation stands in.
        let own = node.get_str("type").map(String::from);
        let evidence = Evidence::Plugin { plugin: own, datasource: Written::Absent };
        let field = config.get("field").filter(|field| field.str() == Some("job"));
        found.extend(field.map(|scalar| Asks { scalar, what: What::Name, evidence }));
    }
    let own = node.get_str("type").map(String::from);
    for one in node.path(&["jsonData", "derivedFields"]).into_iter().flat_map(Ref::items).map(Ref::target) {
        let label = one.get_str("matcherType") == Some("label");
        let regex = one.get("matcherRegex").filter(|regex| label && regex.str() == Some("job"));
        let evidence = Evidence::Plugin { plugin: own.clone(), datasource: Written::Absent };
        found.extend(regex.map(|scalar| Asks { scalar, what: What::Name, evidence }));
    }
    found
}

fn traces<'t, 'a>(traces: Ref<'t, 'a>, found: &mut Vec<Asks<'t, 'a>>) {
    let evidence = asked(traces, "datasourceUid");
    let custom = traces.get("query").filter(|query| query.str().is_some_and(|text| text.contains('{')));
    found.extend(custom.map(|scalar| Asks { scalar, what: What::Query, evidence: evidence.clone() }));
    let lists = ["tags", "mappedTags"].iter().filter_map(|key| traces.get(key)).flat_map(Ref::items);
    for tag in lists.map(Ref::target) {
        let (scalar, what) = match tag.get("key") {
            Some(key) => (key, What::Tag(tag.get("value").filter(|value| value.str().is_some()))),
            None => (tag, What::Name),
        };
        if scalar.str() == Some("job") {
            found.push(Asks { scalar, what, evidence: evidence.clone() });
        }
    }
}

/// The datasource that is asked.
fn asked(node: Ref<'_, '_>, key: &str) -> Evidence {
    let uid = node.get_str(key).filter(|uid| !uid.is_empty()).map(String::from);
    let pane = Written::Object { uid, kind: None };
    Evidence::Explore { query: Written::Absent, pane }
}
