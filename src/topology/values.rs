//! What a Jinja text means on one host: evaluation over the host's variables.
//!
//! Knows: how Ansible templates a string (native types, recursive variables, magic variables) and what of it the
//! repository can tell. Must not know: where variables are defined or which of two definitions is in force (see
//! `hosts`). Whatever is not certain is [`Unresolved`]; nothing is ever taken as an empty string.

mod depth;
mod engine;
mod filters;
mod growth;
mod memo;
mod parts;
mod run;
mod shape;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use minijinja::Value;
use minijinja::value::{Object, ObjectRepr};

pub use memo::Memo;
pub(crate) use run::{evaluate, literal};

/// The value of a definition, as far as the repository tells it.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// No template in it. Parts that cannot be read (an inline vault in a dict) are [`Hidden`].
    Plain(Value),
    /// A template string, or a list or dict with template strings in it.
    Template(Value),
    /// Vault-encrypted, an unknown tag, or otherwise not readable.
    Opaque,
}

impl Content {
    /// Sorts a value by whether any string in it is a template.
    pub fn of(value: Value) -> Self {
        if shape::is_hidden(&value) {
            Self::Opaque
        } else if shape::has_template(&value, 0) {
            Self::Template(value)
        } else {
            Self::Plain(value)
        }
    }

    /// The scalar as text when it is plain: `51401` for `51_401`.
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Plain(value) => shape::printed(value).ok(),
            Self::Template(_) | Self::Opaque => None,
        }
    }
}

/// Stands for a part of a value that cannot be read. Whatever prints it is unresolved.
#[derive(Debug)]
pub struct Hidden {
    /// What can be told of it: a text with [marks](super::compose::unresolved).
    text: Option<String>,
}

impl Hidden {
    /// As a value, to stand inside a list or a dict.
    pub fn value() -> Value {
        Value::from_object(Self { text: None })
    }

    /// One of which some can be told.
    fn marked(text: String) -> Value {
        Value::from_object(Self { text: Some(text) })
    }
}

impl Object for Hidden {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    /// Nobody knows.
    fn is_true(self: &Arc<Self>) -> bool {
        run::ASKED.set(true);
        true
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text.as_deref().unwrap_or(run::HIDDEN_MARK))
    }
}

/// The variables in force on one host.
#[derive(Debug, Default)]
pub struct Scope {
    /// `inventory_hostname`.
    pub name: String,
    /// `group_names`: the groups of the host without `all`, sorted.
    pub group_names: Vec<String>,
    /// By name, precedence already decided; without [`World::defaults`].
    pub vars: BTreeMap<String, Content>,
    /// Whether anything that was evaluated on it hangs on more than this host.
    pub beyond: AtomicBool,
}

/// Variables that stand below those of a host: the defaults of roles.
pub type Defaults = BTreeMap<String, Content>;

/// What stands around the variables of a host where a text is evaluated.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// Above them: a play's `vars`, a loop item.
    pub above: Vec<(String, Value)>,
    /// Below them, the highest last; `None` outside of tasks, where [`World::defaults`] count.
    pub below: Option<Vec<Arc<Defaults>>>,
}

impl Frame {
    /// The value of a variable above those of the host.
    fn above(&self, name: &str) -> Option<&Value> {
        self.above.iter().find(|(have, _)| have == name).map(|(_, value)| value)
    }

    /// What a variable is that the host does not have.
    fn below<'f>(&'f self, world: &'f World, name: &str) -> Option<&'f Content> {
        match &self.below {
            Some(below) => below.iter().rev().find_map(|defaults| defaults.get(name)),
            None => world.defaults.get(name),
        }
    }
}

/// All hosts that know of each other: what `groups` and `hostvars` reach.
#[derive(Debug, Default)]
pub struct World {
    /// `groups`: the hosts of each group, `all` and `ungrouped` included.
    pub groups: BTreeMap<String, Vec<String>>,
    /// `hostvars`, by host name.
    pub hosts: BTreeMap<String, Arc<Scope>>,
    /// The defaults of all roles, the same for all hosts. They stand in for the variables of files that no task is seen to
    /// write: a task sees those of its own role and of the roles of its play.
    pub defaults: Arc<Defaults>,
    /// What was evaluated so far, on any host.
    pub memo: Arc<Memo>,
}

/// A text with every template in it evaluated.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// As Ansible would print it.
    pub text: String,
    /// The value: a number stays a number when the text was one `{{ … }}`.
    pub value: Value,
    /// Names of the host's variables it hangs on, directly or through other variables, in order of first use.
    pub used: Vec<String>,
    /// Names that were taken as undefined (`default`, `is defined`). On a host with files that cannot be read they
    /// may be defined after all.
    pub undefined: Vec<String>,
}

/// Why a text cannot be evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No definition in the repository.
    Undefined,
    /// Defined where it cannot be read: vault or an unknown tag.
    Opaque,
    /// Only known while Ansible runs: a fact, a loop item, a registered result.
    Runtime,
    /// Its definition leads back to itself.
    Cycle,
    /// Too deep, too long or too much work.
    TooMuch,
    /// Not a template this program can read.
    Syntax,
    /// A filter, test, lookup or operation it does not know.
    Unsupported,
}

/// A text that cannot be evaluated, and the first thing that stood in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// The variable or the expression.
    pub name: String,
    /// What kind of obstacle.
    pub reason: Reason,
    /// The obstacle in words, a sentence part without full stop.
    pub detail: String,
    /// The text all the same, where it is only parts of it that cannot be told: they are [marked](super::compose::unresolved).
    pub marked: Option<String>,
}

impl Unresolved {
    pub(crate) fn new(name: impl Into<String>, reason: Reason, detail: impl Into<String>) -> Self {
        Self { name: name.into(), reason, detail: detail.into(), marked: None }
    }
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.contains('\n') {
            return write!(f, "the template {}", self.detail);
        }
        write!(f, "`{}` {}", self.name, self.detail)
    }
}

impl std::error::Error for Unresolved {}

/// Whether `text` holds a Jinja expression, statement or comment.
pub fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%") || text.contains("{#")
}

#[cfg(test)]
mod tests;
