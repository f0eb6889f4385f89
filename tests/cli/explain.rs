//! `migrate explain`: one place by the name a report gives it, and a rule.

use crate::support::{Scratch, migrate};

/// The names of the places that this rule left when kairos moves.
fn names(scratch: &Scratch, rule: &str) -> Vec<String> {
    let json = scratch.kairos(&["--dry-run", "--format", "json"]).json();
    let of_rule = json["findings"].as_array().unwrap().iter().filter(|one| one["rule"] == rule);
    of_rule.map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_place_is_explained_by_its_name() {
    let scratch = Scratch::demo();
    let before = scratch.state();
    // The Prometheus rule on the listener of kairos.
    let name = &names(&scratch, "mentions/component")[0];
    let run = scratch.migrate(&["explain", name, "--host", "puck"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let said = run.out.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        &*format!("[mentions/component {name}]"),
        "--> ansible/pplg/prometheus/rules/logging.yml:24:67",
        "said of: kairos on puck.incus",
        "asks: this watches the listener that goes",
        "git switch migrate/puck/kairos",
    ] {
        assert!(said.contains(part), "{part} is not in {}", run.out);
    }
    // A place that every move leaves is said of each, and one on documents with the others that one answer settles.
    let shared = scratch.migrate(&["explain", &names(&scratch, "mentions/filled-in")[0]]).out;
    assert!(shared.contains("kairos on puck.incus") && shared.contains("argos on"), "{shared}");
    let documents = names(&scratch, "mentions/documentation");
    let one = scratch.migrate(&["explain", &documents[0].to_uppercase(), "--host", "puck"]).out;
    assert!(one.contains("settled by the same answer: ") && one.contains(&documents[1]), "{one}");
    scratch.migrate(&["explain", "zzzzz", "--host", "puck"]).fails(1, &["nothing is called `zzzzz`", "--dry-run"]);
    assert_eq!(scratch.state(), before);
}

#[test]
fn a_rule_is_explained_with_its_places_and_without_a_repository() {
    let scratch = Scratch::demo();
    let run = scratch.migrate(&["explain", "mentions/filled-in", "--host", "puck"]);
    assert!(run.code == 0 && run.out.contains("the job is filled in when this is asked"), "{}", run.out);
    assert!(run.out.contains("1 place here") && run.out.contains("scripts/logs.sh:19:17"), "{}", run.out);
    let outside = Scratch::bare_folder();
    let run = migrate(&outside.root, &["explain", "mentions/route"]);
    assert!(run.code == 0 && run.out.contains("places: none here"), "{} {}", run.out, run.err);
    migrate(&outside.root, &["explain", "mentions/rout"]).fails(1, &["there is no rule", "mentions/route"]);
}
