//! What the everyday answer does to a whole repository, beside this program, judged by Loki's engine.
//!
//! Knows: the repository that `benches/` generates, what `grep -rl … | xargs sed -i …` would make of it. Must not know:
//! how a query is rewritten.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use migrate::finding::Level;
use migrate::plan::{self, Plan, Request};
use migrate::repo::Load;
use migrate::select::{self, Needles};
use migrate::snapshot::{Entry, EntryKind, Snapshot};
use migrate::text::{RepoPath, Source};
use migrate::topology::{Bridge, Topology};

use crate::generate;
use crate::judge::{Answer, Ask, Judge, Query};
use crate::random::Random;

use super::compare::{Outcome, Renamed};
use super::extract::{Found, found};
use super::lines;
use super::trial::question;
use super::world::Style;

const SERVICE: &str = "kairos";

/// Texts of files by path.
type Files = BTreeMap<String, String>;

/// What became of the queries that the move concerns, and of those it does not.
#[derive(Default)]
struct Row {
    right: usize,
    wrong: usize,
    missed: usize,
    review: usize,
    /// Queries of another language that were changed.
    broken: usize,
}

/// Prints the table.
pub(crate) fn print(program: &std::path::Path, seed: u64) {
    let mut files = Files::new();
    let mut keep = |path: &str, text: &str| {
        files.insert(path.to_owned(), text.to_owned());
        Ok(())
    };
    generate::files(generate::Layout::Spread, &mut keep).expect("nothing is written");
    let (bridge, keep_history) = (Bridge::Auto, false);
    let request =
        Request { service: SERVICE.to_owned(), host: "puck".to_owned(), bridge, keep_history, ..Request::default() };
    let plan = plan::plan_on(&topology(&files, &request), &request).expect("there is a plan");
    let ours = ours(&files, &plan);
    let by_sed = sed(&files);
    let mut judge = Judge::start(program);
    let touched: BTreeSet<&String> = ours.keys().chain(by_sed.keys()).collect();
    let old: Vec<Found> = files
        .iter()
        .filter(|(path, text)| touched.contains(path) || text.contains("\"loki\"") || path.contains("loki/rules"))
        .flat_map(|(path, text)| found(path, text))
        .collect();
    let new = |changed: &Files| -> Vec<Found> {
        let paths: BTreeSet<&str> = old.iter().map(|one| one.path.as_str()).collect();
        paths.into_iter().flat_map(|path| found(path, changed.get(path).unwrap_or(&files[path]))).collect()
    };
    let bench = Bench::new(&plan, seed, &old, &mut judge);
    println!("| | right | wrong | missed | left for review | of another language, broken |\n|---|---|---|---|---|---|");
    let answers =
        [("`grep -rl … \\| xargs sed -i …`", new(&by_sed), false), ("`migrate kairos --host puck`", new(&ours), true)];
    for (name, new, reviews) in answers {
        let row = bench.row(&new, reviews.then_some(&plan), &mut judge);
        let Row { right, wrong, missed, review, broken } = row;
        println!("| {name} | {right} | {wrong} | {missed} | {review} | {broken} |");
    }
    let foreign = old.iter().filter(|one| !one.loki && one.text.contains(SERVICE)).count();
    let rewritten = plan.queries.iter().filter(|query| query.before != query.after).count();
    println!("\nmigrate changes {} files and rewrites {rewritten} queries", ours.len());
    println!(
        "{} queries of Loki in {} files that the move concerns, beside {foreign} of Prometheus that name {SERVICE}; \
         {} files in all",
        bench.concerned.len(),
        bench.concerned.iter().map(|&at| &old[at].path).collect::<BTreeSet<_>>().len(),
        files.len()
    );
}

/// Reads as much of the repository as the program does.
fn topology(files: &Files, request: &Request) -> Topology {
    let entry = |path: &String| Entry { path: RepoPath::from(path.as_str()), kind: EntryKind::File };
    let mut snapshot = Snapshot::new("0".repeat(40), files.keys().map(entry).collect());
    let add = |snapshot: &mut Snapshot, path: &str, text: &str| {
        snapshot.add(Arc::new(Source::new(path, 0o100_644, Vec::new(), text.as_bytes().to_vec())));
    };
    for (path, text) in files.iter().filter(|(path, _)| matches!(select::infrastructure(path), Load::Always)) {
        add(&mut snapshot, path, text);
    }
    let topology = Topology::of(&snapshot);
    let needles = Needles::of(&topology, select::names(&topology, std::slice::from_ref(request)));
    for (path, text) in files.iter().filter(|(path, _)| select::others(path)) {
        let json = select::is_json(path);
        if if json { needles.matter_in_json(text.as_bytes()) } else { needles.matter(text.as_bytes()) } {
            add(&mut snapshot, path, text);
        }
    }
    topology.again(&snapshot)
}

