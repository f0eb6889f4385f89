//! One walk over a document that finds every query and what it belongs to.
//!
//! Knows: keys of dashboards, alert rules and rule files. Must not know: languages, jobs. Every object is visited,
//! whatever its depth, so a schema of any age is read (real-world G2); what an object is follows from what it stands
//! in, climbing at most [`DEEPEST`] steps.

use std::collections::HashMap;

use super::document::Document;
use super::place;
use super::{FileSites, Holder, Site, SiteKind};
use crate::syntax::DEEPEST;
use crate::syntax::tree::{NodeId, Ref};
use crate::text::{Span, View};

/// Adds what `document` holds to `file`. `sets` counts rule sets over the whole file.
pub(super) fn collect(document: &Document<'_>, file: &mut FileSites, sets: &mut usize) {
    let mut walk = Walk { document, file, holders: HashMap::new(), sets: place::Sets::new(sets) };
    for node in document.tree.iter().filter(|node| node.is_mapping()) {
        walk.file.names.note(node);
        walk.expression(node);
        walk.variable(node);
        walk.ad_hoc(node);
    }
    walk.named();
}

struct Walk<'w, 'd, 'a> {
    document: &'w Document<'a>,
    file: &'d mut FileSites,
    holders: HashMap<NodeId, usize>,
    sets: place::Sets<'d>,
}

/// A query that was found, before its followers are.
struct Query<'w, 'a> {
    /// The mapping it is a value of.
    node: Ref<'w, 'a>,
    /// The scalar.
    scalar: Ref<'w, 'a>,
    /// Its bytes of the decoded scalar; all when `None`.
    part: Option<Span>,
    legends: Vec<View>,
    keys: Vec<View>,
    copies: Vec<View>,
}

