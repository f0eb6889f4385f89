//! Whether a text that names `job` selects log streams by it, as far as the text before and behind tells.
//!
//! Knows: braces, matchers and quotes, as people write them in programs, links and documents. Must not know: any file format.

use memchr::memmem;

use super::{REACH, begins, is_word, skip};
use crate::text::Span;

/// How far before a matcher its selector may begin.
const BACK: usize = 512;
const OPEN: [&str; 4] = ["{", "%7B", "%7b", "\\u007b"];
const CLOSE: [&str; 4] = ["}", "%7D", "%7d", "\\u007d"];
const BLANK: [&str; 6] = [" ", "\t", "\n", "\r", "+", "%20"];
/// What a program, a shell or a template fills a value in with.
const FILLS: [&str; 9] = ["$", "%s", "%(", "%v", "%q", "%[", "%{", "{", "+"];
const QUOTES: [&str; 8] = ["\"", "'", "`", "%22", "%27", "%60", "&quot;", "\\u0022"];

/// Whether the matcher at `at` stands in a selector of log streams: behind a brace and other matchers. A selector of
/// metrics has a name in front of its brace, and a map of labels is assigned to one.
pub(super) fn in_selector(text: &str, at: usize) -> bool {
    let mut from = at.saturating_sub(BACK);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let before = &text[from..at];
    let Some((open, brace)) = OPEN.iter().filter_map(|brace| Some((before.rfind(brace)?, brace.len()))).max() else {
        return false;
    };
    let inside = without_blanks(&before[open + brace..]);
    let matchers = inside.is_empty() || [",", "%2C", "%2c"].iter().any(|comma| inside.ends_with(comma));
    if !matchers || CLOSE.iter().any(|brace| inside.contains(brace)) {
        return false;
    }
    // A brace that a template doubles.
    let lead = before[..open].trim_end_matches('{');
    let escape =
        lead.len() >= 3 && lead.as_bytes()[lead.len() - 3] == b'%' || lead.ends_with("\\n") || lead.ends_with("\\t");
    let named = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':');
    if !escape && lead.ends_with(named) {
        return false;
    }
    !without_blanks(lead).ends_with('=') || lead.ends_with("query=")
}

fn without_blanks(mut text: &str) -> &str {
    while let Some(rest) = BLANK.iter().find_map(|blank| text.strip_suffix(blank)) {
        text = rest;
    }
    text
}

/// Whether what stands between a label and its value asks for this very value: `=` or `=~`, and a quote.
pub(super) fn asks(between: &str) -> bool {
    let operator = between.trim_start_matches([' ', '\t']);
    let equal = ["=", "%3D", "%3d", "\\u003d", "\\u003D"].iter().any(|sign| operator.starts_with(sign));
    equal && QUOTES.iter().any(|quote| between.contains(quote))
}

/// Selectors whose `job` is filled in when they are asked: `{job="$1"}`, `'{job="%s"}' % job`. From the label on.
pub(super) fn filled(text: &str) -> Vec<Span> {
    let bytes = text.as_bytes();
    let found = |at: usize| {
        let start = skip(bytes, at + 3)?;
        let fills = FILLS.iter().any(|mark| bytes[start..].starts_with(mark.as_bytes()));
        (fills && asks(text.get(at + 3..start)?) && in_selector(text, at)).then(|| Span::new(at, start))
    };
    memmem::find_iter(bytes, b"job").filter(|at| begins(bytes, *at)).filter_map(found).collect()
}

/// Links that give a variable of a dashboard a value: `var-service=kairos`. The name and the value.
pub(super) fn links(text: &str) -> Vec<(Span, Span)> {
    let bytes = text.as_bytes();
    let word = |from: usize| from + bytes[from..].iter().take(REACH).take_while(|byte| is_word(**byte)).count();
    let found = |at: usize| {
        let name = Span::new(at + 4, word(at + 4));
        let rest = &bytes[name.end()..];
        let sign = ["=", "%3D", "%3d"].iter().find(|sign| rest.starts_with(sign.as_bytes()))?;
        let value = Span::new(name.end() + sign.len(), word(name.end() + sign.len()));
        (!name.is_empty() && !value.is_empty()).then_some((name, value))
    };
    memmem::find_iter(bytes, b"var-").filter_map(found).collect()
}

