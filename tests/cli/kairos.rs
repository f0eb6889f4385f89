//! `migrate kairos --host puck` on the example, and what git says about the result.

use serde_json::Value;

use crate::support::{BRANCH, Scratch, migrate};

/// What the move of kairos has to change, by hand: the Compose file, its listener, its port, and each dashboard or rule
/// file with a query that can be rewritten with certainty.
const PATHS: [&str; 16] = [
    "ansible/alloy/puck/config.alloy.j2",
    "ansible/inventory/host_vars/puck.incus.yml",
    "ansible/kairos/docker-compose.yml.j2",
    "ansible/pplg/grafana/dashboards/apps-overview.json",
    "ansible/pplg/grafana/dashboards/hosts-logs.json.j2",
    "ansible/pplg/grafana/dashboards/kairos-2021.json",
    "ansible/pplg/grafana/dashboards/kairos-jobs.json",
    "ansible/pplg/grafana/dashboards/kairos.json",
    "ansible/pplg/grafana/dashboards/logs-explorer.json",
    "ansible/pplg/grafana/dashboards/on-call.json.j2",
    "ansible/pplg/grafana/dashboards/puck-host.json",
    "ansible/pplg/grafana/provisioning/alerting/kairos.yaml",
    "ansible/pplg/grafana/provisioning/alerting/logs.yaml",
    "ansible/pplg/loki/config.yaml.j2",
    "ansible/pplg/loki/rules/apps.yml",
    "ansible/pplg/loki/rules/kairos.yml",
];

#[test]
fn writes_the_branch_and_nothing_else() {
    let scratch = Scratch::demo();
    let before = scratch.state();
    let run = scratch.kairos(&[]);
    assert_eq!((run.code, run.err.as_str()), (3, ""));
    let mut after = scratch.state();
    assert!(scratch.exists(BRANCH));
    after.refs = after.refs.split_inclusive('\n').filter(|line| !line.trim_end().ends_with(BRANCH)).collect();
    assert_eq!(after, before);
    assert_eq!(scratch.git(&["status", "--porcelain"]), "");
    scratch.sound();
    assert_eq!(scratch.git(&["rev-list", "--count", &format!("main..{BRANCH}")]), "1");
    let changed = scratch.git(&["diff", "--name-only", "main", BRANCH]);
    assert_eq!(changed.lines().collect::<Vec<_>>(), PATHS);
    assert_eq!(scratch.git(&["diff", "--summary", "main", BRANCH]), "");
    scratch.applies(format!("{}\n", scratch.git(&["diff", "main", BRANCH])).as_bytes());
    assert!(run.out.contains(BRANCH), "{}", run.out);
}

#[test]
fn the_printed_patch_applies_and_is_the_branch() {
    let scratch = Scratch::demo();
    let run = scratch.kairos(&["--format", "json"]);
    assert_eq!(run.code, 3);
    let report = run.json();
    let patch = report["patch"].as_str().unwrap();
    scratch.applies(patch.as_bytes());
    std::fs::write(scratch.beside("p"), patch).unwrap();
    scratch.git(&["apply", "--cached", scratch.beside("p").to_str().unwrap()]);
    assert_eq!(scratch.git(&["write-tree"]), scratch.git(&["rev-parse", &format!("{BRANCH}^{{tree}}")]));
}

#[test]
fn the_json_report_holds_what_is_documented() {
    let scratch = Scratch::demo();
    let report = scratch.kairos(&["--format", "json"]).json();
    assert_eq!(report["schema"], "migrate/2");
    assert_eq!(report["verdict"], "ready");
    assert_eq!(report["exit_code"], 3);
    assert_eq!(report["branch"], BRANCH);
    assert_eq!(report["base"].as_str().unwrap(), scratch.git(&["rev-parse", "main"]));
    assert_eq!(report["commits"][0]["id"].as_str().unwrap(), scratch.git(&["rev-parse", BRANCH]));
    assert_eq!(report["move"]["project"], "kairos");
    assert_eq!(report["move"]["components"], serde_json::json!(["web", "worker"]));
    let mut documented: Vec<String> = include_str!("../../docs/json-output.md")
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(key, _)| key.to_owned()))
        .collect();
    let mut found = Vec::new();
    keys(&report, "", &mut found);
    for list in [&mut documented, &mut found] {
        list.sort();
        list.dedup();
    }
    assert_eq!(found, documented);
}

/// Every key of a report as the documentation writes it; what is `null` or empty in each report counts as documented
/// deeper down only where it is filled.
fn keys(value: &Value, at: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let key = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                keys(value, &key, out);
                out.push(key);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| keys(value, &format!("{at}[]"), out)),
        _ => {}
    }
}

