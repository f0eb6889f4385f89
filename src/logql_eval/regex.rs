//! Go's regular expressions, run by the `regex` crate.
//!
//! Knows: where the two differ: classes such as `\d` are ASCII for Go, `{` can stand for itself, `\Q…\E` quotes. Must not know:
//! where a pattern stands.

use std::fmt::Write as _;
use std::sync::Arc;

use super::answer::Failure;
use crate::patterns;

/// The pattern compiled as Go means it.
///
/// # Errors
/// One that Go does not take, or that is too large.
pub(super) fn compiled(pattern: &str) -> Result<Arc<::regex::Regex>, Failure> {
    patterns::compiled(&translated(pattern))
        .ok_or_else(|| Failure::Parse(format!("invalid regular expression {pattern}")))
}

/// The pattern compiled so that it has to match the whole of a text; the dot takes line breaks, as in selectors.
///
/// # Errors
/// As for [`compiled`].
pub(super) fn whole(pattern: &str) -> Result<Arc<::regex::Regex>, Failure> {
    compiled(&format!("^(?s:{pattern})$"))
}

/// The same pattern for the `regex` crate.
fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    let mut class = false;
    while let Some(c) = rest.chars().next() {
        let mut taken = c.len_utf8();
        match c {
            '\\' => taken += escape(&mut out, rest.get(1..).unwrap_or(""), class),
            '[' if !class => {
                class = true;
                out.push('[');
                let tail = rest.get(1..).unwrap_or("");
                let negated = usize::from(tail.starts_with('^'));
                out.push_str(tail.get(..negated).unwrap_or(""));
                let bracket = tail.get(negated..).is_some_and(|tail| tail.starts_with(']'));
                out.push_str(if bracket { "\\]" } else { "" });
                taken += negated + usize::from(bracket);
            }
            '[' if rest.starts_with("[:") && rest.contains(":]") => {
                let end = rest.find(":]").map_or(rest.len(), |at| at + 2);
                out.push_str(rest.get(..end).unwrap_or(""));
                taken = end;
            }
            '[' | '&' | '~' if class => {
                out.push('\\');
                out.push(c);
            }
            ']' if class => {
                class = false;
                out.push(']');
            }
            '{' if !class && !is_count(rest) => out.push_str("\\{"),
            '}' if !class && !closes_count(&out) => out.push_str("\\}"),
            '$' if !class => out.push('$'),
            _ => out.push(c),
        }
        rest = rest.get(taken..).unwrap_or("");
    }
    out
}

/// Whether `text` begins with `{n}`, `{n,}` or `{n,m}`.
fn is_count(text: &str) -> bool {
    let Some(end) = text.find('}') else { return false };
    let inner = text.get(1..end).unwrap_or("");
    let (first, second) = inner.split_once(',').unwrap_or((inner, "0"));
    let number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    !first.is_empty() && number(first) && number(second)
}

fn closes_count(out: &str) -> bool {
    let open = out.rfind('{');
    open.is_some_and(|at| !out.get(..at).unwrap_or("").ends_with('\\') && !out.get(at..).unwrap_or("").contains('}'))
        || out.rfind("\\x{").or_else(|| out.rfind("\\p{")).is_some_and(|at| !out.get(at..).unwrap_or("").contains('}'))
}

/// What follows a backslash; how many bytes of it were taken.
fn escape(out: &mut String, rest: &str, class: bool) -> usize {
    let Some(c) = rest.chars().next() else {
        out.push('\\');
        return 0;
    };
    let ascii = match c {
        'd' => Some(("[0-9]", "0-9")),
        'w' => Some(("[0-9A-Za-z_]", "0-9A-Za-z_")),
        's' => Some(("[\\t\\n\\x0c\\r ]", "\\t\\n\\x0c\\r ")),
        'D' => Some(("[^0-9]", "[^0-9]")),
        'W' => Some(("[^0-9A-Za-z_]", "[^0-9A-Za-z_]")),
        'S' => Some(("[^\\t\\n\\x0c\\r ]", "[^\\t\\n\\x0c\\r ]")),
        'b' => Some(("(?-u:\\b)", "\\b")),
        'B' => Some(("(?-u:\\B)", "\\B")),
        _ => None,
    };
    if let Some((outside, inside)) = ascii {
        out.push_str(if class { inside } else { outside });
        return 1;
    }
    if c == 'Q' && !class {
        let quoted = rest.get(1..).unwrap_or("");
        let end = quoted.find("\\E").unwrap_or(quoted.len());
        out.push_str(&::regex::escape(quoted.get(..end).unwrap_or("")));
        return 1 + (end + 2).min(quoted.len());
    }
    if matches!(c, 'p' | 'P' | 'x') && rest.get(1..).is_some_and(|tail| tail.starts_with('{')) {
        let end = rest.find('}').map_or(rest.len(), |at| at + 1);
        out.push('\\');
        out.push_str(rest.get(..end).unwrap_or(""));
        return end;
    }
    if c.is_ascii_digit() {
        let digits = rest.bytes().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count().max(1);
        let value = u32::from_str_radix(rest.get(..digits).unwrap_or("0"), 8).unwrap_or(0);
        let _ = write!(out, "\\x{{{value:x}}}");
        return digits;
    }
    out.push('\\');
    out.push(c);
    c.len_utf8()
}

/// `$1`, `${name}` in a replacement, as Go writes them out: `$1x` is the group called `1x`.
pub(super) fn expand(template: &str, found: &::regex::Captures<'_>) -> String {
    let mut out = String::new();
    found.expand(template, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_go_means() {
        let takes = |pattern: &str, text: &str| compiled(pattern).unwrap().is_match(text);
        assert!(!takes(r"^\d$", "٣"));
        assert!(takes(r"^[\d]$", "3"));
        assert!(takes(r"^a{b$", "a{b"));
        assert!(takes(r"^\Qa.b\E$", "a.b"));
        assert!(!takes(r"^\Qa.b\E$", "axb"));
        assert!(takes(r"^[[:alpha:]]+$", "ab"));
        assert!(takes(r"^[]a]$", "]"));
        assert!(takes("x{2}", "xx"));
        assert!(takes(r"\x{1F600}", "\u{1F600}"));
        assert!(compiled("(").is_err());
        assert!(whole("x.y").unwrap().is_match("x\ny"));
    }
}
