//! Where the variables of a dashboard are used.
//!
//! Knows: how Grafana refers to a variable, in JSON and in URLs, too. Must not know: what a use means for a move.

use std::sync::OnceLock;

use memchr::memmem;

use super::names::variable;
use super::{FileSites, Site};
use crate::syntax::logql::{self, FilterKind, FilterValue, StageKind};
use crate::text::Span;

/// The uses of one variable.
#[derive(Clone, Debug)]
pub struct Uses {
    /// The sites that name it.
    pub sites: Vec<Used>,
    elsewhere: OnceLock<bool>,
}

/// A site that names a variable.
#[derive(Clone, Copy, Debug)]
pub struct Used {
    /// Index in [`FileSites::sites`].
    pub site: usize,
    /// Whether it compares `job` with it.
    pub as_job: bool,
    /// Whether each use is the whole value of a comparison with `job`.
    pub only_as_job: bool,
}

impl Uses {
    fn of(file: &FileSites, name: &str) -> Self {
        let used = |(index, site): (usize, &Site)| {
            let text = site.view.text();
            let all = references(text, name).len();
            let query = site.query.of(text);
            let whole = if all > 0 { as_job(query, name) } else { 0 };
            let only_as_job = whole > 0 && whole == all;
            (all > 0).then_some(Used { site: index, as_job: whole > 0, only_as_job })
        };
        let sites = file.sites.iter().enumerate().filter_map(used).collect();
        Self { sites, elsewhere: OnceLock::new() }
    }

    /// Whether the variable of this name, whose uses these are, is named outside of all sites of its file.
    pub fn elsewhere(&self, file: &FileSites, name: &str) -> bool {
        *self.elsewhere.get_or_init(|| {
            let views = file.sites.iter().flat_map(|site| std::iter::once(&site.view).chain(&site.copies));
            let known: Vec<Span> = views.map(|view| view.raw(Span::new(0, view.text().len()))).collect();
            let all = references(file.source.text().unwrap_or(""), name);
            all.into_iter().any(|span| !known.iter().any(|raw| raw.contains(span)))
        })
    }
}

impl FileSites {
    /// The uses of each of [`FileSites::variables`].
    pub fn uses(&self) -> &[Uses] {
        self.uses.get_or_init(|| self.variables.iter().map(|one| Uses::of(self, &one.name)).collect())
    }
}

/// Whether a query compares `job` with this variable.
pub fn uses_as_job(text: &str, name: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_in_every_form() {
        let count = |text: &str| references(text, "job").len();
        for text in [
            "$job",
            "${job}",
            "${job:regex}",
            "[[job]]",
            "[[job:csv]]",
            "%24job",
            "%24%7Bjob%7D",
            "%5b%5bjob",
            "\\u0024job",
        ] {
            assert_eq!(count(text), 1, "{text}");
        }
        assert_eq!(count("$jobs $my_job job ${job_name} var-job="), 0);
        assert_eq!(count("$job/$job"), 2);
    }

    #[test]
    fn whole_values_of_comparisons_with_job() {
        assert_eq!(as_job(r#"{job="$v", host="$v"} | job=~"${v:pipe}" or job="x$v""#, "v"), 2);
        assert_eq!(as_job(r#"sum(rate({job=~"[[v]]"}[5m])) / sum(rate({a="b"} |= "$v" [5m]))"#, "v"), 1);
        assert_eq!(as_job("no query $v {", "v"), 0);
        assert!(uses_as_job(r#"{job="$v"}"#, "v") && !uses_as_job(r#"{host="$v"}"#, "v"));
    }
}
