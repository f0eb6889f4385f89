//! Takes `logging` out of services of one Compose file: which bytes go, which are written.
//!
//! Knows: YAML mappings, anchors, aliases, merge keys, and the Jinja blocks around them. Must not know: hosts, ports or
//! why these services move. Shapes: label-surface 7.1, real-world C1, C2, C12 to C19.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::anchors;
use crate::rewrite::lines::{flow_item, removable, two_arms, whole};
use crate::rule;
use crate::syntax::jinja::Mask;
use crate::syntax::tree::{Kind, NodeId, Ref, Style, Tree};
use crate::text::{self, Edit, Owner, Place, Source, Span, Why, lines};
use crate::topology::daemon::Setting;

/// Why the logging of a service cannot be taken out here.
#[derive(Debug)]
pub(super) struct Refusal {
    /// Sentence id in `rewrites/compose/rule.yaml`.
    pub(super) rule: &'static str,
    /// The sentence.
    pub(super) message: String,
    /// The bytes in question.
    pub(super) span: Span,
}

/// One Compose file, read.
pub(super) struct File<'a> {
    pub(super) source: &'a Arc<Source>,
    pub(super) text: &'a str,
    pub(super) mask: &'a Mask,
    pub(super) tree: &'a Tree<'a>,
}

/// Collects the edits of one file.
pub(super) struct Remover<'a> {
    pub(super) file: &'a File<'a>,
    /// Service mappings that move.
    moving: BTreeSet<NodeId>,
    pub(super) edits: Vec<Edit>,
    /// What decided, shown with each edit.
    fact: Option<Place>,
    /// The daemon's setting by which no `logging` at all would not do: a driver is written out.
    daemon: Option<&'a Setting>,
    done: BTreeSet<NodeId>,
}

impl<'a> Remover<'a> {
    /// Nothing removed yet; `moving` are the value nodes of the services that leave syslog.
    pub(super) fn new(file: &'a File<'a>, moving: BTreeSet<NodeId>, fact: Option<Place>) -> Self {
        Self { file, moving, edits: Vec::new(), fact, daemon: None, done: BTreeSet::new() }
    }

    /// The same on a host whose daemon has this setting: each service gets a driver in the place of its logging.
    pub(super) fn with_driver(self, daemon: Option<&'a Setting>) -> Self {
        Self { daemon, ..self }
    }

    /// Takes the logging out of every moving service, then settles anchors nobody needs or that lost their home.
    pub(super) fn run(mut self) -> Result<Vec<Edit>, Refusal> {
        for id in self.moving.clone() {
            let service = self.file.tree.at(id);
            let name = service.own_entry().map_or("", |(key, _)| key.span().of(self.file.text)).to_owned();
            let found: Vec<_> = service.entries().filter(|(key, _)| key.str() == Some("logging")).collect();
            match found.as_slice() {
                [] => self.inherited(service, &name)?,
                [(key, value)] if self.daemon.is_some() => self.written(service, (*key, *value), &name)?,
                [(key, value)] => {
                    self.pair(service, *key, *value, "compose/logging-removed", &[("component", &name)])?;
                }
                several => self.arms(several, &name)?,
            }
        }
        anchors::settle(&mut self)?;
        Ok(self.edits)
    }

    /// The explanation of an edit, from the rule file.
    pub(super) fn why(&self, id: &'static str, values: &[(&str, &str)]) -> Why {
        Why { rule: id, message: rule::say(id, values), fact: self.fact.clone() }
    }

    pub(super) fn push(&mut self, span: Span, new: String, why: Why) {
        self.edits.push(Edit { span, new, why });
    }

    /// Whether an edit removes these bytes already.
    pub(super) fn is_gone(&self, span: Span) -> bool {
        self.edits.iter().any(|edit| edit.span.contains(span) && !edit.span.is_empty())
    }

    /// Removes `key: value` from `map`; a mapping that would be left empty goes with its own key.
    pub(super) fn pair(
        &mut self,
        map: Ref<'a, 'a>,
        key: Ref<'a, 'a>,
        value: Ref<'a, 'a>,
        id: &'static str,
        values: &[(&str, &str)],
    ) -> Result<(), Refusal> {
        if !self.done.insert(key.id()) {
            return Ok(());
        }
        let all_gone =
            map.entries().all(|(other, value)| other.id() == key.id() || self.is_gone(other.span().join(value.span())));
        if all_gone && map.node().anchor.is_none() {
            return self.emptied(map, id, values);
        }
        let span = key.span().join(value.span());
        let why = self.why(id, values);
        let span = match map.node().style {
            Style::Flow => flow_item(self.file.text, span, &logging()),
            _ if map.parent().is_some() => self.lines(span, &logging().unlike_others())?,
            _ => self.lines(span, &logging())?,
        };
        self.push(span, String::new(), why);
        Ok(())
    }

