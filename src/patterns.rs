//! Regular expressions, each compiled once for a thread: the same few stand in front of thousands of streams and queries.
//!
//! Knows: that compiling costs a thousand times what a match does. Must not know: where a pattern comes from, or what it
//! has to mean.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};
use regex_syntax::ast::{Ast, parse::Parser};

/// Most branches a pattern is taken apart into.
const BRANCHES: usize = 64;

/// Most patterns that are kept; a repository has a few hundred.
const MOST: usize = 4096;
/// Bytes that a usual pattern takes when it is compiled, a large one, and that any may take.
const SIZES: [usize; 3] = [1 << 16, 1 << 19, 1 << 22];
/// A value that nothing has: a pattern that fits it fits anything.
pub const NOBODY: &str = "\u{1}";

/// Bytes that all patterns that are kept may take.
const ALL: usize = 1 << 26;

thread_local! {
    static KEPT: RefCell<Kept> = RefCell::default();
}

#[derive(Default)]
struct Kept {
    patterns: HashMap<String, Option<Arc<Regex>>>,
    /// What they take at most.
    bytes: usize,
}

/// A text as a pattern that fits it alone. A dash means itself outside a class, so it stays as people write it.
pub fn escaped(text: &str) -> String {
    regex::escape(text).replace("\\-", "-")
}

/// The compiled pattern, as written; `None` when it is none, or too large.
pub fn compiled(pattern: &str) -> Option<Arc<Regex>> {
    KEPT.with_borrow_mut(|kept| {
        if let Some(found) = kept.patterns.get(pattern) {
            return found.clone();
        }
        let (regex, bytes) = built(pattern);
        if kept.patterns.len() >= MOST || kept.bytes + bytes > ALL {
            *kept = Kept::default();
        }
        kept.bytes += bytes;
        kept.patterns.insert(pattern.to_owned(), regex.clone());
        regex
    })
}

/// The pattern, if it is one, and what it takes in memory at most.
fn built(pattern: &str) -> (Option<Arc<Regex>>, usize) {
    let sized = |size| RegexBuilder::new(pattern).size_limit(size).dfa_size_limit(size).build().ok();
    let made = SIZES.into_iter().find_map(|size| Some((Arc::new(sized(size)?), size)));
    let bytes = pattern.len() + made.as_ref().map_or(0, |(_, size)| *size);
    (made.map(|(regex, _)| regex), bytes)
}

/// Whether all of these patterns can be kept at once, so that each is compiled only once however often they are used.
pub fn fit(patterns: impl IntoIterator<Item = impl AsRef<str>>) -> bool {
    let left = patterns.into_iter().try_fold(ALL / 2, |left, pattern| left.checked_sub(built(pattern.as_ref()).1));
    left.is_some()
}

/// `kairos|angelia`, also in parentheses: names of word characters and dashes, which mean themselves in a regular
/// expression. `None` for anything else.
pub fn alternatives(pattern: &str) -> Option<Vec<&str>> {
    let inner = pattern.strip_prefix('(').and_then(|value| value.strip_suffix(')')).unwrap_or(pattern);
    let is_name = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || "_-".contains(c));
    let parts: Vec<&str> = inner.split('|').collect();
    parts.iter().all(is_name).then_some(parts)
}

/// The patterns of which a value has to fit one: `kai.*` and `ange.*` of `(?:kai|ange).*`. `None` when it is no pattern, or
/// there are too many of them.
pub fn branches(pattern: &str) -> Option<Vec<String>> {
    // Flags at the beginning hold for all of it.
    let (flags, rest) = match pattern.strip_prefix("(?").and_then(|rest| rest.split_once(')')) {
        Some((flags, _)) if flags.chars().all(|c| c.is_ascii_alphabetic() || c == '-') => {
            pattern.split_at("(?".len() + flags.len() + ")".len())
        }
        _ => ("", pattern),
    };
    let parts = parted(&Parser::new().parse(rest).ok()?, rest)?;
    Some(parts.into_iter().map(|part| format!("{flags}{part}")).collect())
}

