//! Texts that a query may become, plainest first, until one answers the same (DESIGN 4.3).
//!
//! Knows: how selectors, names and aggregations are put together. Must not know: which text is right; evaluation decides.
//! A text is a choice for each log query (`selector`, with `guards` and `filters`), one for the names behind them (`names`), and one for what is put
//! around an aggregation (`gather`).

mod filters;
mod gather;
mod guards;
mod names;
mod selector;

use std::collections::BTreeSet;

use super::ids;
use crate::proof::{Condition, Copies, Matcher};
use crate::prove::{Look, Memory, Names, Verdict};
use crate::rewrite::How;
use crate::syntax::logql::{ExprKind, Function, Log, Mention, Query, StageKind, Use};
use crate::topology::{NEW, WHOSE};

use super::query::{Analysis, Around, Change, Remark};
use super::streams::{Before, Flow};
use super::written::matcher_of;

/// Most texts of one query that are evaluated.
const MOST: usize = 160;
/// Most texts of one query of which no answer is seen: the query itself answers nothing, most likely.
const MOST_UNSEEN: usize = 4;
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
    /// `is_seen`: whether an answer has to be seen; where none can be, the lines that are selected have to be all it hangs on.
    pub(super) fn another(&self, query: &Query<'_>, around: &Around<'_>, is_seen: bool) -> Option<Analysis> {
        let mut logs: Vec<Vec<Choice>> = Vec::new();
        let mut reached = Vec::new();
        let mut stays = true;
        for (id, log) in query.logs() {
            let choices = self.prefixes(query, log, around)?;
            stays &= choices.stays;
            if choices.is_reached {
                reached.push(id);
            }
            logs.push(choices.list);
        }
        if stays && asks_for_new(query) || !is_seen && reached.is_empty() {
            return Some(Analysis::default());
        }
        if !is_seen && !self.hangs_on_lines(query) {
            return None;
        }
        let names = self.namings(query);
        let gathers = self.gathers(query, &reached);
        let turns = logs.iter().map(Vec::len).max()?;
        let (mut tried, mut unseen) = (BTreeSet::new(), 0);
        let mut memory = Memory::default();
        for turn in 0..turns {
            let of = |list: &Vec<Choice>| list.get(turn.min(list.len().saturating_sub(1))).cloned();
            let selected = logs.iter().filter_map(of).fold(Choice::default(), |all, one| all.and(&one));
            for gather in &gathers {
                for name in &names {
                    let Some(text) = Self::text(selected.and(name).and(gather)) else { continue };
                    let new = text.after(query.text());
                    if tried.contains(&new) {
                        continue;
                    }
                    if tried.len() == MOST {
                        return None;
                    }
                    match self.holds(query.text(), &new, around, (Look::Whole, &mut memory)) {
                        // Nothing was answered, on either side: that takes every world, and says nothing.
                        Verdict::Holds { seen: false, .. } if is_seen && unseen == MOST_UNSEEN => return None,
                        Verdict::Holds { seen: false, .. } if is_seen => {
                            unseen += 1;
                            tried.insert(new)
                        }
                        Verdict::Holds { names, .. } => return Some(self.found(query, around, text, (&new, &names))),
                        Verdict::Refuted { .. } | Verdict::Unable { .. } => tried.insert(new),
                    };
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

    /// Whether the lines that a query selects are all that its answer hangs on, not their labels.
    fn hangs_on_lines(&self, query: &Query<'_>) -> bool {
        let is_own = |name: &str| {
            let name = name.strip_suffix("_extracted").unwrap_or(name);
            WHOSE.contains(&name) || self.lost.contains(name)
        };
        let mut behind = query.uses().into_iter().filter(|one| one.usage != Use::SelectorMatcher);
        matches!(query.expr(query.root()).kind, ExprKind::Log(_)) && !behind.any(|one| is_own(&one.name))
    }

    /// The text of a choice; none where it changes nothing, or one place twice.
    fn text(choice: Choice) -> Option<Analysis> {
        if choice.changes.is_empty() {
            return None;
        }
        let mut analysis =
            Analysis { changes: choice.changes, notes: choice.notes, how: choice.how, ..Analysis::default() };
        analysis.notes.dedup();
        analysis.sort();
        analysis.join();
        let overlap = |pair: &[Change]| pair[0].span.end() > pair[1].span.start();
        (!analysis.changes.windows(2).any(overlap)).then_some(analysis)
    }

    /// A text that is right, with what is worth knowing of it.
    fn found(
        &self,
        query: &Query<'_>,
        around: &Around<'_>,
        mut analysis: Analysis,
        (new, names): (&str, &Names),
    ) -> Analysis {
        analysis.how = analysis.how.or(Some(How::Swap));
        self.note(query, &mut analysis);
        self.take_names(query, new, around, names, &mut analysis);
        analysis
    }

    /// What is worth knowing of a text that is right.
    fn note(&self, query: &Query<'_>, analysis: &mut Analysis) {
        let mut say = |id| analysis.notes.push(Remark { id, why: String::new() });
        let asks_for_job = |one: &Matcher| one.label == "job";
        let asked: Vec<Vec<Matcher>> =
            query.selectors().map(|(_, selector)| query.matchers(selector).iter().map(matcher_of).collect()).collect();
        match analysis.how {
            Some(How::Name | How::Filter) if asked.iter().flatten().any(asks_for_job) => say(ids::BRIDGED),
            Some(How::Append) => {
                let today =
                    |all: &Vec<Matcher>| self.proof.today(&Condition::all(all), Copies::Count).unwrap_or_default();
                if asked.iter().flat_map(today).any(|index| self.is_copy(index)) {
                    say(ids::COPIES);
                }
            }
            _ => {}
        }
        let is_absence =
            |kind: &ExprKind<'_>| matches!(kind, ExprKind::RangeAggregation { function: Function::AbsentOverTime, .. });
        if query.exprs().any(|(_, expr)| is_absence(&expr.kind)) {
            say(ids::ABSENT);
        }
    }

    /// The verdict on a log query as far as `end`, with what of a choice stands there.
    fn judged(
        &self,
        query: &Query<'_>,
        choice: &Choice,
        (start, end): (usize, usize),
        around: &Around<'_>,
        looked: (Look, &mut Memory),
    ) -> Verdict {
        let changes = choice.changes.iter().filter(|change| change.span.end() <= end).cloned().collect();
        let mut analysis = Analysis { changes, ..Analysis::default() };
        analysis.sort();
        let text = &query.text()[..end];
        self.holds(&text[start..], &analysis.after(text)[start..], around, looked)
    }

    /// What a selector with the filters right behind it may become; `None` where nothing that is tried selects the same.
    fn prefixes(&self, query: &Query<'_>, log: &Log, around: &Around<'_>) -> Option<Prefixes> {
        let Some(selector) = log.selector.as_ref().filter(|one| !one.placeholder) else {
            return Some(Prefixes { list: vec![Choice::default()], is_reached: false, stays: true });
        };
        let leading = query
            .stages(log)
            .iter()
            .take_while(|stage| matches!(stage.kind, StageKind::LineFilter { .. } | StageKind::LabelFilter(_)));
        let end = leading.last().map_or(selector.span.end(), |stage| stage.span.end());
        // A range stands apart from a filter.
        let mut end = end + usize::from(query.text()[end..].starts_with(" ["));
        let start = log.span.start();
        let is_whole = around.values_of.is_some();
        let whole =
            |end| self.judged(query, &Choice::default(), (start, end), around, (Look::Whole, &mut Memory::default()));
        let mut as_is = whole(end);
        if matches!(as_is, Verdict::Holds { seen: false, .. }) && end > selector.span.end() {
            // Nothing passes the filters: what is in front of them decides.
            end = selector.span.end();
            as_is = whole(end);
        }
        if let Verdict::Holds { seen, .. } = as_is {
            let mut list = self.filters_in(query, log);
            let all: Vec<_> = query.matchers(selector).iter().map(matcher_of).collect();
            let is_reached = seen && self.flow(&Condition::all(&all)) != Flow::Still;
            list.extend(is_reached.then(|| self.shut(selector)));
            return Some(Prefixes { list, is_reached, stays: true });
        }
        let filters = self.filters_in(query, log);
        let mut selected = self.selectors(query, selector, around);
        let stays = end > selector.span.end() && matches!(whole(selector.span.end()), Verdict::Holds { .. });
        if stays {
            selected.insert(0, Choice::default());
        }
        let (mut list, mut memory) = (Vec::new(), Memory::default());
        if is_whole {
            // What selects the same lines lists the same, whatever label is listed.
            let (lines, mut memory) = (Around { values_of: None, ..*around }, Memory::default());
            selected.sort_by_cached_key(|choice| {
                let judged = self.judged(query, choice, (start, end), &lines, (Look::Whole, &mut memory));
                !matches!(judged, Verdict::Holds { .. })
            });
        }
        for selected in selected {
            for filter in &filters {
                let choice = selected.and(filter);
                let mut may_hold = || {
                    let judged = self.judged(query, &choice, (start, end), around, (Look::Glance, &mut memory));
                    !matches!(judged, Verdict::Refuted { .. })
                };
                if is_whole || may_hold() {
                    list.push(choice);
                }
                if list.len() == MOST_SELECTORS && !is_whole {
                    return Some(Prefixes { list, is_reached: true, stays: false });
                }
            }
        }
        (!list.is_empty()).then_some(Prefixes { list, is_reached: true, stays: false })
    }
}

/// Whether a query tells series apart by labels that only the move brings: it gets them.
fn asks_for_new(query: &Query<'_>) -> bool {
    let behind = query.uses().into_iter().filter(|one| one.usage != Use::SelectorMatcher);
    let asks = |one: &Mention| one.usage == Use::Grouping && NEW.contains(&one.name.as_str());
    let out = |one: &Mention| WHOSE.contains(&one.name.as_str());
    let by = query.exprs().filter_map(|(id, _)| query.grouping(id)).all(|grouping| !grouping.without);
    let parses = query.logs().any(|(_, log)| query.stages(log).iter().any(|stage| stage.kind.parses()));
    let behind: Vec<Mention> = behind.collect();
    // Who asks for one by its name means that one.
    let mut asked = query.selectors().flat_map(|(_, selector)| query.matchers(selector));
    let names = asked.any(|one| NEW.contains(&one.name.text));
    by && !parses && !names && behind.iter().any(asks) && behind.iter().all(|one| asks(one) || !out(one))
}

/// What stands at the beginning of a log query.
struct Prefixes {
    list: Vec<Choice>,
    /// Whether what moves comes through it.
    is_reached: bool,
    /// Whether it selects the same as it is.
    stays: bool,
}
