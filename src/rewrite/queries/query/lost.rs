//! Labels that what moves loses, in a query: selectors and filters that ask for one, and whatever else reads one.
//!
//! Knows: where they stand and what a series carries. Must not know: which labels are lost, and what asks for the same.

use super::result::keeps;
use super::{Change, Log, Work, ids, write};
use crate::proof::{self, Condition, Matcher};
use crate::rewrite::How;
use crate::rewrite::queries::fate::New;
use crate::syntax::logql::{ExprId, ExprKind, LogId, Mention, Owner, Selector, StageKind, Use};
use crate::text::Span;

impl Work<'_, '_, '_> {
    /// A selector that selects what moves by a label that it loses: left for a person, with what selects the same.
    pub(super) fn lost_selector(&mut self, selector: &Selector, old: &[Matcher], log: &mut Log) -> bool {
        let before = self.before;
        let bitten: Vec<usize> = (0..old.len()).filter(|&index| before.bites(&log.old, &old[index])).collect();
        if bitten.is_empty() {
            return false;
        }
        let labels: Vec<&str> = bitten.iter().map(|&index| old[index].label.as_str()).collect();
        self.doubt(ids::LOST, &before.lost_why(&labels));
        let of_job = |one: &Matcher| one.label == "job" && !one.is_negative() && before.names(one);
        let gone: Vec<usize> = (0..old.len()).filter(|index| bitten.contains(index) || of_job(&old[*index])).collect();
        if let Some(new) = before.instead(old, &gone, self.around.values_of.is_some()) {
            log.how = Some(new.how);
            log.filtered = new.filter.is_some();
            log.new = new.filter.iter().fold(Condition::all(&new.matchers), |all, filter| all.and(filter.clone()));
            self.written_anew(selector, &new);
        }
        true
    }

    /// A selector that takes in what moves, once that has lost the label by which it is left out.
    pub(super) fn lets_in(&mut self, selector: &Selector, old: &[Matcher], log: &mut Log) {
        let before = self.before;
        if old.iter().all(|one| !before.lost.contains(one.label.as_str())) {
            return;
        }
        let Some((index, new)) = before.let_in(old) else { return };
        self.doubt(ids::LOST_LEFT_OUT, &before.lost_why(&[&old[index].label]));
        if let Some(new) = new {
            log.how = Some(How::Append);
            self.written_anew(selector, &new);
        }
    }

    /// Proposes all matchers of a selector, and what stands behind it.
    fn written_anew(&mut self, selector: &Selector, new: &New) {
        let matchers = self.query.matchers(selector);
        let (Some(first), Some(last)) = (matchers.first(), matchers.last()) else { return };
        if selector.placeholder {
            return;
        }
        let quote = first.value.quote;
        let text = new.matchers.iter().map(|one| write(one, quote)).collect::<Vec<_>>().join(", ");
        self.change(Span::new(first.span.start(), last.span.end()), text, ids::LOST);
        if let Some(filter) = &new.filter {
            self.filter_behind(selector, filter, quote, ids::LOST);
        }
    }

    /// What comes to a label filter on a lost label, as it asks today and afterwards; `None` where it is not about what moves.
    pub(super) fn lost_comparison(&mut self, id: LogId, one: &Matcher, whole: Span, alone: bool) -> Option<Condition> {
        let before = self.before;
        let context = self.logs.get(&id)?.old.clone();
        if !before.bites(&context, one) {
            return None;
        }
        let why = before.lost_why(&[&one.label]);
        self.doubt(if one.is_negative() { ids::LOST_LEFT_OUT } else { ids::LOST }, &why);
        let new = before.lost_leaf(one, &context)?;
        let text = proof::written(&new, &proof::quoted);
        let text = if alone { text } else { format!("({text})") };
        self.result.changes.push(Change { span: whole, new: text, id: ids::LOST, labels: String::new() });
        Some(new)
    }

    /// A use of a lost label behind the selector: it is empty afterwards.
    pub(super) fn lost_mention(&mut self, mention: &Mention) {
        let field = mention.name.strip_suffix("_extracted").filter(|_| self.parsed(mention.owner, mention));
        let label = field.unwrap_or(&mention.name);
        let reads = matches!(
            mention.usage,
            Use::Grouping
                | Use::Matching
                | Use::LabelReplaceSource
                | Use::LabelFormatSource
                | Use::Keep
                | Use::Unwrap
                | Use::Template
        );
        if !reads || !self.before.lost.contains(label) || self.made(mention) == super::place::Made::Everywhere {
            return;
        }
        let without = |id| self.query.grouping(id).is_some_and(|grouping| grouping.without);
        let comes = match mention.owner {
            Owner::Log(log) => self.logs.get(&log).is_some_and(|log| self.before.loses(&log.entered, label)),
            Owner::Expr(id) if mention.usage == Use::Grouping && without(id) => false,
            Owner::Expr(id) => match self.query.own_log(id) {
                Some(log) => self.has_behind(log, label),
                None => self.query.operands(id).into_iter().any(|operand| self.brings(operand, label)),
            },
        };
        if comes {
            self.doubt(ids::LOST_READ, label);
        }
    }

    /// The lost labels that the result has today.
    pub(super) fn loses_of_result(&self) -> Vec<String> {
        let root = self.query.root();
        let lost = self.before.lost.iter().filter(|label| self.brings(root, label));
        lost.map(|label| (*label).to_owned()).collect()
    }

    /// Whether the series of an expression carry a label that streams lose. Nesting is bounded by the reader.
    fn brings(&self, id: ExprId, label: &str) -> bool {
        match &self.query.expr(id).kind {
            ExprKind::Log(log) => self.has_behind(*log, label),
            ExprKind::RangeAggregation { log, grouping, .. } => {
                self.passes(grouping.as_ref(), label, true) && self.has_behind(*log, label)
            }
            ExprKind::VectorAggregation { function, operand, grouping } => {
                (keeps(*function) || self.passes(grouping.as_ref(), label, false)) && self.brings(*operand, label)
            }
            _ => self.query.operands(id).into_iter().any(|operand| self.brings(operand, label)),
        }
    }

    /// Whether the lines of a log query lose a label and have it still behind the last stage.
    fn has_behind(&self, id: LogId, label: &str) -> bool {
        let query = self.query;
        let Some(log) = self.logs.get(&id) else { return false };
        let takes_away = |kind: &StageKind<'_>| match kind {
            StageKind::Keep(list) => !query.picks(*list).iter().any(|pick| pick.name.text == label),
            StageKind::Drop(list) => {
                query.picks(*list).iter().any(|pick| pick.name.text == label && pick.condition.is_none())
            }
            StageKind::LabelFormat(list) => query.formats(*list).iter().any(|item| item.destination.text == label),
            _ => false,
        };
        self.before.loses(&log.old, label) && !query.stages(query.log(id)).iter().any(|stage| takes_away(&stage.kind))
    }
}
