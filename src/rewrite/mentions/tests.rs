//! Spellings by hand, as people write them.

use super::*;
use crate::finding::Trust;
use crate::topology::Streams;

fn jobs() -> Vec<String> {
    vec!["kairos".to_owned()]
}

fn moved(project: &str) -> Move {
    let source = Arc::new(Source::new("deploy.yml", 0o100_644, Vec::new(), b"x".to_vec()));
    Move {
        service: "kairos".into(),
        host: "puck.incus".into(),
        short_host: "puck".into(),
        project: project.into(),
        project_at: Place::new(&source, Span::new(0, 1)),
        components: vec!["app".into()],
        siblings: Vec::new(),
        jobs: jobs(),
        listeners: Vec::new(),
        streams: Streams::default(),
        bridge: crate::topology::Bridge::Auto,
        alert_labels: crate::topology::AlertLabels::Auto,
        keep_history: false,
        former: std::collections::BTreeMap::new(),
        project_given: false,
        host_index: 0,
        deployment: 0,
        going: Vec::new(),
        staying: Vec::new(),
    }
}

fn in_file(source: &Arc<Source>, handled: &[Span], components: &[&str], moved: &Move) -> Vec<Finding> {
    let named = crate::topology::named::of(source).unwrap_or_default();
    rewrite((source, &named), &|| handled.to_vec(), (components, &Others::default()), moved)
}

fn found(path: &str, text: &str) -> Vec<(String, Option<String>, &'static str)> {
    let source = Arc::new(Source::new(path, 0o100_644, Vec::new(), text.as_bytes().to_vec()));
    in_file(&source, &[], &[], &moved("kairos2"))
        .into_iter()
        .map(|one| (one.at.unwrap().text().to_owned(), one.proposed, one.rule))
        .collect()
}

