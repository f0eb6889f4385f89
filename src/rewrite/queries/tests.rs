//! One test for each row of label-surface 1.3, rule of 2.2 and trap of section 9; results worked out by hand.

mod candidates;
mod engine;
mod files;
mod links;
mod operands;
mod panels;
mod rules;
mod values;

use std::collections::BTreeMap;

use super::*;
use crate::finding::Level;
use crate::syntax::yaml;
use crate::text::{Edits, Place, Span};
use crate::topology::datasources::Datasources;
use crate::topology::loki::DISCOVERED;
use crate::topology::sites::language::Servers;
use crate::topology::{AlertLabels, Bridge, Derives, Label, Stream, Streams, datasources, sites};

/// kairos (project kairos, one container) moves on puck; angelia and the journal stay there, neo4j is on two hosts.
fn streams(project: &str, siblings: bool) -> Streams {
    let stream = |pairs: &[(&str, &str)]| {
        let known = |value: &str| if value == "?" { Label::Unknown } else { Label::Known(value.into()) };
        Stream::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), known(value))).collect(), None)
    };
    let still = [
        stream(&[("job", "angelia"), ("hostname", "puck")]),
        stream(&[("job", "systemd"), ("hostname", "puck"), ("unit", "?")]),
        stream(&[("job", "neo4j"), ("hostname", "ariel")]),
    ];
    let mut before = vec![stream(&[("job", "kairos"), ("hostname", "puck")])];
    let new =
        |component| stream(&[("service", project), ("component", component), ("container", "?"), ("hostname", "puck")]);
    let mut after = vec![new("app")];
    before.extend(still.clone());
    after.extend(still);
    if siblings {
        before.push(new("redis"));
        after.push(new("redis"));
    }
    let image = (0..before.len()).map(|index| vec![index]).collect();
    Streams { before, after, image, ..Streams::default() }
}

fn moved(project: &str, siblings: bool) -> Move {
    let source = Arc::new(Source::new("ansible/kairos/deploy.yml", 0o100_644, Vec::new(), b"kairos".to_vec()));
    Move {
        service: "kairos".into(),
        host: "puck.incus".into(),
        short_host: "puck".into(),
        project: project.into(),
        project_at: Place::new(&source, Span::new(0, 6)),
        components: vec!["app".into()],
        siblings: if siblings { vec!["redis".into()] } else { Vec::new() },
        jobs: vec!["kairos".into()],
        listeners: Vec::new(),
        streams: streams(project, siblings),
        bridge: Bridge::Auto,
        alert_labels: AlertLabels::Auto,
        keep_history: false,
        former: BTreeMap::new(),
        project_given: false,
        host_index: 0,
        deployment: 0,
        going: Vec::new(),
        staying: Vec::new(),
    }
}

const DATASOURCES: &str = "apiVersion: 1\ndatasources:\n  - {name: Loki, uid: loki1, type: loki}\n  \
     - {name: Prometheus, uid: prom1, type: prometheus, isDefault: true}\n";

fn facts(files: &[(&str, &str)]) -> QueryFacts {
    let source = |path: &str, text: &str| Arc::new(Source::new(path, 0o100_644, Vec::new(), text.as_bytes().to_vec()));
    let provisioning = source("grafana/datasources.yml", DATASOURCES);
    let tree = yaml::read(DATASOURCES).unwrap();
    QueryFacts {
        files: files.iter().map(|(path, text)| ((*path).into(), Arc::new(sites::read(&source(path, text))))).collect(),
        servers: Arc::new(Servers {
            datasources: Datasources::new(datasources::read(&provisioning, &tree, &|_| false)),
            ..Servers::default()
        }),
        ..QueryFacts::default()
    }
}

/// Runs the rewrite and applies its edits.
fn run(files: &[(&str, &str)], moved: &Move) -> (Vec<String>, Vec<Finding>) {
    let facts = facts(files);
    let outcome = rewrite_sites(&facts, moved);
    let mut edits: BTreeMap<String, Edits> = BTreeMap::new();
    for (path, edit) in outcome.edits {
        edits.entry(path.as_str().to_owned()).or_default().insert(edit).unwrap();
    }
    let texts = files
        .iter()
        .map(|(path, text)| {
            let bytes = edits.get(*path).map_or_else(|| text.as_bytes().to_vec(), |edits| edits.apply(text.as_bytes()));
            String::from_utf8(bytes).unwrap()
        })
        .collect();
    (texts, outcome.findings)
}

fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn dashboard(expr: &str) -> String {
    format!(
        "{{\n \"schemaVersion\": 39,\n \"panels\": [{{\"title\": \"Errors\", \"datasource\": {{\"type\": \"loki\", \
         \"uid\": \"loki1\"}}, \"targets\": [{{\"refId\": \"A\", \"expr\": {}}}]}}]\n}}",
        json(expr)
    )
}

