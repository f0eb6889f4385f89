//! What Loki's engine showed to be different about operands, groupings and labels that come with the line, one test for
//! each rule; results worked out by hand.

use super::engine::{becomes_under, left, left_under, named, several};
use super::*;

#[test]
fn operands_of_which_one_stays_or_has_more_labels() {
    becomes(
        r#"sum by (job) (rate({job="kairos"}[1m]) or rate({job="angelia"}[1m]))"#,
        r#"sum by (job, service) (rate({service="kairos"}[1m]) or rate({job="angelia"}[1m]))"#,
    );
    becomes(
        r#"avg by (hostname, job) (rate({job="kairos"}[1m])) - rate({job="kairos"}[1m])"#,
        r#"avg by (hostname, service) (rate({service="kairos"} | drop component, container [1m])) - rate({service="kairos"} | drop component, container [1m])"#,
    );
    let written = |label: &str| format!(r#"label_replace(rate({{{label}="kairos"}}[1m]), "job", "x", "", "")"#);
    left(&format!(r#"rate({{job="kairos"}}[1m]) and {}"#, written("job")));
    becomes(
        &format!(r#"rate({{job="kairos"}}[1m]) or {}"#, written("job")),
        &format!(r#"rate({{service="kairos"}}[1m]) or {}"#, written("service")),
    );
    becomes(
        r#"sum by (service, job) (rate({hostname="puck", job=~"kairos|x"} | keep job [1m]))"#,
        r#"sum by (service, job) (rate({hostname="puck", job=~"kairos|x|", service=~"|kairos"} | job!="" or service!="" | keep job, service [1m]))"#,
    );
    becomes(
        r#"sum by (service, job) (rate({job="kairos"} | keep job [1m]))"#,
        r#"sum by (service, job) (rate({service="kairos"} | keep service [1m]))"#,
    );
    // Who groups by both has `service`, and no `service_name`.
    let right = r#"max by (service, job) (rate({job="kairos"}[1m]))"#;
    becomes(
        &format!(r#"rate({{hostname="puck", job=~"kairos|x"}}[1m]) / on (job) {right}"#),
        r#"rate({hostname="puck", job=~"kairos|x|", service=~"|kairos"} | job!="" or service!="" [1m]) / on (service) max by (service, job) (rate({service="kairos"}[1m]))"#,
    );
    let union = r#"bytes_over_time({hostname="puck", job=~"kairos|x"}[3s])"#;
    becomes_under(
        &format!("min({union} / on (job) {right})"),
        r#"min(bytes_over_time({hostname="puck", job=~"kairos|x|", service=~"|kairos"} | job!="" or service!="" | drop component, container [3s]) / on (service) max by (service, job) (rate({service="kairos"} | drop component, container [1m])))"#,
        &several(),
    );
    becomes(
        &format!(r#"rate({{job="kairos"}}[1m]) / on (job) {right}"#),
        r#"rate({service="kairos"}[1m]) / on (service) max by (service, job) (rate({service="kairos"}[1m]))"#,
    );
    becomes(
        r#"sum by (job) (rate({job="kairos"}[1m])) / sum by (job) (rate({job="kairos"}[5m]))"#,
        r#"sum by (service) (rate({service="kairos"}[1m])) / sum by (service) (rate({service="kairos"}[5m]))"#,
    );
}

#[test]
fn a_filter_before_a_parser_where_the_project_has_other_containers() {
    let siblings = moved("kairos", true);
    left_under(r#"sum(rate({hostname="puck", job!="kairos"} | json [1m]))"#, &siblings);
    becomes_under(
        r#"sum(rate({hostname="puck", job!="kairos"} | json | __error__="" [1m]))"#,
        r#"sum(rate({hostname="puck", job!="kairos"} | service!="kairos" or component="redis" | json | __error__="" [1m]))"#,
        &siblings,
    );
}

#[test]
fn a_label_given_to_another_leaves_the_components_apart() {
    becomes_under(
        r#"sum without (job) (rate({job="kairos"} | label_format app=job [1m]))"#,
        r#"sum without (service, component, container) (rate({service="kairos"} | label_format app=service [1m]))"#,
        &several(),
    );
    becomes_under(
        r#"sum without (job) (rate({job="kairos"} | drop job [1m]))"#,
        r#"sum without (service, component, container) (rate({service="kairos"} | drop service, component, container [1m]))"#,
        &several(),
    );
}

/// A pick hands on all labels, `service_name` among them.
#[test]
fn a_pick_by_the_job_below_a_sum() {
    becomes_with(
        &[Asked::Names],
        r#"sum without (job) (topk by (job) (2, rate({job=~"kairos|angelia"}[1m])))"#,
        r#"sum without (service, component, container) (topk by (service) (2, rate({service_name=~"kairos|angelia"}[1m])))"#,
    );
}

/// `logfmt` with several keys stops at the first one it finds once all that is asked for is set, and it sets each key
/// beforehand that is no label of the stream.
#[test]
fn logfmt_stops_where_its_keys_are_no_labels() {
    left(r#"sum by (service) (rate({job="kairos"} | logfmt level, service [1m]))"#);
    left(r#"sum by (job_extracted) (rate({job="kairos"} | logfmt level, job [1m]))"#);
    becomes(
        r#"sum by (service) (rate({job="kairos"} | logfmt service [1m]))"#,
        r#"sum by (service_extracted) (rate({service="kairos"} | logfmt service [1m]))"#,
    );
    becomes(
        r#"sum by (level) (rate({job="kairos"} | logfmt level, service [1m]))"#,
        r#"sum by (level) (rate({service="kairos"} | logfmt level, service [1m]))"#,
    );
    // So does `json`, but not on an empty line: today these are two series, afterwards one.
    left(r#"sum by (service) (rate({job="kairos"} | json level, service [1m]))"#);
}

/// `and` and one-to-one arithmetic hand on the labels of the left side.
#[test]
fn what_the_right_side_has_is_not_handed_on() {
    let moved = named(moved("kairos", false));
    let left_side = r#"rate({job="kairos"} | drop job [1m])"#;
    let new_left = r#"rate({service="kairos"} | drop service, component, container [1m])"#;
    for operator in ["and on ()", "- on (hostname)"] {
        becomes_under(
            &format!(r#"label_replace({left_side} {operator} rate({{job="kairos"}}[1m]), "app", "$1", "job", "(.*)")"#),
            &format!(
                r#"label_replace({new_left} {operator} rate({{service="kairos"}}[1m]), "app", "$1", "service", "(.*)")"#
            ),
            &moved,
        );
        let left_side = left_side.replace("=\"kairos\"", "=~\"kairos|angelia\"");
        let new_left = r#"rate({service_name=~"kairos|angelia"} | drop service, component, container [1m])"#;
        let query =
            format!(r#"label_replace({left_side} {operator} rate({{job="kairos"}}[1m]), "app", "$1", "job", "(.*)")"#);
        if operator == "and on ()" {
            let new = r#"rate({service="kairos"}[1m]), "app", "$1", "service", "(.*)")"#;
            becomes_under(&query, &format!("label_replace({new_left} {operator} {new}"), &moved);
        } else {
            left_under(&query, &moved);
        }
    }
}

#[test]
fn a_field_that_is_left_out_is_not_the_component() {
    becomes_under(
        r#"sum without (component) (rate({job="kairos"} | regexp `(?P<l>x)` [1m]))"#,
        r#"sum without (component, container) (rate({service="kairos"} | regexp `(?P<l>x)` [1m]))"#,
        &several(),
    );
    becomes_under(
        r#"sum without (component) (rate({job="kairos"}[1m]))"#,
        r#"sum without (component, container) (rate({service="kairos"}[1m]))"#,
        &several(),
    );
}

#[test]
fn a_matching_that_reads_one_side_only() {
    left(
        r#"(sum by (hostname, job) (rate({job="kairos"}[1m])) unless on () rate({job="kairos"}[1m])) unless rate({job="kairos"}[5m])"#,
    );
    // `service_name` comes in the place of `job` where the other side has it.
    left_under(
        r#"sum by (job, hostname) (rate({job=~"kairos|x"}[1m])) / rate({job="kairos"} | drop job [5m])"#,
        &named(moved("kairos", false)),
    );
}

#[test]
fn who_asks_for_no_job_gains_the_moved_lines() {
    // The Docker socket delivers them already.
    let mut twice = moved("kairos", false);
    twice.streams.copies.insert(twice.streams.before.len());
    twice.streams.image.push(vec![0]);
    twice.streams.before.push(twice.streams.after[0].clone());
    let wide = r#"rate({hostname="puck", job=""}[1m])"#;
    let negation = r#"rate({hostname="puck", job!="kairos"}[1m])"#;
    // What moves is in both parts, and goes out: there is no answer.
    left_under(&format!("{wide} unless {negation}"), &twice);
    becomes_under(wide, wide, &twice);
}

/// The lines of loki have a `service`, and here no `job`.
#[test]
fn a_grouping_that_would_tell_apart_what_it_did_not() {
    let mut moved = moved("kairos", false);
    let loki = || engine::stream(&[("service", "loki"), ("component", "loki"), ("hostname", "puck")]);
    moved.streams.image.push(vec![moved.streams.after.len()]);
    moved.streams.before.push(loki());
    moved.streams.after.push(loki());
    left_under(
        r#"sum by (service) (rate({hostname="puck", job!="kairos", service!="kairos"} | drop service, component, container [1m]) or rate({service="kairos"}[1m]))"#,
        &moved,
    );
}

#[test]
fn names_of_a_whole_host_beside_a_part_that_is_rewritten() {
    let wide = r#"sum by (service_name) (rate({hostname="puck"}[1m]))"#;
    // Another container of the project has the name already.
    let moved = named(moved("chronos", true));
    left_under(&format!(r#"count(sum(rate({{job="kairos"}}[1m])) or {wide})"#), &moved);
    becomes_under(wide, wide, &moved);
}

#[test]
fn a_field_called_as_a_label_some_of_the_moved_streams_have() {
    // A keep of both names would keep the field that the label hid.
    left(r#"rate({job=~"kairos|angelia"} | json | keep job [1m])"#);
    // Here the moved streams have no `container`; the field of that name stays where one operand reads fields.
    let mut moved = several();
    for new in &mut moved.streams.after {
        Arc::make_mut(&mut new.labels).remove("container");
    }
    left_under(
        r#"sum without (job) (rate({job="kairos"} | logfmt [1m]) * on () group_left () rate({job="kairos"}[1m]))"#,
        &moved,
    );
}

#[test]
fn a_field_that_is_called_otherwise_for_some_lines_only() {
    left(r#"bytes_rate({job=~"kairos|angelia"} | keep level | logfmt service [1m])"#);
    becomes(
        r#"bytes_rate({job="kairos"} | logfmt service [1m])"#,
        r#"bytes_rate({service="kairos"} | logfmt service [1m])"#,
    );
}

/// Without `service`, nothing names the moved series; without `component`, they are as they were.
#[test]
fn a_whole_host_without_the_label_that_names_the_service() {
    becomes(
        r#"max without (service) (rate({hostname="puck"}[1m]))"#,
        r#"max without (service) (label_replace(rate({hostname="puck"}[1m]), "job", "kairos", "service", "kairos"))"#,
    );
    stays(r#"max without (component) (rate({hostname="puck"}[1m]))"#);
    stays(r#"sum by (service) (rate({hostname="puck"}[1m]))"#);
}

/// Two sides are told apart by what their series have: `job` on one and nothing on the other is not the same as `service` on
/// both.
#[test]
fn sides_whose_series_come_to_be_called_alike() {
    let one = r#"rate({job="kairos"}[5m])"#;
    let restored = r#"label_replace(rate({service="kairos"}[5m]), "job", "kairos", "service", "kairos")"#;
    becomes(
        &format!("count by (service) ({one}) or sum by (job) ({one})"),
        &format!("count by (service) ({restored}) or sum by (job, service) ({restored})"),
    );
    // There never was an answer.
    left(&format!("count by (service) ({one}) and sum by (job) ({one})"));
    // Nothing of it is called like the moved service.
    becomes(
        &format!(r#"count by (service) (rate({{service="athena"}}[5m])) or sum by (job) ({one})"#),
        r#"count by (service) (rate({service="athena"}[5m])) or sum by (service) (rate({service="kairos"}[5m]))"#,
    );
    becomes(
        &format!(r#"sum by (job) ({one}) or sum by (job) (rate({{job="angelia"}}[5m]))"#),
        r#"sum by (job, service) (rate({service="kairos"}[5m])) or sum by (job, service) (rate({job="angelia"}[5m]))"#,
    );
    becomes(
        &format!("sum by (job) ({one}) or count by (job) ({one})"),
        r#"sum by (service) (rate({service="kairos"}[5m])) or count by (service) (rate({service="kairos"}[5m]))"#,
    );
}

/// What is told apart by `job` alone is one once the query writes it anew; the label in its place is not written.
#[test]
fn jobs_that_the_query_makes_one() {
    let two = r#"rate({job=~"kairos|angelia"}[5m])"#;
    for replaced in [r#""job", "x", "", """#, r#""job", "", "hostname", ".*""#] {
        becomes(
            &format!("sum by (hostname) (label_replace({two}, {replaced}))"),
            &format!(
                r#"sum by (hostname) (label_replace(rate({{job=~"kairos|angelia|", service=~"|kairos", hostname="puck"}} | job!="" or service!="" [5m]), {replaced}))"#
            ),
        );
    }
    left(r#"avg without () (rate({job=~"kairos|angelia"} | label_format job="x" [5m]))"#);
    // One job is one series all the time.
    becomes(
        r#"avg without () (label_replace(rate({job="kairos"}[5m]), "job", "x", "", ""))"#,
        r#"avg without (component, container) (label_replace(rate({service="kairos"}[5m]), "job", "x", "", ""))"#,
    );
    becomes(
        r#"label_replace(sum by (job) (rate({job="kairos"}[5m])), "service", "x", "", "")"#,
        r#"label_replace(sum by (job, service) (label_replace(rate({service="kairos"}[5m]), "job", "kairos", "service", "kairos")), "service", "x", "", "")"#,
    );
    becomes(
        r#"label_replace(sum by (job) (rate({job="kairos"}[5m])), "service", "$1", "job", "(.*)")"#,
        r#"label_replace(sum by (service) (rate({service="kairos"}[5m])), "service", "$1", "service", "(.*)")"#,
    );
}
