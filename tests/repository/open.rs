//! What can be opened, and what is said when it cannot.

use migrate::repo::Repo;

use crate::scratch::{BRANCH, Scratch, git_in, publish, publish_steps, words};

const CHANGE: &[(&str, &str, &str)] = &[("compose.yml", "two", "TWO")];

#[test]
fn opens_from_any_folder_inside() {
    let scratch = Scratch::new();
    let repo = Repo::open(Some(&scratch.root.join("deep/er"))).unwrap();
    assert_eq!(repo.snapshot(None).unwrap().base, scratch.git(&["rev-parse", "HEAD"]));
    assert!(repo.notes().is_empty());
}

#[test]
fn a_folder_outside_any_repository_is_an_error_with_a_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let error = words(Repo::open(Some(folder.path())));
    assert!(error.contains("is not inside a git repository"), "{error}");
    assert!(error.contains("migrate demo"), "{error}");
    let error = words(Repo::open(Some(&folder.path().join("gone"))));
    assert!(error.contains("there is no folder"), "{error}");
}

#[test]
fn an_empty_repository_and_an_unborn_branch_are_told_apart() {
    let scratch = Scratch::empty();
    let error = words(scratch.repo().snapshot(None));
    assert!(error.contains("is empty: it has no commit yet"), "{error}");

    let scratch = Scratch::new();
    scratch.git(&["symbolic-ref", "HEAD", "refs/heads/later"]);
    let error = words(scratch.repo().snapshot(None));
    assert!(error.contains("the branch `later`, which has no commit yet"), "{error}");
    assert_eq!(scratch.repo().snapshot(Some("main")).unwrap().base, scratch.git(&["rev-parse", "main"]));
}

#[test]
fn a_bare_repository_gets_its_branch() {
    let scratch = Scratch::new();
    let bare = scratch.beside("bare.git");
    scratch.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    let repo = Repo::open(Some(&bare)).unwrap();
    assert!(repo.is_bare() && repo.notes()[0].contains("bare"));
    let published = publish(&repo, CHANGE).unwrap();
    assert!(published.differs.is_empty());
    let tip = git_in(&bare, &["rev-parse", BRANCH]).stdout;
    assert_eq!(String::from_utf8(tip).unwrap().trim(), published.commits[0]);
}

#[test]
fn a_detached_head_is_a_commit_like_any_other() {
    let scratch = Scratch::new();
    scratch.git(&["checkout", "-q", "--detach"]);
    let before = scratch.outside();
    publish(&scratch.repo(), CHANGE).unwrap();
    assert_eq!(scratch.outside(), before);
    assert_eq!(scratch.git(&["rev-parse", &format!("{BRANCH}^")]), scratch.git(&["rev-parse", "HEAD"]));
}

#[test]
fn a_merge_in_progress_needs_the_commit_to_be_named() {
    let scratch = Scratch::new();
    scratch.git(&["checkout", "-q", "-b", "other"]);
    scratch.write("compose.yml", b"one\nours\nthree\n");
    scratch.commit_all("other");
    scratch.git(&["checkout", "-q", "main"]);
    scratch.write("compose.yml", b"one\ntheirs\nthree\n");
    scratch.commit_all("main");
    assert!(!scratch.try_git(&["merge", "other"]).status.success());
    let before = scratch.outside();
    let repo = scratch.repo();
    assert!(repo.notes()[0].contains("a merge is in progress"));
    let error = words(repo.snapshot(None));
    assert!(error.contains("a merge is in progress") && error.contains("--base HEAD"), "{error}");

    let snapshot = crate::scratch::load(&repo, Some("HEAD"));
    let step = crate::scratch::step(&snapshot, &[("compose.yml", "theirs", "THEIRS")]);
    let published = publish_steps(&repo, &snapshot.base, &[step], crate::scratch::options()).unwrap();
    assert_eq!(published.differs, ["compose.yml"]);
    assert_eq!(scratch.outside(), before);
}

#[test]
fn a_revision_that_is_no_commit_is_an_error() {
    let scratch = Scratch::new();
    for rev in ["nowhere", "HEAD:compose.yml", "HEAD~9", "deadbeef", "@{", "-x", ""] {
        let error = words(scratch.repo().snapshot(Some(rev)));
        assert!(error.contains("--base takes") || error.contains("cannot find"), "{rev}: {error}");
    }
}

#[test]
fn a_linked_worktree_publishes_to_the_shared_repository() {
    let scratch = Scratch::new();
    let linked = scratch.beside("linked");
    scratch.git(&["worktree", "add", "-q", "-b", "side", linked.to_str().unwrap()]);
    let before = scratch.outside();
    let published = publish(&Repo::open(Some(&linked)).unwrap(), CHANGE).unwrap();
    assert_eq!(scratch.git(&["rev-parse", BRANCH]), published.commits[0]);
    assert_eq!(scratch.outside(), before);
    assert!(git_in(&linked, &["status", "--porcelain"]).stdout.is_empty());
}

#[test]
fn formats_that_cannot_be_read_are_named() {
    let scratch = Scratch::init(&["--object-format=sha256"]);
    scratch.commit("start");
    let error = words(Repo::open(Some(&scratch.root)).and_then(|repo| repo.snapshot(None)));
    assert!(error.contains("SHA-256"), "{error}");

    let scratch = Scratch::new();
    scratch.git(&["config", "core.repositoryformatversion", "1"]);
    scratch.git(&["config", "extensions.partialClone", "origin"]);
    let error = words(Repo::open(Some(&scratch.root)));
    assert!(error.contains("partial clone"), "{error}");
}

#[test]
fn packed_references_and_objects_are_read() {
    let scratch = Scratch::new();
    scratch.git(&["branch", BRANCH, "main"]);
    scratch.git(&["pack-refs", "--all"]);
    scratch.git(&["repack", "-qad"]);
    let error = words(publish(&scratch.repo(), CHANGE));
    assert!(error.contains("exists already"), "{error}");
    scratch.git(&["branch", "-D", BRANCH]);
    publish(&scratch.repo(), CHANGE).unwrap();
    scratch.git(&["fsck", "--strict"]);
}
