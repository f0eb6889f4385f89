//! Samples of a range, and what each range function makes of them.
//!
//! Knows: `rate`, `quantile_over_time` and their kin. Must not know: where samples come from.

use super::number::SECOND;
use crate::syntax::logql::Function;

/// A sample: its time in nanoseconds, its value.
pub(super) type Point = (i64, f64);

/// What `function` makes of the samples in a window of `seconds`, which has at least one; in order of time.
pub(super) fn over_time(function: Function, parameter: f64, unwrapped: bool, points: &[Point], seconds: f64) -> f64 {
    use Function as F;
    let values = || points.iter().map(|(_, value)| *value);
    let count = points.len() as f64;
    match function {
        F::CountOverTime => count,
        F::Rate if !unwrapped => count / seconds,
        F::Rate | F::BytesRate => values().sum::<f64>() / seconds,
        F::RateCounter => counter(points, seconds),
        F::BytesOverTime | F::SumOverTime => values().sum(),
        F::AvgOverTime => mean(values()),
        F::MinOverTime => values()
            .reduce(|least, value| if value < least || least.is_nan() { value } else { least })
            .unwrap_or(f64::NAN),
        F::MaxOverTime => {
            values().reduce(|most, value| if value > most || most.is_nan() { value } else { most }).unwrap_or(f64::NAN)
        }
        F::StdvarOverTime => variance(values()),
        F::StddevOverTime => variance(values()).sqrt(),
        F::QuantileOverTime => quantile(parameter, values().collect()),
        F::FirstOverTime => points.first().map_or(f64::NAN, |(_, value)| *value),
        F::LastOverTime => points.last().map_or(f64::NAN, |(_, value)| *value),
        _ => 1.0,
    }
}

/// The mean, added up so that large numbers do not overflow.
pub(super) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (mut mean, mut count) = (0.0_f64, 0.0);
    for value in values {
        count += 1.0;
        if mean.is_infinite() && (value.is_infinite() && (mean > 0.0) == (value > 0.0) || value.is_finite()) {
            continue;
        }
        mean += value / count - mean / count;
    }
    mean
}

/// The variance of a whole population.
pub(super) fn variance(values: impl Iterator<Item = f64>) -> f64 {
    let (mut mean, mut square, mut count) = (0.0_f64, 0.0, 0.0);
    for value in values {
        count += 1.0;
        let delta = value - mean;
        mean += delta / count;
        square += delta * (value - mean);
    }
    square / count
}

/// The value below which this part of all lies, between two neighbours by how near it is.
pub(super) fn quantile(part: f64, mut values: Vec<f64>) -> f64 {
    if values.is_empty() || part.is_nan() {
        return f64::NAN;
    }
    if part < 0.0 {
        return f64::NEG_INFINITY;
    }
    if part > 1.0 {
        return f64::INFINITY;
    }
    values.sort_by(f64::total_cmp);
    let rank = part * (values.len() as f64 - 1.0);
    let lower = rank.floor().max(0.0);
    let upper = (lower + 1.0).min(values.len() as f64 - 1.0);
    let weight = rank - rank.floor();
    values[lower as usize] * (1.0 - weight) + values[upper as usize] * weight
}

/// The rate of a counter. Loki takes nanoseconds for milliseconds here, and so does this.
fn counter(points: &[Point], seconds: f64) -> f64 {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return 0.0 };
    if points.len() < 2 {
        return 0.0;
    }
    let mut result = last.1 - first.1;
    let mut before = 0.0;
    for (_, value) in points {
        if *value < before {
            result += before;
        }
        before = *value;
    }
    let mut to_start = seconds;
    let sampled = (last.0 - first.0) as f64 / 1000.0;
    let between = sampled / (points.len() - 1) as f64;
    if result > 0.0 && first.1 >= 0.0 {
        to_start = to_start.min(sampled * (first.1 / result));
    }
    let near = between * 1.1;
    let mut interval = sampled + if to_start < near { to_start } else { between / 2.0 };
    if 0.0 >= near {
        interval += between / 2.0;
    }
    result * (interval / sampled) / seconds
}

/// Nanoseconds as seconds.
pub(super) fn seconds(nanoseconds: f64) -> f64 {
    nanoseconds / SECOND
}
