//! One evaluation: the variables it asks for, what it used, and what stopped it.
//!
//! Knows: who asks for what, and the limits of all templates of one evaluation. Must not know: files or spans.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use minijinja::value::{Object, ValueKind};
use minijinja::{Error, ErrorKind, Value};

use crate::topology::compose::{is_unresolved, readable};

use super::memo::{Evaluated, InForce};
use super::parts::deep;
use super::shape::{DEEPEST_VALUE, is_hidden, items, materialised, printed};
use super::{Content, Frame, Reason, Resolved, Scope, Unresolved, World, engine, growth, is_template};

/// How many variables may stand in each other's definitions.
const DEEPEST_CHAIN: usize = 24;
/// Steps of one evaluation, all its templates together (see `engine`).
const MOST_STEPS: u64 = 500_000;
/// What all values of one evaluation may weigh (see `growth`).
const HEAVIEST: usize = 500_000;
/// How deep lists and dicts may nest, with those they stand in that are open at the same time.
pub(super) const DEEPEST_NEST: usize = 128;
/// Templates one evaluation may render.
const MOST_TEMPLATES: usize = 5_000;
/// Bytes of one rendered text.
const LONGEST: usize = 256 * 1024;
/// How [`Hidden`] prints, so that it is found in a text it slipped into.
pub(super) const HIDDEN_MARK: &str = "\u{f8ff}hidden\u{f8ff}";
/// Names Ansible fills in while it runs, besides `ansible_*`.
const RUNTIME: [&str; 12] = [
    "item",
    "omit",
    "play_hosts",
    "playbook_dir",
    "inventory_dir",
    "inventory_file",
    "role_path",
    "role_name",
    "environment",
    "template_path",
    "template_host",
    "template_uid",
];

thread_local! {
    /// Whether a condition asked for a value that is [`Hidden`].
    pub(super) static ASKED: Cell<bool> = const { Cell::new(false) };
}

/// Evaluates `text` on `host`, whose variables stand within `frame`.
pub(crate) fn evaluate(world: &Arc<World>, host: &str, text: &str, frame: &Arc<Frame>) -> Result<Resolved, Unresolved> {
    let Some(scope) = world.hosts.get(host).filter(|_| is_template(text)) else {
        return evaluated(world, host, text, frame).result;
    };
    let in_force = |name: &str| match (frame.above(name), magic(scope, name)) {
        (Some(above), _) => InForce::Above(above.clone()),
        (None, Some(magic)) => InForce::Own(Content::Plain(magic)),
        (None, None) => {
            let own = scope.vars.get(name).or_else(|| frame.below(world, name));
            own.map_or(InForce::Nothing, |own| InForce::Own(own.clone()))
        }
    };
    world.memo.of(text, in_force, || {
        let evaluated = evaluated(world, host, text, frame);
        if evaluated.asked.is_none() {
            scope.beyond.store(true, Ordering::Relaxed);
        }
        evaluated
    })
}

fn evaluated(world: &Arc<World>, host: &str, text: &str, frame: &Arc<Frame>) -> Evaluated {
    let (world, frame) = (Arc::clone(world), Arc::clone(frame));
    let run = Arc::new(Run { world, frame, notes: Mutex::default(), host: host.to_owned() });
    let result = whole(&run, text);
    let Notes { asked, beyond, .. } = std::mem::take(&mut *run.notes());
    Evaluated { result, asked: (!beyond).then(|| asked.into_iter().collect()) }
}

/// The magic variables that hang on the host alone.
fn magic(scope: &Scope, name: &str) -> Option<Value> {
    match name {
        "inventory_hostname" => Some(Value::from(scope.name.as_str())),
        "inventory_hostname_short" => Some(Value::from(scope.name.split('.').next().unwrap_or(&scope.name))),
        "group_names" => Some(Value::from(scope.group_names.clone())),
        _ => None,
    }
}

fn whole(run: &Arc<Run>, text: &str) -> Result<Resolved, Unresolved> {
    let value = if is_template(text) { render(run, &run.host, text)? } else { Value::from(text) };
    // A list or dict is whole although some of its parts are not.
    let unknown = |marked: &str| Unresolved {
        marked: Some(marked.to_owned()),
        ..Unresolved::new(readable(marked), Reason::Opaque, "has a part that is not known")
    };
    let scalar = printed(&value).ok();
    if scalar.is_none() && is_hidden(&value) {
        return Err(Unresolved::new(text, Reason::Opaque, "cannot be read"));
    }
    if let Some(scalar) = scalar.as_ref().filter(|scalar| scalar.contains(HIDDEN_MARK)) {
        return Err(Unresolved::new(
            scalar.replace(HIDDEN_MARK, "…"),
            Reason::Opaque,
            "has a part that cannot be read",
        ));
    }
    if let Some(scalar) = scalar.as_ref().filter(|scalar| is_unresolved(scalar) && !is_unresolved(text)) {
        return Err(unknown(scalar));
    }
    let text = scalar.unwrap_or_else(|| value.to_string());
    let notes = run.notes();
    Ok(Resolved { text, value, used: notes.used.clone(), undefined: notes.undefined.clone() })
}

