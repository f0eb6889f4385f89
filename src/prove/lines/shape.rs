//! What the stages of one log query look for in a line.
//!
//! Knows: which stage reads what of the line, and under which name. Must not know: how a line is put together.

use super::super::sample::{Rng, Sampler};
use super::text::Test;
use super::values::{Field, Leaf, Place};
use crate::logql_eval::probe::{self, LabelProbe, Part, Step};
use crate::syntax::go_template;
use crate::syntax::logql::{FilterId, FilterKind, FormatSource, List, Log, Query, Stage, StageKind, Text, Use};

/// Comparisons of one log query at most: each has a bit.
const MOST: usize = 64;
/// How deep label filters are followed.
const DEEPEST: usize = 64;

/// What a parser reads.
#[derive(Debug)]
pub(super) enum Format {
    Json,
    Logfmt,
    /// JSON of texts only, the line itself in `_entry`.
    Pack,
    Regexp(Sampler),
    Pattern(Vec<Part>),
}

impl Format {
    /// Whether it passes over what it does not find.
    pub(super) fn is_matched(&self) -> bool {
        matches!(self, Self::Regexp(_) | Self::Pattern(_))
    }
}

/// What is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    /// The line.
    Line,
    /// A word behind it: a parser reads the line before the colours go.
    Behind,
}

/// A line, or one that stands in a field of another: `unpack` and `line_format "{{.msg}}"` take such out.
#[derive(Debug, Default)]
pub(super) struct Layer {
    /// The field of the layer around it that holds this one.
    pub(super) carrier: Option<usize>,
    pub(super) formats: Vec<Format>,
    pub(super) tests: Vec<Test>,
    /// Where colours are.
    pub(super) colour: Option<Colour>,
}

/// What a label filter asks, over the bits of its comparisons.
#[derive(Debug)]
pub(super) enum Tree {
    /// Nothing that a field decides.
    Free,
    Leaf(u64),
    Join {
        or: bool,
        sides: Box<[Tree; 2]>,
    },
}

/// What can hold a line back.
#[derive(Debug)]
pub(super) enum Goal {
    /// A line filter, by its layer and its place there.
    Line(usize, usize),
    Labels(Tree),
}

/// What the lines of one log query have to offer.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) layers: Vec<Layer>,
    pub(super) fields: Vec<Field>,
    pub(super) goals: Vec<Goal>,
    /// Fields called like labels that a move adds or takes.
    pub(super) collisions: Vec<usize>,
}

/// A label that `label_format` makes of another.
struct Renamed {
    to: String,
    from: String,
    /// What a template writes around the value, where it is one.
    around: Option<(String, String)>,
}

/// What is known while the stages are read.
pub(super) struct Reader<'q, 'a> {
    query: &'q Query<'a>,
    rng: &'q mut Rng,
    shape: Shape,
    leaves: Vec<Leaf>,
    /// Labels that `label_format` makes of others.
    renamed: Vec<Renamed>,
    /// Labels that a parser takes from a place that is said.
    named: Vec<(String, Place)>,
    /// Whether a parser makes labels of all that is there.
    open: bool,
    /// The layer of the last parser.
    parsed: Option<usize>,
    /// The field that the line was replaced by, as long as nothing has read the new line.
    replaced: Option<String>,
}

impl<'q, 'a> Reader<'q, 'a> {
    /// Reads the stages of a log query.
    pub(super) fn new(query: &'q Query<'a>, log: &Log, rng: &'q mut Rng) -> Self {
        let (layers, fields, goals) = (vec![Layer::default()], Vec::new(), Vec::new());
        let shape = Shape { layers, fields, goals, collisions: Vec::new() };
        let (leaves, renamed, named) = (Vec::new(), Vec::new(), Vec::new());
        let mut reader = Self { query, rng, shape, leaves, renamed, named, open: false, parsed: None, replaced: None };
        query.stages(log).iter().for_each(|stage| reader.stage(stage));
        reader
    }

    /// The whole, with fields for what the queries name (`used`) and for labels that may collide (`names`). `stream`: labels
    /// of selectors, each with a value.
    pub(super) fn finish(mut self, used: &[(String, Use)], names: &[&str], stream: &[(String, String)]) -> Shape {
        if self.parsed.is_some() {
            let is_stream = |name: &str| stream.iter().any(|(own, _)| own == name);
            for (name, _) in used.iter().filter(|(name, _)| !names.contains(&name.as_str()) && !is_stream(name)) {
                self.field(name);
            }
            for name in if self.open { names } else { &[] } {
                let known = self.shape.fields.len();
                let field = self.field(name);
                if field >= known {
                    self.shape.collisions.push(field);
                }
                let own = &mut self.shape.fields[field];
                stream.iter().filter(|(label, _)| label == name).for_each(|(_, value)| own.add(value));
                own.add("inner");
            }
        }
        for (index, field) in self.shape.fields.iter_mut().enumerate() {
            field.settle(index, &self.leaves);
            if field.is_read() {
                field.usual =
                    if stream.iter().any(|(name, _)| field.place == Place::Name(name.clone())) { 50 } else { 100 };
            }
        }
        self.prune();
        self.shape
    }

