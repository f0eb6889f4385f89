//! What Loki checks beyond the grammar: selectors, regular expressions, patterns, which aggregation takes what.
//!
//! Knows: Loki's rules (label-surface 1.2). Must not know: tokens.

use super::ast::{Function, Grouping, MatchOp, Matcher, Text};
use super::regex;

/// Whether a matcher keeps streams without the label out, or may: with a placeholder in it nobody knows.
pub(super) fn excludes_empty(matcher: &Matcher<'_>) -> bool {
    let value: &str = &matcher.value.value;
    if matcher.value.placeholder {
        return true;
    }
    match matcher.op {
        MatchOp::Equal => !value.is_empty(),
        MatchOp::NotEqual => value.is_empty(),
        MatchOp::Regex => !matches_empty(value),
        MatchOp::NotRegex => matches_empty(value),
    }
}

fn matches_empty(pattern: &str) -> bool {
    regex::facts(pattern).is_some_and(|facts| facts.empty)
}

/// Whether Loki takes `text` as a regular expression. Plain alternatives it does not even compile.
pub(super) fn is_regex(text: &Text<'_>) -> bool {
    let plain = |byte| {
        !matches!(byte, b'\\' | b'.' | b'+' | b'*' | b'?' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'^' | b'$')
    };
    text.placeholder || text.value.bytes().all(plain) || (text.is_exact() && regex::facts(&text.value).is_some())
}

/// Whether Loki takes `text` as a regular expression once it has put a group around it, as `label_replace` does.
pub(super) fn is_grouped_regex(text: &Text<'_>) -> bool {
    text.placeholder || (text.is_exact() && regex::facts(&format!("^(?:{})$", text.value)).is_some())
}

/// Whether `text` is one for `| regexp`: at least one named group, each name once.
pub(super) fn is_regexp_parser(text: &Text<'_>) -> bool {
    let value: &str = &text.value;
    let names = || {
        let mut names: Vec<_> = regex::facts(value)?.names.iter().map(|&(start, end)| value.get(start..end)).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        Some(count > 0 && names.len() == count)
    };
    text.placeholder || (text.is_exact() && names() == Some(true))
}

/// Whether `text` is one for `| pattern`: at least one named capture, each name once, no two side by side.
pub(super) fn is_pattern_parser(text: &Text<'_>) -> bool {
    let pattern: &str = &text.value;
    let mut names = Vec::new();
    let mut last_end = None;
    let mut apart = true;
    for (start, end) in captures(pattern) {
        apart &= last_end != Some(start);
        last_end = Some(end);
        let name = pattern.get(start + 1..end - 1).unwrap_or("");
        if name != "_" {
            names.push(name);
        }
    }
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    text.placeholder || (text.is_exact() && apart && count > 0 && names.len() == count)
}

/// The `<name>` captures of a pattern, brackets included, `<_>` too.
pub(super) fn captures(pattern: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let bytes = pattern.as_bytes();
    memchr::memchr_iter(b'<', bytes).filter_map(move |start| {
        let rest = bytes.get(start + 1..)?;
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        let named = rest.first().is_some_and(|byte| !byte.is_ascii_digit());
        (length > 0 && named && rest.get(length) == Some(&b'>')).then_some((start, start + length + 2))
    })
}

/// Whether this range aggregation takes what it is given; `parameter`: whether the one that is there is valid.
///
/// # Errors
/// What it does not take.
pub(super) fn range_aggregation(
    function: Function,
    parameter: Option<bool>,
    grouped: bool,
    unwraps: bool,
) -> Result<(), &'static str> {
    use Function as F;
    let quantile = function == F::QuantileOverTime;
    if parameter.is_some() && !quantile {
        return Err("this aggregation takes no parameter");
    }
    if quantile && parameter != Some(true) {
        return Err("this aggregation needs a number as parameter");
    }
    let groups = matches!(
        function,
        F::AvgOverTime
            | F::StddevOverTime
            | F::StdvarOverTime
            | F::QuantileOverTime
            | F::MaxOverTime
            | F::MinOverTime
            | F::FirstOverTime
            | F::LastOverTime
    );
    if grouped && !groups {
        return Err("this aggregation takes no grouping");
    }
    let reads_lines =
        matches!(function, F::BytesOverTime | F::BytesRate | F::CountOverTime | F::Rate | F::AbsentOverTime);
    let reads_numbers = !matches!(function, F::BytesOverTime | F::BytesRate | F::CountOverTime);
    match (unwraps, reads_lines, reads_numbers) {
        (true, _, false) => Err("this aggregation takes no `unwrap`"),
        (false, false, _) => Err("this aggregation needs `unwrap`"),
        _ => Ok(()),
    }
}

/// Whether this vector aggregation takes what it is given; `parameter`: whether the one that is there is valid.
///
/// # Errors
/// What it does not take.
pub(super) fn vector_aggregation(
    function: Function,
    parameter: Option<bool>,
    grouping: Option<&Grouping>,
) -> Result<(), &'static str> {
    use Function as F;
    let counts = matches!(function, F::Topk | F::Bottomk | F::ApproxTopk);
    if parameter.is_some() && !counts {
        return Err("this aggregation takes no parameter");
    }
    if counts && parameter != Some(true) {
        return Err("this aggregation needs a whole number above zero as parameter");
    }
    if function == F::ApproxTopk && grouping.is_some() {
        return Err("`approx_topk` takes no grouping");
    }
    let sorts = matches!(function, F::Sort | F::SortDesc);
    if sorts && grouping.is_some_and(|grouping| !grouping.labels.is_empty()) {
        return Err("sorting takes no grouping");
    }
    Ok(())
}
