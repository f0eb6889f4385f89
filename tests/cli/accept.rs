//! `migrate accept`: proposed texts go onto the branch of a move, as a commit of their own.

use std::io::Write;
use std::process::Stdio;

use crate::support::{BRANCH, Run, Scratch, command};

/// Places of the example with a text that only people read, in the order of the report.
const SAFE: [&str; 5] = ["y1dk2", "ssxhs", "6ehtb", "fpdz9", "whg03"];

fn demo() -> Scratch {
    let scratch = Scratch::demo();
    scratch.git(&["config", "user.name", "Rosalind"]);
    scratch.git(&["config", "user.email", "rosalind@example.org"]);
    scratch
}

fn accept(scratch: &Scratch, words: &[&str]) -> Run {
    scratch.migrate(&[&["accept", "kairos", "--host", "puck"], words].concat())
}

/// The trailers of the commits on the branch, oldest first, without those of the move.
fn accepted(scratch: &Scratch) -> Vec<String> {
    let format = "--format=%(trailers:key=Migrate-Accepted,valueonly,separator=%x2C)";
    let all = scratch.git(&["log", "--reverse", format, &format!("main..{BRANCH}")]);
    all.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// What a commit takes out and puts in.
fn changed(scratch: &Scratch, rev: &str) -> Vec<String> {
    let patch = scratch.git(&["show", "--format=", "-U0", rev]);
    let is_change = |line: &&str| line.starts_with(['+', '-']) && !line.starts_with("+++") && !line.starts_with("---");
    patch.lines().filter(is_change).map(str::to_owned).collect()
}

#[test]
fn what_is_safe_goes_onto_the_branch_in_a_commit_of_its_own() {
    let scratch = demo();
    let run = scratch.kairos(&[]);
    let line = "migrate accept kairos --host puck --safe";
    assert!(run.out.contains(&format!("\n  safe       5 proposed texts: {line}\n")), "{}", run.out);
    let moved = scratch.git(&["rev-parse", BRANCH]);
    let before = scratch.state();
    assert_eq!(accept(&scratch, &["--safe", "--dry-run"]).code, 3);
    assert_eq!(scratch.state(), before);

    let run = accept(&scratch, &["--safe"]);
    assert_eq!((run.code, run.err.as_str()), (3, ""));
    assert!(run.out.contains("accepted   5 proposed texts, in 1 commit behind the move"), "{}", run.out);
    assert!(!run.out.contains("--safe"), "{}", run.out);
    assert_eq!(scratch.git(&["rev-parse", &format!("{BRANCH}~1")]), moved);
    assert_eq!(accepted(&scratch), [SAFE.join(" ")]);
    // Worked out by hand from the three files.
    assert_eq!(
        changed(&scratch, BRANCH),
        [
            "-{job=\"kairos\"}",
            "+{service=\"kairos\"}",
            "-   logcli query '{job=\"kairos\"} |= \"ERROR\"' --since=1h --limit=50",
            "+   logcli query '{service=\"kairos\"} |= \"ERROR\"' --since=1h --limit=50",
            "-3. In Explore, `{job=\"kairos\"} |= \"Traceback\"`, or follow",
            "-   [this link](https://grafana.ouranos.incus/explore?left=%7B%22datasource%22:%22loki%22,%22queries%22:%5B%7B%22refId%22:%22A%22,%22expr%22:%22%7Bjob%3D%5C%22kairos%5C%22%7D%22%7D%5D%7D).",
            "+3. In Explore, `{service=\"kairos\"} |= \"Traceback\"`, or follow",
            "+   [this link](https://grafana.ouranos.incus/explore?left=%7B%22datasource%22:%22loki%22,%22queries%22:%5B%7B%22refId%22:%22A%22,%22expr%22:%22%7Bservice%3D%5C%22kairos%5C%22%7D%22%7D%5D%7D).",
            "-# sum(count_over_time({job=\"kairos\"}[1h]))",
            "+# sum(count_over_time({service=\"kairos\"}[1h]))",
        ]
    );
    // Working tree, index, HEAD and every other ref are as they were.
    let after = scratch.state();
    assert_eq!((&after.files, &after.head, &after.index), (&before.files, &before.head, &before.index));
    assert_eq!(after.refs.replace(&scratch.git(&["rev-parse", BRANCH]), &moved), before.refs);
    // The same once more is nothing to do, and so is the move.
    for run in [accept(&scratch, &["--safe"]), accept(&scratch, &["y1dk2"]), scratch.kairos(&[])] {
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.out);
    }
    assert_eq!(scratch.state(), after);
    scratch.sound();

    // Both at once comes to the same commits.
    let tip = scratch.git(&["rev-parse", BRANCH]);
    scratch.git(&["branch", "-q", "-D", BRANCH]);
    assert_eq!(scratch.kairos(&["--accept", "safe"]).code, 3);
    assert_eq!(scratch.git(&["rev-parse", BRANCH]), tip);
}

