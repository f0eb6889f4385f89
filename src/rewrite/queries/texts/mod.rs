//! Texts that a query may become, plainest first, until one answers the same (DESIGN 4.3).
//!
//! Knows: how selectors, names and aggregations are put together. Must not know: which text is right; evaluation decides.
//! A text is a choice for each log query (`selector`), one for the names behind them (`names`), and one for what is put
//! around an aggregation (`gather`).

mod gather;
mod names;
mod selector;

use crate::proof::Condition;
use crate::prove::{Memory, Verdict};
use crate::rewrite::How;
use crate::syntax::logql::{Log, Query, StageKind};

use super::query::{Analysis, Around, Change, Remark, matcher_of};
use super::streams::{Before, Flow};

/// Most texts of one query that are evaluated.
const MOST: usize = 160;
/// Most choices for one selector that are kept.
const MOST_SELECTORS: usize = 4;

/// A part of a text: what changes, and how people call that.
#[derive(Clone, Debug, Default)]
struct Choice {
    changes: Vec<Change>,
    notes: Vec<Remark>,
    how: Option<How>,
}

impl Choice {
    /// Both together.
    fn and(&self, other: &Self) -> Self {
        let mut all = self.clone();
        all.changes.extend(other.changes.iter().cloned());
        all.notes.extend(other.notes.iter().cloned());
        all.how = match (all.how, other.how) {
            (None | Some(How::Swap), Some(how)) => Some(how),
            (how, _) => how,
        };
        all
    }
}

impl Before<'_> {
    /// The first text that answers after the move what the query answers before it, with the names of its labels.
    pub(super) fn another(&self, query: &Query<'_>, around: &Around<'_>) -> Option<Analysis> {
        let mut logs: Vec<Vec<Choice>> = Vec::new();
        let mut reached = Vec::new();
        for (id, log) in query.logs() {
            let choices = self.prefixes(query, log, around)?;
            if choices.is_reached {
                reached.push(id);
            }
            logs.push(choices.list);
        }
        let names = self.namings(query);
        let gathers = self.gathers(query, &reached);
        let turns = logs.iter().map(Vec::len).max()?;
        let mut tried = 0;
        let mut memory = Memory::default();
        for turn in 0..turns {
            let of = |list: &Vec<Choice>| list.get(turn.min(list.len().saturating_sub(1))).cloned();
            let selected = logs.iter().filter_map(of).fold(Choice::default(), |all, one| all.and(&one));
            for gather in &gathers {
                for name in &names {
                    tried += 1;
                    if tried > MOST {
                        return None;
                    }
                    if let Some(found) = self.right(query, around, selected.and(name).and(gather), &mut memory) {
                        return Some(found);
                    }
                }
            }
        }
        None
    }

    /// The texts that a query which is a selector and nothing else may become.
    pub(super) fn selections(&self, query: &Query<'_>, around: &Around<'_>) -> Vec<String> {
        let Some((_, selector)) = query.selectors().next().filter(|(_, one)| !one.placeholder) else {
            return Vec::new();
        };
        let text = |choice: Choice| {
            let mut analysis = Analysis { changes: choice.changes, ..Analysis::default() };
            analysis.sort();
            analysis.after(query.text())
        };
        self.selectors(query, selector, around).into_iter().map(text).collect()
    }

    /// The text of a choice, where it is right.
    fn right(&self, query: &Query<'_>, around: &Around<'_>, choice: Choice, memory: &mut Memory) -> Option<Analysis> {
        if choice.changes.is_empty() {
            return None;
        }
        let mut analysis =
            Analysis { changes: choice.changes, notes: choice.notes, how: choice.how, ..Analysis::default() };
        analysis.notes.dedup();
        analysis.sort();
        let overlap = |pair: &[Change]| pair[0].span.end() > pair[1].span.start();
        if analysis.changes.windows(2).any(overlap) {
            return None;
        }
        let new = analysis.after(query.text());
        let Verdict::Holds { seen: true, names } = self.holds(query.text(), &new, around, memory) else { return None };
        analysis.how = analysis.how.or(Some(How::Swap));
        self.take_names(query, &new, around, &names, &mut analysis);
        Some(analysis)
    }

    /// What a selector with the filters right behind it may become; `None` where nothing that is tried selects the same.
    fn prefixes(&self, query: &Query<'_>, log: &Log, around: &Around<'_>) -> Option<Prefixes> {
        let Some(selector) = log.selector.as_ref().filter(|one| !one.placeholder) else {
            return Some(Prefixes { list: vec![Choice::default()], is_reached: false });
        };
        let leading = query
            .stages(log)
            .iter()
            .take_while(|stage| matches!(stage.kind, StageKind::LineFilter { .. } | StageKind::LabelFilter(_)));
        let end = leading.last().map_or(selector.span.end(), |stage| stage.span.end());
        let (start, text) = (log.span.start(), &query.text()[..end]);
        let is_whole = around.values_of.is_some();
        let mut memory = Memory::default();
        let mut judged = |choice: &Choice| {
            let changes = choice.changes.iter().filter(|change| change.span.end() <= end).cloned().collect();
            let mut analysis = Analysis { changes, ..Analysis::default() };
            analysis.sort();
            let new = analysis.after(text);
            self.holds(&text[start..], &new[start..], around, &mut memory)
        };
        match judged(&Choice::default()) {
            Verdict::Holds { seen, .. } => {
                let mut list = self.filters_in(query, log);
                let all: Vec<_> = query.matchers(selector).iter().map(matcher_of).collect();
                let is_reached = seen && self.flow(&Condition::all(&all)) != Flow::Still;
                list.extend(is_reached.then(|| self.shut(selector)));
                return Some(Prefixes { list, is_reached });
            }
            Verdict::Unable { .. } | Verdict::Refuted { .. } => {}
        }
        let filters = self.filters_in(query, log);
        let mut list = Vec::new();
        for selected in self.selectors(query, selector, around) {
            for filter in &filters {
                let choice = selected.and(filter);
                if is_whole || !matches!(judged(&choice), Verdict::Refuted { .. }) {
                    list.push(choice);
                }
                if list.len() == MOST_SELECTORS && !is_whole {
                    return Some(Prefixes { list, is_reached: true });
                }
            }
        }
        (!list.is_empty()).then_some(Prefixes { list, is_reached: true })
    }
}

/// What stands at the beginning of a log query.
struct Prefixes {
    list: Vec<Choice>,
    /// Whether what moves comes through it.
    is_reached: bool,
}
