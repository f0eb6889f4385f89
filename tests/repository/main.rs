//! The repository on both ends of a run: reading a commit, writing a branch; judged by the `git` command.

mod open;
mod publish;
mod read;
mod refuse;
// The mark lets the lints see that helpers outside of a test function are test code, too.
#[cfg(test)]
mod scratch;
