//! Labels whose values are not known: streams by hand, verdicts worked out by hand.

use crate::proof::{Condition, Copies, Matcher, Op, Proof, Verdict};
use crate::topology::{CLOSE, Label, ON, OPEN, Stream, Streams};

/// A value: `?` is not known at all, `what@host` is known by this name only.
fn value(text: &str) -> Label {
    match text.split_once('@') {
        _ if text == "?" => Label::Unknown,
        Some((what, host)) => Label::Symbol(format!("{OPEN}{what}{ON}{host}{CLOSE}")),
        None => Label::Known(text.into()),
    }
}

fn stream(pairs: &[(&str, &str)]) -> Stream {
    Stream::new(pairs.iter().map(|(name, text)| ((*name).to_owned(), value(text))).collect(), None)
}

type Labels<'l> = &'l [(&'l str, &'l str)];

/// Each stream of today with what it becomes.
fn streams(pairs: &[(Labels<'_>, Labels<'_>)]) -> Streams {
    Streams {
        before: pairs.iter().map(|(old, _)| stream(old)).collect(),
        after: pairs.iter().map(|(_, new)| stream(new)).collect(),
        image: (0..pairs.len()).map(|index| vec![index]).collect(),
        hosts: ["puck.incus", "puck", "ariel.incus", "ariel"].map(String::from).to_vec(),
        ..Streams::default()
    }
}

fn check(streams: &Streams, old: &[(&str, Op, &str)], new: &[(&str, Op, &str)]) -> Verdict {
    let all = |list: &[(&str, Op, &str)]| {
        let list: Vec<Matcher> = list.iter().map(|(label, op, value)| Matcher::new(label, *op, value)).collect();
        Condition::all(&list)
    };
    Proof::new(streams).check(&all(old), &all(new), Copies::Ignored)
}

const RIGHT: Verdict = Verdict::Right { any: true };

#[test]
fn a_value_that_stays_what_it_is_may_be_asked_for() {
    let here: &[_] = &[("job", "kairos"), ("host", "hostname@puck.incus")];
    let there: &[_] = &[("job", "angelia"), ("host", "hostname@puck.incus")];
    let moved: &[_] = &[("service", "kairos"), ("host", "hostname@puck.incus")];
    let all = streams(&[(here, moved), (there, there)]);
    for (op, value) in [(Op::Equal, "puck"), (Op::NotEqual, "puck"), (Op::Match, "p.*"), (Op::NotMatch, "p.*|q")] {
        let (old, new) = (
            [("job", Op::Equal, "kairos"), ("host", op, value)],
            [("service", Op::Equal, "kairos"), ("host", op, value)],
        );
        assert_eq!(check(&all, &old, &new), RIGHT, "{op:?} {value}");
    }
    // One that asks less, or for something else, is right in some cases only.
    let old = [("job", Op::Equal, "kairos"), ("host", Op::Equal, "puck")];
    let less = [("service", Op::Equal, "kairos")];
    assert!(matches!(check(&all, &old, &less), Verdict::Unknown { .. }));
    let other = [("service", Op::Equal, "kairos"), ("host", Op::Equal, "other")];
    assert!(matches!(check(&all, &old, &other), Verdict::Unknown { .. }));
    // Where the label is another afterwards, or gone, nothing can be said.
    for after in [&[("service", "kairos"), ("host", "env@puck.incus")][..], &[("service", "kairos")]] {
        let new = [("service", Op::Equal, "kairos"), ("host", Op::Equal, "puck")];
        assert!(matches!(check(&streams(&[(here, after)]), &old, &new), Verdict::Unknown { .. }));
    }
}

