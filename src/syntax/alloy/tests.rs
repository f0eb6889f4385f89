//! The reader on texts worked out by hand; each verdict is the one Alloy's own parser (v0.1.1) gives.

use proptest::prelude::*;

use super::*;
use crate::text::{Owner, Style, lines};

const LISTENERS: &str = r#"// syslog of the host
loki.source.syslog "docker" {
  listener {
    address = "127.0.0.1:51401" // kairos
    labels  = { job = "kairos", "team" = `ops`, }
  }

  listener {
    address = "127.0.0.1:" + string.format("%d", 51402)
    labels  = { "job" = "angelia" }
  }
  forward_to = [loki.process.kairos.receiver, loki.write.default.receiver]
}

loki.process "kairos" {
  forward_to = [loki.write.default.receiver]
}
"#;

#[test]
fn finds_blocks_labels_and_attributes_with_their_bytes() {
    let config = read(LISTENERS).unwrap();
    let names: Vec<_> = config.all_blocks().map(Block::id).collect();
    assert_eq!(names, ["loki.source.syslog.docker", "listener", "listener", "loki.process.kairos"]);
    assert_eq!(config.blocks().count(), 2);

    let source = config.components("loki.source.syslog").next().unwrap();
    assert_eq!(source.label(), Some("docker"));
    assert_eq!(source.label_span().unwrap().of(LISTENERS), "\"docker\"");
    assert_eq!(source.name_span().of(LISTENERS), "loki.source.syslog");
    assert!(source.span().of(LISTENERS).starts_with("loki.source.syslog \"docker\" {"));
    assert!(source.span().of(LISTENERS).ends_with("receiver]\n}"));
    assert!(source.body_span().of(LISTENERS).starts_with("\n  listener {"));
    assert_eq!(source.attributes().map(Attribute::name).collect::<Vec<_>>(), ["forward_to"]);
    assert!(source.attr("address").is_none());

    let listener = source.blocks("listener").next().unwrap();
    assert_eq!(listener.label(), None);
    assert_eq!(listener.parent().unwrap().id(), "loki.source.syslog.docker");
    let address = listener.attr("address").unwrap();
    assert_eq!(address.span().of(LISTENERS), "address = \"127.0.0.1:51401\"");
    assert_eq!(address.block().unwrap().span(), listener.span());
    assert_eq!(address.value().as_str().unwrap(), "127.0.0.1:51401");
    assert_eq!(address.value().content_span().unwrap().of(LISTENERS), "127.0.0.1:51401");
}

#[test]
fn finds_fields_of_objects() {
    let config = read(LISTENERS).unwrap();
    let labels = config.all_blocks().nth(1).unwrap().attr("labels").unwrap().value();
    let fields: Vec<_> = labels.fields().map(|f| (f.key(), f.quoted(), f.value().as_str().unwrap())).collect();
    assert_eq!(fields, [("job", false, "kairos".into()), ("team", true, "ops".into())]);
    let team = labels.field("team").unwrap();
    assert_eq!(team.span().of(LISTENERS), "\"team\" = `ops`");
    assert_eq!(team.key_span().of(LISTENERS), "\"team\"");
    assert_eq!(team.value().quote(), Some(Quote::Raw));
    assert!(labels.field("port").is_none());
}

#[test]
fn finds_references_wherever_they_stand() {
    let config = read(LISTENERS).unwrap();
    let to_process: Vec<_> = config.references_to("loki.process.kairos").collect();
    assert_eq!(to_process.len(), 1);
    assert_eq!(to_process[0].expr.text(), "loki.process.kairos.receiver");
    assert_eq!(to_process[0].expr.attribute().name(), "forward_to");
    assert_eq!(config.references_to("loki.write.default").count(), 2);
    assert_eq!(config.references_to("loki.write.def").count(), 0);

    let all = read("a = f(b.c, -d[e . /* . */ g].h) || !(i) ^ [{ k = l }, \"m.n\"]\n").unwrap();
    let paths: Vec<_> = all.references().map(|reference| reference.path.into_owned()).collect();
    assert_eq!(paths, ["f", "b.c", "d", "e.g", "i", "l"]);
}

