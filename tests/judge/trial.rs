//! One infrastructure with its queries: moved by the program, asked before and after.
//!
//! Knows: how plans are made in memory, what became of each query. Must not know: how queries are made, or compared.

use std::collections::BTreeSet;
use std::sync::Arc;

use migrate::finding::{Finding, Level};
use migrate::plan::{self, Batch, Plan, Request, Verdict};
use migrate::snapshot::{Entry, EntryKind, Snapshot};
use migrate::text::{RepoPath, Source};
use migrate::topology::Topology;

use super::files::{self, Wanted};
use super::infra::{Files, Infra};
use super::world::Moved;

/// How several services are moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// In one run.
    AtOnce,
    /// Run by run, each on what the one before left.
    InTurn,
}

/// What is asked of the program.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) infra: Infra,
    pub(crate) requests: Vec<Request>,
    pub(crate) order: Order,
    /// Values of the variable `$which`.
    pub(crate) which: Vec<String>,
}

/// What became of a query.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fate {
    pub(crate) after: String,
    /// The rule by which it was left for a person, by any of the moves, and what was said.
    pub(crate) left: Option<(&'static str, String)>,
    /// The query with what is proposed in its place.
    pub(crate) proposed: Option<String>,
    /// Rules of notes about it.
    pub(crate) notes: BTreeSet<&'static str>,
}

/// What came of a task.
pub(crate) struct Trial {
    pub(crate) moved: Moved,
    pub(crate) fates: Vec<Fate>,
    /// The label whose values are offered for `$job` afterwards.
    pub(crate) listed: String,
    /// The values of `$which` afterwards.
    pub(crate) which: Vec<String>,
    /// By which rules something did not move.
    pub(crate) blocked: Vec<String>,
}

/// Moves, and reads back.
///
/// # Errors
/// There is no plan, and why.
pub(crate) fn run(task: &Task, wanted: &[Wanted]) -> Result<Trial, String> {
    let mut files = task.infra.files();
    files::write(&mut files, wanted, &task.which);
    let start = snapshot(&files);
    let mut trial = Trial {
        moved: Moved::new(),
        fates: wanted.iter().map(|one| Fate { after: one.text.clone(), ..Fate::default() }).collect(),
        listed: "job".to_owned(),
        which: task.which.clone(),
        blocked: Vec::new(),
    };
    let mut end = start.clone();
    if task.order == Order::AtOnce {
        let topology = Topology::of(&start);
        let plans = plan::batch(&topology, &task.requests, Batch::default(), &mut |_| Ok(()));
        for plan in plans.map_err(|error| error.message)? {
            end = trial.take(task, wanted, &plan, end)?;
        }
    } else {
        for request in &task.requests {
            let plan = plan::plan(&end, request).map_err(|error| error.message)?;
            end = trial.take(task, wanted, &plan, end)?;
        }
    }
    if let Some(offered) = files::offered(&files::text(&end, files::DASHBOARD)) {
        (trial.listed, trial.which) = offered;
    }
    Ok(trial)
}

impl Trial {
    /// Takes note of one plan; the files after it.
    fn take(&mut self, task: &Task, wanted: &[Wanted], plan: &Plan, before: Snapshot) -> Result<Snapshot, String> {
        let (Some(moved), Some(last), Verdict::Ready) = (plan.moved.as_ref(), plan.steps.last(), plan.verdict) else {
            self.blocked.extend(plan.findings.first().map(|finding| finding.rule.to_owned()));
            return Ok(before);
        };
        let place = task.infra.hosts.iter().position(|host| host.full() == moved.host);
        let place = place.and_then(|host| {
            let projects = &task.infra.hosts[host].projects;
            Some((host, projects.iter().position(|project| project.name == moved.project)?))
        });
        self.moved.extend(place);
        let end = last.before.edited(&last.edits);
        let mut rewritten = Vec::new();
        let texts = [files::DASHBOARD, files::RULES].map(|path| files::text(&end, path));
        for (at, (one, fate)) in wanted.iter().zip(&mut self.fates).enumerate() {
            let text = &texts[usize::from(one.path() == files::RULES)];
            let after = one.read(at, text).ok_or_else(|| format!("{} is gone", one.text))?;
            rewritten.push(after != fate.after);
            fate.after = after;
        }
        for finding in &plan.findings {
            self.hear(wanted, &rewritten, finding);
        }
        Ok(end)
    }

    fn hear(&mut self, wanted: &[Wanted], rewritten: &[bool], finding: &Finding) {
        let Some(at) = &finding.at else { return };
        let (path, text, start) = (at.source.path.as_str(), at.source.text().unwrap_or_default(), at.span.start());
        let variable = files::variable_at(path, text, start);
        for (number, one) in wanted.iter().enumerate() {
            let uses = variable.is_some_and(|name| one.text.contains(&format!("${name}")));
            let about = uses || one.holds(number, path, text, start);
            if !about {
                continue;
            }
            let fate = &mut self.fates[number];
            if finding.level == Level::Note {
                fate.notes.insert(finding.rule);
                continue;
            }
            // What is said of a legend beside a query that was rewritten.
            if rewritten[number] {
                continue;
            }
            let proposed = finding.proposed.as_ref().filter(|_| !uses).and_then(|proposed| {
                let text = format!("{}{proposed}{}", &text[..start], &text[at.span.end()..]);
                one.read(number, &text).filter(|proposed| *proposed != one.text)
            });
            // What is said of the query itself counts more than what is said of its legend.
            if proposed.is_some() || fate.left.is_none() {
                fate.left = Some((finding.rule, finding.message.clone()));
                fate.proposed = proposed;
            }
        }
    }
}

pub(crate) fn snapshot(files: &Files) -> Snapshot {
    let entry = |path: &String| Entry { path: RepoPath::from(path.as_str()), kind: EntryKind::File };
    let mut out = Snapshot::new("0".repeat(40), files.keys().map(entry).collect());
    for (path, text) in files {
        out.add(Arc::new(Source::new(path.as_str(), 0o100_644, Vec::new(), text.clone().into_bytes())));
    }
    out
}
