//! Grafana variables of one dashboard whose values may be jobs (label-surface 2.4).
//!
//! Knows: which variables keep naming the same services when their uses read `service_name` in the place of `job`.
//! Must not know: streams, or how a query is rewritten.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::proof::{self, Condition, Copies};
use crate::prove::{Values, Verdict};
use crate::syntax::logql;
use crate::text::Span;
use crate::topology::sites::language::Language;
use crate::topology::sites::{FileSites, Site, SiteKind, Uses, Variable, VariableKind};

use super::file;
use super::query::Around;
use super::streams::{Before, Flow};
use super::written::matcher_of;

/// How often variables are looked at that no longer follow because one beside them does not. Those of people need two
/// rounds; where there is no end in sight, none follows.
const MOST_ROUNDS: usize = 16;

/// Most variables of one file that are filled from `job`: more were written by no person, and each asks for worlds of its
/// own.
const MOST: usize = 32;

/// All values of some variables, by name.
pub(super) type Lists = BTreeMap<String, Vec<String>>;

/// Variables of one file.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables {
    follow: Arc<BTreeSet<String>>,
    /// Queries of those that are filled from `job` and list the same names by `service_name`, each with the selector that
    /// does, or nothing where all streams do.
    switched: BTreeMap<usize, String>,
    lists: Arc<Lists>,
    offered: Arc<BTreeMap<String, Offered>>,
    is_crowded: bool,
}

/// What people can choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offered {
    pub(super) values: Values,
    /// Whether it is filled with the values of `job`.
    pub(super) from_job: bool,
}

/// What the variables of a file offer.
fn offered(file: &FileSites) -> BTreeMap<String, Offered> {
    let of = |one: &Variable| Offered {
        values: Values {
            list: one.listed(),
            all: one.all_value.as_ref().map(|view| view.text().to_owned()),
            is_free: matches!(one.kind, VariableKind::Typed | VariableKind::Other),
        },
        from_job: one.kind == VariableKind::Query
            && one.site.and_then(|site| file.sites.get(site)).is_none_or(reads_job),
    };
    // Another dashboard of the file may have one of that name.
    only(file).map(|one| (one.name.clone(), of(one))).collect()
}

impl Variables {
    /// Which variables of `file` may follow. Each is taken as following first; where a use of it ends in a doubt all the
    /// same, it and all its uses stay as they are.
    pub(super) fn of(file: &FileSites, languages: &[Language], before: &Before<'_>) -> Self {
        let mut found = Self {
            lists: Arc::new(lists(file, languages, before)),
            offered: Arc::new(offered(file)),
            ..Self::default()
        };
        found.is_crowded = found.offered.values().filter(|one| one.from_job).count() > MOST;
        if file.variables.is_empty() || !before.has_names() {
            return found;
        }
        found.list_the_same(file, languages, before);
        let listed = Arc::clone(&found.follow);
        for variable in candidates(file, languages, before.same_name()) {
            Arc::make_mut(&mut found.follow).insert(variable.name.clone());
        }
        for _ in 0..MOST_ROUNDS {
            let doubtful = found.doubtful(file, languages, before);
            if doubtful.is_empty() {
                return found;
            }
            for one in doubtful {
                Arc::make_mut(&mut found.follow).remove(&one.name);
            }
        }
        Self { follow: listed, ..found }
    }

    /// Takes as following whatever is filled from `job` and can list the same names from `service_name`, whoever uses them
    /// for what.
    fn list_the_same(&mut self, file: &FileSites, languages: &[Language], before: &Before<'_>) {
        let looked_at = only(file).filter(|one| one.kind == VariableKind::Query && !self.is_crowded);
        for variable in looked_at.collect::<Vec<_>>() {
            let Some(index) = variable.site else { continue };
            let (Some(site), Some(Language::Loki(fact))) = (file.sites.get(index), languages.get(index)) else {
                continue;
            };
            if site.kind != SiteKind::Variable || !reads_job(site) {
                continue;
            }
            let around = Around { variables: self, records: false, values_of: Some("job") };
            let Some(text) = before.listed_by_name(site.query.of(site.view.text()), &around) else { continue };
            if file::switched(site, fact, &text).is_some() {
                Arc::make_mut(&mut self.follow).insert(variable.name.clone());
                self.switched.insert(index, text);
            }
        }
    }