#[test]
fn places_and_questions_are_named_and_whatever_is_in_doubt_writes_nothing() {
    let scratch = demo();
    let line = "migrate kairos --host puck";
    accept(&scratch, &["--safe"]).fails(1, &["no branch migrate/puck/kairos yet", line, "--accept safe"]);
    scratch.kairos(&[]);
    let before = scratch.state();
    for (words, code, said) in [
        (&[][..], 2, &["nothing is named that is to be accepted", "migrate accept kairos --host puck --safe"][..]),
        (
            &["zzzzz"],
            1,
            &["`zzzzz` is neither a service of this host nor a place", "questions are a to", "--dry-run -v"],
        ),
        (&["y1dk2", "sx0v2"], 1, &["no text is proposed for sx0v2", "migrate explain sx0v2"]),
        (&["a"], 1, &["question a has no text that could be taken", "migrate explain sx0v2"]),
    ] {
        accept(&scratch, words).fails(code, said);
        assert_eq!(scratch.state(), before, "{words:?}");
    }
    scratch.migrate(&["accept", "kairos", "--safe"]).fails(2, &["no host is named", "accept SERVICE --host HOST"]);
    scratch.migrate(&["accept", "--host", "puck", "--safe"]).fails(2, &["no service is named"]);
    scratch.migrate(&["accept", "y1dk2", "--host", "puck"]).fails(2, &["no service is named"]);
    let other = "the branch migrate/puck/kairos was written without options, not with `--keep-history`";
    accept(&scratch, &["--safe", "--keep-history"]).fails(1, &[other, "migrate accept kairos --host puck …"]);
    // A row of a table goes whole, and a question takes what is left of it with a text.
    assert_eq!(accept(&scratch, &["PR4JW", "[y1dk2]"]).code, 3);
    let row = "-| puck | Kairos | `job=\"kairos\"` | `kairos_syslog_port` | 51431 |";
    assert_eq!(changed(&scratch, BRANCH), [row, "-{job=\"kairos\"}", "+{service=\"kairos\"}"]);
    assert_eq!(accept(&scratch, &["b"]).code, 3);
    assert_eq!(accepted(&scratch), ["pr4jw y1dk2", "ssxhs 6ehtb fpdz9 whg03 wv7xb fcfbh"]);
    // A branch that is checked out would be pulled away from under its working tree.
    scratch.git(&["switch", "-q", BRANCH]);
    scratch.git(&["reset", "-q", "--hard", "HEAD~1"]);
    accept(&scratch, &["b"]).fails(1, &["is checked out here", "switch to another branch"]);
}

#[test]
fn what_was_accepted_is_kept_when_the_branch_is_made_anew() {
    let scratch = demo();
    scratch.kairos(&["--accept", "y1dk2"]);
    // Another person adds to it, and the commits that are there stay whose they are.
    let first = scratch.git(&["rev-parse", BRANCH]);
    scratch.git(&["config", "user.name", "Celia"]);
    assert_eq!(accept(&scratch, &["fcfbh", "whg03"]).code, 3);
    assert_eq!(scratch.git(&["rev-parse", &format!("{BRANCH}~1")]), first);
    // The base goes on: lines above, and one of the places is gone.
    scratch.replace("docs/logging.md", "# Logs\n", "# Logs\n\nMore of this below.\n");
    scratch.replace("scripts/check-streams.sh", "# sum(count_over_time({job=\"kairos\"}[1h]))\n", "");
    scratch.commit("the base moves");
    let run = scratch.kairos(&["--replace"]);
    assert_eq!(run.code, 3, "{}", run.err);
    assert_eq!(accepted(&scratch), ["y1dk2", "fcfbh"]);
    let said = run.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("accepted on the branch before, and not taken again") && said.contains("otherwise: whg03"),
        "{said}"
    );
    let text = String::from_utf8(scratch.show(BRANCH, "docs/logging.md")).unwrap();
    assert!(text.contains("More of this below.") && text.contains("\n{service=\"kairos\"}\n"), "{text}");
    // On a base that is not the newest, a text goes onto the branch as it is.
    scratch.commit("and again");
    let base = scratch.git(&["merge-base", "main", BRANCH]);
    assert_eq!(accept(&scratch, &["ssxhs"]).code, 3);
    assert_eq!(scratch.git(&["merge-base", "main", BRANCH]), base);
    assert_eq!(accepted(&scratch), ["y1dk2", "fcfbh", "ssxhs"]);
}

