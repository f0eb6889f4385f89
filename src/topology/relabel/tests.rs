//! Table tests, and every outcome of small rule sets against what trying all values gives.

use super::*;

fn known(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), Label::Known((*value).to_owned()))).collect()
}

fn copy(from: &str, to: &str) -> Rule {
    Rule { source_labels: vec![from.into()], target_label: to.into(), ..Rule::default() }
}

/// The four rules of the reference configuration.
fn reference() -> Vec<Rule> {
    vec![
        copy("__meta_docker_container_label_com_docker_compose_project", "service"),
        copy("__meta_docker_container_label_com_docker_compose_service", "component"),
        Rule { regex: "/(.*)".into(), ..copy("__meta_docker_container_name", "container") },
        Rule {
            source_labels: vec!["service".into(), "container".into()],
            separator: "@".into(),
            regex: "@(.+)".into(),
            target_label: "service".into(),
            ..Rule::default()
        },
    ]
}

#[test]
fn compose_container_is_labelled_from_project_and_service() {
    let mut meta = known(&[
        ("__meta_docker_container_label_com_docker_compose_project", "kairos"),
        ("__meta_docker_container_label_com_docker_compose_service", "web"),
    ]);
    meta.insert("__meta_docker_container_name".into(), Label::Unknown);
    let labels = apply(&reference(), meta, false).unwrap().unwrap();
    assert_eq!(labels["service"], Label::Known("kairos".into()), "the fallback rule cannot match `kairos@…`");
    assert_eq!(labels["component"], Label::Known("web".into()));
    assert_eq!(labels["container"], Label::Unknown);
}

#[test]
fn container_without_compose_falls_back_to_its_name() {
    let labels = apply(&reference(), known(&[("__meta_docker_container_name", "/dozzle")]), false).unwrap().unwrap();
    assert_eq!(labels["service"], Label::Known("dozzle".into()));
    assert_eq!(labels.get("component"), None);
}

#[test]
fn a_later_match_overwrites() {
    let rules = [
        Rule { regex: "kottos".into(), replacement: "pallas".into(), ..copy("id", "job") },
        Rule { regex: ".+".into(), replacement: "systemd".into(), ..copy("id", "job") },
    ];
    let labels = apply(&rules, known(&[("id", "kottos")]), false).unwrap().unwrap();
    assert_eq!(labels["job"], Label::Known("systemd".into()));
}

#[test]
fn keep_and_drop_decide_only_on_what_is_known() {
    let keep = [Rule { regex: "angelia".into(), action: "keep".into(), ..copy("project", "") }];
    assert_eq!(apply(&keep, known(&[("project", "kairos")]), false), Ok(None));
    let unknown = Labels::from([("project".to_owned(), Label::Unknown)]);
    assert!(apply(&keep, unknown.clone(), false).is_err());
    assert_eq!(apply(&keep, unknown.clone(), true), Ok(Some(unknown)));
}

/// A label whose value goes by this name.
fn symbol(label: &str, name: &str) -> Labels {
    Labels::from([(label.to_owned(), Label::of(format!("{}{name}{}", compose::OPEN, compose::CLOSE)))])
}

#[test]
fn a_value_that_is_known_by_name_only_is_followed() {
    let labels = symbol("project", "x");
    let value = labels["project"].clone();
    let run = |rules: &[Rule]| apply(rules, labels.clone(), false);
    let set = |rule: Rule, label: &str| run(&[rule]).unwrap().unwrap().get(label).cloned();
    // It is copied, and a rule that asks for a name, or for none, does not mean it.
    assert_eq!(set(copy("project", "service"), "service"), Some(value));
    assert_eq!(set(Rule { regex: "kairos|angelia".into(), ..copy("project", "service") }, "service"), None);
    assert_eq!(set(Rule { regex: "kairos.*".into(), ..copy("project", "service") }, "service"), None);
    assert_eq!(set(Rule { regex: "@(.+)".into(), ..copy("project", "service") }, "service"), None);
    // Where it hangs on the value what comes out, that is not known.
    assert_eq!(
        set(Rule { regex: "([a-z0-9]+)".into(), ..copy("project", "service") }, "service"),
        Some(Label::Unknown)
    );
    assert_eq!(set(Rule { regex: ".(.*)".into(), ..copy("project", "service") }, "service"), Some(Label::Unknown));
    let inside = Rule { replacement: "on-$1".into(), ..copy("project", "service") };
    assert!(matches!(set(inside, "service"), Some(Label::Symbol(name)) if name.starts_with("on-")));
    let keeps = |regex: &str, action: &str| {
        run(&[Rule { regex: regex.into(), action: action.into(), ..copy("project", "") }]).map(|kept| kept.is_some())
    };
    assert_eq!((keeps("kairos|angelia", "drop"), keeps("kairos", "keep")), (Ok(true), Ok(false)));
    assert_eq!(keeps(".+", "keep"), Ok(true));
    assert!(keeps("[a-z]+", "keep").is_err());
    let unsure = Rule { regex: "[a-z]+".into(), action: "keep".into(), ..copy("project", "") };
    assert!(apply(&[unsure], labels.clone(), true).unwrap().is_some());
}

