//! Command lines that a person may copy, as a POSIX shell takes them.
//!
//! Knows: which characters mean something to a shell. Must not know: what a command is for.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::plain;

/// The command line of these words, each quoted where it has to be.
pub fn command<W: AsRef<str>>(words: &[W]) -> String {
    words.iter().map(|word| quoted(word.as_ref())).collect::<Vec<_>>().join(" ")
}

/// A word as a shell takes it. One with characters that act on a terminal or cannot be seen is written with escapes, so
/// that what is shown is what is meant.
pub fn quoted(word: &str) -> String {
    // Some shells read `=name` as the path of a command.
    let hidden = |c: char| c == '\t' || c == '\n' || plain::acts(c);
    let safe = |c: char| c.is_ascii_alphanumeric() || "/._-+=@%:,".contains(c);
    if !word.is_empty() && word.chars().all(safe) && !word.starts_with('=') {
        word.to_owned()
    } else if !word.chars().any(hidden) {
        format!("'{}'", word.replace('\'', r"'\''"))
    } else {
        let mut out = "$'".to_owned();
        for c in word.chars() {
            match c {
                '\'' | '\\' => out.extend(['\\', c]),
                c if hidden(c) => {
                    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                        // Three digits, so that no digit behind it is read as part of it.
                        let _ = write!(out, "\\{byte:03o}");
                    }
                }
                c => out.push(c),
            }
        }
        out + "'"
    }
}

/// An option with its value, one word or two: a value that begins with `-` would be taken for another option.
pub fn option(name: &str, value: &str) -> Vec<String> {
    if value.starts_with('-') { vec![format!("{name}={value}")] } else { vec![name.to_owned(), value.to_owned()] }
}

/// A path where an argument may also be an option.
pub fn path(path: &str) -> Cow<'_, str> {
    if path.starts_with('-') { Cow::Owned(format!("./{path}")) } else { Cow::Borrowed(path) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_one_word_and_runs_nothing() {
        for (word, want) in [
            ("kairos/deploy.yml", "kairos/deploy.yml"),
            ("", "''"),
            ("a b", "'a b'"),
            ("$(x)", "'$(x)'"),
            ("it's `x`", r"'it'\''s `x`'"),
            ("=ls", "'=ls'"),
            ("~", "'~'"),
            ("{service=\"a\"}", "'{service=\"a\"}'"),
            ("a\nb", r"$'a\012b'"),
            ("\u{1b}1\u{202e}'\\", r"$'\0331\342\200\256\'\\'"),
        ] {
            assert_eq!(quoted(word), want);
        }
        assert_eq!(command(&["git", "diff", "a b"]), "git diff 'a b'");
    }

    #[test]
    fn no_value_is_an_option() {
        assert_eq!(command(&option("--limit", "puck")), "--limit puck");
        assert_eq!(command(&option("--limit", "--x y")), "'--limit=--x y'");
        assert_eq!((path("-x/a.yml"), path("x/-a.yml")), ("./-x/a.yml".into(), "x/-a.yml".into()));
    }
}
