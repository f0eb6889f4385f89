//! What each kind of world is there for: a text that only that one refutes. Worked out by hand.

use std::collections::BTreeMap;

use super::*;
use crate::topology::Stream;

fn stream(list: &[(&str, &str)]) -> Stream {
    let label = |(name, value): &(&str, &str)| ((*name).to_owned(), Label::of((*value).to_owned()));
    Stream::new(list.iter().map(label).collect(), None)
}

/// kairos moves with two containers; angelia stays on its listener, the journal and redis, which nobody collected, as they are.
fn streams() -> Streams {
    let kairos = |component: &str| {
        stream(&[("service", "kairos"), ("component", component), ("container", "c"), ("hostname", "puck")])
    };
    let listened = |job: &str| stream(&[("job", job), ("hostname", "puck")]);
    let journal = || stream(&[("job", "systemd"), ("unit", "ssh"), ("hostname", "puck")]);
    Streams {
        before: vec![listened("kairos"), listened("angelia"), journal()],
        after: vec![kairos("web"), kairos("worker"), listened("angelia"), journal()],
        image: vec![vec![0, 1], vec![2], vec![3]],
        names: Derives::From(DISCOVERED.map(String::from).to_vec(), None),
        ..Streams::default()
    }
}

fn judge(streams: &Streams, old: &str, new: &str) -> Verdict {
    judge_at(streams, old, new, Contract::Series)
}

fn judge_at(streams: &Streams, old: &str, new: &str, contract: Contract) -> Verdict {
    let values = |name: &str| {
        (name == "app").then(|| Values { list: Some(vec!["kairos".into(), "angelia".into()]), ..Values::default() })
    };
    let after = |_: &str, value: &str| Some(value.to_owned());
    let pair = Pair { old, new, contract, values: &values, after: &after, keeps_history: false, look: Look::Explain };
    Worlds::new(streams, &BTreeMap::new()).judge(&pair)
}

fn holds(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Holds { seen: true, .. })
}

