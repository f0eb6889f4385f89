//! A branch that was written: what is in it, and what is not touched.

use migrate::repo::{NewBranch, Outcome};

use crate::scratch::{BRANCH, Scratch, applies, load, options, publish, publish_steps, publish_with, step};

const CHANGE: &[(&str, &str, &str)] = &[("compose.yml", "two", "TWO"), ("deep/er/deploy.sh", "one", "eins")];

#[test]
fn the_branch_holds_the_edit_and_nothing_else_changes() {
    let scratch = Scratch::new();
    let before = scratch.outside();
    let published = publish(&scratch.repo(), CHANGE).unwrap();
    assert_eq!((published.outcome, published.differs.len()), (Outcome::Created, 0));
    assert_eq!(scratch.outside(), before);
    assert_eq!(scratch.git(&["show", &format!("{BRANCH}:compose.yml")]), "one\nTWO\nthree");
    assert_eq!(scratch.git(&["show", &format!("{BRANCH}:deep/er/deploy.sh")]), "#!/bin/sh\neins");
    // Modes, old and new, status and path: both modified, one of them still executable.
    let raw = scratch.git(&["diff-tree", "-r", "--no-commit-id", BRANCH]);
    let fields: Vec<_> = raw.lines().map(|line| (line[..14].to_owned(), line.rsplit('\t').next().unwrap())).collect();
    let expected = [(":100644 100644".to_owned(), "compose.yml"), (":100755 100755".to_owned(), "deep/er/deploy.sh")];
    assert_eq!(fields, expected);
    let head = "%an <%ae> %ad|%cn <%ce> %cd|%s|%P";
    let who = "Rosalind <rosalind@example.org> 2024-05-06 07:08:09 +0200";
    let main = scratch.git(&["rev-parse", "main"]);
    let shown = scratch.git(&["log", "-1", "--date=iso", &format!("--format={head}"), BRANCH]);
    assert_eq!(shown, format!("{who}|{who}|Move kairos on puck|{main}"));
    let trailers = scratch.git(&["log", "-1", "--format=%(trailers)", BRANCH]);
    assert_eq!(trailers, format!("Migrated-Service: kairos\nMigrated-Host: puck\nMigrate-Base: {main}"));
    assert_eq!(scratch.git(&["reflog", "show", "--format=%gs", BRANCH]), "migrate: Move kairos on puck");
    assert_eq!(scratch.git(&["fsck", "--strict"]), "");
    applies(&scratch, &published.patch);
}

#[test]
fn the_patch_is_gits_own() {
    let scratch = Scratch::new();
    scratch.write("köln.yml", b"x\nno end");
    scratch.write("latin", b"caf\xe9 one\n");
    scratch.write("crlf.yml", b"one\r\ntwo\r\n");
    scratch.commit_all("more");
    scratch.git(&["config", "diff.noprefix", "true"]);
    let repo = scratch.repo();
    let changes = &[("köln.yml", "no end", "still none"), ("latin", "one", "1"), ("crlf.yml", "two", "2")];
    let published = publish(&repo, changes).unwrap();
    scratch.git(&["config", "diff.noprefix", "false"]);
    let output = scratch.try_git(&["diff", "--full-index", "main", BRANCH]);
    assert_eq!(String::from_utf8_lossy(&published.patch), String::from_utf8_lossy(&output.stdout));
    assert_eq!(published.patch, output.stdout);
    assert_eq!(repo.patch(&scratch.git(&["rev-parse", "main"]), &published.commits[0]).unwrap(), output.stdout);
    applies(&scratch, &published.patch);
}

#[test]
fn a_patch_of_odd_names_applies() {
    let scratch = Scratch::new();
    // git itself puts a tab behind a name with a blank; it reads the patch without it, too.
    let names = ["with blank.yml", "with blank é.yml", "quote\".yml", "tab\t.yml", "-dash", "a b/c d.yml"];
    for name in names {
        scratch.write(name, b"one\n");
    }
    scratch.commit_all("odd names");
    let changes = names.map(|name| (name, "one", "1"));
    let published = publish(&scratch.repo(), &changes).unwrap();
    applies(&scratch, &published.patch);
    assert_eq!(scratch.git(&["diff", "--name-only", "main", BRANCH]).lines().count(), names.len());
}

