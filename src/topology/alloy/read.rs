//! Reads one Alloy configuration into facts.
//!
//! Knows: names and arguments of the components of label-surface 5.2. Must not know: hosts or values of variables.

use std::sync::Arc;

use super::{Config, Feed, LabelMap, Listener, Other, Socket, Text, around};
use crate::finding::{Finding, Level};
use crate::rule;
use crate::syntax::alloy::{self, Block, Expr};
use crate::syntax::jinja::{self, Delims, Mask};
use crate::text::{Place, Source, Span};
use crate::topology::relabel::Rule;

/// Whether the bytes could be an Alloy configuration that ships logs.
pub fn may_be_config(source: &Source) -> bool {
    let name = source.path.name();
    let plain =
        !(name.ends_with(".yml") || name.ends_with(".yaml") || name.ends_with(".md") || name.ends_with(".json"));
    plain && memchr::memmem::find(source.bytes(), b"loki.").is_some() && {
        let bytes = source.bytes();
        [&b"loki.source."[..], b"loki.write", b"loki.process", b"loki.relabel"]
            .iter()
            .any(|word| memchr::memmem::find_iter(bytes, word).any(|at| starts_a_line(bytes, at)))
    }
}

fn starts_a_line(bytes: &[u8], at: usize) -> bool {
    bytes[..at].iter().rev().take_while(|&&byte| byte != b'\n').all(u8::is_ascii_whitespace)
}

/// Reads a configuration.
///
/// # Errors
/// A review finding with the place, when the file cannot be read.
pub fn read(source: &Arc<Source>) -> Result<Config, Box<Finding>> {
    let unreadable = |span: Span, problem: &str| {
        let message = rule::say("alloy/unreadable", &[("problem", problem)]);
        Box::new(Finding::new(Level::Review, "alloy/unreadable", message).at(Place::new(source, span)))
    };
    let text = source.text().ok_or_else(|| unreadable(Span::at(0), "it is not UTF-8"))?;
    let mask = if source.path.name().ends_with(".j2") || text.contains("{%") {
        jinja::mask(text, &Delims::default()).map_err(|error| unreadable(error.span, &error.message))?
    } else {
        jinja::mask_none(text)
    };
    let config = alloy::read(mask.text()).map_err(|error| unreadable(error.span, &error.message))?;
    let reader = Reader { text, mask: &mask, config: &config };
    Ok(Config {
        source: Arc::clone(source),
        listeners: config.components("loki.source.syslog").flat_map(|block| reader.listeners(block)).collect(),
        sockets: config.components("loki.source.docker").map(|block| reader.socket(block)).collect(),
        others: config.blocks().filter_map(|block| reader.other(block)).collect(),
        natives: reader.natives(),
        components: config.blocks().map(Block::id).collect(),
    })
}

struct Reader<'a> {
    text: &'a str,
    mask: &'a Mask,
    config: &'a alloy::Config<'a>,
}

