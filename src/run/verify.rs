//! `migrate verify`: plans the move once more, asks Loki about it, and says what it answered.
//!
//! Knows: the order of the stations, where secrets come from, the clock. Must not know: what is asked, or HTTP.

use core::time::Duration;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::thread;
use std::time::Instant;

use jiff::Timestamp;

use super::progress::Waiting;
use super::read::read;
use super::{look, print};
use crate::cli::verify::{Format, Verify};
use crate::error::{Error, Kind, Result};
use crate::plan::{self, Plan, Request, Verdict};
use crate::repo::{MovedBy, Repo};
use crate::report;
use crate::select::names;
use crate::status::Held;
use crate::topology::moves::options::Options;
use crate::topology::{Topology, moves};
use crate::verify::ask::{self, Get, Reply};
use crate::verify::client::{Address, Client, Login, Secret};
use crate::verify::expected::Expected;
use crate::verify::ladder::{Terms, climb};
use crate::verify::{Failure, Standing, Verified};

/// The first pause between two rounds with `--wait`; each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// How often, and how long apart, a Loki is asked that says it is not ready.
const NOT_READY: (usize, Duration) = (6, Duration::from_millis(500));

/// Asks and reports.
pub(super) fn run(asked: &Verify) -> Result<u8> {
    // What is typed wrong is said before anything is read.
    let address = Address::parse(&asked.loki)?;
    let client = client(asked, address.clone())?;
    let (expected, mut verified) = expected(asked)?;
    address.as_str().clone_into(&mut verified.loki);
    if address.is_open() && login(asked)? != Login::None {
        verified.notes.push("what Loki is sent goes over http, where it can be read on the way".to_owned());
    }
    let verified = until_all_is_well(asked, &client, &expected, verified)?;
    let text = match asked.format {
        Format::Human => report::verify::human(&verified, &look(asked.color, io::stdout().is_terminal())),
        Format::Json => report::verify::json(&verified),
    };
    print(&client.hushed(&text))?;
    Ok(verified.standing().exit_code())
}