#[test]
fn a_commit_of_a_person_is_never_taken_for_one_that_was_accepted() {
    let scratch = demo();
    scratch.kairos(&["--accept", "safe"]);
    // The message is that of such a commit, the person is another's time.
    let message = scratch.git(&["log", "-1", "--format=%B", BRANCH]);
    let tree = scratch.git(&["rev-parse", &format!("{BRANCH}^{{tree}}")]);
    let commit = scratch.git(&["commit-tree", &tree, "-p", BRANCH, "-m", &message]);
    scratch.git(&["update-ref", &format!("refs/heads/{BRANCH}"), &commit]);
    let before = scratch.state();
    for run in [accept(&scratch, &["fcfbh"]), scratch.kairos(&["--replace"])] {
        run.fails(1, &[&commit[..10], "was changed after this program made it"]);
    }
    accept(&scratch, &["fcfbh"]).fails(1, &["put in by hand", "migrate explain"]);
    assert_eq!(scratch.state(), before);
}

/// The repository is as right as before with each text alone: the move is planned as before, and one place is left less.
#[test]
fn each_text_alone_settles_its_place_and_nothing_else() {
    let scratch = demo();
    // On a branch of another name, which holds nothing that was accepted.
    let plan = || scratch.kairos(&["--dry-run", "--base", "try", "--branch", "other", "--format", "json"]).json();
    scratch.git(&["branch", "-q", "try", "main"]);
    let all = plan();
    let ids = |plan: &serde_json::Value| {
        let open = plan["findings"].as_array().unwrap().iter().filter(|one| one["level"] == "decide");
        open.map(|one| one["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let takeable = |one: &&serde_json::Value| matches!(one["proposal"].as_str(), Some("safe" | "to-check"));
    let takeable: Vec<&serde_json::Value> = all["findings"].as_array().unwrap().iter().filter(takeable).collect();
    let safe = takeable.iter().filter(|one| one["proposal"] == "safe").map(|one| one["id"].as_str().unwrap());
    assert_eq!(safe.collect::<Vec<_>>(), SAFE);
    assert_eq!(takeable.len(), 8);
    scratch.git(&["switch", "-q", "try"]);
    for one in takeable {
        let id = one["id"].as_str().unwrap();
        scratch.git(&["reset", "-q", "--hard", "main"]);
        assert_eq!(scratch.kairos(&["--accept", id]).code, 3, "{id}");
        scratch.git(&["cherry-pick", BRANCH]);
        scratch.git(&["branch", "-q", "-D", BRANCH]);
        let with = plan();
        let left: Vec<String> = ids(&all).into_iter().filter(|other| other != id).collect();
        assert_eq!(ids(&with), left, "{id}");
        for key in ["verdict", "rollout", "move"] {
            assert_eq!(with[key], all[key], "{id}: {key}");
        }
        assert_eq!(with["queries"].as_array().map(Vec::len), all["queries"].as_array().map(Vec::len));
    }
}

#[test]
fn a_batch_and_answers_that_are_piped() {
    let scratch = demo();
    let run = scratch.migrate(&["--all", "--host", "puck"]);
    assert!(run.out.contains("texts: migrate accept --all --host puck --safe\n"), "{}", run.out);
    let run = scratch.migrate(&["accept", "--all", "--host", "puck", "--safe"]);
    assert_eq!(run.code, 3, "{}", run.err);
    let last = scratch.git(&["log", "-1", "--format=%s %(trailers:key=Migrate-Accepted)", "migrate/puck/all"]);
    assert!(last.starts_with("puck: accept ") && SAFE.iter().all(|id| last.contains(id)), "{last}");

    scratch.kairos(&[]);
    let mut asked = command(env!("CARGO_BIN_EXE_migrate"), &scratch.root);
    let asked = asked.args(["accept", "kairos", "--host", "puck", "--interactive", "--format", "json"]);
    let mut child = asked.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The row stays, the query goes in, then no more.
    child.stdin.take().unwrap().write_all(b"n\n?\ny\nq\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let asked = String::from_utf8(output.stderr).unwrap();
    for part in [
        "   y1dk2 docs/logging.md:49:2, safe\n   - job=\"kairos\"\n   + service=\"kairos\"\n",
        "(2/8) Take this text [y,n,q,a,d,?]? ",
        "q - quit",
    ] {
        assert!(asked.contains(part), "{asked}");
    }
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(accepted(&scratch), ["y1dk2"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["commits"].as_array().unwrap().len(), 2);
}
