//! Two answers under the contract of the place where they are used.
//!
//! Knows: which labels a move exchanges, and what may differ where. Must not know: queries, or how they are rewritten.

use std::collections::{BTreeMap, BTreeSet};

use migrate::logql_eval::{Answer, Labels};

use super::lines::FIELD;

/// Labels that say whose a series is. Which of them says it may change.
const WHOSE: [&str; 5] = ["job", "service", "component", "container", "service_name"];

/// What a place asks of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Contract {
    /// The same lines.
    Lines,
    /// The same series; whose they are may be said by other labels, but tells the same apart.
    Panel,
    /// The same labels and values.
    Record,
    /// As many series at each moment.
    Alert,
}

/// In what two answers differ; the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Difference {
    /// One is an error.
    Error,
    /// Other lines, numbers, or how many.
    Values,
    /// Several series where there was one; their sums are the same.
    FansOut,
    /// The same numbers under labels that differ in more than whose they are.
    Labels,
    /// The same series, but other ones of them count as one service's.
    Apart,
    /// The same but for the name of a service: the job before, the project afterwards.
    Names,
}

impl Difference {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Error => "an error",
            Self::Values => "other lines or numbers",
            Self::FansOut => "fans out",
            Self::Labels => "other labels",
            Self::Apart => "told apart otherwise",
            Self::Names => "the name of the service in a text",
        }
    }
}

/// What is answered: nothing but an error, or rows.
pub(crate) type Outcome = Result<Answer, String>;

/// Labels and what was found under them.
type Row = (BTreeMap<String, String>, Vec<(i64, String)>);

/// Names of jobs, each with that of the project it becomes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Renamed(Vec<(String, String)>);

impl Renamed {
    pub(crate) fn new(names: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut names: Vec<_> = names.into_iter().filter(|(job, project)| job != project).collect();
        names.sort_by_key(|(job, _)| (std::cmp::Reverse(job.len()), job.clone()));
        names.dedup();
        Self(names)
    }

    /// The text with the project in the place of each of its jobs.
    pub(crate) fn one_name(&self, text: &str) -> String {
        let marked =
            self.0.iter().enumerate().fold(text.to_owned(), |text, (at, (job, _))| {
                text.replace(job.as_str(), &format!("\u{2040}{at}\u{2040}"))
            });
        self.0
            .iter()
            .enumerate()
            .fold(marked, |text, (at, (_, project))| text.replace(&format!("\u{2040}{at}\u{2040}"), project))
    }

    fn renamed(&self, rows: &[Row]) -> Vec<Row> {
        let text = |text: &String| self.one_name(text);
        let row = |(labels, points): &Row| {
            let labels = labels.iter().map(|(name, value)| (name.clone(), text(value))).collect();
            (labels, points.iter().map(|(at, value)| (*at, text(value))).collect())
        };
        rows.iter().map(row).collect()
    }
}

/// In what `new` differs from `old`, where `old` is no error.
pub(crate) fn difference(contract: Contract, renamed: &Renamed, old: &Outcome, new: &Outcome) -> Option<Difference> {
    let (Ok(old), Ok(new)) = (old, new) else { return Some(Difference::Error) };
    let (old, new) = (rows(old), rows(new));
    let first = of_rows(contract, &old, &new)?;
    if of_rows(contract, &renamed.renamed(&old), &renamed.renamed(&new)).is_none() {
        return Some(Difference::Names);
    }
    Some(first)
}

fn of_rows(contract: Contract, old: &[Row], new: &[Row]) -> Option<Difference> {
    if contract == Contract::Alert {
        let counts = |rows: &[Row]| {
            let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
            rows.iter().flat_map(|(_, points)| points).for_each(|(at, _)| *counts.entry(*at).or_default() += 1);
            counts
        };
        if counts(old) == counts(new) {
            return None;
        }
    }
    if contract == Contract::Lines {
        return (points(old) != points(new)).then_some(Difference::Values);
    }
    if contract == Contract::Record {
        let (mut old, mut new) = (old.to_vec(), new.to_vec());
        old.sort();
        new.sort();
        if old == new {
            return None;
        }
    }
    if contract == Contract::Panel && are_apart(old, new) {
        return None;
    }
    let bare = |rows: &[Row]| {
        let mut all: Vec<_> = rows.iter().map(|(labels, points)| (split(labels).1, points.clone())).collect();
        all.sort();
        all
    };
    Some(if bare(old) == bare(new) {
        if contract == Contract::Record { Difference::Labels } else { Difference::Apart }
    } else if points(old) == points(new) {
        Difference::Labels
    } else if summed(old) == summed(new) {
        Difference::FansOut
    } else {
        Difference::Values
    })
}

