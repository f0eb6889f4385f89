//! What a move touches, counted.
//!
//! Knows: plans, and which panel or rule a place belongs to. Must not know: how a plan is made.

use std::collections::BTreeSet;

use crate::finding::Level;
use crate::plan::Plan;
use crate::questions;
use crate::text::Span;
use crate::topology::Topology;

/// Numbers of one plan. A place counts where the plan rewrites it or leaves it for review; what is only noted does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Touch {
    /// Edits in all files.
    pub edits: usize,
    /// Files with an edit.
    pub files: usize,
    /// Queries that are rewritten.
    pub queries: usize,
    /// Places that are left for a person to decide.
    pub review: usize,
    /// Those among them that every move leaves: settled once, they are settled for all.
    pub every_move: usize,
    /// Dashboards, by file: one with a query, a variable or a setting that the move touches.
    pub dashboards: usize,
    /// Alerting and recording rules.
    pub alerts: usize,
    /// Other sites: routes, notification templates, settings of Loki, links, documentation, by place.
    pub others: usize,
    /// Whether the host does not read the Docker socket yet, so that the move brings the blocks.
    pub brings_blocks: bool,
}

/// What is edited in any move, and no site of its own.
const OF_THE_MOVE: [&str; 4] = ["compose", "alloy", "host_vars", "unread"];

impl Touch {
    /// Counts what `plan` touches, in the repository it was made for.
    pub fn of(topology: &Topology, plan: &Plan) -> Self {
        let mut sites =
            Sites { topology, dashboards: BTreeSet::new(), alerts: BTreeSet::new(), others: BTreeSet::new() };
        let mut files = BTreeSet::new();
        let mut edits = 0;
        for (path, list) in plan.steps.iter().flat_map(|step| &step.edits) {
            files.insert(path.as_str());
            for edit in list {
                edits += 1;
                sites.add(edit.why.rule, path.as_str(), edit.span);
            }
        }
        let review = || plan.findings.iter().filter(|finding| finding.level == Level::Review);
        for finding in review() {
            if let Some(at) = &finding.at {
                sites.add(finding.rule, at.source.path.as_str(), at.span);
            }
        }
        Self {
            edits,
            files: files.len(),
            queries: plan.queries.iter().filter(|query| query.before != query.after).count(),
            review: review().count(),
            every_move: questions::of_every_move(&plan.findings, plan.moved.as_ref()).len(),
            dashboards: sites.dashboards.len(),
            alerts: sites.alerts.len(),
            others: sites.others.len(),
            brings_blocks: plan.steps.len() > 1,
        }
    }

    /// The places to decide: own and, if there are any, what every move leaves beside them: `15+8`.
    pub fn to_decide(&self) -> String {
        let own = self.review - self.every_move;
        if self.every_move > 0 { format!("{own}+{}", self.every_move) } else { own.to_string() }
    }

    /// How much there is to read in a review: what the smallest move has least of.
    pub fn size(&self) -> usize {
        self.edits + self.review
    }
}

struct Sites<'a> {
    topology: &'a Topology,
    dashboards: BTreeSet<&'a str>,
    alerts: BTreeSet<(&'a str, Span)>,
    others: BTreeSet<(&'a str, Span)>,
}

impl<'a> Sites<'a> {
    fn add(&mut self, rule: &str, path: &'a str, span: Span) {
        match rule.split('/').next().unwrap_or(rule) {
            "dashboards" => {
                self.dashboards.insert(path);
            }
            "alerts" => {
                let rule = self.rule_around(path, span);
                self.alerts.insert((path, rule));
            }
            artefact if OF_THE_MOVE.contains(&artefact) => {}
            _ => {
                self.others.insert((path, span));
            }
        }
    }

    /// The bytes of the rule that a place stands in; the place itself where it stands in none.
    fn rule_around(&self, path: &str, span: Span) -> Span {
        let holders = self.topology.queries.files.get(path).into_iter().flat_map(|file| &file.holders);
        let around = holders.map(|holder| holder.at).filter(|at| at.start() <= span.start() && span.end() <= at.end());
        around.min_by_key(|at| at.end() - at.start()).unwrap_or(span)
    }
}
