//! SARIF of the sample plans: valid by the standard's own schema, with positions and fixes that fit the base.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::{Run, Written, sample};
use super::render;

fn schema() -> jsonschema::Validator {
    // The standard's own pattern for languages has a bracket too many, which no strict reader of patterns takes.
    let text = include_str!("../../../tests/sarif/sarif-schema-2.1.0.json").replace("{2}]?$", "{2}?$");
    let schema = serde_json::from_str(&text).unwrap();
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

/// The one run of the log, checked.
fn log(run: Run<'_>, origin: Option<&str>) -> Value {
    let text = render(run, origin);
    let log: Value = serde_json::from_str(&text).unwrap();
    let errors: Vec<_> =
        schema().iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    log["runs"][0].clone()
}

#[test]
fn the_schema_can_fail() {
    let mut log: Value = serde_json::from_str(&render(Run { plans: &[], branches: &[], batch: true }, None)).unwrap();
    assert!(schema().is_valid(&log));
    log["runs"][0]["columnKind"] = "bytes".into();
    assert!(!schema().is_valid(&log));
}

#[test]
fn every_kind_of_run_is_valid() {
    let (plan, written) = sample::full();
    assert_eq!(log(Run::one(&plan, &written), None)["results"].as_array().unwrap().len(), 7);
    let none = Written::default();
    let blocked = log(Run::one(&sample::blocked(), &none), None);
    let levels: Vec<_> = blocked["results"].as_array().unwrap().iter().map(|one| one["level"].clone()).collect();
    assert_eq!(levels, ["error", "error", "note"]);
    assert_eq!(blocked["invocations"][0]["exitCode"], 4);
    assert_eq!(log(Run::one(&sample::nothing_to_do(), &none), None)["results"][0]["level"], "note");
    let (plans, branches) = sample::several();
    log(Run { plans: &plans, branches: &branches, batch: true }, Some("https://git.example.org/infra.git"));
}

#[test]
fn what_code_scanning_demands_is_there() {
    let (plans, branches) = sample::several();
    let run = log(Run { plans: &plans, branches: &branches, batch: true }, None);
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let filled = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    for rule in rules {
        let parts =
            [&rule["id"], &rule["shortDescription"]["text"], &rule["fullDescription"]["text"], &rule["help"]["text"]];
        assert!(parts.into_iter().all(filled), "{rule}");
        assert!(rule["fullDescription"]["text"].as_str().unwrap().chars().count() <= 1024);
    }
    let mut prints = BTreeSet::new();
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(filled(&result["message"]["text"]));
        let place = &result["locations"][0]["physicalLocation"];
        assert!(filled(&place["artifactLocation"]["uri"]));
        for key in ["startLine", "startColumn", "endLine", "endColumn"] {
            assert!(place["region"][key].as_u64().unwrap() > 0, "{result}");
        }
        let print = &result["partialFingerprints"];
        assert!(filled(&print["primaryLocationLineHash"]));
        let uri = place["artifactLocation"]["uri"].as_str().unwrap().to_owned();
        assert!(prints.insert((result["ruleId"].as_str().unwrap().to_owned(), uri, print.to_string())), "{result}");
    }
    // Ends in a slash: all of it is the category.
    assert_eq!(run["automationDetails"]["id"], "migrate/puck/");
}

