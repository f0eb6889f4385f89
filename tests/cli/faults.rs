//! What goes wrong around a run: signals, full disks, clones that lack something. The exit code says what was written.

use std::fs::File;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{BRANCH, Scratch, command, run, try_git};

/// Waits until something is so; a test that waits for long has failed.
fn until(what: &str, is: impl Fn() -> bool) {
    let start = Instant::now();
    while !is() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::yield_now();
    }
}

/// A run that waits for the second of two locks gets a signal while it holds the first.
#[test]
fn a_signal_leaves_no_lock() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let scratch = Scratch::demo();
        let lock = |name: &str| scratch.root.join(format!(".git/refs/heads/migrate/puck/{name}.lock"));
        std::fs::create_dir_all(lock("x").parent().unwrap()).unwrap();
        std::fs::write(lock("kairos"), "").unwrap();
        let mut child = command(env!("CARGO_BIN_EXE_migrate"), &scratch.root)
            .args(["angelia", "kairos", "--host", "puck", "--separate"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until("the first lock is taken", || lock("angelia").exists());
        kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
        let status = child.wait().unwrap();
        // It may have ended by itself, because of the other lock, before the signal could end it.
        assert!(!status.success(), "{status}");
        assert!(!lock("angelia").exists(), "{signal}");
        std::fs::remove_file(lock("kairos")).unwrap();
        assert_eq!(scratch.kairos(&[]).code, 3);
    }
}

/// Started with `nohup`, or in the background of a script.
#[test]
fn a_signal_that_is_ignored_stays_so() {
    let scratch = Scratch::demo();
    let script = "trap '' HUP; : >ready; exec \"$0\" --all --dry-run >/dev/null 2>&1";
    let mut child = command("bash", &scratch.root).args(["-c", script, env!("CARGO_BIN_EXE_migrate")]).spawn().unwrap();
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    until("the signal is ignored", || scratch.root.join("ready").exists());
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None => kill(pid, Signal::SIGHUP).unwrap(),
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    assert_eq!(status.code(), Some(3));
}

#[test]
fn a_report_that_cannot_be_printed_hides_no_branch() {
    let scratch = Scratch::demo();
    let full = |options: &[&str]| {
        let mut asked = command(env!("CARGO_BIN_EXE_migrate"), &scratch.root);
        let out = File::options().write(true).open("/dev/full").unwrap();
        let output = asked.args(["kairos", "--host", "puck"]).args(options).stdout(out).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = full(&["--dry-run"]);
    assert!(code == Some(1) && said.contains("cannot write the report"), "{said}");
    let (code, said) = full(&[]);
    assert!(code == Some(3) && said.contains("written: migrate/puck/kairos; but then:"), "{said}");
    assert!(scratch.exists(BRANCH));
    // A reader that went away is none of the program's matter.
    let script = "\"$0\" kairos --host puck --replace | true; exit ${PIPESTATUS[0]}";
    let gone = run(command("bash", &scratch.root).args(["-c", script, env!("CARGO_BIN_EXE_migrate")]));
    assert_eq!((gone.code, gone.err.as_str()), (0, ""));
}

#[test]
fn a_report_is_not_written_over_what_is_gits() {
    let scratch = Scratch::demo();
    let before = scratch.state();
    for name in [".git/HEAD", ".git/index", ".git/refs/heads/main", ".git/new.html"] {
        scratch.kairos(&["--report", name]).fails(1, &["git keeps its own files there"]);
    }
    assert_eq!(scratch.state(), before);
    scratch.sound();
}

#[test]
fn a_shallow_clone_ends_somewhere() {
    let whole = Scratch::demo();
    whole.commit("one more");
    let scratch = Scratch::bare_folder();
    let from = format!("file://{}", whole.root.display());
    scratch.git(&["clone", "-q", "--depth", "1", &from, "."]);
    assert_eq!(scratch.kairos(&[]).code, 3);
    let status = scratch.migrate(&["status"]);
    assert!(status.code == 0 && status.out.contains("on-branch"), "{} {}", status.out, status.err);
    assert_eq!(scratch.migrate(&["--all", "--host", "puck"]).code, 3);
    // A branch whose commit is not here holds nothing that could be told.
    std::fs::write(scratch.root.join(".git/refs/heads/lost"), format!("{}\n", "1".repeat(40))).unwrap();
    assert_eq!(scratch.migrate(&["status"]).code, 0);
}

#[test]
fn a_clone_without_files_says_so() {
    let whole = Scratch::demo();
    whole.git(&["config", "uploadpack.allowFilter", "true"]);
    let scratch = Scratch::bare_folder();
    let from = format!("file://{}", whole.root.display());
    scratch.git(&["clone", "-q", "--filter=blob:none", "--no-checkout", &from, "."]);
    let words = ["none of the files that say what runs where is in this clone", "git fetch --refetch --no-filter"];
    scratch.kairos(&[]).fails(1, &words);
    scratch.migrate(&["status"]).fails(1, &words);
    // What is proposed works.
    let fetched = try_git(&scratch.root, &["fetch", "-q", "--refetch", "--no-filter"]);
    assert!(fetched.status.success(), "{fetched:?}");
    assert_eq!(scratch.kairos(&[]).code, 3);
}

#[test]
fn a_shared_repository_is_told_of() {
    let scratch = Scratch::demo();
    scratch.git(&["config", "core.sharedRepository", "group"]);
    let script = "umask $1; exec \"$0\" kairos --host puck --replace --format json --branch $2";
    let notes = |umask: &str, branch: &str| {
        let words = ["-c", script, env!("CARGO_BIN_EXE_migrate"), umask, branch];
        let run = run(command("bash", &scratch.root).args(words));
        run.json()["notes"].to_string()
    };
    assert!(notes("022", "one/a").contains("core.sharedRepository"));
    assert!(!notes("002", "two/a").contains("core.sharedRepository"));
}
