//! Texts of alert rules: annotations and labels whose templates read labels of the rule's queries.
//!
//! Knows: which queries of a rule were rewritten, and where the labels of each part come from. Must not know: how a
//! template is read.

use crate::finding::Level;
use crate::rewrite::queries::follow::Follower;
use crate::rewrite::queries::follow::alert::{self, Read, Whose};
use crate::rewrite::queries::ids;
use crate::rewrite::queries::query::Rename;
use crate::text::{Place, Span, View, Why};
use crate::topology::sites::alerts::Origin;
use crate::topology::sites::{Holder, RuleText, SiteKind};

use super::put_back::Kept;
use super::texts::fills_in;
use super::{Sited, State, Work, all_renames};

/// What became of the labels a text reads.
pub(super) enum Labels {
    /// They are the same, or these have other names.
    Known(Vec<Rename>),
    /// Not every query behind them was moved with certainty.
    Open,
    /// The rule drops them before a text sees them.
    Dropped,
}

impl<'w> Work<'w, '_> {
    pub(super) fn rule(&mut self, holder: &'w Holder, mine: &[Sited<'w, '_>], kind: SiteKind, fact: &Place) {
        if kind.on_dashboard() {
            return;
        }
        let renames = all_renames(mine);
        let kept = self.kept(holder, mine);
        // What prints the job of the alert goes on to print it.
        let job = kept.as_ref().and_then(Kept::job).filter(|_| !self.before.same_name());
        for text in holder.texts.iter().filter(|_| !renames.is_empty()) {
            for read in alert::in_alert(&text.view, &renames) {
                if !self.printed(kind, &text.view, &read, job, fact) {
                    self.text(holder, mine, kind, text, &read, &renames, fact);
                }
            }
        }
        self.own_labels(holder, mine, kind);
        if let Some(kept) = kept {
            self.put_back(kept, mine, kind);
        }
    }

    /// The job itself where a text prints it, and the label that has its place is called otherwise. A link leads to where
    /// things have their new names.
    fn printed(&mut self, kind: SiteKind, view: &View, read: &Read, job: Option<&str>, fact: &Place) -> bool {
        let (Some(job), Some((tag, _)), "job", Whose::Alert) = (job, read.alone, &*read.label, &read.whose) else {
            return false;
        };
        if view.text().contains("://") || fills_in(view, read) || self.is_written(view, tag) {
            return false;
        }
        let rename = Rename { old: "job", new: vec!["service"] };
        let follower = Follower { span: tag, new: Some(job.to_owned()) };
        self.follow(kind, view, &follower, &rename, (ids::TEXT_PRINTED, ids::TEXT_LEFT), Some(fact));
        true
    }

    #[expect(clippy::too_many_arguments, reason = "one private step of the loop above")]
    fn text(
        &mut self,
        holder: &Holder,
        mine: &[Sited<'_, '_>],
        kind: SiteKind,
        text: &RuleText,
        read: &Read,
        renames: &[Rename],
        fact: &Place,
    ) {
        let settled = fills_in(&text.view, read) && self.is_asked(&text.view, read.span);
        if settled || self.is_written(&text.view, read.span) {
            return;
        }
        let any = || renames.iter().find(|rename| rename.old == read.label).or(renames.first());
        match labels(holder, mine, &read.whose) {
            Labels::Known(list) => {
                if let Some(rename) = list.iter().find(|rename| rename.old == read.label) {
                    self.renamed(kind, &text.view, read, rename, holder.flow.is_none(), fact);
                }
            }
            Labels::Open | Labels::Dropped if any().is_none() => {}
            open => {
                let id = if matches!(open, Labels::Dropped) { ids::TEXT_DROPPED } else { ids::TEXT_LEFT };
                let Some(rename) = any() else { return };
                let new = (rename.new.len() == 1 && id == ids::TEXT_LEFT).then(|| rename.new.join(""));
                self.left(kind, &text.view, &Follower { span: read.span, new }, rename, id);
            }
        }
    }

    /// The labels a text reads are known: it follows them.
    fn renamed(&mut self, kind: SiteKind, view: &View, read: &Read, rename: &Rename, ruler: bool, fact: &Place) {
        let moved = self.before.moved;
        let names = |span: &Span| moved.jobs.iter().any(|job| *job == span.of(view.text()));
        let mentions = |span: &Span| moved.jobs.iter().any(|job| span.of(view.text()).contains(job.as_str()));
        let other_value = !self.before.same_name();
        let unsure = other_value
            && (read.beside.iter().any(mentions)
                || read.compared.iter().any(|span| mentions(span) && !names(span))
                || rename.new.len() > 1 && !read.compared.is_empty());
        let followers = if unsure || fills_in(view, read) { None } else { written(view, read, rename, ruler) };
        let Some(followers) = followers else {
            let follower = Follower { span: read.span, new: None };
            return self.left(kind, view, &follower, rename, ids::TEXT_LEFT);
        };
        for follower in &followers {
            self.follow(kind, view, follower, rename, (ids::TEXT, ids::TEXT_LEFT), Some(fact));
        }
        for literal in read.compared.iter().filter(|span| other_value && names(span)) {
            let values = [("project", moved.project.as_str())];
            let why = Why {
                rule: ids::COMPARED.of(kind),
                message: ids::COMPARED.say(kind, &values),
                fact: Some(fact.clone()),
            };
            if let Ok(edit) = view.edit(*literal, &moved.project, why) {
                self.outcome.edits.push((self.file.source.path.clone(), edit));
                self.say(Level::Note, ids::COMPARED, kind, view, *literal, None);
            } else {
                self.say(Level::Review, ids::COMPARED, kind, view, *literal, Some(&moved.project));
            }
        }
    }

    /// Labels a rule sets itself that its query's result has from now on.
    fn own_labels(&mut self, holder: &'w Holder, mine: &[Sited<'_, '_>], kind: SiteKind) {
        let brings = |label: &str| {
            mine.iter().any(|one| match one.state {
                State::Rewritten { renames } => renames.iter().any(|rename| rename.new.contains(&label)),
                State::Untouched | State::Left(_) => false,
            })
        };
        for text in &holder.texts {
            let Some(label) = text.label.as_deref().filter(|label| brings(label)) else { continue };
            let message = ids::OWN_LABEL.say(kind, &[("label", label)]);
            let place = Place::new(&self.file.source, text.key);
            let finding = crate::finding::Finding::new(Level::Note, ids::OWN_LABEL.of(kind), message).at(place);
            self.outcome.findings.push(finding);
        }
    }
}

