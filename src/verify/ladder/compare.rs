//! Rewritten queries, each asked in its old text before the move and in its new text now.
//!
//! Knows: which stretches of time are compared. Must not know: how queries are rewritten, or which can be asked.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{Climb, NAME_THE_BASE, count, cut};
use crate::verify::ask::{self, Window};
use crate::verify::{Failure, Question, Rung};

/// Queries are compared over at least this long, so that a rollout of a moment ago is not judged by chance.
const SHORTEST: SignedDuration = SignedDuration::from_mins(5);

/// What a query came to.
#[derive(Clone)]
enum Returns {
    Something,
    Nothing,
    Refused(String),
}

/// Queries of one window, with what they came to.
type Known<'q> = BTreeMap<&'q str, Returns>;

impl Climb<'_> {
    /// Asks each rewritten query, and its old text over as long a time before `last`, when the old streams fell silent.
    pub(super) fn queries(&self, waits_for: Option<&str>, last: Option<Timestamp>) -> Result<Rung, Failure> {
        let question = Question::Queries;
        let (queries, skipped) = (&self.expected.queries, self.expected.skipped);
        let since = self.terms.since;
        let left_out = if skipped.count() == 0 { String::new() } else { format!("; not asked: {}", skipped.words()) };
        if !self.expected.is_planned() {
            return Ok(Rung::open(question, "which queries are rewritten is not known", NAME_THE_BASE));
        }
        if queries.is_empty() {
            return Ok(Rung::yes(question, format!("there is none to ask{left_out}")));
        }
        if let Some(what) = waits_for {
            let said = format!("not asked yet: {} wait until {what}", count(queries.len(), "query"));
            return Ok(Rung::open(question, said, "ask again after the rollout"));
        }
        let Some(last) = last else {
            let (why, advice) = if self.expected.old.iter().all(|old| old.stays) {
                (
                    "others go on sending to the old streams, so when the service left is not known",
                    "look at the queries in Grafana",
                )
            } else {
                ("the old streams have no line in the time of --since", "a longer --since looks further back")
            };
            return Ok(Rung::open(question, format!("nothing to compare with: {why}"), advice));
        };
        let length = self.terms.now.duration_since(last).clamp(SHORTEST.min(since), since);
        let before = Window::before(last, length);
        let after = Window::before(self.terms.now, length);
        let (mut old, mut new) = (Known::new(), Known::new());
        let (mut details, mut returned, mut quiet) = (Vec::new(), 0, 0);
        for pair in queries {
            match (self.returns(&pair.before, before, &mut old)?, self.returns(&pair.after, after, &mut new)?) {
                (Returns::Something, Returns::Something) => returned += 1,
                (Returns::Something, Returns::Nothing) => {
                    details.push(format!("nothing now: {}: {}", pair.place, pair.after));
                }
                (Returns::Something, Returns::Refused(why)) => {
                    details.push(format!("Loki refuses it{why}: {}: {}", pair.place, pair.after));
                }
                (Returns::Nothing | Returns::Refused(_), _) => quiet += 1,
            }
        }
        let whole = SignedDuration::from_secs(length.as_secs());
        let of = format!(
            "{returned} of {} returned something both in the {whole:#} before the move and in the last {whole:#}, {quiet} \
             returned nothing before{left_out}",
            count(queries.len(), "query")
        );
        if details.is_empty() {
            return Ok(Rung::yes(question, of));
        }
        let advice = "it may be chance where such lines are rare: ask again when more time has passed; else look at the query in \
                      Grafana, and whether the lines still have the labels and the text it asks for";
        Ok(Rung::no(
            question,
            format!("{} returned something before and nothing now; {of}", count(details.len(), "query")),
            advice,
        )
        .with(cut(details)))
    }

    /// What a query returns. `known`: what was asked before; two rewritten queries may have had one text.
    fn returns<'q>(&self, query: &'q str, window: Window, known: &mut Known<'q>) -> Result<Returns, Failure> {
        if let Some(before) = known.get(query) {
            return Ok(before.clone());
        }
        let returns = self.ask_query(query, window)?;
        known.insert(query, returns.clone());
        Ok(returns)
    }

    fn ask_query(&self, query: &str, window: Window) -> Result<Returns, Failure> {
        let reply = (self.ask)(&ask::query(query, window))?;
        if matches!(reply.status, 400 | 422) {
            return Ok(Returns::Refused(reply.repeated()));
        }
        Ok(if ask::read_newest(&reply)?.is_some() { Returns::Something } else { Returns::Nothing })
    }
}