    /// Fields that only a pattern reads are always there; of a regular expression they have values it takes.
    fn prune(&mut self) {
        let Shape { layers, fields, .. } = &mut self.shape;
        for (index, layer) in layers.iter().enumerate() {
            let [format] = layer.formats.as_slice() else { continue };
            for field in fields.iter_mut().filter(|field| field.layer == index) {
                let Place::Name(name) = field.place.clone() else { continue };
                match format {
                    Format::Regexp(sampler) if sampler.regex().capture_names().flatten().any(|group| group == name) => {
                        field.keep(|value| sampler.fits(&name, value, self.rng));
                    }
                    Format::Pattern(parts) if parts.contains(&Part::Capture(Some(name))) => field.keep(|_| true),
                    _ => {}
                }
            }
        }
    }

    fn layer(&mut self) -> &mut Layer {
        if let Some(label) = self.replaced.take() {
            self.inner(&label);
        }
        if self.shape.layers.is_empty() {
            self.shape.layers.push(Layer::default());
        }
        let last = self.shape.layers.len() - 1;
        &mut self.shape.layers[last]
    }

    /// The field that a label comes from, where it may come from the line.
    fn field(&mut self, label: &str) -> usize {
        let mut label = label;
        // Each rename is followed once, so a circle ends.
        for renamed in self.renamed.iter().rev() {
            if renamed.to == label {
                label = &renamed.from;
            }
        }
        let bare = label.strip_suffix("_extracted").unwrap_or(label);
        let named = self.named.iter().rev().find(|(name, _)| name == label || name == bare);
        let place = named.map(|(_, place)| place.clone());
        let place = place.unwrap_or_else(|| Place::Name(bare.to_owned()));
        let layer = self.parsed.unwrap_or(0);
        let fields = &mut self.shape.fields;
        fields.iter().position(|field| field.place == place && field.layer == layer).unwrap_or_else(|| {
            fields.push(Field::new(place, layer));
            fields.len() - 1
        })
    }

    fn format(&mut self, format: Format) {
        self.layer().formats.push(format);
        self.parsed = Some(self.shape.layers.len() - 1);
    }

    fn stage(&mut self, stage: &Stage<'_>) {
        match &stage.kind {
            StageKind::LineFilter { op, texts } => {
                if let Some(test) = Test::of(*op, self.query.line_texts(*texts)) {
                    self.layer().tests.push(test);
                    let layer = self.shape.layers.len() - 1;
                    self.shape.goals.push(Goal::Line(layer, self.shape.layers[layer].tests.len() - 1));
                }
            }
            StageKind::Json(list) => self.parser(Format::Json, *list),
            StageKind::Logfmt(list) => self.parser(Format::Logfmt, *list),
            StageKind::Regexp(text) if !text.placeholder => self.regexp(&text.value),
            StageKind::Pattern(text) if !text.placeholder => {
                self.format(Format::Pattern(probe::pattern(&text.value)));
            }
            StageKind::Unpack => {
                self.format(Format::Pack);
                self.open = true;
                self.inner("_entry");
            }
            StageKind::LabelFilter(root) if self.parsed.is_some() => {
                let tree = self.tree(*root, 0);
                if !matches!(tree, Tree::Free) {
                    self.shape.goals.push(Goal::Labels(tree));
                }
            }
            StageKind::LineFormat(text) => self.line_format(text),
            StageKind::LabelFormat(list) => self.label_format(*list),
            StageKind::Decolorize => {
                let layer = self.layer();
                layer.colour = Some(if layer.formats.is_empty() { Colour::Line } else { Colour::Behind });
            }
            StageKind::Keep(list) | StageKind::Drop(list) if self.parsed.is_some() => {
                let query = self.query;
                for pick in query.picks(*list) {
                    if let Some((op, text)) = pick.condition.as_ref().filter(|_| !pick.name.text.starts_with("__")) {
                        let field = self.field(pick.name.text);
                        self.shape.fields[field].add_matched(*op, &text.value, self.rng);
                    }
                }
            }
            StageKind::Unwrap { name, conversion } if self.parsed.is_some() => {
                let field = self.field(name.text);
                let conversion = conversion.map_or("", |span| span.of(self.query.text()));
                self.shape.fields[field].add_unwrapped(conversion);
            }
            _ => {}
        }
    }