/// The value of a list, dict or tuple literal without variables in it.
pub(crate) fn literal(text: &str) -> Option<Value> {
    let value = engine::constant(text)?;
    (growth::take(&value, 0, &mut HEAVIEST.clone()) && is_whole(&value, 0)).then(|| materialised(&value, 0))
}

/// Whether nothing in it is undefined.
fn is_whole(value: &Value, depth: usize) -> bool {
    let part = |item: &Value| depth <= DEEPEST_VALUE && is_whole(item, depth + 1);
    match value.kind() {
        ValueKind::Undefined => false,
        ValueKind::Seq | ValueKind::Iterable => items(value).all(|item| part(&item)),
        ValueKind::Map => items(value).all(|key| value.get_item(&key).is_ok_and(|item| part(&item))),
        _ => true,
    }
}

/// State that all templates of one evaluation share.
#[derive(Debug)]
pub(super) struct Run {
    world: Arc<World>,
    frame: Arc<Frame>,
    notes: Mutex<Notes>,
    host: String,
}

#[derive(Debug, Default)]
pub(super) struct Notes {
    used: Vec<String>,
    undefined: Vec<String>,
    /// Every variable of the host that was looked for.
    asked: BTreeSet<String>,
    /// Whether anything else was asked for: other hosts, groups.
    beyond: bool,
    pub(super) failure: Option<Unresolved>,
    open: Vec<(String, String)>,
    done: HashMap<(String, String), Value>,
    templates: usize,
    /// Steps that were taken so far.
    steps: u64,
    /// What the values so far weigh.
    weight: usize,
    /// How deep lists and dicts nest around the template that is being rendered.
    pub(super) nest: usize,
}

impl Run {
    pub(super) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the first failure and gives nothing.
    fn fail(&self, failure: Unresolved) -> Option<Value> {
        self.notes().failure.get_or_insert(failure);
        None
    }

    fn note_once(list: &mut Vec<String>, name: &str) {
        if !list.iter().any(|have| have == name) {
            list.push(name.to_owned());
        }
    }
}

/// The variables of one host as the engine sees them.
#[derive(Debug)]
struct Variables {
    run: Arc<Run>,
    host: String,
}

impl Object for Variables {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        let run = &self.run;
        if run.notes().failure.is_some() {
            return None;
        }
        let own = self.host == run.host;
        {
            let mut notes = run.notes();
            notes.beyond |= !own || matches!(name, "groups" | "hostvars" | "vars");
            if !notes.asked.contains(name) {
                notes.asked.insert(name.to_owned());
            }
        }
        if own && let Some(value) = run.frame.above(name) {
            return self.follow(name, &value.clone());
        }
        let scope = run.world.hosts.get(&self.host);
        if let Some(value) = self.magic(name, own) {
            return Some(value);
        }
        let below = || if own { run.frame.below(&run.world, name) } else { run.world.defaults.get(name) };
        match scope.and_then(|scope| scope.vars.get(name).or_else(below)) {
            Some(content) => {
                if own {
                    Run::note_once(&mut run.notes().used, name);
                }
                match content {
                    Content::Plain(value) => Some(value.clone()),
                    Content::Template(value) => self.follow(name, value),
                    Content::Opaque => {
                        run.fail(Unresolved::new(name, Reason::Opaque, "is encrypted or cannot be read"))
                    }
                }
            }
            // Without `--limit` there is no limit.
            None if name != "ansible_limit" && (name.starts_with("ansible_") || RUNTIME.contains(&name)) => {
                run.fail(Unresolved::new(name, Reason::Runtime, "is known only while Ansible runs"))
            }
            None => {
                if !engine::has_global(name) {
                    Run::note_once(&mut run.notes().undefined, name);
                }
                None
            }
        }
    }
}

impl Variables {
    /// The magic variables the repository tells.
    fn magic(self: &Arc<Self>, name: &str, own: bool) -> Option<Value> {
        let run = &self.run;
        match name {
            "groups" if own => Some(Value::from_pairs(run.world.groups.clone())),
            "hostvars" if own => Some(Value::from_object(HostVars { run: Arc::clone(run) })),
            "vars" if own => Some(Value::from_dyn_object(Arc::clone(self))),
            _ => run.world.hosts.get(&self.host).and_then(|scope| magic(scope, name)),
        }
    }

