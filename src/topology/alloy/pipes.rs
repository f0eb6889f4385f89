//! What lines pass through on their way to Loki: `loki.process`, `loki.relabel`, `loki.write`.
//!
//! Knows: which stage touches which labels (label-surface 5.2), and where a component forwards to. Must not know: hosts,
//! values of variables, or what a line's labels are.

use super::read::Reader;
use super::{LabelMap, Text};
use crate::syntax::alloy::{Attribute, Block, Expr};
use crate::syntax::jinja::TagKind;
use crate::text::Span;
use crate::topology::relabel::Rule;

/// Where a component forwards lines to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outlets {
    /// Components (`loki.write.default`), in order.
    pub to: Vec<String>,
    /// Whether part of the list is computed, so that there may be more.
    pub open: bool,
}

/// A component that takes lines in.
#[derive(Clone, Debug)]
pub struct Pipe {
    /// `loki.process.kairos`.
    pub id: String,
    /// The block.
    pub at: Span,
    /// What it does.
    pub does: Does,
    /// Where it forwards to.
    pub to: Outlets,
}

/// What a component does with the labels of a line.
#[derive(Clone, Debug)]
pub enum Does {
    /// Sends it to Loki, with these labels where the line has none of that name.
    Write(LabelMap),
    /// Relabels it.
    Relabel(Result<Vec<Rule>, String>),
    /// Runs stages.
    Process(Vec<Stage>),
    /// Prints it, and that is the end of it.
    Print,
    /// Nobody knows.
    Unknown,
}

/// One stage of a `loki.process`.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The block.
    pub at: Span,
    /// `stage.match`.
    pub name: String,
    /// What it does with labels.
    pub touches: Touches,
    /// Stages inside.
    pub inner: Vec<Stage>,
    /// Whether it stands in a Jinja block, so that it may not be there.
    pub perhaps: bool,
    /// Strings in it, the ones of stages inside not included.
    pub texts: Vec<Text>,
}

/// What a stage does with labels.
#[derive(Clone, Debug)]
pub enum Touches {
    /// Nothing.
    Nothing,
    /// Sets these.
    Set(LabelMap),
    /// Gives these a value from the line, or takes them away, or does not.
    Write(Vec<String>),
    /// Takes these away.
    Remove(Vec<String>),
    /// Takes all others away.
    Keep(Vec<String>),
    /// Hands lines that the selector takes to the stages inside, or drops them.
    Match {
        /// The selector; `None` when it is computed.
        selector: Option<Text>,
        /// `action = "drop"`.
        drop: bool,
    },
    /// Anything.
    Any,
}

/// Labels that `stage.geoip` can write.
const GEOIP: [&str; 12] = [
    "geoip_autonomous_system_number",
    "geoip_autonomous_system_organization",
    "geoip_city_name",
    "geoip_continent_code",
    "geoip_continent_name",
    "geoip_country_code",
    "geoip_country_name",
    "geoip_location_latitude",
    "geoip_location_longitude",
    "geoip_postal_code",
    "geoip_subdivision_code",
    "geoip_timezone",
];

/// Stages that leave labels alone.
const STILL: [&str; 18] = [
    "decolorize",
    "drop",
    "eventlogmessage",
    "json",
    "limit",
    "logfmt",
    "luhn",
    "metrics",
    "multiline",
    "output",
    "replace",
    "sampling",
    "split_json",
    "structured_metadata_drop",
    "template",
    "tenant",
    "timestamp",
    "windowsevent",
];

