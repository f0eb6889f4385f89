use proptest::prelude::*;

use super::*;

fn masked_text(text: &str) -> String {
    mask(text, &Delims::default()).unwrap().text().to_owned()
}

fn at(text: &str, part: &str) -> Span {
    let start = text.find(part).unwrap();
    Span::new(start, start + part.len())
}

#[test]
fn expressions_become_words_and_the_rest_blanks() {
    assert_eq!(masked_text("a: {{ b }}:{{c}}\n"), "a: QQQQQQQ:QQQQQ\n");
    assert_eq!(masked_text("{% if x %}\r\na: 1\r\n{%- endif +%}\r\n"), "          \r\na: 1\r\n             \r\n");
    assert_eq!(masked_text("{# é\n {{ x }} #}a"), "     \n           a");
    assert_eq!(masked_text("{{ '}}' ~ \"\\\"}}\" }}x"), "QQQQQQQQQQQQQQQQQQQx");
    assert_eq!(masked_text("{{ {'a': {'b': 1}} }}x"), "QQQQQQQQQQQQQQQQQQQQQx");
    assert_eq!(masked_text("{% set a = '%}' %}x"), "                  x");
    assert_eq!(masked_text("{ x } {.y}"), "{ x } {.y}");
}

#[test]
fn raw_text_stays() {
    assert_eq!(
        masked_text("{% raw %}{{.ID}} {% if %}{#{%- endraw -%}{{ a }}"),
        "         {{.ID}} {% if %}{#              QQQQQQQ"
    );
}

#[test]
fn the_first_line_sets_other_marks_and_goes_blank() {
    let text =
        "#jinja2: lstrip_blocks: True, variable_start_string: '[[', variable_end_string: ']]'\na: [[ b ]] {{ c }}\n";
    let mask = mask(text, &Delims::default()).unwrap();
    let (first, rest) = mask.text().split_once('\n').unwrap();
    assert!(first.bytes().all(|byte| byte == b' '));
    assert_eq!(rest, "a: QQQQQQQ {{ c }}\n");
    assert_eq!(
        masked_text("\n#jinja2: variable_start_string: '['\n{{ c }}"),
        "\n#jinja2: variable_start_string: '['\nQQQQQQQ"
    );
}

#[test]
fn what_does_not_balance_is_named() {
    let error = |text: &str| {
        let error = mask(text, &Delims::default()).unwrap_err();
        error.span.of(text).to_owned()
    };
    assert_eq!(error("a {{ b"), "{{");
    assert_eq!(error("{% if a %}{% for b in c %}{% endif %}"), "{% endif %}");
    assert_eq!(error("{% if a %}x"), "{% if a %}");
    assert_eq!(error("x{% else %}"), "{% else %}");
    assert_eq!(error("{% raw %}{% endif %}"), "{% raw %}");
    assert_eq!(error("{% endfor %}"), "{% endfor %}");
    assert_eq!(error("{{ 'a }}"), "{{");
}

#[test]
fn blocks_have_arms() {
    let text = "{% if a %}1{% elif b %}2{% for x in y %}3{% else %}4{% endfor %}{% else %}5{% endif %}";
    let mask = mask(text, &Delims::default()).unwrap();
    let blocks = mask.blocks();
    assert_eq!(blocks.len(), 2);
    assert_eq!(blocks[0].bodies.len(), 3);
    assert_eq!(blocks[1].parent, Some(0));
    assert_eq!(blocks[1].bodies.iter().map(|body| body.of(text)).collect::<Vec<_>>(), ["3", "4"]);
    let arms = |part| mask.arms_at(at(text, part).start()).iter().map(|arm| (arm.block, arm.body)).collect::<Vec<_>>();
    assert_eq!(arms("1"), [(0, 0)]);
    assert_eq!(arms("4"), [(0, 1), (1, 1)]);
    assert_eq!(arms("5"), [(0, 2)]);
    assert_eq!(arms("{% elif"), []);
}

