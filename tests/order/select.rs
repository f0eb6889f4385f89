//! What the queries of a dashboard select once a repository is as it is.
//!
//! Knows: selectors and label filters, the streams of a topology. Must not know: moves, or how a query was rewritten.

use std::collections::{BTreeMap, BTreeSet};

use migrate::proof::{self, Condition, Copies, Matcher, Op, Proof, Value};
use migrate::snapshot::Snapshot;
use migrate::syntax::logql::{self, FilterId, FilterKind, FilterOp, FilterValue, Query, StageKind};
use migrate::topology::Topology;
use migrate::topology::streams::{Leaving, Streams};

/// Labels a filter may ask for, before any parser.
const LABELS: [&str; 6] = ["job", "service", "component", "service_name", "hostname", "environment"];

/// Each query of the dashboard at `path` with the streams its log queries select, rendered.
pub(crate) fn all(end: &Snapshot, path: &str) -> Vec<(String, Vec<BTreeMap<String, usize>>)> {
    let topology = Topology::of(end);
    let streams = streams(&topology);
    let proof = Proof::new(&streams);
    let queries = topology.queries();
    let mine = queries.into_iter().filter(|(at, _)| *at == path);
    mine.map(|(_, text)| (text.to_owned(), selected(&proof, &streams, text))).collect()
}

/// Each query of the dashboard at `path`, in file order.
pub(crate) fn queries(snapshot: &Snapshot, path: &str) -> Vec<String> {
    let topology = Topology::of(snapshot);
    topology.queries().into_iter().filter(|(at, _)| *at == path).map(|(_, text)| text.to_owned()).collect()
}

/// All streams there are: those of a move of nothing, on a host that reads the socket.
fn streams(topology: &Topology) -> Streams {
    let none = BTreeSet::new();
    let hosts = 0..topology.hosts.len();
    let mut some = hosts.filter(|host| !topology.hosts[*host].deployments.is_empty());
    let streams = some
        .find_map(|host| Streams::of(topology, Leaving { host, deployment: 0, services: &none, project: None }).ok());
    Streams { names: topology.loki.derives.clone(), ..streams.unwrap_or_default() }
}

fn selected(proof: &Proof<'_>, streams: &Streams, text: &str) -> Vec<BTreeMap<String, usize>> {
    let query = logql::read(text).unwrap();
    let logs = query.logs().map(|(_, log)| {
        let selector = log.selector.as_ref().unwrap();
        let matchers = query.matchers(selector).iter();
        let mut condition = Condition::all(
            &matchers.map(|one| matcher(one.name.text, one.op.into(), &one.value.value)).collect::<Vec<_>>(),
        );
        for stage in query.stages(log) {
            match &stage.kind {
                StageKind::LabelFilter(root) => condition = condition.and(filter(&query, *root)),
                StageKind::Json(_) | StageKind::Logfmt(_) => break,
                _ => {}
            }
        }
        let mut out = BTreeMap::new();
        for index in proof.today(&condition, Copies::Count).unwrap_or_default() {
            *out.entry(proof::stream(&streams.before[index])).or_default() += 1;
        }
        out
    });
    logs.collect()
}

fn filter(query: &Query<'_>, id: FilterId) -> Condition {
    match &query.filter(id).kind {
        FilterKind::Join { or, left, right } => {
            let list = vec![filter(query, *left), filter(query, *right)];
            if *or { Condition::Any(list) } else { Condition::All(list) }
        }
        FilterKind::Compare { name, op, value: FilterValue::Text(text), .. } if LABELS.contains(&name.text) => {
            let op = match op {
                FilterOp::Equal => Op::Equal,
                FilterOp::NotEqual => Op::NotEqual,
                FilterOp::Regex => Op::Match,
                FilterOp::NotRegex => Op::NotMatch,
                _ => return Condition::Open,
            };
            Condition::Is(matcher(name.text, op, &text.value))
        }
        _ => Condition::Open,
    }
}

fn matcher(label: &str, op: Op, value: &str) -> Matcher {
    Matcher { label: label.to_owned(), op, value: Value::Known(value.to_owned()) }
}
