//! Several services in one run on the example, and what git says about the branches.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{Run, Scratch, try_git};

/// The services of puck that are on syslog, in name order.
const PUCK: [&str; 4] = ["angelia", "jupyterlab", "kairos", "spelunker"];

fn subjects(scratch: &Scratch, branch: &str) -> Vec<String> {
    let list = scratch.git(&["log", "--reverse", "--format=%s", &format!("main..{branch}")]);
    list.lines().map(str::to_owned).collect()
}

fn tree(scratch: &Scratch, rev: &str) -> String {
    scratch.git(&["rev-parse", &format!("{rev}^{{tree}}")])
}

fn services(run: &Run) -> Vec<(String, String)> {
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let all = run.json()["services"].as_array().unwrap().clone();
    all.iter().map(|one| (word(&one["request"]["service"]), word(&one["verdict"]))).collect()
}

#[test]
fn all_services_of_a_host_are_one_branch_with_a_commit_each() {
    let scratch = Scratch::demo();
    let before = scratch.state();
    let run = scratch.migrate(&["--all", "--host", "puck"]);
    assert_eq!(run.code, 3, "{}", run.err);
    let lines: Vec<String> = PUCK.iter().zip(1..).map(|(name, at)| format!("{at}/4 {name} on puck: planned")).collect();
    assert_eq!(run.err.lines().collect::<Vec<_>>(), lines);
    let mut after = scratch.state();
    after.refs = after.refs.split_inclusive('\n').filter(|line| !line.contains("refs/heads/migrate/")).collect();
    assert_eq!(after, before);
    scratch.sound();
    let titles = PUCK.map(|name| format!("{name}: move from syslog to the Docker socket on puck"));
    assert_eq!(subjects(&scratch, "migrate/puck/all"), titles);
    let trailers = scratch.git(&[
        "log",
        "--format=%(trailers:key=Migrated-Service,valueonly)%(trailers:key=Migrate-Base,valueonly)",
        "main..migrate/puck/all",
    ]);
    let main = scratch.git(&["rev-parse", "main"]);
    let want: Vec<String> = PUCK.iter().rev().flat_map(|name| [(*name).to_owned(), main.clone()]).collect();
    assert_eq!(trailers.split_whitespace().collect::<Vec<_>>(), want);
    // The port variables and the listeners are gone with the last of them.
    let config = String::from_utf8(scratch.show("migrate/puck/all", "ansible/alloy/puck/config.alloy.j2")).unwrap();
    assert!(PUCK.iter().all(|name| !config.contains(&format!("{name}_syslog_port"))), "{config}");
}

/// What the batch writes is what a user gets who migrates one after the other and merges each.
#[test]
fn a_batch_is_the_services_one_by_one() {
    let (batch, single) = (Scratch::demo(), Scratch::demo());
    assert_eq!(batch.migrate(&["--all", "--host", "puck"]).code, 3);
    for (at, name) in PUCK.iter().enumerate() {
        let run = single.migrate(&[name, "--host", "puck"]);
        assert_eq!(run.code, 3, "{}", run.err);
        single.git(&["merge", "-q", "--ff-only", &format!("migrate/puck/{name}")]);
        let commit = format!("migrate/puck/all~{}", PUCK.len() - 1 - at);
        assert_eq!(tree(&single, "main"), tree(&batch, &commit), "{name}");
    }
    let again = single.migrate(&["--all", "--host", "puck"]);
    assert_eq!((again.code, again.out.as_str()), (0, "Nothing to do: no service logs to syslog\n"));
}

