//! Configuration files of Loki.
//!
//! Knows: which YAML is one, and what it says of `discover_service_name`. Must not know: hosts, versions, or what a
//! setting is good for.

use std::sync::Arc;

use memchr::memmem;

use crate::syntax::jinja::{self, Delims, TagKind};
use crate::syntax::tree::Ref;
use crate::syntax::yaml;
use crate::text::{Place, Source, Span};

/// What a configuration says of `limits_config.discover_service_name`.
#[derive(Clone, Debug)]
pub enum Setting {
    /// Nothing: the default of the version.
    Default,
    /// These labels, in order.
    List(Vec<String>, Place),
    /// Something that hangs on a template or differs between tenants.
    Unknown,
}

impl Setting {
    /// Whether both say the same, and what they say is known.
    pub(super) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Default, Self::Default) => true,
            (Self::List(one, _), Self::List(two, _)) => one == two,
            _ => false,
        }
    }
}

/// One configuration file.
#[derive(Clone, Debug)]
pub struct Config {
    /// The fact that it is one.
    pub at: Place,
    /// `limits_config.discover_service_name`.
    pub setting: Setting,
    /// Whether it holds a key that no Loki before 3 knows; such a server would not start with it.
    pub needs_three: bool,
}

/// Keys of `limits_config` that came with Loki 3.0.
const NEW_LIMITS: [&str; 3] = ["discover_service_name", "discover_log_levels", "otlp_config"];

/// A word that every configuration has that is of interest here.
const WORDS: [&str; 4] = ["limits_config", "schema_config", "ruler", "overrides"];

/// Reads a file; `None` when it is no configuration of Loki.
pub fn read(source: &Arc<Source>) -> Option<Config> {
    let name = source.path.name();
    let stem = name.strip_suffix(".j2").unwrap_or(name);
    if !(stem.ends_with(".yml") || stem.ends_with(".yaml")) || !WORDS.iter().any(|word| has(source, word)) {
        return None;
    }
    let text = source.text().filter(|text| !text.starts_with("$ANSIBLE_VAULT"))?;
    let mask = if stem == name { jinja::mask_none(text) } else { jinja::mask(text, &Delims::default()).ok()? };
    let tree = yaml::read(mask.text()).ok()?;
    let root = tree.root()?.target();
    let is_server = is_server(root);
    let per_tenant = overrides(root);
    if !is_server && per_tenant.is_none() {
        return None;
    }
    let key = root.get("limits_config").and_then(|limits| limits.entry("discover_service_name"));
    let shaky = |span: Span| {
        let inside = mask.tags_in(span).iter().any(|tag| tag.kind != TagKind::Comment);
        inside || !mask.arms_at(span.start()).is_empty()
    };
    let setting = match (key, per_tenant) {
        (_, Some(_)) => Setting::Unknown,
        (None, None) => Setting::Default,
        (Some((key, value)), None) if shaky(key.span().join(value.span())) => Setting::Unknown,
        (Some((key, value)), None) => {
            let value = value.target();
            let names = || value.items().map(|item| item.str().map(str::to_owned)).collect::<Option<Vec<_>>>();
            match names().filter(|_| value.is_sequence()) {
                Some(list) => Setting::List(list, Place::new(source, key.span().join(value.span()))),
                None => Setting::Unknown,
            }
        }
    };
    let limits = root.get("limits_config");
    let in_limits = limits.into_iter().flat_map(Ref::entries).filter_map(|(key, _)| key.str().map(|name| (key, name)));
    let new = in_limits.filter(|(_, name)| NEW_LIMITS.contains(name)).map(|(key, _)| key.span());
    let new: Vec<Span> = new.chain(root.entry("pattern_ingester").map(|(key, _)| key.span())).collect();
    let sure = new.iter().find(|span| mask.arms_at(span.start()).is_empty());
    let at = sure.copied().unwrap_or_else(|| source.line_at(root.span().start()));
    Some(Config { at: Place::new(source, at), setting, needs_three: sure.is_some() })
}

/// Whether a document is a server's configuration, by sections only Loki has. Promtail's has `limits_config`, too.
fn is_server(root: Ref<'_, '_>) -> bool {
    let has = |key: &str| root.get(key).is_some();
    let storage = root.path(&["ruler", "storage"]).or(root.path(&["common", "storage"]));
    (has("limits_config") || has("schema_config") || storage.is_some()) && !has("scrape_configs") && !has("clients")
}

/// `overrides.<tenant>.discover_service_name` of a runtime configuration.
fn overrides<'t, 'a>(root: Ref<'t, 'a>) -> Option<Ref<'t, 'a>> {
    let tenants = root.get("overrides")?.target();
    tenants.entries().find_map(|(_, tenant)| tenant.target().get("discover_service_name"))
}

/// Whether a file gives the setting on a command line; such a flag adds to the default in ways not worked out here.
pub(super) fn sets_flag(source: &Source) -> bool {
    let prose = source.path.name().ends_with(".md") || source.path.name().ends_with(".json");
    !prose && has(source, "validation.discover-service-name")
}

fn has(source: &Source, word: &str) -> bool {
    memmem::find(source.bytes(), word.as_bytes()).is_some()
}
