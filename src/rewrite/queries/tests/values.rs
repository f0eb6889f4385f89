//! Variables and ad hoc filters; results worked out by hand.

use super::*;
use crate::topology::sites::language;

fn rules(findings: &[Finding]) -> Vec<(Level, &'static str)> {
    // That a name becomes another one is said apart from what follows it.
    findings.iter().map(|one| (one.level, one.rule)).filter(|(_, rule)| !rule.ends_with("/value")).collect()
}

/// The same move where Loki is known to derive `service_name`.
fn named(project: &str, siblings: bool) -> Move {
    let mut moved = moved(project, siblings);
    moved.streams.names = Derives::From(DISCOVERED.map(String::from).to_vec(), None);
    moved
}

fn filters(list: &str) -> String {
    format!(
        r#"{{"templating": {{"list": [{{"type": "adhoc", "name": "f", "datasource": {{"uid": "loki1"}}, "filters": [{list}]}}]}}}}"#
    )
}

#[test]
fn an_ad_hoc_filter_on_the_moved_job() {
    let text = filters(
        r#"{"key": "job", "operator": "=", "value": "kairos"}, {"key": "level", "operator": "=", "value": "x"}"#,
    );
    let (texts, findings) = run(&[("d.json", &text)], &named("kairos", false));
    assert_eq!(texts[0], text.replace("\"job\"", "\"service_name\""));
    assert_eq!(rules(&findings), [(Level::Note, "dashboards/ad-hoc-name")]);
    // Other values for the name, containers beside it, other operators, other datasources: a person has to look.
    for (text, moved) in [
        (text.clone(), named("kairos-web", false)),
        (text.clone(), named("kairos", true)),
        (text.clone(), moved("kairos", false)),
        (text.replace("\"=\", \"value\": \"kairos\"", "\"=~\", \"value\": \"kairos\""), named("kairos", false)),
        (text.replace("\"uid\": \"loki1\"", "\"uid\": \"nobody\""), named("kairos", false)),
    ] {
        let (texts, findings) = run(&[("d.json", &text)], &moved);
        assert_eq!((texts[0].as_str(), rules(&findings)), (text.as_str(), vec![(Level::Review, "dashboards/ad-hoc")]));
    }
    let text = text.replace("loki1", "prom1");
    let (texts, findings) = run(&[("d.json", &text)], &moved("kairos", false));
    assert_eq!((texts[0].as_str(), findings.len()), (text.as_str(), 0));
}

#[test]
fn variables_that_group_every_query() {
    let text = r#"{"templating": {"list": [{"type": "groupby", "name": "g", "datasource": {"uid": "loki1"}, "current": {"value": ["level", "job"]}}]}}"#;
    let (texts, findings) = run(&[("d.json", text)], &moved("kairos", false));
    assert_eq!((texts[0].as_str(), rules(&findings)), (text, vec![(Level::Review, "dashboards/group-by")]));
}

#[test]
fn the_resource_form_of_a_filter() {
    let text = r#"{"variables": [{"kind": "AdhocVariable", "group": "loki", "datasource": {"name": "loki1"}, "spec": {"name": "f", "filters": [{"key": "job", "operator": "=", "value": "kairos"}]}}]}"#;
    let (texts, _) = run(&[("d.json", text)], &named("kairos", false));
    assert_eq!(texts[0], text.replace("\"job\"", "\"service_name\""));
}

fn variable(query: &str, more: &str) -> String {
    format!(
        r#"{{"templating": {{"list": [{{"type": "query", "name": "v", "datasource": {{"uid": "loki1"}}, "query": {query}, "definition": "label_values(job)"{more}}}]}}, "panels": ["#
    )
}

