//! How answers are read, which queries are asked, what counts as planned. Expected values by hand, from Loki's reference.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::ask::{self, Reply, Window};
use super::expected::{Planned, is_planned, selector};
use super::queries::{Why, asked};
use super::{Answer, Question, Rung, Standing};
use crate::topology::Label;

fn reply(status: u16, body: &str) -> Reply {
    Reply { address: "http://loki/x".into(), status, location: None, body: body.as_bytes().to_vec() }
}

#[test]
fn answers_are_read() {
    let series = reply(200, r#"{"status":"success","data":[{"service":"kairos","component":"web"}]}"#);
    let want = BTreeMap::from([("service".to_owned(), "kairos".to_owned()), ("component".into(), "web".into())]);
    assert_eq!(ask::read_series(&series).unwrap(), [want]);
    for none in ["[]", "null"] {
        let none = reply(200, &format!("{{\"status\":\"success\",\"data\":{none}}}"));
        assert!(ask::read_series(&none).unwrap().is_empty());
    }
    let at = |body: &str| ask::read_newest(&reply(200, body)).map(|at| at.map(Timestamp::as_nanosecond));
    let data = |kind: &str, result: &str| {
        format!(r#"{{"status":"success","data":{{"resultType":"{kind}","result":{result},"stats":{{}}}}}}"#)
    };
    let lines =
        r#"[{"stream":{},"values":[["1700000000000000001","a"],["1700000000000000002","b",{"x":"y"}]]},{"stream":{}}]"#;
    assert_eq!(at(&data("streams", lines)).unwrap(), Some(1_700_000_000_000_000_002));
    assert_eq!(at(&data("streams", "[]")).unwrap(), None);
    let points = r#"[{"metric":{},"values":[[1700000000,"1"],[1700000015.5,"NaN"]]}]"#;
    assert_eq!(at(&data("matrix", points)).unwrap(), Some(1_700_000_015_500_000_000));
    for odd in [
        data("scalar", "[]"),
        data("streams", r#"[{"values":[["soon","a"]]}]"#),
        data("matrix", r#"[{"values":[[1e300,"a"]]}]"#),
    ] {
        assert!(at(&odd).is_err(), "{odd}");
    }
    assert_eq!(ask::read_build(&reply(200, r#"{"version":"3.7.8"}"#)).unwrap(), "3.7.8");
}

#[test]
fn what_may_pass_is_told_apart() {
    for (status, passing) in
        [(301, false), (400, false), (401, false), (404, false), (429, true), (500, true), (503, true)]
    {
        assert_eq!(ask::read_series(&reply(status, "x")).unwrap_err().passing, passing, "{status}");
    }
    let page = ask::read_series(&reply(200, " <html>")).unwrap_err();
    assert_eq!(page.message, "asked http://loki/x and got an HTML page instead of an answer");
    let mut redirect = reply(302, "");
    redirect.location = Some("https://user:pw@other/x?token=t".into());
    let said = redirect.check().unwrap_err().message;
    assert!(!said.contains("pw") && !said.contains("token"), "{said}");
}

#[test]
fn questions_are_bounded() {
    let to = Timestamp::from_second(1_700_000_000).unwrap();
    let get = ask::query("{a=\"b\"}", Window::before(to, SignedDuration::from_hours(24)));
    let parameter = |name: &str| get.parameters.iter().find(|(key, _)| *key == name).unwrap().1.clone();
    assert_eq!((get.path, parameter("limit")), ("/loki/api/v1/query_range", "1".into()));
    // 24 h in 20 points is 4320 s; the end is one nanosecond later, because Loki leaves it out.
    assert_eq!((parameter("step"), parameter("start")), ("4320s".into(), "1699913600000000000".into()));
    assert_eq!(parameter("end"), "1700000000000000001");
    assert_eq!(Window::before(Timestamp::MIN, SignedDuration::from_hours(1)).from, Timestamp::MIN);
}

#[test]
fn which_queries_can_be_asked() {
    for (text, want) in [
        (r#"{a="b"} |= "x""#, Ok(r#"{a="b"} |= "x""#)),
        (r#"rate({a="b"}[$__interval])"#, Ok(r#"rate({a="b"}[5m])"#)),
        (r#"rate({a="b"}[${__rate_interval}])"#, Ok(r#"rate({a="b"}[5m])"#)),
        (r#"rate({a="b"}[${__range:text}]) / $__range_s"#, Ok(r#"rate({a="b"}[5m]) / 300"#)),
        (r#"rate({a="b"}[[[__auto]]])"#, Ok(r#"rate({a="b"}[5m])"#)),
        // A dollar that ends a pattern is no variable, and Loki's own templates are not Ansible's.
        (r#"{a="b"} |~ "x$""#, Ok(r#"{a="b"} |~ "x$""#)),
        (r#"{a="b"} | line_format "{{.job}} {{__line__}}""#, Ok(r#"{a="b"} | line_format "{{.job}} {{__line__}}""#)),
        (r#"{a=~"$host"}"#, Err(Why::FilledIn)),
        (r#"{a=~"${host:regex}"}"#, Err(Why::FilledIn)),
        (r#"{a="[[host]]"}"#, Err(Why::FilledIn)),
        (r#"{a="b"}[$__something]"#, Err(Why::FilledIn)),
        (r#"{a="{{ environment }}"}"#, Err(Why::FilledIn)),
        (r#"{a="b"} {% if x %} |= "y" {% endif %}"#, Err(Why::FilledIn)),
        (r#"sum(absent_over_time({a="b"}[5m])) > 0"#, Err(Why::Absent)),
        ("label_values(job)", Err(Why::NoQuery)),
        ("", Err(Why::NoQuery)),
    ] {
        assert_eq!(asked(text).as_deref().map_err(|why| *why), want, "{text}");
    }
}

#[test]
fn a_stream_is_planned_when_nothing_but_what_loki_adds_differs() {
    let known = |value: &str| Label::Known(value.to_owned());
    let planned: Planned = std::sync::Arc::new(BTreeMap::from([
        ("service".into(), known("k")),
        ("container".into(), Label::Unknown),
        ("host".into(), known("a\"b")),
    ]));
    assert_eq!(selector(&planned), r#"{host="a\"b", service="k"}"#);
    let real = |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    let own: [(&str, &str); 3] = [("service", "k"), ("container", "c"), ("host", "a\"b")];
    assert!(is_planned(&planned, &real(&own)));
    assert!(is_planned(&planned, &real(&[&own[..], &[("service_name", "k"), ("__stream_shard__", "1")]].concat())));
    assert!(!is_planned(&planned, &real(&[&own[..], &[("pod", "p")]].concat())));
    assert!(!is_planned(&planned, &real(&own[..2])));
    let mut any = planned;
    std::sync::Arc::make_mut(&mut any).insert("*".into(), Label::Unknown);
    assert!(is_planned(&any, &real(&[&own[..], &[("pod", "p")]].concat())));
}

#[test]
fn all_answers_together() {
    let yes = Rung::yes(Question::Loki, "");
    let open = Rung::open(Question::Queries, "", "");
    let old = Rung::no(Question::OldStreams, "", "");
    assert_eq!(Standing::of(std::slice::from_ref(&yes)), Standing::AsPlanned);
    assert_eq!(Standing::of(&[yes.clone(), open.clone()]), Standing::Look);
    assert_eq!(Standing::of(&[yes, open, old.clone()]), Standing::NotYet);
    assert_eq!((old.answer, Standing::NotYet.exit_code(), Standing::AsPlanned.exit_code()), (Answer::No, 3, 0));
}
