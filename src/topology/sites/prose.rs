//! Queries of logs in the texts of alert rules: all of a text, or a query in a sentence.
//!
//! Knows: what a query of logs begins with, and that prose goes on behind it. Must not know: who answers a query, or what
//! it means.

use crate::syntax::logql::{self, Query};
use crate::text::{Encoding, Span, View};

/// Most braces of a text that are looked at.
const MOST: usize = 64;
/// Most bytes from a brace to the end of its query, and as many before it.
const LONGEST: usize = 2048;
/// How often the end of a query is looked for further in front, and its beginning one call further out.
const TRIES: usize = 16;

/// The queries of a text, each as it is asked. A selector of metrics has a name in front of its brace and is none.
pub(super) fn queries(text: &View) -> Vec<View> {
    let opaque = text.opaque();
    let is_free = |span: &Span| opaque.iter().all(|tag| span.contains(*tag) || !tag.overlaps(*span));
    let found = spans(text.text()).into_iter().filter(is_free);
    found.map(|span| text.inner(span, Encoding::Verbatim)).collect()
}

fn spans(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let mut done = 0;
    for _ in 0..MOST {
        let Some(brace) = text[done..].find('{').map(|at| done + at) else { break };
        if text[brace..].starts_with("{{") {
            // What an action prints is no query as it is asked.
            done = text[brace..].find("}}").map_or(text.len(), |end| brace + end + 2);
            continue;
        }
        let span = around(text, done, brace);
        done = span.map_or(brace + 1, Span::end);
        found.extend(span);
    }
    found
}

/// The longest query around a brace that begins behind `from`.
fn around(text: &str, from: usize, brace: usize) -> Option<Span> {
    let named = |c: char| c.is_alphanumeric() || "_:$%#\\".contains(c);
    if text[..brace].ends_with(named) {
        return None;
    }
    let start = begins(text, from.max(brace.saturating_sub(LONGEST)), brace);
    let called = (start < brace).then(|| ends(text, start)).flatten().filter(|end| *end > brace);
    if let Some(end) = called {
        return Some(Span::new(start, end));
    }
    // A range of something that cannot be read.
    let end = ends(text, brace)?;
    (!text[end..].trim_start().starts_with('[')).then(|| Span::new(brace, end))
}

/// Where the outermost call begins that has the selector at `brace` in it: `topk(5, sum by (a) (rate({`.
fn begins(text: &str, from: usize, brace: usize) -> usize {
    let mut start = brace;
    for _ in 0..TRIES {
        let Some(before) = text.get(from..start).map(str::trim_end) else { break };
        let number = |c: char| c.is_ascii_digit() || c == '.' || c == ' ';
        let first = before.strip_suffix(',').map_or(before, |rest| rest.trim_end_matches(number));
        let Some(before) = first.strip_suffix('(').map(str::trim_end) else { break };
        let called = grouping(before).unwrap_or(before);
        let name = called.trim_end_matches(|c: char| c.is_ascii_lowercase() || c == '_');
        start = from + name.len();
    }
    start
}

/// What stands before a grouping: `sum` of `sum by (a, b)`.
fn grouping(before: &str) -> Option<&str> {
    let word = before[..before.strip_suffix(')')?.rfind('(')?].trim_end();
    word.strip_suffix("by").or_else(|| word.strip_suffix("without")).map(str::trim_end)
}

/// Where the query that begins at `start` ends, as far as it reads; at least a selector.
fn ends(text: &str, start: usize) -> Option<usize> {
    let mut end = (start + LONGEST).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    for _ in 0..TRIES {
        let part = text.get(start..end)?.trim_end();
        end = match logql::read(part) {
            Ok(query) => return selects(&query).then(|| start + part.len()),
            Err(error) if error.span.start() < part.len() => start + error.span.start(),
            Err(_) => start + part.rfind([' ', '\n', '|', '!', ',']).unwrap_or(0),
        };
        if end == start {
            break;
        }
    }
    let selector = closed(text.get(start..)?)?;
    selects(&logql::read(selector).ok()?).then(|| start + selector.len())
}

