//! What a value of the engine is made of: what it prints as, whether it holds a template or something hidden.
//!
//! Knows: lists, dicts, scalars. Must not know: variables, or how anything is evaluated.

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Value};

use super::{Hidden, is_template};

/// How deep lists and dicts are followed.
pub(super) const DEEPEST_VALUE: usize = 64;

/// A value as Ansible prints it inside a text.
pub(super) fn printed(value: &Value) -> Result<String, Error> {
    if let Some(text) = hidden_text(value) {
        return Ok(text.to_owned());
    }
    match value.kind() {
        ValueKind::Undefined => Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::None => Ok(String::new()),
        ValueKind::Bool => Ok(if value.is_true() { "True" } else { "False" }.to_owned()),
        ValueKind::String | ValueKind::Number => Ok(value.to_string()),
        _ => Err(Error::new(ErrorKind::InvalidOperation, "a list, dict or hidden value stands in a text")),
    }
}

/// What can be told of a [`Hidden`] value.
fn hidden_text(value: &Value) -> Option<&str> {
    value.downcast_object_ref::<Hidden>()?.text.as_deref()
}

/// Whether it is [`Hidden`].
pub(super) fn is_hidden(value: &Value) -> bool {
    value.downcast_object_ref::<Hidden>().is_some()
}

/// Whether a string in it is a template. Keys are not templated.
pub(super) fn has_template(value: &Value, depth: usize) -> bool {
    match value.kind() {
        ValueKind::String => value.as_str().is_some_and(is_template),
        ValueKind::Seq if depth <= DEEPEST_VALUE => items(value).any(|item| has_template(&item, depth + 1)),
        ValueKind::Map if depth <= DEEPEST_VALUE => {
            items(value).any(|key| value.get_item(&key).is_ok_and(|item| has_template(&item, depth + 1)))
        }
        _ => false,
    }
}

pub(super) fn items(value: &Value) -> impl Iterator<Item = Value> {
    value.try_iter().into_iter().flatten()
}

/// The same value with lazy sequences made into lists. Maps of variables (`hostvars[…]`) stay as they are.
pub(super) fn materialised(value: &Value, depth: usize) -> Value {
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable if depth <= DEEPEST_VALUE && !is_hidden(value) => {
            Value::from(items(value).map(|item| materialised(&item, depth + 1)).collect::<Vec<_>>())
        }
        _ => value.clone(),
    }
}
