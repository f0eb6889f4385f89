//! Queries as dashboards and rules have them.
//!
//! Knows: how people write them, for Loki and for Prometheus. Must not know: the files they stand in. Not escaped for JSON.

use super::content::NOUNS;
use super::{Random, word};

/// A dashboard's variable over the jobs of Loki, and one over its hosts.
pub(super) const VARIABLE: &str = concat!(
    r#"{ "name": "job", "type": "query", "datasource": { "type": "loki", "uid": "loki" }, "query": "label_values(job)" }, "#,
    r#"{ "name": "hostname", "type": "query", "datasource": { "type": "loki", "uid": "loki" }, "query": "label_values(hostname)" }"#,
);

/// One panel's query of Loki about the logs of `name`, and its legend.
pub(super) fn loki(shape: usize, name: &str, other: &str, noun: &str) -> (String, &'static str) {
    let job = "{{job}}";
    match shape % 24 {
        0 => (format!("sum by (job) (rate({{job=\"{name}\"}} |= \"{noun}\" [5m]))"), job),
        1 => (format!("{{job=\"{name}\"}} |= \"{noun}\""), ""),
        2 => (format!("{{job=\"{name}\", hostname=~\"$hostname\"}} | json | level=~\"error|critical\""), ""),
        3 => {
            (format!("sum by (job, level) (count_over_time({{job=\"{name}\"}} | json [$__auto]))"), "{{job}} {{level}}")
        }
        4 => (format!("sum by (job) (rate({{job=~\"{name}|{other}\"}} |= \"{noun}\" [5m]))"), job),
        5 => (format!("{{hostname=\"puck.incus\", job!=\"{name}\"}} |= \"error\""), ""),
        6 => {
            (format!("(sum(rate({{job=\"{name}\"}} |= \"error\" [5m])) / sum(rate({{job=\"{name}\"}}[5m]))) * 100"), "")
        }
        7 => (format!("{{job=`{name}`}} | logfmt | status >= 500"), ""),
        8 => ("sum by (job) (rate({job=~\"$job\"}[5m]))".to_owned(), job),
        9 => (
            format!(
                "quantile_over_time(0.99, {{job=\"{name}\"}} | logfmt | unwrap took | __error__=\"\" [5m]) by (job)"
            ),
            job,
        ),
        10 => (
            format!("sum by (level) (count_over_time({{job=\"{name}\"}} | json | level!=\"debug\" [$__auto]))"),
            "{{level}}",
        ),
        11 => (format!("rate({{job=\"{name}\"}} |= \"{noun}\" [5m])"), job),
        12 => (format!("{{job=\"{name}\"}} | json | service=\"checkout\""), ""),
        13 => (format!("{{job=\"{name}\"}} | json | line_format \"{{{{.job}}}} {{{{.msg}}}}\""), ""),
        14 => (format!("{{ job = \"{name}\" }} |~ \"(?i){noun}|timeout\""), ""),
        15 => (
            format!("topk(5, sum by (job) (rate({{hostname=\"puck.incus\", job=~\"{name}|{other}|systemd\"}}[5m])))"),
            job,
        ),
        16 => (format!("sum without (job) (rate({{job=\"{name}\"}}[5m]))"), "{{hostname}}"),
        17 => (format!("{{job=~\"{name}\"}} != \"debug\""), ""),
        18 => (format!("{{hostname=\"puck.incus\"}} | job=\"{name}\" |= \"{noun}\""), ""),
        19 => (
            format!("label_replace(sum by (job) (rate({{job=\"{name}\"}}[5m])), \"app\", \"$1\", \"job\", \"(.*)\")"),
            "{{app}}",
        ),
        20 => (
            format!(
                "sum by (job) (rate({{job=\"{name}\"}}[5m])) / on (job) sum by (job) (rate({{job=\"{name}\"}}[1h]))"
            ),
            job,
        ),
        21 => (format!("{{job=\"{name}\"}} | logfmt | keep job, level"), ""),
        22 => (format!("sum(count_over_time({{job=~\"{}.*\"}} |= \"{noun}\" [1h]))", &name[..name.len() - 1]), ""),
        _ => (format!("{{job!~\"{name}|{other}\", hostname=\"puck.incus\"}} |= \"{noun}\""), ""),
    }
}

