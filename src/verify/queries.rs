//! Which rewritten queries can be asked of Loki, and in what words.
//!
//! Knows: Grafana's placeholders and which of them a duration can stand for. Must not know: how they are asked.

use crate::patterns::compiled;
use crate::plan::QueryChange;
use crate::syntax::logql::{self, ExprKind, Function};

/// Most queries that are asked: each costs Loki two.
pub const MOST: usize = 50;
/// What stands for Grafana's durations that depend on the panel.
const DURATION: &str = "5m";

/// A query before and after, as Loki takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Where it stands: `panel "Errors" in ansible/…/apps.json`.
    pub place: String,
    /// Before the move.
    pub before: String,
    /// After it.
    pub after: String,
}

/// Why queries are not asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// They hold variables of a dashboard, or places that Ansible fills in.
    pub filled_in: usize,
    /// They return something when lines are missing, so that nothing is good.
    pub absent: usize,
    /// They are no whole queries.
    pub no_query: usize,
    /// There are too many.
    pub too_many: usize,
}

impl Skipped {
    /// In a few words: `3 that look for missing lines`; empty when none is skipped.
    pub fn words(self) -> String {
        let parts = [
            (self.filled_in, "with variables that are filled in elsewhere"),
            (self.absent, "that look for missing lines"),
            (self.no_query, "that Loki would not take as they stand"),
            (self.too_many, "beyond the first 50"),
        ];
        let parts: Vec<String> =
            parts.iter().filter(|(count, _)| *count > 0).map(|(count, why)| format!("{count} {why}")).collect();
        parts.join(", ")
    }

    /// All of them.
    pub fn count(self) -> usize {
        self.filled_in + self.absent + self.no_query + self.too_many
    }
}

/// Each different query once, and why others are left out.
pub fn pairs<'q>(changes: impl Iterator<Item = &'q QueryChange>) -> (Vec<Pair>, Skipped) {
    let (mut list, mut skipped): (Vec<Pair>, Skipped) = (Vec::new(), Skipped::default());
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for change in changes {
        let texts = (change.before.as_str(), change.after.as_str());
        if seen.contains(&texts) {
            continue;
        }
        seen.push(texts);
        match (asked(texts.0), asked(texts.1)) {
            (Ok(_), Ok(_)) if list.len() == MOST => skipped.too_many += 1,
            (Ok(before), Ok(after)) => {
                let path = &change.at.source.path;
                let place =
                    if change.context.is_empty() { path.to_string() } else { format!("{} in {path}", change.context) };
                list.push(Pair { place, before, after });
            }
            (Err(Why::FilledIn), _) | (_, Err(Why::FilledIn)) => skipped.filled_in += 1,
            (Err(Why::Absent), _) | (_, Err(Why::Absent)) => skipped.absent += 1,
            _ => skipped.no_query += 1,
        }
    }
    (list, skipped)
}

/// Why a text cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Something else fills in a part of it.
    FilledIn,
    /// It asks whether lines are missing.
    Absent,
    /// Loki would not take it.
    NoQuery,
}

/// The query as Loki takes it: Grafana's durations are filled in.
///
/// # Errors
/// Other placeholders are left, it is no query, or no answer would be a good one.
pub fn asked(text: &str) -> Result<String, Why> {
    // `$__interval`, `${__interval:text}`, `[[__interval]]`: a duration; with `_ms` or `_s`, a number.
    let durations = compiled(r"\$__(\w+)|\$\{__(\w+)(?::\w+)?\}|\[\[__(\w+)(?::\w+)?\]\]").ok_or(Why::NoQuery)?;
    let filled = durations.replace_all(text, |found: &regex::Captures<'_>| {
        let name = (1..=3).find_map(|group| found.get(group)).map_or("", |name| name.as_str());
        match name {
            "interval" | "auto" | "range" | "rate_interval" => DURATION.to_owned(),
            "interval_ms" | "range_ms" => "300000".to_owned(),
            "range_s" => "300".to_owned(),
            _ => found[0].to_owned(),
        }
    });
    let others = compiled(r"\$\{?[A-Za-z_]\w*|\[\[\w+(?::\w+)?\]\]|\{%").ok_or(Why::NoQuery)?;
    if others.is_match(&filled) {
        return Err(Why::FilledIn);
    }
    let why = {
        let no_query = |_| if filled.contains("{{") { Why::FilledIn } else { Why::NoQuery };
        let query = logql::read_strict(&filled).map_err(no_query)?;
        // In a value of a selector two braces are Ansible's; in a template of the query they are Loki's.
        let mut values = query.selectors().flat_map(|(_, selector)| query.matchers(selector));
        let is_absent =
            |kind: &ExprKind<'_>| matches!(kind, ExprKind::RangeAggregation { function: Function::AbsentOverTime, .. });
        if values.any(|matcher| matcher.value.value.contains("{{")) {
            Some(Why::FilledIn)
        } else {
            query.exprs().any(|(_, expr)| is_absent(&expr.kind)).then_some(Why::Absent)
        }
    };
    why.map_or_else(|| Ok(filled.into_owned()), Err)
}
