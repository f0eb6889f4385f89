//! `migrate demo`: a real repository, anywhere, for anyone.

use crate::support::{Scratch, command, git, migrate, run};

#[test]
fn writes_a_repository_with_one_commit() {
    let scratch = Scratch::bare_folder();
    let run = migrate(&scratch.root, &["demo", "there"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let root = scratch.root.join("there");
    assert_eq!(git(&root, &["rev-list", "--count", "--all"]), "1");
    assert_eq!(git(&root, &["symbolic-ref", "HEAD"]), "refs/heads/main");
    assert_eq!(git(&root, &["status", "--porcelain", "--ignored"]), "");
    git(&root, &["fsck", "--strict"]);
    let files = git(&root, &["ls-files"]).lines().count();
    assert!(files >= 100, "{files}");
    assert!(run.out.contains(&format!("there: {files} files, one commit")), "{}", run.out);
    assert!(run.out.contains("  cd there\n  migrate kairos --host puck\n"), "{}", run.out);
}

#[test]
fn goes_to_migrate_demo_unless_told_otherwise() {
    let scratch = Scratch::bare_folder();
    let run = migrate(&scratch.root, &["demo"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("  cd migrate-demo\n"), "{}", run.out);
    git(&scratch.root.join("migrate-demo"), &["rev-parse", "HEAD^{tree}"]);
}

#[test]
fn an_empty_folder_is_taken_and_one_with_anything_in_it_is_not() {
    let scratch = Scratch::bare_folder();
    std::fs::create_dir(scratch.root.join("empty")).unwrap();
    assert_eq!(scratch.migrate(&["demo", "empty"]).code, 0);
    scratch.migrate(&["demo", "empty"]).fails(1, &["empty exists and is not empty", "migrate demo DIR"]);
    scratch.write("full/.hidden", "x");
    scratch.migrate(&["demo", "full"]).fails(1, &["full exists and is not empty"]);
    assert_eq!(std::fs::read_dir(scratch.root.join("full")).unwrap().count(), 1);
    scratch.write("file", "x");
    scratch.migrate(&["demo", "file"]).fails(1, &["file is no folder"]);
    scratch.migrate(&["demo", "file/deeper"]).fails(1, &["file/deeper"]);
}

#[test]
fn a_folder_with_blanks_is_named_as_a_shell_takes_it() {
    let scratch = Scratch::bare_folder();
    let run = scratch.migrate(&["demo", "my infra"]);
    assert!(run.out.contains("  cd 'my infra'\n"), "{}", run.out);
}

#[test]
fn needs_no_git_configuration_and_no_home() {
    let scratch = Scratch::bare_folder();
    let mut demo = command(env!("CARGO_BIN_EXE_migrate"), &scratch.root);
    assert_eq!(run(demo.env_remove("HOME").arg("demo")).code, 0);
    let mut kairos = command(env!("CARGO_BIN_EXE_migrate"), &scratch.root.join("migrate-demo"));
    let run = run(kairos.env_remove("HOME").args(["kairos", "--host", "puck"]));
    assert_eq!(run.code, 3, "{}", run.err);
    assert!(run.out.contains("git knows no name and e-mail of yours"), "{}", run.out);
}

/// The settings of the machine (line ends, ignored files, hooks) do not reach the example.
#[test]
fn the_commit_is_the_same_whatever_git_is_set_to() {
    let scratch = Scratch::bare_folder();
    assert_eq!(scratch.migrate(&["demo", "plain"]).code, 0);
    scratch.write("home/.gitconfig", "[core]\nautocrlf = true\nexcludesFile = ~/ignore\n[init]\ndefaultBranch = x\n");
    scratch.write("home/ignore", "*.yml\n");
    let mut demo = command(env!("CARGO_BIN_EXE_migrate"), &scratch.root);
    assert_eq!(run(demo.env("HOME", scratch.root.join("home")).args(["demo", "set"])).code, 0);
    let head = |name: &str| git(&scratch.root.join(name), &["rev-parse", "main"]);
    assert_eq!(head("plain"), head("set"));
}
