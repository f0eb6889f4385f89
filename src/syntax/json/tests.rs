use proptest::prelude::*;

use super::*;

fn error(text: &str) -> (usize, String) {
    let error = read(text).unwrap_err();
    (error.span.start(), error.message)
}

#[test]
fn says_where_keys_and_values_stand() {
    let text = "\u{feff}{\"é\": [1e+08, \"a\\u00e9\\/\"], \"x\" :{}}\n";
    let tree = read(text).unwrap();
    let root = tree.root().unwrap();
    assert_eq!(root.span().of(text), &text[3..text.len() - 1]);
    let (key, list) = root.entry("é").unwrap();
    assert_eq!(key.span().of(text), "\"é\"");
    assert_eq!(key.parent().unwrap().id(), root.id());
    assert_eq!(list.span().of(text), "[1e+08, \"a\\u00e9\\/\"]");
    let items: Vec<_> = list.items().map(|item| item.str().unwrap()).collect();
    assert_eq!(items, ["1e+08", "aé/"]);
    assert_eq!(root.get("x").unwrap().span().of(text), "{}");
    assert_eq!(list.own_entry().unwrap().0.id(), key.id());
}

#[test]
fn keeps_both_of_two_equal_keys_and_reads_half_a_surrogate_pair() {
    let tree = read(r#"{"a": "\ud83d\ude00", "a": "x\ud800y\udc00"}"#).unwrap();
    let values: Vec<_> = tree.root().unwrap().entries().map(|(_, value)| value.str().unwrap()).collect();
    assert_eq!(values, ["\u{1f600}", "x\u{fffd}y\u{fffd}"]);
}

#[test]
fn is_strict() {
    assert_eq!(error("{\"a\": 1,}"), (8, "expected a key in double quotes, found `}`".into()));
    assert_eq!(error("[1,]").0, 3);
    assert_eq!(error("[1 2]").0, 3);
    assert_eq!(error("// no\n1").0, 0);
    assert_eq!(error("01").0, 1);
    assert_eq!(error("-").0, 1);
    assert_eq!(error("1.").0, 2);
    assert_eq!(error("\"a\nb\"").0, 2);
    assert_eq!(error("\"a").0, 0);
    assert_eq!(error("\"\\x\"").0, 1);
    assert_eq!(error("nul").0, 0);
    assert_eq!(error("").0, 0);
    assert_eq!(error("{} {}").0, 3);
    assert_eq!(error("{'a': 1}").0, 1);
}

#[test]
fn deep_nesting_is_an_error_at_the_bracket_too_many() {
    assert_eq!(error(&"[".repeat(100_000)).0, DEEPEST);
    assert_eq!(error(&"{\"a\":".repeat(100_000)).0, DEEPEST * 5);
    assert!(read(&("[".repeat(DEEPEST) + &"]".repeat(DEEPEST))).is_ok());
}

/// Something close to JSON.
fn nearly_json() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"a\"",
        "\"\\n\"",
        "\"\\u00e9\"",
        "1",
        "-0.5e3",
        "true",
        "null",
        " ",
        "\n",
        "\"",
        "\\",
        "é",
        "01",
    ]);
    prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<String>().prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn same(node: crate::syntax::tree::Ref<'_, '_>, value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Array(items) => {
            node.items().len() == items.len() && node.items().zip(items).all(|(node, item)| same(node, item))
        }
        serde_json::Value::Object(entries) => {
            node.entries().len() == entries.len()
                && node
                    .entries()
                    .zip(entries)
                    .all(|((key, at), (name, value))| key.str() == Some(name) && same(at, value))
        }
        serde_json::Value::String(text) => node.str() == Some(text) && node.node().style == Style::Json,
        other => node.str() == Some(&other.to_string()) && node.node().style == Style::Plain,
    }
}

proptest! {
    #[test]
    fn agrees_with_serde_json_on_what_is_json(text in nearly_json()) {
        prop_assert_eq!(read(&text).is_ok(), serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok(), "{}", text);
    }

    #[test]
    fn reads_what_serde_json_writes(value in value()) {
        for text in [serde_json::to_string(&value).unwrap(), serde_json::to_string_pretty(&value).unwrap()] {
            let tree = read(&text).unwrap();
            prop_assert!(same(tree.root().unwrap(), &value), "{}", text);
            for node in tree.iter() {
                prop_assert!(node.parent().is_none_or(|parent| parent.span().contains(node.span())));
            }
        }
    }

    #[test]
    fn never_panics(text in any::<String>()) {
        let _ = read(&text);
    }
}

#[test]
fn every_key_and_value_finds_its_pair_among_many() {
    let entries: Vec<String> = (0..20_000).map(|at| format!("\"expr\": [{at}]")).collect();
    let text = format!("{{{}}}", entries.join(","));
    let tree = read(&text).unwrap();
    // Ids go up along a mapping, which is what a pair is found by.
    let ids: Vec<_> = tree.root().unwrap().entries().flat_map(|(key, value)| [key.id(), value.id()]).collect();
    assert!(ids.is_sorted());
    for (key, value) in tree.root().unwrap().entries() {
        let pair = |node: crate::syntax::tree::Ref<'_, '_>| node.pair().map(|(key, value)| (key.id(), value.id()));
        assert_eq!([pair(key), pair(value)], [Some((key.id(), value.id())); 2]);
        assert!(key.is_key() && !value.is_key() && key.own_entry().is_none() && value.own_entry().is_some());
    }
    assert!(tree.iter().filter(|node| node.str().is_some() && !node.is_key()).all(|node| node.pair().is_none()));
}
