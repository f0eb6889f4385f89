//! Texts that a line filter looks for.
//!
//! Knows: the kinds of such texts. Must not know: where in a line one is put.

use super::super::sample::{Rng, Sampler};
use crate::logql_eval::probe::{self, LineProbe, Part};
use crate::syntax::logql::{LineOp, LineText};

/// What stands where a pattern takes anything.
const WORDS: [&str; 6] = ["red", "green", "blue", "7", "42", "sky"];

/// A word that means nothing.
pub(super) fn word(rng: &mut Rng) -> &'static str {
    rng.pick(&WORDS).copied().unwrap_or_default()
}

/// One alternative of a line filter.
#[derive(Debug)]
enum Wanted {
    Plain(String),
    Regex(Sampler),
    Addresses(Vec<String>),
    Pattern(Vec<Part>),
}

impl Wanted {
    fn of(op: LineOp, text: &LineText<'_>) -> Option<Self> {
        let value = &*text.text.value;
        Some(match op {
            _ if text.ip => Self::Addresses(addresses(value)),
            LineOp::Contains | LineOp::NotContains => Self::Plain(value.to_owned()),
            LineOp::Regex | LineOp::NotRegex => Self::Regex(Sampler::of(value)?),
            LineOp::Pattern | LineOp::NotPattern => Self::Pattern(probe::pattern(value)),
        })
    }

    fn text(&self, rng: &mut Rng) -> Option<String> {
        match self {
            Self::Plain(text) => Some(text.clone()),
            Self::Regex(sampler) => sampler.text(rng),
            Self::Addresses(all) => rng.pick(all).cloned(),
            Self::Pattern(parts) => Some(filled(parts, rng, &|_| None)),
        }
    }
}

/// A line filter, and how a line is made that it finds.
#[derive(Debug)]
pub(super) struct Test {
    probe: LineProbe,
    negative: bool,
    wanted: Vec<Wanted>,
}

impl Test {
    /// `None` where it cannot be run: a variable, or a text Loki refuses.
    pub(super) fn of(op: LineOp, texts: &[LineText<'_>]) -> Option<Self> {
        if texts.iter().any(|text| text.text.placeholder) {
            return None;
        }
        let probe = LineProbe::of(op, texts)?;
        let wanted = texts.iter().filter_map(|text| Wanted::of(op, text)).collect();
        let negative = matches!(op, LineOp::NotContains | LineOp::NotRegex | LineOp::NotPattern);
        Some(Self { probe, negative, wanted })
    }

    /// Whether a line gets through.
    pub(super) fn passes(&self, line: &str) -> bool {
        self.probe.passes(line)
    }

    /// What a line has to hold so that it gets through, or does not; `None` where it has to hold nothing.
    pub(super) fn needed(&self, passes: bool, rng: &mut Rng) -> Option<String> {
        if passes == self.negative { None } else { rng.pick(&self.wanted)?.text(rng) }
    }
}

/// A text that has the parts of a pattern; `value`: what a named capture takes.
pub(super) fn filled<'v>(parts: &[Part], rng: &mut Rng, value: &dyn Fn(&str) -> Option<&'v str>) -> String {
    let mut out = String::new();
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Capture(name) => {
                out.push_str(name.as_deref().and_then(value).unwrap_or_else(|| word(rng)));
            }
        }
    }
    out
}

/// Addresses that `ip("…")` may find for this text: those it names, and neighbours.
pub(super) fn addresses(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for one in text.split('-').map(|part| part.split('/').next().unwrap_or(part).trim()) {
        out.push(one.to_owned());
        if let Some((head, _)) = one.rsplit_once('.').filter(|_| text.contains('/')) {
            out.push(format!("{head}.7"));
        }
    }
    out
}