fn refuted(verdict: &Verdict) -> &str {
    match verdict {
        Verdict::Refuted { why } => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_plain_text_holds_and_says_what_labels_are_called() {
    let old = r#"sum by (job) (rate({job="kairos"} |= "error" [5m])) > 10"#;
    let Verdict::Holds { names, seen: true } =
        judge(&streams(), old, r#"sum by (service) (rate({service="kairos"} |= "error" [5m])) > 10"#)
    else {
        panic!("it does not hold")
    };
    assert_eq!(names.renames, BTreeMap::from([("job".to_owned(), BTreeSet::from(["service".to_owned()]))]));
    assert_eq!(names.new, BTreeSet::from(["service".to_owned()]));
}

#[test]
fn a_threshold_hides_nothing() {
    let old = r#"sum(rate({job="kairos"}[5m])) > 1000"#;
    refuted(&judge(&streams(), old, r#"sum(rate({service="kairos", component="web"}[5m])) > 1000"#));
}

#[test]
fn a_job_that_nobody_knows_may_be_anywhere() {
    let old = r#"{job=~"kairos|elsewhere"}"#;
    let why = judge(&streams(), old, r#"{hostname="puck"} | job="elsewhere" or service="kairos""#);
    assert!(refuted(&why).contains("elsewhere"), "{why:?}");
    assert!(holds(&judge(
        &streams(),
        old,
        r#"{job=~"kairos|elsewhere|", service=~"|kairos", service_name=~"kairos|elsewhere"}"#
    )));
}

#[test]
fn a_loki_that_nobody_knows_may_derive_a_name_or_not() {
    let (old, new) = (r#"{job="kairos"}"#, r#"{service_name="kairos"}"#);
    assert!(holds(&judge(&streams(), old, new)));
    let unknown = Streams { names: Derives::Unknown, ..streams() };
    refuted(&judge(&unknown, old, new));
    // Also where the label is only left in the result.
    refuted(&judge_at(
        &unknown,
        r#"rate({job="kairos"}[5m])"#,
        r#"sum by (job, hostname) (label_replace(rate({service="kairos"}[5m]), "job", "kairos", "service", ".+"))"#,
        Contract::Record,
    ));
}

#[test]
fn what_is_silent_hides_nothing() {
    // angelia is on puck as well.
    let values = Contract::Values("hostname".into(), "hostname".into());
    let union = r#"{job=~"kairos|angelia"}"#;
    assert!(refuted(&judge_at(&streams(), union, union, values)).contains("silent"));
    let old = r#"sum(rate({job="kairos"}[5m])) or sum(rate({job="angelia"}[5m]))"#;
    assert!(refuted(&judge(&streams(), old, r#"sum(rate({service="kairos"}[5m]))"#)).contains("silent"));
}

/// Three jobs are three series by `service`, too: kairos, pallas, and all that has none.
#[test]
fn numbers_that_are_alike_by_chance() {
    let mut streams = streams();
    let pallas = || stream(&[("job", "systemd"), ("service", "pallas"), ("hostname", "puck")]);
    streams.before.push(pallas());
    streams.after.push(pallas());
    streams.image.push(vec![4]);
    let old = r#"count(sum by (job) (rate({job=~"kairos|angelia|systemd"}[5m])))"#;
    let by = |name: &str| {
        let guards = r#"job=~"kairos|angelia|systemd|", service=~"|kairos|pallas", service_name=~"kairos|angelia|systemd|pallas""#;
        format!("count(sum by ({name}) (rate({{{guards}}}[5m])))")
    };
    assert!(refuted(&judge(&streams, old, &by("service"))).contains("one other is silent"));
    assert!(holds(&judge(&streams, old, &by("job"))));
}

#[test]
fn who_has_most_to_say_changes() {
    let old = r#"topk(1, label_replace(rate({job=~"kairos|angelia"}[5m]), "job", "", "job", ".*"))"#;
    let new = r#"topk(1, label_replace(rate({hostname="puck"} | job="angelia" or service="kairos" [5m]), "job", "", "job", ".*"))"#;
    refuted(&judge(&Streams { names: Derives::Unknown, ..streams() }, old, new));
}

#[test]
fn lines_that_cannot_be_read_are_there_and_are_not() {
    let old = r#"sum(rate({hostname="puck", job!="kairos"} | json [5m]))"#;
    let new = r#"sum(rate({hostname="puck", job!="kairos"} | service!="kairos" | json [5m]))"#;
    assert!(refuted(&judge(&streams(), old, new)).contains("JSONParserErr"));
    let old = r#"sum by (level) (rate({job="kairos"} | json [5m]))"#;
    refuted(&judge(&streams(), old, r#"sum by (level) (rate({service="kairos", component="web"} | json [5m]))"#));
}

#[test]
fn a_field_may_be_called_like_a_new_label() {
    let old = r#"{job="kairos"} | json | service="auth""#;
    refuted(&judge(&streams(), old, r#"{service="kairos"} | json | service="auth""#));
    assert!(holds(&judge(&streams(), old, r#"{service="kairos"} | json | service_extracted="auth""#)));
}

#[test]
fn a_symbol_may_have_the_value_that_is_asked_for() {
    let mut streams = streams();
    let symbol = |name: &str| Label::of(crate::topology::compose::unresolved(name));
    Arc::make_mut(&mut streams.before[0].labels).insert("site".into(), symbol("a"));
    for index in [0, 1] {
        Arc::make_mut(&mut streams.after[index].labels).insert("site".into(), symbol("a"));
    }
    let (old, new) = (r#"{job="kairos", site="berlin"}"#, r#"{service="kairos", site="berlin"}"#);
    assert!(holds(&judge(&streams, old, new)));
    Arc::make_mut(&mut streams.after[1].labels).insert("site".into(), symbol("b"));
    refuted(&judge(&streams, old, new));
}

#[test]
fn each_value_of_a_variable_is_tried() {
    let old = r#"{job=~"$app"}"#;
    refuted(&judge(&streams(), old, r#"{service=~"$app"}"#));
    assert!(holds(&judge(&streams(), old, r#"{service_name=~"$app"}"#)));
    // However long its list is.
    let values = |_: &str| {
        let list = ["a", "b", "c", "d", "e", "f", "kairos"].map(String::from).to_vec();
        Some(Values { list: Some(list), ..Values::default() })
    };
    let after = |_: &str, value: &str| Some(value.to_owned());
    let pair = Pair {
        old,
        new: old,
        contract: Contract::Series,
        values: &values,
        after: &after,
        keeps_history: false,
        look: Look::Explain,
    };
    refuted(&Worlds::new(&streams(), &BTreeMap::new()).judge(&pair));
    // Of a variable that nobody knows, anything.
    refuted(&judge(&streams(), r#"{job=~"$other"}"#, r#"{service_name=~"$other", hostname="puck", unit=""}"#));
    let filter = judge(&streams(), r#"{job="kairos", $filter}"#, r#"{service="kairos", $filter}"#);
    assert!(matches!(filter, Verdict::Unable { .. }), "{filter:?}");
}

#[test]
fn what_moves_later_may_not_come_in() {
    let mut streams = streams();
    let later = stream(&[("service", "angelia"), ("component", "web"), ("container", "c"), ("hostname", "puck")]);
    streams.later.push(crate::topology::later::Later { stream: later, of: vec![1] });
    let why = judge(&streams, r#"{job="kairos"}"#, r#"{component=~"web|worker", hostname="puck"}"#);
    assert!(refuted(&why).contains("angelia"), "{why:?}");
    assert!(holds(&judge(&streams, r#"{job="kairos"}"#, r#"{service="kairos"}"#)));
}

#[test]
fn a_recorded_metric_keeps_every_label() {
    let old = r#"sum by (job) (rate({job="kairos"}[5m]))"#;
    let by_service = r#"sum by (service) (rate({service="kairos"}[5m]))"#;
    assert!(holds(&judge(&streams(), old, by_service)));
    refuted(&judge_at(&streams(), old, by_service, Contract::Record));
    let restored = r#"sum by (job) (label_replace(rate({service="kairos"}[5m]), "job", "kairos", "service", ".+"))"#;
    assert!(holds(&judge_at(&streams(), old, restored, Contract::Record)));
}

#[test]
fn copies_speak_for_a_query_that_does_not_mean_the_service() {
    let mut streams = streams();
    streams.copies.extend([3, 4]);
    streams.before.extend([streams.after[0].clone(), streams.after[1].clone()]);
    streams.image.extend([vec![0], vec![1]]);
    let stays = |text: &str| judge(&streams, text, text);
    assert!(holds(&stays(r#"{hostname="puck", service="kairos"}"#)));
    assert!(holds(&stays(r#"{hostname="puck", job=""}"#)));
    refuted(&stays(r#"{hostname="puck", job!="kairos"}"#));
}

/// Another container of the project, among many that a query treats alike.
#[test]
fn what_has_a_label_of_what_moves_is_not_forgotten_among_many() {
    let mut streams = streams();
    for service in ["athena", "gitea", "loki", "neo4j", "searxng", "kairos"] {
        let docker = stream(&[("service", service), ("component", "db"), ("container", "x"), ("hostname", "puck")]);
        streams.image.push(vec![streams.after.len()]);
        streams.before.push(docker.clone());
        streams.after.push(docker);
    }
    let old = r#"sum by (job) (rate({hostname="puck"}[5m]))"#;
    let restored = r#"sum by (job) (label_replace(rate({hostname="puck"}[5m]), "job", "kairos", "service", "kairos"))"#;
    assert!(refuted(&judge(&streams, old, restored)).contains("db"));
}

/// What the Docker socket brings of others is in no answer of today.
#[test]
fn what_comes_with_the_socket_is_left_out_or_refutes() {
    let mut streams = streams();
    let docker = stream(&[("service", "angelia"), ("component", "app"), ("container", "x"), ("hostname", "puck")]);
    streams.brought.insert(streams.before.len());
    streams.image.push(vec![streams.after.len()]);
    streams.before.push(docker.clone());
    streams.after.push(docker);
    let old = r#"sum by (job) (rate({hostname="puck"} |= "error" [5m])) > 1"#;
    let restored = |guard: &str| {
        format!(
            r#"sum by (job) (label_replace(rate({{hostname="puck"{guard}}} |= "error" [5m]), "job", "kairos", "service", "kairos")) > 1"#
        )
    };
    refuted(&judge(&streams, old, &restored("")));
    assert!(holds(&judge(&streams, old, &restored(r#", service=~"|kairos""#))));
    assert!(holds(&judge(&streams, r#"{hostname="puck"}"#, r#"{hostname="puck"}"#)));
}

/// Containers whose names nobody knows are not called alike.
#[test]
fn each_container_has_a_name_of_its_own() {
    let mut streams = streams();
    for stream in streams.after.iter_mut().take(2) {
        Arc::make_mut(&mut stream.labels).insert("container".to_owned(), Label::Unknown);
    }
    let by = |text: &str| judge(&streams, r#"sum by (container) (count_over_time({job="kairos"}[1m]))"#, text);
    refuted(&by(r#"sum by (container) (count_over_time({service="kairos"}[1m]))"#));
    assert!(holds(&by(r#"sum by (level) (count_over_time({service="kairos"}[1m]))"#)));
}

#[test]
fn a_list_of_names_is_that_of_all_streams() {
    let mut streams = streams();
    // Docker keeps the lines of a project that never had a job, and of many that have one.
    for name in ["gitea", "a", "b", "c", "d", "e"] {
        let copy = stream(&[("service", name), ("component", "web"), ("hostname", "puck")]);
        streams.image.push(vec![streams.after.len()]);
        streams.before.push(copy.clone());
        streams.after.push(copy);
        if name != "gitea" {
            let job = stream(&[("job", name), ("hostname", "puck")]);
            streams.image.push(vec![streams.after.len()]);
            streams.before.push(job.clone());
            streams.after.push(job);
        }
    }
    let names = || Contract::Values("job".into(), "service_name".into());
    let all = r#"{job=~".+"}"#;
    let lists = |new: &str| judge_at(&streams, all, new, names());
    assert!(holds(&lists(r#"{service_name=~".+", service=~"|kairos"}"#)));
    refuted(&lists(r#"{service_name=~".+"}"#));
    refuted(&lists(r#"{service_name=~".+", service=""}"#));
    // The last of the jobs is not forgotten.
    refuted(&lists(r#"{service_name=~".+", service=~"|kairos", job!="e"}"#));
}

#[test]
fn one_value_at_a_time_stays_one() {
    let old = r#"{job="$app"}"#;
    assert!(holds(&judge(&streams(), old, r#"{job=~"$app|", service=~"|kairos", service_name=~"$app"}"#)));
    // Where a pattern stands, several may be chosen.
    refuted(&judge(&streams(), r#"{job=~"$app"}"#, r#"{service_name="$app"}"#));
}

#[test]
fn what_is_chosen_is_no_job_of_the_past() {
    let mut streams = streams();
    let athena = stream(&[("service", "athena"), ("component", "web"), ("hostname", "puck")]);
    streams.image.push(vec![streams.after.len()]);
    streams.before.push(athena.clone());
    streams.after.push(athena);
    let formers = [("athena".to_owned(), vec![4])].into();
    let values = |_: &str| Some(Values { all: Some(".+".into()), ..Values::default() });
    let after = |_: &str, value: &str| Some(value.to_owned());
    let judge = |old: &str, new: &str| {
        let contract = Contract::Series;
        let pair =
            Pair { old, new, contract, values: &values, after: &after, keeps_history: false, look: Look::Explain };
        Worlds::new(&streams, &formers).judge(&pair)
    };
    let guards = r#"service=~"|kairos", service_name!="unknown_service""#;
    // All that can be chosen today, and no more.
    assert!(holds(&judge(r#"{job=~"$v"}"#, &format!(r#"{{service_name=~"$v", {guards}}}"#))));
    // Who wrote a pattern that fits some meant athena, too, before it moved; who asks for any job lost nobody by name.
    refuted(&judge(r#"{job=~"kai.*|ath.*"}"#, &format!(r#"{{service_name=~"kai.*|ath.*", {guards}}}"#)));
    assert!(holds(&judge(r#"{job=~".+"}"#, &format!(r#"{{service_name=~".+", {guards}}}"#))));
}
