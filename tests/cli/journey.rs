//! What a person types one after the other: one service, then the rest of the host, then what is left over.

use crate::support::{BRANCH, Scratch};

const ALL: &str = "migrate/puck/all";
const PRUNE: &str = "migrate/puck/prune";

fn branches(scratch: &Scratch) -> Vec<String> {
    let list = scratch.git(&["branch", "--list", "--format=%(refname:short)", "migrate/*"]);
    list.lines().map(str::to_owned).collect()
}

/// Merges a branch as a hosting site does when it is told to squash: one commit that no commit of the branch leads to.
fn squash(scratch: &Scratch, branch: &str) {
    scratch.git(&["merge", "-q", "--squash", branch]);
    scratch.git(&["commit", "-q", "-m", &format!("Merge {branch}")]);
}

fn colleague(scratch: &Scratch, file: &str) {
    scratch.write(file, "of a colleague\n");
    scratch.commit("something else");
}

#[test]
fn one_service_then_the_rest_then_what_is_left_over() {
    let scratch = Scratch::demo();
    assert_eq!(scratch.kairos(&[]).code, 3);
    let run = scratch.migrate(&["--all", "--host", "puck"]);
    assert_eq!(run.code, 3, "{}", run.err);
    let left_out = "kairos on puck was left out: it is on migrate/puck/kairos, which is not merged";
    assert!(run.out.contains(left_out), "{}", run.out);
    assert_eq!(scratch.git(&["rev-list", "--count", &format!("main..{ALL}")]), "3");
    // Both change the list of listeners; git says that they conflict, and so does the report.
    assert!(run.out.contains("note: merged after migrate/puck/kairos, this branch has a conflict in"), "{}", run.out);
    assert!(run.out.contains("merge migrate/puck/kairos first, then run this again with --replace"), "{}", run.out);
    assert_eq!(scratch.migrate(&["prune", "--host", "puck"]).code, 0);
    assert_eq!(branches(&scratch), [ALL, BRANCH, PRUNE]);
    // Typed once more, each finds what it wrote, and says the same.
    for (words, again) in [(&["kairos", "--host", "puck"][..], 0), (&["--all", "--host", "puck"], 0)] {
        assert_eq!(scratch.migrate(words).code, again, "{words:?}");
    }
    let json = scratch.migrate(&["--all", "--host", "puck", "--format", "json"]).json();
    assert_eq!(json["branches"][0]["outcome"], "already-there");
    assert!(json["notes"].as_array().unwrap().iter().any(|note| note == left_out), "{}", json["notes"]);
    let body = scratch.migrate(&["--all", "--host", "puck", "--format", "markdown"]).out;
    assert!(body.contains("kairos on puck was left out"), "{body}");
    // The first is merged, and a colleague goes on: the rest is made anew from there.
    scratch.git(&["merge", "-q", "--no-ff", "--no-edit", BRANCH]);
    colleague(&scratch, "README.md");
    scratch.migrate(&["--all", "--host", "puck"]).fails(1, &["made from the earlier commit", "--replace"]);
    let run = scratch.migrate(&["--all", "--host", "puck", "--replace"]);
    assert!(run.code == 3 && !run.out.contains("was left out") && !run.out.contains("conflict"), "{}", run.out);
    scratch.git(&["merge", "-q", "--no-ff", "--no-edit", ALL]);
    colleague(&scratch, "NEWS.md");
    scratch.git(&["merge", "-q", "--no-ff", "--no-edit", PRUNE]);
    nothing_is_left(&scratch);
}

#[test]
fn the_same_with_squash_merges() {
    let scratch = Scratch::demo();
    for (words, branch) in [
        (&["kairos", "--host", "puck"][..], BRANCH),
        (&["--all", "--host", "puck"], ALL),
        (&["prune", "--host", "puck"], PRUNE),
    ] {
        let run = scratch.migrate(words);
        assert!([0, 3].contains(&run.code) && !run.out.contains("was left out"), "{words:?}: {} {}", run.out, run.err);
        squash(&scratch, branch);
        colleague(&scratch, &branch.replace('/', "-"));
    }
    // The branches are still there, and nothing of them is merged as git sees it.
    assert_eq!(branches(&scratch).len(), 3);
    nothing_is_left(&scratch);
}

fn nothing_is_left(scratch: &Scratch) {
    let before = scratch.state();
    for words in [&["kairos", "--host", "puck"][..], &["--all", "--host", "puck"], &["prune", "--host", "puck"]] {
        let run = scratch.migrate(words);
        assert!(run.code == 0 && run.out.to_lowercase().contains("nothing to do"), "{words:?}: {}{}", run.out, run.err);
    }
    assert_eq!(scratch.state(), before);
}

#[test]
fn when_all_is_on_branches_that_is_said() {
    let scratch = Scratch::demo();
    assert_eq!(scratch.migrate(&["--all", "--host", "puck", "--separate"]).code, 3);
    let run = scratch.migrate(&["--all", "--host", "puck"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.starts_with("Nothing to do: what logs to syslog is on a branch already\n"), "{}", run.out);
    for name in ["angelia", "jupyterlab", "kairos", "spelunker"] {
        assert!(run.out.contains(&format!("{name} on puck was left out: it is on migrate/puck/{name}")), "{}", run.out);
    }
    assert!(!scratch.exists(ALL));
    // The branches that a run would make itself leave nothing out.
    let run = scratch.migrate(&["--all", "--host", "puck", "--separate"]);
    assert!(run.code == 0 && !run.out.contains("was left out"), "{}", run.out);
}