/// Its depth is bounded by the parser.
fn parted(ast: &Ast, text: &str) -> Option<Vec<String>> {
    let span = ast.span();
    let between = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let around = |inner: &Ast| -> Option<Vec<String>> {
        let own = inner.span();
        let (head, tail) = (between(span.start.offset, own.start.offset), between(own.end.offset, span.end.offset));
        Some(parted(inner, text)?.into_iter().map(|part| format!("{head}{part}{tail}")).collect())
    };
    let parts = match ast {
        Ast::Alternation(any) => {
            let parts = any.asts.iter().map(|one| parted(one, text)).collect::<Option<Vec<_>>>()?;
            parts.concat()
        }
        Ast::Concat(all) => all.asts.iter().try_fold(vec![String::new()], |heads, one| {
            let tails = parted(one, text)?;
            let few = heads.len() * tails.len() <= BRANCHES;
            few.then(|| heads.iter().flat_map(|head| tails.iter().map(move |tail| format!("{head}{tail}"))).collect())
        })?,
        Ast::Group(group) => around(&group.ast)?,
        Ast::Repetition(repeated) => around(&repeated.ast)?,
        _ => vec![between(span.start.offset, span.end.offset).to_owned()],
    };
    (parts.len() <= BRANCHES).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::{branches, compiled, fit};

    #[test]
    fn a_pattern_is_taken_apart_at_every_alternative() {
        for (pattern, parts) in [
            ("kai.*", &["kai.*"][..]),
            ("kai.*|ange.*", &["kai.*", "ange.*"]),
            ("(?:kai|ange).*", &["(?:kai).*", "(?:ange).*"]),
            ("^(kai|ange)$", &["^(kai)$", "^(ange)$"]),
            ("(?i)kai|ange", &["(?i)kai", "(?i)ange"]),
            ("(?i:kai|ange)-x", &["(?i:kai)-x", "(?i:ange)-x"]),
            ("a(b|c(d|e))?", &["a(b)?", "a(c(d))?", "a(c(e))?"]),
            ("(a|b)-(c|d)", &["(a)-(c)", "(a)-(d)", "(b)-(c)", "(b)-(d)"]),
            ("[ab|]\\|x", &["[ab|]\\|x"]),
            ("é|ü.*", &["é", "ü.*"]),
            ("kai|", &["kai", ""]),
        ] {
            assert_eq!(
                branches(pattern).as_deref(),
                Some(&parts.iter().map(|&one| one.to_owned()).collect::<Vec<_>>()[..])
            );
        }
        assert_eq!(branches("("), None);
        assert_eq!(branches(&"(a|b)".repeat(7)), None);
        assert_eq!(branches(&"(".repeat(5000)), None);
    }

    #[test]
    fn a_pattern_is_what_it_was_before() {
        for _ in 0..2 {
            assert!(compiled("^a+$").is_some_and(|regex| regex.is_match("aa") && !regex.is_match("ab")));
            assert!(compiled("(").is_none());
        }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        for number in 0..=super::MOST {
            assert!(compiled(&format!("a{number}")).is_some());
        }
        assert!(super::KEPT.with_borrow(|kept| kept.patterns.len() < super::MOST && kept.bytes <= super::ALL));
    }

    #[test]
    fn large_patterns_are_few_or_none() {
        for number in 500..600 {
            assert!(compiled(&format!("kairos.{{1,{number}}}")).is_some_and(|regex| regex.is_match("kairos1")));
        }
        assert!(super::KEPT.with_borrow(|kept| kept.patterns.len() < 20));
        assert!(compiled("((a{1000}){1000}){1000}").is_none());
        assert!(fit((0..200).map(|number| format!("kairos-{number}.*"))));
        assert!(!fit((0..200).map(|number| format!("kairos.{{1,{}}}", number + 500))));
    }
}