fn on(label: &str, regex: &str, target: &str, replacement: &str) -> Rule {
    Rule { regex: regex.into(), replacement: replacement.into(), ..copy(label, target) }
}

/// The outcomes, each as `name=value` by name; `?` for a value that is not known.
fn outcomes(rules: &[Rule], labels: &[(&str, &str)]) -> Vec<String> {
    let show = |labels: &Labels| {
        let pair = |(name, label): (&String, &Label)| match label {
            Label::Known(value) => format!("{name}={value}"),
            Label::Symbol(_) | Label::Unknown => format!("{name}=?"),
        };
        labels.iter().map(pair).collect::<Vec<_>>().join(" ")
    };
    results(rules, &known(labels), true).iter().map(show).collect()
}

const UNIT: &str = "__journal__systemd_unit";

#[test]
fn rules_on_one_hidden_label_exclude_each_other() {
    let rules = [
        on(UNIT, ".+", "job", "systemd"),
        on(UNIT, r"alloy\.service", "job", "alloy"),
        on(UNIT, r"loki\.service", "job", "loki"),
        on(UNIT, r"loki\.service", "level", "info"),
    ];
    let expected = ["job=alloy", "job=journal", "job=loki level=info", "job=systemd"];
    let mut found = outcomes(&rules, &[("job", "journal")]);
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn catch_all_at_the_end_overwrites_all_before_it() {
    let rules = [on("__journal_syslog_identifier", "kottos", "job", "pallas"), on("x", ".*", "job", "systemd")];
    assert_eq!(outcomes(&rules, &[("job", "journal")]), ["job=systemd"]);
    let some = [on(UNIT, "kottos", "job", "pallas"), on(UNIT, ".+", "job", "systemd")];
    assert_eq!(outcomes(&some, &[]), ["", "job=systemd"], "a line without unit keeps no job");
}

#[test]
fn values_that_are_copied() {
    assert_eq!(outcomes(&[copy(UNIT, "unit")], &[]), ["unit=?"]);
    let few = [on(UNIT, r"(nginx|redis)\.service", "job", "$1"), on(UNIT, r"(nginx|redis)\.service", "kind", "web")];
    assert_eq!(outcomes(&few, &[]), ["", "job=nginx kind=web", "job=redis kind=web"]);
    // Once it is known which text it was, the copy is known, too.
    let later = [copy(UNIT, "unit"), on(UNIT, "kottos", "job", "pallas")];
    assert_eq!(outcomes(&later, &[]), ["job=pallas unit=kottos", "unit=?"]);
}

#[test]
fn keep_drop_and_rules_on_names() {
    let keep = Rule { action: "keep".into(), ..on(UNIT, "a|b", "", "") };
    assert_eq!(outcomes(&[keep, on(UNIT, "a", "job", "a"), on(UNIT, "b|c", "job", "b")], &[]), ["job=a", "job=b"]);
    let none = Rule { action: "drop".into(), ..on("job", "x", "", "") };
    assert!(outcomes(&[none], &[("job", "x")]).is_empty());
    assert_eq!(results(&[on(UNIT, "a", "job", "a")], &known(&[("job", "x")]), false), [known(&[("job", "x")])]);
    let map = Rule { action: "labelmap".into(), regex: "__journal_(.+)".into(), ..Rule::default() };
    assert_eq!(outcomes(&[map], &[("job", "x")]), ["*=? job=x"]);
    let gone = Rule { action: "labeldrop".into(), regex: "job|level".into(), ..Rule::default() };
    assert_eq!(outcomes(&[gone], &[("job", "x"), ("host", "y")]), ["host=y"]);
}

#[test]
fn many_units_stay_exact() {
    let rules: Vec<Rule> =
        (0..60).map(|number| on(UNIT, &format!(r"unit-{number}\.service"), "job", &format!("u{number}"))).collect();
    assert_eq!(outcomes(&rules, &[]).len(), 61);
    // Independent labels multiply: past the limit they count as unknown.
    let rules: Vec<Rule> =
        (0..12).map(|number| on(&format!("__meta_{number}"), "x", &format!("l{number}"), "y")).collect();
    assert!(outcomes(&rules, &[]).len() <= 256);
}

mod brute_force {
    use proptest::prelude::*;

    use super::*;

    const HIDDEN: [&str; 2] = ["__a", "__b"];
    const VALUES: [&str; 5] = ["", "a", "b", "ab", "c"];

    fn rule() -> impl Strategy<Value = Rule> {
        let sources = prop::sample::subsequence(vec!["__a", "__b", "job", "x"], 1..=2);
        let regex = prop::sample::select(vec![
            "(.*)",
            ".+",
            ".*",
            "a",
            "b",
            "a|b",
            "(a|b)",
            "a.*",
            "(.*)b",
            "",
            "ab?",
            ".",
            "(a?);(b?)",
            "a;.*",
            ".*;a",
            "[^a]",
        ]);
        let target = prop::sample::select(vec!["job", "x", "y"]);
        let replacement = prop::sample::select(vec!["$1", "k", "", "p-$1", "a"]);
        let action =
            prop::sample::select(vec!["replace", "replace", "replace", "keep", "drop", "labeldrop", "uppercase"]);
        (sources, regex, target, replacement, action).prop_map(|(sources, regex, target, replacement, action)| Rule {
            source_labels: sources.into_iter().map(str::to_owned).collect(),
            regex: if action == "labeldrop" { "x|y".into() } else { regex.to_owned() },
            target_label: target.to_owned(),
            replacement: replacement.to_owned(),
            action: action.to_owned(),
            ..Rule::default()
        })
    }

    /// Whether one of the sets takes in these labels.
    fn holds(sets: &[Labels], labels: &Labels) -> bool {
        sets.iter().any(|set| {
            let same = |(name, label): (&String, &Label)| match label {
                Label::Unknown => true,
                known @ (Label::Known(_) | Label::Symbol(_)) => labels.get(name) == Some(known),
            };
            set.iter().all(same) && labels.keys().all(|name| set.contains_key(name))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_outcome_is_missed_and_a_known_one_is_real(rules in prop::collection::vec(rule(), 1..6)) {
            let sets = results(&rules, &known(&[("job", "journal")]), true);
            let mut real = Vec::new();
            for a in VALUES {
                for b in &VALUES[..3] {
                    let pairs: Vec<_> = HIDDEN.into_iter().zip([a, *b]).filter(|(_, value)| !value.is_empty()).collect();
                    let mut labels = known(&pairs);
                    labels.insert("job".into(), Label::Known("journal".into()));
                    if let Ok(Some(mut labels)) = apply(&rules, labels, false) {
                        labels.retain(|name, _| !name.starts_with("__"));
                        prop_assert!(holds(&sets, &labels), "{a:?} {b:?} {labels:?} not in {sets:?}");
                        real.push(labels);
                    }
                }
            }
            // Rules on one hidden label alone, with words that are all among the values tried, are told exactly.
            let simple = |rule: &Rule| {
                let plain = matches!(rule.regex.as_str(), "a" | "b" | "a|b" | "(a|b)" | ".+" | "ab?");
                rule.action != "replace" || (plain && rule.source_labels == ["__a"] && !rule.replacement.contains('$'))
            };
            if rules.iter().all(|rule| simple(rule) && rule.action == "replace") {
                for set in &sets {
                    prop_assert!(real.contains(set), "{set:?} cannot be");
                }
            }
        }
    }
}
