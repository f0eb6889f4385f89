//! What is refused, and that nothing is lost by it.

use migrate::error::Kind;
use migrate::plan::{Holds, Step};
use migrate::repo::{Outcome, PublishOptions, branch_name, check_branch_name};

use crate::scratch::{BRANCH, Scratch, load, options, publish, publish_as, publish_steps, publish_with, step, words};

const CHANGE: &[(&str, &str, &str)] = &[("compose.yml", "two", "TWO")];
const OTHER: &[(&str, &str, &str)] = &[("compose.yml", "two", "zwei")];

fn replacing() -> PublishOptions {
    PublishOptions { replace: true, ..options() }
}

#[test]
fn an_existing_branch_is_not_overwritten() {
    let scratch = Scratch::new();
    let first = publish(&scratch.repo(), CHANGE).unwrap();
    let error = words(publish(&scratch.repo(), OTHER));
    assert!(error.contains(BRANCH) && error.contains("--branch") && error.contains("--replace"), "{error}");
    assert_eq!(scratch.git(&["rev-parse", BRANCH]), first.commits[0]);

    let dry = publish_with(&scratch.repo(), OTHER, PublishOptions { dry_run: true, ..options() }).unwrap();
    assert_eq!(dry.outcome, Outcome::DryRun);
    assert!(dry.notes.iter().any(|note| note.contains("exists already")), "{:?}", dry.notes);

    let replaced = publish_with(&scratch.repo(), OTHER, replacing()).unwrap();
    assert_eq!(replaced.outcome, Outcome::Replaced(first.commits[0].clone()));
    assert_eq!(scratch.git(&["rev-parse", BRANCH]), replaced.commits[0]);
    assert_eq!(scratch.git(&["reflog", "show", "--format=%H", BRANCH]).lines().count(), 2);
}

#[test]
fn a_branch_with_work_of_others_is_never_replaced() {
    for (expected, spoil) in [
        ("was not made", vec!["branch -f BRANCH main"]),
        ("was not made", vec!["checkout -q BRANCH", "commit -q --allow-empty -m mine", "checkout -q main"]),
        (
            "was changed after",
            vec!["checkout -q BRANCH", "-c user.name=Miranda commit -q --amend --no-edit", "checkout -q main"],
        ),
        ("is checked out here", vec!["checkout -q BRANCH"]),
    ] {
        let scratch = Scratch::new();
        publish(&scratch.repo(), CHANGE).unwrap();
        for command in spoil {
            let words: Vec<_> = command.split(' ').map(|word| word.replace("BRANCH", BRANCH)).collect();
            scratch.git(&words.iter().map(String::as_str).collect::<Vec<_>>());
        }
        let tip = scratch.git(&["rev-parse", BRANCH]);
        let repo = scratch.repo();
        let start = load(&repo, Some("main"));
        let error = words(publish_steps(&repo, &start.base, &[step(&start, OTHER)], replacing()));
        assert!(error.contains(expected), "{expected}: {error}");
        assert_eq!(scratch.git(&["rev-parse", BRANCH]), tip);
    }
}

#[test]
fn a_branch_checked_out_in_another_worktree_is_not_replaced() {
    let scratch = Scratch::new();
    publish(&scratch.repo(), CHANGE).unwrap();
    let linked = scratch.beside("linked");
    scratch.git(&["worktree", "add", "-q", linked.to_str().unwrap(), BRANCH]);
    let error = words(publish_with(&scratch.repo(), OTHER, replacing()));
    assert!(error.contains("checked out in the working tree `linked`"), "{error}");
    std::fs::remove_dir_all(&linked).unwrap();
    let error = words(publish_with(&scratch.repo(), OTHER, replacing()));
    assert!(error.contains("checked out in the working tree `linked`"), "{error}");
}

#[test]
fn a_branch_inside_the_name_of_another_is_explained() {
    for (other, pack) in [("migrate/puck", false), ("migrate/puck", true), ("migrate/puck/kairos/old", false)] {
        let scratch = Scratch::new();
        scratch.git(&["branch", other]);
        if pack {
            scratch.git(&["pack-refs", "--all"]);
        }
        let error = words(publish(&scratch.repo(), CHANGE));
        assert!(error.contains(&format!("because the branch {other} exists")), "{error}");
        assert_eq!(scratch.git(&["branch", "--list", BRANCH]), "");
    }
}

#[test]
fn names_git_forbids_are_refused_with_the_rule() {
    let name = |service: &str| branch_name("puck", Holds::Services(&[service]));
    assert_eq!(name("kairos").unwrap(), BRANCH);
    assert_eq!(name("käse_1.2-x").unwrap(), "migrate/puck/käse_1.2-x");
    for service in ["", "a/b", "..", "a..b", "a b", "a~", "a^", "a:b", "a?", "a*", "a[", "a\\", "a@{b", "a.lock", ".a"]
    {
        assert!(name(service).is_err(), "{service}");
    }
    for service in ["a\n", "a\0b", "a\u{7f}", "a."] {
        assert!(name(service).is_err(), "{service:?}");
    }
    for name in ["", "-x", "HEAD", "a//b", "/a", "a/", "a/.b", "a.lock/b", "x\0"] {
        assert!(check_branch_name(name).is_err(), "{name:?}");
    }
    let error = words(name("a b"));
    assert!(error.contains("has no blanks") && error.contains("--branch"), "{error}");
    let scratch = Scratch::new();
    let (repo, start) = (scratch.repo(), load(&scratch.repo(), None));
    let odd = publish_as(&repo, &start.base, "no good", &[step(&start, CHANGE)], options());
    assert!(words(odd).contains("does not allow"));
}

