//! Loops of tasks: what they run over, and under which name.
//!
//! Knows: `loop`, `loop_control` and the `with_…` forms. Must not know: variables or files.

use std::sync::Arc;

use minijinja::Value;

use crate::syntax::tree::Ref;
use crate::text::Source;
use crate::topology::hosts::value_of;

/// One loop around a task or an include.
#[derive(Clone, Debug)]
pub struct Loop {
    /// Name of the item: `item`, or what `loop_control.loop_var` says.
    pub var: String,
    /// What it runs over.
    pub over: Over,
}

/// What a loop runs over, as written: templates are not filled in.
#[derive(Clone, Debug)]
pub enum Over {
    /// A list, or a template that makes one.
    List(Value),
    /// A dict, or a template that makes one: items have `key` and `value`.
    Dict(Value),
    /// The first of these files that exists, as `with_first_found` finds it.
    FirstFound(Value),
    /// Files by pattern.
    Globs(Vec<String>),
    /// Something else: the item is not known.
    Unknown,
}

/// The loop of a task.
pub(super) fn of(task: Ref<'_, '_>, source: &Arc<Source>) -> Option<Loop> {
    let var = task.path(&["loop_control", "loop_var"]).and_then(Ref::str).unwrap_or("item").to_owned();
    let (key, value) = task
        .entries()
        .find_map(|(key, value)| Some((key.str().filter(|key| *key == "loop" || key.starts_with("with_"))?, value)))?;
    let value = value.target();
    let key = key.rsplit('.').next().unwrap_or(key).trim_start_matches("ansible.builtin.");
    let over = match key {
        "loop" | "with_items" | "with_list" | "with_flattened" => match value.str().and_then(globs) {
            Some(globs) => Over::Globs(globs),
            None => Over::List(value_of(source, value)),
        },
        "with_dict" => Over::Dict(value_of(source, value)),
        "with_first_found" => Over::FirstFound(value_of(source, value)),
        "with_fileglob" => {
            let items = value.items().filter_map(|item| item.target().str());
            Over::Globs(value.str().into_iter().chain(items).map(str::to_owned).collect())
        }
        _ => Over::Unknown,
    };
    Some(Loop { var, over })
}

/// The patterns of `{{ query('fileglob', 'a/*') }}` and its spellings.
fn globs(text: &str) -> Option<Vec<String>> {
    let (_, rest) = text.split_once("fileglob")?;
    let quoted: Vec<String> = rest
        .split(['\'', '"'])
        .skip(1)
        .filter(|part| !part.trim_matches([',', ' ', ')', '}', '|']).is_empty() && part.contains(['*', '/', '.']))
        .map(str::to_owned)
        .collect();
    (!quoted.is_empty()).then_some(quoted)
}