#[test]
fn tells_kinds_and_children() {
    let text = "a = \"x:\" + p.q + -1 * 2\n";
    let config = read(text).unwrap();
    let chain = config.attributes().next().unwrap().value();
    assert_eq!(chain.kind(), Kind::Operation);
    assert_eq!(chain.span().of(text), "\"x:\" + p.q + -1 * 2");
    let kinds: Vec<_> = chain.children().map(|child| (child.kind(), child.text())).collect();
    let expected = [(Kind::String, "\"x:\""), (Kind::Reference, "p.q"), (Kind::Operation, "-1"), (Kind::Number, "2")];
    assert_eq!(kinds, expected);

    let call = read("a = x.y(1, [true, null,],)[0].z\n").unwrap();
    let access = call.attributes().next().unwrap().value();
    assert_eq!((access.kind(), access.text()), (Kind::Access, "x.y(1, [true, null,],)[0].z"));
    let index = access.children().next().unwrap();
    assert_eq!((index.kind(), index.text()), (Kind::Index, "x.y(1, [true, null,],)[0]"));
    let call = index.children().next().unwrap();
    assert_eq!(call.children().map(Expr::kind).collect::<Vec<_>>(), [Kind::Reference, Kind::Number, Kind::Array]);
    let array = call.children().last().unwrap();
    assert_eq!(array.items().map(Expr::as_bool).collect::<Vec<_>>(), [Some(true), None]);
}

