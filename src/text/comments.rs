//! Which comments go with a node: the one answer for Compose files, host variables and Alloy configurations.
//!
//! Knows: lines, what a comment looks like, words that name what goes. Must not know: any format, or why something goes.
//!
//! The rule, for the comment lines directly above a node, at its indentation:
//!
//! * A comment that names what goes, and nothing else, is the node's own and goes with it, unless the next node is named by
//!   it, too.
//! * Where all that stands beside the node is of another kind (the keys of one service), so is any other comment, unless
//!   it is set as a title or speaks of the next key.
//! * Any other comment is a heading of all that stands below it: the nodes up to the next heading, and behind a blank line
//!   those of the same kind. It goes with the last of them, so the end does not depend on the order in which they go.
//!   A node that is commented out stays.
//! * What a file begins with describes the file and stays, and so does what a blank line separates from the node.

use super::Span;
use super::lines::{indent_of, is_blank, line_before, next_line, trim};

/// How a comment is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `# …`, and Jinja's `{# … #}`.
    Hash,
    /// `// …` and `/* … */`, and Jinja's.
    Slashes,
    /// There are none (JSON).
    None,
}

/// What goes, as its comments may call it.
#[derive(Clone, Debug)]
pub struct Owner {
    style: Style,
    own: Vec<String>,
    /// Names that call it where all of them stand together: the containers of a service.
    together: Vec<String>,
    others: Vec<String>,
    going: Vec<Span>,
    unlike: bool,
}

/// Whom a comment names.
#[derive(Clone, Copy, Debug, Default)]
struct Named {
    own: bool,
    other: bool,
}

/// A node that stays below another.
struct Below {
    /// Its first line.
    line: Span,
}

impl Style {
    fn line(self) -> &'static str {
        match self {
            Self::Hash => "#",
            Self::Slashes => "//",
            Self::None => "\0",
        }
    }

    fn blocks(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Hash => &[("{#", "#}")],
            Self::Slashes => &[("/*", "*/"), ("{#", "#}")],
            Self::None => &[],
        }
    }

    /// Whether a line, or the rest of one, without the blanks around it, is a comment from end to end.
    pub(super) fn is_comment(self, line: &str) -> bool {
        let whole = |(open, close): &(&str, &str)| {
            line.strip_prefix(open)
                .and_then(|rest| rest.find(close))
                .is_some_and(|at| open.len() + at + 2 == line.len())
        };
        line.starts_with(self.line()) || self.blocks().iter().any(whole)
    }
}

impl Owner {
    /// Something without a name, in a file whose comments look like this.
    pub fn new(style: Style) -> Self {
        Self { style, own: Vec::new(), together: Vec::new(), others: Vec::new(), going: Vec::new(), unlike: false }
    }

