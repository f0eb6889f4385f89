//! What stands in the way of a run: each with a clear error, its exit code, and nothing changed.

use std::os::unix::fs::{PermissionsExt, symlink};

use crate::support::{BRANCH, Scratch, migrate};

const COMPOSE: &str = "ansible/kairos/docker-compose.yml.j2";

/// A run of kairos with these options fails with these words and changes nothing.
#[track_caller]
fn refuses(scratch: &Scratch, options: &[&str], words: &[&str]) {
    let before = scratch.state();
    scratch.kairos(options).fails(1, words);
    assert_eq!(scratch.state(), before);
}

#[test]
fn no_repository() {
    let scratch = Scratch::bare_folder();
    scratch.kairos(&[]).fails(1, &["this folder is not inside a git repository", "migrate demo"]);
    scratch.kairos(&["-C", "nowhere"]).fails(1, &["there is no folder nowhere"]);
}

#[test]
fn no_commit() {
    let scratch = Scratch::bare_folder();
    scratch.git(&["init", "-q", "-b", "main"]);
    refuses(&scratch, &[], &["the repository is empty", "commit the infrastructure first"]);
    let demo = Scratch::demo();
    demo.git(&["switch", "-q", "--orphan", "new"]);
    refuses(&demo, &[], &["`new`, which has no commit yet", "--base"]);
    assert_eq!(demo.kairos(&["--base", "main"]).code, 3);
}

#[test]
fn a_repository_without_ansible() {
    let scratch = Scratch::bare_folder();
    scratch.git(&["init", "-q", "-b", "main"]);
    scratch.write("README.md", "nothing here\n");
    scratch.commit("start");
    refuses(&scratch, &[], &["puck"]);
}

#[test]
fn bare_repository_works() {
    let scratch = Scratch::demo();
    let bare = scratch.beside("bare.git");
    scratch.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    let run = migrate(&bare, &["kairos", "--host", "puck"]);
    assert_eq!((run.code, run.err.as_str()), (3, ""));
    assert!(run.out.contains("the repository is bare"), "{}", run.out);
    crate::support::git(&bare, &["rev-parse", BRANCH]);
}

#[test]
fn in_the_middle_of_a_merge() {
    let scratch = Scratch::demo();
    for (branch, text) in [("a", "one"), ("b", "two")] {
        scratch.git(&["checkout", "-q", "-b", branch, "main"]);
        scratch.write("README.md", text);
        scratch.commit(branch);
    }
    assert!(!crate::support::try_git(&scratch.root, &["merge", "a"]).status.success());
    refuses(&scratch, &[], &["a merge is in progress", "git status", "--base HEAD"]);
    let before = scratch.state();
    assert_eq!(scratch.kairos(&["--base", "main"]).code, 3);
    assert_eq!(scratch.state().files, before.files);
    assert_eq!(scratch.state().index, before.index);
}

#[test]
fn detached_head_works() {
    let scratch = Scratch::demo();
    scratch.git(&["checkout", "-q", "--detach"]);
    let head = scratch.state().head;
    assert_eq!(scratch.kairos(&[]).code, 3);
    assert!(scratch.exists(BRANCH));
    assert_eq!(scratch.state().head, head);
}

#[test]
fn a_dirty_tree_is_left_alone_and_told_of() {
    let scratch = Scratch::demo();
    scratch.write(COMPOSE, "not even: [yaml");
    scratch.write("README.md", "dirty, and no matter\n");
    scratch.write("ansible/alloy/puck/config.alloy.j2", "// staged\n");
    scratch.git(&["add", "ansible/alloy/puck/config.alloy.j2"]);
    let before = scratch.state();
    let run = scratch.kairos(&[]);
    assert_eq!(run.code, 3, "{}", run.err);
    let after = scratch.state();
    assert_eq!((after.files, after.index, after.head), (before.files, before.index, before.head));
    let (_, told) = run.out.split_once("your uncommitted changes in these files").unwrap();
    let told: Vec<&str> = told.lines().skip(1).map_while(|line| line.strip_prefix("  ")).collect();
    let told: Vec<&&str> = told.iter().filter(|line| line.starts_with("ansible/")).collect();
    assert_eq!(told, [&"ansible/alloy/puck/config.alloy.j2", &COMPOSE]);
    assert_eq!(scratch.git(&["rev-parse", &format!("{BRANCH}^")]), scratch.git(&["rev-parse", "main"]));
}

#[test]
fn the_branch_is_there() {
    let scratch = Scratch::demo();
    scratch.git(&["branch", BRANCH]);
    refuses(&scratch, &[], &["migrate/puck/kairos exists already", "--branch NAME", "never replaced"]);
    refuses(&scratch, &["--replace"], &["was not made by this program"]);
    assert_eq!(scratch.kairos(&["--branch", "other"]).code, 3);
    let dry = scratch.kairos(&["--dry-run"]);
    assert_eq!(dry.code, 3);
    let said = dry.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("without --dry-run this would fail"), "{}", dry.out);
}

