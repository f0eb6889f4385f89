//! `migrate man`: the pages to standard output or to a folder.
//!
//! Knows: where pages go. Must not know: what is in them.

use std::fmt::Write as _;
use std::fs;

use crate::cli::{self, tools::Man};
use crate::error::{Error, Result};
use crate::man;
use crate::report::visible;
use crate::shell;

/// The page of the program, or what was written to the folder.
pub(super) fn run(asked: &Man) -> Result<String> {
    let pages = man::pages(&cli::command())?;
    let Some(folder) = &asked.out else {
        return Ok(pages.into_iter().next().map(|page| page.roff).unwrap_or_default());
    };
    let failed = |error: std::io::Error| {
        Error::user(format!("cannot write the man pages to {}: {error}", visible(&folder.to_string_lossy())))
            .hint("name a folder you may write to: migrate man --out DIR")
    };
    fs::create_dir_all(folder).map_err(failed)?;
    let mut text = format!("Wrote {} pages to {}:\n", pages.len(), visible(&folder.to_string_lossy()));
    for page in &pages {
        fs::write(folder.join(&page.file), &page.roff).map_err(failed)?;
        let _ = writeln!(text, "  {}", page.file);
    }
    let first = folder.join(pages.first().map_or("", |page| page.file.as_str()));
    let command = shell::command(&["man", "-l", &*shell::path(&first.to_string_lossy())]);
    let _ = writeln!(text, "\nNow type:\n  {command}");
    Ok(text)
}
