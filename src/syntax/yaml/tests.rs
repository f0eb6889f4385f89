use proptest::prelude::*;

use super::*;
use crate::syntax::tree::Ref;

/// The written form of the value at `path` of the first document.
fn written<'a>(text: &'a str, path: &[&str]) -> &'a str {
    read(text).unwrap().root().unwrap().path(path).unwrap().span().of(text)
}

#[test]
fn offsets_are_bytes_behind_a_bom_crlf_and_wide_characters() {
    let text = "\u{feff}a: é\r\nb: \"ü\" # ö\r\nc: |\r\n  x\r\n  y\r\n\r\n# end\r\nd: [1, é]\r\n";
    let tree = read(text).unwrap();
    let root = tree.root().unwrap();
    assert_eq!(root.span().start(), 3);
    assert_eq!(written(text, &["a"]), "é");
    assert_eq!(written(text, &["b"]), "\"ü\"");
    assert_eq!(written(text, &["c"]), "|\r\n  x\r\n  y");
    assert_eq!(root.get_str("c"), Some("x\ny\n"));
    assert_eq!(written(text, &["d"]), "[1, é]");
    let comments: Vec<_> = tree.comments().iter().map(|span| span.of(text)).collect();
    assert_eq!(comments, ["# ö", "# end"]);
}

#[test]
fn a_block_collection_ends_with_its_last_value() {
    let text = "a:\n  b: 1\n  c:\n    - x\n    -\n\n# about d\nd: 2\n\n";
    assert_eq!(written(text, &["a"]), "b: 1\n  c:\n    - x\n    -");
    assert_eq!(written(text, &["a", "c"]), "- x\n    -");
    assert_eq!(read(text).unwrap().root().unwrap().span().of(text), text.trim_end());
}

#[test]
fn a_sequence_at_the_indent_of_its_key_starts_at_its_dash() {
    let text = "c: # here\n- - 1\n  - -2\n- x\nd: &a !t\n- 3\n";
    assert_eq!(written(text, &["c"]), "- - 1\n  - -2\n- x");
    assert_eq!(written(text, &["d"]), "- 3");
    let tree = read(text).unwrap();
    let inner = tree.root().unwrap().get("c").unwrap().items().next().unwrap();
    assert_eq!(inner.span().of(text), "- 1\n  - -2");
}

#[test]
fn block_scalars_start_at_their_header_and_end_before_trailing_blank_lines() {
    let text = "\"a |\": >-2 # x | y\n\n   folded\n  text\n\nb: |\n\n\n# c\nc: |+\n  k\n\nd: !vault |\n  $V;1\n  62";
    assert_eq!(written(text, &["a |"]), ">-2 # x | y\n\n   folded\n  text");
    assert_eq!(written(text, &["b"]), "|");
    assert_eq!(written(text, &["c"]), "|+\n  k");
    assert_eq!(written(text, &["d"]), "|\n  $V;1\n  62");
    let tree = read(text).unwrap();
    let root = tree.root().unwrap();
    assert_eq!(root.get_str("c"), Some("k\n\n"));
    assert_eq!(root.get_str("d"), Some("$V;1\n62"));
    assert_eq!(root.get("d").unwrap().node().tag.unwrap().of(text), "!vault");
}

#[test]
fn aliases_stand_for_the_latest_earlier_anchor() {
    let text = "a: &x\n  k: 1\nb: *x\nc: &x {k: 2}\nd: *x\nf: {<<: *x, l: 3}\n---\ng: 1\n";
    let tree = read(text).unwrap();
    let roots: Vec<_> = tree.roots().collect();
    assert_eq!(roots.len(), 2);
    let root = roots[0];
    assert_eq!(root.get("b").unwrap().get_str("k"), Some("1"));
    assert_eq!(root.get("d").unwrap().get_str("k"), Some("2"));
    assert_eq!(root.get("a").unwrap().node().anchor.unwrap().of(text), "&x");
    assert_eq!(root.get("f").unwrap().lookup("k").unwrap().str(), Some("2"));
}

#[test]
fn an_alias_to_nothing_is_an_error_at_the_alias() {
    for text in ["a: 1\ne: *y\n", "a: &y 1\n---\ne: *y\n", "e: *y\na: &y 1\n"] {
        let error = read(text).unwrap_err();
        assert_eq!(error.span.of(text), "*y", "{text:?}");
        assert!(error.message.contains("`*y` is an alias to nothing"), "{}", error.message);
    }
}

