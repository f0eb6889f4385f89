//! The transcript of the README, line by line against what the program prints.

use crate::support::Scratch;

/// Stands in the transcript for lines left out.
const LEFT_OUT: &str = "[…]";

#[test]
fn the_transcript_is_what_the_program_prints() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("```text\n$ migrate kairos --host puck\n").unwrap();
    let (transcript, _) = rest.split_once("\n```").unwrap();
    let run = Scratch::demo().kairos(&[]);
    let mut printed = run.out.lines();
    let mut may_skip = false;
    for line in transcript.lines() {
        if line == LEFT_OUT {
            may_skip = true;
            continue;
        }
        let found = if may_skip { printed.by_ref().find(|have| *have == line) } else { printed.next() };
        assert_eq!(found.map(str::trim_end), Some(line.trim_end()), "in the transcript of the README");
        may_skip = false;
    }
}
