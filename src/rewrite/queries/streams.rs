//! What a selector selects, and which replacement of its `job` matcher passes the proof.
//!
//! Knows: streams before and after, the order in which candidates are tried (DESIGN 4.3). Must not know: how a query
//! is written; matchers come in as values and replacements go out as values.

use std::collections::BTreeSet;

use crate::proof::{self, Matcher, Op, Value, Verdict};
use crate::topology::Move;
use crate::topology::{Label, Stream};

use super::ids::{self, Id};

/// Which streams reach a point of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// None that moves.
    Still,
    /// Only streams that move.
    Moved,
    /// Both.
    Mixed,
    /// It cannot be told.
    Unknown,
}

impl Flow {
    pub(super) fn join(self, other: Self) -> Self {
        if self == other {
            self
        } else if self == Self::Unknown || other == Self::Unknown {
            Self::Unknown
        } else {
            Self::Mixed
        }
    }
}

/// What becomes of one matcher on `job`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays: it selects the same lines afterwards.
    Stays,
    /// These take its place, and that is proven.
    Becomes(Vec<Matcher>),
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

/// The index of streams one move is checked against.
pub(super) struct Before<'m> {
    pub(super) moved: &'m Move,
    /// For each stream before: whether its labels change.
    changes: Vec<bool>,
}

impl<'m> Before<'m> {
    pub(super) fn new(moved: &'m Move) -> Self {
        let streams = &moved.streams;
        let changes = streams
            .before
            .iter()
            .enumerate()
            .map(|(index, stream)| {
                let mut image = streams.image.get(index).into_iter().flatten().filter_map(|&to| streams.after.get(to));
                image.any(|after| after.labels != stream.labels)
            })
            .collect();
        Self { moved, changes }
    }

    /// Which streams these matchers let through.
    pub(super) fn flow(&self, matchers: &[Matcher]) -> Flow {
        let possible = proof::possible(&self.moved.streams.before, matchers);
        let moves = |index: usize| self.changes.get(index).copied().unwrap_or(false);
        let mut moving = possible.iter().filter(|(index, _)| moves(*index)).peekable();
        if moving.peek().is_none() {
            return Flow::Still;
        }
        if possible.iter().any(|(_, sure)| !sure) {
            return Flow::Unknown;
        }
        if moving.count() == possible.len() { Flow::Moved } else { Flow::Mixed }
    }

    /// Whether the matcher names a moved job: it tells that value from a value nobody has.
    pub(super) fn names(&self, matcher: &Matcher) -> bool {
        self.moved.jobs.iter().any(|job| matcher.accepts(job) != matcher.accepts("\u{1}"))
    }

    /// What becomes of `matcher` (on `job`), which stands beside `others`. `new_others` is what those become.
    pub(super) fn fate(&self, matcher: &Matcher, others: &[Matcher], new_others: &[Matcher]) -> Fate {
        if let Value::Variable(text) = &matcher.value {
            return self.variable(matcher, text, others);
        }
        let old = with(others, std::slice::from_ref(matcher));
        let still = with(new_others, std::slice::from_ref(matcher));
        let stays = proof::check(&self.moved.streams, &old, &still);
        match &stays {
            Verdict::Right { .. } if negative(matcher) && self.names(matcher) && self.returns(&still) => {
                return self.review(ids::NEGATION, "", matcher);
            }
            Verdict::Right { before, .. } if !before.is_empty() || !self.names(matcher) || negative(matcher) => {
                return Fate::Stays;
            }
            Verdict::Right { .. } => return self.review(ids::NOTHING, "", matcher),
            _ => {}
        }
        let mut failed = stays;
        for candidate in self.candidates(&old) {
            let verdict = proof::check(&self.moved.streams, &old, &with(new_others, &candidate));
            if verdict.is_right() {
                let more = self.more_names(matcher);
                let lossless = more.is_empty();
                return if lossless { Fate::Becomes(candidate) } else { self.review(ids::MORE_NAMES, &more, matcher) };
            }
            failed = verdict;
        }
        match failed {
            Verdict::Unknown { why } if self.names(matcher) => self.review(ids::UNCHECKED, &why, matcher),
            Verdict::Wrong { missing, extra } => self.wrong(matcher, &old, &missing, &extra),
            // What cannot be told and does not name the job is no business of this move.
            Verdict::Unknown { .. } | Verdict::Right { .. } => Fate::Stays,
        }
    }

