//! Patterns of `| pattern` and `|>`: texts with captures between them.
//!
//! Knows: what such a pattern takes of a line. Must not know: labels.

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// A text that stands there.
    Text(String),
    /// `<name>`; `<_>` has none.
    Capture(Option<String>),
}

/// A pattern that was read.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Vec<Part>);

impl Pattern {
    /// Reads a pattern. `<` that begins no name stands for itself.
    pub(super) fn read(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let name = capture(rest);
            if let Some(name) = name {
                if !plain.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                parts.push(Part::Capture((name != "_").then(|| name.to_owned())));
                rest = rest.get(name.len() + 2..).unwrap_or("");
            } else {
                plain.push(c);
                rest = rest.get(c.len_utf8()..).unwrap_or("");
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Self(parts)
    }

    /// Its parts, in order.
    pub(super) fn parts(self) -> Vec<Part> {
        self.0
    }

    /// Whether a capture has a name: `|>` takes none that has.
    pub(super) fn has_names(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Capture(Some(_))))
    }

    /// Whether two captures stand side by side: nothing tells where the first ends.
    pub(super) fn has_neighbours(&self) -> bool {
        self.0.windows(2).any(|pair| matches!(pair, [Part::Capture(_), Part::Capture(_)]))
    }

    /// What the named captures take of `line`, in order. Where a text is not found the capture before it takes the rest.
    pub(super) fn captures<'p, 'l>(&'p self, line: &'l str) -> Vec<(&'p str, &'l str)> {
        let mut found = Vec::new();
        let mut parts = self.0.as_slice();
        let mut rest = line;
        if line.is_empty() {
            return found;
        }
        if let [Part::Text(text), tail @ ..] = parts {
            let Some(behind) = rest.strip_prefix(text.as_str()) else { return found };
            (rest, parts) = (behind, tail);
        }
        while let [Part::Capture(name), tail @ ..] = parts {
            let end = match tail {
                [Part::Text(text), ..] => rest.find(text.as_str()).map(|at| (at, at + text.len())),
                _ => None,
            };
            let taken = rest.get(..end.map_or(rest.len(), |(at, _)| at)).unwrap_or("");
            found.extend(name.as_deref().map(|name| (name, taken)));
            let Some((_, behind)) = end else { break };
            rest = rest.get(behind..).unwrap_or("");
            parts = tail.get(1..).unwrap_or(&[]);
        }
        found
    }

    /// Whether `|>` finds the line: its texts in order, and something left for a capture at the end.
    pub(super) fn finds(&self, line: &str) -> bool {
        let Some(last) = self.0.last() else { return line.is_empty() };
        if line.is_empty() {
            return false;
        }
        let mut at = 0;
        for part in &self.0 {
            let Part::Text(text) = part else { continue };
            let Some(found) = line.get(at..).and_then(|rest| rest.find(text.as_str())) else { return false };
            at += found + text.len();
        }
        matches!(last, Part::Capture(_)) == (at != line.len())
    }
}

/// The name of the capture `text` begins with.
fn capture(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('<')?;
    let name = inner.get(..inner.find('>')?)?;
    let first = name.chars().next()?;
    let word = |c: char| c == '_' || c.is_ascii_alphanumeric();
    (!first.is_ascii_digit() && name.chars().all(word)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captures_take_what_lies_between_texts() {
        let pattern = Pattern::read("<ip> - <_> [<day>] <rest>");
        assert_eq!(pattern.captures("1.2 - x [mon] y z"), [("ip", "1.2"), ("day", "mon"), ("rest", "y z")]);
        assert_eq!(pattern.captures("1.2 x"), [("ip", "1.2 x")]);
        assert!(!pattern.has_neighbours());
    }

    #[test]
    fn a_line_is_found_by_its_texts() {
        assert!(Pattern::read("Error: <_>").finds("Error: x"));
        assert!(!Pattern::read("Error: <_>").finds("Error: "));
        assert!(Pattern::read("Error: <_>").finds("an Error: x"));
        assert!(Pattern::read("<_>GET").finds("a GET"));
        assert!(!Pattern::read("<_>GET").finds("a GET b"));
    }
}
