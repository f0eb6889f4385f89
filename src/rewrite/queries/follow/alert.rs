//! Texts of alert rules: where a template reads a label of the alert or of one of its queries.
//!
//! Knows: `$labels`, `$values.A.Labels`, `.Labels`, blocks that change what the dot is, comparisons with a literal.
//! Must not know: where the labels come from.

use std::rc::Rc;

use super::{MOST_PLACES, Rename, rendered, swallowed};
use crate::syntax::go_template::{self, Field, FieldKind, Tag, Word};
use crate::text::{Span, View};

/// Words one action may have. Each place that reads a label keeps the literals beside it, so that more words would cost
/// their square; who writes a template by hand stays far below.
const MOST_WORDS: usize = 200;

/// Whose labels a place reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rewrite::queries) enum Whose {
    /// Of the alert.
    Alert,
    /// Of this part of the rule.
    Part(String),
    /// It cannot be told.
    Unknown,
}

/// A place that reads a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rewrite::queries) struct Read {
    /// The name of the label alone.
    pub(in crate::rewrite::queries) span: Span,
    /// Which label.
    pub(in crate::rewrite::queries) label: String,
    pub(in crate::rewrite::queries) whose: Whose,
    /// The whole action.
    pub(in crate::rewrite::queries) action: Span,
    /// The whole action, when it does nothing but print the label, and the words that read it.
    pub(in crate::rewrite::queries) alone: Option<(Span, Span)>,
    /// Literals the label is compared with, without quotes.
    pub(in crate::rewrite::queries) compared: Vec<Span>,
    /// Other literals of the action.
    pub(in crate::rewrite::queries) beside: Vec<Span>,
}

/// What the dot is at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Dot {
    /// What the template is given.
    Given,
    /// A map of labels.
    Labels(Whose),
    /// Something else.
    Other,
}

/// Every place of `view` that reads a label one of `renames` is about; the first, as one that cannot be told, where there are
/// too many.
pub(in crate::rewrite::queries) fn in_alert(view: &View, renames: &[Rename]) -> Vec<Read> {
    let text = rendered(view);
    let mut found = all(view, &text, renames);
    if found.len() > MOST_PLACES {
        found = vec![unsure(found[0].span, &text)];
    }
    found
}

fn all(view: &View, text: &str, renames: &[Rename]) -> Vec<Read> {
    let named = |name: &str| renames.iter().any(|rename| rename.old == name);
    if !renames.iter().any(|rename| text.contains(rename.old)) {
        return swallowed(view, renames).into_iter().map(|one| unsure(one.span, text)).collect();
    }
    let (Ok(fields), Ok(tags)) = (go_template::fields(text), go_template::actions(text)) else {
        return unreadable(text, renames);
    };
    let opaque = view.opaque();
    if tags.iter().any(|tag| tag.words.len() > MOST_WORDS) {
        return unreadable(text, renames);
    }
    let mut scan = Scan { text, opaque: &opaque, blocks: vec![Rc::new(Dot::Given)], ranges: false };
    let mut found: Vec<Read> = Vec::new();
    let mut fields = fields.iter().peekable();
    for tag in &tags {
        let first = found.len();
        scan.enter(tag);
        while let Some(field) = fields.next_if(|field| field.span.end() <= tag.span.end()) {
            if named(&field.name) {
                found.extend(scan.read(tag, field));
            }
        }
        let reads: Vec<Span> = found[first..].iter().map(|one| one.span).collect();
        let literal =
            |word: &&Word| word.text && scan.ranges && named(word.inner().of(text)) && !reads.contains(&word.inner());
        found.extend(tag.words.iter().filter(literal).map(|word| unsure(word.inner(), text)));
    }
    found.extend(swallowed(view, renames).into_iter().map(|one| unsure(one.span, text)));
    found.sort_by_key(|read| read.span);
    found
}

fn unsure(span: Span, text: &str) -> Read {
    let label = span.of(text).to_owned();
    Read { span, label, whose: Whose::Unknown, action: span, alone: None, compared: Vec::new(), beside: Vec::new() }
}

/// A text that is no template as a whole: what looks like a label of an alert.
fn unreadable(text: &str, renames: &[Rename]) -> Vec<Read> {
    let mut found = Vec::new();
    for rename in renames {
        for (at, _) in text.match_indices(&format!("abels.{}", rename.old)) {
            let start = at + "abels.".len();
            found.push(unsure(Span::new(start, start + rename.old.len()), text));
        }
    }
    found
}

struct Scan<'t> {
    text: &'t str,
    /// Tags of the template the text stands in.
    opaque: &'t [Span],
    /// What the dot is outside of all blocks, then inside each that is open, the innermost last.
    blocks: Vec<Rc<Dot>>,
    /// Whether a block goes over all labels, name by name.
    ranges: bool,
}

