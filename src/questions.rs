//! Questions: the places that one answer settles, put together.
//!
//! Knows: [`Finding`], which rules ask the same ([`crate::rule::questions`]). Must not know: plans, any output.

use std::collections::{BTreeMap, HashSet};

use crate::finding::{Finding, Level};
use crate::rule::questions;
use crate::topology::Move;

/// One thing to decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question<'a, T> {
    /// What is asked, one sentence.
    pub ask: &'a str,
    /// Whether its places are left by every move, so that one answer settles them for all.
    pub every_move: bool,
    /// What it is asked about, in the order of the findings.
    pub about: Vec<T>,
}

/// The questions that these findings of level [`Level::Review`] come to, each with whether every move leaves it. Those of the
/// move itself come first, then those of every move; within, in the order of the rules.
pub fn of<'a, T>(findings: impl IntoIterator<Item = (&'a Finding, bool, T)>) -> Vec<Question<'a, T>> {
    let mut groups: BTreeMap<(bool, usize, &str), Vec<T>> = BTreeMap::new();
    for (finding, every_move, about) in findings {
        let (rank, ask) = questions::question(finding.rule).unwrap_or((usize::MAX, &finding.message));
        groups.entry((every_move, rank, ask)).or_default().push(about);
    }
    let question = |((every_move, _, ask), about)| Question { ask, every_move, about };
    groups.into_iter().map(question).collect()
}

/// The questions of one plan, each with its findings.
pub fn of_plan<'a>(findings: &'a [Finding], moved: Option<&Move>) -> Vec<Question<'a, &'a Finding>> {
    let shared = of_every_move(findings, moved);
    let open = findings.iter().filter(|one| one.level == Level::Review);
    of(open.map(|one| (one, shared.contains(one.id.as_str()), one)))
}

/// The names of findings of a plan that every move would leave as well: the rule asks for no job, and the place names
/// nothing that moves here. `moved` is what the plan moves.
pub fn of_every_move<'a>(findings: &'a [Finding], moved: Option<&Move>) -> HashSet<&'a str> {
    let Some(moved) = moved else { return HashSet::new() };
    let names: Vec<&str> =
        moved.jobs.iter().map(String::as_str).chain([moved.project.as_str(), moved.service.as_str()]).collect();
    let names_what_moves = |finding: &Finding| {
        finding.at.as_ref().is_some_and(|at| names.iter().any(|name| !name.is_empty() && at.text().contains(name)))
    };
    let mut out = HashSet::new();
    // By file, the last of the findings on a query: what hangs on it comes after it.
    let mut last: Option<(&str, bool)> = None;
    for finding in findings.iter().filter(|one| one.level == Level::Review) {
        let path = finding.at.as_ref().map_or("", |at| at.source.path.as_str());
        let shared = if questions::is_beside(finding.rule) {
            last.is_some_and(|(of, shared)| of == path && shared)
        } else {
            let shared = questions::leaves_in_every_move(finding.rule) && !names_what_moves(finding);
            last = Some((path, shared));
            shared
        };
        if shared {
            out.insert(finding.id.as_str());
        }
    }
    out
}
