//! Nodes that go, marked by hand.

use proptest::prelude::*;

use super::*;
use crate::text::lines;

fn owner(style: Style) -> Owner {
    let components = ["web".to_owned(), "worker".to_owned()];
    let owner = Owner::new(style).called(["kairos", "51431"]).called_together(&components);
    owner.beside(["angelia", "kairos-mcp", "spelunker"])
}

/// Removes the nodes marked by `«…»`, which are taken out of the text first, as one move or one after the other.
fn without(style: Style, marked: &str) -> String {
    let mut spans = Vec::new();
    let mut text = String::new();
    for (number, part) in marked.split('«').enumerate() {
        let (node, rest) = if number == 0 { ("", part) } else { part.split_once('»').unwrap() };
        spans.extend((number > 0).then(|| Span::new(text.len(), text.len() + node.len())));
        text.push_str(node);
        text.push_str(rest);
    }
    let owner = owner(style).with(&spans);
    for span in spans.iter().rev() {
        let gone = lines::whole_lines(&text, *span, &owner);
        text.replace_range(gone.range(), "");
    }
    text
}

fn yaml(marked: &str) -> String {
    without(Style::Hash, marked)
}

fn alloy(marked: &str) -> String {
    without(Style::Slashes, marked)
}

const HEADING: &str = "# --- syslog ports ---\n";

#[test]
fn a_heading_stays_while_anything_of_its_group_stays() {
    let (k, a, s) = ("kairos_syslog_port: 1", "angelia_syslog_port: 2", "spelunker_syslog_port: 3");
    for before in ["x: 1\n\n", "x: 1\n"] {
        let group = |lines: &[String]| format!("{before}{HEADING}{}\n\ny: 1\n", lines.join("\n"));
        let go = |name: &str| format!("«{name}»");
        let stay = |name: &str| name.to_owned();
        assert_eq!(yaml(&group(&[go(k), stay(a), stay(s)])), group(&[stay(a), stay(s)]));
        assert_eq!(yaml(&group(&[stay(a), go(k), stay(s)])), group(&[stay(a), stay(s)]));
        assert_eq!(yaml(&group(&[stay(a), stay(s), go(k)])), group(&[stay(a), stay(s)]));
        assert_eq!(yaml(&group(&[go(k), stay(a), go(s)])), group(&[stay(a)]));
        // The last one takes it along, whether they go together or one after the other.
        let end = "x: 1\n\ny: 1\n";
        assert_eq!(yaml(&group(&[go(k), go(a), go(s)])), end);
        assert_eq!(yaml(&group(&[go(s)])), end);
    }
}

#[test]
fn the_end_does_not_depend_on_the_order() {
    let text =
        "x: 1\n\n# ports\nangelia_syslog_port: 2\n# web and worker\nkairos_syslog_port: 1\nspelunker_syslog_port: 3\n";
    let end = "x: 1\n\n# ports\nspelunker_syslog_port: 3\n";
    let go = |text: &str, name: &str| yaml(&text.replace(name, &format!("«{name}»")));
    let (a, k) = ("angelia_syslog_port: 2", "kairos_syslog_port: 1");
    assert_eq!(go(&go(text, a), k), end);
    assert_eq!(go(&go(text, k), a), end);
}

#[test]
fn a_comment_with_the_name_of_the_service_goes_whatever_is_left_below() {
    let text = "x {\n}\n\n// kairos: web and worker, chatty\n«l {\n}»\n\n// alone\nl {\n}\n";
    assert_eq!(alloy(text), "x {\n}\n\n// alone\nl {\n}\n");
    assert_eq!(yaml("x: 1\n# kairos: web and worker\n«k: 1»\n"), "x: 1\n");
}

#[test]
fn a_heading_over_blocks_that_blank_lines_separate_stays() {
    let block = |name: &str| format!("loki.source.syslog \"{name}\" {{\n}}\n");
    let (k, a) = (block("kairos"), block("angelia"));
    let text = format!("x {{\n}}\n\n// Listeners\n«{}»\n\n// angelia alone\n{a}", k.trim_end());
    assert_eq!(alloy(&text), format!("x {{\n}}\n\n// Listeners\n// angelia alone\n{a}"));
    // Another kind of block is no part of the group.
    let text = format!("x {{\n}}\n\n// Listener\n«{}»\n\nloki.write \"d\" {{\n}}\n", k.trim_end());
    assert_eq!(alloy(&text), "x {\n}\n\nloki.write \"d\" {\n}\n");
}

#[test]
fn a_comment_that_names_what_goes_goes() {
    assert_eq!(yaml("x: 1\n# Kairos' port\n«kairos_syslog_port: 1»\ny: 1\n"), "x: 1\ny: 1\n");
    assert_eq!(yaml("x: 1\n# web and worker both ship here\n«kairos_syslog_port: 1»\ny: 1\n"), "x: 1\ny: 1\n");
    assert_eq!(yaml("x: 1\n# 51431 is taken\n«kairos_syslog_port: 1»\ny: 1\n"), "x: 1\ny: 1\n");
    assert_eq!(yaml("x: 1\n{# kairos #}\n«kairos_syslog_port: 1»\ny: 1\n"), "x: 1\ny: 1\n");
    assert_eq!(yaml("x: 1\n# ports\n# kairos is chatty,\n# more so by night\n«k: 1»\ny: 1\n"), "x: 1\n# ports\ny: 1\n");
    assert_eq!(yaml("x: 1\n# ------\n# Kairos\n# ------\n«k: 1»\ny: 1\n"), "x: 1\ny: 1\n");
    let block = "s {\n  // kairos\n  /* and\n     more */\n  «l {\n    a = 1\n  }» // end\n  y {\n  }\n}\n";
    assert_eq!(alloy(block), "s {\n  y {\n  }\n}\n");
    assert_eq!(alloy(&block.replace('\n', "\r\n")), "s {\r\n  y {\r\n  }\r\n}\r\n");
    // It names others, too, or the next one as well.
    for text in ["x: 1\n# kairos and angelia\n«k: 1»\ny: 1\n", "x: 1\n# kairos_mcp\n«k: 1»\ny: 1\n"] {
        assert_eq!(yaml(text), text.replace("«k: 1»\n", ""));
    }
    let own = "x: 1\n\n# --- kairos ---\n«kairos_syslog_port: 1»\nkairos_directory: /srv\n";
    assert_eq!(yaml(own), "x: 1\n\n# --- kairos ---\nkairos_directory: /srv\n");
    assert_eq!(yaml("x: 1\n# kairos, and why y\n«k: 1»\nwhy: 1\n"), "x: 1\n# kairos, and why y\nwhy: 1\n");
}