fn panel(uid: &str, expr: &str) -> String {
    format!(r#"{{"title": "P", "datasource": {{"uid": "{uid}"}}, "targets": [{{"expr": {}}}]}}"#, json(expr))
}

/// Which variables of a dashboard may follow, before any use of them is looked at closely.
#[test]
fn uses_that_speak_against_a_variable() {
    let candidate = |text: &str| {
        let facts = facts(&[("d.json", text)]);
        let file = facts.files.values().next().unwrap();
        let languages = language::decide(file, &facts.servers);
        variables::may_follow(file, &languages).into_iter().map(String::from).collect::<Vec<_>>()
    };
    let query = "\"label_values(job)\"";
    let good = panel("loki1", r#"{job=~"$v", hostname="puck"} | job="${v:regex}""#);
    let with = |more: &str, panels: &str| format!("{}{panels}]}}", variable(query, more));
    assert_eq!(candidate(&with("", &good)), ["v"]);
    assert_eq!(candidate(&format!("{}{good}]}}", variable(r#"{"label": "job", "type": 1}"#, ""))), ["v"]);
    assert_eq!(candidate(&format!("{}{good}]}}", variable(r#"{"label": "level", "type": 1}"#, ""))), [""; 0]);
    for (more, panels) in [
        (r#", "allValue": ".+""#, good.clone()),
        ("", good.clone() + ", " + &panel("prom1", r#"up{job="$v"}"#)),
        ("", good.clone() + ", " + &panel("nobody", r#"{job="$v"}"#)),
        ("", good.clone() + ", " + &panel("loki1", r#"{job="kairos"} |= "$v""#)),
        ("", good.clone() + ", " + &panel("loki1", r#"{job="x$v"}"#)),
        ("", good.replace("\"P\"", "\"Logs of $v\"")),
        ("", good.replace("\"title\"", "\"repeat\": \"v\", \"title\"")),
        ("", good.replace("\"title\"", "\"links\": [{\"url\": \"/d/x?var-job=${v}\"}], \"title\"")),
    ] {
        assert_eq!(candidate(&with(more, &panels)), [""; 0], "{more} {panels}");
    }
    let custom = |used: &str| {
        let list = r#"[{"type": "custom", "name": "c", "query": "a,b"}]"#;
        format!(r#"{{"templating": {{"list": {list}}}, "panels": [{}]}}"#, good.replace("$v", used))
    };
    assert_eq!(candidate(&custom("$c")), ["c"]);
    assert_eq!(candidate(&custom("$v")), [""; 0]);
}

/// A dashboard with a variable filled from `job`, and these panels.
fn fed(panels: &[String]) -> String {
    format!("{}{}]}}", variable("\"label_values(job)\"", ""), panels.join(", "))
}

#[test]
fn a_variable_and_all_its_uses_go_to_service_name() {
    let text = fed(&[
        panel("loki1", r#"{job=~"$v", hostname="puck"} |= "x""#),
        panel("loki1", r#"{hostname="ariel", job="neo4j"}"#),
    ]);
    let (texts, findings) = run(&[("d.json", &text)], &named("kairos", false));
    let expected = text
        .replace("label_values(job)", "label_values(service_name)")
        .replace(r#"{job=~\"$v"#, r#"{service_name=~\"$v"#);
    assert_eq!(texts[0], expected);
    let reported = rules(&findings);
    assert!(reported.contains(&(Level::Note, "dashboards/variable-names")), "{reported:?}");
    assert!(reported.iter().all(|(level, _)| *level == Level::Note), "{reported:?}");
}

#[test]
fn a_variable_is_left_with_all_its_uses_when_one_of_them_is() {
    let good = panel("loki1", r#"{job=~"$v", hostname="puck"}"#);
    let bad = panel("loki1", r#"{job=~"$v", hostname="puck"} | json | unwrap job"#);
    let bad = bad.replace("{job=~", "max_over_time({job=~").replace("unwrap job\"", "unwrap job [5m])\"");
    let text = fed(&[good, bad]);
    let (texts, findings) = run(&[("d.json", &text)], &named("kairos", false));
    assert_eq!(texts[0], text);
    assert!(rules(&findings).contains(&(Level::Review, "dashboards/variable-values")), "{findings:?}");
    // Nothing proves `service_name`, or the project has another name.
    let text = fed(&[panel("loki1", r#"{job=~"$v", hostname="puck"}"#)]);
    for moved in [moved("kairos", false), named("kairos-web", false), named("kairos", true)] {
        let (texts, findings) = run(&[("d.json", &text)], &moved);
        assert_eq!(texts[0], text);
        assert_eq!(
            rules(&findings),
            [(Level::Review, "dashboards/variable-values"), (Level::Review, "dashboards/variable")]
        );
    }
}

#[test]
fn a_list_written_by_hand_stays_and_its_uses_follow() {
    let text = format!(
        r#"{{"templating": {{"list": [{{"type": "custom", "name": "v", "query": "kairos,angelia"}}]}}, "panels": [{}, {}]}}"#,
        panel("loki1", r#"{job=~"$v", hostname="puck"}"#),
        panel("prom1", r#"up{job="$v"}"#)
    );
    let (texts, _) = run(&[("d.json", &text)], &named("kairos", false));
    assert_eq!(texts[0], text.replace(r#"{job=~\"$v"#, r#"{service_name=~\"$v"#));
    let text = text.replace("\"query\"", "\"allValue\": \"kairos|angelia\", \"query\"");
    let (texts, findings) = run(&[("d.json", &text)], &named("kairos", false));
    assert_eq!(texts[0], text);
    assert_eq!(rules(&findings), [(Level::Review, "dashboards/variable"), (Level::Review, "dashboards/all-value")]);
}
