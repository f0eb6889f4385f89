//! Lines are judged by the evaluator: some get through a query, some do not.

use proptest::prelude::{Strategy, any, prop, prop_assert_eq, proptest};

use super::{clean, of};
use crate::logql_eval::{Answer, Asked, Failure, Kind, Labels, Stream, evaluate};
use crate::syntax::logql;

const NAMES: [&str; 5] = ["job", "service", "component", "container", "service_name"];

/// What the log query gives for each of these lines alone, in their order; `None` where it holds the line back.
fn through(query: &str, lines: &[String]) -> Vec<Option<(Labels, String)>> {
    let read = logql::read_strict(query).unwrap();
    let asked = Asked { kind: Kind::Range, start: 0, end: 10, step: 10, limit: 10, forward: true };
    let labels: Labels = [("job", "kairos"), ("hostname", "puck")].into_iter().collect();
    let one = |line: &String| {
        let store = [Stream { labels: labels.clone(), lines: vec![(5, line.clone())] }];
        match evaluate(&read, &store, &asked).unwrap_or_else(|failure| panic!("{query}: {failure:?}")) {
            Answer::Streams(found) => found.into_iter().next().map(|found| (found.labels, found.lines[0].1.clone())),
            other => panic!("{query}: {other:?}"),
        }
    };
    lines.iter().map(one).collect()
}

fn lines(query: &str, count: usize, seed: u64) -> Vec<String> {
    of(&[&logql::read_strict(query).unwrap()], &NAMES, count, seed)
}

/// Log queries whose filters let lines through and hold lines back.
const FILTERS: [&str; 49] = [
    r#"{job="kairos"} | regexp "(?P<lvl>INFO)" | lvl="INFO""#,
    r#"{job="kairos"} | logfmt | status > 400 | status < 404 | line_format "{{.status}}""#,
    r#"{job="kairos"} | logfmt | label_format code=`{{.status}}xx` | code="200xx""#,
    r#"{job="kairos"} |= "level=" | logfmt | label_format l=`{{.level | ToUpper}}` | l="INFO""#,
    r#"{job="kairos"} |= "error""#,
    r#"{job="kairos"} != "GET /healthz""#,
    r#"{job="kairos"} |= "worker" != "heartbeat""#,
    r#"{job="kairos"} |~ "(?i)error|fail""#,
    r#"{job="kairos"} !~ "GET /(healthz|metrics)""#,
    r#"{job="kairos"} |~ "[0-9]{4,} ms""#,
    r#"{job="kairos"} |~ `id=\d+` |= "user""#,
    r#"{job="kairos"} |~ "message$""#,
    r#"{job="kairos"} |~ "^WARN:""#,
    r#"{job="kairos"} |= "timeout" or "refused" or "reset""#,
    r#"{job="kairos"} |= ip("10.0.0.0/8")"#,
    r#"{job="kairos"} != ip("192.168.0.0/16") != "v6""#,
    r#"{job="kairos"} |> "<_> level=error <_>""#,
    r#"{job="kairos"} !> "<_>debug<_>""#,
    r#"{job="kairos"} | json | status >= 500"#,
    r#"{job="kairos"} | json | status >= 400 and status < 500 | level="error""#,
    r#"{job="kairos"} | json | level=~"error|critical" or status=~"5..""#,
    r#"{job="kairos"} | json x_org="org", ms="request.duration_ms" | ms > 2000"#,
    r#"{job="kairos"} | json first="servers[1].name" | first="db""#,
    r#"{job="kairos"} | json | request_method="GET" | request_path!~"/health.*""#,
    r#"{job="kairos"} |= `"level":"error"` | json | level="error""#,
    r#"{job="kairos"} |= "level=error" | logfmt | level="error" | duration > 1s"#,
    r#"{job="kairos"} | logfmt | duration > 250ms and size < 10KiB"#,
    r#"{job="kairos"} | logfmt level, took="elapsed" | took >= 1.5s"#,
    r#"{job="kairos"} | logfmt | ip=ip("10.1.0.0/16")"#,
    r#"{job="kairos"} | logfmt | msg="cache hit" | org!="""#,
    r#"{job="kairos"} | logfmt --strict | level!~"debug|trace""#,
    r#"{job="kairos"} | logfmt | (level="warn" or level="error") and status != 200"#,
    r#"{job="kairos"} | logfmt | level=~"(?i)ERR.*""#,
    r#"{job="kairos"} | logfmt | label_format l=level | l="info""#,
    r#"{job="kairos"} | regexp `(?P<lvl>INFO|ERROR)\s+(?P<w>\w+)` | lvl="ERROR""#,
    r#"{job="kairos"} | regexp "\\s(?P<status>\\d{3})\\s" | status >= 500"#,
    r#"{job="kairos"} |= "GET" | regexp `"(?P<method>[A-Z]+) (?P<path>\S+) [^"]+" (?P<status>\d{3})` | method="GET""#,
    r#"{job="kairos"} | pattern `<ip> - <_> [<_>] "<method> <path> <_>" <status> <size> "<_>" "<agent>"` | status=~"4..""#,
    r#"{job="kairos"} | pattern "<_> <level> <msg>" | level != "debug""#,
    r#"{job="kairos"} | unpack | app="web" |= "slow""#,
    r#"{job="kairos"} | json | line_format "{{.msg}}" | logfmt | level="error""#,
    r#"{job="kairos"} | json | line_format "{{.message}}" |= "panic""#,
    r#"{job="kairos"} | logfmt | line_format "{{.level}}: {{.msg}}" | level="error""#,
    r#"{job="kairos"} | json | drop level="debug" | level!="""#,
    r#"{job="kairos"} | json | __error__="" | service="inner""#,
    r#"{job="kairos"} | json | service="kairos""#,
    r#"{job="kairos"} | json | job_extracted="kairos""#,
    r#"{job="kairos"} | decolorize | logfmt | level="error""#,
    r#"{job="kairos"} | json | latency >= 5 | latency <= 60 | keep latency"#,
];

