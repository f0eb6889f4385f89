//! Our readers beside Loki's and Alloy's own: the same verdict on every text, and the same parts where both accept.
//!
//! Knows: where texts come from, how two readings are compared. Must not know: migrations.

mod configs;
mod corpus;
mod mutate;
mod queries;
mod series;
mod words;

use migrate::syntax::{alloy, logql};
use serde::Deserialize;

use crate::judge::{Ask, Judge};
use crate::random::Random;
use crate::shrink::shortest;
use crate::work::{Report, Work};
use corpus::Corpus;

impl From<Vec<String>> for Parts {
    fn from(list: Vec<String>) -> Self {
        Self { list, loose: false }
    }
}

/// Texts that are asked about at once.
const BATCH: usize = 500;

/// What is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    Logql,
    Alloy,
}

#[derive(Deserialize)]
struct ReadQuery {
    #[serde(default)]
    error: String,
    selectors: Option<Vec<Vec<[String; 3]>>>,
    #[serde(default)]
    loose: bool,
}

#[derive(Deserialize)]
struct ReadConfig {
    #[serde(default)]
    error: String,
    body: Option<Vec<Statement>>,
}

#[derive(Deserialize)]
struct Statement {
    depth: usize,
    block: bool,
    name: String,
    #[serde(default)]
    label: String,
}

/// What one reader makes of a text: its parts, or why it refuses it.
type Reading = Result<Parts, String>;

#[derive(Debug, Default)]
struct Parts {
    list: Vec<String>,
    /// Some may be missing, and the order says nothing.
    loose: bool,
}

/// Compares `queries` queries and `configs` configurations.
pub(crate) fn run(work: &Work, queries: usize, configs: usize) -> Vec<Report> {
    let corpus = Corpus::read();
    [(Language::Logql, "LogQL", queries), (Language::Alloy, "Alloy", configs)]
        .into_iter()
        .filter(|(_, _, wanted)| *wanted > 0)
        .map(|(language, name, wanted)| {
            let known = match language {
                Language::Logql => &corpus.queries,
                Language::Alloy => &corpus.configs,
            };
            let report = work.batches(name, wanted, |judge, number, report| {
                let texts = batch(language, known, &mut Random::new(work.seed, name, number), number);
                compare(judge, language, &texts, report);
            });
            assert!(
                report.count("accepted by both") * 5 > report.count("compared"),
                "{name}: too few texts are accepted"
            );
            report
        })
        .collect()
}

/// The first batch is every text of the repository as it stands; the others are made.
fn batch(language: Language, known: &[String], random: &mut Random, number: u64) -> Vec<String> {
    if number == 0 {
        return known.to_vec();
    }
    let make = |random: &mut Random| match language {
        Language::Logql => queries::query(random),
        Language::Alloy => configs::config(random),
    };
    (0..BATCH)
        .map(|_| match random.below(10) {
            0..6 => make(random),
            6..8 => {
                let text = make(random);
                mutate::text(random, &text, known)
            }
            _ => {
                let text = random.pick(known).clone();
                mutate::text(random, &text, known)
            }
        })
        .collect()
}

fn compare(judge: &mut Judge, language: Language, texts: &[String], report: &mut Report) {
    for (text, theirs) in texts.iter().zip(theirs(judge, language, texts)) {
        report.add("compared", 1);
        let ours = ours(language, text);
        match (&ours, &theirs) {
            (Ok(_), Ok(_)) => report.add("accepted by both", 1),
            (Err(_), Err(_)) => report.add("refused by both", 1),
            _ => {}
        }
        if same(&ours, &theirs) {
            continue;
        }
        if ours.is_err() && too_deep(text) {
            report.add("nested too deep for us", 1);
            continue;
        }
        let text = shortest(text, |shorter| {
            let theirs = self::theirs(judge, language, &[shorter.to_owned()]).remove(0);
            !same(&self::ours(language, shorter), &theirs)
        });
        let theirs = self::theirs(judge, language, std::slice::from_ref(&text)).remove(0);
        let ours = self::ours(language, &text);
        report.fail(&format!("{text}\n--- as JSON: {}\n--- ours: {ours:?}\n--- theirs: {theirs:?}", json(&text)));
    }
}

fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

fn same(ours: &Reading, theirs: &Reading) -> bool {
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) if theirs.loose => theirs.list.iter().all(|part| ours.list.contains(part)),
        (Ok(ours), Ok(theirs)) => ours.list == theirs.list,
        (Err(_), Err(_)) => true,
        _ => false,
    }
}

/// Our readers say how deep they follow; nothing that is generated comes near that.
fn too_deep(text: &str) -> bool {
    text.bytes().filter(|byte| b"([{".contains(byte)).count() > 100
}

fn theirs(judge: &mut Judge, language: Language, texts: &[String]) -> Vec<Reading> {
    match language {
        Language::Logql => {
            let answers: Vec<ReadQuery> = judge.ask(&Ask::Logql { texts });
            let reading = |answer: ReadQuery| {
                if answer.error.is_empty() {
                    let list = answer.selectors.unwrap_or_default().iter().map(|one| selector(one)).collect();
                    Ok(Parts { list, loose: answer.loose })
                } else {
                    Err(answer.error)
                }
            };
            answers.into_iter().map(reading).collect()
        }
        Language::Alloy => {
            let answers: Vec<ReadConfig> = judge.ask(&Ask::Alloy { texts });
            let reading = |answer: ReadConfig| {
                let list: Vec<String> = answer.body.unwrap_or_default().iter().map(statement).collect();
                if answer.error.is_empty() { Ok(list.into()) } else { Err(answer.error) }
            };
            answers.into_iter().map(reading).collect()
        }
    }
}

fn ours(language: Language, text: &str) -> Reading {
    match language {
        Language::Logql => our_query(text),
        Language::Alloy => our_config(text),
    }
}

fn our_query(text: &str) -> Reading {
    let query = logql::read_strict(text).map_err(|error| error.to_string())?;
    let sign = |op| match op {
        logql::MatchOp::Equal => "=",
        logql::MatchOp::NotEqual => "!=",
        logql::MatchOp::Regex => "=~",
        logql::MatchOp::NotRegex => "!~",
    };
    let selectors = query.selectors().map(|(_, one)| {
        let parts = query.matchers(one).iter().map(|one| {
            let parts = [one.name.text, sign(one.op), &one.value.value];
            parts.map(str::to_owned)
        });
        selector(&parts.collect::<Vec<_>>())
    });
    Ok(selectors.collect::<Vec<_>>().into())
}

/// One selector as text. Runs of bytes that are no UTF-8 count as one replacement character.
fn selector(matchers: &[[String; 3]]) -> String {
    let mut text = format!("{matchers:?}");
    while text.contains("\u{fffd}\u{fffd}") {
        text = text.replace("\u{fffd}\u{fffd}", "\u{fffd}");
    }
    text
}

fn our_config(text: &str) -> Reading {
    let config = alloy::read(text).map_err(|error| error.to_string())?;
    let depth = |block: Option<alloy::Block<'_, '_>>| std::iter::successors(block, |block| block.parent()).count();
    let mut body: Vec<(usize, Statement)> = Vec::new();
    for block in config.all_blocks() {
        let (name, label) = (block.name().into_owned(), block.label().unwrap_or_default().to_owned());
        let depth = depth(block.parent());
        body.push((block.span().start(), Statement { depth, block: true, name, label }));
    }
    for attribute in config.all_attributes() {
        let name = attribute.name().to_owned();
        let statement = Statement { depth: depth(attribute.block()), block: false, name, label: String::new() };
        body.push((attribute.span().start(), statement));
    }
    body.sort_by_key(|(at, _)| *at);
    Ok(body.iter().map(|(_, one)| statement(one)).collect::<Vec<_>>().into())
}

fn statement(one: &Statement) -> String {
    let kind = if one.block { "block" } else { "attribute" };
    format!("{}{kind} {} {:?}", "  ".repeat(one.depth), one.name, one.label)
}