#[test]
fn positions_are_those_of_the_base_and_fixes_fit_it() {
    let (plans, branches) = sample::several();
    let run = log(Run { plans: &plans, branches: &branches, batch: true }, None);
    let base = &plans[0].steps[0].before;
    let mut fixed = 0;
    for result in run["results"].as_array().unwrap() {
        let place = &result["locations"][0]["physicalLocation"];
        let source = base.get(place["artifactLocation"]["uri"].as_str().unwrap());
        let number = |region: &Value, key: &str| usize::try_from(region[key].as_u64().unwrap()).unwrap();
        let slice = |region: &Value| {
            let (start, length) = (number(region, "byteOffset"), number(region, "byteLength"));
            source.unwrap().bytes()[start..start + length].to_vec()
        };
        if let (Some(snippet), Some(_)) = (place["region"]["snippet"]["text"].as_str(), source) {
            assert_eq!(slice(&place["region"]), snippet.as_bytes());
        }
        if let Some(text) = source.and_then(|source| source.text()) {
            let region = &place["region"];
            let (start, length) = (number(region, "charOffset"), number(region, "charLength"));
            let characters: String = text.chars().skip(start).take(length).collect();
            assert_eq!(characters.as_bytes(), slice(region));
        }
        fixed += result["fixes"].as_array().map_or(0, Vec::len);
    }
    let by_rule = |rule: &str| run["results"].as_array().unwrap().iter().find(|one| one["ruleId"] == rule).unwrap();
    // The comment stands where it stood.
    let name = by_rule("alloy/name");
    assert_eq!(name["locations"][0]["physicalLocation"]["region"]["snippet"]["text"], "logs 🪵");
    assert_eq!(name["fixes"][0]["artifactChanges"][0]["replacements"][0]["insertedContent"]["text"], sample::HOSTILE);
    // What the first service's commit wrote is not there yet: no fix, and the words that stood there.
    let left = by_rule("dashboards/variable");
    assert_eq!(left["locations"][0]["physicalLocation"]["region"]["snippet"]["text"], "job=\\\"kairos\\\"");
    assert!(left.get("fixes").is_none(), "{left}");
    // One of kairos (to delete) and one of angelia; a text that is to check is no fix.
    assert_eq!(fixed, 2);
    assert!(by_rule("alerts/regex").get("fixes").is_none());
    let comment = by_rule("alloy/comment");
    assert!(comment["fixes"][0]["artifactChanges"][0]["replacements"][0].get("insertedContent").is_none());
}

#[test]
fn a_finding_keeps_its_fingerprint_when_lines_move() {
    let (plan, written) = sample::full();
    let print = |plan| log(Run::one(plan, &written), None)["results"][0]["partialFingerprints"].clone();
    let mut moved = plan.clone();
    let old = moved.findings[1].at.clone().unwrap();
    let text = format!("# new\n\n{}", old.source.text().unwrap());
    let source = sample::file(old.source.path.as_str(), text.as_bytes());
    moved.findings[1].at = Some(sample::nth(&source, "{job=~\"kai.*\"}", 0));
    moved.steps.clear();
    assert_eq!(print(&plan), print(&moved));
}

#[test]
fn where_it_came_from_is_said_only_when_it_is_known() {
    let (plan, written) = sample::full();
    assert!(log(Run::one(&plan, &written), None).get("versionControlProvenance").is_none());
    let run = log(Run::one(&plan, &written), Some("https://git.example.org/infra.git"));
    assert_eq!(run["versionControlProvenance"][0]["repositoryUri"], "https://git.example.org/infra.git");
    assert_eq!(run["versionControlProvenance"][0]["revisionId"], plan.base);
    assert_eq!(run["automationDetails"]["id"], "migrate/puck/kairos/");
}

#[test]
fn a_message_is_no_template_and_no_link() {
    assert_eq!(super::message("{a} [b](c) \u{1b}", 99), "{{a}} [b] (c) ␛");
    assert_eq!(super::message("abcdef", 4), "abc…");
}

#[test]
fn what_two_services_say_of_one_place_is_said_once() {
    let (plan, written) = sample::full();
    let plans = [plan.clone(), plan];
    let branches = [Written { plans: vec![0], ..written.clone() }, Written { plans: vec![1], ..written }];
    let run = log(Run { plans: &plans, branches: &branches, batch: true }, None);
    assert_eq!(run["results"].as_array().unwrap().len(), 7);
    assert_eq!(run["results"][0]["properties"]["services"].as_array().unwrap().len(), 2);
}
