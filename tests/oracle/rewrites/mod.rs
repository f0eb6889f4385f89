//! Rewritten queries beside the old ones: in Loki's own engine, the old query on the streams before the move and the new
//! one on the streams after it give the same.
//!
//! Knows: which worlds are tried, and how a difference is made small. Must not know: how a query is rewritten.

mod ask;
mod collector;
mod compare;
mod explain;
mod extract;
mod files;
mod lines;
pub(crate) mod table;
mod trial;
mod world;

use migrate::plan::Request;
use migrate::syntax::logql;
use migrate::topology::Bridge;

use crate::judge::Judge;
use crate::random::Random;
use crate::shrink::shortest;
use crate::work::{Report, Work};
use files::{Kind, Wanted};
use trial::{Difference, Task, Trial};
use world::{Loki, World};

/// Queries of one world.
const PANELS: usize = 36;
const RULES: usize = 10;

/// Compares `wanted` rewritten queries.
pub(crate) fn run(work: &Work, wanted: usize) -> Report {
    work.batches("rewrites", wanted, |judge, number, report| {
        let mut random = Random::new(work.seed, "rewrites", number);
        let world = World::new(&mut random);
        let wanted = queries(&mut random, &world);
        let request = request(&mut random, &world);
        // Where the repository does not tell which Loki it is, either must do; what the user says counts.
        let service_name = match world.loki {
            Loki::Three => true,
            Loki::ThreeWithout | Loki::Two => false,
            Loki::Unknown => request.bridge == Bridge::ServiceName || random.percent(50),
        };
        let task = Task { world: &world, request, service_name, seed: work.seed ^ number };
        report.add("repositories", 1);
        match trial::run(judge, &task, &wanted, report) {
            Ok(Some(trial)) => {
                for difference in &trial.differences {
                    fail(judge, &task, &trial, difference, report);
                }
            }
            Ok(None) => {}
            Err((why, files)) => fail_plan(judge, &task, &wanted, &why, &explain::shown(&files), report),
        }
    })
}

/// The queries of a world.
fn queries(random: &mut Random, world: &World) -> Vec<Wanted> {
    let mut out = Vec::new();
    for _ in 0..PANELS {
        out.push(Wanted { kind: Kind::Panel, text: ask::query(random, world), form: random.below(3) });
    }
    for _ in 0..RULES {
        let kind = if random.percent(30) { Kind::Record } else { Kind::Alert };
        out.push(Wanted { kind, text: ask::metric(random, world), form: random.below(3) });
    }
    out
}

/// What the user types.
fn request(random: &mut Random, world: &World) -> Request {
    let may_say = matches!(world.loki, Loki::Three | Loki::Unknown);
    let bridge = match random.below(20) {
        0 | 1 => Bridge::Filter,
        2 | 3 => Bridge::Review,
        4..7 if may_say => Bridge::ServiceName,
        _ => Bridge::Auto,
    };
    let (service, host) = (world.service.clone(), world.host.clone());
    Request { service, host, bridge, keep_history: random.percent(20), ..Request::default() }
}

/// Reports a difference, with the shortest query that shows one of its kind in the same world.
fn fail(judge: &mut Judge, task: &Task<'_>, trial: &Trial, found: &Difference, report: &mut Report) {
    if !report.wants_more() {
        return report.fail("");
    }
    let first = &found.site.before;
    let mut alone = |text: &str| {
        let wanted = Wanted { kind: found.site.kind, text: text.to_owned(), form: 0 };
        let trial = trial::run(judge, task, &[wanted], &mut Report::default()).ok()??;
        trial.differences.iter().any(|one| one.kind == found.kind).then_some(trial)
    };
    let short = shortest(first, |text| logql::read(text).is_ok() && alone(text).is_some());
    let text = match alone(&short) {
        Some(trial) => explain::difference(task, &trial, &trial.differences[0], first),
        // Not by itself: another query of the file has a part in it.
        None => explain::difference(task, trial, found, first),
    };
    report.fail(&text);
}

/// Reports that there is no plan, with the shortest query it takes.
fn fail_plan(judge: &mut Judge, task: &Task<'_>, wanted: &[Wanted], why: &str, files: &str, report: &mut Report) {
    report.add("different: no plan", 1);
    if !report.wants_more() {
        return report.fail("");
    }
    let mut fails =
        |wanted: &Wanted| trial::run(judge, task, std::slice::from_ref(wanted), &mut Report::default()).is_err();
    let Some(culprit) = wanted.iter().find(|wanted| fails(wanted)) else {
        return report.fail(&format!("{files}--- no plan: {why}"));
    };
    let short = shortest(&culprit.text, |text| {
        logql::read(text).is_ok() && fails(&Wanted { text: text.to_owned(), ..culprit.clone() })
    });
    report.fail(&format!("{files}--- no plan: {why}\n- {short}"));
}
