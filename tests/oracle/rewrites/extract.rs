//! Every query of a dashboard or rule file, found by plain JSON and YAML readers.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::judge::Answer;

/// A query where it was found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) path: String,
    /// Whether Loki answers it.
    pub(super) loki: bool,
    pub(super) text: String,
    /// As its file holds it.
    pub(super) written: String,
    pub(super) legend: String,
}

impl Found {
    /// The names of the series, as the panel shows them.
    pub(super) fn legends(&self, answer: &Answer) -> BTreeSet<String> {
        let name = |labels: &std::collections::BTreeMap<String, String>| {
            let mut out = String::new();
            let mut rest = self.legend.as_str();
            while let Some((text, behind)) = rest.split_once("{{") {
                let (label, behind) = behind.split_once("}}").unwrap_or((behind, ""));
                out.push_str(text);
                out.push_str(labels.get(label.trim()).map_or("", String::as_str));
                rest = behind;
            }
            out + rest
        };
        if self.legend.is_empty() {
            return BTreeSet::new();
        }
        answer.rows.iter().flatten().map(|row| name(&row.labels)).collect()
    }
}

/// The queries of a file, in order.
pub(super) fn found(path: &str, text: &str) -> Vec<Found> {
    let mut out = Vec::new();
    if path.ends_with(".json") {
        if let Ok(board) = serde_json::from_str::<Value>(text) {
            for panel in board["panels"].as_array().into_iter().flatten() {
                dashboard(path, panel, &mut out);
            }
        }
    } else if path.contains("/rules/")
        && let Ok(rules) = serde_yaml::from_str::<serde_yaml::Value>(text)
    {
        let groups = rules["groups"].as_sequence().into_iter().flatten();
        for rule in groups.flat_map(|group| group["rules"].as_sequence().into_iter().flatten()) {
            let text = rule["expr"].as_str().unwrap_or_default().to_owned();
            let loki = path.contains("loki/");
            out.push(Found { path: path.to_owned(), loki, written: text.clone(), text, legend: String::new() });
        }
    }
    out
}

fn dashboard(path: &str, panel: &Value, out: &mut Vec<Found>) {
    for target in panel["targets"].as_array().into_iter().flatten() {
        let text = target["expr"].as_str().unwrap_or_default().to_owned();
        let legend = target["legendFormat"].as_str().unwrap_or_default().to_owned();
        let loki = target["datasource"]["type"] == "loki";
        let written = serde_json::to_string(&text).unwrap_or_default();
        out.push(Found { path: path.to_owned(), loki, text, written, legend });
    }
    for link in panel["links"].as_array().into_iter().flatten() {
        let url = link["url"].as_str().unwrap_or_default();
        let Some((_, state)) = url.split_once("left=") else { continue };
        let state: Value = serde_json::from_str(&decoded(state)).unwrap_or_default();
        let text = state["queries"][0]["expr"].as_str().unwrap_or_default().to_owned();
        out.push(Found { path: path.to_owned(), loki: true, text, written: url.to_owned(), legend: String::new() });
    }
}

/// Without its percent escapes.
fn decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        let escaped = (first == b'%').then(|| behind.get(..2)).flatten();
        let byte = escaped.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        out.push(byte.unwrap_or(first));
        rest = if byte.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8_lossy(&out).into_owned()
}
