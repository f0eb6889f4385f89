//! Each style by hand, and against the readers: what a view decodes is what the parser decodes.

use std::sync::Arc;

use proptest::prelude::*;

use super::super::{Source, View, Why};
use super::*;
use crate::syntax::{json, yaml};

fn why() -> Why {
    Why { rule: "test/test", message: String::new(), fact: None }
}

fn source(text: &str) -> Arc<Source> {
    Arc::new(Source::new("t.yml", 0o100_644, Vec::new(), text.into()))
}

/// The view on the value of key `k`.
fn view(text: &str) -> View {
    let tree = yaml::read(text).unwrap();
    let node = tree.root().unwrap().get("k").unwrap();
    let view = node.view(&source(text), text, &[]).unwrap();
    assert_eq!(Some(view.text()), node.str(), "{text:?}");
    view
}

/// The file after `old` became `new` in the text of key `k`.
fn edited(text: &str, old: &str, new: &str) -> Result<String, NotEncodable> {
    let view = view(text);
    let at = view.text().find(old).unwrap();
    let edit = view.edit(Span::new(at, at + old.len()), new, why())?;
    let mut out = text.to_owned();
    out.replace_range(edit.span.range(), &edit.new);
    view_after(&out, &view.text().replacen(old, new, 1));
    Ok(out)
}

fn view_after(text: &str, meant: &str) {
    assert_eq!(view(text).text(), meant, "{text:?}");
}

#[test]
fn decodes_what_the_parser_decodes() {
    for (text, meant) in [
        ("k: plain\n", "plain"),
        ("k: two\n  lines\n\n  and three  \n", "two lines\nand three"),
        ("k: 'it''s\n  é'\n", "it's é"),
        ("k: ' a  \n\n  b '\n", " a\nb "),
        ("k: \"a\\tb \\\n   c\\x41\\u00e9 \\\n\n  d\"\n", "a\tb cAé \nd"),
        ("k: \"a\r\n  b\"\r\n", "a b"),
        ("k: \"\"\n", ""),
        ("k: ''\n", ""),
        ("k:\n", ""),
        ("k: |\n  a\n   b\n\n  c\n\n\nx: 1\n", "a\n b\n\nc\n"),
        ("k: |-\r\n  a\r\n  b\r\n", "a\nb"),
        ("k: |+\n  a\n\nx: 1\n", "a\n\n"),
        ("k: |2-\n   a\n  b\n", " a\nb"),
        ("k: |\n  a", "a"),
        ("k: |\n\n  a\n", "\na\n"),
        ("k: |\n\n", ""),
        ("k: >\n  a\n  b\n\n  c\n   d\n  e\n\n", "a b\nc\n d\ne\n"),
        ("k: >-\n\n  a\n\n\n  b\n", "\na\n\nb"),
        ("k: >+\n  a\n\n", "a\n\n"),
    ] {
        assert_eq!(view(text).text(), meant, "{text:?}");
    }
}

#[test]
fn writes_in_the_style_of_the_place() {
    assert_eq!(
        edited("k: {job=\"a\"}\n".replace("{job", "x{job").as_str(), "job", "service").unwrap(),
        "k: x{service=\"a\"}\n"
    );
    assert_eq!(edited("k: 'a ''b'' c'\n", "a", "it's").unwrap(), "k: 'it''s ''b'' c'\n");
    assert_eq!(edited("k: \"a\\\"b\"\n", "\"", "\\\n\"").unwrap(), "k: \"a\\\\\\n\\\"b\"\n");
    assert_eq!(edited("k: >-\n  one two\n  three\n", "two", "2").unwrap(), "k: >-\n  one 2\n  three\n");
    assert_eq!(edited("k: |\r\n  a\r\n  b\r\n", "a", "x\ny").unwrap(), "k: |\r\n  x\r\n  y\r\n  b\r\n");
    assert_eq!(edited("k: |\n  a\n  b\n  c\n", "a\nb", "d").unwrap(), "k: |\n  d\n  c\n");
    assert_eq!(edited("k: two\n  lines\n", "lines", "words").unwrap(), "k: two\n  words\n");
}