/// How many shapes [`rule`] has.
pub(super) const RULES: usize = 8;

/// One expression of a rule of Loki's ruler.
pub(super) fn rule(shape: usize, name: &str, other: &str) -> String {
    match shape % RULES {
        0 => format!("sum by (job) (rate({{job=\"{name}\"}} |= \"error\" [5m])) > 1"),
        1 => format!("absent_over_time({{job=\"{name}\"}}[15m])"),
        2 => format!("count_over_time({{job=\"{name}\"}} |= \"panic\" [5m]) > 0"),
        3 => format!("sum by (job) (count_over_time({{job=~\"{name}|{other}\"}} |= \"refused\" [5m])) > 5"),
        4 => "sum by (job) (rate({hostname=\"puck.incus\", job!=\"\"}[5m])) == 0".to_owned(),
        5 => format!(
            "sum(rate({{job=\"{name}\"}} | logfmt | level=\"error\" [5m])) / sum(rate({{job=\"{name}\"}}[5m])) > 0.05"
        ),
        6 => format!("max_over_time({{job=\"{name}\"}} | logfmt | unwrap took | __error__=\"\" [5m]) > 2"),
        _ => format!("sum by (hostname) (rate({{job!=\"{name}\", hostname=\"puck.incus\"}} |= \"error\" [5m])) > 10"),
    }
}

/// One panel's query of Prometheus, where `job=` is a label of its own.
pub(super) fn prometheus(random: &mut Random, name: &str, noun: &str, other: &str) -> String {
    let quantile = random.below(100);
    format!(
        "histogram_quantile(0.{quantile:02}, sum by (le, instance) (rate({noun}_duration_seconds_bucket{{job=\"{name}\", \
         handler=~\"/api/{other}.*\"}}[$__rate_interval])))"
    )
}

/// A panel's link to the logs of `name` in Explore, as Grafana encodes it.
pub(super) fn explore(name: &str) -> String {
    format!(
        "[{{ \"title\": \"Logs\", \"url\": \"/explore?orgId=1&left=%7B%22datasource%22%3A%22loki%22%2C%22queries%22%3A%5B%7B%22refId%22%3A%22A%22%2C\
         %22expr%22%3A%22%7Bjob%3D%5C%22{name}%5C%22%7D%22%7D%5D%7D\" }}]"
    )
}

/// Queries of many kinds, each about another service.
pub(super) fn samples(random: &mut Random, count: usize) -> Vec<String> {
    (0..count)
        .map(|at| {
            let (name, noun) = (word(at % 4000), random.pick(&NOUNS));
            match at % 6 {
                0 => format!("{{job=\"{name}\", hostname=~\"$hostname\"}} |= \"{noun}\" != \"debug\""),
                1 => format!(
                    "sum by (job, level) (rate({{job=\"{name}\"}} | json | level=~\"error|critical\" | line_format \
                     \"{{{{.message}}}} {{{{.trace_id}}}}\" [$__auto]))"
                ),
                2 => format!(
                    "quantile_over_time(0.99, {{job=~\"{name}|{noun}\", environment=\"ouranos\"}} | logfmt | \
                     duration > 250ms and status >= 500 | unwrap duration(took) | __error__=\"\" [5m]) by (hostname)"
                ),
                3 => format!(
                    "topk(10, sum(count_over_time({{job=\"{name}\"}} |~ `(?i)({noun}|timeout|refused)` | pattern `<ip> - \
                     <user> [<_>] \"<method> <path> <_>\" <status> <size>` [1h])) by (path, status))"
                ),
                4 => format!(
                    "(sum(rate({{job=\"{name}\"}} |= \"{noun}\" [5m])) / sum(rate({{job=\"{name}\"}}[5m]))) * 100 > 5"
                ),
                _ => format!(
                    "{{job=\"{name}\"}} | regexp \"(?P<verb>\\\\w+) (?P<{noun}>[^ ]+)\" | label_format \
                     where=\"{{{{.hostname}}}}/{{{{.verb}}}}\" | {noun}!=\"none\" # all but the empty ones"
                ),
            }
        })
        .collect()
}
