//! What a pair of queries asks of streams: which it selects, and which labels it looks at.
//!
//! Knows: selectors, label filters and uses of labels of both texts. Must not know: where streams come from.

use std::collections::{BTreeMap, BTreeSet};

use super::sample::Rng;
use super::world::Actor;
use crate::logql_eval::{Failure, Labels, Selection};
use crate::patterns;
use crate::syntax::logql::{FilterKind, FilterOp, FilterValue, MatchOp, Query, StageKind};

/// Names that stand for a pattern which cannot be taken apart.
const SAMPLES: u64 = 6;

/// What two queries ask.
#[derive(Default)]
pub(super) struct Asks {
    /// Values that each label is compared with.
    values: BTreeMap<String, BTreeSet<String>>,
    /// Branches of patterns that `job` is compared with, each with a job that fits it.
    jobs: Vec<(String, String)>,
    /// Those of them that a query asks for.
    wanted: Vec<String>,
    /// Services that the old query asks for.
    pub(super) services: BTreeSet<String>,
    /// Comparisons with `job`, one by one.
    comparisons: Vec<Selection>,
    old: Vec<Selection>,
    new: Vec<Selection>,
    filters: Vec<Selection>,
    /// Labels that selectors ask for.
    selected: BTreeSet<String>,
    /// Labels that are looked at behind the selectors.
    names: BTreeSet<String>,
}

impl Asks {
    /// What `old` and `new` ask.
    ///
    /// # Errors
    /// A selector that cannot be evaluated.
    pub(super) fn of(old: &Query<'_>, new: &Query<'_>) -> Result<Self, Failure> {
        let mut asks = Self::default();
        for (query, is_new) in [(old, false), (new, true)] {
            for (_, selector) in query.selectors() {
                let selection = Selection::of(query, selector)?;
                let list = if is_new { &mut asks.new } else { &mut asks.old };
                list.push(selection);
                for one in query.matchers(selector) {
                    if one.name.text == "job" {
                        asks.comparisons.push(Selection::one("job", one.op, &one.value.value)?);
                    }
                    asks.selected.insert(one.name.text.to_owned());
                    asks.value(one.name.text, &one.value.value, one.op);
                }
            }
            for (_, log) in query.logs() {
                for stage in query.stages(log) {
                    if let StageKind::LabelFilter(root) = stage.kind {
                        asks.filter(query, root)?;
                    }
                }
            }
            asks.names.extend(query.uses().into_iter().map(|one| one.name));
            if !is_new {
                asks.services = asks.values("service").clone();
            }
        }
        Ok(asks)
    }

    fn filter(&mut self, query: &Query<'_>, root: crate::syntax::logql::FilterId) -> Result<(), Failure> {
        for filter in query.leaves(root) {
            let FilterKind::Compare { name, op, value: FilterValue::Text(text), .. } = &filter.kind else { continue };
            let op = match op {
                FilterOp::NotEqual => MatchOp::NotEqual,
                FilterOp::Regex => MatchOp::Regex,
                FilterOp::NotRegex => MatchOp::NotRegex,
                _ => MatchOp::Equal,
            };
            self.filters.push(Selection::one(name.text, op, &text.value)?);
            if name.text == "job" {
                self.comparisons.push(Selection::one("job", op, &text.value)?);
            }
            self.value(name.text, &text.value, op);
        }
        Ok(())
    }