    /// Whether a matcher on `job` with this variable as its value may become one on `service_name`, as far as the
    /// dashboard is concerned: every value stays the name of the same service, and no use of it asks for a job.
    pub(super) fn follows(&self, name: &str) -> bool {
        self.follow.contains(name)
    }

    /// All values of those where they are known.
    pub(super) fn lists(&self) -> &Arc<Lists> {
        &self.lists
    }

    /// What each offers.
    pub(super) fn offered(&self) -> &Arc<BTreeMap<String, Offered>> {
        &self.offered
    }

    /// Whether there are more of them than a person writes.
    pub(super) fn is_crowded(&self) -> bool {
        self.is_crowded
    }

    /// The names of those that follow.
    pub(super) fn names(&self) -> &Arc<BTreeSet<String>> {
        &self.follow
    }

    /// The selector of the streams by whose `service_name` the variable with this query is filled from now on, nothing for all.
    pub(super) fn switched(&self, site: usize) -> Option<&str> {
        self.switched.get(&site).map(String::as_str)
    }

    /// Variables that follow and have a use that does not, or none that needs it.
    fn doubtful<'f>(&self, file: &'f FileSites, languages: &[Language], before: &Before<'_>) -> Vec<&'f Variable> {
        let is_listed = |one: &&Variable| one.site.is_some_and(|site| self.switched.contains_key(&site));
        let followed = file.variables.iter().filter(|one| self.follows(&one.name) && !is_listed(one));
        let doubtful = followed.filter(|one| {
            let mut needed = false;
            for index in file.uses_of(&one.name).sites.iter().map(|used| used.site).chain(one.site) {
                let (Some(site), Some(language)) = (file.sites.get(index), languages.get(index)) else { continue };
                match self.outcome(site, language, before) {
                    None => return true,
                    Some(changed) => needed |= changed && one.site != Some(index),
                }
            }
            !needed
        });
        doubtful.collect()
    }

    /// Whether a query is rewritten with these variables; `None` when it is left for a person.
    fn outcome(&self, site: &Site, language: &Language, before: &Before<'_>) -> Option<bool> {
        let text = site.query.of(site.view.text());
        if matches!(language, Language::NotLoki) || text.trim().is_empty() {
            return Some(false);
        }
        let around = Around { variables: self, records: false, values_of: values_of(site) };
        let analysis = before.analysis(site, &around).ok()?;
        if !analysis.concerned() {
            return Some(false);
        }
        let Language::Loki(fact) = language else { return None };
        let sure = analysis.left.is_empty() && file::edits(site, &analysis, fact).is_ok();
        sure.then_some(true)
    }
}

#[cfg(test)]
pub(super) fn may_follow<'f>(file: &'f FileSites, languages: &[Language]) -> Vec<&'f str> {
    candidates(file, languages, false).into_iter().map(|variable| variable.name.as_str()).collect()
}

/// Whether a comparison of `job` with `value` may ask `service_name` in whatever query it is put into: the name is the same,
/// and it is the name of nothing else. `$job`: with whatever value.
pub(super) fn name_serves(before: &Before<'_>, value: &str) -> bool {
    let around = Around { variables: &Variables::default(), records: false, values_of: None };
    let asks = |label: &str| format!("{{{label}={}}}", proof::quoted(value));
    before.may_bridge()
        && before.names_serve()
        && matches!(before.verdict(&asks("job"), &asks("service_name"), &around), Verdict::Holds { .. })
}

/// Variables of a file whose every use can follow, going by where it stands. `same` says whether every name stays.
fn candidates<'f>(file: &'f FileSites, languages: &[Language], same: bool) -> Vec<&'f Variable> {
    only(file).filter(|one| can_follow(file, (one, file.uses_of(&one.name)), languages, same)).collect()
}

/// The variables of a file that no other one shares the name of.
fn only(file: &FileSites) -> impl Iterator<Item = &Variable> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for one in &file.variables {
        *counts.entry(&one.name).or_default() += 1;
    }
    file.variables.iter().filter(move |one| counts.get(one.name.as_str()) == Some(&1))
}

