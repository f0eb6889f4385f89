//! Which proposed texts a run takes: those its branch has already, those that are named, those a person says yes to.
//!
//! Knows: words that are typed, the questions of a report. Must not know: how a text is put in (`plan`), branches in git.

use std::collections::BTreeSet;

use super::{ask, migrate, mistakes};
use crate::cli::{self, Migrate};
use crate::error::{Error, Result};
use crate::plan::{self, Plan};
use crate::repo::Repo;
use crate::report::{self, Offer, Run, Written};
use crate::shell;
use crate::topology::{Topology, moves};

/// The word for all texts that are safe.
const SAFE: &str = "safe";

/// What is wanted of the texts that a run proposes.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// `safe`, names of places, letters of questions.
    words: Vec<String>,
    /// Whether they go onto a branch that is there, and words that are no services are such words, too.
    on_branch: bool,
    /// Whether a person is asked.
    interactive: bool,
}

/// `migrate accept`.
pub(super) fn run(asked: &cli::accept::Accept) -> Result<u8> {
    if asked.migrate.host.is_none() && !asked.migrate.all {
        return Err(Error::usage("no host is named")
            .hint("type: migrate accept SERVICE --host HOST --safe")
            .hint("`migrate status` lists every service of every host"));
    }
    let mut words = asked.migrate.accept.clone();
    words.extend(asked.safe.then(|| SAFE.to_owned()));
    let wanted = Wanted { words, on_branch: true, interactive: asked.interactive };
    migrate::with(&asked.migrate, &asked.output, &wanted)
}

impl Wanted {
    /// What a line without `accept` wants.
    pub(super) fn of(asked: &Migrate) -> Self {
        Self { words: asked.accept.clone(), ..Self::default() }
    }

    /// The line with its services alone among its words, and with what is to be taken.
    pub(super) fn split(&self, topology: &Topology, asked: &Migrate) -> (Migrate, Vec<String>) {
        let host = asked.host.as_deref().and_then(|host| moves::host(topology, host).ok());
        let Some(host) = host.map(|index| &topology.hosts[index]).filter(|_| self.on_branch) else {
            return (asked.clone(), self.words.clone());
        };
        let known = moves::services(topology, host);
        let is_service = |word: &String| known.iter().any(|one| one.name == *word) || moves::find(host, word).is_some();
        let (services, words): (Vec<String>, Vec<String>) = asked.services.iter().cloned().partition(is_service);
        (Migrate { services, ..asked.clone() }, words.into_iter().chain(self.words.iter().cloned()).collect())
    }

    /// The commit that the branch was made from, if it is to be there; its name is told by `branch`.
    ///
    /// # Errors
    /// Nothing is chosen, no service is named, there is no such branch, it was written with other options, or it is not ours
    /// alone.
    pub(super) fn base(
        &self,
        (repo, topology): (&Repo, &Topology),
        (asked, words): (&Migrate, &[String]),
        branch: Option<&str>,
        options: &str,
    ) -> Result<Option<String>> {
        if !self.on_branch {
            return Ok(None);
        }
        if asked.services.is_empty() && !asked.all {
            return Err(mistakes::which_service(topology, asked.host.as_deref().unwrap_or_default()));
        }
        if words.is_empty() && !self.interactive {
            return Err(Error::usage("nothing is named that is to be accepted")
                .hint(format!("what is safe: {} --safe", typed(asked, &["accept"])))
                .hint(format!("one question after the other: {} --interactive", typed(asked, &["accept"])))
                .hint(format!("the places and their names: {} --dry-run -v", typed(asked, &[]))));
        }
        let Some(branch) = branch else { return Ok(None) };
        match repo.kept(branch)? {
            Some(kept) if kept.options != options => {
                let with = |options: &str| {
                    if options.is_empty() { "without options".into() } else { format!("with `{options}`") }
                };
                let line = [&*typed(asked, &["accept"]), &kept.options].join(" ");
                Err(Error::user(format!(
                    "the branch {branch} was written {}, not {}",
                    with(&kept.options),
                    with(options)
                ))
                .hint(format!("as it was written: {} …", line.trim_end())))
            }
            Some(kept) => Ok(Some(kept.base).filter(|_| asked.base.is_none())),
            None if repo.branches(&topology.snapshot.base)?.names.iter().any(|name| name == branch) => {
                let by_hand = "what `migrate explain ID` shows can be put in by hand";
                repo.may_be_made(branch, &topology.snapshot.base, false)
                    .map(|()| None)
                    .map_err(|error| error.hint(by_hand))
            }
            None => Err(Error::user(format!("there is no branch {branch} yet that a text could be put on"))
                .hint(format!("make it: {}", typed(asked, &[])))
                .hint(format!("or make it with what is safe: {} --accept safe", typed(asked, &[])))),
        }
    }

