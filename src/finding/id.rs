//! Short names for what a person is told: the same in every output and every run, whatever lines have moved.
//!
//! Knows: what makes a finding the same one in the next run. Must not know: how a name is shown, or what is done with it.

use std::collections::{HashMap, HashSet};

use super::Finding;
use crate::text::Place;

/// Letters of a name. Those that are taken for others (`i`, `l`, `o`, `u`) are none.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Letters of a name, if no other one begins so.
const SHORT: usize = 5;
/// Letters that a hash has.
const WHOLE: usize = 12;
/// Bytes of its line that are taken in on each side of a place; a whole file can be one line.
const AROUND: usize = 80;

/// Gives each finding of one plan its name: a hash of its rule, the path, and the text of the place with the line around it.
/// Where these are the same, it is told by which of them it is.
pub fn name(findings: &mut [Finding]) {
    let mut equal: HashMap<u64, u64> = HashMap::new();
    let mut used: HashSet<String> = HashSet::new();
    for finding in findings {
        let key = key(finding);
        let nth = equal.entry(key).or_default();
        let hash = hash([&key.to_le_bytes()[..], &nth.to_le_bytes()[..]]);
        *nth += 1;
        let whole = letters(hash);
        let length = (SHORT..WHOLE).find(|&length| !used.contains(&whole[..length])).unwrap_or(WHOLE);
        used.insert(whole[..length].to_owned());
        whole[..length].clone_into(&mut finding.id);
    }
}

fn key(finding: &Finding) -> u64 {
    match &finding.at {
        Some(at) => {
            let path = at.source.path.as_str().as_bytes();
            let text = at.source.bytes().get(at.span.start()..at.span.end()).unwrap_or_default();
            hash([finding.rule.as_bytes(), path, text, around(at)])
        }
        None => hash([finding.rule.as_bytes(), finding.message.as_bytes()]),
    }
}

/// The line a place starts in, as far as it is near.
fn around(at: &Place) -> &[u8] {
    let (bytes, line) = (at.source.bytes(), at.source.line_at(at.span.start()));
    let start = line.start().max(at.span.start().saturating_sub(AROUND));
    let end = line.end().min(at.span.start() + AROUND);
    bytes.get(start..end.max(start)).unwrap_or_default()
}

/// FNV-1a of these parts: the same on every machine and in every version, which std's hashes do not promise.
pub fn hash<'p>(parts: impl IntoIterator<Item = &'p [u8]>) -> u64 {
    let bytes = parts.into_iter().flat_map(|part| part.iter().copied().chain([0xff]));
    bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The upper bits of FNV-1a say little of the last bytes, the lower ones little of the first: both go into each letter.
fn letters(hash: u64) -> String {
    let mixed = (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let letter = |at: usize| char::from(LETTERS[(mixed >> (59 - 5 * at)) as usize & 31]);
    (0..WHOLE).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::finding::Level;
    use crate::text::{Source, Span};

    /// A finding of this rule at each `{x}` of a file.
    fn named(rule: &'static str, text: &str) -> Vec<String> {
        let source = Arc::new(Source::new("a.yml", 0o100_644, Vec::new(), text.into()));
        let place = |(at, _)| Place::new(&source, Span::new(at, at + 3));
        let mut list: Vec<Finding> =
            text.match_indices("{x}").map(|at| Finding::new(Level::Review, rule, "m").at(place(at))).collect();
        name(&mut list);
        list.into_iter().map(|finding| finding.id).collect()
    }

    #[test]
    fn a_name_hangs_on_the_rule_and_the_text_and_not_on_the_line() {
        let first = named("a/b", "one\ntwo {x}\n");
        assert_eq!(first[0].len(), SHORT);
        assert!(first[0].bytes().all(|letter| LETTERS.contains(&letter)));
        assert_eq!(first, named("a/b", "more\nlines\none\ntwo {x}\nthree\n"));
        assert_ne!(first, named("a/c", "one\ntwo {x}\n"));
        assert_ne!(first, named("a/b", "one\nelse {x}\n"));
    }

    #[test]
    fn no_two_are_called_the_same() {
        let names = named("a/b", &"two {x}\n".repeat(20_000));
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), 20_000);
        // The first of equal places keeps its name when another one follows.
        assert_eq!(names[0], named("a/b", "two {x}\n")[0]);
    }

    #[test]
    fn the_hash_is_fnv_1a() {
        // The published value of the empty input, and parts kept apart.
        assert_eq!(hash([]), 0xcbf2_9ce4_8422_2325);
        assert_ne!(hash([&b"a"[..], b"b"]), hash([&b"ab"[..]]));
    }
}
