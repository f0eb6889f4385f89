//! Texts of alert rules; results worked out by hand.

use super::*;

fn rules(findings: &[Finding]) -> Vec<(Level, &'static str)> {
    // That a name becomes another one is said apart from what follows it.
    findings.iter().map(|one| (one.level, one.rule)).filter(|(_, rule)| !rule.ends_with("/value")).collect()
}

/// A Grafana-managed rule with a Loki query A, a Prometheus query B, expressions C over A, D over both, and E, a classic
/// condition.
fn rule(condition: &str, more: &str) -> String {
    format!(
        r#"groups:
- rules:
  - title: T
    condition: {condition}
    data:
    - refId: A
      datasourceUid: loki1
      model: {{expr: 'sum by (job) (rate({{job="kairos"}}[5m]))'}}
    - refId: B
      datasourceUid: prom1
      model: {{expr: 'sum by (job) (up)'}}
    - {{refId: C, datasourceUid: __expr__, model: {{type: threshold, expression: A}}}}
    - {{refId: D, datasourceUid: __expr__, model: {{type: math, expression: $A > $B}}}}
    - {{refId: E, datasourceUid: __expr__, model: {{type: classic_conditions}}}}
{more}"#
    )
}

fn text(condition: &str, text: &str, moved: &Move) -> (String, Vec<(Level, &'static str)>) {
    let (texts, findings) = run(&[("a.yml", &rule(condition, &format!("    annotations: {{s: '{text}'}}\n")))], moved);
    let start = texts[0].find("{s: '").unwrap() + 5;
    (texts[0][start..texts[0].len() - 3].to_owned(), rules(&findings))
}

#[track_caller]
fn becomes(condition: &str, before: &str, after: &str) {
    assert_eq!(text(condition, before, &moved("kairos", false)), (after.to_owned(), Vec::new()));
}

#[track_caller]
fn left(condition: &str, before: &str, rule: &'static str) {
    let found = text(condition, before, &moved("kairos", false));
    assert_eq!(found, (before.to_owned(), vec![(Level::Review, rule)]));
}

#[test]
fn labels_come_from_the_queries_behind_the_condition() {
    becomes(
        "C",
        "{{ $labels.job }} {{ index $labels \"job\" }}",
        "{{ $labels.service }} {{ index $labels \"service\" }}",
    );
    becomes(
        "A",
        "{{ if $labels.job }}{{ .Labels.job | toUpper }}{{ end }}",
        "{{ if $labels.service }}{{ .Labels.service | toUpper }}{{ end }}",
    );
    becomes("C", "{{ with $labels }}{{ .job }}{{ end }}", "{{ with $labels }}{{ .service }}{{ end }}");
    becomes("B", "{{ $labels.job }}", "{{ $labels.job }}");
    left("D", "{{ $labels.job }}", "alerts/text-left");
    left("E", "{{ $labels.job }}", "alerts/text-dropped");
    left("C", "{{ range $k, $v := $labels }}{{ if eq $k \"job\" }}x{{ end }}{{ end }}", "alerts/text-left");
}

/// A union by a filter: each alert has one of two labels.
#[test]
fn one_of_two_labels() {
    let text = "groups:\n- rules:\n  - alert: A\n    expr: 'sum by (job) (rate({hostname=\"puck\", job=~\"kairos|angelia\"} |= \"x\" [5m])) > 0'\n    annotations: {s: '{{ $labels.job }}', t: '{{ $labels.job | toUpper }}'}\n";
    let (texts, findings) = run(&[("r.yml", text)], &moved("kairos", false));
    assert!(texts[0].contains("by (job, service)"), "{}", texts[0]);
    assert!(
        texts[0].contains("s: '{{ $labels.job }}{{ $labels.service }}', t: '{{ $labels.job | toUpper }}'"),
        "{}",
        texts[0]
    );
    assert!(rules(&findings).contains(&(Level::Review, "alerts/text-left")));
    let text = rule("C", "    annotations: {s: '{{ $labels.job }}'}\n    labels: {t: '{{- $$labels.job }}'}\n")
        .replace("{job=\"kairos\"}", "{hostname=\"puck\", job=~\"kairos|angelia\"}");
    let (texts, _) = run(&[("a.yml", &text)], &moved("kairos", false));
    assert!(
        texts[0].contains("{s: '{{ with $labels.job }}{{ . }}{{ else }}{{ $labels.service }}{{ end }}'}"),
        "{}",
        texts[0]
    );
    assert!(
        texts[0].contains("{t: '{{- with $$labels.job }}{{- . }}{{- else }}{{- $$labels.service }}{{- end }}'}"),
        "{}",
        texts[0]
    );
}

#[test]
fn values_of_one_part_go_by_its_own_query() {
    becomes(
        "D",
        "{{ $values.A.Labels.job }} {{ $values.B.Labels.job }}",
        "{{ $values.A.Labels.service }} {{ $values.B.Labels.job }}",
    );
    becomes("B", "{{ $labels.job }} {{ $values.C.Labels.job }}", "{{ $labels.job }} {{ $values.C.Labels.service }}");
}

#[test]
fn a_literal_follows_when_the_project_has_another_name() {
    let other = moved("kairos-web", false);
    let (after, findings) = text("C", "{{ if eq $labels.job \"kairos\" }}x{{ end }}", &other);
    assert_eq!(after, "{{ if eq $labels.service \"kairos-web\" }}x{{ end }}");
    assert_eq!(findings, [(Level::Note, "alerts/compared")]);
    let before = "{{ if match \"kairos.*\" $labels.job }}x{{ end }}";
    assert_eq!(text("C", before, &other), (before.to_owned(), vec![(Level::Review, "alerts/text-left")]));
    becomes("C", "{{ if eq $labels.job \"kairos\" }}x{{ end }}", "{{ if eq $labels.service \"kairos\" }}x{{ end }}");
}

#[test]
fn a_label_the_rule_sets_itself_is_a_note() {
    let (texts, findings) = run(
        &[("a.yml", &rule("C", "    labels: {service: x, team: '{{ $$labels.job }}', component: y}\n"))],
        &moved("kairos", false),
    );
    assert!(texts[0].contains("labels: {service: x, team: '{{ $$labels.service }}', component: y}"));
    assert_eq!(rules(&findings), [(Level::Note, "alerts/own-label")]);
    assert_eq!(findings[0].at.as_ref().unwrap().text(), "service");
}

#[test]
fn prose_of_an_annotation_is_not_handled_by_its_rule() {
    let text = "groups:\n- rules:\n  - alert: A\n    expr: 'rate({job=\"kairos\"} |= \"x\" [5m]) > 0'\n    labels: {job: kairos}\n    annotations: {s: 'see job=\"kairos\"'}\n";
    let facts = facts(&[("r.yml", text)]);
    let file = facts.files.values().next().unwrap();
    let named = crate::topology::named::of(&file.source).unwrap();
    let found = mentions::rewrite(
        (&file.source, &named),
        &|| file.handled(),
        (&[], &Others::default()),
        &moved("kairos", false),
    );
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].at.as_ref().unwrap().text(), "job=\"kairos\"");
}
