//! What hangs on a query: legends, annotation texts of alerts, keys. Where in them the label `job` is read.
//!
//! Knows: how Grafana legends and Prometheus-style templates name a label. Must not know: queries or files.

use crate::text::Span;

/// Places in a legend (`{{job}}`, `{{ job }}`) that read the label `job`.
pub(super) fn in_legend(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = text.get(at..).and_then(|rest| rest.find("{{")) {
        let start = at + open + 2;
        let Some(length) = text[start..].find("}}") else { break };
        let inner = &text[start..start + length];
        if inner.trim() == "job" {
            let lead = inner.len() - inner.trim_start().len();
            found.push(Span::new(start + lead, start + lead + 3));
        }
        at = start + length + 2;
    }
    found
}

/// Places in an alert's text that read the label `job`: `$labels.job`, `$$labels.job`, `$values.A.Labels.job`,
/// `.Labels.job`, `index $labels "job"`. The number of `$` is not looked at (label-surface 3).
pub(super) fn in_alert(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    for needle in ["abels.job", "abels \"job\"", "abels `job`"] {
        for (at, _) in text.match_indices(needle) {
            let letter = text[..at].chars().next_back();
            let before = text[..at].trim_end_matches(['l', 'L']).chars().next_back();
            let start = at + needle.find("job").unwrap_or(0);
            let after = text[start + 3..].chars().next();
            let whole = after.is_none_or(|c| !c.is_alphanumeric() && c != '_');
            if matches!(letter, Some('l' | 'L')) && matches!(before, Some('$' | '.')) && whole {
                found.push(Span::new(start, start + 3));
            }
        }
    }
    found.sort_unstable();
    found
}

/// The place of `job` in a list of keys, `job,env`.
pub(super) fn in_keys(text: &str) -> Vec<Span> {
    let mut start = 0;
    let mut found = Vec::new();
    for part in text.split(',') {
        if part.trim() == "job" {
            let lead = part.len() - part.trim_start().len();
            found.push(Span::new(start + lead, start + lead + 3));
        }
        start += part.len() + 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(spans: &[Span]) -> Vec<usize> {
        spans.iter().map(|span| span.start()).collect()
    }

    #[test]
    fn legends_name_the_label_between_double_braces_only() {
        assert_eq!(texts(&in_legend("{{job}} {{ job }} {{job_name}} job {{hostname}} {{job")), [2, 11]);
        assert!(in_legend("job").is_empty());
    }

    #[test]
    fn alert_texts_name_the_label_behind_labels_whatever_the_dollars() {
        assert_eq!(texts(&in_alert("{{ $labels.job }}")), [11]);
        assert_eq!(texts(&in_alert("{{ $$labels.job }} {{ $values.A.Labels.job }}")), [12, 39]);
        assert_eq!(texts(&in_alert("{{ index $labels \"job\" }}")), [18]);
        assert!(in_alert("{{ $labels.job_name }} {{ $mylabels.job }} labels.job").is_empty());
    }

    #[test]
    fn keys_are_whole_words_of_a_list() {
        assert_eq!(texts(&in_keys("env, job,jobs")), [5]);
    }
}
