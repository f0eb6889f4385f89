//! The transcript of the README, line by line against what the program prints.

use crate::support::{Scratch, command, run};

#[test]
fn the_transcript_is_what_the_program_prints() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("```text\n$ migrate kairos --host puck\n").unwrap();
    let (transcript, _) = rest.split_once("\n```").unwrap();
    let scratch = Scratch::demo();
    scratch.git(&["config", "user.name", "Rosalind"]);
    scratch.git(&["config", "user.email", "rosalind@example.org"]);
    // As on a terminal of this width.
    let page = run(command(env!("CARGO_BIN_EXE_migrate"), &scratch.root)
        .args(["kairos", "--host", "puck"])
        .env("COLUMNS", "80"));
    assert_eq!(page.out.trim_end().lines().collect::<Vec<_>>(), transcript.lines().collect::<Vec<_>>());
}
