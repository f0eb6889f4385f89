//! How large a value may get that a template makes: nothing unfolds to more than a text may hold.
//!
//! Knows: the instructions and filters of the engine with which lists and dicts grow. Must not know: variables. The
//! engine charges its fuel for what an instruction makes, but a list may hold another one many times, and lists of lists
//! may be longer than anything was charged for. So whatever builds, joins or compares them weighs them here first.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use minijinja::machinery::{Instruction, Instructions};
use minijinja::value::{Enumerator, Object, Rest, Tuple, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, Expression, State, Value, filters};

use super::shape::DEEPEST_VALUE;

/// What one list or dict may weigh, all that it holds unfolded: one for each value, one more for 64 bytes of its text.
pub(super) const HEAVIEST: usize = 20_000;
/// Items of a list made by adding or repeating lists.
const LONGEST_LIST: usize = 10_000;
/// Weight that one unit of fuel pays for.
const WEIGHT_FOR_FUEL: usize = 4;
/// No place of its own among the filters an instruction keeps.
const ANYWHERE: u8 = !0;

const SUM: &str = "+";
const TIMES: &str = "*";
const TEXTS: &str = "~";
const LIST: &str = "[]";
const TUPLE: &str = "()";
const DICT: &str = "{}";
const SET: &str = "=";

/// Puts these filters in the place of the instructions that build and compare. Their names cannot be written in a template.
///
/// # Errors
/// A list or dict with more items than an instruction can pass on.
pub(super) fn guard(instructions: &mut Instructions<'_>) -> Result<(), Error> {
    let mut at = 0;
    while let Some(one) = instructions.get(at) {
        if let &Instruction::SetAttr(name) = one {
            // `{% set space.name = value %}`: the value is on the stack, the next looks up `space`.
            let before = at.checked_sub(1).and_then(|before| instructions.get_mut(before));
            let Some(before) = before else { return Err(unsupported("an assignment without a value")) };
            let &mut Instruction::Lookup(space) = before else {
                return Err(unsupported("an assignment to a part of a part"));
            };
            *before = Instruction::LoadConst(Value::from(vec![Value::from(space), Value::from(name)]));
        }
        if let Some((name, count)) = instructions.get(at).and_then(instead) {
            let count = u16::try_from(count).map_err(|_| too_much())?;
            if let Some(one) = instructions.get_mut(at) {
                *one = Instruction::ApplyFilter(name, Some(count), ANYWHERE);
            }
        }
        at += 1;
    }
    Ok(())
}

fn instead(one: &Instruction<'_>) -> Option<(&'static str, usize)> {
    Some(match one {
        Instruction::Add => (SUM, 2),
        Instruction::Mul => (TIMES, 2),
        Instruction::StringConcat => (TEXTS, 2),
        Instruction::Eq => ("==", 2),
        Instruction::Ne => ("!=", 2),
        Instruction::Lt => ("<", 2),
        Instruction::Lte => ("<=", 2),
        Instruction::Gt => (">", 2),
        Instruction::Gte => (">=", 2),
        Instruction::In => ("in", 2),
        Instruction::SetAttr(_) => (SET, 2),
        Instruction::BuildList(Some(count)) if *count > 0 => (LIST, *count),
        Instruction::BuildTuple(Some(count)) if *count > 0 => (TUPLE, *count),
        Instruction::BuildMap(pairs) if *pairs > 0 => (DICT, 2 * pairs),
        _ => return None,
    })
}