#[test]
fn each_file_of_the_report_speaks_of_the_bytes_of_main() {
    let scratch = Scratch::demo();
    let report = scratch.kairos(&["--format", "json"]).json();
    for edit in report["files"].as_array().unwrap().iter().flat_map(|file| file["edits"].as_array().unwrap()) {
        let text = String::from_utf8(scratch.show("main", edit["path"].as_str().unwrap())).unwrap();
        let number = |key: &str| usize::try_from(edit[key].as_u64().unwrap()).unwrap();
        let line = text.split_inclusive('\n').nth(number("line") - 1).unwrap();
        let before = edit["before"].as_str().unwrap();
        let start = text.split_inclusive('\n').take(number("line") - 1).map(str::len).sum::<usize>()
            + line.chars().take(number("column") - 1).map(char::len_utf8).sum::<usize>();
        assert!(text[start..].starts_with(before), "{edit}");
        assert!(!edit["reason"].as_str().unwrap().is_empty());
    }
}

#[test]
fn a_second_run_says_that_there_is_nothing_to_do() {
    let scratch = Scratch::demo();
    scratch.kairos(&[]);
    let before = scratch.state();
    let again = scratch.kairos(&[]);
    assert_eq!((again.code, again.err.as_str()), (0, ""));
    assert!(again.out.contains("nothing to do") && again.out.contains(BRANCH), "{}", again.out);
    assert!(again.out.lines().count() < 20, "{}", again.out);
    let report = scratch.kairos(&["--format", "json"]);
    assert_eq!(report.code, 0);
    assert_eq!(report.json()["outcome"], "already-there");
    assert_eq!(report.json()["exit_code"], 0);
    assert_eq!(scratch.state(), before);
}

#[test]
fn on_its_own_branch_there_is_nothing_to_do() {
    let scratch = Scratch::demo();
    scratch.kairos(&[]);
    let run = scratch.kairos(&["--base", BRANCH, "--branch", "other"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert!(run.out.contains("kairos on puck: nothing to do"), "{}", run.out);
    assert!(!scratch.exists("other"));
    scratch.git(&["checkout", "-q", BRANCH]);
    assert_eq!(scratch.kairos(&["--format", "json"]).json()["verdict"], "nothing-to-do");
}

#[test]
fn a_dry_run_says_the_same_and_writes_nothing() {
    let scratch = Scratch::demo();
    let before = scratch.state();
    let objects = scratch.git(&["count-objects", "-v"]);
    let dry = scratch.kairos(&["--dry-run", "-v", "--diff"]);
    assert_eq!(dry.code, 3);
    assert_eq!((scratch.state(), scratch.git(&["count-objects", "-v"])), (before, objects));
    let wet = scratch.kairos(&["-v", "--diff"]);
    let part = |text: &str, from: &str| text.split_once(from).unwrap().0.to_owned();
    assert_eq!(part(&dry.out, "Dry run: branch"), part(&wet.out, &format!("Branch {BRANCH}, from")));
    let diff = |text: &str| text.split_once("\nDiff\n").unwrap().1.to_owned();
    assert_eq!(diff(&dry.out), diff(&wet.out));
}

#[test]
fn works_from_anywhere_in_the_repository() {
    let id = |scratch: &Scratch| scratch.git(&["rev-parse", BRANCH]);
    let plain = Scratch::demo();
    plain.kairos(&[]);
    let inside = Scratch::demo();
    assert_eq!(migrate(&inside.root.join("ansible/pplg"), &["kairos", "--host", "puck"]).code, 3);
    assert_eq!(id(&inside), id(&plain));
    for folder in ["infra", "./infra/docs", "infra/../infra"] {
        let outside = Scratch::demo();
        let run = migrate(&outside.beside("."), &["-C", folder, "--host", "puck.incus", "kairos"]);
        assert_eq!(run.code, 3, "{folder}: {}", run.err);
        assert_eq!(id(&outside), id(&plain));
    }
}

/// The example routes, groups, inhibits, silences and prints alerts by `job`.
#[test]
fn alerts_keep_their_job_where_it_is_read_unless_told_to_follow() {
    const RULES: &str = "ansible/pplg/loki/rules/kairos.yml";
    let asked = ["mentions/route", "mentions/equal", "mentions/template"];
    for (options, labels, findings) in [(&[][..], 1, [0, 0, 0]), (&["--alert-labels", "follow"], 0, [2, 1, 2])] {
        let scratch = Scratch::demo();
        let report = scratch.kairos(&[&["--format", "json"], options].concat()).json();
        let count = |rule: &str| {
            let all = report["findings"].as_array().unwrap().iter();
            all.filter(|one| one["rule"].as_str() == Some(rule)).count()
        };
        assert_eq!(asked.map(count), findings, "{options:?}");
        assert_eq!(count("alerts/anew-with-job"), usize::from(labels > 0));
        let rules = String::from_utf8(scratch.show(BRANCH, RULES)).unwrap();
        assert_eq!(rules.matches("          team: apps\n          job: kairos\n").count(), labels);
        // What Prometheus reads by `job` keeps it either way.
        assert!(rules.contains(r#"sum by (job) (label_replace(rate({service="kairos"}"#), "{options:?}: {rules}");
        let message = scratch.git(&["log", "-1", "--format=%B", BRANCH]);
        assert_eq!(message.contains("\nMigrate-Options: --alert-labels follow\n"), labels == 0, "{message}");
    }
}