#[test]
fn an_anchor_may_stand_alone_on_the_line_after_its_key() {
    let text = "x-logging:\n  &syslog\n  driver: syslog\nl: *syslog\n";
    assert_eq!(written(text, &["x-logging"]), "driver: syslog");
    let tree = read(text).unwrap();
    let value = tree.root().unwrap().get("x-logging").unwrap();
    assert_eq!(value.node().anchor.unwrap(), Span::new(13, 20));
}

#[test]
fn empty_values_stand_where_they_would_be_written() {
    let text = "a:\nb: !!null\nc: {d: , e}\n? f\ng: [h: 1]\n";
    let tree = read(text).unwrap();
    let root = tree.root().unwrap();
    let at = |key: &str| root.get(key).unwrap();
    assert_eq!((at("a").span(), at("a").node().style), (Span::at(2), Style::Absent));
    assert_eq!(at("b").span(), Span::at(12));
    assert!(at("c").get("e").unwrap().is_null());
    assert!(at("f").is_null());
    assert_eq!(at("g").items().next().unwrap().span().of(text), "h: 1");
}

#[test]
fn says_where_a_text_stops_being_yaml() {
    assert_eq!(read("a: 1\nb: *\n").unwrap_err().span.start(), 8);
    assert!(read("a: @x\n").is_err());
}

#[test]
fn deep_nesting_is_an_error() {
    assert!(read(&"[".repeat(100_000)).is_err());
    assert!(read(&"- ".repeat(100_000)).is_err());
    assert!(read(&"{a: ".repeat(100_000)).is_err());
    assert!(read(&"? ".repeat(100_000)).is_err());
}

/// Something close to YAML.
fn nearly_yaml() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "a: ",
        "b:",
        "- ",
        "\n",
        "\n",
        "\n  ",
        "\r\n",
        "&x ",
        "*x",
        "!t ",
        "|",
        ">-",
        "|2+\n",
        "'a''b'",
        "\"\\u00e9\"",
        "é",
        "1",
        "[",
        "]",
        "{",
        "}",
        ", ",
        " # c",
        "---\n",
        "? ",
        "\t",
        "\u{feff}",
    ]);
    prop::collection::vec(part, 0..16).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn spans_nest_and_lie_on_character_borders(text in nearly_yaml()) {
        if let Ok(tree) = read(&text) {
            for node in tree.iter() {
                prop_assert!(text.get(node.span().range()).is_some());
                if let Some(parent) = node.parent() {
                    prop_assert!(parent.span().contains(node.span()), "{:?} in {:?} of {:?}", node, parent, text);
                }
            }
        }
    }

    #[test]
    fn never_panics(text in any::<String>()) {
        let _ = read(&text);
    }
}

#[test]
fn each_merged_mapping_is_entered_once() {
    let chain: Vec<String> =
        (1..200).map(|at| format!("b{at}: &b{at} {{<<: [*b{0}, *b{0}], k{at}: v}}\n", at - 1)).collect();
    let text = format!("b0: &b0 {{a: 1}}\n{}", chain.concat());
    let tree = read(&text).unwrap();
    let last = tree.root().unwrap().get("b199").unwrap();
    assert_eq!(last.lookup("a").and_then(Ref::str), Some("1"), "however deep");
    assert_eq!(last.lookup("k7").and_then(Ref::str), Some("v"));
    assert!(last.lookup("none").is_none());
    // 199 mappings with a merge key, and the innermost as often as it is named.
    assert_eq!(last.layers().count(), 201);
}

#[test]
fn the_first_of_merged_mappings_wins_and_the_explicit_key_before_all() {
    let text =
        "a: &a {k: a, l: a, m: a}\nb: &b {k: b, l: b, n: b}\nc: &c {<<: *b, l: c}\nd: {<<: [*c, *a], k: d, k: e}\n";
    let tree = read(text).unwrap();
    let value = |key| tree.root().unwrap().get("d").unwrap().lookup(key).and_then(Ref::str);
    assert_eq!([value("k"), value("l"), value("m"), value("n")], [Some("e"), Some("c"), Some("a"), Some("b")]);
}
