//! One infrastructure: its queries and its moves are made, everything is judged, what is wrong is made small.
//!
//! Knows: how often what is tried, what counts as which kind. Must not know: how answers are compared.

use std::fmt::Write as _;

use migrate::logql_eval::Labels;
use migrate::plan::Request;
use migrate::syntax::logql;
use migrate::topology::Bridge;

use super::ask::{self, GHOSTS, Names};
use super::compare::{self, Contract, Renamed};
use super::files::{Kind, Wanted};
use super::infra::{Infra, Loki};
use super::judge::{Differs, Judge, TIER, Values, Verdict};
use super::lines::{Lines, START, STYLES, Style};
use super::report::Report;
use super::shrink::shortest;
use super::trial::{self, Fate, Order, Task, Trial};
use super::world::{Unknown, World};
use crate::random::Random;

/// Queries of one infrastructure.
const PANELS: usize = 90;
const RULES: usize = 30;

/// All that is chosen for one number.
struct Round {
    task: Task,
    names: Names,
    /// Chooses what is unknown, and the lines.
    chance: u64,
    words: Vec<String>,
}

/// Tries one infrastructure.
pub(crate) fn run(seed: u64, number: u64, show: Option<&str>) -> Report {
    let mut report = Report::new(seed, show.map(str::to_owned));
    let mut random = Random::new(seed, "judge", number);
    let mut round = Round::new(&mut random, seed ^ number);
    let wanted: Vec<Wanted> = (0..PANELS + RULES).map(|at| query(&mut random, &round.names, at)).collect();
    round.words = words(&wanted);
    report.add("infrastructures");
    match trial::run(&round.task, &wanted) {
        Ok(trial) => round.judge(number, &trial, &wanted, &mut report),
        Err(why) => {
            report.add("wrong: no plan");
            report.at("wrong: no plan", number);
            report.keep("wrong: no plan", format!("MIGRATE_JUDGE_SEED={seed} MIGRATE_JUDGE_ONLY={number}\n{why}"));
        }
    }
    report
}

fn query(random: &mut Random, names: &Names, at: usize) -> Wanted {
    let form = random.below(3);
    if at < PANELS {
        return Wanted { kind: Kind::Panel, text: ask::query(random, names), form };
    }
    let kind = if random.percent(30) { Kind::Record } else { Kind::Alert };
    Wanted { kind, text: ask::metric(random, names), form }
}