#[test]
fn a_file_marked_as_binary_still_gives_a_patch_that_applies() {
    let scratch = Scratch::new();
    scratch.write(".gitattributes", b"*.yml -diff\n");
    scratch.commit_all("attributes");
    let published = publish(&scratch.repo(), CHANGE).unwrap();
    assert!(String::from_utf8_lossy(&published.patch).contains("+TWO\n"));
    applies(&scratch, &published.patch);
}

#[test]
fn a_dirty_tree_and_index_stay_dirty_and_are_named() {
    let scratch = Scratch::new();
    scratch.write("compose.yml", b"one\nmine\nthree\n");
    scratch.write("deep/er/deploy.sh", b"staged\n");
    scratch.git(&["add", "deep/er/deploy.sh"]);
    scratch.write("untracked", b"u");
    let before = scratch.outside();
    let published = publish(&scratch.repo(), CHANGE).unwrap();
    assert_eq!(published.differs, ["compose.yml", "deep/er/deploy.sh"]);
    assert_eq!(scratch.outside(), before);
    assert_eq!(std::fs::read(scratch.root.join("compose.yml")).unwrap(), b"one\nmine\nthree\n");
}

#[test]
fn crlf_is_kept_whatever_autocrlf_says() {
    let scratch = Scratch::new();
    scratch.write("crlf.yml", b"one\r\ntwo\r\n");
    scratch.git(&["-c", "core.autocrlf=false", "add", "."]);
    scratch.commit("crlf");
    scratch.git(&["config", "core.autocrlf", "true"]);
    let published = publish(&scratch.repo(), &[("crlf.yml", "two", "2\r\nzwei")]).unwrap();
    let blob = scratch.try_git(&["cat-file", "blob", &format!("{BRANCH}:crlf.yml")]).stdout;
    assert_eq!(blob, b"one\r\n2\r\nzwei\r\n");
    applies(&scratch, &published.patch);
}

#[test]
fn the_same_plan_gives_the_same_commit_and_a_second_run_nothing() {
    let scratch = Scratch::new();
    let first = publish(&scratch.repo(), CHANGE).unwrap();
    let files = scratch.control_files();
    let again = publish(&scratch.repo(), CHANGE).unwrap();
    assert_eq!((again.outcome, &again.commits), (Outcome::AlreadyThere, &first.commits));
    assert_eq!(scratch.control_files(), files);
    scratch.git(&["branch", "-D", BRANCH]);
    assert_eq!(publish(&scratch.repo(), CHANGE).unwrap().commits, first.commits);
}

#[test]
fn a_dry_run_writes_no_object_and_tells_the_same() {
    let scratch = Scratch::new();
    let count = || scratch.git(&["count-objects"]);
    let (objects, files) = (count(), scratch.control_files());
    let mut dry = options();
    dry.dry_run = true;
    let dry = publish_with(&scratch.repo(), CHANGE, dry).unwrap();
    assert_eq!(dry.outcome, Outcome::DryRun);
    assert_eq!((count(), scratch.control_files()), (objects, files));
    applies(&scratch, &dry.patch);
    let real = publish(&scratch.repo(), CHANGE).unwrap();
    assert_eq!((real.commits, real.patch), (dry.commits, dry.patch));
}

#[test]
fn two_steps_are_two_commits() {
    let scratch = Scratch::new();
    let repo = scratch.repo();
    let start = load(&repo, None);
    let first = step(&start, &[("compose.yml", "one", "1")]);
    let second = step(&start.edited(&first.edits), &[("compose.yml", "two", "2")]);
    let published = publish_steps(&repo, &start.base, &[first, second], options()).unwrap();
    assert_eq!(published.commits.len(), 2);
    assert_eq!(scratch.git(&["rev-list", "--reverse", &format!("main..{BRANCH}")]), published.commits.join("\n"));
    assert_eq!(scratch.git(&["show", &format!("{BRANCH}:compose.yml")]), "1\n2\nthree");
    applies(&scratch, &published.patch);
    // Both carry the base, so both may be replaced together.
    let mut replace = options();
    replace.replace = true;
    let again = publish_with(&repo, CHANGE, replace).unwrap();
    assert_eq!(again.outcome, Outcome::Replaced(published.commits[1].clone()));
}

