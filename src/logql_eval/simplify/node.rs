//! A pattern as Go cuts it: literals, alternatives, and the rest.
//!
//! Knows: how Go joins neighbouring literals, takes out what alternatives begin with, and makes a class of single characters.
//! Must not know: what a filter makes of it.

/// How deep groups may nest before a pattern counts as one without a shortcut.
const DEEPEST: usize = 40;

/// A part of a pattern, as far as shortcuts need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Empty,
    Literal {
        text: String,
        fold: bool,
    },
    /// `.*`
    AnyStar,
    /// `.+`
    AnyPlus,
    Concat(Vec<Node>),
    Alternate(Vec<Node>),
    /// Anything else, and whether it stands for one character, which Go merges with its neighbours.
    Other(bool),
}

/// The pattern in parts; `None` where it nests too deep, or has something that rules shortcuts out.
pub(super) fn read(pattern: &str) -> Option<Node> {
    let mut reader = Reader { rest: pattern, depth: 0 };
    let (node, _) = reader.alternation(false)?;
    reader.rest.is_empty().then_some(node)
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = self.rest.get(c.len_utf8()..)?;
        Some(c)
    }

    fn eat(&mut self, prefix: &str) -> bool {
        let tail = self.rest.strip_prefix(prefix);
        self.rest = tail.unwrap_or(self.rest);
        tail.is_some()
    }

    /// Alternatives up to a closing parenthesis or the end; with whether case folds at their end.
    fn alternation(&mut self, fold: bool) -> Option<(Node, bool)> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let mut fold = fold;
        let mut all = Vec::new();
        loop {
            all.push(self.concatenation(&mut fold)?);
            if !self.eat("|") {
                break;
            }
        }
        self.depth -= 1;
        Some((alternate(all), fold))
    }

    fn concatenation(&mut self, fold: &mut bool) -> Option<Node> {
        let mut parts = Vec::new();
        while let Some(c) = self.rest.chars().next() {
            if matches!(c, '|' | ')') {
                break;
            }
            self.next();
            let mut atom = match c {
                '(' => match self.group(fold)? {
                    Some(node) => node,
                    None => continue,
                },
                '[' => {
                    self.class()?;
                    Node::Other(true)
                }
                '.' => Node::Other(true),
                '\\' => self.escape(*fold)?,
                '^' | '$' => Node::Other(false),
                c => Node::Literal { text: c.to_string(), fold: *fold },
            };
            if self.rest.starts_with(['*', '+', '?', '{']) {
                let sign = self.next()?;
                if sign == '{' {
                    // A count, or a brace that stands for itself: no shortcut either way.
                    return None;
                }
                self.eat("?");
                atom = match (c, sign) {
                    ('.', '*') => Node::AnyStar,
                    ('.', '+') => Node::AnyPlus,
                    _ => Node::Other(false),
                };
            }
            parts.push(atom);
        }
        Some(concat(parts))
    }

    /// What follows `(`; inner `None` for flags alone.
    #[expect(clippy::option_option, reason = "flags alone and no pattern are two things")]
    fn group(&mut self, fold: &mut bool) -> Option<Option<Node>> {
        let mut inner = *fold;
        if self.eat("?P<") || self.eat("?<") {
            let end = self.rest.find('>')?;
            self.rest = self.rest.get(end + 1..)?;
        } else if self.eat("?") {
            let end = self.rest.find([':', ')'])?;
            let flags = self.rest.get(..end)?;
            let alone = self.rest.get(end..)?.starts_with(')');
            self.rest = self.rest.get(end + 1..)?;
            match flags {
                "" => {}
                "i" => inner = true,
                "-i" => inner = false,
                _ => return None,
            }
            if alone {
                *fold = inner;
                return Some(None);
            }
        }
        let (node, _) = self.alternation(inner)?;
        self.eat(")").then_some(Some(node))
    }

    fn class(&mut self) -> Option<()> {
        self.eat("^");
        self.eat("]");
        loop {
            match self.next()? {
                '\\' => {
                    self.next()?;
                }
                '[' if self.rest.starts_with(':') => {
                    let end = self.rest.find(":]")?;
                    self.rest = self.rest.get(end + 2..)?;
                }
                ']' => return Some(()),
                _ => {}
            }
        }
    }

    fn escape(&mut self, fold: bool) -> Option<Node> {
        let c = self.next()?;
        let text = match c {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => c,
            'd' | 'D' | 'w' | 'W' | 's' | 'S' => return Some(Node::Other(true)),
            'b' | 'B' | 'A' | 'z' => return Some(Node::Other(false)),
            _ => return None,
        };
        Some(Node::Literal { text: text.to_string(), fold })
    }
}

