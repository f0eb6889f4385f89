//! The ladder of questions: asks Loki one after the other and says what the answers mean.
//!
//! Knows: what each answer rests on, and what to do about it. Must not know: HTTP, the clock, how anything is shown.

mod compare;

use jiff::{SignedDuration, Timestamp};

use super::ask::{self, Get, Labels, Reply, Window};
use super::expected::{Expected, Planned, is_planned, selector, shown, shown_real};
use super::{Answer, Failure, Question, Rung};
use crate::proof;

/// An old stream is silent when the new ones have a line that is so much younger than its last one.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);
/// Streams and queries that are named at most.
const MOST_NAMED: usize = 20;

/// The way out where the plan is not known.
const NAME_THE_BASE: &str = "name the commit before the move with --base REV";

/// Asks Loki.
pub type Ask<'a> = &'a dyn Fn(&Get) -> Result<Reply, Failure>;

/// What counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Now.
    pub now: Timestamp,
    /// How far back "before" is looked for.
    pub since: SignedDuration,
    /// Lines younger than this are young.
    pub fresh: SignedDuration,
}

/// Goes up the ladder as far as it leads.
///
/// # Errors
/// Loki gave no answer that could be read.
pub fn climb(expected: &Expected, host: &str, terms: Terms, ask: Ask<'_>) -> Result<Vec<Rung>, Failure> {
    let first = loki(ask)?;
    if first.answer != Answer::Yes {
        return Ok(vec![first]);
    }
    let climb = Climb { expected, host, terms, window: Window::before(terms.now, terms.since), ask };
    let mut there = ask::read_series(&ask(&ask::series(&climb.own(), climb.window))?)?;
    there.sort();
    let newest = climb.newest_of_new()?;
    let last = climb.last_of_old()?;
    let (old, silent) = climb.old_streams(&newest, &last);
    // Both ends have to be there: a last line of before, and lines of now.
    let waits_for = match (silent, newest.iter().any(Option::is_some)) {
        (true, true) => None,
        (true, false) => Some("there are lines in the new streams"),
        (false, _) => Some("the old streams are silent"),
    };
    let queries = climb.queries(waits_for, climb.end_of_old(&last))?;
    let is_empty = there.is_empty() && last.iter().all(Option::is_none);
    Ok(vec![
        first,
        climb.new_streams(&there, is_empty),
        climb.new_lines(&newest),
        old,
        queries,
        climb.unplanned(&there),
    ])
}

fn loki(ask: Ask<'_>) -> Result<Rung, Failure> {
    let ready = ask(&ask::ready())?;
    if ready.status == 503 {
        let said = format!("it answers, but is not ready{}", ready.repeated());
        return Ok(Rung::no(
            Question::Loki,
            said,
            "wait until it has started, or look at its log; --wait 5m asks again",
        ));
    }
    // A gateway may pass on nothing but the questions of users.
    let hidden = ready.status == 404;
    if !hidden {
        ready.check()?;
    }
    let build = ask(&ask::build())?;
    let state = if hidden { "answers" } else { "is ready" };
    // One that was built without its release's settings names none.
    let version = if build.status == 404 && !hidden { String::new() } else { ask::read_build(&build)? };
    let said = match version.as_str() {
        "" => format!("it {state}, and does not tell its version"),
        version => format!("Loki {version} {state}"),
    };
    Ok(Rung::yes(Question::Loki, said))
}

/// One way up.
struct Climb<'a> {
    expected: &'a Expected,
    host: &'a str,
    terms: Terms,
    window: Window,
    ask: Ask<'a>,
}

/// When the newest line of each stream is.
type Newest = Vec<Option<Timestamp>>;

