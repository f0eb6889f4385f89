//! Whether two answers are the same under the contract of the place that shows them.
//!
//! Knows: answers and what may differ where they are used. Must not know: streams, or how a query is written.

use std::collections::{BTreeMap, BTreeSet};

use crate::logql_eval::{Answer, Failure, Labels, Stream};
use crate::topology::WHOSE;

/// What may differ where an answer is used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Contract {
    /// Labels may have other names as long as they tell the same apart: panels, and alerts, whose number counts.
    Series,
    /// Nothing: a recorded metric.
    Record,
    /// The values of the first label today, and of the second one afterwards, all of them once.
    Values(String, String),
}

impl Contract {
    /// Whether the values of one label take the place of those of another.
    pub(super) fn changes_label(&self) -> bool {
        matches!(self, Self::Values(today, then) if today != then)
    }
}

/// What an equal answer says about labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Labels of the old answer and what carries their values in the new one.
    pub renames: BTreeMap<String, BTreeSet<String>>,
    /// Labels that only the new answer has.
    pub new: BTreeSet<String>,
    /// Labels that only the old answer has.
    pub lost: BTreeSet<String>,
}

/// How an answer differs, as a sentence part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference(pub(super) String);

/// Names of labels that a move adds or takes.
#[derive(Clone, Copy)]
pub(super) struct Own<'a> {
    /// Those with a meaning of their own.
    pub(super) names: &'a BTreeSet<String>,
    /// Those that the old query names behind its selectors.
    pub(super) asked: &'a BTreeSet<String>,
}

/// An answer; an error of Loki is one.
pub(super) type Answered = Result<Answer, Failure>;

/// Compares two answers.
pub(super) fn same(old: &Answered, new: &Answered, contract: &Contract, own: &Own<'_>) -> Result<Names, Difference> {
    let differs = |text: &str| Err(Difference(text.to_owned()));
    match (old, new) {
        (Err(old), Err(new)) if class(old) == class(new) => Ok(Names::default()),
        (_, Err(error)) => Err(Difference(format!("it would fail ({})", class(error)))),
        (Err(_), Ok(_)) => differs("it would answer where the old query fails"),
        (Ok(Answer::Streams(old)), Ok(Answer::Streams(new))) => {
            let lines = |streams: &[Stream]| {
                let mut all: Vec<(i64, String)> = streams.iter().flat_map(|one| one.lines.iter().cloned()).collect();
                all.sort_unstable();
                all
            };
            let (before, after) = (lines(old), lines(new));
            match (before == after, after.len().cmp(&before.len())) {
                (true, _) => Ok(by_lines(old, new, own)),
                (_, std::cmp::Ordering::Less) => differs("it would show fewer lines"),
                (_, std::cmp::Ordering::Greater) => differs("it would show more lines"),
                _ => differs("it would show other lines"),
            }
        }
        (Ok(old), Ok(new)) => match (series(old), series(new)) {
            (Some(old), Some(new)) => by_series(old, new, contract, own),
            _ => differs("it would answer something of another kind"),
        },
    }
}

/// A failure by its class.
pub(super) fn class(failure: &Failure) -> String {
    match failure {
        Failure::Parse(_) => "Loki would refuse it".to_owned(),
        Failure::Pipeline(error) => (*error).clone(),
        Failure::ManyToMany | Failure::ManyToOne | Failure::GroupingNotUnique => {
            "several series for one match".to_owned()
        }
        Failure::Other(text) => text.clone(),
        Failure::Unsupported(what) => format!("{what} cannot be evaluated"),
    }
}

/// Points of a series, rounded to where sums in another order are the same.
type Points = Vec<(i64, String)>;

fn series(answer: &Answer) -> Option<Vec<(Labels, Points)>> {
    let value = |value: f64| format!("{value:.8e}");
    Some(match answer {
        Answer::Streams(_) => return None,
        Answer::Matrix(list) => list
            .iter()
            .map(|one| (one.labels.clone(), one.points.iter().map(|(at, point)| (*at, value(*point))).collect()))
            .collect(),
        Answer::Vector(list) => list.iter().map(|one| (one.labels.clone(), vec![(0, value(one.value))])).collect(),
        Answer::Scalar(number) => vec![(Labels::default(), vec![(0, value(*number))])],
    })
}

