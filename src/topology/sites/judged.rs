//! The languages of all queries of one file, kept with the file: every move of a run asks for them.
//!
//! Knows: that they hang on the file and on who answers queries, and on nothing else. Must not know: how a language is
//! decided, or which job moves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::language::{self, Language, Servers};
use super::{Asks, FileSites, SiteKind};

/// What is known of the sites of a file, given the servers.
#[derive(Debug)]
pub struct Judged {
    /// Of each site, in the order of [`FileSites::sites`].
    pub languages: Vec<Language>,
    /// The sites that a move can concern, by index: Loki may answer them, and they name a label that a move changes.
    pub open: Vec<usize>,
    index: OnceLock<Index>,
}

/// The open sites, by what concerns them.
#[derive(Debug, Default)]
struct Index {
    /// Those that any move may concern.
    any: Vec<usize>,
    /// Those that ask for this job, sorted by job.
    by_job: Vec<(String, Vec<usize>)>,
}

/// What was found out last, and for which servers.
#[derive(Debug, Default)]
pub(super) struct Latest(Mutex<Option<(Arc<Servers>, Arc<Judged>)>>);

impl Judged {
    /// The open sites that a move may concern which touches these jobs, or jobs that are not known: all of them while one
    /// was not read yet. In the order of the sites.
    pub fn concerned(&self, file: &FileSites, jobs: Option<&BTreeSet<&str>>) -> Vec<usize> {
        let (Some(index), Some(jobs)) = (self.index(file), jobs) else { return self.open.clone() };
        let mut found = index.any.clone();
        let asked = |(job, _): &&(String, Vec<usize>)| jobs.contains(job.as_str());
        found.extend(index.by_job.iter().filter(asked).flat_map(|(_, sites)| sites));
        found.sort_unstable();
        found.dedup();
        found
    }

    fn index(&self, file: &FileSites) -> Option<&Index> {
        if self.index.get().is_none() {
            let _ = self.index.set(self.made(file)?);
        }
        self.index.get()
    }

    /// A variable or a filter may concern any move, and so may what cannot be read.
    fn made(&self, file: &FileSites) -> Option<Index> {
        let mut index = Index::default();
        let mut by_job: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for &at in &self.open {
            let site = file.sites.get(at)?;
            if matches!(site.kind, SiteKind::AdHoc | SiteKind::Tag | SiteKind::Variable) {
                index.any.push(at);
            } else if !site.query.of(site.view.text()).trim().is_empty() {
                match site.asks()? {
                    Ok(Asks::Nothing) => {}
                    Ok(Asks::Jobs(jobs)) => jobs.iter().for_each(|job| by_job.entry(job).or_default().push(at)),
                    Ok(Asks::Any) | Err(_) => index.any.push(at),
                }
            }
        }
        index.by_job = by_job.into_iter().map(|(job, sites)| (job.to_owned(), sites)).collect();
        Some(index)
    }
}

impl FileSites {
    /// What `servers` make of the sites of this file.
    pub fn judged(&self, servers: &Arc<Servers>) -> Arc<Judged> {
        let latest = || self.judged.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, judged)) = latest().as_ref().filter(|(by, _)| Arc::ptr_eq(by, servers)) {
            return Arc::clone(judged);
        }
        let languages = language::decide(self, servers);
        let sites = self.sites.iter().zip(&languages).enumerate();
        let is_open = |language: &Language| !matches!(language, Language::NotLoki);
        let open =
            sites.filter(|(_, (site, language))| is_open(language) && site.matters()).map(|(at, _)| at).collect();
        let judged = Arc::new(Judged { languages, open, index: OnceLock::new() });
        *latest() = Some((Arc::clone(servers), Arc::clone(&judged)));
        judged
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::logql;
    use crate::text::Source;
    use crate::topology::sites::read;

    #[test]
    fn a_move_looks_at_the_queries_that_ask_for_its_jobs() {
        let target = |kind: &str, expr: &str| {
            let expr = expr.replace('"', "\\\"");
            format!(r#"{{"targets": [{{"datasource": {{"type": "{kind}", "uid": "{kind}"}}, "expr": "{expr}"}}]}}"#)
        };
        let panels = [
            target("loki", r#"{job="a"}"#),
            target("loki", r#"{job=~"b|c"}"#),
            target("prometheus", r#"up{job="a"}"#),
            target("loki", r#"{hostname="h"} | job="a""#),
            target("loki", r#"{hostname="h"}"#),
        ];
        let text = format!("{{\"panels\": [{}]}}", panels.join(", "));
        let file = read(&Arc::new(Source::new("d.json", 0o100_644, Vec::new(), text.into_bytes())));
        let servers = Arc::new(Servers::default());
        let judged = file.judged(&servers);
        let concerned = |jobs: &[&str]| judged.concerned(&file, Some(&jobs.iter().copied().collect()));
        assert_eq!(judged.open, [0, 1, 3]);
        assert_eq!(concerned(&["z"]), [0, 1, 3], "nobody has read them yet");
        for site in &file.sites {
            let _ = site.asks_as(&logql::read(site.view.text()));
        }
        assert_eq!((concerned(&["z"]), concerned(&["a"]), concerned(&["c", "b"])), (vec![3], vec![0, 3], vec![1, 3]));
        assert_eq!(judged.concerned(&file, None), [0, 1, 3]);
        assert!(Arc::ptr_eq(&judged, &file.judged(&servers)));
        assert!(!Arc::ptr_eq(&judged, &file.judged(&Arc::new(Servers::default()))), "other servers may say otherwise");
    }
}
