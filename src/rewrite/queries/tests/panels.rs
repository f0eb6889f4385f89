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
    assert_eq!(rules[1..], [("dashboards/value-named", Some("kairos-web")); 2]);
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
