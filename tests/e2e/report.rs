//! What a run of `migrate` says in its report, and whether the streams in the store are those it plans.
//!
//! Knows: the JSON of one service and of a batch (docs/json-output.md, docs/batch-json.md). Must not know: how it is rolled out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value as Json;

use super::lines::{SECOND, now};
use super::process::Result;
use super::queries::{self, Moved};
use super::store::Labels;
use super::world::World;

/// What a report says, of one service or of several.
pub(crate) struct Run {
    pub(crate) branch: String,
    pub(crate) commits: Vec<String>,
    pub(crate) rollout: Json,
    pub(crate) services: Vec<String>,
    /// Project, jobs, components that move: one for each service.
    moves: Vec<(String, Vec<String>, Vec<String>)>,
    /// Containers of the projects that were on no listener: Docker brings their lines as well.
    siblings: BTreeSet<String>,
    /// Streams after the move as the report writes them.
    streams: BTreeSet<String>,
}

impl Run {
    pub(crate) fn read(report: &Json) -> Result<Self> {
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        let texts = |value: &Json| value.as_array().into_iter().flatten().map(text).collect::<Vec<_>>();
        let services = services(report);
        let commits = || report["commits"].as_array().into_iter().flatten().map(|commit| text(&commit["id"])).collect();
        let (branch, commits, rollout) =
            if let Some(first) = report["branches"].as_array().and_then(|branches| branches.first()) {
                (text(&first["name"]), texts(&first["commits"]), first["rollout"].clone())
            } else {
                (text(&report["branch"]), commits(), report["rollout"].clone())
            };
        if branch.is_empty() {
            return Err(format!("the report names no branch: {report:.500}"));
        }
        let moved = services.iter().filter(|service| service["verdict"] == "ready");
        let queries = moved.clone().flat_map(|service| service["queries"].as_array().into_iter().flatten());
        Ok(Self {
            branch,
            commits,
            rollout,
            services: moved.clone().map(|service| text(&service["request"]["service"])).collect(),
            moves: moved
                .clone()
                .map(|service| {
                    let one = &service["move"];
                    (text(&one["project"]), texts(&one["jobs"]), texts(&one["components"]))
                })
                .collect(),
            siblings: moved.flat_map(|service| texts(&service["move"]["siblings"])).collect(),
            streams: queries.flat_map(|query| streams(report, &query["streams_after"])).collect(),
        })
    }

    pub(crate) fn moved(&self, world: &World, host: &str) -> Moved {
        let components = |(project, _, components): &(String, Vec<String>, Vec<String>)| {
            components.iter().map(|component| format!("{host}/{project}/{component}")).collect::<Vec<_>>()
        };
        Moved {
            host: host.to_owned(),
            jobs: self
                .moves
                .iter()
                .filter_map(|(project, jobs, _)| Some((project.clone(), jobs.first()?.clone())))
                .collect(),
            who: world.who(),
            components: self.moves.iter().flat_map(components).collect(),
        }
    }

    /// No line came under the old labels since the service was deployed.
    pub(crate) fn silent(&self, world: &World, host: &str, done: &[(String, i64)]) -> Result<()> {
        let last =
            done.iter().filter(|(playbook, _)| !playbook.starts_with("pplg/") && !playbook.starts_with("alloy/"));
        let since = last.map(|(_, at)| *at).max().ok_or("the rollout deploys no service")?;
        for job in self.moves.iter().flat_map(|(_, jobs, _)| jobs) {
            let selector = format!("{{job=\"{job}\", hostname=\"{host}\"}}");
            if let Some(line) = world.store.lines(&selector, since, now())?.first() {
                return Err(format!("{selector} is not silent after the rollout: {line:?}"));
            }
        }
        Ok(())
    }

    /// The streams of each project carry the labels of the plan, and all planned streams are there. No query plans for
    /// the siblings.
    pub(crate) fn planned(&self, world: &World, host: &str, end: i64) -> Result<usize> {
        let mut count = 0;
        for (project, _, components) in &self.moves {
            let selector = format!("{{service=\"{project}\", hostname=\"{host}\"}}");
            let start = end - queries::WINDOW * SECOND;
            let seen = world.store.streams(&selector, start, end)?;
            let planned: Vec<Pattern> = self.streams.iter().map(|text| pattern(text)).collect();
            let planned: Vec<&Pattern> = planned
                .iter()
                .filter(|labels| is(labels, "service", project) && is(labels, "hostname", host))
                .collect();
            let missing = planned.iter().find(|want| !seen.iter().any(|labels| fits(want, labels)));
            let is_sibling = |labels: &Labels| labels.get("component").is_some_and(|one| self.siblings.contains(one));
            let mut own = seen.iter().filter(|labels| !is_sibling(labels));
            let unplanned = own.find(|labels| !planned.iter().any(|want| fits(want, labels)));
            if planned.len() < components.len() || missing.is_some() || unplanned.is_some() {
                return Err(format!(
                    "{selector}: planned {planned:?}, seen {seen:?}; missing {missing:?}, not planned {unplanned:?}"
                ));
            }
            count += seen.len();
        }
        Ok(count)
    }
}

/// What a report says of each service: of a batch, or of the one it is about.
pub(crate) fn services(report: &Json) -> Vec<Json> {
    report["services"].as_array().cloned().unwrap_or_else(|| vec![report.clone()])
}

/// The streams of a query: as they are, or in a batch the number of a set of streams that are listed once.
fn streams(report: &Json, of_query: &Json) -> Vec<String> {
    let at = |list: &str, number: &Json| {
        number
            .as_u64()
            .and_then(|number| report[list].get(usize::try_from(number).ok()?))
            .unwrap_or(&Json::Null)
            .clone()
    };
    let listed = if of_query.is_number() { at("stream_sets", of_query) } else { of_query.clone() };
    let text = |stream: &Json| if stream.is_number() { at("streams", stream) } else { stream.clone() };
    listed.as_array().into_iter().flatten().filter_map(|stream| text(stream).as_str().map(str::to_owned)).collect()
}

/// Labels of a planned stream; `None` where the value is not known before.
type Pattern = BTreeMap<String, Option<String>>;

fn is(labels: &Pattern, name: &str, value: &str) -> bool {
    labels.get(name).is_some_and(|known| known.as_deref() == Some(value))
}

fn fits(want: &Pattern, labels: &Labels) -> bool {
    want.len() == labels.len()
        && want.iter().zip(labels).all(|((a, x), (b, y))| a == b && x.as_ref().is_none_or(|known| known == y))
}

/// `{service="kairos", container=?}` as labels.
fn pattern(text: &str) -> Pattern {
    static PAIR: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"(\w+)=(?:"([^"]*)"|\?)"#).unwrap_or_else(|error| panic!("{error}")));
    PAIR.captures_iter(text)
        .map(|found| (found[1].to_owned(), found.get(2).map(|value| value.as_str().to_owned())))
        .collect()
}
