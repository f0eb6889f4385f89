//! The documents of a file: the file itself, and documents that stand as text inside it.
//!
//! Knows: JSON, YAML, templates of both, a dashboard or rule file in a string of another document (`ConfigMap`). Must
//! not know: what a document is for.

use std::borrow::Cow;
use std::sync::Arc;

use memchr::memmem;

use crate::finding::{Finding, Level};
use crate::syntax::jinja::{Delims, FILLER, mask};
use crate::syntax::tree::{Ref, Style, Tree};
use crate::syntax::{SyntaxError, json, yaml};
use crate::text::{Place, Source, Span, View};

/// How many documents may stand inside each other.
const DEEPEST: usize = 4;

/// A document that was read.
#[derive(Debug)]
pub struct Document<'a> {
    /// The file.
    pub source: &'a Arc<Source>,
    /// What the tree was read from: the file, or the text of `base`; template tags masked.
    text: &'a str,
    /// Its values.
    pub tree: Tree<'a>,
    /// The string that holds the document, when it is not the file.
    base: Option<&'a View>,
    /// Template tags in `text`.
    opaque: &'a [Span],
    /// Those of them that print or decide something.
    printing: Vec<Span>,
}

impl Document<'_> {
    /// A scalar, decoded, with the way back to the bytes of the file.
    pub fn view(&self, node: Ref<'_, '_>) -> Option<View> {
        match self.base {
            None => node.view(self.source, self.text, self.opaque),
            Some(base) => node.encoding().map(|encoding| base.inner(node.span(), encoding)),
        }
    }

    /// What the tree was read from, template tags masked.
    pub(super) fn text(&self) -> &str {
        self.text
    }

    /// The bytes of the file a node stands in.
    pub fn raw(&self, node: Ref<'_, '_>) -> Span {
        self.base.map_or(node.span(), |base| base.raw(node.span()))
    }

    /// Whether a template fills in a part of `span` (of the document).
    pub fn templated(&self, span: Span) -> bool {
        let next = self.printing.partition_point(|tag| tag.end() <= span.start());
        self.printing.get(next).is_some_and(|tag| tag.overlaps(span))
    }
}

/// Whether a file can hold a query site or a datasource: JSON or YAML by its name, with one of the keys in it.
pub fn can_hold_queries(source: &Source) -> bool {
    let has = |word: &str| memmem::find(source.bytes(), word.as_bytes()).is_some();
    form(source).is_some() && ["expr", "label_values", "adhoc", "datasources"].iter().any(|word| has(word))
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    Json,
    Yaml,
}

/// By name: `.json`, `.yml`, `.yaml`, `.rules`, each also with `.j2`; a file of variables needs no suffix.
fn form(source: &Source) -> Option<Form> {
    let name = source.path.name();
    let name = name.strip_suffix(".j2").unwrap_or(name);
    match name.rsplit_once('.').map(|(_, suffix)| suffix) {
        Some("json") => Some(Form::Json),
        Some("yml" | "yaml" | "rules" | "rule") => Some(Form::Yaml),
        _ => {
            let vars = source.path.segments().any(|folder| folder == "host_vars" || folder == "group_vars");
            vars.then_some(Form::Yaml)
        }
    }
}

