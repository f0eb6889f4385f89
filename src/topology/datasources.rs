//! Grafana datasources as the repository provisions them: which name or uid is a Loki.
//!
//! Knows: the `datasources:` list of a provisioning file. Must not know: dashboards, or what a datasource is used for.

use crate::syntax::tree::{Ref, Tree};
use crate::text::{Place, Source};
use std::sync::Arc;

/// One provisioned datasource.
#[derive(Clone, Debug)]
pub struct Datasource {
    /// `name`; what string references and old dashboards use.
    pub name: Option<String>,
    /// `uid`; what dashboards and alerts use.
    pub uid: Option<String>,
    /// `type`: the plugin id (`loki`, `prometheus`). `None` when a template gives it.
    pub kind: Option<String>,
    /// `url`.
    pub url: Option<String>,
    /// `isDefault: true`.
    pub default: bool,
    /// The value of `type`, or the whole entry without one.
    pub at: Place,
}

/// What a lookup says.
#[derive(Clone, Copy, Debug)]
pub enum Lookup<'d> {
    /// This one; where several files provision it, all agree on the type.
    Found(&'d Datasource),
    /// Not provisioned here.
    Missing,
    /// Provisioned twice with different types, or with a type a template gives.
    Unclear(&'d Datasource),
}

/// Every datasource of the repository.
#[derive(Clone, Debug, Default)]
pub struct Datasources {
    list: Vec<Datasource>,
}

impl Datasources {
    /// These datasources.
    pub fn new(list: Vec<Datasource>) -> Self {
        Self { list }
    }

    /// All of them, in the order they were read.
    pub fn iter(&self) -> std::slice::Iter<'_, Datasource> {
        self.list.iter()
    }

    /// The one with this uid. Grafana gives a datasource without `uid` one of its own, so a name is no uid.
    pub fn by_uid(&self, uid: &str) -> Lookup<'_> {
        self.one(|have| have.uid.as_deref() == Some(uid))
    }

    /// The one with this name.
    pub fn by_name(&self, name: &str) -> Lookup<'_> {
        self.one(|have| have.name.as_deref() == Some(name))
    }

    /// The one a panel without a datasource gets.
    pub fn by_default(&self) -> Lookup<'_> {
        self.one(|have| have.default)
    }

    fn one(&self, wanted: impl Fn(&Datasource) -> bool) -> Lookup<'_> {
        let mut found = self.list.iter().filter(|have| wanted(have));
        let Some(first) = found.next() else { return Lookup::Missing };
        if first.kind.is_none() || found.any(|other| other.kind != first.kind) {
            return Lookup::Unclear(first);
        }
        Lookup::Found(first)
    }
}

impl<'d> IntoIterator for &'d Datasources {
    type Item = &'d Datasource;
    type IntoIter = std::slice::Iter<'d, Datasource>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

/// The datasources that a provisioning file states. `tree` was read from `source`, masked when it is a template;
/// `template` tells which bytes were masked, so that filler is never taken for a name.
pub fn read(source: &Arc<Source>, tree: &Tree<'_>, template: &dyn Fn(Ref<'_, '_>) -> bool) -> Vec<Datasource> {
    tree.roots()
        .filter_map(|root| root.get("datasources"))
        .flat_map(Ref::items)
        .map(Ref::target)
        .filter(|item| item.is_mapping() && item.get("type").is_some())
        .map(|item| {
            let text = |key: &str| {
                item.lookup(key)
                    .filter(|value| !template(*value) && !value.is_null())
                    .and_then(Ref::str)
                    .map(String::from)
            };
            Datasource {
                name: text("name"),
                uid: text("uid"),
                kind: text("type"),
                url: text("url"),
                default: text("isDefault").is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "yes"),
                at: Place::new(source, item.get("type").unwrap_or(item).span()),
            }
        })
        .collect()
}
