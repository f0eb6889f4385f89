//! Tables of a dashboard that have a column for each label.
//!
//! Knows: transformations that make fields of labels, and those that take fields away. Must not know: which labels there are.

use super::Columns;
use crate::syntax::tree::Ref;

/// What a panel makes of labels, where it makes columns of all of them.
pub(super) fn of(panel: Ref<'_, '_>) -> Option<Columns> {
    let list = panel.get("transformations").or_else(|| panel.path(&["data", "spec", "transformations"]))?;
    let mut found: Option<Columns> = None;
    for one in list.items().map(Ref::target) {
        let spec = one.get("spec").unwrap_or(one);
        let id = one.get_str("id").or_else(|| spec.get_str("id")).or_else(|| one.get_str("group"));
        let option = |key: &str| spec.path(&["options", key]);
        match (id.or_else(|| one.get_str("kind")), &mut found) {
            (Some("labelsToFields"), _) => {
                let rows = option("mode").is_some_and(|mode| mode.str() == Some("rows"));
                let chosen = option("keepLabels").is_some_and(|list| list.items().next().is_some());
                found = (!rows && !chosen).then(Columns::default).or(found);
            }
            (Some("extractFields"), _) if option("source").is_some_and(|source| source.str() == Some("labels")) => {
                found = Some(Columns::default());
            }
            (Some("organize"), Some(columns)) => {
                let chosen = option("includeByName").is_some_and(|map| map.entries().next().is_some());
                let hides = |value: Ref<'_, '_>| value.str() == Some("true");
                let all = option("excludeByName").into_iter().flat_map(Ref::entries);
                let hidden = all.filter(|(_, value)| hides(*value)).filter_map(|(key, _)| key.str().map(String::from));
                columns.hidden.extend(hidden);
                found = found.filter(|_| !chosen);
            }
            (Some("filterFieldsByName"), Some(_)) if option("include").is_some() => found = None,
            (Some("groupBy" | "reduce"), Some(_)) => found = None,
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::json;

    #[track_caller]
    fn hidden(transformations: &str, expected: Option<&[&str]>) {
        let text = format!("{{\"transformations\": [{transformations}]}}");
        let tree = json::read(&text).unwrap();
        let found = of(tree.root().unwrap()).map(|columns| columns.hidden);
        assert_eq!(found.as_ref().map(|list| list.iter().map(String::as_str).collect::<Vec<_>>()).as_deref(), expected);
    }

    #[test]
    fn columns_of_labels() {
        let extract = r#"{"id": "extractFields", "options": {"source": "labels", "replace": true}}"#;
        let organize =
            r#"{"id": "organize", "options": {"excludeByName": {"job": true, "x": false, "container": true}}}"#;
        hidden(extract, Some(&[]));
        hidden(&format!("{extract}, {organize}"), Some(&["job", "container"]));
        hidden(r#"{"id": "labelsToFields", "options": {"valueLabel": "level"}}"#, Some(&[]));
        hidden(r#"{"kind": "labelsToFields", "spec": {"id": "labelsToFields", "options": {}}}"#, Some(&[]));
        for other in [
            organize.to_owned(),
            r#"{"id": "labelsToFields", "options": {"mode": "rows"}}"#.to_owned(),
            r#"{"id": "labelsToFields", "options": {"keepLabels": ["job"]}}"#.to_owned(),
            r#"{"id": "extractFields", "options": {"source": "Line"}}"#.to_owned(),
            format!(r#"{extract}, {{"id": "organize", "options": {{"includeByName": {{"job": true}}}}}}"#),
            format!(r#"{extract}, {{"id": "filterFieldsByName", "options": {{"include": {{"names": ["job"]}}}}}}"#),
        ] {
            hidden(&other, None);
        }
    }
}
