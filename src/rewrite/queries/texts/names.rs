//! What a label is called behind the selectors: groupings, matchings, templates, fields.
//!
//! Knows: every place that names `job` or a label that a field of the line may be called like. Must not know: selectors, and
//! which name is right.

use super::super::ids;
use super::super::query::{Change, NEW, Remark};
use super::super::streams::Before;
use super::Choice;
use crate::syntax::logql::{self, Grouping, Mention, Owner, Query, Use};
use crate::text::Span;

/// What `job` may be called.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Called {
    Service,
    Name,
    Both,
    Component,
}

impl Called {
    /// The names, where several may stand.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Service => &["service"],
            Self::Name => &["service_name"],
            Self::Both => &["job", "service"],
            Self::Component => &["component"],
        }
    }

    /// Those a place has to name to leave the label out.
    fn left_out(self) -> &'static [&'static str] {
        match self {
            Self::Service | Self::Component => &NEW,
            Self::Name | Self::Both => &["job", "service", "component", "container"],
        }
    }
}

impl Before<'_> {
    /// The names behind the selectors as they may be: each other name of `job`, with fields of the line called as they come to
    /// be called and as they are; then as they are.
    pub(super) fn namings(&self, query: &Query<'_>) -> Vec<Choice> {
        let uses: Vec<Mention> = query.uses().into_iter().filter(|one| one.usage != Use::SelectorMatcher).collect();
        let fields = fields(query, &uses);
        let mut list = Vec::new();
        for called in [Called::Service, Called::Name, Called::Both, Called::Component] {
            if called == Called::Component && self.moved.jobs.len() < 2 {
                continue;
            }
            for fields in [fields.as_ref(), None] {
                let named = self.named_as(query, &uses, called, fields).filter(|one| !one.changes.is_empty());
                list.extend(named.map(|one| fields.map_or(one.clone(), |fields| one.and(fields))));
                if fields.is_none() {
                    break;
                }
            }
        }
        list.extend(fields);
        list.push(Choice::default());
        list
    }

    /// Each `job` under another name, beside fields that get out of the way.
    fn named_as(&self, query: &Query<'_>, uses: &[Mention], called: Called, fields: Option<&Choice>) -> Option<Choice> {
        let gives_way = |span: Span| fields.is_some_and(|fields| fields.changes.iter().any(|one| one.span == span));
        let mut choice = Choice::default();
        for one in uses.iter().filter(|one| one.name == "job") {
            let lists = matches!(one.usage, Use::Grouping | Use::Matching | Use::Keep | Use::Drop);
            match one.usage {
                Use::SelectorMatcher
                | Use::LabelFilter
                | Use::Extraction
                | Use::LabelFormatDestination
                | Use::LabelReplaceDestination => continue,
                // One name alone may stand here.
                _ if !lists && called == Called::Both => continue,
                _ => {}
            }
            let without = grouping(query, one).is_some_and(|grouping| grouping.without);
            let names = if without || one.usage == Use::Drop { called.left_out() } else { called.names() };
            let there: Vec<&str> = grouping(query, one).map_or(Vec::new(), |grouping| {
                let all =
                    query.names(grouping.labels).iter().filter(|name| name.text != "job" && !gives_way(name.span));
                all.map(|name| name.text).collect()
            });
            let names: Vec<&str> = names.iter().copied().filter(|name| !there.contains(name)).collect();
            // It stands there already.
            if names.is_empty() {
                continue;
            }
            let new = names.join(", ");
            let id = match one.usage {
                Use::Grouping if without => ids::WITHOUT,
                Use::Grouping => ids::GROUPING,
                Use::Matching => ids::MATCHING,
                Use::Template => ids::TEMPLATE_LABEL,
                Use::Keep | Use::Drop => ids::PICK,
                _ => ids::SOURCE,
            };
            choice.changes.push(renamed(query, one, &new, id)?);
            if one.usage == Use::Template && called != Called::Name {
                self.literals(query, one, &mut choice);
            }
        }
        choice.changes.dedup();
        Some(choice)
    }

    /// Jobs that a template names in quotes, beside a name: they are called as the project.
    fn literals(&self, query: &Query<'_>, mention: &Mention, choice: &mut Choice) {
        let written = mention.span.of(query.text());
        let Some(decoded) = logql::decoded(written) else { return };
        for job in self.moved.jobs.iter().filter(|job| **job != self.moved.project) {
            for (at, _) in decoded.match_indices(&format!("\"{job}\"")) {
                let Some(span) = logql::within(written, Span::new(at + 1, at + 1 + job.len())) else { continue };
                let span = span.shifted(mention.span.start());
                let new = self.moved.project.clone();
                let change = Change { span, new, id: ids::TEMPLATE_LABEL, labels: "job".to_owned() };
                if !choice.changes.contains(&change) {
                    choice.changes.push(change);
                }
            }
        }
    }
}

/// Another name in the place of one.
fn renamed(query: &Query<'_>, mention: &Mention, new: &str, id: ids::Id) -> Option<Change> {
    let span = match mention.within {
        None => mention.span,
        Some(within) => logql::within(mention.span.of(query.text()), within)?.shifted(mention.span.start()),
    };
    let labels = mention.name.strip_suffix("_extracted").unwrap_or(&mention.name).to_owned();
    Some(Change { span, new: new.to_owned(), id, labels })
}

/// The grouping that a use stands in.
fn grouping(query: &Query<'_>, mention: &Mention) -> Option<Grouping> {
    let Owner::Expr(id) = mention.owner else { return None };
    query.grouping(id).filter(|_| mention.usage == Use::Grouping)
}

/// Fields of the line get out of the way of labels that the moved streams have, and the field `job` has its name to itself.
fn fields(query: &Query<'_>, uses: &[Mention]) -> Option<Choice> {
    if !query.logs().any(|(_, log)| query.stages(log).iter().any(|stage| stage.kind.parses())) {
        return None;
    }
    let mut choice = Choice::default();
    for one in uses {
        let new = match one.name.as_str() {
            "job_extracted" => "job".to_owned(),
            label if NEW.contains(&label) => format!("{label}_extracted"),
            _ => continue,
        };
        if matches!(
            one.usage,
            Use::Extraction | Use::LabelFormatDestination | Use::LabelReplaceDestination | Use::SelectorMatcher
        ) {
            continue;
        }
        let id = if one.name == "job_extracted" { ids::EXTRACTED } else { ids::COLLISION };
        choice.changes.push(renamed(query, one, &new, id)?);
        let note = Remark { id, why: if id == ids::COLLISION { one.name.clone() } else { String::new() } };
        if !choice.notes.contains(&note) {
            choice.notes.push(note);
        }
    }
    (!choice.changes.is_empty()).then_some(choice)
}