#[test]
fn every_spelling_is_found_with_its_value() {
    for (text, value) in [
        (r#"{job="kairos"}"#, "kairos"),
        (r#"{job=\"kairos\"}"#, "kairos"),
        ("job=kairos", "kairos"),
        ("job: kairos", "kairos"),
        ("match: {job: 'kairos'}", "kairos"),
        (r#"- [job, "=", kairos]"#, "kairos"),
        (r#"["job", "=", "kairos"]"#, "kairos"),
        (r#"job=~"kairos|angelia""#, "kairos|angelia"),
        (r#"job=~"angelia|kairos""#, "angelia|kairos"),
        (r#"job!="kairos""#, "kairos"),
        ("query=%7Bjob%3D%22kairos%22%7D", "kairos"),
        ("left=%7Bjob%3D%5C%22kairos%5C%22%7D", "kairos"),
        (r#"{job\u003d\"kairos\"}"#, "kairos"),
        ("{name: job, value: kairos, matchType: \"=\"}", "kairos"),
        ("see `job=kairos`.", "kairos"),
        (r#"\njob="kairos""#, "kairos"),
    ] {
        let found = find(text, &jobs());
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!(found[0].value.of(text), value, "{text}");
        assert_eq!(found[0].label.of(text), "job", "{text}");
    }
}

#[test]
fn other_labels_and_other_values_are_not() {
    for text in [
        r#"scrape_job="kairos""#,
        "job_name: kairos",
        r#"job="kairos2""#,
        r#"job="my-kairos""#,
        "the job kairos does",
        "jobs: kairos",
        r#"xjob="kairos""#,
        "job:\n  name: kairos",
    ] {
        assert_eq!(find(text, &jobs()), [], "{text}");
    }
}

#[test]
fn trap_19_an_explore_link() {
    let link = "https://g/explore?left=%7B%22expr%22:%22%7Bjob%3D%5C%22kairos%5C%22%7D%22%7D";
    assert_eq!(
        found("d.json", link),
        [("job%3D%5C%22kairos%5C%22".into(), Some("service%3D%5C%22kairos2%5C%22".into()), "mentions/link")]
    );
}

#[test]
fn trap_22_and_routes() {
    assert_eq!(
        found("alertmanager/alertmanager.yml", "matchers: ['job=\"kairos\"']\n"),
        [("job=\"kairos\"".into(), None, "mentions/route")]
    );
    let text =
        "inhibit_rules:\n  - equal: [alertname, job]\n  - equal:\n      - job_name\n      - job\n    other: job\n";
    let source = Arc::new(Source::new("alertmanager.yml", 0o100_644, Vec::new(), text.as_bytes().to_vec()));
    assert_eq!(in_file(&source, &[], &[], &moved("kairos")).len(), 2);
    let lists = crate::topology::named::of(&source).unwrap().lists;
    assert_eq!(lists, [(Span::new(38, 41), List::Shared), (Span::new(79, 82), List::Shared)]);
}

#[test]
fn trap_23_retention() {
    assert_eq!(
        found("loki.yml", "retention_stream:\n  - selector: '{job=\"kairos\"}'\n    period: 2160h\n")[0].2,
        "mentions/setting"
    );
}

#[test]
fn history_and_what_others_answer_for_is_left() {
    assert!(found("CHANGELOG.md", "job=kairos").is_empty());
    assert!(found("docs/adr/0001-logs.md", "job=kairos").is_empty());
    let source = Arc::new(Source::new("d.md", 0o100_644, Vec::new(), b"job=kairos job=kairos".to_vec()));
    let left = in_file(&source, &[Span::new(0, 10)], &[], &moved("kairos"));
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].at.as_ref().unwrap().span, Span::new(11, 21));
}

#[test]
fn every_sentence_is_used() {
    let text = include_str!("../../../rewrites/mentions/rule.yaml");
    let rule: rule::Rule = serde_yaml::from_str(text).unwrap();
    let ids: Vec<&str> = rule.sentences.keys().map(String::as_str).collect();
    let used = [
        "component",
        "demanded",
        "documentation",
        "equal",
        "filled-in",
        "generated",
        "link",
        "more",
        "other",
        "route",
        "setting",
        "template",
        "told",
        "variable",
    ];
    assert_eq!(ids, used);
    for name in ["x.md", "x.sh"] {
        assert!(found(name, "job=kairos").iter().all(|(_, _, id)| rule::say(id, &[]) != *id));
    }
}

#[test]
fn templates_of_notifications_and_metrics_of_a_component() {
    let rules = |path: &str, text: &str| {
        let source = Arc::new(Source::new(path, 0o100_644, Vec::new(), text.as_bytes().to_vec()));
        let found = in_file(&source, &[], &["loki.source.syslog.kairos"], &moved("kairos"));
        found.iter().map(|one| (one.rule, one.at.as_ref().unwrap().text().to_owned())).collect::<Vec<_>>()
    };
    let job = || vec![("mentions/template", "job".to_owned())];
    assert_eq!(rules("mail.tmpl", "{{ range .Alerts }}{{ .Labels.job }}{{ end }}"), job());
    assert_eq!(rules("points.yml", "message: '{{ .CommonLabels.job }}'"), job());
    assert_eq!(rules("rules.yml", "summary: '{{ .Labels.job }}'"), []);
    assert_eq!(rules("mail.tmpl", "{{ .Labels.job_name }}"), []);
    let metric = |name: &str| format!("expr: absent(x{{component_id=\"{name}\"}})");
    let found = rules("rules.yml", &metric("loki.source.syslog.kairos"));
    assert_eq!(found, [("mentions/component", "loki.source.syslog.kairos".to_owned())]);
    assert_eq!(rules("rules.yml", &metric("loki.source.syslog.kairos_api")), []);
    assert_eq!(rules("notes.md", "loki.source.syslog.kairos goes"), []);
}

/// The proposed texts for all places of a file.
fn proposals(path: &str, text: &str, moved: &Move) -> Vec<Option<String>> {
    let source = Arc::new(Source::new(path, 0o100_644, Vec::new(), text.as_bytes().to_vec()));
    in_file(&source, &[], &[], moved).into_iter().map(|one| one.proposed).collect()
}

#[test]
fn a_text_is_proposed_where_another_label_alone_says_the_same() {
    let to = |text: &str| vec![Some(text.to_owned())];
    for (path, text, new) in [
        ("x.sh", r#"logcli query '{job="kairos"} |= "x"'"#, r#"service="kairos""#),
        ("x.sh", r#"curl "$l?query=%7Bjob%3D%22kairos%22%7D""#, "service%3D%22kairos%22"),
        ("x.py", r#"q = '{environment="x", job="kairos"}'"#, r#"service="kairos""#),
        ("x.md", "Ask for `{job=~\"kairos\"}`.", r#"service=~"kairos""#),
    ] {
        assert_eq!(proposals(path, text, &moved("kairos")), to(new), "{text}");
    }
    for (path, text) in [
        ("x.py", r#"def query(job="kairos"):"#),
        ("x.py", r#"q = 'up{job="kairos"}'"#),
        ("x.sh", r#"amtool silence add job="kairos""#),
        ("x.sh", r#"q='{job!="kairos"}'"#),
        ("x.sh", r#"q='{job=~"kairos|angelia"}'"#),
        ("x.sh", r#"q='sum by (job) (rate({job="kairos"}[5m]))'"#),
        ("x.yml", "labels: {job: kairos}"),
        ("x.md", "```alloy\nlistener {\n  labels = {\n    job = \"kairos\",\n  }\n}\n```\n"),
        ("x.md", "```alloy\nlabels = {job = \"kairos\"}\n```\n"),
        ("x.md", "```logql\n# labels of the old kind\n{job=\"kairos\"}\n```\n"),
        ("x.md", "While it is on syslog, ask for `{job=\"kairos\"}`.\n"),
        ("x.md", "| `job=\"kairos\"` | 51431 |"),
    ] {
        assert_eq!(proposals(path, text, &moved("kairos")), [None], "{text}");
    }
    // The project has other containers, or another host goes on to send under this job.
    let text = r#"q='{job="kairos"}'"#;
    let siblings = Move { siblings: vec!["redis".into()], ..moved("kairos") };
    assert_eq!(proposals("x.sh", text, &siblings), [None]);
    let mut elsewhere = moved("kairos");
    let labels = [("job".to_owned(), Label::Known("kairos".to_owned()))];
    elsewhere.streams.after.push(crate::topology::Stream::new(labels.into(), None));
    assert_eq!(proposals("x.sh", text, &elsewhere), [None]);
}

#[test]
fn what_somebody_types_is_one_place_without_a_text() {
    let text = "svc=\"${1:-kairos}\"\nlogcli query \"{job=\\\"${svc}\\\"}\"\n";
    let source = Arc::new(Source::new("logs.sh", 0o100_644, Vec::new(), text.as_bytes().to_vec()));
    let found = in_file(&source, &[], &[], &moved("kairos"));
    let told: Vec<_> = found.iter().map(|one| (one.rule, one.proposed.as_deref(), one.trust())).collect();
    assert_eq!(told, [("mentions/filled-in", None, None)]);
}

#[test]
fn links_that_give_a_variable_the_job_are_found() {
    let text = "/d/logs?var-job=kairos /d/logs?var-job=angelia /d/x?var-app=kairos";
    let source = Arc::new(Source::new("x.yml", 0o100_644, Vec::new(), text.as_bytes().to_vec()));
    let named = crate::topology::named::of(&source).unwrap();
    let found = links(&source, &named, &["job"], &moved("kairos"));
    let places: Vec<_> = found.iter().map(|one| one.at.as_ref().unwrap().text()).collect();
    assert_eq!(places, ["job=kairos"]);
}

#[test]
fn a_document_loses_the_name_from_a_list_and_a_row_of_its_own() {
    let others = Others { settled: Vec::new(), staying: vec!["angelia".into(), "spelunker".into()] };
    let one = |text: &str| {
        let source = Arc::new(Source::new("logs.md", 0o100_644, Vec::new(), text.as_bytes().to_vec()));
        let named = crate::topology::named::of(&source).unwrap_or_default();
        let moved = moved("kairos");
        let mut found = rewrite((&source, &named), &Vec::new, (&[], &others), &moved);
        found.extend(told([&source].into_iter(), |_| Some(&named), &others, &moved));
        let trust = found.iter().map(|one| (one.rule, one.trust())).collect::<Vec<_>>();
        let [Finding { at: Some(at), proposed: Some(new), .. }] = &found[..] else { panic!("{found:?}") };
        (format!("{}{new}{}", &text[..at.span.start()], &text[at.span.end()..]), trust[0])
    };
    let table = "# Where logs come from\n\n| host | listeners for |\n|---|---|\n";
    let (list, without) = ("| `puck` | angelia, Kairos, spelunker |\n", "| `puck` | angelia, spelunker |\n");
    assert_eq!(one(&format!("{table}{list}")), (format!("{table}{without}"), ("mentions/told", Some(Trust::Safe))));
    for (row, rule) in [
        ("| puck | Kairos | 51431 |\n", "mentions/told"),
        ("| puck | Kairos | `job=\"kairos\"` | 51431 |\n", "mentions/documentation"),
    ] {
        assert_eq!(one(&format!("{table}{row}{list}").replace(", Kairos", "")).1.0, rule);
        assert_eq!(one(&format!("{table}{row}")), (table.to_owned(), (rule, Some(Trust::ToCheck))));
    }
}