#[test]
fn an_old_branch_of_ours_is_replaced_on_request() {
    let scratch = Scratch::demo();
    scratch.kairos(&[]);
    let old = scratch.git(&["rev-parse", BRANCH]);
    scratch.write("new.txt", "x");
    scratch.commit("more");
    refuses(&scratch, &[], &["exists already", "--replace"]);
    let run = scratch.kairos(&["--replace", "--format", "json"]);
    assert_eq!(run.code, 3, "{}", run.err);
    assert_eq!((&run.json()["outcome"], &run.json()["replaced"]), (&"replaced".into(), &old.as_str().into()));
    assert_eq!(scratch.git(&["rev-parse", &format!("{BRANCH}^")]), scratch.git(&["rev-parse", "main"]));
}

#[test]
fn another_branch_in_the_way() {
    let scratch = Scratch::demo();
    scratch.git(&["branch", "migrate/puck"]);
    refuses(&scratch, &[], &["cannot be made because the branch migrate/puck exists"]);
    scratch.git(&["branch", "-m", "migrate/puck", "migrate/puck/kairos/deeper"]);
    refuses(&scratch, &[], &["because the branch migrate/puck/kairos/deeper exists"]);
    scratch.git(&["pack-refs", "--all"]);
    refuses(&scratch, &[], &["because the branch migrate/puck/kairos/deeper exists"]);
}

#[test]
fn branch_names_git_does_not_allow() {
    let scratch = Scratch::demo();
    for name in ["a b", "a..b", "-x", "a/", ".a", "a.lock", "HEAD", "a~1", "a\u{7}"] {
        let before = scratch.state();
        scratch.kairos(&[&format!("--branch={name}")]).fails(1, &["git does not allow a branch named"]);
        assert_eq!(scratch.state(), before, "{name}");
    }
}

#[test]
fn names_of_services_and_hosts() {
    let scratch = Scratch::demo();
    let before = scratch.state();
    let run = |service: &str, host: &str| scratch.migrate(&[&format!("--host={host}"), "--", service]);
    run("kairo", "puck").fails(1, &["no service `kairo` on puck.incus", "kairos"]);
    run("gitea", "puck").fails(1, &["no service `gitea` on puck.incus", "runs on rosalind.incus"]);
    run("kairos", "pukc").fails(1, &["`pukc`", "puck.incus"]);
    for name in ["a/b", "../kairos", "kai ros", "Καιρός", "-x", "kairos\n", "kairos\u{202e}", "*", "{{ x }}"] {
        let run = run(name, "puck");
        run.fails(1, &["no service"]);
        assert!(!run.err.contains('\u{202e}'));
    }
    for name in ["", "../puck", "p*ck", "all", "docker", "пак"] {
        let run = run("kairos", name);
        assert!(matches!(run.code, 1 | 2), "{name}: {}", run.out);
        assert!(!run.err.contains("panicked") && !run.err.contains("internal"), "{}", run.err);
    }
    assert_eq!(run("", "puck").code, 2);
    assert_eq!(scratch.migrate(&["-x", "--host", "puck"]).code, 2);
    assert_eq!(scratch.migrate(&["kairos"]).code, 2);
    assert_eq!(scratch.state(), before);
    for base in ["nope", "main:README.md", "..", "@{9}"] {
        scratch.kairos(&["--base", base]).fails(1, &[]);
    }
}

#[test]
fn an_ambiguous_host() {
    let scratch = Scratch::demo();
    scratch.replace(
        "ansible/inventory/hosts.yml",
        "        puck.incus:\n        miranda",
        "        puck.incus:\n        puck.lab:\n        miranda",
    );
    scratch.commit("a second puck");
    refuses(&scratch, &[], &["`--host puck` could be any of puck.incus, puck.lab"]);
}

#[test]
fn a_read_only_store() {
    let scratch = Scratch::demo();
    let set = |mode: u32| {
        let all =
            std::process::Command::new("find").arg(scratch.root.join(".git")).args(["-type", "d"]).output().unwrap();
        for folder in String::from_utf8(all.stdout).unwrap().lines() {
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    set(0o555);
    // Nothing can be learnt where permissions do not bind, as for root.
    let binds = std::fs::write(scratch.root.join(".git/try"), "").is_err();
    let before = scratch.state();
    let run = scratch.kairos(&[]);
    let after = scratch.state();
    set(0o755);
    if binds {
        run.fails(1, &["cannot write", "must be writable"]);
        assert_eq!(after, before);
        assert_eq!(scratch.kairos(&[]).code, 3);
    }
}

#[test]
fn a_held_lock() {
    let scratch = Scratch::demo();
    scratch.write(".git/refs/heads/migrate/puck/kairos.lock", "");
    refuses(&scratch, &[], &["cannot write the branch migrate/puck/kairos", "holds the lock"]);
    std::fs::remove_file(scratch.root.join(".git/refs/heads/migrate/puck/kairos.lock")).unwrap();
    // The lock of the index is no matter: the index is not written.
    scratch.write(".git/index.lock", "");
    assert_eq!(scratch.kairos(&[]).code, 3);
}

#[test]
fn a_symlink_in_place_of_the_template() {
    let scratch = Scratch::demo();
    std::fs::rename(scratch.root.join(COMPOSE), scratch.root.join("ansible/kairos/real.j2")).unwrap();
    symlink("real.j2", scratch.root.join(COMPOSE)).unwrap();
    scratch.commit("link");
    let before = scratch.state();
    let run = scratch.kairos(&[]);
    assert!(matches!(run.code, 1 | 4), "{}", run.out);
    assert!(!run.err.contains("internal"), "{}", run.err);
    assert_eq!(scratch.state(), before);
}