    fn parser(&mut self, format: Format, list: List) {
        self.format(format);
        let query = self.query;
        self.open |= list.is_empty();
        for item in query.extractions(list) {
            let text = item.expression.as_ref().map_or(item.name.text, |text| &*text.value);
            let path = probe::path(text).unwrap_or_else(|| vec![Step::Field(text.to_owned())]);
            self.named.push((item.name.text.to_owned(), Place::Path(path)));
            self.field(item.name.text);
        }
    }

    /// The values of its groups are such as the pattern takes.
    fn regexp(&mut self, pattern: &str) {
        let Some(sampler) = Sampler::of(pattern) else { return };
        let samples: Vec<String> = (0..4).filter_map(|_| sampler.text(self.rng)).collect();
        let mut found = Vec::new();
        for sample in &samples {
            let Some(captures) = sampler.regex().captures(sample) else { continue };
            let names = sampler.regex().capture_names().flatten();
            found.extend(names.filter_map(|name| Some((name.to_owned(), captures.name(name)?.as_str().to_owned()))));
        }
        self.format(Format::Regexp(sampler));
        for (name, value) in found {
            let field = self.field(&name);
            self.shape.fields[field].add(value);
        }
    }

    /// From here on the line is what a field holds.
    fn inner(&mut self, label: &str) {
        let carrier = self.field(label);
        self.shape.layers.push(Layer { carrier: Some(carrier), ..Layer::default() });
    }

    fn line_format(&mut self, text: &Text<'_>) {
        let fields = go_template::fields(&text.value).unwrap_or_default();
        let alone = text.value.strip_prefix("{{").and_then(|inner| inner.strip_suffix("}}")).map(str::trim);
        match fields.as_slice() {
            [field] if self.parsed.is_some() && alone == Some(&format!(".{}", field.name)) => {
                self.replaced = Some(field.name.clone());
            }
            _ => self.template(text),
        }
    }

    /// The texts a template compares with are values of its fields.
    fn template(&mut self, text: &Text<'_>) {
        let (Ok(fields), Ok(tags)) = (go_template::fields(&text.value), go_template::actions(&text.value)) else {
            return;
        };
        if self.parsed.is_none() {
            return;
        }
        for tag in tags.iter().filter(|tag| tag.words.len() > 1) {
            for field in fields.iter().filter(|field| tag.span.contains(field.span)) {
                let field = self.field(&field.name);
                let field = &mut self.shape.fields[field];
                for word in &tag.words {
                    match word.inner().of(&text.value) {
                        value if word.text && !value.contains('%') => field.add(value),
                        function => field.add_for(function),
                    }
                }
            }
        }
    }

    fn label_format(&mut self, list: List) {
        let query = self.query;
        let mut renamed = Vec::new();
        for item in query.formats(list) {
            let (from, around) = match &item.source {
                FormatSource::Label(name) => (name.text.to_owned(), None),
                FormatSource::Template(text) => {
                    self.template(text);
                    let fields = go_template::fields(&text.value).unwrap_or_default();
                    let ([field], Some((before, rest))) = (fields.as_slice(), text.value.split_once("{{")) else {
                        continue;
                    };
                    let behind = rest.rsplit_once("}}").map_or("", |(_, behind)| behind);
                    (field.name.clone(), Some((before.to_owned(), behind.to_owned())))
                }
            };
            renamed.push(Renamed { to: item.destination.text.to_owned(), from, around });
        }
        self.renamed.append(&mut renamed);
    }

    fn tree(&mut self, id: FilterId, depth: usize) -> Tree {
        let query = self.query;
        match &query.filter(id).kind {
            FilterKind::Join { or, left, right } if depth < DEEPEST => {
                match [self.tree(*left, depth + 1), self.tree(*right, depth + 1)] {
                    [Tree::Free, Tree::Free] => Tree::Free,
                    sides => Tree::Join { or: *or, sides: Box::new(sides) },
                }
            }
            FilterKind::Compare { name, op, value, .. } if !name.text.starts_with("__") && self.leaves.len() < MOST => {
                let Some(probe) = LabelProbe::of(query, id) else { return Tree::Free };
                let field = self.field(name.text);
                let own = &mut self.shape.fields[field];
                own.add_compared(query.text(), *op, value, self.rng);
                let renamed = self.renamed.iter().rev().find(|renamed| renamed.to == name.text);
                if let Some((before, behind)) = renamed.and_then(|renamed| renamed.around.as_ref()) {
                    own.add_templated(before, behind, renamed.is_some_and(|renamed| renamed.from != name.text));
                }
                let bit = 1 << self.leaves.len();
                self.leaves.push(Leaf { probe, bit, field });
                Tree::Leaf(bit)
            }
            _ => Tree::Free,
        }
    }
}
