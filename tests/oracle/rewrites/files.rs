//! Queries in files: a dashboard and a rule file of the Loki ruler, and which query of them became which.

use std::fmt::Write as _;

use migrate::finding::Finding;
use migrate::plan::Plan;
use serde_json::{Value, json};

use super::world::Files;

pub(super) const DASHBOARD: &str = "ansible/grafana/dashboards/logs.json";
pub(super) const RULES: &str = "ansible/loki/rules/logs.yml";

/// What a query is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Panel,
    Alert,
    Record,
}

/// A query as it is asked for.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) kind: Kind,
    pub(super) text: String,
    /// Chooses among ways to write it.
    pub(super) form: usize,
}

/// A query in its file, and what became of it.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) kind: Kind,
    pub(super) path: &'static str,
    /// 1-based lines of its file that belong to it.
    pub(super) lines: (usize, usize),
    pub(super) before: String,
    pub(super) after: String,
    /// Index among the panels or rules.
    at: usize,
}

const HEAD: &str = r#"{
  "title": "Logs", "schemaVersion": 39,
  "templating": {"list": [
    {"name": "hostname", "type": "query", "datasource": {"type": "loki", "uid": "loki"}, "query": "label_values(hostname)"},
    {"name": "job", "type": "query", "datasource": {"type": "loki", "uid": "loki"}, "query": "label_values(job)"}
  ]},
  "panels": [
"#;

/// Writes the queries into `files`.
pub(super) fn write(files: &mut Files, wanted: &[Wanted]) -> Vec<Site> {
    let (mut board, mut rules) = (HEAD.to_owned(), String::from("groups:\n  - name: logs\n    rules:\n"));
    let (mut panels, mut alerts) = (0, 0);
    let mut sites = Vec::new();
    for one in wanted {
        let text = if one.kind == Kind::Panel { &mut board } else { &mut rules };
        let first = text.lines().count() + 1;
        let at = if one.kind == Kind::Panel {
            let end = if panels > 0 { ",\n" } else { "" };
            // The line before the first panel ends already.
            let _ = write!(text, "{end}{}", panel(one, panels));
            panels += 1;
            panels - 1
        } else {
            let _ = writeln!(text, "{}", rule(one, alerts));
            alerts += 1;
            alerts - 1
        };
        let (path, last) = (if one.kind == Kind::Panel { DASHBOARD } else { RULES }, text.lines().count());
        let lines = (first.min(last), last);
        sites.push(Site { kind: one.kind, path, lines, before: one.text.clone(), after: one.text.clone(), at });
    }
    board.push_str("\n  ]\n}\n");
    files.insert(DASHBOARD.into(), board);
    if alerts > 0 {
        files.insert(RULES.into(), rules);
    } else {
        files.remove(RULES);
    }
    sites
}

fn panel(one: &Wanted, at: usize) -> Value {
    let legend = ["{{job}}", "{{hostname}}", ""][one.form % 3];
    json!({
        "type": "timeseries",
        "title": format!("q{at}"),
        "datasource": {"type": "loki", "uid": "loki"},
        "targets": [{"refId": "A", "expr": one.text, "legendFormat": legend}],
    })
}

fn rule(one: &Wanted, at: usize) -> String {
    let name = if one.kind == Kind::Record { format!("record: logs:q{at}") } else { format!("alert: Q{at}") };
    let expression = match one.form % 3 {
        0 => json!(one.text).to_string(),
        1 => format!("'{}'", one.text.replace('\'', "''")),
        _ => format!("|-\n          {}", one.text),
    };
    format!("      - {name}\n        expr: {expression}")
}

/// Takes every query out of the files as they are after the plan.
pub(super) fn read_back(plan: &Plan, sites: &mut [Site]) {
    let Some(last) = plan.steps.last() else { return };
    let after = last.before.edited(&last.edits);
    let text = |path: &str| after.get(path).and_then(|source| source.text().map(str::to_owned)).unwrap_or_default();
    let board: Value = serde_json::from_str(&text(DASHBOARD)).expect("a dashboard stays JSON");
    let rules: serde_yaml::Value = serde_yaml::from_str(&text(RULES)).expect("rules stay YAML");
    for site in sites {
        let after = match site.kind {
            Kind::Panel => board["panels"][site.at]["targets"][0]["expr"].as_str(),
            Kind::Alert | Kind::Record => rules["groups"][0]["rules"][site.at]["expr"].as_str(),
        };
        after.expect("every query is still there").clone_into(&mut site.after);
    }
}

/// What the plan says about the lines of a site.
pub(super) fn findings<'p>(plan: &'p Plan, site: &Site) -> impl Iterator<Item = &'p Finding> {
    on_lines(plan, site.path, site.lines)
}

/// What the plan says about the variables of the dashboard.
pub(super) fn findings_on_variables(plan: &Plan) -> impl Iterator<Item = &Finding> {
    on_lines(plan, DASHBOARD, (1, HEAD.lines().count()))
}

fn on_lines<'p>(
    plan: &'p Plan,
    path: &'static str,
    (first, last): (usize, usize),
) -> impl Iterator<Item = &'p Finding> {
    plan.findings.iter().filter(move |finding| {
        finding.at.as_ref().is_some_and(|at| {
            at.source.path.as_str() == path && (first..=last).contains(&at.source.position(at.span.start()).line)
        })
    })
}