#[test]
fn refuses_what_the_style_cannot_hold() {
    let reason = |text: &str, old: &str, new: &str| edited(text, old, new).unwrap_err().reason;
    assert_eq!(reason("k: a b\n", "b", "c: d"), "a plain scalar cannot hold `: `");
    assert_eq!(reason("k: a b\n", "b", "#d"), "a plain scalar cannot hold ` #`");
    assert_eq!(reason("k: a b\n", "a", "\"c\""), "a plain scalar cannot start so");
    assert_eq!(reason("k: a b\n", "b", "c\nd"), "this scalar cannot hold line breaks or control characters");
    assert_eq!(reason("k: ab\n", "ab", "51"), "without quotes this would no longer be a string");
    assert_eq!(reason("{k: ab}\n", "b", "b, c"), "a plain scalar inside brackets cannot hold commas or brackets");
    assert!(edited("k: ab\n", "b", "b, c").is_ok());
    assert!(edited("k: >-\n  a\n  b\n", "b", " b").is_err());
    assert!(edited("k: |\n  a\n", "a\n", "").is_err());
}

#[test]
fn a_span_may_not_cut_an_escape() {
    let escaped = view("k: \"\\U0001F600x\"\n");
    assert!(escaped.edit(Span::new(0, 2), "y", why()).is_err());
    let folded = view("k: a\n\n\n  b\n");
    assert_eq!(folded.text(), "a\n\nb");
    assert!(folded.edit(Span::new(1, 2), "y", why()).is_err());
    assert_eq!(folded.raw(Span::new(0, 2)), Span::new(3, 9));
}

#[test]
fn layers_nest() {
    // A query in a JSON string in a block scalar, and a string in the query.
    let text = "k: |\n  {\"é\": 1,\n   \"expr\": \"{job=\\\"kai\\\\x72os\\\"} \\u003e 1\"}\n";
    let outer = view(text);
    let tree = json::read(outer.text()).unwrap();
    let query = outer.json_string(tree.root().unwrap().get("expr").unwrap().span());
    assert_eq!(query.text(), "{job=\"kai\\x72os\"} > 1");
    let value = query.inner(Span::new(5, 16), Encoding::Go);
    assert_eq!(value.text(), "kairos");
    assert_eq!(value.raw(Span::new(3, 4)), Span::new(text.find("\\\\x72").unwrap(), text.find("os\\").unwrap()));
    let edit = value.edit(Span::new(0, 6), "a\"b\n", why()).unwrap();
    assert_eq!(edit.span.of(text), "kai\\\\x72os");
    assert_eq!(edit.new, "a\\\\\\\"b\\\\n");
    let edit = query.edit(Span::new(18, 19), "<", why()).unwrap();
    assert_eq!((edit.span.of(text), edit.new.as_str()), ("\\u003e", "<"));
}

#[test]
fn percent_encoding_keeps_its_neighbours_ways() {
    let text = "https://g/explore?left=%7B%22expr%22:%22%7Bjob%3D%5C%22kairos%5C%22%7D+x%22%7D";
    let source = source(text);
    let at = text.find('%').unwrap();
    let url = View::scalar(&source, Span::new(at, text.len()), Encoding::Percent { plus: true }, &[]);
    assert_eq!(url.text(), "{\"expr\":\"{job=\\\"kairos\\\"} x\"}");
    let query = url.json_string(Span::new(8, url.text().len() - 1));
    assert_eq!(query.text(), "{job=\"kairos\"} x");
    let edit = query.edit(Span::new(1, 13), "service=\"é\", a:b", why()).unwrap();
    assert_eq!(edit.new, "service%3D%5C%22%C3%A9%5C%22%2C+a:b");
    assert_eq!(edit.span.of(text), "job%3D%5C%22kairos%5C%22");
}

#[test]
fn template_tags_stand_for_themselves_and_are_not_cut() {
    let text = "k: \"a {{ x | default('\\n\"') }} c\"\n";
    let mask = crate::syntax::jinja::mask(text, &crate::syntax::jinja::Delims::default()).unwrap();
    let tree = yaml::read(mask.text()).unwrap();
    let node = tree.root().unwrap().get("k").unwrap();
    let view = node.view(&source(text), mask.text(), &mask.opaque()).unwrap();
    assert_eq!(view.text(), "a {{ x | default('\\n\"') }} c");
    assert!(view.edit(Span::new(0, 4), "z", why()).is_err());
    assert_eq!(view.edit(Span::new(0, 1), "\"", why()).unwrap().new, "\\\"");
    assert_eq!(view.opaque(), [Span::new(2, 26)]);
}