/// Whether something on the same line reads `job` otherwise than by a matcher: a grouping, a legend, a sentence.
pub(super) fn read_beside(line: &str) -> bool {
    let bytes = line.as_bytes();
    memmem::find_iter(bytes, b"job").any(|at| {
        let ends = !bytes.get(at + 3).copied().is_some_and(is_word);
        begins(bytes, at) && ends && skip(bytes, at + 3).is_none()
    })
}

/// Whether the paragraph above `at`, its line included, speaks of how logs came before a move.
pub(super) fn tells_of_before(text: &str, at: usize) -> bool {
    const WORDS: [&str; 5] = ["syslog", "listener", "listeners", "old", "legacy"];
    let mut from = at.saturating_sub(BACK);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let end = text[at..].find('\n').map_or(text.len(), |length| at + length).min(at + BACK);
    let paragraph = text[from..].get(..end - from).unwrap_or(&text[from..at]);
    let above = paragraph.rfind("\n\n").filter(|gap| from + gap < at).map_or(0, |gap| gap + 2);
    let paragraph = paragraph[above..].to_lowercase();
    paragraph.split(|c: char| !c.is_alphanumeric()).any(|word| WORDS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selects(text: &str) -> bool {
        in_selector(text, text.find("job").unwrap())
    }

    #[test]
    fn a_selector_of_streams_is_told_from_what_looks_like_one() {
        for text in [
            r#"{job="kairos"}"#,
            r#"sum(rate({environment="x", job="kairos"}[5m]))"#,
            r#"{ hostname="y",job="kairos" }"#,
            "query=%7Bjob%3D%22kairos%22%7D",
            "expr%22:%22%7Bhost%3D%22a%22,%20job%3D%22k%22%7D",
            r#"f'{{job="kairos"}}'"#,
            r#""\n{job=\"kairos\"}""#,
            r#"curl -G --data-urlencode 'query={job="kairos"}'"#,
        ] {
            assert!(selects(text), "{text}");
        }
        for text in [
            r#"def query(job="kairos"):"#,
            r#"up{job="kairos"}"#,
            r#"rate(a:b{instance="x", job="kairos"}[5m])"#,
            r#"labels = { job = "kairos" }"#,
            "labels  = {\n    job = \"kairos\",\n  }",
            r#"{a="b"} job="kairos""#,
            r#"[job, "=", kairos]"#,
            r#"{{ query(job="kairos") }}"#,
            "matchers: ['job=\"kairos\"']",
        ] {
            assert!(!selects(text), "{text}");
        }
    }

    #[test]
    fn a_job_that_is_filled_in_is_found_in_any_language() {
        for text in [
            r#"logcli query --tail "{job=\"${svc}\"}""#,
            r#"logcli query -t '{job="$(S)"}'"#,
            r#"'{job="%s", environment="x"}' % job"#,
            r#"f'{{job="{job}"}}'"#,
            r#"'{job="' + svc + '"}'"#,
            r#"fmt.Sprintf("{job=%q}", x) // {job="%v"}"#,
            r#"url: "/query?query={job=~\"{{ item }}\"}""#,
            "curl $loki/query?query=%7Bjob%3D%22$1%22%7D",
            r#"expr: '{job="%(job)s"}' % self"#,
        ] {
            assert_eq!(filled(text).len(), 1, "{text}");
        }
        for text in [
            r#"up{job="$1"}"#,
            r#"{job="kairos"}"#,
            r#"labels = { job = "{{ service }}" }"#,
            r#"run(job="$1")"#,
            r#"{myjob="$1"}"#,
        ] {
            assert_eq!(filled(text), [], "{text}");
        }
    }

    #[test]
    fn values_of_variables_in_links_are_found() {
        let text = "/d/logs?orgId=1&var-job=kairos&var-host%3Dpuck&var-x=$x";
        let found: Vec<_> = links(text).iter().map(|(name, value)| (name.of(text), value.of(text))).collect();
        assert_eq!(found, [("job", "kairos"), ("host", "puck")]);
    }

    #[test]
    fn what_is_read_beside_a_matcher_and_what_a_paragraph_tells_is_seen() {
        assert!(read_beside(r#"sum by (job) (rate({job="kairos"}[5m]))"#));
        assert!(!read_beside(r#"sum(rate({job="kairos"}[5m])) / sum(rate({job="x"}[5m])) # jobs"#));
        let text = "On syslog:\n\n{a}\n# labels of the old kind\n{job=\"k\"}\n";
        let at = |what: &str| text.find(what).unwrap();
        assert!(tells_of_before(text, at("job")));
        assert!(!tells_of_before(text, at("{a}")));
    }
}
