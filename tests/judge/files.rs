//! Queries in files: a dashboard and a rule file of the Loki ruler, and which query of them became which.
//!
//! Knows: how such files are written and read. Must not know: what a query means.

use std::fmt::Write as _;

use migrate::snapshot::Snapshot;
use serde_json::{Value, json};

use super::infra::Files;

pub(crate) const DASHBOARD: &str = "ansible/grafana/dashboards/logs.json";
pub(crate) const RULES: &str = "ansible/loki/rules/logs.yml";

/// What a query is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Panel,
    Alert,
    Record,
}

/// A query as it is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) kind: Kind,
    pub(crate) text: String,
    /// Chooses among ways to write it.
    pub(crate) form: usize,
}

const HEAD: &str = r#"{
  "title": "Logs", "schemaVersion": 39,
  "templating": {"list": [
    {"name": "hostname", "type": "query", "datasource": {"type": "loki", "uid": "loki"}, "query": "label_values(hostname)"},
    {"name": "job", "type": "query", "datasource": {"type": "loki", "uid": "loki"}, "query": "label_values(job)"},
    {"name": "which", "type": "custom", "query": "WHICH"}
  ]},
  "panels": [
"#;

impl Wanted {
    pub(crate) fn path(&self) -> &'static str {
        if self.kind == Kind::Panel { DASHBOARD } else { RULES }
    }

    /// What marks its place in its file.
    fn mark(&self, at: usize) -> String {
        match self.kind {
            Kind::Panel => format!("\"title\":\"q{at}\""),
            Kind::Alert => format!("- alert: Q{at}\n"),
            Kind::Record => format!("- record: logs:q{at}\n"),
        }
    }

    /// The part of its file that holds query `at`, by the bytes it takes.
    fn span(&self, at: usize, text: &str) -> Option<std::ops::Range<usize>> {
        let found = text.find(&self.mark(at))?;
        let start = text[..found].rfind('\n').map_or(0, |end| end + 1);
        let end = match self.kind {
            Kind::Panel => text[found..].find('\n').map_or(text.len(), |end| found + end),
            _ => text[found..].find("\n      - ").map_or(text.len(), |end| found + end),
        };
        Some(start..end)
    }

    /// Whether an offset in its file, as that is now, is where query `at` stands.
    pub(crate) fn holds(&self, at: usize, path: &str, text: &str, offset: usize) -> bool {
        path == self.path() && self.span(at, text).is_some_and(|span| (span.start..=span.end).contains(&offset))
    }

    /// The query in the text of its file.
    pub(crate) fn read(&self, at: usize, text: &str) -> Option<String> {
        let part = &text[self.span(at, text)?];
        if self.kind == Kind::Panel {
            let panel: Value = serde_json::from_str(part.trim_end_matches(',')).ok()?;
            return panel["targets"][0]["expr"].as_str().map(str::to_owned);
        }
        let rules: serde_yaml::Value = serde_yaml::from_str(part).ok()?;
        rules[0]["expr"].as_str().map(str::to_owned)
    }
}

/// Writes the queries into `files`, each marked by its number. `which`: the values that `$which` offers.
pub(crate) fn write(files: &mut Files, wanted: &[Wanted], which: &[String]) {
    let (mut board, mut rules) = (HEAD.replace("WHICH", &which.join(",")), String::new());
    let mut panels = 0;
    for (at, one) in wanted.iter().enumerate() {
        if one.kind == Kind::Panel {
            let _ = write!(board, "{}{}", if panels > 0 { ",\n" } else { "" }, panel(one, at));
            panels += 1;
        } else {
            let _ = writeln!(rules, "{}", rule(one, at));
        }
    }
    board.push_str("\n  ]\n}\n");
    files.insert(DASHBOARD.into(), board);
    if !rules.is_empty() {
        files.insert(RULES.into(), format!("groups:\n  - name: logs\n    rules:\n{rules}"));
    }
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
    let expression = match one.form % 3 {
        0 => json!(one.text).to_string(),
        1 => format!("'{}'", one.text.replace('\'', "''")),
        _ => format!("|-\n          {}", one.text),
    };
    format!("      {}        expr: {expression}", one.mark(at))
}

/// The variable of the dashboard that stands at an offset.
pub(crate) fn variable_at(path: &str, text: &str, offset: usize) -> Option<&'static str> {
    if path != DASHBOARD || offset > text.find("\"panels\"")? {
        return None;
    }
    let start = text[..offset].rfind('\n').map_or(0, |end| end + 1);
    let line = text[start..].lines().next()?;
    ["job", "which"].into_iter().find(|name| line.contains(&format!("\"name\": {name:?}")))
}

/// The label whose values the dashboard offers for `$job`, and the values for `$which`.
pub(crate) fn offered(text: &str) -> Option<(String, Vec<String>)> {
    let board: Value = serde_json::from_str(text).ok()?;
    let list = board["templating"]["list"].as_array()?;
    let query = |name: &str| list.iter().find(|one| one["name"] == name)?["query"].as_str();
    let inner = query("job")?.trim().strip_prefix("label_values(")?.strip_suffix(')')?;
    let label = inner.rsplit(',').next()?.trim().to_owned();
    let value = |one: &str| one.rsplit(" : ").next().unwrap_or(one).trim().to_owned();
    Some((label, query("which")?.split(',').map(value).collect()))
}

/// The text of a file.
pub(crate) fn text(snapshot: &Snapshot, path: &str) -> String {
    snapshot.get(path).and_then(|source| source.text().map(str::to_owned)).unwrap_or_default()
}
