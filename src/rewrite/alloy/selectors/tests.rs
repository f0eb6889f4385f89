//! A table of selectors against one set of streams.

use std::collections::BTreeMap;

use super::*;
use crate::topology::{Label, Stream};

fn stream(pairs: &[(&str, &str)]) -> Stream {
    let label = |value: &str| if value == "?" { Label::Unknown } else { Label::Known(value.to_owned()) };
    let labels: BTreeMap<String, Label> =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), label(value))).collect();
    Stream::new(labels, None)
}

/// kairos leaves its listener; angelia stays on its own, athena is read from the socket.
fn streams(sibling: bool) -> Streams {
    let angelia = stream(&[("job", "angelia"), ("hostname", "h")]);
    let athena = stream(&[("service", "athena"), ("component", "web"), ("hostname", "h")]);
    let redis = stream(&[("service", "kairos"), ("component", "redis"), ("hostname", "h")]);
    let kairos = stream(&[("service", "kairos"), ("component", "web"), ("hostname", "h")]);
    let mut out = Streams::default();
    out.before.extend([stream(&[("job", "kairos"), ("hostname", "h")]), angelia.clone(), athena.clone()]);
    out.after.extend([kairos, angelia, athena]);
    out.image.extend([vec![0], vec![1], vec![2]]);
    if sibling {
        out.before.push(redis.clone());
        out.after.push(redis);
        out.image.push(vec![3]);
    }
    out
}

fn fate(text: &str, sibling: bool) -> String {
    let at = Place::new(&Arc::new(crate::text::Source::new("x", 0o100_644, Vec::new(), Vec::new())), Span::at(0));
    let moved = Move {
        service: "kairos".into(),
        host: "h".into(),
        short_host: "h".into(),
        project: "kairos".into(),
        project_at: at,
        components: vec!["web".into()],
        siblings: if sibling { vec!["redis".into()] } else { Vec::new() },
        jobs: vec!["kairos".into()],
        listeners: Vec::new(),
        streams: Streams::default(),
        bridge: crate::topology::Bridge::Auto,
        alert_labels: crate::topology::AlertLabels::Auto,
        keep_history: false,
        former: BTreeMap::new(),
        project_given: false,
        host_index: 0,
        deployment: 0,
        going: Vec::new(),
        staying: Vec::new(),
    };
    match rewrite_selector(text, &streams(sibling), &moved) {
        Fate::Stays => text.to_owned(),
        Fate::Becomes { span, new, .. } => {
            let mut out = text.to_owned();
            out.replace_range(span.range(), &new);
            out
        }
        Fate::Unsure(_) => "?".to_owned(),
    }
}

#[test]
fn selectors_follow_the_streams() {
    for (old, new) in [
        (r#"{job="kairos"}"#, r#"{service="kairos"}"#),
        (r#"{hostname="h", job="kairos"} |= "x""#, r#"{hostname="h", service="kairos"} |= "x""#),
        (r#"{job=~"kairos"}"#, r#"{service="kairos"}"#),
        (r#"{job=~"kai.*"}"#, r#"{service="kairos"}"#),
        (r#"{job!="kairos"}"#, r#"{job!="kairos", service!="kairos"}"#),
        (r#"{job!~"kairos|angelia"} != "y""#, r#"{job!~"kairos|angelia", service!="kairos"} != "y""#),
        (r#"{job!~"a|kairos|z", service!="a"}"#, r#"{job!~"a|kairos|z", service!="a", service!="kairos"}"#),
        (r#"{job!~"a|kairos|z", service!="z"}"#, r#"{job!~"a|kairos|z", service!="kairos", service!="z"}"#),
        // Nothing that moves is told apart.
        ("{}", "{}"),
        (r#"{hostname="h"}"#, r#"{hostname="h"}"#),
        (r#"{job="angelia"}"#, r#"{job="angelia"}"#),
        (r#"{job!="angelia"}"#, r#"{job!="angelia"}"#),
        (r#"{service="athena"}"#, r#"{service="athena"}"#),
        // No selector of this language says the same.
        (r#"{job=~"kairos|angelia"}"#, "?"),
        (r#"{job=~"kairos|ghost"}"#, "?"),
        (r#"{job=~".+"}"#, "?"),
        (r#"{service="kairos"}"#, "?"),
        (r#"{job="kairos", job!=""}"#, "?"),
        (r#"{job="{{ name }}"}"#, "?"),
        (r#"{job="kairos"} | json"#, "?"),
    ] {
        assert_eq!(fate(old, false), new, "{old}");
    }
    assert_eq!(fate(r#"{job="kairos"}"#, true), r#"{service="kairos", component="web"}"#);
    assert_eq!(fate(r#"{job!="kairos"}"#, true), "?", "redis of the same project would be left out, too");
}