/// What became of these labels.
pub(super) fn labels(holder: &Holder, mine: &[Sited<'_, '_>], whose: &Whose) -> Labels {
    let part = match whose {
        Whose::Unknown => return Labels::Open,
        Whose::Alert => None,
        Whose::Part(part) => Some(part.as_str()),
    };
    let behind: Vec<&Sited<'_, '_>> = match &holder.flow {
        None if part.is_some() => return Labels::Open,
        None => mine.iter().collect(),
        Some(flow) => match flow.origin(part) {
            Origin::Dropped => return Labels::Dropped,
            Origin::Unknown => return Labels::Open,
            Origin::Queries(queries) => {
                let found: Vec<&Sited<'_, '_>> = mine
                    .iter()
                    .filter(|one| one.site.ref_id.as_ref().is_some_and(|ref_id| queries.contains(ref_id)))
                    .collect();
                if found.len() != queries.len() {
                    return Labels::Open;
                }
                found
            }
        },
    };
    if behind.iter().all(|one| *one.state == State::Untouched) {
        return Labels::Known(Vec::new());
    }
    let mut all: Vec<Rename> = Vec::new();
    for one in behind {
        let State::Rewritten { renames, .. } = one.state else { return Labels::Open };
        for rename in renames {
            match all.iter().find(|have| have.old == rename.old) {
                Some(have) if have != rename => return Labels::Open,
                Some(_) => {}
                None => all.push(rename.clone()),
            }
        }
    }
    Labels::Known(all)
}

/// What stands in the place of one reading; `None` when that cannot be said there. A ruler prints nothing for a label an
/// alert does not have, Grafana says that there is no value.
fn written(view: &View, read: &Read, rename: &Rename, ruler: bool) -> Option<Vec<Follower>> {
    let text = view.text();
    match rename.new.as_slice() {
        [] => Some(Vec::new()),
        [one] => Some(vec![Follower { span: read.span, new: Some((*one).to_owned()) }]),
        [first, second] => {
            // An alert has one of the two.
            let (tag, words) = read.alone?;
            let (left, right) =
                (Span::new(tag.start(), words.start()).of(text), Span::new(words.end(), tag.end()).of(text));
            let reading = |label: &str| {
                let (start, end) =
                    (Span::new(words.start(), read.span.start()), Span::new(read.span.end(), words.end()));
                [start.of(text), label, end.of(text)].concat()
            };
            let (one, other) = (reading(first), reading(second));
            let new = if ruler {
                format!("{left}{one}{right}{left}{other}{right}")
            } else {
                format!("{left}with {one}{right}{left}.{right}{left}else{right}{left}{other}{right}{left}end{right}")
            };
            Some(vec![Follower { span: tag, new: Some(new) }])
        }
        _ => None,
    }
}
