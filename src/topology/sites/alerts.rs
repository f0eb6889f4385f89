//! How the parts of a Grafana-managed alert rule feed each other, and the texts of any rule.
//!
//! Knows: `data` and `expressions` of a rule, server-side expressions, annotations and labels. Must not know: what a
//! query selects.

use super::document::Document;
use super::{Holder, RuleText, own_job};
use crate::syntax::tree::Ref;

/// The parts of a Grafana-managed rule: queries and server-side expressions over them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// `refId` of the part the rule fires by.
    condition: Option<String>,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    ref_id: String,
    kind: PartKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum PartKind {
    /// Asks a datasource.
    Query,
    /// Reads these parts and keeps their labels.
    Reads(Vec<String>),
    /// A classic condition: its result has no labels of the queries.
    Classic,
    /// Anything else.
    Unknown,
}

/// Where the labels of a part come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// From these queries.
    Queries(Vec<String>),
    /// From nowhere: a classic condition drops them.
    Dropped,
    /// It cannot be told.
    Unknown,
}

impl Flow {
    fn read(rule: Ref<'_, '_>) -> Self {
        let condition = rule.get_str("condition").map(String::from);
        let mut flow = Self { condition, parts: Vec::new() };
        if let Some(list) = rule.get("data") {
            for item in list.items().map(Ref::target) {
                if let Some(ref_id) = item.get_str("refId") {
                    flow.add(ref_id, item);
                }
            }
        }
        if let Some(map) = rule.get("expressions") {
            for (key, item) in map.entries() {
                let item = item.target();
                let Some(ref_id) = key.str() else { continue };
                // The resource form marks the part it fires by.
                if item.get_str("source") == Some("true") {
                    flow.condition = Some(ref_id.to_owned());
                }
                flow.add(ref_id, item);
            }
        }
        flow
    }

    fn add(&mut self, ref_id: &str, item: Ref<'_, '_>) {
        let uid = item.get_str("datasourceUid").or_else(|| item.get_str("datasourceUID"));
        let model = item.get("model");
        let text = |key: &str| model.and_then(|model| model.get_str(key));
        let own = uid.is_none() && text("expression").is_some();
        let kind = if !own && !matches!(uid, Some("__expr__" | "-100")) {
            PartKind::Query
        } else {
            match text("type") {
                Some("classic_conditions") => PartKind::Classic,
                Some("reduce" | "threshold" | "resample") => {
                    text("expression").map_or(PartKind::Unknown, |read| PartKind::Reads(vec![bare(read).to_owned()]))
                }
                Some("math") => text("expression").map_or(PartKind::Unknown, |read| PartKind::Reads(variables(read))),
                _ => PartKind::Unknown,
            }
        };
        self.parts.push(Part { ref_id: ref_id.to_owned(), kind });
    }

    /// Nobody says which part the rule fires by: every query counts.
    fn all(&self) -> Origin {
        if self.parts.iter().any(|part| matches!(part.kind, PartKind::Classic | PartKind::Unknown)) {
            return Origin::Unknown;
        }
        let queries = self.parts.iter().filter(|part| part.kind == PartKind::Query);
        Origin::Queries(queries.map(|part| part.ref_id.clone()).collect())
    }

    /// Where the labels of this part come from; of the part the rule fires by, without one.
    pub fn origin(&self, part: Option<&str>) -> Origin {
        let Some(start) = part.or(self.condition.as_deref()) else { return self.all() };
        let mut queries = Vec::new();
        let mut seen = vec![start];
        let mut next = 0;
        while let Some(&at) = seen.get(next) {
            next += 1;
            let Some(part) = self.parts.iter().find(|part| part.ref_id == at) else { return Origin::Unknown };
            match &part.kind {
                PartKind::Query => queries.push(part.ref_id.clone()),
                PartKind::Reads(list) => {
                    let more: Vec<&str> = list.iter().map(String::as_str).filter(|one| !seen.contains(one)).collect();
                    seen.extend(more);
                }
                PartKind::Classic if next == 1 => return Origin::Dropped,
                PartKind::Classic => {}
                PartKind::Unknown => return Origin::Unknown,
            }
        }
        Origin::Queries(queries)
    }
}

