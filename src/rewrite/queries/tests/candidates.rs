//! Which candidate is taken, and what is put around it; results worked out by hand.

use super::*;

#[test]
fn row_3_unions_trap_1() {
    let query = r#"{job=~"kairos|angelia"}"#;
    becomes(query, r#"{job=~"kairos|angelia|", service=~"|kairos", hostname="puck"} | job!="" or service!="""#);
    becomes_with(&[Asked::Names], query, r#"{service_name=~"kairos|angelia"}"#);
    let mut moved = moved("kairos", false);
    moved.bridge = Bridge::Review;
    let (after, findings) = query_under(query, &moved);
    assert_eq!((after.as_str(), findings[0].rule), (query, "dashboards/mixed"));
    // Nothing says that this Loki gives streams a `service_name`.
    let guarded = r#"{job=~\"kairos|angelia|\", service=~\"|kairos\", hostname=\"puck\"} | job!=\"\" or service!=\"\""#;
    assert_eq!(findings[0].proposed.as_deref(), Some(guarded));
    moved.streams.names = Derives::From(DISCOVERED.map(String::from).to_vec(), None);
    let (_, findings) = query_under(query, &moved);
    assert_eq!(findings[0].proposed.as_deref(), Some(r#"{service_name=~\"kairos|angelia\"}"#));
}

/// The rest of a selector may be common ground enough; quotes stay as they are written.
#[test]
fn a_label_filter_behind_what_the_selector_asks_besides() {
    becomes(
        r#"rate({job=~"kairos|angelia", hostname="puck"} |= "x" [5m])"#,
        r#"rate({job=~"kairos|angelia|", service=~"|kairos", hostname="puck"} | job!="" or service!="" |= "x" [5m])"#,
    );
    becomes(
        "{hostname=\"puck\", job=~`kairos|angelia|systemd`}",
        "{hostname=\"puck\", job=~`kairos|angelia|systemd|`, service=~`|kairos`} | job!=`` or service!=``",
    );
    becomes(
        r#"{hostname=~".*", job=~"kairos|angelia"}"#,
        r#"{hostname=~".*", job=~"kairos|angelia|", service=~"|kairos", hostname="puck"} | job!="" or service!="""#,
    );
    let (after, _) = query_under(r#"{job=~"kairos|angelia"}"#, &moved("kairos", true));
    assert_eq!(
        after,
        r#"{job=~"kairos|angelia|", service=~"|kairos", hostname="puck", component!="redis"} | job!="" or service!="""#
    );
}

#[test]
fn what_is_stored_stays_in_sight_when_asked() {
    let asked = [Asked::Names, Asked::History];
    becomes_with(&asked, r#"{job="kairos"}"#, r#"{service_name="kairos"}"#);
    becomes_with(
        &[Asked::History],
        r#"{job="kairos"}"#,
        r#"{job=~"kairos|", service=~"|kairos", hostname="puck"} | job!="" or service!="""#,
    );
    becomes_with(
        &[Asked::History],
        r#"{hostname="puck"} | job="kairos""#,
        r#"{hostname="puck"} | job="kairos" or service="kairos""#,
    );
    becomes_with(
        &asked,
        r#"absent_over_time({job="kairos"}[10m])"#,
        r#"absent_over_time({service_name="kairos"}[10m])"#,
    );
}

/// A service that moved before, or one of another repository, is not dropped from the list, and its streams may be on any
/// host.
#[test]
fn a_list_that_names_what_no_stream_has_keeps_the_name() {
    // Only the label that every stream has says nothing of a host; what has neither label is not asked for.
    let guarded =
        |jobs: &str| format!(r#"{{job=~"{jobs}|", service=~"|kairos", hostname=~".+"}} | job!="" or service!="""#);
    for jobs in ["kairos|elsewhere", "kairos|angelia|elsewhere", "kairos|neo4j|elsewhere"] {
        becomes(&format!(r#"{{job=~"{jobs}"}}"#), &guarded(jobs));
    }
    let mut filters = moved("kairos", false);
    filters.bridge = Bridge::Filter;
    engine::left_under(r#"{job=~"kairos|elsewhere"}"#, &filters);
    filters.keep_history = true;
    engine::left_under(r#"{job=~"kairos|elsewhere"}"#, &filters);
    filters.bridge = Bridge::Review;
    let (_, findings) = query_under(r#"{job=~"kairos|elsewhere"}"#, &filters);
    assert_eq!(findings[0].rule, "dashboards/mixed");
    // What the selector asks besides is asked of the others, too.
    let there = r#"{hostname="puck", job=~"kairos|elsewhere"}"#;
    becomes(there, r#"{hostname="puck", job=~"kairos|elsewhere|", service=~"|kairos"} | job!="" or service!="""#);
    let filter = r#"{hostname!=""} | job=~"kairos|elsewhere""#;
    becomes(filter, r#"{hostname!=""} | job="elsewhere" or service="kairos""#);
    let negation = r#"{hostname="puck", job!~"kairos|elsewhere"}"#;
    becomes(negation, r#"{hostname="puck", job!~"kairos|elsewhere", service!="kairos"}"#);
    becomes_with(&[Asked::Names], r#"{job=~"(elsewhere|kairos)"}"#, r#"{service_name=~"(elsewhere|kairos)"}"#);
    becomes(r#"{job=~"kairos|kair.s"}"#, r#"{service="kairos"}"#);
}

/// Who asks for any job names none of the past: what moved before is not taken in again.
#[test]
fn any_job_is_nobody_by_name() {
    becomes(
        r#"topk(10, sum by (job) (rate({hostname="puck", job=~".+"}[1m])))"#,
        r#"topk(10, sum by (job, service) (rate({hostname="puck", service=~"|kairos"} | job!="" or service!="" [1m])))"#,
    );
}

/// A branch of a pattern that fits no job here is a name, too.
#[test]
fn a_pattern_with_a_branch_that_no_stream_fits() {
    for written in [
        "kairos.*|else.*",
        "(?:kairos|else).*",
        "^(kairos|elsewhere)$",
        ".*(kairos|else).*",
        "(?i)kairos|elsewhere",
        "kai(ros|.*-else)",
    ] {
        let guarded = format!(r#"{{job=~"{written}|", service=~"|kairos", hostname=~".+"}} | job!="" or service!="""#);
        becomes(&format!(r#"{{job=~"{written}"}}"#), &guarded);
        engine::left(&format!(r#"{{hostname="puck"}} | job=~"{written}""#));
    }
    becomes(r#"{job=~"^(kairos|kai.*)$"}"#, r#"{service="kairos"}"#);
    becomes(r#"{job=~"kairos(-web|-worker)?"}"#, r#"{service="kairos"}"#);
    becomes(
        r#"{hostname="puck", job!~"kairos.*|else.*"}"#,
        r#"{hostname="puck", job!~"kairos.*|else.*", service!="kairos"}"#,
    );
}

#[test]
fn row_5_negation_trap_2() {
    becomes(r#"{hostname="puck", job!="kairos"}"#, r#"{hostname="puck", job!="kairos", service!="kairos"}"#);
    becomes(r#"{job!~"kai.*", hostname="puck"}"#, r#"{job!~"kai.*", service!="kairos", hostname="puck"}"#);
    let (after, _) = query_under(r#"{hostname="puck", job!="kairos"}"#, &moved("kairos", true));
    assert_eq!(after, r#"{hostname="puck", job!="kairos"} | service!="kairos" or component="redis""#);
}

/// Where the socket is read already, the moved lines are there today under the new labels, so the streams alone see no
/// difference; whoever wrote the query still meant to leave the service out.
#[test]
fn row_5_negation_on_a_host_that_logs_twice() {
    let mut twice = moved("kairos", false);
    let new = twice.streams.after[0].clone();
    twice.streams.copies.insert(twice.streams.before.len());
    twice.streams.before.push(new);
    twice.streams.image.push(vec![0]);
    let (after, findings) = query_under(r#"{hostname="puck", job!="kairos"}"#, &twice);
    assert_eq!(after, r#"{hostname="puck", job!="kairos", service!="kairos"}"#);
    assert_eq!(findings.iter().map(|finding| finding.rule).collect::<Vec<_>>(), ["dashboards/copies"]);
    let (_, findings) = query_under(r#"{hostname="puck", job!="kairos", service!="kairos"}"#, &twice);
    assert!(findings.is_empty(), "the new labels are left out already: {findings:?}");
}

#[test]
fn trap_14_one_series_stays_one() {
    becomes(r#"rate({job="kairos"}[5m]) > 0"#, r#"rate({service="kairos"}[5m]) > 0"#);
    let mut moved = moved("kairos", false);
    let second = Stream { labels: moved.streams.after[0].labels.clone(), at: None };
    moved.streams.after.push(second);
    let last = moved.streams.after.len() - 1;
    Arc::make_mut(&mut moved.streams.after[last].labels).insert("component".into(), Label::Known("worker".into()));
    moved.streams.image[0].push(last);
    for (query, new) in [
        (r#"rate({job="kairos"}[5m]) > 0"#, r#"rate({service="kairos"} | drop component, container [5m]) > 0"#),
        (r#"sum(rate({job="kairos"}[5m]))"#, r#"sum(rate({service="kairos"}[5m]))"#),
        (
            r#"max by (job) (count_over_time({job="kairos"} | json [5m]))"#,
            r#"max by (service) (count_over_time({service="kairos"} | drop component, container | json [5m]))"#,
        ),
        (
            r#"quantile_over_time(0.9, {job="kairos"} | unwrap x [5m])"#,
            r#"quantile_over_time(0.9, {service="kairos"} | drop component, container | unwrap x [5m])"#,
        ),
        (
            r#"sum without (level) (rate({job="kairos"}[5m]))"#,
            r#"sum without (level, component, container) (rate({service="kairos"}[5m]))"#,
        ),
    ] {
        assert_eq!(query_under(query, &moved).0, new);
    }
}

#[test]
fn trap_15_a_job_on_two_hosts() {
    let mut moved = moved("neo4j", false);
    moved.jobs = vec!["neo4j".into()];
    Arc::make_mut(&mut moved.streams.before[0].labels).insert("job".into(), Label::Known("neo4j".into()));
    let (after, findings) = query_under(r#"{job="neo4j"}"#, &moved);
    assert_eq!(after, r#"{job=~"neo4j|", service=~"|neo4j", hostname=~"ariel|puck"} | job!="" or service!="""#);
    assert_eq!(findings[0].rule, "dashboards/bridged");
    let (after, findings) = query_under(r#"{job="neo4j", hostname="puck"}"#, &moved);
    assert_eq!((after.as_str(), findings.len()), (r#"{service="neo4j", hostname="puck"}"#, 0));
    let (after, findings) = query_under(r#"{job="neo4j", hostname="ariel"}"#, &moved);
    assert_eq!((after.as_str(), findings.len()), (r#"{job="neo4j", hostname="ariel"}"#, 0));
}

#[test]
fn trap_4_and_5_fields_that_collide() {
    becomes(r#"{job="kairos"} | json | service="auth""#, r#"{service="kairos"} | json | service_extracted="auth""#);
    becomes(r#"{job="kairos"} | json | job_extracted="cleanup""#, r#"{service="kairos"} | json | job="cleanup""#);
}

/// Differences that Loki's engine showed between an old query and its rewrite: such queries are left.
#[test]
fn what_is_gone_behind_a_stage_is_not_asked_for() {
    // It never had a line.
    engine::left(r#"{job="kairos"} | drop job | job="kairos""#);
    becomes(r#"{job="kairos"} | keep job | job="kairos""#, r#"{service="kairos"} | keep service | service="kairos""#);
    engine::left(r#"{job="kairos"} | json | service_extracted="x""#);
}

#[test]
fn a_parser_that_loki_could_skip_is_not_woken_by_a_filter() {
    engine::left(r#"sum by (job) (count_over_time({job=~"kairos|angelia"} | json [1m]))"#);
    becomes(
        r#"{job=~"kairos|angelia"} | json | level="error""#,
        r#"{job=~"kairos|angelia|", service=~"|kairos", hostname="puck"} | job!="" or service!="" | json | level="error""#,
    );
}

/// A counter of two containers is not that of one stream: where the reset of one of them falls is lost in a sum.
#[test]
fn what_neither_adds_up_nor_takes_a_grouping_counts_the_lines_of_all_as_one() {
    let several = engine::several();
    let counter = |head: &str, tail: &str| format!("rate_counter({{{head}}} {tail} [1m])");
    for (around, tail) in [("sum", "| json | unwrap n"), ("max by (level)", "| logfmt | unwrap n"), ("", "| unwrap n")]
    {
        let wrapped = |inner: String| if around.is_empty() { inner } else { format!("{around} ({inner})") };
        engine::becomes_under(
            &wrapped(counter(r#"job="kairos""#, tail)),
            &wrapped(counter(r#"service="kairos""#, &format!("| drop component, container {tail}"))),
            &several,
        );
        // One container is one stream.
        becomes(&wrapped(counter(r#"job="kairos""#, tail)), &wrapped(counter(r#"service="kairos""#, tail)));
    }
    // A field goes on to be called as it comes to be beside the label, dropped or not.
    let reads = counter(r#"job="kairos""#, r#"| json | component="x" | unwrap n"#);
    let apart = r#"| drop component, container | json | component_extracted="x" | unwrap n"#;
    engine::becomes_under(&reads, &counter(r#"service="kairos""#, apart), &several);
}

/// A service that moved before asks for nothing any more by its job; a query that was left then must not forget it now.
#[test]
fn a_pattern_that_fits_the_job_of_what_moved_before() {
    let with = |project: &str, component: &str, hostname: &str| {
        let mut moved = moved("kairos", false);
        let before = engine::stream(&[("service", project), ("component", component), ("hostname", hostname)]);
        moved.streams.image.push(vec![moved.streams.after.len()]);
        moved.streams.before.push(before.clone());
        moved.streams.after.push(before);
        moved
    };
    let kaimos = with("kaimos", "web", "puck");
    for pattern in ["kai.*", "kai.os", "(?i)KAI[RM]OS", "[a-z]*os"] {
        for query in ["{{job=~`P`}}", "sum(rate({{job=~`P`, hostname=~`p.+`}}[5m]))"] {
            let query = query.replace("{{", "{").replace("}}", "}").replace('P', pattern);
            engine::left_under(&query, &kaimos);
        }
    }
    // The pattern fits the services as it fitted the jobs.
    let filter = |label: &str| format!("{{hostname=`puck`}} | {label}=~`kai.*`");
    engine::becomes_under(&filter("job"), &filter("service"), &kaimos);
    // Its host is not asked for, or its name does not fit.
    let mut elsewhere = with("kaimos", "web", "ariel");
    let here = r#"{job=~"kai.*", hostname="puck"}"#;
    engine::becomes_under(here, r#"{service="kairos", hostname="puck"}"#, &elsewhere);
    engine::left_under(r#"{job=~"kai.*"}"#, &elsewhere);
    engine::becomes_under(r#"{job=~"kairos.*"}"#, r#"{service="kairos"}"#, &elsewhere);
    engine::becomes_under(r#"{job="kairos"}"#, r#"{service="kairos"}"#, &elsewhere);
    // Nor may the name that is left in a list pass for what came in its place.
    let list = r#"{hostname="puck", job=~"kairos|kaimos"}"#;
    engine::becomes_under(list, r#"{hostname="puck", service=~"kaimos|kairos"}"#, &kaimos);
    let filter = |label: &str| format!(r#"{{hostname="puck"}} | {label}=~"kairos|kaimos""#);
    engine::becomes_under(&filter("job"), &filter("service"), &kaimos);
    let negation = r#"{hostname="puck", job!~"kai.*"}"#;
    engine::becomes_under(negation, r#"{hostname="puck", job!~"kai.*", service!="kairos"}"#, &kaimos);
    // As the component, as both, with the other dash, and not where the job is still there.
    for (project, component) in [("x", "kai-x"), ("kai", "web"), ("x_y", "kai")] {
        engine::left_under(r#"{job=~"k.*"}"#, &with(project, component, "puck"));
    }
    engine::left_under(r#"{job=~"kairos|x-y-we."}"#, &with("x_y", "web", "puck"));
    engine::left_under(r#"{job=~"(kairos|x)(-y-we.)?.*"}"#, &with("x_y", "web", "puck"));
    let last = elsewhere.streams.after.len();
    elsewhere.streams.image.push(vec![last]);
    elsewhere.streams.before.push(engine::stream(&[("job", "kaimos"), ("hostname", "ariel")]));
    elsewhere.streams.after.push(engine::stream(&[("job", "kaimos"), ("hostname", "ariel")]));
    engine::becomes_under(here, r#"{service="kairos", hostname="puck"}"#, &elsewhere);
}

/// What an earlier move of the same run took is still asked for, whatever its job was called.
#[test]
fn a_query_that_asks_for_what_an_earlier_move_took() {
    let mut moved = moved("kairos", false);
    let athens = engine::stream(&[("service", "athens"), ("component", "web"), ("hostname", "puck")]);
    moved.streams.image.push(vec![moved.streams.after.len()]);
    moved.streams.before.push(athens.clone());
    moved.streams.after.push(athens);
    let query = r#"{job=~"chronos|kairos"}"#;
    let (unknown, _) = query_under(query, &moved);
    assert!(unknown.contains("job=~"), "{unknown}");
    moved.former.insert("athens".to_owned(), ["chronos".to_owned()].into());
    engine::becomes_under(query, r#"{service=~"athens|kairos"}"#, &moved);
}