    /// The same, called by any of these names.
    #[must_use]
    pub fn called<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.own.extend(names.into_iter().map(plain).filter(|name| !name.is_empty()));
        self
    }

    /// The same, called by all of these names together, where they are several.
    #[must_use]
    pub fn called_together(mut self, names: &[String]) -> Self {
        self.together = names.iter().map(|name| plain(name)).filter(|_| names.len() > 1).collect();
        self
    }

    /// The same, beside others with these names.
    #[must_use]
    pub fn beside<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        let Self { own, others, .. } = &mut self;
        others.extend(names.into_iter().map(plain).filter(|name| !name.is_empty() && !own.contains(name)));
        self
    }

    /// The same, together with the nodes that begin here.
    #[must_use]
    pub fn with(mut self, going: &[Span]) -> Self {
        self.going = going.to_vec();
        self
    }

    /// The same, where what stands beside it is of another kind, as the keys of one mapping are: a comment is about the one
    /// below it there, unless it is set as a title.
    #[must_use]
    pub fn unlike_others(mut self) -> Self {
        self.unlike = true;
        self
    }

    pub(super) fn style(&self) -> Style {
        self.style
    }

    fn named(&self, comment: &str) -> Named {
        let comment = plain(comment);
        let words: Vec<&str> = comment.split(is_apart).collect();
        let longest = |names: &[String], word: &str| {
            let calls = |name: &&String| {
                word.strip_prefix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            };
            names.iter().filter(calls).map(String::len).max()
        };
        let mut named = Named::default();
        for word in words.iter().map(|word| word.trim_matches('-')) {
            let (own, other) = (longest(&self.own, word), longest(&self.others, word));
            named.own |= own.is_some() && own >= other;
            named.other |= other > own;
        }
        let all = self.together.iter().all(|name| words.contains(&name.as_str()));
        named.own |= all && !self.together.is_empty();
        named
    }

    /// The lines of `node`, which are whole, with the comments above that are its own. Where a heading stays, it stays
    /// directly above what is left of its group.
    pub(super) fn extent(&self, text: &str, node: Span) -> Span {
        let mut units: Vec<Span> = Vec::new();
        let mut top = node.start();
        while let Some(above) = self.comment_above(text, top, node.start()) {
            units.push(Span::new(above, top));
            top = above;
        }
        if units.is_empty() || heads_file(&text[..top]) {
            return node;
        }
        let below = self.below(text, node);
        let is_shared = |units: &[Span]| below.as_ref().is_some_and(|below| self.speaks_of(text, units, below));
        let is_bare = |unit: &&Span| {
            let comment = unit.of(text);
            !(is_code(self.style, comment) || self.unlike && is_title(comment))
        };
        let bare = units.iter().take_while(is_bare).count();
        let named = self.own_by_name(text, &units);
        let own = match &below {
            Some(_) if !self.unlike => named,
            _ => named.max(bare),
        };
        let own = if is_shared(&units[..own]) { 0 } else { own };
        let start = own.checked_sub(1).map_or(node.start(), |last| units[last].start());
        let mut end = node.end();
        while below.is_some() && own < units.len() && is_blank(&text[end..next_line(text, end)]) {
            end = next_line(text, end);
        }
        Span::new(start, end)
    }

    /// How many of the comments above a node, from the last one up, are its own whatever stays below.
    fn own_by_name(&self, text: &str, units: &[Span]) -> usize {
        let is_own = |unit: &Span| {
            let named = self.named(unit.of(text));
            named.own && !named.other
        };
        let Some(last) = units.iter().rposition(is_own) else { return 0 };
        // The line above a title that is set in lines.
        let is_rule = |unit: &Span| !unit.of(text).contains(char::is_alphanumeric);
        if last + 2 == units.len() && is_rule(&units[last + 1]) { units.len() } else { last + 1 }
    }

    /// Whether comments that name what goes are about the pair of a mapping that stays below, too.
    fn speaks_of(&self, text: &str, units: &[Span], below: &Below) -> bool {
        let Some(key) = key(below.line.of(text)).strip_suffix(':').map(plain) else { return false };
        let said = |unit: &Span| plain(unit.of(text)).split(is_apart).any(|word| word == key);
        self.named(&key).own || units.iter().any(said)
    }

    /// Start of the comment that ends where the line at `at` begins, at the indentation of the line at `node`.
    fn comment_above(&self, text: &str, at: usize, node: usize) -> Option<usize> {
        let mut start = line_before(text, at)?;
        let last = trim(&text[start..at]);
        if !self.style.is_comment(last) {
            let (open, close) = self.style.blocks().iter().find(|(_, close)| last.ends_with(close))?;
            loop {
                let end = start;
                start = line_before(text, end)?;
                let line = trim(&text[start..end]);
                if line.contains(close) {
                    return None;
                }
                if line.starts_with(open) {
                    break;
                }
            }
        }
        (indent_of(&text[start..]) == indent_of(&text[node..])).then_some(start)
    }

    /// Start of the line behind the comment that begins in the line at `at`.
    fn comment_below(&self, text: &str, at: usize) -> Option<usize> {
        let line = trim(&text[at..next_line(text, at)]);
        if self.style.is_comment(line) {
            return Some(next_line(text, at));
        }
        let (_, close) = self.style.blocks().iter().find(|(open, _)| line.starts_with(open))?;
        let end = at + text[at..].find(close)? + close.len();
        let next = next_line(text, end);
        is_blank(&text[end..next]).then_some(next)
    }

    /// What stays below a node, as far as a comment above it may be about it.
    fn below(&self, text: &str, node: Span) -> Option<Below> {
        let kind = key(&text[node.start()..]);
        let indent = indent_of(&text[node.start()..]).len();
        let (mut at, mut apart, mut names_one) = (node.end(), false, false);
        while at < text.len() {
            let next = next_line(text, at);
            let line = &text[at..next];
            if let Some(gone) = self.going.iter().find(|span| (at..next).contains(&span.start())) {
                at = next.max(next_line(text, gone.end().saturating_sub(1)));
                names_one = false;
            } else if is_blank(line) {
                (at, apart, names_one) = (next, true, false);
            } else if let Some(behind) = self.comment_below(text, at) {
                // A comment on one of them is no heading.
                let named = self.named(&text[at..behind]);
                names_one |= named.own != named.other;
                if !names_one {
                    return None;
                }
                at = behind;
            } else {
                let ends = indent_of(line).len() < indent || trim(line).starts_with(['}', ']', ')']);
                let statement = trim(line).starts_with("{%");
                let other = apart && !same_kind(kind, key(line));
                return (!ends && !statement && !other).then_some(Below { line: Span::new(at, next) });
            }
        }
        None
    }
}

