//! The eyes of one host: variables of the host, of a play and of a task, and templates seen through them.
//!
//! Knows: whose variables are in force, what a loop runs over, and how to render a file of which a part cannot be
//! resolved. Must not know: how
//! values are computed (see `values`).

use std::sync::Arc;

use minijinja::Value;
use minijinja::value::ValueKind;

use super::compose::{self, unresolved};
use super::deploys::{Layer, Loop, Over, Task};
use super::files;
use super::hosts::Host;
use super::values::{Content, Defaults, Frame, Reason, Resolved, Unresolved};
use crate::snapshot::Snapshot;
use crate::syntax::jinja::{self, Delims};
use crate::text::{Source, Span};

/// How many expressions of one file may be unresolved before rendering gives up.
const MOST_UNRESOLVED: usize = 64;

/// How many items of a loop are looked at.
const MOST_ITEMS: usize = 500;
/// Name a value goes by while its templates are filled in.
const FILLED: &str = "migrate_value_in_question";

/// One host, with the variables that stand above and below its own.
#[derive(Clone, Debug)]
pub struct Scope<'a> {
    host: &'a Host,
    frame: Arc<Frame>,
}

/// A file as it would be on a host.
#[derive(Clone, Debug, Default)]
pub struct Rendered {
    /// The text; what could not be resolved stands in it as [`unresolved`].
    pub text: String,
    /// The expressions that could not be resolved.
    pub unresolved: Vec<String>,
}

impl<'a> Scope<'a> {
    /// The host with nothing but its own variables.
    pub fn new(host: &'a Host) -> Self {
        Self { host, frame: Arc::default() }
    }

    /// The same, inside a task: its variables and those of what it stands in, and `playbook_dir`; one scope for each
    /// item of its loops. Where a loop cannot be told, its item is not known.
    pub fn instances(&self, task: &Task, snapshot: &Snapshot) -> Vec<Self> {
        let mut first = self.clone();
        first.set("playbook_dir", Value::from(format!("/{}", task.playbook_dir())));
        Arc::make_mut(&mut first.frame).below = Some(Vec::new());
        let mut scopes = vec![first];
        for layer in task.layers() {
            match layer {
                Layer::Is(expression, name) => {
                    let is = [format!("({expression}) == '{name}'")];
                    scopes.retain(|scope| !scope.is_false(&is));
                }
                Layer::Defaults(defaults) => {
                    for scope in &mut scopes {
                        Arc::make_mut(&mut scope.frame).below.get_or_insert_default().push(Arc::clone(defaults));
                    }
                }
                Layer::Var(name, value) => {
                    for scope in &mut scopes {
                        let value = scope.filled(value).unwrap_or_else(|| value.clone());
                        scope.set(name, value);
                    }
                }
                Layer::Loop(one) => {
                    let mut next = Vec::new();
                    for scope in scopes {
                        match scope.items(one, task, snapshot) {
                            Some(items) => next.extend(items.into_iter().map(|item| {
                                let mut scope = scope.clone();
                                scope.set(&one.var, item);
                                scope
                            })),
                            None => next.push(scope),
                        }
                        if next.len() > MOST_ITEMS {
                            break;
                        }
                    }
                    scopes = next;
                }
                Layer::File(_) | Layer::Roles(_) => {}
            }
        }
        scopes
    }

