//! One walk over a document that finds every query and what it belongs to.
//!
//! Knows: keys of dashboards, alert rules and rule files. Must not know: languages, jobs. Every object is visited,
//! whatever its depth, so a schema of any age is read (real-world G2); what an object is follows from what it stands
//! in, climbing at most [`DEEPEST`] steps.

use std::collections::HashMap;
use std::sync::OnceLock;

use memchr::memmem;

use super::document::Document;
use super::variables::{self, Variable};
use super::{Evidence, FileSites, Holder, OwnJob, Site, SiteKind};
use super::{alerts, columns, links, place, prose, provisioned, settings};
use crate::syntax::tree::{NodeId, Ref};
use crate::text::{Span, View};

/// Adds what `document` holds to `file`. `sets` counts rule sets over the whole file.
pub(super) fn collect(document: &Document<'_>, file: &mut FileSites, sets: &mut usize) {
    let bytes = document.text().as_bytes();
    let has = |words: &[&str]| words.iter().any(|word| memmem::find(bytes, word.as_bytes()).is_some());
    let asks = has(provisioned::WORDS);
    let (links, first) = (has(links::WORDS), file.holders.len());
    let variables = has(&["templating", "Variable"]);
    let mut declared = Vec::new();
    let mut walk =
        Walk { document, file, holders: HashMap::new(), feeds: HashMap::new(), sets: place::Sets::new(sets) };
    for node in document.tree.iter().filter(|node| node.is_mapping()) {
        walk.file.names.note(node);
        walk.expression(node);
        walk.variable(node);
        walk.ad_hoc(node);
        walk.shown_again(node);
        if variables {
            declared.extend(variables::declared(document, node));
            walk.file.repeats.extend(variables::repeated(node).map(String::from));
            walk.group_by(node);
        }
        if links {
            walk.links(node);
        }
        if asks {
            walk.asked(node);
        }
    }
    if links {
        walk.rule_links(first);
    }
    walk.rule_texts(first);
    let Walk { holders, feeds, file, .. } = walk;
    settings::collect(document, &holders, &mut file.holders);
    file.variables.extend(declared.into_iter().map(|(id, variable)| {
        let site = feeds.get(&id).copied();
        Variable { site, ..variable }
    }));
}

struct Walk<'w, 'd, 'a> {
    document: &'w Document<'a>,
    file: &'d mut FileSites,
    holders: HashMap<NodeId, usize>,
    /// The query of each variable.
    feeds: HashMap<NodeId, usize>,
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
    filter: Option<(String, String)>,
}

impl<'w, 'a> Query<'w, 'a> {
    /// All of `scalar`, with nothing that hangs on it.
    fn of(node: Ref<'w, 'a>, scalar: Ref<'w, 'a>) -> Self {
        let (legends, keys, copies) = (Vec::new(), Vec::new(), Vec::new());
        Self { node, scalar, part: None, legends, keys, copies, filter: None }
    }
}