/// Adds those filters, and weighs what the engine's own filters work on and make where they go through lists.
pub(super) fn add_to(engine: &mut Environment<'static>) {
    for name in ["==", "!=", "<", "<=", ">", ">=", "in"] {
        engine.add_filter(name, move |state: &mut State<'_, '_>, left: Value, right: Value| {
            weigh(state, &left)?;
            weigh(state, &right)?;
            operate(name, left, right)
        });
    }
    for (test, name) in [("eq", "=="), ("equalto", "=="), ("==", "=="), ("ne", "!="), ("!=", "!="), ("in", "in")] {
        engine.add_test(test, move |state: &mut State<'_, '_>, left: Value, right: Value| {
            state.apply_filter(name, &[left, right]).map(|answer| answer.is_true())
        });
    }
    engine.add_filter(SUM, sum);
    engine.add_filter(TIMES, |state: &mut State<'_, '_>, left: Value, right: Value| {
        let made = operate(TIMES, left, right)?;
        weigh(state, &made).map(|()| made)
    });
    engine.add_filter(TEXTS, |left: Value, right: Value| {
        if is_container(&left) || is_container(&right) {
            return Err(unsupported("a list or dict stands in a text"));
        }
        operate(TEXTS, left, right)
    });
    engine.add_filter(LIST, |state: &mut State<'_, '_>, items: Rest<Value>| made(state, Value::from(items.0)));
    engine.add_filter(TUPLE, |state: &mut State<'_, '_>, items: Rest<Value>| {
        made(state, Value::from(Tuple::from(items.0)))
    });
    engine.add_filter(DICT, |state: &mut State<'_, '_>, items: Rest<Value>| {
        let (pairs, _) = items.0.as_chunks::<2>();
        made(state, Value::from_pairs(pairs.iter().map(|[key, value]| (key.clone(), value.clone()))))
    });
    engine.add_filter(SET, assign);
    engine.add_function("namespace", |fields: Rest<ValueOrKwargs>| {
        let fields = fields.0.into_iter().map(ValueOrKwargs::into_value).collect::<Vec<_>>();
        Ok::<_, Error>(Value::from_object(Space(Mutex::new(pairs(&fields)?))))
    });
    engine.add_function("dict", |state: &mut State<'_, '_>, fields: Rest<ValueOrKwargs>| {
        let fields = fields.0.into_iter().map(ValueOrKwargs::into_value).collect::<Vec<_>>();
        made(state, Value::from_pairs(pairs(&fields)?))
    });
    weigh_filters(engine);
}

fn weigh_filters(engine: &mut Environment<'static>) {
    let own = [
        ("batch", Value::from_function(filters::batch)),
        ("chain", Value::from_function(filters::chain)),
        ("dictsort", Value::from_function(filters::dictsort)),
        ("groupby", Value::from_function(filters::groupby)),
        ("items", Value::from_function(filters::items)),
        ("join", Value::from_function(filters::join)),
        ("map", Value::from_function(filters::map)),
        ("max", Value::from_function(filters::max)),
        ("min", Value::from_function(filters::min)),
        ("pprint", Value::from_function(filters::pprint)),
        ("reject", Value::from_function(filters::reject)),
        ("rejectattr", Value::from_function(filters::rejectattr)),
        ("select", Value::from_function(filters::select)),
        ("selectattr", Value::from_function(filters::selectattr)),
        ("slice", Value::from_function(filters::slice)),
        ("sort", Value::from_function(filters::sort)),
        ("sum", Value::from_function(filters::sum)),
        ("tojson", Value::from_function(filters::tojson)),
        ("unique", Value::from_function(filters::unique)),
        ("zip", Value::from_function(filters::zip)),
    ];
    for (name, filter) in own {
        engine.add_filter(name, move |state: &mut State<'_, '_>, values: Rest<ValueOrKwargs>| {
            let values: Vec<Value> = values.0.into_iter().map(ValueOrKwargs::into_value).collect();
            values.iter().try_for_each(|value| weigh(state, value))?;
            let made = filter.call(state, &values)?;
            weigh(state, &made).map(|()| made)
        });
    }
}

/// The value, if it is light enough.
pub(super) fn made(state: &State<'_, '_>, value: Value) -> Result<Value, Error> {
    weigh(state, &value).map(|()| value)
}

/// Lists that are added are not unfolded, so it is their length that is bounded.
fn sum(left: Value, right: Value) -> Result<Value, Error> {
    let is_list = |value: &Value| matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable);
    if is_list(&left) && is_list(&right) {
        let length = left.len().zip(right.len()).and_then(|(left, right)| left.checked_add(right));
        if length.is_none_or(|length| length > LONGEST_LIST) {
            return Err(too_much());
        }
    }
    operate(SUM, left, right)
}

