//! What was found out about the queries of one move, kept by their text: the same query stands in many dashboards.
//!
//! Knows: what else than its text decides about a query. Must not know: how it is decided.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use crate::syntax::SyntaxError;
use crate::syntax::logql;
use crate::topology::sites::Site;

use super::query::{Analysis, Around};
use super::streams::Before;
use super::variables::{Lists, Offered};

/// What stands around a query, as far as it decides.
#[derive(Clone, PartialEq, Eq)]
struct Beside {
    follow: Arc<BTreeSet<String>>,
    lists: Arc<Lists>,
    offered: Arc<BTreeMap<String, Offered>>,
    /// The label whose values are asked for.
    values_of: Option<String>,
    records: bool,
}

/// What a query needs, by what stands around it.
type Found = Vec<(Beside, Arc<Analysis>)>;

/// Analyses by text.
#[derive(Default)]
pub(super) struct Kept(Mutex<FxHashMap<String, Found>>);

impl Kept {
    fn get(&self, text: &str, around: &Around<'_>) -> Option<Arc<Analysis>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |(beside, _): &&(Beside, Arc<Analysis>)| {
            beside.records == around.records
                && beside.follow == *around.variables.names()
                && beside.lists == *around.variables.lists()
                && beside.offered == *around.variables.offered()
                && beside.values_of.as_deref() == around.values_of
        };
        kept.get(text)?.iter().find(same).map(|(_, analysis)| Arc::clone(analysis))
    }

    fn keep(&self, text: &str, around: &Around<'_>, analysis: &Arc<Analysis>) {
        let beside = Beside {
            follow: Arc::clone(around.variables.names()),
            lists: Arc::clone(around.variables.lists()),
            offered: Arc::clone(around.variables.offered()),
            values_of: around.values_of.map(str::to_owned),
            records: around.records,
        };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.entry(text.to_owned()).or_default().push((beside, Arc::clone(analysis)));
    }
}

impl Before<'_> {
    /// What the query of a site needs.
    ///
    /// # Errors
    /// It is no query of Loki.
    pub(super) fn analysis(&self, site: &Site, around: &Around<'_>) -> Result<Arc<Analysis>, SyntaxError> {
        if let Some(asks) = site.asks().transpose().map_err(Clone::clone)?
            && !self.concerns(asks)
            && !self.names_lost(site.query.of(site.view.text()))
        {
            return Ok(Arc::default());
        }
        let text = site.query.of(site.view.text());
        if let Some(kept) = self.kept.get(text, around) {
            return Ok(kept);
        }
        let read = logql::read(text);
        let asks = site.asks_as(&read).map_err(Clone::clone)?;
        let query = read?;
        if !self.concerns(asks) && !self.names_lost(text) {
            return Ok(Arc::default());
        }
        let analysis = Arc::new(self.decided(&query, around));
        self.kept.keep(text, around, &analysis);
        Ok(analysis)
    }
}