/// Labels that say whose, and the others. A field keeps its name, whether or not a label of the stream makes it
/// `…_extracted`. An empty label is none.
fn split(labels: &BTreeMap<String, String>) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let (mut whose, mut others) = (BTreeMap::new(), BTreeMap::new());
    for (name, value) in labels.iter().filter(|(_, value)| !value.is_empty()) {
        if value.contains(FIELD) {
            others.insert(format!("field {}", name.trim_end_matches("_extracted")), value.clone());
        } else if WHOSE.contains(&name.as_str()) {
            whose.insert(name.clone(), value.clone());
        } else {
            others.insert(name.clone(), value.clone());
        }
    }
    (whose, others)
}

/// Whether these are the same series, and no two of them that were different owners' are one's now.
fn are_apart(old: &[Row], new: &[Row]) -> bool {
    type Owners = Vec<BTreeMap<String, String>>;
    let mut same: BTreeMap<_, (Owners, Owners)> = BTreeMap::new();
    for (labels, points) in old {
        let (whose, others) = split(labels);
        same.entry((others, points)).or_default().0.push(whose);
    }
    for (labels, points) in new {
        let (whose, others) = split(labels);
        same.entry((others, points)).or_default().1.push(whose);
    }
    if same.values().any(|(old, new)| old.len() != new.len()) {
        return false;
    }
    // Which series became which is plain where there is one of a kind; the others must fit in.
    let mut was: BTreeMap<_, _> = BTreeMap::new();
    for (old, new) in same.values().filter(|(old, _)| old.len() == 1) {
        if *was.entry(&new[0]).or_insert(&old[0]) != &old[0] {
            return false;
        }
    }
    same.values().filter(|(old, _)| old.len() > 1).all(|(old, new)| {
        let mut left: Vec<_> = old.iter().collect();
        new.iter()
            .filter_map(|owner| was.get(owner))
            .all(|owner| left.iter().position(|one| one == owner).map(|at| left.remove(at)).is_some())
    })
}

fn points(rows: &[Row]) -> Vec<(i64, String)> {
    let mut all: Vec<_> = rows.iter().flat_map(|(_, points)| points.clone()).collect();
    all.sort();
    all
}

/// Series that have the same labels but for those that say whose, as one.
fn summed(rows: &[Row]) -> BTreeMap<(BTreeMap<String, String>, i64), String> {
    let mut sums: BTreeMap<_, f64> = BTreeMap::new();
    for (labels, points) in rows {
        for (at, value) in points {
            *sums.entry((split(labels).1, *at)).or_default() += value.parse().unwrap_or(f64::NAN);
        }
    }
    sums.into_iter().map(|(key, sum)| (key, format!("{sum:.6e}"))).collect()
}

