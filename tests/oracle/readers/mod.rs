//! Our reader of Alloy configurations beside Alloy's own: the same verdict on every text, and the same statements where both
//! accept.
//!
//! Knows: where texts come from, how two readings are compared. Must not know: migrations.

mod configs;
mod corpus;
mod mutate;

use migrate::syntax::alloy;

use crate::judge::{Judge, Read, Statement};
use crate::random::Random;
use crate::shrink::shortest;
use crate::work::{Report, Work};

/// Texts that are asked about at once.
const BATCH: usize = 500;

/// What one reader makes of a text: its statements, or why it refuses it.
type Reading = Result<Vec<String>, String>;

/// Compares that many configurations.
pub(crate) fn run(work: &Work, wanted: usize) -> Report {
    let known = corpus::configs();
    let report = work.batches("Alloy", wanted, |judge, number, report| {
        let texts = batch(&known, &mut Random::new(work.seed, "Alloy", number), number);
        compare(judge, &texts, report);
    });
    assert!(report.count("accepted by both") * 5 > report.count("compared"), "too few texts are accepted");
    report
}

/// The first batch is every text of the repository as it stands; the others are made.
fn batch(known: &[String], random: &mut Random, number: u64) -> Vec<String> {
    if number == 0 {
        return known.to_vec();
    }
    (0..BATCH)
        .map(|_| match random.below(10) {
            0..6 => configs::config(random),
            6..8 => {
                let text = configs::config(random);
                mutate::text(random, &text, known)
            }
            _ => {
                let text = random.pick(known).clone();
                mutate::text(random, &text, known)
            }
        })
        .collect()
}

fn compare(judge: &mut Judge, texts: &[String], report: &mut Report) {
    for (text, theirs) in texts.iter().zip(theirs(judge, texts)) {
        report.add("compared", 1);
        let ours = ours(text);
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
            let theirs = self::theirs(judge, &[shorter.to_owned()]).remove(0);
            !same(&self::ours(shorter), &theirs)
        });
        let theirs = self::theirs(judge, std::slice::from_ref(&text)).remove(0);
        let ours = self::ours(&text);
        report.fail(&format!("{text}\n--- as JSON: {}\n--- ours: {ours:?}\n--- theirs: {theirs:?}", json(&text)));
    }
}

fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

fn same(ours: &Reading, theirs: &Reading) -> bool {
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => ours == theirs,
        (Err(_), Err(_)) => true,
        _ => false,
    }
}

/// Our readers say how deep they follow; nothing that is generated comes near that.
fn too_deep(text: &str) -> bool {
    text.bytes().filter(|byte| b"([{".contains(byte)).count() > 100
}

fn theirs(judge: &mut Judge, texts: &[String]) -> Vec<Reading> {
    let reading = |read: Read| {
        let list = read.body.unwrap_or_default().iter().map(statement).collect();
        if read.error.is_empty() { Ok(list) } else { Err(read.error) }
    };
    judge.ask(texts).into_iter().map(reading).collect()
}

fn ours(text: &str) -> Reading {
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
    Ok(body.iter().map(|(_, one)| statement(one)).collect())
}

fn statement(one: &Statement) -> String {
    let kind = if one.block { "block" } else { "attribute" };
    format!("{}{kind} {} {:?}", "  ".repeat(one.depth), one.name, one.label)
}
