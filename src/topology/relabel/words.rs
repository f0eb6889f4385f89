//! Which texts match some regular expressions and do not match others.
//!
//! Knows: anchored patterns as Prometheus reads them, sets of texts. Must not know: labels or rules. An answer may be
//! larger than the truth ([`Words::Many`]), never smaller.

use std::collections::{BTreeSet, HashMap};

use regex::Regex;
use regex_automata::hybrid::{LazyStateID, dfa};
use regex_automata::{Anchored, Input};

/// A set of texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Words {
    /// Exactly these, sorted; none when it is empty.
    These(Vec<String>),
    /// More than [`MOST`], or nobody knows.
    Many,
}

/// How many texts are told one by one.
pub(super) const MOST: usize = 32;
/// How many states of the automata are looked at.
const MOST_STATES: usize = 2_000;

/// The pattern as Prometheus anchors it, with Go's classes, which know only ASCII.
pub(in crate::topology) fn anchored(pattern: &str) -> String {
    format!("^(?s:{})$", ascii(pattern))
}

/// `\d`, `\w`, `\s` and `\b` as Go means them.
fn ascii(pattern: &str) -> String {
    if !pattern.contains('\\') {
        return pattern.to_owned();
    }
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut class = false;
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '[' => class = true,
            ']' => class = false,
            _ => {}
        }
        if c != '\\' {
            out.push(c);
            continue;
        }
        let Some(next) = chars.next() else {
            out.push(c);
            break;
        };
        let set = match next.to_ascii_lowercase() {
            'd' => "0-9",
            'w' => "0-9A-Za-z_",
            's' => r"\t\n\x0C\r\x20",
            'b' if !class => {
                out.push_str(if next == 'b' { r"(?-u:\b)" } else { r"(?-u:\B)" });
                continue;
            }
            _ => "",
        };
        match (set.is_empty(), class, next.is_ascii_uppercase()) {
            (true, ..) | (false, true, true) => out.extend([c, next]),
            (false, true, false) => out.push_str(set),
            (false, false, true) => out.extend(["[^", set, "]"]),
            (false, false, false) => out.extend(["[", set, "]"]),
        }
    }
    out
}

/// The texts of a pattern that is a plain word, or plain words between bars, in a group or not.
fn plain(pattern: &str) -> Option<Vec<String>> {
    let inner = pattern.strip_prefix("(?:").or_else(|| pattern.strip_prefix('('));
    let pattern = inner.and_then(|inner| inner.strip_suffix(')')).unwrap_or(pattern);
    let mut words = vec![String::new()];
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '|' => words.push(String::new()),
            '\\' => {
                let escaped = chars.next().filter(char::is_ascii_punctuation)?;
                words.last_mut()?.push(escaped);
            }
            '.' | '+' | '*' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '^' | '$' => return None,
            _ => words.last_mut()?.push(c),
        }
    }
    Some(words)
}

fn is_any(pattern: &str) -> bool {
    matches!(pattern, ".*" | "(.*)" | "(?s).*")
}

fn is_some(pattern: &str) -> bool {
    matches!(pattern, ".+" | "(.+)")
}

/// The texts that match every one of `yes` and none of `no`.
pub(super) fn matching(yes: &[&str], no: &[&str]) -> Words {
    if no.iter().any(|pattern| is_any(pattern)) {
        return Words::These(Vec::new());
    }
    let finite = yes.iter().find_map(|pattern| plain(pattern));
    // What is empty and nothing else does not match `.+`.
    let candidates = finite.or_else(|| no.iter().any(|pattern| is_some(pattern)).then(|| vec![String::new()]));
    if let Some(candidates) = candidates {
        return keep(candidates, yes, no);
    }
    let open = yes.iter().all(|pattern| is_any(pattern) || is_some(pattern));
    if open && no.iter().all(|pattern| plain(pattern).is_some()) {
        return Words::Many;
    }
    Product::new(yes, no).and_then(|mut product| product.words()).unwrap_or(Words::Many)
}

fn keep(candidates: Vec<String>, yes: &[&str], no: &[&str]) -> Words {
    let compile = |list: &[&str]| list.iter().map(|one| Regex::new(&anchored(one))).collect::<Result<Vec<_>, _>>();
    let (Ok(yes), Ok(no)) = (compile(yes), compile(no)) else { return Words::Many };
    let fits = |word: &String| yes.iter().all(|one| one.is_match(word)) && !no.iter().any(|one| one.is_match(word));
    let found: BTreeSet<String> = candidates.into_iter().filter(fits).collect();
    if found.len() > MOST { Words::Many } else { Words::These(found.into_iter().collect()) }
}

/// Automata of all patterns, walked side by side.
struct Product {
    parts: Vec<(dfa::DFA, dfa::Cache, bool)>,
}

type State = Vec<LazyStateID>;

/// The bytes that lead on from a state, in groups, and where to.
type Edges<'g> = Vec<(&'g [u8], usize)>;

/// Where a byte leads.
enum Step {
    To(State),
    /// Nothing can match any more.
    End,
}

impl Product {
    fn new(yes: &[&str], no: &[&str]) -> Option<Self> {
        // What is no UTF-8 is no label value.
        let all = std::iter::once((&".*", true)).chain(yes.iter().map(|one| (one, true)));
        let all = all.chain(no.iter().map(|one| (one, false)));
        let parts = all.map(|(pattern, wanted)| {
            let built = dfa::DFA::new(&format!("(?s:{})$", ascii(pattern))).ok()?;
            let cache = built.create_cache();
            Some((built, cache, wanted))
        });
        Some(Self { parts: parts.collect::<Option<Vec<_>>>()? })
    }

