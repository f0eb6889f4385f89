//! Queries in links; results worked out by hand.

use super::*;

fn rules(findings: &[Finding]) -> Vec<(Level, &'static str)> {
    // That a name becomes another one is said apart from what follows it.
    findings.iter().map(|one| (one.level, one.rule)).filter(|(_, rule)| !rule.ends_with("/value")).collect()
}

fn linked(url: &str) -> String {
    format!("{{\"title\": \"D\", \"panels\": [], \"links\": [{{\"title\": \"logs\", \"url\": {}}}]}}", json(url))
}

/// The URL afterwards and the findings.
fn link(url: &str) -> (String, Vec<Finding>) {
    let (texts, findings) = run(&[("d.json", &linked(url))], &moved("kairos", false));
    let value: serde_json::Value = serde_json::from_str(&texts[0]).unwrap();
    (value["links"][0]["url"].as_str().unwrap().to_owned(), findings)
}

#[track_caller]
fn follows(url: &str, after: &str) {
    let (found, findings) = link(url);
    assert_eq!(found, after);
    assert_eq!(rules(&findings), [(Level::Note, "dashboards/link")]);
}

#[track_caller]
fn left(url: &str, list: &[(Level, &'static str)]) {
    let (found, findings) = link(url);
    assert_eq!((found.as_str(), rules(&findings).as_slice()), (url, list), "{findings:?}");
}

#[test]
fn trap_19_an_encoded_query_in_a_link() {
    follows(
        "https://g/explore?orgId=1&left=%7B%22datasource%22:%22loki1%22,%22queries%22:%5B%7B%22refId%22:%22A%22,%22expr%22:%22%7Bjob%3D%5C%22kairos%5C%22%7D%22%7D%5D%7D&x=%7B",
        "https://g/explore?orgId=1&left=%7B%22datasource%22:%22loki1%22,%22queries%22:%5B%7B%22refId%22:%22A%22,%22expr%22:%22%7Bservice%3D%5C%22kairos%5C%22%7D%22%7D%5D%7D&x=%7B",
    );
    follows(
        r#"/explore?left={"datasource":"Loki","queries":[{"expr":"{job=\"kairos\"} |= \"a\""}]}"#,
        r#"/explore?left={"datasource":"Loki","queries":[{"expr":"{service=\"kairos\"} |= \"a\""}]}"#,
    );
    follows(
        r#"/explore?schemaVersion=1&panes={"a":{"datasource":"loki1","queries":[{"expr":"{job=\"kairos\"}","datasource":{"type":"loki","uid":"loki1"}}]}}"#,
        r#"/explore?schemaVersion=1&panes={"a":{"datasource":"loki1","queries":[{"expr":"{service=\"kairos\"}","datasource":{"type":"loki","uid":"loki1"}}]}}"#,
    );
}

#[test]
fn what_is_inserted_is_encoded_as_its_surroundings_are() {
    let text = linked(
        "/explore?left=%7b%22datasource%22%3a%22Loki%22%2c%22queries%22%3a%5b%7b%22expr%22%3a%22%7bjob%3d%5c%22kairos%5c%22%7d+%7c%3d+%5c%22x%5c%22%22%7d%5d%7d",
    );
    let (texts, _) = run(&[("d.json", &text)], &moved("kairos", true));
    assert_eq!(
        texts[0],
        text.replace("job%3d%5c%22kairos%5c%22", "service%3d%5c%22kairos%5c%22%2c+component%21%3d%5c%22redis%5c%22")
    );
}

#[test]
fn the_datasource_of_the_pane_decides() {
    let url = |datasource: &str| {
        format!(r#"/explore?left={{"datasource":{datasource},"queries":[{{"expr":"{{job=\"kairos\"}}"}}]}}"#)
    };
    left(&url(r#""Prometheus""#), &[]);
    left(&url("null"), &[(Level::Review, "dashboards/unproven")]);
    left(&url(r#""nobody""#), &[(Level::Review, "dashboards/unproven")]);
    let (_, findings) = link(&url("null"));
    assert!(findings[0].proposed.as_deref().is_some_and(|text| text.contains("service=")));
    // A query of another datasource than the pane's is left out by Explore.
    left(
        r#"/explore?left={"datasource":"Prometheus","queries":[{"expr":"{job=\"kairos\"}","datasource":{"uid":"loki1"}}]}"#,
        &[(Level::Review, "dashboards/unproven")],
    );
}

#[test]
fn links_of_every_place_of_a_panel() {
    let url = json(r#"/explore?left={"datasource":"Loki","queries":[{"expr":"{job=\"kairos\"}"}]}"#);
    let text = format!(
        r#"{{"panels": [{{"title": "P", "targets": [], "links": [{{"url": {url}}}], "fieldConfig": {{"defaults": {{"links": [{{"url": {url}}}],
        "actions": [{{"fetch": {{"url": {url}}}}}]}}, "overrides": [{{"properties": [{{"id": "links", "value": [{{"url": {url}}}]}}]}}]}}}}]}}"#
    );
    let (texts, findings) = run(&[("d.json", &text)], &moved("kairos", false));
    assert_eq!(texts[0], text.replace("{job=", "{service="));
    assert_eq!(findings.len(), 4);
}