/// The query afterwards and the findings, for one query on a Loki panel.
fn query_under(expr: &str, moved: &Move) -> (String, Vec<Finding>) {
    let (texts, findings) = run(&[("d.json", &dashboard(expr))], moved);
    let value: serde_json::Value = serde_json::from_str(&texts[0]).unwrap();
    (value["panels"][0]["targets"][0]["expr"].as_str().unwrap().to_owned(), findings)
}

fn query(expr: &str) -> (String, Vec<Finding>) {
    query_under(expr, &moved("kairos", false))
}

#[track_caller]
fn becomes(expr: &str, new: &str) {
    let (after, findings) = query(expr);
    assert_eq!(after, new);
    assert!(findings.iter().all(|finding| finding.level == Level::Note), "{findings:?}");
}

/// What the user may ask for.
#[derive(Clone, Copy, PartialEq)]
enum Asked {
    /// Loki derives `service_name`.
    Names,
    /// `--keep-history`
    History,
}

#[track_caller]
fn becomes_with(asked: &[Asked], expr: &str, new: &str) {
    let mut moved = moved("kairos", false);
    if asked.contains(&Asked::Names) {
        moved.streams.names = Derives::From(DISCOVERED.map(String::from).to_vec(), None);
    }
    moved.keep_history = asked.contains(&Asked::History);
    let (after, findings) = query_under(expr, &moved);
    assert_eq!(after, new);
    assert!(findings.iter().all(|finding| finding.level == Level::Note), "{findings:?}");
}

#[track_caller]
fn stays(expr: &str) {
    let (after, findings) = query(expr);
    assert_eq!((after.as_str(), findings.len()), (expr, 0), "{findings:?}");
}

