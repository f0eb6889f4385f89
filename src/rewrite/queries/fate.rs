//! What becomes of one comparison with `job`: the first candidate that passes the proof (DESIGN 4.3).
//!
//! Knows: the order in which candidates are tried, what the user asked for. Must not know: how a query is written;
//! matchers come in as values and replacements go out as values.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::patterns;
use crate::proof::{self, Condition, Copies, Matcher, Op, Value, Verdict};
use crate::rewrite::How;

use super::candidates::{negated, service_or_none, spelled};
use super::ids::{self, Id};
use super::streams::{Before, Flow};

/// The label that Loki derives.
const NAME: &str = "service_name";

/// What becomes of one comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate<New> {
    /// It stays: it selects the same lines afterwards.
    Stays,
    /// This takes its place, and that is proven.
    Becomes(New),
    /// It cannot be rewritten with certainty.
    Review {
        /// Why.
        id: Id,
        /// What could not be checked or what would go wrong.
        why: String,
        /// What could stand there instead, as written text.
        proposed: Option<String>,
    },
}

/// What may be done at the place of a matcher.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked<'a> {
    /// A variable in its value may be asked of `service_name`, as far as its dashboard is concerned.
    pub(super) follows: bool,
    /// All values this variable can have, where they are known.
    pub(super) values: Option<&'a [String]>,
    /// Nothing may stand behind the selector.
    pub(super) selector_only: bool,
}

/// What stands in the place of a matcher in a selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct New {
    pub(super) how: How,
    /// In its place; none: it goes.
    pub(super) matchers: Vec<Matcher>,
    /// Right behind the selector.
    pub(super) filter: Option<Condition>,
}

/// What stands in the place of a comparison in a label filter.
pub(super) type Leaf = (How, Condition);

