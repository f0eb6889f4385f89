//! Compose templates: the containers that move lose their syslog logging.
//!
//! Knows: which services of which file move, and that nothing else may render differently afterwards. Must not know:
//! how `logging` is taken out (see `remove`). Sources: label-surface 7.1, real-world C.

mod anchors;
mod remove;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use super::place;
use crate::finding::{Finding, Level};
use crate::rewrite::Outcome;
use crate::syntax::jinja::{self, Delims, Mask};
use crate::syntax::tree::{NodeId, Tree};
use crate::syntax::yaml;
use crate::text::{Edit, Edits, Source, Span};
use crate::topology::compose::{self, Driver};
use crate::topology::{Move, Topology};

/// Takes `logging` out of every container that moves.
pub fn rewrite(topology: &Topology, moved: &Move) -> Outcome {
    let deployment = &topology.hosts[moved.host_index].deployments[moved.deployment];
    let source = &deployment.file;
    let mut out = Outcome::default();
    match edits(topology, moved) {
        Ok(edits) => {
            out.findings.extend(check(topology, moved, source, &edits));
            out.edits.extend(edits.into_iter().map(|edit| (source.path.clone(), edit)));
            let daemon = &topology.hosts[moved.host_index].daemon;
            if daemon.other().is_some() || !daemon.rotates() {
                out.findings.push(Finding::told(Level::Note, "compose/rotation", &[], None));
            }
        }
        Err(finding) => out.findings.push(*finding),
    }
    out
}

/// The edits of [`rewrite`], before it is checked what they render to.
///
/// # Errors
/// The finding that blocks the move.
pub(super) fn edits(topology: &Topology, moved: &Move) -> Result<Vec<Edit>, Box<Finding>> {
    let source = &topology.hosts[moved.host_index].deployments[moved.deployment].file;
    let unreadable = |span, problem: &str| {
        Box::new(Finding::told(
            Level::Blocked,
            "compose/unreadable",
            &[("problem", problem)],
            Some(place(source, span)),
        ))
    };
    let text = source.text().ok_or_else(|| unreadable(Span::at(0), "it is not UTF-8"))?;
    let mask = mask_of(source, text).map_err(|(span, problem)| unreadable(span, &problem))?;
    let tree = yaml::read(mask.text()).map_err(|error| unreadable(error.span, &error.message))?;
    let moving = services(&tree, &mask, text, &moved.components);
    if moving.is_empty() {
        return Err(unreadable(Span::at(0), "the containers that move are not found in the text"));
    }
    let fact = moved.listeners.first().cloned();
    let file = remove::File { source, text, mask: &mask, tree: &tree };
    let daemon = topology.hosts[moved.host_index].daemon.other();
    remove::Remover::new(&file, moving, fact).with_driver(daemon).run().map_err(|refusal| {
        let found = Finding::told(Level::Blocked, refusal.rule, &[], Some(place(file.source, refusal.span)));
        Box::new(Finding { message: refusal.message, ..found })
    })
}

/// Masks a template; a file that is only copied is read as it is when its braces are no Jinja (real-world C8).
fn mask_of(source: &Source, text: &str) -> Result<Mask, (Span, String)> {
    match jinja::mask(text, &Delims::default()) {
        Ok(mask) => Ok(mask),
        Err(_) if !source.path.name().ends_with(".j2") => Ok(jinja::mask_none(text)),
        Err(error) => Err((error.span, error.message)),
    }
}

/// The service mappings that move. A key with Jinja in it stands for every name it can render to.
fn services(tree: &Tree<'_>, mask: &Mask, text: &str, components: &[String]) -> BTreeSet<NodeId> {
    let Some(services) = tree.root().and_then(|root| root.target().get("services")) else { return BTreeSet::new() };
    services
        .entries()
        .filter(|(key, _)| {
            if mask.tags_in(key.span()).is_empty() {
                return key.str().is_some_and(|name| components.iter().any(|component| component == name));
            }
            let pattern = key_pattern(mask, key.span(), text);
            regex::Regex::new(&pattern).is_ok_and(|pattern| components.iter().any(|name| pattern.is_match(name)))
        })
        .map(|(_, value)| value.target().id())
        .collect()
}

/// A key such as `kairos-{{ w.name }}` as a pattern for the names it renders to.
fn key_pattern(mask: &Mask, span: Span, text: &str) -> String {
    let mut pattern = String::from("^");
    let mut done = span.start();
    for tag in mask.tags_in(span) {
        pattern.push_str(&regex::escape(text.get(done..tag.span.start()).unwrap_or("")));
        pattern.push_str(".*");
        done = tag.span.end();
    }
    pattern.push_str(&regex::escape(text.get(done..span.end()).unwrap_or("").trim_matches(['"', '\''])));
    pattern.push('$');
    pattern
}