/// The site of a query in a link or a text.
fn linked(one: links::Embedded, kind: SiteKind, holder: usize) -> Site {
    Site {
        query: Span::new(0, one.view.text().len()),
        template: !one.view.opaque().is_empty(),
        view: one.view,
        kind,
        holder,
        ref_id: one.ref_id,
        evidence: one.evidence,
        datasource_at: None,
        legends: Vec::new(),
        keys: Vec::new(),
        copies: Vec::new(),
        filter: None,
        asks: OnceLock::new(),
    }
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
        self.push(found, Query { legends, keys, ..Query::of(node, scalar) });
    }

    /// A query variable: `label_values({…}, label)` as a string, or the object form (label-surface 2.3).
    fn variable(&mut self, node: Ref<'w, 'a>) {
        let object = || (node.get("label").is_some() && node.get("type").is_some()).then_some(node);
        let Some(query) = node.get("query").or_else(|| node.get("__legacyStringValue")).or_else(object) else { return };
        let Some(found) = place::of_variable(self.document, node) else { return };
        let text = query.get("__legacyStringValue").unwrap_or(query);
        let stream = query.get("stream").filter(|stream| stream.str().is_some());
        let (scalar, part) = match (stream, query.get("label")) {
            (Some(stream), _) => (stream, None),
            // All values of a label.
            (None, Some(label)) if query.is_mapping() => (label, Some(Span::at(0))),
            _ => (text, text.str().map(label_values)),
        };
        let copies = self.views(found.holder, &["definition"]);
        let keys = if text.is_mapping() { self.views(query, &["label"]) } else { Vec::new() };
        let before = self.file.sites.len();
        let holder = found.holder.id();
        self.push(found, Query { scalar, part, keys, copies, ..Query::of(node, scalar) });
        if self.file.sites.len() > before {
            self.feeds.insert(holder, before);
        }
    }

    /// `{key: job, operator: …, value: …}` of an ad hoc filter variable; and the same of what `job` may become.
    fn ad_hoc(&mut self, node: Ref<'w, 'a>) {
        let Some(key) = node.get("key").filter(|key| matches!(key.str(), Some("job" | "service_name"))) else { return };
        let Some(operator) = node.get_str("operator") else { return };
        let Some(found) = place::of_ad_hoc(self.document, node) else { return };
        let filter = Some((operator.to_owned(), node.get_str("value").unwrap_or("").to_owned()));
        self.push(found, Query { filter, ..Query::of(node, key) });
    }

    /// A panel that shows the results of another one.
    fn shown_again(&mut self, node: Ref<'w, 'a>) {
        let Some(id) = node.get_str("panelId") else { return };
        let Some(list) = node.parent().filter(|list| list.is_sequence()) else { return };
        let targets = list.own_entry().is_some_and(|(key, _)| key.str() == Some("targets"));
        let Some(panel) = list.parent().filter(|_| targets) else { return };
        let index = self.holder(panel, SiteKind::Panel);
        if let Some(holder) = self.file.holders.get_mut(index) {
            holder.shows = Some(id.to_owned());
        }
    }

    /// A variable that groups every query by the labels chosen in it: `job` among them, or offered.
    fn group_by(&mut self, node: Ref<'w, 'a>) {
        let is_one = node.get_str("type") == Some("groupby") && place::in_templating(node);
        let spec = || node.parent().filter(|around| around.get_str("kind") == Some("GroupByVariable"));
        if !is_one && (node.get("name").is_none() || spec().is_none()) {
            return;
        }
        let chosen = ["current", "defaultValue"].iter().filter_map(|key| node.get(key)?.get("value"));
        let list = chosen.chain(node.get("options")).flat_map(|value| std::iter::once(value).chain(value.items()));
        let values = list.map(|value| value.get("value").unwrap_or(value));
        let Some(scalar) = values.into_iter().find(|value| value.str() == Some("job")) else { return };
        let Some(found) = place::of_ad_hoc(self.document, node) else { return };
        self.push(found, Query::of(node, scalar));
    }

    /// Queries in the links of a dashboard.
    fn links(&mut self, node: Ref<'w, 'a>) {
        let Some(view) = node.get("url").filter(|url| url.str().is_some()).and_then(|url| self.document.view(url))
        else {
            return;
        };
        let embedded = links::in_url(&view);
        self.file.apart.extend(links::apart(&view));
        if embedded.is_empty() {
            return;
        }
        let holder = self.holder(place::around_link(node), SiteKind::Link);
        self.file.sites.extend(embedded.into_iter().map(|one| linked(one, SiteKind::Link, holder)));
    }

    /// What a provisioned datasource asks of another one.
    fn asked(&mut self, node: Ref<'w, 'a>) {
        for one in provisioned::of(node) {
            let (kind, key, filter) = match one.what {
                provisioned::What::Query => (SiteKind::Asked, None, None),
                provisioned::What::Tag(value) => (SiteKind::Tag, value, None),
                provisioned::What::Name => (SiteKind::Tag, None, Some((String::new(), String::new()))),
            };
            let keys = key.and_then(|key| self.document.view(key)).into_iter().collect();
            let found = place::Found { kind, holder: node, evidence: one.evidence, datasource: None };
            self.push(found, Query { keys, filter, ..Query::of(node, one.scalar) });
        }
    }

    /// Queries in the annotations of rules, from this holder on.
    fn rule_links(&mut self, first: usize) {
        for (index, holder) in self.file.holders.iter().enumerate().skip(first) {
            for text in holder.texts.iter().filter(|text| text.label.is_none()) {
                let url = text.view.text().trim_start().starts_with(['h', '/']).then(|| links::in_url(&text.view));
                let embedded = url.unwrap_or_default().into_iter().chain(links::in_template(&text.view));
                self.file.sites.extend(embedded.map(|one| linked(one, SiteKind::RuleLink, index)));
            }
        }
    }

    /// Queries in the texts of rules, from this holder on.
    fn rule_texts(&mut self, first: usize) {
        for (index, holder) in self.file.holders.iter().enumerate().skip(first) {
            let queries = holder.texts.iter().flat_map(|text| prose::queries(&text.view));
            let embedded = queries.map(|view| links::Embedded { view, evidence: Evidence::Text, ref_id: None });
            self.file.sites.extend(embedded.map(|one| linked(one, SiteKind::RuleText, index)));
        }
    }

    fn push(&mut self, found: place::Found<'w, 'a>, query: Query<'w, 'a>) {
        let Some(view) = self.document.view(query.scalar) else { return };
        let holder = self.holder(found.holder, found.kind);
        self.file.sites.push(Site {
            template: self.document.templated(query.scalar.span()),
            datasource_at: found.datasource.map(|at| self.document.raw(at)),
            ref_id: place::ref_id(query.node).map(String::from),
            query: query.part.unwrap_or(Span::new(0, view.text().len())),
            view,
            kind: found.kind,
            holder,
            evidence: found.evidence,
            legends: query.legends,
            keys: query.keys,
            copies: query.copies,
            filter: query.filter,
            asks: OnceLock::new(),
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
        let mut holder = Holder {
            name: name(node, kind),
            at: self.document.raw(node),
            texts: Vec::new(),
            own_job: OwnJob::default(),
            flow: None,
            settings: Vec::new(),
            columns: None,
            targets: 0,
            id: node.get_str("id").map(String::from),
            shows: None,
            record: false,
        };
        if kind.on_dashboard() {
            holder.targets = settings::targets(node);
            holder.columns = columns::of(node);
        } else {
            alerts::describe(self.document, node, &mut holder);
            if holder.record && holder.name.starts_with("rule ") {
                holder.name.insert_str(0, "recording ");
            }
        }
        let index = self.file.holders.len();
        self.file.holders.push(holder);
        self.holders.insert(node.id(), index);
        index
    }
}

/// What people call a holder.
fn name(node: Ref<'_, '_>, kind: SiteKind) -> String {
    let first = |keys: &[&str]| keys.iter().find_map(|key| node.get_str(key).filter(|text| !text.is_empty()));
    let (word, name) = match kind {
        SiteKind::Annotation => ("annotation", first(&["name"])),
        SiteKind::Variable => ("variable", first(&["name"])),
        SiteKind::AdHoc => ("ad hoc filter", first(&["name"])),
        SiteKind::Link
            if node.get("targets").is_none() && ["panels", "rows"].iter().any(|key| node.get(key).is_some()) =>
        {
            ("dashboard", first(&["title"]))
        }
        SiteKind::Asked | SiteKind::Tag => ("datasource", first(&["name"])),
        SiteKind::Link if ["targets", "gridPos", "fieldConfig"].iter().all(|key| node.get(key).is_none()) => {
            ("link", first(&["title", "name"]))
        }
        SiteKind::Panel | SiteKind::Link => ("panel", first(&["title"])),
        SiteKind::AlertQuery | SiteKind::Rule | SiteKind::RuleLink | SiteKind::RuleText => {
            ("rule", first(&["alert", "record", "title", "name", "uid"]))
        }
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
