//! Go templates of `line_format` and `label_format`: what they yield.
//!
//! Knows: actions, pipelines, conditions and loops, as Loki runs them on the labels of a line. Must not know: where the
//! result goes.

mod call;
mod format;
mod parse;
mod text;
mod value;

use std::collections::BTreeMap;

use super::answer::Failure;
use super::labels::{ERROR_DETAILS, Entry, Labels};
use value::Value;

/// A template that was read.
#[derive(Debug)]
pub(super) struct Template {
    nodes: Vec<Node>,
    defined: BTreeMap<String, Vec<Node>>,
}

#[derive(Clone, Debug)]
enum Node {
    Text(String),
    Print(Pipe),
    If { on: Pipe, then: Vec<Node>, otherwise: Vec<Node> },
    With { on: Pipe, then: Vec<Node>, otherwise: Vec<Node> },
    Range { on: Pipe, then: Vec<Node>, otherwise: Vec<Node> },
    Call { name: String, with: Option<Pipe> },
    Break,
    Continue,
}

/// Commands, each given what the one before yields; and the variables it is assigned to.
#[derive(Clone, Debug, Default)]
struct Pipe {
    variables: Vec<String>,
    commands: Vec<Command>,
}

#[derive(Clone, Debug)]
struct Command {
    words: Vec<Word>,
}

#[derive(Clone, Debug)]
enum Word {
    Dot,
    Nil,
    Literal(Value),
    /// `.a.b`
    Field(Vec<String>),
    /// `$x.a`
    Variable(String, Vec<String>),
    Function(String),
    /// `(…).a`
    Inner(Box<Pipe>, Vec<String>),
}

/// Most nodes that one run visits: templates end.
const MOST_STEPS: usize = 100_000;

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// What Go does not take, or a function nobody knows.
    pub(super) fn read(text: &str) -> Result<Self, Failure> {
        let template = parse::read(text)?;
        if template.fields().iter().any(|name| name == ERROR_DETAILS) {
            return Err(Failure::Unsupported("a template that shows __error_details__"));
        }
        Ok(template)
    }

    /// The labels it names as `.label`, anywhere.
    pub(super) fn fields(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut open: Vec<&Node> = self.nodes.iter().chain(self.defined.values().flatten()).collect();
        while let Some(node) = open.pop() {
            match node {
                Node::Print(pipe) => pipe.fields(&mut found),
                Node::If { on, then, otherwise }
                | Node::With { on, then, otherwise }
                | Node::Range { on, then, otherwise } => {
                    on.fields(&mut found);
                    open.extend(then.iter().chain(otherwise));
                }
                Node::Call { with, .. } => {
                    if let Some(with) = with {
                        with.fields(&mut found);
                    }
                }
                Node::Text(_) | Node::Break | Node::Continue => {}
            }
        }
        found
    }

    /// The line that `line_format` makes; one that fails marks the line and leaves it.
    pub(super) fn line(&self, at: i64, line: &str, entry: &mut Entry<'_>) -> String {
        if let Some(name) = self.simple() {
            return entry.find(name).map_or_else(String::new, |(value, _)| value.to_owned());
        }
        let labels = entry.labels();
        self.text(at, line, &labels).unwrap_or_else(|()| {
            entry.fail("TemplateFormatErr", "");
            line.to_owned()
        })
    }

    /// The label, where the template is nothing but its value.
    fn simple(&self) -> Option<&str> {
        let [Node::Print(pipe)] = self.nodes.as_slice() else { return None };
        let [command] = pipe.commands.as_slice() else { return None };
        match command.words.as_slice() {
            [Word::Field(names)] if pipe.variables.is_empty() && names.len() == 1 => names.first().map(String::as_str),
            _ => None,
        }
    }

    /// What it yields for these labels; `at`: the time of the line in nanoseconds.
    pub(super) fn text(&self, at: i64, line: &str, labels: &Labels) -> Result<String, ()> {
        let data = labels.iter().map(|(name, value)| (name.to_owned(), Value::Text(value.to_owned()))).collect();
        let dot = Value::Labels(data);
        let mut run = Run {
            template: self,
            at,
            line,
            out: String::new(),
            variables: vec![("$".to_owned(), dot.clone())],
            steps: 0,
        };
        run.nodes(&self.nodes, &dot)?;
        Ok(run.out)
    }
}

impl Pipe {
    fn fields(&self, found: &mut Vec<String>) {
        for word in self.commands.iter().flat_map(|command| &command.words) {
            match word {
                Word::Field(names) => found.extend(names.first().cloned()),
                Word::Inner(pipe, _) => pipe.fields(found),
                _ => {}
            }
        }
    }
}

/// One run of a template.
struct Run<'t> {
    template: &'t Template,
    at: i64,
    line: &'t str,
    out: String,
    variables: Vec<(String, Value)>,
    steps: usize,
}

/// Whether a loop goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    Break,
    Continue,
}

