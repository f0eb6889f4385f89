//! A kill at any point leaves the repository as it was, or with the whole branch; the next run works.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{BRANCH, Scratch, command};

/// The program, killed after `delay`; whether it had ended by itself.
fn killed(scratch: &Scratch, delay: Duration) -> bool {
    let mut run: Command = command(env!("CARGO_BIN_EXE_migrate"), &scratch.root);
    run.args(["kairos", "--host", "puck"]).stdout(std::process::Stdio::null());
    let mut child = run.spawn().unwrap();
    let start = Instant::now();
    loop {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        if start.elapsed() >= delay {
            child.kill().unwrap();
            child.wait().unwrap();
            return false;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}

#[test]
fn a_kill_leaves_all_or_nothing() {
    let whole = Scratch::demo();
    let start = Instant::now();
    assert_eq!(whole.kairos(&[]).code, 3);
    let full = start.elapsed();
    let tip = whole.git(&["rev-parse", BRANCH]);

    let scratch = Scratch::demo();
    let before = scratch.state();
    let mut killed_runs = 0;
    // The branch is written near the end: half of the kills fall into the last fifth.
    for step in 0..24_u32 {
        let share = if step % 2 == 0 { f64::from(step) / 24.0 } else { 0.8 + f64::from(step) / 100.0 };
        killed_runs += usize::from(!killed(&scratch, full.mul_f64(share)));
        let mut after = scratch.state();
        if scratch.exists(BRANCH) {
            assert_eq!(scratch.git(&["rev-parse", BRANCH]), tip);
            scratch.git(&["branch", "-q", "-D", BRANCH]);
            after.refs.clone_from(&before.refs);
        }
        assert_eq!(after, before);
        scratch.sound();
    }
    assert!(killed_runs > 4, "{killed_runs} of 24 runs were killed");
    // A lock whose holder was killed has to be removed by hand, as with git itself; the error says so.
    let lock = scratch.root.join(".git/refs/heads/migrate/puck/kairos.lock");
    if lock.exists() {
        scratch.kairos(&[]).fails(1, &["lock"]);
        std::fs::remove_file(lock).unwrap();
    }
    assert_eq!(scratch.kairos(&[]).code, 3);
    assert_eq!(scratch.git(&["rev-parse", BRANCH]), tip);
}