/// An answer in one form.
pub(crate) fn rows(answer: &Answer) -> Vec<Row> {
    let labels = |labels: &Labels| -> BTreeMap<String, String> {
        let all = labels.iter().filter(|(name, value)| !value.is_empty() && *name != "__error_details__");
        all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    let mut rows: Vec<Row> = match answer {
        Answer::Streams(all) => all.iter().map(|one| (labels(&one.labels), one.lines.clone())).collect(),
        Answer::Matrix(all) => {
            let point = |(at, value): &(i64, f64)| (*at, number(*value));
            all.iter().map(|one| (labels(&one.labels), one.points.iter().map(point).collect())).collect()
        }
        Answer::Vector(all) => all.iter().map(|one| (labels(&one.labels), vec![(0, number(one.value))])).collect(),
        Answer::Scalar(value) => vec![(BTreeMap::new(), vec![(0, number(*value))])],
    };
    for (_, points) in &mut rows {
        points.sort();
    }
    rows
}

/// A number without what comes of adding in another order.
fn number(value: f64) -> String {
    if value.abs() < 1e-7 { "0".to_owned() } else { format!("{value:.9e}") }
}

/// An answer without a label.
pub(crate) fn without(mut answer: Answer, label: &str) -> Answer {
    match &mut answer {
        Answer::Streams(all) => all.iter_mut().for_each(|one| one.labels.remove(label)),
        Answer::Matrix(all) => all.iter_mut().for_each(|one| one.labels.remove(label)),
        Answer::Vector(all) => all.iter_mut().for_each(|one| one.labels.remove(label)),
        Answer::Scalar(_) => {}
    }
    answer
}

/// Whether there is anything in it.
pub(crate) fn is_empty(outcome: &Outcome) -> bool {
    outcome.as_ref().is_ok_and(|answer| rows(answer).iter().all(|(_, points)| points.is_empty()))
}

/// An answer for people, times from the first line on.
pub(crate) fn shown(outcome: &Outcome, start: i64) -> String {
    let answer = match outcome {
        Ok(answer) => answer,
        Err(why) => return format!("  error: {why}\n"),
    };
    let row = |(labels, points): Row| {
        let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        let points: BTreeSet<String> =
            points.iter().map(|(at, value)| format!("{:>6} ms {value}", at - start)).collect();
        let points: Vec<String> = points.into_iter().collect();
        format!("  {{{}}}\n      {}\n", labels.join(", "), points.join("\n      "))
    };
    rows(answer).into_iter().map(row).collect()
}

mod tests {
    use super::*;
    use migrate::logql_eval::{Series, Stream};

    /// Series with one point each: labels, value.
    #[expect(clippy::unnecessary_wraps, reason = "an answer is an outcome")]
    fn series(all: &[(&[(&str, &str)], f64)]) -> Outcome {
        let one = |(labels, value): &(&[(&str, &str)], f64)| Series {
            labels: labels.iter().copied().collect(),
            points: vec![(1, *value)],
        };
        Ok(Answer::Matrix(all.iter().map(one).collect()))
    }

    fn found(contract: Contract, old: &Outcome, new: &Outcome) -> Option<Difference> {
        let renamed = Renamed::new([("kairos-logs".to_owned(), "kairos".to_owned())]);
        difference(contract, &renamed, old, new)
    }

    #[test]
    fn a_panel_may_say_by_other_labels_whose_a_series_is() {
        let old = series(&[(&[("job", "a"), ("level", "x")], 1.0), (&[("job", "b"), ("level", "y")], 2.0)]);
        let new = series(&[
            (&[("service", "s"), ("component", "a"), ("level", "x")], 1.0),
            (&[("service", "s"), ("component", "b"), ("level", "y")], 2.0),
        ]);
        assert_eq!(found(Contract::Panel, &old, &new), None);
        assert_eq!(found(Contract::Record, &old, &new), Some(Difference::Labels));
        let merged = series(&[(&[("service", "s"), ("level", "x")], 1.0), (&[("service", "s"), ("level", "y")], 2.0)]);
        assert_eq!(found(Contract::Panel, &old, &merged), Some(Difference::Apart));
        // One of the two has moved: what was one owner's may be said in two ways.
        assert_eq!(found(Contract::Panel, &merged, &old), None);
    }

    #[test]
    fn a_panel_loses_no_other_label_and_no_series() {
        let old = series(&[(&[("job", "a"), ("level", "x")], 3.0)]);
        let bare = series(&[(&[("service", "a")], 3.0)]);
        assert_eq!(found(Contract::Panel, &old, &bare), Some(Difference::Labels));
        let many = series(&[
            (&[("service", "a"), ("component", "b"), ("level", "x")], 1.0),
            (&[("service", "a"), ("component", "c"), ("level", "x")], 2.0),
        ]);
        assert_eq!(found(Contract::Panel, &old, &many), Some(Difference::FansOut));
        assert_eq!(found(Contract::Panel, &old, &series(&[])), Some(Difference::Values));
        assert_eq!(found(Contract::Panel, &old, &Err("many-to-one".to_owned())), Some(Difference::Error));
    }

    #[test]
    fn an_alert_fires_as_often() {
        let old = series(&[(&[("job", "a")], 3.0)]);
        assert_eq!(found(Contract::Alert, &old, &series(&[(&[("service", "a")], 4.0)])), None);
        assert_eq!(found(Contract::Alert, &old, &series(&[])), Some(Difference::Values));
    }

    #[test]
    fn a_log_panel_shows_the_same_lines() {
        let lines = |job: (&str, &str), line: &str| -> Outcome {
            Ok(Answer::Streams(vec![Stream { labels: [job].into_iter().collect(), lines: vec![(1, line.to_owned())] }]))
        };
        let old = lines(("job", "kairos-logs"), "kairos-logs: up");
        assert_eq!(found(Contract::Lines, &old, &lines(("service", "kairos"), "kairos-logs: up")), None);
        let named = lines(("service", "kairos"), "kairos: up");
        assert_eq!(found(Contract::Lines, &old, &named), Some(Difference::Names));
        assert_eq!(found(Contract::Lines, &old, &lines(("service", "kairos"), "up")), Some(Difference::Values));
    }

    #[test]
    fn a_field_keeps_its_name_beside_a_label() {
        let old = series(&[(&[("job", "a"), ("service", "fld-1")], 3.0)]);
        let new = series(&[(&[("service", "a"), ("service_extracted", "fld-1")], 3.0)]);
        assert_eq!(found(Contract::Panel, &old, &new), None);
    }
}