/// Reads the edited file again on every host that has it: the containers that move are off syslog and everything else
/// renders as before (real-world X4).
fn check(topology: &Topology, moved: &Move, source: &Arc<Source>, edits: &[Edit]) -> Option<Finding> {
    let refuse =
        || Finding::told(Level::Blocked, "compose/renders-otherwise", &[], Some(place(source, source.line_at(0))));
    let mut set = Edits::new();
    for edit in edits {
        if set.insert(edit.clone()).is_err() {
            return Some(refuse());
        }
    }
    let after = Arc::new(Source::new(source.path.as_str(), source.mode, Vec::new(), set.apply(source.bytes())));
    let host = &topology.hosts[moved.host_index];
    let Some(scope) = topology.scope(host) else { return Some(refuse()) };
    let deployment = &host.deployments[moved.deployment];
    let scope = scope.with(&deployment.vars);
    let is_template = deployment.is_template;
    let (Ok(old), Ok(new)) = (scope.render(source, is_template), scope.render(&after, is_template)) else {
        return Some(refuse());
    };
    let (Ok(old), Ok(new)) = (yaml::read(&old.text), yaml::read(&new.text)) else { return Some(refuse()) };
    let explicit = host.daemon.other().is_some();
    let same = same_but_logging(&old, &new, &moved.components, explicit);
    (!same).then(refuse)
}

/// Whether two rendered files are equal but for the `logging` of `components`, which are off syslog in the second, by a
/// driver of their own where that must be `explicit`, and for `x-` keys.
fn same_but_logging(old: &Tree<'_>, new: &Tree<'_>, components: &[String], explicit: bool) -> bool {
    let off = compose::read(new).is_some_and(|read| {
        read.services
            .iter()
            .filter(|service| components.contains(&service.name))
            .all(|service| service.driver.is_read_from_socket() && !(explicit && service.driver == Driver::Default))
    });
    // What is too large to compare is not the same.
    off && flat(old, components).is_some_and(|old| flat(new, components) == Some(old))
}

/// Most bytes of paths that are made to compare two files.
const MOST_PATHS: usize = 64 << 20;

/// Every value of a document with the path to it: aliases followed, merge keys evaluated, `x-` keys and the logging of
/// `components` left out. `None` when aliases unfold it to too much.
fn flat(tree: &Tree<'_>, components: &[String]) -> Option<BTreeMap<String, String>> {
    let mut out = BTreeMap::new();
    let mut work = vec![(String::new(), tree.root()?.target())];
    let mut left = MOST_PATHS;
    while let Some((path, node)) = work.pop() {
        left = left.checked_sub(path.len() + 64)?;
        if let Some(text) = node.str() {
            left = left.checked_sub(text.len())?;
            out.insert(path, text.to_owned());
            continue;
        }
        for (index, item) in node.items().enumerate() {
            work.push((format!("{path}/{index}"), item.target()));
        }
        let moving = components.iter().any(|component| path == format!("/services/{component}"));
        let mut seen = HashSet::new();
        for (key, value) in node.layers().flat_map(|layer| layer.entries().rev()) {
            let Some(name) = key.str().filter(|&name| name != "<<" && seen.insert(name)) else { continue };
            if !(path.is_empty() && name.starts_with("x-") || moving && name == "logging") {
                left = left.checked_sub(path.len() + name.len())?;
                work.push((format!("{path}/{name}"), value.target()));
            }
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat_of(text: &str) -> Option<BTreeMap<String, String>> {
        flat(&yaml::read(text).unwrap(), &["web".to_owned()])
    }

    #[test]
    fn a_file_is_compared_with_its_merge_keys_evaluated() {
        let text =
            "x-a: &a {image: b, user: u}\nservices:\n  web:\n    <<: *a\n    image: c\n    logging: {driver: syslog}\n";
        let expected = [("/services/web/image", "c"), ("/services/web/user", "u")];
        let expected = expected.map(|(path, value)| (path.to_owned(), value.to_owned()));
        assert_eq!(flat_of(text), Some(BTreeMap::from(expected)));
    }

    #[test]
    fn what_aliases_unfold_to_too_much_is_not_the_same_as_itself() {
        // Each level holds the one below twice: 2^60 lists, and not one value in them.
        let levels: Vec<String> = (1..60).map(|at| format!("x-{at}: &l{at} [*l{0}, *l{0}]\n", at - 1)).collect();
        let text = format!("x-0: &l0 []\n{}services: {{web: {{command: *l59}}}}\n", levels.concat());
        assert_eq!(flat_of(&text), None);
        let tree = yaml::read(&text).unwrap();
        assert!(!same_but_logging(&tree, &tree, &["web".to_owned()], false));
    }
}