    /// A mapping that lost its last pair: its own pair goes too, but `services` itself becomes `{}`.
    fn emptied(&mut self, map: Ref<'a, 'a>, id: &'static str, values: &[(&str, &str)]) -> Result<(), Refusal> {
        let Some((key, value)) = map.own_entry() else {
            let why = self.why(id, values);
            self.push(map.span(), "{}".to_owned(), why);
            return Ok(());
        };
        let Some(outer) = map.parent() else { return Ok(()) };
        if outer.parent().is_none() {
            let line = lines::whole_lines(self.file.text, map.span(), &logging());
            let start = key.span().end() + self.file.text[key.span().end()..].find(':').map_or(0, |at| at + 1);
            let why = self.why(id, values);
            self.push(Span::new(start, line.end().max(start)), format!(" {{}}{}", line_end(self.file.text, line)), why);
            return Ok(());
        }
        self.edits.retain(|edit| !map.span().contains(edit.span));
        self.pair(outer, key, value, id, values)
    }

    /// The whole lines of a node, with its comments and every Jinja block that holds nothing else.
    fn lines(&self, span: Span, owner: &Owner) -> Result<Span, Refusal> {
        removable(self.file.text, self.file.mask, span, owner).map_err(|tag| self.cut(tag))
    }

    fn cut(&self, tag: Span) -> Refusal {
        let tag_text = tag.of(self.file.text).trim();
        let message = rule::say("compose/cut-jinja", &[("tag", tag_text)]);
        Refusal { rule: "compose/cut-jinja", message, span: tag }
    }

    /// The driver of `component` in the place of its logging, in the style of that (real-world D1).
    fn written(
        &mut self,
        map: Ref<'a, 'a>,
        (key, value): (Ref<'a, 'a>, Ref<'a, 'a>),
        component: &str,
    ) -> Result<(), Refusal> {
        if !self.done.insert(key.id()) {
            return Ok(());
        }
        let text = self.file.text;
        let name = key.span().of(text);
        let quote = name.chars().next().filter(|first| matches!(first, '"' | '\'')).map_or("", |_| &name[..1]);
        let mut span = key.span().join(value.span());
        let flow = map.node().style == Style::Flow || (value.is_mapping() && value.node().style == Style::Flow);
        let mut new = if flow {
            format!("{name}: {{{quote}driver{quote}: {quote}json-file{quote}}}")
        } else {
            let (indent, step) = steps(text, map, key.span());
            format!("{name}:{}{indent}{step}driver: json-file", lines::eol(text))
        };
        let rest = text.get(span.end()..lines::next_line(text, span.end())).unwrap_or_default();
        if span.of(text).ends_with('\n') {
            // It ends with a block of text.
            new.push_str(lines::eol(text));
        } else if !flow && value.is_mapping() && rest.trim_start().starts_with('#') {
            span = Span::new(span.start(), span.end() + rest.trim_end_matches(['\r', '\n']).len());
        }
        let span = whole(self.file.mask, span).map_err(|tag| self.cut(tag))?;
        let driver = self.daemon.and_then(|daemon| daemon.driver.as_deref());
        let driver = driver.map_or_else(|| "which cannot be told here".to_owned(), |driver| format!("`{driver}`"));
        let why = self.why("compose/logging-written", &[("component", component), ("driver", &driver)]);
        let fact = self.daemon.map(|daemon| daemon.at.clone());
        self.push(span, new, Why { fact, ..why });
        Ok(())
    }

    /// `logging` in several arms of one `if`: the syslog arm and the tags go, the other arm's text stays (C2).
    fn arms(&mut self, found: &[(Ref<'a, 'a>, Ref<'a, 'a>)], name: &str) -> Result<(), Refusal> {
        let refuse = |span| Refusal { rule: "compose/arms", message: rule::say("compose/arms", &[]), span };
        let [(first_key, first), (second_key, second)] = found else {
            return Err(refuse(found[0].0.span()));
        };
        let (first, second) = (first_key.span().join(first.span()), second_key.span().join(second.span()));
        let is_syslog = |value: Ref<'a, 'a>| value.lookup("driver").and_then(Ref::str) == Some("syslog");
        let drop_first = is_syslog(found[0].1.target());
        if drop_first == is_syslog(found[1].1.target()) {
            return Err(refuse(first));
        }
        let Some(block) = two_arms(self.file.mask, first, second) else { return Err(refuse(first)) };
        let text = self.file.text;
        let keep = lines::whole_lines(text, if drop_first { second } else { first }, &logging().unlike_others());
        let Some(all) = lines::bare_lines(text, block).filter(|all| all.contains(keep)) else {
            return Err(refuse(first));
        };
        // A file without a last line end still has none when the closing tag was its last line.
        let unfinished = all.end() == text.len() && !text.ends_with('\n');
        let kept = if unfinished { keep.end() - line_end(text, keep).len() } else { keep.end() };
        for part in [Span::new(all.start(), keep.start()), Span::new(kept, all.end())] {
            let why = self.why("compose/logging-removed", &[("component", name)]);
            self.push(part, String::new(), why);
        }
        Ok(())
    }