fn ours(files: &Files, plan: &Plan) -> Files {
    let mut changed = Files::new();
    for step in &plan.steps {
        for (path, edits) in &step.edits {
            let old = changed.get(path.as_str()).unwrap_or(&files[path.as_str()]);
            let new = String::from_utf8(edits.apply(old.as_bytes())).expect("edits keep UTF-8");
            changed.insert(path.to_string(), new);
        }
    }
    changed
}

/// `grep -rl 'job="kairos"' | xargs sed -i 's/job="kairos"/service="kairos"/g'`, and the same for the form in JSON.
fn sed(files: &Files) -> Files {
    let plain = (format!("job=\"{SERVICE}\""), format!("service=\"{SERVICE}\""));
    let escaped = (format!("job=\\\"{SERVICE}\\\""), format!("service=\\\"{SERVICE}\\\""));
    let names = |text: &str| text.contains(&plain.0) || text.contains(&escaped.0);
    let change = |text: &str| text.replace(&plain.0, &plain.1).replace(&escaped.0, &escaped.1);
    files.iter().filter(|(_, text)| names(text)).map(|(path, text)| (path.clone(), change(text))).collect()
}

/// The streams, and what each query returned before.
struct Bench<'q> {
    old: &'q [Found],
    /// Indices of the queries that return something else, or nothing, once the service has moved.
    concerned: Vec<usize>,
    before: Vec<Answer>,
    stores: [Vec<crate::judge::Stream>; 3],
    renamed: Renamed,
}

impl<'q> Bench<'q> {
    fn new(plan: &Plan, seed: u64, old: &'q [Found], judge: &mut Judge) -> Self {
        let moved = plan.moved.as_ref().expect("something moves");
        let sets = lines::sets(&mut Random::new(seed, "table", 0), moved, Style::Logfmt, true);
        let renamed = Renamed::new(&moved.project, &moved.jobs);
        let stores = [sets.before, sets.after, sets.shadowed];
        let before = ask(judge, &stores, 0, old);
        let mut bench = Self { old, concerned: Vec::new(), before, stores, renamed };
        let same = ask(judge, &bench.stores, 1, old);
        bench.concerned =
            (0..old.len()).filter(|&at| old[at].loki && !bench.is_right(at, &old[at], &same[at])).collect();
        bench
    }

    /// Whether `new` returns afterwards what the query at this index returned, under the same legends.
    fn is_right(&self, at: usize, new: &Found, answer: &Answer) -> bool {
        let old = &self.before[at];
        let same = match self.renamed.compare(old, answer, false) {
            Outcome::Same => true,
            Outcome::OtherLabels => !old.metric || self.old[at].text.contains("topk"),
            Outcome::FansOut | Outcome::Different => false,
        };
        same && self.old[at].legends(old) == new.legends(answer)
    }

    fn row(&self, new: &[Found], plan: Option<&Plan>, judge: &mut Judge) -> Row {
        assert_eq!(self.old.len(), new.len(), "an answer took queries away");
        let answers = ask(judge, &self.stores, 1, new);
        let mut row = Row::default();
        for (at, (one, answer)) in new.iter().zip(&answers).enumerate() {
            let old = &self.old[at];
            let changed = (&old.text, &old.legend) != (&one.text, &one.legend);
            if !old.loki {
                row.broken += usize::from(changed);
                continue;
            }
            let (concerned, right) = (self.concerned.contains(&at), self.is_right(at, one, answer));
            let review = plan.is_some_and(|plan| is_said(plan, old));
            match (concerned, right, changed) {
                (true, true, _) => row.right += 1,
                (false, true, _) => {}
                (_, false, true) => row.wrong += 1,
                (_, false, false) if review => row.review += 1,
                (_, false, false) => row.missed += 1,
            }
        }
        row
    }
}

/// Whether a review finding stands on a line that holds the query, or is about the variable it uses.
fn is_said(plan: &Plan, query: &Found) -> bool {
    plan.findings.iter().filter(|finding| finding.level == Level::Review).any(|finding| {
        finding.at.as_ref().is_some_and(|at| {
            let line = at.source.line_at(at.span.start());
            let line = line.of(at.source.text().unwrap_or_default());
            at.source.path.as_str() == query.path
                && (line.contains(&query.written) || query.text.contains("$job") && line.contains("\"templating\""))
        })
    })
}

fn ask(judge: &mut Judge, stores: &[Vec<crate::judge::Stream>; 3], set: usize, queries: &[Found]) -> Vec<Answer> {
    let one = |query: &Found| question(set, if query.loki { &query.text } else { "vector(0)" }, SERVICE);
    let queries: Vec<Query> = queries.iter().map(one).collect();
    judge.ask(&Ask::Query { sets: stores, queries: &queries })
}
