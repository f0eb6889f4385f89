//! What a Loki answers before a move and after it: the rewritten queries, all others, and `migrate verify`.
//!
//! Must not know: how a move is rolled out.

use std::path::Path;

use serde_json::Value as Json;

use super::loki::{Answer, Loki};
use super::moves::Figures;
use super::process::Result;
use super::queries::{self, Change, Moved};
use super::report::Run;
use super::rest::Rest;
use super::verify;

/// What was answered before.
pub(crate) struct Asked<'r> {
    report: &'r Json,
    host: String,
    services: Vec<String>,
    changes: Vec<Change>,
    answers: Vec<Answer>,
    rest: Rest,
}

impl<'r> Asked<'r> {
    /// Asks over the window that ends at `end`, before the rollout of `report`.
    pub(crate) fn before(
        loki: &Loki,
        repository: &Path,
        report: &'r Json,
        host: &str,
        end: i64,
        since: i64,
    ) -> Result<Self> {
        let changes = queries::changes(report);
        let ask = |change: &Change| queries::ask_one(loki, &change.before, end, since);
        let answers = changes.iter().map(ask).collect::<Result<_>>()?;
        let rest = Rest::ask(loki, repository, &changes, end, since)?;
        let services = Run::read(report)?.services;
        for service in &services {
            verify::before(loki, repository, service, host)?;
        }
        Ok(Self { report, host: host.to_owned(), services, changes, answers, rest })
    }

    /// Asks again, over the window that ends at `end`, and compares.
    pub(crate) fn after(
        &self,
        loki: &Loki,
        repository: &Path,
        moved: &Moved,
        end: i64,
        since: i64,
        figures: &mut Figures,
    ) -> Result<()> {
        let ask = |change: &Change| queries::ask_one(loki, &change.after, end, since);
        let after: Vec<Answer> = self.changes.iter().map(ask).collect::<Result<_>>()?;
        let told = format!("{} on {}", self.services.join(", "), self.host);
        let kept = self.rest.compare(loki, self.report, moved, end, since)?;
        figures.add(
            format!("{told}: all other queries"),
            format!(
                "{} give the same ({} of them nothing, before and after); in {} lines are there once that were there twice, \
                 {} give something else, and the report says so of both",
                kept.same,
                kept.same - kept.shown,
                kept.once,
                kept.said
            ),
        );
        if !kept.unsaid.is_empty() {
            return Err(format!("{} other queries change unsaid\n{}", kept.unsaid.len(), kept.unsaid.join("\n")));
        }
        let compared = queries::compare(&self.changes, &self.answers, &after, moved);
        let all = compared.same + compared.different.len();
        figures.add(
            format!("{told}: queries that give the same after the move"),
            format!("{} of {all}, {} left for the reader", compared.same, compared.reviews),
        );
        for service in &self.services {
            verify::after(loki, repository, service, &self.host)?;
        }
        figures.add(format!("{told}: `migrate verify`"), "not yet before, as planned after");
        if compared.different.is_empty() {
            return Ok(());
        }
        let different = compared.different.join("\n");
        Err(format!("{} queries give something else\n{different}", compared.different.len()))
    }
}