#[test]
fn what_one_host_calls_itself_is_not_the_name_of_another() {
    let on = |host: &'static str| [("job", "kairos"), ("host", host)];
    let (puck, ariel) = (on("constants.hostname@puck.incus"), on("constants.hostname@ariel.incus"));
    let moved = [("service", "kairos"), ("host", "constants.hostname@puck.incus")];
    let all = streams(&[(&puck, &moved), (&ariel, &ariel)]);
    let ask = |host| {
        check(
            &all,
            &[("job", Op::Equal, "kairos"), ("host", Op::Equal, host)],
            &[("service", Op::Equal, "kairos"), ("host", Op::Equal, host)],
        )
    };
    assert_eq!(ask("puck"), RIGHT);
    assert_eq!(ask("puck.incus"), RIGHT);
    assert!(!ask("ariel").is_right() && !ask("elsewhere").is_right());
    let proof = Proof::new(&all);
    assert!(proof.taken().is_empty());
    let at_puck = Condition::all(&[Matcher::new("host", Op::Equal, "puck")]);
    assert_eq!(proof.today(&at_puck, Copies::Count), Ok(vec![0]));
    let taken: Vec<String> = proof.taken().into_iter().map(|(label, what, _)| format!("{label} of {what}")).collect();
    assert_eq!(taken, ["host of constants.hostname on ariel.incus"]);
}

#[test]
fn a_project_without_a_name_is_none_that_is_known() {
    let kairos: (&[_], &[_]) = (&[("job", "kairos")], &[("service", "kairos"), ("component", "web")]);
    for unknown in ["project@puck.incus", "?"] {
        let other: &[_] = &[("service", unknown), ("component", "db")];
        let all = streams(&[kairos, (other, other)]);
        assert_eq!(check(&all, &[("job", Op::Equal, "kairos")], &[("service", Op::Equal, "kairos")]), RIGHT);
        // Whoever asks for a name that nobody knows may mean it: it stays what it is.
        let plain = [("service", Op::Match, "kai.*|nobody")];
        assert!(!check(&all, &[("job", Op::Equal, "kairos")], &plain).is_right());
        assert_eq!(check(&all, &[("service", Op::Equal, "nobody")], &[("service", Op::Equal, "nobody")]), RIGHT);
    }
}

#[test]
fn a_job_that_is_not_known_may_be_the_one_that_is_asked_for() {
    let kairos: (&[_], &[_]) =
        (&[("job", "kairos"), ("hostname", "puck")], &[("service", "kairos"), ("hostname", "puck")]);
    for unknown in ["env@ariel.incus", "?"] {
        let other: &[_] = &[("job", unknown), ("hostname", "ariel")];
        let all = streams(&[kairos, (other, other)]);
        let (old, new) = (("job", Op::Equal, "kairos"), ("service", Op::Equal, "kairos"));
        let Verdict::Unknown { why } = check(&all, &[old], &[new]) else { panic!("it may be") };
        assert_eq!(why, "a stream has a label `job` whose value the repository does not tell");
        let host = ("hostname", Op::Equal, "puck");
        assert_eq!(check(&all, &[old, host], &[new, host]), RIGHT);
    }
}

#[test]
fn what_moves_with_a_value_that_nothing_names_is_left() {
    let all = streams(&[(&[("job", "kairos"), ("level", "?")], &[("service", "kairos"), ("level", "?")])]);
    let (old, new) = (("job", Op::Equal, "kairos"), ("service", Op::Equal, "kairos"));
    assert_eq!(check(&all, &[old], &[new]), RIGHT);
    let level = ("level", Op::Equal, "error");
    assert!(matches!(check(&all, &[old, level], &[new, level]), Verdict::Unknown { .. }));
}

#[test]
fn more_than_can_be_told_apart_is_left() {
    let labels: Vec<String> = (0..5).map(|number| format!("l{number}")).collect();
    let with = |first: (&'static str, &'static str)| {
        let mut all: Vec<(&str, &str)> = labels.iter().map(|label| (label.as_str(), "env@puck.incus")).collect();
        all.push(first);
        all
    };
    let (old, new) = (with(("job", "kairos")), with(("service", "kairos")));
    let all = streams(&[(&old, &new)]);
    let ask = |first: (&'static str, Op, &'static str), count: usize| {
        let tests = labels.iter().take(count).map(|label| (label.as_str(), Op::Equal, "x"));
        [first].into_iter().chain(tests).collect::<Vec<_>>()
    };
    let (old, new) = (("job", Op::Equal, "kairos"), ("service", Op::Equal, "kairos"));
    assert_eq!(check(&all, &ask(old, 4), &ask(new, 4)), RIGHT);
    assert!(matches!(check(&all, &ask(old, 5), &ask(new, 5)), Verdict::Unknown { .. }));
}
