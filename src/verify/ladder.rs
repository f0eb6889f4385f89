//! The ladder of questions: asks Loki one after the other and says what the answers mean.
//!
//! Knows: what each answer rests on, and what to do about it. Must not know: HTTP, the clock, how anything is shown.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::ask::{self, Get, Labels, Reply, Window};
use super::expected::{Expected, Planned, is_planned, selector, shown, shown_real};
use super::{Answer, Failure, Question, Rung};
use crate::proof;

/// An old stream is silent when the new ones have a line that is so much younger than its last one.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);
/// Queries are compared over at least this long, so that a rollout of a moment ago is not judged by chance.
const SHORTEST: SignedDuration = SignedDuration::from_mins(5);
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
    let own = format!("{{service={}}}", proof::quoted(&expected.project));
    let there = ask::read_series(&ask(&ask::series(&own, climb.window))?)?;
    let newest = climb.newest_of_new()?;
    let last = climb.last_of_old()?;
    let (old, silent) = climb.old_streams(&newest, &last);
    let queries = climb.queries(silent, last.iter().copied().flatten().max())?;
    Ok(vec![first, climb.new_streams(&there), climb.new_lines(&newest), old, queries, climb.unplanned(&there)])
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
    let version = match (build.status, hidden) {
        (404, false) => return Ok(Rung::yes(Question::Loki, "it is ready, and does not tell its version")),
        _ => ask::read_build(&build)?,
    };
    Ok(Rung::yes(Question::Loki, format!("Loki {version} {}", if hidden { "answers" } else { "is ready" })))
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
    /// The planned streams; all of the service where the plan is not known.
    fn new_selectors(&self) -> Vec<(String, String)> {
        if self.expected.is_planned() {
            return self.expected.new.iter().map(|one| (selector(one), shown(one))).collect();
        }
        let all = format!("{{service={}}}", proof::quoted(&self.expected.project));
        vec![(all.clone(), all)]
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

    fn new_streams(&self, there: &[Labels]) -> Rung {
        let question = Question::NewStreams;
        let since = &self.terms.since;
        let deploy = format!(
            "deploy the service and Alloy on {} in the order of the rollout; a container that has not written a line yet \
             has no stream",
            self.host
        );
        if !self.expected.is_planned() {
            let own = format!("{{service={}}}", proof::quoted(&self.expected.project));
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
            return Rung::yes(question, format!("all of {} are there", count(have.len(), "planned stream")))
                .with(named(&real));
        }
        let said = format!(
            "{} of {} not there in the last {since:#}",
            missing.len(),
            count(self.expected.new.len(), "planned stream")
        );
        let details = missing.into_iter().map(|one| format!("missing: {}", shown(one)));
        Rung::no(question, said, deploy).with(details.collect())
    }

    fn new_lines(&self, newest: &Newest) -> Rung {
        let question = Question::NewLines;
        let Terms { now, fresh, .. } = self.terms;
        let is_young = |at: &Option<Timestamp>| at.is_some_and(|at| now.duration_since(at) < fresh);
        let details =
            self.new_selectors().into_iter().zip(newest).map(|((_, shown), at)| format!("{}: {shown}", self.ago(*at)));
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
        Rung::no(
            question,
            format!("{old} of {} without a line younger than {fresh:#}", count(newest.len(), "stream")),
            advice,
        )
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
                details.push(format!("{}: {shown}", self.ago(*at)));
            }
        }
        if live > 0 {
            let advice = format!(
                "if the service is not deployed yet, this is as it should be. Else look whether its containers were made \
                 anew, and whether Alloy on {} was deployed without the listener; right after that, ask again, or with --wait 5m",
                self.host
            );
            let said = format!("{live} of {} still got a line within {fresh:#}", count(last.len(), "old stream"));
            return (Rung::no(question, said, advice).with(details), false);
        }
        let at = last.iter().copied().flatten().max();
        let said = match at {
            _ if kept == last.len() && kept > 0 => "they stay, because others send to them as well".to_owned(),
            Some(at) => format!("the last line came {}", self.ago(Some(at)).trim_start_matches("last line ")),
            None => format!("no line in the last {since:#}"),
        };
        (Rung::yes(question, said).with(details), true)
    }

    /// Asks each rewritten query, and its old text over as long a time before the old streams fell silent.
    fn queries(&self, silent: bool, last: Option<Timestamp>) -> Result<Rung, Failure> {
        let question = Question::Queries;
        let (queries, skipped) = (&self.expected.queries, self.expected.skipped);
        let since = self.terms.since;
        let left_out = if skipped.count() == 0 { String::new() } else { format!("; not asked: {}", skipped.words()) };
        if !self.expected.is_planned() {
            return Ok(Rung::open(question, "which queries are rewritten is not known", NAME_THE_BASE));
        }
        if queries.is_empty() {
            return Ok(Rung::yes(question, format!("there is none to ask{left_out}")));
        }
        if !silent {
            let said = format!("not asked: {} wait until the old streams are silent", count(queries.len(), "query"));
            return Ok(Rung::open(question, said, "ask again after the rollout"));
        }
        let Some(last) = last else {
            let said = format!("nothing to compare with: the old streams have no line in the last {since:#}");
            return Ok(Rung::open(question, said, "a longer --since looks further back"));
        };
        let length = self.terms.now.duration_since(last).clamp(SHORTEST.min(since), since);
        let before = Window::before(last, length);
        let after = Window::before(self.terms.now, length);
        let (mut old, mut new) = (Known::new(), Known::new());
        let (mut details, mut returned, mut quiet) = (Vec::new(), 0, 0);
        for pair in queries {
            match (self.returns(&pair.before, before, &mut old)?, self.returns(&pair.after, after, &mut new)?) {
                (Returns::Something, Returns::Something) => returned += 1,
                (Returns::Something, Returns::Nothing) => {
                    details.push(format!("nothing now: {}: {}", pair.place, pair.after));
                }
                (Returns::Something, Returns::Refused(why)) => {
                    details.push(format!("Loki refuses it{why}: {}: {}", pair.place, pair.after));
                }
                (Returns::Nothing | Returns::Refused(_), _) => quiet += 1,
            }
        }
        let of = format!(
            "in {length:#} before and after: {returned} of {} returned something both times, {quiet} nothing before{left_out}",
            count(queries.len(), "query")
        );
        if details.is_empty() {
            return Ok(Rung::yes(question, of));
        }
        let advice = "it may be chance where such lines are rare: ask again when more time has passed; else look at the query in \
                      Grafana, and whether the lines still have the labels and the text it asks for";
        Ok(Rung::no(question, format!("{} lost what they returned, {of}", count(details.len(), "query")), advice)
            .with(cut(details)))
    }

    /// What a query returns. `known`: what was asked before; two rewritten queries may have had one text.
    fn returns<'q>(&self, query: &'q str, window: Window, known: &mut Known<'q>) -> Result<Returns, Failure> {
        if let Some(before) = known.get(query) {
            return Ok(before.clone());
        }
        let returns = self.ask_query(query, window)?;
        known.insert(query, returns.clone());
        Ok(returns)
    }

    fn ask_query(&self, query: &str, window: Window) -> Result<Returns, Failure> {
        let reply = (self.ask)(&ask::query(query, window))?;
        if matches!(reply.status, 400 | 422) {
            return Ok(Returns::Refused(reply.repeated()));
        }
        Ok(if ask::read_newest(&reply)?.is_some() { Returns::Something } else { Returns::Nothing })
    }

    fn unplanned(&self, there: &[Labels]) -> Rung {
        let question = Question::Unplanned;
        if !self.expected.is_planned() {
            return Rung::open(question, "which streams are planned is not known", NAME_THE_BASE);
        }
        let is_unplanned = |real: &&Labels| !self.expected.all.iter().any(|one| is_planned(one, real));
        let odd: Vec<Labels> = there.iter().filter(is_unplanned).cloned().collect();
        let since = self.terms.since;
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

    /// `last line 2026-01-02T03:04:05Z, 3m ago`.
    fn ago(&self, at: Option<Timestamp>) -> String {
        let Some(at) = at else { return format!("no line in the last {:#}", self.terms.since) };
        let seconds = |at: Timestamp| at.as_second();
        let ago = SignedDuration::from_secs((seconds(self.terms.now) - seconds(at)).max(0));
        let whole = Timestamp::from_second(seconds(at)).unwrap_or(at);
        format!("last line {whole}, {ago:#} ago")
    }
}

/// What a query came to.
#[derive(Clone)]
enum Returns {
    Something,
    Nothing,
    Refused(String),
}

/// Queries of one window, with what they came to.
type Known<'q> = BTreeMap<&'q str, Returns>;

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