impl Climb<'_> {
    /// Selects all streams of the service.
    fn own(&self) -> String {
        format!("{{service={}}}", proof::quoted(&self.expected.project))
    }

    /// The planned streams; all of the service where the plan is not known.
    fn new_selectors(&self) -> Vec<(String, String)> {
        if self.expected.is_planned() {
            return self.expected.new.iter().map(|one| (selector(one), shown(one))).collect();
        }
        vec![(self.own(), self.own())]
    }

    fn newest(&self, selector: &str) -> Result<Option<Timestamp>, Failure> {
        ask::read_newest(&(self.ask)(&ask::query(selector, self.window))?)
    }

    fn newest_of_new(&self) -> Result<Newest, Failure> {
        self.new_selectors().iter().map(|(selector, _)| self.newest(selector)).collect()
    }

    fn last_of_old(&self) -> Result<Newest, Failure> {
        self.expected.old.iter().map(|old| self.newest(&selector(&old.labels))).collect()
    }

    /// `is_empty`: there is nothing of before, either.
    fn new_streams(&self, there: &[Labels], is_empty: bool) -> Rung {
        let question = Question::NewStreams;
        let since = &self.terms.since;
        let deploy = if is_empty {
            "there is nothing of before, either: is it the right Loki and, with several tenants, the right one (LOKI_ORG_ID)?"
                .to_owned()
        } else {
            format!(
                "deploy the service and Alloy on {} in the order of the rollout; a container that has not written a line \
                 yet has no stream",
                self.host
            )
        };
        if !self.expected.is_planned() {
            let own = self.own();
            if there.is_empty() {
                return Rung::no(question, format!("no stream {own} in the last {since:#}"), deploy);
            }
            let said = format!("there is {}, but which are planned is not known", streams(there.len()));
            return Rung::open(question, said, NAME_THE_BASE).with(named(there));
        }
        let found = |one: &&Planned| there.iter().any(|real| is_planned(one, real));
        let (have, missing): (Vec<&Planned>, Vec<&Planned>) = self.expected.new.iter().partition(found);
        if missing.is_empty() {
            let real: Vec<Labels> =
                there.iter().filter(|real| have.iter().any(|one| is_planned(one, real))).cloned().collect();
            return Rung::yes(question, format!("each of the planned streams ({}) is there", have.len()))
                .with(named(&real));
        }
        let said = format!(
            "{} of the planned streams ({}) not there in the last {since:#}",
            missing.len(),
            self.expected.new.len()
        );
        let details = missing.into_iter().map(|one| format!("missing: {}", shown(one)));
        Rung::no(question, said, deploy).with(details.collect())
    }

    /// When the last line came that what moved wrote to an old stream. One that others go on sending to does not tell.
    fn end_of_old(&self, last: &Newest) -> Option<Timestamp> {
        let left = self.expected.old.iter().zip(last).filter(|(old, _)| !old.stays);
        left.filter_map(|(_, at)| *at).max()
    }

    fn new_lines(&self, newest: &Newest) -> Rung {
        let question = Question::NewLines;
        let Terms { now, fresh, .. } = self.terms;
        let is_young = |at: &Option<Timestamp>| at.is_some_and(|at| now.duration_since(at) < fresh);
        let details = self.new_selectors().into_iter().zip(newest).map(|((_, shown), at)| self.line(*at, &shown));
        let details: Vec<String> = details.take(MOST_NAMED).collect();
        let old = newest.iter().filter(|at| !is_young(at)).count();
        if old == 0 {
            return Rung::yes(question, format!("each has a line younger than {fresh:#}")).with(details);
        }
        let advice = format!(
            "look whether the containers run and write, and whether Alloy on {} reads the Docker socket; for a service that \
             writes seldom, give a longer --fresh",
            self.host
        );
        Rung::no(question, format!("{old} of {} streams without a line younger than {fresh:#}", newest.len()), advice)
            .with(details)
    }

    /// Whether the old streams are silent, and whether that is so for all that should be.
    fn old_streams(&self, newest: &Newest, last: &Newest) -> (Rung, bool) {
        let question = Question::OldStreams;
        let Terms { now, fresh, since } = self.terms;
        let young = newest.iter().copied().flatten().max();
        let is_silent = |at: Timestamp| {
            now.duration_since(at) >= fresh || young.is_some_and(|young| young.duration_since(at) >= MARGIN)
        };
        let (mut details, mut live, mut kept) = (Vec::new(), 0, 0);
        for (old, at) in self.expected.old.iter().zip(last) {
            let shown = shown(&old.labels);
            if old.stays {
                kept += 1;
                details.push(format!("others go on sending to it: {shown}"));
            } else {
                live += usize::from(at.is_some_and(|at| !is_silent(at)));
                details.push(self.line(*at, &shown));
            }
        }
        if live > 0 {
            let advice = format!(
                "if the service is not deployed yet, this is as it should be. Else look whether its containers were made \
                 anew, and whether Alloy on {} was deployed without the listener; right after that, ask again, or with --wait 5m",
                self.host
            );
            let said = format!("{live} of {} old streams still got a line within {fresh:#}", last.len());
            return (Rung::no(question, said, advice).with(details), false);
        }
        let said = match self.end_of_old(last) {
            _ if kept == last.len() => "they stay, because others send to them as well".to_owned(),
            Some(at) => format!("the last line came {}", self.ago(at)),
            None => format!("no line in the last {since:#}"),
        };
        (Rung::yes(question, said).with(details), true)
    }

    fn unplanned(&self, there: &[Labels]) -> Rung {
        let question = Question::Unplanned;
        if !self.expected.is_planned() {
            return Rung::open(question, "which streams are planned is not known", NAME_THE_BASE);
        }
        let is_unplanned = |real: &&Labels| !self.expected.all.iter().any(|one| is_planned(one, real));
        let odd: Vec<Labels> = there.iter().filter(is_unplanned).cloned().collect();
        let since = self.terms.since;
        if there.is_empty() {
            return Rung::yes(question, format!("it has none in the last {since:#}"));
        }
        if odd.is_empty() {
            return Rung::yes(
                question,
                format!("{} of it in the last {since:#}, each as planned", streams(there.len())),
            );
        }
        let advice = "compare the labels with the plan: another host or project of that name, or a rule of Alloy that the \
                      repository does not hold. A stream of a trial goes from this list once it is older than --since";
        Rung::no(question, format!("{} nobody planned", streams(odd.len())), advice).with(named(&odd))
    }

    /// `last line 2026-01-02T03:04:05Z, 3m ago: {…}`.
    fn line(&self, at: Option<Timestamp>, stream: &str) -> String {
        match at {
            Some(at) => format!("last line {}: {stream}", self.ago(at)),
            None => format!("no line in the last {:#}: {stream}", self.terms.since),
        }
    }

    /// `2026-01-02T03:04:05Z, 3m ago`.
    fn ago(&self, at: Timestamp) -> String {
        let seconds = |at: Timestamp| at.as_second();
        let ago = SignedDuration::from_secs((seconds(self.terms.now) - seconds(at)).max(0));
        let whole = Timestamp::from_second(seconds(at)).unwrap_or(at);
        format!("{whole}, {ago:#} ago")
    }
}

fn named(real: &[Labels]) -> Vec<String> {
    cut(real.iter().map(shown_real).collect())
}

/// The first of a list, and how many more there are.
fn cut(mut list: Vec<String>) -> Vec<String> {
    if list.len() > MOST_NAMED {
        let more = list.len() - MOST_NAMED;
        list.truncate(MOST_NAMED);
        list.push(format!("and {more} more"));
    }
    list
}

fn streams(number: usize) -> String {
    count(number, "stream")
}

/// `1 stream`, `2 queries`.
fn count(number: usize, one: &str) -> String {
    let stem = one.strip_suffix('y').filter(|_| number != 1);
    match (number, stem) {
        (1, _) => format!("1 {one}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {one}s"),
    }
}