#[test]
fn row_1_equality() {
    becomes(r#"{job="kairos"}"#, r#"{service="kairos"}"#);
    becomes(r#"{hostname=~"$host", job="kairos"} |= "x""#, r#"{hostname=~"$host", service="kairos"} |= "x""#);
}

#[test]
fn row_2_a_pattern_that_only_the_moved_job_fits() {
    becomes(r#"{job=~"kai.*"}"#, r#"{service="kairos"}"#);
    becomes(r#"{job=~"kairos"}"#, r#"{service="kairos"}"#);
}

#[test]
fn row_4_other_jobs() {
    stays(r#"{job="angelia"}"#);
    stays(r#"{job=~"ange.*"}"#);
    stays(r#"{job="nobody"}"#);
}

#[test]
fn row_6_negation_of_another() {
    stays(r#"{hostname="puck", job!="angelia"}"#);
}

#[test]
fn row_7_any_job() {
    becomes(r#"{job=~".+"}"#, r#"{service=~"|kairos", hostname=~".+"} | job!="" or service!="""#);
    becomes(r#"{job!=""}"#, r#"{service=~"|kairos", hostname=~".+"} | job!="" or service!="""#);
    let there = r#"{hostname="puck", service=~"|kairos"} | job!="" or service!="""#;
    becomes(r#"{hostname="puck", job!=""}"#, there);
}

#[test]
fn row_8_no_job() {
    becomes(r#"{hostname="puck", job=""}"#, r#"{hostname="puck", job="", service!="kairos"}"#);
}

#[test]
fn row_9_no_restriction() {
    stays(r#"{hostname="puck", job=~".*"}"#);
}

#[test]
fn row_10_variables() {
    // Nothing says that this Loki gives streams a `service_name`.
    engine::left(r#"{job=~"$job"}"#);
}

#[test]
fn row_11_host_wide() {
    stays(r#"{hostname="puck"} |= "error""#);
    stays(r#"sum by (job, service) (rate({hostname="puck"}[5m]))"#);
    becomes(r#"sum by (job) (rate({hostname="puck"}[5m]))"#, r#"sum by (job, service) (rate({hostname="puck"}[5m]))"#);
}

#[test]
fn trap_3_a_label_filter_with_or() {
    becomes(
        r#"{hostname="puck"} | job="kairos" or job="angelia""#,
        r#"{hostname="puck"} | service="kairos" or job="angelia""#,
    );
}

#[test]
fn trap_6_line_filters_are_content() {
    becomes(r#"{job="kairos"} |= "job=\"kairos\"""#, r#"{service="kairos"} |= "job=\"kairos\"""#);
}

#[test]
fn trap_7_decoded_values_and_quote_styles() {
    becomes("{job=`kairos`}", "{service=`kairos`}");
    becomes(r#"{job="kai\x72os"}"#, r#"{service="kairos"}"#);
}

#[test]
fn trap_8_other_labels() {
    stays(r#"{job_name="kairos", Job="kairos"}"#);
}

#[test]
fn trap_9_comments() {
    becomes("{job=\"kairos\"} # was {job=\"kairos\"}", "{service=\"kairos\"} # was {job=\"kairos\"}");
}

#[test]
fn trap_10_grouping_and_legend_of_one_target_in_a_mixed_panel() {
    let text = r#"{"panels": [{"title": "x", "datasource": {"uid": "-- Mixed --"}, "targets": [
      {"datasource": {"uid": "loki1"}, "expr": "sum by (job) (rate({job=\"kairos\"}[5m]))", "legendFormat": "{{job}}"},
      {"datasource": {"uid": "prom1"}, "expr": "sum by (job) (rate(up{job=\"kairos\"}[5m]))", "legendFormat": "{{job}}"}]}]}"#;
    let (texts, findings) = run(&[("d.json", text)], &moved("kairos", false));
    let expected = text.replacen("sum by (job) (rate({job=", "sum by (service) (rate({service=", 1).replacen(
        r#""legendFormat": "{{job}}""#,
        r#""legendFormat": "{{service}}""#,
        1,
    );
    assert_eq!(texts[0], expected);
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn trap_11_without() {
    becomes(
        r#"sum without (job) (rate({job="kairos"}[5m]))"#,
        r#"sum without (service, component, container) (rate({service="kairos"}[5m]))"#,
    );
}

#[test]
fn trap_12_label_replace_destination() {
    becomes(
        r#"label_replace(rate({job="kairos"}[5m]), "job", "$1", "hostname", "(.*)")"#,
        r#"label_replace(rate({service="kairos"}[5m]), "job", "$1", "hostname", "(.*)")"#,
    );
    becomes(
        r#"sum by (a) (label_replace(rate({job="kairos"}[5m]), "a", "$1", "job", "(.*)"))"#,
        r#"sum by (a) (label_replace(rate({service="kairos"}[5m]), "a", "$1", "service", "(.*)"))"#,
    );
}

#[test]
fn trap_16_a_container_that_was_never_on_syslog() {
    let (after, findings) = query_under(r#"{job="kairos"}"#, &moved("gitea_mcp", true));
    assert_eq!((after.as_str(), findings.len()), (r#"{service="gitea_mcp", component!="redis"}"#, 0));
}

#[test]
fn trap_17_a_variable_without_datasource_takes_the_default() {
    let text = r#"{"templating": {"list": [{"type": "query", "name": "job", "datasource": null, "query": "label_values(job)"}]}}"#;
    let (texts, findings) = run(&[("d.json", text)], &moved("kairos", false));
    assert_eq!((texts[0].as_str(), findings.len()), (text, 0));
    let text = text.replace("null", "\"Loki\"");
    let (texts, findings) = run(&[("d.json", &text)], &moved("kairos", false));
    assert_eq!(texts[0], text);
    assert_eq!(findings[0].rule, "dashboards/variable-values");
    assert_eq!(findings[0].at.as_ref().unwrap().text(), "job");
    // Nothing says that this Loki gives streams a `service_name`.
    assert_eq!(findings[0].proposed, None);
    let mut named = moved("kairos", false);
    named.streams.names = Derives::From(DISCOVERED.map(String::from).to_vec(), None);
    let used = text.replace("]}}", "]}, \"panels\": [{\"title\": \"$job\"}]}");
    let (texts, findings) = run(&[("d.json", &used)], &named);
    assert_eq!(texts[0], used.replace("(job)", "(service_name)"));
    assert_eq!((findings.len(), findings[0].rule), (1, "dashboards/variable-names"));
}

#[test]
fn a_variable_with_a_selector_and_its_copy() {
    let text = r#"{"templating": {"list": [{"type": "query", "name": "c", "datasource": "Loki", "definition": "label_values({job=\"kairos\"}, component)",
        "query": "label_values({job=\"kairos\"}, component)"}]}}"#;
    let (texts, findings) = run(&[("d.json", text)], &moved("kairos", false));
    assert_eq!(texts[0], text.replace("job=", "service="));
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn trap_18_the_uid_beats_the_type() {
    let text = r#"{"panels": [{"datasource": "-- Mixed --", "targets": [{"datasource": {"type": "prometheus", "uid": "loki1"}, "expr": "{job=\"kairos\"} |= \"x\""}]}]}"#;
    let (texts, _) = run(&[("d.json", text)], &moved("kairos", false));
    assert_eq!(texts[0], text.replace("{job=", "{service="));
}