/// A text in small letters, with `-` for `_`.
fn plain(text: &str) -> String {
    text.to_lowercase().replace('_', "-")
}

/// Whether a character of a plain text stands between words.
fn is_apart(c: char) -> bool {
    !c.is_alphanumeric() && c != '-'
}

/// Whether a comment is set as a title: `# --- ports ---`.
fn is_title(comment: &str) -> bool {
    ["---", "===", "***", "~~~", "###", "///", "___"].into_iter().any(|line| comment.contains(line))
}

/// The first word of a line, with the colon behind it.
fn key(line: &str) -> &str {
    let line = line.trim_start_matches([' ', '\t', '-']);
    let end = line.find([' ', '\t', '\r', '\n']).unwrap_or(line.len());
    &line[..end]
}

/// Whether two keys are of one kind: the same, or called alike but for whose they are.
fn same_kind(one: &str, two: &str) -> bool {
    let tail = |key: &str| key.rfind('_').map(|at| key[at..].to_owned());
    one == two || tail(one).is_some_and(|one| tail(two) == Some(one))
}

/// Whether nothing stands before the first comment of a file but what every file of its kind begins with.
fn heads_file(before: &str) -> bool {
    let opens = |line: &str| {
        let line = line.trim_start_matches('\u{feff}').trim();
        line.is_empty() || line == "---" || line.starts_with('%') || line.starts_with("{{") && line.ends_with("}}")
    };
    before.lines().all(opens)
}

/// Whether a comment is a node, or one line of one, that somebody switched off. Doubtful cases count as one, since a
/// comment too many is better than one too few.
fn is_code(style: Style, comment: &str) -> bool {
    let inside = trim(comment).trim_start_matches(['#', '/', '*', '{', ' ']).trim_end_matches(['#', '/', '*', ' ']);
    let inside = inside.strip_suffix("#}").unwrap_or(inside).trim();
    let name = key(inside).strip_suffix(':').filter(|name| !name.is_empty() && !name.contains(char::is_uppercase));
    let is_pair = style == Style::Hash && name.is_some();
    let opens = inside.ends_with(['{', '[', '(']) || inside.starts_with(['}', ']', ')']);
    style != Style::None && (is_pair || opens || inside.contains(" = "))
}

#[cfg(test)]
mod tests;
