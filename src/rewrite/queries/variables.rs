//! Grafana variables of one dashboard whose values may be jobs (label-surface 2.4).
//!
//! Knows: which variables keep naming the same services when their uses read `service_name` in the place of `job`.
//! Must not know: streams, or how a query is rewritten.

use std::collections::{BTreeMap, BTreeSet};

use memchr::memmem;

use crate::proof::{Condition, Copies, Matcher, Op};
use crate::syntax::logql::{self, FilterKind, FilterValue, StageKind};
use crate::text::Span;
use crate::topology::Bridge;
use crate::topology::sites::language::Language;
use crate::topology::sites::{FileSites, Site, SiteKind, Variable, VariableKind, variable};

use super::file;
use super::query::{self, Around};
use super::streams::Before;

/// Variables of one file.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables {
    follow: BTreeSet<String>,
    /// Queries of those that are filled from `job` and follow.
    switched: BTreeSet<usize>,
}

impl Variables {
    /// Which variables of `file` may follow. Each is taken as following first; where a use of it ends in a doubt all the
    /// same, it and all its uses stay as they are.
    pub(super) fn of(file: &FileSites, languages: &[Language], before: &Before<'_>) -> Self {
        let mut found = Self::default();
        if file.variables.is_empty() || !before.has_names() {
            return found;
        }
        let uses = Uses::of(file);
        for variable in uses.candidates(languages, before.same_name()) {
            found.follow.insert(variable.name.clone());
            found.switched.extend(variable.site.filter(|_| variable.kind == VariableKind::Query));
        }
        while let Some(doubtful) = found.doubtful(&uses, languages, before) {
            found.follow.remove(&doubtful.name);
            found.switched.retain(|index| doubtful.site != Some(*index));
        }
        found
    }

    /// Whether a matcher on `job` with this variable as its value may become one on `service_name`, as far as the
    /// dashboard is concerned: every value stays the name of the same service, and no use of it asks for a job.
    pub(super) fn follows(&self, name: &str) -> bool {
        self.follow.contains(name)
    }

    /// Whether the variable with this query has the values of `service_name` from now on.
    pub(super) fn switches(&self, site: usize) -> bool {
        self.switched.contains(&site)
    }

    /// A variable that follows and has a use that does not, or none that needs it.
    fn doubtful<'f>(&self, uses: &Uses<'f>, languages: &[Language], before: &Before<'_>) -> Option<&'f Variable> {
        uses.file.variables.iter().filter(|one| self.follows(&one.name)).find(|one| {
            let mut needed = false;
            let queries = uses.sites(&one.name).into_iter().chain(one.site);
            for index in queries {
                let (Some(site), Some(language)) = (uses.file.sites.get(index), languages.get(index)) else { continue };
                match self.outcome(site, language, before) {
                    None => return true,
                    Some(changed) => needed |= changed && one.site != Some(index),
                }
            }
            !needed
        })
    }

    /// Whether a query is rewritten with these variables; `None` when it is left for a person.
    fn outcome(&self, site: &Site, language: &Language, before: &Before<'_>) -> Option<bool> {
        let text = site.query.of(site.view.text());
        if matches!(language, Language::NotLoki) || text.trim().is_empty() {
            return Some(false);
        }
        let query = logql::read(text).ok()?;
        let analysis = query::analyse(
            &query,
            before,
            &Around { variables: self, records: false, selector_only: site.kind == SiteKind::Variable },
        );
        if !analysis.concerned() {
            return Some(false);
        }
        let Language::Loki(fact) = language else { return None };
        let sure = analysis.doubts.is_empty() && file::edits(site, &analysis, fact).is_ok();
        sure.then_some(true)
    }
}

#[cfg(test)]
pub(super) fn may_follow<'f>(file: &'f FileSites, languages: &[Language]) -> Vec<&'f str> {
    Uses::of(file).candidates(languages, true).into_iter().map(|variable| variable.name.as_str()).collect()
}

/// Whether a comparison of `job` with `value` may ask `service_name` in whatever query it is put into: the name is the
/// same, and it is the name of nothing else.
pub(super) fn name_serves(before: &Before<'_>, value: &str) -> bool {
    let asks = |label: &str| Condition::Is(Matcher::new(label, Op::Equal, value));
    let bridged = matches!(before.moved.bridge, Bridge::Auto | Bridge::ServiceName);
    bridged
        && before.same_name()
        && before.has_names()
        && before.proof.check(&asks("job"), &asks("service_name"), Copies::Ignored).is_right()
}

/// Where the variables of a file are used.
struct Uses<'f> {
    file: &'f FileSites,
    text: &'f str,
    /// The bytes each site has in the file.
    raw: Vec<Span>,
}

impl<'f> Uses<'f> {
    fn of(file: &'f FileSites) -> Self {
        let raw = file.sites.iter().map(|site| site.view.raw(Span::new(0, site.view.text().len()))).collect();
        Self { file, text: file.source.text().unwrap_or(""), raw }
    }

