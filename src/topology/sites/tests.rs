//! Rules of label-surface 2.2, one test each; the language of the first site of a small dashboard.

use super::language::{Doubt, Language, RuleReaders, Servers, decide};
use super::*;
use crate::syntax::yaml;
use crate::text::Place;
use crate::topology::datasources::{self, Datasources};

fn source(path: &str, text: &str) -> Arc<Source> {
    Arc::new(Source::new(path, 0o100_644, Vec::new(), text.as_bytes().to_vec()))
}

fn provisioned(text: &str) -> Datasources {
    let source = source("datasources.yml", text);
    Datasources::new(datasources::read(&source, &yaml::read(text).unwrap(), &|_| false))
}

const BOTH: &str = "datasources:\n- {name: Logs, uid: l, type: loki}\n- {name: Metrics, uid: p, type: prometheus, isDefault: true}\n- {name: V, uid: v, type: victoriametrics-logs-datasource}\n- {name: Odd, uid: o, type: prometheus, url: 'http://loki:3100/loki'}\n";

fn word(language: &Language) -> String {
    match language {
        Language::Loki(_) => "loki".into(),
        Language::NotLoki => "not".into(),
        Language::Unproven(doubt) => format!("{doubt:?}"),
    }
}

/// Languages of all sites of a file.
fn of(path: &str, text: &str, datasources: &str) -> Vec<String> {
    let file = read(&source(path, text));
    assert!(file.findings.is_empty(), "{:?}", file.findings);
    decide(&file, &Servers { datasources: provisioned(datasources), ..Servers::default() }).iter().map(word).collect()
}

/// Language of one target; `panel` is what the panel says, `target` what the target says.
fn target(schema: u32, panel: &str, target: &str) -> String {
    let key = |value: &str| if value.is_empty() { String::new() } else { format!("\"datasource\": {value}, ") };
    let text = format!(
        "{{\"schemaVersion\": {schema}, \"panels\": [{{{}\"targets\": [{{{}\"expr\": \"x\"}}]}}]}}",
        key(panel),
        key(target)
    );
    of("d.json", &text, BOTH).remove(0)
}

#[test]
fn rule_1_the_newest_schemas_name_the_plugin() {
    let text = |group: &str| {
        format!(
            r#"{{"apiVersion": "dashboard.grafana.app/v2beta1", "spec": {{"elements": {{"panel-1": {{"kind": "Panel", "spec": {{"title": "T",
            "data": {{"kind": "QueryGroup", "spec": {{"queries": [{{"kind": "PanelQuery", "spec": {{"refId": "A", "query":
            {{"kind": "DataQuery", "group": "{group}", "datasource": {{"name": "p"}}, "spec": {{"expr": "x"}}}}}}}}]}}}}}}}}}}}}}}"#
        )
    };
    assert_eq!(of("d.json", &text("loki"), BOTH), ["loki"]);
    assert_eq!(of("d.json", &text("prometheus"), BOTH), ["not"]);
    assert_eq!(read(&source("d.json", &text("loki"))).holders[0].name, "panel \"T\"");
}