/// All values of the variables of a file: those that are written in it, and the jobs of streams that do not move.
fn lists(file: &FileSites, languages: &[Language], before: &Before<'_>) -> Lists {
    let jobs = |variable: &Variable| {
        let index = variable.site.filter(|_| variable.all_value.is_none() && !variable.picks)?;
        let (site, language) = (file.sites.get(index)?, languages.get(index)?);
        let asked = matches!(language, Language::Loki(_)) && reads_job(site);
        let streams = selects(site).filter(|streams| asked && before.flow(streams) == Flow::Still)?;
        let today = before.proof.today(&streams, Copies::Count).ok()?;
        let jobs = today.into_iter().map(|index| before.proof.value_today(index, "job").map(str::to_owned));
        let jobs: BTreeSet<String> = jobs.collect::<Option<_>>()?;
        Some(jobs.into_iter().filter(|job| !job.is_empty()).collect())
    };
    let listed = only(file).filter_map(|one| {
        let list: Vec<String> = if one.kind == VariableKind::Query { jobs(one) } else { one.listed() }?;
        (!list.is_empty()).then(|| (one.name.clone(), list))
    });
    listed.collect()
}

/// The streams whose values a variable has.
pub(super) fn selects(site: &Site) -> Option<Condition> {
    let text = site.query.of(site.view.text());
    if text.trim().is_empty() {
        return Some(Condition::all(&[]));
    }
    let query = logql::read(text).ok()?;
    let (_, selector) = query.selectors().next().filter(|(_, selector)| !selector.placeholder)?;
    Some(Condition::all(&query.matchers(selector).iter().map(matcher_of).collect::<Vec<_>>()))
}

/// Whether its values, or those it has afterwards, serve each use of a variable.
fn can_follow(file: &FileSites, (variable, uses): (&Variable, &Uses), languages: &[Language], same: bool) -> bool {
    if variable.all_value.is_some() || !uses.sites.iter().any(|used| used.as_job) {
        return false;
    }
    // Whether every use is the whole value of a comparison with `job` in a query that Loki is proven to read.
    let only_as_job = || {
        let is_loki = |site: usize| matches!(languages.get(site), Some(Language::Loki(_)));
        !file.repeats.contains(&variable.name)
            && uses.sites.iter().all(|used| used.only_as_job && is_loki(used.site))
            && !uses.elsewhere
    };
    match variable.kind {
        // The variable stays as it is, so only its uses as `job` matter, and those are looked at one by one.
        VariableKind::Written | VariableKind::Typed if same => true,
        // Values that stand in the dashboard change with the name.
        VariableKind::Written => only_as_job(),
        VariableKind::Typed | VariableKind::Other | VariableKind::Query => false,
    }
}

/// Whether the values of this variable are those of `job`.
pub(super) fn reads_job(site: &Site) -> bool {
    filled_from(site) == "job"
}

/// The label whose values a site asks for, where it is the query of a variable.
pub(super) fn values_of(site: &Site) -> Option<&str> {
    (site.kind == SiteKind::Variable).then(|| filled_from(site))
}

/// The label whose values this variable has.
pub(super) fn filled_from(site: &Site) -> &str {
    match site.keys.first() {
        Some(label) => label.text(),
        None => result_label(site.view.text()).of(site.view.text()),
    }
}

/// Where the list of a custom variable holds one of `names`, and what stands there when it is called `new`: what is
/// shown for a value stays.
pub(super) fn in_list(text: &str, names: &[String], new: &str) -> Vec<(Span, String)> {
    let mut found = Vec::new();
    let mut start = 0;
    for part in text.split(',') {
        let value = part.rfind(" : ").map_or(0, |at| at + 3);
        let inner = &part[value..];
        let at = start + value + (inner.len() - inner.trim_start().len());
        let name = inner.trim();
        if names.iter().any(|one| one == name) {
            let new = if value > 0 { new.to_owned() } else { format!("{name} : {new}") };
            found.push((Span::new(at, at + name.len()), new));
        }
        start += part.len() + 1;
    }
    found
}

/// All that stands in the parentheses of `label_values(…)`, up to the end of the label.
pub(super) fn arguments(text: &str) -> Option<Span> {
    let open = text.find("label_values(")? + "label_values(".len();
    Some(Span::new(open, result_label(text).end().max(open)))
}

/// The label in `label_values(label)` and `label_values({…}, label)`.
pub(super) fn result_label(text: &str) -> Span {
    let none = Span::at(0);
    let Some(open) = text.find("label_values(") else { return none };
    let start = open + "label_values(".len();
    let Some(end) = text.rfind(')').filter(|end| *end >= start) else { return none };
    let from = text[start..end].rfind(',').map_or(start, |comma| start + comma + 1);
    let inner = &text[from..end];
    let lead = inner.len() - inner.trim_start().len();
    Span::new(from + lead, from + lead + inner.trim().len())
}

mod listed;
#[cfg(test)]
mod tests;