    /// The value of a variable that is, or holds, a template.
    fn follow(&self, name: &str, value: &Value) -> Option<Value> {
        let id = (self.host.clone(), name.to_owned());
        {
            let mut notes = self.run.notes();
            if let Some(done) = notes.done.get(&id) {
                return Some(done.clone());
            }
            let failure = if notes.open.contains(&id) {
                Some(Unresolved::new(name, Reason::Cycle, "is defined by itself"))
            } else if notes.open.len() >= DEEPEST_CHAIN {
                Some(Unresolved::new(name, Reason::TooMuch, "hangs on too long a chain of variables"))
            } else {
                None
            };
            if let Some(failure) = failure {
                notes.failure.get_or_insert(failure);
                return None;
            }
            notes.open.push(id.clone());
        }
        let result = deep(&self.run, &self.host, value, 0);
        let mut notes = self.run.notes();
        notes.open.pop();
        match result {
            Ok(value) => {
                notes.done.insert(id, value.clone());
                Some(value)
            }
            Err(failure) => {
                notes.failure.get_or_insert(failure);
                None
            }
        }
    }
}

/// `hostvars`.
#[derive(Debug)]
struct HostVars {
    run: Arc<Run>,
}

impl Object for HostVars {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let host = key.as_str()?;
        if !self.run.world.hosts.contains_key(host) {
            return self.run.fail(Unresolved::new(host, Reason::Undefined, "is no host of this inventory"));
        }
        Some(Value::from_object(Variables { run: Arc::clone(&self.run), host: host.to_owned() }))
    }
}

/// Evaluates one text: natively when it is one expression, else as text.
pub(super) fn render(run: &Arc<Run>, host: &str, text: &str) -> Result<Value, Unresolved> {
    {
        let mut notes = run.notes();
        notes.templates += 1;
        if notes.templates > MOST_TEMPLATES || text.len() > LONGEST {
            // It is said of this host.
            notes.beyond = true;
            return Err(Unresolved::new(host, Reason::TooMuch, "needs too much templating"));
        }
    }
    let context = Value::from_object(Variables { run: Arc::clone(run), host: host.to_owned() });
    let result = engine::run(text, context);
    let asked = ASKED.take();
    let weight = {
        let mut notes = run.notes();
        notes.steps += match &result {
            Ok((_, steps)) => *steps,
            // How far it came is not told.
            Err(_) if text.contains("{%") => engine::FUEL / 4,
            Err(_) => 1_000,
        };
        if let Some(failure) = &notes.failure {
            return Err(failure.clone());
        }
        if notes.steps > MOST_STEPS {
            return Err(Unresolved::new(text, Reason::TooMuch, "takes too many steps"));
        }
        notes.weight
    };
    if asked {
        return Err(Unresolved::new(text, Reason::Opaque, "hangs on a value that cannot be read"));
    }
    let (value, _) = result.map_err(|error| explain(text, &error, &run.notes()))?;
    if value.is_undefined() {
        return Err(explain(text, &Error::from(ErrorKind::UndefinedError), &run.notes()));
    }
    let mut left = HEAVIEST.saturating_sub(weight);
    if value.as_str().is_some_and(|text| text.len() > LONGEST) || !growth::take(&value, 0, &mut left) {
        return Err(Unresolved::new(text, Reason::TooMuch, "makes too much"));
    }
    run.notes().weight = HEAVIEST - left;
    // A lazy result would ask for variables after this run is closed.
    Ok(materialised(&value, 0))
}

/// What the engine stumbled over, in our words.
fn explain(text: &str, error: &Error, notes: &Notes) -> Unresolved {
    let detail = error.detail().map_or_else(|| error.kind().to_string(), ToOwned::to_owned);
    match error.kind() {
        ErrorKind::UndefinedError => match notes.undefined.last() {
            Some(name) => Unresolved::new(name.as_str(), Reason::Undefined, "is not defined in the repository"),
            None => Unresolved::new(text, Reason::Undefined, "asks for something that is not defined"),
        },
        ErrorKind::OutOfFuel => Unresolved::new(text, Reason::TooMuch, "takes too many steps"),
        ErrorKind::SyntaxError | ErrorKind::InvalidDelimiter => {
            Unresolved::new(text, Reason::Syntax, format!("is no readable template: {detail}"))
        }
        _ => Unresolved::new(text, Reason::Unsupported, format!("cannot be evaluated: {detail}")),
    }
}