#[test]
fn a_held_lock_is_named_and_the_next_run_works() {
    let scratch = Scratch::new();
    let lock = scratch.root.join(".git/refs/heads").join(format!("{BRANCH}.lock"));
    std::fs::create_dir_all(lock.parent().unwrap()).unwrap();
    std::fs::write(&lock, b"").unwrap();
    let before = scratch.outside();
    let error = words(publish(&scratch.repo(), CHANGE));
    assert!(error.contains("kairos.lock") && error.contains("another git process"), "{error}");
    assert_eq!(scratch.git(&["branch", "--list", BRANCH]), "");
    assert_eq!(scratch.outside(), before);
    std::fs::remove_file(lock).unwrap();
    publish(&scratch.repo(), CHANGE).unwrap();
}

#[test]
fn an_object_store_that_takes_nothing_leaves_no_branch() {
    // Whoever may do anything may write to a read-only folder, so the folders that the new objects would go to are
    // files here: the write fails in the same place as on a full or read-only disk.
    let scratch = Scratch::new();
    scratch.git(&["repack", "-qad"]);
    scratch.git(&["prune-packed"]);
    for byte in 0..=255_u8 {
        let folder = scratch.root.join(format!(".git/objects/{byte:02x}"));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::write(folder, b"").unwrap();
    }
    let before = scratch.outside();
    let error = words(publish(&scratch.repo(), CHANGE));
    assert!(error.contains("to the object store"), "{error}");
    assert_eq!(scratch.outside(), before);
    assert_eq!(scratch.git(&["branch", "--list", BRANCH]), "");
    // A dry run writes nothing, so it does not mind.
    publish_with(&scratch.repo(), CHANGE, PublishOptions { dry_run: true, ..options() }).unwrap();
    for byte in 0..=255_u8 {
        std::fs::remove_file(scratch.root.join(format!(".git/objects/{byte:02x}"))).unwrap();
    }
    publish(&scratch.repo(), CHANGE).unwrap();
    scratch.git(&["fsck", "--strict"]);
}

#[test]
fn a_damaged_blob_is_found_before_it_is_written_on() {
    let scratch = Scratch::new();
    let id = scratch.git(&["rev-parse", "HEAD:compose.yml"]);
    let path = scratch.root.join(".git/objects").join(&id[..2]).join(&id[2..]);
    // Another blob in its place: readable, with the wrong content.
    scratch.write("other", b"one\ntwo\nTHREE\n");
    let other = scratch.git(&["hash-object", "-w", "other"]);
    std::fs::remove_file(&path).unwrap();
    std::fs::copy(scratch.root.join(".git/objects").join(&other[..2]).join(&other[2..]), &path).unwrap();
    let error = words(publish(&scratch.repo(), CHANGE));
    assert!(error.contains("damaged") || error.contains("hash mismatch"), "{error}");
    assert_eq!(scratch.git(&["branch", "--list", BRANCH]), "");
}

#[test]
fn a_plan_that_does_not_fit_the_commit_is_an_internal_error() {
    let scratch = Scratch::new();
    let repo = scratch.repo();
    let start = load(&repo, None);
    scratch.write("compose.yml", b"one\ntwo\nfour\n");
    scratch.commit_all("later");
    let head = scratch.git(&["rev-parse", "HEAD"]);
    let error = publish_steps(&repo, &head, &[step(&start, CHANGE)], options()).unwrap_err();
    assert_eq!(error.kind, Kind::Internal);
    assert!(error.message.contains("is not what the plan was made from"), "{error}");
    let error =
        publish_steps(&repo, &start.base, &[step(&start, &[("compose.yml", "two", "two")])], options()).unwrap_err();
    assert_eq!(error.kind, Kind::Internal);
    assert!(error.message.contains("edited to what it is already"), "{error}");
    assert_eq!(publish_steps(&repo, &start.base, &[], options()).unwrap_err().kind, Kind::Internal);
    assert_eq!(scratch.git(&["branch", "--list", BRANCH]), "");
}

#[test]
fn a_message_that_would_be_read_otherwise_is_not_written() {
    let scratch = Scratch::new();
    let (repo, start) = (scratch.repo(), load(&scratch.repo(), None));
    let good = step(&start, CHANGE);
    let base = format!("Migrate-Base: {}", start.base);
    for body in [
        format!("Why.\n\nMigrated-Service: angelia\n\nMigrated-Service: kairos\nMigrated-Host: puck\n{base}"),
        format!("Why.\n---\n\nMigrated-Service: kairos\nMigrated-Host: puck\n{base}"),
        format!("Why.\n\nMigrated-Service: kairos\nangelia\nMigrated-Host: puck\n{base}"),
        format!("Why.\n\nMigrated-Service: kairos \n  and more\nMigrated-Host: puck\n{base}"),
        format!("Why.\n\nMigrated-Service: kairos\nMigrated-Service: angelia\n\n{base}"),
        "Why.\n\nMigrated-Service: kairos\nMigrate-Base: 1111111111111111111111111111111111111111".to_owned(),
    ] {
        let error = publish_steps(&repo, &start.base, &[Step { body: body.clone(), ..good.clone() }], options());
        let error = error.expect_err(&body);
        assert!(error.kind == Kind::Internal && error.message.contains("trailers"), "{body}: {error}");
        assert_eq!(scratch.git(&["branch", "--list", BRANCH]), "");
    }
    publish_steps(&repo, &start.base, &[good], options()).unwrap();
}
