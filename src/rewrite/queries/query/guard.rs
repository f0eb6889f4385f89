//! Guards that an earlier move wrote into a selector, `{job=~"a|b|", service=~"|a", service_name=~"a|b"}`: they let one
//! service more in, or make place for the plain text once all of them have moved.
//!
//! Knows: how guards look. Must not know: which text is right.

use std::collections::BTreeSet;

use super::selector::{alone, write};
use super::{Log, Work, ids, matcher_of, reference};
use crate::patterns;
use crate::proof::{Condition, Matcher};
use crate::rewrite::How;
use crate::rewrite::queries::candidates::service_or_none;
use crate::syntax::logql::{self, MatchOp, Selector};
use crate::text::Span;

/// The three matchers, by their places in the selector.
struct Guard<'q> {
    job: usize,
    service: usize,
    name: usize,
    /// Jobs that are asked for; `None`: a variable or a pattern says it.
    names: Option<Vec<&'q str>>,
    /// Services that have moved.
    services: BTreeSet<&'q str>,
}

impl Work<'_, '_, '_> {
    /// Takes what moves into the guards of a selector. False where it has none, or they do not ask for it.
    pub(super) fn guarded(&mut self, selector: &Selector, log: &mut Log) -> bool {
        let query = self.query;
        let written = query.matchers(selector);
        let Some(guard) = guard(written) else { return false };
        let moved = self.before.moved;
        let names = |name: &&str| moved.jobs.iter().any(|job| job == name);
        let offered = || {
            let name = reference(written[guard.name].value.value.as_ref())?;
            Some(self.around.variables.lists().get(name)?.iter().map(String::as_str).collect::<Vec<_>>())
        };
        let asked = guard.names.clone().or_else(offered);
        let fits = |job: &String| matcher_of(&written[guard.job]).accepts(job) != Some(false);
        if asked.map_or_else(|| !moved.jobs.iter().any(fits), |all| !all.iter().any(names)) {
            return false;
        }
        let mut services = guard.services.clone();
        services.insert(&moved.project);
        let all =
            guard.names.as_ref().is_some_and(|all| all.iter().all(|name| names(name) || guard.services.contains(name)));
        let quote = written[guard.service].value.quote;
        let service =
            if all { Matcher::one_of("service", &Vec::from_iter(services)) } else { service_or_none(services) };
        let has_component = written.iter().any(|one| one.name.text == "component");
        let others = self.before.siblings_out().filter(|_| !has_component);
        let more = others.as_ref().map(|one| format!(", {}", write(one, quote))).unwrap_or_default();
        let text = write(&service, quote);
        let labels = format!("{text}{more}");
        self.change_of(written[guard.service].span, text, ids::SELECTOR, &labels);
        if !more.is_empty() {
            let behind = if all { guard.service } else { guard.name };
            self.change_of(Span::at(written[behind].span.end()), more, ids::SELECTOR, &labels);
        }
        let gone = if all { vec![guard.job, guard.name] } else { Vec::new() };
        for index in &gone {
            self.change(alone(written, *index, &gone), "", ids::BRIDGE_GONE);
        }
        let new = written
            .iter()
            .enumerate()
            .filter(|(index, _)| !gone.contains(index))
            .map(|(index, one)| if index == guard.service { service.clone() } else { matcher_of(one) });
        log.new = Condition::all(&new.chain(others.clone()).collect::<Vec<_>>());
        let how = if all { How::Swap } else { How::Name };
        self.took(how, "job");
        log.how = Some(how);
        true
    }
}

/// The matchers of guards.
fn guard<'q>(written: &'q [logql::Matcher<'_>]) -> Option<Guard<'q>> {
    let find = |label: &str| written.iter().position(|one| one.name.text == label);
    let (job, service, name) = (find("job")?, find("service")?, find("service_name")?);
    let is_pattern = |index: usize| written[index].op == MatchOp::Regex;
    let jobs = written[job].value.value.strip_suffix('|').filter(|_| is_pattern(job))?;
    let services = written[service].value.value.strip_prefix('|').filter(|_| is_pattern(service))?;
    let same = matches!(written[name].op, MatchOp::Regex | MatchOp::Equal) && written[name].value.value == jobs;
    let names = patterns::alternatives(jobs).filter(|_| !written[job].value.placeholder);
    let services = patterns::alternatives(services)?.into_iter().collect();
    same.then_some(Guard { job, service, name, names, services })
}
