//! Texts that a regular expression matches, and the numbers they are drawn by.
//!
//! Knows: regular expressions as Go means them. Must not know: where one stands. Nothing here comes from a clock or the
//! environment: the same seed gives the same texts.

use std::sync::Arc;

use regex::Regex;
use regex_syntax::hir::{Class, Hir, HirKind, Look};

use crate::logql_eval::probe;

/// Bytes of a text at most: what needs more is not sampled.
const LONGEST: usize = 400;
/// How often a pattern is tried: what stands beside `\b` or `^` is not looked at before.
const TRIES: usize = 12;
/// Letters and digits, which stand for large classes.
const COMMON: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// A generator of numbers (splitmix64).
#[derive(Clone, Debug)]
pub(super) struct Rng(u64);

impl Rng {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `count`; 0 where there is none.
    pub(super) fn below(&mut self, count: usize) -> usize {
        (self.next() >> 33) as usize % count.max(1)
    }

    /// True in so many of a hundred cases.
    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of them; `None` where there is none.
    pub(super) fn pick<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        all.get(self.below(all.len()))
    }
}

/// A text that `pattern` matches somewhere; `None` where none was found.
pub(super) fn matching(pattern: &str, rng: &mut Rng) -> Option<String> {
    Sampler::of(pattern)?.text(rng)
}

/// A pattern, ready to be sampled.
#[derive(Debug)]
pub(super) struct Sampler {
    hir: Hir,
    regex: Arc<Regex>,
}

impl Sampler {
    /// `None` where Go takes no such pattern, or nothing short matches it.
    pub(super) fn of(pattern: &str) -> Option<Self> {
        let regex = probe::regex(pattern)?;
        let hir = regex_syntax::Parser::new().parse(regex.as_str()).ok()?;
        let short = hir.properties().minimum_len().is_some_and(|least| least <= LONGEST);
        short.then_some(Self { hir, regex })
    }

    /// The pattern itself.
    pub(super) fn regex(&self) -> &Regex {
        &self.regex
    }

    /// Whether a match has to reach the end of the text.
    pub(super) fn ends(&self) -> bool {
        self.hir.properties().look_set_suffix().contains(Look::End)
    }

    /// A text that the pattern matches.
    pub(super) fn text(&self, rng: &mut Rng) -> Option<String> {
        self.with(rng, &|_| None)
    }

    /// The same, where a named group has the value that `value` gives for it; `None` where no such text matches.
    pub(super) fn with<'v>(&self, rng: &mut Rng, value: &dyn Fn(&str) -> Option<&'v str>) -> Option<String> {
        self.tried(TRIES, rng, value)
    }

    /// Whether a named group can have this value.
    pub(super) fn fits(&self, group: &str, value: &str, rng: &mut Rng) -> bool {
        let text = self.tried(2, rng, &|name| (name == group).then_some(value));
        let found = text.as_deref().and_then(|text| self.regex.captures(text)?.name(group));
        found.is_some_and(|found| found.as_str() == value)
    }

    fn tried<'v>(&self, tries: usize, rng: &mut Rng, value: &dyn Fn(&str) -> Option<&'v str>) -> Option<String> {
        (0..tries).find_map(|_| {
            let mut out = String::new();
            write(&self.hir, rng, value, &mut out);
            self.regex.is_match(&out).then_some(out)
        })
    }
}

/// The parser bounds how deep a pattern is.
fn write<'v>(hir: &Hir, rng: &mut Rng, value: &dyn Fn(&str) -> Option<&'v str>, out: &mut String) {
    if out.len() > LONGEST {
        return;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(class) => out.extend(one_of(class, rng)),
        HirKind::Repetition(repetition) => {
            let least = repetition.min as usize;
            let more = repetition.max.map_or(4, |most| (most as usize).saturating_sub(least).min(4));
            for _ in 0..(least + rng.below(more + 1)).min(LONGEST) {
                write(&repetition.sub, rng, value, out);
            }
        }
        HirKind::Capture(capture) => match capture.name.as_deref().and_then(value) {
            Some(value) => out.push_str(value),
            None => write(&capture.sub, rng, value, out),
        },
        HirKind::Concat(all) => all.iter().for_each(|one| write(one, rng, value, out)),
        HirKind::Alternation(all) => {
            if let Some(one) = rng.pick(all) {
                write(one, rng, value, out);
            }
        }
    }
}

/// A character of a class: one that can be read, where there is one.
fn one_of(class: &Class, rng: &mut Rng) -> Option<char> {
    let has = |byte: u8| match class {
        Class::Unicode(class) => class.ranges().iter().any(|one| (one.start()..=one.end()).contains(&byte.into())),
        Class::Bytes(class) => class.ranges().iter().any(|one| (one.start()..=one.end()).contains(&byte)),
    };
    if has(b'q') && has(b'7') {
        let common = (0..4).find_map(|_| rng.pick(COMMON).copied().filter(|&byte| has(byte)));
        if let Some(byte) = common {
            return Some(byte.into());
        }
    }
    let readable: Vec<u8> = (b' '..=b'~').filter(|&byte| has(byte)).collect();
    if let Some(&byte) = rng.pick(&readable) {
        return Some(byte.into());
    }
    match class {
        Class::Unicode(class) => rng.pick(class.ranges()).map(regex_syntax::hir::ClassUnicodeRange::start),
        Class::Bytes(class) => rng.pick(class.ranges()).map(|one| one.start().into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, proptest};

    use super::*;

    #[test]
    fn a_text_is_found_for_what_queries_use() {
        for pattern in [
            "error",
            "(?i)error|fail",
            r"^\S+ (?P<lvl>INFO|ERROR)\s+(?P<w>\w+)$",
            r#""(?P<method>[A-Z]+) (?P<path>\S+) [^"]+" (?P<status>\d{3}) (?P<size>\d+)"#,
            r"\berror\b.*",
            "[0-9]{4,} ms",
            r"\s(?P<status>\d{3})\s",
            "GET /(healthz|metrics)",
            r"^\d{1,3}(\.\d{1,3}){3}$",
            "[^a-z]",
            "x{300}",
            r"\Qa.b\E",
            "",
        ] {
            let mut rng = Rng::new(7);
            for _ in 0..20 {
                let text = matching(pattern, &mut rng).unwrap_or_else(|| panic!("{pattern}"));
                assert!(probe::regex(pattern).unwrap().is_match(&text), "{pattern}: {text}");
            }
        }
    }

    #[test]
    fn a_group_has_the_value_that_is_wanted() {
        let sampler = Sampler::of(r"^(?P<lvl>\w+): (?P<n>\d+)$").unwrap();
        let text = sampler.with(&mut Rng::new(1), &|name| (name == "n").then_some("42")).unwrap();
        assert_eq!(&sampler.regex().captures(&text).unwrap()["n"], "42");
        assert_eq!(sampler.with(&mut Rng::new(1), &|name| (name == "n").then_some("x")), None);
        assert!(sampler.ends());
    }

    #[test]
    fn what_matches_nothing_gives_nothing() {
        for pattern in ["(", "a^b", r"x\by", "a{1000}{3}", "x{900}y|(z{9}){99}"] {
            assert_eq!(matching(pattern, &mut Rng::new(1)), None, "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn any_pattern_is_taken(pattern in "[a-z0-9(|)*+?.{},^$\\\\\\[\\]-]{0,20}", seed in any::<u64>()) {
            if let Some(text) = matching(&pattern, &mut Rng::new(seed)) {
                prop_assert!(probe::regex(&pattern).unwrap().is_match(&text));
            }
        }
    }
}
