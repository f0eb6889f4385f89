//! `migrate prune --host HOST`: plans what can go and writes it as a branch.
//!
//! Knows: the order of the stations. Must not know: how any station works.

use super::finish::{Around, finish};
use super::read::read;
use crate::cli;
use crate::error::Result;
use crate::plan::{self, Holds, Request, Verdict};
use crate::repo::{Repo, branch_name};
use crate::select::Names;
use crate::topology::moves;

/// Plans, writes and reports.
pub(super) fn run(asked: &cli::prune::Prune) -> Result<u8> {
    let repo = Repo::open(Some(&asked.repo))?;
    let topology = read(&repo, asked.base.as_deref(), &|topology| {
        moves::leftover_names(topology, &asked.host).map(|variables| Names { variables, ..Names::default() })
    })?;
    let plan = plan::prune(&topology, &Request { host: asked.host.clone(), ..Request::default() })?;
    let wanted = match (plan.verdict, &asked.output.branch) {
        (Verdict::Ready, Some(name)) => vec![(name.clone(), vec![0])],
        (Verdict::Ready, None) => {
            vec![(branch_name(&moves::short_host(&topology, &plan.request.host), Holds::Prune)?, vec![0])]
        }
        _ => Vec::new(),
    };
    finish(&repo, &[plan], wanted, Around::default(), &asked.output)
}
