//! Values that a field of a line can have.
//!
//! Knows: which values pass a comparison, and which do not. Must not know: how a field is written into a line.

use super::super::sample::{Rng, Sampler};
use super::text::addresses;
use crate::logql_eval::probe::{self, LabelProbe, Step};
use crate::syntax::logql::{FilterOp, FilterValue, MatchOp};

/// Values of one field at most.
const MOST: usize = 40;

/// Where a field stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Under its own name, which a JSON object may spread: `a_b` is `{"a":{"b":…}}`, too.
    Name(String),
    /// Where an expression of the parser says.
    Path(Vec<Step>),
}

/// One value, or none.
#[derive(Debug)]
pub(super) struct Value {
    pub(super) text: Option<String>,
    /// A bit for each comparison of the query: whether this value passes it.
    passes: u64,
    /// Whether a comparison or `unwrap` cannot read it.
    pub(super) odd: bool,
}

/// A field that lines have.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) place: Place,
    /// The layer of the line it stands in.
    pub(super) layer: usize,
    /// In how many lines of a hundred it stands.
    pub(super) usual: usize,
    /// The comparisons it is in, as bits.
    compared: u64,
    pub(super) values: Vec<Value>,
    texts: Vec<String>,
    /// What a template makes of values, as comparisons see it.
    templated: Vec<(String, String)>,
    unwrap: Option<String>,
}

/// A comparison, its bit, and its field.
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) probe: LabelProbe,
    pub(super) bit: u64,
    pub(super) field: usize,
}

impl Field {
    pub(super) fn new(place: Place, layer: usize) -> Self {
        let (values, texts, templated) = (Vec::new(), Vec::new(), Vec::new());
        Self { place, layer, usual: 90, compared: 0, values, texts, templated, unwrap: None }
    }

    /// One more value it may have.
    pub(super) fn add(&mut self, text: impl Into<String>) {
        let text = text.into();
        if self.texts.len() < MOST && !self.texts.contains(&text) {
            self.texts.push(text);
        }
    }

    /// A value it may have; all of them, as `at` counts on.
    pub(super) fn text(&self, at: usize) -> Option<&str> {
        self.texts.get(at % self.texts.len().max(1)).map(String::as_str)
    }

    fn add_all<T: Into<String>>(&mut self, texts: impl IntoIterator<Item = T>) {
        for text in texts {
            self.add(text);
        }
    }

    /// Values that a pattern matches.
    pub(super) fn add_matching(&mut self, pattern: &str, rng: &mut Rng) {
        let Some(sampler) = Sampler::of(pattern) else { return };
        for _ in 0..3 {
            if let Some(text) = sampler.text(rng) {
                self.add(text);
            }
        }
    }

    /// Values around what a comparison asks for; `query`: the text of the query.
    pub(super) fn add_compared(&mut self, query: &str, op: FilterOp, value: &FilterValue<'_>, rng: &mut Rng) {
        match value {
            FilterValue::Text(text) if matches!(op, FilterOp::Regex | FilterOp::NotRegex) => {
                self.add_matching(&text.value, rng);
                if let Some(last) = self.texts.last().cloned() {
                    self.add_all([format!("x{last}"), "red".to_owned()]);
                }
            }
            FilterValue::Text(text) => self.add(&*text.value),
            FilterValue::Ip(text) => {
                self.add_all(addresses(&text.value));
                self.add_all(["203.0.113.9", "2001:db8:ffff::9"]);
            }
            FilterValue::Number(span) => {
                let number = probe::literal(span.of(query));
                for one in [number, number - 1.0, number + 1.0, number * 2.0, 0.0] {
                    self.add(format!("{one}"));
                }
            }
            FilterValue::Duration(span) => {
                let wanted = probe::long_duration(span.of(query)).unwrap_or_default();
                for one in [wanted, wanted / 2.0, wanted * 2.0, wanted + 1e6, wanted - 1e6] {
                    self.add(duration(one));
                }
            }
            FilterValue::Bytes(span) => {
                let wanted = probe::bytes(span.of(query)).unwrap_or_default();
                for one in [wanted, (wanted / 2.0).trunc(), wanted * 2.0, wanted + 1.0] {
                    self.add(format!("{one}B"));
                }
                self.add(format!("{}KiB", (wanted / 1024.0).trunc()));
            }
        }
    }

    /// Values of which a template makes those that are there so far: it writes `before` and `behind` around them, or turns
    /// capitals into small letters or the other way round. `always`: only what it makes is compared.
    pub(super) fn add_templated(&mut self, before: &str, behind: &str, always: bool) {
        for text in self.texts.clone() {
            let bare = text.strip_prefix(before).and_then(|text| text.strip_suffix(behind)).unwrap_or(&text);
            for source in [bare.to_owned(), text.to_lowercase(), text.to_uppercase()] {
                if !self.texts.contains(&source) {
                    self.add(&*source);
                    self.templated.push((source, text.clone()));
                }
            }
            if always && !(before.is_empty() && behind.is_empty()) {
                self.templated.push((text.clone(), format!("{before}{text}{behind}")));
            }
        }
    }