impl Reader<'_> {
    /// A string literal as written in the file, Jinja included.
    fn string(&self, expr: Expr<'_, '_>) -> Option<Text> {
        let decoded = expr.as_str()?;
        let inside = expr.content_span()?;
        let raw =
            if self.mask.tags_in(inside).is_empty() { decoded.into_owned() } else { inside.of(self.text).to_owned() };
        Some(Text { raw, at: expr.span() })
    }

    fn listeners(&self, block: Block<'_, '_>) -> Vec<Listener> {
        let all: Vec<Block<'_, '_>> = block.blocks("listener").collect();
        let of = all.len();
        all.into_iter()
            .map(|listener| Listener {
                at: listener.span(),
                component_at: block.span(),
                component: block.id(),
                of,
                address: listener.attr("address").and_then(|attr| self.string(attr.value())),
                protocol: listener.attr("protocol").map_or_else(
                    || "tcp".to_owned(),
                    |attr| self.string(attr.value()).map_or_else(String::new, |text| text.raw),
                ),
                labels: self.labels(listener.attr("labels").map(alloy::Attribute::value)),
                feeds: self.feeds(block),
                relabel: block.attr("relabel_rules").map(|attr| self.feed(attr.value())),
                in_loop: around::loop_tag(self.mask, listener.span().start()),
                when: around::conditions(self.text, self.mask, listener.span().start()),
                repeats: around::only_loop(self.text, self.mask, listener.span().start()),
            })
            .collect()
    }

    fn feed(&self, expr: Expr<'_, '_>) -> Feed {
        let path = expr.path().map_or_else(|| expr.span().of(self.text).to_owned(), std::borrow::Cow::into_owned);
        Feed { path, at: expr.span() }
    }

    /// Receivers of `forward_to`; `None` when they are computed.
    fn feeds(&self, block: Block<'_, '_>) -> Option<Vec<Feed>> {
        let list = block.attr("forward_to")?.value();
        let plain = !self.has_jinja(list.span()) && matches!(list.kind(), alloy::Kind::Array);
        let feeds: Vec<Feed> = list.items().map(|item| self.feed(item)).collect();
        (plain && list.items().all(|item| item.path().is_some())).then_some(feeds)
    }

    fn has_jinja(&self, span: Span) -> bool {
        !self.mask.tags_in(span).is_empty()
    }

    /// A `labels` map. A loop inside it, or a value that is no string, makes it computed.
    fn labels(&self, expr: Option<Expr<'_, '_>>) -> LabelMap {
        let Some(expr) = expr else { return LabelMap::Known(Vec::new()) };
        let statements = self.mask.tags_in(expr.span()).iter().any(|tag| tag.kind == jinja::TagKind::Statement);
        if statements || !matches!(expr.kind(), alloy::Kind::Object) {
            return LabelMap::Computed(expr.span());
        }
        let mut out = Vec::new();
        for field in expr.fields() {
            let key_is_masked = self.has_jinja(field.key_span());
            match self.string(field.value()) {
                Some(text) if !key_is_masked => out.push((field.key().to_owned(), text)),
                _ => return LabelMap::Computed(expr.span()),
            }
        }
        LabelMap::Known(out)
    }

    fn socket(&self, block: Block<'_, '_>) -> Socket {
        Socket {
            at: block.span(),
            rules: self.socket_rules(block),
            labels: self.labels(block.attr("labels").map(alloy::Attribute::value)),
            feeds: self.feeds(block),
        }
    }

    /// The rules between discovery and source; an error says why they cannot be told.
    fn socket_rules(&self, block: Block<'_, '_>) -> Result<Vec<Rule>, String> {
        let mut rules = Vec::new();
        let mut chain = Vec::new();
        let targets = block.attr("targets").ok_or("it has no targets")?.value();
        let mut path = targets.path().ok_or("its targets are computed")?.into_owned();
        for _ in 0..16 {
            let (component, export) = path.rsplit_once('.').ok_or("its targets are computed")?;
            let found = self.config.blocks().find(|one| one.id() == component);
            let found = found.ok_or_else(|| format!("`{component}` is not in this file"))?;
            match (found.name().as_ref(), export) {
                ("discovery.docker", "targets") => {
                    if found.blocks("filter").next().is_some() {
                        return Err(format!("`{component}` filters containers"));
                    }
                    chain.reverse();
                    rules.extend(chain.into_iter().flatten());
                    rules.extend(self.more_rules(block)?);
                    return Ok(rules);
                }
                ("discovery.relabel", "output") => {
                    chain.push(self.rules(found)?);
                    let next =
                        found.attr("targets").and_then(|attr| attr.value().path().map(std::borrow::Cow::into_owned));
                    path = next.ok_or_else(|| format!("the targets of `{component}` are computed"))?;
                }
                _ => return Err(format!("its targets come from `{path}`")),
            }
        }
        Err("its targets go through too many components".into())
    }

    /// `relabel_rules` of the source itself, and a way to `loki.write` that changes no label.
    fn more_rules(&self, block: Block<'_, '_>) -> Result<Vec<Rule>, String> {
        let feeds = self.feeds(block).ok_or("where it forwards to is computed")?;
        if let Some(feed) = feeds.iter().find(|feed| !feed.path.starts_with("loki.write.")) {
            return Err(format!("its lines go through `{}`", feed.path));
        }
        let Some(attr) = block.attr("relabel_rules") else { return Ok(Vec::new()) };
        let path = attr.value().path().map(std::borrow::Cow::into_owned).unwrap_or_default();
        let component = path.strip_suffix(".rules").unwrap_or(&path);
        match self.config.blocks().find(|one| one.id() == component) {
            Some(found) => self.rules(found),
            None => Err(format!("`{path}` is not in this file")),
        }
    }

    fn rules(&self, block: Block<'_, '_>) -> Result<Vec<Rule>, String> {
        if self.mask.tags_in(block.span()).iter().any(|tag| tag.kind == jinja::TagKind::Statement) {
            return Err(format!("the rules of `{}` are computed", block.id()));
        }
        block.blocks("rule").map(|rule| self.rule(rule)).collect()
    }

    fn rule(&self, block: Block<'_, '_>) -> Result<Rule, String> {
        let mut rule = Rule::default();
        for attr in block.attributes() {
            let text = || match self.string(attr.value()) {
                Some(text) if !self.has_jinja(text.at) => Ok(text.raw),
                _ => Err(format!("`{}` of a rule is computed", attr.name())),
            };
            match attr.name() {
                "source_labels" => {
                    rule.source_labels = attr
                        .value()
                        .items()
                        .filter_map(|item| item.as_str().map(std::borrow::Cow::into_owned))
                        .collect();
                }
                "separator" => rule.separator = text()?,
                "regex" => rule.regex = text()?,
                "target_label" => rule.target_label = text()?,
                "replacement" => rule.replacement = text()?,
                "action" => rule.action = text()?,
                other => return Err(format!("`{other}` of a rule is not known here")),
            }
        }
        Ok(rule)
    }

    /// Log sources that are neither syslog listeners nor the Docker socket.
    fn other(&self, block: Block<'_, '_>) -> Option<Other> {
        let name = block.name();
        let kind = name.strip_prefix("loki.source.").filter(|kind| !matches!(*kind, "syslog" | "docker"))?;
        let relabel =
            block.attr("relabel_rules").and_then(|attr| attr.value().path().map(std::borrow::Cow::into_owned));
        let mut through: Vec<String> =
            relabel.into_iter().map(|path| path.trim_end_matches(".rules").to_owned()).collect();
        through.extend(
            self.feeds(block)
                .into_iter()
                .flatten()
                .filter_map(|feed| Some(feed.path.strip_suffix(".receiver")?.to_owned())),
        );
        let mut labels = self.labels(block.attr("labels").map(alloy::Attribute::value));
        if kind == "file" {
            labels = self.target_labels(block, labels);
        }
        let mut writes: Vec<(String, Option<Vec<String>>)> = Vec::new();
        for component in through.iter().filter(|component| !component.starts_with("loki.write.")) {
            self.writes(component, &mut writes);
            labels = self.static_labels(component, labels);
        }
        let default_job = matches!(kind, "journal" | "gelf").then(|| block.id());
        Some(Other { at: block.span(), component: block.id(), labels, default_job, writes })
    }

    /// Labels of the literal targets of a file source, directly or through `local.file_match`.
    fn target_labels(&self, block: Block<'_, '_>, own: LabelMap) -> LabelMap {
        let Some(targets) = block.attr("targets").map(alloy::Attribute::value) else { return own };
        let list = match targets.path() {
            Some(path) => {
                let component = path.rsplit_once('.').map_or("", |(component, _)| component);
                self.config
                    .blocks()
                    .find(|one| one.id() == component)
                    .and_then(|one| one.attr("path_targets"))
                    .map(alloy::Attribute::value)
            }
            None => Some(targets),
        };
        let (Some(list), LabelMap::Known(mut labels)) = (list, own) else { return LabelMap::Computed(block.span()) };
        for target in list.items() {
            match self.labels(Some(target)) {
                LabelMap::Known(more) => labels.extend(more.into_iter().filter(|(name, _)| !name.starts_with("__"))),
                computed @ LabelMap::Computed(_) => return computed,
            }
        }
        LabelMap::Known(labels)
    }

    /// What the rules or stages of a component can write to labels.
    fn writes(&self, component: &str, out: &mut Vec<(String, Option<Vec<String>>)>) {
        let mut add = |label: String, value: Option<String>| match out.iter_mut().find(|(have, _)| *have == label) {
            Some((_, values)) => match (values, value) {
                (Some(values), Some(value)) => values.push(value),
                (values, _) => *values = None,
            },
            None => out.push((label, value.map(|value| vec![value]))),
        };
        let Some(block) = self.config.blocks().find(|one| one.id() == component) else {
            add("job".into(), None);
            return;
        };
        for rule in block.blocks("rule") {
            match self.rule(rule) {
                Ok(rule) if rule.action == "replace" && !rule.target_label.contains('$') => {
                    let value = (!rule.replacement.contains('$')).then_some(rule.replacement);
                    add(rule.target_label, value);
                }
                Ok(rule) if matches!(rule.action.as_str(), "keep" | "drop") => {}
                _ => add("job".into(), None),
            }
        }
        for (label, value) in self.stages(block) {
            add(label, value);
        }
    }

    /// The labels with what the unconditional `stage.static_labels` of a component set.
    fn static_labels(&self, component: &str, mut labels: LabelMap) -> LabelMap {
        let block = self.config.blocks().find(|one| one.id() == component);
        for stage in block.into_iter().flat_map(Block::children).filter(|stage| stage.is("stage.static_labels")) {
            match (&mut labels, self.labels(stage.attr("values").map(alloy::Attribute::value))) {
                (LabelMap::Known(all), LabelMap::Known(more)) => all.extend(more),
                (_, computed) => labels = computed,
            }
        }
        labels
    }

    /// Labels that the stages of a `loki.process` may write or take away, nested ones included; a value is known only
    /// where it is a literal.
    fn stages(&self, block: Block<'_, '_>) -> Vec<(String, Option<String>)> {
        let mut out = Vec::new();
        // Those that always run are read by `static_labels`.
        let mut work: Vec<Block<'_, '_>> = block.children().filter(|stage| !stage.is("stage.static_labels")).collect();
        while let Some(stage) = work.pop() {
            work.extend(stage.children());
            let values = stage.attr("values").map(alloy::Attribute::value);
            let names = || {
                let items = values.into_iter().flat_map(Expr::items);
                items.map(|item| item.as_str().map_or_else(|| "job".to_owned(), Into::into))
            };
            if stage.is("stage.static_labels") {
                for field in values.into_iter().flat_map(Expr::fields) {
                    let text = self.string(field.value()).filter(|text| !self.has_jinja(text.at));
                    out.push((field.key().to_owned(), text.map(|text| text.raw)));
                }
            } else if stage.is("stage.labels") {
                out.extend(values.into_iter().flat_map(Expr::fields).map(|field| (field.key().to_owned(), None)));
            } else if stage.is("stage.label_drop") || stage.is("stage.pack") {
                out.extend(names().map(|name| (name, None)));
                let packed = stage.attr("labels").map(alloy::Attribute::value).into_iter().flat_map(Expr::items);
                out.extend(packed.filter_map(|item| Some((item.as_str()?.into_owned(), None))));
            } else if stage.is("stage.label_keep") && !names().any(|name| name == "job") {
                out.push(("job".to_owned(), None));
            }
        }
        out
    }

    /// Names of native services that journal rules pick out.
    fn natives(&self) -> Vec<Text> {
        let mut out = Vec::new();
        for block in self.config.components("loki.relabel") {
            for rule in block.blocks("rule") {
                let from_journal = rule.attr("source_labels").is_some_and(|attr| {
                    attr.value().items().any(|item| item.as_str().is_some_and(|name| name.starts_with("__journal")))
                });
                let names = ["regex", "replacement"].into_iter().filter_map(|name| rule.attr(name));
                if from_journal {
                    out.extend(names.filter_map(|attr| self.string(attr.value())));
                }
            }
        }
        out
    }
}
