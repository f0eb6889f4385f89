//! Uses of a label behind the selector: groupings, matchings, formats, templates, parsed fields.
//!
//! Knows: which use follows the move and which a person has to decide (label-surface 1.4, 1.7). Must not know: how
//! selectors and label filters are rewritten.

use std::collections::BTreeSet;

use super::place::Made;
use super::result::keeps;
use super::wrap::NEW;
use super::{Flow, Id, Work, ids};
use crate::proof::Condition;
use crate::rewrite::queries::streams::Called;
use crate::syntax::logql::{ExprId, ExprKind, LogId, Mention, Owner, StageKind, Text, Use};

impl Work<'_, '_, '_> {
    pub(super) fn mention(&mut self, mention: &Mention) {
        let flow = self.flow(mention.owner);
        if flow == Flow::Still {
            return;
        }
        if mention.usage == Use::Extraction {
            return self.extraction(mention);
        }
        match mention.name.as_str() {
            "job" if self.tells_on(mention) => self.doubt(ids::HOST_WIDE, ""),
            "job" if mention.usage != Use::LabelReplaceDestination && !self.restored(mention) => {
                match self.made(mention) {
                    Made::Nowhere => self.job(mention),
                    // No one name is right for both.
                    Made::Partly => self.doubt(ids::HOST_WIDE, ""),
                    Made::Everywhere => {}
                }
            }
            "service_name" if self.merges(mention) => self.doubt(ids::NAME_MOVES, ""),
            "job_extracted" if self.parsed(mention.owner, mention) => {
                self.follow(mention, flow, "job", ids::EXTRACTED, "");
            }
            "service" if self.beside_job(mention) => {
                let Owner::Expr(id) = mention.owner else { return };
                if !self.before.both_tell(&self.feeds(id)) {
                    self.doubt(ids::HOST_WIDE, "");
                }
            }
            // The label it writes would take the place of a field of the line.
            "job" if mention.usage == Use::LabelReplaceDestination && self.overwrites(mention) => {
                self.doubt(ids::EXTRACTED, "");
            }
            label if label != "job" && self.writes_over(mention) => {
                self.doubt(ids::COLLISION, label);
            }
            label @ ("service" | "component" | "container") if self.collides(mention, label) => {
                if self.parsed(mention.owner, mention) {
                    self.follow(mention, flow, &format!("{label}_extracted"), ids::COLLISION, label);
                } else if mention.usage != Use::LabelFilter
                    && (self.pinned(mention.owner) || label == "service" && self.leaves_out(mention))
                {
                    self.doubt(ids::COLLISION, label);
                }
            }
            // A field that got out of the way of a label today: now it may be the one that gets out of the way of ours.
            name => {
                let label = name.strip_suffix("_extracted").unwrap_or("");
                if NEW.contains(&label) && self.collides(mention, label) && self.parsed(mention.owner, mention) {
                    self.doubt(ids::COLLISION, label);
                }
            }
        }
    }

    /// Whether the query writes `job` over what told several jobs from each other, and what comes in its place goes on to.
    fn tells_on(&self, mention: &Mention) -> bool {
        let query = self.query;
        let (names, streams, mut up) = match mention.owner {
            Owner::Log(log) if mention.usage == Use::LabelFormatDestination && !self.shows_lines() => {
                let Some(state) = self.logs.get(&log) else { return false };
                let names = state.called.as_ref().map_or(vec!["service"], |called| called.names.clone());
                (names, state.old.clone(), query.above(log).next())
            }
            Owner::Expr(id) => match &query.expr(id).kind {
                ExprKind::LabelReplace { operand, texts } if !one_to_one(texts) => {
                    (self.carried(*operand).into_iter().flatten().collect(), self.feeds(id), query.expr(id).parent)
                }
                _ => return false,
            },
            Owner::Log(_) => return false,
        };
        let today = self.before.today(&streams);
        let jobs: BTreeSet<_> = today.into_iter().map(|index| self.before.proof.value_today(index, "job")).collect();
        let new = || names.iter().copied().filter(|name| *name != "job");
        if new().next().is_none() || jobs.len() < 2 && self.flow(mention.owner) == Flow::Moved {
            return false;
        }
        while let Some(id) = up {
            let through = |name: &str| match &query.expr(id).kind {
                ExprKind::RangeAggregation { grouping, .. } => self.passes(grouping.as_ref(), name, true),
                ExprKind::VectorAggregation { function, grouping, .. } => {
                    keeps(*function) || self.passes(grouping.as_ref(), name, false)
                }
                _ => true,
            };
            if !new().any(through) {
                return false;
            }
            up = query.expr(id).parent;
        }
        true
    }

    /// Whether a `label_replace` writes over what comes in the place of `job`, and not with what stood there.
    fn writes_over(&self, mention: &Mention) -> bool {
        let (Owner::Expr(id), Use::LabelReplaceDestination) = (mention.owner, mention.usage) else { return false };
        matches!(&self.query.expr(id).kind, ExprKind::LabelReplace { operand, texts }
            if !one_to_one(texts) && self.carried(*operand).iter().any(|names| names.contains(&mention.name.as_str())))
    }

    /// A field of the line gets another name: an edit where all streams move, else for a person.
    fn follow(&mut self, mention: &Mention, flow: Flow, new: &str, id: Id, label: &str) {
        if flow == Flow::Moved {
            self.note(id, label);
        } else {
            self.doubt(id, label);
        }
        self.rename(mention, new, id);
    }

    /// Whether a grouping leaves out the label: all that would tell the moved series apart, where it is `service`.
    fn leaves_out(&self, mention: &Mention) -> bool {
        let Owner::Expr(id) = mention.owner else { return false };
        mention.usage == Use::Grouping && self.query.grouping(id).is_some_and(|grouping| grouping.without)
    }

    /// Whether a grouping names both, as an earlier move left it: each series has one of them, before and after.
    fn beside_job(&self, mention: &Mention) -> bool {
        let Owner::Expr(id) = mention.owner else { return false };
        let both = self.query.grouping(id).is_some_and(|grouping| self.groups_by_both(&grouping));
        both && mention.usage == Use::Grouping && !self.parsed(mention.owner, mention)
    }

    /// A parser sets the labels it names anew, but for those of the stream: what an earlier parser made of one is lost
    /// where the stream lost it, and stays where the stream has it now.
    fn extraction(&mut self, mention: &Mention) {
        // What follows is of lists of keys, not of what a `regexp` or `pattern` captures.
        let (Owner::Log(log), None) = (mention.owner, mention.within) else { return };
        let stages = self.query.stages(self.query.log(log));
        let own = stages.iter().rfind(|stage| stage.span.start() <= mention.span.start());
        let anew = own.is_some_and(|own| self.parses(log, own.span.start()));
        let label = mention.name.as_str();
        // Of several keys, `logfmt` stops at the first it finds once all that is asked for is set, and it sets each key
        // beforehand that is no label of the stream (`LogfmtExpressionParser.Process`).
        let stops = matches!(own.map(|own| &own.kind), Some(StageKind::Logfmt(keys)) if self.query.extractions(*keys).len() > 1)
            && self.asked_above(log, label);
        // Of what stays it goes on to be called as it was.
        let apart = self.flow(mention.owner) == Flow::Mixed && !self.shows_lines();
        if (anew || stops) && label == "job" {
            self.doubt(ids::EXTRACTED, "");
        } else if (anew || stops || apart) && NEW.contains(&label) && self.collides(mention, label) {
            self.doubt(ids::COLLISION, label);
        }
    }

    /// Whether an aggregation above a log query groups by a field of this name, or a stage reads it for one that groups.
    fn asked_above(&self, log: LogId, label: &str) -> bool {
        let grouped = self.query.above(log).any(|id| self.query.grouping(id).is_some());
        let field = |name: &str| name.strip_suffix("_extracted").unwrap_or(name) == label;
        grouped
            && self
                .uses
                .iter()
                .any(|one| field(&one.name) && !matches!(one.usage, Use::SelectorMatcher | Use::Extraction))
    }

    /// Whether `service_name` tells series here from each other that it will tell no longer, or the other way round.
    fn merges(&self, mention: &Mention) -> bool {
        let reads = !matches!(
            mention.usage,
            Use::SelectorMatcher | Use::LabelFilter | Use::LabelFormatDestination | Use::LabelReplaceDestination
        );
        let all = match mention.owner {
            Owner::Log(id) => self.logs.get(&id).map_or(Condition::Open, |log| log.old.clone()),
            Owner::Expr(id) => self.feeds(id),
        };
        reads && self.pinned(mention.owner) && !self.before.name_tells(&all)
    }

    /// One use of `job` outside selectors and label filters, where streams that move come by.
    fn job(&mut self, mention: &Mention) {
        let called = self.called(mention.owner);
        let lost = match (mention.owner, mention.usage) {
            (Owner::Expr(id), Use::Grouping | Use::Matching | Use::LabelReplaceSource) if !self.brings_job(id) => {
                Some(self.brings_field(id))
            }
            (Owner::Log(log), _) if mention.usage != Use::LabelFilter && self.lost(log, mention.span.start()) => {
                Some(self.parses(log, mention.span.start()))
            }
            _ => None,
        };
        match lost {
            // It reads the field of the line that the label of the stream kept from having that name.
            Some(true) => return self.doubt(ids::EXTRACTED, ""),
            Some(false) => return,
            None => {}
        }
        match mention.usage {
            Use::Grouping => self.grouping(mention, called.as_ref()),
            Use::Matching => {
                let together = called.as_ref().is_some_and(|called| called.together);
                self.note_or_doubt(together && self.on_both_sides(mention.owner), ids::MATCHING);
                self.rename(mention, &names(called.as_ref()), ids::MATCHING);
            }
            Use::LabelReplaceSource | Use::LabelFormatSource => {
                let asked = matches!(mention.owner, Owner::Log(id) if self.asks_for_job(id, mention.span.end()));
                // What gives its value to another label is gone; `service_name` stood beside `job`.
                let stays = mention.usage == Use::LabelReplaceSource
                    || called.as_ref().is_some_and(|called| called.names[..] == ["service"]);
                if asked || !stays || !single(called.as_ref(), true) {
                    self.doubt(ids::TEMPLATE_LABEL, "");
                }
                self.rename(mention, &first(called.as_ref()), ids::SOURCE);
            }
            Use::Template => {
                let same = called.as_ref().is_some_and(|called| called.same);
                // The text that is printed changes with the name: for people, not for what counts lines and bytes.
                let told = self.shows_lines() && !self.before.moved.keep_history;
                let certain = single(called.as_ref(), false) && (same || told && self.literals(mention));
                if !same {
                    self.note(ids::VALUE, "");
                }
                self.note_or_doubt(certain, ids::TEMPLATE_LABEL);
                self.rename(mention, &first(called.as_ref()), ids::TEMPLATE_LABEL);
            }
            Use::Keep | Use::Drop => self.pick(mention, called.as_ref()),
            Use::Unwrap => self.doubt(ids::UNWRAP, ""),
            Use::SelectorMatcher
            | Use::LabelFilter
            | Use::Extraction
            | Use::LabelFormatDestination
            | Use::LabelReplaceDestination => {}
        }
    }

    pub(super) fn note_or_doubt(&mut self, certain: bool, id: Id) {
        if certain {
            self.note(id, "");
        } else {
            self.doubt(id, "");
        }
    }

    fn grouping(&mut self, mention: &Mention, called: Option<&Called>) {
        let Owner::Expr(id) = mention.owner else { return };
        let Some(grouping) = self.query.grouping(id) else { return };
        let has = |label: &str| self.query.names(grouping.labels).iter().any(|name| name.text == label);
        // A grouping by both tells old and new streams apart as it is, unless it names a field of the line.
        let field = self.parsed(mention.owner, mention) && self.flow(mention.owner) == Flow::Moved;
        if has("service") && !field {
            // A stage that keeps one of the names alone leaves none to group by where it is another.
            if self.feeding(mention.owner).into_iter().any(|log| self.keeps(log))
                && called.is_none_or(|called| called.names[..] != ["service"])
            {
                self.doubt(ids::HOST_WIDE, "");
            }
            return;
        }
        let Some(called) = called.filter(|called| called.together || grouping.without) else {
            self.doubt(ids::HOST_WIDE, "");
            let new = if grouping.without { "job, service, component, container" } else { "job, service" };
            return self.change(mention.span, new, ids::HOST_WIDE);
        };
        if !called.same {
            self.note(ids::VALUE, "");
        }
        // A line of what stays may have a field of that name.
        if called.names.len() > 1 && self.parsed(mention.owner, mention) {
            self.doubt(ids::COLLISION, "service");
        }
        if !grouping.without {
            if self.feeding(mention.owner).into_iter().any(|log| self.strays(log, &called.names)) {
                self.doubt(ids::HOST_WIDE, "");
            }
            let names = called.names.join(", ");
            return self.change_of(mention.span, names.as_str(), ids::GROUPING, &names);
        }
        // `service_name` is there today, too: without `job`, it stays.
        let mixed = self.flow(mention.owner) != Flow::Moved;
        let all = if mixed { ["job", "service", "component", "container"].as_slice() } else { &NEW };
        let feeding = self.query.feeding(id);
        let fresh = self.fresh_of(&feeding, 1);
        let set = |label: &&str| NEW[1..].iter().all(|one| one != label) || fresh.contains(label);
        // A field that is named there is called `…_extracted` afterwards.
        let mut missing: Vec<&str> =
            all.iter().copied().filter(|label| (!has(label) || *label == "job" || field) && set(label)).collect();
        if mixed && feeding.iter().any(|log| self.blurred(*log)) {
            self.doubt(ids::COLLISION, "component");
        }
        if called.names.contains(&"service_name")
            && (feeding.into_iter().any(|log| self.keeps(log)) || self.grouped_below(id))
        {
            missing.push("service_name");
        }
        self.change(mention.span, missing.join(", "), ids::WITHOUT);
    }

    /// Whether the lines of a log query have lost their `job` and keep one of these labels, so that a grouping by it tells
    /// apart what a grouping by `job` did not.
    fn strays(&self, id: LogId, names: &[&'static str]) -> bool {
        let Some(log) = self.logs.get(&id).filter(|_| !self.kept(id) && !self.keeps(id)) else { return false };
        let own = self.before.labels(&log.old);
        names.iter().any(|name| *name != "job" && own.contains(name))
    }

    /// Writes another name in the place of this one.
    pub(super) fn rename(&mut self, mention: &Mention, new: &str, id: Id) {
        let label = mention.name.strip_suffix("_extracted").unwrap_or(&mention.name);
        match mention.within {
            None => self.change_of(mention.span, new, id, label),
            Some(within) => {
                // A name in a string: only where the string holds it as it is written.
                let written = mention.span.of(self.query.text());
                let plain = within.len() + 2 == written.len() || written.starts_with('`') || !written.contains('\\');
                let span = within.shifted(mention.span.start() + 1);
                if plain && self.query.text().get(span.range()) == Some(mention.name.as_str()) {
                    self.change_of(span, new, id, label);
                } else {
                    self.doubt(ids::TEMPLATE_LABEL, "");
                }
            }
        }
    }

    /// Whether the lines of each operand move, so that both sides of a matching carry the same labels.
    fn on_both_sides(&self, owner: Owner) -> bool {
        let Owner::Expr(id) = owner else { return false };
        // `service_name` is there today as well, also where `job` was taken away.
        let named = self.called(owner).is_some_and(|called| called.names.contains(&"service_name"));
        let moves = |id: ExprId| self.flow(Owner::Expr(id)) != Flow::Still && (!named || !self.carried(id).is_empty());
        self.query.operands(id).into_iter().all(moves)
    }

    /// Whether a grouping by `job` stands inside an expression.
    fn grouped_below(&self, id: ExprId) -> bool {
        let mut open = self.query.operands(id);
        while let Some(next) = open.pop() {
            // A pick hands on all labels.
            let picks =
                matches!(self.query.expr(next).kind, ExprKind::VectorAggregation { function, .. } if keeps(function));
            let by = self.query.grouping(next).is_some_and(|grouping| {
                !picks && !grouping.without && self.query.names(grouping.labels).iter().any(|name| name.text == "job")
            });
            if by {
                return true;
            }
            open.extend(self.query.operands(next));
        }
        false
    }

    pub(super) fn variants(&mut self) {
        let query = self.query;
        for (_, expr) in query.exprs() {
            if let ExprKind::Variants { log, .. } = expr.kind
                && self.flow(Owner::Log(log)) != Flow::Still
            {
                self.doubt(ids::VARIANTS, "");
            }
        }
    }
}

/// Whether `label_replace` takes all of `job`, so that series that it told apart stay apart.
fn one_to_one(texts: &[Text<'_>; 4]) -> bool {
    let [_, new, from, pattern] = texts;
    from.value == "job"
        && matches!(&*pattern.value, "(.*)" | "(.+)")
        && (new.value.contains("$1") || new.value.contains("${1}"))
}

/// Whether one name can stand for `job`, and with `value`, each value is the same as well.
fn single(called: Option<&Called>, value: bool) -> bool {
    called.is_some_and(|called| called.names.len() == 1 && (called.same || !value))
}

fn names(called: Option<&Called>) -> String {
    called.map_or_else(|| "service".to_owned(), |called| called.names.join(", "))
}

fn first(called: Option<&Called>) -> String {
    called.and_then(|called| called.names.last()).map_or("service", |name| *name).to_owned()
}