    /// Whose eyes they are.
    pub fn host(&self) -> &'a Host {
        self.host
    }

    /// The variables that stand above those of the host.
    pub fn extra(&self) -> &[(String, Value)] {
        &self.frame.above
    }

    /// The same with these variables above those of the host.
    #[must_use]
    pub fn with(mut self, vars: &[(String, Value)]) -> Self {
        for (name, value) in vars {
            self.set(name, value.clone());
        }
        self
    }

    /// The same with these defaults below the variables of the host, the highest last.
    #[must_use]
    pub fn above(mut self, defaults: &[Arc<Defaults>]) -> Self {
        Arc::make_mut(&mut self.frame).below = Some(defaults.to_vec());
        self
    }

    fn set(&mut self, name: &str, value: Value) {
        let above = &mut Arc::make_mut(&mut self.frame).above;
        match above.iter_mut().find(|(have, _)| have == name) {
            Some((_, have)) => *have = value,
            None => above.push((name.to_owned(), value)),
        }
    }

    /// A value with its templates filled in; `None` when one of them cannot be.
    pub fn filled(&self, value: &Value) -> Option<Value> {
        match (value.as_str(), Content::of(value.clone())) {
            (_, Content::Plain(value)) => Some(value),
            (Some(text), Content::Template(_)) => self.evaluate(text).ok().map(|resolved| resolved.value),
            (None, Content::Template(value)) => {
                let mut scope = self.clone();
                scope.set(FILLED, value);
                scope.evaluate(&format!("{{{{ {FILLED} }}}}")).ok().map(|resolved| resolved.value)
            }
            (_, Content::Opaque) => None,
        }
    }

    /// The items of a loop; `None` when they cannot be told.
    fn items(&self, one: &Loop, task: &Task, snapshot: &Snapshot) -> Option<Vec<Value>> {
        let list = |value: Value| matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable).then_some(value);
        match &one.over {
            Over::List(value) => {
                let value = list(self.filled(value)?)?;
                // `with_items` and its kin flatten one level; a `loop` over lists of lists is rare enough.
                Some(value.try_iter().ok()?.take(MOST_ITEMS).collect())
            }
            Over::Dict(value) => {
                let dict = self.filled(value).filter(|value| value.kind() == ValueKind::Map)?;
                let pair = |key: Value| {
                    let value = dict.get_item(&key).ok()?;
                    Some(Value::from_pairs([("key", key), ("value", value)]))
                };
                dict.try_iter().ok()?.take(MOST_ITEMS).map(pair).collect()
            }
            Over::FirstFound(value) => {
                let found = self.first_found(value, task, snapshot)?;
                Some(vec![Value::from(found)])
            }
            Over::Globs(patterns) => {
                let mut found = Vec::new();
                for pattern in patterns {
                    found.extend(files::matching(task, &self.resolve(pattern)?, snapshot));
                }
                Some(found.into_iter().map(|path| Value::from(format!("/{path}"))).collect())
            }
            Over::Unknown => None,
        }
    }

    /// One scope for each item of a Jinja loop over `over` that gives each item these names; `None` when what it runs
    /// over cannot be told.
    pub fn loop_items(&self, names: &[String], over: &str) -> Option<Vec<Self>> {
        let value = self.evaluate(&format!("{{{{ {over} }}}}")).ok()?.value;
        let mut out = Vec::new();
        for item in value.try_iter().ok()?.take(MOST_ITEMS) {
            let mut scope = self.clone();
            match names {
                [only] => scope.set(only, item),
                several => {
                    for (index, name) in several.iter().enumerate() {
                        scope.set(name, item.get_item_by_index(index).ok()?);
                    }
                }
            }
            out.push(scope);
        }
        Some(out)
    }

    /// The first of several files that exists: a list of names, or a dict with `files` and `paths`.
    pub fn first_found(&self, value: &Value, task: &Task, snapshot: &Snapshot) -> Option<String> {
        let mut names = Vec::new();
        let mut work: Vec<Value> = vec![value.clone()];
        while let Some(value) = work.pop() {
            let value = self.filled(&value).unwrap_or(value);
            match value.kind() {
                ValueKind::String => names.extend(value.as_str().map(str::to_owned)),
                ValueKind::Map => {
                    work.extend(value.get_attr("files").ok().filter(|files| !files.is_undefined()));
                }
                ValueKind::Seq => {
                    let mut items: Vec<Value> = value.try_iter().ok()?.take(MOST_ITEMS).collect();
                    items.reverse();
                    work.append(&mut items);
                }
                _ => return None,
            }
        }
        // A name that cannot be told may be the one that exists.
        let told = names.iter().map(|name| self.resolve(name)).collect::<Option<Vec<_>>>()?;
        told.into_iter().find(|name| files::source(task, name, snapshot).is_some())
    }

    fn evaluate(&self, text: &str) -> Result<Resolved, Unresolved> {
        self.host.resolve(text, &self.frame)
    }

    /// A text with its templates filled in; `None` when any part cannot be resolved.
    pub fn resolve(&self, text: &str) -> Option<String> {
        self.evaluate(text).ok().map(|resolved| resolved.text)
    }

    /// The same, with the names of the variables it hangs on.
    pub fn resolve_with_names(&self, text: &str) -> Option<(String, Vec<String>)> {
        self.evaluate(text).ok().map(|resolved| (resolved.text, resolved.used))
    }

    /// Whether these conditions are known to fail on this host. What cannot be told counts as true.
    pub fn is_false<'c>(&self, conditions: impl IntoIterator<Item = &'c String>) -> bool {
        conditions.into_iter().any(|condition| {
            let template = format!("{{{{ 'yes' if ({condition}) else 'no' }}}}");
            self.resolve(&template).as_deref() == Some("no")
        })
    }

    /// A file of the repository as it would be on this host. Expressions that cannot be resolved are marked.
    ///
    /// # Errors
    /// When the file is no text, its Jinja is broken, or a statement hangs on something unknown; a sentence part.
    pub fn render(&self, file: &Source, is_template: bool) -> Result<Rendered, String> {
        let text = file.text().ok_or("it is not UTF-8")?;
        if !is_template {
            return Ok(Rendered { text: text.to_owned(), unresolved: Vec::new() });
        }
        self.rendered(text)
    }

    /// A text with its templates filled in. Expressions that cannot be resolved are marked, so that the rest can be read:
    /// the last part of a path, behind a folder that is not known.
    pub fn marked(&self, text: &str) -> Option<String> {
        self.rendered(text).ok().map(|rendered| rendered.text)
    }

    /// The same, as the value of a label: what is marked is marked as this host's own.
    pub fn named(&self, text: &str) -> Option<String> {
        let own = format!("{}{}{}", compose::ON, self.host.name, compose::CLOSE);
        self.marked(text).map(|text| text.replace(compose::CLOSE, &own))
    }

    fn rendered(&self, text: &str) -> Result<Rendered, String> {
        let mut text = text.to_owned();
        let mut missing: Vec<String> = Vec::new();
        loop {
            let failure = match self.evaluate(&text) {
                Ok(resolved) => return Ok(Rendered { text: resolved.text, unresolved: missing }),
                Err(Unresolved { marked: Some(text), name, .. }) => {
                    missing.push(name);
                    return Ok(Rendered { text, unresolved: missing });
                }
                Err(failure) => failure,
            };
            if missing.len() >= MOST_UNRESOLVED {
                return Err(failure.to_string());
            }
            if mark(&mut text, &failure.name) {
                missing.push(failure.name);
                continue;
            }
            let alone = self.mark_alone(&mut text, &failure);
            if alone.is_empty() {
                return Err(failure.to_string());
            }
            missing.extend(alone);
        }
    }

    /// Replaces every expression that cannot be evaluated by itself by its mark, and what a `set` gives: a lookup, a
    /// filter of some collection, a variable that leads to what stopped the whole (`failed`). One that lacks another name
    /// may get it from a loop around it, and stays. Returns what was replaced.
    fn mark_alone(&self, text: &mut String, failed: &Unresolved) -> Vec<String> {
        let Ok(mask) = jinja::mask(text, &Delims::default()) else { return Vec::new() };
        let fails = |whole: &str| {
            let lacks = |reason| matches!(reason, Reason::Undefined | Reason::Runtime);
            self.evaluate(whole).is_err_and(|alone| !lacks(alone.reason) || alone.name == failed.name)
        };
        let one = |tag: &jinja::Tag| match tag.kind {
            jinja::TagKind::Expression => {
                let inner = tag.inner.of(text).trim();
                fails(tag.span.of(text)).then(|| (tag.span, unresolved(inner), inner.to_owned()))
            }
            jinja::TagKind::Statement if tag.keyword.of(text) == "set" && tag.assigns => {
                let at = tag.inner.start() + tag.inner.of(text).find('=')? + 1;
                let value = Span::new(at, tag.inner.end());
                let inner = value.of(text).trim();
                fails(&format!("{{{{ {inner} }}}}"))
                    .then(|| (value, format!(" \"{}\"", unresolved(inner)), inner.to_owned()))
            }
            _ => None,
        };
        let failing: Vec<_> = mask.tags().iter().filter_map(one).collect();
        for (span, mark, _) in failing.iter().rev() {
            text.replace_range(span.range(), mark);
        }
        failing.into_iter().map(|(.., inner)| inner).collect()
    }
}

/// Replaces every expression that names `name` by its mark; `false` when there is none.
fn mark(text: &mut String, name: &str) -> bool {
    let Ok(mask) = jinja::mask(text, &Delims::default()) else { return false };
    let whole: Vec<_> = mask
        .tags()
        .iter()
        .filter(|tag| tag.kind == jinja::TagKind::Expression && names(tag.inner.of(text), name))
        .map(|tag| (tag.span, unresolved(tag.inner.of(text))))
        .collect();
    for (span, new) in whole.iter().rev() {
        text.replace_range(span.range(), new);
    }
    !whole.is_empty()
}

/// Whether an expression holds `name` as a whole word, or is `name`.
fn names(expression: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    // What stopped a whole file goes by its whole text: no search for that in each of its expressions.
    if name.len() > expression.len() {
        return false;
    }
    expression.match_indices(name).any(|(at, found)| {
        let before = expression[..at].chars().next_back();
        let after = expression[at + found.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}
