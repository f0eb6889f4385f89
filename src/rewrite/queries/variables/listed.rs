//! What a variable that lists jobs asks for afterwards, so that it lists the same names.
//!
//! Knows: texts that list by `service_name`. Must not know: which of them lists the same; evaluation decides.

use crate::rewrite::queries::candidates::service_or_none;
use crate::rewrite::queries::query::Around;
use crate::rewrite::queries::streams::Before;
use crate::rewrite::queries::written::write;
use crate::syntax::logql::{self, Quote};
use crate::topology::Derives;

const NAME: &str = "service_name";

impl Before<'_> {
    /// The selector of the streams whose `service_name` is exactly what `old` lists as `job` today, nothing for all
    /// streams; `None` where there is none, or `old` goes on to list the same.
    pub(super) fn listed_by_name(&self, old: &str, around: &Around<'_>) -> Option<String> {
        if !self.may_bridge() || matches!(self.moved.streams.names, Derives::Never(_)) {
            return None;
        }
        let is_all = old.trim().is_empty();
        let asked = if is_all { r#"{job=~".+"}"# } else { old };
        if self.lists(asked, asked, ["job", "job"], around) {
            return None;
        }
        let lists_the_same = |new: &String| self.lists(asked, new, ["job", NAME], around);
        // Copies that Docker keeps of others have their names as well, and so have containers beside those that move.
        let guards = self.without_siblings(vec![service_or_none([&*self.moved.project])]);
        let guards: Vec<String> = guards.iter().map(|one| write(one, Quote::Double)).collect();
        let guard = format!(", {}", guards.join(", "));
        if is_all {
            let [all, guarded] = ["", &guard].map(|more| format!(r#"{{{NAME}=~".+"{more}}}"#));
            return if lists_the_same(&all) { Some(String::new()) } else { Some(guarded).filter(lists_the_same) };
        }
        let query = logql::read(old).ok()?;
        let (_, selector) = query.selectors().next().filter(|(_, one)| !one.placeholder)?;
        let mut guarded = old.to_owned();
        guarded.insert_str(selector.insertion, &guard);
        [old.to_owned(), guarded].into_iter().chain(self.selections(&query, around)).find(lists_the_same)
    }
}
