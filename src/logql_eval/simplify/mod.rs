//! The shortcuts Loki takes with regular expressions in filters, which change what they match.
//!
//! Knows: how Go cuts a pattern into literals and alternatives, and which of those Loki replaces by "contains" and
//! "equals": `=~"in.*"` in a label filter is a search, and an empty alternative is lost. Must not know: where a filter
//! stands.

mod node;

use node::Node;

/// What stands in the place of a regular expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shortcut {
    /// Holds of anything.
    Always,
    /// Holds of anything but the empty text.
    Filled,
    /// The text is this.
    Equals(Literal),
    /// The text contains this.
    Contains(Literal),
    /// One of them holds.
    Any(Vec<Shortcut>),
}

/// A text to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Literal {
    text: String,
    fold: bool,
}

impl Literal {
    fn new(text: &str, fold: bool) -> Self {
        Self { text: if fold { folded(text) } else { text.to_owned() }, fold }
    }
}

/// The text in small letters, but for those that are of another length then: Loki compares byte by byte.
fn folded(text: &str) -> String {
    let small = |c: char| c.to_lowercase().next().filter(|small| small.len_utf8() == c.len_utf8()).unwrap_or(c);
    text.chars().map(small).collect()
}

impl Shortcut {
    /// Whether it holds of `text`.
    pub(super) fn holds(&self, text: &str) -> bool {
        match self {
            Self::Always => true,
            Self::Filled => !text.is_empty(),
            Self::Equals(literal) if literal.fold => folded(text) == literal.text,
            Self::Equals(literal) => text == literal.text,
            Self::Contains(literal) if literal.fold => folded(text).contains(&literal.text),
            Self::Contains(literal) => text.contains(&literal.text),
            Self::Any(all) => all.iter().any(|one| one.holds(text)),
        }
    }

    /// Both, where either holds; what always holds is lost.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Always, other) | (other, Self::Always) => other,
            (Self::Any(mut all), other) => {
                all.push(other);
                Self::Any(all)
            }
            (one, other) => Self::Any(vec![one, other]),
        }
    }
}

/// What Loki puts in the place of `pattern`; `None` where it runs the pattern itself. `label`: whether it stands in a label
/// filter, where a plain text has to be the whole value.
pub(super) fn shortcut(pattern: &str, label: bool) -> Option<Shortcut> {
    of_node(&node::read(pattern)?, label)
}

fn of_node(node: &Node, label: bool) -> Option<Shortcut> {
    match node {
        Node::Literal { text, fold } if label => Some(Shortcut::Equals(Literal::new(text, *fold))),
        Node::Literal { text, fold } => Some(Shortcut::Contains(Literal::new(text, *fold))),
        Node::Empty | Node::AnyStar => Some(Shortcut::Always),
        Node::AnyPlus => Some(Shortcut::Filled),
        Node::Alternate(all) => {
            let mut parts = all.iter().map(|one| of_node(one, label));
            let first = parts.next()??;
            parts.try_fold(first, |left, right| Some(left.or(right?)))
        }
        Node::Concat(all) => of_concat(all, None),
        Node::Other(_) => None,
    }
}

/// One literal between things that match anything, perhaps with alternatives behind it.
fn of_concat(all: &[Node], base: Option<&Literal>) -> Option<Shortcut> {
    let all: Vec<&Node> = all.iter().filter(|node| **node != Node::Empty).collect();
    if all.len() > 3 {
        return None;
    }
    let mut base = base.cloned();
    let mut found: Option<Shortcut> = None;
    let mut literals = 0;
    for node in all {
        match node {
            Node::Literal { text, fold } => {
                if literals > 0 {
                    return None;
                }
                literals += 1;
                let before = base.map_or_else(String::new, |base| base.text);
                base = Some(Literal::new(&format!("{before}{text}"), *fold));
            }
            Node::Alternate(list) if base.is_some() => {
                for one in list {
                    let next = behind(one, base.as_ref()?)?;
                    found = Some(match found {
                        Some(found) => found.or(next),
                        None => next,
                    });
                }
            }
            Node::AnyStar => {}
            _ => return None,
        }
    }
    found.or_else(|| base.map(Shortcut::Contains))
}

/// An alternative behind a literal.
fn behind(node: &Node, base: &Literal) -> Option<Shortcut> {
    match node {
        Node::Empty | Node::AnyStar => Some(Shortcut::Contains(base.clone())),
        Node::Literal { text, fold } => Some(Shortcut::Contains(Literal::new(&format!("{}{text}", base.text), *fold))),
        Node::Concat(all) => of_concat(all, Some(base)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(pattern: &str, text: &str) -> Option<bool> {
        shortcut(pattern, true).map(|shortcut| shortcut.holds(text))
    }

    #[test]
    fn a_word_with_anything_behind_is_searched() {
        assert_eq!(holds("in.*", "main"), Some(true));
        assert_eq!(holds("warn|in.*", "main"), Some(true));
        assert_eq!(holds("warn|in.*", "xwarn"), Some(false));
        assert_eq!(holds("angelia|athena-web", "old-angelia"), Some(true));
    }

    #[test]
    fn an_empty_alternative_is_lost() {
        assert_eq!(holds("warn|", ""), Some(false));
        assert_eq!(holds(".*", ""), Some(true));
    }

    #[test]
    fn what_has_no_shortcut_is_run() {
        for pattern in ["^in.*", "in.+", "i.*o", "[bq].*", "2..", "a|b", "a{2}"] {
            assert_eq!(shortcut(pattern, true), None, "{pattern}");
        }
    }
}