/// Calls `take` with every document of the file, outer ones first, or with the finding why one cannot be read.
/// Nothing happens for a file that is neither JSON nor YAML, and for an encrypted one.
pub fn documents(source: &Arc<Source>, take: &mut dyn FnMut(Result<Document<'_>, Finding>)) {
    let Some(form) = form(source) else { return };
    let Some(text) = source.text() else { return };
    if text.starts_with("$ANSIBLE_VAULT") {
        return;
    }
    let template = source.path.name().strip_suffix(".j2").is_some();
    let (masked, opaque) = if template {
        match mask(text, &Delims::default()) {
            Ok(mask) if form == Form::Json => (Cow::Owned(values(mask.text())), mask.opaque()),
            Ok(mask) => (Cow::Owned(mask.text().to_owned()), mask.opaque()),
            Err(error) => return take(Err(unread(source, error.span, &error))),
        }
    } else {
        (Cow::Borrowed(text), Vec::new())
    };
    read(source, form, &masked, text, None, &opaque, DEEPEST, take);
}

#[expect(clippy::too_many_arguments, reason = "one private step that calls itself for inner documents")]
fn read(
    source: &Arc<Source>,
    form: Form,
    text: &str,
    plain: &str,
    base: Option<&View>,
    opaque: &[Span],
    depth: usize,
    take: &mut dyn FnMut(Result<Document<'_>, Finding>),
) {
    let tree = match form {
        Form::Json => json::read(text),
        Form::Yaml => yaml::read(text),
    };
    let tree = match tree {
        Ok(tree) => tree,
        Err(error) => {
            let span = base.map_or(error.span, |base| base.raw(error.span));
            return take(Err(unread(source, span, &error)));
        }
    };
    if let Some(key) = twice(&tree, form, opaque) {
        let error =
            SyntaxError::new(key.span(), format!("`{}` is there twice in one mapping", key.str().unwrap_or("")));
        let span = base.map_or(error.span, |base| base.raw(error.span));
        return take(Err(unread(source, span, &error)));
    }
    let printing = opaque.iter().copied().filter(|tag| prints(tag.of(plain))).collect();
    let document = Document { source, text, tree, base, opaque, printing };
    let inner: Vec<(Form, View)> = if depth == 0 {
        Vec::new()
    } else {
        document.tree.iter().filter_map(|node| Some((inner_form(node)?, document.view(node)?))).collect()
    };
    take(Ok(document));
    for (form, view) in inner {
        let opaque = view.opaque();
        let masked = blank(view.text(), &opaque);
        read(source, form, &masked, view.text(), Some(&view), &opaque, depth - 1, take);
    }
}

/// A key that is there twice, so that it is not certain which value counts. Loki, Prometheus and Grafana refuse such
/// YAML whole; of JSON the last value counts, and only a query or its datasource is of concern (real-world G6). In a
/// template two keys may stand in two arms of a condition.
fn twice<'t>(tree: &'t Tree<'_>, form: Form, opaque: &[Span]) -> Option<Ref<'t, 't>> {
    let concerns = |key: &Ref<'_, '_>| match form {
        Form::Yaml => opaque.is_empty(),
        Form::Json => matches!(key.str(), Some("expr" | "query" | "datasource" | "targets" | "panels")),
    };
    tree.iter().filter(|node| node.is_mapping()).filter_map(Ref::second_key).find(concerns)
}

/// Whether a string holds a document: it begins like one and has the keys of one.
fn inner_form(node: Ref<'_, '_>) -> Option<Form> {
    let text = node.str().filter(|text| text.len() > 20)?;
    if matches!(node.node().style, Style::Plain | Style::Absent) {
        return None;
    }
    let queries = ["expr", "label_values", "adhoc"].iter().any(|word| text.contains(word));
    if !queries {
        return None;
    }
    let name = node.own_entry().and_then(|(key, _)| key.str()).unwrap_or("");
    let suffix = name.rsplit_once('.').map_or("", |(_, suffix)| suffix);
    let trimmed = text.trim();
    if trimmed.starts_with('{') && trimmed.ends_with('}') {
        // A selector begins with a brace, too.
        let keys = ["\"targets\"", "\"templating\"", "\"expr\""];
        let json = suffix == "json" || keys.iter().any(|key| text.contains(key));
        return (json && text.contains(':')).then_some(Form::Json);
    }
    let yaml = text.contains("groups:") || matches!(suffix, "yaml" | "yml");
    (yaml && text.contains('\n') && text.contains("expr:")).then_some(Form::Yaml)
}

/// What a template prints in the place of a JSON value reads as a number, and the comma a loop writes behind its last
/// item is blanked: neither is JSON, and both are once the template is rendered. Nothing changes its place.
fn values(masked: &str) -> String {
    let mut string = false;
    let mut escaped = false;
    let mut comma = None;
    let mut out = masked.as_bytes().to_vec();
    for at in 0..out.len() {
        match out[at] {
            _ if escaped => escaped = false,
            b'\\' if string => escaped = true,
            b'"' => {
                string = !string;
                comma = None;
            }
            _ if string => {}
            FILLER => {
                out[at] = b'1';
                comma = None;
            }
            b',' => comma = Some(at),
            b']' | b'}' => {
                if let Some(comma) = comma.take() {
                    out[comma] = b' ';
                }
            }
            byte if !byte.is_ascii_whitespace() => comma = None,
            _ => {}
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| masked.to_owned())
}

/// Template tags in the text of a view become filler of the same length.
fn blank(text: &str, opaque: &[Span]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for tag in opaque {
        out.push_str(text.get(done..tag.start()).unwrap_or(""));
        let filler = if tag.of(text).starts_with("{{") { "Q" } else { " " };
        out.push_str(&filler.repeat(tag.len()));
        done = tag.end();
    }
    out.push_str(text.get(done..).unwrap_or(""));
    out
}

/// Whether a tag prints or decides something: not a comment, not `raw` or `endraw`.
fn prints(tag: &str) -> bool {
    let inner = tag.get(2..).unwrap_or("").trim_start_matches(['-', '+', ' ']);
    !tag.starts_with("{#") && !tag.starts_with('#') && !inner.starts_with("raw") && !inner.starts_with("endraw")
}

fn unread(source: &Arc<Source>, span: Span, error: &SyntaxError) -> Finding {
    Finding::new(Level::Note, "dashboards/unread-file", error.message.clone()).at(Place::new(source, span))
}