#[test]
fn a_body_without_the_base_gets_it_as_a_trailer() {
    let scratch = Scratch::new();
    let repo = scratch.repo();
    let start = load(&repo, None);
    let main = scratch.git(&["rev-parse", "main"]);
    for (body, trailers) in [
        ("", format!("Migrate-Base: {main}")),
        ("Some words.", format!("Migrate-Base: {main}")),
        ("Some words.\n\nMigrated-Host: puck", format!("Migrated-Host: puck\nMigrate-Base: {main}")),
    ] {
        let mut step = step(&start, CHANGE);
        step.body = body.to_owned();
        publish_steps(&repo, &start.base, &[step], options()).unwrap();
        assert_eq!(scratch.git(&["log", "-1", "--format=%(trailers)", BRANCH]), trailers);
        scratch.git(&["branch", "-D", BRANCH]);
    }
}

#[test]
fn an_unknown_identity_does_not_stop_the_run() {
    let scratch = Scratch::new();
    scratch.git(&["config", "user.name", ""]);
    scratch.git(&["config", "user.email", ""]);
    let published = publish(&scratch.repo(), CHANGE).unwrap();
    let author = scratch.git(&["log", "-1", "--format=%an <%ae>", BRANCH]);
    if published.notes.iter().any(|note| note.contains("knows no name")) {
        assert_eq!(author, "migrate <migrate@localhost>");
    } else {
        // The environment of the test names somebody.
        assert_ne!(author, "migrate <migrate@localhost>");
    }
}

#[test]
fn an_empty_folder_in_the_place_of_the_branch_is_no_branch() {
    let scratch = Scratch::new();
    std::fs::create_dir_all(scratch.root.join(".git/refs/heads").join(BRANCH).join("old")).unwrap();
    publish(&scratch.repo(), CHANGE).unwrap();
    assert_eq!(scratch.git(&["log", "-1", "--format=%s", BRANCH]), "Move kairos on puck");
}

#[test]
fn equal_runs_at_a_time_all_succeed() {
    let scratch = Scratch::new();
    let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..8).map(|_| scope.spawn(|| publish(&scratch.repo(), CHANGE).unwrap().outcome)).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    let made = outcomes.iter().filter(|outcome| **outcome == Outcome::Created).count();
    assert_eq!((made, outcomes.iter().filter(|outcome| **outcome == Outcome::AlreadyThere).count()), (1, 7));
}

/// git renames one lock after the other. Where the second cannot be, the first is taken back.
#[test]
fn of_several_branches_all_are_written_or_none() {
    for replace in [false, true] {
        for stuck in ["migrate/one", "migrate/two"] {
            let scratch = Scratch::new();
            let (repo, start) = (scratch.repo(), load(&scratch.repo(), None));
            let publish = |changes: [&str; 2]| {
                let steps = changes.map(|change| step(&start, &[("compose.yml", "two", change)]));
                let branches = [("migrate/one", &steps[0]), ("migrate/two", &steps[1])]
                    .map(|(name, step)| NewBranch { name: name.to_owned(), steps: vec![step] });
                let options = migrate::repo::PublishOptions { replace, ..options() };
                repo.publish(&start.base, &branches, options)
            };
            if replace {
                publish(["2", "zwei"]).unwrap();
            }
            let before = scratch.git(&["for-each-ref", "refs/heads/migrate"]);
            // Nothing can be added to the log of a branch where a folder with a file in it is.
            let log = scratch.root.join(".git/logs/refs/heads").join(stuck);
            let _ = std::fs::remove_file(&log);
            std::fs::create_dir_all(&log).unwrap();
            std::fs::write(log.join("x"), "").unwrap();
            let error = publish(["TWO", "deux"]).unwrap_err();
            assert_eq!(error.kind, migrate::error::Kind::User, "{error}");
            assert_eq!(scratch.git(&["for-each-ref", "refs/heads/migrate"]), before, "{stuck}");
            std::fs::remove_dir_all(log).unwrap();
            publish(["TWO", "deux"]).unwrap();
        }
    }
}