#[test]
fn rule_2_a_known_uid_beats_the_type_and_an_unknown_one_does_not() {
    assert_eq!(target(39, "", r#"{"type": "prometheus", "uid": "l"}"#), "loki");
    assert_eq!(target(39, "", r#"{"type": "loki", "uid": "p"}"#), "not");
    assert_eq!(target(39, "", r#"{"type": "loki", "uid": "zzz"}"#), "loki");
    assert_eq!(target(39, "", r#"{"uid": "zzz"}"#), "Unknown");
}

#[test]
fn rule_3_a_target_inherits_from_its_panel() {
    assert_eq!(target(39, r#"{"uid": "l"}"#, ""), "loki");
    assert_eq!(target(39, r#"{"uid": "l"}"#, "null"), "loki");
    assert_eq!(target(35, r#"{"uid": "l"}"#, r#"{"type": "prometheus"}"#), "loki");
    assert_eq!(target(36, r#"{"uid": "l"}"#, r#"{"type": "prometheus"}"#), "Disagree");
    assert_eq!(target(36, r#"{"uid": "l"}"#, r#"{"type": "loki"}"#), "loki");
}

#[test]
fn rule_4_strings_are_names_first() {
    assert_eq!(target(30, "", r#""Logs""#), "loki");
    assert_eq!(target(30, "", r#""l""#), "loki");
    assert_eq!(target(30, "", r#""default""#), "not");
    assert_eq!(target(30, "", r#""nobody""#), "Unknown");
}

#[test]
fn rule_5_a_mixed_panel_gives_the_default() {
    assert_eq!(target(39, r#"{"type": "datasource", "uid": "-- Mixed --"}"#, ""), "not");
    assert_eq!(target(39, r#""-- Mixed --""#, r#"{"uid": "l"}"#), "loki");
}

#[test]
fn rule_6_without_any_datasource_the_default_unless_targets_disagree() {
    assert_eq!(target(39, "", ""), "not");
    let text = r#"{"panels": [{"targets": [{"expr": "x"}, {"datasource": {"uid": "l"}, "expr": "y"}, {"datasource": {"uid": "__expr__"}, "expr": "z"}]}]}"#;
    assert_eq!(of("d.json", text, BOTH), ["Order", "loki", "not"]);
    let text = r#"{"panels": [{"targets": [{"expr": "x"}, {"datasource": {"uid": "__expr__"}}]}]}"#;
    assert_eq!(of("d.json", text, "datasources: [{name: L, type: loki, isDefault: true}]"), ["loki"]);
}

#[test]
fn rule_7_variables_and_inputs() {
    let text = |head: &str, uid: &str| {
        format!(
            r#"{{{head} "panels": [{{"datasource": {{"type": "loki", "uid": "{uid}"}}, "targets": [{{"expr": "x"}}]}}]}}"#
        )
    };
    let variable = r#""templating": {"list": [{"type": "datasource", "name": "ds", "query": "loki"}, {"type": "datasource", "name": "m", "query": "prometheus"}]},"#;
    for uid in ["$ds", "${ds}", "[[ds]]", "${ds:raw}"] {
        assert_eq!(of("d.json", &text(variable, uid), ""), ["loki"], "{uid}");
    }
    assert_eq!(of("d.json", &text(variable, "$m"), ""), ["not"]);
    let input = r#""__inputs": [{"name": "DS_LOKI", "type": "datasource", "pluginId": "loki"}],"#;
    assert_eq!(of("d.json", &text(input, "${DS_LOKI}"), ""), ["loki"]);
    assert_eq!(of("d.json", &text("", "${DS_LOKI}"), ""), ["Variable"]);
}

#[test]
fn rule_8_built_in_datasources() {
    for name in ["-- Dashboard --", "-- Grafana --", "grafana", "__expr__"] {
        assert_eq!(target(39, "", &format!("\"{name}\"")), "not", "{name}");
        assert_eq!(target(39, "", &format!("{{\"uid\": \"{name}\"}}")), "not", "{name}");
    }
}

#[test]
fn rule_9_a_default_that_is_not_provisioned() {
    let text = r#"{"panels": [{"targets": [{"expr": "{job=\"kairos\"} |= \"x\""}]}]}"#;
    assert_eq!(of("d.json", text, "datasources: [{name: L, uid: l, type: loki}]"), ["Default"]);
}

#[test]
fn rule_10_look_alikes() {
    assert_eq!(target(39, "", r#"{"uid": "v"}"#), "not");
    assert_eq!(target(39, "", r#"{"uid": "o"}"#), "Address");
}

#[test]
fn every_age_of_dashboard_is_walked() {
    let text = r#"{"rows": [{"panels": [{"datasource": "Logs", "targets": [{"expr": "a"}]}]}],
      "panels": [{"type": "row", "panels": [{"datasource": "Logs", "targets": [{"expr": "b"}]}]}],
      "__elements": {"u": {"model": {"datasource": "Logs", "targets": [{"expr": "c"}]}}},
      "annotations": {"list": [{"datasource": "Logs", "expr": "d"}, {"datasource": "Metrics", "target": {"expr": "e"}}]},
      "templating": {"list": [{"type": "query", "datasource": "Logs", "query": {"label": "job", "stream": "{a=\"b\"}", "type": 1}},
        {"type": "adhoc", "datasource": "Logs", "filters": [{"key": "job", "operator": "=", "value": "x"}]}]}}"#;
    let enveloped = format!("{{\"dashboard\": {text}, \"overwrite\": true}}");
    for text in [text, &enveloped] {
        let file = read(&source("d.json", text));
        let found: Vec<_> = file.sites.iter().map(|site| (site.kind, site.query.of(site.view.text()))).collect();
        assert_eq!(
            found,
            [
                (SiteKind::Panel, "a"),
                (SiteKind::Panel, "b"),
                (SiteKind::Panel, "c"),
                (SiteKind::Annotation, "d"),
                (SiteKind::Annotation, "e"),
                (SiteKind::Variable, "{a=\"b\"}"),
                (SiteKind::AdHoc, "job"),
            ]
        );
        assert_eq!(of("d.json", text, BOTH), ["loki", "loki", "loki", "loki", "not", "loki", "loki"]);
    }
}

#[test]
fn a_provisioned_alert_goes_by_its_uid() {
    let text = |uid: &str, model: &str| {
        format!(
            "groups:\n- rules:\n  - title: T\n    data:\n    - datasourceUid: {uid}\n      model: {{expr: x, datasource: {model}}}\n"
        )
    };
    assert_eq!(of("a.yml", &text("l", "{uid: l}"), BOTH), ["loki"]);
    assert_eq!(of("a.yml", &text("l", "{uid: p}"), BOTH), ["Disagree"]);
    assert_eq!(of("a.yml", &text("p", "null"), BOTH), ["not"]);
    assert_eq!(of("a.yml", &text("__expr__", "null"), BOTH), ["not"]);
    assert_eq!(of("a.yml", &text("zzz", "{type: loki, uid: zzz}"), BOTH), ["loki"]);
    assert_eq!(of("a.yml", &text("zzz", "null"), BOTH), ["Unknown"]);
}

#[test]
fn rule_files_go_by_who_reads_them_then_by_what_they_hold() {
    let plain = "groups:\n- rules:\n  - {alert: A, expr: 'rate({job=\"x\"}[5m])'}\n";
    let file = read(&source("loki/rules/a.yml", plain));
    let fact = Place::new(&file.source, Span::new(0, 6));
    let by = |loki: &[&str], prometheus: &[&str]| {
        let list = |paths: &[&str]| paths.iter().map(|path| ((*path).to_owned(), fact.clone())).collect();
        let readers = RuleReaders { loki: list(loki), prometheus: list(prometheus) };
        word(&decide(&file, &Servers { readers, ..Servers::default() })[0])
    };
    assert_eq!(by(&["loki/rules"], &[]), "loki");
    assert_eq!(by(&["loki/rules/"], &[]), "loki");
    assert_eq!(by(&["loki/rule"], &[]), format!("{:?}", Doubt::RuleFile));
    assert_eq!(by(&[], &["loki/rules/a.yml"]), "not");
    let with = |more: &str| of("r.yml", &format!("{plain}  - {{alert: B, expr: '{more}'}}\n"), "");
    assert_eq!(with("rate({a=\"b\"} |= \"c\" [5m])"), ["loki", "loki"]);
    assert_eq!(with("up == 0"), ["not", "not"]);
    let both = format!("{plain}  - {{alert: B, expr: 'up'}}\n  - {{alert: C, expr: '{{a=\"b\"}} | json'}}\n");
    assert_eq!(of("r.yml", &both, ""), ["BothLanguages", "BothLanguages", "BothLanguages"]);
}

#[test]
fn a_broken_file_is_a_finding_and_others_go_on() {
    let file = read(&source("d.json", "{\"panels\": [{\"targets\": [{\"expr\": }]}]}"));
    assert_eq!((file.sites.len(), file.findings.len()), (0, 1));
    assert!(file.findings[0].at.is_some());
    assert!(read(&source("notes.md", "{\"expr\": ")).findings.is_empty());
    let deep = "[".repeat(100_000);
    assert_eq!(read(&source("d.json", &deep)).findings.len(), 1);
}

#[test]
fn a_template_that_prints_values_and_loops_over_panels() {
    let text = "{\"panels\": [\n{% for host in hosts %}\n{\"id\": {{ loop.index }}, \"datasource\": \"Logs\", \"targets\": [{\"expr\": \"{job=\\\"Q\\\"}\"}]}{% if not loop.last %},{% endif %}\n{% endfor %}\n]}";
    let file = read(&source("d.json.j2", text));
    assert!(file.findings.is_empty(), "{:?}", file.findings);
    assert_eq!(file.sites[0].view.text(), "{job=\"Q\"}");
}

#[test]
fn the_targets_of_a_panel_keep_one_list_of_their_datasources() {
    let target = r#"{"datasource": {"type": "loki", "uid": "l"}, "expr": "x"}"#;
    let text = format!(r#"{{"panels": [{{"targets": [{}]}}]}}"#, vec![target; 500].join(","));
    let file = read(&source("d.json", &text));
    let lists: Vec<_> = file
        .sites
        .iter()
        .map(|site| match &site.evidence {
            Evidence::Target { beside, .. } => beside,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!((lists.len(), lists[0].len()), (500, 1));
    assert!(lists.iter().all(|list| Arc::ptr_eq(list, lists[0])));
}

#[test]
fn a_target_is_not_beside_itself() {
    let two = |first: &str, second: &str| {
        let text = format!(
            r#"{{"schemaVersion": 30, "panels": [{{"targets": [{{{first}, "expr": "x"}}, {{{second}, "expr": "y"}}]}}]}}"#
        );
        of("d.json", &text, BOTH)
    };
    let kind = r#""datasource": {"type": "prometheus"}"#;
    // The default is Prometheus; what one target says of its kind alone tells the other one nothing.
    assert_eq!(two(kind, r#""refId": "B""#), ["not", "not"]);
    assert_eq!(two(kind, kind), ["not", "not"]);
    let open = r#""datasource": {"type": "loki"}"#;
    assert_eq!(two(open, r#""refId": "B""#), ["not", "Order"]);
    assert_eq!(two(open, open), ["Order", "Order"]);
}