    /// `logging` that comes through `<<` (C15): the base loses it if all its users move, else an explicit driver
    /// outweighs it.
    fn inherited(&mut self, service: Ref<'a, 'a>, name: &str) -> Result<(), Refusal> {
        let Some((merge_key, merge)) = service.entry("<<") else { return Ok(()) };
        let providers: Vec<Ref<'a, 'a>> = if merge.is_sequence() { merge.items().collect() } else { vec![merge] };
        let Some(alias) = providers.into_iter().find(|item| item.target().lookup("logging").is_some()) else {
            return Ok(());
        };
        let base = alias.target();
        let anchor = base.node().anchor.map_or("", |span| span.of(self.file.text)).trim_start_matches('&').to_owned();
        let only_logging = base.entries().len() == 1 && base.entry("logging").is_some();
        if only_logging && self.daemon.is_none() {
            let values = [("anchor", anchor.as_str())];
            if merge.is_sequence() && merge.items().len() > 1 {
                if self.done.insert(alias.id()) {
                    let why = self.why("compose/merge-item-removed", &values);
                    self.push(flow_item(self.file.text, alias.span(), &logging()), String::new(), why);
                }
                return Ok(());
            }
            return self.pair(service, merge_key, merge, "compose/merge-item-removed", &values);
        }
        let mut users =
            self.file.tree.iter().filter(|node| matches!(node.node().kind, Kind::Alias(to) if to == base.id()));
        let all_move = users.all(|user| owner(user).is_some_and(|owner| self.moving.contains(&owner)));
        if let Some((key, value)) = base.entry("logging").filter(|_| all_move) {
            if self.daemon.is_some() {
                return self.written(base, (key, value), name);
            }
            return self.pair(base, key, value, "compose/inherited-removed", &[("anchor", &anchor)]);
        }
        let why = self.why("compose/logging-explicit", &[("component", name), ("anchor", &anchor)]);
        let (at, new) = explicit_driver(self.file.text, service, merge_key.span().join(merge.span()));
        self.push(Span::at(at), new, why);
        Ok(())
    }
}

/// The mapping a merge alias stands in.
fn owner(alias: Ref<'_, '_>) -> Option<NodeId> {
    let parent = alias.parent()?;
    Some(if parent.is_sequence() { parent.parent()?.id() } else { parent.id() })
}

/// What goes, as comments call it: it is the same service all over the file, so its name says nothing.
fn logging() -> Owner {
    Owner::new(text::Style::Hash).called(["logging", "log", "logs", "syslog", "alloy", "loki"])
}

/// The line end of the last line of `span`, or nothing at the end of a file without one.
fn line_end(text: &str, span: Span) -> &'static str {
    let covered = span.of(text);
    if covered.ends_with("\r\n") {
        "\r\n"
    } else if covered.ends_with('\n') {
        "\n"
    } else {
        ""
    }
}

/// Where an explicit `logging` goes after the merge key, and its text in the style of the place.
fn explicit_driver(text: &str, service: Ref<'_, '_>, merge: Span) -> (usize, String) {
    if service.node().style == Style::Flow {
        return (merge.end(), ", logging: {driver: json-file}".to_owned());
    }
    let at = lines::next_line(text, merge.end());
    let (indent, step) = steps(text, service, merge);
    let eol = lines::eol(text);
    let block = format!("{indent}logging:{eol}{indent}{step}driver: json-file");
    if text[..at].ends_with('\n') { (at, format!("{block}{eol}")) } else { (at, format!("{eol}{block}")) }
}

/// The indentation of an entry of `map`, and one step further in.
fn steps<'t>(text: &'t str, map: Ref<'_, '_>, entry: Span) -> (&'t str, String) {
    let indent = lines::indent(text, entry.start());
    let outer = map.own_entry().map_or(0, |(key, _)| lines::indent(text, key.span().start()).len());
    (indent, " ".repeat(indent.len().saturating_sub(outer).max(2)))
}
