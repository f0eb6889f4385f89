//! Reads one Alloy configuration into facts.
//!
//! Knows: names and arguments of the components of label-surface 5.2. Must not know: hosts or values of variables.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Config, Feed, LabelMap, Listener, Socket, Text, around};
use crate::finding::{Finding, Level};
use crate::patterns;
use crate::rule;
use crate::syntax::alloy::{self, Block, Expr};
use crate::syntax::jinja::{self, Delims, Mask};
use crate::text::{Place, Source, Span};
use crate::topology::compose;
use crate::topology::relabel::{self, Rule};

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
    let reader = Reader { text, mask: &mask, config: &config, heavy: is_heavy(&config) };
    Ok(Config {
        source: Arc::clone(source),
        listeners: config.components("loki.source.syslog").flat_map(|block| reader.listeners(block)).collect(),
        sockets: config.components("loki.source.docker").map(|block| reader.socket(block)).collect(),
        others: config.blocks().filter_map(|block| reader.other(block)).collect(),
        pipes: config.blocks().filter_map(|block| reader.pipe(block)).collect(),
        natives: reader.natives(),
        modules: reader.modules(),
        components: config.blocks().map(Block::id).collect(),
        idle: config
            .components("loki.source.syslog")
            .filter(|block| block.blocks("listener").next().is_none() && !reader.has_jinja(block.span()))
            .map(|block| (block.id(), block.span()))
            .collect(),
    })
}

/// A configuration that is being read.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) mask: &'a Mask,
    pub(super) config: &'a alloy::Config<'a>,
    /// Whether its rules cannot be evaluated in bounded time and memory.
    heavy: bool,
}

/// Whether the patterns of all rules are too large together: they stand in front of every container of every host.
fn is_heavy(config: &alloy::Config<'_>) -> bool {
    let rules = config.blocks().flat_map(|block| block.blocks("rule").collect::<Vec<_>>());
    let patterns: BTreeSet<String> = rules
        .flat_map(|rule| rule.attributes().filter(|attr| attr.name() == "regex").collect::<Vec<_>>())
        .filter_map(|attr| attr.value().as_str().map(|pattern| relabel::anchored(&pattern)))
        .collect();
    !patterns::fit(patterns)
}

impl<'a> Reader<'a> {
    /// A string literal as written in the file, Jinja included.
    pub(super) fn string(&self, expr: Expr<'_, '_>) -> Option<Text> {
        let decoded = expr.as_str()?;
        let inside = expr.content_span()?;
        let raw =
            if self.mask.tags_in(inside).is_empty() { decoded.into_owned() } else { inside.of(self.text).to_owned() };
        Some(Text { raw, at: expr.span() })
    }