impl Run<'_> {
    fn nodes(&mut self, nodes: &[Node], dot: &Value) -> Result<Flow, ()> {
        let depth = self.variables.len();
        let mut flow = Flow::On;
        for node in nodes {
            flow = self.node(node, dot)?;
            if flow != Flow::On {
                break;
            }
        }
        self.variables.truncate(depth);
        Ok(flow)
    }

    fn node(&mut self, node: &Node, dot: &Value) -> Result<Flow, ()> {
        self.steps += 1;
        if self.steps > MOST_STEPS || self.out.len() > MOST_STEPS {
            return Err(());
        }
        let depth = self.variables.len();
        match node {
            Node::Text(text) => self.out.push_str(text),
            Node::Print(pipe) => {
                let value = self.pipe(pipe, dot)?;
                if pipe.variables.is_empty() {
                    self.out.push_str(&value.printed());
                }
            }
            Node::If { on, then, otherwise } => {
                let holds = self.pipe(on, dot)?.truth();
                let flow = self.nodes(if holds { then } else { otherwise }, dot)?;
                self.variables.truncate(depth);
                return Ok(flow);
            }
            Node::With { on, then, otherwise } => {
                let value = self.pipe(on, dot)?;
                let flow = if value.truth() { self.nodes(then, &value)? } else { self.nodes(otherwise, dot)? };
                self.variables.truncate(depth);
                return Ok(flow);
            }
            Node::Range { on, then, otherwise } => self.range(on, then, otherwise, dot)?,
            Node::Call { name, with } => {
                let value = match with {
                    Some(pipe) => self.pipe(pipe, dot)?,
                    None => Value::Nil,
                };
                let template = self.template;
                let nodes = template.defined.get(name).ok_or(())?;
                let outer = std::mem::replace(&mut self.variables, vec![("$".to_owned(), value.clone())]);
                self.nodes(nodes, &value)?;
                self.variables = outer;
            }
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::On)
    }

    fn range(&mut self, on: &Pipe, then: &[Node], otherwise: &[Node], dot: &Value) -> Result<(), ()> {
        let depth = self.variables.len();
        let plain = Pipe { variables: Vec::new(), commands: on.commands.clone() };
        let items: Vec<(Value, Value)> = match self.pipe(&plain, dot)? {
            Value::List(list) => (0..).map(Value::Int).zip(list).collect(),
            Value::Map(map) | Value::Labels(map) => {
                map.into_iter().map(|(name, value)| (Value::Text(name), value)).collect()
            }
            Value::Int(count) => (0..count).take(MOST_STEPS).map(|at| (Value::Int(at), Value::Int(at))).collect(),
            Value::Nil => Vec::new(),
            _ => return Err(()),
        };
        if items.is_empty() {
            self.nodes(otherwise, dot)?;
        }
        for (key, value) in items {
            match on.variables.as_slice() {
                [one] => self.variables.push((one.clone(), value.clone())),
                [first, second] => {
                    self.variables.push((first.clone(), key));
                    self.variables.push((second.clone(), value.clone()));
                }
                _ => {}
            }
            let flow = self.nodes(then, &value)?;
            self.variables.truncate(depth);
            if flow == Flow::Break {
                break;
            }
        }
        Ok(())
    }

    fn pipe(&mut self, pipe: &Pipe, dot: &Value) -> Result<Value, ()> {
        let mut last = None;
        for command in &pipe.commands {
            last = Some(self.command(command, dot, last)?);
        }
        let value = last.ok_or(())?;
        if let [name] = pipe.variables.as_slice() {
            match self.variables.iter_mut().rev().find(|(own, _)| own == name && name.starts_with('=')) {
                Some((_, old)) => *old = value.clone(),
                None => self.variables.push((name.clone(), value.clone())),
            }
        }
        Ok(value)
    }

    fn command(&mut self, command: &Command, dot: &Value, last: Option<Value>) -> Result<Value, ()> {
        let (first, rest) = command.words.split_first().ok_or(())?;
        if let Word::Function(name) = first {
            // `and` and `or` stop early; nothing here has effects, so only errors can tell.
            let mut arguments = Vec::with_capacity(rest.len() + 1);
            for word in rest {
                arguments.push(self.word(word, dot)?);
                let decided = match name.as_str() {
                    "and" => arguments.last().is_some_and(|value| !value.truth()),
                    "or" => arguments.last().is_some_and(Value::truth),
                    _ => false,
                };
                if decided {
                    return arguments.pop().ok_or(());
                }
            }
            arguments.extend(last);
            return call::call(name, &arguments, self.at, self.line);
        }
        if !rest.is_empty() || last.is_some() || matches!(first, Word::Nil) {
            return Err(());
        }
        self.word(first, dot)
    }

    fn word(&mut self, word: &Word, dot: &Value) -> Result<Value, ()> {
        match word {
            Word::Dot => Ok(dot.clone()),
            Word::Nil => Ok(Value::Nil),
            Word::Literal(value) => Ok(value.clone()),
            Word::Field(names) => dot.clone().chain(names),
            Word::Variable(name, names) => {
                let found = self.variables.iter().rev().find(|(own, _)| own == name);
                found.ok_or(())?.1.clone().chain(names)
            }
            Word::Function(name) => call::call(name, &[], self.at, self.line),
            Word::Inner(pipe, names) => self.pipe(pipe, dot)?.chain(names),
        }
    }
}
