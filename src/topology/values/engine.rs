//! The Jinja engine, and how one text goes through it.
//!
//! Knows: how Ansible sets Jinja up, and the bounds: text, nesting, steps. Must not know: variables; they come as the
//! context.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use minijinja::machinery::{CodeGenerator, eval, make_string_output, parse, parse_expr};
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, Value};

use super::shape::printed;
use super::{depth, filters, growth};

/// Steps of one template: an instruction, or 64 bytes that it makes.
pub(super) const FUEL: u64 = 100_000;

static ENGINE: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut engine = plain();
    engine.set_recursion_limit(40);
    if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).keep_trailing_newline(true).build() {
        engine.set_syntax(syntax);
    }
    engine.set_auto_escape_callback(|_| AutoEscape::None);
    engine.set_formatter(|out, _, value| out.write_str(&printed(value)?).map_err(Error::from));
    growth::add_to(&mut engine);
    filters::add_to(&mut engine);
    engine
});

/// The engine as it comes, with its steps bounded.
pub(super) fn plain() -> Environment<'static> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_fuel(Some(FUEL));
    engine
}

/// Whether it has a function of this name.
pub(super) fn has_global(name: &str) -> bool {
    ENGINE.globals().any(|(global, _)| global == name)
}

/// What a text is in `context`, natively when it is one `{{ … }}`, and the steps it took.
///
/// # Errors
/// As the engine's; [`minijinja::ErrorKind::OutOfFuel`] for whatever is too much.
pub(super) fn run(text: &str, context: Value) -> Result<(Value, u64), Error> {
    match inside(text).map(|inner| expression(inner, context.clone())) {
        // Two expressions, such as `{{ a }}{{ b }}`, are no expression.
        None | Some(Err(None)) => template(text, context),
        Some(Ok(done)) => Ok(done),
        Some(Err(Some(error))) => Err(error),
    }
}

/// The value of an expression without variables in it; `None` for another.
pub(super) fn constant(text: &str) -> Option<Value> {
    expression(text, Value::from(())).ok().map(|(value, _)| value)
}

/// The inside of a text that is exactly one `{{ … }}`.
fn inside(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("{{")?.strip_suffix("}}")?;
    let inner = inner.strip_prefix(['-', '+']).unwrap_or(inner);
    Some(inner.strip_suffix('-').unwrap_or(inner))
}

/// An error of `None`: it is no expression.
fn expression(text: &str, context: Value) -> Result<(Value, u64), Option<Error>> {
    if !depth::fits(text, true, ENGINE.syntax().clone()) {
        return Err(Some(growth::too_much()));
    }
    let parsed = parse_expr(text).map_err(|_| None)?;
    let mut code = CodeGenerator::new("", text);
    code.compile_expr(&parsed);
    done(code, context, &mut String::new()).map_err(Some)
}

fn template(text: &str, context: Value) -> Result<(Value, u64), Error> {
    if !depth::fits(text, false, ENGINE.syntax().clone()) {
        return Err(growth::too_much());
    }
    let parsed = parse(text, "", ENGINE.syntax().clone())?;
    let mut code = CodeGenerator::new("", text);
    code.compile_stmt(&parsed);
    let mut out = String::new();
    let (_, spent) = done(code, context, &mut out)?;
    Ok((Value::from(out), spent))
}

fn done(code: CodeGenerator<'_>, context: Value, out: &mut String) -> Result<(Value, u64), Error> {
    let (mut instructions, _) = code.finish();
    growth::guard(&mut instructions)?;
    let (blocks, mut out) = (BTreeMap::new(), make_string_output(out));
    let (value, state) = eval(&ENGINE, &instructions, context, &blocks, &mut out, AutoEscape::None)?;
    Ok((value.unwrap_or_default(), state.fuel_levels().map_or(0, |(spent, _)| spent)))
}