impl Reader<'_> {
    /// The component, if it takes lines in.
    pub(super) fn pipe(&self, block: Block<'_, '_>) -> Option<Pipe> {
        let name = block.name();
        let kind = name.strip_prefix("loki.").filter(|kind| !kind.starts_with("source."))?;
        let does = match kind {
            "write" => Does::Write(self.labels(block.attr("external_labels").map(Attribute::value))),
            "relabel" => Does::Relabel(self.rules(block)),
            "process" => Does::Process(self.stages_of(block)),
            "echo" => Does::Print,
            _ => Does::Unknown,
        };
        Some(Pipe { id: block.id(), at: block.span(), does, to: self.outlets(block) })
    }

    /// Where a component forwards to.
    pub(super) fn outlets(&self, block: Block<'_, '_>) -> Outlets {
        let Some(list) = block.attr("forward_to").map(Attribute::value) else { return Outlets::default() };
        let all: Vec<_> = list.references().map(|reference| reference.path.into_owned()).collect();
        let to: Vec<String> = all.iter().filter_map(|path| path.strip_suffix(".receiver")).map(str::to_owned).collect();
        // A function's name is a reference, too: whatever is no receiver may be a list of them.
        let joined = |path: &String| path.ends_with(".receiver") || matches!(path.as_str(), "concat" | "array.concat");
        let open = self.has_jinja(list.span()) || !all.iter().all(joined);
        Outlets { to, open }
    }

    fn stages_of(&self, block: Block<'_, '_>) -> Vec<Stage> {
        block.children().map(|stage| self.stage(stage, block)).collect()
    }

    fn stage(&self, block: Block<'_, '_>, around: Block<'_, '_>) -> Stage {
        let name = block.name();
        let inner = if block.is("stage.match") { self.stages_of(block) } else { Vec::new() };
        let statements = |span: Span| self.mask.tags_in(span).iter().any(|tag| tag.kind == TagKind::Statement);
        let outside = self.mask.arms_at(around.body_span().start()).len();
        let perhaps = self.mask.arms_at(block.span().start()).len() > outside;
        let touches = match name.strip_prefix("stage.").unwrap_or_default() {
            _ if inner.is_empty() && statements(block.span()) => Touches::Any,
            kind => self.touches(kind, block),
        };
        let own =
            block.attributes().map(Attribute::value).filter(|_| inner.is_empty() || !matches!(touches, Touches::Any));
        let texts = own.flat_map(strings).filter_map(|text| self.string(text)).collect();
        Stage { at: block.span(), name: name.into_owned(), touches, inner, perhaps, texts }
    }

    fn touches(&self, kind: &str, block: Block<'_, '_>) -> Touches {
        let values = block.attr("values").map(Attribute::value);
        let is = |name: &str| block.attr(name).is_some_and(|attr| attr.value().as_bool() != Some(false));
        let or_any = |names: Option<Vec<String>>, what: fn(Vec<String>) -> Touches| names.map_or(Touches::Any, what);
        match kind {
            "static_labels" => match self.labels(values) {
                LabelMap::Computed(_) => Touches::Any,
                // An empty value is passed over.
                LabelMap::Known(list) => {
                    Touches::Set(LabelMap::Known(list.into_iter().filter(|(_, text)| !text.raw.is_empty()).collect()))
                }
            },
            "labels" => or_any(self.keys(values), Touches::Write),
            "label_drop" => or_any(self.names(values), Touches::Remove),
            "label_keep" => or_any(self.names(values), Touches::Keep),
            "pack" => or_any(self.names(block.attr("labels").map(Attribute::value)), Touches::Write),
            "structured_metadata" if block.attributes().any(|attr| attr.name() != "values") => Touches::Any,
            "structured_metadata" => or_any(self.moved_out(values), Touches::Write),
            "regex" | "pattern" if is("labels_from_groups") => {
                let pattern = block.attr("expression").or(block.attr("pattern")).map(Attribute::value);
                let text = pattern.and_then(|text| self.string(text)).filter(|text| !self.has_jinja(text.at));
                text.map_or(Touches::Any, |text| Touches::Write(groups(&text.raw)))
            }
            "regex" | "pattern" => Touches::Nothing,
            "docker" | "cri" => Touches::Write(vec!["stream".to_owned()]),
            "geoip" => Touches::Write(GEOIP.map(str::to_owned).to_vec()),
            "truncate" => {
                let label = |rule: Block<'_, '_>| {
                    let kind = rule.attr("source_type").map(Attribute::value);
                    kind.is_some_and(|kind| kind.as_str().as_deref() != Some("line"))
                };
                if block.children().any(label) { Touches::Any } else { Touches::Nothing }
            }
            "match" => Touches::Match {
                selector: block.attr("selector").and_then(|attr| self.string(attr.value())),
                drop: block.attr("action").is_some_and(|attr| attr.value().as_str().as_deref() == Some("drop")),
            },
            kind if STILL.contains(&kind) => Touches::Nothing,
            _ => Touches::Any,
        }
    }

    /// The strings of a list; `None` when one is computed.
    fn names(&self, list: Option<Expr<'_, '_>>) -> Option<Vec<String>> {
        let Some(list) = list else { return Some(Vec::new()) };
        let text = |item: Expr<'_, '_>| self.string(item).filter(|text| !self.has_jinja(text.at)).map(|text| text.raw);
        let is_list = list.kind() == crate::syntax::alloy::Kind::Array;
        list.items().map(text).collect::<Option<Vec<_>>>().filter(|_| is_list)
    }

    /// The keys of a map.
    fn keys(&self, map: Option<Expr<'_, '_>>) -> Option<Vec<String>> {
        let Some(map) = map else { return Some(Vec::new()) };
        let is_map = map.kind() == crate::syntax::alloy::Kind::Object;
        let plain = !map.fields().any(|field| self.has_jinja(field.key_span()));
        (is_map && plain).then(|| map.fields().map(|field| field.key().to_owned()).collect())
    }

    /// The labels that leave for structured metadata: the value of each pair, or its key where that is empty.
    fn moved_out(&self, map: Option<Expr<'_, '_>>) -> Option<Vec<String>> {
        self.keys(map)?;
        let fields = map.into_iter().flat_map(Expr::fields);
        let name = |field: crate::syntax::alloy::Field<'_, '_>| match self.string(field.value()) {
            Some(text) if self.has_jinja(text.at) => None,
            Some(text) if text.raw.is_empty() => Some(field.key().to_owned()),
            Some(text) => Some(text.raw),
            None => None,
        };
        fields.map(name).collect()
    }
}

/// Every string literal in an expression.
fn strings<'c, 't>(expr: Expr<'c, 't>) -> Vec<Expr<'c, 't>> {
    let mut out = Vec::new();
    let mut work = vec![expr];
    while let Some(expr) = work.pop() {
        if expr.as_str().is_some() {
            out.push(expr);
        }
        work.extend(expr.children());
        work.extend(expr.fields().map(crate::syntax::alloy::Field::value));
    }
    out
}

/// Names of the groups of a pattern: `(?P<name>…)`, `(?<name>…)`, `<name>`.
fn groups(pattern: &str) -> Vec<String> {
    let names = pattern.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(name, _)| name);
    let is_name = |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    names.filter(is_name).map(str::to_owned).collect()
}
