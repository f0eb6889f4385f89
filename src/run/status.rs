//! `migrate status`: reads a commit and the branches, and says where every service stands.
//!
//! Knows: the order of the stations. Must not know: how any station works.

use std::io::{self, IsTerminal};

use super::{look, print, read};
use crate::cli::{self, status::Format};
use crate::error::Result;
use crate::repo::Repo;
use crate::report::{self, Look, status::Asked};
use crate::status;

pub(super) fn run(asked: &cli::status::Status) -> Result<u8> {
    let repo = Repo::open(asked.repo.as_deref())?;
    let host = asked.host.as_deref();
    let topology = read(&repo, asked.base.as_deref(), &|topology| status::requests(topology, host))?;
    let branches = repo.branches(&topology.snapshot.base)?;
    let status = status::of(&topology, host, &branches)?;
    let folder = asked.repo.as_ref().map(|folder| folder.to_string_lossy());
    let commands = cli::commands();
    let asked_again = Asked { repo: folder.as_deref(), base: asked.base.as_deref(), commands: &commands };
    let text = match asked.format {
        Format::Human => {
            report::status::human(&status, asked_again, &wide(look(asked.color, io::stdout().is_terminal())))
        }
        Format::Json => report::status::json(&status, asked_again),
        Format::Markdown => report::status::markdown(&status, asked_again),
    };
    print(&text)?;
    // The process ends here: the system takes the memory back faster than we could.
    std::mem::forget((status, topology));
    Ok(0)
}

/// What is piped is for `grep`: a line for each service, however long.
fn wide(look: Look) -> Look {
    if io::stdout().is_terminal() { look } else { Look { width: usize::MAX, ..look } }
}