#[test]
fn decodes_strings_as_go_does() {
    let value = |literal: &str| {
        let text = format!("a = {literal}");
        let config = read(&text).unwrap();
        config.attributes().next().unwrap().value().as_str().map(std::borrow::Cow::into_owned)
    };
    assert_eq!(value(r#""a\tb\\\"\a""#).unwrap(), "a\tb\\\"\u{7}");
    assert_eq!(value(r#""\x41\101\u00e9\U0001F600""#).unwrap(), "AAé😀");
    assert_eq!(value(r#""\xc3\xa9""#).unwrap(), "é");
    assert_eq!(value(r#""\xff""#), None);
    assert_eq!(value("`\\d \"\r\n//`").unwrap(), "\\d \"\n//");
    assert_eq!(value("\"\"").unwrap(), "");
    assert_eq!(value("5"), None);
}

#[test]
fn keeps_comments_in_order() {
    let text = "// one\r\na = 1 /* two */ /* three\n */\n// four";
    let config = read(text).unwrap();
    let comments: Vec<_> = config.comments().iter().map(|span| span.of(text)).collect();
    assert_eq!(comments, ["// one", "/* two */", "/* three\n */", "// four"]);
}

#[test]
fn accepts_what_alloy_accepts() {
    for text in [
        "",
        "\u{feff}",
        "\u{feff}a = 1",
        "a = 1",
        "a =\n\n 1",
        "a = 1 +\n 2",
        "b { a = 1 }",
        "b { c { } }\n",
        "b\"\"{}",
        "b \"l\" /* x */ {}",
        "a.\nb . c {}",
        "a = 1 /* x */ // y\r\nb = 2",
        "a = 1 /* \n */ b = 2",
        "a = [\n1, // c\n2,\n]",
        "a = {\n k = 1,\n}",
        "a = { \"k\" = 1, `r` = 2 }",
        "a = { k = { } }",
        "a = f(\n1,\n)",
        "a = {}.b",
        "a = 5.e3",
        "a = .5E-1",
        "a = 1 .b",
        "é٣ = 日本",
        "a = - ! -1 ^ 2",
        "a = 1 /* x */ / 2",
    ] {
        assert!(read(text).is_ok(), "{text:?}: {:?}", read(text).err());
    }
}

#[test]
fn refuses_what_alloy_refuses() {
    for text in [
        "a = 1; b = 2",
        "a = 1 b = 2",
        "a = 1, b = 2",
        "b {} c {}",
        "b { a = 1 c = 2 }",
        "b { a = 1 /* x */ c = 2 }",
        "b\n{\n}",
        "b {",
        "}",
        "b { a = 1 } }",
        "# c",
        "a = 'x'",
        "a = { k : 1 }",
        "a = { k = 1\n}",
        "a = [1\n]",
        "a = [1 /* x */\n]",
        "a = [1 2]",
        "a = [,]",
        "a = (1\n)",
        "a = (1, 2)",
        "a = {]",
        "a = b {}",
        "a = b \"l\" {}",
        "a.b = 1",
        "a \"\" = 1",
        "b \"b-c\" {}",
        "b \"true\" {}",
        "b \"\\u0061\" {}",
        "b `l` {}",
        "b \"1a\" {}",
        "b \"l\" \"m\" {}",
        "true = 1",
        "a.null {}",
        "a = b.true",
        "a = 1.b",
        "a = 5e",
        "a = 0x1f",
        "a = 1\n+ 2",
        "a = b | c",
        "a = b & c",
        "a = \"x\n\"",
        "a = \"\\d\"",
        "a = \"\\'\"",
        "a = \"\\400\"",
        "a = \"\\ud800\"",
        "a = \"\\U00110000\"",
        "a = \"\\x4\"",
        "a = `x",
        "a = \"x",
        "/*/",
        "/* x",
        "a = \0",
        "// \0",
        "a = \"\u{feff}\"",
        "\u{feff}\u{feff}",
        "a\u{a0}= 1",
        "\u{c}a = 1",
        "²a = 1",
        "aͅ = 1",
        "port = {{ x }}",
        "a = ",
        "a",
        "a.",
    ] {
        assert!(read(text).is_err(), "{text:?}");
    }
}

#[test]
fn points_at_the_first_error() {
    let at = |text: &'static str| read(text).map(|_| ()).map_err(|error| (error.span.of(text), error.message));
    assert_eq!(at("a = 1\nb # c\n").unwrap_err().0, "#");
    assert_eq!(at("b \"b-c\" {}").unwrap_err().0, "\"b-c\"");
    assert_eq!(at("a = \"\\é\"").unwrap_err().0, "\\é");
    let (span, message) = at("a = {\n k = 1\n}").unwrap_err();
    assert_eq!((span, message.as_str()), ("\n", "a `,` is needed before the end of the line"));
}

#[test]
fn gives_up_on_bottomless_nesting_without_overflowing_the_stack() {
    for (open, close) in [("(", ")"), ("[", "]"), ("{ k = ", "}"), ("f(", ")"), ("a[", "]")] {
        let nested = |depth: usize| format!("a = {}1{}", open.repeat(depth), close.repeat(depth));
        assert!(read(&nested(500)).is_ok(), "{open}");
        assert!(read(&nested(100_000)).unwrap_err().message.contains("deep"), "{open}");
    }
    assert!(read(&"b {\n".repeat(100_000)).unwrap_err().message.contains("deep"));
    assert!(read(&format!("a = {}1", "-".repeat(100_000))).is_ok());
    let chain = format!("a = 1{}", " + 1".repeat(100_000));
    assert_eq!(read(&chain).unwrap().attributes().next().unwrap().value().children().count(), 100_001);
}

fn nested_properly(text: &str) -> Result<(), TestCaseError> {
    let config = match read(text) {
        Ok(config) => config,
        Err(error) => {
            prop_assert!(text.get(error.span.range()).is_some());
            return Ok(());
        }
    };
    for block in config.all_blocks() {
        prop_assert!(text.get(block.span().range()).is_some() && block.span().contains(block.body_span()));
        for child in block.children() {
            prop_assert!(block.body_span().contains(child.span()));
            prop_assert_eq!(child.parent().map(Block::span), Some(block.span()));
        }
        for attribute in block.attributes() {
            prop_assert!(block.body_span().contains(attribute.span()));
        }
    }
    for attribute in config.all_attributes() {
        prop_assert!(text.get(attribute.span().range()).is_some());
        prop_assert!(attribute.span().contains(attribute.value().span()));
        let mut todo = vec![attribute.value()];
        while let Some(expr) = todo.pop() {
            prop_assert!(text.get(expr.span().range()).is_some());
            let mut end = expr.span().start();
            for child in expr.children() {
                prop_assert!(expr.span().contains(child.span()) && end <= child.span().start());
                end = child.span().end();
                todo.push(child);
            }
        }
    }
    for block in config.all_blocks() {
        let gone = lines::whole_lines(text, block.span(), &Owner::new(Style::Slashes).called(["a"]));
        prop_assert!(gone.contains(block.span()) && text.get(gone.range()).is_some());
    }
    Ok(())
}

/// Pieces of configurations that often make one.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "b.c",
        " = ",
        "{",
        "}",
        "{\n",
        "}\n",
        "\n",
        "\r\n",
        "[",
        "]",
        "(",
        ")",
        ",",
        "\"l\"",
        "`r`",
        "\"é\\n\"",
        "// é\n",
        "/* c */",
        "/*\n*/",
        "1",
        ".5",
        "+",
        "-",
        "!",
        ".",
        "true",
        "x = 1\n",
        "日本",
        "y = [a.b, f(1)[0].c]\n",
        "z = { k = \"v\" }\n",
        "\\",
        "\"",
        "`",
        "/",
        "\u{feff}",
        "\0",
        "  ",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,60}|[ab\"`/*{}\\[\\]=,.\\n\\\\é]{0,40}") {
        nested_properly(&text)?;
    }

    #[test]
    fn likely_texts_nest_properly(text in pieces()) {
        nested_properly(&text)?;
    }
}
