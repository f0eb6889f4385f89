//! Variables of a dashboard: which there are, and which of them repeat something.
//!
//! Knows: `templating.list` and the resource form of variables. Must not know: what a variable's values mean.

use super::document::Document;
use super::place;
use crate::syntax::tree::{NodeId, Ref};
use crate::text::View;

/// What feeds a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariableKind {
    /// A query.
    Query,
    /// Values that stand in the dashboard: a list, a constant.
    Written,
    /// What people type into a box.
    Typed,
    /// Something else.
    Other,
}

/// A variable as a dashboard declares it.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// What feeds it.
    pub kind: VariableKind,
    /// Its query: index into [`super::FileSites::sites`].
    pub site: Option<usize>,
    /// What stands for all values.
    pub all_value: Option<View>,
    /// Where its values stand, if they are written in the dashboard.
    pub values: Vec<Value>,
    /// Whether they are all there are: its definition is the first of them, and a list that can be taken apart.
    pub defined: bool,
    /// Whether a pattern may make other values of those its query finds.
    pub picks: bool,
}

impl Variable {
    /// All values it can have, with what stands for all of them; each may also be read as a pattern, as Grafana escapes
    /// those of some variables only. `None` where others can come to them.
    pub fn listed(&self) -> Option<Vec<String>> {
        let (definition, chosen) = self.values.split_first().filter(|_| self.defined)?;
        let text = definition.view.text();
        let parts = text.split(',').filter(|part| !definition.list || !part.is_empty());
        let value = |part: &'_ str| part.rfind(" : ").map_or(part, |at| &part[at + 3..]).trim().to_owned();
        let mut all: Vec<String> = if definition.list { parts.map(value).collect() } else { vec![text.to_owned()] };
        // What Grafana writes itself stands for values of the list, and nothing chosen is the first of it.
        let chosen = chosen.iter().map(|value| &value.view).filter(|view| !view.text().starts_with("$__"));
        let views: Vec<&View> = chosen.chain(&self.all_value).filter(|view| !view.text().is_empty()).collect();
        all.extend(views.iter().map(|view| view.text().to_owned()));
        let is_plain = |text: &str| !text.contains(['$', '\\']) && !text.contains("[[");
        let is_known = views.iter().all(|view| view.opaque().is_empty()) && definition.view.opaque().is_empty();
        (is_known && is_plain(text) && all.iter().all(|value| is_plain(value))).then_some(all)
    }
}

/// Values of a variable as they are written.
#[derive(Clone, Debug)]
pub struct Value {
    /// The scalar.
    pub view: View,
    /// Whether it is a list, `Kairos : kairos,angelia`.
    pub list: bool,
}

/// The variable that `node` declares.
pub(super) fn declared(document: &Document<'_>, node: Ref<'_, '_>) -> Option<(NodeId, Variable)> {
    let name = node.get_str("name")?;
    let kind = if place::in_templating(node) {
        node.get_str("type")?
    } else {
        let (key, _) = node.own_entry().filter(|(key, _)| key.str() == Some("spec"))?;
        debug_assert!(key.str().is_some());
        node.parent()?.get_str("kind").filter(|kind| kind.ends_with("Variable"))?
    };
    let list = ["custom", "interval"].iter().any(|word| kind.to_ascii_lowercase().starts_with(word));
    let kind = match kind {
        "query" | "QueryVariable" => VariableKind::Query,
        "custom" | "constant" | "interval" | "CustomVariable" | "ConstantVariable" | "IntervalVariable" => {
            VariableKind::Written
        }
        "textbox" | "TextVariable" => VariableKind::Typed,
        _ => VariableKind::Other,
    };
    let all_value = node.get("allValue").filter(|value| value.str().is_some_and(|text| !text.is_empty()));
    let all_value = all_value.filter(|value| !value.is_null()).and_then(|value| document.view(value));
    let values = if kind == VariableKind::Written { values(document, node, list) } else { Vec::new() };
    let defined = node.get_str("query").is_some() && node.get_str("valuesFormat") != Some("json");
    let picks = node.get_str("regex").is_some_and(|regex| regex.contains('('));
    Some((node.id(), Variable { name: name.to_owned(), kind, site: None, all_value, values, defined, picks }))
}

/// The values of a list or constant: its definition first, what is chosen, what can be chosen.
fn values(document: &Document<'_>, node: Ref<'_, '_>, list: bool) -> Vec<Value> {
    let take = |scalar: Ref<'_, '_>, list: bool| {
        scalar.str()?;
        document.view(scalar).map(|view| Value { view, list })
    };
    let options = node.get("options").into_iter().flat_map(Ref::items).map(Ref::target);
    let chosen = node.get("current").into_iter().chain(options).filter_map(|one| one.get("value"));
    let chosen =
        chosen.flat_map(|value| std::iter::once(value).chain(value.items())).filter_map(|one| take(one, false));
    node.get("query").and_then(|query| take(query, list)).into_iter().chain(chosen).collect()
}

/// The name of the variable that `node` (a panel, a row) is repeated by.
pub(super) fn repeated<'t>(node: Ref<'t, '_>) -> Option<&'t str> {
    let repeat = node.get("repeat").or_else(|| node.get("repeatOptions"))?;
    repeat.str().filter(|name| !name.is_empty() && !repeat.is_null()).or_else(|| repeat.get_str("value"))
}