#[test]
fn set_is_a_block_only_without_a_value() {
    let text = "{% set a = b == c %}{% set d %}x{% endset %}{% set e | upper %}y{% endset %}{% set f=1 %}";
    assert_eq!(mask(text, &Delims::default()).unwrap().blocks().len(), 2);
    assert!(mask("{% set d = x(a=1) %}", &Delims::default()).unwrap().blocks().is_empty());
}

#[test]
fn says_what_a_removal_would_cut() {
    let text = "a\n{% if x %}\nb {{ c }}\n{% else %}\nd\n{% endif %}\ne\n";
    let mask = mask(text, &Delims::default()).unwrap();
    assert_eq!(mask.cuts(at(text, "b {{ c }}")), None);
    assert_eq!(mask.cuts(at(text, "{{ c")), Some(Cut::Tag(1)));
    assert_eq!(mask.cuts(at(text, "a\n{% if x %}")), Some(Cut::Block(0)));
    assert_eq!(mask.cuts(at(text, "{% else %}")), Some(Cut::Block(0)));
    assert_eq!(mask.cuts(at(text, "b {{ c }}\n{% else %}\nd")), Some(Cut::Block(0)));
    assert_eq!(mask.cuts(at(text, "{% endif %}\ne")), Some(Cut::Block(0)));
    assert_eq!(mask.cuts(Span::new(0, text.len())), None);
    assert_eq!(mask.cuts(at(text, "e\n")), None);
}

#[test]
fn a_block_around_one_value_goes_with_it() {
    let text = "{% if a %}\n{# why #}\n{% if b %}\n  logging: x\n{% endif %}\n{% endif %}\n{% if c %}\n  y: 1\n  z: 2\n{% endif %}";
    let mask = mask(text, &Delims::default()).unwrap();
    let found = mask.wrapping(at(text, "logging: x")).unwrap();
    assert_eq!(found.span, Span::new(0, text.find("\n{% if c").unwrap()));
    assert_eq!(mask.wrapping(at(text, "y: 1")), None);
    let arms = "{% if a %}\nx: 1\n{% else %}\ny: 1\n{% endif %}";
    assert_eq!(super::mask(arms, &Delims::default()).unwrap().wrapping(at(arms, "x: 1")), None);
}

fn nearly_jinja() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "{{ x }}",
        "{{",
        "}}",
        "{% if a %}",
        "{% else %}",
        "{% endif %}",
        "{% raw %}",
        "{%- endraw -%}",
        "{# c #}",
        "'",
        "\"",
        "\\",
        "é",
        "\n",
        "\r\n",
        "{% set a = 1 %}",
        "{% for a in b %}",
        "{% endfor %}",
        "(",
        "]",
        "#jinja2: a: b\n",
        "-",
        "%}",
    ]);
    prop::collection::vec(part, 0..14).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn a_mask_has_the_length_and_lines_of_its_text(text in nearly_jinja(), start in 0..80_usize, length in 0..80_usize) {
        if let Ok(mask) = mask(&text, &Delims::default()) {
            prop_assert_eq!(mask.text().len(), text.len());
            for (index, _) in text.char_indices() {
                prop_assert!(mask.text().is_char_boundary(index));
            }
            for block in mask.blocks() {
                prop_assert!(block.bodies.iter().all(|body| block.span.contains(*body)));
                prop_assert!(block.parent.is_none_or(|up| mask.blocks()[up].bodies.iter().any(|body| body.contains(block.span))));
                prop_assert_eq!(mask.cuts(block.span), None);
            }
            let span = Span::new(start, start + length);
            let _ = (mask.cuts(span), mask.wrapping(span), mask.arms_at(start).len());
        }
    }

    #[test]
    fn never_panics(text in any::<String>()) {
        let _ = mask(&text, &Delims::default());
    }
}
