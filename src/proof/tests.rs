//! Streams by hand, verdicts worked out by hand.

use super::*;
use crate::topology::{Derives, Label};

fn labels(pairs: &[(&str, &str)]) -> Stream {
    let known = |value: &str| if value == "?" { Label::Unknown } else { Label::Known(value.into()) };
    Stream::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), known(value))).collect(), None)
}

/// kairos moves on puck; angelia stays; searxng is on two hosts and moves on puck only; the journal has an open label.
fn example() -> Streams {
    Streams {
        before: vec![
            labels(&[("job", "kairos"), ("hostname", "puck")]),
            labels(&[("job", "angelia"), ("hostname", "puck")]),
            labels(&[("job", "searxng"), ("hostname", "puck")]),
            labels(&[("job", "searxng"), ("hostname", "rosalind")]),
            labels(&[("job", "systemd"), ("hostname", "puck"), ("unit", "?")]),
        ],
        after: vec![
            labels(&[("service", "kairos"), ("component", "app"), ("hostname", "puck")]),
            labels(&[("job", "angelia"), ("hostname", "puck")]),
            labels(&[("service", "searxng"), ("component", "web"), ("hostname", "puck")]),
            labels(&[("job", "searxng"), ("hostname", "rosalind")]),
            labels(&[("job", "systemd"), ("hostname", "puck"), ("unit", "?")]),
            labels(&[("service", "kairos"), ("component", "redis"), ("hostname", "puck")]),
        ],
        image: vec![vec![0], vec![1], vec![2], vec![3], vec![4]],
        ..Streams::default()
    }
}

fn check(streams: &Streams, old: &[Matcher], new: &[Matcher]) -> Verdict {
    Proof::new(streams).check(&Condition::all(old), &Condition::all(new), Copies::Ignored)
}

fn selected(streams: &Streams, matchers: &[Matcher]) -> Result<Vec<usize>, String> {
    Proof::new(streams).today(&Condition::all(matchers), Copies::Count)
}

fn eq(label: &str, value: &str) -> Matcher {
    Matcher::new(label, Op::Equal, value)
}