/// A YAML scalar for key `k` in some style.
fn scalar() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "a", "b", " ", "  ", "é", "\n", "\n\n", "''", "x", "\\n", "\\\"", "\\u00e9", "\\\n", "\t", "c,",
    ]);
    let parts = prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat());
    let head = prop::sample::select(vec!["'", "\"", "", "|", "|-", "|+", ">", ">-", ">+", "|2", ">2-"]);
    (head, parts, any::<bool>()).prop_map(|(head, text, crlf)| {
        let body = text.replace('\n', "\n   ");
        let text = match head {
            "'" | "\"" => format!("k: {head}{body}{head}\nz: 1\n"),
            "" => format!("k: {body}\nz: 1\n"),
            head => format!("k: {head}\n   {body}\n\nz: 1\n"),
        };
        if crlf { text.replace('\n', "\r\n") } else { text }
    })
}

/// Found by the property below: what is left of a blank line must not become the indent of the next.
#[test]
fn an_edit_that_would_end_a_block_scalar_is_refused() {
    let text = "k: |\n    éa  \n   \n    \\u00e9\n\nz: 1\n";
    let tree = yaml::read(text).unwrap();
    let view = tree.root().unwrap().get("k").unwrap().view(&source(text), text, &[]).unwrap();
    assert_eq!(view.text(), "éa  \n\n\\u00e9\n");
    assert!(view.edit(Span::new(6, 8), "", why()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn views_decode_as_the_parser_does(text in scalar()) {
        let Ok(tree) = yaml::read(&text) else { return Ok(()) };
        let Some(node) = tree.root().and_then(|root| root.get("k")) else { return Ok(()) };
        let view = node.view(&source(&text), &text, &[]).unwrap();
        prop_assert_eq!(Some(view.text()), node.str(), "{:?}", text);
    }

    #[test]
    fn an_edit_reads_as_said_or_is_refused(
        text in scalar(),
        from in 0..12_usize,
        length in 0..6_usize,
        new in "[a-c:#'\" \\\\\n,{}-]{0,4}",
    ) {
        let Ok(tree) = yaml::read(&text) else { return Ok(()) };
        let Some(node) = tree.root().and_then(|root| root.get("k")) else { return Ok(()) };
        let view = node.view(&source(&text), &text, &[]).unwrap();
        let span = Span::new(from, from + length);
        if let Ok(edit) = view.edit(span, &new, why()) {
            let mut meant = view.text().to_owned();
            meant.replace_range(span.range(), &new);
            let mut out = text.clone();
            out.replace_range(edit.span.range(), &edit.new);
            let tree = yaml::read(&out).map_err(|error| TestCaseError::fail(format!("{error}: {text:?} to {out:?}")))?;
            let root = tree.root().unwrap();
            prop_assert_eq!(root.get_str("k"), Some(&*meant), "{:?} to {:?}", text, out);
            prop_assert_eq!(root.get_str("z"), Some("1"));
        }
    }

    #[test]
    fn json_strings_take_any_text(old in any::<String>(), new in any::<String>(), from in 0..8_usize, length in 0..4_usize) {
        let text = serde_json::to_string(&old).unwrap();
        let view = View::scalar(&source(&text), Span::new(0, text.len()), Encoding::Json, &[]);
        prop_assert_eq!(view.text(), &old);
        let span = Span::new(from, from + length);
        if let Ok(edit) = view.edit(span, &new, why()) {
            let mut out = text.clone();
            out.replace_range(edit.span.range(), &edit.new);
            let mut meant = old;
            meant.replace_range(span.range(), &new);
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), meant);
        } else {
            prop_assert!(old.get(span.range()).is_none());
        }
    }

    #[test]
    fn any_style_on_any_text_does_not_panic(text in any::<String>(), start in 0..9_usize, end in 0..20_usize, new in any::<String>()) {
        let source = source(&text);
        let span = Span::new(start, end);
        for encoding in [
            Encoding::Verbatim, Encoding::Plain { flow: true }, Encoding::SingleQuoted, Encoding::DoubleQuoted, Encoding::Go,
            Encoding::Literal { indent: None }, Encoding::Folded { indent: Some(2) }, Encoding::Json, Encoding::Backtick,
            Encoding::Percent { plus: true },
        ] {
            let view = View::scalar(&source, span, encoding, &[Span::new(2, 5)]);
            let _ = (view.raw(span), view.edit(span, &new, why()), view.inner(span, encoding).edit(Span::at(0), &new, why()));
        }
    }
}