impl<'w, 'a> Walk<'w, '_, 'a> {
    fn expression(&mut self, node: Ref<'w, 'a>) {
        let Some(scalar) = node.get("expr").filter(|value| value.str().is_some()) else { return };
        let Some(found) = place::of(self.document, node, &mut self.sets) else { return };
        let mut legends = self.views(node, &["legendFormat"]);
        let mut keys = Vec::new();
        if found.kind == SiteKind::Annotation {
            let item = place::annotation(node).unwrap_or(node);
            legends.extend(self.views(item, &["titleFormat", "textFormat"]));
            keys = self.views(item, &["tagKeys"]);
        }
        self.push(found, Query { node, scalar, part: None, legends, keys, copies: Vec::new() });
    }

    /// A query variable: `label_values({…}, label)` as a string, or the object form (label-surface 2.3).
    fn variable(&mut self, node: Ref<'w, 'a>) {
        let Some(query) = node.get("query").or_else(|| node.get("__legacyStringValue")) else { return };
        let Some(found) = place::of_variable(self.document, node) else { return };
        let (scalar, part) = match query.get("stream").or_else(|| query.get("__legacyStringValue")) {
            Some(stream) if stream.str().is_some() && query.get("stream").is_some() => (stream, None),
            Some(text) => (text, Some(())),
            None => (query, Some(())),
        };
        let Some(text) = scalar.str() else { return };
        let part = part.map(|()| label_values(text));
        let copies = self.views(found.holder, &["definition"]);
        let keys = if part.is_none() { self.views(query, &["label"]) } else { Vec::new() };
        self.push(found, Query { node, scalar, part, legends: Vec::new(), keys, copies });
    }

    /// `{key: job, operator: …, value: …}` of an ad hoc filter variable.
    fn ad_hoc(&mut self, node: Ref<'w, 'a>) {
        let Some(key) = node.get("key").filter(|key| key.str() == Some("job")) else { return };
        if node.get("operator").is_none() {
            return;
        }
        let Some(found) = place::of_ad_hoc(self.document, node) else { return };
        self.push(
            found,
            Query { node, scalar: key, part: None, legends: Vec::new(), keys: Vec::new(), copies: Vec::new() },
        );
    }

    fn push(&mut self, found: place::Found<'w, 'a>, query: Query<'w, 'a>) {
        let Some(view) = self.document.view(query.scalar) else { return };
        let holder = self.holder(found.holder, found.kind);
        self.file.sites.push(Site {
            template: self.document.templated(query.scalar.span()),
            datasource_at: found.datasource.map(|at| self.document.raw(at)),
            ref_id: query.node.get_str("refId").map(String::from),
            query: query.part.unwrap_or(Span::new(0, view.text().len())),
            view,
            kind: found.kind,
            holder,
            evidence: found.evidence,
            legends: query.legends,
            keys: query.keys,
            copies: query.copies,
        });
    }

    fn views(&self, node: Ref<'w, 'a>, keys: &[&str]) -> Vec<View> {
        keys.iter()
            .filter_map(|key| node.get(key).filter(|value| value.str().is_some()))
            .filter_map(|value| self.document.view(value))
            .collect()
    }

    /// The index of the panel, rule or dashboard; made when first met.
    fn holder(&mut self, node: Ref<'w, 'a>, kind: SiteKind) -> usize {
        if let Some(&index) = self.holders.get(&node.id()) {
            return index;
        }
        let mut holder = Holder { name: name(node, kind), ..Holder::default() };
        if !kind.on_dashboard() {
            holder.record = node.get("record").is_some_and(|value| !value.is_null());
            for list in ["annotations", "labels"].iter().filter_map(|key| node.get(key)) {
                let texts = list.entries().map(|(_, value)| value.target()).filter(|value| value.str().is_some());
                holder.texts.extend(texts.filter_map(|value| self.document.view(value)));
            }
        }
        let index = self.file.holders.len();
        self.file.holders.push(holder);
        self.holders.insert(node.id(), index);
        index
    }

    /// Scalars of a panel, outside its targets, that name the label `job`: keys and values of transformations,
    /// overrides, display names and sort orders (label-surface 2.3).
    fn named(&mut self) {
        let document = self.document;
        for node in document.tree.iter() {
            let Some(text) = node.str().filter(|text| names_label(text)) else { continue };
            let Some(index) = self.panel_around(node) else { continue };
            if let (Some(view), Some(holder)) = (document.view(node), self.file.holders.get_mut(index)) {
                debug_assert_eq!(view.text(), text);
                holder.named.push(view);
            }
        }
    }

    /// The panel whose field settings or transformations `node` is a part of.
    fn panel_around(&self, node: Ref<'w, 'a>) -> Option<usize> {
        let mut at = node;
        let mut settings = false;
        for _ in 0..DEEPEST {
            let parent = at.parent()?;
            let key = parent.entries().find(|(key, value)| key.id() == at.id() || value.id() == at.id());
            match key.and_then(|(key, _)| key.str()) {
                Some("targets" | "queries" | "panels" | "templating" | "annotations") => return None,
                Some("transformations" | "fieldConfig" | "options" | "vizConfig" | "seriesOverrides" | "styles") => {
                    settings = true;
                }
                _ => {}
            }
            if let Some(&index) = self.holders.get(&parent.id()) {
                return settings.then_some(index);
            }
            at = parent;
        }
        None
    }
}

/// Whether a setting names the label `job`, and not a value of it.
fn names_label(text: &str) -> bool {
    text == "job"
        || ["__field.labels.job}", "__data.fields.job}", "__field.labels[\"job\"]"].iter().any(|n| text.contains(n))
}

/// What people call a holder.
fn name(node: Ref<'_, '_>, kind: SiteKind) -> String {
    let first = |keys: &[&str]| keys.iter().find_map(|key| node.get_str(key).filter(|text| !text.is_empty()));
    let (word, name) = match kind {
        SiteKind::Panel => ("panel", first(&["title"])),
        SiteKind::Annotation => ("annotation", first(&["name"])),
        SiteKind::Variable => ("variable", first(&["name"])),
        SiteKind::AdHoc => ("ad hoc filter", first(&["name"])),
        SiteKind::AlertQuery | SiteKind::Rule => ("rule", first(&["alert", "record", "title", "name", "uid"])),
    };
    name.map_or_else(|| format!("{word} without a name"), |name| format!("{word} \"{name}\""))
}

/// The selector in `label_values({…}, label)`, or nothing at the place where one would stand.
fn label_values(text: &str) -> Span {
    let Some(open) = text.find("label_values(") else { return Span::new(0, text.len()) };
    let start = open + "label_values(".len();
    let end = text.rfind(')').filter(|end| *end >= start).unwrap_or(text.len());
    text[start..end].rfind(',').map_or(Span::at(start), |comma| {
        let inner = &text[start..start + comma];
        let lead = inner.len() - inner.trim_start().len();
        Span::new(start + lead, start + inner.trim_end().len().max(lead))
    })
}
