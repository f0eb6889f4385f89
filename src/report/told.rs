//! The findings of all plans, each once: many services leave the same place.
//!
//! Knows: which finding is another one said again, and where one stands that names no place. Must not know: any output.

use std::collections::{HashMap, HashSet};

use rayon::prelude::*;

use crate::finding::{Finding, Level};
use crate::plan::Plan;
use crate::text::{Place, RepoPath};

use super::base::{self, BasePlace};
use super::{Run, summary};

/// A finding and what it is about.
pub(super) struct Told<'a> {
    pub(super) finding: &'a Finding,
    /// In the base. `None` when no file of the base is concerned.
    pub(super) place: Option<BasePlace>,
    /// Whether the finding names this place itself; else it is about the service, and stands where that is seen.
    pub(super) own: bool,
    /// The plans that say so, each with its words for it.
    pub(super) by: Vec<(&'a Plan, &'a Finding)>,
}

/// Every finding, worst first in each plan. What several plans say of one place is one.
pub(super) fn all(run: Run<'_>) -> Vec<Told<'_>> {
    let parts: Vec<_> = run.plans.par_iter().enumerate().map(|(index, plan)| of_plan(run, index, plan)).collect();
    let mut at: HashMap<Key<'_>, usize> = HashMap::new();
    let mut out: Vec<Told<'_>> = Vec::new();
    for (key, told) in parts.into_iter().flatten() {
        let found = *at.entry(key).or_insert(out.len());
        match out.get_mut(found) {
            Some(have) => have.by.extend(told.by),
            None => out.push(told),
        }
    }
    out
}

/// The findings of one plan, each with what makes it another.
fn of_plan<'a>(run: Run<'a>, index: usize, plan: &'a Plan) -> Vec<(Key<'a>, Told<'a>)> {
    let steps = base::steps(run, index);
    let tell = |finding: &'a Finding| {
        let own = finding.at.as_ref().and_then(|place| base::of(&steps, place));
        let is_own = own.is_some();
        let place = own.or_else(|| base::of(&steps, stand_in(plan, finding)?));
        (key(finding, place.as_ref()), Told { finding, place, own: is_own, by: vec![(plan, finding)] })
    };
    summary::findings(plan).into_iter().map(tell).collect()
}

type Key<'a> = (&'a str, &'a str, Option<&'a str>, Option<(RepoPath, usize, usize)>);

fn key<'a>(finding: &'a Finding, place: Option<&BasePlace>) -> Key<'a> {
    let place = place.map(|one| &one.place);
    let at = place.map(|place| (place.source.path.clone(), place.span.start(), place.span.end()));
    (finding.rule, &finding.message, finding.proposed.as_deref(), at)
}

/// Where a finding stands that names no place: at the listener that goes, or beside the next finding that names one.
fn stand_in<'a>(plan: &'a Plan, finding: &Finding) -> Option<&'a Place> {
    let listener = plan.moved.as_ref().and_then(|moved| moved.listeners.first());
    let other = || plan.findings.iter().filter(|one| one.level == finding.level).find_map(|one| one.at.as_ref());
    listener.or_else(other).or_else(|| plan.findings.iter().find_map(|one| one.at.as_ref()))
}

/// What is left for review by several services of a batch.
#[derive(Default)]
pub(super) struct Shared<'a> {
    /// Findings that say the same of several places, and the services that all of them are left by.
    pub(super) groups: Vec<(Vec<&'a Finding>, Vec<&'a str>)>,
    /// Each finding of a plan that is told there, by where it lies in memory.
    held: HashSet<*const Finding>,
}

impl<'a> Shared<'a> {
    pub(super) fn of(run: Run<'a>) -> Self {
        let mut out = Self::default();
        if run.plans.len() < 2 {
            return out;
        }
        let several = |one: &Told<'_>| one.by.len() > 1 && one.own && one.finding.level == Level::Review;
        for told in all(run).into_iter().filter(several) {
            let services: Vec<&str> = told.by.iter().map(|(plan, _)| plan.request.service.as_str()).collect();
            let same = |(list, names): &&mut (Vec<&Finding>, Vec<&str>)| {
                let says = |one: &&Finding| (one.rule, &one.message, &one.hint) == said(told.finding);
                *names == services && list.first().is_some_and(says)
            };
            match out.groups.iter_mut().find(same) {
                Some((list, _)) => list.push(told.finding),
                None => out.groups.push((vec![told.finding], services)),
            }
            out.held.extend(told.by.iter().map(|(_, finding)| std::ptr::from_ref(*finding)));
        }
        out
    }

    /// Whether this finding of a plan is told here.
    pub(super) fn holds(&self, finding: &Finding) -> bool {
        self.held.contains(&std::ptr::from_ref(finding))
    }

    /// How many places there are.
    pub(super) fn places(&self) -> usize {
        self.groups.iter().map(|(list, _)| list.len()).sum()
    }

    /// How many findings of this plan are told here.
    pub(super) fn of_plan(&self, plan: &Plan) -> usize {
        plan.findings.iter().filter(|finding| self.holds(finding)).count()
    }
}

fn said(finding: &Finding) -> (&'static str, &String, &Option<String>) {
    (finding.rule, &finding.message, &finding.hint)
}

#[cfg(test)]
mod tests {
    use super::super::{Written, sample};
    use super::*;

    #[test]
    fn what_two_services_leave_is_told_once_with_both() {
        let (plan, written) = sample::full();
        let mut second = plan.clone();
        second.request.service = "angelia".into();
        // The other place is left by kairos alone.
        second.findings.retain(|finding| finding.rule != "alloy/comment");
        let plans = [plan, second];
        let branches = [Written { plans: vec![0], ..written.clone() }, Written { plans: vec![1], ..written }];
        let run = Run { plans: &plans, branches: &branches, batch: true };
        let shared = Shared::of(run);
        assert_eq!(shared.groups.len(), 1);
        assert_eq!(shared.groups[0].1, ["kairos", "angelia"]);
        assert_eq!(shared.groups[0].0[0].rule, "alerts/regex");
        assert_eq!((shared.places(), shared.of_plan(&plans[0]), shared.of_plan(&plans[1])), (1, 1, 1));
        assert!(Shared::of(Run { plans: &plans[..1], ..run }).groups.is_empty());
        let body = super::super::markdown(run);
        assert!(body.contains("(`alerts/regex`), left by `kairos`, `angelia`\n"), "{body}");
        // Once for both, and the comment of kairos alone.
        assert_eq!(body.matches("- [ ] ").count(), 2, "{body}");
        assert_eq!(body.matches("1 place to decide: above, left by several services.").count(), 2);
        let page = super::super::html(run);
        assert_eq!(page.matches("class=\"finding review\"").count(), 2);
        assert!(page.contains("<p class=\"dim\">Left by kairos, angelia.</p>"));
    }
}