/// `A` of `A`, `$A` and `${A}`.
fn bare(text: &str) -> &str {
    let text = text.trim().trim_start_matches('$');
    text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text)
}

/// The variables of a math expression, `$A + ${B}`.
fn variables(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (at, _) in text.match_indices('$') {
        let rest = &text[at + 1..];
        let name = match rest.strip_prefix('{') {
            Some(inner) => inner.split('}').next().unwrap_or(inner),
            None => &rest[..rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())],
        };
        if !name.is_empty() && !found.iter().any(|have| have == name) {
            found.push(name.to_owned());
        }
    }
    found
}

/// What a rule says beside its queries.
pub(super) fn describe(document: &Document<'_>, rule: Ref<'_, '_>, holder: &mut Holder) {
    let metric = rule.get("metric").is_some_and(|value| !value.is_null()) && rule.get("expressions").is_some();
    holder.record = metric || rule.get("record").is_some_and(|value| !value.is_null());
    if rule.get("data").is_some() || rule.get("expressions").is_some() {
        holder.flow = Some(Flow::read(rule));
    }
    if !holder.record {
        holder.own_job = own_job::of(document, rule);
    }
    for (key, labels) in [("annotations", false), ("labels", true)] {
        let entries = rule.get(key).into_iter().flat_map(Ref::entries);
        for (name, value) in entries.map(|(name, value)| (name, value.target())) {
            if let (Some(name_text), Some(_), Some(view)) = (name.str(), value.str(), document.view(value)) {
                let label = labels.then(|| name_text.to_owned());
                holder.texts.push(RuleText { label, key: document.raw(name), view });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::yaml;

    fn flow(text: &str) -> Flow {
        let tree = yaml::read(text).unwrap();
        Flow::read(tree.root().unwrap())
    }

    #[test]
    fn labels_come_from_the_queries_behind_the_condition() {
        let flow = flow(
            "condition: D\ndata:\n- {refId: A, datasourceUid: loki}\n- {refId: B, datasourceUid: prom}\n\
             - {refId: C, datasourceUid: __expr__, model: {type: reduce, expression: A}}\n\
             - {refId: D, datasourceUid: __expr__, model: {type: threshold, expression: $C}}\n\
             - {refId: E, datasourceUid: __expr__, model: {type: math, expression: '$A > ${B} * $A'}}\n\
             - {refId: F, datasourceUid: __expr__, model: {type: sql, expression: 'SELECT 1'}}\n",
        );
        let queries = |list: &[&str]| Origin::Queries(list.iter().map(|one| (*one).to_owned()).collect());
        assert_eq!(flow.origin(None), queries(&["A"]));
        assert_eq!(flow.origin(Some("A")), queries(&["A"]));
        assert_eq!(flow.origin(Some("E")), queries(&["A", "B"]));
        assert_eq!(flow.origin(Some("F")), Origin::Unknown);
        assert_eq!(flow.origin(Some("Z")), Origin::Unknown);
    }

    #[test]
    fn a_classic_condition_has_no_labels() {
        let flow = flow(
            "condition: B\ndata:\n- {refId: A, datasourceUid: loki}\n\
             - {refId: B, datasourceUid: __expr__, model: {type: classic_conditions, conditions: []}}\n",
        );
        assert_eq!(flow.origin(None), Origin::Dropped);
        assert_eq!(flow.origin(Some("A")), Origin::Queries(vec!["A".to_owned()]));
    }

    #[test]
    fn the_resource_form_marks_its_source() {
        let flow = flow(
            "expressions:\n  A: {datasourceUID: loki, model: {expr: x}}\n  B: {model: {type: threshold, expression: A}, source: true}\n",
        );
        assert_eq!(flow.origin(None), Origin::Queries(vec!["A".to_owned()]));
    }

    #[test]
    fn parts_that_read_each_other_come_to_an_end() {
        let text = "condition: A\ndata:\n- {refId: A, datasourceUid: __expr__, model: {type: math, expression: '$B'}}\n\
                    - {refId: B, datasourceUid: __expr__, model: {type: math, expression: '$A'}}\n";
        assert_eq!(flow(text).origin(None), Origin::Queries(Vec::new()));
    }
}
