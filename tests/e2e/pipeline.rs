//! What a rendered Alloy configuration says about logs, as far as the stand-in can do it: syslog listeners, and containers
//! read from the Docker socket, both sent straight to `loki.write`.
//!
//! Anything else on the way of a line is a failure that names it, not something left out. Must not know: how a line is read.

use migrate::syntax::alloy::{self, Block, Config, Expr};
use regex::Regex;

use super::process::Result;
use super::store::Labels;

/// Where lines come from, and where they go.
pub(crate) struct Pipeline {
    pub(crate) url: String,
    pub(crate) listeners: Vec<Listener>,
    pub(crate) containers: Option<Containers>,
}

/// A listener for lines in the format of RFC 3164.
#[derive(Clone, PartialEq)]
pub(crate) struct Listener {
    pub(crate) address: String,
    pub(crate) labels: Labels,
}

/// A `loki.source.docker` with the rules that its targets went through.
#[derive(Clone, PartialEq)]
pub(crate) struct Containers {
    /// Address of the engine.
    pub(crate) host: String,
    rules: Vec<Rule>,
    labels: Labels,
}

#[derive(Clone)]
struct Rule {
    sources: Vec<String>,
    separator: String,
    regex: Regex,
    target: String,
    replacement: String,
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        let parts = |one: &Self| (one.sources.clone(), one.separator.clone(), one.regex.to_string());
        parts(self) == parts(other) && self.target == other.target && self.replacement == other.replacement
    }
}

impl Pipeline {
    /// Reads a rendered configuration.
    pub(crate) fn read(text: &str) -> Result<Self> {
        let config = alloy::read(text).map_err(|error| format!("the rendered configuration: {error}"))?;
        let endpoint = config.components("loki.write").flat_map(|write| write.blocks("endpoint").collect::<Vec<_>>());
        let [endpoint] = endpoint.collect::<Vec<_>>()[..] else { return Err(unknown("other than one endpoint")) };
        let mut listeners = Vec::new();
        for source in config.components("loki.source.syslog") {
            only(source, &["forward_to"])?;
            written(&config, source)?;
            for one in source.blocks("listener") {
                only(one, &["address", "protocol", "syslog_format", "labels"])?;
                if text_of(one, "protocol")? != "tcp" || text_of(one, "syslog_format")? != "rfc3164" {
                    return Err(unknown("a listener that is not for RFC 3164 over TCP"));
                }
                listeners.push(Listener { address: text_of(one, "address")?, labels: labels(one)? });
            }
        }
        let sources: Vec<_> = config.components("loki.source.docker").collect();
        let containers = match sources[..] {
            [] => None,
            [source] => Some(Containers::read(&config, source)?),
            _ => return Err(unknown("a second `loki.source.docker`")),
        };
        Ok(Self { url: text_of(endpoint, "url")?, listeners, containers })
    }
}

impl Containers {
    fn read(config: &Config<'_>, source: Block<'_, '_>) -> Result<Self> {
        only(source, &["host", "targets", "forward_to", "labels"])?;
        written(config, source)?;
        let relabel = named(config, "discovery.relabel", source, "output")?;
        only(relabel, &["targets"])?;
        let docker = named(config, "discovery.docker", relabel, "targets")?;
        only(docker, &["host", "refresh_interval"])?;
        if text_of(docker, "host")? != text_of(source, "host")? {
            return Err(unknown("targets of one engine and lines of another"));
        }
        let rules = relabel.blocks("rule").map(Rule::read).collect::<Result<_>>()?;
        Ok(Self { host: text_of(source, "host")?, rules, labels: labels(source)? })
    }

    /// The labels of a container's stream.
    pub(crate) fn labels(&self, mut found: Labels) -> Labels {
        for rule in &self.rules {
            let value = |name: &String| found.get(name).map_or("", String::as_str);
            let joined = rule.sources.iter().map(value).collect::<Vec<_>>().join(&rule.separator);
            let Some(parts) = rule.regex.captures(&joined) else { continue };
            let mut made = String::new();
            parts.expand(&rule.replacement, &mut made);
            if made.is_empty() {
                found.remove(&rule.target);
            } else {
                found.insert(rule.target.clone(), made);
            }
        }
        found.retain(|name, _| !name.starts_with("__"));
        let mut all = self.labels.clone();
        all.extend(found);
        all
    }
}

impl Rule {
    fn read(rule: Block<'_, '_>) -> Result<Self> {
        only(rule, &["source_labels", "separator", "regex", "target_label", "replacement"])?;
        let text = |name: &str, usual: &str| match rule.attr(name) {
            Some(_) => text_of(rule, name),
            None => Ok(usual.to_owned()),
        };
        let sources = rule.attr("source_labels").map(|list| list.value().items().map(string).collect()).transpose()?;
        let regex = format!("^(?s:{})$", text("regex", "(.*)")?);
        Ok(Self {
            sources: sources.unwrap_or_default(),
            separator: text("separator", ";")?,
            regex: Regex::new(&regex).map_err(|error| error.to_string())?,
            target: text_of(rule, "target_label")?,
            replacement: text("replacement", "$1")?,
        })
    }
}

fn unknown(what: &str) -> String {
    format!("the stand-in for Alloy does not know {what}; name an Alloy of your own in MIGRATE_ALLOY")
}

/// A block has no other attributes.
fn only(block: Block<'_, '_>, known: &[&str]) -> Result<()> {
    match block.attributes().find(|one| !known.contains(&one.name())) {
        Some(other) => Err(unknown(&format!("`{}` in `{}`", other.name(), block.id()))),
        None => Ok(()),
    }
}

/// A source sends straight to a `loki.write` that there is.
fn written(config: &Config<'_>, source: Block<'_, '_>) -> Result<()> {
    let to: Vec<String> = source.references().map(|one| one.path.into_owned()).collect();
    let known = |path: &String| {
        config.components("loki.write").any(|write| *path == format!("{}.receiver", write.id()))
            || path.starts_with("discovery.")
    };
    match to.iter().find(|path| !known(path)) {
        Some(other) => Err(unknown(&format!("`{other}` behind `{}`", source.id()))),
        None => Ok(()),
    }
}

/// The component of this kind whose export is the `targets` of a block.
fn named<'c, 't>(config: &'c Config<'t>, kind: &'c str, of: Block<'_, '_>, export: &str) -> Result<Block<'c, 't>> {
    let targets = of.attr("targets").and_then(|attribute| attribute.value().path()).unwrap_or_default();
    let found = config.components(kind).find(|one| targets == format!("{}.{export}", one.id()));
    found.ok_or_else(|| unknown(&format!("targets `{targets}` of `{}`", of.id())))
}

fn string(value: Expr<'_, '_>) -> Result<String> {
    value.as_str().map(Into::into).ok_or_else(|| unknown(&format!("`{}`, which is no string", value.text())))
}

fn text_of(block: Block<'_, '_>, name: &str) -> Result<String> {
    let attribute = block.attr(name).ok_or_else(|| unknown(&format!("`{}` without `{name}`", block.id())))?;
    string(attribute.value())
}

fn labels(block: Block<'_, '_>) -> Result<Labels> {
    let Some(attribute) = block.attr("labels") else { return Ok(Labels::new()) };
    attribute.value().fields().map(|field| Ok((field.key().to_owned(), string(field.value())?))).collect()
}
