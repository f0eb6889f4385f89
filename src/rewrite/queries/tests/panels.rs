//! Settings of panels; results worked out by hand.

use super::*;

const LOKI: &str =
    r#"{"datasource": {"uid": "loki1"}, "refId": "A", "expr": "sum by (job) (rate({job=\"kairos\"}[5m]))"}"#;
const PROMETHEUS: &str = r#"{"datasource": {"uid": "prom1"}, "refId": "B", "expr": "sum by (job) (up)"}"#;
const OTHER: &str =
    r#"{"datasource": {"uid": "loki1"}, "refId": "B", "expr": "sum by (job) (rate({job=\"angelia\"}[5m]))"}"#;
const TOTAL: &str = r#"{"datasource": {"uid": "loki1"}, "refId": "B", "expr": "sum(rate({job=\"kairos\"}[5m]))"}"#;
const MATH: &str = r#"{"datasource": {"uid": "__expr__"}, "refId": "C", "type": "math", "expression": "$A * 2"}"#;

fn panel(targets: &[&str], settings: &str) -> String {
    format!("{{\"panels\": [{{\"title\": \"P\", \"targets\": [{}], {settings}}}]}}", targets.join(", "))
}

/// What the settings of a panel are afterwards, and the rules of the findings.
fn settings(targets: &[&str], settings: &str, moved: &Move) -> (String, Vec<&'static str>) {
    let (texts, findings) = run(&[("d.json", &panel(targets, settings))], moved);
    let at = texts[0].rfind("], ").unwrap();
    let start = texts[0].find("}], ").map_or(at + 3, |at| at + 4);
    (
        texts[0][start..texts[0].len() - 3].to_owned(),
        findings.iter().map(|one| one.rule).filter(|rule| !rule.ends_with("/value")).collect(),
    )
}

#[track_caller]
fn follows(targets: &[&str], before: &str, after: &str) {
    assert_eq!(settings(targets, before, &moved("kairos", false)), (after.to_owned(), Vec::new()));
}

#[track_caller]
fn reviewed(targets: &[&str], before: &str, moved: &Move) {
    assert_eq!(settings(targets, before, moved), (before.to_owned(), vec!["dashboards/named"]));
}

const ORGANIZE: &str = r#""transformations": [{"id": "organize", "options": {"renameByName": {"job": "Service"}}}]"#;

#[test]
fn settings_follow_when_every_query_of_the_panel_does() {
    let after = ORGANIZE.replace("\"job\"", "\"service\"");
    follows(&[LOKI], ORGANIZE, &after);
    follows(&[LOKI, TOTAL], ORGANIZE, &after);
    follows(&[LOKI, MATH], ORGANIZE, &after);
    follows(
        &[LOKI],
        r#""fieldConfig": {"defaults": {"displayName": "${__field.labels.job} x"}, "overrides": [{"matcher": {"id": "byName", "options": "job"}}]}"#,
        r#""fieldConfig": {"defaults": {"displayName": "${__field.labels.service} x"}, "overrides": [{"matcher": {"id": "byName", "options": "service"}}]}"#,
    );
    follows(
        &[LOKI],
        r#""fieldConfig": {"defaults": {"links": [{"url": "/d/x?var-job=${__field.labels.job}"}]}}, "x": [0]"#,
        r#""fieldConfig": {"defaults": {"links": [{"url": "/d/x?var-job=${__field.labels.service}"}]}}, "x": [0]"#,
    );
}

