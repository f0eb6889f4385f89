//! The name of a Compose project on the command line.
//!
//! Knows: what Compose takes behind `-p`. Must not know: what a run does with it.

use clap::error::ErrorKind;

/// A project name as Compose takes it behind `-p`; it normalises none that is given so.
///
/// # Errors
/// What it may hold.
pub(super) fn name(text: &str) -> Result<String, String> {
    let first = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    let all = text.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'_' | b'-'));
    let problem = "Compose takes lower-case letters, digits, `-` and `_`, a letter or digit first";
    if first && all { Ok(text.to_owned()) } else { Err(problem.to_owned()) }
}

/// The error for one project of several services.
pub(super) fn of_several(mut command: clap::Command) -> clap::Error {
    command.error(ErrorKind::ArgumentConflict, "--project is the name of one project: give it with one service")
}

#[cfg(test)]
mod tests {
    use crate::cli::Command;

    #[test]
    fn one_name_for_one_service() {
        let parse = |line: &str| Command::parse(format!("migrate {line} --host puck").split(' '));
        let asked = parse("kairos --project gitea_mcp-2");
        assert!(matches!(asked, Ok(Command::Migrate(asked, _)) if asked.project.as_deref() == Some("gitea_mcp-2")));
        for line in
            ["--all --project a", "kairos angelia --project a", "kairos --project Kairos", "kairos --project=-a"]
        {
            assert_eq!(parse(line).map_err(|error| error.exit_code()), Err(2), "{line}");
        }
    }
}
