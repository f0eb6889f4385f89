//! What a page of `docs/` describes, and what a JSON output holds, to be held against each other.
//!
//! Knows: tables of Markdown, paths of keys. Must not know: any output.

use std::collections::BTreeSet;

/// Every key path of a JSON text, list items as `[]`.
pub(super) fn keys(json: &str) -> BTreeSet<String> {
    fn walk(value: &serde_json::Value, at: &str, into: &mut BTreeSet<String>) {
        match value {
            serde_json::Value::Object(map) => {
                for (key, value) in map {
                    let at = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                    into.insert(at.clone());
                    walk(value, &at, into);
                }
            }
            serde_json::Value::Array(list) => list.iter().for_each(|value| walk(value, &format!("{at}[]"), into)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    walk(&serde_json::from_str(json).unwrap(), "", &mut found);
    found
}

/// What the first column of the tables of a page names: keys, and in some pages values.
pub(super) fn described(page: &str) -> BTreeSet<String> {
    first_column(page, "| `", '`').collect()
}

/// The keys alone.
pub(super) fn described_keys(page: &str) -> BTreeSet<String> {
    described(page).into_iter().filter(|key| !key.starts_with('"')).collect()
}

/// The values alone, which stand in quotes.
pub(super) fn described_values(page: &str) -> BTreeSet<String> {
    first_column(page, "| `\"", '"').collect()
}

fn first_column<'p>(page: &'p str, open: &'p str, close: char) -> impl Iterator<Item = String> + 'p {
    let cells = page.lines().filter_map(move |line| line.strip_prefix(open)?.split_once(close));
    cells.map(|(cell, _)| cell.to_owned())
}
