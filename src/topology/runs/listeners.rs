//! Listeners as they are on one host: ports and labels resolved.
//!
//! Knows: how an `address` and a `labels` map become values. Must not know: who sends to them.

use super::super::alloy::{self, Config, LabelMap};
use super::super::{Label, Scope, compose};
use super::Listener;

/// The listeners of `config` as `scope`'s host sees them: without those in an arm of a template that is not in force
/// here, and once for each item of a loop around them (real-world A9, A13).
pub(in crate::topology) fn resolve(config: &Config, scope: &Scope<'_>) -> Vec<Listener> {
    let mut out = Vec::new();
    for fact in &config.listeners {
        if scope.is_false(&fact.when) {
            continue;
        }
        match &fact.repeats {
            None => out.push(one(config, fact, scope)),
            Some(repeats) => match scope.loop_items(&repeats.names, &repeats.over) {
                Some(scopes) => out.extend(scopes.iter().map(|scope| one(config, fact, scope))),
                None => out.push(one(config, fact, scope)),
            },
        }
    }
    out
}

fn one(config: &Config, fact: &alloy::Listener, scope: &Scope<'_>) -> Listener {
    let address = fact.address.as_ref().and_then(|text| scope.resolve_with_names(&text.raw));
    let port = address.as_ref().and_then(|(text, _)| compose::host_and_port(text)?.1);
    let labels = match &fact.labels {
        LabelMap::Computed(_) => None,
        LabelMap::Known(labels) => Some(
            labels
                .iter()
                .map(|(name, text)| (name.clone(), scope.named(&text.raw).map_or(Label::Unknown, Label::of)))
                .collect(),
        ),
    };
    Listener {
        at: config.place(fact.at),
        component_at: config.place(fact.component_at),
        port,
        protocol: scope.resolve(&fact.protocol).unwrap_or_else(|| fact.protocol.clone()),
        labels,
        variables: address.map(|(_, names)| names).unwrap_or_default(),
        fact: fact.clone(),
    }
}