/// What the labels of lines are called, where each is there once: no name of theirs is wrong.
fn by_lines(old: &[Stream], new: &[Stream], own: &Own<'_>) -> Names {
    fn each(streams: &[Stream]) -> BTreeMap<&(i64, String), Option<&Labels>> {
        let mut found = BTreeMap::new();
        for stream in streams {
            for line in &stream.lines {
                found.entry(line).and_modify(|labels| *labels = None).or_insert(Some(&stream.labels));
            }
        }
        found
    }
    let (mut names, new) = (Names::default(), each(new));
    let mut seen: BTreeSet<(&Labels, &Labels)> = BTreeSet::new();
    let is_own = |name: &str| WHOSE.contains(&name) || own.names.contains(name);
    for (line, before) in each(old) {
        let (Some(before), Some(Some(after))) = (before, new.get(line)) else { continue };
        if seen.insert((before, after)) {
            let _is_told = pair(before, after, own, &is_own, &mut names, &mut Jobs::default());
        }
    }
    names
}

fn by_series(
    old: Vec<(Labels, Points)>,
    new: Vec<(Labels, Points)>,
    contract: &Contract,
    own: &Own<'_>,
) -> Result<Names, Difference> {
    let exact = *contract == Contract::Record;
    let is_own = |name: &str| {
        let name = name.strip_suffix("_extracted").unwrap_or(name);
        !exact && (WHOSE.contains(&name) || own.names.contains(name))
    };
    let counts = (old.len(), new.len());
    let mut groups: BTreeMap<(Points, Labels), (Vec<Labels>, Vec<Labels>)> = BTreeMap::new();
    for (list, is_new) in [(old, false), (new, true)] {
        for (labels, points) in list {
            let mut foreign = labels.clone();
            // An empty label is none, but for how series are told apart.
            foreign.retain(|name| !is_own(name) && !labels.get(name).is_empty());
            let group = groups.entry((points, foreign)).or_default();
            if is_new { group.1.push(labels) } else { group.0.push(labels) }
        }
    }
    let mut names = Names::default();
    let mut jobs = Jobs::default();
    for (old, new) in groups.values() {
        if old.len() != new.len() {
            return Err(Difference(match counts {
                (old, new) if old == new => "its series would have other values or labels".to_owned(),
                (old, new) => format!("{old} series would become {new}"),
            }));
        }
        if let ([old], [new]) = (old.as_slice(), new.as_slice()) {
            pair(old, new, own, &is_own, &mut names, &mut jobs)?;
        }
    }
    Ok(names)
}

/// What `job` is called afterwards, by its values, there and back.
#[derive(Default)]
struct Jobs {
    forth: BTreeMap<String, String>,
    back: BTreeMap<String, String>,
}

/// Labels of one series in both answers.
fn pair(
    old: &Labels,
    new: &Labels,
    own: &Own<'_>,
    is_own: &dyn Fn(&str) -> bool,
    names: &mut Names,
    jobs: &mut Jobs,
) -> Result<(), Difference> {
    for (label, value) in old.iter().filter(|(label, value)| is_own(label) && !value.is_empty()) {
        let base = label.strip_suffix("_extracted").unwrap_or(label);
        let extracted = format!("{base}_extracted");
        // What carries itself carries nothing else, but for what says the same.
        let is_free = |name: &str| name == label || old.get(name) != new.get(name);
        let there = |name: &&str| !new.get(name).is_empty() && is_free(name);
        let same = |name: &&str| new.get(name) == value;
        let is_whose = WHOSE.contains(&base);
        let successor = if label == "job" {
            // Where a field is called so, it has the name to itself from now on.
            let field = !old.get("job_extracted").is_empty();
            let all = if field { ["service", "service_name", "job"] } else { ["job", "service", "service_name"] };
            all.into_iter().find(same).or_else(|| all.into_iter().filter(|name| *name != "job").find(there))
        } else if is_whose {
            let all = [label, base, extracted.as_str()];
            all.into_iter().find(same).or_else(|| Some(label).filter(|name| *name == "service_name").filter(there))
        } else {
            Some(label).filter(same)
        };
        let Some(successor) = successor else {
            // What Loki derives says nothing that another label does not say.
            let derived = label == "service_name" && ["job", "service"].iter().any(|name| !old.get(name).is_empty());
            if is_whose && !derived || own.asked.contains(label) {
                return Err(Difference(format!("its series would no longer have `{label}`")));
            }
            names.lost.insert(label.to_owned());
            continue;
        };
        let carried = new.get(successor).to_owned();
        if label == "job"
            && (jobs.forth.entry(value.to_owned()).or_insert_with(|| carried.clone()) != &carried
                || jobs.back.entry(carried.clone()).or_insert_with(|| value.to_owned()) != value)
        {
            return Err(Difference("nothing would tell its series apart as `job` did".to_owned()));
        }
        names.renames.entry(label.to_owned()).or_default().insert(successor.to_owned());
    }
    let fresh = new.iter().filter(|(label, value)| !value.is_empty() && old.get(label).is_empty());
    names.new.extend(fresh.map(|(label, _)| label.to_owned()));
    Ok(())
}
