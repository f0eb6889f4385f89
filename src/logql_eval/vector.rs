//! Vector aggregations and `label_replace`: from series at one moment to fewer, or others.
//!
//! Knows: how series are grouped and what each aggregation makes of them. Must not know: where series come from.

use std::collections::BTreeMap;

use super::answer::{Failure, Sample};
use super::labels::{Grouping, Labels};
use super::regex;
use super::series::{mean, variance};
use crate::syntax::logql::{Function, Text};

/// The labels a grouping leaves of a series. Series that differ in labels without a value are told apart, although the
/// answer shows none of these.
fn key(labels: &Labels, grouping: &Grouping) -> Labels {
    match grouping {
        Grouping::Nothing => Labels::default(),
        Grouping::All => labels.clone(),
        Grouping::By(names) => {
            names.iter().filter(|name| labels.has(name)).map(|name| (name.as_str(), labels.get(name))).collect()
        }
        Grouping::Without(names) => {
            let mut labels = labels.clone();
            labels.retain(|name| !names.iter().any(|own| own == name));
            labels
        }
    }
}

/// The labels without those that are empty.
pub(super) fn filled(labels: &Labels) -> Labels {
    labels.iter().filter(|(_, value)| !value.is_empty()).collect()
}

/// Aggregates series.
pub(super) fn aggregate(
    function: Function,
    grouping: &Grouping,
    parameter: usize,
    samples: Vec<Sample>,
) -> Result<Vec<Sample>, Failure> {
    use Function as F;
    if matches!(function, F::Sort | F::SortDesc) {
        return Ok(ranked(samples, function == F::SortDesc, usize::MAX));
    }
    let mut groups: BTreeMap<Labels, Vec<Sample>> = BTreeMap::new();
    for sample in samples {
        groups.entry(key(&sample.labels, grouping)).or_default().push(sample);
    }
    let mut out = Vec::new();
    for (labels, group) in groups {
        let values = || group.iter().map(|sample| sample.value);
        let better = |most: bool| {
            values().reduce(|best, value| {
                let takes = if most { value > best } else { value < best };
                if takes || best.is_nan() { value } else { best }
            })
        };
        let value = match function {
            F::Sum => values().sum(),
            F::Avg => mean(values()),
            F::Count => group.len() as f64,
            F::Max => better(true).unwrap_or(f64::NAN),
            F::Min => better(false).unwrap_or(f64::NAN),
            F::Stdvar => variance(values()),
            F::Stddev => variance(values()).sqrt(),
            F::Topk | F::ApproxTopk => {
                out.extend(ranked(group, true, parameter));
                continue;
            }
            F::Bottomk => {
                out.extend(ranked(group, false, parameter));
                continue;
            }
            _ => return Err(Failure::Unsupported("this aggregation")),
        };
        let labels = if matches!(grouping, Grouping::By(_)) { labels } else { filled(&labels) };
        out.push(Sample { labels, value });
    }
    Ok(out)
}

/// The first of a group by value; what is no number comes last.
fn ranked(mut samples: Vec<Sample>, most: bool, count: usize) -> Vec<Sample> {
    samples.sort_by(|a, b| {
        let order = match (a.value.is_nan(), b.value.is_nan()) {
            (false, false) if most => b.value.total_cmp(&a.value),
            (false, false) => a.value.total_cmp(&b.value),
            (left, right) => left.cmp(&right),
        };
        order.then_with(|| a.labels.cmp(&b.labels))
    });
    samples.truncate(count);
    samples
}

/// `label_replace`; `texts`: destination, replacement, source, regular expression.
pub(super) fn label_replace(texts: &[Text<'_>; 4], samples: Vec<Sample>) -> Result<Vec<Sample>, Failure> {
    let [destination, replacement, source, pattern] = texts;
    if texts.iter().any(|text| text.placeholder) {
        return Err(Failure::Unsupported("a variable in label_replace"));
    }
    let regex = regex::compiled(&format!("^(?:{})$", pattern.value))?;
    let replaced = samples.into_iter().map(|sample| {
        let value = sample.labels.get(&source.value).to_owned();
        let Some(found) = regex.captures(&value) else { return sample };
        let text = regex::expand(&replacement.value, &found);
        let mut labels = filled(&sample.labels);
        if text.is_empty() {
            labels.remove(&destination.value);
        } else {
            labels.set(&destination.value, &text);
        }
        Sample { labels, value: sample.value }
    });
    Ok(replaced.collect())
}
