//! Shapes in which a template of an alert reads a label.

use std::sync::Arc;

use super::*;
use crate::syntax::jinja::{Delims, mask};
use crate::text::{Encoding, Source};

fn reads(text: &str, template: bool) -> Vec<Read> {
    let source = Arc::new(Source::new("x", 0o100_644, Vec::new(), text.as_bytes().to_vec()));
    let opaque = if template { mask(text, &Delims::default()).unwrap().opaque() } else { Vec::new() };
    let view = View::scalar(&source, Span::new(0, text.len()), Encoding::Verbatim, &opaque);
    in_alert(&view, &[Rename { old: "job", new: vec!["service"] }])
}

#[track_caller]
fn whose(text: &str, expected: &[Whose]) {
    let found = reads(text, false);
    assert!(found.iter().all(|read| read.span.of(text) == "job"), "{found:?}");
    assert_eq!(found.into_iter().map(|read| read.whose).collect::<Vec<_>>(), expected, "{text}");
}

fn part(name: &str) -> Whose {
    Whose::Part(name.to_owned())
}

#[test]
fn labels_of_the_alert_whatever_the_dollars() {
    for text in [
        "{{ $labels.job }}",
        "{{ $$labels.job }}",
        "{{ .Labels.job }}",
        r#"{{ index $labels "job" }}"#,
        "{{ index .Labels `job` }}",
    ] {
        whose(text, &[Whose::Alert]);
    }
    whose("{{ $labels.job_name }} {{ $mylabels.job }} labels.job {{ .CommonLabels.job }}", &[]);
}

#[test]
fn labels_of_one_part() {
    whose("{{ $values.A.Labels.job }} {{ $labels.job }}", &[part("A"), Whose::Alert]);
    whose(r#"{{ (index $values "B").Labels.job }}"#, &[part("B")]);
    whose(r#"{{ index $values.C.Labels "job" }}"#, &[part("C")]);
    whose("{{ (first $values).Labels.job }}", &[Whose::Unknown]);
}

#[test]
fn blocks_change_what_the_dot_is() {
    whose("{{ with $labels }}{{ .job }}{{ else }}{{ .job }}{{ end }}{{ .job }}", &[Whose::Alert]);
    whose("{{ with $values.A.Labels }}{{ if .job }}{{ .job }}{{ end }}{{ end }}", &[part("A"), part("A")]);
    whose("{{ with $labels.job }}{{ . }}{{ end }}", &[Whose::Alert]);
    whose("{{ if $labels.job }}{{ $labels.job }}{{ end }}", &[Whose::Alert, Whose::Alert]);
    whose(r#"{{ range query "up" }}{{ .Labels.job }}{{ $labels.job }}{{ end }}"#, &[Whose::Unknown, Whose::Alert]);
    whose(r#"{{ range $k, $v := $labels }}{{ if ne $k "job" }}{{ $v }}{{ end }}{{ end }}"#, &[Whose::Unknown]);
}

#[test]
fn literals_a_label_is_compared_with() {
    let compared = |text: &str| {
        let found = reads(text, false).remove(0);
        let words = |spans: &[Span]| spans.iter().map(|span| span.of(text).to_owned()).collect::<Vec<_>>();
        (words(&found.compared), words(&found.beside))
    };
    let none = Vec::<String>::new;
    assert_eq!(compared(r#"{{ if eq $labels.job "kairos" }}x{{ end }}"#), (vec!["kairos".to_owned()], none()));
    assert_eq!(
        compared(r#"{{ if and (eq (index $labels "job") "a" "b") (eq $labels.team "a") }}x{{ end }}"#),
        (vec!["a".to_owned(), "b".to_owned()], vec!["a".to_owned()])
    );
    assert_eq!(compared(r#"{{ if match "kai.*" $labels.job }}x{{ end }}"#), (none(), vec!["kai.*".to_owned()]));
}

#[test]
fn an_action_that_only_prints_the_label_is_known() {
    let text = r#"{{ $labels.job }} {{- index $labels "job" -}} {{ $labels.job | toUpper }}"#;
    let alone: Vec<_> = reads(text, false).iter().map(|read| read.alone.map(|(_, words)| words.of(text))).collect();
    assert_eq!(alone, [Some("$labels.job"), Some(r#"index $labels "job""#), None]);
}

#[test]
fn a_template_prints_the_braces() {
    assert_eq!(reads("{% raw %}{{ $labels.job }}{% endraw %}", true).len(), 1);
    assert_eq!(reads("{{ '{{' }} $labels.job {{ '}}' }}", true).len(), 1);
    assert_eq!(reads("{{ '{{ $labels.job }}' }}", true)[0].whose, Whose::Unknown);
    assert!(reads("{{ labels.job }}", true).is_empty());
}

#[test]
fn what_cannot_be_read_is_unsure() {
    assert_eq!(reads("{{ $labels.job } {{ \"", false)[0].whose, Whose::Unknown);
}

#[test]
fn each_block_knows_the_dot_whatever_its_depth() {
    let text = format!("{{{{ with $values.A.Labels }}}}{}", "{{ if .job }}".repeat(20_000));
    let tags = go_template::actions(&text).unwrap();
    let mut scan = Scan { text: &text, opaque: &[], blocks: vec![Rc::new(Dot::Given)], ranges: false };
    for tag in &tags {
        scan.enter(tag);
    }
    // The map of labels is named once, and every block in it has it at hand.
    assert_eq!(Rc::strong_count(&scan.blocks[1]), 20_001);
    assert_eq!(*scan.dot(&tags[20_000]), Dot::Labels(part("A")));
}

#[test]
fn texts_that_no_person_wrote_are_left_at_one_place() {
    let some = "{{ $labels.job }}".repeat(MOST_PLACES);
    assert_eq!(reads(&some, false).len(), MOST_PLACES);
    whose(&format!("{some}{{{{ .Labels.job }}}}"), &[Whose::Unknown]);
    // As many literals beside as many places would be their square.
    let action = |count: usize| format!("{{{{ or {}}}}}", r#"(eq $labels.job "a") "#.repeat(count));
    let beside: usize = reads(&action(30), false).iter().map(|read| read.beside.len()).sum();
    assert_eq!(beside, 30 * 29);
    let found = reads(&action(MOST_WORDS / 5 + 1), false);
    assert!(found.iter().all(|read| read.whose == Whose::Unknown && read.beside.is_empty()));
    let deep = format!("{{{{ {} eq $labels.job \"a\" {} }}}}", "(".repeat(20_000), ")".repeat(20_000));
    whose(&deep, &[Whose::Unknown]);
}