/// Parts in a row; neighbouring literals are one.
fn concat(parts: Vec<Node>) -> Node {
    let mut out: Vec<Node> = Vec::new();
    for part in parts {
        let list = match part {
            Node::Concat(list) => list,
            one => vec![one],
        };
        for part in list {
            match (out.last_mut(), part) {
                (Some(Node::Literal { text, fold }), Node::Literal { text: more, fold: also }) if *fold == also => {
                    text.push_str(&more);
                }
                (_, part) => out.push(part),
            }
        }
    }
    match out.len() {
        0 => Node::Empty,
        1 => out.remove(0),
        _ => Node::Concat(out),
    }
}

/// Alternatives, cut as Go cuts them: what neighbours begin with is taken out, single characters become a class.
fn alternate(parts: Vec<Node>) -> Node {
    let flat = parts.into_iter().flat_map(|part| match part {
        Node::Alternate(list) => list,
        one => vec![one],
    });
    let mut out: Vec<Node> = Vec::new();
    let mut run: Vec<Node> = Vec::new();
    let mut common = String::new();
    for part in flat {
        let shared = shared_prefix(&run, &common, &part);
        if !run.is_empty() && shared.is_empty() {
            out.push(factored(&mut run, &common));
            common.clear();
        }
        common = if run.is_empty() { leading(&part).map_or("", |(text, _)| text).to_owned() } else { shared };
        run.push(part);
    }
    if !run.is_empty() {
        out.push(factored(&mut run, &common));
    }
    let mut merged: Vec<Node> = Vec::new();
    for node in out {
        match (merged.last_mut(), node) {
            (Some(last), node) if is_character(last) && is_character(&node) => *last = Node::Other(true),
            (Some(Node::Empty), Node::Empty) => {}
            (_, node) => merged.push(node),
        }
    }
    if merged.len() == 1 { merged.remove(0) } else { Node::Alternate(merged) }
}

fn is_character(node: &Node) -> bool {
    match node {
        Node::Literal { text, .. } => text.chars().count() == 1,
        Node::Other(character) => *character,
        _ => false,
    }
}

/// The literal a part begins with.
fn leading(node: &Node) -> Option<(&str, bool)> {
    match node {
        Node::Literal { text, fold } => Some((text, *fold)),
        Node::Concat(all) => all.first().and_then(leading),
        _ => None,
    }
}

/// What `part` begins with in common with the run before it.
fn shared_prefix(run: &[Node], common: &str, part: &Node) -> String {
    let Some((first, part)) = run.first().and_then(leading).zip(leading(part)) else { return String::new() };
    if first.1 != part.1 {
        return String::new();
    }
    common.chars().zip(part.0.chars()).take_while(|(left, right)| left == right).map(|(left, _)| left).collect()
}

/// A run of alternatives with what they begin with in front.
fn factored(run: &mut Vec<Node>, common: &str) -> Node {
    let mut run = std::mem::take(run);
    if run.len() == 1 {
        return run.remove(0);
    }
    let fold = run.first().and_then(leading).is_some_and(|(_, fold)| fold);
    let tails = run.into_iter().map(|part| without(part, common.len())).collect();
    concat(vec![Node::Literal { text: common.to_owned(), fold }, alternate(tails)])
}

fn without(part: Node, length: usize) -> Node {
    match part {
        Node::Literal { text, fold } => match text.get(length..) {
            Some(rest) if !rest.is_empty() => Node::Literal { text: rest.to_owned(), fold },
            _ => Node::Empty,
        },
        Node::Concat(mut all) => {
            let first = without(all.remove(0), length);
            all.insert(0, first);
            concat(all.into_iter().filter(|node| *node != Node::Empty).collect())
        }
        other => other,
    }
}