    /// Values that a function of a template reads.
    pub(super) fn add_for(&mut self, function: &str) {
        match function {
            "duration" | "duration_seconds" => self.add_all(["250ms", "1.5s"]),
            "bytes" => self.add_all(["512", "10KB"]),
            _ => {}
        }
    }

    /// Values around the condition of a `keep` or `drop`.
    pub(super) fn add_matched(&mut self, op: MatchOp, text: &str, rng: &mut Rng) {
        match op {
            MatchOp::Equal | MatchOp::NotEqual => self.add(text),
            MatchOp::Regex | MatchOp::NotRegex => self.add_matching(text, rng),
        }
    }

    /// Values of which `unwrap` makes numbers, and one of which it does not.
    pub(super) fn add_unwrapped(&mut self, conversion: &str) {
        let values = match conversion {
            "" => ["0", "1", "2.5", "17", "250"],
            "bytes" => ["0B", "512", "10KB", "1.5MiB", "3kB"],
            _ => ["0s", "250ms", "1.5s", "2m", "1h0m3s"],
        };
        self.add_all(values);
        self.unwrap = Some(conversion.to_owned());
    }

    /// Works out what passes what.
    pub(super) fn settle(&mut self, index: usize, leaves: &[Leaf]) {
        let own: Vec<&Leaf> = leaves.iter().filter(|leaf| leaf.field == index).collect();
        self.compared = own.iter().fold(0, |all, leaf| all | leaf.bit);
        // Where values are compared, others are few.
        match self.texts.len() {
            _ if self.unwrap.is_some() => {}
            0 | 1 => self.add_all(["red", "17", "blue sky", "250"]),
            2 | 3 => self.add_all(["red", "17"]),
            _ => {}
        }
        let numbers = self.unwrap.is_some() || own.iter().any(|leaf| leaf.probe.passes(Some("soon")).is_none());
        if numbers {
            self.add("soon");
        }
        let texts = self.texts.drain(..).map(Some).chain((!own.is_empty() || self.unwrap.is_some()).then_some(None));
        self.values = texts
            .map(|text| {
                let text: Option<String> = text;
                let made = self.templated.iter().find(|(from, _)| text.as_ref() == Some(from)).map(|(_, made)| made);
                let said = |leaf: &&Leaf| leaf.probe.passes(made.or(text.as_ref()).map(String::as_str));
                let passes = own.iter().filter(|leaf| said(leaf) == Some(true)).fold(0, |all, leaf| all | leaf.bit);
                let unread = |text: &str| self.unwrap.as_deref().is_some_and(|kind| !probe::unwraps(kind, text));
                let odd = own.iter().any(|leaf| said(leaf).is_none()) || text.as_deref().is_some_and(unread);
                Value { text, passes, odd }
            })
            .collect();
    }

    /// Keeps the values that `fits`, where there is one.
    pub(super) fn keep(&mut self, mut fits: impl FnMut(&str) -> bool) {
        let fitting: Vec<bool> = self.values.iter().map(|value| value.text.as_deref().is_some_and(&mut fits)).collect();
        if fitting.contains(&true) {
            let mut fitting = fitting.into_iter();
            self.values.retain(|_| fitting.next() == Some(true));
        }
    }

    /// Whether comparisons or `unwrap` read it, so that its values say when it is not there.
    pub(super) fn is_read(&self) -> bool {
        self.compared != 0 || self.unwrap.is_some()
    }

    /// A value for which the comparisons of `care` say what `wanted` says, as far as there is one.
    pub(super) fn value(&self, wanted: u64, care: u64, odd: bool, rng: &mut Rng) -> Option<&str> {
        let care = care & self.compared;
        let odd = odd && self.values.iter().any(|value| value.odd);
        let fits = |value: &&Value| odd == value.odd && (odd || (value.passes ^ wanted) & care == 0);
        let (before, behind) = self.values.split_at(rng.below(self.values.len()));
        let ring = || behind.iter().chain(before);
        // What is unwrapped is missing now and then only.
        let there = self.unwrap.is_some() && rng.chance(90);
        let full = ring().find(|value| there && value.text.is_some() && fits(value));
        let found = full.or_else(|| ring().find(fits)).or_else(|| ring().find(|value| !value.odd));
        found.and_then(|value| value.text.as_deref())
    }
}

/// A duration as Go reads it.
fn duration(nanoseconds: f64) -> String {
    let (unit, name) = [(1e9, "s"), (1e6, "ms"), (1e3, "us")]
        .into_iter()
        .find(|(unit, _)| nanoseconds % unit == 0.0)
        .unwrap_or((1.0, "ns"));
    format!("{}{name}", (nanoseconds / unit).trunc())
}
