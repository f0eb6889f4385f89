//! Shows a text that is longer than the screen in a pager, as git does.
//!
//! Knows: `PAGER`, the height of the terminal. Must not know: what the text says.

use std::io::{self, IsTerminal, Write};
use std::process::{Command, Stdio};

/// What `less` does without options of its own: end where a screen holds all, keep colours, leave the text on the screen.
const LESS: &str = "FRX";

/// Shows `text` in a pager if standard output is a terminal that does not hold all of it. Whether it was shown.
pub(super) fn show(text: &str) -> bool {
    let terminal = io::stdout().is_terminal().then(terminal_size::terminal_size).flatten();
    let told = std::env::var("PAGER").ok();
    let Some(pager) = terminal.and_then(|(_, height)| wanted(text, height.0, told.as_deref())) else { return false };
    let mut command = Command::new("sh");
    command.args(["-c", pager]).stdin(Stdio::piped());
    for (name, value) in [("LESS", LESS), ("LV", "-c")] {
        if std::env::var_os(name).is_none() {
            command.env(name, value);
        }
    }
    let Ok(mut child) = command.spawn() else { return false };
    if let Some(mut input) = child.stdin.take() {
        // One that ends before it has read all, as on `q`, is no error.
        let _ = input.write_all(text.as_bytes());
    }
    // The shell says 127 where there is no such program: then nothing was shown.
    child.wait().is_ok_and(|status| status.code() != Some(127))
}

/// The pager for a text on a terminal of so many lines, one of which is the next prompt's; `told` is what `PAGER` says.
fn wanted<'p>(text: &str, height: u16, told: Option<&'p str>) -> Option<&'p str> {
    let pager = told.unwrap_or("less").trim();
    let is_long = text.lines().count() >= usize::from(height);
    (is_long && !pager.is_empty() && pager != "cat").then_some(pager)
}

#[cfg(test)]
mod tests {
    use super::wanted;

    #[test]
    fn only_what_does_not_fit_is_paged_and_only_by_what_is_wanted() {
        assert_eq!(wanted("a\nb\n", 3, None), None);
        assert_eq!(wanted("a\nb\nc\n", 3, None), Some("less"));
        assert_eq!(wanted("a\nb\nc\n", 3, Some("most -s")), Some("most -s"));
        assert_eq!([Some(""), Some("cat")].map(|told| wanted("a\nb\nc\n", 3, told)), [None, None]);
    }
}