    /// The same of any expression: what Alloy works out itself (`constants.hostname`, `sys.env("X")`) is a mark.
    fn text(&self, expr: Expr<'_, '_>) -> Text {
        let at = expr.span();
        self.string(expr)
            .unwrap_or_else(|| Text { raw: format!("{}{}{}", compose::OPEN, at.of(self.text), compose::CLOSE), at })
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
                to: self.outlets(block),
                rules: self.own_rules(block),
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

    pub(super) fn has_jinja(&self, span: Span) -> bool {
        !self.mask.tags_in(span).is_empty()
    }

    /// A `labels` map. A loop inside it, or a name that is not written out, makes it computed.
    pub(super) fn labels(&self, expr: Option<Expr<'_, '_>>) -> LabelMap {
        let Some(expr) = expr else { return LabelMap::Known(Vec::new()) };
        let statements = self.mask.tags_in(expr.span()).iter().any(|tag| tag.kind == jinja::TagKind::Statement);
        if statements || !matches!(expr.kind(), alloy::Kind::Object) {
            return LabelMap::Computed(expr.span());
        }
        let mut out = Vec::new();
        for field in expr.fields() {
            if self.has_jinja(field.key_span()) {
                return LabelMap::Computed(expr.span());
            }
            out.push((field.key().to_owned(), self.text(field.value())));
        }
        LabelMap::Known(out)
    }

    fn socket(&self, block: Block<'_, '_>) -> Socket {
        let mut chain = Vec::new();
        let rules = self.socket_rules(block, &mut chain);
        let relabels = chain.iter().rev().filter(|passed| passed.is("discovery.relabel"));
        let own = self.own_block(block);
        let own = own.as_ref().ok().into_iter().flatten();
        let rules_at = relabels.chain(own).flat_map(|passed| passed.blocks("rule")).map(Block::span).collect();
        let when = |one: Block<'_, '_>| around::conditions(self.text, self.mask, one.span().start());
        let engine = |one: Block<'_, '_>| one.attr("host").map(|attr| self.string(attr.value()));
        Socket {
            rules_at,
            at: block.span(),
            rules,
            when: chain.iter().flat_map(|one| when(*one)).chain(when(block)).collect(),
            engines: chain.iter().filter_map(|one| engine(*one)).chain(engine(block)).collect(),
            labels: self.labels(block.attr("labels").map(alloy::Attribute::value)),
            feeds: self.feeds(block),
            relabel: self.own_rules(block),
            to: self.outlets(block),
        }
    }

    /// The rules between discovery and source; an error says why they cannot be told. The blocks on the way are added to
    /// `passed`.
    fn socket_rules(&self, block: Block<'_, '_>, passed: &mut Vec<Block<'a, 'a>>) -> Result<Vec<Rule>, String> {
        let mut rules = Vec::new();
        let mut chain = Vec::new();
        let targets = block.attr("targets").ok_or("it has no targets")?.value();
        let mut path = targets.path().ok_or("its targets are computed")?.into_owned();
        for _ in 0..16 {
            let (component, export) = path.rsplit_once('.').ok_or("its targets are computed")?;
            let found = self.config.blocks().find(|one| one.id() == component);
            let found = found.ok_or_else(|| format!("`{component}` is not in this file"))?;
            passed.push(found);
            match (found.name().as_ref(), export) {
                ("discovery.docker", "targets") => {
                    if found.blocks("filter").next().is_some() {
                        return Err(format!("`{component}` filters containers"));
                    }
                    chain.reverse();
                    rules.extend(chain.into_iter().flatten());
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

    /// The rules that `relabel_rules` of a source names.
    pub(super) fn own_rules(&self, block: Block<'_, '_>) -> Result<Vec<Rule>, String> {
        self.own_block(block)?.map_or_else(|| Ok(Vec::new()), |found| self.rules(found))
    }

    /// The block they stand in, where a source names one.
    fn own_block(&self, block: Block<'_, '_>) -> Result<Option<Block<'a, 'a>>, String> {
        let Some(attr) = block.attr("relabel_rules") else { return Ok(None) };
        let path = attr.value().path().map(std::borrow::Cow::into_owned).unwrap_or_default();
        let component = path.strip_suffix(".rules").unwrap_or(&path);
        let found = self.config.blocks().find(|one| one.id() == component);
        found.map(Some).ok_or_else(|| format!("`{path}` is not in this file"))
    }

    pub(super) fn rules(&self, block: Block<'_, '_>) -> Result<Vec<Rule>, String> {
        if self.mask.tags_in(block.span()).iter().any(|tag| tag.kind == jinja::TagKind::Statement) {
            return Err(format!("the rules of `{}` are computed", block.id()));
        }
        if self.heavy {
            return Err(format!("the regular expressions of `{}` and the other rules are too large", block.id()));
        }
        block.blocks("rule").map(|rule| self.rule(rule)).collect()
    }

    fn rule(&self, block: Block<'_, '_>) -> Result<Rule, String> {
        let mut rule = Rule::default();
        for attr in block.attributes() {
            // What a template fills in is resolved for each host; with an escape beside it, it is not worked out.
            let text = || match self.string(attr.value()) {
                Some(text) if !self.has_jinja(text.at) || !text.raw.contains('\\') => Ok(text.raw),
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
                "replacement" if attr.value().as_str().is_none() => rule.replacement = self.text(attr.value()).raw,
                "replacement" => rule.replacement = text()?,
                "action" => rule.action = text()?,
                other => return Err(format!("`{other}` of a rule is not known here")),
            }
        }
        Ok(rule)
    }

    /// Components of modules that are given a receiver.
    fn modules(&self) -> Vec<(String, Span)> {
        let named = |block: &Block<'_, '_>| block.name().starts_with("import.") || block.is("declare");
        let labels: Vec<&str> = self.config.blocks().filter(named).filter_map(Block::label).collect();
        let of_module = |block: &Block<'_, '_>| {
            let name = block.name();
            let space = name.split('.').next().unwrap_or_default();
            space == "module" || labels.contains(&space)
        };
        let feeds = |block: &Block<'_, '_>| block.references().any(|reference| reference.path.starts_with("loki."));
        let used = self.config.blocks().filter(|block| of_module(block) && feeds(block));
        used.map(|block| (block.id(), block.span())).collect()
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
