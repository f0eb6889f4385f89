//! The tree YAML and JSON are read into: values, their kinds and where they stand.
//!
//! Knows: nodes, keys, anchors and spans. Must not know: how either language is read (see `yaml`, `json`) or what a
//! document is for. Nodes live in one vector, so neither reading, walking nor dropping a deep document recurses.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use crate::text::{Encoding, Source, Span, View};

/// Index of a node in its [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

/// How a node is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// YAML plain scalar; JSON number, `true`, `false`, `null`.
    Plain,
    /// YAML `'…'`.
    SingleQuoted,
    /// YAML `"…"`, with YAML's escapes.
    DoubleQuoted,
    /// YAML `|`.
    Literal,
    /// YAML `>`.
    Folded,
    /// JSON `"…"`, with JSON's escapes.
    Json,
    /// Indented collection.
    Block,
    /// `{…}` or `[…]`, of YAML or JSON.
    Flow,
    /// Nothing written: an empty value such as after `key:`.
    Absent,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind<'a> {
    /// A value, decoded.
    Scalar(Cow<'a, str>),
    /// Items in order.
    Sequence(Vec<NodeId>),
    /// Key and value pairs in order, duplicates and `<<` included.
    Mapping(Vec<(NodeId, NodeId)>),
    /// `*name`; the node it stands for.
    Alias(NodeId),
}

/// One value of a document.
#[derive(Clone, Debug)]
pub struct Node<'a> {
    /// What it is.
    pub kind: Kind<'a>,
    /// How it is written.
    pub style: Style,
    /// The bytes of the value itself: quotes, brackets and the `|` header included, anchor and tag not. A block
    /// collection reaches from its first key or dash to the end of its last value.
    pub span: Span,
    /// The `&name` in front, if any.
    pub anchor: Option<Span>,
    /// The `!tag` in front, if any.
    pub tag: Option<Span>,
    /// The collection it stands in.
    pub parent: Option<NodeId>,
}

/// All documents of one YAML stream, or one JSON text.
#[derive(Clone, Debug, Default)]
pub struct Tree<'a> {
    nodes: Vec<Node<'a>>,
    roots: Vec<NodeId>,
    comments: Vec<Span>,
}

impl<'a> Tree<'a> {
    /// An empty stream, for a reader to fill.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty stream with room for `nodes`.
    pub fn with_room(nodes: usize) -> Self {
        Self { nodes: Vec::with_capacity(nodes), ..Self::default() }
    }

    /// Adds a node below `parent` (which the reader fills in later) and returns its id. Readers add nodes in the order they
    /// start in the text, so that ids go up along a collection.
    pub fn push(&mut self, node: Node<'a>) -> NodeId {
        self.nodes.push(node);
        NodeId(self.nodes.len() as u32 - 1)
    }

    /// Marks `id` as the root of the next document.
    pub fn push_root(&mut self, id: NodeId) {
        self.roots.push(id);
    }

    /// Records a comment, `#` included, line end not.
    pub fn push_comment(&mut self, span: Span) {
        self.comments.push(span);
    }

    /// The node, to change while reading.
    pub fn node_mut(&mut self, id: NodeId) -> &mut Node<'a> {
        &mut self.nodes[id.0 as usize]
    }

    /// A node with its tree.
    pub fn at(&self, id: NodeId) -> Ref<'_, 'a> {
        Ref { tree: self, id }
    }

    /// The root of each document.
    pub fn roots(&self) -> impl Iterator<Item = Ref<'_, 'a>> {
        self.roots.iter().map(|&id| self.at(id))
    }

    /// The root of the first document.
    pub fn root(&self) -> Option<Ref<'_, 'a>> {
        self.roots().next()
    }

    /// Comments in file order (YAML only).
    pub fn comments(&self) -> &[Span] {
        &self.comments
    }

    /// Every node, in the order it starts in the text (a collection before what is in it).
    pub fn iter(&self) -> impl Iterator<Item = Ref<'_, 'a>> {
        (0..self.nodes.len() as u32).map(|id| self.at(NodeId(id)))
    }
}