#[test]
fn the_streams_of_a_batch_are_told_once() {
    let scratch = Scratch::demo();
    let json = |arguments: &[&str]| scratch.migrate(&[arguments, &["--dry-run", "--format", "json"]].concat()).json();
    let batch = json(&["--all", "--host", "puck"]);
    let list = |value: &Value| value.as_array().unwrap().clone();
    let (streams, sets) = (list(&batch["streams"]), list(&batch["stream_sets"]));
    for all in [&streams, &sets] {
        assert_eq!(all.iter().map(Value::to_string).collect::<BTreeSet<_>>().len(), all.len());
    }
    let number = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    let told = |set: &Value| -> Vec<Value> {
        list(&sets[number(set)]).iter().map(|stream| streams[number(stream)].clone()).collect()
    };
    // The first one moves as it does alone.
    let (first, alone) = (&batch["services"][0], json(&[PUCK[0], "--host", "puck"]));
    assert_eq!((first["schema"].as_str(), alone["schema"].as_str()), (Some("migrate-batch/3"), Some("migrate/2")));
    assert!(list(&alone["queries"]).len() > 3);
    for (one, other) in list(&first["queries"]).iter().zip(list(&alone["queries"])) {
        assert_eq!(one["before"], other["before"]);
        for side in ["streams_before", "streams_after"] {
            assert_eq!(told(&one[side]), list(&other[side]), "{one}");
        }
    }
}

