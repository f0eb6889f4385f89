//! Uses of a label behind the selector: groupings, matchings, formats, templates, parsed fields.
//!
//! Knows: which use follows the move and which a person has to decide (label-surface 1.4, 1.7). Must not know: how
//! selectors and label filters are rewritten.

use super::wrap::NEW;
use super::{Flow, Id, Work, ids};
use crate::rewrite::queries::streams::Called;
use crate::syntax::logql::{ExprId, ExprKind, Grouping, LogId, Mention, Owner, StageKind, Text, Use};

impl Work<'_, '_, '_> {
    pub(super) fn mention(&mut self, mention: &Mention) {
        let flow = self.flow(mention.owner);
        if flow == Flow::Still {
            return;
        }
        match mention.name.as_str() {
            "job" if !self.made(mention) && !self.restored(mention) => self.job(mention),
            "job_extracted" if mention.usage != Use::Extraction && self.parsed(mention.owner, mention) => {
                self.follow(mention, flow, "job", ids::EXTRACTED, "");
            }
            "service" if self.beside_job(mention) => {}
            label @ ("service" | "component" | "container") if self.collides(mention, label) => {
                if self.parsed(mention.owner, mention) {
                    self.follow(mention, flow, &format!("{label}_extracted"), ids::COLLISION, label);
                } else if mention.usage != Use::LabelFilter && self.pinned(mention.owner) {
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

    /// A field of the line gets another name: an edit where all streams move, else for a person.
    fn follow(&mut self, mention: &Mention, flow: Flow, new: &str, id: Id, label: &str) {
        if flow == Flow::Moved {
            self.note(id, label);
        } else {
            self.doubt(id, label);
        }
        self.rename(mention, new, id);
    }

    /// Whether a grouping names both, as an earlier move left it: each series has one of them, before and after.
    fn beside_job(&self, mention: &Mention) -> bool {
        let Owner::Expr(id) = mention.owner else { return false };
        let both = self.grouping_of(id).is_some_and(|grouping| self.groups_by_both(&grouping));
        both && mention.usage == Use::Grouping && !self.parsed(mention.owner, mention)
    }

    pub(super) fn groups_by_both(&self, grouping: &Grouping) -> bool {
        let has = |label: &str| self.query.names(grouping.labels).iter().any(|name| name.text == label);
        !grouping.without && has("job") && has("service")
    }

    fn grouping_of(&self, id: ExprId) -> Option<Grouping> {
        match &self.query.expr(id).kind {
            ExprKind::RangeAggregation { grouping, .. } | ExprKind::VectorAggregation { grouping, .. } => *grouping,
            _ => None,
        }
    }

    /// Whether the selectors say whose lines they mean; over a whole host, new labels are as welcome as new streams.
    fn pinned(&self, owner: Owner) -> bool {
        let logs = self.feeding(owner).into_iter().filter_map(|id| self.logs.get(&id));
        logs.filter(|log| log.entering != Flow::Still).any(|log| log.flow == Flow::Moved || log.how.is_some())
    }

    /// Whether the mention reads a name that is free today and a label of the moved streams afterwards.
    fn collides(&self, mention: &Mention, label: &str) -> bool {
        let names_it = matches!(
            mention.usage,
            Use::Extraction | Use::SelectorMatcher | Use::LabelFormatDestination | Use::LabelReplaceDestination
        );
        let free = |log: LogId| {
            let log = self.logs.get(&log).filter(|log| log.entering != Flow::Still);
            log.is_some_and(|log| self.before.takes(&log.entered, label))
        };
        !names_it && self.feeding(mention.owner).into_iter().any(free) && !self.made(mention)
    }

    /// One use of `job` outside selectors and label filters, where streams that move come by.
    fn job(&mut self, mention: &Mention) {
        let called = self.called(mention.owner);
        if let (Owner::Expr(id), Use::Grouping | Use::Matching | Use::LabelReplaceSource) =
            (mention.owner, mention.usage)
            && !self.brings_job(id)
        {
            return;
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
                if asked || !single(called.as_ref(), true) {
                    self.doubt(ids::TEMPLATE_LABEL, "");
                }
                self.rename(mention, &first(called.as_ref()), ids::SOURCE);
            }
            Use::Template => {
                let same = called.as_ref().is_some_and(|called| called.same);
                let log = matches!(self.query.expr(self.query.root()).kind, ExprKind::Log(_));
                // The text that is printed changes with the name: for people, not for what counts lines and bytes.
                let told = log && !self.before.moved.keep_history;
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
        let Some(grouping) = self.grouping_of(id) else { return };
        let has = |label: &str| self.query.names(grouping.labels).iter().any(|name| name.text == label);
        // A grouping by both tells old and new streams apart as it is, unless it names a field of the line.
        let field = self.parsed(mention.owner, mention) && self.flow(mention.owner) == Flow::Moved;
        if has("service") && !field {
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
            let names = called.names.join(", ");
            return self.change_of(mention.span, names.as_str(), ids::GROUPING, &names);
        }
        // `service_name` is there today, too: without `job`, it stays.
        let mixed = self.flow(mention.owner) != Flow::Moved;
        let all = if mixed { ["job", "service", "component", "container"].as_slice() } else { &NEW };
        let feeding = self.query.feeding(id);
        let set = |label: &&str| NEW[1..].iter().all(|one| one != label) || self.is_fresh(&feeding, label);
        let mut missing: Vec<&str> =
            all.iter().copied().filter(|label| (!has(label) || *label == "job") && set(label)).collect();
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

    fn feeding(&self, owner: Owner) -> Vec<LogId> {
        match owner {
            Owner::Log(id) => vec![id],
            Owner::Expr(id) => self.query.feeding(id),
        }
    }

    /// The streams that come by at this part of the query; at a stage, before any label filter.
    pub(super) fn flow(&self, owner: Owner) -> Flow {
        if let Owner::Log(id) = owner {
            return self.logs.get(&id).map_or(Flow::Still, |log| match log.flow {
                Flow::Still => log.entering,
                flow => flow,
            });
        }
        let flows = self.feeding(owner).into_iter().filter_map(|id| self.logs.get(&id)).map(|log| log.flow);
        flows.reduce(Flow::join).unwrap_or(Flow::Still)
    }

    /// What `job` is called at this part of the query: the same for all log queries that move.
    fn called(&self, owner: Owner) -> Option<Called> {
        let logs = self.feeding(owner).into_iter().filter_map(|id| self.logs.get(&id));
        let mut all = logs.filter(|log| log.flow != Flow::Still).map(|log| log.called.clone());
        let first = all.next()??;
        all.try_fold(first, |first, next| {
            let next = next.filter(|next| next.names == first.names)?;
            Some(Called { same: first.same && next.same, ..first })
        })
    }

    /// Whether the lines of each operand move, so that both sides of a matching carry the same labels.
    fn on_both_sides(&self, owner: Owner) -> bool {
        let Owner::Expr(id) = owner else { return false };
        // `service_name` is there today as well, also where `job` was taken away.
        let named = self.called(owner).is_some_and(|called| called.names.contains(&"service_name"));
        let moves = |id: ExprId| self.flow(Owner::Expr(id)) != Flow::Still && (!named || !self.carried(id).is_empty());
        self.query.operands(id).into_iter().all(moves)
    }

    /// Whether `job` is put back before this place, so that it may be read here as ever.
    fn restored(&self, mention: &Mention) -> bool {
        let Owner::Expr(id) = mention.owner else { return false };
        self.restores && !matches!(self.query.expr(id).kind, ExprKind::RangeAggregation { .. })
    }

    /// Whether the label at this place is one the query itself has made.
    fn made(&self, mention: &Mention) -> bool {
        let makes = |log: LogId, until: usize| {
            self.query.stages(self.query.log(log)).iter().filter(|stage| stage.span.end() <= until).any(|stage| {
                matches!(&stage.kind, StageKind::LabelFormat(list)
                    if self.query.formats(*list).iter().any(|item| item.destination.text == mention.name))
            })
        };
        match mention.owner {
            Owner::Log(log) => makes(log, mention.span.start()),
            Owner::Expr(owner) => {
                let feeding = self.query.feeding(owner);
                feeding.into_iter().any(|log| makes(log, usize::MAX) || self.replaced_by(log, owner, &mention.name))
            }
        }
    }

    /// Whether a `label_replace` between the log query and the expression writes the label.
    fn replaced_by(&self, log: LogId, owner: ExprId, label: &str) -> bool {
        let writes = |texts: &[Text<'_>; 4]| texts[0].value == label;
        self.query
            .above(log)
            .take_while(|&id| id != owner)
            .any(|id| matches!(&self.query.expr(id).kind, ExprKind::LabelReplace { texts, .. } if writes(texts)))
    }

    /// Whether a parser has run over the line before this place.
    fn parsed(&self, owner: Owner, mention: &Mention) -> bool {
        let until = if matches!(owner, Owner::Log(_)) { mention.span.start() } else { usize::MAX };
        self.feeding(owner).into_iter().any(|log| self.parses(log, until))
    }

    /// Whether a stage of a log query that starts before `until` makes labels from the line.
    pub(super) fn parses(&self, log: LogId, until: usize) -> bool {
        let stages = self.query.stages(self.query.log(log));
        stages.iter().filter(|stage| stage.span.start() < until).any(|stage| {
            use StageKind::{Json, Logfmt, Pattern, Regexp, Unpack};
            matches!(stage.kind, Json(_) | Logfmt(_) | Regexp(_) | Pattern(_) | Unpack)
        })
    }

    /// Whether lines come to an expression with this label once they have moved.
    fn is_fresh(&self, feeding: &[LogId], label: &str) -> bool {
        feeding.iter().any(|log| self.fresh(*log, 1).contains(&label))
    }

    /// Whether a grouping by `job` stands inside an expression.
    fn grouped_below(&self, id: ExprId) -> bool {
        let mut open = self.query.operands(id);
        while let Some(next) = open.pop() {
            let by = self.grouping_of(next).is_some_and(|grouping| {
                !grouping.without && self.query.names(grouping.labels).iter().any(|name| name.text == "job")
            });
            if by {
                return true;
            }
            open.extend(self.query.operands(next));
        }
        false
    }

    /// Whether the series that come to an expression have the label `job` of a stream.
    fn brings_job(&self, id: ExprId) -> bool {
        match self.query.own_log(id) {
            Some(log) => self.kept(log),
            None => self.query.operands(id).into_iter().any(|operand| !self.carried(operand).is_empty()),
        }
    }

    /// Whether a stage keeps some labels only.
    fn keeps(&self, id: LogId) -> bool {
        self.query.stages(self.query.log(id)).iter().any(|stage| matches!(stage.kind, StageKind::Keep(_)))
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
