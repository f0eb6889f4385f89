//! What Loki's engine showed to be different, one test for each rule that keeps it from happening again; results worked
//! out by hand.

use super::*;
use crate::topology::later::Later;

/// The query is left for a person: no text answers as before.
#[track_caller]
pub(super) fn left_under(expr: &str, moved: &Move) {
    let (after, findings) = query_under(expr, moved);
    assert_eq!(after, expr);
    let reviews = findings.iter().filter(|one| one.level == Level::Review);
    let reviews: Vec<_> = reviews.map(|one| (one.rule, one.proposed.as_deref())).collect();
    let is_left = |id| reviews == [(id, None)];
    assert!(is_left("dashboards/differs") || is_left("dashboards/unchecked"), "{findings:?}");
}

#[track_caller]
pub(super) fn left(expr: &str) {
    left_under(expr, &moved("kairos", false));
}

#[track_caller]
pub(super) fn becomes_under(expr: &str, new: &str, moved: &Move) {
    let (after, findings) = query_under(expr, moved);
    assert_eq!(after, new);
    assert!(findings.iter().all(|finding| finding.level == Level::Note), "{findings:?}");
}

pub(super) fn stream(pairs: &[(&str, &str)]) -> Stream {
    let known = |value: &str| Label::Known(value.to_owned());
    Stream::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), known(value))).collect(), None)
}

pub(super) fn new(component: &str) -> Stream {
    stream(&[("service", "kairos"), ("component", component), ("container", component), ("hostname", "puck")])
}

/// The job becomes two containers.
pub(super) fn several() -> Move {
    let mut moved = moved("kairos", false);
    moved.streams.after[0] = new("app");
    moved.streams.image[0].push(moved.streams.after.len());
    moved.streams.after.push(new("worker"));
    moved.components.push("worker".into());
    moved
}

/// The listener keeps another sender, so the old stream stays beside the new one.
pub(super) fn in_part() -> Move {
    let mut moved = moved("kairos", false);
    moved.streams.image[0].push(moved.streams.after.len());
    moved.streams.after.push(moved.streams.before[0].clone());
    moved
}

/// Two jobs become one service.
pub(super) fn two_jobs() -> Move {
    let mut moved = several();
    moved.streams.image[0].pop();
    moved.streams.before.push(stream(&[("job", "kairos-worker"), ("hostname", "puck")]));
    moved.streams.image.push(vec![moved.streams.after.len() - 1]);
    moved.jobs.push("kairos-worker".into());
    moved
}

pub(super) fn named(mut moved: Move) -> Move {
    moved.streams.names = Derives::From(DISCOVERED.map(String::from).to_vec(), None);
    moved
}

