//! A run seen from far: files by kind, what is to be decided, which alerts behave otherwise, what nobody looked at.
//!
//! Knows: [`Plan`], [`questions`]. Must not know: any output. All forms of the report take these from here.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::finding::{Finding, Level};
use crate::plan::{Part, Plan, QueryChange, RolloutStep, Verdict};
use crate::questions::{self, Question};
use crate::text::{Place, RepoPath};

use super::told::{self, Told};
use super::{Run, summary};

/// What no run looks at, because no commit holds it.
pub(super) const NOT_LOOKED_AT: &str = "dashboards and alerts kept in Grafana alone, silences, vaults";

/// A thing to decide, at its place.
pub(super) struct Decision<'a> {
    pub(super) finding: &'a Finding,
    /// In the base; `None` when it names no place.
    pub(super) place: Option<Place>,
    /// The services whose moves leave it.
    pub(super) by: Vec<&'a str>,
}

impl Decision<'_> {
    /// `3kf9a logs.yaml:17`.
    pub(super) fn named(&self) -> String {
        let at = self.place.as_ref().map(|at| format!(" {}:{}", at.source.path.name(), summary::start(at).line));
        format!("{}{}", self.finding.id, at.unwrap_or_default()).trim_start().to_owned()
    }

    /// Whether it is said in the same words.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        let (one, two) = (self.finding, other.finding);
        (one.rule, &one.message, &one.hint, &self.by) == (two.rule, &two.message, &two.hint, &other.by)
    }

    /// The finding, at its place in the base.
    pub(super) fn in_the_base(&self) -> Finding {
        Finding { at: self.place.clone(), ..self.finding.clone() }
    }
}

/// The services that leave these, by name.
pub(super) fn left_by(group: &[&Decision<'_>]) -> String {
    group.first().map(|one| one.by.join(", ")).unwrap_or_default()
}

/// `a`, `b`, …, `z`, `a2`, …: what a question is called on one page.
pub(super) fn letter(index: usize) -> String {
    let letter = ('a'..='z').nth(index % 26).unwrap_or('a');
    if index < 26 { letter.to_string() } else { format!("{letter}{}", index / 26 + 1) }
}

/// A question and its places.
pub(super) type Asked<'a> = Question<'a, Decision<'a>>;

/// What a person must decide before the branches of the run are all they should be.
pub(super) fn questions(run: Run<'_>) -> Vec<Asked<'_>> {
    let shared: HashSet<(*const Plan, &str)> = run
        .plans
        .iter()
        .flat_map(|plan| {
            let ids = questions::of_every_move(&plan.findings, plan.moved.as_ref());
            ids.into_iter().map(move |id| (std::ptr::from_ref(plan), id))
        })
        .collect();
    let is_open = |told: &Told<'_>| {
        told.finding.level == Level::Review && told.by.iter().any(|(plan, _)| plan.verdict == Verdict::Ready)
    };
    let every_move = |told: &Told<'_>| {
        told.by.iter().any(|(plan, one)| shared.contains(&(std::ptr::from_ref(*plan), one.id.as_str())))
    };
    let mut open = Vec::new();
    for told in told::all(run).into_iter().filter(is_open) {
        let every_move = every_move(&told);
        let place = told.place.filter(|_| told.own).map(|one| one.place);
        let by = told.by.iter().map(|(plan, _)| plan.request.service.as_str()).collect();
        open.push((told.finding, every_move, Decision { finding: told.finding, place, by }));
    }
    questions::of(open)
}

/// The places of a question, each once, whatever is said of it; what names no place counts as one.
pub(super) fn places<'d, 'a>(asked: &'d Asked<'a>) -> Vec<&'d Decision<'a>> {
    let mut seen = BTreeSet::new();
    let mut is_new = |one: &&Decision<'_>| {
        let at = one.place.as_ref().map(|at| (at.source.path.clone(), at.span.start()));
        at.is_none_or(|at| seen.insert(at))
    };
    asked.about.iter().filter(|one| is_new(one)).collect()
}

