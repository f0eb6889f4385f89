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

/// Which lists of a dashboard may follow under another name, before any use of them is looked at closely.
#[test]
fn uses_that_speak_against_a_list() {
    let candidate = |text: &str| {
        let facts = facts(&[("d.json", text)]);
        let file = facts.files.values().next().unwrap();
        let languages = language::decide(file, &facts.servers);
        variables::may_follow(file, &languages).into_iter().map(String::from).collect::<Vec<_>>()
    };
    let good = panel("loki1", r#"{job=~"$v", hostname="puck"} | job="${v:regex}""#);
    let list = r#"[{"type": "custom", "name": "v", "query": "a,b"}]"#;
    let with = |panels: &str| format!(r#"{{"templating": {{"list": {list}}}, "panels": [{panels}]}}"#);
    assert_eq!(candidate(&with(&good)), ["v"]);
    assert_eq!(candidate(&with(&good.replace("$v", "$w").replace("${v", "${w"))), [""; 0]);
    for panels in [
        good.clone() + ", " + &panel("prom1", r#"up{job="$v"}"#),
        good.clone() + ", " + &panel("nobody", r#"{job="$v"}"#),
        good.clone() + ", " + &panel("loki1", r#"{job="kairos"} |= "$v""#),
        good.clone() + ", " + &panel("loki1", r#"{job="x$v"}"#),
        good.replace("\"P\"", "\"Logs of $v\""),
        good.replace("\"title\"", "\"repeat\": \"v\", \"title\""),
        good.replace("\"title\"", "\"links\": [{\"url\": \"/d/x?var-job=${v}\"}], \"title\""),
    ] {
        assert_eq!(candidate(&with(&panels)), [""; 0], "{panels}");
    }
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
fn a_variable_that_lists_the_same_follows_whoever_uses_it() {
    let good = panel("loki1", r#"{job=~"$v", hostname="puck"}"#);
    let bad = panel("loki1", r#"{job=~"$v", hostname="puck"} | json | unwrap job"#);
    let bad = bad.replace("{job=~", "max_over_time({job=~").replace("unwrap job\"", "unwrap job [5m])\"");
    let promql = panel("prom1", r#"up{job="$v"}"#).replace("\"title\"", "\"repeat\": \"v\", \"title\"");
    let linked =
        good.replace("\"title\": \"P\"", "\"links\": [{\"url\": \"/d/x?var-job=${v}\"}], \"title\": \"Logs of $v\"");
    let text = fed(&[good, bad, promql, linked]);
    let (texts, findings) = run(&[("d.json", &text)], &named("kairos", false));
    let expected = text
        .replace("label_values(job)", "label_values(service_name)")
        .replace(r#"": "{job=~\"$v"#, r#"": "{service_name=~\"$v"#);
    assert_eq!(texts[0], expected);
    let left: Vec<_> = rules(&findings).into_iter().filter(|(level, _)| *level == Level::Review).collect();
    assert_eq!(left, [(Level::Review, "dashboards/differs")], "{findings:?}");
    // Nothing proves `service_name`, or the project has another name.
    let text = fed(&[panel("loki1", r#"{job=~"$v", hostname="puck"}"#)]);
    for moved in [moved("kairos", false), named("kairos-web", false)] {
        let (texts, findings) = run(&[("d.json", &text)], &moved);
        assert_eq!(texts[0], text);
        assert_eq!(
            rules(&findings),
            [(Level::Review, "dashboards/variable-values"), (Level::Review, "dashboards/differs")]
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
    assert_eq!(texts[0], text.replace(r#"{job=~\"$v"#, r#"{service_name=~\"$v"#));
    assert!(rules(&findings).iter().all(|(level, _)| *level == Level::Note), "{findings:?}");
}

/// A dashboard with these variables and a panel with this query.
fn with_variables(variables: &str, expr: &str) -> String {
    let list = format!("\"schemaVersion\": 39, \"templating\": {{\"list\": [{variables}]}},");
    dashboard(expr).replace("\"schemaVersion\": 39,", &list)
}

#[test]
fn a_variable_that_cannot_hold_the_moved_job() {
    let lists = [
        r#""type": "custom", "query": "angelia, neo4j""#,
        r#""type": "custom", "query": "kairos : angelia,neo4j", "options": [{"text": "kairos", "value": "angelia"}]"#,
        r#""type": "custom", "query": "angelia,ang.*", "includeAll": true, "allValue": null, "current": {"value": ["$__all"]}"#,
        r#""type": "custom", "query": "angelia", "includeAll": true, "allValue": "angelia|neo4j", "current": {"value": ""}"#,
        r#""type": "constant", "query": "angelia""#,
        r#""type": "interval", "query": "1m,5m", "current": {"value": "$__auto_interval_v"}"#,
        r#""type": "query", "datasource": {"uid": "loki1"}, "query": "label_values({hostname=\"ariel\"}, job)", "regex": "/^n/""#,
        r#""type": "query", "datasource": {"uid": "loki1"}, "query": {"label": "job", "stream": "{hostname=\"ariel\"}"}"#,
    ];
    let queries = [
        r#"{job=~"$v"}"#,
        r#"{job="${v}", hostname="puck"}"#,
        r#"sum by (job) (rate({hostname="puck", job=~"[[v]]"} | logfmt | service="x" [5m]))"#,
        r#"{job!~"${v:regex}", hostname="ariel"}"#,
    ];
    for list in lists {
        let variable = format!(r#"{{"name": "v", {list}}}"#);
        for query in queries {
            let text = with_variables(&variable, query);
            let (texts, findings) = run(&[("d.json", &text)], &moved("kairos", false));
            assert_eq!((texts[0].as_str(), rules(&findings)), (text.as_str(), vec![]), "{list} {query}");
        }
    }
    let resource = r#"{"kind": "CustomVariable", "spec": {"name": "v", "query": "angelia,neo4j", "includeAll": true}}"#;
    let text = dashboard(r#"{job=~"$v"}"#).replace("\"panels\"", &format!("\"variables\": [{resource}], \"panels\""));
    assert_eq!(rules(&run(&[("d.json", &text)], &moved("kairos", false)).1), []);
}

#[test]
fn a_variable_that_may_hold_the_moved_job() {
    let review = (Level::Review, "dashboards/differs");
    let custom = r#"{"name": "v", "type": "custom", "query": "angelia,neo4j"}"#;
    for list in [
        r#""type": "custom", "query": "angelia,Kairos : kairos""#,
        r#""type": "custom", "query": "angelia,kai.*""#,
        r#""type": "custom", "query": "angelia,.+""#,
        r#""type": "custom", "query": "angelia,(""#,
        r#""type": "custom", "query": "angelia,$other""#,
        r#""type": "custom", "query": "angelia,a\\,kairos""#,
        r#""type": "custom", "query": "[{\"value\": \"kairos\"}]", "valuesFormat": "json""#,
        r#""type": "custom", "query": "angelia", "includeAll": true, "allValue": ".+""#,
        r#""type": "custom", "query": "angelia", "current": {"value": "kairos"}"#,
        r#""type": "custom", "options": [{"value": "angelia"}]"#,
        r#""type": "textbox", "query": "angelia""#,
        r#""type": "query", "datasource": {"uid": "prom1"}, "query": "label_values(up{hostname=\"ariel\"}, job)""#,
        r#""type": "query", "datasource": {"uid": "loki1"}, "query": "label_values({hostname=\"ariel\"}, job)", "regex": "/(n)/""#,
        r#""type": "query", "datasource": {"uid": "loki1"}, "query": "label_values({hostname=\"ariel\"}, hostname)""#,
        r#""type": "query", "datasource": {"uid": "loki1"}, "query": "label_values({hostname=\"ariel\"}, job)", "allValue": ".*""#,
    ] {
        let text = with_variables(&format!(r#"{{"name": "v", {list}}}"#), r#"{job=~"$v"}"#);
        let found = rules(&run(&[("d.json", &text)], &moved("kairos", false)).1);
        let unchecked = (Level::Review, "dashboards/unchecked");
        assert!(found.first().is_some_and(|first| [review, unchecked].contains(first)), "{list}: {found:?}");
    }
    // Loki takes no selector that asks for nothing.
    let text = with_variables(r#"{"name": "v", "type": "custom", "query": "angelia,.*"}"#, r#"{job=~"$v"}"#);
    assert_eq!(rules(&run(&[("d.json", &text)], &moved("kairos", false)).1), []);
    for query in [r#"{job=~"${v:text}"}"#, r#"{job=~"$w"}"#] {
        let text = with_variables(custom, query);
        assert_eq!(rules(&run(&[("d.json", &text)], &moved("kairos", false)).1), [review], "{query}");
    }
    // Another dashboard of the file has a variable of that name.
    let text = with_variables(&format!("{custom}, {custom}"), r#"{job=~"$v"}"#);
    assert_eq!(rules(&run(&[("d.json", &text)], &moved("kairos", false)).1), [review]);
    // The other host has the job, too.
    let mut twice = moved("kairos", false);
    let there = engine::stream(&[("job", "kairos"), ("hostname", "ariel")]);
    twice.streams.image.push(vec![twice.streams.after.len()]);
    twice.streams.before.push(there.clone());
    twice.streams.after.push(there);
    let pinned = r#"{"name": "v", "type": "query", "datasource": {"uid": "loki1"}, "query": "label_values({hostname=\"ariel\"}, job)"}"#;
    let text = with_variables(pinned, r#"{job=~"$v"}"#);
    assert_eq!(rules(&run(&[("d.json", &text)], &twice).1), [review]);
}

#[test]
fn a_list_follows_where_each_of_its_values_does() {
    // angelia's lines come from the Docker socket, too: its name would count them twice.
    let mut moved = named("kairos", false);
    let copy = engine::stream(&[("service", "angelia"), ("component", "app"), ("hostname", "puck")]);
    moved.streams.image.push(vec![moved.streams.after.len()]);
    moved.streams.before.push(copy.clone());
    moved.streams.after.push(copy);
    for (list, query, new) in [
        ("kairos,neo4j,unknown", r#"{job=~"$v"}"#, r#"{service_name=~"$v"}"#),
        ("kairos", r#"{job="$v"} |= "x""#, r#"{service_name="$v"} |= "x""#),
        ("kairos,angelia", r#"{job=~"$v"}"#, r#"{service_name=~"$v", service=~"|kairos"}"#),
    ] {
        let variable = format!(r#"{{"name": "v", "type": "custom", "query": "{list}"}}"#);
        let (texts, findings) = run(&[("d.json", &with_variables(&variable, query))], &moved);
        assert_eq!(texts[0], with_variables(&variable, new));
        assert!(rules(&findings).iter().all(|(level, _)| *level == Level::Note), "{findings:?}");
    }
}

#[test]
fn the_value_that_refutes_is_said() {
    let said = |text: &str, moved: &Move| {
        let found = run(&[("d.json", text)], moved).1;
        found.into_iter().filter(|one| one.rule == "dashboards/differs").map(|one| one.message).collect::<Vec<_>>()
    };
    let text = fed(&[panel("loki1", r#"{job=~"$v", hostname="puck"}"#)]);
    let [message] = &said(&text, &named("chronos", false))[..] else { panic!() };
    assert!(message.contains("nobody can choose `kairos` for `$v` any more;"), "{message}");
    // With the value that loses lines, where others of the list keep theirs.
    let mut moved = named("kairos", false);
    let copy = engine::stream(&[("service", "angelia"), ("component", "app"), ("hostname", "puck")]);
    moved.streams.image.push(vec![moved.streams.after.len()]);
    moved.streams.before.push(copy.clone());
    moved.streams.after.push(copy);
    let all = r#"{"name": "v", "type": "custom", "query": "kairos,angelia", "includeAll": true, "allValue": ".*"}"#;
    let text = with_variables(all, r#"{job=~"$v", hostname="puck"}"#);
    let [message] = &said(&text, &moved)[..] else { panic!() };
    assert!(message.contains("for `$v` = `kairos`, "), "{message}");
}
