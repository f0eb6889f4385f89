//! Commits that are built in memory while the plans behind them are still being made.
//!
//! Knows: that the commits of a branch come in order. Must not know: which branch they end on, or whether they are written.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use git2::{Oid, Repository, Signature, Time};

use super::Repo;
use super::build::Commits;
use super::fault::fault;
use crate::error::{Error, Result};
use crate::plan::Step;

/// Commits in the making. What is built is taken for a branch that has these very steps; any other is built when it is
/// published.
pub struct Ahead {
    steps: Sender<(String, Vec<Arc<Step>>)>,
    thread: JoinHandle<Result<Prepared>>,
}

/// What was built.
pub(super) struct Prepared {
    /// The repository with the new objects, which are in memory.
    pub(super) memory: Repository,
    chains: BTreeMap<String, Chain>,
}

/// Commits that stand on each other.
#[derive(Default)]
struct Chain {
    steps: Vec<Arc<Step>>,
    commits: Commits,
    /// The first thing that went wrong; nothing is built on it.
    wrong: Option<Error>,
}

impl Ahead {
    /// Builds these steps behind those of the same name.
    pub fn add(&self, chain: &str, steps: &[Arc<Step>]) {
        // Whoever has ended says why when it is asked for what it built.
        let _ = self.steps.send((chain.to_owned(), steps.to_vec()));
    }

    pub(super) fn prepared(self) -> Result<Prepared> {
        drop(self.steps);
        self.thread
            .join()
            .unwrap_or_else(|_| Err(Error::internal("the commits could not be built; nothing was written")))
    }
}

impl Prepared {
    /// Nothing yet.
    pub(super) fn none(memory: Repository) -> Self {
        Self { memory, chains: BTreeMap::new() }
    }

    /// The commits of exactly these steps, if they were built.
    pub(super) fn take(&mut self, steps: &[&Step]) -> Option<Result<Commits>> {
        let same = |chain: &Chain| {
            let mut pairs = chain.steps.iter().zip(steps);
            chain.steps.len() == steps.len() && pairs.all(|(one, other)| std::ptr::eq(&raw const **one, *other))
        };
        let name = self.chains.iter().find(|(_, chain)| same(chain)).map(|(name, _)| name.clone())?;
        let chain = self.chains.remove(&name)?;
        Some(chain.wrong.map_or(Ok(chain.commits), Err))
    }
}

impl Repo {
    /// Begins to build commits on `base` (hexadecimal) in memory.
    ///
    /// # Errors
    /// The repository cannot be opened once more, or has no such commit.
    pub fn ahead(&self, base: &str) -> Result<Ahead> {
        let memory = self.memory()?;
        let base = Oid::from_str(base).map_err(|error| fault("read the id of the base commit", &error))?;
        let from = memory.find_commit(base).map_err(|error| fault("read the base commit", &error))?;
        let (who, _) = self.identity(&from)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (who, when) = ((text(who.name_bytes()), text(who.email_bytes())), from.committer().when());
        drop(from);
        let (steps, received) = channel();
        let thread = thread::Builder::new()
            .spawn(move || build(memory, base, (&who.0, &who.1, when), &received))
            .map_err(|error| Error::user(format!("cannot start a thread: {error}")))?;
        Ok(Ahead { steps, thread })
    }
}

fn build(
    memory: Repository,
    base: Oid,
    (name, mail, when): (&str, &str, Time),
    received: &Receiver<(String, Vec<Arc<Step>>)>,
) -> Result<Prepared> {
    let who = Signature::new(name, mail, &when).map_err(|error| fault("use the git identity", &error))?;
    let mut chains: BTreeMap<String, Chain> = BTreeMap::new();
    {
        let from = memory.find_commit(base).map_err(|error| fault("read the base commit", &error))?;
        for (name, steps) in received {
            let chain = chains.entry(name).or_default();
            for step in steps {
                if chain.wrong.is_none() {
                    chain.wrong = chain.commits.add(&memory, &from, (&who, None), &step).err();
                }
                chain.steps.push(step);
            }
        }
    }
    Ok(Prepared { memory, chains })
}