/// Kinds of files in the order of rollout, as one and as many.
const KINDS: [(&str, &str); 8] = [
    ("Alloy configuration", "Alloy configurations"),
    ("Compose file", "Compose files"),
    ("Alloy configuration", "Alloy configurations"),
    ("file of variables", "files of variables"),
    ("dashboard", "dashboards"),
    ("file of alerts", "files of alerts"),
    ("Loki configuration", "Loki configurations"),
    ("other file", "other files"),
];

/// The files that the run changes, by kind.
pub(super) fn files(run: Run<'_>) -> Vec<((&'static str, &'static str), BTreeSet<&RepoPath>)> {
    let mut ranks: BTreeMap<&RepoPath, usize> = BTreeMap::new();
    for change in run.plans.iter().flat_map(summary::files) {
        let rank = summary::rank(change.edits);
        ranks.entry(change.path).and_modify(|have| *have = rank.min(*have)).or_insert(rank);
    }
    let mut out: Vec<((&str, &str), BTreeSet<&RepoPath>)> = Vec::new();
    let mut sorted: Vec<(usize, &RepoPath)> = ranks.into_iter().map(|(path, rank)| (rank, path)).collect();
    sorted.sort();
    for (rank, path) in sorted {
        let kind = KINDS[rank.min(KINDS.len() - 1)];
        match out.iter_mut().find(|(have, _)| *have == kind) {
            Some((_, paths)) => {
                paths.insert(path);
            }
            None => out.push((kind, BTreeSet::from([path]))),
        }
    }
    out
}

/// Alerts that the run touches, by what becomes of them.
#[derive(Default)]
pub(super) struct Alerts {
    /// Their series get other labels: firing ones resolve and fire anew.
    pub(super) anew: BTreeSet<String>,
    /// They are left for a person.
    pub(super) left: BTreeSet<String>,
    /// They are rewritten, and their alerts are the same.
    pub(super) same: BTreeSet<String>,
}

/// The alerting rules that queries or findings of the run stand in.
pub(super) fn alerts(run: Run<'_>) -> Alerts {
    let mut out = Alerts::default();
    for plan in run.plans.iter().filter(|plan| plan.verdict == Verdict::Ready) {
        let is_anew = plan.findings.iter().any(|one| one.rule.starts_with("alerts/anew"));
        let left = plan.findings.iter().filter(|one| one.level == Level::Review && one.rule.starts_with("alerts/"));
        let open: HashSet<(&RepoPath, usize)> =
            left.filter_map(|one| Some((&one.at.as_ref()?.source.path, one.at.as_ref()?.span.start()))).collect();
        let is_open = |query: &QueryChange| open.contains(&(&query.at.source.path, query.at.span.start()));
        for query in &plan.queries {
            // What is recorded is a `recording rule`.
            let Some(name) = query.context.strip_prefix("rule ") else { continue };
            let name = name.trim_matches('"').to_owned();
            match (query.before != query.after, is_open(query)) {
                (_, true) => out.left.insert(name),
                (true, false) if is_anew => out.anew.insert(name),
                (true, false) => out.same.insert(name),
                (false, false) => false,
            };
        }
        for finding in plan.findings.iter().filter(|one| one.rule == "mentions/component") {
            if let Some(at) = &finding.at {
                out.left.insert(format!("{}:{}", at.source.path.name(), summary::start(at).line));
            }
        }
    }
    // What one service leaves, another does not make the same.
    for name in &out.left {
        out.anew.remove(name);
        out.same.remove(name);
    }
    out.same.retain(|name| !out.anew.contains(name));
    out
}

/// A step of the rollout in a few words, and what has to be done besides its command, if anything.
pub(super) fn step(step: &RolloutStep) -> (String, Option<&str>) {
    let end = [": ", "; "].iter().filter_map(|mark| step.text.find(mark)).min();
    let (head, rest) = end.map_or((step.text.as_str(), ""), |end| (&step.text[..end], &step.text[end + 2..]));
    let what = match step.part {
        Part::Queries => "dashboards, rules",
        Part::Service | Part::Alloy => head.strip_prefix("Deploy ").unwrap_or(head),
        Part::Blocks | Part::Look => head,
    };
    (what.to_owned(), Some(rest).filter(|rest| rest.contains("by hand")))
}
