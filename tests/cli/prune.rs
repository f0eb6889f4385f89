//! `migrate prune` on the example: what goes, and that it goes once.

use crate::support::Scratch;

const VARS: &str = "ansible/inventory/host_vars/puck.incus.yml";
const ALLOY: &str = "ansible/alloy/puck/config.alloy.j2";
const BRANCH: &str = "migrate/puck/prune";

#[test]
fn ports_that_nothing_names_go_and_nothing_else_changes() {
    let scratch = Scratch::demo();
    let before = String::from_utf8(scratch.read(VARS)).unwrap();
    let run = scratch.migrate(&["prune", "--host", "puck"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert!(run.out.starts_with("leftovers on puck.incus: what nothing needs any more goes\n"), "{}", run.out);
    assert_eq!(scratch.git(&["diff", "--name-only", "main", BRANCH]), VARS);
    let gone = ["athena", "mnemosyne", "daedalus"].map(|name| format!("{name}_syslog_port: "));
    let kept: String = before
        .split_inclusive('\n')
        .filter(|line| !gone.iter().any(|start| line.starts_with(start.as_str())))
        .collect();
    // All three stood between two blank lines, of which one goes.
    let kept = kept.replace("\n\n\n", "\n\n");
    assert_eq!(String::from_utf8(scratch.show(BRANCH, VARS)).unwrap(), kept);
    assert_eq!(before.lines().count() - kept.lines().count(), 4);
    scratch.sound();
    // Merged, there is nothing left, and the services move as before.
    scratch.git(&["merge", "-q", "--ff-only", BRANCH]);
    let again = scratch.migrate(&["prune", "--host", "puck"]);
    assert_eq!(
        (again.code, again.out.as_str()),
        (0, "leftovers on puck.incus: nothing to do, moves left nothing behind\n")
    );
    assert_eq!(scratch.kairos(&[]).code, 3);
}

#[test]
fn a_port_that_is_named_stays() {
    let scratch = Scratch::demo();
    scratch.write(
        "ansible/check.yml",
        "- hosts: puck.incus\n  tasks:\n    - wait_for: {port: '{{ athena_syslog_port }}'}\n",
    );
    scratch.write(
        "ansible/names.yml",
        "- hosts: puck.incus\n  tasks:\n    - debug: {msg: '{{ mnemosyne_syslog_port }}'}\n",
    );
    scratch.commit("who names them");
    scratch.migrate(&["prune", "--host", "puck"]);
    let diff = scratch.git(&["diff", "-U0", "main", BRANCH]);
    let changed: Vec<&str> = diff
        .lines()
        .filter(|line| line.starts_with(['+', '-']) && !line.starts_with("+++") && !line.starts_with("---"))
        .collect();
    assert_eq!(changed, ["-daedalus_syslog_port: 51403"]);
}

#[test]
fn a_source_without_listeners_goes() {
    let scratch = Scratch::demo();
    let config = String::from_utf8(scratch.read(ALLOY)).unwrap();
    let idle = "\n// nothing listens here any more\nloki.source.syslog \"idle\" {\n  forward_to = [loki.write.default.receiver]\n}\n";
    scratch.write(ALLOY, format!("{config}{idle}"));
    scratch.commit("an idle source");
    let run = scratch.migrate(&["prune", "--host", "puck", "--format", "json"]);
    let report = run.json();
    assert_eq!((report["request"]["service"].as_str(), report["move"].is_null()), (Some(""), true));
    assert_eq!(String::from_utf8(scratch.show(BRANCH, ALLOY)).unwrap(), config);
    let commands: Vec<&str> =
        report["rollout"].as_array().unwrap().iter().filter_map(|step| step["command"].as_str()).collect();
    assert_eq!(commands, ["ansible-playbook alloy/deploy.yml --limit puck.incus"]);
}

#[test]
fn an_unknown_host_is_an_error() {
    Scratch::demo().migrate(&["prune", "--host", "pluck"]).fails(1, &["no host `pluck`"]);
    Scratch::demo().migrate(&["prune"]).fails(2, &["--host"]);
}

#[test]
fn a_bridge_to_a_job_that_is_gone_goes() {
    const BOARD: &str = "ansible/pplg/grafana/dashboards/bridges.json";
    let scratch = Scratch::demo();
    // athena and mnemosyne have moved, kairos has not: the one asks for a job nobody has, the other for one that is there. The
    // last one asks for mnemosyne by its job alone, so it is what is left of somebody's wish.
    let board = |queries: [&str; 3]| {
        let targets = queries.map(|query| {
            let expr = query.replace('"', "\\\"");
            format!(
                "{{\"refId\": \"A\", \"datasource\": {{\"type\": \"loki\", \"uid\": \"loki\"}}, \"expr\": \"{expr}\"}}"
            )
        });
        format!(
            "{{\"title\": \"Bridges\", \"panels\": [{{\"type\": \"logs\", \"title\": \"x\", \"targets\": [{}]}}]}}\n",
            targets.join(", ")
        )
    };
    let needed = "{hostname=\"puck.incus\"} | job=\"kairos\" or service=\"athena\" |= \"x\"";
    let dead = "{hostname=\"puck.incus\"} | job=\"athena\" or service=\"athena\" |= \"x\"";
    let trace = "{hostname=\"puck.incus\"} | job=\"mnemosyne\" or service=\"athena\" |= \"x\"";
    scratch.write(BOARD, board([needed, dead, trace]));
    scratch.commit("bridges");
    let run = scratch.migrate(&["prune", "--host", "puck", "--format", "json"]);
    assert_eq!(run.json()["queries"].as_array().unwrap().len(), 1, "{}", run.out);
    let direct = "{hostname=\"puck.incus\", service=\"athena\"} |= \"x\"";
    assert_eq!(String::from_utf8(scratch.show(BRANCH, BOARD)).unwrap(), board([needed, direct, trace]));
}