    /// Variables whose every use can follow, going by where it stands. `same` says whether every name stays.
    fn candidates(&self, languages: &[Language], same: bool) -> Vec<&'f Variable> {
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        for variable in &self.file.variables {
            *names.entry(variable.name.as_str()).or_default() += 1;
        }
        let once = self.file.variables.iter().filter(|one| names.get(one.name.as_str()) == Some(&1));
        once.filter(|one| self.may_follow(one, languages, same)).collect()
    }

    /// Whether its values, or those it has afterwards, serve each use of a variable.
    fn may_follow(&self, variable: &Variable, languages: &[Language], same: bool) -> bool {
        let asked = |index: &usize| {
            let text = self.file.sites.get(*index).map_or("", |site| site.query.of(site.view.text()));
            text.contains("job") && as_job(text, &variable.name) > 0
        };
        if variable.all_value.is_some() || !self.sites(&variable.name).iter().any(asked) {
            return false;
        }
        match variable.kind {
            // The variable stays as it is, so only its uses as `job` matter, and those are looked at one by one.
            VariableKind::Written | VariableKind::Typed if same => true,
            // Values that stand in the dashboard change with the name.
            VariableKind::Written => self.only_as_job(variable, languages),
            VariableKind::Typed | VariableKind::Other => false,
            VariableKind::Query if !same => false,
            VariableKind::Query => {
                let filled = variable.site.and_then(|index| Some((self.file.sites.get(index)?, languages.get(index)?)));
                let from_job = filled.is_some_and(|(site, language)| {
                    matches!(language, Language::Loki(_)) && site.kind == SiteKind::Variable && reads_job(site)
                });
                from_job && self.only_as_job(variable, languages)
            }
        }
    }

    /// Whether every use is the whole value of a comparison with `job` in a query that Loki is proven to read.
    fn only_as_job(&self, variable: &Variable, languages: &[Language]) -> bool {
        let name = variable.name.as_str();
        if self.file.repeats.contains(&variable.name) {
            return false;
        }
        let copies = self.file.sites.iter().flat_map(|site| &site.copies);
        let copies: Vec<Span> = copies.map(|copy| copy.raw(Span::new(0, copy.text().len()))).collect();
        let known = |span: Span| self.raw.iter().chain(&copies).any(|raw| raw.contains(span));
        if references(self.text, name).into_iter().any(|span| !known(span)) {
            return false;
        }
        self.sites(name).into_iter().all(|index| {
            let (Some(site), Some(language)) = (self.file.sites.get(index), languages.get(index)) else { return false };
            let text = site.view.text();
            let whole = as_job(site.query.of(text), name);
            matches!(language, Language::Loki(_)) && whole > 0 && references(text, name).len() == whole
        })
    }

    /// The sites that name a variable.
    fn sites(&self, name: &str) -> Vec<usize> {
        let uses = |site: &Site| !references(site.view.text(), name).is_empty();
        self.file.sites.iter().enumerate().filter(|(_, site)| uses(site)).map(|(index, _)| index).collect()
    }
}

/// Whether a query compares `job` with this variable.
pub(super) fn uses_as_job(text: &str, name: &str) -> bool {
    !references(text, name).is_empty() && as_job(text, name) > 0
}

/// How often the variable is the whole value of a comparison with `job`.
fn as_job(text: &str, name: &str) -> usize {
    let Ok(query) = logql::read(text) else { return 0 };
    let is = |value: &logql::Text<'_>| value.placeholder && variable(&value.value) == Some(name);
    let matchers = query.selectors().flat_map(|(_, selector)| query.matchers(selector));
    let selected = matchers.filter(|one| one.name.text == "job" && is(&one.value)).count();
    let stages = query.logs().flat_map(|(_, log)| query.stages(log));
    let mut open: Vec<_> = stages
        .filter_map(|stage| match &stage.kind {
            StageKind::LabelFilter(root) => Some(*root),
            _ => None,
        })
        .collect();
    let mut filtered = 0;
    while let Some(id) = open.pop() {
        match &query.filter(id).kind {
            FilterKind::Join { left, right, .. } => open.extend([*left, *right]),
            FilterKind::Compare { name, value: FilterValue::Text(value), .. } => {
                filtered += usize::from(name.text == "job" && is(value));
            }
            _ => {}
        }
    }
    selected + filtered
}

/// Where a text refers to a variable: `$x`, `${x}`, `${x:format}`, `[[x]]`, each also as JSON or a URL writes it.
fn references(text: &str, name: &str) -> Vec<Span> {
    const BEFORE: [&str; 9] = ["$", "${", "[[", "%24", "%24%7B", "%5B%5B", "\\u0024", "\\u0024{", "\\u005b\\u005b"];
    let ends = |at: usize, word: &str| {
        let head = text.get(at.saturating_sub(word.len())..at);
        head.is_some_and(|head| head.eq_ignore_ascii_case(word))
    };
    let letter = |c: char| c.is_alphanumeric() || c == '_';
    memmem::find_iter(text.as_bytes(), name.as_bytes())
        .filter(|&at| !text.get(at + name.len()..).is_some_and(|rest| rest.starts_with(letter)))
        .filter_map(|at| {
            let word = BEFORE.into_iter().rev().find(|word| ends(at, word))?;
            Some(Span::new(at - word.len(), at + name.len()))
        })
        .collect()
}

/// Whether the values of this variable are those of `job`.
pub(super) fn reads_job(site: &Site) -> bool {
    match site.keys.first() {
        Some(label) => label.text() == "job",
        None => result_label(site.view.text()).of(site.view.text()) == "job",
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

#[cfg(test)]
mod tests;