#[test]
fn a_mixed_panel_is_left() {
    reviewed(&[LOKI, PROMETHEUS], ORGANIZE, &moved("kairos", false));
    reviewed(&[LOKI, OTHER], ORGANIZE, &moved("kairos", false));
    // A query of a plugin nobody reads here.
    reviewed(&[LOKI, r#"{"datasource": {"uid": "sql"}, "rawSql": "select 1"}"#], ORGANIZE, &moved("kairos", false));
}

#[test]
fn names_that_cannot_be_told_are_left() {
    let one = moved("kairos", false);
    reviewed(&[LOKI], r#""fieldConfig": {"overrides": [{"matcher": {"id": "byRegexp", "options": "/^job$/"}}]}"#, &one);
    reviewed(
        &[LOKI],
        r#""fieldConfig": {"overrides": [{"matcher": {"id": "byName", "options": "{job=\"kairos\", level=\"x\"}"}}]}"#,
        &one,
    );
    // The panel makes a field of that name itself, or has one of the new name already.
    reviewed(
        &[LOKI],
        r#""transformations": [{"options": {"renameByName": {"x": "job"}}}, {"options": {"sort": [{"field": "job"}]}}]"#,
        &one,
    );
    reviewed(&[LOKI], r#""transformations": [{"options": {"excludeByName": {"job": true, "service": true}}}]"#, &one);
    // The value goes into a link, and it is another one.
    reviewed(
        &[LOKI],
        r#""fieldConfig": {"defaults": {"links": [{"url": "/d/x?var-job=${__field.labels.job}"}]}}"#,
        &moved("kairos-web", false),
    );
}

#[test]
fn server_side_sql_that_reads_the_label_is_left() {
    let sql = r#"{"datasource": {"uid": "__expr__"}, "refId": "C", "type": "sql", "expression": "SELECT job FROM A"}"#;
    let (texts, findings) = run(&[("d.json", &panel(&[LOKI, sql], "\"x\": 1"))], &moved("kairos", false));
    assert!(texts[0].contains("SELECT job FROM A"));
    assert_eq!(findings.iter().map(|one| one.rule).collect::<Vec<_>>(), ["dashboards/named"]);
}

#[test]
fn values_of_the_job_are_looked_at_where_the_name_changes() {
    let mapped = r#""fieldConfig": {"defaults": {"mappings": [{"type": "value", "options": {"kairos": {"text": "K"}}}]},
      "overrides": [{"matcher": {"id": "byName", "options": "kairos"}}]}, "description": "kairos""#;
    let (texts, findings) = run(&[("d.json", &panel(&[LOKI], mapped))], &moved("kairos-web", false));
    assert!(texts[0].contains(mapped));
    let rules: Vec<_> = findings.iter().map(|one| (one.rule, one.proposed.as_deref())).collect();
    assert_eq!(rules, [("dashboards/value-named", Some("kairos-web")); 2]);
    follows(&[LOKI], mapped, mapped);
    let (_, findings) = run(&[("d.json", &panel(&[PROMETHEUS], mapped))], &moved("kairos-web", false));
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn a_panel_that_shows_another_one_follows_it() {
    let shown = r#"{"datasource": {"uid": "-- Dashboard --"}, "panelId": 7, "refId": "A"}"#;
    let text = |targets: &str| {
        format!(r#"{{"panels": [{{"id": 7, "targets": [{targets}]}}, {{"id": 8, "targets": [{shown}], {ORGANIZE}}}]}}"#)
    };
    let (texts, findings) = run(&[("d.json", &text(LOKI))], &moved("kairos", false));
    assert!(texts[0].contains(&ORGANIZE.replace("\"job\"", "\"service\"")), "{}", texts[0]);
    assert!(findings.is_empty(), "{findings:?}");
    let (texts, findings) = run(&[("d.json", &text(&format!("{LOKI}, {PROMETHEUS}")))], &moved("kairos", false));
    assert!(texts[0].contains(ORGANIZE));
    assert_eq!(findings.iter().map(|one| one.rule).collect::<Vec<_>>(), ["dashboards/named"]);
}

#[test]
fn settings_of_a_panel_the_move_does_not_concern_stay() {
    let text = panel(&[PROMETHEUS], ORGANIZE);
    let (texts, findings) = run(&[("d.json", &text)], &moved("kairos", false));
    assert_eq!((texts[0].as_str(), findings.len()), (text.as_str(), 0));
}

#[test]
fn annotations_follow_with_their_titles_and_tags() {
    let text = r#"{"annotations": {"list": [{"name": "A", "datasource": {"uid": "loki1"}, "expr": "{job=\"kairos\"} |= \"x\"",
      "titleFormat": "{{job}} {{ level }}", "textFormat": "{{ job }}", "tagKeys": "job,level"}]}}"#;
    let (texts, findings) = run(&[("d.json", text)], &moved("kairos", false));
    let expected = text
        .replace("{job=", "{service=")
        .replace("{{job}}", "{{service}}")
        .replace("{{ job }}", "{{ service }}")
        .replace("\"job,level\"", "\"service,level\"");
    assert_eq!(texts[0], expected);
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn the_newest_schema_counts_its_queries_too() {
    let query = |group: &str, expr: &str| {
        format!(
            r#"{{"spec": {{"refId": "A", "query": {{"kind": "DataQuery", "group": "{group}", "spec": {{"expr": {expr}}}}}}}}}"#
        )
    };
    let text = |list: &str| {
        format!(
            r#"{{"elements": {{"p": {{"kind": "Panel", "spec": {{"title": "T", "data": {{"spec": {{"queries": [{list}],
            "transformations": [{{"spec": {{"options": {{"excludeByName": {{"job": true}}}}}}}}]}}}}}}}}}}}}"#
        )
    };
    let loki = query("loki", r#""sum by (job) (rate({job=\"kairos\"}[5m]))""#);
    let (texts, findings) = run(&[("d.json", &text(&loki))], &moved("kairos", false));
    assert!(texts[0].contains(r#""excludeByName": {"service": true}"#), "{}", texts[0]);
    assert!(findings.is_empty(), "{findings:?}");
    let (texts, findings) =
        run(&[("d.json", &text(&format!("{loki}, {}", query("prometheus", r#""up""#))))], &moved("kairos", false));
    assert!(texts[0].contains(r#""excludeByName": {"job": true}"#));
    assert_eq!(findings.len(), 1);
}

fn proposals(targets: &[&str], settings: &str, moved: &Move) -> Vec<(&'static str, Option<String>)> {
    let (texts, findings) = run(&[("d.json", &panel(targets, settings))], moved);
    assert!(texts[0].contains(settings), "{}", texts[0]);
    findings.into_iter().filter(|one| !one.rule.ends_with("/value")).map(|one| (one.rule, one.proposed)).collect()
}

#[test]
fn the_name_of_a_series_is_proposed_as_loki_writes_it() {
    let named = |name: &str| {
        format!(r#""fieldConfig": {{"overrides": [{{"matcher": {{"id": "byName", "options": {}}}}}]}}"#, json(name))
    };
    let one = |name: &str, moved: &Move| proposals(&[LOKI], &named(name), moved)[0].clone();
    let proposed = |name: &str| ("dashboards/named", Some(name.to_owned()));
    assert_eq!(one(r#"{job="kairos"}"#, &moved("web", false)), proposed(r#"{service=\"web\"}"#));
    let two = one(r#"{job="kairos", level="x"}"#, &moved("kairos", false));
    assert_eq!(two, proposed(r#"{level=\"x\", service=\"kairos\"}"#));
    assert_eq!(one(r#"{job="angelia"}"#, &moved("kairos", false)), ("dashboards/named", None));
}

#[test]
fn a_link_of_a_series_that_may_keep_its_job_is_left() {
    let link = r#""links": [{"url": "/explore?left={\"datasource\":\"loki1\",\"queries\":[{\"expr\":\"{job=\\\"${__field.labels.job}\\\"}\"}]}"}], "x": [0]"#;
    let follows = link.replace(r"{job=", "{service=").replace("labels.job}", "labels.service}");
    let (after, rules) = settings(&[LOKI], link, &moved("kairos", false));
    assert_eq!((after, rules), (follows, vec!["dashboards/link"]));
    let found = proposals(&[LOKI, PROMETHEUS], link, &moved("kairos", false));
    let proposed = r#"{service=\\\"${__field.labels.service}\\\"}"#.to_owned();
    assert_eq!(found, [("dashboards/variable", Some(proposed))]);
}

#[test]
fn columns_a_table_gets_are_said_unless_it_hides_them() {
    let lines = r#"{"datasource": {"uid": "loki1"}, "refId": "A", "expr": "{job=\"kairos\"} | json"}"#;
    let table = |more: &str| {
        format!(r#""transformations": [{{"id": "extractFields", "options": {{"source": "labels"}}}}{more}], "x": [0]"#)
    };
    let hidden = r#", {"id": "organize", "options": {"excludeByName": {"component": true, "container": true}}}"#;
    assert_eq!(settings(&[lines], &table(""), &moved("kairos", false)).1, ["dashboards/columns"]);
    let plain = lines.replace(" | json", "");
    assert_eq!(settings(&[&plain], &table(hidden), &moved("kairos", false)), (table(hidden), Vec::new()));
    // What hides a field of the line follows the field.
    let (after, rules) = settings(&[lines], &table(hidden), &moved("kairos", false));
    assert_eq!((after.contains(r#"{"component_extracted": true"#), rules), (true, vec!["dashboards/columns"]));
    assert_eq!(settings(&[LOKI], &table(""), &moved("kairos", false)).1, Vec::<&str>::new());
}