    /// Puts a commit with the texts that are wanted behind the plans of each branch, and behind it again what the branch has
    /// of such commits already. Gives what is worth saying.
    ///
    /// # Errors
    /// A word that means nothing here, a text that cannot be taken.
    pub(super) fn take(
        &self,
        repo: &Repo,
        plans: &mut [Plan],
        branches: &[(String, Vec<usize>)],
        (asked, words): (&Migrate, &[String]),
    ) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        for (name, on) in branches {
            let Some(kept) = repo.kept(name)? else { continue };
            for ids in kept.accepted {
                again(plans, on, &ids, &mut notes);
            }
        }
        let chosen = self.chosen(plans, branches, (asked, words))?;
        for (_, on) in branches {
            let mut ids = chosen.clone();
            if words.iter().any(|word| word == SAFE) {
                ids.extend(plan::safe(plans, on).into_iter().filter(|id| !chosen.contains(id)));
            }
            let explain = |error: Error| {
                let hint = |id: &String| format!("what is said of it: migrate explain {id}");
                let about = ids.iter().find(|id| error.message.contains(id.as_str())).map(hint);
                about.into_iter().fold(error, Error::hint)
            };
            plan::accept(plans, on, &ids).map_err(explain)?;
        }
        Ok(notes)
    }

    /// The names of the findings that are named, asked for by their question or said yes to.
    fn chosen(
        &self,
        plans: &[Plan],
        branches: &[(String, Vec<usize>)],
        (asked, words): (&Migrate, &[String]),
    ) -> Result<Vec<String>> {
        let written = |(name, on): &(String, Vec<usize>)| Written {
            plans: on.clone(),
            branch: name.clone(),
            ..Written::default()
        };
        let branches: Vec<Written> = branches.iter().map(written).collect();
        let offers = report::offers(Run { plans, branches: &branches, batch: true });
        let mut ids = if self.interactive { ask::all(&offers)? } else { Vec::new() };
        let accepted: BTreeSet<&String> =
            plans.iter().flat_map(|plan| &plan.steps).flat_map(|step| &step.accepted).collect();
        for word in words.iter().filter(|word| *word != SAFE) {
            let id = word.trim_matches(['[', ']', '`']).to_lowercase();
            if plans.iter().any(|plan| plan.findings.iter().any(|one| one.id == id)) {
                ids.push(id);
            } else if !accepted.contains(&id) {
                ids.extend(of_question(&offers, &id, asked)?);
            }
        }
        let mut seen = BTreeSet::new();
        ids.retain(|id| seen.insert(id.clone()));
        Ok(ids)
    }
}

/// Puts texts in again that were accepted before.
fn again(plans: &mut [Plan], on: &[usize], ids: &[String], notes: &mut Vec<String>) {
    let is_there = |id: &&String| {
        let mut all = on.iter().flat_map(|&index| &plans[index].findings);
        all.any(|one| one.id == **id && one.can_be_taken())
    };
    let (there, gone): (Vec<&String>, Vec<&String>) = ids.iter().partition(is_there);
    let there: Vec<String> = there.into_iter().cloned().collect();
    let mut gone: Vec<&str> = gone.into_iter().map(String::as_str).collect();
    if plan::accept(plans, on, &there).is_err() {
        gone.extend(there.iter().map(String::as_str));
    }
    if !gone.is_empty() {
        notes.push(format!(
            "accepted on the branch before, and not taken again, for the place is gone or reads otherwise: {}",
            gone.join(", ")
        ));
    }
}

/// The names of the findings of a question whose texts can be taken.
fn of_question(offers: &[Offer<'_>], letter: &str, asked: &Migrate) -> Result<Vec<String>> {
    let Some(offer) = offers.iter().find(|one| one.letter == letter) else {
        let letters: Vec<&str> = offers.iter().map(|one| one.letter.as_str()).collect();
        let error =
            Error::user(format!("`{letter}` is neither a service of this host nor a place or question of this move"));
        let error = match letters.as_slice() {
            [] => error.hint("there is nothing to decide"),
            [only] => error.hint(format!("there is one question, {only}")),
            [first, .., last] => error.hint(format!("the questions are {first} to {last}")),
        };
        return Err(error.hint(format!("the places and their names: {} --dry-run -v", typed(asked, &[]))));
    };
    let ids: Vec<String> = offer.findings.iter().filter(|one| one.can_be_taken()).map(|one| one.id.clone()).collect();
    if ids.is_empty() {
        let first = offer.findings.first().map_or("ID", |one| one.id.as_str());
        return Err(Error::user(format!("question {letter} has no text that could be taken: {}", offer.ask))
            .hint(format!("write what is right by hand; migrate explain {first} says what")));
    }
    Ok(ids)
}

/// The line for this move, with more words behind the program.
fn typed(asked: &Migrate, more: &[&str]) -> String {
    let mut words = vec!["migrate".to_owned()];
    words.extend(more.iter().map(|word| (*word).to_owned()));
    words.extend(if asked.all { vec!["--all".to_owned()] } else { asked.services.clone() });
    words.extend(asked.host.iter().flat_map(|host| shell::option("--host", host)));
    shell::command(&words)
}
