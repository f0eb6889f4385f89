//! `migrate man`: the pages to standard output or to a folder.
//!
//! Knows: where pages go. Must not know: what is in them.

use std::fmt::Write as _;
use std::fs;

use crate::cli::{self, tools::Man};
use crate::error::{Error, Result};
use crate::man;
use crate::report::quoted;

/// The page of the program, or what was written to the folder.
pub(super) fn run(asked: &Man) -> Result<String> {
    let pages = man::pages(&cli::command())?;
    let Some(folder) = &asked.out else {
        return Ok(pages.into_iter().next().map(|page| page.roff).unwrap_or_default());
    };
    let failed = |error: std::io::Error| {
        Error::user(format!("cannot write the man pages to {}: {error}", folder.display()))
            .hint("name a folder you may write to: migrate man --out DIR")
    };
    fs::create_dir_all(folder).map_err(failed)?;
    let mut text = format!("Wrote {} pages to {}:\n", pages.len(), folder.display());
    for page in &pages {
        fs::write(folder.join(&page.file), &page.roff).map_err(failed)?;
        let _ = writeln!(text, "  {}", page.file);
    }
    let first = folder.join(pages.first().map_or("", |page| page.file.as_str()));
    let _ = writeln!(text, "\nNow type:\n  man -l {}", quoted(&first.to_string_lossy()));
    Ok(text)
}
