//! Where variables are used, by shape.

use super::*;

#[test]
fn references_in_every_form() {
    let count = |text: &str| references(text, "job").len();
    for text in [
        "$job",
        "${job}",
        "${job:regex}",
        "[[job]]",
        "[[job:csv]]",
        "%24job",
        "%24%7Bjob%7D",
        "%5b%5bjob",
        "\\u0024job",
    ] {
        assert_eq!(count(text), 1, "{text}");
    }
    assert_eq!(count("$jobs $my_job job ${job_name} var-job="), 0);
    assert_eq!(count("$job/$job"), 2);
}

#[test]
fn whole_values_of_comparisons_with_job() {
    assert_eq!(as_job(r#"{job="$v", host="$v"} | job=~"${v:pipe}" or job="x$v""#, "v"), 2);
    assert_eq!(as_job(r#"sum(rate({job=~"[[v]]"}[5m])) / sum(rate({a="b"} |= "$v" [5m]))"#, "v"), 1);
    assert_eq!(as_job("no query $v {", "v"), 0);
    assert!(uses_as_job(r#"{job="$v"}"#, "v") && !uses_as_job(r#"{host="$v"}"#, "v"));
}

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
