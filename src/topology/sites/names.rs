//! Names a dashboard gives to datasources: variables of type `datasource` and the inputs of an exported dashboard.
//!
//! Knows: `templating.list`, `variables`, `__inputs`. Must not know: which datasources exist.

use std::collections::BTreeMap;

use crate::syntax::tree::Ref;

/// Plugin id by variable or input name; `None` where two places disagree.
#[derive(Clone, Debug, Default)]
pub struct Names {
    plugins: BTreeMap<String, Option<String>>,
}

impl Names {
    /// The plugin id behind a variable or input (label-surface 2.2, 7).
    pub fn plugin(&self, name: &str) -> Option<&str> {
        self.plugins.get(name).and_then(Option::as_deref)
    }

    /// Takes up what this mapping declares, if it does.
    pub(super) fn note(&mut self, item: Ref<'_, '_>) {
        let Some(name) = item.get_str("name") else { return };
        let plugin = match (item.get_str("type"), item.parent().and_then(Ref::own_entry)) {
            // `templating.list[]` of type `datasource`: `query` is the plugin id.
            (Some("datasource"), Some((key, _))) if key.str() == Some("list") => item.get_str("query"),
            // `__inputs[]`: `pluginId`.
            (Some("datasource"), Some((key, _))) if key.str() == Some("__inputs") => item.get_str("pluginId"),
            // The newest schema: `kind: DatasourceVariable`, `spec: {name, pluginId}`.
            _ if item.own_entry().is_some_and(|(key, _)| key.str() == Some("spec")) => item.get_str("pluginId"),
            _ => None,
        };
        let Some(plugin) = plugin else { return };
        self.plugins
            .entry(name.to_owned())
            .and_modify(|have| {
                if have.as_deref() != Some(plugin) {
                    *have = None;
                }
            })
            .or_insert_with(|| Some(plugin.to_owned()));
    }
}

/// The name in `$x`, `${x}`, `${x:format}` or `[[x]]`, if that is all of the text.
pub fn variable(text: &str) -> Option<&str> {
    let inner = text
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'))
        .or_else(|| text.strip_prefix("[[").and_then(|rest| rest.strip_suffix("]]")))
        .or_else(|| text.strip_prefix('$'))?;
    let name = inner.split(':').next().unwrap_or(inner);
    (!name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-".contains(c))).then_some(name)
}
