//! Queries that links carry: Grafana's Explore with its panes in the URL, and `graphLink`/`tableLink` of alert templates.
//!
//! Knows: JSON in a URL, JSON in a string of a Go template, what Explore takes from either. Must not know: which
//! datasources exist, or what a query means.

use super::{Apart, ApartKind, Evidence, Written};
use crate::syntax::tree::{Ref, Tree};
use crate::syntax::{go_template, json};
use crate::text::{Encoding, Span, View};

/// A query in a link.
pub(super) struct Embedded {
    pub(super) view: View,
    pub(super) evidence: Evidence,
    pub(super) ref_id: Option<String>,
}

/// Words without which no link carries a query or stands for one.
pub(super) const WORDS: &[&str] = &["explore", "/goto/", "graphLink", "tableLink"];

/// The queries of an Explore link: `left=` and `right=` of older versions, `panes=` of newer ones.
pub(super) fn in_url(url: &View) -> Vec<Embedded> {
    let mut found = Vec::new();
    for (name, value) in parameters(url.text()) {
        if matches!(name, "left" | "right" | "panes") && url.text()[..value.start()].contains("explore") {
            let inner = url.inner(value, Encoding::Percent { plus: true });
            panes(&inner, &mut found);
        }
    }
    found
}

/// Links that stand for a query without holding it: short links, and services of Logs Drilldown.
pub(super) fn apart(url: &View) -> Option<Apart> {
    let text = url.text();
    let all = Span::new(0, text.len());
    if let Some(at) = text.find("/goto/") {
        let short = !text[..at].contains(['?', '#']);
        return short.then(|| Apart { view: url.clone(), span: all, kind: ApartKind::ShortLink });
    }
    let at = text.find("/explore/").filter(|at| text[..*at].contains("lokiexplore"))? + "/explore/".len();
    let rest = &text[at..];
    let (label, value) = rest.split_once('/')?;
    let end = value.find(['/', '?', '#']).unwrap_or(value.len());
    let start = at + label.len() + 1;
    let kind = ApartKind::Drilldown { label: label.to_owned() };
    (end > 0).then(|| Apart { view: url.clone(), span: Span::new(start, start + end), kind })
}

/// The queries in `{{ graphLink "{…}" }}` and `{{ tableLink "{…}" }}`.
pub(super) fn in_template(text: &View) -> Vec<Embedded> {
    let mut found = Vec::new();
    if !["graphLink", "tableLink"].iter().any(|word| text.text().contains(word)) {
        return found;
    }
    let Ok(tags) = go_template::actions(text.text()) else { return found };
    for pair in tags.iter().flat_map(|tag| tag.words.windows(2)) {
        let [function, argument] = pair else { continue };
        if !matches!(function.span.of(text.text()), "graphLink" | "tableLink") || !argument.text {
            continue;
        }
        let raw = argument.span.of(text.text()).starts_with('`');
        let inner = text.inner(argument.span, if raw { Encoding::Backtick } else { Encoding::Go });
        let readable = plain(inner.text());
        let Ok(tree) = json::read(&readable) else { continue };
        let Some(root) = tree.root() else { continue };
        push(&inner, root, &written(root.get("datasource")), &mut found);
    }
    found
}

/// Names and values of a URL's query, the values as spans.
fn parameters(url: &str) -> Vec<(&str, Span)> {
    let end = fragment(url);
    let Some(mut at) = url[..end].find('?').map(|at| at + 1) else { return Vec::new() };
    let mut found = Vec::new();
    while at < end {
        let stop = url[at..end].find('&').map_or(end, |length| at + length);
        if let Some(equals) = url[at..stop].find('=') {
            found.push((&url[at..at + equals], Span::new(at + equals + 1, stop)));
        }
        at = stop + 1;
    }
    found
}

/// Where the fragment begins; JSON that is not encoded may hold the sign in a string.
fn fragment(url: &str) -> usize {
    url.find('#').unwrap_or(url.len())
}

/// The queries of panes: one pane, panes by name, or the list that very old versions write.
fn panes(value: &View, found: &mut Vec<Embedded>) {
    let readable = plain(value.text());
    let Ok(tree) = json::read(&readable) else { return };
    let Some(root) = tree.root() else { return };
    if root.is_sequence() {
        return old_pane(value, &tree, found);
    }
    let own = root.get("queries").map(|_| root);
    let named = root.entries().map(|(_, pane)| pane.target()).filter(|pane| pane.get("queries").is_some());
    for pane in own.into_iter().chain(named) {
        let datasource = written(pane.get("datasource"));
        for query in pane.get("queries").into_iter().flat_map(Ref::items) {
            push(value, query, &datasource, found);
        }
    }
}

/// `["now-1h", "now", "Loki", {"expr": …}, …]`
fn old_pane(value: &View, tree: &Tree<'_>, found: &mut Vec<Embedded>) {
    let Some(root) = tree.root() else { return };
    let datasource = root.items().nth(2).filter(|item| item.str().is_some());
    for query in root.items().skip(3).filter(|item| item.get("expr").is_some()) {
        push(value, query, &written(datasource), found);
    }
}

fn push(below: &View, query: Ref<'_, '_>, pane: &Written, found: &mut Vec<Embedded>) {
    let Some(expr) = query.get("expr") else { return };
    let Some(encoding) = expr.encoding() else { return };
    found.push(Embedded {
        view: below.inner(expr.span(), encoding),
        evidence: Evidence::Explore { query: written(query.get("datasource")), pane: pane.clone() },
        ref_id: query.get_str("refId").map(String::from),
    });
}

