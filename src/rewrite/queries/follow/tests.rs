//! Where labels are read, by shape.

use std::sync::Arc;

use super::*;
use crate::syntax::jinja::{Delims, mask};
use crate::text::{Encoding, Source};

fn rename(old: &'static str, new: &[&'static str]) -> Vec<Rename> {
    vec![Rename { old, new: new.to_vec() }]
}

fn view(text: &str, template: bool) -> View {
    let source = Arc::new(Source::new("x", 0o100_644, Vec::new(), text.as_bytes().to_vec()));
    let opaque = if template { mask(text, &Delims::default()).unwrap().opaque() } else { Vec::new() };
    View::scalar(&source, Span::new(0, text.len()), Encoding::Verbatim, &opaque)
}

/// The text with all places replaced; `?` where nothing can be written.
fn done(text: &str, found: &[Follower]) -> String {
    let mut out = text.to_owned();
    for one in found.iter().rev() {
        out.replace_range(one.span.range(), one.new.as_deref().unwrap_or("?"));
    }
    out
}

fn legend(text: &str, template: bool, renames: &[Rename]) -> String {
    done(text, &in_legend(&view(text, template), renames, true))
}

#[test]
fn legends_name_the_label_between_double_braces_only() {
    let one = rename("job", &["service"]);
    assert_eq!(
        legend("{{job}} {{ job }} {{job_name}} job {{hostname}} {{job", false, &one),
        "{{service}} {{ service }} {{job_name}} job {{hostname}} {{job"
    );
    assert_eq!(legend("job", false, &one), "job");
    assert_eq!(legend("{{service}}", false, &rename("service", &["service_extracted"])), "{{service_extracted}}");
}

#[test]
fn a_series_with_one_of_several_labels_gets_a_place_for_each() {
    let both = rename("job", &["job", "service"]);
    assert_eq!(legend("{{job}} on {{hostname}}", false, &both), "{{job}}{{service}} on {{hostname}}");
    assert_eq!(legend("{{ job }}", false, &rename("job", &["a", "b"])), "{{ a }}{{ b }}");
    let found = in_legend(&view("{{job}}", false), &both, false);
    assert_eq!(done("{{job}}", &found), "{{?}}");
}

#[test]
fn a_template_prints_the_braces_of_a_legend() {
    let one = rename("job", &["service"]);
    let both = rename("job", &["job", "service"]);
    assert_eq!(legend("{% raw %}{{job}}{% endraw %}", true, &one), "{% raw %}{{service}}{% endraw %}");
    assert_eq!(legend("{% raw %}{{job}}{% endraw %}", true, &both), "{% raw %}{{job}}{{service}}{% endraw %}");
    let escaped = "{{ '{{' }}job{{ '}}' }} x";
    assert_eq!(legend(escaped, true, &one), "{{ '{{' }}service{{ '}}' }} x");
    assert_eq!(legend(escaped, true, &both), "{{ '{{' }}job{{ '}}' }}{{ '{{' }}service{{ '}}' }} x");
    // The template's own variable, and an action no edit can reach into.
    assert_eq!(legend("{{ job }}", true, &one), "{{ job }}");
    assert_eq!(legend("{{ '{{job}}' }}", true, &one), "?");
}

#[test]
fn keys_are_whole_words_of_a_list() {
    let text = "env, job,jobs";
    assert_eq!(done(text, &in_keys(text, &rename("job", &["service"]))), "env, service,jobs");
    assert_eq!(done(text, &in_keys(text, &rename("job", &["job", "service"]))), "env, job,service,jobs");
}