#[test]
fn a_blocked_service_is_named_and_does_not_stop_the_others() {
    let scratch = Scratch::demo();
    let run = scratch.migrate(&["--all", "--dry-run", "--format", "json"]);
    assert_eq!(run.code, 3);
    let blocked: Vec<String> =
        services(&run).into_iter().filter(|(_, verdict)| verdict == "blocked").map(|(name, _)| name).collect();
    assert_eq!(blocked, ["neo4j", "rabbitmq", "neo4j"]);
    let report = run.json();
    let branches: Vec<&str> =
        report["branches"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(
        branches,
        ["miranda", "oberon", "puck", "rosalind", "titania"].map(|host| format!("migrate/{host}/all"))
    );
    assert!(!scratch.exists("migrate/puck/all"));
    let alone = scratch.migrate(&["--all", "--host", "ariel"]);
    assert_eq!(alone.code, 4, "{}", alone.out);
    assert!(alone.out.starts_with("neo4j on ariel: blocked, nothing was written\n"), "{}", alone.out);
    let json = scratch.migrate(&["--all", "--host", "ariel", "--format", "json"]).json();
    assert_eq!(
        (json["schema"].as_str(), json["branches"].as_array().map(Vec::len)),
        (Some("migrate-batch/3"), Some(0))
    );
    assert_eq!(scratch.git(&["branch", "--list", "migrate/*"]), "");
}

#[test]
fn services_are_chosen_by_pattern_and_number() {
    let scratch = Scratch::demo();
    let chosen = |options: &[&str]| {
        let run = scratch.migrate(&[&["--all", "--host", "puck", "--dry-run", "--format", "json"], options].concat());
        services(&run).into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    assert_eq!(chosen(&["--only", "k*,spelunke?"]), ["kairos", "spelunker"]);
    assert_eq!(chosen(&["--except", "k*", "--except", "angelia"]), ["jupyterlab", "spelunker"]);
    assert_eq!(chosen(&["--only", "*e*", "--except", "angelia"]), ["jupyterlab", "spelunker"]);
    assert_eq!(chosen(&["--limit", "2"]), ["angelia", "jupyterlab"]);
    let all = ["--all", "--host", "puck"];
    scratch
        .migrate(&[&all[..], &["--except", "kairo"]].concat())
        .fails(1, &["--except kairo", "angelia, jupyterlab, kairos"]);
    scratch.migrate(&["--all", "--host", "pluck"]).fails(1, &["no host `pluck`", "puck"]);
}

#[test]
fn services_by_name_come_in_name_order_whatever_was_typed() {
    let scratch = Scratch::demo();
    let run = scratch.migrate(&["kairos", "angelia", "kairos", "--host", "puck"]);
    assert_eq!(run.code, 3, "{}", run.err);
    let first = scratch.git(&["rev-parse", "migrate/puck/angelia+kairos"]);
    assert_eq!(subjects(&scratch, "migrate/puck/angelia+kairos").len(), 2);
    let again = scratch.migrate(&["angelia", "kairos", "--host", "puck", "--format", "json"]);
    assert_eq!((again.code, again.json()["branches"][0]["outcome"].as_str()), (0, Some("already-there")));
    assert_eq!(scratch.git(&["rev-parse", "migrate/puck/angelia+kairos"]), first);
    // A slip of the pen ends the run, whatever else was asked for.
    scratch.migrate(&["angelia", "kairo", "--host", "puck", "--branch", "new"]).fails(1, &["no service `kairo`"]);
    assert!(!scratch.exists("new"));
}

#[test]
fn separate_branches_are_made_together_and_say_which_conflict() {
    let scratch = Scratch::demo();
    let run = scratch.migrate(&["--all", "--host", "puck", "--separate", "--format", "json"]);
    assert_eq!(run.code, 3, "{}", run.err);
    let report = run.json();
    let branches = report["branches"].as_array().unwrap();
    assert_eq!(branches.len(), PUCK.len());
    for (branch, name) in branches.iter().zip(PUCK) {
        let full = format!("migrate/puck/{name}");
        assert_eq!(branch["name"], full);
        assert_eq!(scratch.git(&["rev-list", "--count", &format!("main..{full}")]), "1");
        // Beside the reports of one service alone: git, asked to merge every two, has the last word.
        for other in PUCK.iter().filter(|other| **other != name) {
            let other = format!("migrate/puck/{other}");
            let told = branch["conflicts"].as_array().unwrap().iter().find(|one| one["branch"] == other);
            let merged =
                try_git(&scratch.root, &["merge-tree", "--write-tree", "--name-only", "--no-messages", &full, &other]);
            let text = String::from_utf8(merged.stdout).unwrap();
            let paths: Vec<&str> = text.lines().skip(1).filter(|line| !line.is_empty()).collect();
            let named: Vec<&str> = told
                .map(|one| one["paths"].as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect())
                .unwrap_or_default();
            assert_eq!(paths, named, "{full} and {other}");
        }
    }
    let alone = Scratch::demo();
    alone.kairos(&[]);
    assert_eq!(tree(&alone, "migrate/puck/kairos"), tree(&scratch, "migrate/puck/kairos"));
}

#[test]
fn branches_are_made_all_or_none() {
    let scratch = Scratch::demo();
    scratch.git(&["branch", "migrate/puck/spelunker"]);
    let run = scratch.migrate(&["--all", "--host", "puck", "--separate"]);
    assert_eq!(run.code, 1, "{}", run.out);
    assert!(run.err.contains("the branch migrate/puck/spelunker exists already"), "{}", run.err);
    assert_eq!(scratch.git(&["branch", "--list", "--format=%(refname:short)", "migrate/*"]), "migrate/puck/spelunker");
    scratch.migrate(&["--all", "--separate", "--host", "puck", "--branch", "x"]).fails(2, &["one name for 4 branches"]);
}

/// An earlier version called the branch of several services so.
#[test]
fn a_branch_in_the_way_is_told_before_the_rest_is_planned() {
    let scratch = Scratch::demo();
    let all = ["--all", "--host", "puck"];
    scratch.git(&["branch", "migrate/puck"]);
    scratch.git(&["switch", "-q", "migrate/puck"]);
    scratch.commit("of a person");
    scratch.git(&["switch", "-q", "main"]);
    let said = |run: &Run| run.err.split_whitespace().collect::<Vec<_>>().join(" ");
    for options in [&[][..], &["--branch", "migrate/puck/mine"]] {
        let run = scratch.migrate(&[&all[..], options].concat());
        assert_eq!(run.code, 1);
        assert!(run.err.contains("1/4") && !run.err.contains("2/4"), "{}", run.err);
        assert!(said(&run).contains("cannot be made because the branch migrate/puck exists"), "{}", run.err);
        assert!(!run.err.contains("it is merged"), "{}", run.err);
    }
    // Merged is what the base holds, and what git would delete.
    scratch.git(&["merge", "-q", "--no-ff", "--no-edit", "migrate/puck"]);
    let run = scratch.migrate(&all);
    assert!(said(&run).contains("it is merged: delete it with `git branch -d migrate/puck`"), "{}", run.err);
    let run = scratch.migrate(&[&all[..], &["--base", "main^"]].concat());
    assert!(run.code == 1 && !run.err.contains("it is merged"), "{}", run.err);
    scratch.git(&["branch", "-d", "migrate/puck"]);
    assert_eq!(scratch.migrate(&all).code, 3);
}

/// The queries of a file in a commit that hold `word`.
fn queries(scratch: &Scratch, rev: &str, path: &str, word: &str) -> Vec<String> {
    let text = String::from_utf8(scratch.show(rev, path)).unwrap();
    let lines = text.lines().filter(|line| line.contains("expr") && line.contains(word));
    lines.map(|line| line.trim().trim_end_matches(',').replace("\\\"", "'")).collect()
}

#[test]
fn a_bridge_is_gone_once_the_last_service_of_its_query_has_moved() {
    const BOARD: &str = "ansible/pplg/grafana/dashboards/puck-host.json";
    const RULES: &str = "ansible/pplg/loki/rules/apps.yml";
    let scratch = Scratch::demo();
    assert_eq!(scratch.migrate(&["--all", "--host", "puck", "--bridge", "filter"]).code, 3);
    // After angelia, kairos is still on syslog: both are asked for behind what they have in common.
    let bridge = "{hostname='puck.incus'} | job='kairos' or service='angelia' [5m]";
    assert_eq!(
        queries(&scratch, "migrate/puck/all~3", BOARD, "angelia"),
        [format!("\"expr\": \"sum by (service_name) (rate({bridge}))\"")]
    );
    let direct = "{hostname='puck.incus', service=~'angelia|kairos'}[5m]";
    assert_eq!(
        queries(&scratch, "migrate/puck/all", BOARD, "angelia"),
        [format!("\"expr\": \"sum by (service_name) (rate({direct}))\"")]
    );
    // One of three containers of spelunker was never on syslog, so a selector cannot say it; no job is asked for any more.
    let last = queries(&scratch, "migrate/puck/all", RULES, "Traceback").join("");
    assert!(last.contains("(service=\"spelunker\" and component!=\"queue\")") && !last.contains("job="), "{last}");
}

/// Queries over several services, each of which leaves them in its turn: as a batch, and one by one with merges between.
#[test]
fn what_a_move_leaves_is_not_narrowed_by_the_next() {
    let jobs = [
        "kairos.*|angelia.*",
        "(?:kairos|angelia).*",
        "kairos|spel.+",
        ".*(kairos|spelunker|angelia).*",
        "^(kairos|angelia|spelunker|jupyterlab)$",
        "(?i)kairos|angelia",
        ".*[el].*[is].*",
    ];
    let queries: Vec<String> = jobs
        .iter()
        .flat_map(|jobs| {
            let whole = format!("{{job=~\"{jobs}\"}}");
            let filter = format!("{{hostname=\"puck.incus\"}} | job=~\"{jobs}\"");
            [format!("sum by (job) (rate({whole} |= \"x\" [5m]))"), whole, filter]
        })
        .collect();
    let targets: Vec<Value> = queries.iter().map(|query| serde_json::json!({"expr": query})).collect();
    let panel = serde_json::json!({"datasource": {"type": "loki", "uid": "loki"}, "targets": targets});
    let dashboard = serde_json::json!({"schemaVersion": 39, "panels": [panel]}).to_string();
    let rules: Vec<Value> = queries
        .iter()
        .zip(0..)
        .map(|(query, at)| serde_json::json!({"alert": format!("A{at}"), "expr": format!("count_over_time({query} [5m]) > 0")}))
        .filter(|rule| !rule["expr"].as_str().unwrap().contains("sum by"))
        .collect();
    let rules = serde_json::json!({"groups": [{"name": "several", "rules": rules}]}).to_string();
    let files =
        [("ansible/pplg/grafana/dashboards/several.json", dashboard), ("ansible/pplg/loki/rules/several.yml", rules)];
    let with_files = || {
        let scratch = Scratch::demo();
        for (path, text) in &files {
            scratch.write(path, text);
        }
        scratch.commit("queries over several services");
        scratch
    };
    let whole = |jobs: &str| format!("{{job=~\\\"{jobs}\\\"}}");
    let filtered = |jobs: &str| format!("{{hostname=\\\"puck.incus\\\"}} | job=~\\\"{jobs}\\\"");
    // Old parts of queries, each with the one that stands there at the end, and all else as it was; rules may drop more.
    let are = |scratch: &Scratch, rev: &str, becomes: &[(String, String)]| {
        let end = |path: &str| String::from_utf8(scratch.show(rev, path)).unwrap();
        let becomes = |text: &str| becomes.iter().fold(text.to_owned(), |text, (old, new)| text.replace(old, new));
        let [(dashboard, panels), (path, rules)] = &files;
        assert_eq!(end(dashboard), becomes(panels));
        let rules = becomes(rules);
        let selected = rules.split("count_over_time").skip(1).map(|rule| rule.split(" [5m]").next().unwrap());
        let end = end(path);
        selected.for_each(|selected| assert!(end.contains(selected), "{selected} in {end}"));
    };
    let batch = |more: &[&str]| {
        let scratch = with_files();
        assert_eq!(scratch.migrate(&[&["--all", "--host", "puck"], more].concat()).code, 3);
        scratch
    };
    // A filter on the name says what some patterns ask for; where it would take in more, they stay.
    let named = |jobs: &str| (filtered(jobs), filtered(jobs).replace("| job", "| service_name"));
    let by_filter = ["kairos.*|angelia.*", "(?:kairos|angelia).*", "(?i)kairos|angelia"].map(named);
    let filter = ["--bridge", "filter"];
    are(&batch(&filter), "migrate/puck/all", &by_filter);
    let one_by_one = |more: &[&str]| {
        let scratch = with_files();
        for name in PUCK {
            let run = scratch.migrate(&[&[name, "--host", "puck"], more].concat());
            assert_eq!(run.code, 3, "{}", run.err);
            scratch.git(&["merge", "-q", &format!("migrate/puck/{name}")]);
        }
        scratch
    };
    are(&one_by_one(&filter), "main", &by_filter);
    // Guards can say it in a selector; names where all that is named has moved.
    let by = |old: String, new: String| {
        let sum = |text: &str, by: &str| format!("sum by ({by}) (rate({text} |=");
        [(sum(&old, "job"), sum(&new, "service_name")), (old, new)]
    };
    let guarded = |jobs: &str| {
        let guards = format!(r#"{{job=~\"{jobs}|\", service=~\"|angelia|kairos\", service_name=~\"{jobs}\"}}"#);
        by(whole(jobs), guards)
    };
    let all = r#"{service=~\"angelia|jupyterlab|kairos|spelunker\", component!=\"queue\"}"#;
    let becomes = [
        by_filter.to_vec(),
        ["kairos.*|angelia.*", "(?:kairos|angelia).*", "(?i)kairos|angelia"].map(guarded).concat(),
        by(whole("^(kairos|angelia|spelunker|jupyterlab)$"), all.to_owned()).to_vec(),
    ]
    .concat();
    are(&batch(&[]), "migrate/puck/all", &becomes);
    are(&one_by_one(&[]), "main", &becomes);
}
