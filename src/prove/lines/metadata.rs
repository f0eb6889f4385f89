//! Labels of single lines: Loki stores *structured metadata* beside a line, which stages read as labels.
//!
//! Knows: which labels a query reads that no parser makes. Must not know: streams.

use super::super::sample::Rng;
use super::values::{Field, Place};
use crate::syntax::logql::{FilterKind, Query, StageKind};
use crate::topology::WHOSE;

/// Most lists of labels: lines are dealt out to them in turn.
const MOST: usize = 4;

/// Labels that the queries compare or unwrap and that nothing else gives them, in several ways; one way has none. Empty where
/// there are no such labels. `is_other`: whether a label is one of streams.
pub(in crate::prove) fn metadata(
    queries: &[&Query<'_>],
    is_other: &dyn Fn(&str) -> bool,
    rng: &mut Rng,
) -> Vec<Vec<(String, String)>> {
    let mut fields: Vec<(&str, Field)> = Vec::new();
    let mut field = |name, add: &mut dyn FnMut(&mut Field)| {
        if WHOSE.contains(&name) || name.starts_with("__") || is_other(name) {
            return;
        }
        let at = fields.iter().position(|(own, _)| *own == name).unwrap_or_else(|| {
            fields.push((name, Field::new(Place::Name(name.to_owned()), 0)));
            fields.len() - 1
        });
        add(&mut fields[at].1);
    };
    for query in queries {
        // What a parser makes is as good.
        let first = |(_, log)| query.stages(log).iter().take_while(|stage| !stage.kind.parses());
        for stage in query.logs().flat_map(first) {
            match &stage.kind {
                StageKind::LabelFilter(root) => {
                    for filter in query.leaves(*root) {
                        let FilterKind::Compare { name, op, value, .. } = &filter.kind else { continue };
                        field(name.text, &mut |one| one.add_compared(query.text(), *op, value, rng));
                    }
                }
                StageKind::Unwrap { name, conversion } => {
                    let conversion = conversion.map_or("", |span| span.of(query.text()));
                    field(name.text, &mut |one| one.add_unwrapped(conversion));
                }
                StageKind::LabelFormat(_) => return Vec::new(),
                _ => {}
            }
        }
    }
    if fields.is_empty() {
        return Vec::new();
    }
    let nth = |at: usize| {
        let value = |(name, field): &(&str, Field)| Some(((*name).to_owned(), field.text(at)?.to_owned()));
        fields.iter().filter_map(value).collect::<Vec<_>>()
    };
    (0..MOST - 1).map(nth).chain([Vec::new()]).collect()
}