    fn value(&mut self, label: &str, value: &str, op: MatchOp) {
        let list = self.values.entry(label.to_owned()).or_default();
        if !matches!(op, MatchOp::Regex | MatchOp::NotRegex) {
            list.insert(value.to_owned());
        } else if let Some(names) = patterns::alternatives(value) {
            list.extend(names.into_iter().map(str::to_owned));
        } else {
            let branches = patterns::branches(value).unwrap_or_else(|| {
                // What cannot be taken apart may name anything that fits.
                let any = |seed| super::sample::matching(&format!("^(?:{value})$"), &mut Rng::new(seed));
                (1..=SAMPLES).filter_map(any).map(|text| patterns::escaped(&text)).collect()
            });
            for branch in branches {
                // What stands for anything stands for nothing, too.
                let fits = [branch.clone(), branch.replace(".*", "")]
                    .map(|pattern| super::sample::matching(&format!("^(?:{pattern})$"), &mut Rng::new(1)));
                for fits in fits.into_iter().flatten() {
                    if label == "job" {
                        self.wanted.extend((op == MatchOp::Regex).then(|| branch.clone()));
                        self.jobs.push((branch.clone(), fits));
                    } else {
                        list.insert(fits);
                    }
                }
            }
        }
        list.remove("");
    }

    /// Names of jobs that are asked for: those that are named; for each branch of a pattern that none of `known` fits one
    /// that does; and those of `formers` that fit one.
    pub(super) fn jobs<'s>(
        &self,
        known: &BTreeSet<String>,
        formers: impl Iterator<Item = &'s String>,
    ) -> BTreeSet<String> {
        let takes = |branch: &str, job: &str| {
            Selection::one("job", MatchOp::Regex, branch)
                .is_ok_and(|one| one.takes(&[("job", job)].into_iter().collect()))
        };
        let fits = |branch: &str| known.iter().any(|job| takes(branch, job));
        let open = self.jobs.iter().filter(|(branch, _)| !fits(branch)).map(|(_, job)| job.clone());
        // Who asks for any job names none of the past.
        let names = |branch: &String| !takes(branch, patterns::NOBODY);
        let formers = formers.filter(|job| self.wanted.iter().any(|one| names(one) && takes(one, job))).cloned();
        self.values("job").iter().cloned().chain(open).chain(formers).filter(|job| !job.is_empty()).collect()
    }

    /// The values that a sender has for the labels behind the selectors.
    pub(super) fn in_view(&self, actor: &Actor) -> Vec<String> {
        let sides = [&actor.before, &actor.after].into_iter().flatten();
        sides.flat_map(|labels| self.names.iter().map(|name| labels.get(name).to_owned())).collect()
    }

    /// How a sender looks to the queries; `None` where none selects it, ever.
    pub(super) fn signature(&self, actor: &Actor) -> Option<Vec<bool>> {
        let sides = [&actor.before, &actor.after, &actor.later];
        let takes = |list: &[Selection], labels: &Labels| list.iter().map(|one| one.takes(labels)).collect::<Vec<_>>();
        let mut signature = Vec::new();
        for labels in sides.into_iter().flatten() {
            signature.extend(takes(&self.old, labels));
            signature.extend(takes(&self.new, labels));
        }
        if !signature.contains(&true) {
            return None;
        }
        for labels in sides.into_iter().flatten() {
            signature.extend(takes(&self.filters, labels));
            signature.extend(self.names.iter().map(|name| labels.has(name)));
        }
        Some(signature)
    }
}

impl Asks {
    /// Whether a comparison tells one of these jobs from a job that nobody has.
    pub(super) fn tells(&self, jobs: &BTreeSet<String>) -> bool {
        let takes = |one: &Selection, job: &str| one.takes(&[("job", job)].into_iter().collect());
        self.comparisons.iter().any(|one| jobs.iter().any(|job| takes(one, job) != takes(one, patterns::NOBODY)))
    }

    /// Whether a label is asked for, anywhere.
    pub(super) fn names(&self, label: &str) -> bool {
        self.names.contains(label) || self.selects(label)
    }

    /// Whether a selector asks for a label.
    pub(super) fn selects(&self, label: &str) -> bool {
        self.selected.contains(label)
    }
}

static NONE: BTreeSet<String> = BTreeSet::new();

impl Asks {
    /// The values a label is compared with.
    pub(super) fn values(&self, label: &str) -> &BTreeSet<String> {
        self.values.get(label).unwrap_or(&NONE)
    }
}