impl Before<'_> {
    /// What becomes of `one` (on `job`), which stands beside `others` in a selector.
    pub(super) fn fate(&self, one: &Matcher, others: &[Matcher], asked: Asked<'_>) -> Fate<New> {
        if one.label == NAME {
            return self.renamed(one, others);
        }
        if let Value::Variable(text) = &one.value {
            let matchers = vec![Matcher { label: NAME.into(), ..one.clone() }];
            let new = New { how: How::Name, matchers, filter: None };
            return self.variable(one, text, &Condition::all(others), asked, new);
        }
        let context = Condition::all(others);
        let old = Condition::all(&with(others, std::slice::from_ref(one)));
        let stays = self.stays(one, &old);
        match &stays {
            Verdict::Right { .. } if self.names(one) && !one.is_negative() && one.accepts("") == Some(true) => {}
            Verdict::Right { any } if *any || !self.names(one) || one.is_negative() => return Fate::Stays,
            Verdict::Right { .. } => return self.review(ids::NOTHING, "", one, &context),
            _ => {}
        }
        if let Some(fate) = self.by_absence(one, &context) {
            return fate;
        }
        let mut failed = stays;
        let mut forgotten = None;
        let mut candidates = self.candidates(one, others);
        candidates.retain(|candidate| candidate.filter.is_none() || !asked.selector_only);
        for candidate in candidates {
            let new = Condition::all(&with(others, &candidate.matchers));
            let new = candidate.filter.iter().fold(new, |new, filter| new.and(filter.clone()));
            let verdict = self.proof.check(&old, &new, Copies::Ignored);
            if verdict.is_right()
                && self.proof.lasts(&old, &new, one.is_negative())
                && (!self.moved.keep_history || self.proof.same_today(&old, &new))
            {
                match self.forgets(one, &Condition::all(others), &new) {
                    None => return Fate::Becomes(candidate),
                    job => forgotten = forgotten.or(job),
                }
            }
            if candidate.how == How::Swap || !matches!(failed, Verdict::Wrong { .. }) {
                // Right, but not for good.
                let later = || Verdict::Wrong { missing: Vec::new(), extra: vec!["what is to move later".into()] };
                failed = if verdict.is_right() { later() } else { verdict };
            }
        }
        match forgotten {
            Some(job) => self.review(ids::MOVED_BEFORE, job, one, &context),
            None => self.unproven(one, &context, failed),
        }
    }

    /// What becomes of a matcher on `service_name`, which moves with the name of the project (label-surface 1.6).
    fn renamed(&self, one: &Matcher, others: &[Matcher]) -> Fate<New> {
        let old = Condition::all(&with(others, std::slice::from_ref(one)));
        if self.same_name() || !self.names(one) || self.proof.check(&old, &old, Copies::Count).is_right() {
            return Fate::Stays;
        }
        if let Some(name) = self.name(one) {
            let new = Condition::all(&with(others, std::slice::from_ref(&name)));
            if self.proof.check(&old, &new, Copies::Ignored).is_right() {
                return Fate::Becomes(New { how: How::Name, matchers: vec![name], filter: None });
            }
        }
        self.review(ids::NAME_MOVES, "", one, &Condition::all(others))
    }

    /// What becomes of `one` (on `job`) in a label filter that streams of `context` come to.
    pub(super) fn leaf(&self, one: &Matcher, context: &Condition, asked: Asked<'_>) -> Fate<Leaf> {
        let is = Condition::Is(one.clone());
        if let Value::Variable(text) = &one.value {
            let new = Condition::Is(Matcher { label: NAME.into(), ..one.clone() });
            return self.variable(one, text, context, asked, (How::Name, new));
        }
        let failed = match self.proof.agree(context, &is, &is, self.copies(one)) {
            Ok(true) => return Fate::Stays,
            Ok(false) => Verdict::Wrong { missing: Vec::new(), extra: Vec::new() },
            Err(why) => Verdict::Unknown { why },
        };
        if let Some(fate) = self.by_absence(one, context) {
            return fate;
        }
        let mut forgotten = None;
        for (how, new) in self.leaves(one, context) {
            if self.proof.agree(context, &is, &new, Copies::Ignored) == Ok(true)
                && self.proof.lasts_here(context, &is, &new, one.is_negative())
            {
                match self.forgets(one, context, &context.and(new.clone())) {
                    None => return Fate::Becomes((how, new)),
                    job => forgotten = forgotten.or(job),
                }
            }
        }
        let fate = match forgotten {
            Some(job) => self.review(ids::MOVED_BEFORE, job, one, context),
            None => self.unproven(one, context, failed),
        };
        match fate {
            // Loki does not anchor every list in a label filter.
            Fate::Review { id, why, proposed } => {
                Fate::Review { id, why, proposed: proposed.filter(|text| !text.contains("=~")) }
            }
            fate => fate,
        }
    }

    /// Whether the selector may be left alone: with the copies that Docker keeps, and without, as an older Engine keeps
    /// none. A selector of nothing but such copies names the new labels already.
    fn stays(&self, one: &Matcher, old: &Condition) -> Verdict {
        // Whether it selects anything matters where the job is asked for.
        if (one.is_negative() || !self.names(one)) && self.proof.plainly_stays(old) {
            return Verdict::Right { any: true };
        }
        let counted = self.proof.check(old, old, Copies::Count);
        let ignored = self.proof.check(old, old, Copies::Ignored);
        let only_copies = || {
            let (today, all) = (self.proof.today(old, Copies::Ignored), self.proof.today(old, Copies::Count));
            matches!((today, all), (Ok(today), Ok(all)) if today.is_empty() && !all.is_empty())
        };
        match (self.copies(one), &counted, &ignored) {
            (Copies::Ignored, ..) => ignored,
            (_, Verdict::Right { .. }, Verdict::Wrong { .. }) if !only_copies() => ignored,
            _ => counted,
        }
    }

    /// Who leaves the job out means the service, whichever way its lines come; else what is selected today counts.
    fn copies(&self, one: &Matcher) -> Copies {
        if one.is_negative() && self.names(one) { Copies::Ignored } else { Copies::Count }
    }

    /// Comparisons that ask whether there is a `job` at all are for a person (label-surface 1.3).
    fn by_absence<N>(&self, one: &Matcher, context: &Condition) -> Option<Fate<N>> {
        match (one.accepts("\u{1}"), one.accepts("")) {
            (Some(true), Some(false)) => Some(self.review(ids::ANY_JOB, "", one, context)),
            (_, Some(true)) if !one.is_negative() => Some(self.review(ids::NO_JOB, "", one, context)),
            _ => None,
        }
    }

    fn unproven<N>(&self, one: &Matcher, context: &Condition, failed: Verdict) -> Fate<N> {
        let old = context.and(Condition::Is(one.clone()));
        let more = self.more_names(one);
        match failed {
            Verdict::Unknown { why } if self.names(one) => self.review(ids::UNCHECKED, &why, one, context),
            // What cannot be told and does not name the job is no business of this move.
            Verdict::Unknown { .. } | Verdict::Right { .. } => Fate::Stays,
            Verdict::Wrong { .. } if one.is_negative() => self.review(ids::NEGATION, "", one, context),
            Verdict::Wrong { .. } if self.moved.keep_history => self.review(ids::HISTORY, "", one, context),
            Verdict::Wrong { .. } if self.flow(&old) == Flow::Mixed => self.review(ids::MIXED, "", one, context),
            Verdict::Wrong { .. } if !more.is_empty() => {
                let more: Vec<String> = more.iter().map(|name| format!("`{name}`")).collect();
                self.review(ids::MORE_NAMES, &more.join(" and "), one, context)
            }
            Verdict::Wrong { missing, extra } => {
                let list = |word: &str, streams: &[Arc<str>]| streams.first().map(|one| format!("{word} {one}"));
                let why = [list("it would miss", &missing), list("it would take in", &extra)];
                let why: Vec<String> = why.into_iter().flatten().collect();
                self.review(ids::WRONG, &why.join(", "), one, context)
            }
        }
    }

    /// Names in a list of alternatives (`kairos|angelia`) that are no job that moves, and branches of a pattern
    /// (`kai.*|ange.*`) that no such job fits. Such a job may have moved before, be written in another repository or come one
    /// day: the streams known here do not speak for it.
    pub(super) fn more_names<'a>(&self, one: &'a Matcher) -> Vec<Cow<'a, str>> {
        let Some(value) = one.value.known().filter(|_| one.op == Op::Match) else { return Vec::new() };
        let names = one.names().map(|names| names.into_iter().map(Cow::Borrowed).collect());
        let branches = || patterns::branches(value).map(|list| list.into_iter().map(Cow::Owned).collect());
        // What cannot be taken apart may name anything.
        let Some(mut all): Option<Vec<Cow<'_, str>>> = names.or_else(branches) else { return vec![value.into()] };
        all.retain(|branch| {
            let branch = Matcher::new("job", Op::Match, branch);
            !self.moved.jobs.iter().any(|job| branch.accepts(job) == Some(true))
        });
        all
    }

    /// A value that Grafana fills in: right when asking `service_name` is right for every job there is.
    fn variable<N>(&self, one: &Matcher, text: &str, context: &Condition, asked: Asked<'_>, new: N) -> Fate<N> {
        if self.flow(context) == Flow::Still {
            return Fate::Stays;
        }
        if asked.follows && self.name_is_job(one.op, context, asked.values) {
            return Fate::Becomes(new);
        }
        let by_name = || format!("{NAME}{}{}", one.op.sign(), proof::quoted(text));
        let named = || self.same_name() && self.name_is_job(one.op, context, asked.values);
        let values: Vec<&str> = asked.values.unwrap_or_default().iter().map(String::as_str).collect();
        let guarded = || self.guarded_variable(one, text, &self.former_projects(&values));
        let proposed = if named() { Some(by_name()) } else { guarded() };
        Fate::Review { id: ids::VARIABLE, why: String::new(), proposed }
    }

    /// The same of a variable whose values are names of services, with what keeps other streams of those names out.
    fn guarded_variable(&self, one: &Matcher, text: &str, before: &BTreeSet<&str>) -> Option<String> {
        let asks = !one.is_negative() && self.same_name() && self.has_names();
        asks.then(|| spelled_out(&self.guarded(text, one.op, before)))
    }

    /// What is called so: by its job, or, where it is the moved service, by its name.
    fn guarded(&self, name: &str, op: Op, before: &BTreeSet<&str>) -> Vec<Matcher> {
        let mut projects = before.clone();
        projects.insert(&self.moved.project);
        let service = service_or_none(projects);
        vec![Matcher::new("job", Op::Match, &format!("{name}|")), service, Matcher::new(NAME, op, name)]
    }

    /// The jobs that are asked for: `these`, or all of the streams of today that satisfy `context`; `None` when one is not
    /// known.
    fn jobs_of<'a>(&'a self, context: &Condition, these: Option<&'a [String]>) -> Option<Vec<&'a str>> {
        let today = || self.today(context).into_iter().map(|index| self.proof.value_today(index, "job"));
        let jobs: Option<Vec<&str>> =
            these.map_or_else(|| today().collect(), |all| Some(all.iter().map(String::as_str).collect()));
        let mut jobs = jobs?;
        jobs.sort_unstable();
        jobs.dedup();
        jobs.retain(|job| !job.is_empty());
        Some(jobs)
    }

    /// Whether `service_name` is as good as `job` for every single job of the streams of `context`, the moved one under its
    /// new name. Where only `these` are asked for, for each of them and for all at once.
    pub(super) fn name_is_job(&self, op: Op, context: &Condition, these: Option<&[String]>) -> bool {
        let bridged = self.may_bridge();
        if !bridged || !self.has_names() {
            return false;
        }
        let these = these.filter(|all| patterns::alternatives(&all.join("|")).is_some());
        let Some(jobs) = self.jobs_of(context, these) else { return false };
        let moves = |job: &str| self.moved.jobs.iter().any(|one| one == job);
        let named: Vec<&str> = jobs.iter().map(|job| if moves(job) { &self.moved.project } else { *job }).collect();
        let asks = |label: &str, value: &str| context.and(Condition::Is(Matcher::new(label, op, value)));
        let is_right = |job: &str, name: &str| {
            self.proof.check(&asks("job", job), &asks("service_name", name), Copies::Ignored).is_right()
        };
        let at_once = these.is_some() && matches!(op, Op::Match | Op::NotMatch);
        jobs.iter().zip(&named).all(|(job, name)| is_right(job, name))
            && (!at_once || is_right(&jobs.join("|"), &named.join("|")))
    }

    /// Left for a person, with a text that is right on the streams, where there is one; where they do not tell, with the
    /// plain one.
    fn review<N>(&self, id: Id, why: &str, one: &Matcher, context: &Condition) -> Fate<N> {
        let service = Matcher::new("service", Op::Equal, &self.moved.project);
        if matches!(id, ids::NOTHING | ids::UNCHECKED) && one.op == Op::Equal && self.moved.siblings.is_empty() {
            let proposed = Some(spelled_out(&[service]));
            return Fate::Review { id, why: why.to_owned(), proposed };
        }
        let value = one.value.text();
        let named = |value: &str| vec![Matcher::new(NAME, one.op, value)];
        let both = format!("{value}|{}", self.moved.project);
        let texts = match id {
            ids::NAME_MOVES => vec![named(&self.moved.project)],
            ids::NO_JOB => vec![vec![one.clone(), service.flipped()]],
            _ if one.is_negative() && id != ids::ANY_JOB => vec![vec![one.clone(), service.flipped()]],
            // Loki refuses a selector all of whose matchers take the empty value.
            ids::ANY_JOB if *context == Condition::all(&[]) => Vec::new(),
            ids::ANY_JOB => vec![vec![service_or_none([&*self.moved.project])]],
            _ if !self.has_names() => Vec::new(),
            _ if self.same_name() => vec![named(value), self.guarded(value, one.op, &BTreeSet::new())],
            _ => vec![vec![Matcher::new(NAME, Op::Match, &both)]],
        };
        let old = context.and(Condition::Is(one.clone()));
        let is_right = |text: &&Vec<Matcher>| {
            let new = context.and(Condition::all(text));
            self.proof.check(&old, &new, Copies::Ignored).is_right() && self.forgets(one, context, &new).is_none()
        };
        let found = texts.iter().find(is_right).map(|text| spelled_out(text));
        let proposed = self.with_formers(one).map(|text| spelled_out(&text)).or(found);
        Fate::Review { id, why: why.to_owned(), proposed }
    }

    /// What asks for the services that some of its jobs became before, with what moves now.
    fn with_formers(&self, one: &Matcher) -> Option<Vec<Matcher>> {
        let names = one.names().filter(|_| !one.is_negative() && !self.moved.keep_history)?;
        let mut projects = self.former_projects(&names);
        let formers = self.former_jobs();
        let has_moved = |name: &&str| formers.contains_key(*name) || self.moved.jobs.iter().any(|job| job == name);
        if projects.is_empty() || !self.moved.siblings.is_empty() {
            return None;
        }
        if names.iter().all(has_moved) {
            projects.insert(&self.moved.project);
            return Some(vec![Matcher::one_of("service", &Vec::from_iter(projects))]);
        }
        let serves = self.same_name() && self.has_names();
        serves.then(|| self.guarded(&names.join("|"), Op::Match, &projects))
    }

    /// What a comparison in a label filter may become, in order.
    fn leaves(&self, one: &Matcher, context: &Condition) -> Vec<Leaf> {
        let is = Condition::Is(one.clone());
        if one.is_negative() {
            let services = self.services(&context.and(Condition::Is(one.flipped())));
            let spelled = |service: &Vec<Matcher>| Some((How::Append, both_spelled(&is, service)?));
            return services.iter().filter_map(spelled).collect();
        }
        let old = context.and(is.clone());
        let services = self.services(&old);
        let plain = self.flow(&old) == Flow::Moved && self.more_names(one).is_empty() && !self.moved.keep_history;
        let mut list: Vec<Leaf> = Vec::new();
        if plain {
            let swap = |service: &Vec<Matcher>| Some((How::Swap, spelled(&Condition::all(service))?));
            list.extend(services.iter().filter_map(swap));
        }
        for rest in self.rests(one) {
            let union = |service: &Vec<Matcher>| {
                let union = Condition::Any(vec![Condition::Is(rest.clone()), Condition::all(service)]);
                Some((How::Filter, spelled(&union)?))
            };
            list.extend(services.iter().filter_map(union));
        }
        list
    }
}

/// Matchers as they are written in a selector or a label filter.
fn spelled_out(list: &[Matcher]) -> String {
    let text = |one: &Matcher| format!("{}{}{}", one.label, one.op.sign(), proof::quoted(one.value.text()));
    list.iter().map(text).collect::<Vec<_>>().join(", ")
}

/// The comparison as it stands, and what leaves the service out beside it.
fn both_spelled(is: &Condition, service: &[Matcher]) -> Option<Condition> {
    Some(Condition::All(vec![is.clone(), spelled(&negated(service))?]))
}

pub(super) fn with(these: &[Matcher], more: &[Matcher]) -> Vec<Matcher> {
    [these, more].concat()
}