#[test]
fn a_comment_in_a_mapping_is_about_the_key_below_it() {
    let gone = |text: &str| {
        let owner = Owner::new(Style::Hash).called(["syslog"]).unlike_others();
        let start = text.find("logging").unwrap();
        let span = lines::whole_lines(text, Span::new(start, start + "logging: 1".len()), &owner);
        [&text[..span.start()], &text[span.end()..]].concat()
    };
    assert_eq!(gone("a:\n  b: 1\n  # see the handbook\n  logging: 1\n  restart: 1\n"), "a:\n  b: 1\n  restart: 1\n");
    for stays in ["# ---- run ----", "# syslog and restart", "# restart: 2"] {
        let text = format!("a:\n  b: 1\n  {stays}\n  logging: 1\n  restart: 1\n");
        assert_eq!(gone(&text), text.replace("  logging: 1\n", ""));
    }
}

#[test]
fn what_a_file_begins_with_stays() {
    for head in [
        "# kairos, managed by Ansible\n",
        "---\n# kairos\n# owner\n",
        "\u{feff}# kairos\n",
        "{{ managed }}\n# kairos\n",
    ] {
        assert_eq!(yaml(&format!("{head}«k: 1»\n\ny: 1\n")), format!("{head}\ny: 1\n"), "{head}");
    }
    assert_eq!(yaml("# licence\n\n# kairos\n«k: 1»\ny: 1\n"), "# licence\n\ny: 1\n");
    assert_eq!(alloy("/* kairos,\n   managed */\n«l {\n}»\n"), "/* kairos,\n   managed */\n");
}

#[test]
fn what_is_commented_out_stays() {
    let off = "s {\n\t// l {\n\t//   address = \"x\"\n\t// }\n";
    assert_eq!(alloy(&format!("{off}\t// alone\n\t«l {{\n\t}}»\n}}\n")), format!("{off}}}\n"));
    let block = "s {\n\t/* l {\n\t   a = 1\n\t} */\n";
    assert_eq!(alloy(&format!("{block}\t«l {{\n\t}}»\n}}\n")), format!("{block}}}\n"));
    assert_eq!(yaml("x: 1\n# old_port: 5\n«k: 1»\n"), "x: 1\n# old_port: 5\n");
}

#[test]
fn other_indentation_other_lines_and_torn_comments_are_not_its_own() {
    assert_eq!(yaml("a:\n# outer kairos\n  # inner\n  «b: 2»\nc: 3\n"), "a:\n# outer kairos\nc: 3\n");
    assert_eq!(yaml("a: 1 # kairos\n«b: 2»\n"), "a: 1 # kairos\n");
    assert_eq!(alloy("x {\n} /* kairos */\n«l {\n}»\n"), "x {\n} /* kairos */\n");
    assert_eq!(alloy("/* x */ y {\n  kairos */\n«l {\n}»\n"), "/* x */ y {\n  kairos */\n");
    assert_eq!(alloy("x {\n}\n\n/* kairos */ «l {\n}»\n"), "x {\n}\n\n/* kairos */ \n");
}

proptest! {
    /// Whatever stands above and between the variables of three services: which of two goes first makes no difference.
    #[test]
    fn any_two_go_in_any_order(lines in prop::collection::vec(0_usize..9, 2..8), first in 0_usize..3, second in 0_usize..3) {
        const NAMES: [&str; 3] = ["kairos", "angelia", "spelunker"];
        let mut text = String::from("x_port: 1\n\n");
        let mut used = [false; 3];
        for line in lines {
            match line {
                0..=5 if !used[line % 3] => {
                    used[line % 3] = true;
                    let name = NAMES[line % 3];
                    if line >= 3 {
                        text.extend(["# ", name, ", and why\n"]);
                    }
                    text.extend([name, "_syslog_port: 1\n"]);
                }
                6 => text.push_str("# --- ports ---\n"),
                7 => text.push_str("# whatever\n"),
                8 if !text.ends_with("\n\n") => text.push('\n'),
                _ => {}
            }
        }
        // A comment stands above something.
        while let Some(line) = text.trim_end().rfind('\n').filter(|at| text[*at..].starts_with("\n#")) {
            text.truncate(line + 1);
        }
        let without = |text: &str, service: usize| {
            let own = NAMES[service];
            let Some(start) = text.find(&format!("{own}_syslog_port")) else { return text.to_owned() };
            let owner = Owner::new(Style::Hash).called([own]).beside(NAMES);
            let gone = lines::whole_lines(text, Span::new(start, start + own.len() + "_syslog_port: 1".len()), &owner);
            [&text[..gone.start()], &text[gone.end()..]].concat()
        };
        let (one, two) = (without(&without(&text, first), second), without(&without(&text, second), first));
        prop_assert_eq!(one, two, "{}", text);
    }
}