    /// Names in a list of alternatives (`kairos|angelia`) that are no job that moves. Such a job may have moved before,
    /// be written in another repository or come one day: the streams known here do not speak for it.
    fn more_names(&self, matcher: &Matcher) -> String {
        if matcher.op != Op::Match {
            return String::new();
        }
        let value = matcher.value.known().unwrap_or_default();
        let value = value.strip_prefix('(').and_then(|value| value.strip_suffix(')')).unwrap_or(value);
        let is_name = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || "_-".contains(c));
        let names = value.split('|').filter(|part| is_name(part) && !self.moved.jobs.iter().any(|job| job == part));
        names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ")
    }

    /// Whether a selector that is meant to leave the moved job out takes its lines in afterwards. Where containers are
    /// read from the socket already, it does so today, so that the streams alone see no difference.
    fn returns(&self, still: &[Matcher]) -> bool {
        let streams = &self.moved.streams;
        let moved: BTreeSet<usize> = streams
            .image
            .iter()
            .zip(&self.changes)
            .filter(|(_, changes)| **changes)
            .flat_map(|(image, _)| image.iter().copied())
            .collect();
        proof::possible(&streams.after, still).iter().any(|(index, _)| moved.contains(index))
    }

    /// `service="P"`, then with the components, as the streams themselves say.
    fn candidates(&self, old: &[Matcher]) -> Vec<Vec<Matcher>> {
        let streams = &self.moved.streams;
        let Ok(selected) = proof::selected(&streams.before, old) else { return Vec::new() };
        let image: Vec<&Stream> = selected
            .into_iter()
            .flat_map(|index| streams.image.get(index).into_iter().flatten())
            .filter_map(|&to| streams.after.get(to))
            .collect();
        let values = |label: &str| -> Option<BTreeSet<&str>> {
            image
                .iter()
                .map(|stream| match stream.labels.get(label) {
                    Some(Label::Known(value)) => Some(value.as_str()),
                    _ => None,
                })
                .collect()
        };
        let Some(services) = values("service").filter(|services| services.len() == 1) else { return Vec::new() };
        let service: Vec<Matcher> =
            services.iter().map(|service| Matcher::new("service", Op::Equal, service)).collect();
        let mut list = Vec::new();
        if self.moved.siblings.is_empty() {
            list.push(service.clone());
        }
        if let Some(components) = values("component") {
            let component = match components.iter().copied().collect::<Vec<_>>()[..] {
                [] => return list,
                [one] => Matcher::new("component", Op::Equal, one),
                ref many => {
                    let escaped: Vec<String> = many.iter().map(|one| regex::escape(one).replace("\\-", "-")).collect();
                    Matcher::new("component", Op::Match, &escaped.join("|"))
                }
            };
            list.push(with(&service, &[component]));
        }
        list
    }

    fn wrong(&self, matcher: &Matcher, old: &[Matcher], missing: &[String], extra: &[String]) -> Fate {
        let any = matcher.accepts("\u{1}") == Some(true) && matcher.accepts("") == Some(false);
        match (self.flow(old), matcher.accepts("")) {
            _ if any => self.review(ids::ANY_JOB, "", matcher),
            (_, Some(true)) if negative(matcher) => self.review(ids::NEGATION, "", matcher),
            (_, Some(true)) => self.review(ids::NO_JOB, "", matcher),
            (Flow::Mixed, _) => self.review(ids::MIXED, "", matcher),
            _ => {
                let list = |word: &str, streams: &[String]| {
                    streams.first().map(|one| format!("{word} {one}")).unwrap_or_default()
                };
                let why = [list("it would miss", missing), list("it would take in", extra)];
                let why: Vec<&str> = why.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
                self.review(ids::WRONG, &why.join(", "), matcher)
            }
        }
    }

    fn variable(&self, matcher: &Matcher, text: &str, others: &[Matcher]) -> Fate {
        if self.flow(others) == Flow::Still {
            return Fate::Stays;
        }
        let proposed = self.same_name().then(|| format!("service_name{}{}", matcher.op.sign(), proof::quoted(text)));
        Fate::Review { id: ids::VARIABLE, why: String::new(), proposed }
    }

    /// Whether `service_name`, which Loki derives from `service` and then from `job`, is the same before and after.
    pub(super) fn same_name(&self) -> bool {
        self.moved.jobs.iter().all(|job| *job == self.moved.project)
    }

    fn review(&self, id: Id, why: &str, matcher: &Matcher) -> Fate {
        let value = matcher.value.known().unwrap_or_default();
        let project = proof::quoted(&self.moved.project);
        let written = |label: &str| format!("{label}{}{}", matcher.op.sign(), proof::quoted(value));
        let kept = || format!("{}, service!={project}", written("job"));
        let proposed = match id {
            ids::ANY_JOB => Some(written("service_name")),
            ids::NO_JOB => Some(kept()),
            _ if negative(matcher) => Some(kept()),
            ids::NOTHING | ids::UNCHECKED if matcher.op == Op::Equal => Some(format!("service={project}")),
            _ if self.same_name() => Some(written("service_name")),
            _ => Some(format!("service_name=~{}", proof::quoted(&format!("{value}|{}", self.moved.project)))),
        };
        Fate::Review { id, why: why.to_owned(), proposed }
    }
}

pub(super) fn negative(matcher: &Matcher) -> bool {
    matches!(matcher.op, Op::NotEqual | Op::NotMatch)
}

pub(super) fn with(these: &[Matcher], more: &[Matcher]) -> Vec<Matcher> {
    [these, more].concat()
}