/// A node together with its tree. Navigation does not follow aliases unless it says so.
#[derive(Clone, Copy)]
pub struct Ref<'t, 'a> {
    tree: &'t Tree<'a>,
    id: NodeId,
}

impl<'t, 'a> Ref<'t, 'a> {
    /// Its index.
    pub fn id(self) -> NodeId {
        self.id
    }

    /// The tree it stands in.
    pub fn tree(self) -> &'t Tree<'a> {
        self.tree
    }

    /// The node.
    pub fn node(self) -> &'t Node<'a> {
        &self.tree.nodes[self.id.0 as usize]
    }

    /// [`Node::span`].
    pub fn span(self) -> Span {
        self.node().span
    }

    /// The node an alias stands for (chains followed, loops cut), else itself.
    #[must_use]
    pub fn target(self) -> Self {
        match self.node().kind {
            Kind::Alias(id) if id < self.id => self.tree.at(id).target(),
            _ => self,
        }
    }

    /// The decoded text of a scalar.
    pub fn str(self) -> Option<&'t str> {
        match &self.node().kind {
            Kind::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is a mapping.
    pub fn is_mapping(self) -> bool {
        matches!(self.node().kind, Kind::Mapping(_))
    }

    /// Whether it is a sequence.
    pub fn is_sequence(self) -> bool {
        matches!(self.node().kind, Kind::Sequence(_))
    }

    /// Whether it is `null`, `~` or nothing, unquoted.
    pub fn is_null(self) -> bool {
        matches!(self.node().style, Style::Plain | Style::Absent)
            && matches!(self.str(), Some("" | "~" | "null" | "Null" | "NULL"))
    }

    /// The collection it stands in.
    pub fn parent(self) -> Option<Self> {
        self.node().parent.map(|id| self.tree.at(id))
    }

    /// Items of a sequence; nothing for another kind.
    pub fn items(self) -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator {
        let items: &'t [NodeId] = match &self.node().kind {
            Kind::Sequence(items) => items,
            _ => &[],
        };
        items.iter().map(move |&id| self.tree.at(id))
    }