    fn start(&mut self) -> Option<State> {
        let input = Input::new("").anchored(Anchored::Yes);
        self.parts.iter_mut().map(|(dfa, cache, _)| dfa.start_state_forward(cache, &input).ok()).collect()
    }

    /// The state behind one more byte; `None` when it cannot be told.
    fn next(&mut self, state: &State, byte: u8) -> Option<Step> {
        let mut out = Vec::with_capacity(state.len());
        for ((dfa, cache, wanted), id) in self.parts.iter_mut().zip(state) {
            let next = dfa.next_state(cache, *id, byte).ok().filter(|next| !next.is_quit())?;
            if *wanted && next.is_dead() {
                return Some(Step::End);
            }
            out.push(next);
        }
        Some(Step::To(out))
    }

    fn accepts(&mut self, state: &State) -> Option<bool> {
        for ((dfa, cache, wanted), id) in self.parts.iter_mut().zip(state) {
            let last = dfa.next_eoi_state(cache, *id).ok()?;
            if last.is_match() != *wanted {
                return Some(false);
            }
        }
        Some(true)
    }

    /// Bytes that no automaton tells from each other.
    fn groups(&self) -> Vec<Vec<u8>> {
        let mut groups: HashMap<Vec<u8>, Vec<u8>> = HashMap::new();
        for byte in 0..=u8::MAX {
            let classes = self.parts.iter().map(|(dfa, ..)| dfa.byte_classes().get(byte)).collect();
            groups.entry(classes).or_default().push(byte);
        }
        let mut groups: Vec<Vec<u8>> = groups.into_values().collect();
        groups.sort();
        groups
    }

    /// All texts; `None` when the automata grow too large to tell.
    fn words(&mut self) -> Option<Words> {
        let mut index: HashMap<State, usize> = HashMap::new();
        let mut states = vec![self.start()?];
        index.insert(states[0].clone(), 0);
        let groups = self.groups();
        let mut edges: Vec<Edges<'_>> = Vec::new();
        let mut accepting = Vec::new();
        while edges.len() < states.len() {
            let state = states[edges.len()].clone();
            accepting.push(self.accepts(&state)?);
            let mut out = Vec::new();
            for group in &groups {
                let Some(&byte) = group.first() else { continue };
                let Step::To(next) = self.next(&state, byte)? else { continue };
                let known = index.get(&next).copied();
                let to = known.unwrap_or_else(|| {
                    states.push(next.clone());
                    index.insert(next, states.len() - 1);
                    states.len() - 1
                });
                out.push((group.as_slice(), to));
            }
            edges.push(out);
            let grown = self.parts.iter().any(|(_, cache, _)| cache.clear_count() > 0);
            if states.len() > MOST_STATES || grown {
                return None;
            }
        }
        Some(listed(&edges, &accepting))
    }
}

/// The words an automaton without useless loops accepts; `Many` with one.
fn listed(edges: &[Edges<'_>], accepting: &[bool]) -> Words {
    let mut useful = accepting.to_vec();
    loop {
        let more: Vec<usize> = (0..edges.len())
            .filter(|&state| !useful[state] && edges[state].iter().any(|&(_, to)| useful[to]))
            .collect();
        if more.is_empty() {
            break;
        }
        for state in more {
            useful[state] = true;
        }
    }
    let mut found = Vec::new();
    let mut work = vec![(0, Vec::new())];
    let mut steps = 0;
    while let Some((state, word)) = work.pop() {
        steps += 1;
        // A word longer than there are states went through a loop.
        if found.len() > MOST || word.len() > edges.len() || steps > MOST_STATES {
            return Words::Many;
        }
        if accepting[state] {
            found.push(String::from_utf8_lossy(&word).into_owned());
        }
        for &(bytes, to) in edges[state].iter().filter(|(_, to)| useful[*to]) {
            work.extend(bytes.iter().map(|&byte| {
                let mut word: Vec<u8> = word.clone();
                word.push(byte);
                (to, word)
            }));
        }
    }
    found.sort();
    found.dedup();
    if found.len() > MOST { Words::Many } else { Words::These(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn these(words: &[&str]) -> Words {
        Words::These(words.iter().map(|&word| word.to_owned()).collect())
    }

    #[test]
    fn what_matches_some_and_not_others() {
        for (yes, no, expected) in [
            (&["kottos"][..], &[][..], these(&["kottos"])),
            (&["a|b|c"], &["b"], these(&["a", "c"])),
            (&[r"(nginx|redis)\.service"], &[], these(&["nginx.service", "redis.service"])),
            (&[".+"], &["a"], Words::Many),
            (&[], &[".+"], these(&[""])),
            (&["a"], &[".+"], these(&[])),
            (&["a.*"], &[".*b"], Words::Many),
            (&["a.*"], &["a.*"], these(&[])),
            (&["a.*", ".*b"], &["ab", "a.+b"], these(&[])),
            (&["a?b?"], &["ab"], these(&["", "a", "b"])),
            (&[r"\d"], &["[0-8]"], these(&["9"])),
            (&["[a-c]{1,2}", "..?"], &["[bc].*"], these(&["a", "aa", "ab", "ac"])),
            (&["("], &[], Words::Many),
            (&[".*"], &[".*"], these(&[])),
        ] {
            assert_eq!(matching(yes, no), expected, "{yes:?} {no:?}");
        }
    }

    #[test]
    fn classes_are_ascii_as_in_go() {
        assert_eq!(ascii(r"\d+[\w.]\S\.\\d"), r"[0-9]+[0-9A-Za-z_.][^\t\n\x0C\r\x20]\.\\d");
        assert!(!Regex::new(&anchored(r"\d")).unwrap().is_match("٣"));
        assert!(Regex::new(&anchored(r"a\b.*")).unwrap().is_match("a b"));
    }
}