/// Asks once or, with `--wait`, until every answer is yes or the time is over. What may pass by itself is waited for, too.
fn until_all_is_well(asked: &Verify, client: &Client, expected: &Expected, verified: Verified) -> Result<Verified> {
    let start = Instant::now();
    let limit = asked.wait.map_or(Duration::ZERO, jiff::SignedDuration::unsigned_abs);
    let mut pause = FIRST_PAUSE;
    let mut waiting = Waiting::new(asked.wait.is_some());
    loop {
        let now = Timestamp::now();
        let terms = Terms { now, since: asked.since, fresh: asked.fresh };
        let round = climb(expected, &verified.host, terms, &|get| answer(client, get));
        let left = limit.saturating_sub(start.elapsed());
        let is_last = left.is_zero() || matches!(&round, Err(Failure { passing: false, .. }));
        match round {
            Ok(rungs) if is_last || Standing::of(&rungs) == Standing::AsPlanned => {
                waiting.finish();
                return Ok(Verified { at: now, rungs, ..verified });
            }
            Err(failure) if is_last => {
                waiting.finish();
                return Err(failure.into());
            }
            Ok(rungs) => waiting.told_answers(&rungs, left),
            Err(failure) => waiting.told(&failure.message, left),
        }
        // The last round is asked when the time is over, not before.
        thread::sleep(pause.min(left));
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// One answer. A Loki in one process says for a moment that it is not ready when a query ended before all of its parts did,
/// as its queriers connect anew; so that counts once it has said so for a while.
fn answer(client: &Client, get: &Get) -> core::result::Result<Reply, Failure> {
    let mut reply = client.get(get)?;
    for _ in 0..NOT_READY.0 {
        if reply.status != 503 || *get != ask::ready() {
            break;
        }
        thread::sleep(NOT_READY.1);
        reply = client.get(get)?;
    }
    Ok(reply)
}

/// What should be in Loki, and where that is known from.
fn expected(asked: &Verify) -> Result<(Expected, Verified)> {
    let repo = Repo::open(asked.repo.as_deref())?;
    let request = Request { service: asked.service.clone(), host: asked.host.clone(), ..Request::default() };
    let (topology, plan) = planned(&repo, asked.base.as_deref(), &request)?;
    let host = &topology.hosts[moves::host(&topology, &asked.host)?];
    let verified = |base: &str, moved_by, notes| Verified {
        service: asked.service.clone(),
        host: host.name.clone(),
        base: base.to_owned(),
        moved_by,
        loki: String::new(),
        at: Timestamp::UNIX_EPOCH,
        since: asked.since,
        fresh: asked.fresh,
        rungs: Vec::new(),
        notes,
    };
    // By whatever of its names it was called then.
    let deployment = moves::find(host, &asked.service);
    let is_meant =
        |name: &str| name == asked.service || (deployment.is_some() && moves::find(host, name) == deployment);
    if let Some(expected) = Expected::of(&topology, &plan) {
        let options = held(&repo, &plan.base, &host.name, &is_meant)?.map(|held| held.options).unwrap_or_default();
        if options.is_empty() {
            return Ok((expected, verified(&plan.base, None, Vec::new())));
        }
        // The branch was written with options: what it holds is asked for.
        let (request, notes) = with_options(request, &options);
        let plan = plan::plan_on(&topology, &request)?;
        return Ok((Expected::of(&topology, &plan).unwrap_or(expected), verified(&plan.base, None, notes)));
    }
    if let Some(by) = moved_by(&repo, asked.base.as_deref(), &plan.base, &host.name, &is_meant)? {
        let request = Request { service: by.service, host: host.name.clone(), ..Request::default() };
        let (request, notes) = with_options(request, &by.options);
        match planned(&repo, Some(&by.before), &request) {
            Ok((then, plan)) => {
                if let Some(expected) = Expected::of(&then, &plan) {
                    return Ok((expected.since(&topology), verified(&plan.base, Some(by.commit), notes)));
                }
            }
            Err(error) if error.kind == Kind::User => {}
            Err(error) => return Err(error),
        }
    }
    if plan.verdict == Verdict::Blocked {
        return Err(blocked(&plan));
    }
    let project = deployment.and_then(|index| host.deployments[index].project.as_ref().ok());
    let project = project.map_or(asked.service.as_str(), |project| &project.name);
    let note = format!(
        "it has moved at this commit, and no commit in its history or on a local branch says that migrate moved it, so the plan is not known: it was asked \
         for {{service=\"{project}\"}} and {{job=\"{}\"}}, going by the names alone, on all hosts",
        asked.service
    );
    Ok((Expected::by_name(project, &asked.service), verified(&plan.base, None, vec![note])))
}

/// The request with the options a commit was written with, and what is to be said of them.
fn with_options(request: Request, options: &str) -> (Request, Vec<String>) {
    if let Some(Options { bridge, alert_labels, keep_history, project }) = moves::options::read(options) {
        return (Request { bridge, alert_labels, keep_history, project, ..request }, Vec::new());
    }
    let note = format!(
        "the commit was written with `{options}`, which this version does not know: its queries are asked as they would be \
         written without"
    );
    (request, vec![note])
}

/// The commit of ours that moved the service: in the history, else on a local branch, as after a squash that kept no
/// trailer.
fn moved_by(
    repo: &Repo,
    rev: Option<&str>,
    commit: &str,
    host: &str,
    is_meant: &dyn Fn(&str) -> bool,
) -> Result<Option<MovedBy>> {
    if let Some(found) = repo.moved_by(rev, host, is_meant)? {
        return Ok(Some(found));
    }
    held(repo, commit, host, is_meant)?.map_or(Ok(None), |held| repo.moved_by(Some(&held.commit), host, is_meant))
}

/// The move of the service that a local branch holds and `commit` does not.
fn held(repo: &Repo, commit: &str, host: &str, is_meant: &dyn Fn(&str) -> bool) -> Result<Option<Held>> {
    let held = repo.branches(commit)?.held;
    Ok(held.into_iter().find(|held| held.host == host && is_meant(&held.service)))
}

fn planned(repo: &Repo, base: Option<&str>, request: &Request) -> Result<(Topology, Plan)> {
    let topology = read(repo, base, &|topology| Ok(names(topology, std::slice::from_ref(request))))?;
    let plan = plan::plan_on(&topology, request)?;
    Ok((topology, plan))
}

fn blocked(plan: &Plan) -> Error {
    let subject = plan.subject();
    let mut error = Error::user(format!("{subject} has not moved and cannot, so there is nothing to ask Loki about"));
    if let Some(first) = plan.findings.first() {
        let at = first.at.as_ref().map(|at| format!("{}: ", report::summary::place(at))).unwrap_or_default();
        error = error.hint(format!("{at}{}", first.message));
    }
    error
}

fn client(asked: &Verify, address: Address) -> Result<Client> {
    let authorities = asked.ca_file.as_deref().map(|path| file("--ca-file", path)).transpose()?;
    let tenant = variable("LOKI_ORG_ID")?;
    Client::new(address, &login(asked)?, tenant.as_deref(), asked.timeout.unsigned_abs(), authorities.as_deref())
}

/// From the files that are named, else from the variables that `logcli` reads.
fn login(asked: &Verify) -> Result<Login> {
    let token = secret("--bearer-token-file", asked.bearer_token_file.as_deref(), "LOKI_BEARER_TOKEN")?;
    let password = secret("--password-file", asked.password_file.as_deref(), "LOKI_PASSWORD")?;
    match (token, variable("LOKI_USERNAME")?, password) {
        (None, None, None) => Ok(Login::None),
        (Some(token), None, None) => Ok(Login::Bearer(token)),
        (None, Some(user), Some(password)) if !user.contains(':') => Ok(Login::Basic(user, password)),
        (None, Some(_), Some(_)) => Err(Error::user("LOKI_USERNAME holds a `:`, which a user name cannot")),
        (None, Some(_), None) => Err(Error::user("LOKI_USERNAME is set, but there is no password")
            .hint("set LOKI_PASSWORD, or give --password-file FILE")),
        (None, None, Some(_)) => Err(Error::user("there is a password, but no user name").hint("set LOKI_USERNAME")),
        (Some(_), ..) => {
            Err(Error::user("there are a bearer token and a user name or password; Loki takes one of both")
                .hint("unset LOKI_BEARER_TOKEN, or LOKI_USERNAME and LOKI_PASSWORD"))
        }
    }
}

fn secret(option: &str, path: Option<&Path>, name: &str) -> Result<Option<Secret>> {
    if let Some(path) = path {
        let what = format!("the file given with {option}");
        let text = String::from_utf8(file(option, path)?).map_err(|_| not_text(&what))?;
        return Secret::new(&what, &text).map(Some);
    }
    variable(name)?.map(|value| Secret::new(name, &value)).transpose()
}

/// A variable that is set and not empty.
fn variable(name: &str) -> Result<Option<String>> {
    let value = std::env::var_os(name).filter(|value| !value.is_empty());
    value.map(|value| value.into_string().map_err(|_| not_text(name))).transpose()
}

fn not_text(what: &str) -> Error {
    Error::user(format!("{what} is not text"))
}

fn file(option: &str, path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path)
        .map_err(|error| Error::user(format!("cannot read the file given with {option}, {}: {error}", path.display())))
}