#[test]
fn other_links_stay() {
    for url in ["/d/x?var-job=kairos", "/d/x?var-job=${job}&from=now-1h", "https://example.net/job/kairos"] {
        left(url, &[]);
    }
    // Logs Drilldown asks for `service_name`, which stays the same.
    left("/a/grafana-lokiexplore-app/explore/service/kairos/logs", &[]);
    left("/a/grafana-lokiexplore-app/explore/job/kairos/logs", &[(Level::Review, "dashboards/drilldown")]);
    let text = linked("/a/grafana-lokiexplore-app/explore/service/kairos/logs");
    let (_, findings) = run(&[("d.json", &text)], &moved("kairos-web", false));
    assert_eq!(findings[0].proposed.as_deref(), Some("kairos-web"));
}

#[test]
fn short_links_are_looked_at_where_the_file_is_concerned() {
    left("/goto/AbC", &[]);
    let text =
        dashboard(r#"{job="kairos"}"#).replace("\"panels\"", "\"links\": [{\"url\": \"/goto/AbC\"}], \"panels\"");
    let (_, findings) = run(&[("d.json", &text)], &moved("kairos", false));
    assert_eq!(rules(&findings), [(Level::Review, "dashboards/short-link")]);
}

#[test]
fn graph_links_of_alerts() {
    let text = r#"groups:
- rules:
  - title: T
    condition: A
    data:
    - refId: A
      datasourceUid: loki1
      model: {expr: 'sum by (job) (rate({job="kairos"}[5m]))'}
    annotations:
      graph: '{{ graphLink "{\"expr\": \"{job=\\\"kairos\\\"}\", \"datasource\": \"Loki\"}" }}'
      logs: /explore?left={"datasource":"Loki","queries":[{"expr":"{job=\"kairos\"}"}]}
      other: '{{ tableLink "{\"expr\": \"up{job=\\\"kairos\\\"}\", \"datasource\": \"Prometheus\"}" }}'
"#;
    let (texts, findings) = run(&[("a.yml", text)], &moved("kairos", false));
    let expected = text.replace("by (job) (rate({job=", "by (service) (rate({service=");
    let expected = expected.replace(r#"\"{job="#, r#"\"{service="#).replace(r#""expr":"{job="#, r#""expr":"{service="#);
    assert_eq!(texts[0], expected);
    assert_eq!(rules(&findings), [(Level::Note, "alerts/link"), (Level::Note, "alerts/link")]);
}

/// A provisioned Tempo that looks for the logs of a trace in Loki, and a correlation.
fn traces(tags: &str) -> String {
    format!(
        r#"datasources:
  - name: Tempo
    type: tempo
    jsonData:
      tracesToLogsV2:
        datasourceUid: loki1
        tags:
{tags}
        query: '{{job="kairos"}} |= "$${{__trace.traceId}}"'
    correlations:
      - targetUID: loki1
        config: {{field: traceID, target: {{expr: '{{job="kairos"}} |= "x"'}}}}
"#
    )
}

#[test]
fn what_a_datasource_asks_of_loki() {
    let mut named = moved("kairos", false);
    named.streams.names = Derives::From(DISCOVERED.map(String::from).to_vec(), None);
    // Only streams whose name is that of their job.
    for list in [&mut named.streams.before, &mut named.streams.after] {
        list.retain(|stream| !stream.labels.contains_key("unit"));
    }
    named.streams.image = (0..named.streams.before.len()).map(|index| vec![index]).collect();
    for (before, after) in [
        ("        - key: job", "        - key: job\n          value: service_name"),
        ("        - {key: 'job'}", "        - {key: 'job', value: service_name}"),
        ("        - key: job\n          value: job", "        - key: job\n          value: service_name"),
        ("        - {key: job, value: app}", "        - {key: job, value: app}"),
    ] {
        let (texts, findings) = run(&[("datasources.yml", &traces(before))], &named);
        assert_eq!(texts[0], traces(after).replace("{job=", "{service="));
        assert!(findings.iter().all(|one| one.level == Level::Note), "{findings:?}");
    }
    let text = traces("        - key: job");
    let (texts, findings) = run(&[("datasources.yml", &text)], &moved("kairos", false));
    assert_eq!(texts[0], text.replace("{job=", "{service="));
    assert!(rules(&findings).contains(&(Level::Review, "dashboards/tag-left")), "{findings:?}");
    let text = text.replace("loki1", "prom1");
    let (texts, findings) = run(&[("datasources.yml", &text)], &moved("kairos", false));
    assert_eq!((texts[0].as_str(), findings.len()), (text.as_str(), 0));
}

#[test]
fn fields_derived_from_the_label() {
    let text = "datasources:\n- name: Loki\n  type: loki\n  jsonData:\n    derivedFields:\n    - {matcherType: label, matcherRegex: job, url: x}\n    - {matcherRegex: job, url: y}\n";
    let (texts, findings) = run(&[("datasources.yml", text)], &moved("kairos", false));
    assert_eq!((texts[0].as_str(), rules(&findings)), (text, vec![(Level::Review, "dashboards/tag-left")]));
}