    /// Key and value pairs of a mapping, as written; nothing for another kind.
    pub fn entries(self) -> impl DoubleEndedIterator<Item = (Self, Self)> + ExactSizeIterator {
        let entries: &'t [(NodeId, NodeId)] = match &self.node().kind {
            Kind::Mapping(entries) => entries,
            _ => &[],
        };
        entries.iter().map(move |&(key, value)| (self.tree.at(key), self.tree.at(value)))
    }

    /// The pair with this key, as written here (no merge keys); the last one if it is there twice.
    pub fn entry(self, key: &str) -> Option<(Self, Self)> {
        self.entries().rev().find(|(name, _)| name.str() == Some(key))
    }

    /// The value of this key, alias followed, merge keys not.
    pub fn get(self, key: &str) -> Option<Self> {
        self.entry(key).map(|(_, value)| value.target())
    }

    /// The value found along `path`, each step as [`Ref::get`].
    pub fn path(self, path: &[&str]) -> Option<Self> {
        path.iter().try_fold(self.target(), |at, key| at.get(key))
    }

    /// The decoded scalar of this key.
    pub fn get_str(self, key: &str) -> Option<&'t str> {
        self.get(key).and_then(Self::str)
    }

    /// The value of this key with YAML merge keys evaluated: an explicit key wins, then the first mapping in `<<`
    /// that has it.
    pub fn lookup(self, key: &str) -> Option<Self> {
        self.layers().find_map(|layer| layer.get(key))
    }

    /// The mapping and all that its merge keys bring in, in the order in which they win. Each is entered once, however
    /// many ways lead to it: what it says a second time is beaten by what it said the first time.
    pub fn layers(self) -> impl Iterator<Item = Self> {
        let mut open = vec![self];
        let mut entered = HashSet::new();
        std::iter::from_fn(move || {
            loop {
                let layer = open.pop()?;
                match layer.get("<<") {
                    Some(_) if !entered.insert(layer.id) => continue,
                    Some(merged) if merged.is_sequence() => open.extend(merged.items().rev().map(Self::target)),
                    Some(merged) => open.push(merged),
                    None => {}
                }
                return Some(layer);
            }
        })
    }

    /// How a scalar is written, for a view on it; `None` for what is no scalar.
    pub fn encoding(self) -> Option<Encoding> {
        let mut up = self.parent();
        let flow = std::iter::from_fn(|| {
            let at = up?;
            up = at.parent();
            Some(at)
        });
        self.str()?;
        Some(match self.node().style {
            Style::Plain | Style::Absent => Encoding::Plain { flow: { flow }.any(|at| at.node().style == Style::Flow) },
            Style::SingleQuoted => Encoding::SingleQuoted,
            Style::DoubleQuoted => Encoding::DoubleQuoted,
            Style::Literal => Encoding::Literal { indent: None },
            Style::Folded => Encoding::Folded { indent: None },
            Style::Json => Encoding::Json,
            Style::Block | Style::Flow => return None,
        })
    }

    /// The scalar as it stands in its file: `text` is what the tree was read from (masked or not), `opaque` the spans
    /// of the template tags in it, which stand for themselves. `None` for what is no scalar.
    pub fn view(self, source: &Arc<Source>, text: &str, opaque: &[Span]) -> Option<View> {
        let indent = self.block_indent(text);
        let encoding = match self.encoding()? {
            Encoding::Literal { .. } => Encoding::Literal { indent },
            Encoding::Folded { .. } => Encoding::Folded { indent },
            other => other,
        };
        Some(View::scalar(source, self.span(), encoding, opaque))
    }

    /// Columns of a block scalar's indent: what its first line has more blanks as written than as decoded.
    fn block_indent(self, text: &str) -> Option<usize> {
        let blanks = |line: &str| line.len() - line.trim_start_matches(' ').len();
        let (_, body) = self.span().of(text).split_once('\n')?;
        let written = body.lines().find(|line| !line.trim().is_empty())?;
        let decoded = self.str()?.lines().find(|line| !line.trim().is_empty())?;
        blanks(written).checked_sub(blanks(decoded))
    }

    /// The first key of this mapping that is there a second time; `<<` does not count.
    pub fn second_key(self) -> Option<Self> {
        let entries = self.entries();
        // Most mappings are small; a set pays only for the large ones.
        if entries.len() <= 16 {
            let keys: Vec<Self> = entries.map(|(key, _)| key).collect();
            let same = |a: &Self, b: &Self| a.str().is_some_and(|name| name != "<<" && b.str() == Some(name));
            return (1..keys.len()).find(|&at| keys[..at].iter().any(|key| same(key, &keys[at]))).map(|at| keys[at]);
        }
        let mut seen = HashSet::new();
        entries.map(|(key, _)| key).find(|key| key.str().is_some_and(|name| name != "<<" && !seen.insert(name)))
    }

    /// The pair of the parent mapping whose value is this node.
    pub fn own_entry(self) -> Option<(Self, Self)> {
        self.pair().filter(|(_, value)| value.id == self.id)
    }

    /// The pair of the parent mapping whose key or value is this node.
    pub fn pair(self) -> Option<(Self, Self)> {
        let parent = self.parent()?;
        let Kind::Mapping(entries) = &parent.node().kind else { return None };
        let (key, value) = *entries.get(entries.partition_point(|(_, value)| *value < self.id))?;
        (key == self.id || value == self.id).then(|| (self.tree.at(key), self.tree.at(value)))
    }

    /// Whether this node is a key of a mapping.
    pub fn is_key(self) -> bool {
        self.pair().is_some_and(|(key, _)| key.id == self.id)
    }
}

impl std::fmt::Debug for Ref<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {:?}", self.id, self.node())
    }
}