#[test]
fn some_lines_get_through_and_some_do_not() {
    let mut wrong = Vec::new();
    for query in FILTERS {
        for seed in 0..5 {
            let lines = lines(query, 20, seed);
            let through = through(query, &lines);
            let count = through.iter().flatten().filter(|(labels, _)| !labels.has("__error__")).count();
            if !(4..=18).contains(&count) {
                wrong.push(format!("{query} ({seed}): {count} of {}\n  {}", lines.len(), lines.join("\n  ")));
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), FILTERS.len(), wrong.join("\n"));
}

/// What a metric query gives for these lines together.
fn metric(query: &str, lines: &[String]) -> Result<Answer, Failure> {
    let labels: Labels = [("job", "kairos"), ("hostname", "puck")].into_iter().collect();
    let store = [Stream { labels, lines: (1..).zip(lines.iter().cloned()).collect() }];
    let asked = Asked { kind: Kind::Instant, start: 1000, end: 1000, step: 1, limit: 10, forward: true };
    evaluate(&logql::read_strict(query).unwrap(), &store, &asked)
}

#[test]
fn clean_lines_make_no_error() {
    for query in [
        r#"sum by (level) (count_over_time({job="kairos"} | json [5m]))"#,
        r#"avg_over_time({job="kairos"} |= "took" | json | unwrap ms [5m])"#,
        r#"max_over_time({job="kairos"} | logfmt | level!="debug" | unwrap duration(took) [5m])"#,
        r#"sum by (level) (sum_over_time({job="kairos"} | logfmt | unwrap bytes(size) [5m]))"#,
        r#"sum by (path) (count_over_time({job="kairos"} | json | latency > 250ms [5m]))"#,
        r#"max_over_time({job="kairos"} | pattern "<path> took <took>" | unwrap duration(took) [5m])"#,
        r#"max_over_time({job="kairos"} | regexp `size=(?P<size>\S+)` | unwrap bytes(size) [5m])"#,
    ] {
        let read = logql::read_strict(query).unwrap();
        let mut errors = 0;
        for seed in 0..10 {
            let lines = clean(&[&read], &NAMES, 30, seed);
            match metric(query, &lines) {
                Ok(Answer::Vector(found)) if !found.is_empty() => {}
                other => panic!("{query}: {other:?}\n{}", lines.join("\n")),
            }
            errors += usize::from(matches!(metric(query, &of(&[&read], &NAMES, 30, seed)), Err(Failure::Pipeline(_))));
        }
        assert!(errors > 5, "{query}: {errors}");
    }
}

#[test]
fn a_pattern_does_not_match_all_lines() {
    for stage in [r#"regexp "(?P<lvl>INFO|ERROR) (?P<w>\\w+)""#, r#"pattern "[<lvl>] <w>""#] {
        let query = format!("{{job=\"kairos\"}} | {stage}");
        let lines = clean(&[&logql::read_strict(&query).unwrap()], &NAMES, 40, 1);
        let found = through(&query, &lines).iter().flatten().filter(|(labels, _)| labels.has("lvl")).count();
        assert!((20..38).contains(&found), "{query}: {found}");
    }
}

#[test]
fn fields_are_called_like_labels_in_some_lines() {
    for query in [r#"{job="kairos"} | json"#, r#"{job="kairos"} | logfmt"#, r#"{job="kairos"} | unpack"#] {
        let found: Vec<Labels> =
            through(query, &lines(query, 60, 3)).into_iter().flatten().map(|(labels, _)| labels).collect();
        for name in ["job_extracted", "service", "component", "container", "service_name"] {
            let count = found.iter().filter(|labels| labels.has(name)).count();
            assert!((3..30).contains(&count), "{query}: {count} lines with {name}");
        }
        assert!(found.iter().any(|labels| labels.get("job_extracted") == "kairos"), "{query}");
    }
    let dotted = lines(r#"{job="a.b"} | json"#, 60, 3);
    assert!(dotted.iter().any(|line| line.contains(r#""job":"a.b""#)), "the value of a selector");
    let query = r#"{job="kairos"} | json level"#;
    assert!(lines(query, 60, 3).iter().all(|line| !line.contains("service")), "none where only named fields are read");
}

#[test]
fn fields_that_are_used_are_there_with_values_that_differ() {
    let query = r#"sum by (level, user_name) (count_over_time({job="kairos"} | json | line_format "{{.path}}" [5m]))"#;
    let lines = lines(query, 40, 1);
    let found = through(r#"{job="kairos"} | json"#, &lines);
    for name in ["level", "user_name", "path"] {
        let mut values: Vec<&str> = found.iter().flatten().map(|(labels, _)| labels.get(name)).collect();
        values.sort_unstable();
        values.dedup();
        assert!(values.len() > 2, "{name}: {values:?}");
    }
    assert!(
        lines.iter().any(|line| line.contains(r#""user":{"name":"#))
            && lines.iter().any(|line| line.contains("user_name"))
    );
}

#[test]
fn both_queries_of_a_pair_have_their_lines() {
    let (old, new) =
        (r#"{job="a"} | json | level="error""#, r#"{service="a"} | drop job | json | level="fatal" |= "x9""#);
    let (old, new) = (logql::read_strict(old).unwrap(), logql::read_strict(new).unwrap());
    let lines = of(&[&old, &new], &NAMES, 20, 1);
    for text in ["error", "fatal", "x9"] {
        assert!(lines.iter().any(|line| line.contains(text)), "{text}");
    }
}

#[test]
fn the_same_seed_gives_the_same_lines() {
    for query in FILTERS {
        assert_eq!(lines(query, 30, 5), lines(query, 30, 5));
        assert_ne!(lines(query, 30, 5), lines(query, 30, 6), "{query}");
    }
    let plain = lines(r#"{job="kairos"}"#, 20, 5);
    assert!((1..plain.len()).all(|at| !plain[..at].contains(&plain[at])), "{plain:?}");
    assert_eq!(of(&[], &[], 2, 0), ["line 0", "line 1"]);
}

/// Parts of queries, good and bad.
const STAGES: [&str; 28] = [
    r#"|= "a" or "b""#,
    r#"!~ "(a|b)*c{2,}|^$""#,
    r#"|~ "x{900}y|(z{9}){99}""#,
    r#"!= ip("::1/64") or "x""#,
    r#"|= ip("nothing")"#,
    r#"|> "<_><_>""#,
    "| json",
    r#"| json a="b[3].c[\"d e\"]", job="b[900000].x.y", level"#,
    "| logfmt --strict --keep-empty",
    r#"| logfmt a="b", level"#,
    r#"| regexp "^(?P<a>.*)$|(?P<level>é+)""#,
    r#"| regexp "(?P<a>(?P<level>b{1000}))""#,
    r#"| pattern "<a>é<_> <level>""#,
    "| unpack",
    r#"| a="", level=~"|b.*" or c > 5 and (d < 1h or e >= 5KB)"#,
    r#"| a=ip("10.0.0.0/40") or level!~"(?i)ERR""#,
    "| a > -1e400 or c == 0x1",
    r#"| label_format a=level, b="{{.a}}{{ if eq .level \"x\" }}y{{end}}""#,
    "| label_format level=a | label_format a=level",
    r#"| line_format "{{.a}}""#,
    r#"| line_format "{{ .level }} {{""#,
    r#"| line_format "{{.nosuch}}" | json | line_format "{{.a}}" | logfmt"#,
    "| decolorize",
    r#"| keep a, level=~"x.*", __error__="""#,
    r#"| drop a, level!="b""#,
    "| $stage",
    r#"| level=~"$level""#,
    "| unwrap bytes(a)",
];

fn query() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&STAGES[..]), 0..7).prop_map(|stages| {
        let log = format!("{{job=\"kairos\"}} {}", stages.join(" "));
        if log.contains("unwrap") { format!("sum by (level) (sum_over_time({log} [5m]))") } else { log }
    })
}

proptest! {
    #[test]
    fn any_query_is_taken(query in query(), seed in any::<u64>()) {
        if let Ok(read) = logql::read(&query) {
            prop_assert_eq!(of(&[&read, &read], &NAMES, 15, seed).len(), 15);
        }
    }

    #[test]
    fn any_text_of_a_filter_is_taken(text in ".{0,30}", seed in any::<u64>()) {
        let Some(quoted) = logql::quote(&text, logql::Quote::Double) else { return Ok(()) };
        for stage in ["|=", "!~", "|>", "| json a=", "| logfmt a=", "| regexp", "| pattern", "| json | a=~", "| line_format"] {
            let query = format!("{{job=\"kairos\"}} {stage} {quoted}");
            if let Ok(read) = logql::read(&query) {
                prop_assert_eq!(of(&[&read], &NAMES, 6, seed).len(), 6);
            }
        }
    }
}

#[test]
fn lines_that_are_dealt_out_in_turn_bring_every_kind_to_every_stream() {
    let query = r#"{job="kairos"} | json | level="error""#;
    let lines = lines(query, 60, 1);
    for streams in [2, 3, 5] {
        for first in 0..streams {
            let own: Vec<String> = lines.iter().skip(first).step_by(streams).cloned().collect();
            let found = through(query, &own);
            let passed = found.iter().flatten().count();
            assert!((3..own.len() - 1).contains(&passed), "{streams} {first}: {passed}");
            assert!(found.iter().flatten().any(|(labels, _)| labels.has("service")), "{streams} {first}");
        }
    }
}
