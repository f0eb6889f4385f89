//! Where the variables of a dashboard are used.
//!
//! Knows: how Grafana refers to a variable, in JSON and in URLs, too. Must not know: what a use means for a move.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::FileSites;
use super::names::variable;
use crate::syntax::logql::{self, FilterKind, FilterValue, StageKind};
use crate::text::Span;

/// The uses of one variable.
#[derive(Clone, Debug, Default)]
pub struct Uses {
    /// The sites that name it, in their order.
    pub sites: Vec<Used>,
    /// Whether it is named outside of all sites of its file.
    pub elsewhere: bool,
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

impl FileSites {
    /// The uses of a variable.
    pub fn uses_of(&self, name: &str) -> &Uses {
        static NONE: Uses = Uses { sites: Vec::new(), elsewhere: false };
        self.uses.get_or_init(|| uses(self)).get(name).unwrap_or(&NONE)
    }
}

/// The uses of every variable that a file names.
fn uses(file: &FileSites) -> HashMap<String, Uses> {
    let mut all: HashMap<String, Uses> = HashMap::new();
    for (site, one) in file.sites.iter().enumerate() {
        let text = one.view.text();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, name) in references(text) {
            *counts.entry(name).or_default() += 1;
        }
        let compared = if counts.is_empty() { HashMap::new() } else { as_job(one.query.of(text)) };
        for (name, count) in counts {
            let whole = compared.get(name).copied().unwrap_or(0);
            let used = Used { site, as_job: whole > 0, only_as_job: whole == count };
            all.entry(name.to_owned()).or_default().sites.push(used);
        }
    }
    let views = file.sites.iter().flat_map(|site| std::iter::once(&site.view).chain(&site.copies));
    let mut known: Vec<Span> = views.map(|view| view.raw(Span::new(0, view.text().len()))).collect();
    known.sort_unstable();
    let text = file.source.text().unwrap_or("");
    let (mut known, mut reach) = (known.into_iter().peekable(), 0);
    for (span, name) in references(text) {
        while let Some(view) = known.next_if(|view| view.start() <= span.start()) {
            reach = reach.max(view.end());
        }
        if reach < span.end() {
            all.entry(name.to_owned()).or_default().elsewhere = true;
        }
    }
    all
}

/// How often each variable is the whole value of a comparison with `job`.
fn as_job(text: &str) -> HashMap<String, usize> {
    let mut found = HashMap::new();
    let Ok(query) = logql::read(text) else { return found };
    let mut note = |value: &logql::Text<'_>| {
        if let Some(name) = variable(&value.value).filter(|_| value.placeholder) {
            *found.entry(name.to_owned()).or_default() += 1;
        }
    };
    let matchers = query.selectors().flat_map(|(_, selector)| query.matchers(selector));
    matchers.filter(|one| one.name.text == "job").for_each(|one| note(&one.value));
    let stages = query.logs().flat_map(|(_, log)| query.stages(log));
    let mut open: Vec<_> = stages
        .filter_map(|stage| match &stage.kind {
            StageKind::LabelFilter(root) => Some(*root),
            _ => None,
        })
        .collect();
    while let Some(id) = open.pop() {
        match &query.filter(id).kind {
            FilterKind::Join { left, right, .. } => open.extend([*left, *right]),
            FilterKind::Compare { name, value: FilterValue::Text(value), .. } if name.text == "job" => note(value),
            _ => {}
        }
    }
    found
}

/// How a text begins to refer to a variable: `$x`, `${x}`, `[[x]]`, each also as JSON or a URL writes it.
const BEFORE: [&str; 9] = ["$", "${", "[[", "%24", "%24%7B", "%5B%5B", "\\u0024", "\\u0024{", "\\u005b\\u005b"];

/// Where a text refers to variables, in order, with the name of each: all letters that follow, as Grafana reads it.
fn references(text: &str) -> Vec<(Span, &str)> {
    static FIND: LazyLock<Option<AhoCorasick>> =
        LazyLock::new(|| AhoCorasick::builder().ascii_case_insensitive(true).build(BEFORE).ok());
    let Some(find) = &*FIND else { return Vec::new() };
    let letter = |c: char| c.is_alphanumeric() || c == '_';
    find.find_overlapping_iter(text)
        .filter_map(|before| {
            let rest = &text[before.end()..];
            let name = &rest[..rest.find(|c| !letter(c)).unwrap_or(rest.len())];
            (!name.is_empty()).then(|| (Span::new(before.start(), before.end() + name.len()), name))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::text::Source;

    #[test]
    fn references_in_every_form() {
        let count = |text: &str| references(text).iter().filter(|(_, name)| *name == "job").count();
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
    fn one_look_at_a_file_tells_the_uses_of_all_variables() {
        let text = r#"{"title": "$b", "panels": [{"targets": [{"expr": "{job=~\"$a\"}"}, {"expr": "{job=\"$a\"} |= \"$a$c\""}]}]}"#;
        let file = crate::topology::sites::read(&Arc::new(Source::new("d.json", 0o100_644, Vec::new(), text.into())));
        let sites = |name| file.uses_of(name).sites.iter().map(|one| (one.site, one.as_job, one.only_as_job));
        assert_eq!(sites("a").collect::<Vec<_>>(), [(0, true, true), (1, true, false)]);
        assert_eq!(sites("c").collect::<Vec<_>>(), [(1, false, false)]);
        assert_eq!(["a", "b", "c", "d"].map(|name| file.uses_of(name).elsewhere), [false, true, false, false]);
        assert_eq!(file.uses.get().map(HashMap::len), Some(3));
    }

    #[test]
    fn whole_values_of_comparisons_with_job() {
        let count = |text: &str| as_job(text).get("v").copied().unwrap_or(0);
        assert_eq!(count(r#"{job="$v", host="$v"} | job=~"${v:pipe}" or job="x$v""#), 2);
        assert_eq!(count(r#"sum(rate({job=~"[[v]]"}[5m])) / sum(rate({a="b"} |= "$v" [5m]))"#), 1);
        assert_eq!(count("no query $v {"), 0);
        assert!(count(r#"{job="$v"}"#) == 1 && count(r#"{host="$v"}"#) == 0);
    }
}