/// What the engine itself makes of an operator.
fn operate(name: &str, left: Value, right: Value) -> Result<Value, Error> {
    static PLAIN: LazyLock<Environment<'static>> = LazyLock::new(super::engine::plain);
    static OPERATORS: LazyLock<BTreeMap<&str, Expression<'static, 'static>>> = LazyLock::new(|| {
        let names = [SUM, TIMES, TEXTS, "==", "!=", "<", "<=", ">", ">=", "in"];
        names
            .into_iter()
            .filter_map(|name| Some((name, PLAIN.compile_expression_owned(format!("a {name} b")).ok()?)))
            .collect()
    });
    let operator = OPERATORS.get(name).ok_or_else(|| unsupported("an operator without a meaning"))?;
    operator.eval(Value::from_pairs([("a", left), ("b", right)]))
}

/// The fields of all these dicts.
fn pairs(dicts: &[Value]) -> Result<BTreeMap<String, Value>, Error> {
    let mut out = BTreeMap::new();
    for dict in dicts {
        for key in dict.try_iter()? {
            let value = dict.get_item(&key)?;
            out.insert(key.to_string(), value);
        }
    }
    Ok(out)
}

/// `namespace(…)`: a dict whose fields can be set. It may stand in no value, so that none holds itself.
#[derive(Debug, Default)]
struct Space(Mutex<BTreeMap<String, Value>>);

impl Space {
    fn with<T>(&self, look: impl FnOnce(&mut BTreeMap<String, Value>) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Object for Space {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.with(|fields| fields.get(key.as_str()?).cloned())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.with(|fields| fields.keys().map(|name| Value::from(name.as_str())).collect()))
    }
}

/// `{% set space.name = value %}`; `place` holds both names.
fn assign(state: &mut State<'_, '_>, value: Value, place: &Value) -> Result<(), Error> {
    weigh(state, &value)?;
    let name = |at: usize| place.get_item_by_index(at).ok().and_then(|name| name.as_str().map(str::to_owned));
    let (Some(space), Some(name)) = (name(0), name(1)) else { return Err(unsupported("an assignment without a name")) };
    let space = state.lookup(&space).ok_or_else(|| Error::from(ErrorKind::UndefinedError))?;
    let fields =
        space.downcast_object_ref::<Space>().ok_or_else(|| unsupported("only a namespace has parts to set"))?;
    fields.with(|fields| fields.insert(name, value));
    Ok(())
}

fn is_container(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable | ValueKind::Map)
}

/// Nothing for what is light enough to be gone through; costs fuel.
///
/// # Errors
/// It is too heavy, or holds a namespace.
pub(super) fn weigh(state: &State<'_, '_>, value: &Value) -> Result<(), Error> {
    if !is_container(value) {
        return Ok(());
    }
    let mut left = HEAVIEST;
    let light = take(value, 0, &mut left);
    state.consume_fuel(((HEAVIEST - left) / WEIGHT_FOR_FUEL) as u64)?;
    if light { Ok(()) } else { Err(too_much()) }
}

/// Takes the weight of a value from `left`; `false` when there is not enough, or it nests too deep.
pub(super) fn take(value: &Value, depth: usize, left: &mut usize) -> bool {
    let own = 1 + value.as_str().map_or(0, |text| text.len() / 64);
    let enough = *left >= own;
    *left = left.saturating_sub(own);
    let items = || value.try_iter().into_iter().flatten();
    enough
        && match value.kind() {
            ValueKind::Seq | ValueKind::Iterable => {
                depth < DEEPEST_VALUE && items().all(|item| take(&item, depth + 1, left))
            }
            ValueKind::Map if value.downcast_object_ref::<Space>().is_some() => false,
            ValueKind::Map => {
                depth < DEEPEST_VALUE
                    && items().all(|key| {
                        take(&key, depth + 1, left)
                            && value.get_item(&key).is_ok_and(|item| take(&item, depth + 1, left))
                    })
            }
            _ => true,
        }
}

pub(super) fn too_much() -> Error {
    Error::from(ErrorKind::OutOfFuel)
}

fn unsupported(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, what)
}