/// What filters of the queries look for in lines.
fn words(wanted: &[Wanted]) -> Vec<String> {
    let mut words = Vec::new();
    for query in wanted.iter().filter_map(|one| logql::read(&one.text).ok()) {
        for (_, selector) in query.selectors() {
            let values = query.matchers(selector).iter().map(|one| one.value.value.to_string());
            words.extend(values.filter(|value| value.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')));
        }
    }
    words.retain(|word| !word.is_empty());
    words.sort();
    words.dedup();
    words
}

impl Round {
    fn new(random: &mut Random, chance: u64) -> Self {
        let infra = Infra::new(random);
        let all = infra.on_syslog();
        let first = *random.pick(&all);
        let (order, moves) = match random.below(20) {
            0..12 => (Order::AtOnce, vec![first]),
            12..17 => (Order::AtOnce, some(random, all.iter().filter(|one| one.0 == first.0).copied().collect())),
            _ => (Order::InTurn, some(random, all.clone())),
        };
        let may_say = matches!(infra.loki, Loki::Three | Loki::Unknown);
        let bridge = match random.below(20) {
            0..3 => Bridge::Filter,
            3 => Bridge::Review,
            4..7 if may_say => Bridge::ServiceName,
            _ => Bridge::Auto,
        };
        let keep_history = random.percent(20);
        let request = |&(host, project): &(usize, usize)| {
            let host = &infra.hosts[host];
            let (service, host) = (host.projects[project].name.clone(), host.full());
            Request { service, host, bridge, keep_history, ..Request::default() }
        };
        let requests = moves.iter().map(request).collect();
        let style = *random.pick(STYLES);
        let names = names(&infra, &moves, style);
        let which = names.jobs.iter().take(2).chain(names.other_jobs.iter().take(1)).cloned().collect();
        Self { task: Task { infra, requests, order, which }, names, chance, words: Vec::new() }
    }

    /// What is unknown is chosen, the same each time.
    fn world(&self, trial: &Trial) -> World {
        let mut random = Random::new(self.chance, "world", 0);
        let service_name = match self.task.infra.loki {
            Loki::Three => true,
            Loki::ThreeWithout | Loki::Two => false,
            // What the user says counts.
            Loki::Unknown => self.task.requests[0].bridge == Bridge::ServiceName || random.percent(50),
        };
        let mut ghosts = Vec::new();
        for job in GHOSTS {
            if random.percent(40) {
                let foreign = "ariel.incus".to_owned();
                let host = if random.percent(50) { foreign } else { random.pick(&self.names.hosts).clone() };
                ghosts.push((job.to_owned(), host));
            }
        }
        let unknown = Unknown { service_name, ghosts };
        let mut lines = Lines::new(&mut random, self.names.style, &self.words);
        World::new(&self.task.infra, &trial.moved, &unknown, &mut lines)
    }

    fn renamed(&self, trial: &Trial) -> Renamed {
        let of = |&(host, project): &(usize, usize)| {
            let host = &self.task.infra.hosts[host];
            let project = &host.projects[project];
            project.jobs(host).map(|job| (job.to_owned(), project.name.clone())).collect::<Vec<_>>()
        };
        Renamed::new(trial.moved.iter().flat_map(of))
    }

    /// What `$job` may hold: a job that moves, one that stays, both; what `$which` offers.
    fn values(&self, trial: &Trial, renamed: &Renamed) -> Values {
        let after = |job: &String| if trial.listed == "job" { job.clone() } else { renamed.one_name(job) };
        let mut out = Vec::new();
        out.extend(self.names.jobs.first().map(|job| (job.clone(), after(job))));
        out.extend(self.names.other_jobs.first().map(|job| (job.clone(), job.clone())));
        if let [(one, new), (other, same)] = out.as_slice() {
            out.push((format!("{one}|{other}"), format!("{new}|{same}")));
        }
        let which = self.task.which.iter().cloned().zip(trial.which.iter().cloned()).collect();
        Values { job: out, which }
    }

    fn judge(&self, number: u64, trial: &Trial, wanted: &[Wanted], report: &mut Report) {
        for rule in &trial.blocked {
            report.add(&format!("moves blocked by {rule}"));
        }
        if trial.moved.is_empty() {
            return report.add("infrastructures where nothing moves");
        }
        let (world, renamed) = (self.world(trial), self.renamed(trial));
        let values = self.values(trial, &renamed);
        let judge = Judge { world: &world, renamed: &renamed, values: &values };
        for (one, fate) in wanted.iter().zip(&trial.fates) {
            let Some((kind, differs)) = self.of_one(&judge, one, fate, report) else { continue };
            report.add(&kind);
            report.at(&kind, number);
            if report.wants(&kind) {
                let case = self.small(one, &kind).unwrap_or_else(|| self.shown(&judge, one, fate, &differs));
                let head = format!("MIGRATE_JUDGE_SEED={} MIGRATE_JUDGE_ONLY={number}", report.seed);
                report.keep(&kind, format!("{head}\nfirst seen with {}\n{case}", one.text));
            }
        }
    }

    /// Counts what became of a query; its kind, where it is one that should not be.
    fn of_one(&self, judge: &Judge<'_>, one: &Wanted, fate: &Fate, report: &mut Report) -> Option<(String, Differs)> {
        let contract = contract(one);
        let rewritten = fate.after != one.text;
        if let Some((rule, message)) = &fate.left {
            self.left(judge, one, fate, (rule, message), report);
            return None;
        }
        let verdict = judge.compare(contract, &one.text, &fate.after);
        match verdict {
            Verdict::Skipped => {
                report.add(if rewritten { "rewritten, not judged" } else { "untouched, not judged" });
                None
            }
            Verdict::Same { any } => {
                report.add(match (rewritten, any) {
                    (true, true) => "rewritten, and compared",
                    (true, false) => "rewritten, and answers nothing",
                    (false, true) => "untouched, and the same",
                    (false, false) => "untouched, and answers nothing",
                });
                if !rewritten || !self.task.requests[0].keep_history {
                    return None;
                }
                report.add("history compared");
                let Verdict::Other(differs) = judge.history(contract, &one.text, &fate.after) else { return None };
                Some((format!("wrong: history: {contract:?}: {}", differs.what.word()), *differs))
            }
            Verdict::Other(differs) if rewritten => {
                report.add("rewritten, and compared");
                let note = fate.notes.iter().find(|note| note.ends_with("fans-out") || note.ends_with("absent"));
                let lost = differs.but_for(TIER, contract, judge.renamed);
                let kind = match note {
                    _ if lost => format!("told by a finding: alloy/labels-lost: {contract:?}"),
                    Some(note) => format!("told by a note: {note}: {contract:?}: {}", differs.what.word()),
                    None => {
                        let why = why(judge, contract, (&one.text, &fate.after));
                        format!("wrong: {why}{contract:?}: {}", differs.what.word())
                    }
                };
                Some((kind, *differs))
            }
            Verdict::Other(differs) => {
                let why = why(judge, contract, (&one.text, &one.text));
                Some((format!("silent: {why}{contract:?}: {}", differs.what.word()), *differs))
            }
        }
    }

    /// Counts a query that is left for a person, and whether what is proposed would do.
    fn left(&self, judge: &Judge<'_>, one: &Wanted, fate: &Fate, (rule, message): (&str, &str), report: &mut Report) {
        report.add("left for a person");
        if !report.asks_what_is_left() {
            return;
        }
        let same = |text: &str| judge.compare(contract(one), &one.text, text);
        // The proposal of one of several moves is not the last word.
        let proposed = fate.proposed.as_deref().filter(|_| self.task.requests.len() == 1);
        let holds = match proposed.map(&same) {
            None => "no proposal",
            Some(Verdict::Same { any: true }) => "the proposal holds",
            Some(Verdict::Same { any: false }) => "the proposal answers nothing",
            Some(Verdict::Skipped) => "the proposal cannot be judged",
            Some(Verdict::Other(_)) => "the proposal is refuted",
        };
        let as_it_is = if matches!(same(&one.text), Verdict::Same { any: true }) {
            ", and so would the query as it is"
        } else {
            ""
        };
        let kind = format!("left: {rule}: {holds}");
        report.add(&kind);
        report.add(&format!("left, by whether a text would do: {holds}{as_it_is}"));
        if report.wants(&kind) {
            let (requests, infra) = (self.requests(), &self.task.infra);
            let proposed = fate.proposed.as_deref().unwrap_or("(nothing)");
            let loki = infra.loki;
            report.keep(
                &kind,
                format!("{requests}, Loki {loki:?}, {:?}\n{message}\n- {}\n? {proposed}", one.kind, one.text),
            );
        }
    }

    /// The case with the shortest query that shows one of its kind, alone in the same infrastructure.
    fn small(&self, one: &Wanted, kind: &str) -> Option<String> {
        let alone = |text: &str| {
            let wanted = [Wanted { text: text.to_owned(), form: 0, ..one.clone() }];
            let trial = trial::run(&self.task, &wanted).ok()?;
            if trial.moved.is_empty() {
                return None;
            }
            let (world, renamed) = (self.world(&trial), self.renamed(&trial));
            let values = self.values(&trial, &renamed);
            let judge = Judge { world: &world, renamed: &renamed, values: &values };
            let (found, differs) = self.of_one(&judge, &wanted[0], &trial.fates[0], &mut Report::default())?;
            (found == kind).then(|| self.shown(&judge, &wanted[0], &trial.fates[0], &differs))
        };
        alone(&one.text)?;
        let short = shortest(&one.text, |text| logql::read_strict(text).is_ok() && alone(text).is_some());
        alone(&short)
    }

    fn requests(&self) -> String {
        let first = &self.task.requests[0];
        let all: Vec<String> =
            self.task.requests.iter().map(|one| format!("{} on {}", one.service, one.host)).collect();
        let history = if first.keep_history { ", history kept" } else { "" };
        format!("{} {:?}, bridge {:?}{history}", all.join(" + "), self.task.order, first.bridge)
    }

    fn shown(&self, judge: &Judge<'_>, one: &Wanted, fate: &Fate, differs: &Differs) -> String {
        let mut out = format!("{}, Loki {:?}\n", self.requests(), self.task.infra.loki);
        for host in &self.task.infra.hosts {
            let socket = if host.socket { "reads the socket" } else { "does not read the socket" };
            let _ = writeln!(out, "  {} {socket}", host.full());
            for project in &host.projects {
                let _ = writeln!(out, "    {} {:?}", project.name, project.components);
            }
        }
        let is_copy = |labels: &Labels| judge.world.copies.iter().any(|copy| copy.labels == *labels);
        for (name, streams) in [("before", &judge.world.doubled), ("after", &judge.world.after)] {
            let _ = writeln!(out, "--- streams {name}");
            for stream in streams {
                let labels: Vec<String> =
                    stream.labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
                let copy = if name == "before" && is_copy(&stream.labels) { ", there twice" } else { "" };
                let _ = writeln!(out, "  {{{}}} {} lines{copy}", labels.join(", "), stream.lines.len());
            }
        }
        let _ = write!(out, "--- answer of the old query\n{}", compare::shown(&differs.old, START));
        let _ = write!(out, "--- answer of the new query\n{}", compare::shown(&differs.new, START));
        let after = if one.text == fate.after { "(the same)" } else { &fate.after };
        let _ = write!(out, "--- {:?}\n- {}\n+ {after}", contract(one), one.text);
        out
    }
}

/// What tells a difference that only comes of new labels from others.
fn why(judge: &Judge<'_>, contract: Contract, (old, new): (&str, &str)) -> &'static str {
    if judge.only_gains(contract, old, new) { "by labels that come: " } else { "" }
}

fn contract(one: &Wanted) -> Contract {
    let is_log = one.text.trim_start().starts_with('{');
    match one.kind {
        Kind::Panel if is_log => Contract::Lines,
        Kind::Panel => Contract::Panel,
        Kind::Alert => Contract::Alert,
        Kind::Record => Contract::Record,
    }
}

/// One or more of these in some order.
fn some<T>(random: &mut Random, mut list: Vec<T>) -> Vec<T> {
    random.shuffle(&mut list);
    let count = 1 + random.below(list.len());
    list.truncate(count.max(2));
    list
}

fn names(infra: &Infra, moves: &[(usize, usize)], style: Style) -> Names {
    let moving: Vec<&str> =
        moves.iter().map(|&(host, project)| infra.hosts[host].projects[project].name.as_str()).collect();
    let (mut jobs, mut other_jobs) = (Vec::new(), Vec::new());
    for (job, project) in infra.jobs() {
        let moves = project.is_some_and(|project| moving.contains(&project.as_str()));
        if moves { &mut jobs } else { &mut other_jobs }.push(job);
    }
    jobs.dedup();
    other_jobs.retain(|job| !jobs.contains(job));
    let mut projects: Vec<String> =
        infra.hosts.iter().flat_map(|host| &host.projects).map(|project| project.name.clone()).collect();
    projects.sort();
    projects.dedup();
    let hosts = infra.hosts.iter().map(super::infra::Host::full).collect();
    Names { jobs, other_jobs, projects, hosts, host: infra.hosts[moves[0].0].full(), style }
}

/// What a program that forgets a query, or loses it, would be told.
#[test]
fn what_is_wrong_is_seen() {
    let mut random = Random::new(1, "judge", 0);
    let round = Round::new(&mut random, 0);
    let text = format!("{{job={:?}}}", round.names.jobs[0]);
    let wanted = [Wanted { kind: Kind::Panel, text: text.clone(), form: 0 }];
    let trial = trial::run(&round.task, &wanted).unwrap();
    assert!(!trial.moved.is_empty());
    let (world, renamed) = (round.world(&trial), round.renamed(&trial));
    let values = round.values(&trial, &renamed);
    let judge = Judge { world: &world, renamed: &renamed, values: &values };
    let kind = |after: &str| {
        let fate = Fate { after: after.to_owned(), ..Fate::default() };
        round.of_one(&judge, &wanted[0], &fate, &mut Report::default()).map(|(kind, _)| kind)
    };
    assert_eq!(kind(&trial.fates[0].after), None);
    assert_eq!(kind(&text).as_deref(), Some("silent: Lines: other lines or numbers"));
    assert_eq!(kind("{service=\"nobody\"}").as_deref(), Some("wrong: Lines: other lines or numbers"));
    assert_eq!(kind("{hostname=~\".+\"}").as_deref(), Some("wrong: Lines: other lines or numbers"));
}