fn written(value: Option<Ref<'_, '_>>) -> Written {
    let Some(value) = value else { return Written::Absent };
    if value.is_null() {
        return Written::Null;
    }
    if let Some(name) = value.str() {
        return Written::Name(name.to_owned());
    }
    let text = |key: &str| value.get_str(key).filter(|text| !text.is_empty()).map(String::from);
    Written::Object { uid: text("uid"), kind: text("type") }
}

/// Grafana's placeholders in the place of a JSON value (`"from": ${__from}`) read as numbers, in the same places.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut string, mut escaped) = (false, false);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '$' if !string => placeholder(rest),
            _ => 0,
        };
        if length > 0 {
            out.extend(std::iter::repeat_n('1', length));
            rest = &rest[length..];
            continue;
        }
        match first {
            _ if escaped => escaped = false,
            '\\' if string => escaped = true,
            '"' => string = !string,
            _ => {}
        }
        out.push(first);
        rest = &rest[first.len_utf8()..];
    }
    out
}

/// Bytes of the placeholder that `rest` begins with.
fn placeholder(rest: &str) -> usize {
    if let Some(inner) = rest.strip_prefix("${") {
        return inner.find('}').map_or(0, |end| end + 3);
    }
    let name = &rest[1..];
    let length = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
    if length == 0 { 0 } else { length + 1 }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::text::{Source, Why};

    fn url(text: &str) -> View {
        let source = Arc::new(Source::new("x", 0o100_644, Vec::new(), text.as_bytes().to_vec()));
        View::scalar(&source, Span::new(0, text.len()), Encoding::Verbatim, &[])
    }

    /// The URL with `job` in its first query replaced.
    fn edited(text: &str) -> String {
        let view = url(text);
        let found = in_url(&view).remove(0);
        let at = found.view.text().find("job").unwrap();
        let why = Why { rule: "x", message: String::new(), fact: None };
        let edit = found.view.edit(Span::new(at, at + 3), "service", why).unwrap();
        let mut out = text.to_owned();
        out.replace_range(edit.span.range(), &edit.new);
        out
    }

    #[test]
    fn explore_links_of_every_age() {
        let texts = [
            r#"/explore?left={"datasource":"Loki","queries":[{"refId":"A","expr":"{job=\"kairos\"}"}]}&orgId=1"#,
            "https://g/explore?orgId=1&left=%7B%22datasource%22:%22Loki%22,%22queries%22:%5B%7B%22expr%22:%22%7Bjob%3D%5C%22kairos%5C%22%7D%22%7D%5D%7D",
            "/explore?left=%7b%22datasource%22%3a%22Loki%22%2c%22queries%22%3a%5b%7b%22expr%22%3a%22%7bjob%3d%5c%22kairos%5c%22%7d+%7c%3d+%5c%22x%5c%22%22%7d%5d%7d",
            r#"/explore?schemaVersion=1&panes={"abc":{"datasource":"loki","queries":[{"expr":"{job=\"kairos\"}","datasource":{"type":"loki","uid":"loki"}}],"range":{"from":"now-1h","to":${__to}}}}"#,
            r#"/explore?left=["now-1h","now","Loki",{"expr":"{job=\"kairos\"}"}]#x"#,
        ];
        for text in texts {
            let found = in_url(&url(text));
            assert_eq!(found.len(), 1, "{text}");
            assert!(found[0].view.text().starts_with("{job=\"kairos\"}"), "{}", found[0].view.text());
            assert_eq!(edited(text), text.replace("job", "service"));
        }
        let Evidence::Explore { query, pane } = &in_url(&url(texts[3])).remove(0).evidence else { panic!() };
        assert_eq!(*pane, Written::Name("loki".into()));
        assert_eq!(*query, Written::Object { uid: Some("loki".into()), kind: Some("loki".into()) });
    }

    #[test]
    fn other_links_hold_no_query() {
        for text in
            ["/d/abc?var-job=kairos", "/explore", "/explore?left={", "/d/x?left={\"queries\":[{\"expr\":\"a\"}]}"]
        {
            assert!(in_url(&url(text)).is_empty(), "{text}");
            assert!(apart(&url(text)).is_none(), "{text}");
        }
    }

    #[test]
    fn links_that_stand_for_a_query() {
        assert_eq!(apart(&url("https://g/goto/AbC?orgId=1")).unwrap().kind, ApartKind::ShortLink);
        let found = apart(&url("/a/grafana-lokiexplore-app/explore/service/kairos/logs?from=now-1h")).unwrap();
        assert_eq!(found.span.of(found.view.text()), "kairos");
        assert_eq!(found.kind, ApartKind::Drilldown { label: "service".into() });
        assert!(apart(&url("/login?next=/goto/x")).is_none());
    }

    #[test]
    fn graph_links_of_alert_templates() {
        for text in [
            r#"see {{ graphLink "{\"expr\": \"{job=\\\"kairos\\\"}\", \"datasource\": \"Loki\"}" }}"#,
            r#"see {{ tableLink `{"expr": "{job=\"kairos\"}", "datasource": "Loki"}` }}"#,
        ] {
            let found = in_template(&url(text));
            assert_eq!(found[0].view.text(), r#"{job="kairos"}"#);
        }
        assert!(in_template(&url(r#"{{ graphLink "no" }} {{ graphLink $x }}"#)).is_empty());
    }
}