/// Today the label hides the field, and the comparison is of the job: the label in its place hides its field as well.
#[test]
fn a_field_called_job_is_not_compared_once_the_label_is_gone() {
    let parsers = [
        "json",
        "logfmt",
        "unpack",
        "json job",
        r#"logfmt job="a_b", level"#,
        "regexp `(?P<job>.+) x`",
        "pattern `<job> <_>`",
    ];
    for parser in parsers {
        for compared in ["=`inner`", "!=`inner`", "=~`inn.+`", "!~`inn.+`"] {
            let query = format!(r#"{{job="kairos"}} | {parser} | job{compared}"#);
            if compared.starts_with('!') {
                becomes(&query, &format!(r#"{{service="kairos"}} | {parser} | service{compared}"#));
            } else {
                // It never had a line.
                left(&query);
            }
            if ["json", "logfmt", "unpack"].contains(&parser) {
                becomes(
                    &format!(r#"{{job="kairos"}} | {parser} | level="x" or job{compared}"#),
                    &format!(r#"{{service="kairos"}} | {parser} | level="x" or service{compared}"#),
                );
            }
        }
        left(&format!(r#"sum(rate({{job=~"kai.*"}} | {parser} | job="inner" [5m]))"#));
        // The lines of what stays have no `service`.
        left(&format!(r#"{{hostname="puck"}} | {parser} | job="angelia""#));
        // The project is called as the job was not.
        let chronos = moved("chronos", false);
        left_under(&format!(r#"{{job="kairos"}} | {parser} | job="chronos""#), &chronos);
        left_under(&format!(r#"{{job="kairos"}} | {parser} | job!~"chron.*""#), &chronos);
    }
    left(r#"{job="kairos"} | json | job>5"#);
    // No parser makes such a label.
    for parser in ["json level", r#"logfmt level="job""#, "regexp `(?P<level>.+)`", "pattern `<level> <_>`"] {
        becomes(
            &format!(r#"{{job="kairos"}} | {parser} | job!="inner""#),
            &format!(r#"{{service="kairos"}} | {parser} | job!="inner""#),
        );
    }
    // A parser asks a filter that stands before it, too.
    becomes(r#"{job="kairos"} | job!="inner" | json"#, r#"{service="kairos"} | service!="inner" | json"#);
    becomes(r#"{job="kairos"} | json | job="kairos""#, r#"{service="kairos"} | json | service="kairos""#);
    stays(r#"{job="angelia"} | json | job="inner""#);
}

#[test]
fn a_field_of_the_line_takes_the_name_the_stream_lost() {
    // It counts as many as before.
    becomes(
        r#"sum by (job) (count without (job) (count_over_time({job="kairos"} | logfmt [1m])))"#,
        r#"sum by (service) (count without (service, component, container) (count_over_time({service="kairos"} | logfmt [1m])))"#,
    );
    becomes(
        r#"sum without (job) (rate({job="kairos"} | drop job | logfmt [1m]))"#,
        r#"sum without (service, component, container) (rate({service="kairos"} | drop service, component, container | logfmt [1m]))"#,
    );
    left(r#"label_replace(rate({job="kairos"} | json [1m]), "job", "x", "", ".*")"#);
    becomes(
        r#"sum by (job) (count without (job) (rate({job="kairos"}[1m])))"#,
        r#"sum by (service) (count without (service, component, container) (rate({service="kairos"}[1m])))"#,
    );
    becomes(
        r#"label_replace(sum by (level) (rate({job="kairos"} | json [1m])), "job", "x", "", ".*")"#,
        r#"label_replace(sum by (level) (rate({service="kairos"} | json [1m])), "job", "x", "", ".*")"#,
    );
}

#[test]
fn a_second_parser_sets_what_it_names_anew() {
    becomes(r#"{job="kairos"} | json | logfmt service"#, r#"{service="kairos"} | json | logfmt service"#);
    becomes(r#"{job="kairos"} | logfmt | json job"#, r#"{service="kairos"} | logfmt | json job"#);
    becomes(r#"{job="kairos"} | json | logfmt level"#, r#"{service="kairos"} | json | logfmt level"#);
    becomes(r#"{job="kairos"} | logfmt service"#, r#"{service="kairos"} | logfmt service"#);
}

#[test]
fn what_is_dropped_is_not_read_afterwards_either() {
    becomes(
        r#"{job="kairos"} | drop job | line_format "{{.job}} x""#,
        r#"{service="kairos"} | drop service, component, container | line_format "{{.service}} x""#,
    );
    becomes(
        r#"{job="kairos"} | drop job | logfmt | line_format "{{.job}} x""#,
        r#"{service="kairos"} | drop service, component, container | logfmt | line_format "{{.service}} x""#,
    );
    becomes_with(
        &[Asked::Names, Asked::History],
        r#"{job="kairos"} | keep job | drop job"#,
        r#"{service_name="kairos"} | keep service | drop service, component, container"#,
    );
}

#[test]
fn a_template_compares_with_the_job_that_comes_by() {
    let other = moved("chronos", false);
    becomes_under(
        r#"{job="kairos"} | line_format `{{if eq .job "kairos"}}x{{end}}`"#,
        r#"{service="chronos"} | line_format `{{if eq .service "chronos"}}x{{end}}`"#,
        &other,
    );
    becomes_under(
        r#"{job="kairos"} | line_format `{{if eq .job "chronos"}}x{{end}}`"#,
        r#"{service="chronos"} | line_format `{{if eq .job "chronos"}}x{{end}}`"#,
        &other,
    );
    becomes_under(
        r#"{job="kairos-worker"} | line_format `{{if eq .job "kairos-worker"}}x{{end}}`"#,
        r#"{service="kairos", component="worker"} | line_format `{{if eq .service "kairos"}}x{{end}}`"#,
        &two_jobs(),
    );
    becomes_under(
        r#"{job="kairos-worker"} | line_format `{{if eq .job "kairos"}}x{{end}}`"#,
        r#"{service="kairos", component="worker"} | line_format `{{if eq .component "kairos"}}x{{end}}`"#,
        &two_jobs(),
    );
}

#[test]
fn a_service_name_that_no_longer_tells_apart() {
    let moved = named(moved("chronos", true));
    left_under(r#"sum by (service_name) (rate({service_name=~"kairos|chronos"}[1m]))"#, &moved);
    becomes_under(
        r#"sum by (service_name) (rate({service_name="kairos"}[1m])) / 2"#,
        r#"sum by (service_name) (rate({service_name="kairos"}[1m])) / 2"#,
        &named(super::moved("kairos", false)),
    );
}

#[test]
fn what_joins_components_keeps_a_name_that_is_asked_for() {
    becomes_under(
        r#"count by (service_name) (rate({job="kairos"}[1m]))"#,
        r#"count by (service_name) (rate({service="kairos"} | drop component, container [1m]))"#,
        &several(),
    );
    becomes_under(
        r#"rate({job="kairos"}[1m])"#,
        r#"rate({service="kairos"} | drop component, container [1m])"#,
        &several(),
    );
}

/// Who asks for `service_name` has a Loki that sets it; from which labels, the repository does not tell.
#[test]
fn a_service_name_of_an_unknown_loki() {
    becomes_under(
        r#"rate({service_name="kairos"}[1m])"#,
        r#"rate({service_name="kairos"} | drop component, container [1m])"#,
        &several(),
    );
    becomes_under(
        r#"max by (component) (rate({service_name="kairos"}[1m]))"#,
        r#"max by (component) (rate({service_name="kairos"} | drop component, container [1m]))"#,
        &several(),
    );
    becomes_under(r#"{service_name="kairos"}"#, r#"{service_name="kairos"}"#, &several());
    becomes_under(
        r#"sum by (hostname) (rate({service_name="kairos"}[1m]))"#,
        r#"sum by (hostname) (rate({service_name="kairos"}[1m]))"#,
        &several(),
    );
}

#[test]
fn a_part_that_asks_for_the_new_labels_already() {
    left(r#"rate({job!="kairos", hostname="puck"}[1m]) / rate({service="kairos"}[1m])"#);
    stays(r#"rate({service="kairos"}[1m])"#);
}

#[test]
fn an_absence_has_the_labels_its_selector_asks_for() {
    // There was never a line of it, and the label is that of its selector.
    stays(r#"absent_over_time({job="kairos"} | job="other" [1m])"#);
    stays(r#"sum by (job) (absent_over_time({job="kairos"} | job="other" [1m]))"#);
    left(r#"rate({job="kairos"}[1m]) and absent_over_time({job="kairos"}[1m])"#);
    becomes(
        r#"absent_over_time({job=~"kairos|angelia"}[1m]) or vector(0)"#,
        r#"absent_over_time({job=~"kairos|angelia|", service=~"|kairos", hostname="puck"} | job!="" or service!="" [1m]) or vector(0)"#,
    );
    becomes(
        r#"absent_over_time({job="kairos"}[1m]) or vector(0)"#,
        r#"absent_over_time({service="kairos"}[1m]) or vector(0)"#,
    );
    becomes(
        r#"absent_over_time({job="kairos"}[1m]) or absent_over_time({job="angelia"}[1m])"#,
        r#"absent_over_time({service="kairos"}[1m]) or absent_over_time({job="angelia"}[1m])"#,
    );
}

#[test]
fn a_list_in_a_label_filter_is_not_anchored() {
    becomes(r#"{job="kairos"} | job=~"kai|ka""#, r#"{service="kairos"} | service=~"kai|ka""#);
    left(r#"{hostname="puck"} | job!~"air.*""#);
    becomes(r#"{hostname="puck"} | job=~"kairos|angelia""#, r#"{hostname="puck"} | job="angelia" or service="kairos""#);
}

#[test]
fn a_stream_that_stays_in_part_is_two() {
    becomes_under(
        r#"sum without () (rate({job="kairos"}[1m]))"#,
        r#"sum without () (sum without (service, component, container) (label_replace(rate({job=~"kairos|", service=~"|kairos", hostname="puck"} | job!="" or service!="" [1m]), "job", "kairos", "service", "kairos")))"#,
        &in_part(),
    );
    becomes_under(
        r#"sum(rate({job="kairos"}[1m]))"#,
        r#"sum(rate({job=~"kairos|", service=~"|kairos", hostname="puck"} | job!="" or service!="" [1m]))"#,
        &in_part(),
    );
    becomes_under(
        r#"sum without (level) (rate({job="kairos"}[1m]))"#,
        r#"sum without (level, component, container) (rate({service="kairos"}[1m]))"#,
        &several(),
    );
}

#[test]
fn a_label_that_one_operand_makes_and_the_other_has() {
    let written = r#"label_replace(rate({job="angelia"}[1m]), "job", "x", "", "")"#;
    becomes(
        &format!(r#"min by (job) (rate({{job="kairos"}}[1m])) or on (job) {written}"#),
        &format!(r#"min by (service) (rate({{service="kairos"}}[1m])) or on (service) {written}"#),
    );
}

#[test]
fn a_field_left_out_of_a_grouping_gives_way_to_the_label() {
    becomes(
        r#"min_over_time({job="kairos"} | logfmt | unwrap took [1m]) without (service, job)"#,
        r#"min_over_time({service="kairos"} | logfmt | unwrap took [1m]) without (service_extracted, service, component, container)"#,
    );
}

#[test]
fn a_grouping_by_both_where_the_project_is_there_already() {
    let query = r#"sum by (job, service) (rate({hostname="puck"}[1m]))"#;
    left_under(query, &moved("kairos", true));
    stays(query);
}

fn recorded(expr: &str, moved: &Move) -> (String, Vec<Finding>) {
    let text = format!("groups:\n- rules:\n  - record: a:b\n    expr: '{expr}'\n");
    let (texts, findings) = run(&[("loki/rules/r.yml", &text)], moved);
    let after = texts[0].split_once("expr: '").unwrap().1;
    (after.trim_end_matches("'\n").to_owned(), findings)
}

#[test]
fn a_recorded_metric_keeps_its_labels() {
    let mut kept = named(moved("kairos", false));
    kept.keep_history = true;
    let (after, findings) = recorded(r#"max_over_time({job="kairos"} | unwrap took [1m]) by (job)"#, &kept);
    assert_eq!(
        after,
        r#"max without (service, component, container) (label_replace(max_over_time({service_name="kairos"} | unwrap took [1m]) by (job, service), "job", "kairos", "service", "kairos"))"#
    );
    assert!(findings.iter().all(|one| one.level == Level::Note), "{findings:?}");
    let (after, _) = recorded(r#"sum by (job) (rate({hostname="puck"} |= "x" [1m]))"#, &moved("kairos", false));
    assert_eq!(
        after,
        r#"sum by (job) (label_replace(rate({hostname="puck"} |= "x" [1m]), "job", "kairos", "service", "kairos"))"#
    );
    let (after, _) = recorded(r#"sort_desc(rate({job="kairos"} |= "x" [1m]))"#, &moved("kairos", false));
    assert_eq!(
        after,
        r#"sort_desc(sum without (service, component, container) (label_replace(rate({service="kairos"} |= "x" [1m]), "job", "kairos", "service", "kairos")))"#
    );
}

/// Whoever is rewritten for today only is left.
#[test]
fn what_would_take_in_a_later_move_is_left() {
    let mut moved = moved("kairos", false);
    let mut later = moved.streams.after[0].clone();
    Arc::make_mut(&mut later.labels).insert("component".into(), Label::Known("app".into()));
    moved.streams.later.push(Later { stream: later, of: vec![3] });
    left_under(r#"{job="kairos"}"#, &moved);
}

/// The same job on two hosts, of which one moves.
#[test]
fn what_stays_and_what_moves_told_apart_by_what_is_dropped() {
    let mut two = named(moved("kairos", false));
    let there = stream(&[("job", "kairos"), ("hostname", "ariel")]);
    two.streams.image.push(vec![two.streams.after.len()]);
    two.streams.before.push(there.clone());
    two.streams.after.push(there);
    becomes_under(
        r#"rate({job="kairos"} | drop hostname [1m])"#,
        r#"sum without (service, component, container) (label_replace(rate({service_name="kairos"} | drop hostname [1m]), "job", "kairos", "service", "kairos"))"#,
        &two,
    );
    becomes_under(
        r#"max without (hostname) (rate({job="kairos"}[1m]))"#,
        r#"max without (hostname) (sum without (service, component, container) (label_replace(rate({service_name="kairos"}[1m]), "job", "kairos", "service", "kairos")))"#,
        &two,
    );
    becomes_under(r#"rate({job="kairos"}[1m])"#, r#"rate({service_name="kairos"}[1m])"#, &two);
    left_under(r#"rate({job="kairos"} | label_format app=job [1m])"#, &two);
}
