//! Regular expressions, each compiled once for a thread: the same few stand in front of thousands of streams and queries.
//!
//! Knows: that compiling costs a thousand times what a match does. Must not know: where a pattern comes from, or what it
//! has to mean.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use regex::Regex;

/// Most patterns that are kept; a repository has a few hundred.
const MOST: usize = 4096;

thread_local! {
    static KEPT: RefCell<HashMap<String, Option<Arc<Regex>>>> = RefCell::new(HashMap::new());
}

/// The compiled pattern, as written; `None` when it is none, or too large.
pub fn compiled(pattern: &str) -> Option<Arc<Regex>> {
    KEPT.with_borrow_mut(|kept| {
        if let Some(found) = kept.get(pattern) {
            return found.clone();
        }
        if kept.len() >= MOST {
            kept.clear();
        }
        let regex = Regex::new(pattern).ok().map(Arc::new);
        kept.insert(pattern.to_owned(), regex.clone());
        regex
    })
}

/// `kairos|angelia`, also in parentheses: names of word characters and dashes, which mean themselves in a regular
/// expression. `None` for anything else.
pub fn alternatives(pattern: &str) -> Option<Vec<&str>> {
    let inner = pattern.strip_prefix('(').and_then(|value| value.strip_suffix(')')).unwrap_or(pattern);
    let is_name = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || "_-".contains(c));
    let parts: Vec<&str> = inner.split('|').collect();
    parts.iter().all(is_name).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::compiled;

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
        assert!(super::KEPT.with_borrow(|kept| kept.len() < super::MOST));
    }
}