impl Scan<'_> {
    fn enter(&mut self, tag: &Tag) {
        let word = |at: usize| tag.words.get(at).map_or("", |word| word.span.of(self.text));
        let dot = match word(0) {
            "if" | "define" | "block" => self.inside(),
            "with" => match tag.words.as_slice() {
                [_, one] => Rc::new(map_of(one.span.of(self.text)).map_or(Dot::Other, Dot::Labels)),
                _ => Rc::new(Dot::Other),
            },
            "range" => {
                let over = tag.words.last().map_or("", |word| word.span.of(self.text));
                self.ranges |= map_of(over).is_some();
                Rc::new(Dot::Other)
            }
            "else" => {
                if self.blocks.len() > 1 {
                    self.blocks.pop();
                    self.blocks.push(self.inside());
                }
                return;
            }
            "end" => {
                if self.blocks.len() > 1 {
                    self.blocks.pop();
                }
                return;
            }
            _ => return,
        };
        // What stands in the tag itself is read outside of the block: see `dot`.
        self.blocks.push(dot);
    }

    /// What the dot is in the innermost block.
    fn inside(&self) -> Rc<Dot> {
        self.blocks.last().map_or_else(|| Rc::new(Dot::Given), Rc::clone)
    }

    /// What the dot is at `tag`.
    fn dot(&self, tag: &Tag) -> &Dot {
        let opens = tag.words.first().is_some_and(|word| matches!(word.span.of(self.text), "if" | "with" | "range"));
        let around = self.blocks.len().checked_sub(1 + usize::from(opens));
        around.and_then(|at| self.blocks.get(at)).map_or(&Dot::Given, |dot| dot)
    }

    fn read(&self, tag: &Tag, field: &Field) -> Option<Read> {
        let at = tag.words.iter().position(|word| word.span.contains(field.span))?;
        let mut first = match field.kind {
            FieldKind::LabelsIndex | FieldKind::Index => at.checked_sub(2)?,
            _ => at,
        };
        // `$$labels`, as a file writes it that Grafana takes variables of the environment from.
        let dollar = |at: &usize| tag.words[*at].span.of(self.text) == "$";
        first = first
            .checked_sub(1)
            .filter(|at| dollar(at) && first == *at + 1 && field.kind == FieldKind::Labels)
            .unwrap_or(first);
        let whose = match field.kind {
            FieldKind::Labels => self.whose(tag, at, Span::new(tag.words[at].span.start(), field.span.start() - 1))?,
            FieldKind::LabelsIndex => self.whose(tag, at - 1, tag.words[at - 1].span)?,
            FieldKind::Dot | FieldKind::Index => match self.dot(tag) {
                Dot::Labels(whose) => whose.clone(),
                Dot::Given | Dot::Other => return None,
            },
            FieldKind::Legend => return None,
        };
        let words = Span::new(tag.words[first].span.start(), tag.words[at].span.end());
        let whole = self.around(tag.span);
        let alone = (tag.words.len() == at - first + 1).then_some((whole, words));
        let (compared, beside) = self.literals(tag, first, at);
        let label = field.name.clone();
        Some(Read { span: field.span, label, whose, action: whole, alone, compared, beside })
    }

    /// An action with all of the tags that print its braces.
    fn around(&self, action: Span) -> Span {
        let tag = |at: usize| {
            let next = self.opaque.partition_point(|tag| tag.end() <= at);
            self.opaque.get(next).filter(|tag| tag.covers(at))
        };
        let start = tag(action.start()).map_or(action.start(), |tag| tag.start());
        Span::new(start, tag(action.end() - 1).map_or(action.end(), |tag| tag.end()))
    }

    /// Whose labels the chain `span`, the word at `at` or a part of it, is.
    fn whose(&self, tag: &Tag, at: usize, span: Span) -> Option<Whose> {
        let chain = span.of(self.text);
        if chain.ends_with("CommonLabels") || chain.ends_with("GroupLabels") {
            return None;
        }
        if let Some(part) = chain.strip_prefix("$values.").and_then(|rest| rest.strip_suffix(".Labels")) {
            return Some(Whose::Part(part.to_owned()));
        }
        if chain == "$labels" {
            return Some(Whose::Alert);
        }
        if chain != ".Labels" {
            return Some(Whose::Unknown);
        }
        // `.Labels` behind `(index $values "A")`, else of the dot.
        let before: Vec<&str> =
            tag.words[at.saturating_sub(5)..at].iter().map(|word| word.inner().of(self.text)).collect();
        if before.last() == Some(&")") && tag.words[at - 1].span.end() == span.start() {
            return Some(match before.as_slice() {
                ["(", "index", "$values", part, ")"] => Whose::Part((*part).to_owned()),
                _ => Whose::Unknown,
            });
        }
        Some(if *self.dot(tag) == Dot::Given { Whose::Alert } else { Whose::Unknown })
    }

    /// Literals of an action: those the words `first..=last` are compared with, and the others.
    fn literals(&self, tag: &Tag, first: usize, last: usize) -> (Vec<Span>, Vec<Span>) {
        let word = |at: usize| tag.words[at].span.of(self.text);
        // The innermost parenthesis around each word.
        let mut open = Vec::new();
        let mut groups = Vec::new();
        for at in 0..tag.words.len() {
            if !tag.words[at].text && word(at) == ")" {
                open.pop();
            }
            groups.push(open.last().copied());
            if !tag.words[at].text && word(at) == "(" {
                open.push(at);
            }
        }
        let mut group = groups[first];
        // `(index $labels "job")` is one operand of what stands around it.
        if let Some(open) = group.filter(|open| last > first && open + 1 == first) {
            group = groups[open];
        }
        let inside = |at: usize| groups[at] == group;
        let compares = (0..tag.words.len()).any(|at| inside(at) && matches!(word(at), "eq" | "ne"));
        let mut sides = (Vec::new(), Vec::new());
        for at in (0..tag.words.len()).filter(|at| tag.words[*at].text && !(first..=last).contains(at)) {
            let side = if compares && inside(at) { &mut sides.0 } else { &mut sides.1 };
            side.push(tag.words[at].inner());
        }
        sides
    }
}

/// Whose labels a word is that stands for a whole map of them.
fn map_of(word: &str) -> Option<Whose> {
    match word {
        "$labels" | ".Labels" => Some(Whose::Alert),
        _ => {
            let part = word.strip_prefix("$values.")?.strip_suffix(".Labels")?;
            Some(Whose::Part(part.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests;
