//! Running again: on the same base, on one that moved, beside commits of a person.

use crate::support::{BRANCH, Scratch};

const SEPARATE: [&str; 6] = ["angelia", "kairos", "--host", "puck", "--separate", "--replace"];

/// One more commit on the base that no migration looks at.
fn move_base(scratch: &Scratch) {
    scratch.write("README.md", "moved on\n");
    scratch.commit("the base moves");
}

/// A commit of a person on top of a branch, without touching the working tree.
fn persons_commit(scratch: &Scratch, branch: &str) -> String {
    let tree = scratch.git(&["rev-parse", &format!("{branch}^{{tree}}")]);
    let commit = scratch.git(&["commit-tree", &tree, "-p", branch, "-m", "mend a selector by hand"]);
    scratch.git(&["update-ref", &format!("refs/heads/{branch}"), &commit]);
    commit
}

fn base_of(scratch: &Scratch, branch: &str) -> String {
    scratch.git(&["log", "-1", "--format=%(trailers:key=Migrate-Base,valueonly,separator=%x2C)", branch])
}

#[test]
fn a_branch_from_an_earlier_base_is_made_anew_only_when_asked() {
    let scratch = Scratch::demo();
    assert_eq!(scratch.kairos(&[]).code, 3);
    let (old, base) = (scratch.git(&["rev-parse", BRANCH]), scratch.git(&["rev-parse", "main"]));
    move_base(&scratch);
    let earlier = format!("made from the earlier commit {}", &base[..10]);
    scratch.kairos(&[]).fails(1, &[&earlier, "--replace makes it anew"]);
    assert_eq!(scratch.git(&["rev-parse", BRANCH]), old);
    let run = scratch.kairos(&["--replace", "--format", "json"]);
    let report = run.json();
    assert_eq!((run.code, report["outcome"].as_str(), report["replaced"].as_str()), (3, Some("replaced"), Some(&*old)));
    assert_eq!(base_of(&scratch, BRANCH), scratch.git(&["rev-parse", "main"]));
    assert_eq!(scratch.git(&["merge-base", "main", BRANCH]), scratch.git(&["rev-parse", "main"]));
    // The same once more is nothing to do.
    let run = scratch.kairos(&["--replace"]);
    assert_eq!(run.code, 0);
    assert!(run.out.contains("nothing to do, an earlier run wrote the branch"), "{}", run.out);
}

#[test]
fn a_persons_commit_freezes_the_branch() {
    let scratch = Scratch::demo();
    scratch.kairos(&[]);
    let theirs = persons_commit(&scratch, BRANCH);
    move_base(&scratch);
    let named = format!("commit {} on it was not made by this program", &theirs[..10]);
    for options in [&[][..], &["--replace"]] {
        scratch.kairos(options).fails(1, &[&named, "never replaced"]);
        assert_eq!(scratch.git(&["rev-parse", BRANCH]), theirs);
    }
}

#[test]
fn a_frozen_branch_does_not_hold_up_the_others() {
    let scratch = Scratch::demo();
    scratch.migrate(&SEPARATE);
    let theirs = persons_commit(&scratch, BRANCH);
    move_base(&scratch);
    let run = scratch.migrate(&[&SEPARATE[..], &["--format", "json"]].concat());
    let report = run.json();
    let outcomes: Vec<&str> =
        report["branches"].as_array().unwrap().iter().map(|one| one["outcome"].as_str().unwrap()).collect();
    assert_eq!((run.code, outcomes), (3, vec!["replaced", "frozen"]));
    assert_eq!(scratch.git(&["rev-parse", BRANCH]), theirs);
    assert_eq!(base_of(&scratch, "migrate/puck/angelia"), scratch.git(&["rev-parse", "main"]));
    let text = scratch.migrate(&SEPARATE).out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("Branch migrate/puck/kairos was left as it is"), "{text}");
    assert!(text.contains("was not made by this program"), "{text}");
}
