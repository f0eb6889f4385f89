//! Where variables are used, by shape.

use super::*;

#[test]
fn the_label_whose_values_are_asked_for() {
    for (text, label) in [
        ("label_values(job)", "job"),
        ("label_values({a=\"b\", c=\"d\"}, job )", "job"),
        ("label_names()", ""),
        ("label_values(", ""),
    ] {
        assert_eq!(result_label(text).of(text), label);
    }
}

#[test]
fn values_of_a_list_change_and_what_is_shown_stays() {
    let list = |text: &str| {
        let mut out = text.to_owned();
        for (span, new) in in_list(text, &["kairos".to_owned()], "chronos").into_iter().rev() {
            out.replace_range(span.range(), &new);
        }
        out
    };
    assert_eq!(list("Kairos : kairos,Angelia : angelia"), "Kairos : chronos,Angelia : angelia");
    assert_eq!(list("angelia, kairos ,kairos2"), "angelia, kairos : chronos ,kairos2");
}