#[test]
fn the_component_is_needed_when_the_project_has_another_container() {
    let streams = example();
    assert_eq!(
        check(&streams, &[eq("job", "kairos")], &[eq("service", "kairos")]),
        Verdict::Wrong {
            missing: vec![],
            extra: vec![r#"{service="kairos", component="redis", hostname="puck"}"#.into()]
        }
    );
    assert_eq!(
        check(&streams, &[eq("job", "kairos")], &[eq("service", "kairos"), eq("component", "app")]),
        Verdict::Right { any: true }
    );
}

#[test]
fn another_host_with_the_job_makes_the_swap_wrong_and_a_pinned_host_makes_it_right() {
    let streams = example();
    let Verdict::Wrong { missing, extra } = check(&streams, &[eq("job", "searxng")], &[eq("service", "searxng")])
    else {
        panic!("must be wrong");
    };
    assert_eq!((missing, extra), (vec![r#"{job="searxng", hostname="rosalind"}"#.into()], vec![]));
    let pin = eq("hostname", "puck");
    assert!(check(&streams, &[eq("job", "searxng"), pin.clone()], &[eq("service", "searxng"), pin]).is_right());
    let other = eq("hostname", "rosalind");
    assert!(check(&streams, &[eq("job", "searxng"), other.clone()], &[eq("job", "searxng"), other]).is_right());
}

#[test]
fn regular_expressions_are_anchored_and_a_missing_label_is_empty() {
    let streams = example();
    let one = |op, value| Matcher::new("job", op, value);
    let count = |matcher: Matcher| selected(&streams, &[matcher]).map(|list| list.len());
    assert_eq!(count(one(Op::Match, "kai")), Ok(0));
    assert_eq!(count(one(Op::Match, "kai.*")), Ok(1));
    assert_eq!(count(one(Op::Match, "kairos|angelia")), Ok(2));
    assert_eq!(count(one(Op::NotMatch, "kairos|angelia")), Ok(3));
    assert_eq!(count(one(Op::NotEqual, "kairos")), Ok(4));
    assert_eq!(count(Matcher::new("service", Op::Equal, "")), Ok(5));
    assert_eq!(count(Matcher::new("service", Op::Match, "|x")), Ok(5));
    assert_eq!(count(Matcher::new("service", Op::Match, ".+")), Ok(0));
}

#[test]
fn a_negation_left_alone_takes_the_moved_lines_in_and_the_appended_matcher_keeps_them_out() {
    let streams = example();
    let old = [eq("hostname", "puck"), Matcher::new("job", Op::NotEqual, "kairos")];
    assert!(matches!(check(&streams, &old, &old), Verdict::Wrong { missing, .. } if missing.is_empty()));
    let new = [old[0].clone(), old[1].clone(), Matcher::new("service", Op::NotEqual, "kairos")];
    assert!(check(&streams, &old, &new).is_right());
}

#[test]
fn an_open_label_stops_the_check_only_where_it_decides() {
    let streams = example();
    let unit = eq("unit", "ssh.service");
    // Whatever it is, it is the same afterwards; it may be one of two and not the other.
    assert_eq!(check(&streams, std::slice::from_ref(&unit), std::slice::from_ref(&unit)), Verdict::Right { any: true });
    assert!(matches!(
        check(&streams, std::slice::from_ref(&unit), &[eq("unit", "cron.service")]),
        Verdict::Unknown { .. }
    ));
    // A stream of another job is out before its unit is asked for.
    assert_eq!(selected(&streams, &[eq("job", "kairos"), unit]).unwrap().len(), 0);
    assert!(matches!(check(&streams, &[eq("service_name", "kairos")], &[]), Verdict::Unknown { .. }));
}

#[test]
fn a_variable_on_an_unmoved_label_narrows_both_sides_alike() {
    let streams = example();
    let host = Matcher { label: "hostname".into(), op: Op::Match, value: Value::Variable("$host".into()) };
    let old = [eq("job", "kairos"), host.clone()];
    let new = [eq("service", "kairos"), eq("component", "app"), host.clone()];
    assert!(check(&streams, &old, &new).is_right());
    assert!(matches!(check(&streams, &old, &new[..2]), Verdict::Unknown { .. }));
    let moved = Matcher { label: "component".into(), ..host };
    let with = |list: &[Matcher]| [list, std::slice::from_ref(&moved)].concat();
    assert!(matches!(check(&streams, &with(&old[..1]), &with(&new[..2])), Verdict::Unknown { .. }));
}

#[test]
fn syntax_that_only_one_engine_knows_is_not_judged() {
    for pattern in ["\\Qkairos\\E", "[a&&b]", "[[:alpha:][x]]", "(?x) kairos", "k{,3}", "(?P<n", "k{"] {
        assert_eq!(Matcher::new("job", Op::Match, pattern).accepts("kairos"), None, "{pattern}");
    }
    assert_eq!(Matcher::new("job", Op::Match, "\\w+").accepts("kairos"), Some(true));
    assert_eq!(Matcher::new("job", Op::Match, "\\w+").accepts("käiros"), None);
    assert_eq!(Matcher::new("job", Op::Match, "[a-z-]+").accepts("gitea-mcp"), Some(true));
    assert_eq!(Matcher::new("job", Op::NotMatch, "(?i)KAIROS").accepts("kairos"), Some(false));
}

#[test]
fn two_listeners_with_equal_labels_are_one_stream() {
    let same = || labels(&[("service", "kairos"), ("hostname", "puck")]);
    let streams = Streams {
        before: vec![labels(&[("job", "kairos"), ("hostname", "puck")]), same()],
        after: vec![same(), same()],
        image: vec![vec![0], vec![1]],
        ..Streams::default()
    };
    assert!(check(&streams, &[eq("job", "kairos")], &[eq("service", "kairos")]).is_right());
}

/// As `example`, where the Docker socket of puck delivers kairos a second time today.
fn logged_twice() -> Streams {
    let mut streams = example();
    streams.copies.insert(streams.before.len());
    streams.before.push(streams.after[0].clone());
    streams.image.push(vec![0]);
    // Its redis was never on syslog: the socket delivers it today as afterwards.
    streams.before.push(streams.after[5].clone());
    streams.image.push(vec![5]);
    streams
}

#[test]
fn a_copy_counts_where_a_query_is_left_and_not_where_the_job_is_meant() {
    let streams = logged_twice();
    let proof = Proof::new(&streams);
    let others = Condition::all(&[eq("hostname", "puck"), Matcher::new("job", Op::NotEqual, "kairos")]);
    assert!(proof.check(&others, &others, Copies::Count).is_right());
    assert!(!proof.check(&others, &others, Copies::Ignored).is_right());
    let app = ["service", "component"].into_iter().zip(["kairos", "app"]);
    let without =
        others.and(Condition::Any(app.map(|(a, b)| Condition::Is(Matcher::new(a, Op::NotEqual, b))).collect()));
    assert!(proof.check(&others, &without, Copies::Ignored).is_right());
}

#[test]
fn a_label_filter_joins_what_a_selector_cannot() {
    let streams = example();
    let proof = Proof::new(&streams);
    let old = Condition::all(&[Matcher::new("job", Op::Match, "kairos|angelia")]);
    let moved = Condition::all(&[eq("service", "kairos"), eq("component", "app")]);
    let union = Condition::Any(vec![Condition::Is(eq("job", "angelia")), moved]);
    let new = Condition::all(&[eq("hostname", "puck")]).and(union);
    assert_eq!(proof.check(&old, &new, Copies::Ignored), Verdict::Right { any: true });
    let text = |condition: &Condition| written(condition, &|text: &str| quoted(text));
    assert_eq!(text(&new), r#"hostname="puck" and (job="angelia" or (service="kairos" and component="app"))"#);
}

#[test]
fn the_name_loki_derives_is_the_first_label_of_its_list() {
    let mut streams = example();
    assert!(matches!(check(&streams, &[eq("service_name", "kairos")], &[]), Verdict::Unknown { .. }));
    streams.names = Derives::From(["service", "component", "job"].map(String::from).to_vec(), None);
    let name = |value| [eq("service_name", value)];
    let union = [Matcher::new("job", Op::Match, "angelia|searxng")];
    assert!(check(&streams, &union, &[Matcher::new("service_name", Op::Match, "angelia|searxng")]).is_right());
    assert_eq!(selected(&streams, &name("kairos")), Ok(vec![0]));
    assert_eq!(Proof::new(&streams).after(&Condition::all(&name("kairos"))), Ok(vec![0, 5]));
    Arc::make_mut(&mut streams.before[0].labels).clear();
    assert_eq!(selected(&streams, &name("unknown_service")), Ok(vec![0]));
    let source = Arc::new(crate::text::Source::new("loki.yml", 0o100_644, Vec::new(), Vec::new()));
    streams.names = Derives::Never(Place::new(&source, crate::text::Span::at(0)));
    assert_eq!(selected(&streams, &name("")), Ok(vec![0, 1, 2, 3, 4]));
}

/// What is told at a glance is what the whole comparison says, for every condition of a few matchers on every move of a
/// few streams, copies among them.
#[test]
fn a_glance_says_what_the_whole_comparison_says() {
    let values = ["kairos", "angelia", "searxng", "systemd", "puck", "nobody", ""];
    let mut matchers: Vec<Matcher> = Vec::new();
    for label in ["job", "service", "hostname", "unit"] {
        for op in [Op::Equal, Op::NotEqual] {
            matchers.extend(values.iter().map(|value| Matcher::new(label, op, value)));
        }
        for op in [Op::Match, Op::NotMatch] {
            matchers
                .extend(["kairos|angelia", "s.*", ".+", ".*", "kairos|"].map(|value| Matcher::new(label, op, value)));
        }
    }
    let mut doubled = example();
    doubled.before.push(labels(&[("service", "kairos"), ("component", "app"), ("hostname", "puck")]));
    doubled.image.push(vec![0]);
    doubled.copies.insert(5);
    let mut joined = example();
    joined.image[1] = vec![0];
    let mut glances = 0;
    for streams in [example(), doubled, joined] {
        let proof = Proof::new(&streams);
        for (one, other) in matchers.iter().flat_map(|one| matchers.iter().map(move |other| (one, other))) {
            let condition = Condition::all(&[one.clone(), other.clone()]);
            if let Some(selects) = proof.one_by_one(&condition) {
                glances += 1;
                let selected: Vec<usize> = (0..streams.before.len()).filter(|&index| selects(index)).collect();
                assert_eq!(Ok(selected), proof.today(&condition, Copies::Count), "{condition:?}");
                let certain: Vec<usize> = selected_by_hand(&streams, &[one, other]);
                assert_eq!(Ok(certain), proof.today(&condition, Copies::Count), "{condition:?}");
            }
        }
    }
    assert!(glances > 5000, "{glances}");
}

/// The streams of today that satisfy all of these, each asked of each stream by itself.
fn selected_by_hand(streams: &Streams, matchers: &[&Matcher]) -> Vec<usize> {
    let value = |stream: &Stream, label: &str| match stream.labels.get(label) {
        Some(Label::Known(value)) => value.clone(),
        _ => String::new(),
    };
    let satisfies = |stream: &Stream| matchers.iter().all(|one| one.accepts(&value(stream, &one.label)) == Some(true));
    (0..streams.before.len()).filter(|&index| satisfies(&streams.before[index])).collect()
}