/// A text that begins with a brace, up to the one that closes it outside of quotes.
fn closed(text: &str) -> Option<&str> {
    let (mut quote, mut escaped) = (None, false);
    for (at, byte) in text.bytes().enumerate() {
        match quote {
            _ if escaped => escaped = false,
            Some(b'"') if byte == b'\\' => escaped = true,
            Some(open) if byte == open => quote = None,
            None if matches!(byte, b'"' | b'`') => quote = Some(byte),
            None if byte == b'}' => return text.get(..=at),
            _ => {}
        }
    }
    None
}

/// Whether it has selectors, each with something to ask for.
fn selects(query: &Query<'_>) -> bool {
    let mut selectors = query.selectors().peekable();
    selectors.peek().is_some() && selectors.all(|(_, one)| !one.placeholder && !query.matchers(one).is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn found(text: &str, queries: &[&str]) {
        let found: Vec<&str> = spans(text).into_iter().map(|span| span.of(text)).collect();
        assert_eq!(found, queries, "{text}");
    }

    #[test]
    fn a_query_ends_where_prose_goes_on() {
        found(r#"{job="k"} |= "a=b""#, &[r#"{job="k"} |= "a=b""#]);
        found(r#"see {job="k"} | json | status >= 500, then go"#, &[r#"{job="k"} | json | status >= 500"#]);
        found(r#"{job="k", a="}"} and more"#, &[r#"{job="k", a="}"}"#]);
        for (before, behind) in [
            ("see ", " for details"),
            ("see `", "`."),
            ("(", ")"),
            ("", ", then restart"),
            ("", " isn't empty"),
            ("", "\n- the next one"),
            ("| ", " | what it says |"),
            ("logcli query '", "' | less"),
            ("{{ $labels.x }}: ", " and {{ $value }}"),
            ("", " and others"),
            ("", ". { is a brace"),
        ] {
            for query in [r#"{job="k", a=~"b|c"}"#, r#"{job="k"} |= "x" != `y`"#, r#"{job="k", h="{{ $labels.h }}"}"#] {
                let text = [before, query, behind].concat();
                let found: Vec<&str> = spans(&text).into_iter().map(|span| span.of(&text)).collect();
                let inner = found.iter().map(|one| one.trim_matches(['(', ')'])).collect::<Vec<_>>();
                assert!(matches!(inner[..], [one] if one.starts_with(query)), "{text}: {found:?}");
            }
        }
    }

    #[test]
    fn calls_around_a_selector_are_a_part_of_the_query() {
        for query in [
            r#"sum by (job) (rate({job="k"} |= "x" [5m])) > 5"#,
            r#"topk(5, sum(count_over_time({job="k"}[5m])) by (a))"#,
            r#"quantile_over_time(0.95, {job="k"} | unwrap x [5m]) by (a)"#,
            r#"sum(rate({job="k"}[5m])) / sum(rate({job="l"}[5m]))"#,
        ] {
            found(&format!("look at {query} in Explore"), &[query]);
        }
        found(r#"either {job="k"} or `{job="l"}`"#, &[r#"{job="k"}"#, r#"{job="l"}"#]);
    }

    #[test]
    fn what_only_looks_like_a_query_is_none() {
        for text in [
            r#"up{job="k"} and rate(http_total{job="k"}[5m])"#,
            r#"{{ $labels.job }} and {{ printf "{job=\"k\"}" }}"#,
            r#"strange({job="k"}[5m])"#,
            r#"{"job": "k"} {job: k} {} { {job=k}"#,
            r#"curl -d "{job=\"k\"}" ${job="k"}"#,
            "{",
        ] {
            found(text, &[]);
        }
    }
}
