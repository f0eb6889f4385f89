//! Expected values are worked out by hand; verdicts were compared with Loki 3.7.8.

use proptest::prelude::*;

use super::*;

fn uses(text: &str) -> Vec<(String, Use)> {
    let query = read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    query.uses().into_iter().map(|mention| (mention.name, mention.usage)).collect()
}

fn loki_takes(texts: &[&str]) {
    for text in texts {
        if let Err(error) = read_strict(text) {
            panic!("{text}: {error}");
        }
        assert!(read(text).is_ok(), "{text}");
    }
}

fn loki_refuses(texts: &[&str]) {
    for text in texts {
        assert!(read_strict(text).is_err(), "{text}");
    }
}

#[test]
fn a_selector_is_read_with_its_places() {
    let text = r#"{job="kairos", host=~`p.*`} |= "x""#;
    let query = read_strict(text).unwrap();
    let (_, selector) = query.selectors().next().unwrap();
    assert_eq!(selector.span.of(text), r#"{job="kairos", host=~`p.*`}"#);
    assert_eq!(selector.insertion, 26);
    let [job, host] = query.matchers(selector) else { panic!() };
    assert_eq!((job.name.text, &*job.value.value, job.op), ("job", "kairos", MatchOp::Equal));
    assert_eq!(job.span.of(text), r#"job="kairos""#);
    assert_eq!(job.value.span.of(text), r#""kairos""#);
    assert_eq!((host.op, host.value.quote, host.op_span.of(text)), (MatchOp::Regex, Quote::Backtick, "=~"));
}

#[test]
fn strings_are_decoded_and_encoded() {
    for written in [r#"{job="kai\x72os"}"#, r#"{job="kai\u0072os"}"#, r#"{job="k\141iros"}"#, "{job=`kairos`}"] {
        let query = read_strict(written).unwrap();
        let (_, selector) = query.selectors().next().unwrap();
        assert_eq!(query.matchers(selector)[0].value.value, "kairos", "{written}");
    }
    assert_eq!(quote("a\"b\\\n", Quote::Double).as_deref(), Some(r#""a\"b\\\n""#));
    assert_eq!(quote("a\"b\\", Quote::Backtick).as_deref(), Some("`a\"b\\`"));
    assert_eq!(quote("a`b", Quote::Backtick), None);
}

#[test]
fn selectors_need_a_matcher_that_excludes_the_empty_value() {
    loki_takes(&[r#"{job=~".+"}"#, r#"{job!=""}"#, r#"{job=~"a|b"}"#, r#"{job!~".*"}"#, r#"{job!="a", b="c"}"#]);
    loki_refuses(&[
        "{}",
        r#"{job!="a"}"#,
        r#"{job!~"a"}"#,
        r#"{job=""}"#,
        r#"{job=~".*"}"#,
        r#"{job=~"|a"}"#,
        r#"{job=~"a|"}"#,
    ]);
}

#[test]
fn what_loki_takes() {
    loki_takes(&[
        r#"SUM BY (job) (Rate({jöb="x"}[5m]))"#,
        "{a=\"b\"} # {c=\"d\"}\n // x\n |= /* y */ \"z\"",
        r#"{a="b"} |= "x" or ip("127.0.0.1") or "y" !> "<_>""#,
        r#"{a="b"} | logfmt --strict --keep-empty c="d", e | c >= 5KB and (d = ip("::1") or e < -1.5) f="g", h=5m"#,
        r#"{a="b"} | json | label_format x=y, z=`{{.x}}` | keep a, b="c" | drop d | decolorize | unpack"#,
        r#"sum_over_time({a="b"} | unwrap duration_seconds(x) | __error__="" [5m] offset -1h)"#,
        r#"sum_over_time(({a="b"})[5m] | unwrap x)"#,
        r#"quantile_over_time(0.99, {a="b"} | unwrap x [5m]) by (c) > bool 1 ^ 2"#,
        r#"sum(rate({a="b"}[5m])) by () / on (a) group_left (b) sum without (c) (vector(1))"#,
        r#"variants(rate({a="b"}[5m])) of ({a="b"}[5m]) + 1"#,
        r#"{a=~"{{.job}}"}"#,
        r#"{;="x"}"#,
        r#"{rate="x"} | sum="y""#,
        r"{a=~`\pL\p{Old_Italic}\p{^Lu}\p{Any}`}",
        "1_000 + 0x1p4",
    ]);
}

#[test]
fn what_loki_refuses() {
    loki_refuses(&[
        "",
        r#"{job="a",}"#,
        r#"{job="a" b="c"}"#,
        r"{job='a'}",
        r#"{job.name="x"}"#,
        r#"{"job"="x"}"#,
        r#"{job="kai\.ros"}"#,
        r#"{by="x"}"#,
        r#"sum by (job,) (rate({a="b"}[5m]))"#,
        r#"{a="b"} or {c="d"}"#,
        r#"rate({a="b"} or {c="d"}[5m])"#,
        r#"rate({a="b"}[5m:1m])"#,
        r#"rate({a="b"}[5m] @ 5)"#,
        r#"rate({a="b"}[$__interval])"#,
        "{job=$job}",
        r#"{a="b"} | distinct x"#,
        r#"{a="b"} | x == "y""#,
        "sum by (a) (1) by (b)",
        "topk(0, vector(1))",
        "sort by (a) (vector(1))",
        "approx_topk(1, vector(1)) by (a)",
        r#"sum_over_time({a="b"}[5m])"#,
        "1 or vector(1)",
        r#"{a="b"} | unwrap x"#,
        r#"{a="b"} | a > 5PB"#,
        r#"{a="b"} | a > 0b1"#,
        "{a=~`\\Z`}",
        "{a=~`\\pp`}",
        "{a=~`\\p{greek}`}",
        "{a=~`\\p{Grek}`}",
        "{a=~`\\p{Alphabetic}`}",
        "{a=~`\\p{{Greek}`}",
        "{a=\"b\"} |= \"\0\"",
    ]);
}

#[test]
fn placeholders_may_stand_for_parts() {
    for text in [
        "$query",
        "{job=$job}",
        "{$filter}",
        r#"{a="b", ${filter:raw}}"#,
        r#"{$label=~"${job:regex}"}"#,
        "[[app]]",
        r#"{[[app]]="x"}"#,
        r#"rate({a="b"}[$__interval])"#,
        r#"rate({a="b"}[[[range]]])"#,
        r#"rate({a="b"}[${n}m])"#,
        r#"sum by ($group, x) (rate({a="b"}[$__auto] offset $off))"#,
        "topk($n, rate($query [5m]))",
        r#"$agg by (x) (rate({a="b"}[5m]))"#,
        r#"$fn({a="b"}[5m]) > $limit"#,
        r#"{a="b"} |= $search | $stage | json | $field = "x" | y > $min"#,
        r#"{a="b"} $rest"#,
        "$query | json",
        "{app_$env=\"x\"}",
        "5$unit",
    ] {
        if let Err(error) = read(text) {
            panic!("{text}: {error}");
        }
    }
    let text = r#"{job="$job", host="a", app=$app}"#;
    let query = read(text).unwrap();
    let (_, selector) = query.selectors().next().unwrap();
    let held: Vec<_> = query.matchers(selector).iter().map(|m| (m.value.placeholder, m.value.quote)).collect();
    assert_eq!(held, [(true, Quote::Double), (false, Quote::Double), (true, Quote::Bare)]);
    let text = r#"{a="b", $filter }"#;
    let query = read(text).unwrap();
    let (_, selector) = query.selectors().next().unwrap();
    assert_eq!((selector.placeholder, selector.insertion), (true, 15));
    assert!(!read(r#"{a="{{ x }} $1"}"#).unwrap().matchers[0].value.placeholder);
}

#[test]
fn every_use_of_a_label_is_found() {
    let text = r#"label_replace(sum by (job) (rate({job="M"} | json job="a" | job="x" or y="z" | label_format a=job, b=`{{.job}}`
        | keep job | drop job | regexp "(?P<job>.)" | pattern "<job> x" | line_format "{{ index . \"job\" }}" [5m])), "job", "$1", "job", ".*")
        and on (job) sum_over_time({a="b"} | unwrap job [1m])"#;
    let query = read(text).unwrap();
    let found: Vec<_> = query.mentions("job").map(|mention| mention.usage).collect();
    assert_eq!(
        found,
        [
            Use::Grouping,
            Use::SelectorMatcher,
            Use::Extraction,
            Use::LabelFilter,
            Use::LabelFormatSource,
            Use::Template,
            Use::Keep,
            Use::Drop,
            Use::Extraction,
            Use::Extraction,
            Use::Template,
            Use::LabelReplaceDestination,
            Use::LabelReplaceSource,
            Use::Matching,
            Use::Unwrap,
        ]
    );
    assert_eq!(uses(r#"{job_name="kairos", Job="kairos"} |= "job=\"kairos\"""#).len(), 2);
}

#[test]
fn parents_lead_from_a_selector_to_the_result() {
    let text = r#"sum by (job) (rate({a="b"}[5m])) / max(count_over_time({c="d"}[5m] offset 1h))"#;
    let query = read_strict(text).unwrap();
    let logs: Vec<_> = query.logs().collect();
    assert_eq!(logs[1].1.range.unwrap().of(text), "[5m]");
    assert_eq!(logs[1].1.offset.unwrap().of(text), "offset 1h");
    let above: Vec<_> = query.above(logs[0].0).map(|id| query.expr(id).span.of(text)).collect();
    assert_eq!(above, [r#"rate({a="b"}[5m])"#, r#"sum by (job) (rate({a="b"}[5m]))"#, text]);
    let ExprKind::Binary { left, .. } = query.expr(query.root()).kind else { panic!() };
    assert_eq!(query.feeding(left), [logs[0].0]);
    assert_eq!(query.feeding(query.root()).len(), 2);
}

#[test]
fn filters_join_as_loki_joins_them() {
    let shape = |text: &str| {
        let text = format!("{{x=\"y\"}} | {text}");
        let query = read_strict(&text).unwrap();
        let StageKind::LabelFilter(root) = query.stages[0].kind else { panic!() };
        let FilterKind::Join { or, left, right } = query.filter(root).kind else { panic!() };
        (or, query.filter(left).span.of(&text).to_owned(), query.filter(right).span.of(&text).to_owned())
    };
    assert_eq!(shape("a=1 and b=2 or c=3"), (true, "a=1 and b=2".into(), "c=3".into()));
    assert_eq!(shape("a=1 or b=2 and c=3"), (true, "a=1".into(), "b=2 and c=3".into()));
    assert_eq!(shape("a=1 , b=2 or c=3"), (false, "a=1".into(), "b=2 or c=3".into()));
    assert_eq!(shape("(a=1 or b=2) c=3"), (false, "a=1 or b=2".into(), "c=3".into()));
}

#[test]
fn nesting_ends_in_an_error_not_in_a_crash() {
    for (open, close) in [("(", ")"), ("sum(", ")"), ("{a=\"b\"} | (", ")"), ("{a=~\"(", ")\"}"), ("$x(", ")")] {
        for depth in [100, 100_000] {
            let text = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let _ = read(&text);
        }
    }
    assert!(read(&format!("{}1{}", "sum(".repeat(120), ")".repeat(120))).is_ok());
    assert!(read(&"1 ^ ".repeat(100_000)).is_err());
}

#[test]
fn regular_expressions_go_accepts() {
    for good in [
        "",
        "a|b",
        "(?i)x",
        "{{.job}}",
        "a{,5}",
        "a{2,3}?",
        "[]a]",
        "[a-]",
        "[[:alpha:]x]",
        r"\Qa(b\E",
        r"\pL",
        r"\p{Greek}",
        r"\x{10FFFF}",
        r"\_",
        "(?P<a>x)(?<b>y)",
        "^*",
        "(?i-s:a)",
        r"\012",
        "a(?i)*",
        "x{0}",
        "a*(?i)*",
        "[a&&b]",
        "(?)",
    ] {
        assert!(regex::facts(good).is_some(), "{good}");
    }
    for bad in [
        "(",
        ")",
        "*a",
        "a**",
        "a|*",
        "(*a)",
        "[a",
        "[b-a]",
        "[[:nope:]]",
        r"\",
        r"\1",
        r"\C",
        r"\Z",
        r"\u0061",
        r"\p{Nope}",
        "(?P<>x)",
        "(?P<a b>x)",
        "(?=a)",
        "(?i-)",
        "a{1001}",
        "(a{40}){40}",
        "a{3,2}",
        r"[\d-z-\d",
        r"\x{110000}",
        r"\xg0",
        "é**",
    ] {
        assert!(regex::facts(bad).is_none(), "{bad}");
    }
}

#[test]
fn regular_expressions_that_match_the_empty_text() {
    for empty in ["", ".*", "|a", "a|", "(a|)", "a?b*", "^$", r"\B", "(a{0})", "(|a)+", "x{0,3}"] {
        assert!(regex::facts(empty).unwrap().empty, "{empty}");
    }
    for full in [".+", "a", "a|b", "a*b", r"\b", "(a)+", "[^a]", ".", "x{1,3}", "(a|)b"] {
        assert!(!regex::facts(full).unwrap().empty, "{full}");
    }
}

proptest! {
    #[test]
    fn no_text_panics_and_spans_fit(text in r#"[{}()\[\]|=~!<>,"`'a-c $x0-9.\\é/*#\n-]{0,40}"#) {
        for result in [read(&text), read_strict(&text)] {
            match result {
                Ok(query) => {
                    for mention in query.uses() {
                        prop_assert!(text.get(mention.span.range()).is_some());
                    }
                }
                Err(error) => prop_assert!(text.get(error.span.range()).is_some(), "{error}"),
            }
        }
    }

    #[test]
    fn a_quoted_value_reads_back(value in "\\PC{0,20}|[\\x00-\\x7f]{0,20}") {
        for style in [Quote::Double, Quote::Backtick] {
            let Some(written) = quote(&value, style) else { continue };
            let text = format!("{{a=\"b\", c={written}}}");
            let query = read_strict(&text).unwrap();
            prop_assert_eq!(&*query.matchers[1].value.value, &*value);
        }
    }
}

#[test]
fn operators_are_followed_up_to_a_bound() {
    let sums = |count| vec![r#"rate({job="kairos"}[5m])"#; count].join(" + ");
    let any = |count| format!(r#"{{job="kairos"}} | {}"#, vec![r#"a="b""#; count].join(" or "));
    for text in [sums(500), any(500)] {
        assert!(read(&text).is_ok());
    }
    for text in [sums(514), any(514), sums(100_000), any(100_000)] {
        assert!(read(&text).is_err_and(|error| error.message == "more operators than are followed"));
    }
}
