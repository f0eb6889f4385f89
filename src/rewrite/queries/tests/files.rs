//! Alerts, rule files, templates and documents in documents; results worked out by hand.

use super::*;

#[test]
fn trap_20_provisioned_alerts_keep_the_dollars() {
    let text = r#"apiVersion: 1
groups:
  - name: g
    rules:
      - title: Kairos
        data:
          - refId: A
            datasourceUid: loki1
            model: {expr: 'sum by (job) (rate({job="kairos"}[5m]))', refId: A}
          - refId: B
            datasourceUid: __expr__
            model: {type: threshold, expression: A}
        labels: {svc: '{{ $$labels.job }}'}
        annotations: {s: '{{ $labels.job }}', v: "{{ $values.A.Labels.job }}"}
"#;
    let (texts, findings) = run(&[("a.yml", text)], &moved("kairos", false));
    let expected =
        text.replace("by (job)", "by (service)").replace("{job=", "{service=").replace("abels.job", "abels.service");
    assert_eq!(texts[0], expected);
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn rule_files_are_told_apart_by_what_only_one_server_can_read() {
    let rule = |expr: &str| {
        format!(
            "groups:\n  - name: g\n    rules:\n      - alert: A\n        expr: {expr}\n        annotations: {{s: '{{{{ $labels.job }}}}'}}\n"
        )
    };
    let plain = r#"sum by (job) (rate({job="kairos"}[5m])) > 0"#;
    let text = rule(plain);
    let (texts, findings) = run(&[("r.yml", &text)], &moved("kairos", false));
    assert_eq!(texts[0], text);
    assert_eq!(findings[0].rule, "alerts/unproven");
    let text = rule(&format!("'{}'", r#"sum by (job) (rate({job="kairos"} |= "error" [5m])) > 0"#));
    let (texts, _) = run(&[("r.yml", &text)], &moved("kairos", false));
    assert_eq!(
        texts[0],
        text.replace("by (job)", "by (service)").replace("{job=", "{service=").replace("labels.job", "labels.service")
    );
    let text = rule(plain) + "      - alert: B\n        expr: up{job=\"kairos\"} == 0\n";
    let (texts, findings) = run(&[("r.yml", &text)], &moved("kairos", false));
    assert_eq!((texts[0].as_str(), findings.len()), (text.as_str(), 0));
}

#[test]
fn promql_is_left_byte_for_byte() {
    let text = dashboard(r#"up{job="kairos"}"#).replace("loki1", "prom1");
    let (texts, findings) = run(&[("d.json", &text)], &moved("kairos", false));
    assert_eq!((texts[0].as_str(), findings.len()), (text.as_str(), 0));
}

#[test]
fn a_dashboard_in_a_config_map() {
    let inner = dashboard(r#"{job="kairos"}"#);
    let text = format!("kind: ConfigMap\ndata:\n  d.json: |\n    {}\n", inner.replace('\n', "\n    "));
    let (texts, findings) = run(&[("cm.yaml", &text)], &moved("gitea_mcp", true));
    assert_eq!(texts[0], text.replace(r#"job=\"kairos\""#, r#"service=\"gitea_mcp\", component!=\"redis\""#));
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn a_template_keeps_raw_blocks_and_reports_values_it_cannot_know() {
    let text = r#"{"panels": [{"title": "{{ title }}", "datasource": "Loki", "targets": [{"expr": "{job=\"kairos\"} |= \"{{ word }}\"", "legendFormat": "{% raw %}{{job}}{% endraw %}"}]}]}"#;
    let (texts, findings) = run(&[("d.json.j2", text)], &moved("kairos", false));
    assert_eq!(texts[0], text.replace("{job=", "{service=").replace("{{job}}", "{{service}}"));
    assert!(findings.is_empty(), "{findings:?}");
    let text = r#"{"panels": [{"datasource": "Loki", "targets": [{"expr": "{job=\"{{ kairos_job }}\"}"}]}]}"#;
    let (texts, findings) = run(&[("d.json.j2", text)], &moved("kairos", false));
    assert_eq!(texts[0], text);
    assert_eq!(findings[0].rule, "dashboards/differs");
}
