//! `migrate explain ID|RULE`: plans every move of a commit, and says all there is to say of one place or one rule.
//!
//! Knows: the order of the stations. Must not know: what is said.

use std::io::{self, IsTerminal};

use rayon::prelude::*;

use super::read::read;
use super::{look, print};
use crate::cli::explain::Explain;
use crate::error::{Error, Result};
use crate::plan::{self, Plan};
use crate::repo::Repo;
use crate::report::{self, Run};
use crate::rule;
use crate::select::names;
use crate::status;
use crate::topology::Topology;

/// How much a name must be like another to be taken for it.
const ALIKE: f64 = 0.8;

pub(super) fn run(asked: &Explain) -> Result<u8> {
    let look = look(asked.color, io::stdout().is_terminal());
    let what = asked.what.trim_matches(['[', ']', '`']);
    if what.contains('/') {
        if rule::sentence(what).is_none() {
            return Err(no_rule(what));
        }
        // A rule is one without a repository, too.
        let planned = planned(asked).map(|(_, plans)| plans).unwrap_or_default();
        print(&report::explain::rule(what, Run { plans: &planned, branches: &[], batch: true }, &look))?;
        return Ok(0);
    }
    let (topology, plans) = planned(asked)?;
    let run = Run { plans: &plans, branches: &[], batch: true };
    let Some(text) = report::explain::place(&what.to_lowercase(), run, &look) else {
        return Err(Error::user(format!("nothing is called `{what}` at commit {}", topology.snapshot.base))
            .hint("a name changes with the text of its place; `migrate SERVICE --host HOST --dry-run` shows those of today")
            .hint("of a move with options of its own (`--alert-labels`, `--bridge`), only what the plain one says is known here"));
    };
    print(&text)?;
    std::mem::forget((plans, topology));
    Ok(0)
}

/// Every move there is, from the commit that is looked at.
fn planned(asked: &Explain) -> Result<(Topology, Vec<Plan>)> {
    let repo = Repo::open(asked.repo.as_deref())?;
    let host = asked.host.as_deref();
    let topology = read(&repo, asked.base.as_deref(), &|topology| {
        status::requests(topology, host).map(|all| names(topology, &all))
    })?;
    let requests = status::requests(&topology, host)?;
    // One service that cannot be planned is no reason to say nothing of the others.
    let plans = requests.par_iter().filter_map(|request| plan::plan_on(&topology, request).ok()).collect();
    Ok((topology, plans))
}

fn no_rule(what: &str) -> Error {
    let error = Error::user(format!("there is no rule `{what}`"));
    let mut near: Vec<(f64, String)> = rule::ids().map(|id| (strsim::jaro_winkler(&id, what), id)).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let near: Vec<String> =
        near.into_iter().filter(|(likeness, _)| *likeness > ALIKE).take(3).map(|one| one.1).collect();
    if near.is_empty() { error } else { error.hint(format!("rules with a similar name: {}", near.join(", "))) }
}
